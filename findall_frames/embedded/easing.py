"""Conditions that no text says in all their words: which of the words are enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Final

from findall_frames.embedded.conditions import AllOf, AnyOf, Either, Not, Partly, Predicate
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.denial import tense_of
from findall_frames.embedded.prose import Mention
from findall_frames.embedded.words import phrases, tokens

__all__ = ["Easing"]

_LARGEST: Final = 50_000
"""Rows; in a larger corpus some text says most things in full."""
_TELLING: Final = 0.25
"""A word that a larger share of the rows says tells too little by itself."""
_FEW: Final = 2
_MOST_WORDS: Final = 6
# Whoever does it, and whatever it is done to, is the least that has to be said.
_VAGUE = frozenset(
    phrases(
        """another, other, others, company, firm, business, organisation, organization, group,
        person, people, somebody, someone, visitors, guests, users, customers, thing, things,
        place, kind, kinds, type, types, way, use, work, part, special, different, good"""
    )
)
# Of what is allowed or comes with something, a text may say that it can be had.
_LEAVE = frozenset(
    phrases("included, provided, possible, allowed, permitted, welcome, forbidden, banned")
)
_REFUSED = frozenset(phrases("forbidden, prohibited, banned, illegal"))


class Easing:
    """Leaves out those words of a condition without which some row says it.

    Where a row says all of them, nothing changes: the others could have said so as well. Where
    none does, the corpus says it in other words, and what is left of the condition is the best
    there is; but names are never left out, nor is what remains to be true of most rows.

    Parameters
    ----------
    corpus : Corpus
        Where the words are looked for.
    is_name : callable
        Whether a word is a name, which nothing else stands for.
    occurs : callable
        Whether some text has a word itself, not only another for it.
    condition : str
        What was asked, as it was written.
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        is_name: Callable[[str], bool],
        occurs: Callable[[str], bool],
        condition: str,
    ) -> None:
        self._corpus = corpus
        self._tense = tense_of(condition)
        self._opening = " ".join(tokens(condition)[:1])
        self._is_name = is_name
        self._occurs = occurs

    def eased(self, predicate: Predicate, *, denied: bool = False) -> Predicate:
        """The predicate with such words left out of its mentions.

        Parameters
        ----------
        predicate : Predicate
            What was asked for.
        denied : bool
            Whether its opposite was.
        """
        if isinstance(predicate, Not):
            return Not(self.eased(predicate.part, denied=not denied))
        if isinstance(predicate, Partly):
            return replace(predicate, part=self.eased(predicate.part, denied=denied))
        if isinstance(predicate, AllOf | AnyOf | Either):
            parts = tuple(self.eased(part, denied=denied) for part in predicate.parts)
            return replace(predicate, parts=parts)
        if not isinstance(predicate, Mention) or predicate.literal or predicate.exact:
            return predicate
        predicate = replace(predicate, tense=self._tense)
        told = any(column.kind == "prose" for column in predicate.columns)
        if not told or len(self._corpus) > _LARGEST:
            return predicate
        if 1 < len(predicate.words) <= _MOST_WORDS:
            predicate = self._eased(predicate, denied=denied)
        # Where a text denies it, or none says it anywhere, silence tells nothing.
        is_open = denied and (
            predicate.is_denied_somewhere() or not predicate.told(self._corpus)[0]
        )
        return replace(predicate, silence="unknown") if is_open else predicate

    def _eased(self, mention: Mention, *, denied: bool) -> Mention:
        if self._is_met(mention, denied=denied):
            return mention
        words = mention.words
        rows = {word: self._rows(replace(mention, words=(word,))) for word in words}
        if any(not rows[word] and self._is_bound(word, mention) for word in words):
            return mention
        present = [word for word in words if rows[word]]
        # Where cats are told of, they are not therefore banned.
        # Nor are they not allowed where nothing is told of them.
        kept_so = _REFUSED | _LEAVE if denied else _REFUSED
        bound = {word for word in words if self._is_name(word) or word in kept_so}
        lightness = {word: self._lightness(word, mention, len(rows[word])) for word in present}
        telling = max(_FEW, _TELLING * len(self._corpus))
        if mention.told(self._corpus)[1]:
            # Where it is denied, its words are those of the texts: an emergency room is no room.
            plain = (word for word in present if not any(lightness[word][:2]))
            bound.update(word for word in plain if len(rows[word]) <= telling)
        for size in range(min(len(present), len(words) - 1), 0, -1):
            some = (kept for kept in combinations(present, size) if bound.issubset(kept))
            # Of as many words, those are left out that say least.
            ranked = sorted(
                (kept for kept in some if set.intersection(*(rows[word] for word in kept))),
                key=lambda kept: sorted(lightness[w] for w in present if w not in kept),
                reverse=True,
            )
            for kept in ranked:
                less = replace(mention, words=kept)
                if (_VAGUE | _LEAVE).issuperset(kept) or not self._is_met(less, denied=denied):
                    continue
                if size > 1 or len(self._rows(less)) <= telling:
                    return less
        return mention

    def _is_bound(self, word: str, mention: Mention) -> bool:
        """Whether a word cannot be left out though no row says it: a name, or what was done."""
        last = len(mention.words) > 1 and word == mention.words[-1]
        return self._is_name(word) or (last and word.endswith("ed") and word not in _LEAVE)

    def _is_met(self, mention: Mention, *, denied: bool) -> bool:
        """Whether some row tells what is asked: that it is so, or that it is not."""
        says, denies = mention.told(self._corpus)
        if denied and denies:
            return True
        # That something is not allowed is not told by where it is.
        return not (denied and _LEAVE.intersection(mention.words)) and bool(says)

    def _lightness(self, word: str, mention: Mention, rows: int) -> tuple[bool, bool, bool, int]:
        """How easily a word is left out, to be compared with others."""
        # "Visited by wheelchair" tells less of visits than of wheelchairs; "grows fruit", of fruit.
        first = word == self._opening and word.endswith("s")
        done = word.endswith(("ed", "ing")) or (first and not word.endswith(("ss", "us", "is")))
        done = done and word != mention.words[-1]
        lightest = word in _VAGUE or (word in _LEAVE and mention.words[0] not in _VAGUE)
        return lightest, done or word in _LEAVE, not self._occurs(word), rows

    def _rows(self, mention: Mention) -> set[int]:
        return set().union(*mention.told(self._corpus))
