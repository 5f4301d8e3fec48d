"""What cannot be asked is refused with a clear word, before anything is sent or spent."""

from __future__ import annotations

from typing import Any, TypedDict

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.api.models import FindAllEnrichInput, JsonSchema
from tests.support.scripted import ScriptedServer

GOOD: dict[str, Any] = {
    "entity_type": "companies",
    "match_conditions": {"makes_tiles": "Company must make tiles"},
}


class Strange(TypedDict):
    """A class with a field that no JSON Schema can describe."""

    what: complex


REFUSED: list[tuple[str, Any, dict[str, Any], str]] = [
    ("an empty objective", "", {}, "objective is empty. Write for example"),
    ("a blank objective", " \n\t", {}, "objective is empty"),
    ("no objective", None, {}, "objective must be a str"),
    ("a number for an objective", 7, {}, "objective must be a str.*not 7"),
    ("a list of objectives", ["a", "b"], {}, "objective must be a str"),
    (
        "half an emoji",
        "Find \ud83d cafés",
        {},
        "lone surrogate, .* at index 5, such as half of an emoji",
    ),
    ("a limit of four", "o", {"match_limit": 4}, "match_limit is 4. Expected 5 to 1000"),
    ("a limit of zero", "o", {"match_limit": 0}, "5 to 1000"),
    ("a negative limit", "o", {"match_limit": -5}, "5 to 1000"),
    ("a limit of 1001", "o", {"match_limit": 1001}, "match_limit is 1001"),
    ("a limit in words", "o", {"match_limit": "10"}, "whole number, not '10'"),
    ("a limit of 10.5", "o", {"match_limit": 10.5}, "whole number, not 10.5"),
    ("true for a limit", "o", {"match_limit": True}, "whole number, not True"),
    (
        "a preview of 11",
        "o",
        {"generator": "preview", "match_limit": 11},
        "number of candidates to evaluate, at most 10",
    ),
    ("an unknown generator", "o", {"generator": "ultra"}, "'preview'.*'base', 'core' or 'pro'"),
    ("a generator in capitals", "o", {"generator": "CORE"}, "'preview'.*'base', 'core' or 'pro'"),
    ("a number for a generator", "o", {"generator": 1}, "generator is 1"),
    ("conditions without a type", "o", {"match_conditions": ["x"]}, "need an entity_type"),
    ("an empty type", "o", {**GOOD, "entity_type": ""}, "entity_type is empty"),
    ("a list for a type", "o", {**GOOD, "entity_type": ["a"]}, "entity_type must be a str"),
    ("no conditions", "o", {**GOOD, "match_conditions": []}, "match_conditions is empty"),
    ("no conditions at all", "o", {**GOOD, "match_conditions": {}}, "match_conditions is empty"),
    ("a number for conditions", "o", {**GOOD, "match_conditions": 3}, "match_conditions is 3"),
    ("an empty condition", "o", {**GOOD, "match_conditions": {"a": ""}}, "'a' is empty"),
    ("a blank condition", "o", {**GOOD, "match_conditions": ["a", "  "]}, "'condition_2' is empty"),
    ("a condition of null", "o", {**GOOD, "match_conditions": {"a": None}}, "'a' must be a str"),
    ("a condition of 3", "o", {**GOOD, "match_conditions": [3]}, "a description, or have.*not 3"),
    (
        "a condition without a description",
        "o",
        {**GOOD, "match_conditions": [{"name": "a"}]},
        "have 'name' and 'description'",
    ),
    (
        "two conditions of one name",
        "o",
        {**GOOD, "match_conditions": [{"name": "a", "description": d} for d in "xy"]},
        "Two match conditions are called 'a'",
    ),
    (
        "a condition with a number for a name",
        "o",
        {**GOOD, "match_conditions": {7: "x"}},
        "name of a match condition must be a str",
    ),
    ("an enrichment of 3", "o", {"enrichments": 3}, "enrichments is 3"),
    ("an enrichment in words", "o", {"enrichments": "ceo"}, "enrichments is 'ceo'"),
    ("a list of enrichments", "o", {"enrichments": ["ceo"]}, "enrichments is 'ceo'"),
    ("an enrichment without words", "o", {"enrichments": {"ceo": ""}}, "'ceo' is empty"),
    ("an enrichment of null", "o", {"enrichments": {"ceo": None}}, "'ceo' must be a str"),
    ("a class of no fields", "o", {"enrichments": int}, "a dataclass, TypedDict or pydantic"),
    ("a class of odd fields", "o", {"enrichments": Strange}, "without a JSON Schema"),
    (
        "a schema without properties",
        "o",
        {"enrichments": FindAllEnrichInput(JsonSchema({"type": "string"}))},
        "must describe an object with 'properties'",
    ),
    (
        "two enrichments of one name",
        "o",
        {"enrichments": [FindAllEnrichInput(JsonSchema({"properties": {"a": {}}}))] * 2},
        "Two enrichments are called 'a'",
    ),
    (
        "an enrichment that is called as a condition",
        "o",
        {**GOOD, "enrichments": {"makes_tiles": "Kinds of tiles"}},
        "Both a match condition and an enrichment are called 'makes_tiles'",
    ),
    (
        "an enriched preview",
        "o",
        {"generator": "preview", "enrichments": {"ceo": "Name"}},
        "'preview' runs no enrichments",
    ),
    ("an exclusion without url", "o", {"exclude": [{"name": "A"}]}, "Entry 0 .* has no url"),
    ("an exclusion without name", "o", {"exclude": [{"url": "u"}]}, "Entry 0 .* has no name"),
    (
        "a blank in an exclusion",
        "o",
        {"exclude": [{"name": "A", "url": "a"}, {"name": "B", "url": " "}]},
        "Entry 1 .* has no url",
    ),
    ("an exclusion of words", "o", {"exclude": ["Acme"]}, "Entry 0 .* has no name: 'Acme'"),
    (
        "one exclusion alone",
        "o",
        {"exclude": {"name": "A", "url": "a"}},
        "exclude must be a FindAllFrames",
    ),
    ("a word for exclusions", "o", {"exclude": "Acme"}, "exclude must be.*not 'Acme'"),
    (
        "a table without the columns",
        "o",
        {"exclude": pd.DataFrame({"name": ["A"], "site": ["a"]})},
        "the table has 'name', 'site'",
    ),
    (
        "a table with a hole",
        "o",
        {"exclude": pd.DataFrame({"name": ["A", None], "url": ["a", "b"]})},
        "Entry 1 .* has no name",
    ),
    ("nested metadata", "o", {"metadata": {"a": {"b": 1}}}, r"metadata\['a'\]"),
    ("null in metadata", "o", {"metadata": {"a": None}}, r"metadata\['a'\]"),
    ("not a number in metadata", "o", {"metadata": {"a": float("nan")}}, r"metadata\['a'\]"),
    ("a number for a key", "o", {"metadata": {1: "a"}}, r"metadata\[1\]"),
    ("a list for metadata", "o", {"metadata": ["a"]}, "metadata must be a dict"),
    ("a webhook without url", "o", {"webhook": {"event_types": []}}, "webhook is invalid"),
    ("a word for a webhook", "o", {"webhook": "https://a.example"}, "webhook must be a dict"),
    ("a negative timeout", "o", {"timeout": -1}, "timeout must be a number of seconds"),
    ("a timeout in words", "o", {"timeout": "soon"}, "not 'soon'"),
    ("an endless timeout", "o", {"timeout": float("nan")}, "not nan"),
    ("true for a timeout", "o", {"timeout": True}, "not True"),
    ("an unknown display", "o", {"progress": "loud"}, "'auto', 'notebook', 'terminal', 'log'"),
]


