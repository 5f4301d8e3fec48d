"""Dates that are written as text in the cells of a column."""

from __future__ import annotations

import datetime as dt
from typing import Any

from findall_frames.embedded.language.quantities import find_quantities

__all__ = ["as_day", "date_of"]

_LONGEST = 20


def as_day(cell: Any) -> dt.date | None:
    """The day of a cell, whether it is a date, a time or a text; None where it is none."""
    if isinstance(cell, str):
        return date_of(cell)
    if isinstance(cell, dt.datetime):
        return cell.date()
    return cell if isinstance(cell, dt.date) else None


def date_of(text: str) -> dt.date | None:
    """The first day of the date that a text is; None where it is something else.

    Examples
    --------
    >>> date_of("9 December 2023"), date_of("2024-02"), date_of("in 2024")
    (datetime.date(2023, 12, 9), datetime.date(2024, 2, 1), None)
    """
    text = text.strip()
    if not text[-1:].isdigit() and not text[:1].isdigit():
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        found = find_quantities(text) if len(text) <= _LONGEST else []
    whole = len(found) == 1 and len(found[0].text) == len(text)
    return found[0].dates[0] if whole and found[0].dates else None
