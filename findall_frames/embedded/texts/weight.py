"""Which words of a condition carry it, where running text is searched for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from findall_frames.embedded.language.english import FILLERS, FINITE, PREPOSITIONS, is_relation
from findall_frames.embedded.language.words import phrases
from findall_frames.embedded.reading.clauses import Token

__all__ = ["carrying", "nouns_in"]

_LIGHT = frozenset(
    phrases(
        """suitable, appropriate, ideal, fit, aimed, intended, meant, attend, join, participate,
        previous, prior, beforehand, lot, lots, plenty, yourself, themselves, oneself, somewhere,
        certain, obtain, entirely, fully, completely, totally, wholly, mostly, largely, usually,
        generally, normally, typically, regularly, often, always, sometimes, especially,
        particularly, specially, specifically, really, explicitly, directly, easily, commonly,
        widely, highly, extremely, relatively, quite, almost, nearly, another,
        today, nowadays, presently, done, itself, himself, herself, once, later, afterwards,
        necessary, essential, compulsory, obligatory, mandatory, subsequently, eventually,
        finally, meanwhile, legally, thereby, thereafter"""
    )
)
_SOME = frozenset(("some", "any", "certain"))
_PERSONS = frozenset(
    phrases(
        """participants, visitors, guests, customers, users, attendees, students, travellers,
        passengers, members, residents, patients, buyers, tenants, players, couple, couples, adults,
        applicants, candidates, employees, pupils, viewers, readers, owners, drivers, parties"""
    )
)
_ENABLED = frozenset(phrases("can, may, could, must, should, get, gets, have, need"))
_GIVEN = frozenset(phrases("included, provided, supplied, served, covered"))
_CHARGES = frozenset(phrases("cost, costs, charge, charges, charged"))
_PRICES = frozenset(phrases("price, fee, cost, ticket, fare, rent, rate"))

_LEADING = frozenset(
    phrases("a, an, the, its, their, his, her, own, from, at, by, without, no, any")
)
_NOUNS = frozenset(
    phrases(
        """licence, license, licences, licenses, member, members, home, homes, work, degree,
        degrees"""
    )
)
_HARDLY_NOUNS = frozenset(
    phrases(
        """kind, kinds, type, types, sort, sorts, category, group, value, field, column, place,
        part, use, total, average, annual, whole, entire, official, current, year, month, week,
        named, called, known, based, located, made, available, stated, given, listed, set, equal,
        active"""
    )
)


def nouns_in(words: Sequence[str], harmless: Callable[[str], bool]) -> set[str]:
    """Words that are asked for as nouns, though as verbs they say little: from home, a degree.

    Parameters
    ----------
    words : sequence of str
        Of a condition, folded.
    harmless : callable
        Whether a word adds nothing by itself.
    """
    found: set[str] = set()
    for before, word, behind in zip(["", *words], words, [*words[1:], ""], strict=False):
        # "A degree" is one, and so is a driving licence.
        led = before in _LEADING or (word in _NOUNS and not (before and harmless(before)))
        ends = not behind or (behind != "of" and not Token(behind).is_content)
        light = is_relation(word) or word in FILLERS
        # "Has not been found": here the last word is what is asked.
        done = before == "been" and not behind and is_relation(word)
        if done or (led and ends and light and word not in _HARDLY_NOUNS):
            found.add(word)
    return found


def carrying(rest: Sequence[str], words: Sequence[str], occurs: Callable[[str], bool]) -> list[str]:
    """Those of the words `rest` of a condition that a text has to say.

    Parameters
    ----------
    rest : sequence of str
        What is left of the condition, folded.
    words : sequence of str
        All its words.
    occurs : callable
        Whether a word stands in some text.
    """
    some = {b for a, b in pairwise(words) if a in _SOME}
    # "Participants can get a certificate" is about the certificate.
    persons = {a for a, b in pairwise(words) if a in _PERSONS and b in _ENABLED}
    light = _LIGHT | some | persons
    inclusive = _is_inclusive(words)
    if inclusive:
        light |= _PRICES | _GIVEN
    if "extra" in rest:
        light |= _CHARGES
    modal = any(a not in PREPOSITIONS and b == "may" for a, b in pairwise(words))
    kept = [word for word in rest if word not in light and not (modal and word == "may")]
    if not kept:
        return list(rest)
    # Of a packed lunch to bring along nobody says that it is provided.
    return [*kept, "included"] if inclusive and any(map(occurs, _GIVEN)) else kept


def _is_inclusive(words: Sequence[str]) -> bool:
    """Whether something is asked for as part of what is paid: lunch is provided."""
    if not _PRICES.isdisjoint(words) and not {"include", "includes"}.isdisjoint(words):
        return True
    given = [at for at, word in enumerate(words) if word in _GIVEN and at > 1]
    return any(not FINITE.isdisjoint(words[max(0, at - 2) : at]) for at in given)
