"""A column of the corpus with what is known of its meaning: words, kind, unit and values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.language.dates import as_day, date_of
from findall_frames.embedded.language.figures import BLANKS, Figures, read_figures
from findall_frames.embedded.language.units import Unit, magnitude_named, unit_named
from findall_frames.embedded.language.words import phrases, split_name
from findall_frames.embedded.reading.scales import Scale, scale_of
from findall_frames.embedded.reading.values import LARGE, ValueIndex

__all__ = ["NO", "YES", "Column", "Kind"]

Kind: TypeAlias = Literal["number", "boolean", "text", "prose", "list", "date", "version"]

_SMALL_WORDS = frozenset(
    phrases(
        """of, in, on, at, the, a, an, and, is, are, has, have, was, can, by, to, for, n, no, num,
        number,
        count, unit"""
    )
)
_MONEY_WORDS = frozenset(
    phrases(
        """revenue, funding, raised, gdp, budget, valuation, sales, price, cost, income, profit,
        turnover"""
    )
)
_LEAST_OF = frozenset(
    phrases("age, price, order, qty, quantity, pax, players, people, size, guests, persons, temp")
)
_THOUSANDS = {"000": 1e3, "000s": 1e3, "1000s": 1e3, "thou": 1e3, "thous": 1e3, "mill": 1e6}
_COUNTED = frozenset(("population", "people"))
YES, NO = frozenset(("yes", "true", "y", "t")), frozenset(("no", "false", "n", "f"))
_LEGEND = re.compile(r"\(([^()]*=[^()]*)\)")
# The most that can be had, of "Score (/10)" or "Rating (1-5)".
_OUT_OF = re.compile(r"\(\s*(?:/|out of )\s*\d+\s*\)|(?<=\w)\s*/\d+$|\(\s*\d+\s*[-–]\s*\d+\s*\)")
_MEANT = re.compile(r"(-?\d+)\s*=\s*([^\W\d_][^,;/=]*?)\s*(?:[,;/]|$)")
_SPECIFIER = r"^\s*(~=|={2,3}|!=|<=|>=|<|>)"
_DOTTED = r"^[vV]?[0-9]+([.][0-9]+){1,4}([-.+]?[A-Za-z][A-Za-z0-9.]*)?$"
_ISO_DATE = r"^[0-9]{4}-[0-9]{2}(-[0-9]{2}([T ].*)?)?$"
_SAMPLE = 2000
_LONG_WORDS = 8
_SHADES = 8
_SCALED = 20
_DAYS = 31
"""Numbers up to here over a "Yr" count years: of study, say."""
_PLAINLY = frozenset(("yes", "no", "true", "false"))


class Column:
    """One column.

    Attributes
    ----------
    name : str
        As the table has it.
    array : pyarrow.Array
        Its cells, in one chunk.
    words : tuple of str
        The words of its name that carry meaning, without unit and magnitude.
    scale : float
        What its numbers are to be multiplied by, where its name says so: 1e6 for millions.
    out_of : bool
        Whether its name says how many points there are at most.
    """

    def __init__(
        self, name: str, array: pa.ChunkedArray | pa.Array, *, currency: Unit | None = None
    ) -> None:
        self.name = name
        self._currency = currency
        self.array: pa.Array = (
            array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        )
        explained = _OUT_OF.sub(" ", _LEGEND.sub(" ", name))
        self.out_of = bool(_OUT_OF.search(name))
        self.words, self._named_unit, self.scale = _read_name(split_name(explained) or (name,))

    @cached_property
    def legend(self) -> dict[str, str]:
        """What its name says that numbers stand for: ground and 0, of "Floor (0 = ground)"."""
        told = _LEGEND.search(self.name) if self.kind == "number" else None
        return {meant: number for number, meant in _MEANT.findall(told[1])} if told else {}

    @cached_property
    def unit(self) -> Unit | None:
        """What its name, or else what its cells say that its numbers are in."""
        if self._named_unit is None and self.kind == "number" and self._figures is not None:
            return self._figures.unit
        return self._named_unit

    @cached_property
    def texts(self) -> pa.Array:
        """The cells as text; the elements of a list are paragraphs of it."""
        kind = self.array.type
        if pa.types.is_large_string(kind):
            return self.array
        if _is_list(kind):
            lists = self.array.cast(pa.list_(pa.large_string()))
            return pc.binary_join(lists, pa.scalar("\n\n", pa.large_string()))
        return self.array.cast(pa.large_string())

    def text_list(self, positions: Sequence[int]) -> list[Any]:
        """The cells at these positions as text; None where missing."""
        return self._take(self.texts, positions)

    @cached_property
    def kind(self) -> Kind:
        """What its cells are, judged by type and by all values."""
        kind = self.array.type
        if pa.types.is_boolean(kind):
            return "boolean"
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return "boolean" if self._is_flag() else "number"
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            return "date"
        if _is_list(kind):
            return "list"
        return self._kind_of_text() if pa.types.is_large_string(kind) else "text"

    @property
    def year_like(self) -> bool:
        """Whether its numbers are years of four digits."""
        return self._year_form == "full"

    @property
    def short_year(self) -> bool:
        """Whether its numbers are years of two digits, of the twentieth century."""
        return self._year_form == "short"

    @cached_property
    def _year_form(self) -> str:
        if self.kind != "number":
            return ""
        span = pc.min_max(self.numbers)
        low, high = span["min"].as_py(), span["max"].as_py()
        if low is None or not pc.all(pc.equal(pc.round(self.numbers), self.numbers)).as_py():
            return ""
        named = "year" in self.words or "yr" in self.words
        if low >= 1000 and high <= 2100 and (named or self.unit is None):
            return "full"
        return "short" if named and low >= 0 and _DAYS < high <= 99 else ""

    @cached_property
    def numbers(self) -> pa.Array:
        """The cells of a number column as float64, in the column's unit."""
        if not pa.types.is_large_string(self.array.type):
            return self.array.cast(pa.float64(), safe=False)
        figures = self._figures
        known = figures.values if figures is not None else {}
        factor = 1.0
        if figures is not None and figures.unit is not None and self._named_unit is not None:
            factor = figures.unit.factor / self._named_unit.factor
        numbers = [known.get(text) for text in self.array.to_pylist()]
        return pa.array([n if n is None else n * factor for n in numbers], pa.float64())

    @cached_property
    def _figures(self) -> Figures | None:
        """The numbers of a column of texts, where all of them are such."""
        if not pa.types.is_large_string(self.array.type):
            return None
        distinct = self.array.unique().drop_null().to_pylist()
        counted = bool((_MONEY_WORDS | _COUNTED).intersection(self.words))
        return read_figures(
            distinct,
            counted=counted or any(map(_is_plural, self.words)),
            repeated=len(distinct) * 2 <= len(self.array) - self.array.null_count,
            measured=self._named_unit is not None,
            currency=self._currency,
        )

    @property
    def noun(self) -> str:
        """The word behind all of its numbers, where there is one: cases."""
        figures = self._figures if self.kind == "number" else None
        return figures.noun if figures is not None else ""

    @cached_property
    def in_other_currencies(self) -> tuple[Column, ...]:
        """The same cells read in each other currency that some of them are written in."""
        figures = self._figures if self.kind == "number" else None
        others = figures.others if figures is not None else ()
        return tuple(Column(self.name, self.array, currency=unit) for unit in others)

    @cached_property
    def days(self) -> pa.Array:
        """The cells of a date column as days."""
        if not pa.types.is_large_string(self.array.type):
            return self.array.cast(pa.date32(), safe=False)
        known = {text: as_day(text) for text in self.array.unique().drop_null().to_pylist()}
        return pa.array([known.get(text) for text in self.array.to_pylist()], pa.date32())

    @cached_property
    def fraction(self) -> bool:
        """Whether its numbers are shares of one, which people call percents."""
        span = pc.min_max(self.numbers)
        low, high = span["min"].as_py(), span["max"].as_py()
        return self.unit is None and low is not None and low >= 0 and high <= 1

    @cached_property
    def shaded(self) -> bool:
        """Whether it says yes or no and something between: in progress, partly."""
        if self.kind != "text" or len(self.index.values) > _SHADES:
            return False
        values = {value.casefold() for value in self.index.values}
        told = not values.isdisjoint(_PLAINLY) or values.issuperset({"y", "n"})
        return told and len(values) > 1

    @cached_property
    def ladder(self) -> Scale | None:
        """The order of its values, where they have one."""
        if self.kind != "text" or len(self.index.values) > _SCALED:
            return None
        values = [value for value in self.index.values if value.strip().casefold() not in BLANKS]
        return scale_of([value for value in values if value.strip()], self.words)

    @cached_property
    def index(self) -> ValueIndex:
        """The distinct values of a text or list column, to be found by what is said of them.

        Of more than `LARGE` values only so many need be there.
        """
        array = self.array
        if _is_list(array.type):
            array = pc.list_flatten(array).cast(pa.large_string())
        # Whether there are more than are ever looked at can mostly be seen at the beginning.
        values = array.slice(0, LARGE + LARGE // 4).unique().drop_null()
        if len(values) <= LARGE:
            values = array.unique().drop_null()
        return ValueIndex(values.to_pylist(), self.words)

    def cells(self, positions: Sequence[int]) -> list[Any]:
        """The cells at these positions as they stand; None where missing."""
        return self._take(self.array, positions)

    def amounts(self, positions: Sequence[int]) -> list[float | None]:
        """The cells of a number column at these positions, in the column's unit."""
        found: list[float | None] = self._take(self.numbers, positions)
        return found

    def day_list(self, positions: Sequence[int]) -> list[Any]:
        """The cells of a date column at these positions, as days."""
        return self._take(self.days, positions)

    @staticmethod
    def _take(array: pa.Array, positions: Sequence[int]) -> list[Any]:
        if isinstance(positions, range) and positions.step == 1:
            return list(array.slice(positions.start, len(positions)).to_pylist())
        return list(array.take(pa.array(positions, pa.int64())).to_pylist())

    def _is_flag(self) -> bool:
        named = split_name(self.name)[0] in {"is", "has", "can", "in", "was"}
        distinct = set(self.array.unique().to_pylist()) - {None}
        return named and distinct <= {0, 1}

    def _kind_of_text(self) -> Kind:
        filled = self.array.drop_null()
        blank = pa.array(sorted(BLANKS), pa.large_string())
        lowered = pc.utf8_lower(pc.utf8_trim_whitespace(filled))
        filled = filled.filter(pc.invert(pc.is_in(lowered, value_set=blank)))
        if not len(filled):
            return "text"
        sample = filled.take(pa.array(range(0, len(filled), max(1, len(filled) // _SAMPLE))))
        if {text.casefold() for text in sample.unique().to_pylist()} <= YES | NO:
            return "boolean"
        if _all_match(sample, filled, _ISO_DATE):
            return "date"
        if all(date_of(text) for text in sample.to_pylist()):
            return "date"
        if _all_match(sample, filled, _SPECIFIER):
            return "version"
        if "version" in self.words and _most_match(sample, _DOTTED):
            return "version"
        distinct = sample.unique().to_pylist()
        repeated = len(distinct) * 2 <= len(sample)
        measured = self._named_unit is not None
        figures = read_figures(distinct, repeated=repeated, measured=measured)
        if figures is not None and self._figures is not None:
            return "number"
        if _all_match(sample, filled, _DOTTED):
            return "version"
        lengths = [text.count(" ") + 1 for text in sample.to_pylist()]
        long = sum(length >= _LONG_WORDS for length in lengths)
        return "prose" if long * 4 > len(lengths) else "text"


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _most_match(sample: pa.Array, pattern: str) -> bool:
    matched = pc.sum(pc.match_substring_regex(sample, pattern)).as_py() or 0
    return bool(matched * 10 >= len(sample) * 9)


def _all_match(sample: pa.Array, filled: pa.Array, pattern: str) -> bool:
    matched = pc.match_substring_regex(sample, pattern)
    if not pc.all(matched).as_py():
        return False
    return bool(pc.all(pc.match_substring_regex(filled, pattern)).as_py())


def _is_plural(word: str) -> bool:
    """Whether a word of a name counts things, as passengers do, and the m behind it millions."""
    return len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _read_name(words: tuple[str, ...]) -> tuple[tuple[str, ...], Unit | None, float]:
    """Split the words of a name into meaning, unit and magnitude."""
    unit, scale = None, 1.0
    rest = list(words)
    units = [unit_named((word,)) for word in rest]
    money = bool(_MONEY_WORDS.intersection(rest)) or any(
        u and u.dimension == "money" for u in units
    )
    counted = any(word in _COUNTED or _is_plural(word) for word in rest)
    for size in (3, 2, 1):
        for start in range(len(rest) - size, -1, -1):
            # A name that is nothing but a unit ("mpg", "Horsepower") keeps it as its word too.
            found = unit_named(tuple(rest[start : start + size]))
            if rest[start : start + size] == ["yr"] or (start == 0 and rest[0] in {"min", "max"}):
                found = None  # "Founded (yr)" holds no spans, "min players" no minutes
            if rest[start : start + size] == ["min"] and _LEAST_OF.intersection(rest[:start]):
                found = None  # nor does "age_min"
            if (
                found
                and found.dimension == "time"
                and (money or rest[start - 1 : start] == ["per"])
            ):
                continue  # a price per month, flights per day
            ambiguous = size == 1 and len(rest[start]) == 1
            if found and unit is None and not (ambiguous and (money or counted or start == 0)):
                unit = found
                if rest[max(0, start - 1) : start] == ["k"]:
                    rest[start - 1] = "thousand"  # "(k sq ft)"
                if len(rest) > size:
                    rest[start : start + size] = []
                break
    for at, word in enumerate(tuple(rest)):
        factor = magnitude_named(word) or _THOUSANDS.get(word)
        if "per" in tuple(rest)[max(0, at - 1) : at]:
            continue  # so many per 1000 of something else
        if word[1:] in {"usd", "eur", "gbp"} and word[0] in "kmb":
            factor, unit = magnitude_named(word[0]), unit_named((word[1:],))
        one_letter = (
            len(word) == 1
            and not (money or counted)
            and (unit is None or unit.dimension != "money")
        )
        if factor and len(rest) > 1 and not one_letter:
            scale *= factor
            rest.remove(word)
    meaning = tuple(word for word in rest if word not in _SMALL_WORDS)
    return meaning or tuple(rest), unit, scale
