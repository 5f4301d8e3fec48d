"""Enrich rows: a property is the cell of a column, or else is asked of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from findall_frames.api.models import FindAllEnrichInput, with_field_types
from findall_frames.embedded.corpus.corpus import Column, Corpus, Entity
from findall_frames.embedded.corpus.naming import singular, words_of
from findall_frames.embedded.judging.finding import (
    CITED_CHARACTERS,
    Finding,
    cite,
    is_whole,
    shown,
    typed,
    value_of,
)
from findall_frames.embedded.judging.row_asker import RowAsker
from findall_frames.embedded.judging.row_question import text_of

__all__ = ["Filler", "same_name", "with_types"]


def same_name(one: str, other: str) -> bool:
    """Return True if two names have the same words, ignoring case, separators and plurals.

    Examples
    --------
    >>> same_name("release_dates", "ReleaseDate"), same_name("date", "release_date")
    (True, False)
    """
    return bool(_words(one)) and _words(one) == _words(other)


def with_types(enrichment: FindAllEnrichInput, corpus: Corpus) -> FindAllEnrichInput:
    """Return an enrichment in which a field that has only a description has its column's type."""
    return with_field_types(
        enrichment, lambda name, description: _type_of(_column(name, description, corpus))
    )


def _type_of(column: Column | None) -> dict[str, str]:
    """Return the JSON Schema of the cells of a column; of a text if there is none."""
    if column is not None and column.type == "DATE":
        return {"type": "string", "format": "date"}
    if column is None or column.kind not in ("flag", "number"):
        return {"type": "string"}
    if column.kind == "flag":
        return {"type": "boolean"}
    return {"type": "integer" if is_whole(column) else "number"}


class Filler:
    """An enrichment over a corpus; `schema` is the JSON Schema of an object of properties.

    `asker` asks a model for properties that no column has; None if there is no model.
    """

    def __init__(
        self, corpus: Corpus, schema: Mapping[str, Any], *, asker: RowAsker | None
    ) -> None:
        self._corpus = corpus
        self._asker = asker
        self._properties: dict[str, Mapping[str, Any]] = {
            name: about if isinstance(about, Mapping) else {}
            for name, about in (schema.get("properties") or {}).items()
        }
        self._columns = {
            name: _column(name, str(about.get("description") or ""), corpus)
            for name, about in self._properties.items()
        }

    @property
    def unanswered(self) -> list[str]:
        """The properties that no column answers, where there is no model to ask."""
        if self._asker is not None:
            return []
        return [name for name, column in self._columns.items() if column is None]

    def fill(self, positions: Sequence[int]) -> list[dict[str, Finding]]:
        """Return one finding per property for each row, in schema order.

        Raises
        ------
        EvaluatorError, StoppedError
            As for `RowAsker.fill`.
        """
        findings = self._from_columns(positions)
        if self._asker is None:
            return findings
        missing: dict[tuple[str, ...], list[int]] = {}
        for at, row in enumerate(findings):
            names = tuple(name for name, finding in row.items() if finding.value is None)
            if names:
                missing.setdefault(names, []).append(at)
        for names, places in missing.items():
            wanted = {name: self._properties[name] for name in names}
            filled = self._asker.fill([positions[at] for at in places], wanted)
            for at, found in zip(places, filled, strict=True):
                findings[at].update(found)
        return findings

    def _from_columns(self, positions: Sequence[int]) -> list[dict[str, Finding]]:
        none = "There is no column, or no single one, of that name, and no model to ask."
        found = [dict.fromkeys(self._columns, Finding(None, none, "low")) for _ in positions]
        columns = {name: column for name, column in self._columns.items() if column is not None}
        texts = [text_of(column) for column in columns.values()]
        values = [value_of(column, text=text_of(column)) for column in columns.values()]
        rows = self._corpus.select([*texts, *values], positions)
        entities = self._corpus.entities(positions)
        for findings, entity, cells in zip(found, entities, rows, strict=True):
            pairs = zip(cells[: len(columns)], cells[len(columns) :], strict=True)
            for (name, column), (text, value) in zip(columns.items(), pairs, strict=True):
                findings[name] = _finding(column, text, value, entity, self._properties[name])
        return found


def _finding(
    column: Column,
    text: str | list[str] | None,
    value: Any,
    entity: Entity,
    schema: Mapping[str, Any],
) -> Finding:
    """Return a cell in the type of a property; a string is verbatim, such as "12,50 €"."""
    if text is None:
        return Finding(None, f"The value of {column.name} is missing.", "low")
    parts = text if isinstance(text, list) else [text]
    whole = ", ".join(parts)
    # A list that becomes one text is cited as that text.
    quoted = [whole] if schema.get("type") == "string" else parts
    cited = cite(entity, [(column.name, part[:CITED_CHARACTERS]) for part in quoted if part])
    try:
        found = typed(whole if schema.get("type") == "string" else value, schema=schema)
    except ValueError as error:
        return Finding(None, f"The value of {column.name} does not fit: {error}.", "low", cited)
    return Finding(found, f"{column.name}: {shown(parts)}", "high", cited)


def _column(name: str, description: str, corpus: Corpus) -> Column | None:
    """Return the column that a property names; None if none does, or several do."""
    columns = list(corpus.columns.values())
    phrases = {each.name: re.split("[,;(]", each.description) for each in columns}
    tries = (
        [each for each in columns if name == each.name],
        [each for each in columns if same_name(name, each.name)],
        [
            each
            for each in columns
            if any(same_name(name, each_phrase) for each_phrase in phrases[each.name])
        ],
        [each for each in columns if same_name(description, each.name)],
    )
    found = next((each for each in tries if each), [])
    return found[0] if len(found) == 1 else None


def _words(name: str) -> list[str]:
    return [singular(word) for word in words_of(name).split()]
