"""The rule evaluator answers written conditions with the right rows and verbatim evidence."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
import pytest

from findall_frames.api.models import FindAllEnrichInput, JsonSchema, MatchCondition
from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.finding import Verdict

TABLES = Path(__file__).with_name("tables")
Truth = Callable[[pd.DataFrame], Any]


def judged(corpus: Corpus, condition: str) -> list[Verdict]:
    judge = RuleEvaluator().judge_for([MatchCondition("c", condition)], corpus)
    return [row[0] for row in judge.judge(range(len(corpus)))]


def assert_verbatim(corpus: Corpus, verdicts: list[Verdict]) -> None:
    for position, verdict in enumerate(verdicts):
        row = corpus.row(position)
        for citation in verdict.citations:
            cell = row[unquote(citation.url.rpartition("#")[2])]
            texts = [str(element) for element in (cell if isinstance(cell, list) else [cell])]
            assert citation.excerpts
            for excerpt in citation.excerpts:
                assert any(excerpt in text for text in texts), (excerpt, texts)


def speaks(language: str) -> Truth:
    return lambda t: t.languages.map(lambda spoken: language in list(spoken))


COUNTRIES: list[tuple[str, Truth]] = [
    ("Country must have a population of more than 50 million", lambda t: t.population > 50e6),
    ("Country must be in Africa or Asia", lambda t: t.continent.isin(["Africa", "Asia"])),
    ("Country must not be in Europe or Asia", lambda t: ~t.continent.isin(["Europe", "Asia"])),
    ("Country must be landlocked", lambda t: t.landlocked),
    ("Country must not be landlocked", lambda t: ~t.landlocked),
    ("Country must be Asian", lambda t: t.continent == "Asia"),
    (
        "Country must have a population below 1 million or above 100 million",
        lambda t: (t.population < 1e6) | (t.population > 1e8),
    ),
    ("Country must have between 1 and 5 million people", lambda t: t.population.between(1e6, 5e6)),
    (
        "Country must have an area of more than 1,000,000 square kilometres",
        lambda t: t.area_km2 > 1e6,
    ),
    ("area larger than 500,000 square miles", lambda t: t.area_km2 > 500000 * 2.58999),
    ("Country must speak French", lambda t: speaks("French")(t)),
    ("French must be one of the languages", lambda t: speaks("French")(t)),
    (
        "Country must have French and Arabic as languages",
        lambda t: speaks("French")(t) & speaks("Arabic")(t),
    ),
    (
        "Country must speak neither English nor French",
        lambda t: ~speaks("French")(t) & ~speaks("English")(t),
    ),
    ("Country must have more than one official language", lambda t: t.languages.map(len) > 1),
    ("Country must have at least three languages", lambda t: t.languages.map(len) >= 3),
    ("Country must use the euro", lambda t: t.currency == "Euro"),
    ("Country must have gained independence after 1950", lambda t: t.independence_year > 1950),
    ("independent since before 1900", lambda t: t.independence_year < 1900),
    (
        "Country must have become independent in the 1960s",
        lambda t: t.independence_year.between(1960, 1969),
    ),
    ("Country must have a capital", lambda t: t.capital.notna()),
    ("Country must have no capital", lambda t: t.capital.isna()),
    ("The capital must be Lima", lambda t: t.capital == "Lima"),
    ("Country must not be Egypt", lambda t: t.country != "Egypt"),
    (
        "Country must be in Africa but not landlocked",
        lambda t: (t.continent == "Africa") & ~t.landlocked,
    ),
    (
        "Country must be in Africa, except Egypt",
        lambda t: (t.continent == "Africa") & (t.country != "Egypt"),
    ),
    ("Country must have a GDP of at least $1 trillion", lambda t: t.gdp_billion_usd >= 1000),
    ("GDP between 100 and 500 billion dollars", lambda t: t.gdp_billion_usd.between(100, 500)),
    ("Country must have fewer than 5 million inhabitants", lambda t: t.population < 5e6),
    ("Country must be Guinea", lambda t: t.country == "Guinea"),
    ("name is Dominica", lambda t: t.country == "Dominica"),
    ("name starts with N", lambda t: t.country.str.startswith("N")),
    (
        "Country must be South American and Spanish-speaking",
        lambda t: (t.continent == "South America") & speaks("Spanish")(t),
    ),
    (
        "Country must be in North or South America",
        lambda t: t.continent.isin(["North America", "South America"]),
    ),
    ("population no more than half a million", lambda t: t.population <= 5e5),
    ("Country must be smaller than 1,000 km2", lambda t: t.area_km2 < 1000),
    (
        "Country must have over 100m people and be in Asia",
        lambda t: (t.population > 100e6) & (t.continent == "Asia"),
    ),
    (
        "Country must be in Europe with a population under 10 million",
        lambda t: (t.continent == "Europe") & (t.population < 10e6),
    ),
    ("currency is unknown", lambda t: t.currency.isna()),
    (
        "Country must be Bosnia and Herzegovina or Trinidad and Tobago",
        lambda t: t.country.isin(["Bosnia and Herzegovina", "Trinidad and Tobago"]),
    ),
]
CARS: list[tuple[str, Truth]] = [
    ("Car must be made in Japan", lambda t: t.Origin == "Japan"),
    ("Car must be Japanese or German", lambda t: t.Origin.isin(["Japan", "Germany"])),
    ("Car must be American", lambda t: t.Origin == "USA"),
    ("Car must have at least 30 mpg", lambda t: t.Miles_per_Gallon >= 30),
    ("Car must get 25 miles per gallon or more", lambda t: t.Miles_per_Gallon >= 25),
    ("Car must weigh less than 2,000 lbs", lambda t: t.Weight_in_lbs < 2000),
    ("Car must be lighter than 1000 kg", lambda t: t.Weight_in_lbs * 0.45359237 < 1000),
    ("Car must have 8 cylinders", lambda t: t.Cylinders == 8),
    ("Car must have 4 or 6 cylinders", lambda t: t.Cylinders.isin([4, 6])),
    (
        "Car must have more than 4 cylinders and weigh less than 3,500 pounds",
        lambda t: (t.Cylinders > 4) & (t.Weight_in_lbs < 3500),
    ),
    ("Car must have more than 100 horsepower", lambda t: t.Horsepower > 100),
    ("Car must have over 100 hp", lambda t: t.Horsepower > 100),
    ("Car must be from 1970", lambda t: t.Year.str.startswith("1970")),
    ("Car must be from before 1975", lambda t: t.Year.str[:4].astype(int) < 1975),
    ("Car must be built in 1975 or later", lambda t: t.Year.str[:4].astype(int) >= 1975),
    ("Car must run on diesel", lambda t: t.fuel == "diesel"),
    ("Car must not run on gasoline", lambda t: t.fuel != "gasoline"),
    ("Car must be a Toyota", lambda t: t.Name.str.contains("Toyota")),
    ("name contains Ford", lambda t: t.Name.str.contains("Ford")),
    ("Car must accelerate in under 10 seconds", lambda t: t.Acceleration < 10),
    ("Car must have no horsepower given", lambda t: t.Horsepower.isna()),
    ("Car must not be made in the USA or Japan", lambda t: ~t.Origin.isin(["USA", "Japan"])),
    ("Horsepower must be between 90 and 100", lambda t: t.Horsepower.between(90, 100)),
    ("Displacement must exceed 300 cubic inches", lambda t: t.Displacement > 300),
    (
        "Car must have a diesel engine and more than 4 cylinders",
        lambda t: (t.fuel == "diesel") & (t.Cylinders > 4),
    ),
]
COMPANIES: list[tuple[str, Truth]] = [
    ("Company must be based in Germany", lambda t: t.country == "Germany"),
    ("Company must not be based in Germany", lambda t: t.country != "Germany"),
    ("Company must have been founded after 2010", lambda t: t.founded > 2010),
    ("Company must have been founded in 2006", lambda t: t.founded == 2006),
    ("Company must have more than 100,000 employees", lambda t: t.employees > 100000),
    (
        "Company must employ between 1,000 and 10,000 people",
        lambda t: t.employees.between(1000, 10000),
    ),
    ("Company must have revenue above $10 billion", lambda t: t.revenue_usd_bn > 10),
    (
        "Company must have a revenue of less than 500 million dollars",
        lambda t: t.revenue_usd_bn < 0.5,
    ),
    ("Company must be publicly traded", lambda t: t.publicly_traded),
    ("Company must not be publicly traded", lambda t: ~t.publicly_traded),
    ("Company must be an AI company", lambda t: t.industry == "Artificial intelligence"),
    (
        "Company must be headquartered in London or Paris",
        lambda t: t.headquarters.isin(["London", "Paris"]),
    ),
    ("CEO must be Tim Cook", lambda t: t.ceo == "Tim Cook"),
    ("Company must have no CEO listed", lambda t: t.ceo.isna()),
    ("Company must be in the banking industry", lambda t: t.industry == "Banking"),
    ("Company must be Swedish", lambda t: t.country == "Sweden"),
    (
        "Company must be a US company founded before 1980",
        lambda t: (t.country == "United States") & (t.founded < 1980),
    ),
    (
        "Company must be British and have fewer than 5,000 employees",
        lambda t: (t.country == "United Kingdom") & (t.employees < 5000),
    ),
    ("Company must be led by Sam Altman", lambda t: t.ceo == "Sam Altman"),
    ("Company must make language models", lambda t: t.name.isin(["OpenAI", "Mistral AI"])),
    (
        "description mentions cars",
        lambda t: (
            t.name.isin(["Airbus", "Toyota", "BlaBlaCar"]) & t.name.isin(["Airbus", "Toyota"])
        ),
    ),
    ("Company must make cars", lambda t: t.name.isin(["Toyota"])),
    ("Company must sell clothing or fashion", lambda t: t.name.isin(["Zalando", "Patagonia"])),
    (
        "Company must be either French or Japanese and publicly traded",
        lambda t: t.country.isin(["France", "Japan"]) & t.publicly_traded,
    ),
    ("Company must operate in software", lambda t: t.industry.str.contains("software")),
    ("Company must be older than 1950", lambda t: t.founded < 1950),
    (
        "The industry must not be banking or payments",
        lambda t: ~t.industry.isin(["Banking", "Payments"]),
    ),
    (
        "founded in the 1970s and based in the United States",
        lambda t: t.founded.between(1970, 1979) & (t.country == "United States"),
    ),
    (
        "Company must have between 1,000 and 3,000 employees and be headquartered in Berlin, "
        "London or Paris",
        lambda t: (
            t.employees.between(1000, 3000) & t.headquarters.isin(["Berlin", "London", "Paris"])
        ),
    ),
]
QUESTIONS = [
    pytest.param(table, condition, truth, id=condition)
    for table, questions in (("countries", COUNTRIES), ("cars", CARS), ("companies", COMPANIES))
    for condition, truth in questions
]


@pytest.mark.parametrize(("table", "condition", "truth"), QUESTIONS)
def test_a_condition_matches_exactly_the_rows_of_the_pandas_expression(
    table: str, condition: str, truth: Truth
) -> None:
    """A condition in plain words selects what its pandas expression selects."""
    frame = pd.read_parquet(TABLES / f"{table}.parquet")
    wanted = set(frame.iloc[:, 0][truth(frame).fillna(False).astype(bool)])
    assert wanted, "the truth must not be empty"
    corpus = open_corpus(TABLES / f"{table}.parquet")
    verdicts = judged(corpus, condition)
    found = {corpus.entity(i).name for i, verdict in enumerate(verdicts) if verdict.is_matched}
    assert found == wanted
    assert_verbatim(corpus, verdicts)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("City must have more than 5 million residents", {"Lagos", "Lima", "Sydney"}),
        ("City must have fewer than 500,000 inhabitants", {"Bern", "Porto", "Zürich"}),
        ("City must have a population between 1 and 5 million", {"Nairobi", "Osaka", "Vienna"}),
        ("City must be in Switzerland", {"Bern", "Zürich"}),
        ("City must be the capital of Peru", {"Lima"}),
        ("City must have a metro", {"Lagos", "Lima", "Osaka", "Sydney", "Vienna"}),
        ("Metro must have opened after 2010", {"Lagos", "Lima", "Sydney"}),
        ("City must have a metro that opened before 1980", {"Osaka", "Vienna"}),
        ("City must be a port city", {"Osaka", "Porto"}),
        ("City must be on the coast", {"Lima", "Lagos"}),
        ("City must be known for classical music", {"Vienna"}),
        ("City must have an opera house", {"Sydney"}),
        ("City must be in Africa", {"Lagos", "Nairobi"}),
        ("City must lie at an elevation above 1,000 metres", {"Nairobi"}),
        ("City must be Swiss", {"Bern", "Zürich"}),
        ("City must be in Japan or Kenya", {"Nairobi", "Osaka"}),
        ("City must be known for wine", {"Porto"}),
        ("City must have trams", {"Zürich"}),
        (
            "City must not be in Switzerland",
            {"Lagos", "Lima", "Lyon", "Nairobi", "Osaka", "Porto", "Sydney", "Vienna"},
        ),
    ],
)
def test_a_fact_is_found_in_running_text(condition: str, wanted: set[str]) -> None:
    """Where there is no column, sentences and the numbers in them answer."""
    corpus = open_corpus(TABLES / "cities.parquet")
    verdicts = judged(corpus, condition)
    found = {corpus.entity(i).name for i, verdict in enumerate(verdicts) if verdict.is_matched}
    assert found == wanted
    assert_verbatim(corpus, verdicts)


def test_the_packages_example_agrees_with_the_metadata() -> None:
    """Apache and Python 3.10 are decided as the installed metadata says."""
    corpus = open_corpus("packages")
    judge = RuleEvaluator().judge_for(
        [
            MatchCondition("a", "Package must have an Apache license"),
            MatchCondition("p", "Package must require Python 3.10 or later"),
        ],
        corpus,
    )
    rows = judge.judge(range(len(corpus)))
    names = [corpus.entity(i).name for i in range(len(corpus))]
    apache, python = set(), set()
    for name in names:
        about = metadata.metadata(name)
        licenses = [about.get("License-Expression") or "", (about.get("License") or "")[:100]]
        licenses += [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
        if any("apache" in text.lower() for text in licenses):
            apache.add(name)
        bounds = [
            tuple(map(int, part.strip().lstrip(">=").strip().split(".")[:2]))
            for part in (about.get("Requires-Python") or "").split(",")
            if part.strip().startswith(">=")
        ]
        if bounds and max(bounds) >= (3, 10):
            python.add(name)
    assert {n for n, row in zip(names, rows, strict=True) if row[0].is_matched} == apache
    assert {n for n, row in zip(names, rows, strict=True) if row[1].is_matched} == python
    assert apache & python
    for place in (0, 1):
        assert_verbatim(corpus, [row[place] for row in rows])


def test_a_matched_verdict_says_value_reason_and_place() -> None:
    """A verdict carries the cell, a sentence about it, and where the cell stands."""
    corpus = open_corpus(TABLES / "countries.parquet")
    verdict = judged(corpus, "Country must have more than 50 million people")[1]
    assert verdict.is_matched
    assert verdict.value == 83_200_000
    assert verdict.reasoning == "population is 83,200,000, which is more than 50,000,000."
    (citation,) = verdict.citations
    assert citation.url == "local://countries/Germany#population"
    assert citation.title == "Germany: population"
    assert citation.excerpts == ["83200000"]


def test_an_exact_comparison_is_sure_and_a_mention_is_not() -> None:
    """Confidence is high for a named column and low where only words were looked for."""
    corpus = open_corpus(TABLES / "countries.parquet")
    assert judged(corpus, "population over 50 million")[0].confidence == "high"
    assert judged(corpus, "Country must be famous for its cheese")[0].confidence == "low"


def test_a_missing_value_meets_neither_the_condition_nor_its_negation() -> None:
    """What is not known is unmatched both ways, with low confidence and a reason."""
    corpus = open_corpus(TABLES / "companies.parquet")
    position = next(i for i in range(len(corpus)) if corpus.entity(i).name == "Mistral AI")
    for condition in (
        "Company must have revenue above $1 billion",
        "Company must not have revenue above $1 billion",
    ):
        verdict = judged(corpus, condition)[position]
        assert not verdict.is_matched
        assert verdict.confidence == "low"
        assert "missing" in verdict.reasoning


def test_what_no_column_answers_is_called_not_understood() -> None:
    """A measure that the table lacks is not answered by another measure."""
    corpus = open_corpus(TABLES / "countries.parquet")
    condition = MatchCondition("c", "Country must have a population density above 100")
    judge = RuleEvaluator().judge_for([condition], corpus)
    assert judge.readings[0].startswith("Not understood")
    verdicts = [row[0] for row in judge.judge(range(len(corpus)))]
    assert not any(verdict.is_matched for verdict in verdicts)
    assert all("No column answers" in verdict.reasoning for verdict in verdicts)


def test_two_columns_that_fit_equally_are_both_reported() -> None:
    """A tie between columns is shown as two readings with low confidence."""
    table = pa.table({"name": ["a", "b"], "population_2010": [5, 50], "population_2020": [50, 500]})
    corpus = Corpus.from_table(table, name="towns")
    judge = RuleEvaluator().judge_for([MatchCondition("c", "population above 40")], corpus)
    assert "population_2010" in judge.readings[0].lower()
    assert "population_2020" in judge.readings[0].lower()
    assert judge.judge([0])[0][0].confidence == "low"


def test_readings_say_what_will_be_checked() -> None:
    """A reading names the column and the range."""
    corpus = open_corpus(TABLES / "cars.parquet")
    judge = RuleEvaluator().judge_for([MatchCondition("c", "at least 30 mpg")], corpus)
    assert judge.readings == ["Miles_per_Gallon is at least 30."]


def test_judging_follows_the_order_of_positions_and_conditions() -> None:
    """Rows come back in the order asked for, each with its conditions in order."""
    corpus = open_corpus(TABLES / "countries.parquet")
    conditions = [
        MatchCondition("europe", "Country must be in Europe"),
        MatchCondition("landlocked", "Country must be landlocked"),
    ]
    rows = RuleEvaluator().judge_for(conditions, corpus).judge([9, 3, 0])
    assert [[verdict.is_matched for verdict in row] for row in rows] == [
        [False, False],
        [True, True],
        [True, False],
    ]


def test_an_enrichment_is_filled_in_the_types_of_its_schema() -> None:
    """Properties find their columns, are coerced, and are null where nothing supports them."""
    corpus = open_corpus(TABLES / "countries.parquet")
    schema = {
        "type": "object",
        "properties": {
            "capital_city": {"type": "string", "description": "capital of the country"},
            "population": {"type": "integer"},
            "languages": {"type": "array", "items": {"type": "string"}},
            "landlocked": {"type": "boolean"},
            "national_anthem": {"type": "string"},
        },
    }
    filler = RuleEvaluator().filler_for(FindAllEnrichInput(JsonSchema(schema)), corpus)
    (row,) = filler.fill([3])
    assert list(row) == list(schema["properties"])
    assert {name: finding.value for name, finding in row.items()} == {
        "capital_city": "Bern",
        "population": 8_700_000,
        "languages": ["German", "French", "Italian", "Romansh"],
        "landlocked": True,
        "national_anthem": None,
    }
    assert row["capital_city"].citations[0].excerpts == ["Bern"]
    assert row["national_anthem"].citations == ()


def filled(table: pd.DataFrame, properties: dict[str, Any]) -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": properties}
    filler = RuleEvaluator().filler_for(
        FindAllEnrichInput(JsonSchema(schema)), open_corpus(pa.Table.from_pandas(table))
    )
    rows = filler.fill(range(len(table)))
    return [{name: finding.value for name, finding in row.items()} for row in rows]


def test_a_cell_is_filled_in_the_type_unit_and_choice_that_are_asked_for() -> None:
    """Text numbers, magnitudes, lists in a text, dates and one of several values."""
    table = pd.DataFrame(
        {
            "company": ["Kilnworks", "Slatehouse", "Brickyard"],
            "# Emp": ["1,200", "~30", "n/a"],
            "Rev. (USD M)": [85.5, 3.2, None],
            "Height (m)": [100.0, 50.0, 10.0],
            "Tags": ["clay; fire", "stone", "clay; brick"],
            "Stage": ["Customer", "Lead", "Former customer"],
            "Last contact": ["2024-03-12", "2023-11-20", None],
            "Public?": ["Y", "N", None],
        }
    )
    properties = {
        "employees": {"type": "integer"},
        "revenue_usd": {"type": "number"},
        "height_cm": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "stage": {"type": "string", "enum": ["lead", "customer"]},
        "last_contact": {"type": "string", "format": "date"},
        "public": {"type": "boolean"},
    }
    assert filled(table, properties) == [
        {
            "employees": 1200,
            "revenue_usd": 85_500_000.0,
            "height_cm": 10_000.0,
            "tags": ["clay", "fire"],
            "stage": "customer",
            "last_contact": "2024-03-12",
            "public": True,
        },
        {
            "employees": 30,
            "revenue_usd": 3_200_000.0,
            "height_cm": 5_000.0,
            "tags": ["stone"],
            "stage": "lead",
            "last_contact": "2023-11-20",
            "public": False,
        },
        {
            "employees": None,
            "revenue_usd": None,
            "height_cm": 1_000.0,
            "tags": ["clay", "brick"],
            "stage": "customer",
            "last_contact": None,
            "public": None,
        },
    ]


def test_a_property_is_filled_from_what_a_text_says_and_null_where_it_says_nothing() -> None:
    """Years, dates, choices, and a yes or no only where the text says the one or the other."""
    table = pd.DataFrame(
        {
            "name": ["Arbolita", "Bytefold", "Islet"],
            "text": [
                "Arbolita of Seville in Spain was founded in 2019. On 4 March 2024 it closed a "
                "Series A, and it is profitable.",
                "Bytefold of Estonia was set up in 2016 and is not profitable. Last year it "
                "opened an office in Spain.",
                "Islet is a small publisher of crossword puzzles that two friends run at home.",
            ],
        }
    )
    properties = {
        "founded_year": {"type": "integer"},
        "closed_on": {"type": "string", "format": "date"},
        "country": {"type": "string", "enum": ["Spain", "Estonia"]},
        "profitable": {"type": "boolean", "description": "Is profitable"},
    }
    assert filled(table, properties) == [
        {"founded_year": 2019, "closed_on": "2024-03-04", "country": "Spain", "profitable": True},
        {"founded_year": 2016, "closed_on": None, "country": None, "profitable": False},
        {"founded_year": None, "closed_on": None, "country": None, "profitable": None},
    ]


def test_a_missing_cell_is_filled_with_null_and_says_so() -> None:
    """An enrichment without a value has no citation and low confidence."""
    corpus = open_corpus(TABLES / "countries.parquet")
    position = next(i for i in range(len(corpus)) if corpus.entity(i).name == "Nauru")
    schema = {"type": "object", "properties": {"capital": {"type": "string"}}}
    filler = RuleEvaluator().filler_for(FindAllEnrichInput(JsonSchema(schema)), corpus)
    finding = filler.fill([position])[0]["capital"]
    assert (finding.value, finding.confidence, finding.citations) == (None, "low", ())


def test_without_a_column_an_enrichment_is_filled_from_the_text() -> None:
    """A number beside its words, or the sentence itself, with low confidence."""
    corpus = open_corpus(TABLES / "cities.parquet")
    properties = {"elevation": {"type": "number"}, "opera": {"type": "string"}}
    schema = {"type": "object", "properties": properties}
    filler = RuleEvaluator().filler_for(FindAllEnrichInput(JsonSchema(schema)), corpus)
    rows = {corpus.entity(i).name: row for i, row in enumerate(filler.fill(range(len(corpus))))}
    assert rows["Nairobi"]["elevation"].value == 1795
    assert rows["Nairobi"]["elevation"].citations[0].excerpts == [
        "It lies at an elevation of 1,795 metres."
    ]
    assert rows["Sydney"]["opera"].value == (
        "It has 5.3 million residents and a famous opera house."
    )
    assert rows["Porto"]["opera"].value is None
    assert rows["Porto"]["elevation"].value is None


def test_a_table_without_any_text_can_be_judged() -> None:
    """A condition that only text could answer is unmatched, not an error."""
    corpus = Corpus.from_table(pa.table({"id": [7, 8], "n": [1, 2]}), name="t", name_column="id")
    verdicts = judged(corpus, "must be haunted")
    assert [verdict.is_matched for verdict in verdicts] == [False, False]
    assert [verdict.is_matched for verdict in judged(corpus, "n above 1")] == [False, True]


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"city": ["Rome", "Oslo", "Bari"], "hotel": ["Grand", "Ritz", "Grand"]}, "hotel"),
        (
            {"Country": ["Italy", "Norway"], "City": ["Rome", "Oslo"], "Museum": ["A", "B"]},
            "Museum",
        ),
        ({"iata": ["LHR", "CDG"], "airport": ["Heathrow", "De Gaulle"]}, "airport"),
        ({"title": ["Dr", "Dr", "Mr"], "employee": ["Ann", "Bob", "Cid"]}, "employee"),
        ({"ceo": ["Ann", "Bob"], "company_name": ["Kilnworks", "Slatehouse"]}, "company_name"),
        ({"Date": ["1961-04-12", "1969-07-16"], "Mission": ["Vostok 1", "Apollo 11"]}, "Mission"),
        ({"code": ["FR", "DE"]}, "code"),
    ],
)
def test_the_names_are_found_by_what_columns_hold_and_are_called(
    table: dict[str, list[str]], named: str
) -> None:
    """The name is seldom the first column, and may repeat now and then."""
    assert open_corpus(pa.table(table)).name_column == named
