"""Which column a phrase is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.bounds import find_bounds
from findall_frames.embedded.clauses import Token
from findall_frames.embedded.columns import Column
from findall_frames.embedded.comparisons import Comparison
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import (
    ADVERBS,
    FILLERS,
    GENERIC_HEADS,
    PREPOSITIONS,
    is_relation,
)
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.units import MEASURES, Unit, unit_named, unit_pattern
from findall_frames.embedded.values import LARGE
from findall_frames.embedded.words import alike, demonym_of, phrases, split_name, stem, tokens

__all__ = ["ColumnMatch", "Linker", "ValueMatch"]

_FAMILY = 0.6
"""How sure a word is of a column that a related word names: people of population."""
_OTHER_WORD = 0.595
"""The same of one that the lexicon does not have, but the thesaurus: gap of space."""
_TIE = 0.05
_LITTLE = 0.15
_EXACT = 0.4
_CUT = (3, 6)
_ABBREVIATED = 3
_FAR = 1000.0
_RATINGS = frozenset(("rating", "score", "stars"))
_RATERS = frozenset(("user", "guest", "customer", "client", "critic", "visitor", "reader"))
_ORDER = frozenset(("last", "first"))
_PERIODS = frozenset(phrases("per, day, daily, week, weekly, month, monthly, year, yearly, night"))
_UNSAID = 0.2
"""How much worse a column of so many per week fits where no week is said."""
_DATES = frozenset(("date", "dates", "day", "year", "time"))
_JOINTS = frozenset(("per", "at"))
_ENOUGH_TEXTS = 2000
_REACH = 24
"""Words that stand further before a value than this do not name its column."""
_BEGINNINGS = phrases(
    """birth, born, founded, established, est, opened, built, completed, created, started, launched,
    released, published, year, vintage, first, appeared, introduced, commissioned, inaugurated,
    issued, posted, joined, hired, registered, signed, installed"""
)
_ENOUGH = 0.35
"""A column must fit at least as well: a related word for the whole of its name."""


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """A column that some words are about.

    Attributes
    ----------
    column : Column
        The column.
    score : float
        How well the words fit; comparable between columns for the same words.
    used : frozenset of int
        The places of the words that name it.
    named : bool
        Whether every word of its name was said, in one form or another.
    """

    column: Column
    score: float
    used: frozenset[int]
    named: bool


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A value of a column that some words name.

    Attributes
    ----------
    column : Column
        The column.
    start, end : int
        The places of the words.
    phrase : tuple of str
        The value as tokens, as it stands in the column.
    whole : bool
        Whether the words name a whole value.
    score : float
        How likely this column is meant.
    """

    column: Column
    start: int
    end: int
    phrase: tuple[str, ...]
    whole: bool
    score: float


