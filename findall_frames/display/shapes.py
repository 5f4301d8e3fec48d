"""The shapes of verdicts and outcomes as SVG, and the stylesheets and modules of the views."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["SHAPES", "asset", "shape", "svg"]

_TICK: Final = "M3.2 8.6 6.4 11.8 12.8 4.6"
_CROSS: Final = "M5.6 5.6 10.4 10.4M10.4 5.6 5.6 10.4"
_MARK: Final = (
    '<path d="M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2" stroke-width="1.3"/>'
    '<circle cx="8" cy="11.1" r=".8" fill="currentColor" stroke="none"/>'
)

_DRAWINGS: Final = {
    "met": ("ff-met", f'<path d="{_TICK}" stroke-width="2"/>'),
    "not": (
        "ff-not",
        '<rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" stroke-width="1.4"/>'
        f'<path d="{_CROSS}" stroke-width="1.8"/>',
    ),
    "unknown": (
        "ff-unknown",
        '<circle cx="8" cy="8" r="6.4" stroke-width="1.3" stroke-dasharray="2.4 1.6"/>' + _MARK,
    ),
    "match": (
        "ff-met",
        '<circle cx="8" cy="8" r="7" fill="currentColor" stroke="none"/>'
        '<path d="M4.8 8.3 7 10.5 11.2 5.8" stroke="var(--ff-bg)" stroke-width="1.7"/>',
    ),
}


def svg(style: str, drawing: str, *, stroke_width: float = 1.0) -> str:
    """Return a drawing in a box of 16 by 16 as SVG, in the colour of the text around it."""
    return (
        f'<svg class="ff-shape {style}" viewBox="0 0 16 16" width="14" height="14" fill="none" '
        f'stroke="currentColor" stroke-width="{stroke_width:g}" stroke-linecap="round" '
        'stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f"{drawing}</svg>"
    )


SHAPES: Final = {name: svg(*drawing) for name, drawing in _DRAWINGS.items()}
"""SVG of each shape: met, not, unknown for verdicts; match for the outcome of a candidate."""


def shape(verdict: bool | None) -> str:
    """Return the SVG of a verdict.

    >>> "ff-not" in shape(False)
    True
    """
    return SHAPES["unknown" if verdict is None else "met" if verdict else "not"]


@cache
def asset(name: str) -> str:
    """Return the text of a stylesheet or module of this package.

    >>> ".ff {" in asset("tokens.css")
    True
    """
    return files("findall_frames.display").joinpath("static", name).read_text("utf-8")
