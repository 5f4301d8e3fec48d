"""What is kept about a run, and how the API shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from findall_frames.api.models import (
    NO_LIMIT,
    TERMINAL_STATUSES,
    FindAllCandidateMetrics,
    FindAllEnrichInput,
    FindAllRun,
    FindAllRunInput,
    FindAllRunStatus,
    FindAllRunUpdate,
    FindAllSchema,
)
from findall_frames.api.readings import Reading
from findall_frames.embedded.chat.language_model import Usage

__all__ = [
    "RunRecord",
    "RunUpdate",
    "RunWarning",
    "WarnedRun",
    "candidate_id",
    "event_id",
    "event_number",
    "event_prefix",
    "webhook_id",
]


class RunWarning(Struct, frozen=True, omit_defaults=True):
    """Something that whoever reads the result of a run has to know.

    `type` is such as ``"assumption"``, ``"unknown_rows"`` or ``"run_failed"``; `message` says
    what it is about and what to do, `detail` the same for programs. A run of the contract has
    no warnings, and may have further properties.
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


class RunRecord(Struct, kw_only=True):
    """One run as it stands in the store.

    Attributes
    ----------
    number, findall_id : int, str
        Its key in the store, and for everybody else.
    corpus : str
        Fingerprint of the data that it searches.
    enrichments : list of FindAllEnrichInput
        What was asked for later; every match gets them in this order.
    readings : list of Reading
        What each match condition was understood as, in their order.
    match_limit : int
        The request's, and what extensions have added; `NO_LIMIT` or more for all matches.
    stop_reason : str or None
        Why the search has stopped; enrichments may still be going on.
    failure : str or None
        What the model raised, when that ended the run.
    consumed : int
        How many rows of its order the run has been through, excluded ones included.
    rows, looked_at : int
        How many rows the data has, and how many of them are decided, by columns or by a model.
    generated, matched : int
        Candidates so far, and those of them that match.
    last_event : int
        Number of its last event, counted from 1.
    usage : Usage
        What a language model was asked for it.
    """

    number: int = 0
    findall_id: str
    corpus: str
    request: FindAllRunInput
    enrichments: list[FindAllEnrichInput] = field(default_factory=list)
    readings: list[Reading]
    match_limit: int
    status: str = "queued"
    stop_reason: str | None = None
    failure: str | None = None
    consumed: int = 0
    rows: int
    looked_at: int = 0
    generated: int = 0
    matched: int = 0
    last_event: int = 0
    created_at: str
    modified_at: str
    warnings: list[RunWarning]
    usage: Usage

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> RunRecord:
        """Read what stands in the columns of the same names."""
        values = dict(zip(cls.__struct_fields__, row, strict=True))
        for name, decoder in _DECODERS.items():
            values[name] = decoder.decode(values[name])
        return cls(**values)

    def as_row(self, names: Iterable[str]) -> dict[str, Any]:
        """Give some of the fields as they are stored."""
        values = {name: getattr(self, name) for name in names}
        for name in _DECODERS.keys() & values.keys():
            values[name] = msgspec.json.encode(values[name])
        return values

    @property
    def is_active(self) -> bool:
        """Whether anything is still to be done."""
        return self.status not in TERMINAL_STATUSES

    @property
    def limit_is_met(self) -> bool:
        """Whether as much was found as was asked for; a preview counts what it looked at."""
        if self.request.generator == "preview":
            return self.generated >= self.match_limit
        return self.matched >= self.match_limit

    def as_run(self) -> WarnedRun:
        """Return it as the API shows it."""
        return WarnedRun(
            findall_id=self.findall_id,
            status=FindAllRunStatus(
                status=self.status,
                is_active=self.is_active,
                metrics=FindAllCandidateMetrics(
                    generated_candidates_count=max(self.looked_at, self.generated),
                    matched_candidates_count=self.matched,
                    rows=self.rows or None,
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
            match_limit=None if self.match_limit >= NO_LIMIT else self.match_limit,
        )


def candidate_id(findall_id: str, place: int) -> str:
    """Name the candidate at a place of a run: opaque, and the same whenever it is asked for."""
    return f"candidate_{_digest(f'{findall_id}/candidates')}{place:012x}"


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


def event_prefix(findall_id: str) -> str:
    """Give what the names of all events of a run begin with; twelve hexadecimal digits follow."""
    return _digest(f"{findall_id}/events")


@lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=10).hexdigest()


# The fields of a run that are stored as JSON.
_DECODERS: Final = {
    name: msgspec.json.Decoder(kind)
    for name, kind in get_type_hints(RunRecord).items()
    if name in {"request", "enrichments", "readings", "warnings", "usage"}
}
