"""A corpus takes tables and files as people have them, and refuses the rest with a clear word."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from findall_frames.embedded.data.corpus import Corpus, open_corpus
from findall_frames.errors import CorpusError, FindAllWarning


def test_a_dataframe_becomes_entities_with_their_rows() -> None:
    """Names, addresses, descriptions and rows come from the columns that are called so."""
    frame = pd.DataFrame(
        {
            "company": ["Kilnworks", "Slatehouse"],
            "website": ["kilnworks.example", "https://slatehouse.example/"],
            "summary": ["Makes tiles.", None],
            "employees": [12, 40],
        }
    )
    corpus = open_corpus(frame)
    first, second = corpus.entity(0), corpus.entity(1)
    assert (corpus.name, len(corpus), corpus.columns) == ("table", 2, tuple(frame.columns))
    assert (first.name, first.url, first.description) == (
        "Kilnworks",
        "https://kilnworks.example",
        "Makes tiles.",
    )
    assert (second.url, second.description) == ("https://slatehouse.example/", None)
    assert corpus.row(1)["employees"] == 40
    assert corpus.texts(0, 1) == ["Kilnworks\nkilnworks.example\nMakes tiles.\n12"]


def test_entities_without_an_address_get_a_local_one_that_is_unique() -> None:
    """Repeated names are told apart by their position."""
    corpus = open_corpus(pd.DataFrame({"name": ["A b", "C", "C"]}))
    assert [entity.url for entity in corpus] == [
        "local://table/A%20b",
        "local://table/C/1",
        "local://table/C/2",
    ]


def test_a_repeated_address_does_not_stand_for_two_entities() -> None:
    """Two rows with one web site get addresses of their own."""
    corpus = open_corpus(pd.DataFrame({"name": ["A", "B"], "url": ["x.example", "x.example"]}))
    assert [entity.url for entity in corpus] == ["local://table/A", "local://table/B"]


def test_a_named_index_is_a_column() -> None:
    """The index of a DataFrame can name the entities."""
    frame = pd.DataFrame({"population": [1, 2]}, index=pd.Index(["Chad", "Peru"], name="country"))
    corpus = open_corpus(frame)
    assert corpus.name_column == "country"
    assert corpus.entity(1).name == "Peru"


def test_a_given_column_wins_over_the_one_that_would_be_found() -> None:
    """Names, addresses and descriptions can be chosen."""
    table = pa.table({"name": ["x"], "alias": ["Y"], "page": ["y.example"], "note": ["N"]})
    entity = open_corpus(
        table, name_column="alias", url_column="page", description_column="note"
    ).entity(0)
    assert (entity.name, entity.url, entity.description) == ("Y", "https://y.example", "N")


def test_the_first_unique_short_text_names_the_entities_where_no_name_says_so() -> None:
    """Without a telling name, values decide."""
    table = pa.table({"kind": ["a", "a"], "what": ["tile", "slate"], "n": [1, 2]})
    assert open_corpus(table).name_column == "what"


@pytest.mark.parametrize(
    ("table", "name_column"),
    [
        ({"university": ["Oxford", "Turin"], "country": ["UK", "Italy"]}, "university"),
        ({"hotel": ["Adlon", "Riad"], "city": ["Berlin", "Fez"]}, "hotel"),
        ({"code": ["IT", "PE"], "country": ["Italy", "Peru"]}, "country"),
        ({"code": ["A-1", "A-2"], "n": [1, 2]}, "code"),
        ({"site": ["a.example", "b.example"], "maker": ["Kilnworks", "Slatehouse"]}, "maker"),
    ],
)
def test_names_are_what_does_not_repeat_and_is_no_code(
    table: dict[str, list[object]], name_column: str
) -> None:
    """A place or a code beside the thing itself does not name it."""
    assert open_corpus(pa.table(table)).name_column == name_column


def test_a_file_is_named_by_its_stem_and_its_kind_names_the_name_column(tmp_path: Path) -> None:
    """In rivers.parquet, a column called river names the entities."""
    table = pa.table({"length_km": [6650], "basin": ["Nile basin"], "river": ["Nile"]})
    pq.write_table(table, tmp_path / "rivers.parquet")
    corpus = open_corpus(tmp_path / "rivers.parquet")
    assert (corpus.name, corpus.entity(0).name) == ("rivers", "Nile")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_is_read_with_the_separator_of_its_header(tmp_path: Path, separator: str) -> None:
    """Spreadsheets of many countries write semicolons, since their decimals have commas."""
    rows = (("name", "beds", "rate"), ("Alma", "12", '"1,5"'), ("Bora", "40", "2"))
    path = tmp_path / "hotels.csv"
    path.write_text("".join(separator.join(row) + "\n" for row in rows), "utf-8")
    corpus = open_corpus(path)
    assert corpus.columns == ("name", "beds", "rate")
    assert corpus.row(0) == {"name": "Alma", "beds": 12, "rate": "1,5"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_csv_is_read_in_the_encoding_that_its_mark_says(tmp_path: Path, encoding: str) -> None:
    """Excel marks what it saves as CSV in UTF-8, and as text in UTF-16."""
    path = tmp_path / "hotels.csv"
    path.write_text("näme;city\nJosé;Köln\n", encoding)
    assert open_corpus(path, name_column="näme").row(0) == {"näme": "José", "city": "Köln"}


@pytest.mark.parametrize("header", ["name,city", "name,stadt für alle"])
def test_csv_that_is_not_utf8_is_read_as_windows_wrote_it_with_a_warning(
    tmp_path: Path, header: str
) -> None:
    """Whose letters look wrong then is told what to do."""
    path = tmp_path / "hotels.csv"
    path.write_text(f"{header}\nJosé,Köln\n", "cp1252")
    with pytest.warns(FindAllWarning, match=r"hotels\.csv' is not UTF-8 .* save it as UTF-8"):
        corpus = open_corpus(path)
    assert list(corpus.row(0).values()) == ["José", "Köln"]


@pytest.mark.parametrize("content", [b"name,city\nJos\x81,K\xf6ln\n", b"\xff\xfen\x00a\x00m"])
def test_csv_in_no_encoding_at_all_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """A byte that no encoding knows, and half a letter at the end."""
    path = tmp_path / "hotels.csv"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"hotels\.csv' could not be read as csv"):
        open_corpus(path)


def test_csv_numbers_become_numbers_only_where_nothing_is_lost(tmp_path: Path) -> None:
    """A code with leading zeros stays text; whole numbers and decimals do not."""
    path = tmp_path / "parts.csv"
    path.write_text(
        'name,code,count,price,note\nBolt,007,12,1.5,"a, b"\nNut,010,,2,\n', encoding="utf-8"
    )
    corpus = open_corpus(str(path))
    assert corpus.row(0) == {
        "name": "Bolt",
        "code": "007",
        "count": 12,
        "price": 1.5,
        "note": "a, b",
    }
    assert corpus.row(1)["count"] is None
    assert corpus.row(1)["note"] is None


def test_the_fingerprint_tells_data_apart_and_nothing_else() -> None:
    """Equal data have equal fingerprints; one changed cell has another."""
    frame = pd.DataFrame({"name": ["A", "B"], "n": [1, 2]})
    same = open_corpus(frame.copy())
    other = open_corpus(frame.assign(n=[1, 3]))
    assert open_corpus(frame).fingerprint == same.fingerprint != other.fingerprint


def test_rows_without_a_name_are_left_out_with_a_warning_that_counts_them() -> None:
    """Nothing is dropped in silence."""
    frame = pd.DataFrame({"name": ["A", None, " "], "n": [1, 2, 3]})
    with pytest.warns(FindAllWarning, match="2 of 3 rows have no 'name'"):
        corpus = open_corpus(frame)
    assert [entity.name for entity in corpus] == ["A"]


def test_nan_is_a_missing_value() -> None:
    """A NaN from pandas or Parquet is None in the row."""
    corpus = open_corpus(pa.table({"name": ["A"], "n": [float("nan")]}))
    assert corpus.row(0)["n"] is None


def test_the_installed_packages_are_there_once_each() -> None:
    """Names are those of importlib.metadata, each once, with their metadata."""
    corpus = open_corpus("packages")
    names = [entity.name for entity in corpus]
    installed = {d.metadata["Name"] for d in metadata.distributions()}
    assert set(names) == installed
    assert len(names) == len(set(names))
    row = corpus.row(names.index("requests"))
    assert row["version"] == metadata.version("requests")
    assert any("Apache" in text for text in row["license"])
    assert "urllib3" in row["dependencies"]
    assert row["requires_python"] == metadata.metadata("requests")["Requires-Python"]
    assert len(row["readme"]) > 100


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (pa.table({"n": [1], "m": [2]}), {}, r"name_column=; there are 'n', 'm'"),
        (
            pa.table({"name": ["A"]}),
            {"name_column": "nam"},
            r"no column 'nam'. Did you mean 'name'",
        ),
        (pa.table({"name": ["A"]}), {"url_column": "zzz"}, r"no column 'zzz'. There are 'name'"),
        (pa.table({"name": pa.array([], pa.string())}), {}, "is empty"),
        (
            pa.table({"name": pa.array([None], pa.string())}),
            {"name_column": "name"},
            "empty in all",
        ),
        (pa.table([["A"], ["B"]], names=["name", "name"]), {}, "'name' stands more than once"),
    ],
)
def test_a_table_without_usable_entities_is_refused(
    table: pa.Table, options: dict[str, str], message: str
) -> None:
    """The error says what is wrong and what there is."""
    with pytest.raises(CorpusError, match=message):
        open_corpus(table, **options)


def test_repeated_columns_of_a_dataframe_are_refused() -> None:
    """pandas allows them; a corpus does not."""
    frame = pd.DataFrame([["A", "B"]], columns=["name", "name"])
    with pytest.raises(CorpusError, match="more than once"):
        open_corpus(frame)


def test_a_dataframe_column_of_mixed_kinds_is_refused() -> None:
    """What Arrow cannot hold is said, with what to do."""
    frame = pd.DataFrame({"name": ["A", "B"], "what": [1, "x"]})
    with pytest.raises(CorpusError, match="astype"):
        open_corpus(frame)


def test_a_file_that_is_not_there_or_not_a_table_is_refused(tmp_path: Path) -> None:
    """Each says what is wrong: no file, not supported, not what its suffix says."""
    with pytest.raises(CorpusError, match="There is no file"):
        open_corpus(tmp_path / "none.parquet")
    with pytest.raises(CorpusError, match=r"ending in \.parquet, .*'table\.xlsx' is none of them"):
        open_corpus(tmp_path / "table.xlsx")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"this is no Parquet file")
    with pytest.raises(CorpusError, match="could not be read as parquet"):
        open_corpus(broken)
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("name,n\nA,1\nB,2,3\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="could not be read as csv"):
        open_corpus(ragged)


def test_another_kind_of_source_is_refused() -> None:
    """The error lists what a corpus can be made of."""
    with pytest.raises(CorpusError, match="this is a list"):
        open_corpus([1, 2])  # type: ignore[arg-type]


def test_a_position_outside_the_corpus_is_an_error() -> None:
    """Neither row nor entity wraps around."""
    corpus = Corpus.from_table(pa.table({"name": ["A"]}), name="t")
    for position in (-1, 1):
        with pytest.raises(IndexError, match="positions 0 to 0"):
            corpus.entity(position)


def test_importing_the_corpus_does_not_import_pandas() -> None:
    """Whoever has no DataFrame does not wait for pandas at import."""
    code = "import sys, findall_frames.embedded.data.corpus; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PAGE = """<!doctype html><html><head><meta charset="iso-8859-1"><title>Caf\xe9 &amp; bar</title>
