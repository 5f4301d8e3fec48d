"""The events of a run: those of one connection, and all of them across reconnections."""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Protocol, Self, TypeAlias

import msgspec
import requests
from sseclient import SSEClient
from urllib3.exceptions import HTTPError

from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.models import (
    EVENT_MODELS,
    ErrorEvent,
    Event,
    FindAllRun,
    FindAllRunStatusEvent,
    FindAllRunUpdate,
    UnknownEvent,
)
from findall_frames.errors import (
    APIError,
    AuthenticationError,
    FindAllError,
    NotFoundError,
    RunTimeout,
    UnexpectedResponseError,
    UnreachableError,
)

__all__ = ["EventStream", "as_event", "follow", "read_batches", "whole_frames"]

_log = logging.getLogger(__name__)

SILENCE: Final = 25.0
"""Seconds without an event, two and a half heartbeats, after which the status is requested."""
_TICK: Final = 0.25
_OUTAGE: Final = 600.0
"""Seconds for which the service may be unreachable before `follow` gives up."""
_NEW: Final = 15.0
"""Seconds for which a run that was just created may be unknown to its service."""
_STALE: Final = 30.0
"""Seconds for which a run that was extended or enriched may still be reported as over."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0

_ENDS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_END: Final = 4
_CHUNK: Final = 1 << 16
_CANDIDATE: Final = "findall.candidate."
_TYPE_FIRST: Final = re.compile(r'\s*\{\s*"type"\s*:\s*"([a-z.]+)"')


# -- one connection --------------------------------------------------------------------------


class _Envelope(msgspec.Struct):
    type: str
    event_id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_envelope: Final = msgspec.json.Decoder(_Envelope)
_decoders: Final[dict[str, msgspec.json.Decoder[Event]]] = {
    name: msgspec.json.Decoder(model) for name, model in EVENT_MODELS.items()
}
_candidate: Final = _decoders["findall.candidate.generated"]


def whole_frames(chunks: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Yield the bytes up to the last blank line so far; drop an unfinished frame at the end.

    sseclient-py would emit that frame as an event when the connection ends.
    """
    held = bytearray()
    for chunk in chunks:
        # Only the new bytes, and a few before them, can complete a blank line.
        search_from = max(0, len(held) - _LONGEST_END)
        held += chunk
        end = max(
            (at + len(mark) for mark in _ENDS if (at := held.rfind(mark, search_from)) >= 0),
            default=0,
        )
        if end:
            yield bytes(held[:end])
            del held[:end]


def read_batches(chunks: Iterable[bytes]) -> Iterator[list[Event]]:
    """Yield the events of one connection, those that end in the same chunk together.

    Frames without data, and data that is not a JSON object, are skipped: events only feed the
    progress display, and the result is fetched separately.
    """
    for frames in whole_frames(chunks):
        decoded = (_decode(frame.data) for frame in SSEClient(iter([frames])).events())
        yield [event for event in decoded if event is not None]


def _decode(data: str) -> Event | None:
    # Events usually begin with their type, and are then decoded only once.
    begin = _TYPE_FIRST.match(data)
    if begin is not None and begin[1] in _decoders:
        try:
            return _decoders[begin[1]].decode(data)
        except (msgspec.DecodeError, UnicodeError):
            pass  # it is decoded again below, for the parts that are valid
    try:
        envelope = _envelope.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        if data.strip():
            _log.debug("skipped an event that is not a JSON object: %.80r", data)
        return None
    decoder = _decoders.get(envelope.type)
    if decoder is None and envelope.type.startswith(_CANDIDATE):
        decoder = _candidate
    if decoder is not None:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError as error:
            _log.debug("an event of type %s is invalid: %s", envelope.type, error)
    return UnknownEvent(type=envelope.type, event_id=envelope.event_id, data=envelope.data.copy())


class EventStream:
    """The events of one connection, in the order in which the service sent them.

    Iterating blocks until the next event is complete. It ends when the service ends the stream,
    and raises `UnreachableError` when the connection breaks; an incomplete event is dropped.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[Event]:
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[Event]]:
        """Yield the events that have arrived together."""
        return read_batches(self._chunks())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; to be called in the thread that reads from it."""
        self._response.close()

    def stop(self) -> None:
        """Interrupt the thread that reads from the connection, which then has to close it.

        Closing a socket does not wake a thread that is blocked in reading it; shutdown does.
        """
        with suppress(OSError, ValueError, RuntimeError):
            self._response.raw.shutdown()

    def _chunks(self) -> Iterator[bytes]:
        # iter_content() would wait for a full buffer instead of yielding what has arrived. For a
        # chunked body, read_chunked is six times as fast as read1 of the standard library.
        raw = self._response.raw
        try:
            if raw.chunked and raw.supports_chunked_reads():
                yield from raw.read_chunked(decode_content=True)
            else:
                while chunk := raw.read1(_CHUNK, decode_content=True):
                    yield chunk
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(
                f"The connection of the event stream broke: {error}. Open it again with "
                "last_event_id=... to resume after the last event."
            ) from error


