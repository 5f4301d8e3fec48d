"""The plain language: conditions are read correctly, or refused."""

from __future__ import annotations

import re
import time
from functools import cache

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findall_frames.api.readings import Reading
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.reading.plain_reader import PlainReader
from findall_frames.embedded.reading.sql import check_order, check_sql
from tests.support.corpora import corpus_of
from tests.support.plain_cases import CASES, FORMS, LETTERS

WORDS = re.findall(
    r"\S+",
    """price stock colour red cost item sold out is not and or ( ) , over under 10 5 zero between
    from to at least most highest top 3 € % k missing or more no without with has contains starts
    ends " ' the of in by = > <> 2020 May 1 dark mug true""",
)


@cache
def reader_of(field: str) -> PlainReader:
    """Return a reader of one of the small tables."""
    return PlainReader(corpus_of(field))


def rows_of(reading: Reading, corpus: Corpus) -> list[int]:
    """Return the positions of the rows that a reading selects, after checking its SQL."""
    sql, order = "TRUE", "__row"
    limit = ""
    if reading.sql is not None:
        sql = check_sql(reading.sql, corpus).sql
    if reading.top is not None:
        by = check_order(reading.top.by, corpus).sql
        order = f"{by} {'DESC' if reading.top.descending else 'ASC'} NULLS LAST"
        limit = f"LIMIT {reading.top.n}"
    found = corpus.query(f"SELECT __row FROM data WHERE {sql} ORDER BY {order} {limit}")
    return sorted(found["__row"].to_pylist())


@pytest.mark.parametrize("field", CASES)
def test_conditions_select_the_right_rows(field: str) -> None:
    """Conditions that it cannot read are refused."""
    case, corpus, reader = CASES[field], corpus_of(field), reader_of(field)
    first = case.table.head.partition("|")[0]
    names = [str(record[first]) for record in case.table.records()]
    wrong = {}
    for condition, expected in case.conditions.items():
        reading = reader.read(condition, name="condition")
        found = None
        if reading.status == "sql":
            found = [names[position] for position in rows_of(reading, corpus)]
        wanted = None
        if expected is not None:
            is_one = "," in expected or expected in names
            wanted = [name for name in expected.split("," if is_one else " ") if name]
        if found != wanted:
            wrong[condition] = (wanted, found, reading.describe())
    assert wrong == {}


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_in_the_readme_are_read_as_shown(form: str) -> None:
    """One example of each form."""
    field, expected = FORMS[form]
    reading = reader_of(field).read(form, name="form")
    assert reading.describe() == expected
    assert reading.status == "sql"


@pytest.mark.parametrize("field", CASES)
def test_an_unknown_word_anywhere_is_refused(field: str) -> None:
    """The note names it."""
    reader = reader_of(field)
    for number, (condition, names) in enumerate(CASES[field].conditions.items()):
        words = condition.split()
        place = number % (len(words) + 1)
        text = " ".join([*words[:place], "zorp", *words[place:]])
        if names is None or text.split("zorp")[0].count('"') == 1:
            continue  # in quotes it is meant
        reading = reader.read(text, name="condition")
        assert reading.status == "not_understood", (text, reading.describe())
        assert "zorp" in reading.note, (text, reading.note)


@pytest.mark.parametrize(
    ("condition", "other"),
    [
        ("price over 10 and sold out", "price over 10 or sold out"),
        ("cost is 34 or stock is 15", "cost is 34 and stock is 15"),
        ("(red or sold out) and stock = 0", "red or (sold out and stock = 0)"),
        ("not sold out and price over 10", "not (sold out and price over 10)"),
    ],
)  # fmt: skip
def test_and_or_and_brackets_make_a_difference(condition: str, other: str) -> None:
    """Both conditions are read, with different results."""
    corpus, reader = corpus_of("goods"), reader_of("goods")
    readings = [reader.read(text, name="condition") for text in (condition, other)]
    assert readings[0].sql != readings[1].sql
    assert rows_of(readings[0], corpus) != rows_of(readings[1], corpus)


@given(st.lists(st.sampled_from(WORDS), max_size=12))
@settings(max_examples=300)
def test_any_sequence_of_known_words_is_read_or_refused(words: list[str]) -> None:
    """The SQL passes the check, and a refusal has a note."""
    reading = reader_of("goods").read(" ".join(words), name="condition")
    if reading.status == "sql":
        rows_of(reading, corpus_of("goods"))
    else:
        assert reading.status == "not_understood"
        assert reading.note


