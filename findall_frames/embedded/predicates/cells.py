"""Predicates over one column: values, flags, presence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.figures import BLANKS
from findall_frames.embedded.language.words import fold, phrases
from findall_frames.embedded.predicates.conditions import Outcome
from findall_frames.embedded.reading.columns import NO, YES, Column
from findall_frames.embedded.reading.values import contains, items_of, normal, segments

__all__ = ["IsTrue", "OneOf", "PerCell", "Present", "Told", "Wanted", "WordsAt", "unknown"]


def unknown(column: Column) -> Outcome:
    return Outcome(None, None, f"{column.name} is missing, so this cannot be told.", "low", ())


@dataclass(frozen=True)
class Told:
    """What a single cell tells, whatever row it stands in."""

    truth: bool | None
    value: Any
    reason: str
    excerpts: tuple[str, ...]


@dataclass(frozen=True)
class PerCell(ABC):
    """A predicate that looks at one cell; equal cells are looked at once."""

    column: Column
    confidence: Confidence = field(default="high", kw_only=True)
    _known: dict[Any, Told | None] = field(default_factory=dict, repr=False, compare=False)

    @abstractmethod
    def _tell(self, cell: Any) -> Told | None:
        """What the cell tells; None where it is missing."""

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        name, known, outcomes = self.column.name, self._known, []
        for cell in self.column.cells(positions):
            key = tuple(cell) if isinstance(cell, list) else cell
            if key not in known:
                if len(known) > 100_000:
                    known.clear()
                known[key] = self._tell(cell)
            told = known[key]
            if told is None:
                outcomes.append(unknown(self.column))
                continue
            evidence = tuple((name, excerpt) for excerpt in told.excerpts)
            outcomes.append(Outcome(told.truth, told.value, told.reason, self.confidence, evidence))
        return outcomes


# Whose pets are "none" has no dog; of "n/a" nobody knows.
_NOTHING = frozenset(("none", "nothing", "nil"))
_DEGREES = frozenset(
    phrases(
        """very, extra, extremely, super, ultra, highly, fairly, semi, half, partly, mid, near, not,
        non, un, less, more, medium, moderately, critically, upper, lower"""
    )
)


@dataclass(frozen=True)
class Wanted:
    """A value that a cell is asked for.

    Attributes
    ----------
    phrase : tuple of str
        Its tokens.
    shown : str
        How it is written.
    whole : bool
        Whether it must be the whole value, or one whole item of it, as a name must. Else it may
        stand among others, as Apache does in "Apache Software License".
    head : bool
        Whether values of which it is the last word are kinds of it: stainless steel of steel.
    """

    phrase: tuple[str, ...]
    shown: str
    whole: bool = True
    head: bool = False

    def stands_in(self, value: str) -> bool:
        """Whether a text names this."""
        size = len(self.phrase)
        for segment in segments(value):
            found = normal(segment)
            if found == self.phrase:
                return True
            if self.head and len(found) > size and found[-size:] == self.phrase:
                # What is semi-dry is not dry, and very hard is more than hard.
                return found[-size - 1] not in _DEGREES
            # Apache-2.0 and BSD-3-Clause name versions of Apache and BSD.
            if found[:size] == self.phrase and len(found) > size and found[size][0].isdigit():
                return True
        return not self.whole and contains(normal(value), self.phrase)


@dataclass(frozen=True)
class OneOf(PerCell):
    """A text or list column that has one of some values, or all of them."""

    wanted: tuple[Wanted, ...] = field(kw_only=True)
    every: bool = field(default=False, kw_only=True)
    alone: bool = field(default=False, kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        joined = (" and " if self.every else " or ").join(w.shown for w in self.wanted)
        exactly = "is" if all(w.whole for w in self.wanted) else "names"
        return f"{self.column.name} {exactly} {'only ' if self.alone else ''}{joined}"

    def _tell(self, cell: Any) -> Told | None:
        blank = isinstance(cell, str) and cell.casefold() in BLANKS - _NOTHING
        if cell is None or blank:
            return None
        name = self.column.name
        elements = (
            [str(e) for e in cell if e is not None] if isinstance(cell, list) else [str(cell)]
        )
        deciding = [next((e for e in elements if one.stands_in(e)), None) for one in self.wanted]
        hits = tuple(dict.fromkeys(element for element in deciding if element is not None))
        truth = all(d is not None for d in deciding) if self.every else bool(hits)
        if truth and self.alone and not all(map(self._is_wanted, _items(elements))):
            return Told(False, cell, f"{name} has {_quoted(elements)}.", tuple(elements))
        missing = [w.shown for w, d in zip(self.wanted, deciding, strict=True) if d is None]
        if truth:
            verb = "has" if isinstance(cell, list) else "is"
            reason = f"{name} {verb} {_quoted(hits)}."
        else:
            verb = "has" if isinstance(cell, list) else "is"
            named = _quoted(elements) if elements else "nothing"
            reason = f"{name} {verb} {named}, not {' or '.join(missing)}."
        shown = hits or tuple(elements)
        value = shown[0] if len(shown) == 1 else list(shown)
        return Told(truth, value, reason, shown)

    def _is_wanted(self, item: str) -> bool:
        return any(one.stands_in(item) for one in self.wanted)


def _items(elements: Sequence[str]) -> list[str]:
    """The elements of a list, or the items that a text lists."""
    return [item for element in elements for item in items_of(element)]


@dataclass(frozen=True)
class WordsAt(PerCell):
    """A text column that begins or ends with some letters, or has them somewhere."""

    letters: str = field(kw_only=True)
    place: str = field(kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} {self.place} {self.letters!r}"

    def _tell(self, cell: Any) -> Told | None:
        if cell is None:
            return None
        cells = cell if isinstance(cell, list) else [cell]
        test = _PLACES[self.place]
        hit = next((c for c in cells if c and test(fold(str(c)), fold(self.letters))), None)
        shown = hit if hit is not None else ", ".join(map(str, cells))
        excerpts = (str(hit),) if hit is not None else tuple(map(str, cells))
        verb = self.place if hit is not None else f"does not {self.place.removesuffix('s')}"
        return Told(
            hit is not None,
            shown,
            f"{self.column.name} is {_shortened_text(shown)!r}, which {verb} {self.letters!r}.",
            excerpts,
        )


_PLACES: dict[str, Callable[[str, str], bool]] = {
    "begins with": str.startswith,
    "ends with": str.endswith,
    "contains": str.__contains__,
}


@dataclass(frozen=True)
class IsTrue(PerCell):
    """A column that says yes; what is neither yes nor no, as "partly", tells nothing."""

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is true"

    def _tell(self, cell: Any) -> Told | None:
        if cell is None:
            return None
        if not isinstance(cell, str):
            return Told(bool(cell), cell, f"{self.column.name} is {cell}.", (str(cell),))
        truth = True if cell.casefold() in YES else (False if cell.casefold() in NO else None)
        return Told(truth, cell, f"{self.column.name} is {_shortened_text(cell)}.", (cell,))


@dataclass(frozen=True)
class Present(PerCell):
    """A column that has a value at all."""

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is given"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; a missing value is what this asks for."""
        absent = Outcome(False, None, f"{self.column.name} is not given.", self.confidence, ())
        return [
            absent if outcome.truth is None else outcome
            for outcome in super().check(corpus, positions)
        ]

    def _tell(self, cell: Any) -> Told | None:
        if cell is None or cell == [] or (isinstance(cell, str) and cell.casefold() in BLANKS):
            return None
        elements = [str(e) for e in cell] if isinstance(cell, list) else [str(cell)]
        return Told(
            True,
            elements[0] if len(elements) == 1 else elements,
            f"{self.column.name} is {_shortened_text(', '.join(elements))}.",
            tuple(_first_line(element) for element in elements),
        )


def _quoted(elements: Sequence[str]) -> str:
    shown = [_shortened_text(element) for element in elements[:5]]
    more = f" and {len(elements) - 5} more" if len(elements) > 5 else ""
    return ", ".join(f"{text!r}" for text in shown) + more


def _shortened_text(text: str) -> str:
    return text if len(text) <= 100 else text[:97].rstrip() + "..."


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]
