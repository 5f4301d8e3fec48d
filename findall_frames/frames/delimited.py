"""CSV files that a spreadsheet program can open without running what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from findall_frames.frames.folder import replace_files
from findall_frames.frames.schema import TIME

__all__ = ["without_formulas", "write_csv_folder"]

# What a spreadsheet program takes for the beginning of a formula, in either width.
_FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
# Tells Excel that the text is UTF-8.
_MARK: Final = b"\xef\xbb\xbf"


def write_csv_folder(
    tables: Mapping[str, pa.Table], *, folder: str | PathLike[str], escape_formulas: bool
) -> Path:
    """Write plain tables as CSV files into a folder, all of them or none.

    Raises
    ------
    ExportError
        The folder cannot be written.
    """

    def write(into: Path) -> None:
        for name, table in tables.items():
            table = _readable_times(without_formulas(table) if escape_formulas else table)
            with (into / f"{name}.csv").open("wb") as file:
                file.write(_MARK)
                pacsv.write_csv(table, file)

    return replace_files(folder, write, obsolete=lambda _: [])


def without_formulas(table: pa.Table) -> pa.Table:
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
            # Excel takes neither an offset nor more than milliseconds.
            seconds = pc.cast(table.column(at), pa.timestamp("us")).cast(
                pa.timestamp("s"), safe=False
            )
            table = table.set_column(at, field.name, seconds.cast(pa.string()))
    return table
