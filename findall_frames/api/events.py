"""The events of a run, across connections that break and streams that can't be trusted."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TypeAlias

from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.models import (
    ErrorEvent,
    Event,
    FindAllRun,
    FindAllRunStatusEvent,
    FindAllRunUpdate,
    UnknownEvent,
)
from findall_frames.api.stream import EventStream
from findall_frames.api.waiting import not_waiting, wait_told, why_refused
from findall_frames.errors import (
    APIError,
    AuthenticationError,
    FindAllError,
    NotFoundError,
    RunTimeout,
    UnexpectedResponseError,
    UnreachableError,
)

__all__ = ["Failures", "as_event", "follow"]

_log = logging.getLogger(__name__)

SILENCE: Final = 20.0
"""Seconds without a complete event, two heartbeats, after which the status is requested."""
_LONGEST_SILENCE: Final = 60.0
_LONGEST_TRUST: Final = 120.0
"""Seconds for which a stream that goes on talking is believed without asking for the status."""
_GROWTH: Final = 1.5
_TICK: Final = 0.25
_OUTAGE: Final = 600.0
"""Seconds for which the service may be unreachable before `follow` gives up."""
_NEW: Final = 15.0
"""Seconds for which a run that was just created may be unknown to its service."""
_STALE: Final = 30.0
"""Seconds for which a run that was extended or enriched may still be reported as over."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0


class _Service(Protocol):
    """The two endpoints that `follow` needs; a `Client` has them."""

    def events(
        self, findall_id: str, *, last_event_id: str | None = None, timeout: float | None = None
    ) -> EventStream: ...

    def retrieve(self, findall_id: str, *, timeout: float | None = None) -> FindAllRun: ...


_Arrival: TypeAlias = list[Event] | FindAllRun | FindAllError | None
"""Events, the answer to a status request, a failure, or the end of a connection."""
_Arrivals: TypeAlias = SimpleQueue[tuple[object, _Arrival]]
"""What has arrived, each with the connection or the request that it came from."""


def follow(
    client: _Service,
    findall_id: str,
    *,
    last_event_id: str | None = None,
    is_new: bool = False,
    ends_once: bool = False,
    changed_after: str | None = None,
    deadline: Deadline = NEVER,
) -> Generator[Event | str | None, None, None]:
    """Yield the events of a run, each once, until the run is over or the deadline passes.

    Parameters
    ----------
    client : Client
        The service.
    findall_id : str
        The run.
    last_event_id : str, optional
        Start after this event.
    is_new : bool
        True if the run was created just now; for some seconds it may be unknown to the service.
    ends_once : bool
        True if the first event with a final status is the end. A run that was ever extended or
        enriched replays its earlier ends, so that each has to be confirmed by the status.
    changed_after : str, optional
        The ``modified_at`` of the run before it was extended or enriched. While it is reported
        as over and has not changed since, that report is stale.
    deadline : Deadline
        When to stop.

    Yields
    ------
    Event, str or None
        None after each quarter of a second without a new event, so that the caller can update a
        clock; while the service allows no request, for how long, in words. The status is
        requested when a connection ends, after silence, and now and then while a stream goes on
        talking; it is yielded as a `FindAllRunStatusEvent` with an empty ``event_id``.

    Raises
    ------
    NotFoundError, AuthenticationError
        The service does not know the run, or does not accept the key.
    UnreachableError
        The service has been unreachable for ten minutes.

    Notes
    -----
    After the deadline, the last status seen tells whether the run was over.
    """
    arrived: _Arrivals = SimpleQueue()
    seen: set[str] = set()
    failures = Failures(is_new=is_new)
    questions = _Questions()
    stale_until = Deadline.after(_STALE)
    connection: _Connection | None = None
    request: object | None = None
    refusal: APIError | None = None
    connect_at = alive_at = yielded_at = time.monotonic()

    def drop_connection(pause: float = 0.0) -> None:
        nonlocal connection, connect_at
        if connection is not None:
            connection.stop()
        connection, connect_at = None, time.monotonic() + max(pause, failures.next_pause())

    try:
        while not deadline.has_passed():
            now = time.monotonic()
            if connection is not None and now - alive_at >= SILENCE:
                drop_connection()  # it may be dead, as after a router has forgotten it
            if connection is None and now >= connect_at:
                connection, alive_at = _Connection(arrived), now
                connection.start(client, findall_id, last_event_id, deadline)
            if request is None and now >= questions.due_at:
                request = _ask(arrived, client, findall_id, deadline)
            if now - yielded_at >= _TICK:
                yielded_at = now
                pause = min(connect_at, questions.due_at) - now
                if refusal is None or connection or request or pause <= 0:
                    yield None
                else:
                    yield wait_told(pause, why_refused(refusal))
            wake_at = min(
                yielded_at + _TICK,
                connect_at if connection is None else math.inf,
                questions.due_at if request is None else math.inf,
            )
            try:
                source, item = arrived.get(timeout=deadline.clip(max(0.0, wake_at - now)))
            except Empty:
                continue
            if source is request:
                request = None
                refusal = _refusal(item)
                if isinstance(item, FindAllError):
                    questions.repeat_in(failures.of_status(item, is_talking=questions.is_talking))
                elif isinstance(item, FindAllRun):
                    failures.end_outage()
                    questions.answered()
                    yielded_at = time.monotonic()
                    is_over = item.status.is_over
                    if is_over and _is_stale(item, changed_after) and not stale_until.has_passed():
                        yield None
                        continue
                    yield as_event(item)
                    if is_over:
                        return
            if connection is None or source is not connection:
                continue
            if not isinstance(item, list):
                refusal = _refusal(item)
                # The end of a stream is not the end of the run; only the status tells.
                drop_connection(failures.of_stream(item) if isinstance(item, FindAllError) else 0.0)
                questions.ask_now()
                continue
            alive_at = time.monotonic()
            for event in item:
                if deadline.has_passed():
                    return
                if isinstance(event, FindAllRunStatusEvent) and event.data.findall_id != findall_id:
                    continue  # of another run, whose end is not the end of this one
                event_id = None if isinstance(event, ErrorEvent) else event.event_id
                if event_id:
                    if event_id in seen:
                        continue
                    seen.add(event_id)
                    last_event_id = event_id
                if isinstance(event, FindAllRunStatusEvent):
                    if event.data.status.is_over and not ends_once:
                        questions.ask_soon()  # unless the run turns out to have gone on
                        continue
                    questions.forget_end()
                if not isinstance(event, (ErrorEvent, UnknownEvent)):
                    failures.reset()
                    questions.heard()
                yielded_at = time.monotonic()
                yield event
                if isinstance(event, FindAllRunStatusEvent) and event.data.status.is_over:
                    return
                if isinstance(event, ErrorEvent):
                    drop_connection()
                    questions.ask_now()  # the status shows whether the error was fatal
                    break
    finally:
        if connection is not None:
            connection.stop()


