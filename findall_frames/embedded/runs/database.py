"""The SQLite database of a service: its tables, its lock, its connections."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from findall_frames.api.models import format_time
from findall_frames.errors import ServiceError
from findall_frames.sqlite import migrate, transaction

__all__ = ["MIGRATIONS", "Database", "now"]

# Marks our files ("FFst"), so that another program's database is never written to.
_APPLICATION_ID: Final = 0x46467374

# The full-text index is merged seldom: then a million rows take hardly longer each than a few,
# and a query takes no longer either.
#
# Events are stored in the batches in which they were committed, one JSON document per line: a
# row for each would take longer than the evaluation itself.
_FIRST: Final = """
CREATE TABLE corpus (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL,
    indexed INTEGER NOT NULL
);
CREATE VIRTUAL TABLE entities USING fts5(
    text, content='', detail=full, tokenize='porter unicode61 remove_diacritics 2'
);
INSERT INTO entities (entities, rank) VALUES ('automerge', 16);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    findall_id TEXT NOT NULL UNIQUE,
    corpus TEXT NOT NULL,
    request BLOB NOT NULL,
    excluded BLOB NOT NULL,
    enrichments BLOB NOT NULL,
    match_limit INTEGER NOT NULL,
    status TEXT NOT NULL,
    stop_reason TEXT,
    failure TEXT,
    consumed INTEGER NOT NULL,
    generated INTEGER NOT NULL,
    evaluated INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    last_event INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    modified_at TEXT NOT NULL
);
CREATE TABLE candidates (
    run INTEGER NOT NULL REFERENCES runs (number),
    place INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    enriched INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, place)
);
CREATE INDEX matches_by_enrichment ON candidates (run, enriched, place) WHERE matched;
CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs (number),
    last INTEGER NOT NULL,
    first INTEGER NOT NULL,
    lines BLOB NOT NULL,
    PRIMARY KEY (run, last)
);
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY,
    webhook_id TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    due REAL NOT NULL
);
CREATE INDEX deliveries_by_due ON deliveries (due, number);
"""

# The key of an answer is a hash of the whole question.
_SECOND: Final = """
ALTER TABLE runs ADD COLUMN warnings BLOB NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN usage BLOB NOT NULL DEFAULT '{}';
CREATE TABLE answers (key BLOB PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID;
"""

# A batch of candidates that were judged as soon as they were generated is stored once: its lines
# are the candidates, the first of them at `place`, and two events are derived from each. Only
# matches have a row in `candidates`, since they can be enriched.
_THIRD: Final = """
ALTER TABLE events ADD COLUMN place INTEGER;
ALTER TABLE events ADD COLUMN time TEXT;
"""

# Conditions are read once, before a run is created, and stored with it.
_FOURTH: Final = """
ALTER TABLE runs ADD COLUMN readings BLOB NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN looked_at INTEGER NOT NULL DEFAULT 0;
"""

MIGRATIONS: Final = (_FIRST, _SECOND, _THIRD, _FOURTH)
"""The script of each version of the database; never changed once released."""

# Locked by the one service that uses a file; the system releases it when a process is killed.
_LOCK_SUFFIX: Final = ".lock"


def now() -> str:
    """Return the current time in the format of the API."""
    return format_time(datetime.now(UTC))


class Database:
    """A migrated database, in a file or in memory.

    A file is written in WAL mode and read through a second connection, so that readers never
    wait for a writer. A database in memory has one connection for both.

    A file can be opened by one `Database` at a time; an empty file beside it is its lock.
    Writers hold `turn`; acquire it to do something before the next writer begins. Raises
    ServiceError if the file cannot be opened, belongs to another program, or is in use.
    """

    def __init__(self, path: Path | None) -> None:
        where = "in memory" if path is None else str(path)
        self.turn: AbstractContextManager[bool] = threading.RLock()
        self._reading = self.turn if path is None else threading.RLock()
        with ExitStack() as opened:
            try:
                if path is not None:  # first, so that the lock is released last
                    lock = f"{path.resolve()}{_LOCK_SUFFIX}"
                    _acquire(opened.enter_context(_connection(lock, timeout=0.0)), where)
                self._writer = opened.enter_context(_connection(path or ":memory:"))
                _prepare(self._writer, where)
                self._reader = self._writer
                if path is not None:
                    self._reader = opened.enter_context(_connection(path))
            except sqlite3.Error as exc:
                raise ServiceError(
                    f"The store {where} cannot be opened: {exc}. Expected a file written by "
                    "this service, or a new file in a folder that exists and is writable."
                ) from exc
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close every connection; closing twice has no effect."""
        with self.turn, self._reading:
            self._opened.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading committed data.

        Two statements may see different states of it; use `snapshot` where they must not.
        """
        with self._reading:
            yield self._reader

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose statements all see the same state of the data."""
        with self._reading, transaction(self._reader, begin="BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction; an exception rolls it back."""
        with self.turn, transaction(self._writer) as connection:
            yield connection


def _connection(path: Path | str, *, timeout: float = 10.0) -> closing[sqlite3.Connection]:
    return closing(
        sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    )


def _acquire(lock: sqlite3.Connection, where: str) -> None:
    """Lock a store by way of SQLite, which works the same on every system."""
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise ServiceError(
            f"The store {where!r} is in use by another service. Stop that service, send requests "
            "to it instead, or name another file."
        ) from exc


def _prepare(connection: sqlite3.Connection, where: str) -> None:
    """Migrate the database to the newest version."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if mark != _APPLICATION_ID and tables:
        raise ServiceError(
            f"The file {where} is a database of another program. Name a new file, or "
            "one that this service has written."
        )
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode this survives a killed process; only a power cut can lose the last commits.
    connection.execute("PRAGMA synchronous = NORMAL")
    if mark != _APPLICATION_ID:
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    version = migrate(connection, MIGRATIONS)
    if version > len(MIGRATIONS):
        raise ServiceError(
            f"The store {where} has version {version}; this release knows versions up "
            f"to {len(MIGRATIONS)}. Upgrade findall-frames, or name a new file."
        )
