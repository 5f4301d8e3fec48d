"""What people may write for conditions, enrichments, exclusions and metadata, and what it means."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast, is_typeddict, runtime_checkable

import msgspec

from findall_frames.api.models import (
    GENERATORS,
    NO_LIMIT,
    ExcludeCandidate,
    FindAllEnrichInput,
    JsonSchema,
    MatchCondition,
    Metadata,
    Webhook,
)
from findall_frames.errors import InvalidRequestError

__all__ = [
    "Conditions",
    "Enrichments",
    "Exclusions",
    "check_match_limit",
    "enrichment_names",
    "read_conditions",
    "read_enrichments",
    "read_exclusions",
    "read_generator",
    "read_match_limit",
    "read_metadata",
    "read_text",
    "read_webhook",
    "read_whole_number",
]

Conditions: TypeAlias = (
    Mapping[str, str] | Sequence[str] | Sequence[Mapping[str, str]] | Sequence[MatchCondition]
)
Enrichments: TypeAlias = (
    Mapping[str, Any] | type | FindAllEnrichInput | Sequence[FindAllEnrichInput]
)
Exclusions: TypeAlias = Any
"""A `FindAllFrames`, a DataFrame with ``name`` and ``url``, or a list of such pairs."""

_MIN_LIMIT, _MAX_LIMIT, _PREVIEW_LIMIT, _DEFAULT_LIMIT = 5, 1000, 10, 10


@runtime_checkable
class _HasMatches(Protocol):
    @property
    def matches(self) -> Any: ...


def read_text(value: object, *, what: str, example: str) -> str:
    """Demand a text with something in it."""
    if not isinstance(value, str):
        raise InvalidRequestError(f"{what} must be a text such as {example!r}, not {value!r}.")
    if not value.strip():
        raise InvalidRequestError(f"{what} is empty; write something like {example!r}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"{what} holds half a character, {value[error.start]!r} at place {error.start}, as of "
            "an emoji that was cut in two. Take it out."
        ) from None
    return value.strip()


def read_generator(value: object) -> str:
    """Demand one of the generators of the API."""
    if value not in GENERATORS:
        raise InvalidRequestError(
            f"generator is {value!r}. It can be 'preview' (about ten candidates), 'base', 'core' "
            "or 'pro' (the most thorough)."
        )
    return str(value)


def read_whole_number(value: object, *, what: str = "match_limit") -> int:
    """Demand a whole number; those of numpy are taken too."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(cast("int", value))
    except TypeError:
        raise InvalidRequestError(f"{what} must be a whole number, not {value!r}.") from None


def read_match_limit(value: object) -> int | None:
    """Read a match limit; None leaves it to the service."""
    return None if value is None else read_whole_number(value)


def check_match_limit(limit: int | None, *, generator: str, own_data: bool) -> int:
    """Return the limit to send, which must be within the bounds that the service sets.

    Parameters
    ----------
    limit : int or None
        None means 10 at a service that charges, and none on own data.
    generator : str
        That of the search; a preview evaluates at most ten candidates.
    own_data : bool
        True if the service searches the user's own data.

    Raises
    ------
    InvalidRequestError
        It is out of bounds.
    """
    if limit is None:
        return NO_LIMIT if own_data and generator != "preview" else _DEFAULT_LIMIT
    if generator == "preview" and limit > _PREVIEW_LIMIT:
        raise InvalidRequestError(
            f"match_limit is {limit}. With generator='preview' it counts candidates to evaluate, "
            f"at most {_PREVIEW_LIMIT}; for more use 'base', 'core' or 'pro'."
        )
    most = NO_LIMIT if own_data else _MAX_LIMIT
    if not _MIN_LIMIT <= limit <= most:
        raise InvalidRequestError(
            f"match_limit is {limit}. Expected {_MIN_LIMIT} to {_MAX_LIMIT}; on own data "
            f"{_MIN_LIMIT} or more, or None for all."
        )
    return limit


def read_conditions(value: object) -> dict[str, str]:
    """Read match conditions as descriptions by name."""
    example = "match_conditions={'based_in_europe_check': 'Company must be based in Europe'}"
    if isinstance(value, str):
        pairs = [("", value)]
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, Iterable):
        pairs = [_condition(item, example) for item in value]
    else:
        raise InvalidRequestError(f"match_conditions is {value!r}. Write for example {example}.")
    if not pairs:
        raise InvalidRequestError(
            "match_conditions is empty, so that nothing says what a match is. Leave it out to "
            f"have conditions drafted from the objective, or write for example {example}."
        )
    conditions: dict[str, str] = {}
    for position, (name, description) in enumerate(pairs, 1):
        key = name or f"condition_{position}"
        read_text(key, what="The name of a match condition", example="based_in_europe_check")
        text = read_text(
            description,
            what=f"The description of match condition {key!r}",
            example="Company must be based in Europe",
        )
        if key in conditions:
            raise InvalidRequestError(
                f"Two match conditions are called {key!r}; the verdicts could not be told apart. "
                "Give each its own name."
            )
        conditions[key] = text
    return conditions


def _condition(item: object, example: str) -> tuple[str, Any]:
    if isinstance(item, str):
        return "", item
    if isinstance(item, MatchCondition):
        return item.name, item.description
    if isinstance(item, Mapping) and {"name", "description"} <= item.keys():
        return item["name"], item["description"]
    raise InvalidRequestError(
        "A match condition is a description, or has 'name' and 'description'; this one is "
        f"{item!r}. Write for example {example}."
    )


