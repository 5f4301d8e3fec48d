"""Where words stand in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from findall_frames.embedded.language.words import fold, stem
from findall_frames.embedded.texts.denial import Stretch

__all__ = ["Name", "Place", "closest", "is_free_of", "phrase_places", "places_of"]

Name: TypeAlias = tuple[str, ...]
"""The words of a name, folded."""

Place: TypeAlias = tuple[int, int]
"""Where some words begin and end among those of a sentence."""


def places_of(names: Sequence[Name], said: Sequence[str]) -> list[Place]:
    """Where the first of some names stands, in whatever form."""
    stems = [stem(word) for word in said]
    for name in names:
        size = len(name)
        first = stem(name[0])
        if first not in stems:
            continue
        for at in range(len(said) - size + 1):
            if stems[at] == first and all(map(_one_stem, said[at + 1 : at + size], name[1:])):
                return [(at, at + size - 1)]
    return []


def phrase_places(phrase: Sequence[str], said: Sequence[str]) -> list[Place]:
    """Where some words stand side by side, as they are."""
    size = len(phrase)
    starts = range(len(said) - size + 1)
    return [(at, at + size - 1) for at in starts if said[at : at + size] == list(phrase)]


def closest(places: Sequence[Sequence[Place]]) -> Stretch:
    """Where words stand closest together; the later of two such places.

    Who says a thing twice in a sentence, with and without a "not", means what comes last.
    """
    best: Stretch | None = None
    for start, _ in max(places, key=len):
        chosen = [
            min(some, key=lambda place: (abs(place[0] - start), -place[0])) for some in places
        ]
        first, last = min(place[0] for place in chosen), max(place[1] for place in chosen)
        if best is None or last - first <= best.last - best.first:
            own = frozenset(at for one, end in chosen for at in range(one, end + 1))
            best = Stretch(first, last, own)
    assert best is not None
    return best


def _one_stem(one: str, other: str) -> bool:
    return one == other or stem(one) == stem(other)


def is_free_of(said: Sequence[str], at: int, sentence: str) -> bool:
    """Whether a word only tells what something is without: gluten-free."""
    return said[at + 1 : at + 2] == ["free"] and f"{said[at]}-free" in fold(sentence)
