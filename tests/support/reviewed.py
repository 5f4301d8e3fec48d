"""Reviews of the invented results."""

from __future__ import annotations

import datetime as dt

from findall_frames.display.outcomes import Review

__all__ = ["review"]


def review(
    candidate_id: str = "c1",
    *,
    decision: str | None = "accept",
    about: str | None = None,
    value: str | None = None,
    note: str | None = None,
    day: int = 1,
) -> Review:
    """Return a review of a candidate, or of one of its fields."""
    return {
        "findall_id": "findall_1",
        "candidate_id": candidate_id,
        "field": about,
        "decision": decision,
        "value": value,
        "note": note,
        "reviewer": "ada",
        "reviewed_at": dt.datetime(2026, 3, day, tzinfo=dt.UTC),
    }
