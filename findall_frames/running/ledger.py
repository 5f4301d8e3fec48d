"""The ledger: a SQLite file with every run started or waited for on this machine.

No run is lost, and none is paid for twice by accident. Any number of processes may use the file at
once. It holds searches, ids, statuses and the results of finished runs, but never a key.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import platformdirs
import pyarrow as pa

from findall_frames.api.models import (
    FindAllCandidateMetrics,
    FindAllRunStatus,
    FindAllSchema,
    format_time,
)
from findall_frames.errors import LedgerWarning, warn
from findall_frames.frames.convert import dataframe_of
from findall_frames.running.pricing import CostEstimate
from findall_frames.sqlite import migrate, transaction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KeptResult", "Ledger", "question", "runs"]

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
"""The SQL that brings the file from each version to the next."""


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The result of a finished run, as stored in the ledger.

    Attributes
    ----------
    findall_id, service : str
        The run, and the base URL of its service.
    packed : bytes
        The compressed result; `body` unpacks it.
    size : int
        Size of the result in bytes, uncompressed.
    schema : FindAllSchema or None
        The search, if known.
    fetched_at : datetime
        When the result was fetched, in UTC.
    status : FindAllRunStatus
        The last status of the run.
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
        """The result as the service sent it, unpacked on each access."""
        unpacked: bytes = pa.decompress(self.packed, self.size, codec=_CODEC, asbytes=True)
        return unpacked

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
    If the ledger cannot be used, for example because the disk is full, there is one
    `LedgerWarning`, and the run continues without it.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._is_ready = False

    @classmethod
    def of_this_machine(cls) -> Ledger:
        """Return the ledger that the environment variables select."""
        if os.environ.get("FINDALL_FRAMES_LEDGER", "").strip().lower() in ("off", "0", "no"):
            return cls(None)
        home = os.environ.get("FINDALL_FRAMES_HOME")
        folder = Path(home) if home else platformdirs.user_state_path("findall_frames", False)
        return cls(folder / "ledger.sqlite3")

    # -- writing ---------------------------------------------------------------------------------

    def intend(
        self,
        token: str,
        *,
        service: str,
        schema: FindAllSchema,
        asked: str,
        cost: CostEstimate | None,
    ) -> None:
        """Record that a run is about to be created, before the request is sent."""
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
        """Record the id of the created run."""
        self._write(
            # A service that recognises a search may return the id of an earlier run.
            """DELETE FROM runs WHERE findall_id = :findall_id AND token IS NOT :token
            AND service = (SELECT service FROM runs WHERE token = :token)""",
            """UPDATE runs SET findall_id = :findall_id, status = :status, updated_at = :now
            WHERE token = :token""",
            token=token,
            findall_id=findall_id,
            status=status,
        )

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
            VALUES (:service, :findall_id, :schema, :now, :size, :body)""",
            service=service,
            findall_id=findall_id,
            schema=None if schema is None else msgspec.json.encode(schema).decode(),
            size=len(body),
            body=pa.compress(body, codec=_CODEC, asbytes=True) if self.path else b"",
        )

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

    def answer_to(self, asked: str, *, service: str) -> KeptResult | None:
        """Return the result of the latest equal search that completed."""
        return self._kept(
            "asked = :asked AND service = :service AND status = 'completed'",
            asked=asked,
            service=service,
        )

    def unfinished(self, asked: str, *, service: str) -> dict[str, Any] | None:
        """Return the latest run of an equal search that is not known to be over."""
        rows = self._read(
            """SELECT * FROM runs WHERE asked = :asked AND service = :service AND NOT is_over
            ORDER BY number DESC LIMIT 1""",
            asked=asked,
            service=service,
        )
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
            WHERE is_over AND {where} ORDER BY number DESC LIMIT 1""",
            **values,
        )
        if not rows:
            return None
        row = rows[0]
        return KeptResult(
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

    # -- the file -------------------------------------------------------------------------------

    def _write(self, *statements: str, **values: Any) -> None:
        values["now"] = format_time(datetime.now(UTC))
        try:
            for connection in self._connections():
                with transaction(connection):
                    for statement in statements:
                        connection.execute(statement, values)
        except (sqlite3.Error, OSError) as error:
            self._give_up(f"cannot be written ({error}), so this run is not recorded")

    def _read(self, statement: str, **values: Any) -> list[sqlite3.Row]:
        try:
            for connection in self._connections():
                return connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._give_up(f"cannot be read ({error})")
        return []

    def _connections(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that is closed after use; nothing if the ledger is off."""
        if self.path is None:
            return
        if not self._is_ready:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        with closing(connection):
            connection.row_factory = sqlite3.Row
            if not self._is_ready:
                # Not WAL: switching it on fails, instead of waiting, while others do the same.
                if migrate(connection, _MIGRATIONS) > len(_MIGRATIONS):
                    raise sqlite3.DatabaseError("it was written by a newer release of this package")
                self._is_ready = True
            yield connection

    def _give_up(self, why: str) -> None:
        warn(
            f"The ledger {self.path} {why}. Keep the ids of your runs. FINDALL_FRAMES_HOME moves "
            "the ledger, and FINDALL_FRAMES_LEDGER=off switches it off.",
            LedgerWarning,
        )
        self.path = None


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


