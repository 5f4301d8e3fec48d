"""What the explorer and the report are given: columns by candidate, and evidence in chunks."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from findall_frames.api.models import FindAllSchema
from findall_frames.display.payload import ExplorerData, explorer_payload
from findall_frames.display.result_view import ResultView
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.search import Search
from tests.support.hostile import HOSTILE
from tests.support.shown import candidate, field, hostile_candidate, tables


def search() -> FindAllSchema:
    """Return a search with a condition and two enrichments."""
    return Search(
        "Find makers of tiles",
        entity_type="companies",
        match_conditions={"tiles_check": "Company must make tiles"},
        enrichments={
            "type": "object",
            "properties": {
                "founded": {"type": "integer", "description": "Year of foundation"},
                "town": {"type": "string"},
            },
        },
    ).to_schema()


def enrichment(value: Any) -> Any:
    """Return an output with a value of any JSON type, and its basis."""
    output, basis = field("x", is_matched=None)
    return {**output, "value": value}, basis


def shown(*candidates: dict[str, Any], asked: bool = True) -> dict[str, Any]:
    """Return the payload, after a way through JSON."""
    searches = {"findall_1": search()} if asked else {}
    payload = explorer_payload(ResultView(tables(*candidates), searches=searches))
    decoded: dict[str, Any] = json.loads(json.dumps(payload))
    assert decoded == msgspec.json.decode(msgspec.json.encode(payload))
    return decoded


def column(payload: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the column of a field."""
    (found,) = (each for each in payload["columns"] if each["name"] == name)
    return found


def words(payload: dict[str, Any], name: str) -> list[str | None]:
    """Return what the cells of a column say."""
    of = column(payload, name)
    return [None if code < 0 else of["words"][code] for code in of["codes"]]


def test_columns_are_those_of_the_search_and_the_conditions_come_first() -> None:
    """With the names of the DataFrame, shortened, and the condition as it was asked."""
    payload = shown(
        candidate(1, name="K", town=field("Leeds", is_matched=None), tiles_check=field("Roof"))
    )
    titles = [each["title"] for each in payload["columns"]]
    assert titles == ["tiles", "founded", "town", "lowest confidence"]
    tiles = column(payload, "tiles_check")
    assert tiles["condition"] == "Company must make tiles"
    assert tiles["kind"] == "verdict"
    assert column(payload, "founded")["kind"] == "text"  # nothing was found
    assert words(payload, "town") == ["Leeds"]


def test_verdicts_are_met_not_met_and_unknown() -> None:
    """A candidate without the field, or without a verdict on it, is unknown."""
    payload = shown(
        candidate(1, name="A", tiles_check=field("Roof")),
        candidate(2, name="B", status="unmatched", tiles_check=field("Glass", is_matched=False)),
        candidate(3, name="C", status="generated"),
        candidate(4, name="D", status="discarded"),
    )
    assert column(payload, "tiles_check")["verdicts"] == [0, 1, 2, 2]
    assert words(payload, "tiles_check") == ["Roof", "Glass", None, None]
    assert payload["outcomes"] == [0, 1, 2, 1]


def test_a_bare_yes_is_only_shown_where_it_contradicts_the_verdict() -> None:
    """The shape says it already."""
    payload = shown(
        candidate(1, name="A", tiles_check=field("Yes")),
        candidate(2, name="B", tiles_check=field("yes", is_matched=False)),
    )
    assert words(payload, "tiles_check") == [None, "yes"]


@pytest.mark.parametrize(
    ("value", "number", "word"),
    [
        (1200, 1200, "1200"),
        (27.0, 27, "27"),
        (1e300, 1e300, "1e+300"),
        ("about 42", None, "about 42"),
        ("NaN", None, "NaN"),
        ("-inf", None, "-inf"),
        (10**400, None, str(10**400)),
    ],
)
def test_numbers_are_sent_as_numbers_where_they_are_finite(
    value: Any, number: float | None, word: str
) -> None:
    """Whatever else stands in a column that was declared as a number stays text."""
    payload = shown(candidate(1, name="A", founded=enrichment(value)))
    founded = column(payload, "founded")
    assert founded["kind"] == "number"
    assert founded["numbers"] == [number]
    assert founded["words"] == [word]


