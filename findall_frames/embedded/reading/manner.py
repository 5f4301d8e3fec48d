"""Words that say how a value belongs to something, and words that say what it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from findall_frames.embedded.language.english import (
    FINITE,
    PREPOSITIONS,
    TOPIC,
    is_negator,
    is_relation,
)
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.words import stem
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.linking import ColumnMatch, ValueMatch

__all__ = [
    "had_words",
    "is_attributive",
    "is_language",
    "is_meant_for",
    "joined_names",
    "joined_phrases",
    "leading_words",
    "without_kind",
    "words_beside",
]

_LONGEST_NAME = 4
_LEAVE = (["allowed"], ["permitted"], ["accepted"], ["admitted"])
_FEW = 50
_PLACED = frozenset(("in", "at", "near", "from", "by"))


_LANGUAGE = re.compile(r"(?:ish|ese|ian|ean|ch|sh|ek|ai|man)$")


def leading_words(
    words: Sequence[str], covered: AbstractSet[int], stands_elsewhere: Callable[[str], bool]
) -> set[str]:
    """Verbs and adjectives that only lead to a value: launched by, open to, native to.

    Parameters
    ----------
    words : sequence of str
        Folded.
    covered : set of int
        The places of values among them.
    stands_elsewhere : callable
        Whether a word stands in some text, so that an adjective may mean more.
    """
    leading: set[str] = set()
    for start in covered:
        at = start - 1
        while at >= 0 and not Token(words[at]).is_content and not is_negator(words[at]):
            at -= 1
        leads = at >= 0 and any(word in PREPOSITIONS for word in words[at + 1 : start])
        # "Knows Python": the verb that a clause begins with.
        first = at >= 0 and not any(Token(word).is_content for word in words[:at])
        if first and at not in covered and not stands_elsewhere(words[at]):
            leading.add(words[at])
        if leads and at not in covered:
            word = words[at]
            if word.endswith("ed") or is_relation(word) or not stands_elsewhere(word):
                leading.add(word)
    for end in covered:
        at = end + 1
        while at < len(words) and words[at] in FINITE:
            at += 1
        # "Dogs are allowed": the verb behind a value.
        if (
            (at > end + 1 or words[at : at + 1] in _LEAVE)
            and at < len(words)
            and (words[at].endswith("ed") or is_relation(words[at]))
        ):
            leading.add(words[at])
    return leading


def had_words(words: Sequence[str]) -> Sequence[str]:
    """The words behind a "with": what something has is no mere manner of speaking."""
    places = [at for at, word in enumerate(words) if word in {"with", "having"}]
    return words[places[-1] + 1 :] if places else []


def joined_names(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """The words, with each name of several of them that the lexicon knows as one: united states."""
    return _joined(words, lambda phrase: bool(lexicon.aliases(phrase)) or lexicon.is_part(phrase))


def joined_phrases(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """The words, with each phrase of general English that has kinds as one: bird of prey."""
    return _joined(words, lambda phrase: bool(lexicon.kinds_of(" ".join(phrase))))


def _joined(words: Sequence[str], is_one: Callable[[tuple[str, ...]], bool]) -> list[str]:
    joined: list[str] = []
    at = 0
    while at < len(words):
        size = min(len(words) - at, _LONGEST_NAME)
        while size > 1 and not is_one(tuple(words[at : at + size])):
            size -= 1
        joined.append(" ".join(words[at : at + size]))
        at += size
    return joined


def without_kind(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """The words without a noun that only says what kind is meant: an extinct species."""
    content = [at for at, word in enumerate(words) if Token(word).is_content]
    small = set(words[: content[0]])
    together = content[-1] - content[0] == len(content) - 1 > 0
    kind = stem(words[content[-1]]) in lexicon.kinds
    return list(words[: content[-1]] if together and kind and small & {"a", "an"} else words)


def is_attributive(match: ColumnMatch, words: Sequence[str]) -> bool:
    """Whether a value tells a kind of what a list column names: an Apache license."""
    return match.column.kind == "list" and max(match.used, default=0) == len(words) - 1


def is_language(words: Sequence[str], match: ValueMatch) -> bool:
    """Whether a word names a language, and no country that a value is: taught in French."""
    said, behind = tuple(words[match.start : match.end]), words[match.end : match.end + 1]
    told = words[max(0, match.start - 1) : match.start]
    adjective = len(said) == 1 and said != match.phrase and bool(_LANGUAGE.search(said[0]))
    # "In French cities" is about a country.
    ends = not behind or not Token(behind[0]).is_content
    return adjective and ends and told in (["in"], ["speaks"], ["speak"])


def words_beside(match: ColumnMatch, words: Sequence[str]) -> list[str]:
    """All other words of meaning, if they stand right beside the column's name."""
    others = [
        at
        for at, word in enumerate(words)
        if at not in match.used and Token(word).is_content and not is_relation(word)
    ]
    if not others or not match.used:
        return []
    gap = min(abs(at - used) for at in others for used in match.used)
    return [words[at] for at in others] if gap <= 2 and len(others) <= 4 else []


def is_meant_for(words: Sequence[str], found: Sequence[ValueMatch]) -> bool:
    """Whether a "for" is no topic: oral drugs for migraine, trips for beginners in Norway."""
    topics = [at for at, word in enumerate(words) if word in TOPIC]
    few = [m for m in found if m.column.kind == "text" and len(m.column.index.values) <= _FEW]
    if len(topics) != 1 or words[topics[0]] != "for":
        return False
    if any(m.end <= topics[0] for m in few):
        between = (words[topics[0] + 1 : m.start] for m in few if m.start > topics[0])
        return any(not any(Token(word).is_content for word in some) for some in between)
    before = (words[topics[0] + 1 : m.start] for m in few)
    return any(not _PLACED.isdisjoint(between[-2:]) for between in before)
