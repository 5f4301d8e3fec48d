"""Create, search, extend, enrich and cancel runs, with a small pool of worker threads."""

from __future__ import annotations

import atexit
import contextlib
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from queue import SimpleQueue
from typing import Final, NoReturn
from weakref import WeakSet

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
from findall_frames.api.readings import DraftedSchema, Explained
from findall_frames.embedded.chat.language_model import Model, StoppedError
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.index import TextIndex
from findall_frames.embedded.judging.filling import with_types
from findall_frames.embedded.reading.condition_reader import ConditionReader
from findall_frames.embedded.runs.change import Change
from findall_frames.embedded.runs.explaining import check_usable, explain, reading_warnings, renamed
from findall_frames.embedded.runs.record import RunRecord, RunWarning
from findall_frames.embedded.runs.run_search import RunSearch
from findall_frames.embedded.runs.store import Store
from findall_frames.errors import ConflictError, FindAllWarning, RefusedError, warn

__all__ = ["Engine"]

_log = logging.getLogger(__name__)

_WORKERS: Final = 4
_GRACE_SECONDS: Final = 1.0
# Errors of the store that end by themselves, and how long a run waits before it tries again.
_PASSING: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
}
_SHORTEST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 10.0
# DuckDB cannot interrupt an expression within a chunk of rows, which may take hours.
_CANCEL_SECONDS: Final = 0.5
_EXIT_SECONDS: Final = 10.0
_MOST_COUNTED: Final = 1_000_000
"""Rows of a table that stays elsewhere up to which conditions are counted before a run."""

_left: Final[WeakSet[threading.Thread]] = WeakSet()
"""Workers that were still in a step when their engine had stopped."""


@atexit.register
def _wait_for_left() -> None:
    """Let interrupted steps end before the interpreter does, for a bounded time.

    Before Python 3.14, a thread that comes back from DuckDB during finalization aborts the process.
    """
    deadline = time.monotonic() + _EXIT_SECONDS
    for thread in list(_left):
        thread.join(max(0.0, deadline - time.monotonic()))


