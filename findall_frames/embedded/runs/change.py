"""One transaction on one run: its record, its candidates and its events, all or nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

import msgspec

from findall_frames.api.models import (
    TERMINAL_STATUSES,
    FindAllCandidate,
    FindAllRunStatusEvent,
    FindAllSchemaUpdatedEvent,
)
from findall_frames.embedded.chat.language_model import Usage
from findall_frames.embedded.runs.database import now
from findall_frames.embedded.runs.record import (
    RunRecord,
    RunUpdate,
    event_id,
    event_prefix,
    webhook_id,
)

__all__ = [
    "Change",
    "StoredCandidate",
    "batch_events",
    "status_event",
    "unenriched_candidates",
]

_MUTABLE: Final = tuple(
    name
    for name in RunRecord.__struct_fields__
    if name not in {"number", "findall_id", "corpus", "request", "readings", "created_at"}
)
_UPDATE_RUN: Final = (
    f"UPDATE runs SET {', '.join(f'{name} = :{name}' for name in _MUTABLE)} WHERE number = :number"
)
# In JSON a quotation mark within a text has a backslash before it, so that no text can look like
# one of these.
_BEFORE_STATUS: Final = b'","match_status":"'
_BEFORE_OUTPUT: Final = b',"output":'

_candidates: Final = msgspec.json.Decoder(FindAllCandidate)
_encoder: Final = msgspec.json.Encoder()


class StoredCandidate(NamedTuple):
    """A candidate with its place in the run, its entity, and how many enrichments it has."""

    place: int
    entity: int
    enriched: int
    candidate: FindAllCandidate


class Change:
    """One transaction on one run; made by `Store.change`. What is set in `run` is stored."""

    def __init__(self, connection: sqlite3.Connection, run: RunRecord) -> None:
        self.run = run
        self._connection = connection
        self._time = run.modified_at = now()
        self._lines: list[bytes] = []
        self._announcements: list[tuple[str, bytes]] = []
        webhook = run.request.webhook
        self._announced = frozenset(() if webhook is None else webhook.event_types)

    def has_unenriched(self) -> bool:
        """Say whether a match lacks an enrichment."""
        return bool(unenriched_candidates(self._connection, self.run, limit=1))

    def add_judged(self, bodies: Sequence[bytes], *, matches: Mapping[int, int]) -> None:
        """Add candidates that were judged as soon as they were generated.

        They are written once: their events are made of them when somebody reads. `bodies` are
        the candidates as JSON, at least one; `matches` says which match, with their entities.
        """
        self._write_lines()
        run = self.run
        first, place = run.last_event + 1, run.generated
        run.last_event += 2 * len(bodies)
        run.generated += len(bodies)
        run.matched += len(matches)
        self._connection.executemany(
            "INSERT INTO candidates VALUES (?, ?, ?, TRUE, 0, ?)",
            [(run.number, place + at, entity, bodies[at]) for at, entity in matches.items()],
        )
        self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
            (run.number, run.last_event, first, b"\n".join(bodies), place, self._time),
        )
        for number, body in zip(count(first, 2), bodies if self._announced else ()):
            status, generated = _told_apart(body)
            self._announce("candidate.generated", generated, number=number)
            self._announce(f"candidate.{status.decode()}", body, number=number + 1)

    def enrich(self, enriched: Iterable[tuple[StoredCandidate, FindAllCandidate]]) -> None:
        """Store matches with the fields that were added, and tell of the addition alone."""
        rows = []
        for item, addition in enriched:
            body = _encoder.encode(item.candidate)
            rows.append((item.enriched, body, self.run.number, item.place))
            self.run.last_event += 1
            told = _encoder.encode(addition)
            head = _event_head(self.run.findall_id, self._time)
            self._lines.append(_candidate_event(b"enriched", head, self.run.last_event, told))
            self._announce("candidate.enriched", told, number=self.run.last_event)
        self._connection.executemany(
            "UPDATE candidates SET enriched = ?, body = ? WHERE run = ? AND place = ?", rows
        )

    def keep_answers(self, answers: Mapping[bytes, str], *, usage: Usage) -> None:
        """Store what a language model has answered, and count what that has used."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO answers VALUES (?, ?)", answers.items()
        )
        self.run.usage = self.run.usage.plus(usage)

    def emit_status(self) -> None:
        """Add an event with the run as it now stands."""
        run = self.run
        event = status_event(run, name=self._next_event(), time=self._time)
        self._lines.append(_encoder.encode(event))
        if run.status in TERMINAL_STATUSES:
            body = _encoder.encode(run.as_run())
            self._announce(f"run.{run.status}", body, number=run.last_event)

    def emit_schema(self) -> None:
        """Add an event with what the run now looks for."""
        event = FindAllSchemaUpdatedEvent(
            type="findall.schema.updated",
            timestamp=self._time,
            event_id=self._next_event(),
            data=self.run.as_schema(),
        )
        self._lines.append(_encoder.encode(event))

    def flush(self) -> None:
        """Write the record, events and webhooks; `Store.change` calls this before it commits."""
        run = self.run
        self._write_lines()
        if run.request.webhook is not None:
            url, due = run.request.webhook.url, time.time()
            self._connection.executemany(
                "INSERT INTO deliveries VALUES (NULL, ?, ?, ?, 0, ?)",
                [(name, url, body, due) for name, body in self._announcements],
            )
        self._connection.execute(_UPDATE_RUN, run.as_row(("number", *_MUTABLE)))

    def _next_event(self) -> str:
        self.run.last_event += 1
        return event_id(self.run.findall_id, self.run.last_event)

    def _announce(self, kind: str, data: bytes, *, number: int) -> None:
        """Queue a webhook for an event, if one was asked for."""
        kind = f"findall.{kind}"
        if kind in self._announced:
            head = f'{{"type":"{kind}","timestamp":"{self._time}","data":'
            name = webhook_id(self.run.findall_id, number)
            self._announcements.append((name, b"%b%b}" % (head.encode(), data)))

    def _write_lines(self) -> None:
        """Write the events that were added last."""
        if self._lines:
            run = self.run
            first = run.last_event - len(self._lines) + 1
            self._connection.execute(
                "INSERT INTO events (run, last, first, lines) VALUES (?, ?, ?, ?)",
                (run.number, run.last_event, first, b"\n".join(self._lines)),
            )
            self._lines.clear()


