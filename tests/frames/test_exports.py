"""CSV, Excel, pandas with Arrow types, and other libraries that speak Arrow."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import findall_frames as ff
from findall_frames.frames.convert import BI_TABLES
from tests.support.results import (
    CONDITIONS,
    basis,
    candidate,
    condition,
    enrichment,
    result,
    search,
)

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1"]
HARMLESS = ["1=1", "a+b", "", " ", "'quoted'", 'größer, "als"\nzwei']
SEARCHED = search(
    {"employees": {"type": "integer"}, "founded_on": {"type": "string", "format": "date"}},
    conditions=CONDITIONS[:1],
)
FRAMES = ff.flatten(
    result(
        *(
            candidate(
                f"N{number}",
                description=text,
                output={
                    "makes_tiles": condition(text, matched=True),
                    "employees": enrichment(-5 if number else None),
                    "founded_on": enrichment("1899-12-31" if number == 1 else "1987-06-05"),
                },
                basis=[basis("makes_tiles", text)],
            )
            for number, text in enumerate((*FORMULAS, *HARMLESS))
        )
    ),
    schema=SEARCHED,
)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as a spreadsheet program does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_no_text_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    """Formulas begin with a quote, in every table; other texts are unchanged."""
    folder = FRAMES.to_csv(tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in BI_TABLES}
    expected = [f"'{text}" for text in FORMULAS] + HARMLESS
    assert [row["description"] for row in rows_of(folder / "matches.csv")] == expected
    assert [row["value"] for row in rows_of(folder / "fields.csv")[::3]] == expected
    assert [row["text"] for row in rows_of(folder / "excerpts.csv")] == expected
    plain = FRAMES.to_csv(tmp_path / "plain", escape_formulas=False)
    texts = [row["text"] for row in rows_of(plain / "excerpts.csv")]
    assert texts == [*FORMULAS, *HARMLESS]


def test_numbers_dates_and_times_of_a_csv_file_are_readable(tmp_path: Path) -> None:
    """Negative numbers are not quoted; times have neither offset nor fractions."""
    folder = FRAMES.to_csv(tmp_path / "out")
    assert (folder / "matches.csv").read_bytes().startswith(b'\xef\xbb\xbf"findall_id",')
    first, second = rows_of(folder / "matches.csv")[:2]
    assert (first["employees"], second["employees"]) == ("", "-5")
    assert first["founded_on"] == "1987-06-05"
    assert rows_of(folder / "runs.csv")[0]["created_at"] == "2026-02-03 04:05:06"
    read = pd.read_csv(folder / "fields.csv")
    assert read["citation_count"].tolist() == FRAMES.fields["citation_count"].tolist()
    with duckdb.connect() as connection:
        path = (folder / "excerpts.csv").as_posix()
        assert connection.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(14,)]


def test_every_text_of_a_workbook_is_a_text(tmp_path: Path) -> None:
    """Formulas included; numbers and times keep their types."""
    path = FRAMES.to_excel(tmp_path / "deep" / "out.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["matches", "candidates", "fields", "citations", "excerpts", "runs"]
    sheet = book["matches"]
    header = [cell.value for cell in sheet[1]]
    texts = [row[header.index("description")] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in texts if cell.value is not None} == {"s"}
    # XML brings every line break to the same one.
    assert [(cell.value or "").replace("\r", "\n") for cell in texts] == [
        text.replace("\r", "\n") for text in (*FORMULAS, *HARMLESS)
    ]
    assert [cell.quotePrefix for cell in texts[:4]] == [True] * 4
    assert sheet.cell(3, header.index("employees") + 1).value == -5
    founded = header.index("founded_on") + 1
    assert sheet.cell(2, founded).value == dt.datetime(1987, 6, 5)
    assert sheet.cell(3, founded).value == "1899-12-31"
    created = [cell.value for cell in book["runs"][1]].index("created_at") + 1
    assert book["runs"].cell(2, created).value == dt.datetime(2026, 2, 3, 4, 5, 6)


def test_values_that_excel_cannot_hold_are_adapted(tmp_path: Path) -> None:
    """Long texts are cut with a warning, control characters replaced, digits kept as text."""
    frames = ff.flatten(
        result(
            candidate(
                "A\x07B",
                description="x" * 40_000,
                output={"employees": enrichment(1234567890123456789)},
            )
        ),
        schema=SEARCHED,
    )
    with pytest.warns(ff.FindAllWarning, match="2 texts are longer"):
        path = frames.to_excel(tmp_path / "out.xlsx")
    (row,) = pd.read_excel(path, sheet_name="matches").to_dict("records")
    assert row["name"] == "A\ufffdB"
    assert len(row["description"]) == 32_767
    assert openpyxl.load_workbook(path)["matches"]["G2"].value == "1234567890123456789"


def test_a_workbook_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """And only at a path where a workbook can be."""
    path = FRAMES.to_excel(tmp_path / "out.xlsx")
    assert FRAMES.to_excel(path) == path
    assert [each.name for each in tmp_path.iterdir()] == ["out.xlsx"]
    with pytest.raises(ff.errors.ExportError, match=r"end in \.xlsx"):
        FRAMES.to_excel(tmp_path / "out.csv")
    with pytest.raises(ff.errors.ExportError, match="could not be written"):
        FRAMES.to_excel(path / "below.xlsx")
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(ff.errors.ExportError, match="could not be written"):
        FRAMES.to_excel(tmp_path / "folder.xlsx")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.xlsx", "out.xlsx"]


def test_without_xlsxwriter_the_error_names_the_extra(tmp_path: Path) -> None:
    """In a Python that cannot import it."""
    code = (
        "import sys\n"
        "sys.modules['xlsxwriter'] = None\n"
        "import findall_frames as ff\n"
        "try:\n"
        "    ff.FindAllFrames.concat([]).to_excel(sys.argv[1])\n"
        "except ff.errors.MissingExtraError as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out.xlsx")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'findall-frames[excel]'" in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_polars_duckdb_and_arrow_take_the_frames_as_their_matches() -> None:
    """Through the PyCapsule interface, each with the same rows."""
    matches = pa.table(FRAMES)
    assert matches.column_names == FRAMES.matches.columns.tolist()
    assert matches["employees"].type == pa.int64()
    assert matches["founded_on"].type == pa.date32()
    assert pl.DataFrame(FRAMES).to_dicts() == matches.to_pylist()
    frames = FRAMES
    with duckdb.connect() as connection:
        assert (
            connection.sql("SELECT * FROM frames")
            .to_arrow_table()
            .equals(connection.sql("SELECT * FROM matches").to_arrow_table())
        )
        assert connection.sql("SELECT sum(employees) FROM frames").fetchall() == [(-65,)]
    assert len(frames) == 14


def test_pandas_takes_the_frames_as_their_matches() -> None:
    """The same columns and values; with Arrow also the same types, but for dates."""
    frames = ff.flatten(
        result(
            candidate("A", output={"n": 1, "id": 2**53 + 1, "b": True, "f": 1.5, "t": "x"}),
            candidate("B", output={"n": 2, "d": "2024-05-01"}),
            candidate("C", status="unmatched"),
        )
    )
    matches = frames.matches
    frame = pd.DataFrame(frames)
    assert frame.columns.tolist() == matches.columns.tolist()
    assert frame["n"].dtype == "int64"
    pd.testing.assert_frame_equal(frame.astype(matches.dtypes), matches)
    arrow = pd.DataFrame.from_arrow(frames).astype({"d": "datetime64[us]"})
    pd.testing.assert_frame_equal(arrow, matches)
    assert [row["name"] for row in frames] == ["A", "B"]
    assert [row["t"] for row in frames] == ["x", None]
    assert len(frames) == len(list(frames)) == 2
    with pytest.raises(ff.errors.InvalidRequestError, match="given FindAllFrames"):
        ff.flatten(frames)  # type: ignore[arg-type]


def addresses_of(column: pa.ChunkedArray) -> set[int]:
    """Return the addresses of a column's buffers."""
    return {buffer.address for chunk in column.chunks for buffer in chunk.buffers() if buffer}


