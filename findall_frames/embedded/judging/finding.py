"""What is found out about a row: verdicts on conditions, values of properties, and citations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from findall_frames.api.models import Citation
from findall_frames.api.readings import Confidence
from findall_frames.embedded.corpus.corpus import Column, Entity, quoted

__all__ = ["Finding", "Verdict", "cite", "one_line", "shortened", "typed", "value_of"]

_TYPES: Final[dict[str | None, Any]] = {
    "boolean": bool,
    "integer": int,
    "null": None,
    "number": int | float,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A value found in a row of the corpus, with what supports it.

    Attributes
    ----------
    value : JSON value
        As the output carries it; None when nothing in the row supports a value.
    reasoning : str
        One sentence that a person can check.
    confidence : {"low", "medium", "high"}
        ``"low"`` whenever it is not sure.
    citations : sequence of Citation
        Each excerpt stands, character for character, in the row.
    """

    value: Any
    reasoning: str
    confidence: Confidence
    citations: Sequence[Citation] = ()


@dataclass(frozen=True, slots=True)
class Verdict(Finding):
    """A finding about a match condition.

    Attributes
    ----------
    is_matched : bool
        True if the row is known to meet the condition.
    truth : bool or None
        None where it is unknown: a missing value meets neither a condition nor its opposite.
    """

    is_matched: bool = False
    truth: bool | None = None


def cite(entity: Entity, evidence: Sequence[tuple[str, str]]) -> Sequence[Citation]:
    """Return a citation for each column, given columns with texts that stand in the row."""
    by_column: dict[str, list[str]] = {}
    for column, excerpt in evidence:
        by_column.setdefault(column, []).append(excerpt)
    return tuple(
        Citation(f"{entity.address}#{quote(column, safe='')}", f"{entity.name}: {column}", texts)
        for column, texts in by_column.items()
    )


def value_of(column: Column, *, text: str) -> str:
    """Return the SQL of a cell in the type that JSON has for it, which for most is its text."""
    if column.kind not in ("flag", "number"):
        return text
    is_exact = column.kind == "flag" or ("INT" in column.type and "HUGE" not in column.type)
    return quoted(column.name) if is_exact else f"CAST({quoted(column.name)} AS DOUBLE)"


def typed(value: Any, *, schema: Mapping[str, Any]) -> Any:
    """Return a JSON value in the type that a JSON Schema asks for; None stays None.

    Nothing is guessed: ``"42"`` is an integer, ``"about 42"`` is none. Of the schema ``type``,
    ``enum``, ``items`` and ``anyOf`` are looked at.

    Raises
    ------
    ValueError
        It is no such value; says so.

    Examples
    --------
    >>> typed("1,5", schema={"type": "string"}), typed("42", schema={"type": "integer"})
    ('1,5', 42)
    """
    if value is None:
        return None
    kinds = schema.get("type")
    choices = schema.get("anyOf") or [
        {**schema, "type": kind} for kind in (kinds if isinstance(kinds, list) else [kinds])
    ]
    for choice in choices:
        found = _converted(value, choice.get("type"), choice.get("items") or {})
        for each in choice.get("enum") or [found]:
            if found is not None and str(each).casefold() == str(found).casefold():
                return each
    wanted = f"none of {schema['enum']}" if "enum" in schema else f"no {kinds or 'such value'}"
    raise ValueError(f"{value!r:.60} is {wanted}")


def _converted(value: Any, kind: str | None, items: Mapping[str, Any]) -> Any:
    """Return a value of one type; None for what is not of that type."""
    if kind == "array":
        parts = value if isinstance(value, list) else [value]
        return [typed(each, schema=items) for each in parts if each is not None]
    if kind == "string":
        return None if isinstance(value, (list, dict)) else str(value)
    stripped = value.strip() if isinstance(value, str) and kind in _TYPES else value
    try:
        found = msgspec.convert(stripped, _TYPES.get(kind, Any), strict=False)
    except msgspec.ValidationError:
        return None
    return None if isinstance(found, float) and not math.isfinite(found) else found


def one_line(text: str) -> str:
    """Return a text with single spaces for all blanks."""
    return " ".join(text.split())


def shortened(text: str, *, limit: int) -> str:
    """Return a text on one line, of so many characters at most."""
    text = one_line(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
