"""The ledger: a SQLite file with every run started or waited for on this machine.

No run is lost, and none is paid for twice by accident. Any number of processes may use the file at
once. It holds searches, ids, statuses, the results of finished runs and what people judged of
them, but never a key.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import platformdirs
import pyarrow as pa

from findall_frames.addresses import is_loopback, resume_call
from findall_frames.api.models import (
    FindAllCandidateMetrics,
    FindAllRunStatus,
    FindAllSchema,
    format_time,
    parse_time,
)
from findall_frames.display.text import counted
from findall_frames.errors import LedgerWarning, warn
from findall_frames.frames.reviews import ReviewRow
from findall_frames.frames.schema import DECISIONS
from findall_frames.running.pricing import CostEstimate
from findall_frames.sqlite import migrate, transaction

__all__ = ["KeptResult", "Ledger", "insert_intent", "question"]

_T = TypeVar("_T")

# How long to wait for another process that writes; after that, not again for a while.
_BUSY_SECONDS: Final = 3.0
_NOT_AGAIN_SECONDS: Final = 30.0
_CODEC: Final = "zstd"
# "ffld", which tells a ledger from the SQLite files of other programs.
_APPLICATION_ID: Final = 0x66666C64
# What a file with flipped bits, or one that another program wrote, leads to.
_DAMAGED: Final = (
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


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The result of a finished run, as stored in the ledger.

    Attributes
    ----------
    findall_id, service : str
        The run, and the base URL of its service.
    body : bytes
        The result as the service sent it.
    schema : FindAllSchema or None
        The search, if known.
    fetched_at : datetime
        When the result was fetched, in UTC.
    status : FindAllRunStatus
        The last status of the run.
    """

    findall_id: str
    service: str
    body: bytes
    schema: FindAllSchema | None
    fetched_at: datetime
    status: FindAllRunStatus

    @property
    def matched(self) -> int:
        """The number of matches."""
        return self.status.metrics.matched_candidates_count


