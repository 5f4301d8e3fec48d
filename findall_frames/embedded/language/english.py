"""Small words of English, by what they do in a condition."""

from __future__ import annotations

from typing import Final

from findall_frames.embedded.language.words import phrases, stem

__all__ = [
    "ABSENT",
    "ADVERBS",
    "AUXILIARIES",
    "FILLERS",
    "FINITE",
    "GENERIC_HEADS",
    "MODALS",
    "NEGATORS",
    "PREPOSITIONS",
    "PRESENT",
    "TOPIC",
    "is_negator",
    "is_relation",
]

FINITE: Final = frozenset(phrases("""is, are, was, were, has, does, did"""))
AUXILIARIES: Final = FINITE | frozenset(
    phrases(
        """be, been, being, am, have, having, had, do, can, could, will, would, get, gets, got"""
    )
)
MODALS: Final = frozenset(
    phrases("""must, should, shall, has to, have to, needs to, need to, ought to, is required to""")
)
NEGATORS: Final = frozenset(
    phrases(
        """not, no, never, without, neither, nor, none, non, lacks, lack, lacking, outside,
        nothing, cannot, nobody"""
    )
)
PREPOSITIONS: Final = frozenset(
    phrases(
        """in, on, at, from, of, by, to, under, with, within, for, as, into, per, via, through,
        near, behind, across, over, during, inside, among, against, around, toward, towards, onto,
        upon"""
    )
)
ADVERBS: Final = frozenset(
    phrases(
        """anything, something, everything, able, a, an, the, its, their, his, her, him, it, they,
        them, this, that, these, those, any, some, all, each, every, both, either, which, who,
        whom, whose, what, where, when, there, also, only, just, currently, actually, still,
        already, mainly, primarily, officially, originally, at least, very, more, most, than,
        so, such, own, other, or, and, too, exactly, one, ones, s, along, now, ever, about, must,
        should, shall, might, ought, we, i, me, our, my, you, your, please, purely, solely,
        exclusively, roughly, approximately, as, well, if, possible, yet, even, however,
        back, away, out, off, aboard"""
    )
)
# Words that say how a thing and a value belong together, and nothing else.
_RELATIONS: Final = frozenset(
    stem(word)
    for word in phrases(
        """take, last, reach, get, earn, based, located, situated, headquartered, made,
        manufactured, produced, built, come, came, originate, lie, found, belong, registered,
        domiciled, live, operate, written, developed, spoken, licensed, released, distributed,
        published, available, use, called, named, known, classified, categorized, listed,
        part, member, kind, type, sort, category, group, value, field, column, equal, include,
        contain, state, stated, given, set, work, run, place, home, offer, provide, make,
        require, need, depend, founded, established, active, specify, declare,
        sell, speak, fall, play, win, receive, hold, carry, spend, stay, remain, become, go,
        serve, involve, happen, occur, pass, flow, housed, hosted"""
    )
)
# Heads of a phrase that name no measure of their own: population size is population.
GENERIC_HEADS: Final = frozenset(
    phrases(
        """size, count, number, level, figure, value, total, rate, period, status, amount, of,
        point, score, figures, numbers, counts, totals, values, levels"""
    )
)
FILLERS: Final = frozenset(
    phrases(
        """total, annual, current, estimated, average, overall, yearly, official, whole, entire,
        degree, degrees, month, week, annum"""
    )
)
PRESENT: Final = frozenset(
    phrases(
        """given, known, stated, listed, specified, available, recorded, disclosed, reported,
        provided, documented, present, exist, exists, file, filled, noted, entered, assigned"""
    )
)
ABSENT: Final = frozenset(
    phrases("""missing, unknown, absent, empty, null, blank, unspecified, undefined, unavailable""")
)
TOPIC: Final = frozenset(
    phrases(
        """about, for, mention, mentions, mentioned, mentioning, related, relating, relate,
        relates, regarding, concerning, deal, dealing, deals, describe, describes, described, topic,
        support, supports, supporting, focus, focused, focuses, helps, help"""
    )
)


def is_negator(word: str) -> bool:
    """Whether a folded word turns what follows into its opposite."""
    return word in NEGATORS or word.endswith("n't")


def is_relation(word: str) -> bool:
    """Whether a folded word only says how a thing and a value belong together: based, made."""
    return stem(word) in _RELATIONS
