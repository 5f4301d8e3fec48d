"""Tables in files, whatever program wrote them."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.errors import CorpusError, FindAllWarning, MissingExtraError
from tests.support.corpora import all_rows


def _written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_of_csv_is_detected(tmp_path: Path, separator: str) -> None:
    """Spreadsheets in many countries write semicolons, as their decimals have commas."""
    rows = (("name", "beds", "rate"), ("Alma", "12", '"1,5"'), ("Bora", "40", "2"))
    text = "".join(separator.join(row) + "\r\n" for row in rows)
    corpus = open_corpus(_written(tmp_path / "hotels.csv", text))
    assert (corpus.name, corpus.name_column) == ("hotels", "name")
    assert all_rows(corpus)[0] == {"name": "Alma", "beds": 12, "rate": 1.5}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sep=;\nname;price\nBread;3\n", [{"name": "Bread", "price": 3}]),
        ('"sep=\t"\r\nname\tprice\r\nBread\t3\r\n', [{"name": "Bread", "price": 3}]),
        ("name;price, net\nA;1,5\nB;2,5\n",
         [{"name": "A", "price, net": 1.5}, {"name": "B", "price, net": 2.5}]),
        ("name\nOslo, Norway\nRome\n", [{"name": "Oslo, Norway"}, {"name": "Rome"}]),
        ("\n\nname,n\nA,1\n", [{"name": "A", "n": 1}]),
        ("name,a,b\nA,1\nB,2,x\n",
         [{"name": "A", "a": 1, "b": None}, {"name": "B", "a": 2, "b": "x"}]),
        ('name,t\nA,"two\nlines"\nB,"he said ""x"""\n',
         [{"name": "A", "t": "two\nlines"}, {"name": "B", "t": 'he said "x"'}]),
        ('name,t\nA,5" disk\nB,-\n', [{"name": "A", "t": '5" disk'}, {"name": "B", "t": "-"}]),
        ("name,n\nA,1\r\nB,2\nC,3\r\n",
         [{"name": "A", "n": 1}, {"name": "B", "n": 2}, {"name": "C", "n": 3}]),
        ("name,code,n\nBolt,007,12\nNut,010,\n",
         [{"name": "Bolt", "code": "007", "n": 12}, {"name": "Nut", "code": "010", "n": None}]),
    ],
)  # fmt: skip
def test_csv_of_many_dialects_is_read(tmp_path: Path, text: str, rows: list[Any]) -> None:
    """No row is lost, no code becomes a number, and no cell is cut."""
    assert all_rows(open_corpus(_written(tmp_path / "table.csv", text))) == rows


def test_a_cell_of_many_megabytes_is_read(tmp_path: Path) -> None:
    """In CSV and in JSON Lines."""
    long = "word " * 4_000_000
    csv = _written(tmp_path / "long.csv", f'name,text\nLong,"{long}"\nLast,quokka\n')
    lines = [json.dumps({"name": "Long", "text": long}), '{"name": "Last", "text": "quokka"}']
    for path in (csv, _written(tmp_path / "long.jsonl", "\n".join(lines))):
        corpus = open_corpus(path)
        found = corpus.query("SELECT name, length(text) AS n FROM data ORDER BY __row").to_pylist()
        assert found == [{"name": "Long", "n": len(long)}, {"name": "Last", "n": 6}]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_all_unicode_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """With and without a byte order mark, as PowerShell, Excel and Windows editors write them."""
    csv = _written(tmp_path / "hotels.csv", "name;city\nJosé;Köln\n", encoding)
    lines = _written(tmp_path / "hotels.jsonl", '{"name": "José", "city": "Köln"}\n', encoding)
    array = _written(tmp_path / "hotels.json", '[{"name": "José", "city": "Köln"}]', encoding)
    for path in (csv, lines, array):
        assert all_rows(open_corpus(path)) == [{"name": "José", "city": "Köln"}]


