"""What is kept about a run, and how the API shows it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from findall_frames.api.models import (
    TERMINAL_STATUSES,
    FindAllCandidateMetrics,
    FindAllEnrichInput,
    FindAllRun,
    FindAllRunInput,
    FindAllRunStatus,
    FindAllRunUpdate,
    FindAllSchema,
)

__all__ = [
    "RunRecord",
    "RunUpdate",
    "RunWarning",
    "Usage",
    "WarnedRun",
    "candidate_id",
    "event_id",
    "event_number",
    "event_prefix",
    "webhook_id",
]


class RunWarning(Struct, frozen=True, omit_defaults=True):
    """Something that whoever reads the result of a run has to know.

    Its form is that of the warnings of a task in the API next door; a run of the contract has
    none, and may have further properties.

    Attributes
    ----------
    type : str
        ``"condition_not_understood"`` or ``"run_failed"``.
    message : str
        What it is about, and what to do.
    detail : dict, optional
        The same for programs.
    """

    type: str
    message: str
    detail: dict[str, Any] | None = None


class WarnedRun(FindAllRun, frozen=True):
    """A run with its warnings, which are left out when there are none."""

    warnings: list[RunWarning] | UnsetType = UNSET


class RunUpdate(FindAllRunUpdate, frozen=True):
    """The same for status events."""

    warnings: list[RunWarning] | UnsetType = UNSET


class Usage(Struct, frozen=True):
    """What a language model was asked for a run, each answer counted once.

    Attributes
    ----------
    models : tuple of str
        Usually one; a service can be started again with another.
    requests : int
        How many were answered. What was refused or lost is not among them.
    prompt_tokens, completion_tokens : int
        As far as the answers say.
    """

    models: tuple[str, ...] = ()
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            tuple(dict.fromkeys((*self.models, *other.models))),
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def as_metadata(self) -> dict[str, str | int]:
        """As the metadata of a run has it; empty when no model was asked."""
        if not self.models:
            return {}
        return {
            "evaluator_model": ", ".join(self.models),
            "evaluator_requests": self.requests,
            "evaluator_prompt_tokens": self.prompt_tokens,
            "evaluator_completion_tokens": self.completion_tokens,
        }


class RunRecord(Struct):
    """One run as it stands in the store.

    Attributes
    ----------
    number : int
        Its key in the store.
    findall_id : str
        Its key for everybody else.
    corpus : str
        Fingerprint of the data that it searches.
    request : FindAllRunInput
        What was asked for.
    enrichments : list of FindAllEnrichInput
        What was asked for later; every match gets them in this order.
    match_limit : int
        The request's, and what extensions have added.
    status : str
        One of the API's.
    stop_reason : str or None
        Why the search has stopped; enrichments may still be going on.
    failure : str or None
        What the evaluator raised, when that ended the run.
    consumed : int
        How many entities of its order the run has been through, excluded ones included.
    generated, evaluated, matched : int
        Candidates so far. They are evaluated in the order in which they were generated.
    last_event : int
        Number of its last event, counted from 1.
    created_at, modified_at : str
        RFC 3339 times.
    warnings : list of RunWarning
        What is shown with the run.
    usage : Usage
        What a language model was asked for it.
    """

    number: int
    findall_id: str
    corpus: str
    request: FindAllRunInput
    enrichments: list[FindAllEnrichInput]
    match_limit: int
    status: str
    stop_reason: str | None
    failure: str | None
    consumed: int
    generated: int
    evaluated: int
    matched: int
    last_event: int
    created_at: str
    modified_at: str
    warnings: list[RunWarning]
    usage: Usage

    @property
    def is_active(self) -> bool:
        """Whether anything is still to be done."""
        return self.status not in TERMINAL_STATUSES

    @property
    def limit_is_met(self) -> bool:
        """Whether as much was found as was asked for; a preview counts what it looked at."""
        if self.request.generator == "preview":
            return self.evaluated >= self.match_limit
        return self.matched >= self.match_limit

    def as_run(self) -> WarnedRun:
        """Show it as the API does."""
        return WarnedRun(
            findall_id=self.findall_id,
            status=FindAllRunStatus(
                status=self.status,
                is_active=self.is_active,
                metrics=FindAllCandidateMetrics(
                    generated_candidates_count=self.generated,
                    matched_candidates_count=self.matched,
                ),
                termination_reason=None if self.is_active else self.stop_reason,
            ),
            generator=self.request.generator,
            metadata={**self.usage.as_metadata(), **(self.request.metadata or {})},
            created_at=self.created_at,
            modified_at=self.modified_at,
            warnings=self.warnings or UNSET,
        )

    def as_schema(self) -> FindAllSchema:
        """Show what it looks for."""
        return FindAllSchema(
            objective=self.request.objective,
            entity_type=self.request.entity_type,
            match_conditions=self.request.match_conditions,
            enrichments=self.enrichments or None,
            generator=self.request.generator,
            match_limit=self.match_limit,
        )


def candidate_id(findall_id: str, place: int) -> str:
    """Name the candidate at a place of a run: opaque, and the same whenever it is asked for."""
    return f"{_candidate_prefix(findall_id)}{place:012x}"


def event_id(findall_id: str, number: int) -> str:
    """Name an event of a run, so that its number can be read from the name alone."""
    return f"{event_prefix(findall_id)}{number:012x}"


def event_number(findall_id: str, name: str | None) -> int:
    """Read the number of an event from its name; 0, the beginning, for a name not of the run.

    Whatever follows the number is ignored: a heartbeat is named after the event before it.
    """
    prefix = event_prefix(findall_id)
    if name is None or not name.startswith(prefix):
        return 0
    digits = name[len(prefix) : len(prefix) + 12]
    try:
        return int(digits, 16)
    except ValueError:
        return 0


def webhook_id(findall_id: str, number: int) -> str:
    """Name the announcement of an event: the same however often it has to be sent."""
    return "whevent_" + _digest(f"{findall_id}/webhook/{number}")


@lru_cache(maxsize=256)
def _candidate_prefix(findall_id: str) -> str:
    return "candidate_" + _digest(f"{findall_id}/candidates")


@lru_cache(maxsize=256)
def event_prefix(findall_id: str) -> str:
    """Give what the names of all events of a run begin with; twelve hexadecimal digits follow."""
    return _digest(f"{findall_id}/events")


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=10).hexdigest()
