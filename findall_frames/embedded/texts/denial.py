"""What a sentence denies, and what it says was so once or is yet to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from findall_frames.embedded.language.english import FINITE, is_negator
from findall_frames.embedded.language.words import fold, phrases

__all__ = [
    "Stretch",
    "Tense",
    "is_hearsay",
    "is_negated",
    "is_of_leave",
    "is_over",
    "part_between",
    "tense_of",
]

Tense: TypeAlias = Literal["past", "present", "future"]

_CLAUSE_END = re.compile(r"[,;:()]|\bbut\b|\bwhile\b|\band\b")
_UNABLE = frozenset(
    phrases(
        """unable, incapable, useless, instead, unsuitable, inaccessible, unavailable, impossible,
        unfit, unsafe"""
    )
)
# What is refused, avoided or left to others, right up to the words.
_REFUSED = re.compile(
    r"""\b(?:refus(?:e|es|ed|ing)\ to|declin(?:e|es|ed|ing)\ to|avoid(?:s|ed|ing)?|rather\ than
    |other\ than|apart\ from|except(?:\ for)?|anything\ but|far\ from|free\ (?:of|from)|unlike
    |(?:ceas|stopp?|g[ai]ven?\ up|quit)(?:e|es|ed|s|ing)?\ (?=\w+ing\b))\b[^,;:()]*$""",
    re.VERBOSE,
)
_BUT_MORE = [[word] for word in phrases("only, just, merely, least, simply, solely")]
_OUTLAWED = frozenset(phrases("forbidden, prohibited, banned, outlawed, disallowed"))
_BARRED = frozenset(phrases("cannot, can't, couldn't, mustn't, can, could, may, must, should"))
_USED = frozenset(
    phrases(
        """available, possible, necessary, essential, present, part, a, an, set, put, made, built,
        sold, held, done, kept, paid, met, let, run, taught, brought, found, shown, known, grown"""
    )
)
# "German is welcome but not required."
_NOT_ASKED = re.compile(
    r"^[^,;:()]*\b(?:not|never|n't) (?:required|needed|necessary|essential|compulsory|mandatory"
    r"|asked for|a must|obligatory)\b"
)
_NOT_YET = frozenset(
    phrases(
        """failed, attempted, planned, cancelled, nominated, nomination, shortlisted, overtook,
        overtaken, surpassed, displaced, dethroned, ousted"""
    )
)
# "It used to make cider", but malt is used to make beer.
_FORMERLY = re.compile(
    r"""(?<!\bis\ )(?<!are\ )(?<!was\ )(?<!were\ )(?<!been\ )(?<!\bbe\ )\bused\ to\b[^,;:()]*$
    |\b(?:closed|shut|abolished|scrapped|discontinued|demolished|g[ai]ven?\ up)
    \ (?:its|the|their|his|her)\ (?:\w+\ ){0,2}$|\bformer\ (?:\w+\ )?$|\bformerly\b[^,;:()]*$""",
    re.VERBOSE,
)
_CLOSED = re.compile(
    r"""\b(?:closed|shut)\ (?:down\b|for\ good|permanently|forever|its\ doors
        |in\ (?:early\ |late\ )?\d)
    |\b(?:has|have|had)\ (?:ceased|ended|vanished|disappeared|stopped)\b|\bthing\ of\ the\ past\b
    |\blong\ ago\b|^used\ to\b|\bout\ of\ the\ question\b
    |(?:\bno|(?:\bnot|n't)\b[^,;:()]*\bany)\ (?:longer|more)\b
    |\b(?:burn(?:t|ed)|torn|pulled|knocked|closed|shut)\ down\b
    |\b(?:was|were|been)\ (?:demolished|destroyed|dissolved|discontinued|abolished|scrapped|removed
    |dismantled|withdrawn|razed)\b""",
    re.VERBOSE,
)
# "Freight was diverted and no longer comes this way"; "the last wolf was shot in 1912".
_THEN_NOT = re.compile(r"^[^;:()]*\band no longer\b")
_THE_LAST = re.compile(r"\bthe last (?:\w+ )?$")
_LONG_AGO = re.compile(r"\b(?:in (?:\w+ )?(?:1\d{3}|20\d\d)|ago)\b")
_MEANWHILE = re.compile(r"\b(?:used to|no longer|formerly)\b")
_REOPENED = re.compile(r"\bre(?:opened|built|vived|stored|launched)\b")
_TO_COME = re.compile(
    r"\b(?:plans|planning|hopes|hoping|intends|intending|expected|wants) to (?:\w+ ){0,3}$"
)
_IS_TO_COME = re.compile(r"\b(?:is|are) (?:to (?:be|open|follow|come|start)|planned)\b")
# How a condition itself asks for what was so, or will be.
_ASKED_PAST = re.compile(
    r"\b(?:was|were|had|used to|former|formerly|once|ever|previously|ex|until|no longer)\b"
)
_ASKED_FUTURE = re.compile(r"\b(?:plan|plans|planned|planning|will|future|going to|intends?)\b")
_CALLED_OFF = re.compile(
    r"\b(?:given up|called off|^(?:nomination|nominee|candidate)"
    r"|(?:not|never) come true|(?:did not|never) happen(?:ed)?)\b"
)
_LOST = re.compile(
    r"\blost (?:the|its|his|her|their|all|most)\b"
    r"|\b(?:put an end to|did away with|done away with|got rid of|abandoned) (?:\w+ ){0,2}$"
)
_NO_MORE = frozenset(phrases("cancelled, failed, abandoned, vanished, disappeared, gone"))
_OF_LEAVE = re.compile(
    r"\b(?:may not|cannot|can not|can't|not (?:be )?(?:allowed|permitted|admitted|welcome|possible"
    r"|suitable|fit|suited|safe))\b"
)
_HEARSAY = re.compile(
    r"""\b(?:(?:is|are|was|were)\ (?:said|believed|thought|rumoured|rumored|reported|claimed)\ to
    |it\ is\ (?:said|believed|thought|rumoured|rumored)|allegedly|reportedly|supposedly
    |legend\ has|according\ to\ legend|may\ have|might\ have|perhaps|possibly|claims?\ to)\b""",
    re.VERBOSE,
)
_NEAR: Final = 6
"""A negation reaches this many words, unless a comma ends it."""


class Stretch(NamedTuple):
    """Words in a sentence.

    Attributes
    ----------
    first, last : int
        The places of the first and of the last of them.
    own : frozenset of int
        Their places; what stands between is not theirs.
    """

    first: int
    last: int
    own: frozenset[int]


def is_negated(sentence: str, said: Sequence[str], at: Stretch) -> bool:
    """Whether a negation reaches some words.

    Parameters
    ----------
    sentence : str
        As it stands.
    said : sequence of str
        Its words, folded.
    at : Stretch
        Where the words are.
    """
    first, last, own = at
    if any(
        place not in own and _denies(said, place) and not _is_past(said[place:last])
        for place in range(first, last)
    ) or _is_barred(said[last + 1 : last + 4]):
        return True
    leave = said[last] in _BARRED | FINITE  # "Dogs may not come in."
    if leave and said[last + 1 : last + 2] in (["not"], ["never"]):
        return True
    if _NOT_ASKED.search(part_between(sentence, said, last + 1, min(len(said), last + 9))):
        return True
    start = max(0, first - _NEAR)
    if _REFUSED.search(part_between(sentence, said, start, first)):
        return True
    for place in reversed(range(start, first)):
        word = said[place]
        # "A non-stop flight" is one.
        if (_denies(said, place) or word in _UNABLE) and (word != "non" or place == first - 1):
            between = part_between(sentence, said, place, first)
            return not (_is_past(said[place:first]) or _CLAUSE_END.search(between))
    return False


def tense_of(condition: str) -> Tense:
    """Whether a condition asks for what was so, or for what will be.

    Examples
    --------
    >>> tense_of("used to be a mill"), tense_of("plans to export"), tense_of("exports")
    ('past', 'future', 'present')
    """
    folded = fold(condition)
    if _ASKED_FUTURE.search(folded):
        return "future"
    return "past" if _ASKED_PAST.search(folded) else "present"


def is_over(sentence: str, said: Sequence[str], at: Stretch, *, tense: Tense = "present") -> bool:
    """Whether something was so until some time, or never came to be: "failed to land".

    Parameters
    ----------
    sentence, said, at
        As in `is_negated`.
    tense : {"past", "present", "future"}
        What was asked for; what was so once is no objection to "was".
    """
    first, last, _ = at
    start, end = max(0, first - _NEAR), min(len(said), last + 1 + _NEAR)
    before, behind = said[start:first], said[last + 1 : last + _NEAR]
    led = part_between(sentence, said, start, first)
    followed = part_between(sentence, said, last + 1, end)
    clause = _CLAUSE_END.split(followed, maxsplit=1)[0]
    rest = part_between(sentence, said, last + 1, len(said))
    if tense != "future" and (_TO_COME.search(led) or _IS_TO_COME.search(clause)):
        return True
    if _NOT_YET & set(before) and not (tense == "future" and "planned" in before):
        return True
    if _NO_MORE & set(behind) or _CALLED_OFF.search(" ".join(behind)):
        return True
    if tense == "past":
        return False
    closed = bool(_CLOSED.search(clause)) and not _REOPENED.search(fold(sentence))
    gone = _THE_LAST.search(led) and _LONG_AGO.search(clause)
    gone = gone or _MEANWHILE.search(part_between(sentence, said, first, last))
    gone = gone or _THEN_NOT.search(rest) or _FORMERLY.search(led) or _LOST.search(led)
    return closed or bool(gone) or (bool({"was", "were"} & set(before)) and "until" in behind)


def is_of_leave(condition: str) -> bool:
    """Whether a condition asks what can or may not be done, or is not fit for something.

    Examples
    --------
    >>> is_of_leave("You may not bring a dog"), is_of_leave("must not have a café")
    (True, False)
    """
    return _OF_LEAVE.search(fold(condition)) is not None


def is_hearsay(sentence: str) -> bool:
    """Whether a sentence only passes on what is said, or thought possible."""
    return _HEARSAY.search(fold(sentence)) is not None


def part_between(sentence: str, said: Sequence[str], start: int, end: int) -> str:
    """The folded part of a sentence from one word to another, with its commas."""
    folded, at, begin = fold(sentence), 0, 0
    for place, word in enumerate(said[: end + 1]):
        at = folded.find(word, at)
        if place == start:
            begin = at
        if place == end:
            return folded[begin:at]
        at += len(word)
    return folded[begin:]


def _denies(said: Sequence[str], at: int) -> bool:
    """Whether a word negates; "not only" does not."""
    return is_negator(said[at]) and said[at + 1 : at + 2] not in _BUT_MORE


def _is_past(said: Sequence[str]) -> bool:
    """Whether a negation is over before its words are: "without territories is eliminated"."""
    return said[0] == "without" and not FINITE.isdisjoint(said)


def _is_barred(behind: Sequence[str]) -> bool:
    """Whether the words that follow deny that something is used: (dice) are not used."""
    if not behind or behind[0].removesuffix("n't") not in FINITE | _BARRED:
        return False
    if behind[0] in FINITE and behind[1:2] and behind[1] in _OUTLAWED:
        return True  # "Smoking is prohibited."
    denied = is_negator(behind[0]) or behind[1:2] in (["not"], ["never"])
    if not denied or behind[0] in _BARRED:
        return denied  # "Wheelchairs cannot reach it."
    if behind[1:] in ([], ["not"], ["never"]):
        return True  # "Tools are included, rooms are not."
    verb = behind[2] if behind[1] in {"not", "never"} and len(behind) > 2 else behind[1]
    done = verb.endswith(("ed", "en")) and verb != "open"
    return done or verb in _USED
