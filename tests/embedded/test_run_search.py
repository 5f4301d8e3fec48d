"""The search of a run: matches, candidates, exclusions, and the rows that a model judges."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from findall_frames.api.models import (
    ExcludeCandidate,
    FindAllEntitySearchInput,
    MatchCondition,
)
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.runs.run_search import Exclusions
from findall_frames.errors import (
    ConditionNotUnderstoodError,
)
from tests.support.local_bench import bench, names
from tests.support.local_models import EveryNth


def test_a_run_stops_exactly_at_its_match_limit() -> None:
    """The result has no match more, and no candidate that was not judged."""
    with bench() as b:
        result = b.wait(b.create(3))
    status = result["run"]["status"]
    assert names(result) == [f"entity {n}" for n in (0, 3, 6, 9, 12)]
    assert status["status"] == "completed"
    assert status["termination_reason"] == "match_limit_met"
    assert status["is_active"] is False
    assert status["metrics"]["matched_candidates_count"] == 5
    assert len(result["candidates"]) == 5


def test_a_run_ends_after_the_last_row() -> None:
    """Every row is judged by every condition; each output has one basis that cites its cell."""
    with bench() as b:
        result = b.wait(b.create(10, 4))
    assert names(result) == ["entity 0", "entity 20", "entity 40", "entity 60", "entity 80"]
    with bench(30) as b:
        result = b.wait(b.create(10, 4))
    assert names(result) == ["entity 0", "entity 20"]
    assert result["run"]["status"]["termination_reason"] == "candidates_exhausted"
    assert len(result["candidates"]) == 30
    for item in result["candidates"]:
        place = item["row"]
        assert item["name"] == f"entity {place}"
        assert item["output"]["by_4_check"] == {
            "value": place,
            "type": "match_condition",
            "is_matched": place % 4 == 0,
        }
        assert [basis["field"] for basis in item["basis"]] == list(item["output"])
        assert item["basis"][0]["citations"][0]["excerpts"] == [str(place)]


def test_without_conditions_every_row_matches() -> None:
    """Up to the match limit."""
    with bench(20) as b:
        result = b.wait(b.create(match_limit=7))
    assert len(names(result)) == 7


def test_only_matches_and_near_misses_become_candidates() -> None:
    """Of the other rows a hundred become candidates; the metrics count all of them."""
    with bench(5_000) as b:
        result = b.wait(b.create(4_000))
    assert names(result) == ["entity 0", "entity 4000"]
    assert len(result["candidates"]) == 2 + 100
    metrics = result["run"]["status"]["metrics"]
    assert metrics["generated_candidates_count"] == metrics["rows"] == 5_000


def test_near_misses_fail_the_fewest_conditions() -> None:
    """Rows that meet one of two conditions come before rows that meet none."""
    with bench(2_000) as b:
        result = b.wait(b.create(500, 3))
    missed = [item["row"] for item in result["candidates"] if item["match_status"] == "unmatched"]
    assert missed[:4] == [3, 6, 9, 12]
    assert names(result) == ["entity 0", "entity 1500"]


@pytest.mark.parametrize(
    ("generator", "limit", "asked", "reason"),
    [
        ("preview", 7, 7, "match_limit_met"),
        ("preview", 500, 10, "candidates_exhausted"),
        ("base", 5, 60, "candidates_exhausted"),
        ("core", 5, 300, "candidates_exhausted"),
        ("pro", 5, 400, "candidates_exhausted"),
    ],
)
def test_a_generator_limits_the_rows_that_a_model_judges(
    generator: str, limit: int, asked: int, reason: str
) -> None:
    """A warning counts the rows that were left out."""
    with bench(400, EveryNth()) as b:
        result = b.wait(b.create(2_000, generator=generator, match_limit=limit))
    assert len(result["candidates"]) == asked
    assert result["run"]["status"]["termination_reason"] == reason
    warnings = " ".join(warning["message"] for warning in result["run"].get("warnings", ()))
    if reason == "candidates_exhausted":
        assert (f"{400 - asked:,} rows were not asked about" in warnings) is (asked < 400)


def test_rows_with_words_of_the_question_are_judged_first() -> None:
    """The pool of a small generator is filled by full-text rank, without inflection and case."""
    remarks = ["plain"] * 500
    remarks[321], remarks[77] = "Glazed TILES from a kiln", "a tile"
    corpus = open_corpus(pa.table({"name": [f"n{n}" for n in range(500)], "remark": remarks}))
    reading = {"name": "by_1_check", "status": "ask", "ask": "Tiles?", "keywords": ["tiles"]}
    asked: list[int] = []

    def model(messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
        if "answers" not in schema["properties"]:
            return json.dumps({"readings": [reading]})
        asked.extend(map(int, re.findall(r"^row (\d+):", messages[-1]["content"], re.M)))
        return json.dumps({"answers": [_answer(row) for row in asked]})

    with bench(corpus, model) as b:
        b.wait(b.create(1, generator="preview"))
    assert set(asked[:2]) == {321, 77}


def _answer(row: int) -> dict[str, Any]:
    return {
        "row": row,
        "field": "by_1_check",
        "verdict": True,
        "value": None,
        "reason": "It says so.",
        "excerpts": [],
    }


def test_excluded_entities_are_never_generated() -> None:
    """By name or by address, in other spellings too; other rows fill the pool."""
    excluded = [
        ExcludeCandidate("  ENTITY  0 ", ""),
        ExcludeCandidate("somebody else", "http://example.com/1#top"),
        ExcludeCandidate("", "EXAMPLE.COM/2"),
    ]
    with bench() as b:
        findall_id = b.create(1, exclude_list=excluded, generator="preview", match_limit=10)
        result = b.wait(findall_id)
        reported = {event["data"].get("name") for event in b.events(findall_id)}
    assert names(result) == [f"entity {n}" for n in range(3, 13)]
    assert reported.isdisjoint({"entity 0", "entity 1", "entity 2"})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.Example.com/a/", "http://example.com:80/a", True),
        ("example.com", "https://example.com/#top", True),
        ("https://example.com/a?x=1", "https://example.com/a?x=2", False),
        ("local://packages/a", "local://packages/b", False),
        ("https://example.com:8443/", "https://example.com/", False),
        ("http://[bad", "HTTP://[BAD", True),
    ],
)
def test_excluded_addresses_are_compared_in_normalized_form(
    one: str, other: str, same: bool
) -> None:
    """Scheme, www, slash and fragment make no difference; paths and queries do."""
    assert Exclusions([ExcludeCandidate("", one)]).cover("", url=other) is same


@pytest.mark.parametrize(
    ("excluded", "found", "same"),
    [
        ("https://acme.example", "https://acme-tiles.example", False),
        ("", "https://acme.example", True),
        ("https://acme.example", "local://firms/Acme", True),
        ("local://firms/Acme", "https://acme.example", True),
        ("local://firms/Acme", "local://firms_in_june/Acme", True),
        ("local://firms/Acme", "local://firms/Acme/7", False),
    ],
)
def test_names_count_only_where_an_address_is_missing(
    excluded: str, found: str, same: bool
) -> None:
    """A new firm with the name of a known one is another one, if both have an address of a kind."""
    exclusions = Exclusions([ExcludeCandidate("ACME", excluded)])
    assert exclusions.cover("Acme", url=found) is same
    assert not exclusions.cover("Other", url="https://other.example")


def test_each_candidate_has_its_events_in_order() -> None:
    """Generated, then judged, the status last; ids and result agree."""
    with bench(40) as b:
        findall_id = b.create(3)
        result = b.wait(findall_id)
        events = b.events(findall_id)
    assert [event["data"]["status"]["status"] for event in events[:2]] == ["queued", "running"]
    assert events[-1]["type"] == "findall.status"
    assert events[-1]["data"] == result["run"]
    assert events[-1]["event_id"] == result["last_event_id"]
    by_candidate: dict[str, list[str]] = {}
    for event in events:
        if event["type"].startswith("findall.candidate."):
            kind = event["type"].rpartition(".")[2]
            assert event["data"]["match_status"] == kind
            by_candidate.setdefault(event["data"]["candidate_id"], []).append(kind)
    for item in result["candidates"]:
        assert by_candidate.pop(item["candidate_id"]) == ["generated", item["match_status"]]
    assert by_candidate == {}
    counts = result["run"]["status"]["metrics"]
    assert counts["generated_candidates_count"] == 40


def test_repeated_condition_names_are_numbered() -> None:
    """Each verdict needs a key of its own in the output."""
    conditions = [
        MatchCondition("a", "place % 2 = 0"),
        MatchCondition("a", "place % 3 = 0"),
        MatchCondition("a_2", "place % 5 = 0"),
    ]
    with bench(60) as b:
        findall_id = b.create(match_conditions=conditions)
        result = b.wait(findall_id)
        schema = b.store.run(findall_id).as_schema()
    assert [condition.name for condition in schema.match_conditions] == ["a", "a_3", "a_2"]
    assert list(result["candidates"][0]["output"]) == ["a", "a_3", "a_2"]
    assert names(result) == ["entity 0", "entity 30"]


def test_a_condition_that_is_not_understood_starts_no_run() -> None:
    """It is refused before anything is stored, with the words that were not understood."""
    with bench() as b:
        with pytest.raises(ConditionNotUnderstoodError, match="unreadable"):
            b.create(match_conditions=[MatchCondition("a", "unreadable")])
        assert b.store.run_count() == 0


def test_an_expression_that_fails_on_the_data_starts_no_run() -> None:
    """A failing cast is refused, with TRY_CAST as the remedy."""
    with bench() as b:
        with pytest.raises(ConditionNotUnderstoodError, match="TRY_CAST"):
            b.create(match_conditions=[MatchCondition("a", "CAST(remark AS INTEGER) > 5")])
        assert b.store.run_count() == 0


def test_entities_are_ranked_without_being_judged() -> None:
    """The best first, at most `match_limit`, and only those that share a word."""
    request = FindAllEntitySearchInput("entities", "which stands at place 17", match_limit=5)
    with bench(30) as b:
        found = b.engine.search_entities(request)
        other = b.engine.search_entities(FindAllEntitySearchInput("hippopotami", "in the zoo"))
    assert found.entities[0].name == "entity 17"
    assert found.entities[0].url == "https://www.example.com/17/"
    assert len(found.entities) == 1
    assert other.entities == []
    assert found.entity_set_id != other.entity_set_id
