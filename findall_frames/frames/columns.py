"""Fills the columns of the tables with candidates, a batch at a time."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from types import NoneType, SimpleNamespace
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import Raw

from findall_frames.addresses import Domains
from findall_frames.frames.schema import (
    CATEGORIES,
    EXCERPTS,
    SCHEMAS,
    TEXT,
    TableColumn,
    conform,
    sent_columns,
)
from findall_frames.frames.wire import (
    ANY,
    Extras,
    WireCandidate,
    WireCitation,
    json_text,
)

__all__ = ["Columns"]


class _Absent:
    """Stands for the output of a field that has only a basis."""


_ABSENT: Final = _Absent()
# Stands for the basis of a field that has only an output.
_NO_BASIS: Final = SimpleNamespace(
    citations=None, **dict.fromkeys(column.name for column in sent_columns("basis"))
)
_NO_CITATIONS: Final[list[WireCitation]] = []
_NO_EXCERPTS: Final[list[str]] = []
# Arrow's own pool takes several times as long to touch new memory as the system's does.
_POOL: Final = pa.system_memory_pool()
_VALUE_TYPES: Final[dict[type, str | None]] = {
    str: "string",
    int: "integer",
    Raw: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    NoneType: "null",
    _Absent: None,
}


class Columns:
    """The growing tables of one run; ``kinds`` is for fields whose kind is not sent."""

    def __init__(self, findall_id: str, *, kinds: Mapping[str, str]) -> None:
        self._findall_id = findall_id
        self._kinds = kinds
        self._domains = Domains()
        self._batches: dict[str, list[dict[str, pa.Array]]] = {
            "candidates": [],
            "fields": [],
            "citations": [],
        }

    def add(
        self, candidates: Sequence[WireCandidate], *, positions: Sequence[int], extras: Extras
    ) -> None:
        """Add a batch of candidates with their places in the result."""
        columns = _sent(candidates, part="candidate")
        columns["position"] = pa.array(positions, pa.int64())
        columns["domain"] = self._domains_of(candidates)
        columns["extra"] = _extra(len(candidates), _unknown(extras, candidate=candidates))
        self._batches["candidates"].append(columns)
        self._add_fields(candidates, ids=columns["candidate_id"], extras=extras)

    def _add_fields(
        self, candidates: Sequence[WireCandidate], *, ids: pa.Array, extras: Extras
    ) -> None:
        rows = _field_rows(candidates)
        wrapped = [type(output) not in _VALUE_TYPES for output in rows.outputs]
        outputs = list(zip(rows.outputs, wrapped, strict=True))
        kinds = [output.kind if is_wrapped else None for output, is_wrapped in outputs]
        values = [output.value if is_wrapped else output for output, is_wrapped in outputs]
        more = _unknown(extras, output=rows.outputs, basis=rows.bases)
        if extras.repeated:
            for row, basis in enumerate(rows.bases):
                if id(basis) in extras.repeated:
                    _add(more, row, "repeated", json_text(extras.repeated[id(basis)]))
        self._derive_kinds(rows, kinds=kinds, extras=more)
        citations = [basis.citations or _NO_CITATIONS for basis in rows.bases]
        counts = np.fromiter(map(len, citations), np.int64, len(citations))
        columns = {
            "candidate_id": ids.take(pa.array(rows.owners, pa.int64())),
            "field": _text(rows.names),
        }
        columns |= _sent(rows.bases, part="basis", but=columns)
        columns["kind"] = _text(kinds)
        columns["value"] = _text([v if type(v) is str else _value_text(v) for v in values])
        for column in sent_columns("output"):
            if column.name not in columns:
                get = attrgetter(column.name)
                columns[column.name] = _array([get(o) if w else None for o, w in outputs], column)
        columns["value_type"] = pa.array([_VALUE_TYPES[type(v)] for v in values], pa.string())
        columns["citation_count"] = pa.array(counts)
        columns["extra"] = _extra(len(values), more)
        self._batches["fields"].append(columns)

        field_rows = np.repeat(np.arange(len(counts)), counts)
        places = np.arange(len(field_rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        repeat = pa.array(field_rows)
        keys = {name: columns[name].take(repeat) for name in ("candidate_id", "field")}
        keys["citation"] = pa.array(places)
        self._add_citations(list(chain.from_iterable(citations)), keys=keys, extras=extras)

    def _add_citations(
        self, citations: Sequence[WireCitation], *, keys: Mapping[str, pa.Array], extras: Extras
    ) -> None:
        columns = {**keys, **_sent(citations, part="citation")}
        columns["domain"] = self._domains_of(citations)
        columns["extra"] = _extra(len(citations), _unknown(extras, citation=citations))
        self._batches["citations"].append(columns)

    def _domains_of(self, pages: Sequence[WireCandidate | WireCitation]) -> pa.Array:
        return _text(self._domains.of([page.url for page in pages]))

    def _derive_kinds(
        self, rows: _FieldRows, *, kinds: list[str | None], extras: dict[int, str]
    ) -> None:
        """Fill in kinds that were not sent, and note the shape that this no longer shows.

        In the tables, a value with a kind was an object with a type, and one without a kind was a
        bare value; ``extra`` notes the exceptions.
        """
        if None not in kinds:
            return
        for row, (name, output) in enumerate(zip(rows.names, rows.outputs, strict=True)):
            if kinds[row] is not None:
                continue
            kinds[row] = self._kinds.get(name)
            if output is _ABSENT:
                continue
            if type(output) not in _VALUE_TYPES:
                _add(extras, row, "shape", '"untyped"')
            elif kinds[row] is not None:
                _add(extras, row, "shape", '"bare"')

    def finish(self, *, repeated: Mapping[str, list[dict[str, Any]]]) -> dict[str, pa.Table]:
        """Return the tables, adding what came again under a candidate id to its ``extra``."""
        tables = {}
        for name, batches in self._batches.items():
            if not batches:
                tables[name] = SCHEMAS[name].empty_table()
                continue
            length = sum(len(batch["candidate_id"]) for batch in batches)
            columns = {"findall_id": pa.repeat(pa.scalar(self._findall_id, TEXT), length)}
            for column in SCHEMAS[name].names[1:]:
                columns[column] = pa.chunked_array([batch[column] for batch in batches])
            tables[name] = pa.table(columns)
        if repeated:
            tables["candidates"] = _note_repeated(tables["candidates"], repeated)
        return {name: conform(table, name=name) for name, table in tables.items()}


class _FieldRows(NamedTuple):
    """The rows of ``fields``: index of the candidate, name, output and basis."""

    owners: list[int]
    names: list[str]
    outputs: list[Any]
    bases: list[Any]


def _field_rows(candidates: Sequence[WireCandidate]) -> _FieldRows:
    """Line up the fields; those of the basis first, so that its order can be rebuilt."""
    rows = owners, names, outputs, bases = _FieldRows([], [], [], [])
    for owner, candidate in enumerate(candidates):
        output = candidate.output or {}
        basis = candidate.basis or ()
        for entry in basis:
            owners.append(owner)
            names.append(entry.field)
            outputs.append(output.get(entry.field, _ABSENT))
            bases.append(entry)
        supported = {entry.field for entry in basis}
        if not supported.issuperset(output):
            for name, value in output.items():
                if name not in supported:
                    owners.append(owner)
                    names.append(name)
                    outputs.append(value)
                    bases.append(_NO_BASIS)
    return rows


def _sent(objects: Sequence[object], *, part: str, but: Container[str] = ()) -> dict[str, pa.Array]:
    """Return the columns whose values these objects have."""
    return {
        column.name: _array(list(map(attrgetter(column.name), objects)), column)
        for column in sent_columns(part)
        if column.name not in but
    }


def _array(values: Sequence[Any], column: TableColumn) -> pa.Array:
    if column.type == EXCERPTS:
        return _lists(values)
    # Categories are encoded at the end, when all of their values are known.
    kind = pa.string() if column.name in CATEGORIES else column.type
    return pa.array(values, kind, memory_pool=_POOL)


def _lists(values: Sequence[list[str] | None]) -> pa.Array:
    lists = [value or _NO_EXCERPTS for value in values]
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, lists), np.int32, len(lists)), out=offsets[1:])
    texts = _text(list(chain.from_iterable(lists)))
    return pa.ListArray.from_arrays(pa.array(offsets), texts, type=EXCERPTS)


def _text(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, TEXT, memory_pool=_POOL)


def _value_text(value: Any) -> str | None:
    return None if value is None or value is _ABSENT else json_text(value)


def _unknown(extras: Extras, **parts: Iterable[object]) -> dict[int, str]:
    """Return JSON of the fields without a column, by row."""
    by_row: dict[int, str] = {}
    for part, objects in parts.items():
        if part in extras.unknown:
            for row, unknown in enumerate(map(extras.unknown[part].get, map(id, objects))):
                if unknown is not None:
                    _add(by_row, row, part, unknown)
    return by_row


def _add(by_row: dict[int, str], row: int, name: str, text: str) -> None:
    """Add a member to the JSON object of a row."""
    before = by_row.get(row)
    by_row[row] = f'{before[:-1]},"{name}":{text}}}' if before else f'{{"{name}":{text}}}'


def _extra(length: int, by_row: Mapping[int, str]) -> pa.Array:
    return _text(list(map(by_row.get, range(length)))) if by_row else pa.nulls(length, TEXT)


def _note_repeated(candidates: pa.Table, repeated: Mapping[str, list[dict[str, Any]]]) -> pa.Table:
    extras = candidates["extra"].to_pylist()
    for row, candidate_id in enumerate(candidates["candidate_id"].to_pylist()):
        if candidate_id in repeated:
            extra: dict[str, Any] = ANY.decode(extras[row] or "{}")
            extras[row] = json_text({**extra, "repeated": repeated[candidate_id]})
    column = candidates.schema.get_field_index("extra")
    return candidates.set_column(column, "extra", _text(extras))
