"""A handle on one run, from started to finished."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing

from findall_frames.api.client import TOKEN, Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.models import (
    Event,
    FindAllRun,
    FindAllRunStatus,
    FindAllSchema,
)
from findall_frames.api.stream import follow
from findall_frames.errors import (
    ConflictError,
    FindAllError,
    PartialResultWarning,
    RunTimeout,
    warn,
)
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.base import Display
from findall_frames.progress.choose import Progress, display_for
from findall_frames.runs.outcome import partial_result
from findall_frames.runs.readings import Enrichments, read_enrichments
from findall_frames.runs.spec import Search
from findall_frames.runs.tracker import Tracker

__all__ = ["Run"]

_SNAPSHOT_SHARE = 0.1
_SNAPSHOT_SECONDS = 2.0


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
        self.schema_if_known = schema
        self._is_new = False
        self.last_status: FindAllRunStatus | None = None

    @classmethod
    def start(cls, search: Search, *, client: Client, deadline: Deadline = NEVER) -> Run:
        """Start a search; from here on it costs money.

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
        request = search.to_input(metadata={TOKEN: uuid.uuid4().hex})
        created = client.create(request, deadline=deadline)
        run = cls(created.findall_id, client=client, schema=search.to_schema())
        run._is_new = True
        run.last_status = created.status
        for enrichment in search.enrichments:
            client.enrich(run.findall_id, enrichment, deadline=deadline)
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
        run.last_status = client.retrieve(findall_id, deadline=deadline).status
        run.schema_if_known = client.schema(findall_id, deadline=deadline)
        return run

    def __repr__(self) -> str:
        status = self.last_status.status if self.last_status else "not asked yet"
        return f"Run({self.findall_id!r}, {status}, {self.client.base_url})"

    def status(self) -> FindAllRun:
        """Ask the service where the run stands."""
        run = self.client.retrieve(self.findall_id)
        self.last_status = run.status
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
        if self.schema_if_known is None:
            self.schema_if_known = self.client.schema(self.findall_id, deadline=deadline)
        body = self.client.result_json(self.findall_id, deadline=deadline)
        return flatten(body, schema=self.schema_if_known, service=self.client.base_url)

    def wait(
        self, *, progress: Progress | Display = "auto", timeout: float | None = None
    ) -> FindAllFrames:
        """Wait until the run is over and fetch what it found.

        Parameters
        ----------
        progress : {"auto", "notebook", "terminal", "log"}, False or callable
            What to show meanwhile.
        timeout : float, optional
            Seconds; None waits without a limit.

        Returns
        -------
        FindAllFrames
            Also when the run failed or was cancelled, with a `PartialResultWarning` that says
            why.

        Raises
        ------
        RunTimeout
            The time is over. The run goes on, and the exception has its id and what it has
            found so far.
        KeyboardInterrupt
            The kernel was interrupted. The run goes on.
        """
        deadline = Deadline.after(timeout)
        display = display_for(progress)
        try:
            return self.watch(display, deadline=deadline)
        finally:
            display.close()

    def watch(
        self, display: Display, *, deadline: Deadline = NEVER, begun: float | None = None
    ) -> FindAllFrames:
        """Wait as `wait` does, with a display that is already there and is left open.

        Parameters
        ----------
        display : Display
            What is given every update.
        deadline : Deadline
            When to give up.
        begun : float, optional
            The moment on the monotonic clock from which time is counted; None means now.
        """
        tracker = Tracker(
            self.findall_id,
            service=self.client.base_url,
            schema=self.schema_if_known,
            status=self.last_status,
            begun=time.monotonic() if begun is None else begun,
        )
        # Some of the time is kept for fetching what there is when the time is over.
        share = min(_SNAPSHOT_SECONDS, _SNAPSHOT_SHARE * deadline.remaining)
        watch_until = deadline.earlier(share) if deadline.is_finite else NEVER
        try:
            display.show(tracker.update)
            if not tracker.update.is_over:
                events = follow(
                    self.client, self.findall_id, is_new=self._is_new, deadline=watch_until
                )
                with closing(events):
                    for event in events:
                        display.show(tracker.take(event))
                        self.last_status = tracker.status
            if not tracker.update.is_over:
                raise self._timed_out(deadline)
            frames = self.frames(deadline=deadline)
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(
                f"Run {self.findall_id} goes on and nothing is lost: ff.resume({self.findall_id!r})"
            )
            raise
        if self.last_status is not None:
            message = partial_result(self.findall_id, self.last_status)
            if message is not None:
                warn(message, PartialResultWarning)
        return frames

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

    def extend(self, additional_match_limit: int) -> None:
        """Let the run look for more matches; each costs money.

        Parameters
        ----------
        additional_match_limit : int
            How many more; added to the limit that the run has.
        """
        self.schema_if_known = self.client.extend(self.findall_id, additional_match_limit)
        self.last_status = None  # a run that was over goes on

    def enrich(self, enrichments: Enrichments) -> None:
        """Add columns to all present and future matches; each costs money per match.

        Parameters
        ----------
        enrichments : dict, JSON Schema or class
            As in `Search`.
        """
        for enrichment in read_enrichments(enrichments):
            self.schema_if_known = self.client.enrich(self.findall_id, enrichment)
            self.last_status = None

    def _timed_out(self, deadline: Deadline) -> RunTimeout:
        found = "What it has found so far is in the exception's .frames. "
        try:
            frames = self.frames(deadline=deadline)
        except FindAllError:
            frames, found = None, ""
        status = f" and is {self.last_status.status}" if self.last_status else ""
        return RunTimeout(
            f"The time to wait is over. Run {self.findall_id} goes on{status}. {found}"
            f"Go on waiting with ff.resume({self.findall_id!r}).",
            findall_id=self.findall_id,
            frames=frames,
        )
