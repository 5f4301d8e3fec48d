"""What a person is told about a result: outcomes, columns with their counts, reviews, sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import VERDICT_WORDS, FindAllSchema
from findall_frames.display.matches import (
    FieldCell,
    Tables,
    belonging,
    candidate_count,
    incomplete_note,
    match_count,
    matched_candidates,
)
from findall_frames.display.text import counted, in_words, one_line

__all__ = [
    "DECISIONS",
    "OUTCOMES",
    "AskedField",
    "Outcome",
    "Review",
    "Reviews",
    "ShownColumn",
    "asked_fields",
    "candidate_numbers",
    "columns_of",
    "counted_over",
    "ending",
    "findings",
    "latest_reviews",
    "outcomes_of",
    "review_counts",
    "searched_on",
    "shown_value",
    "sql_readings",
    "verdict_words",
]

Outcome: TypeAlias = Literal["match", "open", "not"]
OUTCOMES: Final[dict[Outcome, str]] = {"match": "Matches", "open": "Open", "not": "No match"}
"""The groups of candidates in the order in which they are read, with their titles."""

Review: TypeAlias = Mapping[str, Any]
"""A judgement of a person, with the columns of the table of reviews."""

Reviews: TypeAlias = Mapping[tuple[str, str, str | None], Review]
"""The latest review by findall_id, candidate_id, and field (None for the whole candidate)."""

DECISIONS: Final = {"accept": "accepted", "reject": "rejected", "unsure": "unsure"}
_NUMBERS: Final = frozenset({"integer", "number", "null"})
_SUFFIX: Final = "_check"


class AskedField(NamedTuple):
    """A field of a search: whether it is a condition, its description, its JSON type."""

    is_condition: bool
    description: str
    type: Any


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A field as a column: its label, what was asked, and the verdicts on it.

    ``asked`` is the description in the search, or None if that is unknown. ``met``,
    ``not_met`` and ``unknown`` count candidates and are 0 for an enrichment.
    """

    field: str
    label: str
    is_condition: bool
    is_numeric: bool
    asked: str | None = None
    read_as: str | None = None
    met: int = 0
    not_met: int = 0
    unknown: int = 0


def latest_reviews(reviews: Iterable[Review]) -> Reviews:
    """Return the reviews by what they are about; of several on the same, the latest."""
    latest: dict[tuple[str, str, str | None], Review] = {}
    for each in reviews:
        key = (each["findall_id"], each["candidate_id"], each["field"])
        if key not in latest or each["reviewed_at"] >= latest[key]["reviewed_at"]:
            latest[key] = each
    return latest


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


def columns_of(tables: Tables, searches: Mapping[str, FindAllSchema]) -> list[ShownColumn]:
    """Return the fields that have a value or a verdict, in the order of the searches.

    Conditions come first, even those without any verdict. A basis can name parts of a field, such
    as ``products.0``; those are no columns.
    """
    asked = asked_fields(searches)
    fields = tables["fields"]
    has_more = pc.or_(
        pc.is_valid(fields["kind"]),
        pc.or_(pc.is_valid(fields["value"]), pc.is_valid(fields["is_matched"])),
    )
    kinds = _kinds(fields.filter(has_more))
    known = {name: field.is_condition for name, field in asked.items()}
    conditions = dict.fromkeys(
        name for name, is_condition in (*known.items(), *kinds.items()) if is_condition
    )
    others = dict.fromkeys(name for name in (*known, *kinds) if name in kinds)
    names = [*conditions, *(name for name in others if name not in conditions)]
    labels = _labels(names)
    numeric = _numeric(fields)
    read_as = sql_readings(tables["runs"])
    met, not_met, judged = _verdict_counts(tables, searches)
    return [
        ShownColumn(
            field=name,
            label=labels[name],
            is_condition=name in conditions,
            is_numeric=name in numeric and name not in conditions,
            asked=asked[name].description or None if name in asked else None,
            read_as=read_as.get(name),
            met=met[name],
            not_met=not_met[name],
            unknown=judged[name] - met[name] - not_met[name] if name in conditions else 0,
        )
        for name in names
    ]


