"""Matches as a table for a notebook: compact, escaped, and readable in light and dark."""

from __future__ import annotations

from findall_frames.display.links import link, text
from findall_frames.display.rows import (
    Cell,
    Row,
    Tables,
    match_count,
    matched_rows,
    shown_fields,
    summary,
    verdicts,
)
from findall_frames.display.text import counted

__all__ = ["frames_html"]

_MOST_ROWS = 100
_MOST_FIELDS = 20
_MOST_CHARACTERS = 400_000
_LEFT = 'style="text-align:left"'
_MARKS = {
    True: '<b style="color:#1a9850" aria-label="met">✓</b>',
    False: '<b style="color:#d73027" aria-label="not met">✗</b>',
    None: "",
}


def frames_html(tables: Tables, *, most_rows: int = _MOST_ROWS) -> str:
    """Show how the search ended and its first matches.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.

    Returns
    -------
    str
        HTML without scripts or styles of its own. Hovering over a cell shows the reason and the
        best excerpt. At most 100 rows and half a megabyte; a last line says what was left out.
    """
    head = f"<p><b>{text(summary(tables))}</b></p>"
    rows = matched_rows(tables, limit=most_rows)
    if not rows:
        return f"<div>{head}{_why_none(tables)}</div>"
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
    titles = "".join(f"<th {_LEFT}>{text(field, limit=60)}</th>" for field in ("name", *fields))
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    left_out = _left_out(tables, shown=len(lines), fields=len(every_field) - len(fields))
    return f"<div>{head}{table}{left_out}</div>"


def _line(row: Row, fields: list[str]) -> str:
    hint = f' title="{text(row.description, limit=300)}"' if row.description else ""
    cells = [f"<td {_LEFT}{hint}>{link(row.url, row.name, limit=80)}</td>"]
    for field in fields:
        cell = row.cells.get(field)
        cells.append("<td></td>" if cell is None else _cell(cell))
    return f"<tr>{''.join(cells)}</tr>"


def _cell(cell: Cell) -> str:
    best = cell.best_excerpt
    hints = [
        f"{cell.confidence} confidence" if cell.confidence else "",
        cell.reasoning or "",
        f"“{best[0]}” ({best[1].title or best[1].url})" if best else "",
    ]
    hint = " · ".join(part for part in hints if part)
    shade = ";opacity:.6" if cell.confidence == "low" else ""
    shown = link(best[1].url if best else None, cell.value or "", limit=80)
    mark = _MARKS[cell.is_matched]
    gap = " " if mark and shown else ""
    return (
        f'<td style="text-align:left{shade}" title="{text(hint, limit=500)}">'
        f"{mark}{gap}{shown}</td>"
    )


def _left_out(tables: Tables, *, shown: int, fields: int) -> str:
    matches = match_count(tables) - shown
    parts = [counted(matches, "match")] if matches else []
    parts += [counted(fields, "field")] if fields else []
    return f"<p>… and {' and '.join(parts)} more in <code>.matches</code></p>" if parts else ""


def _why_none(tables: Tables) -> str:
    items = [
        f"<li>{text(field)}: met by {met:,} of {counted(judged, 'candidate')}</li>"
        for field, met, judged in verdicts(tables["fields"])
    ]
    if not items:
        return "<p>No candidate was judged.</p>"
    return f"<p>No candidate meets all conditions. One by one:</p><ul>{''.join(items)}</ul>"
