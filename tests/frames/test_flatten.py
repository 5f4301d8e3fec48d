"""Flattening a result into the tables."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from findall_frames.errors import InvalidRequestError, UnexpectedResponseError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.schema import COLUMNS, SCHEMAS, markdown
from tests.support.results import SEARCH, basis, candidate, condition, enrichment, result

KILN = candidate(
    "Kilnworks",
    description="Tiles since 1900.",
    output={
        "makes_tiles": condition("Wall tiles", matched=True),
        "employees": enrichment(73),
        "note": enrichment(None),
    },
    basis=[basis("makes_tiles", "Kilnworks makes wall tiles."), basis("employees")],
)
SLATE = candidate("Slate House", status="unmatched", output=None, basis=None)


def test_each_table_has_its_columns_and_types() -> None:
    """As documented, with rows and without."""
    for frames in (flatten(result(KILN, SLATE)), flatten(result())):
        for name, schema in SCHEMAS.items():
            assert frames.tables[name].schema.equals(schema)
            assert schema.names == [column.name for column in COLUMNS[name]]


def test_pandas_gets_native_nullable_types_also_without_rows() -> None:
    """No column is `object` but the excerpts, and categories know their values."""
    for frames in (flatten(result(KILN, SLATE)), flatten(result())):
        for frame in (frames.runs, frames.candidates, frames.fields):
            assert not [name for name, dtype in frame.dtypes.items() if dtype.name == "object"]
        assert [n for n, dtype in frames.citations.dtypes.items() if dtype.name == "object"] == [
            "excerpts"
        ]
        dtypes = frames.fields.dtypes
        assert dtypes["value"] == "str"
        assert dtypes["is_matched"] == "boolean"
        assert dtypes["citation_count"] == "Int64"
        assert dtypes["confidence"].categories.tolist() == ["low", "medium", "high"]
        assert dtypes["confidence"].ordered
        assert frames.candidates["match_status"].cat.categories.tolist() == [
            "generated",
            "matched",
            "unmatched",
            "discarded",
        ]
        assert str(frames.runs["created_at"].dtype) == "datetime64[us, UTC]"


def test_values_are_in_their_columns() -> None:
    """In each of the tables."""
    frames = flatten(
        result(KILN, SLATE),
        schema=SEARCH,
        service="https://api.example",
        fetched_at=datetime(2026, 2, 3, tzinfo=UTC),
    )
    run = frames.runs.iloc[0]
    assert run["objective"] == "Find all makers of clay tiles"
    assert run["match_limit"] == 10
    assert run["created_at"] == pd.Timestamp("2026-02-03T04:05:06Z")
    assert json.loads(run["metadata"]) == {"team": "roofs"}
    assert run["service"] == "https://api.example"
    assert run["fetched_at"] == pd.Timestamp("2026-02-03", tz="UTC")
    assert frames.candidates["domain"].tolist() == ["kilnworks.example", "slate-house.example"]
    assert frames.candidates["position"].tolist() == [0, 1]
    fields = frames.fields.set_index("field")
    assert fields["value"].fillna("").to_dict() == {
        "makes_tiles": "Wall tiles",
        "employees": "73",
        "note": "",
    }
    assert fields["value_type"].tolist() == ["string", "integer", "null"]
    assert fields["kind"].tolist() == ["match_condition", "enrichment", "enrichment"]
    assert fields["citation_count"].tolist() == [1, 1, 0]
    assert fields.loc["makes_tiles", "is_matched"]
    assert (fields["confidence"] >= "medium").tolist() == [True, True, False]
    citations = frames.citations
    assert citations["domain"].tolist() == ["press.example", "press.example"]
    assert citations["excerpts"].tolist() == [["Kilnworks makes wall tiles."], []]
    assert all(frame["extra"].isna().all() for frame in (frames.runs, frames.fields, citations))


def test_bare_values_get_their_kind_from_the_search() -> None:
    """Both shapes of output give the same rows."""
    bare = candidate("Kilnworks", output={"makes_tiles": "yes", "employees": 1.5, "x": [1, "a"]})
    fields = flatten(result(bare), schema=SEARCH).fields.set_index("field")
    assert fields["value"].to_dict() == {"makes_tiles": "yes", "employees": "1.5", "x": '[1,"a"]'}
    assert fields["value_type"].tolist() == ["string", "number", "array"]
    assert fields["kind"].fillna("?").tolist() == ["match_condition", "enrichment", "?"]
    assert fields["is_matched"].isna().all()


def test_an_object_without_a_value_is_the_value() -> None:
    """Only an object with `value` or a known type is a wrapper."""
    output = {"office": {"town": "Ulm"}, "tiles": {"type": "match_condition", "is_matched": True}}
    fields = flatten(result(candidate("A", output=output))).fields.set_index("field")
    assert fields.loc["office", "value"] == '{"town":"Ulm"}'
    assert fields.loc["office", "value_type"] == "object"
    assert fields.loc["tiles", "value_type"] == "null"
    assert fields.loc["tiles", "is_matched"]


def test_numbers_keep_every_digit() -> None:
    """Neither long integers nor decimals go through a float."""
    body = json.dumps(result(candidate("A", output={"n": enrichment(0)}))).replace(
        '"value": 0', '"value": [123456789012345678901234567890, 0.10, 1e400]'
    )
    value = flatten(body.encode()).fields["value"].item()
    assert value == "[123456789012345678901234567890,0.10,1e400]"


def test_a_basis_without_output_or_of_an_element_has_its_own_row() -> None:
    """The fields are the union of output and basis; an absent value has no type."""
    one = candidate(
        "A", output={"p": enrichment(["x"])}, basis=[basis("p.0", "x"), basis("p"), basis("gone")]
    )
    fields = flatten(result(one)).fields.set_index("field")
    assert fields.index.tolist() == ["p.0", "p", "gone"]
    assert fields["value_type"].isna().tolist() == [True, False, True]
    assert fields["kind"].isna().tolist() == [True, False, True]


def test_values_without_a_column_are_kept_in_extra() -> None:
    """A second basis, unknown fields and an unknown confidence."""
    one = candidate(
        "A",
        output={"p": {**enrichment("x"), "score": 0.9}},
        basis=[
            {**basis("p", "x", confidence="certain"), "weight": 3},
            {**basis("p", "y"), "reasoning": "Again."},
        ],
        relevance_score=0.87,
    )
    one["basis"][0]["citations"][0]["published_at"] = "2026-01-01"
    whole = result(one, next_page=None, cursor="abc")
    whole["run"]["status"]["progress"] = 0.4
    frames = flatten(whole)
    field = frames.fields.iloc[0]
    extra = json.loads(field["extra"])
    assert extra["output"] == {"score": 0.9}
    assert extra["basis"] == {"weight": 3, "confidence": "certain"}
    assert [(each["position"], each["basis"]["reasoning"]) for each in extra["repeated"]] == [
        (1, "Again.")
    ]
    assert pd.isna(field["confidence"])
    assert json.loads(frames.candidates["extra"].item()) == {"candidate": {"relevance_score": 0.87}}
    assert json.loads(frames.citations["extra"].item()) == {
        "citation": {"published_at": "2026-01-01"}
    }
    assert json.loads(frames.runs["extra"].item()) == {
        "result": {"cursor": "abc", "next_page": None},
        "status": {"progress": 0.4},
    }


def test_a_new_field_of_the_api_is_one_line_in_the_table_of_columns() -> None:
    """It is decoded, has a column in Arrow and pandas, and is rebuilt."""
    code = (
        "import pyarrow as pa\n"
        "from findall_frames.frames import schema\n"
        "new = schema.TableColumn('logo', schema.TEXT, 'its logo', 'candidate', str | None)\n"
        "*known, extra = schema.COLUMNS['candidates']\n"
        "schema.COLUMNS['candidates'] = (*known, new, extra)\n"
        "columns = [(each.name, each.type) for each in schema.COLUMNS['candidates']]\n"
        "schema.SCHEMAS['candidates'] = pa.schema(columns)\n"
        "import findall_frames as ff\n"
        "from tests.support.results import candidate, result\n"
        "frames = ff.flatten(result(candidate('A', logo='a.svg'), candidate('B')))\n"
        "assert frames.candidates['logo'].dropna().tolist() == ['a.svg']\n"
        "assert frames.candidates['extra'].isna().all()\n"
        "assert [each['logo'] for each in frames.to_result()['candidates']] == ['a.svg', None]\n"
        "assert '| candidates | `logo` | text | str | its logo |' in schema.markdown()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_candidate_that_comes_twice_keeps_the_key_unique() -> None:
    """The second one goes into the first one's extra."""
    frames = flatten(result(candidate("A"), candidate("B"), candidate("A", status="discarded")))
    assert frames.candidates["name"].tolist() == ["A", "B"]
    repeated = json.loads(frames.candidates["extra"].iloc[0])["repeated"]
    assert repeated[0]["position"] == 2
    assert repeated[0]["candidate"]["match_status"] == "discarded"


