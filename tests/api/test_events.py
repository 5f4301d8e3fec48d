"""From the bytes of one connection to events."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.api.models import (
    ErrorEvent,
    Event,
    FindAllCandidateMatchStatusEvent,
    FindAllRunStatusEvent,
    UnknownEvent,
)
from findall_frames.api.stream import read_batches, whole_frames
from tests.support.scripted import (
    RUN_ID,
    Framing,
    Reply,
    ScriptedServer,
    candidate,
    event,
    run_object,
    story,
)

AT = f"/runs/{RUN_ID}/events"
STORY = b"".join(story(2))
KINDS = [
    "findall.status",
    "findall.candidate.matched",
    "findall.candidate.matched",
    "findall.status",
]


def events(chunks: Iterable[bytes]) -> list[Event]:
    """Return the events in some chunks."""
    return [event for batch in read_batches(chunks) for event in batch]


def kinds(*chunks: bytes) -> list[str]:
    """Return the types of the events in some chunks."""
    return [event.type for event in events(chunks)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 100_000])
def test_chunks_may_be_cut_anywhere(size: int) -> None:
    """Also in the middle of a multibyte character."""
    named = candidate(1) | {"name": "Fliesen Großmann 瓷砖"}
    body = STORY + event("findall.candidate.matched", 9, named)
    found = events(body[at : at + size] for at in range(0, len(body), size))
    assert [event.type for event in found] == [*KINDS, "findall.candidate.matched"]
    last = found[-1]
    assert isinstance(last, FindAllCandidateMatchStatusEvent)
    assert last.data.name == "Fliesen Großmann 瓷砖"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_newline_is_read(newline: bytes) -> None:
    """The standard allows three."""
    assert kinds(STORY.replace(b"\n", newline)) == KINDS


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_an_event_without_its_blank_line_is_dropped(cut: int) -> None:
    """The connection may have broken in the middle of it."""
    assert kinds(STORY[:-cut]) == KINDS[:-1]


def test_frames_without_an_event_are_skipped() -> None:
    """Comments, pings, retries, empty data and end markers."""
    noise = b": ping\n\n", b"event: ping\n\n", b"retry: 100\n\n", b"data:\n\n", b"data: [DONE]\n\n"
    first, *rest = story(2)
    assert kinds(first, *noise, b"\n\n\n", *rest, b"id: 7\n\n", b'data: "text"\n\n') == KINDS


def test_data_may_be_split_over_lines() -> None:
    """The standard joins them with a newline."""
    whole = event("findall.status", 1, run_object()).decode()
    split = whole.replace('"event_id"', '\ndata: "event_id"')
    assert split.count("data:") == 2
    assert kinds(split.encode()) == ["findall.status"]


def test_the_type_comes_from_the_json() -> None:
    """The contract does not say whether there is an event line."""
    without = b"".join(
        line + b"\n" for line in STORY.split(b"\n") if not line.startswith(b"event:")
    )
    assert kinds(without) == KINDS


def test_the_type_need_not_come_first() -> None:
    """JSON objects have no order."""
    content = json.loads(event("findall.candidate.matched", 1, candidate(1)).partition(b"data:")[2])
    last = {"data": content.pop("data"), **content}
    (only,) = events([f"data: {json.dumps(last)}\n\n".encode()])
    assert isinstance(only, FindAllCandidateMatchStatusEvent)
    assert only.data.name == "Tile maker 1"


def test_unknown_types_are_kept_as_json() -> None:
    """So are known types with invalid data."""
    odd = event("findall.candidate.paused", 1, {"candidate_id": 3})
    new = event("findall.run.rested", 2, {"for": "a while"})
    assert [
        (type(event), event.event_id, bytes(event.data))
        for event in events([odd, new])
        if isinstance(event, UnknownEvent)
    ] == [
        (UnknownEvent, "event_1", b'{"candidate_id": 3}'),
        (UnknownEvent, "event_2", b'{"for": "a while"}'),
    ]


def test_an_error_event_has_neither_id_nor_data() -> None:
    """It is an event all the same."""
    body = b'data: {"type": "error", "error": {"ref_id": "r", "message": "No luck"}}\n\n'
    (only,) = events([body])
    assert isinstance(only, ErrorEvent)
    assert only.error.message == "No luck"


def test_unicode_line_separators_do_not_end_a_line() -> None:
    """Only CR and LF do; U+2028 and U+0085 are ordinary characters of a name."""
    body = event("findall.status", 1, run_object()).replace(b'"core"', '"a\u2028b\u0085c"'.encode())
    (only,) = events([body])
    assert isinstance(only, FindAllRunStatusEvent)
    assert only.data.generator == "a\u2028b\u0085c"


def test_a_huge_event_in_small_chunks_takes_linear_time() -> None:
    """Only new bytes are searched for the blank line."""
    body = b"data: " + b"x" * 400_000 + b"\n\n"
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    assert list(whole_frames(pieces)) == [body]


def read_first_and_all(
    server: ScriptedServer, client: ff.Client, *pieces: bytes, **form: Any
) -> None:
    """Read the first event of an idle connection, and all of another one."""
    reply = Reply(200, pieces, **form)
    server.on("GET", AT, replace(reply, pieces=pieces[:1], then="hang"), reply)
    with client.events(RUN_ID) as opened:
        assert next(iter(opened)).type == "findall.status"
    with client.events(RUN_ID) as opened:
        assert len(list(opened)) == 5


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_events_are_yielded_as_they_arrive(
    server: ScriptedServer, client: ff.Client, framing: Framing
) -> None:
    """Whatever marks the end of the body, the first does not wait for it."""
    headers = {"content-type": "text/event-stream"}
    if framing == "length":
        headers["content-length"] = str(len(b"".join(story())))
    read_first_and_all(server, client, *story(), headers=headers, framing=framing)


def test_compressed_events_are_yielded_as_they_arrive(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A proxy may compress them."""
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in story()]
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    read_first_and_all(server, client, *pieces, packer.flush(), headers=headers, framing="chunked")
