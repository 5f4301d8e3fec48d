"""How well words name a column: in full, shortened, by initials, or by another word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from findall_frames.embedded.language.english import FILLERS, is_relation
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.units import MEASURES, Unit, unit_named
from findall_frames.embedded.language.words import alike, singular, stem
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column

__all__ = ["FAMILY", "ColumnMatch", "Naming"]

FAMILY = 0.6
"""How sure a word is of a column that a related word names: people of population."""
_OTHER_WORD = 0.595
"""The same of one that the lexicon does not have, but the thesaurus: gap of space."""
_CUT = (3, 6)
_ABBREVIATED = 3
_REMEMBERED = 1024
"""Texts whose match is kept: each of their words asks for that of the whole."""
_RATINGS = frozenset(("rating", "score", "stars"))
_RATERS = frozenset(("user", "guest", "customer", "client", "critic", "visitor", "reader"))
_ORDER = frozenset(("last", "first"))
_JOINTS = frozenset(("per", "at"))


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


class Naming:
    """Compares words with the names of columns.

    Parameters
    ----------
    lexicon : Lexicon
        What words have to do with each other.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._fits: dict[tuple[str, str, str, bool], float] = {}
        self._matched: dict[tuple[str, tuple[str, ...]], ColumnMatch] = {}

    def match(self, column: Column, words: Sequence[str]) -> ColumnMatch:
        """How well words name a column."""
        key = (column.name, tuple(words))
        known = self._matched.get(key)
        if known is None:
            if len(self._matched) >= _REMEMBERED:
                self._matched.clear()
            known = self._matched[key] = self._find_match(column, key[1])
        return known

    def _find_match(self, column: Column, words: tuple[str, ...]) -> ColumnMatch:
        used: set[int] = set()
        total, complete = 0.0, True
        # The year in "Population (2020)" need not be said, nor the annual in "Annual sales".
        own_words = [own for own in column.words if self._counts(own, words, column)]
        if all(
            map(is_relation, (f for own in own_words for f in self.lexicon.spelled_out(own)[-1:]))
        ):
            own_words = list(column.words)  # of "Degree req." the degree has to be said
        alone = len(own_words) == 1
        for own in own_words or column.words:
            best, place = 0.0, -1
            for at, word in enumerate(words):
                score = self._fit(column, own, word, alone=alone)
                if score > best:
                    best, place = score, at
            short = self._initials(own, words)
            if short and not self._may_shorten(own, [words[at] for at in short]):
                short = range(0)
            if short:
                # Three initials leave little doubt: annual recurring revenue, of "ARR".
                best = 1.0 if len(short) < _ABBREVIATED else 1.2
                used.update(short)
            total += best
            complete = complete and best > FAMILY
            if place >= 0:
                used.add(place)
        share = total / len(own_words or column.words)
        return ColumnMatch(column, total * share, frozenset(used), complete)

    def fits(self, column: Column, word: str) -> bool:
        """Whether a word is one of a column's own, be it in another form or spelled out."""
        return any(self._fit(column, own, word, alone=False) > FAMILY for own in column.words)

    def _may_shorten(self, own: str, words: Sequence[str]) -> bool:
        """Whether two letters that are known to be short for a phrase stand for this one."""
        known = self.lexicon.spelled_out(own)[1:]
        letters = all(len(word) == 1 for word in words)  # b.p.
        if len(own) >= _ABBREVIATED or letters or not any(" " in form for form in known):
            return True
        return " ".join([*words[:-1], singular(words[-1])]) in known

    def _shortens(self, own: str, word: str) -> bool:
        """Whether a word of a column is short for one, and none itself: susp, hazmat, whse."""
        if not (own.isalpha() and len(word) > len(own) + 1) or len(own) < _CUT[0]:
            return False
        begins = _CUT[0] < len(own) <= _CUT[1] and len(word) > len(own) + 2 and word.startswith(own)
        return (begins or _is_skeleton(own, word)) and not self.lexicon.knows(own)

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
            score = FAMILY
        if not score and column.unit is not None and alone:
            # A column called "Km" is of lengths, and "Time (h)" of durations.
            measures = _measured(column.unit)
            called = unit_named((own,)) == column.unit or own in measures
            score = FAMILY if called and word in measures else 0.0
        if not score and any(self.lexicon.means(form, word) for form in forms):
            score = _OTHER_WORD
        return score

    @staticmethod
    def _initials(own: str, words: Sequence[str]) -> range:
        """The places of words that a word of a column is short for: minimum order quantity."""
        start = own[:2]
        for at, two in enumerate(pairwise(words)):
            if _joined_up(own, two):
                return range(at, at + 2)  # head teacher
            if two[0].startswith(start) and _are_beginnings(own, two):
                return range(at, at + 2)
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


def _is_skeleton(own: str, word: str) -> bool:
    """Whether a word is another one without its vowels: whse, of warehouse."""
    ends = own[0] == word[0] and own[-1] in {word[-1], singular(word)[-1]}
    left = iter(word)
    return ends and set("aeiou").isdisjoint(own[1:-1]) and all(letter in left for letter in own)


def _joined_up(own: str, two: Sequence[str]) -> bool:
    """Whether a header writes two words as one: headteacher, postcode."""
    begins = 2 < len(two[0]) < len(own) - 2 and own.startswith(two[0])
    return begins and alike(own, two[0] + two[1]) == 1


def _are_beginnings(own: str, two: Sequence[str]) -> bool:
    """Whether a word is made of the beginnings of two others: hazmat, capex."""
    first, second = two
    if not _CUT[1] - 2 < len(own) <= _CUT[1] + 2 or own[:2] != first[:2]:
        return False
    return any(
        first.startswith(own[:at]) and second.startswith(own[at:])
        for at in range(2, len(own) - 1)
        if len(first) > at and len(second) > len(own) - at
    )


def _can_be(own: str, word: str) -> bool:
    """Whether a word of a flag says that something can be done: loanable, of loaned."""
    root = own.removesuffix("able").removesuffix("ible")
    return root != own and len(root) > 2 and stem(word) in {stem(root), stem(root + "e")}