class Linker:
    """Finds columns of a corpus for words.

    Parameters
    ----------
    corpus : Corpus
        Where to look.
    lexicon : Lexicon
        What words have to do with each other.
    """

    def __init__(self, corpus: Corpus, lexicon: Lexicon) -> None:
        self.corpus = corpus
        self.lexicon = lexicon
        self.columns = [corpus.column(name) for name in corpus.columns]
        self._priced = [other for c in self.columns for other in c.in_other_currencies]
        self.texts = tuple(c for c in self.columns if c.kind in {"text", "prose", "list"})
        own = (*tokens(corpus.about.replace("_", " ")), *split_name(corpus.name_column))
        self.entity_words = lexicon.same_kind(map(stem, own))
        self.bounds = find_bounds(self.columns)
        self._occurring: dict[str, bool] = {}
        self._fits: dict[tuple[str, str, str, bool], float] = {}

    def is_kind(self, word: str) -> bool:
        """Whether a folded noun only says what kind of thing a row is: company, film."""
        return stem(word) in self.entity_words

    def names(self, word: str) -> bool:
        """Whether a folded word is in the name of a column."""
        return any(alike(word, own) == 1 for column in self.columns for own in column.words)

    def match(self, column: Column, words: Sequence[str]) -> ColumnMatch:
        """How well words name a column."""
        used: set[int] = set()
        total, complete = 0.0, True
        # The year in "Population (2020)" need not be said, nor the annual in "Annual sales".
        own_words = [own for own in column.words if self._counts(own, words, column)]
        if all(
            map(is_relation, (f for own in own_words for f in self.lexicon.spelled_out(own)[-1:]))
        ):
            own_words = list(column.words)  # of "Degree req." the degree has to be said
        for own in own_words or column.words:
            best, place = 0.0, -1
            alone = len(own_words) == 1
            for at, word in enumerate(words):
                score = self._fit(column, own, word, alone=alone)
                if score > best:
                    best, place = score, at
            short = self._initials(own, words)
            if short:
                best = 1.0
                used.update(short)
            total += best
            complete = complete and best > _FAMILY
            if place >= 0:
                used.add(place)
        share = total / len(own_words or column.words)
        return ColumnMatch(column, total * share, frozenset(used), complete)

    def _shortens(self, own: str, word: str) -> bool:
        """Whether a word of a column is the beginning of one, and none itself: susp, descr."""
        begins = _CUT[0] < len(own) <= _CUT[1] and len(word) > len(own) + 2 and own.isalpha()
        return begins and word.startswith(own) and not self.lexicon.knows(own)

    def _counts(self, own: str, words: Sequence[str], column: Column) -> bool:
        """Whether a word of a column has to be said for the column to be named."""
        forms = self.lexicon.spelled_out(own)
        said = not set(words).isdisjoint(forms)
        if own.isdigit():
            # Of ISO 9001 and ISO 27001 the number tells which is meant.
            return said or any(word[-1:].isdigit() for word in words)
        if own in _RATERS and not _RATINGS.isdisjoint(column.words):
            return said
        if own == "date" and column.kind == "date" and len(column.words) > 1:
            return said  # what is due has a due date
        # What is short for several words, as est is, tells columns apart.
        small = own in _JOINTS or not FILLERS.isdisjoint(forms[:2])
        return said or not small

    def _fit(self, column: Column, own: str, word: str, *, alone: bool) -> float:
        """How well a word names one of a column's own; `alone` where that is its only one."""
        known = self._fits.get((column.name, own, word, alone))
        if known is None:
            known = self._find_fit(column, own, word, alone=alone)
            self._fits[column.name, own, word, alone] = known
        return known

    def _find_fit(self, column: Column, own: str, word: str, *, alone: bool) -> float:
        forms = self.lexicon.spelled_out(own)
        score = max(_alike(form, word) for form in forms)
        if not score and _is_cut(own, column) and word.startswith(own):
            score = 1.0
        if not score and column.kind == "boolean" and _can_be(own, word):
            score = 1.0
        if not score and self._shortens(own, word):
            score = 0.7
        family = own not in _ORDER  # the last of something does not last
        if family and not score and any(stem(word) in self.lexicon.family(f) for f in forms):
            score = _FAMILY
        if not score and column.unit is not None and alone:
            # A column called "Km" is of lengths, and "Time (h)" of durations.
            measures = _measured(column.unit)
            called = unit_named((own,)) == column.unit or own in measures
            score = _FAMILY if called and word in measures else 0.0
        if not score and any(self.lexicon.means(form, word) for form in forms):
            score = _OTHER_WORD
        return score

    @staticmethod
    def _initials(own: str, words: Sequence[str]) -> range:
        """The places of words that a word of a column is short for: minimum order quantity."""
        initials = "".join(word[:1] for word in words)
        # Of "SKUs" or "AEs" the last letter only says that there are several.
        several = len(own) > 2 and own.endswith("s") and own not in initials
        short = own.removesuffix("s") if several else own
        size = len(short)
        if not 2 <= size <= 5:
            return range(0)
        at = initials.find(short)
        # "Single sign-on" has a small word in it.
        small = sum(not Token(word).is_content for word in words[at : at + size])
        plain = at >= 0 and Token(words[at]).is_content and small <= max(0, size - 2)
        return range(at, at + size) if plain else range(0)

    def named(self, words: Sequence[str], kinds: Sequence[str]) -> list[ColumnMatch]:
        """Columns of some kinds that words name, the best first."""
        found = [self.match(column, words) for column in self.columns if column.kind in kinds]
        return sorted((m for m in found if m.score > 0), key=lambda m: -m.score)

    def begun(self, columns: Sequence[Column]) -> list[Column]:
        """Those of some columns that tell when something began; all where none does."""
        return [c for c in columns if self.tells_beginning(c)] or list(columns)

    @staticmethod
    def measures(column: Column) -> tuple[str, ...]:
        """The words of a column, and what its unit measures; of a time, its minutes."""
        dimension = column.unit.dimension if column.unit is not None else ""
        spells = ("minutes", "duration") if dimension == "time" else ()
        return (*column.words, *spells)

    def tells_beginning(self, column: Column) -> bool:
        """Whether the name of a column is about a beginning: founded, DOB."""
        begun = {stem(word) for word in _BEGINNINGS}
        forms = (form for own in column.words for form in self.lexicon.spelled_out(own))
        return any(stem(form) in begun for form in forms)

    def measured(
        self, columns: Sequence[Column], words: Sequence[str], implied: Sequence[str]
    ) -> list[tuple[float, Column]]:
        """Columns that words name, the best first; what an adjective only implies counts half.

        A column that fits little is among them only where no other comes near.
        """
        # What is long has a length, rather than a duration.
        length = [word for word in implied if word == "length"]
        scored = [
            (
                self.match(column, words).score
                + self.match(column, [*words, *implied]).score / 2
                + self.match(column, length).score / 2
                + self.match(column, implied[:1]).score / 8,
                column,
            )
            for column in columns
        ]
        scored = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
        alone = len(scored) == 1 or (len(scored) > 1 and scored[1][0] <= scored[0][0] / 2)
        return scored[:1] if alone else [pair for pair in scored if pair[0] >= _LITTLE]

    def compared(
        self, words: Sequence[str], place: int, comparison: Comparison
    ) -> list[ColumnMatch]:
        """Columns that a comparison is about: one, or several that fit equally well.

        Parameters
        ----------
        words : sequence of str
            The words around it.
        place : int
            How many of them stand before it.
        comparison : Comparison
            Which range.
        """
        hints = list(words)
        if comparison.adjective:
            hints += self.lexicon.attributes(comparison.adjective) or [comparison.adjective]
        elif place < len(words):
            # "12,000 km2 large", "5 m tall".
            hints += self.lexicon.attributes(words[place])
        scored: list[ColumnMatch] = []
        faint: list[ColumnMatch] = []
        for column in (*self.columns, *self._priced):
            listing = column.kind == "text" and column.index.lists_items
            if column.kind not in {"number", "date", "version", "list"} and not listing:
                continue
            match = self.match(column, hints)
            score = match.score + self._evidence(column, comparison, match.score)
            if self._other_measure(match, words, place):
                score *= 0.3
            if _PERIODS.isdisjoint(words) and self._is_rate(column):
                score -= _UNSAID
            if comparison.quantity.unit is None and column.unit is not None:
                # "The hours are under 40" names a column by its unit.
                score += _FAMILY * any(unit_named((word,)) == column.unit for word in words)
            if score >= _ENOUGH:
                scored.append(ColumnMatch(column, score, match.used, match.named))
            elif score >= _LITTLE and self._uses_all(match, hints):
                faint.append(ColumnMatch(column, score, match.used, False))
        if not scored and len(faint) == 1 and comparison.stated:
            # "sold 30 million" is about the certified sales, where nothing else comes near.
            return faint
        best = max((match.score for match in scored), default=0.0)
        return [match for match in scored if best - match.score < _TIE]

    def _is_rate(self, column: Column) -> bool:
        """Whether a column holds so much a week, or what a month costs."""
        if "per" in column.words:
            return True
        money = column.unit is not None and column.unit.dimension == "money"
        return money and any(
            not _PERIODS.isdisjoint(self.lexicon.spelled_out(own)) for own in column.words
        )

    def _uses_all(self, match: ColumnMatch, words: Sequence[str]) -> bool:
        """Whether no word of meaning is left that says something else."""
        return all(
            at in match.used
            or not Token(word).is_content
            or is_relation(word)
            or word in FILLERS | GENERIC_HEADS
            or self.is_kind(word)
            or bool(self.match(match.column, [word]).score)
            for at, word in enumerate(words)
        )

    def _evidence(self, column: Column, comparison: Comparison, named: float) -> float:
        """What unit, year and range say for a column, or against it."""
        quantity = comparison.quantity
        timely = quantity.year or quantity.dates is not None or quantity.recurrence is not None
        if column.kind == "date":
            return 0.5 + self._bonus(column) if timely else -9.0
        if quantity.recurrence is not None:
            return -9.0
        if column.kind == "version":
            return 0.1 if quantity.version else -9.0
        if column.kind in {"list", "text"}:
            # The number of elements is meant only where they are what is counted.
            plain = quantity.unit is None and not timely and quantity.value < 1000
            return -0.2 if plain and named else -9.0
        if column.year_like or column.short_year:
            return 0.5 + self._bonus(column) if quantity.year else -9.0
        if quantity.dates is not None:
            return -9.0
        converted = quantity.in_unit(column.unit)
        if converted is None:
            return -9.0
        letter = unit_named((quantity.letter,)) if quantity.letter else None
        if letter is not None and column.unit is not None and letter.convertible(column.unit):
            return 0.8
        if quantity.unit is not None and column.unit is not None:
            if quantity.unit.name == "lb" and column.unit.dimension == "money":
                return 1.05  # pounds of money, where there is a price in them
            # Nobody who asks for hours thinks of years.
            far = quantity.unit.dimension == "time" and not (
                1 / _FAR < quantity.unit.factor / column.unit.factor < _FAR
            )
            return 1.05 if quantity.unit == column.unit else 0.5 if far else 0.8
        if quantity.unit is not None and quantity.unit.dimension == "share" and column.fraction:
            return 0.5
        if quantity.unit is not None and quantity.unit.dimension == "share" and quantity.of_whole:
            return -9.0
        if quantity.unit is not None:
            dimension = quantity.unit.dimension
            return (
                0.3
                if dimension in MEASURES and set(MEASURES[dimension]) & set(column.words)
                else -0.1
            )
        if quantity.year and not comparison.stated and not named:
            return -9.0
        return 0.0

    def _bonus(self, column: Column) -> float:
        """A year by itself is rather that of a beginning than that of the last update."""
        dated = [c for c in self.columns if c.kind == "date" or c.year_like]
        begun = self.begun(dated)
        return 2 * _TIE if column in begun and len(begun) < len(dated) else 0.0

    def _other_measure(self, match: ColumnMatch, words: Sequence[str], place: int) -> bool:
        """Whether the words name another measure of the same thing: population density."""
        before = [at for at in match.used if at < place]
        if not before or not match.named:
            return False
        following = words[max(before) + 1 : place]
        heads = [w for w in following if w not in GENERIC_HEADS | FILLERS and not is_relation(w)]
        heads = [w for w in heads if unit_named((w,)) is None]
        if match.column.kind == "date" or match.column.year_like:
            # The completion date is the completion.
            heads = [w for w in heads if w not in _DATES]
        return (
            bool(heads) and Token(heads[0]).is_content and not heads[0].endswith(("ed", "ing", "s"))
        )

    def occurs(self, word: str) -> bool:
        """Whether a word, in some form, stands in any text of the corpus."""
        known = self._occurring.get(word)
        if known is None:
            known = any(self.stands_in(column, word) for column in self.texts)
            self._occurring[word] = known
        return known

    def is_everywhere(self, word: str) -> bool:
        """Whether a column has a word, in some form, in every row, and so tells none apart."""
        texts = (column.texts for column in self.columns if column.kind in {"text", "prose"})
        return any(pc.all(_holding(text, word), skip_nulls=False).as_py() for text in texts)

    def stands_in(self, column: Column, word: str) -> bool:
        """Whether a word, in some form, stands in a column of text."""
        start = _start(word)
        held = _holding(column.texts, word)
        found = re.compile(rf"(?i){start}[^\W_]*").findall("\n".join(self._first(column, held)))
        return any(alike(word, (tokens(form) or [""])[0]) for form in dict.fromkeys(found))

    def told_beside(self, column: Column, word: str, unit: Unit) -> bool:
        """Whether a column of text has a word and, close to it, an amount in a unit."""
        start = rf"{_start(word)}[^\W\d_]*"
        near = re.compile(rf"(?i){start}[^.;\d]{{0,25}}\d|\d[^.;]{{0,20}}?{start}")
        forms = unit_pattern(unit.dimension)
        return any(
            forms.search(text[max(0, match.start() - 3) : match.end() + 12])
            and any(alike(word, other) for other in tokens(match.group()))
            for text in self._first(column, _holding(column.texts, word))
            for match in near.finditer(text)
        )

    @staticmethod
    def _first(column: Column, held: pa.Array) -> list[str]:
        """The first texts of those marked."""
        texts: list[str] = column.texts.filter(held).slice(0, _ENOUGH_TEXTS).to_pylist()
        return texts

    def values(self, words: Sequence[str]) -> list[ValueMatch]:
        """Whole values that words name, in whatever columns; longer ones hide those within."""
        found: list[ValueMatch] = []
        rows = len(self.corpus)
        for column in self.columns:
            if not self.searchable(column):
                continue
            distinct = max(1, len(column.index.values))
            own_name = column.name == self.corpus.name_column
            score = 1.0 - 0.1 * round(log10(distinct)) - (0.6 if own_name else 0.0)
            if distinct * 2 > rows > 20:
                score -= 0.2
            for match in self._values_in(column, words, score):
                hint = self.match(column, _around(words, match.start, match.end)).score
                found.append(replace(match, score=match.score + min(hint, 1.5)))
        widest = [m for m in found if not any(_hides(other, m) for other in found)]
        return sorted(widest, key=lambda m: (m.start, -m.score))

    def _values_in(self, column: Column, words: Sequence[str], score: float) -> list[ValueMatch]:
        found, start = [], 0
        while start < len(words):
            for end in range(min(len(words), start + 7), start, -1):
                span = tuple(words[start:end])
                if not all(Token(word).is_content for word in (span[0], span[-1])):
                    # "In progress" and "all year" are values as they stand.
                    placed = span[0] in PREPOSITIONS | ADVERBS or span[-1] == "a"
                    if not (placed and end > start + 1 and span in column.index.whole):
                        continue
                phrase = column.index.find(span, self.lexicon)
                # Where something lies in Germany is not told by what is German.
                placed = (
                    start > 0 and words[start - 1] == "in" and not self.match(column, words).score
                )
                if phrase is not None and placed and demonym_of(phrase[-1], span[-1]):
                    continue
                if phrase is not None:
                    # What stands there as said goes before what is only made from it.
                    exact = _EXACT if phrase == span else 0.0
                    found.append(ValueMatch(column, start, end, phrase, True, score + exact))
                    start = end - 1
                    break
            start += 1
        return found

    def searchable(self, column: Column) -> bool:
        """Whether values of a column are looked for where nothing names it."""
        if column.kind not in {"text", "list"} or {"url", "urls"} & set(column.words):
            return False
        return len(column.index.values) <= LARGE


