"""A handle on one run, from its creation to its tables."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from findall_frames.addresses import resume_call
from findall_frames.api.client import TOKEN, Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.events import as_event, follow
from findall_frames.api.models import (
    Event,
    FindAllEnrichInput,
    FindAllMemoryResult,
    FindAllRun,
    FindAllRunStatus,
    FindAllRunStatusEvent,
    FindAllSchema,
)
from findall_frames.api.waiting import is_refused_so_far
from findall_frames.display.html import run_html, run_state
from findall_frames.errors import (
    AmbiguousCreateError,
    ConflictError,
    FindAllError,
    FindAllWarning,
    RunTimeout,
    warn,
)
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.displays import (
    Display,
    Progress,
    display_for,
    told_at,
    wishes_at,
)
from findall_frames.running.kept_reviews import with_reviews
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.outcome import (
    Errors,
    check_errors,
    matches_missing,
    report_left,
    report_partial,
)
from findall_frames.running.pricing import CostEstimate, price_of
from findall_frames.running.spec import (
    Enrichments,
    Search,
    check_options,
    options_of,
    read_more_enrichments,
    read_more_matches,
)
from findall_frames.running.tracker import Tracker

__all__ = [
    "Run",
    "add_enrichment",
    "attach_run",
    "create_run",
    "fetch_run",
    "find_lost_run",
    "look_at_run",
    "start_run",
    "watch_run",
]

_T = TypeVar("_T")

_FIRST_POLL, _LONGEST_POLL = 0.005, 0.1
"""Seconds between status requests while an embedded service evaluates columns."""
_RESULT_PAUSES = (0.5, 1.0, 2.0)
"""Seconds between requests for a result that lacks matches which its status counts."""
_LOOK_SECONDS = 2.0
"""Seconds to look for a run whose creation was not answered."""
_SNAPSHOT_SHARE = 0.2
_SNAPSHOT_SECONDS = 5.0
"""The share of a timeout, and at most the seconds, reserved for fetching a partial result."""


class Run:
    """A run of a FindAll service.

    It holds no connection and does not own the run: deleting it, or interrupting `wait`, does not
    stop the run.

    Parameters
    ----------
    findall_id : str
        The id of the run.
    client : Client
        The service of the run.
    schema : FindAllSchema, optional
        The search of the run; by default requested when needed.

    Notes
    -----
    A run can be awaited: ``frames = await run`` waits like `wait`, with ``progress="auto"`` and
    no timeout, but does not block the event loop. In a notebook, this keeps the buttons of the
    progress card responsive. Cancelling the task stops waiting; the run goes on.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> table = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> with ff.local(table) as client:
    ...     search = ff.draft("Find cities in Italy", client=client)
    ...     run = ff.start(search, client=client)
    ...     frames = run.wait(progress=False)
    >>> frames.matches["name"].tolist()
    ['Rome']
    """

    def __init__(
        self, findall_id: str, *, client: Client, schema: FindAllSchema | None = None
    ) -> None:
        self.findall_id = findall_id
        self.client = client
        self._schema = schema
        self._status: FindAllRunStatus | None = None
        self._unrecorded: str | None = None
        self._is_new = False
        self._is_fresh = False
        self._ends_once = False
        self._changed_after: str | None = None
        self._earlier: FindAllFrames | None = None
        self._ledger = Ledger.of_this_machine()

    def __repr__(self) -> str:
        return f"Run({self.findall_id!r}, {run_state(self._status)}, {self.client.base_url})"

    def _repr_html_(self) -> str:
        return run_html(
            self.findall_id,
            objective=self._schema.objective if self._schema else None,
            state=run_state(self._status),
            service=self.client.base_url,
            resume=self._resume,
        )

    def status(self, *, timeout: float | None = None) -> FindAllRun:
        """Request the status of the run.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None waits without limit.
        """
        run = self.client.retrieve(self.findall_id, timeout=timeout)
        self._status = run.status
        return run

    def events(self, *, last_event_id: str | None = None) -> Iterator[Event]:
        """Yield each event of the run once, until it is over; reconnect if necessary.

        Parameters
        ----------
        last_event_id : str, optional
            Start after this event; by default with the first.
        """
        with closing(follow(self.client, self.findall_id, last_event_id=last_event_id)) as events:
            yield from (event for event in events if event is not None)

    def frames(self, *, timeout: float | None = None) -> FindAllFrames:
        """Fetch what the run has found so far, whatever its status.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None waits without limit.
        """
        return self._fetched(Deadline.after(timeout))

    def wait(
        self,
        *,
        progress: Progress | Display = "auto",
        timeout: float | None = None,
        errors: Errors = "warn",
    ) -> FindAllFrames:
        """Wait until the run is over and fetch what it found.

        Parameters
        ----------
        progress : {"auto", "notebook", "terminal", "log"}, False or callable
            What to show while waiting.
        timeout : float, optional
            Seconds; None waits without limit.
        errors : {"warn", "raise"}
            What to do if the run failed, was cancelled or ended early.

        Returns
        -------
        FindAllFrames
            If the run failed, was cancelled, or a button stopped the wait, the card in a
            notebook says so, and elsewhere a `PartialResultWarning`.

        Raises
        ------
        RunTimeout
            The timeout has passed. The run goes on; the exception has its id and its partial
            result.
        PartialResultError
            With ``errors="raise"``, in place of the warning. It has the frames.
        KeyboardInterrupt
            The kernel was interrupted. The run goes on.
        """
        deadline = Deadline.after(timeout)
        check_errors(errors)
        with closing(display_for(progress)) as display:
            return watch_run(self, display, deadline=deadline, errors=errors)

    def __await__(self) -> Generator[Any, None, FindAllFrames]:
        return self._wait_in_thread().__await__()

    async def _wait_in_thread(self) -> FindAllFrames:
        is_abandoned = threading.Event()
        with closing(display_for("auto")) as display:
            tracker = self._tracker(time.monotonic())
            display.show(tracker.update)  # widgets can be made in this thread only

            def work() -> tuple[FindAllRunStatus | None, FindAllFrames | None]:
                with tracker.showing_waits(display):
                    status = self._follow(tracker, display, NEVER, is_abandoned=is_abandoned)
                    return status, None if is_abandoned.is_set() else self._tables(status, NEVER)

            with self._noting_interruption():
                try:
                    status, frames = await _in_thread(work)
                finally:
                    is_abandoned.set()
            assert frames is not None, "only a cancelled wait has no frames"
            self._report(status, frames, "warn", display)
            return frames

    def cancel(self, *, timeout: float | None = None) -> FindAllRun:
        """Stop the run for good.

        Its matches so far stay and can be fetched; work done so far is billed. A cancelled run
        can't be extended or enriched. To stop waiting without stopping the run, interrupt the
        kernel.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None waits without limit.

        Returns
        -------
        FindAllRun
            The run afterwards. Its status is ``"cancelling"`` until work in progress is done; a
            run that was already over keeps its status.
        """
        deadline = Deadline.after(timeout)
        try:
            self.client.cancel(self.findall_id, timeout=deadline.timeout)
        except ConflictError:
            run = self.status(timeout=deadline.timeout)
            if not run.status.is_over:
                raise
            return run
        return self.status(timeout=deadline.timeout)

    def extend(self, additional_match_limit: int, *, timeout: float | None = None) -> None:
        """Ask for more matches, without waiting for them; each costs money.

        Parameters
        ----------
        additional_match_limit : int
            The number of matches to add to the match limit of the run.
        timeout : float, optional
            Seconds; None waits without limit.
        """
        deadline = Deadline.after(timeout)
        more = read_more_matches(additional_match_limit)
        with self._changing(deadline):
            self._schema = self.client.extend(self.findall_id, more, timeout=deadline.timeout)

    def enrich(self, enrichments: Enrichments, *, timeout: float | None = None) -> None:
        """Add columns to all present and future matches, without waiting; each match costs money.

        Parameters
        ----------
        enrichments : dict, JSON Schema or class
            As in `Search`.
        timeout : float, optional
            Seconds; None waits without limit.
        """
        deadline = Deadline.after(timeout)
        inputs = read_more_enrichments(enrichments)
        with self._changing(deadline):
            for done, enrichment in enumerate(inputs):
                try:
                    self._schema = self._enriched(enrichment, deadline)
                except FindAllError as error:
                    if done:
                        error.add_note(f"{done} of {len(inputs)} enrichments were added before.")
                    raise

    def _enriched(self, enrichment: FindAllEnrichInput, deadline: Deadline) -> FindAllSchema:
        return self.client.enrich(self.findall_id, enrichment, timeout=deadline.timeout)

    # -- following it ------------------------------------------------------------------------------

    def _tracker(self, begun: float) -> Tracker:
        return Tracker(
            self.findall_id,
            service=self.client.base_url,
            schema=self._schema,
            status=self._status,
            cost=self._cost,
            is_own_data=self.client.is_embedded,
            begun=begun,
        )

    def _follow(
        self,
        tracker: Tracker,
        display: Display,
        deadline: Deadline,
        *,
        is_abandoned: threading.Event | None = None,
    ) -> FindAllRunStatus | None:
        """Return the last status of the run; None if the user stopped waiting."""
        if self._status is not None and self._status.is_over:
            # Another handle may have extended or enriched it since it was last asked.
            if not self._is_fresh:
                self.status(timeout=deadline.timeout)
            self._is_fresh = False
            self._observe(self._status)
            if self._status.is_over:
                return self._status
        share = min(_SNAPSHOT_SECONDS, _SNAPSHOT_SHARE * deadline.remaining)
        events = self._events(deadline.earlier(share) if deadline.is_finite else NEVER)
        wish = wishes_at(display)
        with closing(events):
            for event in events:
                if isinstance(event, FindAllRunStatusEvent):
                    self._observe(event.data.status)
                display.show(tracker.take(event))
                wanted = wish()
                if wanted == "leave" or (is_abandoned is not None and is_abandoned.is_set()):
                    return None
                if wanted == "cancel":
                    self._try_to_cancel()
        if self._status is None or not self._status.is_over:
            raise self._timed_out(deadline)
        return self._status

    def _events(self, deadline: Deadline) -> Generator[Event | None, None, None]:
        """Yield the events of the run until it is over, and None while there are none.

        While an embedded service evaluates columns, only the status is polled: such a run takes
        moments, and reading two events for each of a million matches would take longer than
        finding them.
        """
        pause = _FIRST_POLL
        while self.client.is_embedded and not deadline.has_passed():
            # On average, the end is noticed after another tenth of the time that the run took.
            time.sleep(min(pause, deadline.remaining))
            pause = min(1.2 * pause, _LONGEST_POLL)
            try:
                run = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
            except RunTimeout:
                return
            yield as_event(run)
            counts = run.status.metrics
            if run.status.is_over:
                return
            if counts.generated_candidates_count not in (0, counts.rows):
                break
        yield from follow(
            self.client,
            self.findall_id,
            is_new=self._is_new,
            ends_once=self._ends_once,
            changed_after=self._changed_after,
            deadline=deadline,
        )

    def _try_to_cancel(self) -> None:
        try:
            self.cancel()
        except FindAllError as error:
            warn(
                f"Run {self.findall_id} could not be cancelled and goes on: {error}", FindAllWarning
            )

    def _tables(self, status: FindAllRunStatus | None, deadline: Deadline) -> FindAllFrames:
        """Fetch the result, again in a moment if it lacks matches that the status counts."""
        frames = self._fetch_tables(status, deadline)
        for pause in _RESULT_PAUSES:
            if not matches_missing(frames, status) or pause >= deadline.remaining:
                break
            time.sleep(pause)
            try:
                frames = self._fetch_tables(status, deadline)
            except FindAllError:
                break  # what is here was paid for
        return frames

    def _fetch_tables(self, status: FindAllRunStatus | None, deadline: Deadline) -> FindAllFrames:
        """Fetch the result, store it if the run is over, and return its tables."""
        body = self.client.result_json(self.findall_id, timeout=deadline.timeout)
        if status is None:
            return self._flattened(body, deadline)
        # Stored first, so that a paid result is not lost if it cannot be made into tables.
        schema = self._schema
        self._keep(body)
        frames = self._flattened(body, deadline)
        if schema is None:
            self._keep(body)  # with the search, which was requested for the tables
        return frames

    def _keep(self, body: bytes) -> None:
        self._ledger.keep(
            self.findall_id, service=self.client.base_url, schema=self._schema, body=body
        )

    def _report(
        self,
        status: FindAllRunStatus | None,
        frames: FindAllFrames,
        errors: Errors,
        display: Display,
    ) -> None:
        """Raise if the result is partial, or warn unless the display says so."""
        is_shown = told_at(display)(frames.warnings)
        if status is None:
            report_left(
                self.findall_id, frames, resume=self._resume, errors=errors, is_shown=is_shown
            )
        else:
            report_partial(
                self.findall_id,
                status,
                frames,
                resume=self._resume,
                errors=errors,
                is_shown=is_shown,
            )

    @contextmanager
    def _noting_interruption(self) -> Iterator[None]:
        """Add a note on how to resume the run to an interrupt."""
        try:
            yield
        except (KeyboardInterrupt, asyncio.CancelledError) as interrupt:
            interrupt.add_note(
                f"Run {self.findall_id} goes on, and nothing is lost: {self._resume}"
            )
            raise

    def _timed_out(self, deadline: Deadline) -> RunTimeout:
        found = "What it has found so far is in the exception's .frames. "
        try:
            frames = self._fetched(deadline)
        except FindAllError:
            frames, found = None, ""
        status = f" and is {self._status.status}" if self._status else ""
        return RunTimeout(
            f"Time is up. Run {self.findall_id} goes on{status}. {found}"
            f"Continue waiting with {self._resume}.",
            findall_id=self.findall_id,
            frames=frames,
        )

    # -- what is known of it -----------------------------------------------------------------------

    @property
    def _cost(self) -> CostEstimate | None:
        if self._schema is None:
            return None
        return price_of(self._schema, service=self.client.base_url)

    @property
    def _resume(self) -> str:
        return resume_call(self.findall_id, service=self.client.base_url)

    def _observe(self, status: FindAllRunStatus) -> None:
        token = self._unrecorded
        if token and self._ledger.created(token, findall_id=self.findall_id, status=status.status):
            self._unrecorded = None
        if status == self._status and not status.is_over:
            return  # a heartbeat
        self._status = status
        self._ledger.observed(
            self.findall_id,
            service=self.client.base_url,
            status=status,
            schema=self._schema,
            cost=self._cost,
        )

    @contextmanager
    def _changing(self, deadline: Deadline) -> Iterator[None]:
        """Record that the run goes on, before it is asked to, and that it does not if refused."""
        before = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
        service, schema = self.client.base_url, self._schema
        self._ledger.reopened(self.findall_id, service=service)
        is_refused = False
        try:
            yield
        except BaseException as error:
            is_known = isinstance(error, FindAllError) or is_refused_so_far(error)
            is_lost = isinstance(error, AmbiguousCreateError)
            is_refused = is_known and not is_lost and self._schema is schema
            raise
        finally:
            if not is_refused:
                self._ledger.changed(self.findall_id, service=service)
                self._changed_after = before.modified_at
                self._ends_once = False
                self._status = None
            elif before.status.is_over:
                self._ledger.unchanged(self.findall_id, service=service)

    def _fetched(self, deadline: Deadline) -> FindAllFrames:
        body = self.client.result_json(self.findall_id, timeout=deadline.timeout)
        return self._flattened(body, deadline)

    def _flattened(self, body: bytes, deadline: Deadline) -> FindAllFrames:
        if self._schema is None:
            self._schema = self.client.schema(self.findall_id, timeout=deadline.timeout)
        try:
            frames = flatten(
                body,
                schema=self._schema,
                service=self.client.base_url,
                fetched_at=datetime.now(UTC),
            )
        except FindAllError as error:
            error.findall_id = self.findall_id
            error.add_note(
                f"It is the result of run {self.findall_id}: {self._resume} tries again."
            )
            raise
        return with_reviews(frames, ledger=self._ledger, earlier=self._earlier)


def start_run(
    search: Search,
    *,
    client: Client,
    asked: str | None = None,
    token: str | None = None,
    deadline: Deadline = NEVER,
) -> Run:
    """Create a run and its enrichments for a checked search; this costs money.

    The intent is written to the ledger before the request is sent, and the id as soon as it is
    known.

    Parameters
    ----------
    search : Search
        The search.
    client : Client
        The service.
    asked : str, optional
        The hash from `question` by which an equal search finds this run; by default that of
        `search`.
    token : str, optional
        That of the intent, if it is in the ledger already; `asked` is not needed then.
    deadline : Deadline
        When to stop waiting.

    Raises
    ------
    AmbiguousCreateError
        The answer was lost, so the run may exist; the request was not repeated.
    APIError
        The service refused. If the error has a ``findall_id``, the run was created and its
        enrichments were refused.
    """
    run = create_run(search, client=client, asked=asked, token=token, deadline=deadline)
    with run._noting_interruption():
        try:
            for enrichment in search.enrichments:
                run._enriched(enrichment, deadline)
        except FindAllError as error:
            without = "perhaps " if isinstance(error, AmbiguousCreateError) else ""
            error.add_note(
                f"Run {run.findall_id} was created and goes on {without}without this enrichment: "
                f"{run._resume}"
            )
            raise
    return run


def create_run(
    search: Search,
    *,
    client: Client,
    asked: str | None = None,
    token: str | None = None,
    deadline: Deadline = NEVER,
) -> Run:
    """Create a run like `start_run`, without its enrichments.

    Parameters
    ----------
    search, client, asked, deadline
        As in `start_run`.
    token : str, optional
        As in `start_run`.
    """
    schema = search.to_schema(own_data=client.is_embedded)
    created, unrecorded = _create(
        search, schema=schema, client=client, asked=asked, token=token, deadline=deadline
    )
    run = Run(created.findall_id, client=client, schema=schema)
    run._unrecorded = unrecorded
    run._is_new = True
    run._ends_once = not search.enrichments
    run._status = created.status
    return run


def _create(
    search: Search,
    *,
    schema: FindAllSchema,
    client: Client,
    asked: str | None,
    token: str | None,
    deadline: Deadline,
) -> tuple[FindAllRun, str | None]:
    """Create a run; return also its token if its id could not be written to the ledger."""
    is_intended = token is not None
    token = token or uuid.uuid4().hex
    request = search.to_input(metadata={TOKEN: token}, own_data=client.is_embedded)
    if asked is None and not is_intended:
        options = options_of(search)
        limit = check_options(options, own_data=client.is_embedded)
        asked = question(options, match_limit=limit)
    ledger = Ledger.of_this_machine()
    if asked is not None and not is_intended:
        ledger.intend(
            token,
            service=client.base_url,
            schema=schema,
            asked=asked,
            cost=price_of(schema, service=client.base_url),
        )
    try:
        run = client.create(request, timeout=deadline.timeout)
    except AmbiguousCreateError as error:
        ledger.unanswered(token)  # the run may exist, so the intent stays
        if similar := _similar_runs(search, ledger, client=client, deadline=deadline):
            error.add_note(f"Recent runs of the account with this objective: {similar}.")
        raise
    except FindAllError as error:
        if error.findall_id:
            ledger.created(token, findall_id=error.findall_id, status="unknown")
        else:
            ledger.refused(token)
        raise
    except BaseException as interrupt:
        if is_refused_so_far(interrupt):
            ledger.refused(token)
        else:
            ledger.unanswered(token)
        raise
    is_recorded = ledger.created(token, findall_id=run.findall_id, status=run.status.status)
    return run, None if is_recorded else token


def _similar_runs(search: Search, ledger: Ledger, *, client: Client, deadline: Deadline) -> str:
    """Return the account's recent runs with this objective that the ledger lacks, if it says."""
    recent = _unknown_runs(
        search.objective, search.memory_scope_key, ledger, client=client, deadline=deadline
    )
    return ", ".join(f"{run.id} ({run.updated_at or 'no time given'})" for run in recent)


