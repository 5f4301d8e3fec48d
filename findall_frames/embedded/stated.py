"""Numbers that running text states beside the words they belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from findall_frames.embedded.columns import Column
from findall_frames.embedded.conditions import Outcome, Span, number_text
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.prose import LONGEST, cells_of, quoted, sentences
from findall_frames.embedded.quantities import Quantity, find_quantities
from findall_frames.embedded.units import MEASURES, Unit
from findall_frames.embedded.words import alike, fold, stem

__all__ = ["StatedNumber"]

_NUMBER = re.compile(
    r"""\d|illion|hundred|thousand|dozen|\b(?:one|single|two|three|four|five|six|seven|eight|nine|ten|eleven
    |twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|\w+teen)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_BEFORE = 25.0
"""How much further a year seems, in characters, where it stands before its verb."""


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
    """

    words: tuple[str, ...]
    span: Span
    unit: Unit | None
    year: bool
    columns: tuple[Column, ...]
    lexicon: Lexicon

    def describe(self) -> str:
        """The predicate in words."""
        return f"the text states a number for {' '.join(self.words)!r} that is {self.span.said}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; a text without such a number leaves it open."""
        return [self._in_row(cells) for cells in cells_of(self.columns, positions)]

    def _in_row(self, cells: Sequence[str | None]) -> Outcome:
        best: tuple[float, Outcome] | None = None
        for column, cell in zip(self.columns, cells, strict=True):
            for sentence in sentences(cell or ""):
                if not _NUMBER.search(sentence):
                    continue
                near = self._nearest(sentence)
                if near is not None and (best is None or near[0] < best[0]):
                    best = (near[0], self._outcome(column, sentence, near[1]))
        if best is not None:
            return best[1]
        only = self._only_measure(cells)
        if only is not None:
            return only
        said = " ".join(self.words)
        return Outcome(None, None, f"No number for {said!r} stands in the text.", "low", ())

    def _only_measure(self, cells: Sequence[str | None]) -> Outcome | None:
        """The one number of a text in a unit that measures what is asked: its only area."""
        if self.unit is None or not self._measures_unit():
            return None
        found = [
            (column, sentence, quantity)
            for column, cell in zip(self.columns, cells, strict=True)
            for sentence in sentences(cell or "")
            for quantity in find_quantities(sentence)
            if quantity.unit is not None and quantity.unit.convertible(self.unit)
        ]
        if len(found) != 1:
            return None
        column, sentence, quantity = found[0]
        usable = self._usable(quantity)
        if usable is None:
            return None
        return self._outcome(column, sentence, usable)._replace(confidence="low")

    def _measures_unit(self) -> bool:
        measures = MEASURES.get(self.unit.dimension if self.unit else "", ())
        related = {stem(measure) for measure in measures}
        return any({stem(word), *self.lexicon.family(word)} & related for word in self.words)

    def _outcome(self, column: Column, sentence: str, quantity: Quantity) -> Outcome:
        inside = quantity.value in self.span
        relation = "which is" if inside else "which is not"
        shown = number_text(quantity.value, year=self.year)
        number = f"{shown} is the number, {relation} {self.span.said}."
        reason = f"{column.name} says {quoted(sentence)} {number}"
        excerpt = sentence if len(sentence) <= LONGEST else quantity.text
        value = int(quantity.value) if float(quantity.value).is_integer() else quantity.value
        return Outcome(inside, value, reason, "medium", ((column.name, excerpt),))

    def _nearest(self, sentence: str) -> tuple[float, Quantity] | None:
        """The number closest to one of the words, and how far it is, in characters."""
        wanted = {stem(word): 0.0 for word in self.words}
        for word in self.words:
            for related in self.lexicon.family(word):
                wanted.setdefault(related, 20.0)
        places = [
            (match.start(), match.end(), cost)
            for match in re.finditer(r"[^\W\d_]+", sentence)
            if (cost := self._cost(fold(match.group()), wanted)) is not None
        ]
        found: list[tuple[float, Quantity]] = []
        places += [
            (match.start(), match.end(), 0.0)
            for match, meant in self.lexicon.phrasal_verbs(sentence)
            if stem(meant) in wanted
        ]
        folded = fold(sentence)
        needed = [phrase for phrase in self.words if " " in phrase]
        stands = [re.search(rf"\b{re.escape(phrase)}\b", folded) for phrase in needed]
        if None in stands or (self.words and not (places or stands)):
            return None
        if stands and len(folded) == len(sentence):
            # "Series A" tells which of several rounds is meant; its own year stands nearest.
            places = [(match.start(), match.end(), 0.0) for match in stands if match]
        for quantity in find_quantities(sentence):
            behind = re.match(r"\W*([^\W\d_]+)", sentence[quantity.end :])
            counted = behind is not None and stem(fold(behind.group(1))) in map(stem, self.words)
            usable = self._usable(replace(quantity, weak=quantity.weak and not counted))
            if usable is None:
                continue
            by_unit = 0.0 if self.unit is not None and quantity.unit is not None else None
            gaps = [
                (max(start - quantity.end, quantity.start - end, 0) + cost)
                + (_BEFORE if self.year and quantity.end <= start else 0.0)
                for start, end, cost in places
            ]
            if gaps:
                found.append((min(gaps) - (40 if by_unit is not None else 0), usable))
            elif by_unit is not None and not self.words:
                found.append((100.0, usable))
        return min(found, key=lambda pair: pair[0]) if found else None

    def _cost(self, word: str, wanted: Mapping[str, float]) -> float | None:
        """How far a word is from those asked for, as if in characters; None if it is another."""
        exact = wanted.get(stem(word))
        if exact is not None:
            return exact
        # "One million people visit it" tells of visitors.
        return 15.0 if any(alike(word, other) for other in self.words) else None

    def _usable(self, quantity: Quantity) -> Quantity | None:
        if quantity.weak or quantity.dates is not None:
            if self.year and quantity.dates is not None:
                return quantity
            return None
        if self.year:
            return quantity if quantity.year else None
        if quantity.year and self.span.said and not self._may_be_year():
            return None
        return quantity.in_unit(self.unit)

    def _may_be_year(self) -> bool:
        ends = [end for end in (self.span.low, self.span.high) if end is not None]
        return any(100 <= end <= 10_000 for end in ends)
