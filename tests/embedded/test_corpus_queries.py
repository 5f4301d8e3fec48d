"""Queries on a corpus, its isolation, and its full-text index."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from findall_frames.embedded.corpus.corpus import Corpus, QueryStopped, QueryTimeout
from findall_frames.embedded.corpus.index import TextIndex
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.judging.finding import cite

SLOW = "SELECT sum((a.n * b.n) % 7) FROM data a, data b"


@pytest.fixture(scope="module")
def numbers() -> Corpus:
    """A corpus of 200,000 rows."""
    return open_corpus(pa.table({"name": [f"n{n}" for n in range(200_000)], "n": range(200_000)}))


def test_a_query_returns_an_arrow_table(numbers: Corpus) -> None:
    """With parameters for question marks, and NULL for unknown values."""
    found = numbers.query("SELECT name, NULLIF(n, 1) AS n FROM data WHERE n < ?", [2])
    assert found.to_pydict() == {"name": ["n0", "n1"], "n": [0, None]}


def test_a_query_ends_at_its_timeout(numbers: Corpus) -> None:
    """The corpus can be queried again."""
    began = time.monotonic()
    with pytest.raises(QueryTimeout, match=r"longer than 0\.1 seconds"):
        numbers.query(SLOW, timeout=0.1)
    assert time.monotonic() - began < 5
    assert numbers.query("SELECT 1 AS one", timeout=5)["one"].to_pylist() == [1]


def test_a_query_ends_when_stopped(numbers: Corpus) -> None:
    """Before it starts or while it runs; other queries go on."""
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    others: list[int] = []
    other = threading.Thread(
        target=lambda: others.append(numbers.query("SELECT sum(n) AS s FROM data")["s"][0].as_py())
    )
    other.start()
    for _ in range(2):
        with pytest.raises(QueryStopped):
            numbers.query(SLOW, stop=stop.is_set)
    other.join()
    assert others == [sum(range(200_000))]


def test_errors_of_duckdb_pass_through(numbers: Corpus) -> None:
    """The caller wrote the query."""
    with pytest.raises(duckdb.BinderException):
        numbers.query("SELECT nothing FROM data", timeout=5)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_parquet('{}/other.parquet')",
        "SELECT * FROM '{}/other.parquet'",
        "COPY data TO '{}/out.csv'",
        "ATTACH '{}/out.db'",
        "EXPORT DATABASE '{}/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '1TB'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SELECT * FROM frame",
    ],
)
@pytest.mark.parametrize("kind", ["memory", "parquet"])
def test_a_corpus_sees_only_its_own_data(tmp_path: Path, sql: str, kind: str) -> None:
    """No files, no network, no Python variables; its settings are locked."""
    frame = pd.DataFrame({"name": ["A"]})
    frame.to_parquet(tmp_path / "other.parquet")
    frame.to_parquet(tmp_path / "mine.parquet")
    corpus = open_corpus(frame if kind == "memory" else tmp_path / "mine.parquet")
    with pytest.raises(duckdb.Error):
        corpus.query(sql.format(tmp_path))
    assert corpus.query("SELECT name FROM data")["name"].to_pylist() == ["A"]
    assert not (tmp_path / "out.csv").exists()


def test_times_are_in_utc() -> None:
    """In all threads."""
    when = pd.to_datetime(["2020-01-01 00:30"]).tz_localize("Europe/Berlin")
    corpus = open_corpus(pd.DataFrame({"name": ["A"], "when": when}))
    found: list[object] = []
    query = 'SELECT CAST("when" AS VARCHAR) AS t FROM data'
    thread = threading.Thread(target=lambda: found.append(corpus.query(query)["t"][0].as_py()))
    thread.start()
    thread.join()
    assert found == ["2019-12-31 23:30:00+00"]
    assert corpus.rows([0])[0]["when"] == dt.datetime(2019, 12, 31, 23, 30, tzinfo=dt.UTC)


def test_rows_come_in_the_order_of_the_positions(numbers: Corpus) -> None:
    """Repeated positions give repeated rows."""
    assert [row["n"] for row in numbers.rows([7, 199_999, 7])] == [7, 199_999, 7]
    assert [each.name for each in numbers.entities([3, 1, 3])] == ["n3", "n1", "n3"]
    assert numbers.rows([]) == numbers.entities([]) == numbers.texts(5, 5) == []
    assert numbers.texts(199_999, 200_001) == ["n199999\n199999"]
    for position in (-1, 200_000):
        with pytest.raises(IndexError, match="positions 0 to 199999"):
            numbers.rows([0, position])


def test_the_text_of_a_cell_is_verbatim() -> None:
    """For every kind of column."""
    corpus = open_corpus(
        pa.table(
            {
                "a": ["12,50 €", "3,00 €"],
                "b": [["x", "y"], None],
                "c": [1.5, float("nan")],
                "d": ["31.12.2019", "1.2.2020"],
                "e": [True, None],
            }
        )
    )
    said = ", ".join(f"{column.text} AS {name}" for name, column in corpus.columns.items())
    assert corpus.query(f"SELECT {said} FROM data WHERE __row = 0").to_pylist() == [
        {"a": "12,50 €", "b": "x, y", "c": "1.5", "d": "31.12.2019", "e": "true"}
    ]
    assert corpus.texts(0, 2) == ["12,50 €\nx, y\n1.5\n31.12.2019\ntrue", "3,00 €\n1.2.2020"]


def test_prose_is_distinguished_from_text() -> None:
    """At least a quarter of its cells have eight or more words."""
    words = "one two  three\nfour five six seven eight"
    table = pa.table({"p": [words, None, "a", "b", "c"], "t": [words[:-6], "a", "b", "c", "d"]})
    columns = open_corpus(table).columns
    assert (columns["p"].kind, columns["t"].kind) == ("prose", "text")


def test_the_fingerprint_identifies_the_data() -> None:
    """Cells, their order, names and descriptions count."""
    frame = pd.DataFrame({"name": ["A", "B"], "n": [1, 2]})
    known = open_corpus(frame).fingerprint
    assert open_corpus(frame.copy()).fingerprint == known
    others = [
        open_corpus(frame.assign(n=[1, 3])),
        open_corpus(frame.iloc[::-1]),
        open_corpus(frame.rename(columns={"n": "m"})),
        open_corpus(frame.astype({"n": float})),
        open_corpus(frame, columns={"n": "number"}),
        open_corpus(frame, name_column="n"),
    ]
    assert len({known, *(corpus.fingerprint for corpus in others)}) == 7


def test_each_installed_package_is_a_row() -> None:
    """Names and metadata are those of importlib.metadata."""
    corpus = open_corpus("packages")
    names = [each.name for each in corpus.entities(range(len(corpus)))]
    assert set(names) == {d.metadata["Name"] for d in metadata.distributions()}
    assert len(names) == len(set(names))
    assert (corpus.name, corpus.name_column) == ("packages", "name")
    row = corpus.rows([names.index("requests")])[0]
    assert row["version"] == metadata.version("requests")
    assert any("Apache" in text for text in row["license"])
    assert "urllib3" in row["dependencies"]
    assert row["requires_python"] == metadata.metadata("requests")["Requires-Python"]
    assert len(row["readme"]) > 100


def test_citations_lead_to_the_cell() -> None:
    """There is one for each column, with the name of the row."""
    table = pa.table({"name": ["A b", "A b"], "kind of": ["x", "y"], "said": ["z", "z"]})
    entity = open_corpus(table, name_column="name").entities([1])[0]
    cited = cite(entity, [("name", "A"), ("kind of", "y"), ("name", "b")])
    assert [(unquote(each.url), each.title, list(each.excerpts)) for each in cited] == [
        ("local://table/A b/1#name", "A b: name", ["A", "b"]),
        ("local://table/A b/1#kind of", "A b: kind of", ["y"]),
    ]


class _Store:
    """The tables that a text index needs, in memory."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.executescript(
            "CREATE TABLE corpus (one INTEGER PRIMARY KEY, fingerprint TEXT, indexed INTEGER);"
            "CREATE VIRTUAL TABLE entities USING fts5 ("
            "text, content='', detail=full, tokenize='porter unicode61 remove_diacritics 2')"
        )

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        yield self._connection

    write = read


