"""One candidate with everything behind it, as HTML."""

from __future__ import annotations

from findall_frames.display.html import VERDICT_MARKS
from findall_frames.display.links import text, widget_link
from findall_frames.display.marking import marked_excerpt, sayings
from findall_frames.display.rows import Cell, Row, Source
from findall_frames.display.text import counted

__all__ = ["evidence_html"]

_MOST_SOURCES = 8
_MOST_EXCERPTS = 4
_MOST_FIELDS = 60
_MOST_CHARACTERS = 700
_LONGEST_REASON = 1_500

_FAINT = 'style="opacity:.75"'
_SURE = 'style="opacity:.75;font-weight:normal"'
_FIELD = 'style="margin:.8em 0 .1em;font-size:1em"'
_TEXT = 'style="margin:.1em 0;line-height:1.4"'
_LIST = 'style="margin:.2em 0;padding-left:1.2em;line-height:1.4"'
_EXCERPT = (
    'style="margin:.2em 0 .4em;padding:0 0 0 .6em;border-left:2px solid currentColor;'
    'line-height:1.4;opacity:.9"'
)


def evidence_html(row: Row) -> str:
    """Show a candidate: each field with its verdict, reason, sources and marked excerpts.

    Returns
    -------
    str
        HTML without scripts, in which everything that the data says is escaped.
    """
    parts = [
        f'<h3 style="margin:0;font-size:1.15em">{widget_link(row.url, row.name)}</h3>',
        f"<p {_TEXT}><b>{text(row.match_status)}</b> {_address(row)}</p>",
    ]
    if row.description:
        parts.append(f"<p {_TEXT}>{text(row.description, limit=600)}</p>")
    fields = sorted(row.cells.values(), key=lambda cell: cell.kind != "match_condition")
    parts += [_field(cell) for cell in fields[:_MOST_FIELDS]]
    if not fields:
        parts.append(f"<p {_TEXT}>Nothing is known of it beyond that: it was not judged.</p>")
    if len(fields) > _MOST_FIELDS:
        more = counted(len(fields) - _MOST_FIELDS, "field")
        parts.append(f"<p {_TEXT}>… and {more} more in <code>.fields</code></p>")
    return f'<div style="overflow-wrap:anywhere">{"".join(parts)}</div>'


def _address(row: Row) -> str:
    return f"<span {_FAINT}>{text(row.url, limit=120)}</span>" if row.url else ""


def _field(cell: Cell) -> str:
    mark = VERDICT_MARKS[cell.is_matched]
    sure = f" <small {_SURE}>{text(cell.confidence)} confidence</small>" if cell.confidence else ""
    value = text(cell.words, limit=600) if cell.value is not None else f"<i {_FAINT}>no value</i>"
    parts = [
        f"<h4 {_FIELD}>{mark} {text(cell.field)}{sure}</h4>",
        f"<p {_TEXT}>{value}</p>",
    ]
    if cell.reasoning:
        parts.append(f"<p {_TEXT}>{text(cell.reasoning, limit=_LONGEST_REASON)}</p>")
    sought = sayings(cell)
    if cell.sources:
        items = "".join(_source(source, sought) for source in cell.sources[:_MOST_SOURCES])
        left = len(cell.sources) - _MOST_SOURCES
        more = f"<li>… and {counted(left, 'source')} more</li>" if left > 0 else ""
        parts.append(f"<ul {_LIST}>{items}{more}</ul>")
    else:
        parts.append(f"<p {_TEXT}><small {_FAINT}>no source</small></p>")
    return "".join(parts)


def _source(source: Source, sought: list[str]) -> str:
    named = widget_link(
        source.url, source.title or source.url or "a source without address", limit=160
    )
    quoted = "".join(
        f"<blockquote {_EXCERPT}>“{marked_excerpt(passage, sought, limit=_MOST_CHARACTERS)}”"
        "</blockquote>"
        for passage in source.excerpts[:_MOST_EXCERPTS]
    )
    left = len(source.excerpts) - _MOST_EXCERPTS
    more = f"<small>… and {counted(left, 'excerpt')} more</small>" if left > 0 else ""
    return f"<li>{named}{quoted}{more}</li>"
