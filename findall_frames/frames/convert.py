"""Converts between Arrow and pandas: dtypes, DataFrames, and rows as dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from findall_frames.frames.schema import CONFIDENCES, COUNT, EXCERPTS, FLAG, TEXT, TIME

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "arrow_of",
    "confidence_dtype",
    "dataframe_of",
    "insert_lists",
    "pandas_metadata",
    "records_of",
    "text_dtype",
    "to_dataframe",
]

# A float holds every integer up to this one.
_LARGEST_EXACT: Final = 2**53


def to_dataframe(table: pa.Table) -> pd.DataFrame:
    """Convert a table: text to ``str``, counts to ``Int64``, flags to ``boolean``.

    Categories stay categories and times stay UTC. Lists of excerpts are left out.
    """
    import pandas as pd

    native = {
        TEXT: text_dtype(),
        pa.float64(): pd.Float64Dtype(),
        COUNT: pd.Int64Dtype(),
        FLAG: pd.BooleanDtype(),
    }
    frame: pd.DataFrame = table.drop_columns(_lists(table)).to_pandas(types_mapper=native.get)
    return frame


def insert_lists(frame: pd.DataFrame, *, table: pa.Table) -> pd.DataFrame:
    """Insert the lists of excerpts that `to_dataframe` leaves out.

    They are plain lists in an ``object`` column, as pandas cannot read its own list type back
    from Parquet.
    """
    import pandas as pd

    for name in _lists(table):
        lists = pd.Series(table[name].to_pylist(), dtype=object)
        frame.insert(table.schema.get_field_index(name), name, lists)
    return frame


def _lists(table: pa.Table) -> list[str]:
    return [field.name for field in table.schema if field.type == EXCERPTS]


def dataframe_of(rows: Sequence[Mapping[str, Any]], *, dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """Return a DataFrame with these columns and types; what a row lacks is missing."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(
                [row.get(name) for row in rows], dtype=text_dtype() if dtype == "str" else dtype
            )
            for name, dtype in dtypes.items()
        }
    )


def text_dtype() -> pd.StringDtype:
    """Return the type of text under any options of pandas.

    By the name ``"str"`` it is ``object`` under ``future.infer_string = False``, and what is
    missing becomes the text ``"None"``.
    """
    import pandas as pd

    return pd.StringDtype(na_value=np.nan)


def confidence_dtype() -> pd.CategoricalDtype:
    """Return the ordered type of confidences: low < medium < high."""
    import pandas as pd

    return pd.CategoricalDtype(list(CONFIDENCES), ordered=True)


def arrow_of(wide: pd.DataFrame) -> pa.Table:
    """Return a wide table in Arrow, with plain types; times without a zone become dates."""
    return pa.table({name: _array(wide[name]) for name in wide.columns})


def _array(series: pd.Series[Any]) -> pa.ChunkedArray:
    import pandas as pd

    dtype = series.dtype
    if dtype == "Int64":
        kind = COUNT
    elif dtype == "Float64":
        kind = pa.float64()
    elif dtype == "boolean":
        kind = FLAG
    elif isinstance(dtype, pd.DatetimeTZDtype):
        kind = TIME
    elif dtype.kind == "M":
        kind = pa.date32()
    else:
        kind = pa.string()
    if kind == pa.string():
        series = series.astype(text_dtype())
    values = pa.array(series, from_pandas=True)
    return pa.chunked_array(
        [values.cast(kind)] if isinstance(values, pa.Array) else values.cast(kind)
    )


def pandas_metadata(frame: pd.DataFrame) -> dict[bytes, bytes]:
    """Return the metadata of an Arrow table from which pandas restores nullable types."""
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    return {b"pandas": schema.metadata[b"pandas"]}


def records_of(wide: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of a wide table; what is missing is None.

    Missing values make pandas turn integers into floats. Where that would change an integer, the
    missing ones are ``pandas.NA``, with which they stay integers.
    """
    import pandas as pd

    columns = {}
    for name in wide.columns:
        column = wide[name]
        large = column.dtype == "Int64" and bool((column.abs() > _LARGEST_EXACT).any())
        missing = pd.NA if large else None
        columns[name] = [
            missing if is_missing else value
            for value, is_missing in zip(column, column.isna(), strict=True)
        ]
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))
