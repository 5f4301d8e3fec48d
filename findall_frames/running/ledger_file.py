"""The file of the ledger: opened, migrated, read and written, whatever state it is in."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec
import platformdirs
import pyarrow as pa

from findall_frames.addresses import is_loopback
from findall_frames.api.models import format_time, parse_time
from findall_frames.errors import LedgerWarning, warn
from findall_frames.sqlite import migrate, transaction

__all__ = ["FILE_FAULTS", "LedgerFile", "service_key", "time_of"]

_T = TypeVar("_T")

# How long to wait for another process that writes; after that, not again for a while.
_BUSY_SECONDS: Final = 3.0
_NOT_AGAIN_SECONDS: Final = 30.0
# "ffld", which tells a ledger from the SQLite files of other programs.
_APPLICATION_ID: Final = 0x66666C64
_RANDOM_ID: Final = re.compile("findall_[0-9a-f]{32}")
"""The ids of the embedded service."""
_LOCKED_UNTIL: Final[dict[Path, float]] = {}
"""Ledgers that were locked for too long, and until when that is not waited for again."""
# What a file with flipped bits, or one that another program wrote, leads to.
FILE_FAULTS: Final = (
    *(sqlite3.Error, OSError, pa.ArrowException, msgspec.MsgspecError),
    *(ValueError, TypeError, LookupError, OverflowError, MemoryError),
)

_MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY,
        token TEXT UNIQUE,
        findall_id TEXT,
        service TEXT NOT NULL,
        asked TEXT,
        objective TEXT,
        entity_type TEXT,
        generator TEXT,
        match_limit INTEGER,
        status TEXT NOT NULL,
        termination_reason TEXT,
        is_over INTEGER NOT NULL DEFAULT 0,
        matched INTEGER NOT NULL DEFAULT 0,
        generated INTEGER NOT NULL DEFAULT 0,
        cost REAL,
        cost_ceiling REAL,
        started_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (service, findall_id)
    );
    CREATE INDEX runs_by_question ON runs (service, asked);
    CREATE TABLE results (
        service TEXT NOT NULL,
        findall_id TEXT NOT NULL,
        schema TEXT,
        fetched_at TEXT NOT NULL,
        size INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (service, findall_id)
    );
    """,
    f"""
    ALTER TABLE results ADD COLUMN digest TEXT;
    PRAGMA application_id = {_APPLICATION_ID};
    """,
    """
    CREATE TABLE reviews (
        service TEXT NOT NULL,
        findall_id TEXT NOT NULL,
        candidate_id TEXT NOT NULL,
        field TEXT,
        decision TEXT,
        value TEXT,
        note TEXT,
        reviewer TEXT,
        reviewed_at TEXT NOT NULL
    );
    CREATE UNIQUE INDEX reviews_by_key ON reviews
        (findall_id, service, candidate_id, field IS NULL, ifnull(field, ''));
    """,
    """
    ALTER TABLE runs ADD COLUMN reserved REAL;
    CREATE INDEX runs_by_time ON runs (service, started_at);
    """,
)
"""The SQL that brings the file from each version to the next."""


