"""Comparisons bound to columns, or to numbers in the text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from findall_frames.embedded.finding import Confidence
from findall_frames.embedded.language.english import FILLERS, is_relation
from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.units import MEASURES, Unit, unit_named
from findall_frames.embedded.language.words import stem
from findall_frames.embedded.predicates.conditions import Predicate, Span, either
from findall_frames.embedded.predicates.reckoning import added_up
from findall_frames.embedded.predicates.recurring import Recurring
from findall_frames.embedded.predicates.spans import (
    Count,
    DateRange,
    NumberRange,
    VersionAdmitted,
    VersionRange,
)
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparing import Comparing
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.extents import (
    begun_in,
    date_span,
    number_span,
    version_span,
    years_before,
)
from findall_frames.embedded.reading.linking import ColumnMatch, Linker
from findall_frames.embedded.texts.attributes import ATTRIBUTES
from findall_frames.embedded.texts.claims import period_in
from findall_frames.embedded.texts.stated import StatedNumber
from findall_frames.embedded.texts.tellings import tellings_of

__all__ = ["Ranges"]

# "Visitors per year" are visitors; the year is no word for the number.
_PERIODS = frozenset(
    ("year", "yearly", "annually", "month", "monthly", "week", "weekly", "day", "daily", "night")
)
# The first ascent is told of by its climbing.
_TIMES = frozenset(
    (
        "first",
        "last",
        "ever",
        "latest",
        "once",
        "today",
        "now",
        "nowadays",
        "currently",
        "presently",
    )
)
_TOGETHER = frozenset(("total", "overall", "altogether", "combined"))
_BEGINNINGS = ("birth", "born", "founded", "established", "opened", "built", "completed", "created")
# "Asks for five years of experience" is about the experience.
_ASKING = frozenset(map(stem, ("ask", "want", "expect", "demand", "seek", "involve", "spent")))
_REACHES = frozenset(("reach", "reaches", "reaching", "reached", "up", "can", "tops"))
# In these nobody tells a height.
_LONG = frozenset(("km", "mi", "nmi"))
_PAID = frozenset(
    (*MEASURES["money"], *ATTRIBUTES["price"], *ATTRIBUTES["salary"], "deposit", "loan", "rent")
)
_ADMITS = frozenset(("support", "work", "run", "compatible", "allow", "admit", "install"))


class Ranges:
    """Binds comparisons.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._comparing = Comparing(linker)
        self._lexicon = linker.lexicon
        self._prose = tuple(c for c in linker.columns if c.kind == "prose")

    def in_column(
        self, words: Sequence[str], place: int, comparison: Comparison, before: Column | None
    ) -> Predicate | None:
        """The comparison of a column: the one that the words name, or else the one before."""
        if comparison.settled is not None:
            return comparison.settled
        if comparison.column:
            column = self._linker.corpus.column(comparison.column)
            return self._made(ColumnMatch(column, 1.0, frozenset(), True), comparison, words)
        matches = self._comparing.columns(words, place, comparison)
        bounded = self._bounded(words, comparison, matches)
        if bounded is not None:
            return bounded
        said = any(m.named and any(at < len(words) for at in m.used) for m in matches)
        if not said and not self._linker.names("age"):
            aged = self._age(words, comparison)
            if aged is not None:
                return aged
        loose = comparison.quantity.unit is None and not any(match.used for match in matches)
        if matches and loose and self._only_prose(words):
            # "Raised a Series A in 2024" is not about the only column of years.
            return None
        if matches and self._is_another_amount(words, matches, comparison.quantity):
            return None
        if before is not None and not any(Token(word).is_content for word in words):
            # Approved before 1960 or after 1990: both times it is about the approval.
            matches = [match for match in matches if match.column is before] or matches
        if not matches and before is not None and before.kind != "text" and comparison.stated:
            matches = [ColumnMatch(before, 1.0, frozenset(), True)]
        if not matches:
            return None
        if not _TOGETHER.isdisjoint(words):
            added = added_up([match.column for match in matches], comparison)
            if added is not None:
                return added
        made = [self._made(match, comparison, words) for match in matches]
        return either([predicate for predicate in made if predicate is not None])

    def _bounded(
        self, words: Sequence[str], comparison: Comparison, matches: Sequence[ColumnMatch]
    ) -> Predicate | None:
        """The comparison of a range that stands in two columns; None where another is named."""
        for bounds in self._linker.bounds:
            ends = (bounds.least, bounds.most)
            other = any(m.named and m.column not in ends for m in matches)
            tied = {m.column for m in matches} == set(ends)
            if not other and bounds.named_by(words, self._lexicon, tied=tied):
                return bounds.read(
                    comparison,
                    lambda column, part: self._made(
                        ColumnMatch(column, 1.0, frozenset(), True), part, words
                    ),
                )
        return None

    def _only_prose(self, words: Sequence[str]) -> bool:
        """Whether words that no column goes by stand in running text."""
        said = filter(str.strip, words)
        told = [word for word in said if Token(word).is_content and not is_relation(word)]
        told = [word for word in told if not (word in FILLERS or self._linker.is_kind(word))]
        begun = {stem(word) for word in _BEGINNINGS}
        told = [word for word in told if not (self._lexicon.family(word) & begun)]
        return any(self._linker.stands_in(c, w.split()[0]) for w in told for c in self._prose)

    def _is_another_amount(
        self, words: Sequence[str], matches: Sequence[ColumnMatch], quantity: Quantity
    ) -> bool:
        """Whether running text tells this amount, under another name: a deposit is no price."""
        if quantity.unit is None or any(match.used for match in matches):
            return False
        nouns = [w for w in words if Token(w).is_content and w.isalpha() and not is_relation(w)]
        nouns = [w for w in nouns if not (w in FILLERS or self._linker.is_kind(w))]
        return any(
            self._linker.told_beside(column, noun, quantity.unit)
            for noun in nouns
            for column in self._prose
        )

    def _age(self, words: Sequence[str], comparison: Comparison) -> Predicate | None:
        """An age in years, from the one column that tells when something began."""
        unit = comparison.quantity.unit
        aged = bool({"old", "older", "younger", "aged", "age"} & {*words, comparison.adjective})
        if not aged or comparison.quantity.year or (unit is not None and unit.name != "years"):
            return None
        columns = [c for c in self._linker.columns if c.kind == "date" or c.year_like]
        columns = [c for c in columns if self._linker.tells_beginning(c)]
        if len(columns) > 1:
            # "A guide older than 50", of the birth of a guide.
            scores = [self._linker.match(c, [*words, "birth"]).score for c in columns]
            best = max(scores)
            columns = [c for c, s in zip(columns, scores, strict=True) if s == best > 0]
        if len(columns) != 1:
            return None
        today = dt.date.today()
        old, young = (
            None if end is None else years_before(today, int(end.value))
            for end in (comparison.high, comparison.low)
        )
        # The older something is, the earlier it began: the ends change places.
        dates = Span(old, young, comparison.high_open, comparison.low_open)
        return begun_in(columns[0], dates)

    def _made(
        self, match: ColumnMatch, comparison: Comparison, words: Sequence[str]
    ) -> Predicate | None:
        column = match.column
        confidence: Confidence = "high" if match.named and not comparison.about else "medium"
        if column.kind == "version":
            if not comparison.stated and any(stem(word) in _ADMITS for word in words):
                return VersionAdmitted(
                    column, version=comparison.quantity.version, confidence=confidence
                )
            return VersionRange(column, span=version_span(comparison), confidence=confidence)
        if comparison.quantity.recurrence is not None:
            times = comparison.quantity.recurrence
            return Recurring(column, times=times, confidence=confidence)
        if column.kind == "date":
            return DateRange(column, span=date_span(comparison), confidence=confidence)
        if column.kind in {"list", "text"}:
            return Count(column, span=number_span(comparison, None, 1.0), confidence=confidence)
        if column.kind != "number":
            return None
        if comparison.quantity.dates is not None and not comparison.quantity.is_day:
            confidence = "low"  # of a part of a year only the year is known
        year = column.year_like or column.short_year
        scale = 1.0 if year or comparison.column else column.scale
        unit = comparison.quantity.unit
        if unit is not None and unit.dimension == "share" and column.fraction:
            scale = 100.0
        shift = 1900.0 if column.short_year else 0.0
        span = number_span(comparison, column, scale, shift=shift)
        return NumberRange(column, span, confidence)

    def in_text(self, words: Sequence[str], comparison: Comparison) -> Predicate | None:
        """The comparison of a number that the text states; None without running text."""
        if comparison.quantity.recurrence is not None:
            return None
        comparison = _years_ago(comparison, words)
        content = tuple(w for w in words if Token(w).is_content and w not in FILLERS)
        content = tuple(w for w in content if w != "ago") or content
        content = tuple(w for w in content if stem(w) not in self._linker.entity_words)
        content = tuple(w for w in content if w not in _PERIODS) or content
        content = tuple(w for w in content if w not in _TIMES) or content
        content = tuple(w for w in content if stem(w) not in _ASKING) or content
        unit = comparison.quantity.unit
        if unit is not None and unit.dimension == "time":
            content = tuple(w for w in content if unit_named((w,)) != unit) or content
        if not comparison.quantity.year:
            # Who "wrote 20 operas" has 20 operas, whatever else was written.
            told = tuple(w for w in content if not is_relation(w) or tellings_of((w,), year=False))
            content = content if set(told) <= {"people", "persons"} else told
        content = _without_enough(content, words)
        for adjective in (comparison.adjective, *content):
            content += self._measured(adjective, comparison.quantity)
        if "age" in content and not comparison.quantity.year:
            content = tuple(w for w in content if w != "year")
        comparison = _in_degrees(_in_pounds(comparison, content), content)
        quantity = comparison.quantity
        plain = quantity.in_unit(self._letter_unit(quantity, content) or quantity.unit)
        if not self._prose or not (content or quantity.unit) or plain is None:
            return None
        if quantity.dates is not None:
            days = date_span(comparison)
            return StatedNumber(content, days, None, True, self._prose, self._lexicon, days=True)
        span = number_span(comparison, None, 1.0, year=quantity.year, unit=plain.unit)
        return StatedNumber(
            content,
            span,
            plain.unit,
            quantity.year,
            self._prose,
            self._lexicon,
            period="" if quantity.year else period_in(" ".join(words)),
            reaches=not _REACHES.isdisjoint(words),
            kind=self._linker.entity_words,
        )

    def _measured(self, adjective: str, quantity: Quantity) -> tuple[str, ...]:
        """What an adjective is about, in the unit of a quantity: the area of 5 hectares."""
        attributes = tuple(self._lexicon.attributes(adjective))
        metres = quantity.letter and quantity.text.endswith(f" {quantity.letter}")
        unit = unit_named((quantity.letter,)) if metres else quantity.unit
        measures = MEASURES.get(unit.dimension, ()) if unit is not None else ()
        if unit is not None and unit.name in _LONG:
            measures = ("length", "distance")
        return tuple(a for a in attributes if a in measures) or attributes

    def _letter_unit(self, quantity: Quantity, words: Sequence[str]) -> Unit | None:
        """What the m of "30 m" stands for beside words for a height or a length: metres."""
        unit = unit_named((quantity.letter,)) if quantity.letter else None
        if unit is None:
            return None
        if quantity.text.endswith(" m"):
            return unit
        measures = set(map(stem, MEASURES.get(unit.dimension, ())))
        said = any({stem(word), *self._lexicon.family(word)} & measures for word in words)
        return unit if said else None


