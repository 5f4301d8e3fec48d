"""The FindAll contract as typed structs and constants.

The names are those of the API. Decoding is tolerant: unknown fields are ignored and enums are
plain text, so that a newer service does not break an older client. A missing required field is
an error that names its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import replace

__all__ = [
    "BETA",
    "EVENT_MODELS",
    "GENERATORS",
    "MATCH_STATUSES",
    "NO_LIMIT",
    "RUN_STATUSES",
    "TERMINAL_STATUSES",
    "TERMINATION_REASONS",
    "VERDICT_WORDS",
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
    "FindAllMemoryResult",
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
    "RequestedField",
    "UnknownEvent",
    "ValidationError",
    "Webhook",
    "format_time",
    "parse_time",
    "with_field_types",
    "with_text_fields",
]

BETA: Final = "findall-2025-09-15"
"""The value of the ``parallel-beta`` header that selects this contract."""

NO_LIMIT: Final = 1_000_000_000
"""A match limit that stands for none; only a service over your own data accepts it."""

GENERATORS: Final = ("preview", "base", "core", "pro")
"""From the cheapest, which evaluates about ten candidates, to the most thorough."""

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
VERDICT_WORDS: Final = {"yes": True, "true": True, "no": False, "false": False}
"""Values of an output field that state a verdict and nothing else."""

Metadata: TypeAlias = dict[str, str | int | float | bool]
"""What a caller may attach to a run: flat, without nulls."""


# -- requests --------------------------------------------------------------------------------


class MatchCondition(Struct, frozen=True):
    """A condition that a candidate has to meet.

    Attributes
    ----------
    name : str
        The key of its verdict in ``FindAllCandidate.output``.
    description : str
        The condition in words, as specific as possible.
    """

    name: str
    description: str


class ExcludeCandidate(Struct, frozen=True):
    """An entity that must not be generated, evaluated or paid for; aliases match as well."""

    name: str
    url: str


class JsonSchema(Struct, frozen=True):
    """A JSON Schema, of which the service supports a subset."""

    json_schema: dict[str, Any]
    type: str = "json"


class McpServer(Struct, frozen=True):
    """A tool server that an enrichment may use.

    Attributes
    ----------
    url, name : str
        Its address and name.
    type : str
        Always ``"url"``.
    headers : dict of str, optional
        Secrets for that server; they are sent, and never returned.
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
    """Additional fields for every match.

    Attributes
    ----------
    output_schema : JsonSchema
        An object schema; each of its properties becomes a field.
    processor : str
        What computes the fields; it sets the price per match.
    mcp_servers : list of McpServer, optional
        Tools that it may use.
    """

    output_schema: JsonSchema
    processor: str = "core"
    mcp_servers: list[McpServer] | None = None


def with_field_types(
    enrichment: FindAllEnrichInput, type_of: Callable[[str, str], Mapping[str, str]]
) -> FindAllEnrichInput:
    """Return an enrichment in which fields with only a description have a type as well.

    `type_of` returns that, as a JSON Schema, for the name of a field and its description.
    """
    schema = enrichment.output_schema.json_schema
    given = schema.get("properties")
    if not isinstance(given, Mapping):
        return enrichment
    properties = {
        name: {**type_of(name, str(about["description"])), **about}
        if isinstance(about, Mapping) and [*about] == ["description"]
        else about
        for name, about in given.items()
    }
    output = replace(enrichment.output_schema, json_schema={**schema, "properties": properties})
    return replace(enrichment, output_schema=output)


def with_text_fields(enrichment: FindAllEnrichInput) -> FindAllEnrichInput:
    """Return an enrichment in which each field that has only a description is a text.

    Examples
    --------
    >>> ceo = {"properties": {"ceo": {"description": "Name of the CEO"}}}
    >>> with_text_fields(FindAllEnrichInput(JsonSchema(ceo))).output_schema.json_schema
    {'properties': {'ceo': {'type': 'string', 'description': 'Name of the CEO'}}}
    """
    return with_field_types(enrichment, lambda name, description: {"type": "string"})


class FindAllExtendInput(Struct, frozen=True):
    """A higher match limit for a run, by at least 1."""

    additional_match_limit: int


class Webhook(Struct, frozen=True):
    """A URL to which the service posts events of the given types; none if there are no types."""

    url: str
    event_types: list[str] = field(default_factory=list)


class IngestInput(Struct, frozen=True):
    """An objective in plain words, to be turned into a `FindAllSchema`."""

    objective: str


