"""Brings results to one form in which what means the same is the same."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["tidied_text"]


def _tidy(part: Any, *, optional: set[str]) -> Any:
    """Leave out optional fields that are null or empty: both mean the same as absent."""
    return {
        name: value
        for name, value in part.items()
        if name not in optional or value not in (None, {}, [])
    }


def _tidy_basis(basis: Any) -> Any:
    """Bring a basis to the one form that its absent, null and empty fields share."""
    basis = _tidy(basis, optional={"citations", "confidence"})
    if "citations" in basis:
        basis["citations"] = [
            _tidy(each, optional={"title", "excerpts"}) for each in basis["citations"]
        ]
    return basis


def _tidy_output(value: Any) -> Any:
    """Bring an object with a value to the one form that its nulls share."""
    kinds = ("match_condition", "enrichment")
    holds = isinstance(value, dict) and ("value" in value or value.get("type") in kinds)
    if holds and isinstance(value.get("type"), str | None):
        value = {"value": None, **value}
        return {
            name: each
            for name, each in value.items()
            if each is not None or name not in ("type", "is_matched")
        }
    return value


def tidied_text(result: dict[str, Any]) -> str:
    """Return the JSON of a result, the same for null, absent and empty fields.

    1, 1.0 and true are three values, and the order of keys makes no difference.
    """
    result = _tidy(result, optional={"last_event_id"})
    run = result["run"] = _tidy(result["run"], optional={"metadata", "created_at", "modified_at"})
    status = run["status"] = _tidy(run["status"], optional={"termination_reason"})
    zero = {"generated_candidates_count": 0, "matched_candidates_count": 0}
    status["metrics"] = zero | status["metrics"]
    result["candidates"] = [
        _tidy(each, optional={"description", "output", "basis"}) for each in result["candidates"]
    ]
    for one in result["candidates"]:
        if "output" in one:
            output = one["output"]
            one["output"] = {name: _tidy_output(value) for name, value in output.items()}
        if "basis" in one:
            one["basis"] = [_tidy_basis(each) for each in one["basis"]]
    return json.dumps(result, sort_keys=True)
