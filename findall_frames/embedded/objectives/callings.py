"""What the rows of a corpus are called: of dog breeds, "dog" tells no breed from another."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.language.words import fold, phrases, singular
from findall_frames.embedded.objectives.rephrase import is_adjectival, is_participle
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.reading import Reader

__all__ = ["Callings"]

_ADJECTIVAL = re.compile(r"(?:ing|y|er|est)$")
_ADJECTIVES = frozenset(
    phrases(
        """good, bad, best, new, old, young, big, small, large, little, tall, short, long, high,
        low, deep, wide, narrow, broad, thick, thin, heavy, light, fast, quick, slow, cheap,
        dear, free, rich, poor, hard, soft, easy, rough, smooth, strong, weak, warm, hot, cold,
        cool, wet, dry, full, open, shut, safe, rare, common, famous, modern, ancient, early,
        late, main, major, minor, top, local, near, far, dark, bright, loud, clean, fresh,
        sweet, sour, bitter, raw, wild, tame, live, dead, male, female, single, double, whole,
        real, true, false, fine, great, nice, smart, simple, complex, secure, senior, junior,
        elite, green, blue, black, white, grey, brown, pink, purple, gold, private, remote,
        luxury, budget, premium, standard, mature"""
    )
)
# A column that tells what kind each row is may say it in other words.
_KINDS = frozenset(
    phrases(
        """type, kind, category, categories, industry, sector, genre, genres, class, field, fields,
        topic, topics, subject, subjects, tag, tags, keyword, keywords, speciality, specialty,
        discipline, use, uses, style"""
    )
)


# "Dog breeds" says of what all are breeds.
_OF_A_GENUS = frozenset(phrases("breed, species, variety, cultivar, strain, type, kind, sort"))
_MANY = 0.25


class Callings:
    """Tells the words that only say what all rows are.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._reader = Reader(linker.corpus, linker.lexicon)

    def is_part(self, modifier: str, criterion: str) -> bool:
        """Whether a noun before the noun is a part of it, as no row says anything of it.

        Parameters
        ----------
        modifier : str
            What stands before the noun.
        criterion : str
            The condition that it would make.
        """
        word = fold(modifier)
        if not (modifier.isalpha() and modifier.islower()) or word in _ADJECTIVES:
            return False
        if is_adjectival(word) or _ADJECTIVAL.search(word) or self._tells_kinds():
            return False
        if is_participle(word) or is_participle(word.removeprefix("un")):
            return False  # unpaid
        name = self._linker.corpus.name_column
        elsewhere = (column for column in self._linker.texts if column.name != name)
        if any(self._linker.stands_in(column, word) for column in elsewhere):
            return False
        return not self._reads(criterion)

    def is_genus(self, modifier: str, head: str, criterion: str) -> bool:
        """Whether a noun says of what all rows are breeds or species, as many rows tell."""
        single = singular(fold(head)) if fold(head) != "species" else "species"
        plain = modifier.isalpha() and modifier.islower() and not is_adjectival(modifier)
        if not plain or single not in _OF_A_GENUS or not self._linker.is_kind(fold(head)):
            return False
        return self._is_told_of_many(fold(modifier)) and not self._reads(criterion)

    def is_common(self, noun: str, criterion: str) -> bool:
        """Whether a noun is what rows of many kinds are: ships, where each has another type."""
        word = singular(fold(noun))
        typed = any(not _KINDS.isdisjoint(column.words) for column in self._linker.columns)
        return typed and self._is_told_of_many(word) and not self._reads(criterion)

    def _reads(self, criterion: str) -> bool:
        return self._reader.read(criterion).understood

    def _is_told_of_many(self, word: str) -> bool:
        """Whether running text has a word in a good part of all rows."""
        pattern = rf"(?i)\b{re.escape(word)}(?:e?s)?\b"
        shares = (
            pc.mean(pc.cast(pc.match_substring_regex(column.texts, pattern), pa.int8())).as_py()
            for column in self._linker.columns
            if column.kind == "prose"
        )
        return any((share or 0) >= _MANY for share in shares)

    def _tells_kinds(self) -> bool:
        columns = self._linker.columns
        told = any(not _KINDS.isdisjoint(column.words) for column in columns)
        # Running text may say it in any words: of weekend courses, that they last two days.
        return told or any(column.kind == "prose" for column in columns)
