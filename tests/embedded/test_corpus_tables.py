"""Tables in memory, of any library and with any contents."""

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
import uuid
import warnings
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.errors import CorpusError, FindAllWarning
from tests.support.corpora import all_rows

COLUMNS = {"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]}


class Point:
    """An object of a type that no library of tables has."""

    def __str__(self) -> str:
        return "POINT (1 2)"


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame(COLUMNS),
        pa.table(COLUMNS),
        pa.table(COLUMNS).to_batches()[0],
        pa.table(COLUMNS).to_reader(),
        pl.DataFrame(COLUMNS),
        duckdb.from_arrow(pa.table(COLUMNS)),
        [{"name": "Oslo", "country": "Norway"}, {"name": "Rome", "country": "Italy"}],
    ],
    ids=lambda source: type(source).__name__,
)
def test_a_table_of_any_library_is_a_corpus(source: object) -> None:
    """pandas, Arrow, Polars, DuckDB, and plain lists of dicts."""
    corpus = open_corpus(source)
    assert all_rows(corpus) == [
        dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)
    ]
    assert (corpus.name, corpus.name_column, len(corpus)) == ("table", "name", 2)


@pytest.mark.parametrize(
    ("cells", "type_", "kind", "value"),
    [
        (pd.Categorical(["x", "y"]), "VARCHAR", "text", "x"),
        (pd.Categorical([1, 2]), "BIGINT", "number", 1),
        (pd.arrays.SparseArray([7, 0]), "BIGINT", "number", 7),
        (np.array([1.5, np.nan]), "DOUBLE", "number", 1.5),
        (np.array([2**64 - 1, 1], "uint64"), "UBIGINT", "number", 2**64 - 1),
        (pd.array([1, None], "Int64"), "BIGINT", "number", 1),
        (pd.array([True, None], "boolean"), "BOOLEAN", "flag", True),
        ([decimal.Decimal("1.50"), decimal.Decimal("22.125")], "DECIMAL(5,3)", "number", 1.5),
        (pd.to_timedelta([1, 2], unit="D"), "INTERVAL", "time", dt.timedelta(1)),
        ([dt.time(7, 30), None], "TIME", "time", dt.time(7, 30)),
        ([dt.date(2020, 1, 2), None], "DATE", "date", dt.date(2020, 1, 2)),
        (pd.to_datetime(["2020-01-02", None]), "TIMESTAMP", "date", dt.datetime(2020, 1, 2)),
        (pd.Series([10**30, 5], dtype=object), "HUGEINT", "number", 10**30),
        ([["x"], ["y", "z"]], "VARCHAR[]", "list", ["x"]),
        ([np.array([1, 2]), np.array([3])], "BIGINT[]", "list", [1, 2]),
        ([b"abc", b"d"], "VARCHAR", "text", "abc"),
        pytest.param(
            [uuid.UUID(int=1), uuid.UUID(int=2)],
            "VARCHAR",
            "text",
            str(uuid.UUID(int=1)),
            # Older Arrow has no type for them, and a warning says so.
            marks=pytest.mark.filterwarnings("ignore:Cells of 'value' cannot be compared"),
        ),
        ([None, None], "VARCHAR", "text", None),
        (["  ", "\u00a0\t"], "VARCHAR", "text", None),
    ],
)
def test_columns_keep_their_types(cells: Any, type_: str, kind: str, value: object) -> None:
    """In DuckDB's terms; blank texts and NaN are missing."""
    corpus = open_corpus(pd.DataFrame({"name": ["A", "B"], "value": cells}))
    column = corpus.columns["value"]
    assert (column.type, column.kind) == (type_, kind)
    assert all_rows(corpus)[0]["value"] == value


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (pd.interval_range(0, 2), "(0, 1]"),
        (pd.period_range("2020", periods=2, freq="M"), "2020-01"),
        (pd.cut([1, 2], 2), "(0.999, 1.5]"),
        (pd.Categorical(pd.period_range("2020", periods=2, freq="M")), "2020-01"),
        ([1j, 2j], "1j"),
        ([1, "x"], "1"),
        ([Point(), Point()], "POINT (1 2)"),
        ([{"a": dt.date(2020, 1, 2)}, {"b": "x"}], '{"a":"2020-01-02"}'),
        ([[{"beds": 2}], []], '[{"beds":2}]'),
        ([[1, "x"], None], '[1,"x"]'),
        (pd.Series([10**50, 5], dtype=object), str(10**50)),
        (pd.Series(["half \ud800", "whole"], dtype=object), "half ?"),
    ],
)
def test_values_without_a_type_become_text(cells: Any, text: str) -> None:
    """With a warning; no column makes a table unusable."""
    frame = pd.DataFrame({"name": ["A", "B"], "value": cells})
    with pytest.warns(FindAllWarning, match="'value' cannot be compared as they are and were read"):
        corpus = open_corpus(frame)
    assert all_rows(corpus)[0]["value"] == text


