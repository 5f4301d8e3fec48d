"""Ranges that stand in two columns: the least and the greatest number of players."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.words import alike, fold, split_name, stem
from findall_frames.embedded.predicates.conditions import Predicate, join
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison

__all__ = ["Bounds", "find_bounds"]

_LEAST = frozenset(("min", "minimum", "least", "lowest", "from"))
_MOST = frozenset(("max", "maximum", "most", "highest", "to"))
_OWN_END = re.compile(r"(?:an? )?(?:min|max)")
_UP_TO = "up to"


@dataclass(frozen=True)
class Bounds:
    """Two columns of numbers of which one is the lower and one the upper end of a range.

    Attributes
    ----------
    least, most : Column
        The ends.
    words : tuple of str
        What it is a range of.
    """

    least: Column
    most: Column
    words: tuple[str, ...]

    def named_by(self, words: Sequence[str], lexicon: Lexicon, *, tied: bool = False) -> bool:
        """Whether words are about the range, and not about one of its ends.

        Where both ends are `tied`, their unit has named them.
        """
        if not (_LEAST | _MOST).isdisjoint(words):
            return False
        return tied or all(any(_same(own, word, lexicon) for word in words) for own in self.words)

    def read(
        self, comparison: Comparison, made: Callable[[Column, Comparison], Predicate | None]
    ) -> Predicate | None:
        """The comparison of the range: for four players, where it lies around four.

        Parameters
        ----------
        comparison : Comparison
            Of what the range is of.
        made : callable
            The comparison of one column.
        """
        low, high = comparison.low, comparison.high
        said = fold(comparison.text)
        if _OWN_END.match(said):
            return None
        if low is not None and high is not None:
            if comparison.stated and low is high:
                return _both(made(self.least, comparison), made(self.most, comparison))
            until = replace(comparison, low=None, high=low, high_open=False)
            since = replace(comparison, low=high, high=None, low_open=False)
            return _both(made(self.least, until), made(self.most, since))
        if high is not None and said.startswith(_UP_TO):
            return made(self.most, replace(comparison, low=high, high=None))
        # A price from 50 to 90 is one under 60: whoever pays looks at the lower end.
        paid = high is not None and self.least.unit is not None
        return made(self.least if paid else self.most, comparison)


def find_bounds(columns: Sequence[Column]) -> tuple[Bounds, ...]:
    """The ranges of which the columns of a table hold the ends: min_players and max_players."""
    found = []
    for one, other in permutations((c for c in columns if c.kind == "number"), 2):
        rest = tuple(word for word in one.words if word not in _LEAST)
        same = rest == tuple(word for word in other.words if word not in _MOST)
        ends = not (
            _LEAST.isdisjoint(split_name(one.name)) or _MOST.isdisjoint(split_name(other.name))
        )
        if same and ends and rest:
            found.append(Bounds(one, other, rest))
    return tuple(found)


def _same(own: str, word: str, lexicon: Lexicon) -> bool:
    return alike(own, word) == 1 or stem(word) in lexicon.family(own)


def _both(one: Predicate | None, other: Predicate | None) -> Predicate | None:
    return join("and", [part for part in (one, other) if part is not None])
