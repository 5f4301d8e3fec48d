"""Conditions that no text says in all their words: which of the words are enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.prose import Mention

__all__ = ["eased"]

_LARGEST = 50_000
"""Rows; in a larger corpus some text says most things in full."""
_TELLING = 0.25
"""A word that a larger share of the rows says tells too little by itself."""
_FEW = 2
_MOST_WORDS = 6


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
    if mention.counted(corpus) or mention.counted(corpus, denied=True):
        return mention
    rows = {word: replace(mention, words=(word,)).counted(corpus) for word in words}
    if any(not rows[word] and is_name(word) for word in words):
        return mention
    kept = [word for word in words if rows[word]]
    while len(kept) > 1 and not replace(mention, words=tuple(kept)).counted(corpus):
        free = [word for word in kept if not is_name(word)]
        if not free:
            return mention
        kept.remove(max(free, key=lambda word: (_is_done(word), rows[word])))
    if not kept:
        return mention
    less = replace(mention, words=tuple(kept))
    telling = max(_FEW, _TELLING * len(corpus))
    return less if 0 < less.counted(corpus) <= telling else mention


def _is_done(word: str) -> bool:
    """Whether a word says what is done rather than what with: visited by wheelchair."""
    return word.endswith(("ed", "ing"))
