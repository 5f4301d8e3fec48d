"""The progress of many searches: totals and a line for each; in a notebook, terminal or log."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Group
from rich.live import Live
from rich.text import Text

from findall_frames.api.models import TERMINAL_STATUSES
from findall_frames.display.html import NO_TEX, escaped
from findall_frames.display.shapes import asset
from findall_frames.display.text import counted, duration, one_line, shortened
from findall_frames.progress.displays import Display, Guarded, Progress, display_for, kind_of
from findall_frames.progress.lines import UnbrokenConsole
from findall_frames.progress.update import Update

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

__all__ = ["Board", "BoardUpdate", "board_for"]

_MOST_LINES: Final = 20
_LONGEST: Final = 60
_OFTEN, _RARELY = 0.5, 30.0
"""Seconds between two overviews."""
_WHOLE: Final = (None, "match_limit_met", "candidates_exhausted")
"""Why a run ends whose result is whole."""


@dataclass(frozen=True, slots=True)
class BoardUpdate(Update):
    """The totals of many searches as an update, with the update of each.

    Attributes
    ----------
    lines : tuple of Update
        One per search, in their order.
    held_up : str
        What the next search waits for, in words; empty if nothing.
    """

    lines: tuple[Update, ...] = ()
    held_up: str = ""


def _board_update(lines: Sequence[Update], *, held_up: str, elapsed: float) -> BoardUpdate:
    """Sum updates up."""
    costs = [line.cost for line in lines if line.cost is not None]
    return BoardUpdate(
        findall_id="",
        objective=counted(len(lines), "search"),
        service=lines[0].service if lines else "",
        status="running",
        is_over=all(line.is_over for line in lines),
        matched=sum(line.matched for line in lines),
        generated=sum(line.generated for line in lines),
        elapsed=elapsed,
        cost=sum(costs) if costs else None,
        lines=tuple(lines),
        held_up=held_up,
    )


def _totals(view: BoardUpdate) -> str:
    """Return how far all searches are, in one line."""
    over = sum(line.is_over for line in view.lines)
    ended = sum(_is_whole(line) for line in view.lines)
    active = sum(bool(line.findall_id) and not line.is_over for line in view.lines)
    waiting = len(view.lines) - over - active
    parts = [
        f"{ended:,} of {counted(len(view.lines), 'search')} complete",
        f"{over - ended:,} not whole" if over > ended else "",
        f"{active:,} running" if active else "",
        f"{waiting:,} waiting" if waiting else "",
        counted(view.matched, "match"),
        "" if view.cost is None else f"about ${view.cost:,.2f}",
        duration(view.elapsed),
    ]
    return ", ".join(part for part in parts if part)


def _is_whole(line: Update) -> bool:
    return line.is_over and line.status == "completed" and line.termination_reason in _WHOLE


def _lines(view: BoardUpdate) -> list[tuple[str, str]]:
    """Return the question and the state of each search to show, and a last line on the others.

    Those that are active come first, then those that are over without a whole result, those that
    wait, and those that are complete.
    """

    def rank(line: Update) -> int:
        if not line.is_over:
            return 0 if line.findall_id else 2
        return 3 if _is_whole(line) else 1

    lines = sorted(view.lines, key=rank)
    shown = [(_question(line), _state(line)) for line in lines[:_MOST_LINES]]
    if left := lines[_MOST_LINES:]:
        counts = Counter(_word(line) for line in left)
        states = ", ".join(f"{count:,} {word}" for word, count in counts.items())
        shown.append((f"and {len(left):,} more", states))
    return shown


def _question(line: Update) -> str:
    return shortened(one_line(line.objective or ""), limit=_LONGEST)


def _word(line: Update) -> str:
    return one_line(line.status).replace("_", " ")


def _state(line: Update) -> str:
    if not line.findall_id:
        return _word(line)
    found = counted(line.matched, "match")
    if line.match_limit is not None and line.status not in TERMINAL_STATUSES:
        found = f"{line.matched:,} of {counted(line.match_limit, 'match')}"
    cost = "" if line.cost is None else f", about ${line.cost:,.2f}"
    return f"{_word(line)}, {found}{cost}"


# -- the board -----------------------------------------------------------------------------------


def board_for(progress: Progress | Display) -> Board:
    """Return the board that the argument ``progress`` asks for, as in `display_for`.

    A callable, or a display of one's own, gets the updates of the single runs.
    """
    display = display_for(progress)  # raises if there is no such word
    kind = kind_of(progress)
    if not kind or (sys.stderr is None and kind in ("terminal", "log")):
        return Board(display, rest=None)
    if kind == "terminal":
        return Board(Guarded(_TerminalBoard(sys.stderr)), rest=_OFTEN)
    if kind == "marimo":
        return Board(Guarded(_MarimoBoard()), rest=_OFTEN)
    if kind.startswith("notebook"):
        return Board(Guarded(_NotebookBoard()), rest=_RARELY if "lines" in kind else _OFTEN)
    return Board(Guarded(_LogBoard(sys.stderr)), rest=_RARELY)


class Board:
    """Keeps the state of each search, and has it shown at a pace.

    Parameters
    ----------
    display : Display
        Takes an `BoardUpdate`, or, without a pace, the updates of the single runs.
    rest : float or None
        Seconds between two overviews.
    """

    def __init__(self, display: Display, *, rest: float | None) -> None:
        self._display = display
        self._rest = rest
        self._lines: list[Update] = []
        self._held_up = ""
        self._begun = self._shown_at = time.monotonic()

    def begin(self, lines: Iterable[Update]) -> None:
        """Show the searches before the first one is started."""
        self._lines = list(lines)
        self._show_all()

    def show(self, number: int | None, update: Update | None, *, held_up: str) -> None:
        """Take the update of a search, if one has changed, and what the next one waits for."""
        self._held_up = held_up
        if number is not None and update is not None:
            self._lines[number] = update
            if self._rest is None and update.findall_id:
                self._display.show(update)
        if self._rest is not None and time.monotonic() - self._shown_at >= self._rest:
            self._show_all()

    def close(self) -> None:
        """Show how all searches ended."""
        self._held_up = ""
        self._show_all()
        self._display.close()

    def _show_all(self) -> None:
        if self._rest is not None and self._lines:
            self._shown_at = time.monotonic()
            elapsed = self._shown_at - self._begun
            self._display.show(_board_update(self._lines, held_up=self._held_up, elapsed=elapsed))


class _LogBoard:
    """A line of totals at the start, every thirty seconds and at the end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def show(self, update: Update) -> None:
        """Write how far they are."""
        assert isinstance(update, BoardUpdate), "only a board shows it"
        words = ". ".join(part for part in (_totals(update), update.held_up) if part)
        self._file.write(f"{words}\n")
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
            lines = [Text(_totals(update), style="bold")]
            if update.held_up:
                lines.append(Text(update.held_up, style="dim"))
            for question, state in _lines(update):
                lines.append(Text(f"  {question}  {state}", no_wrap=True, overflow="ellipsis"))
            self._live.update(Group(*lines), refresh=True)

    def close(self) -> None:
        """Replace the lines by the totals."""
        self._live.stop()
        if self._latest is not None:
            self._console.print(Text(_totals(self._latest)), overflow="fold")