def test_values_that_are_numbers_in_the_json_need_no_search() -> None:
    """Text that only looks like one does."""
    payload = shown(
        candidate(1, name="A", size=enrichment(7), code=enrichment("007")),
        asked=False,
    )
    assert column(payload, "size")["kind"] == "number"
    assert column(payload, "code")["kind"] == "text"


def test_lists_are_shown_in_words() -> None:
    """As in the static table; a text that looks like a list is another value."""
    listed = enrichment(["a", 1])
    text = enrichment('["a",1]')
    payload = shown(candidate(1, name="A", town=listed), candidate(2, name="B", town=text))
    assert words(payload, "town") == ["a, 1", '["a",1]']


def test_the_evidence_has_reasons_sources_and_marked_excerpts() -> None:
    """In the order of the result, for each field by the place of its column."""
    payload = shown(
        candidate(1, name="A", tiles_check=field("roof tiles", excerpt="It makes Roof  tiles."))
    )
    url, host, description, fields = payload["evidence"][0]
    assert (url, host, description) == ("https://example.org/1", "example.org", "About A")
    (place, reason, sources), *_ = fields
    assert place == 0
    assert reason == "It says roof tiles."
    assert sources == [
        [
            "A source",
            "https://source.example/",
            "source.example",
            [["It makes ", "Roof tiles", "."]],
        ]
    ]


def test_parts_that_only_the_basis_names_are_evidence_without_a_column() -> None:
    """Such as products.0."""
    one = candidate(1, name="A", town=field("Leeds", is_matched=None))
    one["basis"].append({"field": "town.0", "reasoning": "A part", "citations": []})
    payload = shown(one)
    assert "town.0" not in [each["name"] for each in payload["columns"]]
    assert [each[:2] for each in payload["evidence"][0][3]][1] == ["town.0", "A part"]


def test_confidence_and_sources_are_summed_up_in_columns_of_their_own() -> None:
    """The lowest confidence of a candidate, and the host that it cites most."""

    def sure(confidence: str, *hosts: str) -> Any:
        output, basis = field("x")
        cited = [{"url": f"https://{host}/", "excerpts": []} for host in hosts]
        return output, {**basis, "confidence": confidence, "citations": cited}

    payload = shown(
        candidate(1, name="A", a=sure("high", "one.org"), b=sure("low", "two.org", "two.org")),
        candidate(2, name="B", a=sure("high", "one.org"), b=sure("medium", "two.org")),
        candidate(3, name="C"),
        asked=False,
    )
    assert words(payload, "lowest confidence") == ["low", "medium", None]
    assert words(payload, "main source") == ["two.org", "one.org", None]
    assert [each.get("derived", False) for each in payload["columns"]] == [False, False, True, True]


def test_equal_candidate_ids_of_two_runs_keep_their_own_values() -> None:
    """A candidate is known by run and id; a review of one that is not there is left out."""
    runs = []
    for number, name in enumerate(("Oslo", "Rome")):
        status = {"status": "completed", "is_active": False, "metrics": {}}
        run = {"findall_id": f"findall_{number}", "status": status, "generator": "core"}
        body = {"run": run, "candidates": [candidate(1, name=name, town=field(name))]}
        runs.append(flatten(body))
    both = FindAllFrames.concat(runs)
    both.review(("findall_1", "c1"), "reject")
    reviews = both.tables["reviews"].to_pylist()
    gone = {**reviews[0], "candidate_id": "c2"}
    payload = explorer_payload(ResultView(both.tables, reviews=[*reviews, gone]))
    assert words(payload, "town") == ["Oslo", "Rome"]
    assert [each[3][0][1] for each in payload["evidence"]] == ["It says Oslo.", "It says Rome."]
    assert [(each["row"], each["decision"]) for each in payload["reviews"]] == [(1, "reject")]
    data = ExplorerData(ResultView(both.tables))
    assert data.keys([1, 0]) == [("findall_1", "c1"), ("findall_0", "c1")]


