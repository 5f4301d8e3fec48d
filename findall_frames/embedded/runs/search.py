"""One run's search over the corpus, in steps: select rows, judge them, fill enrichments."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple, get_args

import msgspec

from findall_frames.api.models import FieldBasis, FindAllCandidate
from findall_frames.api.readings import Confidence
from findall_frames.embedded.chat.language_model import Model, StoppedError, Usage
from findall_frames.embedded.corpus.corpus import Corpus, Entity, QueryStopped
from findall_frames.embedded.corpus.index import TextIndex
from findall_frames.embedded.judging.filling import Filler
from findall_frames.embedded.judging.finding import Finding, Verdict
from findall_frames.embedded.judging.plan import Plan
from findall_frames.embedded.judging.rows import RowAsker
from findall_frames.embedded.runs.change import Change, StoredCandidate
from findall_frames.embedded.runs.exclusions import Exclusions
from findall_frames.embedded.runs.record import RunRecord, RunWarning, candidate_id
from findall_frames.embedded.runs.store import Store

__all__ = ["Search"]

# How many rows a model is asked about at the most, by generator; None for all.
_POOLS: Final[dict[str, int | None]] = {"preview": 10, "base": 60, "core": 300, "pro": None}
# A batch grows fourfold while it is judged faster than this: a small search streams, a large one
# is quick.
_QUICK_SECONDS: Final = 0.1
_FIRST_BATCH: Final = 256
_MAX_BATCH: Final = 16_384

_CONFIDENCES: Final = get_args(Confidence)

_encoder: Final = msgspec.json.Encoder()


class _RunMemory(NamedTuple):
    """Answers of a model, kept with the run that paid for them."""

    store: Store
    findall_id: str

    def recall(self, key: bytes) -> str | None:
        """Return what was answered to the same question before, in any run."""
        return self.store.answer(key)

    def keep(self, answers: Mapping[bytes, str], *, usage: Usage) -> None:
        """Store answers and count what they have used, in one transaction."""
        with self.store.change(self.findall_id) as change:
            change.keep_answers(answers, usage=usage)


class _Order(NamedTuple):
    """The rows that become candidates, in the order in which they are looked at.

    It is the same whenever it is made, so that a run can go on after a restart. Of `rows`, the
    first `likely` may match; near misses follow. `left_out` rows are not asked about.
    """

    rows: Sequence[int]
    likely: int
    left_out: int


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
        model: Model | None,
        store: Store,
        stop: threading.Event,
    ) -> None:
        self._corpus = corpus
        self._index = index
        self._store = store
        self._run = run
        self._stop = stop
        self._excluded = Exclusions(store.excluded(run))
        self._asker: RowAsker | None = None
        self._at_once = 0
        if model is not None:
            memory = _RunMemory(store, run.findall_id)
            self._asker = RowAsker(model, corpus, memory=memory, is_stopped=self._is_stopped)
            self._at_once = model.at_once
        self._fillers: dict[int, Filler] = {}
        self._batch = _FIRST_BATCH

    @property
    def is_quick(self) -> bool:
        """True if a step takes the processor and little time, as columns do."""
        return not self._plan.asked

    def step(self, run: RunRecord) -> None:
        """Take the run a little further, and end it when nothing is left to do.

        Matches get their enrichments before the search goes on.
        """
        self._run = run
        at_once = self._ask_at_once or _FIRST_BATCH
        due = self._store.unenriched(run, limit=at_once) if run.enrichments else []
        try:
            if due:
                self._enrich(run, due)
            elif run.stop_reason is None:
                self._look(run)
            else:
                with self._store.change(run.findall_id) as change:
                    self._settle(change)
        except QueryStopped as error:
            raise StoppedError from error

    def _is_stopped(self) -> bool:
        if self._stop.is_set():
            return True
        return self._store.run(self._run.findall_id).status == "cancelling"

    # -- select ----------------------------------------------------------------------------------

    @cached_property
    def _plan(self) -> Plan:
        return Plan(
            self._run.readings, self._corpus, mentioning=self._mentioning, stop=self._is_stopped
        )

    def _mentioning(self, words: Sequence[str]) -> Sequence[int]:
        self._demand_index()
        return self._index.containing(words)

    def _demand_index(self) -> None:
        if not self._index.build(stop=self._is_stopped):
            raise StoppedError

    @cached_property
    def _order(self) -> _Order:
        matching = self._plan.matching
        likely = self._shortlist(matching) if self._plan.asked else matching
        return _Order([*likely, *self._plan.near_misses], len(likely), len(matching) - len(likely))

    def _shortlist(self, matching: Sequence[int]) -> Sequence[int]:
        """Choose the rows that a model is asked about, where there are more than it may be."""
        pool = _POOLS[self._run.request.generator]
        if pool is None or len(matching) <= pool:
            return matching
        if any(reading.top is not None for reading in self._plan.readings):
            return matching[:pool]  # in the order of their rank
        self._demand_index()
        words = [word for reading in self._plan.asked for word in reading.keywords]
        words += [] if words else [reading.description for reading in self._plan.asked]
        among = bytearray(len(self._corpus))
        for position in matching:
            among[position] = 1
        ranked = self._index.rank(words, among=among, limit=pool)
        taken = set(ranked)
        others = (position for position in matching if position not in taken)
        return [*ranked, *islice(others, pool - len(ranked))]

    # -- judge -----------------------------------------------------------------------------------

    def _look(self, run: RunRecord) -> None:
        started = time.monotonic()
        order = self._order
        is_asked = bool(self._plan.asked) and run.consumed < order.likely
        through = run.consumed + (self._ask_at_once if self._plan.asked else self._batch)
        # Near misses are decided by columns.
        through = min(through, order.likely if is_asked else len(order.rows))
        entities = self._corpus.entities(order.rows[run.consumed : through])
        kept = [
            (place, entity)
            for place, entity in enumerate(entities, run.consumed + 1)
            if not self._excluded.cover(entity.name, url=entity.url)
        ]
        entities = [entity for _, entity in kept]
        rows = self._plan.judge(entities)
        if is_asked:
            self._ask(entities, rows)
        self._store_judged(run, kept, rows, through=through)
        if time.monotonic() - started < _QUICK_SECONDS:
            self._batch = min(4 * self._batch, _MAX_BATCH)
        else:
            self._batch = max(_FIRST_BATCH, self._batch // 2)

    @property
    def _ask_at_once(self) -> int:
        """How many rows a model is asked about in one step: as many as its requests hold."""
        return 0 if self._asker is None else self._asker.rows_a_request * self._at_once

    def _ask(self, entities: Sequence[Entity], rows: list[list[Verdict]]) -> None:
        """Put what a model says in the place of the verdicts that only it can give."""
        if self._asker is None:
            raise RuntimeError("a condition has to be asked of a model, and there is none")
        readings = self._plan.readings
        asked = [n for n, each in enumerate(readings) if each.status == "ask"]
        tops = [n for n, each in enumerate(readings) if each.top is not None]
        answers = self._asker.judge(
            [entity.position for entity in entities], [readings[n] for n in asked]
        )
        found = self._run.matched
        for verdicts, answer in zip(rows, answers, strict=True):
            for n, verdict in zip(asked, answer, strict=True):
                # A verdict is no surer than the reading that it follows.
                least = min(verdict.confidence, readings[n].confidence, key=_CONFIDENCES.index)
                verdicts[n] = replace(verdict, confidence=least)
            # Rows come in the order of their rank, which counts only those that meet all else.
            others = all(
                verdict.is_matched
                for n, verdict in enumerate(verdicts)
                if n in asked or n not in tops
            )
            meets = others and found < (self._plan.top or 0)
            for n in tops:
                verdicts[n] = replace(verdicts[n], is_matched=meets, truth=meets)
            found += others

    def _store_judged(
        self,
        run: RunRecord,
        kept: Sequence[tuple[int, Entity]],
        rows: Sequence[Sequence[Verdict]],
        *,
        through: int,
    ) -> None:
        """Store a batch; what the limit no longer lets in was never a candidate."""
        bodies: list[bytes] = []
        matches: dict[int, int] = {}
        is_preview = run.request.generator == "preview"
        missing = run.match_limit - (run.generated if is_preview else run.matched)
        for (place, entity), verdicts in zip(kept, rows, strict=True):
            number = run.generated + len(bodies)
            judged = _candidate(run, entity, verdicts, name=candidate_id(run.findall_id, number))
            if judged.match_status == "matched":
                matches[len(bodies)] = entity.position
            bodies.append(_encoder.encode(judged))
            if (len(bodies) if is_preview else len(matches)) >= missing:
                through = place
                break
        order, plan = self._order, self._plan
        # Columns decide all rows at once, a model one after the other.
        waiting = max(0, order.likely - through) if plan.asked else 0
        with self._store.change(run.findall_id) as change:
            if bodies:
                change.add_judged(bodies, matches=matches)
            run = change.run
            run.consumed = through
            run.looked_at = len(self._corpus) - order.left_out - waiting
            has_top = bool(plan.asked) and plan.top is not None and run.matched >= plan.top
            if run.limit_is_met:
                run.stop_reason = "match_limit_met"
            elif through >= len(order.rows) or has_top:
                run.stop_reason = "candidates_exhausted"
            self._settle(change)

    def _warn(self, change: Change) -> None:
        """Say what only shows at the end: rows that no model has judged, and an empty answer."""
        run, asker = change.run, self._asker
        told: list[str] = []
        is_exhausted = run.stop_reason == "candidates_exhausted"
        if is_exhausted and (order := self._order).left_out:
            told.append(
                f"{order.left_out:,} rows were not asked about: generator "
                f"{run.request.generator!r} asks a model about {order.likely} rows at the most, "
                "those first that say words of the question. A more thorough generator asks about "
                "more."
            )
        if asker is not None:
            why = "since the model gave no answer that could be used"
            if asker.unjudged:
                told.append(
                    f"{asker.unjudged:,} verdicts are open, {why}; their rows are no matches. "
                    "Their reasons say why."
                )
            if asker.unfilled:
                told.append(
                    f"{asker.unfilled:,} values of enrichments are open, {why}. Their reasons "
                    "say why."
                )
            told += asker.notes
        if is_exhausted and not run.matched and run.readings:
            read = "; ".join(f"{each.name}: {each.describe()}" for each in run.readings)
            others = f" but the {len(self._excluded)} excluded" if len(self._excluded) else ""
            told.append(f"No row{others} meets all conditions. They were read as: {read}.")
        new = [RunWarning("incomplete", text) for text in told]
        run.warnings = [*run.warnings, *(one for one in new if one not in run.warnings)]

    # -- enrich ----------------------------------------------------------------------------------

    def _enrich(self, run: RunRecord, due: list[StoredCandidate]) -> None:
        number = due[0].enriched
        filler = self._fillers.get(number)
        if filler is None:
            schema = run.enrichments[number].output_schema.json_schema
            filler = self._fillers[number] = Filler(self._corpus, schema, asker=self._asker)
        filled = filler.fill([item.entity for item in due])
        enriched = []
        for item, findings in zip(due, filled, strict=True):
            candidate = item.candidate
            output = {
                name: {"value": finding.value, "type": "enrichment"}
                for name, finding in findings.items()
            }
            basis = [_basis(name, finding) for name, finding in findings.items()]
            addition = msgspec.structs.replace(candidate, output=output, basis=basis)
            whole = msgspec.structs.replace(
                candidate,
                output={**(candidate.output or {}), **output},
                basis=[*(candidate.basis or []), *basis],
            )
            enriched.append((item._replace(enriched=number + 1, candidate=whole), addition))
        with self._store.change(run.findall_id) as change:
            change.enrich(enriched)
            self._settle(change)

    def _settle(self, change: Change) -> None:
        """Complete the run when its search has stopped and every match has its enrichments."""
        run = change.run
        if run.status == "running" and run.stop_reason is not None and not change.has_unenriched():
            self._warn(change)
            run.status = "completed"
            change.emit_status()


def _candidate(
    run: RunRecord, entity: Entity, verdicts: Sequence[Verdict], *, name: str
) -> FindAllCandidate:
    fields = [reading.name for reading in run.readings]
    output: dict[str, Any] = {
        field: {
            "value": verdict.value,
            "type": "match_condition",
            "is_matched": verdict.is_matched,
        }
        for field, verdict in zip(fields, verdicts, strict=True)
    }
    return FindAllCandidate(
        name,
        entity.name,
        entity.url,
        "matched" if all(verdict.is_matched for verdict in verdicts) else "unmatched",
        entity.description,
        output,
        list(map(_basis, fields, verdicts)),
        entity.position,
    )


def _basis(field: str, finding: Finding) -> FieldBasis:
    return FieldBasis(field, finding.reasoning, list(finding.citations), finding.confidence)
