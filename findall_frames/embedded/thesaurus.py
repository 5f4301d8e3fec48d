"""Which words of general English mean the same, which are kinds of another, and which deny it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from findall_frames.embedded.words import phrases, stem, tokens

__all__ = ["Phrase", "Thesaurus", "shipped_thesaurus"]

Phrase: TypeAlias = tuple[str, ...]
_LEVELS: Final = 3
"""A kind of a kind of a kind is still met: a pilsner, where an alcoholic drink is asked for."""


class Thesaurus:
    """Relations between words, by their stems.

    Parameters
    ----------
    lines : iterable of str
        As in ``thesaurus.txt``: ``a, b`` mean the same, ``a > b, c`` are kinds of a or ways to
        say it, ``a ! b`` deny each other.

    Examples
    --------
    >>> words = Thesaurus(["spirit > gin, rum", "staff, personnel", "safe ! dangerous"])
    >>> words.kinds("spirits"), words.same("staff"), words.contrary("dangerous")
    ([('gin',), ('rum',)], [('personnel',)], [('safe',)])
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._same: dict[Phrase, list[Phrase]] = {}
        self._kinds: dict[Phrase, list[Phrase]] = {}
        self._contrary: dict[Phrase, list[Phrase]] = {}
        self._below: dict[Phrase, list[Phrase]] = {}
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            head, more, rest = line.partition(" > ")
            if more:
                self._add(self._kinds, head, phrases(rest))
                continue
            head, denies, rest = line.partition(" ! ")
            for other in phrases(rest) if denies else ():
                self._add(self._contrary, head, (other,))
                self._add(self._contrary, other, (head,))
            group = () if denies else phrases(line)
            for word in group:
                self._add(self._same, word, (other for other in group if other != word))

    @staticmethod
    def _add(table: dict[Phrase, list[Phrase]], word: str, others: Iterable[str]) -> None:
        known = table.setdefault(_key(tokens(word)), [])
        known.extend(p for p in (tuple(tokens(other)) for other in others) if p not in known)

    def same(self, words: str) -> list[Phrase]:
        """Words and phrases that mean the same as a word or phrase; may be empty."""
        return self._same.get(_key(words.split()), [])

    def kinds(self, words: str) -> list[Phrase]:
        """What is a kind of what a word or phrase names, and kinds of that; may be empty."""
        key = _key(words.split())
        if key not in self._kinds:
            return []
        if key not in self._below:
            found: dict[Phrase, None] = {}
            edge = [key]
            for _ in range(_LEVELS):
                edge = [kind for phrase in edge for kind in self._kinds.get(_key(phrase), ())]
                found.update(dict.fromkeys(edge))
            self._below[key] = list(found)
        return self._below[key]

    def contrary(self, words: str) -> list[Phrase]:
        """What denies a word or phrase; may be empty."""
        return self._contrary.get(_key(words.split()), [])


def _key(phrase: Iterable[str]) -> Phrase:
    return tuple(map(stem, phrase))


@cache
def shipped_thesaurus() -> Thesaurus:
    """The one that comes with the package."""
    text = Path(__file__).with_name("thesaurus.txt").read_text(encoding="utf-8")
    return Thesaurus(text.splitlines())
