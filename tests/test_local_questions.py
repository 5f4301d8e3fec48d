"""Conditions and objectives over tables with the column names that people really have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import open_corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.objectives.ingest import ingest

TABLES = Path(__file__).with_name("tables")


def year(t: pd.DataFrame) -> Any:
    return t["Release Date"].map(lambda day: day.year)


def feet(t: pd.DataFrame) -> Any:
    return t["Elevation (ft)"].str.replace(",", "").astype(int)


def metres(t: pd.DataFrame) -> Any:
    return t["Prominence (m)"].str.replace(",", "").astype(int)


def genre(t: pd.DataFrame, name: str) -> Any:
    return t.Genres.str.contains(name)


QUESTIONS: list[tuple[str, str, str, Callable[[pd.DataFrame], Any]]] = [
    (
        "films",
        "condition",
        "Film must be directed by Ridley Scott",
        lambda t: t.Director == "Ridley Scott",
    ),
    ("films", "condition", "Film must be a comedy", lambda t: genre(t, "Comedy")),
    (
        "films",
        "condition",
        "Film must be a drama but not a comedy",
        lambda t: genre(t, "Drama") & ~genre(t, "Comedy"),
    ),
    (
        "films",
        "condition",
        "Film must be both an animation and a comedy",
        lambda t: genre(t, "Animation") & genre(t, "Comedy"),
    ),
    (
        "films",
        "condition",
        "Film must be longer than two hours",
        lambda t: t["Runtime (min)"] > 120,
    ),
    (
        "films",
        "condition",
        "Film must be shorter than 100 minutes",
        lambda t: t["Runtime (min)"] < 100,
    ),
    ("films", "condition", "Film must have been released after 2000", lambda t: year(t) > 2000),
    ("films", "condition", "Film must have been released in 2001", lambda t: year(t) == 2001),
    ("films", "condition", "released in the 1990s", lambda t: year(t).between(1990, 1999)),
    (
        "films",
        "condition",
        "released between May 2000 and June 2003",
        lambda t: t["Release Date"].between(dt.date(2000, 5, 1), dt.date(2003, 6, 30)),
    ),
    (
        "films",
        "condition",
        "Film must have a budget of less than $10 million",
        lambda t: t["Budget ($M)"] < 10,
    ),
    (
        "films",
        "condition",
        "Film must have grossed over $500 million at the box office",
        lambda t: t["Box Office ($M)"] > 500,
    ),
    (
        "films",
        "condition",
        "box office above half a billion dollars",
        lambda t: t["Box Office ($M)"] > 500,
    ),
    ("films", "condition", "Film must have won an Oscar", lambda t: t["Won Oscar"]),
    ("films", "condition", "Film must not have won an Oscar", lambda t: ~t["Won Oscar"]),
    ("films", "condition", "Film must be rated PG", lambda t: t.MPAA == "PG"),
    ("films", "condition", "Film must be rated R or PG", lambda t: t.MPAA.isin(["R", "PG"])),
    (
        "films",
        "condition",
        "Film must have an IMDb rating of 8.5 or higher",
        lambda t: t["IMDb Rating"] >= 8.5,
    ),
    ("films", "condition", "rating below 5", lambda t: t["IMDb Rating"] < 5),
    ("films", "condition", "Film must be in Japanese", lambda t: t.Language == "Japanese"),
    ("films", "condition", "Film must not be in English", lambda t: t.Language != "English"),
    (
        "films",
        "condition",
        "Film must be in a language other than English",
        lambda t: t.Language != "English",
    ),
    (
        "films",
        "condition",
        "Film must be a science fiction film",
        lambda t: genre(t, "Science Fiction"),
    ),
    (
        "films",
        "condition",
        "Film must have no box office figure",
        lambda t: t["Box Office ($M)"].isna(),
    ),
    ("films", "condition", "title ends with 'y'", lambda t: t.Title.str.lower().str.endswith("y")),
    (
        "films",
        "condition",
        "The director is Hayao Miyazaki or Bong Joon-ho",
        lambda t: t.Director.isin(["Hayao Miyazaki", "Bong Joon-ho"]),
    ),
    ("films", "condition", "Film must be from before 1980", lambda t: year(t) < 1980),
    ("films", "condition", "French-language films", lambda t: t.Language == "French"),
    ("mountains", "condition", "Mountain must be in the Andes", lambda t: t.Range == "Andes"),
    (
        "mountains",
        "condition",
        "Mountain must be higher than 20,000 feet",
        lambda t: feet(t) > 20000,
    ),
    (
        "mountains",
        "condition",
        "Mountain must be taller than 6,000 metres",
        lambda t: feet(t) * 0.3048 > 6000,
    ),
    (
        "mountains",
        "condition",
        "Mountain must be at least 4,000 m high",
        lambda t: feet(t) * 0.3048 >= 4000,
    ),
    (
        "mountains",
        "condition",
        "Mountain must be in Italy",
        lambda t: t.Countries.str.contains("Italy"),
    ),
    (
        "mountains",
        "condition",
        "Mountain must lie in China or Japan",
        lambda t: t.Countries.str.contains("China|Japan"),
    ),
    (
        "mountains",
        "condition",
        "Mountain must not be in Argentina",
        lambda t: ~t.Countries.str.contains("Argentina"),
    ),
    (
        "mountains",
        "condition",
        "Mountain must have been first climbed before 1900",
        lambda t: t["First ascent"] < 1900,
    ),
    (
        "mountains",
        "condition",
        "first ascent in the 19th century",
        lambda t: t["First ascent"].between(1801, 1900),
    ),
    (
        "mountains",
        "condition",
        "Mountain must have a prominence between 1,000 and 4,000 metres",
        lambda t: metres(t).between(1000, 4000),
    ),
    (
        "mountains",
        "condition",
        "Mountain's first ascent must be unknown",
        lambda t: t["First ascent"].isna(),
    ),
    (
        "mountains",
        "condition",
        "Mountain must be in the Alps and above 15,000 ft",
        lambda t: (t.Range == "Alps") & (feet(t) > 15000),
    ),
    ("universities", "condition", "University must be private", lambda t: t.type == "private"),
    (
        "universities",
        "condition",
        "University must have more than 25,000 students",
        lambda t: t.num_students > 25000,
    ),
    (
        "universities",
        "condition",
        "University must have been founded before 1200",
        lambda t: t.founded < 1200,
    ),
    (
        "universities",
        "condition",
        "University must have an acceptance rate below 5%",
        lambda t: t.acceptance_rate < 0.05,
    ),
    (
        "universities",
        "condition",
        "University must charge less than $5,000 in tuition",
        lambda t: t.tuition_usd < 5000,
    ),
    (
        "universities",
        "condition",
        "tuition must be over 50k dollars",
        lambda t: t.tuition_usd > 50000,
    ),
    (
        "universities",
        "condition",
        "University must be American",
        lambda t: t.country == "United States",
    ),
    (
        "universities",
        "condition",
        "University must not be American or British",
        lambda t: ~t.country.isin(["United States", "United Kingdom"]),
    ),
    (
        "universities",
        "condition",
        "University must be tech focused",
        lambda t: t.tech_focused == "yes",
    ),
    (
        "universities",
        "condition",
        "University must be technology-focused",
        lambda t: t.tech_focused == "yes",
    ),
    (
        "universities",
        "condition",
        "University must be located in the United Kingdom or the United States",
        lambda t: t.country.isin(["United States", "United Kingdom"]),
    ),
    (
        "universities",
        "condition",
        "University must be in Singapore",
        lambda t: t.country == "Singapore",
    ),
    (
        "universities",
        "condition",
        "fewer than 20,000 students but more than 10,000",
        lambda t: t.num_students.between(10001, 19999),
    ),
    ("universities", "condition", "University must be older than 1880", lambda t: t.founded < 1880),
    (
        "universities",
        "condition",
        "must have at most 25 thousand students",
        lambda t: t.num_students <= 25000,
    ),
    (
        "universities",
        "condition",
        "University must be Swiss or German",
        lambda t: t.country.isin(["Switzerland", "Germany"]),
    ),
    (
        "universities",
        "condition",
        "Students must number over 40,000",
        lambda t: t.num_students > 40000,
    ),
    ("universities", "condition", "established in or after 1877", lambda t: t.founded >= 1877),
    ("universities", "condition", "established no later than 1861", lambda t: t.founded <= 1861),
    (
        "films",
        "ingest",
        "Films directed by Ridley Scott that won an Oscar",
        lambda t: (t.Director == "Ridley Scott") & t["Won Oscar"],
    ),
    (
        "films",
        "ingest",
        "Find movies released after 2000 with a rating above 8 and a budget under $20 million",
        lambda t: (year(t) > 2000) & (t["IMDb Rating"] > 8) & (t["Budget ($M)"] < 20),
    ),
    (
        "films",
        "ingest",
        "Find R-rated films shorter than 120 minutes",
        lambda t: (t.MPAA == "R") & (t["Runtime (min)"] < 120),
    ),
    (
        "mountains",
        "ingest",
        "Which mountains in the Andes are higher than 22,700 feet?",
        lambda t: (t.Range == "Andes") & (feet(t) > 22700),
    ),
    (
        "mountains",
        "ingest",
        "List mountains in Italy or Japan, with their elevation",
        lambda t: t.Countries.str.contains("Italy|Japan"),
    ),
    (
        "universities",
        "ingest",
        "Private universities in the United States founded after 1870",
        lambda t: (t.type == "private") & (t.country == "United States") & (t.founded > 1870),
    ),
    (
        "universities",
        "ingest",
        "Find universities with over 20,000 students that are not in the United Kingdom",
        lambda t: (t.num_students > 20000) & (t.country != "United Kingdom"),
    ),
    (
        "universities",
        "ingest",
        "universities with tuition between $1,000 and $15,000 and their city",
        lambda t: t.tuition_usd.between(1000, 15000),
    ),
]


@pytest.mark.parametrize(("table", "kind", "question", "truth"), QUESTIONS)
def test_a_question_finds_exactly_what_its_pandas_expression_finds(
    table: str, kind: str, question: str, truth: Callable[[pd.DataFrame], Any]
) -> None:
    """Units in brackets, lists in cells, dates and numbers as text are all understood."""
    frame = pd.read_parquet(TABLES / f"{table}.parquet")
    wanted = set(frame.iloc[:, 0][truth(frame).fillna(False).astype(bool)])
    corpus = open_corpus(TABLES / f"{table}.parquet")
    conditions = [MatchCondition("question", question)]
    if kind == "ingest":
        conditions = ingest(question, corpus).match_conditions
    rows = RuleEvaluator().judge_for(conditions, corpus).judge(range(len(corpus)))
    found = {
        corpus.entity(position).name
        for position, row in enumerate(rows)
        if all(verdict.is_matched for verdict in row)
    }
    assert wanted
    assert found == wanted
