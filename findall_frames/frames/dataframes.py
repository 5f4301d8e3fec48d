"""From Arrow tables to pandas, with its own nullable types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from findall_frames.frames.schema import COUNT, EXCERPTS, FLAG, TEXT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_dataframe"]


def to_dataframe(table: pa.Table) -> pd.DataFrame:
    """Convert a table: text to ``str``, counts to ``Int64``, flags to ``boolean``.

    Categories stay categories and times stay UTC. Lists of excerpts become plain lists, which
    pandas keeps as ``object``: its own list type cannot be read back from Parquet.
    """
    import numpy as np
    import pandas as pd

    native = {
        TEXT: pd.StringDtype(na_value=np.nan),
        COUNT: pd.Int64Dtype(),
        FLAG: pd.BooleanDtype(),
    }
    lists = [field.name for field in table.schema if field.type == EXCERPTS]
    frame: pd.DataFrame = table.drop_columns(lists).to_pandas(types_mapper=native.get)
    for name in lists:
        excerpts = pd.Series(table[name].to_pylist(), dtype=object)
        frame.insert(table.schema.get_field_index(name), name, excerpts)
    return frame