def test_an_unknown_match_status_comes_after_the_known_ones() -> None:
    """A newer API does not break the category."""
    statuses = flatten(result(candidate("A", status="shortlisted"))).candidates["match_status"]
    assert statuses.tolist() == ["shortlisted"]
    assert statuses.cat.categories[-1] == "shortlisted"


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    """Half an emoji, which UTF-8 cannot hold, must not cost the result."""
    whole = result(candidate("A \ud83d cut, \ud83d\ude00 whole, \\ud83d written"))
    for source in (json.dumps(whole).encode(), whole):
        name = flatten(source).candidates["name"].item()
        assert name == "A � cut, \U0001f600 whole, \\ud83d written"


def test_every_kind_of_source_gives_the_same_tables(tmp_path: Path) -> None:
    """Bytes, views, dicts, files (with a byte order mark) and SDK objects are all read."""
    from parallel.types.beta import FindAllRunResult

    whole = result(KILN, SLATE)
    text = json.dumps(whole)
    path = tmp_path / "result.json"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    sources: list[Any] = [
        text.encode(),
        bytearray(text.encode()),
        memoryview(text.encode()),
        whole,
        path,
        str(path),
        FindAllRunResult.model_validate(whole),
    ]
    expected = flatten(sources[0]).tables
    for source in sources[1:]:
        tables = flatten(source).tables
        assert all(tables[name].equals(expected[name]) for name in SCHEMAS)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda whole: whole["candidates"][1].pop("name"), "$.candidates[1].name"),
        (lambda whole: whole["candidates"][1].update(url=3), "$.candidates[1].url"),
        (lambda whole: whole["candidates"][1].update(output=3), "$.candidates[1].output"),
        (
            lambda whole: whole["candidates"][0]["basis"][1].pop("reasoning"),
            "$.candidates[0].basis[1].reasoning",
        ),
        (
            lambda whole: whole["candidates"][0]["basis"][0]["citations"][0].pop("url"),
            "$.candidates[0].basis[0].citations[0].url",
        ),
        (lambda whole: whole["candidates"].append(7), "$.candidates[2]"),
        (lambda whole: whole["run"].pop("status"), "$.run.status"),
        (lambda whole: whole["run"]["status"].pop("metrics"), "$.run.status.metrics"),
        (
            lambda whole: whole["run"]["status"]["metrics"].update(matched_candidates_count=9**99),
            "$.run.status.metrics",
        ),
        (lambda whole: whole.pop("candidates"), "$.candidates"),
    ],
)
def test_a_missing_or_wrong_field_is_an_error_that_names_its_place(change: Any, path: str) -> None:
    """The path leads to the first error, and the run is named if it is known."""
    whole = json.loads(json.dumps(result(KILN, SLATE)))
    change(whole)
    with pytest.raises(UnexpectedResponseError) as caught:
        flatten(whole)
    assert caught.value.path == path
    assert path in str(caught.value)
    if path.startswith("$.candidates["):
        assert caught.value.findall_id == "findall_1"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"<html>", b'{"run": "\xff"}', b"[" * 100_000])
