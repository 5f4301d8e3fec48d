"""Outcomes of candidates, fields as columns with counts, and the words for cells and reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import VERDICT_WORDS, FindAllSchema, RequestedField
from findall_frames.display.matches import FieldCell, Tables, candidate_count
from findall_frames.display.text import one_line

__all__ = [
    "DECISION_WORDS",
    "MISSING",
    "OUTCOMES",
    "Ints",
    "Outcome",
    "Review",
    "Reviews",
    "ShownColumn",
    "Truths",
    "asked_fields",
    "cell_words",
    "columns_of",
    "conditions_of_runs",
    "confidence_note",
    "decision_counts",
    "keys_of",
    "meeting_all",
    "outcomes_of",
    "places_of",
    "review_words",
    "shown_value",
    "verdict_words",
]

Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Truths: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

Outcome: TypeAlias = Literal["match", "open", "not"]
OUTCOMES: Final[dict[Outcome, str]] = {"match": "Matches", "open": "Open", "not": "No match"}
"""The groups of candidates in the order in which they are read, with their titles."""

Review: TypeAlias = Mapping[str, Any]
"""A judgement of a person, with the columns of the table of reviews."""

Reviews: TypeAlias = Mapping[tuple[str, str, str | None], Review]
"""The latest review by findall_id, candidate_id, and field (None for the whole candidate)."""

DECISION_WORDS: Final = {"accept": "accepted", "reject": "rejected", "unsure": "unsure"}
MISSING: Final = "–"
"""What a cell without a value shows."""
_NUMBERS: Final = frozenset({"integer", "number", "null"})
_SUFFIX: Final = "_check"


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A field as a column: its label, what was asked, and the verdicts on it.

    ``asked`` is the description in the search, or None if that is unknown. ``runs`` are those that
    judge by it, and empty for an enrichment. ``met``,
    ``not_met`` and ``unknown`` count candidates and are 0 for an enrichment.
    """

    field: str
    label: str
    is_condition: bool
    is_numeric: bool
    asked: str | None = None
    read_as: str | None = None
    runs: frozenset[str] = frozenset()
    met: int = 0
    not_met: int = 0
    unknown: int = 0


def verdict_words(verdict: bool | None) -> str:
    """Return a verdict in words.

    >>> [verdict_words(verdict) for verdict in (True, False, None)]
    ['met', 'not met', 'unknown']
    """
    return "unknown" if verdict is None else "met" if verdict else "not met"


def shown_value(cell: FieldCell) -> str:
    """Return the value of a field as it is shown; a condition's bare yes or no is left out."""
    words = cell.words
    is_condition = cell.kind == "match_condition" or cell.is_matched is not None
    return "" if is_condition and words.casefold() in VERDICT_WORDS else words


def cell_words(
    cell: FieldCell | None, *, column: ShownColumn, findall_id: str, write: Callable[[str], str]
) -> str:
    """Return verdict and value of a candidate of this run as `write` escapes them.

    Empty for an enrichment without a value, and for a condition that its run did not have.
    """
    value = "" if cell is None else write(shown_value(cell))
    if not column.is_condition or findall_id not in column.runs:
        return value
    words = verdict_words(None if cell is None else cell.is_matched)
    return f"{words}: {value}" if value else words


def confidence_note(cell: FieldCell | None) -> str:
    """Return "low confidence" or "medium confidence", else nothing."""
    if cell is None or cell.confidence not in ("low", "medium"):
        return ""
    return f"{cell.confidence} confidence"


def decision_counts(decisions: Iterable[str | None]) -> str:
    """Return how many of each decision there are.

    >>> decision_counts(["accept", "reject", None, "accept"])
    '2 accepted, 1 rejected'
    """
    counts = Counter(decisions)
    return ", ".join(
        f"{counts[name]:,} {words}" for name, words in DECISION_WORDS.items() if counts[name]
    )


def review_words(review: Review, *, write: Callable[[str], str], note: bool = True) -> str:
    """Return decision, correction and note as `write` escapes them."""
    said = [DECISION_WORDS.get(review["decision"] or "", "")]
    if review["value"] is not None:
        said.append(f"corrected to {write(review['value'])}")
    parts = [", ".join(filter(None, said))]
    if note and review["note"]:
        parts.append(write(review["note"]))
    return ": ".join(filter(None, parts))


