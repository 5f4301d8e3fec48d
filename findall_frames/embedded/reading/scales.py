"""Values that have an order: low, medium, high; easy to hard; A to D; level 1 to level 5."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from findall_frames.embedded.language.words import phrases, tokens

__all__ = ["LESS", "MORE", "Scale", "adjective_of", "scale_of"]

# Alternatives of one rank are divided by a bar. The last is the best.
_BEST_LAST = (
    "very poor|very bad|terrible|inadequate|unsatisfactory|failing, "
    "poor|bad|weak|requires improvement|needs improvement, "
    "fair|average|ok|okay|satisfactory|acceptable, "
    "good|strong, very good, excellent, outstanding|exceptional",
    "beginner|novice|basic|elementary|starter, lower intermediate, intermediate|improver, "
    "upper intermediate, advanced, expert|professional|master",
    "intern|trainee|apprentice, junior|entry|entry level|graduate, mid|mid level|middle|"
    "intermediate|associate, senior, lead|staff, principal",
    "bronze|basic, silver|standard, gold|premium, platinum, diamond",
    "diploma, bachelor|bachelors|undergraduate, master|masters|postgraduate, phd|doctorate",
)
# The last has the most of it, and where it is an ill, is the worst.
_MOST_LAST = (
    "none|negligible, very low|minimal, low, medium low, medium|moderate|mid|normal|average, "
    "medium high, high|elevated, very high, extreme|extremely high|severe|critical",
    "very easy, easy|simple|beginner, moderate|medium|intermediate, hard|difficult|challenging|"
    "demanding|strenuous|advanced, very hard|very difficult|expert, extreme|extremely hard",
    "informational|trivial, minor|low, moderate|medium, major|serious|high, severe|critical",
    "xs|extra small, s|small, m|medium, l|large, xl|extra large, xxl, xxxl",
    "tiny|very small, small|little, medium|mid|mid size|midsize|middle, large|big, very large|huge",
    "mild, medium, hot|spicy, very hot|extra hot",
    "cold, cool, mild, warm, hot",
    "very slow, slow, medium|moderate|average, fast, very fast",
    "short, medium, long, very long",
    "light, medium|moderate, heavy, very heavy",
    "soft, medium, hard",
    "quiet, moderate, loud|noisy, very loud",
    "cheap|budget|inexpensive, moderate|mid range|average, expensive, very expensive|luxury",
    "never, rarely|seldom, sometimes|occasionally, often|frequently, always",
    "annually|yearly|annual, twice a year, quarterly, monthly, fortnightly|biweekly, weekly, "
    "daily, hourly",
    "least concern, near threatened, vulnerable, endangered, critically endangered, "
    "extinct in the wild, extinct",
)
MORE = frozenset(phrases("higher, above, more, greater, up, upward, upwards, over, beyond"))
"""Words of comparison that go up on any scale."""
LESS = frozenset(phrases("lower, below, less, under, down, fewer, beneath, downwards"))
_LATER = {"later": 1, "newer": 1, "after": 1, "earlier": -1, "older": -1, "before": -1}
_MOST_VALUES = 15
_SHARE = 0.6
_LETTER = re.compile(r"[a-h]([+-]*)")
_NUMBERED = re.compile(r"([a-z]*) ?(\d{1,2})")


@dataclass(frozen=True)
class Scale:
    """An order of the values of a column.

    Attributes
    ----------
    ranks : dict of tuple of str to float
        What values are called, as tokens, and how high they stand.
    better : int
        1 where the higher is the better, -1 where the lower is.
    lettered : bool
        Whether values are letters, of which A is the highest.
    """

    ranks: dict[tuple[str, ...], float]
    better: int
    lettered: bool = False

    def direction(self, word: str) -> int:
        """1 for a comparative or superlative that goes up the scale, -1 for one that goes down."""
        if word in MORE or word in LESS:
            return 1 if word in MORE else -1
        if word in _LATER:
            return -_LATER[word] if self.lettered else _LATER[word]
        if word in {"better", "best", "worse", "worst"}:
            return self.better if word in {"better", "best"} else -self.better
        own = [self.ranks[(base,)] for base in adjective_of(word) if (base,) in self.ranks]
        if not own:
            return 0
        ranks = self.ranks.values()
        return 1 if 2 * own[0] > min(ranks) + max(ranks) else -1


def adjective_of(word: str) -> Iterator[str]:
    """What a comparative or superlative may be made from: hard of harder, easy of easiest."""
    for ending in ("er", "est"):
        base = word.removesuffix(ending)
        if base != word and len(base) > 2:
            yield from (base, base + "e")
            if base.endswith("i"):
                yield base[:-1] + "y"
            if base[-1] == base[-2]:
                yield base[:-1]


def scale_of(values: Sequence[str], words: Iterable[str]) -> Scale | None:
    """The scale of the distinct values of a column, or None.

    Parameters
    ----------
    values : sequence of str
        As they stand in the column, blanks left out.
    words : iterable of str
        The words of its name, which values may repeat: "Low risk".

    Examples
    --------
    >>> scale = scale_of(["low", "high"], ["risk"])
    >>> scale.ranks["medium",] < scale.ranks["high",], scale.direction("worse")
    (True, 1)
    """
    if not 2 <= len(values) <= _MOST_VALUES:
        return None
    own = set(words)
    said = {value: tuple(w for w in tokens(value) if w not in own) for value in values}
    best: tuple[int, Scale] | None = None
    for ranks, better in _known():
        fitting = sum(phrase in ranks for phrase in said.values())
        if best is None or fitting > best[0]:
            best = fitting, Scale(ranks, better)
    if best is not None and best[0] >= 2 and best[0] >= _SHARE * len(values):
        return best[1]
    return _lettered(values) or _numbered(values)


@cache
def _known() -> list[tuple[dict[tuple[str, ...], float], int]]:
    found = []
    for scales, better in ((_BEST_LAST, 1), (_MOST_LAST, -1)):
        for scale in scales:
            names = enumerate(scale.split(","))
            ranks = {tuple(tokens(n)): float(at) for at, same in names for n in same.split("|")}
            found.append((ranks, better))
    return found


def _lettered(values: Sequence[str]) -> Scale | None:
    ranks: dict[tuple[str, ...], float] = {}
    for value in values:
        letter = value.strip().casefold()
        match = _LETTER.fullmatch(letter)
        if match is None:
            return None
        sign = match[1].count("+") - match[1].count("-")
        ranks[(letter,)] = -(ord(letter[0]) - 97) + 0.25 * sign
    return Scale(ranks, 1, lettered=True)


def _numbered(values: Sequence[str]) -> Scale | None:
    """Level 1, level 2; of a tier or a class the first is the best, and nothing is known."""
    matches = [_NUMBERED.fullmatch(" ".join(tokens(value))) for value in values]
    found = [match for match in matches if match is not None]
    if len(found) < max(2, _SHARE * len(values)) or len({match[1] for match in found}) > 1:
        return None
    ranks = {tuple(tokens(match.string)): float(match[2]) for match in found}
    return Scale(ranks, 1) if found[0][1] else None
