"""The progress of many searches: totals and a line for each; in a notebook, terminal or log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from findall_frames.display.text import joined
from findall_frames.progress.displays import Display, Guarded, Progress, display_for, kind_of
from findall_frames.progress.lines import UnbrokenConsole
from findall_frames.progress.overview import (
    BoardUpdate,
    board_html,
    board_update,
    shown_lines,
    totals,
)
from findall_frames.progress.update import Update

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

__all__ = ["Board", "board_for"]

_OFTEN, _RARELY = 0.5, 30.0
"""Seconds between two overviews."""


def board_for(progress: Progress | Display, *, goes_on: bool = True) -> Board:
    """Return the board that the argument ``progress`` asks for, as in `display_for`.

    A callable, or a display of one's own, gets the updates of the single runs. `goes_on` is
    whether the same call again waits for these.
    """
    display = display_for(progress)  # raises if there is no such word
    kind = kind_of(progress)
    if not kind or (sys.stderr is None and kind in ("terminal", "log")):
        return Board(display, rest=None, goes_on=goes_on)
    if kind == "terminal":
        return Board(Guarded(_TerminalBoard(sys.stderr)), rest=_OFTEN, goes_on=goes_on)
    if kind == "marimo":
        return Board(Guarded(_MarimoBoard()), rest=_OFTEN, goes_on=goes_on)
    if kind.startswith("notebook"):
        return Board(
            Guarded(_NotebookBoard()), rest=_RARELY if "lines" in kind else _OFTEN, goes_on=goes_on
        )
    return Board(Guarded(_LogBoard(sys.stderr)), rest=_RARELY, goes_on=goes_on)


class Board:
    """Keeps the state of each search, and has it shown at a pace.

    Parameters
    ----------
    display : Display
        Takes a `BoardUpdate`, or, without a pace, the updates of the single runs.
    rest : float or None
        Seconds between two overviews.
    goes_on : bool
        True if the same call again waits for the runs of this one.
    """

    def __init__(self, display: Display, *, rest: float | None, goes_on: bool) -> None:
        self._display = display
        self._rest = rest
        self._goes_on = goes_on
        self._lines: list[Update] = []
        self._held_up = self._announced = ""
        self._begun = self._shown_at = time.monotonic()

    def begin(self, lines: Iterable[Update]) -> None:
        """Show the searches before the first one is started."""
        self._lines = list(lines)
        self._show_all()

    def show(self, number: int | None, update: Update | None, *, held_up: str) -> None:
        """Take the update of a search, if one has changed, and what the next one waits for."""
        is_news = held_up not in ("", self._announced)
        self._held_up = held_up
        if number is not None and update is not None:
            self._lines[number] = update
            if self._rest is None and update.findall_id:
                self._display.show(update)
        if self._rest is not None and (is_news or time.monotonic() - self._shown_at >= self._rest):
            self._announced = held_up or self._announced
            self._show_all()

    def close(self) -> None:
        """Show how all searches ended, or what those that did not start were waiting for."""
        self._show_all(is_closed=True)
        self._display.close()

    def _show_all(self, *, is_closed: bool = False) -> None:
        if self._rest is not None and self._lines:
            self._shown_at = time.monotonic()
            self._display.show(
                board_update(
                    self._lines,
                    held_up=self._held_up,
                    elapsed=self._shown_at - self._begun,
                    is_closed=is_closed,
                    goes_on=self._goes_on,
                )
            )


def _in_a_line(update: BoardUpdate) -> str:
    return ". ".join(part for part in (totals(update), update.held_up) if part)


class _LogBoard:
    """A line of totals at the start, every thirty seconds and at the end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def show(self, update: Update) -> None:
        """Write how far they are."""
        assert isinstance(update, BoardUpdate), "only a board shows it"
        self._file.write(f"{_in_a_line(update)}\n")
        self._file.flush()

    def close(self) -> None:
        """Do nothing: the last line is written."""


class _TerminalBoard:
    """Lines that are repainted while the searches go on, of which the totals remain."""

    def __init__(self, file: TextIO) -> None:
        self._console = UnbrokenConsole(file=file, force_jupyter=False, highlight=False)
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._latest: BoardUpdate | None = None

    def show(self, update: Update) -> None:
        """Repaint the lines."""
        assert isinstance(update, BoardUpdate), "only a board shows it"
        self._latest = update
        if self._console.is_terminal:
            if not self._live.is_started:
                self._live.start()
            self._live.update(self._overview(update), refresh=True)

    def _overview(self, view: BoardUpdate) -> RenderableType:
        table = Table.grid(padding=(0, 0, 0, 2), expand=True)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True, overflow="ellipsis", justify="right", max_width=40)
        lines, rest = shown_lines(view)
        for line in lines:
            state = joined("complete" if line.kind == "complete" else "", line.state)
            table.add_row(Text(line.question), Text(state))
        words = [Text(each, style="dim") for each in (rest, view.held_up) if each]
        return Group(Text(totals(view), style="bold"), table, *words)

    def close(self) -> None:
        """Replace the lines by the totals."""
        self._live.stop()
        if self._latest is not None:
            self._console.print(Text(_in_a_line(self._latest)), overflow="fold")


class _NotebookBoard:
    """Totals and lines as HTML, replaced in place; interrupting the kernel stops the wait."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def show(self, update: Update) -> None:
        """Show the overview in place of the one before."""
        assert isinstance(update, BoardUpdate), "only a board shows it"
        bundle = {"text/plain": _in_a_line(update), "text/html": board_html(update)}
        if self._handle is None:
            from IPython.display import DisplayHandle

            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(bundle, raw=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Do nothing: the last overview stays."""


class _MarimoBoard:
    """Totals and lines as the output of the cell of marimo, until the cell ends."""

    def show(self, update: Update) -> None:
        """Show the overview in place of the one before."""
        from findall_frames.progress.notebook import replace_output

        assert isinstance(update, BoardUpdate), "only a board shows it"
        replace_output(board_html(update))

    def close(self) -> None:
        """Do nothing: the last overview stays."""
