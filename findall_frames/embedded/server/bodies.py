"""Bodies of requests: read, checked, and refused with what was expected and what came."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from findall_frames.api.models import (
    GENERATORS,
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllExtendInput,
    FindAllRunInput,
    IngestInput,
    ValidationError,
)

__all__ = [
    "MATCH_LIMITS",
    "InvalidBody",
    "read_enrich",
    "read_entity_search",
    "read_extend",
    "read_ingest",
    "read_run",
    "read_timeout",
]

_T = TypeVar("_T")

MATCH_LIMITS: Final = (5, 1000)
# Enough for whoever means it; more only keeps the service busy.
_MAX_EXCLUDED: Final = 10_000
_MAX_CONDITIONS: Final = 1_000
# A JSON Schema nested deeper than this describes no table cell.
_MAX_DEPTH: Final = 64


class InvalidBody(Exception):
    """A request that is refused with 422; where its fault is, and what to do about it."""

    def __init__(self, message: str, *, loc: list[str | int], kind: str = "value_error") -> None:
        super().__init__(message)
        self.fault = ValidationError(loc=loc, msg=message, type=kind)


class _FieldSchema(msgspec.Struct):
    """What is read of the JSON Schema of a field, which may say more."""

    type: str | list[str] = "string"
    description: str | None = None
    enum: list[Any] | None = None
    format: str | None = None


def read_ingest(body: bytes) -> IngestInput:
    """Read the body of an ingest request."""
    return _convert(_parse(body), IngestInput)


def read_run(body: bytes) -> FindAllRunInput:
    """Read the body of a create request."""
    request = _convert(_with_whole(_parse(body), "match_limit"), FindAllRunInput)
    if request.generator not in GENERATORS:
        raise InvalidBody(
            f"Expected generator to be one of {', '.join(GENERATORS)}; got {request.generator!r}.",
            loc=["body", "generator"],
        )
    _demand_match_limit(request.match_limit)
    for name, items, most in (
        ("match_conditions", request.match_conditions, _MAX_CONDITIONS),
        ("exclude_list", request.exclude_list or [], _MAX_EXCLUDED),
    ):
        if len(items) > most:
            raise InvalidBody(
                f"Expected at most {most:,} entries in {name}; got {len(items):,}.",
                loc=["body", name],
            )
    return request


def read_entity_search(body: bytes) -> FindAllEntitySearchInput:
    """Read the body of a search for entities that are not judged."""
    asked = _convert(_with_whole(_parse(body), "match_limit"), FindAllEntitySearchInput)
    _demand_match_limit(asked.match_limit)
    return asked


def read_extend(body: bytes) -> FindAllExtendInput:
    """Read the body of an extend request."""
    request = _convert(_with_whole(_parse(body), "additional_match_limit"), FindAllExtendInput)
    if request.additional_match_limit < 1:
        raise InvalidBody(
            f"Additional match limit must be greater than 0; got {request.additional_match_limit}.",
            loc=["body", "additional_match_limit"],
        )
    return request


def read_enrich(body: bytes) -> FindAllEnrichInput:
    """Read the body of an enrich request, and drop the secrets for tool servers from it."""
    request = _convert(_parse(body), FindAllEnrichInput)
    place: list[str | int] = ["body", "output_schema"]
    if request.output_schema.type != "json":
        raise InvalidBody(
            f"Expected output_schema.type to be 'json'; got {request.output_schema.type!r}.",
            loc=[*place, "type"],
        )
    place.append("json_schema")
    schema = request.output_schema.json_schema
    if "object" not in _listed(schema.get("type", "object")):
        raise InvalidBody(
            "Expected output_schema.json_schema to be the schema of an object, whose properties "
            f"are the fields that are wanted; its type is {schema['type']!r}.",
            loc=[*place, "type"],
        )
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise InvalidBody(
            "Expected an object under 'properties', with a JSON Schema for each field; "
            f"got {type(properties).__name__}.",
            loc=[*place, "properties"],
        )
    for name, field in properties.items():
        if not isinstance(field, dict):
            raise InvalidBody(
                f"Expected a JSON Schema object for the property {name!r}; "
                f"got {type(field).__name__}.",
                loc=[*place, "properties", name],
            )
        _convert(field, _FieldSchema, at=[*place, "properties", name])
    if _depth(schema) > _MAX_DEPTH:
        raise InvalidBody(
            f"Expected a JSON Schema nested at most {_MAX_DEPTH} levels deep; this one is deeper.",
            loc=place,
        )
    for number, server in enumerate(request.mcp_servers or []):
        if server.type != "url":
            raise InvalidBody(
                f"Expected the type of an MCP server to be 'url'; got {server.type!r}.",
                loc=["body", "mcp_servers", number, "type"],
            )
    if request.mcp_servers is not None:
        servers = [msgspec.structs.replace(item, headers=None) for item in request.mcp_servers]
        request = msgspec.structs.replace(request, mcp_servers=servers)
    return request


def read_timeout(text: str | None) -> float | None:
    """Read the number of seconds after which a stream of events ends; None for no end."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (0 <= seconds < math.inf):
        raise InvalidBody(
            f"Expected timeout to be a number of seconds, 0 or more; got {text!r}.",
            loc=["query", "timeout"],
        )
    return seconds


def _demand_match_limit(given: int) -> None:
    least, most = MATCH_LIMITS
    if not least <= given <= most:
        raise InvalidBody(
            f"Expected match_limit to be from {least} to {most}; got {given}.",
            loc=["body", "match_limit"],
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidBody(
            f"Expected a body of JSON; it could not be read: {exc}.",
            loc=["body"],
            kind="json_invalid",
        ) from exc


def _convert(value: Any, kind: type[_T], *, at: Sequence[str | int] = ("body",)) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        message, _, path = str(exc).partition(" - at `$")
        loc = [*at, *_steps(path.rstrip("`"))]
        where = ".".join(str(step) for step in loc)
        raise InvalidBody(f"{message} at {where}.", loc=loc, kind="type_error") from exc


def _with_whole(value: Any, name: str) -> Any:
    """Let 5.0 pass for 5: to JSON Schema both are integers."""
    number = value.get(name) if isinstance(value, dict) else None
    if isinstance(number, float) and number.is_integer():
        return {**value, name: int(number)}
    return value


def _steps(path: str) -> list[str | int]:
    """Read ``.match_conditions[0].name`` as its steps; ``[...]`` names none of them."""
    steps: list[str | int] = []
    for name, item in re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", path.replace("[...]", "")):
        steps.append(int(item) if item.isdigit() else name or item)
    return steps


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level:
        depth += 1
        level = [
            child
            for item in level
            for child in (
                item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            )
        ]
    return depth
