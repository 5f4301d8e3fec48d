"""Widgets to look through the candidates: search, filters, a list, and the evidence of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import ipywidgets

from findall_frames.display.catalogue import Catalogue, Filters
from findall_frames.display.evidence_html import evidence_html
from findall_frames.display.html import escaped, frames_html
from findall_frames.display.matches import Tables, summary
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
_NONE_FOUND: Final = "<p>No candidate fits. Clear the search or a filter.</p>"
_EMPTY: Final = "<p>There is no candidate to show.</p>"

_WIDE: Final = {"width": "auto"}
_BOTH: Final = {"flex_flow": "row wrap", "align_items": "stretch", "width": "100%"}
_LEFT: Final = {"flex": "1 1 270px", "min_width": "0", "max_width": "420px"}
# Right of the list where there is room for both, else below it.
_RIGHT: Final = {
    "flex": "2 1 340px",
    "min_width": "0",
    "max_height": "470px",
    "overflow": "auto",
    "padding": "0 0 0 12px",
}


class Explorer:
    """Widgets to look through the candidates: a list of those found, and the evidence of one.

    `FindAllFrames.explore` returns it, and a cell that ends in it shows it. Where widgets cannot
    be shown, as in an exported notebook or a console, it is a table of the first matches.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.

    Attributes
    ----------
    widget : ipywidgets.Widget
        The whole explorer, for a layout of your own.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._catalogue = catalogue = Catalogue(tables)
        self._found: list[int] = []
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
            control.observe(self._filter, names="value")
        self._list.observe(self._show_evidence, names="value")
        self._filter()

    @property
    def left(self) -> list[tuple[str, str]]:
        """The findall_id and candidate_id of every candidate found, also those not listed."""
        return [self._catalogue.keys[position] for position in self._found]

    @property
    def chosen(self) -> tuple[str, str] | None:
        """The findall_id and candidate_id of the candidate whose evidence is shown, or None."""
        position = self._list.value
        return None if position is None else self._catalogue.keys[position]

    def __repr__(self) -> str:
        candidates = counted(len(self._catalogue), "candidate")
        return f"Explorer: {len(self._found):,} of {candidates}; {summary(self._tables)}"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        table = frames_html(self._tables, most_rows=_MOST_ROWS_WITHOUT_WIDGETS)
        return {
            **self.widget._repr_mimebundle_(),
            "text/html": f"<p>{escaped(_ADVICE, limit=400)}</p>{table}",
            "text/plain": f"{self!r}\n{_ADVICE}",
        }

    def _filter(self, _: object = None) -> None:
        """Update the list; the chosen candidate stays chosen while it is in it."""
        self._found = self._catalogue.find(
            Filters(
                words=self._words.value,
                verdict=_picked(self._verdict),
                confidence=_picked(self._confidence),
                field=_picked(self._field),
                domain=_picked(self._domain),
            )
        )
        listed = self._found[:_MOST_LISTED]
        before = self._list.value
        self._is_filling = True
        try:
            with self._list.hold_sync():
                self._list.options = [(self._label(each), each) for each in listed]
                first = listed[0] if listed else None
                self._list.value = before if before in listed else first
        finally:
            self._is_filling = False
        self._count.value = f'<span role="status">{escaped(self._counted(len(listed)))}</span>'
        if self._list.value != before or before is None:
            self._show_evidence()

    def _show_evidence(self, _: object = None) -> None:
        """Show the evidence of the chosen candidate."""
        if self._is_filling:
            return
        position = self._list.value
        if position is not None:
            self._evidence.value = evidence_html(self._catalogue.row(position))
        else:
            self._evidence.value = _NONE_FOUND if len(self._catalogue) else _EMPTY

    def _label(self, position: int) -> str:
        sign = _SIGNS.get(self._catalogue.statuses[position], "·")
        name = one_line(self._catalogue.names[position])
        return f"{sign} {shortened(name, limit=_MOST_CHARACTERS)}"

    def _counted(self, listed: int) -> str:
        found = len(self._found)
        words = f"{found:,} of {counted(len(self._catalogue), 'candidate')}"
        return words if listed == found else f"{words}; the first {listed:,} are listed"


def _dropdown(description: str, counts: Iterable[tuple[str, int]]) -> ipywidgets.Dropdown:
    # In tuples, as widgets take None for "nothing chosen" and a field may be named "".
    options = [
        (f"{shortened(one_line(word), limit=_MOST_CHARACTERS)} ({count:,})", (word,))
        for word, count in counts
    ]
    return ipywidgets.Dropdown(
        options=[("any", ()), *options], description=description, layout=_WIDE
    )


def _picked(control: ipywidgets.Dropdown) -> str | None:
    return next(iter(control.value), None)
