"""Searches and runs as HTML for a notebook, and the escaping that all HTML of results uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from findall_frames.api.models import FindAllRunStatus
from findall_frames.display.text import matches_of, one_line, shortened, web_address

__all__ = [
    "NOT_TYPESET",
    "NO_TEX",
    "breakable",
    "code",
    "escaped",
    "link",
    "run_html",
    "run_state",
    "search_html",
]

NOT_TYPESET: Final = "tex2jax_ignore mathjax_ignore"
"""Classes of an outermost tag that keep front ends from typesetting text between dollar signs."""

NO_TEX: Final = f'class="{NOT_TYPESET}"'
"""For an outermost tag without other classes."""

_TOP_LEFT: Final = "text-align:left;vertical-align:top"
_MOST_ROWS: Final = 100
_LONGEST_TEXT: Final = 600


def escaped(value: str, *, limit: int = 200) -> str:
    """Return a text escaped for HTML, between tags and in quoted attributes.

    `limit` is in characters before escaping.

    >>> escaped('<b title="&">')
    '&lt;b title=&quot;&amp;&quot;&gt;'
    """
    return escape(shortened(one_line(value), limit=limit), quote=True)


def breakable(name: str) -> str:
    """Return the name of a field escaped for HTML; long ones may break at their underscores.

    >>> breakable("ceo_name")
    'ceo_<wbr>name'
    """
    return escaped(name, limit=60).replace("_", "_<wbr>")


def link(url: str | None, words: str, *, limit: int = 200) -> str:
    """Return words linked to a web page, or only the words if the URL is none of a web page.

    >>> link("https://a.org/?a&b", "<a>")
    '<a href="https://a.org/?a&amp;b" target="_blank" rel="noopener noreferrer">&lt;a&gt;</a>'
    >>> link("javascript:alert(1)", "text")
    'text'
    """
    shown = escaped(words, limit=limit)
    address = web_address(url)
    if address is None:
        return shown
    href = escape(address, quote=True)
    return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def code(words: str, *, limit: int = 200) -> str:
    """Return an id or a call, escaped for HTML.

    >>> code("frames.explore()")
    '<code>frames.explore()</code>'
    """
    return f"<code>{escaped(words, limit=limit)}</code>"


# -- a search and a run ----------------------------------------------------------------------------


def search_html(
    objective: str,
    *,
    terms: Iterable[str],
    conditions: Mapping[str, str],
    readings: Mapping[str, str],
    enrichments: Mapping[str, str],
) -> str:
    """Return a search that can still be edited.

    Parameters
    ----------
    objective : str
        The question.
    terms : iterable of str
        Entity type, limits and exclusions, each in a few words.
    conditions : mapping of str to str
        Descriptions of the match conditions by name.
    readings : mapping of str to str
        How own data understood the conditions, by name.
    enrichments : mapping of str to str
        Descriptions of the enrichments by name.
    """
    return (
        f"<div {NO_TEX}><p><b>{escaped(objective, limit=_LONGEST_TEXT)}</b>"
        f"<br>{escaped(', '.join(terms))}</p>"
        f"{_named_texts('condition', 'description', conditions)}"
        f"{_named_texts('condition', 'understood as', readings)}"
        f"{_named_texts('enrichment', 'description', enrichments)}</div>"
    )


def _named_texts(name: str, meaning: str, entries: Mapping[str, str]) -> str:
    if not entries:
        return ""
    style = f'style="{_TOP_LEFT}"'
    lines = [
        f'<tr><th scope="row" {style}>{escaped(key, limit=80)}</th>'
        f"<td {style}>{escaped(words, limit=_LONGEST_TEXT)}</td></tr>"
        for key, words in list(entries.items())[:_MOST_ROWS]
    ]
    if (left := len(entries) - _MOST_ROWS) > 0:
        lines.append(f'<tr><td colspan="2" {style}>… and {left:,} more</td></tr>')
    header = f'<th scope="col" {style}>{name}</th><th scope="col" {style}>{meaning}</th>'
    return (
        f'<div style="overflow-x:auto;max-width:100%"><table><thead><tr>{header}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def run_html(
    findall_id: str, *, objective: str | None, state: str, service: str, resume: str
) -> str:
    """Return the state of a run and the call that resumes it."""
    question = f"<b>{escaped(objective, limit=_LONGEST_TEXT)}</b><br>" if objective else ""
    return (
        f"<div {NO_TEX}><p>{question}{code(findall_id)} at {escaped(service)}"
        f"<br>{escaped(state)}</p>"
        f"<p>Resume it here or elsewhere: {code(resume, limit=_LONGEST_TEXT)}</p>"
        "</div>"
    )


def run_state(status: FindAllRunStatus | None) -> str:
    """Return the status and counts of a run as last fetched; None if they never were.

    >>> from findall_frames.api.models import FindAllCandidateMetrics
    >>> run_state(FindAllRunStatus("running", True, FindAllCandidateMetrics(40, 3)))
    'running, 3 matches among 40 candidates'
    """
    if status is None:
        return "status not fetched yet"
    words = one_line(status.status)
    if generated := status.metrics.generated_candidates_count:
        matched = status.metrics.matched_candidates_count
        words += f", {matches_of(matched, candidates=generated)}"
    return words
