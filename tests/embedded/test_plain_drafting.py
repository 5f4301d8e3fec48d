"""Objectives split into criteria without a model."""

from __future__ import annotations

import pandas as pd
import pytest

from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.reading.plain_drafting import draft_plainly
from findall_frames.embedded.reading.plain_reader import PlainReader
from tests.support.corpora import corpus_of
from tests.support.plain_cases import CASES, LETTERS


@pytest.mark.parametrize(
    ("field", "objective", "entity_type", "criteria"),
    [
        ("bicycles", "Find bicycles", "bicycles", {"any_row": "any row"}),
        ("bicycles", "Find tokens", "tokens", {"any_row": "any row"}),
        ("bicycles", "List all steel bicycles.", "bicycles", {"steel": "steel"}),
        (
            "bicycles",
            "Find electric bicycles with a weight over 10 kg",
            "bicycles",
            {"electric": "electric", "weight_over_10_kg": "a weight over 10 kg"},
        ),
        (
            "bicycles",
            "Show me bicycles that are steel or carbon with a price under 3000",
            "bicycles",
            {"steel_or_carbon": "are steel or carbon", "price_under_3000": "a price under 3000"},
        ),
        (
            "bicycles",
            "Find things with a price over 10 euros",
            "things",
            {"price_over_10_euros": "a price over 10 euros"},
        ),
        (
            "bicycles",
            "Which bicycles have the lowest price?",
            "bicycles",
            {"lowest_price": "have the lowest price"},
        ),
        (
            "bicycles",
            "Find the top 2 bicycles by price that are electric",
            "bicycles",
            {"top_2_by_price": "top 2 by price", "electric": "are electric"},
        ),
        (
            "economies",
            "Find nations in Europe with more than 50 million people",
            "nations",
            {
                "in_europe": "in Europe",
                "more_than_50_million_people": "more than 50 million people",
            },
        ),
        (
            "economies",
            "Find nations whose continent is Europe, Asia or South America and debt over 60 %",
            "nations",
            {
                "continent_europe_asia_or_south_america": (
                    "continent is Europe, Asia or South America"
                ),
                "debt_over_60": "debt over 60 %",
            },
        ),
        (
            "lakes",
            "Find things first charted after 1800",
            "things",
            {"first_charted_after_1800": "first charted after 1800"},
        ),
        (
            "lakes",
            "Find lakes with a depth between 10 and 50 m and an area over 5",
            "lakes",
            {
                "depth_between_10_and_50_m": "a depth between 10 and 50 m",
                "area_over_5": "an area over 5",
            },
        ),
        ("towns", "Find towns in Sud", "towns", {"in_sud": "in Sud"}),
    ],
)  # fmt: skip
def test_objectives_are_split_into_criteria(
    field: str, objective: str, entity_type: str, criteria: dict[str, str]
) -> None:
    """Each part is read in its own words."""
    draft = draft_plainly(objective, corpus_of(field))
    assert draft.entity_type == entity_type
    assert {each.name: each.description for each in draft.readings} == criteria
    assert {each.status for each in draft.readings} == {"sql"}
    assert draft.enrichments == {}


@pytest.mark.parametrize("field", CASES)
def test_criteria_are_read_the_same_again(field: str) -> None:
    """For all conditions of all tables, as objectives."""
    corpus = corpus_of(field)
    reader = PlainReader(corpus)
    for condition in list(CASES[field].conditions)[::3]:
        draft = draft_plainly(f"Find things with {condition}", corpus)
        assert len({reading.name for reading in draft.readings}) == len(draft.readings)
        for reading in draft.readings:
            assert reader.read(reading.description, name=reading.name) == reading


def test_a_split_does_not_change_the_meaning() -> None:
    """An "or" is never split."""
    corpus = corpus_of("bicycles")
    draft = draft_plainly("Find bicycles that are steel or electric and 9 gears", corpus)
    (reading,) = draft.readings
    assert reading.status == "not_understood"
    assert "brackets" in reading.note


def test_parts_that_are_not_understood_are_in_the_draft() -> None:
    """With the reason, for a person to correct."""
    draft = draft_plainly(
        "Find cheap bicycles with a price under 3000, made of steel", corpus_of("bicycles")
    )
    statuses = {reading.description: reading.status for reading in draft.readings}
    assert statuses == {
        "cheap bicycles": "not_understood",
        "a price under 3000": "sql",
        "made of steel": "not_understood",
    }
    assert "No column or value matches 'made'." in draft.readings[2].note


@pytest.mark.parametrize(
    ("objective", "left"),
    [
        ("Find lakes longer than 2,000 km", "'longer', 'than'"),
        ("Find lakes deeper than 5 m in Norway", "'deeper', 'than'"),
        ("Find Norwegian lakes", "'Norwegian'"),
        ("How many lakes are salty", "'How', 'many'"),
        ("Find the 2 largest lakes", "do not form a condition"),
    ],
)
def test_comparatives_and_adjectives_are_refused(objective: str, left: str) -> None:
    """They are not words of a column."""
    readings = draft_plainly(objective, corpus_of("lakes")).readings
    notes = [reading.note for reading in readings if reading.status == "not_understood"]
    assert left in "\n".join(notes)


def test_a_noun_that_is_a_value_is_a_criterion() -> None:
    """Not every car is a sedan."""
    cars = open_corpus([{"car": "A", "body": "sedan"}, {"car": "B", "body": "van"}])
    (reading,) = draft_plainly("Find sedans", cars).readings
    assert reading.status == "not_understood"
    assert "did you mean 'sedan'" in reading.note
    (reading,) = draft_plainly("Find cars", cars).readings
    assert reading.sql == "TRUE"