def _unknown_runs(
    objective: str, scope: str | None, ledger: Ledger, *, client: Client, deadline: Deadline
) -> list[FindAllMemoryResult]:
    if client.is_embedded:
        return []
    try:
        recent = client.recent_runs(memory_scope_key=scope, timeout=deadline.clip(_LOOK_SECONDS))
    except FindAllError:
        return []  # not every account has a list, and the caller has an error to report
    known = {row["findall_id"] for row in ledger.rows() if row["service"] == client.base_url}
    return [
        run for run in recent if run.id not in known and _is_beginning(run.input_excerpt, objective)
    ]


def find_lost_run(
    token: str,
    *,
    objective: str,
    memory_scope_key: str | None = None,
    client: Client,
    deadline: Deadline = NEVER,
) -> str | None:
    """Return the id of a run whose creation was not answered, if the account's list has it.

    It is recorded then. That the list lacks it does not say that there is no such run.

    Parameters
    ----------
    token : str
        The value of ``metadata["findall_frames_token"]`` of the run.
    objective, memory_scope_key : str
        Those of its search.
    client : Client
        The service.
    deadline : Deadline
        When to stop looking.
    """
    ledger = Ledger.of_this_machine()
    for similar in _unknown_runs(
        objective, memory_scope_key, ledger, client=client, deadline=deadline
    ):
        with suppress(FindAllError):
            run = client.retrieve(similar.id, timeout=deadline.clip(_LOOK_SECONDS))
            if (run.metadata or {}).get(TOKEN) == token:
                ledger.created(token, findall_id=run.findall_id, status=run.status.status)
                return run.findall_id
    return None


