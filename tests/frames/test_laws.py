"""Laws that hold for the tables of every result."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections import Counter
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, example, given, settings

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import FindAllWarning
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames, read_frames
from findall_frames.frames.reviews import newest_reviews, reviews_in, reviews_table
from findall_frames.frames.schema import KEYS, SCHEMAS
from findall_frames.frames.writing import Profile
from tests.support.results import basis, candidate
from tests.support.results import result as finished
from tests.support.strategies import judge, judgements, results, searches
from tests.support.tidied import tidied_text

IS_MATCH = pc.field("match_status").cast(pa.string()) == "matched"
# The machines that run this are slow, and differ.
PROFILES: tuple[Profile, ...] = ("analysis", "bi")
LAW = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)


def rows(table: pa.Table, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Return the rows of some columns."""
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


@LAW
@given(results(), searches(), judgements())
def test_keys_are_unique_and_refer_to_rows(
    result: dict[str, Any], search: FindAllSchema | None, judged: list[dict[str, Any]]
) -> None:
    """Each key stands once, each reference leads somewhere, and counts and places agree."""
    frames = flatten(result, schema=search)
    judge(frames, judged)
    tables = frames.tables
    for name, key in KEYS.items():
        found = rows(tables[name], key)
        assert len(found) == len(set(found))
        if len(key) > 1:
            above = {2: "runs", 3: "candidates", 4: "fields"}[len(key)]
            assert {row[:-1] for row in found} <= set(rows(tables[above], KEYS[above]))
    citations = Counter(rows(tables["citations"], KEYS["fields"]))
    fields = rows(tables["fields"], KEYS["fields"])
    counts = tables["fields"]["citation_count"].to_pylist()
    assert counts == [citations[field] for field in fields]
    places = tables["citations"]["citation"].to_pylist()
    assert places == [place for count in counts for place in range(count)]


@LAW
@given(results(), searches())
@example(finished(candidate("A", basis=[basis(field) for field in "abbac"])), None)
def test_the_result_can_be_rebuilt_value_for_value(
    result: dict[str, Any], search: FindAllSchema | None
) -> None:
    """Nothing is lost in the tables."""
    frames = flatten(result, schema=search)
    assert tidied_text(frames.to_result()) == tidied_text(result)


@LAW
@given(results(), searches())
def test_flattening_what_was_rebuilt_gives_the_same_tables(
    result: dict[str, Any], search: FindAllSchema | None
) -> None:
    """Flattening and rebuilding can be repeated."""
    frames = flatten(result, schema=search)
    again = flatten(frames.to_result(), schema=search)
    for name in SCHEMAS:
        columns = [each for each in SCHEMAS[name].names if each != "extra"]
        assert again.tables[name].select(columns).equals(frames.tables[name].select(columns))


@LAW
@given(results())
def test_the_formatting_of_the_json_makes_no_difference(result: dict[str, Any]) -> None:
    """Spaces, line breaks and escapes."""
    one = flatten(json.dumps(result, ensure_ascii=False).encode())
    two = flatten(json.dumps(result, ensure_ascii=True, indent=2).encode())
    assert all(one.tables[name].equals(two.tables[name]) for name in SCHEMAS)


@LAW
@given(results("findall_1"), results("findall_2"), searches(), judgements())
def test_stacking_and_splitting_changes_nothing(
    one: dict[str, Any],
    two: dict[str, Any],
    search: FindAllSchema | None,
    judged: list[dict[str, Any]],
) -> None:
    """Each run comes out of a stack as it went in, and so does its search."""
    first, second = flatten(one, schema=search), flatten(two)
    judge(first, judged)
    judge(second, judged)
    stacked = FindAllFrames.concat([first, second])
    for frames in (first, second):
        again = stacked.for_run(frames.findall_id)
        assert all(again.tables[name].equals(frames.tables[name]) for name in SCHEMAS)
        assert stacked.to_result(frames.findall_id) == frames.to_result()
        assert again.searches == frames.searches


@LAW
@given(results(), searches(), judgements())
def test_only_the_latest_judgement_of_each_thing_stands(
    result: dict[str, Any], search: FindAllSchema | None, judged: list[dict[str, Any]]
) -> None:
    """With what it left as it was, and gone if it says nothing; a filled dict does the same."""
    frames = flatten(result, schema=search)
    expected: dict[Any, dict[str, Any]] = {}
    for each in judge(frames, judged):
        key = each["findall_id"], each["candidate_id"], each["field"]
        nothing = dict.fromkeys(("decision", "value", "note"))
        now = {**nothing, **expected.pop(key, {}), **each}
        if any(now[name] is not None for name in nothing):
            expected[key] = now
    columns = ["findall_id", "candidate_id", "field", "decision", "value", "note", "reviewer"]
    reviews = frames.tables["reviews"]
    assert reviews.select(columns).to_pylist() == list(expected.values())
    assert reviews_table(newest_reviews(reviews_in(reviews)).values()).equals(reviews)
    again = flatten(frames.to_result(), schema=search)
    assert again.tables["fields"].select(["value"]) == frames.tables["fields"].select(["value"])


@LAW
@given(results(), searches(), judgements())
def test_accepted_candidates_have_the_columns_of_the_matches(
    result: dict[str, Any], search: FindAllSchema | None, judged: list[dict[str, Any]]
) -> None:
    """In the order of the candidates; accepting every match changes no value and no type."""
    frames = flatten(result, schema=search)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FindAllWarning)
        for key in rows(frames.tables["candidates"].filter(IS_MATCH), KEYS["candidates"]):
            frames.review(key, "accept")
        pd.testing.assert_frame_equal(frames.accepted, frames.matches)
        judge(frames, judged)
        accepted = frames.accepted
    assert list(accepted.columns[:-1])[: frames.matches.shape[1] - 1] == list(frames.matches)[:-1]
    decided = frames.reviews.query("field.isna() and decision == 'accept'")["candidate_id"]
    order = [each for each in frames.candidates["candidate_id"] if each in set(decided)]
    assert accepted["candidate_id"].tolist() == order


@settings(LAW, max_examples=40)
@given(results(), searches(), judgements())
def test_parquet_round_trips(
    result: dict[str, Any], search: FindAllSchema | None, judged: list[dict[str, Any]]
) -> None:
    """Tables and search, in both profiles."""
    frames = flatten(result, schema=search)
    judge(frames, judged)
    for profile in PROFILES:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", FindAllWarning)
            again = read_frames(frames.to_parquet(folder, profile=profile))
        assert all(again.tables[name].equals(frames.tables[name]) for name in SCHEMAS)
        assert again.searches == frames.searches


@settings(LAW, max_examples=60)
@given(results(), searches())
def test_the_wide_table_has_every_value(
    result: dict[str, Any], search: FindAllSchema | None
) -> None:
    """One row per candidate, one column per field with a value, and no name twice."""
    frames = flatten(result, schema=search)
    fields = frames.fields
    valued = fields.loc[fields["value_type"].notna(), "field"].nunique()
    for evidence in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FindAllWarning)
            wide = frames.wide(match_status=None, evidence=evidence)
        assert len(wide) == len(frames.candidates)
        assert wide.columns.is_unique
        assert wide["candidate_id"].tolist() == frames.candidates["candidate_id"].tolist()
        assert (wide.shape[1] - 5) // (4 if evidence else 1) >= valued
