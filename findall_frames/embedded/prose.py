"""Facts that stand in running text: mentions, and numbers beside the words they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow.compute as pc

from findall_frames.embedded.columns import Column
from findall_frames.embedded.conditions import Outcome, Span, number_text
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import is_negator
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.quantities import Quantity, find_quantities
from findall_frames.embedded.units import MEASURES, Unit
from findall_frames.embedded.words import alike, demonym_of, fold, stem, tokens

__all__ = ["Mention", "StatedNumber", "sentences"]

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9À-Þ])|\n\s*\n|\n(?=\s*[-*#>|=])|\r\n")
_ABBREVIATED = re.compile(
    r"\b(?:[A-Z]|Dr|Mr|Mrs|Ms|St|Inc|Ltd|Co|Corp|No|vs|etc|e\.g|i\.e|approx|ca)\.$"
)
_CLAUSE_END = re.compile(r"[,;:()]|\bbut\b|\bwhile\b|\band\b")
_NUMBER = re.compile(
    r"""\d|illion|hundred|thousand|dozen|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven
    |twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|\w+teen)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST = 400
_BEFORE = 25.0
"""How much further a year seems, in characters, where it stands before its verb."""
_NEAR = 6
"""A negation reaches this many words, unless a comma ends it."""


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each exactly as it stands there.

    Examples
    --------
    >>> list(sentences("Lima lies by the sea. St. Louis does not."))
    ['Lima lies by the sea.', 'St. Louis does not.']
    """
    start = 0
    for match in _END.finditer(text):
        if "\n" not in match.group() and _ABBREVIATED.search(text, start, match.start()):
            continue
        yield from _trimmed(text[start : match.start()])
        start = match.end()
    yield from _trimmed(text[start:])


def _trimmed(piece: str) -> Iterator[str]:
    piece = piece.strip()
    if piece:
        yield piece


@dataclass(frozen=True)
class Mention:
    """Words that stand together in one sentence, or one cell, of a row.

    Attributes
    ----------
    words : tuple of str
        Folded; each must be there, in whatever form.
    columns : tuple of Column
        Where to look.
    lexicon : Lexicon
        For other names of the same thing.
    exact : bool
        Whether the words must stand there as written, one after the other.
    literal : bool
        Whether the words alone are asked for, also where they are denied.
    silence : {"no", "unknown"}
        What it means that a text says nothing of it.
    """

    words: tuple[str, ...]
    columns: tuple[Column, ...]
    lexicon: Lexicon
    exact: bool = False
    literal: bool = False
    silence: Literal["no", "unknown"] = "no"

    def is_denied_somewhere(self) -> bool:
        """Whether some text says that it is not so; where none is denied, silence means no."""
        if self.literal or self.exact:
            return False
        start = re.escape(self.words[0][: max(3, len(self.words[0]) - 3)])
        denial = r"\b(?:not|never|no|nor|neither|without)\b|n['’]t\b"
        near = rf"(?i)(?:{denial})[^.,;]{{0,40}}\b{start}"
        if len(self.words) > 1:
            end = re.escape(self.words[-1][: max(3, len(self.words[-1]) - 3)])
            near += rf"|(?i)\b{start}[^.,;]{{0,40}}(?:{denial})[^.,;]{{0,40}}\b{end}"
        return any(
            pc.any(pc.match_substring_regex(column.texts, near)).as_py()
            for column in self.columns
            if column.kind == "prose"
        )

    def describe(self) -> str:
        """The predicate in words."""
        where = self.columns[0].name if len(self.columns) == 1 else "the text"
        return f"{where} mentions {' '.join(self.words)!r}"

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position."""
        return [self._in_row(cells) for cells in _cells(self.columns, positions)]

    def _in_row(self, cells: Sequence[str | None]) -> Outcome:
        said = " ".join(self.words)
        denied: Outcome | None = None
        if all(cell is None for cell in cells):
            return Outcome(None, None, "There is no text that could tell.", "low", ())
        for column, cell in zip(self.columns, cells, strict=True):
            wider = column.kind == "prose"
            if cell is None or not self._possible(cell, wider=wider):
                continue
            for sentence in sentences(cell):
                found = self._stands(sentence, wider=wider)
                if found is None:
                    continue
                excerpt = ((column.name, _passage(sentence, self.words)),)
                if found:
                    reason = f"{column.name} says: {_quote(excerpt[0][1])}"
                    return Outcome(True, excerpt[0][1], reason, "medium", excerpt)
                reason = f"{column.name} denies it: {_quote(excerpt[0][1])}"
                denied = denied or Outcome(False, excerpt[0][1], reason, "medium", excerpt)
        truth = None if self.silence == "unknown" else False
        return denied or Outcome(truth, None, f"Nothing in the row mentions {said!r}.", "low", ())

    def _possible(self, cell: str, *, wider: bool) -> bool:
        """A quick look before a text is taken apart."""
        lowered = cell.lower()
        return not lowered.isascii() or all(
            self._hinted(word, lowered, wider=wider) for word in self.words
        )

    def _hinted(self, word: str, lowered: str, *, wider: bool) -> bool:
        if word[: max(3, len(word) - 4)] in lowered:
            return True
        return any(phrase[0] in lowered for phrase in self._other_names(word, wider=wider))

    def _stands(self, sentence: str, *, wider: bool) -> bool | None:
        """Whether a sentence says it, denies it, or (None) says nothing of it."""
        said = tokens(sentence)
        if self.exact:
            size = len(self.words)
            return (
                True
                if any(said[i : i + size] == list(self.words) for i in range(len(said)))
                else None
            )
        places = []
        for word in self.words:
            place = next((at for at, other in enumerate(said) if self._same(word, other)), None)
            if place is None:
                place = self._alias_place(word, said, wider=wider)
            if place is None:
                return None
            places.append(place)
        if self.literal:
            return True
        first, last = min(places), max(places)
        return not (_negated(sentence, said, first, last) or _ended(said, first, last))

    def _same(self, word: str, other: str) -> bool:
        return stem(word) == stem(other) or demonym_of(word, other) or demonym_of(other, word)

    def _other_names(self, word: str, *, wider: bool) -> list[tuple[str, ...]]:
        """Other names of a thing; in running text, of a place also those of what lies in it."""
        inside = self.lexicon.parts((word,)) if wider else []
        return [*self.lexicon.aliases((word,)), *inside]

    def _alias_place(self, word: str, said: Sequence[str], *, wider: bool) -> int | None:
        for phrase in self._other_names(word, wider=wider):
            size = len(phrase)
            for at in range(len(said) - size + 1):
                if tuple(said[at : at + size]) == phrase:
                    return at
        return None


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
        return [self._in_row(cells) for cells in _cells(self.columns, positions)]

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
        reason = f"{column.name} says {_quote(sentence)} {number}"
        excerpt = sentence if len(sentence) <= _LONGEST else quantity.text
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
        if not places and self.words:
            return None
        for quantity in find_quantities(sentence):
            usable = self._usable(quantity)
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


