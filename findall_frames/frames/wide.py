"""Lays the fields out as columns: one row per candidate, one typed column per field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import VERDICT_WORDS, FindAllSchema, RequestedField, parse_time
from findall_frames.display.matches import matched_candidates
from findall_frames.errors import FindAllWarning, InvalidRequestError, warn
from findall_frames.frames.convert import confidence_dtype, text_dtype, to_dataframe
from findall_frames.frames.evidence import Best, best_citations
from findall_frames.frames.lookup import (
    FieldKey,
    candidate_keys,
    field_rows,
    first_kind,
    requested_in,
    with_match_status,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Values", "misfit_in", "misfit_of", "widen", "widen_as_matches"]

Values: TypeAlias = Literal["value", "verdict"]
_LEADING: Final = ("name", "url", "description", "match_status")
_RESERVED: Final = ("findall_id", "candidate_id", "objective", *_LEADING)
_EVIDENCE: Final = ("confidence", "excerpt", "source")
_DECLARED: Final[Mapping[str, Mapping[str, str]]] = {
    "Int64": {"type": "integer"},
    "Float64": {"type": "number"},
    "boolean": {"type": "boolean"},
    "datetime64[us]": {"type": "string", "format": "date"},
    "datetime64[us, UTC]": {"type": "string", "format": "date-time"},
    "str": {"type": "string"},
}
"""The JSON Schema of the values in a column, by its type."""
_HOLDS: Final[Mapping[str, str]] = {
    "Int64": "whole numbers",
    "Float64": "numbers",
    "boolean": "true or false",
    "datetime64[us]": "dates such as 2024-05-01",
    "datetime64[us, UTC]": "times such as 2024-05-01T12:00:00Z",
}
"""The values in a column in words, by its type, unless it holds any text."""


def widen(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    *,
    match_status: str | None,
    values: Values,
    evidence: bool,
) -> pd.DataFrame:
    """Return the table that `FindAllFrames.wide` documents."""
    if values not in ("value", "verdict"):
        raise InvalidRequestError(
            f"values is 'value' (what was found) or 'verdict' (whether it matched), not {values!r}."
        )
    candidates = with_match_status(tables["candidates"], match_status)
    return _lay_out(
        _Cells(
            tables,
            candidates,
            rows=field_rows(tables["fields"]),
            requested=requested_in(tables["runs"], searches),
        ),
        _with_objective(candidates, tables["runs"]),
        leading=_leading(tables, match_status=match_status),
        values=values,
        evidence=evidence,
        typed_by="the type that the search declares",
    )


def widen_as_matches(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    *,
    candidates: pa.Table,
    rows: Iterable[dict[str, Any]],
) -> pd.DataFrame:
    """Return some candidates in columns like those of the matches.

    Parameters
    ----------
    tables, searches : mapping
        As of `FindAllFrames`; they give the columns and their types.
    candidates : pyarrow.Table
        Rows of ``candidates``.
    rows : iterable of dict
        Their rows of ``fields``, whose values may differ from those in `tables`.
    """
    matches = _Cells(
        tables,
        matched_candidates(tables),
        rows=field_rows(tables["fields"]),
        requested=requested_in(tables["runs"], searches),
    )
    requested = {
        field: RequestedField("", _DECLARED[str(matches.typed(field)[0].dtype)])
        for field in matches.names
    }
    return _lay_out(
        _Cells(tables, candidates, rows=rows, requested=requested),
        _with_objective(candidates, tables["runs"]),
        leading=_leading(tables, match_status="matched"),
        values="value",
        evidence=False,
        typed_by="the type of the column in frames.matches",
    )


def _leading(tables: Mapping[str, pa.Table], *, match_status: str | None) -> list[str]:
    runs = tables["runs"]
    run = ["findall_id"] if runs.num_rows > 1 else []
    if pc.count_distinct(runs["objective"]).as_py() > 1:
        run.append("objective")
    return run + [name for name in _LEADING if name != "match_status" or match_status is None]


def _with_objective(candidates: pa.Table, runs: pa.Table) -> pd.DataFrame:
    """Return candidates with the objective of the run of each."""
    found = pc.index_in(candidates["findall_id"], value_set=runs["findall_id"].combine_chunks())
    return to_dataframe(candidates.append_column("objective", runs["objective"].take(found)))


def _lay_out(
    cells: _Cells,
    candidates: pd.DataFrame,
    *,
    leading: Sequence[str],
    values: Values,
    evidence: bool,
    typed_by: str,
) -> pd.DataFrame:
    """Return the leading columns, the fields, and the candidate_id."""
    import pandas as pd

    columns = _column_names(cells.names, evidence=evidence)
    renamed = [f"{field!r} as {column!r}" for field, column in columns.items() if field != column]
    if renamed:
        warn(
            "Some fields have the name of another column, so their columns have new names: "
            f"{', '.join(renamed)}. The names in the other tables are unchanged.",
            FindAllWarning,
        )

    wide: dict[str, Any] = {name: candidates[name] for name in leading}
    misfits = []
    for field, column in columns.items():
        if values == "verdict" and cells.kind(field) == "match_condition":
            wide[column] = pd.array(cells.verdicts(field), "boolean")
        else:
            wide[column], misfit = cells.typed(field)
            if misfit is not None:
                misfits.append(f"{column!r} (because of {misfit!r})")
        if evidence:
            for name, series in cells.evidence(field).items():
                wide[f"{column}_{name}"] = series
    wide["candidate_id"] = candidates["candidate_id"]
    if misfits:
        warn(
            f"Not every value has {typed_by}, so these columns stay text: {', '.join(misfits)}.",
            FindAllWarning,
        )
    return pd.DataFrame(wide)


class _Cells:
    """The rows of ``fields`` by field, each at the place of its candidate."""

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        candidates: pa.Table,
        *,
        rows: Iterable[dict[str, Any]],
        requested: dict[str, RequestedField],
    ) -> None:
        order = {key: place for place, key in enumerate(candidate_keys(candidates))}
        self._length = len(order)
        self._requested = requested
        self._citations = tables["citations"]
        self._rows: dict[str, dict[int, dict[str, Any]]] = {}
        valued: dict[str, None] = {}
        for row in rows:
            place = order.get((row["findall_id"], row["candidate_id"]))
            if place is not None:
                self._rows.setdefault(row["field"], {})[place] = row
                if row["value_type"] is not None:
                    valued[row["field"]] = None
        self.names = list(requested | valued)

    def kind(self, field: str) -> str | None:
        """Return the kind of a field in the search, else in its rows."""
        if field in self._requested:
            return self._requested[field].kind
        return first_kind(self._rows[field].values())

    def typed(self, field: str) -> tuple[pd.api.extensions.ExtensionArray, str | None]:
        """Return the typed values, and the first one that does not have the declared type."""
        texts = self._column(field, "value")
        schema = self._requested[field].schema if field in self._requested else {}
        try:
            declared = _declared_column(texts, schema=schema)
        except _MisfitError as misfit:
            return _array(texts, text_dtype()), str(misfit)
        if declared is not None:
            return declared, None
        cells = zip(texts, self._column(field, "value_type"), strict=True)
        types = {value_type for text, value_type in cells if text is not None}
        return _inferred_column(texts, types=types, name=field), None

    def verdicts(self, field: str) -> list[bool | None]:
        """Return the verdict on each candidate; a bare yes or no counts as one."""
        stated = self._column(field, "is_matched")
        values = self._column(field, "value")
        return [
            VERDICT_WORDS.get(str(value).strip().lower()) if verdict is None else verdict
            for verdict, value in zip(stated, values, strict=True)
        ]

    def evidence(self, field: str) -> dict[str, Any]:
        """Return the confidence, and excerpt and address of the best citation."""
        import pandas as pd

        best = self._best
        rows = self._rows.get(field, {})
        chosen = [best.get(_key(rows[i])) if i in rows else None for i in range(self._length)]
        return {
            "confidence": pd.Series(self._column(field, "confidence"), dtype=confidence_dtype()),
            "excerpt": pd.array([one and one.excerpt for one in chosen], text_dtype()),
            "source": pd.array([one and one.url for one in chosen], text_dtype()),
        }

    @cached_property
    def _best(self) -> dict[FieldKey, Best]:
        rows = (row for by_place in self._rows.values() for row in by_place.values())
        return best_citations(self._citations, values={_key(row): row["value"] for row in rows})

    def _column(self, field: str, name: str) -> list[Any]:
        rows = self._rows.get(field, {})
        return [rows[place][name] if place in rows else None for place in range(self._length)]


def _key(row: Mapping[str, Any]) -> FieldKey:
    return row["findall_id"], row["candidate_id"], row["field"]


def _column_names(fields: Iterable[str], *, evidence: bool) -> dict[str, str]:
    """Return a unique column name for each field."""
    taken = set(_RESERVED)
    columns = {}
    for field in fields:
        column, number = field, 1
        while not taken.isdisjoint(needed := _needed(column, evidence=evidence)):
            column = f"{field}_field" if number == 1 else f"{field}_field_{number}"
            number += 1
        taken.update(needed)
        columns[field] = column
    return columns


def _needed(column: str, *, evidence: bool) -> list[str]:
    return [column, *(f"{column}_{name}" for name in _EVIDENCE if evidence)]


class _MisfitError(ValueError):
    """A value does not have the declared type; ``str()`` is the value."""


_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# Digits under such a name are an identifier and no quantity.
_IDENTIFIER: Final = re.compile(
    r"(?:^|[\W_])(?:id|ids|code|zip|postcode|postal|phone|telephone|tel|mobile|fax|isbn|issn|ean"
    r"|gtin|sku|duns|vat|iban)(?:$|[\W_])",
    re.IGNORECASE,
)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def _declared_column(
    texts: Sequence[str | None], *, schema: Mapping[str, Any]
) -> pd.api.extensions.ExtensionArray | None:
    """Return the values in the type that a JSON Schema declares, or None if it declares none.

    Raises `_MisfitError` if a value does not have that type.
    """
    declared, written_as = _declared_type(schema)
    if declared == "integer":
        return _convert(texts, _integer, "Int64")
    if declared == "number":
        return _convert(texts, _number, "Float64")
    if declared == "boolean":
        return _convert(texts, _boolean, "boolean")
    if declared == "string" and written_as == "date":
        return _convert(texts, _date, "datetime64[us]")
    if declared == "string" and written_as == "date-time":
        return _convert(texts, _time, "datetime64[us, UTC]")
    return _array(texts, text_dtype()) if declared else None


def misfit_of(text: str, *, schema: Mapping[str, Any]) -> str | None:
    """Return the type that a JSON Schema declares if a text does not fit it, else None.

    Examples
    --------
    >>> misfit_of("many", schema={"type": ["integer", "null"]})
    'integer'
    >>> misfit_of("12", schema={"type": "integer"}) is None
    True
    """
    try:
        _declared_column([text], schema=schema)
    except _MisfitError:
        return " as ".join(part for part in _declared_type(schema) if part)
    return None


def misfit_in(tables: Mapping[str, pa.Table], *, field: str, text: str) -> str | None:
    """Return what the column of a field in the matches holds if a text is not that, else None."""
    rows = tables["fields"].filter(pc.field("field") == field)
    matches = _Cells(tables, matched_candidates(tables), rows=field_rows(rows), requested={})
    if field not in matches.names:
        return None
    dtype = str(matches.typed(field)[0].dtype)
    is_misfit = misfit_of(text, schema=_DECLARED[dtype]) is not None
    return _HOLDS[dtype] if is_misfit else None


def _inferred_column(
    texts: Sequence[str | None], *, types: Set[str | None], name: str
) -> pd.api.extensions.ExtensionArray:
    """Return the values in a type that all of them have and that changes the spelling of none.

    A column with ``"007"``, ``"1e5"``, ``"1.50"`` or ``"NaN"`` stays text; so do digits under a
    name such as ``phone`` or ``postal_code``. `types` are the JSON types of the values.
    """
    attempts: list[tuple[Callable[[str], Any], str]]
    if types == {"string"}:
        kept = [text for text in texts if text is not None]
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
            return _convert(texts, convert, dtype)
        except _MisfitError:
            continue
    return _array(texts, text_dtype())


def _declared_type(schema: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return type and format, ignoring null; None where there is none or more than one."""
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
    texts: Sequence[str | None], convert: Callable[[str], Any], dtype: str
) -> pd.api.extensions.ExtensionArray:
    return _array([None if text is None else convert(text) for text in texts], dtype)


