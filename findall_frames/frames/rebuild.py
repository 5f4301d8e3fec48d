"""Rebuilds a result from its tables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import TERMINAL_STATUSES, format_time
from findall_frames.frames.schema import TIME, sent_columns, sent_values

__all__ = ["rebuild"]


def rebuild(tables: Mapping[str, pa.Table], *, findall_id: str) -> dict[str, Any]:
    """Return the result of one run."""
    rows = {
        name: table.filter(pc.field("findall_id") == findall_id).to_pylist()
        for name, table in tables.items()
    }
    row = rows["runs"][0]
    extra = _json(row["extra"]) or {}
    return {
        "run": _run(row, extra),
        "candidates": _candidates(rows),
        **sent_values(row, part="result"),
        **extra.get("result", {}),
    }


def _run(row: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {
        **sent_values(row, part="status"),
        "is_active": row["status"] not in TERMINAL_STATUSES,
        "metrics": sent_values(row, part="metrics") | extra.get("metrics", {}),
    }
    run = sent_values(row, part="run") | {"status": status}
    run["generator"] = row["generator"] or ""
    run["metadata"] = _json(row["metadata"])
    for column in sent_columns("run"):
        if column.type == TIME and run[column.sent_as] is not None:
            run[column.sent_as] = format_time(run[column.sent_as])
    status |= extra.get("status", {})
    run |= extra.get("run", {})
    return run


def _candidates(rows: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    citations: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows["citations"]:
        citation = _object(row, _json(row["extra"]) or {}, part="citation")
        citations[row["candidate_id"], row["field"]].append(citation)
    fields: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows["fields"]:
        fields[row["candidate_id"]].append(row)

    placed: list[tuple[int, dict[str, Any]]] = []
    for row in rows["candidates"]:
        extra = _json(row["extra"]) or {}
        output, basis = _output_and_basis(fields[row["candidate_id"]], citations)
        candidate = _object(row, extra, part="candidate") | {"output": output, "basis": basis}
        placed.append((row["position"], candidate))
        placed += [(one["position"], one["candidate"]) for one in extra.get("repeated", ())]
    return [candidate for _, candidate in sorted(placed, key=lambda one: one[0])]


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
            entry = _object(row, extra, part="basis")
            entry["citations"] = citations.get((row["candidate_id"], row["field"]), [])
            basis.append(entry)
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
    kind = row["kind"] if shape == "typed" else None
    return _object({**row, "value": value, "kind": kind}, extra, part="output")


def _object(row: Mapping[str, Any], extra: Mapping[str, Any], *, part: str) -> dict[str, Any]:
    """Return an object of the JSON without what is nested in it."""
    left_out = {column.sent_as for column in sent_columns(part) if column.added}
    values = {
        name: value
        for name, value in sent_values(row, part=part).items()
        if value is not None or name not in left_out
    }
    values |= extra.get(part, {})
    return values


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
