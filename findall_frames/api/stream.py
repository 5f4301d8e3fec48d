"""The events of a run until it is over, through every break of the stream."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Generator, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from findall_frames.api.client import Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.models import (
    ErrorEvent,
    Event,
    FindAllRun,
    FindAllRunStatusEvent,
    FindAllRunUpdate,
)
from findall_frames.api.sse import EventStream
from findall_frames.errors import (
    APIError,
    AuthenticationError,
    FindAllError,
    NotFoundError,
    RunTimeout,
    UnexpectedResponseError,
    UnreachableError,
)

__all__ = ["as_event", "follow"]

_log = logging.getLogger(__name__)

SILENCE: Final = 25.0
"""Seconds without an event, two heartbeats and a half, after which the status is asked for."""
TICK: Final = 0.25
PATIENCE: Final = 600.0
"""Seconds for which a service may be out of reach before waiting is given up."""
NEWBORN: Final = 15.0
"""Seconds for which a run that was just created may still be unknown to its service."""
LATE: Final = 30.0
"""Seconds for which a run that was extended or enriched may still say that it is over."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0

_Item: TypeAlias = Event | FindAllError | None


def follow(
    client: Client,
    findall_id: str,
    *,
    last_event_id: str | None = None,
    is_new: bool = False,
    ends_once: bool = False,
    changed_after: str | None = None,
    deadline: Deadline = NEVER,
) -> Generator[Event | None, None, None]:
    """Yield the events of a run, each once, until the run is over.

    Parameters
    ----------
    client : Client
        The service.
    findall_id : str
        The run.
    last_event_id : str, optional
        Begin behind this event.
    is_new : bool
        Whether it was created just now, and so may not be known everywhere for some seconds.
    ends_once : bool
        Whether the first end that is told is the end. A run that was ever extended or enriched
        tells its former ends again, so that the status has to confirm each.
    changed_after : str, optional
        The ``modified_at`` that the run had when it was extended or enriched. A run that still
        says that it is over, and has not changed since, is not done but late.
    deadline : Deadline
        When to give up.

    Yields
    ------
    Event or None
        None whenever a quarter of a second has passed without an event, so that the caller can
        move a clock. Where the stream was silent or had ended, the status is asked for, and
        comes as a `FindAllRunStatusEvent` with an empty ``event_id``.

    Raises
    ------
    NotFoundError, AuthenticationError
        When the service no longer lets this client see the run.
    UnreachableError
        When the service cannot be reached for ten minutes.

    Notes
    -----
    It simply returns when the deadline passes; the last status seen tells whether the run was
    over.
    """
    seen: set[str] = set()
    trouble = _Trouble(is_new=is_new)
    late_until = Deadline.after(LATE)
    while not deadline.has_passed():
        may_be_over = False
        for item in _connection(client, findall_id, last_event_id, deadline):
            if item is None:
                if may_be_over:
                    break  # nothing has followed that end, so the status is asked
                yield None
                continue
            if isinstance(item, FindAllError):
                trouble.with_stream(item)
                break
            trouble.is_over()
            event_id = None if isinstance(item, ErrorEvent) else item.event_id
            if event_id:
                if event_id in seen:
                    continue
                seen.add(event_id)
                last_event_id = event_id
            may_be_over = isinstance(item, FindAllRunStatusEvent) and item.data.status.is_over
            if may_be_over and not ends_once:
                continue
            yield item
            if may_be_over:
                return
            if isinstance(item, ErrorEvent):
                break  # whether it is fatal is open, so the status decides
        if deadline.has_passed():
            return
        # An end of the stream is no end of the run; only the status tells.
        try:
            run = client.retrieve(findall_id, timeout=deadline.timeout)
        except FindAllError as error:
            trouble.with_service(error)
        else:
            trouble.has_contact()
            if run.status.is_over and _is_late(run, changed_after) and not late_until.has_passed():
                yield None
            else:
                yield as_event(run)
                if run.status.is_over:
                    return
        yield from _pause(trouble.next_pause(), deadline)