class _NotebookBoard:
    """Totals and lines as HTML, replaced in place; interrupting the kernel stops the wait."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def show(self, update: Update) -> None:
        """Show the overview in place of the one before."""
        assert isinstance(update, BoardUpdate), "only a board shows it"
        bundle = {"text/plain": _totals(update), "text/html": _html(update)}
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
        replace_output(_html(update))

    def close(self) -> None:
        """Do nothing: the last overview stays."""


def _html(view: BoardUpdate) -> str:
    """Return the overview as HTML with its style, without scripts."""
    no_tex = NO_TEX.removeprefix('class="').removesuffix('"')
    rows = "".join(
        f"<tr><td>{escaped(question)}</td><td>{escaped(state)}</td></tr>"
        for question, state in _lines(view)
    )
    facts = view.held_up
    if not view.is_over:
        stop = "Interrupt the kernel to stop waiting; the runs go on."
        facts = ". ".join(part for part in (view.held_up, stop) if part)
    return (
        f'<div class="ff ff-board {no_tex}" role="group" aria-label="Searches">'
        f"<style>{asset('tokens.css')}{asset('board.css')}</style>"
        f'<div class="ff-totals">{escaped(_totals(view))}</div>'
        f'<div class="ff-fact">{escaped(facts)}</div><table>{rows}</table></div>'
    )
