"""Read numbers, dates and flags in text columns, by the evidence of the whole column.

Cells that differ only in their digits share a shape: "1.200,50 €" and "3.150,00 €" are both
"9.999,99 €". Even a column of a million numbers has only a dozen shapes, which show how its cells
are written. A column is converted only if every cell can be, in exactly one way; otherwise it
stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import duckdb

from findall_frames.embedded.corpus.corpus import blocks, sql_list, stacked
from findall_frames.embedded.corpus.naming import words_of
from findall_frames.embedded.corpus.notation import (
    Decimal,
    DoubtError,
    Shape,
    date_formats,
    is_date,
    is_number,
    read_numerals,
    standard_type,
)

__all__ = ["ReadCells", "read_cells"]

_LOOK: Final = 1000
"""How many cells of a column are examined before all of them are."""
_FEW: Final = 30
"""Columns with fewer values in the first rows are sparse."""
_CELLS: Final = 1 << 22
"""How many cells are examined at once."""
_LONGEST: Final = 60
"""How many characters a number or a date may have at most."""
_MOST_SHAPES: Final = 2000
_SHAPE: Final = (
    f"CASE WHEN length(cell) > {_LONGEST} THEN 'long' "
    "ELSE translate(cell, '0123456789', '9999999999') END"
)
_SENTENCE: Final = r"^\s*(?:\S+\s+){7}\S"
_FLAG: Final = re.compile("true|false", re.IGNORECASE)
_MISSING: Final = re.compile(
    r"\s*(?:n\.?a\.?|n/a|#n/?a|<na>|\(?(?:null|none|blank|empty)\)?|nan|nat|nil|\\n"
    r"|unknown|missing|not available|#(?:div/[09]|value|ref|name|num|null)[!?]"
    r"|-+|–|—|\.+|…|\?)\s*",
    re.IGNORECASE,
)
"""Texts for a missing value in a column of numbers, dates or flags."""


@dataclass(frozen=True, slots=True)
class ReadCells:
    """How the cells of a text column are read."""

    words: float = 0.0  # the share of the first cells with eight or more words
    type: str | None = None  # DuckDB's type of the values; None if the column stays text
    sql: str = ""  # the expression that reads a cell
    plain: bool = False  # True if values print as the text did, so that it need not be kept
    unit: str = ""  # the unit, if every number has it
    doubt: str = ""  # why a column of apparent numbers or dates stays text
    assumption: str = ""  # how a cell was read by convention
    decimal: Decimal | None = None  # the decimal sign that the cells prove
    day_first: bool | None = None  # the order of day and month that the cells prove
    unproven: bool = False  # True if other columns may show how the cells are written


def read_cells(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    *,
    length: int,
    alike: bool,
    usual: Decimal | None,
) -> dict[str, ReadCells]:
    """Read text columns of the relation ``base``, given with their user's names.

    `length` is its number of rows; for `alike` and `usual` see `DataSource`.
    """
    looks = _first_looks(connection, list(columns), length=length)
    promising = [
        column
        for column, look in looks.items()
        if look.shapes and all(map(_may_be_read, look.shapes))
    ]
    shapes = _all_shapes(connection, promising, length=length)
    readers = {
        column: _Reader(
            connection,
            column,
            name=words_of(name),
            words=looks[column].words,
            rows=shapes.get(column, []),
            usual=usual,
        )
        for column, name in columns.items()
    }
    found = {column: reader.read() for column, reader in readers.items()}
    decimals = {cells.decimal for cells in found.values()} - {None}
    orders = {cells.day_first for cells in found.values()} - {None}
    decimal = decimals.pop() if alike and len(decimals) == 1 else None
    day_first = orders.pop() if alike and len(orders) == 1 else None
    if decimal is not None or day_first is not None:
        for column, cells in found.items():
            if cells.unproven:
                found[column] = readers[column].read(decimal=decimal, day_first=day_first)
    return found


class _Look(NamedTuple):
    """The first cells of a column."""

    cells: int = 0
    words: float = 0.0  # the share with eight or more words
    shapes: Sequence[str] = ()


def _first_looks(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], *, length: int
) -> dict[str, _Look]:
    """Look at the first cells of each column; of sparse columns, at the first that have a value."""

    def look(block: Sequence[str], rows: str) -> dict[str, _Look]:
        found = connection.execute(
            f"SELECT place, count(*), avg(CAST(regexp_matches(cell, '{_SENTENCE}') AS INT)), "
            f"list(DISTINCT {_SHAPE}) FROM {stacked(block, rows)} WHERE cell IS NOT NULL "
            "GROUP BY place"
        ).fetchall()
        return {block[place]: _Look(*more) for place, *more in found}

    looks = dict.fromkeys(columns, _Look())
    for block in blocks(columns):
        looks |= look(block, f"(SELECT {', '.join(block)} FROM base LIMIT {_LOOK})")
    if length > _LOOK:
        for column in [column for column, found in looks.items() if found.cells < _FEW]:
            rows = f"SELECT {column} FROM base WHERE {column} IS NOT NULL LIMIT {_LOOK}"
            looks |= look([column], f"({rows})")
    return looks


def _all_shapes(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], *, length: int
) -> dict[str, list[tuple[str, str, bool]]]:
    """Return each shape in each column, its first cell, and whether one of its cells ends in 0."""
    shapes: dict[str, list[tuple[str, str, bool]]] = {column: [] for column in columns}
    for block in blocks(columns, most=max(1, _CELLS // length)):
        found = connection.execute(
            f"SELECT place, {_SHAPE} AS shape, min(cell), bool_or(suffix(cell, '0')) "
            f"FROM {stacked(block, 'base')} WHERE cell IS NOT NULL GROUP BY place, shape "
            f"QUALIFY row_number() OVER (PARTITION BY place ORDER BY shape) <= {_MOST_SHAPES + 1} "
            "ORDER BY place, shape"
        ).fetchall()
        for place, *shape in found:
            shapes[block[place]].append((shape[0], shape[1], shape[2]))
    return shapes


class _Reader:
    """Reads one column."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        column: str,
        *,
        name: str,
        words: float,
        rows: Sequence[tuple[str, str, bool]],
        usual: Decimal | None,
    ) -> None:
        self._connection = connection
        self._column = column
        self._name = name
        self._usual = usual
        if len(rows) > _MOST_SHAPES or not all(_may_be_read(text) for text, *_ in rows):
            rows = []
        self._text = ReadCells(words)
        self._shapes = [Shape(*row) for row in rows if not _MISSING.fullmatch(row[0])]
        missing = [least for text, least, _ in rows if _MISSING.fullmatch(text)]
        self._filled = f"{column} IS NOT NULL"
        if missing:
            self._filled += f" AND {column} NOT IN {sql_list(missing)}"

    def read(self, *, decimal: Decimal | None = None, day_first: bool | None = None) -> ReadCells:
        """Read the column, with the notation given where its cells do not prove it."""
        if not self._shapes:
            return self._text
        try:
            if all(_FLAG.fullmatch(shape.text.strip()) for shape in self._shapes):
                return self._checked("BOOLEAN", "TRY_CAST(trim({0}) AS BOOLEAN)")
            if (type_ := standard_type(self._shapes)) is not None:
                return self._checked(type_, f"TRY_CAST(trim({{0}}) AS {type_})")
            if (formats := date_formats(self._shapes)) is not None:
                return self._days(*formats, first=day_first)
            numerals = read_numerals(
                self._shapes, name=self._name, decimal=decimal, usual=self._usual
            )
        except DoubtError as doubt:
            return replace(self._text, doubt=str(doubt), unproven=True)
        if numerals is None:
            return self._text
        read = self._checked(numerals.type, numerals.sql)
        if read.type is None:
            return read
        # A decimal point is worth no warning.
        by_custom = numerals.assumption if decimal is None and self._usual == "," else ""
        return replace(
            read,
            unit=numerals.unit,
            decimal=numerals.decimal,
            assumption=by_custom,
            unproven=bool(numerals.assumption),
        )

    def _days(
        self,
        day_first: Sequence[str],
        month_first: Sequence[str],
        type_: str,
        *,
        first: bool | None,
    ) -> ReadCells:
        """Choose between day first and month first: the order in which every cell is a day.

        If both are, the day comes first in dates with points, where no convention differs.
        """
        days, months = (
            f"CAST(try_strptime(trim({{0}}), {sql_list(formats)}) AS {type_})"
            for formats in (day_first, month_first)
        )
        if days == months:
            return self._checked(type_, days)
        by_days, by_months = self._value(days), self._value(months)
        no_days, no_months, differ = self._connection.execute(
            f"SELECT count(*) FILTER ({by_days} IS NULL), count(*) FILTER ({by_months} IS NULL), "
            f"count(*) FILTER ({by_days} IS DISTINCT FROM {by_months}) "
            f"FROM base WHERE {self._filled}"
        ).fetchall()[0]
        if no_days and no_months:
            raise DoubtError("some have the day first, some the month, or are no days")
        if no_days or no_months or not differ:
            read = self._checked(type_, months if no_days else days)
            return replace(read, day_first=None if not differ else not no_days)
        if first is not None:
            return self._checked(type_, days if first else months)
        least = self._shapes[0].least
        if "/" in least or "-" in least:
            raise DoubtError(f"{least!r} could have the day or the month first")
        read = self._checked(type_, days)
        return replace(read, assumption=f"{least!r} with the day first", unproven=True)

    def _checked(self, type_: str, sql: str) -> ReadCells:
        """Return the column read in this way if every cell can be, else as text."""
        value = self._value(sql)
        unread, plain = self._connection.execute(
            f"SELECT count(*) FILTER ({value} IS NULL AND {self._filled}), "
            f"bool_and(CAST({value} AS VARCHAR) IS NOT DISTINCT FROM {self._column}) FROM base"
        ).fetchall()[0]
        return self._text if unread else replace(self._text, type=type_, sql=value, plain=plain)

    def _value(self, sql: str) -> str:
        value = sql.replace("{0}", self._column)  # format() would trip over braces in patterns
        return f"CASE WHEN {self._filled} THEN {value} END"


def _may_be_read(shape: str) -> bool:
    return bool(
        is_number(shape) or is_date(shape) or _MISSING.fullmatch(shape) or _FLAG.fullmatch(shape)
    )
