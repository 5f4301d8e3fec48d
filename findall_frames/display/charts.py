"""What was found as bars and lines: the funnel, the sources, and matches over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from findall_frames.display.drawing import BLUES, FAINT, bars, blank, finished, label, picture
from findall_frames.display.heading import funnel
from findall_frames.display.rows import Tables, summary, verdicts
from findall_frames.display.text import counted

__all__ = ["domains_chart", "funnel_chart", "growth_chart", "runs_chart", "title_of"]

_MOST_BARS: Final = 20
_MOST_CHARACTERS: Final = 34
_ROW: Final = 0.3
_FRAME: Final = 0.95


def title_of(tables: Tables) -> str:
    """Give the question, or in a word what was found where it is not known or not one."""
    objectives = pc.unique(tables["runs"]["objective"]).to_pylist()
    return objectives[0] if len(objectives) == 1 and objectives[0] else summary(tables)


def funnel_chart(tables: Tables) -> Figure:
    """Draw how many were generated, evaluated and matched, and how many met each condition."""
    steps = funnel(tables)
    total = steps[0][1]
    if not total:
        return blank(title_of(tables), says="No candidate was generated.")
    names = [name for name, _ in steps]
    counts = [count for _, count in steps]
    words = [f"{total:,}", *(f"{count:,}  ({count / total:.0%})" for count in counts[1:])]
    conditions = verdicts(tables["fields"])
    for condition, met, judged in conditions[:_MOST_BARS]:
        names.append(label(condition, limit=_MOST_CHARACTERS))
        counts.append(met)
        words.append(f"{met:,}  of {judged:,} judged")
    note = "Below the line: the candidates that meet each condition." if conditions else ""
    note += _more(len(conditions) - _MOST_BARS, "condition")
    figure, axes = picture(title_of(tables), height=_FRAME + _ROW * len(names), note=note)
    bars(axes, names=names, counts=counts, words=words)
    for bar in axes.patches[len(steps) :]:
        bar.set_facecolor(BLUES["medium"])
    if conditions:
        axes.axhline(len(steps) - 0.5, color=FAINT, linewidth=0.8)
    return finished(figure)


def domains_chart(tables: Tables) -> Figure:
    """Draw how many citations are of each domain, the most cited at the top."""
    cited = Counter(tables["citations"]["domain"].to_pylist())
    if not cited:
        return blank(title_of(tables), says="Nothing was cited.")
    ranked = sorted(cited.items(), key=lambda pair: (-pair[1], pair[0] or ""))
    shown, left = ranked[:_MOST_BARS], ranked[_MOST_BARS:]
    total = cited.total()
    note = f"{counted(total, 'citation')} of {counted(len(cited), 'domain')}."
    if left:
        note = f"{note} Not shown: {counted(len(left), 'domain')} with "
        note += f"{counted(sum(count for _, count in left), 'citation')}."
    figure, axes = picture(title_of(tables), height=_FRAME + _ROW * len(shown), note=note)
    bars(
        axes,
        names=[label(name, limit=_MOST_CHARACTERS) if name else "no domain" for name, _ in shown],
        counts=[count for _, count in shown],
        words=[f"{count:,}  ({count / total:.0%})" for _, count in shown],
    )
    return finished(figure)


def runs_chart(tables: Tables) -> Figure:
    """Draw how many matches each of several runs has, at the time when it was created."""
    statuses = tables["candidates"]["match_status"].cast(pa.string())
    matched = tables["candidates"].filter(pc.equal(statuses, "matched"))
    counts = Counter(matched["findall_id"].to_pylist())
    runs = tables["runs"].select(["findall_id", "created_at"]).to_pylist()
    dated = sorted(
        (run["created_at"], counts[run["findall_id"]]) for run in runs if run["created_at"]
    )
    if not len(matched):
        return blank(title_of(tables), says="There is no match to show.")
    if not dated:
        return blank(title_of(tables), says="No run says when it was created.")
    note = "Each point is a run, at the time when it was created."
    note += _more(len(runs) - len(dated), "run", why="without such a time")
    figure, axes = picture(title_of(tables), height=3.4, note=note)
    times = [time for time, _ in dated]
    axes.plot(
        date2num(times),  # type: ignore[no-untyped-call]
        [count for _, count in dated],
        color=BLUES["high"],
        marker="o",
    )
    axes.set_ylabel("matches")
    axes.xaxis_date()
    # A minute at least: between fractions of a second there are no dates to be written.
    middle = times[0] + (times[-1] - times[0]) / 2
    half = max((times[-1] - times[0]) * 0.53, timedelta(seconds=30))
    axes.set_xlim(middle - half, middle + half)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time (UTC)", fontsize=9)
    _upwards(axes)
    return finished(figure)


def growth_chart(
    tables: Tables, *, generated: Sequence[datetime], matched: Sequence[datetime]
) -> Figure:
    """Draw how the candidates and the matches of a run grew in number.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs`` and ``candidates``.
    generated, matched : sequence of datetime
        When each candidate was first told of, and when each match became one.
    """
    if not generated:
        return blank(title_of(tables), says="The events tell of no candidate.")
    first, last = min([*generated, *matched]), max([*generated, *matched])
    scale, unit = _unit((last - first).total_seconds())
    note = f"As told by the events of the run, from {first:%Y-%m-%d %H:%M:%S} UTC on."
    figure, axes = picture(title_of(tables), height=3.4, note=note)
    for times, name, look in (
        (generated, "candidates", {"color": FAINT, "linestyle": "--"}),
        (matched, "matches", {"color": BLUES["high"], "linewidth": 2.2}),
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
    _upwards(axes)
    return finished(figure)


def _unit(seconds: float) -> tuple[int, str]:
    """Choose the unit in which a span of time is told: its length in seconds, and its name."""
    if seconds < 180:
        return 1, "seconds"
    return (60, "minutes") if seconds < 3 * 3600 else (3600, "hours")


def _upwards(axes: Axes) -> None:
    """Count from nothing, in whole numbers."""
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)


def _more(left: int, noun: str, *, why: str = "") -> str:
    return f" Not shown: {counted(left, noun)} {why}".rstrip() + "." if left > 0 else ""
