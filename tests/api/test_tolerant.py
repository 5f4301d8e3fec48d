"""What is null, absent or odd where the contract has an optional label does not cost the rest."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import findall_frames as ff
from findall_frames.api import models
from findall_frames.api.tolerant import decode
from tests.support.scripted import RUN_ID, ScriptedServer, answer, event, result, stream

AT = f"/runs/{RUN_ID}"
SCHEMA: dict[str, Any] = {
    "objective": "Find tile makers",
    "entity_type": "companies",
    "match_conditions": [{"name": "makes_tiles", "description": "Company must make tiles"}],
    "enrichments": [
        {
            "output_schema": {
                "type": "json",
                "json_schema": {"type": "object", "properties": {"ceo": {"default": None}}},
            },
            "processor": "base",
            "mcp_servers": [],
        }
    ],
    "generator": "pro",
    "match_limit": 5,
}
RESULT = result(3)
OPTIONAL = {
    models.FindAllRunResult: [
        ("run", "generator"),
        ("run", "metadata"),
        ("run", "created_at"),
        ("run", "modified_at"),
        ("run", "status", "termination_reason"),
        ("run", "status", "metrics", "generated_candidates_count"),
        ("run", "status", "metrics", "matched_candidates_count"),
        ("candidates", 1, "description"),
        ("candidates", 1, "output"),
        ("candidates", 1, "basis"),
        ("candidates", 1, "basis", 0, "citations"),
        ("candidates", 1, "basis", 0, "confidence"),
        ("candidates", 1, "basis", 0, "citations", 0, "title"),
        ("candidates", 1, "basis", 0, "citations", 0, "excerpts"),
        ("last_event_id",),
    ],
    models.FindAllSchema: [
        ("generator",),
        ("match_limit",),
        ("enrichments",),
        ("enrichments", 0, "processor"),
        ("enrichments", 0, "mcp_servers"),
        ("enrichments", 0, "output_schema", "type"),
    ],
}
WHOLE: dict[Any, Any] = {models.FindAllRunResult: RESULT, models.FindAllSchema: SCHEMA}


def spoiled(kind: type[Any], path: tuple[Any, ...], value: object) -> Any:
    """Return a whole answer with one value replaced; Ellipsis removes it."""
    content = copy.deepcopy(WHOLE[kind])
    *before, last = path
    parent = content
    for step in before:
        parent = parent[step]
    if value is ...:
        parent.pop(last, None)
    else:
        parent[last] = value
    return content


PATHS = [
    pytest.param(kind, path, id=".".join(map(str, (kind.__name__, *path))))
    for kind, found in OPTIONAL.items()
    for path in found
]
VALUES = {"null": None, "absent": ..., "number": 7.5, "object": {"odd": 1}}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize(("kind", "path"), PATHS)
def test_an_optional_field_may_be_anything(
    kind: type[Any], path: tuple[Any, ...], value: object
) -> None:
    """The rest is read, and a result flattens."""
    content = spoiled(kind, path, value)
    decode(json.dumps(content).encode(), kind)
    if value in (None, ...) and kind is models.FindAllRunResult:
        assert len(ff.flatten(content).candidates) == 3


@given(st.lists(st.sampled_from(OPTIONAL[models.FindAllRunResult][:7]), unique=True), st.data())
def test_odd_labels_of_a_run_are_kept_as_extra(paths: list[Any], data: st.DataObject) -> None:
    """Whatever they are, alone or together."""
    content = copy.deepcopy(RESULT)
    for *before, last in paths:
        parent = content
        for step in before:
            parent = parent[step]
        parent[last] = data.draw(st.sampled_from([None, True, [], ["x"], 7.5]))
    frames = ff.flatten(content)
    assert frames.candidates["name"].tolist() == [f"Tile maker {n}" for n in (1, 2, 3)]
    extra = json.loads(frames.runs.loc[0, "extra"]) if frames.runs["extra"].notna().all() else {}
    flat = {**extra.get("run", {}), **extra.get("status", {}), **extra.get("metrics", {})}
    for *before, last in paths:
        parent = content
        for step in before:
            parent = parent[step]
        if parent[last] is not None:
            assert flat[last] == parent[last]


def test_nulls_inside_of_a_json_schema_mean_something() -> None:
    """A default of null is one."""
    content = spoiled(models.FindAllSchema, ("generator",), None)
    read = decode(json.dumps(content).encode(), models.FindAllSchema)
    assert read.generator == "core"
    (enrichment,) = read.enrichments or ()
    assert enrichment.output_schema.json_schema["properties"] == {"ceo": {"default": None}}


@pytest.mark.parametrize(
    "path", [("run", "findall_id"), ("candidates", 2, "name"), ("candidates",)]
)
@pytest.mark.parametrize("value", [None, ..., 7.5])
def test_a_required_field_stays_required(path: tuple[Any, ...], value: object) -> None:
    """The error is that of the answer as it came."""
    content = spoiled(models.FindAllRunResult, path, value)
    with pytest.raises(
        msgspec.ValidationError, match=str(path[0] if value is not ... else path[-1])
    ):
        decode(json.dumps(content).encode(), models.FindAllRunResult)


def test_a_search_needs_no_generator_in_any_answer(
    server: ScriptedServer, client: ff.Client
) -> None:
    """As in the samples of the documentation."""
    run = {name: value for name, value in RESULT["run"].items() if name != "generator"}
    server.on("POST", "/runs", answer(run))
    server.on("GET", AT, answer(run))
    server.on("POST", "/ingest", answer(SCHEMA | {"generator": None, "enrichments": None}))
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, run)))
    server.on("GET", f"{AT}/result", answer(RESULT | {"run": run}))
    frames = ff.find_all("Find tile makers", client=client, progress=False, timeout=20)
    assert len(frames.matches) == 3
    again = ff.resume(RUN_ID, client=client, progress=False)
    assert again.runs["generator"].isna().all()
