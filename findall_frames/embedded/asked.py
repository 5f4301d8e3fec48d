"""What a JSON schema asks of a property, and cells in that type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from findall_frames.embedded.language.dates import as_day
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.units import Unit
from findall_frames.embedded.language.words import fold, phrases, split_name, tokens
from findall_frames.embedded.reading.columns import NO, YES, Column
from findall_frames.embedded.reading.values import items_of

__all__ = ["Asked", "coerced", "read_asked"]

_YEARLY = frozenset(
    phrases("year, founded, established, born, opened, released, launched, died, built, created")
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A property of a JSON schema.

    Attributes
    ----------
    name, description : str
        As the schema has them.
    kind : str
        Its JSON type.
    words : tuple of str
        The words of its name that carry meaning.
    unit : Unit or None
        What its name says that its numbers are in.
    scale : float
        And in which magnitude.
    choices : tuple of str
        The only values that it may have; empty where it may have any.
    is_date : bool
        Whether a date is asked for.
    items : str
        The JSON type of the items of an array.
    """

    name: str
    description: str
    kind: str
    words: tuple[str, ...]
    unit: Unit | None
    scale: float
    choices: tuple[str, ...]
    is_date: bool
    items: str

    @property
    def is_year(self) -> bool:
        """Whether a year is asked for."""
        words = (*self.words, *split_name(self.name))
        return self.unit is None and not _YEARLY.isdisjoint(words)

    @property
    def wanted(self) -> str:
        """What would do, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return "date" if self.is_date else self.kind


def read_asked(name: str, about: Mapping[str, Any]) -> Asked:
    """What the schema of one property asks for.

    Parameters
    ----------
    name : str
        Of the property.
    about : mapping
        Its schema.
    """
    named = Column(name, pa.array([], pa.float64()))
    # The year of "founded_year" is no word for the number.
    words = tuple(word for word in named.words if word != "year") or named.words
    items = about.get("items")
    choices = tuple(str(one) for one in about.get("enum") or () if one is not None)
    return Asked(
        name,
        str(about.get("description") or ""),
        _type_of(about),
        words,
        named.unit,
        named.scale,
        choices,
        about.get("format") in {"date", "date-time"},
        _type_of(items) if isinstance(items, Mapping) else "string",
    )


def _type_of(about: Mapping[str, Any]) -> str:
    kind = about.get("type", "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    return str(kind)


def coerced(cell: Any, amount: float | None, asked: Asked, column: Column) -> Any:
    """A cell in the type that is asked for; None where it cannot be that.

    Parameters
    ----------
    cell : value
        As it stands; not missing.
    amount : float or None
        Its number, in a column of numbers.
    asked : Asked
        The property.
    column : Column
        Where the cell stands.
    """
    if asked.choices:
        return _choice(cell, asked.choices)
    if asked.kind == "array":
        return [_single(item, asked.items) for item in _items(cell, column)]
    if asked.kind in {"number", "integer"}:
        return _number(cell, amount, asked, column)
    if asked.kind == "boolean":
        if isinstance(cell, str):
            word = cell.casefold()
            return True if word in YES else (False if word in NO else None)
        return bool(cell) if column.kind == "boolean" else None
    if asked.is_date:
        return _day(cell)
    if asked.kind == "string":
        return ", ".join(map(str, cell)) if isinstance(cell, list) else str(cell)
    return None


def _choice(cell: Any, choices: Sequence[str]) -> str | None:
    """The one choice that a cell is, or else the one that it has among its words."""
    texts = [str(one) for one in cell] if isinstance(cell, list) else [str(cell)]
    exact = [c for c in choices if any(fold(c.strip()) == fold(text.strip()) for text in texts)]
    if not exact:
        words = [set(tokens(text)) for text in texts]
        exact = [c for c in choices if tokens(c) and any(set(tokens(c)) <= w for w in words)]
    return exact[0] if len(exact) == 1 else None


def _items(cell: Any, column: Column) -> list[Any]:
    """The elements of a list, or the items that a text lists."""
    if isinstance(cell, list):
        return [item for item in cell if item is not None]
    if isinstance(cell, str) and column.kind == "text" and column.index.lists_items:
        return items_of(cell)
    return [cell]


def _single(item: Any, kind: str) -> Any:
    if kind in {"number", "integer"}:
        number = _as_number(item)
        whole = number is not None and float(number).is_integer()
        return int(number) if number is not None and kind == "integer" and whole else number
    return str(item) if kind == "string" else item


def _number(cell: Any, amount: float | None, asked: Asked, column: Column) -> float | None:
    if column.kind == "date":
        day = as_day(cell)
        return day.year if day is not None and asked.is_year else None
    number = _as_number(cell) if amount is None else amount
    if number is None:
        return None
    if asked.unit is not None or asked.scale != 1.0:
        # The name asks for a unit: from kilometres to metres, from millions to one by one.
        factor = column.scale / asked.scale
        if asked.unit is not None and column.unit is not None:
            if not asked.unit.convertible(column.unit):
                return None
            factor *= column.unit.factor / asked.unit.factor
        number = round(number * factor, 9)
    if not float(number).is_integer():
        return number if asked.kind == "number" else None
    whole = asked.kind == "integer" or isinstance(cell, int)
    return int(number) if whole else float(number)


def _as_number(cell: Any) -> float | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return cell
    if isinstance(cell, str):
        found = find_quantities(cell)
        return found[0].value if len(found) == 1 else None
    return None


def _day(cell: Any) -> str | None:
    """A day as ISO 8601 has it."""
    whole = not isinstance(cell, str) or any(q.is_day for q in find_quantities(cell))
    day = as_day(cell) if whole else None
    return day.isoformat() if day is not None else None
