"""`Run`, the handle on a run that people hold."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.events import follow
from findall_frames.api.models import Event, FindAllRun, FindAllSchema
from findall_frames.display.html import run_html, run_state
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.displays import Display, Progress, display_for
from findall_frames.running.arguments import Enrichments, read_more_enrichments, read_more_matches
from findall_frames.running.following import await_run, watch_run
from findall_frames.running.outcome import Errors, check_errors
from findall_frames.running.recorded_run import RecordedRun

__all__ = ["Run", "record_of", "run_of"]


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
        self._record = RecordedRun(findall_id, client=client, schema=schema)

    @property
    def findall_id(self) -> str:
        """The id of the run."""
        return self._record.findall_id

    @property
    def client(self) -> Client:
        """The service of the run."""
        return self._record.client

    def __repr__(self) -> str:
        return f"Run({self.findall_id!r}, {run_state(self._record.status)}, {self.client.base_url})"

    def _repr_html_(self) -> str:
        schema = self._record.schema
        return run_html(
            self.findall_id,
            objective=schema.objective if schema else None,
            state=run_state(self._record.status),
            service=self.client.base_url,
            resume=self._record.resume_call,
        )

    def status(self, *, timeout: float | None = None) -> FindAllRun:
        """Request the status of the run.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None waits without limit.
        """
        return self._record.request_status(Deadline.after(timeout))

    def events(self, *, last_event_id: str | None = None) -> Iterator[Event]:
        """Yield each event of the run once, until it is over; reconnect if necessary.

        Parameters
        ----------
        last_event_id : str, optional
            Start after this event; by default with the first.
        """
        with closing(follow(self.client, self.findall_id, last_event_id=last_event_id)) as events:
            yield from (each for each in events if not isinstance(each, str | None))

    def frames(self, *, timeout: float | None = None) -> FindAllFrames:
        """Fetch what the run has found so far, whatever its status.

        Parameters
        ----------
        timeout : float, optional
            Seconds; None waits without limit.
        """
        return self._record.fetch(Deadline.after(timeout))

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
            return watch_run(self._record, display, deadline=deadline, errors=errors)

    def __await__(self) -> Generator[Any, None, FindAllFrames]:
        return await_run(self._record).__await__()

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
        return self._record.cancel(Deadline.after(timeout))

    def extend(self, additional_match_limit: int, *, timeout: float | None = None) -> None:
        """Ask for more matches, without waiting for them; each costs money.

        Parameters
        ----------
        additional_match_limit : int
            The number of matches to add to the match limit of the run.
        timeout : float, optional
            Seconds; None waits without limit.
        """
        more = read_more_matches(additional_match_limit)
        self._record.extend(more, Deadline.after(timeout))

    def enrich(self, enrichments: Enrichments, *, timeout: float | None = None) -> None:
        """Add columns to all present and future matches, without waiting; each match costs money.

        Parameters
        ----------
        enrichments : dict, JSON Schema or class
            As in `Search`.
        timeout : float, optional
            Seconds; None waits without limit.
        """
        inputs = read_more_enrichments(enrichments)
        self._record.enrich(inputs, Deadline.after(timeout))


def run_of(record: RecordedRun) -> Run:
    """Return a handle on a run."""
    run = Run(record.findall_id, client=record.client)
    run._record = record
    return run


def record_of(run: Run) -> RecordedRun:
    """Return what is known of the run of a handle."""
    return run._record
