"""How long the tables take once the last event has arrived."""

from __future__ import annotations

import statistics
import sys
import time

import pytest

import findall_frames as ff
from tests.support.scripted import RUN_ID, ScriptedServer, answer, healthy, result

pytestmark = pytest.mark.benchmark
MATCHES = 500


def test_the_tables_are_in_hand_within_fifty_milliseconds_of_the_end() -> None:
    """Plus the flattening; the ledger has kept the result by then. Medians of seven."""
    body = result(MATCHES)
    waits, flattenings = [], []
    with ScriptedServer() as server, ff.Client(base_url=server.url) as client:
        healthy(server, matches=MATCHES)
        server.on("GET", f"/runs/{RUN_ID}/result", answer(body))
        for limit in range(5, 13):
            ended: list[float] = []

            def note(update: ff.Update, ended: list[float] = ended) -> None:
                if update.is_over:
                    ended.append(time.perf_counter())

            ff.find_all(
                "Find tile makers",
                entity_type="companies",
                match_conditions=["Company must make tiles"],
                match_limit=limit,
                client=client,
                progress=note,
            )
            waits.append(time.perf_counter() - ended[0])
            content = client.result_json(RUN_ID)
            begun = time.perf_counter()
            ff.flatten(content)
            flattenings.append(time.perf_counter() - begun)
    # The first of the eight warms up what is imported late.
    wait, flattening = statistics.median(waits[1:]), statistics.median(flattenings[1:])
    sys.stdout.write(
        f"\nfrom the last event to the tables: {1000 * wait:.0f} ms, "
        f"of which {1000 * flattening:.0f} ms are the flattening"
    )
    assert wait - flattening <= 0.05
