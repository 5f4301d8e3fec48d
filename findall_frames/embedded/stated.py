"""Numbers that running text states beside the words they belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from findall_frames.embedded.columns import Column
from findall_frames.embedded.conditions import Outcome, Span, number_text
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import FINITE, is_relation
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.prose import LONGEST, cells_of, quoted, sentences
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.quantity import Quantity
from findall_frames.embedded.units import MEASURES, Unit, unit_pattern
from findall_frames.embedded.words import alike, fold, stem, tokens

__all__ = ["StatedNumber"]

_NUMBER = re.compile(
    r"""\d|illion|hundred|thousand|dozen|\b(?:one|single|two|three|four|five|six|seven|eight|nine|ten|eleven
    |twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|\w+teen)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+")
_BEHIND = re.compile(r"\W*([^\W\d_]+)(?:\s+([^\W\d_]+))?")
_AGED = frozenset(("age", "aged", "old", "older", "years", "minimum"))
_AGE_BEFORE = re.compile(r"\b(?:aged?|age of|ages)\s+(?:at least\s+|over\s+)?$", re.IGNORECASE)
_AGE_BEHIND = re.compile(r"\s+(?:or|and)\s+(?:over|older|above)\b|\s+years?\s+(?:old|of age)\b")
_OTHER = 15.0
"""How much further a number seems that belongs to another noun."""
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
    days : bool
        Whether the range is one of days.
    """

    words: tuple[str, ...]
    span: Span
    unit: Unit | None
    year: bool
    columns: tuple[Column, ...]
    lexicon: Lexicon
    days: bool = field(default=False, kw_only=True)
    _costs: dict[str, float | None] = field(default_factory=dict, repr=False, compare=False)

    def describe(self) -> str:
        """The predicate in words."""
        return f"the text states a number for {' '.join(self.words)!r} that is {self.span.said}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; a text without such a number leaves it open."""
        return [self._in_row(cells) for cells in cells_of(self.columns, positions)]

    def _in_row(self, cells: Sequence[str | None]) -> Outcome:
        best: tuple[tuple[int, float], Column, str, Quantity] | None = None
        for column, cell in zip(self.columns, cells, strict=True):
            if cell is None or not _NUMBER.search(cell):
                continue
            for sentence in sentences(cell):
                if not _NUMBER.search(sentence):
                    continue
                near = self._nearest(sentence)
                if near is None:
                    continue
                # The cost of the renovation is told where the renovation is.
                cost = (-self._told(sentence), near[0])
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
        if self.unit is None or not self._measures_unit():
            return None
        found = [
            (column, sentence, quantity)
            for column, cell in zip(self.columns, cells, strict=True)
            if cell is not None and self._may_measure(cell)
            for sentence in sentences(cell)
            if self._may_measure(sentence)
            for quantity in find_quantities(sentence)
            if quantity.unit is not None and quantity.unit.convertible(self.unit)
        ]
        if len(found) != 1:
            return None
        column, sentence, quantity = found[0]
        usable = self._usable(quantity)
        if usable is None or not self._others.isdisjoint(map(stem, tokens(sentence))):
            return None
        return self._outcome(column, sentence, usable)._replace(confidence="low")

    def _may_measure(self, text: str) -> bool:
        """Whether a number and a unit of the right dimension may stand in a text."""
        forms = unit_pattern(self.unit.dimension) if self.unit is not None else None
        return bool(forms and forms.search(text) and _NUMBER.search(text))

    @cached_property
    def _measures(self) -> frozenset[str]:
        """Stems of the words for what is measured in the unit."""
        return frozenset(map(stem, MEASURES.get(self.unit.dimension if self.unit else "", ())))

    @cached_property
    def _others(self) -> frozenset[str]:
        """Those of them that are something else than what is asked: revenue for funding."""
        return self._measures - frozenset(self._wanted)

    @cached_property
    def _wanted(self) -> dict[str, float]:
        """Stems of the words, and of those related to them, with what these cost."""
        wanted = {stem(word): 0.0 for word in self.words}
        for word in self.words:
            told = {stem(phrase[0]) for phrase in self.lexicon.told(word)}
            for related in self.lexicon.family(word) | told:
                wanted.setdefault(related, 20.0)
        return wanted

    def _measures_unit(self) -> bool:
        return not self._measures.isdisjoint(self._wanted)

    def _outcome(self, column: Column, sentence: str, quantity: Quantity) -> Outcome:
        inside = (
            quantity.dates[0] if self.days and quantity.dates else quantity.value
        ) in self.span
        relation = "which is" if inside else "which is not"
        shown = quantity.text if self.days else number_text(quantity.value, year=self.year)
        number = f"{shown} is the number, {relation} {self.span.said}."
        reason = f"{column.name} says {quoted(sentence)} {number}"
        excerpt = sentence if len(sentence) <= LONGEST else quantity.text
        value = int(quantity.value) if float(quantity.value).is_integer() else quantity.value
        return Outcome(inside, value, reason, "medium", ((column.name, excerpt),))

    def _nearest(self, sentence: str) -> tuple[float, Quantity] | None:
        """The number closest to one of the words, and how far it is, in characters."""
        places = self._places(sentence)
        if (not places and self.words) or not self._tells(sentence):
            return None
        found: list[tuple[float, Quantity]] = []
        for quantity in find_quantities(sentence):
            usable = self._usable(self._counted(quantity, sentence))
            if usable is None:
                continue
            by_unit = 0.0 if self.unit is not None and quantity.unit is not None else None
            if self.unit is None and not self.year and self._is_age(quantity, sentence):
                continue
            other = _OTHER if self._is_of_another(quantity, sentence) else 0.0
            gaps = [
                (max(start - quantity.end, quantity.start - end, 0) + cost)
                + (_BEFORE if self.year and quantity.end <= start else 0.0)
                # "Flocks of up to fifty birds" are of fifty.
                + (0.0 if sentence.startswith(" of ", end) else other)
                for start, end, cost in places
            ]
            if gaps:
                found.append((min(gaps) - (40 if by_unit is not None else 0), usable))
            elif by_unit is not None and not self.words:
                found.append((100.0, usable))
        return min(found, key=lambda pair: pair[0]) if found else None

    def _is_age(self, quantity: Quantity, sentence: str) -> bool:
        """Whether somebody has to be so old: participants must be 18 or over."""
        if not _AGED.isdisjoint(self.words):
            return False
        before, behind = sentence[: quantity.start], sentence[quantity.end :]
        return bool(_AGE_BEFORE.search(before) or _AGE_BEHIND.match(behind))

    def _is_of_another(self, quantity: Quantity, sentence: str) -> bool:
        """Whether a number belongs to a unit or noun that is not asked for: two guides."""
        if quantity.unit is not None:
            return self.unit is None
        behind = _BEHIND.match(sentence, quantity.end)
        word = fold(behind.group(1)) if behind is not None else ""
        plural = word.endswith("s") and word not in FINITE and len(word) > 3
        return plural and self._cost(word) is None

    def _counted(self, quantity: Quantity, sentence: str) -> Quantity:
        """The quantity; a "one" right before what is counted is meant as a number."""
        behind = _BEHIND.match(sentence, quantity.end) if quantity.weak else None
        # "One chalky egg" is one egg.
        following = [fold(word) for word in behind.groups("")] if behind is not None else []
        counted = {stem(word) for word in self.words}
        if counted.isdisjoint(map(stem, following)):
            return quantity
        return replace(quantity, weak=False)

    def _places(self, sentence: str) -> list[tuple[int, int, float]]:
        """Where words for the number stand in a sentence, and what each costs."""
        places = [
            (match.start(), match.end(), cost)
            for match in _WORD.finditer(sentence)
            if (cost := self._cost(match.group())) is not None
        ]
        places += [
            (match.start(), match.end(), 0.0)
            for match, meant in self.lexicon.phrasal_verbs(sentence)
            if stem(meant) in self._wanted
        ]
        if not self._needed:
            return places
        folded = fold(sentence)
        stands = [pattern.search(folded) for pattern in self._needed]
        if None in stands or len(folded) != len(sentence):
            return []
        # "Series A" tells which of several rounds is meant; its own year stands nearest.
        return [(match.start(), match.end(), 0.0) for match in stands if match]

    def _told(self, sentence: str) -> int:
        """How many of the words, measures aside, stand in a sentence."""
        words = [word for word in self.words if stem(word) not in self._measures]
        said = [fold(word) for word in _WORD.findall(sentence)] if len(self.words) > 1 else []
        return sum(any(alike(word, other) for other in said) for word in words)

    def _tells(self, sentence: str) -> bool:
        """Whether what was done stands there as well: killed, of killed people."""
        done = [word for word in self.words if word.endswith("ed") and not is_relation(word)]
        if not done or self._needed or len(self.words) == len(done):
            return True
        said = [fold(word) for word in _WORD.findall(self.lexicon.plain_verbs(sentence))]
        forms = {form for word in done for form in (stem(word), *self.lexicon.family(word))}
        others = (p for w in done for p in (*self.lexicon.topic(w), *self.lexicon.told(w)))
        forms |= {stem(phrase[0]) for phrase in others}
        return any(stem(word) in forms or any(alike(word, d) for d in done) for word in said)

    @cached_property
    def _needed(self) -> list[re.Pattern[str]]:
        """Names of two words, which have to stand in the sentence."""
        return [re.compile(rf"\b{re.escape(word)}\b") for word in self.words if " " in word]

    def _cost(self, written: str) -> float | None:
        """How far a word is from those asked for, as if in characters; None if it is another."""
        if written not in self._costs:
            word = fold(written)
            cost = self._wanted.get(stem(word))
            # "One million people visit it" tells of visitors.
            related = cost is None and any(alike(word, other) for other in self.words)
            self._costs[written] = 15.0 if related else cost
        return self._costs[written]

    def _usable(self, quantity: Quantity) -> Quantity | None:
        if self.days and quantity.dates is None:
            return None  # which day of the year is not said
        if quantity.weak or quantity.dates is not None:
            if self.year and quantity.dates is not None:
                return quantity
            return None
        if self.year:
            return quantity if quantity.year else None
        if quantity.year and self.span.said and not self._may_be_year():
            return None
        # A third of the books is no number of them.
        share = quantity.unit is not None and quantity.unit.dimension == "share"
        if share and self.unit is None and self._rates.isdisjoint(self._wanted):
            return None
        # A number without a unit is no weight.
        measured = self.unit is not None and self.unit.dimension not in {"money", "share"}
        if measured and quantity.unit is None and not quantity.letter:
            return None
        return quantity.in_unit(self.unit)

    @property
    def _rates(self) -> frozenset[str]:
        """Stems of the words for what is a share of something."""
        return frozenset(map(stem, MEASURES["share"]))

    def _may_be_year(self) -> bool:
        ends = [end for end in (self.span.low, self.span.high) if end is not None]
        return any(100 <= end <= 10_000 for end in ends)