def batch_events(bodies: Sequence[bytes], *, findall_id: str, first: int, time: str) -> list[bytes]:
    """Write the events of judged candidates: each was generated, then judged.

    `bodies` are the candidates as JSON, `first` is the number of the first event, and `time` is
    when they were stored.
    """
    head = _event_head(findall_id, time)
    lines = []
    for number, body in zip(count(first, 2), bodies):
        status, generated = _told_apart(body)
        lines.append(_candidate_event(b"generated", head, number, generated))
        lines.append(_candidate_event(status, head, number + 1, body))
    return lines


def _event_head(findall_id: str, time: str) -> bytes:
    """Write what stands between type and number in all events of a run at one time."""
    return f'","timestamp":"{time}","event_id":"{event_prefix(findall_id)}'.encode()


def _candidate_event(kind: bytes, head: bytes, number: int, body: bytes) -> bytes:
    """Write an event about a candidate: nothing in its head needs escaping."""
    return b'{"type":"findall.candidate.%b%b%012x","data":%b}' % (kind, head, number, body)


def _told_apart(body: bytes) -> tuple[bytes, bytes]:
    """Give the status of a judged candidate, and what it was before it was judged."""
    start = body.index(_BEFORE_STATUS) + len(_BEFORE_STATUS)
    after = body.index(b'"', start)
    end = body.index(_BEFORE_OUTPUT, after)
    before = b'%bgenerated%b,"output":null,"basis":null}' % (body[:start], body[after:end])
    return body[start:after], before


def status_event(run: RunRecord, *, name: str, time: str) -> FindAllRunStatusEvent:
    """Make the event that says where a run stands."""
    data = RunUpdate(**msgspec.structs.asdict(run.as_run()))
    return FindAllRunStatusEvent(type="findall.status", timestamp=time, event_id=name, data=data)


def unenriched_candidates(
    connection: sqlite3.Connection, run: RunRecord, *, limit: int
) -> list[StoredCandidate]:
    """Give matches that lack the same enrichment, those that lack most first."""
    (least,) = connection.execute(
        "SELECT min(enriched) FROM candidates WHERE run = ? AND matched", (run.number,)
    ).fetchone()
    if least is None or least >= len(run.enrichments):
        return []
    rows = connection.execute(
        "SELECT place, entity, body FROM candidates "
        "WHERE run = ? AND matched AND enriched = ? ORDER BY place LIMIT ?",
        (run.number, least, limit),
    )
    return [
        StoredCandidate(place, entity, least, _candidates.decode(body))
        for place, entity, body in rows
    ]