def _array(values: Sequence[Any], dtype: str | pd.StringDtype) -> pd.api.extensions.ExtensionArray:
    import pandas as pd

    return pd.Series(values, dtype=dtype).array


def _integer(text: str) -> int:
    number = Decimal(text) if _DECIMAL.fullmatch(text) else None
    if number is None or not _SMALLEST <= number <= _LARGEST or number != int(number):
        raise _MisfitError(text)
    return int(number)


def _number(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise _MisfitError(text)
    number = float(text)
    # A number that a float cannot hold to the last digit would become another number.
    if abs(number) == float("inf") or Decimal(repr(number)) != Decimal(text):
        raise _MisfitError(text)
    return number


def _pointed(text: str) -> float:
    if "." not in text:
        raise _MisfitError(text)
    return _number(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _MisfitError(text)
    return text.lower() == "true"


def _date(text: str) -> datetime:
    # The pattern, because fromisoformat would also read "20240501" and "2024-W18-3".
    if not _DATE.fullmatch(text):
        raise _MisfitError(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _MisfitError(text) from None


def _time(text: str) -> datetime:
    time = parse_time(text) if _TIME.fullmatch(text) else None
    if time is None:
        raise _MisfitError(text)
    return time


def _keeps_writing(text: str) -> bool:
    """Return True if the number in the text is always written like this."""
    return bool(_INTEGER.fullmatch(text)) or (
        bool(_DECIMAL.fullmatch(text)) and repr(float(text)) == text
    )