def runs() -> pd.DataFrame:
    """List every run that was started or waited for on this machine, the latest first.

    The API cannot list runs; these are the runs in the ledger, a file in the user's state folder
    or in ``FINDALL_FRAMES_HOME``. ``FINDALL_FRAMES_LEDGER=off`` disables it.

    Returns
    -------
    DataFrame
        One row per run. Columns shared with ``frames.runs`` have the same meaning:
        ``findall_id`` (str; missing if the creation was never answered), ``objective``,
        ``entity_type``, ``generator`` (str), ``match_limit`` (Int64), ``status``,
        ``termination_reason`` (str), ``generated_candidates_count``,
        ``matched_candidates_count`` (Int64), ``created_at``, ``modified_at``
        (datetime64[us, UTC]; as seen from this machine), ``service`` (str). In addition:
        ``cost`` and ``cost_ceiling`` (Float64, US dollars, estimated; missing if there are no
        published prices), ``has_result`` (boolean; True if `resume` needs no request) and ``token``
        (str). A ``status`` of ``"unknown"`` without an id is a creation whose answer was lost;
        ``"refused"`` is a run that was not created.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> frames = ff.find_all("Find cities in Italy", data=cities, progress=False)
    >>> ff.runs().loc[0, ["objective", "status"]].tolist()
    ['Find cities in Italy', 'completed']
    """
    import pandas as pd

    rows = Ledger.of_this_machine().rows()
    listed = dataframe_of(
        [{name: row[column] for name, (column, _) in _COLUMNS.items()} for row in rows],
        dtypes={name: dtype for name, (_, dtype) in _COLUMNS.items()},
    )
    for name in ("created_at", "modified_at"):
        listed[name] = pd.to_datetime(listed[name], format="ISO8601", utc=True).astype(
            "datetime64[us, UTC]"
        )
    return listed


_COLUMNS: Final = {
    "findall_id": ("findall_id", "str"),
    "objective": ("objective", "str"),
    "entity_type": ("entity_type", "str"),
    "generator": ("generator", "str"),
    "match_limit": ("match_limit", "Int64"),
    "status": ("status", "str"),
    "termination_reason": ("termination_reason", "str"),
    "generated_candidates_count": ("generated", "Int64"),
    "matched_candidates_count": ("matched", "Int64"),
    "created_at": ("started_at", "str"),
    "modified_at": ("updated_at", "str"),
    "service": ("service", "str"),
    "cost": ("cost", "Float64"),
    "cost_ceiling": ("cost_ceiling", "Float64"),
    "has_result": ("has_result", "boolean"),
    "token": ("token", "str"),
}
"""Each column of `runs`: its column in the SQLite table, and its pandas dtype."""
