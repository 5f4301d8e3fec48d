"""What may be written for a search, what is sent for it, and what is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import pydantic
import pytest

import findall_frames as ff
from findall_frames.api.models import ExcludeCandidate, FindAllEnrichInput, JsonSchema
from findall_frames.running.arguments import read_options
from findall_frames.running.ledger import question
from tests.support.results import candidate, result
from tests.support.scripted import CONDITIONS as SCRIPTED
from tests.support.scripted import ScriptedServer, find

CONDITIONS: Any = {"old": "Company must be old", "large": "Company must be large"}
ACME = "https://www.acme.example/"


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


class Complex(TypedDict):
    """A class with a field that no JSON Schema can describe."""

    root: complex


def search(**options: Any) -> ff.Search:
    """Make a search for companies."""
    return ff.Search(
        "Find companies", **{"entity_type": "companies", "match_conditions": CONDITIONS, **options}
    )


def enrichment(schema: dict[str, Any], *, processor: str = "core") -> FindAllEnrichInput:
    """Make an enrichment from a JSON Schema."""
    return FindAllEnrichInput(JsonSchema(schema), processor=processor)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (CONDITIONS, CONDITIONS),
        ([{"name": name, "description": text} for name, text in CONDITIONS.items()], CONDITIONS),
        (search().to_input().match_conditions, CONDITIONS),
        ("must be old", {"condition_1": "must be old"}),
        (
            ["must be old", "must be large"],
            {"condition_1": "must be old", "condition_2": "must be large"},
        ),
    ],
    ids=["dict", "list of dicts", "list of MatchCondition", "str", "list of str"],
)
def test_conditions_can_be_written_in_five_ways(written: Any, read: dict[str, str]) -> None:
    """Names and order are kept, and conditions without a name are numbered."""
    conditions = search(match_conditions=written).match_conditions
    assert list(conditions.items()) == list(read.items())


@pytest.mark.parametrize("written", [AsDataclass, AsTypedDict, AsModel])
def test_a_class_defines_enrichments(written: type) -> None:
    """Its fields become properties with their types, nullable where they may be None."""
    (enriched,) = search(enrichments=written).enrichments
    schema = enriched.output_schema.json_schema
    assert schema["type"] == "object"
    assert list(schema["properties"]) == ["ceo_name", "employees"]
    assert schema["properties"]["ceo_name"]["type"] == "string"
    assert {part["type"] for part in schema["properties"]["employees"]["anyOf"]} == {
        "integer",
        "null",
    }


def test_enrichments_can_be_descriptions_a_schema_or_inputs() -> None:
    """Descriptions become required strings; a schema and inputs are sent unchanged."""
    (described,) = search(enrichments={"ceo": "Name of the CEO"}).enrichments
    assert described.output_schema.json_schema["required"] == ["ceo"]
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    (given,) = search(enrichments=schema).enrichments
    assert given.output_schema.json_schema == schema
    two = [enrichment(schema, processor="pro"), enrichment({"properties": {"m": {}}})]
    assert search(enrichments=two).enrichments == two
    assert search(enrichments={}).enrichments == []


@pytest.mark.parametrize(
    "written",
    [
        [{"name": "Acme", "url": ACME, "more": 1}],
        [ExcludeCandidate("Acme", ACME)],
        pd.DataFrame({"url": [ACME], "matches": [1], "name": ["Acme"]}),
        ff.flatten(result(candidate("Acme"), candidate("Other", status="unmatched"))),
    ],
    ids=["list of dicts", "list of ExcludeCandidate", "DataFrame", "FindAllFrames"],
)
def test_exclusions_can_be_a_list_a_table_or_frames(written: Any) -> None:
    """Only name and url are sent; of frames, those of the matches."""
    assert search(exclude=written).exclude == [ExcludeCandidate("Acme", ACME)]


def test_numpy_integers_are_accepted_as_limits() -> None:
    """They come out of DataFrames."""
    assert search(match_limit=np.int64(50)).match_limit == 50


def test_a_search_can_be_rebuilt_from_its_schema() -> None:
    """Options given beside the schema replace its values."""
    first = search(enrichments={"ceo": "Name"}, generator="pro", match_limit=20)
    assert ff.Search.from_schema(first.to_schema()) == first
    assert ff.Search.from_schema(first.to_schema(), match_limit=30).match_limit == 30
    assert first != search()


def test_the_repr_has_a_line_for_each_condition_and_enrichment() -> None:
    """The last line counts the exclusions."""
    excluded = [{"name": "Acme", "url": ACME}]
    assert repr(search(enrichments={"ceo": "Name"}, exclude=excluded)).splitlines() == [
        "Search('Find companies')",
        "  companies, generator core",
        "  - old: Company must be old",
        "  - large: Company must be large",
        "  + ceo",
        "  1 excluded",
    ]


# -- invalid arguments -------------------------------------------------------------------------

NAN = float("nan")
REFUSED: list[tuple[str, Any, str]] = [
    ("objective", "", "objective is empty. Write for example"),
    ("objective", " \n\t", "objective is empty"),
    ("objective", None, "objective must be a str"),
    ("objective", 7, "objective must be a str.*not 7"),
    ("objective", ["a", "b"], "objective must be a str"),
    ("objective", "Find \0 cafés", "NUL character at index 5; remove it"),
    ("objective", "Find \ud83d cafés", "lone surrogate, .* at index 5, such as half of an emoji"),
    ("match_limit", 4, "match_limit is 4. Expected 5 to 1000"),
    ("match_limit", 0, "5 to 1000"),
    ("match_limit", -5, "5 to 1000"),
    ("match_limit", 1001, "match_limit is 1001"),
    ("match_limit", "10", "whole number, not '10'"),
    ("match_limit", 10.5, "whole number, not 10.5"),
    ("match_limit", True, "whole number, not True"),
    ("generator", "ultra", "'preview'.*'base', 'core' or 'pro'"),
    ("generator", "CORE", "'preview'.*'base', 'core' or 'pro'"),
    ("generator", 1, "generator is 1"),
    ("entity_type", "", "entity_type is empty"),
    ("entity_type", ["a"], "entity_type must be a str"),
    ("match_conditions", [], "match_conditions is empty"),
    ("match_conditions", {}, "match_conditions is empty"),
    ("match_conditions", 3, "match_conditions is 3"),
    ("match_conditions", {"a": ""}, "'a' is empty"),
    ("match_conditions", ["a", "  "], "'condition_2' is empty"),
    ("match_conditions", {"a": None}, "'a' must be a str"),
    ("match_conditions", [3], "a description, or have.*not 3"),
    ("match_conditions", [{"name": "a"}], "have 'name' and 'description'"),
    ("match_conditions", {7: "x"}, "name of a match condition must be a str"),
    (
        "match_conditions",
        [{"name": "a", "description": text} for text in "xy"],
        "Two match conditions are called 'a'",
    ),
    ("enrichments", 3, "enrichments is 3"),
    ("enrichments", "ceo", "enrichments is 'ceo'"),
    ("enrichments", ["ceo"], "enrichments is 'ceo'"),
    ("enrichments", {"ceo": ""}, "'ceo' is empty"),
    ("enrichments", {"ceo": None}, "'ceo' must be a str"),
    ("enrichments", int, "a dataclass, TypedDict or pydantic"),
    ("enrichments", Complex, "without a JSON Schema"),
    ("enrichments", enrichment({"type": "string"}), "must describe an object with 'properties'"),
    ("enrichments", [enrichment({"properties": {"a": {}}})] * 2, "Two enrichments are called 'a'"),
    ("exclude", [{"name": "A"}], "Entry 0 .* has no url"),
    ("exclude", [{"url": "u"}], "Entry 0 .* has no name"),
    ("exclude", [{"name": "A", "url": "a"}, {"name": "B", "url": " "}], "Entry 1 .* has no url"),
    ("exclude", ["Acme"], "Entry 0 .* has no name: 'Acme'"),
    ("exclude", {"name": "A", "url": "a"}, "exclude must be a FindAllFrames"),
    ("exclude", "Acme", "exclude must be.*not 'Acme'"),
    ("exclude", pd.DataFrame({"name": ["A"], "site": ["a"]}), "the table has 'name', 'site'"),
    ("exclude", pd.DataFrame({"name": ["A", None], "url": ["a", "b"]}), "Entry 1 .* has no name"),
    ("metadata", {"a": {"b": 1}}, r"metadata\['a'\]"),
    ("metadata", {"a": None}, r"metadata\['a'\]"),
    ("metadata", {"a": NAN}, r"metadata\['a'\]"),
    ("metadata", {1: "a"}, r"metadata\[1\]"),
    ("metadata", ["a"], "metadata must be a dict"),
    ("webhook", {"event_types": []}, "webhook is invalid"),
    ("webhook", "https://a.example", "webhook must be a dict"),
    ("timeout", -1, "timeout must be a number of seconds"),
    ("timeout", "soon", "not 'soon'"),
    ("timeout", NAN, "not nan"),
    ("timeout", True, "not True"),
    ("progress", "loud", "'auto', 'notebook', 'terminal', 'log'"),
    ("errors", "ignore", "errors is 'ignore'. Expected 'warn' or 'raise'"),
]
INCOMPATIBLE: list[tuple[dict[str, Any], str]] = [
    ({"generator": "preview", "match_limit": 11}, "number of candidates to evaluate, at most 10"),
    ({"generator": "preview", "enrichments": {"ceo": "Name"}}, "'preview' runs no enrichments"),
    ({"match_conditions": ["x"], "entity_type": None}, "need an entity_type"),
    (
        {"match_conditions": CONDITIONS, "entity_type": "e", "enrichments": {"old": "Age"}},
        "Both a match condition and an enrichment are called 'old'",
    ),
]


@pytest.mark.parametrize(
    ("options", "message"),
    [({option: value}, message) for option, value, message in REFUSED] + INCOMPATIBLE,
)
def test_invalid_arguments_are_refused_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client, options: dict[str, Any], message: str
) -> None:
    """The message says what was expected and what was given."""
    options = {"objective": "Find companies", "progress": False, **options}
    if {"entity_type", "match_conditions"} & options.keys():
        options = {"entity_type": "companies", "match_conditions": CONDITIONS, **options}
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        ff.find_all(client=client, **options)
    assert server.requests == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("generator", "pro"),
        ("match_limit", 50),
        ("match_limit", 30),
        ("match_limit", None),
        ("entity_type", "shops"),
        ("enrichments", {"a": "b"}),
        ("exclude", []),
        ("metadata", {}),
    ],
)
def test_a_search_and_one_of_its_own_options_cannot_both_be_passed(
    server: ScriptedServer, client: ff.Client, option: str, value: Any
) -> None:
    """Not even with an equal value, or None."""
    message = rf"has its own {option}.*was passed as well\. Set search\.{option} instead"
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        ff.find_all(search(match_limit=30), client=client, progress=False, **{option: value})
    if option == "exclude":
        with pytest.raises(ff.errors.InvalidRequestError, match=message):
            ff.preview(search(), exclude=value, client=client)
    assert server.requests == []


def test_edits_are_checked_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Assignments are checked at once, and changes in place on start."""
    edited = search()
    with pytest.raises(ff.errors.InvalidRequestError, match="generator"):
        edited.generator = "ultra"
    with pytest.raises(AttributeError, match="Its attributes are objective, entity_type"):
        edited.limit = 5  # type: ignore[attr-defined]
    edited.match_conditions["empty"] = ""
    with pytest.raises(ff.errors.InvalidRequestError, match="'empty' is empty"):
        ff.start(edited, client=client)
    with pytest.raises(ff.errors.InvalidRequestError, match="start takes a Search, not 'tiles'"):
        ff.start("tiles", client=client)  # type: ignore[arg-type]
    assert server.requests == []


