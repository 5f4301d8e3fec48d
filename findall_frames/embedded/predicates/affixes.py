"""Conditions on the letters that a text begins or ends with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, phrases, tokens
from findall_frames.embedded.predicates.cells import WordsAt
from findall_frames.embedded.predicates.conditions import Not, Predicate
from findall_frames.embedded.predicates.recurring import Calendar
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.values import LARGE

__all__ = ["Affix", "Affixes"]

_QUOTED = re.compile(r"^[\"'“”‘’]")
_AFFIX = {
    "begins with": re.compile(
        r"\b(?:begin|start)(?:s|ning|ing)?\s+with\s+(?:the\s+)?(?:letters?\s+)?(.+)$"
    ),
    "ends with": re.compile(r"\bend(?:s|ing)?\s+(?:with|in)\s+(?:the\s+)?(?:letters?\s+)?(.+)$"),
}
_JOINT = re.compile(r"\b(?:and|but|that|which|who|whose)\b|[,;]")
# What leads to such letters and asks nothing by itself: "and its title does not".
_LEADING = frozenset(
    phrases(
        """and, that, which, who, whose, it, its, the, a, an, must, have, has, with, do, does, did,
        not, also, one, name, title"""
    )
)


@dataclass(frozen=True)
class Affix:
    """A condition on letters.

    Attributes
    ----------
    predicate : Predicate
        What is asked of the letters.
    rest : str
        What else is asked, before them; may be empty.
    """

    predicate: Predicate
    rest: str


class Affixes:
    """Reads such conditions on one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    calendar : Calendar
        Of the same: what "ends in June" has a date.
    """

    def __init__(self, linker: Linker, calendar: Calendar) -> None:
        self._linker = linker
        self._calendar = calendar

    def _holding(self, letters: str) -> Column | None:
        """The column of which some letters are a whole value, as ".pl" of file endings."""
        columns = (c for c in self._linker.columns if c.kind in {"text", "list"})
        return next((c for c in columns if letters in map(fold, c.index.values[:LARGE])), None)

    def read(self, said: str, subject: Sequence[Token]) -> Affix | None:
        """What a folded condition asks of letters; None where it is on something else."""
        for place, pattern in _AFFIX.items():
            match = pattern.search(said)
            if match is None:
                continue
            before = said[: match.start()]
            *others, near = _JOINT.split(before)
            words = [*(t.text for t in subject if not others), *tokens(near)]
            column = self._linker.corpus.column(self._linker.corpus.name_column)
            named = self._linker.named(words, ("text", "list", "prose"))
            if named and named[0].named:
                column = named[0].column
            letters = match.group(1).strip(" \"'“”‘’").rstrip(".")
            if len(letters.split()) > 1 and not _QUOTED.search(match.group(1)):
                continue  # "ends in the North Sea"
            timely = any(q.year or q.dates for q in find_quantities(letters))
            timely = timely or self._calendar.is_time(letters)
            if timely and not (named and named[0].named):
                continue  # "ends in 2026", "starts in June"
            held = None if named or not words else self._holding(letters)
            predicate: Predicate = WordsAt(held or column, letters=letters, place=place)
            leading = _LEADING | {*column.words}
            ahead = before.split()
            while ahead and ahead[-1].strip(",") in leading:
                ahead.pop()
            denied = "not" in before.split()[0 if held else len(ahead) :]
            # "Source files end in .pl" names what ends so.
            rest = "" if held else " ".join(ahead).strip(",")
            return Affix(Not(predicate) if denied else predicate, rest)
        return None
