"""The spans that comparisons mean in the numbers, days and versions of columns."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import replace

from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import Unit
from findall_frames.embedded.predicates.conditions import Predicate, Span, number_text
from findall_frames.embedded.predicates.spans import DateRange, NumberRange
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison

__all__ = ["begun_in", "date_span", "number_span", "version_span", "years_before"]


def years_before(day: dt.date, years: int) -> dt.date:
    """The same day some years earlier; the last of February in a common year."""
    first = max(1, day.year - years)
    return dt.date(first, day.month, min(day.day, monthrange(first, day.month)[1]))


def begun_in(column: Column, dates: Span) -> Predicate:
    """That a year or date lies in a range of days; of years only the number counts."""
    if column.kind == "date":
        return DateRange(column, span=replace(dates, said=_ends_said(dates)))
    low, high = (None if day is None else day.year for day in (dates.low, dates.high))
    years = Span(low, high, dates.low_open, dates.high_open)
    return NumberRange(column, replace(years, said=_ends_said(years)), "medium")


def _ends_said(span: Span) -> str:
    low = f"{'after' if span.low_open else 'no earlier than'} {span.low}"
    high = f"{'before' if span.high_open else 'no later than'} {span.high}"
    ends = ((span.low, low), (span.high, high))
    return " and ".join(said for end, said in ends if end is not None)


def number_span(
    comparison: Comparison,
    column: Column | None,
    scale: float,
    *,
    shift: float = 0.0,
    year: bool = False,
    unit: Unit | None = None,
) -> Span:
    """The range in the unit and scale of a column's cells."""
    unit = column.unit if column is not None else (unit or comparison.quantity.unit)
    year = year or (column is not None and (column.year_like or column.short_year))

    def end(quantity: Quantity | None, *, top: bool) -> float | None:
        if quantity is None:
            return None
        converted = quantity.in_unit(unit) or quantity
        return round(((converted.top if top else converted.value) - shift) / scale, 9)

    low = end(comparison.low, top=comparison.low_open)
    high = end(comparison.high, top=not comparison.high_open)
    if comparison.about and low is not None and high is not None:
        low, high = low - abs(low) / 10, high + abs(high) / 10
    said = _said(low, high, comparison, year=year)
    return Span(low, high, comparison.low_open, comparison.high_open, said)


def _said(low: float | None, high: float | None, comparison: Comparison, *, year: bool) -> str:
    def text(number: float) -> str:
        return number_text(number, year=year)

    if low is not None and high is not None:
        if low == high:
            return text(low)
        if comparison.low_open and comparison.high_open:
            return f"strictly between {text(low)} and {text(high)}"
        return f"between {text(low)} and {text(high)}"
    if low is not None:
        return (
            f"{'after' if year else 'more than'} {text(low)}"
            if comparison.low_open
            else f"at least {text(low)}"
        )
    assert high is not None
    return (
        f"{'before' if year else 'less than'} {text(high)}"
        if comparison.high_open
        else f"at most {text(high)}"
    )


def date_span(comparison: Comparison) -> Span:
    def days(quantity: Quantity) -> tuple[dt.date, dt.date]:
        if quantity.dates is not None:
            return quantity.dates
        first, last = (min(max(int(year), 1), 9999) for year in (quantity.value, quantity.top))
        return dt.date(first, 1, 1), dt.date(last, 12, 31)

    low = days(comparison.low)[1 if comparison.low_open else 0] if comparison.low else None
    high = days(comparison.high)[0 if comparison.high_open else 1] if comparison.high else None
    if low is not None and high is not None:
        said = f"between {low} and {high}" if low != high else str(low)
    elif low is not None:
        said = f"after {low}" if comparison.low_open else f"on or after {low}"
    else:
        said = f"before {high}" if comparison.high_open else f"on or before {high}"
    return Span(low, high, comparison.low_open, comparison.high_open, said)


def version_span(comparison: Comparison) -> Span:
    low = comparison.low.version if comparison.low else None
    high = comparison.high.version if comparison.high else None

    def text(version: tuple[int, ...]) -> str:
        return ".".join(map(str, version))

    if low is not None and high is not None:
        said = f"version {text(low)}" if low == high else f"between {text(low)} and {text(high)}"
    elif low is not None:
        said = f"later than {text(low)}" if comparison.low_open else f"{text(low)} or later"
    else:
        assert high is not None
        said = f"earlier than {text(high)}" if comparison.high_open else f"{text(high)} or earlier"
    return Span(low, high, comparison.low_open, comparison.high_open, said)
