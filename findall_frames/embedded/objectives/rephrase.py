"""Forms of words: what is a participle or a place, the past of a verb, the article of a noun."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.language.english import PREPOSITIONS
from findall_frames.embedded.language.words import fold, phrases, singular

__all__ = [
    "ADJECTIVES",
    "OPENERS",
    "VERBS",
    "article",
    "base",
    "begins_participle",
    "entity_noun",
    "has_subject",
    "is_adjectival",
    "is_adverb",
    "is_participle",
    "is_place",
    "of_gerund",
    "past",
]

# Common verbs, which are rarely the second noun of two.
VERBS = frozenset(
    phrases(
        """include, offer, provide, serve, require, need, contain, sell, accept, allow, support,
        use, make, produce, cost, take, give, earn, know, own, employ, export, import, host, carry,
        last, belong, come, speak, live, work, weigh, hold, charge, ship, deliver, grow, like,
        owe, ask, pay, arrive, depart, leave, treat, cause, lack, attract, receive, involve,
        reach, exceed, teach, bring, keep, prefer, avoid, welcome"""
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
_ADJECTIVAL = re.compile(
    r"(?:ed|ful|less|ous|[ai]ble|al|ic|ive|ary|ory|ish|ian|ean|ese|ant|ent|like)$"
)
_PARTICIPLE = re.compile(r"^[a-z]{2,}(?:ed|ing)$")
_IRREGULAR_PARTICIPLES = frozenset(
    phrases(
        """made, built, written, born, sold, found, held, led, spoken, run, known, won, set, grown,
        taught, caught, bought, brought, sent, lost, left, kept, paid, drawn, driven, flown,
        broken, chosen, dug, heard, seen, told, put, spent, swept, spun, shaken, forgotten,
        frozen, withdrawn, overseen, sunk, done, hidden, ridden, stolen, sung, worn, woven,
        laid, lit, bound, fought, hung, fed, given, taken, eaten, shown, thrown, bred, cast,
        cut, shot, struck"""
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
_NO_ADVERBS = frozenset(
    phrases(
        "italy, july, sicily, family, supply, assembly, reply, fly, ally, apply, rely, only, early"
    )
)
_SPELLED = 3
_NO_PARTICIPLES = frozenset(
    phrases(
        """building, thing, king, ring, spring, string, wing, bed, seed, breed, being, red, need,
        feed, speed, exceed, proceed, succeed, bleed, weed, embed, shed, sled, bring, sing,
        cling, swing, sting, ping, evening, morning, ceiling, during, hundred, wedding,
        anything, something, nothing, everything"""
    )
)
_OUTER = frozenset(phrases("outside, inside, beyond, near, off"))
ADJECTIVES = frozenset(
    phrases(
        """close, next, adjacent, similar, equal, famous, suitable, compatible, available, free,
        due, open, full, rich, poor, unique, native, endemic, popular, common, typical,
        comparable"""
    )
)
_SUBJECTS = frozenset(
    phrases("i, you, he, she, it, we, they, people, nobody, someone, somebody, everybody, the")
)


def entity_noun(noun: Sequence[str]) -> str:
    if not noun:
        return ""
    word = noun[0].strip(",;")
    single = "person" if fold(word) == "people" else singular(fold(word))
    return single[:1].upper() + single[1:]


def article(words: str) -> str:
    """The article that stands before words, with a space: "an " before AI and HTTP."""
    first = (words.split() or [""])[0]
    if first.isupper() and len(first) > 1:
        # NASA is said as a word, MIT letter by letter.
        spoken = len(first) > _SPELLED and not set("AEIOU").isdisjoint(first[1:])
        vowel = first[0] in ("AEIO" if spoken else "AEFHILMNORSX")
    else:
        low = fold(first)
        vowel = low[:1] in set("aeiou") and not low.startswith(("eu", "uni", "us", "one"))
    return "an " if vowel else "a "


def past(verb: str) -> str:
    """The past of a verb: designed, wrote."""
    low = fold(verb)
    if low in _PASTS_OF:
        return _PASTS_OF[low]
    return f"{low}d" if low.endswith("e") else f"{low}ed"


def base(verb: str) -> str:
    """The verb itself, of "goes" and "offers"."""
    return verb[:-2] if verb.endswith("oes") else singular(verb)


def of_gerund(word: str) -> str:
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


def is_adjectival(word: str) -> bool:
    """Whether a word ends as adjectives do, and says what something is rather than has."""
    return bool(_ADJECTIVAL.search(fold(word)))


def is_place(words: Sequence[str]) -> bool:
    """Whether words begin as in "outside Norway" or "close to the sea"."""
    first, second = [*map(fold, words[:2]), "", ""][:2]
    return first in PREPOSITIONS | _OUTER or (first in ADJECTIVES and second in PREPOSITIONS)


def has_subject(words: Sequence[str], *, of_several: bool = False) -> bool:
    """Whether a clause says what somebody else does: "that gardeners love", "John visited"."""
    first = fold(words[0])
    if len(words) < 2 or first in _SUBJECTS:
        return len(words) > 1
    named = words[0].istitle() and is_participle(fold(words[-1]))
    many = words[0].islower() and first != singular(first) and not first.endswith("ss")
    return named or (of_several and many)


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
    before = fold(words[at - 1]) if at else ""
    several = before.endswith("s") and before != singular(before)
    if low.endswith("ing") and several and following and of_gerund(low) in VERBS:
        return True  # "starters | containing egg"
    determined = following in {"a", "an", "the", "this", "last"}
    return following in OPENERS or following[:1].isdigit() or determined
