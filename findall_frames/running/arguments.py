"""The arguments of a search: the forms in which they may be written, and the one that is sent."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, cast, is_typeddict

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
from findall_frames.frames.frames import FindAllFrames

__all__ = [
    "MAX_MATCH_LIMIT",
    "MOST_EXCLUDED",
    "OPTIONS",
    "READERS",
    "UNSET",
    "Conditions",
    "Enrichments",
    "Exclusions",
    "check_options",
    "checked_limit",
    "enrichment_names",
    "read_exclusions",
    "read_more_enrichments",
    "read_more_matches",
    "read_options",
]

Conditions: TypeAlias = (
    Mapping[str, str] | Sequence[str] | Sequence[Mapping[str, str]] | Sequence[MatchCondition]
)
Enrichments: TypeAlias = (
    Mapping[str, Any] | type | FindAllEnrichInput | Sequence[FindAllEnrichInput]
)
Exclusions: TypeAlias = Any
"""A `FindAllFrames`, a DataFrame with ``name`` and ``url``, or a list of such pairs."""

UNSET: Final[Any] = msgspec.UNSET
"""An argument that was not passed, as None may be passed; of type Any for signatures."""

# The API allows 5 to 1000; the embedded service has no upper limit.
_MIN_LIMIT, MAX_MATCH_LIMIT, _PREVIEW_LIMIT, _DEFAULT_LIMIT = 5, 1000, 10, 10
MOST_EXCLUDED = 10_000
_SCOPE = re.compile(r"[A-Za-z0-9_-]{1,128}")


def _read_text(value: object, *, what: str, example: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequestError(f"{what} must be a str such as {example!r}, not {value!r}.")
    if not value.strip():
        raise InvalidRequestError(f"{what} is empty. Write for example {example!r}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"{what} contains a lone surrogate, {value[error.start]!r}, at index {error.start}, "
            "such as half of an emoji; remove it."
        ) from None
    if "\0" in value:
        # No SQL can have one, so a search of own data would fail again and again.
        raise InvalidRequestError(
            f"{what} contains a NUL character at index {value.index(chr(0))}; remove it."
        )
    return value.strip()


def _read_generator(value: object) -> str:
    if value is None:
        return "core"
    if value not in GENERATORS:
        raise InvalidRequestError(
            f"generator is {value!r}. Expected 'preview' (about ten candidates), 'base', 'core' "
            "or 'pro' (the most thorough)."
        )
    return str(value)


def _read_whole_number(value: object, *, what: str) -> int:
    """Return a whole number as an int; numpy's are accepted."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(cast("int", value))
    except TypeError:
        raise InvalidRequestError(f"{what} must be a whole number, not {value!r}.") from None


def read_more_matches(value: object) -> int:
    """Return a number of matches to add to a run, at least 1."""
    more = _read_whole_number(value, what="additional_match_limit")
    if more < 1:
        raise InvalidRequestError(f"additional_match_limit is {more}. Expected at least 1.")
    return more


def _read_match_limit(value: object) -> int | None:
    return None if value is None else _read_whole_number(value, what="match_limit")


def _read_conditions(value: object) -> dict[str, str]:
    example = "match_conditions={'based_in_europe_check': 'Company must be based in Europe'}"
    if isinstance(value, str):
        pairs = [("", value)]
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, Iterable):
        pairs = [_name_and_description(item, example) for item in value]
    else:
        raise InvalidRequestError(f"match_conditions is {value!r}. Write for example {example}.")
    if not pairs:
        raise InvalidRequestError(
            "match_conditions is empty, so everything would match. Leave it out to have "
            f"conditions drafted from the objective, or write for example {example}."
        )
    conditions: dict[str, str] = {}
    for position, (name, description) in enumerate(pairs, 1):
        key = name or f"condition_{position}"
        _read_text(key, what="The name of a match condition", example="based_in_europe_check")
        text = _read_text(
            description,
            what=f"The description of match condition {key!r}",
            example="Company must be based in Europe",
        )
        if key in conditions:
            raise InvalidRequestError(
                f"Two match conditions are called {key!r}, and would share one column. Rename one "
                "of them."
            )
        conditions[key] = text
    return conditions


