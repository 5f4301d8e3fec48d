"""A run is cancelled soon, whatever it is at; what it was at adds nothing to it later."""

from __future__ import annotations

import threading
import time
from typing import Any

import pandas as pd
import pytest

from findall_frames.api.models import NO_LIMIT, FindAllEnrichInput, MatchCondition
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.runs import engine as engine_module
from findall_frames.embedded.server.service import Service
from tests.support.local_bench import Bench, bench, enrichment, run_input
from tests.support.local_caller import RUN, Caller
from tests.support.local_models import EveryNth, numbers
from tests.support.until import until

# One comparison of two such cells takes about a tenth of a second, and cannot be interrupted.
LONG = 16_000
ENDLESS = "x LIKE '%' || y || '%'"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Abandon a step of a cancelled run almost at once."""
    monkeypatch.setattr(engine_module, "_CANCEL_SECONDS", 0.02)


def _workers() -> int:
    return sum(thread.name == "findall-worker" for thread in threading.enumerate())


def _long_cells() -> Corpus:
    cells = {"x": ["a" * LONG] * 8, "y": ["a" * (LONG // 2) + "b"] * 8}
    return open_corpus(pd.DataFrame({"name": list("abcdefgh"), **cells}))


def _in_endless_step(opened: Bench) -> str:
    """Create a run, and return its id while DuckDB cannot be interrupted."""
    request = run_input(MatchCondition("check", ENDLESS), match_limit=NO_LIMIT)
    findall_id = opened.engine.create(request).findall_id
    until(lambda: opened.store.run(findall_id).status == "running")
    time.sleep(0.05)
    return findall_id


@pytest.mark.usefixtures("impatient")
def test_an_expression_that_cannot_be_interrupted_is_left_to_itself() -> None:
    """The run ends; other runs go on, and the late step changes nothing."""
    before = _workers()
    with bench(_long_cells()) as opened:
        findall_id = _in_endless_step(opened)
        opened.engine.cancel(findall_id)
        ended = opened.wait(findall_id)
        assert _workers() == before + 5  # the step is still running
        other = run_input(MatchCondition("check", "name = 'c'"))
        assert opened.wait(opened.engine.create(other).findall_id)["candidates"]
        until(lambda: _workers() == before + 4)
        assert opened.wait(findall_id) == ended
        events = opened.events(findall_id)
        assert events[-1]["data"] == ended["run"]
        assert ended["run"]["status"]["termination_reason"] == "user_cancelled"


def test_the_end_of_the_process_waits_for_a_step_that_was_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise it comes back to an interpreter that is being finalized, and aborts the process."""
    monkeypatch.setattr(engine_module, "_GRACE_SECONDS", 0.0)
    before = _workers()
    with bench(_long_cells()) as opened:
        _in_endless_step(opened)
    assert _workers() > before  # the step is still running
    engine_module._wait_for_left()
    assert _workers() == before


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("enrichments", [[], [enrichment("ceo")]])
def test_a_run_of_many_rows_is_cancelled(enrichments: list[FindAllEnrichInput]) -> None:
    """While its rows are judged, or filled."""
    with bench(numbers(60_000)) as opened:
        request = run_input(MatchCondition("check", "place >= 0"), match_limit=NO_LIMIT)
        findall_id = opened.engine.create(request).findall_id
        for added in enrichments:
            opened.engine.enrich(findall_id, added)
        until(lambda: opened.store.run(findall_id).matched > 0)
        opened.engine.cancel(findall_id)
        found = opened.wait(findall_id)
    assert found["run"]["status"]["status"] == "cancelled"
    assert 0 < len(found["candidates"]) < 60_000


@pytest.mark.parametrize("generator", ["base", "pro"])
def test_a_run_is_cancelled_while_rows_are_selected_or_a_model_is_silent(
    gate: threading.Event, generator: str
) -> None:
    """With a shortlist, for which an index is built, or without."""
    model = EveryNth(gate=gate)
    with bench(numbers(30_000), model) as opened:
        findall_id = opened.create(3, generator=generator)
        until(lambda: opened.store.run(findall_id).status == "running")
        if generator == "pro":
            assert model.begun.wait(10)
        opened.engine.cancel(findall_id)
        assert opened.wait(findall_id)["run"]["status"]["status"] == "cancelled"
        assert not gate.is_set()


def test_a_run_is_cancelled_while_a_long_objective_is_read() -> None:
    """Bodies of megabytes are read in another thread."""
    with Service(numbers(100_000)) as service:
        caller = Caller(service)
        findall_id = caller.run(match_conditions=[], match_limit=NO_LIMIT)
        objective = {"objective": "Find all things or " * 200_000}
        reading = threading.Thread(target=lambda: caller.post("/ingest", objective))
        reading.start()
        assert caller.post(f"/runs/{findall_id}/cancel").status_code == 200
        assert caller.events(findall_id)[-1]["data"]["status"]["status"] == "cancelled"
        reading.join()


def test_a_condition_that_takes_long_to_read_does_not_hold_up_other_runs(
    gate: threading.Event,
) -> None:
    """A model that is silent about a new run leaves those in columns alone."""

    def silent(*_: Any, **__: Any) -> str:
        gate.wait(30)
        return '{"readings": []}'

    with Service(numbers(20), model=open_model(silent)) as service:
        caller = Caller(service)
        conditions = [{"name": "check", "description": "is nice"}]
        slow = threading.Thread(
            target=lambda: caller.post("/runs", {**RUN, "match_conditions": conditions})
        )
        slow.start()
        time.sleep(0.2)
        assert caller.events(caller.run())
        assert slow.is_alive()
        gate.set()
        slow.join()
