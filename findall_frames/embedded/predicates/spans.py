"""Predicates over one column: ranges of numbers, dates, versions and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.dates import as_day
from findall_frames.embedded.language.versions import admits, lower_bound
from findall_frames.embedded.predicates.cells import PerCell, Told, unknown
from findall_frames.embedded.predicates.conditions import Outcome, Span, number_text
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.values import segments

__all__ = ["Count", "DateRange", "NumberRange", "VersionAdmitted", "VersionRange"]


@dataclass(frozen=True)
class NumberRange:
    """A number column within a range; the range is in the unit and scale of its cells."""

    column: Column
    span: Span
    confidence: Confidence = "high"

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is {self.span.said}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        name, span, year = self.column.name, self.span, self.column.year_like
        outcomes = []
        for cell, amount in zip(
            self.column.cells(positions), self.column.amounts(positions), strict=True
        ):
            if amount is None:
                outcomes.append(unknown(self.column))
                continue
            inside = amount in span
            shown = number_text(amount, year=year)
            relation = "which is" if inside else "which is not"
            outcomes.append(
                Outcome(
                    inside,
                    cell,
                    f"{name} is {shown}, {relation} {span.said}.",
                    self.confidence,
                    # pandas turns whole numbers beside a missing one into 83200000.0.
                    ((name, str(cell).removesuffix(".0")),),
                )
            )
        return outcomes


@dataclass(frozen=True)
class DateRange(PerCell):
    """A date column within a range of days."""

    span: Span = field(kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is {self.span.said}"

    def _tell(self, cell: Any) -> Told | None:
        day = as_day(cell)
        if day is None:
            return None
        inside = day in self.span
        relation = "which is" if inside else "which is not"
        shown = str(cell)
        return Told(
            inside, shown, f"{self.column.name} is {shown}, {relation} {self.span.said}.", (shown,)
        )


@dataclass(frozen=True)
class VersionRange(PerCell):
    """A version, or the lowest version that a specifier such as ``>=3.10`` admits, in a range."""

    span: Span = field(kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is {self.span.said}"

    def _tell(self, cell: Any) -> Told | None:
        if cell is None:
            return None
        bound = lower_bound(cell)
        if bound is None:
            return Told(False, cell, f"{self.column.name} is {cell}, without a lower end.", (cell,))
        inside = _shortened(bound, self.span) in self.span
        relation = "which is" if inside else "which is not"
        return Told(
            inside, cell, f"{self.column.name} is {cell}, {relation} {self.span.said}.", (cell,)
        )


@dataclass(frozen=True)
class VersionAdmitted(PerCell):
    """A specifier such as ``>=3.10`` that lets a version in."""

    version: tuple[int, ...] = field(kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} admits {self._shown}"

    @property
    def _shown(self) -> str:
        return ".".join(map(str, self.version))

    def _tell(self, cell: Any) -> Told | None:
        if cell is None:
            return None
        inside = admits(cell, self.version)
        relation = "admits" if inside else "does not admit"
        return Told(
            inside, cell, f"{self.column.name} is {cell}, which {relation} {self._shown}.", (cell,)
        )


@dataclass(frozen=True)
class Count(PerCell):
    """A list, or a text such as "French, Fula", with so many elements."""

    span: Span = field(kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"the number of {self.column.name} is {self.span.said}"

    def _tell(self, cell: Any) -> Told | None:
        if cell is None:
            return None
        if isinstance(cell, str):
            whole, *items = segments(cell)
            cell = items or [whole]
        count = len(cell)
        relation = "which is" if count in self.span else "which is not"
        return Told(
            count in self.span,
            count,
            f"{self.column.name} has {count} elements, {relation} {self.span.said}.",
            tuple(map(str, cell)),
        )


def _shortened(bound: tuple[int, ...], span: Span) -> tuple[int, ...]:
    """As many parts as the condition gives: 3.10.2 is 3.10 where 3.10 is asked for."""
    size = max(len(end) for end in (span.low, span.high) if end is not None)
    padded = bound + (0,) * (size - len(bound))
    return padded[:size]
