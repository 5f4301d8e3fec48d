"""Conditions as SQL: what is allowed, three-valued logic, ranks, and the evidence of verdicts."""

from __future__ import annotations

import pandas as pd
import pytest

from findall_frames.api.readings import Reading, Top
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.judging.plan import NEAR_MISSES, Plan
from findall_frames.embedded.reading.sql import SqlError, check_order, check_sql

CARS = pd.DataFrame(
    {
        "name": ["vw rabbit", "ford pinto", "toyota corona", "fiat 128", "saab 99"],
        "Horsepower": [71, 86, 95, None, 110],
        "origin": ["Europe", "USA", "Japan", "Europe", "Europe"],
        "tags": [["small"], ["small", "red"], [], None, ["red"]],
        "built": pd.to_datetime(["1971-05-01", "1972-01-01", None, "1973-12-31", "1974-06-30"]),
        'odd "name"': ["it's", "a;b", "100%", "_", "\\"],
    }
)


@pytest.fixture(scope="module")
def cars() -> Corpus:
    """A small table with gaps."""
    return open_corpus(CARS)


def reading(sql: str | None = None, *, top: Top | None = None, name: str = "asked") -> Reading:
    """Make a reading of SQL."""
    return Reading(name=name, description="as asked", status="sql", reader="sql", sql=sql, top=top)


def plan(corpus: Corpus, *readings: Reading) -> Plan:
    """Make a plan of readings that mention nothing."""
    return Plan(readings, corpus, mentioning=lambda _: [])


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("horsepower > 80", ["ford pinto", "toyota corona", "saab 99"]),
        ("NOT horsepower > 80", ["vw rabbit"]),
        ("horsepower IS NULL", ["fiat 128"]),
        ("horsepower BETWEEN 80 AND 100 AND origin <> 'USA'", ["toyota corona"]),
        ("origin IN ('Japan', 'USA') OR name ILIKE 'saab%'",
         ["ford pinto", "toyota corona", "saab 99"]),
        ("list_contains(tags, 'red')", ["ford pinto", "saab 99"]),
        ("len(tags) = 0", ["toyota corona"]),
        ("year(built) = 1972", ["ford pinto"]),
        ("built < DATE '1972-01-01'", ["vw rabbit"]),
        ("regexp_matches(name, '^(vw|fiat) ')", ["vw rabbit", "fiat 128"]),
        ("CASE WHEN origin = 'USA' THEN horsepower > 80 ELSE horsepower > 100 END",
         ["ford pinto", "saab 99"]),
        ("TRY_CAST(split_part(name, ' ', 2) AS INTEGER) > 100", ["fiat 128"]),
        ("NULLIF(horsepower, 71) < 90", ["ford pinto"]),
        ('"odd ""name""" = \'it\'\'s\'', ["vw rabbit"]),
        ("horsepower > 80 -- a comment", ["ford pinto", "toyota corona", "saab 99"]),
        ("TRUE", list(CARS["name"])),
    ],
)  # fmt: skip
def test_an_expression_selects_the_rows_for_which_it_is_true(
    cars: Corpus, sql: str, names: list[str]
) -> None:
    """Rows for which it is unknown match neither it nor its opposite."""
    matching = plan(cars, reading(sql)).select().matching
    assert [entity.name for entity in cars.entities(matching)] == names


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("horsepower", "true or false"),
        ("hp > 3", "no column 'hp'"),
        ("horsepower > (SELECT 1)", "subquery"),
        ("max(horsepower) > 3", "max is not allowed"),
        ("row_number() OVER () = 1", "window"),
        ("horsepower > ?", "parameter"),
        ("horsepower > 3, TRUE", "row is not allowed"),
        ("TRUE) FROM data WHERE (TRUE", "parts of a SELECT"),
        ("repeat(name, 1000000) = 'x'", "repeat is not allowed"),
        ("read_text('/etc/passwd') = 'x'", "read_text is not allowed"),
        ("data.horsepower > 3", "no column 'data.horsepower'"),
        ("__row > 3", "no column '__row'"),
        ("tags.list_contains('red')", "without a dot"),
        ("name = 5 AND", "not a valid SQL expression"),
        ("name > 5 + tags", "No function matches"),
        ("CAST(name AS STRUCT(a INTEGER)) IS NULL", "cast to"),
        ("list_filter(tags, lambda x: x = 'red') IS NULL", "not allowed"),
    ],
)
def test_anything_but_an_expression_over_columns_is_refused(
    cars: Corpus, sql: str, said: str
) -> None:
    """Nothing of it is run."""
    with pytest.raises(SqlError, match=said.replace("(", r"\(")):
        check_sql(sql, cars)


