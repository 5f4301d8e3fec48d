"""Matches and other rows as tables that fit the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Final, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from findall_frames.display.matches import (
    CandidateRow,
    FieldCell,
    Tables,
    matched_rows,
    shown_fields,
    summary,
    why_no_match,
)
from findall_frames.display.text import excerpt_around, one_line, shortened, web_address

__all__ = ["lines_view", "matches_view", "table_view"]

_MOST_ROWS: Final = 15
_FEWEST_ROWS: Final = 4
_MOST_LINES: Final = 40
_NARROWEST: Final = 14
_LONGEST: Final = 500
_NUMBER: Final = re.compile(r"(\$?[\d,.]+)?")


def matches_view(tables: Tables, *, console: Console, rest_is_in: str) -> RenderableType:
    """Return how the search ended and its first matches, or why there are none.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    console : Console
        Where it will be printed; its width and its encoding decide on the layout.
    rest_is_in : str
        Where the other matches are, for the line that says how many were left out.

    Returns
    -------
    RenderableType
        An argument for ``console.print``.
    """
    paper = _Paper(console)
    lines: list[RenderableType] = [Text(paper.encodable(summary(tables)), style="bold")]
    rows = matched_rows(tables)
    if not rows:
        sentence, *conditions = map(paper.encodable, why_no_match(tables))
        return Group(*lines, Text(sentence), *(Text(f"  {line}") for line in conditions))
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


def lines_view(lines: Sequence[str], *, console: Console) -> RenderableType:
    """Return lines, each of which is wrapped where it does not fit, under its own indentation."""
    paper = _Paper(console)
    shown: list[RenderableType] = []
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip(" ")))
        text = Text(paper.encodable(line))
        wrapped = text.wrap(console, max(_NARROWEST, paper.width - len(indent)))
        shown += [Text(indent).append(each) for each in wrapped] or [Text()]
    return Group(*shown)


def table_view(
    rows: Sequence[Mapping[str, str]],
    *,
    console: Console,
    below: Sequence[str] = (),
    rest: int = 0,
    rest_is_in: str,
) -> RenderableType:
    """Return rows of texts under their names; the widest columns are cut where they do not fit.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Each with the same columns, at least one row. Columns of numbers are aligned to the right.
    console : Console
        Where it will be printed.
    below : sequence of str
        A line below each row, not cut, if it is not empty.
    rest, rest_is_in : int, str
        How many rows were left out, and where they are.
    """
    paper = _Paper(console)
    table = [{name: paper.encodable(cell) for name, cell in row.items()} for row in rows]
    names = list(table[0])
    numbers = {name for name in names if all(_NUMBER.fullmatch(row[name]) for row in table)}
    table.insert(0, dict(zip(names, names, strict=True)))
    widths = {name: max(cell_len(row[name]) for row in table) for name in names}
    while sum(widths.values()) + 2 * (len(names) - 1) > paper.width:
        widest = max(names, key=lambda name: widths[name])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    lines: list[RenderableType] = []
    for row, note in zip_longest(table, ["", *below]):
        line = Text(style="" if lines else "bold", no_wrap=True, overflow=paper.overflow)
        for name in names:
            cell = paper.text(row[name])
            cell.truncate(widths[name], overflow=paper.overflow)
            cell.align("right" if name in numbers else "left", widths[name])
            line.append("  " if name != names[0] else "").append(cell)
        line.rstrip()
        lines.append(line)
        if note:
            lines.append(Text(f"  {paper.encodable(note)}", style="dim", overflow="fold"))
    if rest:
        lines.append(paper.text(f"{paper.more} and {rest:,} more in {rest_is_in}"))
    return Group(*lines)


class _Paper:
    """The width of the terminal, and the signs that its encoding has."""

    def __init__(self, console: Console) -> None:
        self.width = console.width
        self._encoding = console.encoding
        self.more = "…" if self._can_encode("…") else "..."
        self._verdicts = ("✓", "✗") if self._can_encode("✓✗") else ("yes", "no")
        self.overflow: Literal["ellipsis", "crop"] = "ellipsis" if self.more == "…" else "crop"

    def _can_encode(self, signs: str) -> bool:
        return self.encodable(signs) == signs

    def encodable(self, words: str) -> str:
        """Return words on one line, with question marks for what the encoding lacks."""
        # Replaced here and not while writing, so that widths are those of what is written.
        return one_line(words).encode(self._encoding, "replace").decode(self._encoding)

    def text(self, words: str, *, style: str = "") -> Text:
        """Return a line that is cut where it does not fit."""
        return Text(self.encodable(words), style=style, no_wrap=True, overflow=self.overflow)

    def name(self, row: CandidateRow, *, style: str = "") -> Text:
        """Return the name, linked if the terminal can."""
        address = web_address(row.url)
        return self.text(row.name, style=f"{style} link {address}" if address else style)

    def mark(self, cell: FieldCell) -> Text:
        """Return a mark for the verdict, if there is one, and for low confidence."""
        mark = Text()
        met, unmet = self._verdicts
        if cell.is_matched is not None:
            mark.append(met if cell.is_matched else unmet, "green" if cell.is_matched else "red")
        return mark.append("?", "yellow") if cell.confidence == "low" else mark


def _words(cell: FieldCell, *, limit: int = _LONGEST) -> str:
    best = cell.best_excerpt
    value = one_line(cell.words)
    if cell.is_matched is None or best is None:
        return shortened(value, limit=limit)
    return excerpt_around(one_line(best[0]), value, limit=limit)


def _title(field: str) -> str:
    return one_line(field).replace("_", " ")


def _columns_suffice(rows: list[CandidateRow], fields: list[str], paper: _Paper) -> bool:
    """Return whether most texts are legible in a column of their own."""
    each = paper.width // (len(fields) + 1) - 4
    cells = [row.cells[field] for row in rows for field in fields if field in row.cells]
    fitting = sum(len(_words(cell)) <= each for cell in cells)
    return not fields or (each >= _NARROWEST and fitting >= 0.75 * len(cells))


def _columns(rows: list[CandidateRow], fields: list[str], paper: _Paper) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("name", max_width=max(20, paper.width // 3))
    for field in fields:
        table.add_column(Text(paper.encodable(_title(field))))
    for row in rows:
        cells = [row.cells.get(field) for field in fields]
        table.add_row(paper.name(row), *(_marked(cell, paper) for cell in cells))
    return table


def _marked(cell: FieldCell | None, paper: _Paper) -> Text:
    line = paper.text("")
    if cell is None:
        return line
    mark = paper.mark(cell)
    return line.append(mark).append(" " if mark else "").append(paper.text(_words(cell)))


def _blocks(rows: list[CandidateRow], fields: list[str], paper: _Paper) -> list[RenderableType]:
    """Return each field of a match on a line of its own."""
    titles = {field: paper.text(_title(field)) for field in fields}
    widest = min(28, max(title.cell_len for title in titles.values()))
    for title in titles.values():
        title.truncate(widest, overflow=paper.overflow, pad=True)
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
