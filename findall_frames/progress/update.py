"""The state of a run at one moment, the calls that continue it, and what a person may ask for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

from findall_frames.addresses import client_argument, resume_call
from findall_frames.api.models import FindAllCandidate

__all__ = [
    "Update",
    "View",
    "Wish",
    "Wishes",
    "frames_call",
    "resume_call_of",
]


@dataclass(frozen=True, slots=True)
class Update:
    """What is known of a run at one moment.

    Attributes
    ----------
    findall_id : str
        The run; empty before it is created.
    objective : str or None
        The question; None for a resumed run whose search is not known.
    service : str
        Base URL of the service.
    status : str
        As last reported by the service, such as ``"running"``.
    is_over : bool
        True if this is the last update.
    termination_reason : str or None
        Why the run ended, in the API's word; None before the end.
    matched, generated, unmatched : int
        Candidates so far.
    undecided : int
        Those of `unmatched` that fail no condition, but of which one is unknown.
    match_limit : int or None
        The requested number of matches; None if unknown or unlimited.
    rows : int or None
        How many rows there are to look at, on own data; None elsewhere.
    elapsed : float
        Seconds since waiting began.
    cost, ceiling : float or None
        Estimated cost of the run, so far and at most, in US dollars; None where there are no
        prices.
    match_price : float or None
        The price of one more match, in US dollars; None where there are no prices.
    generator : str or None
        The generator of the run, such as ``"core"``; None if unknown.
    is_own_data : bool
        True if the service runs in this process, over own data.
    event : str or None
        Type of the event behind this update; None if only time has passed.
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
    undecided: int = 0
    match_limit: int | None = None
    rows: int | None = None
    elapsed: float = 0.0
    cost: float | None = None
    ceiling: float | None = None
    match_price: float | None = None
    generator: str | None = None
    is_own_data: bool = False
    event: str | None = None
    candidate: FindAllCandidate | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What to paint: the latest update, with time, matches and rate as of now.

    `elapsed` is in seconds since waiting began, `latest` has the last few matches, the newest
    first, and `rate` is the number of candidates judged per second, None while unknown. `resume`
    is the call or command that continues to wait for the run; empty if the run ends with the
    display. `warnings` are those of the service, which come with the result.
    """

    update: Update
    elapsed: float
    latest: tuple[FindAllCandidate, ...] = ()
    rate: float | None = None
    resume: str = ""
    warnings: tuple[str, ...] = ()


Wish: TypeAlias = Literal["leave", "cancel"]
"""What a person at a display may ask for: to stop waiting, or to cancel the run."""


class Wishes:
    """Carries the latest wish from the thread that handles clicks to the one that waits."""

    def __init__(self) -> None:
        self._latest: deque[Wish] = deque(maxlen=1)  # safe to use from two threads

    def ask(self, wish: Wish) -> None:
        """Leave a wish; it replaces an earlier one."""
        self._latest.append(wish)

    def take(self) -> Wish | None:
        """Return the wish that was left, once."""
        return self._latest.pop() if self._latest else None


# -- calls ---------------------------------------------------------------------------------------


def resume_call_of(update: Update) -> str:
    """Return the Python call that resumes the run of an update."""
    return resume_call(update.findall_id, service=update.service)


def frames_call(verb: str, update: Update, *arguments: str) -> str:
    """Return the Python statement that continues with the frames of a run.

    >>> update = Update("findall_1", None, "https://api.parallel.ai", "completed")
    >>> frames_call("extend", update, "20")
    'frames = ff.extend(frames, 20)'
    """
    # The verbs find a service over own data by its frames.
    client = "" if update.is_own_data else client_argument(update.service)
    return f"frames = ff.{verb}({', '.join(['frames', *arguments])}{client})"
