"""Random small files of numbers and days, and files that say something false of themselves."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import findall_frames as ff
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.errors import CorpusError, FindAllWarning
from tests.support.corpora import all_rows

MARKS = [(",", "."), (".", ","), ("", "."), ("", ","), (" ", ","), ("\u202f", ","), ("'", ".")]
MONEY = ["€", "$", "£", "EUR", "CHF", "kr", "zł", "¥", "₹", "Fr."]
AMOUNTS = ["{}", "{}", "{money}{}", "{money} {}", "{} {money}", "{}{money}", "{}%", "{} kg"]
NEGATIVES = ["-{}", "−{}", "({})", "{}-"]
BLANKS = ["", "NA", "n/a", "-", "N/A", "null", "None", "#N/A", "NaN", "—", "?", "."]
DAYS = [
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y"),
    *("%Y.%m.%d", "%d %b %Y", "%B %d, %Y", "%b %d %Y", "%d.%m.%y", "%d-%b-%y"),
    *("%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"),
    "%Y-%m-%d %H:%M:%S+02:00",
]
HEADERS = ["value", "price, net", "a;b", "x\ty", "größe", "Σ", '5" pipe', "two\nlines", "sep=", "1"]
# What a cell says that could as well be 1,234 as 1.234: read as the kind of file usually means it.
BY_CUSTOM = re.compile(r"\D*\d{1,3}[.,]\d{3}\D*")


@dataclass
class Written:
    """A column of a file: its cells as they are written, and what they say."""

    header: str
    cells: list[Any] = field(default_factory=list)
    truth: list[Any] = field(default_factory=list)


def amounts(column: Written, rows: int, marks: tuple[str, str], chance: Random) -> None:
    """Fill a column with decimal numbers in one notation."""
    group, point = marks
    places, largest = chance.choice([0, 1, 2, 2, 3, 4]), chance.choice([100, 10**4, 10**7, 10**13])
    amount = chance.choice(AMOUNTS).replace("{money}", chance.choice(MONEY))
    negative, share = chance.choice(NEGATIVES), chance.choice([0, 0.4])
    for _ in range(rows):
        number = Decimal(chance.randint(1, largest * 10**places)).scaleb(-places)
        text = f"{number:,f}".translate({ord(","): group, ord("."): point})
        text = amount.format(text)
        if chance.random() < share:
            number, text = -number, negative.format(text)
        column.cells.append(text)
        column.truth.append(number)


def days(column: Written, rows: int, form: str, chance: Random) -> None:
    """Fill a column with days or times in one format; some of these columns are ambiguous."""
    latest = chance.choice([12, 28])
    for _ in range(rows):
        date = dt.datetime(chance.randint(1950, 2030), chance.randint(1, 12), 1)
        time = date.replace(
            day=chance.randint(1, latest), hour=chance.randrange(24), minute=chance.randrange(60)
        )
        column.cells.append(time.strftime(form))
        if ":%M" not in form:
            time = time.replace(hour=0, minute=0)
        column.truth.append(time - dt.timedelta(hours=2) if "+02" in form else time)


def numerals(column: Written, rows: int, chance: Random) -> None:
    """Fill a column with numbers as JSON has them, now and then too large or too long for any."""
    kinds = chance.choice(
        [["whole"], ["fraction"], ["whole", "fraction", "vast"], ["whole", "vast"]]
    )
    for _ in range(rows):
        number: int | float = chance.randint(-(10**6), 10**6)
        if (kind := chance.choice(kinds)) == "vast":
            number = chance.choice([2**53 + 1, 2**63, -(2**64), 10**38, 10**39, 10**50])
        elif kind == "fraction":
            number = number / chance.choice([8, 10, 1e6])
        column.cells.append(number)
        column.truth.append(Decimal(number) if isinstance(number, int) else number)


def random_columns(kind: str, chance: Random) -> list[Written]:
    """Make the columns of a file: in a file of text all numbers are in one notation."""
    columns = [Written(header) for header in chance.sample(HEADERS, 4)]
    rows, marks = chance.randint(3, 12), chance.choice(MARKS)
    for column in columns[:2]:
        amounts(column, rows, marks, chance)
    days(columns[2], rows, chance.choice(DAYS), chance)
    numerals(columns[3], rows, chance)
    for column in columns[:3]:
        for row in range(1, rows):
            if chance.random() < 0.12:
                column.cells[row], column.truth[row] = chance.choice(BLANKS), None
    if kind in {"csv", "tsv"}:
        columns[3].cells = [str(cell) for cell in columns[3].cells]
        # Written by a program whose numbers have a point, other than those beside them.
        return columns if marks == ("", ".") else columns[:3]
    return columns


def write(path: Path, columns: list[Written], chance: Random) -> None:
    """Write a file of the kind that its suffix says, in one of the ways that there are."""
    names = [f"N{row}" for row in range(len(columns[0].cells))]
    headers = ["name", *(column.header for column in columns)]
    rows = list(zip(names, *(column.cells for column in columns), strict=True))
    if path.suffix == ".xlsx":
        # A sheet holds 15 digits; what has more is text in it.
        kept = [[str(c) if isinstance(c, int) and abs(c) > 10**15 else c for c in r] for r in rows]
        pd.DataFrame(kept, columns=headers, dtype=object).to_excel(path, index=False)
        return
    content = io.StringIO()
    if path.suffix in {".json", ".jsonl"}:
        objects = [dict(zip(headers, row, strict=True)) for row in rows]
        is_ascii = chance.random() < 0.5
        lines = [json.dumps(each, ensure_ascii=is_ascii) for each in objects]
        content.write("\n".join(lines) if path.suffix == ".jsonl" else f"[{', '.join(lines)}]")
    else:
        separator = "\t" if path.suffix == ".tsv" else chance.choice(",;|\t")
        end = chance.choice(["\n", "\r\n"])
        quoting: Any = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        if chance.random() < 0.25:
            content.write(f"sep={separator}{end}")
        writer = csv.writer(content, delimiter=separator, lineterminator=end, quoting=quoting)
        writer.writerows([headers, *rows])
    encodings = ["utf-8", "utf-8-sig", "utf-16"] + ["cp1252"] * (path.suffix in {".csv", ".tsv"})
    encoding = chance.choice(encodings)
    try:
        path.write_bytes(content.getvalue().encode(encoding))
    except UnicodeEncodeError:
        path.write_bytes(content.getvalue().encode())


def is_right(found: Any, truth: Any) -> bool:
    """Return True if a value is what its cell says."""
    if truth is None or found is None:
        return truth is found
    if isinstance(truth, dt.datetime):
        if isinstance(found, dt.datetime):
            return found.replace(tzinfo=None) == truth and found.utcoffset() in (
                None,
                dt.timedelta(),
            )
        return isinstance(found, dt.date) and dt.datetime.combine(found, dt.time()) == truth
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        return False
    if isinstance(found, float):
        return found == float(truth) and (not isinstance(truth, int) or int(found) == truth)
    return bool(found == truth)


def is_kept(found: Any, cell: Any) -> bool:
    """Return True if a cell is there as text; a blank one is missing."""
    if isinstance(cell, str):
        return bool(found == (cell if str(cell).strip() else None))
    return isinstance(found, str) and Decimal(found) == Decimal(repr(cell))


def outcome(column: Written, found: list[Any]) -> str:
    """Say how a column was read."""
    if all(map(is_right, found, column.truth)):
        return "right"
    if all(map(is_kept, found, column.cells)):
        return "text"
    pairs = zip(found, column.truth, column.cells, strict=True)
    by_custom = all(
        said is None
        or (
            isinstance(said, Decimal)
            and BY_CUSTOM.fullmatch(str(cell))
            and any(is_right(read, said.scaleb(places)) for places in (-3, 3))
        )
        for read, said, cell in pairs
    )
    return "by custom" if by_custom else "wrong"


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in range(1, 16))]
)
def test_a_number_or_day_of_a_file_is_read_right_or_stays_text(seed: int, tmp_path: Path) -> None:
    """In 60 files for each seed; most columns are read, and no row is lost."""
    outcomes: list[tuple[Any, ...]] = []
    for number in range(60):
        chance = Random(f"{seed} {number}")
        kind = chance.choice(["csv", "csv", "csv", "tsv", "json", "jsonl", "xlsx"])
        columns = random_columns(kind, chance)
        path = tmp_path / f"{number}.{kind}"
        write(path, columns, chance)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FindAllWarning)
            corpus = open_corpus(path)
        rows = all_rows(corpus)
        assert [row["name"] for row in rows] == [f"N{n}" for n in range(len(columns[0].cells))]
        assert len(corpus.columns) == len(columns) + 1, path.name
        for column, name in zip(columns, list(corpus.columns)[1:], strict=True):
            found = [row[name] for row in rows]
            outcomes.append((outcome(column, found), path.name, column.cells, found))
    assert [each for each in outcomes if each[0] == "wrong"] == []
    assert sum(each[0] == "right" for each in outcomes) > 0.7 * len(outcomes)


PARQUET_ROWS = 500


@pytest.fixture(scope="module")
def parquet_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Write a table of 500 rows in several ways."""
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    numbers = range(PARQUET_ROWS)
    columns = {"name": [f"n{n}" for n in numbers], "v": numbers, "x": [n / 7 for n in numbers]}
    written = []
    for compression in ("none", "snappy", "zstd"):
        table = pa.table({**columns, "text": ["as many words as these"] * PARQUET_ROWS})
        pq.write_table(table, path, compression=compression, row_group_size=200)
        written.append(path.read_bytes())
    return written


