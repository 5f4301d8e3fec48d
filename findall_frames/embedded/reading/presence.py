"""Conditions on whether a column has a value at all: has a capital, license not given."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow.compute as pc

from findall_frames.embedded.language.english import (
    ABSENT,
    FILLERS,
    GENERIC_HEADS,
    PRESENT,
    is_negator,
    is_relation,
)
from findall_frames.embedded.language.units import MEASURES
from findall_frames.embedded.language.words import alike, phrases, stem, tokens
from findall_frames.embedded.predicates.cells import OneOf, Present, Wanted
from findall_frames.embedded.predicates.conditions import Not, Predicate, Span
from findall_frames.embedded.predicates.spans import NumberRange
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import ColumnMatch, Linker

__all__ = ["STATED", "letters_behind", "read_lack", "read_presence", "whether_told"]

_KINDS = ("number", "text", "prose", "list", "date", "version")
# Of parking that is not available it is known that there is none.
STATED = frozenset(("stated", "known", "specified", "recorded", "disclosed", "unknown", "missing"))
# What a year or a number is given for: without a year of recognition.
_RECORDS = frozenset(
    (
        "recognition",
        "registration",
        "record",
        "information",
        "data",
        "entry",
        "details",
        "emission",
        "emissions",
        "entered",
    )
)
# Who charges no fee, or keeps no pets, has none.
_LIGHT = frozenset(map(stem, phrases("charge, pay, keep, allow, accept, permit, grant")))
_CLEARLY = 0.2
_SHORTEST = 4
_RELATED = 0.355
_WHETHER = (
    re.compile(r"^(?P<head>.*?)\b(?:whether|if)\s+(?P<what>.+)$", re.IGNORECASE),
    re.compile(r"^whether\s+(?P<what>.+)\s+(?P<head>(?:is|was|has)\b.*)$", re.IGNORECASE),
)
_NOTHING = re.compile(
    r"^(?:there (?:is|are) )?(?:nothing|no (?:information|data|details?|word|figures?)) "
    r"(?:(?:is|are|was|were|has been) )?(?:(?:said|known|stated|given|recorded|available) )?"
    r"(?:on|about|of|for|as to|regarding|concerning) (?P<what>.+)$",
    re.IGNORECASE,
)
_SAYING = frozenset(("say", "says", "said", "state", "states", "tell", "tells", "clear", "told"))
_UNCLEAR = frozenset(("unclear", "unsaid", "unstated"))


def read_presence(
    words: Sequence[str], linker: Linker, is_value: Callable[[Sequence[str]], bool]
) -> Predicate | None:
    """That a column has a value, or has none; None where the words say something else.

    Parameters
    ----------
    words : sequence of str
        Folded.
    linker : Linker
        Of the corpus.
    is_value : callable
        Whether words are a value and nothing else.
    """
    absent = any(word in ABSENT for word in words)
    stated_flag = not STATED.isdisjoint(words)
    found = linker.named(words, (*_KINDS, "boolean") if stated_flag else _KINDS)
    # "the price" will do for the price per night, where no other column has a price.
    found = sorted(found, key=lambda match: -_is_exact(match, words))
    alone = len(found) == 1 or (len(found) > 1 and found[0].score - found[1].score > _CLEARLY)
    alone = alone or [_is_exact(match, words) for match in found[:2]] == [True, False]
    # What was audited has a date of its last audit, whatever else is told of audits.
    dated = [match for match in found if match.column.kind == "date" and _is_done(match, words)]
    if len(dated) == 1:
        found, alone = dated, True
    stated = absent or any(word in PRESENT | {"has", "have", "having"} for word in words)
    whole = bool(found) and is_value(words)
    for match in found:
        if whole and not match.named and not stated:
            continue  # paid out, which is a status, and no paid staff
        if match.column.name == linker.corpus.name_column and is_value(words):
            return None
        own_name = match.column.name == linker.corpus.name_column
        if own_name and not stated and all(linker.is_kind(words[at]) for at in match.used):
            continue  # "routes that are steep" says nothing of the name
        if any(linker.lexicon.not_yet(words[at]) for at in match.used):
            continue  # still open, of a day of opening
        if letters_behind(match, words) or _is_value_elsewhere(match, words, linker):
            continue
        # "Is not ranked" asks whether there is a rank.
        done = _is_done(match, words) and not is_value(words)
        done = done or (match.column.kind == "date" and not {"date", "dates"}.isdisjoint(words))
        # A garage is a value of the parking rather than another word for it.
        meant = match.score >= _RELATED or not is_value(words)
        meant = meant and match.column.kind != "prose"
        meant = meant and alone and (stated or done) and match is found[0]
        enough = (
            match.named or meant or (alone and match is found[0] and _is_all(match, words, linker))
        )
        if enough and not _others(match, words, linker):
            saying = (PRESENT | ABSENT | STATED).difference(match.column.words)  # known planets
            told = not saying.isdisjoint(words)
            present = _present(match.column, stated=told)
            return Not(present) if absent else present
    return None


def whether_told(said: str, is_kind: Callable[[str], bool]) -> tuple[str, bool] | None:
    """What a condition asks only whether it is stated, and whether it is to be: of pets, no.

    Parameters
    ----------
    said : str
        The condition.
    is_kind : callable
        Whether a folded noun only says what kind of thing a row is.
    """
    nothing = _NOTHING.match(said)
    if nothing is not None:
        return nothing["what"], False
    for pattern in _WHETHER:
        match = pattern.match(said)
        if match is None:
            continue
        words = tokens(match["head"])
        known, unknown = PRESENT | _SAYING, ABSENT | _UNCLEAR
        told = not (known | unknown).isdisjoint(words)
        if told and all(_only_tells(word, is_kind) for word in words):
            return match["what"], not any(is_negator(w) or w in unknown for w in words)
    return None


def _only_tells(word: str, is_kind: Callable[[str], bool]) -> bool:
    saying = PRESENT | ABSENT | _SAYING | _UNCLEAR
    return word in saying or not Token(word).is_content or is_negator(word) or is_kind(word)


def letters_behind(match: ColumnMatch, words: Sequence[str]) -> list[str]:
    """A letter behind a column that is a value of it and no article: revision A."""
    if match.column.kind not in {"text", "list"} or not match.used:
        return []
    behind = words[max(match.used) + 1 :]
    return [w for w in behind if len(w) == 1 and (w,) in match.column.index.whole]


def _is_done(match: ColumnMatch, words: Sequence[str]) -> bool:
    """Whether a column was named by a participle: audited."""
    return any(words[at].endswith("ed") for at in match.used)


def _is_exact(match: ColumnMatch, words: Sequence[str]) -> bool:
    """Whether a word of a column was said as such, and not by another."""
    return any(alike(words[at], own) == 1 for at in match.used for own in match.column.words)


def _is_all(match: ColumnMatch, words: Sequence[str], linker: Linker) -> bool:
    """Whether nothing but words of a column's own name was said: parking, of Parking spaces."""
    said = [at for at, word in enumerate(words) if Token(word).is_content]
    plain = match.used.issuperset(said) and match.column.kind in {"number", "list"}
    return (
        plain
        and not match.column.year_like
        and all(linker.fits(match.column, words[at]) for at in said)
    )