@pytest.mark.parametrize("header", ["name,city", "name,stadt für alle"])
def test_csv_that_is_not_unicode_is_read_as_cp1252(tmp_path: Path, header: str) -> None:
    """A warning says what to do if letters look wrong."""
    path = _written(tmp_path / "hotels.csv", f"{header}\nJosé,5 €\n", "cp1252")
    with pytest.warns(FindAllWarning, match=r"hotels\.csv' is not UTF-8 .* save it as UTF-8"):
        assert list(all_rows(open_corpus(path))[0].values()) == ["José", 5]


def test_json_values_keep_their_types(tmp_path: Path) -> None:
    """Numbers, flags and lists stay; objects and mixed types become text."""
    path = _written(
        tmp_path / "people.jsonl",
        '{"name": "Ada", "born": 1815, "tags": ["maths"], "home": {"city": "Rome"}, "x": 1}\n\n'
        '{"name": "Bo", "rate": 1.50, "alive": true, "x": "one", "big": 99999999999999999999}\n',
    )
    with pytest.warns(FindAllWarning, match="Cells of 'home', 'x' cannot be compared"):
        corpus = open_corpus(path)
    home = '{"city":"Rome"}'
    assert all_rows(corpus) == [
        dict.fromkeys(corpus.columns)
        | {"name": "Ada", "born": 1815, "tags": ["maths"], "home": home, "x": "1"},
        dict.fromkeys(corpus.columns)
        | {"name": "Bo", "rate": 1.5, "alive": True, "x": "one", "big": 99999999999999999999},
    ]


def test_json_written_by_python_is_read(tmp_path: Path) -> None:
    """NaN is missing, infinities are numbers, and texts are read like those of other files."""
    rows = [
        {"name": "a", "loss": float("nan"), "code": "007", "price": "12,50 €"},
        {"name": "b", "loss": 0.5, "code": "010", "price": "3,00 €"},
        {"name": "c", "loss": float("inf"), "code": None, "price": None},
    ]
    path = _written(tmp_path / "runs.jsonl", "\n".join(map(json.dumps, rows)))
    corpus = open_corpus(path)
    assert [tuple(row.values()) for row in all_rows(corpus)] == [
        ("a", None, "007", 12.5),
        ("b", 0.5, "010", 3.0),
        ("c", float("inf"), None, None),
    ]
    assert corpus.query("SELECT name FROM data WHERE loss < 1")["name"].to_pylist() == ["b"]


def test_a_key_of_a_late_row_is_a_column(tmp_path: Path) -> None:
    """All rows are examined, not only a sample."""
    text = '{"name": "a"}\n' * 30_000 + '{"name": "b", "late": 1}\n'
    assert list(open_corpus(_written(tmp_path / "t.jsonl", text)).columns) == ["name", "late"]


def test_files_matching_a_pattern_are_one_table(tmp_path: Path) -> None:
    """A column has one type in all files; columns may be missing in some."""
    _written(tmp_path / "one.csv", "name,code,size\na,1,3\n")
    _written(tmp_path / "two.csv", "Name;code;place\nb;007;x\n")
    corpus = open_corpus(tmp_path / "*.csv")
    assert corpus.name == tmp_path.name
    assert [tuple(row.items()) for row in all_rows(corpus)] == [
        (("name", "a"), ("code", "1"), ("size", 3), ("place", None), ("filename", "one.csv")),
        (("name", "b"), ("code", "007"), ("size", None), ("place", "x"), ("filename", "two.csv")),
    ]
    assert open_corpus(str(tmp_path / "on?.csv")).columns.keys() == {"name", "code", "size"}


