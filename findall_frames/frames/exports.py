"""The ways in which tables leave: files, pandas, and other programs in this process."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pyarrow as pa

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import FindAllWarning, InvalidRequestError, warn
from findall_frames.frames.bi import Plain, arrow_of, to_plain
from findall_frames.frames.dataframes import insert_lists, to_arrow_dataframe, to_dataframe
from findall_frames.frames.delimited import write_csv_folder
from findall_frames.frames.parquet_files import write_folder
from findall_frames.frames.schema import TABLES
from findall_frames.frames.wide import widen
from findall_frames.frames.workbook import write_workbook

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Exports", "Profile"]

Profile: TypeAlias = Literal["analysis", "bi"]


class Exports:
    """What `FindAllFrames` can be turned into; not made by itself.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        The tables in Arrow.
    searches : mapping of str to FindAllSchema
        What was searched, by findall_id.
    """

    tables: Mapping[str, pa.Table]
    searches: Mapping[str, FindAllSchema]
    _dataframes: dict[str, pd.DataFrame]

    def to_parquet(self, folder: str | PathLike[str], *, profile: Profile = "analysis") -> Path:
        """Write one Parquet file per table into a folder.

        An existing folder keeps its other files. If the write is interrupted, the folder holds
        the old tables or the new ones. `read_parquet` reads either profile, and finds the same
        four tables and searches again.

        Parameters
        ----------
        folder : str or path object
            Where the files go; it is made if it is not there.
        profile : {"analysis", "bi"}
            ``"analysis"``: the four tables as they are, for pandas, Polars, DuckDB and Arrow;
            compressed with zstd.

            ``"bi"``: what every BI tool reads. Only text, int64, float64, bool, date and
            timestamp[us, UTC]; snappy, and version 1.0 of the format and its pages. Categories
            are text, excerpts are a table of their own (``findall_id``, ``candidate_id``,
            ``field``, ``citation``, ``excerpt``, ``text``), and there is a sixth table:
            ``matches``, as of ``frames.matches`` with its keys first, and with names of
            lower-case letters, digits and underscores.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        ExportError
            The folder cannot be written.
        InvalidRequestError
            There is no such `profile`.

        Warns
        -----
        FindAllWarning
            Columns of ``matches`` got another name. Everything that was changed is also listed
            as ``changes`` under the key ``findall_frames`` in the metadata of each file.
        """
        if profile not in ("analysis", "bi"):
            raise InvalidRequestError(
                f"profile is 'analysis' (lossless, for pandas, Polars, DuckDB and Arrow) or 'bi' "
                f"(for any BI tool), not {profile!r}."
            )
        if profile == "analysis":
            return write_folder(self.tables, self.searches, folder=folder)
        plain = self._plain()
        return write_folder(plain.tables, self.searches, folder=folder, changes=plain.changes)

    def to_csv(self, folder: str | PathLike[str], *, escape_formulas: bool = True) -> Path:
        """Write one CSV file per table into a folder, for tools that read no Parquet.

        The tables are those of ``to_parquet(folder, profile="bi")``. The files are UTF-8 with a
        byte order mark, which Excel needs; times are in UTC, to the second, without an offset.

        Parameters
        ----------
        folder : str or path object
            Where the files go; it is made if it is not there, and keeps its other files.
        escape_formulas : bool
            Put ``'`` before each text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a
            line break: a spreadsheet program would take it for a formula, and what a service
            found on the web could then do harm there. Turn it off for a database.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        ExportError
            The folder cannot be written.

        Warns
        -----
        FindAllWarning
            Columns of ``matches`` got another name.
        """
        return write_csv_folder(
            self._plain().tables, folder=folder, escape_formulas=escape_formulas
        )

    def to_excel(self, path: str | PathLike[str]) -> Path:
        """Write a workbook with one sheet per table; needs the extra ``excel``.

        The tables are those of ``to_parquet(folder, profile="bi")``, ``matches`` first. Every
        text is a text, also where it looks like a formula. Times are in UTC, without an offset;
        dates before 1901 and whole numbers of more than 15 digits are texts, as Excel has no
        place for them.

        Parameters
        ----------
        path : str or path object
            The file, whose name ends in ``.xlsx``. An existing one is replaced.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ExportError
            The file cannot be written, or a table is larger than a sheet of Excel.
        MissingExtraError
            openpyxl is not installed.

        Warns
        -----
        FindAllWarning
            Columns of ``matches`` got another name, or a text was longer than a cell can be.
        """
        return write_workbook(self._plain().tables, path=path)

    def to_pandas(
        self, name: str, *, dtype_backend: Literal["numpy_nullable", "pyarrow"] = "numpy_nullable"
    ) -> pd.DataFrame:
        """Give one of the tables as a DataFrame.

        Parameters
        ----------
        name : str
            ``"matches"``, ``"runs"``, ``"candidates"``, ``"fields"`` or ``"citations"``.
        dtype_backend : {"numpy_nullable", "pyarrow"}
            ``"numpy_nullable"``: the types that ``frames.candidates`` and the others have.
            ``"pyarrow"``: `pandas.ArrowDtype` for every column, over the memory of
            ``frames.tables`` itself. pandas can write lists of excerpts of that kind to Parquet,
            but not read them again.

        Raises
        ------
        InvalidRequestError
            There is no such table or backend.
        """
        if name not in ("matches", *TABLES):
            raise InvalidRequestError(
                f"There is no table {name!r}; the tables are matches, {', '.join(TABLES)}."
            )
        if dtype_backend not in ("numpy_nullable", "pyarrow"):
            raise InvalidRequestError(
                f"dtype_backend is 'numpy_nullable' or 'pyarrow', not {dtype_backend!r}."
            )
        if dtype_backend == "pyarrow":
            table = arrow_of(self._wide()) if name == "matches" else self.tables[name]
            return to_arrow_dataframe(table)
        if name == "matches":
            return self._wide().copy(deep=False)
        if name not in self._dataframes:
            self._dataframes[name] = to_dataframe(self.tables[name])
        # Copy-on-write keeps an edit of the copy from the original, but not one of a list in it.
        return insert_lists(self._dataframes[name].copy(deep=False), table=self.tables[name])

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the matches to whatever speaks Arrow, such as ``polars.DataFrame(frames)``."""
        return arrow_of(self._wide()).__arrow_c_stream__(requested_schema)

    def _wide(self) -> pd.DataFrame:
        if "matches" not in self._dataframes:
            self._dataframes["matches"] = widen(
                self.tables, self.searches, status="matched", values="value", evidence=False
            )
        return self._dataframes["matches"]

    def _plain(self) -> Plain:
        plain = to_plain(self.tables, self._wide())
        if plain.renamed:
            renamed = (f"{field!r} as {name!r}" for field, name in plain.renamed.items())
            warn(
                "Some columns of matches have names that not every BI tool takes, and stand "
                f"under others: {', '.join(renamed)}.",
                FindAllWarning,
            )
        return plain