class _Trouble:
    """For how long and how often things have failed in a row, and whether to bear with it."""

    def __init__(self, *, is_new: bool) -> None:
        self._may_be_unknown_until = Deadline.after(NEWBORN if is_new else 0)
        self._gives_up_at: Deadline | None = None
        self._pauses = 0

    def is_over(self) -> None:
        """An event has arrived."""
        self._gives_up_at = None
        self._pauses = 0

    def has_contact(self) -> None:
        """The service has answered; only its stream may be at fault."""
        self._gives_up_at = None

    def with_stream(self, error: FindAllError) -> None:
        """Bear with a broken stream, which the status endpoint can stand in for."""
        if isinstance(error, AuthenticationError):
            raise error
        _log.info("the event stream failed, and is taken up again: %s", error)

    def with_service(self, error: FindAllError) -> None:
        """Bear with a service that stumbles, or raise what will not pass."""
        if isinstance(error, NotFoundError):
            will_pass = not self._may_be_unknown_until.has_passed()
        elif isinstance(error, APIError):
            will_pass = error.status_code >= 500 or error.status_code in (408, 429)
        else:
            will_pass = isinstance(error, (UnreachableError, UnexpectedResponseError, RunTimeout))
        self._gives_up_at = self._gives_up_at or Deadline.after(PATIENCE)
        if not will_pass or self._gives_up_at.has_passed():
            raise error
        _log.info("the service failed, and is asked again: %s", error)

    def next_pause(self) -> float:
        """Seconds to wait, longer each time until an event arrives."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._pauses, 10))
        self._pauses += 1
        return pause * random.uniform(0.8, 1.2)


def _pause(seconds: float, deadline: Deadline) -> Iterator[None]:
    end = Deadline.after(deadline.clip(seconds))
    while not end.has_passed():
        time.sleep(end.clip(TICK))
        yield None


def _is_late(run: FindAllRun, changed_after: str | None) -> bool:
    return changed_after is not None and (run.modified_at or "") <= changed_after


def as_event(run: FindAllRun) -> FindAllRunStatusEvent:
    """Return the status of a run as the event that would tell it; it has no id."""
    update = FindAllRunUpdate(**{name: getattr(run, name) for name in run.__struct_fields__})
    return FindAllRunStatusEvent(
        type="findall.status", timestamp=run.modified_at or "", event_id="", data=update
    )


def _connection(
    client: Client, findall_id: str, last_event_id: str | None, deadline: Deadline
) -> Iterator[_Item]:
    """Yield what one connection brings, None for each tick, and an error as the last if it broke.

    The connection is opened and read in a thread of its own, since a read that blocks could
    neither move a clock nor keep a deadline, nor, on Windows, be interrupted.
    """
    pump = _Pump(client, findall_id, last_event_id, deadline)
    quiet_since = time.monotonic()
    try:
        while not deadline.has_passed():
            try:
                item = pump.arrived.get(timeout=deadline.clip(TICK))
            except Empty:
                if time.monotonic() - quiet_since > SILENCE:
                    return
                yield None
                continue
            if item is None:
                return
            quiet_since = time.monotonic()
            if isinstance(item, FindAllError):
                yield item
                return
            for event in item:
                if deadline.has_passed():
                    return
                yield event
    finally:
        pump.stop()


class _Pump:
    """Moves the events of one connection into a queue, in batches; None marks the end."""

    def __init__(
        self, client: Client, findall_id: str, last_event_id: str | None, deadline: Deadline
    ) -> None:
        # Event by event, the two threads would spend their time in handing the turn over.
        self.arrived: SimpleQueue[list[Event] | FindAllError | None] = SimpleQueue()
        self._open = partial(
            client.events,
            findall_id,
            last_event_id=last_event_id,
            timeout=deadline.timeout,
        )
        self._stream: EventStream | None = None
        self._is_unwanted = False
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        """Have the thread close the connection, as soon as there is one."""
        self._is_unwanted = True
        if self._stream is not None:
            self._stream.stop()

    def _work(self) -> None:
        try:
            with self._open() as self._stream:
                # Between these two lines and stop() either side sees what the other has set.
                if not self._is_unwanted:
                    for batch in self._stream.batches():
                        self.arrived.put(batch)
        except FindAllError as error:
            self.arrived.put(error)
        self.arrived.put(None)
