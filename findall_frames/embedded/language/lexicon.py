"""What English words have to do with each other, from a table that can be edited."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec

from findall_frames.embedded.language.thesaurus import Phrase, shipped_thesaurus
from findall_frames.embedded.language.words import demonym_of, fold, stem, tokens
from findall_frames.errors import CorpusError

__all__ = ["Lexicon", "default_lexicon", "read_lexicon"]


_Key = TypeVar("_Key")
_Found = TypeVar("_Found")
_Word: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\w")]
_Group: TypeAlias = Annotated[list[_Word], msgspec.Meta(min_length=1)]
_REMEMBERED: Final = 100_000
_DENYING: Final = ("un", "non", "in", "im", "dis")


class Lexicon:
    """Names of the same thing, and words that ask for the same column.

    Parameters
    ----------
    table : mapping
        As in ``lexicon.toml``: ``same`` lists of names, ``attributes`` lists of words, ``more``
        and ``less`` adjectives by the word of their attribute, ``short`` forms of words; if
        wanted, ``opposites`` by word, ``within``, the parts of a place by its name, ``kinds``,
        lists of nouns for one kind of thing, ``compounds``, such nouns of two words, ``topics``,
        lists of words for one matter, ``told``, by word the narrower words and phrases by which a
        text may say it, ``phrasal``, pairs of a verb of two words and one that means the same,
        ``ongoing``, what has not happened yet to something that is still so, and ``not_same``,
        lists of a word and those that a text does not mean by it.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._same: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for group in table["same"]:
            phrases = [tuple(tokens(name)) for name in group]
            for phrase in phrases:
                self._same.setdefault(phrase, []).extend(p for p in phrases if p != phrase)
        self._families: dict[str, set[str]] = {}
        for group in table["attributes"]:
            stems = {stem(word) for word in group}
            for one in stems:
                self._families.setdefault(one, set()).update(stems)
        self._short: dict[str, str] = table["short"]
        self._opposites: dict[str, str] = table.get("opposites", {})
        self._within: dict[tuple[str, ...], list[tuple[str, ...]]] = {
            tuple(tokens(whole)): [tuple(tokens(part)) for part in parts]
            for whole, parts in table.get("within", {}).items()
        }
        self._kinds = [frozenset(map(stem, kinds)) for kinds in table.get("kinds", ())]
        self.kinds: frozenset[str] = frozenset().union(*self._kinds)
        self._topics: dict[str, set[tuple[str, ...]]] = {}
        for topic in table.get("topics", ()):
            names = {tuple(tokens(name)) for name in topic}
            for name in names:
                self._topics.setdefault(stem(name[0]), set()).update(names - {name})
        self._told: dict[str, list[tuple[str, ...]]] = {}
        for word, phrases in table.get("told", {}).items():
            self._told[stem(fold(word))] = [tuple(tokens(phrase)) for phrase in phrases]
        self.compounds = frozenset(map(fold, table.get("compounds", ())))
        self._phrasal: dict[str, str] = dict(table.get("phrasal", ()))
        verbs = "|".join(map(re.escape, self._phrasal)) or r"(?!)"
        self._two_words = re.compile(rf"\b(?:{verbs})\b", re.IGNORECASE)
        self._ongoing: dict[str, str] = table.get("ongoing", {})
        self._parts = {part for parts in self._within.values() for part in parts}
        self._parts_of: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        self._not_same: dict[str, set[str]] = {}
        for word, *others in table.get("not_same", ()):
            self._not_same.setdefault(_stems(word), set()).update(map(_stems, others))
        self._meant: dict[tuple[str, str], bool] = {}
        self._more = _by_adjective(table["more"])
        self._less = _by_adjective(table["less"])

    def aliases(self, phrase: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Other names of what the phrase names."""
        return self._same.get(phrase, [])

    def family(self, word: str) -> set[str]:
        """Stems of the words that ask for the same column as this word; may be empty."""
        return self._families.get(stem(word), set())

    def same_kind(self, nouns: Iterable[str]) -> frozenset[str]:
        """Stems of all nouns for the kinds of things that these stems name; movies for films."""
        given = frozenset(nouns)
        return given.union(*(kinds for kinds in self._kinds if kinds & given))

    def topic(self, word: str) -> set[Phrase]:
        """Words and phrases for the same matter as this word; may be empty."""
        return set(self._allowed(word, [*self._topics.get(stem(word), ())]))

    def told(self, word: str) -> list[tuple[str, ...]]:
        """Narrower words and phrases by which running text may say this word; may be empty."""
        return self._allowed(word, self._told.get(stem(word), []))

    def contrary(self, word: str) -> list[tuple[str, ...]]:
        """Words and phrases by which running text denies this word; may be empty."""
        other = self._opposites.get(word)
        known = [(other,), *self.told(other)] if other else []
        return [*known, *self._allowed(word, shipped_thesaurus().contrary(word))]

    def synonyms(self, words: str, *, in_text: bool = False) -> list[Phrase]:
        """Words and phrases of general English that mean the same; may be empty.

        In running text only those that mean nothing else besides.
        """
        return self._allowed(words, shipped_thesaurus().same(words, in_text=in_text))

    def means(self, word: str, other: str) -> bool:
        """Whether a word of general English is another one's synonym, or is a kind of it."""
        known = self._meant.get((word, other))
        if known is None:
            known = _has(self.synonyms(word), other) or _has(self.kinds_of(other), word)
            _remember(self._meant, (word, other), known)
        return known

    def knows(self, word: str) -> bool:
        """Whether a word is one of general English, as far as its thesaurus tells."""
        known = shipped_thesaurus()
        return bool(known.same(word) or known.kinds(word) or known.contrary(word))

    def kinds_of(self, words: str, *, in_text: bool = False) -> list[Phrase]:
        """Kinds of what a word or phrase of general English names; may be empty.

        In running text only those that mean nothing else besides.
        """
        return self._allowed(words, shipped_thesaurus().kinds(words, in_text=in_text))

    def _allowed(self, words: str, others: list[Phrase]) -> list[Phrase]:
        """Those that the table does not say are something else."""
        refused = self._not_same.get(_stems(words)) if self._not_same else None
        return [o for o in others if _stems(" ".join(o)) not in refused] if refused else others

    def plain_verbs(self, text: str) -> str:
        """A text with one verb for each verb of two words: established for set up."""
        return self._two_words.sub(lambda match: self._phrasal[match.group().lower()], text)

    def phrasal_verbs(self, text: str) -> Iterator[tuple[re.Match[str], str]]:
        """Where verbs of two words stand in a text, and a verb that means the same."""
        for match in self._two_words.finditer(text):
            yield match, self._phrasal[match.group().lower()]

    @property
    def verbs_of_two_words(self) -> Mapping[str, str]:
        """Each with a verb that means the same: founded for set up."""
        return self._phrasal

    def not_yet(self, word: str) -> str | None:
        """What has not happened to something of which this word is true: death for alive."""
        return self._ongoing.get(word)

    def spelled_out(self, word: str) -> tuple[str, ...]:
        """A word of a column name, and what it may be short for."""
        short = word if word in self._short else word.removesuffix("s")
        return (word, *self._short[short].split(", ")) if short in self._short else (word,)

    def opposite(self, word: str) -> str | None:
        """The word that this one denies: public for private, crewed for uncrewed."""
        if word in self._opposites:
            return self._opposites[word]
        return next(
            (
                word[len(p) :]
                for p in _DENYING
                if word.startswith(p) and len(word) > (5 if p == "un" else 6)
            ),
            None,
        )

    def parts(self, phrase: tuple[str, ...]) -> list[tuple[str, ...]]:
        """What lies in what a phrase names, by name or by demonym: countries for European."""
        known = self._parts_of.get(phrase)
        if known is None:
            known = self._find_parts(phrase)
            _remember(self._parts_of, phrase, known)
        return known

    def is_part(self, phrase: tuple[str, ...], *, like: tuple[str, ...] | None = None) -> bool:
        """Whether a phrase, or another name of it, lies in something that the table knows.

        If wanted, only in something of the rank of what `like` lies in: countries are no states.
        """
        found = [other for other in (phrase, *self.aliases(phrase)) if other in self._parts]
        return any(like is None or self._is_state(one) == self._is_state(like) for one in found)

    def is_demonym(self, phrase: tuple[str, ...]) -> bool:
        """Whether a phrase is the adjective of a place that the table knows: Hungarian."""
        known = (part for part in self._parts if part[:-1] == phrase[:-1])
        return any(demonym_of(phrase[-1], part[-1]) for part in known)

    def _is_state(self, part: tuple[str, ...]) -> bool:
        """Whether a part lies only in what is itself a part: Ohio in the United States."""
        return all(whole in self._parts for whole, parts in self._within.items() if part in parts)

    def _find_parts(self, phrase: tuple[str, ...]) -> list[tuple[str, ...]]:
        for other in filter(None, (phrase, *self.aliases(phrase))):
            for whole, parts in self._within.items():
                same = whole[:-1] == other[:-1]
                if whole == other or (same and demonym_of(other[-1], whole[-1])):
                    return parts
        return []

    def direction(self, adjective: str) -> int:
        """1 when more of its attribute makes something more so, -1 when less does, 0 unknown."""
        more, less = self._more.get(adjective), self._less.get(adjective)
        if more and less:
            # What is faster has more speed, and takes fewer minutes: alone, the first is meant.
            return ("speed" in more) - ("speed" in less)
        return bool(more) - bool(less)

    def direction_in(self, adjective: str, words: Iterable[str]) -> int:
        """The same for a column of which these are the words: fewer minutes for faster."""
        named = set(words)
        more, less = (
            bool(named.intersection(known.get(adjective, ()))) for known in (self._more, self._less)
        )
        return more - less or self.direction(adjective)

    def attributes(self, adjective: str) -> list[str]:
        """The words for what a comparative is about: weight for heavier."""
        return [*self._more.get(adjective, ()), *self._less.get(adjective, ())]


@cache
def default_lexicon() -> Lexicon:
    """The table that comes with the package."""
    return Lexicon(_shipped())


def read_lexicon(path: str | os.PathLike[str]) -> Lexicon:
    """The table that comes with the package, and what a TOML file of the same form adds to it.

    Parameters
    ----------
    path : path
        Of a file with any of ``same``, ``attributes``, ``short``, ``more``, ``less``,
        ``opposites``, ``within``, ``kinds``, ``compounds``, ``topics``, ``told``, ``phrasal``,
        ``ongoing`` and ``not_same``. Its entries go before those of the package.

    Raises
    ------
    CorpusError
        The file cannot be read, or is not of that form.
    """
    shipped = _shipped()
    try:
        added = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"The lexicon {os.fspath(path)!r} cannot be read: {error}.") from error
    for name, entries in added.items():
        known = shipped.get(name)
        try:
            shipped[name] = _joined(name, entries, known)
        except msgspec.ValidationError as error:
            raise CorpusError(
                f"The lexicon {os.fspath(path)!r} has an entry {name!r} that is not known or not "
                f"of the right form: {error}. It may have {', '.join(shipped)}; copy their form "
                "from findall_frames/embedded/language/lexicon.toml."
            ) from error
    return Lexicon(shipped)


