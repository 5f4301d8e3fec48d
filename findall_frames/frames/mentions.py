"""Whether a passage says a value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

__all__ = ["mentions"]

_NUMBER: Final = re.compile(
    r"(?<![\w.,])[-+]?(?P<digits>[0-9]{1,3}(?:[,' ][0-9]{3})+(?![0-9])|[0-9]+)(?P<rest>\.[0-9]+)?"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion|k|m|mn|bn|b))?(?!\w)",
    re.IGNORECASE,
)
_SCALES: Final = {
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "trillion": 10**12,
}
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_PLAIN: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def mentions(passage: str, value: str) -> bool:
    """Tell whether a passage says a value, in whatever way it is capitalised and spaced.

    A number may have separators or a magnitude (``12,000,000``, ``12 million``), a date may be
    written out (``May 1, 2024``). Parts of words and of numbers do not count.
    """
    text, wanted = _fold(passage), _fold(value)
    if not wanted:
        return False
    if _PLAIN.fullmatch(wanted):
        return any(abs(number) == abs(Decimal(wanted)) for number in _numbers(text))
    # The plain search first: it is much faster, and mostly there is nothing.
    if wanted in text and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text):
        return True
    return bool(_DATE.fullmatch(wanted)) and _says_date(text, wanted)


def _fold(text: str) -> str:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def _numbers(text: str) -> Iterator[Decimal]:
    for found in _NUMBER.finditer(text):
        digits = re.sub(r"[^0-9]", "", found["digits"]) + (found["rest"] or "")
        yield Decimal(digits) * _SCALES.get(found["scale"] or "", 1)
        if found["scale"]:
            yield Decimal(digits)  # "5 m" may also be metres


def _says_date(text: str, wanted: str) -> bool:
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        return False
    month = _MONTHS[day.month - 1]
    words = set(re.findall(r"\w+", text))
    days = {str(day.day), *(f"{day.day}{ending}" for ending in ("st", "nd", "rd", "th"))}
    return str(day.year) in words and bool(words & {month, month[:3]}) and bool(words & days)
