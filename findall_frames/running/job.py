"""One search of a batch and what became of it, the limits of the batch, and passing failures."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from findall_frames.api.deadline import TRANSIENT
from findall_frames.api.events import Failures
from findall_frames.api.models import FindAllEnrichInput
from findall_frames.errors import (
    AmbiguousCreateError,
    APIError,
    FindAllError,
    RunTimeout,
    UnreachableError,
)
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.update import Update
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.spec import Search
from findall_frames.running.tracker import Tracker

__all__ = ["Job", "Terms", "is_passing"]


@dataclass(eq=False)
class Job:
    """One search of a batch, and what became of it.

    Attributes
    ----------
    options : dict
        The parameters of the search, as read.
    asked : str
        Their hash.
    update : Update
        Its state for displays.
    search : Search or None
        The whole search; None if its conditions are still to be drafted.
    findall_id, run
        The run, once it was created or found; `run` when it was first asked for its status.
    frames : FindAllFrames or None
        Its result, if there is one.
    error : str or None
        Why there is no whole result.
    is_over : bool
        True if nothing more is done for it.
    begun : float
        When waiting for the run began, on the monotonic clock.
    failures : Failures
        Of the requests for its status, since the last that was answered.
    tracker : Tracker or None
        Makes updates of its statuses.
    to_enrich : list of FindAllEnrichInput
        The enrichments that the run still lacks.
    """

    options: dict[str, Any]
    asked: str
    update: Update
    search: Search | None = None
    findall_id: str | None = None
    run: RecordedRun | None = None
    frames: FindAllFrames | None = None
    error: str | None = None
    is_over: bool = False
    begun: float = field(default_factory=time.monotonic)
    failures: Failures = field(default_factory=lambda: Failures(is_new=True))
    tracker: Tracker | None = None
    to_enrich: list[FindAllEnrichInput] = field(default_factory=list)

    def end(self, status: str, error: str | None = None) -> None:
        """Record that nothing more is done for it."""
        self.is_over = True
        self.error = error or self.error
        self.update = replace(self.update, status=status, is_over=True, event=None, candidate=None)


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of a batch: runs at a time, US dollars in all, and creations per hour.

    The dollars are for all its searches, which are given by their hashes.
    """

    batch: tuple[str, ...]
    max_active: int | None
    budget: float | None
    per_hour: int


def is_passing(error: FindAllError) -> bool:
    """Return True if the request had no effect, and may succeed later."""
    if isinstance(error, APIError):
        # After such a status, a request that costs money raises the other error.
        return error.status_code in TRANSIENT or error.retry_after is not None
    is_ambiguous = isinstance(error, AmbiguousCreateError)
    return isinstance(error, (UnreachableError, RunTimeout)) and not is_ambiguous
