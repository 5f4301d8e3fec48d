"""Small invented results for the tests of displays, and a hostile candidate."""

from __future__ import annotations

from typing import Any

from findall_frames.display.matches import Tables
from findall_frames.frames.flatten import flatten

__all__ = ["candidate", "field", "hostile_candidate", "tables"]


def field(value: str, *, is_matched: bool | None = True, excerpt: str | None = None) -> Any:
    """Return an output and its basis."""
    kind = "enrichment" if is_matched is None else "match_condition"
    output: dict[str, Any] = {"value": value, "type": kind}
    if is_matched is not None:
        output["is_matched"] = is_matched
    citation = {
        "url": "https://source.example/",
        "title": "A source",
        "excerpts": [excerpt or value],
    }
    basis = {"reasoning": f"It says {value}.", "confidence": "high", "citations": [citation]}
    return output, basis


def candidate(number: int, *, name: str, status: str = "matched", **fields: Any) -> dict[str, Any]:
    """Return a candidate of a result."""
    return {
        "candidate_id": f"c{number}",
        "name": name,
        "url": f"https://example.org/{number}",
        "match_status": status,
        "description": f"About {name}",
        "output": {key: output for key, (output, _) in fields.items()},
        "basis": [{"field": key, **basis} for key, (_, basis) in fields.items()],
    }


def tables(*candidates: dict[str, Any], reason: str = "candidates_exhausted") -> Tables:
    """Return the tables of a result."""
    matched = sum(one["match_status"] == "matched" for one in candidates)
    metrics = {"generated_candidates_count": len(candidates), "matched_candidates_count": matched}
    status = {
        "status": "completed",
        "is_active": False,
        "metrics": metrics,
        "termination_reason": reason,
    }
    run = {"findall_id": "findall_1", "status": status, "generator": "core", "metadata": {"a": 1}}
    return flatten({"run": run, "candidates": list(candidates)}).tables


def hostile_candidate(text: str) -> dict[str, Any]:
    """Return a candidate with this text wherever a service may send text."""
    one = candidate(1, name=text, condition=field(text, excerpt=text))
    one["url"] = one["description"] = text
    one["output"][text] = {"value": text, "type": "enrichment"}
    one["basis"][0]["reasoning"] = text
    one["basis"][0]["citations"] = [{"url": text, "title": text, "excerpts": [text]}]
    return one
