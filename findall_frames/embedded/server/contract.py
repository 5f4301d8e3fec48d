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
from findall_frames.embedded.server.bodies import MATCH_LIMITS
from findall_frames.embedded.server.webhooks import WEBHOOK_EVENT_TYPES

__all__ = ["OPERATIONS", "PREFIX", "Operation", "openapi"]

PREFIX: Final = "/v1beta/findall"
_RUN: Final = f"{PREFIX}/runs/{{findall_id}}"
_REF: Final = "#/components/schemas/{name}"
_EVENTS: Final = (
    FindAllSchemaUpdatedEvent,
    FindAllRunStatusEvent,
    FindAllCandidateMatchStatusEvent,
    ErrorEvent,
)


class Operation(NamedTuple):
    """One endpoint.

    Attributes
    ----------
    name : str
        What it is called in the document and in the code.
    method, path : str
        Where it is.
    summary : str
        What it does.
    asks : type or None
        The model of the body that it takes.
    gives : type or None
        The model of its answer; None for an empty object.
    refuses : tuple of int
        With which statuses, beside 401.
    """

    name: str
    method: str
    path: str
    summary: str
    asks: type | None
    gives: Any
    refuses: tuple[int, ...]


OPERATIONS: Final = (
    Operation(
        "ingest",
        "post",
        f"{PREFIX}/ingest",
        "Draft what an objective asks for",
        IngestInput,
        FindAllSchema,
        (422,),
    ),
    Operation(
        "create",
        "post",
        f"{PREFIX}/runs",
        "Start a run",
        FindAllRunInput,
        FindAllRun,
        (402, 422, 429),
    ),
    Operation("retrieve", "get", _RUN, "Say where a run stands", None, FindAllRun, (404, 422)),
    Operation(
        "result",
        "get",
        f"{_RUN}/result",
        "Give a run with its candidates",
        None,
        FindAllRunResult,
        (404, 422),
    ),
    Operation(
        "events", "get", f"{_RUN}/events", "Stream a run's events", None, str, (404, 422, 429)
    ),
    Operation(
        "schema",
        "get",
        f"{_RUN}/schema",
        "Say what a run looks for",
        None,
        FindAllSchema,
        (404, 422),
    ),
    Operation(
        "enrich",
        "post",
        f"{_RUN}/enrich",
        "Ask for more fields of every match",
        FindAllEnrichInput,
        FindAllSchema,
        (404, 422),
    ),
    Operation(
        "extend",
        "post",
        f"{_RUN}/extend",
        "Ask for more matches",
        FindAllExtendInput,
        FindAllSchema,
        (404, 422),
    ),
    Operation("cancel", "post", f"{_RUN}/cancel", "Stop a run", None, None, (404, 409, 422)),
    Operation(
        "entity_search",
        "post",
        f"{PREFIX}/entity-search",
        "Rank entities at once, without judging them",
        FindAllEntitySearchInput,
        FindAllEntitySearchResponse,
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
_BOUNDS: Final[Mapping[tuple[str, str], Mapping[str, int]]] = {
    ("FindAllRunInput", "match_limit"): {"minimum": MATCH_LIMITS[0], "maximum": MATCH_LIMITS[1]},
    ("FindAllEntitySearchInput", "match_limit"): {
        "minimum": MATCH_LIMITS[0],
        "maximum": MATCH_LIMITS[1],
    },
    ("FindAllExtendInput", "additional_match_limit"): {"minimum": 1},
}


@cache
def openapi() -> bytes:
    """Give the document, as JSON."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "FindAll",
            "version": "v1beta",
            "description": "The FindAll API, as the embedded service of findall_frames keeps it.",
        },
        "security": [{}, {"ApiKeyAuth": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "x-api-key"}
            },
        },
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
        _text(schemas[model]["properties"][name])["enum"] = list(values)
    for (model, name), bounds in _BOUNDS.items():
        schemas[model]["properties"][name].update(bounds)
    return schemas


def _text(schema: dict[str, Any]) -> dict[str, Any]:
    """Find the text in a schema, which may be that of a list of them or of an optional one."""
    if "anyOf" in schema:
        (schema,) = (one for one in schema["anyOf"] if one["type"] != "null")
    inner: dict[str, Any] = schema.get("items", schema)
    return inner


def _described(operation: Operation) -> dict[str, Any]:
    parameters = []
    if "{findall_id}" in operation.path:
        parameters.append(
            {"name": "findall_id", "in": "path", "required": True, "schema": {"type": "string"}}
        )
    parameters.append(_optional("parallel-beta", "header", {"type": "string"}))
    if operation.name == "events":
        parameters.append(_optional("last_event_id", "query", {"type": "string"}))
        parameters.append(_optional("timeout", "query", {"type": "number", "minimum": 0}))
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": operation.summary, "content": _content(operation.gives)},
            **{str(status): _refusal(status) for status in (401, *operation.refuses)},
        },
    }
    if operation.asks is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.asks)}
    return described


def _optional(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": False, "schema": schema}


def _content(model: Any) -> dict[str, Any]:
    if model is None:
        return {"application/json": {"schema": {"type": "object"}}}
    if model is str:
        events = [{"$ref": _REF.format(name=event.__name__)} for event in _EVENTS]
        data = {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"oneOf": events},
        }
        schema = {
            "type": "object",
            "description": "Server-sent events; this is one of them.",
            "properties": {"event": {"type": "string"}, "data": data},
            "required": ["event", "data"],
        }
        return {"text/event-stream": {"schema": schema}}
    return {"application/json": {"schema": {"$ref": _REF.format(name=model.__name__)}}}


def _refusal(status: int) -> dict[str, Any]:
    both = {
        "allOf": [
            {"$ref": _REF.format(name="ErrorResponse")},
            {"$ref": _REF.format(name="HTTPValidationError")},
        ]
    }
    schema = both if status == 422 else {"$ref": _REF.format(name="ErrorResponse")}
    meaning = {
        401: "The key is missing or another one",
        402: "The quota is used up",
        404: "There is no such run",
        409: "The run is in a state that does not allow this",
        422: "What was sent is not what is expected",
        429: "Too many at once; Retry-After says when there is room",
    }
    return {"description": meaning[status], "content": {"application/json": {"schema": schema}}}
