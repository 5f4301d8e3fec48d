"""Arrow tables, made uniform and recognised again."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.errors import FindAllWarning, warn

__all__ = ["clean", "fingerprint"]

# What can be compared and searched as it is; everything else is read as text.
_KNOWN: Final = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_timestamp,
    pa.types.is_string,
    pa.types.is_string_view,
    pa.types.is_large_string,
    pa.types.is_null,
)
_LISTS: Final = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_BINARIES: Final = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def clean(table: pa.Table) -> pa.Table:
    """One chunk per column; NaN and blank texts become null; texts may exceed 2 GB.

    Objects, times of day and whatever else a column may hold become text, objects as JSON. A
    column of bytes that are no text is left out, with a warning, and so are days in no year that
    a calendar has.
    """
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        column = _readable(column)
        if column is None:
            warn(
                f"The column {name!r} holds bytes that are no text. It is left out.", FindAllWarning
            )
            continue
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_string_view(kind):
            column = column.cast(pa.large_string())
        if pa.types.is_large_string(column.type):
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)
        elif pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        elif pa.types.is_temporal(column.type):
            column = _in_calendar(name, column)
        chunks = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        columns[name] = chunks
    return pa.table(columns)


def _readable(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The cells as the rules can read them; None for bytes that are no text."""
    kind = column.type
    if _is_one_of(kind, _BINARIES):
        try:
            return column.cast(pa.large_binary()).cast(pa.large_string())
        except pa.ArrowInvalid:
            return None
    single = kind.value_type if _is_one_of(kind, _LISTS) else kind
    if _is_one_of(single, _KNOWN):
        return column
    texts = [None if cell is None else _written(cell) for cell in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def _in_calendar(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The days and times of the years 1 to 9999, as no others can be compared with dates."""
    kind = column.type
    plain = column
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # What time it is elsewhere takes a database that not every machine has.
        plain = column.cast(pa.int64()).cast(pa.timestamp(kind.unit))
    years = pc.year(plain)
    known = pc.and_(pc.greater_equal(years, dt.MINYEAR), pc.less_equal(years, dt.MAXYEAR))
    beyond = pc.sum(pc.invert(known)).as_py() or 0
    if not beyond:
        return column
    some = f"{beyond} cells that are" if beyond > 1 else "a cell that is"
    warn(
        f"The column {name!r} has {some} in none of the years 1 to 9999. What they say is left "
        "out.",
        FindAllWarning,
    )
    return pc.if_else(known, column, None)


def _is_one_of(kind: pa.DataType, tests: tuple[Any, ...]) -> bool:
    return any(test(kind) for test in tests)


def _written(cell: Any) -> str:
    if isinstance(cell, dict | list):
        return msgspec.json.encode(cell, enc_hook=str).decode()
    return str(cell)


def fingerprint(table: pa.Table) -> str:
    """A hash of the schema and of all cells."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(table.schema.remove_metadata().to_string().encode())
    with pa.ipc.new_stream(_Digest(digest), table.schema) as writer:
        writer.write_table(table)
    return digest.hexdigest()


class _Digest:
    """A file that keeps nothing but the digest of what is written."""

    closed = False

    def __init__(self, digest: hashlib.blake2b) -> None:
        self._digest = digest
        self._written = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True
