"""Waits until a service that refuses a paid request with 429 accepts it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Final, TypeVar

from findall_frames.api.deadline import Deadline
from findall_frames.errors import FindAllWarning, RateLimitError, warn

__all__ = ["when_allowed"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_SHORTEST_PAUSE, _FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 1.0, 60.0
_GROWTH: Final = 2.0
_PATIENCE: Final = 3900.0
"""Seconds to wait without a deadline: quotas are per hour."""


def when_allowed(
    request: Callable[[], _T],
    *,
    deadline: Deadline,
    show: Callable[[str], None] | None = None,
) -> _T:
    """Return the answer to a request, sent again after each 429 until the deadline.

    A request that was refused with 429 has had no effect, so that it is safe to repeat.

    Parameters
    ----------
    request : callable
        Sends the request.
    deadline : Deadline
        When to give up.
    show : callable, optional
        Called once a second with what is waited for; None issues one warning instead.

    Raises
    ------
    RateLimitError
        The service still refuses, or allows the request only after the deadline.
    """
    give_up = Deadline(min(deadline.at, Deadline.after(_PATIENCE).at))
    growing, is_reported = _FIRST_PAUSE, False
    while True:
        try:
            return request()
        except RateLimitError as error:
            pause = error.retry_after
            if pause is None:
                # Half of what is left at most, so that there is an attempt near the deadline.
                pause = max(_SHORTEST_PAUSE, min(growing, give_up.remaining / 2))
                growing = min(_GROWTH * growing, _LONGEST_PAUSE)
            if pause >= give_up.remaining:
                raise
            _log.info("the service allows no more requests; trying again in %.1f s", pause)
            if show is None and not is_reported:
                warn(
                    f"{error} It is sent again, at growing intervals, until it is accepted or "
                    "time is up; interrupt to stop waiting.",
                    FindAllWarning,
                )
            is_reported = True
        _wait(pause, show)


def _wait(seconds: float, show: Callable[[str], None] | None) -> None:
    end = Deadline.after(seconds)
    while not end.has_passed():
        if show is not None:
            show(f"rate limited; next attempt in {math.ceil(end.remaining)} s")
        time.sleep(end.clip(1.0))
