"""Read documents as a table with one row each: title, path and text."""

from __future__ import annotations

import codecs
import html
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa

from findall_frames.errors import CorpusError

__all__ = [
    "DOCUMENT_SUFFIXES",
    "FALLBACK_ENCODING",
    "check_text",
    "encoding_of",
    "files_inside",
    "find_documents",
    "read_documents",
]

DOCUMENT_SUFFIXES: Final = (".md", ".txt", ".html", ".htm")
FALLBACK_ENCODING: Final = "cp1252"
"""The encoding of most files that are not Unicode: that of Western Windows and Excel."""

_CHUNK: Final = 1 << 20
_LARGEST: Final = 64 << 20
"""How many bytes a document may have; the longest books have a tenth of it."""
_TOTAL: Final = 4 << 30
"""How many bytes all documents may have."""
_BATCH: Final = 16 << 20
# In this order, since one begins with another.
_MARKS: Final = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SCHEMA: Final = pa.schema([(name, pa.large_string()) for name in ("title", "path", "text")])
_HEADING: Final = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
_CHARSET: Final = re.compile(
    rb"<meta[^>]{1,200}charset\s*=\s*[\"']?\s*((?:iso-8859|windows|shift|euc|gb|big5|koi8)[\w-]*)",
    re.I,
)

# Each of these patterns takes linear time on any page. HTML parsers were tried instead, and take
# minutes for a megabyte of unclosed tags.
_SILENT: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript)\b.*?(?:</\1\s*>|\Z)", re.S | re.I
)
_TITLES: Final = [
    re.compile(rf"<{tag}\b[^<>]*+>(.*?)(?:</{tag}\s*>|\Z)", re.S | re.I) for tag in ("title", "h1")
]
_TAG: Final = re.compile(
    r"""<(?:/?([a-z][a-z0-9]*+)|[!?])(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""", re.I
)
# Block elements start a new paragraph; all other tags are within a line.
_BLOCKS: Final = re.compile(
    "address|article|aside|blockquote|body|caption|d[dlt]|details|dialog|div|fieldset|figcaption|"
    "figure|footer|form|h[1-6r]|head|header|html|li|main|nav|ol|option|p|pre|section|select|"
    "summary|table|tbody|td|tfoot|th|thead|title|tr|ul"
)


def encoding_of(file: BinaryIO, *, named: str = FALLBACK_ENCODING) -> str:
    """Return the encoding of a text: by its byte order mark, UTF-8 if valid, or else `named`."""
    chunk = file.read(_CHUNK)
    for mark, name in _MARKS.items():
        if chunk.startswith(mark):
            return name
    if 0 in chunk[:2]:  # UTF-16 without a mark
        return "utf-16-be" if chunk[0] == 0 else "utf-16-le"
    fits = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk:
            fits.decode(chunk)
            chunk = file.read(_CHUNK)
        fits.decode(b"", final=True)
    except UnicodeDecodeError:
        return named
    return "utf-8"


def check_text(content: bytes, path: Path) -> None:
    """Raise a CorpusError if a part of a file is nothing but null bytes, as in a sparse file."""
    if len(content) >= _CHUNK and not content.strip(b"\0"):
        raise CorpusError(
            f"{str(path)!r} has {len(content):,} null bytes in a row: it is not a text file, or "
            "was not written to its end. Write it again."
        )


def find_documents(folder: Path) -> list[Path]:
    """Return the documents in a folder and its subfolders, by path.

    Hidden files and links that lead out of the folder are left out.
    """
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in files if not name.startswith("."))
        found += (path for path in paths if path.suffix.lower() in DOCUMENT_SUFFIXES)
    return sorted(files_inside(folder, found))


def files_inside(folder: Path, paths: Iterable[Path]) -> list[Path]:
    """Return those paths that are regular files in `folder`, also after following links."""
    inside = folder.resolve()
    return [path for path in paths if path.is_file() and path.resolve().is_relative_to(inside)]


def read_documents(paths: Sequence[Path], *, root: Path) -> pa.RecordBatchReader:
    """Return documents as rows of title, path and text.

    The title is that of the page, the first heading, or the name of the file. Paths are relative
    to `root`, with slashes.

    Raises
    ------
    CorpusError
        A document is too large, or all of them are together.
    """
    sizes = [path.stat().st_size for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        if size > _LARGEST:
            raise CorpusError(
                f"Expected documents of at most {_LARGEST:,} bytes; {str(path)!r} has {size:,}. "
                "Split it, or move it out of the folder."
            )
    if sum(sizes) > _TOTAL:
        raise CorpusError(
            f"Expected documents of at most {_TOTAL:,} bytes together; these have {sum(sizes):,}. "
            "Pass a pattern that matches fewer of them."
        )
    return pa.RecordBatchReader.from_batches(_SCHEMA, _batches(paths, root=root))


def _batches(paths: Sequence[Path], *, root: Path) -> Iterator[pa.RecordBatch]:
    rows: list[dict[str, str]] = []
    size = 0
    for path in paths:
        rows.append(_read(path, root=root))
        size += len(rows[-1]["text"])
        if size > _BATCH:
            yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)
            rows, size = [], 0
    yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)


def _read(path: Path, *, root: Path) -> dict[str, str]:
    with path.open("rb") as file:
        content = file.read(_LARGEST)  # it may have grown
    for start in range(0, len(content), _CHUNK):
        check_text(content[start : start + _CHUNK], path)
    suffix, title = path.suffix.lower(), ""
    is_page, named = suffix in {".html", ".htm"}, FALLBACK_ENCODING
    if is_page and (stated := _CHARSET.search(content[:4096])):
        with suppress(LookupError):
            named = codecs.lookup(stated[1].decode("ascii", "replace")).name
    text = content.decode(encoding_of(io.BytesIO(content), named=named), errors="replace")
    if is_page:
        title, text = _read_page(text)
    elif suffix == ".md" and (heading := _HEADING.search(text)):
        title = heading[1].rstrip(" \t#")
    # File names may be bytes that are not valid text.
    stem, place = (
        os.fsencode(each).decode("utf-8", "replace")
        for each in (path.stem, path.relative_to(root).as_posix())
    )
    return {"title": title or stem, "path": place, "text": text}


def _read_page(text: str) -> tuple[str, str]:
    """Return the title of a page, or its first heading, and its paragraphs."""
    text = _SILENT.sub("", text)
    titles = [found[1] for pattern in _TITLES if (found := pattern.search(text))]
    title = next(filter(None, (_line(_TAG.sub("", each)) for each in titles)), "")
    text = _TITLES[0].sub("", text, count=1)
    text = _TAG.sub(_break, re.sub(r"\s+", " ", text))
    text = "\n".join(map(_line, text.split("\n")))
    return title, re.sub(r"\n{3,}", "\n\n", text).strip()


def _break(tag: re.Match[str]) -> str:
    name = (tag[1] or "").lower()
    return "\n\n" if _BLOCKS.fullmatch(name) else "\n" if name == "br" else ""


def _line(text: str) -> str:
    text = re.sub(r"&#(?=\w{20})", "&amp;#", text)  # no character has such a number
    return " ".join(html.unescape(text).split())
