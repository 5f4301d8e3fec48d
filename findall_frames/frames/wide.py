"""One row per candidate, one typed column per field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pyarrow as pa

from findall_frames.api.models import VERDICT_WORDS, FindAllSchema
from findall_frames.errors import FindAllWarning, InvalidRequestError, warn
from findall_frames.frames.asked import AskedField, asked_in
from findall_frames.frames.dataframes import confidence_dtype, to_dataframe
from findall_frames.frames.evidence import Best, best_citations
from findall_frames.frames.infer import (
    Cell,
    MisfitError,
    declared_column,
    inferred_column,
    text_column,
)
from findall_frames.frames.rows import FieldKey, candidate_keys, first_kind, with_status

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Values", "widen"]

Values: TypeAlias = Literal["value", "verdict"]
_LEADING: Final = ("name", "url", "description", "match_status")
_RESERVED: Final = ("findall_id", "candidate_id", *_LEADING)
_EVIDENCE: Final = ("confidence", "excerpt", "source")


def widen(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    *,
    status: str | None,
    values: Values,
    evidence: bool,
) -> pd.DataFrame:
    """Build what `FindAllFrames.wide` documents."""
    import pandas as pd

    if values not in ("value", "verdict"):
        raise InvalidRequestError(
            f"values is 'value' (what was found) or 'verdict' (whether it matched), not {values!r}."
        )
    candidates = with_status(tables["candidates"], status)
    cells = _Cells(tables, candidates, asked=asked_in(tables["runs"], searches))
    columns = _column_names(cells.names, evidence=evidence)
    renamed = [f"{field!r} as {column!r}" for field, column in columns.items() if field != column]
    if renamed:
        warn(
            "Some fields share their name with another column, so they stand under a new one: "
            f"{', '.join(renamed)}. The tables keep the old names.",
            FindAllWarning,
        )

    leading = to_dataframe(candidates)
    wide: dict[str, Any] = {}
    if tables["runs"].num_rows > 1:
        wide["findall_id"] = leading["findall_id"]
    for name in _LEADING:
        if name != "match_status" or status is None:
            wide[name] = leading[name]
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
    wide["candidate_id"] = leading["candidate_id"]
    if misfits:
        warn(
            "Not every value has the type that the search asked for, so these columns stay text: "
            f"{', '.join(misfits)}.",
            FindAllWarning,
        )
    return pd.DataFrame(wide)


class _Cells:
    """The rows of ``fields`` by field, each put in its candidate's place."""

    def __init__(
        self, tables: Mapping[str, pa.Table], candidates: pa.Table, *, asked: dict[str, AskedField]
    ) -> None:
        order = {key: place for place, key in enumerate(candidate_keys(candidates))}
        self._length = len(order)
        self._asked = asked
        self._citations = tables["citations"]
        self._rows: dict[str, dict[int, dict[str, Any]]] = {}
        valued: dict[str, None] = {}
        for row in tables["fields"].drop_columns(["reasoning", "extra"]).to_pylist():
            place = order.get((row["findall_id"], row["candidate_id"]))
            if place is not None:
                self._rows.setdefault(row["field"], {})[place] = row
                if row["value_type"] is not None:
                    valued[row["field"]] = None
        self.names = list(asked | valued)

    def kind(self, field: str) -> str | None:
        """Whether it is a condition or an enrichment, by the search, else by its rows."""
        if field in self._asked:
            return self._asked[field].kind
        return first_kind(self._rows[field].values())

    def typed(self, field: str) -> tuple[pd.api.extensions.ExtensionArray, str | None]:
        """The values in their type, and the first one that does not have the declared type."""
        texts = zip(self._column(field, "value"), self._column(field, "value_type"), strict=True)
        cells = [Cell(text, value_type) for text, value_type in texts]
        schema = self._asked[field].schema if field in self._asked else {}
        try:
            declared = declared_column(cells, schema=schema)
        except MisfitError as misfit:
            return text_column(cells), str(misfit)
        return inferred_column(cells, name=field) if declared is None else declared, None

    def verdicts(self, field: str) -> list[bool | None]:
        """Whether each candidate meets the condition; a bare yes or no counts as well."""
        stated = self._column(field, "is_matched")
        values = self._column(field, "value")
        return [
            VERDICT_WORDS.get(str(value).strip().lower()) if verdict is None else verdict
            for verdict, value in zip(stated, values, strict=True)
        ]

    def evidence(self, field: str) -> dict[str, Any]:
        """The confidence, and excerpt and address of the citation that supports it best."""
        import pandas as pd

        best = self._best
        rows = self._rows.get(field, {})
        chosen = [best.get(_key(rows[i])) if i in rows else None for i in range(self._length)]
        return {
            "confidence": pd.Series(self._column(field, "confidence"), dtype=confidence_dtype()),
            "excerpt": pd.array([one and one.excerpt for one in chosen], "str"),
            "source": pd.array([one and one.url for one in chosen], "str"),
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
    """Give each field a column of its own."""
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
