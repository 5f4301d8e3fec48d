"""Long texts that nobody would write, which a service is sent all the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.objectives.ingest import ingest

SHIPS = Corpus.from_table(
    pa.table(
        {
            "ship": ["Ada", "Brisk", "Coral", "Dawn"],
            "home port": ["New York", "Genoa", "Oslo", "Cape Town"],
            "flag": ["Italian", "German", "Norwegian", "Italian"],
            "length_m": [120, 88, 240, 61],
            "launched": [1901, 1955, 1987, 2011],
            "ice class": [True, False, True, False],
        }
    ),
    name="ships",
)
PIECES = (
    "green, old, ",
    "new york or genoa or ",
    "more than 5 m ",
    "a. ",
    "1.5, ",
    "€5 ",
)
_FEW, _MANY = 700, 1400
_TWICE = 3.0
"""Of twice the text twice the work is fair; four times would be quadratic."""


def _calls(work: Callable[[], object]) -> int:
    """How many functions some work calls."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def _text(piece: str, size: int) -> str:
    return (piece * size)[:size].strip()


def _read(text: str) -> object:
    return RuleEvaluator().judge_for([MatchCondition("asked", text)], SHIPS)


@pytest.mark.parametrize("piece", [*PIECES, "brisk green ship sails under cover "])
def test_an_objective_of_twice_the_length_takes_no_more_than_thrice_the_work(piece: str) -> None:
    """Each joint of an objective is looked at with what stands near it only."""
    ingest("Find ships that are Italian", SHIPS)
    small = _calls(lambda: ingest(f"Find all ships {_text(piece, _FEW)}", SHIPS))
    large = _calls(lambda: ingest(f"Find all ships {_text(piece, _MANY)}", SHIPS))
    assert large < _TWICE * small


@pytest.mark.parametrize("piece", PIECES)
def test_a_condition_of_twice_the_length_takes_no_more_than_thrice_the_work(piece: str) -> None:
    """What words are called is looked for once."""
    _read("Italian ships longer than 100 m")
    small = _calls(lambda: _read(_text(piece, _FEW)))
    large = _calls(lambda: _read(_text(piece, _MANY)))
    assert large < _TWICE * small
