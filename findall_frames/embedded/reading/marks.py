"""Comparisons that are read before the others, and what stands for them in the text."""

from __future__ import annotations

import re

from findall_frames.embedded.reading.comparisons import Comparison

__all__ = ["Marks"]

_LETTERS = 26
_MARK = re.compile(r"\bqqmark([a-z])([a-z])\b")


class Marks:
    """What was found in one condition; a word of letters holds the place of each."""

    def __init__(self) -> None:
        self.found: list[Comparison] = []

    def put(self, comparison: Comparison) -> str:
        """The word that stands for a comparison from now on."""
        first, second = divmod(len(self.found), _LETTERS)
        self.found.append(comparison)
        return f"qqmark{chr(97 + first % _LETTERS)}{chr(97 + second)}"

    @staticmethod
    def restore(marked: str, *, known: int) -> str:
        """The text with marks of comparisons for those words, counted from those known already."""
        return _MARK.sub(
            lambda m: f"¤{known + (ord(m[1]) - 97) * _LETTERS + ord(m[2]) - 97}¤", marked
        )
