"""How fast a run goes, and how long it may still take."""

from __future__ import annotations

from collections import deque
from typing import Final

from findall_frames.progress.update import Update, View

__all__ = ["Rate", "judged_in", "pace", "time_left"]

_WINDOW: Final = 30.0
_STEP: Final = 1.0
"""Seconds between two points that are kept."""
_FEWEST_MATCHES: Final = 3
"""Fewest matches from which their share among candidates gives an estimate of the time left."""
_MANY_MINUTES: Final = 90
_MOST_MINUTES: Final = 6_000


def judged_in(update: Update) -> int:
    """Return how many candidates, or rows of own data, are judged."""
    if update.rows is not None:
        return max(update.generated, update.matched)
    return update.matched + update.unmatched


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
        if at - self._begun < _STEP:
            self._points.clear()
        if not self._points or at - self._points[-1][0] >= _STEP:
            self._points.append((at, judged))
        while len(self._points) > 1 and at - self._points[1][0] > _WINDOW:
            self._points.popleft()

    def per_second(self, *, at: float) -> float | None:
        """Return the rate at a time, or None if too little time has passed."""
        if not self._points or at - self._points[0][0] < _STEP:
            return None
        since, before = self._points[0]
        return max(0, self._judged - before) / (at - since)


def pace(rate: float | None, *, noun: str = "judged") -> str:
    """Return the rate in words, per minute where it is slow.

    >>> pace(12.4), pace(0.25), pace(3690, noun="rows")
    ('12 judged a second', '15 judged a minute', '3,690 rows a second')
    """
    if rate is None:
        return ""
    return f"{rate:,.0f} {noun} a second" if rate >= 1 else f"{rate * 60:.0f} {noun} a minute"


def time_left(view: View) -> str:
    """Return about how long it takes at the present rate; empty where that is not known."""
    update, rate = view.update, view.rate
    if not rate or update.status == "cancelling":
        return ""
    judged = judged_in(update)
    missing: list[float] = []  # candidates or rows to be judged until it is over
    if update.rows and judged <= update.rows:
        missing.append(update.rows - judged)
    if update.match_limit and _FEWEST_MATCHES <= update.matched <= update.match_limit:
        missing.append((update.match_limit - update.matched) * judged / update.matched)
    if not missing or (update.rows and update.match_limit and len(missing) == 1):
        return ""
    return _about(min(missing) / rate)


def _about(seconds: float) -> str:
    """Return a rough time; nothing where it is so long that the rate will not last.

    >>> _about(20), _about(400), _about(7000), _about(1e9)
    ('less than a minute left', 'about 7 min left', 'about 2 h left', '')
    """
    minutes = seconds / 60
    if minutes > _MOST_MINUTES:
        return ""
    if minutes < 1:
        return "less than a minute left"
    number, unit = (minutes, "min") if minutes < _MANY_MINUTES else (minutes / 60, "h")
    return f"about {int(number + 0.5)} {unit} left"
