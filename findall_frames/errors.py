"""The exceptions and warnings of this package; every message says what to do next.

::

    FindAllError                        the root; has findall_id
    |-- InvalidRequestError             an argument is invalid; nothing was sent (ValueError)
    |   |-- MissingKeyError             the service needs a key
    |   `-- BudgetError                 it could cost more than its budget
    |-- CorpusError                     own data can't be read (ValueError)
    |-- ServiceError                    the embedded service can't start or has stopped
    |   `-- EvaluatorError              the language model can't be used
    |-- UnreachableError                the service can't be reached (ConnectionError)
    |   `-- AmbiguousCreateError        a paid request may have arrived; not sent again
    |-- UnexpectedResponseError         the answer breaks the contract
    |-- APIError                        the service refused; has status_code, ref_id, detail
    |   |-- AuthenticationError         401, 403
    |   |-- InsufficientFundsError      402
    |   |-- NotFoundError               404
    |   |-- ConflictError               409
    |   |-- RefusedError                400, 422
    |   |   `-- ConditionNotUnderstoodError   own data can't read a condition
    |   `-- RateLimitError              429
    |-- RunTimeout                      time is up, the run goes on; has frames (TimeoutError)
    |-- PartialResultError              the run ended early and errors="raise"; has frames
    |-- ParquetError                    not a whole set of our tables (ValueError)
    |-- LakeError                       not a lake, or one that can't be used (ValueError)
    |-- LedgerError                     nothing was started, as the ledger can't be used
    `-- ExportError                     the tables can't be written there (ValueError)
        `-- MissingExtraError           an optional library is missing (ImportError)

    FindAllWarning                      the root of the warnings (UserWarning)
    |-- PartialResultWarning            the run ended early; what it found is returned
    |-- RepeatedSearchWarning           an equal search has a result in the ledger
    |-- LedgerWarning                   the ledger can't be used
    `-- DisplayWarning                  a progress display failed
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
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
    "LakeError",
    "LedgerError",
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
    "advice",
    "advising_commands",
    "warn",
]


class FindAllError(Exception):
    """The root of all errors that this package raises.

    Parameters
    ----------
    message : str
        What was expected, what was found, and what to do next.
    findall_id : str, optional
        The run that it is about, if any; also an attribute, so that
        ``except FindAllError as error: ff.resume(error.findall_id)`` works.

    Examples
    --------
    >>> error = FindAllError("The run stopped.", findall_id="findall_1")
    >>> error.findall_id
    'findall_1'
    """

    def __init__(self, message: str, *, findall_id: str | None = None) -> None:
        super().__init__(message)
        self.findall_id = findall_id

    def __reduce__(self) -> tuple[Any, ...]:
        # By default the class would be called with the message alone. An error that can't be
        # unpickled makes a multiprocessing.Pool wait for ever.
        return _restored, (type(self), self.args), self.__dict__.copy()


def _restored(kind: type[FindAllError], args: tuple[Any, ...]) -> FindAllError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class InvalidRequestError(FindAllError, ValueError):
    """An argument is invalid; nothing was sent or spent."""


class MissingKeyError(InvalidRequestError):
    """The service needs an API key and none was given; nothing was sent."""


class BudgetError(InvalidRequestError):
    """The search could cost more than its budget; nothing was spent."""


class CorpusError(FindAllError, ValueError):
    """The data for the embedded service can't be read, or is empty."""


class ExportError(FindAllError, ValueError):
    """The tables can't be written there, or in that format; existing files are unchanged."""


class MissingExtraError(ExportError, ImportError):
    """An optional library is missing; the message names the extra that installs it."""


class ParquetError(FindAllError, ValueError):
    """The folder is not one whole set of tables written by `FindAllFrames.to_parquet`."""


class LakeError(FindAllError, ValueError):
    """The folder is not a lake, lacks the run, or can't be read or written."""


class LedgerError(FindAllError):
    """The ledger can't be read or written, and nothing was started without it."""


class ServiceError(FindAllError):
    """The embedded service can't start, or has stopped."""


class EvaluatorError(ServiceError):
    """The language model is not named correctly, or can't be reached."""


class UnreachableError(FindAllError, ConnectionError):
    """The service can't be reached, or the connection broke more often than is retried."""


