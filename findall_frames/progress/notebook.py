"""Progress as a panel with two buttons in a notebook; one static line remains of it."""

from __future__ import annotations

import time
from typing import Any, Final

import ipywidgets
from IPython.display import DisplayHandle, display

from findall_frames.display.html import escaped, widget_link
from findall_frames.display.text import matches_of
from findall_frames.progress.lines import ending_bundle
from findall_frames.progress.update import (
    View,
    Wishes,
    all_counts,
    headline,
    interrupt_hint,
    progress_of,
)

__all__ = ["Buttons", "NotebookPanel"]

_BLOCK: Final = 'style="line-height:1.5;overflow-wrap:anywhere"'
_QUIET: Final = 'style="opacity:.75"'
_CODE: Final = 'style="background:none;color:inherit"'

_TRIES: Final = 8
_LOADING: Final = 0.5
"""Seconds for the front end to load a counter before it is started."""
_COUNTING: Final = 2.0
"""Seconds for it to count."""


class NotebookPanel:
    """Run, bar, counts, latest matches and two buttons, updated in place."""

    rest = 0.2
    tick = 1.0

    def __init__(self, wishes: Wishes) -> None:
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._head = ipywidgets.HTML()
        self._bar = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="40%"))
        self._matches = ipywidgets.HTML()
        self._details = ipywidgets.HTML()
        self._buttons = Buttons(wishes)
        line = ipywidgets.HBox([self._bar, self._matches])
        self._panel = ipywidgets.VBox([self._head, line, self._details, self._buttons.box])

    def begin(self, view: View) -> None:
        """Show the panel."""
        self._head.value = f"<b>{escaped(headline(view.update))}</b>"
        self.paint(view)
        bundle = dict(self._panel._repr_mimebundle_())
        # For front ends without widgets; the line at the end replaces it.
        bundle["text/plain"] = headline(view.update)
        display(  # type: ignore[no-untyped-call]
            bundle, raw=True, display_id=self._handle.display_id
        )

    def announce(self, view: View) -> None:
        """Put id and advice at the head of the panel."""
        update = view.update
        hint = interrupt_hint(view, what="the kernel")
        run = f"<code {_CODE}>{escaped(update.findall_id)}</code> at {escaped(update.service)}"
        objective = f"<br><b>{escaped(update.objective, limit=400)}</b>" if update.objective else ""
        self._head.value = (
            f"<div {_BLOCK}>{run}"
            f"<br><span {_QUIET}>{escaped(hint, limit=400)}</span>{objective}</div>"
        )
        self._buttons.start_probing()

    def paint(self, view: View) -> None:
        """Update the panel."""
        update = view.update
        done, total = progress_of(update)
        self._bar.layout.display = None if total else "none"
        if total:
            self._bar.max = total
            self._bar.value = min(done, total)
        found = matches_of(update.matched, limit=update.match_limit)
        self._matches.value = f"{escaped(found)} · {escaped(update.status)}"
        names = ", ".join(widget_link(match.url, match.name, limit=60) for match in view.latest)
        latest = f"<br>Latest: {names}" if names else ""
        self._details.value = (
            f"<div {_BLOCK}><span {_QUIET}>{escaped(all_counts(view))}</span>{latest}</div>"
        )
        self._buttons.probe()

    def end(self, view: View) -> None:
        """Replace the panel by a line of HTML and text, and close every widget."""
        self._handle.update(ending_bundle(view), raw=True)  # type: ignore[no-untyped-call]
        self._buttons.close()
        _close(self._panel)


class Buttons:
    """Two buttons, to stop waiting and to cancel the run, shown where clicks arrive in time.

    Most front ends hold clicks back until the cell has ended, which is too late, and none says
    so. Therefore the front end is asked to count to one while the cell runs, and the buttons
    appear once it has.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._stop = ipywidgets.Button(
            description="Stop waiting", tooltip="The run goes on and can be resumed."
        )
        self._cancel = ipywidgets.Button(
            description="Cancel the run …", tooltip="Asks for confirmation first."
        )
        confirm = ipywidgets.Button(description="Cancel for good", button_style="danger")
        keep = ipywidgets.Button(description="Keep it running")
        question = ipywidgets.HTML(
            '<div style="line-height:1.5">Cancel the run? What it has found is kept and what it '
            "has done is billed; it can be neither extended nor enriched afterwards.</div>"
        )
        self._choice = ipywidgets.HBox([self._stop, self._cancel])
        self._confirmation = ipywidgets.VBox([question, ipywidgets.HBox([confirm, keep])])
        self.box = ipywidgets.VBox([self._choice, self._confirmation])
        self._counters: list[ipywidgets.Play] = []
        self._tries = 0
        self._waits_until = 0.0
        _hide(self._confirmation)
        _hide(self.box)
        for button, on_click in {
            self._stop: self._on_stop,
            self._cancel: self._on_cancel,
            confirm: self._on_confirm,
            keep: self._on_keep,
        }.items():
            button.on_click(on_click)
            button.layout.width = "auto"
            _handle_in_sending_subshell(button)

    def start_probing(self) -> None:
        """Start to find out whether clicks arrive."""
        self._tries = _TRIES
        self._add_counter()

    def probe(self) -> None:
        """Ask the front end to count, until it has or there are no tries left."""
        if self._tries <= 0 or time.monotonic() < self._waits_until:
            return
        counter = self._counters[-1]
        if counter.playing:
            # A count sent before JupyterLab had its subshell is stuck, and so is its widget.
            self._add_counter()
        else:
            counter.playing = True
            self._waits_until = time.monotonic() + _COUNTING
            self._tries -= 1

    def _add_counter(self) -> None:
        counter = ipywidgets.Play(max=1, interval=50, layout={"display": "none"})
        counter.observe(self._on_counted, "value")
        _handle_in_sending_subshell(counter)
        self._counters.append(counter)
        self.box.children = [counter, self._choice, self._confirmation]
        self._waits_until = time.monotonic() + _LOADING

    def close(self) -> None:
        """Close every widget."""
        for counter in self._counters:
            _close(counter)
        _close(self.box)

    # -- called in the thread in which clicks arrive ---------------------------------------------

    def _on_counted(self, _: object) -> None:
        self._tries = 0
        _show(self.box)

    def _on_stop(self, _: object) -> None:
        self._wishes.ask("leave")
        self._stop.disabled = True
        self._stop.description = "Stopping …"

    def _on_cancel(self, _: object) -> None:
        _hide(self._choice)
        _show(self._confirmation)

    def _on_keep(self, _: object) -> None:
        _hide(self._confirmation)
        _show(self._choice)

    def _on_confirm(self, _: object) -> None:
        self._wishes.ask("cancel")
        self._on_keep(_)
        self._cancel.disabled = True
        self._cancel.description = "Cancelling …"


def _close(widget: Any) -> None:
    """Close a widget with all inside it, and with the models of their layout and style."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
    widget.layout.close()
    if widget.has_trait("style"):
        widget.style.close()


def _show(box: ipywidgets.Box) -> None:
    box.layout.display = None


def _hide(box: ipywidgets.Box) -> None:
    box.layout.display = "none"


def _handle_in_sending_subshell(widget: ipywidgets.Widget) -> None:
    """Handle messages of the front end in the subshell that it sends them to.

    ipykernel 7.4 sends them to where the widget last changed, and that is the cell that blocks.
    With no route recorded for the widget, it goes by the message itself.
    """
    widget.comm._reply_subshell_for = None