class _Questions:
    """When to ask for the status of a run, which alone tells that it is over.

    Soon after a stream has ended or reports a final status; after silence; and now and then while
    a stream goes on talking. The intervals grow while the answer is that the run goes on.
    """

    def __init__(self) -> None:
        now = time.monotonic()
        self._soon = math.inf
        self._not_before = now
        self._silence, self._silent_at = SILENCE, now + SILENCE
        self._trust, self._trusted_until = 2 * SILENCE, now + 2 * SILENCE
        self._confirm = _TICK

    @property
    def due_at(self) -> float:
        """When to ask, on the monotonic clock."""
        return max(self._not_before, min(self._soon, self._silent_at, self._trusted_until))

    @property
    def is_talking(self) -> bool:
        """True if there was a new event of late."""
        return time.monotonic() < self._silent_at and self._soon == math.inf

    def heard(self) -> None:
        """Begin anew after an event that is new."""
        self._silence, self._silent_at = SILENCE, time.monotonic() + SILENCE

    def ask_now(self) -> None:
        """Have the status requested at once."""
        self._soon = time.monotonic()

    def ask_soon(self) -> None:
        """Have the status requested in a moment: earlier ends are replayed without a pause."""
        self._soon = min(self._soon, time.monotonic() + self._confirm)

    def forget_end(self) -> None:
        """Note that the run went on after a final status."""
        self._soon = math.inf

    def repeat_in(self, seconds: float) -> None:
        """Have the request, which failed, repeated."""
        self.answered()
        self._soon = self._not_before = time.monotonic() + seconds

    def answered(self) -> None:
        """Schedule the next request after an answer."""
        now = time.monotonic()
        self._soon = math.inf
        self._silence = min(_GROWTH * self._silence, max(_LONGEST_SILENCE, SILENCE))
        self._silent_at = now + self._silence
        self._trust = min(_GROWTH * self._trust, _LONGEST_TRUST)
        self._trusted_until = now + self._trust
        self._confirm = min(2 * self._confirm, _LONGEST_PAUSE)


