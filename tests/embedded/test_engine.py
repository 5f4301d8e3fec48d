"""The life cycle of a run: cancel, fail, extend, enrich, restart."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from findall_frames.embedded.runs.store import Store
from findall_frames.errors import (
    ConflictError,
    FindAllWarning,
    RefusedError,
)
from tests.support.local_bench import bench, enrichment, names, without_ids
from tests.support.local_models import EveryNth
from tests.support.until import until


def test_a_cancelled_run_does_not_wait_for_the_model() -> None:
    """It keeps its candidates, and can be neither cancelled, extended nor enriched again."""
    gate = threading.Event()
    model = EveryNth(gate=gate)
    with bench(model=model) as b:
        findall_id = b.create(1)
        assert model.begun.wait(30)
        b.engine.cancel(findall_id)
        with suppress(ConflictError):  # by now it may have ended
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


def test_a_run_that_waits_for_room_does_not_keep_the_service_from_stopping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next service finishes it."""
    path = tmp_path / "runs.db"
    with bench(1_000, path=path) as b, caplog.at_level(logging.WARNING):
        with b.store.database.turn:
            findall_id = b.create(3, match_limit=300)
            with b.store.database.write() as connection:
                connection.execute("PRAGMA max_page_count = 1")
        until(lambda: "waits, as the store can't be written" in caplog.text)
    with bench(1_000, path=path) as b:
        assert b.wait(findall_id)["run"]["status"]["status"] == "completed"


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
def test_runs_go_on_by_themselves_when_a_full_disk_has_room_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    """Stored data stays, and the result is the same as if nothing had happened."""
    with bench(2_000, path=None if where == "memory" else tmp_path / "runs.db") as b:
        before = b.wait(b.create(3))
        expected = b.wait(b.create(1, match_limit=2_000))
        with b.store.database.write() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 30}")
        with caplog.at_level(logging.WARNING):
            full = b.create(1, match_limit=2_000)
            until(lambda: "waits, as the store can't be written" in caplog.text)
        assert b.store.run(full).is_active
        assert b.store.run(full).generated < 2_000
        with b.store.database.write() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        assert "disk is full" in caplog.text
        assert without_ids(b.wait(full)) == without_ids(expected)
        reported = [event["event_id"] for event in b.events(full)]
        assert len(set(reported)) == len(reported)
        assert json.loads(b.store.result(before["run"]["findall_id"])) == before


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
        until(lambda: b.store.run(findall_id).matched >= 5)
    with bench(600, EveryNth(), path) as b:
        continued = b.wait(findall_id)
        events = b.events(findall_id)
    with bench(600, EveryNth()) as b:
        other = b.create(7, match_limit=50)
        b.engine.enrich(other, enrichment("ceo"))
        undisturbed = b.wait(other)
    assert without_ids(continued) == without_ids(undisturbed)
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
    assert without_ids(result) == without_ids(undisturbed)
