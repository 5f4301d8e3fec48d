"""Answers without bounds end with a clear error: long, packed, deep or with endless headers."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import findall_frames as ff
from findall_frames.api import http
from findall_frames.api import stream as streams
from findall_frames.api.deadline import Deadline
from findall_frames.api.events import follow
from findall_frames.api.models import FindAllRunStatusEvent
from tests.api.test_client import RUN_INPUT
from tests.support.scripted import (
    RUN_ID,
    Reply,
    ScriptedServer,
    answer,
    event,
    run_object,
    story,
    stream,
)

AT = f"/runs/{RUN_ID}"
MEGABYTE = 1 << 20
GZIP = {"content-type": "text/event-stream", "content-encoding": "gzip"}
DEEP = b"[" * 200_000
CLOSED = DEEP + b"]" * 200_000
RUN = b'{"findall_id": "f", "status": '


def packed(size: int) -> bytes:
    """Return gzip that unpacks to many spaces."""
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(b" " * MEGABYTE) for _ in range(size // MEGABYTE)]
    return b"".join(pieces) + packer.flush()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that are quick to exceed."""
    monkeypatch.setattr(http, "LONGEST_BODY", MEGABYTE)
    monkeypatch.setattr(streams, "LONGEST_FRAME", MEGABYTE)


