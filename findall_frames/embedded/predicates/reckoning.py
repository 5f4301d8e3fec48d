"""Comparisons of what is reckoned from two columns: per each, times, a share of, together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import Unit, unit_named
from findall_frames.embedded.language.words import phrases, tokens
from findall_frames.embedded.predicates.conditions import Outcome, Span, number_text
from findall_frames.embedded.predicates.pairs import only_column
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Reckoned", "Reckoning", "added_up"]

_WORKINGS: Final[dict[str, Callable[[float, float], float | None]]] = {
    "per": lambda one, other: one / other if other else None,
    "plus": lambda one, other: one + other,
    "minus": lambda one, other: one - other,
}
_PER = r"(?:per|for (?:each|every|one)|to (?:each|every|one))"
_IS = r"(?:is|are|was|were|of|at|be|has|have|takes?|comes? to|makes? up|accounts? for)"
_TOGETHER = r"(?:together|combined|in total|altogether|in all|taken together|added up|in sum)"
_WORDS = r"[^¤,;.]*?"
_A, _B, _N = rf"(?P<a>{_WORDS})", rf"(?P<b>{_WORDS})", r"¤(?P<n>\d+)¤"
_THAT = r"(?:(?:the|its|their|that of|those of|of the) )*"
_AS = r"(?:as (?:many|much|high|large|big|long|great|tall|old|heavy|far|deep|wide)\b )?"
_FORMS: Final = tuple(
    (re.compile(pattern), working, share)
    for pattern, working, share in (
        (rf"{_N} {_A} {_PER} {_B}$", "per", False),
        (rf"{_A} {_PER} {_B} (?:{_IS} )*{_N}", "per", False),
        (rf"{_A} (?:{_IS} )*{_N} {_PER} {_B}$", "per", False),
        (rf"(?P<pre>ratio of) {_A} to {_B} (?:{_IS} )*{_N}", "per", False),
        (rf"{_A} {_N} times {_AS}(?:as |more than |than )?{_THAT}{_B}$", "per", False),
        (rf"{_N} times (?:as (?:many|much|long)|more) {_A} (?:as|than) {_B}$", "per", False),
        (rf"{_A} {_N} of {_THAT}{_B}$", "per", True),
        (rf"{_N}(?P<a>) {_PER} {_B}$", "per", False),
        (rf"(?P<pre>sum of|combined|total of|total) {_A} and {_B} (?:{_IS} )*{_N}", "plus", False),
        (rf"{_A} and {_B},? {_TOGETHER} (?:{_IS} )*{_N}", "plus", False),
        (rf"{_A} and {_B} (?:{_IS} )*{_N},? {_TOGETHER}", "plus", False),
        (rf"{_N} (?:of )?{_A} and {_B} {_TOGETHER}", "plus", False),
        (rf"(?P<pre>difference between) {_A} and {_B} (?:{_IS} )*{_N}", "minus", False),
        (rf"{_A} exceeds? {_THAT}{_B} by {_N}", "minus", False),
    )
)
_LONGEST = 6
"""Words that may name a column."""
_SMALL = frozenset(
    phrases("the, a, an, its, their, to, that, which, with, whose, must, do, does, density, ratio")
)
_MEANT = {"capita": "population", "head": "population"}
_LONGEST_TEXT = 300
_EPOCH = dt.date(1970, 1, 1)
_TWO = 2


@dataclass(frozen=True)
class Reckoned:
    """A range for what two columns of numbers, or of days, make together.

    Attributes
    ----------
    first, second : Column
        What is reckoned with.
    working : str
        ``"per"``, ``"plus"`` or ``"minus"``.
    factors : tuple of float
        What their numbers are multiplied by before.
    span : Span
        Of the result.
    """

    first: Column
    second: Column
    working: str
    factors: tuple[float, float]
    span: Span

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.first.name} {self.working} {self.second.name} is {self.span.said}"

    @property
    def results(self) -> pa.DoubleArray:
        """What every row of the corpus makes; null where it cannot be told."""
        one, other = (
            pc.multiply(_numbers(column), factor)
            for column, factor in zip((self.first, self.second), self.factors, strict=True)
        )
        if self.working == "per":
            other = pc.if_else(pc.equal(other, 0.0), pa.scalar(None, pa.float64()), other)
        made = {"per": pc.divide, "plus": pc.add, "minus": pc.subtract}[self.working](one, other)
        return pc.round(made, 9)

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; where either is missing it cannot be told."""
        amounts = (_amounts(self.first, positions), _amounts(self.second, positions))
        cells = (self.first.cells(positions), self.second.cells(positions))
        return [self._outcome(*row) for row in zip(*amounts, *cells, strict=True)]

    def _outcome(self, one: float | None, other: float | None, cell: Any, next_: Any) -> Outcome:
        names = (self.first.name, self.second.name)
        missing = [n for n, v in zip(names, (one, other), strict=True) if v is None]
        result = None
        if one is not None and other is not None:
            result = _WORKINGS[self.working](one * self.factors[0], other * self.factors[1])
        if result is None:
            missing = missing or [f"a {self.working} of nought"]
            reason = f"{' and '.join(missing)} is missing, so this cannot be told."
            return Outcome(None, None, reason, "low", ())
        result = round(result, 9)
        inside = result in self.span
        relation = "which is" if inside else "which is not"
        shown = tuple(str(value).removesuffix(".0") for value in (cell, next_))
        reason = (
            f"{names[0]} is {shown[0]} and {names[1]} is {shown[1]}: "
            f"{number_text(round(result, 4))}, {relation} {self.span.said}."
        )
        evidence = ((names[0], shown[0]), (names[1], shown[1]))
        return Outcome(inside, result, reason, "medium", evidence)