@pytest.mark.parametrize(
    ("objective", "options", "message"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_it_is_refused_before_anything_is_sent(
    server: ScriptedServer, objective: Any, options: dict[str, Any], message: str
) -> None:
    """With what was expected and what was given."""
    with (
        ff.Client(api_key="", base_url=server.url) as client,
        pytest.raises(ff.errors.InvalidRequestError, match=message),
    ):
        ff.find_all(objective, client=client, **{"progress": False, **options})
    assert server.requests == []


def test_there_are_at_least_fifty_of_them() -> None:
    """And each has its own name."""
    assert len({case[0] for case in REFUSED}) == len(REFUSED) >= 50


def test_without_a_key_nothing_is_sent_and_the_way_on_is_shown() -> None:
    """The sockets are blocked, so that an attempt would fail otherwise."""
    with pytest.raises(ff.errors.MissingKeyError, match="PARALLEL_API_KEY"):
        ff.find_all("Find tile makers", progress=False)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("generator", "pro"),
        ("match_limit", 50),
        ("entity_type", "shops"),
        ("enrichments", {"a": "b"}),
        ("exclude", []),
        ("metadata", {}),
    ],
)
def test_a_search_allows_no_second_word_beside_it(
    server: ScriptedServer, option: str, value: object
) -> None:
    """Which of the two would count could only be guessed."""
    search = ff.Search("Find tile makers", **GOOD)
    with (
        ff.Client(api_key="", base_url=server.url) as client,
        pytest.raises(ff.errors.InvalidRequestError, match=f"Set search.{option} instead"),
    ):
        ff.find_all(search, client=client, progress=False, **{option: value})  # type: ignore[arg-type]
    assert server.requests == []


def test_what_was_edited_is_checked_again_before_it_is_sent(server: ScriptedServer) -> None:
    """Assignments at once, changes in place when it starts."""
    search = ff.Search("Find tile makers", **GOOD)
    with pytest.raises(ff.errors.InvalidRequestError, match="generator"):
        search.generator = "ultra"
    with pytest.raises(AttributeError, match="Its attributes are objective, entity_type"):
        search.limit = 5  # type: ignore[attr-defined]
    search.match_conditions["empty"] = ""
    with ff.Client(api_key="", base_url=server.url) as client:
        with pytest.raises(ff.errors.InvalidRequestError, match="'empty' is empty"):
            ff.start(search, client=client)
        with pytest.raises(
            ff.errors.InvalidRequestError, match="start takes a Search, not 'tiles'"
        ):
            ff.start("tiles", client=client)  # type: ignore[arg-type]
    assert server.requests == []
