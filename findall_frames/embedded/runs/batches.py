"""Candidates that were judged as soon as they were generated, and the events that follow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from findall_frames.embedded.runs.record import event_prefix

__all__ = ["candidate_line", "event_head", "event_lines", "told_apart"]

# In JSON a quotation mark within a text has a backslash before it, so that no text can look like
# one of these.
_BEFORE_STATUS = b'","match_status":"'
_BEFORE_OUTPUT = b',"output":'


def event_head(findall_id: str, time: str) -> bytes:
    """Write what stands between type and number in all events of a run at one time."""
    return f'","timestamp":"{time}","event_id":"{event_prefix(findall_id)}'.encode()


def candidate_line(kind: bytes, head: bytes, number: int, body: bytes) -> bytes:
    """Write an event about a candidate: nothing in its head needs escaping."""
    return b'{"type":"findall.candidate.%b%b%012x","data":%b}' % (kind, head, number, body)


def event_lines(bodies: Sequence[bytes], *, findall_id: str, first: int, time: str) -> list[bytes]:
    """Write the events of a batch: each candidate was generated, then judged.

    Parameters
    ----------
    bodies : sequence of bytes
        The judged candidates as JSON.
    findall_id : str
        Of the run.
    first : int
        Number of the first event.
    time : str
        When they were stored.
    """
    head = event_head(findall_id, time)
    lines = []
    for number, body in zip(count(first, 2), bodies):
        status, generated = told_apart(body)
        lines.append(candidate_line(b"generated", head, number, generated))
        lines.append(candidate_line(status, head, number + 1, body))
    return lines


def told_apart(body: bytes) -> tuple[bytes, bytes]:
    """Give the status of a judged candidate, and what it was before it was judged."""
    start = body.index(_BEFORE_STATUS) + len(_BEFORE_STATUS)
    after = body.index(b'"', start)
    end = body.index(_BEFORE_OUTPUT, after)
    before = b'%bgenerated%b,"output":null,"basis":null}' % (body[:start], body[after:end])
    return body[start:after], before