class Ledger:
    """The ledger of this machine, or a disabled one that records nothing.

    Parameters
    ----------
    path : Path or None
        The SQLite file; None for a disabled ledger.

    Notes
    -----
    If the ledger cannot be used, as on a full disk, there is one `LedgerWarning` and the run goes
    on without it. Later writes are tried all the same, as the disk may have room again.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._is_ready = False
        self._has_warned = False

    @classmethod
    def of_this_machine(cls) -> Ledger:
        """Return the ledger that the environment variables select."""
        if os.environ.get("FINDALL_FRAMES_LEDGER", "").strip().lower() in ("off", "0", "no"):
            return cls(None)
        home = os.environ.get("FINDALL_FRAMES_HOME")
        folder = Path(home) if home else platformdirs.user_state_path("findall_frames", False)
        return cls(folder / "ledger.sqlite3")

    @property
    def is_locked(self) -> bool:
        """Whether others have kept it locked for too long, a moment ago."""
        return self.path is not None and time.monotonic() < _LOCKED_UNTIL.get(self.path, 0)

    # -- writing ---------------------------------------------------------------------------------

    def intend(
        self,
        token: str,
        *,
        service: str,
        schema: FindAllSchema,
        asked: str,
        cost: CostEstimate | None,
        unless_equal: bool = False,
    ) -> bool:
        """Record that a run is about to be created, before the request is sent.

        Return False, and record nothing, if `unless_equal` and there is an `equal_run`. This is
        one transaction, so that of threads and processes that race one creates the run.
        """

        def record(connection: sqlite3.Connection) -> bool:
            values = {"asked": asked, "service": service}
            if unless_equal and connection.execute(_EQUAL_RUN, values).fetchone():
                return False
            insert_intent(connection, token, service=service, schema=schema, asked=asked, cost=cost)
            return True

        return self.transact(record) is not False

    def created(self, token: str, *, findall_id: str, status: str) -> bool:
        """Record the id of the created run; return False if that failed."""
        return self._write(
            # A service that recognises a search may return the id of an earlier run.
            """DELETE FROM runs WHERE findall_id = :findall_id AND token IS NOT :token
            AND service = (SELECT service FROM runs WHERE token = :token)""",
            """UPDATE runs SET findall_id = :findall_id, status = :status, updated_at = :now
            WHERE token = :token""",
            token=token,
            findall_id=findall_id,
            status=status,
        )

    def unanswered(self, token: str) -> None:
        """Record that the answer to a creation was lost, and is not waited for any more."""
        self._write("UPDATE runs SET updated_at = :now WHERE token = :token", token=token)

    def refused(self, token: str) -> None:
        """Record that no run was created, as the service refused it or could not be reached."""
        self._write(
            """UPDATE runs SET status = 'refused', is_over = 1, cost = NULL, updated_at = :now
            WHERE token = :token""",
            token=token,
        )

    def observed(
        self,
        findall_id: str,
        *,
        service: str,
        status: FindAllRunStatus,
        schema: FindAllSchema | None,
        cost: CostEstimate | None,
    ) -> None:
        """Record the status of a run, even if it was started elsewhere."""
        self._write(
            # A run that went on after it was over has a new result; the old one is outdated.
            """DELETE FROM results WHERE :is_over AND service = :service
            AND findall_id = :findall_id AND EXISTS (SELECT 1 FROM runs
                WHERE service = :service AND findall_id = :findall_id AND NOT is_over)""",
            """INSERT INTO runs (findall_id, service, objective, entity_type, generator,
                match_limit, status, termination_reason, is_over, matched, generated, cost,
                cost_ceiling, started_at, updated_at)
            VALUES (:findall_id, :service, :objective, :entity_type, :generator, :match_limit,
                :status, :reason, :is_over, :matched, :generated, :cost, :ceiling, :now, :now)
            ON CONFLICT (service, findall_id) DO UPDATE SET
                match_limit = coalesce(excluded.match_limit, match_limit),
                status = excluded.status, termination_reason = excluded.termination_reason,
                is_over = excluded.is_over, matched = excluded.matched,
                generated = excluded.generated, cost = coalesce(excluded.cost, cost),
                cost_ceiling = coalesce(excluded.cost_ceiling, cost_ceiling),
                updated_at = excluded.updated_at""",
            findall_id=findall_id,
            service=service,
            objective=schema.objective if schema else None,
            entity_type=schema.entity_type if schema else None,
            generator=schema.generator if schema else None,
            match_limit=schema.match_limit if schema else None,
            status=status.status,
            reason=status.termination_reason if status.is_over else None,
            is_over=status.is_over,
            matched=status.metrics.matched_candidates_count,
            generated=status.metrics.generated_candidates_count,
            cost=None if cost is None else cost.after(status.metrics.matched_candidates_count),
            ceiling=None if cost is None else cost.ceiling,
        )

    def keep(
        self, findall_id: str, *, service: str, schema: FindAllSchema | None, body: bytes
    ) -> None:
        """Store the result of a finished run."""
        self._write(
            """INSERT OR REPLACE INTO results
            (service, findall_id, schema, fetched_at, size, body, digest)
            VALUES (:service, :findall_id, :schema, :now, :size, :body, :digest)""",
            service=service,
            findall_id=findall_id,
            schema=None if schema is None else msgspec.json.encode(schema).decode(),
            size=len(body),
            body=pa.compress(body, codec=_CODEC, asbytes=True) if self.path else b"",
            digest=hashlib.sha256(body).hexdigest(),
        )

    def keep_reviews(self, reviews: Sequence[ReviewRow], *, service: str) -> None:
        """Store judgements; a later one of the same thing stays.

        One that takes the earlier judgement back is stored too, so that an old copy of the frames
        does not bring that back.
        """
        self._write(
            f"{_KEEP_REVIEW} WHERE excluded.reviewed_at >= reviewed_at",
            each=[_values_of(review) for review in reviews],
            service=service,
        )

    def add_review(self, review: ReviewRow, *, service: str) -> None:
        """Store a judgement that is being made: it stays, even if another clock was ahead."""

        def add(connection: sqlite3.Connection) -> None:
            values = {**_values_of(review), "service": service}
            rows = connection.execute(
                """SELECT service, reviewed_at FROM reviews WHERE findall_id = :findall_id
                AND candidate_id = :candidate_id AND field IS :field""",
                values,
            ).fetchall()
            at = review.reviewed_at
            for place, written in rows:
                before = parse_time(written) if isinstance(written, str) else None
                if before and _place(place, review.findall_id) == _place(
                    service, review.findall_id
                ):
                    at = max(at, before + timedelta(microseconds=1))
            connection.execute(_KEEP_REVIEW, {**values, "reviewed_at": format_time(at)})

        self.transact(add)

    def reopened(self, findall_id: str, *, service: str) -> None:
        """Record, before the request is sent, that a run may go on: its result may be outdated."""
        self._set("is_over = 0", findall_id, service=service)

    def changed(self, findall_id: str, *, service: str) -> None:
        """Record that a run was extended or enriched, so it no longer answers its search."""
        self._set("asked = NULL", findall_id, service=service)

    def unchanged(self, findall_id: str, *, service: str) -> None:
        """Record that a finished run stays as it was: the request was refused."""
        self._set("is_over = 1", findall_id, service=service)

    def service_ended(self, service: str) -> None:
        """Record that a service has ended, and its unfinished runs with it."""
        self._write(
            """UPDATE runs SET status = 'ended', is_over = 1, updated_at = :now
            WHERE service = :service AND NOT is_over""",
            service=service,
        )

    def _set(self, column: str, findall_id: str, *, service: str) -> None:
        self._write(
            f"""UPDATE runs SET {column}, updated_at = :now
            WHERE service = :service AND findall_id = :findall_id""",
            service=service,
            findall_id=findall_id,
        )

    def forget(self, findall_id: str | None, *, before: datetime | None) -> int:
        """Delete the runs with this id, or those last seen and reviewed before a time.

        Return how many.
        """
        chosen = """coalesce(findall_id = :findall_id, 0) OR (updated_at < :before AND NOT EXISTS
            (SELECT 1 FROM reviews WHERE reviews.findall_id = runs.findall_id
            AND place(reviews.service, reviews.findall_id) = place(runs.service, runs.findall_id)
            AND reviewed_at >= :before))"""
        # Frames can be reviewed without a run in the ledger.
        judged = f"""findall_id = :findall_id OR (reviewed_at < :before
            AND (findall_id, place(service, findall_id)) NOT IN (
                SELECT findall_id, place(service, findall_id) FROM runs
                WHERE findall_id IS NOT NULL AND NOT ({chosen})))"""
        values: dict[str, Any] = {
            "findall_id": findall_id,
            "before": None if before is None else format_time(before),
        }
        count = len(self._read(f"SELECT number FROM runs WHERE {chosen}", **values))
        is_empty = not count and not self._read(f"SELECT 1 FROM reviews WHERE {judged}", **values)
        is_done = is_empty or self._write(
            "PRAGMA secure_delete = ON",
            f"""DELETE FROM results WHERE (service, findall_id) IN
            (SELECT service, findall_id FROM runs WHERE {chosen})""",
            f"DELETE FROM reviews WHERE {judged}",
            f"DELETE FROM runs WHERE {chosen}",
            **values,
        )
        if is_done and count:
            with suppress(sqlite3.Error):  # the space is used for the next runs
                for connection in self._connections():
                    connection.execute("VACUUM")
        return count if is_done else 0

    # -- reading -------------------------------------------------------------------------------

    def services_of(self, findall_id: str) -> list[str]:
        """Return the services with a run of this id, the latest run first."""
        rows = self._read(
            "SELECT service FROM runs WHERE findall_id = :findall_id ORDER BY number DESC",
            findall_id=findall_id,
        )
        return [str(row["service"]) for row in rows]

    def result_of(self, findall_id: str, *, service: str | None) -> KeptResult | None:
        """Return the result of a finished run, from any service if `service` is None."""
        return self._kept(
            "findall_id = :findall_id AND (:service IS NULL OR service = :service)",
            findall_id=findall_id,
            service=service,
        )

    def reviews_of(self, findall_id: str, *, service: str) -> list[ReviewRow]:
        """Return the judgements of a run, also those that took an earlier one back.

        An embedded service has another port each time that it is started, so all of these count
        as one.
        """
        rows = self._read(
            """SELECT service, findall_id, candidate_id, field, decision, value, note, reviewer,
            reviewed_at FROM reviews WHERE findall_id = :findall_id ORDER BY reviewed_at""",
            findall_id=findall_id,
        )
        reviews, damaged = [], 0
        for row in rows:
            place, *columns = row
            try:
                if _place(place, findall_id) == _place(service, findall_id):
                    reviews.append(_review(columns))
            except _DAMAGED:
                damaged += 1
        if damaged:
            warn(
                f"{counted(damaged, 'review')} of run {findall_id} in the ledger {self.path} "
                "cannot be read and were left out. Review these candidates again.",
                LedgerWarning,
            )
        return reviews

    def answer_to(self, asked: str, *, service: str) -> KeptResult | None:
        """Return the result of the latest equal search that completed."""
        return self._kept(
            "asked = :asked AND service = :service AND status = 'completed'",
            asked=asked,
            service=service,
        )

    def equal_run(self, asked: str, *, service: str) -> dict[str, Any] | None:
        """Return the latest run of an equal search that goes on, as far as known, or completed.

        One without an id, which may not exist, is returned only if there is no other.
        """
        rows = self._read(_EQUAL_RUN, asked=asked, service=service)
        return dict(rows[0]) if rows else None

    def rows(self) -> list[dict[str, Any]]:
        """Return all runs, the latest first."""
        return [
            dict(row)
            for row in self._read(
                """SELECT runs.*, is_over AND results.size IS NOT NULL AS has_result
                FROM runs LEFT JOIN results USING (service, findall_id) ORDER BY number DESC"""
            )
        ]

    def _kept(self, where: str, **values: Any) -> KeptResult | None:
        rows = self._read(
            f"""SELECT * FROM runs JOIN results USING (service, findall_id)
            WHERE is_over AND {where} ORDER BY number DESC LIMIT 3""",
            **values,
        )
        for row in rows:
            try:
                return _kept_result(row)
            except _DAMAGED as error:
                call = resume_call(str(row["findall_id"]), service=str(row["service"]))
                warn(
                    f"The result of run {row['findall_id']} in the ledger {self.path} is damaged "
                    f"({error}). {call} fetches it from the service.",
                    LedgerWarning,
                )
        return None

    # -- the file -------------------------------------------------------------------------------

    def _write(
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
        except _DAMAGED as error:
            self._warn(f"cannot be written ({error}), so this is not recorded in it", error)
            return False
        return True

    def transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Return what `work` does in one transaction; None if the ledger is off or that failed."""
        try:
            for connection in self._connections():
                with transaction(connection):
                    return work(connection)
        except _DAMAGED as error:
            self._warn(f"cannot be written ({error}), so this is not recorded", error)
        return None

    def _read(self, statement: str, **values: Any) -> list[sqlite3.Row]:
        try:
            for connection in self._connections():
                return connection.execute(statement, values).fetchall()
        except _DAMAGED as error:
            self._warn(f"cannot be read ({error})", error)
        return []

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
            connection.create_function("place", 2, _place, deterministic=True)
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


