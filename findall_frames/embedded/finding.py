"""What an evaluator finds out about an entity, and the shape that every evaluator has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from findall_frames.api.models import Citation, FindAllEnrichInput, MatchCondition

if TYPE_CHECKING:
    from findall_frames.embedded.corpus import Corpus

__all__ = ["Confidence", "Evaluator", "Filler", "Finding", "Judge", "Verdict"]

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
