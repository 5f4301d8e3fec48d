"""From the tables back to the result that they were made from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import TERMINAL_STATUSES, format_time

__all__ = ["rebuild"]


def rebuild(tables: Mapping[str, pa.Table], *, findall_id: str) -> dict[str, Any]:
    """Put the result of one run together again."""
    rows = {
        name: table.filter(pc.field("findall_id") == findall_id).to_pylist()
        for name, table in tables.items()
    }
    run = rows["runs"][0]
    extra = _json(run["extra"]) or {}
    result: dict[str, Any] = {
        "run": _run(run, extra),
        "candidates": _candidates(rows),
        "last_event_id": run["last_event_id"],
    }
    result.update(extra.get("result", {}))
    return result


def _run(row: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    metrics = {
        name: row[name] for name in ("generated_candidates_count", "matched_candidates_count")
    }
    status = {
        "status": row["status"],
        "is_active": row["status"] not in TERMINAL_STATUSES,
        "metrics": metrics | extra.get("metrics", {}),
        "termination_reason": row["termination_reason"],
    }
    run: dict[str, Any] = {
        "findall_id": row["findall_id"],
        "status": status | extra.get("status", {}),
        "generator": row["generator"] or "",
        "metadata": _json(row["metadata"]),
        "created_at": _time(row["created_at"]),
        "modified_at": _time(row["modified_at"]),
    }
    run.update(extra.get("run", {}))
    return run


def _candidates(rows: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    citations: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows["citations"]:
        citation = {name: row[name] for name in ("title", "url", "excerpts")}
        more = (_json(row["extra"]) or {}).get("citation", {})
        citations[row["candidate_id"], row["field"]].append(citation | more)
    fields: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows["fields"]:
        fields[row["candidate_id"]].append(row)

    placed: list[tuple[int, dict[str, Any]]] = []
    for row in rows["candidates"]:
        extra = _json(row["extra"]) or {}
        names = ("candidate_id", "name", "url", "description", "match_status")
        output, basis = _output_and_basis(fields[row["candidate_id"]], citations)
        candidate = {name: row[name] for name in names} | {"output": output, "basis": basis}
        if row["row"] is not None:
            candidate["row"] = row["row"]
        placed.append((row["position"], candidate | extra.get("candidate", {})))
        placed += [(one["position"], one["candidate"]) for one in extra.get("repeated", ())]
    return _in_place(placed)


def _output_and_basis(
    rows: Iterable[Mapping[str, Any]],
    citations: Mapping[tuple[str, str], list[dict[str, Any]]],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    output = {}
    basis: list[dict[str, Any]] = []
    repeated: list[tuple[int, dict[str, Any]]] = []
    for row in rows:
        extra = _json(row["extra"]) or {}
        if row["value_type"] is not None:
            output[row["field"]] = _output(row, extra)
        if row["reasoning"] is not None:
            entry = {name: row[name] for name in ("field", "reasoning", "confidence")}
            entry["citations"] = citations.get((row["candidate_id"], row["field"]), [])
            basis.append(entry | extra.get("basis", {}))
        repeated += [(one["position"], one["basis"]) for one in extra.get("repeated", ())]
    for position, entry in sorted(repeated, key=lambda one: one[0]):
        basis.insert(position, entry)
    return output, basis


def _output(row: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
    text = row["value"]
    value = text if row["value_type"] == "string" else _json(text)
    shape = extra.get("shape") or ("bare" if row["kind"] is None else "typed")
    if shape == "bare":
        return value
    wrapper = {"value": value, "is_matched": row["is_matched"]}
    if shape == "typed":
        wrapper["type"] = row["kind"]
    return wrapper | extra.get("output", {})


def _in_place(placed: Iterable[tuple[int, Any]]) -> list[Any]:
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _time(time: datetime | None) -> str | None:
    return None if time is None else format_time(time)
