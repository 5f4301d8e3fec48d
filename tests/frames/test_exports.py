"""CSV, Excel, pandas with Arrow types, and other libraries that speak Arrow."""

from __future__ import annotations

import csv
import datetime as dt
import re
import subprocess
import sys
import textwrap
import warnings
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

import findall_frames as ff
from findall_frames.frames.plain import BI_TABLES
from findall_frames.frames.schema import TABLES
from tests.support.results import (
    CONDITIONS,
    basis,
    candidate,
    condition,
    enrichment,
    result,
    reviewed,
    search,
)

# Each text that could be run as a formula, and how it is escaped.
ESCAPED = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1+1": "'-1+1",
    "-2|cmd": "'-2|cmd",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t'=1",
    "\rx": "'\rx",
    " =1": " '=1",
    "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
    "＝1": "'＝1",
    "Rye;=1+1;Co": "Rye;'=1+1;Co",
    'a|"=1"\t@b\n- c': "a|\"'=1\"\t'@b\n'- c",
    "a;-1+1": "a;'-1+1",
}
FORMULAS = list(ESCAPED)
HARMLESS = [
    *("1=1", "a+b", "", " ", "'quoted'", 'größer, "als"\nzwei', "a, -b", "a - b", "[1,-2]"),
    *("-1", "-12.5", "-1,234.50", "-3e-5", "-7 %", "-€5", "-5 €", "3;-2.5;4", "x;-1"),
]
SEARCHED = search(
    {"employees": {"type": "integer"}, "founded_on": {"type": "string", "format": "date"}},
    conditions=CONDITIONS[:1],
)
FRAMES = reviewed(
    ff.flatten(
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
)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as a spreadsheet program does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_no_text_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    """Formulas follow a quote, in every table; other texts are unchanged."""
    folder = FRAMES.to_csv(tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in BI_TABLES}
    expected = [*ESCAPED.values(), *HARMLESS]
    assert [row["description"] for row in rows_of(folder / "matches.csv")] == expected
    assert [row["value"] for row in rows_of(folder / "fields.csv")[::3]] == expected
    assert [row["text"] for row in rows_of(folder / "excerpts.csv")] == expected
    plain = FRAMES.to_csv(tmp_path / "plain", escape_formulas=False)
    texts = [row["text"] for row in rows_of(plain / "excerpts.csv")]
    assert texts == [*FORMULAS, *HARMLESS]


def formulas_in(path: Path, *, opened_with: str) -> list[str]:
    """Return the cells that would be run if the file was opened with a separator."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file, delimiter=opened_with) for cell in row]
    starts = [cell.lstrip('\t\r\n "\u3000\u200b\ufeff') for cell in cells]
    return [
        text for text in starts if text[:1] in tuple("=+-@＝＋－＠") and not PLAIN.fullmatch(text)
    ]


PLAIN = re.compile(r"""-[0-9.,]+%?[ "\u3000\u200b\ufeff\])}]*""")
TRICKY = st.text(st.sampled_from("=+-@＝;,|\t\r\n \"'\u3000\ufeffa5.%"), max_size=12)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(texts=st.lists(TRICKY, min_size=1, max_size=5))
def test_no_formula_appears_when_a_csv_file_is_opened_with_another_separator(
    separator: str, texts: list[str], tmp_path: Path
) -> None:
    """Text is cut there, also within quotes; each piece is a cell."""
    named = [candidate(f"N{n}", description=text) for n, text in enumerate(texts)]
    path = ff.flatten(result(*named)).to_csv(tmp_path / "one.csv", separator=separator)
    for other in ",;\t|":
        assert formulas_in(path, opened_with=other) == []


@pytest.mark.parametrize(
    "unit", ["\n", ";", '"', " =", ";-1", "-1,", "\n=", '" ;', "-1;\n", "-\u00a0", "-5'5"]
)
def test_escaping_formulas_takes_linear_time(unit: str, tmp_path: Path) -> None:
    """A text of the web may be one long run of separators; its millions take no minutes."""
    frames = ff.flatten(result(candidate("A", description=unit * 500_000 + ";=1")))
    content = frames.to_csv(tmp_path / "one.csv").read_text(encoding="utf-8-sig")
    assert content.endswith(";'=1\"\n")


def test_a_path_that_ends_in_csv_is_one_file_with_the_matches(tmp_path: Path) -> None:
    """The same as in a folder of all tables."""
    for _ in range(2):
        path = FRAMES.to_csv(tmp_path / "deep" / "mine.CSV")
        assert [each.name for each in path.parent.iterdir()] == ["mine.CSV"]
    assert path.read_bytes() == (FRAMES.to_csv(tmp_path / "all") / "matches.csv").read_bytes()
    (tmp_path / "folder.csv").mkdir()


def test_separator_decimal_sign_and_encoding_can_be_chosen(tmp_path: Path) -> None:
    """As Excel expects them in countries with a decimal comma."""
    numbers = {"profit": enrichment(-12.5), "small": enrichment(1e-7), "code": enrichment("1.50")}
    frames = ff.flatten(result(candidate("Größe, 5 €", output=numbers)))
    german = frames.to_csv(tmp_path / "de", separator=";", decimal=",", encoding="cp1252")
    with (german / "matches.csv").open(encoding="cp1252", newline="") as file:
        (row,) = csv.DictReader(file, delimiter=";")
    assert (row["name"], row["profit"], row["code"]) == ("Größe, 5 €", "-12,5", "1.50")
    with (german / "fields.csv").open(encoding="cp1252", newline="") as file:
        values = [row["value"] for row in csv.DictReader(file, delimiter=";")]
    assert values == ["-12,5", "1e-07", "1.50"]
    read = pd.read_csv(german / "matches.csv", sep=";", decimal=",", encoding="cp1252")
    assert read.loc[0, ["profit", "small"]].tolist() == [-12.5, 1e-7]
    plain = frames.to_csv(tmp_path / "plain.csv", encoding="utf8").read_bytes()
    assert plain.startswith(b'"findall_id"')
    assert b"Gr\xc3\xb6\xc3\x9fe" in plain
    wide = frames.to_csv(tmp_path / "wide.csv", encoding="utf-16").read_text(encoding="utf-16")
    assert wide == plain.decode()
    with pytest.raises(
        ff.errors.ExportError, match=r"'ascii' does not support the character 'ö'.*utf-8-sig"
    ):
        frames.to_csv(tmp_path / "plain.csv", encoding="ascii")
    assert (tmp_path / "plain.csv").read_bytes() == plain
    assert sorted(path.name for path in tmp_path.iterdir()) == ["de", "plain.csv", "wide.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";;"}, "separator must be"),
        ({"separator": ""}, "separator must be"),
        ({"separator": "."}, "separator must be"),
        ({"decimal": ","}, "differ from the separator"),
        ({"decimal": "·", "separator": ";"}, "decimal must be"),
        ({"encoding": "utf-88"}, "encoding must be the name"),
        ({"encoding": "base64"}, "encoding must be the name"),
        ({"encoding": None}, "encoding must be the name"),
    ],
)
def test_an_impossible_form_of_csv_is_refused(
    options: dict[str, str], message: str, tmp_path: Path
) -> None:
    """Before anything is written."""
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        FRAMES.to_csv(tmp_path / "out", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


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
        assert connection.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(len(FRAMES),)]