def test_the_sql_is_generated_from_the_checked_form(cars: Corpus) -> None:
    """Nothing can hide in the original text."""
    checked = check_sql("/* hp */ HORSEPOWER>80 and (origin='USA')", cars)
    assert checked.sql == "(HORSEPOWER > 80) AND (origin = 'USA')"
    assert checked.columns == ("Horsepower", "origin")
    assert check_order("-horsepower", cars).columns == ("Horsepower",)
    with pytest.raises(SqlError, match="put rows in order"):
        check_order("tags", cars)


def test_rows_are_counted_as_true_false_and_unknown(cars: Corpus) -> None:
    """The counts add up to all rows."""
    (counts,) = plan(cars, reading("horsepower > 80")).counts()
    assert counts == (3, 1, 1)


def test_near_misses_are_limited_and_sorted(cars: Corpus) -> None:
    """By the number of false conditions, then of unknown ones."""
    found = plan(
        cars, reading("horsepower > 100", name="a"), reading("origin = 'Europe'", name="b")
    )
    missed = [entity.name for entity in cars.entities(found.select().near_misses)]
    assert missed == ["fiat 128", "vw rabbit", "ford pinto", "toyota corona"]
    many = open_corpus(pd.DataFrame({"x": range(1_000)}))
    assert len(plan(many, reading("x > 998")).select().near_misses) == NEAR_MISSES


@pytest.mark.parametrize("conditions", [1, 2, 3])
@pytest.mark.parametrize("rows", [60, 900, 9_000])
def test_rows_are_selected_as_if_all_of_them_were_sorted(conditions: int, rows: int) -> None:
    """However many rows fail one condition alone; each condition is unknown for some."""
    names = ["a", "b", "c"][:conditions]
    # The conditions are true for every 2nd, 4th and 6th row.
    table = {
        name: [None if row % (7 + at) == 0 else row % (2 * at + 2) for row in range(rows)]
        for at, name in enumerate(names)
    }
    many = open_corpus(pd.DataFrame(table, dtype="Int64"))
    found = plan(many, *(reading(f"{name} = 0", name=name) for name in names)).select()
    truths = [
        tuple(None if x is None else x == 0 for x in row)
        for row in zip(*table.values(), strict=True)
    ]
    assert list(found.matching) == [row for row in range(rows) if all(truths[row])]
    others = [row for row in range(rows) if not all(truths[row])]
    others.sort(key=lambda row: (truths[row].count(False), truths[row].count(None)))
    assert found.near_misses == others[:NEAR_MISSES]


def test_a_rank_counts_only_rows_that_meet_the_rest(cars: Corpus) -> None:
    """Missing values have no rank; ties at the end all count."""
    strongest = Top(by="horsepower", n=1)
    europeans = plan(cars, reading("origin = 'Europe'"), reading(top=strongest, name="top"))
    (row,) = europeans.select().matching
    assert CARS["name"][row] == "saab 99"
    weakest = Top(by="horsepower", n=2, descending=False)
    assert list(plan(cars, reading(top=weakest)).select().matching) == [0, 1]
    ties = open_corpus(pd.DataFrame({"name": list("abcd"), "points": [3, 5, 3, 1]}))
    assert list(plan(ties, reading(top=Top(by="points", n=2))).select().matching) == [1, 0, 2]


def test_a_verdict_cites_its_cells_and_the_expression(cars: Corpus) -> None:
    """A missing cell is reported, with low confidence."""
    rows = plan(cars, reading("horsepower > 80"), reading("origin = 'Europe'")).judge(
        cars.entities([4, 3])
    )
    (strong, european), (unknown, _) = rows
    assert (strong.truth, strong.value, strong.confidence) == (True, 110.0, "high")
    assert strong.reasoning == "horsepower > 80 [Horsepower: 110.0]"
    assert [(c.title, c.excerpts) for c in strong.citations] == [("saab 99: Horsepower", ["110.0"])]
    assert european.value == "Europe"
    assert (unknown.truth, unknown.is_matched, unknown.confidence) == (None, False, "low")
    assert unknown.reasoning.startswith("Unknown, since Horsepower is missing")
    assert list(unknown.citations) == []


def test_a_verdict_on_a_rank_has_the_place(cars: Corpus) -> None:
    """Even if the row ranks too low."""
    ranked = plan(cars, reading(top=Top(by="horsepower", n=1)))
    ((first,), (second,), (none,)) = ranked.judge(cars.entities([4, 2, 3]))
    assert first.reasoning.startswith("Rank 1: the 1 largest by horsepower")
    assert (second.truth, second.reasoning.startswith("Rank 2")) == (False, True)
    assert (none.truth, none.confidence) == (None, "low")