def asked_fields(searches: Mapping[str, FindAllSchema]) -> dict[str, AskedField]:
    """Return the fields of all searches, conditions first; of equal names, the first."""
    asked: dict[str, AskedField] = {}
    for search in searches.values():
        for condition in search.match_conditions:
            asked.setdefault(condition.name, AskedField(True, condition.description, None))
    for search in searches.values():
        for enrichment in search.enrichments or ():
            properties = enrichment.output_schema.json_schema.get("properties")
            for name, schema in (properties if isinstance(properties, Mapping) else {}).items():
                known = schema if isinstance(schema, Mapping) else {}
                description = str(known.get("description") or "")
                asked.setdefault(name, AskedField(False, description, known.get("type")))
    return asked


def _kinds(fields: pa.Table) -> dict[str, bool]:
    """Return the fields in their order, and whether each is a condition."""
    is_condition = pc.or_(
        pc.fill_null(pc.equal(fields["kind"], "match_condition"), False),
        pc.is_valid(fields["is_matched"]),
    )
    pairs = pa.table({"field": fields["field"], "is_condition": is_condition})
    grouped = pairs.group_by("field", use_threads=False).aggregate([("is_condition", "any")])
    return dict(zip(*(grouped[name].to_pylist() for name in grouped.column_names), strict=True))


def _labels(names: Sequence[str]) -> dict[str, str]:
    """Return the names without the ending that drafted conditions have, where that is unique."""
    short = {name: name.removesuffix(_SUFFIX) or name for name in names}
    counts = Counter(short.values())
    return {name: label if counts[label] == 1 else name for name, label in short.items()}


def _numeric(fields: pa.Table) -> set[str]:
    """Return the fields that have numbers, and nothing else."""
    valued = fields.filter(pc.is_valid(fields["value"]))
    types = pa.table(
        {"field": valued["field"], "value_type": valued["value_type"].cast(pa.string())}
    )
    of_field: dict[str, set[str | None]] = {}
    for pair in types.group_by(["field", "value_type"]).aggregate([]).to_pylist():
        of_field.setdefault(pair["field"], set()).add(pair["value_type"])
    return {field for field, kinds in of_field.items() if kinds <= _NUMBERS}


def sql_readings(runs: pa.Table) -> dict[str, str]:
    """Return the SQL that own data read conditions as, by name, where the runs say so."""
    found: dict[str, str] = {}
    for text in runs["extra"].to_pylist():
        run = msgspec.json.decode(text).get("run", {}) if text else {}
        readings = run.get("readings") if isinstance(run, dict) else None
        for reading in readings if isinstance(readings, list) else ():
            known = reading if isinstance(reading, dict) else {}
            name, sql = known.get("name"), known.get("sql")
            if isinstance(name, str) and isinstance(sql, str):
                found.setdefault(name, one_line(sql))
    return found


