"""The overview of many searches: totals, a line for each, and the rest counted."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import nbclient
import nbformat
import pytest

import findall_frames as ff
from findall_frames.progress import board as boards
from findall_frames.progress.board import board_for

SERVICE = "https://api.parallel.ai"


class Terminal(io.StringIO):
    """A file that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def update(number: int, status: str = "waiting", **more: Any) -> ff.Update:
    """Return the state of a search; it has a run unless it waits."""
    findall_id = "" if status in ("waiting", "not_started") else f"findall_{number}"
    return ff.Update(findall_id, f"Find tiles {number}", SERVICE, status, **more)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show every change."""
    monkeypatch.setattr(boards, "_OFTEN", 0.0)
    monkeypatch.setattr(boards, "_RARELY", 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_log_has_the_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the next search waits for."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    board = board_for("log")
    board.begin(update(n) for n in range(4))
    board.show(0, update(0, "running", matched=2, cost=2.3), held_up="")
    board.show(1, update(1, "completed", matched=1, cost=2.15, is_over=True), held_up="")
    board.show(2, update(2, "failed", is_over=True), held_up="300 runs were started this hour")
    board.close()
    assert file.getvalue().splitlines() == [
        "0 of 4 searches complete, 4 waiting, 0 matches, 0:00",
        "0 of 4 searches complete, 1 running, 3 waiting, 2 matches, about $2.30, 0:00",
        "1 of 4 searches complete, 1 running, 2 waiting, 3 matches, about $4.45, 0:00",
        "1 of 4 searches complete, 1 not whole, 1 running, 1 waiting, 3 matches, about $4.45, "
        "0:00. 300 runs were started this hour",
        "1 of 4 searches complete, 1 not whole, 1 running, 1 waiting, 3 matches, about $4.45, 0:00",
    ]


@pytest.mark.usefixtures("at_once")
def test_a_terminal_has_a_line_per_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most twenty, those that are active first, and the rest counted; the totals stay."""
    file = Terminal()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "40")
    board = board_for("terminal")
    board.begin(update(n) for n in range(30))
    file.seek(0)
    file.truncate()
    board.show(25, update(25, "running", matched=2, match_limit=50, cost=2.3), held_up="")
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert "Find tiles 25  running, 2 of 50 matches, about $2.30" in words
    assert "Find tiles 18  waiting" in words
    assert "Find tiles 19" not in words
    assert "and 10 more  10 waiting" in words
    board.close()
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).splitlines()[-1]
    assert last.strip().startswith("0 of 30 searches complete, 1 running, 29 waiting, 2 matches")


def test_it_is_shown_at_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of changes are not thousands of lines."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    board = board_for("log")
    board.begin([update(0)])
    for n in range(1000):
        board.show(0, update(0, "running", matched=n), held_up="")
    board.close()
    assert len(file.getvalue().splitlines()) == 2


def test_a_callable_gets_the_updates_of_each_run() -> None:
    """Once there is one."""
    seen: list[ff.Update] = []
    board = board_for(seen.append)
    board.begin([update(0), update(1)])
    board.show(1, update(1), held_up="")
    board.show(1, update(1, "running"), held_up="")
    board.show(None, None, held_up="rate limited")
    board.close()
    assert [each.findall_id for each in seen] == ["findall_1"]


@pytest.mark.usefixtures("at_once")
def test_a_display_that_fails_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one warning; the searches go on."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    board = board_for("log")
    file.close()
    with pytest.warns(ff.errors.DisplayWarning, match="closed file"):
        board.begin([update(0)])
    board.show(0, update(0, "running"), held_up="")
    board.close()


NOTEBOOK = """
import findall_frames as ff
import pandas as pd
sizes = pd.DataFrame({"name": [f"N{n}" for n in range(9)], "size": range(9)})
frames = ff.find_many(["size over 3", "size < 2 and size > 0"], data=sizes, progress="notebook")
"""


def test_a_notebook_keeps_one_card() -> None:
    """With the totals and a row for each search; nothing in it is run."""
    cell = nbformat.v4.new_code_cell(NOTEBOOK)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbclient.NotebookClient(notebook, timeout=60).execute()
    (output,) = cell.outputs
    assert output.data["text/plain"].startswith("2 of 2 searches complete, 6 matches")
    html = output.data["text/html"]
    assert "size &lt; 2 and size &gt; 0" in html
    assert "<script" not in html
    assert html.count("<tr>") == 2