def insert_intent(
    connection: sqlite3.Connection,
    token: str,
    *,
    service: str,
    schema: FindAllSchema,
    asked: str,
    cost: CostEstimate | None,
    reserved: float | None = None,
) -> None:
    """Insert a run that is about to be created, and what is reserved for it in US dollars."""
    connection.execute(
        """INSERT INTO runs (token, service, asked, objective, entity_type, generator, match_limit,
            status, cost, cost_ceiling, started_at, updated_at, reserved)
        VALUES (:token, :service, :asked, :objective, :entity_type, :generator, :match_limit,
            'unknown', :cost, :ceiling, :now, :now, :reserved)""",
        {
            "token": token,
            "service": service,
            "asked": asked,
            "objective": schema.objective,
            "entity_type": schema.entity_type,
            "generator": schema.generator,
            "match_limit": schema.match_limit,
            "cost": None if cost is None else 0.0,
            "ceiling": None if cost is None else cost.ceiling,
            "now": format_time(datetime.now(UTC)),
            "reserved": reserved,
        },
    )


_RANDOM_ID: Final = re.compile("findall_[0-9a-f]{32}")
"""The ids of the embedded service."""

_KEEP_REVIEW: Final = """INSERT INTO reviews (service, findall_id, candidate_id, field, decision,
        value, note, reviewer, reviewed_at)
    VALUES (:service, :findall_id, :candidate_id, :field, :decision, :value, :note, :reviewer,
        :reviewed_at)
    ON CONFLICT (findall_id, service, candidate_id, field IS NULL, ifnull(field, ''))
    DO UPDATE SET decision = excluded.decision, value = excluded.value, note = excluded.note,
        reviewer = excluded.reviewer, reviewed_at = excluded.reviewed_at"""

