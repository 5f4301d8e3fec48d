"""The two buttons of the panel: wait no longer, and stop the run for good."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

import ipywidgets

from findall_frames.progress.base import Wishes

__all__ = ["Buttons", "close_all"]

_TRIES: Final = 8
_LOADING: Final = 0.5
"""Seconds in which the front end is given a counter before that is set going."""
_COUNTING: Final = 2.0
"""Seconds in which it has counted, if it can."""


class Buttons:
    """Offers to wait no longer, or to cancel the run, where clicks arrive while a cell runs.

    Most front ends hold clicks back until the cell has ended, which is too late, and none tells.
    So it is tried out: the front end is asked to count to one, and the buttons show when it did.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._stop = ipywidgets.Button(
            description="Stop waiting", tooltip="The run goes on, and can be resumed."
        )
        self._cancel = ipywidgets.Button(
            description="Cancel the run …", tooltip="Asks once more before it does."
        )
        self._yes = ipywidgets.Button(description="Cancel for good", button_style="danger")
        self._no = ipywidgets.Button(description="Let it go on")
        self._question = ipywidgets.HTML(
            '<div style="line-height:1.5">Cancel the run? What it has found stays; what it has '
            "done is billed; it can be neither extended nor enriched afterwards.</div>"
        )
        self._choice = ipywidgets.HBox([self._stop, self._cancel])
        self._answer = ipywidgets.HBox([self._yes, self._no])
        self._confirmation = ipywidgets.VBox([self._question, self._answer])
        self.box = ipywidgets.VBox([self._choice, self._confirmation])
        self._counters: list[ipywidgets.Play] = []
        self._tries = 0
        self._rests_until = 0.0
        _show(self._confirmation, is_shown=False)
        _show(self.box, is_shown=False)
        clicked = {
            self._stop: self._leave,
            self._cancel: self._confirm,
            self._yes: self._end_run,
            self._no: self._think_again,
        }
        for button, function in clicked.items():
            button.on_click(function)
            button.layout.width = "auto"
            _listen_where_asked(button)

    def offer(self) -> None:
        """Begin to find out whether clicks arrive."""
        self._tries = _TRIES
        self._put_counter()

    def go_on_asking(self) -> None:
        """Have the front end count, and again, until it has answered or is given up."""
        if self._tries <= 0 or time.monotonic() < self._rests_until:
            return
        counter = self._counters[-1]
        if counter.playing:
            # A count that left before JupyterLab had its subshell is stuck, and so is its widget.
            self._put_counter()
        else:
            counter.playing = True
            self._rests_until = time.monotonic() + _COUNTING
            self._tries -= 1

    def _put_counter(self) -> None:
        counter = ipywidgets.Play(max=1, interval=50, layout={"display": "none"})
        counter.observe(self._clicks_arrive, "value")
        _listen_where_asked(counter)
        self._counters.append(counter)
        self.box.children = [counter, self._choice, self._confirmation]
        self._rests_until = time.monotonic() + _LOADING

    def close(self) -> None:
        """Leave no widget behind."""
        close_all(
            [
                self._stop,
                self._cancel,
                self._yes,
                self._no,
                self._question,
                *self._counters,
                self._choice,
                self._answer,
                self._confirmation,
                self.box,
            ]
        )

    # -- called in the thread in which clicks arrive --------------------------------------------

    def _clicks_arrive(self, _: Any) -> None:
        self._tries = 0
        _show(self.box, is_shown=True)

    def _leave(self, _: Any) -> None:
        self._wishes.ask("leave")
        self._stop.disabled = True
        self._stop.description = "Stopping …"

    def _confirm(self, _: Any) -> None:
        _show(self._choice, is_shown=False)
        _show(self._confirmation, is_shown=True)

    def _think_again(self, _: Any) -> None:
        _show(self._confirmation, is_shown=False)
        _show(self._choice, is_shown=True)

    def _end_run(self, _: Any) -> None:
        self._wishes.ask("cancel")
        self._think_again(_)
        self._cancel.disabled = True
        self._cancel.description = "Cancelling …"


def close_all(widgets: Iterable[ipywidgets.Widget]) -> None:
    """Close widgets with the models of their layout and style."""
    for widget in widgets:
        widget.close()
        widget.layout.close()
        if widget.has_trait("style"):
            widget.style.close()


def _show(box: ipywidgets.Box, *, is_shown: bool) -> None:
    box.layout.display = None if is_shown else "none"


def _listen_where_asked(widget: ipywidgets.Widget) -> None:
    """Have messages of the front end handled in the subshell that it sends them to.

    ipykernel 7.4 sends them to where the widget last changed, and that is the cell that blocks.
    Without a route of its own for this widget it goes by the message.
    """
    widget.comm._reply_subshell_for = None
