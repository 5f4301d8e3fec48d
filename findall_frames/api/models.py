"""Every schema of the FindAll contract as a typed struct.

The names are those of the API. Reading is tolerant: unknown fields are ignored and enums are
plain text, so that a newer service does not break an older client. A missing required field is
an error that names its place. `Literal` types and the constants below document the values that
are known today.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

__all__ = [
    "BETA",
    "EVENT_TYPES",
    "GENERATORS",
    "MATCH_STATUSES",
    "NO_LIMIT",
    "RUN_STATUSES",
    "TERMINAL_STATUSES",
    "TERMINATION_REASONS",
    "VERDICT_WORDS",
    "CandidateEvent",
    "Citation",
    "Error",
    "ErrorEvent",
    "ErrorResponse",
    "Event",
    "ExcludeCandidate",
    "FieldBasis",
    "FindAllCandidate",
    "FindAllCandidateMatchStatusEvent",
    "FindAllCandidateMetrics",
    "FindAllEnrichInput",
    "FindAllEntity",
    "FindAllEntitySearchInput",
    "FindAllEntitySearchResponse",
    "FindAllExtendInput",
    "FindAllRun",
    "FindAllRunInput",
    "FindAllRunResult",
    "FindAllRunStatus",
    "FindAllRunStatusEvent",
    "FindAllRunUpdate",
    "FindAllSchema",
    "FindAllSchemaUpdatedEvent",
    "HTTPValidationError",
    "IngestInput",
    "JsonSchema",
    "MatchCondition",
    "McpServer",
    "Metadata",
    "UnknownEvent",
    "ValidationError",
    "Webhook",
    "format_time",
    "parse_time",
]

BETA: Final = "findall-2025-09-15"
"""The value of the ``parallel-beta`` header that selects this contract."""

Generator: TypeAlias = Literal["preview", "base", "core", "pro"]
NO_LIMIT: Final = 1_000_000_000
"""A match limit that stands for none, as a service over one's own data takes it."""

GENERATORS: Final = ("preview", "base", "core", "pro")
"""From the cheapest, which looks at about ten candidates, to the most thorough."""

RUN_STATUSES: Final = (
    "queued",
    "action_required",
    "running",
    "completed",
    "failed",
    "cancelling",
    "cancelled",
)
TERMINAL_STATUSES: Final = frozenset({"completed", "failed", "cancelled"})
TERMINATION_REASONS: Final = (
    "low_match_rate",
    "match_limit_met",
    "candidates_exhausted",
    "user_cancelled",
    "error_occurred",
    "timeout",
    "insufficient_funds",
)
MATCH_STATUSES: Final = ("generated", "matched", "unmatched", "discarded")
EVENT_TYPES: Final = (
    "findall.schema.updated",
    "findall.status",
    "findall.candidate.generated",
    "findall.candidate.matched",
    "findall.candidate.unmatched",
    "findall.candidate.discarded",
    "findall.candidate.enriched",
    "error",
)

Metadata: TypeAlias = dict[str, str | int | float | bool]
"""What a caller may attach to a run: flat, and no nulls."""


# -- what is asked ---------------------------------------------------------------------------


class MatchCondition(Struct, frozen=True):
    """One criterion that a candidate has to meet.

    Attributes
    ----------
    name : str
        The key under which the verdict stands in ``FindAllCandidate.output``.
    description : str
        The criterion in words, as specific as possible.
    """

    name: str
    description: str


class ExcludeCandidate(Struct, frozen=True):
    """An entity that must not be generated, evaluated or paid for.

    Attributes
    ----------
    name, url : str
        Both are required; the service matches aliases and variants of the address.
    """

    name: str
    url: str


class JsonSchema(Struct, frozen=True):
    """A JSON Schema, of which the service supports a subset.

    Attributes
    ----------
    json_schema : dict
        The schema itself.
    type : str
        Always ``"json"``.
    """

    json_schema: dict[str, Any]
    type: str = "json"


class McpServer(Struct, frozen=True):
    """A tool server that an enrichment may use.

    Attributes
    ----------
    url, name : str
        Where it is and what it is called.
    type : str
        Always ``"url"``.
    headers : dict of str, optional
        Secrets for that server; written, and never sent back.
    allowed_tools : list of str, optional
        The tools that may be used; None for all.
    """

    url: str
    name: str
    type: str = "url"
    headers: dict[str, str] | None = None
    allowed_tools: list[str] | None = None

    def __repr__(self) -> str:
        hidden = "None" if self.headers is None else "{...}"
        return f"McpServer(url={self.url!r}, name={self.name!r}, headers={hidden})"


class FindAllEnrichInput(Struct, frozen=True):
    """More columns for every match.

    Attributes
    ----------
    output_schema : JsonSchema
        An object schema; each of its properties becomes a field of every match.
    processor : str
        What computes them; it sets the price per match. The service's default is ``"core"``.
    mcp_servers : list of McpServer, optional
        Tools that may be used on the way.
    """

    output_schema: JsonSchema
    processor: str = "core"
    mcp_servers: list[McpServer] | None = None


