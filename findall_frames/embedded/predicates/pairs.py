"""Predicates that compare two columns of the same row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.english import (
    AUXILIARIES,
    GENERIC_HEADS,
    is_negator,
    is_relation,
)
from findall_frames.embedded.language.units import MEASURES
from findall_frames.embedded.language.words import phrases, tokens
from findall_frames.embedded.predicates.conditions import Not, Outcome, Predicate
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.values import normal

__all__ = ["Pair", "only_column", "read_pair"]

_EQUAL = "the same as"
_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    _EQUAL: operator.eq,
    "more than": operator.gt,
    "less than": operator.lt,
}
_BETWEEN = re.compile(
    r"\b(?:(?P<more>(?:is |are |was )?(?:more|greater|higher|larger|bigger|later|longer) than|after"
    r"|exceeds?|exceeded|surpass(?:es|ed)?|outnumbers?"
    r"|(?:is |are |was )?(?:above|over|beyond|ahead of|in excess of))"
    r"|(?P<less>(?:is |are |was )?(?:less|fewer|smaller|lower|earlier|shorter) than|before"
    r"|(?:is |are |was )?(?:below|under|short of|behind)|f(?:alls?|ell) short of)"
    r"|(?P<other>differs? from|(?:is |are )?different from|(?:is |are )?(?:not|never|isn't|aren't)"
    r"(?: also)?(?: the same as| equal to| identical (?:to|with))?)"
    r"|(?P<same>(?:is |are )?(?:the same as|equal to|identical (?:to|with))|equals|is also|is))"
    r"(?=\s|$)"
)
# "Sold fewer tickets than printed", "has as many wins as losses".
_COUNTED = re.compile(
    r"\b(?:(?P<more>more|greater|higher|larger|later|longer)|(?P<less>less|fewer|smaller|lower|earlier"
    r"|shorter)|(?P<same>as (?:many|much)))(?P<noun>(?: [^\W\d_]+){0,3}?) (?:than|(?<!than )as) "
    r"(?P<rest>.+)$"
)
_OVERRUN = re.compile(
    r"\b(?:(?P<more>over|above|beyond|ahead of|exceed(?:s|ed|ing)?|beat(?:s|en)?|surpass(?:es|ed)?"
    r"|overr[au]n|topp?(?:ed|s)?)|(?P<less>under|below|miss(?:es|ed)?|short of|behind"
    r"|did(?: not|n't) (?:meet|reach|hit|achieve))"
    r"|(?P<reached>me(?:t|ets?)|reach(?:es|ed)?|hits?|achieve[sd]?|fulfil(?:s|led)?)|(?P<within>within))"
    r"(?: the| its| their| his| her)? (?P<aim>(?:[a-z]+ )?(?:budget|target|goal|quota|plan|forecast"
    r"|estimate|limit|allowance))s?$"
)
_SPENT = frozenset(("cost", "costs", "spent", "spend", "spending", "actual", "expenses"))
_ACTUAL = "actual"
_SMALL = frozenset(
    phrases("the, a, an, its, their, it, of, one, that, whose, which, where, must, be, also, with")
)
_ENOUGH = 0.36
_LONGEST = 400
"""Characters of a condition that may compare two columns."""


@dataclass(frozen=True)
class Pair:
    """Two columns of a row, which are equal, or of which the first is more or less."""

    first: Column
    second: Column
    relation: str

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.first.name} is {self.relation} {self.second.name}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; where either is missing it cannot be told."""
        firsts, seconds = self._shown(self.first, positions), self._shown(self.second, positions)
        return [self._outcome(one, other) for one, other in zip(firsts, seconds, strict=True)]

    @staticmethod
    def _shown(column: Column, positions: Sequence[int]) -> list[tuple[Any, str]]:
        """What is compared of each cell, and how it is written."""
        cells = column.cells(positions)
        if column.kind == "number":
            amounts = column.amounts(positions)
            factor = column.scale * (column.unit.factor if column.unit else 1.0)
            return [
                (None if amount is None else amount * factor, str(cell).removesuffix(".0"))
                for amount, cell in zip(amounts, cells, strict=True)
            ]
        if column.kind == "text":
            return [(None if cell is None else normal(str(cell)), str(cell)) for cell in cells]
        days = column.day_list(positions)
        return [(day, str(cell)) for day, cell in zip(days, cells, strict=True)]

    def _outcome(self, one: tuple[Any, str], other: tuple[Any, str]) -> Outcome:
        names = (self.first.name, self.second.name)
        missing = [n for n, (v, _) in zip(names, (one, other), strict=True) if v is None]
        if missing:
            reason = f"{' and '.join(missing)} is missing, so this cannot be told."
            return Outcome(None, None, reason, "low", ())
        truth = _TESTS[self.relation](one[0], other[0])
        reason = f"{names[0]} is {one[1]} and {names[1]} is {other[1]}."
        evidence = ((names[0], one[1]), (names[1], other[1]))
        return Outcome(truth, one[1], reason, "high", evidence)


