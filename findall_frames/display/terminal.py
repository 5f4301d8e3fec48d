"""Matches as a table that fits the terminal."""

from __future__ import annotations

from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from findall_frames.display.rows import (
    Cell,
    Row,
    Tables,
    matched_rows,
    shown_fields,
    summary,
    verdicts,
)
from findall_frames.display.text import (
    counted,
    excerpt_around,
    one_line,
    shortened,
    web_address,
)

__all__ = ["matches_view"]

_MOST_ROWS = 15
_FEWEST_ROWS = 4
_MOST_LINES = 40
_NARROWEST = 14
_LONGEST = 500


def matches_view(tables: Tables, *, console: Console, rest_is_in: str) -> RenderableType:
    """Show how the search ended and its first matches, or why there are none.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    console : Console
        Where it will be printed; its width and its encoding decide on the form.
    rest_is_in : str
        Where the other matches are, for the line that says how many were left out.

    Returns
    -------
    RenderableType
        To be given to ``console.print``.
    """
    paper = _Paper(console)
    lines: list[RenderableType] = [Text(summary(tables), style="bold")]
    rows = matched_rows(tables)
    if not rows:
        lines += _why_none(tables)
        return Group(*lines)
    fields = shown_fields(rows)
    if _columns_suffice(rows[:_MOST_ROWS], fields, paper):
        shown = rows[:_MOST_ROWS]
        lines += [Text(), _columns(shown, fields, paper)]
    else:
        shown = rows[: max(_FEWEST_ROWS, _MOST_LINES // (len(fields) + 2))]
        lines += _blocks(shown, fields, paper)
    notes: list[RenderableType] = []
    if left_out := len(rows) - len(shown):
        notes.append(paper.text(f"{paper.more} and {left_out:,} more in {rest_is_in}"))
    if any(cell.confidence == "low" for row in shown for cell in row.cells.values()):
        notes.append(Text("? means low confidence", style="dim"))
    return Group(*lines, *([Text(), *notes] if notes else []))


class _Paper:
    """How wide the terminal is, and which signs its encoding has."""

    def __init__(self, console: Console) -> None:
        self.width = console.width
        self._encoding = console.encoding
        self._can_tick = self._fits("✓✗")
        self.more = "…" if self._fits("…") else "..."
        self._overflow: Literal["ellipsis", "crop"] = "ellipsis" if self._fits("…") else "crop"

    def _fits(self, signs: str) -> bool:
        try:
            signs.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def text(self, words: str, *, style: str = "") -> Text:
        """Make a line that is cut where the room for it ends."""
        # Replaced here rather than while writing, so that the width of what is written counts.
        shown = one_line(words).encode(self._encoding, "replace").decode(self._encoding)
        return Text(shown, style=style, no_wrap=True, overflow=self._overflow)

    def name(self, row: Row, *, style: str = "") -> Text:
        """Write the name, linked where the terminal can."""
        address = web_address(row.url)
        return self.text(row.name, style=f"{style} link {address}" if address else style)

    def mark(self, cell: Cell) -> Text:
        """Say whether the condition is met, if it is one, and whether that is certain."""
        mark = Text()
        if cell.is_matched is not None:
            met, unmet = ("✓", "✗") if self._can_tick else ("yes", "no")
            mark.append(met if cell.is_matched else unmet, "green" if cell.is_matched else "red")
        return mark.append("?", "yellow") if cell.confidence == "low" else mark


def _words(cell: Cell, *, limit: int = _LONGEST) -> str:
    best = cell.best_excerpt
    value = one_line(cell.words)
    if cell.is_matched is None or best is None:
        return shortened(value, limit=limit)
    return excerpt_around(one_line(best[0]), value, limit=limit)


def _title(field: str) -> str:
    return one_line(field).replace("_", " ")


def _columns_suffice(rows: list[Row], fields: list[str], paper: _Paper) -> bool:
    """Tell whether most texts can be read in a column of their own."""
    each = paper.width // (len(fields) + 1) - 4
    cells = [row.cells[field] for row in rows for field in fields if field in row.cells]
    fitting = sum(len(_words(cell)) <= each for cell in cells)
    return not fields or (each >= _NARROWEST and fitting >= 0.75 * len(cells))


def _columns(rows: list[Row], fields: list[str], paper: _Paper) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("name", max_width=max(20, paper.width // 3))
    for field in fields:
        table.add_column(Text(paper.text(_title(field)).plain))
    for row in rows:
        cells = [row.cells.get(field) for field in fields]
        table.add_row(paper.name(row), *(_marked(cell, paper) for cell in cells))
    return table


def _marked(cell: Cell | None, paper: _Paper) -> Text:
    line = paper.text("")
    if cell is None:
        return line
    mark = paper.mark(cell)
    return line.append(mark).append(" " if mark else "").append(paper.text(_words(cell)))


def _blocks(rows: list[Row], fields: list[str], paper: _Paper) -> list[RenderableType]:
    """Give each field of a match a line of its own."""
    titles = {field: paper.text(_title(field)) for field in fields}
    widest = min(28, max(title.cell_len for title in titles.values()))
    for title in titles.values():
        title.truncate(widest, overflow="ellipsis" if paper.more == "…" else "crop", pad=True)
    lines: list[RenderableType] = []
    for row in rows:
        lines += [Text(), paper.name(row, style="bold")]
        for field in fields:
            cell = row.cells.get(field)
            if cell is None:
                continue
            line = paper.text("")
            mark = paper.mark(cell)
            line.append(" " * (4 - mark.cell_len)).append(mark).append(" ")
            line.append(titles[field].copy()).append("  ")
            words = _words(cell, limit=max(_NARROWEST, paper.width - line.cell_len))
            lines.append(line.append(paper.text(words)))
    return lines


def _why_none(tables: Tables) -> list[RenderableType]:
    counts = verdicts(tables["fields"])
    if not counts:
        return [Text("No candidate was judged.")]
    lines: list[RenderableType] = [Text("No candidate meets all conditions. One by one:")]
    for field, met, judged in counts:
        lines.append(Text(f"  {one_line(field)}: met by {met:,} of {counted(judged, 'candidate')}"))
    return lines
