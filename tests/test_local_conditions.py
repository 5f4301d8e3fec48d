"""Numbers, comparisons, columns and structure are read from a condition as a person reads them."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.lexicon import default_lexicon
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.versions import admits
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import find_comparisons
from findall_frames.embedded.reading.reading import Reader
from findall_frames.embedded.reading.values import ValueIndex, segments


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,500,000", 1.5e6, None),
        ("1.5 million people", 1.5e6, None),
        ("200k", 2e5, None),
        ("half a million", 5e5, None),
        ("a quarter of a million", 2.5e5, None),
        ("two hundred and fifty thousand", 2.5e5, None),
        ("twenty-five", 25, None),
        ("a dozen", 12, None),
        ("$10M", 1e7, "USD"),
        ("€5bn", 5e9, "EUR"),
        ("US$3.5 billion", 3.5e9, "USD"),
        ("2,000 lbs", 2000, "lb"),
        ("30 mpg", 30, "mpg"),
        ("30 miles per gallon", 30, "mpg"),
        ("500 square kilometres", 500, "km²"),
        ("2.5 million square miles", 2.5e6, "sq mi"),
        ("5 %", 5, "%"),
        ("-5 degrees celsius", -5, "°C"),
    ],
)
def test_a_quantity_has_its_magnitude_and_unit(text: str, value: float, unit: str | None) -> None:
    """Separators, magnitudes, words and units are understood."""
    (quantity,) = find_quantities(text)
    assert quantity.value == pytest.approx(value)
    assert (quantity.unit.name if quantity.unit else None) == unit


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("in 1998", 1998, 1998),
        ("in '98", 1998, 1998),
        ("in the 1990s", 1990, 1999),
        ("in the early 1990s", 1990, 1993),
        ("in the '80s", 1980, 1989),
        ("in the nineties", 1990, 1999),
        ("in the 19th century", 1801, 1900),
    ],
)
def test_a_span_of_years_is_read_as_one(text: str, low: float, high: float) -> None:
    """Years, decades and centuries have a first and a last year."""
    (quantity,) = find_quantities(text)
    assert (quantity.value, quantity.top, quantity.year) == (low, high, True)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("15 March 2021", dt.date(2021, 3, 15), dt.date(2021, 3, 15)),
        ("March 15, 2021", dt.date(2021, 3, 15), dt.date(2021, 3, 15)),
        ("February 2024", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        ("2021-03-15", dt.date(2021, 3, 15), dt.date(2021, 3, 15)),
    ],
)
def test_a_date_covers_its_days(text: str, first: dt.date, last: dt.date) -> None:
    """A month is all its days."""
    (quantity,) = find_quantities(text)
    assert quantity.dates == (first, last)


def test_a_letter_is_a_magnitude_or_a_unit_by_the_column() -> None:
    """30m is thirty million of people and thirty metres of height."""
    (quantity,) = find_quantities("30m")
    metres = Column("height_m", pa.array([1.0])).unit
    counted, measured = quantity.in_unit(None), quantity.in_unit(metres)
    assert counted is not None
    assert counted.value == 3e7
    assert measured is not None
    assert measured.value == 30


def test_ordinals_are_no_quantities() -> None:
    """The 1st is no number of things."""
    assert find_quantities("the 1st and the 2nd") == []


@pytest.mark.parametrize(
    ("text", "low", "high", "opens"),
    [
        ("more than 5", 5, None, "("),
        ("over 5", 5, None, "("),
        ("exceeds 5", 5, None, "("),
        ("in excess of 5", 5, None, "("),
        ("taller than 5", 5, None, "("),
        ("> 5", 5, None, "("),
        ("at least 5", 5, None, "["),
        ("no fewer than 5", 5, None, "["),
        ("not less than 5", 5, None, "["),
        ("5 or more", 5, None, "["),
        ("5+ doors", 5, None, "["),
        ("a minimum of 5", 5, None, "["),
        ("not lighter than 5", 5, None, "["),
        ("less than 5", None, 5, ")"),
        ("under 5", None, 5, ")"),
        ("cheaper than 5", None, 5, ")"),
        ("at most 5", None, 5, "]"),
        ("no more than 5", None, 5, "]"),
        ("does not exceed 5", None, 5, "]"),
        ("up to 5", None, 5, "]"),
        ("5 doors or fewer", None, 5, "]"),
        ("between 1 and 5", 1, 5, "[]"),
        ("from 1 to 5", 1, 5, "[]"),
        ("1-5", 1, 5, "[]"),
        ("more than 1 but less than 5", 1, 5, "()"),
        ("strictly between 1 and 5", 1, 5, "()"),
        ("exactly 5", 5, 5, "[]"),
        ("older than 1990", None, 1990, ")"),
        ("since 1990", 1990, None, "["),
        ("by 1990", None, 1990, "]"),
    ],
)
def test_a_comparison_has_its_sides(
    text: str, low: float | None, high: float | None, opens: str
) -> None:
    """Common wordings give the range that a person means, ends included or not."""
    _, (comparison,) = find_comparisons(text, default_lexicon())
    assert (comparison.low and comparison.low.value) == low
    assert (comparison.high and comparison.high.value) == high
    assert comparison.low_open == ("(" in opens)
    assert comparison.high_open == (")" in opens)


def test_the_lower_end_of_a_range_takes_magnitude_and_unit_of_the_upper() -> None:
    """Between 1 and 5 million dollars begins at a million dollars."""
    _, (comparison,) = find_comparisons("between 1 and 5 million dollars", default_lexicon())
    assert comparison.low is not None
    assert comparison.low.unit is not None
    assert (comparison.low.value, comparison.low.unit.name) == (1e6, "USD")


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("population", [1, 2], "number"),
        ("price", ["$1,200", "$900"], "number"),
        ("zip", ["01234", "99999"], "text"),
        ("open", ["yes", "no"], "boolean"),
        ("is_open", [0, 1], "boolean"),
        ("released", ["2020-01-31", "2021-05-01"], "date"),
        ("requires_python", [">=3.9", ">=3.10,<4"], "version"),
        ("version", ["1.2", "2.0.1"], "version"),
        ("city", ["Lima", "Rome"], "text"),
        ("tags", [["a"], ["b"]], "list"),
        ("notes", ["One two three four five six seven eight nine."] * 2, "prose"),
    ],
)
def test_a_column_is_of_the_kind_of_its_values(name: str, values: list[object], kind: str) -> None:
    """Types and texts tell numbers, dates, versions, lists and prose apart."""
    column = pa.array(values)
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    assert Column(name, column).kind == kind


@pytest.mark.parametrize(
    ("name", "words", "unit", "scale"),
    [
        ("area_km2", ("area",), "km²", 1),
        ("Weight_in_lbs", ("weight",), "lb", 1),
        ("revenue_musd", ("revenue",), "USD", 1e6),
        ("revenue_usd_m", ("revenue",), "USD", 1e6),
        ("gdp_billion_usd", ("gdp",), "USD", 1e9),
        ("population_millions", ("population",), None, 1e6),
        ("elevation (m)", ("elevation",), "m", 1),
        ("GDPPerCapita", ("gdp", "per", "capita"), None, 1),
        ("founded_year", ("founded", "year"), None, 1),
    ],
)
def test_a_column_name_tells_meaning_unit_and_magnitude(
    name: str, words: tuple[str, ...], unit: str | None, scale: float
) -> None:
    """What the numbers are in stands in many names."""
    column = Column(name, pa.array([1.0]))
    assert (column.words, column.unit.name if column.unit else None, column.scale) == (
        words,
        unit,
        scale,
    )


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("asian", "asia"),
        ("asia", "asia"),
        ("germans", "germany"),
        ("japanese", "japan"),
        ("american", "usa"),
        ("british", "uk"),
        ("sedans", "sedan"),
    ],
)
def test_a_value_is_known_by_other_forms_of_its_name(said: str, value: str) -> None:
    """Plurals, demonyms and other names lead to what stands in the column."""
    index = ValueIndex(["Asia", "Germany", "Japan", "USA", "UK", "Sedan"], ("what",))
    assert index.find((said,), default_lexicon()) == (value,)


@pytest.mark.parametrize("said", ["oman", "australian", "guinea bissau", "the"])
def test_what_only_looks_like_a_value_is_not_one(said: str) -> None:
    """Romania is not Oman, and Austria is not Australian."""
    index = ValueIndex(["Romania", "Austria", "Guinea", "Niger"], ("country",))
    assert index.find(tuple(said.split()), default_lexicon()) is None


def test_a_value_that_lists_items_has_them_as_parts() -> None:
    """A cell of several languages can be asked for one of them."""
    assert segments("French, Fula and Hausa")[1:] == ["French", "Fula", "Hausa"]


@pytest.mark.parametrize(
    ("specifier", "version", "admitted"),
    [
        (">=3.9", (3, 10), True),
        (">=3.11", (3, 10), False),
        (">=3.8,<3.10", (3, 10), False),
        ("~=3.8", (3, 12), True),
        ("~=3.8.1", (3, 9), False),
        ("!=3.10.*,>=3.8", (3, 10), False),
        ("==3.10.*", (3, 10), True),
    ],
)
def test_a_specifier_admits_what_its_clauses_allow(
    specifier: str, version: tuple[int, ...], admitted: bool
) -> None:
    """Every clause of a specifier must let the version in."""
    assert admits(specifier, version) is admitted


TABLE = pa.table(
    {
        "name": ["A", "B"],
        "continent": ["Africa", "Asia"],
        "country": ["Trinidad and Tobago", "Peru"],
        "population": [1, 2],
        "landlocked": [True, False],
        "license": [["MIT License"], ["Apache-2.0"]],
    }
)


@pytest.mark.parametrize(
    ("condition", "reading"),
    [
        ("must be in Africa or Asia", "Continent is Africa or Asia."),
        ("must not be in Africa or Asia", "Not (continent is Africa or Asia)."),
        (
            "must be neither in Africa nor in Asia",
            "Not (continent is Africa or continent is Asia).",
        ),
        (
            "must be in Africa but not landlocked",
            "Continent is Africa and not (landlocked is true).",
        ),
        ("must be in Trinidad and Tobago", "Country is Trinidad and Tobago."),
        ("any continent except Asia", "Not (continent is Asia)."),
        ("must have an Apache or MIT license", "License names apache or mit."),
        ("has a population", "Population is given."),
        ("population is unknown", "Not (population is given)."),
        (
            "population of 1 to 5 or landlocked",
            "Population is between 1 and 5 or landlocked is true.",
        ),
        (
            "must be in Asia and have over 5 people",
            "Continent is Asia and population is more than 5.",
        ),
        ("must be haunted", "Not understood: the text mentions 'haunted'."),
    ],
)
def test_the_structure_of_a_condition_is_kept(condition: str, reading: str) -> None:
    """And, or, not and except have the scope that a person gives them."""
    reader = Reader(Corpus.from_table(TABLE, name="t"), default_lexicon())
    assert reader.read(condition).describe().lower() == reading.lower()


HARD_WORDS = """
    and or not no , nor neither except with in of to between from at least more than under §0§ ¤1¤
    1990s '98 3.10 half a million 5 % $10M -5 0 9999999 31-02 Africa Asia license Apache population
    landlocked is must be whose where begins ends
