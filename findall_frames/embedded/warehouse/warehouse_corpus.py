"""A table that stays in its database, as a corpus: a sample here, and the matches of each run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from findall_frames.embedded.corpus.building import ARROW, DataSource, build, check_width, connect
from findall_frames.embedded.corpus.corpus import Corpus, QueryTimeout, Wanted
from findall_frames.embedded.corpus.naming import Dictionary, Roles, read_dictionary
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.warehouse import sources
from findall_frames.embedded.warehouse.fetching import Fetch
from findall_frames.embedded.warehouse.pushdown import Pushdown
from findall_frames.embedded.warehouse.run_rows import RunRows
from findall_frames.embedded.warehouse.sources import OtherTable, find_table
from findall_frames.embedded.warehouse.tables import WarehouseTable

__all__ = ["WarehouseCorpus", "open_warehouse"]

_CELLS: Final = 10_000_000
"""Cells up to which a table is read into memory."""
_SAMPLE: Final = 30_000
_CATEGORIES: Final = 500
"""A text column with at most so many values in the sample has all of its values looked up."""
_MOST_VALUES: Final = 10_000
_VALUES_SECONDS: Final = 60.0


@dataclass(kw_only=True, eq=False, repr=False)
class WarehouseCorpus(Corpus):
    """A sample of a table, with the length of the table; its conditions run in its database."""

    table: WarehouseTable
    total: int

    def __post_init__(self, connection: duckdb.DuckDBPyConnection, length: int) -> None:
        super().__post_init__(connection, length)
        self._pushdown = Pushdown(self.table, self, total=self.total)
        self._rows: dict[str, RunRows] = {}

    def __len__(self) -> int:
        return self.total

    @property
    def is_whole(self) -> bool:
        return False

    @property
    def limits(self) -> str:
        return self._pushdown.limits()

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
        return self._pushdown.tally(expressions, stop=stop, timeout=timeout)

    def prove(self, sql: str, columns: Sequence[str]) -> None:
        self._pushdown.prove(sql, columns)

    def for_run(self, findall_id: str, wanted: Wanted, *, stop: Callable[[], bool]) -> Corpus:
        """Fetch the matches of a run, and near misses; a repeated call fetches what is missing."""
        known = self._rows.get(findall_id)
        enough = known is not None and (
            known.complete or (wanted.matches is not None and known.matches > wanted.matches)
        )
        if known is not None and enough:
            return known
        rows = Fetch(self._pushdown, self, wanted, stop=stop).rows(known)
        self._rows[findall_id] = rows
        return rows


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


def _rows(
    table: WarehouseTable, relation: str, rest: str = "", *, timeout: float | None = None
) -> pa.Table:
    outputs = (table.dialect.output(each.sql, each.family) for each in table.columns)
    cells = (f"{output} AS c{place}" for place, output in enumerate(outputs))
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