def test_a_key_called_filename_is_kept(tmp_path: Path) -> None:
    """Beside the name of the file."""
    _written(tmp_path / "a.json", '[{"name": "A", "filename": "q"}]')
    _written(tmp_path / "b.json", '[{"name": "B"}]')
    with pytest.warns(FindAllWarning, match="'filename' is now 'filename_2'"):
        first = all_rows(open_corpus(tmp_path / "*.json"))[0]
    assert first == {"name": "A", "filename": "q", "filename_2": "a.json"}


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_partition_folders_are_columns(tmp_path: Path, suffix: str) -> None:
    """As Spark and Dask write them: percent-encoded, with a name for missing values."""
    texts = {"csv": "name,n\n{0},1\n", "jsonl": '{{"name": "{0}", "n": 1}}\n'}
    for name, folder in (("a", "city=C%C3%B4te d'Or"), ("b", "city=__HIVE_DEFAULT_PARTITION__")):
        _written(tmp_path / folder / "year=2019" / f"p.{suffix}", texts[suffix].format(name))
    _written(tmp_path / "_SUCCESS", "")
    _written(tmp_path / f".part.{suffix}", "nonsense")
    assert all_rows(open_corpus(tmp_path)) == [
        {"name": "a", "n": 1, "city": "Côte d'Or", "year": 2019},
        {"name": "b", "n": 1, "city": None, "year": 2019},
    ]


def test_a_partitioned_folder_of_parquet_is_a_table(tmp_path: Path) -> None:
    """As a folder or a pattern; a filter reads only the files that it needs."""
    folder = tmp_path / "cities.parquet"
    frame = pd.DataFrame(
        {
            "name": ["Oslo", "Rome", "Bari"],
            "country": ["Norway", "Italy", "Italy"],
            "m": ["01", "2", "3"],
        }
    )
    frame.to_parquet(folder, partition_cols=["country", "m"])
    for source in (folder, f"{folder}/**/*.parquet"):
        corpus = open_corpus(source)
        found = corpus.query("SELECT name, m FROM data WHERE country = 'Italy'").to_pylist()
        assert found == [{"name": "Rome", "m": "2"}, {"name": "Bari", "m": "3"}]
        assert corpus.name == "cities"
        rows = corpus.query("SELECT __row, name FROM data WHERE country <> 'Italy'").to_pylist()
        assert rows == [{"__row": 2, "name": "Oslo"}]
        plan = corpus.query("EXPLAIN ANALYZE SELECT name FROM data WHERE country = 'Norway'")
        assert "1/3" in plan.to_pylist()[0]["explain_value"]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A folder of three Parquet files whose columns differ."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for place, extra in enumerate(({}, {"price": ["12 €", "5 €"]}, {"price": ["7 €", None]})):
        table = pa.table(
            {"file_index": [f"n{place}0", f"n{place}1"], "x": [1.0, float("nan")], **extra}
        )
        pq.write_table(table, folder / f"{place}.parquet")
    return folder


def test_parquet_files_are_read_in_place(parts: Path) -> None:
    """Rows keep their positions, columns may have DuckDB's own names, and texts are converted."""
    corpus = open_corpus(parts)
    assert len(corpus) == 6
    assert corpus.rows([5, 0, 2]) == [
        {"file_index": "n21", "x": None, "price": None, "filename": "2.parquet"},
        {"file_index": "n00", "x": 1.0, "price": None, "filename": "0.parquet"},
        {"file_index": "n10", "x": 1.0, "price": 12, "filename": "1.parquet"},
    ]
    assert corpus.columns["price"].description == "in €"
    assert corpus.texts(1, 4) == [
        "n01\n0.parquet",
        "n10\n1.0\n12 €\n1.parquet",
        "n11\n5 €\n1.parquet",
    ]
    found = corpus.query("SELECT __row FROM data WHERE price > 6")
    assert found["__row"].to_pylist() == [2, 4]