def _measured(unit: Unit) -> tuple[str, ...]:
    return MEASURES.get(unit.dimension, ())


def _is_cut(own: str, column: Column) -> bool:
    """Whether a word of a column is the beginning of one: the "Lang." of languages."""
    return _CUT[0] <= len(own) <= _CUT[1] and f"{own}." in column.name.lower()


def _alike(own: str, word: str) -> float:
    """How alike a word of a column and one that was said are; "SOC 2" is soc2 and ISO 9001."""
    if " " in word and (own == word.replace(" ", "") or own in word.split()):
        return 1.0
    if len(own) == _ABBREVIATED and own == f"{word}s":
        return 1.0  # GPs
    return alike(own, word)


def _can_be(own: str, word: str) -> bool:
    """Whether a word of a flag says that something can be done: loanable, of loaned."""
    root = own.removesuffix("able").removesuffix("ible")
    return root != own and len(root) > 2 and stem(word) in {stem(root), stem(root + "e")}


def _around(words: Sequence[str], start: int, end: int) -> list[str]:
    """The words that may name the column of a value: not those of the next prepositional phrase."""
    after = words[end:]
    upto = next((at for at, word in enumerate(after) if word in PREPOSITIONS), len(after))
    return [*words[max(0, start - _REACH) : end], *after[:upto]]


def _hides(one: ValueMatch, other: ValueMatch) -> bool:
    """Whether a longer value covers the place of another."""
    longer = one.end - one.start > other.end - other.start
    return longer and one.start <= other.start and other.end <= one.end


def _start(word: str) -> str:
    """A pattern for the beginning of each of its forms."""
    return rf"\b{re.escape(word[: max(3, len(word) - 4)])}"


def _holding(texts: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    return pc.match_substring_regex(texts, _start(word), ignore_case=True)