<style>p { color: red }</style><script>var hidden = "<p>no</p>";</script></head>
<body><h1>Welcome</h1><p>Open since <b>1998</b>,
every day.<br>Closed in May.<div>Unclosed <i>tags
<ul><li>tea<li>cake</ul></body></html>"""


def test_a_folder_of_documents_is_a_corpus(tmp_path: Path) -> None:
    """Each has a title, a path from the folder, and its text; hidden ones and others stay out."""
    folder = tmp_path / "notes"
    (folder / "deep" / ".git").mkdir(parents=True)
    (folder / "page.html").write_bytes(PAGE.encode("latin-1"))
    (folder / "deep" / "a.md").write_text("Intro.\n\n## The *Heading* ##\n\nText.", "utf-8")
    (folder / "deep" / "plain.TXT").write_bytes("\ufeffna\u00efve # no heading".encode())
    (folder / "old.txt").write_bytes(b"caf\xe9")
    (folder / "deep" / ".git" / "x.md").write_text("hidden", "utf-8")
    (folder / "data.csv").write_text("a\n1\n", "utf-8")
    corpus = open_corpus(folder)
    assert corpus.name == "notes"
    assert [corpus.row(n) for n in range(len(corpus))] == [
        {
            "title": "The *Heading*",
            "path": "deep/a.md",
            "text": "Intro.\n\n## The *Heading* ##\n\nText.",
        },
        {"title": "plain", "path": "deep/plain.TXT", "text": "na\u00efve # no heading"},
        {"title": "old", "path": "old.txt", "text": "caf\u00e9"},
        {
            "title": "Caf\u00e9 & bar",
            "path": "page.html",
            "text": "Welcome\n\nOpen since 1998, every day.\nClosed in May.\n\n"
            "Unclosed tags\n\ntea\n\ncake",
        },
    ]


def test_documents_of_one_title_are_told_apart(tmp_path: Path) -> None:
    """Two pages may be called the same; their addresses differ."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text("# Same\n", "utf-8")
    corpus = open_corpus(str(tmp_path / "*.md"))
    assert [entity.name for entity in corpus] == ["Same", "Same"]
    assert len({entity.url for entity in corpus}) == 2


