"""The tables in the form that every BI tool reads, checked with the readers of others."""

from __future__ import annotations

import datetime as dt
import json
import re
import warnings
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import findall_frames as ff
from findall_frames.frames.plain import BI_TABLES, plain_names
from findall_frames.frames.replacing import PROVENANCE
from findall_frames.frames.schema import TABLES
from tests.support.results import (
    SEARCH,
    basis,
    candidate,
    condition,
    enrichment,
    result,
    reviewed,
    search,
)

SEARCHED = search(
    {
        "CEO Name": {"type": "string"},
        "ceo_name": {"type": "string"},
        "employees": {"type": "integer"},
        "growth": {"type": "number"},
        "listed": {"type": "boolean"},
        "founded_on": {"type": "string", "format": "date"},
        "seen_at": {"type": "string", "format": "date-time"},
        "products": {"type": "array"},
        "Name": {"type": "string"},
        "never_found": {"type": "integer"},
    }
)
FRAMES = reviewed(
    ff.flatten(
        result(
            candidate(
                "Kilnworks",
                output={
                    "makes_tiles": condition("Tiles", matched=True),
                    "CEO Name": enrichment("Ada"),
                    "ceo_name": enrichment("Bob"),
                    "employees": enrichment(73),
                    "growth": enrichment(1.5),
                    "listed": enrichment(True),
                    "founded_on": enrichment("1987-06-05"),
                    "seen_at": enrichment("2026-01-02T03:04:05Z"),
                    "products": enrichment(["bricks", 2]),
                    "Name": enrichment("Kilnworks Inc."),
                },
                basis=[basis("makes_tiles", "One.", "Two.", confidence="low"), basis("employees")],
            ),
            candidate(
                "Roofs", status="unmatched", output={"makes_tiles": condition("", matched=False)}
            ),
            candidate("Empty"),
        ),
        schema=SEARCHED,
        service="http://127.0.0.1:8000",
    )
)
EMPTY = ff.flatten(result(findall_id="findall_2"), schema=SEARCH)
PLAIN = {
    pa.string(),
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.date32(),
    pa.timestamp("us", tz="UTC"),
}


