"""HTTP requests to one FindAll service: its address and key, retries and errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, replace
from http.client import responses
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from findall_frames.addresses import HOSTED_URL, client_argument, is_loopback, resume_call
from findall_frames.amounts import retry_after
from findall_frames.api.deadline import (
    IDEMPOTENT,
    NON_IDEMPOTENT,
    OutOfTimeError,
    current_deadline,
    run_in_time,
)
from findall_frames.api.failures import (
    Redaction,
    cause_of,
    certainly_not_sent,
    fault_and_path,
    problems_by_type,
    read_error,
    shortened,
)
from findall_frames.api.models import BETA
from findall_frames.api.tolerant import UNREADABLE
from findall_frames.api.waiting import when_allowed
from findall_frames.errors import (
    AmbiguousCreateError,
    APIError,
    AuthenticationError,
    ConditionNotUnderstoodError,
    ConflictError,
    EvaluatorError,
    FindAllError,
    InsufficientFundsError,
    InvalidRequestError,
    MissingKeyError,
    NotFoundError,
    RateLimitError,
    RefusedError,
    RunTimeout,
    UnexpectedResponseError,
    UnreachableError,
    advice,
)

__all__ = ["Call", "Transport", "default_url", "key_and_url"]

_T = TypeVar("_T")
_E = TypeVar("_E", bound=FindAllError)

_CONNECT_TIMEOUT: Final = 10.0
_READ_TIMEOUT: Final = 60.0
_GRACE: Final = 1.0
"""Seconds by which a socket outlives the deadline, so that the deadline is what is reported."""
_BETA_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_CHUNK: Final = 1 << 18
LONGEST_BODY: Final = 2 << 30
"""Bytes of an answer at most, unpacked; a result has about 6 kB for each candidate."""
_LONGEST_ERROR: Final = 1 << 20
_ATTEMPTS: Final = 3
"""How often to try for an answer that arrives truncated or is invalid."""


# -- address and key -------------------------------------------------------------------------


def key_and_url(api_key: str | None, base_url: str | None) -> tuple[str, str]:
    """Return the key ("" for none) and the base URL, from the arguments or the environment."""
    key = (os.environ.get("PARALLEL_API_KEY", "") if api_key is None else api_key).strip()
    url = _checked_url(base_url) if base_url else default_url()
    if not key and url == HOSTED_URL:
        raise MissingKeyError(
            "The hosted FindAll service needs an API key, and none was given: set the environment "
            "variable PARALLEL_API_KEY"
            + advice(
                " or pass client=ff.Client(api_key=...). To search your own data without a key, "
                "pass data=your_dataframe, or client=ff.local(your_dataframe).",
                command=". To search your own data without a key, use --local.",
            )
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidRequestError(
            "The API key contains a space or a character that no HTTP header can carry. Copy it "
            "again, without quotes or line breaks."
        )
    if key and url.startswith("http://") and not is_loopback(url):
        raise InvalidRequestError(
            f"The key would be sent unencrypted to {urlsplit(url).hostname}. Use https://, or "
            'pass api_key="" if that service needs no key.'
        )
    return key, url


def default_url() -> str:
    """Return the base URL of ``PARALLEL_BASE_URL``, or else of the hosted service."""
    return _checked_url(os.environ.get("PARALLEL_BASE_URL") or HOSTED_URL)


def _checked_url(text: str) -> str:
    address = urlsplit(text.strip())
    is_plain = text.strip().isprintable() and " " not in text.strip()
    if address.scheme not in ("http", "https") or not address.hostname or not is_plain:
        raise InvalidRequestError(
            f"base_url must begin with https:// or http:// and name a host, not {text!r}. The "
            f"hosted service is {HOSTED_URL}."
        )
    if address.username is not None or address.password is not None:
        raise InvalidRequestError(
            "base_url must not contain a user name or password; pass Client(api_key=...) instead."
        )
    return text.strip().rstrip("/")


def _beta_header(betas: Sequence[str]) -> str:
    if isinstance(betas, str) or not all(
        isinstance(beta, str) and _BETA_NAME.fullmatch(beta) for beta in betas
    ):
        raise InvalidRequestError(
            f"betas must be names such as ['search-extract-2025-10-10'], not {betas!r}."
        )
    return ",".join(dict.fromkeys((BETA, *betas)))


# -- requests --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One request: a POST if it has a body, or else a GET; nothing is sent with a timeout of 0."""

    name: str  # for error messages, as in "the status request"
    path: str
    _: KW_ONLY
    body: bytes | None = None
    params: Mapping[str, str] | None = None
    findall_id: str | None = None
    token: str | None = None  # identifies the run that the request creates
    if_absent: str | None = None  # what it means if there is no such endpoint
    timeout: float | None = None


