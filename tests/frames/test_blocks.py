"""Large results are cut between candidates; those that cannot be cut are read as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.frames.flatten import BATCH_BYTES, cut
from findall_frames.frames.schema import TABLES
from tests.support.results import basis, candidate, condition, result
from tests.support.tidied import tidied_text

MANY = 150


def large() -> dict[str, Any]:
    """Return a result about three times the size of a block."""
    return result(
        *(
            candidate(
                f"C{number}",
                description=str(number) * 7000,
                output={"makes_tiles": condition("yes", matched=True)},
                basis=[basis("makes_tiles", f"{number} makes tiles.")],
            )
            for number in range(100, 100 + MANY)
        )
    )


def as_a_whole(body: bytes) -> ff.FindAllFrames:
    """Flatten without cutting, which only bytes are."""
    return ff.flatten(memoryview(body))


def nested(whole: dict[str, Any]) -> None:
    """Put an object that begins like a candidate into one."""
    for one in whole["candidates"]:
        one["output"]["twin"] = {"candidate_id": one["candidate_id"], "x": "y" * 1000}


def deeper(whole: dict[str, Any]) -> None:
    """Put candidates before the candidates, in an array of the same name."""
    whole["run"]["metadata"] = {"candidates": whole["candidates"][:100]}


def other(whole: dict[str, Any]) -> None:
    """Put candidates before the candidates, in another array."""
    found = whole.pop("candidates")
    whole |= {"candidates_of_old": found[:90], "candidates": found}


def quoted(whole: dict[str, Any]) -> None:
    """Quote the beginning of a candidate in a text."""
    for one in whole["candidates"]:
        one["description"] += ',{"candidate_id": "c", "name": "n"}],"candidates":[' * 10


def unknown(whole: dict[str, Any]) -> None:
    """Add fields that have no column to a few candidates."""
    for one in whole["candidates"][::40]:
        one["score"] = 0.50
    whole["page"] = 2


def unknown_everywhere(whole: dict[str, Any]) -> None:
    """Add fields to every object, with odd names and values, and an unknown confidence."""
    for number, one in enumerate(whole["candidates"]):
        entry = one["basis"][0]
        for each in (one, one["output"]["makes_tiles"], entry, entry["citations"][0]):
            each |= {"score": 0.50, 'a "b" \\ é': None, "tags": [number, {"x": 1.10}]}
        entry["confidence"] = "certain" if number % 2 else "low"
        one["row"] = "third"


def always_another(whole: dict[str, Any]) -> None:
    """Give each candidate a field of its own."""
    for number, one in enumerate(whole["candidates"]):
        one[f"field_{number}"] = number


def repeated(whole: dict[str, Any]) -> None:
    """Repeat candidates in their block and in a later one, and a basis."""
    found = whole["candidates"]
    found.insert(1, {**found[0], "name": "again"})
    found.append({**found[0], "name": "once more"})
    found[60]["basis"] *= 2


def reordered(whole: dict[str, Any]) -> None:
    """Put the run after the candidates."""
    whole["run"] = whole.pop("run")


@pytest.mark.parametrize(
    ("change", "is_cut"),
    [
        (lambda whole: None, True),
        (nested, True),
        (deeper, False),
        (other, False),
        (quoted, True),
        (unknown, True),
        (unknown_everywhere, True),
        (always_another, True),
        (repeated, True),
        (reordered, True),
    ],
)
def test_cutting_a_result_does_not_change_its_tables(
    change: Callable[[dict[str, Any]], None], is_cut: bool
) -> None:
    """Whatever the candidates contain, and in any order of keys."""
    whole = large()
    change(whole)
    body = json.dumps(whole).encode()
    assert (cut(body) is not None) == is_cut
    ours, expected = ff.flatten(body), as_a_whole(body)
    for name in TABLES:
        assert ours.tables[name].equals(expected.tables[name]), name
    assert tidied_text(ours.to_result()) == tidied_text(json.loads(body))


def test_each_block_holds_whole_candidates_and_none_is_lost() -> None:
    """Blocks and rest have all of them, in order."""
    whole = large()
    body = json.dumps(whole).encode()
    pieces = cut(body)
    assert pieces is not None
    blocks = [json.loads(block) for block in pieces.blocks()]
    assert len(blocks) >= 2
    assert all(len(block) > 1 for block in blocks)
    rest = json.loads(pieces.rest)
    found = [one for block in blocks for one in block] + rest.pop("candidates")
    assert {**rest, "candidates": found} == whole


def test_small_or_oddly_formatted_results_are_not_cut() -> None:
    """Indented, without candidates, or with another key first."""
    small = result(candidate("A"), candidate("B"))
    other_key = large()
    other_key["candidates"] = [dict(reversed(one.items())) for one in other_key["candidates"]]
    for body in (
        json.dumps(small).encode(),
        json.dumps(result()).encode(),
        json.dumps(large(), indent=1).encode(),
        json.dumps(other_key).encode(),
    ):
        assert cut(body) is None
        ours, expected = ff.flatten(body), as_a_whole(body)
        assert all(ours.tables[name].equals(expected.tables[name]) for name in TABLES)
    assert len(json.dumps(large())) > 3 * BATCH_BYTES


@pytest.mark.parametrize("place", [3, 70, MANY - 1])
def test_an_error_in_a_large_result_names_its_place(place: int) -> None:
    """In the first block, in a later one, and in the rest."""
    whole = large()
    del whole["candidates"][place]["url"]
    with pytest.raises(ff.errors.UnexpectedResponseError) as caught:
        ff.flatten(json.dumps(whole).encode())
    assert caught.value.path == f"$.candidates[{place}].url"
    body = json.dumps(large()).encode()
    with pytest.raises(ff.errors.UnexpectedResponseError):
        ff.flatten(body[: len(body) * (place + 1) // MANY - 50])
