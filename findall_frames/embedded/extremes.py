"""The most and the least of a column: the deepest, the fewest seats, the oldest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow.compute as pc

from findall_frames.embedded.clauses import Token
from findall_frames.embedded.columns import Column
from findall_frames.embedded.conditions import Outcome, Predicate
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import FILLERS
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.words import phrases, stem

__all__ = ["Extreme", "read_extreme"]

_MOST = frozenset(phrases("most, highest, largest, greatest, biggest, maximum"))
_LEAST = frozenset(phrases("least, fewest, lowest, smallest, minimum"))
_EARLY = frozenset(phrases("oldest, earliest, first"))
_LATE = frozenset(phrases("youngest, newest, latest, last"))
_ENOUGH = 0.35
_CLEARLY = 0.1


@dataclass(frozen=True)
class Extreme:
    """A number or date column that has its highest, or its lowest, value in the whole corpus."""

    column: Column
    highest: bool

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is the {self._word} of all"

    @property
    def _word(self) -> str:
        return "highest" if self.highest else "lowest"

    @cached_property
    def _limit(self) -> Any:
        """The value itself."""
        array = self.column.numbers if self.column.kind == "number" else self.column.array
        return pc.min_max(array)["max" if self.highest else "min"].as_py()

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; several rows may share the value."""
        name, limit = self.column.name, self._limit
        cells = self.column.cells(positions)
        compared = self.column.amounts(positions) if self.column.kind == "number" else cells
        outcomes = []
        for cell, value in zip(cells, compared, strict=True):
            if value is None:
                reason = f"{name} is missing, so this cannot be told."
                outcomes.append(Outcome(None, None, reason, "low", ()))
                continue
            shown = str(cell).removesuffix(".0")
            truth = value == limit
            relation = "is" if truth else "is not"
            reason = f"{name} is {shown}, which {relation} the {self._word} of all rows."
            outcomes.append(Outcome(truth, _plain(cell), reason, "medium", ((name, shown),)))
        return outcomes


def read_extreme(
    words: Sequence[str], linker: Linker, lexicon: Lexicon, harmless: Callable[[str], bool]
) -> Predicate | None:
    """A superlative about one column; None where there is none, or more is said."""
    for at, word in enumerate(words):
        direction, attributes = _superlative(word, lexicon)
        if not direction:
            continue
        rest = [*words[:at], *words[at + 1 :]]
        if word in {"most", "least"} and rest[at:]:
            # "Most expensive": the adjective says of what, and "least" turns it round.
            own = lexicon.direction(rest[at])
            direction *= own or 1
            attributes = lexicon.attributes(rest[at])
        columns = [c for c in linker.columns if c.kind in {"number", "date"}]
        if word in _EARLY | _LATE:
            columns = [c for c in columns if c.kind == "date" or c.year_like]
        hints = [*rest, *attributes]
        found = [linker.match(column, hints) for column in columns]
        found = sorted((m for m in found if m.score >= _ENOUGH), key=lambda m: -m.score)
        if not found and word in _EARLY | _LATE and len(columns) == 1:
            found = [linker.match(columns[0], hints)]
        if not found or (len(found) > 1 and found[0].score - found[1].score < _CLEARLY):
            return None
        column = found[0].column
        about = {stem(w) for w in (*column.words, *attributes)}
        left = [
            w
            for w in rest
            if Token(w).is_content
            and stem(w) not in about
            and not linker.match(column, [w]).score
            and not lexicon.direction(w)
            and not harmless(w)
            and w not in FILLERS
        ]
        return None if left else Extreme(column, direction > 0)
    return None


def _superlative(word: str, lexicon: Lexicon) -> tuple[int, list[str]]:
    """Which end a word asks for, 1 or -1, and of what; 0 where it is no superlative."""
    if word in _MOST | _LATE:
        return 1, []
    if word in _LEAST | _EARLY:
        return -1, []
    if not word.endswith("est") or len(word) < 6:
        return 0, []
    base = word[:-3]
    forms = [base, base + "e", base.removesuffix("i") + "y"]
    if base[-1:] == base[-2:-1]:
        forms.append(base[:-1])
    for form in forms:
        direction = lexicon.direction(form)
        if direction:
            return direction, lexicon.attributes(form)
    return 0, []


def _plain(cell: Any) -> Any:
    """A cell as JSON can carry it."""
    return cell if isinstance(cell, int | float | str) else str(cell)
