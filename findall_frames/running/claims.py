"""Claims in the ledger: who may create which run, within the quota and the budget of a batch."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from findall_frames.api.models import FindAllSchema, format_time, parse_time
from findall_frames.errors import LedgerError
from findall_frames.running.ledger import Ledger, insert_intent
from findall_frames.running.pricing import CostEstimate

__all__ = ["Claim", "KnownRun", "claim", "is_being_created", "known_run", "settle", "withdraw"]

_HOUR: Final = timedelta(hours=1)
_LONGEST_CREATION: Final = timedelta(seconds=75)
"""A request is given up before that, so its answer is not waited for any more."""
_LOOK_AGAIN: Final = 1.0
"""Seconds until it is looked again whether runs that are over have freed a part of the budget."""
_ROUNDING: Final = 1e-6
"""US dollars; sums of floats are off by less."""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """The latest run of an equal search in the ledger.

    Attributes
    ----------
    findall_id : str or None
        None if its creation was not answered, or not yet.
    token : str or None
        Stands in the metadata of the run, if it exists.
    is_over, is_being_created : bool
        Whether it is over, as far as known, and whether its creation may still be answered.
    """

    findall_id: str | None
    token: str | None
    is_over: bool
    is_being_created: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a run may be created now.

    Attributes
    ----------
    verdict : str
        ``"granted"``: the intent is in the ledger, and `token` belongs into the metadata of the
        run. ``"known"``: `known` is an equal run. ``"quota"`` and ``"budget"``: it is used up.
    token : str or None
        See `verdict`.
    known : KnownRun or None
        See `verdict`.
    seconds : float
        When to ask again.
    spent : float
        What the searches of the batch cost so far, with what is reserved, in US dollars.
    unfinished : frozenset of str
        The hashes of those whose runs go on, as far as known, and may free a part of the budget.
    """

    verdict: Literal["granted", "known", "quota", "budget"]
    token: str | None = None
    known: KnownRun | None = None
    seconds: float = 0.0
    spent: float = 0.0
    unfinished: frozenset[str] = frozenset()


def known_run(ledger: Ledger, asked: str, *, service: str) -> KnownRun | None:
    """Return the latest run of an equal search that was created or may have been.

    Runs that failed or were cancelled count: they were paid for.
    """
    return ledger.transact(lambda connection: _known(connection, asked, service=service))


def is_being_created(run: sqlite3.Row | Mapping[str, Any]) -> bool:
    """Return True if a run of the ledger without an id may still get one from its own call."""
    # Written again when its call gave up; a call whose process was killed does not write. A time
    # in the future is from before the clock was set back.
    now = datetime.now(UTC)
    earliest, latest = (format_time(now + by) for by in (-_LONGEST_CREATION, _LONGEST_CREATION))
    is_recent = earliest < str(run["started_at"]) <= latest
    return bool(is_recent and run["updated_at"] == run["started_at"])


def claim(
    ledger: Ledger,
    *,
    service: str,
    schema: FindAllSchema,
    asked: str,
    batch: Sequence[str],
    cost: CostEstimate | None,
    ceiling: float | None,
    budget: float | None,
    per_hour: int,
) -> Claim | None:
    """Record the intent to create a run, if nobody else has and quota and budget allow it.

    This is one transaction, so that threads and processes that race exceed neither.

    Parameters
    ----------
    ledger : Ledger
        Where it is recorded.
    service : str
        The base URL of the service.
    schema : FindAllSchema
        The search.
    asked : str
        Its hash, from `question`.
    batch : sequence of str
        The hashes of all searches of the call. The budget is for the latest run of each, whichever
        call has created it: for one that is over it counts what it cost, for others the ceiling.
    cost : CostEstimate, optional
        Where the service has published prices.
    ceiling : float, optional
        To be reserved, in US dollars; None if there is no price.
    budget : float, optional
        In US dollars.
    per_hour : int
        The quota: how many runs may be created at the service within an hour.

    Returns
    -------
    Claim or None
        None if the ledger can't be used.
    """

    def decide(connection: sqlite3.Connection) -> Claim:
        now = datetime.now(UTC)
        if (known := _known(connection, asked, service=service)) is not None:
            return Claim("known", known=known)
        spent, unfinished = _spent(connection, batch, service=service)
        after = spent + (ceiling or 0.0)
        if budget is not None and after > budget + _ROUNDING:
            return Claim("budget", spent=spent, unfinished=unfinished, seconds=_LOOK_AGAIN)
        wait = _quota_wait(connection, service=service, per_hour=per_hour, now=now)
        if wait is not None:
            return Claim("quota", spent=spent, seconds=wait)
        token = uuid.uuid4().hex
        insert_intent(
            connection,
            token,
            service=service,
            schema=schema,
            asked=asked,
            cost=cost,
            reserved=ceiling,
        )
        return Claim("granted", token=token, spent=after)

    return ledger.transact(decide)


