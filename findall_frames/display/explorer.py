"""Candidates to be looked through in a notebook: search, filters, and the evidence of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import ipywidgets

from findall_frames.display.catalogue import Catalogue, Choice
from findall_frames.display.evidence_html import evidence_html
from findall_frames.display.html import frames_html
from findall_frames.display.links import text
from findall_frames.display.rows import Tables, summary
from findall_frames.display.text import counted, one_line, shortened

__all__ = ["Explorer"]

_MOST_LISTED: Final = 200
_MOST_DOMAINS: Final = 50
_MOST_CHARACTERS: Final = 60
_MOST_ROWS_WITHOUT_WIDGETS: Final = 20
_SIGNS: Final = {"matched": "✓", "unmatched": "✗"}
_ADVICE: Final = (
    "The explorer needs a running kernel and a front end that shows Jupyter widgets, such as "
    "JupyterLab, VS Code or Colab: run the cell again there."
)
_NONE_LEFT: Final = "<p>No candidate fits. Clear the search or open a filter.</p>"
_EMPTY: Final = "<p>There is no candidate to look at.</p>"

_WIDE: Final = {"width": "auto"}
_BOTH: Final = {"flex_flow": "row wrap", "align_items": "stretch", "width": "100%"}
_LEFT: Final = {"flex": "1 1 270px", "min_width": "0", "max_width": "420px"}
# Beside the list where there is room for both, else below it.
_RIGHT: Final = {
    "flex": "2 1 340px",
    "min_width": "0",
    "max_height": "470px",
    "overflow": "auto",
    "padding": "0 0 0 12px",
}


class Explorer:
    """Widgets to look through the candidates: a list of those left, and the evidence of one.

    `FindAllFrames.explore` makes it. The last expression of a cell shows it. Where widgets cannot
    be shown, as in an exported notebook or a console, there is a table of the first matches.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.

    Attributes
    ----------
    widget : ipywidgets.Widget
        All of it, to be put into a layout of your own.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._catalogue = catalogue = Catalogue(tables)
        self._places: list[int] = []
        self._is_filling = False
        self._words = ipywidgets.Text(
            description="Search",
            placeholder="names, values, reasons, excerpts",
            layout=_WIDE,
        )
        self._verdict = _dropdown("Verdict", catalogue.verdicts())
        self._confidence = _dropdown("Confidence", catalogue.confidences())
        self._field = _dropdown("Field", catalogue.fields())
        self._domain = _dropdown("Domain", catalogue.domains(most=_MOST_DOMAINS))
        self._count = ipywidgets.HTML()
        self._list = ipywidgets.Select(rows=14, layout=_WIDE)
        self._evidence = ipywidgets.HTML(layout={"width": "100%"})
        self._controls = [self._words, self._verdict, self._confidence, self._field, self._domain]
        left = ipywidgets.VBox([*self._controls, self._count, self._list], layout=_LEFT)
        right = ipywidgets.Box([self._evidence], layout=_RIGHT)
        self.widget = ipywidgets.HBox([left, right], layout=_BOTH)
        for control in self._controls:
            control.observe(self._sift, names="value")
        self._list.observe(self._choose, names="value")
        self._sift()

    @property
    def left(self) -> list[tuple[str, str]]:
        """The findall_id and candidate_id of each candidate that is left, also beyond the list."""
        return [self._catalogue.keys[place] for place in self._places]

    @property
    def chosen(self) -> tuple[str, str] | None:
        """The findall_id and candidate_id of the candidate whose evidence is shown, if any is."""
        place = self._list.value
        return None if place is None else self._catalogue.keys[place]

    def __repr__(self) -> str:
        candidates = counted(len(self._catalogue), "candidate")
        return f"Explorer: {len(self._places):,} of {candidates}; {summary(self._tables)}"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        table = frames_html(self._tables, most_rows=_MOST_ROWS_WITHOUT_WIDGETS)
        return {
            **self.widget._repr_mimebundle_(),
            "text/html": f"<p>{text(_ADVICE, limit=400)}</p>{table}",
            "text/plain": f"{self!r}\n{_ADVICE}",
        }

    def _sift(self, _: object = None) -> None:
        """Bring the list up to date; the chosen candidate stays while it is in the list."""
        self._places = self._catalogue.find(
            Choice(
                words=self._words.value,
                verdict=_picked(self._verdict),
                confidence=_picked(self._confidence),
                field=_picked(self._field),
                domain=_picked(self._domain),
            )
        )
        listed = self._places[:_MOST_LISTED]
        before = self._list.value
        self._is_filling = True
        try:
            with self._list.hold_sync():
                self._list.options = [(self._label(place), place) for place in listed]
                first = listed[0] if listed else None
                self._list.value = before if before in listed else first
        finally:
            self._is_filling = False
        self._count.value = f'<span role="status">{text(self._counted(len(listed)))}</span>'
        if self._list.value != before or before is None:
            self._choose()

    def _choose(self, _: object = None) -> None:
        """Show the evidence of the chosen candidate."""
        if self._is_filling:
            return
        place = self._list.value
        if place is not None:
            self._evidence.value = evidence_html(self._catalogue.row(place))
        else:
            self._evidence.value = _NONE_LEFT if len(self._catalogue) else _EMPTY

    def _label(self, place: int) -> str:
        sign = _SIGNS.get(self._catalogue.statuses[place], "·")
        name = one_line(self._catalogue.names[place])
        return f"{sign} {shortened(name, limit=_MOST_CHARACTERS)}"

    def _counted(self, listed: int) -> str:
        left = len(self._places)
        found = f"{left:,} of {counted(len(self._catalogue), 'candidate')}"
        return found if listed == left else f"{found}; the first {listed:,} are listed"


def _dropdown(description: str, counts: Iterable[tuple[str, int]]) -> ipywidgets.Dropdown:
    # Values in tuples: widgets take None for "nothing chosen", and a field may be called "".
    options = [
        (f"{shortened(one_line(word), limit=_MOST_CHARACTERS)} ({count:,})", (word,))
        for word, count in counts
    ]
    return ipywidgets.Dropdown(
        options=[("any", ()), *options], description=description, layout=_WIDE
    )


def _picked(control: ipywidgets.Dropdown) -> str | None:
    return next(iter(control.value), None)
