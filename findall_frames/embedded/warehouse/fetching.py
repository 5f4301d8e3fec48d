"""Fetch the rows of one run from a database: matches by rank or as they come, and near misses."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import duckdb
import pyarrow as pa

from findall_frames.embedded.corpus.building import connect
from findall_frames.embedded.corpus.corpus import Corpus, QueryTimeout, Wanted
from findall_frames.embedded.warehouse.dialects import family_of
from findall_frames.embedded.warehouse.pushdown import Pushdown
from findall_frames.embedded.warehouse.run_rows import KEY, RunRows, held_rows, told
from findall_frames.errors import CorpusError

__all__ = ["Fetch"]

_MOST: Final = 1_000_000
"""The most matches that a run fetches."""
_MOST_ASKED: Final = 10_000
"""The most rows that are fetched for a model to judge."""
_NEAR_SECONDS: Final = 2.0
"""How long the database looks for rows that nearly match, which are shown for contrast."""


class Fetch:
    """The queries of one run."""

    def __init__(
        self, pushdown: Pushdown, like: Corpus, wanted: Wanted, *, stop: Callable[[], bool]
    ) -> None:
        self._pushdown = pushdown
        self._like = like
        self._wanted = wanted
        self._stop = stop
        self._truths = [pushdown.translated(each) for each in wanted.truths]
        self._met = pushdown.met(wanted.truths)

    def rows(self, known: RunRows | None) -> RunRows:
        """Return what the run needs, after the matches that are known.

        Raises
        ------
        CorpusError
            There are too many rows, the database failed, or it judges a row otherwise.
        QueryStopped
            `stop` returned True.
        """
        with ThreadPoolExecutor(max_workers=1) as pool:
            opening = pool.submit(connect)  # this takes a moment, and so does the database
            found, complete, matches = self._fetched(known)
            corpus = self._hold(found, into=opening.result(), complete=complete, matches=matches)
        self._check(corpus)
        return corpus

    def _fetched(self, known: RunRows | None) -> tuple[pa.Table, bool, int]:
        """Return the rows, True if no more are to come, and the number of matches."""
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
            found = pa.concat_tables([found, self._near(like=found)])
        return found, complete, matches

    def _too_many(self, most: int) -> str:
        if self._wanted.is_asked:
            return (
                f"More than {most:,} rows are left for the model to judge. Add a condition that "
                "columns decide, or search in a part of the table."
            )
        return f"More than {most:,} rows meet the conditions. Set match_limit=, or add a condition."

    def _select(self, rest: str, *, source: str = "", timeout: float | None = None) -> pa.Table:
        pushdown = self._pushdown
        columns = pushdown.columns.values()
        cells = [pushdown.cell(each) for each in columns]
        cells += [f"({truth})" for truth in self._truths]
        listed = ", ".join(f"{cell} AS c{place}" for place, cell in enumerate(cells))
        families = [family_of(each.type) for each in columns] + ["bool"] * len(self._truths)
        sql = f"SELECT {listed} FROM {source or pushdown.cleaned()} {rest}"
        return pushdown.table.fetch(sql, families, stop=self._stop, timeout=timeout)

    def _ranked(self, most: int) -> pa.Table:
        """Return the rows up to each rank, with all that are equal to the last, and some more."""
        ranks, bounds, known = [], [], []
        for number, (by, n, descending) in enumerate(self._wanted.ranks):
            value = self._pushdown.translated(by)
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
        if within and len(self._wanted.ranks) == 1:
            # Sorting all rows for their ranks would take far longer than finding the first.
            first = f"SELECT ({value}) AS v FROM {self._pushdown.cleaned()} WHERE {where}"
            first += f" ORDER BY 1 {'DESC' if descending else 'ASC'}"
            first = f"SELECT v FROM ({first} LIMIT {n + self._wanted.near_misses}) AS best"
            last = f"({first} ORDER BY 1 {'ASC' if descending else 'DESC'} LIMIT 1)"
            where += f" AND ({value}) {'>=' if descending else '<='} {last}"
        source = (
            f"(SELECT *, {', '.join(ranks)} FROM {self._pushdown.cleaned()} WHERE {where}) AS r"
        )
        return self._select(f"{within} LIMIT {most + 1}", source=source)

    def _near(self, *, like: pa.Table) -> pa.Table:
        """Return rows that fail one condition, as far as they are found soon."""
        true = " + ".join(f"CASE WHEN {truth} THEN 1 ELSE 0 END" for truth in self._truths) or "0"
        where = f"WHERE {true} = {len(self._truths) - 1} LIMIT {self._wanted.near_misses}"
        try:
            return self._select(where, timeout=_NEAR_SECONDS)
        except QueryTimeout:
            return like.slice(0, 0)

    def _appended(self, known: RunRows, found: pa.Table) -> pa.Table:
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
        held = held_rows(rows, list(self._pushdown.columns.values()), keys=self._pushdown.table.key)
        try:
            return [key for (key,) in held.execute(f"SELECT {KEY} FROM data").fetchall()]
        finally:
            held.close()

    def _hold(
        self,
        found: pa.Table,
        *,
        into: duckdb.DuckDBPyConnection,
        complete: bool,
        matches: int,
    ) -> RunRows:
        like, table = self._like, self._pushdown.table
        held = held_rows(found, list(like.columns.values()), keys=table.key, into=into)
        held.execute("SET enable_external_access = false")
        held.execute("SET lock_configuration = true")
        return RunRows(
            connection=held,
            length=found.num_rows,
            name=like.name,
            about=like.about,
            fingerprint=like.fingerprint,
            columns=like.columns,
            name_column=like.name_column,
            url_column=like.url_column,
            description_column=like.description_column,
            complete=complete,
            fetched=found,
            matches=matches,
        )

    def _check(self, rows: RunRows) -> None:
        """Judge the rows again here; a difference must not become an answer."""
        if not self._truths:
            return
        listed = ", ".join(f"({sql}) AS t{n}" for n, sql in enumerate(self._wanted.truths))
        here = rows.query(f"SELECT {listed} FROM {rows.relation} ORDER BY {rows.ROW}")
        width = len(self._pushdown.columns)
        for number, sql in enumerate(self._wanted.truths):
            there = rows.fetched.column(width + number)
            if there.cast(pa.bool_()).combine_chunks().equals(here.column(number).combine_chunks()):
                continue
            said = there.to_pylist()
            expected = here.column(number).to_pylist()
            place = next(at for at, one in enumerate(said) if one is not expected[at])
            row = rows.rows([place])[0]
            raise CorpusError(
                f"{self._pushdown.table.dialect.name} says {told(said[place])} to {sql} where "
                f"{told(expected[place])} was expected, for the row {row!r:.300}. No answer is "
                "given, as it could be wrong. Write the condition in another way."
            )
