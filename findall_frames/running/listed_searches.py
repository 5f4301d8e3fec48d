"""Reads the searches of `find_many`: objectives, `Search` objects, or the rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from findall_frames.errors import InvalidRequestError
from findall_frames.frames.frames import FindAllFrames
from findall_frames.running.arguments import OPTIONS, check_options
from findall_frames.running.ledger import question
from findall_frames.running.spec import Search, given_options, options_of

__all__ = ["read_searches"]

_LONGEST: Final = 200


def read_searches(searches: Any, *, own_data: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the parameters of each search as read, and their hashes from `question`.

    Raises
    ------
    InvalidRequestError
        A search is invalid, or two are equal. The message has the place in the list, from 0.
    """
    options = [_read(number, each) for number, each in enumerate(_all_of(searches))]
    asked = [
        question(each, match_limit=_limit(number, each, own_data=own_data))
        for number, each in enumerate(options)
    ]
    _check_distinct(asked, options)
    return options, asked


def _all_of(searches: Any) -> list[Any]:
    """Return the searches in a list, rows of a table as dicts."""
    if hasattr(searches, "to_dict") and hasattr(searches, "columns"):
        return _rows(searches)
    is_one = isinstance(searches, (str, Search, Mapping, FindAllFrames))
    if is_one or not isinstance(searches, Iterable):
        raise InvalidRequestError(
            "find_many takes a list of objectives and Search objects, or a DataFrame with a "
            f"search per row, not {searches!r:.{_LONGEST}}. For one search, use ff.find_all."
        )
    return list(searches)


def _rows(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a DataFrame of pandas or Polars, without what is missing in each."""
    names = list(table.columns)
    unknown = [name for name in names if name not in OPTIONS]
    twice = [name for name in names if names.count(name) > 1]
    if unknown or twice or "objective" not in names:
        came = "no column 'objective'"
        if unknown or twice:
            came = f"the column {(unknown or twice)[0]!r}{' twice' if not unknown else ''}"
        raise InvalidRequestError(
            f"The table of searches has {came}. Its columns are arguments of ff.find_all, each "
            f"at most once: {', '.join(OPTIONS)}."
        )
    rows = table.to_dicts() if hasattr(table, "to_dicts") else table.to_dict("records")
    return [
        {name: _cell(value) for name, value in row.items() if not _is_missing(value)}
        for row in rows
    ]


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (not isinstance(value, (str, Iterable)) and bool(value != value))
        or (type(value).__name__ in ("NAType", "NaTType"))
    )


def _cell(value: Any) -> Any:
    """Return a value; a column of whole numbers with missing ones is one of floats in pandas."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read(number: int, search: Any) -> dict[str, Any]:
    """Return the parameters of one search as read."""
    if not isinstance(search, (str, Search, dict)):
        raise InvalidRequestError(
            f"Search {number} is {search!r:.{_LONGEST}}. Expected an objective or a Search."
        )
    try:
        if not isinstance(search, dict):
            options = given_options(search)
        elif "objective" in search:
            options = given_options(**search)
        else:
            raise InvalidRequestError("It has no objective.")
        return options_of(Search(**options)) if "match_conditions" in options else options
    except InvalidRequestError as error:
        raise InvalidRequestError(f"Search {number}: {error}") from None


def _limit(number: int, options: Mapping[str, Any], *, own_data: bool) -> int:
    try:
        return check_options(options, own_data=own_data)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"Search {number}: {error}") from None


def _check_distinct(asked: Sequence[str], options: Sequence[Mapping[str, Any]]) -> None:
    first: dict[str, int] = {}
    for number, key in enumerate(asked):
        if key in first:
            raise InvalidRequestError(
                f"Searches {first[key]} and {number} ask the same: "
                f"{options[number]['objective']!r:.{_LONGEST}}. Leave one of them out."
            )
        first[key] = number
