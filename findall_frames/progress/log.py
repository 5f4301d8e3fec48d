"""Progress as plain lines, for schedulers, files and terminals that can do no more."""

from __future__ import annotations

from typing import TextIO

from findall_frames.display.text import one_line
from findall_frames.progress.pace import Advice, View
from findall_frames.progress.words import counts, ending, headline, invitation

__all__ = ["LogLines"]


class LogLines:
    """One line at the start, one every thirty seconds, one at the end."""

    rest = 30.0
    tick = 30.0

    def __init__(self, file: TextIO, *, advice: Advice) -> None:
        self._file = file
        self._advice = advice

    def begin(self, view: View) -> None:
        """Wait for the id: a line without it would be of no use later."""

    def announce(self, view: View) -> None:
        """Say which run it is and how to go on with it."""
        update = view.update
        words = invitation(update, how_to_go_on=self._advice(update))
        self._write(f"{headline(update).rstrip('.')}. {words}".rstrip())

    def paint(self, view: View) -> None:
        """Say how far it is."""
        self._write_about(view, f"{one_line(view.update.status)}, {counts(view)}")

    def end(self, view: View) -> None:
        """Say how it ended; where nothing was started, the error says more."""
        if view.update.findall_id:
            self._write_about(view, ending(view, how_to_go_on=self._advice(view.update)))

    def _write_about(self, view: View, words: str) -> None:
        run = one_line(view.update.findall_id)
        self._write(f"{run}: {words}" if run else words)

    def _write(self, line: str) -> None:
        # stderr of another encoding escapes what it lacks; other files may refuse it.
        encoding = self._file.encoding or "utf-8"
        self._file.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._file.flush()
