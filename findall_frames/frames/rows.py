"""Rows of the tables as Python values, for what looks at candidates one by one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import MATCH_STATUSES
from findall_frames.errors import InvalidRequestError

__all__ = [
    "CandidateKey",
    "FieldKey",
    "Source",
    "candidate_keys",
    "find_candidate",
    "first_kind",
    "sources_of",
    "with_status",
]

CandidateKey: TypeAlias = tuple[str, str]
"""findall_id and candidate_id: what tells a candidate from all others."""

FieldKey: TypeAlias = tuple[str, str, str]
"""findall_id, candidate_id and field: what tells a row of ``fields`` from the others."""


class Source(NamedTuple):
    """A citation: its address, the host of it, and its excerpts."""

    url: str
    domain: str | None
    excerpts: list[str]


def candidate_keys(candidates: pa.Table) -> list[CandidateKey]:
    """List the keys of the candidates, in the order of the table."""
    runs, ids = candidates["findall_id"].to_pylist(), candidates["candidate_id"].to_pylist()
    return list(zip(runs, ids, strict=True))


def sources_of(citations: pa.Table) -> Iterator[tuple[FieldKey, Source]]:
    """Go through the citations, each with the field that it is for."""
    names = ("findall_id", "candidate_id", "field", "url", "domain", "excerpts")
    columns = (citations[name].to_pylist() for name in names)
    for run, candidate, field, url, domain, excerpts in zip(*columns, strict=True):
        yield (run, candidate, field), Source(url, domain, excerpts)


def with_status(candidates: pa.Table, status: str | None) -> pa.Table:
    """Choose the candidates with a match_status, or all of them if it is None.

    Raises
    ------
    InvalidRequestError
        There is no such status.
    """
    if status is None:
        return candidates
    text = candidates["match_status"].cast(pa.string())
    known = dict.fromkeys((*MATCH_STATUSES, *pc.unique(text).to_pylist()))
    if status not in known:
        raise InvalidRequestError(
            f"status is one of {', '.join(known)}, or None for every candidate; not {status!r}."
        )
    return candidates.filter(pc.equal(text, status))


def first_kind(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """What the first row of ``fields`` that says it calls its kind."""
    return next((row["kind"] for row in rows if row["kind"] is not None), None)


def find_candidate(candidates: pa.Table, candidate: str) -> dict[str, Any]:
    """Find the row of a candidate by its id or by its name.

    Raises
    ------
    InvalidRequestError
        No candidate, or more than one, is called so.
    """
    rows: list[dict[str, Any]] = candidates.to_pylist()
    wanted = candidate.casefold()
    found = [row for row in rows if row["candidate_id"] == candidate] or [
        row for row in rows if row["name"].casefold() == wanted
    ]
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(f"{row['candidate_id']} in {row['findall_id']}" for row in found)
        raise InvalidRequestError(
            f"{len(found)} candidates are called {candidate!r}: {keys}. Choose one by its "
            "candidate_id; if it is in several runs, take one run with frames.for_run."
        )
    names = {row["name"].casefold(): row["name"] for row in rows}
    close = [names[name] for name in difflib.get_close_matches(wanted, names, n=3)]
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise InvalidRequestError(
        f"No candidate has the name or candidate_id {candidate!r}.{hint} "
        "frames.candidates lists them all."
    )
