"""Times that come round: in October, in winter, on a Saturday."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from findall_frames.embedded.language.dates import as_day
from findall_frames.embedded.language.moments import MONTHS, SEASONS, month_number
from findall_frames.embedded.language.quantity import Quantity, Recurrence
from findall_frames.embedded.language.words import phrases, tokens
from findall_frames.embedded.predicates.cells import PerCell, Told
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.marks import Marks

__all__ = ["Calendar", "Recurring"]

_WEEKDAYS = phrases("monday, tuesday, wednesday, thursday, friday, saturday, sunday")
_DAYS = {day: (n,) for n, day in enumerate(_WEEKDAYS)} | {
    "weekend": (5, 6),
    "weekday": (0, 1, 2, 3, 4),
}
_MONTH = "|".join(f"{month}|{month[:3]}" for month in MONTHS)
_WHEN = rf"(?:(?:early|mid|late)[ -])?(?:{_MONTH}|{'|'.join(SEASONS)})"
_LINK = r"(?:,? (?:or|and|to|through|until) (?:in |between )?| ?[,–-] ?)"
# What else "may" and "march" are is told apart by a word before them, or by a capital letter.
_IN_YEAR = re.compile(
    rf"\b(?P<before>(?:in|during|of|over|between|from|every|each|for)(?: the)? )?"
    rf"(?<![\d-])(?P<when>(?i:{_WHEN})(?:{_LINK}(?i:{_WHEN}))*)\b"
    rf"(?!(?:{_LINK}(?i:{_WHEN}))*,? ?(?:of )?(?:\d|'\d))(?: months?\b)?"
)
_DAY = re.compile(
    rf"\b(?P<before>(?:on|at|over|during)(?: an?| the| every)? )"
    rf"(?P<when>(?:{'|'.join(_DAYS)})s?(?:(?:,| or| and|, or)(?: on)?(?: an?)? "
    rf"(?:{'|'.join(_DAYS)})s?)*)\b",
    re.IGNORECASE,
)
_DAYS_OF_YEAR = (
    re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b(?! \d)", re.IGNORECASE),
    re.compile(rf"\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d|,? \d)", re.IGNORECASE),
)
_TIME = re.compile(rf"(?:the |an? )?(?:{_WHEN}|{'|'.join(_DAYS)})s?", re.IGNORECASE)
_VERBS = frozenset(("may", "march", "mar", "sun", "fall", "spring"))
_RANGED = re.compile(r" (?:to|through|until) |[–-]", re.IGNORECASE)


_RELATIVE = re.compile(r"(?i)\b(?:this|last|next|past|coming)\s*$")


@dataclass(frozen=True)
class Recurring(PerCell):
    """A date column whose day lies in some months, or on some days of the week, of any year."""

    times: Recurrence = field(kw_only=True)

    def describe(self) -> str:
        """The predicate in words."""
        return f"{self.column.name} is {self.times.said}"

    def _tell(self, cell: Any) -> Told | None:
        day = as_day(cell)
        if day is None:
            return None
        inside = self._number(day) in self.times.numbers
        relation = "which is" if inside else "which is not"
        reason = f"{self.column.name} is {cell}, {relation} {self.times.said}."
        return Told(inside, str(cell), reason, (str(cell),))

    def _number(self, day: dt.date) -> int:
        if self.times.unit == "weekday":
            return day.weekday()
        return day.month if self.times.unit == "month" else 100 * day.month + day.day


class Calendar:
    """Finds times that come round in conditions on one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._dated = any(column.kind == "date" for column in linker.columns)

    def replace(self, text: str, marks: Marks) -> str:
        """The text with a mark for each such time, where a column has dates."""
        if not self._dated:
            return text

        def of_year(match: re.Match[str]) -> str:
            return self._in_year(match, marks)

        def of_week(match: re.Match[str]) -> str:
            days = [word.removesuffix("s") for word in tokens(match["when"])]
            if self._is_known([form for day in days for form in (day, day[:3])]):
                return match.group()
            if match["when"].endswith("s") and self._is_habit(match.string):
                return match.group()
            numbers = {n for day, ns in _DAYS.items() for n in ns if _says(match["when"], day)}
            return self._marked(match, marks, "weekday", numbers, match["when"], "on")

        def day_of_year(match: re.Match[str]) -> str:
            first, second = match.groups()
            day, month = (first, second) if first.isdigit() else (second, first)
            number = 100 * month_number(month) + int(day)
            return self._marked(match, marks, "day", {number}, match.group(), "on")

        for pattern in _DAYS_OF_YEAR:
            text = pattern.sub(day_of_year, text)
        return _IN_YEAR.sub(of_year, _DAY.sub(of_week, text))

    def is_time(self, text: str) -> bool:
        """Whether a text is nothing but a time that comes round: June, a Monday."""
        return self._dated and bool(_TIME.fullmatch(text.strip()))

    def _in_year(self, match: re.Match[str], marks: Marks) -> str:
        when = match["when"]
        names = re.findall(rf"(?i)\b(?:{_MONTH}|{'|'.join(SEASONS)})\b", when)
        told = bool(match["before"]) and not match["before"].startswith(("of", "for"))
        named = match.start() > 0 and names[0][0].isupper()
        bare = names[0].lower() not in _VERBS and len(names[0]) > 3
        thirds = re.search(r"(?i)\b(?:early|mid|late)\b", when)
        before = match.string[: match.start()]
        thirds = thirds or _RELATIVE.search(before)
        if not (told or named or bare) or thirds or self._is_known(names):
            return match.group()
        ranges = [SEASONS.get(name.lower()) or (month_number(name),) for name in names]
        numbers = {number for span in ranges for number in span}
        between = (match["before"] or "").strip().lower() == "between"
        if len(ranges) == 2 and (between or _RANGED.search(when)):
            first, last = ranges[0][0], ranges[1][-1]
            numbers = {(first + n - 1) % 12 + 1 for n in range((last - first) % 12 + 1)}
            when = f"{names[0]} to {names[1]}"
        return self._marked(match, marks, "month", numbers, when, "in")

    def _is_known(self, names: list[str]) -> bool:
        """Whether a text column holds such names by themselves: the season of a route."""
        values = self._linker.values([name.lower() for name in names])
        return bool(values) or any(self._linker.names(name.lower()) for name in names)

    def _is_habit(self, text: str) -> bool:
        """Whether what is done on such days is for running text to tell: works on Sundays."""
        dates = [column for column in self._linker.columns if column.kind == "date"]
        prose = any(column.kind == "prose" for column in self._linker.columns)
        return prose and not any(self._linker.match(c, tokens(text)).score for c in dates)

    @staticmethod
    def _marked(
        match: re.Match[str], marks: Marks, unit: str, numbers: set[int], said: str, place: str
    ) -> str:
        times = Recurrence(unit, frozenset(numbers), f"{place} {said}")
        end = Quantity(*match.span(), match.group(), 0.0, 0.0, recurrence=times)
        return marks.put(Comparison(end, end, text=match.group().strip()))


def _says(text: str, day: str) -> bool:
    return any(word.removesuffix("s") == day for word in tokens(text))
