"""What people may write for a search, and what is sent for it."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import pydantic
import pytest

import findall_frames as ff
from findall_frames.api.models import ExcludeCandidate, FindAllEnrichInput, JsonSchema

CONDITIONS: Any = {"a": "Company must be old", "b": "Company must be large"}


@dataclasses.dataclass
class AsDataclass:
    """Fields as a dataclass."""

    ceo_name: str
    employees: int | None


class AsTypedDict(TypedDict):
    """Fields as a TypedDict."""

    ceo_name: str
    employees: int | None


class AsModel(pydantic.BaseModel):
    """Fields as a pydantic model."""

    ceo_name: str = pydantic.Field(description="Name of the CEO")
    employees: int | None


def search(**options: Any) -> ff.Search:
    """A search with the options of a test."""
    return ff.Search(
        "Find companies", **{"entity_type": "companies", "match_conditions": CONDITIONS, **options}
    )


@pytest.mark.parametrize(
    "written",
    [
        CONDITIONS,
        [{"name": name, "description": text} for name, text in CONDITIONS.items()],
        list(search().to_input().match_conditions),
    ],
)
def test_conditions_can_be_written_in_three_ways(written: Any) -> None:
    """Each keeps names and order."""
    assert search(match_conditions=written).match_conditions == CONDITIONS


def test_descriptions_alone_are_numbered() -> None:
    """A name can be given where it matters."""
    one = search(match_conditions="Company must be old")
    two = search(match_conditions=["Company must be old", "Company must be large"])
    assert list(one.match_conditions) == ["condition_1"]
    assert list(two.match_conditions) == ["condition_1", "condition_2"]


@pytest.mark.parametrize("written", [AsDataclass, AsTypedDict, AsModel])
def test_a_class_says_which_columns_are_wanted(written: type) -> None:
    """Of which types, and that one may be missing."""
    (enrichment,) = search(enrichments=written).enrichments
    schema = enrichment.output_schema.json_schema
    assert schema["type"] == "object"
    assert list(schema["properties"]) == ["ceo_name", "employees"]
    assert schema["properties"]["ceo_name"]["type"] == "string"
    assert {part["type"] for part in schema["properties"]["employees"]["anyOf"]} == {
        "integer",
        "null",
    }


def test_enrichments_can_be_descriptions_a_schema_or_inputs() -> None:
    """Descriptions become texts; a schema and an input are sent as they are."""
    (plain,) = search(enrichments={"ceo": "Name of the CEO"}).enrichments
    assert plain.output_schema.json_schema["required"] == ["ceo"]
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    (given,) = search(enrichments=schema).enrichments
    assert given.output_schema.json_schema == schema
    two = [
        FindAllEnrichInput(JsonSchema(schema), processor="pro"),
        FindAllEnrichInput(JsonSchema({"type": "object", "properties": {"m": {}}})),
    ]
    assert search(enrichments=two).enrichments == two
    assert search(enrichments={}).enrichments == []


@pytest.mark.parametrize(
    "written",
    [
        [{"name": "Acme", "url": "https://acme.example", "more": 1}],
        [ExcludeCandidate("Acme", "https://acme.example")],
        pd.DataFrame({"url": ["https://acme.example"], "x": [1], "name": ["Acme"]}),
    ],
)
def test_exclusions_can_be_a_list_or_a_table(written: Any) -> None:
    """Only name and url are sent."""
    assert search(exclude=written).exclude == [ExcludeCandidate("Acme", "https://acme.example")]


def test_the_matches_of_frames_can_be_excluded() -> None:
    """What was found is not paid for again."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    with ff.local(cities) as client:
        frames = ff.find_all("Find cities in Italy", client=client, progress=False)
        known = search(exclude=frames).exclude
        with pytest.warns(ff.FindAllWarning, match="No row but the 1 excluded"):
            again = ff.find_all(
                "Find cities in Italy", client=client, progress=False, exclude=frames
            )
    assert [entity.name for entity in known] == ["Rome"]
    assert again.candidates["name"].tolist() == ["Oslo"]


def test_numbers_of_numpy_are_numbers() -> None:
    """They come out of tables."""
    assert search(match_limit=np.int64(50)).match_limit == 50


def test_a_schema_becomes_a_search_and_back() -> None:
    """What a run looked for can be looked for again."""
    first = search(enrichments={"ceo": "Name"}, generator="pro", match_limit=20)
    assert ff.Search.from_schema(first.to_schema()) == first
    assert ff.Search.from_schema(first.to_schema(), match_limit=30).match_limit == 30
    assert first != search()


def test_a_search_reads_well() -> None:
    """One line per condition and column."""
    text = repr(
        search(
            enrichments={"ceo": "Name"},
            exclude=[{"name": "Acme", "url": "https://acme.example"}],
        )
    )
    assert text.splitlines() == [
        "Search('Find companies')",
        "  companies, generator core",
        "  - a: Company must be old",
        "  - b: Company must be large",
        "  + ceo",
        "  1 excluded",
    ]