class Engine:
    """Runs searches over a corpus and keeps them in a store.

    A worker takes a run from the queue, advances it by one step and puts it back. So many runs
    progress side by side, and a change of a run takes effect at its next step. Unfinished runs
    of an earlier service are continued.
    """

    def __init__(self, corpus: Corpus, *, model: Model | None, store: Store) -> None:
        self._corpus = corpus
        self._model = model
        self._store = store
        self._stop = threading.Event()
        self._readers = ConditionReader(corpus, model=model, cache=store, stop=self._stop)
        self._index = TextIndex(store.database, corpus)
        self._searches: dict[str, RunSearch] = {}
        # None ends a worker. No run is in the queue twice, or while a worker has it.
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._scheduled: set[str] = set()
        self._scheduling = threading.Lock()
        self._holders: dict[str, threading.Thread] = {}  # the workers that have a run
        # Steps without a model are bound by the CPU: side by side they would be no faster, and
        # delay every status request.
        self._cpu = threading.Lock()
        self._computing: threading.Thread | None = None  # the worker that holds it
        self._threads = [self._worker() for _ in range(_WORKERS)]

    def start(self) -> None:
        """Start the workers, and continue the runs that have not ended."""
        ended = 0
        for findall_id in self._store.active():
            if self._store.run(findall_id).corpus == self._corpus.fingerprint:
                self._schedule(findall_id)
            else:
                self._fail(findall_id, "The data has changed since the run was started.")
                ended += 1
        if self._store.last_corpus() not in (None, self._corpus.fingerprint):
            failed = f"{ended} of them had not ended, and were ended as failed. " if ended else ""
            warn(
                "The data has changed since this store was last used. Earlier runs cannot be "
                f"continued. {failed}Their results can still be read.",
                FindAllWarning,
            )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the workers after their current steps; active runs stay in the store.

        Workers that take longer than a second are abandoned; only the end of the process waits
        for them, for up to ten seconds. Close the store after this: a late step then cannot be
        stored, and is repeated by the next engine.
        """
        self._stop.set()
        with self._scheduling:
            threads = list(self._threads)  # abandoned workers remove themselves
        for _ in threads:
            self._queue.put(None)
        deadline = time.monotonic() + _GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        _left.update(thread for thread in threads if thread.is_alive())

    # -- operations --------------------------------------------------------------------------

    def draft(self, objective: str) -> DraftedSchema:
        """Split an objective into conditions, each with its reading."""
        drafted = self._readers.draft(objective)
        fields = {
            name: {"description": description} for name, description in drafted.enrichments.items()
        }
        enrichment = FindAllEnrichInput(JsonSchema({"type": "object", "properties": fields}))
        return DraftedSchema(
            objective=objective,
            entity_type=drafted.entity_type,
            match_conditions=[
                MatchCondition(reading.name, reading.description) for reading in drafted.readings
            ],
            enrichments=[with_types(enrichment, self._corpus)] if fields else None,
            readings=explain(drafted.readings, corpus=self._corpus, is_counted=self._is_counted),
        )

    def explain(self, conditions: Sequence[MatchCondition], *, entity_type: str) -> list[Explained]:
        """Read conditions, and count the rows for which each is true, false and unknown."""
        readings, _ = self._readers.read(renamed(conditions), entity_type=entity_type)
        return explain(readings, corpus=self._corpus)

    @property
    def _is_counted(self) -> bool:
        """False if rows are counted only for `explain`, since that takes a scan of its own."""
        return self._corpus.is_whole or len(self._corpus) <= _MOST_COUNTED

    def create(
        self,
        request: FindAllRunInput,
        *,
        turn: AbstractContextManager[None] | None = None,
    ) -> FindAllRun:
        """Create a run within `turn`, once its conditions are read, and queue it.

        Raises ConditionNotUnderstoodError, and creates no run, if a condition was not understood
        or the data cannot answer it.
        """
        conditions = renamed(request.match_conditions)
        readings, usage = self._readers.read(conditions, entity_type=request.entity_type)
        check_usable(readings)
        explained = explain(readings, corpus=self._corpus, is_counted=self._is_counted)
        check_usable(explained)
        warnings = reading_warnings(explained, corpus=self._corpus)
        with turn or contextlib.nullcontext():
            run = self._store.create(
                msgspec.structs.replace(request, match_conditions=conditions),
                corpus=self._corpus.fingerprint,
                rows=len(self._corpus),
                readings=explained,
                warnings=warnings,
                usage=usage,
            )
        created = run.as_run()
        self._schedule(run.findall_id)
        return created

    def search_entities(self, request: FindAllEntitySearchInput) -> FindAllEntitySearchResponse:
        """Rank entities by full text, after indexing them if necessary.

        Raises RefusedError for a table that stays in its database.
        """
        if not self._corpus.is_whole:
            raise RefusedError(
                f"The table {self._corpus.name!r} stays in its database, so its entities are not "
                "searched for words. Create a run with conditions instead.",
                status_code=422,
            )
        self._index.build(stop=self._stop.is_set)
        positions = self._index.rank(
            [request.objective, request.entity_type], limit=request.match_limit
        )
        return FindAllEntitySearchResponse(
            entities=[
                FindAllEntity(entity.name, entity.url, entity.description or "")
                for entity in self._corpus.entities(positions)
            ],
            entity_set_id=f"entity_set_{secrets.token_hex(16)}",
        )

    def cancel(self, findall_id: str) -> None:
        """Stop a run within a second, and keep its candidates.

        A step that does not end by then is abandoned, and its result is discarded. Raises
        ConflictError if it has ended or is a preview.
        """
        with self._change(findall_id) as change:
            run, conflict = change.run, None
            if not run.is_active:
                conflict = f"Cannot cancel a terminated FindAll run: it is already {run.status}."
            elif run.request.generator == "preview":
                conflict = "A preview cannot be cancelled; it ends after a few candidates."
            if conflict is not None:
                raise ConflictError(conflict, status_code=409, findall_id=findall_id)
            if run.status != "cancelling":
                run.status = "cancelling"
                change.emit_status()
        timer = threading.Timer(_CANCEL_SECONDS, self._abandon, (findall_id,))
        timer.daemon = True
        timer.start()

    def extend(self, findall_id: str, *, by: int) -> FindAllSchema:
        """Raise the match limit of a run that is active, or has ended by reaching it.

        Raises RefusedError if it ended otherwise, is a preview, or was made with other data.
        """
        with self._change(findall_id) as change:
            run = change.run
            self._check_changeable(
                run,
                "extended",
                only="an active run or one that ended with match_limit_met",
                allowed=run.is_active or run.stop_reason == "match_limit_met",
            )
            if run.match_limit + by > NO_LIMIT:
                _refuse(
                    run,
                    f"Expected a match limit of at most {NO_LIMIT:,} in all; got "
                    f"{run.match_limit:,} and {by:,} more.",
                )
            run.match_limit += by
            if run.stop_reason == "match_limit_met":
                run.stop_reason = None
            return self._continue(change)

    def enrich(self, findall_id: str, enrichment: FindAllEnrichInput) -> FindAllSchema:
        """Add fields to every match, present and future; a repeated request adds nothing.

        Raises RefusedError if the run was cancelled or has failed, is a preview, was made with
        other data, or already has a field of the same name.
        """
        enrichment = with_types(enrichment, self._corpus)
        with self._change(findall_id) as change:
            run = change.run
            self._check_changeable(
                run,
                "enriched",
                only="a queued, running or completed run",
                allowed=run.is_active or run.status == "completed",
            )
            properties = _properties(enrichment)
            # A client that lost the answer may send its request again.
            if not properties or any(
                enrichment.output_schema == earlier.output_schema for earlier in run.enrichments
            ):
                return run.as_schema()
            taken = {condition.name for condition in run.request.match_conditions}
            repeated = properties & taken.union(*map(_properties, run.enrichments))
            if repeated:
                names = ", ".join(sorted(repeated))
                _refuse(
                    run,
                    f"Expected names of new fields; the run already has {names}. Rename these "
                    "properties of output_schema.json_schema.",
                )
            run.enrichments = [*run.enrichments, enrichment]
            return self._continue(change)

    @contextlib.contextmanager
    def _change(self, findall_id: str) -> Iterator[Change]:
        """Change a run, and queue it once that is stored."""
        with self._store.change(findall_id) as change:
            yield change
        self._schedule(findall_id)

    def _check_changeable(self, run: RunRecord, how: str, *, only: str, allowed: bool) -> None:
        """Raise RefusedError unless a run can be extended or enriched."""
        if run.request.generator == "preview":
            _refuse(run, f"A preview cannot be {how}; create a run with another generator.")
        if run.status == "cancelling" or not allowed:
            why = ": ".join(part for part in (run.stop_reason, run.failure) if part)
            state = f"{run.status} ({why})" if why else run.status
            _refuse(run, f"Only {only} can be {how}; this one is {state}.")
        if run.corpus != self._corpus.fingerprint:
            _refuse(
                run, "The data has changed since this run was made; start a new one to search it."
            )

    def _continue(self, change: Change) -> FindAllSchema:
        """Emit the new schema, reactivate the run if it has ended, and return the schema."""
        change.emit_schema()
        if not change.run.is_active:
            change.run.status = "running"
            change.emit_status()
        return change.run.as_schema()

    # -- workers -----------------------------------------------------------------------------

    def _worker(self) -> threading.Thread:
        return threading.Thread(target=self._work, name="findall-worker", daemon=True)

    def _abandon(self, findall_id: str) -> None:
        """Leave a step to itself, if it is still running, and let a new worker take the run."""
        with self._scheduling:
            holder = self._holders.pop(findall_id, None)
            if holder is None or self._stop.is_set():
                return
            self._release_cpu(holder)
            self._queue.put(findall_id)
            worker = self._worker()
            self._threads.append(worker)
            worker.start()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock of the CPU, unless this worker is abandoned meanwhile."""
        self._cpu.acquire()
        worker = threading.current_thread()
        with self._scheduling:
            self._computing = worker
        try:
            yield
        finally:
            with self._scheduling:
                self._release_cpu(worker)

    def _release_cpu(self, worker: threading.Thread) -> None:
        if self._computing is worker:
            self._computing = None
            self._cpu.release()

    def _schedule(self, findall_id: str) -> None:
        """Queue a run, unless it is queued or a worker has it."""
        with self._scheduling:
            if findall_id not in self._scheduled:
                self._scheduled.add(findall_id)
                self._queue.put(findall_id)

    def _work(self) -> None:
        while (findall_id := self._queue.get()) is not None and not self._stop.is_set():
            worker = threading.current_thread()
            with self._scheduling:
                self._holders[findall_id] = worker
            may_continue = self._advance(findall_id)
            with self._scheduling:
                if self._holders.get(findall_id) is not worker:
                    self._threads.remove(worker)
                    return  # it was abandoned, and replaced
                del self._holders[findall_id]
                self._scheduled.discard(findall_id)
            # Looked up afterwards, as it may have been extended while the worker had it.
            if may_continue and self._is_active(findall_id):
                self._schedule(findall_id)

    def _advance(self, findall_id: str) -> bool:
        """Advance a run by one step, however long the store can't be written for it.

        Return False if that is impossible until the next start.
        """
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                return self._try_to_advance(findall_id)
            except sqlite3.Error as exc:
                # What the search has in memory may be ahead of what was stored.
                self._searches.pop(findall_id, None)
                if not pause:
                    _log.warning(
                        "The run %s waits, as the store can't be written: %s", findall_id, exc
                    )
                pause = min(max(2 * pause, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        return False

    def _try_to_advance(self, findall_id: str) -> bool:
        """Advance a run, or end it as failed; raise if the store can't be written for now."""
        try:
            run = self._store.run(findall_id)
            if run.is_active:
                self._step(run)
        except StoppedError:  # the service stops, or the run is to be cancelled
            return not self._stop.is_set()
        except Exception as exc:  # a model may be the user's code: it ends the run
            if self._stop.is_set():  # the store may be closed
                return False
            if _may_pass(exc):
                raise
            _log.exception("The run %s has failed", findall_id)
            try:
                self._fail(findall_id, f"{type(exc).__name__}: {exc}")
            except sqlite3.Error as error:
                if _may_pass(error):
                    raise
                _log.exception("The run %s could not be marked as failed", findall_id)
                return False
        return True

    def _is_active(self, findall_id: str) -> bool:
        """Return True if a run that was just advanced has not ended."""
        run = self._store.current(findall_id)  # each step has stored a change of it
        if run is None:
            self._searches.pop(findall_id, None)
        return run is not None

    def _step(self, run: RunRecord) -> None:
        if run.status == "cancelling":
            with self._store.change(run.findall_id) as change:
                change.check_active()
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
            search = self._searches[run.findall_id] = RunSearch(
                run,
                corpus=self._corpus,
                index=self._index,
                model=self._model,
                store=self._store,
                stop=self._stop,
            )
        with self._turn() if search.is_quick else contextlib.nullcontext():
            search.step(run)

    def _fail(self, findall_id: str, failure: str) -> None:
        self._searches.pop(findall_id, None)
        with contextlib.suppress(StoppedError), self._store.change(findall_id) as change:
            change.check_active()
            warning = RunWarning("run_failed", f"The run has failed: {failure}")
            change.run.failure = failure
            change.run.warnings = [*change.run.warnings, warning]
            _end(change, status="failed", reason="error_occurred")


def _may_pass(error: Exception) -> bool:
    """Return True for a full disk and the like, after which the same step may succeed."""
    # The low byte is the kind of error, the others say more about it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING


def _end(change: Change, *, status: str, reason: str) -> None:
    change.run.status, change.run.stop_reason = status, reason
    change.emit_status()


def _refuse(run: RunRecord, message: str) -> NoReturn:
    raise RefusedError(message, status_code=422, findall_id=run.findall_id)


def _properties(enrichment: FindAllEnrichInput) -> set[str]:
    return set(enrichment.output_schema.json_schema.get("properties", {}))
