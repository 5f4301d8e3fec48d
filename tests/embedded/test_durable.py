"""Runs are finished whenever the service is killed, and however many clients read them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from findall_frames.api.models import NO_LIMIT
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server.service import Service
from tests.support.killed_service import (
    ROWS_A_QUESTION,
    SIZE,
    start_run_of_columns,
    start_runs_of_model,
)
from tests.support.local_bench import stored_events, without_ids
from tests.support.local_caller import RUN
from tests.support.local_models import EveryNth, numbers
from tests.support.until import until


def undisturbed() -> list[Any]:
    """Return the results of the same runs without any kills."""
    store = Store()
    engine = Engine(numbers(SIZE), model=open_model(EveryNth()), store=store)
    engine.start()
    found = [*start_runs_of_model(engine), start_run_of_columns(engine)]
    until(lambda: not any(store.run(findall_id).is_active for findall_id in found), seconds=60)
    engine.stop()
    results = [json.loads(store.result(findall_id)) for findall_id in found]
    store.close()
    return results


def assert_whole(store: Store, findall_id: str, result: Any) -> None:
    """Check that the events report each candidate once, and end in the state of the result."""
    events = [json.loads(line) for line in stored_events(store, findall_id)]
    names = [event["event_id"] for event in events]
    assert len(set(names)) == len(names)
    assert names == sorted(names)
    assert events[-1]["data"] == result["run"]
    reported = Counter(
        (event["type"].rpartition(".")[2], event["data"]["candidate_id"])
        for event in events
        if event["type"].startswith("findall.candidate.")
    )
    expected: Counter[tuple[str, str]] = Counter()
    for item in result["candidates"]:
        expected["generated", item["candidate_id"]] += 1
        expected[item["match_status"], item["candidate_id"]] += 1
        if "remark" in item["output"]:
            expected["enriched", item["candidate_id"]] += 1
    assert reported == expected
    assert result["run"]["status"]["metrics"] == {
        "generated_candidates_count": SIZE,
        "matched_candidates_count": sum(
            item["match_status"] == "matched" for item in result["candidates"]
        ),
        "rows": SIZE,
    }


@pytest.mark.skipif(os.name == "nt", reason="it forks, which Windows does not")
@pytest.mark.parametrize(
    ("seed", "kills"),
    [(1, 15), *(pytest.param(2, kills, marks=pytest.mark.thorough) for kills in (50, 500))],
)
def test_a_service_killed_at_any_moment_finishes_its_runs(
    tmp_path: Path, seed: int, kills: int
) -> None:
    """No candidate is lost or repeated, no event changes, and no answer is paid for twice."""
    path = tmp_path / "runs.db"
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_service", str(path), str(seed), str(kills)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["active_at_death"] >= min(kills, 50)
    assert report["halfway"] > 0
    # Only an answer that was not stored before a kill is requested again.
    assert report["asked_again"] == 0
    assert report["answers"] - report["rows_answered"] <= kills * ROWS_A_QUESTION
    store = Store(path)
    found = [*report["of_model"], *report["of_columns"]]
    results = [json.loads(store.result(findall_id)) for findall_id in found]
    for findall_id, result in zip(found, results, strict=True):
        assert_whole(store, findall_id, result)
    store.close()
    *of_model, of_columns = [without_ids(result) for result in undisturbed()]
    assert [without_ids(result) for result in results] == [*of_model, *[of_columns] * kills]


def test_many_runs_and_many_readers_finish() -> None:
    """Twenty runs and fifty streams, one of which is never read."""
    with Service(numbers(2_000)) as service:
        base = f"{service.url}/v1beta/findall/runs"
        conditions = [{"name": "check", "description": "place <> 1999"}]
        request = {**RUN, "match_conditions": conditions, "match_limit": NO_LIMIT}

        def start(_: int) -> str:
            return str(requests.post(base, json=request, timeout=60).json()["findall_id"])

        def follow(findall_id: str) -> bytes:
            return requests.get(f"{base}/{findall_id}/events", timeout=120).content

        with ThreadPoolExecutor(50) as pool:
            found = list(pool.map(start, range(20)))
            stalled = requests.get(f"{base}/{found[0]}/events", stream=True, timeout=60)
            bodies = list(pool.map(follow, [found[n % 20] for n in range(49)]))
        stalled.close()
    assert len(set(found)) == 20
    for number, body in enumerate(bodies):
        assert body == bodies[number % 20]
        last = json.loads(body.rstrip().rpartition(b"data: ")[2])
        assert last["data"]["status"]["termination_reason"] == "candidates_exhausted"
        assert body.count(b"event: findall.candidate.generated") == 2_000


@contextmanager
def served(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `findall-frames serve`, and yield the process and its address."""
    program = shutil.which("findall-frames", path=str(Path(sys.executable).parent))
    assert program is not None, "install the package first: pip install -e ."
    with subprocess.Popen(
        [program, "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[-1]
        process.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_a_stream_ends_after_a_whole_event_on_sigterm(tmp_path: Path) -> None:
    """In the middle of a run; the next service sends the same events again, and the rest."""
    table, store = tmp_path / "samples.csv", tmp_path / "runs.db"
    rows = "".join(f"Sample {n},{n}\n" for n in range(60_000))
    table.write_text(f"name,grams\n{rows}", encoding="utf-8")
    body = {
        "objective": "Find samples with grams of at least 0",
        "entity_type": "samples",
        "match_conditions": [{"name": "grams_check", "description": "grams >= 0"}],
        "generator": "pro",
        "match_limit": NO_LIMIT,
    }
    with served(table, "--store", store) as (process, address):
        runs = f"{address}/v1beta/findall/runs"
        found = requests.post(runs, json=body, timeout=10).json()["findall_id"]
        with requests.get(f"{runs}/{found}/events", stream=True, timeout=60) as stream:
            chunks = stream.iter_content(chunk_size=None)
            sent = next(chunks)
            process.send_signal(signal.SIGTERM)
            # A truncated body would raise here.
            sent += b"".join(chunks)
        assert process.wait(60) == 0
    assert sent.endswith(b"}\n\n")
    assert b"candidates_exhausted" not in sent
    with served(table, "--store", store) as (_, address):
        url = f"{address}/v1beta/findall/runs/{found}/events"
        again = requests.get(url, timeout=120).content
    assert again.startswith(sent)
    assert again.count(b"event: findall.candidate.matched\n") == 60_000
    assert b"candidates_exhausted" in again[len(sent) :]