def _joined(name: str, entries: Any, known: Any) -> Any:
    """What is added to a table of the package, which says what form it has to have."""
    if name == "phrasal":
        pairs = msgspec.convert(entries, list[tuple[_Word, _Word]])
        return [*known, *((fold(verb), fold(other)) for verb, other in pairs)]
    if name == "compounds":
        return [*map(fold, msgspec.convert(entries, list[_Word])), *known]
    if isinstance(known, list):
        groups = msgspec.convert(entries, list[_Group])
        return [*([fold(word) for word in group] for group in groups), *known]
    if not isinstance(known, dict):
        raise msgspec.ValidationError("there is no table of this name")
    if any(isinstance(value, str) for value in known.values()):
        words = msgspec.convert(entries, dict[_Word, _Word])
        return {**known, **{fold(word): fold(other) for word, other in words.items()}}
    joined: dict[str, list[str]] = {**known}
    for word, group in msgspec.convert(entries, dict[_Word, list[_Word]]).items():
        whole = next((each for each in joined if fold(each) == fold(word)), word)
        joined[whole] = [*map(fold, group), *joined.get(whole, ())]
    return joined


def _shipped() -> dict[str, Any]:
    text = Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _remember(known: dict[_Key, _Found], key: _Key, found: _Found) -> None:
    """Note what was found, and forget the rest where that has become too much."""
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = found


def _has(phrases: Iterable[Phrase], word: str) -> bool:
    return any(len(phrase) == 1 and stem(phrase[0]) == stem(word) for phrase in phrases)


def _stems(words: str) -> str:
    return " ".join(map(stem, tokens(words)))


def _by_adjective(table: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attribute, adjectives in table.items():
        for adjective in adjectives:
            for form in (adjective, *_comparatives(adjective)):
                found.setdefault(form, []).append(attribute)
    return found


def _comparatives(adjective: str) -> tuple[str, ...]:
    if adjective.endswith("y"):
        return (adjective[:-1] + "ier",)
    if adjective.endswith("e"):
        return (adjective + "r",)
    return (adjective + "er", adjective + adjective[-1] + "er")