def _cells(columns: Sequence[Column], positions: Sequence[int]) -> list[tuple[str | None, ...]]:
    """For each position the texts of the columns; none where there is no column."""
    if not columns:
        return [()] * len(positions)
    return list(zip(*(column.text_list(positions) for column in columns), strict=True))


def _negated(sentence: str, said: Sequence[str], first: int, last: int) -> bool:
    """Whether a negation reaches the words from `first` to `last`."""
    if any(is_negator(word) for word in said[first:last]):
        return True
    reach = said[max(0, first - _NEAR) : first]
    for back, word in enumerate(reversed(reach), start=1):
        if is_negator(word):
            between = _between(sentence, said, first - back, first)
            return not _CLAUSE_END.search(between)
    return False


def _ended(said: Sequence[str], first: int, last: int) -> bool:
    """Whether something was so until some time: "was the capital until 1991"."""
    before, behind = said[max(0, first - _NEAR) : first], said[last + 1 : last + _NEAR]
    former = {"former", "formerly"} & set(before)
    return bool(former) or (bool({"was", "were"} & set(before)) and "until" in behind)


def _between(sentence: str, said: Sequence[str], start: int, end: int) -> str:
    """The part of the sentence from one word to another, to look for commas."""
    folded, at, begin = fold(sentence), 0, 0
    for place, word in enumerate(said[: end + 1]):
        at = folded.find(word, at)
        if place == start:
            begin = at
        if place == end:
            return folded[begin:at]
        at += len(word)
    return folded[begin:]


def _passage(sentence: str, words: Sequence[str]) -> str:
    """The sentence, or of a very long one the part around the first word."""
    if len(sentence) <= _LONGEST:
        return sentence
    at = max(0, sentence.lower().find(words[0][:4]) - 80)
    return sentence[at : at + _LONGEST].strip()


def _quote(text: str) -> str:
    return f'"{text if len(text) <= 200 else text[:197] + "..."}"'
