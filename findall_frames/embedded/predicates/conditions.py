"""A written condition as something that can be checked, and how such things combine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.finding import Confidence

__all__ = [
    "AllOf",
    "AnyOf",
    "Anything",
    "Either",
    "Not",
    "Outcome",
    "Partly",
    "Predicate",
    "Span",
    "either",
    "join",
    "number_text",
    "weaker",
]


class Outcome(NamedTuple):
    """What a predicate says of one row.

    Attributes
    ----------
    truth : bool or None
        None when the row does not tell.
    value : JSON value
        What decided.
    reason : str
        A sentence that states a fact of the row, true of the predicate and of its negation.
    confidence : {"low", "medium", "high"}
        How sure that is.
    evidence : tuple of (str, str)
        Column and excerpt.
    """

    truth: bool | None
    value: Any
    reason: str
    confidence: Confidence
    evidence: tuple[tuple[str, str], ...]


class Predicate(Protocol):
    """Something that is true of a row, or not, or cannot be told."""

    def describe(self) -> str:
        """The predicate in words."""
        ...

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        ...


_RANK: dict[Confidence, int] = {"low": 0, "medium": 1, "high": 2}


def weaker(*confidences: Confidence) -> Confidence:
    """The lowest of several."""
    return min(confidences, key=_RANK.__getitem__)


def number_text(number: float, *, year: bool = False) -> str:
    """A number as a person would write it; years without separators."""
    if year:
        return f"{number:.10g}"
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.10g}"


@dataclass(frozen=True)
class Span:
    """A range of comparable things, closed unless said otherwise; None where it has no end."""

    low: Any
    high: Any
    low_open: bool = False
    high_open: bool = False
    said: str = ""

    def __contains__(self, value: Any) -> bool:
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        if self.high is None:
            return True
        return not (value > self.high or (self.high_open and value == self.high))


@dataclass(frozen=True)
class Not:
    """The opposite; what cannot be told stays so."""

    part: Predicate

    def describe(self) -> str:
        """The predicate in words."""
        return f"not ({self.part.describe()})"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        return [
            outcome if outcome.truth is None else outcome._replace(truth=not outcome.truth)
            for outcome in self.part.check(corpus, positions)
        ]


@dataclass(frozen=True)
class Partly:
    """A predicate for most of a condition, of which some words were left aside."""

    part: Predicate
    words: tuple[str, ...]
    confidence: Confidence = "low"

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.part.describe()}, leaving aside {self._aside}"

    @property
    def _aside(self) -> str:
        return ", ".join(map(repr, self.words))

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position, none of them surer than this is."""
        note = f" No column or text was found for {self._aside}, which was left aside."
        return [
            outcome._replace(
                reason=outcome.reason + note, confidence=weaker(outcome.confidence, self.confidence)
            )
            for outcome in self.part.check(corpus, positions)
        ]


@dataclass(frozen=True)
class Anything:
    """What a condition asks that says nothing: every row meets it."""

    def describe(self) -> str:
        """The predicate in words."""
        return "anything, as nothing is asked"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        return [Outcome(True, None, "The condition asks nothing.", "low", ())] * len(positions)


@dataclass(frozen=True)
class AllOf:
    """Several predicates at once."""

    parts: tuple[Predicate, ...]

    def describe(self) -> str:
        """The predicate in words."""
        return " and ".join(_bracketed(part) for part in self.parts)

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; one that fails decides."""
        return _combined(self.parts, corpus, positions, decisive=False)


@dataclass(frozen=True)
class AnyOf:
    """At least one of several predicates."""

    parts: tuple[Predicate, ...]

    def describe(self) -> str:
        """The predicate in words."""
        return " or ".join(_bracketed(part) for part in self.parts)

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; one that holds decides."""
        return _combined(self.parts, corpus, positions, decisive=True)


@dataclass(frozen=True)
class Either:
    """Readings that fit a condition equally well; whichever holds, confidence is low."""

    parts: tuple[Predicate, ...]

    def describe(self) -> str:
        """The predicate in words."""
        return "either " + ", or else ".join(part.describe() for part in self.parts)

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position, with the facts of every reading."""
        outcomes = []
        for several in zip(*(part.check(corpus, positions) for part in self.parts), strict=True):
            best = _decide(several, decisive=True)
            reason = "The condition can be read in more than one way. " + " ".join(
                outcome.reason for outcome in several
            )
            evidence = tuple(pair for outcome in several for pair in outcome.evidence)
            outcomes.append(best._replace(reason=reason, confidence="low", evidence=evidence))
        return outcomes


def join(kind: str, parts: Sequence[Predicate]) -> Predicate | None:
    """Predicates joined by and, or by or; None of none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return AllOf(tuple(parts)) if kind == "and" else AnyOf(tuple(parts))


def either(parts: Sequence[Predicate]) -> Predicate | None:
    """Readings that fit equally well; None of none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return Either(tuple(parts))


def _bracketed(part: Predicate) -> str:
    said = part.describe()
    return f"({said})" if isinstance(part, AllOf | AnyOf | Either) else said


def _combined(
    parts: Sequence[Predicate], corpus: Corpus, positions: Sequence[int], *, decisive: bool
) -> list[Outcome]:
    checked = (part.check(corpus, positions) for part in parts)
    return [_decide(several, decisive=decisive) for several in zip(*checked, strict=True)]


def _decide(several: Sequence[Outcome], *, decisive: bool) -> Outcome:
    """Three-valued: one decisive outcome decides, else one unknown leaves it open."""
    deciding = [outcome for outcome in several if outcome.truth is decisive]
    unknown = [outcome for outcome in several if outcome.truth is None]
    chosen = deciding or unknown or several
    truth = decisive if deciding else (None if unknown else not decisive)
    if len(chosen) == 1:
        return chosen[0]._replace(truth=truth)
    return Outcome(
        truth,
        chosen[0].value,
        " ".join(dict.fromkeys(outcome.reason for outcome in chosen)),
        weaker(*(outcome.confidence for outcome in chosen)),
        tuple(dict.fromkeys(pair for outcome in chosen for pair in outcome.evidence)),
    )
