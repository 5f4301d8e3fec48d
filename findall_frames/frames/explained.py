"""What own data understands of conditions, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from findall_frames.api.readings import Explained

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["readings_table"]


def readings_table(readings: Sequence[Explained]) -> pd.DataFrame:
    """Return one row per reading, with the columns that `explain` documents."""
    import pandas as pd

    columns: dict[str, tuple[list[Any], str]] = {
        "condition": ([each.name for each in readings], "str"),
        "status": ([each.status for each in readings], "str"),
        "sql": ([_sql(each) for each in readings], "str"),
        "reader": ([each.reader for each in readings], "str"),
        "columns": ([", ".join(each.columns) for each in readings], "str"),
        "true": ([each.true for each in readings], "Int64"),
        "false": ([each.false for each in readings], "Int64"),
        "unknown": ([each.unknown for each in readings], "Int64"),
        "assumptions": (["; ".join(each.assumptions) for each in readings], "str"),
        "note": ([_note(each) for each in readings], "str"),
    }
    return pd.DataFrame(
        {name: pd.Series(values, dtype=kind) for name, (values, kind) in columns.items()}
    )


def _sql(reading: Explained) -> str | None:
    if reading.top is None:
        return reading.sql
    order = "DESC" if reading.top.descending else "ASC"
    rank = f"ORDER BY {reading.top.by} {order} LIMIT {reading.top.n}"
    return f"{reading.sql} {rank}" if reading.sql else rank


def _note(reading: Explained) -> str:
    asked = f"asked of each row: {reading.ask}" if reading.ask else ""
    return "; ".join(part for part in (asked, reading.note) if part)
