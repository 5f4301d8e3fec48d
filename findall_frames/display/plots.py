"""Plots as matplotlib figures: the funnel, sources, matches over time, and confidence."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from rich.cells import cell_len

from findall_frames.addresses import column_of
from findall_frames.display.matches import (
    Tables,
    belonging,
    condition_counts,
    funnel,
    matched_candidates,
    summary,
)
from findall_frames.display.text import counted, one_line

__all__ = [
    "INK",
    "MET",
    "NOT_FILL",
    "PAPER",
    "SHADES",
    "confidence_chart",
    "domains_chart",
    "funnel_chart",
    "growth_chart",
    "runs_chart",
]

PAPER: Final = "#ffffff"
MET: Final = "#00705f"
INK: Final = "#1b1f23"
NOT_FILL: Final = "#d9752f"
SHADES: Final = {"high": "#56595c", "medium": "#8d8f91", "low": "#c6c7c8"}
"""Greys from dark to light, as colours are reserved for verdicts."""

# The light colours of tokens.css, where greys are mixtures of ink and paper.
_DATA: Final = "#8d8f91"
_SECONDARY: Final = "#56595c"
_LINE: Final = "#ddddde"
_WIDTH: Final = 7.4
_TITLE_CHARACTERS: Final = 84
_TITLE_LINES: Final = 2
# For scripts that matplotlib's default font lacks; those that are installed are used.
_OTHER_FONTS: Final = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei"),
    *("WenQuanYi Zen Hei", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari"),
    *("Nirmala UI", "Arial Unicode MS", "Segoe UI Symbol"),
)

_MOST_BARS: Final = 20
_BAR_CHARACTERS: Final = 34
_BAR_HEIGHT: Final = 0.3
_BARS_FRAME: Final = 0.95

_MAP_ROWS: Final = 40
_MAP_COLUMNS: Final = 12
_WIDE_MAP_COLUMNS: Final = 6
_MAP_ROW_HEIGHT: Final = 0.24
_MAP_FRAME: Final = 2.4
_WEIGHTS: Final = {"low": 1, "medium": 2, "high": 3}

_FieldRecords = Mapping[str, Mapping[str, Any]]


def funnel_chart(tables: Tables) -> Figure:
    """Plot the number of candidates generated, evaluated, matched, and meeting each condition."""
    steps = funnel(tables)
    total = steps[0][1]
    if not total:
        return _blank(tables, "No candidate was generated.")
    names = [name for name, _ in steps]
    counts = [count for _, count in steps]
    words = [f"{total:,}", *(f"{count:,}  ({count / total:.0%})" for count in counts[1:])]
    conditions = condition_counts(tables["fields"])
    for condition, met, judged in conditions[:_MOST_BARS]:
        names.append(_label(condition, limit=_BAR_CHARACTERS))
        counts.append(met)
        words.append(f"{met:,}  of {judged:,} judged")
    note = "Below the line: the candidates that meet each condition." if conditions else ""
    note += _not_shown(len(conditions) - _MOST_BARS, "condition")
    figure, axes = _picture(tables, height=_BARS_FRAME + _BAR_HEIGHT * len(names), note=note)
    _bars(axes, names=names, counts=counts, words=words)
    for bar in axes.patches[len(steps) - 1 :]:
        bar.set_facecolor(MET)
    if conditions:
        axes.axhline(len(steps) - 0.5, color=_SECONDARY, linewidth=0.8)
    return _finished(figure)


def domains_chart(tables: Tables) -> Figure:
    """Plot the number of citations per domain, or per column of own data, most cited first."""
    urls, domains = (tables["citations"][name].to_pylist() for name in ("url", "domain"))
    columns = [column_of(url) for url in urls]
    cited = Counter(
        domain if column is None else column
        for column, domain in zip(columns, domains, strict=True)
    )
    if not cited:
        return _blank(tables, "Nothing was cited.")
    noun = "domain" if None in columns else "column"
    ranked = sorted(cited.items(), key=lambda pair: (-pair[1], pair[0] or ""))
    shown, left = ranked[:_MOST_BARS], ranked[_MOST_BARS:]
    total = cited.total()
    note = f"{counted(total, 'citation')} of {counted(len(cited), noun)}."
    if noun == "column":
        note += " The source of every value is a row of your own data."
    if left:
        citations = counted(sum(count for _, count in left), "citation")
        note += _not_shown(len(left), noun, detail=f"with {citations}")
    figure, axes = _picture(tables, height=_BARS_FRAME + _BAR_HEIGHT * len(shown), note=note)
    _bars(
        axes,
        names=[_label(name, limit=_BAR_CHARACTERS) if name else "no domain" for name, _ in shown],
        counts=[count for _, count in shown],
        words=[f"{count:,}  ({count / total:.0%})" for _, count in shown],
    )
    return _finished(figure)


def runs_chart(tables: Tables) -> Figure:
    """Plot the number of matches of each of several runs over their creation times."""
    matched = matched_candidates(tables)
    counts = Counter(matched["findall_id"].to_pylist())
    runs = tables["runs"].select(["findall_id", "created_at"]).to_pylist()
    dated = sorted(
        (run["created_at"], counts[run["findall_id"]]) for run in runs if run["created_at"]
    )
    if not len(matched):
        return _blank(tables, "There are no matches to show.")
    if not dated:
        return _blank(tables, "No run has a creation time.")
    note = "Each point is a run, at its creation time."
    note += _not_shown(len(runs) - len(dated), "run", detail="without a creation time")
    figure, axes = _picture(tables, height=3.4, note=note)
    times = [time for time, _ in dated]
    axes.plot(
        date2num(times),  # type: ignore[no-untyped-call]
        [count for _, count in dated],
        color=MET,
        marker="o",
    )
    axes.set_ylabel("matches")
    axes.xaxis_date()
    # At least a minute, as date labels cannot tell fractions of a second apart.
    middle = times[0] + (times[-1] - times[0]) / 2
    half = max((times[-1] - times[0]) * 0.53, timedelta(seconds=30))
    axes.set_xlim(middle - half, middle + half)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time (UTC)", fontsize=9)
    _count_upwards(axes)
    return _finished(figure)


def growth_chart(
    tables: Tables, *, generated: Sequence[datetime], matched: Sequence[datetime]
) -> Figure:
    """Plot the number of candidates and matches of a run over time.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs`` and ``candidates``.
    generated, matched : sequence of datetime
        When each candidate was first reported, and when each match became one.
    """
    if not generated:
        return _blank(tables, "There are no candidates in the events.")
    first, last = min([*generated, *matched]), max([*generated, *matched])
    scale, unit = _unit((last - first).total_seconds())
    note = f"From the events of the run, starting at {first:%Y-%m-%d %H:%M:%S} UTC."
    figure, axes = _picture(tables, height=3.4, note=note)
    for times, name, look in (
        (generated, "candidates", {"color": _SECONDARY, "linestyle": "--"}),
        (matched, "matches", {"color": MET, "linewidth": 2.2}),
    ):
        seconds = [(time - first).total_seconds() for time in [first, *sorted(times), last]]
        heights = [*range(len(times) + 1), len(times)]
        axes.step(
            [each / scale for each in seconds],
            heights,
            where="post",
            label=f"{name}: {len(times):,}",
            **look,
        )
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    axes.set_xlabel(f"{unit} since the first event", fontsize=9)
    _count_upwards(axes)
    return _finished(figure)


def _unit(seconds: float) -> tuple[int, str]:
    """Return a suitable unit for a time span: its length in seconds, and its name."""
    if seconds < 180:
        return 1, "seconds"
    return (60, "minutes") if seconds < 3 * 3600 else (3600, "hours")


def _count_upwards(axes: Axes) -> None:
    """Start the y axis at zero, with ticks at whole numbers."""
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    axes.grid(axis="y", color=_LINE, linewidth=0.7)
    axes.set_axisbelow(True)


# -- the heat map --------------------------------------------------------------------------------


def confidence_chart(tables: Tables, *, candidates: pa.Table) -> Figure:
    """Plot the confidence in each field of these candidates, weakest evidence first."""
    fields = _requested_fields(tables["fields"])
    if not len(candidates) or not fields:
        return _blank(tables, _why_no_map(tables, candidates))
    columns = fields[:_MAP_COLUMNS]
    records = _records_of(tables["fields"], candidates)
    rows = [
        (each["name"], records.get((each["findall_id"], each["candidate_id"]), {}))
        for each in candidates.select(["findall_id", "candidate_id", "name"]).to_pylist()
    ]
    rows.sort(key=lambda row: _support(row[1], columns))
    shown = rows[:_MAP_ROWS]
    # Titles of many, narrow columns overlap unless they are steep.
    steep = len(columns) > _WIDE_MAP_COLUMNS
    figure, axes = _picture(
        tables,
        height=_MAP_FRAME + _MAP_ROW_HEIGHT * len(shown) + (0.8 if steep else 0),
        note=_map_note(rows=len(rows), columns=len(fields)),
    )
    for y, (_, of_row) in enumerate(shown):
        for x, column in enumerate(columns):
            if column in of_row:
                look, words, ink = _look(of_row[column])
                axes.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, clip_on=False, **look))
                box = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1}
                axes.text(x, y, words, ha="center", va="center", fontsize=8, color=ink, bbox=box)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    names = [_label(name, limit=34) for name, _ in shown]
    axes.set_yticks(range(len(shown)), labels=names, fontsize=8.5)
    titles = [_label(column.replace("_", " "), limit=32) for column in columns]
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
    return _finished(figure)


def _why_no_map(tables: Tables, candidates: pa.Table) -> str:
    total = len(tables["candidates"])
    if total and not len(candidates):
        return f"No candidate has that status; confidence(match_status=None) draws all {total:,}."
    return "No candidate has a field to show." if total else "There is no candidate."


def _look(record: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Return patch style, words and text colour of a field.

    The shade shows the confidence; a condition that is not met has a cross and stripes.
    """
    confidence = record["confidence"]
    look: dict[str, Any] = {
        "facecolor": SHADES.get(confidence, PAPER),
        "edgecolor": _SECONDARY,
        "linewidth": 0.6,
    }
    if confidence not in SHADES:
        look["linestyle"] = ":"
    if record["is_matched"] is False:
        look |= {"hatch": "////", "edgecolor": NOT_FILL}
    mark = {True: "✓ ", False: "✗ ", None: ""}[record["is_matched"]]
    return look, f"{mark}{record['citation_count']:,}", PAPER if confidence == "high" else INK