class FindAllExtendInput(Struct, frozen=True):
    """More matches for a run.

    Attributes
    ----------
    additional_match_limit : int
        How many matches more, at least 1; it is added to the run's match limit.
    """

    additional_match_limit: int


class Webhook(Struct, frozen=True):
    """Where the service should announce events of a run.

    Attributes
    ----------
    url : str
        The address that is posted to.
    event_types : list of str
        Which events; an empty list asks for none.
    """

    url: str
    event_types: list[str] = field(default_factory=list)


class IngestInput(Struct, frozen=True):
    """An objective in plain words, to be turned into a `FindAllSchema`."""

    objective: str


class FindAllRunInput(Struct, frozen=True, omit_defaults=True):
    """Everything that starts a run.

    Attributes
    ----------
    objective : str
        The question in plain words.
    entity_type : str
        What kind of thing is looked for, in the plural: ``"companies"``.
    match_conditions : list of MatchCondition
        A candidate matches when it meets all of them.
    generator : str
        One of `GENERATORS`.
    match_limit : int
        How many matches to find at the most, 5 to 1000. With ``"preview"``: how many candidates
        to evaluate, at most 10.
    exclude_list : list of ExcludeCandidate, optional
        What is known already.
    metadata : dict, optional
        Flat; comes back with the run.
    webhook : Webhook, optional
        Where to announce events.
    """

    objective: str
    entity_type: str
    match_conditions: list[MatchCondition]
    generator: str
    match_limit: int
    exclude_list: list[ExcludeCandidate] | None = None
    metadata: Metadata | None = None
    webhook: Webhook | None = None


class FindAllEntitySearchInput(Struct, frozen=True):
    """A question that is answered at once with ranked entities, which nobody has judged.

    Attributes
    ----------
    entity_type, objective : str
        What kind of thing is looked for, and which of them, in plain words.
    match_limit : int
        How many entities to return at the most, 5 to 1000.
    """

    entity_type: str
    objective: str
    match_limit: int = 100


class FindAllSchema(Struct, frozen=True):
    """What a run looks for: the answer to ingest, and to the schema endpoint.

    Attributes
    ----------
    objective, entity_type, match_conditions, generator
        As in `FindAllRunInput`.
    enrichments : list of FindAllEnrichInput, optional
        The columns that every match gets.
    match_limit : int, optional
        As in `FindAllRunInput`; None where ingest leaves it to the caller.
    """

    objective: str
    entity_type: str
    match_conditions: list[MatchCondition]
    enrichments: list[FindAllEnrichInput] | None = None
    generator: str = "core"
    match_limit: int | None = None


# -- a run -----------------------------------------------------------------------------------


class FindAllCandidateMetrics(Struct, frozen=True):
    """Counts of candidates.

    Attributes
    ----------
    generated_candidates_count : int
        How many were selected for evaluation so far.
    matched_candidates_count : int
        How many of them met all conditions.
    rows : int, optional
        How many rows a service over one's own data has; others do not say.
    """

    generated_candidates_count: int = 0
    matched_candidates_count: int = 0
    rows: int | None = None