def columns_of(tables: Tables, searches: Mapping[str, FindAllSchema]) -> list[ShownColumn]:
    """Return the fields that were asked or have a value or a verdict, in the order of the searches.

    Conditions come first. A basis can name parts of a field, such as ``products.0``; those are no
    columns.
    """
    asked = asked_fields(searches)
    fields = tables["fields"]
    kinds = _kinds(fields)
    known = {name: field.is_condition for name, field in asked.items()}
    conditions = dict.fromkeys(
        name for name, is_condition in (*known.items(), *kinds.items()) if is_condition
    )
    others = dict.fromkeys(name for name in (*known, *kinds) if name not in conditions)
    names = [*conditions, *others]
    labels = _labels_of(names)
    numeric = _numeric(fields)
    read_as = _sql_readings(tables["runs"])
    by_run = conditions_of_runs(tables, searches)
    met, not_met, judged = _verdict_counts(tables, by_run)
    for name, (true, false, unknown) in _counts_of_all_rows(tables).items():
        met[name], not_met[name], judged[name] = true, false, true + false + unknown
    return [
        ShownColumn(
            field=name,
            label=labels[name],
            is_condition=name in conditions,
            is_numeric=name in numeric and name not in conditions,
            asked=asked[name].description or None if name in asked else None,
            read_as=read_as.get(name),
            runs=frozenset(run for run, names_of_run in by_run.items() if name in names_of_run),
            met=met[name],
            not_met=not_met[name],
            unknown=judged[name] - met[name] - not_met[name] if name in conditions else 0,
        )
        for name in names
    ]


def asked_fields(searches: Mapping[str, FindAllSchema]) -> dict[str, RequestedField]:
    """Return the fields of all searches, conditions first; of equal names, the first."""
    every = [item for each in searches.values() for item in each.requested_fields().items()]
    asked: dict[str, RequestedField] = {}
    for name, field in sorted(every, key=lambda item: not item[1].is_condition):
        asked.setdefault(name, field)
    return asked


def _kinds(fields: pa.Table) -> dict[str, bool]:
    """Return the fields that have more than a basis, in order, and which are conditions."""
    has_more = pc.or_(
        pc.is_valid(fields["kind"]),
        pc.or_(pc.is_valid(fields["value"]), pc.is_valid(fields["is_matched"])),
    )
    pairs = pa.table({"field": _coded(fields["field"]), "is_condition": _are_conditions(fields)})
    grouped = (
        pairs.filter(has_more)
        .group_by("field", use_threads=False)
        .aggregate([("is_condition", "any")])
    )
    return dict(zip(*(grouped[name].to_pylist() for name in grouped.column_names), strict=True))


def _coded(texts: pa.ChunkedArray) -> pa.Array:
    """Return texts with a code for each different one, by which they are grouped far faster."""
    return texts.combine_chunks().dictionary_encode()


def _are_conditions(fields: pa.Table) -> pa.ChunkedArray:
    """Return for each row of ``fields`` whether it is one of a condition."""
    return pc.or_(
        pc.fill_null(pc.equal(fields["kind"], "match_condition"), False),
        pc.is_valid(fields["is_matched"]),
    )


def _labels_of(names: Sequence[str]) -> dict[str, str]:
    """Return the names without the ending that drafted conditions have, where that is unique."""
    short = {name: name.removesuffix(_SUFFIX) or name for name in names}
    counts = Counter(short.values())
    return {name: label if counts[label] == 1 else name for name, label in short.items()}


def _numeric(fields: pa.Table) -> set[str]:
    """Return the fields that have numbers, and nothing else."""
    types = pa.table(
        {
            "field": _coded(fields["field"]),
            "value_type": _coded(fields["value_type"].cast(pa.string())),
        }
    ).filter(pc.is_valid(fields["value"]))
    of_field: dict[str, set[str | None]] = {}
    for pair in types.group_by(["field", "value_type"]).aggregate([]).to_pylist():
        of_field.setdefault(pair["field"], set()).add(pair["value_type"])
    return {field for field, kinds in of_field.items() if kinds <= _NUMBERS}


def _sql_readings(runs: pa.Table) -> dict[str, str]:
    """Return the SQL that own data read conditions as, by name, where the runs say so."""
    found: dict[str, str] = {}
    for reading in _readings(runs):
        found.setdefault(reading["name"], one_line(reading["sql"]))
    return found


def _counts_of_all_rows(tables: Tables) -> dict[str, tuple[int, int, int]]:
    """Return how many rows meet, fail and lack what each condition needs, if not all are kept."""
    rows = candidate_count(tables)
    if len(tables["runs"]) != 1 or rows == len(tables["candidates"]):
        return {}
    counts: dict[str, tuple[int, int, int]] = {}
    for reading in _readings(tables["runs"]):
        match reading:
            case {"name": str(name), "true": int(true), "false": int(false), "unknown": int(none)}:
                # A run that ended early has looked at a part of the rows.
                if true + false + none == rows:
                    counts[name] = (true, false, none)
    return counts