def _years_ago(comparison: Comparison, words: Sequence[str]) -> Comparison:
    """More than 100 years ago is before a year; other comparisons stay as they are."""
    unit = comparison.quantity.unit
    if "ago" not in words or unit is None or unit.name != "years":
        return comparison
    low, high = (
        None
        if end is None
        else replace(
            end,
            value=float(dt.date.today().year - int(end.value)),
            top=float(dt.date.today().year - int(end.value)),
            unit=None,
            year=True,
        )
        for end in (comparison.high, comparison.low)
    )
    return replace(
        comparison,
        low=low,
        high=high,
        low_open=comparison.high_open,
        high_open=comparison.low_open,
    )


def _in_pounds(comparison: Comparison, words: Sequence[str]) -> Comparison:
    """A deposit of 400 pounds is money."""
    unit = comparison.quantity.unit
    if unit is None or unit.name != "lb" or _PAID.isdisjoint(words):
        return comparison
    low, high = (
        None if end is None else replace(end, unit=unit_named(("gbp",)))
        for end in (comparison.low, comparison.high)
    )
    return replace(comparison, low=low, high=high)


def _in_degrees(comparison: Comparison, words: Sequence[str]) -> Comparison:
    """Four degrees are a temperature beside words for one; without another word, in Celsius."""
    quantity = comparison.quantity
    if quantity.unit is not None or quantity.year or "temperature" not in words:
        return comparison
    low, high = (
        None if end is None else replace(end, unit=unit_named(("celsius",)))
        for end in (comparison.low, comparison.high)
    )
    return replace(comparison, low=low, high=high)


def _without_enough(content: tuple[str, ...], words: Sequence[str]) -> tuple[str, ...]:
    """What is asked of something big enough to do it: the seats of "big enough to seat"."""
    if "enough" not in words:
        return content
    at = list(words).index("enough")
    left = {"enough", *words[max(0, at - 1) : at]}
    return tuple(word for word in content if word not in left) or content