# -- a run -----------------------------------------------------------------------------------


class _Service(Protocol):
    """The two endpoints that `follow` needs; a `Client` has them."""

    def events(
        self, findall_id: str, *, last_event_id: str | None = None, timeout: float | None = None
    ) -> EventStream: ...

    def retrieve(self, findall_id: str, *, timeout: float | None = None) -> FindAllRun: ...


_Item: TypeAlias = Event | FindAllError | None


def follow(
    client: _Service,
    findall_id: str,
    *,
    last_event_id: str | None = None,
    is_new: bool = False,
    ends_once: bool = False,
    changed_after: str | None = None,
    deadline: Deadline = NEVER,
) -> Generator[Event | None, None, None]:
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
    Event or None
        None after each quarter of a second without an event, so that the caller can update a
        clock. After silence or the end of a stream the status is requested, and yielded as a
        `FindAllRunStatusEvent` with an empty ``event_id``.

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
    seen: set[str] = set()
    failures = _Failures(is_new=is_new)
    stale_until = Deadline.after(_STALE)
    while not deadline.has_passed():
        may_be_over = False
        for item in _connection(client, findall_id, last_event_id, deadline):
            if item is None:
                if may_be_over:
                    break  # nothing followed the final status, so it has to be confirmed
                yield None
                continue
            if isinstance(item, FindAllError):
                failures.of_stream(item)
                break
            failures.reset()
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
                break  # the status shows whether the error was fatal
        if deadline.has_passed():
            return
        # The end of a stream is not the end of the run; only the status tells.
        try:
            run = client.retrieve(findall_id, timeout=deadline.timeout)
        except FindAllError as error:
            failures.of_status(error)
        else:
            failures.end_outage()
            if (
                run.status.is_over
                and _is_stale(run, changed_after)
                and not stale_until.has_passed()
            ):
                yield None
            else:
                yield as_event(run)
                if run.status.is_over:
                    return
        yield from _wait(failures.next_pause(), deadline)


class _Failures:
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

    def of_stream(self, error: FindAllError) -> None:
        """Tolerate a broken stream, which the status endpoint can replace."""
        if isinstance(error, AuthenticationError):
            raise error
        _log.info("the event stream failed; reconnecting: %s", error)

    def of_status(self, error: FindAllError) -> None:
        """Raise the error unless it may be transient and the service was not down for long."""
        if isinstance(error, NotFoundError):
            is_transient = not self._may_be_unknown_until.has_passed()
        elif isinstance(error, APIError):
            is_transient = error.status_code >= 500 or error.status_code in (408, 429)
        else:
            is_transient = isinstance(
                error, (UnreachableError, UnexpectedResponseError, RunTimeout)
            )
        self._give_up_at = self._give_up_at or Deadline.after(_OUTAGE)
        if not is_transient or self._give_up_at.has_passed():
            raise error
        _log.info("the status request failed; retrying: %s", error)

    def next_pause(self) -> float:
        """Return the seconds to wait, twice as many each time until an event arrives."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._pauses, 10))
        self._pauses += 1
        return pause * random.uniform(0.8, 1.2)


def _wait(seconds: float, deadline: Deadline) -> Iterator[None]:
    end = Deadline.after(deadline.clip(seconds))
    while not end.has_passed():
        time.sleep(end.clip(_TICK))
        yield None


def _is_stale(run: FindAllRun, changed_after: str | None) -> bool:
    return changed_after is not None and (run.modified_at or "") <= changed_after


def as_event(run: FindAllRun) -> FindAllRunStatusEvent:
    """Return the status of a run as an event without an id."""
    update = FindAllRunUpdate(**{name: getattr(run, name) for name in run.__struct_fields__})
    return FindAllRunStatusEvent(
        type="findall.status", timestamp=run.modified_at or "", event_id="", data=update
    )


def _connection(
    client: _Service, findall_id: str, last_event_id: str | None, deadline: Deadline
) -> Iterator[_Item]:
    """Yield the events of one connection, None for each tick, and an error last if it broke.

    A thread reads the connection: a blocking read could neither update a clock nor keep a
    deadline, nor, on Windows, be interrupted.
    """
    # In batches: event by event, the two threads would spend their time on switching.
    arrived: SimpleQueue[list[Event] | FindAllError | None] = SimpleQueue()
    stream: EventStream | None = None
    is_unwanted = False

    def read() -> None:
        nonlocal stream
        try:
            with client.events(
                findall_id, last_event_id=last_event_id, timeout=deadline.timeout
            ) as stream:
                # The other thread sets the flag before it looks for the stream, so that one of
                # the two notices the other.
                if not is_unwanted:
                    for batch in stream.batches():
                        arrived.put(batch)
        except FindAllError as error:
            arrived.put(error)
        arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    quiet_since = time.monotonic()
    try:
        while not deadline.has_passed():
            try:
                item = arrived.get(timeout=deadline.clip(_TICK))
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
        is_unwanted = True
        if stream is not None:
            stream.stop()