def _readings(runs: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the readings that runs over own data say, each with a name and SQL."""
    for text in runs["extra"].to_pylist():
        run = msgspec.json.decode(text).get("run", {}) if text else {}
        readings = run.get("readings") if isinstance(run, dict) else None
        for reading in readings if isinstance(readings, list) else ():
            match reading:
                case {"name": str(), "sql": str()}:
                    yield reading


def _verdict_counts(
    tables: Tables, by_run: Mapping[str, set[str]]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count for each condition who meets it, who does not, and who was to be judged by it."""
    met: Counter[str] = Counter()
    not_met: Counter[str] = Counter()
    fields = tables["fields"]
    verdicts = pa.table({"field": _coded(fields["field"]), "is_matched": fields["is_matched"]})
    grouped = verdicts.group_by(["field", "is_matched"]).aggregate([([], "count_all")])
    for group in grouped.to_pylist():
        if group["is_matched"] is not None:
            (met if group["is_matched"] else not_met)[group["field"]] += group["count_all"]
    sizes = Counter(tables["candidates"]["findall_id"].to_pylist())
    judged: Counter[str] = Counter()
    for findall_id, fields in by_run.items():
        for field in fields:
            judged[field] += sizes[findall_id]
    return met, not_met, judged


def conditions_of_runs(
    tables: Tables, searches: Mapping[str, FindAllSchema]
) -> dict[str, set[str]]:
    """Return the conditions of each run: those of its search, and those with verdicts."""
    conditions = {
        findall_id: {each.name for each in searches[findall_id].match_conditions}
        if findall_id in searches
        else set()
        for findall_id in tables["runs"]["findall_id"].to_pylist()
    }
    fields = tables["fields"]
    columns = ("findall_id", "field")
    keys = pa.table({name: _coded(fields[name]) for name in columns})
    judged = keys.filter(_are_conditions(fields))
    for group in judged.group_by(list(columns)).aggregate([]).to_pylist():
        conditions.setdefault(group["findall_id"], set()).add(group["field"])
    return conditions


def meeting_all(tables: Tables, conditions: Mapping[str, set[str]], *, places: Ints) -> Truths:
    """Return for each candidate whether it is known to meet all conditions of its run.

    `places` are those of the candidates of ``fields``, as `places_of` returns them.
    """
    candidates, is_met_here = tables["candidates"], _mask(tables["fields"]["is_matched"])
    met = np.bincount(places[is_met_here], minlength=len(candidates) + 1)[:-1]
    runs = _coded(candidates["findall_id"])
    asked = [len(conditions.get(findall_id, ())) for findall_id in runs.dictionary.to_pylist()]
    wanted = np.array([*asked, 0])[runs.indices.to_numpy()]
    is_met: Truths = (met > 0) & (met == wanted)
    return is_met


def outcomes_of(tables: Tables, *, places: Ints) -> list[Outcome]:
    """Return the outcome of each candidate.

    A candidate is open if it was not judged yet, or if no condition is known to fail and at least
    one is unknown. `places` are those of the candidates of ``fields``, as `places_of` returns them.
    """
    candidates, fields = tables["candidates"], tables["fields"]
    judged, failed = np.zeros((2, len(candidates) + 1), np.bool_)
    judged[places[_mask(_are_conditions(fields))]] = True
    failed[places[_mask(pc.invert(fields["is_matched"]))]] = True
    statuses = candidates["match_status"].cast(pa.string())
    is_matched, is_unmatched, is_discarded = (
        _mask(pc.equal(statuses, status)) for status in ("matched", "unmatched", "discarded")
    )
    is_out = is_discarded | (is_unmatched & (failed | ~judged)[:-1])
    # Else generated, in a state that a newer service has, or unmatched for want of a verdict.
    outcomes = np.where(is_matched, "match", np.where(is_out, "not", "open"))
    found: list[Outcome] = outcomes.tolist()
    return found


def places_of(table: pa.Table, candidates: pa.Table) -> Ints:
    """Return for each row of a table the place of its candidate, or the number of candidates."""
    # Ids may repeat across runs, so a candidate is known by one number for both.
    run_ids, ids = (pc.unique(candidates[name]) for name in ("findall_id", "candidate_id"))
    numbers, known = (_candidate_numbers(each, run_ids, ids) for each in (table, candidates))
    if not np.array_equal(known.to_numpy(), np.arange(len(candidates))):
        numbers = pc.index_in(numbers, value_set=known.combine_chunks())
    places: Ints = numbers.fill_null(len(candidates)).to_numpy().astype(np.int64)
    return places


def _candidate_numbers(table: pa.Table, run_ids: pa.Array, ids: pa.Array) -> pa.ChunkedArray:
    runs = pc.index_in(table["findall_id"], value_set=run_ids).cast(pa.int64())
    candidates = pc.index_in(table["candidate_id"], value_set=ids).cast(pa.int64())
    return pc.add(pc.multiply(runs, len(ids)), candidates)


def _mask(truths: pa.ChunkedArray) -> Truths:
    """Return where something is known to be true."""
    mask: Truths = pc.fill_null(truths, False).to_numpy()
    return mask


def keys_of(table: pa.Table) -> list[tuple[str, str]]:
    """Return the findall_id and candidate_id of each row."""
    columns = (table[name].to_pylist() for name in ("findall_id", "candidate_id"))
    return list(zip(*columns, strict=True))
