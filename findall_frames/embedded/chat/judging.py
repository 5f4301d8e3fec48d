"""The evaluator that asks a language model what rules over columns cannot decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from findall_frames.api.models import FindAllEnrichInput, MatchCondition
from findall_frames.embedded.chat.answer import (
    Filled,
    Judged,
    read_filled,
    read_judged,
    shortened,
    supported,
)
from findall_frames.embedded.chat.asking import Asker
from findall_frames.embedded.chat.client import Chat
from findall_frames.embedded.chat.prompt import RowText, as_asked, filling, judging, row_text
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.data.evidence import Sources
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge
from findall_frames.embedded.finding import Filler, Finding, Judge, Memory, Selection, Verdict

__all__ = ["ModelEvaluator"]


class ModelEvaluator:
    """Rules decide what they can decide with high confidence, and a model judges the rest.

    A row that the rules refuse is not shown to the model, since it is no match whatever the
    model would say.

    Parameters
    ----------
    chat : Chat
        The model.
    rules : RuleEvaluator
        What reads conditions first.

    Attributes
    ----------
    at_once : int
        How many rows the model is asked about at the same time.
    """

    def __init__(self, chat: Chat, *, rules: RuleEvaluator) -> None:
        self.at_once = chat.at_once
        self._chat = chat
        self._rules = rules

    def __repr__(self) -> str:
        return f"ModelEvaluator({self._chat!r})"

    def for_run(self, memory: Memory, *, is_stopped: Callable[[], bool]) -> _RunEvaluator:
        """Make the evaluator of one run, whose answers are kept in the memory."""
        return _RunEvaluator(Asker(self._chat, memory, is_stopped=is_stopped), self._rules)


class _RunEvaluator:
    """Turns conditions and enrichments into judges and fillers that ask a model."""

    def __init__(self, asker: Asker, rules: RuleEvaluator) -> None:
        self._asker = asker
        self._rules = rules

    def judge_for(self, conditions: Sequence[MatchCondition], corpus: Corpus) -> Judge:
        """Read the conditions."""
        rules = self._rules.judge_for(conditions, corpus)
        return _ModelJudge(self._asker, conditions, corpus, rules)

    def filler_for(self, enrichment: FindAllEnrichInput, corpus: Corpus) -> Filler:
        """Read the enrichment."""
        rules = self._rules.filler_for(enrichment, corpus)
        return _ModelFiller(self._asker, enrichment.output_schema.json_schema, corpus, rules)


class _ModelJudge:
    """Conditions that a model judges where the rules are not sure."""

    def __init__(
        self, asker: Asker, conditions: Sequence[MatchCondition], corpus: Corpus, rules: RuleJudge
    ) -> None:
        self._asker = asker
        self._conditions = conditions
        self._corpus = corpus
        self._rules = rules

    @property
    def readings(self) -> Sequence[str]:
        """How the rules understood each condition."""
        return self._rules.readings

    def select(self, *, thorough: bool) -> Selection:
        """Select the rows that the rules do not refuse."""
        return self._rules.select_open(thorough=thorough)

    def judge(self, positions: Sequence[int]) -> list[list[Verdict]]:
        """Judge rows: per row one verdict for each condition, in their order."""
        rows = [list(verdicts) for verdicts in self._rules.judge(positions)]
        asked: list[tuple[int, RowText, list[int]]] = []
        for at, (position, verdicts) in enumerate(zip(positions, rows, strict=True)):
            unsure = [n for n, verdict in enumerate(verdicts) if verdict.confidence != "high"]
            refused = [
                condition.name
                for condition, verdict in zip(self._conditions, verdicts, strict=True)
                if verdict.confidence == "high" and not verdict.is_matched
            ]
            if refused:
                for n in unsure:
                    verdicts[n] = _not_asked(refused[0])
            elif unsure:
                asked.append((at, row_text(self._corpus, position), unsure))
        answers = self._asker.ask(
            [
                (
                    judging(
                        row,
                        [self._conditions[n].description for n in unsure],
                        about=self._corpus.about,
                    ),
                    partial(read_judged, count=len(unsure)),
                )
                for _, row, unsure in asked
            ]
        )
        sources = Sources(self._corpus, positions)
        for (at, row, unsure), answer in zip(asked, answers, strict=True):
            for place, n in enumerate(unsure):
                rows[at][n] = (
                    Verdict(None, answer, "low")
                    if isinstance(answer, str)
                    else _verdict(answer[place], row, sources, at)
                )
        return rows


def _not_asked(refused: str) -> Verdict:
    reason = f"Not asked of the model, since {refused!r} is not met and so the row is no match."
    return Verdict(None, reason, "low")


def _verdict(entry: Judged, row: RowText, sources: Sources, at: int) -> Verdict:
    reasoning, confidence, excerpts = supported(entry, row)
    if row.cut and not entry.is_matched:
        confidence = "low"
    value = shortened(entry.value) or None if isinstance(entry.value, str) else entry.value
    return Verdict(value, reasoning, confidence, sources.cite(at, excerpts), entry.is_matched)


class _ModelFiller:
    """Properties that a model fills where the rules find nothing that is sure."""

    def __init__(
        self, asker: Asker, schema: Mapping[str, Any], corpus: Corpus, rules: Filler
    ) -> None:
        self._asker = asker
        self._corpus = corpus
        self._rules = rules
        self._properties: dict[str, Mapping[str, Any]] = {
            name: about if isinstance(about, Mapping) else {}
            for name, about in schema.get("properties", {}).items()
        }

    def fill(self, positions: Sequence[int]) -> list[Mapping[str, Finding]]:
        """Fill rows: per row one finding for each property, in schema order."""
        rows = [dict(findings) for findings in self._rules.fill(positions)]
        asked: list[tuple[int, RowText, list[str]]] = []
        for at, (position, findings) in enumerate(zip(positions, rows, strict=True)):
            unsure = [
                name
                for name, finding in findings.items()
                if finding.value is None or finding.confidence != "high"
            ]
            if unsure:
                asked.append((at, row_text(self._corpus, position), unsure))
        questions = []
        for _, row, unsure in asked:
            schemas = [as_asked(self._properties[name]) for name in unsure]
            wanted = {name: str(self._properties[name].get("description", "")) for name in unsure}
            question = filling(row, wanted, schemas=schemas, about=self._corpus.about)
            questions.append((question, partial(read_filled, schemas=schemas)))
        answers = self._asker.ask(questions)
        sources = Sources(self._corpus, positions)
        for (at, row, unsure), answer in zip(asked, answers, strict=True):
            for place, name in enumerate(unsure):
                rows[at][name] = (
                    Finding(None, answer, "low")
                    if isinstance(answer, str)
                    else _finding(answer[place], row, sources, at)
                )
        return list(rows)


def _finding(entry: Filled, row: RowText, sources: Sources, at: int) -> Finding:
    reasoning, confidence, excerpts = supported(entry, row)
    if entry.value is None:
        confidence = "low"
    return Finding(entry.value, reasoning, confidence, sources.cite(at, excerpts))