def test_json_lines_keep_their_kinds(tmp_path: Path) -> None:
    """Numbers, flags and lists as they are; objects, and values of several kinds, as JSON."""
    path = tmp_path / "people.jsonl"
    path.write_text(
        '{"name": "Ada", "born": 1815, "tags": ["maths"], "home": {"city": "London"}, "x": 1}\n\n'
        '{"name": "Bo", "score": 1.5, "alive": true, "x": "one", "big": 99999999999999999999}\n',
        "utf-8",
    )
    corpus = open_corpus(path)
    first = {"name": "Ada", "born": 1815, "tags": ["maths"], "home": '{"city":"London"}', "x": "1"}
    second = {"name": "Bo", "score": 1.5, "alive": True, "x": "one", "big": "99999999999999999999"}
    columns = dict.fromkeys([*first, *second])
    assert [corpus.row(n) for n in range(2)] == [{**columns, **first}, {**columns, **second}]


def test_several_files_are_read_as_one_table(tmp_path: Path) -> None:
    """A column of numbers is one in all files or in none, and columns may be missing."""
    (tmp_path / "one.csv").write_text("name,code,size\na,1,3\n", "utf-8")
    (tmp_path / "two.csv").write_text("name,code,place\nb,007,x\n", "utf-8")
    corpus = open_corpus(tmp_path / "*.csv")
    assert [corpus.row(n) for n in range(2)] == [
        {"name": "a", "code": "1", "size": 3, "place": None},
        {"name": "b", "code": "007", "size": None, "place": "x"},
    ]
    assert open_corpus(tmp_path / "on?.csv").name == tmp_path.name


