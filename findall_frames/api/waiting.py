"""Waits for a service that allows no request for now, visibly and within a deadline."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias, TypeVar

from findall_frames.api.deadline import TRANSIENT, Deadline, OutOfTimeError
from findall_frames.errors import APIError, FindAllWarning, RateLimitError, warn

__all__ = ["not_waiting", "showing_waits", "when_allowed"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_Show: TypeAlias = Callable[[str], None]

_SHORTEST_PAUSE, _FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 1.0, 60.0
_GROWTH: Final = 2.0
_LEAST: Final = 0.05
"""Seconds before the first repetition, if the service asks for no pause at all."""
_SHOWN: Final = 1.0
"""Seconds; a shorter pause is not worth a word."""
_PATIENCE, _PAID_PATIENCE = 120.0, 3900.0
"""Seconds to wait without a deadline; quotas on what costs money are per hour."""

_show: ContextVar[_Show | None] = ContextVar("_show", default=None)
_waits: ContextVar[bool] = ContextVar("_waits", default=True)


@contextmanager
def showing_waits(show: _Show) -> Iterator[None]:
    """Have every wait in the body shown; `show` is called once a second with what it is for."""
    token = _show.set(show)
    try:
        yield
    finally:
        _show.reset(token)


@contextmanager
def not_waiting() -> Iterator[None]:
    """Have refusals in the body raised at once, for a caller that waits by itself."""
    token = _waits.set(False)
    try:
        yield
    finally:
        _waits.reset(token)


def when_allowed(
    request: Callable[[float | None], _T], *, timeout: float | None, is_paid: bool = False
) -> _T:
    """Return the answer to a request, sent again while the service asks to come back later.

    That is a 429, which has had no effect, so that it is safe to repeat, or another transient
    status with ``Retry-After``, which only requests that cost nothing raise as an `APIError`.
    Outside of `showing_waits` there is one warning instead.

    Parameters
    ----------
    request : callable
        Sends the request, within a number of seconds.
    timeout : float, optional
        Seconds for all attempts and the pauses between them. None is an hour for a request that
        costs money, and two minutes for others.
    is_paid : bool
        True if the request costs money.

    Raises
    ------
    APIError
        The service still refuses, or allows the request too late.
    OutOfTimeError
        The same, if it is the timeout that ends the wait for a request that costs nothing.
    """
    deadline = Deadline.within(timeout)
    give_up = Deadline.after(_PAID_PATIENCE if is_paid else _PATIENCE)
    give_up = Deadline(min(deadline.at, give_up.at))
    growing, least, is_reported = _FIRST_PAUSE, _LEAST, False
    while True:
        try:
            return request(deadline.timeout)
        except APIError as error:
            is_refused = isinstance(error, RateLimitError)
            is_busy = error.status_code in TRANSIENT and error.retry_after is not None
            if not (is_refused or is_busy) or not _waits.get():
                raise
            if error.retry_after is None:
                # Half of what is left at most, so that there is an attempt near the deadline.
                pause = max(_SHORTEST_PAUSE, min(growing, give_up.remaining / 2))
                growing = min(_GROWTH * growing, _LONGEST_PAUSE)
            else:
                pause = max(error.retry_after, least)
                least = min(_GROWTH * least, _LONGEST_PAUSE)
            if pause >= give_up.remaining:
                if is_paid or give_up.at < deadline.at:
                    raise
                raise OutOfTimeError(may_have_arrived=False, last=str(error.status_code)) from None
            _log.info("the service allows no request for now; the next in %.1f s", pause)
            if pause >= _SHOWN and _show.get() is None and not is_reported:
                is_reported = True
                warn(
                    f"{error} It is sent again, at growing intervals or as the service asks, "
                    "until it is accepted or time is up; interrupt to stop waiting.",
                    FindAllWarning,
                )
        _wait(pause, "rate limited" if is_refused else "the service is busy")


def _wait(seconds: float, why: str) -> None:
    show = _show.get()
    if show is None or seconds < _SHOWN:
        time.sleep(seconds)
        return
    end = Deadline.after(seconds)
    while not end.has_passed():
        show(f"{why}; next attempt in {math.ceil(end.remaining)} s")
        time.sleep(end.clip(1.0))
