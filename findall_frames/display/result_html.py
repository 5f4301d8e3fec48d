"""A result as HTML without scripts: summary, conditions, and candidates by outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pyarrow as pa

from findall_frames.display.html import NOT_TYPESET, breakable, code, escaped, link
from findall_frames.display.matches import (
    CandidateRow,
    FieldCell,
    Tables,
    match_count,
    rows_left_out,
    rows_of,
    why_no_match,
)
from findall_frames.display.outcomes import (
    MISSING,
    OUTCOMES,
    Outcome,
    Review,
    Reviews,
    ShownColumn,
    cell_words,
    confidence_note,
    review_words,
    verdict_words,
)
from findall_frames.display.result_view import ResultView
from findall_frames.display.shapes import asset, shape
from findall_frames.display.text import counted, joined

__all__ = ["candidates_table", "frames_html", "readings_table_html", "warning_html"]

_MOST_COLUMNS: Final = 12
_MOST_ROWS: Final = 10
_MOST_BYTES: Final = 400_000
_MOST_WARNINGS: Final = 5
_LONGEST_CELL: Final = 200
_LONGEST_TEXT: Final = 2_000
_LONGEST_WARNING: Final = 600
_BAR_WIDTH: Final = 160
_BAR_GAP: Final = 2


def frames_html(view: ResultView, *, doubts: int | None = None, most_rows: int = _MOST_ROWS) -> str:
    """Return how the search ended, and its first matches as a table.

    Parameters
    ----------
    view : ResultView
        The result.
    doubts : int or None
        How many values are not well supported by their sources; None if they were not counted.
    most_rows : int
        The largest number of candidates to show.

    Returns
    -------
    str
        HTML without scripts, with its own style sheet. It reads the same where the sheet is
        removed. At most half a megabyte; a last line says what was left out, and where it is.
        Without a match, the first of the other candidates are shown.
    """
    tables, columns = view.tables, view.columns
    shown: tuple[Outcome, ...] = ("match",) if match_count(tables) else ("open", "not")
    table, count = candidates_table(view, groups=shown, most_rows=most_rows, most_bytes=_MOST_BYTES)
    question = view.objective
    facts = joined(view.review_counts, _doubts(tables, doubts), view.run_words(code))
    parts = [
        f'<p class="ff-question"><b>{escaped(question, limit=300)}</b></p>' if question else "",
        f"<p>{escaped(view.summary, limit=_LONGEST_WARNING)}</p>",
        f'<p class="ff-quiet">{facts}</p>',
        *_warnings(view.warnings),
        _why_no_match(tables) if view.outcomes and not match_count(tables) else "",
        table,
        _more(tables, shown=count, columns=len(columns)),
    ]
    style = f"<style>{asset('tokens.css')}{asset('result.css')}</style>"
    return f'<div class="ff ff-doc ff-result {NOT_TYPESET}">{style}{"".join(parts)}</div>'


def warning_html(warning: str, *, limit: int) -> str:
    """Return a warning of the service."""
    words = escaped(warning, limit=limit)
    return f'<p role="note" class="ff-warning"><b>Warning:</b> {words}</p>'


def _doubts(tables: Tables, count: int | None) -> str:
    if not match_count(tables):
        return ""
    if count == 0:
        return "no value in doubt"
    doubts = "doubts" if count is None else f"{counted(count, 'value')} in doubt"
    return f"{doubts}: <code>frames.unsupported()</code>"


def _warnings(warnings: Sequence[str]) -> Iterator[str]:
    for warning in warnings[:_MOST_WARNINGS]:
        yield warning_html(warning, limit=_LONGEST_WARNING)
    if (left := len(warnings) - _MOST_WARNINGS) > 0:
        yield f"<p>… and {counted(left, 'more warning')} in <code>frames.warnings</code></p>"


def _why_no_match(tables: Tables) -> str:
    sentence, *conditions = (escaped(line, limit=300) for line in why_no_match(tables))
    items = "".join(f"<li>{condition}</li>" for condition in conditions)
    return f"<p>{sentence}</p>" + (f"<ul>{items}</ul>" if items else "")


def _more(tables: Tables, *, shown: int, columns: int) -> str:
    """Say what is not shown, and how to see it."""
    if not len(tables["candidates"]):
        return ""
    matches = match_count(tables)
    left = (matches or len(tables["candidates"])) - shown
    noun = "more match" if matches else "more candidate"
    parts = [counted(left, noun)] if left else []
    if columns > _MOST_COLUMNS:
        parts.append(counted(columns - _MOST_COLUMNS, "more field"))
    first = f"{' and '.join(parts)}, all" if parts else "All"
    kept = " kept" if rows_left_out(tables) else ""
    return (
        f'<p class="ff-quiet">{first}{kept} candidates and their evidence: '
        "<code>frames.explore()</code> here, "
        '<code>frames.to_html("report.html")</code> as a file.</p>'
    )


# -- the candidates -------------------------------------------------------------------------------


def candidates_table(
    view: ResultView,
    *,
    groups: Sequence[Outcome] = tuple(OUTCOMES),
    most_rows: int,
    most_bytes: int,
) -> tuple[str, int]:
    """Return the candidates as a table in groups by outcome, and how many it has.

    The first `most_rows` candidates are shown, and at most 12 columns.
    """
    places: dict[Outcome, list[int]] = {group: [] for group in groups}
    for place, outcome in enumerate(view.outcomes):
        if outcome in places:
            places[outcome].append(place)
    # The table shows no source.
    tables = {**view.tables, "citations": view.tables["citations"].slice(0, 0)}
    columns = view.columns[:_MOST_COLUMNS]
    reviews = view.latest
    has_reviews = bool(reviews)
    width = len(columns) + 1 + has_reviews
    bodies = []
    left, size = most_rows, 0
    for group, members in places.items():
        rows = rows_of(tables, tables["candidates"].take(pa.array(members[:left], pa.int64())))
        lines: list[str] = []
        for row in rows:
            line = _candidate(row, columns=columns, reviews=reviews, has_reviews=has_reviews)
            size += len(line.encode())
            if size > most_bytes:
                left = len(lines)
                break
            lines.append(line)
        left -= len(lines)
        if lines:
            bodies.append(
                f'<tbody><tr><th class="ff-list-group" colspan="{width}" scope="rowgroup">'
                f"{OUTCOMES[group]} ({len(members):,})</th></tr>{''.join(lines)}</tbody>"
            )
    count = sum(body.count("<tr>") - 1 for body in bodies)
    if not bodies:
        return "", 0
    titles = "".join(
        f'<th scope="col"{_NUMERIC if column.is_numeric else ""}>{breakable(column.label)}</th>'
        for column in columns
    )
    review = '<th scope="col">review</th>' if has_reviews else ""
    head = f'<thead><tr><th scope="col">name</th>{titles}{review}</tr></thead>'
    # The keyboard can scroll it as well.
    return (
        '<div class="ff-scroller" role="region" tabindex="0" aria-label="Candidates">'
        f'<table class="ff-list">{head}{"".join(bodies)}</table></div>',
        count,
    )


_NUMERIC: Final = ' class="ff-numeric"'
_write: Final = partial(escaped, limit=_LONGEST_CELL)


def _candidate(
    row: CandidateRow, *, columns: Sequence[ShownColumn], reviews: Reviews, has_reviews: bool
) -> str:
    key = (row.findall_id, row.candidate_id)
    cells = [f'<th scope="row">{link(row.url, row.name, limit=80)}</th>']
    for column in columns:
        cell = row.cells.get(column.field)
        style = _NUMERIC if column.is_numeric else ""
        correction = _correction(reviews.get((*key, column.field)))
        cells.append(f"<td{style}>{_cell(cell, column=column, row=row)}{correction}</td>")
    if has_reviews:
        review = reviews.get((*key, None))
        cells.append(f"<td>{review_words(review, write=_write) if review else ''}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _cell(cell: FieldCell | None, *, column: ShownColumn, row: CandidateRow) -> str:
    words = cell_words(cell, column=column, findall_id=row.findall_id, write=_write)
    if not words:
        return MISSING
    is_judged = row.findall_id in column.runs
    mark = f"{shape(cell.is_matched if cell else None)} " if is_judged else ""
    note = confidence_note(cell)
    return mark + words + (f' <small class="ff-quiet">({note})</small>' if note else "")


def _correction(review: Review | None) -> str:
    """Return what a person said about one field, in brackets."""
    words = review_words(review, write=_write) if review else ""
    return f' <b class="ff-judgement">[{words}]</b>' if words else ""


# -- the reading of the question ------------------------------------------------------------------


def readings_table_html(columns: Sequence[ShownColumn]) -> str:
    """Return each condition with what was asked, how it was read, and the verdicts on it."""
    lines = []
    for column in columns:
        if not column.is_condition:
            continue
        asked = escaped(column.asked or "not known", limit=_LONGEST_TEXT)
        if column.read_as:
            read = code(column.read_as, limit=_LONGEST_TEXT)
            asked += f'<br><span class="ff-quiet">Read as</span> {read}'
        lines.append(
            f'<tr><th scope="row">{breakable(column.label)}</th><td>{asked}</td>'
            f'<td class="ff-verdict-cell">{_bar(column)}{_counts(column)}</td></tr>'
        )
    if not lines:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Column", "Condition", "Verdicts"))
    return (
        f'<table class="ff-list ff-readings"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _bar(column: ShownColumn) -> str:
    """Return the verdicts as a stacked bar in true proportion; the counts stand beside it."""
    counts = [
        (style, count)
        for style, count in (
            ("met", column.met),
            ("not", column.not_met),
            ("unknown", column.unknown),
        )
        if count
    ]
    total = sum(count for _, count in counts)
    pieces, at = [], 0.0
    for style, count in counts:
        width = _BAR_WIDTH * count / total
        # Hollow pieces are drawn inside of their edge.
        inset = 0.5 if style == "unknown" else 0.0
        gap = _BAR_GAP if at + width < _BAR_WIDTH - 0.01 else 0
        drawn = max(width - gap - 2 * inset, 1)
        pieces.append(
            f'<rect class="ff-piece-{style}" x="{at + inset:.4g}" y="{inset:g}" '
            f'width="{drawn:.4g}" height="{10 - 2 * inset:g}"/>'
        )
        at += width
    return (
        f'<svg class="ff-stacked" viewBox="0 0 {_BAR_WIDTH} 10" width="{_BAR_WIDTH}" height="10" '
        f'aria-hidden="true" focusable="false">{"".join(pieces)}</svg>'
    )


def _counts(column: ShownColumn) -> str:
    counts = ((True, column.met), (False, column.not_met), (None, column.unknown))
    words = (
        f'<span class="ff-tally-one">{shape(verdict)} {count:,} {verdict_words(verdict)}</span>'
        for verdict, count in counts
    )
    return f'<span class="ff-tally ff-quiet">{" ".join(words)}</span>'
