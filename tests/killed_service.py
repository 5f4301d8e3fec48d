"""A service that is killed again and again; run as a program, since it forks.

Usage: killed_service.py STORE SEED KILLS
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import requests
from local_evaluators import EveryNth, numbers

from findall_frames.api.models import (
    ExcludeCandidate,
    FindAllEnrichInput,
    FindAllRunInput,
    JsonSchema,
    MatchCondition,
)
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server.service import Service

SIZE = 3_000
ENRICHMENT = FindAllEnrichInput(
    JsonSchema({"type": "object", "properties": {"ceo": {"type": "string"}}})
)
EXCLUDED = [ExcludeCandidate(f"entity {n}", f"local://{n}") for n in range(0, SIZE, 50)]


def start_runs(engine: Engine) -> list[str]:
    """Start three runs: one plain, one with an enrichment, one that is extended and excludes."""

    def create(divisor: int, **changes: Any) -> str:
        given = {
            "objective": "Find entities",
            "entity_type": "entities",
            "match_conditions": [MatchCondition("check", f"every {divisor}th")],
            "generator": "core",
            "match_limit": 1_000,
        }
        return engine.create(FindAllRunInput(**{**given, **changes})).findall_id

    plain, enriched = create(7), create(5)
    engine.enrich(enriched, ENRICHMENT)
    extended = create(11, match_limit=5, exclude_list=EXCLUDED)
    engine.extend(extended, by=995)
    return [plain, enriched, extended]


def events_of(store: Store, findall_id: str) -> list[bytes]:
    """All events of a run, as they are stored."""
    lines: list[bytes] = []
    page = store.events(findall_id, after=0)
    while page.lines:
        lines += page.lines
        page = store.events(findall_id, after=page.last)
    return lines


def main(path: Path, *, seed: int, kills: int) -> dict[str, Any]:
    """Kill a service at so many moments while its runs go on, and let the last one finish."""
    chance = random.Random(seed)
    corpus = numbers(SIZE)
    store = Store(path)
    # Runs can be created without an engine that works on them.
    found = start_runs(Engine(corpus, evaluator=EveryNth(), store=store))
    told = {findall_id: events_of(store, findall_id) for findall_id in found}
    store.close()
    active_at_death = 0
    for _ in range(kills):
        ready, begun = os.pipe()
        child = os.fork()
        if child == 0:
            Service(corpus, evaluator=EveryNth(delay=0.0005), store=path).start()
            os.write(begun, b".")
            time.sleep(60)
            os._exit(1)
        os.read(ready, 1)
        time.sleep(chance.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(begun)
        store = Store(path)
        with store.database.read() as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        active_at_death += len(store.active()) == len(found)
        for findall_id, earlier in told.items():
            now = events_of(store, findall_id)
            assert now[: len(earlier)] == earlier, "what was sent must stay what it was"
            told[findall_id] = now
        store.close()
    with Service(corpus, evaluator=EveryNth(), store=path) as service:
        for findall_id in found:
            # The stream of a run ends with it.
            url = f"{service.url}/v1beta/findall/runs/{findall_id}/events"
            requests.get(url, timeout=60).raise_for_status()
    return {"runs": found, "active_at_death": active_at_death}


if __name__ == "__main__":
    done = main(Path(sys.argv[1]), seed=int(sys.argv[2]), kills=int(sys.argv[3]))
    sys.stdout.write(json.dumps(done))
