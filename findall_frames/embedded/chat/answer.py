"""What a language model has answered, checked: nothing of it is used that was not asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from findall_frames.embedded.chat.prompt import RowText
from findall_frames.embedded.finding import Confidence

__all__ = [
    "Filled",
    "Judged",
    "UnusableError",
    "read_filled",
    "read_judged",
    "shortened",
    "supported",
]

_MAX_TEXT: Final = 500
_MAX_VALUE: Final = 20_000
_MAX_EXCERPTS: Final = 10
_MAX_EXCERPT: Final = 2_000
_THOUGHT: Final = re.compile(r"^.*</think(?:ing)?>", re.DOTALL)
_objects: Final = msgspec.json.Decoder(dict[str, Raw])
_decoder: Final = json.JSONDecoder()


class UnusableError(Exception):
    """The answer is not what was asked for; says what is wrong with it."""


class _Excerpt(Struct):
    column: str
    text: str


class Judged(Struct):
    """The model's entry for a condition, as it came."""

    excerpts: list[_Excerpt]
    reasoning: str
    value: str | int | float | bool | None
    is_matched: bool
    confidence: Literal["high", "medium", "low"]


class Filled(Struct):
    """The model's entry for a property, as it came."""

    excerpts: list[_Excerpt]
    reasoning: str
    value: Any
    confidence: Literal["high", "medium", "low"]


_Entry = TypeVar("_Entry", Judged, Filled)
_judged: Final = msgspec.json.Decoder(Judged)
_filled: Final = msgspec.json.Decoder(Filled)


def read_judged(text: str, *, count: int) -> list[Judged]:
    """Read the entries for so many conditions, in their order.

    Raises
    ------
    UnusableError
        It is no JSON, an entry is missing, or one is not of its form.
    """
    return _entries(text, [f"condition_{n}" for n in range(1, count + 1)], _judged)


def read_filled(text: str, *, schemas: Sequence[Mapping[str, Any]]) -> list[Filled]:
    """Read the entries for properties of these schemas, in their order.

    Raises
    ------
    UnusableError
        It is no JSON, an entry is missing, or one is not of its form or type.
    """
    names = [f"property_{n}" for n in range(1, len(schemas) + 1)]
    entries = _entries(text, names, _filled)
    for name, entry, schema in zip(names, entries, schemas, strict=True):
        if entry.value is not None and not _fits(entry.value, schema):
            raise UnusableError(f"the value of {name} is not of the type {schema['type']}")
        if len(msgspec.json.encode(entry.value)) > _MAX_VALUE:
            raise UnusableError(f"the value of {name} is too long")
    return entries


def supported(
    entry: Judged | Filled, row: RowText
) -> tuple[str, Confidence, list[tuple[str, str]]]:
    """Keep the excerpts that stand in the row word for word, and what that leaves of the rest.

    Returns
    -------
    tuple
        The reasoning, the confidence, and the column and text of each excerpt.
    """
    true = [each for each in entry.excerpts if _stands(each, row)]
    kept = list(dict.fromkeys((each.column, each.text) for each in true))[:_MAX_EXCERPTS]
    dropped = len(true) < len(entry.excerpts)
    reasoning = shortened(entry.reasoning) or "The model gives no reason."
    confidence: Confidence = entry.confidence
    if not kept:
        confidence = "low"
    elif dropped:
        confidence = "medium" if confidence == "high" else "low"
    if dropped:
        reasoning += " Something that it quoted does not stand in the row and was dropped."
    if row.cut:
        shown = ", ".join(row.cut)
        reasoning += f" It was not shown all of {shown}, which is too long."
    return reasoning, confidence, kept


def shortened(text: str) -> str:
    """A text on one line, of bounded length."""
    text = " ".join(text.split())
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _stands(excerpt: _Excerpt, row: RowText) -> bool:
    cell = row.cells.get(excerpt.column)
    if cell is None or not excerpt.text.strip() or len(excerpt.text) > _MAX_EXCERPT:
        return False
    return any(excerpt.text in text for text in (cell if isinstance(cell, list) else [cell]))


def _entries(
    text: str, names: Sequence[str], decoder: msgspec.json.Decoder[_Entry]
) -> list[_Entry]:
    try:
        found = _objects.decode(_json_in(text))
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise UnusableError(f"it is no JSON object: {error}") from None
    missing = [name for name in names if name not in found]
    if missing:
        raise UnusableError(f"it lacks {', '.join(missing)}")
    entries = []
    for name in names:
        try:
            entries.append(decoder.decode(found[name]))
        except msgspec.DecodeError as error:
            raise UnusableError(f"{name} is not of its form: {error}") from None
    return entries


def _json_in(text: str) -> bytes:
    """The JSON object of an answer that may have words around it."""
    text = _THOUGHT.sub("", text)
    start = text.find("{")
    if start < 0:
        return text.encode()
    try:
        _, end = _decoder.raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError):
        return text[start:].encode()
    return text[start:end].encode()


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of a schema made by `as_asked`."""
    if "anyOf" in schema:
        return any(_fits(value, each) for each in schema["anyOf"])
    kind = schema["type"]
    if kind == "null":
        return value is None
    if "enum" in schema and value not in schema["enum"]:
        return False
    if kind == "array":
        return isinstance(value, list) and all(_fits(each, schema["items"]) for each in value)
    if kind == "object":
        return isinstance(value, dict) and all(
            _fits(value.get(name), inner) for name, inner in schema["properties"].items()
        )
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _TYPES.get(kind, (str,)))
