"""One transaction on one run: its record, candidates, events and webhooks, all or nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

import msgspec

from findall_frames.api.models import TERMINAL_STATUSES, FindAllCandidate
from findall_frames.embedded.chat.language_model import StoppedError, Usage
from findall_frames.embedded.runs.database import now
from findall_frames.embedded.runs.record import RunRecord
from findall_frames.embedded.runs.run_events import EventWriter, split_judged, webhook_id

__all__ = ["WEBHOOK_EVENT_TYPES", "Change", "StoredCandidate"]

WEBHOOK_EVENT_TYPES: Final = (
    "findall.candidate.generated",
    "findall.candidate.matched",
    "findall.candidate.unmatched",
    "findall.candidate.enriched",
    "findall.run.completed",
    "findall.run.cancelled",
    "findall.run.failed",
)

_encoder: Final = msgspec.json.Encoder()


class StoredCandidate(NamedTuple):
    """A match with its place in the run, its row, and how many enrichments it has."""

    place: int
    entity: int
    enriched: int
    candidate: FindAllCandidate


class Change:
    """One transaction on one run; made by `Store.change`, which stores what is set in `run`."""

    def __init__(self, connection: sqlite3.Connection, run: RunRecord) -> None:
        self.run = run
        self._connection = connection
        self._time = run.modified_at = now()
        self._events = EventWriter(run.findall_id, self._time)
        self._lines: list[bytes] = []
        self._announcements: list[tuple[str, bytes]] = []
        webhook = run.request.webhook
        self._announced = frozenset(() if webhook is None else webhook.event_types)

    def check_active(self) -> None:
        """Raise StoppedError if the run has ended: a late step must not add to it."""
        if not self.run.is_active:
            raise StoppedError

    def has_unenriched(self) -> bool:
        """Return True if a match lacks an enrichment."""
        (found,) = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM candidates WHERE run = ? AND matched AND enriched < ?)",
            (self.run.number, len(self.run.enrichments)),
        ).fetchone()
        return bool(found)

    def add_judged(self, bodies: Sequence[bytes], *, matches: Mapping[int, int]) -> None:
        """Add candidates that were judged as soon as they were generated.

        They are written once: their events are derived from them when somebody reads. `bodies`
        are the candidates as JSON, at least one; `matches` maps the positions of matches among
        them to their rows.
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
            status, generated = split_judged(body)
            self._announce("candidate.generated", generated, number=number)
            self._announce(f"candidate.{status.decode()}", body, number=number + 1)

    def enrich(self, enriched: Iterable[tuple[StoredCandidate, FindAllCandidate]]) -> None:
        """Store matches with their added fields; their events carry the added fields only."""
        rows = []
        for item, addition in enriched:
            body = _encoder.encode(item.candidate)
            rows.append((item.enriched, body, self.run.number, item.place))
            self._emit("candidate.enriched", _encoder.encode(addition))
        self._connection.executemany(
            "UPDATE candidates SET enriched = ?, body = ? WHERE run = ? AND place = ?", rows
        )

    def keep_answers(self, answers: Mapping[bytes, str], *, usage: Usage) -> None:
        """Store answers of a language model, and add up their usage."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO answers VALUES (?, ?)", answers.items()
        )
        self.run.usage = self.run.usage.plus(usage)

    def emit_status(self) -> None:
        """Add an event with the current status of the run."""
        body = _encoder.encode(self.run.as_run())
        self._emit("status", body)
        if self.run.status in TERMINAL_STATUSES:
            self._announce(f"run.{self.run.status}", body, number=self.run.last_event)

    def emit_schema(self) -> None:
        """Add an event with the current search of the run."""
        self._emit("schema.updated", _encoder.encode(self.run.as_schema()))

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
        run.update(self._connection)

    def _emit(self, kind: str, data: bytes) -> None:
        """Add an event, and queue its webhook if one was requested."""
        self.run.last_event += 1
        number = self.run.last_event
        self._lines.append(self._events.line(kind.encode(), number=number, data=data))
        self._announce(kind, data, number=number)

    def _announce(self, kind: str, data: bytes, *, number: int) -> None:
        """Queue the webhook of an event, if one was requested."""
        kind = f"findall.{kind}"
        if kind in self._announced:
            head = f'{{"type":"{kind}","timestamp":"{self._time}","data":'
            name = webhook_id(self.run.findall_id, number)
            self._announcements.append((name, b"%b%b}" % (head.encode(), data)))

    def _write_lines(self) -> None:
        if self._lines:
            run = self.run
            first = run.last_event - len(self._lines) + 1
            self._connection.execute(
                "INSERT INTO events (run, last, first, lines) VALUES (?, ?, ?, ?)",
                (run.number, run.last_event, first, b"\n".join(self._lines)),
            )
            self._lines.clear()
