"""Passages in which the value that they support is marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from findall_frames.api.models import VERDICT_WORDS
from findall_frames.display.rows import Cell
from findall_frames.display.text import excerpt_around, one_line

__all__ = ["marked_excerpt", "sayings"]

_MOST_SAYINGS = 20
_LONGEST_SAYING = 200
_WHOLE_NUMBER = re.compile(r"-?[0-9]{4,18}")
# Its own colours, so that it can be read whatever the theme is.
_MARK = '<mark style="background:#ffe27a;color:#1a1a1a">'


def sayings(cell: Cell) -> list[str]:
    """Give the texts to look for in the excerpts of a field: its value, or the parts of it."""
    if cell.value is None:
        return []
    nested = cell.value_type in ("array", "object")
    parts = _parts(json.loads(cell.value)) if nested else iter([cell.value])
    found = [" ".join(part.split()) for part in parts]
    telling = [
        part
        for part in found
        if part and len(part) <= _LONGEST_SAYING and part.casefold() not in VERDICT_WORDS
    ]
    return telling[:_MOST_SAYINGS]


def marked_excerpt(passage: str, sought: list[str], *, limit: int) -> str:
    """Make HTML of a passage, cut around the first of the texts, with all of them marked.

    Capitals do not matter, and neither do separators of thousands.

    >>> marked_excerpt("Sold by <b>Acme</b>, 1,200 a day", ["1200"], limit=40)
    'Sold by &lt;b&gt;Acme&lt;/b&gt;, <mark style="...">1,200</mark> a day'
    """
    line = one_line(passage)
    pattern = "|".join(_pattern(text) for text in sorted(sought, key=len, reverse=True))
    first = re.search(pattern, line, re.IGNORECASE) if pattern else None
    shown = excerpt_around(line, first[0] if first else "", limit=limit)
    if not first:
        return escape(shown)
    pieces = []
    end = 0
    for found in re.finditer(pattern, shown, re.IGNORECASE):
        pieces += [escape(shown[end : found.start()]), _MARK, escape(found[0]), "</mark>"]
        end = found.end()
    return "".join([*pieces, escape(shown[end:])])


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _parts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _pattern(text: str) -> str:
    """Match a text where it is no part of a longer word or number."""
    if _WHOLE_NUMBER.fullmatch(text):
        sign = "-" if text.startswith("-") else ""
        digits = f"{int(text.removeprefix('-')):,}".replace(",", "[,.'\u00a0\u202f ]?")
        return rf"(?<![\w.,]){sign}{digits}(?![\w]|[.,]\w)"
    before = r"(?<!\w)" if text[0].isalnum() else ""
    after = r"(?!\w)" if text[-1].isalnum() else ""
    return before + r"\s+".join(map(re.escape, text.split())) + after
