"""Runs, candidates and events in a database; what is sent was committed here before."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from findall_frames.api.models import (
    TERMINAL_STATUSES,
    ExcludeCandidate,
    FindAllRun,
    FindAllRunInput,
    format_time,
)
from findall_frames.api.readings import Reading
from findall_frames.embedded.chat.language_model import Usage
from findall_frames.embedded.runs.change import (
    Change,
    StoredCandidate,
    batch_events,
    unenriched_candidates,
)
from findall_frames.embedded.runs.database import Database, now
from findall_frames.embedded.runs.record import RunRecord, RunWarning, event_id
from findall_frames.errors import NotFoundError

__all__ = ["EventPage", "Store"]

_COLUMNS: Final = RunRecord.__struct_fields__
_SELECT_RUN: Final = f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE findall_id = ?"
# About this much of a stream is read at a time, so that a slow reader holds little memory.
_PAGE_BYTES: Final = 1 << 18
_NO_USAGE: Final = Usage()

_excluded: Final = msgspec.json.Decoder(list[ExcludeCandidate])


class EventPage(NamedTuple):
    """Some events of a run in order, one JSON document each, and the run at that moment.

    `last` is the number of the last of them, or the number asked for when there are none. It
    `is_final` if no event will follow, unless the run is extended or enriched.
    """

    lines: list[bytes]
    last: int
    is_final: bool
    run: RunRecord


class _Result(Struct):
    """A `FindAllRunResult` whose candidates are passed on as they were stored."""

    run: FindAllRun
    candidates: list[msgspec.Raw]
    last_event_id: str | None


class Store:
    """All that a service knows about its runs, in a file, or in memory where there is none."""

    def __init__(self, path: Path | None = None) -> None:
        self.database = Database(path)
        self._listeners: list[Callable[[str], None]] = []
        # Runs that go on, as they were last committed: they are looked at all the time.
        self._current: dict[str, RunRecord] = {}

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call with the id of a run after each change of it, in the thread that made it."""
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
        readings: Sequence[Reading],
        warnings: Sequence[RunWarning] = (),
        usage: Usage = _NO_USAGE,
    ) -> RunRecord:
        """Add a run, queued, with its first event."""
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
        values = run.as_row(_COLUMNS) | {
            "number": None,
            "excluded": msgspec.json.encode(request.exclude_list or []),
            "evaluated": 0,  # of earlier releases
        }
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self.database.turn:
            with self.database.write() as connection:
                insert = f"INSERT INTO runs ({columns}) VALUES ({marks}) RETURNING number"
                (run.number,) = connection.execute(insert, values).fetchone()
                change = Change(connection, run)
                change.emit_status()
                change.flush()
            self._keep(run)
        return run

    @contextmanager
    def change(self, findall_id: str) -> Iterator[Change]:
        """Change a run in one transaction, then tell who listens; or raise NotFoundError."""
        with self.database.turn:
            with self.database.write() as connection:
                current = self.current(findall_id)
                run = _run(connection, findall_id) if current is None else copy(current)
                change = Change(connection, run)
                yield change
                change.flush()
            self._keep(change.run)
        for listener in self._listeners:
            listener(findall_id)

    def run(self, findall_id: str) -> RunRecord:
        """Look up a run, which must not be changed; or raise NotFoundError."""
        current = self.current(findall_id)
        if current is not None:
            return current
        with self.database.read() as connection:
            return _run(connection, findall_id)

    def current(self, findall_id: str) -> RunRecord | None:
        """Look up a run that goes on, without waiting; None when it may be there all the same."""
        return self._current.get(findall_id)

    def _keep(self, run: RunRecord) -> None:
        if run.is_active:
            self._current[run.findall_id] = run
        else:
            self._current.pop(run.findall_id, None)

    def active(self) -> list[str]:
        """Give the ids of the runs that are not over, oldest first."""
        marks = ", ".join("?" * len(TERMINAL_STATUSES))
        query = f"SELECT findall_id FROM runs WHERE status NOT IN ({marks}) ORDER BY number"
        with self.database.read() as connection:
            return [findall_id for (findall_id,) in connection.execute(query, [*TERMINAL_STATUSES])]

    def last_corpus(self) -> str | None:
        """Return the fingerprint of the data of the last run; None without runs."""
        query = "SELECT corpus FROM runs ORDER BY number DESC LIMIT 1"
        with self.database.read() as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else str(row[0])

    def run_count(self) -> int:
        """Give the number of all runs."""
        with self.database.read() as connection:
            (count,) = connection.execute("SELECT count(*) FROM runs").fetchone()
        return int(count)

    def created_after(self, moment: datetime) -> list[datetime]:
        """Give the times at which runs were created since a moment, the oldest first."""
        query = "SELECT created_at FROM runs WHERE created_at > ? ORDER BY created_at"
        with self.database.read() as connection:
            rows = connection.execute(query, (format_time(moment),)).fetchall()
        return [datetime.fromisoformat(created_at) for (created_at,) in rows]

    def excluded(self, run: RunRecord) -> list[ExcludeCandidate]:
        """Give what the run must leave out."""
        with self.database.read() as connection:
            (body,) = connection.execute(
                "SELECT excluded FROM runs WHERE number = ?", (run.number,)
            ).fetchone()
        return _excluded.decode(body)

    def answer(self, key: bytes) -> str | None:
        """Give what a language model has answered to the same question before."""
        with self.database.read() as connection:
            row = connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def keep_answer(self, key: bytes, answer: str) -> None:
        """Keep what a language model has answered outside of any run."""
        with self.database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))

    def unenriched(self, run: RunRecord, *, limit: int) -> list[StoredCandidate]:
        """Give matches that lack the same enrichment, those that lack most first."""
        with self.database.read() as connection:
            return unenriched_candidates(connection, run, limit=limit)

    def result(self, findall_id: str) -> bytes:
        """Return a run with its candidates as the JSON of a `FindAllRunResult`."""
        with self.database.snapshot() as connection:
            run = _run(connection, findall_id)
            candidates: list[bytes] = [b""] * run.generated
            batches = connection.execute(
                "SELECT place, lines FROM events WHERE run = ? AND place IS NOT NULL", (run.number,)
            )
            for place, lines in batches:
                bodies = lines.split(b"\n")
                candidates[place : place + len(bodies)] = bodies
            # What has a row of its own may have changed since.
            rows = connection.execute(
                "SELECT place, body FROM candidates WHERE run = ?", (run.number,)
            )
            for place, body in rows:
                candidates[place] = body
        bodies = [msgspec.Raw(body) for body in candidates]
        last = event_id(findall_id, run.last_event)
        return msgspec.json.encode(_Result(run.as_run(), bodies, last))

    def events(self, findall_id: str, *, after: int) -> EventPage:
        """Read the events that follow a number, as many as make a page."""
        # The run is looked at first: what is final then has all its events already.
        run = self.run(findall_id)
        lines: list[bytes] = []
        last, size = after, 0
        with self.database.read() as connection:
            batches = connection.execute(
                "SELECT first, last, lines, place, time FROM events "
                "WHERE run = ? AND last > ? ORDER BY last",
                (run.number, after),
            )
            for first, batch_last, blob, place, time in batches:
                batch = blob.split(b"\n")
                if place is not None:
                    batch = batch_events(batch, findall_id=findall_id, first=first, time=time)
                lines += batch[max(0, last + 1 - first) :]
                last = batch_last
                size += len(blob)
                if size >= _PAGE_BYTES:
                    break
            batches.close()
        return EventPage(lines, last, not run.is_active and last >= run.last_event, run)


def _run(connection: sqlite3.Connection, findall_id: str) -> RunRecord:
    row = connection.execute(_SELECT_RUN, (findall_id,)).fetchone()
    if row is None:
        raise NotFoundError(
            f"FindAll run not found: this service has no run {findall_id!r}.",
            status_code=404,
            findall_id=findall_id,
        )
    return RunRecord.from_row(row)
