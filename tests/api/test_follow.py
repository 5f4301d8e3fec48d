"""Streams that talk without an end: what is over is over, and the clock goes on."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import findall_frames as ff
from findall_frames.api import events as api_events
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import Event, FindAllRunStatusEvent
from tests.support.scripted import (
    RUN_ID,
    Reply,
    Request,
    ScriptedServer,
    answer,
    candidate,
    event,
    run_object,
    story,
    stream,
)

AT = f"/runs/{RUN_ID}"
FIRST, *MIDDLE, LAST = story()
RUNNING = answer(run_object("running"))
DONE = answer(run_object("completed", matched=3, generated=3))
ERROR = b'data: {"type": "error", "error": {"ref_id": "r", "message": "m"}}\n\n'


@pytest.fixture(autouse=True)
def _short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two heartbeats are twenty seconds."""
    monkeypatch.setattr(api_events, "SILENCE", 0.3)


def told(
    client: ff.Client, *, seconds: float = 20, ends_once: bool = False
) -> list[Event | str | None]:
    """Return all that is yielded for a run until it is over."""
    deadline = Deadline.after(seconds)
    return list(api_events.follow(client, RUN_ID, ends_once=ends_once, deadline=deadline))


def is_over(yielded: list[Event | str | None]) -> bool:
    """Return True if the last event says that the run is over."""
    last = yielded[-1]
    return isinstance(last, FindAllRunStatusEvent) and last.data.status.is_over


def chatter(*pieces: bytes, every: float = 0.02) -> Reply:
    """Begin the story, and repeat the pieces for a minute."""
    repeated = itertools.islice(itertools.cycle(pieces), int(60 / every))
    timed = itertools.chain.from_iterable((piece, every) for piece in repeated)
    return stream(FIRST, MIDDLE[0], *timed, then="hang")


def fresh(kind: str, data: object) -> list[bytes]:
    """Return many events of a type, each with an id of its own."""
    return [event(kind, number, data) for number in range(100, 3200)]


ENDED = run_object("completed", matched=3, generated=3)
CHATTER = {
    "comments": chatter(b": ping\n\n"),
    "comments without blank lines": chatter(b": ping\n"),
    "blank lines": chatter(b"\n\n"),
    "pings without data": chatter(b"event: ping\n\n"),
    "empty data": chatter(b"data:\n\n"),
    "retries": chatter(b"retry: 10\n\n"),
    "ids": chatter(b"id: 7\n\n"),
    "no JSON": chatter(b"data: [DONE]\n\n"),
    "an event that never ends": chatter(b"data: x\n"),
    "single bytes": chatter(b"x"),
    "old events": chatter(FIRST, MIDDLE[0]),
    "unknown events": chatter(*fresh("findall.run.rested", {})),
    "invalid events": chatter(*fresh("findall.candidate.matched", {"candidate_id": 3})),
    "heartbeats of a run that goes on": chatter(*fresh("findall.status", run_object())),
    "candidates": chatter(*fresh("findall.candidate.matched", candidate(1))),
    "heartbeats of a run that is over": chatter(*fresh("findall.status", ENDED)),
    "the end, then comments": chatter(LAST, *[b": ping\n\n"] * 3000),
    "the end, then unknown events": chatter(LAST, *fresh("findall.run.rested", {})),
    "the end, then candidates": chatter(LAST, *fresh("findall.candidate.enriched", candidate(1))),
    "errors": chatter(ERROR),
}


@pytest.mark.parametrize("reply", CHATTER.values(), ids=CHATTER.keys())
def test_a_run_that_is_over_is_over_whatever_its_stream_goes_on_to_say(
    server: ScriptedServer, client: ff.Client, reply: Reply
) -> None:
    """The status tells, and it is asked although the stream is never quiet."""
    server.on("GET", f"{AT}/events", reply)
    server.on("GET", AT, RUNNING, RUNNING, DONE)
    assert is_over(told(client))


@pytest.mark.parametrize("kind", ["comments", "old events", "single bytes"])
def test_a_clock_goes_on_while_a_stream_talks_without_a_pause(
    server: ScriptedServer, client: ff.Client, kind: str
) -> None:
    """None comes about four times a second, so that a person can stop waiting."""
    server.on("GET", f"{AT}/events", CHATTER[kind])
    server.on("GET", AT, RUNNING)
    ticks = sum(item is None for item in told(client, seconds=2))
    assert ticks >= 4


