"""What is known of a run while its events come in."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

from findall_frames.api.models import (
    Event,
    FindAllCandidate,
    FindAllCandidateMatchStatusEvent,
    FindAllRunStatus,
    FindAllRunStatusEvent,
    FindAllSchema,
)
from findall_frames.progress.update import Update
from findall_frames.running.pricing import CostEstimate

__all__ = ["Tracker"]


class Tracker:
    """Keeps the latest update from events, which tell of one candidate or one status at a time."""

    def __init__(
        self,
        findall_id: str,
        *,
        service: str,
        schema: FindAllSchema | None,
        status: FindAllRunStatus | None,
        cost: CostEstimate | None,
        begun: float,
    ) -> None:
        self.status = status
        self._cost = cost
        self._begun = begun
        self._statuses: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self.update = Update(
            findall_id=findall_id,
            objective=schema.objective if schema else None,
            service=service,
            status="asking",
            match_limit=schema.match_limit if schema else None,
            elapsed=time.monotonic() - begun,
        )
        if status is not None:
            self.update = self._priced(replace(self.update, **_news_of(status)))

    def take(self, event: Event | None) -> Update:
        """Take note of an event; None means that only time has passed."""
        news: dict[str, Any] = {"event": None, "candidate": None}
        if isinstance(event, FindAllRunStatusEvent):
            self.status = event.data.status
            news |= {"event": event.type, **_news_of(event.data.status)}
        elif isinstance(event, FindAllCandidateMatchStatusEvent):
            news |= {"event": event.type, **self._candidate(event.data)}
        elif event is not None:
            news["event"] = event.type
        elapsed = time.monotonic() - self._begun
        self.update = self._priced(replace(self.update, elapsed=elapsed, **news))
        return self.update

    def _priced(self, update: Update) -> Update:
        if self._cost is None:
            return update
        return replace(update, cost=self._cost.after(update.matched))

    def _candidate(self, candidate: FindAllCandidate) -> dict[str, Any]:
        before = self._statuses.get(candidate.candidate_id)
        if before is not None:
            self._counts[before] -= 1
        self._statuses[candidate.candidate_id] = candidate.match_status
        self._counts[candidate.match_status] += 1
        # A status may be ahead of the candidates' events, and after a resume it is.
        return {
            "candidate": candidate,
            "generated": max(self.update.generated, len(self._statuses)),
            "matched": max(self.update.matched, self._counts["matched"]),
            "unmatched": self._counts["unmatched"],
        }


def _news_of(status: FindAllRunStatus) -> dict[str, Any]:
    metrics = status.metrics
    return {
        "status": status.status,
        "is_over": status.is_over,
        "termination_reason": status.termination_reason if status.is_over else None,
        "generated": metrics.generated_candidates_count,
        "matched": metrics.matched_candidates_count,
        "rows": metrics.rows,
    }
