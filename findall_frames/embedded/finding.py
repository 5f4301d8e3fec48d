"""What an evaluator finds out about an entity, and the shape that every evaluator has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from findall_frames.api.models import Citation, FindAllEnrichInput, MatchCondition
from findall_frames.embedded.runs.record import Usage

if TYPE_CHECKING:
    import pyarrow as pa

    from findall_frames.embedded.data.corpus import Corpus

__all__ = [
    "Confidence",
    "Costly",
    "Doubtful",
    "Evaluator",
    "Filler",
    "Finding",
    "Judge",
    "Memory",
    "Selecting",
    "Selection",
    "StoppedError",
    "Verdict",
]

Confidence: TypeAlias = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A value found in a row of the corpus, with what supports it.

    Attributes
    ----------
    value : JSON value
        As the output carries it; None when nothing in the row supports a value.
    reasoning : str
        One sentence that a person can check.
    confidence : {"low", "medium", "high"}
        ``"low"`` whenever the evaluator is unsure.
    citations : tuple of Citation
        Each excerpt stands, character for character, in the row.
    """

    value: Any
    reasoning: str
    confidence: Confidence
    citations: tuple[Citation, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Verdict(Finding):
    """A finding about a match condition.

    Attributes
    ----------
    is_matched : bool
        Whether the row meets the condition. A missing value meets neither a condition nor its
        negation.
    """

    is_matched: bool = False


class Judge(Protocol):
    """A list of conditions, read once and bound to a corpus."""

    @property
    def readings(self) -> Sequence[str]:
        """How each condition was understood, in words, in the order of the conditions."""
        ...

    def judge(self, positions: Sequence[int]) -> list[list[Verdict]]:
        """Judge rows of the corpus: per row one verdict for each condition, in their order."""
        ...


class Selection(NamedTuple):
    """The rows of a corpus that may match, as far as its columns tell.

    Attributes
    ----------
    rows : pyarrow.BooleanArray
        One for each row. Where it is false, the row would not match if it were judged.
    is_sure : bool
        Whether every row for which it is true would match.
    """

    rows: pa.BooleanArray
    is_sure: bool


@runtime_checkable
class Selecting(Protocol):
    """A judge that can tell from whole columns which rows may match."""

    def select(self, *, thorough: bool) -> Selection:
        """Select them; `thorough` allows it some seconds in a large corpus."""
        ...


class Filler(Protocol):
    """An enrichment, read once and bound to a corpus."""

    def fill(self, positions: Sequence[int]) -> list[Mapping[str, Finding]]:
        """Fill rows of the corpus: per row one finding for each property, in schema order."""
        ...


class Evaluator(Protocol):
    """Turns written conditions and enrichments into judges and fillers for a corpus."""

    def judge_for(self, conditions: Sequence[MatchCondition], corpus: Corpus) -> Judge:
        """Read the conditions."""
        ...

    def filler_for(self, enrichment: FindAllEnrichInput, corpus: Corpus) -> Filler:
        """Read the enrichment."""
        ...


@runtime_checkable
class Doubtful(Protocol):
    """A judge that may not have understood a condition."""

    @property
    def doubts(self) -> Sequence[str | None]:
        """Per condition what was not understood and what to do about it; None where all was."""
        ...


class Memory(Protocol):
    """What is kept of a run for an evaluator whose answers cost time or money."""

    def recall(self, key: bytes) -> str | None:
        """Give what was answered to the same question before, in any run."""
        ...

    def keep(self, key: bytes, answer: str, *, usage: Usage) -> None:
        """Store an answer and count what it has used, in one transaction."""
        ...


@runtime_checkable
class Costly(Protocol):
    """An evaluator that asks somebody else, which takes its time and may cost money.

    Attributes
    ----------
    at_once : int
        How many rows it can be given together; they take hardly longer than one.
    """

    at_once: int

    def for_run(self, memory: Memory, *, is_stopped: Callable[[], bool]) -> Evaluator:
        """Make the evaluator of one run.

        Once `is_stopped` says so, its judges and fillers raise `StoppedError` within a moment;
        what they were doing is done again, from the memory, when the run goes on.
        """
        ...


class StoppedError(Exception):
    """The service ends or the run is cancelled, and with it what an evaluator was waiting for."""