def test_cells_of_any_type_are_read_as_text() -> None:
    """Objects as JSON, so that what stands in them is found; nothing fails in the run."""
    day = dt.date(2024, 5, 1)
    table = pa.table(
        {
            "name": ["Alma", "Bora"],
            "address": [{"city": "Oslo", "since": day}, None],
            "rooms": [[{"beds": 2}], []],
            "opens": pa.array([dt.time(7, 30), None]),
            "lasts": pa.array([dt.timedelta(hours=2), None]),
            "code": pa.array([b"A1", b"B2"]),
            "ratio": pa.array([np.float16(0.5), np.float16("nan")]),
        }
    )
    corpus = open_corpus(table)
    assert corpus.row(0) == {
        "name": "Alma",
        "address": '{"city":"Oslo","since":"2024-05-01"}',
        "rooms": '[{"beds":2}]',
        "opens": "07:30:00",
        "lasts": "2:00:00",
        "code": "A1",
        "ratio": 0.5,
    }
    assert corpus.row(1)["ratio"] is None
    assert "Oslo" in corpus.texts(0, 1)[0]


def test_bytes_that_are_no_text_are_left_out_with_a_word() -> None:
    """A picture says nothing that could be searched."""
    table = pa.table({"name": ["Alma"], "picture": pa.array([b"\xff\xd8"])})
    with pytest.warns(FindAllWarning, match="'picture' holds bytes that are no text"):
        assert open_corpus(table).columns == ("name",)


