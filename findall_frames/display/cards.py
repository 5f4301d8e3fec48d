"""A search and a run in a notebook: what will be looked for, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from findall_frames.api.models import FindAllRunStatus
from findall_frames.display.links import NO_TEX, text
from findall_frames.display.text import counted, one_line

__all__ = ["run_html", "run_state", "search_html"]

_LONGEST: Final = 600
_MOST_ROWS: Final = 100
_CELL: Final = 'style="text-align:left;vertical-align:top"'


def search_html(
    objective: str,
    *,
    terms: Iterable[str],
    conditions: Mapping[str, str],
    readings: Mapping[str, str],
    enrichments: Mapping[str, str],
) -> str:
    """Show a search that can still be edited.

    Parameters
    ----------
    objective : str
        The question.
    terms : iterable of str
        What else there is to say, each in a few words.
    conditions : mapping of str to str
        What has to hold, by name.
    readings : mapping of str to str
        What own data understands of conditions, by name.
    enrichments : mapping of str to str
        What else is wanted of each match, by name.
    """
    return (
        f"<div {NO_TEX}><p><b>{text(objective, limit=_LONGEST)}</b><br>{text(', '.join(terms))}</p>"
        f"{_table('condition', 'what has to hold', conditions)}"
        f"{_table('condition', 'what it was understood as', readings)}"
        f"{_table('enrichment', 'what is wanted of each match', enrichments)}</div>"
    )


def run_html(
    findall_id: str, *, objective: str | None, state: str, service: str, resume: str
) -> str:
    """Show where a run stands, and how to go on with it."""
    asked = f"<b>{text(objective, limit=_LONGEST)}</b><br>" if objective else ""
    return (
        f"<div {NO_TEX}><p>{asked}<code>{text(findall_id)}</code> at {text(service)}"
        f"<br>{text(state)}</p>"
        f"<p>Go on with it, here or elsewhere: <code>{text(resume, limit=_LONGEST)}</code></p>"
        "</div>"
    )


def run_state(status: FindAllRunStatus | None) -> str:
    """Say where a run stood when it was asked last; None means that it was not.

    >>> from findall_frames.api.models import FindAllCandidateMetrics
    >>> run_state(FindAllRunStatus("running", True, FindAllCandidateMetrics(40, 3)))
    'running, 3 matches of 40 candidates'
    """
    if status is None:
        return "not asked yet"
    metrics = status.metrics
    found = counted(metrics.matched_candidates_count, "match")
    among = counted(metrics.generated_candidates_count, "candidate")
    counts = f", {found} of {among}" if metrics.generated_candidates_count else ""
    return f"{one_line(status.status)}{counts}"


def _table(name: str, meaning: str, entries: Mapping[str, str]) -> str:
    if not entries:
        return ""
    lines = [
        f'<tr><th scope="row" {_CELL}>{text(key, limit=80)}</th>'
        f"<td {_CELL}>{text(said, limit=_LONGEST)}</td></tr>"
        for key, said in list(entries.items())[:_MOST_ROWS]
    ]
    if (left := len(entries) - _MOST_ROWS) > 0:
        lines.append(f'<tr><td colspan="2" {_CELL}>… and {left:,} more</td></tr>')
    return (
        '<div style="overflow-x:auto;max-width:100%"><table><thead><tr>'
        f'<th scope="col" {_CELL}>{name}</th><th scope="col" {_CELL}>{meaning}</th>'
        f"</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
