"""The progress card in a notebook: a widget while the run goes on, plain HTML afterwards."""

from __future__ import annotations

import time
from typing import Final

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from findall_frames.display.shapes import asset
from findall_frames.progress.card import STYLE, card_bundle, card_html, card_values
from findall_frames.progress.update import View, Wishes
from findall_frames.progress.wording import card_of, headline, interrupting

__all__ = ["CardWidget", "MarimoCard", "NotebookCard", "replace_output"]

_TRIES: Final = 8
_WAIT: Final = 1.0
"""Seconds between two questions to the front end."""
_SILENCE: Final = 3.0
"""Seconds without an answer after which the card says how to stop waiting without buttons."""


class CardWidget(anywidget.AnyWidget):
    """The live card, with two buttons where clicks arrive while the cell runs.

    Most front ends hold clicks back until the cell has ended, which is too late, and none says
    so. Therefore the module is sent a question, and the buttons appear once its answer has
    arrived.
    """

    _esm = asset("card.js")
    _css = STYLE

    card = traitlets.Dict().tag(sync=True)
    clicks = traitlets.Bool(False).tag(sync=True)
    silent = traitlets.Bool(False).tag(sync=True)

    def __init__(self, wishes: Wishes, *, view: View) -> None:
        super().__init__(card=card_values(view))
        self._wishes = wishes
        self._tries = 0
        self._began = self._asked = 0.0
        self.on_msg(self._take)
        _handle_in_sending_subshell(self)

    def start_probing(self) -> None:
        """Start to find out whether clicks arrive."""
        self._tries = _TRIES
        self._began = time.monotonic()
        self.probe()

    def probe(self) -> None:
        """Ask the module for an answer, until it has come or there are no tries left."""
        now = time.monotonic()
        if not self._began or self.clicks:
            return
        if now - self._began > _SILENCE:
            self.silent = True
        if self._tries > 0 and now - self._asked >= _WAIT:
            self._asked = now
            self._tries -= 1
            self.send({"probe": self._tries})

    def _take(self, _: object, content: object, buffers: object) -> None:
        """Take a message of the module, in the thread in which it arrives."""
        if not isinstance(content, dict):
            return
        if "answer" in content:
            self.clicks = True
        elif content.get("wish") in ("leave", "cancel"):
            self._wishes.ask(content["wish"])


class NotebookCard:
    """The card as a widget, updated in place; at the end HTML and text replace it."""

    rest = 0.2
    tick = 1.0
    shows_warnings = True

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._widget: CardWidget | None = None

    def begin(self, view: View) -> None:
        """Show the card."""
        self._widget = CardWidget(self._wishes, view=view)
        widget = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        bundle = {
            "application/vnd.jupyter.widget-view+json": widget,
            # For front ends without widgets; the card at the end replaces it.
            "text/plain": headline(view.update),
        }
        display(  # type: ignore[no-untyped-call]
            bundle, raw=True, display_id=self._handle.display_id
        )

    def announce(self, view: View) -> None:
        """Show the run's id, and find out whether clicks arrive."""
        assert self._widget is not None, "the card begins first"
        self._widget.card = card_values(view)
        self._widget.start_probing()

    def paint(self, view: View) -> None:
        """Update the card."""
        assert self._widget is not None, "the card begins first"
        self._widget.card = card_values(view)
        self._widget.probe()

    def end(self, view: View) -> None:
        """Replace the widget by HTML and text, and close it."""
        self._handle.update(card_bundle(view), raw=True)  # type: ignore[no-untyped-call]
        if self._widget is not None:
            self._widget.close()
            self._widget.layout.close()


class MarimoCard:
    """The card as HTML in marimo, where no click arrives while a cell runs.

    A cell of marimo has one output: the card is shown in its place until the cell ends, and
    stays unless the cell ends in an expression.
    """

    rest = 0.5
    tick = 1.0
    shows_warnings = True

    def begin(self, view: View) -> None:
        """Show the card."""
        self.paint(view)

    def announce(self, view: View) -> None:
        """Wait for the next repaint: this may be a thread that marimo does not know."""

    def paint(self, view: View) -> None:
        """Show the card in place of the one before."""
        replace_output(card_html(card_of(view), hint=interrupting(view)))

    def end(self, view: View) -> None:
        """Show how it ended."""
        replace_output(card_bundle(view)["text/html"])


def replace_output(html: str) -> None:
    """Show HTML as the output of the cell of marimo that runs."""
    import marimo

    marimo.output.replace(marimo.Html(html))


def _handle_in_sending_subshell(widget: anywidget.AnyWidget) -> None:
    """Handle messages of the front end in the subshell that it sends them to.

    ipykernel 7.4 sends them to where the widget last changed, and that is the cell that blocks.
    With no route recorded for the widget, it goes by the message itself.
    """
    widget.comm._reply_subshell_for = None
