"""Days and times as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from findall_frames.embedded.corpus.numerals import Shape

__all__ = ["DateFormats", "date_formats", "is_date", "standard_type"]

_ISO: Final = re.compile(
    r"9999-99-99(?P<time>[T ]9{1,2}:99(:99)?(\.9{1,9})?[ ]?(?P<zone>Z|UTC|GMT|[+-]99(:?99)?)?)?"
)
_TIME: Final = re.compile(r"9{1,2}:99:99(?:\.9{1,6})?")
# Day, month and year, one of them of four digits; the month may be a word, a time may follow.
_DAY: Final = re.compile(
    r"(?P<day>(?:9{1,2}[./-]9{1,2}[./-]9999|9999[./]9{1,2}[./]9{1,2}"
    r"|9{1,2}\.?[ -][A-Za-z]{3,9}[ -]9999|[A-Za-z]{3,9} 9{1,2},? 9999))"
    r"(?:(?P<between>,? )(?P<clock>9{1,2}:99(?::99)?(?:\.9{1,6})?)(?P<half> ?[AaPp][Mm])?)?"
)


class DateFormats(NamedTuple):
    """How days are written, for ``strptime``: with the day before the month, or after it."""

    day_first: list[str]
    month_first: list[str]
    type: str  # DuckDB's type for them


def is_date(shape: str) -> bool:
    """Say whether cells of this shape can be days or times.

    Examples
    --------
    >>> [is_date(shape) for shape in ("99.99.9999", "9999-99-99T99:99Z", "99 Mar 9999", "99.99")]
    [True, True, True, False]
    """
    return any(form.fullmatch(shape.strip()) for form in (_ISO, _DAY, _TIME))


def standard_type(shapes: Sequence[Shape]) -> str | None:
    """Return DuckDB's type for days and times that it reads by itself; None for all else."""
    texts = [shape.text.strip() for shape in shapes]
    if all(map(_TIME.fullmatch, texts)):
        return "TIME"
    matches = [match for text in texts if (match := _ISO.fullmatch(text))]
    zones = {match["zone"] is not None for match in matches}
    if len(matches) < len(texts) or len(zones) != 1:
        return None
    if zones == {True}:
        return "TIMESTAMP WITH TIME ZONE"
    return "TIMESTAMP" if any(match["time"] for match in matches) else "DATE"


def date_formats(shapes: Sequence[Shape]) -> DateFormats | None:
    """Return how a column writes its days; None if some cells are none.

    Examples
    --------
    >>> date_formats([Shape("99/99/9999", "01/02/2021", False)])
    DateFormats(day_first=['%d/%m/%Y'], month_first=['%m/%d/%Y'], type='DATE')
    """
    matches = [match for shape in shapes if (match := _DAY.fullmatch(shape.text.strip()))]
    if len(matches) < len(shapes):
        return None
    day_first, month_first = (
        [day + _clock(match) for match in matches for day in _days(match["day"], *order)]
        for order in (("%d", "%m"), ("%m", "%d"))
    )
    type_ = "TIMESTAMP" if any(match["clock"] for match in matches) else "DATE"
    return DateFormats(list(dict.fromkeys(day_first)), list(dict.fromkeys(month_first)), type_)


def _days(shape: str, first: str, second: str) -> list[str]:
    """Write a day as a format: 9999 is the year, a word is the month."""
    year = shape.replace("9999", "%Y")
    if re.search("[A-Za-z]{3}", shape):
        with_day = re.sub(r"\b9{1,2}(?!\d)", "%d", year)
        return [re.sub("(?<!%)[A-Za-z]{3,9}", month, with_day) for month in ("%b", "%B")]
    parts = ("%m", "%d") if year.startswith("%Y") else (first, second)
    for part in parts:
        year = re.sub("9{1,2}", part, year, count=1)
    return [year]


def _clock(match: re.Match[str]) -> str:
    if not match["clock"]:
        return ""
    hour = "%I" if match["half"] else "%H"
    seconds = (":%S" if match["clock"].count(":") == 2 else "") + (".%f" * ("." in match["clock"]))
    half = match["half"][:-2] + "%p" if match["half"] else ""
    return f"{match['between']}{hour}:%M{seconds}{half}"
