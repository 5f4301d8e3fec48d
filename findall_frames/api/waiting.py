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

__all__ = [
    "Patience",
    "is_refused_so_far",
    "not_waiting",
    "showing_waits",
    "wait_told",
    "when_allowed",
    "why_refused",
]

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
_NO_EFFECT: Final = "The service had refused the request until then, so nothing was started."

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


def is_refused_so_far(interrupt: BaseException) -> bool:
    """Return True if an interrupt ended the wait after a refusal of a request that costs money."""
    return _NO_EFFECT in getattr(interrupt, "__notes__", ())


class Patience:
    """How long to wait after each refusal before a request is sent again, and when to give up.

    Parameters
    ----------
    deadline : Deadline
        Of the caller.
    is_paid : bool
        True if the request costs money: quotas on these are per hour, so more than an hour is
        waited for. It is two minutes for others.
    """

    def __init__(self, deadline: Deadline, *, is_paid: bool) -> None:
        longest = Deadline.after(_PAID_PATIENCE if is_paid else _PATIENCE)
        self.give_up = Deadline(min(deadline.at, longest.at))
        self._growing, self._least = _FIRST_PAUSE, _LEAST

    def pause_after(self, retry_after: float | None) -> float | None:
        """Return the seconds to wait, or None if that is longer than to wait at all.

        Parameters
        ----------
        retry_after : float, optional
            The seconds that the service asks for. Without them, the pauses grow to a minute.
        """
        if retry_after is None:
            # Half of what is left at most, so that there is an attempt near the deadline.
            pause = max(_SHORTEST_PAUSE, min(self._growing, self.give_up.remaining / 2))
            self._growing = min(_GROWTH * self._growing, _LONGEST_PAUSE)
        else:
            pause = max(retry_after, self._least)
            self._least = min(_GROWTH * self._least, _LONGEST_PAUSE)
        return None if pause >= self.give_up.remaining else pause


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
    KeyboardInterrupt
        The kernel was interrupted; `is_refused_so_far` tells if that was after a refusal.
    """
    deadline = Deadline.within(timeout)
    patience = Patience(deadline, is_paid=is_paid)
    is_reported = False
    while True:
        try:
            return request(deadline.timeout)
        except APIError as error:
            is_refused, why = isinstance(error, RateLimitError), why_refused(error)
            is_busy = error.status_code in TRANSIENT and error.retry_after is not None
            if not (is_refused or is_busy) or not _waits.get():
                raise
            pause = patience.pause_after(error.retry_after)
            if pause is None:
                if is_paid or patience.give_up.at < deadline.at:
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
        try:
            _wait(pause, why)
        except BaseException as interrupt:
            if is_paid:
                interrupt.add_note(_NO_EFFECT)
            raise


def why_refused(error: APIError) -> str:
    """Return in words why a request was not answered."""
    return "rate limited" if isinstance(error, RateLimitError) else "the service is busy"


def wait_told(seconds: float, why: str) -> str:
    """Return in words what is waited for, and for how long.

    Examples
    --------
    >>> wait_told(29.2, "rate limited")
    'rate limited; next attempt in 30 s'
    """
    return f"{why}; next attempt in {math.ceil(seconds)} s"


def _wait(seconds: float, why: str) -> None:
    show = _show.get()
    if show is None or seconds < _SHOWN:
        time.sleep(seconds)
        return
    end = Deadline.after(seconds)
    while not end.has_passed():
        show(wait_told(end.remaining, why))
        time.sleep(end.clip(1.0))
