"""The evidence of candidates as HTML without scripts: all that is known, addresses written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Final

from findall_frames.display.html import breakable, escaped, link
from findall_frames.display.marking import marked_pieces, values_to_mark
from findall_frames.display.matches import NO_ADDRESS, CandidateRow, CitedSource, FieldCell
from findall_frames.display.outcomes import (
    Review,
    Reviews,
    ShownColumn,
    review_words,
    shown_value,
    verdict_words,
)
from findall_frames.display.shapes import SHAPES, shape
from findall_frames.display.text import counted, excerpt_around, joined

__all__ = ["evidence_html"]

_MOST_SOURCES: Final = 20
_LONGEST_TEXT: Final = 2_000
_LONGEST_EXCERPT: Final = 1_000
_write: Final = partial(escaped, limit=_LONGEST_TEXT)


def evidence_html(
    rows: Iterable[CandidateRow], *, columns: Sequence[ShownColumn], reviews: Reviews
) -> str:
    """Return all that is known about the fields of candidates, with addresses written out."""
    by_field = {column.field: column for column in columns}
    return "".join(_evidence(row, columns=by_field, reviews=reviews) for row in rows)


def _evidence(row: CandidateRow, *, columns: Mapping[str, ShownColumn], reviews: Reviews) -> str:
    key = (row.findall_id, row.candidate_id)
    mark = f"{SHAPES['match']} " if row.match_status == "matched" else ""
    parts = [f"<h3>{mark}{escaped(row.name)}</h3>"]
    if address := _address(row.url):
        parts.append(f'<p class="ff-address">{address}</p>')
    if row.description:
        parts.append(f"<p>{_write(row.description)}</p>")
    parts.append(_judgement(reviews.get((*key, None))))
    order = {field: place for place, field in enumerate(columns)}
    for cell in sorted(row.cells.values(), key=lambda cell: order.get(cell.field, len(order))):
        parts.append(_field(cell, column=columns.get(cell.field), row=row.row))
        parts.append(_judgement(reviews.get((*key, cell.field))))
    for field, column in columns.items():
        # A person may know what the service did not find.
        if field not in row.cells and (review := reviews.get((*key, field))):
            parts.append(f"<h4>{breakable(column.label)}</h4>{_judgement(review)}")
    return f'<section class="ff-proof">{"".join(parts)}</section>'


def _field(cell: FieldCell, *, column: ShownColumn | None, row: int | None) -> str:
    is_condition = column is not None and column.is_condition
    label = cell.field if column is None else column.label
    words = [verdict_words(cell.is_matched)] if is_condition else []
    if cell.confidence:
        words.append(f"{escaped(cell.confidence)} confidence")
    mark = f"{shape(cell.is_matched)} " if is_condition else ""
    parts = [f'<h4>{mark}{breakable(label)}<span class="ff-quiet"> {" · ".join(words)}</span></h4>']
    if column is not None and column.asked:
        parts.append(f'<p class="ff-quiet">{_write(column.asked)}</p>')
    if value := shown_value(cell):
        parts.append(f"<p><b>{_write(value)}</b></p>")
    elif not is_condition:
        parts.append('<p class="ff-quiet">no value</p>')
    if cell.reasoning:
        parts.append(f"<p>{_write(cell.reasoning)}</p>")
    values = values_to_mark(cell.value, cell.value_type)
    parts += [_source(source, values, row=row) for source in cell.sources[:_MOST_SOURCES]]
    if (left := len(cell.sources) - _MOST_SOURCES) > 0:
        parts.append(f'<p class="ff-quiet">… and {counted(left, "more source")}</p>')
    if not cell.sources:
        parts.append('<p class="ff-quiet">no source</p>')
    return "".join(parts)


def _source(source: CitedSource, values: list[str], *, row: int | None) -> str:
    quotes = "".join(
        f"<blockquote>{_marked(excerpt, values)}</blockquote>" for excerpt in source.excerpts
    )
    if cell := source.cell(row):
        return f'{quotes}<p class="ff-address">{escaped(cell)}</p>'
    title = f"{escaped(source.title)} · " if source.title else ""
    address = _address(source.url) or NO_ADDRESS
    return f'{quotes}<p class="ff-address">{title}{address}</p>'


def _marked(excerpt: str, values: Sequence[str]) -> str:
    """Return an excerpt with the values marked; a long one is cut around the first of them."""
    pieces = marked_pieces(excerpt, values)
    if sum(map(len, pieces)) > _LONGEST_EXCERPT:
        first = pieces[1] if len(pieces) > 1 else ""
        cut = excerpt_around("".join(pieces), first, limit=_LONGEST_EXCERPT)
        pieces = marked_pieces(cut, values)
    return "".join(
        f"<mark>{escape(piece)}</mark>" if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )


def _address(url: str) -> str:
    """Return an address written out, as a link if it is one of a web page."""
    return link(url, url, limit=_LONGEST_TEXT)


def _judgement(review: Review | None) -> str:
    """Return what a person said, when, and who it was."""
    if review is None:
        return ""
    said = review_words(review, write=_write, note=False) or "noted"
    who = escaped(review["reviewer"] or "")
    when = "" if review["reviewed_at"] is None else f"{review['reviewed_at']:%Y-%m-%d}"
    note = f": {_write(review['note'])}" if review["note"] else ""
    return (
        f'<p class="ff-judgement"><b>Review: {said}</b>{note}'
        f'<span class="ff-quiet"> {joined(who, when)}</span></p>'
    )
