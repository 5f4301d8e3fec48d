"""Exceptions in an objective, put as criteria of their own."""

from __future__ import annotations

import re

from findall_frames.embedded.language.english import AUXILIARIES
from findall_frames.embedded.language.words import fold
from findall_frames.embedded.objectives.rephrase import is_participle

__all__ = ["without_exceptions"]

_EXCEPTED = re.compile(
    r"""[,;]?\s+(?:except(?:\s+for)?|excluding|but(?:\s+not)?(?=\s+(?:those|the\s+ones|ones|any|such)\b)|but\s+not|other\s+than|apart\s+from|save\s+for
      |(?:(?:and|but)\s+)?(?:please\s+)?(?:exclude|(?:leave|leaving)\s+out|skip|ignore|omit))\s+
    (?:(?:those|the\s+ones|ones|any|such)\s+(?P<link>(?:that|which|who)\s+)?
    |(?P<what>what(?:ever)?)\s+)(?P<first>[^\W\d_]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# "On whose slopes people ski" is about the slopes.
_OPEN_ENDED = re.compile(r"\b(?:on|in|at|from|by|to|of|for|with)\s+(whose)\b", re.IGNORECASE)


_EXCEPTED_ONES = re.compile(
    r"""[,;]?\s+(?:(?:and|but)\s+)?(?:please\s+)?
    (?:except(?:\s+for)?|excluding|exclude|(?:leave|leaving)\s+out|skip|ignore|omit|not)\s+
    (?:the\s+|any\s+)?(?P<kind>(?!the\b|those\b|any\b)[\w-]+)\s+ones\b""",
    re.IGNORECASE | re.VERBOSE,
)


def without_exceptions(text: str) -> str:
    """An objective without "except those that ...", which is another criterion.

    Examples
    --------
    >>> without_exceptions("white solids, except those that dissolve in water")
    'white solids that do not dissolve in water'
    """
    text = _EXCEPTED_ONES.sub(r" that are not \g<kind>", text)
    return _EXCEPTED.sub(_without, _OPEN_ENDED.sub(r"\1", text))


def _without(match: re.Match[str]) -> str:
    """An exception as a criterion: "except those that dissolve" are "that do not dissolve"."""
    first = fold(match["first"])
    link = match["link"] or match["what"]
    if first in {"with", "having"}:
        return " without"
    if first == "without":
        return " with"
    if not link and not is_participle(first):
        return f" that are not {match['first']}"
    if not link:
        return f" that were not {match['first']}"
    if first in AUXILIARIES and first not in {"has", "have", "had"}:
        return f" that {match['first']} not"
    base = "have" if first in {"has", "had"} else match["first"]
    return f" that do not {base}"