def _legend() -> list[Patch]:
    edge: dict[str, Any] = {"edgecolor": _SECONDARY, "linewidth": 0.6}
    return [
        *(Patch(facecolor=shade, label=word, **edge) for word, shade in SHADES.items()),
        Patch(facecolor=PAPER, label="not given", linestyle=":", **edge),
        Patch(facecolor=PAPER, label="✗ not met", hatch="////", edgecolor=NOT_FILL, linewidth=0.6),
    ]


def _map_note(*, rows: int, columns: int) -> str:
    note = "Darker means more confident; the number counts sources; weakest evidence at the top."
    left = []
    if rows > _MAP_ROWS:
        left.append(f"{counted(rows - _MAP_ROWS, 'candidate')} with more evidence")
    if columns > _MAP_COLUMNS:
        left.append(counted(columns - _MAP_COLUMNS, "field"))
    return f"{note} Not shown: {' and '.join(left)}." if left else note


def _requested_fields(fields: pa.Table) -> list[str]:
    """Return the fields that a search asks for, conditions first."""
    requested = fields.filter(pc.is_valid(fields["kind"])).select(["field", "kind"])
    pairs = requested.group_by(["field", "kind"], use_threads=False).aggregate([]).to_pylist()
    pairs.sort(key=lambda pair: pair["kind"] != "match_condition")
    return list(dict.fromkeys(pair["field"] for pair in pairs))


