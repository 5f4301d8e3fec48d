"""Numbers, years, dates and versions in a text, with magnitude and unit."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter

from findall_frames.embedded.language.moments import MOMENTS, MONTHS, ORDINALS, Finder, plainly
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import (
    CURRENCY_SIGNS,
    MAGNITUDES,
    Unit,
    magnitude_named,
    may_be_unit,
    unit_named,
)
from findall_frames.embedded.language.words import fold, phrases

__all__ = ["MONTHS", "ORDINALS", "find_quantities", "letters_of", "version_key"]


_SMALL = phrases(
    """zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,
    fourteen, fifteen, sixteen, seventeen, eighteen, nineteen"""
)
_TENS = phrases("twenty, thirty, forty, fifty, sixty, seventy, eighty, ninety")
_COUNTS = {word: float(n) for n, word in enumerate(_SMALL)} | {"single": 1.0}
_COUNTS |= {word: 10.0 * n for n, word in enumerate(_TENS, start=2)}
_MAGNITUDE_WORDS = {word: factor for word, factor in MAGNITUDES.items() if len(word) > 3}
_MAGNITUDE_WORDS |= {"dozen": 12.0}
_COUNT = "|".join(sorted(_COUNTS, key=len, reverse=True))
_WHOLE_UNITS = "|".join(
    phrases(
        """tonne, ton, mile, kilometre, kilometer, kilogram, kilo, metre, meter, foot, inch, pound,
        ounce, gallon, litre, liter, acre, hectare, kilowatt, megawatt, gigawatt, gigabyte,
        terabyte, year, month, week, day, hour, minute, second"""
    )
)
# "Two hundred and five", but not "between five and ten".
_AND = rf"(?<=hundred )and(?=\s+(?:{_COUNT})\b(?!\s+hundred))"
_BIG = "|".join(f"{word}s?" for word in _MAGNITUDE_WORDS)
_BIGS = (*_MAGNITUDE_WORDS, *(f"{word}s" for word in _MAGNITUDE_WORDS))

_HALVES = re.compile(
    rf"\b(?:(?P<whole>\d+|{_COUNT})\s+and\s+a\s+half(?P<big>\s+(?:{_BIG}))?"
    rf"|(?:an?|one)\s+(?P<after>{_WHOLE_UNITS}|{_BIG})\s+and\s+a\s+half"
    rf"|half\s+an?\s+(?P<half>{_WHOLE_UNITS})"
    rf"|(?P<three>three\s+)?(?:an?\s+)?quarters?\s+of\s+an?\s+(?P<part>{_WHOLE_UNITS}))\b",
    re.I,
)
_CLOCK = re.compile(
    r"\b(\d{1,3})\s?h(?:ours?|rs?)?\s?(?:and\s)?(\d{1,2})\s?m(?:in(?:ute)?s?)?\b", re.I
)
_SHARE = re.compile(
    r"(?<!first )(?<!second )(?<!last )\b(?:(?:an?\s+)?(?P<one>half|third|quarter|fifth|tenth)"
    r"|(?P<some>two|three)[\s-](?P<many>thirds|quarters|fifths))(?!\s+of\s+an?\b)\b",
    re.I,
)
_IS = re.compile(r"\b(?:is|are|was|were|by|at|to|about|only|just|nearly|almost)$", re.I)
_THAN = re.compile(r"\b(?:than|least|most|over|under|nearly)$", re.IGNORECASE)
_SHARES = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[a-z]+")
_FOUR = re.compile(r"\d{4}")
_LONGEST = 2000
"""Characters of a text that is remembered."""
_VERSION = re.compile(r"\bv?(\d+(?:\.\d+){2,})\b", re.I)
_NUMBER = re.compile(
    r"(?=[-−$€£¥₹.\duegcjiUEGCJI])(?P<sign>(?<![\w.])[-−](?=[$€£¥₹\d]))?(?:(?P<currency>us\$|[$€£¥₹]|\b(?:usd|eur|gbp|chf|jpy|inr|cny))\s?)?"
    r"(?P<number>\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|(?<![\w.])\.\d+|\d+(?:\.\d+)?)"
    r"(?!\d|st\b|nd\b|rd\b|th\b)",
    re.I,
)
_SPELLED = re.compile(
    rf"\b(?:(?:an?\s+)?half\s+(?:an?\s+)?(?P<half>{_BIG})"
    rf"|(?:an?\s+)?quarter\s+of\s+an?\s+(?P<quarter>{_BIG})"
    rf"|an?\s+hundred\s+and\s+(?P<over>(?:{_COUNT})(?:[\s-](?:{_COUNT}))?)(?!\s+(?:{_BIG})\b)"
    rf"|(?:an?|several)\s+(?P<single>{_BIG})"
    rf"|(?P<words>(?:{_COUNT})(?:[\s-]+(?:{_COUNT}|{_BIG}|{_AND}))*))\b",
    re.I,
)
_A_UNIT = re.compile(rf"\ban?(?=\s+(?:{_WHOLE_UNITS})\b)", re.I)
_UNIT = r"[^\W\d_]+(?:[²³]|[23](?!\w))?"
_NEXT_WORD = re.compile(rf"[\s\u00a0-]*(%|°[CF]?|{_UNIT}(?:/{_UNIT})?)")


def find_quantities(text: str) -> list[Quantity]:
    """All quantities in a text, in their order; each place belongs to one only.

    Examples
    --------
    >>> [q.value for q in find_quantities("between half a million and 1,500,000 people")]
    [500000.0, 1500000.0]
    >>> [(q.value, q.top) for q in find_quantities("built in the 1990s")]
    [(1990.0, 1999.0)]
    """
    found: list[Quantity] = []
    lowered = text.lower()
    words = letters_of(text)
    digits = 4 if _FOUR.search(text) else int(_DIGIT.search(text) is not None)
    for pattern, read, least, needed, signs in _FINDERS:
        if digits < least or (needed and needed.isdisjoint(words)):
            continue
        if signs and not any(map(lowered.__contains__, signs)):
            continue
        for match in pattern.finditer(text):
            if found and _is_taken(match, found):
                continue
            quantity = read(match)
            if quantity is not None:
                found.append(_with_unit(quantity, text))
    found.sort(key=_start)
    return found


def letters_of(text: str) -> frozenset[str]:
    """What stands in a text in letters without accents, in lower case: km, of 5km²."""
    return _letters(text) if len(text) <= _LONGEST else _letters.__wrapped__(text)


@lru_cache(maxsize=1024)
def _letters(text: str) -> frozenset[str]:
    return frozenset(_LETTERS.findall(text.lower()))


def version_key(text: str) -> tuple[int, ...]:
    """The leading numbers of a version; empty where it has none."""
    match = re.match(r"\s*[vV]?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


_start = attrgetter("start")


def _is_taken(match: re.Match[str], found: list[Quantity]) -> bool:
    """Whether a place belongs to another number already."""
    start, end = match.span()
    for one in found:  # noqa: SIM110 - much faster than a generator, and this is the inner loop
        if start < one.end and one.start < end:
            return True
    return False


def _halves(match: re.Match[str]) -> Quantity:
    if match["whole"]:
        whole = match["whole"].lower()
        value = _COUNTS[whole] if whole in _COUNTS else float(whole)
        return plainly(match, (value + 0.5) * (_big(match["big"].strip()) if match["big"] else 1))
    word = (match["after"] or match["half"] or match["part"]).lower()
    value = 1.5 if match["after"] else 0.5
    if match["part"]:
        value = 0.75 if match["three"] else 0.25
    # A "year" by itself is none, so that a column of that name holds dates.
    unit = unit_named((word,)) or unit_named((f"{word}s",))
    return (
        plainly(match, value * _big(word))
        if unit is None
        else replace(plainly(match, value), unit=unit)
    )


def _clock(match: re.Match[str]) -> Quantity:
    hours = int(match.group(1)) + int(match.group(2)) / 60
    return replace(plainly(match, hours), unit=unit_named(("hour",)))


def _share(match: re.Match[str]) -> Quantity | None:
    behind, before = match.string[match.end() :].lstrip(), match.string[: match.start()].rstrip()
    counted = behind.startswith(("a ", "an "))
    told = behind.startswith(("of ", "or less", "or more")) or (
        behind[:1] in set(".,;)") and _IS.search(before)
    )
    if counted or (behind and not told and not _THAN.search(before)):
        return None  # "half a million", "a third party"
    many = {"two": 2, "three": 3}.get((match["some"] or "").lower(), 1)
    parts = _SHARES[(match["one"] or match["many"].removesuffix("s")).lower()]
    value = round(100 * many / parts, 6)
    return replace(plainly(match, value), unit=unit_named(("percent",)), of_whole=True)


def _dotted(match: re.Match[str]) -> Quantity:
    version = version_key(match.group(1))
    value = float(f"{version[0]}.{version[1]}")
    return replace(plainly(match, value), version=version)


def _number(match: re.Match[str]) -> Quantity:
    sign, currency, number = match.groups()
    written = number.replace(",", "").replace("\u00a0", "").replace("\u202f", "")
    value = -float(written) if sign else float(written)
    start, end = match.span()
    if currency:
        name = currency.lower()
        unit = unit_named((CURRENCY_SIGNS.get(name[-1], name),))
        return Quantity(start, end, match.group(), value, value, unit)
    if len(written) != len(number) or written[0] == ".":
        return Quantity(start, end, match.group(), value, value)
    year = len(written) == 4 and "." not in written and (written < "2101" and written >= "1000")
    parts = tuple(map(int, written.split(".")))
    return Quantity(start, end, match.group(), value, value, year=year, version=parts)


def _a_unit(match: re.Match[str]) -> Quantity:
    return replace(plainly(match, 1.0), weak=True)


def _spelled(match: re.Match[str]) -> Quantity:
    for part, group in ((0.5, "half"), (0.25, "quarter"), (1.0, "single")):
        if match[group]:
            return plainly(match, part * _big(match[group]))
    if match["over"]:
        over = re.split(r"[\s-]+", match["over"].lower())
        return plainly(match, 100.0 + sum(_COUNTS[word] for word in over))
    total = current = 0.0
    words = re.split(r"[\s-]+", match["words"].lower())
    for word in words:
        if word in _COUNTS:
            current += _COUNTS[word]
        elif word != "and":
            factor = _big(word)
            if factor > 100:
                total, current = total + max(current, 1.0) * factor, 0.0
            else:
                current = max(current, 1.0) * factor
    quantity = plainly(match, total + current)
    version = (int(current),) if not total else ()
    return replace(quantity, weak=words in (["one"], ["single"]), version=version)


def _big(word: str) -> float:
    word = word.lower()
    return _MAGNITUDE_WORDS.get(word) or _MAGNITUDE_WORDS[word.removesuffix("s")]


def _with_unit(quantity: Quantity, text: str) -> Quantity:
    """The quantity with the magnitude and the unit that follow it."""
    following = _NEXT_WORD.match(text, quantity.end)
    if following is None or not _says_more(following.group(1)):
        return quantity
    whole = quantity.dates or quantity.top != quantity.value or len(quantity.version) > 2
    if whole or (quantity.unit is not None and quantity.unit.dimension != "money"):
        return quantity
    quantity = _with_magnitude(quantity, text, following)
    words: list[str] = []
    ends: list[int] = []
    position = quantity.end
    while len(words) < 4 and (match := _NEXT_WORD.match(text, position)):
        words.append(fold(match.group(1)))
        ends.append(match.end())
        position = match.end()
        if len(words) == 1 and not may_be_unit(words[0]):
            break
    if words[:1] in (["degrees"], ["degree"]) and quantity.year:
        quantity = replace(quantity, year=False)
    # A single year, or "two-year" before a noun; else "year" names a column of years.
    yearly = words[:1] == ["year"] and (quantity.value == 1 or text[quantity.end] == "-")
    if yearly and quantity.unit is None:
        return _grown(quantity, text, ends[0], unit=unit_named(("years",)))
    for size in range(len(words), 0, -1):
        unit = unit_named(tuple(words[:size]))
        # A single letter is a unit only right behind its number.
        far = size == 1 and len(words[0]) == 1 and ends[0] - quantity.end > 2
        if unit is not None and not far and not quantity.letter:
            if size == 1 and words[0] in {"m", "b"} and quantity.unit is None:
                return _grown(quantity, text, ends[0], letter=words[0])
            if quantity.unit is None or quantity.unit == unit:
                return _grown(quantity, text, ends[size - 1], unit=unit)
    return quantity


@lru_cache(maxsize=4096)
def _says_more(written: str) -> bool:
    """Whether a word behind a number may be a magnitude or begin the name of a unit."""
    word = fold(written)
    return word == "year" or magnitude_named(word) is not None or may_be_unit(word)


def _with_magnitude(quantity: Quantity, text: str, match: re.Match[str]) -> Quantity:
    word, written = fold(match.group(1)), match.group(1)
    attached = match.start(1) == quantity.end
    money = quantity.unit is not None
    factor = magnitude_named(word)
    if factor is None and written == "T" and money:
        factor = 1e12
    if factor is None or (len(word) == 1 and not attached and not money and written != "M"):
        return quantity
    if written == "m" and not money:
        return _grown(quantity, text, match.end(), letter="m")
    if word == "mm" and not money:
        return quantity
    value = round(quantity.value * factor, 6)
    return _grown(quantity, text, match.end(), value=value)


def _grown(
    quantity: Quantity,
    text: str,
    end: int,
    *,
    unit: Unit | None = None,
    letter: str = "",
    value: float | None = None,
) -> Quantity:
    """The quantity with what follows it up to an end; it is no year then, nor a version."""
    return Quantity(
        quantity.start,
        end,
        text[quantity.start : end],
        quantity.value if value is None else value,
        quantity.top if value is None else value,
        unit or quantity.unit,
        letter or quantity.letter,
        weak=quantity.weak,
        of_whole=quantity.of_whole,
    )


_FINDERS = (
    *MOMENTS,
    Finder(_HALVES, _halves, 0, frozenset(phrases("half, quarter, quarters"))),
    Finder(_CLOCK, _clock, 1, frozenset(phrases("h, hr, hrs, hour, hours"))),
    Finder(_VERSION, _dotted, 1, signs=(".",)),
    Finder(_SHARE, _share, 0, frozenset((*_SHARES, *phrases("thirds, quarters, fifths")))),
    Finder(_NUMBER, _number, 1),
    Finder(_SPELLED, _spelled, 0, frozenset((*_COUNTS, *_BIGS))),
    Finder(_A_UNIT, _a_unit, 0, frozenset(_WHOLE_UNITS.split("|"))),
)
