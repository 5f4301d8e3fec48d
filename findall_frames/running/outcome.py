"""Warnings and errors for runs that ended early, with the next step."""

from __future__ import annotations

from typing import Literal, TypeAlias

from findall_frames.api.models import FindAllRunStatus
from findall_frames.display.text import in_words, matches_of
from findall_frames.errors import (
    FindAllWarning,
    InvalidRequestError,
    PartialResultError,
    PartialResultWarning,
    warn,
)
from findall_frames.frames.frames import FindAllFrames

__all__ = [
    "Errors",
    "check_errors",
    "matches_missing",
    "partial_result",
    "report_left",
    "report_partial",
]

Errors: TypeAlias = Literal["warn", "raise"]
"""If a run ended early: a `PartialResultWarning`, or a `PartialResultError`."""

_COMPLETE = frozenset({"match_limit_met", "candidates_exhausted"})

# Which runs can be extended is documented in the API's guide to the run life cycle.
_EXCLUDING = "excluding what is known: ff.find_all(..., exclude=frames)."
_NEXT_STEPS = {
    "low_match_rate": "It can't be extended. A more thorough generator looks at more candidates.",
    "user_cancelled": "A cancelled run can't be extended or enriched; start a new one instead.",
    "error_occurred": f"It can't be extended. Start it again, {_EXCLUDING}",
    "timeout": f"It can't be extended. Start a smaller one, {_EXCLUDING}",
    "insufficient_funds": f"Add credit, then start a new one, {_EXCLUDING}",
}


def partial_result(findall_id: str, status: FindAllRunStatus) -> str | None:
    """Return why a result may be incomplete and what to do about it; None if it is complete.

    Parameters
    ----------
    findall_id : str
        The id of the run.
    status : FindAllRunStatus
        Its last status.
    """
    reason = status.termination_reason
    if status.status == "completed" and (reason is None or reason in _COMPLETE):
        return None
    ending = {
        "completed": "ended early",
        "failed": "failed",
        "cancelled": "was cancelled",
    }.get(status.status, f"stopped with the status {status.status!r}")
    because = f": {in_words(reason)}" if reason and reason != "user_cancelled" else ""
    metrics = status.metrics
    found = matches_of(
        metrics.matched_candidates_count, candidates=metrics.generated_candidates_count
    )
    next_step = _NEXT_STEPS.get(reason or "", "")
    return (
        f"Run {findall_id} {ending}{because}. What it found is here: {found}. {next_step}"
    ).rstrip()


def matches_missing(frames: FindAllFrames, status: FindAllRunStatus | None) -> int:
    """Return how many matches a result lacks of those that the final status counts."""
    if status is None:
        return 0
    return max(0, status.metrics.matched_candidates_count - len(frames))


def check_errors(errors: str) -> None:
    """Raise unless `errors` is 'warn' or 'raise'."""
    if errors not in ("warn", "raise"):
        raise InvalidRequestError(f"errors is {errors!r}. Expected 'warn' or 'raise'.")


def report_partial(
    findall_id: str,
    status: FindAllRunStatus,
    frames: FindAllFrames,
    *,
    resume: str,
    errors: Errors,
    is_shown: bool = False,
) -> None:
    """Warn, or raise with the frames, if the result may be incomplete.

    Warnings of the service, for example about a condition it could not read, are passed on.
    Nothing is warned of that a display shows.
    """
    missing = matches_missing(frames, status)
    if missing:
        counted = status.metrics.matched_candidates_count
        warn(
            f"The status of run {findall_id} counts {matches_of(counted)}, and its result lacks "
            f"{missing} of them, also after it was fetched again. What it has is here; later, "
            f"{resume} may return more.",
            PartialResultWarning,
        )
    message = partial_result(findall_id, status)
    if message is not None:
        _report(message, findall_id, frames, errors=errors, is_shown=is_shown)
    elif frames.warnings and not is_shown:
        warn("\n".join([f"Run {findall_id}:", *frames.warnings]), FindAllWarning)


def report_left(
    findall_id: str,
    frames: FindAllFrames,
    *,
    resume: str,
    errors: Errors,
    is_shown: bool = False,
) -> None:
    """Warn, or raise with the frames, that waiting was stopped before the run was over."""
    message = (
        f"Stopped waiting for run {findall_id}, which goes on. What it has found so far is here: "
        f"{matches_of(len(frames.matches), candidates=len(frames.candidates))}. Continue waiting "
        f"with {resume}."
    )
    _report(message, findall_id, frames, errors=errors, is_shown=is_shown)


def _report(
    message: str, findall_id: str, frames: FindAllFrames, *, errors: Errors, is_shown: bool
) -> None:
    message = "\n".join([message, *frames.warnings])
    if errors == "raise":
        raise PartialResultError(message, findall_id=findall_id, frames=frames)
    if not is_shown:
        warn(message, PartialResultWarning)
