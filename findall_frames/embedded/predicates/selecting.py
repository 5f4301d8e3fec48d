"""Which rows of a corpus can meet conditions at all, as far as whole columns tell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.finding import Selection
from findall_frames.embedded.predicates.cells import IsTrue, OneOf, Present, WordsAt
from findall_frames.embedded.predicates.conditions import (
    AllOf,
    AnyOf,
    Either,
    Not,
    Partly,
    Predicate,
    Span,
)
from findall_frames.embedded.predicates.extremes import Extreme
from findall_frames.embedded.predicates.pairs import Pair
from findall_frames.embedded.predicates.reckoning import Reckoned
from findall_frames.embedded.predicates.recurring import Recurring
from findall_frames.embedded.predicates.spans import (
    Count,
    DateRange,
    NumberRange,
    VersionAdmitted,
    VersionRange,
)
from findall_frames.embedded.reading.columns import Column

__all__ = ["select_open", "select_rows"]

# What these say of a row depends on one cell of it, and is the same for equal cells.
_OF_ONE_CELL: Final = (
    Count,
    DateRange,
    Extreme,
    IsTrue,
    OneOf,
    Present,
    Recurring,
    VersionAdmitted,
    VersionRange,
    WordsAt,
)
# More rows or values than this are looked at only where that is worth some seconds.
_FEW: Final = 50_000
_CHUNK: Final = 64


class _Bounds(NamedTuple):
    """Where a predicate may be true, and where it may be false.

    A row that is in both has yet to be looked at; one that is in neither cannot tell.
    """

    can_hold: pa.BooleanArray
    can_fail: pa.BooleanArray


def select_rows(predicates: Sequence[Predicate], corpus: Corpus, *, thorough: bool) -> Selection:
    """Find the rows for which all predicates may hold; for the others one of them does not.

    Predicates over columns are decided for the whole corpus at once: ranges of numbers by
    comparing arrays, others once for each distinct value. Those that read text leave every row
    open.

    Parameters
    ----------
    predicates : sequence of Predicate
        What has to hold.
    corpus : Corpus
        Whose rows are meant.
    thorough : bool
        Whether a predicate may be checked for each of many rows or values, which can take
        seconds; else such a one leaves every row open.

    Returns
    -------
    Selection
        A row that is not selected does not match.
    """
    bounds = [_bounds(predicate, corpus, thorough=thorough) for predicate in predicates]
    both = _all_of(bounds, size=len(corpus))
    open_rows = pc.and_(both.can_hold, both.can_fail)
    return Selection(both.can_hold, is_sure=not pc.any(open_rows).as_py())


def select_open(predicates: Sequence[Predicate], corpus: Corpus, *, thorough: bool) -> Selection:
    """Find the rows that no predicate refuses with high confidence.

    Others than rules may still find that they match, also where a cell is missing.

    Parameters
    ----------
    predicates, corpus, thorough
        As in `select_rows`.

    Returns
    -------
    Selection
        Never sure.
    """
    certain = [predicate for predicate in predicates if _is_certain(predicate)]
    bounds = [_bounds(predicate, corpus, thorough=thorough) for predicate in certain]
    everywhere = _all_of((), size=len(corpus)).can_hold
    open_rows = (pc.or_(bound.can_hold, pc.invert(bound.can_fail)) for bound in bounds)
    return Selection(reduce(pc.and_, open_rows, everywhere), is_sure=False)


def _is_certain(predicate: Predicate) -> bool:
    """Whether a cell that decides does so with high confidence."""
    if isinstance(predicate, Not):
        return _is_certain(predicate.part)
    if isinstance(predicate, AllOf | AnyOf):
        return all(map(_is_certain, predicate.parts))
    if isinstance(predicate, (NumberRange, *_OF_ONE_CELL)):
        return getattr(predicate, "confidence", "low") == "high"
    return isinstance(predicate, Pair)


def _bounds(predicate: Predicate, corpus: Corpus, *, thorough: bool) -> _Bounds:
    size = len(corpus)
    if isinstance(predicate, Not):
        inner = _bounds(predicate.part, corpus, thorough=thorough)
        return _Bounds(inner.can_fail, inner.can_hold)
    if isinstance(predicate, Partly):
        return _bounds(predicate.part, corpus, thorough=thorough)
    if isinstance(predicate, AllOf | AnyOf | Either):
        parts = [_bounds(part, corpus, thorough=thorough) for part in predicate.parts]
        return _all_of(parts, size=size) if isinstance(predicate, AllOf) else _any_of(parts)
    if isinstance(predicate, NumberRange):
        return _told(_in_span(predicate.column.numbers, predicate.span))
    if isinstance(predicate, Reckoned):
        return _told(_in_span(predicate.results, predicate.span))
    scoped = isinstance(predicate, Extreme) and predicate.within is not None
    if isinstance(predicate, _OF_ONE_CELL) and not (scoped or _holds_lists(predicate.column)):
        values = predicate.column.array.dictionary_encode()
        if thorough or len(values.dictionary) <= _FEW:
            return _told(_by_value(predicate, values, corpus))
    elif isinstance(predicate, (*_OF_ONE_CELL, Pair)) and (thorough or size <= _FEW):
        return _told(_checked(predicate, corpus, range(size)))
    everywhere = pa.array([True]).take(pa.repeat(0, size))
    return _Bounds(everywhere, everywhere)


def _told(truth: pa.BooleanArray) -> _Bounds:
    """Bounds that are exact; null is what cannot be told."""
    return _Bounds(pc.fill_null(truth, False), pc.fill_null(pc.invert(truth), False))


def _all_of(parts: Sequence[_Bounds], *, size: int) -> _Bounds:
    if not parts:
        return _told(pa.array([True]).take(pa.repeat(0, size)))
    return _Bounds(
        reduce(pc.and_, (part.can_hold for part in parts)),
        reduce(pc.or_, (part.can_fail for part in parts)),
    )


def _any_of(parts: Sequence[_Bounds]) -> _Bounds:
    return _Bounds(
        reduce(pc.or_, (part.can_hold for part in parts)),
        reduce(pc.and_, (part.can_fail for part in parts)),
    )


def _holds_lists(column: Column) -> bool:
    return column.kind == "list"


def _in_span(numbers: pa.DoubleArray, span: Span) -> pa.BooleanArray:
    inside = pc.if_else(pc.is_valid(numbers), True, pa.scalar(None, pa.bool_()))
    if span.low is not None:
        above = pc.greater if span.low_open else pc.greater_equal
        inside = pc.and_(inside, above(numbers, float(span.low)))
    if span.high is not None:
        below = pc.less if span.high_open else pc.less_equal
        inside = pc.and_(inside, below(numbers, float(span.high)))
    return inside


def _by_value(predicate: Predicate, values: pa.DictionaryArray, corpus: Corpus) -> pa.BooleanArray:
    """Check the first row of each distinct value, and say the same of all of its rows."""
    rows = pa.table({"code": values.indices, "row": pa.arange(0, len(values))})
    firsts = rows.group_by("code").aggregate([("row", "min")]).sort_by("code")  # null comes last
    truths = _checked(predicate, corpus, firsts["row_min"].to_pylist())
    return truths.take(pc.fill_null(values.indices, len(values.dictionary)))


def _checked(predicate: Predicate, corpus: Corpus, positions: Sequence[int]) -> pa.BooleanArray:
    truths: list[bool | None] = []
    for start in range(0, len(positions), _CHUNK):
        outcomes = predicate.check(corpus, positions[start : start + _CHUNK])
        truths.extend(outcome.truth for outcome in outcomes)
    return pa.array(truths, pa.bool_())
