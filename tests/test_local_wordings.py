"""Ways in which people put conditions, over tables as people keep them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge
from findall_frames.embedded.language.figures import read_figures
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import alike, split_name
from findall_frames.embedded.objectives.ingest import ingest

TABLES = Path(__file__).with_name("tables")


def judge_of(corpus: Corpus, condition: str) -> RuleJudge:
    return RuleEvaluator().judge_for([MatchCondition("asked", condition)], corpus)


def found(corpus: Corpus, condition: str) -> set[str]:
    rows = judge_of(corpus, condition).judge(range(len(corpus)))
    names = corpus.names(range(len(corpus)))
    return {name for name, (verdict,) in zip(names, rows, strict=True) if verdict.is_matched}


WORKS = Corpus.from_table(
    pa.Table.from_pandas(
        pd.DataFrame(
            {
                "Company": ["Kilnworks", "Slatehouse", "Brickyard", "Claypit", "Loam"],
                "# Emp": ["1,200", "~30", "300", "n/a", "45"],
                "MOQ (pcs)": [500, 20, 100, 50, 5],
                "Spend": ["€40k", "€1.2M", "€500k", "€120k", "€9k"],
                "Margin (USD M)": [12.0, -3.0, 4.0, 1.0, 2.0],
                "Country": ["Germany", "France", "Germany", "Spain", "France"],
                "Ownership": ["Public", "Private", "Private", "Public", "Public"],
                "Material": ["stainless steel", "slate", "steel", "clay", "clay"],
                "Certificates": ["ISO 9001; ISO 14001", "ISO 9001", "ISO 14001", None, "ISO 9001"],
                "Revision": ["A", "B", "C", "A", "B"],
                "Founded": [1950, 1988, 2004, 2015, 1921],
                "Last audit": ["9 May 2023", "12 March 2024", "1 July 2024", None, "June 2022"],
            }
        )
    ),
    name="works",
)


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("fewer than 40 or more than 1,000 employees", {"Kilnworks", "Slatehouse"}),
        ("at least 30 but no more than 300 employees", {"Slatehouse", "Brickyard", "Loam"}),
        ("more employees than Brickyard", {"Kilnworks"}),
        ("founded later than Slatehouse or before Kilnworks", {"Brickyard", "Claypit", "Loam"}),
        ("above-average spend", {"Slatehouse", "Brickyard"}),
        ("the two oldest", {"Loam", "Kilnworks"}),
        ("the oldest in Germany", {"Kilnworks"}),
        ("the smallest German company", {"Brickyard"}),
        ("not the oldest", {"Kilnworks", "Slatehouse", "Brickyard", "Claypit"}),
        ("spend of at least half a million euros", {"Slatehouse", "Brickyard"}),
        ("minimum order quantity below 50", {"Slatehouse", "Loam"}),
        ("negative margin", {"Slatehouse"}),
        ("made of steel", {"Kilnworks", "Brickyard"}),
        ("certified to ISO 9001 but not to ISO 14001", {"Slatehouse", "Loam"}),
        ("only ISO 14001", {"Brickyard"}),
        ("Revision: A or C", {"Kilnworks", "Brickyard", "Claypit"}),
        ("revision other than A", {"Slatehouse", "Brickyard", "Loam"}),
        ("public companies in Germany or France", {"Kilnworks", "Loam"}),
        ("old, i.e. founded before 1960", {"Kilnworks", "Loam"}),
        ("French (Country: France)", {"Slatehouse", "Loam"}),
        ("audited in the first quarter of 2024", {"Slatehouse"}),
        ("last audit before 2023", {"Loam"}),
        ("I'm looking for companies that are in Spain", {"Claypit"}),
        ("Country != Germany and Founded >= 1988", {"Slatehouse", "Claypit"}),
        ("French or German companies older than 50 years", {"Kilnworks", "Loam"}),
        ("from the same country as Slatehouse", {"Slatehouse", "Loam"}),
        ("the second oldest", {"Kilnworks"}),
        ("the second-oldest in France", {"Slatehouse"}),
        ("any country but Germany", {"Slatehouse", "Claypit", "Loam"}),
        ("country in (Spain, France)", {"Slatehouse", "Claypit", "Loam"}),
        ("more employees than average", {"Kilnworks"}),
        ("headcount missing or below 40", {"Slatehouse", "Claypit"}),
    ],
)
def test_a_condition_is_understood_however_it_is_put(condition: str, names: set[str]) -> None:
    """Shared nouns, other rows, ranks within a scope, codes, and what is said twice."""
    assert found(WORKS, condition) == names, judge_of(WORKS, condition).readings


@pytest.mark.parametrize(
    ("condition", "aside"),
    [
        ("famous in Germany", "'famous'"),
        ("native to Spain", "'native'"),
        ("more than 100 employees abroad", "'abroad'"),
    ],
)
def test_words_that_nothing_answers_are_named_and_lower_the_confidence(
    condition: str, aside: str
) -> None:
    """What is understood only in part says which words were left aside."""
    judge = judge_of(WORKS, condition)
    assert f"leaving aside {aside}" in judge.readings[0]
    for (verdict,) in judge.judge(range(len(WORKS))):
        assert verdict.confidence == "low"
        assert f"No column or text was found for {aside}" in verdict.reasoning


def test_a_condition_that_is_understood_whole_leaves_nothing_aside() -> None:
    """Values, columns, units and small words are all accounted for."""
    for condition in (
        "German companies with more than 100 employees",
        "a spend over 100,000 euros",
    ):
        judge = judge_of(WORKS, condition)
        assert "leaving aside" not in judge.readings[0]
        assert judge.judge([0])[0][0].confidence == "high"


def test_what_depends_on_the_day_it_is_asked_is_not_understood() -> None:
    """Last year is another year tomorrow, and the reading says that it was not understood."""
    for condition in ("audited last year", "founded within the last 10 years"):
        judge = judge_of(WORKS, condition)
        assert judge.readings[0].startswith("Not understood")
        assert not any(verdict.is_matched for (verdict,) in judge.judge(range(len(WORKS))))


RECIPES = Corpus.from_table(
    pa.table(
        {
            "dish": ["Ramen", "Hummus", "Satay", "Gazpacho"],
            "minutes": [240, 15, 60, 20],
            "serves": [4, 6, 4, 4],
            "ingredients": ["noodles, pork", "chickpeas, tahini", "chicken, peanuts", "tomatoes"],
            "contains_nuts": [False, False, True, False],
            "gluten_free": [False, True, True, False],
            "share_eaten": [0.5, 0.2, 0.8, 0.1],
        }
    ),
    name="dishes",
)


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("the fastest dish", {"Hummus"}),
        ("quicker than Satay", {"Hummus", "Gazpacho"}),
        ("faster than half an hour", {"Hummus", "Gazpacho"}),
        ("nut-free", {"Ramen", "Hummus", "Gazpacho"}),
        ("gluten-free", {"Hummus", "Satay"}),
        ("made with chickpeas or tomatoes", {"Hummus", "Gazpacho"}),
        ("more than a third of it is eaten: share eaten over a third", {"Ramen", "Satay"}),
        ("serves four", {"Ramen", "Satay", "Gazpacho"}),
        ("has one ingredient", {"Gazpacho"}),
    ],
)
def test_speed_shares_and_what_is_missing_have_their_columns(
    condition: str, names: set[str]
) -> None:
    """What is faster takes fewer minutes, and what is free of nuts contains none."""
    assert found(RECIPES, condition) == names, judge_of(RECIPES, condition).readings


def test_a_scoped_superlative_cites_both_its_rank_and_its_scope() -> None:
    """The oldest in Germany has its year and its country as evidence."""
    (verdict,) = judge_of(WORKS, "the oldest in Germany").judge([0])[0]
    texts = {excerpt for citation in verdict.citations for excerpt in citation.excerpts or ()}
    assert texts == {"1950", "Germany"}


VENTURES = open_corpus(TABLES / "ventures.parquet")


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (
            "Company must have raised Series A funding in 2024",
            {"Arbolita", "Emberline", "Juniper Row"},
        ),
        ("closed a Series A in March 2024", {"Arbolita"}),
        ("is a public company", {"Fjordex"}),
        ("raised at least $10 million", {"Arbolita", "Emberline", "Glasswing"}),
        ("established before 2000", {"Fjordex"}),
    ],
)
def test_a_text_is_asked_for_the_round_the_year_and_the_sum(
    condition: str, names: set[str]
) -> None:
    """A Series A is no Series B, revenue is no funding, and set up is founded."""
    assert found(VENTURES, condition) == names, judge_of(VENTURES, condition).readings


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("two and a half hours", 2.5, "h"),
        ("an hour and a half", 1.5, "h"),
        ("2h 30min", 2.5, "h"),
        ("half an hour", 0.5, "h"),
        ("a quarter of an hour", 0.25, "h"),
        ("two thirds of the seats", 66.666667, "%"),
        ("500 cubic metres per second", 500, "m³/s"),
        ("one year", 1, "years"),
    ],
)
def test_a_quantity_may_be_written_in_words(text: str, value: float, unit: str) -> None:
    """Halves, quarters, hours and minutes."""
    (quantity,) = find_quantities(text)
    assert quantity.value == pytest.approx(value)
    assert quantity.unit is not None
    assert quantity.unit.name == unit


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("the mid-19th century", 1834, 1867),
        ("the second half of the 20th century", 1951, 2000),
        ("the 1800s", 1800, 1899),
        ("the 2000s", 2000, 2009),
    ],
)
def test_a_part_of_a_century_is_a_span_of_years(text: str, low: float, high: float) -> None:
    """As people speak of time."""
    (quantity,) = find_quantities(text)
    assert (quantity.value, quantity.top) == (low, high)


def test_numbers_are_read_as_a_spreadsheet_writes_them() -> None:
    """With currencies, magnitudes and units; names that end in a number are none."""
    figures = read_figures(["1.2 m", "80 cm", "n/a"])
    assert figures is not None
    assert figures.unit is not None
    assert (figures.unit.name, figures.values) == ("cm", {"1.2 m": 120, "80 cm": 80})
    assert read_figures(["Room 12", "Room 13"]) is None
    assert read_figures(["01234", "99999"]) is None
    terms = read_figures(["net 30", "net 60"], repeated=True)
    assert terms is not None
    assert terms.values == {"net 30": 30, "net 60": 60}


@pytest.mark.parametrize(
    ("person", "trade"),
    [
        ("physicists", "physics"),
        ("mathematician", "mathematics"),
        ("chemist", "chemistry"),
        ("musician", "music"),
        ("economist", "economics"),
    ],
)
def test_a_person_is_alike_to_what_they_practise(person: str, trade: str) -> None:
    """So that mathematicians are found in a column of fields."""
    assert alike(person, trade) == 0.7


def test_words_that_only_look_alike_are_not() -> None:
    """A physician does no physics, and a sister does not sing."""
    assert alike("physician", "physics") == 0
    assert alike("sister", "sing") == 0


def test_a_column_name_is_split_where_a_person_would() -> None:
    """RoHS is one word, and a birthplace is two."""
    assert split_name("RoHS compliant") == ("rohs", "compliant")
    assert split_name("birthplace") == ("birth", "place")
    assert split_name("B.p. (°C)")[0] == "bp"


@pytest.mark.parametrize(
    ("objective", "sentence", "names"),
    [
        (
            "Find the two oldest companies in Germany",
            "Company must be one of the two oldest companies in Germany.",
            {"Kilnworks", "Brickyard"},
        ),
        (
            "Which is the oldest French company?",
            "Company must be the oldest French company.",
            {"Loam"},
        ),
    ],
)
def test_a_superlative_is_drafted_with_all_that_it_is_meant_among(
    objective: str, sentence: str, names: set[str]
) -> None:
    """The two oldest in Germany are not those of the two oldest that are in Germany."""
    schema = ingest(objective, WORKS)
    assert [condition.description for condition in schema.match_conditions] == [sentence]
    assert found(WORKS, sentence) == names
