"""Progress as one live line at the foot of a terminal."""

from __future__ import annotations

from typing import NoReturn, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from findall_frames.display.text import one_line
from findall_frames.progress.pace import Advice, View
from findall_frames.progress.words import counts, ending, headline, invitation, pace, progress_of

__all__ = ["TerminalBar"]


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Let the guard drop the display, where rich would end the process."""
        raise  # called while the BrokenPipeError is handled


class TerminalBar:
    """Says which run it is, keeps a bar up to date below that, and leaves one line behind."""

    rest = 0.2
    tick = 1.0

    def __init__(self, file: TextIO, *, advice: Advice) -> None:
        self._console = _Console(file=file, force_jupyter=False, highlight=False)
        self._advice = advice
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,  # it would send what others print to stdout to stderr
        )

    def begin(self, view: View) -> None:
        """Start the bar."""
        if self._console.is_terminal:
            self._live.start()
            self.paint(view)

    def announce(self, view: View) -> None:
        """Print id and advice above the bar."""
        update = view.update
        self._console.print(Text(headline(update), style="bold"), overflow="fold")
        if words := invitation(update, how_to_go_on=self._advice(update)):
            self._console.print(Text(words, style="dim"), overflow="fold")

    def paint(self, view: View) -> None:
        """Repaint the bar."""
        if self._live.is_started:
            self._live.update(self._lines(view), refresh=True)

    def end(self, view: View) -> None:
        """Put one line in the place of the bar; none where nothing was started."""
        self._live.stop()
        if view.update.findall_id:
            how_to_go_on = self._advice(view.update)
            self._console.print(Text(ending(view, how_to_go_on=how_to_go_on)), overflow="fold")

    def _lines(self, view: View) -> RenderableType:
        update = view.update
        line = Table.grid(padding=(0, 2), expand=True)
        cells: list[RenderableType] = []
        done, total = progress_of(update)
        if total:
            line.add_column(ratio=1)
            cells.append(ProgressBar(total=total, completed=min(done, total)))
        line.add_column(no_wrap=True, overflow="ellipsis")
        cells.append(Text(f"{counts(view)}, {one_line(update.status)}"))
        line.add_row(*cells)
        names = ", ".join(one_line(candidate.name) for candidate in view.latest)
        below = [pace(view.rate), f"latest: {names}" if names else ""]
        words = " · ".join(part for part in below if part)
        if not words:
            return line
        return Group(line, Text(words, style="dim", no_wrap=True, overflow="ellipsis"))