MANY = [{"name": f"N{number}", "url": f"https://n{number}.example"} for number in range(10_001)]
TILES: dict[str, Any] = {
    "objective": "Find tile makers",
    "entity_type": "companies",
    "match_conditions": ["Company must make tiles"],
}


def test_more_exclusions_than_the_api_accepts_are_refused_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Own data has no such limit."""
    with pytest.raises(ff.errors.InvalidRequestError, match=r"10,001 entities.*at most 10,000"):
        ff.find_all(**TILES, exclude=MANY, client=client, progress=False)
    with pytest.raises(ff.errors.InvalidRequestError, match=r"at most 10,000"):
        ff.start(ff.Search(**TILES, exclude=MANY), client=client)
    assert server.requests == []
    ff.Search(**TILES, exclude=MANY[:-1]).to_input()
    assert (
        len(ff.Search(**TILES, exclude=MANY).to_input(own_data=True).exclude_list or ()) == 10_001
    )


def test_a_memory_scope_is_sent_with_the_run(server: ScriptedServer, client: ff.Client) -> None:
    """Only if there is one."""
    ff.start(ff.Search(**TILES, memory_scope_key="team_A-1"), client=client)
    ff.start(ff.Search(**TILES), client=client)
    scopes = [request.content.get("memory_scope_key") for request in server.requests]
    assert scopes == ["team_A-1", None]


@pytest.mark.parametrize("verb", [ff.find_all, ff.preview, ff.draft])
def test_every_verb_takes_a_memory_scope(
    server: ScriptedServer, client: ff.Client, verb: Callable[..., Any]
) -> None:
    """Also if the conditions are drafted; a drafted search keeps it."""
    done = verb(TILES["objective"], memory_scope_key="a", client=client, progress=False)
    if isinstance(done, ff.Search):
        assert done.memory_scope_key == "a"
    else:
        assert server.sent("POST", "/runs")[0].content["memory_scope_key"] == "a"


def test_searches_in_two_memory_scopes_are_not_equal(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Neither answers the other; ledgers of earlier releases still answer those without one."""
    find(client)
    for scope in ("a", "a", "b"):
        find(client, memory_scope_key=scope, reuse=True)
    assert len(server.sent("POST", "/runs")) == 3
    options = read_options({**TILES, "match_conditions": SCRIPTED})
    before = "be287e7f407de0bdbe1b9f332ec23ba804c9c7f0469c024c42b2a1081d7370e7"
    assert question(options, match_limit=5) == before
    assert question(options | {"memory_scope_key": None}, match_limit=5) == before


@pytest.mark.parametrize("scope", ["", "x" * 129, "a b", "a/b", "\u00e9", "a\n", 3])
def test_an_odd_memory_scope_is_refused(
    server: ScriptedServer, client: ff.Client, scope: Any
) -> None:
    """The API has a pattern for it; nothing is sent."""
    calls: list[Callable[[], object]] = [
        lambda: ff.Search(**TILES, memory_scope_key=scope),
        lambda: find(client, memory_scope_key=scope),
        lambda: ff.preview("Find tiles", memory_scope_key=scope, client=client),
        lambda: ff.draft("Find tiles", memory_scope_key=scope, client=client),
    ]
    for call in calls:
        with pytest.raises(ff.errors.InvalidRequestError, match="key must have 1 to 128"):
            call()
    assert server.requests == []
