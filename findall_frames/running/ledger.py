"""Every run that was started or waited for on this machine, so that none is lost or paid twice.

It is one SQLite file that any number of processes may use at once. What it holds is what the
service is told and tells: searches, ids, states, and the results of finished runs. It never holds
a key.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import platformdirs
import pyarrow as pa

from findall_frames.api.models import FindAllCandidateMetrics, FindAllRunStatus, FindAllSchema
from findall_frames.errors import LedgerWarning, warn
from findall_frames.running.pricing import CostEstimate
from findall_frames.running.spec import Search
from findall_frames.sqlite import migrate, transaction

__all__ = ["Kept", "Ledger", "question"]

_BUSY_SECONDS: Final = 10.0
_CODEC: Final = "zstd"

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
)
"""What each version of the file adds to the one before."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished run whose result is in the ledger.

    Attributes
    ----------
    findall_id, service : str
        Which run it was, and of which service.
    packed : bytes
        The result, compressed; `body` is the result as the service sent it.
    size : int
        Bytes of the result before it was compressed.
    schema : FindAllSchema or None
        What was looked for, where that was known.
    fetched_at : datetime
        When it was fetched, in UTC.
    status : FindAllRunStatus
        How it ended.
    """

    findall_id: str
    service: str
    packed: bytes
    size: int
    schema: FindAllSchema | None
    fetched_at: datetime
    status: FindAllRunStatus

    @property
    def body(self) -> bytes:
        """The result as the service sent it; most who ask whether it is there do not need it."""
        unpacked: bytes = pa.decompress(self.packed, self.size, codec=_CODEC, asbytes=True)
        return unpacked

    @property
    def matched(self) -> int:
        """How many candidates matched."""
        return self.status.metrics.matched_candidates_count


class Ledger:
    """The ledger of this machine, or one that is switched off and forgets everything.

    Parameters
    ----------
    path : Path or None
        The SQLite file; None for a ledger that is off.

    Notes
    -----
    A ledger that cannot be written, as on a full disk, gives one `LedgerWarning` and stays out
    of the way: the run itself matters more.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._is_ready = False

    @classmethod
    def of_this_machine(cls) -> Ledger:
        """Open the ledger that the environment asks for."""
        if os.environ.get("FINDALL_FRAMES_LEDGER", "").strip().lower() in ("off", "0", "no"):
            return cls(None)
        home = os.environ.get("FINDALL_FRAMES_HOME")
        folder = Path(home) if home else platformdirs.user_state_path("findall_frames", False)
        return cls(folder / "ledger.sqlite3")

    # -- what happens to a run -----------------------------------------------------------------

    def intend(
        self,
        token: str,
        *,
        service: str,
        schema: FindAllSchema,
        asked: str,
        cost: CostEstimate | None,
    ) -> None:
        """Write down, before it is sent, that a run is about to be created."""
        self._write(
            """INSERT INTO runs (token, service, asked, objective, entity_type, generator,
                match_limit, status, cost, cost_ceiling, started_at, updated_at)
            VALUES (:token, :service, :asked, :objective, :entity_type, :generator,
                :match_limit, 'unknown', :cost, :ceiling, :now, :now)""",
            token=token,
            service=service,
            asked=asked,
            objective=schema.objective,
            entity_type=schema.entity_type,
            generator=schema.generator,
            match_limit=schema.match_limit,
            cost=None if cost is None else 0.0,
            ceiling=None if cost is None else cost.ceiling,
        )

    def created(self, token: str, *, findall_id: str, status: str) -> None:
        """Write down the id, as soon as it is known."""
        self._write(
            # A service may give an id again, as when it recognises a search.
            """DELETE FROM runs WHERE findall_id = :findall_id AND token IS NOT :token
            AND service = (SELECT service FROM runs WHERE token = :token)""",
            """UPDATE runs SET findall_id = :findall_id, status = :status, updated_at = :now
            WHERE token = :token""",
            token=token,
            findall_id=findall_id,
            status=status,
        )

    def refused(self, token: str) -> None:
        """Write down that there is no such run: the service said no, or was never reached."""
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
        """Write down where a run stands, also one that was started elsewhere."""
        self._write(
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
        """Keep the result of a finished run."""
        self._write(
            """INSERT OR REPLACE INTO results
            VALUES (:service, :findall_id, :schema, :now, :size, :body)""",
            service=service,
            findall_id=findall_id,
            schema=None if schema is None else msgspec.json.encode(schema).decode(),
            size=len(body),
            body=pa.compress(body, codec=_CODEC, asbytes=True) if self.path else b"",
        )

    def reopened(self, findall_id: str, *, service: str) -> None:
        """Forget the result of a run that goes on."""
        self._write(
            "DELETE FROM results WHERE service = :service AND findall_id = :findall_id",
            """UPDATE runs SET is_over = 0, updated_at = :now
            WHERE service = :service AND findall_id = :findall_id""",
            service=service,
            findall_id=findall_id,
        )

    # -- what is known -------------------------------------------------------------------------

    def services_of(self, findall_id: str) -> list[str]:
        """List the services that have, or had, a run of this id; the latest first."""
        rows = self._read(
            "SELECT service FROM runs WHERE findall_id = :findall_id ORDER BY number DESC",
            findall_id=findall_id,
        )
        return [str(row["service"]) for row in rows]

    def result_of(self, findall_id: str, *, service: str | None) -> Kept | None:
        """Give the result of a finished run; of whichever service if `service` is None."""
        return self._kept(
            "findall_id = :findall_id AND (:service IS NULL OR service = :service)",
            findall_id=findall_id,
            service=service,
        )

    def answer_to(self, asked: str, *, service: str) -> Kept | None:
        """Give the latest complete result of an equal search."""
        return self._kept(
            "asked = :asked AND service = :service AND status = 'completed'",
            asked=asked,
            service=service,
        )

    def rows(self) -> list[dict[str, Any]]:
        """List all runs, the latest first."""
        return [
            dict(row)
            for row in self._read(
                """SELECT runs.*, results.size IS NOT NULL AS has_result
                FROM runs LEFT JOIN results USING (service, findall_id) ORDER BY number DESC"""
            )
        ]

    def _kept(self, where: str, **values: Any) -> Kept | None:
        rows = self._read(
            f"""SELECT * FROM runs JOIN results USING (service, findall_id)
            WHERE is_over AND {where} ORDER BY number DESC LIMIT 1""",
            **values,
        )
        if not rows:
            return None
        row = rows[0]
        return Kept(
            findall_id=row["findall_id"],
            service=row["service"],
            packed=row["body"],
            size=row["size"],
            schema=msgspec.json.decode(row["schema"] or "null", type=FindAllSchema | None),
            fetched_at=datetime.fromisoformat(row["fetched_at"]),
            status=FindAllRunStatus(
                row["status"],
                is_active=False,
                metrics=FindAllCandidateMetrics(row["generated"], row["matched"]),
                termination_reason=row["termination_reason"],
            ),
        )

    # -- how it is kept ------------------------------------------------------------------------

    def _write(self, *statements: str, **values: Any) -> None:
        values["now"] = datetime.now(UTC).isoformat(timespec="microseconds")
        try:
            for connection in self._connections():
                with transaction(connection):
                    for statement in statements:
                        connection.execute(statement, values)
        except (sqlite3.Error, OSError) as error:
            self._give_up(f"cannot be written ({error}), so that this run is not noted there")

    def _read(self, statement: str, **values: Any) -> list[sqlite3.Row]:
        try:
            for connection in self._connections():
                return connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._give_up(f"cannot be read ({error})")
        return []

    def _connections(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one use, so that no process holds on to it; none when it is off."""
        if self.path is None:
            return
        if not self._is_ready:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        with closing(connection):
            connection.row_factory = sqlite3.Row
            if not self._is_ready:
                # No WAL: turning it on does not wait for other processes that do the same.
                if migrate(connection, _MIGRATIONS) > len(_MIGRATIONS):
                    raise sqlite3.DatabaseError("a newer release of this package has written it")
                self._is_ready = True
            yield connection

    def _give_up(self, why: str) -> None:
        warn(
            f"The ledger {self.path} {why}. Keep the ids of your runs. FINDALL_FRAMES_HOME moves "
            "the ledger, and FINDALL_FRAMES_LEDGER=off switches it off.",
            LedgerWarning,
        )
        self.path = None


def question(search: Search) -> str:
    """Give equal searches an equal name: a hash of all that changes the answer."""
    parts = (search.to_schema(own_data=True), search.exclude)
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
