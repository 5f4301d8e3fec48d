"""Conditions that say the same twice: in brackets, behind a colon, behind "i.e."."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["restated", "without_examples"]

_BRACKETS = re.compile(r"\s*\(([^()]+)\)")
_AGAIN = re.compile(r"[,;]?\s+(?:i\.\s?e\.|that is,|in other words,?|meaning)\s+", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:in|of|is|are|one of|by|from)$", re.IGNORECASE)
_EXAMPLES = re.compile(
    r",\s*(?:such as|for (?:example|instance),?|e\.\s?g\.,?|say,|like)\s+\S.*$"
    r"|\s+\((?:such as|for (?:example|instance),?|e\.\s?g\.,?|say,|like)\s[^()]*\)",
    re.IGNORECASE,
)
_COLON = re.compile(r":\s+")


def restated(text: str, names_column: Callable[[str], bool]) -> Iterator[str]:
    """The parts of a condition of which each says all of it, the plainest first.

    Parameters
    ----------
    text : str
        The condition.
    names_column : callable
        Whether a text is the name of a column: what stands behind it is a value, not the same
        again.

    Examples
    --------
    >>> list(restated("old, i.e. built before 1900", lambda said: False))
    ['built before 1900', 'old']
    >>> list(restated("in Rome (Italy) with a pool", lambda said: False))
    ['in Rome with a pool']
    >>> list(restated("Stage: closed", lambda said: said == "Stage"))
    []
    """
    match = _AGAIN.search(text)
    if match is None:
        match = _COLON.search(text)
        match = None if match is not None and names_column(text[: match.start()]) else match
    if match is not None:
        yield text[match.end() :]
        yield text[: match.start()]
    match = _BRACKETS.search(text)
    if match is not None and not _LISTED.search(text[: match.start()]):
        yield _BRACKETS.sub("", text)
        if not text[match.end() :].strip(" .,;"):
            yield match.group(1)


def without_examples(text: str) -> list[str]:
    """The condition without its examples, where it has any: a fixed link, such as a bridge."""
    plain = _EXAMPLES.sub("", text)
    return [plain] if plain != text else []
