"""Excerpts as plain and marked pieces, the marked ones being values that they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from unicodedata import category

from findall_frames.api.models import VERDICT_WORDS
from findall_frames.display.matches import value_words
from findall_frames.display.text import one_line

__all__ = ["leaves", "marked_pieces", "values_to_mark"]

_MOST_MARKED: Final = 20
_LONGEST_MARKED: Final = 200
_VALUE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
# A number on its own: not part of a longer one, of a date, of a time or of a word.
_NUMBER: Final = re.compile(
    r"(?<![\w.,])(?<![0-9][-/:])-?"
    r"(?:[1-9][0-9]{0,2}([,.'\u00a0\u202f ])[0-9]{3}(?:\1[0-9]{3})*|0|[1-9][0-9]*)"
    r"(?P<fraction>\.[0-9]+)?(?!\w|[.,]\w|[-/:][0-9])"
)
_POINT: Final = re.compile(r"[0-9][.,][0-9]")
_SEPARATOR: Final = re.compile(r"[,.'\u00a0\u202f ]")


def values_to_mark(value: str | None, value_type: str | None) -> list[str]:
    """Return the texts to mark in the excerpts of a field: its value, or the parts of it.

    A bare yes, no, true or false is not marked.

    Parameters
    ----------
    value, value_type : str or None
        As in the table ``fields``.

    Examples
    --------
    >>> values_to_mark('["roof  tiles", {"kiln": 3}, true]', "array")
    ['roof tiles', '3']
    """
    if value is None:
        return []
    if value_type not in ("array", "object"):
        parts: Iterator[str] = iter((value_words(value, value_type),))
    else:
        parts = leaves(json.loads(value))
    texts = (" ".join(part.split()) for part in parts)
    kept = [
        text
        for text in texts
        if text and len(text) <= _LONGEST_MARKED and text.casefold() not in VERDICT_WORDS
    ]
    return kept[:_MOST_MARKED]


def marked_pieces(excerpt: str, values: Sequence[str]) -> list[str]:
    """Return an excerpt on one line as pieces: plain, marked, plain, marked, ..., plain.

    A value is found in any case and with any thousands separator, but not inside of a longer
    word or number.

    Parameters
    ----------
    excerpt : str
        The passage as it was sent.
    values : sequence of str
        What `values_to_mark` returns.

    Returns
    -------
    list of str
        An odd number of pieces, of which every second one is marked. Joined they are the
        excerpt.

    Examples
    --------
    >>> marked_pieces("Sold by Acme, 1,200 a day", ["1200"])
    ['Sold by Acme, ', '1,200', ' a day']
    >>> marked_pieces("Sold by Acme", ["cm"])
    ['Sold by Acme']
    """
    line = one_line(excerpt)
    spans = sorted(
        (span for value in values for span in _spans(line, value)),
        key=lambda span: (span[0], -span[1]),
    )
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            pieces += [line[end:start], line[start:stop]]
            end = stop
    return [*pieces, line[end:]]


def _spans(line: str, value: str) -> Iterator[tuple[int, int]]:
    # Without a pattern for each value: compiling hundreds of thousands takes minutes.
    if _VALUE.fullmatch(value):
        for found in _NUMBER.finditer(line):
            if value in (found[0], _plain_number(found)):
                yield found.span()
        return
    text, wanted = _lower(line), _lower(one_line(value))
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not (_continues(text, at) or _continues(text, end)):
            yield at, end
        at = text.find(wanted, at + 1)


def _plain_number(found: re.Match[str]) -> str:
    """Return a number without separators of thousands, and without a fraction of zero."""
    fraction = found["fraction"] or ""
    whole = _SEPARATOR.sub("", found[0].removesuffix(fraction))
    return f"{whole}{fraction.removesuffix('.0')}"


def _continues(text: str, at: int) -> bool:
    """Return True if a word or a number goes on across a place in a text."""
    if not 0 < at < len(text):
        return False
    if _is_word(text[at - 1]) and _is_word(text[at]):
        return True
    return bool(_POINT.match(text, max(at - 2, 0), at + 1) or _POINT.match(text, at - 1, at + 2))


def _is_word(character: str) -> bool:
    # A combining accent belongs to the letter before it.
    return character.isalnum() or character == "_" or category(character).startswith("M")


def _lower(text: str) -> str:
    """Return a text in lower case, in which each character has kept its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in a nested value, as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value).removesuffix(".0")
