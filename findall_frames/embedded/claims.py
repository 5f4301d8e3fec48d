"""What the numbers of a sentence are said of: the noun that each counts, the word it measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Final, TypeAlias, overload

from findall_frames.embedded.attributes import DIMENSIONS, SAID_BY
from findall_frames.embedded.english import AUXILIARIES, FINITE, PREPOSITIONS
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.quantity import Quantity
from findall_frames.embedded.units import unit_named
from findall_frames.embedded.words import fold, phrases

__all__ = [
    "Claim",
    "Claims",
    "claims_of",
    "is_plural",
    "period_in",
    "period_of",
]

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
_PERIODS: Final = {
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
_NO_NOUNS: Final = SAID_BY.keys() | _HEDGES | _PERIODS.keys()
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
_THAT_IS = re.compile(
    r"\s*(?:[(,/–]|, or|or)\s*(?:or |about |some |around |roughly |c\. ?|ca\. ?)*"
)
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
_PERIOD = re.compile(
    r"\b(?:(?:a|an|per|each|every)\s+(?:\w+\s+)?(year|annum|month|week|day|night|hour)"
    r"|(yearly|annually|monthly|weekly|daily|nightly|hourly))\b",
    re.IGNORECASE,
)
_LASTS = re.compile(r"\b(?:takes?|took|lasts?|lasted|for|within|after|in)\s*$", re.IGNORECASE)
_PERIOD_REACH = 60
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


@lru_cache(maxsize=4096)
def claims_of(sentence: str) -> Claims:
    """The numbers of a sentence in their order.

    Examples
    --------
    >>> [(c.quantity.value, c.other, *c.tells) for c in claims_of("Its 12 locks are 4 m deep.")]
    [(12.0, 'locks'), (4.0, '', 'depth')]
    """
    return Claims(sentence)


class Claims(Sequence[Claim]):
    """The numbers of a sentence; of what each is said is only looked at when it is asked for.

    Parameters
    ----------
    sentence : str
        The sentence.

    Attributes
    ----------
    quantities : tuple of Quantity
        The numbers, "40 to 60" as one.
    """

    def __init__(self, sentence: str) -> None:
        found = [told for one in find_quantities(sentence) if (told := _told(one, sentence))]
        joined = found if len(found) < 2 else _in_ranges(found, sentence)
        self.quantities: Final = tuple(map(_in_money, joined))
        self._sentence: Final = sentence
        self._claims: Final[dict[int, Claim]] = {}

    def __len__(self) -> int:
        return len(self.quantities)

    @overload
    def __getitem__(self, at: int) -> Claim: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Claim]: ...

    def __getitem__(self, at: int | slice) -> Claim | Sequence[Claim]:
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        if at not in self._claims:
            self._work_out(range(len(self))[at])
        return self._claims[at]

    def _work_out(self, at: int) -> None:
        """What a number is said of, along with those that say the same in other units."""
        first = last = at
        while first and self._converts(first - 1):
            first -= 1
        while last + 1 < len(self) and self._converts(last):
            last += 1
        claims: list[Claim] = []
        for each in range(first, last + 1):
            claim = self._alone(each)
            if claims:
                claim = _like(claim, claims[-1])
                claims[-1] = _like(claims[-1], claim)
            claims.append(claim)
        self._claims.update(zip(range(first, last + 1), claims, strict=True))

    def _converts(self, at: int) -> bool:
        return _converts(self.quantities[at], self.quantities[at + 1], self._sentence)

    def _alone(self, at: int) -> Claim:
        left = self.quantities[at - 1].end if at else 0
        last = at + 1 == len(self)
        right = len(self._sentence) if last else self.quantities[at + 1].start
        return _claim(self.quantities[at], self._sentence, left, right)


def period_of(claim: Claim, sentence: str) -> str:
    """The time of which a number is told: the week of "20 hours a week"; else empty."""
    end = claim.quantity.end
    return period_in(sentence[end : min(claim.until, end + _PERIOD_REACH)])


def period_in(text: str) -> str:
    """The time in which something is done so often: the week of "hours a week"; else empty."""
    match = _PERIOD.search(text)
    return _PERIODS[fold(match.group(1) or match.group(2))] if match else ""


def _claim(quantity: Quantity, sentence: str, left: int, right: int) -> Claim:
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


def _in_money(quantity: Quantity) -> Quantity:
    """Two million pounds are money."""
    pounds = quantity.unit is not None and quantity.unit.name == "lb" and "illion" in quantity.text
    return replace(quantity, unit=unit_named(("gbp",))) if pounds else quantity


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


def _in_ranges(quantities: list[Quantity], sentence: str) -> Iterator[Quantity]:
    """The numbers, of which "40 to 60" are one."""
    waiting: Quantity | None = None
    for quantity in quantities:
        if waiting is None:
            waiting = quantity
            continue
        joined = _range(waiting, quantity, sentence)
        if joined is None:
            yield waiting
        waiting = joined or quantity
    if waiting is not None:
        yield waiting


def _range(low: Quantity, high: Quantity, sentence: str) -> Quantity | None:
    between = sentence[low.end : high.start].strip().lower()
    ahead = sentence[: low.start].rstrip().lower()
    plain = not (low.year or high.year or low.dates or high.dates or low.top != low.value)
    told = between in {"to", "–", "-", "—", "up to"} or (
        between == "and" and ahead.endswith("between")
    )
    told = told or (between == "or" and high.value == low.value + 1)
    if not (plain and told) or low.value >= high.value or (low.unit or high.unit) != high.unit:
        return None
    text = sentence[low.start : high.end]
    return replace(high, start=low.start, text=text, value=low.value, version=())


def _converts(one: Quantity, other: Quantity, sentence: str) -> bool:
    """Whether the same is said in another unit: 60 miles (97 km)."""
    between = sentence[one.end : other.start]
    if one.unit is None or other.unit is None or one.unit == other.unit:
        return False
    return one.unit.convertible(other.unit) and bool(_THAT_IS.fullmatch(between))


def _like(claim: Claim, other: Claim) -> Claim:
    """The claim with what the same number in another unit is said of."""
    behind = claim.behind if claim.behind[1] else other.behind
    before = (
        other.before if other.before[0] < claim.before[0] or not claim.before[1] else claim.before
    )
    return replace(
        claim,
        behind=behind,
        before=before,
        tells=claim.tells | other.tells,
        held=claim.held or other.held,
        other=claim.other or other.other,
    )


def _told(quantity: Quantity, sentence: str) -> Quantity | None:
    """The quantity, unless it only tells how often: "a year"; "it takes a year" tells how long."""
    if not quantity.weak or quantity.unit is None:
        return quantity
    one = quantity.text[:3].lower() == "one" or _LASTS.search(sentence, 0, quantity.start)
    return replace(quantity, weak=False) if one else None


def _reach(marks: list[_Mark]) -> tuple[int, int]:
    if not marks:
        return 0, 0
    return min(mark[0] for mark in marks), max(mark[1] for mark in marks)


def is_plural(word: str) -> bool:
    """Whether a folded word looks like a noun in the plural."""
    return word in _PLURALS or (len(word) > 3 and word.endswith("s") and not word.endswith("ss"))
