"""Values and flags that a condition calls by another word, or by what they are kinds of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.thesaurus import Phrase
from findall_frames.embedded.language.words import stem
from findall_frames.embedded.predicates.cells import IsTrue, OneOf
from findall_frames.embedded.predicates.conditions import Not, Predicate
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.values import contains
from findall_frames.embedded.reading.valuing import Valuing

__all__ = ["CalledOtherwise", "read_flag_otherwise", "read_kinds", "read_otherwise"]

_LONGEST = 3
# As many words may name a word of a column: one, and five that it has the initials of.
_NAMING = 6
_MANY = 200
"""Of a column with more values nobody can see what is meant by a word that is none of them."""


@dataclass(frozen=True)
class CalledOtherwise(OneOf):
    """Values for which a condition has another word."""

    said: str = field(default="", kw_only=True)
    kinds: bool = field(default=False, kw_only=True)

    def describe(self) -> str:
        """The predicate in words, and what they stand for."""
        several = len(self.wanted) > 1
        how = ("kinds" if several else "a kind") + " of" if self.kinds else "another word for"
        return f"{super().describe()}, {how} {self.said!r}"


def read_otherwise(
    words: Sequence[str], linker: Linker, valuing: Valuing, harmless: Callable[[str], bool]
) -> Predicate | None:
    """Values of some column, where nothing else is said: a car, of Automobile; a fruit, of pears.

    What stands in a running text is sought there.
    """
    prose = [column for column in linker.texts if column.kind == "prose"]
    best: tuple[tuple[bool, int], Predicate] | None = None
    others = sum(not harmless(word) for word in words) - _LONGEST
    if others > _NAMING * max((len(column.words) for column in linker.columns), default=0):
        return None
    for start, end in _spans(words):
        rest = [*words[:start], *words[end:]]
        span = words[start:end]
        if any(linker.stands_in(c, w) for c in prose for w in span) or _stands(span, linker):
            continue
        for column in linker.columns:
            if not linker.searchable(column):
                continue
            named = linker.match(column, rest)
            if not all(at in named.used or harmless(word) for at, word in enumerate(rest)):
                continue
            own_name = column.name == linker.corpus.name_column
            found = read_kinds(span, column, linker.lexicon, valuing, names=own_name)
            if found is not None:
                rank = (named.named, -len(column.index.values) - _MANY * own_name)
                best = max(best, (rank, found), key=lambda pair: pair[0]) if best else (rank, found)
        if best is not None:
            return best[1]
    return None


def read_kinds(
    words: Sequence[str],
    column: Column,
    lexicon: Lexicon,
    valuing: Valuing,
    *,
    names: bool = False,
) -> Predicate | None:
    """Values of a column that some words are another name of, or else kinds of what they name.

    Of `names` with a capital a single one is no kind of anything: Apple is a company, no fruit.
    """
    if len(column.index.values) > _MANY:
        return None
    said = " ".join(words)
    values = column.index.whole
    if names:
        values = {phrase: shown for phrase, shown in values.items() if shown in column.index.values}
    # Turkey is no poultry.
    known = {tuple(map(stem, p)): p for p in values if not lexicon.is_part(p)}
    for kinds, others in ((False, lexicon.synonyms(said)), (True, lexicon.kinds_of(said))):
        standing = dict.fromkeys(
            known[key] for key in (tuple(map(stem, other)) for other in others) if key in known
        )
        proper = names and kinds and not any(values[phrase].islower() for phrase in standing)
        if len(standing) > proper:
            wanted = tuple(valuing.wanted(column, phrase) for phrase in standing)
            return CalledOtherwise(column, wanted=wanted, said=said, kinds=kinds, confidence="low")
    return None


def _stands(words: Sequence[str], linker: Linker) -> bool:
    """Whether words stand in values as they are: the metal of alkali metals."""
    columns = (c for c in linker.columns if c.name != linker.corpus.name_column)
    return any(linker.searchable(c) and c.index.holds(tuple(words)) for c in columns)


def read_flag_otherwise(
    words: Sequence[str], linker: Linker, harmless: Callable[[str], bool]
) -> Predicate | None:
    """A column of yes and no in other words, or denied by them, where nothing else is said."""
    for column in linker.columns:
        if column.kind != "boolean" and not column.shaded:
            continue
        name = " ".join(column.words)
        others = [*linker.lexicon.synonyms(name), *linker.lexicon.kinds_of(name)]
        if _says(words, others, harmless) or _widens(words, column, linker.lexicon, harmless):
            return IsTrue(column, confidence="low")
        if _says(words, linker.lexicon.contrary(name), harmless):
            return Not(IsTrue(column, confidence="low"))
    return None


def _widens(
    words: Sequence[str], column: Column, lexicon: Lexicon, harmless: Callable[[str], bool]
) -> bool:
    """Whether a column is named by a kind of what words say, and they say no more: from home."""
    name = list(map(stem, column.words))
    return any(
        list(map(stem, kind)) == name
        for start, end in _spans(words)
        if all(map(harmless, [*words[:start], *words[end:]]))
        for kind in lexicon.kinds_of(" ".join(words[start:end]))
    )


def _says(words: Sequence[str], others: Sequence[Phrase], harmless: Callable[[str], bool]) -> bool:
    """Whether words say one of some phrases, and nothing else."""
    stems = list(map(stem, words))
    for phrase in others:
        key = list(map(stem, phrase))
        rest = [word for word, one in zip(words, stems, strict=True) if one not in key]
        if contains(stems, key) and all(map(harmless, rest)):
            return True
    return False


def _spans(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of phrases, the longest first; also of by air and on foot."""
    for size in range(_LONGEST, 0, -1):
        for start in range(len(words) - size + 1):
            if Token(words[start + size - 1]).is_content:
                yield start, start + size
