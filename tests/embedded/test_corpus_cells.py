"""Numbers and dates in text columns."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findall_frames.embedded.corpus.corpus import Column, Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.errors import FindAllWarning


def _opened(cells: list[Any], *, name: str = "value") -> tuple[Corpus, Column, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        corpus = open_corpus(
            pd.DataFrame({"name": [f"T{n}" for n in range(len(cells))], name: cells})
        )
    return corpus, corpus.columns[name], [str(each.message) for each in caught]


def _read(cells: list[Any], *, name: str = "value") -> list[Any]:
    corpus, _, _ = _opened(cells, name=name)
    return [row[name] for row in corpus.rows(range(len(corpus)))]


def _verbatim(corpus: Corpus, column: Column) -> list[str | None]:
    table = corpus.query(f"SELECT {column.text} AS said FROM data ORDER BY {Corpus.ROW}")
    said: list[str | None] = table["said"].to_pylist()
    return said


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        (["12", "5", "20"], [12, 5, 20]),
        (["1.5", "2.25", "3"], [1.5, 2.25, 3.0]),
        (["3,50", "12,00", "25,90"], [3.5, 12.0, 25.9]),
        (["0,500", "1,250", "12,125"], [0.5, 1.25, 12.125]),
        (["1.200,50", "950,00", "12.000,00"], [1200.5, 950.0, 12000.0]),
        (["1,200.50", "950.00", "12,000.00"], [1200.5, 950.0, 12000.0]),
        (["1,234,567", "1,234", "12"], [1234567, 1234, 12]),
        (["12.345.678", "1.000"], [12345678, 1000]),
        (["1 234,5", "12\u00a0345,0"], [1234.5, 12345.0]),
        (["1'234.50", "12.00"], [1234.5, 12.0]),
        (["(5)", "3", "(1,200.50)"], [-5.0, 3.0, -1200.5]),
        (["-5", "+3", "\u22127"], [-5, 3, -7]),
        (["1e5", "2.5E-3"], [100000.0, 0.0025]),
        ([" 12 ", "5"], [12, 5]),
        (["12 €", "5 €", "20 €"], [12, 5, 20]),
        (["12,50€", "5,00€"], [12.5, 5.0]),
        (["€ 12", "€-5"], [12, -5]),
        (["US$ 1,200.00", "US$ 5.00"], [1200.0, 5.0]),
        (["12 EUR", "5 EUR"], [12, 5]),
        (["$(5)", "$12"], [-5, 12]),
        (["12 Euro", "5 Euro"], [12, 5]),
        (["Rs. 12", "Rs 5"], [12, 5]),
        (["12,50 kr", "5 kr"], [12.5, 5.0]),
        (["12 kg", "5 kg"], [12, 5]),
        (["12.5%", "3%"], [12.5, 3.0]),
        (["-3 °C", "12 °C"], [-3, 12]),
        (["12*", "5", "20 [1]", "7 [a][2]", "8 †"], [12, 5, 20, 7, 8]),
        (["NA", "5", "n/a", "-", "null", "None"], [None, 5, None, None, None, None]),
        (["inf", "1.5", "-Infinity"], [math.inf, 1.5, -math.inf]),
        ([str(10**30), "5"], [10**30, 5]),
        (["1.234,50-", "3,00"], [-1234.5, 3.0]),
        (["1,234.50 €−", "3 €"], [-1234.5, 3.0]),
        (["#DIV/0!", "5", r"\N", "<NA>", "not available"], [None, 5, None, None, None]),
        (["123456789012345.5", "1"], [123456789012345.5, 1.0]),
        (["0e5", "1e-300"], [0.0, 1e-300]),
    ],
)
def test_numbers_are_read_from_text(cells: list[str], right: list[float]) -> None:
    """The values are right, and the original text is kept."""
    corpus, column, told = _opened(cells)
    assert [row["value"] for row in corpus.rows(range(len(cells)))] == right
    assert column.kind == "number"
    assert _verbatim(corpus, column) == cells
    assert not told


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1,234", "2,345"], "'1,234' could be 1234 or 1.234"),
        (["1.234", "12"], "'1.234' could be 1234 or 1.234"),
        (["1.234 €", "2.500 €"], "could be 1234 or 1.234"),
        (["1,5", "1.5"], "points and commas"),
        (["12 EUR", "5 USD"], "some are in EUR, some in USD"),
        (["12 kg", "5"], "some state no unit"),
        (["(5)", "(6)"], "could be negative or not"),
        (["3.10", "3.9"], "could be a version"),
        (["12.2019", "11.2020"], "could be a month"),
        (["01/02/2021", "03/04/2021"], "could have the day or the month first"),
        (["31/12/2019", "12/31/2019"], "some have the day first, some the month"),
        (["31.02.2019", "01.01.2020"], "or are no days"),
        (["9007199254740993", "1.5"], "'9007199254740993' would be rounded"),
        (["12345678901234567890", "1e5"], "would be rounded"),
    ],
)
def test_ambiguous_columns_stay_text(cells: list[str], said: str) -> None:
    """A warning says why."""
    corpus, column, told = _opened(cells)
    assert [row["value"] for row in corpus.rows(range(len(cells)))] == cells
    assert column.kind == "text"
    assert len(told) == 1
    assert said in told[0]


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "010"],
        ["3.10.1", "3.9.2"],
        ["+49 30 1234", "+49 40 222"],
        ["+4930123456", "+4940222222"],
        ["030 123", "030 555"],
        ["555 123", "444 999"],
        ["192.168.100.200", "192.168.100.201"],
        ["10.0.0.1", "10.0.0.2"],
        ["978-3-16-148410-0", "978-0-306-40615-7"],
        ["5M", "12M"],
        ["12 A", "14 B"],
        ["5-7", "6"],
        ["~5", "6"],
        ["10²", "5"],
        ["12,5", "3,7,9"],
        ["5 kg 3 g", "2 kg"],
        ["NA", "x"],
        ["-", "-"],
        ["12,34,567", "1,23,456"],
        ["12,- €", "5,50 €"],
        ["25:00:00", "1:00:00"],
        ["1/2", "3/4"],
        [str(10**50), "5"],
        ["5-", "3"],
        ["-5.00-", "3.00"],
        ["1e400", "5"],
        ["1e-400", "5"],
    ],
)
def test_codes_and_versions_stay_text(cells: list[str]) -> None:
    """So do telephone numbers, network addresses, ISBNs, ranges and fractions."""
    assert _read(cells) == cells


def test_a_unit_is_described_only_if_every_cell_has_it() -> None:
    """Readers rely on the description for all cells."""
    assert _opened(["12 €", "5 €"])[1].description == "in €"
    assert _opened(["12 €", "5"])[1].description == ""
    assert _opened(["12%", "-"])[1].description == "in %"


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        (["31.12.2019", "01.02.2021"], [dt.date(2019, 12, 31), dt.date(2021, 2, 1)]),
        (["12/31/2019", "02/01/2021"], [dt.date(2019, 12, 31), dt.date(2021, 2, 1)]),
        (["15/07/2023", "1/2/2021"], [dt.date(2023, 7, 15), dt.date(2021, 2, 1)]),
        (["15-07-2023", "01-02-2021"], [dt.date(2023, 7, 15), dt.date(2021, 2, 1)]),
        (["01/01/2021", "02/02/2021"], [dt.date(2021, 1, 1), dt.date(2021, 2, 2)]),
        (["2019-12-31", "n/a"], [dt.date(2019, 12, 31), None]),
        (["2019/12/31", "2020/1/5"], [dt.date(2019, 12, 31), dt.date(2020, 1, 5)]),
        (["31 Dec 2019", "1 January 2020"], [dt.date(2019, 12, 31), dt.date(2020, 1, 1)]),
        (["Dec 31, 2019", "May 1, 2020"], [dt.date(2019, 12, 31), dt.date(2020, 5, 1)]),
        (
            ["31.12.2019 14:30", "01.02.2021 9:05:07"],
            [dt.datetime(2019, 12, 31, 14, 30), dt.datetime(2021, 2, 1, 9, 5, 7)],
        ),
        (
            ["12/31/2019 2:30 PM", "1/2/2020 12:00 AM"],
            [dt.datetime(2019, 12, 31, 14, 30), dt.datetime(2020, 1, 2)],
        ),
        (
            ["2019-12-31T10:00", "2020-01-01 00:00:01"],
            [dt.datetime(2019, 12, 31, 10), dt.datetime(2020, 1, 1, 0, 0, 1)],
        ),
        (
            ["2019-12-31T10:00:00+02:00", "2020-01-01T00:00:00Z"],
            [dt.datetime(2019, 12, 31, 8, tzinfo=dt.UTC), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)],
        ),
        (["10:00:00", "23:59:59"], [dt.time(10), dt.time(23, 59, 59)]),
        (["true", "FALSE", "n/a"], [True, False, None]),
    ],
)
def test_dates_times_and_flags_are_read(cells: list[str], right: list[Any]) -> None:
    """The column shows whether the day or the month comes first; the text is kept."""
    corpus, column, told = _opened(cells)
    assert [row["value"] for row in corpus.rows(range(len(cells)))] == right
    assert column.kind in {"date", "time", "flag"}
    assert _verbatim(corpus, column) == cells or column.kind == "flag"
    assert not told


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        ("w;price\n1,250;12,50\n12,125;3,00", [1.25, 12.125]),
        ("w;price\n1.250;12,50\n12.125;3,00", [1250, 12125]),
        ("w,price\n1.250,2\n12.125,3", [1.25, 12.125]),
        ('w,price\n"1,250","1,000.50"\n"12,125",3', [1250, 12125]),
        ("w;price\n1,250;2\n12,125;3", [1.25, 12.125]),
        ("w;price\n1,250;2\n950;3", ["1,250", "950"]),
        ("w;price\n1.250;2\n12.125;3", ["1.250", "12.125"]),
        ("w\tprice\n1.250\t2\n12.125\t3", ["1.250", "12.125"]),
        (
            "w,seen\n01/02/2020,13/02/2020\n03/04/2020,05/06/2020",
            [dt.date(2020, 2, 1), dt.date(2020, 4, 3)],
        ),
    ],
)
def test_columns_of_a_csv_file_share_a_notation(
    tmp_path: Path, rows: str, right: list[Any]
) -> None:
    """One program wrote all of them; without evidence, text stays text."""
    path = tmp_path / "parcels.csv"
    path.write_text(rows + "\n", "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FindAllWarning)
        corpus = open_corpus(path)
    assert [row["w"] for row in corpus.rows(range(2))] == right


def test_a_column_read_by_convention_is_reported(tmp_path: Path) -> None:
    """A comma is decimal in files with semicolons; the day comes first in dates with points."""
    path = tmp_path / "parcels.csv"
    path.write_text("w;n\n1,250;1\n12,125;2\n", "utf-8")
    with pytest.warns(FindAllWarning, match=r"'w' \('1,250' as 1\.250\)\. Convert them first"):
        open_corpus(path)
    corpus, _, told = _opened(["01.02.2021", "03.04.2021"])
    right = [dt.date(2021, 2, 1), dt.date(2021, 4, 3)]
    assert [row["value"] for row in corpus.rows([0, 1])] == right
    assert "'value' ('01.02.2021' with the day first)" in told[0]


def test_all_cells_of_a_column_count() -> None:
    """Not only those of a sample."""
    cells = ["1,234"] * 30_000
    assert _read([*cells, "1,234.5"])[0] == 1234.0
    assert _read([*cells, "1,2"])[0] == 1.234
    assert _read([*cells, "none of these"])[0] == "1,234"


NOTATIONS = st.tuples(
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
    st.sampled_from(["-{}", "({})", "{}-", "−{}", "- {}"]),
    st.sampled_from(["{}", "{} €", "${}", "{} EUR", "CHF {}", "{} %", " {} "]),
    st.booleans(),
)


def _in_notation(number: Decimal, notation: tuple[tuple[str, str], str, str, bool]) -> str:
    (group, point), negative, money, is_inside = notation
    text = f"{abs(number):,f}".translate({ord(","): group, ord("."): point})
    if number.is_signed() and is_inside:
        return money.format(negative.format(text))
    text = money.format(text)
    return negative.format(text) if number.is_signed() else text


@settings(max_examples=150)
@given(
    st.integers(0, 4).flatmap(
        lambda places: st.lists(
            st.one_of(
                st.decimals(-(10**5), 10**5, places=places),
                st.decimals(-(10**20), 10**20, places=places),
            ),
            min_size=1,
            max_size=6,
        )
    ),
    NOTATIONS,
    st.sampled_from([[], ["n/a"], ["-", "#N/A"]]),
)
def test_a_number_is_read_correctly_or_not_at_all(
    numbers: list[Decimal], notation: tuple[Any, str, str, bool], blanks: list[str]
) -> None:
    """Whatever its size, separators, sign and currency, and however blanks are marked."""
    texts = [*(_in_notation(number, notation) for number in numbers), *blanks]
    read = _read(texts)
    if read != texts:
        assert read[len(numbers) :] == [None] * len(blanks)
        for number, value in zip(numbers, read, strict=False):
            assert value == (float(number) if isinstance(value, float) else number)


@settings(max_examples=100)
@given(
    st.lists(st.dates(dt.date(1700, 1, 1)), min_size=1, max_size=6),
    st.sampled_from(
        ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"]
    ),
    st.sampled_from(["", " %H:%M", " %I:%M %p", " %H:%M:%S"]),
)
def test_a_date_is_read_correctly_or_not_at_all(days: list[dt.date], form: str, clock: str) -> None:
    """Whichever comes first, the day or the month."""
    times = [dt.datetime(day.year, day.month, day.day, day.day % 24, day.month) for day in days]
    texts = [time.strftime(form + clock) for time in times]
    assert _read(texts) in (times if clock else days, texts)


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        ("1e400 5", ["1e400", "5"]),
        ("9007199254740993 1.5", ["9007199254740993", "1.5"]),
        (f"{10**44} 5", [str(10**44), "5"]),
        (f"{2**64} 5", [2**64, 5]),
        ("0.30000000000000004 1e300", [0.30000000000000004, 1e300]),
        ("[12345678901234567890,1.5] [1]", ["[12345678901234567890,1.5]", "[1]"]),
        ("[0.30000000000000004] [1]", [[0.30000000000000004], [1.0]]),
    ],
)
@pytest.mark.filterwarnings("ignore::findall_frames.errors.FindAllWarning")
def test_a_number_of_json_is_read_correctly_or_not_at_all(
    tmp_path: Path, cells: str, right: list[Any]
) -> None:
    """Numbers that a fraction beside them or their size would round stay text."""
    path = tmp_path / "t.jsonl"
    path.write_text("".join(f'{{"value": {cell}}}\n' for cell in cells.split()), "utf-8")
    assert [row["value"] for row in open_corpus(path).rows([0, 1])] == right


@settings(max_examples=50)
@given(st.lists(st.text("0123456789.,- €%()", min_size=1, max_size=8), min_size=1, max_size=6))
def test_the_text_of_every_cell_is_kept(cells: list[str]) -> None:
    """Even if a number was read from it."""
    corpus, column, _ = _opened(cells)
    kept = [cell if cell.strip() else None for cell in cells]
    if column.kind in {"text", "number", "date"} and not column.text.startswith("CAST"):
        assert _verbatim(corpus, column) == kept


def test_every_column_of_a_wide_table_is_read_by_its_own_cells() -> None:
    """Columns are queried in groups, whose cells must not be confused."""
    kinds = [["1.5", "2.25"], ["3,50", "1.200,00"], ["31/12/2020", "01/02/2021"], ["x 1", "7"]]
    right = [[1.5, 2.25], [3.5, 1200.0], [dt.date(2020, 12, 31), dt.date(2021, 2, 1)], kinds[3]]
    columns = {f"v{place}": kinds[place % 4] for place in range(150)}
    corpus = open_corpus(pd.DataFrame({"name": ["A", "B"], **columns}))
    for place in range(150):
        found = corpus.query(f"SELECT v{place} FROM data ORDER BY {Corpus.ROW}")
        assert found[f"v{place}"].to_pylist() == right[place % 4]


def test_a_column_that_is_empty_at_first_is_read_by_its_later_cells() -> None:
    """Its first cells are far beyond the first rows, or there are only a few of them there."""
    late = [None] * 1500 + ["3,50", "1.200,00"]
    few = ["1,5", *[None] * 1500, "not a number"]
    prose = [None] * 1500 + ["A quiet house with a garden, near the sea."] * 2
    frame = pd.DataFrame({"name": range(1502), "late": late, "few": few, "prose": prose})
    corpus = open_corpus(frame)
    assert [row["late"] for row in corpus.rows([1500, 1501])] == [3.5, 1200.0]
    assert corpus.columns["few"].type == "VARCHAR"
    assert corpus.columns["prose"].kind == "prose"