class FindAllRunStatus(Struct, frozen=True):
    """Where a run stands.

    Attributes
    ----------
    status : str
        One of `RUN_STATUSES`, or one that a newer service adds.
    is_active : bool
        Whether anything is still going on; enrichments can outlast ``"completed"``.
    metrics : FindAllCandidateMetrics
        Counts so far.
    termination_reason : str, optional
        One of `TERMINATION_REASONS`; means something in a terminal status only.
    """

    status: str
    is_active: bool
    metrics: FindAllCandidateMetrics
    termination_reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come.

        A terminal status with something still active is not the end: enrichments are running.
        Neither is a run that waits in the queue, whatever it says of its activity.
        """
        return not self.is_active and self.status != "queued"


class FindAllRun(Struct, frozen=True):
    """A run.

    Attributes
    ----------
    findall_id : str
        Opaque.
    status : FindAllRunStatus
        Where it stands.
    generator : str
        One of `GENERATORS`.
    metadata : dict, optional
        What the caller attached.
    created_at, modified_at : str, optional
        RFC 3339 times.
    """

    findall_id: str
    status: FindAllRunStatus
    generator: str
    metadata: dict[str, Any] | None = None
    created_at: str | None = None
    modified_at: str | None = None


class FindAllRunUpdate(Struct, frozen=True):
    """A `FindAllRun` as status events carry it, which may leave out all but id and status."""

    findall_id: str
    status: FindAllRunStatus
    generator: str | None = None
    metadata: dict[str, Any] | None = None
    created_at: str | None = None
    modified_at: str | None = None


class Citation(Struct, frozen=True, gc=False):
    """A source of an output field.

    Attributes
    ----------
    url : str
        Where it is.
    title : str, optional
        What it is called.
    excerpts : list of str, optional
        Passages that support the field, word for word.
    """

    url: str
    title: str | None = None
    excerpts: list[str] | None = None


class FieldBasis(Struct, frozen=True, gc=False):
    """What supports one output field.

    Attributes
    ----------
    field : str
        The key in ``FindAllCandidate.output``; it may also name an element (``products.0``) or
        a field that is not in the output.
    reasoning : str
        Why the field has its value.
    citations : list of Citation
        The sources; may be empty.
    confidence : str, optional
        ``"low"``, ``"medium"`` or ``"high"``, where the service gives one.
    """

    field: str
    reasoning: str
    citations: list[Citation] = []
    confidence: str | None = None


class FindAllCandidate(Struct, frozen=True, gc=False):
    """An entity that may turn out to be a match.

    Attributes
    ----------
    candidate_id : str
        Opaque; unique in its run.
    name, url : str
        What it is called, and an address that tells it from others; the scheme may be missing.
    match_status : str
        One of `MATCH_STATUSES`, or one that a newer service adds.
    description : str, optional
        A line on what it is.
    output : dict, optional
        Per condition and enrichment: a bare value, or an object with ``value``, ``type``
        (``"match_condition"`` or ``"enrichment"``) and, for conditions, ``is_matched``.
    basis : list of FieldBasis, optional
        What supports the output.
    row : int, optional
        On own data its row there, from 0; other services have none.
    """

    candidate_id: str
    name: str
    url: str
    match_status: str
    description: str | None = None
    output: dict[str, Any] | None = None
    basis: list[FieldBasis] | None = None
    row: int | None = None


class FindAllRunResult(Struct, frozen=True):
    """A run with its candidates at one moment.

    Attributes
    ----------
    run : FindAllRun
        The run.
    candidates : list of FindAllCandidate
        Those evaluated so far; while the run is active also some that are not.
    last_event_id : str, optional
        From here the event stream can be resumed.
    """

    run: FindAllRun
    candidates: list[FindAllCandidate]
    last_event_id: str | None = None


class FindAllEntity(Struct, frozen=True):
    """An entity that fits a question by its words.

    Attributes
    ----------
    name, url, description : str
        What it is called, where it is, and a line on what it is; empty where there is none.
    """

    name: str
    url: str
    description: str


class FindAllEntitySearchResponse(Struct, frozen=True):
    """Entities, the best first.

    Attributes
    ----------
    entities : list of FindAllEntity
        At most as many as were asked for.
    entity_set_id : str
        Opaque.
    """

    entities: list[FindAllEntity]
    entity_set_id: str


# -- events ----------------------------------------------------------------------------------


class FindAllSchemaUpdatedEvent(Struct, frozen=True):
    """The schema of the run has changed: it was extended or enriched."""

    type: str
    timestamp: str
    event_id: str
    data: FindAllSchema


class FindAllRunStatusEvent(Struct, frozen=True):
    """The status has changed, or has not for ten seconds."""

    type: str
    timestamp: str
    event_id: str
    data: FindAllRunUpdate


class FindAllCandidateMatchStatusEvent(Struct, frozen=True):
    """A candidate has changed.

    An ``enriched`` event carries the new fields only: it adds to what is known.
    """

    type: str
    timestamp: str
    event_id: str
    data: FindAllCandidate


CandidateEvent: TypeAlias = FindAllCandidateMatchStatusEvent


class Error(Struct, frozen=True):
    """What went wrong.

    Attributes
    ----------
    ref_id : str
        A reference for the support of the service.
    message : str
        For people.
    detail : dict, optional
        For programs.
    """

    ref_id: str
    message: str
    detail: dict[str, Any] | None = None


class ErrorEvent(Struct, frozen=True):
    """The stream reports an error; it has neither an id nor a time."""

    type: str
    error: Error


class UnknownEvent(Struct, frozen=True):
    """An event of a type that this version does not know; kept as it came."""

    type: str
    event_id: str | None
    data: msgspec.Raw


Event: TypeAlias = (
    FindAllSchemaUpdatedEvent
    | FindAllRunStatusEvent
    | FindAllCandidateMatchStatusEvent
    | ErrorEvent
    | UnknownEvent
)


# -- errors ----------------------------------------------------------------------------------


class ErrorResponse(Struct, frozen=True):
    """The body of an answer other than 200."""

    error: Error
    type: str = "error"


class ValidationError(Struct, frozen=True):
    """One fault in a request: where it is, what it is, and of which kind."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(Struct, frozen=True):
    """The other body of a 422."""

    detail: list[ValidationError] | UnsetType = UNSET


VERDICT_WORDS: Final = {"yes": True, "true": True, "no": False, "false": False}
"""A value that is one of these words says only whether something holds."""


def parse_time(text: str | None) -> datetime | None:
    """Read an RFC 3339 time into UTC, which is also meant without an offset; else None."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def format_time(time: datetime) -> str:
    """Write a time as the API does: in UTC, with microseconds and ``Z``."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