def test_rows_in_any_order_give_the_same_payload() -> None:
    """Parquet files of others may be sorted in another way."""
    made = dict(tables(*(candidate(n, name=f"N{n}", town=field(f"T{n}")) for n in range(5))))
    before = explorer_payload(ResultView(made))
    for name in ("fields", "citations"):
        made[name] = made[name].take(pa.array(range(len(made[name]) - 1, -1, -1)))
    after = explorer_payload(ResultView(made))
    assert words(after, "town") == words(before, "town")
    assert after["evidence"] == before["evidence"]


def test_chunks_of_evidence_are_the_evidence() -> None:
    """Whatever their size."""
    made = tables(*(candidate(n, name=f"N{n}", town=field(f"T{n}")) for n in range(7)))
    data = ExplorerData(ResultView(made))
    whole = data.evidence(0, 7)
    assert [*data.evidence(0, 3), *data.evidence(3, 6), *data.evidence(6, 9)] == whole
    assert data.table(evidence=2)["evidence"] == whole[:2]


def test_own_data_names_the_row_and_the_column() -> None:
    """The address of a cell is no link, and leads nowhere."""
    one = candidate(1, name="A", town=field("Leeds", is_matched=None))
    one["row"] = 1200
    cited = {"url": "local://companies/A#my%20town", "title": "A: my town", "excerpts": ["Leeds"]}
    one["basis"][0]["citations"] = [cited]
    payload = shown(one)
    assert payload["evidence"][0][3][0][2] == [
        ["companies, row 1,200", "", "", [["my town: ", "Leeds", ""]]]
    ]


def test_a_reading_is_shown_where_the_run_has_it() -> None:
    """Own data reads a condition as SQL."""
    made = dict(tables(candidate(1, name="A", tiles_check=field("Roof"))))
    extra = {"run": {"readings": [{"name": "tiles_check", "sql": "products = 'tiles'"}, 3]}}
    runs = made["runs"]
    place = runs.column_names.index("extra")
    made["runs"] = runs.set_column(
        place, runs.schema.field(place), pa.array([json.dumps(extra)], pa.large_string())
    )
    payload = explorer_payload(ResultView(made))
    assert column(payload, "tiles_check")["reading"] == "products = 'tiles'"


@pytest.mark.parametrize(
    "made",
    [tables(), tables(candidate(1, name="")), tables(candidate(1, name="x" * 10_000))],
    ids=["none", "no field", "long name"],
)
def test_odd_results_have_a_payload(made: Any) -> None:
    """No candidate, no field, a very long name."""
    payload = explorer_payload(ResultView(made))
    assert len(payload["names"]) == len(payload["evidence"]) == payload["count"]
    assert [each["name"] for each in payload["columns"]] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_cleaned_and_only_web_addresses_are_links(text: str) -> None:
    """Nothing in the payload acts, whatever a service sends."""
    payload = explorer_payload(ResultView(tables(hostile_candidate(text))))

    def texts(part: Any) -> list[str]:
        if isinstance(part, str):
            return [part]
        parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
        return [found for each in parts for found in texts(each)]

    for key in ("names", "evidence"):
        assert not set("\x00\x1b\x9b\u202e\u2066\u200b\ufeff") & set("".join(texts(payload[key])))
    url, _, _, fields = payload["evidence"][0]
    for address in [url, *(source[1] for each in fields for source in each[2])]:
        assert address == "" or address.startswith("https://example.org/")
    assert all(math.isfinite(code) for each in payload["columns"] for code in each["codes"])