def test_arrow_types_unknown_to_duckdb_become_text() -> None:
    """Half floats are read back as numbers; large decimals stay text."""
    table = pa.table(
        {
            "name": ["A"],
            "half": pa.array([np.float16(1.5)]),
            "large": pa.array([decimal.Decimal(10) ** 50], pa.decimal256(60)),
            "pair": pa.array([{"a": 1}]),
            "lot": pa.array(["x"]).dictionary_encode(),
        }
    )
    with pytest.warns(FindAllWarning, match="Cells of 'large', 'pair' cannot"):
        row = all_rows(open_corpus(table))[0]
    assert row == {"name": "A", "half": 1.5, "large": str(10**50), "pair": '{"a":1}', "lot": "x"}


def test_polars_types_unknown_to_arrow_are_read() -> None:
    """128-bit integers, categories, and Python objects."""
    frame = pl.DataFrame(
        {
            "name": ["A", "B"],
            "large": pl.Series([10**20, 5], dtype=pl.Int128),
            "lot": pl.Series(["u", "v"], dtype=pl.Categorical),
            "place": pl.Series([Point(), Point()], dtype=pl.Object),
        }
    )
    row = all_rows(open_corpus(frame))[0]
    assert row == {"name": "A", "large": 10**20, "lot": "u", "place": "POINT (1 2)"}


@pytest.mark.parametrize("wrap", [lambda table: table, lambda table: table.to_reader()])
def test_bytes_that_are_not_text_are_left_out(wrap: Any) -> None:
    """With a warning, as there is nothing to search in a picture."""
    table = pa.table({"name": ["Alma"], "picture": pa.array([b"\xff\xd8"]), "code": [b"A1"]})
    with pytest.warns(FindAllWarning, match="'picture' hold bytes that are not text"):
        assert all_rows(open_corpus(wrap(table))) == [{"name": "Alma", "code": "A1"}]


def test_times_beyond_the_calendar_of_python_are_shown_as_text() -> None:
    """They are still compared as times."""
    times = np.array(["-5000-01-01", "200000-01-01"], "datetime64[s]")
    corpus = open_corpus(pd.DataFrame({"name": ["A", "B"], "when": times}))
    assert all_rows(corpus)[1]["when"] == "200000-01-01 00:00:00"
    assert (
        corpus.query("SELECT name FROM data WHERE \"when\" > DATE '9999-01-01'")[0][0].as_py()
        == "B"
    )


def test_column_names_are_made_unique() -> None:
    """With a warning, since DuckDB ignores case and some names are reserved."""
    odd = ["name", "Name", 5, "__row", "__text_0", "rowid", 'a"b', "a.b", "a b", "l\nb", ""]
    frame = pd.DataFrame([range(len(odd))], columns=odd)
    with pytest.warns(FindAllWarning, match="'Name' is now 'Name_2'; '__row' is now '__row_2'"):
        corpus = open_corpus(frame)
    assert list(corpus.columns) == [
        "name", "Name_2", "5", "__row_2", "__text_0_2", "rowid", 'a"b', "a.b", "a b", "l\nb",
        "column_11",
    ]  # fmt: skip
    assert list(all_rows(corpus)[0].values()) == list(range(len(odd)))


def test_multi_level_columns_are_joined() -> None:
    """As pandas does when it writes them."""
    frame = pd.DataFrame({("size", "min"): [1], ("size", "max"): [2], ("kind", ""): ["q"]})
    assert list(open_corpus(frame).columns) == ["size_min", "size_max", "kind"]


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (pd.Index(["a", "b"], name="country"), ["country", "x"]),
        (pd.Index([4, 7], name="id"), ["id", "x"]),
        (pd.Index(["a", "b"]), ["index", "x"]),
        (pd.date_range("2020", periods=2), ["index", "x"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), ["level_0", "level_1", "x"]),
        (pd.Index([4, 7]), ["x"]),
    ],
)
def test_an_informative_index_is_a_column(index: pd.Index, columns: list[str]) -> None:
    """An unnamed index of integers only counts the rows."""
    corpus = open_corpus(pd.DataFrame({"x": [1, 2]}, index=index))
    assert list(corpus.columns) == columns


