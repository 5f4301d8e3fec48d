"""Conditions on columns by kind: times of the year, ranks, ratios, and what words imply."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge

INNS = Corpus.from_table(
    pa.table(
        {
            "Inn": ["Adler", "Bellevue", "Castello", "Dune", "Edelweiss", "Fjord"],
            "Stars": [3, 5, 4, 2, 4, 3],
            "Rooms": [24, 180, 62, 12, 48, 95],
            "Price/night (€)": [89.0, 420.0, None, 0.0, 150.0, 110.0],
            "Country": ["Italy", "Switzerland", "Italy", "Germany", "Switzerland", "Norway"],
            "Opened": [
                dt.date(1987, 5, 1),
                dt.date(2024, 1, 15),
                dt.date(2024, 11, 3),
                dt.date(2023, 10, 20),
                dt.date(1902, 12, 1),
                dt.date(2024, 8, 9),
            ],
            "Pets": ["Y", "N", "Y", "Y", None, "N"],
            "Parking": ["free", "paid", "none", "free", "paid", None],
            "Sea view": [False, False, False, True, False, True],
            "Facilities": [
                "sauna; bar",
                "spa; pool; bar; gym",
                "bar",
                "",
                "sauna; ski room",
                "gym; bar",
            ],
            "Guest rating": [8.4, 9.3, 8.9, 7.7, 9.0, None],
        }
    ),
    name="inns",
)


def _judge(text: str, corpus: Corpus) -> RuleJudge:
    return RuleEvaluator().judge_for([MatchCondition("asked", text)], corpus)


def _found(text: str, corpus: Corpus) -> set[str]:
    verdicts = _judge(text, corpus).judge(range(len(corpus)))
    names = corpus.names(range(len(corpus)))
    return {name for name, (verdict,) in zip(names, verdicts, strict=True) if verdict.is_matched}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("opened in October", {"Dune"}),
        ("not opened in winter", {"Adler", "Castello", "Dune", "Fjord"}),
        ("opened in May or August", {"Adler", "Fjord"}),
        (
            "Inn must have opened between October and January",
            {*"Bellevue Castello Dune".split(), "Edelweiss"},
        ),
        ("opened at the weekend", {"Castello"}),
        ("opened on 1 May", {"Adler"}),
        ("opened in late 2024", {"Castello"}),
        ("opened in the summer of 2024", {"Fjord"}),
        ("opened in the last quarter of 2024", {"Castello"}),
        ("may have pets", {"Adler", "Castello", "Dune"}),
    ],
)
def test_a_time_of_the_year_is_read_without_a_year(condition: str, expected: set[str]) -> None:
    """Months, seasons and days come round; with a year they are a span of days."""
    assert _found(condition, INNS) == expected