def _name_and_description(item: object, example: str) -> tuple[str, Any]:
    if isinstance(item, str):
        return "", item
    if isinstance(item, MatchCondition):
        return item.name, item.description
    if isinstance(item, Mapping) and {"name", "description"} <= item.keys():
        return item["name"], item["description"]
    raise InvalidRequestError(
        "A match condition must be a description, or have 'name' and 'description', not "
        f"{item!r}. Write for example {example}."
    )


def _read_enrichments(value: object) -> list[FindAllEnrichInput]:
    """Return enrichments in the form that the API accepts, one per processor."""
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
                "The JSON Schema of an enrichment must describe an object with 'properties', each "
                f"of which becomes a column, not {enrichment.output_schema.json_schema!r}."
            )
        for name in properties:
            _read_text(name, what="The name of an enrichment", example="ceo_name")
    for name, count in Counter(enrichment_names(inputs)).items():
        if count > 1:
            raise InvalidRequestError(f"Two enrichments are called {name!r}. Rename one of them.")
    return inputs


def read_more_enrichments(value: object) -> list[FindAllEnrichInput]:
    """Return enrichments to add to a run, at least one."""
    inputs = _read_enrichments(value)
    if not inputs:
        raise InvalidRequestError(
            "enrichments is empty. Write for example {'ceo_name': 'Name of the CEO'}."
        )
    return inputs


def enrichment_names(inputs: Sequence[FindAllEnrichInput]) -> list[str]:
    """Return the names of the columns that enrichments add, in order."""
    return [
        name
        for enrichment in inputs
        for name in enrichment.output_schema.json_schema.get("properties", {})
    ]


def _not_an_enrichment(value: object) -> InvalidRequestError:
    return InvalidRequestError(
        f"enrichments is {value!r}. Write {{'ceo_name': 'Name of the CEO'}}, a JSON Schema of an "
        "object, or a dataclass, TypedDict or pydantic class."
    )


def _enrichment(json_schema: dict[str, Any]) -> FindAllEnrichInput:
    return FindAllEnrichInput(JsonSchema(json_schema))