def footer_of(content: bytes | bytearray) -> slice:
    """Return where the metadata of a Parquet file is."""
    size = struct.unpack("<I", content[-8:-4])[0]
    return slice(len(content) - 8 - size, len(content) - 8)


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.thorough)])
def test_parquet_with_changed_metadata_has_all_of_its_rows_or_is_refused(
    count: int, parquet_files: list[bytes], tmp_path: Path
) -> None:
    """Also if a damaged page is found only when its rows are read."""
    path = tmp_path / "t.parquet"
    refused = 0
    for number in range(count):
        chance = Random(number)
        content = bytearray(chance.choice(parquet_files))
        footer = footer_of(content)
        at = chance.randrange(footer.start, footer.stop)
        if chance.random() < 0.5:
            content[at] ^= 1 << chance.randrange(8)
        else:
            content[at : at + 4] = chance.choice([b"\xff\xff\xff\x0f", b"\0\0\0\0"])
        path.write_bytes(content)
        try:
            corpus = open_corpus(path)
        except CorpusError:
            refused += 1
            continue
        assert len(corpus) == PARQUET_ROWS, number
        try:
            assert len(all_rows(corpus)) == PARQUET_ROWS
        except duckdb.Error:
            refused += 1
    assert refused > 0.3 * count


@pytest.mark.parametrize("rows", [436, 1012])
def test_parquet_that_states_other_rows_than_it_has_is_refused(rows: int, tmp_path: Path) -> None:
    """Rows would be left out, or counted that do not exist."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"name": [f"n{n}" for n in range(PARQUET_ROWS)]}), path)
    content = bytearray(path.read_bytes())
    # Numbers are stored doubled, seven bits to a byte; that of all rows comes first.
    said, other = (bytes([2 * n & 127 | 128, 2 * n >> 7]) for n in (PARQUET_ROWS, rows))
    at = content.index(said, footer_of(content).start)
    content[at : at + 2] = other
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=rf"it states {rows:,} rows and has 500"):
        open_corpus(path)


@pytest.mark.parametrize("depth", [90, 300])
def test_deep_parquet_is_refused(depth: int, tmp_path: Path) -> None:
    """By DuckDB, whose advice on its options is of no use here."""
    type_ = pa.int64()
    for _ in range(depth):
        type_ = pa.list_(type_)
    pq.write_table(pa.table({"name": ["A"], "v": pa.array([None], type_)}), tmp_path / "t.parquet")
    with pytest.raises(CorpusError, match="nested") as caught:
        open_corpus(tmp_path / "t.parquet")
    assert "increasing" not in str(caught.value)


def test_a_damaged_column_is_named_and_others_are_searched(tmp_path: Path) -> None:
    """The file is read in place, so the damage is found by the condition on that column."""
    path = tmp_path / "t.parquet"
    table = pa.table({"name": ["A", "B"] * 500, "x": range(1000), "y": range(1000)})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    page = pq.read_metadata(path).row_group(0).column(1)
    content = bytearray(path.read_bytes())
    end = page.data_page_offset + page.total_compressed_size
    content[end - 200 : end] = bytes(200)
    path.write_bytes(content)
    assert len(ff.find_all("y >= 900", data=path, progress=False).matches) == 100
    with pytest.raises(ff.errors.ConditionNotUnderstoodError) as caught:
        ff.find_all("x >= 900", data=path, progress=False)
    assert "cannot be answered: the file of its columns (x) is damaged" in str(caught.value)
    # A cast that fails is not the fault of the file.
    with pytest.raises(ff.errors.ConditionNotUnderstoodError, match="TRY_CAST"):
        ff.find_all("CAST(name AS INT) > 1", data=path, progress=False)


@pytest.mark.parametrize("stated", [10, 2**31 - 1, 2**32 - 2])
def test_a_workbook_whose_archive_states_false_sizes_is_refused(
    stated: int, tmp_path: Path
) -> None:
    """Whether a sheet is larger than it says, or smaller."""
    path = tmp_path / "t.xlsx"
    pd.DataFrame({"name": ["A"] * 1000, "n": 1}).to_excel(path, index=False)
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    content = path.read_bytes().replace(struct.pack("<I", size), struct.pack("<I", stated))
    path.write_bytes(content)
    with pytest.raises(CorpusError, match="could not be read as an Excel workbook"):
        open_corpus(path)


def test_a_workbook_whose_entities_unpack_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """The billion laughs: each entity is ten of the one before."""
    path, bomb = tmp_path / "t.xlsx", tmp_path / "bomb.xlsx"
    pd.DataFrame({"name": ["A"]}).to_excel(path, index=False)
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE sst [<!ENTITY e0 "ha">{entities}]>'
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(bomb, "w") as changed:
        for member in archive.namelist():
            text = archive.read(member)
            if member.endswith("sharedStrings.xml"):
                root = text.index(b"<sst")  # behind the declaration of XML, if there is one
                filled = text[root:].replace(b"<t>A</t>", b"<t>&e9;</t>")
                text = text[:root] + laughs.encode() + filled
                assert b"&e9;" in filled
            changed.writestr(member, text)
    with pytest.raises(CorpusError, match="could not be read as an Excel workbook"):
        open_corpus(bomb)


OPTIONS: dict[str, list[Any]] = {
    "mode.string_storage": ["python", "pyarrow"],
    "future.distinguish_nan_and_na": [True],
    "future.python_scalars": [True],
    "io.excel.xlsx.reader": ["calamine"],
    "io.excel.xlsx.writer": ["openpyxl", "xlsxwriter"],
}


@pytest.mark.parametrize(
    ("option", "value"), [(name, value) for name, values in OPTIONS.items() for value in values]
)
def test_cells_are_read_alike_under_any_option_of_pandas(
    option: str, value: object, tmp_path: Path
) -> None:
    """In workbooks and in frames: what is missing stays missing, and "NA" stays text."""
    day = dt.datetime(2020, 1, 2)
    rows: list[dict[str, Any]] = [
        {"name": "A", "n": 1, "x": 1.5, "is": True, "day": day, "code": "007"},
        dict.fromkeys(("name", "n", "x", "is", "day", "code")),
        {"name": "NA", "n": 3, "x": 2.0, "is": False, "day": day, "code": None},
    ]
    with pd.option_context(option, value):
        frame = pd.DataFrame(rows)
        frame.to_excel(tmp_path / "t.xlsx", index=False)
        for name, type_ in [("n", "Int64"), ("x", "Float64"), ("is", "boolean")]:
            frame[name] = pd.Series([row[name] for row in rows], dtype=type_)
        for source in (tmp_path / "t.xlsx", frame):
            assert all_rows(open_corpus(source)) == rows
