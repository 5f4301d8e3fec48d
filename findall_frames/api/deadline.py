"""Time limits: deadlines, requests that are abandoned at one, and retries that end by it."""

from __future__ import annotations

import contextvars
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import urllib3
from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
from urllib3.util.retry import Retry

from findall_frames.errors import InvalidRequestError

__all__ = [
    "IDEMPOTENT",
    "NEVER",
    "NON_IDEMPOTENT",
    "Deadline",
    "OutOfTimeError",
    "current_deadline",
    "retry_after",
    "run_in_time",
]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_LONGEST_RETRY_AFTER: Final = 120.0
"""Seconds; a request with a longer ``Retry-After`` fails at once."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock by which several requests have to be done."""

    at: float

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Return the moment ``seconds`` from now; None means never."""
        if seconds is None:
            return NEVER
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
            raise InvalidRequestError(
                f"timeout must be a number of seconds, zero or more, or None to wait without a "
                f"limit, not {seconds!r}."
            )
        # Python's locks can't wait for longer, which is some 292 years.
        return NEVER if seconds > threading.TIMEOUT_MAX else cls(time.monotonic() + seconds)

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


def current_deadline() -> Deadline:
    """Return the deadline of the request that this thread runs."""
    return _deadline.get()


class OutOfTimeError(Exception):
    """The deadline has passed; ``may_have_arrived`` is False if no attempt took effect."""

    def __init__(
        self, message: str = "the deadline has passed", *, may_have_arrived: bool = True
    ) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived


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
    # Callers pass what is left of their own time, which may be nothing.
    if isinstance(timeout, (int, float)) and timeout <= 0:
        raise OutOfTimeError(may_have_arrived=False)
    deadline = Deadline.after(timeout)
    if not deadline.is_finite:
        return send()
    outcome: Future[_T] = Future()

    def work() -> None:
        _deadline.set(deadline)
        try:
            outcome.set_result(send())
        except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
            outcome.set_exception(error)

    def discard_late(late: Future[_T]) -> None:
        if late.exception() is None:
            discard(late.result())

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True).start()
    if not wait([outcome], timeout=deadline.remaining).done:
        outcome.add_done_callback(discard_late)
        raise OutOfTimeError(may_have_arrived=True)
    return outcome.result()


class _BoundedRetry(Retry):
    """Exponential backoff that obeys ``Retry-After``, and ends at the deadline."""

    # urllib3 would retry any 413 and 503 that has a Retry-After, whatever the status_forcelist.
    RETRY_AFTER_STATUS_CODES = frozenset({429})

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        response = kwargs.get("response")
        if response is not None and (retry_after(response.headers) or 0) > _LONGEST_RETRY_AFTER:
            raise MaxRetryError(kwargs["_pool"], "", ResponseError("Retry-After is too long"))
        return super().increment(*args, **kwargs)

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        requested = None if response is None else retry_after(response.headers)
        pause = self.get_backoff_time() if requested is None else requested
        if pause >= _deadline.get().remaining:
            raise OutOfTimeError(may_have_arrived=False)
        if pause:
            _log.info("the request failed; retrying in %.1f s", pause)
            time.sleep(pause)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or as a date."""
    requested = headers.get("retry-after")
    if requested is not None:
        with suppress(InvalidHeader, ValueError, OverflowError):
            return float(Retry().parse_retry_after(requested))
    return None


# A request that is not idempotent is retried only if it certainly did not arrive, or was rejected
# with 429 and Retry-After.
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
IDEMPOTENT = NON_IDEMPOTENT.new(
    read=None,
    other=None,
    # 520 to 529 are those of proxies in front of a service that can't be reached or is overloaded.
    status_forcelist=(408, 429, 500, 502, 503, 504, *range(520, 530)),
)