def test_positions_are_those_in_the_users_table() -> None:
    """Rows without a name count as well, so that ``frame.iloc`` finds every row."""
    frame = pd.DataFrame({"name": ["A", None, " ", "A"], "x": [1, 2, 3, 4]}).iloc[1:]
    corpus = open_corpus(frame)
    found = corpus.query("SELECT __row FROM data WHERE x > 2")["__row"].to_pylist()
    assert frame.iloc[found]["x"].tolist() == [3, 4]
    assert [each.name for each in corpus.entities([0, 1, 2])] == ["row 0", "row 1", "A"]


def test_descriptions_come_from_arrow_and_duckdb() -> None:
    """From the metadata of a field, and from the comment on a column."""
    field = pa.field("t", pa.int64(), metadata={"description": "flash point, in kelvin"})
    table = pa.table({"t": [300]}, schema=pa.schema([field]))
    assert open_corpus(table).columns["t"].description == "flash point, in kelvin"
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE towns AS SELECT 'Rome' AS name, 5 AS pop")
        connection.execute("COMMENT ON COLUMN towns.pop IS 'people, inhabitants'")
        for relation in (connection.table("towns"), connection.sql("FROM towns WHERE pop > 1")):
            assert open_corpus(relation).columns["pop"].description == "people, inhabitants"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (pd.DataFrame({"a": []}), "has 0 rows and 1 columns"),
        (pd.DataFrame(index=[1, 2]), "no columns"),
        ([], "no columns"),
        ([1, 2], "list of dicts, one for each row; one item is of type int"),
        (pd.Series([1, 2]), "got Series"),
        (5, "got int"),
    ],
)
def test_a_source_that_is_not_a_table_is_refused(source: object, message: str) -> None:
    """The error says what was expected and what came."""
    with pytest.raises(CorpusError, match=message):
        open_corpus(source)


@pytest.mark.parametrize("wrap", [lambda cell: [cell], lambda cell: {"a": cell}])
@pytest.mark.parametrize("table", [list, pd.DataFrame])
def test_cells_that_are_nested_deeply_are_refused(wrap: Any, table: Any) -> None:
    """They would crash the interpreter, as would cells that contain themselves."""
    deep: Any = 1
    for _ in range(100_000):
        deep = wrap(deep)
    endless: list[Any] = []
    endless.extend([endless, endless])
    for cell in (deep, endless):
        with pytest.raises(CorpusError, match="at most 100 levels"):
            open_corpus(table([{"name": "a", "cell": cell}]))


@pytest.mark.parametrize("table", [lambda rows: rows, pd.DataFrame, pa.Table.from_pylist])
def test_a_table_with_too_many_columns_is_refused(table: Any) -> None:
    """In memory as in a file."""
    rows = [{f"c{place}": 1 for place in range(5_001)}]
    with pytest.raises(CorpusError, match="at most 5,000 columns; got 5,001"):
        open_corpus(table(rows))


def test_an_arrow_type_that_cannot_be_read_is_refused() -> None:
    """With a CorpusError, not with one of Arrow's."""
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(CorpusError, match="could not be read: sparse_union"):
        open_corpus(pa.table({"value": union}))


def test_an_arrow_type_that_is_nested_deeply_is_refused() -> None:
    """Neither DuckDB nor Arrow can print its name."""
    kind = pa.int64()
    for _ in range(2_000):
        kind = pa.list_(kind)
    with pytest.raises(CorpusError, match="could not be read: maximum recursion depth"):
        open_corpus(pa.table({"name": ["a"], "deep": pa.array([None], kind)}))


def test_importing_the_corpus_does_not_import_pandas() -> None:
    """Users without a DataFrame do not wait for it."""
    code = "import sys, findall_frames.embedded.corpus.opening; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_corpus_is_independent_of_the_users_table() -> None:
    """Later changes to the table do not affect it."""
    frame = pd.DataFrame({"name": ["A", "B"], "x": [1, 2]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        corpus = open_corpus(frame)
        frame.loc[0, "x"] = 99
    assert all_rows(corpus)[0]["x"] == 1
