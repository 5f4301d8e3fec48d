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
from findall_frames.api.models import TERMINAL_STATUSES
from findall_frames.progress import board as boards
from findall_frames.progress.board import board_for
from findall_frames.progress.overview import BoardUpdate, board_html, board_update, shown_lines

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


def view_of(
    lines: list[ff.Update], *, is_closed: bool = False, goes_on: bool = True
) -> BoardUpdate:
    """Return what a board shows of some searches."""
    return board_update(lines, held_up="", elapsed=1.0, is_closed=is_closed, goes_on=goes_on)


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
        "1 of 4 searches complete, 1 incomplete, 1 running, 1 waiting, 3 matches, about $4.45, "
        "0:00. 300 runs were started this hour",
        "1 of 4 searches complete, 1 incomplete, 1 running, 1 waiting, 3 matches, about $4.45, "
        "0:00. 300 runs were started this hour",
    ]


@pytest.mark.usefixtures("at_once")
def test_a_terminal_has_a_line_for_each_search_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 80 columns, questions are cut before their states; the totals stay."""
    file = Terminal()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    board = board_for("terminal")
    board.begin(update(n) for n in range(30))
    file.seek(0)
    file.truncate()
    long = ff.Update("findall_25", "Find tiles " * 20, SERVICE, "running", match_limit=50, cost=2.3)
    board.show(25, long, held_up="")
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).splitlines()
    (line,) = [each for each in lines if "0 of 50 matches · about $2.30" in each]
    assert "Find tiles Find tiles" in line
    assert "…" in line
    assert max(map(len, lines)) <= 80
    assert sum("Find tiles" in each for each in lines) == 1, "what waits is counted"
    board.close()
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).splitlines()[-1]
    assert last.strip().startswith("0 of 30 searches complete, 1 running, 29 waiting, 0 matches")


def test_a_few_searches_are_all_shown_and_of_many_those_that_run() -> None:
    """Searches without a whole result come first, and the others are counted."""
    few = [update(0, "completed", is_over=True), update(1, "running"), update(2)]
    lines, rest = shown_lines(view_of(few))
    assert [line.kind for line in lines] == ["complete", "running", "waiting"]
    assert rest == ""
    many = [
        *(update(n, "completed", is_over=True) for n in range(50)),
        *(update(n, "running") for n in range(50, 150)),
        *(update(n, "failed", is_over=True) for n in range(150, 160)),
        *(update(n) for n in range(160, 200)),
    ]
    lines, rest = shown_lines(view_of(many))
    assert [line.question for line in lines] == [
        f"Find tiles {n}" for n in [*range(150, 154), *range(50, 58)]
    ]
    assert rest == "and 92 more running, 6 more incomplete"
    lines, rest = shown_lines(view_of(many, is_closed=True))
    assert [line.question for line in lines] == [f"Find tiles {n}" for n in range(150, 154)]
    assert rest == "and 6 more incomplete"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (update(1, "waiting"), "waiting"),
        (update(1, "running", matched=2, match_limit=5), "2 of 5 matches"),
        (update(1, "queued", match_limit=5, cost=2.0), "queued · about $2.00"),
        (update(1, "completed", is_over=True, matched=1, cost=2.15), "1 match · about $2.15"),
        (
            update(1, "failed", is_over=True, termination_reason="error_occurred"),
            "failed, the service ran into an error · 0 matches",
        ),
        (update(1, "not_started", is_over=True), "not started"),
    ],
)
def test_a_line_says_what_its_shape_does_not(line: ff.Update, state: str) -> None:
    """With what was found and what it costs."""
    ((shown,), _) = shown_lines(view_of([line]))
    assert shown.state == state


@pytest.mark.parametrize(
    ("statuses", "closed", "goes_on", "words"),
    [
        (["running", "waiting"], False, True, ["Running", "the runs go on."]),
        (["running", "waiting"], False, False, ["Running", "to stop waiting."]),
        (["running", "waiting"], True, True, ["Goes on without you", "The same call again"]),
        (["running", "waiting"], True, False, ["Stopped"]),
        (["completed", "completed"], True, True, ["Complete", "0 matches in 2 searches"]),
        (["completed", "failed"], True, True, ["Not all complete", "in its column error"]),
    ],
)
def test_the_card_says_how_it_ended(
    statuses: list[str], closed: bool, goes_on: bool, words: list[str]
) -> None:
    """And what to do next."""
    lines = [update(n, each, is_over=each in TERMINAL_STATUSES) for n, each in enumerate(statuses)]
    html = board_html(view_of(lines, is_closed=closed, goes_on=goes_on))
    for each in words:
        assert each in html


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


@pytest.mark.parametrize("kind", ["log", "terminal"])
def test_what_is_waited_for_is_said_at_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, however often it is repeated, and again in the last line."""
    file = io.StringIO() if kind == "log" else Terminal()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    board = board_for("log" if kind == "log" else "terminal")
    board.begin([update(0)])
    for _ in range(100):
        board.show(None, None, held_up="the quota is used up")
        board.show(None, None, held_up="")
    assert file.getvalue().count("the quota is used up") == 1
    board.show(None, None, held_up="the quota is used up")
    board.close()
    assert file.getvalue().splitlines()[-1].rstrip().endswith("the quota is used up")


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
    assert html.count('role="listitem"') == 2
