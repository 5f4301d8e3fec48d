"""A handle on one run, from started to finished."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import UTC, datetime

from findall_frames.api.client import Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.models import (
    Event,
    FindAllRun,
    FindAllRunStatus,
    FindAllRunStatusEvent,
    FindAllSchema,
)
from findall_frames.api.stream import as_event, follow
from findall_frames.display.cards import run_html, run_state
from findall_frames.errors import (
    ConflictError,
    FindAllError,
    FindAllWarning,
    RunTimeout,
    warn,
)
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.base import Display, wishes_at
from findall_frames.progress.choose import Progress, display_for
from findall_frames.progress.words import resume_call
from findall_frames.running.creation import create
from findall_frames.running.ledger import Ledger
from findall_frames.running.outcome import Errors, check_errors, report_left, report_partial
from findall_frames.running.pricing import CostEstimate, price_of
from findall_frames.running.readings import Enrichments, read_enrichments
from findall_frames.running.spec import Search
from findall_frames.running.tracker import Tracker

__all__ = ["Run"]

_FIRST_LOOK, _LONGEST_LOOK = 0.01, 0.1
"""Seconds between two looks at a run that columns decide."""
_SNAPSHOT_SHARE = 0.2
_SNAPSHOT_SECONDS = 5.0


class Run:
    """A run of a FindAll service.

    It is cheap to make, holds no connection, and does not own the run: dropping it, or
    interrupting `wait`, leaves the run going.

    Parameters
    ----------
    findall_id : str
        The run.
    client : Client
        The service that has it.
    schema : FindAllSchema, optional
        What it looks for, where that is known; otherwise it is asked for when needed.

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
        self._is_new = False
        self._ends_once = False
        self._changed_after: str | None = None
        self._ledger = Ledger.of_this_machine()

    @classmethod
    def start(
        cls,
        search: Search,
        *,
        client: Client,
        asked: str | None = None,
        deadline: Deadline = NEVER,
    ) -> Run:
        """Start a search; from here on it costs money.

        Parameters
        ----------
        search : Search
            What to look for.
        client : Client
            The service.
        asked : str, optional
            The name under which an equal search can find this one again; by default that of
            `search` itself.
        deadline : Deadline
            When to give up.

        Raises
        ------
        InvalidRequestError
            The search cannot be started; nothing was sent.
        AmbiguousCreateError
            The request may have arrived and the answer was lost; it was not sent again.
        APIError
            The service refused. An error that carries a ``findall_id`` is about a run that was
            started and whose enrichments were refused.
        """
        created = create(search, client=client, asked=asked, deadline=deadline)
        run = cls(
            created.findall_id, client=client, schema=search.to_schema(own_data=client.is_embedded)
        )
        run._is_new = True
        run._ends_once = not search.enrichments
        run._status = created.status
        try:
            for enrichment in search.enrichments:
                client.enrich(run.findall_id, enrichment, timeout=deadline.timeout)
        except FindAllError as error:
            error.add_note(
                f"Run {run.findall_id} was started and goes on without this enrichment: "
                f"{run._resume}"
            )
            raise
        return run

    @classmethod
    def attach(cls, findall_id: str, *, client: Client, deadline: Deadline = NEVER) -> Run:
        """Take up a run that was started earlier.

        Raises
        ------
        NotFoundError
            The service does not know it.
        """
        run = cls(findall_id, client=client)
        run._status = client.retrieve(findall_id, timeout=deadline.timeout).status
        run._schema = client.schema(findall_id, timeout=deadline.timeout)
        return run

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

    def status(self) -> FindAllRun:
        """Ask the service where the run stands."""
        run = self.client.retrieve(self.findall_id)
        self._status = run.status
        return run

    def events(self, *, last_event_id: str | None = None) -> Iterator[Event]:
        """Yield the events of the run, each once, until it is over, through every break.

        Parameters
        ----------
        last_event_id : str, optional
            Begin behind this event; None begins at the first.
        """
        with closing(follow(self.client, self.findall_id, last_event_id=last_event_id)) as events:
            yield from (event for event in events if event is not None)

    def frames(self, *, deadline: Deadline = NEVER) -> FindAllFrames:
        """Fetch what the run has found so far, in whatever state it is."""
        body = self.client.result_json(self.findall_id, timeout=deadline.timeout)
        return self._flattened(body, deadline)

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
            What to show meanwhile.
        timeout : float, optional
            Seconds; None waits without a limit.
        errors : {"warn", "raise"}
            What to do about a run that failed, was cancelled or ended early.

        Returns
        -------
        FindAllFrames
            Also when the run failed or was cancelled, or when waiting was stopped with the
            button of the panel, with a `PartialResultWarning` that says so.

        Raises
        ------
        RunTimeout
            The time is over. The run goes on, and the exception has its id and what it has
            found so far.
        PartialResultError
            With ``errors="raise"`` in place of the warning; it has the frames.
        KeyboardInterrupt
            The kernel was interrupted. The run goes on.
        """
        deadline = Deadline.after(timeout)
        check_errors(errors)
        with closing(display_for(progress)) as display:
            return self.watch(display, deadline=deadline, errors=errors)

    def watch(
        self,
        display: Display,
        *,
        deadline: Deadline = NEVER,
        errors: Errors = "warn",
        begun: float | None = None,
    ) -> FindAllFrames:
        """Wait as `wait` does, with a display that is already there and is left open.

        Parameters
        ----------
        display : Display
            What is given every update.
        deadline : Deadline
            When to give up.
        errors : {"warn", "raise"}
            As in `wait`.
        begun : float, optional
            The moment on the monotonic clock from which time is counted; None means now.
        """
        try:
            status = self._followed(display, deadline, time.monotonic() if begun is None else begun)
            if status is None:
                return self._left(deadline, errors)
            body = self.client.result_json(self.findall_id, timeout=deadline.timeout)
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"Run {self.findall_id} goes on, and nothing is lost: {self._resume}"
            )
            raise
        # Kept before it is read: what was paid for must not depend on how the tables are made.
        self._ledger.keep(
            self.findall_id, service=self.client.base_url, schema=self._schema, body=body
        )
        frames = self._flattened(body, deadline)
        report_partial(self.findall_id, status, frames, errors=errors)
        return frames

    def _followed(
        self, display: Display, deadline: Deadline, begun: float
    ) -> FindAllRunStatus | None:
        """Follow the run to its end, or to the end of the time; None when asked to let it go."""
        tracker = Tracker(
            self.findall_id,
            service=self.client.base_url,
            schema=self._schema,
            status=self._status,
            cost=self._cost,
            begun=begun,
        )
        display.show(tracker.update)
        if self._status is not None and self._status.is_over:
            self._observe(self._status)
            return self._status
        # Some of the time is kept for fetching what there is when the time is over.
        share = min(_SNAPSHOT_SECONDS, _SNAPSHOT_SHARE * deadline.remaining)
        events = self._events(deadline.earlier(share) if deadline.is_finite else NEVER)
        wish = wishes_at(display)
        with closing(events):
            for event in events:
                if isinstance(event, FindAllRunStatusEvent):
                    self._observe(event.data.status)
                display.show(tracker.take(event))
                wanted = wish()
                if wanted == "leave":
                    return None
                if wanted == "cancel":
                    self._cancel_if_possible()
        if self._status is None or not self._status.is_over:
            raise self._timed_out(deadline)
        return self._status

    def _events(self, deadline: Deadline) -> Generator[Event | None, None, None]:
        """Yield what happens to the run until it is over, None when a moment has passed.

        An embedded service is asked for the status alone while columns decide all rows: such a
        run is over in a moment, and two events for each of a million matches would take longer
        to read than they took to find.
        """
        pause = _FIRST_LOOK
        while self.client.is_embedded and not deadline.has_passed():
            run = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
            yield as_event(run)
            counts = run.status.metrics
            if run.status.is_over:
                return
            if counts.generated_candidates_count not in (0, counts.rows):
                break
            time.sleep(min(pause, deadline.remaining))
            pause = min(2 * pause, _LONGEST_LOOK)
        yield from follow(
            self.client,
            self.findall_id,
            is_new=self._is_new,
            ends_once=self._ends_once,
            changed_after=self._changed_after,
            deadline=deadline,
        )

    def cancel(self) -> FindAllRun:
        """Stop the run for good.

        What it has found stays, and what it has done is billed. A cancelled run cannot be
        extended or enriched. To stop waiting without stopping the run, interrupt the kernel.

        Returns
        -------
        FindAllRun
            The run as it stands; ``"cancelling"`` while work in hand is finished. A run that was
            over already is given back as it ended.
        """
        try:
            self.client.cancel(self.findall_id)
        except ConflictError:
            run = self.status()
            if not run.status.is_over:
                raise
            return run
        return self.status()

    def _cancel_if_possible(self) -> None:
        """Cancel as asked at the display; a run that will not be cancelled is still waited for."""
        try:
            self.cancel()
        except FindAllError as error:
            warn(
                f"The run {self.findall_id} was not cancelled, and goes on: {error}", FindAllWarning
            )

    def extend(self, additional_match_limit: int, *, deadline: Deadline = NEVER) -> None:
        """Let the run look for more matches; each costs money.

        Parameters
        ----------
        additional_match_limit : int
            How many more; added to the limit that the run has.
        deadline : Deadline
            When to give up.
        """
        self._reopen(deadline)
        self._schema = self.client.extend(
            self.findall_id, additional_match_limit, timeout=deadline.timeout
        )

    def enrich(self, enrichments: Enrichments, *, deadline: Deadline = NEVER) -> None:
        """Add columns to all present and future matches; each costs money per match.

        Parameters
        ----------
        enrichments : dict, JSON Schema or class
            As in `Search`.
        deadline : Deadline
            When to give up.
        """
        inputs = read_enrichments(enrichments)
        self._reopen(deadline)
        for enrichment in inputs:
            self._schema = self.client.enrich(self.findall_id, enrichment, timeout=deadline.timeout)

    # -- what it knows and notes ---------------------------------------------------------------

    @property
    def _cost(self) -> CostEstimate | None:
        if self._schema is None:
            return None
        return price_of(self._schema, service=self.client.base_url)

    @property
    def _resume(self) -> str:
        return resume_call(self.findall_id, service=self.client.base_url)

    def _observe(self, status: FindAllRunStatus) -> None:
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

    def _reopen(self, deadline: Deadline) -> None:
        """Note that the run will go on, and from which state; called before it is asked to."""
        before = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
        self._changed_after = before.modified_at
        self._ends_once = False
        self._status = None
        self._ledger.reopened(self.findall_id, service=self.client.base_url)

    def _flattened(self, body: bytes, deadline: Deadline) -> FindAllFrames:
        if self._schema is None:
            self._schema = self.client.schema(self.findall_id, timeout=deadline.timeout)
        return flatten(
            body,
            schema=self._schema,
            service=self.client.base_url,
            fetched_at=datetime.now(UTC),
        )

    def _left(self, deadline: Deadline, errors: Errors) -> FindAllFrames:
        """Give what a run has found that nobody waits for any more."""
        frames = self.frames(deadline=deadline)
        report_left(self.findall_id, frames, how_to_go_on=self._resume, errors=errors)
        return frames

    def _timed_out(self, deadline: Deadline) -> RunTimeout:
        found = "What it has found so far is in the exception's .frames. "
        try:
            frames = self.frames(deadline=deadline)
        except FindAllError:
            frames, found = None, ""
        status = f" and is {self._status.status}" if self._status else ""
        return RunTimeout(
            f"The time to wait is over. Run {self.findall_id} goes on{status}. {found}"
            f"Go on waiting with {self._resume}.",
            findall_id=self.findall_id,
            frames=frames,
        )
