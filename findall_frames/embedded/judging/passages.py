"""Where some words stand in the text of a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from findall_frames.embedded.corpus.corpus import Corpus

__all__ = ["passages"]

_AROUND: Final = 120
"""Characters on either side of a word that are cited with it."""
_ENDING: Final = 3
"""Letters of a long word that may differ, as the full-text index compares stems."""


def passages(
    corpus: Corpus, positions: Sequence[int], *, words: Sequence[str]
) -> list[list[tuple[str, str]]]:
    """Return for each row the passages in which words stand: column and text, word for word.

    Parameters
    ----------
    corpus : Corpus
        The rows.
    positions : sequence of int
        Which of them.
    words : sequence of str
        The first place of each is given, whatever its ending.
    """
    patterns = [_pattern(word) for word in words]
    names = [name for name, column in corpus.columns.items() if column.kind in {"text", "prose"}]
    found = []
    for row in corpus.rows(positions):
        texts = {name: str(row[name]) for name in names if row[name] is not None}
        cited: dict[tuple[str, str], None] = {}
        for pattern in patterns:
            for name, text in texts.items():
                match = pattern.search(text)
                if match is not None:
                    cited[name, _around(text, match)] = None
                    break
        found.append(list(cited))
    return found


def _pattern(word: str) -> re.Pattern[str]:
    parts = re.findall(r"\w+", word) or [word]
    stems = [part[:-_ENDING] if len(part) > 2 * _ENDING else part for part in parts]
    return re.compile(r"\W+".join(rf"\b{re.escape(stem)}\w*" for stem in stems), re.IGNORECASE)


def _around(text: str, match: re.Match[str]) -> str:
    """Cut out a passage at spaces, or at the line breaks around it."""
    start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - _AROUND)
    end = text.find("\n", match.end())
    end = min(len(text) if end < 0 else end, match.end() + _AROUND)
    if start > 0 and not text[start - 1].isspace():
        start = min(_next_space(text, start), match.start())
    if end < len(text) and not text[end].isspace():
        space = text.rfind(" ", match.end(), end)
        end = space if space > 0 else end
    return text[start:end].strip()


def _next_space(text: str, start: int) -> int:
    found = text.find(" ", start)
    return len(text) if found < 0 else found + 1