def _is_beginning(excerpt: str, text: str) -> bool:
    """Return True if an excerpt, which may end in dots, is the beginning of a text."""
    begin = " ".join(excerpt.removesuffix("...").removesuffix("…").split())
    return bool(begin) and " ".join(text.split()).startswith(begin)


def attach_run(
    findall_id: str, *, client: Client, display: Display, deadline: Deadline = NEVER
) -> Run:
    """Return a run that was started earlier, with its status and search.

    Raises
    ------
    NotFoundError
        The service does not know the run.
    """
    run = Run(findall_id, client=client)
    with run._tracker(time.monotonic()).showing_waits(display):
        run._status = client.retrieve(findall_id, timeout=deadline.timeout).status
        run._is_fresh = True
        run._schema = client.schema(findall_id, timeout=deadline.timeout)
    return run


def look_at_run(run: Run, *, deadline: Deadline = NEVER) -> FindAllRun:
    """Request the status of a run and record it."""
    found = run.client.retrieve(run.findall_id, timeout=deadline.timeout)
    run._observe(found.status)
    return found


def add_enrichment(run: Run, enrichment: FindAllEnrichInput, *, deadline: Deadline = NEVER) -> None:
    """Add one of the enrichments with which the run was asked for; each match costs money."""
    run._schema = run._enriched(enrichment, deadline)


