"""The tables in the plain form that every BI tool reads, and back again."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from findall_frames.frames.schema import CATEGORIES, COUNT, FLAG, SCHEMAS, TIME

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BI_TABLES", "Plain", "arrow_of", "from_plain", "plain_names", "to_plain"]

BI_TABLES: Final = ("runs", "candidates", "fields", "citations", "excerpts", "matches")

_CITATION: Final = ("findall_id", "candidate_id", "field", "citation")
_LEADING: Final = ("findall_id", "candidate_id")
_PLAIN: Final = (pa.string(), COUNT, pa.float64(), FLAG, pa.date32(), TIME)


class Plain(NamedTuple):
    """Tables without nested or encoded types, and what had to be changed for that, in words."""

    tables: dict[str, pa.Table]
    changes: list[str]
    renamed: dict[str, str]


def to_plain(tables: Mapping[str, pa.Table], wide: pd.DataFrame) -> Plain:
    """Bring the tables, and the wide view of the matches, to plain types and names.

    Text, int64, float64, bool, date and timestamp[us, UTC] are plain. Excerpts become a table of
    their own, with one row each.
    """
    citations = tables["citations"]
    matches, renamed = _matches(wide, findall_ids=tables["runs"]["findall_id"])
    plain = {name: _flat(tables[name]) for name in ("runs", "candidates", "fields")}
    plain["citations"] = _flat(citations.drop_columns(["excerpts"]))
    plain["excerpts"] = _excerpts(citations)
    plain["matches"] = matches
    changes = [
        "citations.excerpts: from lists to the table excerpts, one row each",
        f"{', '.join(CATEGORIES)}: from categories to text, without their order",
        *(f"matches: {field!r} is the column {column!r}" for field, column in renamed.items()),
    ]
    return Plain(plain, changes, renamed)


def from_plain(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Put the excerpts back into their citations; types are left to `conform`."""
    places: defaultdict[tuple[Any, ...], dict[int, str]] = defaultdict(dict)
    columns = (tables["excerpts"][name].to_pylist() for name in (*_CITATION, "excerpt", "text"))
    for *key, place, text in zip(*columns, strict=True):
        places[tuple(key)][place] = text
    citations = tables["citations"]
    keys = zip(*(citations[name].to_pylist() for name in _CITATION), strict=True)
    excerpts = [
        [texts[place] for place in sorted(texts)] for texts in map(places.__getitem__, keys)
    ]
    schema = SCHEMAS["citations"]
    at = schema.get_field_index("excerpts")
    column = pa.array(excerpts, schema.field("excerpts").type)
    return {
        **{name: tables[name] for name in ("runs", "candidates", "fields")},
        "citations": citations.add_column(at, "excerpts", column),
    }


def arrow_of(wide: pd.DataFrame) -> pa.Table:
    """Turn a wide view into Arrow, with plain types; its times without a zone are dates."""
    return pa.table({name: _array(wide[name]) for name in wide.columns})


def plain_names(names: Iterable[str], *, taken: Iterable[str] = ()) -> dict[str, str]:
    """Give each name one of lower-case letters, digits and underscores, and none twice.

    Examples
    --------
    >>> plain_names(["ceoName", "CEO name", "Größe", "name", "2024 (€)", "名"], taken=["name"])
    {'ceoName': 'ceo_name', 'CEO name': 'ceo_name_2', 'Größe': 'groe', 'name': 'name_2',
     '2024 (€)': 'column_2024', '名': 'column'}
    """
    used = set(taken)
    plain = {}
    for name in names:
        ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", ascii_only).lower()
        base = re.sub(r"[^a-z0-9]+", "_", parted).strip("_")
        if not base[:1].isalpha():
            base = f"column_{base}".rstrip("_")
        candidate, number = base, 1
        while candidate in used:
            number += 1
            candidate = f"{base}_{number}"
        used.add(candidate)
        plain[name] = candidate
    return plain


def _matches(
    wide: pd.DataFrame, *, findall_ids: pa.ChunkedArray
) -> tuple[pa.Table, dict[str, str]]:
    """Lay out the wide view with its keys first; say which columns have another name."""
    table = arrow_of(wide)
    if "findall_id" not in table.column_names:
        only = findall_ids[0].as_py() if len(findall_ids) else None
        table = table.append_column(
            "findall_id", pa.repeat(pa.scalar(only, pa.string()), len(wide))
        )
    fields = [name for name in table.column_names if name not in _LEADING]
    names = plain_names(fields, taken=_LEADING)
    table = table.select([*_LEADING, *fields]).rename_columns([*_LEADING, *names.values()])
    return table, {field: name for field, name in names.items() if field != name}


def _flat(table: pa.Table) -> pa.Table:
    columns = []
    for field in table.schema:
        column = table[field.name]
        columns.append(column if field.type in _PLAIN else column.cast(pa.string()))
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _excerpts(citations: pa.Table) -> pa.Table:
    """List the excerpts, each with the key of its citation and its place there."""
    lists = citations["excerpts"].combine_chunks()
    counts = np.asarray(lists.value_lengths(), np.int64)
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = _flat(citations.select(list(_CITATION))).take(pa.array(rows))
    return keys.append_column("excerpt", pa.array(places, COUNT)).append_column(
        "text", lists.flatten().cast(pa.string())
    )


def _array(series: pd.Series[Any]) -> pa.ChunkedArray:
    import pandas as pd

    dtype = series.dtype
    if dtype == "Int64":
        kind = COUNT
    elif dtype == "Float64":
        kind = pa.float64()
    elif dtype == "boolean":
        kind = FLAG
    elif isinstance(dtype, pd.DatetimeTZDtype):
        kind = TIME
    elif dtype.kind == "M":
        kind = pa.date32()
    else:
        kind = pa.string()
    values = pa.array(series.astype("str") if kind == pa.string() else series, from_pandas=True)
    return pa.chunked_array(
        [values.cast(kind)] if isinstance(values, pa.Array) else values.cast(kind)
    )
