"""Enrichments from columns, or else from a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.judging.filling import Filler, same_name
from findall_frames.embedded.judging.finding import Finding, typed
from tests.support.asking import CITIES, asker
from tests.support.chat_server import ChatServer, Row, asked_of, rows_of

WINES = [
    {
        "Name": "Alba",
        "releaseDate": date(2020, 5, 4),
        "price_eur": 12.5,
        "awards": ["gold", "silver"],
        "bottles": 100,
        "organic": True,
        "color": "Red",
    },
    {
        "Name": "Bora",
        "releaseDate": None,
        "price_eur": None,
        "awards": None,
        "bottles": None,
        "organic": None,
        "color": None,
    },
]
WORDS = {"bottles": "number of bottles, stock", "price_eur": "price (in euros)"}


def test_a_list_as_one_text_is_cited_as_that_text() -> None:
    """So that the value stands in the excerpt."""
    first, _ = filled({"awards": {"type": "string"}})
    assert [each.excerpts for each in first["awards"].citations or ()] == [["gold, silver"]]
    first, _ = filled({"awards": {"type": "array", "items": {"type": "string"}}})
    assert [each.excerpts for each in first["awards"].citations or ()] == [["gold", "silver"]]


def test_properties_that_nothing_answers_are_named() -> None:
    """A model answers all of them, or says why not."""
    corpus = open_corpus(WINES)
    schema = {"properties": {"color": {}, "vintage": {}}}
    assert Filler(corpus, schema, asker=None).unanswered == ["vintage"]


def filled(properties: Mapping[str, Any]) -> list[dict[str, Finding]]:
    """Fill properties of the wines."""
    corpus = open_corpus(WINES, columns=WORDS)
    schema = {"type": "object", "properties": properties}
    return Filler(corpus, schema, asker=None).fill([0, 1])


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("release_dates", {"type": "string", "format": "date"}, "2020-05-04"),
        ("release date", {"type": "string"}, "2020-05-04"),
        ("Award", {"type": "array", "items": {"type": "string"}}, ["gold", "silver"]),
        ("awards", {"type": "string"}, "gold, silver"),
        ("bottles", {"type": "integer"}, 100),
        ("bottles", {"type": "string"}, "100"),
        ("stock", {"type": ["integer", "null"]}, 100),
        ("price", {"type": "number"}, 12.5),
        ("organic", {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ("color", {"type": "string", "enum": ["red", "white"]}, "red"),
        ("color", {}, "Red"),
        ("made", {"type": "integer", "description": "Bottles"}, 100),
    ],
)
def test_a_property_is_the_cell_of_the_column_it_names(
    name: str, schema: dict[str, Any], value: object
) -> None:
    """Columns are found by name or description; the value has the requested type and is cited."""
    first, second = filled({name: schema})
    assert (first[name].value, first[name].confidence) == (value, "high")
    assert first[name].citations
    assert second[name].value is None
    assert (second[name].confidence, second[name].citations) == ("low", ())
    assert "is missing" in second[name].reasoning


@pytest.mark.parametrize(
    ("name", "schema", "said"),
    [
        ("color", {"type": "integer"}, "does not fit: 'Red' is no integer"),
        ("price_eur", {"type": "integer"}, "does not fit: 12.5 is no integer"),
        ("color", {"type": "string", "enum": ["white"]}, "is none of"),
        ("vintage", {"type": "integer"}, "no single one, of that name, and no model"),
        ("date", {"type": "string"}, "no single one, of that name, and no model"),
    ],
)
def test_a_property_without_a_column_stays_empty(
    name: str, schema: dict[str, Any], said: str
) -> None:
    """The reason says why, if there is no model to ask."""
    finding = filled({name: schema})[0][name]
    assert (finding.value, finding.confidence) == (None, "low")
    assert said in finding.reasoning


def test_a_name_that_fits_two_columns_names_neither() -> None:
    """An exact match wins."""
    corpus = open_corpus([{"name": "A", "tag": "x", "Tags": "y"}])
    properties = {"TAG": {}, "tag": {}}
    (row,) = Filler(corpus, {"properties": properties}, asker=None).fill([0])
    assert (row["TAG"].value, row["tag"].value) == (None, "x")


def test_missing_elements_of_a_list_are_left_out() -> None:
    """This holds for a list and for a string."""
    corpus = open_corpus([{"name": "A", "tags": ["x", None, "y"]}])
    for schema, value in (({"type": "array"}, ["x", "y"]), ({"type": "string"}, "x, y")):
        (row,) = Filler(corpus, {"properties": {"tag": schema}}, asker=None).fill([0])
        assert row["tag"].value == value


def test_names_are_compared_by_their_words() -> None:
    """Case, separators and plurals are ignored."""
    assert same_name("companies", "Company")
    assert same_name("homePage-URLs", "home_page_url")
    assert not same_name("bus", "bu")
    assert not same_name("", "_")


def test_a_model_fills_what_no_column_has() -> None:
    """It is asked only about rows and properties without a cell."""
    corpus = open_corpus([*CITIES[:2], {"name": "Bonn", "country": None, "notes": "In Germany"}])

    def judge(row: Row, asked: str) -> dict[str, Any]:
        if "cats" in asked:
            said = {"value": "true", "excerpts": ["full of cats"], "verdict": None}
            return said if "cats" in row["notes"] else said | {"value": None, "excerpts": []}
        return {"value": "Germany", "excerpts": ["In Germany"], "reason": "It is said."}

    properties = {
        "country": {"type": "string"},
        "has_cats": {"type": "boolean", "description": "Whether there\nare cats"},
    }
    with ChatServer(judge) as server:
        asking = asker(server, corpus)
        rows = Filler(corpus, {"properties": properties}, asker=asking).fill([0, 1, 2])
        asked = [(sorted(rows_of(each)), list(asked_of(each))) for each in server.questions()]
        said = server.questions()[0].content["messages"][1]["content"]
    assert asked == [([0, 1], ["has_cats"]), ([2], ["country", "has_cats"])]
    assert 'has_cats: Whether there are cats\n  JSON Schema: {"type": "boolean"}\n' in said
    assert [row["country"].value for row in rows] == ["Norway", "Italy", "Germany"]
    assert [row["has_cats"].value for row in rows] == [None, True, None]
    assert [row["has_cats"].confidence for row in rows] == ["low", "high", "low"]
    assert list(rows[2]) == ["country", "has_cats"]
    assert asking.unfilled == 0


@pytest.mark.parametrize("value", ["of course", 7, [True]], ids=["a text", "a number", "a list"])
def test_a_value_of_the_wrong_type_is_rejected(value: Any) -> None:
    """It is requested once more, and then left empty with the reason."""
    corpus = open_corpus(CITIES)
    with ChatServer(lambda row, asked: {"value": value, "excerpts": [], "reason": "So."}) as server:
        asking = asker(server, corpus)
        ((row),) = asking.fill([2], {"cats": {"type": "boolean"}})
        assert len(server.questions()) == 2
    assert row["cats"].value is None
    assert "the value of cats cannot be used" in row["cats"].reasoning
    assert asking.unfilled == 1


@pytest.mark.parametrize(
    ("value", "schema", "right"),
    [
        (3.0, {"type": "integer"}, 3),
        (3.0, {"type": "number"}, 3.0),
        (" 42 ", {"type": "integer"}, 42),
        ("1e3", {"type": "number"}, 1000),
        ("2020-01-02", {"type": "string", "format": "date"}, "2020-01-02"),
        (7, {"type": "string"}, "7"),
        ("x", {"type": "array"}, ["x"]),
        (5, {"enum": ["5", "6"]}, "5"),
        (None, {"type": "integer"}, None),
    ],
)
def test_a_value_is_converted_to_the_type_of_its_schema(
    value: object, schema: dict[str, Any], right: object
) -> None:
    """Only if nothing has to be guessed."""
    found = typed(value, schema=schema)
    assert found == right
    assert json.loads(json.dumps(found, allow_nan=False)) == right


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("about 42", {"type": "integer"}),
        ("nan", {"type": "number"}),
        ("1e999999", {"type": "number"}),
        (True, {"type": "number"}),
        ("1,5", {"type": "number"}),
        ("perhaps", {"type": "boolean"}),
        (["x"], {"type": "string"}),
        ("{", {"type": "object"}),
        (float("inf"), {}),
        (["x", 1], {"type": "array", "items": {"type": "integer"}}),
        ("x", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    ],
)
def test_a_value_that_cannot_be_converted_is_refused(value: object, schema: dict[str, Any]) -> None:
    """The error quotes the value."""
    with pytest.raises(ValueError, match=r"."):
        typed(value, schema=schema)