def test_arrow_tables_are_shared_without_copying() -> None:
    """The receiver has the same buffers."""
    for name, table in FRAMES.tables.items():
        taken = pa.RecordBatchReader.from_stream(table).read_all()
        for ours, theirs in zip(table.columns, taken.columns, strict=True):
            assert addresses_of(theirs) <= addresses_of(ours), name
        assert pl.DataFrame(table).height == table.num_rows


def test_pandas_gets_arrow_types_on_request_and_never_objects() -> None:
    """Its nullable types otherwise; editing the copy does not change the frames."""
    for name in ("matches", "runs", "candidates", "fields", "citations"):
        arrow = FRAMES.to_pandas(name, dtype_backend="pyarrow")
        assert all(isinstance(dtype, pd.ArrowDtype) for dtype in arrow.dtypes), name
        native = FRAMES.to_pandas(name)
        objects = [column for column, dtype in native.dtypes.items() if dtype == np.dtype("O")]
        assert objects == (["excerpts"] if name == "citations" else [])
        assert list(native.columns) == list(arrow.columns)
        pd.testing.assert_frame_equal(native, getattr(FRAMES, name))
    edited = FRAMES.to_pandas("candidates", dtype_backend="pyarrow")
    edited["name"] = "changed"
    assert FRAMES.candidates["name"].iloc[0] == "N0"


def test_unknown_tables_and_backends_are_refused() -> None:
    """The error lists the known ones."""
    with pytest.raises(ff.errors.InvalidRequestError, match="matches, runs, candidates"):
        FRAMES.to_pandas("excerpts")
    with pytest.raises(ff.errors.InvalidRequestError, match="numpy_nullable"):
        FRAMES.to_pandas("fields", dtype_backend="polars")  # type: ignore[arg-type]


def test_frames_without_candidates_are_false_and_still_frames() -> None:
    """Like any container; tables and types are there."""
    empty = ff.FindAllFrames.concat([])
    assert not empty
    assert FRAMES
    assert pa.table(empty).num_rows == 0
    assert pl.DataFrame(empty).columns == ["name", "url", "description", "candidate_id"]
