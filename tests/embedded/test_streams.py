"""The event streams of the embedded service: order, resumption, timeouts, slow readers."""

from __future__ import annotations

import gc
import json
import threading

import pytest
import requests

from findall_frames.api.models import NO_LIMIT
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import Caller, assert_invalid, frames, stalled
from tests.support.local_models import numbers


def test_a_stream_has_all_events_and_ends_with_the_run(caller: Caller) -> None:
    """It is the same each time, and its last event is the final status."""
    findall_id = caller.run()
    answer = caller.get(f"/runs/{findall_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    first = frames(answer.content)
    again = frames(caller.get(f"/runs/{findall_id}/events").content)
    assert first == again
    last = json.loads(first[-1].split("data: ")[1])
    assert last["data"] == caller.get(f"/runs/{findall_id}").json()
    assert last["data"]["status"]["is_active"] is False


def test_a_stream_can_be_resumed_after_any_event(caller: Caller) -> None:
    """By query or by header; an unknown id gives the whole stream."""
    findall_id = caller.run()
    whole = caller.events(findall_id)
    foreign = caller.events(caller.run())[3]["event_id"]
    for number in (0, 4, len(whole) - 2, len(whole) - 1):
        name = whole[number]["event_id"]
        rest = caller.events(findall_id, params={"last_event_id": name})
        assert rest == whole[number + 1 :]
        assert caller.events(findall_id, headers={"last-event-id": name}) == rest
    beyond = whole[0]["event_id"][:-12] + "f" * 12
    for unknown in ("", "nonsense", foreign, beyond):
        assert caller.events(findall_id, params={"last_event_id": unknown}) == whole


def test_a_timeout_ends_the_stream_and_not_the_run(asker: Caller, gate: threading.Event) -> None:
    """With 0 it has the stored events; it can be resumed after a heartbeat as well."""
    findall_id = asker.run()
    began = asker.events(findall_id, params={"timeout": "0"})
    assert began[0]["data"]["status"]["status"] == "queued"
    part = asker.events(findall_id, params={"timeout": "0.3"})
    beats = [event for event in part if "-" in event["event_id"]]
    assert len(beats) >= 2
    assert {event["type"] for event in beats} == {"findall.status"}
    assert {event["data"]["status"]["status"] for event in beats} <= {"queued", "running"}
    gate.set()
    stored = [event for event in part if "-" not in event["event_id"]]
    rest = asker.events(findall_id, params={"last_event_id": part[-1]["event_id"]})
    rest = [event for event in rest if "-" not in event["event_id"]]
    assert stored + rest == asker.events(findall_id)


@pytest.mark.parametrize("timeout", ["-1", "-0.001", "nan", "inf", "soon", "", "1,5"])
def test_an_invalid_timeout_is_refused(caller: Caller, timeout: str) -> None:
    """In the form of the contract, before a stream starts."""
    answer = caller.get(f"/runs/{caller.run()}/events", params={"timeout": timeout})
    assert_invalid(answer, where=["query", "timeout"], words=f"got {timeout!r}")


def test_events_are_sent_as_they_occur(asker: Caller, gate: threading.Event) -> None:
    """A reader gets the first candidates while other rows are not judged yet."""
    findall_id = asker.run()
    answer = asker.get(f"/runs/{findall_id}/events", stream=True)
    lines = (line for line in answer.iter_lines() if line.startswith(b"event: "))
    seen = [next(lines)]
    while seen[-1] != b"event: findall.candidate.generated":
        seen.append(next(lines))
    gate.set()
    rest = list(lines)
    assert b"event: findall.candidate.matched" in rest
    assert rest[-1] == b"event: findall.status"


def test_a_head_request_for_a_stream_is_answered_at_once(asker: Caller) -> None:
    """Without waiting for the run."""
    answer = requests.head(f"{asker.url}/runs/{asker.run()}/events", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_stalled_reader_delays_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the run, nor other readers, nor the stop of the service; nothing is logged."""
    with Service(numbers(9_000)) as running:
        caller = Caller(running)
        findall_id = caller.run(match_conditions=[], match_limit=NO_LIMIT)
        with stalled(f"{caller.url}/runs/{findall_id}/events"):
            events = caller.events(findall_id)
            assert events[-1]["data"]["status"]["termination_reason"] == "candidates_exhausted"
            assert len(events) == 2 * 9_000 + 3
            running.stop()
    gc.collect()
    assert caplog.records == []


def test_readers_may_disconnect(asker: Caller, gate: threading.Event) -> None:
    """Many of them, while a run is active."""
    findall_id = asker.run()
    for _ in range(20):
        with asker.get(f"/runs/{findall_id}/events", stream=True) as answer:
            next(answer.iter_lines())
    gate.set()
    assert asker.events(findall_id)[-1]["data"]["status"]["status"] == "completed"