def written(frames: ff.FindAllFrames, folder: Path) -> Path:
    """Write the profile, ignoring the warning about renamed columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ff.FindAllWarning)
        return frames.to_parquet(folder, profile="bi")


@pytest.mark.parametrize("frames", [FRAMES, EMPTY, ff.FindAllFrames.concat([])])
def test_each_table_is_a_file_with_plain_types(frames: ff.FindAllFrames, tmp_path: Path) -> None:
    """Also without rows; column names are valid in any tool."""
    folder = written(frames, tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {f"{name}.parquet" for name in BI_TABLES}
    for name in BI_TABLES:
        schema = pq.read_schema(folder / f"{name}.parquet")
        assert set(schema.types) <= PLAIN, name
        assert schema.names[0] == "findall_id"
        assert all(re.fullmatch("[a-z][a-z0-9_]*", column) for column in schema.names)
        assert len(set(schema.names)) == len(schema.names)


def test_the_files_have_the_oldest_encodings_pages_and_compression(tmp_path: Path) -> None:
    """Checked in the files themselves."""
    folder = written(FRAMES, tmp_path / "out")
    for name in BI_TABLES:
        described = pq.read_metadata(folder / f"{name}.parquet")
        assert described.format_version == "1.0"
        for column in range(described.num_columns):
            chunk = described.row_group(0).column(column)
            assert chunk.compression == "SNAPPY"
            assert set(chunk.encodings) <= {"PLAIN", "PLAIN_DICTIONARY", "RLE"}


@pytest.mark.parametrize("profile", ["analysis", "bi"])
def test_duckdb_polars_arrow_and_pandas_read_the_same_rows(profile: str, tmp_path: Path) -> None:
    """Each with its own reader, each value of each column."""
    folder = tmp_path / "out"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ff.FindAllWarning)
        FRAMES.to_parquet(folder, profile=profile)  # type: ignore[arg-type]
    for path in folder.iterdir():
        rows = pq.read_table(path).to_pylist()
        assert rows, path.name
        assert pl.read_parquet(path).to_dicts() == rows
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            read = connection.sql(f"SELECT * FROM '{path.as_posix()}'")
            assert read.to_arrow_table().to_pylist() == rows
        assert len(pd.read_parquet(path)) == len(rows)


def test_the_keys_join_the_tables_in_duckdb(tmp_path: Path) -> None:
    """From the matches down to the excerpts."""
    folder = written(FRAMES, tmp_path / "out").as_posix()
    with duckdb.connect() as connection:
        found = connection.sql(
            f"""SELECT m.name, m.employees, f.is_matched, c.url, e.text
            FROM '{folder}/matches.parquet' m
            JOIN '{folder}/fields.parquet' f USING (findall_id, candidate_id)
            JOIN '{folder}/citations.parquet' c USING (findall_id, candidate_id, field)
            JOIN '{folder}/excerpts.parquet' e USING (findall_id, candidate_id, field, citation)
            ORDER BY e.excerpt"""
        ).fetchall()
    url = "https://www.Press.example:443/tiles?page=1"
    assert found == [("Kilnworks", 73, True, url, text) for text in ("One.", "Two.")]


def test_the_matches_are_typed_and_a_column_without_values_has_a_type(tmp_path: Path) -> None:
    """Numbers, dates, times and booleans have the declared types; lists are JSON text."""
    table = pq.read_table(written(FRAMES, tmp_path / "out") / "matches.parquet")
    row = table.to_pylist()[0]
    assert row == {
        "findall_id": "findall_1",
        "candidate_id": "candidate_kilnworks",
        "name": "Kilnworks",
        "url": "https://www.kilnworks.example/",
        "description": None,
        "makes_tiles": "Tiles",
        "family_owned": None,
        "ceo_name": "Ada",
        "ceo_name_2": "Bob",
        "employees": 73,
        "growth": 1.5,
        "listed": True,
        "founded_on": dt.date(1987, 6, 5),
        "seen_at": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        "products": '["bricks",2]',
        "name_2": "Kilnworks Inc.",
        "never_found": None,
    }
    assert list(row) == table.column_names
    assert table.schema.field("never_found").type == pa.int64()
    assert table.num_rows == 2


def test_changes_are_reported(tmp_path: Path) -> None:
    """Renamed columns in a warning, all changes in the metadata of each file."""
    with pytest.warns(ff.FindAllWarning, match=r"'CEO Name' as 'ceo_name', 'ceo_name' as 'ceo_na"):
        folder = FRAMES.to_parquet(tmp_path / "out", profile="bi")
    for name in BI_TABLES:
        described = json.loads(pq.read_schema(folder / f"{name}.parquet").metadata[PROVENANCE])
        assert (described["profile"], described["table"]) == ("bi", name)
        assert described["findall_ids"] == ["findall_1"]
        assert [change.partition(":")[0] for change in described["changes"]] == [
            "citations.excerpts",
            "match_status, value_type, confidence, decision",
            *["matches"] * 3,
        ]


@pytest.mark.parametrize("frames", [FRAMES, EMPTY, ff.FindAllFrames.concat([FRAMES, EMPTY])])
def test_both_profiles_are_read_back_unchanged(frames: ff.FindAllFrames, tmp_path: Path) -> None:
    """Including categories, their order, lists of excerpts and the search."""
    again = ff.read_parquet(written(frames, tmp_path / "bi"))
    for name in TABLES:
        assert again.tables[name].equals(frames.tables[name]), name
    assert again.searches == frames.searches


def test_one_profile_replaces_the_other(tmp_path: Path) -> None:
    """A file of the same name that is not ours stays, even where it is in the way."""
    folder = written(FRAMES, tmp_path / "out")
    EMPTY.to_parquet(folder)
    assert {path.stem for path in folder.iterdir()} == set(TABLES)
    assert ff.read_parquet(folder).findall_id == "findall_2"
    pd.DataFrame({"a": [1]}).to_parquet(folder / "matches.parquet")
    EMPTY.to_parquet(folder)
    with pytest.raises(ff.errors.ExportError, match=r"matches\.parquet' is damaged, or was not"):
        written(FRAMES, folder)
    assert pd.read_parquet(folder / "matches.parquet")["a"].tolist() == [1]
    assert ff.read_parquet(folder).findall_id == "findall_2"
    (folder / "matches.parquet").unlink()
    written(FRAMES, folder)
    assert ff.read_parquet(folder).findall_id == "findall_1"


def test_a_missing_table_of_excerpts_is_named(tmp_path: Path) -> None:
    """Without it the citations would lose their excerpts."""
    folder = written(FRAMES, tmp_path / "out")
    (folder / "excerpts.parquet").unlink()
    with pytest.raises(ff.errors.ParquetError, match=r"excerpts\.parquet missing"):
        ff.read_parquet(folder)


def test_an_unknown_profile_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """The error says what each profile is for."""
    with pytest.raises(ff.errors.InvalidRequestError, match=r"'analysis'.*'bi'.*not 'tableau'"):
        FRAMES.to_parquet(tmp_path / "out", profile="tableau")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("Łódź", "lodz"),
        ("Københavns Ærø", "kobenhavns_aero"),
        ("Œuvre", "oeuvre"),
        ("Đà Nẵng", "da_nang"),
        ("þorp", "thorp"),
        ("İzmir ışık", "izmir_isik"),
        ("ħal Ħamrun", "hal_hamrun"),
        ("ﬁnanceTotal", "finance_total"),
        ("住所", "住所"),
        ("電話 (自宅)", "電話_自宅"),
        ("ガス", "ガス"),
        ("Цена Й", "цена_й"),
        ("한국", "한국"),
        ("नाम हिन्दी", "नाम_हिन्दी"),
        ("السعر", "السعر"),
        ("Τιμή", "τιμή"),
        ("5つ", "column_5つ"),
        ("🍞", "column"),
        ("", "column"),
    ],
)
def test_names_of_any_language_stay_readable(name: str, plain: str, tmp_path: Path) -> None:
    """Latin letters in ASCII, others as they are; DuckDB reads the columns by these names."""
    assert plain_names([name]) == {name: plain}
    frames = ff.flatten(result(candidate("A", output={name: enrichment("x")})))
    path = (written(frames, tmp_path / "out") / "matches.parquet").as_posix()
    with duckdb.connect() as connection:
        assert connection.sql(f"SELECT \"{plain}\" FROM '{path}'").fetchall() == [("x",)]


@given(st.lists(st.text(max_size=8), unique=True))
def test_plain_names_are_unique_whatever_the_case(names: list[str]) -> None:
    """They have no separators, and are plain already when they are made plain again."""
    plain = list(plain_names(names, taken=["name"]).values())
    assert len({name.casefold() for name in (*plain, "name")}) == len(names) + 1
    assert all(re.fullmatch(r"[^\W\d_][^\s,;{}()=.\-]*", name) for name in plain)
