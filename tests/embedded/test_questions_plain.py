"""How many questions are answered without a model, and how many of them correctly."""

from __future__ import annotations

import sys

import pytest

from tests.support.questions.measuring import (
    KINDS,
    Answer,
    Kind,
    answer,
    opened,
    questions,
    summary,
    written,
)

pytestmark = pytest.mark.quality


def _answers(kind: Kind) -> list[Answer]:
    """Ask each question of its table, with no model and no key."""
    asked: list[Answer] = []
    for question in questions(kind):
        with opened(question.table) as client:
            asked.append(answer(question, client))
    return asked


@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_reader_is_measured(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong answers are printed, with the warnings."""
    answers = _answers(kind)
    wrong = [one for one in answers if one.found is not None and not one.is_right]
    lines = [summary(kind, answers), *(written(one) for one in wrong)]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join([*lines, ""]))
    assert len(answers) == len(questions(kind))