def _verdict_counts(
    tables: Tables, searches: Mapping[str, FindAllSchema]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count for each condition who meets it, who does not, and who was to be judged by it."""
    met: Counter[str] = Counter()
    not_met: Counter[str] = Counter()
    asked_in = {
        (findall_id, condition.name)
        for findall_id, search in searches.items()
        for condition in search.match_conditions
    }
    columns = ["findall_id", "field", "kind", "is_matched"]
    grouped = tables["fields"].select(columns).group_by(columns).aggregate([([], "count_all")])
    for group in grouped.to_pylist():
        if group["kind"] == "match_condition" or group["is_matched"] is not None:
            asked_in.add((group["findall_id"], group["field"]))
        if group["is_matched"]:
            met[group["field"]] += group["count_all"]
        elif group["is_matched"] is False:
            not_met[group["field"]] += group["count_all"]
    sizes = Counter(tables["candidates"]["findall_id"].to_pylist())
    judged: Counter[str] = Counter()
    for findall_id, field in asked_in:
        judged[field] += sizes[findall_id]
    return met, not_met, judged


def outcomes_of(tables: Tables) -> list[Outcome]:
    """Return the outcome of each candidate.

    A candidate is open if it was not judged yet, or if no condition is known to fail and at least
    one is unknown.
    """
    fields = tables["fields"]
    is_verdict = pc.or_(
        pc.fill_null(pc.equal(fields["kind"], "match_condition"), False),
        pc.is_valid(fields["is_matched"]),
    )
    is_failed = pc.fill_null(pc.invert(fields["is_matched"]), False)
    candidates = tables["candidates"]
    run_ids, ids = (pc.unique(candidates[name]) for name in ("findall_id", "candidate_id"))
    numbers = candidate_numbers(candidates, run_ids, ids)
    judged, failed = (
        pc.is_in(
            numbers,
            value_set=candidate_numbers(fields.filter(mask), run_ids, ids).combine_chunks(),
        ).to_pylist()
        for mask in (is_verdict, is_failed)
    )
    statuses = candidates["match_status"].to_pylist()
    return [
        _outcome(status, judged=is_judged, failed=has_failed)
        for status, is_judged, has_failed in zip(statuses, judged, failed, strict=True)
    ]


def candidate_numbers(table: pa.Table, run_ids: pa.Array, ids: pa.Array) -> pa.Array:
    """Return one number for findall_id and candidate_id, as ids may repeat across runs."""
    runs = pc.index_in(table["findall_id"], value_set=run_ids).cast(pa.int64())
    candidates = pc.index_in(table["candidate_id"], value_set=ids).cast(pa.int64())
    return pc.add(pc.multiply(runs, len(ids)), candidates)


def _outcome(status: str, *, judged: bool, failed: bool) -> Outcome:
    if status == "matched":
        return "match"
    if status == "discarded" or (status == "unmatched" and (failed or not judged)):
        return "not"
    # Generated, in a state that a newer service has, or unmatched for want of a verdict.
    return "open"


# -- sentences ------------------------------------------------------------------------------------


_NUMERALS: Final = dict(enumerate(("three", "four", "five", "six", "seven", "eight", "nine"), 3))


def findings(tables: Tables, *, columns: Sequence[ShownColumn], outcomes: Sequence[Outcome]) -> str:
    """Return in one sentence how many candidates matched, failed, and are open."""
    counts = Counter(outcomes)
    total = candidate_count(tables)
    if not total:
        return "No candidate was found."
    conditions = [column.field for column in columns if column.is_condition]
    number = _NUMERALS.get(len(conditions), f"{len(conditions):,}")
    words = {0: "matched", 1: "met the condition", 2: "met both conditions"}
    all_of_them = words.get(len(conditions), f"met all {number} conditions")
    if not _meet_all(tables, conditions):
        all_of_them = "matched"
    parts = [f"{match_count(tables):,} of {counted(total, 'candidate')} {all_of_them}"]
    # Own data sends the matches and a few other rows: those that did not match are the rest.
    if others := total - match_count(tables) - counts["open"]:
        parts.append(f"{others:,} did not")
    if counts["open"]:
        are = "is" if counts["open"] == 1 else "are"
        parts.append(f"{counts['open']:,} {are} open, as a verdict is unknown")
    joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    return f"{joined}."


def _meet_all(tables: Tables, conditions: Sequence[str]) -> bool:
    """Return True if each match is known to meet each of the conditions.

    A service may match without all verdicts, and each of several runs has its own conditions.
    """
    fields = belonging(tables["fields"], matched_candidates(tables))
    counts = Counter(fields.filter(pc.fill_null(fields["is_matched"], False))["field"].to_pylist())
    return all(counts[condition] == match_count(tables) for condition in conditions)


def counted_over(tables: Tables) -> str:
    """Return what verdicts are counted over, where the service keeps a part of the candidates."""
    kept = len(tables["candidates"])
    left = candidate_count(tables) - kept
    if not left:
        return ""
    return f"Counted over the {kept:,} candidates that are kept; {left:,} others did not match."


def ending(tables: Tables) -> str:
    """Return in one or two sentences how the search ended, or that it has not."""
    sentences = [incomplete_note(tables)]
    if len(tables["runs"]) == 1 and (reason := tables["runs"]["termination_reason"][0].as_py()):
        sentences.append(f"The search ended: {in_words(reason)}.")
    return " ".join(filter(None, sentences))


def review_counts(tables: Tables, reviews: Reviews) -> str:
    """Return how many candidates were reviewed and how; nothing if none was."""
    decisions = Counter(each["decision"] for (*_, field), each in reviews.items() if field is None)
    about = len({key[:2] for key in reviews})
    if not about:
        return ""
    parts = [f"{decisions[name]:,} {words}" for name, words in DECISIONS.items() if decisions[name]]
    counts = f": {', '.join(parts)}" if parts else ""
    return f"{about:,} of {len(tables['candidates']):,} reviewed{counts}"


def searched_on(tables: Tables) -> str:
    """Return when the search was made, in UTC: a day, or the first and the last of several."""
    times = sorted(time for time in tables["runs"]["created_at"].to_pylist() if time is not None)
    days = list(dict.fromkeys(f"{time.day} {time:%B %Y}" for time in times))
    return one_line(" to ".join(days[:1] + days[-1:] if len(days) > 1 else days))
