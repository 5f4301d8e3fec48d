"""A criterion of an objective as a sentence that can be read by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from findall_frames.embedded.language.english import FINITE, PREPOSITIONS
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, phrases, singular
from findall_frames.embedded.objectives.rephrase import (
    ADJECTIVES,
    OPENERS,
    VERBS,
    article,
    base,
    has_subject,
    is_adverb,
    is_participle,
    is_place,
    of_gerund,
)

__all__ = ["BE", "OF_ANOTHER", "PASTS", "Voice", "counts", "sentence_of", "uncontracted"]

Voice: TypeAlias = Literal["", "active", "passive"]
"""Whether what a participle says was done by the entity or to it."""

BE = frozenset(phrases("is, are, was, were, be"))
# Pasts that are no participles themselves.
PASTS = dict(
    pair.split(":")
    for pair in phrases(
        """came:come, went:gone, became:become, began:begun, grew:grown, flew:flown, fell:fallen,
        took:taken, wrote:written, gave:given, broke:broken, rose:risen, shrank:shrunk, sang:sung,
        swam:swum, drove:driven, rode:ridden, spoke:spoken, stole:stolen, wore:worn, tore:torn,
        drew:drawn, knew:known, threw:thrown, ate:eaten, saw:seen, chose:chosen, froze:frozen,
        sank:sunk, overcame:overcome, had:had, did:done, got:got, ran:run"""
    )
)
# What a participle behind a noun says of now: companies based in Berlin.
_STANDING = frozenset(
    phrases(
        """based, located, situated, headquartered, used, known, called, named, owned, aimed,
        designed, intended, suited, rated, priced, related, needed, required, allowed, kept, spoken,
        licensed, certified, affected, approved, available, classified, grown, registered, run,
        considered, protected, employed, connected, equipped, made"""
    )
)
# What is done to nobody.
_BY_ITSELF = frozenset(
    phrases(
        """died, appeared, disappeared, happened, occurred, arrived, come, gone, become, retired,
        survived, remained, existed, emerged, lived, lasted, erupted, graduated, collapsed, failed,
        participated, begun, fallen, risen, grown up, slept, competed, belonged"""
    )
)
# Forms that are present and past alike: that run on water.
_UNCHANGED = frozenset(phrases("run, cut, set, cast, cost, hit, put, let, spread, shut, need"))
_KIND_OF = 3
# "A company can apply for".
OF_ANOTHER = re.compile(r"(?:an?|the)\s+[^\W\d_]+\s+(?:can|could|may|might|should|must)\s")
_NO_MORE = re.compile(r"(?:more|less|fewer|\w+er)\s+than\b")
_OTHERWISE = re.compile(
    r"\sor\s+(?:with|in|by|from|(?:first|last|\w+ly)\s|\w+ed\b|ha[sv]e?\b|are\b)"
)
_DENIED_OR = re.compile(
    r"(?P<denied>(?:(?:is|are|was|were|do|does|did|have|has)\s+)?not\s.+?)\s+or\s+"
    rf"(?P<other>(?:is|are|was|were|have|has|had|{'|'.join(sorted(VERBS))})\s(?!not\b).+)$"
)
_ADJECTIVAL = re.compile(r"^(?!enable|disable)\w{3,}(?:[aiu]ble|ful|less|ous|(?<!top)ic)$")
_COUNTING = frozenset(
    phrases("more, less, fewer, at, over, under, between, up, about, around, exactly, just, some")
)
_COMPARING = frozenset(
    phrases(
        "more, less, fewer, at, over, above, below, under, between, before, after, since, about"
    )
)


def sentence_of(thing: str, clause: str, *, of_several: bool = False, voice: Voice = "") -> str:
    """A criterion as a sentence: "Country must have a population above 50 million.".

    Where it is asked of several things, a word such as "gardeners" in "that gardeners love" is
    no verb.
    """
    either = _DENIED_OR.match(clause)
    if either is not None:
        # The "not" goes no further than the "or".
        whole = sentence_of(thing, either["other"], of_several=of_several).rstrip(".")
        lacked = sentence_of("x", either["denied"], voice=voice).removeprefix("x must ")
        return f"{whole} or {lacked}"
    words = clause.split()
    first, second = fold(words[0]), fold(words[1]) if len(words) > 1 else ""
    rest = " ".join(words[1:])
    if first in {"with", "having", "has", "have", "had"}:
        said = _have(rest, past=first == "had")
    elif first == "no" and _NO_MORE.match(rest) and not counts(rest):
        said = f"must be {clause}"
    elif first == "no" or counts(clause):
        said = f"must have {clause}"
    elif first == "without" and _OTHERWISE.search(rest):
        # The "without" goes no further than the "or".
        lacked, other = re.split(r"\s+or\s+", rest, maxsplit=1)
        whole = sentence_of(thing, other, of_several=of_several, voice=voice).rstrip(".")
        return f"{whole} or have no {_after(lacked, ('a', 'an', 'any'))}."
    elif first in {"without", "lacking", "lacks", "lack"}:
        said = f"must not have {rest}"
    elif first in BE:
        said = _be(rest, past=first in {"was", "were"})
    elif first in {"do", "does"} and second not in {"not", "never"}:
        said = f"must do {rest}"
    elif first in {"do", "does", "did"}:
        said = f"must not {_after(rest, ('not', 'never'))}"
    elif first in {"can", "could", "cannot"}:
        denied = first == "cannot" or second == "not"
        said = f"must {'not ' * denied}be able to {_after(rest, ('not',))}"
    elif first in {"must", "should", "shall", "will", "would", "may", "might"}:
        said = f"must {rest}"
    elif first == "whose":
        said = f"must be one whose {rest}"
    elif first == "where":
        said = f"must be one where {rest}"
    elif second in {"which", "whom", "whose"}:
        said = f"must be one {clause}"
    elif first == "not":
        said = f"must not be {rest}"
    elif first in {"neither", "either"} and second in FINITE | {"have", "do", "can"}:
        said = f"must be one that {clause}"
    elif first in {"neither", "either"}:
        said = f"must {'be ' * (second not in VERBS)}{clause}"
    elif first in {"except", "excluding", "other"}:
        said = f"must not be {_after(rest, ('than', 'for'))}"
    elif first == "close" and second not in {"to", "by"}:
        said = f"must {clause}"
    elif first == "worth":
        said = f"must be {clause}"
    else:
        said = _doing(words, of_several=of_several, voice=voice)
    return f"{thing} {' '.join(said.split())}."


def _doing(words: Sequence[str], *, of_several: bool, voice: Voice) -> str:
    """What an entity must do or have done, where a clause begins with what it does or is."""
    clause, rest = " ".join(words), " ".join(words[1:])
    first, second = fold(words[0]), fold(words[1]) if len(words) > 1 else ""
    if is_adverb(first) and is_participle(second):
        return f"must {_participial(words[1:], voice)} {clause}"
    if is_adverb(first) and second in PASTS:
        return f"must have {first} {PASTS[second]} {' '.join(words[2:])}"
    if first in PASTS:
        return f"must have {PASTS[first]} {rest}"
    if first in _UNCHANGED and voice != "passive":
        return f"must {clause}"
    if first.endswith("ing") and _is_doing(second):
        return f"must {of_gerund(first)} {rest}"
    if is_participle(first) and (first != "run" or second == "by"):
        return f"must {_participial(words, voice)} {clause}"
    if first in _COMPARING or is_place(words) or _is_comparative(words) or _is_like(words):
        return f"must be {clause}"
    if has_subject(words, of_several=of_several) or OF_ANOTHER.match(clause):
        return f"must be one that {clause}"
    if first == "never":
        past = "never " + ("have" if voice == "active" else "have been")
        return f"must {past} {rest}" if is_participle(second) else f"must never {rest}"
    verb = words[0].islower() and first.endswith("s") and not first.endswith("ss")
    return f"must {base(first) if verb else words[0]} {rest}"


def uncontracted(text: str) -> str:
    """A text with "is not" for "isn't", and "at most 5" for "max 5"."""
    text = re.sub(r"\bmax(?:\.|imum)?\s+(?=[\d$€£])", "at most ", text, flags=re.IGNORECASE)
    text = re.sub(r"\bmin(?:\.|imum)?\s+(?=[\d$€£])", "at least ", text, flags=re.IGNORECASE)
    text = re.sub(r"\bcan['’]t\b", "cannot", text, flags=re.IGNORECASE)
    text = re.sub(r"\bwon['’]t\b", "will not", text, flags=re.IGNORECASE)
    return re.sub(r"(?<=[a-z])n['’]t\b", " not", text)


def counts(clause: str) -> bool:
    """Whether a clause is a count of something, which is had: at least 200 beds."""
    words = clause.split()
    if fold(words[0]) not in _COUNTING and not find_quantities(words[0]):
        return False
    found = find_quantities(clause)
    if len(found) != 1 or found[0].unit is not None or found[0].year or found[0].dates:
        return False
    if [fold(word) for word in words[-2:-1]] == ["or"]:
        words = words[:-2]  # "4 stars or more"
    last = fold(words[-1].strip(",."))
    return last.isalpha() and last != singular(last) and not find_quantities(f"5 {last}")[0].unit


def _is_doing(following: str) -> bool:
    """Whether a word behind a gerund is what is done: costing | less, crossing | the border."""
    return bool(following) and (following in _COMPARING | _COUNTING or following not in OPENERS)


def _have(rest: str, *, past: bool) -> str:
    denied = re.match(r"(?:not|never)\s+", rest)
    if denied:
        return f"must {denied.group().strip()} have {rest[denied.end() :]}"
    return f"must have {'had ' * past}{rest}"


def _is_like(words: Sequence[str]) -> bool:
    """Whether words begin with an adjective and what it goes with: soluble in water."""
    second = fold(words[1]) if len(words) > 1 else "in"
    first = fold(words[0])
    goes_on = second in PREPOSITIONS | OPENERS or second.endswith("ly")
    return goes_on and (bool(_ADJECTIVAL.search(first)) or first in ADJECTIVES)


def _is_comparative(words: Sequence[str]) -> bool:
    return fold(words[0]).endswith("er") and [fold(word) for word in words[1:2]] == ["than"]


def _after(text: str, words: Sequence[str]) -> str:
    """A text without one of some words at its beginning."""
    first, _, rest = text.partition(" ")
    return rest if fold(first) in words else text


def _participial(words: Sequence[str], voice: Voice) -> str:
    """What stands before a participle: founded in 2010 was done to it, raised money it has."""
    first = fold(words[0])
    if first.endswith("ing"):
        return "be"
    following = fold(words[1]) if len(words) > 1 else "by"
    if first == "born":
        return "have been"
    done = first in _BY_ITSELF or following in {"a", "an", "the", "its", "their", "no"}
    standing = first in _STANDING and following in PREPOSITIONS
    if done or (voice == "active" and following != "by" and not standing):
        return "have"
    if first in _STANDING:
        return "be"
    passive = following in PREPOSITIONS or following in OPENERS or following[:1].isdigit()
    return "have been" if passive or voice == "passive" else "have"


def _be(rest: str, *, past: bool) -> str:
    negated = re.match(r"(?:not|never|no\s+longer)\s+", rest)
    rest = rest[negated.end() :] if negated else rest
    if negated and negated.group().startswith("no "):
        return f"must not be {_single(rest)} any more"
    return f"must {'not ' if negated else ''}{'have been' if past else 'be'} {_single(rest)}"


def _single(said: str) -> str:
    """What each of several is, where they "are seeds" or "are hard cheeses of Italy"."""
    words = said.split()
    ends = (at for at, word in enumerate(words) if fold(word) in OPENERS | PREPOSITIONS)
    at = next(ends, len(words)) - 1
    if (
        " than " in said
        or at < 0
        or at > _KIND_OF
        or {"and", "or", "either", "neither", "both"} & set(words)
    ):
        return said
    last = fold(words[at])
    plain = last.endswith("s") and last.isalpha() and last != singular(last)
    if not plain or fold(words[0]) in {"the", "their", "its", "all", "a", "an"} or counts(said):
        return said
    one = words[at][:1] + singular(last)[1:]
    kind = " ".join([*words[:at], one, *words[at + 1 :]])
    return f"{article(kind)}{kind}"
