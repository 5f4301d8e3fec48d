"""Random faults of a service: the run is created once, and its tables are complete."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

import findall_frames as ff
from findall_frames.api import events as api_events
from tests.support.scripted import (
    RUN_ID,
    Reply,
    Request,
    Script,
    ScriptedServer,
    answer,
    candidate,
    event,
    healthy,
    result,
    run_object,
    story,
    stream,
)

AT = f"/runs/{RUN_ID}"
MATCHES = 6
EVENTS = story(MATCHES)
NOISE = [
    b": a comment\n\n",
    b"event: ping\n\n",
    b"data:\n\n",
    b"retry: 10\n\n",
    b"\n\n\n",
    b"id: 7\n\n",
    b"data: [DONE]\n\n",
    event("findall.run.rested", 900, {"why": "unknown type"}),
    event("findall.candidate.enriched", 901, candidate(2) | {"basis": None}),
    event("findall.candidate.enriched", 902, {"candidate_id": "candidate_2"}),
]
GOOD_RESULT = answer(result(MATCHES))


def broken_answer(rng: random.Random) -> Reply:
    """Return a reply after which the request is retried."""
    return rng.choice(
        [
            answer(status=rng.choice([408, 429, 500, 502, 503, 504])),
            answer(status=429, Retry_After="0"),
            answer(status=503, Retry_After="0"),
            Reply(200, (b'{"run": {"findall',), {"content-length": "4000"}, then="close"),
            Reply(200, (b'{"run": {"findall',), {"content-length": "4000"}, then="reset"),
            Reply(200, (b"<html>a proxy</html>",), {"content-type": "text/html"}),
            Reply(0, then="close"),
            Reply(0, then="reset"),
        ]
    )


def broken_stream(rng: random.Random) -> Script:
    """Return an event stream that ends too early, in one of many ways."""
    kind = rng.randrange(12)
    if kind >= 10:
        return endless(rng)
    if kind == 0:
        return answer(status=rng.choice([404, 429, 500, 503]))
    if kind == 1:
        return rng.choice([answer({"no": "stream"}), stream()])
    rest_of_rng = random.Random(rng.random())

    def reply(request: Request) -> Reply:
        body = b"".join(pieces(rest_of_rng, request))
        cut = rest_of_rng.randrange(len(body) + 1)
        step = rest_of_rng.choice([7, 100, 5000])
        parts = [body[at : min(at + step, cut)] for at in range(0, cut, step)]
        if rest_of_rng.random() < 0.15:
            message = b'data: {"type": "error", "error": {"ref_id": "r", "message": "m"}}\n\n'
            parts = [body[: body.rfind(b"\n\n", 0, cut) + 2] + message]
        return stream(
            *parts,
            framing=rest_of_rng.choice(["chunked", "length", "close"]),
            then=rest_of_rng.choice(["keep", "close", "reset", "hang"]),
        )

    return reply


def endless(rng: random.Random) -> Reply:
    """Return a stream that ends too early, and goes on talking without saying anything new."""
    told = EVENTS[: rng.randrange(len(EVENTS))]
    chatter = rng.choice([*NOISE[:7], EVENTS[0], b"data: ", b"x"])
    return stream(*told, *(chatter, rng.choice([0.01, 0.1])) * 100, then="hang")


def pieces(rng: random.Random, request: Request) -> list[bytes]:
    """Return the requested events, or all of them, with noise in between."""
    last = parse_qs(request.query).get("last_event_id", [""])[0]
    begin = int(last.removeprefix("event_")) + 1 if last and rng.random() < 0.7 else 0
    events = EVENTS[min(begin, len(EVENTS)) :]
    sent: list[bytes] = []
    for piece in events:
        if rng.random() < 0.3:
            sent.append(rng.choice(NOISE))
        sent.extend([piece] * rng.choice([1, 1, 1, 2]))
    return [part.replace(b"\n", b"\r\n") for part in sent] if rng.random() < 0.2 else sent


def whole_stream(rng: random.Random) -> Callable[[Request], Reply]:
    """Return an event stream that is complete."""
    rest_of_rng = random.Random(rng.random())
    return lambda request: stream(*pieces(rest_of_rng, request))


def run_with_faults(seed: int) -> tuple[int, list[bool], int]:
    """Run one search with the faults of a seed; return it, what is equal, and runs created."""
    rng = random.Random(seed)
    breaks = rng.randrange(5)
    running = answer(run_object("running"))
    done = answer(run_object("completed", matched=MATCHES, generated=MATCHES))
    with ScriptedServer() as server, ff.Client(base_url=server.url) as client:
        healthy(server, matches=MATCHES)
        rejected = rng.choice([0, 0, 1, 2])
        busy = answer(status=429, Retry_After="0")
        server.on("POST", "/runs", *[busy] * rejected, answer(run_object("queued")))
        server.on(
            "GET",
            f"{AT}/events",
            *[broken_stream(rng) for _ in range(breaks)],
            whole_stream(rng),
        )
        states: list[Script] = []
        for _ in range(rng.randrange(4)):
            states.extend(rng.choice([[running], [broken_answer(rng), running]]))
        server.on("GET", AT, *states, done)
        server.on(
            "GET",
            f"{AT}/result",
            *[broken_answer(rng) for _ in range(rng.choice([0, 0, 1]))],
            GOOD_RESULT,
        )
        frames = ff.find_all(
            "Find tile makers",
            entity_type="companies",
            match_conditions={"makes_tiles": "Company must make tiles"},
            client=client,
            progress=False,
            timeout=60,
        )
        expected = ff.flatten(result(MATCHES))
        same = [
            frames.tables[name].equals(expected.tables[name])
            for name in ("candidates", "fields", "citations")
        ]
        return seed, same, len(server.sent("POST", "/runs")) - rejected


@pytest.fixture
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect sooner than after two heartbeats, to keep the suite short."""
    monkeypatch.setattr(api_events, "SILENCE", 0.4)
    # Hundreds of servers share a few ports, so that their searches would look repeated.
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", "off")


def run_seeds(seeds: range) -> None:
    """Run many seeds in parallel; they mostly wait."""
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(run_with_faults, seeds))
    assert [outcome for outcome in outcomes if outcome[1:] != ([True] * 3, 1)] == []


@pytest.mark.usefixtures("short_silence")
def test_two_hundred_random_fault_sequences_change_nothing() -> None:
    """The failing seeds are in the message."""
    run_seeds(range(200))


@pytest.mark.thorough
@pytest.mark.usefixtures("short_silence")
def test_two_thousand_random_fault_sequences_change_nothing() -> None:
    """The same in ten minutes: pytest -m thorough."""
    begin = int(os.environ.get("FINDALL_FRAMES_SEED", "1000"))
    run_seeds(range(begin, begin + 2000))
