"""Time limits: deadlines, requests that are abandoned at one, and retries that end by it."""

from __future__ import annotations

import contextvars
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import urllib3
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util.retry import Retry

from findall_frames.amounts import is_amount, retry_after
from findall_frames.background import in_background
from findall_frames.errors import InvalidRequestError

__all__ = [
    "IDEMPOTENT",
    "NEVER",
    "NON_IDEMPOTENT",
    "TRANSIENT",
    "Deadline",
    "OutOfTimeError",
    "current_deadline",
    "run_in_time",
]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

# 520 to 529 are those of proxies in front of a service that can't be reached or is overloaded.
TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504, *range(520, 530)})
"""The statuses after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock by which several requests have to be done."""

    at: float

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Return the moment ``seconds`` from now; None means never."""
        if seconds is None:
            return NEVER
        if not is_amount(seconds):
            raise InvalidRequestError(
                f"timeout must be a number of seconds, zero or more, or None to wait without a "
                f"limit, not {seconds!r}."
            )
        # Python's locks can't wait for longer, which is some 292 years.
        if seconds > threading.TIMEOUT_MAX:
            return NEVER
        return cls(time.monotonic() + float(seconds))

    @classmethod
    def within(cls, timeout: float | None) -> Deadline:
        """Return the same, also for what is left of a caller's time, which may be negative."""
        return cls.after(0.0 if isinstance(timeout, (int, float)) and timeout < 0 else timeout)

    @property
    def remaining(self) -> float:
        """Seconds left, never negative; infinite for `NEVER`."""
        return max(0.0, self.at - time.monotonic())

    @property
    def timeout(self) -> float | None:
        """Seconds left, never negative; None for `NEVER`."""
        return self.remaining if self.is_finite else None

    def has_passed(self) -> bool:
        """Return True if no time is left."""
        return self.remaining <= 0

    @property
    def is_finite(self) -> bool:
        """True if there is a limit."""
        return math.isfinite(self.at)

    def earlier(self, seconds: float) -> Deadline:
        """Return the deadline ``seconds`` before this one."""
        return Deadline(self.at - seconds)

    def clip(self, seconds: float) -> float:
        """Return ``seconds``, shortened to end by the deadline."""
        return min(seconds, self.remaining)


NEVER = Deadline(math.inf)
_deadline: contextvars.ContextVar[Deadline] = contextvars.ContextVar("_deadline", default=NEVER)
_failures: contextvars.ContextVar[deque[str | BaseException]] = contextvars.ContextVar("_failures")


def current_deadline() -> Deadline:
    """Return the deadline of the request that this thread runs."""
    return _deadline.get()


class OutOfTimeError(Exception):
    """The deadline has passed.

    ``may_have_arrived`` is False if no attempt took effect, and ``last`` is the status or the
    exception with which the last one failed, if known.
    """

    def __init__(
        self,
        message: str = "the deadline has passed",
        *,
        may_have_arrived: bool = True,
        last: str | BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived
        self.last = last


def run_in_time(
    send: Callable[[], _T],
    timeout: float | None,
    *,
    discard: Callable[[_T], None] = lambda answer: None,
) -> _T:
    """Run a request in a thread that is abandoned at the timeout.

    Socket timeouts start anew with each byte and do not cover the lookup of a host name, so they
    cannot enforce a limit. An answer that arrives too late goes to `discard`.
    """
    deadline = Deadline.within(timeout)
    if deadline.has_passed():
        raise OutOfTimeError(may_have_arrived=False)
    if not deadline.is_finite:
        return send()
    outcome: Future[_T] = Future()
    failures: deque[str | BaseException] = deque(maxlen=1)

    def work() -> _T:
        _deadline.set(deadline)
        _failures.set(failures)
        return send()

    def discard_late(late: Future[_T]) -> None:
        if late.exception() is None:
            discard(late.result())

    in_background(work, outcome=outcome)
    if not wait([outcome], timeout=deadline.remaining).done:
        outcome.add_done_callback(discard_late)
        raise OutOfTimeError(may_have_arrived=True, last=failures[-1] if failures else None)
    return outcome.result()


class _BoundedRetry(Retry):
    """Exponential backoff that ends at the deadline, and leaves longer pauses to the caller."""

    # urllib3 would retry some statuses that have a Retry-After, whatever the status_forcelist.
    RETRY_AFTER_STATUS_CODES: frozenset[int] = frozenset()

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        response = kwargs.get("response")
        if response is not None and retry_after(response.headers) is not None:
            raise MaxRetryError(kwargs["_pool"], "", ResponseError("to be sent again later"))
        retry = super().increment(*args, **kwargs)
        if (failures := _failures.get(None)) is not None:
            failures.append(retry.history[-1].error or str(retry.history[-1].status))
        return retry

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        pause = self.get_backoff_time()
        if pause >= _deadline.get().remaining:
            failures = _failures.get(None)
            raise OutOfTimeError(may_have_arrived=False, last=failures[-1] if failures else None)
        if pause:
            _log.info("the request failed; retrying in %.1f s", pause)
            time.sleep(pause)


# A request that is not idempotent is retried only if it certainly did not arrive.
NON_IDEMPOTENT = _BoundedRetry(
    total=5,
    redirect=0,
    read=0,
    other=0,
    allowed_methods=None,
    backoff_factor=0.25,
    backoff_max=8,
    backoff_jitter=0.1,
    raise_on_status=False,
)
# A 429 is waited out by the caller.
IDEMPOTENT = NON_IDEMPOTENT.new(read=None, other=None, status_forcelist=TRANSIENT - {429})