def _amounts(column: Column, positions: Sequence[int]) -> list[float | None]:
    """What is reckoned with of each cell: its number, or its day counted from the first."""
    if column.kind != "date":
        return column.amounts(positions)
    days = column.day_list(positions)
    return [None if day is None else float((day - _EPOCH).days) for day in days]


def _numbers(column: Column) -> pa.DoubleArray:
    if column.kind != "date":
        return column.numbers
    return column.days.cast(pa.int32()).cast(pa.float64())


class Reckoning:
    """Finds such comparisons among those of one condition.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._several = sum(column.kind == "number" for column in linker.columns) > 1

    def replace(self, marked: str, comparisons: list[Comparison]) -> str:
        """The text with one mark for all of such a comparison; those found are added."""
        if not self._several or not comparisons or len(marked) > _LONGEST_TEXT:
            return marked
        parts = re.split(
            r"(,? (?:but|while|whereas|or) |; | and (?=(?:has|have|is|are|was)\b))", marked
        )
        for at in range(0, len(parts), 2):
            parts[at] = self._in_part(parts[at], comparisons)
        return "".join(parts)

    def _in_part(self, text: str, comparisons: list[Comparison]) -> str:
        for pattern, working, share in _FORMS:
            match = pattern.search(text)
            if match is None:
                continue
            comparison = comparisons[int(match["n"])]
            unit = comparison.quantity.unit
            if share != (unit is not None and unit.dimension == "share"):
                continue
            leads = match.start("n") < match.start("a")
            opened = "pre" in match.re.groupindex
            first = self._first(match["a"]) if leads or opened else self._last(match["a"])
            if match["a"] == "":
                first = self._measured(comparison)
            second = self._first(match["b"])
            if first is None or second is None or first[0] is second[0]:
                continue
            if self._is_said_whole(match):
                continue
            made = _made(first[0], second[0], working, comparison, share=share)
            if made is None:
                continue
            comparisons.append(made)
            # What stands before the words of the first column stays.
            start = match.start("n") if leads else match.start("a") + first[1]
            start = match.start("pre") if opened else start
            end = max(match.end("n"), match.start("b") + second[1])
            return f"{text[:start]} ¤{len(comparisons) - 1}¤ {text[end:]}"
        return text

    def _measured(self, comparison: Comparison) -> tuple[Column, int] | None:
        """The one column in whose unit an amount is: 100 MW per unit."""
        quantity = comparison.quantity
        columns = [c for c in self._linker.columns if c.kind == "number" and c.unit is not None]
        columns = [
            c for c in columns if c.unit and quantity.unit and quantity.unit.convertible(c.unit)
        ]
        return (columns[0], 0) if len(columns) == 1 else None

    def _is_said_whole(self, match: re.Match[str]) -> bool:
        """Whether a column holds what would be reckoned: GDP per capita, a density."""
        first, second = tokens(match["a"]), tokens(match["b"])
        found = self._linker.named([*first, *second, "per"], ("number",))
        one, other = set(range(len(first))), set(range(len(first), len(first) + len(second)))
        whole = any(m.named and m.used & one and m.used & other for m in found)
        # "$2 per serving", of a cost that is per serving.
        bare = [] if first else self._linker.named(second, ("number",))
        whole = whole or any(len(m.column.words) > len(m.used) for m in bare)
        area = unit_named(tuple(tokens(match["b"])))
        dense = area is not None and area.dimension == "area" and self._linker.names("density")
        return whole or dense

    def _last(self, text: str) -> tuple[Column, int] | None:
        """The column that the end of a text names, and where its words begin."""
        words = list(re.finditer(r"[^\W_]+", text))[-_LONGEST:]
        for at, word in enumerate(words):
            column = self._column(tokens(text[word.start() :]))
            if column is not None:
                return column, words[at].start()
        return None

    def _first(self, text: str) -> tuple[Column, int] | None:
        """The column that the beginning of a text names, and where its words end."""
        words = list(re.finditer(r"[^\W_]+", text))[:_LONGEST]
        for word in reversed(words):
            column = self._column(tokens(text[: word.end()]))
            if column is not None:
                return column, word.end()
        return None

    def _column(self, words: Sequence[str]) -> Column | None:
        """The one number column that words name, by its name or by its unit."""
        words = [_MEANT.get(word, word) for word in words if word not in _SMALL]
        column = only_column(words, self._linker, kinds=("number",), loosely=True)
        unit = unit_named(tuple(words))
        if column is None and unit is not None:
            same = [c for c in self._linker.columns if c.kind == "number" and c.unit == unit]
            column = same[0] if len(same) == 1 else None
        return None if column is None or column.year_like else column


def added_up(matches: Sequence[Column], comparison: Comparison) -> Reckoned | None:
    """The comparison of two columns together, which a total is of; None where they do not fit."""
    if len(matches) != _TWO or any(column.kind != "number" for column in matches):
        return None
    made = _made(matches[0], matches[1], "plus", comparison, share=False)
    return made.settled if made is not None and isinstance(made.settled, Reckoned) else None


def _made(
    first: Column, second: Column, working: str, comparison: Comparison, *, share: bool
) -> Comparison | None:
    """The comparison of what is reckoned; None where the units do not fit."""
    one, other = first.unit, second.unit
    alike = one is not None and other is not None and one.convertible(other)
    if not (alike or one is other) and (working != "per" or share):
        return None
    factors = (first.scale, second.scale)
    wanted: Unit | None = one
    # "50 m per km" is in the units of the columns, "ten times" in none.
    measured = comparison.quantity.unit is not None or bool(comparison.quantity.letter)
    mixed = working == "per" and measured and not share
    if alike and not mixed and one is not None and other is not None:
        factors = (first.scale, second.scale * other.factor / one.factor)
        wanted = None if working == "per" else one

    def end(quantity: Quantity | None) -> float | None:
        if quantity is None:
            return None
        if share:
            return quantity.value / 100
        converted = quantity.in_unit(wanted) if wanted is not None else quantity
        return None if converted is None else converted.value

    low, high = end(comparison.low), end(comparison.high)
    if (low is None) != (comparison.low is None) or (high is None) != (comparison.high is None):
        return None
    span = Span(low, high, comparison.low_open, comparison.high_open, comparison.text)
    settled = Reckoned(first, second, working, factors, span)
    quantity = Quantity(0, 0, comparison.text, 0.0, 0.0)
    return Comparison(quantity, quantity, text=comparison.text, settled=settled)