TEXTS = [
    "The red house by the sea",
    "A house of red and white bricks; the house is old",
    'The sea, the sea: café and "quoted" words NOT a house',
    "The garden",
]


@pytest.fixture
def index(tmp_path: Path) -> TextIndex:
    """An index over a few texts in two files."""
    for place in (0, 2):
        table = pa.table({"text": TEXTS[place : place + 2]})
        pq.write_table(table, tmp_path / f"{place}.parquet")
    index = TextIndex(_Store(), open_corpus(tmp_path / "*.parquet"))
    assert index.build(stop=lambda: False)
    return index


def test_rows_are_ranked_by_distinctive_words(index: TextIndex) -> None:
    """Words in more than half of the rows are ignored, unless there are no others."""
    assert list(index.rank(["the sea, please"], limit=5)) == [2, 0]
    assert list(index.rank(["the"], limit=2)) != []
    assert list(index.rank(["red house"], limit=2)) == [0, 1]
    assert list(index.rank(["red"], limit=5, among=bytearray([1, 0, 1, 1]))) == [0]
    assert list(index.rank(["?!"], limit=5)) == []


def test_rows_that_contain_all_words_are_found(index: TextIndex) -> None:
    """Phrases are verbatim, and SQLite's operators are ordinary words."""
    assert sorted(index.containing(["house", "RED"])) == [0, 1]
    assert list(index.containing(["houses", "sea"])) != []
    assert list(index.containing(["red house"])) == [0]
    assert list(index.containing(["cafe"])) == [2]
    assert list(index.containing(['"quoted" words', "NOT"])) == [2]
    assert list(index.containing(["sea*", "lake"])) == []
    assert list(index.containing([])) == list(index.containing(["*"])) == []


def test_an_index_is_reused_only_for_the_same_data() -> None:
    """Another corpus gets its own index."""
    store = _Store()
    first, second = (open_corpus(pa.table({"name": [name]})) for name in ("lake", "hill"))
    assert not TextIndex(store, first).build(stop=lambda: True)
    assert TextIndex(store, first).build(stop=lambda: False)
    assert TextIndex(store, first).build(stop=lambda: True)
    index = TextIndex(store, second)
    assert index.build(stop=lambda: False)
    assert list(index.containing(["hill"])) == [0]
    assert list(index.containing(["lake"])) == []
