"""Progress as one panel in a notebook, which becomes one static line when it ends."""

from __future__ import annotations

import ipywidgets
from IPython.display import DisplayHandle, display

from findall_frames.display.html import escaped, widget_link
from findall_frames.progress.base import Wishes
from findall_frames.progress.buttons import Buttons, close_all
from findall_frames.progress.pace import Advice, View
from findall_frames.progress.static import ending_bundle
from findall_frames.progress.words import headline, invitation, matches, progress_of, tally

__all__ = ["NotebookPanel"]

_BLOCK = 'style="line-height:1.5;overflow-wrap:anywhere"'
_QUIET = 'style="opacity:.75"'
_CODE = 'style="background:none;color:inherit"'


class NotebookPanel:
    """Run, bar, counts, the latest matches and two buttons; updated in place."""

    rest = 0.2
    tick = 1.0

    def __init__(self, *, advice: Advice, wishes: Wishes) -> None:
        self._advice = advice
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._head = ipywidgets.HTML()
        self._bar = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="40%"))
        self._matches = ipywidgets.HTML()
        self._details = ipywidgets.HTML()
        self._buttons = Buttons(wishes)
        line = ipywidgets.HBox([self._bar, self._matches])
        parts = [self._head, line, self._details, self._buttons.box]
        self._panel = ipywidgets.VBox(parts)
        self._all = [*parts[:-1], self._bar, self._matches, self._panel]

    def begin(self, view: View) -> None:
        """Show the panel."""
        update = view.update
        self._head.value = f"<b>{escaped(headline(update))}</b>"
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
        words = invitation(update, how_to_go_on=self._advice(update), what="the kernel")
        place = f"<code {_CODE}>{escaped(update.findall_id)}</code> at {escaped(update.service)}"
        searched = f"<br><b>{escaped(update.objective, limit=400)}</b>" if update.objective else ""
        self._head.value = (
            f"<div {_BLOCK}>{place}"
            f"<br><span {_QUIET}>{escaped(words, limit=400)}</span>{searched}</div>"
        )
        self._buttons.offer()

    def paint(self, view: View) -> None:
        """Bring the panel up to date."""
        update = view.update
        done, total = progress_of(update)
        self._bar.layout.display = None if total else "none"
        if total:
            self._bar.max = total
            self._bar.value = min(done, total)
        self._matches.value = f"{escaped(matches(update))} · {escaped(update.status)}"
        names = ", ".join(widget_link(found.url, found.name, limit=60) for found in view.latest)
        latest = f"<br>Latest: {names}" if names else ""
        self._details.value = (
            f"<div {_BLOCK}><span {_QUIET}>{escaped(tally(view))}</span>{latest}</div>"
        )
        self._buttons.go_on_asking()

    def end(self, view: View) -> None:
        """Replace the panel by a line of HTML with a text twin, and leave no widget behind."""
        bundle = ending_bundle(view, how_to_go_on=self._advice(view.update))
        self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
        self._buttons.close()
        close_all(self._all)