def _records_of(fields: pa.Table, candidates: pa.Table) -> dict[tuple[str, str], _FieldRecords]:
    names = ["findall_id", "candidate_id", "field", "is_matched", "confidence", "citation_count"]
    records: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for record in belonging(fields, candidates).select(names).to_pylist():
        key = (record["findall_id"], record["candidate_id"])
        records.setdefault(key, {})[record["field"]] = record
    return {**records}


def _support(records: _FieldRecords, columns: Sequence[str]) -> float:
    """Return how well a candidate is supported; a field without sources counts as zero."""
    weights = [
        _WEIGHTS.get(record["confidence"], 0) if record["citation_count"] else 0
        for column, record in records.items()
        if column in columns
    ]
    return sum(weights) / len(weights) if weights else 0.0


# -- what all plots share ------------------------------------------------------------------------


class _Picture(Figure):
    """A figure that notebooks show even if pyplot was never imported."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        # Twice the pixels, for sharpness on high-density screens.
        file = BytesIO()
        self.savefig(file, format="png", dpi=2 * self.dpi)
        width, height = (round(inches * self.dpi) for inches in self.get_size_inches())
        return file.getvalue(), {"width": width, "height": height}


def _picture(tables: Tables, *, height: float, note: str = "") -> tuple[_Picture, Axes]:
    """Return a figure of this height in inches, with a title and a note below, and its axes."""
    figure = _Picture(figsize=(_WIDTH, height), facecolor=PAPER)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.08)
    axes = figure.add_subplot(facecolor=PAPER)
    title = one_line(_title(tables))
    width = _characters(title, room=_TITLE_CHARACTERS)
    lines = textwrap.wrap(title, width=width, max_lines=_TITLE_LINES, placeholder=" …")
    figure.suptitle(_literal("\n".join(lines)), x=0.01, ha="left", fontsize=11, color=INK)
    if note:
        words = "\n".join(textwrap.wrap(note, width=_TITLE_CHARACTERS + 16))
        figure.supxlabel(_literal(words), x=0.01, ha="left", fontsize=8.5, color=_SECONDARY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    return figure, axes


def _title(tables: Tables) -> str:
    """Return the objective, or the summary if there is none or more than one."""
    objectives = pc.unique(tables["runs"]["objective"]).to_pylist()
    return objectives[0] if len(objectives) == 1 and objectives[0] else summary(tables)


def _blank(tables: Tables, reason: str) -> Figure:
    """Return a figure that says why there is nothing to plot."""
    figure, axes = _picture(tables, height=1.6)
    axes.set_axis_off()
    axes.text(0, 0.5, reason, transform=axes.transAxes, va="center", fontsize=11, color=INK)
    return _finished(figure)


def _bars(axes: Axes, *, names: list[str], counts: list[int], words: list[str]) -> None:
    """Plot a bar for each name, from the top down, with words to its right."""
    positions = range(len(names))
    axes.barh(positions, counts, color=_DATA, height=0.62)
    axes.set_yticks(list(positions), labels=names)
    axes.invert_yaxis()
    axes.set_xlim(0, max(*counts, 1) * 1.02)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    for position, count, label in zip(positions, counts, words, strict=True):
        axes.annotate(
            label,
            (count, position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )


def _finished(figure: Figure) -> Figure:
    """Return the figure with fonts for every script, and with TeX switched off."""
    installed = set(font_manager.get_font_names())
    others = [name for name in _OTHER_FONTS if name in installed]
    for text in figure.findobj(Text):
        settings: Any = text
        settings.set_fontfamily(["sans-serif", *others])
        settings.set_usetex(False)
    return figure


def _label(text: str, *, limit: int) -> str:
    r"""Return an untrusted text as a label, cut to `limit` and never read as a formula.

    The cut is in the middle, as long names tend to differ at their ends.

    >>> _label("costs $5 and $6", limit=40)
    'costs \\$5 and \\$6'
    >>> _label("employs_more_than_50_people_check", limit=20)
    'employs_more…e_check'
    """
    line = one_line(text)
    room = _characters(line, room=limit)
    if len(line) > room:
        tail = (room - 1) * 2 // 5
        line = f"{line[: room - 1 - tail].rstrip()}…{line[-tail:].lstrip()}"
    return _literal(line)


def _characters(text: str, *, room: int) -> int:
    """Return how many characters of a text fit; those of some scripts are twice as wide."""
    return max(room * len(text) // max(cell_len(text), 1), room // 2)


def _literal(text: str) -> str:
    return text.replace("$", r"\$")


def _not_shown(left: int, noun: str, *, detail: str = "") -> str:
    return f" Not shown: {counted(left, noun)} {detail}".rstrip() + "." if left > 0 else ""
