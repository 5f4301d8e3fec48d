"""Findings about rows: verdicts on conditions, values of properties, and their citations."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from findall_frames.api.models import Citation
from findall_frames.api.readings import Confidence
from findall_frames.embedded.corpus.corpus import Column, Corpus, Entity, quoted

__all__ = [
    "CITED_CHARACTERS",
    "Finding",
    "Verdict",
    "cite",
    "is_whole",
    "one_line",
    "passages",
    "shortened",
    "shown",
    "typed",
    "value_of",
]

CITED_CHARACTERS: Final = 1_000
"""How many characters of a cell are cited at most; the rest is in the user's own data."""
_SHOWN_CHARACTERS: Final = 120
"""How many characters of a cell a reason repeats at most."""
_AROUND: Final = 120
"""How many characters on either side of a word are cited with it at most."""
_ENDING: Final = 3
"""How many last letters of a long word may differ, as the full-text index compares stems."""

_TYPES: Final[dict[str | None, Any]] = {
    "boolean": bool,
    "integer": int,
    "null": None,
    "number": int | float,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A value found in a row of the corpus, with its evidence."""

    value: Any  # a JSON value; None if nothing in the row supports one
    reasoning: str  # one sentence that a person can check
    confidence: Confidence
    citations: Sequence[Citation] = ()  # with verbatim excerpts from the row


@dataclass(frozen=True, slots=True)
class Verdict(Finding):
    """A finding about a match condition."""

    is_matched: bool = False  # True if the row is known to meet the condition
    truth: bool | None = None  # None if unknown, such as for a missing value


def cite(entity: Entity, evidence: Sequence[tuple[str, str]]) -> Sequence[Citation]:
    """Return a citation for each column, from pairs of columns and verbatim texts."""
    by_column: dict[str, list[str]] = {}
    for column, excerpt in evidence:
        by_column.setdefault(column, []).append(excerpt)
    return tuple(
        Citation(f"{entity.address}#{quote(column, safe='')}", f"{entity.name}: {column}", texts)
        for column, texts in by_column.items()
    )


def value_of(column: Column, *, text: str) -> str:
    """Return the SQL for a cell in its JSON type; `text` is used where that is a string."""
    if column.kind not in ("flag", "number"):
        return text
    is_exact = column.kind == "flag" or is_whole(column)
    return quoted(column.name) if is_exact else f"CAST({quoted(column.name)} AS DOUBLE)"


def is_whole(column: Column) -> bool:
    """Return True if the cells of a column are integers that JSON holds exactly."""
    return "INT" in column.type and "HUGE" not in column.type


def typed(value: Any, *, schema: Mapping[str, Any]) -> Any:
    """Return a JSON value converted to the type of a JSON Schema; None stays None.

    Nothing is guessed: ``"42"`` is an integer, ``"about 42"`` is not. Of the schema, ``type``,
    ``enum``, ``items`` and ``anyOf`` are used.

    Raises
    ------
    ValueError
        The value is not of that type.
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
    """Return a value converted to one type; None if it is not of that type."""
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
    """Return a text with all whitespace replaced by single spaces."""
    return " ".join(text.split())


def shortened(text: str, *, limit: int) -> str:
    """Return a text on one line, cut to `limit` characters."""
    text = one_line(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def shown(parts: Sequence[str | None] | None) -> str:
    """Return the text of a cell, or the elements of a list, as reasons show it."""
    if parts is None:
        return "missing"
    return shortened(", ".join(part or "" for part in parts), limit=_SHOWN_CHARACTERS)


def passages(
    corpus: Corpus, positions: Sequence[int], *, words: Sequence[str]
) -> list[list[tuple[str, str]]]:
    """Return the passages around the first occurrence of each word, for each row.

    A passage is a column and a verbatim text; endings of long words may differ.
    """
    patterns = [_pattern(word) for word in words]
    names = [name for name, column in corpus.columns.items() if column.kind in {"text", "prose"}]
    found = []
    for row in corpus.rows(positions):
        texts = {name: str(row[name]) for name in names if row[name] is not None}
        cited: dict[tuple[str, str], None] = {}
        for pattern in patterns:
            for name, text in texts.items():
                match = pattern.search(text)
                if match is not None:
                    cited[name, _around(text, match)] = None
                    break
        found.append(list(cited))
    return found


def _pattern(word: str) -> re.Pattern[str]:
    parts = re.findall(r"\w+", word) or [word]
    stems = [part[:-_ENDING] if len(part) > 2 * _ENDING else part for part in parts]
    return re.compile(r"\W+".join(rf"\b{re.escape(stem)}\w*" for stem in stems), re.IGNORECASE)


def _around(text: str, match: re.Match[str]) -> str:
    """Return the passage around a match, cut at spaces or line breaks."""
    start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - _AROUND)
    end = text.find("\n", match.end())
    end = min(len(text) if end < 0 else end, match.end() + _AROUND)
    if start > 0 and not text[start - 1].isspace():
        start = min(_next_space(text, start), match.start())
    if end < len(text) and not text[end].isspace():
        space = text.rfind(" ", match.end(), end)
        end = space if space > 0 else end
    return text[start:end].strip()


def _next_space(text: str, start: int) -> int:
    found = text.find(" ", start)
    return len(text) if found < 0 else found + 1
