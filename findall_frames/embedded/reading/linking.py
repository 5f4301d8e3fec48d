"""Which column a phrase is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.english import (
    ADVERBS,
    PREPOSITIONS,
    is_negator,
)
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.units import Unit, unit_pattern
from findall_frames.embedded.language.words import (
    alike,
    demonym_of,
    phrases,
    split_name,
    stem,
    tokens,
)
from findall_frames.embedded.predicates.bounds import find_bounds
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.naming import ColumnMatch, Naming
from findall_frames.embedded.reading.values import LARGE

__all__ = ["LITTLE", "ColumnMatch", "Linker", "ValueMatch"]

LITTLE = 0.15
"""A column that fits less is not meant."""
_EXACT = 0.4
_ADJECTIVE = re.compile(r"(?:ish|ese|ian|ean|ch|ss|ek)$")
_ORIGINS = frozenset(("from", "of", "or", "and", "either", "neither", "nor", "not"))
_PARTICLES = frozenset(("out", "off", "away", "back", "in", "on", "up", "down", "over"))
_MARKS = frozenset("|;,/")
_ENOUGH_TEXTS = 2000
_REACH = 24
"""Words that stand further from a value than this do not name its column."""
_WIDEST = 7
"""Words of the longest value that is looked for."""
_REMEMBERED = 512
"""Texts whose values are kept, as an objective is asked about the same part again and again."""
_BEGINNINGS = phrases(
    """birth, born, founded, established, est, opened, built, completed, created, started, launched,
    released, published, year, vintage, first, appeared, introduced, commissioned, inaugurated,
    issued, posted, joined, hired, registered, signed, installed, since, began"""
)

# Where words end that are called a value, and the value by column.
_Called: TypeAlias = list[tuple[int, dict[str, tuple[str, ...]]]]


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
        self.priced = [other for c in self.columns for other in c.in_other_currencies]
        self.texts = tuple(c for c in self.columns if c.kind in {"text", "prose", "list"})
        own = (*tokens(corpus.about.replace("_", " ")), *split_name(corpus.name_column))
        self.entity_words = lexicon.same_kind(map(stem, own))
        self.bounds = find_bounds(self.columns)
        self._occurring: dict[str, bool] = {}
        self._naming = Naming(lexicon)
        self._called: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        self._values: dict[tuple[str, ...], tuple[ValueMatch, ...]] = {}

    def is_kind(self, word: str) -> bool:
        """Whether a folded noun only says what kind of thing a row is: company, film."""
        return stem(word) in self.entity_words

    def names(self, word: str) -> bool:
        """Whether a folded word is in the name of a column."""
        return any(alike(word, own) == 1 for column in self.columns for own in column.words)

    def match(self, column: Column, words: Sequence[str]) -> ColumnMatch:
        """How well words name a column."""
        return self._naming.match(column, words)

    def fits(self, column: Column, word: str) -> bool:
        """Whether a word is one of a column's own, be it in another form or spelled out."""
        return self._naming.fits(column, word)

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
        return scored[:1] if alone else [pair for pair in scored if pair[0] >= LITTLE]

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
        # "The" is no form of "theft".
        form = rf"(?i)\b{re.escape(word[: max(3, len(word) - 1)])}[^\W_]{{0,4}}\b"
        held = (pc.match_substring_regex(text, form) for text in texts)
        return any(pc.all(rows, skip_nulls=False).as_py() for rows in held)

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
        asked = tuple(words)
        known = self._values.get(asked)
        if known is None:
            if len(self._values) >= _REMEMBERED:
                self._values.clear()
                self._called.clear()
            known = self._values[asked] = tuple(self._find_values(asked))
        return list(known)

    def _find_values(self, words: tuple[str, ...]) -> list[ValueMatch]:
        found: list[ValueMatch] = []
        rows = len(self.corpus)
        called = [self._called_from(words, start) for start in range(len(words))]
        if not any(called):
            return []
        for column in self.columns:
            if not self.searchable(column):
                continue
            distinct = max(1, len(column.index.values))
            own_name = column.name == self.corpus.name_column
            score = 1.0 - 0.1 * round(log10(distinct)) - (0.6 if own_name else 0.0)
            if distinct * 2 > rows > 20:
                score -= 0.2
            for match in self._values_in(column, words, called, score):
                hint = self.match(column, _around(words, match.start, match.end)).score
                found.append(replace(match, score=match.score + min(hint, 1.5)))
        widest = _widest(found)
        widest = [m for m in widest if not self._is_within_place(words, m)]
        return sorted(widest, key=lambda m: (m.start, -m.score))

    def _is_within_place(self, words: Sequence[str], match: ValueMatch) -> bool:
        """Whether a value is part of the name of something larger: America, of North America."""
        before = words[max(0, match.start - 1) : match.end]
        return len(before) > match.end - match.start and bool(self.lexicon.parts(tuple(before)))

    def _values_in(
        self, column: Column, words: Sequence[str], called: Sequence[_Called], score: float
    ) -> list[ValueMatch]:
        found, start = [], 0
        named: bool | None = None
        while start < len(words):
            for end, phrases_of in called[start]:
                phrase = phrases_of.get(column.name)
                if phrase is None:
                    continue
                # Where something lies, or what it borders, is not told by what is German.
                span = tuple(words[start:end])
                placed = start > 0 and words[start - 1] not in _ORIGINS
                if phrase != span and placed and self._is_adjective(phrase, span):
                    if named is None:
                        named = self.match(column, words).score > 0
                    if not named:
                        continue
                # What stands there as said goes before what is only made from it.
                exact = _EXACT if phrase == span else 0.0
                found.append(ValueMatch(column, start, end, phrase, True, score + exact))
                start = end - 1
                break
            start += 1
        return found

    def _called_from(self, words: tuple[str, ...], start: int) -> _Called:
        """The ends of words that are called a value from a place on, the longest first."""
        ends = range(min(len(words), start + _WIDEST), start, -1)
        found = ((end, self._called_by(words[start:end])) for end in ends)
        return [(end, called) for end, called in found if called]

    def _called_by(self, span: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """The value that some words are called in each column that has one, looked for once."""
        known = self._called.get(span)
        if known is None:
            looked = ((c.name, self._value_of(c, span)) for c in self.columns if self.searchable(c))
            known = {name: phrase for name, phrase in looked if phrase is not None}
            self._called[span] = known
        return known

    def _value_of(self, column: Column, span: tuple[str, ...]) -> tuple[str, ...] | None:
        if not all(Token(word).is_content for word in (span[0], span[-1])):
            # "In progress" and "all year" are values as they stand.
            placed = span[0] in PREPOSITIONS | ADVERBS or span[-1] == "a"
            placed = placed or is_negator(span[0])  # not certified
            placed = placed or span[-1] in _PARTICLES  # paid out
            if not (placed and len(span) > 1 and span in column.index.whole):
                return None
        phrase = column.index.find(span, self.lexicon)
        return None if phrase is not None and _joins_items(column, phrase) else phrase

    def _is_adjective(self, phrase: tuple[str, ...], place: tuple[str, ...]) -> bool:
        """Whether a phrase is made from the name of a place: German, French."""
        if demonym_of(phrase[-1], place[-1]):
            return True
        return phrase in self.lexicon.aliases(place) and bool(_ADJECTIVE.search(phrase[-1]))

    def is_capital_value(self, word: str) -> bool:
        """Whether a word in capitals is a value, which in small letters would say little: IT."""
        plain = tokens(word)
        if not word.strip(",;").isupper() or len(plain) != 1 or Token(plain[0]).is_content:
            return False
        columns = filter(self.searchable, self.columns)
        return any(column.index.whole.get((plain[0],), "").isupper() for column in columns)

    def searchable(self, column: Column) -> bool:
        """Whether values of a column are looked for where nothing names it."""
        if column.kind not in {"text", "list"} or {"url", "urls"} & set(column.words):
            return False
        return len(column.index.values) <= LARGE


def _joins_items(column: Column, phrase: tuple[str, ...]) -> bool:
    """Whether a cell lists what is said of one thing: Crime|Drama, of a crime drama."""
    if len(phrase) == 1 or not column.index.lists_items:
        return False
    return not _MARKS.isdisjoint(column.index.whole[phrase])


def _around(words: Sequence[str], start: int, end: int) -> list[str]:
    """The words that may name the column of a value: not those of the next prepositional phrase."""
    after = words[end : end + _REACH]
    upto = next((at for at, word in enumerate(after) if word in PREPOSITIONS), len(after))
    return [*words[max(0, start - _REACH) : end], *after[:upto]]


def _widest(found: Sequence[ValueMatch]) -> list[ValueMatch]:
    """The matches that no longer one covers."""
    ends: dict[int, int] = {}
    for match in found:
        ends[match.start] = max(match.end, ends.get(match.start, 0))
    return [
        m
        for m in found
        if ends[m.start] == m.end
        and all(ends.get(at, 0) < m.end for at in range(m.start - _WIDEST, m.start))
    ]


def _start(word: str) -> str:
    """A pattern for the beginning of each of its forms."""
    return rf"\b{re.escape(word[: max(3, len(word) - 4)])}"


def _holding(texts: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    return pc.match_substring_regex(texts, _start(word), ignore_case=True)
