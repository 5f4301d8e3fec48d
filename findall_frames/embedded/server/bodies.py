"""Read and check the bodies of requests; faults name the place, what was expected and what came."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from findall_frames.api.models import (
    GENERATORS,
    NO_LIMIT,
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllExtendInput,
    FindAllRunInput,
    JsonSchema,
    MatchCondition,
    McpServer,
    Webhook,
)
from findall_frames.embedded.runs.change import WEBHOOK_EVENT_TYPES
from findall_frames.embedded.server.refusals import InvalidInput

__all__ = ["CHOICES", "LIMITS", "Conditions", "read_request"]

_T = TypeVar("_T", bound=Struct)

CHOICES: Final[Mapping[type[Struct], Mapping[str, Sequence[str]]]] = {
    FindAllRunInput: {"generator": GENERATORS},
    # The contract shares webhooks with another API, to which the last type belongs.
    Webhook: {"event_types": (*WEBHOOK_EVENT_TYPES, "task_run.status")},
    JsonSchema: {"type": ("json",)},
    McpServer: {"type": ("url",)},
}
"""The words that the fields of a request accept."""

# Own data has no limit of 1,000.
_MATCH_LIMITS: Final = (5, NO_LIMIT)
LIMITS: Final[Mapping[type[Struct], Mapping[str, tuple[int, int | None]]]] = {
    FindAllRunInput: {"match_limit": _MATCH_LIMITS},
    FindAllEntitySearchInput: {"match_limit": _MATCH_LIMITS},
    FindAllExtendInput: {"additional_match_limit": (1, None)},
}
"""The least and the most that the fields of a request accept."""

_JSON: Final = re.compile(r"application/(?:[\w.-]+\+)?json", re.IGNORECASE)
_MAX_BYTES: Final = 16 << 20
# More than anybody needs, and few enough to check at once.
_MAX_EXCLUDED: Final = 10_000
_MAX_CONDITIONS: Final = 1_000
# A JSON Schema that is nested deeper describes no table cell.
_MAX_DEPTH: Final = 64


class Conditions(Struct):
    """A request to explain conditions."""

    match_conditions: list[MatchCondition]
    entity_type: str = ""


class _FieldSchema(Struct):
    """The checked part of the JSON Schema of a field."""

    type: str | list[str] = "string"
    description: str | None = None
    enum: list[Any] | None = None
    format: str | None = None


async def read_request(request: Request, model: type[_T]) -> _T:
    """Return the body of a request as a model; raise InvalidInput or HTTPException."""
    # Web pages may send any other type to any address without asking.
    kind = request.headers.get("content-type", "none")
    if not _JSON.fullmatch(kind.partition(";")[0].strip()):
        raise HTTPException(
            415, f"Expected a JSON body with the header content-type: application/json; got {kind}."
        )
    # The server has refused a content length that is not a number.
    _check_size(int(request.headers.get("content-length", 0)))
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            _check_size(len(body))
    except ClientDisconnect as exc:
        raise HTTPException(400, "The connection was closed before the end of the body.") from exc
    return _read_body(bytes(body), model)


def _check_size(size: int) -> None:
    if size > _MAX_BYTES:
        raise HTTPException(413, f"Expected a body of at most {_MAX_BYTES:,} bytes; got more.")


def _read_body(body: bytes, model: type[_T]) -> _T:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        message = f"Expected a JSON body; it cannot be decoded: {exc}."
        raise InvalidInput(message, loc=["body"], kind="json_invalid") from exc
    for name in LIMITS.get(model, {}):
        # JSON Schema counts 5.0 as an integer.
        number = value.get(name) if isinstance(value, dict) else None
        if isinstance(number, float) and number.is_integer():
            value[name] = int(number)
    request = _convert(value, model, loc=["body"])
    _check_fields(request)
    if isinstance(request, FindAllRunInput | Conditions):
        _check_length(request.match_conditions, "match_conditions", most=_MAX_CONDITIONS)
    if isinstance(request, FindAllRunInput):
        _check_length(request.exclude_list or [], "exclude_list", most=_MAX_EXCLUDED)
        if request.webhook is not None:
            _check_fields(request.webhook, "webhook")
    if isinstance(request, FindAllEnrichInput):
        _check_fields(request.output_schema, "output_schema")
        for number, server in enumerate(request.mcp_servers or []):
            _check_fields(server, "mcp_servers", number)
        _check_schema(request.output_schema.json_schema)
    return request


def _check_fields(model: Struct, *loc: str | int) -> None:
    """Check the fields of one model against `CHOICES` and `LIMITS`."""
    for field, choices in CHOICES.get(type(model), {}).items():
        value = getattr(model, field)
        name = ".".join(map(str, (*loc, field)))
        words = f"one of {', '.join(choices)}" if len(choices) > 1 else repr(choices[0])
        if isinstance(value, list):
            for number, item in enumerate(value):
                message = f"Expected each of {name} to be {words}; got {item!r}."
                _expect(item in choices, message, *loc, field, number)
        else:
            message = f"Expected {name} to be {words}; got {value!r}."
            _expect(value in choices, message, *loc, field)
    for field, (least, most) in LIMITS.get(type(model), {}).items():
        number = getattr(model, field)
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        is_within = least <= number and (most is None or number <= most)
        _expect(is_within, f"Expected {field} to be {span}; got {number}.", *loc, field)


def _check_length(items: Sequence[object], name: str, *, most: int) -> None:
    message = f"Expected at most {most:,} entries in {name}; got {len(items):,}."
    _expect(len(items) <= most, message, name)


def _check_schema(schema: dict[str, Any]) -> None:
    """Check that a JSON Schema describes an object whose properties can be filled."""
    loc = ("output_schema", "json_schema")
    message = f"Expected a JSON Schema of at most {_MAX_DEPTH} levels; this one is nested deeper."
    _expect(_depth(schema) <= _MAX_DEPTH, message, *loc)
    kind = schema.get("type", "object")
    _expect(
        "object" in (kind if isinstance(kind, list) else [kind]),
        "Expected output_schema.json_schema to be the schema of an object with a property for "
        f"each new field; its type is {kind!r}.",
        *loc,
        "type",
    )
    properties = schema.get("properties", {})
    _expect(
        isinstance(properties, dict),
        "Expected an object under 'properties', with a JSON Schema for each field; "
        f"got {type(properties).__name__}.",
        *loc,
        "properties",
    )
    for name, field in properties.items():
        at = (*loc, "properties", name)
        message = f"Expected a JSON Schema object for the property {name!r}; "
        _expect(isinstance(field, dict), f"{message}got {type(field).__name__}.", *at)
        _convert(field, _FieldSchema, loc=["body", *at])


def _expect(condition: bool, message: str, *loc: str | int) -> None:
    """Raise InvalidInput with a place in the body unless a condition holds."""
    if not condition:
        raise InvalidInput(message, loc=["body", *loc])


def _convert(value: Any, model: type[_T], *, loc: Sequence[str | int]) -> _T:
    try:
        return msgspec.convert(value, model)
    except msgspec.ValidationError as exc:
        message, _, path = str(exc).partition(" - at `$")
        loc = [*loc, *_steps(path.rstrip("`"))]
        where = ".".join(str(step) for step in loc)
        raise InvalidInput(f"{message} at {where}.", loc=loc, kind="type_error") from exc


def _steps(path: str) -> list[str | int]:
    """Split ``.match_conditions[0].name`` into its steps; ``[...]`` is none of them."""
    steps: list[str | int] = []
    for name, item in re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", path.replace("[...]", "")):
        steps.append(int(item) if item.isdigit() else name or item)
    return steps


def _depth(value: Any) -> int:
    """Count levels without recursion, which a hostile body could exhaust."""
    depth, level = 0, [value]
    while level:
        depth += 1
        containers = [list(one.values()) if isinstance(one, dict) else one for one in level]
        level = [child for one in containers if isinstance(one, list) for child in one]
    return depth
