"""Tables in memory, of any library, as Arrow data that DuckDB can read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import duckdb
import msgspec
import pyarrow as pa

from findall_frames.embedded.corpus.building import ARROW, DataSource, check_width
from findall_frames.errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["descriptions_in", "read_memory"]

_MOST_LEVELS: Final = 100
"""How deep a cell may be nested; that of a JSON file may be a little deeper."""


def read_memory(source: object, *, connection: duckdb.DuckDBPyConnection) -> DataSource | None:
    """Register a table in memory with DuckDB; return None if `source` is not a table.

    Tables are pandas and Polars DataFrames, DuckDB relations, record batches, lists of dicts, and
    anything else with ``__arrow_c_stream__``.

    Raises
    ------
    CorpusError
        A list holds something other than dicts, or there are no columns.
    """
    pandas = sys.modules.get("pandas")
    descriptions: dict[str, str] = {}
    data: pa.Table | pa.RecordBatchReader | None
    if pandas is not None and isinstance(source, pandas.DataFrame):
        data, names, written_out = _from_columns(_columns_of_frame(source), connection)
    elif isinstance(source, list | tuple):
        data, names, written_out = _from_columns(_columns_of_rows(source), connection)
    else:
        if isinstance(source, duckdb.DuckDBPyRelation):
            descriptions = _comments(source)
        data = _arrow(source)
        if data is None:
            return None
        descriptions = descriptions_in(data.schema) | descriptions
        names = list(data.schema.names)
        data, written_out = _known(data, connection)
    if not names:
        raise CorpusError("The table is empty: it has no columns. Pass one with at least one row.")
    connection.register(ARROW, data)
    return DataSource(
        relation=ARROW, names=names, descriptions=descriptions, written_out=written_out
    )


def descriptions_in(schema: pa.Schema) -> dict[str, str]:
    """Return the descriptions of columns in the metadata of a schema."""
    return {
        each.name: each.metadata[b"description"].decode("utf-8", errors="replace")
        for each in schema
        if each.metadata and b"description" in each.metadata
    }


def _columns_of_frame(frame: pd.DataFrame) -> list[tuple[str, Any]]:
    index = frame.index
    if any(name is not None for name in index.names) or index.inferred_type != "integer":
        # This index carries information: it has a name, or holds texts, dates or pairs.
        frame = frame.reset_index(allow_duplicates=True)
    columns = []
    names: list[Any] = frame.columns.to_list()
    for place, name in enumerate(names):
        parts = name if isinstance(name, tuple) else (name,)
        named = "_".join(str(part) for part in parts if str(part))
        columns.append((named, frame.iloc[:, place]))
    return columns


def _columns_of_rows(rows: Sequence[object]) -> list[tuple[str, Any]]:
    dicts = [row for row in rows if isinstance(row, Mapping)]
    if len(dicts) < len(rows):
        wrong = next(type(row).__name__ for row in rows if not isinstance(row, Mapping))
        raise CorpusError(
            f"Expected a list of dicts, one for each row; one item is of type {wrong}. Pass dicts, "
            "or a DataFrame."
        )
    keys = dict.fromkeys(key for row in dicts for key in row)
    check_width(len(keys))
    return [(str(key), [row.get(key) for row in dicts]) for key in keys]


def _from_columns(
    columns: Sequence[tuple[str, Any]], connection: duckdb.DuckDBPyConnection
) -> tuple[pa.Table, list[str], list[str]]:
    """Return a table, its column names, and the columns that were converted to text."""
    check_width(len(columns))
    arrays: dict[str, pa.Array | pa.ChunkedArray] = {}
    written_out = []
    for place, (_, cells) in enumerate(columns):
        array = None
        if not hasattr(cells, "dtype") or cells.dtype == object:
            _check_depth(cells)
        if type(getattr(cells, "dtype", None)).__name__ != "GeometryDtype":  # bytes in Arrow
            # Mixed types, numbers that are too large, or a lone surrogate in a text.
            with suppress(pa.ArrowException, OverflowError, TypeError, ValueError):
                array = pa.array(cells, from_pandas=True)
        if array is None or _has_objects(array.type) or not _is_scanned(array.type, connection):
            if hasattr(cells, "notna"):
                cells = cells.astype(object).where(cells.notna(), None)
            array = _written(cells)
            written_out.append(f"c{place}")
        arrays[f"c{place}"] = array
    return pa.table(arrays), [name for name, _ in columns], written_out


def _check_depth(cells: Iterable[Any]) -> None:
    """Raise a CorpusError if a cell is nested so deeply that Arrow would crash."""
    level = {id(cell): cell for cell in cells if isinstance(cell, dict | list | tuple)}
    for _ in range(_MOST_LEVELS):
        inner = (cell.values() if isinstance(cell, dict) else cell for cell in level.values())
        level = {
            id(cell): cell
            for cells in inner
            for cell in cells
            if isinstance(cell, dict | list | tuple)
        }
        if not level:
            return
    raise CorpusError(
        f"Expected cells of at most {_MOST_LEVELS} levels; one is nested deeper. Flatten it first."
    )


def _has_objects(kind: pa.DataType) -> bool:
    """Return True for objects, as Arrow gives each of them the fields of all others."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    plain_list = pa.types.is_list(kind) and not pa.types.is_nested(kind.value_type)
    return pa.types.is_nested(kind) and not plain_list


