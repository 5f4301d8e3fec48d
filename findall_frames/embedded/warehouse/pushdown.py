"""Expressions that run in a table's database: translated, tried there, and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import duckdb

from findall_frames.embedded.corpus.corpus import (
    Column,
    Corpus,
    NotPushedError,
    QueryTimeout,
    quoted,
)
from findall_frames.embedded.warehouse.dialects import Family, family_of
from findall_frames.embedded.warehouse.functions import KNOWN
from findall_frames.embedded.warehouse.run_rows import held_rows, told
from findall_frames.embedded.warehouse.tables import WarehouseTable
from findall_frames.embedded.warehouse.translation import CASTS, Translator
from findall_frames.errors import CorpusError

__all__ = ["Pushdown"]

_PROOF: Final = 1_000
"""How many rows an expression is tried on, before it is believed."""
_PROOF_SECONDS: Final = 60.0
_MOST_CELLS: Final = 1_600
"""PostgreSQL returns no more columns than 1,664 from a query inside of another one."""


class Pushdown:
    """The expressions over one table; `sample` is a corpus of the same columns."""

    def __init__(self, table: WarehouseTable, sample: Corpus, *, total: int) -> None:
        self.table = table
        self.columns: Mapping[str, Column] = sample.columns
        self._total = total
        self._inner = {name: f"k{place}" for place, name in enumerate(self.columns)}
        self._native = dict(zip(self.columns, table.columns, strict=True))
        native = self._native.items()
        self._plain = {
            name: f"p{place}"
            for place, (name, column) in enumerate(native)
            if column.native in table.dialect.plain and 2 * len(native) <= _MOST_CELLS
        }
        self._translator = Translator(
            sample,
            table.dialect,
            columns=self._inner,
            plain=self._plain,
            refused={name: each.native for name, each in native if not each.is_compared},
        )
        self._known: dict[str, str] = {}

    def limits(self) -> str:
        """Return what conditions can contain, in words for a language model."""
        functions = ", ".join(sorted(name for name in KNOWN if name[0].isalpha()))
        casts = ", ".join(f"{one} to {other}" for one, other in CASTS)
        return (
            f"This table is in {self.table.dialect.name}, where only these functions are known, "
            f"with operators, CASE and COALESCE: {functions}. Only these casts: {casts}. No "
            "TRY_CAST of text, and no list."
        )

    def translated(self, sql: str) -> str:
        """Return an expression in the SQL of the database, over `cleaned`.

        Raises
        ------
        NotPushedError
            As for `Translator.translate`.
        """
        if sql not in self._known:
            self._known[sql], _ = self._translator.translate(sql)
        return self._known[sql]

    def met(self, conditions: Sequence[str]) -> str:
        """Return the SQL that is true for the rows which meet all conditions."""
        first = [each for sql in conditions for each in self._translator.prefilters(sql)]
        return " AND ".join([*first, *map(self.translated, conditions)]) or "(1 = 1)"

    def cell(self, column: Column) -> str:
        """Return the SQL that fetches a cell."""
        return self.table.dialect.output(self._inner[column.name], family_of(column.type))

    def cleaned(self, relation: str = "") -> str:
        """Return the SQL for the table, or a sample of it, with its cells as they are read."""
        cells = [f"{c.sql} AS {self._inner[name]}" for name, c in self._native.items()]
        quoted_by = self.table.dialect.quoted
        cells += [f"{quoted_by(self._native[n].name)} AS {p}" for n, p in self._plain.items()]
        return f"(SELECT {', '.join(cells)} FROM {relation or self.table.relation}) AS cleaned"

    def tally(
        self,
        expressions: Sequence[str],
        *,
        stop: Callable[[], bool] | None,
        timeout: float | None,
    ) -> tuple[int, list[tuple[int, int]]]:
        """Count rows, as `Corpus.tally` does."""
        truths = [self.translated(each) for each in expressions]
        counts = [f"count(CASE WHEN {each} THEN 1 END), count({each})" for each in truths]
        sql = f"SELECT count(*), {', '.join(counts)} FROM {self.cleaned()}"
        families: list[Family] = ["int"] * (1 + 2 * len(truths))
        found = self.table.fetch(sql, families, stop=stop, timeout=timeout)
        size, *numbers = (int(column[0].as_py()) for column in found.columns)
        return size, list(zip(numbers[::2], numbers[1::2], strict=True))

    def prove(self, sql: str, columns: Sequence[str]) -> None:
        """Try an expression on a thousand rows, in the database and here."""
        translated, type_ = self._translator.translate(sql)
        family = family_of(type_)
        used = list(columns) or list(self.columns)[:1]
        cells = [self.cell(self.columns[name]) for name in used]
        cells.append(self.table.dialect.output(translated, family))
        listed = ", ".join(f"{cell} AS c{place}" for place, cell in enumerate(cells))
        rows = self.table.sampled(_PROOF, of=self._total)
        query = f"SELECT {listed} FROM {self.cleaned(rows)} LIMIT {2 * _PROOF}"
        families = [*(family_of(self.columns[name].type) for name in used), family]
        where = self.table.dialect.name
        try:
            found = self.table.fetch(query, families, timeout=_PROOF_SECONDS)
        except (CorpusError, QueryTimeout) as error:
            raise NotPushedError(f"{where} could not run it: {error}") from error
        there = f"CAST(c{len(used)} AS {type_})" if family != "null" else "NULL"
        held = held_rows(found, [self.columns[name] for name in used])
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
                f"{where} says {told(one)} where {told(other)} was expected, for the row "
                f"{cells_of!r:.300}. Write the condition in another way."
            )
        self._known[sql] = translated
