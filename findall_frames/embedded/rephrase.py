"""A criterion of an objective as a sentence that can be read by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.english import PREPOSITIONS
from findall_frames.embedded.words import fold, phrases, singular

__all__ = [
    "OPENERS",
    "article",
    "begins_participle",
    "entity_noun",
    "has_subject",
    "is_participle",
    "is_place",
    "sentence_of",
]

# What begins a criterion behind the noun.
OPENERS = frozenset(
    phrases(
        """that, which, who, whose, where, with, without, having, in, on, at, from, of, by,
        under, over, above, below, near, outside, inside, within, across, for, about, before,
        after, since, between, during, not, more, less, fewer, other, except, excluding, is,
        are, was, were, has, have, had, do, does, can, to, using, via, starting, priced,
        called, named, as"""
    )
)
_PARTICIPLE = re.compile(r"^[a-z]{2,}(?:ed|ing)$")
_IRREGULAR_PARTICIPLES = frozenset(
    phrases(
        """made, built, written, born, sold, found, held, led, spoken, run, known, won, set, grown,
        taught, caught, bought, brought, sent, lost, left, kept, paid, drawn, driven, flown, broken,
        chosen, hidden, ridden, stolen, sung, worn, woven, laid, lit, bound, fought, hung, fed,
        given, taken, eaten, shown, thrown, bred, cast, cut, shot, struck"""
    )
)
_PASTS = {
    "came": "come",
    "went": "gone",
    "became": "become",
    "began": "begun",
    "grew": "grown",
    "flew": "flown",
    "fell": "fallen",
    "took": "taken",
    "wrote": "written",
    "gave": "given",
    "broke": "broken",
}
_NO_PARTICIPLES = frozenset(
    phrases("building, thing, king, ring, spring, string, wing, bed, seed, breed, being, red, need")
)


def entity_noun(noun: Sequence[str]) -> str:
    if not noun:
        return ""
    word = noun[0].strip(",;")
    single = "person" if fold(word) == "people" else singular(fold(word))
    return single[:1].upper() + single[1:]


def article(words: str) -> str:
    """The article that stands before words, with a space: "an " before AI and HTTP."""
    first = words.split()[0]
    if first.isupper() and len(first) > 1:
        vowel = first[0] in "AEFHILMNORSX"
    else:
        low = fold(first)
        vowel = low[:1] in set("aeiou") and not low.startswith(("eu", "uni", "us", "one"))
    return "an " if vowel else "a "


def sentence_of(thing: str, clause: str, *, of_several: bool = False) -> str:
    """A criterion as a sentence: "Country must have a population above 50 million.".

    Where it is asked of several things, a word such as "gardeners" in "that gardeners love" is
    no verb.
    """
    words = clause.split()
    first = fold(words[0])
    rest = " ".join(words[1:])
    if first in {"with", "having", "has", "have"}:
        said = f"must have {rest}"
    elif first == "no":
        said = f"must have {clause}"
    elif first in {"without", "lacking", "lacks"}:
        said = f"must not have {_after(rest, ('any', 'a', 'an'))}"
    elif first in {"is", "are", "was", "were", "be"}:
        said = _be(rest, past=first in {"was", "were"})
    elif first in {"isn't", "aren't", "wasn't", "weren't"}:
        said = f"must not be {rest}"
    elif first in {"do", "does"} and fold(rest).split()[:1] not in (["not"], ["never"]):
        said = f"must do {rest}"
    elif first in {"do", "does", "did", "don't", "doesn't", "didn't"}:
        said = f"must not {_after(rest, ('not',))}"
    elif first in {"can", "cannot", "can't"}:
        said = f"must {'not ' if first != 'can' else ''}be able to {rest}"
    elif first == "whose":
        return f"{thing} must be one whose {rest}."
    elif first == "where":
        return f"{thing} must be one where {rest}."
    elif first == "not":
        said = f"must not be {rest}"
    elif first in {"except", "excluding", "other"}:
        said = f"must not be {_after(rest, ('than',))}"
    elif first == "worth":
        said = f"must be {clause}"
    elif first.endswith("ly") and len(words) > 1 and is_participle(fold(words[1])):
        said = f"must {_participial(words[1:])} {clause}"
    elif first in _PASTS:
        said = f"must have {_PASTS[first]} {rest}"
    elif is_participle(first) and (first != "run" or "by" in words[1:2]):
        said = f"must {_participial(words)} {clause}"
    elif first in _COMPARING or is_place(words) or _is_comparative(words):
        said = f"must be {clause}"
    elif has_subject(words, of_several=of_several):
        return f"{thing} must be one that {clause}."
    elif first == "never":
        said = f"must never have {rest}" if is_participle(fold(words[1])) else f"must never {rest}"
    else:
        verb = words[0].islower() and first.endswith("s") and not first.endswith("ss")
        base = singular(first) if verb else words[0]
        said = f"must {base} {rest}"
    return f"{thing} {' '.join(said.split())}."


def is_place(words: Sequence[str]) -> bool:
    """Whether words begin as in "outside Norway" or "close to the sea"."""
    first, second = fold(words[0]), fold(words[1]) if len(words) > 1 else ""
    return first in PREPOSITIONS | _OUTER or (first in _ADJECTIVES and second in PREPOSITIONS)


def has_subject(words: Sequence[str], *, of_several: bool = False) -> bool:
    """Whether a clause says what somebody else does: "that gardeners love", "John visited"."""
    first = fold(words[0])
    if len(words) < 2 or first in _SUBJECTS:
        return len(words) > 1
    named = words[0].istitle() and is_participle(fold(words[-1]))
    many = words[0].islower() and first != singular(first) and not first.endswith("ss")
    return named or (of_several and many)


def _is_comparative(words: Sequence[str]) -> bool:
    return fold(words[0]).endswith("er") and [fold(word) for word in words[1:2]] == ["than"]


def _after(text: str, words: Sequence[str]) -> str:
    """A text without one of some words at its beginning."""
    first, _, rest = text.partition(" ")
    return rest if fold(first) in words else text


_OUTER = frozenset(phrases("outside, inside, beyond, near, off"))
_ADJECTIVES = frozenset(
    phrases(
        """close, next, adjacent, similar, equal, famous, suitable, compatible, available, free,
        open, full, rich, poor, unique, native, endemic, popular, common, typical, comparable"""
    )
)
_SUBJECTS = frozenset(
    phrases("i, you, he, she, it, we, they, people, nobody, someone, somebody, everybody, the")
)
_COMPARING = frozenset(
    phrases(
        "more, less, fewer, at, over, above, below, under, between, before, after, since, about"
    )
)


def is_participle(word: str) -> bool:
    """Whether a folded word is a participle: founded, built."""
    if word in _NO_PARTICIPLES:
        return False
    return word in _IRREGULAR_PARTICIPLES or bool(_PARTICIPLE.match(word))


def begins_participle(words: Sequence[str], at: int) -> bool:
    """Whether a clause begins with a participle here: companies | founded after 2010."""
    low = fold(words[at])
    if not is_participle(low):
        return False
    following = fold(words[at + 1].strip(",;")) if at + 1 < len(words) else ""
    # "companies founded after 2010", but not "installed packages".
    return following in OPENERS or following[:1].isdigit() or following in {"a", "an", "the"}


def _participial(words: Sequence[str]) -> str:
    """What stands before a participle: founded in 2010 was done to it, raised money it has."""
    if fold(words[0]).endswith("ing"):
        return "be"
    following = fold(words[1]) if len(words) > 1 else "by"
    passive = following in PREPOSITIONS or following in OPENERS or following[:1].isdigit()
    return "have been" if passive else "have"


def _be(rest: str, *, past: bool) -> str:
    negated = re.match(r"(?:not|never)\s+", rest)
    rest = rest[negated.end() :] if negated else rest
    return f"must {'not ' if negated else ''}{'have been' if past else 'be'} {rest}"