@pytest.mark.parametrize(
    ("objective", "columns"),
    [
        ("Find bicycles by Moreau and their price", {"price_eur": "price"}),
        (
            "Find bicycles by Moreau together with their price and frame material",
            {"price_eur": "price", "frame_material": "frame material"},
        ),
        ("Find bicycles by Moreau", {}),
    ],
)
def test_requested_columns_become_enrichments(objective: str, columns: dict[str, str]) -> None:
    """Under the names of the columns."""
    draft = draft_plainly(objective, corpus_of("bicycles"))
    assert draft.enrichments == columns
    assert [reading.description for reading in draft.readings] == ["by Moreau"]


def test_requested_properties_without_a_column_are_refused() -> None:
    """As a criterion, rather than dropped."""
    draft = draft_plainly("Find bicycles by Moreau and their dealers", corpus_of("bicycles"))
    assert draft.enrichments == {}
    assert [reading.status for reading in draft.readings] == ["sql", "not_understood"]


def test_the_installed_packages_can_be_searched() -> None:
    """The main example; its matches are checked in test_packages_example."""
    packages = open_corpus("packages")
    draft = draft_plainly(
        "Find all installed Python packages that have an Apache license and require Python 3.10 "
        "or later",
        packages,
    )
    assert draft.entity_type == "installed Python packages"
    names = [reading.name for reading in draft.readings]
    assert names == ["apache_license", "require_python_3_10_or_later"]
    (reading,) = draft_plainly(
        "Find all installed packages that depend on numpy", packages
    ).readings
    assert reading.sql == "list_has_any(\"dependencies\", ['numpy'])"


def test_mentions_can_be_combined_with_columns() -> None:
    """In documents with a few columns."""
    letters = open_corpus(pd.DataFrame(LETTERS.records()))
    (reading,) = draft_plainly("Find letters that mention quokka", letters).readings
    assert (reading.status, reading.keywords) == ("mention", ("quokka",))
    readings = draft_plainly("Find letters about rain with a year after 1905", letters).readings
    assert [reading.status for reading in readings] == ["mention", "sql"]


FIRMS = pd.DataFrame(
    {
        "company": ["Acme", "Bolt", "Cove", "Dune"],
        "stage": ["Series A", "Series A", "Seed", "Series B"],
        "country": ["USA", "United Kingdom", "France", "USA"],
        "sector": ["medical devices", "fintech", "fintech", "AI"],
        "founded": [2016, 2010, 2018, 2020],
        "employees": [5, 50, 50, 900],
        "investors": [["Accel"], [], ["Accel", "Y Combinator"], ["Atomico"]],
        "remote": [True, True, False, True],
        "is_family_owned": [True, False, False, None],
    }
)


@pytest.mark.parametrize(
    ("objective", "criteria"),
    [
        ("Find Series A companies founded since 2015", ["Series A", "founded since 2015"]),
        ("Find Series B companies", ["Series B"]),
        ("Series A companies", ["Series A"]),
        ("Find USA companies founded since 2015", ["USA", "founded since 2015"]),
        ("Find medical devices companies", ["medical devices"]),
        ("Find United Kingdom companies", ["United Kingdom"]),
        ("Find Y Combinator companies", ["Y Combinator"]),
        ("Find me all fintech companies in France", ["fintech", "in France"]),
        ("Show us all companies in France", ["in France"]),
        ("Give me the remote Series A companies", ["remote", "Series A"]),
        ("Find family-owned Series A companies", ["family-owned", "Series A"]),
    ],
)
def test_words_before_the_noun_are_criteria(objective: str, criteria: list[str]) -> None:
    """Values of several words stay whole, and no part of a word is cut off."""
    draft = draft_plainly(objective, open_corpus(FIRMS))
    assert draft.entity_type == "companies"
    assert [each.description for each in draft.readings] == criteria
    assert {each.status for each in draft.readings} == {"sql"}


@pytest.mark.parametrize(
    ("objective", "word"),
    [
        ("Find US companies founded since 2015", "US"),
        ("Find us companies founded since 2015", "us"),
        ("Find remote US companies", "US"),
        ("Find US remote companies", "US"),
        ("Find A companies founded since 2015", "A"),
        ("Find A remote companies", "A"),
        ("Find Series C companies founded since 2015", "Series"),
        ("Find mechanical companies in France", "mechanical"),
        ("Find allergy companies in France", "allergy"),
        ("Find all-round companies in France", "all-round"),
        ("Find theatre companies in France", "theatre"),
        ("Which island companies are remote", "island"),
        ("Find employees in France", "employees"),
        ("Find investors in France", "investors"),
        ("Find devices in the USA", "devices"),
        ("Find Seed Series A companies", "Seed"),
        ("Find Series A and Seed companies", "Seed"),
        ("Who invests in France", "invests"),
        ("What sells in France", "sells"),
    ],
)
def test_no_word_of_an_objective_is_dropped(objective: str, word: str) -> None:
    """It stands in a criterion that is refused."""
    readings = draft_plainly(objective, open_corpus(FIRMS)).readings
    refused = [each.description for each in readings if each.status == "not_understood"]
    assert word in " ".join(refused).split()


def test_a_noun_may_stand_in_the_names_of_the_rows() -> None:
    """In those of a hotel chain it may be the same name twice."""
    names = ["Hotel Alma", "Hotel Bora", "Hotel Bora"]
    hotels = pd.DataFrame({"name": names, "city": ["Rome", "Oslo", "Rome"], "stars": [3, 4, 5]})
    drafted = draft_plainly("Find hotels in Rome with over 3 stars", open_corpus(hotels))
    assert drafted.entity_type == "hotels"
    assert all(reading.status == "sql" for reading in drafted.readings)