def _is_scanned(kind: pa.DataType, connection: duckdb.DuckDBPyConnection) -> bool:
    """Return True if DuckDB has an equivalent type."""
    if pa.types.is_dictionary(kind) and isinstance(kind.value_type, pa.BaseExtensionType):
        return False
    if isinstance(kind, pa.BaseExtensionType) and not kind.extension_name.startswith("arrow."):
        return False
    try:
        connection.from_arrow(pa.schema([("c0", kind)]).empty_table())
    except duckdb.Error:
        return False
    return True


def _written(cells: Iterable[Any]) -> pa.Array:
    """Return cells of any type as text: objects as JSON, others as they print."""
    missing = (None if isinstance(cell, float) and cell != cell else cell for cell in cells)
    texts = [None if cell is None else _text(cell) for cell in missing]
    return pa.array(texts, pa.large_string())


def _text(cell: Any) -> str:
    if isinstance(cell, dict | list):
        cell = msgspec.json.encode(cell, enc_hook=str).decode()
    return str(cell).encode("utf-8", errors="replace").decode("utf-8")


def _arrow(source: Any) -> pa.Table | pa.RecordBatchReader | None:
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(source, polars.DataFrame):
        # Arrow has neither 128-bit integers nor Python objects.
        source = source.cast({polars.Int128: polars.String, polars.UInt128: polars.String})
        objects = polars.col(polars.Object).map_elements(_text, return_dtype=polars.String)
        source = source.with_columns(objects)
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        return source
    if not hasattr(source, "__arrow_c_stream__"):
        return None
    try:
        return pa.RecordBatchReader.from_stream(source)
    except pa.ArrowInvalid:  # a single column, such as a Series
        return None


def _known(
    source: pa.Table | pa.RecordBatchReader, connection: duckdb.DuckDBPyConnection
) -> tuple[pa.Table | pa.RecordBatchReader, list[str]]:
    """Return columns c0, c1, ... of types that DuckDB has, and those converted to text."""
    check_width(len(source.schema))
    columns = [f"c{place}" for place in range(len(source.schema))]
    kinds = source.schema.types
    unknown = [place for place, kind in enumerate(kinds) if not _is_scanned(kind, connection)]
    # Bytes have to be examined before they are loaded, but a stream can be read only once.
    if isinstance(source, pa.RecordBatchReader):
        if not unknown and not any("binary" in str(kind) for kind in kinds):
            batches = (batch.rename_columns(columns) for batch in source)
            schema = pa.schema(zip(columns, kinds, strict=True))
            return pa.RecordBatchReader.from_batches(schema, batches), []
        source = source.read_all()
    table = source.rename_columns(columns)
    for place in unknown:
        cells = _written(table.column(place).to_pylist())
        table = table.set_column(place, columns[place], cells)
    return table, [columns[place] for place in unknown]


def _comments(relation: duckdb.DuckDBPyRelation) -> dict[str, str]:
    """Return the comments on columns of the tables that a relation is made of."""
    tables = duckdb.get_table_names(relation.sql_query())
    found = relation.query(
        "relation",
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL",
    )
    rows = found.fetchall() if found is not None else []
    return {column: comment for table, column, comment in rows if table in tables}
