"""What a notebook keeps of a run: lines of HTML with a text twin, and no widgets."""

from __future__ import annotations

from IPython.display import DisplayHandle

from findall_frames.display.html import NO_TEX, escaped
from findall_frames.display.text import one_line
from findall_frames.progress.pace import Advice, View
from findall_frames.progress.words import counts, ending, headline, invitation

__all__ = ["NotebookLines", "ending_bundle"]

_LONGEST = 600


def ending_bundle(view: View, *, how_to_go_on: str) -> dict[str, str]:
    """Say how the run ended."""
    return _bundle(view.update.findall_id, ending(view, how_to_go_on=how_to_go_on))


def _bundle(findall_id: str, words: str) -> dict[str, str]:
    run = one_line(findall_id)
    code = f"<code>{escaped(run)}</code> " if run else ""
    return {
        "text/plain": f"{run}: {words}" if run else words,
        "text/html": f"<div {NO_TEX}>{code}{escaped(words, limit=_LONGEST)}</div>",
    }


class NotebookLines:
    """A line at the start, one every thirty seconds, one at the end, for notebooks unwatched.

    Whoever runs the notebook gets every line. The notebook itself keeps the first and the latest
    while the run goes on, and only the last when it is over.
    """

    rest = 30.0
    tick = 30.0

    def __init__(self, *, advice: Advice) -> None:
        self._advice = advice
        self._start: DisplayHandle | None = None
        self._latest: DisplayHandle | None = None

    def begin(self, view: View) -> None:
        """Wait for the id: a line without it would be of no use later."""

    def announce(self, view: View) -> None:
        """Say which run it is and how to go on with it."""
        update = view.update
        words = invitation(update, how_to_go_on=self._advice(update))
        line = f"{headline(update).rstrip('.')}. {words}".rstrip()
        self._start = _shown(_bundle("", line))

    def paint(self, view: View) -> None:
        """Say how far it is."""
        update = view.update
        before = self._latest
        words = f"{one_line(update.status)}, {counts(view)}"
        self._latest = _shown(_bundle(update.findall_id, words))
        _clear(before)

    def end(self, view: View) -> None:
        """Say how it ended; where nothing was started, the error says more."""
        if view.update.findall_id or view.update.is_over:
            _shown(ending_bundle(view, how_to_go_on=self._advice(view.update)))
        _clear(self._latest)
        _clear(self._start)


def _shown(bundle: dict[str, str]) -> DisplayHandle:
    handle = DisplayHandle()  # type: ignore[no-untyped-call]
    handle.display(bundle, raw=True)  # type: ignore[no-untyped-call]
    return handle


def _clear(handle: DisplayHandle | None) -> None:
    if handle is not None:
        handle.update({}, raw=True)  # type: ignore[no-untyped-call]