def test_positions_are_right_if_duckdb_skips_rows(tmp_path: Path) -> None:
    """Files without rows, and files and row groups that a filter skips."""
    begin = 0
    for place, rows in enumerate((30, 0, 1, 70)):
        table = pa.table({"n": range(begin, begin + rows), "place": [f"p{place}"] * rows})
        pq.write_table(table, tmp_path / f"{place}.parquet", row_group_size=10)
        begin += rows
    corpus = open_corpus(tmp_path)
    assert len(corpus) == begin
    for where in (
        "TRUE",
        "n > 55",
        "n = 30",
        "place = 'p3'",
        "filename = '3.parquet'",
        "n % 7 = 0",
    ):
        found = corpus.query(f"SELECT __row, n FROM data WHERE {where} ORDER BY ALL")
        assert found["__row"].to_pylist() == found["n"].to_pylist() != []
    assert [row["n"] for row in corpus.rows([100, 30, 0, 29, 31])] == [100, 30, 0, 29, 31]


def test_parquet_is_identified_by_its_files(parts: Path) -> None:
    """A changed file is another corpus."""
    before = open_corpus(parts).fingerprint
    assert open_corpus(parts).fingerprint == before
    os.utime(parts / "0.parquet", ns=(1, 1))
    assert open_corpus(parts).fingerprint != before


def test_paths_may_be_relative_and_contain_any_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file named like a pattern is that file; the working directory may change afterwards."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"name": ["A"]}), "it's [1]*.parquet")
    pq.write_table(pa.table({"name": ["B"]}), "it's 1x.parquet")
    _written(tmp_path / "it's [1].csv", "name\nA\n")
    names = ["it's [1]*.parquet", "it's [1].csv", f"../{tmp_path.name}/it's *.parquet"]
    corpora = [open_corpus(name) for name in names]
    monkeypatch.chdir("/")
    found = [[row["name"] for row in all_rows(corpus)] for corpus in corpora]
    assert found == [["A"], ["A"], ["B", "A"]]


def test_metadata_of_parquet_describe_its_columns(tmp_path: Path) -> None:
    """Names that differ only in case are changed, with a warning."""
    field = pa.field("a", pa.int64(), metadata={"description": "the first"})
    table = pa.table([[1], [2]], schema=pa.schema([field, ("A", pa.int64())]))
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.warns(FindAllWarning, match="'A' is now 'A_2'"):
        corpus = open_corpus(tmp_path / "t.parquet")
    assert corpus.columns["a"].description == "the first"
    assert all_rows(corpus) == [{"a": 1, "A_2": 2}]


def test_the_first_sheet_of_a_workbook_is_read(tmp_path: Path) -> None:
    """With its types; a warning names the other sheets."""
    frame = pd.DataFrame(
        {
            "name": ["Alma", "Bora"],
            "beds": [12, None],
            "opened": pd.to_datetime(["2020-01-01", "2021-01-01"]),
            "code": ["007", "NA"],
        }
    )
    with pd.ExcelWriter(tmp_path / "hotels.xlsx") as book:
        frame.to_excel(book, sheet_name="hotels", index=False)
        frame.to_excel(book, sheet_name="old")
    with pytest.warns(FindAllWarning, match="'hotels' was read, 'old' were not"):
        corpus = open_corpus(tmp_path / "hotels.xlsx")
    assert all_rows(corpus) == [
        {"name": "Alma", "beds": 12, "opened": dt.datetime(2020, 1, 1), "code": "007"},
        {"name": "Bora", "beds": None, "opened": dt.datetime(2021, 1, 1), "code": "NA"},
    ]


