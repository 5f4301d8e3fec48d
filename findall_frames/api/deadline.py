"""One absolute moment by which a call has to be over, passed down instead of durations."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from findall_frames.errors import InvalidRequestError

__all__ = ["NEVER", "Deadline"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, which changes of the wall clock cannot move."""

    at: float

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Give the moment ``seconds`` from now; None means never."""
        if seconds is None:
            return NEVER
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
            raise InvalidRequestError(
                f"timeout must be a number of seconds, zero or more, or None to wait without a "
                f"limit, not {seconds!r}."
            )
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, never negative; infinite for `NEVER`."""
        return max(0.0, self.at - time.monotonic())

    @property
    def timeout(self) -> float | None:
        """Seconds left, never negative; None for `NEVER`."""
        return self.remaining if self.is_finite else None

    def has_passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining <= 0

    @property
    def is_finite(self) -> bool:
        """Whether there is a limit at all."""
        return math.isfinite(self.at)

    def earlier(self, seconds: float) -> Deadline:
        """Give a moment that leaves ``seconds`` before this one."""
        return Deadline(self.at - seconds)

    def clip(self, seconds: float) -> float:
        """Shorten a wait so that it does not outlast the deadline."""
        return min(seconds, self.remaining)


NEVER = Deadline(math.inf)
