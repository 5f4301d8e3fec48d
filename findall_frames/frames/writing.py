"""What frames can be written to: Parquet, CSV, Excel, a report, and Markdown."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from findall_frames.display.report_markdown import result_markdown
from findall_frames.display.result_html import frames_html
from findall_frames.display.result_view import ResultView
from findall_frames.errors import ExportError, InvalidRequestError
from findall_frames.frames.dataframes import PandasTables
from findall_frames.frames.evidence import count_doubts
from findall_frames.frames.export import CsvFormat, write_csv, write_workbook
from findall_frames.frames.lookup import warnings_in
from findall_frames.frames.parquet import write_folder
from findall_frames.frames.plain import to_plain
from findall_frames.frames.replacing import replace_file

if TYPE_CHECKING:
    pass

__all__ = ["Profile", "WritableTables"]

Profile: TypeAlias = Literal["analysis", "bi"]

_MOST_DOUBTED: Final = 500
_ENDINGS: Final = (".html", ".htm")


class WritableTables(PandasTables):
    """The part of `FindAllFrames` that writes the tables."""

    def to_parquet(self, folder: str | PathLike[str], *, profile: Profile = "analysis") -> Path:
        """Write one Parquet file per table to a folder.

        An existing folder keeps its other files, and only files that this package wrote are
        replaced. If the write is interrupted, the folder holds the old tables or the new ones, and
        so it does for those who read it meanwhile. `read_parquet` restores the five tables and
        the searches from either profile.

        Parameters
        ----------
        folder : str or path object
            Where the files go; created if missing.
        profile : {"analysis", "bi"}
            ``"analysis"``: the five tables as they are, for pandas, Polars, DuckDB and Arrow;
            compressed with zstd.

            ``"bi"``: for any BI tool. Only text, int64, float64, bool, date and
            timestamp[us, UTC]; snappy, and version 1.0 of the format and its pages. Categories
            are text, excerpts are a table of their own (``findall_id``, ``candidate_id``,
            ``field``, ``citation``, ``excerpt``, ``text``), and there is a seventh table:
            ``matches``, like ``frames.matches`` with its keys first and with names of
            lower-case letters (in ASCII, but for scripts other than Latin), digits and
            underscores.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        ExportError
            The folder cannot be written, is a link, or holds a file of that name which this
            package did not write.
        InvalidRequestError
            There is no such `profile`.

        Warns
        -----
        FindAllWarning
            Columns of ``matches`` were renamed. All changes are also listed as ``changes`` under
            the key ``findall_frames`` in the metadata of each file.
        """
        if profile not in ("analysis", "bi"):
            raise InvalidRequestError(
                f"profile is 'analysis' (lossless, for pandas, Polars, DuckDB and Arrow) or 'bi' "
                f"(for any BI tool), not {profile!r}."
            )
        if profile == "analysis":
            return write_folder(self.tables, self.searches, folder=folder)
        plain = to_plain(self.tables, self._wide())
        return write_folder(plain.tables, self.searches, folder=folder, changes=plain.changes)

    def to_csv(
        self,
        path: str | PathLike[str],
        *,
        separator: str = ",",
        decimal: str = ".",
        encoding: str = "utf-8-sig",
        escape_formulas: bool = True,
    ) -> Path:
        """Write CSV files, for tools that read no Parquet: a folder, or the matches alone.

        The tables are those of ``to_parquet(folder, profile="bi")``. Times are in UTC, to the
        second, without an offset.

        Parameters
        ----------
        path : str or path object
            A folder for one file per table; created if missing, and keeps its other files. If it
            ends in ``.csv``, it is one file with the matches, and replaces any file of that name
            once it is complete.
        separator : {",", ";", "\\t", "|"}
            Between the columns. In countries with a decimal comma, Excel expects ``";"``.
        decimal : {".", ","}
            Decimal sign of the numbers, also of those among the texts in ``fields``.
        encoding : str
            Any text encoding of Python. Without the byte order mark that ``"utf-8-sig"`` writes,
            Excel does not read UTF-8.
        escape_formulas : bool
            Put ``'`` before each ``=``, ``+``, ``-`` and ``@`` at the start of a text, or in it
            behind a line break or one of the other separators, with which the file may be opened:
            a spreadsheet program would run what follows as a formula, and text that a service
            found on the web could do harm there. Negative numbers stay as they are. Turn it off
            for a database.

        Returns
        -------
        pathlib.Path
            The folder or the file.

        Raises
        ------
        ExportError
            It cannot be written, the encoding lacks a character, `path` is a link, or the folder
            holds a file of that name which this package did not write. Older files are unchanged.
        InvalidRequestError
            There is no such `separator`, `decimal` or `encoding`.

        Warns
        -----
        FindAllWarning
            Columns of ``matches`` were renamed.

        Examples
        --------
        >>> import tempfile
        >>> import findall_frames as ff
        >>> from findall_frames.frames.schema import empty_tables
        >>> frames = ff.FindAllFrames(empty_tables())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = frames.to_csv(f"{folder}/matches.csv", separator=";", decimal=",")
        ...     print(path.read_text(encoding="utf-8-sig").strip())
        "findall_id";"candidate_id";"name";"url";"description"
        """
        written_as = CsvFormat(separator, decimal, encoding, escape_formulas)
        written_as.check()
        tables = to_plain(self.tables, self._wide()).tables
        return write_csv(tables, path=path, written_as=written_as)

    def to_excel(self, path: str | PathLike[str]) -> Path:
        """Write a workbook with one sheet per table; needs the extra ``excel``.

        The tables are those of ``to_parquet(folder, profile="bi")``, ``matches`` first. Every
        text stays text, even if it looks like a formula or an address (a sheet takes only 65,530
        links). Times are in UTC, without an offset; dates before 1901 and whole numbers of more
        than 15 digits are text, as Excel cannot hold them.

        Parameters
        ----------
        path : str or path object
            The file, whose name ends in ``.xlsx``. It replaces any file of that name once it is
            complete.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ExportError
            The file cannot be written, `path` is a link, or a table is larger than a sheet of
            Excel, which takes 1,048,576 rows. An older file is unchanged.
        MissingExtraError
            XlsxWriter is not installed.

        Warns
        -----
        FindAllWarning
            Columns of ``matches`` were renamed, or a text was longer than a cell can be.
        """
        return write_workbook(to_plain(self.tables, self._wide()).tables, path=path)

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write a report: one HTML file that opens anywhere, without Python and without a network.

        It says what was asked, how the search ended and how each condition was read, and has the
        explorer with all candidates, their evidence and the reviews. On paper and where scripts
        are off it is a table of the candidates (at most 2,000), and the evidence of the matches
        (at most 5 MB). A policy in the file allows no script but its own, and no request.

        Parameters
        ----------
        path : str or path object
            The file, whose name ends in ``.html``. An existing one is replaced.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ExportError
            The file cannot be written, is a folder, or does not end in ``.html``.

        Examples
        --------
        >>> import tempfile
        >>> import findall_frames as ff
        >>> from findall_frames.frames.schema import empty_tables
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = ff.FindAllFrames(empty_tables()).to_html(f"{folder}/report.html")
        ...     path.read_text(encoding="utf-8")[:15]
        '<!DOCTYPE html>'
        """
        # Only reports need what makes them.
        from findall_frames.display.report import report_page

        target = _report_path(path)
        page = report_page(self._result_view(), doubts=self._count_doubts())
        return replace_file(target, lambda file: file.write_bytes(page), what="The report")

    def to_markdown(self) -> str:
        """Return the matches in Markdown, with their evidence as numbered citations.

        Behind each value stand the numbers of its sources, which are listed at the end with
        their excerpts. No text of the data is markup: the links are those to the matches and
        to the sources.

        Examples
        --------
        >>> import findall_frames as ff
        >>> from findall_frames.frames.schema import empty_tables
        >>> print(ff.FindAllFrames(empty_tables()).to_markdown())
        # Search results
        <BLANKLINE>
        No candidate was found.
        <BLANKLINE>
        0 runs
        <BLANKLINE>
        """
        return result_markdown(self._result_view())

    def _repr_html_(self) -> str:
        return frames_html(self._result_view(), doubts=self._count_doubts())

    def _result_view(self) -> ResultView:
        return ResultView(
            self.tables,
            searches=self.searches,
            reviews=self._reviews(),
            warnings=warnings_in(self.tables["runs"]),
        )

    def _reviews(self) -> list[dict[str, Any]]:
        reviews: list[dict[str, Any]] = self.tables["reviews"].to_pylist()
        return reviews

    def _count_doubts(self) -> int | None:
        """Count the values in doubt, unless that would take longer than showing the rest."""
        return count_doubts(self.tables) if len(self) <= _MOST_DOUBTED else None


def _report_path(path: str | PathLike[str]) -> Path:
    """Return the path of a report, or raise unless one can be written to it."""
    try:
        target = Path(fspath(path))
    except TypeError:
        raise ExportError(
            f"to_html expects the name of a file, such as 'report.html', not {path!r:.200}."
        ) from None
    if target.suffix.lower() not in _ENDINGS:
        raise ExportError(
            f"to_html writes a file whose name ends in .html, so that browsers open it, not "
            f"{str(target)!r:.200}. For another format use to_markdown, to_excel or to_csv."
        )
    return target
