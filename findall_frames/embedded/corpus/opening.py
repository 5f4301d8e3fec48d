"""Open data of any kind as a corpus: tables in memory, files, documents, installed packages."""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa

from findall_frames.embedded.corpus.building import DataSource, build, connect
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.documents import (
    DOCUMENT_SUFFIXES,
    files_inside,
    find_documents,
    read_documents,
)
from findall_frames.embedded.corpus.files import TABLE_SUFFIXES, read_tables
from findall_frames.embedded.corpus.memory import read_memory
from findall_frames.embedded.corpus.naming import Dictionary, Roles, listed, read_dictionary
from findall_frames.embedded.corpus.packages import packages_table
from findall_frames.errors import CorpusError, FindAllWarning, MissingExtraError, warn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["open_corpus"]

_KINDS: Final = TABLE_SUFFIXES | dict.fromkeys(DOCUMENT_SUFFIXES, "documents")
_UNPACKED: Final = 2 << 30
"""How many bytes a workbook may unpack to; a sheet with the most rows of 30 cells has as many."""
_ADVICE: Final = re.compile(
    r"\nPossible fixes|\n\s*LINE \d|\sTry (?:increasing|setting|auto-detecting)|\n  file = "
    r"|, consider increasing"
)
"""What follows the reason in the messages of DuckDB."""
_PATTERN: Final = re.compile(r"[*?\[]")
_FILES: Final = (
    f"a file ending in {', '.join(TABLE_SUFFIXES)}, a folder of documents ending in "
    f"{', '.join(DOCUMENT_SUFFIXES)}, a folder of a partitioned table, or a pattern such as "
    "'data/*.csv' for several of a kind"
)


def open_corpus(
    source: Any,
    *,
    name_column: str | None = None,
    url_column: str | None = None,
    description_column: str | None = None,
    columns: Dictionary | None = None,
) -> Corpus:
    """Open data for the embedded service.

    Parquet files are read in place; everything else is loaded into DuckDB, which uses up to half
    of the machine's memory, and temporary files beyond that.

    Parameters
    ----------
    source : DataFrame, Arrow table, list of dicts, str or pathlib.Path
        A table with one row per entity: a pandas or Polars DataFrame, a DuckDB relation, a list
        of dicts, or anything else with ``__arrow_c_stream__``. Or the path of a file, of a folder
        of documents, or of a partitioned table, or a pattern such as ``"data/*.csv"``. Or
        ``"packages"`` for the distributions installed in this environment.
    name_column, url_column, description_column : str, optional
        The columns that name, locate and describe the rows. By default they are found by their
        names and their cells.
    columns : mapping of str to str, str or pathlib.Path, optional
        A data dictionary: descriptions by column, or a JSON, TOML or CSV file with them.

    Raises
    ------
    CorpusError
        The source cannot be read or is empty, or a given column does not exist.
    MissingExtraError
        The source is an Excel file, and ``findall-frames[excel]`` is not installed.

    Warns
    -----
    FindAllWarning
        A column was renamed, read as text, or read by convention.

    Examples
    --------
    >>> corpus = open_corpus([{"company": "Kilnworks", "founded": 2014}])
    >>> corpus
    Corpus('table', 1 rows, 2 columns)
    >>> corpus.columns["founded"].type
    'BIGINT'
    """
    dictionary = read_dictionary(columns)
    connection = connect()
    with tempfile.TemporaryDirectory(prefix="findall-frames-") as scratch:
        try:
            return build(
                connection,
                _source(source, connection=connection, scratch=Path(scratch)),
                given=Roles(name_column, url_column, description_column),
                dictionary=dictionary,
            )
        except (duckdb.Error, pa.ArrowException, OSError, UnicodeError, RecursionError) as error:
            connection.close()
            what = str(source) if isinstance(source, str | Path) else type(source).__name__
            raise CorpusError(
                f"{what!r} could not be read: {_reason(error)}. Check that it is complete and has "
                "the suffix of its format."
            ) from error
        except BaseException:
            connection.close()
            raise


def _source(source: Any, *, connection: duckdb.DuckDBPyConnection, scratch: Path) -> DataSource:
    if isinstance(source, str) and source == "packages":
        found = _in_memory(packages_table(), connection)
        about = "installed Python packages, distributions, libraries"
        return replace(found, name="packages", about=about)
    if not isinstance(source, str | Path):
        return _in_memory(source, connection)
    # Normalised as DuckDB does it; resolve() would follow links.
    path = Path(os.path.abspath(Path(source).expanduser()))  # noqa: PTH100
    return _on_disk(path, connection=connection, scratch=scratch)


def _in_memory(table: object, connection: duckdb.DuckDBPyConnection) -> DataSource:
    found = read_memory(table, connection=connection)
    if found is None:
        raise CorpusError(
            'Expected "packages", a DataFrame or another table in memory, a list of dicts, or the '
            f"path of {_FILES}; got {type(table).__name__}."
        )
    return found


