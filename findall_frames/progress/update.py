"""The state of a run at one moment, its wording in displays, and what a person may ask for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from findall_frames.addresses import is_loopback, resume_call
from findall_frames.api.models import FindAllCandidate
from findall_frames.display.text import duration, in_words, matches_of, one_line

__all__ = [
    "Rate",
    "Update",
    "View",
    "Wish",
    "Wishes",
    "all_counts",
    "counts",
    "ending",
    "headline",
    "interrupt_hint",
    "pace",
    "progress_of",
    "resume_advice",
]

_RATE_WINDOW: Final = 30.0
_RATE_STEP: Final = 1.0
"""Seconds between two points that are kept."""
_BRIEF: Final = 10.0
"""Seconds below which tenths are shown."""


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
    match_limit : int or None
        The requested number of matches; None if unknown or unlimited.
    rows : int or None
        How many rows there are to look at, on own data; None elsewhere.
    elapsed : float
        Seconds since waiting began.
    cost : float or None
        Estimated cost of the run so far, in US dollars; None where there are no prices.
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
    match_limit: int | None = None
    rows: int | None = None
    elapsed: float = 0.0
    cost: float | None = None
    event: str | None = None
    candidate: FindAllCandidate | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What to paint: the latest update, with time, matches and rate as of now.

    `elapsed` is in seconds since waiting began, `latest` has the last few matches, the newest
    first, `rate` is the number of candidates judged per second, None while unknown, and `advice`
    says how to continue with a run that is no longer watched.
    """

    update: Update
    elapsed: float
    latest: tuple[FindAllCandidate, ...] = ()
    rate: float | None = None
    advice: str = ""


class Rate:
    """Candidates judged per second, over the last 30 seconds.

    The first second does not count: after a resume it repeats what was judged before.
    """

    def __init__(self) -> None:
        self._begun: float | None = None
        self._points: deque[tuple[float, int]] = deque()
        self._judged = 0

    def note(self, judged: int, *, at: float) -> None:
        """Record how many are judged at a time of the monotonic clock."""
        self._judged = judged
        if self._begun is None:
            self._begun = at
        if at - self._begun < _RATE_STEP:
            self._points.clear()
        if not self._points or at - self._points[-1][0] >= _RATE_STEP:
            self._points.append((at, judged))
        while len(self._points) > 1 and at - self._points[1][0] > _RATE_WINDOW:
            self._points.popleft()

    def per_second(self, *, at: float) -> float | None:
        """Return the rate at a time, or None if too little time has passed."""
        if not self._points or at - self._points[0][0] < _RATE_STEP:
            return None
        since, before = self._points[0]
        return max(0, self._judged - before) / (at - since)


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


# -- wording -------------------------------------------------------------------------------------


def resume_advice(update: Update) -> str:
    """Return the advice to resume a run from Python."""
    return f"Resume with {resume_call(update.findall_id, service=update.service)}"


def interrupt_hint(view: View, *, what: str = "") -> str:
    """Return that it is safe to interrupt, with the advice, while the run is not over."""
    if not view.advice or view.update.is_over:
        return ""
    # A run at a service on this machine may end with that service.
    condition = " while this service runs" if is_loopback(view.update.service) else ""
    return f"{f'Safe to interrupt {what}'.rstrip()}{condition}. {view.advice}"


def headline(update: Update) -> str:
    """Return which run this is: id, service and objective."""
    place = f"{one_line(update.findall_id)} at {one_line(update.service)}".removeprefix(" at ")
    return f"{place}: {one_line(update.objective)}" if update.objective else place


def counts(view: View) -> str:
    """Return how far the run is, in one short line."""
    return f"{_found(view.update)}, {duration(view.elapsed)}"


def all_counts(view: View) -> str:
    """Return how far the run is, with every count there is."""
    update = view.update
    parts = [
        f"{update.generated:,} generated",
        f"{update.matched:,} matched",
        f"{update.unmatched:,} unmatched" if update.unmatched else "",
        pace(view.rate),
        duration(view.elapsed),
        _price(update),
    ]
    return " · ".join(part for part in parts if part)


def pace(rate: float | None) -> str:
    """Return the rate in words, per minute where it is slow.

    >>> pace(12.4), pace(0.25)
    ('12 judged per second', '15 judged per minute')
    """
    if rate is None:
        return ""
    return f"{rate:,.0f} judged per second" if rate >= 1 else f"{rate * 60:.0f} judged per minute"


def ending(view: View) -> str:
    """Return how the run ended, or that nobody waits for it any more."""
    update = view.update
    took = f"{view.elapsed:.1f} s" if view.elapsed < _BRIEF else duration(view.elapsed)
    if not update.findall_id:
        return f"Drafted in {took}." if update.is_over else "No run was started."
    if not update.is_over:
        found = matches_of(update.matched, limit=update.match_limit)
        return f"No longer watched after {took}: {found} so far. {view.advice}".rstrip()
    status = one_line(update.status)
    reason = f"; {in_words(update.termination_reason)}" if update.termination_reason else ""
    return f"{status[:1].upper()}{status[1:]} in {took}: {_found(update)}{reason}."


def _found(update: Update) -> str:
    """Return the numbers of matches and candidates, and the cost where there is a price."""
    found = matches_of(update.matched, candidates=update.generated, limit=update.match_limit)
    return ", ".join(part for part in (found, _price(update)) if part)


def _price(update: Update) -> str:
    return "" if update.cost is None else f"about ${update.cost:,.2f}"


def progress_of(update: Update) -> tuple[int, int | None]:
    """Return how much is done and of how much: matches of the limit, else rows of own data."""
    if update.match_limit:
        return update.matched, update.match_limit
    return update.generated, update.rows
