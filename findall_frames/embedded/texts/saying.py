"""What a number in a sentence is said of: the noun that it counts, the word it measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

from findall_frames.embedded.language.english import AUXILIARIES, FINITE, PREPOSITIONS
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.words import fold, phrases
from findall_frames.embedded.texts.attributes import DIMENSIONS, SAID_BY

__all__ = ["PERIODS", "Claim", "claim_of", "is_plural"]

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[,;:()–—]")
_HEDGES: Final = frozenset(
    phrases(
        """about, around, some, roughly, approximately, approx, circa, only, just, nearly, almost,
        over, up, to, at, least, most, more, less, fewer, than, under, exactly, merely, as, many,
        much, high, low, a, an, the, its, their, his, her, our, your, total, maximum, minimum, max,
        min, average, mean, of, well, no, not, even, still, now, today, currently, usually, above,
        below, perhaps, maybe, estimated, annual, yearly, whole, combined, all, in, little, full,
        extra, altogether, together, apiece, net, gross"""
    )
)
_LINKS: Final = FINITE | frozenset(
    phrases(
        """be, been, of, to, at, by, for, with, from, itself, amount, amounts, amounted, amounting,
        comes, came, come, stands, stood, totals, equals, means, averages, reaches, reach, reached,
        reaching, in, since, until, on, ranges, between, which, that, has, have, had, having"""
    )
)
_STOPS: Final = (
    FINITE
    | AUXILIARIES
    | (PREPOSITIONS - {"of"})
    | frozenset(
        phrases(
            """and, or, but, which, that, who, whom, whose, where, when, while, whereas, because,
            so, if, must, should, shall, may, might, each, per, a, an, every, before, after,
            until, since, than, then, there, including, excluding, plus, it, they, he, she, we,
            you, not, cannot, from"""
        )
    )
)
_DATING: Final = frozenset(phrases("in, since, until, by, from, of, on, to, for, at"))
_LOOSE: Final = frozenset(phrases("for, with, on, in, from, by, since, until, which, that"))
PERIODS: Final = {
    form: period
    for period, forms in (
        ("year", "year, years, annum, yearly, annually, annual"),
        ("month", "month, monthly"),
        ("week", "week, weekly"),
        ("day", "day, daily"),
        ("night", "night, nightly"),
        ("hour", "hour, hourly"),
    )
    for form in phrases(forms)
}
_NO_NOUNS: Final = SAID_BY.keys() | _HEDGES | PERIODS.keys()
_PLURALS: Final = frozenset(
    phrases("people, children, men, women, staff, sheep, fish, mice, feet, teeth, geese, cattle")
)
_SIGNS: Final = frozenset(",;:()–—")
_BESIDE = 40
"""How far back, in characters, the words right before a number are looked for."""
_WHEN = re.compile(
    r",?\s*(?:when|in which|(?:which (?:is|was) )?the year(?: in which| that| when| of)?)\b"
)
_PART = re.compile(r"\s+of (?:the|its|his|her|their|our|them|these|those|which|whom|us|you)\b")
_THERE = re.compile(r"\bthere (?:is|are|were)(?:\s\w+)?\s+$", re.IGNORECASE)
_OR_SO = re.compile(r"\s+or (?:so|more|less|over|older|above|fewer)\b")
_FROM_TO = re.compile(r"\bfrom\s+\w+(?:\s+\w+){0,3}\s+to\s", re.IGNORECASE)
_OVER = re.compile(
    r"(?<!\bno )(?<!\bnot )\b(?:over|(?:more|larger|longer|higher|greater) than|above"
    r"|exceed(?:s|ed|ing)?|upwards of|in excess of)\s+(?:an?\s+)?$",
    re.IGNORECASE,
)
_UNDER = re.compile(
    r"(?<!\bno )(?<!\bnot )\b(?:under|(?:less|fewer|smaller|shorter) than|below|nearly|almost"
    r"|not quite)\s+(?:an?\s+)?$",
    re.IGNORECASE,
)
_SHIFTING = frozenset(
    phrases(
        """over, than, above, exceed, exceeds, exceeded, exceeding, of, under, below, nearly,
        almost, quite"""
    )
)
"""One of these is among the two words right before such a number."""
_NEAREST = 2
_OWN = frozenset(("the", "this", "its"))
_MOST = 4
_FURTHEST = 8
_Mark: TypeAlias = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A number in a sentence, and what it is said of.

    Attributes
    ----------
    quantity : Quantity
        As it is written; of "40 to 60", its `top` is the upper end.
    behind, before : tuple of (int, int)
        From where to where the words stand that it counts, and those that lead to it: the locks of
        "12 locks", and the depth of "a depth of 8 m".
    other : str
        The noun that it counts; empty where none is plain to see.
    tells : frozenset of str
        The attributes, of `ATTRIBUTES`, that words beside it name; empty where none does.
    of : str
        The word of which it is said through "of": the tunnel of "a tunnel of 1,500 m".
    held : str
        The same where that is another thing than the one told of: not "this tunnel".
    until : int
        Where the next number begins, or the sentence ends.
    firm : bool
        Whether the words before it lead straight to it: not through a "for" or a "with".
    verb : str
        The verb right before a year: renovated in 2015.
    part : bool
        Whether it is a part of a number: three of the staff.
    dated : bool
        Whether a year stands there as one: in 1990, the fire of 1990.
    shift : int
        Whether it is more (1) or less (-1) than the number itself: "over 60,000".
    """

    quantity: Quantity
    behind: tuple[int, int]
    before: tuple[int, int]
    other: str = ""
    tells: frozenset[str] = frozenset()
    of: str = ""
    held: str = ""
    until: int = 0
    firm: bool = True
    verb: str = ""
    part: bool = False
    dated: bool = False
    shift: int = 0


