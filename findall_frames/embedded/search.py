"""One run's search over the corpus, in steps: generate, evaluate, enrich."""

from __future__ import annotations

import threading
import time
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from findall_frames.api.models import FieldBasis, FindAllCandidate
from findall_frames.embedded.change import Change, StoredCandidate
from findall_frames.embedded.exclusions import Exclusions
from findall_frames.embedded.finding import (
    Costly,
    Doubtful,
    Evaluator,
    Filler,
    Finding,
    Judge,
    Verdict,
)
from findall_frames.embedded.index import TextIndex
from findall_frames.embedded.record import RunRecord, RunWarning, Usage, candidate_id
from findall_frames.embedded.store import Store

if TYPE_CHECKING:
    from findall_frames.embedded.corpus import Corpus, Entity

__all__ = ["Search"]

# How many candidates a generator selects at the most; None for all that there are.
_POOLS: Final[Mapping[str, int | None]] = {
    "preview": 10,
    "base": 1_000,
    "core": 10_000,
    "pro": None,
}
# So many are ranked by the question; whoever looks at more looks at the others as they stand.
_RANKED: Final = 10_000
# A batch doubles while it is evaluated faster than this, so that a small search streams, a
# large one is quick, and a slow evaluator is never far from its next report. Still larger ones were
# slower: what they make no longer fits the caches of a processor.
_QUICK_SECONDS: Final = 0.1
_MAX_BATCH: Final = 128


class _Drawn(NamedTuple):
    """An entity to judge, and how far through its order the run is when that is done."""

    entity: Entity
    consumed: int


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
            evaluator = evaluator.for_run(_RunMemory(store, run.findall_id), stop=stop)
        self._evaluator = evaluator
        self._store = store
        self._judge = evaluator.judge_for(run.request.match_conditions, corpus)
        self._conditions = [condition.name for condition in run.request.match_conditions]
        self._fillers: dict[int, Filler] = {}
        self._excluded = Exclusions(store.excluded(run))
        pool = _POOLS[run.request.generator]
        self._pool = len(corpus) if pool is None else min(pool, len(corpus))
        self._order = self._order_from(index, run)
        self._passed = run.consumed
        self._drawn: deque[_Drawn] = deque()
        self._batch = self._at_once
        self._note_doubts(run)

    @property
    def is_quick(self) -> bool:
        """Whether a step takes the processor and little time, as rules over columns do."""
        return self._batch > self._at_once == 1

    def step(self, run: RunRecord) -> None:
        """Take the run a little further, and end it when nothing is left to do.

        Matches get their enrichments before the search goes on.
        """
        due = self._store.unenriched(run, limit=self._batch) if run.enrichments else []
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

    # -- generate ----------------------------------------------------------------------------

    def _order_from(self, index: TextIndex, run: RunRecord) -> Iterator[int]:
        """Give the positions still to come: by full-text rank first, then as they stand."""
        size = len(self._corpus)
        request = run.request
        ranked = index.rank(
            [
                request.objective,
                request.entity_type,
                *(condition.description for condition in request.match_conditions),
            ],
            limit=min(size, self._pool + len(self._excluded), _RANKED),
        )
        return islice(chain(ranked, _others(ranked, size)), run.consumed, None)

    def _draw(self, wanted: int) -> list[_Drawn]:
        """Take the next entities that are not excluded, as many as there are."""
        while len(self._drawn) < wanted:
            positions = list(islice(self._order, wanted - len(self._drawn)))
            if not positions:
                break
            all_allowed = len(self._excluded) == 0
            for entity in self._corpus.entities(positions):
                self._passed += 1
                if all_allowed or not self._excluded.cover(entity.name, url=entity.url):
                    self._drawn.append(_Drawn(entity, self._passed))
        return [self._drawn.popleft() for _ in range(min(wanted, len(self._drawn)))]

    # -- evaluate ----------------------------------------------------------------------------

    def _evaluate(self, run: RunRecord) -> None:
        waiting = self._store.pending(run)
        if waiting:
            self._judge_waiting(run, waiting[0])
            return
        drawn = self._draw(min(self._batch, self._pool - run.generated))
        if not drawn:
            with self._store.change(run.findall_id) as change:
                change.run.stop_reason = "candidates_exhausted"
                self._settle(change)
        elif self._batch == 1:
            # What may take its time is announced before it is judged.
            (one,) = drawn
            with self._store.change(run.findall_id) as change:
                waiting_one = change.add_candidate(
                    one.entity.position, _generated(change.run, one.entity)
                )
                change.run.consumed = one.consumed
            self._judge_waiting(run, waiting_one)
        else:
            self._judge_drawn(run, drawn)

    def _judge_waiting(self, run: RunRecord, item: StoredCandidate) -> None:
        (row,) = self._verdicts([item.entity])
        with self._store.change(run.findall_id) as change:
            change.judge(item, self._judged(item.candidate, row))
            self._note_limit(change)

    def _judge_drawn(self, run: RunRecord, drawn: list[_Drawn]) -> None:
        """Judge a batch; what the match limit no longer lets in was never a candidate."""
        rows = self._verdicts([one.entity.position for one in drawn])
        with self._store.change(run.findall_id) as change:
            for one, row in zip(drawn, rows, strict=True):
                if change.run.limit_is_met:
                    self._drawn.extendleft(reversed(drawn[change.run.generated - run.generated :]))
                    break
                generated = _generated(change.run, one.entity)
                judged = self._judged(generated, row)
                change.add_judged(one.entity.position, generated=generated, judged=judged)
                change.run.consumed = one.consumed
            self._note_limit(change)

    def _verdicts(self, positions: Sequence[int]) -> list[list[Verdict]]:
        started = time.monotonic()
        rows = self._judge.judge(positions)
        self._grow(time.monotonic() - started)
        return rows

    def _judged(self, candidate: FindAllCandidate, row: list[Verdict]) -> FindAllCandidate:
        output: dict[str, Any] = {}
        basis = []
        is_match = True
        for name, verdict in zip(self._conditions, row, strict=True):
            output[name] = {
                "value": verdict.value,
                "type": "match_condition",
                "is_matched": verdict.is_matched,
            }
            basis.append(_basis(name, verdict))
            is_match = is_match and verdict.is_matched
        return FindAllCandidate(
            candidate_id=candidate.candidate_id,
            name=candidate.name,
            url=candidate.url,
            match_status="matched" if is_match else "unmatched",
            description=candidate.description,
            output=output,
            basis=basis,
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

    def _grow(self, seconds: float) -> None:
        if seconds < _QUICK_SECONDS:
            self._batch = min(2 * self._batch, _MAX_BATCH)
        else:
            self._batch = max(self._at_once, self._batch // 2)

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
    return FieldBasis(
        field=name,
        reasoning=finding.reasoning,
        citations=list(finding.citations),
        confidence=finding.confidence,
    )


def _others(ranked: array[int], size: int) -> Iterator[int]:
    """Give the positions that are not among the ranked ones."""
    seen = bytearray(size)
    for position in ranked:
        seen[position] = 1
    return (position for position in range(size) if not seen[position])