def fetch_run(run: Run, *, deadline: Deadline = NEVER) -> FindAllFrames:
    """Fetch the result of a run that is over, as it was last seen, and keep it."""
    return run._tables(run._status, deadline)


def watch_run(
    run: Run,
    display: Display,
    *,
    deadline: Deadline = NEVER,
    errors: Errors = "warn",
    begun: float | None = None,
    earlier: FindAllFrames | None = None,
) -> FindAllFrames:
    """Wait like `Run.wait`, with a display that is left open.

    Parameters
    ----------
    run : Run
        The run.
    display : Display
        Where to show updates.
    deadline : Deadline
        When to stop waiting.
    errors : {"warn", "raise"}
        As in `Run.wait`.
    begun : float, optional
        When waiting began, on the monotonic clock; None means now.
    earlier : FindAllFrames, optional
        Frames of the same run, whose reviews are kept.
    """
    run._earlier = earlier
    tracker = run._tracker(time.monotonic() if begun is None else begun)
    with run._noting_interruption(), tracker.showing_waits(display):
        display.show(tracker.update)
        status = run._follow(tracker, display, deadline)
        frames = run._tables(status, deadline)
    run._is_new = run._ends_once = False
    run._report(status, frames, errors, display)
    return frames


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Run a function in a thread of its own; those of the event loop are few, and it waits long."""
    outcome: Future[_T] = Future()
    outcome.set_running_or_notify_cancel()  # a cancelled wait must not settle it before the thread

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  (raised again where the run is awaited)
            outcome.set_exception(error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="findall-await", daemon=True).start()
    return await asyncio.wrap_future(outcome)
