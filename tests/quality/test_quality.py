"""How good the answers are, on one half of the questions that the rules were never tuned on."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
from quality.columns import COLUMNS
from quality.measure import measure, summary
from quality.objectives import OBJECTIVES
from quality.prose import PROSE
from quality.question import Question

pytestmark = pytest.mark.quality


@pytest.mark.parametrize(
    ("kind", "questions", "objective"),
    [
        ("columns", COLUMNS, False),
        ("prose", PROSE, False),
        ("ingest", OBJECTIVES, True),
    ],
)
def test_questions_get_the_right_set_with_evidence(
    kind: str, questions: Sequence[Question], objective: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both halves are printed; the rules were tuned on every other question only."""
    scores = [measure(question, objective=objective) for question in questions]
    with capsys.disabled():
        sys.stdout.write(f"\n{summary(f'{kind}, tuned', scores[::2])}\n")
        sys.stdout.write(f"{summary(f'{kind}, reported', scores[1::2])}\n")
    reported = scores[1::2]
    assert sum(score.f1 for score in reported) / len(reported) > FLOORS[kind]


FLOORS = {"columns": 0.7, "prose": 0.7, "ingest": 0.5}
"""What has been reached, less a little; raise these with it."""
