"""Writes the plain tables for people: CSV files and an Excel workbook in which no text is run."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from findall_frames.errors import ExportError, FindAllWarning, MissingExtraError, warn
from findall_frames.frames.parquet import replace_files
from findall_frames.frames.schema import TIME

__all__ = ["write_csv_folder", "write_workbook"]

# What a spreadsheet program takes for the beginning of a formula, in either width.
_FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
# A byte order mark, without which Excel does not read UTF-8.
_MARK: Final = b"\xef\xbb\xbf"

_SHEETS: Final = ("matches", "candidates", "fields", "citations", "excerpts", "runs")
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_LONGEST_TEXT: Final = 32_767
_MOST_DIGITS: Final = 10**15
_FIRST_YEAR: Final = 1901
# What XML, and so a workbook, cannot hold.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_csv_folder(
    tables: Mapping[str, pa.Table], *, folder: str | PathLike[str], escape_formulas: bool
) -> Path:
    """Write plain tables as CSV files to a folder, all of them or none."""

    def write(into: Path) -> None:
        for name, table in tables.items():
            table = _readable_times(_without_formulas(table) if escape_formulas else table)
            with (into / f"{name}.csv").open("wb") as file:
                file.write(_MARK)
                pacsv.write_csv(table, file)

    return replace_files(folder, write, obsolete=lambda _: [])


def write_workbook(tables: Mapping[str, pa.Table], *, path: str | PathLike[str]) -> Path:
    """Write plain tables as the sheets of a workbook, or nothing."""
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise MissingExtraError(
            "to_excel needs XlsxWriter, which is not installed: "
            "pip install 'findall-frames[excel]'. to_csv needs nothing more."
        ) from error
    target = Path(path)
    if target.suffix.lower() != ".xlsx":
        raise ExportError(
            f"to_excel writes workbooks, whose names end in .xlsx, not {str(target)!r}. For "
            "another format use to_csv or to_parquet."
        )
    for name, table in tables.items():
        if table.num_rows >= _MOST_ROWS or table.num_columns > _MOST_COLUMNS:
            raise ExportError(
                f"The table {name} has {table.num_rows:,} rows and {table.num_columns:,} columns; "
                f"a sheet of Excel takes {_MOST_ROWS - 1:,} rows below its header and "
                f"{_MOST_COLUMNS:,} columns. Use to_csv or to_parquet."
            )
    content = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(content, options) as workbook:
        cells = _Cells(workbook)
        for name in _SHEETS:
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            columns = (column.to_pylist() for column in tables[name].columns)
            for number, row in enumerate((tables[name].column_names, *zip(*columns, strict=True))):
                for place, value in enumerate(row):
                    cells.write(sheet, number, place, value)
    _replace_file(target, content)
    if cells.shortened:
        warn(
            f"{cells.shortened} texts are longer than a cell of Excel can be, and were cut after "
            f"{_LONGEST_TEXT:,} characters in the workbook. to_csv and to_parquet keep them whole.",
            FindAllWarning,
        )
    return target


class _Cells:
    """Writes cells, and counts the texts that had to be cut."""

    def __init__(self, workbook: Any) -> None:
        self.shortened = 0
        self._date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # The quote that Excel itself sets, so that a text stays one when it is edited.
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
        # XML has one kind of line break.
        text = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
        if len(text) > _LONGEST_TEXT:
            text = text[:_LONGEST_TEXT]
            self.shortened += 1
        quoted = self._quoted if text[:1] in ("=", "+", "-", "@") else None
        sheet.write_string(row, column, text, quoted)


def _replace_file(target: Path, content: BytesIO) -> None:
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content.getbuffer())
        beside.replace(target)
    except OSError as error:
        raise ExportError(
            f"The workbook {str(target)!r} could not be written ({error}). An older one is "
            "unchanged. If it is open in Excel, close it there and write again."
        ) from error
    finally:
        with suppress(OSError):  # nothing to remove if nothing could be written
            beside.unlink()


def _without_formulas(table: pa.Table) -> pa.Table:
    """Put ``'`` before each text that would be taken for a formula."""
    for at, field in enumerate(table.schema):
        if field.type == pa.string():
            texts = table.column(at)
            escaped = pc.if_else(
                pc.match_substring_regex(texts, _FORMULA),
                pc.binary_join_element_wise("'", texts, ""),
                texts,
            )
            table = table.set_column(at, field, escaped)
    return table


def _readable_times(table: pa.Table) -> pa.Table:
    for at, field in enumerate(table.schema):
        if field.type == TIME:
            # Excel reads neither an offset nor more than milliseconds.
            seconds = pc.cast(table.column(at), pa.timestamp("us")).cast(
                pa.timestamp("s"), safe=False
            )
            table = table.set_column(at, field.name, seconds.cast(pa.string()))
    return table
