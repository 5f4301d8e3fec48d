"""Values of which a condition says only a part, or says the words in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.words import singular
from findall_frames.embedded.predicates.cells import OneOf, Wanted
from findall_frames.embedded.predicates.conditions import AnyOf, Not, Predicate
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.texts.prose import Mention

__all__ = ["or_lacking", "read_reordered", "read_within"]

_MANY = 200
_SHORTEST_ROOT = 4


def read_within(words: Sequence[str], linker: Linker) -> Predicate | None:
    """Words that stand side by side in values of one column, and in no other text.

    "Cambridge" is a part of "University of Cambridge".
    """
    kinds = {"text", "list", "prose"}
    texts = [column for column in linker.columns if column.kind in kinds]
    holding = [c for c in texts if c.kind == "prose" or linker.searchable(c)]
    holding = [c for c in holding if _holds(c, words, linker)]
    if len(holding) != 1 or holding[0].kind == "prose":
        return None
    (column,) = holding
    if column.name == linker.corpus.name_column:
        return None
    phrase = _forms(words)[0 if column.index.holds(tuple(words)) else -1]
    # Chairs are what an office chair is, and a chair lift is not.
    head = any(len(p) > len(phrase) and p[-len(phrase) :] == phrase for p in column.index.whole)
    wanted = Wanted(phrase, " ".join(phrase), whole=head, head=head)
    return OneOf(column, wanted=(wanted,), confidence="medium")


def _holds(column: Column, words: Sequence[str], linker: Linker) -> bool:
    if column.kind == "prose":
        return any(linker.stands_in(column, word) for word in words)
    return any(map(column.index.holds, _forms(words)))


def _forms(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Words as they are, and with the last one in the singular."""
    return [tuple(words), (*words[:-1], singular(words[-1]))]


def read_reordered(
    words: Sequence[str], linker: Linker, harmless: Callable[[str], bool]
) -> Predicate | None:
    """A value of several words, all of which were said: "metal of the alkali group"."""
    said = {form for word in words for form in (word, singular(word))}
    for column in linker.columns:
        if column.kind not in {"text", "list"} or not linker.searchable(column):
            continue
        if len(column.index.values) > _MANY or column.name == linker.corpus.name_column:
            continue
        for phrase, shown in column.index.whole.items():
            content = [word for word in phrase if Token(word).is_content]
            if len(content) < 2 or not said.issuperset(content):
                continue
            rest = [w for w in words if w not in phrase and singular(w) not in phrase]
            if all(harmless(word) for word in rest if Token(word).is_content):
                return OneOf(column, wanted=(Wanted(phrase, shown),), confidence="medium")
    return None


def or_lacking(
    mentioned: Predicate, words: Sequence[str], texts: tuple[Column, ...], lexicon: Lexicon
) -> Predicate:
    """That words are mentioned; "flightless" also where a text denies the flight."""
    root = words[0].removesuffix("less")
    if len(words) > 1 or root == words[0] or len(root) < _SHORTEST_ROOT:
        return mentioned
    return AnyOf((mentioned, Not(Mention((root,), texts, lexicon, silence="unknown"))))
