"""Invented results, in the form that the API sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from findall_frames.api.models import FindAllEnrichInput, FindAllSchema, JsonSchema, MatchCondition
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.reviews import ReviewRow, reviews_table

__all__ = [
    "CONDITIONS",
    "SEARCH",
    "basis",
    "candidate",
    "condition",
    "enrichment",
    "result",
    "reviewed",
    "search",
]

CONDITIONS = [
    MatchCondition("makes_tiles", "The company makes clay tiles."),
    MatchCondition("family_owned", "The company is owned by a family."),
]


def search(
    properties: dict[str, Any], *, conditions: list[MatchCondition] = CONDITIONS
) -> FindAllSchema:
    """Make a search for the makers of tiles, with enrichments of these JSON Schemas."""
    return FindAllSchema(
        objective="Find all makers of clay tiles",
        entity_type="companies",
        match_conditions=conditions,
        enrichments=[FindAllEnrichInput(JsonSchema({"type": "object", "properties": properties}))],
        match_limit=10,
    )


SEARCH = search(
    {
        "employees": {"type": "integer"},
        "url": {"type": "string"},
        "founded_on": {"type": "string", "format": "date"},
    }
)


def result(
    *candidates: dict[str, Any], findall_id: str = "findall_1", **more: Any
) -> dict[str, Any]:
    """Make a finished run with these candidates."""
    matched = sum(each["match_status"] == "matched" for each in candidates)
    return {
        "run": {
            "findall_id": findall_id,
            "status": {
                "status": "completed",
                "is_active": False,
                "metrics": {
                    "generated_candidates_count": len(candidates),
                    "matched_candidates_count": matched,
                },
                "termination_reason": "match_limit_met",
            },
            "generator": "core",
            "metadata": {"team": "roofs"},
            "created_at": "2026-02-03T04:05:06.000000Z",
            "modified_at": "2026-02-03T04:15:06.000000Z",
        },
        "candidates": list(candidates),
        "last_event_id": "ev_42",
        **more,
    }


def candidate(name: str, *, status: str = "matched", **more: Any) -> dict[str, Any]:
    """Make a candidate."""
    key = name.lower().replace(" ", "-")
    return {
        "candidate_id": f"candidate_{key}",
        "name": name,
        "url": f"https://www.{key}.example/",
        "description": None,
        "match_status": status,
        **more,
    }


def condition(value: Any, *, matched: bool) -> dict[str, Any]:
    """Make the output of a match condition."""
    return {"value": value, "type": "match_condition", "is_matched": matched}


def enrichment(value: Any) -> dict[str, Any]:
    """Make the output of an enrichment."""
    return {"value": value, "type": "enrichment"}


def basis(field: str, *excerpts: str, confidence: str | None = "high") -> dict[str, Any]:
    """Make the basis of a field: one citation with these excerpts."""
    return {
        "field": field,
        "reasoning": f"The page says so about {field}.",
        "citations": [
            {
                "url": "https://www.Press.example:443/tiles?page=1",
                "title": "Tiles",
                "excerpts": list(excerpts),
            }
        ],
        "confidence": confidence,
    }


def reviewed(frames: FindAllFrames) -> FindAllFrames:
    """Judge the first candidate, and its first field if it has one, always at the same time."""
    row = frames.tables["candidates"].to_pylist()[0]
    key = row["findall_id"], row["candidate_id"]
    at = datetime(2026, 2, 4, 5, 6, 7, 89, tzinfo=UTC)
    reviews = [ReviewRow(*key, None, "accept", None, "=cmd('Ada')", "Ada", at)]
    reviews += [
        ReviewRow(*key, field["field"], None, "-1,5", None, None, at)
        for field in frames.tables["fields"].to_pylist()[:1]
    ]
    tables = {**frames.tables, "reviews": reviews_table(reviews)}
    return FindAllFrames(tables, searches=frames.searches)