_EQUAL_RUN: Final = """SELECT * FROM runs WHERE asked = :asked AND service = :service
    AND (NOT is_over OR status = 'completed') ORDER BY findall_id IS NULL, number DESC LIMIT 1"""

_LOCKED_UNTIL: Final[dict[Path, float]] = {}
"""Ledgers that were locked for too long, and until when that is not waited for again."""


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


def _kept_result(row: sqlite3.Row) -> KeptResult:
    """Return the result in a row, or raise one of `_DAMAGED`."""
    with pa.CompressedInputStream(pa.BufferReader(row["body"]), _CODEC) as stream:
        body = stream.read()
    if len(body) != row["size"]:
        raise ValueError(f"it has {len(body)} of {row['size']} bytes")
    if row["digest"] not in (None, hashlib.sha256(body).hexdigest()):
        raise ValueError("its bytes were changed")
    msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    try:
        schema = msgspec.json.decode(row["schema"] or "null", type=FindAllSchema | None)
    except (msgspec.MsgspecError, TypeError):
        schema = None  # the result, which was paid for, is whole
    ended, reason = msgspec.convert(
        (row["status"], row["termination_reason"]), tuple[str, str | None]
    )
    counts = msgspec.convert((row["generated"], row["matched"]), tuple[int, int])
    return KeptResult(
        findall_id=row["findall_id"],
        service=row["service"],
        body=body,
        schema=schema,
        fetched_at=_time(row["fetched_at"]),
        status=FindAllRunStatus(
            ended,
            is_active=False,
            metrics=FindAllCandidateMetrics(*counts),
            termination_reason=reason,
        ),
    )


