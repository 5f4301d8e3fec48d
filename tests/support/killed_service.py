"""Kill a service again and again; a program of its own, since it forks.

Usage: python -m tests.support.killed_service STORE SEED KILLS
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from findall_frames.api.models import NO_LIMIT, ExcludeCandidate, MatchCondition
from findall_frames.embedded.chat.language_model import Model
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server.service import Service
from tests.support.local_bench import enrichment, run_input, stored_events
from tests.support.local_models import EveryNth, numbers
from tests.support.until import until

SIZE = 600
ENRICHMENT = enrichment("remark")
EXCLUDED = [ExcludeCandidate(f"entity {n}", f"local://{n}") for n in range(0, SIZE, 50)]
# The model is asked one question at a time, about this many rows.
ROWS_A_QUESTION = 8


def start_run(engine: Engine, description: str, **changes: Any) -> str:
    """Start a run with one condition."""
    request = run_input(
        MatchCondition("check", description), **{"match_limit": NO_LIMIT, **changes}
    )
    return engine.create(request).findall_id


def start_run_of_columns(engine: Engine) -> str:
    """Start a short run that needs no model."""
    findall_id = start_run(engine, "place % 2 = 0")
    engine.enrich(findall_id, ENRICHMENT)
    return findall_id


def start_runs_of_model(engine: Engine) -> list[str]:
    """Start three runs: a plain one, one with an enrichment, one extended with exclusions."""
    plain, enriched = start_run(engine, "every 7th"), start_run(engine, "every 5th")
    engine.enrich(enriched, ENRICHMENT)
    extended = start_run(engine, "every 11th", match_limit=5, exclude_list=EXCLUDED)
    engine.extend(extended, by=995)
    return [plain, enriched, extended]


def asked_rows(lines: list[bytes]) -> Iterator[str]:
    """Yield the rows whose verdicts of the model were published, in the form of the model's log."""
    for line in lines:
        event = json.loads(line)
        if event["type"].endswith("matched"):
            reason = event["data"]["basis"][0]["reasoning"]
            if " modulo " in reason:
                divisor = reason.rpartition(" modulo ")[2].partition(" is ")[0]
                yield f"{event['data']['row']} {divisor}"


def wait_for_candidates(path: Path, findall_id: str) -> None:
    """Wait until the first candidates of a run of another process are stored."""
    query = "SELECT generated FROM runs WHERE findall_id = ?"
    with closing(sqlite3.connect(path)) as connection:
        until(lambda: connection.execute(query, (findall_id,)).fetchone() != (0,))


def main(path: Path, *, seed: int, kills: int) -> dict[str, Any]:
    """Kill a service `kills` times while its runs are active, and let the last one finish.

    The runs with a model last over all kills. Each kill has a new run without a model, and every
    other kill waits until that run has candidates.
    """
    chance = random.Random(seed)
    corpus = numbers(SIZE)
    log = path.with_suffix(".log")
    log.touch()

    def model(delay: float = 0.0) -> Model:
        return open_model(EveryNth(delay=delay, log=log))

    published: dict[str, list[bytes]] = {}
    known: set[str] = set()
    of_model: list[str] = []
    of_columns: list[str] = []
    asked_again = active_at_death = halfway = 0
    for number in range(kills):
        store = Store(path)
        # This engine is not started: it only creates runs.
        engine = Engine(corpus, model=model(), store=store)
        of_model = of_model or start_runs_of_model(engine)
        of_columns.append(start_run_of_columns(engine))
        published |= {findall_id: stored_events(store, findall_id) for findall_id in store.active()}
        store.close()
        size = log.stat().st_size
        ready, begun = os.pipe()
        child = os.fork()
        if child == 0:
            Service(corpus, model=model(delay=0.01), store=path).start()
            os.write(begun, b".")
            time.sleep(60)
            os._exit(1)
        os.read(ready, 1)
        if number % 2:
            wait_for_candidates(path, of_columns[-1])
        time.sleep(chance.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(begun)
        with log.open(encoding="utf-8") as answers:
            answers.seek(size)
            asked_again += len(known.intersection(answers.read().splitlines()))
        store = Store(path)
        with store.database.read() as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        active_at_death += set(of_model) <= set(store.active())
        run = store.run(of_columns[-1])
        halfway += run.is_active and run.generated > 0
        for findall_id, earlier in published.items():
            now = stored_events(store, findall_id)
            assert now[: len(earlier)] == earlier, "published events must not change"
            if findall_id in of_model:
                known.update(asked_rows(now[len(earlier) :]))
        published.clear()
        store.close()
    with Service(corpus, model=model(), store=path) as service:
        for findall_id in of_model + of_columns:
            # The stream ends when the run does.
            url = f"{service.url}/v1beta/findall/runs/{findall_id}/events"
            requests.get(url, timeout=60).raise_for_status()
    answered = log.read_text(encoding="utf-8").splitlines()
    return {
        "of_model": of_model,
        "of_columns": of_columns,
        "active_at_death": active_at_death,
        "halfway": halfway,
        "asked_again": asked_again,
        "answers": len(answered),
        "rows_answered": len(set(answered)),
    }


if __name__ == "__main__":
    done = main(Path(sys.argv[1]), seed=int(sys.argv[2]), kills=int(sys.argv[3]))
    sys.stdout.write(json.dumps(done))
