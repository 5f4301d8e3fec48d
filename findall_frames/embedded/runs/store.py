"""Runs, candidates and events in a database; they are committed before anything is sent."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from findall_frames.api.models import (
    TERMINAL_STATUSES,
    ExcludeCandidate,
    FindAllCandidate,
    FindAllRun,
    FindAllRunInput,
    format_time,
)
from findall_frames.api.readings import Explained
from findall_frames.embedded.chat.language_model import Usage
from findall_frames.embedded.runs.change import Change, StoredCandidate
from findall_frames.embedded.runs.database import Database, now
from findall_frames.embedded.runs.record import RunRecord, RunWarning
from findall_frames.embedded.runs.run_events import EventWriter, event_id

__all__ = ["EventPage", "Store"]

# The size of a page of events: a reader that has stalled holds two of them in memory.
_PAGE_BYTES: Final = 1 << 14
_MOST_BATCHES: Final = 16
_NO_USAGE: Final = Usage()

_candidates: Final = msgspec.json.Decoder(FindAllCandidate)
_excluded: Final = msgspec.json.Decoder(list[ExcludeCandidate])


class EventPage(NamedTuple):
    """Consecutive events of a run, one JSON document each, and the run at that moment.

    `last` is the number of the last event, or the requested number if there are none. `is_final`
    is True if no event will follow, unless the run is extended or enriched.
    """

    lines: list[bytes]
    last: int
    is_final: bool
    run: RunRecord


class _Result(Struct):
    """A `FindAllRunResult` whose candidates are still JSON, as they were stored."""

    run: FindAllRun
    candidates: list[msgspec.Raw]
    last_event_id: str | None


class Store:
    """The runs of a service, in a file or in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.database = Database(path)
        self._listeners: list[Callable[[str], None]] = []
        # Active runs as last committed: they are read all the time.
        self._current: dict[str, RunRecord] = {}
        self._batches: dict[tuple[int, int], list[bytes]] = {}

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the id of a run after each change, in the thread that made it."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def create(
        self,
        request: FindAllRunInput,
        *,
        corpus: str,
        rows: int,
        readings: Sequence[Explained],
        warnings: Sequence[RunWarning] = (),
        usage: Usage = _NO_USAGE,
    ) -> RunRecord:
        """Add a queued run with its first event."""
        time = now()
        run = RunRecord(
            findall_id=f"findall_{secrets.token_hex(16)}",
            corpus=corpus,
            request=msgspec.structs.replace(request, exclude_list=None),
            readings=list(readings),
            match_limit=request.match_limit,
            rows=rows,
            created_at=time,
            modified_at=time,
            warnings=list(warnings),
            usage=usage,
        )
        with self.database.turn:
            with self.database.write() as connection:
                run.insert(connection, excluded=request.exclude_list or [])
                change = Change(connection, run)
                change.emit_status()
                change.flush()
            self._keep(run)
        return run

    @contextmanager
    def change(self, findall_id: str) -> Iterator[Change]:
        """Change a run in one transaction, then call the listeners.

        Raises NotFoundError if there is no such run.
        """
        with self.database.turn:
            with self.database.write() as connection:
                current = self.current(findall_id)
                run = RunRecord.load(connection, findall_id) if current is None else copy(current)
                change = Change(connection, run)
                yield change
                change.flush()
            self._keep(change.run)
        for listener in self._listeners:
            listener(findall_id)

    def run(self, findall_id: str) -> RunRecord:
        """Return a run, which must not be modified; raise NotFoundError if there is none."""
        current = self.current(findall_id)
        if current is not None:
            return current
        with self.database.read() as connection:
            return RunRecord.load(connection, findall_id)

    def current(self, findall_id: str) -> RunRecord | None:
        """Return an active run without waiting for the database; None for any other id."""
        return self._current.get(findall_id)

    def _keep(self, run: RunRecord) -> None:
        if run.is_active:
            self._current[run.findall_id] = run
        else:
            self._current.pop(run.findall_id, None)

    def active(self) -> list[str]:
        """Return the ids of the active runs, oldest first."""
        marks = ", ".join("?" * len(TERMINAL_STATUSES))
        query = f"SELECT findall_id FROM runs WHERE status NOT IN ({marks}) ORDER BY number"
        return [findall_id for (findall_id,) in self._rows(query, *TERMINAL_STATUSES)]

    def last_corpus(self) -> str | None:
        """Return the fingerprint of the data of the last run; None if there are no runs."""
        rows = self._rows("SELECT corpus FROM runs ORDER BY number DESC LIMIT 1")
        return rows[0][0] if rows else None

    def run_count(self) -> int:
        """Return the number of all runs."""
        ((count,),) = self._rows("SELECT count(*) FROM runs")
        return int(count)

    def created_after(self, moment: datetime) -> list[datetime]:
        """Return the creation times of runs after a moment, oldest first."""
        query = "SELECT created_at FROM runs WHERE created_at > ? ORDER BY created_at"
        return [datetime.fromisoformat(time) for (time,) in self._rows(query, format_time(moment))]

    def excluded(self, run: RunRecord) -> list[ExcludeCandidate]:
        """Return the exclude list of a run."""
        ((body,),) = self._rows("SELECT excluded FROM runs WHERE number = ?", run.number)
        return _excluded.decode(body)

    def answer(self, key: bytes) -> str | None:
        """Return the stored answer of a language model; None if there is none."""
        rows = self._rows("SELECT answer FROM answers WHERE key = ?", key)
        return rows[0][0] if rows else None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return connection.execute(query, values).fetchall()

    def keep_answer(self, key: bytes, answer: str) -> None:
        """Store an answer of a language model outside of any run."""
        with self.database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))

    def unenriched(self, run: RunRecord, *, limit: int) -> list[StoredCandidate]:
        """Return matches that lack the same enrichment, those with the fewest first."""
        query = "SELECT min(enriched) FROM candidates WHERE run = ? AND matched"
        ((least,),) = self._rows(query, run.number)
        if least is None or least >= len(run.enrichments):
            return []
        rows = self._rows(
            "SELECT place, entity, body FROM candidates "
            "WHERE run = ? AND matched AND enriched = ? ORDER BY place LIMIT ?",
            *(run.number, least, limit),
        )
        return [
            StoredCandidate(place, entity, least, _candidates.decode(body))
            for place, entity, body in rows
        ]

    def result(self, findall_id: str) -> bytes:
        """Return the JSON of a `FindAllRunResult`."""
        with self.database.snapshot() as connection:
            run = RunRecord.load(connection, findall_id)
            candidates: list[bytes] = [b""] * run.generated
            batches = connection.execute(
                "SELECT place, lines FROM events WHERE run = ? AND place IS NOT NULL", (run.number,)
            )
            for place, lines in batches:
                bodies = lines.split(b"\n")
                candidates[place : place + len(bodies)] = bodies
            # Matches have rows of their own, as they may have been enriched since.
            rows = connection.execute(
                "SELECT place, body FROM candidates WHERE run = ?", (run.number,)
            )
            for place, body in rows:
                candidates[place] = body
        bodies = [msgspec.Raw(body) for body in candidates]
        last = event_id(findall_id, run.last_event)
        return msgspec.json.encode(_Result(run.as_run(), bodies, last))

    def events(self, findall_id: str, *, after: int) -> EventPage:
        """Return a page of the events after a number."""
        # Read the run first: if it has ended, all its events are stored.
        run = self.run(findall_id)
        lines: list[bytes] = []
        last, size = after, 0
        with self.database.read() as connection:
            batches = connection.execute(
                "SELECT first, last, place, time FROM events "
                "WHERE run = ? AND last > ? ORDER BY last",
                (run.number, after),
            )
            for first, batch_last, place, time in batches:
                seen = max(0, last + 1 - first)
                batch = self._batch(connection, run.number, batch_last)
                if place is None:
                    batch = batch[seen:]
                else:
                    # Two events for each; a page holds a part of them.
                    writer, skipped = EventWriter(findall_id, time), seen // 2
                    most = _PAGE_BYTES // (2 * len(batch[skipped]) + 300) + 1
                    bodies = batch[skipped : skipped + most]
                    batch = writer.judged(bodies, first=first + 2 * skipped)[seen % 2 :]
                lines += batch
                last += len(batch)
                size += sum(map(len, batch))
                if size >= _PAGE_BYTES or last < batch_last:
                    break
            batches.close()
        return EventPage(lines, last, not run.is_active and last >= run.last_event, run)

    def _batch(self, connection: sqlite3.Connection, run: int, last: int) -> list[bytes]:
        """Return the lines of stored events, which never change; they take many pages."""
        batch = self._batches.get((run, last))
        if batch is None:
            ((blob,),) = connection.execute(
                "SELECT lines FROM events WHERE run = ? AND last = ?", (run, last)
            )
            batch = blob.split(b"\n")
            if len(self._batches) >= _MOST_BATCHES:
                self._batches.clear()
            self._batches[run, last] = batch
        return batch