def _on_disk(path: Path, *, connection: duckdb.DuckDBPyConnection, scratch: Path) -> DataSource:
    paths, root, name = [path], path.parent, path.stem
    if path.is_dir():
        paths, root, name = _in_folder(path), path, path.name.removesuffix(".parquet")
    elif not path.exists():
        root = Path(*takewhile(lambda part: not _PATTERN.search(part), path.parts[:-1]))
        name = root.name.removesuffix(".parquet")
        paths = sorted(filter(Path.is_file, root.glob(str(path.relative_to(root)))))
    elif not path.is_file():
        raise CorpusError(f"Expected a file or a folder; {str(path)!r} is a device or a pipe.")
    if not paths:
        raise CorpusError(
            f"There is no file {str(path)!r}, and no file matches it as a pattern. Check the path "
            "and the working directory."
        )
    kinds = {_KINDS.get(each.suffix.lower(), "") for each in paths}
    if "" in kinds:
        wrong = next(each.name for each in paths if each.suffix.lower() not in _KINDS)
        raise CorpusError(
            f"Expected {_FILES}; {wrong!r} is none of them. Convert it, or pass a DataFrame."
        )
    if len(kinds) > 1:
        raise CorpusError(
            f"Expected files of one kind; found {len(paths)} files of the kinds "
            f"{', '.join(sorted(kinds))}. Pass a pattern that matches one kind."
        )
    if kinds == {"documents"}:
        documents = files_inside(root, paths) if len(paths) > 1 else paths
        found = _in_memory(read_documents(documents, root=root), connection)
        found.name_column, found.prose = "title", frozenset({"text"})
    elif kinds == {"Excel"}:
        found = _in_memory(_read_excel(paths), connection)
    else:
        found = read_tables(paths, root=root, scratch=scratch, connection=connection)
    return replace(found, name=name)


def _in_folder(folder: Path) -> list[Path]:
    """Return the documents in a folder, or the parts of a table."""
    if (folder / "_delta_log").is_dir():
        raise CorpusError(
            f"{str(folder)!r} is a Delta table, whose files may contain deleted rows. Read it "
            "first, for example with polars.read_delta, and pass the table."
        )
    # Writers leave other files beside the parts, such as _SUCCESS.
    parts = find_documents(folder) or [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in TABLE_SUFFIXES
        and not any(each.startswith(("_", ".")) for each in path.relative_to(folder).parts)
    ]
    if not parts:
        raise CorpusError(
            f"The folder {str(folder)!r} has neither documents ending in "
            f"{', '.join(DOCUMENT_SUFFIXES)} nor parts of a table ending in "
            f"{', '.join(TABLE_SUFFIXES)}. Check the path."
        )
    return parts


def _read_excel(paths: Sequence[Path]) -> pd.DataFrame:
    """Read the first sheet of each workbook."""
    import pandas as pd

    sheets = []
    for path in paths:
        try:
            with zipfile.ZipFile(path) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > _UNPACKED:
                raise ValueError(f"it unpacks to {unpacked:,} bytes, more than {_UNPACKED:,}")
            with pd.ExcelFile(path, engine="openpyxl") as book:
                first, *others = map(str, book.sheet_names)
                sheet = pd.read_excel(book, dtype=object, na_values=[""], keep_default_na=False)
        except ImportError as error:
            raise MissingExtraError(
                "Excel files need openpyxl: install findall-frames[excel]."
            ) from error
        # Any parser of XML raises a SyntaxError where the XML is broken or unpacks without bounds.
        except (OSError, ValueError, zipfile.BadZipFile, KeyError, SyntaxError) as error:
            raise CorpusError(
                f"{str(path)!r} could not be read as an Excel workbook: {error}. Save it as .xlsx."
            ) from error
        if others:
            warn(
                f"{str(path)!r} has several sheets; {first!r} was read, {listed(others)} were not.",
                FindAllWarning,
            )
        sheets.append(sheet)
    return pd.concat(sheets, ignore_index=True) if len(sheets) > 1 else sheets[0]


def _reason(error: Exception) -> str:
    """Return DuckDB's message without its advice on options and without long lines of the file."""
    text = _ADVICE.split(str(error))[0]
    text = re.sub(r"Original Line:(.{0,60}).*?(?=\n[A-Z]|$)", r"Original line:\1", text, flags=re.S)
    text = re.sub(r"reading the stream registered as '\w+' failed: (?:\w+: )*", "", text)
    text = re.sub(r", at byte \d+ in line \d+", "", text)  # DuckDB counts some lines twice
    return re.sub(r"^[\w ]+ Error: ", "", " ".join(text.split())).rstrip(".")[:500]
