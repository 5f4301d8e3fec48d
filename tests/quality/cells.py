"""What cells of the tables of further tables say, for the truths of its questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd

__all__ = ["gigabytes", "hours", "listed", "named", "number", "year"]


def number(column: pd.Series) -> pd.Series:
    """The number in each text, such as 1200 in "~1,200 cases"; NaN where there is none."""
    return pd.to_numeric(column.str.replace(",", "").str.extract(r"(\d+(?:\.\d+)?)")[0])


def listed(column: pd.Series, item: str) -> pd.Series:
    """Whether each list, or text such as "a; b", has an item."""
    return column.map(lambda cell: item in _items(cell))


def _items(cell: Any) -> list[str]:
    if isinstance(cell, str):
        return re.split(r"[;,] ", cell)
    return [] if cell is None or isinstance(cell, float) else list(cell)


def year(column: pd.Series) -> pd.Series:
    """The year of each date."""
    return pd.to_datetime(column).dt.year


def gigabytes(column: pd.Series) -> pd.Series:
    """What "128 GB" and "4 MB" are in gigabytes."""
    return number(column) * column.str.endswith("MB").map({True: 0.001, False: 1.0})


def hours(column: pd.Series) -> pd.Series:
    """What "2h 45m" is in hours."""
    parts = column.str.extract(r"(\d+)h(?: (\d+)m)?").astype(float)
    return parts[0] + parts[1].fillna(0) / 60


def named(column: str, *names: str) -> Callable[[pd.DataFrame], Any]:
    """Whether a column has one of some names."""
    return lambda table: table[column].isin(names)
