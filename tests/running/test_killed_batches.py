"""A call of find_many that was killed, made again: it completes, and creates nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.benchmarks.measure import environment
from tests.support.run_farm import RunFarm
from tests.support.scripted import ScriptedServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
SIZE = 8


def check_kills(server: ScriptedServer, *, kills: int, seed: int) -> list[int]:
    """Kill calls, and return how many of their searches each had started."""
    farm = RunFarm(server)
    command = [sys.executable, "-m", "tests.support.killed_batch", server.url]
    done = subprocess.run(
        [*command, str(seed), str(kills), str(SIZE)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60 + 10 * kills,
        env=environment(),
    )
    outcomes = json.loads(done.stdout)
    created = Counter(farm.objectives)
    assert max(created.values()) == 1, "nothing may be created twice"
    for outcome in outcomes:
        assert outcome["orphans"] == 0
        for objective, status in zip(outcome["objectives"], outcome["statuses"], strict=True):
            # Killed between the record of the intent and the request, a creation is in doubt.
            assert (status, created[objective]) in (("completed", 1), ("unknown", 0))
    for findall_id, asked in farm.asked.items():
        wanted = 1 if asked["objective"].rpartition(".")[2] in ("0", "3", "6") else 0
        assert len(farm.enriched.get(findall_id, [])) == wanted
    doubts = [status for outcome in outcomes for status in outcome["statuses"]].count("unknown")
    assert doubts <= kills
    return [outcome["before"] for outcome in outcomes]


def test_a_killed_call_is_completed_by_the_same_call(server: ScriptedServer) -> None:
    """Killed at three moments."""
    check_kills(server, kills=3, seed=3)


@pytest.mark.thorough
def test_calls_killed_at_thirty_moments_are_completed(server: ScriptedServer) -> None:
    """Before, while and after their runs are created."""
    started = check_kills(server, kills=30, seed=30)
    assert len(set(started)) >= 5, "the moments are spread"
