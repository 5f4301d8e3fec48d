"""What the rows of a corpus are called: of dog breeds, "dog" tells no breed from another."""

from __future__ import annotations

import re

from findall_frames.embedded.linking import Linker
from findall_frames.embedded.reading import Reader
from findall_frames.embedded.rephrase import is_adjectival
from findall_frames.embedded.words import fold, phrases

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
        name = self._linker.corpus.name_column
        elsewhere = (column for column in self._linker.texts if column.name != name)
        if any(self._linker.stands_in(column, word) for column in elsewhere):
            return False
        return not self._reader.read(criterion).understood

    def _tells_kinds(self) -> bool:
        columns = self._linker.columns
        told = any(not _KINDS.isdisjoint(column.words) for column in columns)
        # Running text may say it in any words: of weekend courses, that they last two days.
        return told or any(column.kind == "prose" for column in columns)
