"""Waits for a run: follows it until it is over, shows its state, and fetches its result."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing
from typing import Final, TypeVar

from findall_frames.api.client import Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.events import as_event, follow
from findall_frames.api.models import Event, FindAllRunStatus, FindAllRunStatusEvent
from findall_frames.background import in_background
from findall_frames.errors import FindAllError, FindAllWarning, RunTimeout, warn
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.displays import Display, display_for, show_warnings, wish_of
from findall_frames.running.outcome import Errors, report_left, report_partial
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.tracker import Tracker

__all__ = ["attach_run", "await_run", "watch_run"]

_T = TypeVar("_T")

_FIRST_POLL: Final = 0.005
_LONGEST_POLL: Final = 0.1
"""Seconds between status requests while an embedded service evaluates columns."""
_SNAPSHOT_SHARE: Final = 0.2
_SNAPSHOT_SECONDS: Final = 5.0
"""The share of a timeout, and at most the seconds, reserved for fetching a partial result."""


def attach_run(
    findall_id: str, *, client: Client, display: Display, deadline: Deadline = NEVER
) -> RecordedRun:
    """Return a run that was started earlier, with its status and search.

    Raises
    ------
    NotFoundError
        The service does not know the run.
    """
    run = RecordedRun(findall_id, client=client)
    with _tracker_of(run, time.monotonic()).showing_waits(display):
        run.request_status(deadline)
        run.is_fresh = True
        run.schema = client.schema(findall_id, timeout=deadline.timeout)
    return run


def watch_run(
    run: RecordedRun,
    display: Display,
    *,
    deadline: Deadline = NEVER,
    errors: Errors = "warn",
    begun: float | None = None,
    earlier: FindAllFrames | None = None,
) -> FindAllFrames:
    """Wait until a run is over and return what it found; the display is left open.

    Parameters
    ----------
    run : RecordedRun
        The run.
    display : Display
        Where to show updates.
    deadline : Deadline
        When to stop waiting.
    errors : {"warn", "raise"}
        What to do if the run failed, was cancelled or ended early.
    begun : float, optional
        When waiting began, on the monotonic clock; None means now.
    earlier : FindAllFrames, optional
        Frames of the same run, whose reviews are kept.

    Raises
    ------
    FindAllError
        As from `Run.wait`.
    """
    run.earlier = earlier
    tracker = _tracker_of(run, time.monotonic() if begun is None else begun)
    with run.noting_interruption(), tracker.showing_waits(display):
        display.show(tracker.update)
        status = _follow(run, tracker, display, deadline)
        frames = _fetch(run, status, deadline)
    run.is_new = run.ends_once = False
    _report(run, status, frames, errors, display)
    return frames


async def await_run(run: RecordedRun) -> FindAllFrames:
    """Wait for a run like `watch_run`, but leave the event loop free."""
    is_abandoned = threading.Event()
    with closing(display_for("auto")) as display:
        tracker = _tracker_of(run, time.monotonic())
        display.show(tracker.update)  # widgets can be made in this thread only

        def work() -> tuple[FindAllRunStatus | None, FindAllFrames | None]:
            with tracker.showing_waits(display):
                status = _follow(run, tracker, display, NEVER, is_abandoned=is_abandoned)
                return status, None if is_abandoned.is_set() else _fetch(run, status, NEVER)

        with run.noting_interruption():
            try:
                status, frames = await _in_thread(work)
            finally:
                is_abandoned.set()
        assert frames is not None, "only a cancelled wait has no frames"
        _report(run, status, frames, "warn", display)
        return frames


def _tracker_of(run: RecordedRun, begun: float) -> Tracker:
    return Tracker(
        run.findall_id,
        service=run.client.base_url,
        schema=run.schema,
        status=run.status,
        cost=run.cost,
        is_own_data=run.client.is_embedded,
        begun=begun,
    )


def _follow(
    run: RecordedRun,
    tracker: Tracker,
    display: Display,
    deadline: Deadline,
    *,
    is_abandoned: threading.Event | None = None,
) -> FindAllRunStatus | None:
    """Return the last status of the run; None if the user stopped waiting."""
    if run.status is not None and run.status.is_over:
        # Another handle may have extended or enriched it since it was last asked.
        if not run.is_fresh:
            run.request_status(deadline)
        run.is_fresh = False
        run.observe(run.status)
        if run.status.is_over:
            return run.status
    share = min(_SNAPSHOT_SECONDS, _SNAPSHOT_SHARE * deadline.remaining)
    events = _events(run, deadline.earlier(share) if deadline.is_finite else NEVER)
    with closing(events):
        for event in events:
            if isinstance(event, FindAllRunStatusEvent):
                run.observe(event.data.status)
            display.show(tracker.take(event))
            wanted = wish_of(display)
            if wanted == "leave" or (is_abandoned is not None and is_abandoned.is_set()):
                return None
            if wanted == "cancel":
                _try_to_cancel(run)
    if run.status is None or not run.status.is_over:
        raise _timed_out(run, deadline)
    return run.status


def _events(run: RecordedRun, deadline: Deadline) -> Generator[Event | str | None, None, None]:
    """Yield what `follow` does: the events of the run until it is over, and what is waited for.

    While an embedded service evaluates columns, only the status is polled: such a run takes
    moments, and reading two events for each of a million matches would take longer than finding
    them.
    """
    pause = _FIRST_POLL
    while run.client.is_embedded and not deadline.has_passed():
        # On average, the end is noticed after another tenth of the time that the run took.
        time.sleep(min(pause, deadline.remaining))
        pause = min(1.2 * pause, _LONGEST_POLL)
        try:
            found = run.client.retrieve(run.findall_id, timeout=deadline.timeout)
        except RunTimeout:
            return
        yield as_event(found)
        counts = found.status.metrics
        if found.status.is_over:
            return
        if counts.generated_candidates_count not in (0, counts.rows):
            break
    yield from follow(
        run.client,
        run.findall_id,
        is_new=run.is_new,
        ends_once=run.ends_once,
        changed_after=run.changed_after,
        deadline=deadline,
    )


def _try_to_cancel(run: RecordedRun) -> None:
    try:
        run.cancel(NEVER)
    except FindAllError as error:
        warn(f"Run {run.findall_id} could not be cancelled and goes on: {error}", FindAllWarning)


def _timed_out(run: RecordedRun, deadline: Deadline) -> RunTimeout:
    found = "What it has found so far is in the exception's .frames. "
    try:
        frames = run.fetch(deadline)
    except FindAllError:
        frames, found = None, ""
    status = f" and is {run.status.status}" if run.status else ""
    return RunTimeout(
        f"Time is up. Run {run.findall_id} goes on{status}. {found}"
        f"Continue waiting with {run.resume_call}.",
        findall_id=run.findall_id,
        frames=frames,
    )


def _fetch(run: RecordedRun, status: FindAllRunStatus | None, deadline: Deadline) -> FindAllFrames:
    return run.fetch(deadline) if status is None else run.fetch_and_keep(deadline)


def _report(
    run: RecordedRun,
    status: FindAllRunStatus | None,
    frames: FindAllFrames,
    errors: Errors,
    display: Display,
) -> None:
    """Raise if the result is partial, or warn unless the display says so."""
    is_shown = show_warnings(display, frames.warnings)
    if status is None:
        report_left(
            run.findall_id, frames, resume=run.resume_call, errors=errors, is_shown=is_shown
        )
    else:
        report_partial(
            run.findall_id,
            status,
            frames,
            resume=run.resume_call,
            errors=errors,
            is_shown=is_shown,
        )


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Run a function in a thread of its own; those of the event loop are few, and it waits long."""
    outcome: Future[_T] = Future()
    outcome.set_running_or_notify_cancel()  # a cancelled wait must not settle it before the thread
    in_background(work, outcome=outcome)
    return await asyncio.wrap_future(outcome)