def _schema_of_mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value.get("properties"), Mapping):
        return dict(value)
    for name, description in value.items():
        _read_text(
            description,
            what=f"The description of enrichment {name!r}",
            example="Name of the CEO",
        )
    return {
        "type": "object",
        "properties": {
            # Own data knows the types of its columns; elsewhere this is a text.
            name: {"description": description}
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
            f"A field of the class {value.__name__} has a type without a JSON Schema: {error}."
        ) from error
    name = top["$ref"].removeprefix("#/$defs/")
    schema = components.pop(name)
    return {**schema, "$defs": components} if components else schema


def read_exclusions(value: Exclusions) -> list[ExcludeCandidate]:
    """Return the name and url of each entity to leave out."""
    if value is None:
        return []
    if isinstance(value, FindAllFrames):
        value = value.matches
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        if not {"name", "url"} <= set(value.columns):
            raise InvalidRequestError(
                "exclude needs the columns 'name' and 'url'; the table has "
                f"{', '.join(map(repr, value.columns)) or 'no columns'}."
            )
        value = value[["name", "url"]].to_dict("records")
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise InvalidRequestError(
            "exclude must be a FindAllFrames, a DataFrame with 'name' and 'url', or a list such as "
            f"[{{'name': 'Acme', 'url': 'https://acme.example'}}], not {value!r}."
        )
    return [_exclusion(position, item) for position, item in enumerate(value)]


def _exclusion(position: int, item: object) -> ExcludeCandidate:
    texts: list[str] = []
    for key in ("name", "url"):
        text = item.get(key) if isinstance(item, Mapping) else getattr(item, key, None)
        if not isinstance(text, str) or not text.strip():
            raise InvalidRequestError(
                f"Entry {position} of exclude has no {key}: {item!r}. The API needs both name and "
                "url, such as {'name': 'Acme', 'url': 'https://acme.example'}."
            )
        texts.append(text)
    return ExcludeCandidate(name=texts[0], url=texts[1])


def _read_metadata(value: object) -> Metadata:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequestError(
            f"metadata must be a dict such as {{'team': 'a'}}, not {value!r}."
        )
    for key, item in value.items():
        is_flat = isinstance(item, (str, int, float, bool)) and item == item  # NaN is not JSON
        if not isinstance(key, str) or not is_flat:
            raise InvalidRequestError(
                f"metadata[{key!r}] is {item!r}. Keys must be str, and values str, numbers or "
                "bool; the API accepts neither null nor nested values."
            )
    return dict(value)


def _read_webhook(value: object) -> Webhook | None:
    if value is None or isinstance(value, Webhook):
        return value
    if isinstance(value, Mapping):
        try:
            return msgspec.convert(dict(value), Webhook)
        except msgspec.ValidationError as error:
            raise InvalidRequestError(f"webhook is invalid: {error}.") from error
    raise InvalidRequestError(
        "webhook must be a dict such as {'url': 'https://...', 'event_types': "
        f"['findall.run.completed']}}, not {value!r}."
    )


def _read_scope(value: object) -> str | None:
    if value is None or (isinstance(value, str) and _SCOPE.fullmatch(value)):
        return value
    raise InvalidRequestError(
        "memory_scope_key must have 1 to 128 letters, digits, '_' and '-', such as 'team_a', not "
        f"{value!r}."
    )


READERS: Mapping[str, Callable[[Any], Any]] = {
    "objective": partial(
        _read_text, what="objective", example="Find all AI companies founded after 2020"
    ),
    "entity_type": partial(_read_text, what="entity_type", example="companies"),
    "match_conditions": _read_conditions,
    "enrichments": _read_enrichments,
    "generator": _read_generator,
    "match_limit": _read_match_limit,
    "exclude": read_exclusions,
    "metadata": _read_metadata,
    "webhook": _read_webhook,
    "memory_scope_key": _read_scope,
}
"""The reader of each parameter of `Search`, in order."""

OPTIONS: Final = tuple(READERS)
"""The names of these parameters."""


def read_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters of `Search` in the form in which it stores them.

    Raises
    ------
    InvalidRequestError
        A value is invalid.
    """
    return {name: READERS[name](value) for name, value in options.items()}


def check_options(options: Mapping[str, Any], *, own_data: bool) -> int:
    """Raise unless the parameters go together and are within bounds; return the limit to send.

    Parameters
    ----------
    options : mapping
        As returned by `read_options`; those to be drafted may be missing.
    own_data : bool
        True for a service over the user's own data, which has no upper limit.

    Raises
    ------
    InvalidRequestError
        They are not compatible, or the limit is out of range.
    """
    generator = options.get("generator", "core")
    limit = checked_limit(options.get("match_limit"), generator=generator, own_data=own_data)
    if generator == "preview" and options.get("enrichments"):
        raise InvalidRequestError(
            "generator='preview' runs no enrichments. Leave them out, or use 'base', 'core' or "
            "'pro'."
        )
    excluded = len(options.get("exclude") or ())
    if excluded > MOST_EXCLUDED and not own_data:
        raise InvalidRequestError(
            f"exclude has {excluded:,} entities, and the API accepts at most {MOST_EXCLUDED:,}. "
            "Leave out those that the conditions rule out anyway, or split the search."
        )
    return limit


def checked_limit(limit: int | None, *, generator: str, own_data: bool) -> int:
    """Return the limit to send; raise unless it is within bounds."""
    if limit is None:
        return NO_LIMIT if own_data and generator != "preview" else _DEFAULT_LIMIT
    if generator == "preview" and limit > _PREVIEW_LIMIT:
        raise InvalidRequestError(
            f"match_limit is {limit}. With generator='preview' it is the number of candidates to "
            f"evaluate, at most {_PREVIEW_LIMIT}; for more use 'base', 'core' or 'pro'."
        )
    if not _MIN_LIMIT <= limit <= (NO_LIMIT if own_data else MAX_MATCH_LIMIT):
        raise InvalidRequestError(
            f"match_limit is {limit}. Expected {_MIN_LIMIT} to {MAX_MATCH_LIMIT}; on own data "
            f"{_MIN_LIMIT} or more, or None for no limit."
        )
    return limit
