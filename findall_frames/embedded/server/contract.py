"""The contract as an OpenAPI document, made of the wire models; served at ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from findall_frames.api.models import (
    GENERATORS,
    MATCH_STATUSES,
    RUN_STATUSES,
    TERMINATION_REASONS,
    ErrorEvent,
    ErrorResponse,
    FindAllCandidateMatchStatusEvent,
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllEntitySearchResponse,
    FindAllExtendInput,
    FindAllRun,
    FindAllRunInput,
    FindAllRunResult,
    FindAllRunStatusEvent,
    FindAllSchema,
    FindAllSchemaUpdatedEvent,
    HTTPValidationError,
    IngestInput,
)
from findall_frames.embedded.runs.change import WEBHOOK_EVENT_TYPES
from findall_frames.embedded.server.bodies import MATCH_LIMITS

__all__ = ["OPERATIONS", "Operation", "openapi"]

_ROOT: Final = "/v1beta/findall"
_RUN: Final = f"{_ROOT}/runs/{{findall_id}}"
_REF: Final = "#/components/schemas/{name}"
_EVENTS: Final = (
    FindAllSchemaUpdatedEvent,
    FindAllRunStatusEvent,
    FindAllCandidateMatchStatusEvent,
    ErrorEvent,
)
_MEANINGS: Final = {
    401: "The key is missing or another one",
    402: "The quota is used up",
    404: "There is no such run",
    409: "The run is in a state that does not allow this",
    422: "What was sent is not what is expected",
    429: "Too many at once; Retry-After says when there is room",
}


class Operation(NamedTuple):
    """One endpoint.

    A method of `Endpoints` has its name. `gives` and `asks` are the models of its answer and of
    its body: str for a stream of events, None for an empty object and for no body. `refuses`
    are the statuses with which it may refuse, beside 401.
    """

    name: str
    method: str
    path: str
    summary: str
    gives: Any
    asks: type | None = None
    refuses: tuple[int, ...] = (404, 422)


OPERATIONS: Final = (
    Operation(
        "ingest",
        "post",
        f"{_ROOT}/ingest",
        "Draft what an objective asks for",
        FindAllSchema,
        IngestInput,
        (422,),
    ),
    Operation(
        "create",
        "post",
        f"{_ROOT}/runs",
        "Start a run",
        FindAllRun,
        FindAllRunInput,
        (402, 422, 429),
    ),
    Operation("retrieve", "get", _RUN, "Say where a run stands", FindAllRun),
    Operation(
        "result", "get", f"{_RUN}/result", "Give a run with its candidates", FindAllRunResult
    ),
    Operation(
        "events", "get", f"{_RUN}/events", "Stream a run's events", str, None, (404, 422, 429)
    ),
    Operation("schema", "get", f"{_RUN}/schema", "Say what a run looks for", FindAllSchema),
    Operation(
        "enrich", "post", f"{_RUN}/enrich", "Ask for more fields", FindAllSchema, FindAllEnrichInput
    ),
    Operation(
        "extend",
        "post",
        f"{_RUN}/extend",
        "Ask for more matches",
        FindAllSchema,
        FindAllExtendInput,
    ),
    Operation("cancel", "post", f"{_RUN}/cancel", "Stop a run", None, None, (404, 409, 422)),
    Operation(
        "entity_search",
        "post",
        f"{_ROOT}/entity-search",
        "Rank entities without judging them",
        FindAllEntitySearchResponse,
        FindAllEntitySearchInput,
        (422,),
    ),
)

# What the models leave open, as they read what a newer service sends; this one says no more.
_ENUMS: Final[Mapping[tuple[str, str], Iterable[str]]] = {
    ("FindAllRun", "generator"): GENERATORS,
    ("FindAllRunInput", "generator"): GENERATORS,
    ("FindAllSchema", "generator"): GENERATORS,
    ("FindAllRunStatus", "status"): RUN_STATUSES,
    ("FindAllRunStatus", "termination_reason"): TERMINATION_REASONS,
    ("FindAllCandidate", "match_status"): MATCH_STATUSES,
    ("Webhook", "event_types"): (*WEBHOOK_EVENT_TYPES, "task_run.status"),
    ("JsonSchema", "type"): ("json",),
    ("McpServer", "type"): ("url",),
    ("ErrorEvent", "type"): ("error",),
    ("ErrorResponse", "type"): ("error",),
    ("FindAllRunStatusEvent", "type"): ("findall.status",),
    ("FindAllSchemaUpdatedEvent", "type"): ("findall.schema.updated",),
    ("FindAllCandidateMatchStatusEvent", "type"): tuple(
        f"findall.candidate.{kind}" for kind in (*MATCH_STATUSES, "enriched")
    ),
}
_LIMITS: Final = {"minimum": MATCH_LIMITS[0], "maximum": MATCH_LIMITS[1]}
_BOUNDS: Final[Mapping[tuple[str, str], Mapping[str, int]]] = {
    ("FindAllRunInput", "match_limit"): _LIMITS,
    ("FindAllEntitySearchInput", "match_limit"): _LIMITS,
    ("FindAllExtendInput", "additional_match_limit"): {"minimum": 1},
}


@cache
def openapi() -> bytes:
    """Give the document, as JSON."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    key = {"type": "apiKey", "in": "header", "name": "x-api-key"}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "FindAll",
            "version": "v1beta",
            "description": "The FindAll API, as the embedded service of findall_frames keeps it.",
        },
        "security": [{}, {"ApiKeyAuth": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"ApiKeyAuth": key}},
    }
    return msgspec.json.encode(document)


