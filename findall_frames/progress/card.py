"""The progress card as HTML without scripts, for when the run is over, and as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from findall_frames.display.html import NOT_TYPESET, escaped, link
from findall_frames.display.shapes import SHAPES, asset, svg
from findall_frames.display.text import counted, web_address
from findall_frames.progress.update import View
from findall_frames.progress.wording import (
    Card,
    State,
    cancel_warning,
    card_of,
    ending,
    interrupting,
)

__all__ = ["KEEPS_KEYS", "STATE_SHAPES", "STYLE", "card_bundle", "card_html", "card_values"]


def _drawn(style: str, drawing: str) -> str:
    return svg(style, drawing, stroke_width=1.5)


_DISC: Final = '<circle cx="8" cy="8" r="4.5" fill="currentColor" stroke="none"/>'
_TRIANGLE: Final = (
    '<path d="M8 1.9 14.6 13.6H1.4Z"/><path d="M8 6.2v3.4"/>'
    '<circle cx="8" cy="11.6" r=".9" fill="currentColor" stroke="none"/>'
)
STATE_SHAPES: Final[dict[State, str]] = {
    "starting": _drawn("ff-quiet", '<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.2 1.7"/>'),
    "running": _drawn("ff-running", _DISC),
    "complete": SHAPES["match"],
    "limit": _drawn("ff-quiet", '<path d="M1.5 8h10M8 4.5 11.5 8 8 11.5M14.2 3.5v9"/>'),
    "early": _drawn("ff-quiet", _TRIANGLE),
    "failed": _drawn("ff-not", _TRIANGLE),
    "cancelled": _drawn("ff-quiet", '<circle cx="8" cy="8" r="6.2"/><path d="M5 8h6"/>'),
    "left": _drawn("ff-quiet", '<path d="M2 8h11.5M9.5 4 13.5 8l-4 4"/>'),
    "ended": _drawn("ff-quiet", '<circle cx="8" cy="8" r="6.2"/><path d="M5 8h6"/>'),
}
"""SVG of each state."""

STYLE: Final = asset("tokens.css") + asset("card.css")
"""The stylesheet of the card, with the tokens that it uses."""

KEEPS_KEYS: Final = 'data-lm-suppress-shortcuts="true"'
"""Keeps JupyterLab from taking keys as shortcuts (A inserts a cell); for the focused tag."""
_MOST_WARNINGS: Final = 5
_LONGEST: Final = 600


def card_bundle(view: View) -> dict[str, str]:
    """Return the card of a run that is over or no longer waited for, as HTML and as text."""
    run = view.update.findall_id
    words = ending(view)
    return {
        "text/plain": "\n".join([f"{run}: {words}" if run else words, *view.warnings]),
        "text/html": card_html(card_of(view, is_closed=True)),
    }


def card_html(card: Card, *, hint: str = "") -> str:
    """Return a card as HTML with its style: no scripts, no buttons.

    `hint` says how to stop waiting for a run that goes on.

    >>> from findall_frames.progress.update import Update
    >>> update = Update("findall_1", "Find <b>", "https://api.parallel.ai", "completed",
    ...                 is_over=True, matched=2, generated=9)
    >>> html = card_html(card_of(View(update, 3.0)))
    >>> "Find &lt;b&gt;" in html, "2 matches among 9 candidates" in html
    (True, True)
    """
    question = f'<div class="ff-question">{escaped(card.question, limit=_LONGEST)}</div>'
    parts = [
        f'<div class="ff-row">{question}'
        f'<div class="ff-state">{STATE_SHAPES[card.state]}<span>{escaped(card.word)}</span></div>'
        "</div>",
        _bar(card),
        f'<div class="ff-row"><div class="ff-lead">{escaped(card.lead)}</div>'
        f'<div class="ff-time">{escaped(card.time)}</div></div>',
        *(f'<div class="ff-fact">{escaped(fact, limit=_LONGEST)}</div>' for fact in card.facts),
        _latest(card),
        f'<div class="ff-fact">{escaped(hint)}</div>' if hint else "",
        *_warnings(card),
        f'<div class="ff-say">{escaped(card.say, limit=_LONGEST)}</div>' if card.say else "",
        f'<code class="ff-call">{escaped(card.call, limit=_LONGEST)}</code>' if card.call else "",
        _details(card),
    ]
    return (
        f'<div class="ff ff-card {NOT_TYPESET}" role="group" aria-label="Search">'
        f"<style>{STYLE}</style>{''.join(parts)}</div>"
    )


def _bar(card: Card) -> str:
    """Return the bar; the lead says the same in words."""
    if card.share is None and card.state in ("starting", "running"):
        filled = '<div class="ff-fill ff-sliding"></div>'
    else:
        width = 100 * (card.share or 0.0)
        filled = f'<div class="ff-fill ff-{card.tone}" style="width:{width:.4g}%"></div>'
    return f'<div class="ff-bar" aria-hidden="true">{filled}</div>'


def _latest(card: Card) -> str:
    if not card.latest:
        return ""
    names = ", ".join(link(url, name) for name, url in card.latest)
    return f'<div class="ff-fact">Latest: {names}</div>'


def _warnings(card: Card) -> list[str]:
    shown = [escaped(warning, limit=_LONGEST) for warning in card.warnings[:_MOST_WARNINGS]]
    if (left := len(card.warnings) - _MOST_WARNINGS) > 0:
        shown.append(f"… and {counted(left, 'more warning')} in frames.warnings")
    return [
        f'<div class="ff-warning">{_drawn("ff-not", _TRIANGLE)}<span>{words}</span></div>'
        for words in shown
    ]


def _details(card: Card) -> str:
    if not card.details:
        return ""
    lines = "".join(
        f"<dt>{escaped(name)}</dt><dd><code>{escaped(value, limit=_LONGEST)}</code></dd>"
        for name, value in card.details
    )
    return (
        f'<details class="ff-details"><summary {KEEPS_KEYS}>Details</summary>'
        f"<dl>{lines}</dl></details>"
    )


def card_values(view: View) -> dict[str, Any]:
    """Return the card of a run that goes on as JSON for card.js, which adds no words of its own."""
    card = card_of(view)
    update = view.update
    values = asdict(card)
    values |= {
        "shape": STATE_SHAPES[card.state],
        "latest": [[name, web_address(url)] for name, url in card.latest],
        "cancel": ["Cancel this run?", cancel_warning(update)],
        "buttons": {
            # Over data= the service ends with the call, so that nothing would go on.
            "leave": "Stop waiting" if view.resume else "",
            "left": "Stopping …",
            "cancel": "" if update.generator == "preview" else "Cancel the run …",
            "cancelled": "Cancelling …",
            "keep": "Keep running",
            "confirm": "Cancel the run",
        },
        "hint": interrupting(view),
    }
    return values
