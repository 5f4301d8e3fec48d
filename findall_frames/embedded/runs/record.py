"""One run: its row in the store, and what the API shows of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from findall_frames.api.models import (
    NO_LIMIT,
    TERMINAL_STATUSES,
    ExcludeCandidate,
    FindAllCandidateMetrics,
    FindAllEnrichInput,
    FindAllRun,
    FindAllRunInput,
    FindAllRunStatus,
    FindAllSchema,
)
from findall_frames.api.readings import Explained
from findall_frames.embedded.chat.language_model import Usage
from findall_frames.errors import NotFoundError

__all__ = ["RunRecord", "RunWarning"]


class RunWarning(Struct, frozen=True):
    """A warning that belongs to the result of a run.

    `type` is ``"assumption"``, ``"unknown_rows"``, ``"run_failed"`` or the like.
    """

    type: str
    message: str


class _ReadAs(Struct, frozen=True, omit_defaults=True):
    """The SQL that a condition was read as, and how many rows meet it, fail it or lack a value."""

    name: str
    sql: str
    true: int | None = None
    false: int | None = None
    unknown: int | None = None


class _OwnDataRun(FindAllRun, frozen=True):
    """A run with its warnings and readings, which the contract allows as further properties."""

    warnings: list[RunWarning] | UnsetType = UNSET
    readings: list[_ReadAs] | UnsetType = UNSET


class RunRecord(Struct, kw_only=True):
    """One run as stored; its fields are columns of the table ``runs``.

    Attributes
    ----------
    number, findall_id : int, str
        Its primary key, and its public id.
    corpus : str
        Fingerprint of the data that it searches.
    enrichments : list of FindAllEnrichInput
        Enrichments that were added later; every match gets them in this order.
    readings : list of Explained
        One for each match condition, in the same order, with the counts when the run was made.
    match_limit : int
        That of the request plus all extensions; `NO_LIMIT` or more for all matches.
    stop_reason : str or None
        Why the search has stopped; enrichments may still be running.
    failure : str or None
        The exception that ended the run.
    consumed : int
        How many rows of its order were processed, excluded ones included.
    rows, looked_at : int
        How many rows the data has, and how many of them are decided, by columns or by a model.
    generated, matched : int
        Candidates so far, and how many of them match.
    last_event : int
        Number of its last event, counted from 1.
    usage : Usage
        Requests to a language model.
    """

    number: int = 0
    findall_id: str
    corpus: str
    request: FindAllRunInput
    enrichments: list[FindAllEnrichInput] = field(default_factory=list)
    readings: list[Explained]
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
    def load(cls, connection: sqlite3.Connection, findall_id: str) -> RunRecord:
        """Read a run from the store; raise NotFoundError if there is none."""
        row = connection.execute(_SELECT, (findall_id,)).fetchone()
        if row is None:
            raise NotFoundError(
                f"FindAll run not found: this service has no run {findall_id!r}.",
                status_code=404,
                findall_id=findall_id,
            )
        values = dict(zip(_COLUMNS, row, strict=True))
        for name, decoder in _DECODERS.items():
            values[name] = decoder.decode(values[name])
        return cls(**values)

    def insert(
        self, connection: sqlite3.Connection, *, excluded: Sequence[ExcludeCandidate]
    ) -> None:
        """Add the run to the store and set its number."""
        values = self._encoded(_COLUMNS) | {
            "number": None,
            "excluded": msgspec.json.encode(excluded),
            "evaluated": 0,  # a column of the first release
        }
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        statement = f"INSERT INTO runs ({columns}) VALUES ({marks}) RETURNING number"
        (self.number,) = connection.execute(statement, values).fetchone()

    def update(self, connection: sqlite3.Connection) -> None:
        """Write all fields that can change."""
        connection.execute(_UPDATE, self._encoded(("number", *_MUTABLE)))

    def _encoded(self, names: Iterable[str]) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in names}
        for name in _DECODERS.keys() & values.keys():
            values[name] = msgspec.json.encode(values[name])
        return values

    @property
    def is_active(self) -> bool:
        """True unless the run has ended."""
        return self.status not in TERMINAL_STATUSES

    @property
    def limit_is_met(self) -> bool:
        """True if the match limit is reached; a preview counts candidates instead of matches."""
        if self.request.generator == "preview":
            return self.generated >= self.match_limit
        return self.matched >= self.match_limit

    def as_run(self) -> FindAllRun:
        """Return the run as the API shows it."""
        return _OwnDataRun(
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
            readings=[
                _ReadAs(each.name, each.as_sql, each.true, each.false, each.unknown)
                for each in self.readings
                if each.status == "sql" and each.as_sql
            ]
            or UNSET,
        )

    def as_schema(self) -> FindAllSchema:
        """Return the search of the run as the API shows it."""
        return FindAllSchema(
            objective=self.request.objective,
            entity_type=self.request.entity_type,
            match_conditions=self.request.match_conditions,
            enrichments=self.enrichments or None,
            generator=self.request.generator,
            match_limit=None if self.match_limit >= NO_LIMIT else self.match_limit,
        )


_COLUMNS: Final = RunRecord.__struct_fields__
_MUTABLE: Final = tuple(
    name
    for name in _COLUMNS
    if name not in {"number", "findall_id", "corpus", "request", "readings", "created_at"}
)
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE findall_id = ?"
_UPDATE: Final = (
    f"UPDATE runs SET {', '.join(f'{name} = :{name}' for name in _MUTABLE)} WHERE number = :number"
)
# The columns that hold JSON.
_DECODERS: Final = {
    name: msgspec.json.Decoder(kind)
    for name, kind in get_type_hints(RunRecord).items()
    if name in {"request", "enrichments", "readings", "warnings", "usage"}
}