class FindAllRunInput(Struct, frozen=True, omit_defaults=True):
    """A new run.

    Attributes
    ----------
    objective : str
        The question in plain words.
    entity_type : str
        The kind of entity, in the plural: ``"companies"``.
    match_conditions : list of MatchCondition
        A candidate matches if it meets all of them.
    generator : str
        One of `GENERATORS`.
    match_limit : int
        Maximum number of matches, 5 to 1000; with ``"preview"``, of candidates to evaluate, at
        most 10.
    exclude_list : list of ExcludeCandidate, optional
        Entities that are known already.
    metadata : dict, optional
        Flat; returned with the run.
    webhook : Webhook, optional
        Where to post events.
    memory_scope_key : str, optional
        A scope of the account's memory.
    """

    objective: str
    entity_type: str
    match_conditions: list[MatchCondition]
    generator: str
    match_limit: int
    exclude_list: list[ExcludeCandidate] | None = None
    metadata: Metadata | None = None
    webhook: Webhook | None = None
    memory_scope_key: str | None = None


class FindAllEntitySearchInput(Struct, frozen=True):
    """A search for entities that is answered at once, ranked and without evaluation."""

    entity_type: str
    objective: str
    match_limit: int = 100


# -- runs and results ------------------------------------------------------------------------


class RequestedField(NamedTuple):
    """A field of a search: its kind, its JSON Schema (empty for a condition), its description."""

    kind: str
    schema: Mapping[str, Any]
    description: str = ""

    @property
    def is_condition(self) -> bool:
        """True for a match condition, False for an enrichment."""
        return self.kind == "match_condition"


class FindAllSchema(Struct, frozen=True):
    """What a run looks for; fields as in `FindAllRunInput`. Ingest sets no `match_limit`."""

    objective: str
    entity_type: str
    match_conditions: list[MatchCondition]
    enrichments: list[FindAllEnrichInput] | None = None
    generator: str = "core"
    match_limit: int | None = None

    def requested_fields(self) -> dict[str, RequestedField]:
        """Return the fields of the output by name, conditions first.

        If a condition and an enrichment have the same name, the field is the condition.
        """
        fields = {
            condition.name: RequestedField("match_condition", {}, condition.description)
            for condition in self.match_conditions
        }
        for enrichment in self.enrichments or ():
            properties = enrichment.output_schema.json_schema.get("properties")
            if isinstance(properties, Mapping):
                for name, schema in properties.items():
                    known = schema if isinstance(schema, Mapping) else {}
                    description = str(known.get("description") or "")
                    fields.setdefault(name, RequestedField("enrichment", known, description))
        return fields


class FindAllCandidateMetrics(Struct, frozen=True):
    """Numbers of candidates so far.

    Attributes
    ----------
    generated_candidates_count : int
        Selected for evaluation.
    matched_candidates_count : int
        Of these, those that met all conditions.
    rows : int, optional
        Rows of a service over your own data; None for other services.
    """

    generated_candidates_count: int = 0
    matched_candidates_count: int = 0
    rows: int | None = None


class FindAllRunStatus(Struct, frozen=True):
    """The status of a run.

    Attributes
    ----------
    status : str
        One of `RUN_STATUSES`, or one that a newer service adds.
    is_active : bool
        True while work goes on; enrichments can outlast ``"completed"``.
    metrics : FindAllCandidateMetrics
        Counts so far.
    termination_reason : str, optional
        One of `TERMINATION_REASONS`; meaningful with a terminal status only.
    """

    status: str
    is_active: bool
    metrics: FindAllCandidateMetrics
    termination_reason: str | None = None

    @property
    def is_over(self) -> bool:
        """True if no work is going on or queued.

        While enrichments run, a run with a terminal status is still active. A queued run is not
        over, even if it is reported as inactive.
        """
        return not self.is_active and self.status != "queued"


class FindAllRun(Struct, frozen=True):
    """A run with its status; times are RFC 3339."""

    findall_id: str
    status: FindAllRunStatus
    generator: str
    metadata: dict[str, Any] | None = None
    created_at: str | None = None
    modified_at: str | None = None


class FindAllRunUpdate(Struct, frozen=True):
    """A `FindAllRun` in a status event, which may lack everything but id and status."""

    findall_id: str
    status: FindAllRunStatus
    generator: str | None = None
    metadata: dict[str, Any] | None = None
    created_at: str | None = None
    modified_at: str | None = None


class Citation(Struct, frozen=True, gc=False):
    """A source of an output field, with verbatim excerpts."""

    url: str
    title: str | None = None
    excerpts: list[str] | None = None


