"""Which column a comparison is about, by what is said and by what its numbers can be."""

from __future__ import annotations

from collections.abc import Sequence

from findall_frames.embedded.language.english import FILLERS, GENERIC_HEADS, is_relation
from findall_frames.embedded.language.units import MEASURES, Unit, unit_named
from findall_frames.embedded.language.words import alike, phrases
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.linking import LITTLE, Linker
from findall_frames.embedded.reading.naming import FAMILY, ColumnMatch

__all__ = ["Comparing"]

_TIE = 0.05
_FAR = 1000.0
_PRICES = frozenset(phrases("price, cost, costs, fee, fare, rent, charge, rate, tuition, salary"))
_PERIODS = frozenset(phrases("per, day, daily, week, weekly, month, monthly, year, yearly, night"))
_UNNAMED = 0.3
_UNSAID = 0.2
"""How much worse a column of so many per week fits where no week is said."""
_DATES = frozenset(("date", "dates", "day", "year", "time"))
_ENOUGH = 0.35
"""A column must fit at least as well: a related word for the whole of its name."""


class Comparing:
    """Finds columns for comparisons.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker

    def columns(
        self, words: Sequence[str], place: int, comparison: Comparison
    ) -> list[ColumnMatch]:
        """Columns that a comparison is about: one, or several that fit equally well.

        Parameters
        ----------
        words : sequence of str
            The words around it.
        place : int
            How many of them stand before it.
        comparison : Comparison
            Which range.
        """
        hints = list(words)
        if comparison.adjective:
            hints += self._linker.lexicon.attributes(comparison.adjective) or [comparison.adjective]
        elif place < len(words):
            # "12,000 km2 large", "5 m tall".
            hints += self._linker.lexicon.attributes(words[place])
        unit = comparison.quantity.unit
        money = unit is not None and unit.dimension == "money"
        scored: list[ColumnMatch] = []
        faint: list[ColumnMatch] = []
        # What is free is so in any currency.
        priced = self._linker.priced if comparison.quantity.value else []
        for column in (*self._linker.columns, *priced):
            listing = column.kind == "text" and column.index.lists_items
            if column.kind not in {"number", "date", "version", "list"} and not listing:
                continue
            match = self._linker.match(column, hints)
            score = match.score + self._evidence(column, comparison, match.score)
            if self._other_measure(match, words, place):
                score *= 0.3
            if _PERIODS.isdisjoint(words) and self._is_rate(column):
                score -= _UNSAID
            if comparison.quantity.unit is None and column.unit is not None:
                # "The hours are under 40" names a column by its unit.
                score += FAMILY * any(unit_named((word,)) == column.unit for word in words)
            if money and not match.used and _PRICES.isdisjoint(column.words):
                score -= _UNNAMED  # who only says an amount thinks of the price, and no deposit
            if unit is not None and column.unit is None and self._only_implied(column, words, unit):
                score -= FAMILY
            if column.noun and any(alike(word, column.noun) == 1 for word in words):
                score += FAMILY
            if score >= _ENOUGH:
                scored.append(ColumnMatch(column, score, match.used, match.named))
            elif score >= LITTLE and self._uses_all(match, hints):
                faint.append(ColumnMatch(column, score, match.used, False))
        if not scored and len(faint) == 1 and comparison.stated:
            # "sold 30 million" is about the certified sales, where nothing else comes near.
            return faint
        best = max((match.score for match in scored), default=0.0)
        return [match for match in scored if best - match.score < _TIE]

    def _only_implied(self, column: Column, words: Sequence[str], unit: Unit) -> bool:
        """Whether only an adjective names a column, where another has the unit: m² are no beds."""
        units = (other.unit for other in self._linker.columns)
        elsewhere = any(other is not None and other.convertible(unit) for other in units)
        return elsewhere and not self._linker.match(column, words).score

    def _is_rate(self, column: Column) -> bool:
        """Whether a column holds so much a week, or what a month costs."""
        if "per" in column.words:
            return True
        money = column.unit is not None and column.unit.dimension == "money"
        return money and any(
            not _PERIODS.isdisjoint(self._linker.lexicon.spelled_out(own)) for own in column.words
        )

    def _uses_all(self, match: ColumnMatch, words: Sequence[str]) -> bool:
        """Whether no word of meaning is left that says something else."""
        return all(
            at in match.used
            or not Token(word).is_content
            or is_relation(word)
            or word in FILLERS | GENERIC_HEADS
            or self._linker.is_kind(word)
            or bool(self._linker.match(match.column, [word]).score)
            for at, word in enumerate(words)
        )

    def _evidence(self, column: Column, comparison: Comparison, named: float) -> float:
        """What unit, year and range say for a column, or against it."""
        quantity = comparison.quantity
        timely = quantity.year or quantity.dates is not None or quantity.recurrence is not None
        if column.kind == "date":
            return 0.5 + self._bonus(column) if timely else -9.0
        if quantity.recurrence is not None:
            return -9.0
        if column.kind == "version":
            return 0.1 if quantity.version else -9.0
        if column.kind in {"list", "text"}:
            # The number of elements is meant only where they are what is counted.
            plain = quantity.unit is None and not timely and quantity.value < 1000
            return -0.2 if plain and named else -9.0
        if column.year_like or column.short_year:
            return 0.5 + self._bonus(column) if quantity.year else -9.0
        if quantity.dates is not None:
            return -9.0
        converted = quantity.in_unit(column.unit)
        if converted is None:
            return -9.0
        letter = unit_named((quantity.letter,)) if quantity.letter else None
        if letter is not None and column.unit is not None and letter.convertible(column.unit):
            return 0.8
        if quantity.unit is not None and column.unit is not None:
            if quantity.unit.name == "lb" and column.unit.dimension == "money":
                return 1.05  # pounds of money, where there is a price in them
            # Nobody who asks for hours thinks of years.
            far = quantity.unit.dimension == "time" and not (
                1 / _FAR < quantity.unit.factor / column.unit.factor < _FAR
            )
            return 1.05 if quantity.unit == column.unit else 0.5 if far else 0.8
        if quantity.unit is not None and quantity.unit.dimension == "share" and column.fraction:
            return 0.5
        if quantity.unit is not None and quantity.unit.dimension == "share" and quantity.of_whole:
            return -9.0
        if quantity.unit is not None:
            dimension = quantity.unit.dimension
            return (
                0.3
                if dimension in MEASURES and set(MEASURES[dimension]) & set(column.words)
                else -0.1
            )
        if quantity.year and not comparison.stated and not named:
            return -9.0
        return 0.0

    def _bonus(self, column: Column) -> float:
        """A year by itself is rather that of a beginning than that of the last update."""
        dated = [c for c in self._linker.columns if c.kind == "date" or c.year_like]
        begun = self._linker.begun(dated)
        return 2 * _TIE if column in begun and len(begun) < len(dated) else 0.0

    def _other_measure(self, match: ColumnMatch, words: Sequence[str], place: int) -> bool:
        """Whether the words name another measure of the same thing: population density."""
        before = [at for at in match.used if at < place]
        if not before or not match.named:
            return False
        following = words[max(before) + 1 : place]
        heads = [w for w in following if w not in GENERIC_HEADS | FILLERS and not is_relation(w)]
        heads = [w for w in heads if unit_named((w,)) is None]
        if match.column.kind == "date" or match.column.year_like:
            # The completion date is the completion.
            heads = [w for w in heads if w not in _DATES]
        return (
            bool(heads) and Token(heads[0]).is_content and not heads[0].endswith(("ed", "ing", "s"))
        )
