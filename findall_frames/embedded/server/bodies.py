"""Bodies of requests: read, checked, and refused with what was expected and what came."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec

from findall_frames.api.models import (
    GENERATORS,
    NO_LIMIT,
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllExtendInput,
    FindAllRunInput,
    MatchCondition,
    ValidationError,
)

__all__ = ["MATCH_LIMITS", "Conditions", "InvalidBody", "read_body", "read_timeout"]

_T = TypeVar("_T")

MATCH_LIMITS: Final = (5, NO_LIMIT)
"""From the contract's least to what stands for none: own data has no limit of 1,000."""
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


class Conditions(msgspec.Struct):
    """A question what conditions are understood as."""

    match_conditions: list[MatchCondition]
    entity_type: str = ""


class _FieldSchema(msgspec.Struct):
    """What is read of the JSON Schema of a field, which may say more."""

    type: str | list[str] = "string"
    description: str | None = None
    enum: list[Any] | None = None
    format: str | None = None


def read_body(body: bytes, kind: type[_T]) -> _T:
    """Read a body as one of the models, or raise InvalidBody."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidBody(
            f"Expected a body of JSON; it could not be read: {exc}.",
            loc=["body"],
            kind="json_invalid",
        ) from exc
    for name in ("match_limit", "additional_match_limit"):
        # To JSON Schema 5.0 is an integer, too.
        number = value.get(name) if isinstance(value, dict) else None
        if isinstance(number, float) and number.is_integer():
            value[name] = int(number)
    asked = _convert(value, kind)
    if isinstance(asked, FindAllRunInput | FindAllEntitySearchInput):
        least, most = MATCH_LIMITS
        message = f"Expected match_limit to be from {least} to {most}; got {asked.match_limit}."
        _demand(least <= asked.match_limit <= most, message, "match_limit")
    if isinstance(asked, FindAllRunInput | Conditions):
        _demand_at_most(_MAX_CONDITIONS, asked.match_conditions, "match_conditions")
    if isinstance(asked, FindAllRunInput):
        known = ", ".join(GENERATORS)
        message = f"Expected generator to be one of {known}; got {asked.generator!r}."
        _demand(asked.generator in GENERATORS, message, "generator")
        _demand_at_most(_MAX_EXCLUDED, asked.exclude_list or [], "exclude_list")
    if isinstance(asked, FindAllExtendInput):
        more = asked.additional_match_limit
        message = f"Additional match limit must be greater than 0; got {more}."
        _demand(more > 0, message, "additional_match_limit")
    if isinstance(asked, FindAllEnrichInput):
        _check_enrichment(asked)
    return asked


def _check_enrichment(request: FindAllEnrichInput) -> None:
    kind, schema = request.output_schema.type, request.output_schema.json_schema
    message = f"Expected output_schema.type to be 'json'; got {kind!r}."
    _demand(kind == "json", message, "output_schema", "type")
    place = ("output_schema", "json_schema")
    message = f"Expected a JSON Schema nested at most {_MAX_DEPTH} levels deep; this one is deeper."
    _demand(_depth(schema) <= _MAX_DEPTH, message, *place)
    given = schema.get("type", "object")
    _demand(
        "object" in (given if isinstance(given, list) else [given]),
        "Expected output_schema.json_schema to be the schema of an object, whose properties "
        f"are the fields that are wanted; its type is {given!r}.",
        *place,
        "type",
    )
    properties = schema.get("properties", {})
    _demand(
        isinstance(properties, dict),
        "Expected an object under 'properties', with a JSON Schema for each field; "
        f"got {type(properties).__name__}.",
        *place,
        "properties",
    )
    for name, about in properties.items():
        at = (*place, "properties", name)
        message = f"Expected a JSON Schema object for the property {name!r}; "
        _demand(isinstance(about, dict), f"{message}got {type(about).__name__}.", *at)
        _convert(about, _FieldSchema, at=("body", *at))
    for number, server in enumerate(request.mcp_servers or []):
        message = f"Expected the type of an MCP server to be 'url'; got {server.type!r}."
        _demand(server.type == "url", message, "mcp_servers", number, "type")


def read_timeout(text: str | None) -> float | None:
    """Read the number of seconds after which a stream of events ends; None for no end."""
    if text is None:
        return None
    with suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds < math.inf:
            return seconds
    raise InvalidBody(
        f"Expected timeout to be a number of seconds, 0 or more; got {text!r}.",
        loc=["query", "timeout"],
    )


def _demand(is_met: bool, message: str, *place: str | int) -> None:
    if not is_met:
        raise InvalidBody(message, loc=["body", *place])


def _demand_at_most(most: int, items: Sequence[object], name: str) -> None:
    message = f"Expected at most {most:,} entries in {name}; got {len(items):,}."
    _demand(len(items) <= most, message, name)


def _convert(value: Any, kind: type[_T], *, at: Sequence[str | int] = ("body",)) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        message, _, path = str(exc).partition(" - at `$")
        loc = [*at, *_steps(path.rstrip("`"))]
        where = ".".join(str(step) for step in loc)
        raise InvalidBody(f"{message} at {where}.", loc=loc, kind="type_error") from exc


def _steps(path: str) -> list[str | int]:
    """Read ``.match_conditions[0].name`` as its steps; ``[...]`` names none of them."""
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
