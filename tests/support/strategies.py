"""Results as the contract allows them, and as a newer or careless service may send them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from findall_frames.api.models import FindAllEnrichInput, FindAllSchema, JsonSchema, MatchCondition
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.frames import FindAllFrames

__all__ = ["judge", "judgements", "results", "searches"]

_FIELDS = ["tiles", "family", "ceo", "url", "name", "products", "products.0", "a.b", "", "é"]
_TEXT = st.text(max_size=12)
_NUMBERS = st.integers() | st.integers(min_value=-(10**40), max_value=10**40)
_SCALARS = st.none() | st.booleans() | _NUMBERS | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    _SCALARS | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "type", "x"]) | _TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)
_UNKNOWN = st.dictionaries(st.sampled_from(["score", "tags", "repeated", "shape"]), _JSON)


def _objects(
    required: dict[str, st.SearchStrategy[Any]],
    optional: dict[str, st.SearchStrategy[Any]],
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with unknown fields now and then, and optional ones that are absent or null."""
    nullable = {name: st.none() | strategy for name, strategy in optional.items()}
    known = st.fixed_dictionaries(required, optional=nullable)
    return st.builds(lambda more, some: more | some, st.just({}) | _UNKNOWN, known)


_FIELD = st.sampled_from(_FIELDS)
_CITATIONS = _objects({"url": _TEXT}, {"title": _TEXT, "excerpts": st.lists(_TEXT, max_size=3)})
_BASIS = _objects(
    {"field": _FIELD, "reasoning": _TEXT},
    {
        "citations": st.lists(_CITATIONS, max_size=3),
        "confidence": st.sampled_from(["low", "medium", "high", "certain", 0.93]),
    },
)
_TYPED = _objects(
    {"value": _JSON},
    {
        "type": st.sampled_from(["match_condition", "enrichment", "derived"]),
        "is_matched": st.booleans(),
    },
)
_HALF = st.fixed_dictionaries(
    {"type": st.sampled_from(["match_condition", 5])}, optional={"is_matched": st.booleans()}
)
_CANDIDATES = _objects(
    {
        "candidate_id": st.sampled_from(["c1", "c2", "c3", "c4", ""]),
        "name": _TEXT,
        "url": _TEXT | st.sampled_from(["https://www.a.example/x", "b.example", "http://c:80"]),
        "match_status": st.sampled_from(["generated", "matched", "unmatched", "shortlisted"]),
    },
    {
        "description": _TEXT,
        "output": st.dictionaries(_FIELD, _TYPED | _JSON | _HALF, max_size=5),
        "basis": st.lists(_BASIS, max_size=5),
    },
)
_TIMES = (
    st.sampled_from(["2026-02-03T04:05:06Z", "2026-02-03T04:05:06.123456789+02:00", "soon", ""])
    | st.datetimes().map(lambda time: f"{time.isoformat(timespec='microseconds')}Z")
    | st.datetimes().map(lambda time: time.isoformat())
)
_COUNT = st.integers(min_value=0, max_value=2000)
_STATUSES = _objects(
    {
        "status": st.sampled_from(["running", "completed", "failed", "paused"]),
        "is_active": st.booleans(),
        "metrics": st.fixed_dictionaries(
            {},
            optional={
                "generated_candidates_count": _COUNT,
                "matched_candidates_count": _COUNT,
                "enriched_candidates_count": _COUNT,
            },
        ),
    },
    {"termination_reason": st.sampled_from(["match_limit_met", "timeout", "quota"])},
)


def results(findall_id: str = "findall_1") -> st.SearchStrategy[dict[str, Any]]:
    """Whole results of one run."""
    run = _objects(
        {"findall_id": st.just(findall_id), "status": _STATUSES, "generator": _TEXT},
        {
            "metadata": st.dictionaries(_TEXT, _SCALARS | _TEXT, max_size=2),
            "created_at": _TIMES,
            "modified_at": _TIMES,
        },
    )
    return _objects(
        {"run": run, "candidates": st.lists(_CANDIDATES, max_size=5)}, {"last_event_id": _TEXT}
    )


def searches() -> st.SearchStrategy[FindAllSchema | None]:
    """What may have been asked for, if that is known."""
    kinds = st.sampled_from(["string", "integer", "number", "boolean", "array"])
    properties = st.dictionaries(_FIELD, st.fixed_dictionaries({}, optional={"type": kinds}))
    return st.none() | st.builds(
        lambda names, wanted: FindAllSchema(
            "Find all makers of tiles",
            "companies",
            [MatchCondition(name, "It is so.") for name in names],
            [FindAllEnrichInput(JsonSchema({"type": "object", "properties": wanted}))],
        ),
        st.lists(_FIELD, unique=True, max_size=3),
        properties,
    )


def judgements() -> st.SearchStrategy[list[dict[str, Any]]]:
    """What people may say of the candidates of these results, or take back."""
    return st.lists(
        st.fixed_dictionaries(
            {
                "candidate": st.integers(0, 4),
                "field": st.none() | _FIELD,
                "reviewer": st.sampled_from(["Ada", "Bo"]),
            },
            optional={
                "decision": st.sampled_from(["accept", "reject", "unsure", None]),
                "value": st.none() | _TEXT | st.integers() | st.booleans(),
                "note": st.none() | _TEXT,
            },
        ),
        max_size=6,
    )


def judge(frames: FindAllFrames, judged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Record judgements; return those that were possible, as what changes of ``reviews``."""
    candidates = frames.tables["candidates"].select(["findall_id", "candidate_id"]).to_pylist()
    recorded = []
    for each in judged:
        said = {**each}
        place = said.pop("candidate")
        if place >= len(candidates):
            continue
        key = candidates[place]
        if said["field"] is None:
            said.pop("value", None)
        try:
            frames.review(tuple(key.values()), **said)  # type: ignore[arg-type]
        except InvalidRequestError:
            continue  # nothing said, no such field, or a value of another type
        if "value" in said:
            value = said["value"]
            said["value"] = value or None if isinstance(value, str) else value
            if not isinstance(said["value"], str | None):
                said["value"] = json.dumps(value)
        if "note" in said:
            said["note"] = said["note"] if (said["note"] or "").strip() else None
        recorded.append({**key, **said})
    return recorded
