"""How much is known of each field, and how well."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from findall_frames.frames.asked import AskedField
from findall_frames.frames.dataframes import dataframe_of
from findall_frames.frames.rows import candidate_keys, first_kind
from findall_frames.frames.schema import CONFIDENCES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["summarize"]

_DTYPES: Final = {
    "field": "str",
    "kind": "str",
    "candidates": "Int64",
    "values": "Int64",
    "coverage": "Float64",
    "match_rate": "Float64",
    **{f"{confidence}_confidence": "Int64" for confidence in CONFIDENCES},
    "citations_per_value": "Float64",
    "domains": "Int64",
}

# They were not judged, so nothing can be known of them.
_NOT_EVALUATED: Final = frozenset({"generated", "discarded"})


def summarize(tables: Mapping[str, pa.Table], *, asked: Mapping[str, AskedField]) -> pd.DataFrame:
    """Build what `FindAllFrames.summary` documents."""
    statuses = dict(
        zip(
            candidate_keys(tables["candidates"]),
            tables["candidates"]["match_status"].to_pylist(),
            strict=True,
        )
    )
    rows: dict[str, list[dict[str, Any]]] = {field: [] for field in asked}
    for row in tables["fields"].drop_columns(["reasoning", "extra"]).to_pylist():
        if row["value_type"] is not None:
            row["status"] = statuses[row["findall_id"], row["candidate_id"]]
            rows.setdefault(row["field"], []).append(row)
    domains: defaultdict[str, set[str]] = defaultdict(set)
    cited = (tables["citations"][name].to_pylist() for name in ("field", "domain"))
    for field, domain in zip(*cited, strict=True):
        if domain is not None:
            domains[field].add(domain)

    counts = Counter(statuses.values())
    lines = []
    for field, own in rows.items():
        kind = asked[field].kind if field in asked else first_kind(own)
        lines.append({"field": field, "kind": kind, **_line(own, kind=kind, counts=counts)})
        lines[-1]["domains"] = len(domains[field])
    return dataframe_of(lines, dtypes=_DTYPES)


def _line(
    rows: list[dict[str, Any]], *, kind: str | None, counts: Mapping[str, int]
) -> dict[str, Any]:
    # Only matches are enriched.
    concerned = {"matched"} if kind == "enrichment" else set(counts) - _NOT_EVALUATED
    candidates = sum(counts[status] for status in concerned)
    valued = [row for row in rows if row["value"] is not None]
    covered = sum(row["status"] in concerned for row in valued)
    verdicts = [row["is_matched"] for row in rows if row["is_matched"] is not None]
    sure = Counter(row["confidence"] for row in rows)
    return {
        "candidates": candidates,
        "values": len(valued),
        "coverage": covered / candidates if candidates else None,
        "match_rate": sum(verdicts) / len(verdicts) if verdicts else None,
        **{f"{confidence}_confidence": sure[confidence] for confidence in CONFIDENCES},
        "citations_per_value": (
            sum(row["citation_count"] for row in valued) / len(valued) if valued else None
        ),
    }
