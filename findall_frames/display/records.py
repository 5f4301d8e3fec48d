"""A result as plain values for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from findall_frames.display.rows import Cell, Row, Tables, matched_rows

__all__ = ["result_record"]


def result_record(tables: Tables) -> dict[str, Any]:
    """Make one JSON object of a run and its matches, each with its fields and their evidence.

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
        "matches": [_match(row) for row in matched_rows(tables)],
    }


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.loads(value) if name == "metadata" and value is not None else value


def _match(row: Row) -> dict[str, Any]:
    return {
        "candidate_id": row.candidate_id,
        "name": row.name,
        "url": row.url,
        "description": row.description,
        "fields": {name: _field(cell) for name, cell in row.cells.items()},
    }


def _field(cell: Cell) -> dict[str, Any]:
    is_text = cell.value is None or cell.value_type in (None, "string")
    return {
        "kind": cell.kind,
        "value": cell.value if is_text else json.loads(cell.value or "null"),
        "is_matched": cell.is_matched,
        "reasoning": cell.reasoning,
        "confidence": cell.confidence,
        "citations": [asdict(source) for source in cell.sources],
    }
