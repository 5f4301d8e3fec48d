"""Years, decades, centuries and dates in a text."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.words import phrases

__all__ = ["MOMENTS", "MONTHS", "ORDINALS", "SEASONS", "Finder", "month_number", "plainly"]


class Finder(NamedTuple):
    """How one kind of quantity is found.

    Attributes
    ----------
    pattern : pattern
        Finds it.
    read : callable
        From what was found, the quantity; None if it is none.
    digits : int
        How many a text needs to have it, four in a row or any.
    words : frozenset of str
        Some of which a text needs, in letters without accents; any will do if empty.
    signs : tuple of str
        Of which it needs some as well, if given.
    """

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Quantity | None]
    digits: int
    words: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()


MONTHS = phrases(
    """january, february, march, april, may, june, july, august, september, october, november,
    december"""
)
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS)
_MONTH_WORDS = frozenset((*MONTHS, *(month[:3] for month in MONTHS)))
ORDINALS = phrases(
    """first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth,
    thirteenth, fourteenth, fifteenth, sixteenth, seventeenth, eighteenth, nineteenth, twentieth"""
)
_DECADES = dict(
    zip(phrases("fifties, sixties, seventies, eighties, nineties"), range(5, 10), strict=True)
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})(?:-(\d{2}))?\b")
_DAY_FIRST = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th)?\s+)?({_MONTH})\.?,?\s+(\d{{4}})\b", re.I
)
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.I)
_DECADE = re.compile(
    r"(?:\b(?:the\s+)?(early|mid|late)[\s-]+)?(?:\bthe\s+)?(?:\b(1\d|20)|['’]|\b(?:the|an?|of|from|in)\s+)(\d)0['’]?s\b",
    re.I,
)
_DECADE_WORD = re.compile(rf"\bthe\s+(?:(early|mid|late)[\s-]+)?({'|'.join(_DECADES)})\b", re.I)
_CENTURY = re.compile(
    r"\b(?:(early|mid|late|first[\s-]half[\s-]of|second[\s-]half[\s-]of)[\s-]+)?(?:the\s+)?"
    rf"(?:(\d{{1,2}})(?:st|nd|rd|th)|({'|'.join(ORDINALS)}|twenty[\s-]first))[\s-]century\b",
    re.I,
)
_PART_OF_YEAR = re.compile(
    r"\b(?:(?:the\s+)?(first|second|third|fourth|last|final)\s+(quarter|half|third)\s+of"
    r"|([QH])([1-4])(?:\s+of)?)\s+(\d{4})\b",
    re.I,
)
_STRETCH = re.compile(
    rf"\b(?:(?:the\s+)?(early|mid|late|spring|summer|autumn|fall)(?:\s+of|\s+in)?[\s,-]+)"
    rf"(?:({_MONTH})\.?,?\s+)?(\d{{4}})\b",
    re.I,
)
SEASONS = {
    "spring": (3, 4, 5),
    "summer": (6, 7, 8),
    "autumn": (9, 10, 11),
    "fall": (9, 10, 11),
    "winter": (12, 1, 2),
}
_THIRDS = ("early", "mid", "late")
_PARTS_OF_CENTURY = {
    "early": (0, 32),
    "mid": (33, 66),
    "late": (66, 99),
    "first": (0, 49),
    "second": (50, 99),
}
_SHORT_YEAR = re.compile(r"(?<!\w)['’](\d{2})\b")


def plainly(match: re.Match[str], value: float, top: float | None = None) -> Quantity:
    """A number just as it is written, or a span of numbers."""
    start, end = match.span()
    return Quantity(start, end, match.group(), value, value if top is None else top)


def _years(match: re.Match[str], low: float, high: float) -> Quantity:
    return replace(plainly(match, low, high), year=True)


def _date(match: re.Match[str], year: str, month: int, day: str | None) -> Quantity | None:
    try:
        first = dt.date(int(year), month, int(day or 1))
        last = first if day else first.replace(day=monthrange(first.year, month)[1])
    except ValueError:
        return None
    return replace(plainly(match, float(year)), dates=(first, last))


def month_number(name: str) -> int:
    """Of the name of a month, or its first three letters: 3 for March."""
    return [month[:3] for month in MONTHS].index(name[:3].lower()) + 1


def _decade(match: re.Match[str]) -> Quantity:
    century, tens = match.group(2) or "19", match.group(3)
    if tens == "0" and match.group(2) and century != "20":
        # The 1800s are a century, the 2000s are mostly meant as ten years.
        low, high = _PARTS_OF_CENTURY.get((match.group(1) or "").lower(), (0, 99))
        return _years(match, 100.0 * int(century) + low, 100.0 * int(century) + high)
    return _part_of_decade(match, float(f"{century}{tens}0"))


def _decade_word(match: re.Match[str]) -> Quantity:
    return _part_of_decade(match, 1900.0 + 10 * _DECADES[match.group(2).lower()])


def _part_of_decade(match: re.Match[str], start: float) -> Quantity:
    low, high = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get(
        (match.group(1) or "").lower(), (0, 9)
    )
    return _years(match, start + low, start + high)


def _century(match: re.Match[str]) -> Quantity:
    name = (match.group(3) or "").lower()
    number = match.group(2) or (ORDINALS.index(name) + 1 if name in ORDINALS else 21)
    first = 100.0 * int(number) - 99
    part = re.split(r"[\s-]", (match.group(1) or "").lower())[0]
    low, high = _PARTS_OF_CENTURY.get(part, (0, 99))
    return _years(match, first + low, first + high)


def _part_of_year(match: re.Match[str]) -> Quantity | None:
    months = {"q": 3, "h": 6, "t": 4}[(match.group(2) or match.group(3))[0].lower()]
    nth = (match.group(1) or match.group(4)).lower()
    if nth in {"last", "final"}:
        number = 12 // months
    else:
        number = int(nth) if nth.isdigit() else ORDINALS.index(nth) + 1
    if number * months > 12:
        return None
    return _months(match, int(match.group(5)), number * months - months + 1, months)


def _stretch(match: re.Match[str]) -> Quantity | None:
    """Early, mid and late are thirds, of a year or of a month."""
    which, name, year = match.group(1).lower(), match.group(2), int(match.group(3))
    # Where only years are known, the year is what counts.
    if name is None and which in SEASONS:
        return replace(_months(match, year, SEASONS[which][0], 3), year=True)
    if which not in _THIRDS:
        return None
    part = _THIRDS.index(which)
    if name is None:
        return replace(_months(match, year, 4 * part + 1, 4), year=True)
    last = monthrange(year, month_number(name))[1]
    days = ((1, 10), (11, 20), (21, last))[part]
    spell = tuple(dt.date(year, month_number(name), day) for day in days)
    return replace(plainly(match, float(year)), dates=(spell[0], spell[1]))


def _months(match: re.Match[str], year: int, first: int, count: int) -> Quantity:
    last = first + count - 1
    until = dt.date(year, last, monthrange(year, last)[1])
    return replace(plainly(match, float(year)), dates=(dt.date(year, first, 1), until))


def _short_year(match: re.Match[str]) -> Quantity:
    # Two digits mean the last hundred years, seen from about now.
    year = int(match.group(1))
    year += 2000 if year < 30 else 1900
    return _years(match, year, year)


MOMENTS = (
    Finder(_ISO, lambda m: _date(m, m.group(1), int(m.group(2)), m.group(3)), 4, signs=("-",)),
    Finder(_STRETCH, _stretch, 4, frozenset((*_THIRDS, *SEASONS))),
    Finder(
        _MONTH_FIRST,
        lambda m: _date(m, m.group(3), month_number(m.group(1)), m.group(2)),
        4,
        _MONTH_WORDS,
    ),
    Finder(
        _DAY_FIRST,
        lambda m: _date(m, m.group(3), month_number(m.group(2)), m.group(1)),
        4,
        _MONTH_WORDS,
    ),
    Finder(_PART_OF_YEAR, _part_of_year, 4, frozenset(phrases("quarter, half, third, q, h"))),
    Finder(_DECADE, _decade, 1, signs=("0s", "0's", "0’s")),
    Finder(_DECADE_WORD, _decade_word, 0, frozenset(_DECADES)),
    Finder(_CENTURY, _century, 0, frozenset(("century",))),
    Finder(_SHORT_YEAR, _short_year, 1, signs=("'", "’")),
)
"""In the order in which they are looked for."""
