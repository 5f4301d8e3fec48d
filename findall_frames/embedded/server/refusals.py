"""Answers to requests that are refused or fail, in the two forms of the contract."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from findall_frames.api.models import Error, ErrorResponse, ValidationError
from findall_frames.errors import APIError, ConditionNotUnderstoodError, EvaluatorError

__all__ = ["EXCEPTION_HANDLERS", "InvalidInput", "error_response", "json_response"]

_log = logging.getLogger(__name__)


class InvalidInput(Exception):
    """A request that is refused with 422; `fault` says where and why."""

    def __init__(
        self, message: str, *, loc: Sequence[str | int] = (), kind: str = "value_error"
    ) -> None:
        super().__init__(message)
        self.fault = ValidationError(loc=list(loc), msg=message, type=kind)


class _InvalidResponse(ErrorResponse, frozen=True, kw_only=True):
    """The two bodies that the contract has for a 422, in one."""

    detail: list[ValidationError]


def json_response(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as JSON."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def error_response(
    status: int, message: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error in the form of the contract."""
    return json_response(ErrorResponse(_error(message)), status=status, headers=headers)


def _error(message: str) -> Error:
    return Error(ref_id=str(uuid.uuid4()), message=message)


async def _refused(_: Request, exc: Exception) -> Response:
    if isinstance(exc, APIError) and exc.status_code != 422:
        return error_response(exc.status_code, str(exc))
    if isinstance(exc, InvalidInput):
        faults = [exc.fault]
    elif isinstance(exc, ConditionNotUnderstoodError):
        faults = msgspec.convert(exc.detail, list[ValidationError])
    else:
        kind = "evaluator_error" if isinstance(exc, EvaluatorError) else "value_error"
        faults = [ValidationError(["body"], str(exc), kind)]
    return json_response(_InvalidResponse(error=_error(str(exc)), detail=faults), status=422)


async def _not_served(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    message = exc.detail
    if exc.status_code == 404:
        message = f"Not found: this service has nothing at {request.url.path!r}."
    elif exc.status_code == 405:
        allowed = (exc.headers or {}).get("Allow", "")
        message = f"Method not allowed: expected {allowed}; got {request.method}."
    return error_response(exc.status_code, message, headers=exc.headers)


async def _not_stored(_: Request, exc: Exception) -> Response:
    _log.warning("A request was refused, as the store can't be read or written: %s", exc)
    message = (
        f"The service can't read or write its store: {exc}. Nothing was changed. Free space on "
        "its disk, or end the program that locks the file, and try again."
    )
    return error_response(503, message, headers={"Retry-After": "5"})


async def _failed(_: Request, exc: Exception) -> Response:
    return error_response(500, "The service failed to answer this request; see its log.")


EXCEPTION_HANDLERS: Final[Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]]] = {
    APIError: _refused,
    EvaluatorError: _refused,
    InvalidInput: _refused,
    HTTPException: _not_served,
    sqlite3.Error: _not_stored,
    Exception: _failed,
}
