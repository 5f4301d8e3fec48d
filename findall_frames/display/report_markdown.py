"""A result in Markdown: summary, a table of the matches, evidence as numbered citations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import quote

from findall_frames.display.matches import (
    NO_ADDRESS,
    CandidateRow,
    CitedSource,
    FieldCell,
    matched_rows,
    rows_of,
)
from findall_frames.display.outcomes import (
    MISSING,
    Review,
    ShownColumn,
    cell_words,
    confidence_note,
    review_words,
)
from findall_frames.display.result_view import ResultView
from findall_frames.display.text import joined, one_line, shortened, web_address

__all__ = ["escaped_markdown", "result_markdown"]

_LONGEST_CELL: Final = 300
_LONGEST_TEXT: Final = 2_000
_LONGEST_EXCERPT: Final = 1_000

# What Markdown, and what GitHub and Jupyter add to it, may take for markup. A bare address becomes
# a link on GitHub by its colon or its "www.".
_MARKUP: Final = re.compile(
    r"[\\`*_~^\[\]<>&|$@]|=(?==)|(?<==)=|:(?=//)|(?<=\bwww)\.", re.IGNORECASE
)
# What begins a heading, a list, a quotation or a line below a heading.
_BEGINNING: Final = re.compile(
    r"^(?P<number>[0-9]*)(?P<sign>(?<![0-9])[#+=-]|(?<=[0-9])[.)](?= |$))"
)
_BACKSLASH: Final = "&#92;"
# What may stand in the address of a link between < and >.
_KEPT: Final = "%/:?#[]@!$&'()*+,;=-._~"


def result_markdown(view: ResultView) -> str:
    """Return a result as Markdown, in which no text of the data is markup."""
    sources = _Sources()
    columns = view.columns
    run = view.run_words(escaped_markdown)
    parts = [
        f"# {escaped_markdown(view.title)}",
        escaped_markdown(view.summary),
        joined(view.searched_on, view.review_counts, run),
        *(f"**Warning:** {escaped_markdown(warning)}" for warning in view.warnings),
        _conditions(columns),
        view.counted_over if columns else "",
        _listed("Matches", matched_rows(view.tables), view, sources),
        _listed("Accepted without a match", rows_of(view.tables, view.accepted), view, sources),
        sources.listed(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped_markdown(text: str, *, limit: int = _LONGEST_TEXT) -> str:
    r"""Return a text of unknown origin on one line, in which nothing is markup or a link.

    >>> print(escaped_markdown("# *5* <b>x</b> at https://a.org"))
    \# \*5\* \<b\>x\</b\> at https\://a.org
    """
    line = shortened(one_line(text), limit=limit)
    escaped = _MARKUP.sub(lambda found: _BACKSLASH if found[0] == "\\" else f"\\{found[0]}", line)
    return _BEGINNING.sub(r"\g<number>\\\g<sign>", escaped)


def _conditions(columns: Sequence[ShownColumn]) -> str:
    lines = [
        f"| {escaped_markdown(column.label)} | {_asked(column)} | {column.met:,} | "
        f"{column.not_met:,} | {column.unknown:,} |"
        for column in columns
        if column.is_condition
    ]
    if not lines:
        return ""
    head = "| Column | Condition | Met | Not met | Unknown |\n| --- | --- | ---: | ---: | ---: |"
    return "\n".join(("## How the question was read\n", head, *lines))


def _asked(column: ShownColumn) -> str:
    asked = escaped_markdown(column.asked or "not known")
    return f"{asked} (read as {escaped_markdown(column.read_as)})" if column.read_as else asked


_write: Final = partial(escaped_markdown, limit=_LONGEST_CELL)


# -- the matches ----------------------------------------------------------------------------------


def _listed(title: str, rows: Sequence[CandidateRow], view: ResultView, sources: _Sources) -> str:
    columns, reviews = view.columns, view.latest
    if not rows:
        return ""
    names = ["Name", *(escaped_markdown(column.label) for column in columns)]
    rules = ["---", *("---:" if column.is_numeric else "---" for column in columns)]
    if reviews:
        names.append("Review")
        rules.append("---")
    lines = [names, rules]
    for row in rows:
        key = (row.findall_id, row.candidate_id)
        cells = [_linked(row.name, row.url)]
        for column in columns:
            cell = row.cells.get(column.field)
            shown = _cell(cell, column=column, sources=sources, row=row)
            said = _said(reviews.get((*key, column.field)))
            cells.append(f"{shown} **({said})**" if said else shown)
        if reviews:
            cells.append(_said(reviews.get((*key, None))))
        lines.append(cells)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"## {title} ({len(rows):,})\n\n{table}"


def _cell(
    cell: FieldCell | None, *, column: ShownColumn, sources: _Sources, row: CandidateRow
) -> str:
    words = cell_words(cell, column=column, findall_id=row.findall_id, write=_write)
    if cell is None or not words:
        return words or MISSING
    note = confidence_note(cell)
    cited = (sources.number_of(source, row=row) for source in cell.sources)
    numbers = "".join(f"\\[{number}\\]" for number in cited)
    return " ".join(filter(None, (words, f"({note})" if note else "", numbers)))


def _said(review: Review | None) -> str:
    return "" if review is None else review_words(review, write=_write)


def _linked(words: str, url: str | None) -> str:
    shown = escaped_markdown(words, limit=_LONGEST_CELL)
    address = _address(url)
    # In the target of a link, unlike in a bare address, names of characters are read.
    return shown if address is None else f"[{shown}](<{address.replace('&', '&amp;')}>)"


def _address(url: str | None) -> str | None:
    """Return the address of a web page so that it can stand between < and >; None for others."""
    address = web_address(url)
    return None if address is None else quote(address, safe=_KEPT)


@dataclass
class _Cited:
    """A source that is cited: its number, where it is, and the titles and excerpts it has."""

    number: int
    cell: str
    url: str
    titles: dict[str, None] = field(default_factory=dict)
    excerpts: dict[str, None] = field(default_factory=dict)


class _Sources:
    """The sources that are cited, in the order of their numbers."""

    def __init__(self) -> None:
        self._cited: list[_Cited] = []
        self._by_place: dict[tuple[str, str, str], _Cited] = {}

    def number_of(self, source: CitedSource, *, row: CandidateRow) -> int:
        """Return the number of a source, new if its run did not cite its address before."""
        cell = source.cell(row.row)
        place = (row.findall_id, source.url, cell)
        cited = self._by_place.get(place)
        if cited is None:
            cited = _Cited(len(self._cited) + 1, cell, source.url)
            self._cited.append(cited)
            # Sources without an address may be any; they are never the same.
            if source.url:
                self._by_place[place] = cited
        if source.title:
            cited.titles[source.title] = None
        cited.excerpts.update(dict.fromkeys(source.excerpts))
        return cited.number

    def listed(self) -> str:
        """Return all sources in the order of their numbers."""
        lines = []
        for cited in self._cited:
            mark = f"{cited.number}. "
            lines.append(mark + _source(cited))
            lines += [
                f"{' ' * len(mark)}- “{escaped_markdown(text, limit=_LONGEST_EXCERPT)}”"
                for text in cited.excerpts
            ]
        return "\n".join(["## Sources\n", *lines]) if lines else ""


def _source(cited: _Cited) -> str:
    """Return titles and address of a source; column and row, if it is a cell of own data."""
    if cited.cell:
        return escaped_markdown(cited.cell)
    address = _address(cited.url)
    where = escaped_markdown(cited.url) if address is None else f"<{address}>"
    named = [*map(escaped_markdown, cited.titles), where]
    return ", ".join(filter(None, named)) or NO_ADDRESS
