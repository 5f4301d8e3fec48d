"""The two buttons of the panel: wait no longer, and stop the run for good."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

import ipywidgets

from findall_frames.progress.base import Wishes

__all__ = ["Buttons", "close_all"]

_ASKING: Final = 20.0
"""Seconds for which the front end is asked whether clicks arrive; it may still be loading."""
_AGAIN: Final = 1.0


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
            "Cancel the run? What it has found stays; what it has done is billed; "
            "it can be neither extended nor enriched afterwards."
        )
        self._counter = ipywidgets.Play(
            min=0, max=1, interval=50, layout=ipywidgets.Layout(display="none")
        )
        self._choice = ipywidgets.HBox([self._stop, self._cancel])
        self._answer = ipywidgets.HBox([self._yes, self._no])
        self._confirmation = ipywidgets.VBox([self._question, self._answer])
        self.box = ipywidgets.VBox([self._counter, self._choice, self._confirmation])
        self._asked_at = 0.0
        self._asked_until = 0.0
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
        self._counter.observe(self._clicks_arrive, "value")
        _listen_where_asked(self._counter)

    def offer(self) -> None:
        """Begin to find out whether clicks arrive."""
        self._asked_until = time.monotonic() + _ASKING

    def ask_front_end(self) -> None:
        """Have the front end count, until it has answered or is given up; called as often as one
        likes."""
        now = time.monotonic()
        if now > self._asked_until or now < self._asked_at + _AGAIN:
            return
        self._asked_at = now
        self._counter.playing = False
        self._counter.playing = True

    def close(self) -> None:
        """Leave no widget behind."""
        close_all(
            [
                self._stop,
                self._cancel,
                self._yes,
                self._no,
                self._question,
                self._counter,
                self._choice,
                self._answer,
                self._confirmation,
                self.box,
            ]
        )

    # -- called in the thread in which clicks arrive --------------------------------------------

    def _clicks_arrive(self, _: Any) -> None:
        self._asked_until = 0.0
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
