"""An Excel workbook in which no text is a formula."""

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

from findall_frames.errors import ExportError, FindAllWarning, MissingExtraError, warn

__all__ = ["write_workbook"]

_SHEETS: Final = ("matches", "candidates", "fields", "citations", "excerpts", "runs")
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_LONGEST_TEXT: Final = 32_767
_MOST_DIGITS: Final = 10**15
_FIRST_YEAR: Final = 1901
# What XML, and so a workbook, cannot hold.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_workbook(tables: Mapping[str, pa.Table], *, path: str | PathLike[str]) -> Path:
    """Write plain tables as the sheets of a workbook, whole or not at all.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed.
    ExportError
        The file cannot be written, or a table is larger than a sheet can be.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise MissingExtraError(
            "to_excel needs openpyxl, which is not installed: pip install 'findall-frames[excel]'. "
            "to_csv needs nothing more."
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
    workbook = Workbook(write_only=True)
    cells = _Cells()
    for name in _SHEETS:
        sheet = workbook.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([cells.of(sheet, column) for column in tables[name].column_names])
        columns = (column.to_pylist() for column in tables[name].columns)
        for row in zip(*columns, strict=True):
            sheet.append([cells.of(sheet, value) for value in row])
    content = BytesIO()  # openpyxl cannot be closed after it has failed to write a file
    workbook.save(content)
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content.getbuffer())
        beside.replace(target)
    except OSError as error:
        raise ExportError(
            f"The workbook {str(target)!r} could not be written ({error}). What was there before "
            "still is; if it is open in Excel, close it there and write again."
        ) from error
    finally:
        with suppress(OSError):  # there is nothing to remove where nothing could be written
            beside.unlink()
    if cells.shortened:
        warn(
            f"{cells.shortened} texts are longer than a cell of Excel can be, and end after "
            f"{_LONGEST_TEXT:,} characters in the workbook. to_csv and to_parquet keep all of "
            "them.",
            FindAllWarning,
        )
    return target


class _Cells:
    """Makes cells, and counts the texts that had to be cut."""

    def __init__(self) -> None:
        self.shortened = 0

    def of(self, sheet: Any, value: object) -> Any:
        """Bring a value to what a sheet takes; every text is text, whatever it looks like."""
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        if isinstance(value, date) and value.year < _FIRST_YEAR:
            value = value.isoformat()  # the calendar of Excel begins in 1900
        if isinstance(value, int) and abs(value) >= _MOST_DIGITS:
            value = str(value)  # Excel would round it
        return self._text(sheet, value) if isinstance(value, str) else value

    def _text(self, sheet: Any, text: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        text = _UNWRITABLE.sub("\ufffd", text)
        if len(text) > _LONGEST_TEXT:
            text = text[:_LONGEST_TEXT]
            self.shortened += 1
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"
        if text[:1] in ("=", "+", "-", "@"):
            cell.quotePrefix = True  # so that it stays text when somebody edits it
        return cell
