"""Processes that call find_many at once: one budget, no run twice, whichever of them is killed."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from findall_frames.running.ledger import Ledger
from tests.benchmarks.measure import environment
from tests.support.run_farm import RunFarm
from tests.support.scripted import ScriptedServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
CEILING = 2.75
"""Of one search, in US dollars."""


@contextmanager
def watching_spent() -> Iterator[list[float]]:
    """Look all the time at what the ledger says is spent and reserved, in US dollars."""
    ledger = Ledger.of_this_machine()
    ledger.rows()  # makes the file
    assert ledger.path is not None
    seen: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        with closing(sqlite3.connect(ledger.path, timeout=10)) as connection:
            while not ended.wait(0.002):
                (spent,) = connection.execute(
                    "SELECT total(iif(is_over, cost, reserved)) FROM runs"
                ).fetchone()
                seen.append(spent)

    thread = threading.Thread(target=watch)
    thread.start()
    yield seen
    ended.set()
    thread.join()


def race(
    server: ScriptedServer,
    folder: Path,
    calls: list[list[int]],
    *,
    budget: float,
    threads: int = 1,
    kill_after: float | None = None,
) -> list[list[dict[str, Any]]]:
    """Run one process for each of the calls; return the rows of every call that came to its end."""
    for old in folder.glob("*.json"):
        old.unlink()
    terms = {"calls": calls, "budget": budget, "threads": threads, "kill_after": kill_after}
    subprocess.run(
        [sys.executable, "-m", "tests.support.racing_batches", server.url, str(folder)],
        input=json.dumps(terms),
        check=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    return [rows for path in sorted(folder.glob("*.json")) for rows in json.loads(path.read_text())]


def by_objective(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return the outcome of each search of a call."""
    return {row["objective"]: (row["status"], row["findall_id"]) for row in rows}


def test_two_processes_share_their_runs_and_their_budget(
    server: ScriptedServer, tmp_path: Path
) -> None:
    """Each returns the runs of both, and what they did not cost is used for another."""
    farm = RunFarm(server)
    budget = 6.5 * CEILING
    with watching_spent() as spent:
        calls = [list(range(10)), list(range(9, -1, -1))]
        first, second = race(server, tmp_path, calls, budget=budget)
    assert len(spent) > 10
    assert max(spent) <= budget
    assert spent[-1] + CEILING > budget, "one more would not have fitted"
    assert max(Counter(farm.objectives).values()) == 1
    assert len(farm.asked) == 7
    completed = {
        name: found for name, found in by_objective(first).items() if found[0] == "completed"
    }
    assert sorted(completed) == sorted(farm.objectives)
    assert by_objective(first) == by_objective(second)


def test_two_processes_with_overlapping_searches_share_what_both_ask(
    server: ScriptedServer, tmp_path: Path
) -> None:
    """Each has its budget, and the same calls with more of it complete all."""
    farm = RunFarm(server)
    budget = 3.5 * CEILING
    calls = [list(range(8)), list(range(4, 12))]
    with watching_spent() as spent:
        outcomes = race(server, tmp_path, calls, budget=budget)
    assert max(spent) <= 2 * budget
    assert len(farm.asked) < 12
    assert max(Counter(farm.objectives).values()) == 1
    for rows in outcomes:
        found = by_objective(rows)
        completed = {name for name, (status, _) in found.items() if status == "completed"}
        # What the other call started after this one had ended is not in it.
        assert completed <= set(farm.objectives)
        assert {status for status, _ in found.values()} <= {"completed", "not_started"}
    again = race(server, tmp_path, calls, budget=20 * CEILING)
    assert Counter(farm.objectives) == Counter(f"Find tile makers {n}" for n in range(12))
    assert {status for rows in again for status, _ in by_objective(rows).values()} == {"completed"}


def test_eight_threads_and_two_processes_race_for_one_budget(
    server: ScriptedServer, tmp_path: Path
) -> None:
    """All sixteen calls return the same runs."""
    farm = RunFarm(server)
    budget = 4.5 * CEILING
    with watching_spent() as spent:
        outcomes = race(server, tmp_path, [list(range(8))] * 2, budget=budget, threads=8)
    assert len(outcomes) == 16
    assert max(spent) <= budget
    assert len(farm.asked) == 5
    assert max(Counter(farm.objectives).values()) == 1
    assert all(by_objective(rows) == by_objective(outcomes[0]) for rows in outcomes)


def check_kills(
    server: ScriptedServer, folder: Path, *, kills: int, seed: int, longest: float
) -> list[int]:
    """Kill one of two processes at seeded moments; return how much each had begun."""
    chance = random.Random(seed)
    begun = []
    farm = RunFarm(server)
    for kill in range(kills):
        numbers = list(range(1000 * kill, 1000 * kill + 10))
        calls = [numbers, numbers[::-1]]
        before = {row["token"] for row in Ledger.of_this_machine().rows()}
        # The other one may have come to its end before it was killed.
        *_, survivor = race(
            server, folder, calls, budget=100, kill_after=chance.uniform(0.02, longest)
        )
        created = Counter(farm.objectives)
        assert max(created.values()) == 1
        for objective, (status, _) in by_objective(survivor).items():
            # Killed between the record of the intent and the request, a creation is in doubt.
            assert (status, created[objective]) in (("completed", 1), ("unknown", 0))
        doubts = [status for status, _ in by_objective(survivor).values()].count("unknown")
        assert doubts <= 1
        begun.append(len({row["token"] for row in Ledger.of_this_machine().rows()} - before))
        (again,) = race(server, folder, [numbers], budget=100)
        assert by_objective(again) == by_objective(survivor)
        assert max(Counter(farm.objectives).values()) == 1
    return begun


def test_one_of_two_processes_is_killed(server: ScriptedServer, tmp_path: Path) -> None:
    """The other one waits for the runs of both."""
    check_kills(server, tmp_path, kills=1, seed=7, longest=0.3)


@pytest.mark.thorough
def test_one_of_two_processes_is_killed_at_twenty_moments(
    server: ScriptedServer, tmp_path: Path
) -> None:
    """Before, while and after its runs are created."""
    begun = check_kills(server, tmp_path, kills=20, seed=20, longest=0.6)
    assert max(begun) == 10
