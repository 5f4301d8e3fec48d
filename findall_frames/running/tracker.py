"""The state of a run, updated from its events."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
        is_own_data: bool,
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
            ceiling=cost.ceiling if cost else None,
            match_price=cost.per_match + cost.enrichments_per_match if cost else None,
            generator=schema.generator if schema else None,
            is_own_data=is_own_data,
        )
        if status is not None:
            self.update = self._priced(replace(self.update, **_values_of(status)))

    def take(self, event: Event | str | None) -> Update:
        """Return the update after an event, or, for None, after time has passed.

        A text says what is waited for, and stands in place of the status once.
        """
        if isinstance(event, str):
            return replace(self.take(None), status=event)
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

    @contextmanager
    def showing_waits(self, display: Display) -> Iterator[None]:
        """Show for how long the service allows no request, in place of the status."""
        shown = 0

        def show(why: str) -> None:
            nonlocal shown
            shown += 1
            elapsed = time.monotonic() - self._begun
            display.show(replace(self.update, status=why, elapsed=elapsed, event=None))

        with showing_waits(show):
            yield
        if shown:
            display.show(self.update)  # what is shown last must not be that it waits

    def _priced(self, update: Update) -> Update:
        if self._cost is None:
            return update
        return replace(update, cost=self._cost.after(update.matched))

    def _candidate(self, candidate: FindAllCandidate) -> dict[str, Any]:
        before = self._statuses.get(candidate.candidate_id)
        if before is not None:
            self._counts[before] -= 1
        is_open = candidate.match_status == "unmatched" and _is_undecided(candidate)
        status = "undecided" if is_open else candidate.match_status
        self._statuses[candidate.candidate_id] = status
        self._counts[status] += 1
        # A status can be ahead of the candidates' events, for example after a resume.
        return {
            "candidate": candidate,
            "generated": max(self.update.generated, len(self._statuses)),
            "matched": max(self.update.matched, self._counts["matched"]),
            "unmatched": self._counts["unmatched"] + self._counts["undecided"],
            "undecided": self._counts["undecided"],
        }


def _is_undecided(candidate: FindAllCandidate) -> bool:
    """Return whether no condition fails and at least one is unknown."""
    verdicts = [
        output.get("is_matched")
        for output in (candidate.output or {}).values()
        if isinstance(output, dict) and output.get("type") == "match_condition"
    ]
    return None in verdicts and False not in verdicts


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