def _place(service: Any, findall_id: Any) -> Any:
    """Return what is equal for the services that have the same run under an id.

    Only a random id says that a run at two ports of this machine is one.
    """
    with suppress(ValueError, TypeError):
        if _RANDOM_ID.fullmatch(findall_id) and is_loopback(service):
            return "this machine"
    return service


def _values_of(review: ReviewRow) -> dict[str, Any]:
    return {**review._asdict(), "reviewed_at": format_time(review.reviewed_at)}


def _review(columns: Sequence[Any]) -> ReviewRow:
    """Return the judgement in the columns of a row, or raise one of `_DAMAGED`."""
    *texts, at = columns
    keys = msgspec.convert(texts[:2], tuple[str, str])
    said = msgspec.convert(
        texts[2:], tuple[str | None, str | None, str | None, str | None, str | None]
    )
    row = ReviewRow(*keys, *said, _time(at))
    if row.decision not in (*DECISIONS, None):
        raise ValueError(f"{row.decision!r} is not a decision")
    return row


def _time(value: Any) -> datetime:
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None:
        raise ValueError(f"{value!r} is not a time")
    return moment


def question(options: Mapping[str, Any], *, match_limit: int) -> str:
    """Return a hash by which equal searches are recognised.

    Parameters
    ----------
    options : mapping
        The parameters of the search, as read; those to be drafted are missing.
    match_limit : int
        The limit that is sent to the service.
    """
    defaults = {"generator": "core", "exclude": []}
    parts = {name: options.get(name, defaults.get(name)) for name in _QUESTION}
    parts["match_limit"] = match_limit
    if options.get("memory_scope_key"):  # ledgers of earlier releases have hashes without it
        parts["memory_scope_key"] = options["memory_scope_key"]
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


_QUESTION: Final = (
    "objective",
    "entity_type",
    "match_conditions",
    "enrichments",
    "generator",
    "exclude",
)
"""The parameters of a search that change its result."""
