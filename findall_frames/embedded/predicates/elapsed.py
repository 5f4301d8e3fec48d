"""How long something took: from one date of a row to another."""

from __future__ import annotations

import re

from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import unit_named
from findall_frames.embedded.language.words import alike, phrases, stem, tokens
from findall_frames.embedded.predicates.conditions import Span
from findall_frames.embedded.predicates.pairs import only_column
from findall_frames.embedded.predicates.reckoning import Reckoned
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Elapsed"]

_LASTED = re.compile(
    r"\b(?:lasted|lasts?|took|takes?|ran|runs?|went on|goes on|stayed open|was open|were open)"
    r"(?: for)? ¤(?P<n>\d+)¤(?: long)?"
)
_AFTER = re.compile(
    r"(?P<a>(?:[a-z'-]+ ){0,5}?[a-z'-]+) (?:(?:within|in) )?¤(?P<n>\d+)¤ "
    r"(?:of|after|from|later than) (?:(?:the|its|their|being|it was|they were) )*"
    r"(?P<b>[a-z' -]+?)(?=$|,| and | or | but )"
)
_WITHIN = re.compile(r"(?P<a>(?:[a-z'-]+ ){0,3}?[a-z'-]+) (?:within|in)? ?¤(?P<n>\d+)¤$")
_DONE = frozenset(map(stem, phrases("resolved, settled, finished, completed, done, closed")))
_SPELLS = frozenset(phrases("duration, dur, length, term, runtime, days, time, running"))
_BEGINS = frozenset(phrases("start, begin, began, open, opened, launch, from, beginning"))
_ENDS = frozenset(
    phrases("end, ended, close, closed, finish, until, to, completed, completion, decommissioned")
)


class Elapsed:
    """Finds spells of time between two date columns in the conditions on one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._dated = [column for column in linker.columns if column.kind == "date"]
        self._timed = any(
            column.kind == "number" and not _SPELLS.isdisjoint(column.words)
            for column in linker.columns
        )

    def replace(self, marked: str, comparisons: list[Comparison]) -> str:
        """The text with one mark for all of such a comparison; those found are added."""
        if len(self._dated) < 2:
            return marked
        match = _LASTED.search(marked)
        if match is not None and not self._timed and not self._is_said(marked[: match.start()]):
            first, last = self._of(_BEGINS), self._of(_ENDS)
            return self._marked(match, first, last, comparisons, whole=True) or marked
        match = _AFTER.search(marked)
        if match is None:
            return self._within(marked, comparisons)
        last, first = (self._named(match[name]) for name in ("a", "b"))
        return self._marked(match, first, last, comparisons, whole=False) or marked

    def _within(self, marked: str, comparisons: list[Comparison]) -> str:
        """Resolved within two days: of its beginning, which is not said."""
        match = _WITHIN.search(marked)
        if match is None or not comparisons[int(match["n"])].text.startswith(("within", "in ")):
            return marked
        done = any(stem(word) in _DONE for word in tokens(match["a"]))
        last = self._named(match["a"]) or (self._of(_ENDS) if done else None)
        return self._marked(match, self._of(_BEGINS), last, comparisons, whole=False) or marked

    def _is_said(self, text: str) -> bool:
        """Whether words name a column that holds a time: the first response took ..."""
        words = tokens(text)
        columns = (c for c in self._linker.columns if c.kind == "number" and c.unit is not None)
        return any(
            c.unit is not None and c.unit.dimension == "time" and self._linker.match(c, words).score
            for c in columns
        )

    def _of(self, meant: frozenset[str]) -> Column | None:
        """The one column of days that is called so."""
        found = [c for c in self._dated if any(alike(a, b) for a in c.words for b in meant)]
        return found[0] if len(found) == 1 else None

    def _named(self, text: str) -> Column | None:
        words = tokens(text)
        starts = (words[at:] for at in range(len(words)))
        found = (only_column(some, self._linker, kinds=("date",)) for some in starts)
        return next((column for column in found if column is not None), None)

    @staticmethod
    def _marked(
        match: re.Match[str],
        first: Column | None,
        last: Column | None,
        comparisons: list[Comparison],
        *,
        whole: bool,
    ) -> str | None:
        comparison = comparisons[int(match["n"])]
        days = unit_named(("days",))
        unit = comparison.quantity.unit
        if first is None or last is None or first is last or unit is None:
            return None
        if unit.dimension != "time":
            return None

        def end(quantity: Quantity | None) -> float | None:
            converted = quantity.in_unit(days) if quantity is not None else None
            return converted.value if converted is not None else None

        low, high = end(comparison.low), end(comparison.high)
        if not whole and low is None:
            low = 0.0  # within five days of it, and not before it
        open_ends = (comparison.low_open, comparison.high_open)
        span = Span(low, high, *open_ends, comparison.text)
        settled = Reckoned(last, first, "minus", (1.0, 1.0), span)
        nought = Quantity(0, 0, comparison.text, 0.0, 0.0)
        comparisons.append(Comparison(nought, nought, text=comparison.text, settled=settled))
        mark = f"¤{len(comparisons) - 1}¤"
        return f"{match.string[: match.start()]} {mark} {match.string[match.end() :]}"
