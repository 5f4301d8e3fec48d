"""The event stream of one connection, from its bytes to events."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import Final, Self

import msgspec
import requests
from sseclient import SSEClient
from urllib3.exceptions import HTTPError

from findall_frames.api.failures import Redaction
from findall_frames.api.models import (
    EVENT_MODELS,
    Event,
    FindAllCandidateMatchStatusEvent,
    UnknownEvent,
)
from findall_frames.api.tolerant import UNREADABLE, decode
from findall_frames.errors import UnexpectedResponseError, UnreachableError

__all__ = ["EventStream", "read_batches", "whole_frames"]

_log = logging.getLogger(__name__)

_ENDS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_END: Final = 4
_BLANK_LINE: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_MOST_LINES: Final = 2_000
LONGEST_FRAME: Final = 64 << 20
"""Bytes of one event, at most."""
_CHUNK: Final = 1 << 16
_CANDIDATE: Final = "findall.candidate."
_TYPE_FIRST: Final = re.compile(r'\s*\{\s*"type"\s*:\s*"([a-z.]+)"')


class _Envelope(msgspec.Struct):
    type: str
    event_id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_envelope: Final = msgspec.json.Decoder(_Envelope)
_decoders: Final[dict[str, msgspec.json.Decoder[Event]]] = {
    name: msgspec.json.Decoder(model) for name, model in EVENT_MODELS.items()
}


def whole_frames(chunks: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Yield the bytes up to the last blank line so far; drop an unfinished frame at the end.

    Raises
    ------
    UnexpectedResponseError
        A frame is longer than any event can be.
    """
    held = bytearray()
    for chunk in chunks:
        if len(held) > LONGEST_FRAME:
            raise UnexpectedResponseError(
                f"The event stream sent more than {LONGEST_FRAME >> 20} MB without the end of an "
                "event. Open it again with last_event_id=... to resume after the last event."
            )
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
        decoded = map(_decode, _data_in(frames))
        if batch := [event for event in decoded if event is not None]:
            yield batch


def _data_in(frames: bytes) -> Iterator[str]:
    """Yield the data of each frame: what matters is in it, not in the other fields."""
    # sseclient-py fails on bytes that are not UTF-8, and so does a mark at the beginning.
    if not frames.isascii():
        frames = frames.decode("utf-8", "replace").removeprefix("\ufeff").encode()
    # It needs quadratic time for the lines of one event, and no real one has so many.
    if _lines_in(frames) > _MOST_LINES:
        short = [each for each in _BLANK_LINE.split(frames) if _lines_in(each) <= _MOST_LINES]
        frames = b"\n\n".join([*short, b""])
    for event in SSEClient(iter([frames])).events():
        yield event.data


def _lines_in(frames: bytes) -> int:
    return frames.count(b"\n") + frames.count(b"\r")


def _decode(data: str) -> Event | None:
    # Events usually begin with their type, and are then decoded only once.
    begin = _TYPE_FIRST.match(data)
    if begin is not None and begin[1] in _decoders:
        try:
            return _decoders[begin[1]].decode(data)
        except UNREADABLE:
            pass  # it is decoded again below, for the parts that are valid
    try:
        envelope = _envelope.decode(data)
    except UNREADABLE:
        if data.strip():
            _log.debug("skipped an event that is not a JSON object: %.80r", data)
        return None
    model = EVENT_MODELS.get(envelope.type)
    if model is None and envelope.type.startswith(_CANDIDATE):
        model = FindAllCandidateMatchStatusEvent
    if model is not None:
        try:
            return decode(data, model)
        except UNREADABLE as error:
            _log.debug("an event of type %s is invalid: %s", envelope.type, error)
    return UnknownEvent(type=envelope.type, event_id=envelope.event_id, data=envelope.data.copy())


class EventStream:
    """The events of one connection, in the order in which the service sent them.

    Iterating blocks until the next event is complete. It ends when the service ends the stream,
    and raises `UnreachableError` when the connection breaks; an incomplete event is dropped.
    """

    def __init__(self, response: requests.Response, *, redaction: Redaction | None = None) -> None:
        self._response = response
        self._redaction = redaction or Redaction("")

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
                yield from raw.read_chunked(_CHUNK, decode_content=True)
            else:
                while chunk := raw.read1(_CHUNK, decode_content=True):
                    yield chunk
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(
                f"The connection of the event stream broke: {self._redaction.text(str(error))}. "
                "Open it again with last_event_id=... to resume after the last event."
            ) from self._redaction.cause(error)