def test_other_json_is_a_clear_error(body: bytes) -> None:
    """And so is broken JSON."""
    with pytest.raises(UnexpectedResponseError, match="FindAll contract"):
        flatten(body)


def test_other_objects_are_refused_with_a_hint(tmp_path: Path) -> None:
    """JSON in a str, a missing file, another type, and values that are not JSON."""
    with pytest.raises(InvalidRequestError, match="encode"):
        flatten('{"run": {}}')
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        flatten(tmp_path / "none.json")
    with pytest.raises(InvalidRequestError, match="got int"):
        flatten(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="a value that JSON cannot hold"):
        flatten({"run": object()})


def test_large_results_are_flattened_in_batches() -> None:
    """More than a megabyte of candidates comes out complete and in order."""
    text = "word " * 2000
    many = [candidate(f"C{number}", description=text) for number in range(300)]
    frames = flatten(result(*many))
    assert frames.tables["candidates"]["name"].num_chunks > 1
    assert frames.candidates["name"].tolist() == [one["name"] for one in many]
    assert frames.candidates["position"].tolist() == list(range(300))


def test_the_markdown_of_the_schema_names_every_column() -> None:
    """The documentation is made from the schema itself."""
    lines = markdown().splitlines()
    assert len(lines) == 2 + sum(len(columns) for columns in COLUMNS.values())
    assert "| fields | `confidence` | dictionary, ordered | category, ordered |" in markdown()
    assert pa.types.is_dictionary(SCHEMAS["fields"].field("confidence").type)
