"""Progress as one panel in a notebook, which becomes one static line when it ends."""

from __future__ import annotations

from typing import Any

import ipywidgets
from IPython.display import DisplayHandle, display

from findall_frames.display.links import link, text
from findall_frames.display.text import one_line
from findall_frames.progress.pace import Advice, View
from findall_frames.progress.words import counts, ending, headline, invitation

__all__ = ["NotebookPanel"]


class NotebookPanel:
    """Headline, bar, counts and the latest matches; updated in place."""

    rest = 0.2
    tick = 1.0

    def __init__(self, *, advice: Advice) -> None:
        self._advice = advice
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._head = ipywidgets.HTML()
        self._bar = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="40%"))
        self._counts = ipywidgets.HTML()
        self._latest = ipywidgets.HTML()
        line = ipywidgets.HBox([self._bar, self._counts])
        self._panel = ipywidgets.VBox([self._head, line, self._latest])
        self._all = [self._head, self._bar, self._counts, self._latest, line, self._panel]

    def begin(self, view: View) -> None:
        """Show the panel."""
        update = view.update
        self._head.value = f"<b>{text(headline(update))}</b>"
        self.paint(view)
        bundle = dict(self._panel._repr_mimebundle_())
        # Front ends without widgets show this, and the line at the end replaces it.
        bundle["text/plain"] = headline(update)
        display(  # type: ignore[no-untyped-call]
            bundle, raw=True, display_id=self._handle.display_id
        )

    def announce(self, view: View) -> None:
        """Put id and advice at the head of the panel."""
        update = view.update
        words = invitation(update, how_to_go_on=self._advice(update))
        self._head.value = f"<b>{text(headline(update))}</b><br>{text(words, limit=400)}"

    def paint(self, view: View) -> None:
        """Bring the panel up to date."""
        update = view.update
        self._bar.layout.display = None if update.match_limit else "none"
        if update.match_limit:
            self._bar.max = update.match_limit
            self._bar.value = min(update.matched, update.match_limit)
        self._counts.value = text(f"{counts(view)}, {update.status}")
        names = ", ".join(link(found.url, found.name, limit=60) for found in view.latest)
        self._latest.value = f"latest: {names}" if names else ""

    def end(self, view: View) -> None:
        """Replace the panel by a line of HTML with a text twin, and leave no widget behind."""
        run = one_line(view.update.findall_id)
        words = ending(view, how_to_go_on=self._advice(view.update))
        static: dict[str, Any] = {
            "text/plain": f"{run}: {words}" if run else words,
            "text/html": f"<div><code>{text(run)}</code> {text(words, limit=400)}</div>",
        }
        self._handle.update(static, raw=True)  # type: ignore[no-untyped-call]
        for widget in self._all:
            widget.close()
            widget.layout.close()
            if widget.has_trait("style"):
                widget.style.close()
