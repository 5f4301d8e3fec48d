"""From what a service answered, or failed to answer, to a struct or to the error that says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import responses
from typing import Any, TypeVar

import msgspec
import requests

from findall_frames.api.transport import (
    OutOfTimeError,
    PauseTooLongError,
    cause_of,
    never_arrived,
)
from findall_frames.errors import (
    AmbiguousCreateError,
    APIError,
    AuthenticationError,
    ConditionNotUnderstoodError,
    ConflictError,
    EvaluatorError,
    InsufficientFundsError,
    NotFoundError,
    RateLimitError,
    RefusedError,
    RunTimeout,
    UnexpectedResponseError,
    UnreachableError,
)

__all__ = ["ambiguous", "decoded", "explained", "refusal"]

_T = TypeVar("_T")

_CLASSES: dict[int, type[APIError]] = {
    400: RefusedError,
    401: AuthenticationError,
    402: InsufficientFundsError,
    403: AuthenticationError,
    404: NotFoundError,
    409: ConflictError,
    422: RefusedError,
    429: RateLimitError,
}
_NOT_UNDERSTOOD = "condition_not_understood"
_EVALUATOR = "evaluator_error"
_NEXT_STEPS = {
    401: "Set PARALLEL_API_KEY, or pass Client(api_key=...), to a key that this service accepts.",
    402: "Add credit to the account, or lower match_limit or the generator.",
    403: "Check that the key may use the FindAll API.",
    404: "Check the id, and that it belongs to this service and to this key.",
    408: "Try again in a moment.",
    409: "Look at the state of the run with ff.resume(...) or Client.retrieve(...).",
    413: "Send less: shorten the exclude list or the conditions.",
    429: "Wait a little, then try again.",
}
_SHOWN = 300


def refusal(
    status: int, body: bytes, *, service: str, what: str, findall_id: str | None, location: str
) -> APIError | EvaluatorError:
    """Build the error for an answer other than 200.

    The body may be an ErrorResponse, an HTTPValidationError, a page of HTML, or nothing.
    """
    message, ref_id, detail = _read(body)
    faults = _faults(detail)
    if _NOT_UNDERSTOOD in faults:
        return ConditionNotUnderstoodError(
            "\n\n".join(faults[_NOT_UNDERSTOOD]), status_code=status, ref_id=ref_id, detail=detail
        )
    if _EVALUATOR in faults:
        return EvaluatorError("\n".join(faults[_EVALUATOR]))
    phrase = responses.get(status, "(unknown status)")
    said = f": {message}" if message else ""
    reference = f" (ref_id {ref_id})" if ref_id else ""
    subject = f"run {findall_id}: " if findall_id else ""
    if 300 <= status < 400:
        next_step = (
            f"It points to {location or 'another address'}, and redirects are not followed, since "
            "the key would go along. If that address is right, pass it as Client(base_url=...)."
        )
    elif status >= 500:
        next_step = "The fault is on the side of the service; try again in a moment."
    else:
        next_step = _NEXT_STEPS.get(status, "Correct the request and send it again.")
    return _CLASSES.get(status, APIError)(
        f"{subject}{service} answered {status} {phrase} to {what}{said}{reference}. {next_step}",
        status_code=status,
        findall_id=findall_id,
        ref_id=ref_id,
        detail=detail,
    )


def _faults(detail: Any) -> dict[str, list[str]]:
    """Return the messages of an HTTPValidationError by their type."""
    found: dict[str, list[str]] = {}
    items = detail.get("detail") if isinstance(detail, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            found.setdefault(str(item.get("type")), []).append(str(item.get("msg", "")))
    return found


def _read(body: bytes) -> tuple[str, str | None, Any]:
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace").strip()
        if text.startswith("<"):
            return "a page of HTML instead of JSON", None, None
        return _shortened(text), None, None
    if not isinstance(content, dict):
        return _shortened(str(content)), None, content
    error = content.get("error")
    if isinstance(error, dict):
        ref_id = error.get("ref_id")
        message = str(error.get("message") or "")
        return _shortened(message), ref_id if isinstance(ref_id, str) else None, content
    if isinstance(content.get("detail"), list):
        return _shortened("; ".join(map(_fault, content["detail"]))), None, content
    return _shortened(str(content.get("detail") or content.get("message") or "")), None, content


def _fault(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    place = ".".join(str(part) for part in item.get("loc", ()))
    return f"{place}: {item.get('msg', '')}" if place else str(item.get("msg", ""))


def _shortened(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def decoded(body: bytes, kind: type[_T], *, service: str, findall_id: str | None) -> _T:
    """Read an answer, or say where it departs from the contract."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        subject = f"run {findall_id}: " if findall_id else ""
        path = _path_of(error)
        place = f" At {path}: {error}." if path else f" {error}."
        raise UnexpectedResponseError(
            f"{subject}{service} sent an answer that is no {kind.__name__.strip('_')}.{place} "
            f"It begins with {_shortened(body[:80].decode('utf-8', 'replace'))!r}. Check that "
            "base_url is that of a FindAll service; if it is, report this to its support.",
            findall_id=findall_id,
            path=path,
        ) from error


