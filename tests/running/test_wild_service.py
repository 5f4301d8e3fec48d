"""A service that does anything: each search ends in time, with the right tables or an error."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.api import deadline as limits
from findall_frames.api import events as api_events
from findall_frames.api import waiting
from findall_frames.running import creating, recorded_run
from tests.support.scripted import (
    AT,
    SCHEMA,
    Reply,
    Request,
    Script,
    ScriptedServer,
    answer,
    candidate,
    event,
    find,
    healthy,
    result,
    run_object,
    story,
    stream,
)

MATCHES = 4
TIMEOUT = 6.0
SLACK = 10.0
"""Seconds beyond the timeout that a busy machine may take."""
OTHER = {"findall_id": "findall_other"}
DONE = run_object("completed", matched=MATCHES, generated=MATCHES)
TABLES = ("candidates", "fields", "citations")
_real_time, _real_monotonic = time.time, time.monotonic


def shorten_the_clock() -> None:
    """Make every pause of the package short; for a process of its own."""
    api_events.SILENCE = 0.4  # type: ignore[misc]
    api_events._OUTAGE = 2.0  # type: ignore[misc]
    api_events._NEW = 0.5  # type: ignore[misc]
    api_events._FIRST_PAUSE = 0.02  # type: ignore[misc]
    api_events._LONGEST_PAUSE = 0.3  # type: ignore[misc]
    waiting._FIRST_PAUSE = waiting._SHORTEST_PAUSE = 0.05
    recorded_run._RESULT_PAUSES = (0.02, 0.05, 0.1)  # type: ignore[misc]
    creating._LOOK_SECONDS = 0.2  # type: ignore[misc]
    for retry in (limits.IDEMPOTENT, limits.NON_IDEMPOTENT):
        retry.backoff_factor, retry.backoff_jitter = 0.005, 0.0


def headers(rng: random.Random) -> dict[str, str]:
    """Return a Retry-After of some kind, or none."""
    soon = datetime.now(UTC) + timedelta(seconds=rng.choice([-3600, 1, 3600]))
    date = format_datetime(soon, usegmt=True)
    odd = ["soon", "", "-1", "1e9", "9" * 400, "1, 2"]
    wait = rng.choice([None, None, "0", "0", "1", date, "86400", *odd])
    return {} if wait is None else {"Retry_After": wait}


def with_nulls(rng: random.Random, content: Any) -> Any:
    """Return JSON in which some values are null, empty or of another type."""
    if rng.random() < 0.03:
        return rng.choice([None, None, None, [], {}, "", 0, "text"])
    if isinstance(content, dict):
        return {name: with_nulls(rng, value) for name, value in content.items()}
    if isinstance(content, list):
        return [with_nulls(rng, value) for value in content]
    return content


def pieces(body: bytes, step: int, pause: float) -> list[bytes | float]:
    """Cut bytes, with pauses between the parts."""
    return [
        part for at in range(0, len(body), step) for part in (body[at : at + step], pause) if part
    ]


def wild_answer(rng: random.Random, good: dict[str, Any]) -> Reply:
    """Return a reply to a request for JSON; few of them are right."""
    body = json.dumps(good).encode()
    html = {"content-type": "text/html"}
    status = rng.choice([408, 429, 429, 500, 502, 503, 504, 520, 529])
    replies: list[Callable[[], Reply]] = [
        lambda: answer(good),
        lambda: answer(status=status, **headers(rng)),
        lambda: answer(status=status, **headers(rng)),
        lambda: answer({"error": "x"}, status=rng.choice([400, 401, 402, 403, 404, 409, 418, 422])),
        lambda: answer(status=rng.choice([204, 206, 301, 304, 307]), location="http://[::1"),
        lambda: Reply(200, (b"<html>a proxy</html>",), html),
        lambda: Reply(200, (body,), html),
        lambda: Reply(200, (body[: rng.randrange(len(body))],), framing="close", then="close"),
        lambda: Reply(200, (body[:9],), {"content-length": "5000"}, then="reset"),
        lambda: Reply(0, then=rng.choice(["close", "reset", "hang"])),
        lambda: Reply(0, (rng.randbytes(200),), then="close"),
        lambda: Reply(200, tuple(pieces(body, 200, 0.02)), framing="chunked"),
        lambda: Reply(200, (body[:5],), {"content-length": "5000"}, then="hang"),
        lambda: Reply(200, (b" " * 3_000_000 + body,)),
        lambda: Reply(200, (b"[" * 100_000,)),
        lambda: answer(rng.choice([None, [], {}, "x", 5, [good]])),
        lambda: answer(with_nulls(rng, good)),
        lambda: answer(with_nulls(rng, good)),
        lambda: answer({**good, **OTHER, "run": {**good.get("run", {}), **OTHER}}),
    ]
    return rng.choice(replies)()


def wild_status(rng: random.Random) -> dict[str, Any]:
    """Return a status that may come before or after any other."""
    status = rng.choice(["queued", "running", "running", "completed", "cancelling", "resting"])
    run = run_object(status, matched=rng.randrange(MATCHES + 1), generated=MATCHES)
    if rng.random() < 0.2:
        run["status"]["is_active"] = rng.random() < 0.5
    return run


def noise(rng: random.Random) -> bytes:
    """Return bytes for an event stream, whole frames or not."""
    foreign = run_object("completed") | OTHER
    return rng.choice(
        [
            b": a comment\n\n",
            b"event: ping\n\n",
            b"data:\n\n",
            b"retry: 1\n\n",
            b"data: [DONE]\n\n",
            b"data: " + rng.randbytes(50) + b"\n\n",
            b"data: " + b"[" * 50_000 + b"\n\n",
            b"data: " + b"x" * 300_000 + b"\n\n",
            b"data: a\n" * 5_000 + b"\n",
            b"\xff\xfe\x00\r\r",
            b'data: {"type": "error", "error": {"ref_id": "r", "message": "m"}}\n\n',
            event("findall.run.rested", 900, {"why": "unknown type"}),
            event("findall.candidate.enriched", 902, {"candidate_id": "candidate_2"}),
            event("findall.status", 903, foreign),
            event("findall.status", 904, wild_status(rng)),
            event("findall.candidate.matched", 905, with_nulls(rng, candidate(1))),
            event("findall.schema.updated", 906, with_nulls(rng, SCHEMA)),
        ]
    )


def wild_stream(rng: random.Random) -> Reply:
    """Return an event stream: cut, slow, repeated, mixed up, endless, or none at all."""
    if rng.random() < 0.2:
        return wild_answer(rng, run_object())
    told = story(MATCHES)
    if rng.random() < 0.3:
        rng.shuffle(told)
    frames: list[bytes] = []
    for frame in told:
        frames += [noise(rng) for _ in range(rng.choice([0, 0, 1, 2]))]
        frames += [frame] * rng.choice([0, 1, 1, 1, 2])
    if rng.random() < 0.2:
        frames = [frame.replace(b"\n", rng.choice([b"\r\n", b"\r"])) for frame in frames]
    body = b"".join(frames)
    body = body[: rng.randrange(len(body) + 1)] if rng.random() < 0.5 else body
    parts: list[bytes | float] = [body]
    if len(body) < 20_000:
        parts = pieces(body, rng.choice([7, 300, 20_000]), rng.choice([0, 0, 0.01]))
    if rng.random() < 0.2:
        parts += [rng.choice([b": ping\n\n", b"x", told[0], b"data: "]), 0.05] * 200
    return stream(
        *parts,
        framing=rng.choice(["chunked", "length", "close"]),
        then=rng.choice(["keep", "close", "reset", "hang"]),
    )


def script_of(rng: random.Random, wild: Callable[[], Script], good: Script) -> list[Script]:
    """Return some wild replies; mostly, good ones follow."""
    replies = [wild() for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5]))]
    return [*replies, good] if not replies or rng.random() < 0.8 else replies


def jump(rng: random.Random) -> None:
    """Set the clocks of this process: the time of day to any, the other one only forward."""
    begin, later = _real_monotonic(), rng.choice([0.1, 0.3, 1.0])
    of_day, awake = rng.choice([0, 0, -7200, 7200]), rng.choice([0, 0, 0, 0, 2, 60])

    def has_jumped() -> bool:
        return _real_monotonic() - begin > later

    time.time = lambda: _real_time() + of_day * has_jumped()
    time.monotonic = lambda: _real_monotonic() + awake * has_jumped()


def search_with_faults(seed: int) -> tuple[int, str, list[str]]:
    """Run one search; return its seed, how it ended, and what is wrong with that."""
    rng = random.Random(seed)
    results: list[Reply] = []
    creations: list[Reply] = []

    def wild_result() -> Script:
        content = result(rng.choice([MATCHES, MATCHES, *range(MATCHES)]))
        results.append(wild_answer(rng, content) if rng.random() < 0.7 else answer(content))
        return results[-1]

    def create(request: Request) -> Reply:
        queued = run_object("queued")
        creations.append(wild_answer(rng, queued) if rng.random() < 0.3 else answer(queued))
        return creations[-1]

    def status() -> Script:
        return answer(wild_status(rng)) if rng.random() < 0.5 else wild_answer(rng, DONE)

    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        ScriptedServer() as server,
        ff.Client(api_key="", base_url=server.url) as client,
    ):
        os.environ["FINDALL_FRAMES_HOME"] = home
        healthy(server, matches=MATCHES)
        results.append(answer(result(MATCHES)))
        events = script_of(rng, lambda: wild_stream(rng), stream(*story(MATCHES)))
        server.on("POST", "/runs", create)
        server.on("GET", f"{AT}/events", *events)
        server.on("GET", AT, *script_of(rng, status, answer(DONE)))
        server.on("GET", f"{AT}/result", *script_of(rng, wild_result, results[0]))
        server.on("POST", "/../memory/retrieve", wild_answer(rng, {"results": []}))
        outcome: ff.FindAllFrames | ff.FindAllError | str
        begun = _real_monotonic()
        jump(rng)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ff.FindAllWarning)
            try:
                outcome = find(client, timeout=TIMEOUT)
            except ff.FindAllError as error:
                outcome = error
            except BaseException:  # noqa: BLE001  (that is what is looked for)
                outcome = traceback.format_exc()
            finally:
                time.time, time.monotonic = _real_time, _real_monotonic
        took = _real_monotonic() - begun
        wrong = [f"{each.message}" for each in caught if each.category is ff.errors.LedgerWarning]
        if took > TIMEOUT + SLACK:
            wrong.append(f"it took {took:.1f} s")
        if sum(reply.status != 429 for reply in creations) > 1:
            wrong.append("it was created twice")
        wrong += wrong_in_ledger(outcome)
        if isinstance(outcome, str):
            wrong.append(outcome)
        elif isinstance(outcome, ff.FindAllFrames):
            is_partial = any(each.category is ff.errors.PartialResultWarning for each in caught)
            wrong += wrong_tables(outcome, results, is_partial=is_partial)
        return seed, type(outcome).__name__, wrong


def wrong_in_ledger(outcome: object) -> list[str]:
    """Return what is wrong with the ledger after a search."""
    runs = ff.runs()
    ids, statuses = runs["findall_id"].dropna().tolist(), runs["status"].tolist()
    findall_id = getattr(outcome, "findall_id", None)
    if findall_id is not None:
        return [] if ids == [findall_id] else [f"{findall_id} is not in the ledger: {ids}"]
    return [] if statuses in (["unknown"], ["refused"]) else [f"the ledger says {statuses}"]


def wrong_tables(frames: ff.FindAllFrames, results: list[Reply], *, is_partial: bool) -> list[str]:
    """Return what is wrong with tables: no result has them, or they lack counted ones, unsaid."""
    wrong = []
    if len(frames.matches) < ff.runs().loc[0, "matched_candidates_count"] and not is_partial:
        wrong.append(f"{len(frames.matches)} matches, without a warning")
    for reply in results:
        body = b"".join(piece for piece in reply.pieces if isinstance(piece, bytes))
        with suppress(ff.FindAllError):
            expected = ff.flatten(body, schema=frames.searches.get(frames.findall_id))
            if all(frames.tables[name].equals(expected.tables[name]) for name in TABLES):
                return wrong
    return [*wrong, f"no result has these tables: {frames!r}"]


def run_seeds(seeds: range) -> Counter[str]:
    """Run many seeds in processes, each of which has clocks and a ledger of its own."""
    workers = 4 * (os.cpu_count() or 2)
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=shorten_the_clock
    ) as pool:
        outcomes = list(pool.map(search_with_faults, seeds, chunksize=5))
    counts = Counter(ending for _, ending, _ in outcomes)
    sys.stderr.write(f"{dict(counts.most_common())}\n")
    assert [(seed, wrong) for seed, _, wrong in outcomes if wrong] == []
    return counts


@pytest.mark.thorough
def test_two_thousand_wild_services_end_well() -> None:
    """In five minutes; the failing seeds are in the message. FINDALL_FRAMES_SEED sets others."""
    begin = int(os.environ.get("FINDALL_FRAMES_SEED", "1000"))
    counts = run_seeds(range(begin, begin + 2000))
    assert counts["FindAllFrames"] > 500
