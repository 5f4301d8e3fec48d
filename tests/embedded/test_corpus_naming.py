"""The columns that name, locate and describe rows, and descriptions of columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from findall_frames.embedded.corpus.corpus import Entity
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.errors import CorpusError


@pytest.mark.parametrize(
    ("table", "name_column"),
    [
        ({"university": ["Oxford", "Turin"], "country": ["UK", "Italy"]}, "university"),
        ({"hotel": ["Adlon", "Riad"], "city": ["Berlin", "Fez"]}, "hotel"),
        ({"city": ["Fez", "Rome", "Fez"], "hotel": ["A", "B", "C"]}, "hotel"),
        ({"code": ["IT", "PE"], "country": ["Italy", "Peru"]}, "country"),
        ({"code": ["A-1", "A-2"], "n": [1, 2]}, "code"),
        ({"site": ["a.example", "b.example"], "maker": ["Kilnworks", "Slatehouse"]}, "maker"),
        ({"kind": ["a", "a"], "what": ["tile", "slate"], "n": [1, 2]}, "what"),
        ({"id": ["x1", "x2", "x3"], "name": ["Alma", "Alma", "Bora"]}, "name"),
        ({"notes": ["one", "two"], "имя": ["Анна", "Борис"]}, "имя"),
        ({"n": [1, 2], "m": [2, 3]}, None),
        ({"name": pa.array([None, None], pa.string()), "n": [1, 2]}, None),
        ({"date": ["2020-01-01", "2020-01-02"], "n": [1, 2]}, None),
    ],
)
def test_the_name_column_identifies_rows_and_is_not_a_code(
    table: dict[str, Any], name_column: str | None
) -> None:
    """Places and codes beside the thing do not name it; numbers and dates never do."""
    assert open_corpus(pa.table(table)).name_column == name_column


def test_a_name_may_be_missing_in_most_rows() -> None:
    """If the column is called "name"."""
    table = pa.table({"name": ["A", None, None], "city": ["Bari", "Bari", "Rome"]})
    assert open_corpus(table).name_column == "name"


def test_the_name_of_a_file_hints_at_the_name_column(tmp_path: Path) -> None:
    """In rivers.parquet, the column "river" names the rows."""
    table = pa.table({"length_km": [6650], "basin": ["Nile basin"], "river": ["Nile"]})
    pq.write_table(table, tmp_path / "rivers.parquet")
    corpus = open_corpus(tmp_path / "rivers.parquet")
    assert (corpus.name, corpus.name_column) == ("rivers", "river")


def test_entities_have_names_urls_and_descriptions() -> None:
    """URLs are complete, and unique to their row."""
    table = pa.table(
        {
            "company": ["Kilnworks", "Slatehouse", "Slatehouse", None, "Limes"],
            "website": ["kilnworks.example", "https://s.example/", "n/a", "x.example", "x.example"],
            "summary": ["Makes tiles.", None, None, None, None],
        }
    )
    assert [each[:4] for each in open_corpus(table).entities([0, 1, 2, 3, 4])] == [
        (0, "Kilnworks", "https://kilnworks.example", "Makes tiles."),
        (1, "Slatehouse", "https://s.example/", None),
        (2, "Slatehouse", "local://table/Slatehouse/2", None),
        (3, "row 3", "local://table/row%203/3", None),
        (4, "Limes", "local://table/Limes", None),
    ]


def test_given_columns_take_precedence() -> None:
    """Even a column of numbers can name the rows."""
    table = pa.table({"name": ["x"], "number": [7], "page": ["y.example"], "note": ["N"]})
    corpus = open_corpus(table, name_column="number", url_column="page", description_column="note")
    assert corpus.entities([0]) == [Entity(0, "7", "https://y.example", "N", "local://table/7")]


@pytest.mark.parametrize("role", ["name_column", "url_column", "description_column"])
def test_a_given_column_that_does_not_exist_is_refused(role: str) -> None:
    """The error suggests similar names."""
    with pytest.raises(CorpusError, match=r"no column 'nam'\. Did you mean 'name'"):
        open_corpus(pa.table({"name": ["x"]}), **{role: "nam"})
    with pytest.raises(CorpusError, match=r"no column 'zzz'\. There are 'name'"):
        open_corpus(pa.table({"name": ["x"]}), **{role: "zzz"})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("words.json", json.dumps({"T_flash": "flash point,\n in kelvin", "POP": "people"})),
        ("words.toml", 'T_flash = "flash point, in kelvin"\npop = "people"\n'),
        ("words.csv", 'column,description\nT_flash,"flash point, in kelvin"\npop,people\n'),
        ("words.csv", '\ufeffT_flash,"flash point, in kelvin"\npop,people\n'),
    ],
)
def test_a_data_dictionary_describes_columns(tmp_path: Path, file: str, text: str) -> None:
    """From a mapping or a file; it replaces descriptions in the data, and units are kept."""
    path = tmp_path / file
    path.write_text(text, "utf-8")
    field = pa.field("T_flash", pa.int64(), metadata={"description": "something"})
    table = pa.table(
        {"T_flash": [300], "pop": ["5 kg"]}, schema=pa.schema([field, ("pop", pa.string())])
    )
    for source in (path, str(path)):
        columns = open_corpus(table, columns=source).columns
        assert columns["T_flash"].description == "flash point, in kelvin"
        assert columns["pop"].description == "people, in kg"
    given = open_corpus(table, columns={"pop": "people, in kg"}).columns
    assert given["pop"].description == "people, in kg"
    assert given["T_flash"].description == "something"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"nmae": "x"}, "no column 'nmae'. Did you mean 'name'"),
        ({"name": 5}, "Expected a data dictionary that maps column names to descriptions"),
        (["name"], "Expected a data dictionary"),
        ("no/such.json", "could not be read: .*No such file"),
    ],
)
def test_a_dictionary_that_does_not_fit_is_refused(columns: Any, message: str) -> None:
    """The error says what was expected."""
    with pytest.raises(CorpusError, match=message):
        open_corpus(pa.table({"name": ["x"]}), columns=columns)


@pytest.mark.parametrize(
    ("file", "text"), [("w.json", "{"), ("w.toml", "= 1"), ("w.csv", "name\n"), ("w.json", "[1]")]
)
def test_an_invalid_dictionary_file_is_refused(tmp_path: Path, file: str, text: str) -> None:
    """Whatever is wrong with it."""
    (tmp_path / file).write_text(text, "utf-8")
    with pytest.raises(CorpusError, match="data dictionary"):
        open_corpus(pa.table({"name": ["x"]}), columns=tmp_path / file)
