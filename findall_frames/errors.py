"""One exception per thing that can go wrong; each says what to do next."""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = [
    "APIError",
    "AmbiguousCreateError",
    "AuthenticationError",
    "BudgetError",
    "ConditionNotUnderstoodError",
    "ConflictError",
    "CorpusError",
    "DisplayWarning",
    "EvaluatorError",
    "ExportError",
    "FindAllError",
    "FindAllWarning",
    "InsufficientFundsError",
    "InvalidRequestError",
    "LedgerWarning",
    "MissingExtraError",
    "MissingKeyError",
    "NotFoundError",
    "ParquetError",
    "PartialResultError",
    "PartialResultWarning",
    "RateLimitError",
    "RefusedError",
    "RepeatedSearchWarning",
    "RunTimeout",
    "ServiceError",
    "UnexpectedResponseError",
    "UnreachableError",
    "warn",
]


class FindAllError(Exception):
    """The root of every error that this package raises.

    Parameters
    ----------
    message : str
        What was expected, what came, and what to do next.
    findall_id : str, optional
        The run that it is about, where there is one. It is kept as an attribute, so that
        ``except FindAllError as error: ff.resume(error.findall_id)`` works for each of them.

    Examples
    --------
    >>> error = FindAllError("The run stopped.", findall_id="findall_1")
    >>> error.findall_id
    'findall_1'
    """

    def __init__(self, message: str, *, findall_id: str | None = None) -> None:
        super().__init__(message)
        self.findall_id = findall_id


class InvalidRequestError(FindAllError, ValueError):
    """What was asked for cannot be asked; nothing was sent and nothing was spent."""


class MissingKeyError(InvalidRequestError):
    """The service needs a key and none was given; nothing was sent."""


class BudgetError(InvalidRequestError):
    """The search could cost more than its budget; nothing was sent and nothing was spent."""


class CorpusError(FindAllError, ValueError):
    """The data for the embedded service cannot be read or has no usable entities."""


class ExportError(FindAllError, ValueError):
    """The tables cannot be written there, or not in that format; what was there before still is."""


class MissingExtraError(ExportError, ImportError):
    """A library that only some need is missing; the message names the extra that brings it."""


class ParquetError(FindAllError, ValueError):
    """A folder does not hold one whole set of tables written by `FindAllFrames.to_parquet`."""


class ServiceError(FindAllError):
    """The embedded service could not start or has stopped."""


class EvaluatorError(ServiceError):
    """The language model that is to evaluate is not named rightly, or cannot be asked."""


class UnreachableError(FindAllError, ConnectionError):
    """The service could not be reached, or the connection broke more often than retries allow."""


class AmbiguousCreateError(UnreachableError):
    """A request that costs money may or may not have arrived, so it was not sent again.

    Attributes
    ----------
    token : str or None
        The value of ``metadata["findall_frames_token"]`` in the request. If the run exists,
        it carries this token.
    """

    def __init__(
        self, message: str, *, findall_id: str | None = None, token: str | None = None
    ) -> None:
        super().__init__(message, findall_id=findall_id)
        self.token = token


class UnexpectedResponseError(FindAllError):
    """The service answered with something that the contract does not allow.

    Attributes
    ----------
    path : str or None
        Where in the JSON the first fault is, such as ``$.candidates[3].name``.
    """

    def __init__(
        self, message: str, *, findall_id: str | None = None, path: str | None = None
    ) -> None:
        super().__init__(message, findall_id=findall_id)
        self.path = path


class APIError(FindAllError):
    """The service refused a request.

    Attributes
    ----------
    status_code : int
        The HTTP status.
    ref_id : str or None
        The reference that the service gave; support can look it up.
    detail : object
        Whatever else the service said, as decoded JSON.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        findall_id: str | None = None,
        ref_id: str | None = None,
        detail: Any = None,
    ) -> None:
        super().__init__(message, findall_id=findall_id)
        self.status_code = status_code
        self.ref_id = ref_id
        self.detail = detail


class AuthenticationError(APIError):
    """The key is missing or not accepted (401, 403)."""


class InsufficientFundsError(APIError):
    """The account has too little credit (402)."""


class NotFoundError(APIError):
    """The service does not know the run (404)."""


class ConflictError(APIError):
    """The run is in a state that does not allow this (409)."""


class RefusedError(APIError):
    """The service found the request invalid (400, 422)."""


class ConditionNotUnderstoodError(RefusedError):
    """A condition could not be read, or the data cannot answer it; nothing was run.

    The message names the words left over or the rivals, the columns and values that come near,
    and the SQL to write instead.
    """


class RateLimitError(APIError):
    """Too many requests, also after waiting as long as the service asked (429)."""


class RunTimeout(FindAllError, TimeoutError):
    """The time given to wait has passed; the run itself goes on and is not lost.

    Attributes
    ----------
    frames : FindAllFrames or None
        What the run had found so far, if it could still be fetched.
    """

    def __init__(self, message: str, *, findall_id: str | None = None, frames: Any = None) -> None:
        super().__init__(message, findall_id=findall_id)
        self.frames = frames


class PartialResultError(FindAllError):
    """The run ended early, and the caller asked for an error instead of a warning.

    Attributes
    ----------
    frames : FindAllFrames
        What the run found; it was paid for.
    """

    def __init__(self, message: str, *, findall_id: str | None = None, frames: Any = None) -> None:
        super().__init__(message, findall_id=findall_id)
        self.frames = frames


class FindAllWarning(UserWarning):
    """The root of every warning that this package gives."""


class PartialResultWarning(FindAllWarning):
    """The run ended early; what it found is returned all the same."""


class RepeatedSearchWarning(FindAllWarning):
    """An equal search has finished before; its result can be had without paying again."""


class LedgerWarning(FindAllWarning):
    """The ledger could not be used; the search goes on without it."""


class DisplayWarning(FindAllWarning):
    """A progress display failed and was dropped; the search goes on."""


def warn(message: str, category: type[FindAllWarning]) -> None:
    """Give a warning that points to the line of the caller of this package."""
    level = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "findall_frames"
    ):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)
