"""Where the rows of a corpus come from, when it is named by a path."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from findall_frames.embedded.data.documents import DOCUMENT_SUFFIXES, find_documents, read_documents
from findall_frames.embedded.data.files import TABLE_SUFFIXES, read_tables
from findall_frames.errors import CorpusError

__all__ = ["SOURCES", "Source", "read_source"]

SOURCES = (
    f"a file ending in {', '.join(TABLE_SUFFIXES)}, a folder of documents ending in "
    f"{', '.join(DOCUMENT_SUFFIXES)}, or a pattern such as 'data/*.csv' for several of a kind"
)
"""What a path may lead to, in words."""


class Source(NamedTuple):
    """What was read.

    Attributes
    ----------
    name : str
        What to call it.
    table : pyarrow.Table
        One row per entity.
    name_column : str or None
        The column that names them, where that is known.
    """

    name: str
    table: pa.Table
    name_column: str | None


def read_source(path: Path) -> Source:
    """Read a file, a folder of documents, or all that a pattern matches.

    Raises
    ------
    CorpusError
        There is nothing there, nothing that can be read, or several kinds of things.
    """
    if path.is_dir():
        found = find_documents(path)
        if not found:
            raise CorpusError(
                f"The folder {str(path)!r} has no documents: expected files ending in "
                f"{', '.join(DOCUMENT_SUFFIXES)}. For tables in it give a pattern, such as "
                f"{str(path / '*.csv')!r}."
            )
        return Source(path.resolve().name, read_documents(found, root=path), "title")
    if path.exists() or not _is_pattern(str(path)):
        return _read_files([path], root=path.parent, name=path.stem)
    root = _fixed_part(path)
    matched = sorted(one for one in root.glob(str(path.relative_to(root))) if one.is_file())
    if not matched:
        raise CorpusError(
            f"No file matches {str(path)!r}. Check the pattern and where you run this."
        )
    return _read_files(matched, root=root, name=root.resolve().name)


def _read_files(paths: list[Path], *, root: Path, name: str) -> Source:
    suffixes = {path.suffix.lower() for path in paths}
    if suffixes <= set(TABLE_SUFFIXES):
        return Source(name, read_tables(paths), None)
    if suffixes <= set(DOCUMENT_SUFFIXES):
        return Source(name, read_documents(paths, root=root), "title")
    others = suffixes - set(TABLE_SUFFIXES) - set(DOCUMENT_SUFFIXES)
    wrong = next((path for path in paths if path.suffix.lower() in others), None)
    if wrong is None:
        raise CorpusError(
            "Expected files of one kind; there are tables as well as documents among the "
            f"{len(paths)}. Search them one after the other."
        )
    raise CorpusError(
        f"A corpus is {SOURCES}; {wrong.name!r} is none of them. Convert it, or give a DataFrame, "
        'or "packages".'
    )


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _fixed_part(pattern: Path) -> Path:
    """The folder that a pattern starts from."""
    return Path(*takewhile(lambda part: not _is_pattern(part), pattern.parts))
