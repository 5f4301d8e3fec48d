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

WALKS = Corpus.from_table(
    pa.table(
        {
            "Walk": [
                "Lakes Loop",
                "Ridge Walk",
                "Gorge Path",
                "Summit Push",
                "Coast Trail",
                "Amble",
            ],
            "Km": [12.0, 18.5, 6.2, 24.0, 31.0, 4.5],
            "Ascent (m)": [320, 1100, 150, 1850, 600, 40],
            "Grade": ["2", "3", "1", "5", "3", "1"],
            "Difficulty": ["moderate", "hard", "easy", "very hard", "hard", "easy"],
            "Path (1=poor, 2=fair, 3=good)": [2, 1, 3, 1, 2, 3],
            "Fire class": ["A", "B", "C", "A+", "D", "B"],
            "Time (h)": [4.5, 7.0, 2.0, 11.0, 9.0, 1.5],
            "Yr": [1, 2, 3, 1, 4, 2],
            "Country": ["England", "Scotland", "Wales", "Scotland", "Ireland", "Wales"],
        }
    ),
    name="walks",
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
            {"Bellevue", "Castello", "Dune", "Edelweiss"},
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


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("moderate or harder", {"Lakes Loop", "Ridge Walk", "Summit Push", "Coast Trail"}),
        ("no harder than moderate", {"Lakes Loop", "Gorge Path", "Amble"}),
        ("difficulty below hard", {"Lakes Loop", "Gorge Path", "Amble"}),
        (
            "between easy and hard",
            {"Lakes Loop", "Ridge Walk", "Gorge Path", "Coast Trail", "Amble"},
        ),
        ("hard or very hard", {"Ridge Walk", "Summit Push", "Coast Trail"}),
        ("walks that are moderate or harder and in Scotland", {"Ridge Walk", "Summit Push"}),
        ("fire class B or better", {"Lakes Loop", "Ridge Walk", "Summit Push", "Amble"}),
        ("fire class C or worse", {"Gorge Path", "Coast Trail"}),
        ("grade 3 or harder", {"Ridge Walk", "Summit Push", "Coast Trail"}),
        ("grade 2 or easier", {"Lakes Loop", "Gorge Path", "Amble"}),
        ("a path that is fair or better", {"Lakes Loop", "Gorge Path", "Coast Trail", "Amble"}),
        ("at least a fair path", {"Lakes Loop", "Gorge Path", "Coast Trail", "Amble"}),
        ("in its third year or above", {"Gorge Path", "Coast Trail"}),
    ],
)
def test_values_that_have_an_order_are_compared(condition: str, expected: set[str]) -> None:
    """Words, letters and numbers with a legend go up and down."""
    assert _found(condition, WALKS) == expected
