"""How fast candidates are judged, of late."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["Rate"]

_WINDOW: Final = 30.0
"""Seconds over which the rate is taken."""
_STEP: Final = 1.0
"""Seconds between two points that are remembered."""


class Rate:
    """Candidates judged per second, over the last half minute.

    What arrives in the first second counts for nothing: after a resume it tells again what was
    judged before.
    """

    def __init__(self) -> None:
        self._begun: float | None = None
        self._points: deque[tuple[float, int]] = deque()
        self._judged = 0

    def note(self, judged: int, *, at: float) -> None:
        """Take note of how many are judged by a moment on the monotonic clock."""
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
        """Give the rate as of a moment; None when too little time has passed to tell."""
        if not self._points or at - self._points[0][0] < _STEP:
            return None
        since, before = self._points[0]
        return max(0, self._judged - before) / (at - since)
