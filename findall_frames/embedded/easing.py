"""Conditions that no text says in all their words: which of the words are enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.prose import Mention
from findall_frames.embedded.words import phrases

__all__ = ["eased"]

_LARGEST = 50_000
"""Rows; in a larger corpus some text says most things in full."""
_TELLING = 0.25
"""A word that a larger share of the rows says tells too little by itself."""
_FEW = 2
_MOST_WORDS = 6
# Whoever does it, and whatever it is done to, is the least that has to be said.
_VAGUE = frozenset(
    phrases(
        """another, other, others, company, firm, business, organisation, organization, group,
        person, people, somebody, someone, thing, things, place, kind, kinds, type, types, way,
        use, work, part, special, different, good"""
    )
)


def eased(mention: Mention, corpus: Corpus, is_name: Callable[[str], bool]) -> Mention:
    """A mention of those words only that some row says together.

    Where a row says all of them, nothing changes: the others could have said so as well. Where
    none does, the corpus says the same in other words, and what is left of the condition is the
    best there is; but names are never left out, nor is what remains to be true of most rows.

    Parameters
    ----------
    mention : Mention
        What was asked for.
    corpus : Corpus
        Where it is looked for.
    is_name : callable
        Whether a word is a name, which nothing else stands for.
    """
    words = mention.words
    told = any(column.kind == "prose" for column in mention.columns)
    if not (told and 1 < len(words) <= _MOST_WORDS) or len(corpus) > _LARGEST:
        return mention
    if mention.counted(corpus):
        return mention
    rows = {word: _told(replace(mention, words=(word,)), corpus) for word in words}
    if any(not rows[word] and is_name(word) for word in words):
        return mention
    kept = [word for word in words if rows[word]]
    less = replace(mention, words=tuple(kept))
    while len(kept) > 1 and not less.counted(corpus):
        # Who asks whether dogs are allowed asks more than whether there are dogs.
        free = [w for w in kept if not (is_name(w) or mention.lexicon.contrary(w))]
        if not free:
            return mention
        kept.remove(max(free, key=lambda word: (word in _VAGUE, _is_done(word), rows[word])))
        less = replace(mention, words=tuple(kept))
    if not kept or (not less.counted(corpus) and mention.counted(corpus, denied=True)):
        return mention
    telling = max(_FEW, _TELLING * len(corpus))
    vague = _VAGUE.issuperset(kept)
    return mention if vague or _told(less, corpus) > telling else less


def _told(mention: Mention, corpus: Corpus) -> int:
    """How many rows say or deny it."""
    return mention.counted(corpus) + mention.counted(corpus, denied=True)


def _is_done(word: str) -> bool:
    """Whether a word says what is done rather than what with: visited by wheelchair."""
    return word.endswith(("ed", "ing"))
