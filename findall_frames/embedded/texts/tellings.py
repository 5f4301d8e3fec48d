"""By which words sentences tell a number that is asked for with others: perished, for died."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from findall_frames.embedded.language.words import phrases, stem

__all__ = ["NO_PHRASE", "Telling", "tellings_of"]

NO_PHRASE = re.compile(r"(?!)")
"""Of what is told in single words only."""


@dataclass(frozen=True)
class Telling:
    """Words that tell the same number.

    Attributes
    ----------
    asked : frozenset of str
        Stems; one of them stands in the question.
    told : frozenset of str
        Stems; one of them stands where the number does, if none of `asked` does.
    phrase : pattern
        Finds what tells it in several words.
    year : bool
        Whether it is asked in which year, else how many.
    beside : frozenset of str
        Words of which the question needs one as well: the guests of "room for guests".
    of_people : bool
        Whether a part of some people is a number of its own: two thousand of her crew.
    """

    asked: frozenset[str]
    told: frozenset[str]
    phrase: re.Pattern[str] = NO_PHRASE
    year: bool = False
    beside: frozenset[str] = frozenset()
    of_people: bool = field(default=False, kw_only=True)


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, phrases(words)))


_GUESTS = frozenset(phrases("guest, guests, people, persons, diners, visitors, spectators"))
_TELLINGS = (
    Telling(
        _stems("made, painted, created, dates, dated, started, sculpted, carved"),
        _stems(
            """made, painted, created, finished, completed, done, dates, dated, carved, sculpted,
            cast, drawn, woven, worked, began, begun, composed"""
        ),
        year=True,
    ),
    Telling(
        _stems("built, erected, constructed, dates, dated, started"),
        _stems(
            """built, erected, constructed, completed, finished, begun, began, dates, dated,
            raised, rebuilt"""
        ),
        re.compile(r"\b(?:w[ea]nt|put|goes) up\b|\b(?:house|building) of\b", re.IGNORECASE),
        year=True,
    ),
    Telling(
        _stems("discovered, found, located, rediscovered, unearthed, identified"),
        _stems(
            """discovered, located, rediscovered, unearthed, identified, spotted, sighted, tracked,
            uncovered"""
        ),
        re.compile(
            r"\b(?:found|came (?:up)?on|came across|hit upon|dug up|turned up)\b", re.IGNORECASE
        ),
        year=True,
    ),
    Telling(
        _stems("launched, slipway"),
        _stems("launched, slipway, slip, floated"),
        re.compile(r"\btook to the water\b", re.IGNORECASE),
        year=True,
    ),
    Telling(
        _stems("invented, devised"),
        _stems("invented, devised, developed, patent, patented, conceived, created, designed"),
        re.compile(r"\b(?:built|made) the first\b", re.IGNORECASE),
        year=True,
    ),
    Telling(
        _stems("recognised, registered, admitted"),
        _stems("recognised, recognition, registered, accepted, admitted, entered, dates"),
        year=True,
    ),
    # Whatever has a date is what happened then.
    Telling(
        _stems("happened, occurred"),
        _stems("happened, occurred"),
        re.compile(r"\b(?:1[5-9]|20)\d\d\b"),
        year=True,
    ),
    Telling(
        _stems("died, killed, dead, deaths, perished, drowned, fatalities, casualties"),
        _stems(
            """died, killed, dead, deaths, perished, drowned, drowning, fatalities, casualties,
            victims, toll, lost"""
        ),
        re.compile(
            r"\b(?:took|taking) [\w,.]+ (?:\w+ )?with (?:her|him|it|them)\b"
            r"|\b(?:claim|cost|took|taking|los[st])[^.;:]*\blives\b",
            re.IGNORECASE,
        ),
        of_people=True,
    ),
    Telling(
        _stems("seat, seats, seated, accommodate, host, capacity, hold, room, space"),
        _stems(
            """seat, seats, seated, hold, holds, host, hosts, accommodates, welcomes, sit, served,
            capacity, guests, diners"""
        ),
        re.compile(r"\b(?:(?:room|space|places?|enough) for|takes?)\b", re.IGNORECASE),
        beside=_GUESTS,
    ),
    Telling(
        _stems("lifespan, expectancy, lives, live, longevity"),
        _stems("lifespan, expectancy, lives, live, life, longevity, age"),
    ),
    Telling(_stems("fined, fine, penalty"), _stems("fined, fine, fines, penalty")),
    Telling(_stems("fridge, refrigerator"), _stems("fridge, refrigerator, cooler, chiller")),
)


@lru_cache(maxsize=1024)
def tellings_of(words: tuple[str, ...], *, year: bool) -> tuple[Telling, ...]:
    """The groups of words that tell the number asked for with some words.

    Examples
    --------
    >>> [telling.year for telling in tellings_of(("invented",), year=True)]
    [True]
    """
    # What was founded was not found.
    stems = frozenset(stem(word) for word in words if word != "founded")
    return tuple(
        telling
        for telling in _TELLINGS
        if telling.year is year
        and not telling.asked.isdisjoint(stems)
        and (not telling.beside or not telling.beside.isdisjoint(words))
    )
