"""Numbers that running text states beside the words they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.units import Unit
from findall_frames.embedded.language.words import stem, tokens
from findall_frames.embedded.predicates.conditions import Outcome, Span, number_text
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.texts.claims import claims_of
from findall_frames.embedded.texts.doubts import doubt_of
from findall_frames.embedded.texts.fitting import Fit
from findall_frames.embedded.texts.prose import LONGEST, cells_of, quoted, sentences
from findall_frames.embedded.texts.saying import Claim
from findall_frames.embedded.texts.sought import Sought

__all__ = ["StatedNumber"]


@dataclass(frozen=True)
class StatedNumber:
    """A number that a text states beside the words for it, within a range.

    Attributes
    ----------
    words : tuple of str
        Folded; what the number is of, any of them.
    span : Span
        In `unit`.
    unit : Unit or None
        What the range is in.
    year : bool
        Whether a year is meant.
    columns : tuple of Column
        Where to look.
    lexicon : Lexicon
        For related words: residents for people.
    days : bool
        Whether the range is one of days.
    period : str
        In which time so much is done: the week of "hours a week"; else empty.
    reaches : bool
        Whether the upper end of "100 to 350" counts.
    kind : frozenset of str
        Stems of the nouns for what a row is.
    """

    words: tuple[str, ...]
    span: Span
    unit: Unit | None
    year: bool
    columns: tuple[Column, ...]
    lexicon: Lexicon
    days: bool = field(default=False, kw_only=True)
    period: str = field(default="", kw_only=True)
    reaches: bool = field(default=False, kw_only=True)
    kind: frozenset[str] = field(default=frozenset(), kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"the text states a number for {' '.join(self.words)!r} that is {self.span.said}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; a text without such a number leaves it open."""
        return [self._in_row(cells) for cells in cells_of(self.columns, positions)]

    def _in_row(self, cells: Sequence[str | None]) -> Outcome:
        best: tuple[tuple[int, float], Column, str, Claim] | None = None
        for column, cell in zip(self.columns, cells, strict=True):
            if cell is None or not self._fit.may_tell(cell):
                continue
            for sentence in sentences(cell):
                if not self._fit.may_tell(sentence):
                    continue
                near = self._fit.nearest(sentence)
                if near is None:
                    continue
                # The cost of the renovation is told where the renovation is.
                cost = (-self._sought.told_in(sentence), near[0])
                if best is None or cost < best[0]:
                    best = (cost, column, sentence, near[1])
        if best is not None:
            return self._outcome(*best[1:])
        only = self._only_measure(cells)
        if only is not None:
            return only
        said = " ".join(self.words)
        return Outcome(None, None, f"No number for {said!r} stands in the text.", "low", ())

    def _only_measure(self, cells: Sequence[str | None]) -> Outcome | None:
        """The one number of a text in a unit that measures what is asked: its only area."""
        if self.unit is None or not (self._sought.measures_unit() or self._sought.attributes):
            return None
        if self._sought.things and not any(cell and self._sought.is_about(cell) for cell in cells):
            return None
        measures = (
            (column, sentence, claim)
            for column, cell in zip(self.columns, cells, strict=True)
            if cell is not None and self._fit.may_measure(cell)
            for sentence in sentences(cell)
            if self._fit.may_measure(sentence)
            for claim in self._measures(sentence)
            if self._fit.is_measure(claim) and not doubt_of(claim.quantity, sentence)
        )
        found = list(islice(measures, 2))
        if len(found) != 1:
            return None
        column, sentence, claim = found[0]
        usable = self._fit.usable(claim.quantity)
        if usable is None or not self._sought.others.isdisjoint(map(stem, tokens(sentence))):
            return None
        claim = replace(claim, quantity=usable)
        return self._outcome(column, sentence, claim)._replace(confidence="low")

    def _measures(self, sentence: str) -> Iterator[Claim]:
        """The numbers of a sentence that are in such a unit."""
        claims = claims_of(sentence)
        for at, quantity in enumerate(claims.quantities):
            if self.unit and quantity.unit and quantity.unit.convertible(self.unit):
                yield claims[at]

    def _outcome(self, column: Column, sentence: str, claim: Claim) -> Outcome:
        quantity = claim.quantity
        inside = self._holds(claim)
        relation = "which is" if inside else "which is not"
        plain = quantity.top == quantity.value and not self.days
        shown = number_text(quantity.value, year=self.year) if plain else quantity.text
        number = f"{shown} is the number, {relation} {self.span.said}."
        reason = f"{column.name} says {quoted(sentence)} {number}"
        excerpt = sentence if len(sentence) <= LONGEST else quantity.text
        value = int(quantity.value) if float(quantity.value).is_integer() else quantity.value
        sure: Confidence = "low" if doubt_of(claim.quantity, sentence) else "medium"
        return Outcome(inside, value, reason, sure, ((column.name, excerpt),))

    def _holds(self, claim: Claim) -> bool:
        """Whether a number lies within the range, and of "40 to 60" both."""
        quantity = claim.quantity
        if self.days and quantity.dates:
            return quantity.dates[0] in self.span
        if quantity.year or quantity.top == quantity.value:
            # "Over 60,000" is more than 60,000.
            return quantity.value + claim.shift * abs(quantity.value) * 1e-9 in self.span
        return quantity.top in self.span and (self.reaches or quantity.value in self.span)

    @cached_property
    def _sought(self) -> Sought:
        return Sought(
            self.words,
            self.span,
            self.unit,
            self.year,
            self.lexicon,
            days=self.days,
            period=self.period,
            kind=self.kind,
        )

    @cached_property
    def _fit(self) -> Fit:
        return Fit(self._sought)
