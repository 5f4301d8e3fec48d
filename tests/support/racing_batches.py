"""Call find_many in several processes at once, perhaps kill the first; a program, since it forks.

Usage: python -m tests.support.racing_batches URL FOLDER, with the other terms as JSON on stdin:
`calls` (the numbers of the searches of each process), `budget`, `threads` (calls at once in each
process) and `kill_after` (seconds, or null).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import findall_frames as ff
from findall_frames.many import find_many
from findall_frames.running import pricing
from tests.support.scripted import CONDITIONS, KEY
from tests.support.short_clock import shorten_clock

_LONGEST_CREATION = timedelta(seconds=3)


def racing_search(number: int) -> ff.Search:
    """Return one of the searches."""
    return ff.Search(
        f"Find tile makers {number}",
        entity_type="companies",
        match_conditions=CONDITIONS,
        match_limit=5,
    )


def _call(url: str, numbers: list[int], budget: float) -> list[dict[str, Any]]:
    with ff.Client(api_key=KEY, base_url=url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = find_many(
            [racing_search(number) for number in numbers],
            client=client,
            budget=budget,
            progress=False,
            timeout=60,
        )
    columns = ["objective", "status", "findall_id"]
    rows: list[dict[str, Any]] = frames.runs[columns].to_dict("records")
    return rows


def _work(url: str, numbers: list[int], result: Path, *, budget: float, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(lambda _: _call(url, numbers, budget), range(threads)))
    result.write_text(json.dumps(outcomes), "utf-8")


def main(url: str, folder: Path, terms: dict[str, Any]) -> None:
    """Fork, kill, and wait; what each process got is in a file named after its place."""
    shorten_clock(longest_creation=_LONGEST_CREATION)
    pricing.HOSTED_URL = url  # type: ignore[misc]
    children = []
    for place, numbers in enumerate(terms["calls"]):
        child = os.fork()
        if child == 0:
            result = folder / f"{place}.json"
            _work(url, numbers, result, budget=terms["budget"], threads=terms["threads"])
            os._exit(0)
        children.append(child)
    if terms["kill_after"] is not None:
        time.sleep(terms["kill_after"])
        os.kill(children[0], signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.load(sys.stdin))