class Failures:
    """Consecutive failures: the backoff between attempts, and when to give up."""

    def __init__(self, *, is_new: bool) -> None:
        self._may_be_unknown_until = Deadline.after(_NEW if is_new else 0)
        self._give_up_at: Deadline | None = None
        self._pauses = 0

    def reset(self) -> None:
        """Begin anew after an event."""
        self._give_up_at = None
        self._pauses = 0

    def end_outage(self) -> None:
        """Note that the service has answered; the stream may still be broken."""
        self._give_up_at = None

    def of_stream(self, error: FindAllError) -> float:
        """Tolerate a broken stream, which the status can replace; return the requested pause."""
        if isinstance(error, AuthenticationError):
            raise error
        _log.info("the event stream failed; reconnecting: %s", error)
        return _requested_pause(error)

    def of_status(self, error: FindAllError, *, is_talking: bool) -> float:
        """Raise the error unless it may be transient; return the seconds until the next request.

        While the stream brings new events, the status is not needed.
        """
        if isinstance(error, NotFoundError):
            is_transient = not self._may_be_unknown_until.has_passed()
        elif isinstance(error, APIError):
            is_transient = error.status_code >= 500 or error.status_code in (408, 429)
        else:
            is_transient = isinstance(
                error, (UnreachableError, UnexpectedResponseError, RunTimeout)
            )
        requested = _requested_pause(error)
        if is_talking:
            return max(requested, SILENCE)
        # A pause that the service asks for is no outage.
        self._give_up_at = self._give_up_at or Deadline.after(_OUTAGE + requested)
        if not is_transient or self._give_up_at.has_passed():
            raise error
        _log.info("the status request failed; retrying: %s", error)
        return max(requested, self.next_pause())

    def next_pause(self) -> float:
        """Return the seconds to wait, twice as many each time until an event arrives."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._pauses, 10))
        self._pauses += 1
        return pause * random.uniform(0.8, 1.2)


def _requested_pause(error: FindAllError) -> float:
    """Return the seconds that the service asks to wait for."""
    if isinstance(error, RunTimeout):
        return _LONGEST_PAUSE  # it was asked to wait until after the deadline
    return (error.retry_after or 0.0) if isinstance(error, APIError) else 0.0


def _refusal(arrival: _Arrival) -> APIError | None:
    """Return an error with which the service asks for a pause that is worth a word."""
    if isinstance(arrival, APIError) and (arrival.retry_after or 0) >= 1:
        return arrival
    return None


def _is_stale(run: FindAllRun, changed_after: str | None) -> bool:
    return changed_after is not None and (run.modified_at or "") <= changed_after


def as_event(run: FindAllRun) -> FindAllRunStatusEvent:
    """Return the status of a run as an event without an id."""
    update = FindAllRunUpdate(**{name: getattr(run, name) for name in run.__struct_fields__})
    return FindAllRunStatusEvent(
        type="findall.status", timestamp=run.modified_at or "", event_id="", data=update
    )


# -- threads ---------------------------------------------------------------------------------
# A blocking read or request could neither update a clock nor keep a deadline, nor, on Windows, be
# interrupted.


def _in_thread(arrived: _Arrivals, source: object, work: Callable[[], _Arrival]) -> None:
    """Run `work` in a thread; what it returns or raises arrives."""

    def run() -> None:
        outcome: _Arrival
        try:
            with not_waiting():  # the waiter does, and goes on listening meanwhile
                outcome = work()
        except FindAllError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001  (else nobody would learn that the thread ended)
            outcome = UnexpectedResponseError(f"An answer of the service can't be read: {error!r}.")
        arrived.put((source, outcome))

    threading.Thread(target=run, daemon=True).start()


def _ask(arrived: _Arrivals, client: _Service, findall_id: str, deadline: Deadline) -> object:
    """Request the status, and return what its arrival will be marked with."""
    request = object()
    _in_thread(arrived, request, lambda: client.retrieve(findall_id, timeout=deadline.timeout))
    return request


class _Connection:
    """One connection of the event stream: batches of events arrive, and None or an error last."""

    def __init__(self, arrived: _Arrivals) -> None:
        self._arrived = arrived
        self._stream: EventStream | None = None
        self._is_unwanted = False

    def start(
        self, client: _Service, findall_id: str, last_event_id: str | None, deadline: Deadline
    ) -> None:
        """Open the connection and read it in a thread."""

        def read() -> None:
            with client.events(
                findall_id, last_event_id=last_event_id, timeout=deadline.timeout
            ) as stream:
                self._stream = stream
                # `stop` sets the flag before it looks for the stream, so that one of the two
                # threads notices the other.
                if not self._is_unwanted:
                    # In batches: event by event, the threads would spend their time on switching.
                    for batch in stream.batches():
                        self._arrived.put((self, batch))

        _in_thread(self._arrived, self, read)

    def stop(self) -> None:
        """Interrupt the thread, which then closes the connection."""
        self._is_unwanted = True
        if self._stream is not None:
            self._stream.stop()