def read_enrichments(value: object) -> list[FindAllEnrichInput]:
    """Read enrichments as the inputs that the API takes, one per processor."""
    if value is None:
        return []
    if isinstance(value, FindAllEnrichInput):
        inputs = [value]
    elif isinstance(value, Mapping):
        inputs = [_enrichment(_schema_of_mapping(value))] if value else []
    elif isinstance(value, type):
        inputs = [_enrichment(_schema_of_class(value))]
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        inputs = []
        for item in value:
            if not isinstance(item, FindAllEnrichInput):
                raise _not_an_enrichment(item)
            inputs.append(item)
    else:
        raise _not_an_enrichment(value)
    for enrichment in inputs:
        properties = enrichment.output_schema.json_schema.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            raise InvalidRequestError(
                "The JSON Schema of an enrichment must be of an object with 'properties', each of "
                f"which becomes a column; this one is {enrichment.output_schema.json_schema!r}."
            )
        for name in properties:
            read_text(name, what="The name of an enrichment", example="ceo_name")
    names = enrichment_names(inputs)
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequestError(
                f"Two enrichments are called {name!r}; give each its own name."
            )
    return inputs


def enrichment_names(inputs: Sequence[FindAllEnrichInput]) -> list[str]:
    """List the columns that enrichments add, in their order."""
    return [
        name
        for enrichment in inputs
        for name in enrichment.output_schema.json_schema.get("properties", {})
    ]


def _not_an_enrichment(value: object) -> InvalidRequestError:
    return InvalidRequestError(
        f"enrichments is {value!r}. Write {{'ceo_name': 'Name of the CEO'}}, a JSON Schema of an "
        "object, or a dataclass, TypedDict or pydantic class whose fields are wanted."
    )


def _enrichment(json_schema: dict[str, Any]) -> FindAllEnrichInput:
    return FindAllEnrichInput(JsonSchema(json_schema))


def _schema_of_mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value.get("properties"), Mapping):
        return dict(value)
    for name, description in value.items():
        read_text(
            description,
            what=f"The description of enrichment {name!r}",
            example="Name of the CEO",
        )
    return {
        "type": "object",
        "properties": {
            name: {"type": "string", "description": description}
            for name, description in value.items()
        },
        "required": list(value),
        "additionalProperties": False,
    }


def _schema_of_class(value: type) -> dict[str, Any]:
    pydantic_schema = getattr(value, "model_json_schema", None)
    if callable(pydantic_schema):
        return cast("dict[str, Any]", pydantic_schema())
    if not (
        dataclasses.is_dataclass(value) or is_typeddict(value) or issubclass(value, msgspec.Struct)
    ):
        raise _not_an_enrichment(value)
    try:
        (top,), components = msgspec.json.schema_components([value], ref_template="#/$defs/{name}")
    except TypeError as error:
        raise InvalidRequestError(
            f"The class {value.__name__} has a field whose type has no JSON Schema: {error}."
        ) from error
    name = top["$ref"].removeprefix("#/$defs/")
    schema = components.pop(name)
    return {**schema, "$defs": components} if components else schema


def read_exclusions(value: Exclusions) -> list[ExcludeCandidate]:
    """Read what is known already, each with its name and url."""
    if value is None:
        return []
    if isinstance(value, _HasMatches):
        value = value.matches
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        missing = {"name", "url"} - set(value.columns)
        if missing:
            raise InvalidRequestError(
                "exclude needs the columns 'name' and 'url'; the table has "
                f"{', '.join(map(repr, value.columns)) or 'no columns'}."
            )
        value = value[["name", "url"]].to_dict("records")
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise InvalidRequestError(
            "exclude takes a FindAllFrames, a DataFrame with 'name' and 'url', or a list such as "
            f"[{{'name': 'Acme', 'url': 'https://acme.example'}}], not {value!r}."
        )
    return [_exclusion(position, item) for position, item in enumerate(value)]


def _exclusion(position: int, item: object) -> ExcludeCandidate:
    texts: list[str] = []
    for key in ("name", "url"):
        text = item.get(key) if isinstance(item, Mapping) else getattr(item, key, None)
        if not isinstance(text, str) or not text.strip():
            raise InvalidRequestError(
                f"Entry {position} of exclude has no {key}: {item!r}. The API needs name and url "
                "of each, such as {'name': 'Acme', 'url': 'https://acme.example'}."
            )
        texts.append(text)
    return ExcludeCandidate(name=texts[0], url=texts[1])


def read_metadata(value: object) -> Metadata:
    """Read metadata, which has to be flat."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequestError(
            f"metadata must be a dict such as {{'team': 'a'}}, not {value!r}."
        )
    for key, item in value.items():
        is_flat = isinstance(item, (str, int, float, bool)) and item == item  # NaN is no JSON
        if not isinstance(key, str) or not is_flat:
            raise InvalidRequestError(
                f"metadata[{key!r}] is {item!r}. Keys must be texts, and values texts, numbers or "
                "booleans; the API takes neither nulls nor nested values."
            )
    return dict(value)


def read_webhook(value: object) -> Webhook | None:
    """Read where the service should announce events."""
    if value is None or isinstance(value, Webhook):
        return value
    if isinstance(value, Mapping):
        try:
            return msgspec.convert(dict(value), Webhook)
        except msgspec.ValidationError as error:
            raise InvalidRequestError(f"webhook is not of its form: {error}.") from error
    raise InvalidRequestError(
        "webhook takes {'url': 'https://...', 'event_types': ['findall.run.completed']}, "
        f"not {value!r}."
    )
