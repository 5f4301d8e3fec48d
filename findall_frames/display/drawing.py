"""Figures made without pyplot, in which text stays text: what all plots share."""

from __future__ import annotations

import textwrap
from io import BytesIO
from typing import Any, Final

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.cells import cell_len

from findall_frames.display.text import one_line

__all__ = ["BLUES", "INK", "PAPER", "Picture", "bars", "blank", "finished", "label", "picture"]

WIDTH: Final = 7.4
PAPER: Final = "#ffffff"
INK: Final = "#222222"
FAINT: Final = "#666666"
BLUES: Final = {"high": "#08519c", "medium": "#6baed6", "low": "#c6dbef"}
"""One hue from light to dark, which keeps its order without colour and for every eye."""

# Fonts for writing that matplotlib's own has no letters for, as far as one is installed.
_OTHER_FONTS: Final = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei"),
    *("WenQuanYi Zen Hei", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari"),
    *("Nirmala UI", "Arial Unicode MS", "Segoe UI Symbol"),
)
_TITLE_CHARACTERS: Final = 84
_TITLE_LINES: Final = 2


class Picture(Figure):
    """A matplotlib figure that a notebook shows also where pyplot was never loaded."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        # Twice the pixels, so that it is sharp on today's screens.
        file = BytesIO()
        self.savefig(file, format="png", dpi=2 * self.dpi)
        width, height = (round(inches * self.dpi) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}


def label(text: str, *, limit: int) -> str:
    """Make a text of unknown origin fit to be a label: no formula, and no longer than `limit`.

    What is cut is the middle, since long names are told apart by their ends.

    >>> label("costs $5 and $6", limit=40)
    'costs \\\\$5 and \\\\$6'
    >>> label("employs_more_than_50_people_check", limit=20)
    'employs_more…e_check'
    """
    line = one_line(text)
    room = _characters(line, room=limit)
    if len(line) > room:
        tail = (room - 1) * 2 // 5
        line = f"{line[: room - 1 - tail].rstrip()}…{line[-tail:].lstrip()}"
    return _literal(line)


def picture(title: str, *, height: float, note: str = "") -> tuple[Picture, Axes]:
    """Make a figure with one pair of axes, a title, and a note below.

    Parameters
    ----------
    title : str
        Of unknown origin; at most two lines of it are shown.
    height : float
        Inches.
    note : str
        What the picture leaves out, or how it is to be read.
    """
    figure = Picture(figsize=(WIDTH, height), facecolor=PAPER)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.08)
    axes = figure.add_subplot(facecolor=PAPER)
    asked = one_line(title)
    width = _characters(asked, room=_TITLE_CHARACTERS)
    lines = textwrap.wrap(asked, width=width, max_lines=_TITLE_LINES, placeholder=" …")
    figure.suptitle(_literal("\n".join(lines)), x=0.01, ha="left", fontsize=11, color=INK)
    if note:
        words = "\n".join(textwrap.wrap(note, width=_TITLE_CHARACTERS + 16))
        figure.supxlabel(_literal(words), x=0.01, ha="left", fontsize=8.5, color=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


def bars(axes: Axes, *, names: list[str], counts: list[int], words: list[str]) -> None:
    """Draw a bar for each name from the top down, with words behind it."""
    places = range(len(names))
    axes.barh(places, counts, color=BLUES["high"], height=0.62)
    axes.set_yticks(list(places), labels=names)
    axes.invert_yaxis()
    axes.set_xlim(0, max(*counts, 1) * 1.02)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    for place, count, said in zip(places, counts, words, strict=True):
        axes.annotate(
            said, (count, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9
        )


def blank(title: str, *, says: str) -> Picture:
    """Make a figure that says why there is nothing to be drawn."""
    figure, axes = picture(title, height=1.6)
    axes.set_axis_off()
    axes.text(0, 0.5, says, transform=axes.transAxes, va="center", fontsize=11, color=INK)
    return finished(figure)


def finished(figure: Picture) -> Picture:
    """Give every text fonts that have its letters, and have none of them set by TeX."""
    installed = set(font_manager.get_font_names())
    others = [name for name in _OTHER_FONTS if name in installed]
    for text in figure.findobj(Text):
        settings: Any = text
        settings.set_fontfamily(["sans-serif", *others])
        settings.set_usetex(False)
    return figure


def _characters(text: str, *, room: int) -> int:
    """Tell how many characters of a text fit, since those of some scripts are twice as wide."""
    return max(room * len(text) // max(cell_len(text), 1), room // 2)


def _literal(text: str) -> str:
    return text.replace("$", r"\$")