def read_pair(said: str, linker: Linker) -> Predicate | None:
    """A condition that compares two columns; None where it does not.

    Parameters
    ----------
    said : str
        The condition, folded, and without numbers.
    linker : Linker
        Of the corpus.
    """
    if len(said) > _LONGEST:
        return None  # no question, and long to take apart
    for match in _BETWEEN.finditer(said):
        words, behind = tokens(said[: match.start()]), tokens(said[match.end() :])
        before = [word for word in words if not is_negator(word)]
        # "Started later than scheduled" is about the actual start, and the scheduled one.
        both = _both((before, [*before, _ACTUAL]), (behind, [*behind, *before]), linker)
        if both is None:
            continue
        if match["more"] or match["less"]:
            if not _comparable(*both):
                continue
            pair = Pair(*both, "more than" if match["more"] else "less than")
            return pair if before == words else Not(pair)
        if before != words:
            continue
        same = Pair(*both, _EQUAL)
        return Not(same) if match["other"] else same
    return _read_counted(said, linker) or _read_overrun(said, linker)


def _read_counted(said: str, linker: Linker) -> Predicate | None:
    """Two columns that are counted in the same noun, which may be said once."""
    match = _COUNTED.search(said)
    if match is None:
        return None
    words, noun, behind = map(tokens, (said[: match.start()], match["noun"], match["rest"]))
    before = [word for word in words if not is_negator(word)]
    if linker.values(noun):
        return None
    seconds = (behind, [*behind, *noun[:-1]], [*behind, *noun])
    both = _both(([*before, *noun], before), seconds, linker)
    if both is None or not _comparable(*both):
        return None
    relation = _EQUAL if match["same"] else "more than" if match["more"] else "less than"
    pair = Pair(*both, relation)
    return pair if before == words else Not(pair)


def _read_overrun(said: str, linker: Linker) -> Predicate | None:
    """What was spent against a budget: over budget, within its budget."""
    match = _OVERRUN.search(said)
    aim = only_column(tokens(match["aim"]), linker) if match is not None else None
    if match is None:
        return None
    aim = aim or only_column(tokens(match["aim"])[-1:], linker)
    actual = _actual(aim, linker) if aim is not None else None
    if aim is None or actual is None:
        return None
    pair = Pair(actual, aim, "less than" if match["less"] or match["reached"] else "more than")
    denied = any(map(is_negator, tokens(said[: match.start()])))
    return Not(pair) if denied != bool(match["within"] or match["reached"]) else pair


def _actual(aim: Column, linker: Linker) -> Column | None:
    """The one column of what came of an aim: called like it, else what was spent, else alike."""
    others = [c for c in linker.columns if c is not aim and _comparable(c, aim)]
    others = [c for c in others if c.kind == aim.kind and c.scale == aim.scale]
    own = [c for c in others if set(c.words) < set(aim.words)]
    spent = [c for c in others if not _SPENT.isdisjoint(c.words)]
    measured = [c for c in others if c.unit is not None and c.unit == aim.unit]
    return next((found[0] for found in (own, spent, measured) if len(found) == 1), None)


def _both(
    firsts: Iterable[Sequence[str]], seconds: Iterable[Sequence[str]], linker: Linker
) -> tuple[Column, Column] | None:
    """The first two columns of one kind that ways to put the one and the other name."""
    for one, other in product(firsts, seconds):
        first, second = only_column(one, linker), only_column(other, linker)
        if first is None or second is None or first is second:
            continue
        if first.kind == second.kind:
            return first, second
    return None


def _comparable(first: Column, second: Column) -> bool:
    if first.kind not in {"number", "date"}:
        return False
    if first.unit is None or second.unit is None:
        return first.unit is second.unit
    return first.unit.convertible(second.unit)


def only_column(
    words: Sequence[str],
    linker: Linker,
    *,
    kinds: Sequence[str] = ("text", "number", "date"),
    loosely: bool = False,
) -> Column | None:
    """The column that words name in full, if they say nothing else.

    Loosely, a related word will do where no other column comes as near: employees for staff.
    """
    words = [word for word in words if word not in _SMALL]
    matches = linker.named(words, kinds)
    for found in matches:
        nearer = [other for other in matches if other.score >= found.score]
        fits = found.named or (loosely and found.score >= _ENOUGH and nearer == [found])
        rest = [word for at, word in enumerate(words) if at not in found.used]
        if fits and all(_adds_nothing(word, found.column, linker) for word in rest):
            return found.column
    return None


def _adds_nothing(word: str, column: Column, linker: Linker) -> bool:
    if is_negator(word):
        return False
    if column.unit is not None and word in MEASURES.get(column.unit.dimension, ()):
        return True  # cooking time
    small = word in GENERIC_HEADS | AUXILIARIES | {"to", "for", "in", "on"}
    return small or is_relation(word) or linker.is_kind(word)
