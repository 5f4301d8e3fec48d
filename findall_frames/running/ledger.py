"""The ledger: every run that was started or waited for on this machine, and its result.

No run is lost, and none is paid for twice by accident. Any number of processes may use the file at
once. It holds searches, ids, statuses, the results of finished runs and what people judged of
them, but never a key.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pyarrow as pa

from findall_frames.addresses import resume_call
from findall_frames.api.models import (
    FindAllCandidateMetrics,
    FindAllRunStatus,
    FindAllSchema,
    format_time,
    with_text_fields,
)
from findall_frames.errors import LedgerWarning, warn
from findall_frames.running.ledger_file import FILE_FAULTS, LedgerFile, time_of
from findall_frames.running.pricing import CostEstimate

__all__ = ["KeptResult", "Ledger", "insert_intent", "question"]

_CODEC: Final = "zstd"
_LONGEST_WAIT: Final = timedelta(minutes=1)
_EQUAL_RUN: Final = """SELECT * FROM runs WHERE asked = :asked AND service = :service
    AND (NOT is_over OR status = 'completed') ORDER BY findall_id IS NULL, number DESC LIMIT 1"""


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


class Ledger(LedgerFile):
    """The runs and the results in the ledger of this machine."""

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
        return self.write(
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
        self.write("UPDATE runs SET updated_at = :now WHERE token = :token", token=token)

    def refused(self, token: str) -> None:
        """Record that no run was created, as the service refused it or could not be reached."""
        self.write(
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
        as_of: datetime | None = None,
    ) -> None:
        """Record the status of a run, even if it was started elsewhere.

        A status as of a time before another process recorded that the run is over does not make it
        go on again.
        """
        self.write(
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
                updated_at = excluded.updated_at
            WHERE excluded.is_over OR NOT runs.is_over
                OR runs.updated_at NOT BETWEEN :as_of AND :soon""",
            findall_id=findall_id,
            service=service,
            as_of=format_time(as_of or datetime.now(UTC)),
            # Others may write while this waits; later times are from before the clock was set back.
            soon=format_time(datetime.now(UTC) + _LONGEST_WAIT),
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
        self.write(
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
        self.write(
            """UPDATE runs SET status = 'ended', is_over = 1, updated_at = :now
            WHERE service = :service AND NOT is_over""",
            service=service,
        )

    def _set(self, column: str, findall_id: str, *, service: str) -> None:
        self.write(
            f"""UPDATE runs SET {column}, updated_at = :now
            WHERE service = :service AND findall_id = :findall_id""",
            service=service,
            findall_id=findall_id,
        )

    def forget(self, findall_id: str | None, *, before: datetime | None) -> int:
        """Delete the runs with this id or token, or those last seen and reviewed before a time.

        Return how many.
        """
        # A creation that was never answered has no id, and is known by its token.
        chosen = """coalesce(findall_id, token, '') IS :findall_id OR (updated_at < :before
            AND NOT EXISTS (SELECT 1 FROM reviews WHERE reviews.findall_id = runs.findall_id
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
        count = len(self.read(f"SELECT number FROM runs WHERE {chosen}", **values))
        is_empty = not count and not self.read(f"SELECT 1 FROM reviews WHERE {judged}", **values)
        is_done = is_empty or self.write(
            "PRAGMA secure_delete = ON",
            f"""DELETE FROM results WHERE (service, findall_id) IN
            (SELECT service, findall_id FROM runs WHERE {chosen})""",
            f"DELETE FROM reviews WHERE {judged}",
            f"DELETE FROM runs WHERE {chosen}",
            **values,
        )
        if is_done and count:
            self.shrink()
        return count if is_done else 0

    # -- reading -------------------------------------------------------------------------------

    def services_of(self, findall_id: str) -> list[str]:
        """Return the services with a run of this id, the latest run first."""
        rows = self.read(
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

    def equal_run(self, asked: str, *, service: str) -> dict[str, Any] | None:
        """Return the latest run of an equal search that goes on, as far as known, or completed.

        One without an id, which may not exist, is returned only if there is no other.
        """
        rows = self.read(_EQUAL_RUN, asked=asked, service=service)
        return dict(rows[0]) if rows else None

    def rows(self) -> list[dict[str, Any]]:
        """Return all runs, the latest first."""
        return [
            dict(row)
            for row in self.read(
                """SELECT runs.*, is_over AND results.size IS NOT NULL AS has_result
                FROM runs LEFT JOIN results USING (service, findall_id) ORDER BY number DESC"""
            )
        ]

    def _kept(self, where: str, **values: Any) -> KeptResult | None:
        rows = self.read(
            f"""SELECT * FROM runs JOIN results USING (service, findall_id)
            WHERE is_over AND {where} ORDER BY number DESC LIMIT 3""",
            **values,
        )
        for row in rows:
            try:
                return _kept_result(row)
            except FILE_FAULTS as error:
                call = resume_call(str(row["findall_id"]), service=str(row["service"]))
                warn(
                    f"The result of run {row['findall_id']} in the ledger {self.path} is damaged "
                    f"({error}). {call} fetches it from the service.",
                    LedgerWarning,
                )
        return None


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


def _kept_result(row: sqlite3.Row) -> KeptResult:
    """Return the result in a row, or raise one of `FILE_FAULTS`."""
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
        fetched_at=time_of(row["fetched_at"]),
        status=FindAllRunStatus(
            ended,
            is_active=False,
            metrics=FindAllCandidateMetrics(*counts),
            termination_reason=reason,
        ),
    )


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
    if parts["enrichments"]:
        parts["enrichments"] = [with_text_fields(each) for each in parts["enrichments"]]
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