_AT = re.compile(r"^(?P<said>.*?)(?: - at `(?P<at>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>[^`]*)`")


def _path_of(error: msgspec.DecodeError) -> str | None:
    """Give the JSON path of the first fault; None where the text is no JSON at all."""
    if not isinstance(error, msgspec.ValidationError):
        return None
    match = _AT.match(str(error))
    at = (match and match["at"]) or "$"
    missing = _MISSING.match(str(error))
    return f"{at}.{missing['field']}" if missing else at


def ambiguous(
    what_happened: str, *, service: str, findall_id: str | None, token: str | None
) -> AmbiguousCreateError:
    """Build the error for a request that costs money and whose fate is unknown."""
    if findall_id:
        next_step = (
            f"Look before you repeat it: Client.schema({findall_id!r}) shows whether the run has "
            "changed."
        )
    elif token:
        next_step = (
            f"If the run exists, its metadata holds findall_frames_token={token!r}: look for it "
            f"among the runs of your account at {service}, and go on with ff.resume(findall_id)."
        )
    else:
        next_step = f"Look among the runs of your account at {service} before you repeat it."
    return AmbiguousCreateError(
        f"{what_happened}. It may have arrived all the same, and it costs money, so it was not "
        f"sent again. {next_step}",
        findall_id=findall_id,
        token=token,
    )


@contextmanager
def explained(
    what: str,
    *,
    service: str,
    findall_id: str | None,
    token: str | None = None,
    costs_money: bool = False,
) -> Iterator[None]:
    """Turn what can go wrong on the way to a service into errors that say what to do next."""
    subject = f"run {findall_id}: " if findall_id else ""
    goes_on = f" The run is not lost: ff.resume({findall_id!r})." if findall_id else ""
    try:
        yield
    except OutOfTimeError as late:
        if costs_money and late.may_have_arrived:
            raise ambiguous(
                f"{service} did not answer {what} in time",
                service=service,
                findall_id=findall_id,
                token=token,
            ) from None
        raise RunTimeout(
            f"{subject}{service} did not answer {what} in the time given.{goes_on}",
            findall_id=findall_id,
        ) from None
    except PauseTooLongError as pause:
        raise RateLimitError(
            f"{subject}{service} turned {what} away and asks to wait {pause.seconds:.0f} seconds "
            f"(HTTP {pause.status}). Try again then.{goes_on}",
            status_code=pause.status,
            findall_id=findall_id,
        ) from None
    except requests.RequestException as error:
        if costs_money and not never_arrived(error):
            raise ambiguous(
                f"The connection to {service} broke after {what} was sent ({cause_of(error)})",
                service=service,
                findall_id=findall_id,
                token=token,
            ) from error
        raise UnreachableError(
            f"{subject}{service} could not be reached for {what}: {cause_of(error)}. Check the "
            f"network and base_url, then try again.{goes_on}",
            findall_id=findall_id,
        ) from error
