"""The contract as an OpenAPI document, derived from the endpoints and the wire models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from findall_frames.api.models import (
    EVENT_MODELS,
    GENERATORS,
    MATCH_STATUSES,
    RUN_STATUSES,
    TERMINATION_REASONS,
    ErrorResponse,
    FindAllCandidate,
    FindAllRun,
    FindAllRunStatus,
    FindAllSchema,
    HTTPValidationError,
)
from findall_frames.embedded.server.bodies import CHOICES, LIMITS

__all__ = ["STREAM", "Operation", "openapi"]

STREAM: Final = "text/event-stream"
"""Stands for the model of an answer that is a stream of events."""

_REF: Final = "#/components/schemas/{name}"
_MEANINGS: Final = {
    401: "The API key is missing or wrong",
    402: "The quota is used up",
    404: "There is no such run",
    409: "The state of the run does not allow this",
    415: "The content type is not JSON",
    422: "The request is not valid",
    429: "Too many at once; Retry-After gives the seconds to wait",
}
_EVENTS: Final[Mapping[type[Struct], Sequence[str]]] = {
    model: [name for name, other in EVENT_MODELS.items() if other is model]
    for model in EVENT_MODELS.values()
}
"""The event types of a stream, by model."""
# The models accept any text here, as they also read the answers of newer services.
_ANSWER_CHOICES: Final[Mapping[type[Struct], Mapping[str, Iterable[str]]]] = {
    FindAllRun: {"generator": GENERATORS},
    FindAllSchema: {"generator": GENERATORS},
    FindAllRunStatus: {"status": RUN_STATUSES, "termination_reason": TERMINATION_REASONS},
    FindAllCandidate: {"match_status": MATCH_STATUSES},
    ErrorResponse: {"type": ("error",)},
    **{model: {"type": names} for model, names in _EVENTS.items()},
}


class Operation(NamedTuple):
    """One endpoint: a handler with the name and summary of the operation, and its contract.

    `answer` and `body` are models: `STREAM` for a stream of events, None for an empty object or
    no body. `query` holds the JSON Schemas of query parameters, `refuses` the statuses of
    refusals, beside 401 and, where there is a body, 415.
    """

    handler: Callable[..., Awaitable[object]]
    method: str
    path: str
    answer: Any
    body: type[Struct] | None = None
    query: Mapping[str, Mapping[str, object]] = {}
    refuses: tuple[int, ...] = (404, 422)

    @property
    def name(self) -> str:
        """The name of the handler."""
        return str(self.handler.__name__)

    @property
    def is_about_run(self) -> bool:
        """True if the path contains the id of a run."""
        return "{findall_id}" in self.path


def openapi(operations: Iterable[Operation]) -> bytes:
    """Return the document as JSON."""
    operations = list(operations)
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    key = {"type": "apiKey", "in": "header", "name": "x-api-key"}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "FindAll",
            "version": "v1beta",
            "description": "The FindAll API, as served by the embedded service of findall_frames.",
        },
        "security": [{}, {"ApiKeyAuth": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {"ApiKeyAuth": key},
        },
    }
    return msgspec.json.encode(document)


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    models: list[Any] = [*_EVENTS, ErrorResponse, HTTPValidationError]
    for operation in operations:
        models += {operation.body, operation.answer} - {None, STREAM}
    _, schemas = msgspec.json.schema_components(models, ref_template=_REF)
    for schema in schemas.values():
        # The rest of a docstring lists the attributes, which the schema has itself.
        schema["description"] = schema["description"].partition("\n")[0]
    for model, fields in chain(CHOICES.items(), _ANSWER_CHOICES.items()):
        for name, words in fields.items():
            schema = schemas[model.__name__]["properties"][name]
            if "anyOf" in schema:  # of an optional text
                (schema,) = (one for one in schema["anyOf"] if one["type"] != "null")
            schema.get("items", schema)["enum"] = list(words)
    for model, limits in LIMITS.items():
        for name, (least, most) in limits.items():
            bounds = {"minimum": least} if most is None else {"minimum": least, "maximum": most}
            schemas[model.__name__]["properties"][name].update(bounds)
    return schemas


def _described(operation: Operation) -> dict[str, Any]:
    summary = str(operation.handler.__doc__).partition("\n")[0].rstrip(".")
    text = {"type": "string"}
    parameters = [_parameter("parallel-beta", "header", schema=text)]
    if operation.is_about_run:
        parameters.append(_parameter("findall_id", "path", schema=text))
    parameters += [
        _parameter(name, "query", schema=schema) for name, schema in operation.query.items()
    ]
    refuses = sorted({401, *operation.refuses} | ({415} if operation.body else set()))
    responses = {
        "200": {"description": summary, "content": _content(operation.answer)},
        **{str(status): _refusal(status) for status in refuses},
    }
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": summary,
        "parameters": parameters,
        "responses": responses,
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    return described


def _parameter(name: str, place: str, *, schema: Mapping[str, object]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _ref(model: type[Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=model.__name__)}


def _content(model: Any) -> dict[str, Any]:
    if model != STREAM:
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
    return {STREAM: {"schema": schema}}


def _refusal(status: int) -> dict[str, Any]:
    schema: dict[str, Any] = _ref(ErrorResponse)
    if status == 422:
        schema = {"allOf": [schema, _ref(HTTPValidationError)]}
    return {"description": _MEANINGS[status], "content": {"application/json": {"schema": schema}}}
