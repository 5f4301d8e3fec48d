"""Matches with their evidence, and the counts and summary of a result, read from its tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.addresses import column_of
from findall_frames.api.models import TERMINAL_STATUSES, VERDICT_WORDS
from findall_frames.display.text import counted, in_words, matches_of, one_line, shortened

__all__ = [
    "NO_ADDRESS",
    "WITHOUT_RUN",
    "CandidateRow",
    "CitedSource",
    "FieldCell",
    "Tables",
    "belonging",
    "candidate_count",
    "condition_counts",
    "funnel",
    "incomplete_note",
    "match_count",
    "matched_candidates",
    "matched_rows",
    "matches_left_out",
    "never_sent",
    "result_record",
    "rows_left_out",
    "rows_of",
    "runs_in_words",
    "shown_fields",
    "summary",
    "value_words",
    "why_no_match",
]

Tables = Mapping[str, pa.Table]
"""The tables ``runs``, ``candidates``, ``fields`` and ``citations``."""

NO_ADDRESS: Final = "a source without an address"
WITHOUT_RUN: Final = "search_"
"""What the findall_id of a search begins with for which there is no run, in ``runs`` alone."""

_FOUND_BEFORE = "what it found until then is here"
_ENDINGS = {
    "failed": f"The run failed; {_FOUND_BEFORE}.",
    "cancelled": f"The run was cancelled; {_FOUND_BEFORE}.",
}


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A citation."""

    title: str | None
    url: str
    excerpts: tuple[str, ...]

    def cell(self, row: int | None) -> str:
        """Return column and row of a citation of own data; empty for a web page."""
        column = column_of(self.url)
        return "" if column is None or row is None else f"{column}, row {row:,}"


