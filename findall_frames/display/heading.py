"""What stands above the matches in a notebook: the question, how it ended, and the funnel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import TERMINAL_STATUSES
from findall_frames.display.links import text
from findall_frames.display.rows import Tables, match_count, summary
from findall_frames.display.text import counted

__all__ = ["funnel", "heading_html", "so_far"]

_MOST_WARNINGS = 5
_BY_THEN = "what is here was found by then"
_ENDINGS = {
    "failed": f"The run failed; {_BY_THEN}.",
    "cancelled": f"The run was cancelled; {_BY_THEN}.",
}


def funnel(tables: Tables) -> list[tuple[str, int]]:
    """Count the candidates that were generated, evaluated and matched.

    A service may send fewer candidates than it has generated, such as those evaluated only.
    """
    statuses = tables["candidates"]["match_status"].cast(pa.string())
    evaluated = pc.sum(pc.is_in(statuses, value_set=pa.array(["matched", "unmatched"]))).as_py()
    generated = pc.sum(tables["runs"]["generated_candidates_count"]).as_py() or 0
    return [
        ("generated", max(generated, len(statuses))),
        ("evaluated", evaluated or 0),
        ("matched", match_count(tables)),
    ]


def so_far(tables: Tables) -> str:
    """Say that a run has not ended as it should, or has not ended; nothing when all did."""
    statuses = Counter(tables["runs"]["status"].to_pylist())
    others = {status: count for status, count in statuses.items() if status != "completed"}
    if not others:
        return ""
    if len(tables["runs"]) > 1:
        parts = ", ".join(f"{count:,} {status}" for status, count in others.items())
        return f"Not every run was completed: {parts} of {len(tables['runs']):,}."
    (status,) = others
    if status in TERMINAL_STATUSES:
        return _ENDINGS.get(status, f"The run ended as {status!r}; {_BY_THEN}.")
    return f"The run was {status} when this was fetched; there may be more by now."


def heading_html(tables: Tables, *, warnings: Sequence[str] = ()) -> str:
    """Say what was asked and how it ended, warn, and draw the funnel."""
    runs = tables["runs"].select(["findall_id", "objective"]).to_pylist()
    asked = text(runs[0]["objective"] or "", limit=300) if len(runs) == 1 else ""
    run = f" <code>{text(runs[0]['findall_id'])}</code>" if len(runs) == 1 else ""
    ended = f"<b>{text(summary(tables))}</b>{run}"
    lines = [f"<p>{asked}<br>{ended}</p>" if asked else f"<p>{ended}</p>"]
    if state := so_far(tables):
        lines.append(f"<p>{text(state)}</p>")
    lines += [
        f'<p role="note"><b>Warning:</b> {text(warning, limit=600)}</p>'
        for warning in warnings[:_MOST_WARNINGS]
    ]
    if (left := len(warnings) - _MOST_WARNINGS) > 0:
        lines.append(f"<p>… and {counted(left, 'warning')} more in <code>.warnings</code></p>")
    return "".join(lines) + _bars(funnel(tables))


def _bars(counts: Sequence[tuple[str, int]]) -> str:
    """Draw a bar for each count, in the colours of the front end, light or dark."""
    most = max(count for _, count in counts)
    if not most:
        return ""
    bars = "".join(
        '<div style="display:flex;align-items:center;line-height:1.5">'
        f'<span style="width:6em">{name}</span> '
        f'<span style="width:5em;text-align:right;padding-right:.8em">{count:,}</span> '
        '<span style="flex:1" aria-hidden="true"><span style="display:block;height:.65em;'
        "background:var(--jp-brand-color1,currentColor);opacity:.7;"
        f'width:{100 * count / most:.4g}%"></span></span></div>'
        for name, count in counts
    )
    return f'<div style="max-width:32em;margin:.3em 0 .8em">{bars}</div>'
