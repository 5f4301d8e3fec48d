"""From Arrow tables to pandas, with its own nullable types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from findall_frames.frames.schema import CONFIDENCES, COUNT, EXCERPTS, FLAG, TEXT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["confidence_dtype", "dataframe_of", "insert_lists", "to_arrow_dataframe", "to_dataframe"]


def to_dataframe(table: pa.Table) -> pd.DataFrame:
    """Convert a table: text to ``str``, counts to ``Int64``, flags to ``boolean``.

    Categories stay categories and times stay UTC. Lists of excerpts are left out.
    """
    import numpy as np
    import pandas as pd

    native = {
        TEXT: pd.StringDtype(na_value=np.nan),
        pa.float64(): pd.Float64Dtype(),
        COUNT: pd.Int64Dtype(),
        FLAG: pd.BooleanDtype(),
    }
    frame: pd.DataFrame = table.drop_columns(_lists(table)).to_pandas(types_mapper=native.get)
    return frame


def to_arrow_dataframe(table: pa.Table) -> pd.DataFrame:
    """Lay a DataFrame over a table; every column has its Arrow type, lists included."""
    import pandas as pd

    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def insert_lists(frame: pd.DataFrame, *, table: pa.Table) -> pd.DataFrame:
    """Put new lists of excerpts where a table has them.

    They are plain lists, which pandas keeps as ``object``: its own list type cannot be read
    back from Parquet.
    """
    import pandas as pd

    for name in _lists(table):
        lists = pd.Series(table[name].to_pylist(), dtype=object)
        frame.insert(table.schema.get_field_index(name), name, lists)
    return frame


def _lists(table: pa.Table) -> list[str]:
    return [field.name for field in table.schema if field.type == EXCERPTS]


def dataframe_of(rows: Sequence[Mapping[str, Any]], *, dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """Make a DataFrame with these columns and types; what a row does not have is missing."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=dtype)
            for name, dtype in dtypes.items()
        }
    )


def confidence_dtype() -> pd.CategoricalDtype:
    """The type of a column of confidences: low < medium < high."""
    import pandas as pd

    return pd.CategoricalDtype(list(CONFIDENCES), ordered=True)
