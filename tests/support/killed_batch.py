"""Kill calls of find_many at seeded moments, and make each again; a program, since it forks.

Usage: python -m tests.support.killed_batch URL SEED KILLS SIZE
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import warnings
from datetime import timedelta

import findall_frames as ff
from findall_frames.many import find_many
from tests.support.scripted import CONDITIONS, KEY
from tests.support.short_clock import shorten_clock

# The longest time after which a call is killed; it takes about as long.
_SPAN = 0.5


def searches_of(kill: int, size: int) -> list[ff.Search]:
    """Return the searches of one call, some with an enrichment."""
    return [
        ff.Search(
            f"Find tile makers {kill}.{n}",
            entity_type="companies",
            match_conditions=CONDITIONS,
            enrichments={"ceo": "Name of the CEO"} if n % 3 == 0 else None,
            match_limit=5,
        )
        for n in range(size)
    ]


def call(url: str, searches: list[ff.Search]) -> ff.FindAllFrames:
    """Run the searches silently."""
    with ff.Client(api_key=KEY, base_url=url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return find_many(searches, client=client, progress=False, timeout=60)


def main(url: str, *, seed: int, kills: int, size: int) -> list[dict[str, object]]:
    """Kill one call after the other, each of other searches, and make each of them again."""
    chance = random.Random(seed)
    shorten_clock(longest_creation=timedelta(0))
    call(url, searches_of(-1, 1))  # what is imported when it is used is imported in here
    outcomes: list[dict[str, object]] = []
    for kill in range(kills):
        searches = searches_of(kill, size)
        child = os.fork()
        if child == 0:
            call(url, searches)
            os._exit(0)
        time.sleep(chance.uniform(0.02, _SPAN))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        runs = ff.runs()
        known = runs[runs["objective"].isin([each.objective for each in searches])]
        frames = call(url, searches)
        outcomes.append(
            {
                "before": len(known),
                "over_before": int((known["status"] == "completed").sum()),
                "statuses": frames.runs["status"].tolist(),
                "objectives": frames.runs["objective"].tolist(),
                "findall_ids": list(frames.findall_ids),
                "orphans": len(set(frames.candidates["findall_id"]) - set(frames.findall_ids)),
            }
        )
    return outcomes


if __name__ == "__main__":
    done = main(sys.argv[1], seed=int(sys.argv[2]), kills=int(sys.argv[3]), size=int(sys.argv[4]))
    sys.stdout.write(json.dumps(done))
