"""Matches as a table for a notebook: compact, escaped, and readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from findall_frames.display.heading import heading_html
from findall_frames.display.links import NO_TEX, link, text
from findall_frames.display.rows import (
    Cell,
    Row,
    Tables,
    match_count,
    matched_rows,
    shown_fields,
    verdicts,
)
from findall_frames.display.text import counted

__all__ = ["VERDICT_MARKS", "frames_html"]

_MOST_ROWS = 100
_MOST_FIELDS = 20
_MOST_CHARACTERS = 400_000
_LONG = 40
_CELL: Final = "text-align:left;vertical-align:top;max-width:24em"
# Of a grey that shows on white and on black; the sign says the same without it.
_SHADES: Final = {
    "low": ";background:rgba(128,128,128,.24)",
    "medium": ";background:rgba(128,128,128,.12)",
}
_SIGNS: Final = {"low": "?", "medium": "~"}
_LEGEND: Final = {"medium": "~ medium confidence", "low": "? low confidence"}

VERDICT_MARKS: Final = {
    True: '<b style="color:#2a9134" role="img" aria-label="met">✓</b>',
    False: '<b style="color:#d5432b" role="img" aria-label="not met">✗</b>',
    None: "",
}
"""A sign for each verdict, in colours that can be read on white and on black."""


def frames_html(
    tables: Tables, *, warnings: Sequence[str] = (), most_rows: int = _MOST_ROWS
) -> str:
    """Show how the search ended and its first matches.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    warnings : sequence of str
        What the service warns of.
    most_rows : int
        How many matches to show at the most.

    Returns
    -------
    str
        HTML without scripts or styles of its own. Hovering over a cell shows the reason and the
        best excerpt. At most half a megabyte; a last line says what was left out.
    """
    head = heading_html(tables, warnings=warnings)
    rows = matched_rows(tables, limit=most_rows)
    if not rows:
        return f"<div {NO_TEX}>{head}{_why_none(tables)}</div>"
    every_field = shown_fields(rows)
    fields = every_field[:_MOST_FIELDS]
    lines: list[str] = []
    size = 0
    for row in rows:
        line = _line(row, fields)
        size += len(line.encode())
        if size > _MOST_CHARACTERS:
            break
        lines.append(line)
    titles = "".join(f'<th scope="col" style="{_CELL}">{_title(field)}</th>' for field in fields)
    table = (
        # Scrolls by itself where it is wider than the page, with the keyboard too.
        '<div style="overflow-x:auto;max-width:100%" role="region" tabindex="0" '
        f'aria-label="Matches"><table><thead><tr><th scope="col" style="{_CELL}">name</th>'
        f"{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
    notes = [_left_out(tables, shown=len(lines), fields=len(every_field) - len(fields))]
    notes.append(_legend(rows[: len(lines)], fields))
    foot = "".join(f"<p>{note}</p>" for note in notes if note)
    return f"<div {NO_TEX}>{head}{table}{foot}</div>"


def _title(field: str) -> str:
    # Names of fields are long words: they may break where they are composed.
    return text(field, limit=60).replace("_", "_<wbr>")


def _line(row: Row, fields: list[str]) -> str:
    hint = f' title="{text(row.description, limit=300)}"' if row.description else ""
    name = link(row.url, row.name, limit=80)
    cells = [f'<th scope="row" style="{_CELL}"{hint}>{name}</th>']
    for field in fields:
        cell = row.cells.get(field)
        cells.append("<td></td>" if cell is None else _cell(cell))
    return f"<tr>{''.join(cells)}</tr>"


def _cell(cell: Cell) -> str:
    best = cell.best_excerpt
    hints = [
        text(f"{cell.confidence} confidence") if cell.confidence else "",
        text(cell.reasoning, limit=300) if cell.reasoning else "",
        text(f"“{best[0]}” ({best[1].title or best[1].url})", limit=400) if best else "",
    ]
    hint = "&#10;".join(part for part in hints if part)
    sure = cell.confidence or ""
    # A verdict without a value still has its source.
    shown = cell.words or ("source" if best else "")
    parts = [
        VERDICT_MARKS[cell.is_matched],
        link(best[1].url if best else None, shown, limit=80),
        f'<b title="{sure} confidence">{_SIGNS[sure]}</b>' if sure in _SIGNS else "",
    ]
    content = " ".join(part for part in parts if part)
    width = ";min-width:14em" if len(cell.words) > _LONG else ""
    return f'<td style="{_CELL}{width}{_SHADES.get(sure, "")}" title="{hint}">{content}</td>'


def _left_out(tables: Tables, *, shown: int, fields: int) -> str:
    matches = match_count(tables) - shown
    parts = [counted(matches, "match")] if matches else []
    parts += [counted(fields, "field")] if fields else []
    return f"… and {' and '.join(parts)} more in <code>.matches</code>" if parts else ""


def _legend(rows: Sequence[Row], fields: Sequence[str]) -> str:
    """Explain the signs that are there."""
    cells = (row.cells.get(field) for row in rows for field in fields)
    there = {cell.confidence for cell in cells if cell is not None}
    return ", ".join(words for confidence, words in _LEGEND.items() if confidence in there)


def _why_none(tables: Tables) -> str:
    items = [
        f"<li>{text(field)}: met by {met:,} of {counted(judged, 'candidate')}</li>"
        for field, met, judged in verdicts(tables["fields"])
    ]
    if not items:
        return "<p>No candidate was judged.</p>"
    return f"<p>No candidate meets all conditions. One by one:</p><ul>{''.join(items)}</ul>"