@given(st.text(max_size=80))
@settings(max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing raises."""
    reading = reader_of("wines").read(text, name="condition")
    assert reading.description == text
    assert reading.status in {"sql", "not_understood"}


def test_a_value_without_its_column_has_medium_confidence() -> None:
    """High confidence needs a named column and an exact value."""
    reader = reader_of("bicycles")
    assert reader.read("frame material is steel", name="a").confidence == "high"
    assert reader.read("steel", name="a").confidence == "medium"
    reading = reader_of("libraries").read("license is Apache", name="a")
    assert reading.confidence == "medium"
    assert reading.assumptions == ("'apache' is looked for as a word in license",)


def test_missing_cells_are_unknown() -> None:
    """A negation does not make them true."""
    sql = reader_of("bicycles").read("not electric", name="a").sql
    verdicts = corpus_of("bicycles").query(f"SELECT {sql} AS v FROM data ORDER BY __row")
    assert verdicts["v"].to_pylist() == [True, True, False, False, None]


@pytest.mark.parametrize(
    ("condition", "states"),
    [
        ("state is OR", "OR"),
        ("state in CA", "CA"),
        ("state is in IN", "IN"),
        ("state is CA or OR", "CA OR"),
        ("state is OR or IN", "IN OR"),
        ("state is CA, IN or OR", "CA IN OR"),
        ("state is not CA or IN", "OR"),
        ("state is CA and score over 1", ""),
    ],
)  # fmt: skip
def test_a_value_of_the_named_column_wins_over_a_keyword(condition: str, states: str) -> None:
    """Some US states are abbreviated to OR and IN."""
    names = ["CA", "IN", "OR"]
    table = [{"place": f"p{n}", "state": name, "score": n} for n, name in enumerate(names, 1)]
    corpus = open_corpus(table)
    found = rows_of(PlainReader(corpus).read(condition, name="a"), corpus)
    assert [names[row] for row in found] == states.split()


def test_a_refusal_says_what_to_write_instead() -> None:
    """A similar value, SQL, the data dictionary, or a model."""
    note = reader_of("economies").read("continent is Europ", name="a").note
    assert note.splitlines()[0] == "No column or value matches 'Europ'."
    assert "did you mean 'Europe' (\"continent\")?" in note
    assert "lower(\"continent\") = '…'" in note
    assert "columns=" not in note  # "Europ" stands where a value is expected
    assert "model=" in note


@pytest.mark.parametrize(
    ("condition", "advice"),
    [
        ("frobnicated", 'SQL over the columns "title", "year", "open", or'),
        ("at least 3 stars", 'SQL, such as "year" >= 3, or'),
        ("titel is a", "SQL, such as lower(\"title\") = '…', or"),
    ],
)
def test_a_refusal_suggests_no_column_that_nothing_points_to(condition: str, advice: str) -> None:
    """Then it lists them; a number points to a column of numbers."""
    films = pd.DataFrame({"title": ["Up", "Her"], "year": [2009, 2013], "open": [True, False]})
    note = PlainReader(open_corpus(films)).read(condition, name="a").note
    assert f"Write it as {advice} pass a language model" in note


@pytest.mark.parametrize(
    ("field", "condition", "entry"),
    [
        ("bicycles", "heavier than 2 tonnes", '{"weight_kg": "heavier"}'),
        ("economies", "population over 5 million", '{"…": "population"}'),
        ("economies", "region is Europe", '{"…": "region"}'),
        ("economies", "in Europ", ""),
        ("economies", "in Germany over 5", ""),
    ],
)
def test_a_word_in_the_place_of_a_column_may_mean_one(
    field: str, condition: str, entry: str
) -> None:
    """Before "is", "than" or an amount; not after "in"."""
    note = reader_of(field).read(condition, name="a").note
    assert entry in note
    assert ("means a column" in note) is bool(entry)


@pytest.mark.parametrize(
    "amount",
    ["€2m", "€2 m", "€2M", "2m€", "2m EUR", "2 m eur", "2M EUR", "2 million euros", "2,000k €"],
)
def test_an_m_beside_money_is_a_million(amount: str) -> None:
    """It is a metre everywhere else."""
    reader = PlainReader(open_corpus([{"firm": "a", "revenue_eur": 5e6, "length_m": 2.5}] * 3))
    assert reader.read(f"revenue over {amount}", name="a").sql == '"revenue_eur" > 2000000'
    assert reader.read("length over 2m", name="a").sql == '"length_m" > 2'
    for metres in ("revenue over 2m", "length over €2m", "revenue over $2m", "revenue over 2m GBP"):
        assert reader.read(metres, name="a").status == "not_understood"


def test_a_refusal_suggests_sql_with_the_number() -> None:
    """In the unit of the only column that has one."""
    note = reader_of("bicycles").read("heavier than 2 tonnes", name="a").note
    assert "No column or value matches 'heavier', 'than'." in note
    assert '"weight_kg" > (or <) 2000' in note


@pytest.mark.parametrize(
    ("field", "condition", "words"),
    [
        ("matches", "Rovers", '"home_team"'),
        ("matches", "Rovers", '"away_team"'),
        ("bicycles", "price over $2000", "The number is in $, but \"price_eur\" is in €."),
        ("ships", "gross tonnage over 52.000", "52.000 can mean 52000 or 52: write 52000 or"),
        ("chemicals", "density over 1.125", "write 1125 or 1.1250."),
        ("wines", "rating over 90 %", 'columns={"rating": "in …"}'),
        ("bicycles", "steel or electric and 9 gears", "put brackets"),
        ("bicycles", "maker is Moreau and Okafor", "join the values with 'or'"),
        ("bicycles", "highest prices", "does not say how many"),
        ("films", "top 2 by rank", "numbers rows from 1"),
        ("films", "genre is Drama", "contains("),
        ("films", "genre over 5", "It compares text, which has no order: 'Comedy"),
        ("films", "over 2010", "do not form a condition: it names no column."),
        ("films", "without a director", '"director" IS NULL'),
        ("lakes", "in Norway depth over 40 m", "write 'in Norway and depth over 40 m'."),
        ("bicycles", "steel 9 gears electric", "do not form a condition."),
        ("wines", "rating after 2011", "not years"),
        ("economies", "pop over 500 billion", "state what it counts"),
    ],
)  # fmt: skip
def test_a_refusal_says_why(field: str, condition: str, words: str) -> None:
    """In words about this condition."""
    reading = reader_of(field).read(condition, name="a")
    assert reading.status == "not_understood"
    assert words in reading.note


@pytest.mark.parametrize(
    "text", ["red " * 5_000, "(" * 900, "not " * 240, "red or " * 140, "5 " * 490]
)
def test_long_and_deep_texts_are_refused_quickly(text: str) -> None:
    """There is a limit on length and brackets."""
    begin = time.process_time()
    assert reader_of("goods").read(text, name="a").status == "not_understood"
    assert time.process_time() - begin < 2


def test_documents_are_searched_for_words() -> None:
    """With low confidence, and only if there is running text."""
    letters = open_corpus(pd.DataFrame(LETTERS.records()))
    reader = PlainReader(letters)
    reading = reader.read("must mention the quokka", name="a")
    assert (reading.status, reading.confidence) == ("mention", "low")
    assert reading.keywords == ("quokka",)
    assert reader.read("year after 1905", name="a").sql == '"year" > 1905'
    assert reader.read("body contains quokka", name="a").status == "sql"
    for refused in ("not mention quokka", "quokka or rain", "over 5 quokkas", "year over 5 km"):
        assert reader.read(refused, name="a").status == "not_understood", refused


def test_columns_of_all_types_and_names_are_read() -> None:
    """Lists of numbers, names with quotes, and timestamps."""
    table = pa.table(
        {
            "name": ["a", "b"],
            "sizes": pa.array([[1, 2], [3]], pa.list_(pa.int64())),
            'we"ird': ["u", "v"],
            "order by": [5, 7],
            "when": pa.array([0, 1_600_000_000], pa.timestamp("s", "UTC")),
        }
    )
    corpus = open_corpus(table)
    reader = PlainReader(corpus)
    for condition, rows in {
        "size is 3": [1],
        "we ird is u": [0],
        "order by over 6": [1],
        "order by = 5": [0],
        "when after 1970": [1],
        "when on 1 January 1970": [0],
        "any row": [0, 1],
    }.items():
        assert rows_of(reader.read(condition, name="a"), corpus) == rows, condition


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rooms is not 1 or is 2", "how far 'not' reaches"),
        ("color contains green or blue", "after 'or'"),
        ("kind is not new", "so are its parts"),
        ("top -1 by price", "do not form a condition"),
    ],
)
def test_ambiguous_conditions_are_refused(text: str, why: str) -> None:
    """A negation before "or", two words to search for, a value that reads like the language."""
    flats = open_corpus(
        [
            {"name": "a", "rooms": 1, "price": 5, "color": "red and blue", "kind": "new"},
            {"name": "b", "rooms": 2, "price": 6, "color": "green", "kind": "not new"},
            {"name": "c", "rooms": 3, "price": 7, "color": "blue", "kind": "used"},
        ]
    )
    reading = PlainReader(flats).read(text, name="asked")
    assert reading.status == "not_understood"
    assert why in reading.note


def test_words_are_searched_only_if_some_text_has_them_all() -> None:
    """In tables, a search without results is a refusal."""
    notes = ["a quiet house by the lake with a garden and a view of hills", None]
    table = open_corpus([{"name": "a", "price": 5, "notes": notes[0]}, {"name": "b", "price": 6}])
    reader = PlainReader(table)
    assert reader.read("quiet gardens", name="asked").status == "mention"
    assert reader.read("haunted", name="asked").status == "not_understood"


@pytest.mark.parametrize("day", ["infinity", "-infinity", "12345-01-01", "0044-03-15 (BC)"])
def test_ranks_by_dates_that_python_does_not_have(day: str) -> None:
    """They are in files, and DuckDB puts them in order."""
    with duckdb.connect() as connection:
        corpus = open_corpus(
            connection.sql(
                f"FROM (VALUES ('a', DATE '{day}'), ('b', DATE '2020-01-01')) t(name, day)"
            )
        )
    reading = PlainReader(corpus).read("latest 1 by day", name="latest")
    assert rows_of(reading, corpus) == [0 if day in {"infinity", "12345-01-01"} else 1]