def _schemas() -> dict[str, Any]:
    models: list[Any] = [*_EVENTS, ErrorResponse, HTTPValidationError]
    for operation in OPERATIONS:
        models += [model for model in (operation.asks, operation.gives) if model not in (None, str)]
    _, schemas = msgspec.json.schema_components(models, ref_template=_REF)
    for schema in schemas.values():
        # The docstrings go on with a list of attributes, which the schema has itself.
        schema["description"] = schema["description"].partition("\n")[0]
    for (model, name), values in _ENUMS.items():
        schema = schemas[model]["properties"][name]
        if "anyOf" in schema:  # of an optional text
            (schema,) = (one for one in schema["anyOf"] if one["type"] != "null")
        schema.get("items", schema)["enum"] = list(values)
    for (model, name), bounds in _BOUNDS.items():
        schemas[model]["properties"][name].update(bounds)
    return schemas


def _described(operation: Operation) -> dict[str, Any]:
    parameters = [_parameter("parallel-beta", "header")]
    if "{findall_id}" in operation.path:
        parameters.append(_parameter("findall_id", "path"))
    if operation.name == "events":
        parameters.append(_parameter("last_event_id", "query"))
        parameters.append(_parameter("timeout", "query", type="number", minimum=0))
    responses = {
        "200": {"description": operation.summary, "content": _content(operation.gives)},
        **{str(status): _refusal(status) for status in (401, *operation.refuses)},
    }
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses,
    }
    if operation.asks is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.asks)}
    return described


def _parameter(name: str, place: str, **schema: Any) -> dict[str, Any]:
    schema = schema or {"type": "string"}
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _ref(model: Any) -> dict[str, str]:
    return {"$ref": _REF.format(name=model.__name__)}


def _content(model: Any) -> dict[str, Any]:
    if model is not str:
        answer = {"type": "object"} if model is None else _ref(model)
        return {"application/json": {"schema": answer}}
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"oneOf": list(map(_ref, _EVENTS))},
    }
    schema = {
        "type": "object",
        "description": "Server-sent events; this is one of them.",
        "properties": {"event": {"type": "string"}, "data": data},
        "required": ["event", "data"],
    }
    return {"text/event-stream": {"schema": schema}}


def _refusal(status: int) -> dict[str, Any]:
    schema: dict[str, Any] = _ref(ErrorResponse)
    if status == 422:
        schema = {"allOf": [schema, _ref(HTTPValidationError)]}
    return {"description": _MEANINGS[status], "content": {"application/json": {"schema": schema}}}
