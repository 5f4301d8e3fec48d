"""How the conditions of a search were read, as a DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from findall_frames.frames.convert import dataframe_of

if TYPE_CHECKING:
    import pandas as pd

    from findall_frames.api.readings import Explained

__all__ = ["readings_table"]

_READING: Final = {
    **dict.fromkeys(("condition", "status", "sql", "reader", "columns"), "str"),
    **dict.fromkeys(("true", "false", "unknown"), "Int64"),
    **dict.fromkeys(("assumptions", "note"), "str"),
}


def readings_table(readings: Sequence[Explained]) -> pd.DataFrame:
    """Return one row per reading, with the columns that `explain` documents."""
    rows = [
        {
            "condition": each.name,
            "status": each.status,
            "sql": each.as_sql,
            "reader": each.reader,
            "columns": ", ".join(each.columns),
            "true": each.true,
            "false": each.false,
            "unknown": each.unknown,
            "assumptions": "; ".join(each.assumptions),
            "note": "; ".join(
                part for part in (each.ask and f"asked of each row: {each.ask}", each.note) if part
            ),
        }
        for each in readings
    ]
    return dataframe_of(rows, dtypes=_READING)
