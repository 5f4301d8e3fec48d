"""One run's search over the corpus, in steps: generate, evaluate, enrich."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from findall_frames.api.models import FieldBasis, FindAllCandidate
from findall_frames.embedded.data.index import TextIndex
from findall_frames.embedded.finding import (
    Costly,
    Doubtful,
    Evaluator,
    Filler,
    Finding,
    Judge,
    Verdict,
)
from findall_frames.embedded.runs.change import Change, StoredCandidate
from findall_frames.embedded.runs.drawing import Drawing, Drawn
from findall_frames.embedded.runs.exclusions import Exclusions
from findall_frames.embedded.runs.record import RunRecord, RunWarning, Usage, candidate_id
from findall_frames.embedded.runs.store import Store

if TYPE_CHECKING:
    from findall_frames.embedded.data.corpus import Corpus, Entity

__all__ = ["Search"]

# A batch doubles while it is evaluated faster than this, so that a small search streams, a
# large one is quick, and a slow evaluator is never far from its next report.
_QUICK_SECONDS: Final = 0.1
_MAX_BATCH: Final = 256
_AT_ONCE: Final = 64

_encoder: Final = msgspec.json.Encoder()


class _RunMemory(NamedTuple):
    """What is kept of a run for an evaluator whose answers cost time or money."""

    store: Store
    findall_id: str

    def recall(self, key: bytes) -> str | None:
        """Give what was answered to the same question before, in any run."""
        return self.store.answer(key)

    def keep(self, key: bytes, answer: str, *, usage: Usage) -> None:
        """Store an answer and count what it has used, in one transaction."""
        with self.store.change(self.findall_id) as change:
            change.keep_answer(key, answer, usage=usage)


class Search:
    """What is kept in memory of a run while it goes on; the rest is in the store.

    It can be made anew at any time and continues where the store says that the run stands.
    """

    def __init__(
        self,
        run: RunRecord,
        *,
        corpus: Corpus,
        index: TextIndex,
        evaluator: Evaluator | Costly,
        store: Store,
        stop: threading.Event,
    ) -> None:
        self._corpus = corpus
        self._at_once = 1
        if isinstance(evaluator, Costly):
            self._at_once = evaluator.at_once
            evaluator = evaluator.for_run(
                _RunMemory(store, run.findall_id),
                is_stopped=lambda: (
                    stop.is_set() or store.run(run.findall_id).status == "cancelling"
                ),
            )
        self._evaluator = evaluator
        self._store = store
        self._judge = evaluator.judge_for(run.request.match_conditions, corpus)
        self._conditions = [condition.name for condition in run.request.match_conditions]
        self._fillers: dict[int, Filler] = {}
        self._drawing = Drawing(
            run,
            corpus=corpus,
            index=index,
            judge=self._judge,
            excluded=Exclusions(store.excluded(run)),
            stop=stop,
        )
        self._batch = 1
        self._note_doubts(run)

    @property
    def is_quick(self) -> bool:
        """Whether a step takes the processor and little time, as rules over columns do."""
        return self._batch > self._at_once == 1

    def step(self, run: RunRecord) -> None:
        """Take the run a little further, and end it when nothing is left to do.

        Matches get their enrichments before the search goes on.
        """
        due = self._store.unenriched(run, limit=self._wanted(run)) if run.enrichments else []
        if due:
            self._enrich(run, due)
        elif run.stop_reason is None:
            self._evaluate(run)
        else:
            with self._store.change(run.findall_id) as change:
                self._settle(change)

    def _note_doubts(self, run: RunRecord) -> None:
        doubts = [warning for warning in _doubts(self._judge) if warning not in run.warnings]
        if doubts:
            with self._store.change(run.findall_id) as change:
                change.run.warnings = [*change.run.warnings, *doubts]

    # -- evaluate ----------------------------------------------------------------------------

    def _evaluate(self, run: RunRecord) -> None:
        if run.evaluated < run.generated:
            self._judge_waiting(run, self._store.pending(run)[0])
            return
        drawn = self._drawing.take(run, wanted=self._wanted(run))
        if not drawn.entities:
            cut_short = self._drawing.is_cut_short(run)
            with self._store.change(run.findall_id) as change:
                change.run.stop_reason = "low_match_rate" if cut_short else "candidates_exhausted"
                self._settle(change)
        elif self._batch == self._at_once == 1:
            # What may take its time is announced before it is judged.
            (entity,), (consumed,) = drawn
            with self._store.change(run.findall_id) as change:
                waiting_one = change.add_candidate(entity.position, _generated(change.run, entity))
                change.run.consumed = consumed
            self._judge_waiting(run, waiting_one)
        else:
            self._judge_drawn(run, drawn)

    def _judge_waiting(self, run: RunRecord, item: StoredCandidate) -> None:
        started = time.monotonic()
        (row,) = self._judge.judge([item.entity])
        self._grow(time.monotonic() - started)
        with self._store.change(run.findall_id) as change:
            known = item.candidate
            change.judge(item, self._judged(known, row, name=known.candidate_id))
            self._note_limit(change)

    def _judge_drawn(self, run: RunRecord, drawn: Drawn) -> None:
        """Judge a batch; what the match limit no longer lets in was never a candidate."""
        started = time.monotonic()
        bodies: list[bytes] = []
        matches: dict[int, int] = {}
        is_preview = run.request.generator == "preview"
        missing = run.match_limit - (run.evaluated if is_preview else run.matched)
        for entity, row in self._verdicts_on(drawn.entities):
            name = candidate_id(run.findall_id, run.generated + len(bodies))
            judged = self._judged(entity, row, name=name)
            if judged.match_status == "matched":
                matches[len(bodies)] = entity.position
            bodies.append(_encoder.encode(judged))
            if (len(bodies) if is_preview else len(matches)) >= missing:
                break
        self._grow(time.monotonic() - started)
        with self._store.change(run.findall_id) as change:
            change.add_judged(bodies, matches=matches)
            change.run.consumed = drawn.consumed[len(bodies) - 1]
            self._note_limit(change)
        self._drawing.give_back(len(drawn.entities) - len(bodies))

    def _verdicts_on(self, entities: list[Entity]) -> Iterator[tuple[Entity, list[Verdict]]]:
        """Judge a few at once, since the verdicts on many keep the garbage collector busy."""
        for start in range(0, len(entities), _AT_ONCE):
            few = entities[start : start + _AT_ONCE]
            yield from zip(few, self._judge.judge([one.position for one in few]), strict=True)

    def _judged(
        self, known: Entity | FindAllCandidate, row: list[Verdict], *, name: str
    ) -> FindAllCandidate:
        """Make a candidate of a name, an entity or what it was before, and its verdicts."""
        output: dict[str, Any] = {}
        basis = []
        is_match = True
        for field, verdict in zip(self._conditions, row, strict=True):
            output[field] = {
                "value": verdict.value,
                "type": "match_condition",
                "is_matched": verdict.is_matched,
            }
            basis.append(_basis(field, verdict))
            is_match = is_match and verdict.is_matched
        return FindAllCandidate(
            name,
            known.name,
            known.url,
            "matched" if is_match else "unmatched",
            known.description,
            output,
            basis,
        )

    def _note_limit(self, change: Change) -> None:
        if change.run.limit_is_met:
            change.run.stop_reason = "match_limit_met"
        self._settle(change)

    # -- enrich ------------------------------------------------------------------------------

    def _enrich(self, run: RunRecord, due: list[StoredCandidate]) -> None:
        number = due[0].enriched
        filler = self._fillers.get(number)
        if filler is None:
            filler = self._evaluator.filler_for(run.enrichments[number], self._corpus)
            self._fillers[number] = filler
        started = time.monotonic()
        filled = filler.fill([item.entity for item in due])
        self._grow(time.monotonic() - started)
        with self._store.change(run.findall_id) as change:
            enriched = []
            for item, findings in zip(due, filled, strict=True):
                addition = msgspec.structs.replace(
                    item.candidate,
                    output={
                        name: {"value": finding.value, "type": "enrichment"}
                        for name, finding in findings.items()
                    },
                    basis=[_basis(name, finding) for name, finding in findings.items()],
                )
                whole = msgspec.structs.replace(
                    item.candidate,
                    output={**(item.candidate.output or {}), **(addition.output or {})},
                    basis=[*(item.candidate.basis or []), *(addition.basis or [])],
                )
                enriched.append((item._replace(enriched=number + 1, candidate=whole), addition))
            change.enrich(enriched)
            self._settle(change)

    # -- pace and end ------------------------------------------------------------------------

    def _wanted(self, run: RunRecord) -> int:
        """How many rows to look at next.

        Of an evaluator that may cost money as many as go on at once, and twice as many while
        that cannot lead far beyond the match limit: then few places are empty at the end.
        """
        if self._at_once == 1:
            return self._batch
        return max(self._at_once, min(2 * self._at_once, run.match_limit - run.matched))

    def _grow(self, seconds: float) -> None:
        if seconds < _QUICK_SECONDS:
            self._batch = min(2 * self._batch, _MAX_BATCH)
        else:
            self._batch = max(1, self._batch // 2)

    def _settle(self, change: Change) -> None:
        """Complete the run when its search has stopped and every match has its enrichments."""
        run = change.run
        if run.status == "running" and run.stop_reason is not None and not change.has_unenriched():
            run.status = "completed"
            change.emit_status()


def _generated(run: RunRecord, entity: Entity) -> FindAllCandidate:
    """Make the next candidate of a run."""
    return FindAllCandidate(
        candidate_id=candidate_id(run.findall_id, run.generated),
        name=entity.name,
        url=entity.url,
        match_status="generated",
        description=entity.description,
    )


def _doubts(judge: Judge) -> list[RunWarning]:
    told = judge.doubts if isinstance(judge, Doubtful) else ()
    return [RunWarning("condition_not_understood", doubt) for doubt in told if doubt is not None]


def _basis(name: str, finding: Finding) -> FieldBasis:
    return FieldBasis(name, finding.reasoning, list(finding.citations), finding.confidence)
