"""Notebooks of marimo, written from the sources of their cells, and their server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from typing import Literal

__all__ = ["notebook", "served"]

_REPOSITORY = Path(__file__).parent.parent.parent


def notebook(folder: Path, *cells: str) -> Path:
    """Write a notebook of marimo; a name that a cell assigns can be used in those below."""
    functions = "".join(
        f"@app.cell\ndef _():\n{indent(cell.strip(), '    ')}\n    return\n\n" for cell in cells
    )
    path = folder / "notebook.py"
    path.write_text(f"import marimo\n\napp = marimo.App()\n\n{functions}", "utf-8")
    return path


@contextmanager
def served(source: Path, *, home: Path, mode: Literal["run", "edit"] = "run") -> Iterator[str]:
    """Serve a notebook of marimo on loopback, as an app or to be edited, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    options = ["--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port)]
    surroundings = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "FINDALL_FRAMES_HOME": str(home / "findall_frames"),
        # Kernels take the slowed model from the tests.
        "PYTHONPATH": str(_REPOSITORY),
    }
    log = home / "marimo.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "marimo", mode, str(source), *options],
            env=surroundings,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}/"
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(address + "health", timeout=30).close()
                break
            except urllib.error.URLError:
                if process.poll() is not None or time.monotonic() > until:
                    words = log.read_text("utf-8")[-2000:]
                    raise AssertionError(f"marimo does not start: {words}") from None
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)
