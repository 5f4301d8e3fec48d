"""Words, numbers, units and dates in text, whatever the data are."""

from __future__ import annotations

import re
from calendar import monthrange
from contextlib import suppress
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = [
    "ARTICLES",
    "COUNTS",
    "DATE",
    "NUMBER",
    "PIECE",
    "QUOTED",
    "SCALES",
    "UNITS",
    "WORD",
    "Number",
    "RefusalError",
    "Unit",
    "as_word",
    "days_of",
    "measure_of",
    "split",
    "stem",
]

SCALES: Final = {"k": 3, "thousand": 3, "m": 6, "million": 6, "bn": 9, "billion": 9} | {
    "trillion": 12
}
"""Powers of ten by word."""
COUNTS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
# One kind of unit a line. A value is `value * factor + offset` in the first unit of its line.
_UNIT_TABLE: Final = """
m metre meter=1;mm=0.001;cm=0.01;km kilometre kilometer=1000;ft foot feet=0.3048;mi mile=1609.344
kg kilogram=1;g gram=0.001;t tonne=1000;lb pound=0.45359237
s sec second=1;min minute=60;h hr hour=3600;day=86400;week=604800
month=1;yr year=12
k kelvin=1;°c celsius=1+273.15;°f fahrenheit=5/9+45967/180
m² m2=1;km² km2=1000000;ha hectare=10000
l litre liter=1;ml=0.001
m/s=1;km/h kmh=5/18;mph=0.44704
% percent pct=1
€ eur euro=1
$ usd dollar=1
£ gbp=1
"""
PIECE: Final = re.compile(
    r"[^\W_]+?(?=n['’]t\b)|n['’]t\b|[^\W_]+(?:['’][^\W_]+)?|[<>=!]+|[^\s\w]|_"
)
"""The smallest pieces of a condition; "isn't" is two."""
WORD: Final = re.compile(r"°?[^\W_]+(?:/[^\W_]+)?(?:['’]s?\b)?|[€$£%]")
"""Words in the name of a column."""
QUOTED: Final = re.compile(r"\"([^\"]+)\"|“([^”]+)”|'([^']+)'(?!\w)")
ARTICLES: Final = frozenset({"the", "a", "an", "of"})
"""Words that do not count in the name of a column."""
_MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec"
)
DATE: Final = re.compile(
    r"(?:\d{4}-\d\d-\d\d|\d{4}-(?:0[1-9]|1[0-2])(?!-)"
    rf"|(?:\d\d? )?(?:{_MONTHS})(?: \d\d?,)?(?: \d{{4}})?|\d{{4}}|\d\d?)(?!\w)",
    re.IGNORECASE,
)
"""Dates, or parts of them."""
_DAYS: Final = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")
_MONTHS_OF_YEARS: Final = ("%B %Y", "%b %Y", "%Y-%m")


class RefusalError(Exception):
    """A condition cannot be read in one way only; the message is for a person, without a stop."""


class Unit(NamedTuple):
    """A unit, by its kind and how to convert it to the first unit of that kind."""

    kind: str
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


UNITS: Final[dict[str, Unit]] = {}
"""Units by word, singular and plural."""
for _line in _UNIT_TABLE.strip().splitlines():
    for _entry in _line.split(";"):
        _words, _, _numbers = _entry.partition("=")
        _factor, _, _offset = _numbers.partition("+")
        _unit = Unit(re.split("[ =]", _line)[0], Fraction(_factor), Fraction(_offset or 0))
        UNITS.update(
            {word + end: _unit for word in _words.split() for end in ("", "s"[: len(word) - 1])}
        )
_MONEY_WORDS: Final = "|".join(re.escape(w) for w, unit in UNITS.items() if unit.kind in "€$£")
_UNIT_WORDS: Final = "|".join(re.escape(each) for each in sorted(UNITS, key=len, reverse=True))
NUMBER: Final = re.compile(
    r"(?P<money>[€$£])?(?P<sign>(?<!\w)[-−])?"
    r"(?P<digits>\d{1,3}(?:[, ]\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d+)*"
    rf"|(?i:{'|'.join(COUNTS)})\b)"
    r"(?P<scale>[kM]\b| ?(?i:thousand|million|bn|billion|trillion)\b"
    rf"| ?(?(money)m\b|m(?= ?(?i:{_MONEY_WORDS})(?!\w))))?"  # beside money, m is no metre
    rf"(?: ?(?P<unit>(?i:{_UNIT_WORDS}))(?!\w))?"
)


class Number(NamedTuple):
    """A number as written; `scale` is 1,000,000 for "million", `unit` a word or ""."""

    digits: str
    value: Fraction
    scale: Fraction
    unit: str


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """Return a word without the ending of a plural or a simple verb."""
    word = re.sub(r"['’]s?$", "", word.lower())
    if len(word) > 3:
        word = re.sub(r"(?<=\w\w\w)(ency|encies|(?<!e)ed|ings?|(?<!i)es|(?<![isu])s)$", "", word)
    word = re.sub(r"(ies|ie|y)$", "i", word).removesuffix("e")
    return re.sub(r"([^\Wlsz])\1$", r"\1", word)


def split(name: str) -> list[str]:
    """Return the words of a name in lower case, without articles."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = WORD.findall(apart.lower())
    return [word for word in words if word not in ARTICLES] or words


def days_of(text: str, *, near: date | None = None) -> tuple[date, date] | None:
    """Return the first and last day of a year, month or day; `near` completes a partial date."""
    texts = [text, f"{text} {near:%B %Y}", f"{text} {near:%Y}"] if near else [text]
    for form in (*_DAYS, *_MONTHS_OF_YEARS, "%Y"):
        for completed in texts:
            with suppress(ValueError):
                first = datetime.strptime(completed, form).date()
                last = first if form in _DAYS else first.replace(month=12, day=31)
                if form in _MONTHS_OF_YEARS:
                    last = first.replace(day=monthrange(first.year, first.month)[1])
                return first, last
    return None


def as_word(phrase: str, *, ends: str = r"[^\pL\pN]") -> str:
    """Return a regular expression for a phrase between two of `ends`, all in lower case."""
    words = (re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", word) for word in phrase.split())
    return f"(^|{ends})" + r"[^\pL\pN]+".join(words) + f"({ends}|$)"


def measure_of(words: list[str]) -> tuple[list[str], Unit | None, Fraction]:
    """Return a name such as "gdp usd billions" without its unit and scale, and these."""
    rest, unit, scale = list(words), None, Fraction(1)
    while rest:
        last = rest[-1]
        if len(last) > 1 and (power := SCALES.get(last.removesuffix("s"))):
            scale *= 10**power
        elif UNITS.get(last) and not unit and (last != "min" or len(words) == 1):
            unit = UNITS.get(last)  # but "temp_min" is a minimum
        elif last != "in" or rest == words:
            break
        rest.pop()
    return (words, None, Fraction(1)) if rest[-1:] == ["per"] else (rest, unit, scale)