class LedgerFile:
    """A SQLite file that any number of processes use at once, or a disabled one.

    Parameters
    ----------
    path : Path or None
        The file; None for a disabled ledger, which records nothing.

    Notes
    -----
    If the file cannot be used, as on a full disk, there is one `LedgerWarning` and the run goes
    on without it. Later writes are tried all the same, as the disk may have room again.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._is_ready = False
        self._has_warned = False

    @classmethod
    def of_this_machine(cls) -> Self:
        """Return the ledger that the environment variables select."""
        if os.environ.get("FINDALL_FRAMES_LEDGER", "").strip().lower() in ("off", "0", "no"):
            return cls(None)
        home = os.environ.get("FINDALL_FRAMES_HOME")
        folder = Path(home) if home else platformdirs.user_state_path("findall_frames", False)
        return cls(folder / "ledger.sqlite3")

    @property
    def is_locked(self) -> bool:
        """True if others have kept it locked for too long, a moment ago."""
        return self.path is not None and time.monotonic() < _LOCKED_UNTIL.get(self.path, 0)

    def write(
        self, *statements: str, each: Sequence[Mapping[str, Any]] = ({},), **values: Any
    ) -> bool:
        """Run statements in one transaction, for each row; return False if that failed."""
        values["now"] = format_time(datetime.now(UTC))
        try:
            for connection in self._connections():
                with transaction(connection):
                    for row in each:
                        for statement in statements:
                            connection.execute(statement, {**values, **row})
        except FILE_FAULTS as error:
            self._warn(f"cannot be written ({error}), so this is not recorded in it", error)
            return False
        return True

    def transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Return what `work` does in one transaction; None if the ledger is off or that failed."""
        try:
            for connection in self._connections():
                with transaction(connection):
                    return work(connection)
        except FILE_FAULTS as error:
            self._warn(f"cannot be written ({error}), so this is not recorded", error)
        return None

    def read(self, statement: str, **values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query; none if the ledger is off or that failed."""
        try:
            for connection in self._connections():
                return connection.execute(statement, values).fetchall()
        except FILE_FAULTS as error:
            self._warn(f"cannot be read ({error})", error)
        return []

    def shrink(self) -> None:
        """Give the space of deleted rows back, if that is possible now."""
        with suppress(sqlite3.Error):  # it is used for the next runs
            for connection in self._connections():
                connection.execute("VACUUM")

    def _connections(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that is closed after use; nothing if the ledger is off."""
        if self.path is None:
            return
        if not self._is_ready:
            _make_private(self.path)
        timeout = 0 if self.is_locked else _BUSY_SECONDS
        connection = sqlite3.connect(self.path, timeout=timeout, isolation_level=None)
        with closing(connection):
            connection.row_factory = sqlite3.Row
            connection.create_function("place", 2, service_key, deterministic=True)
            # One damaged text must not hide the others.
            connection.text_factory = lambda text: text.decode(errors="replace")
            if not self._is_ready:
                if _version_of(connection) < len(_MIGRATIONS):
                    # Not WAL: switching it on fails, instead of waiting, while others do the same.
                    migrate(connection, _MIGRATIONS)
                self._is_ready = True
            yield connection
        _LOCKED_UNTIL.pop(self.path, None)

    def _warn(self, why: str, error: BaseException) -> None:
        self._is_ready = False  # the file may have been deleted
        # The low byte is the kind of error, the others say more about it.
        if self.path and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            _LOCKED_UNTIL[self.path] = time.monotonic() + _NOT_AGAIN_SECONDS
        if not self._has_warned:
            self._has_warned = True
            warn(
                f"The ledger {self.path} {why}. Keep the ids of your runs. FINDALL_FRAMES_HOME "
                "moves the ledger, and FINDALL_FRAMES_LEDGER=off switches it off.",
                LedgerWarning,
            )


def _make_private(path: Path) -> None:
    """Create the file, and let nobody but its owner read it; SQLite does so with its journal."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    elif not path.is_file():
        raise OSError("it is not a file")
    elif path.stat().st_mode & 0o077:
        with suppress(OSError):  # of another owner, or on a disk that is read-only
            path.chmod(0o600)


def _version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a ledger, 0 for an empty file, or raise if it is of another kind."""
    # One statement sees one state, while another process may be migrating the file.
    application_id, version, tables = connection.execute(
        """SELECT (SELECT application_id FROM pragma_application_id),
        (SELECT user_version FROM pragma_user_version),
        (SELECT group_concat(name) FROM sqlite_master WHERE type = 'table')"""
    ).fetchone()
    is_empty = (application_id, version, tables) == (0, 0, None)
    # The first release had no application id.
    is_first = (application_id, version) == (0, 1) and set(str(tables).split(",")) == {
        "runs",
        "results",
    }
    if application_id != _APPLICATION_ID and not is_empty and not is_first:
        raise sqlite3.DatabaseError("it is a file of another program")
    if version > len(_MIGRATIONS):
        raise sqlite3.DatabaseError("it was written by a newer release of this package")
    return int(version)


def service_key(service: Any, findall_id: Any) -> Any:
    """Return what is equal for the services that have the same run under an id.

    Only a random id says that a run at two ports of this machine is one.
    """
    with suppress(ValueError, TypeError):
        if _RANDOM_ID.fullmatch(findall_id) and is_loopback(service):
            return "this machine"
    return service


def time_of(value: Any) -> datetime:
    """Return the time in a column, or raise one of `FILE_FAULTS`."""
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None:
        raise ValueError(f"{value!r} is not a time")
    return moment
