"""Progress in marimo, which runs a notebook without a browser and keeps the card that is left."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.marimo_notebook import notebook

pytestmark = pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed")

SEARCH = """
import findall_frames as ff

cities = [{"name": "Oslo", "country": "Norway"}, {"name": "Rome", "country": "Italy"}]
frames = ff.find_all("Find cities in Italy", data=cities)
"""


MANY = """
import findall_frames as ff

cities = [{"name": "Oslo", "country": "Norway"}, {"name": "Rome", "country": "Italy"}]
frames = ff.find_many(["Find cities in Italy", "Find cities in Norway"], data=cities)
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SEARCH, ["1 match among 2 rows", "ff-question"]),
        (MANY, ["2 matches in 2 searches", "ff-board"]),
    ],
)
def test_the_card_stays_in_an_exported_notebook(
    tmp_path: Path, source: str, expected: list[str]
) -> None:
    """It is the output of the cell, and nothing is logged beside it."""
    page = tmp_path / "page.html"
    cells = notebook(tmp_path, source)
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "export", "html", str(cells), "-o", str(page)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    exported = page.read_text("utf-8")
    assert all(words in exported for words in expected)
    assert "findall_" not in done.stderr
