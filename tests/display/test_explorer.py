"""The explorer's side in Python: what it sends, what it accepts, and what it refuses."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from findall_frames.display.explorer import Explorer
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.frames import FindAllFrames
from tests.support.explorer_driver import ExplorerDriver
from tests.support.shown import candidate, field, tables


def makers(count: int = 3) -> FindAllFrames:
    """Return candidates named A, B, C and so on."""
    return FindAllFrames(
        tables(*(candidate(n, name=chr(65 + n % 26), tiles=field("Roof")) for n in range(count)))
    )


def test_at_first_everything_is_left_and_the_first_is_chosen() -> None:
    """Before any front end has said something."""
    explorer = makers().explore()
    assert explorer.left == [("findall_1", f"c{n}") for n in range(3)]
    assert explorer.chosen == ("findall_1", "c0")
    assert FindAllFrames(tables()).explore().chosen is None


def test_what_a_view_shows_is_known() -> None:
    """Which candidate is chosen, and which are left, in the order of the table."""
    driver = ExplorerDriver(makers().explore())
    left = {"kind": "view", "chosen": 1, "all": False}
    assert driver.send(left, struct.pack("<2I", 2, 1)) == []
    assert driver.explorer.left == [("findall_1", "c2"), ("findall_1", "c1")]
    assert driver.explorer.chosen == ("findall_1", "c1")
    assert repr(driver.explorer).startswith("Explorer: 2 of 3 candidates; 3 matches")
    driver.send({"kind": "view", "chosen": None, "all": False}, b"")
    assert driver.explorer.left == []
    assert driver.explorer.chosen is None
    driver.send({"kind": "view", "chosen": 0, "all": True})
    assert len(driver.explorer.left) == 3


def test_a_review_is_recorded_and_sent_back_to_all_views() -> None:
    """With its time; what is not sent stays, and None takes back."""
    driver = ExplorerDriver(makers().explore())
    judged = {"kind": "review", "row": 1, "field": None, "decision": "accept", "note": "Good"}
    (answer,) = driver.send(judged)
    (record,) = answer["data"]
    assert answer["kind"] == "reviewed"
    assert record.items() >= {"row": 1, "decision": "accept", "note": "Good"}.items()
    assert record["reviewed_at"].startswith("20")
    (answer,) = driver.send({"kind": "hello"})
    assert answer == {"kind": "reviews", "data": [record]}
    (answer,) = driver.send({"kind": "review", "row": 1, "decision": "unsure"})
    assert [(each["decision"], each["note"]) for each in answer["data"]] == [("unsure", "Good")]
    (answer,) = driver.send({"kind": "review", "row": 1, "decision": None, "note": None})
    assert answer["data"] == [{"row": 1, "field": None}]
    (answer,) = driver.send({"kind": "hello"})
    assert answer["data"] == []


def test_a_field_is_reviewed_apart_from_its_candidate() -> None:
    """With a correction."""
    driver = ExplorerDriver(makers().explore())
    driver.send({"kind": "review", "row": 0, "decision": "accept"})
    driver.send({"kind": "review", "row": 0, "field": "tiles", "value": "Wall"})
    (answer,) = driver.send({"kind": "hello"})
    assert [(each["field"], each["decision"], each["value"]) for each in answer["data"]] == [
        (None, "accept", None),
        ("tiles", None, "Wall"),
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"kind": "review", "row": 3, "decision": "accept"}, "no row 3 among 3"),
        ({"kind": "review", "row": -1, "decision": "accept"}, ">= 0"),
        ({"kind": "review", "row": True, "decision": "accept"}, "Expected `int`"),
        ({"kind": "review", "row": "0", "decision": "accept"}, "Expected `int`"),
        ({"kind": "review", "row": 0, "decision": "perhaps"}, "Invalid enum value 'perhaps'"),
        ({"kind": "review", "row": 0, "field": "nowhere", "decision": "accept"}, "no field"),
        ({"kind": "review", "row": 0, "value": "x"}, "needs the field"),
        ({"kind": "review", "row": 0}, "Nothing is said"),
        ({"kind": "review", "row": 0, "note": "x" * 10_001}, "length <= 10000"),
        ({"kind": "review", "row": 0, "note": ["x"]}, "Expected `str"),
        ({"kind": "view", "chosen": 9, "all": True}, "no row 9"),
        ({"kind": "evidence", "start": None}, "Expected `int`"),
        ({"kind": "evidence", "start": 2**70}, "<= 4294967295"),
        ({"kind": "review", "row": 2**70, "decision": "accept"}, "<= 4294967295"),
        ({"kind": "review", "row": 0, "note": "\ud800"}, "half of a surrogate pair"),
        ({"kind": "review", "row": 0, "field": "\ud800"}, "half of a surrogate pair"),
        ({"kind": "review", "row": "\ud800"}, "half of a surrogate pair"),
        ({"kind": "\ud800"}, "half of a surrogate pair"),
        ({"kind": "destroy"}, "Invalid value 'destroy'"),
        ({}, "kind"),
        ("review", "Expected `object`"),
        (None, "Expected `object`"),
    ],
)
def test_what_makes_no_sense_is_refused(message: Any, reason: str) -> None:
    """The view is told why, and gets the reviews as they are; nothing is recorded."""
    driver = ExplorerDriver(makers().explore())
    refused, reviews = driver.send(message)
    assert refused["kind"] == "refused"
    assert reason in refused["message"]
    assert reviews == {"kind": "reviews", "data": []}
    assert driver.explorer.chosen == ("findall_1", "c0")


@pytest.mark.parametrize("buffer", [(), (b"123",), (struct.pack("<I", 3),)])
def test_rows_that_are_not_there_are_refused(buffer: tuple[bytes, ...]) -> None:
    """None sent, half a number, or one too large."""
    driver = ExplorerDriver(makers().explore())
    refused, _ = driver.send({"kind": "view", "chosen": 0, "all": False}, *buffer)
    assert refused["kind"] == "refused"
    assert len(driver.explorer.left) == 3


def test_a_review_that_cannot_be_recorded_is_refused_with_the_reason() -> None:
    """Such as a correction of another type."""
    made = makers()

    def review(*_: Any, **__: Any) -> None:
        raise InvalidRequestError("tiles is a number, not 'Wall'")

    explorer = Explorer(made.tables, searches={}, reviews=list, review=review)
    refused, _ = ExplorerDriver(explorer).send({"kind": "review", "row": 0, "decision": "accept"})
    assert refused["message"] == "tiles is a number, not 'Wall'"


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"kind": "review", "row": 1, "note": "x" * 10_001}, {"row": 1, "field": None}),
        ({"kind": "review", "row": 1, "field": "tiles", "value": 5}, {"row": 1, "field": "tiles"}),
        ({"kind": "review", "row": "1"}, None),
        ({"kind": "view", "chosen": 9, "all": True}, None),
        ({"kind": "\ud800"}, None),
    ],
)
def test_a_refusal_says_which_review_it_concerns(message: Any, place: Any) -> None:
    """If it concerns one."""
    refused, _ = ExplorerDriver(makers().explore()).send(message)
    assert refused["review"] == place


def test_the_first_evidence_comes_with_the_table_and_the_rest_when_asked() -> None:
    """In chunks, so that the table is seen at once."""
    driver = ExplorerDriver(makers(2_500).explore())
    payload = driver.payload
    assert payload["count"] == 2_500
    size = payload["chunk"]
    assert len(payload["evidence"]) < size < 2_500
    (answer,) = driver.send({"kind": "evidence", "start": 2 * size})
    assert answer["start"] == 2 * size
    assert len(answer["data"]) == 2_500 - 2 * size
    assert answer["data"][0][2] == "About Y"
    (answer,) = driver.send({"kind": "evidence", "start": 10**9})
    assert answer["data"] == []


def test_reviews_that_were_made_before_or_elsewhere_are_shown() -> None:
    """When the explorer is made, and when it is told."""
    frames = makers()
    frames.review(("findall_1", "c2"), "reject", note="a\x1bb\nc")
    driver = ExplorerDriver(frames.explore())
    (record,) = driver.payload["reviews"]
    assert (record["row"], record["decision"]) == (2, "reject")
    assert record["note"] == "a\ufffdb\nc"
    frames.review(("findall_1", "c1"), "unsure")
    assert [each["row"] for each in driver.answers[-1]["data"]] == [2, 1]


def test_without_widgets_there_is_a_table_and_a_hint() -> None:
    """A notebook without its kernel shows the HTML or the text of the bundle."""
    bundle = makers().explore()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "needs a running kernel" in bundle["text/html"]
    assert "Roof" in bundle["text/html"]
    assert bundle["text/plain"].startswith("Explorer: 3 of 3 candidates; 3 matches among 3")
    assert "JupyterLab" in bundle["text/plain"]
    json.dumps(bundle)