def withdraw(ledger: Ledger, token: str) -> None:
    """Delete a claim whose creation certainly had no effect and will be claimed again."""
    ledger.transact(
        lambda connection: connection.execute(
            "DELETE FROM runs WHERE token = :token AND findall_id IS NULL", {"token": token}
        )
    )


def settle(
    ledger: Ledger, questions: Iterable[str], findall_ids: Collection[str], *, service: str
) -> None:
    """Detach runs from their searches: no search finds them, and no budget counts them any more.

    Parameters
    ----------
    ledger : Ledger
        Where they are recorded.
    questions : iterable of str
        Hashes of searches.
    findall_ids : collection of str
        The runs. Others with these questions stay as they are.
    service : str
        The base URL of their service.

    Raises
    ------
    LedgerError
        The ledger can't be written, and may have runs that are done with.
    """

    def work(connection: sqlite3.Connection) -> bool:
        for asked in questions:
            values = {"asked": asked, "service": service}
            rows = connection.execute(
                """SELECT number, findall_id FROM runs
                WHERE service = :service AND asked = :asked AND findall_id IS NOT NULL""",
                values,
            ).fetchall()
            connection.executemany(
                "UPDATE runs SET asked = NULL WHERE number = ?",
                [(row["number"],) for row in rows if row["findall_id"] in findall_ids],
            )
        return True

    if ledger.path is not None and not ledger.transact(work):
        raise LedgerError(
            f"The ledger {ledger.path} is locked or can't be written, so it is not known which "
            "runs are still to be waited for, and nothing was started. Make the same call again "
            "when the ledger can be written."
        )


def _known(connection: sqlite3.Connection, asked: str, *, service: str) -> KnownRun | None:
    row = connection.execute(
        """SELECT findall_id, token, is_over, started_at, updated_at FROM runs
        WHERE service = :service AND asked = :asked AND (findall_id IS NOT NULL OR NOT is_over)
        ORDER BY number DESC LIMIT 1""",
        {"asked": asked, "service": service},
    ).fetchone()
    if row is None:
        return None
    return KnownRun(
        findall_id=row["findall_id"],
        token=row["token"],
        is_over=bool(row["is_over"]),
        is_being_created=is_being_created(row),
    )


def _spent(
    connection: sqlite3.Connection, batch: Sequence[str], *, service: str
) -> tuple[float, frozenset[str]]:
    """Return the dollars that are spent or reserved, and the hashes for which they are reserved."""
    spent, unfinished = connection.execute(
        """SELECT total(CASE WHEN is_over THEN coalesce(cost, reserved)
            ELSE coalesce(reserved, cost_ceiling) END),
            group_concat(CASE WHEN NOT is_over THEN asked END)
        FROM runs WHERE number IN (
            SELECT max(number) FROM runs WHERE service = :service
            AND asked IN (SELECT value FROM json_each(:batch))
            AND (findall_id IS NOT NULL OR NOT is_over) GROUP BY asked)""",
        {"batch": json.dumps(list(batch)), "service": service},
    ).fetchone()
    return float(spent), frozenset((unfinished or "").split(",")) - {""}


def _quota_wait(
    connection: sqlite3.Connection, *, service: str, per_hour: int, now: datetime
) -> float | None:
    """Return the seconds until a run may be created, or None if it may be created now."""
    rows = connection.execute(
        # Times in the future are from before the clock was set back.
        """SELECT started_at FROM runs WHERE service = :service AND token IS NOT NULL
        AND started_at > :since AND started_at <= :now AND status <> 'refused'
        ORDER BY started_at DESC LIMIT 1 OFFSET :before""",
        {
            "service": service,
            "since": format_time(now - _HOUR),
            "now": format_time(now),
            "before": per_hour - 1,
        },
    ).fetchall()
    begun = parse_time(rows[0]["started_at"]) if rows else None
    return None if begun is None else (begun + _HOUR - now).total_seconds()
