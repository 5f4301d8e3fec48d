"""What a service lets its clients start and hold open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from starlette.exceptions import HTTPException

from findall_frames.embedded.runs.store import Store

__all__ = ["Quota"]

_MAX_ACTIVE_RUNS = 1_000
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """How many runs may be created; by default as many as anybody likes.

    `runs` is in all, over the life of the store; more are refused with 402. More than
    `runs_per_hour`, at least 1, are refused with 429, which says when there is room again.
    """

    runs: int | None = None
    runs_per_hour: int | None = None

    def demand_room(self, store: Store) -> None:
        """Raise an HTTPException of 402 or 429 for a run that would be one too many."""
        if len(store.active()) >= _MAX_ACTIVE_RUNS:
            _slow_down(f"{_MAX_ACTIVE_RUNS:,} runs go on already. Wait until some are over.", 1)
        if self.runs is not None and store.run_count() >= self.runs:
            raise HTTPException(
                402, f"The quota of this service is used up: it has {self.runs} runs, and no more."
            )
        if self.runs_per_hour is not None:
            now = datetime.now(UTC)
            recent = store.created_after(now - _HOUR)
            if len(recent) >= self.runs_per_hour:
                wait = recent[-self.runs_per_hour] + _HOUR - now
                _slow_down(
                    f"Expected at most {self.runs_per_hour} new runs in an hour; this is one more.",
                    max(1, math.ceil(wait.total_seconds())),
                )


def _slow_down(message: str, seconds: int) -> NoReturn:
    raise HTTPException(429, message, headers={"Retry-After": str(seconds)})
