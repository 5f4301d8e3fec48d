"""Several results at once, and the events of a run that is still going."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.frames.schema import SCHEMAS, TABLES
from tests.support.results import basis, candidate, condition, enrichment, result

RUN = result()["run"]
SCHEMA = {
    "objective": "Find all makers of clay tiles",
    "entity_type": "companies",
    "match_conditions": [{"name": "makes_tiles", "description": "The company makes clay tiles."}],
    "generator": "base",
    "match_limit": 7,
}


def event(kind: str, number: int, data: dict[str, Any]) -> dict[str, Any]:
    """Return an event as decoded JSON."""
    time = "2026-02-03T04:05:06.000000Z"
    return {"type": kind, "timestamp": time, "event_id": f"ev_{number}", "data": data}


def status(number: int, state: str = "running") -> dict[str, Any]:
    """Return a status event with only the required fields."""
    metrics = {"generated_candidates_count": 2, "matched_candidates_count": 1}
    data = {"status": state, "is_active": True, "metrics": metrics}
    return event("findall.status", number, {"findall_id": "findall_1", "status": data})


STORY = [
    status(0, "queued"),
    event("findall.schema.updated", 1, SCHEMA),
    event("findall.candidate.generated", 2, candidate("Kilnworks", status="generated")),
    event("findall.candidate.generated", 3, candidate("Roofs", status="generated")),
    event(
        "findall.candidate.matched",
        4,
        candidate(
            "Kilnworks",
            output={"makes_tiles": condition("Tiles", matched=True), "n": enrichment(1)},
            basis=[basis("makes_tiles", "One."), basis("n")],
        ),
    ),
    event("findall.something.new", 5, {"a": 1}),
    event(
        "findall.candidate.enriched",
        6,
        candidate("Kilnworks", output={"n": enrichment(2)}, basis=[basis("n", "Two.")]),
    ),
    {"type": "error", "error": {"ref_id": "r", "message": "m"}},
    status(7),
]


def test_the_events_of_a_finished_run_give_the_tables_of_its_result() -> None:
    """With a run of the embedded service."""
    sizes = pd.DataFrame({"name": [f"N{n}" for n in range(9)], "size": range(9)})
    with ff.local(sizes) as client:
        search = ff.draft("Find things with a size of at least 3", client=client)
        run = ff.start(search, client=client)
        frames = run.wait(progress=False)
        events = list(run.events())
    seen = ff.flatten(events, schema=frames.searches[frames.findall_id])
    for name in ("candidates", "fields", "citations"):
        keys = [field for field in SCHEMAS[name].names if field in ("candidate_id", "field")]
        ours, theirs = (
            getattr(each, name).drop(columns="position", errors="ignore").sort_values(keys)
            for each in (seen, frames)
        )
        pd.testing.assert_frame_equal(ours.reset_index(drop=True), theirs.reset_index(drop=True))
    assert seen.findall_id == frames.findall_id
    assert len(seen.matches) == 6


def test_later_events_add_to_earlier_ones() -> None:
    """An enriched event has its own fields only, and replaces earlier values of these."""
    frames = ff.flatten(STORY)
    assert frames.candidates["match_status"].tolist() == ["matched", "generated"]
    fields = frames.fields.set_index("field")
    assert fields["value"].to_dict() == {"makes_tiles": "Tiles", "n": "2"}
    assert frames.citations["excerpts"].tolist() == [["One."], ["Two."]]
    (run,) = frames.runs.to_dict("records")
    assert (run["status"], run["generator"], run["match_limit"]) == ("running", "base", 7)
    assert run["last_event_id"] == "ev_7"
    assert run["objective"] == "Find all makers of clay tiles"


@pytest.mark.parametrize("length", range(1, len(STORY) + 1))
def test_any_number_of_first_events_gives_tables(length: int) -> None:
    """Also from an iterator."""
    frames = ff.flatten(iter(STORY[:length]))
    assert frames.findall_id == "findall_1"
    assert frames.runs["generator"].isna().item() == (length == 1)
    assert [table.schema for table in frames.tables.values()] == [SCHEMAS[n] for n in TABLES]


def test_events_of_the_official_sdk_are_read_as_well() -> None:
    """And so is their decoded JSON."""
    from parallel.types.beta import FindAllCandidateMatchStatusEvent, FindAllRunStatusEvent

    whole = {**STORY[0], "data": {**RUN, "status": STORY[0]["data"]["status"]}}
    events = [
        FindAllRunStatusEvent.model_validate(whole),
        FindAllCandidateMatchStatusEvent.model_validate(STORY[4]),
    ]
    decoded = json.loads(json.dumps([whole, STORY[4]]))
    one, two = ff.flatten(events), ff.flatten(decoded)
    assert len(one.matches) == 1
    assert all(one.tables[name].equals(two.tables[name]) for name in TABLES)


def test_a_list_of_results_gives_the_tables_of_all() -> None:
    """Also a tuple or an iterator, of any kind of result; an empty list gives empty tables."""
    one = result(candidate("A"), findall_id="findall_1")
    two = json.dumps(result(candidate("B"), findall_id="findall_2")).encode()
    for several in ([one, two], (one, two), iter([one, two])):
        frames = ff.flatten(several, service="https://api.example")
        assert frames.findall_ids == ("findall_1", "findall_2")
        assert frames.candidates["name"].tolist() == ["A", "B"]
        assert frames.runs["service"].tolist() == ["https://api.example"] * 2
    assert len(ff.flatten([])) == 0


def test_unrelated_results_and_events_are_refused() -> None:
    """The same run twice, results among events, events of two runs or of none."""
    other = {**STORY[0], "data": {**STORY[0]["data"], "findall_id": "findall_2"}}
    with pytest.raises(ff.errors.InvalidRequestError, match="more than one of the frames"):
        ff.flatten([result(), result()])
    with pytest.raises(ff.errors.InvalidRequestError, match="1 of the 2 objects"):
        ff.flatten([STORY[0], result()])
    with pytest.raises(ff.errors.InvalidRequestError, match="runs findall_1 and findall_2"):
        ff.flatten([*STORY, other])
    with pytest.raises(
        ff.errors.InvalidRequestError, match=r"None of the 7 events.*run\.events\(\)"
    ):
        ff.flatten(STORY[1:-1])
    with pytest.raises(ff.errors.InvalidRequestError, match="got int"):
        ff.flatten([1, 2])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("event", "path"),
    [
        (event("findall.status", 1, {"status": "running"}), "$[1].data.findall_id"),
        (event("findall.candidate.matched", 1, {"name": "A"}), "$[1].data.candidate_id"),
        (event("findall.candidate.matched", 1, {"candidate_id": "c"}), "$.candidates[0].name"),
        (event("findall.schema.updated", 1, {"objective": 3}), "$[1].data"),
        ({"type": "findall.status"}, "$[1].data.findall_id"),
    ],
)
def test_an_invalid_event_is_named(event: dict[str, Any], path: str) -> None:
    """With its position and the path in it."""
    with pytest.raises(ff.errors.UnexpectedResponseError) as caught:
        ff.flatten([STORY[0], event])
    assert caught.value.path == path
