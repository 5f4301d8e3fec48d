"""From the bytes of one connection to whole events.

The framing is left to sseclient-py, with two of its habits corrected here: it yields what stands
behind the last blank line when the connection ends, although such an event never happened, and it
is quick only when it is handed the chunks as they arrived.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

import msgspec
import requests
from sseclient import SSEClient
from urllib3.exceptions import HTTPError

from findall_frames.api.models import (
    ErrorEvent,
    Event,
    FindAllCandidateMatchStatusEvent,
    FindAllRunStatusEvent,
    FindAllSchemaUpdatedEvent,
    UnknownEvent,
)
from findall_frames.errors import UnreachableError

__all__ = ["EventStream", "read_batches", "read_events", "whole_frames"]

_log = logging.getLogger(__name__)

_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_END = 4
_PREFIX = "findall.candidate."
_CANDIDATE = re.compile(r'\s*\{\s*"type"\s*:\s*"' + re.escape(_PREFIX))
_CHUNK = 1 << 16


class _Envelope(msgspec.Struct):
    type: str
    event_id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_envelope = msgspec.json.Decoder(_Envelope)
_known: dict[str, msgspec.json.Decoder[Event]] = {
    "findall.schema.updated": msgspec.json.Decoder(FindAllSchemaUpdatedEvent),
    "findall.status": msgspec.json.Decoder(FindAllRunStatusEvent),
    "error": msgspec.json.Decoder(ErrorEvent),
}
_candidate: msgspec.json.Decoder[Event] = msgspec.json.Decoder(FindAllCandidateMatchStatusEvent)


def whole_frames(chunks: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Hold back what no blank line has ended yet, and drop it when the bytes end."""
    held = bytearray()
    for chunk in chunks:
        # Only the new bytes, and a few before them, can hold an end that was not seen yet.
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
    """Decode the whole events in the chunks of one connection, those of a chunk together.

    Frames without data and data that is no JSON object are passed over: events feed progress
    only, and the result is fetched whole.
    """
    for frames in whole_frames(chunks):
        decoded = (_decode(frame.data) for frame in SSEClient(iter([frames])).events())
        yield [event for event in decoded if event is not None]


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Decode the whole events in the chunks of one connection, one by one."""
    for batch in read_batches(chunks):
        yield from batch


def _decode(data: str) -> Event | None:
    # Nearly all events are about candidates and begin with their type: those are read once.
    if _CANDIDATE.match(data):
        try:
            return _candidate.decode(data)
        except (msgspec.DecodeError, UnicodeError):
            pass  # to be read again, more patiently
    try:
        envelope = _envelope.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        if data.strip():
            _log.debug("an event that is no JSON object was passed over: %.80r", data)
        return None
    decoder = _known.get(envelope.type)
    if decoder is None and envelope.type.startswith(_PREFIX):
        decoder = _candidate
    if decoder is not None:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError as error:
            _log.debug("an event of type %s is not of its form: %s", envelope.type, error)
    return UnknownEvent(type=envelope.type, event_id=envelope.event_id, data=envelope.data.copy())


class EventStream:
    """The events of one connection, in the order in which the service sent them.

    Iterating blocks until the next event has arrived whole. The stream ends when the service
    ends it, and raises `UnreachableError` when the connection breaks; an event that was not
    complete by then never happened.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[Event]:
        return read_events(self._chunks())

    def batches(self) -> Iterator[list[Event]]:
        """Yield the events that have arrived together; for a thread that hands them on."""
        return read_batches(self._chunks())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; for the thread that reads from it."""
        self._response.close()

    def stop(self) -> None:
        """End what another thread is reading, which has then to close it.

        Closing a socket does not wake a thread that reads from it; shutting it down does.
        """
        with suppress(OSError, ValueError, RuntimeError):
            self._response.raw.shutdown()

    def _chunks(self) -> Iterator[bytes]:
        # Whatever has arrived is handed on at once; iter_content() waits for a full buffer. Where
        # the service marks chunks, urllib3 is six times quicker at them than the standard library.
        raw = self._response.raw
        try:
            if raw.chunked and raw.supports_chunked_reads():
                yield from raw.read_chunked(decode_content=True)
            else:
                while chunk := raw.read1(_CHUNK, decode_content=True):
                    yield chunk
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(f"The event stream broke: {error}") from error
