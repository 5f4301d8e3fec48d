"""One run's search over the corpus, in steps: generate, evaluate, enrich."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from findall_frames.api.models import FieldBasis, FindAllCandidate
from findall_frames.embedded.exclusions import Exclusions
from findall_frames.embedded.finding import Evaluator, Filler, Finding, Verdict
from findall_frames.embedded.index import TextIndex
from findall_frames.embedded.record import RunRecord, candidate_id
from findall_frames.embedded.store import Change, Store, StoredCandidate

if TYPE_CHECKING:
    from findall_frames.embedded.corpus import Corpus

__all__ = ["Search"]

# How many candidates a generator selects at the most; None for all that there are.
_POOLS: Final[Mapping[str, int | None]] = {
    "preview": 10,
    "base": 1_000,
    "core": 10_000,
    "pro": None,
}
# A batch doubles while it is evaluated faster than this, so that a small search streams, a
# large one is quick, and a slow evaluator is never far from its next report.
_QUICK_SECONDS: Final = 0.1
_MAX_BATCH: Final = 512


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
        evaluator: Evaluator,
        store: Store,
    ) -> None:
        self._corpus = corpus
        self._evaluator = evaluator
        self._store = store
        self._judge = evaluator.judge_for(run.request.match_conditions, corpus)
        self._conditions = [condition.name for condition in run.request.match_conditions]
        self._fillers: dict[int, Filler] = {}
        self._excluded = Exclusions(store.excluded(run))
        pool = _POOLS[run.request.generator]
        self._pool = len(corpus) if pool is None else min(pool, len(corpus))
        self._order = self._order_from(index, run)
        self._batch = 1

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
            limit=min(size, self._pool + len(self._excluded)),
        )
        return islice(chain(ranked, _others(ranked, size)), run.consumed, None)

    def _generate(self, change: Change) -> None:
        run = change.run
        wanted = min(self._batch, self._pool - run.generated)
        selected: list[tuple[int, FindAllCandidate]] = []
        while len(selected) < wanted:
            position = next(self._order, None)
            if position is None:
                break
            run.consumed += 1
            entity = self._corpus.entity(position)
            if self._excluded.cover(entity.name, url=entity.url):
                continue
            selected.append(
                (
                    position,
                    FindAllCandidate(
                        candidate_id=candidate_id(run.findall_id, run.generated + len(selected)),
                        name=entity.name,
                        url=entity.url,
                        match_status="generated",
                        description=entity.description,
                    ),
                )
            )
        change.add_candidates(selected)

    # -- evaluate ----------------------------------------------------------------------------

    def _evaluate(self, run: RunRecord) -> None:
        with self._store.change(run.findall_id) as change:
            if not change.pending(limit=1):
                self._generate(change)
            batch = change.pending(limit=self._batch)
            if not batch:
                change.run.stop_reason = "candidates_exhausted"
                self._settle(change)
        if not batch:
            return
        started = time.monotonic()
        verdicts = self._judge.judge([item.entity for item in batch])
        self._grow(time.monotonic() - started)
        with self._store.change(run.findall_id) as change:
            judged = []
            for item, row in zip(batch, verdicts, strict=True):
                if change.run.limit_is_met:
                    break
                judged.append(self._record(change, item, row))
            change.update_candidates(judged)
            if change.run.limit_is_met:
                change.run.stop_reason = "match_limit_met"
            elif change.run.status == "running" and not change.pending(limit=1):
                # The next candidates are announced in the transaction that is open anyway.
                self._generate(change)
                if not change.pending(limit=1):
                    change.run.stop_reason = "candidates_exhausted"
            self._settle(change)

    def _record(self, change: Change, item: StoredCandidate, row: list[Verdict]) -> StoredCandidate:
        is_match = all(verdict.is_matched for verdict in row)
        output: dict[str, Any] = {}
        basis = []
        for name, verdict in zip(self._conditions, row, strict=True):
            output[name] = {
                "value": verdict.value,
                "type": "match_condition",
                "is_matched": verdict.is_matched,
            }
            basis.append(_basis(name, verdict))
        candidate = msgspec.structs.replace(
            item.candidate,
            match_status="matched" if is_match else "unmatched",
            output=output,
            basis=basis,
        )
        change.run.evaluated += 1
        change.run.matched += is_match
        change.emit_candidate(candidate.match_status, candidate)
        return item._replace(candidate=candidate)

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
                change.emit_candidate("enriched", addition)
                whole = msgspec.structs.replace(
                    item.candidate,
                    output={**(item.candidate.output or {}), **(addition.output or {})},
                    basis=[*(item.candidate.basis or []), *(addition.basis or [])],
                )
                enriched.append(item._replace(enriched=number + 1, candidate=whole))
            change.update_candidates(enriched)
            self._settle(change)

    # -- pace and end ------------------------------------------------------------------------

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
