"""The life of runs: created, searched by a small pool of workers, extended, enriched, ended."""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllEntity,
    FindAllEntitySearchInput,
    FindAllEntitySearchResponse,
    FindAllRun,
    FindAllRunInput,
    FindAllSchema,
    MatchCondition,
)
from findall_frames.embedded.data.index import TextIndex
from findall_frames.embedded.finding import Costly, Evaluator, StoppedError
from findall_frames.embedded.runs.record import RunRecord, RunWarning
from findall_frames.embedded.runs.search import Search
from findall_frames.embedded.runs.store import Store
from findall_frames.errors import ConflictError, FindAllWarning, RefusedError, warn

if TYPE_CHECKING:
    from findall_frames.embedded.data.corpus import Corpus

__all__ = ["Engine"]

_log = logging.getLogger(__name__)

_WORKERS: Final = 4
_PATIENCE_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 1.0
# More matches than this cannot be what anybody wants, and a number has to fit the store.
_MAX_MATCHES: Final = 1_000_000_000


class Engine:
    """Runs searches over a corpus and keeps them in a store.

    Workers take turns: each takes a run one step further and puts it back in line, so that
    many runs go on side by side and a change of a run is noticed at its next step.

    Parameters
    ----------
    corpus : Corpus
        What is searched.
    evaluator : Evaluator or Costly
        What judges and fills.
    store : Store
        Where runs are kept. Those that it has begun earlier are finished.
    """

    def __init__(self, corpus: Corpus, *, evaluator: Evaluator | Costly, store: Store) -> None:
        self._corpus = corpus
        self._evaluator = evaluator
        self._store = store
        self._index = TextIndex(store.database, corpus)
        self._searches: dict[str, Search] = {}
        self._line: deque[str] = deque()
        self._known: set[str] = set()
        self._again: set[str] = set()
        self._turn = threading.Condition()
        self._idle = threading.Event()
        # Quick steps keep a processor busy. Side by side they would gain nothing, and leave
        # whoever asks for a status to wait for all of them.
        self._processor = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"findall-worker-{number}", daemon=True)
            for number in range(_WORKERS)
        ]
        self._threads.append(
            threading.Thread(target=self._prepare, name="findall-index", daemon=True)
        )

    def start(self) -> None:
        """Start the workers, and go on with the runs that are not over."""
        ended = 0
        for findall_id in self._store.active():
            if self._store.run(findall_id).corpus == self._corpus.fingerprint:
                self._wake(findall_id)
            else:
                self._fail(findall_id, "The data has changed since the run was started.")
                ended += 1
        if self._index.is_of_other_data():
            over = "" if not ended else f"{ended} of them had not ended, and were ended as failed. "
            warn(
                "The data has changed since this store was last used, and is indexed anew. Earlier "
                f"runs cannot be continued. {over}What they have found can still be read.",
                FindAllWarning,
            )
        if not self._known:
            self._idle.set()
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

    def create(self, request: FindAllRunInput) -> FindAllRun:
        """Start a run; it is queued when this returns."""
        request = msgspec.structs.replace(
            request, match_conditions=_told_apart(request.match_conditions)
        )
        run = self._store.create(request, corpus=self._corpus.fingerprint)
        created = run.as_run()
        self._wake(run.findall_id)
        return created

    def search_entities(self, asked: FindAllEntitySearchInput) -> FindAllEntitySearchResponse:
        """Rank entities by the words of a question, once all of them are indexed."""
        self._index.build(stop=self._stop)
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

        Raises
        ------
        ConflictError
            If it is over, or cannot be cancelled because it is a preview.
        """
        with self._store.change(findall_id) as change:
            run = change.run
            if not run.is_active:
                raise ConflictError(
                    f"Cannot cancel a terminated FindAll run: it is {run.status} already.",
                    status_code=409,
                    findall_id=findall_id,
                )
            if run.request.generator == "preview":
                raise ConflictError(
                    "A preview cannot be cancelled: it ends by itself after a few candidates.",
                    status_code=409,
                    findall_id=findall_id,
                )
            if run.status != "cancelling":
                run.status = "cancelling"
                change.emit_status()
        self._wake(findall_id)

    def extend(self, findall_id: str, *, by: int) -> FindAllSchema:
        """Raise the match limit of a run that goes on, or that ended because it had met it.

        Raises
        ------
        RefusedError
            If the run ended otherwise, is a preview, or was made with other data.
        """
        with self._store.change(findall_id) as change:
            run = change.run
            self._demand_extendable(run)
            if run.match_limit + by > _MAX_MATCHES:
                _refuse(
                    run,
                    f"Expected a match limit of at most {_MAX_MATCHES:,} in all; "
                    f"{run.match_limit:,} and {by:,} are more.",
                )
            run.match_limit += by
            if run.stop_reason == "match_limit_met":
                run.stop_reason = None
            change.emit_schema()
            if not run.is_active:
                run.status = "running"
                change.emit_status()
            schema = run.as_schema()
        self._wake(findall_id)
        return schema

    def enrich(self, findall_id: str, enrichment: FindAllEnrichInput) -> FindAllSchema:
        """Add fields to every match, present and future; to ask for the same again adds nothing.

        Raises
        ------
        RefusedError
            If the run was cancelled or has failed, is a preview, was made with other data, or
            has a field of the same name already.
        """
        with self._store.change(findall_id) as change:
            run = change.run
            self._demand_enrichable(run)
            wanted = _properties(enrichment)
            # Whoever asks for nothing, or again after a lost answer, has what was asked for.
            if not wanted or any(
                enrichment.output_schema == earlier.output_schema for earlier in run.enrichments
            ):
                return run.as_schema()
            taken = {condition.name for condition in run.request.match_conditions}
            for earlier in run.enrichments:
                taken.update(_properties(earlier))
            repeated = sorted(taken.intersection(wanted))
            if repeated:
                _refuse(
                    run,
                    f"Expected names of new fields; the run has {', '.join(repeated)} already. "
                    "Rename these properties of output_schema.json_schema.",
                )
            run.enrichments = [*run.enrichments, enrichment]
            change.emit_schema()
            if not run.is_active:
                run.status = "running"
                change.emit_status()
            schema = run.as_schema()
        self._wake(findall_id)
        return schema

    def _demand_extendable(self, run: RunRecord) -> None:
        if run.request.generator == "preview":
            _refuse(run, "A preview cannot be extended; create a run with another generator.")
        if run.status == "cancelling" or (
            not run.is_active and run.stop_reason != "match_limit_met"
        ):
            _refuse(
                run,
                "Only a run that goes on or that ended with match_limit_met can be extended; "
                f"this one is {_state(run)}.",
            )
        self._demand_same_data(run)

    def _demand_enrichable(self, run: RunRecord) -> None:
        if run.request.generator == "preview":
            _refuse(run, "A preview cannot be enriched; create a run with another generator.")
        if run.status not in {"queued", "running", "completed"}:
            _refuse(
                run,
                "Only a queued, running or completed run can be enriched; "
                f"this one is {_state(run)}.",
            )
        self._demand_same_data(run)

    def _demand_same_data(self, run: RunRecord) -> None:
        if run.corpus != self._corpus.fingerprint:
            _refuse(
                run,
                "The data has changed since this run was made; start a new one to search it.",
            )

    # -- workers -----------------------------------------------------------------------------

    def _wake(self, findall_id: str) -> None:
        """Put a run in line, unless it is there; one in a worker's hands gets another turn."""
        with self._turn:
            if findall_id in self._known:
                self._again.add(findall_id)
            else:
                self._idle.clear()
                self._known.add(findall_id)
                self._line.append(findall_id)
                self._turn.notify()

    def _prepare(self) -> None:
        """Index the corpus while no run goes on; one that needs the index builds it itself."""
        try:
            while not self._stop.is_set():
                if self._idle.wait(_PATIENCE_SECONDS) and self._index.extend():
                    return
        except sqlite3.Error:  # a full disk, or the store is closed
            if not self._stop.is_set():
                _log.exception("The index could not be written; a run that needs it tries again")

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
                    if not self._known:
                        self._idle.set()

    def _advance(self, findall_id: str) -> bool:
        """Take a run one step further; say whether it needs another."""
        try:
            run = self._store.run(findall_id)
            if run.is_active:
                self._step(run)
                run = self._store.run(findall_id)
        except StoppedError:
            return False
        # An evaluator is the user's own code and may raise anything: it ends the run, not us.
        except Exception as exc:  # noqa: BLE001
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
            self._end(run.findall_id, status="cancelled", reason="user_cancelled")
            return
        if run.status == "queued":
            with self._store.change(run.findall_id) as change:
                if change.run.status == "queued":
                    change.run.status = "running"
                    change.emit_status()
            return
        search = self._searches.get(run.findall_id)
        if search is None:
            search = Search(
                run,
                corpus=self._corpus,
                index=self._index,
                evaluator=self._evaluator,
                store=self._store,
                stop=self._stop,
            )
            self._searches[run.findall_id] = search
        with self._processor if search.is_quick else contextlib.nullcontext():
            search.step(run)

    def _end(
        self, findall_id: str, *, status: str, reason: str, failure: str | None = None
    ) -> None:
        with self._store.change(findall_id) as change:
            change.run.status = status
            change.run.stop_reason = reason
            if failure is not None:
                told = RunWarning("run_failed", f"The run has failed: {failure}")
                change.run.failure = failure
                change.run.warnings = [*change.run.warnings, told]
            change.emit_status()

    def _fail(self, findall_id: str, failure: str) -> None:
        self._searches.pop(findall_id, None)
        self._end(findall_id, status="failed", reason="error_occurred", failure=failure)


def _state(run: RunRecord) -> str:
    why = ": ".join(part for part in (run.stop_reason, run.failure) if part)
    return f"{run.status} ({why})" if why else run.status


def _refuse(run: RunRecord, message: str) -> NoReturn:
    raise RefusedError(message, status_code=422, findall_id=run.findall_id)


def _properties(enrichment: FindAllEnrichInput) -> dict[str, Any]:
    properties: dict[str, Any] = enrichment.output_schema.json_schema.get("properties", {})
    return properties


def _told_apart(conditions: list[MatchCondition]) -> list[MatchCondition]:
    """Give repeated names a number, since each names a field of the output."""
    taken = {condition.name for condition in conditions}
    used: set[str] = set()
    result = []
    for condition in conditions:
        name, number = condition.name, 2
        while name in used or (name != condition.name and name in taken):
            name = f"{condition.name}_{number}"
            number += 1
        used.add(name)
        result.append(MatchCondition(name=name, description=condition.description))
    return result
