"""Gives a column of value texts its type: the declared one, or one that changes no writing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from findall_frames.api.models import parse_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cell", "MisfitError", "declared_column", "inferred_column", "text_column"]


class Cell(NamedTuple):
    """A value as the fields table has it: its text, and its JSON type; both may be None."""

    text: str | None
    type: str | None


class MisfitError(ValueError):
    """A value does not have the type that was declared; ``str()`` is the value."""


_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# Digits under such a name are written, not counted.
_IDENTIFIER: Final = re.compile(
    r"(?:^|[\W_])(?:id|ids|code|zip|postcode|postal|phone|telephone|tel|mobile|fax|isbn|issn|ean"
    r"|gtin|sku|duns|vat|iban)(?:$|[\W_])",
    re.IGNORECASE,
)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def text_column(cells: Sequence[Cell]) -> pd.api.extensions.ExtensionArray:
    """Leave the values as text."""
    return _array([cell.text for cell in cells], "str")


def declared_column(
    cells: Sequence[Cell], *, schema: Mapping[str, Any]
) -> pd.api.extensions.ExtensionArray | None:
    """Give the values the type that a JSON Schema declares; None when it declares none.

    Raises
    ------
    MisfitError
        A value does not have that type.
    """
    declared, written_as = _declared_type(schema)
    if declared == "integer":
        return _convert(cells, _integer, "Int64")
    if declared == "number":
        return _convert(cells, _number, "Float64")
    if declared == "boolean":
        return _convert(cells, _boolean, "boolean")
    if declared == "string" and written_as == "date":
        return _convert(cells, _date, "datetime64[us]")
    if declared == "string" and written_as == "date-time":
        return _convert(cells, _time, "datetime64[us, UTC]")
    return text_column(cells) if declared else None


def inferred_column(cells: Sequence[Cell], *, name: str) -> pd.api.extensions.ExtensionArray:
    """Give the values a type that all of them have and that changes none in writing.

    ``"007"``, ``"1e5"``, ``"1.50"`` and ``"NaN"`` stay text, and with them their column; so
    does text of digits under a name such as ``phone`` or ``postal_code``.
    """
    types = {cell.type for cell in cells if cell.text is not None}
    attempts: list[tuple[Callable[[str], Any], str]]
    if types == {"string"}:
        kept = [cell.text for cell in cells if cell.text is not None]
        if all(_DATE.fullmatch(text) for text in kept):
            attempts = [(_date, "datetime64[us]")]
        elif all(text in ("true", "false") for text in kept):
            attempts = [(_boolean, "boolean")]
        elif _IDENTIFIER.search(name) or not all(map(_keeps_writing, kept)):
            attempts = []
        else:
            attempts = [(_integer, "Int64"), (_pointed, "Float64")]
    elif types == {"boolean"}:
        attempts = [(_boolean, "boolean")]
    elif types and types <= {"integer", "number"}:
        attempts = [(_integer, "Int64")] if types == {"integer"} else [(_number, "Float64")]
    else:
        attempts = []
    for convert, dtype in attempts:
        try:
            return _convert(cells, convert, dtype)
        except MisfitError:
            continue
    return text_column(cells)


def _declared_type(schema: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Read type and format, also of something that may be null; None where there is no one."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and "type" not in schema:
        found = {_declared_type(each) for each in options if isinstance(each, Mapping)}
        found.discard(("null", None))
        return found.pop() if len(found) == 1 else (None, None)
    declared, written_as = schema.get("type"), schema.get("format")
    if isinstance(declared, list):
        names = [name for name in declared if name != "null"]
        declared = names[0] if len(names) == 1 else None
    return (
        declared if isinstance(declared, str) else None,
        written_as if isinstance(written_as, str) else None,
    )


def _convert(
    cells: Sequence[Cell], convert: Callable[[str], Any], dtype: str
) -> pd.api.extensions.ExtensionArray:
    return _array([None if cell.text is None else convert(cell.text) for cell in cells], dtype)


def _array(values: Sequence[Any], dtype: str) -> pd.api.extensions.ExtensionArray:
    import pandas as pd

    return pd.Series(values, dtype=dtype).array


def _integer(text: str) -> int:
    number = Decimal(text) if _DECIMAL.fullmatch(text) else None
    if number is None or not _SMALLEST <= number <= _LARGEST or number != int(number):
        raise MisfitError(text)
    return int(number)


def _number(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise MisfitError(text)
    number = float(text)
    # What a float cannot hold to the last digit would be another number.
    if abs(number) == float("inf") or Decimal(repr(number)) != Decimal(text):
        raise MisfitError(text)
    return number


def _pointed(text: str) -> float:
    if "." not in text:
        raise MisfitError(text)
    return _number(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise MisfitError(text)
    return text.lower() == "true"


def _date(text: str) -> datetime:
    # The pattern, because fromisoformat would also read "20240501" and "2024-W18-3".
    if not _DATE.fullmatch(text):
        raise MisfitError(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise MisfitError(text) from None


def _time(text: str) -> datetime:
    time = parse_time(text) if _TIME.fullmatch(text) else None
    if time is None:
        raise MisfitError(text)
    return time


def _keeps_writing(text: str) -> bool:
    """Whether a number would be written again as it stands."""
    return bool(_INTEGER.fullmatch(text)) or (
        bool(_DECIMAL.fullmatch(text)) and repr(float(text)) == text
    )
