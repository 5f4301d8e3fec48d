"""The evaluator that needs no model: rules over columns and text."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

from findall_frames.api.models import FindAllEnrichInput, MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.data.evidence import Sources
from findall_frames.embedded.enrich import RuleFiller
from findall_frames.embedded.finding import Selection, Verdict
from findall_frames.embedded.language.lexicon import Lexicon, default_lexicon
from findall_frames.embedded.predicates.conditions import (
    AllOf,
    AnyOf,
    Either,
    Not,
    Outcome,
    Partly,
    Predicate,
)
from findall_frames.embedded.predicates.selecting import select_open, select_rows
from findall_frames.embedded.reading.reading import Reader, Reading
from findall_frames.embedded.texts.prose import Mention

__all__ = ["RuleEvaluator", "RuleJudge"]


class RuleEvaluator:
    """Reads conditions as comparisons, membership, negation and mentions, and checks them.

    Parameters
    ----------
    lexicon : Lexicon, optional
        What words have to do with each other; `default_lexicon` when left out.
    """

    def __init__(self, *, lexicon: Lexicon | None = None) -> None:
        self._lexicon = lexicon or default_lexicon()

    def judge_for(self, conditions: Sequence[MatchCondition], corpus: Corpus) -> RuleJudge:
        """Read the conditions."""
        reader = Reader(corpus, self._lexicon)
        readings = [reader.read(condition.description) for condition in conditions]
        return RuleJudge(corpus, readings, conditions)

    def filler_for(self, enrichment: FindAllEnrichInput, corpus: Corpus) -> RuleFiller:
        """Read the enrichment."""
        return RuleFiller(corpus, enrichment.output_schema.json_schema, self._lexicon)


class RuleJudge:
    """Conditions that were read, bound to a corpus."""

    def __init__(
        self, corpus: Corpus, readings: Sequence[Reading], conditions: Sequence[MatchCondition]
    ) -> None:
        self._corpus = corpus
        self._readings = readings
        self._conditions = conditions

    @property
    def readings(self) -> list[str]:
        """How each condition was understood."""
        return [reading.describe() for reading in self._readings]

    @property
    def doubts(self) -> list[str | None]:
        """For each condition that was not understood as a whole, how it was read."""
        return [self._doubt(*each) for each in zip(self._conditions, self._readings, strict=True)]

    def _doubt(self, condition: MatchCondition, reading: Reading) -> str | None:
        if not reading.understood:
            fault = "was not understood: no column answers it"
        elif _is_open(reading.predicate):
            fault = "was understood in part: no column answers all of it"
        else:
            return None
        asked = shorten(condition.description, 200, placeholder="…")
        read = shorten(reading.predicate.describe(), 200, placeholder="…")
        columns = shorten(", ".join(self._corpus.columns), 200, placeholder=" …")
        return (
            f"The condition {condition.name!r} ({asked!r}) {fault}, so it was read as: {read}. "
            "Look at the confidence of its verdicts, rephrase it, or name the column that it is "
            f"about; there are {columns}."
        )

    def select(self, *, thorough: bool) -> Selection:
        """Select the rows that may match, as far as columns tell."""
        predicates = [reading.predicate for reading in self._readings]
        return select_rows(predicates, self._corpus, thorough=thorough)

    def select_open(self, *, thorough: bool) -> Selection:
        """Select the rows that are not refused with high confidence."""
        predicates = [reading.predicate for reading in self._readings]
        return select_open(predicates, self._corpus, thorough=thorough)

    def judge(self, positions: Sequence[int]) -> list[list[Verdict]]:
        """Judge rows: per row one verdict for each condition, in their order."""
        sources = Sources(self._corpus, positions)
        checked = [
            (reading, reading.predicate.check(self._corpus, positions))
            for reading in self._readings
        ]
        return [
            [_verdict(reading, outcomes[at], sources, at) for reading, outcomes in checked]
            for at in range(len(positions))
        ]


def _is_open(predicate: Predicate) -> bool:
    """Whether words of a condition are only looked for in the text, or not at all."""
    if isinstance(predicate, Partly):
        return predicate.confidence == "low" or _is_open(predicate.part)
    if isinstance(predicate, Not):
        return _is_open(predicate.part)
    if isinstance(predicate, AllOf | AnyOf | Either):
        return any(map(_is_open, predicate.parts))
    return isinstance(predicate, Mention) and not predicate.literal


def _verdict(reading: Reading, outcome: Outcome, sources: Sources, at: int) -> Verdict:
    reason, confidence = outcome.reason, outcome.confidence
    if not reading.understood:
        reason = f"No column answers the condition, so its words were looked for. {reason}"
        confidence = "low"
    return Verdict(
        outcome.value, reason, confidence, sources.cite(at, outcome.evidence), outcome.truth is True
    )
