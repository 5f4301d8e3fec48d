"""How a run ended, in words, and what can be done about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from findall_frames.api.models import FindAllRunStatus
from findall_frames.display.text import counted, in_words
from findall_frames.errors import (
    FindAllWarning,
    InvalidRequestError,
    PartialResultError,
    PartialResultWarning,
    warn,
)
from findall_frames.frames.frames import FindAllFrames

__all__ = ["Errors", "check_errors", "partial_result", "report_left", "report_partial"]

Errors: TypeAlias = Literal["warn", "raise"]
"""What to do about a run that ended early: a `PartialResultWarning` or a `PartialResultError`."""

_AS_ASKED = frozenset({"match_limit_met", "candidates_exhausted"})

# Which endings can be extended: the API's guide to the life cycle of a run.
_NEXT_STEPS = {
    "low_match_rate": "It cannot be extended. A more thorough generator looks at more candidates.",
    "user_cancelled": "A cancelled run cannot be extended or enriched; start a new one to go on.",
    "error_occurred": "It cannot be extended. Start it again, excluding what is known: "
    "ff.find_all(..., exclude=frames).",
    "timeout": "It cannot be extended. Start a smaller one, excluding what is known: "
    "ff.find_all(..., exclude=frames).",
    "insufficient_funds": "Add credit, then start a new one, excluding what is known: "
    "ff.find_all(..., exclude=frames).",
}


def partial_result(findall_id: str, status: FindAllRunStatus) -> str | None:
    """Say why a run found less than it might have, and what to do; None when it did not.

    Parameters
    ----------
    findall_id : str
        The run.
    status : FindAllRunStatus
        Its last status.
    """
    reason = status.termination_reason
    if status.status == "completed" and (reason is None or reason in _AS_ASKED):
        return None
    ending = {
        "completed": "ended early",
        "failed": "failed",
        "cancelled": "was cancelled",
    }.get(status.status, f"stopped with the status {status.status!r}")
    because = f": {in_words(reason)}" if reason and reason != "user_cancelled" else ""
    metrics = status.metrics
    next_step = _NEXT_STEPS.get(reason or "", "")
    return (
        f"Run {findall_id} {ending}{because}. What it found is here: "
        f"{metrics.matched_candidates_count} matched of {metrics.generated_candidates_count} "
        f"candidates. {next_step}"
    ).rstrip()


def check_errors(errors: str) -> None:
    """Demand one of the two words, before anything is sent."""
    if errors not in ("warn", "raise"):
        raise InvalidRequestError(f"errors is {errors!r}. It can be 'warn' or 'raise'.")


def report_partial(
    findall_id: str, status: FindAllRunStatus, frames: FindAllFrames, *, errors: Errors
) -> None:
    """Warn, or raise with the frames, when a run found less than it might have.

    What the service itself warns of is passed on, such as a condition that it has not understood.
    """
    message = partial_result(findall_id, status)
    if message is not None:
        _report(message, findall_id, frames, errors=errors)
    elif frames.warnings:
        warn("\n".join([f"Run {findall_id}:", *frames.warnings]), FindAllWarning)


def report_left(
    findall_id: str, frames: FindAllFrames, *, how_to_go_on: str, errors: Errors
) -> None:
    """Warn, or raise with the frames, when waiting was stopped before the run was over."""
    message = (
        f"Run {findall_id} is no longer waited for, and goes on. What it has found so far is "
        f"here: {counted(len(frames.matches), 'match')} of "
        f"{counted(len(frames.candidates), 'candidate')}. Go on waiting with {how_to_go_on}."
    )
    _report(message, findall_id, frames, errors=errors)


def _report(message: str, findall_id: str, frames: FindAllFrames, *, errors: Errors) -> None:
    message = "\n".join([message, *frames.warnings])
    if errors == "raise":
        raise PartialResultError(message, findall_id=findall_id, frames=frames)
    warn(message, PartialResultWarning)