"""
PIECES = st.lists(st.one_of(st.sampled_from(HARD_WORDS.split()), st.text(max_size=6)), max_size=14)


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_no_text_is_too_strange_to_be_read(pieces: list[str]) -> None:
    """Whatever is written, there is a reading, and an outcome for every row."""
    corpus = Corpus.from_table(TABLE, name="t")
    predicate = Reader(corpus, default_lexicon()).read(" ".join(pieces)).predicate
    assert predicate.describe()
    assert len(predicate.check(corpus, [1, 0])) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "?",
        '""',
        "(" * 18_000,
        "2010 ” ”",
    ],
)
def test_signs_alone_are_looked_for_in_prose_without_harm(text: str) -> None:
    """A run must not fail of a condition that says nothing."""
    prose = pa.table(
        {
            "name": ["Alma", "Bora"],
            "about": ["It was founded in 1990 in Oslo; it sells wine. It is old.", None],
            "founded": [dt.date(1990, 5, 1), None],
        }
    )
    corpus = Corpus.from_table(prose, name="t")
    predicate = Reader(corpus, default_lexicon()).read(text).predicate
    assert len(predicate.check(corpus, [0, 1])) == 2


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_condition_that_asks_nothing_is_met_by_every_row(text: str) -> None:
    """The contract allows it; it is not understood, and says so."""
    corpus = Corpus.from_table(pa.table({"name": ["Alma", "Bora"]}), name="t")
    reading = Reader(corpus, default_lexicon()).read(text)
    assert not reading.understood
    assert [one.truth for one in reading.predicate.check(corpus, [0, 1])] == [True, True]


def test_a_text_that_is_no_single_criterion_is_not_taken_apart() -> None:
    """A very long condition is quickly said to be not understood."""
    reader = Reader(Corpus.from_table(TABLE, name="t"), default_lexicon())
    assert not reader.read("5 or " * 5000).understood
