"""One moment of a run, as progress displays and callables are given it."""

from __future__ import annotations

from dataclasses import dataclass

from findall_frames.api.models import FindAllCandidate

__all__ = ["Update"]


@dataclass(frozen=True, slots=True)
class Update:
    """What is known of a run at one moment.

    Attributes
    ----------
    findall_id : str
        The run; empty before it is created.
    objective : str or None
        What is searched; None when a run was resumed whose search is not known.
    service : str
        Base URL of the service.
    status : str
        As the service last said, such as ``"running"``.
    is_over : bool
        Whether this is the last update.
    termination_reason : str or None
        Why it ended, in the API's word; None before the end.
    matched, generated, unmatched : int
        Candidates so far.
    match_limit : int or None
        How many matches were asked for; None when unknown, and when all are.
    rows : int or None
        How many rows are looked at in all, on own data; None elsewhere.
    elapsed : float
        Seconds since waiting began.
    cost : float or None
        What the run has cost so far, estimated, in US dollars; None where there are no prices.
    event : str or None
        Type of the event that brought this update; None when only time has passed.
    candidate : FindAllCandidate or None
        The candidate that the event is about.

    Examples
    --------
    >>> Update("findall_1", "Find tiles", "http://127.0.0.1:1", "running", matched=2).matched
    2
    """

    findall_id: str
    objective: str | None
    service: str
    status: str
    is_over: bool = False
    termination_reason: str | None = None
    matched: int = 0
    generated: int = 0
    unmatched: int = 0
    match_limit: int | None = None
    rows: int | None = None
    elapsed: float = 0.0
    cost: float | None = None
    event: str | None = None
    candidate: FindAllCandidate | None = None
