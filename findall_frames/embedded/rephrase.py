"""A criterion of an objective as a sentence that can be read by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from findall_frames.embedded.english import FINITE, PREPOSITIONS
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.words import fold, phrases, singular

__all__ = [
    "BE",
    "OPENERS",
    "VERBS",
    "Voice",
    "article",
    "begins_participle",
    "counts",
    "entity_noun",
    "has_subject",
    "is_adverb",
    "is_participle",
    "is_place",
    "past",
    "sentence_of",
    "uncontracted",
]

Voice: TypeAlias = Literal["", "active", "passive"]
"""Whether what a participle says was done by the entity or to it."""

BE = frozenset(phrases("is, are, was, were, be"))
# Common verbs, which are rarely the second noun of two.
VERBS = frozenset(
    phrases(
        """include, offer, provide, serve, require, need, contain, sell, accept, allow, support,
        use, make, produce, cost, take, give, earn, know, own, employ, export, import, host, carry,
        last, belong, come, speak, live, work, weigh, hold, charge, ship, deliver, grow, like"""
    )
)
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
# Pasts that are no participles themselves.
_PASTS = dict(
    pair.split(":")
    for pair in phrases(
        """came:come, went:gone, became:become, began:begun, grew:grown, flew:flown, fell:fallen,
        took:taken, wrote:written, gave:given, broke:broken, rose:risen, shrank:shrunk, sang:sung,
        swam:swum, drove:driven, rode:ridden, spoke:spoken, stole:stolen, wore:worn, tore:torn,
        drew:drawn, knew:known, threw:thrown, ate:eaten, saw:seen, chose:chosen, froze:frozen,
        sank:sunk, overcame:overcome, had:had, did:done, got:got, ran:run"""
    )
)
_PASTS_OF = {
    "be": "was", "build": "built", "make": "made", "sell": "sold", "win": "won", "lead": "led",
    "find": "found", "buy": "bought", "lose": "lost", "hold": "held", "teach": "taught",
    "write": "wrote", "give": "gave", "draw": "drew", "take": "took", "sing": "sang", "see": "saw",
    "choose": "chose", "break": "broke", "have": "had", "do": "did", "run": "ran", "know": "knew",
    "grow": "grew", "fly": "flew", "drive": "drove", "ride": "rode", "speak": "spoke",
    "pay": "paid", "bring": "brought", "say": "said", "wear": "wore", "go": "went",
    "come": "came",
}  # fmt: skip
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
_NO_ADVERBS = frozenset(
    phrases(
        "italy, july, sicily, family, supply, assembly, reply, fly, ally, apply, rely, only, early"
    )
)
_SPELLED = 3
_KIND_OF = 3
_NO_PARTICIPLES = frozenset(
    phrases(
        """building, thing, king, ring, spring, string, wing, bed, seed, breed, being, red, need,
        feed, speed, exceed, proceed, succeed, bleed, weed, embed, shed, sled, bring, sing,
        cling, swing, sting, ping, evening, morning, ceiling, during, hundred, wedding,
        anything, something, nothing, everything"""
    )
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
        # NASA is said as a word, MIT letter by letter.
        spoken = len(first) > _SPELLED and not set("AEIOU").isdisjoint(first[1:])
        vowel = first[0] in ("AEIO" if spoken else "AEFHILMNORSX")
    else:
        low = fold(first)
        vowel = low[:1] in set("aeiou") and not low.startswith(("eu", "uni", "us", "one"))
    return "an " if vowel else "a "


def sentence_of(thing: str, clause: str, *, of_several: bool = False, voice: Voice = "") -> str:
    """A criterion as a sentence: "Country must have a population above 50 million.".

    Where it is asked of several things, a word such as "gardeners" in "that gardeners love" is
    no verb.
    """
    words = clause.split()
    first, second = fold(words[0]), fold(words[1]) if len(words) > 1 else ""
    rest = " ".join(words[1:])
    if first in {"with", "having", "has", "have", "had"}:
        said = _have(rest, past=first == "had")
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
        return f"{thing} must be one whose {rest}."
    elif first == "where":
        return f"{thing} must be one where {rest}."
    elif second in {"which", "whom", "whose"}:
        return f"{thing} must be one {clause}."
    elif first == "not":
        said = f"must not be {rest}"
    elif first in {"neither", "either"} and second in FINITE | {"have", "do", "can"}:
        return f"{thing} must be one that {clause}."
    elif first in {"neither", "either"}:
        said = f"must be {clause}"
    elif first in {"except", "excluding", "other"}:
        said = f"must not be {_after(rest, ('than', 'for'))}"
    elif first == "worth":
        said = f"must be {clause}"
    elif is_adverb(first) and is_participle(second):
        said = f"must {_participial(words[1:], voice)} {clause}"
    elif is_adverb(first) and second in _PASTS:
        said = f"must have {first} {_PASTS[second]} {' '.join(words[2:])}"
    elif first in _PASTS:
        said = f"must have {_PASTS[first]} {rest}"
    elif first in _UNCHANGED and voice != "passive":
        said = f"must {clause}"
    elif first.endswith("ing") and _is_doing(second):
        said = f"must {_of_gerund(first)} {rest}"
    elif is_participle(first) and (first != "run" or second == "by"):
        said = f"must {_participial(words, voice)} {clause}"
    elif first in _COMPARING or is_place(words) or _is_comparative(words) or _is_like(words):
        said = f"must be {clause}"
    elif has_subject(words, of_several=of_several):
        return f"{thing} must be one that {clause}."
    elif first == "never":
        past = "never " + ("have" if voice == "active" else "have been")
        said = f"must {past} {rest}" if is_participle(second) else f"must never {rest}"
    else:
        verb = words[0].islower() and first.endswith("s") and not first.endswith("ss")
        said = f"must {_base(first) if verb else words[0]} {rest}"
    return f"{thing} {' '.join(said.split())}."


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
    if fold(words[0]) not in _COUNTING and not words[0][:1].isdigit():
        return False
    found = find_quantities(clause)
    if len(found) != 1 or found[0].unit is not None or found[0].year or found[0].dates:
        return False
    last = fold(words[-1].strip(",."))
    return last.isalpha() and last != singular(last) and not find_quantities(f"5 {last}")[0].unit


def past(verb: str) -> str:
    """The past of a verb: designed, wrote."""
    low = fold(verb)
    if low in _PASTS_OF:
        return _PASTS_OF[low]
    return f"{low}d" if low.endswith("e") else f"{low}ed"


def _base(verb: str) -> str:
    """The verb itself, of "goes" and "offers"."""
    return verb[:-2] if verb.endswith("oes") else singular(verb)


def _is_doing(following: str) -> bool:
    """Whether a word behind a gerund is what is done: costing | less, crossing | the border."""
    return bool(following) and (following in _COMPARING | _COUNTING or following not in OPENERS)


def _of_gerund(word: str) -> str:
    """The verb that a gerund is of: last, score, run, include."""
    base = word.removesuffix("ing")
    if base[-1:] == base[-2:-1] and base[-1:] not in "lsz":
        return base[:-1]
    once = len(re.findall(r"[aeiouy]+", base)) == 1
    short = once and re.search(r"[^aeiou][aeiou][^aeiouwxy]$", base)
    mute = short or base.endswith(("v", "c", "u", "z", "clud", "quir", "vid"))
    return f"{base}e" if mute else base


def is_adverb(word: str) -> bool:
    """Whether a folded word may stand before a participle: first performed, last updated."""
    if word in {"first", "last", "once", "also", "still"}:
        return True
    return word.endswith("ly") and word not in _NO_ADVERBS


def _have(rest: str, *, past: bool) -> str:
    denied = re.match(r"(?:not|never)\s+", rest)
    if denied and rest[denied.end() :].startswith("been "):
        return f"must {denied.group().strip()} have {rest[denied.end() :]}"
    if denied:
        return f"must {denied.group().strip()} have {rest[denied.end() :]}"
    return f"must have {'had ' * past}{rest}"


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


def _is_like(words: Sequence[str]) -> bool:
    """Whether words begin with an adjective and what it goes with: soluble in water."""
    second = fold(words[1]) if len(words) > 1 else "in"
    return bool(_ADJECTIVAL.search(fold(words[0]))) and second in PREPOSITIONS | OPENERS


def _is_comparative(words: Sequence[str]) -> bool:
    return fold(words[0]).endswith("er") and [fold(word) for word in words[1:2]] == ["than"]


def _after(text: str, words: Sequence[str]) -> str:
    """A text without one of some words at its beginning."""
    first, _, rest = text.partition(" ")
    return rest if fold(first) in words else text


_OTHERWISE = re.compile(
    r"\bor\s+(?:with|in|by|from|(?:first|last|\w+ly)\s|\w+ed\b|ha[sv]e?\b|are\b)"
)
_ADJECTIVAL = re.compile(r"^(?!enable|disable)\w{3,}(?:[aiu]ble|ful|less|ous|(?<!top)ic)$")
_OUTER = frozenset(phrases("outside, inside, beyond, near, off"))
_ADJECTIVES = frozenset(
    phrases(
        """close, next, adjacent, similar, equal, famous, suitable, compatible, available, free,
        due, open, full, rich, poor, unique, native, endemic, popular, common, typical,
        comparable"""
    )
)
_SUBJECTS = frozenset(
    phrases("i, you, he, she, it, we, they, people, nobody, someone, somebody, everybody, the")
)
_COUNTING = frozenset(
    phrases("more, less, fewer, at, over, under, between, up, about, around, exactly, just, some")
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


def _participial(words: Sequence[str], voice: Voice) -> str:
    """What stands before a participle: founded in 2010 was done to it, raised money it has."""
    first = fold(words[0])
    if first.endswith("ing"):
        return "be"
    following = fold(words[1]) if len(words) > 1 else "by"
    if first == "born":
        return "have been"
    done = first in _BY_ITSELF or following in {"a", "an", "the", "its", "their", "no"}
    if done or (voice == "active" and following != "by"):
        return "have"
    if first in _STANDING:
        return "be"
    passive = following in PREPOSITIONS or following in OPENERS or following[:1].isdigit()
    return "have been" if passive or voice == "passive" else "have"


def _be(rest: str, *, past: bool) -> str:
    negated = re.match(r"(?:not|never)\s+", rest)
    rest = rest[negated.end() :] if negated else rest
    return f"must {'not ' if negated else ''}{'have been' if past else 'be'} {_single(rest)}"


def _single(said: str) -> str:
    """What each of several is, where they "are seeds" or "are hard cheeses of Italy"."""
    words = said.split()
    ends = (at for at, word in enumerate(words) if fold(word) in OPENERS | PREPOSITIONS)
    at = next(ends, len(words)) - 1
    if at < 0 or at > _KIND_OF or {"and", "or", "either", "neither", "both"} & set(words):
        return said
    last = fold(words[at])
    plain = last.endswith("s") and last.isalpha() and last != singular(last)
    if not plain or fold(words[0]) in {"the", "their", "its", "all", "a", "an"} or counts(said):
        return said
    one = words[at][:1] + singular(last)[1:]
    kind = " ".join([*words[:at], one, *words[at + 1 :]])
    return f"{article(kind)}{kind}"
