"""Tables from files: Parquet, CSV, and JSON with an object on every line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from findall_frames.embedded.data.encodings import OTHERWISE, encoding_of_mark
from findall_frames.errors import CorpusError, FindAllWarning, warn

__all__ = ["TABLE_SUFFIXES", "read_tables"]

TABLE_SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson")

_INTEGERS = r"^-?(0|[1-9][0-9]{0,17})$"
_DECIMALS = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$"
# As spreadsheets write them, depending on the country.
_SEPARATORS = (",", ";", "\t", "|")

_lines = msgspec.json.Decoder(dict[str, Any])


def read_tables(paths: Sequence[Path]) -> pa.Table:
    """Read files into one table, whose columns are those of all of them.

    Raises
    ------
    CorpusError
        There is no such file, it is not what its suffix says, or the files do not fit together.
    """
    parts = [_read(path) for path in paths]
    try:
        table = pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        names = ", ".join(path.name for path in paths[:5])
        raise CorpusError(
            f"The files {names} do not fit together: {error}. Give a column of one name values of "
            "one kind in all of them, or search them one by one."
        ) from error
    if all(path.suffix.lower() == ".csv" for path in paths):
        # Only now, since a column is one of numbers when it is that in each of the files.
        columns = [_number_where_exact(column) for column in table.columns]
        table = pa.Table.from_arrays(columns, names=table.column_names)
    return table


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise CorpusError(f"There is no file {str(path)!r}. Check the path and where you run this.")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return parquet.read_table(path).replace_schema_metadata(None)
        return _decoded_csv(path) if suffix == ".csv" else _read_lines(path)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, OSError, UnicodeError) as error:
        raise CorpusError(
            f"{str(path)!r} could not be read as {suffix[1:]}: {error}. Check that it is whole and "
            "that its suffix says what it is."
        ) from error


def _decoded_csv(path: Path) -> pa.Table:
    """A CSV file as its mark says, else as UTF-8, else as Excel writes it where it does not."""
    with path.open("rb") as file:
        marked = encoding_of_mark(file.read(4))
    try:
        return _read_csv(path, encoding=marked or "utf-8")
    except UnicodeDecodeError:  # of the header
        if marked:
            raise
    except pa.ArrowInvalid as error:
        if "invalid UTF8" not in str(error):
            raise
    table = _read_csv(path, encoding=OTHERWISE)
    warn(
        f"{str(path)!r} is not UTF-8 and was read as {OTHERWISE}. If letters look wrong, save it "
        "as UTF-8.",
        FindAllWarning,
    )
    return table


def _read_csv(path: Path, *, encoding: str) -> pa.Table:
    with path.open(encoding=encoding, errors="replace") as lines:
        names = lines.readline()
    separator = next((one for one in _SEPARATORS if one in names), ",")
    read = csv.ReadOptions(encoding=encoding)
    parse = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    # Everything is read as text first: a guess of the type would turn "007" into 7.
    header = csv.open_csv(path, read_options=read, parse_options=parse).schema.names
    texts = csv.ConvertOptions(
        column_types={name: pa.large_string() for name in header}, strings_can_be_null=False
    )
    return csv.read_csv(path, read_options=read, parse_options=parse, convert_options=texts)


def _number_where_exact(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers where every text is one and would be written in the same way; else the texts."""
    filled = pc.if_else(pc.equal(column, ""), None, column)
    if filled.null_count == len(filled):
        return column
    for pattern, kind in ((_INTEGERS, pa.int64()), (_DECIMALS, pa.float64())):
        if pc.all(pc.match_substring_regex(filled, pattern)).as_py():
            return filled.cast(kind)
    return column


def _read_lines(path: Path) -> pa.Table:
    rows = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                rows.append(_lines.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise CorpusError(
                    f"Expected a JSON object on each line of {str(path)!r}; line {number} is "
                    f"none: {error}."
                ) from error
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    """Values of one kind as they are; objects, and values of several kinds, as text."""
    if not any(isinstance(value, dict) for value in values):
        try:
            array = pa.array(values)
            if not pa.types.is_nested(array.type) or not pa.types.is_nested(array.type.value_type):
                return array
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass  # several kinds, or a number too large for a column of numbers
    return pa.array(
        [value if value is None or isinstance(value, str) else _written(value) for value in values],
        pa.large_string(),
    )


def _written(value: Any) -> str:
    return msgspec.json.encode(value).decode()
