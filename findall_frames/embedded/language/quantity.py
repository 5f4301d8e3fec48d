"""A number as it is written somewhere, with its unit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import NamedTuple

from findall_frames.embedded.language.units import MAGNITUDES, Unit, unit_named

__all__ = ["Quantity", "Recurrence"]


class Recurrence(NamedTuple):
    """A time that comes round.

    Attributes
    ----------
    unit : str
        ``"month"``, ``"weekday"`` from 0 for Monday, or ``"day"`` of a month, 704 for 4 July.
    numbers : frozenset of int
        Which of them.
    said : str
        How it is written.
    """

    unit: str
    numbers: frozenset[int]
    said: str


_DAYS = {"months": 30.0, "years": 365.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity as it is written somewhere.

    Attributes
    ----------
    start, end : int
        Where it stands in the text.
    text : str
        What stands there.
    value, top : float
        The number; `top` is larger where a span is meant, as with a decade.
    unit : Unit or None
        The unit that is written with it.
    letter : str
        A magnitude that may as well be a unit, as the m of ``"30 m"``; else empty.
    year : bool
        Whether it may be a year.
    dates : tuple of date or None
        First and last day, for a date.
    version : tuple of int
        The parts of a plain number such as ``3.10``; empty where it is none.
    weak : bool
        Whether it counts only after a word of comparison, as "one".
    of_whole : bool
        Whether it is written as a part of a whole: a quarter of.
    recurrence : Recurrence or None
        Months or days of any year, where it is no number at all.
    """

    start: int
    end: int
    text: str
    value: float
    top: float
    unit: Unit | None = None
    letter: str = ""
    year: bool = False
    dates: tuple[dt.date, dt.date] | None = None
    version: tuple[int, ...] = ()
    weak: bool = False
    of_whole: bool = False
    recurrence: Recurrence | None = None

    @property
    def is_day(self) -> bool:
        """Whether it is a single day."""
        return self.dates is not None and self.dates[0] == self.dates[1]

    def in_unit(self, unit: Unit | None) -> Quantity | None:
        """The same in the unit of a column; None where it cannot be that."""
        if self.letter:
            meant = unit_named((self.letter,))
            if meant is not None and unit is not None and meant.convertible(unit):
                return replace(self, unit=meant, letter="").in_unit(unit)
            factor = MAGNITUDES.get(self.letter, 1.0)
            value = round(self.value * factor, 6)
            return replace(self, value=value, top=value, letter="").in_unit(unit)
        if self.unit is None or unit is None:
            return self
        if self.unit.name == "lb" and unit.name == "GBP" and "pound" in self.text.casefold():
            return replace(self, unit=unit)  # five pounds of money
        if not self.unit.convertible(unit):
            return None
        factor = self.unit.factor / unit.factor
        if unit.name == "days":
            # Three months' notice is ninety days.
            factor = _DAYS.get(self.unit.name, factor)
        return replace(self, value=self.value * factor, top=self.top * factor, unit=unit)
