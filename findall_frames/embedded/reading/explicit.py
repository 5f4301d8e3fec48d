"""Text and list columns that a condition names: the license is MIT, the summary mentions async."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.english import TOPIC, is_negator, is_relation
from findall_frames.embedded.language.words import split_name
from findall_frames.embedded.predicates.cells import OneOf, Wanted
from findall_frames.embedded.predicates.conditions import Predicate
from findall_frames.embedded.predicates.otherwise import read_kinds
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import ColumnMatch, Linker
from findall_frames.embedded.reading.manner import is_attributive, words_beside
from findall_frames.embedded.reading.presence import letters_behind
from findall_frames.embedded.reading.valuing import Valuing

__all__ = ["named_text", "read_explicit"]

_MENTIONS = re.compile(
    r"\b(?:mention|contain|include|say|describe|talk about|refer to)(?:s|ed|ing|d)?\b"
)
_DEGREES = frozenset(("very", "most", "all", "any", "some"))
_SAME_WORDS = 0.9


def read_explicit(
    words: Sequence[str], linker: Linker, valuing: Valuing, harmless: Callable[[str], bool]
) -> Predicate | None:
    """A text or list column that is named: has an Apache license, capital is Lima."""
    # A "where" asks for a country only where nothing else names a column.
    found = sorted(
        linker.named(words, ("text", "list", "version")),
        key=lambda match: {words[at] for at in match.used} == {"where"},
    )
    for match in found:
        sure = match.named
        if match.column.name == linker.corpus.name_column and (
            match.score < _SAME_WORDS or not _about_names(words, linker)
        ):
            continue  # "plays for" names no Player, "a suspension bridge" no bridge
        if len(split_name(match.column.name)) > len(match.used) and _only_kind(
            match, words, linker
        ):
            continue  # mechanical patents, of which each has a patent number
        rest = [w for at, w in enumerate(words) if at not in match.used and Token(w).is_content]
        kept = [w for w in rest if not is_relation(w) and w not in TOPIC] or rest
        if not rest and sure:
            kept = letters_behind(match, words)
        if not kept:
            continue
        mentioned = match.column.kind == "text" and _MENTIONS.search(" ".join(words))
        # Who includes breakfast has "included" in that column.
        if mentioned and match.column.index.find(tuple(kept), linker.lexicon) is None:
            continue
        column = match.column
        if column.kind == "version":
            continue
        valued = {w for m in linker.values(words) for w in words[m.start : m.end]}
        plain = [word for word in kept if word in valued or not word.endswith("ed")]
        # "Not certified" and "very high" are values with a small word before them.
        small = {w for w in words if (is_negator(w) or w in _DEGREES) and w not in column.words}
        denied = tuple(w for w in words if w in kept or w in small)
        phrase = denied if denied in column.index.whole else None
        phrase = phrase or column.index.find(tuple(kept), linker.lexicon)
        if phrase is None and plain:
            # "tagged with the keyword http": the value stands behind a participle.
            phrase = column.index.find(tuple(plain), linker.lexicon)
        confidence: Confidence = "high" if sure else "medium"
        if phrase is not None:
            wanted = valuing.wanted(column, phrase)
            if wanted.whole and is_attributive(match, words):
                wanted = replace(wanted, whole=False)
            alone = valuing.is_alone(column, words)
            return OneOf(column, wanted=(wanted,), alone=alone, confidence=confidence)
        within = [m for m in linker.values(words) if m.column is column]
        if within and all(harmless(w) or w in within[0].phrase for w in kept):
            return valuing.one_of(within[0], words)
        otherwise = read_kinds(kept, column, linker.lexicon, valuing) if sure else None
        if otherwise is not None:
            return otherwise
        whole = any(m.whole and set(kept) <= set(m.phrase) for m in linker.values(words))
        if whole and not sure:
            continue  # who works in sales is of that department, rather than has it in a title
        if column.index.holds(tuple(kept)):
            wanted = Wanted(tuple(kept), " ".join(kept), whole=False)
            return OneOf(column, wanted=(wanted,), confidence="medium")
        adjacent = words_beside(match, words)
        others = [
            m for m in linker.values(words) if not match.used.issuperset(range(m.start, m.end))
        ]
        named = column.name == linker.corpus.name_column
        if sure and adjacent and match.score >= 0.9 and not others and not named:
            if linker.lexicon.parts(tuple(adjacent)):
                continue  # a place that other columns may have parts of
            # A value that no row has: an honest answer is that none matches.
            wanted = Wanted(tuple(adjacent), " ".join(adjacent), whole=False)
            return OneOf(column, wanted=(wanted,), confidence="low")
    return None


def named_text(words: Sequence[str], linker: Linker) -> tuple[Column, ...]:
    """A text column that the condition names: the summary mentions async."""
    found = linker.named(words, ("prose", "text", "list"))
    named = found and found[0].named
    if found and len(split_name(found[0].column.name)) > 1 and _only_kind(found[0], words, linker):
        named = False
    if named and found[0].column.name == linker.corpus.name_column:
        named = found[0].score >= _SAME_WORDS and _about_names(words, linker)
    return (found[0].column,) if named else ()


def _only_kind(match: ColumnMatch, words: Sequence[str], linker: Linker) -> bool:
    """Whether all that names a column is what every row is called."""
    return all(linker.is_kind(words[at]) for at in match.used)


def _about_names(words: Sequence[str], linker: Linker) -> bool:
    """Whether the name column is asked for as such: by its values, or what they contain."""
    called = {"title", "titles", "called", "named"}
    return (
        bool(_MENTIONS.search(" ".join(words)))
        or not called.isdisjoint(words)
        or any(m.column.name == linker.corpus.name_column for m in linker.values(words))
    )
