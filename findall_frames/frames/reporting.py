"""Writes reports: a result as one HTML file."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Final

from findall_frames.errors import ExportError
from findall_frames.frames.replacing import replace_file

__all__ = ["report_path", "write_report"]

_ENDINGS: Final = (".html", ".htm")


def report_path(path: str | PathLike[str]) -> Path:
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


def write_report(target: Path, make: Callable[[], bytes]) -> Path:
    """Write a report whole, or not at all."""
    return replace_file(target, lambda file: file.write_bytes(make()), what="The report")
