"""The life of runs: created, searched by a small pool of workers, extended, enriched, ended."""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, NoReturn

import msgspec

from findall_frames.api.models import (
    NO_LIMIT,
    FindAllEnrichInput,
    FindAllEntity,
    FindAllEntitySearchInput,
    FindAllEntitySearchResponse,
    FindAllRun,
    FindAllRunInput,
    FindAllSchema,
    JsonSchema,
    MatchCondition,
)
from findall_frames.api.readings import DraftedSchema, Explained, Reading
from findall_frames.embedded.chat.language_model import Model, StoppedError
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.index import TextIndex
from findall_frames.embedded.reading.readers import Readers
from findall_frames.embedded.runs.change import Change
from findall_frames.embedded.runs.explaining import explain, warnings_of
from findall_frames.embedded.runs.record import RunRecord, RunWarning
from findall_frames.embedded.runs.search import Search
from findall_frames.embedded.runs.store import Store
from findall_frames.errors import (
    ConditionNotUnderstoodError,
    ConflictError,
    FindAllWarning,
    RefusedError,
    warn,
)

__all__ = ["Engine"]

_log = logging.getLogger(__name__)

_WORKERS: Final = 4
_GRACE_SECONDS: Final = 1.0


class Engine:
    """Runs searches over a corpus and keeps them in a store.

    Workers take turns: each takes a run one step further and puts it back in line, so that
    many runs go on side by side and a change of a run is noticed at its next step. Runs that
    the store has from earlier are finished.
    """

    def __init__(self, corpus: Corpus, *, model: Model | None, store: Store) -> None:
        self._corpus = corpus
        self._model = model
        self._store = store
        self._stop = threading.Event()
        self._readers = Readers(corpus, model=model, kept=store, stop=self._stop)
        self._index = TextIndex(store.database, corpus)
        self._searches: dict[str, Search] = {}
        self._line: deque[str] = deque()
        self._known: set[str] = set()
        self._again: set[str] = set()
        self._turn = threading.Condition()
        # Quick steps keep a processor busy. Side by side they would gain nothing, and leave
        # whoever asks for a status to wait for all of them.
        self._processor = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"findall-worker-{number}", daemon=True)
            for number in range(_WORKERS)
        ]

    def start(self) -> None:
        """Start the workers, and go on with the runs that are not over."""
        ended = 0
        for findall_id in self._store.active():
            if self._store.run(findall_id).corpus == self._corpus.fingerprint:
                self._wake(findall_id)
            else:
                self._fail(findall_id, "The data has changed since the run was started.")
                ended += 1
        if self._store.last_corpus() not in (None, self._corpus.fingerprint):
            over = f"{ended} of them had not ended, and were ended as failed. " if ended else ""
            warn(
                "The data has changed since this store was last used. Earlier "
                f"runs cannot be continued. {over}What they have found can still be read.",
                FindAllWarning,
            )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each worker finish its step, then end; runs that go on stay as they are stored.

        Whoever takes longer than a moment is left behind. The store has to be closed after this:
        what comes too late finds it so, is not stored, and is done again by the next engine.
        """
        self._stop.set()
        with self._turn:
            self._turn.notify_all()
        deadline = time.monotonic() + _GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    # -- what can be done with a run ---------------------------------------------------------

    def draft(self, objective: str) -> DraftedSchema:
        """Take an objective apart into criteria, each with its reading."""
        drafted = self._readers.draft(objective)
        fields = {
            name: {"type": "string", "description": description}
            for name, description in drafted.enrichments.items()
        }
        wanted = FindAllEnrichInput(JsonSchema({"type": "object", "properties": fields}))
        return DraftedSchema(
            objective=objective,
            entity_type=drafted.entity_type,
            match_conditions=[
                MatchCondition(reading.name, reading.description) for reading in drafted.readings
            ],
            enrichments=[wanted] if fields else None,
            readings=explain(drafted.readings, self._corpus),
        )

    def explain(self, conditions: Sequence[MatchCondition], *, entity_type: str) -> list[Explained]:
        """Read conditions and count the rows that each is true, false and unknown for."""
        readings, _ = self._readers.read(_told_apart(conditions), entity_type=entity_type)
        return explain(readings, self._corpus)

    def create(self, request: FindAllRunInput) -> FindAllRun:
        """Start a run; it is queued when this returns.

        Raises ConditionNotUnderstoodError, and creates none, if a condition was not understood
        or the data cannot answer it.
        """
        conditions = _told_apart(request.match_conditions)
        readings, usage = self._readers.read(conditions, entity_type=request.entity_type)
        _demand_usable(readings)
        explained = explain(readings, self._corpus)
        _demand_usable(explained)
        run = self._store.create(
            msgspec.structs.replace(request, match_conditions=conditions),
            corpus=self._corpus.fingerprint,
            rows=len(self._corpus),
            readings=readings,
            warnings=warnings_of(explained, corpus=self._corpus),
            usage=usage,
        )
        created = run.as_run()
        self._wake(run.findall_id)
        return created

    def search_entities(self, asked: FindAllEntitySearchInput) -> FindAllEntitySearchResponse:
        """Rank entities by the words of a question, once all of them are indexed."""
        self._index.build(stop=self._stop.is_set)
        positions = self._index.rank([asked.objective, asked.entity_type], limit=asked.match_limit)
        return FindAllEntitySearchResponse(
            entities=[
                FindAllEntity(entity.name, entity.url, entity.description or "")
                for entity in self._corpus.entities(positions)
            ],
            entity_set_id=f"entity_set_{secrets.token_hex(16)}",
        )

    def cancel(self, findall_id: str) -> None:
        """Stop a run as soon as the work in hand is done; what it has found stays.

        Raises ConflictError if it is over or a preview.
        """
        with self._changed(findall_id) as change:
            run, refusal = change.run, None
            if not run.is_active:
                refusal = f"Cannot cancel a terminated FindAll run: it is {run.status} already."
            elif run.request.generator == "preview":
                refusal = "A preview cannot be cancelled: it ends by itself after a few candidates."
            if refusal is not None:
                raise ConflictError(refusal, status_code=409, findall_id=findall_id)
            if run.status != "cancelling":
                run.status = "cancelling"
                change.emit_status()

    def extend(self, findall_id: str, *, by: int) -> FindAllSchema:
        """Raise the match limit of a run that goes on, or that ended because it had met it.

        Raises RefusedError if it ended otherwise, is a preview, or was made with other data.
        """
        with self._changed(findall_id) as change:
            run = change.run
            self._demand_changeable(
                run,
                "extended",
                only="run that goes on or that ended with match_limit_met",
                allowed=run.is_active or run.stop_reason == "match_limit_met",
            )
            limits = f"{NO_LIMIT:,} in all; {run.match_limit:,} and {by:,} are more."
            if run.match_limit + by > NO_LIMIT:
                _refuse(run, f"Expected a match limit of at most {limits}")
            run.match_limit += by
            if run.stop_reason == "match_limit_met":
                run.stop_reason = None
            return self._go_on(change)

    def enrich(self, findall_id: str, enrichment: FindAllEnrichInput) -> FindAllSchema:
        """Add fields to every match, present and future; to ask for the same again adds nothing.

        Raises RefusedError if the run was cancelled or has failed, is a preview, was made with
        other data, or has a field of the same name already.
        """
        with self._changed(findall_id) as change:
            run = change.run
            self._demand_changeable(
                run,
                "enriched",
                only="queued, running or completed run",
                allowed=run.is_active or run.status == "completed",
            )
            wanted = _properties(enrichment)
            # Whoever asks for nothing, or again after a lost answer, has what was asked for.
            if not wanted or any(
                enrichment.output_schema == earlier.output_schema for earlier in run.enrichments
            ):
                return run.as_schema()
            taken = {condition.name for condition in run.request.match_conditions}
            repeated = wanted & taken.union(*map(_properties, run.enrichments))
            if repeated:
                names = ", ".join(sorted(repeated))
                _refuse(
                    run,
                    f"Expected names of new fields; the run has {names} already. Rename these "
                    "properties of output_schema.json_schema.",
                )
            run.enrichments = [*run.enrichments, enrichment]
            return self._go_on(change)

    @contextlib.contextmanager
    def _changed(self, findall_id: str) -> Iterator[Change]:
        """Change a run, and put it in line once that is stored."""
        with self._store.change(findall_id) as change:
            yield change
        self._wake(findall_id)

    def _demand_changeable(self, run: RunRecord, how: str, *, only: str, allowed: bool) -> None:
        if run.request.generator == "preview":
            _refuse(run, f"A preview cannot be {how}; create a run with another generator.")
        if run.status == "cancelling" or not allowed:
            why = ": ".join(part for part in (run.stop_reason, run.failure) if part)
            state = f"{run.status} ({why})" if why else run.status
            _refuse(run, f"Only a {only} can be {how}; this one is {state}.")
        if run.corpus != self._corpus.fingerprint:
            _refuse(
                run, "The data has changed since this run was made; start a new one to search it."
            )

    def _go_on(self, change: Change) -> FindAllSchema:
        """Say what a run now looks for, and let it go on."""
        change.emit_schema()
        if not change.run.is_active:
            change.run.status = "running"
            change.emit_status()
        return change.run.as_schema()

    # -- workers -----------------------------------------------------------------------------

    def _wake(self, findall_id: str) -> None:
        """Put a run in line, unless it is there; one in a worker's hands gets another turn."""
        with self._turn:
            if findall_id in self._known:
                self._again.add(findall_id)
            else:
                self._known.add(findall_id)
                self._line.append(findall_id)
                self._turn.notify()

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._turn:
                while not self._line:
                    if self._stop.is_set():
                        return
                    self._turn.wait()
                findall_id = self._line.popleft()
                self._again.discard(findall_id)
            goes_on = self._advance(findall_id)
            with self._turn:
                if goes_on or findall_id in self._again:
                    self._line.append(findall_id)
                    if len(self._line) > 1:  # the one is ours to take
                        self._turn.notify()
                else:
                    self._known.discard(findall_id)

    def _advance(self, findall_id: str) -> bool:
        """Take a run one step further; say whether it needs another."""
        try:
            run = self._store.run(findall_id)
            if run.is_active:
                self._step(run)
                run = self._store.run(findall_id)
        except StoppedError:
            return False
        except Exception as exc:  # noqa: BLE001  (a model may be the user's code: it ends the run)
            if self._stop.is_set():  # it may be too late to store anything
                return False
            _log.exception("The run %s has failed", findall_id)
            try:
                self._fail(findall_id, f"{type(exc).__name__}: {exc}")
            except sqlite3.Error:  # a full disk, say; the next start goes on with the run
                _log.exception("The run %s could not be marked as failed", findall_id)
            return False
        if not run.is_active:
            self._searches.pop(findall_id, None)
        return run.is_active

    def _step(self, run: RunRecord) -> None:
        if run.status == "cancelling":
            with self._store.change(run.findall_id) as change:
                _end(change, status="cancelled", reason="user_cancelled")
            return
        if run.status == "queued":
            with self._store.change(run.findall_id) as change:
                if change.run.status == "queued":
                    change.run.status = "running"
                    change.emit_status()
            return
        search = self._searches.get(run.findall_id)
        if search is None:
            search = self._searches[run.findall_id] = Search(
                run,
                corpus=self._corpus,
                index=self._index,
                model=self._model,
                store=self._store,
                stop=self._stop,
            )
        with self._processor if search.is_quick else contextlib.nullcontext():
            search.step(run)

    def _fail(self, findall_id: str, failure: str) -> None:
        self._searches.pop(findall_id, None)
        with self._store.change(findall_id) as change:
            told = RunWarning("run_failed", f"The run has failed: {failure}")
            change.run.failure = failure
            change.run.warnings = [*change.run.warnings, told]
            _end(change, status="failed", reason="error_occurred")