@dataclass(frozen=True, slots=True)
class FieldCell:
    """One output field of a candidate with its evidence."""

    field: str
    kind: str | None
    value: str | None
    value_type: str | None
    is_matched: bool | None
    reasoning: str | None
    confidence: str | None
    sources: tuple[CitedSource, ...]

    @property
    def words(self) -> str:
        """The value as a person writes it."""
        return value_words(self.value or "", self.value_type)

    @property
    def best_excerpt(self) -> tuple[str, CitedSource] | None:
        """The shortest excerpt that contains the value, else the first one, with its source."""
        excerpts = [(text, source) for source in self.sources for text in source.excerpts]
        excerpts = [pair for pair in excerpts if pair[0].strip()]
        value = (self.value or "").strip().casefold()
        if value and value not in VERDICT_WORDS:
            holding = [pair for pair in excerpts if value in pair[0].casefold()]
            if holding:
                return min(holding, key=lambda pair: len(pair[0]))
        return excerpts[0] if excerpts else None


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate with its fields by name."""

    findall_id: str
    candidate_id: str
    name: str
    url: str
    description: str | None
    match_status: str
    row: int | None
    cells: Mapping[str, FieldCell]


def value_words(value: str, value_type: str | None) -> str:
    """Return a value as a person writes it: whole numbers without a point, lists in words.

    >>> value_words("27.0", "number"), value_words('["a", 1]', "array")
    ('27', 'a, 1')
    """
    if value_type == "number":
        return value.removesuffix(".0")
    if not value or value_type != "array":
        return value
    parts = json.loads(value)
    plain = all(type(part) in (str, int, float) for part in parts)
    return ", ".join(map(str, parts)) if plain else value


def matched_rows(tables: Tables, *, limit: int | None = None) -> list[CandidateRow]:
    """Return the matches in the order of the result, at most `limit` of them."""
    return rows_of(tables, matched_candidates(tables).slice(0, limit))


def rows_of(tables: Tables, candidates: pa.Table) -> list[CandidateRow]:
    """Return these candidates, in their order, with their fields and sources."""
    cells: dict[tuple[str, str], dict[str, FieldCell]] = {}
    sources = _sources(belonging(tables["citations"], candidates))
    for record in _records(belonging(tables["fields"], candidates), FieldCell):
        key = (record.pop("findall_id"), record.pop("candidate_id"))
        cited = tuple(sources.get((*key, record["field"]), ()))
        cells.setdefault(key, {})[record["field"]] = FieldCell(**record, sources=cited)
    return [
        CandidateRow(**record, cells=cells.get((record["findall_id"], record["candidate_id"]), {}))
        for record in _records(candidates, CandidateRow)
    ]


def matched_candidates(tables: Tables) -> pa.Table:
    """Return the matches as a table."""
    return tables["candidates"].filter(_are_matches(tables))


def _are_matches(tables: Tables) -> pa.ChunkedArray:
    statuses = tables["candidates"]["match_status"].cast(pa.string())
    return pc.equal(statuses, pa.scalar("matched"))


def belonging(table: pa.Table, candidates: pa.Table) -> pa.Table:
    """Return the rows with the candidate_id of a candidate, which may be one of another run."""
    ids = candidates["candidate_id"].unique()
    return table.filter(pc.is_in(table["candidate_id"], value_set=ids))


def _records(table: pa.Table, shape: type[FieldCell] | type[CandidateRow]) -> list[dict[str, Any]]:
    names = {"findall_id", "candidate_id", *shape.__slots__}
    records: list[dict[str, Any]] = table.select(
        [name for name in table.column_names if name in names]
    ).to_pylist()
    return records


def _sources(citations: pa.Table) -> dict[tuple[str, str, str], list[CitedSource]]:
    sources: dict[tuple[str, str, str], list[CitedSource]] = {}
    for record in citations.to_pylist():
        key = (record["findall_id"], record["candidate_id"], record["field"])
        source = CitedSource(record["title"], record["url"], tuple(record["excerpts"] or ()))
        sources.setdefault(key, []).append(source)
    return sources


def shown_fields(rows: list[CandidateRow]) -> list[str]:
    """Return the fields that have a value or a verdict in some row, conditions first.

    A basis can name parts of a field, such as ``products.0``; those have neither.
    """
    kinds: dict[str, str | None] = {}
    for row in rows:
        for cell in row.cells.values():
            if cell.value is not None or cell.is_matched is not None or cell.kind is not None:
                kinds.setdefault(cell.field, cell.kind)
    return sorted(kinds, key=lambda field: kinds[field] != "match_condition")


def match_count(tables: Tables) -> int:
    """Return the number of matches."""
    count: int = pc.sum(_are_matches(tables), min_count=0).as_py()
    return count


def funnel(tables: Tables) -> list[tuple[str, int]]:
    """Count the candidates that were generated, evaluated and matched.

    A service may send fewer candidates than it generated: the hosted one those that it evaluated,
    and one over own data, which evaluates every row, the matches and a few others.
    """
    candidates = tables["candidates"]
    statuses = candidates["match_status"].cast(pa.string())
    evaluated = pc.sum(pc.is_in(statuses, value_set=pa.array(["matched", "unmatched"]))).as_py()
    unkept, unsent = sum(rows_left_out(tables).values()), never_sent(tables)
    return [
        ("generated", len(candidates) + unkept + unsent),
        ("evaluated", (evaluated or 0) + unkept),
        ("matched", match_count(tables)),
    ]


def candidate_count(tables: Tables) -> int:
    """Count the candidates, with the rows of own data that were evaluated and not kept."""
    return len(tables["candidates"]) + sum(rows_left_out(tables).values())


def rows_left_out(tables: Tables) -> dict[str, int]:
    """Return for each run over own data how many rows it evaluated and did not keep, if any."""
    own = set(_own_rows(tables)["findall_id"].unique().to_pylist())
    return {findall_id: left for findall_id, left in _left_out(tables).items() if findall_id in own}


def never_sent(tables: Tables) -> int:
    """Count the candidates that services generated and that are not in the result."""
    return sum(_left_out(tables).values()) - sum(rows_left_out(tables).values())


def matches_left_out(tables: Tables) -> int:
    """Count the matches in the status of each run that are not in the result."""
    matched = matched_candidates(tables)
    return sum(_beyond(tables, "matched_candidates_count", matched).values())


def _own_rows(tables: Tables) -> pa.Table:
    return tables["candidates"].filter(pc.is_valid(tables["candidates"]["row"]))


def _left_out(tables: Tables) -> dict[str, int]:
    return _beyond(tables, "generated_candidates_count", tables["candidates"])


def _beyond(tables: Tables, count: str, candidates: pa.Table) -> dict[str, int]:
    """Return for each run by how much its count exceeds its candidates, where it does."""
    groups = pc.value_counts(candidates["findall_id"]).to_pylist()
    here = {group["values"]: group["counts"] for group in groups}
    runs = tables["runs"].select(["findall_id", count]).to_pylist()
    beyond = {run["findall_id"]: (run[count] or 0) - here.get(run["findall_id"], 0) for run in runs}
    return {findall_id: number for findall_id, number in beyond.items() if number > 0}


def condition_counts(fields: pa.Table) -> list[tuple[str, int, int]]:
    """Return for each match condition how many candidates meet it and how many were judged."""
    judged = fields.filter(pc.is_valid(fields["is_matched"]))
    counts = judged.group_by("field", use_threads=False).aggregate(
        [("is_matched", "sum"), ("is_matched", "count")]
    )
    return [
        (record["field"], record["is_matched_sum"], record["is_matched_count"])
        for record in counts.to_pylist()
    ]


def why_no_match(tables: Tables) -> list[str]:
    """Return that nothing matched, then a line for each condition."""
    counts = condition_counts(tables["fields"])
    if not counts:
        return ["No verdict is known."]
    noun = "kept candidate" if rows_left_out(tables) else "candidate"
    return [
        "No candidate matched. The conditions one by one:",
        *(
            f"{shortened(one_line(field), limit=200)}: met by {met:,} of {counted(judged, noun)}"
            for field, met, judged in counts
        ),
    ]


def runs_in_words(tables: Tables) -> str:
    """Return how many runs there are, or how many searches if some of them have no run."""
    searches, with_run = _noun_of_runs(tables), _with_run(tables)
    if with_run == len(tables["runs"]):
        return searches
    return f"{searches}, {with_run:,} of them with a run" if with_run else f"{searches} without run"


def _noun_of_runs(tables: Tables) -> str:
    rows = len(tables["runs"])
    return counted(rows, "run" if _with_run(tables) == rows else "search")


def _with_run(tables: Tables) -> int:
    ids = tables["runs"]["findall_id"].to_pylist()
    return sum(not findall_id.startswith(WITHOUT_RUN) for findall_id in ids)


def summary(tables: Tables) -> str:
    """Return in one line how many matches there are and how the search ended.

    Several runs may have looked at the same candidates, so those are counted for one run only.
    """
    runs = tables["runs"]
    if len(runs) != 1:
        return f"{matches_of(match_count(tables))} in {runs_in_words(tables)}"
    found = matches_of(match_count(tables), candidates=candidate_count(tables))
    status = one_line(runs["status"][0].as_py())
    reason = runs["termination_reason"][0].as_py()
    return f"{found}; {status}" + (f": {in_words(reason)}" if reason else "")


def incomplete_note(tables: Tables) -> str:
    """Return which runs did not complete or are still going on; nothing if all completed."""
    statuses = Counter(tables["runs"]["status"].to_pylist())
    others = {status: count for status, count in statuses.items() if status != "completed"}
    if not others:
        return ""
    if len(tables["runs"]) > 1:
        parts = ", ".join(
            f"{count:,} {one_line(status).replace('_', ' ')}" for status, count in others.items()
        )
        return f"Not all of the {_noun_of_runs(tables)} completed: {parts}."
    (status,) = others
    if status in TERMINAL_STATUSES:
        return _ENDINGS.get(status, f"The run ended as {status!r}; {_FOUND_BEFORE}.")
    return f"The run was {status} when this was fetched; there may be more by now."


def result_record(tables: Tables) -> dict[str, Any]:
    """Return one JSON object of a run and its matches, each with its fields and their evidence.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations`` of one run.

    Returns
    -------
    dict
        ``run`` (a row of the runs) and ``matches``, in the order of the result; each match has
        ``fields`` by name, with ``value`` as the JSON value that the service sent.
    """
    (run,) = tables["runs"].to_pylist()
    return {
        "run": {name: _plain(name, value) for name, value in run.items() if name != "extra"},
        "matches": [_match_record(row) for row in matched_rows(tables)],
    }


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.loads(value) if name == "metadata" and value is not None else value


def _match_record(row: CandidateRow) -> dict[str, Any]:
    return {
        "candidate_id": row.candidate_id,
        "name": row.name,
        "url": row.url,
        "description": row.description,
        "fields": {name: _field_record(cell) for name, cell in row.cells.items()},
    }


def _field_record(cell: FieldCell) -> dict[str, Any]:
    is_text = cell.value is None or cell.value_type in (None, "string")
    return {
        "kind": cell.kind,
        "value": cell.value if is_text else json.loads(cell.value or "null"),
        "is_matched": cell.is_matched,
        "reasoning": cell.reasoning,
        "confidence": cell.confidence,
        "citations": [asdict(source) for source in cell.sources],
    }