LONG = {
    "plain": Reply(200, (b" " * 3 * MEGABYTE,)),
    "in chunks": Reply(200, (b" " * MEGABYTE,) * 3, framing="chunked"),
    "without an end": Reply(200, (b" " * MEGABYTE,) * 3, framing="close", then="hang"),
    "packed": Reply(200, (packed(64 * MEGABYTE),), {"content-encoding": "gzip"}),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("reply", LONG.values(), ids=LONG.keys())
def test_an_answer_that_is_too_long_is_not_read_to_its_end(
    server: ScriptedServer, client: ff.Client, reply: Reply
) -> None:
    """Nor asked for again; a creation may have taken effect."""
    server.on("GET", f"{AT}/result", reply)
    server.on("POST", "/runs", reply)
    with pytest.raises(ff.errors.UnexpectedResponseError, match="more than 1 MB") as caught:
        client.result_json(RUN_ID, timeout=20)
    assert caught.value.findall_id == RUN_ID
    assert len(server.sent("GET", f"{AT}/result")) == 1
    with pytest.raises(ff.AmbiguousCreateError, match="more than 1 MB"):
        client.create(RUN_INPUT, timeout=20)


@pytest.mark.parametrize("status", [400, 503])
def test_the_beginning_of_a_long_refusal_is_read(
    server: ScriptedServer, client: ff.Client, status: int
) -> None:
    """It says what is wrong."""
    body = gzip.compress(b"No room. " + b"x" * 8 * MEGABYTE)
    server.on("POST", "/runs", Reply(status, (body,), {"content-encoding": "gzip"}))
    with pytest.raises(ff.FindAllError, match=str(status)):
        client.create(RUN_INPUT, timeout=20)


DEEP_BODIES = {
    "open": DEEP,
    "closed": CLOSED,
    "in the run": RUN + CLOSED + b"}",
    "in a label": RUN
    + b'{"status": "completed", "is_active": false, "metrics": {}}, "metadata": '
    + CLOSED
    + b"}",
    "invalid UTF-8": b'{"findall_id": "\xff"}',
    "a lone surrogate": b'{"findall_id": "\\ud800"}',
    "numbers": b"9" * 100_000,
}


@pytest.mark.parametrize("body", DEEP_BODIES.values(), ids=DEEP_BODIES.keys())
@pytest.mark.parametrize("status", [200, 422])
def test_an_answer_that_is_too_deep_or_broken_is_a_clear_error(
    server: ScriptedServer, client: ff.Client, body: bytes, status: int
) -> None:
    """It is one of ours, for each kind of request."""
    for method, path in [("GET", AT), ("GET", f"{AT}/result"), ("POST", "/runs")]:
        server.on(method, path, Reply(status, (body,)))
    calls: list[Callable[[], object]] = [
        lambda: client.retrieve(RUN_ID),
        lambda: client.result(RUN_ID),
        lambda: client.create(RUN_INPUT),
    ]
    for call in calls:
        with pytest.raises(ff.FindAllError):
            call()


HEADERS = {
    "long": {"x-long": "x" * 100_000},
    "many": {f"x-{number}": "y" for number in range(500)},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_headers_without_bounds_are_a_clear_error(
    server: ScriptedServer, client: ff.Client, headers: dict[str, str]
) -> None:
    """The standard library limits them."""
    server.on("GET", AT, Reply(200, (b"{}",), headers))
    server.on("POST", "/runs", Reply(200, (b"{}",), headers))
    server.on("GET", f"{AT}/events", Reply(200, (b"",), headers))
    with pytest.raises(ff.errors.UnreachableError):
        client.retrieve(RUN_ID)
    with pytest.raises(ff.AmbiguousCreateError):
        client.create(RUN_INPUT)
    with pytest.raises(ff.errors.UnreachableError):
        client.events(RUN_ID)


FIRST = story()[0]
ODD_EVENTS = {
    "long": stream(FIRST, *[b"data: " + b"x" * MEGABYTE] * 3, then="hang"),
    "packed": Reply(200, (packed(64 * MEGABYTE),), GZIP, "chunked", "hang"),
    "not packed": Reply(200, (b"data: x\n\n",), GZIP, "chunked"),
    "deep": stream(FIRST, b"data: " + CLOSED + b"\n\n"),
    "deep data": stream(b'data: {"type": "findall.status", "data": ' + CLOSED + b"}\n\n"),
    "deep output": stream(
        event("findall.candidate.matched", 1, {"output": 1}).replace(b"1}", CLOSED + b"}")
    ),
    "not UTF-8": stream(FIRST, b"data: \xff\xfe\n\n", b"\x80: \xc3\n\n"),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("reply", ODD_EVENTS.values(), ids=ODD_EVENTS.keys())
def test_an_event_without_bounds_ends_its_connection_and_not_the_wait(
    server: ScriptedServer, client: ff.Client, reply: Reply
) -> None:
    """The next connection goes on."""
    server.on("GET", f"{AT}/events", reply, stream(*story()))
    server.on("GET", AT, answer(run_object("running")))
    told = list(follow(client, RUN_ID, ends_once=True, deadline=Deadline.after(15)))
    assert isinstance(told[-1], FindAllRunStatusEvent)
    assert told[-1].data.status.is_over


@pytest.mark.usefixtures("small")
def test_a_stream_that_is_read_directly_says_that_its_event_is_too_long(
    server: ScriptedServer, client: ff.Client
) -> None:
    """As an error of ours."""
    server.on("GET", f"{AT}/events", ODD_EVENTS["long"])
    with (
        client.events(RUN_ID) as opened,
        pytest.raises(ff.errors.UnexpectedResponseError, match="more than 1 MB"),
    ):
        list(opened)


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"data:", b"\n\n", b"\r", *story(2)])))
@example([b"\xef\xbb\xbf", *story(2)])
def test_any_bytes_are_events_or_nothing(pieces: list[bytes]) -> None:
    """However they are cut, and a byte order mark may come first."""
    whole = [event for batch in streams.read_batches([b"".join(pieces)]) for event in batch]
    cut = [event for batch in streams.read_batches(pieces) for event in batch]
    if pieces[:1] == [b"\xef\xbb\xbf"]:
        assert len(whole) == len(story(2))
    assert [repr(each) for each in cut] == [repr(each) for each in whole]


SHAPES = [b"data: x\n", b"data:\n", b"event: a\n", b"id: 7\n", b": c\n", b"\n", b"\r\n", b"x"]


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_takes_time_in_proportion_to_the_length(shape: bytes) -> None:
    """Four times the length must not take sixteen times as long."""

    def seconds(count: int) -> float:
        body = shape * count + b"\n\n"
        chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
        begun = time.process_time()
        list(streams.read_batches(chunks))
        return time.process_time() - begun

    short = min(seconds(50_000) for _ in range(3))
    assert min(seconds(200_000) for _ in range(3)) < 10 * short + 0.05


def test_many_enrichments_take_time_in_proportion_to_their_number() -> None:
    """Twenty thousand took a minute."""
    enrichments = {f"field_{number}": "Anything" for number in range(20_000)}
    begun = time.process_time()
    search = ff.Search("o", entity_type="e", match_conditions=["c"], enrichments=enrichments)
    search.check()
    assert time.process_time() - begun < 10
    assert len(search.enrichments[0].output_schema.json_schema["properties"]) == 20_000