class AmbiguousCreateError(UnreachableError):
    """A request that costs money may or may not have arrived; it was not sent again.

    Attributes
    ----------
    token : str or None
        The value of ``metadata["findall_frames_token"]`` of the run, if it exists.
    """

    def __init__(
        self, message: str, *, findall_id: str | None = None, token: str | None = None
    ) -> None:
        super().__init__(message, findall_id=findall_id)
        self.token = token


class UnexpectedResponseError(FindAllError):
    """The answer of the service breaks the contract.

    Attributes
    ----------
    path : str or None
        The JSON path of the first error, such as ``$.candidates[3].name``.
    """

    def __init__(
        self, message: str, *, findall_id: str | None = None, path: str | None = None
    ) -> None:
        super().__init__(message, findall_id=findall_id)
        self.path = path


class APIError(FindAllError):
    """The service refused the request.

    Attributes
    ----------
    status_code : int
        The HTTP status.
    ref_id : str or None
        The reference id of the error, for the service's support.
    detail : object
        The whole error body, as decoded JSON.
    retry_after : float or None
        The seconds after which the service wants the request to be sent again.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        findall_id: str | None = None,
        ref_id: str | None = None,
        detail: Any = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, findall_id=findall_id)
        self.status_code = status_code
        self.ref_id = ref_id
        self.detail = detail
        self.retry_after = retry_after


class AuthenticationError(APIError):
    """The key is missing or was not accepted (401, 403)."""


class InsufficientFundsError(APIError):
    """The account does not have enough credit (402)."""


class NotFoundError(APIError):
    """The service does not know the run (404)."""


class ConflictError(APIError):
    """The run is in a state that does not allow this (409)."""


class RefusedError(APIError):
    """The service considers the request invalid (400, 422)."""


class ConditionNotUnderstoodError(RefusedError):
    """A condition could not be read, or the data can't answer it; nothing was run.

    The message names the words that were not understood or are ambiguous, the closest columns
    and values, and the SQL to write instead.
    """


class RateLimitError(APIError):
    """Too many requests, even after waiting as the service asked (429)."""


class RunTimeout(FindAllError, TimeoutError):
    """Time is up; the run goes on and is not lost.

    Attributes
    ----------
    frames : FindAllFrames or None
        What the run has found so far, if it could be fetched in time.
    """

    def __init__(self, message: str, *, findall_id: str | None = None, frames: Any = None) -> None:
        super().__init__(message, findall_id=findall_id)
        self.frames = frames


class PartialResultError(FindAllError):
    """The run ended early, and ``errors="raise"`` was passed.

    Attributes
    ----------
    frames : FindAllFrames
        What the run found.
    """

    def __init__(self, message: str, *, findall_id: str | None = None, frames: Any = None) -> None:
        super().__init__(message, findall_id=findall_id)
        self.frames = frames


class FindAllWarning(UserWarning):
    """The root of all warnings of this package."""


class PartialResultWarning(FindAllWarning):
    """The run ended early; what it found is returned."""


class RepeatedSearchWarning(FindAllWarning):
    """An equal search has finished before; `resume` returns its result at no cost."""


class LedgerWarning(FindAllWarning):
    """The ledger can't be used; the search goes on without it."""


class DisplayWarning(FindAllWarning):
    """A progress display failed and was dropped; the search goes on."""


def warn(message: str, category: type[FindAllWarning]) -> None:
    """Issue a warning that points to the line that called this package."""
    level = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        ("findall_frames", "contextlib")  # whose functions call ours in a with statement
    ):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


_advises_commands = False


def advice(call: str, *, command: str) -> str:
    """Return what to do next, in Python or, for users of the command line, in the shell.

    >>> advice("Use lake.save(search).", command="Use findall-frames save.")
    'Use lake.save(search).'
    >>> with advising_commands():
    ...     advice("Use lake.save(search).", command="Use findall-frames save.")
    'Use findall-frames save.'
    """
    return command if _advises_commands else call


@contextlib.contextmanager
def advising_commands() -> Iterator[None]:
    """Let messages advise commands in place of calls, in all threads, until this ends."""
    global _advises_commands
    before, _advises_commands = _advises_commands, True
    try:
        yield
    finally:
        _advises_commands = before
