"""An objective becomes a kind of entity, one condition per criterion, and suggested columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.objectives.ingest import ingest

TABLES = Path(__file__).with_name("tables")


@pytest.mark.parametrize(
    ("objective", "entity_type", "descriptions"),
    [
        (
            "Find all installed Python packages that have an Apache license and require Python "
            "3.10 or later",
            "installed Python packages",
            [
                "Package must have an Apache license.",
                "Package must require Python 3.10 or later.",
            ],
        ),
        ("Find all packages", "packages", ["Package must have a name."]),
        (
            "Find web frameworks with an MIT license",
            "web frameworks",
            ["Package must be a web framework.", "Package must have an MIT license."],
        ),
        ("Find HTTP clients", "HTTP clients", ["Package must be an HTTP client."]),
        (
            "List packages that depend on numpy or pandas but do not require Python 3.11 or later",
            "packages",
            [
                "Package must depend on numpy or pandas.",
                "Package must not require Python 3.11 or later.",
            ],
        ),
        (
            "Which packages have no dependencies?",
            "packages",
            ["Package must have no dependencies."],
        ),
    ],
)
def test_an_objective_about_packages_keeps_only_what_tells_them_apart(
    objective: str, entity_type: str, descriptions: list[str]
) -> None:
    """Being an installed Python package is no criterion among installed Python packages."""
    schema = ingest(objective, open_corpus("packages"))
    assert schema.entity_type == entity_type
    assert [condition.description for condition in schema.match_conditions] == descriptions
    assert (schema.objective, schema.generator, schema.match_limit) == (objective, "core", None)


@pytest.mark.parametrize(
    ("objective", "descriptions"),
    [
        (
            "Countries in Europe with a population above 50 million",
            ["Country must be in Europe.", "Country must have a population above 50 million."],
        ),
        (
            "Find all landlocked African countries with between 1 and 50 million people",
            [
                "Country must be landlocked.",
                "Country must be African.",
                "Country must have between 1 and 50 million people.",
            ],
        ),
        ("Find countries not in Europe or Asia", ["Country must not be in Europe or Asia."]),
        ("Countries whose capital is Lima", ["Country must be one whose capital is Lima."]),
        (
            "List companies founded after 2010 that are not based in Germany",
            ["Company must have been founded after 2010.", "Company must not be based in Germany."],
        ),
        (
            "Find all AI companies that raised Series A funding in 2024",
            [
                "Company must be an AI company.",
                "Company must have raised Series A funding in 2024.",
            ],
        ),
        ("Find cities in Italy", ["City must be in Italy."]),
        (
            "Which countries in Africa or Asia cover more than 500,000 km²?",
            ["Country must be in Africa or Asia.", "Country must cover more than 500,000 km²."],
        ),
        ("countries that do without an army", ["Country must do without an army."]),
        ("countries that do not export oil", ["Country must not export oil."]),
        (
            "Which countries with more than 50 million people require a visa?",
            ["Country must have more than 50 million people.", "Country must require a visa."],
        ),
        (
            "Which countries that have a billion people or more offer free schools?",
            ["Country must have a billion people or more.", "Country must offer free schools."],
        ),
        (
            "Find countries in Africa or Asia for less than 900 euros",
            ["Country must be in Africa or Asia.", "Country must be for less than 900 euros."],
        ),
        (
            "countries in Europe for between $20 and $40 a day",
            ["Country must be in Europe.", "Country must be for between $20 and $40 a day."],
        ),
        (
            "cars that are not made in the USA, Japan or Germany",
            ["Car must not be made in the USA, Japan or Germany."],
        ),
    ],
)
def test_each_criterion_is_a_sentence_with_its_scope(
    objective: str, descriptions: list[str]
) -> None:
    """Ranges and lists stay whole; everything else is a condition of its own."""
    frame = pd.read_parquet(TABLES / "countries.parquet")
    schema = ingest(objective, open_corpus(frame))
    assert [condition.description for condition in schema.match_conditions] == descriptions


@pytest.mark.parametrize(
    ("objective", "names", "descriptions"),
    [
        ("Find suppliers outside Norway", ["outside_norway"], ["be outside Norway"]),
        ("Find suppliers close to the sea", ["close_to_sea"], ["be close to the sea"]),
        (
            "Find suppliers that gardeners love",
            ["gardeners_love"],
            ["be one that gardeners love"],
        ),
        ("Find the suppliers John visited", ["john_visited"], ["be one that John visited"]),
        ("Which suppliers deliver pumps?", ["deliver_pumps"], ["deliver pumps"]),
        (
            "Find suppliers with a minimum order below 500 euros",
            ["minimum_order_below_500_euros"],
            ["have a minimum order below 500 euros"],
        ),
    ],
)
def test_a_noun_that_asks_nothing_is_who_the_criteria_are_about(
    objective: str, names: list[str], descriptions: list[str]
) -> None:
    """Whatever the table is called, and whatever form the question has."""
    visits = pa.table({"title": ["Alder", "Kiln"], "delivers": ["oak", "pumps"]})
    for corpus in (Corpus.from_table(visits, name="visits"), open_corpus(visits.to_pandas())):
        conditions = ingest(objective, corpus).match_conditions
        assert [one.name for one in conditions] == [f"{name}_check" for name in names]
        assert [one.description for one in conditions] == [
            f"Supplier must {description}." for description in descriptions
        ]


def test_a_question_may_be_about_one() -> None:
    """Its verb stands right behind the noun."""
    corpus = open_corpus(
        pd.DataFrame({"supplier": ["Alder", "Kiln"], "delivers": ["oak", "pumps"]})
    )
    schema = ingest("Which supplier delivers pumps?", corpus)
    (condition,) = schema.match_conditions
    assert (schema.entity_type, condition.description) == (
        "supplier",
        "Supplier must deliver pumps.",
    )


def test_a_word_that_every_row_has_asks_nothing() -> None:
    """ "Samples", among samples that are called so."""
    samples = pd.DataFrame({"name": [f"Sample {n}" for n in range(5)], "grams": range(5)})
    schema = ingest("Find all samples of more than 3 grams", open_corpus(samples))
    (condition,) = schema.match_conditions
    assert condition.description == "Sample must be of more than 3 grams."


def test_what_else_is_asked_for_becomes_a_suggested_enrichment() -> None:
    """Their capital and their population are columns, not criteria."""
    corpus = open_corpus(TABLES / "countries.parquet")
    schema = ingest("Find all countries in Asia, along with their capital and population", corpus)
    assert [condition.description for condition in schema.match_conditions] == [
        "Country must be in Asia."
    ]
    assert schema.enrichments is not None
    (enrichment,) = schema.enrichments
    assert enrichment.output_schema.json_schema == {
        "type": "object",
        "properties": {
            "capital": {"type": "string", "description": "capital"},
            "population": {"type": "number", "description": "population"},
        },
    }


def test_condition_names_are_unique_keys_that_end_in_check() -> None:
    """Names can be column names, and no two are the same."""
    corpus = open_corpus(TABLES / "countries.parquet")
    schema = ingest(
        "Find countries in Africa with more than 5 million people and in Africa with a capital",
        corpus,
    )
    names = [condition.name for condition in schema.match_conditions]
    assert len(names) == len(set(names)) >= 3
    assert all(name.endswith("_check") and name.isidentifier() for name in names)


def test_all_rows_are_found_where_their_names_are_numbers() -> None:
    """Of a column "Order no." the "no." denies nothing."""
    corpus = Corpus.from_table(pa.table({"Order no.": ["A-1", "B-2"]}), name="orders")
    conditions = ingest("Find all orders", corpus).match_conditions
    rows = RuleEvaluator().judge_for(conditions, corpus).judge(range(2))
    assert [verdict.is_matched for (verdict,) in rows] == [True, True]


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("Find parts ordered from Spain", ["Part must have been ordered from Spain."]),
        ("Find parts, ordered by price", []),
        ("Find parts sorted by price that are made in Spain", ["Part must be made in Spain."]),
    ],
)
def test_an_order_that_is_wished_is_told_from_what_was_ordered(
    objective: str, said: list[str]
) -> None:
    """How rows are to be sorted asks for no others, and takes nothing else with it."""
    table = pa.table({"part": ["bolt", "nut"], "origin": ["Spain", "Oman"], "price": [1, 2]})
    drafted = ingest(objective, Corpus.from_table(table, name="parts")).match_conditions
    conditions = [condition.description for condition in drafted]
    assert conditions == (said or ["Part must have a part."])


def test_an_objective_without_criteria_that_names_something_else_matches_nothing() -> None:
    """Asked for web frameworks, not every package is an answer."""
    corpus = open_corpus("packages")
    schema = ingest("Find unicorn stables", corpus)
    assert len(schema.match_conditions) == 1
    rows = RuleEvaluator().judge_for(schema.match_conditions, corpus).judge(range(len(corpus)))
    assert not any(row[0].is_matched for row in rows)


def speaks(language: str) -> Callable[[pd.DataFrame], Any]:
    return lambda t: t.languages.map(lambda spoken: language in list(spoken))


ROUND_TRIPS: list[tuple[str, str, Callable[[pd.DataFrame], Any]]] = [
    (
        "countries",
        "Find all countries in Africa or Asia with more than 50 million people",
        lambda t: t.continent.isin(["Africa", "Asia"]) & (t.population > 50e6),
    ),
    (
        "countries",
        "Countries in Europe with a population above 50 million",
        lambda t: (t.continent == "Europe") & (t.population > 50e6),
    ),
    (
        "countries",
        "Which landlocked countries are in Africa?",
        lambda t: t.landlocked & (t.continent == "Africa"),
    ),
    (
        "countries",
        "List African countries that speak French and are not landlocked",
        lambda t: (t.continent == "Africa") & speaks("French")(t) & ~t.landlocked,
    ),
    (
        "countries",
        "Find every country whose currency is the CFA franc",
        lambda t: t.currency == "CFA franc",
    ),
    (
        "countries",
        "Find Asian countries with an area between 100,000 and 500,000 "
        "square kilometres, and their capital",
        lambda t: (t.continent == "Asia") & t.area_km2.between(1e5, 5e5),
    ),
    (
        "countries",
        "Show me all countries that became independent after 1960 and "
        "have fewer than 5 million inhabitants",
        lambda t: (t.independence_year > 1960) & (t.population < 5e6),
    ),
    (
        "countries",
        "I want all countries outside Europe that speak German or French",
        lambda t: (t.continent != "Europe") & (speaks("German")(t) | speaks("French")(t)),
    ),
    (
        "countries",
        "What are the countries in North America except Canada?",
        lambda t: (t.continent == "North America") & (t.country != "Canada"),
    ),
    ("countries", "countries", lambda t: t.population.map(lambda x: True)),
    ("countries", "Find all countries", lambda t: t.population.map(lambda x: True)),
    (
        "countries",
        "Find spanish-speaking countries in South America",
        lambda t: (t.continent == "South America") & speaks("Spanish")(t),
    ),
    (
        "countries",
        "Find countries where the population exceeds 100 million",
        lambda t: t.population > 1e8,
    ),
    ("countries", "Countries with no capital", lambda t: t.capital.isna()),
    (
        "cars",
        "Find Japanese cars with at least 30 mpg",
        lambda t: (t.Origin == "Japan") & (t.Miles_per_Gallon >= 30),
    ),
    (
        "cars",
        "Find all cars from the USA with 8 cylinders that weigh less than 4,000 lbs",
        lambda t: (t.Origin == "USA") & (t.Cylinders == 8) & (t.Weight_in_lbs < 4000),
    ),
    (
        "cars",
        "Find diesel cars built before 1980",
        lambda t: (t.fuel == "diesel") & (t.Year.str[:4].astype(int) < 1980),
    ),
    (
        "cars",
        "German or French cars made in 1970",
        lambda t: t.Origin.isin(["Germany", "France"]) & t.Year.str.startswith("1970"),
    ),
    (
        "cars",
        "cars heavier than 3000 lbs and with more than 200 horsepower",
        lambda t: (t.Weight_in_lbs > 3000) & (t.Horsepower > 200),
    ),
    ("cars", "4-cylinder cars from Sweden", lambda t: (t.Cylinders == 4) & (t.Origin == "Sweden")),
    (
        "cars",
        "cars that are not made in the USA, Japan or Germany",
        lambda t: ~t.Origin.isin(["USA", "Japan", "Germany"]),
    ),
    (
        "companies",
        "List companies founded after 2010 that are not based in Germany",
        lambda t: (t.founded > 2010) & (t.country != "Germany"),
    ),
    (
        "companies",
        "Find all AI companies founded since 2010",
        lambda t: (t.industry == "Artificial intelligence") & (t.founded >= 2010),
    ),
    (
        "companies",
        "Find publicly traded companies in Japan or the United States "
        "with more than 200,000 employees",
        lambda t: (
            t.publicly_traded & t.country.isin(["Japan", "United States"]) & (t.employees > 200000)
        ),
    ),
    ("companies", "Swedish companies and their CEO", lambda t: t.country == "Sweden"),
    (
        "companies",
        "Companies headquartered in Berlin or Stockholm with revenue below $5 billion",
        lambda t: t.headquarters.isin(["Berlin", "Stockholm"]) & (t.revenue_usd_bn < 5),
    ),
    (
        "companies",
        "Companies that employ more than 100,000 people and were founded before 1980",
        lambda t: (t.employees > 100000) & (t.founded < 1980),
    ),
    (
        "companies",
        "Find companies in the enterprise software industry "
        "along with their headquarters and revenue",
        lambda t: t.industry == "Enterprise software",
    ),
    ("companies", "Find companies without a CEO", lambda t: t.ceo.isna()),
    (
        "companies",
        "Find companies led by Sam Altman or Tim Cook",
        lambda t: t.ceo.isin(["Sam Altman", "Tim Cook"]),
    ),
]


@pytest.mark.parametrize(("table", "objective", "truth"), ROUND_TRIPS)
def test_an_objective_finds_exactly_what_its_pandas_expression_finds(
    table: str, objective: str, truth: Callable[[pd.DataFrame], Any]
) -> None:
    """What ingest drafts is judged to be what was asked."""
    frame = pd.read_parquet(TABLES / f"{table}.parquet")
    wanted = set(frame.iloc[:, 0][truth(frame).fillna(False).astype(bool)])
    corpus = open_corpus(TABLES / f"{table}.parquet")
    conditions = ingest(objective, corpus).match_conditions
    rows = RuleEvaluator().judge_for(conditions, corpus).judge(range(len(corpus)))
    found = {
        corpus.entity(position).name
        for position, row in enumerate(rows)
        if all(verdict.is_matched for verdict in row)
    }
    assert wanted
    assert found == wanted
