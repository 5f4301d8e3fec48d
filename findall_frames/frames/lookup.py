"""Look up candidates, sources and warnings in the tables, and the fields of a search."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.addresses import normalized_url
from findall_frames.api.models import MATCH_STATUSES, FindAllSchema, RequestedField
from findall_frames.display.matches import (
    candidate_count,
    match_count,
    matched_candidates,
    summary,
)
from findall_frames.display.outcomes import decision_counts
from findall_frames.display.text import counted, one_line, shortened
from findall_frames.errors import InvalidRequestError

__all__ = [
    "CandidateKey",
    "CitedPage",
    "FieldKey",
    "candidate_keys",
    "cited_pages",
    "field_rows",
    "find_candidate",
    "find_in_runs",
    "first_kind",
    "requested_fields",
    "requested_in",
    "tables_as_text",
    "warnings_in",
    "with_match_status",
]

_MOST_NAMES: Final = 3
_LONGEST_NAME: Final = 80
"""Of searches that a warning is about."""

CandidateKey: TypeAlias = tuple[str, str]
"""findall_id and candidate_id: the key of a candidate."""

FieldKey: TypeAlias = tuple[str, str, str]
"""findall_id, candidate_id and field: the key of a row of ``fields``."""


class CitedPage(NamedTuple):
    """A citation: its address, the host of the address, and its excerpts."""

    url: str
    domain: str | None
    excerpts: list[str]


def requested_fields(search: FindAllSchema | None) -> dict[str, RequestedField]:
    """Return the fields of a search by name, conditions first; none if it is not known."""
    return {} if search is None else search.requested_fields()


def requested_in(
    runs: pa.Table, searches: Mapping[str, FindAllSchema]
) -> dict[str, RequestedField]:
    """Return the fields of all searches; of fields with the same name, the first."""
    requested: dict[str, RequestedField] = {}
    for findall_id in runs["findall_id"].to_pylist():
        for name, field in requested_fields(searches.get(findall_id)).items():
            requested.setdefault(name, field)
    return requested


def warnings_in(runs: pa.Table) -> list[str]:
    """Return the messages of the warnings that came with runs, each once.

    Of several runs, each message ends with the searches that it is about. The contract has no
    warnings of a run; the embedded service sends them in the form that the API has for tasks.
    Warnings in any other form stay in ``extra``.
    """
    searches: defaultdict[str, list[str]] = defaultdict(list)
    for run in runs.select(["findall_id", "objective", "extra"]).to_pylist():
        name = run["findall_id"] if run["objective"] is None else repr(run["objective"])
        for message in _messages(run["extra"]):
            searches[message].append(shortened(one_line(name), limit=_LONGEST_NAME))
    if len(runs) == 1:
        return [message for message, names in searches.items() for _ in names]
    return [f"{message} ({_listed(names, of=len(runs))})" for message, names in searches.items()]


def _messages(extra: str | None) -> Iterator[str]:
    warnings = (msgspec.json.decode(extra) if extra else {}).get("run", {}).get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        message = warning.get("message") if isinstance(warning, dict) else None
        if isinstance(message, str):
            yield message


def _listed(names: Sequence[str], *, of: int) -> str:
    """Return the searches that something is about, in few words."""
    names = list(dict.fromkeys(names))
    if len(names) == of:
        return "all searches"
    left = len(names) - _MOST_NAMES
    more = f" and {left:,} more" if left > 0 else ""
    return f"in {', '.join(names[:_MOST_NAMES])}{more}"


def candidate_keys(candidates: pa.Table) -> list[CandidateKey]:
    """Return the keys of the candidates, in the order of the table."""
    runs, ids = candidates["findall_id"].to_pylist(), candidates["candidate_id"].to_pylist()
    return list(zip(runs, ids, strict=True))


def field_rows(fields: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of ``fields`` without their longest columns."""
    kept = fields.drop_columns(["reasoning", "extra"])
    # From a dictionary, Arrow makes Python values thirty times as slowly as from text.
    as_text = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in kept.schema
    ]
    rows: list[dict[str, Any]] = kept.cast(pa.schema(as_text)).to_pylist()
    return rows


def cited_pages(citations: pa.Table) -> Iterator[tuple[FieldKey, CitedPage]]:
    """Yield each citation with the key of the field that it is for."""
    names = ("findall_id", "candidate_id", "field", "url", "domain", "excerpts")
    columns = (citations[name].to_pylist() for name in names)
    for run, candidate, field, url, domain, excerpts in zip(*columns, strict=True):
        yield (run, candidate, field), CitedPage(url, domain, excerpts)