def test_a_workbook_without_openpyxl_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    pd.DataFrame({"name": ["A"]}).to_excel(tmp_path / "t.xlsx")
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"findall-frames\[excel\]"):
        open_corpus(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none", None, "no file '.*none'"),
        ("*.xyz", None, "no file matches it as a pattern"),
        ("x" * 5000, None, "could not be read: .*too long"),
        ("x.csv", b"", "is empty: expected a line with column names"),
        ("x.csv", b"name,n\n", "has 0 rows and 2 columns"),
        ("x.csv", b"name,n\nA,1\nB,2,3\n", "Line: 3 .*Expected Number of Columns: 2 Found: 3"),
        ("x.csv", b"name,city\nJos\x81,K\xf6ln\n", "x.csv' could not be read: .*0x81"),
        ("x.csv", b"\xff\xfen\x00a\x00m", "x.csv' could not be read"),
        ("x.jsonl", b'{"name": "b"}\n{"name"\n', r"Malformed JSON in file .*x\.jsonl"),
        ("x.jsonl", b'{"name": "b"}\n[1]\n', "Expected a JSON object for each row.*type array"),
        ("x.json", b"[]", "is empty"),
        ("x.parquet", b"no Parquet", "x.parquet' could not be read"),
        ("x.xlsx", b"no workbook", "could not be read as an Excel workbook"),
        ("x.shp", b"", "'x.shp' is none of them"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*is not UTF-8")
def test_an_unreadable_source_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    """The error has the file, the line if there is one, and what was expected."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        open_corpus(tmp_path / name)


def _wide(columns: int) -> str:
    return ",".join(f"c{place}" for place in range(columns)) + "\n" + "1," * (columns - 1) + "1\n"


WIDE = {
    "t.csv": _wide(50_000).encode(),
    "one.jsonl": json.dumps({f"k{place}": 1 for place in range(50_000)}).encode(),
    "each.jsonl": b"".join(b'{"k%d": 1}\n' % place for place in range(50_000)),
}


@pytest.mark.parametrize(("name", "content"), list(WIDE.items()), ids=list(WIDE))
def test_a_file_with_too_many_columns_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """Loading it would take an hour."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match="at most 5,000 columns; got 50,000"):
        open_corpus(tmp_path / name)


def test_parquet_with_too_many_columns_is_refused(tmp_path: Path) -> None:
    """By its metadata."""
    pq.write_table(pa.table({f"c{place}": [1] for place in range(6_000)}), tmp_path / "t.parquet")
    with pytest.raises(CorpusError, match="at most 5,000 columns; got 6,000"):
        open_corpus(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("column", "stored_once"),
    [
        (pa.DictionaryArray.from_arrays(np.zeros(200_000, "int32"), ["x" * 10_000]), True),
        (pa.DictionaryArray.from_arrays(np.zeros(10_000_000, "int32"), ["x" * 200]), True),
        (pa.DictionaryArray.from_arrays(np.zeros(200_000, "int32"), [b"\xff" * 10_000]), True),
        (pa.array(np.zeros(150_000_000, "int64")), True),
        (pa.array(np.zeros(150_000_000, "int64")), False),
    ],
    ids=["long texts", "short texts", "bytes", "numbers", "compressed numbers"],
)
def test_parquet_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, column: pa.Array, stored_once: bool
) -> None:
    """By its metadata, although it has few bytes itself."""
    path = tmp_path / "bomb.parquet"
    table = pa.table({"column": column})
    pq.write_table(table, path, compression="zstd", use_dictionary=stored_once)
    assert path.stat().st_size < 2 << 20
    unpacked = r"bomb\.parquet' has .* unpacks to \d,\d{3},\d{3},\d{3}"
    with pytest.raises(CorpusError, match=unpacked):
        open_corpus(path)


@pytest.mark.parametrize("head", ["", "a,b\n1,2\n"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_file_that_is_mostly_a_hole_is_refused(tmp_path: Path, suffix: str, head: str) -> None:
    """Reading a terabyte of null bytes would take hours."""
    path = _written(tmp_path / f"t.{suffix}", head)
    os.truncate(path, 1 << 40)
    with pytest.raises(CorpusError, match="1,048,576 null bytes in a row"):
        open_corpus(path)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """By the directory of its archive."""
    path = tmp_path / "book.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(33):
            sheet.write(bytes(64 << 20))
    with pytest.raises(CorpusError, match="it unpacks to 2,214,592,512 bytes"):
        open_corpus(path)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """Opening it would wait for a writer."""
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(CorpusError, match=r"t\.csv' is a device or a pipe"):
        open_corpus(tmp_path / "t.csv")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_json_is_refused(tmp_path: Path, opening: str, closed: bool) -> None:
    """Whether it is complete or not."""
    end = {"[": "]", '{"a":': "}"}[opening] * 100_000 * closed
    text = '{"name": "a", "deep": ' + opening * 100_000 + "1" + end + "}\n"
    for name in ("t.jsonl", "t.json"):
        with pytest.raises(CorpusError, match="could not be read"):
            open_corpus(_written(tmp_path / name, text))


def test_unsuitable_folders_and_patterns_are_refused(tmp_path: Path) -> None:
    """Empty folders, Delta tables, and tables of several kinds."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"neither documents ending in \.md.* nor parts of a"):
        open_corpus(tmp_path / "empty")
    (tmp_path / "delta" / "_delta_log").mkdir(parents=True)
    with pytest.raises(CorpusError, match="is a Delta table"):
        open_corpus(tmp_path / "delta")
    _written(tmp_path / "a.csv", "name\na\n")
    _written(tmp_path / "b.jsonl", '{"name": "b"}\n')
    with pytest.raises(CorpusError, match="found 2 files of the kinds CSV, JSON"):
        open_corpus(tmp_path)
    with pytest.raises(CorpusError, match="found 2 files of the kinds CSV, JSON"):
        open_corpus(tmp_path / "*.*")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('name,n\nA,1\n"B,2\nC,3\n', 3),
        ('name,n\nA,"1', 2),
        ('"name","n"\n"A ""x""","1"\n"B\nb","2\n', 4),
        ("name\nA\n" + "B\n" * 3000 + '"\n' + "C\n" * 3000, 3003),
        ('\ufeff"name";n\n"A;2";1\nB;"2', 3),
        ('sep=|\nname|n\n"A"|"2', 3),
    ],
)
def test_a_file_that_ends_within_quotes_is_refused(tmp_path: Path, content: str, line: int) -> None:
    """It was cut off, or a quote is missing; all rows from there would be left out."""
    path = tmp_path / "cut.csv"
    path.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(CorpusError, match=f"begins in line {line:,}"):
        open_corpus(path)


@given(
    rows=st.lists(
        st.tuples(*[st.text(st.sampled_from('a "\n,;1'), max_size=6)] * 2), min_size=1, max_size=5
    ),
    separator=st.sampled_from(",;"),
)
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_no_row_of_a_whole_file_is_lost_or_refused(
    tmp_path: Path, rows: list[tuple[str, str]], separator: str
) -> None:
    """Whatever is in its quotes."""
    path = tmp_path / "whole.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerows([("name", "text"), *((f"x{first}", second) for first, second in rows)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FindAllWarning)
        corpus = open_corpus(path)
    found = corpus.query(f"SELECT name FROM data ORDER BY {corpus.ROW}")["name"].to_pylist()
    assert found == [f"x{first}" for first, _ in rows]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("packed.csv", gzip.compress(b"name,n\nA,1\n", mtime=0), "not a text file"),
        ("keys.jsonl", b'{"": 1, "name": "A"}', "one is empty"),
        ("empty.jsonl", b"{}\n{}\n", "no JSON object with a key"),
        ("twice.jsonl", b'{"a": 1, "a": 2}', 'duplicate key "a"'),
    ],
)
def test_what_is_not_a_table_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """Rather than read as one, and without the advice that DuckDB gives on its options."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        open_corpus(path)
    assert "Try " not in str(caught.value)


def test_a_title_above_the_column_names_is_reported(tmp_path: Path) -> None:
    """The file is then one column of text; a list of sentences is one without a warning."""
    table = "".join(f"A{n};{n};x, y\n" for n in range(5))
    path = _written(tmp_path / "report.csv", f"Report of May\n\nname;n;kind\n{table}")
    with pytest.warns(FindAllWarning, match="most lines below have 3 with ';' between them"):
        corpus = open_corpus(path)
    assert list(corpus.columns) == ["Report of May"]
    sentences = "text\nNo, not this one.\nYes.\nIt is old, dark, and far away.\nOnly one, then.\n"
    assert len(open_corpus(_written(tmp_path / "texts.csv", sentences))) == 4
