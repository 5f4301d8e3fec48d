"""Conditions that no text says in all their words: which of the words are enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import log
from typing import Final

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.words import fold, phrases, stem, tokens
from findall_frames.embedded.objectives.rephrase import is_participle
from findall_frames.embedded.predicates.conditions import (
    AllOf,
    AnyOf,
    Either,
    Not,
    Partly,
    Predicate,
)
from findall_frames.embedded.texts.denial import is_of_leave, tense_of
from findall_frames.embedded.texts.prose import Mention

__all__ = ["Easing"]

_LARGEST: Final = 50_000
"""Rows; in a larger corpus some text says most things in full."""
_TELLING: Final = 0.25
"""A word that a larger share of the rows says tells too little by itself."""
_FEW: Final = 2
_MOST_WORDS: Final = 6
_LONGEST: Final = 40
"""Words; a longer condition is asked as it is, as easing looks at all rows for each part."""
# Whoever does it, and whatever it is done to, is the least that has to be said.
_VAGUE = frozenset(
    phrases(
        """another, other, others, company, firm, business, organisation, organization, group,
        person, people, somebody, someone, visitors, guests, users, customers, thing, things,
        tourists, anyone, anybody, everyone, everybody, place, kind, kinds, type, types, way, use,
        work, part, special, different, good"""
    )
)
# Of what is allowed or comes with something, a text may say that it can be had.
_LEAVE = frozenset(
    phrases("included, provided, possible, allowed, permitted, welcome, forbidden, banned")
)
_REFUSED = frozenset(phrases("forbidden, prohibited, banned, illegal"))
# When, where and how something is so says nothing without it.
_WEAK = frozenset(
    phrases(
        """before, after, later, earlier, early, late, soon, once, twice, again, often, always,
        hardly, scarcely, barely, daily, weekly, monthly, together, apart, alone, itself, himself,
        herself, themselves, yourself, beside, between, beyond, above, below, until, since, during,
        legally, directly, today, nowadays, everybody, everyone, nobody, another, others, else,
        local, small, young, old, large, big, little, long, short, high, low, good, bad, new, real,
        full, main, whole, loud, quiet, hot, cold, warm, strong, weak, fast, slow, hard, soft,
        rich, poor, wide, deep, dark, bright, serious, simple, famous, private, human, lot, times,
        time, members, up, down, over, back, off, out, away"""
    )
)
# What is made, kept or lost tells more than that it is.
_LIGHT_VERBS = frozenset(
    stem(word)
    for word in phrases(
        """lose, make, cut, keep, have, get, go, run, put, hold, take, give, bring, find, leave,
        do, cause, send, tell, begin, start, stand, fall, come, use, work, need, set, see, stop,
        show, become, let, stay, spend, want, happen, discover, involve, inform, report, pay"""
    )
)
_DOINGS = frozenset(
    phrases(
        """hit, hits, struck, strikes, ate, eats, eat, drank, drinks, saw, sees, heard, hears,
        like, likes, love, loves, met, meets, bought, buys, sold, sells, read, reads, wrote,
        writes, won, wins, grew, grows, broke, breaks, caught, catches, killed, kills, killing,
        carries, wore, wears, threw, throws, beat, beats, drove, drives, chose, chooses, fought,
        fights"""
    )
)
_TOPIC_OF = re.compile(
    r"the (?P<noun>[^\W\d_]+) (?!of |that |which |who |whose |and |or |in |at |on |with |for )",
    re.IGNORECASE,
)
# Who "rents, does not own" is told of by the rent.
_CONTRAST = re.compile(
    r"(?:\bnot\b|n't\b)(?! only\b)[^,;]*,? but (?!also\b)|, (?:(?:does|do|is|are|was|were) )?not\b"
    r"|\b(?:rather than|instead of)\b"
)
# That nobody was hurt, or nothing found, no text tells by saying nothing of it.
_NOBODY = re.compile(
    r"\b(?:nobody|no one|nothing|none|neither|never|any ?more|any longer|no longer)\b"
    r"|\bha(?:s|ve|d)(?: not|n't) (?:yet )?been\b"
)
_DOER = re.compile(r"^an? (?P<noun>[^\W\d_]+) [a-z]+(?:ed|s|id|ght) (?:it|the|its|a|an|them)\b")
_ENOUGH: Final = 1 / 3
"""What is left has to carry so much of what was asked."""
_VERB_WEIGHT: Final = 0.4
_LEAST_WEIGHT: Final = 0.1


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
    condition : str
        What was asked, as it was written.
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        is_name: Callable[[str], bool],
        condition: str,
    ) -> None:
        self._corpus = corpus
        self._tense = tense_of(condition)
        self._of_leave = is_of_leave(condition) or _NOBODY.search(fold(condition)) is not None
        doer = _DOER.match(fold(condition))
        self._doer = doer["noun"] if doer else ""
        said = tokens(condition)
        self._opening = " ".join(said[:1])
        self._is_long = len(said) > _LONGEST
        self._contrasts = _CONTRAST.search(fold(condition)) is not None
        topic = _TOPIC_OF.match(condition)
        self._topic = fold(topic["noun"]) if topic else ""
        self._is_name = is_name
        self._known: dict[tuple[tuple[str, ...], ...], tuple[list[int], list[int]]] = {}

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
        if len(self._corpus) > _LARGEST or self._is_long:
            return predicate
        if not told:
            # What no cell says anywhere, no row denies by leaving it out.
            is_open = denied and not self._told(predicate)[0]
            return replace(predicate, silence="unknown") if is_open else predicate
        if self._is_about_topic(predicate):
            predicate = replace(predicate, words=predicate.words[1:])
        if 1 < len(predicate.words) <= _MOST_WORDS:
            predicate = self._eased(predicate, denied=denied)
        # Where a text denies it, or none says it anywhere, silence tells nothing; nor does it
        # tell what may not be done.
        is_open = (denied and not self._contrasts) and (
            self._of_leave or predicate.is_denied_somewhere() or not self._told(predicate)[0]
        )
        return replace(predicate, silence="unknown") if is_open else predicate

    def _eased(self, mention: Mention, *, denied: bool) -> Mention:
        if self._is_met(mention, denied=denied) and not (denied and self._is_undenied(mention)):
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
        if denied and rows[words[-1]] and not _says_little(words[-1]):
            bound.add(words[-1])  # that results were not published is not that there are none
        telling = max(_FEW, _TELLING * len(self._corpus))
        if self._told(mention)[1]:
            # Where it is denied, its words are those of the texts: an emergency room is no room.
            plain = (word for word in present if not any(self._lightness(word, mention)))
            bound.update(word for word in plain if len(rows[word]) <= telling)
            bound.update(_LEAVE.intersection(words))  # dogs that stay outside are not allowed
        weights = {word: self._weight(word, mention, len(rows[word])) for word in words}
        # Where no text tells of honey, none says that anything is eaten with it.
        missing = not rows[words[-1]] and not _says_little(words[-1])
        enough = _ENOUGH * sum(weights.values())
        some = [
            kept
            for size in range(1, min(len(present), len(words) - 1) + 1)
            for kept in combinations(present, size)
            if bound.issubset(kept) and set.intersection(*(rows[word] for word in kept))
        ]
        weight = {kept: sum(weights[word] for word in kept) for kept in some}
        for kept in sorted(some, key=lambda kept: (weight[kept], len(kept)), reverse=True):
            less = replace(mention, words=kept)
            # What is not fit for families with children is not fit for children.
            if weight[kept] < (enough / 2 if denied and kept[-1] == words[-1] else enough):
                continue
            if all(map(_says_little, kept)) or not self._is_met(less, denied=denied):
                continue
            if missing and all(is_participle(word) or word in _DOINGS for word in kept):
                continue
            if denied and self._is_undenied(less):
                continue
            rows_told = self._told(less)[1] if denied else self._rows(less)
            if len(kept) > 1 or len(rows_told) <= telling:
                return less
        return mention

    def _is_undenied(self, mention: Mention) -> bool:
        """Whether no row denies it, so that rows may deny it in fewer words."""
        return not self._told(mention)[1]

    def _is_about_topic(self, mention: Mention) -> bool:
        """Whether the first word only says whom most texts are about: the insured is a nurse."""
        if mention.words[0] != self._topic or all(map(_says_little, mention.words[1:])):
            return False
        nouns = [word for word in mention.words[1:] if not is_participle(word)]
        topic = replace(mention, words=mention.words[:1])
        return bool(nouns) and len(self._rows(topic)) > max(_FEW, _TELLING * len(self._corpus))

    def _weight(self, word: str, mention: Mention, rows: int) -> float:
        """How much of what is asked a word carries."""
        rare = log((len(self._corpus) + 1) / max(rows, 1))
        least, light = self._lightness(word, mention)
        if least or word in _WEAK:
            return rare * _LEAST_WEIGHT
        verb = light or stem(word) in _LIGHT_VERBS or word in _DOINGS
        return rare * (_VERB_WEIGHT if verb else 1.0)

    def _is_bound(self, word: str, mention: Mention) -> bool:
        """Whether a word cannot be left out though no row says it: a name, or what was done."""
        last = len(mention.words) > 1 and word == mention.words[-1]
        if word == self._doer or self._is_name(word):
            return True
        return last and word.endswith("ed") and word not in _LEAVE

    def _is_met(self, mention: Mention, *, denied: bool) -> bool:
        """Whether some row tells what is asked: that it is so, or that it is not."""
        says, denies = self._told(mention)
        if denied and denies:
            return True
        # That something is not allowed is not told by where it is.
        return not (denied and _LEAVE.intersection(mention.words)) and bool(says)

    def _lightness(self, word: str, mention: Mention) -> tuple[bool, bool]:
        """Whether a word tells least of all, or only how things belong together."""
        # "Visited by wheelchair" tells less of visits than of wheelchairs; "grows fruit", of fruit.
        verb = word.split()[0]
        first = verb == self._opening and verb.endswith("s")
        done = verb.endswith(("ed", "ing")) or (first and not verb.endswith(("ss", "us", "is")))
        done = done and word != mention.words[-1]
        least = word in _VAGUE or (word in _LEAVE and mention.words[0] not in _VAGUE)
        return least, done or word in _LEAVE

    def _told(self, mention: Mention) -> tuple[list[int], list[int]]:
        """Which rows say it, and which deny it; looked up once, since it takes all rows."""
        key = mention.words, tuple(column.name for column in mention.columns)
        if key not in self._known:
            self._known[key] = mention.told(self._corpus)
        return self._known[key]

    def _rows(self, mention: Mention) -> set[int]:
        return set().union(*self._told(mention))


def _says_little(word: str) -> bool:
    """Whether a word by itself is no criterion."""
    return word in _VAGUE | _LEAVE | _WEAK or stem(word) in _LIGHT_VERBS
