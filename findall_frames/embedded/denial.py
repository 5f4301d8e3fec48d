"""What a sentence denies, and what it says was so once or is yet to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from findall_frames.embedded.english import FINITE, is_negator
from findall_frames.embedded.words import fold, phrases

__all__ = ["has_ended", "is_hearsay", "is_negated", "part_between"]

_CLAUSE_END = re.compile(r"[,;:()]|\bbut\b|\bwhile\b|\band\b")
_UNABLE = frozenset(
    phrases(
        """unable, incapable, useless, instead, unsuitable, inaccessible, unavailable, impossible,
        unfit, unsafe, hardly, barely, scarcely"""
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
_BARRED = frozenset(phrases("cannot, can't, couldn't, mustn't, can, could, may, must, should"))
_USED = frozenset(("available", "possible", "necessary", "present", "found", "part"))
_NOT_YET = frozenset(
    phrases(
        """formerly, failed, attempted, planned, cancelled, nominated, nomination,
        shortlisted, overtook, overtaken, surpassed, displaced, dethroned, ousted"""
    )
)
# "It used to make cider", but malt is used to make beer.
_FORMERLY = re.compile(
    r"""(?<!\bis\ )(?<!are\ )(?<!was\ )(?<!were\ )(?<!been\ )(?<!\bbe\ )\bused\ to\b[^,;:()]*$
    |\b(?:plans|planning|hopes|hoping|intends|intending|expected|wants)\ to\ (?:\w+\ ){0,3}$""",
    re.VERBOSE,
)
_CALLED_OFF = re.compile(
    r"\b(?:given up|called off|(?:not|never) come true|(?:did not|never) happen(?:ed)?)\b"
)
_LOST = re.compile(r"\blost (?:the|its|his|her|their|all|most)\b")
_NO_MORE = frozenset(phrases("cancelled, failed, abandoned, vanished, disappeared, gone"))
_HEARSAY = re.compile(
    r"""\b(?:(?:is|are|was|were)\ (?:said|believed|thought|rumoured|rumored|reported|claimed)\ to
    |it\ is\ (?:said|believed|thought|rumoured|rumored)|allegedly|reportedly|supposedly
    |legend\ has|according\ to\ legend|may\ have|might\ have|perhaps|possibly|claims?\ to)\b""",
    re.VERBOSE,
)
_NEAR: Final = 6
"""A negation reaches this many words, unless a comma ends it."""


def is_negated(sentence: str, said: Sequence[str], first: int, last: int) -> bool:
    """Whether a negation reaches the words from `first` to `last`.

    Parameters
    ----------
    sentence : str
        As it stands.
    said : sequence of str
        Its words, folded.
    first, last : int
        Places of words in it.
    """
    if any(
        _denies(said, at) and not _is_past(said[at:last]) for at in range(first, last)
    ) or _is_barred(said[last + 1 : last + 4]):
        return True
    start = max(0, first - _NEAR)
    if _REFUSED.search(part_between(sentence, said, start, first)):
        return True
    for at in reversed(range(start, first)):
        # "A non-stop flight" is one.
        if (_denies(said, at) or said[at] in _UNABLE) and (said[at] != "non" or at == first - 1):
            between = part_between(sentence, said, at, first)
            return not (_is_past(said[at:first]) or _CLAUSE_END.search(between))
    return False


def has_ended(sentence: str, said: Sequence[str], first: int, last: int) -> bool:
    """Whether something was so until some time, or never came to be: "failed to land".

    Parameters
    ----------
    sentence, said, first, last
        As in `is_negated`.
    """
    start = max(0, first - _NEAR)
    before, behind = said[start:first], said[last + 1 : last + _NEAR]
    if _FORMERLY.search(part_between(sentence, said, start, first)):
        return True
    # A former station that closes on Mondays closes.
    former = "former" in before[-2:] or bool((_NOT_YET & set(before)) | (_NO_MORE & set(behind)))
    former = former or bool(_LOST.search(" ".join(before)) or _CALLED_OFF.search(" ".join(behind)))
    return former or (bool({"was", "were"} & set(before)) and "until" in behind)


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
    if not behind or behind[0] not in FINITE | _BARRED:
        return False
    denied = is_negator(behind[0]) or behind[1:2] in (["not"], ["never"])
    if not denied or behind[0] in _BARRED:
        return denied  # "Wheelchairs cannot reach it."
    if behind[1:] in (["not"], ["never"]):
        return True  # "Tools are included, rooms are not."
    verb = behind[2] if behind[1] in {"not", "never"} and len(behind) > 2 else behind[1]
    return verb.endswith("ed") or verb in _USED
