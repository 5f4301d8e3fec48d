"""The numbers of a sentence, each with what it is said of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, overload

from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import unit_named
from findall_frames.embedded.language.words import fold
from findall_frames.embedded.texts.saying import PERIODS, Claim, claim_of

__all__ = ["Claims", "claims_of", "period_in", "period_of"]


_LONGEST = 2000
"""Characters of a sentence whose numbers are remembered."""
_THAT_IS = re.compile(
    r"\s*(?:[(,/–]|, or|or)\s*(?:or |about |some |around |roughly |c\. ?|ca\. ?)*"
)
_PERIOD = re.compile(
    r"\b(?:(?:a|an|per|each|every)\s+(?:\w+\s+)?(year|annum|month|week|day|night|hour)"
    r"|(yearly|annually|monthly|weekly|daily|nightly|hourly))\b",
    re.IGNORECASE,
)
_LASTS = re.compile(r"\b(?:takes?|took|lasts?|lasted|for|within|after|in)\s*$", re.IGNORECASE)
_PERIOD_REACH = 60


def claims_of(sentence: str) -> Claims:
    """The numbers of a sentence in their order.

    Examples
    --------
    >>> [(c.quantity.value, c.other, *c.tells) for c in claims_of("Its 12 locks are 4 m deep.")]
    [(12.0, 'locks'), (4.0, '', 'depth')]
    """
    return _remembered(sentence) if len(sentence) <= _LONGEST else Claims(sentence)


@lru_cache(maxsize=4096)
def _remembered(sentence: str) -> Claims:
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
        return claim_of(self.quantities[at], self._sentence, left, right)


def period_of(claim: Claim, sentence: str) -> str:
    """The time of which a number is told: the week of "20 hours a week"; else empty."""
    end = claim.quantity.end
    return period_in(sentence[end : min(claim.until, end + _PERIOD_REACH)])


def period_in(text: str) -> str:
    """The time in which something is done so often: the week of "hours a week"; else empty."""
    match = _PERIOD.search(text)
    return PERIODS[fold(match.group(1) or match.group(2))] if match else ""


def _in_money(quantity: Quantity) -> Quantity:
    """Two million pounds are money."""
    pounds = quantity.unit is not None and quantity.unit.name == "lb" and "illion" in quantity.text
    return replace(quantity, unit=unit_named(("gbp",))) if pounds else quantity


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
