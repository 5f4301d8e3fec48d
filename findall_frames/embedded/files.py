"""Tables from files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from findall_frames.errors import CorpusError

__all__ = ["SUFFIXES", "read_file"]

SUFFIXES = (".parquet", ".csv")

_INTEGERS = r"^-?(0|[1-9][0-9]{0,17})$"
_DECIMALS = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$"


def read_file(path: Path) -> pa.Table:
    """Read a table.

    Raises
    ------
    CorpusError
        There is no such file, its kind is not supported, or it is not what its suffix says.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CorpusError(
            f"A corpus file ends in {' or '.join(SUFFIXES)}; {path.name!r} does not. Convert "
            'it, or give a DataFrame, or "packages".'
        )
    if not path.is_file():
        raise CorpusError(f"There is no file {str(path)!r}. Check the path and where you run this.")
    try:
        if suffix == ".parquet":
            return parquet.read_table(path).replace_schema_metadata(None)
        return _read_csv(path)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, OSError) as error:
        raise CorpusError(
            f"{str(path)!r} could not be read as {suffix[1:]}: {error}. Check that it is whole and "
            "that its suffix says what it is."
        ) from error


def _read_csv(path: Path) -> pa.Table:
    # Everything is read as text first: a guess of the type would turn "007" into 7.
    header = csv.open_csv(path, parse_options=_PARSE).schema.names
    texts = csv.ConvertOptions(
        column_types={name: pa.large_string() for name in header}, strings_can_be_null=False
    )
    table = csv.read_csv(path, parse_options=_PARSE, convert_options=texts)
    return pa.Table.from_arrays(
        [_number_where_exact(column) for column in table.columns], names=table.column_names
    )


_PARSE = csv.ParseOptions(newlines_in_values=True)


def _number_where_exact(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers where every text is one and would be written in the same way; else the texts."""
    filled = pc.if_else(pc.equal(column, ""), None, column)
    if filled.null_count == len(filled):
        return column
    for pattern, kind in ((_INTEGERS, pa.int64()), (_DECIMALS, pa.float64())):
        if pc.all(pc.match_substring_regex(filled, pattern)).as_py():
            return filled.cast(kind)
    return column
