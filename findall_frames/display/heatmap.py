"""How sure each value of each candidate is, as a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from findall_frames.display.charts import title_of
from findall_frames.display.drawing import BLUES, FAINT, INK, PAPER, blank, finished, label, picture
from findall_frames.display.rows import Tables
from findall_frames.display.text import counted

__all__ = ["confidence_chart"]

_MOST_ROWS: Final = 40
_MOST_COLUMNS: Final = 12
_MOST_WIDE_COLUMNS: Final = 6
_ROW: Final = 0.24
_FRAME: Final = 2.4
_WEIGHTS: Final = {"low": 1, "medium": 2, "high": 3}

_Cells = Mapping[str, Mapping[str, Any]]


def confidence_chart(tables: Tables, *, candidates: pa.Table) -> Figure:
    """Draw these candidates by fields, those with the thinnest evidence at the top."""
    kinds = _kinds(tables["fields"])
    if not len(candidates) or not kinds:
        return blank(title_of(tables), says=_nothing(tables, among=candidates))
    columns = list(kinds)[:_MOST_COLUMNS]
    cells = _cells_of(tables["fields"], candidates)
    rows = [
        (record["name"], cells.get((record["findall_id"], record["candidate_id"]), {}))
        for record in candidates.select(["findall_id", "candidate_id", "name"]).to_pylist()
    ]
    rows.sort(key=lambda row: _support(row[1], columns))
    shown = rows[:_MOST_ROWS]
    note = _note(rows=len(rows), columns=len(kinds))
    # Many columns are narrow: their titles stand steep, so that they do not touch.
    steep = len(columns) > _MOST_WIDE_COLUMNS
    height = _FRAME + _ROW * len(shown) + (0.8 if steep else 0)
    figure, axes = picture(title_of(tables), height=height, note=note)
    for y, (_, of_row) in enumerate(shown):
        for x, column in enumerate(columns):
            if column in of_row:
                look, words, ink = _look(of_row[column])
                axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, clip_on=False, **look))
                box = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1}
                axes.text(x, y, words, ha="center", va="center", fontsize=8, color=ink, bbox=box)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    names = [label(name, limit=34) for name, _ in shown]
    axes.set_yticks(range(len(shown)), labels=names, fontsize=8.5)
    titles = [label(column.replace("_", " "), limit=32) for column in columns]
    axes.set_xticks(
        range(len(columns)),
        labels=titles,
        rotation=60 if steep else 25,
        rotation_mode="anchor",
        ha="left",
        fontsize=8.5,
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.legend(
        handles=_legend(),
        loc="upper right",
        bbox_to_anchor=(1, 0),
        borderaxespad=0.4,
        ncols=5,
        frameon=False,
        fontsize=8.5,
        columnspacing=1.2,
    )
    return finished(figure)


def _nothing(tables: Tables, *, among: pa.Table) -> str:
    """Say why no cell can be drawn."""
    others = len(tables["candidates"])
    if others and not len(among):
        return f"No candidate has that status; confidence(status=None) draws all {others:,}."
    return "No candidate has a field to show." if others else "There is no candidate."


def _look(cell: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Choose shade, words and ink of a cell.

    Sureness is the shade; a condition that is not met has a cross and stripes.
    """
    confidence = cell["confidence"]
    shade = BLUES.get(confidence, PAPER)
    look: dict[str, Any] = {"facecolor": shade, "edgecolor": FAINT, "linewidth": 0.6}
    if confidence not in BLUES:
        look["linestyle"] = ":"
    if cell["is_matched"] is False:
        look["hatch"] = "////"
    mark = {True: "✓ ", False: "✗ ", None: ""}[cell["is_matched"]]
    return look, f"{mark}{cell['citation_count']:,}", PAPER if confidence == "high" else INK


def _legend() -> list[Patch]:
    edge: dict[str, Any] = {"edgecolor": FAINT, "linewidth": 0.6}
    return [
        *(Patch(facecolor=shade, label=word, **edge) for word, shade in BLUES.items()),
        Patch(facecolor=PAPER, label="not said", linestyle=":", **edge),
        Patch(facecolor=PAPER, label="✗ not met", hatch="////", **edge),
    ]


def _note(*, rows: int, columns: int) -> str:
    note = "The darker, the surer; the number counts sources; the thinnest evidence is at the top."
    left = []
    if rows > _MOST_ROWS:
        left.append(f"{counted(rows - _MOST_ROWS, 'candidate')} with more evidence")
    if columns > _MOST_COLUMNS:
        left.append(counted(columns - _MOST_COLUMNS, "field"))
    return f"{note} Not shown: {' and '.join(left)}." if left else note


def _kinds(fields: pa.Table) -> dict[str, str]:
    """Name the fields that a search asks for, conditions first."""
    asked = fields.filter(pc.is_valid(fields["kind"])).select(["field", "kind"])
    pairs = asked.group_by(["field", "kind"], use_threads=False).aggregate([]).to_pylist()
    pairs.sort(key=lambda pair: pair["kind"] != "match_condition")
    return {pair["field"]: pair["kind"] for pair in pairs}


def _cells_of(fields: pa.Table, candidates: pa.Table) -> dict[tuple[str, str], _Cells]:
    own = fields.filter(
        pc.is_in(fields["candidate_id"], value_set=candidates["candidate_id"].unique())
    )
    wanted = ["findall_id", "candidate_id", "field", "is_matched", "confidence", "citation_count"]
    cells: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for record in own.select(wanted).to_pylist():
        key = (record["findall_id"], record["candidate_id"])
        cells.setdefault(key, {})[record["field"]] = record
    return {**cells}


def _support(cells: _Cells, columns: Sequence[str]) -> float:
    """Weigh how well a candidate is supported; a field without a source weighs nothing."""
    weights = [
        _WEIGHTS.get(cells[column]["confidence"], 0) if cells[column]["citation_count"] else 0
        for column in columns
        if column in cells
    ]
    return sum(weights) / len(weights) if weights else 0.0
