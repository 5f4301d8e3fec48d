"""A table that stays in its database, as a corpus: a sample here, and the matches of each run."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import duckdb
import pyarrow as pa

from findall_frames.addresses import OWN_DATA
from findall_frames.embedded.corpus.building import ARROW, DataSource, build, check_width, connect
from findall_frames.embedded.corpus.corpus import (
    Corpus,
    Entity,
    NotPushedError,
    QueryTimeout,
    Wanted,
    quoted,
)
from findall_frames.embedded.corpus.naming import Dictionary, Roles, read_dictionary
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.warehouse import sources
from findall_frames.embedded.warehouse.dialects import Family
from findall_frames.embedded.warehouse.sources import OtherTable, find_table
from findall_frames.embedded.warehouse.tables import WarehouseColumn, WarehouseTable
from findall_frames.embedded.warehouse.translation import Translator, family_of
from findall_frames.errors import CorpusError

__all__ = ["WarehouseCorpus", "open_warehouse"]

_CELLS: Final = 10_000_000
"""Cells up to which a table is read into memory."""
_SAMPLE: Final = 30_000
_PROOF: Final = 1_000
"""How many rows an expression is tried on, before it is believed."""
_PROOF_SECONDS: Final = 60.0
_MOST: Final = 1_000_000
"""The most matches that a run fetches."""
_MOST_ASKED: Final = 10_000
"""The most rows that are fetched for a model to judge."""
_NEAR_SECONDS: Final = 2.0
"""How long the database looks for rows that nearly match, which are shown for contrast."""
_CATEGORIES: Final = 500
"""A text column with at most so many values in the sample has all of its values looked up."""
_MOST_VALUES: Final = 10_000
_VALUES_SECONDS: Final = 60.0
_KEY: Final = "__key"


@dataclass(kw_only=True, eq=False, repr=False)
class _RunRows(Corpus):
    """The rows that one run has fetched: its matches first, then others.

    Rows are known by the key of the table, or a hash of their cells, as they have no position.
    """

    complete: bool
    fetched: pa.Table
    matches: int

    @property
    def is_complete(self) -> bool:
        return self.complete

    def entities(self, positions: Sequence[int]) -> list[Entity]:
        names, urls, abouts = (
            "NULL" if column is None else self.columns[column].text
            for column in (self.name_column, self.url_column, self.description_column)
        )
        entities = super().entities(positions)
        keys = self.select([quoted(_KEY), names, urls, abouts], positions)
        placed = []
        for entity, (key, name, *_) in zip(entities, keys, strict=True):
            shown = f"row {key}" if name is None else name
            path = "/".join(quote(part, safe="") for part in (self.name, shown, key))
            address = f"{OWN_DATA}{path}"
            url = address if entity.url == entity.address else entity.url
            placed.append(entity._replace(name=shown, url=url, address=address, is_placed=False))
        return placed


@dataclass(kw_only=True, eq=False, repr=False)
class WarehouseCorpus(Corpus):
    """A sample of a table, with the length of the table; its conditions run in its database."""

    table: WarehouseTable
    total: int

    def __post_init__(self, connection: duckdb.DuckDBPyConnection, length: int) -> None:
        super().__post_init__(connection, length)
        names = list(self.columns)
        self._inner = {name: f"k{place}" for place, name in enumerate(names)}
        self._native = dict(zip(names, self.table.columns, strict=True))
        self._translator = Translator(
            self,
            self.table.dialect,
            columns=self._inner,
            refused={
                name: column.native
                for name, column in self._native.items()
                if not column.is_compared
            },
        )
        self._known: dict[str, str] = {}
        self._rows: dict[str, _RunRows] = {}

    def __len__(self) -> int:
        return self.total

    @property
    def is_whole(self) -> bool:
        return False

    def close(self) -> None:
        self.table.close()
        super().close()

    def tally(
        self,
        expressions: Sequence[str],
        parameters: Mapping[str, Any],
        *,
        stop: Callable[[], bool] | None = None,
        timeout: float | None = None,
    ) -> tuple[int, list[tuple[int, int]]]:
        truths = [self._translated(each) for each in expressions]
        counts = [f"count(CASE WHEN {each} THEN 1 END), count({each})" for each in truths]
        sql = f"SELECT count(*), {', '.join(counts)} FROM {self._cleaned()}"
        families: list[Family] = ["int"] * (1 + 2 * len(truths))
        found = self.table.fetch(sql, families, stop=stop, timeout=timeout)
        size, *numbers = (int(column[0].as_py()) for column in found.columns)
        return size, list(zip(numbers[::2], numbers[1::2], strict=True))

    def prove(self, sql: str, columns: Sequence[str]) -> None:
        """Try an expression on a thousand rows, in the database and here."""
        translated, type_ = self._translator.translate(sql)
        family = family_of(type_)
        used = list(columns) or list(self.columns)[:1]
        cells = [self._output(self._inner[name], self.columns[name].type) for name in used]
        cells.append(self._translator.output(translated, family))
        listed = ", ".join(f"{cell} AS c{place}" for place, cell in enumerate(cells))
        rows = self.table.sampled(_PROOF, of=self.total)
        query = f"SELECT {listed} FROM {self._cleaned(rows)} LIMIT {2 * _PROOF}"
        families = [*(family_of(self.columns[name].type) for name in used), family]
        where = self.table.dialect.name
        try:
            found = self.table.fetch(query, families, timeout=_PROOF_SECONDS)
        except (CorpusError, QueryTimeout) as error:
            raise NotPushedError(f"{where} could not run it: {error}") from error
        there = f"CAST(c{len(used)} AS {type_})" if family != "null" else "NULL"
        held = _held(found, [self.columns[name] for name in used])
        try:
            shown = ", ".join(quoted(name) for name in used)
            odd = held.execute(
                f"SELECT {there}, ({sql}), {shown} FROM data "
                f"WHERE ({sql}) IS DISTINCT FROM {there} LIMIT 1"
            ).fetchone()
        except duckdb.Error as error:
            raise NotPushedError(str(error).strip().partition("\n")[0]) from error
        finally:
            held.close()
        if odd is not None:
            one, other, *row = odd
            cells_of = dict(zip(used, row, strict=True))
            raise NotPushedError(
                f"{where} says {_said(one)} where {_said(other)} was expected, for the row "
                f"{cells_of!r:.300}. Write the condition in another way."
            )
        self._known[sql] = translated

    def for_run(self, findall_id: str, wanted: Wanted, *, stop: Callable[[], bool]) -> Corpus:
        """Fetch the matches of a run, and near misses; a repeated call fetches what is missing."""
        known = self._rows.get(findall_id)
        enough = known is not None and (
            known.complete or (wanted.matches is not None and known.matches > wanted.matches)
        )
        if known is not None and enough:
            return known
        rows = _Fetch(self, wanted, stop=stop).rows(known)
        self._rows[findall_id] = rows
        return rows

    def _translated(self, sql: str) -> str:
        if sql not in self._known:
            self._known[sql], _ = self._translator.translate(sql)
        return self._known[sql]

    def _output(self, sql: str, type_: str) -> str:
        return self._translator.output(sql, family_of(type_))

    def _cleaned(self, relation: str = "") -> str:
        """Return the SQL for the table with its columns as the readings know them."""
        cells = (f"{c.sql} AS {self._inner[name]}" for name, c in self._native.items())
        return f"(SELECT {', '.join(cells)} FROM {relation or self.table.relation}) AS cleaned"


class _Fetch:
    """The queries of one run."""

    def __init__(
        self, corpus: WarehouseCorpus, wanted: Wanted, *, stop: Callable[[], bool]
    ) -> None:
        self._corpus = corpus
        self._wanted = wanted
        self._stop = stop
        self._truths = [corpus._translated(each) for each in wanted.truths]
        self._met = " AND ".join(f"({truth})" for truth in self._truths) or "(1 = 1)"

    def rows(self, known: _RunRows | None) -> _RunRows:
        wanted = self._wanted
        most = _MOST_ASKED if wanted.is_asked else _MOST
        if wanted.ranks:
            found, complete = self._ranked(most), True
        else:
            limit = most if wanted.matches is None else min(wanted.matches, most)
            limit = most if wanted.is_asked else limit
            found = self._select(f"WHERE {self._met} LIMIT {limit + 1}")
            complete = found.num_rows <= limit
        if found.num_rows > most:
            raise CorpusError(self._too_many(most))
        if known is not None:
            found = self._appended(known, found)
        matches = found.num_rows
        if complete and self._truths:
            found = pa.concat_tables([found, self._near()])
        corpus = self._hold(found, complete=complete, matches=matches)
        self._check(corpus)
        return corpus

    def _too_many(self, most: int) -> str:
        if self._wanted.is_asked:
            return (
                f"More than {most:,} rows are left for the model to judge. Add a condition that "
                "columns decide, or search in a part of the table."
            )
        return f"More than {most:,} rows meet the conditions. Set match_limit=, or add a condition."

    def _select(self, rest: str, *, source: str = "", timeout: float | None = None) -> pa.Table:
        corpus = self._corpus
        columns = corpus.columns.values()
        cells = [corpus._output(corpus._inner[each.name], each.type) for each in columns]
        cells += [f"({truth})" for truth in self._truths]
        listed = ", ".join(f"{cell} AS c{place}" for place, cell in enumerate(cells))
        families = [family_of(each.type) for each in columns] + ["bool"] * len(self._truths)
        sql = f"SELECT {listed} FROM {source or corpus._cleaned()} {rest}"
        return corpus.table.fetch(sql, families, stop=self._stop, timeout=timeout)

    def _ranked(self, most: int) -> pa.Table:
        """Return the rows up to each rank, with all that are equal to the last, and some more."""
        ranks, bounds, known = [], [], []
        for number, (by, n, descending) in enumerate(self._wanted.ranks):
            value = self._corpus._translated(by)
            order = f"OVER (ORDER BY ({value}) {'DESC' if descending else 'ASC'})"
            known.append(f"({value}) IS NOT NULL")
            ranks += [f"rank() {order} AS r{number}", f"row_number() {order} AS n{number}"]
            bounds.append(
                f"(r{number} <= {n} OR n{number} <= {n + self._wanted.near_misses})"
                if len(self._wanted.ranks) == 1
                else f"r{number} <= {n + self._wanted.near_misses}"
            )
        within = "" if self._wanted.is_asked else f"WHERE {' AND '.join(bounds)}"
        where = " AND ".join([self._met, *known])
        source = f"(SELECT *, {', '.join(ranks)} FROM {self._corpus._cleaned()} WHERE {where}) AS r"
        return self._select(f"{within} LIMIT {most + 1}", source=source)

    def _near(self) -> pa.Table:
        """Return rows that fail one condition, as far as they are found soon."""
        true = " + ".join(f"CASE WHEN {truth} THEN 1 ELSE 0 END" for truth in self._truths) or "0"
        where = f"WHERE {true} = {len(self._truths) - 1} LIMIT {self._wanted.near_misses}"
        try:
            return self._select(where, timeout=_NEAR_SECONDS)
        except QueryTimeout:
            return self._select("LIMIT 0")

    def _appended(self, known: _RunRows, found: pa.Table) -> pa.Table:
        """Return the rows of a run with those that are new; a database has no order of its own."""
        before = known.fetched.slice(0, known.matches)
        left: dict[str, int] = {}
        for key in self._keys(before):
            left[key] = left.get(key, 0) + 1
        new = array("q")
        for place, key in enumerate(self._keys(found)):
            if left.get(key, 0):
                left[key] -= 1
            else:
                new.append(place)
        return pa.concat_tables([before, found.take(pa.array(new, pa.int64()))])

    def _keys(self, rows: pa.Table) -> list[str]:
        held = _held(rows, list(self._corpus.columns.values()), keys=self._corpus.table.key)
        try:
            return [key for (key,) in held.execute(f"SELECT {_KEY} FROM data").fetchall()]
        finally:
            held.close()

    def _hold(self, found: pa.Table, *, complete: bool, matches: int) -> _RunRows:
        corpus = self._corpus
        held = _held(found, list(corpus.columns.values()), keys=corpus.table.key)
        held.execute("SET enable_external_access = false")
        held.execute("SET lock_configuration = true")
        return _RunRows(
            connection=held,
            length=found.num_rows,
            name=corpus.name,
            about=corpus.about,
            fingerprint=corpus.fingerprint,
            columns=corpus.columns,
            name_column=corpus.name_column,
            url_column=corpus.url_column,
            description_column=corpus.description_column,
            complete=complete,
            fetched=found,
            matches=matches,
        )

    def _check(self, rows: _RunRows) -> None:
        """Judge the rows again here; a difference must not become an answer."""
        if not self._truths:
            return
        listed = ", ".join(f"({sql}) AS t{n}" for n, sql in enumerate(self._wanted.truths))
        here = rows.query(f"SELECT {listed} FROM {rows.relation} ORDER BY {rows.ROW}")
        width = len(self._corpus.columns)
        for number, sql in enumerate(self._wanted.truths):
            there = rows.fetched.column(width + number)
            if there.cast(pa.bool_()).combine_chunks().equals(here.column(number).combine_chunks()):
                continue
            said = there.to_pylist()
            expected = here.column(number).to_pylist()
            place = next(at for at, one in enumerate(said) if one is not expected[at])
            row = rows.rows([place])[0]
            raise CorpusError(
                f"{self._corpus.table.dialect.name} says {_said(said[place])} to {sql} where "
                f"{_said(expected[place])} was expected, for the row {row!r:.300}. No answer is "
                "given, as it could be wrong. Write the condition in another way."
            )


def open_warehouse(
    source: Any,
    *,
    name_column: str | None = None,
    url_column: str | None = None,
    description_column: str | None = None,
    columns: Dictionary | None = None,
) -> Corpus | None:
    """Open a table of Spark, Ibis or SQLAlchemy; return None if `source` is none.

    A table of at most 200,000 rows is read into memory, as it is now. A larger one stays in its
    database if that is PostgreSQL, Spark or DuckDB: a sample is fetched now, and the matches of a
    run when it is made. The parameters are those of `open_corpus`.

    Raises
    ------
    CorpusError
        As for `open_corpus`, or the database cannot be reached, or it has no such table.
    """
    table = find_table(source)
    if table is None:
        return None
    given = Roles(name_column, url_column, description_column)
    if isinstance(table, OtherTable):
        named = dict(zip(("name_column", "url_column", "description_column"), given, strict=True))
        return open_corpus(table.data, columns=columns, **named).remade(Corpus, name=table.name)
    try:
        return _opened(table, given=given, dictionary=read_dictionary(columns))
    except BaseException:
        table.close()
        raise


def _opened(table: WarehouseTable, *, given: Roles, dictionary: Mapping[str, str]) -> Corpus:
    check_width(len(table.columns))
    count = table.fetch(f"SELECT count(*) AS c0 FROM {table.relation}", ["int"])
    total = int(count[0][0].as_py())
    is_small = total <= sources.SMALL and total * len(table.columns) <= _CELLS
    if is_small:
        rows = _rows(table, table.relation)
        corpus = _built(table, rows, given=given, dictionary=dictionary)
        table.close()
        return corpus
    rows = _rows(table, table.sampled(_SAMPLE, of=total), f"LIMIT {2 * _SAMPLE}")
    rows = pa.concat_tables([rows, *_rare(table, rows)])
    corpus = _built(table, rows, given=given, dictionary=dictionary)
    return corpus.remade(WarehouseCorpus, table=table, total=total)


def _output(table: WarehouseTable, column: WarehouseColumn) -> str:
    if column.family == "decimal":
        return f"CAST({column.sql} AS {table.dialect.types['text']})"
    if column.family in {"date", "timestamp"} and "travels" in table.dialect.templates:
        return table.dialect.templates["travels"].format(column.sql)
    return column.sql


def _rows(
    table: WarehouseTable, relation: str, rest: str = "", *, timeout: float | None = None
) -> pa.Table:
    cells = (f"{_output(table, each)} AS c{place}" for place, each in enumerate(table.columns))
    sql = f"SELECT {', '.join(cells)} FROM {relation} {rest}"
    return table.fetch(sql, [each.family for each in table.columns], timeout=timeout)


def _rare(table: WarehouseTable, rows: pa.Table) -> list[pa.Table]:
    """Return a row for each value that the sample lacks, of columns that have few values.

    Each column takes a scan of the table, and all of them a minute at most.
    """
    found: list[pa.Table] = []
    deadline = time.monotonic() + _VALUES_SECONDS
    for place, column in enumerate(table.columns):
        seen = {cell for cell in rows.column(place).unique().to_pylist() if cell is not None}
        if column.type != "VARCHAR" or not column.is_compared or not 0 < len(seen) <= _CATEGORIES:
            continue
        cells = f"(SELECT {column.sql} AS v FROM {table.relation}) AS cells"
        sql = f"SELECT DISTINCT v AS c0 FROM {cells} WHERE v IS NOT NULL LIMIT {_MOST_VALUES}"
        try:
            left = deadline - time.monotonic()
            values = table.fetch(sql, ["text"], timeout=left)[0].to_pylist()
        except QueryTimeout:
            break
        new = [table.dialect.text(value) for value in values if value not in seen]
        if new:
            which = f"row_number() OVER (PARTITION BY {column.sql} ORDER BY 1)"
            inner = f"SELECT *, {which} AS findall_place FROM {table.relation}"
            chosen = f"(SELECT * FROM ({inner} WHERE {column.sql} IN ({', '.join(new)})) AS ranked "
            chosen += "WHERE findall_place = 1) AS one"
            with suppress(QueryTimeout):
                found.append(_rows(table, chosen, timeout=deadline - time.monotonic()))
    return found


def _built(
    table: WarehouseTable, rows: pa.Table, *, given: Roles, dictionary: Mapping[str, str]
) -> Corpus:
    connection = connect()
    try:
        connection.register(ARROW, rows)
        cells = (f"CAST(c{n} AS {each.type}) AS c{n}" for n, each in enumerate(table.columns))
        source = DataSource(
            relation=f"(SELECT {', '.join(cells)} FROM {ARROW} ORDER BY ALL)",
            names=[each.name for each in table.columns],
            name=table.name,
            descriptions={each.name: each.description for each in table.columns},
            typed=True,
        )
        return build(connection, source, given=given, dictionary=dictionary)
    except BaseException:
        connection.close()
        raise


def _held(
    rows: pa.Table, columns: Sequence[Any], *, keys: Sequence[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return a connection with rows as the view ``data``: the columns, the key, the position."""
    connection = connect()
    connection.execute("SET threads = 1")  # many runs may be held
    connection.register(ARROW, rows)
    cells = ", ".join(f"CAST(c{n} AS {each.type}) AS c{n}" for n, each in enumerate(columns))
    rest = ", ".join(f"c{n}" for n in range(len(columns), rows.num_columns))
    listed = f"{cells}, {rest}" if rest else cells
    connection.execute(f"CREATE TABLE base AS SELECT {listed} FROM {ARROW}")
    connection.unregister(ARROW)
    shown = ", ".join(f"c{n} AS {quoted(each.name)}" for n, each in enumerate(columns))
    texts = {each.name: f"CAST(c{n} AS VARCHAR)" for n, each in enumerate(columns)}
    if keys and all(name in texts for name in keys):
        key = f"concat_ws(',', {', '.join(texts[name] for name in keys)})"
    else:
        marked = (f"coalesce({text}, chr(0))" for text in texts.values())
        key = f"left(md5(concat_ws(chr(31), {', '.join(marked)})), 16)"
    connection.execute(
        f"CREATE VIEW data AS SELECT {shown}{', ' + rest if rest else ''}, {key} AS {_KEY}, "
        f"rowid AS {Corpus.ROW} FROM base"
    )
    return connection


def _said(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "unknown"}[value]
    return repr(value)