class _TooLargeError(Exception):
    """An answer is larger than is read."""


class _Session(requests.Session):
    """A session that never looks at where a redirect leads."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        # requests parses the target even if it is not to follow it, and fails at an odd one.
        return None


class Transport:
    """The connections to one service.

    The key is sent to this service only: redirects are not followed, and neither cookies nor
    ``~/.netrc`` are used.
    """

    def __init__(self, base_url: str, *, key: str, betas: Sequence[str] = ()) -> None:
        self._base_url = base_url
        self._host = urlsplit(base_url).netloc
        self.redaction = Redaction(key)
        self._headers = {
            "parallel-beta": _beta_header(betas),
            "user-agent": f"findall-frames/{version('findall-frames')}",
        }
        if key:
            self._headers["x-api-key"] = key
        self._idempotent = self._session(IDEMPOTENT)
        self._streaming = self._session(Retry(0))

    def close(self) -> None:
        """Close idle connections."""
        self._idempotent.close()
        self._streaming.close()

    def fetch(self, call: Call, decode: Callable[[bytes], _T]) -> _T:
        """Send an idempotent request, retried where that may help, and decode the answer."""

        def fetch_in(seconds: float | None) -> _T:
            return self._fetch(replace(call, timeout=seconds), decode)

        with self._explained(call):
            return when_allowed(fetch_in, timeout=call.timeout)

    def _fetch(self, call: Call, decode: Callable[[bytes], _T]) -> _T:
        def attempt() -> _T:
            response = self._send(self._idempotent, call)
            self._raise_for_status(call, response)
            try:
                return decode(response.content)
            except UNREADABLE as error:
                cause = self.redaction.cause(error)
                raise self._unexpected(call, response.content, error) from cause

        def attempts() -> _T:
            failed = 0
            while True:
                try:
                    return attempt()
                except (requests.exceptions.ChunkedEncodingError, UnexpectedResponseError):
                    # Retry covers neither a body that breaks off nor a proxy's error page.
                    failed += 1
                    if failed == _ATTEMPTS or current_deadline().has_passed():
                        raise

        with self._explained(call):
            return run_in_time(attempts, call.timeout)

    def submit(self, call: Call, decode: Callable[[bytes], _T]) -> _T:
        """Send a request that costs money, again only after a 429, and decode the answer.

        Raises
        ------
        AmbiguousCreateError
            The request may have arrived.
        """

        def submit_in(seconds: float | None) -> _T:
            return self._submit(replace(call, timeout=seconds), decode)

        return when_allowed(submit_in, timeout=call.timeout, is_paid=True)

    def _submit(self, call: Call, decode: Callable[[bytes], _T]) -> _T:
        def send() -> requests.Response:
            # If the service had closed a pooled connection meanwhile, there would be no telling
            # whether the request arrived.
            with self._session(NON_IDEMPOTENT) as session:
                return self._send(session, call)

        with self._explained(call, is_idempotent=False):
            response = run_in_time(send, call.timeout)
        if response.status_code >= 500 or response.status_code == 408:
            raise self._ambiguous(
                call, f"{self._host} answered {response.status_code} to the {call.name} request"
            )
        self._raise_for_status(call, response)
        try:
            return decode(response.content)
        except UNREADABLE as error:
            raise self._ambiguous(
                call,
                f"{self._host} sent an invalid answer to the {call.name} request "
                f"({self.redaction.text(str(error))})",
            ) from self.redaction.cause(error)

    def open_stream(self, call: Call) -> requests.Response:
        """Open an event stream, without retries; the caller reads its body and closes it."""

        def send() -> requests.Response:
            return self._send(self._streaming, call, accept="text/event-stream", stream=True)

        with self._explained(call):
            response = run_in_time(send, call.timeout, discard=requests.Response.close)
            content_type = self.redaction.text(response.headers.get("content-type", ""))
            if response.status_code == 200 and content_type.startswith("text/event-stream"):
                return response
            with response:
                self._raise_for_status(call, response)
        raise _error(
            UnexpectedResponseError,
            call,
            f"{self._host} answered the {call.name} request with "
            f"{content_type or 'no content type'} instead of text/event-stream. Check that "
            "base_url is that of a FindAll service.",
        )

    def _session(self, retry: Retry) -> requests.Session:
        session = _Session()
        session.headers.update(self._headers)
        session.trust_env = not is_loopback(self._base_url)
        # Without this, an entry in ~/.netrc would become an Authorization header.
        session.auth = lambda request: request
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(max_retries=retry)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _send(
        self,
        session: requests.Session,
        call: Call,
        *,
        accept: str = "application/json",
        stream: bool = False,
    ) -> requests.Response:
        headers = {"accept": accept}
        if call.body is not None:
            headers["content-type"] = "application/json"
        deadline = current_deadline()
        response = session.request(
            "GET" if call.body is None else "POST",
            self._base_url + call.path,
            data=call.body,
            params=call.params,
            headers=headers,
            stream=True,
            timeout=(
                deadline.clip(_CONNECT_TIMEOUT) + _GRACE,
                deadline.clip(_READ_TIMEOUT) + _GRACE,
            ),
            # On a redirect, requests drops the Authorization header only, and not x-api-key.
            allow_redirects=False,
        )
        is_event_stream = stream and response.status_code == 200
        if not is_event_stream:
            self._read_body(call, response)
        return response

    def _read_body(self, call: Call, response: requests.Response) -> None:
        """Read the body, up to a limit: a few megabytes can unpack to gigabytes."""
        limit = LONGEST_BODY if response.status_code == 200 else _LONGEST_ERROR
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit and response.status_code != 200:
                response.close()  # the beginning says what is wrong
                break
            if size > limit:
                response.close()
                raise _TooLargeError(
                    f"{self._host} sent more than {limit >> 20:,} MB to the {call.name} request. "
                    "Check that base_url is that of a FindAll service."
                )
        # requests has no limit of its own, and reads this attribute as the content.
        response._content = b"".join(chunks)

    # -- errors --------------------------------------------------------------------------------

    @contextmanager
    def _explained(self, call: Call, *, is_idempotent: bool = True) -> Iterator[None]:
        """Turn failures to get an answer into errors that say what to do next."""
        request = f"the {call.name} request"
        resume = ""
        if call.findall_id:
            again = resume_call(call.findall_id, service=self._base_url)
            resume = f" The run itself is not affected: {again}."
        try:
            yield
        except _TooLargeError as error:
            if not is_idempotent:
                raise self._ambiguous(call, str(error).partition(". ")[0]) from None
            raise _error(UnexpectedResponseError, call, str(error)) from None
        except OutOfTimeError as late:
            what_happened = f"{self._host} did not answer {request} in time"
            if not is_idempotent:
                if late.may_have_arrived:
                    raise self._ambiguous(call, what_happened) from None
                what_happened = f"{self._host} did not accept {request} in time; it had no effect"
            if late.last is not None:
                last = late.last if isinstance(late.last, str) else cause_of(late.last)
                what_happened += f" (the last attempt failed: {self.redaction.text(last)})"
            next_step = resume or " Try again with a longer timeout."
            raise _error(RunTimeout, call, f"{what_happened}.{next_step}") from None
        except requests.RequestException as error:
            cause = self.redaction.text(cause_of(error))
            shown = self.redaction.cause(error)
            if not is_idempotent and not certainly_not_sent(error):
                what_happened = f"The connection to {self._host} broke after {request} was sent"
                raise self._ambiguous(call, f"{what_happened} ({cause})") from shown
            raise _error(
                UnreachableError,
                call,
                f"{self._host} could not be reached for {request}: {cause}. Check the network "
                f"and base_url, then try again.{resume}",
            ) from shown

    def _raise_for_status(self, call: Call, response: requests.Response) -> None:
        """Raise unless the answer is 200; its body may be any JSON, HTML or nothing."""
        status = response.status_code
        if status == 200:
            return
        # A service may quote a key that it rejects.
        headers = {
            name.lower(): self.redaction.text(text) for name, text in response.headers.items()
        }
        message, ref_id, detail = read_error(response.content, redaction=self.redaction)
        problems = problems_by_type(detail)
        details = {
            "status_code": status,
            "ref_id": ref_id,
            "detail": detail,
            "retry_after": retry_after(headers),
        }
        if _NOT_UNDERSTOOD in problems:
            raise ConditionNotUnderstoodError("\n\n".join(problems[_NOT_UNDERSTOOD]), **details)
        if _EVALUATOR in problems:
            raise EvaluatorError("\n".join(problems[_EVALUATOR]))
        if 300 <= status < 400:
            next_step = (
                f"It redirects to {headers.get('location') or 'another address'}, and "
                "redirects are not followed, since the key would be sent along. If that address "
                "is right, pass it as Client(base_url=...)."
            )
        elif call.if_absent and status in _ABSENT:
            next_step = call.if_absent
        elif asked := headers.get("retry-after"):
            next_step = f"Try again when the service allows it (Retry-After: {asked})."
        elif status >= 500:
            next_step = "This is a fault of the service; try again in a moment."
        else:
            next_step = _NEXT_STEPS.get(status, "Correct the request and send it again.")
        said = f": {message}" if message else ""
        reference = f" (ref_id {ref_id})" if ref_id else ""
        phrase = responses.get(status, "(unknown status)")
        raise _error(
            _ERRORS.get(status, APIError),
            call,
            f"{self._host} answered {status} {phrase} to the {call.name} request{said}"
            f"{reference}. {next_step}",
            **details,
        )

    def _unexpected(self, call: Call, body: bytes, error: Exception) -> UnexpectedResponseError:
        fault, path = self.redaction.of(list(fault_and_path(error)))
        begin = shortened(self.redaction.text(body[:200].decode("utf-8", "replace"))[:80])
        return _error(
            UnexpectedResponseError,
            call,
            f"{self._host} sent an invalid answer to the {call.name} request"
            f"{f' at {path}' if path else ''}: {fault}. It begins with {begin!r}. Check that "
            "base_url is that of a FindAll service; if it is, report this to its support.",
            path=path,
        )

    def _ambiguous(self, call: Call, what_happened: str) -> AmbiguousCreateError:
        if call.findall_id:
            next_step = (
                "Before you repeat it, check whether the run has changed: "
                f"Client.schema({call.findall_id!r})."
            )
        elif call.token:
            service = client_argument(self._base_url)
            next_step = (
                f"If the run exists, its metadata contains findall_frames_token={call.token!r}: "
                f"look for it among the runs of your account at {self._host} "
                f"(ff.runs(remote=True{service}), if the account keeps a list), and wait for it "
                f"with ff.resume(findall_id{service})."
            )
        else:
            next_step = f"Before you repeat it, check the runs of your account at {self._host}."
        return _error(
            AmbiguousCreateError,
            call,
            f"{what_happened}. The request may have arrived, and it costs money, so it was not "
            f"sent again. {next_step}",
            token=call.token,
        )


def _error(kind: Callable[..., _E], call: Call, text: str, **details: Any) -> _E:
    """Build an error that begins with the run that it is about."""
    subject = f"Run {call.findall_id}: " if call.findall_id else ""
    return kind(subject + text, findall_id=call.findall_id, **details)


_ERRORS: Final[dict[int, type[APIError]]] = {
    400: RefusedError,
    401: AuthenticationError,
    402: InsufficientFundsError,
    403: AuthenticationError,
    404: NotFoundError,
    409: ConflictError,
    422: RefusedError,
    429: RateLimitError,
}
_ABSENT: Final = frozenset({403, 404, 405})
_NEXT_STEPS: Final = {
    401: "Set PARALLEL_API_KEY, or pass Client(api_key=...), to a key that this service accepts.",
    402: "Add credit to the account, lower match_limit, or choose a cheaper generator.",
    403: "Check that the key may use the FindAll API.",
    404: "Check the id, and that it belongs to this service and this key.",
    408: "Try again in a moment.",
    409: "Check the status of the run with Client.retrieve(...) or ff.resume(...).",
    413: "Send less: shorten the exclude list or the conditions.",
    429: "Wait a moment, then try again.",
}
_NOT_UNDERSTOOD: Final = "condition_not_understood"
_EVALUATOR: Final = "evaluator_error"
