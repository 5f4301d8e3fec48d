"""Where rules and a language model share the work, neither hides what the other would find."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from chat_server import ChatServer, row_of
from test_local_model import CHARMING, found, verdicts
from test_local_selecting import CONDITIONS, works

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.evaluate import RuleEvaluator

WORKS = works(120)


@pytest.mark.parametrize("condition", [*CONDITIONS, "Works must stand by the river"])
def test_only_rows_that_rules_refuse_with_high_confidence_are_left_out(condition: str) -> None:
    """A model is asked about all others, so none of them may be missing."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], WORKS)
    selected = judge.select_open(thorough=True).rows.to_pylist()
    for position, (verdict,) in enumerate(judge.judge(range(len(WORKS)))):
        if not selected[position]:
            assert (verdict.is_matched, verdict.confidence) == (False, "high"), position


def test_rows_that_columns_refuse_are_left_out() -> None:
    """And those of which a column tells nothing are not."""
    condition = [MatchCondition("asked", "Works must have more than 60 workers")]
    judge = RuleEvaluator().judge_for(condition, WORKS)
    selected = judge.select_open(thorough=True).rows.to_pylist()
    assert selected == [row % 7 == 0 or row > 60 for row in range(120)]


def test_a_small_pool_holds_the_rows_that_the_rules_leave() -> None:
    """Of two thousand, base looks at a thousand: those in Norway first, of which the model is
    asked, and it is asked of no other."""
    size = 2_000
    data = pd.DataFrame(
        {
            "name": [f"City {n}" for n in range(size)],
            "country": ["Norway" if n > size - 10 else "Italy" for n in range(size)],
            "notes": [
                f"Guests of house {n} have told us that it is charming." for n in range(size)
            ],
        }
    )
    with ChatServer() as server:
        frames = found(
            server, {"norway": "City must be in Norway"} | CHARMING, data=data, generator="base"
        )
        asked = [row_of(each)["country"] for each in server.questions()]
    assert asked == ["Norway"] * 9
    assert len(frames.matches) == 9
    assert len(frames.candidates) == 1_000


def test_a_missing_cell_is_asked_of_the_model() -> None:
    """The text of the row may tell what its column does not."""
    data = pd.DataFrame(
        {
            "name": ["Oslo", "Rome", "Bari"],
            "country": ["Norway", "Italy", None],
            "notes": ["It is cold up there.", "It is hot down there.", "It lies down in Italy"],
        }
    )
    with ChatServer() as server:
        frames = found(server, {"italy": "City must be in Italy"}, data=data)
        (question,) = server.questions()
    assert row_of(question)["name"] == "Bari"
    assert sorted(frames.matches["name"]) == ["Bari", "Rome"]
    rows = verdicts(frames, "italy")
    assert rows.loc["Rome", "reasoning"] == "country is 'Italy'."
    assert rows.loc["Bari", "reasoning"] == "The notes say Italy."
    assert json.loads(frames.runs["metadata"].item())["evaluator_requests"] == 1