def test_every_text_of_a_workbook_is_a_text(tmp_path: Path) -> None:
    """Formulas included; numbers and times keep their types."""
    path = FRAMES.to_excel(tmp_path / "deep" / "out.xlsx")
    book = openpyxl.load_workbook(path)
    sheets = ["matches", "candidates", "fields", "citations", "excerpts", "reviews", "runs"]
    assert book.sheetnames == sheets
    sheet = book["matches"]
    header = [cell.value for cell in sheet[1]]
    texts = [row[header.index("description")] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in texts if cell.value is not None} == {"s"}
    # XML brings every line break to the same one.
    assert [(cell.value or "").replace("\r", "\n") for cell in texts] == [
        text.replace("\r", "\n") for text in (*FORMULAS, *HARMLESS)
    ]
    quoted = {cell.value for cell in texts if cell.quotePrefix}
    assert quoted == {text for text in (*FORMULAS, *HARMLESS) if text[:1] in tuple("=+-@＝")}
    assert sheet.cell(3, header.index("employees") + 1).value == -5
    founded = header.index("founded_on") + 1
    assert sheet.cell(2, founded).value == dt.datetime(1987, 6, 5)
    assert sheet.cell(3, founded).value == "1899-12-31"
    created = [cell.value for cell in book["runs"][1]].index("created_at") + 1
    assert book["runs"].cell(2, created).value == dt.datetime(2026, 2, 3, 4, 5, 6)
    # In narrower columns Excel shows ##### in their place.
    widths = {name: found.width for name, found in sheet.column_dimensions.items()}
    assert widths[get_column_letter(founded)] >= len("1987-06-05")
    assert book["runs"].column_dimensions[get_column_letter(created)].width >= 19


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


