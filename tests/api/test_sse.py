"""From awkward bytes to whole events."""

from __future__ import annotations

import pytest

from findall_frames.api.models import (
    ErrorEvent,
    FindAllCandidateMatchStatusEvent,
    FindAllRunStatusEvent,
    UnknownEvent,
)
from findall_frames.api.sse import read_events, whole_frames
from tests.support.scripted import candidate, event, run_object, story

STORY = b"".join(story(2))
KINDS = [
    "findall.status",
    "findall.candidate.matched",
    "findall.candidate.matched",
    "findall.status",
]


def kinds(*chunks: bytes) -> list[str]:
    """The types of the events in some chunks."""
    return [event.type for event in read_events(chunks)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 100_000])
def test_it_does_not_matter_where_the_chunks_are_cut(size: int) -> None:
    """Also in the middle of a character of several bytes."""
    named = candidate(1) | {"name": "Fliesen Großmann 瓷砖"}
    body = STORY + event("findall.candidate.matched", 9, named)
    events = list(read_events(body[at : at + size] for at in range(0, len(body), size)))
    assert [event.type for event in events] == [*KINDS, "findall.candidate.matched"]
    last = events[-1]
    assert isinstance(last, FindAllCandidateMatchStatusEvent)
    assert last.data.name == "Fliesen Großmann 瓷砖"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_is_read(newline: bytes) -> None:
    """The standard allows three."""
    assert kinds(STORY.replace(b"\n", newline)) == KINDS


def test_an_event_without_its_blank_line_never_happened() -> None:
    """The connection may have died in the middle of it."""
    for cut in (1, 2, 30):
        assert kinds(STORY[:-cut]) == KINDS[:-1]


def test_frames_that_tell_nothing_are_passed_over() -> None:
    """Comments, pings, retries, empty data, a marker of the end and a byte order mark."""
    noise = b": ping\n\n", b"event: ping\n\n", b"retry: 100\n\n", b"data:\n\n", b"data: [DONE]\n\n"
    first, *rest = story(2)
    assert kinds(first, *noise, b"\n\n\n", *rest, b"id: 7\n\n", b'data: "text"\n\n') == KINDS


def test_data_may_be_split_over_lines() -> None:
    """The standard joins them with a newline."""
    whole = event("findall.status", 1, run_object()).decode()
    split = whole.replace('"event_id"', '\ndata: "event_id"')
    assert split.count("data:") == 2
    assert kinds(split.encode()) == ["findall.status"]


def test_the_type_is_taken_from_the_json_and_not_from_the_frame() -> None:
    """Whether there is an event line is open in the contract."""
    without = b"".join(
        line + b"\n" for line in STORY.split(b"\n") if not line.startswith(b"event:")
    )
    assert kinds(without) == KINDS


def test_an_unknown_type_is_kept_as_it_came() -> None:
    """So is a known one whose data is not of its form."""
    odd = event("findall.candidate.paused", 1, {"candidate_id": 3})
    new = event("findall.run.rested", 2, {"for": "a while"})
    events = list(read_events([odd, new]))
    assert all(isinstance(event, UnknownEvent) for event in events)
    assert [event.event_id for event in events if isinstance(event, UnknownEvent)] == [
        "event_1",
        "event_2",
    ]


def test_an_error_event_has_neither_id_nor_data() -> None:
    """It is an event all the same."""
    body = b'data: {"type": "error", "error": {"ref_id": "r", "message": "No luck"}}\n\n'
    (only,) = read_events([body])
    assert isinstance(only, ErrorEvent)
    assert only.error.message == "No luck"


def test_line_separators_inside_of_texts_end_no_line() -> None:
    """Only CR and LF do; U+2028 and U+0085 are ordinary characters of a name."""
    body = event("findall.status", 1, run_object()).replace(b'"core"', '"a\u2028b\u0085c"'.encode())
    (only,) = read_events([body])
    assert isinstance(only, FindAllRunStatusEvent)
    assert only.data.generator == "a\u2028b\u0085c"


def test_what_is_held_back_does_not_slow_down_with_its_length() -> None:
    """A huge event in small chunks is looked at once, not once per chunk."""
    body = b"data: " + b"x" * 400_000 + b"\n\n"
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    assert list(whole_frames(pieces)) == [body]
