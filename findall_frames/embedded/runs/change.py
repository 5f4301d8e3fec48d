"""One transaction on one run: its record, its candidates and its events, all or nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from findall_frames.api.models import (
    TERMINAL_STATUSES,
    FindAllCandidate,
    FindAllRunStatusEvent,
    FindAllSchemaUpdatedEvent,
)
from findall_frames.embedded.runs.batches import candidate_line, event_head, told_apart
from findall_frames.embedded.runs.database import now
from findall_frames.embedded.runs.record import (
    RunRecord,
    RunUpdate,
    Usage,
    event_id,
    webhook_id,
)

__all__ = [
    "RUN_COLUMNS",
    "Change",
    "StoredCandidate",
    "pending_candidates",
    "status_event",
    "unenriched_candidates",
]

RUN_COLUMNS: Final = RunRecord.__struct_fields__
_MUTABLE: Final = tuple(
    name
    for name in RUN_COLUMNS
    if name not in {"number", "findall_id", "corpus", "request", "created_at"}
)
_UPDATE_RUN: Final = (
    f"UPDATE runs SET {', '.join(f'{name} = :{name}' for name in _MUTABLE)} WHERE number = :number"
)

_candidates: Final = msgspec.json.Decoder(FindAllCandidate)
_encoder: Final = msgspec.json.Encoder()


class StoredCandidate(NamedTuple):
    """A candidate with its place in the run, its entity, and how many enrichments it has."""

    place: int
    entity: int
    enriched: int
    candidate: FindAllCandidate


class _Announcement(Struct):
    """The body of a webhook."""

    type: str
    timestamp: str
    data: msgspec.Raw


class Change:
    """One transaction on one run; made by `Store.change`.

    Attributes
    ----------
    run : RunRecord
        The run as it stands; what is set here is stored at the end.
    """

    def __init__(self, connection: sqlite3.Connection, run: RunRecord) -> None:
        self._connection = connection
        self._time = run.modified_at = now()
        self._lines: list[bytes] = []
        self._announcements: list[tuple[str, bytes]] = []
        webhook = run.request.webhook
        self._announced = frozenset() if webhook is None else frozenset(webhook.event_types)
        self._head = event_head(run.findall_id, self._time)
        self.run = run

    def has_unenriched(self) -> bool:
        """Say whether a match lacks an enrichment."""
        return bool(unenriched_candidates(self._connection, self.run, limit=1))

    def add_candidate(self, entity: int, candidate: FindAllCandidate) -> StoredCandidate:
        """Add a candidate that waits to be judged, with the position of its entity."""
        item = StoredCandidate(self.run.generated, entity, 0, candidate)
        body = _encoder.encode(candidate)
        self._insert(item.place, entity, False, body)
        self.run.generated += 1
        self._emit_candidate("generated", body)
        return item

    def add_judged(self, bodies: Sequence[bytes], *, matches: Mapping[int, int]) -> None:
        """Add candidates that were judged as soon as they were generated.

        They are written once: their events are made of them when somebody reads.

        Parameters
        ----------
        bodies : sequence of bytes
            The candidates as JSON; at least one.
        matches : mapping of int to int
            Which of them match, with their entities.
        """
        self._write_lines()
        run = self.run
        first, place = run.last_event + 1, run.generated
        run.last_event += 2 * len(bodies)
        run.generated += len(bodies)
        run.evaluated += len(bodies)
        run.matched += len(matches)
        for at, entity in matches.items():
            self._insert(place + at, entity, True, bodies[at])
        self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
            (run.number, run.last_event, first, b"\n".join(bodies), place, self._time),
        )
        self._announce_judged(bodies, first=first)

    def judge(self, waiting: StoredCandidate, judged: FindAllCandidate) -> None:
        """Store the verdicts on a candidate that was waiting for them."""
        self.run.evaluated += 1
        self.run.matched += judged.match_status == "matched"
        self._update([waiting._replace(candidate=judged)])
        self._emit_candidate(judged.match_status, _encoder.encode(judged))

    def enrich(self, enriched: Iterable[tuple[StoredCandidate, FindAllCandidate]]) -> None:
        """Store matches with the fields that were added, and tell of the addition alone."""
        whole = []
        for item, addition in enriched:
            whole.append(item)
            self._emit_candidate("enriched", _encoder.encode(addition))
        self._update(whole)

    def _update(self, stored: Iterable[StoredCandidate]) -> None:
        self._connection.executemany(
            "UPDATE candidates SET matched = ?, enriched = ?, body = ? WHERE run = ? AND place = ?",
            [
                (
                    item.candidate.match_status == "matched",
                    item.enriched,
                    _encoder.encode(item.candidate),
                    self.run.number,
                    item.place,
                )
                for item in stored
            ],
        )

    def keep_answer(self, key: bytes, answer: str, *, usage: Usage) -> None:
        """Store what a language model has answered, and count it."""
        self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))
        self.run.usage = self.run.usage.plus(usage)

    def emit_status(self) -> None:
        """Add an event with the run as it now stands."""
        event = status_event(self.run, name=self._next_event(), time=self._time)
        self._lines.append(_encoder.encode(event))
        if self.run.status in TERMINAL_STATUSES:
            self._announce(f"findall.run.{self.run.status}", self.run.as_run())

    def emit_schema(self) -> None:
        """Add an event with what the run now looks for."""
        event = FindAllSchemaUpdatedEvent(
            type="findall.schema.updated",
            timestamp=self._time,
            event_id=self._next_event(),
            data=self.run.as_schema(),
        )
        self._lines.append(_encoder.encode(event))

    def _emit_candidate(self, kind: str, body: bytes) -> None:
        self.run.last_event += 1
        self._lines.append(candidate_line(kind.encode(), self._head, self.run.last_event, body))
        self._announce(f"findall.candidate.{kind}", msgspec.Raw(body))

    def _next_event(self) -> str:
        self.run.last_event += 1
        return event_id(self.run.findall_id, self.run.last_event)

    def _announce(self, kind: str, data: Any, *, number: int | None = None) -> None:
        """Queue a webhook for an event, the last one by default, if one was asked for."""
        if kind not in self._announced:
            return
        raw = data if isinstance(data, msgspec.Raw) else msgspec.Raw(_encoder.encode(data))
        body = _encoder.encode(_Announcement(kind, self._time, raw))
        name = webhook_id(self.run.findall_id, self.run.last_event if number is None else number)
        self._announcements.append((name, body))

    def _insert(self, place: int, entity: int, is_match: bool, body: bytes) -> None:
        self._connection.execute(
            "INSERT INTO candidates VALUES (?, ?, ?, ?, 0, ?)",
            (self.run.number, place, entity, is_match, body),
        )

    def _announce_judged(self, bodies: Sequence[bytes], *, first: int) -> None:
        for number, body in zip(count(first, 2), bodies if self._announced else ()):
            status, generated = told_apart(body)
            self._announce("findall.candidate.generated", msgspec.Raw(generated), number=number)
            kind = f"findall.candidate.{status.decode()}"
            self._announce(kind, msgspec.Raw(body), number=number + 1)

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

    def flush(self) -> None:
        """Write the record, events and webhooks; `Store.change` calls this before it commits."""
        run = self.run
        self._write_lines()
        if self._announcements and run.request.webhook is not None:
            url, due = run.request.webhook.url, time.time()
            self._connection.executemany(
                "INSERT INTO deliveries VALUES (NULL, ?, ?, ?, 0, ?)",
                [(name, url, body, due) for name, body in self._announcements],
            )
        values = {name: getattr(run, name) for name in ("number", *_MUTABLE)}
        for name in ("enrichments", "warnings", "usage"):
            values[name] = _encoder.encode(values[name])
        self._connection.execute(_UPDATE_RUN, values)


def status_event(run: RunRecord, *, name: str, time: str) -> FindAllRunStatusEvent:
    """Make the event that says where a run stands."""
    data = run.as_run()
    return FindAllRunStatusEvent(
        type="findall.status",
        timestamp=time,
        event_id=name,
        data=RunUpdate(**msgspec.structs.asdict(data)),
    )


def pending_candidates(connection: sqlite3.Connection, run: RunRecord) -> list[StoredCandidate]:
    """Give the candidates that were announced and wait to be judged."""
    return _stored(
        connection.execute(
            "SELECT place, entity, enriched, body FROM candidates "
            "WHERE run = ? AND place >= ? ORDER BY place",
            (run.number, run.evaluated),
        )
    )


def unenriched_candidates(
    connection: sqlite3.Connection, run: RunRecord, *, limit: int
) -> list[StoredCandidate]:
    """Give matches that lack the same enrichment, those that lack most first."""
    (least,) = connection.execute(
        "SELECT min(enriched) FROM candidates WHERE run = ? AND matched", (run.number,)
    ).fetchone()
    if least is None or least >= len(run.enrichments):
        return []
    return _stored(
        connection.execute(
            "SELECT place, entity, enriched, body FROM candidates "
            "WHERE run = ? AND matched AND enriched = ? ORDER BY place LIMIT ?",
            (run.number, least, limit),
        )
    )


def _stored(rows: sqlite3.Cursor) -> list[StoredCandidate]:
    return [
        StoredCandidate(place, entity, enriched, _candidates.decode(body))
        for place, entity, enriched, body in rows
    ]
