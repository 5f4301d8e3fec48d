"""The life cycle of a run: search, limits, cancel, extend, enrich, restart."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
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
from findall_frames.embedded.runs.store import Store
from findall_frames.errors import (
    ConditionNotUnderstoodError,
    ConflictError,
    FindAllWarning,
    RefusedError,
)
from tests.support.local_bench import bench, enrichment, names
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


def test_a_cancelled_run_does_not_wait_for_the_model() -> None:
    """It keeps its candidates, and can be neither cancelled, extended nor enriched again."""
    gate = threading.Event()
    model = EveryNth(gate=gate)
    with bench(model=model) as b:
        findall_id = b.create(1)
        assert model.begun.wait(30)
        b.engine.cancel(findall_id)
        b.engine.cancel(findall_id)
        result = b.wait(findall_id)
        gate.set()
        statuses = [
            event["data"]["status"]["status"]
            for event in b.events(findall_id)
            if event["type"] == "findall.status"
        ]
        with pytest.raises(ConflictError, match="already cancelled"):
            b.engine.cancel(findall_id)
        with pytest.raises(RefusedError, match="match_limit_met can be extended"):
            b.engine.extend(findall_id, by=1)
        with pytest.raises(RefusedError, match="can be enriched"):
            b.engine.enrich(findall_id, enrichment("ceo"))
    assert result["candidates"] == []
    assert result["run"]["status"]["termination_reason"] == "user_cancelled"
    assert statuses == ["queued", "running", "cancelling", "cancelled"]


def test_a_model_that_raises_fails_the_run(caplog: pytest.LogCaptureFixture) -> None:
    """Its candidates stay, the error is stored and logged, and other runs continue."""
    with bench(200, EveryNth(fails_at=100)) as b, caplog.at_level(logging.ERROR):
        findall_id = b.create(10, match_limit=50)
        result = b.wait(findall_id)
        failure = b.store.run(findall_id).failure
        with pytest.raises(RefusedError, match=r"failed \(error_occurred: .*cannot judge 100"):
            b.engine.enrich(findall_id, enrichment("ceo"))
        other = b.wait(b.create(3))
    assert result["run"]["status"]["status"] == "failed"
    assert result["run"]["status"]["termination_reason"] == "error_occurred"
    assert names(result)[:4] == ["entity 0", "entity 10", "entity 20", "entity 30"]
    assert failure is not None
    assert "ArithmeticError: cannot judge 100" in failure
    assert findall_id in caplog.text
    assert other["run"]["status"]["status"] == "completed"


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


def test_an_extended_run_continues_after_its_last_candidate() -> None:
    """The candidates equal those of one longer run."""
    with bench() as b:
        findall_id = b.create(4)
        first = b.wait(findall_id)
        schema = b.engine.extend(findall_id, by=3)
        assert schema.match_limit == 8
        result = b.wait(findall_id)
        kinds = [event["type"] for event in b.events(findall_id)]
        whole = b.wait(b.create(4, match_limit=8))
    assert names(result) == names(whole) == [f"entity {4 * n}" for n in range(8)]
    assert [item["name"] for item in result["candidates"]] == [
        item["name"] for item in whole["candidates"]
    ]
    assert result["candidates"][: len(first["candidates"])] == first["candidates"]
    assert kinds.count("findall.schema.updated") == 1
    assert kinds.count("findall.candidate.matched") == 8


def test_only_a_run_that_reached_its_limit_can_be_extended() -> None:
    """A run without candidates left, a preview and an excessive limit are refused."""
    with bench(20) as b:
        exhausted = b.create(9)
        b.wait(exhausted)
        with pytest.raises(RefusedError, match="candidates_exhausted"):
            b.engine.extend(exhausted, by=5)
        preview = b.create(9, generator="preview")
        b.wait(preview)
        with pytest.raises(RefusedError, match="preview cannot be extended"):
            b.engine.extend(preview, by=5)
        with pytest.raises(RefusedError, match="preview cannot be enriched"):
            b.engine.enrich(preview, enrichment("ceo"))
        met = b.create(1)
        b.wait(met)
        with pytest.raises(RefusedError, match=r"at most 1,000,000,000 in all"):
            b.engine.extend(met, by=10**30)


def test_a_running_preview_cannot_be_cancelled() -> None:
    """It ends after a few candidates."""
    gate = threading.Event()
    with bench(model=EveryNth(gate=gate)) as b:
        findall_id = b.create(1, generator="preview")
        with pytest.raises(ConflictError, match="preview cannot be cancelled"):
            b.engine.cancel(findall_id)
        gate.set()
        assert b.wait(findall_id)["run"]["status"]["status"] == "completed"


def test_an_active_run_can_be_extended_and_enriched() -> None:
    """Present and future matches get the fields, other candidates do not."""
    gate = threading.Event()
    model = EveryNth(gate=gate)
    with bench(model=model) as b:
        findall_id = b.create(5)
        assert model.begun.wait(30)
        b.engine.extend(findall_id, by=5)
        b.engine.enrich(findall_id, enrichment("ceo", "city"))
        gate.set()
        result = b.wait(findall_id)
        enriched = [e for e in b.events(findall_id) if e["type"] == "findall.candidate.enriched"]
    assert len(names(result)) == 10
    for item in result["candidates"]:
        expected = ["by_5_check"]
        if item["match_status"] == "matched":
            expected += ["ceo", "city"]
        assert list(item["output"]) == expected
        assert [basis["field"] for basis in item["basis"]] == expected
    assert result["candidates"][0]["output"]["ceo"] == {"value": "ceo 0", "type": "enrichment"}
    assert [list(event["data"]["output"]) for event in enriched] == [["ceo", "city"]] * 10
    assert {event["data"]["match_status"] for event in enriched} == {"matched"}


def test_a_completed_run_can_be_enriched_repeatedly() -> None:
    """It is running meanwhile, and keeps its termination reason."""
    with bench() as b:
        findall_id = b.create(30)
        b.wait(findall_id)
        b.engine.enrich(findall_id, enrichment("ceo"))
        b.wait(findall_id)
        schema = b.engine.enrich(findall_id, enrichment("city"))
        result = b.wait(findall_id)
        events = b.events(findall_id)
    assert schema.enrichments is not None
    assert len(schema.enrichments) == 2
    assert list(result["candidates"][0]["output"]) == ["by_30_check", "ceo", "city"]
    assert result["run"]["status"]["termination_reason"] == "candidates_exhausted"
    assert [event["type"] for event in events].count("findall.candidate.enriched") == 8
    statuses = [e["data"]["status"] for e in events if e["type"] == "findall.status"]
    assert [status["status"] for status in statuses] == [
        "queued",
        *["running", "completed"] * 3,
    ]
    assert [status["is_active"] for status in statuses] == [True, *[True, False] * 3]
    assert {status["termination_reason"] for status in statuses if status["is_active"]} == {None}


def test_an_enrichment_with_the_name_of_another_field_is_refused() -> None:
    """It must not hide a condition or another enrichment."""
    with bench() as b:
        findall_id = b.create(3)
        b.engine.enrich(findall_id, enrichment("ceo"))
        with pytest.raises(RefusedError, match="already has by_3_check"):
            b.engine.enrich(findall_id, enrichment("by_3_check", "x"))
        with pytest.raises(RefusedError, match="already has ceo"):
            b.engine.enrich(findall_id, enrichment("ceo", "city"))
        b.wait(findall_id)


def test_a_repeated_enrichment_is_added_once() -> None:
    """A client that lost the answer may send its request again."""
    with bench() as b:
        findall_id = b.create(30)
        once = b.engine.enrich(findall_id, enrichment("ceo"))
        assert b.engine.enrich(findall_id, enrichment("ceo")) == once
        result = b.wait(findall_id)
        assert b.engine.enrich(findall_id, enrichment("ceo")) == once
        assert not b.store.run(findall_id).is_active
    assert list(result["candidates"][0]["output"]) == ["by_30_check", "ceo"]


@pytest.mark.parametrize("where", ["memory", "file"])
def test_a_full_disk_stops_only_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    """Stored data stays, and once there is space the service continues."""
    with bench(2_000, path=None if where == "memory" else tmp_path / "runs.db") as b:
        before = b.wait(b.create(3))
        with b.store.database.write() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 30}")
        with caplog.at_level(logging.ERROR):
            full = b.create(1, match_limit=2_000)
            while "has failed" not in caplog.text:
                time.sleep(0.005)
        with b.store.database.write() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        assert "disk is full" in caplog.text
        assert b.wait(b.create(3))["run"]["status"]["status"] == "completed"
        assert json.loads(b.store.result(before["run"]["findall_id"])) == before
        assert b.store.run(full).generated < 2_000


def test_many_runs_progress_side_by_side() -> None:
    """A long run does not delay a short one that starts after it."""
    with bench(3_000, EveryNth(delay=0.001)) as b:
        long = [b.create(5_000) for _ in range(8)]
        short = b.create(1)
        b.wait(short)
        assert all(b.store.run(findall_id).is_active for findall_id in long)
        for findall_id in long:
            b.engine.cancel(findall_id)
        for findall_id in long:
            b.wait(findall_id)


def test_a_new_engine_finishes_the_runs_of_another(tmp_path: Path) -> None:
    """An interrupted run ends with the same candidates as an undisturbed one."""
    path = tmp_path / "runs.db"
    with bench(600, EveryNth(delay=0.002), path) as b:
        findall_id = b.create(7, match_limit=50)
        b.engine.enrich(findall_id, enrichment("ceo"))
        while b.store.run(findall_id).matched < 5:
            time.sleep(0.005)
    with bench(600, EveryNth(), path) as b:
        continued = b.wait(findall_id)
        events = b.events(findall_id)
    with bench(600, EveryNth()) as b:
        other = b.create(7, match_limit=50)
        b.engine.enrich(other, enrichment("ceo"))
        undisturbed = b.wait(other)
    for result in (continued, undisturbed):
        for item in result["candidates"]:
            item.pop("candidate_id")
    assert continued["candidates"] == undisturbed["candidates"]
    generated = [e["data"]["name"] for e in events if e["type"] == "findall.candidate.generated"]
    assert len(generated) == len(set(generated))


def test_a_run_over_other_data_is_not_continued(tmp_path: Path) -> None:
    """Its row numbers would refer to other entities; it fails, and a warning says so."""
    path = tmp_path / "runs.db"
    gate = threading.Event()
    gate.set()
    model = EveryNth(gate=gate)
    with bench(50, model, path) as b:
        done = b.create(1)
        b.wait(done)
        gate.clear()
        model.begun.clear()
        waiting = b.create(1, match_limit=50)
        assert model.begun.wait(30)
    gate.set()
    with ExitStack() as stack:
        with pytest.warns(FindAllWarning, match=r"data has changed.* 1 of them had not ended"):
            b = stack.enter_context(bench(60, EveryNth(), path))
        result = b.wait(waiting)
        assert result["run"]["status"]["status"] == "failed"
        assert "data has changed" in (b.store.run(waiting).failure or "")
        with pytest.raises(RefusedError, match="data has changed"):
            b.engine.extend(done, by=5)
        with pytest.raises(RefusedError, match="data has changed"):
            b.engine.enrich(done, enrichment("ceo"))
        assert len(names(b.wait(b.create(1, match_limit=60)))) == 60


def test_an_answer_after_the_stop_is_discarded_and_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An engine stops although its model does not answer; the next one finishes the run."""
    path, gate = tmp_path / "runs.db", threading.Event()
    model = EveryNth(gate=gate)
    with bench(100, model, path) as b:
        waiting = b.create(7, match_limit=50)
        assert model.begun.wait(30)
    assert not gate.is_set()
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("findall-"):
            thread.join(30)
    assert caplog.text == ""
    store = Store(path)
    assert store.run(waiting).generated == 0
    store.close()
    with bench(100, EveryNth(), path) as b:
        result = b.wait(waiting)
    with bench(100, EveryNth()) as b:
        undisturbed = b.wait(b.create(7, match_limit=50))
    for item in (*result["candidates"], *undisturbed["candidates"]):
        item.pop("candidate_id")
    assert result["candidates"] == undisturbed["candidates"]


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