def first_kind(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the kind in the first row of ``fields`` that has one."""
    return next((row["kind"] for row in rows if row["kind"] is not None), None)


def with_match_status(candidates: pa.Table, match_status: str | None) -> pa.Table:
    """Return the candidates with a match_status, or all of them if it is None."""
    if match_status is None:
        return candidates
    text = candidates["match_status"].cast(pa.string())
    known = dict.fromkeys((*MATCH_STATUSES, *pc.unique(text).to_pylist()))
    if match_status not in known:
        raise InvalidRequestError(
            f"match_status is one of {', '.join(known)}, or None for every candidate; not "
            f"{match_status!r}."
        )
    return candidates.filter(pc.equal(text, match_status))


def find_candidate(candidates: pa.Table, candidate: str | CandidateKey) -> dict[str, Any]:
    """Return the row of the only candidate with this id, name or key."""
    return _only(_with_id_or_name(candidates, candidate), candidate)


def find_in_runs(candidates: pa.Table, candidate: str | CandidateKey) -> list[dict[str, Any]]:
    """Return the rows of one candidate in all runs that have it, given its id, name or key.

    Candidates of several runs with this id or name are one if their addresses agree, or, if
    none has an address, by that name.
    """
    found = _with_id_or_name(candidates, candidate)
    pages = {normalized_url(row["url"] or "") or row["url"] or row["name"] for row in found}
    is_one = len({row["findall_id"] for row in found}) == len(found) and len(pages) == 1
    return found if is_one else [_only(found, candidate)]


def _with_id_or_name(candidates: pa.Table, candidate: str | CandidateKey) -> list[dict[str, Any]]:
    """Return the candidates with this id, name or key, at least one."""
    if isinstance(candidate, tuple) and len(candidate) == 2:
        return [_find_by_key(candidates, *candidate)]
    if not isinstance(candidate, str):
        raise InvalidRequestError(
            f"candidate is {candidate!r}. Expected its name, its candidate_id, or the pair of its "
            "findall_id and candidate_id."
        )
    rows: list[dict[str, Any]] = candidates.to_pylist()
    wanted = candidate.casefold()
    found = [row for row in rows if row["candidate_id"] == candidate] or [
        row for row in rows if row["name"].casefold() == wanted
    ]
    if found:
        return found
    names = {row["name"].casefold(): row["name"] for row in rows}
    close = [names[name] for name in difflib.get_close_matches(wanted, names, n=3)]
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise InvalidRequestError(
        f"No candidate has the name or candidate_id {candidate!r}.{hint} "
        "frames.candidates lists them all."
    )


def _only(found: Sequence[dict[str, Any]], candidate: str | CandidateKey) -> dict[str, Any]:
    if len(found) > 1:
        keys = ", ".join(f"{row['candidate_id']} in {row['findall_id']}" for row in found)
        raise InvalidRequestError(
            f"{len(found)} candidates are called {candidate!r}: {keys}. Choose one by its "
            "candidate_id; if it is in several runs, pass (findall_id, candidate_id), or take one "
            "run with frames.for_run."
        )
    return found[0]


def _find_by_key(candidates: pa.Table, findall_id: str, candidate_id: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = candidates.filter(
        (pc.field("findall_id") == str(findall_id))
        & (pc.field("candidate_id") == str(candidate_id))
    ).to_pylist()
    if not found:
        raise InvalidRequestError(
            f"Run {findall_id} has no candidate with the candidate_id {candidate_id!r} in these "
            "frames. frames.candidates lists them all."
        )
    return found[0]


def tables_as_text(tables: Mapping[str, pa.Table]) -> str:
    """Return what `FindAllFrames` prints: what was found, and how large the tables are."""
    fields = pc.unique(tables["fields"]["field"]).to_pylist()
    more = ", ..." if len(fields) > 6 else ""
    named = f": {one_line(', '.join(fields[:6]))}{more}" if fields else ""
    rows = {name: counted(table.num_rows, "row") for name, table in tables.items()}
    reviews = [f"  .reviews     {rows['reviews']}{_reviewed(tables)}"]
    warnings = warnings_in(tables["runs"])
    return "\n".join(
        [
            f"FindAllFrames: {_found(tables)}",
            "  .matches     one row per match, one column per field",
            f"  .candidates  {rows['candidates']}",
            f"  .fields      {rows['fields']}{named}",
            f"  .citations   {rows['citations']}",
            f"  .runs        {rows['runs']}",
            *(reviews if tables["reviews"].num_rows else ()),
            *(f"  warning: {shortened(one_line(each), limit=300)}" for each in warnings),
        ]
    )


def _reviewed(tables: Mapping[str, pa.Table]) -> str:
    """Return how many candidates were accepted and so on, and how many matches are left."""
    decided = {
        (row["findall_id"], row["candidate_id"]): row["decision"]
        for row in tables["reviews"].to_pylist()
        if row["field"] is None and row["decision"] is not None
    }
    said = decision_counts(decided.values())
    left = sum(key not in decided for key in candidate_keys(matched_candidates(tables)))
    to_do = f"; {counted(left, 'match')} not reviewed" if left else ""
    return f"{': ' if said else ''}{said}{to_do}"


def _found(tables: Mapping[str, pa.Table]) -> str:
    runs = tables["runs"].to_pylist()
    if len(runs) != 1:
        return summary(tables)
    matches = counted(match_count(tables), "match")
    found = f"{matches} of {counted(candidate_count(tables), 'candidate')}"
    (run,) = runs
    reason = run["termination_reason"]
    ended = f"{run['status']} ({reason})" if reason else run["status"]
    return f"{found}, {one_line(ended)}, {one_line(run['findall_id'])}"
