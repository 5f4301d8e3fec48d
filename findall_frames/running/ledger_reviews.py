"""The reviews in the ledger: stores what people judged, and gives it back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from findall_frames.api.models import format_time, parse_time
from findall_frames.display.text import counted
from findall_frames.errors import LedgerWarning, warn
from findall_frames.frames.reviews import ReviewRow
from findall_frames.frames.schema import DECISIONS
from findall_frames.running.ledger_file import FILE_FAULTS, LedgerFile, service_key, time_of

__all__ = ["add_review", "keep_reviews", "reviewed_runs", "reviews_of"]

_KEEP_REVIEW: Final = """INSERT INTO reviews (service, findall_id, candidate_id, field, decision,
        value, note, reviewer, reviewed_at)
    VALUES (:service, :findall_id, :candidate_id, :field, :decision, :value, :note, :reviewer,
        :reviewed_at)
    ON CONFLICT (findall_id, service, candidate_id, field IS NULL, ifnull(field, ''))
    DO UPDATE SET decision = excluded.decision, value = excluded.value, note = excluded.note,
        reviewer = excluded.reviewer, reviewed_at = excluded.reviewed_at"""


def keep_reviews(ledger: LedgerFile, reviews: Sequence[ReviewRow], *, service: str) -> None:
    """Store judgements; a later one of the same thing stays.

    One that takes the earlier judgement back is stored too, so that an old copy of the frames
    does not bring that back.
    """
    ledger.write(
        f"{_KEEP_REVIEW} WHERE excluded.reviewed_at >= reviewed_at",
        each=[_values_of(review) for review in reviews],
        service=service,
    )


def add_review(ledger: LedgerFile, review: ReviewRow, *, service: str) -> None:
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
            if before and service_key(place, review.findall_id) == service_key(
                service, review.findall_id
            ):
                at = max(at, before + timedelta(microseconds=1))
        connection.execute(_KEEP_REVIEW, {**values, "reviewed_at": format_time(at)})

    ledger.transact(add)


def reviews_of(ledger: LedgerFile, findall_id: str, *, service: str) -> list[ReviewRow]:
    """Return the judgements of a run, also those that took an earlier one back.

    An embedded service has another port each time that it is started, so all of these count
    as one.
    """
    rows = ledger.read(
        """SELECT service, findall_id, candidate_id, field, decision, value, note, reviewer,
        reviewed_at FROM reviews WHERE findall_id = :findall_id ORDER BY reviewed_at""",
        findall_id=findall_id,
    )
    reviews, damaged = [], 0
    for row in rows:
        place, *columns = row
        try:
            if service_key(place, findall_id) == service_key(service, findall_id):
                reviews.append(_review(columns))
        except FILE_FAULTS:
            damaged += 1
    if damaged:
        warn(
            f"{counted(damaged, 'review')} of run {findall_id} in the ledger {ledger.path} "
            "cannot be read and were left out. Review these candidates again.",
            LedgerWarning,
        )
    return reviews


def reviewed_runs(ledger: LedgerFile, objective: str) -> list[tuple[str, str]]:
    """Return id and service of the reviewed runs with this objective, the latest first."""
    rows = ledger.read(
        """SELECT DISTINCT number, runs.findall_id, runs.service FROM runs JOIN reviews
        ON reviews.findall_id = runs.findall_id
        AND place(reviews.service, reviews.findall_id) = place(runs.service, runs.findall_id)
        WHERE objective = :objective ORDER BY number DESC""",
        objective=objective,
    )
    return [(str(row["findall_id"]), str(row["service"])) for row in rows]


def _values_of(review: ReviewRow) -> dict[str, Any]:
    return {**review._asdict(), "reviewed_at": format_time(review.reviewed_at)}


def _review(columns: Sequence[Any]) -> ReviewRow:
    """Return the judgement in the columns of a row, or raise one of `FILE_FAULTS`."""
    *texts, at = columns
    keys = msgspec.convert(texts[:2], tuple[str, str])
    said = msgspec.convert(
        texts[2:], tuple[str | None, str | None, str | None, str | None, str | None]
    )
    row = ReviewRow(*keys, *said, time_of(at))
    if row.decision not in (*DECISIONS, None):
        raise ValueError(f"{row.decision!r} is not a decision")
    return row
