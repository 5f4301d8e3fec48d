"""Requests to one service: retried where that is harmless, within a deadline, key kept at home."""

from __future__ import annotations

import contextvars
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    InvalidHeader,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.util.retry import Retry

from findall_frames.api.deadline import NEVER, Deadline

__all__ = ["OutOfTimeError", "PauseTooLongError", "Transport", "cause_of", "never_arrived"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

CONNECT_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 60.0
BODY_ATTEMPTS: Final = 3
LONGEST_PAUSE: Final = 120.0
"""Seconds; a service that asks for a longer pause is reported instead of waited for."""

_deadline: contextvars.ContextVar[Deadline] = contextvars.ContextVar("_deadline", default=NEVER)


class OutOfTimeError(Exception):
    """The deadline passed first."""

    def __init__(self, *, may_have_arrived: bool) -> None:
        super().__init__("the deadline has passed")
        self.may_have_arrived = may_have_arrived


class PauseTooLongError(Exception):
    """The service asked for a pause that nobody wants to sit through."""

    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(f"HTTP {status}, asked to wait {seconds:.0f} s")
        self.status = status
        self.seconds = seconds


class _PatientRetry(Retry):
    """Waits as the service asks, but neither past the deadline nor for very long."""

    # A 503 with Retry-After is retried as one of the listed statuses, or not at all.
    RETRY_AFTER_STATUS_CODES = frozenset({429})

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        asked: float | None = None
        if response is not None:
            with suppress(InvalidHeader):
                asked = self.get_retry_after(response)
            if asked is not None and asked > LONGEST_PAUSE:
                raise PauseTooLongError(response.status, asked)
        pause = self.get_backoff_time() if asked is None else asked
        if pause >= _deadline.get().remaining:
            raise OutOfTimeError(may_have_arrived=False)
        if pause:
            _log.info("the service stumbled; the next attempt follows in %.1f s", pause)
            time.sleep(pause)


_HARMLESS = _PatientRetry(
    total=5,
    redirect=0,
    allowed_methods=None,
    status_forcelist=(408, 429, 500, 502, 503, 504),
    backoff_factor=0.25,
    backoff_max=8,
    backoff_jitter=0.1,
    raise_on_status=False,
)
# What costs money is sent again only if it provably did not arrive, or was turned away with a
# word on when to come back.
_COSTLY = _PatientRetry(
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
_ONCE = _PatientRetry(total=0, raise_on_status=False)


class Transport:
    """The connections to one service.

    Parameters
    ----------
    base_url : str
        Scheme, host and port, without a slash at the end.
    headers : mapping of str
        Sent with every request, and to this service only: redirects are never followed.
    use_proxies : bool
        Whether proxies of the environment apply.
    """

    def __init__(self, base_url: str, *, headers: Mapping[str, str], use_proxies: bool) -> None:
        self._base_url = base_url
        self._headers = dict(headers)
        self._use_proxies = use_proxies
        self._harmless = self._session(_HARMLESS)
        self._streaming = self._session(_ONCE)

    def close(self) -> None:
        """Close idle connections."""
        self._harmless.close()
        self._streaming.close()

    def harmless(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        deadline: Deadline = NEVER,
    ) -> requests.Response:
        """Send what may be sent twice, and see to it that it arrives."""

        def send() -> requests.Response:
            for attempt in range(1, BODY_ATTEMPTS + 1):
                try:
                    return self._send(self._harmless, method, path, body=body)
                except requests.exceptions.ChunkedEncodingError:
                    # The headers came and the body broke off, which Retry does not cover.
                    if attempt == BODY_ATTEMPTS or deadline.has_passed():
                        raise
            raise AssertionError("unreachable")

        return _in_time(send, deadline)

    def costly(
        self, method: str, path: str, *, body: bytes | None = None, deadline: Deadline = NEVER
    ) -> requests.Response:
        """Send what must not be sent twice.

        It goes over a connection of its own: a pooled one that the service has closed meanwhile
        would leave open whether the request arrived.
        """

        def send() -> requests.Response:
            with self._session(_COSTLY) as session:
                return self._send(session, method, path, body=body)

        return _in_time(send, deadline)

    def stream(
        self, path: str, *, params: Mapping[str, str], deadline: Deadline = NEVER
    ) -> requests.Response:
        """Open a stream; its body is read by the caller, who also decides on another attempt."""

        def send() -> requests.Response:
            return self._send(
                self._streaming, "GET", path, params=params, accept="text/event-stream", stream=True
            )

        return _in_time(send, deadline, abandon=requests.Response.close)

    def _send(
        self,
        session: requests.Session,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        accept: str = "application/json",
        stream: bool = False,
    ) -> requests.Response:
        headers = {"accept": accept}
        if body is not None:
            headers["content-type"] = "application/json"
        deadline = _deadline.get()
        return session.request(
            method,
            self._base_url + path,
            data=body,
            params=params,
            headers=headers,
            stream=stream,
            timeout=(deadline.clip(CONNECT_TIMEOUT), deadline.clip(READ_TIMEOUT)),
            # requests takes only Authorization off on the way to another host; the key would go.
            allow_redirects=False,
        )

    def _session(self, retry: Retry) -> requests.Session:
        session = requests.Session()
        session.headers.update(self._headers)
        session.trust_env = self._use_proxies
        # Also an entry in ~/.netrc must not turn into an Authorization header.
        session.auth = lambda request: request
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(max_retries=retry)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session


def _in_time(
    send: Callable[[], _T], deadline: Deadline, *, abandon: Callable[[_T], None] | None = None
) -> _T:
    """Run a request in a thread that is left behind when the deadline passes.

    Time-outs of sockets start anew with each byte and do not cover the look-up of a name, so
    that they alone keep no deadline.
    """
    if not deadline.is_finite:
        return send()
    outcome: SimpleQueue[tuple[_T | None, BaseException | None]] = SimpleQueue()
    left_behind = threading.Event()

    def work() -> None:
        _deadline.set(deadline)
        try:
            answer = send()
        except BaseException as error:  # noqa: BLE001  (handed to the caller's thread)
            outcome.put((None, error))
            return
        outcome.put((answer, None))
        if left_behind.is_set() and abandon is not None:
            abandon(answer)

    if deadline.has_passed():
        raise OutOfTimeError(may_have_arrived=False)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), daemon=True).start()
    try:
        answer, error = outcome.get(timeout=deadline.remaining)
    except Empty:
        left_behind.set()
        raise OutOfTimeError(may_have_arrived=True) from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]  # an answer without an error is one


def never_arrived(error: requests.RequestException) -> bool:
    """Whether the request provably did not reach the service."""
    reason = _reason_of(error)
    if isinstance(reason, SSLError):
        return any(isinstance(part, ssl.SSLCertVerificationError) for part in reason.args)
    return isinstance(reason, (ConnectTimeoutError, NewConnectionError, ProxyError))


def cause_of(error: requests.RequestException) -> str:
    """Name what went wrong, without the layers through which it came."""
    reason = _reason_of(error)
    if isinstance(reason, NewConnectionError):
        # "<pool object>: Failed to establish a new connection: [Errno 111] Connection refused"
        return str(reason).rpartition(": Failed to establish a new connection: ")[2]
    return str(reason) or type(reason).__name__


def _reason_of(error: requests.RequestException) -> BaseException:
    wrapped = error.args[0] if error.args else error
    reason = getattr(wrapped, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return wrapped if isinstance(wrapped, BaseException) else error
