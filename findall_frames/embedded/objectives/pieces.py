"""The pieces of an objective: where one criterion ends, and what begins a comparison."""

from __future__ import annotations

import re
from collections.abc import Sequence

from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold

__all__ = ["compares", "prices", "split_pieces", "states"]

_SIDES = frozenset(("less", "under", "below", "at", "up", "no", "more", "over", "between"))
_NO_MEASURE = frozenset(("other", "rather"))
_NEAR = 6


def split_pieces(text: str) -> list[str]:
    """Cut before and, or, but and commas; not inside "between A and B"."""
    guarded = re.sub(
        r"\b(between\s+(?:[^,;]|,(?=\d))*?)\s+and\s+",
        lambda m: f"{m.group(1)} \0 ",
        text,
        flags=re.IGNORECASE,
    )
    guarded = re.sub(
        r"\b(both\s+[^,;]*?)\s+and\s+", lambda m: f"{m.group(1)} \0 ", guarded, flags=re.IGNORECASE
    )
    pieces = re.split(
        r"\s*(?=[,;]\s)|(?<![,;])\s+(?=(?:and|or|nor|but|except)\s)(?!or\s+(?:more|less|fewer)\b)",
        guarded,
        flags=re.IGNORECASE,
    )
    return [piece.replace("\0", "and").strip() for piece in pieces if piece and piece.strip()]


def states(words: Sequence[str]) -> bool:
    """Whether words state a measure: at an altitude of more than 1,000 ft."""
    return (
        len(words) > 2 and fold(words[1]) in {"a", "an"} and bool(find_quantities(" ".join(words)))
    )


def prices(words: Sequence[str]) -> bool:
    """Whether words begin with so much money: less than 1,500 euros a month."""
    if not words or fold(words[0]) not in _SIDES:
        return False
    units = [quantity.unit for quantity in find_quantities(" ".join(words[:_NEAR]))]
    return bool(units) and units[0] is not None and units[0].dimension == "money"


def compares(words: Sequence[str]) -> bool:
    """Whether words begin with "heavier than" or "more populous than"."""
    low = [fold(word) for word in words[:3]]
    if low[0] in {"more", "less"}:
        return low[2:] == ["than"]
    return low[0].endswith("er") and low[0] not in _NO_MEASURE and low[1:2] == ["than"]