def test_the_status_is_asked_at_growing_intervals(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the answer is that the run goes on; a new event begins anew."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(api_events, "SILENCE", 20.0)
    questions = api_events._Questions()

    def asked_until(end: float) -> Iterator[float]:
        nonlocal now
        while questions.due_at < end:
            now = questions.due_at
            yield now
            questions.answered()

    assert list(asked_until(300)) == [20, 50, 95, 155, 215, 275]
    now = 280
    questions.heard()
    assert next(asked_until(400)) == 300


def test_a_stream_that_brings_new_events_is_believed_for_a_while(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status that fails meanwhile does not end the wait."""
    monkeypatch.setattr(api_events, "SILENCE", 1.0)  # a busy machine is silent for a while
    beats = [part for beat in fresh("findall.status", run_object())[:60] for part in (beat, 0.05)]
    server.on("GET", f"{AT}/events", stream(*beats, LAST))
    server.on("GET", AT, answer(status=404))
    assert is_over(told(client, ends_once=True))
    assert 1 <= len(server.sent("GET", AT)) <= 3
    assert len(server.sent("GET", f"{AT}/events")) == 1


def test_a_status_request_that_hangs_does_not_hold_the_events_up(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It runs beside them."""
    server.on("GET", f"{AT}/events", stream(FIRST), stream(*MIDDLE, LAST))
    server.on("GET", AT, Reply(200, (30.0, json.dumps(run_object()).encode())))
    assert is_over(told(client, seconds=10, ends_once=True))


def test_a_stream_that_ends_at_once_each_time_is_opened_ever_more_rarely(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Also when it repeats what it has told before."""
    server.on("GET", f"{AT}/events", stream(FIRST, MIDDLE[0]))
    server.on("GET", AT, RUNNING)
    told(client, seconds=3)
    assert len(server.sent("GET", f"{AT}/events")) <= 6


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_stream_is_not_opened_again_before_the_service_allows_it(
    server: ScriptedServer, client: ff.Client, status: int, form: str
) -> None:
    """The status is asked meanwhile."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    wait = "60" if form == "seconds" else later
    server.on("GET", f"{AT}/events", answer(status=status, Retry_After=wait), stream(*story()))
    server.on("GET", AT, RUNNING, RUNNING, DONE)
    assert is_over(told(client))
    assert len(server.sent("GET", f"{AT}/events")) == 1
    assert len(server.sent("GET", AT)) == 3


def test_a_short_pause_of_the_stream_is_kept(server: ScriptedServer, client: ff.Client) -> None:
    """Then its events are told."""
    times: list[float] = []

    def busy(request: Request) -> Reply:
        times.append(time.monotonic())
        return answer(status=429, Retry_After="1") if len(times) < 3 else stream(*story())

    server.on("GET", f"{AT}/events", busy)
    server.on("GET", AT, RUNNING)
    assert is_over(told(client, ends_once=True))
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(times))


def test_a_long_pause_of_the_status_is_kept(server: ScriptedServer, client: ff.Client) -> None:
    """It is reported at once by the client, and waited out by the waiter."""
    server.on("GET", f"{AT}/events", answer(status=404))
    server.on("GET", AT, answer(status=429, Retry_After="300"))
    deadline = Deadline.after(2)
    list(api_events.follow(client, RUN_ID, is_new=True, deadline=deadline))
    assert len(server.sent("GET", AT)) <= 2


def test_a_pause_that_the_service_asks_for_is_told(
    server: ScriptedServer, client: ff.Client
) -> None:
    """In the place of a tick, by what the display shows until the run goes on."""
    server.on("GET", f"{AT}/events", answer(status=503, Retry_After="300"))
    server.on("GET", AT, answer(status=429, Retry_After="2"), DONE)
    seen = told(client)
    said = [each for each in seen if isinstance(each, str)]
    assert said[0] == "rate limited; next attempt in 2 s"
    assert said[-1] == "rate limited; next attempt in 1 s"
    assert is_over(seen)


def test_a_display_shows_the_pause_and_then_the_status(
    server: ScriptedServer, client: ff.Client
) -> None:
    """What is shown last is not that it waits."""
    server.on("GET", f"{AT}/events", answer(status=503, Retry_After="300"))
    server.on("GET", AT, RUNNING, answer(status=503, Retry_After="2"), DONE)
    updates: list[ff.Update] = []
    ff.resume(RUN_ID, client=client, progress=updates.append)
    shown = list(dict.fromkeys(each.status for each in updates))
    assert "the service is busy; next attempt in 2 s" in shown
    assert updates[-1].status == "completed"


def test_the_end_of_another_run_is_not_the_end(server: ScriptedServer, client: ff.Client) -> None:
    """A proxy may mix up two streams."""
    foreign = event("findall.status", 9, run_object("completed") | {"findall_id": "findall_other"})
    server.on("GET", f"{AT}/events", stream(FIRST, foreign, *story()))
    server.on("GET", AT, RUNNING)
    events = told(client, ends_once=True)
    assert is_over(events)
    ids = {each.data.findall_id for each in events if isinstance(each, FindAllRunStatusEvent)}
    assert ids == {RUN_ID}