def claim_of(quantity: Quantity, sentence: str, left: int, right: int) -> Claim:
    behind = _behind(quantity, _marks(sentence, quantity.end, right), sentence)
    leading = _marks(sentence, left, quantity.start)
    before, link = _before(quantity, leading)
    near = {mark[2] for mark in leading[-_NEAREST:]}
    dimension = quantity.unit.dimension if quantity.unit is not None else ""
    # The m of "4 m" stands for metres beside "deep".
    dimension = "length" if quantity.letter == "m" and not dimension else dimension
    tells = frozenset[str]()
    if dimension in DIMENSIONS:
        said = (SAID_BY.get(mark[2], ()) for mark in (*behind, *before))
        tells = DIMENSIONS[dimension].intersection(chain.from_iterable(said))
    if "distance" in tells and _FROM_TO.search(sentence, 0, quantity.start):
        tells |= {"length"}  # "from Skien to Dalen, 105 km away"
    others = [word for *_, word in behind if word not in _NO_NOUNS]
    if quantity.unit is None:
        # A three-bedroom flat has three bedrooms.
        hyphen = sentence[quantity.end : quantity.end + 1] == "-"
        others = others[:1] if hyphen else [word for word in others if is_plural(word)]
    ahead = sentence[max(0, quantity.start - _BESIDE) : quantity.start]
    return Claim(
        quantity,
        _reach(behind),
        _reach(before),
        other=others[0] if others else "",
        tells=tells,
        of=before[0][2] if before and link == "of" else "",
        held=_held(before) if link == "of" else "",
        until=right,
        firm=link not in _LOOSE,
        verb=before[0][2] if quantity.year and before and before[0][2].endswith("ed") else "",
        part=quantity.unit is None
        and bool(_PART.match(sentence, quantity.end))
        and not _THERE.search(ahead),
        # "The canal of 1839 crosses a forest", but "a library of 1839 books".
        dated=quantity.year and link in _DATING and not (others and _held(before)),
        shift=0 if _SHIFTING.isdisjoint(near) else _shift(ahead),
    )


def _marks(sentence: str, start: int, end: int) -> list[_Mark]:
    """The words and signs that stand there."""
    return [(m.start(), m.end(), fold(m[0])) for m in _TOKEN.finditer(sentence, start, end)]


def _shift(ahead: str) -> int:
    return 1 if _OVER.search(ahead) else -1 if _UNDER.search(ahead) else 0


def _behind(quantity: Quantity, marks: list[_Mark], sentence: str) -> list[_Mark]:
    """The words that a number counts, and those by which it measures: 12 locks, 4 m deep."""
    when = _WHEN.match(sentence, quantity.end) if quantity.year else None
    if when is not None:
        # "1832, the year of its opening"
        return [mark for mark in marks if mark[0] >= when.end() and mark[2] not in _STOPS][:_MOST]
    found: list[_Mark] = []
    so = _OR_SO.match(sentence, quantity.end)
    passed = False
    for at, mark in enumerate(marks):
        word = mark[2]
        if so is not None and mark[0] < so.end():
            continue
        if word == "of" and not passed and (found or quantity.unit is not None):
            passed = True
            continue
        following = marks[at + 1][2] if at + 1 < len(marks) else ""
        if (word == "in" and not found and following in SAID_BY) or (
            word == ","
            and following == "in"
            and marks[at + 2 : at + 3]
            and marks[at + 2][2] in SAID_BY
        ):
            continue
        below = not found and word in SAID_BY and quantity.unit is not None
        if (word in _STOPS and not below) or word in _SIGNS or len(found) == _MOST:
            break
        counted = found and not passed and quantity.unit is None and is_plural(found[-1][2])
        if counted and not is_plural(word):
            break  # "two guides lead groups" are no two groups
        if not (passed and word in _HEDGES):
            found.append(mark)
    return found


def _before(quantity: Quantity, marks: list[_Mark]) -> tuple[list[_Mark], str]:
    """The nearest words that lead to a number, the last first, and the last link to it."""
    found: list[_Mark] = []
    link = ""
    for at, mark in enumerate(reversed(marks)):
        word = mark[2]
        if found and word in _OWN:
            found.append(mark)
            break
        if not found and at < _FURTHEST and (word in _HEDGES or word in _LINKS or word == ":"):
            link = word if word in _LINKS else link
            continue
        if word in _SIGNS or len(found) == _FURTHEST or word in _STOPS - {"that"}:
            break
        found.append(mark)
    return found, link


def _held(before: list[_Mark]) -> str:
    """The other thing of which a number tells: "a tunnel of 90 m", but not "this tunnel"."""
    words = [word for *_, word in before]
    plain = bool(words) and words[0] not in SAID_BY and _OWN.isdisjoint(words)
    return words[0] if plain else ""


def _reach(marks: list[_Mark]) -> tuple[int, int]:
    if not marks:
        return 0, 0
    return min(mark[0] for mark in marks), max(mark[1] for mark in marks)


def is_plural(word: str) -> bool:
    """Whether a folded word looks like a noun in the plural."""
    return word in _PLURALS or (len(word) > 3 and word.endswith("s") and not word.endswith("ss"))