def test_days_in_no_year_of_a_calendar_are_left_out_with_a_word() -> None:
    """A year above 9999 would otherwise end the first run that looks at it."""
    times = pa.array([0, 10**15, None], pa.timestamp("ms", "UTC"))
    table = pa.table({"name": ["Alma", "Bora", "Cima"], "opened": times})
    with pytest.warns(FindAllWarning, match="'opened' has a cell that is in none of the years"):
        corpus = open_corpus(table)
    assert [corpus.row(at)["opened"] is None for at in range(3)] == [False, True, True]


def test_a_dataframe_that_arrow_cannot_take_is_refused_with_a_way_out() -> None:
    """Such as one of sparse columns."""
    frame = pd.DataFrame({"name": ["Alma"], "rooms": pd.arrays.SparseArray([0])})
    with pytest.raises(CorpusError, match=r"frame\[column\]\.astype\(str\)"):
        open_corpus(frame)


def test_what_cannot_be_read_together_is_refused(tmp_path: Path) -> None:
    """Each error says what was found and what to give instead."""
    (tmp_path / "a.csv").write_text("name\na\n", "utf-8")
    (tmp_path / "b.jsonl").write_text('{"name": "b"}\n{"name"\n', "utf-8")
    with pytest.raises(CorpusError, match=r"no documents.*\.md, \.txt.*pattern, such as"):
        open_corpus(tmp_path)
    with pytest.raises(CorpusError, match=r"b\.jsonl'; line 2 is none"):
        open_corpus(tmp_path / "b.jsonl")
    with pytest.raises(CorpusError, match=r"No file matches .*\*\.parquet"):
        open_corpus(tmp_path / "*.parquet")
    (tmp_path / "c.md").write_text("# c", "utf-8")
    with pytest.raises(CorpusError, match="tables as well as documents"):
        open_corpus(tmp_path / "[ac].*")
    (tmp_path / "d.jsonl").write_text('{"name": {"first": "d"}}\n{"name": "d"}\n', "utf-8")
    (tmp_path / "e.jsonl").write_text('{"name": ["e"]}\n', "utf-8")
    with pytest.raises(CorpusError, match=r"d\.jsonl, e\.jsonl do not fit together"):
        open_corpus(tmp_path / "[de].jsonl")