def _end(change: Change, *, status: str, reason: str) -> None:
    change.run.status, change.run.stop_reason = status, reason
    change.emit_status()


def _refuse(run: RunRecord, message: str) -> NoReturn:
    raise RefusedError(message, status_code=422, findall_id=run.findall_id)


def _properties(enrichment: FindAllEnrichInput) -> set[str]:
    return set(enrichment.output_schema.json_schema.get("properties", {}))


def _demand_usable(readings: Sequence[Reading]) -> None:
    """Raise unless rows can be judged by each of the readings."""
    faults = []
    for at, each in enumerate(readings):
        if not each.is_usable:
            is_read = each.status != "not_understood"
            fault = "cannot be answered" if is_read else "was not understood"
            told = f"The condition {each.name!r} ({each.description!r}) {fault}: {each.note}"
            loc = ["body", "match_conditions", at, "description"]
            faults.append({"loc": loc, "msg": told, "type": "condition_not_understood"})
    if faults:
        message = "\n\n".join(str(fault["msg"]) for fault in faults)
        raise ConditionNotUnderstoodError(message, status_code=422, detail=faults)


def _told_apart(conditions: Sequence[MatchCondition]) -> list[MatchCondition]:
    """Give repeated names a number, since each names a field of the output."""
    taken = {condition.name for condition in conditions}
    used: set[str] = set()
    result = []
    for condition in conditions:
        numbered = (f"{condition.name}_{number}" for number in count(2))
        name = condition.name
        if name in used:
            name = next(each for each in numbered if each not in used | taken)
        used.add(name)
        result.append(MatchCondition(name, condition.description))
    return result
