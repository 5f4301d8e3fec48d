"""Wording shared by everything that is shown, and cleaning of text from unknown sources."""

from __future__ import annotations

import math
import re
import unicodedata
from urllib.parse import urlsplit

__all__ = [
    "about_cost",
    "counted",
    "duration",
    "excerpt_around",
    "in_words",
    "joined",
    "matches_of",
    "one_line",
    "shortened",
    "web_address",
]

_REASONS = {
    "match_limit_met": "the match limit is met",
    "candidates_exhausted": "no candidates are left",
    "low_match_rate": "too few candidates matched",
    "user_cancelled": "it was cancelled on request",
    "error_occurred": "the service ran into an error",
    "timeout": "the service's time limit was reached",
    "insufficient_funds": "the account has too little credit",
}

# Invisible characters that change how their neighbours look: direction overrides and isolates,
# zero-width spaces and word joiners. ZWJ and ZWNJ stay: emoji and Persian need them.
_DECEPTIVE = frozenset("\u061c\u200b\u200e\u200f\u2060\u00ad\ufeff") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def one_line(text: str) -> str:
    """Return a text on one line, without control characters and other deceptive ones.

    Runs of white space become one space. Control characters (terminals obey them), invisible
    characters that reorder text and lone surrogates become U+FFFD.

    >>> one_line("two\\n  lines \\x1b[31mred")
    'two lines �[31mred'
    """
    return _SUSPECT.sub(_replacement, " ".join(text.split()))


def _replacement(found: re.Match[str]) -> str:
    character = found[0]
    if character in _DECEPTIVE or unicodedata.category(character) in ("Cc", "Cs"):
        return "\ufffd"
    return character


def shortened(text: str, *, limit: int) -> str:
    """Cut a text to at most `limit` characters; an ellipsis marks the cut.

    >>> shortened("abcdef", limit=4)
    'abc…'
    """
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def excerpt_around(text: str, value: str, *, limit: int) -> str:
    """Cut a text to at most `limit` characters, keeping the value in it visible.

    >>> excerpt_around("Sold in Norway and in most other countries", "other", limit=20)
    '…most other countri…'
    """
    at = text.casefold().find(value.casefold()) if value else -1
    if len(text) <= limit or at + len(value) < limit:
        return shortened(text, limit=limit)
    begin = min(at - max(0, limit - len(value)) // 2, len(text) - limit) + 1
    return "…" + shortened(text[begin:].lstrip(), limit=limit - 1)


def web_address(url: str | None) -> str | None:
    """Return the URL if it may become a link, else None.

    >>> web_address("https://example.org/a")
    'https://example.org/a'
    >>> web_address("javascript:alert(1)") is None
    True
    """
    if url is None or url != one_line(url) or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural.

    >>> counted(1, "match"), counted(1200, "match"), counted(0, "candidate")
    ('1 match', '1,200 matches', '0 candidates')
    """
    plural = noun + ("es" if noun.endswith(("ch", "s", "x")) else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def about_cost(cost: float | None) -> str:
    """Return an estimated cost in US dollars in words; nothing if it is not known.

    >>> about_cost(1234.5), about_cost(None)
    ('about $1,234.50', '')
    """
    return "" if cost is None else f"about ${cost:,.2f}"


def joined(*facts: str) -> str:
    """Return the facts that are not empty on one line.

    >>> joined("3 matches", "", "about $2")
    '3 matches · about $2'
    """
    return " · ".join(filter(None, facts))


def matches_of(matches: int, *, candidates: int | None = None, limit: int | None = None) -> str:
    """Return the number of matches, of the match limit and among the candidates if given.

    >>> matches_of(3, candidates=40)
    '3 matches among 40 candidates'
    >>> matches_of(3, candidates=1200, limit=20), matches_of(1)
    ('3 of 20 matches among 1,200 candidates', '1 match')
    """
    of_limit = "" if limit is None else f"{matches:,} of "
    found = of_limit + counted(matches if limit is None else limit, "match")
    return found if candidates is None else f"{found} among {counted(candidates, 'candidate')}"


def duration(seconds: float) -> str:
    """Return a time span as a stopwatch shows it.

    >>> duration(34.6), duration(754), duration(3723)
    ('0:34', '12:34', '1:02:03')
    """
    minutes, rest = divmod(math.floor(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def in_words(termination_reason: str) -> str:
    """Return why a run ended, in words; unknown reasons of newer services stay as they are.

    >>> in_words("candidates_exhausted"), in_words("sun_set")
    ('no candidates are left', 'sun_set')
    """
    return _REASONS.get(termination_reason, one_line(termination_reason))