def _is_value_elsewhere(match: ColumnMatch, words: Sequence[str], linker: Linker) -> bool:
    """Whether what may name a column, in another form, is a value of another: open, of Opened."""
    others = [words[at] for at in match.used if words[at] not in match.column.words]
    return any(m.column is not match.column for m in linker.values(others) if m.whole)


def read_lack(
    words: Sequence[str], linker: Linker, harmless: Callable[[str], bool]
) -> Predicate | None:
    """That a column has no value, in one word: unrated, unpriced."""
    for at, word in enumerate(words):
        done = word.removeprefix("un")
        if done == word or len(done) < _SHORTEST:
            continue
        found = [match for match in linker.named([done], _KINDS) if not match.column.shaded]
        if not done.endswith("ed"):
            found = [m for m in found if any(alike(done, own) == 1 for own in m.column.words)]
        rest = [word for n, word in enumerate(words) if n != at and not harmless(word)]
        if found and all(linker.match(found[0].column, [word]).score for word in rest):
            return Not(_present(found[0].column, stated=False))
    return None


def _others(match: ColumnMatch, words: Sequence[str], linker: Linker) -> list[str]:
    """Words that say more than whether the column has a value."""
    dated = {"date", "year"} if match.column.kind == "date" or match.column.year_like else set()
    unit = match.column.unit
    dated |= set(MEASURES.get(unit.dimension, ())) if unit is not None else set()
    return [
        word
        for at, word in enumerate(words)
        if at not in match.used
        and Token(word).is_content
        and not any(linker.fits(match.column, one) for one in (word, stem(word)))
        and (stem(word) not in _LIGHT or _is_cell(match.column, word, linker))
        and word not in PRESENT | ABSENT | FILLERS | GENERIC_HEADS | _RECORDS | dated
        and (
            not (is_relation(word) or linker.is_kind(word)) or _is_cell(match.column, word, linker)
        )
    ]


def _is_cell(column: Column, word: str, linker: Linker) -> bool:
    """Whether a word is a value of a column: the Enterprise plan, passed of pass."""
    return column.kind in {"text", "list"} and bool(column.index.find((word,), linker.lexicon))


def _present(column: Column, *, stated: bool) -> Predicate:
    """That a column has a value; of a count, that it is not nought: has islands."""
    if column.kind == "text" and not stated and ("yes",) in column.index.whole:
        return OneOf(column, wanted=(Wanted(("yes",), "yes"),))
    counts = column.kind == "number" and pc.any(pc.equal(column.numbers, 0.0)).as_py()
    if stated or not counts:
        return Present(column)
    return NumberRange(column, Span(0.0, None, low_open=True, said="more than 0"))
