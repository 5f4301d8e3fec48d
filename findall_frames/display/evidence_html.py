"""One candidate with all its evidence as HTML; values are marked in the excerpts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from findall_frames.api.models import VERDICT_WORDS
from findall_frames.display.html import VERDICT_MARKS, escaped, widget_link
from findall_frames.display.matches import CandidateRow, CitedSource, FieldCell
from findall_frames.display.text import counted, excerpt_around, one_line

__all__ = ["evidence_html", "marked_excerpt"]

_MOST_SOURCES: Final = 8
_MOST_EXCERPTS: Final = 4
_MOST_FIELDS: Final = 60
_LONGEST_EXCERPT: Final = 700
_LONGEST_REASON: Final = 1_500
_MOST_MARKED: Final = 20
_LONGEST_MARKED: Final = 200

_FAINT: Final = 'style="opacity:.75"'
_CONFIDENCE: Final = 'style="opacity:.75;font-weight:normal"'
_FIELD: Final = 'style="margin:.8em 0 .1em;font-size:1em"'
_TEXT: Final = 'style="margin:.1em 0;line-height:1.4"'
_LIST: Final = 'style="margin:.2em 0;padding-left:1.2em;line-height:1.4"'
_EXCERPT: Final = (
    'style="margin:.2em 0 .4em;padding:0 0 0 .6em;border-left:2px solid currentColor;'
    'line-height:1.4;opacity:.9"'
)
# Its own colours, so that it is legible in every theme.
_MARK: Final = '<mark style="background:#ffe27a;color:#1a1a1a">'
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{4,18}")


def evidence_html(row: CandidateRow) -> str:
    """Return each field of a candidate with its verdict, reason, sources and marked excerpts.

    Returns
    -------
    str
        HTML without scripts, in which everything that comes from the data is escaped.
    """
    url = f"<span {_FAINT}>{escaped(row.url, limit=120)}</span>" if row.url else ""
    parts = [
        f'<h3 style="margin:0;font-size:1.15em">{widget_link(row.url, row.name)}</h3>',
        f"<p {_TEXT}><b>{escaped(row.match_status)}</b> {url}</p>",
    ]
    if row.description:
        parts.append(f"<p {_TEXT}>{escaped(row.description, limit=600)}</p>")
    fields = sorted(row.cells.values(), key=lambda cell: cell.kind != "match_condition")
    parts += [_field(cell) for cell in fields[:_MOST_FIELDS]]
    if not fields:
        parts.append(f"<p {_TEXT}>It was not judged, so nothing else is known.</p>")
    if (left := len(fields) - _MOST_FIELDS) > 0:
        parts.append(f"<p {_TEXT}>… and {counted(left, 'more field')} in <code>.fields</code></p>")
    return f'<div style="overflow-wrap:anywhere">{"".join(parts)}</div>'


def _field(cell: FieldCell) -> str:
    confidence = ""
    if cell.confidence:
        confidence = f" <small {_CONFIDENCE}>{escaped(cell.confidence)} confidence</small>"
    value = f"<i {_FAINT}>no value</i>"
    if cell.value is not None:
        value = escaped(cell.words, limit=600)
    parts = [
        f"<h4 {_FIELD}>{VERDICT_MARKS[cell.is_matched]} {escaped(cell.field)}{confidence}</h4>",
        f"<p {_TEXT}>{value}</p>",
    ]
    if cell.reasoning:
        parts.append(f"<p {_TEXT}>{escaped(cell.reasoning, limit=_LONGEST_REASON)}</p>")
    if cell.sources:
        values = _values(cell)
        items = "".join(_source(source, values) for source in cell.sources[:_MOST_SOURCES])
        left = len(cell.sources) - _MOST_SOURCES
        more = f"<li>… and {counted(left, 'more source')}</li>" if left > 0 else ""
        parts.append(f"<ul {_LIST}>{items}{more}</ul>")
    else:
        parts.append(f"<p {_TEXT}><small {_FAINT}>no source</small></p>")
    return "".join(parts)


def _source(source: CitedSource, values: list[str]) -> str:
    name = source.title or source.url or "a source without an address"
    quotes = "".join(
        f"<blockquote {_EXCERPT}>“{marked_excerpt(excerpt, values, limit=_LONGEST_EXCERPT)}”"
        "</blockquote>"
        for excerpt in source.excerpts[:_MOST_EXCERPTS]
    )
    left = len(source.excerpts) - _MOST_EXCERPTS
    more = f"<small>… and {counted(left, 'more excerpt')}</small>" if left > 0 else ""
    return f"<li>{widget_link(source.url, name, limit=160)}{quotes}{more}</li>"


def _values(cell: FieldCell) -> list[str]:
    """Return the texts to mark in the excerpts of a field: its value, or the parts of it."""
    if cell.value is None:
        return []
    nested = cell.value_type in ("array", "object")
    parts = _leaves(json.loads(cell.value)) if nested else iter([cell.value])
    texts = [" ".join(part.split()) for part in parts]
    return [
        text
        for text in texts
        if text and len(text) <= _LONGEST_MARKED and text.casefold() not in VERDICT_WORDS
    ][:_MOST_MARKED]


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def marked_excerpt(excerpt: str, values: list[str], *, limit: int) -> str:
    """Return an excerpt as HTML, cut around the first of the values, with all of them marked.

    Case and thousands separators are ignored.

    >>> marked_excerpt("Sold by <b>Acme</b>, 1,200 a day", ["1200"], limit=40)
    'Sold by &lt;b&gt;Acme&lt;/b&gt;, <mark style="...">1,200</mark> a day'
    """
    line = one_line(excerpt)
    pattern = "|".join(_pattern(text) for text in sorted(values, key=len, reverse=True))
    first = re.search(pattern, line, re.IGNORECASE) if pattern else None
    shown = excerpt_around(line, first[0] if first else "", limit=limit)
    if not first:
        return escape(shown)
    pieces = []
    end = 0
    for found in re.finditer(pattern, shown, re.IGNORECASE):
        pieces += [escape(shown[end : found.start()]), _MARK, escape(found[0]), "</mark>"]
        end = found.end()
    return "".join([*pieces, escape(shown[end:])])


def _pattern(text: str) -> str:
    """Return a pattern for a text that is not part of a longer word or number."""
    if _WHOLE_NUMBER.fullmatch(text):
        sign = "-" if text.startswith("-") else ""
        digits = f"{int(text.removeprefix('-')):,}".replace(",", "[,.'\u00a0\u202f ]?")
        return rf"(?<![\w.,]){sign}{digits}(?![\w]|[.,]\w)"
    before = r"(?<!\w)" if text[0].isalnum() else ""
    after = r"(?!\w)" if text[-1].isalnum() else ""
    return before + r"\s+".join(map(re.escape, text.split())) + after
