"""Conditions that a column of yes and no answers, and places that lie in larger ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from findall_frames.embedded.language.english import PREPOSITIONS
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.words import alike, demonym_of, phrases
from findall_frames.embedded.predicates.cells import IsTrue, OneOf, Present, Wanted
from findall_frames.embedded.predicates.conditions import Not, Predicate
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import ColumnMatch, Linker

__all__ = [
    "read_compound_flag",
    "read_ongoing",
    "read_opposite_flag",
    "read_part_of_flag",
    "read_place",
]

# What is said of a thing that can be done, and of who does it.
_LIGHT = frozenset(
    phrases(
        """accessible, suitable, suited, possible, good, fine, ok, okay, friendly, bring, take, use,
        allow, allows, accept, accepts, permit, permits, welcome, welcomes, allowed, accepted,
        permitted, go, come, stay, enter, visit, users, people, women"""
    )
)
# A column called accident_free denies the accident.
_LACKING = frozenset(("free", "no", "non", "without", "not"))
_ENOUGH = 0.35
_ROOT = 4
_LONGEST_PLACE = 3
_MOSTLY_NAMED = 0.6
_MOSTLY_PLACES = 0.3
"""A share of the values; Georgia among the states of America makes no column of countries."""


def read_opposite_flag(words: Sequence[str], linker: Linker) -> Predicate | None:
    """A flag that is denied by a word of its own: uncrewed, private for publicly traded."""
    for at, word in enumerate(words):
        opposite = linker.lexicon.opposite(word) or linker.lexicon.opposite(word.removesuffix("ly"))
        if opposite is None:
            continue
        changed = [*words[:at], opposite, *words[at + 1 :]]
        found = [m for m in linker.named(changed, ("boolean", "text")) if at in m.used]
        found = [m for m in found if m.column.kind == "boolean" or m.column.shaded]
        found = [m for m in found if linker.fits(m.column, opposite)]
        if found:
            sure = found[0].named
            return Not(IsTrue(found[0].column, confidence="high" if sure else "low"))
    return None


def read_ongoing(words: Sequence[str], linker: Linker) -> Predicate | None:
    """That something has not ended, from the column that would say when: alive without a death."""
    for word in words:
        end = linker.lexicon.not_yet(word)
        if end is None:
            continue
        found = [m for m in linker.named([end], ("date", "number", "text")) if m.score >= _ENOUGH]
        if found:
            return Not(Present(found[0].column, confidence="low"))
    return None


def read_part_of_flag(
    words: Sequence[str], linker: Linker, harmless: Callable[[str], bool]
) -> Predicate | None:
    """A flag of which only a part is said, if nothing else is: pets for "Pet friendly"."""
    said = [at for at, word in enumerate(words) if not harmless(word) and Token(word).is_content]
    # "Signed" says little by itself, but is all that is asked.
    said = said or [at for at, word in enumerate(words) if Token(word).is_content]
    said = [at for at in said if words[at] not in _LIGHT] or said
    found = [m for m in linker.named(words, ("boolean", "text")) if said and set(said) <= m.used]
    found = [m for m in found if m.column.kind == "boolean" or m.column.shaded]
    found = [m for m in found if _says_the_same(m, words, said, linker.lexicon)]
    if not found or (len(found) > 1 and found[0].score == found[1].score):
        return None
    flag = IsTrue(found[0].column, confidence="low")
    lacks = _LACKING.intersection(found[0].column.words).difference(words)
    return Not(flag) if lacks else flag


def _says_the_same(
    match: ColumnMatch, words: Sequence[str], said: Sequence[int], lexicon: Lexicon
) -> bool:
    """Whether some word of the name itself was said, not only a related one."""
    own = [form for word in match.column.words for form in lexicon.spelled_out(word)]
    return any(alike(words[at], form) for at in said for form in own)


def read_compound_flag(words: Sequence[str], linker: Linker) -> Predicate | None:
    """A flag within a word that stands in no text: touchscreen, of a column called touch."""
    for column in linker.columns:
        if column.kind != "boolean" or len(column.words) > 1 or len(column.words[0]) < _ROOT:
            continue
        own = column.words[0]
        if any(word.startswith(own) and word != own and not linker.occurs(word) for word in words):
            return IsTrue(column, confidence="low")
    return None


def read_place(words: Sequence[str], linker: Linker) -> Predicate | None:
    """A place that no row names, by those that lie in it: countries for "in Europe"."""
    for size in range(min(_LONGEST_PLACE, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            inside = linker.lexicon.parts(tuple(words[start : start + size]))
            best: tuple[float, Column, list[Wanted]] | None = None
            for column in linker.columns if inside else ():
                if column.kind not in {"text", "list"} or not linker.searchable(column):
                    continue
                wanted = _standing(inside, column, linker.lexicon)
                # A column of countries rather than one of what is Italian or French.
                places = sum(one.phrase in inside for one in wanted)
                share = (len(wanted) + places) / max(1, 2 * len(column.index.values))
                share += linker.match(column, words).named
                if wanted and (best is None or share > best[0]):
                    best = share, column, wanted
            if best is not None:
                return OneOf(best[1], wanted=tuple(best[2]), confidence="medium")
    return _read_absent_place(words, linker)


def _read_absent_place(words: Sequence[str], linker: Linker) -> Predicate | None:
    """A place that no row has, where a column has its like: Guinea beside Papua New Guinea."""
    for size in range(min(_LONGEST_PLACE, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            place = tuple(words[start : start + size])
            if not linker.lexicon.is_part(place) or (start and not _leads(words[start - 1])):
                continue
            if any(linker.stands_in(c, place[0]) for c in linker.columns if c.kind == "prose"):
                continue
            for column in linker.columns:
                if column.kind not in {"text", "list"} or not linker.searchable(column):
                    continue
                whole = column.index.whole
                like = sum(linker.lexicon.is_part(phrase, like=place) for phrase in whole)
                if whole and like >= _MOSTLY_NAMED * len(whole):
                    return OneOf(column, wanted=(Wanted(place, " ".join(place)),), confidence="low")
    return None


def _leads(word: str) -> bool:
    return word in PREPOSITIONS or word in {"the", "a", "an", "or", "and"}


def _standing(places: Sequence[tuple[str, ...]], column: Column, lexicon: Lexicon) -> list[Wanted]:
    """Those places, by whatever name, that stand in a column."""
    whole = column.index.whole
    coded = [code for place in places if (code := column.index.country_code(place, lexicon))]
    if coded:
        return [Wanted(code, whole[code]) for code in dict.fromkeys(coded)]
    alike_places = sum(
        lexicon.is_part(phrase, like=places[0]) or lexicon.is_demonym(phrase) for phrase in whole
    )
    if alike_places < _MOSTLY_PLACES * len(whole):
        return []
    named = {name for place in places for name in (place, *lexicon.aliases(place))}
    return [
        Wanted(phrase, shown)
        for phrase, shown in whole.items()
        if phrase in named or any(_is_made_from(phrase, place) for place in places)
    ]


def _is_made_from(phrase: tuple[str, ...], place: tuple[str, ...]) -> bool:
    """Whether a phrase is an adjective of a place: Hungarian, of Hungary."""
    return phrase[:-1] == place[:-1] and demonym_of(phrase[-1], place[-1])
