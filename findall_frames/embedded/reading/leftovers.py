"""Words of a condition that its predicate does not account for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.codes import stands_for
from findall_frames.embedded.language.english import ABSENT, PRESENT, TOPIC
from findall_frames.embedded.language.units import MEASURES, magnitude_named, unit_named
from findall_frames.embedded.language.words import (
    alike,
    demonym_of,
    phrases,
    singular,
    stem,
    tokens,
)
from findall_frames.embedded.predicates.cells import OneOf, Present, WordsAt
from findall_frames.embedded.predicates.conditions import (
    AllOf,
    AnyOf,
    Either,
    Not,
    Partly,
    Predicate,
    weaker,
)
from findall_frames.embedded.predicates.extremes import Extreme
from findall_frames.embedded.predicates.otherwise import CalledOtherwise
from findall_frames.embedded.predicates.pairs import Pair
from findall_frames.embedded.predicates.reckoning import Reckoned
from findall_frames.embedded.predicates.spans import DateRange, NumberRange
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.texts.prose import Mention
from findall_frames.embedded.texts.stated import StatedNumber

__all__ = ["Leftovers", "column_of", "leaves"]

_STRUCTURE = frozenset(
    phrases(
        """longer, but, unless, except, excluding, anyone, anybody, apart, while, whereas,
        although, only, since, first, yes, true, year, years, yearly, annually, word, words"""
    )
)
_BEGUN = frozenset(map(stem, phrases("began, start, commence")))


class Leftovers:
    """Finds what a predicate leaves out.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._lexicon = linker.lexicon

    def noted(
        self, predicate: Predicate, said: Sequence[Token], harmless: Callable[[str], bool]
    ) -> Predicate:
        """The predicate; where it leaves words aside, with a note of them and less confidence."""
        parts = list(leaves(predicate))
        adjectives = {t.comparison.adjective for t in said if t.comparison}
        words = [
            word
            for token in said
            if token.comparison is None
            for word in (tokens(token.text) if token.quoted else [token.text])
        ]
        left = [
            word
            for at, word in enumerate(words)
            if Token(word).is_content
            and word.isalpha()
            and not (harmless(word) or word in adjectives | _STRUCTURE | PRESENT | ABSENT | TOPIC)
            and not (unit_named((word,)) or magnitude_named(word))
            and not any(self._accounts_for(part, words, at) for part in parts)
        ]
        if not left:
            return predicate
        first = next((word for word in words if Token(word).is_content), "")
        confidences: list[Confidence] = [
            "medium" if _is_verb(word, first=word == first) else "low" for word in left
        ]
        return Partly(predicate, tuple(dict.fromkeys(left)), weaker(*confidences))

    def _accounts_for(self, part: Predicate, words: Sequence[str], at: int) -> bool:
        word = words[at]
        if isinstance(part, Mention | StatedNumber):
            return any(alike(word, other) or word in other.split() for other in part.words)
        if isinstance(part, WordsAt | Extreme):
            return True
        if isinstance(part, CalledOtherwise) and word in part.said.split():
            return True
        if isinstance(part, NumberRange) and self._lexicon.direction(word):
            return True  # 300 pages long
        if stem(word) in _BEGUN and isinstance(part, DateRange | NumberRange):
            return self._linker.tells_beginning(part.column)
        if isinstance(part, Present):
            ended = self._lexicon.not_yet(word)
            if ended is not None and self._linker.match(part.column, [ended]).score:
                return True
        columns = [column_of(part)]
        if isinstance(part, Pair | Reckoned):
            columns = [part.first, part.second]
        if any(c is not None and c.noun and alike(c.noun, word) == 1 for c in columns):
            return True
        if any(c is not None and self._names(c, word) for c in columns):
            return True
        units = [column.unit for column in columns if column is not None]
        if any(unit is not None and word in MEASURES.get(unit.dimension, ()) for unit in units):
            return True
        if word in {"date", "dates"} and any(
            c is not None and (c.kind == "date" or c.year_like) for c in columns
        ):
            return True
        # The "sign" of single sign-on, of which a column has the initials.
        if any(c is not None and at in self._linker.match(c, words).used for c in columns):
            return True
        return isinstance(part, OneOf) and any(
            self._means(words, at, wanted.phrase) for wanted in part.wanted
        )

    def _names(self, column: Column, word: str) -> bool:
        opposite = self._lexicon.opposite(word) or self._lexicon.opposite(word.removesuffix("ly"))
        said = [word, *([opposite] if opposite else [])]
        said += [other[0] for other in self._lexicon.contrary(word) if len(other) == 1]
        return any(self._linker.match(column, [one]).score > 0 for one in said) or bool(
            self._linker.match(column, self._lexicon.attributes(word)).score
        )

    def _means(self, words: Sequence[str], at: int, phrase: tuple[str, ...]) -> bool:
        """Whether a word, alone or with those beside it, stands for a value."""
        word = words[at]
        if any(alike(word, one) or demonym_of(word, one) or one.startswith(word) for one in phrase):
            return True
        if len(phrase[0]) > 3 and word.startswith(phrase[0]):
            return True  # freshwater, of fresh
        for size in (1, 2, 3, 4):
            for start in range(max(0, at - size + 1), at + 1):
                span = tuple(words[start : start + size])
                span = span if self._lexicon.aliases(span) else (*span[:-1], singular(span[-1]))
                others = (*self._lexicon.aliases(span), *self._lexicon.parts(span))
                coded = any(stands_for(phrase[0], name) for name in (span, *others))
                if phrase in others or coded:
                    return True
                made = (o for o in others if o[:-1] == phrase[:-1])
                if any(demonym_of(phrase[-1], other[-1]) for other in made):
                    return True  # European, of Hungarian
        return False


def leaves(predicate: Predicate) -> Iterator[Predicate]:
    """The predicates that a predicate is put together from."""
    if isinstance(predicate, Not | Partly):
        yield from leaves(predicate.part)
    elif isinstance(predicate, AllOf | AnyOf | Either):
        for part in predicate.parts:
            yield from leaves(part)
    else:
        yield predicate
        if isinstance(predicate, Extreme) and predicate.within is not None:
            yield from leaves(predicate.within)


def column_of(predicate: Predicate) -> Column | None:
    """The one column that a predicate, or its opposite, is about."""
    part = predicate.part if isinstance(predicate, Not) else predicate
    column = getattr(part, "column", None)
    return column if isinstance(column, Column) else None


def _is_verb(word: str, *, first: bool) -> bool:
    """Whether a word only says how things belong together: made of steel, knows Python."""
    third = first and word.endswith("s") and not word.endswith(("us", "ss", "is"))
    return third or word.endswith(("ed", "ing"))
