"""Documents as a table: one row each, with its title, its path and its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pyarrow as pa

from findall_frames.embedded.data.encodings import OTHERWISE, encoding_of_mark
from findall_frames.errors import CorpusError

__all__ = ["DOCUMENT_SUFFIXES", "find_documents", "read_documents"]

DOCUMENT_SUFFIXES: Final = (".md", ".txt", ".html", ".htm")

_SCHEMA: Final = pa.schema([(name, pa.large_string()) for name in ("title", "path", "text")])
_HEADING: Final = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_CHARSET: Final = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HEAD_BYTES: Final = 4096
# What is on the page but not said by it.
_SILENT: Final = frozenset({"script", "style", "template", "noscript"})
# Between these there is a break; whatever else there is stands within a line.
_BLOCKS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        address article aside blockquote body caption dd details dialog div dl dt fieldset
        figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol option p
        pre section select summary table tbody td tfoot th thead title tr ul
        """,
    )
)
_BREAK: Final = "\n\n"


def find_documents(folder: Path) -> list[Path]:
    """Give the documents in a folder and in the folders in it, hidden ones left out."""
    found = []
    for path in folder.rglob("*"):
        inner = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in inner)
        if not hidden and path.suffix.lower() in DOCUMENT_SUFFIXES and path.is_file():
            found.append(path)
    return sorted(found)


def read_documents(paths: Sequence[Path], *, root: Path) -> pa.Table:
    """Read documents.

    The title is that of the page, or the first heading, or the name of the file. Paths are
    written from `root`, with slashes.

    Raises
    ------
    CorpusError
        One of them cannot be read.
    """
    rows = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CorpusError(
                f"The document {str(path)!r} could not be read: {error.strerror}. Check that you "
                "may read it, or leave it out."
            ) from error
        if path.suffix.lower() in {".html", ".htm"}:
            title, text = _read_html(_decoded(content, named=_charset(content)))
        else:
            text = _decoded(content, named=None)
            heading = _HEADING.search(text) if path.suffix.lower() == ".md" else None
            title = heading[1] if heading else ""
        place = path.relative_to(root).as_posix()
        rows.append({"title": title or path.stem, "path": place, "text": text})
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _charset(content: bytes) -> str | None:
    found = _CHARSET.search(content[:_HEAD_BYTES])
    return found[1].decode("ascii") if found else None


def _decoded(content: bytes, *, named: str | None) -> str:
    """Decode a text: as its mark says, as it says itself, as UTF-8, else as Windows wrote it."""
    marked = encoding_of_mark(content)
    if marked is not None:
        return content.decode(marked, errors="replace")
    for name in (named, "utf-8"):
        try:
            if name is not None:
                return content.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode(OTHERWISE, errors="replace")


def _read_html(text: str) -> tuple[str, str]:
    page = _Page()
    page.feed(text)
    page.close()
    return page.title, page.text


class _Page(HTMLParser):
    """Collects what a page says, with a break between its blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._titles: dict[str, list[str]] = {"title": [], "h1": []}
        self._within: str | None = None
        self._silent: str | None = None

    @property
    def title(self) -> str:
        """The title of the page, or its first heading."""
        found = (" ".join("".join(parts).split()) for parts in self._titles.values())
        return next(filter(None, found), "")

    @property
    def text(self) -> str:
        """Its paragraphs, with an empty line between them."""
        paragraphs = (
            "\n".join(" ".join(line.split()) for line in part.split("\n"))
            for part in "".join(self._parts).split(_BREAK)
        )
        return _BREAK.join(part.strip() for part in paragraphs if part.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent = tag
        if tag in self._titles and not self._titles[tag]:
            self._within = tag
        if tag in _BLOCKS:
            self._parts.append(_BREAK)
        elif tag == "br":
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = None
        if tag == self._within:
            self._within = None
        if tag in _BLOCKS:
            self._parts.append(_BREAK)

    def handle_data(self, data: str) -> None:
        if self._silent is not None:
            return
        if self._within is not None:
            self._titles[self._within].append(data)
        if self._within != "title":
            self._parts.append(re.sub(r"\s+", " ", data))
