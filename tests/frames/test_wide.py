"""The wide table: one row per candidate, one typed column per field."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pandas as pd
import pytest

from findall_frames.errors import FindAllWarning, InvalidRequestError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.support.results import SEARCH, basis, candidate, condition, enrichment, result, search


def frames_of(values: list[Any], *, schema: dict[str, Any] | None = None) -> FindAllFrames:
    """Return frames with one field ``x`` of these values and this declared type."""
    candidates = [
        candidate(f"C{number}", output={"x": enrichment(value)})
        for number, value in enumerate(values)
    ]
    searched = None if schema is None else search({"x": schema}, conditions=[])
    return flatten(result(*candidates), schema=searched)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["1", "-20", None], "Int64", [1, -20, None]),
        ([1, 2, 3], "Int64", [1, 2, 3]),
        (["0.5", "12.25"], "Float64", [0.5, 12.25]),
        ([80, 120.5], "Float64", [80.0, 120.5]),
        ([True, False, None], "boolean", [True, False, None]),
        (["true", "false"], "boolean", [True, False]),
        (["2024-02-29", "0999-01-01"], "datetime64[us]", None),
        (["007", "1"], "str", ["007", "1"]),
        (["1e5", "1"], "str", ["1e5", "1"]),
        (["NaN", "1.5"], "str", ["NaN", "1.5"]),
        (["nan", "inf"], "str", ["nan", "inf"]),
        (["1.50"], "str", ["1.50"]),
        (["-0"], "str", ["-0"]),
        (["+49 30 123", "030 4"], "str", ["+49 30 123", "030 4"]),
        (["1", "many"], "str", ["1", "many"]),
        (["1", ""], "str", ["1", ""]),
        (["2024-02-30"], "str", ["2024-02-30"]),
        (["20240229"], "Int64", [20240229]),
        (["yes", "no"], "str", ["yes", "no"]),
        (["True"], "str", ["True"]),
        ([2**63], "str", ["9223372036854775808"]),
        ([2**53 + 1, 0.5], "str", ["9007199254740993", "0.5"]),
        ([1, "1"], "str", ["1", "1"]),
        ([1, True], "str", ["1", "true"]),
        ([["a"], {"b": 1}], "str", ['["a"]', '{"b":1}']),
        ([None, None], "str", [None, None]),
    ],
)
def test_a_type_is_inferred_only_if_no_spelling_changes(
    values: list[Any], dtype: str, expected: list[Any] | None
) -> None:
    """Numbers, dates and booleans are recognised with care, everything else is text."""
    column = frames_of(values).matches["x"]
    assert column.dtype == dtype
    if expected is not None:
        assert [None if pd.isna(value) else value for value in column] == expected


@pytest.mark.parametrize("name", ["phone", "office_phone", "postal_code", "zip", "company_id"])
def test_digits_of_identifiers_stay_text(name: str) -> None:
    """A phone number is no quantity."""
    one = candidate("A", output={name: enrichment("5551234567")})
    assert flatten(result(one)).matches[name].tolist() == ["5551234567"]


@pytest.mark.parametrize(
    ("values", "schema", "dtype", "expected"),
    [
        (["73", 74, "1000.0"], {"type": "integer"}, "Int64", [73, 74, 1000]),
        (["1.50", "1e5", 2], {"type": ["number", "null"]}, "Float64", [1.5, 100000.0, 2.0]),
        (["True", False, None], {"type": "boolean"}, "boolean", [True, False, None]),
        (["7", "8"], {"type": "string"}, "str", ["7", "8"]),
        (["7", None], {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "Int64", [7, None]),
        (["7"], {"description": "no type"}, "Int64", [7]),
        ([["7"]], {"type": "array"}, "str", ['["7"]']),
        ([], {"type": "integer"}, "Int64", []),
    ],
)
def test_the_declared_type_is_used(
    values: list[Any], schema: dict[str, Any], dtype: str, expected: list[Any]
) -> None:
    """Also for a column without values."""
    column = frames_of(values, schema=schema).matches["x"]
    assert column.dtype == dtype
    assert [None if pd.isna(value) else value for value in column] == expected


def test_declared_dates_and_times_become_times() -> None:
    """Both string formats are known."""
    dates = frames_of(["2024-05-01"], schema={"type": "string", "format": "date"}).matches["x"]
    assert dates.dtype == "datetime64[us]"
    assert dates.item() == pd.Timestamp("2024-05-01")
    times = frames_of(
        ["2024-05-01T12:00:00+02:00"], schema={"type": "string", "format": "date-time"}
    ).matches["x"]
    assert times.item() == pd.Timestamp("2024-05-01T10:00:00Z")


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("about 70", {"type": "integer"}),
        ("1e99999999999999999999", {"type": "integer"}),
        ("1e999", {"type": "number"}),
        ("0.12345678901234567890123", {"type": "number"}),
        ("May 2024", {"type": "string", "format": "date"}),
        ("2024-05-01 12:00", {"type": "string", "format": "date-time"}),
        ("maybe", {"type": "boolean"}),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_reported_and_kept(
    value: str, schema: dict[str, Any]
) -> None:
    """The column stays text, so that nothing is lost."""
    frames = frames_of([value, "1"], schema=schema)
    with pytest.warns(FindAllWarning, match="'x'"):
        assert frames.matches["x"].tolist() == [value, "1"]


def test_columns_are_in_the_order_of_the_search() -> None:
    """Conditions, enrichments, then other fields; without rows as well."""
    one = candidate(
        "A",
        output={
            "extra_field": "x",
            "founded_on": enrichment("1900-05-01"),
            "family_owned": condition("Yes", matched=True),
            "makes_tiles": condition("Roof tiles", matched=True),
        },
    )
    with pytest.warns(FindAllWarning, match="'url' as 'url_field'"):
        matches = flatten(result(one), schema=SEARCH).matches
    requested = ["makes_tiles", "family_owned", "employees", "url_field", "founded_on"]
    leading = ["name", "url", "description"]
    assert matches.columns.tolist() == [*leading, *requested, "extra_field", "candidate_id"]
    assert matches["employees"].dtype == "Int64"
    with pytest.warns(FindAllWarning, match="'url' as 'url_field'"):
        empty = flatten(result(), schema=SEARCH).matches
    assert empty.columns.tolist() == [*leading, *requested, "candidate_id"]


def test_a_field_never_overwrites_another_column() -> None:
    """Clashing names are changed, and a warning lists them."""
    output = {name: name.upper() for name in ("name", "name_field", "candidate_id", "a")}
    frames = flatten(result(candidate("A", output={**output, "a_source": "s"})))
    with pytest.warns(FindAllWarning, match="'name' as 'name_field'"):
        matches = frames.matches
    assert matches["name"].tolist() == ["A"]
    assert matches["name_field"].tolist() == ["NAME"]
    assert matches["name_field_field"].tolist() == ["NAME_FIELD"]
    assert matches["candidate_id_field"].tolist() == ["CANDIDATE_ID"]
    assert matches["a_source"].tolist() == ["s"]
    with pytest.warns(FindAllWarning, match="'a_source' as 'a_source_field'"):
        wide = frames.wide(evidence=True)
    assert wide.columns.is_unique
    assert wide["a_source_field"].tolist() == ["s"]


def test_verdicts_replace_the_values_of_conditions() -> None:
    """Stated verdicts, else a bare yes or no; enrichments keep their values."""
    frames = flatten(
        result(
            candidate("A", output={"x": condition("Tiles", matched=False), "e": enrichment(7)}),
            candidate("B", output={"x": "Yes"}),
            candidate("C", output={"x": "unclear"}),
            candidate("D", output={}),
        )
    )
    wide = frames.wide(values="verdict")
    assert wide["x"].dtype == "boolean"
    assert wide["x"].astype(object).where(wide["x"].notna(), None).tolist() == [
        False,
        True,
        None,
        None,
    ]
    assert wide["e"].dtype == "Int64"


def test_candidates_are_chosen_by_match_status() -> None:
    """By one of them, or all with a column for it."""
    frames = flatten(result(candidate("A"), candidate("B", status="new"), candidate("C")))
    assert frames.matches["name"].tolist() == ["A", "C"]
    assert frames.wide(match_status="new")["name"].tolist() == ["B"]
    assert frames.wide(match_status="discarded").empty
    assert frames.wide(match_status=None)["match_status"].tolist() == ["matched", "new", "matched"]
    with pytest.raises(InvalidRequestError, match="unmatched, discarded, new, or None"):
        frames.wide(match_status="match")
    with pytest.raises(InvalidRequestError, match="'verdict'"):
        frames.wide(values="verdicts")  # type: ignore[arg-type]


def test_evidence_follows_each_field() -> None:
    """Confidence, and excerpt and address of the best citation."""
    support = basis("x", "Nothing here.", "They make  WALL tiles.", confidence="low")
    support["citations"].insert(0, {"url": "https://first.example/"})
    one = candidate("A", output={"x": condition("wall tiles", matched=True)}, basis=[support])
    wide = flatten(result(one, candidate("B"))).wide(evidence=True)
    assert wide.columns.tolist()[3:7] == ["x", "x_confidence", "x_excerpt", "x_source"]
    assert wide["x_confidence"].cat.ordered
    first = wide.iloc[0]
    assert (first["x_confidence"], first["x_excerpt"]) == ("low", "They make  WALL tiles.")
    assert first["x_source"] == "https://www.Press.example:443/tiles?page=1"
    assert wide.iloc[1, 3:7].isna().all()


def test_several_runs_are_told_apart() -> None:
    """Stacked runs have a column findall_id."""
    one = flatten(result(candidate("A"), findall_id="findall_1"), schema=SEARCH)
    two = flatten(result(candidate("A", output={"y": "z"}), findall_id="findall_2"))
    with pytest.warns(FindAllWarning, match="url_field"):
        matches = FindAllFrames.concat([one, two]).matches
    assert matches["findall_id"].tolist() == ["findall_1", "findall_2"]
    assert "objective" not in matches.columns, "only one is known"
    assert json.loads(matches["y"].to_json()) == {"0": None, "1": "z"}


def test_runs_of_different_searches_have_their_objective() -> None:
    """Beside the findall_id; runs of the same search do not, as it would be the same everywhere."""
    asked = search({"x": {"type": "string"}}, conditions=[])
    one = flatten(result(candidate("A"), findall_id="findall_1"), schema=asked)
    other = msgspec.structs.replace(asked, objective="Find roofers")
    two = flatten(result(candidate("B"), candidate("C"), findall_id="findall_2"), schema=other)
    wide = FindAllFrames.concat([two, one]).wide()
    assert wide.columns.tolist()[:3] == ["findall_id", "objective", "name"]
    assert wide["objective"].tolist() == ["Find roofers", "Find roofers", asked.objective]
    three = flatten(result(candidate("D"), findall_id="findall_3"), schema=asked)
    assert "objective" not in FindAllFrames.concat([one, three]).wide().columns
