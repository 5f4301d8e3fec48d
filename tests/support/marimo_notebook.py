"""Notebooks of marimo, written from the sources of their cells."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

__all__ = ["notebook"]


def notebook(folder: Path, *cells: str) -> Path:
    """Write a notebook of marimo; a name that a cell assigns can be used in those below."""
    functions = "".join(
        f"@app.cell\ndef _():\n{indent(cell.strip(), '    ')}\n    return\n\n" for cell in cells
    )
    path = folder / "notebook.py"
    path.write_text(f"import marimo\n\napp = marimo.App()\n\n{functions}", "utf-8")
    return path
