"""The events of a run as JSON lines, and the ids of events, candidates and webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from typing import Final

import msgspec

from findall_frames.embedded.runs.record import RunRecord

__all__ = [
    "EventWriter",
    "candidate_id",
    "event_id",
    "event_number",
    "split_judged",
    "webhook_id",
]

# A quotation mark within a JSON string has a backslash before it, so no text can look like these.
_BEFORE_STATUS: Final = b'","match_status":"'
_BEFORE_OUTPUT: Final = b',"output":'


class EventWriter:
    """Writes the events that a run gets at one time, one JSON document each."""

    def __init__(self, findall_id: str, time: str) -> None:
        prefix = _event_prefix(findall_id)
        self._head = f'","timestamp":"{time}","event_id":"{prefix}'.encode()

    def line(self, kind: bytes, *, number: int, data: bytes) -> bytes:
        """Write one event; nothing before its data needs escaping."""
        return b'{"type":"findall.%b%b%012x","data":%b}' % (kind, self._head, number, data)

    def heartbeat(self, run: RunRecord, *, number: int, beat: int) -> bytes:
        """Write a status event that is not stored; it is named after the last one that is."""
        data = msgspec.json.encode(run.as_run())
        head = b'{"type":"findall.status%b%012x-%d' % (self._head, number, beat)
        return b'%b","data":%b}' % (head, data)

    def judged(self, bodies: Sequence[bytes], *, first: int) -> list[bytes]:
        """Write two events for each judged candidate: it was generated, then judged.

        `bodies` are the candidates as JSON, `first` is the number of the first event.
        """
        lines = []
        for number, body in zip(count(first, 2), bodies):
            status, generated = split_judged(body)
            lines.append(self.line(b"candidate.generated", number=number, data=generated))
            lines.append(self.line(b"candidate." + status, number=number + 1, data=body))
        return lines


def split_judged(body: bytes) -> tuple[bytes, bytes]:
    """Return the status of a judged candidate, and its JSON from before it was judged."""
    start = body.index(_BEFORE_STATUS) + len(_BEFORE_STATUS)
    after = body.index(b'"', start)
    end = body.index(_BEFORE_OUTPUT, after)
    before = b'%bgenerated%b,"output":null,"basis":null}' % (body[:start], body[after:end])
    return body[start:after], before


def candidate_id(findall_id: str, place: int) -> str:
    """Return the id of the candidate at a place of a run."""
    return f"candidate_{_digest(f'{findall_id}/candidates')}{place:012x}"


def event_id(findall_id: str, number: int) -> str:
    """Return the id of an event, which contains its number."""
    return f"{_event_prefix(findall_id)}{number:012x}"


def event_number(findall_id: str, name: str | None) -> int:
    """Parse the number of an event from its id; 0, the beginning, for any other text.

    Text after the number is ignored: the id of a heartbeat starts with that of the event before.
    """
    prefix = _event_prefix(findall_id)
    if name is None or not name.startswith(prefix):
        return 0
    digits = name[len(prefix) : len(prefix) + 12]
    try:
        return int(digits, 16)
    except ValueError:
        return 0


def webhook_id(findall_id: str, number: int) -> str:
    """Return the id under which an event is announced, however often it is sent."""
    return "whevent_" + _digest(f"{findall_id}/webhook/{number}")


def _event_prefix(findall_id: str) -> str:
    """Return the beginning of all event ids of a run; twelve hexadecimal digits follow."""
    return _digest(f"{findall_id}/events")


@lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=10).hexdigest()
