"""Candidates that were judged as soon as they were generated, and the events that follow."""

from __future__ import annotations

from itertools import count

from findall_frames.embedded.record import event_prefix

__all__ = ["as_generated", "candidate_line", "event_head", "event_lines", "status_of"]

_BEFORE_STATUS = b'","match_status":"'
_BEFORE_OUTPUT = b',"output":'
# In JSON a quotation mark within a text has a backslash before it, so that no text can look like
# one of these.


def event_head(findall_id: str, time: str) -> str:
    """Write what stands between type and number in all events of a run at one time."""
    return f'","timestamp":"{time}","event_id":"{event_prefix(findall_id)}'


def candidate_line(kind: str, head: str, number: int, body: bytes) -> bytes:
    """Write an event about a candidate: nothing in its head needs escaping."""
    start = f'{{"type":"findall.candidate.{kind}{head}{number:012x}","data":'
    return b"%b%b}" % (start.encode(), body)


def event_lines(bodies: list[bytes], *, findall_id: str, first: int, time: str) -> list[bytes]:
    """Write the events of a batch: each candidate was generated, then judged.

    Parameters
    ----------
    bodies : list of bytes
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
        lines.append(candidate_line("generated", head, number, as_generated(body)))
        lines.append(candidate_line(status_of(body), head, number + 1, body))
    return lines


def status_of(body: bytes) -> str:
    """Read the match status of a candidate."""
    start = body.index(_BEFORE_STATUS) + len(_BEFORE_STATUS)
    return body[start : body.index(b'"', start)].decode()


def as_generated(body: bytes) -> bytes:
    """Write a judged candidate as it was before."""
    start = body.index(_BEFORE_STATUS) + len(_BEFORE_STATUS)
    after = body.index(b'"', start)
    end = body.index(_BEFORE_OUTPUT, after)
    return b'%bgenerated%b,"output":null,"basis":null}' % (body[:start], body[after:end])
