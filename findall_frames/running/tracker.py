"""The state of a run, updated from its events."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import AbstractContextManager
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
from findall_frames.api.waiting import showing_waits
from findall_frames.progress.displays import Display
from findall_frames.progress.update import Update
from findall_frames.running.pricing import CostEstimate

__all__ = ["Tracker"]


class Tracker:
    """Turns events, each on one candidate or status, into updates on the whole run."""

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
            self.update = self._priced(replace(self.update, **_values_of(status)))

    def take(self, event: Event | None) -> Update:
        """Return the update after an event, or, for None, after time has passed."""
        values: dict[str, Any] = {"event": None, "candidate": None}
        if isinstance(event, FindAllRunStatusEvent):
            self.status = event.data.status
            values |= {"event": event.type, **_values_of(event.data.status)}
        elif isinstance(event, FindAllCandidateMatchStatusEvent):
            values |= {"event": event.type, **self._candidate(event.data)}
        elif event is not None:
            values["event"] = event.type
        elapsed = time.monotonic() - self._begun
        self.update = self._priced(replace(self.update, elapsed=elapsed, **values))
        return self.update

    def showing_waits(self, display: Display) -> AbstractContextManager[None]:
        """Have it shown that the service allows no request for now, in place of the status."""

        def show(why: str) -> None:
            elapsed = time.monotonic() - self._begun
            display.show(replace(self.update, status=why, elapsed=elapsed, event=None))

        return showing_waits(show)

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
        # A status can be ahead of the candidates' events, for example after a resume.
        return {
            "candidate": candidate,
            "generated": max(self.update.generated, len(self._statuses)),
            "matched": max(self.update.matched, self._counts["matched"]),
            "unmatched": self._counts["unmatched"],
        }


def _values_of(status: FindAllRunStatus) -> dict[str, Any]:
    metrics = status.metrics
    return {
        "status": status.status,
        "is_over": status.is_over,
        "termination_reason": status.termination_reason if status.is_over else None,
        "generated": metrics.generated_candidates_count,
        "matched": metrics.matched_candidates_count,
        "rows": metrics.rows,
    }
