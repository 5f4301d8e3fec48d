"""A condition as a line of tokens, and the numbers, operators and values at a place in it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from findall_frames.embedded.reading.lexicon import stem
from findall_frames.embedded.reading.plain_grammar import BREAKS, LEADS, OPERATORS
from findall_frames.embedded.reading.vocabulary import KnownColumn, Token, Vocabulary

__all__ = ["TokenLine"]

_LOOK_AHEAD: Final = 8  # tokens that a form examines at most


class TokenLine:
    """The tokens of a condition, with empty ones after its `end`.

    Methods that read take the place of a token, and return the place after what they have read.
    """

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        tokens = vocabulary.tokens(text)
        self.end = len(tokens)
        self.tokens = [*tokens, *[Token()] * _LOOK_AHEAD]
        self.words = [token.word for token in self.tokens]
        self._whole = text
        self._entity = vocabulary.entity

    def points(self, at: int) -> tuple[int, str, list[Token]] | None:
        """Read a number or date, or two, with the operator before or after it, if any."""
        pair = [self.tokens[at + 1], self.tokens[at + 3]]
        is_pair = (self.words[at], self.words[at + 2]) in {("between", "and"), ("from", "to")}
        if is_pair and all(map(_is_point, pair)):
            return at + 4, "between", pair
        before, at = self.operator(at)
        behind, end = self.operator(at + 1)
        if not _is_point(self.tokens[at]) or before.startswith("or "):
            return None
        if not behind.startswith("or "):
            return at + 1, before, [self.tokens[at]]
        is_in = OPERATORS.get(before) == ("=", "time")  # in 2015 or later
        return None if before and not is_in else (end, behind, [self.tokens[at]])

    def operator(self, at: int) -> tuple[str, int]:
        """Read the longest operator at a place."""
        for size in (3, 2, 1):
            words = " ".join(self.words[at : at + size])
            if words in OPERATORS:
                return words, at + size
        return "", at

    def listed(self, known: KnownColumn, at: int) -> tuple[int, list[str]]:
        """Read values of a column: one, or several with "or" before the last."""
        phrases, has_or, place = list[str](), False, at
        while self.holds(known, place):
            phrases.append(self.tokens[place].text)
            place += 1
            if self.words[place] not in {",", "or"}:
                return (place, phrases) if has_or else (at + 1, phrases[:1])
            has_or = self.words[place] == "or"
            place += 1
            while self.words[place] in LEADS | {"or"} and not self.holds(known, place):
                has_or = has_or or self.words[place] == "or"
                place += 1
        return at + 1, phrases[:1]

    def holds(self, known: KnownColumn, at: int) -> bool:
        """Return True if a value of a column ends the condition here; "or" can be a value."""
        return known.column.name in self.tokens[at].values and self.ends(at + 1)

    def text(self, at: int, end: int) -> str:
        """Return the text of some tokens; of a single one, without quotes."""
        if end == at + 1:
            return self.tokens[at].text
        return self._whole[self.tokens[at].start : self.tokens[end - 1].end]

    def columns(self, at: int, *kinds: str) -> list[KnownColumn]:
        """Return the columns of some kinds that a token can mean."""
        return [known for known in self.tokens[at].columns if known.column.kind in kinds]

    def count(self, at: int) -> int:
        """Return the positive whole number at a place, or 0."""
        number = self.tokens[at].number
        is_count = number and number.digits.isdigit() and not number.unit and number.scale == 1
        return int(number.digits) if number and is_count and number.value > 0 else 0

    def skip(self, at: int, words: Collection[str]) -> int:
        """Return the place after any of these words."""
        while self.words[at] in words:
            at += 1
        return at

    def phrase_end(self, at: int) -> int:
        """Return the place of the next joint or bracket."""
        ends = (end for end in range(at, self.end) if self.words[end] in BREAKS)
        return next(ends, self.end)

    def ends(self, at: int) -> bool:
        """Return True if a condition can end before this place."""
        return at >= self.end or self.words[at] in BREAKS or self.is_row(at)

    def is_row(self, at: int) -> bool:
        """Return True for a word that means a row, such as "cars"."""
        return stem(self.words[at]) in self._entity


def _is_point(token: Token) -> bool:
    return bool(token.number or token.date)
