"""Which words of general English mean the same, which are kinds of another, and which deny it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from findall_frames.embedded.language.words import phrases, stem, tokens

__all__ = ["Phrase", "Thesaurus", "shipped_thesaurus"]

Phrase: TypeAlias = tuple[str, ...]
_Table: TypeAlias = dict[Phrase, dict[Phrase, bool]]
_LEVELS: Final = 3
"""A kind of a kind of a kind is still met: a pilsner, where an alcoholic drink is asked for."""


class Thesaurus:
    """Relations between words, by their stems.

    Parameters
    ----------
    lines : iterable of str
        As in ``thesaurus.txt``: ``a, b`` mean the same, ``a > b, c`` are kinds of a or ways to
        say it, ``a ! b`` deny each other. A word with a star behind it has other meanings.

    Examples
    --------
    >>> words = Thesaurus(["spirit > gin, rum", "staff, personnel, hands*", "safe ! dangerous"])
    >>> words.kinds("spirits"), words.contrary("dangerous")
    ([('gin',), ('rum',)], [('safe',)])
    >>> words.same("staff"), words.same("staff", in_text=True)
    ([('personnel',), ('hands',)], [('personnel',)])
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._same: _Table = {}
        self._kinds: _Table = {}
        self._contrary: _Table = {}
        self._below: dict[tuple[Phrase, bool], list[Phrase]] = {}
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            head, more, rest = line.partition(" > ")
            if more:
                _add(self._kinds, head, phrases(rest))
                continue
            head, denies, rest = line.partition(" ! ")
            for other in phrases(rest) if denies else ():
                _add(self._contrary, head, (other,))
                _add(self._contrary, other, (head,))
            group = () if denies else phrases(line)
            for word in group:
                _add(self._same, word, (other for other in group if other != word))

    def same(self, words: str, *, in_text: bool = False) -> list[Phrase]:
        """Words and phrases that mean the same, also in running text if wanted; may be empty."""
        return _known(self._same, _key(words.split()), in_text=in_text)

    def kinds(self, words: str, *, in_text: bool = False) -> list[Phrase]:
        """What is a kind of what a word or phrase names, and kinds of that; may be empty."""
        key = _key(words.split())
        if key not in self._kinds:
            return []
        if (key, in_text) not in self._below:
            found: dict[Phrase, None] = {}
            edge = [key]
            for _ in range(_LEVELS):
                below = (_known(self._kinds, one, in_text=in_text) for one in edge)
                kinds = [kind for several in below for kind in several]
                found.update(dict.fromkeys(kinds))
                edge = list(map(_key, kinds))
            self._below[key, in_text] = list(found)
        return self._below[key, in_text]

    def contrary(self, words: str) -> list[Phrase]:
        """What denies a word or phrase; may be empty."""
        return _known(self._contrary, _key(words.split()), in_text=True)


def _add(table: _Table, word: str, others: Iterable[str]) -> None:
    """Note others for a word, and of each whether both have no other meaning."""
    known = table.setdefault(_key(tokens(word)), {})
    for other in others:
        known.setdefault(tuple(tokens(other)), "*" not in word + other)


def _known(table: _Table, key: Phrase, *, in_text: bool) -> list[Phrase]:
    return [phrase for phrase, plain in table.get(key, {}).items() if plain or not in_text]


def _key(phrase: Iterable[str]) -> Phrase:
    return tuple(map(stem, phrase))


@cache
def shipped_thesaurus() -> Thesaurus:
    """The one that comes with the package."""
    text = Path(__file__).with_name("thesaurus.txt").read_text(encoding="utf-8")
    return Thesaurus(text.splitlines())
