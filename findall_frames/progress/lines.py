"""Progress as text: log lines, a live bar in a terminal, and lines in an unwatched notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from findall_frames.display.html import NO_TEX, escaped
from findall_frames.display.text import joined, one_line
from findall_frames.progress.pace import pace
from findall_frames.progress.update import View
from findall_frames.progress.wording import (
    ending,
    headline,
    interrupt_hint,
    progress_of,
    status_line,
)

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

__all__ = ["LogLines", "NotebookLines", "TerminalBar", "UnbrokenConsole"]

_LONGEST: Final = 600


def _first_line(view: View) -> str:
    return f"{headline(view.update).rstrip('.')}. {interrupt_hint(view)}".rstrip()


def _about_run(findall_id: str, words: str) -> str:
    run = one_line(findall_id)
    return f"{run}: {words}" if run else words


class LogLines:
    """One line at the start, one every thirty seconds and one at the end, for files and pipes."""

    rest = 30.0
    tick = 30.0

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def begin(self, view: View) -> None:
        """Wait for the id: a line without it would be useless later."""

    def announce(self, view: View) -> None:
        """Write which run it is and how to resume it."""
        self._write(_first_line(view))

    def paint(self, view: View) -> None:
        """Write how far it is."""
        self._write(_about_run(view.update.findall_id, status_line(view)))

    def end(self, view: View) -> None:
        """Write how it ended; if no run was started, the error says more."""
        if run := view.update.findall_id:
            self._write(_about_run(run, ending(view)))

    def _write(self, line: str) -> None:
        # stderr escapes what its encoding lacks; other files may raise.
        encoding = self._file.encoding or "utf-8"
        self._file.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._file.flush()


class NotebookLines:
    """A line at the start, one every thirty seconds and one at the end, without widgets.

    Whoever runs the notebook sees every line. The notebook itself keeps the first and the latest
    while the run goes on, and only the last when it is over.
    """

    rest = 30.0
    tick = 30.0

    def __init__(self) -> None:
        self._first: DisplayHandle | None = None
        self._latest: DisplayHandle | None = None

    def begin(self, view: View) -> None:
        """Wait for the id: a line without it would be useless later."""

    def announce(self, view: View) -> None:
        """Show which run it is and how to resume it."""
        self._first = _show(_bundle("", _first_line(view)))

    def paint(self, view: View) -> None:
        """Show how far it is, in place of the line before."""
        before = self._latest
        self._latest = _show(_bundle(view.update.findall_id, status_line(view)))
        _clear(before)

    def end(self, view: View) -> None:
        """Show how it ended; if no run was started, the error says more."""
        if view.update.findall_id or view.update.is_over:
            _show(_bundle(view.update.findall_id, ending(view)))
        _clear(self._latest)
        _clear(self._first)


def _bundle(findall_id: str, words: str) -> dict[str, str]:
    code = f"<code>{escaped(findall_id)}</code> " if one_line(findall_id) else ""
    return {
        "text/plain": _about_run(findall_id, words),
        "text/html": f"<div {NO_TEX}>{code}{escaped(words, limit=_LONGEST)}</div>",
    }


def _show(bundle: dict[str, str]) -> DisplayHandle:
    from IPython.display import DisplayHandle

    handle = DisplayHandle()  # type: ignore[no-untyped-call]
    handle.display(bundle, raw=True)  # type: ignore[no-untyped-call]
    return handle


def _clear(handle: DisplayHandle | None) -> None:
    if handle is not None:
        handle.update({}, raw=True)  # type: ignore[no-untyped-call]


class UnbrokenConsole(Console):
    """A console that raises when its reader has gone, in place of ending the process."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise, so that the guard drops the display; rich would end the process."""
        raise  # called while the BrokenPipeError is handled


class TerminalBar:
    """Prints which run it is, updates a bar and a hint below that, and leaves one line behind."""

    rest = 0.2
    tick = 1.0

    def __init__(self, file: TextIO) -> None:
        self._console = UnbrokenConsole(file=file, force_jupyter=False, highlight=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,  # else what others print to stdout would go to stderr
        )

    def begin(self, view: View) -> None:
        """Start the bar."""
        if self._console.is_terminal:
            self._live.start()
            self.paint(view)

    def announce(self, view: View) -> None:
        """Print which run it is above the bar."""
        self._console.print(Text(headline(view.update), style="bold"), overflow="fold")
        if not self._console.is_terminal and (hint := interrupt_hint(view)):
            self._console.print(Text(hint), overflow="fold")

    def paint(self, view: View) -> None:
        """Repaint the bar."""
        if self._live.is_started:
            self._live.update(self._lines(view), refresh=True)

    def end(self, view: View) -> None:
        """Replace the bar by one line, or by nothing if no run was started."""
        self._live.stop()
        if view.update.findall_id:
            self._console.print(Text(ending(view)), overflow="fold")

    def _lines(self, view: View) -> RenderableType:
        line = Table.grid(padding=(0, 2), expand=True)
        cells: list[RenderableType] = []
        done, total = progress_of(view.update)
        if total:
            line.add_column(ratio=1)
            cells.append(ProgressBar(total=total, completed=min(done, total)))
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(*cells, Text(status_line(view)))
        names = ", ".join(one_line(candidate.name) for candidate in view.latest)
        noun = "judged" if view.update.rows is None else "rows"
        below = [pace(view.rate, noun=noun), f"latest: {names}" if names else ""]
        lines: list[RenderableType] = [line]
        if words := joined(*below):
            lines.append(Text(words, style="dim", no_wrap=True, overflow="ellipsis"))
        if view.update.findall_id and (hint := interrupt_hint(view)):
            # Part of the bar, so that it goes with it: a run that is over can't be interrupted.
            lines.append(Text(hint, style="dim", overflow="fold"))
        return Group(*lines)