class FieldBasis(Struct, frozen=True, gc=False):
    """The evidence for one output field.

    Attributes
    ----------
    field : str
        The key in ``FindAllCandidate.output``, an element of it (``products.0``), or a field that
        is not in the output.
    reasoning : str
        Why the field has its value.
    citations : list of Citation
        The sources; may be empty.
    confidence : str, optional
        ``"low"``, ``"medium"`` or ``"high"``, if the service provides one.
    """

    field: str
    reasoning: str
    citations: list[Citation] = []
    confidence: str | None = None


class FindAllCandidate(Struct, frozen=True, gc=False):
    """An entity that may be a match.

    Attributes
    ----------
    candidate_id : str
        Opaque; unique in its run.
    name, url : str
        Its name, and an address that disambiguates it; the scheme may be missing.
    match_status : str
        One of `MATCH_STATUSES`, or one that a newer service adds.
    description : str, optional
        One line about it.
    output : dict, optional
        Per condition and enrichment: a bare value, or an object with ``value``, ``type``
        (``"match_condition"`` or ``"enrichment"``) and, for conditions, ``is_matched``.
    basis : list of FieldBasis, optional
        The evidence for the output.
    row : int, optional
        Its row in your own data, from 0; None for other services.
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
    """A snapshot of a run.

    Attributes
    ----------
    run : FindAllRun
        The run.
    candidates : list of FindAllCandidate
        Those evaluated so far; while the run is active, also some that are not.
    last_event_id : str, optional
        The event after which the stream can be resumed.
    """

    run: FindAllRun
    candidates: list[FindAllCandidate]
    last_event_id: str | None = None


class FindAllEntity(Struct, frozen=True):
    """An entity found by the words of an objective; missing parts are empty texts."""

    name: str
    url: str
    description: str


class FindAllEntitySearchResponse(Struct, frozen=True):
    """Entities, best first."""

    entities: list[FindAllEntity]
    entity_set_id: str


class FindAllMemoryResult(Struct, frozen=True):
    """A recent run of an account: its id, the beginning of its objective, and its matches."""

    id: str
    input_excerpt: str = ""
    matched_count: int = 0
    updated_at: str | None = None
    kind: str = "findall"


# -- events ----------------------------------------------------------------------------------


class FindAllSchemaUpdatedEvent(Struct, frozen=True):
    """The schema of the run has changed: it was extended or enriched."""

    type: str
    timestamp: str
    event_id: str
    data: FindAllSchema


class FindAllRunStatusEvent(Struct, frozen=True):
    """The status of the run has changed, or this is the heartbeat after ten seconds."""

    type: str
    timestamp: str
    event_id: str
    data: FindAllRunUpdate


class FindAllCandidateMatchStatusEvent(Struct, frozen=True):
    """A candidate has changed; an ``enriched`` event carries the new fields only."""

    type: str
    timestamp: str
    event_id: str
    data: FindAllCandidate


class Error(Struct, frozen=True):
    """An error: a reference for the support of the service, a message, and details as JSON."""

    ref_id: str
    message: str
    detail: dict[str, Any] | None = None


class ErrorEvent(Struct, frozen=True):
    """An error in the stream, without id and time."""

    type: str
    error: Error


class UnknownEvent(Struct, frozen=True):
    """An event of an unknown type, or not valid for its type, with its data as JSON."""

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

EVENT_MODELS: Final[dict[str, type[Event]]] = {
    "findall.schema.updated": FindAllSchemaUpdatedEvent,
    "findall.status": FindAllRunStatusEvent,
    "findall.candidate.generated": FindAllCandidateMatchStatusEvent,
    "findall.candidate.matched": FindAllCandidateMatchStatusEvent,
    "findall.candidate.unmatched": FindAllCandidateMatchStatusEvent,
    "findall.candidate.discarded": FindAllCandidateMatchStatusEvent,
    "findall.candidate.enriched": FindAllCandidateMatchStatusEvent,
    "error": ErrorEvent,
}
"""The model of each event type; further types of a newer service are read as far as possible."""


# -- errors ----------------------------------------------------------------------------------


class ErrorResponse(Struct, frozen=True):
    """The body of an answer other than 200."""

    error: Error
    type: str = "error"


class ValidationError(Struct, frozen=True):
    """A fault in a request: its path, a message and its kind."""

    loc: list[str | int]
    msg: str
    type: str


class HTTPValidationError(Struct, frozen=True):
    """The other possible body of a 422."""

    detail: list[ValidationError] | UnsetType = UNSET


# -- times -----------------------------------------------------------------------------------


def parse_time(text: str | None) -> datetime | None:
    """Return an RFC 3339 time in UTC, which is assumed without an offset; None if invalid."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def format_time(time: datetime) -> str:
    """Return a time as the API writes it: in UTC, with microseconds and ``Z``."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