@pytest.mark.parametrize("before", [0, 1, 2, 3])
@pytest.mark.parametrize("unit", ["\U0001f35e", "é", "e\u0301", "a\U0001f468\u200d\U0001f373"])
def test_the_limit_of_a_cell_is_counted_as_excel_counts(
    unit: str, before: int, tmp_path: Path
) -> None:
    """In units of UTF-16; no character is cut in half, and a text that fits is not touched."""
    whole = "x" * before + unit * 40_000
    fits = whole.encode("utf-16-le")[: 2 * 32_767].decode("utf-16-le", "ignore")
    for text in (fits, whole):
        frames = ff.flatten(result(candidate("A", description=text)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            path = frames.to_excel(tmp_path / "out.xlsx")
        assert len(caught) == (text != fits)
        assert openpyxl.load_workbook(path)["candidates"]["G2"].value == fits


def text_in_workbook(path: Path, *, cell: str) -> str:
    """Read a text of the first sheet from its XML, and undo its escapes as Excel does."""
    with zipfile.ZipFile(path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    (found,) = (each for each in sheet.iter(f"{MAIN}c") if each.get("r") == cell)
    assert found.get("t") == "inlineStr"
    assert [each.tag for each in found] == [f"{MAIN}is"]
    texts = [each.text or "" for each in found.iter(f"{MAIN}t")]
    return "".join(
        re.sub("_x([0-9a-fA-F]{4})_", lambda escape: chr(int(escape[1], 16)), text)
        for text in texts
    )


MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    text=st.lists(
        st.sampled_from(
            ["_", "x0041", "x005F", "x000d", "_x0042_", "é", "<r>", "</r>", "<t>", "&", "=1", " "]
        ),
        min_size=1,
        max_size=9,
    ).map("".join)
)
@example(text="_x005F_x0041_x000D_x0042_")
@example(text="<r><t>bold</t></r>")
@example(text='<r></r></is></c><c r="D2"><f>1+1</f></c><c r="E2" t="inlineStr"><is><r></r>')
def test_no_text_is_read_as_an_escape_or_as_markup_of_the_workbook(
    text: str, tmp_path: Path
) -> None:
    """Excel reads ``_x0041_`` as an A; and in markup there could be a formula."""
    path = ff.flatten(result(candidate(text))).to_excel(tmp_path / "out.xlsx")
    assert text_in_workbook(path, cell="C2") == text


def test_what_is_missing_stays_missing_under_any_option_of_pandas(tmp_path: Path) -> None:
    """Some change what ``"str"`` means."""
    code = """
        import sys, warnings
        import pandas as pd, pyarrow.parquet as pq
        warnings.simplefilter("ignore")
        pd.set_option(sys.argv[1], {"False": False, "True": True}.get(sys.argv[2], sys.argv[2]))
        import findall_frames as ff
        from tests.frames.test_exports import SPARSE as frames
        folder = frames.to_parquet(sys.argv[3], profile="bi")
        table = pq.read_table(f"{folder}/matches.parquet")
        print(table["ceo"].to_pylist(), table["n"].to_pylist(), table["description"].null_count)
        print(frames.to_csv(sys.argv[3] + ".csv").read_text())
        print(frames.wide(evidence=True).isna().sum().to_dict())
        print(list(frames), frames.compare(frames).both.isna().sum().sum())
        print(frames.evidence("A").table.isna().sum().to_dict(), ff.runs().isna().sum().to_dict())
        print(frames.summary().isna().sum().to_dict())
    """
    told = {
        option: subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), *option.split("="), str(tmp_path / "o")],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for option in (
            "future.infer_string=True",
            "future.infer_string=False",
            "mode.string_storage=python",
            "future.distinguish_nan_and_na=True",
        )
    }
    assert len(set(told.values())) == 1, told
    assert next(iter(told.values())).startswith("['Ann', None] [None, 5] 2")


SPARSE = ff.flatten(
    result(
        candidate("A", output={"ceo": enrichment("Ann"), "n": enrichment(None)}),
        candidate("B", output={"ceo": enrichment(None), "n": enrichment(5)}, basis=[basis("n")]),
    )
)


def _write_one(path: Path) -> Path:
    return FRAMES.to_csv(path) if path.suffix == ".csv" else FRAMES.to_excel(path)


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_a_single_file_is_replaced_whole(tmp_path: Path, name: str) -> None:
    """Whatever was in it, as pandas does, and with its permissions."""
    path = tmp_path / name
    path.write_text("old")
    path.chmod(0o600)
    mode = path.stat().st_mode
    assert _write_one(path) == path
    assert path.stat().st_size > 100
    assert path.stat().st_mode == mode
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_only_a_file_is_replaced(tmp_path: Path, name: str) -> None:
    """No folder, nothing behind a link, and nothing below a file."""
    path, old = tmp_path / name, tmp_path / "old"
    path.mkdir()
    with pytest.raises(ff.errors.ExportError, match="is a folder"):
        _write_one(path)
    path.rmdir()
    old.write_text("old")
    for target in (old, tmp_path / "nowhere"):
        path.symlink_to(target)
        with pytest.raises(ff.errors.ExportError, match="is a link"):
            _write_one(path)
        path.unlink()
    with pytest.raises(ff.errors.ExportError, match="could not be written"):
        _write_one(old / name)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_failure_leaves_the_older_file(tmp_path: Path) -> None:
    """The encoding lacks a character that comes late, or the name is not that of a workbook."""
    frames = ff.flatten(result(*map(candidate, [*"ABC", "Łódź"])))
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(ff.errors.ExportError, match="does not support the character"):
        frames.to_csv(path, encoding="latin-1")
    with pytest.raises(ff.errors.ExportError, match=r"ends in \.xlsx"):
        frames.to_excel(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


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
        assert connection.sql("SELECT sum(employees) FROM frames").fetchall() == [
            (-5 * (len(frames) - 1),)
        ]


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
    with pytest.raises(ff.errors.InvalidRequestError, match="got FindAllFrames"):
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
    for name in ("matches", *TABLES):
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
