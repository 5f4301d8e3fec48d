"""Writes tables as CSV files or an Excel workbook, in which no text runs as a formula."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from findall_frames.errors import (
    ExportError,
    FindAllWarning,
    InvalidRequestError,
    MissingExtraError,
    warn,
)
from findall_frames.frames.replacing import replace_file, replace_files
from findall_frames.frames.schema import TIME

__all__ = ["CsvFormat", "write_csv", "write_workbook"]

# The first character of a formula in a spreadsheet program, in either width.
_FORMULA: Final = "-=+@＝＋－＠"
# If a CSV file is opened with a separator other than its own, a text is split into cells at these
# characters, and into rows at line breaks.
_SEPARATORS: Final = ",;\t|"
_LINE_BREAKS: Final = "\r\n"
# What a spreadsheet program may strip before a formula; quotes are stripped in pairs.
_BLANKS: Final = '\x00-\x08\x0b\x0c\x0e-\x20"\u00a0\u200b\u3000\ufeff'
# -12.5, -1,234.50, -3e5, -7 %, -€5, -5 €; also at the end of a JSON list.
_NEGATIVE: Final = re.compile(
    r"-[€$£¥]?[0-9]+(?:[.,'\u00a0][0-9]+)*+(?:[eE][+-]?[0-9]+)?+[ \u00a0]?[%€$£¥]?"
    rf"[{_BLANKS}\])}}]*+"
)
_MARKED: Final = "utf-8-sig"

_SHEETS: Final = ("matches", "candidates", "fields", "citations", "excerpts", "reviews", "runs")
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_LONGEST_TEXT: Final = 32_767  # in UTF-16, where a character such as an emoji takes two units
_MOST_DIGITS: Final = 10**15
_FIRST_YEAR: Final = 1901
# In a narrower column, Excel shows ##### in place of a date.
_WIDTHS: Final = {pa.date32(): 11, TIME: 20}
# Excel reads _x0041_ as A. XlsxWriter escapes it, but not the second of two that share an
# underscore, and it writes a text of the form <r>...</r> as markup. In pieces, both stay text.
_ESCAPE: Final = "x[0-9a-fA-F]{4}_"
_MARKUP: Final = r"\A<(?=r>.*</r>\Z)"
_MISREAD: Final = re.compile(f"_{_ESCAPE}{_ESCAPE}|{_MARKUP}", re.DOTALL)
_PIECES: Final = re.compile(f"(?<=_)(?={_ESCAPE})|(?<=^<)(?=r>)")
# Characters that XML, and therefore a workbook, cannot hold.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class CsvFormat(NamedTuple):
    """How CSV files are written; `FindAllFrames.to_csv` documents it."""

    separator: str
    decimal: str
    encoding: str
    escape_formulas: bool

    def check(self) -> None:
        """Raise unless all of these are valid."""
        if self.separator not in tuple(_SEPARATORS):
            raise InvalidRequestError(
                "separator must be ',', ';', '\\t' or '|', which spreadsheet programs and "
                f"databases read, not {self.separator!r}."
            )
        if self.decimal not in (".", ",") or self.decimal == self.separator:
            raise InvalidRequestError(
                "decimal must be '.' or ',' and differ from the separator; got "
                f"{self.decimal!r} with the separator {self.separator!r}. With a decimal comma, "
                "the separator is usually ';'."
            )
        try:
            # Some codecs, such as base64, are not for text.
            "".encode(self.encoding)
        except (LookupError, TypeError, ValueError):
            raise InvalidRequestError(
                "encoding must be the name of a Python text encoding, such as 'utf-8-sig', "
                f"'utf-8' or 'cp1252', not {self.encoding!r}."
            ) from None


def write_csv(
    tables: Mapping[str, pa.Table], *, path: str | PathLike[str], written_as: CsvFormat
) -> Path:
    """Write tables to a folder of CSV files, all of them or none.

    If the path ends in ``.csv``, write only the matches, to that file.
    """
    if Path(path).suffix.lower() == ".csv":
        return replace_file(
            Path(path),
            lambda file: _write_csv(tables["matches"], file, written_as),
            what="The CSV file",
        )

    def write(into: Path) -> None:
        for name, table in tables.items():
            _write_csv(table, into / f"{name}.csv", written_as)

    return replace_files(path, write)


def _write_csv(table: pa.Table, path: Path, written_as: CsvFormat) -> None:
    if written_as.escape_formulas:
        table = _without_formulas(table, separator=written_as.separator)
    if written_as.decimal != ".":
        table = _with_decimal(table, written_as.decimal)
    options = pacsv.WriteOptions(delimiter=written_as.separator)
    codec = codecs.lookup(written_as.encoding).name
    with path.open("wb") as file:
        if codec in ("utf-8", _MARKED):
            if codec == _MARKED:
                file.write(codecs.BOM_UTF8)
            pacsv.write_csv(_readable_times(table), file, options)
            return
        content = BytesIO()
        pacsv.write_csv(_readable_times(table), content, options)
        try:
            file.write(content.getvalue().decode().encode(codec))
        except UnicodeEncodeError as error:
            raise ExportError(
                f"The encoding {written_as.encoding!r} does not support the character "
                f"{error.object[error.start]!r}. Use encoding='utf-8-sig', which supports all "
                "characters and opens in Excel."
            ) from error


def write_workbook(tables: Mapping[str, pa.Table], *, path: str | PathLike[str]) -> Path:
    """Write tables as the sheets of a workbook; after an error there is no new file."""
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise MissingExtraError(
            "to_excel needs XlsxWriter, which is not installed: "
            "pip install 'findall-frames[excel]'. to_csv works without it."
        ) from error
    target = Path(path)
    if target.suffix.lower() != ".xlsx":
        raise ExportError(
            f"to_excel writes to a file whose name ends in .xlsx, not to {str(target)!r}. For "
            "other formats use to_csv or to_parquet."
        )
    for name, table in tables.items():
        if table.num_rows >= _MOST_ROWS or table.num_columns > _MOST_COLUMNS:
            raise ExportError(
                f"The table {name} has {table.num_rows:,} rows and {table.num_columns:,} columns; "
                f"an Excel sheet holds {_MOST_ROWS - 1:,} rows below its header and "
                f"{_MOST_COLUMNS:,} columns. Use to_csv or to_parquet."
            )
    content = BytesIO()
    # A sheet holds 65,530 links at most, so addresses are written as text.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(content, options) as workbook:
        cells = _Cells(workbook)
        for name in _SHEETS:
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for place, kind in enumerate(tables[name].schema.types):
                if kind in _WIDTHS:
                    sheet.set_column(place, place, _WIDTHS[kind])
            columns = (column.to_pylist() for column in tables[name].columns)
            for number, row in enumerate((tables[name].column_names, *zip(*columns, strict=True))):
                for place, value in enumerate(row):
                    cells.write(sheet, number, place, value)
    replace_file(target, lambda file: file.write_bytes(content.getbuffer()), what="The workbook")
    if cells.shortened:
        warn(
            f"{cells.shortened} texts are longer than an Excel cell can hold, and were cut to "
            f"{_LONGEST_TEXT:,} characters (an emoji counts as two). to_csv and to_parquet write "
            "them in full.",
            FindAllWarning,
        )
    return target


class _Cells:
    """Writes cells, and counts the texts that had to be cut."""

    def __init__(self, workbook: Any) -> None:
        self.shortened = 0
        self._date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._plain = workbook.add_format()
        # The prefix that Excel itself sets, so that a text stays text when it is edited.
        self._quoted = workbook.add_format({"quote_prefix": True})

    def write(self, sheet: Any, row: int, column: int, value: object) -> None:
        """Write a value; every text stays text, whatever it looks like."""
        if isinstance(value, date) and value.year < _FIRST_YEAR:
            # The calendar of Excel begins in 1900.
            value = (
                value.replace(tzinfo=None) if isinstance(value, datetime) else value
            ).isoformat()
        if isinstance(value, int) and abs(value) >= _MOST_DIGITS:
            value = str(value)  # Excel would round it
        if isinstance(value, str):
            self._write_text(sheet, row, column, value)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, column, value.replace(tzinfo=None), self._time)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, self._date)
        elif value is not None:
            sheet.write_number(row, column, value)

    def _write_text(self, sheet: Any, row: int, column: int, text: str) -> None:
        # XML keeps only one kind of line break.
        text = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
        kept = _within_cell(text)
        if kept != text:
            text = kept
            self.shortened += 1
        quoted = self._quoted if text[:1] and text[0] in _FORMULA else None
        if _MISREAD.search(text):
            pieces = (piece for piece in _PIECES.split(text) if piece)
            sheet.write_rich_string(row, column, self._plain, *pieces, *filter(None, [quoted]))
        else:
            sheet.write_string(row, column, text, quoted)


def _within_cell(text: str) -> str:
    """Return the text, cut to what an Excel cell holds, counted in UTF-16 code units."""
    if 2 * len(text) <= _LONGEST_TEXT:
        return text
    units = text.encode("utf-16-le")
    # Half of a surrogate pair that was cut in two is dropped.
    return units[: 2 * _LONGEST_TEXT].decode("utf-16-le", "ignore")


def _without_formulas(table: pa.Table, *, separator: str) -> pa.Table:
    """Insert ``'`` before anything that could be read as a formula, at its start or later.

    The file's own separator can't split a text, because every text is quoted.
    """
    separators = _SEPARATORS.replace(separator, "") + _LINE_BREAKS
    blanks = _BLANKS if "\t" in separators else f"{_BLANKS}\t"
    skipped = f"{blanks}{separators}"
    # A run of blanks and separators is matched once: from its start, without backtracking.
    run = rf"(?:\A|(?<![{skipped}])(?=[{blanks}]*+[{separators}]))[{skipped}]*+"
    formula = re.compile(rf"{run}(?=[{_FORMULA}])|\A(?=[\t\r\n])")
    # Arrow's regular expressions need neither, as they never backtrack.
    suspect = rf"^[\t\r\n]|(^|[{separators}])[{blanks}]*[{_FORMULA}]"
    escape = partial(_escape_formulas, formula=formula, separators=separators)
    columns = table.columns
    for at, field in enumerate(table.schema):
        if field.type == pa.string():
            texts = columns[at]
            found = pc.fill_null(pc.match_substring_regex(texts, suspect), False)
            if pc.any(found).as_py():
                escaped = pa.array(map(escape, texts.filter(found).to_pylist()), pa.string())
                texts = pc.replace_with_mask(
                    texts.combine_chunks(), found.combine_chunks(), escaped
                )
                columns[at] = texts
    return pa.table(columns, schema=table.schema)


def _escape_formulas(text: str, *, formula: re.Pattern[str], separators: str) -> str:
    def escaped(found: re.Match[str]) -> str:
        run, after = found.group(), found.end()
        number = _NEGATIVE.match(text, after)
        if number is not None:
            # The number is a whole cell if the same separator stands on both sides of it.
            before = [each for each in run if each in separators]
            if number.end() == len(text) or text[number.end()] in before[-1:]:
                return run
        if found.start() == 0 and run[:1] in ("\t", "\r", "\n"):
            return f"'{run}'"
        return f"{run}'"

    return formula.sub(escaped, text)


def _with_decimal(table: pa.Table, decimal: str) -> pa.Table:
    """Write numbers with another decimal sign, including those in the texts of ``fields``."""
    for at, field in enumerate(table.schema):
        if field.type == pa.float64():
            texts = pc.replace_substring(table.column(at).cast(pa.string()), ".", decimal)
            table = table.set_column(at, field.name, texts)
    if {"value", "value_type"} <= set(table.column_names):
        values = table["value"]
        is_number = pc.fill_null(pc.equal(table["value_type"], "number"), False)
        texts = pc.if_else(is_number, pc.replace_substring(values, ".", decimal), values)
        table = table.set_column(table.column_names.index("value"), "value", texts)
    return table


def _readable_times(table: pa.Table) -> pa.Table:
    for at, field in enumerate(table.schema):
        if field.type == TIME:
            # Excel parses neither UTC offsets nor more than milliseconds.
            seconds = pc.cast(table.column(at), pa.timestamp("us")).cast(
                pa.timestamp("s"), safe=False
            )
            table = table.set_column(at, field.name, seconds.cast(pa.string()))
    return table
