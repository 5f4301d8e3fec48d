"""Results, searches and runs as HTML for a notebook: escaped, readable in light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from findall_frames.api.models import FindAllRunStatus
from findall_frames.display.matches import (
    CandidateRow,
    FieldCell,
    Tables,
    funnel,
    incomplete_note,
    match_count,
    matched_rows,
    shown_fields,
    summary,
    why_no_match,
)
from findall_frames.display.text import counted, matches_of, one_line, shortened, web_address

__all__ = [
    "NO_TEX",
    "VERDICT_MARKS",
    "escaped",
    "frames_html",
    "link",
    "run_html",
    "run_state",
    "search_html",
    "widget_link",
]

NO_TEX: Final = 'class="tex2jax_ignore mathjax_ignore"'
"""For the outermost tag: front ends typeset whatever is between two dollar signs, even prices."""

VERDICT_MARKS: Final = {
    True: '<b style="color:#2a9134" role="img" aria-label="met">✓</b>',
    False: '<b style="color:#d5432b" role="img" aria-label="not met">✗</b>',
    None: "",
}
"""A mark for each verdict, in colours that are legible on white and on black."""

# Front ends style links in outputs, but not those in widgets.
_LINK_STYLE: Final = (
    "color:var(--jp-content-link-color,var(--vscode-textLink-foreground,#2a7ae2));"
    "text-decoration:underline"
)
_TOP_LEFT: Final = "text-align:left;vertical-align:top"
_CELL: Final = f"{_TOP_LEFT};max-width:24em"
# A grey that shows on white and on black; the sign says the same without it.
_SHADES: Final = {
    "low": ";background:rgba(128,128,128,.24)",
    "medium": ";background:rgba(128,128,128,.12)",
}
_SIGNS: Final = {"low": "?", "medium": "~"}
_LEGEND: Final = {"medium": "~ medium confidence", "low": "? low confidence"}

_MOST_ROWS: Final = 100
_MOST_FIELDS: Final = 20
_MOST_BYTES: Final = 400_000
_MOST_WARNINGS: Final = 5
_LONG_VALUE: Final = 40
_LONGEST_TEXT: Final = 600


def escaped(value: str, *, limit: int = 200) -> str:
    """Return a text escaped for HTML, between tags and in quoted attributes.

    `limit` is in characters before escaping.

    >>> escaped('<b title="&">')
    '&lt;b title=&quot;&amp;&quot;&gt;'
    """
    return escape(shortened(one_line(value), limit=limit), quote=True)


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


def widget_link(url: str | None, words: str, *, limit: int = 200) -> str:
    """Return a link as `link` does, styled so that it looks like one inside a widget.

    >>> widget_link("https://a.org/", "<a>")
    '<a style="...;text-decoration:underline" href="https://a.org/" ...>&lt;a&gt;</a>'
    """
    return link(url, words, limit=limit).replace("<a ", f'<a style="{_LINK_STYLE}" ', 1)


# -- a result ------------------------------------------------------------------------------------


def frames_html(
    tables: Tables, *, warnings: Sequence[str] = (), most_rows: int = _MOST_ROWS
) -> str:
    """Return how the search ended, and its first matches as a table.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    warnings : sequence of str
        Warnings of the service.
    most_rows : int
        The largest number of matches to show.

    Returns
    -------
    str
        HTML without scripts and style sheets. Hovering over a cell shows the reason and the best
        excerpt. At most half a megabyte; a last line says what was left out.
    """
    heading = _heading(tables, warnings)
    rows = matched_rows(tables, limit=most_rows)
    if not rows:
        return f"<div {NO_TEX}>{heading}{_why_no_match(tables)}</div>"
    all_fields = shown_fields(rows)
    fields = all_fields[:_MOST_FIELDS]
    lines: list[str] = []
    size = 0
    for row in rows:
        line = _table_row(row, fields)
        size += len(line.encode())
        if size > _MOST_BYTES:
            break
        lines.append(line)
    titles = "".join(f'<th scope="col" style="{_CELL}">{_title(field)}</th>' for field in fields)
    table = _table(
        f'<th scope="col" style="{_CELL}">name</th>{titles}',
        lines,
        # Lets the keyboard scroll it as well.
        region=' role="region" tabindex="0" aria-label="Matches"',
    )
    notes = [
        _left_out(match_count(tables) - len(lines), len(all_fields) - len(fields)),
        _legend(rows[: len(lines)], fields),
    ]
    foot = "".join(f"<p>{note}</p>" for note in notes if note)
    return f"<div {NO_TEX}>{heading}{table}{foot}</div>"


def _heading(tables: Tables, warnings: Sequence[str]) -> str:
    """Return the objective, how the run ended, the warnings and the funnel."""
    runs = tables["runs"].select(["findall_id", "objective"]).to_pylist()
    ending = f"<b>{escaped(summary(tables))}</b>"
    if len(runs) == 1:
        ending += f" <code>{escaped(runs[0]['findall_id'])}</code>"
        if objective := escaped(runs[0]["objective"] or "", limit=300):
            ending = f"{objective}<br>{ending}"
    lines = [ending]
    if note := incomplete_note(tables):
        lines.append(escaped(note))
    html = "".join(f"<p>{line}</p>" for line in lines)
    html += "".join(
        f'<p role="note"><b>Warning:</b> {escaped(warning, limit=_LONGEST_TEXT)}</p>'
        for warning in warnings[:_MOST_WARNINGS]
    )
    if (left := len(warnings) - _MOST_WARNINGS) > 0:
        html += f"<p>… and {counted(left, 'more warning')} in <code>.warnings</code></p>"
    return html + _bars(funnel(tables))


def _bars(counts: Sequence[tuple[str, int]]) -> str:
    """Return a bar for each count, in the colours of the front end, light or dark."""
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


def _table(header: str, lines: Iterable[str], *, region: str = "") -> str:
    """Return a table that scrolls by itself where it is wider than the page."""
    return (
        f'<div style="overflow-x:auto;max-width:100%"{region}><table><thead><tr>{header}'
        f"</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _title(field: str) -> str:
    # Field names are long words; they may break at their underscores.
    return escaped(field, limit=60).replace("_", "_<wbr>")


def _table_row(row: CandidateRow, fields: list[str]) -> str:
    hint = f' title="{escaped(row.description, limit=300)}"' if row.description else ""
    name = link(row.url, row.name, limit=80)
    cells = [f'<th scope="row" style="{_CELL}"{hint}>{name}</th>']
    for field in fields:
        cell = row.cells.get(field)
        cells.append("<td></td>" if cell is None else _table_cell(cell))
    return f"<tr>{''.join(cells)}</tr>"


def _table_cell(cell: FieldCell) -> str:
    best = cell.best_excerpt
    hints = [
        escaped(f"{cell.confidence} confidence") if cell.confidence else "",
        escaped(cell.reasoning, limit=300) if cell.reasoning else "",
        escaped(f"“{best[0]}” ({best[1].title or best[1].url})", limit=400) if best else "",
    ]
    hint = "&#10;".join(part for part in hints if part)
    confidence = cell.confidence or ""
    # A verdict without a value still has its source.
    shown = cell.words or ("source" if best else "")
    parts = [
        VERDICT_MARKS[cell.is_matched],
        link(best[1].url if best else None, shown, limit=80),
        f'<b title="{confidence} confidence">{_SIGNS[confidence]}</b>'
        if confidence in _SIGNS
        else "",
    ]
    content = " ".join(part for part in parts if part)
    width = ";min-width:14em" if len(cell.words) > _LONG_VALUE else ""
    style = f"{_CELL}{width}{_SHADES.get(confidence, '')}"
    return f'<td style="{style}" title="{hint}">{content}</td>'


def _left_out(matches: int, fields: int) -> str:
    parts = [
        counted(left, f"more {noun}")
        for left, noun in ((matches, "match"), (fields, "field"))
        if left
    ]
    return f"… and {' and '.join(parts)} in <code>.matches</code>" if parts else ""


def _legend(rows: Sequence[CandidateRow], fields: Sequence[str]) -> str:
    """Explain the signs that occur."""
    cells = (row.cells.get(field) for row in rows for field in fields)
    confidences = {cell.confidence for cell in cells if cell is not None}
    return ", ".join(words for confidence, words in _LEGEND.items() if confidence in confidences)


def _why_no_match(tables: Tables) -> str:
    sentence, *conditions = (escaped(line, limit=300) for line in why_no_match(tables))
    items = "".join(f"<li>{condition}</li>" for condition in conditions)
    return f"<p>{sentence}</p>" + (f"<ul>{items}</ul>" if items else "")


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
    return _table(header, lines)


def run_html(
    findall_id: str, *, objective: str | None, state: str, service: str, resume: str
) -> str:
    """Return the state of a run and the call that resumes it."""
    question = f"<b>{escaped(objective, limit=_LONGEST_TEXT)}</b><br>" if objective else ""
    return (
        f"<div {NO_TEX}><p>{question}<code>{escaped(findall_id)}</code> at {escaped(service)}"
        f"<br>{escaped(state)}</p>"
        f"<p>Resume it here or elsewhere: <code>{escaped(resume, limit=_LONGEST_TEXT)}</code></p>"
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
