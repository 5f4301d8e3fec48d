"""The quality of answers with a model that reads conditions and judges texts row by row.

The replies were recorded: the prompts of this package were given to a large language model that saw
nothing else, neither the tables nor the right answers nor the code. It got twenty to thirty prompts
in one session, and was asked to answer each by itself. Its answers were stored unchanged, and are
replayed by a server on the loopback interface. They are keyed by table and condition rather than by
prompt, so that a small change to a prompt needs no new recording.
"""

from __future__ import annotations

import sys
from statistics import fmean

import pytest

from tests.support.questions.measuring import (
    KINDS,
    Answer,
    Kind,
    Question,
    answer,
    opened,
    questions,
    summary,
    written,
)
from tests.support.questions.replaying import Asked, ReplayingServer, Replies

FLOORS: dict[Kind, float] = {"columns": 0.97, "prose": 0.95, "objectives": 0.97}
"""The least mean F1."""


class Replayed:
    """All recorded questions, asked once.

    Attributes
    ----------
    answers : list of Answer
        In the order of the questions.
    asked : dict of str to list of Asked
        What was asked of the model for each question, by its id.
    missing : list of str
        What was asked and not recorded.
    """

    def __init__(self, replies: Replies) -> None:
        self.answers: list[Answer] = []
        self.asked: dict[str, list[Asked]] = {}
        with ReplayingServer(replies) as server:
            for question in recorded(replies):
                before = len(server.asked)
                with opened(question.table, model=server.model(question.table)) as client:
                    self.answers.append(answer(question, client))
                self.asked[question.id] = [asked for _, asked in server.asked[before:]]
            self.missing = server.missing

    def of(self, kind: Kind) -> list[Answer]:
        """Return the answers to the questions of a kind."""
        return [one for one in self.answers if one.question.kind == kind]


def recorded(replies: Replies) -> list[Question]:
    """Return the questions that have a recorded reply."""
    return [one for one in questions() if replies.knows(one.table, one.text)]


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """The answers to all recorded questions."""
    return Replayed(Replies())


def test_enough_replies_were_recorded(replayed: Replayed) -> None:
    """At least 60 questions over at least 8 tables, and no reply is missing."""
    assert replayed.missing == []
    assert len(replayed.answers) >= 60
    assert len({one.question.table for one in replayed.answers}) >= 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_finds_the_right_rows(
    kind: Kind, replayed: Replayed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong answers are printed, with the warnings."""
    answers = replayed.of(kind)
    lines = [summary(kind, answers), *(written(one) for one in answers if not one.is_right)]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join([*lines, ""]))
    assert fmean(one.f1 for one in answers) >= FLOORS[kind]


def test_readings_need_one_request_and_few_corrections(replayed: Replayed) -> None:
    """One request per search; at most 0.05 corrections per condition."""
    repairs = conditions = 0
    for asked in replayed.asked.values():
        reading = [one for one in asked if one.stage != "rows"]
        assert sum(one.turn == 0 for one in reading) <= 1
        repairs += sum(one.is_repair for one in reading)
        conditions += len(reading[0].texts)
    assert repairs <= 0.05 * conditions
