"""What the views show of the tables: the first matches, each with its fields and sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import VERDICT_WORDS
from findall_frames.display.text import counted, in_words, one_line

__all__ = [
    "Cell",
    "Row",
    "Source",
    "Tables",
    "match_count",
    "matched_rows",
    "rows_of",
    "shown_fields",
    "summary",
    "verdicts",
]

Tables = Mapping[str, pa.Table]
"""The tables ``runs``, ``candidates``, ``fields`` and ``citations``."""

"""Values that only repeat a verdict, so that no source says them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A citation."""

    title: str | None
    url: str
    excerpts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One output field of a candidate with what supports it."""

    field: str
    kind: str | None
    value: str | None
    value_type: str | None
    is_matched: bool | None
    reasoning: str | None
    confidence: str | None
    sources: tuple[Source, ...]

    @property
    def words(self) -> str:
        """The value as a person writes it: whole numbers without a point, lists in words."""
        if self.value_type == "number" and self.value is not None:
            return self.value.removesuffix(".0")
        if self.value is None or self.value_type != "array":
            return self.value or ""
        parts = json.loads(self.value)
        plain = all(type(part) in (str, int, float) for part in parts)
        return ", ".join(map(str, parts)) if plain else self.value

    @property
    def best_excerpt(self) -> tuple[str, Source] | None:
        """The shortest excerpt in which the value stands, else the first one, with its source."""
        excerpts = [(text, source) for source in self.sources for text in source.excerpts]
        excerpts = [pair for pair in excerpts if pair[0].strip()]
        value = (self.value or "").strip().casefold()
        if value and value not in VERDICT_WORDS:
            holding = [pair for pair in excerpts if value in pair[0].casefold()]
            if holding:
                return min(holding, key=lambda pair: len(pair[0]))
        return excerpts[0] if excerpts else None


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate with its fields by name."""

    findall_id: str
    candidate_id: str
    name: str
    url: str
    description: str | None
    match_status: str
    cells: Mapping[str, Cell]


def matched_rows(tables: Tables, *, limit: int | None = None) -> list[Row]:
    """Give the matches in the order of the result, at most `limit` of them."""
    return rows_of(tables, _matched(tables["candidates"]).slice(0, limit))


def rows_of(tables: Tables, chosen: pa.Table) -> list[Row]:
    """Give these candidates, in their order, with their fields and sources."""
    cells: dict[tuple[str, str], dict[str, Cell]] = {}
    sources = _sources(_belonging(tables["citations"], chosen))
    for record in _records(_belonging(tables["fields"], chosen), Cell):
        key = (record.pop("findall_id"), record.pop("candidate_id"))
        found = tuple(sources.get((*key, record["field"]), ()))
        cells.setdefault(key, {})[record["field"]] = Cell(**record, sources=found)
    return [
        Row(**record, cells=cells.get((record["findall_id"], record["candidate_id"]), {}))
        for record in _records(chosen, Row)
    ]


def match_count(tables: Tables) -> int:
    """Count the matches."""
    return len(_matched(tables["candidates"]))


def _matched(candidates: pa.Table) -> pa.Table:
    statuses = candidates["match_status"].cast(pa.string())
    return candidates.filter(pc.equal(statuses, pa.scalar("matched")))


def _belonging(table: pa.Table, candidates: pa.Table) -> pa.Table:
    # Ids of different runs may be equal; the keys of the caller's dictionaries hold both parts.
    ids = candidates["candidate_id"].unique()
    return table.filter(pc.is_in(table["candidate_id"], value_set=ids))


def _records(table: pa.Table, shape: type[Cell] | type[Row]) -> list[dict[str, Any]]:
    keys = {"findall_id", "candidate_id"}
    wanted = [name for name in table.column_names if name in keys.union(shape.__slots__)]
    records: list[dict[str, Any]] = table.select(wanted).to_pylist()
    return records


def _sources(citations: pa.Table) -> dict[tuple[str, str, str], list[Source]]:
    found: dict[tuple[str, str, str], list[Source]] = {}
    for record in citations.to_pylist():
        key = (record["findall_id"], record["candidate_id"], record["field"])
        source = Source(record["title"], record["url"], tuple(record["excerpts"] or ()))
        found.setdefault(key, []).append(source)
    return found


def shown_fields(rows: list[Row]) -> list[str]:
    """Name the fields that have a value or a verdict in some row, conditions first.

    A basis can name parts of a field, such as ``products.0``; those have neither.
    """
    kinds: dict[str, str | None] = {}
    for row in rows:
        for cell in row.cells.values():
            if cell.value is not None or cell.is_matched is not None or cell.kind is not None:
                kinds.setdefault(cell.field, cell.kind)
    return sorted(kinds, key=lambda field: kinds[field] != "match_condition")


def verdicts(fields: pa.Table) -> list[tuple[str, int, int]]:
    """Count, for each match condition, the candidates that meet it and those judged."""
    judged = fields.filter(pc.is_valid(fields["is_matched"]))
    counts = judged.group_by("field", use_threads=False).aggregate(
        [("is_matched", "sum"), ("is_matched", "count")]
    )
    return [
        (record["field"], record["is_matched_sum"], record["is_matched_count"])
        for record in counts.to_pylist()
    ]


def summary(tables: Tables) -> str:
    """Say in a line how many were found and how the search ended."""
    runs = tables["runs"]
    candidates = counted(len(tables["candidates"]), "candidate")
    found = f"{counted(match_count(tables), 'match')} among {candidates}"
    if len(runs) != 1:
        return f"{found} of {counted(len(runs), 'run')}"
    status = one_line(runs["status"][0].as_py())
    reason = runs["termination_reason"][0].as_py()
    return f"{found}; {status}" + (f": {in_words(reason)}" if reason else "")
