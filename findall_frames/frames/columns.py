"""Turns candidates into columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import Raw

from findall_frames.addresses import Domains
from findall_frames.frames.schema import EXCERPTS, FLAG, SCHEMAS, TEXT, conform
from findall_frames.frames.wire import ANY, Basis, Candidate, Extras, Source, Value, json_text

__all__ = ["Columns"]


class _Absent:
    """Stands for the output of a field that has only a basis."""


class _NoBasis:
    """Stands for the basis of a field that has only an output."""

    reasoning = None
    confidence = None
    citations = None


_ABSENT: Final = _Absent()
_NO_BASIS: Final = _NoBasis()
# Arrow's own pool takes several times as long to touch new memory as the system's does.
_POOL: Final = pa.system_memory_pool()
_NO_SOURCES: Final[list[Source]] = []
_NO_EXCERPTS: Final[list[str]] = []
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
    """The tables of one run while they grow.

    Parameters
    ----------
    findall_id : str
        The run.
    kinds : mapping of str to str
        ``"match_condition"`` or ``"enrichment"`` by field, for fields whose kind is not sent.
    """

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
        self,
        candidates: Sequence[Candidate],
        *,
        positions: Sequence[int],
        extras: Mapping[int, Extras],
    ) -> None:
        """Add a batch of candidates, with their places in the result.

        ``extras`` holds what has no column, by the index of the candidate in the batch.
        """
        ids = _text([candidate.candidate_id for candidate in candidates])
        self._batches["candidates"].append(
            {
                "candidate_id": ids,
                "position": pa.array(positions, pa.int64()),
                "name": _text([candidate.name for candidate in candidates]),
                "url": _text([candidate.url for candidate in candidates]),
                "domain": _text(self._domains.of([candidate.url for candidate in candidates])),
                "description": _text([candidate.description for candidate in candidates]),
                "match_status": _text([candidate.match_status for candidate in candidates]),
                "row": pa.array([candidate.row for candidate in candidates], pa.int64()),
                "extra": _extra(
                    len(candidates),
                    {
                        row: {"candidate": extra.candidate}
                        for row, extra in extras.items()
                        if extra.candidate
                    },
                ),
            }
        )
        self._add_fields(candidates, ids=ids, extras=extras)

    def _add_fields(
        self, candidates: Sequence[Candidate], *, ids: pa.Array, extras: Mapping[int, Extras]
    ) -> None:
        rows = _field_rows(candidates)
        wrapped = [type(output) is Value for output in rows.outputs]
        outputs = list(zip(rows.outputs, wrapped, strict=True))
        kinds = [output.type if is_wrapped else None for output, is_wrapped in outputs]
        values = [output.value if is_wrapped else output for output, is_wrapped in outputs]
        more = _by_row(
            zip(rows.owners, rows.names, strict=True),
            {
                (owner, field): extra
                for owner, extras_of in extras.items()
                for field, extra in extras_of.fields.items()
            },
        )
        self._derive_kinds(rows, kinds=kinds, extras=more)
        sources = [entry.citations or _NO_SOURCES for entry in rows.bases]
        counts = np.fromiter(map(len, sources), np.int64, len(sources))
        columns = {
            "candidate_id": ids.take(pa.array(rows.owners, pa.int64())),
            "field": _text(rows.names),
            "kind": _text(kinds),
            "value": _text([v if type(v) is str else _value_text(v) for v in values]),
            "value_type": pa.array([_VALUE_TYPES[type(v)] for v in values], pa.string()),
            "is_matched": pa.array(
                [output.is_matched if is_wrapped else None for output, is_wrapped in outputs], FLAG
            ),
            "reasoning": _text([entry.reasoning for entry in rows.bases]),
            "confidence": pa.array([entry.confidence for entry in rows.bases], pa.string()),
            "citation_count": pa.array(counts),
            "extra": _extra(len(values), more),
        }
        self._batches["fields"].append(columns)

        field_rows = np.repeat(np.arange(len(counts)), counts)
        places = np.arange(len(field_rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        repeat = pa.array(field_rows)
        self._add_citations(
            list(chain.from_iterable(sources)),
            keys={
                "candidate_id": columns["candidate_id"].take(repeat),
                "field": columns["field"].take(repeat),
                "citation": pa.array(places),
            },
            extras=_by_row(
                (
                    (rows.owners[row], rows.names[row], place)
                    for row, place in zip(field_rows, places, strict=True)
                ),
                {
                    (owner, *key): extra
                    for owner, extras_of in extras.items()
                    for key, extra in extras_of.citations.items()
                },
            ),
        )

    def _add_citations(
        self,
        sources: Sequence[Source],
        *,
        keys: Mapping[str, pa.Array],
        extras: Mapping[int, Mapping[str, Any]],
    ) -> None:
        excerpts = [source.excerpts or _NO_EXCERPTS for source in sources]
        offsets = np.zeros(len(excerpts) + 1, np.int32)
        np.cumsum(np.fromiter(map(len, excerpts), np.int32, len(excerpts)), out=offsets[1:])
        passages = _text(list(chain.from_iterable(excerpts)))
        urls = [source.url for source in sources]
        self._batches["citations"].append(
            {
                **keys,
                "title": _text([source.title for source in sources]),
                "url": _text(urls),
                "domain": _text(self._domains.of(urls)),
                "excerpts": pa.ListArray.from_arrays(pa.array(offsets), passages, type=EXCERPTS),
                "extra": _extra(len(sources), extras),
            }
        )

    def _derive_kinds(
        self, rows: _FieldRows, *, kinds: list[str | None], extras: dict[int, dict[str, Any]]
    ) -> None:
        """Fill in kinds that were not sent, and note the shape where it no longer shows.

        A value whose kind is given stands for an object with a type, one without for a bare
        value.
        """
        if None not in kinds:
            return
        for row, (name, output) in enumerate(zip(rows.names, rows.outputs, strict=True)):
            if kinds[row] is not None:
                continue
            kinds[row] = self._kinds.get(name)
            if output is _ABSENT:
                continue
            if type(output) is Value:
                extras[row] = {**extras.get(row, {}), "shape": "untyped"}
            elif kinds[row] is not None:
                extras[row] = {**extras.get(row, {}), "shape": "bare"}

    def finish(self, *, repeated: Mapping[str, list[dict[str, Any]]]) -> dict[str, pa.Table]:
        """Put the batches together.

        Parameters
        ----------
        repeated : mapping of str to list of dict
            By candidate id: what came again under the same id. It goes into ``extra``.
        """
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
    """The rows of ``fields``: whose they are, the name, what the output and the basis say."""

    owners: list[int]
    names: list[str]
    outputs: list[Any]
    bases: list[Basis | _NoBasis]


def _field_rows(candidates: Sequence[Candidate]) -> _FieldRows:
    """Line up the fields: the basis first, in its order, so that it can be put together again."""
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


def _by_row(
    keys: Iterable[tuple[Any, ...]], extras: Mapping[tuple[Any, ...], dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Find the row of each extra; there mostly is none."""
    return {row: extras[key] for row, key in enumerate(keys) if key in extras} if extras else {}


def _text(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, TEXT, memory_pool=_POOL)


def _value_text(value: Any) -> str | None:
    return None if value is None or value is _ABSENT else json_text(value)


def _extra(length: int, by_row: Mapping[int, Mapping[str, Any]]) -> pa.Array:
    if not by_row:
        return pa.nulls(length, TEXT)
    texts = [by_row.get(row) for row in range(length)]
    return _text([None if extra is None else json_text(extra) for extra in texts])


def _note_repeated(candidates: pa.Table, repeated: Mapping[str, list[dict[str, Any]]]) -> pa.Table:
    extras = candidates["extra"].to_pylist()
    for row, candidate_id in enumerate(candidates["candidate_id"].to_pylist()):
        if candidate_id in repeated:
            extra: dict[str, Any] = ANY.decode(extras[row] or "{}")
            extras[row] = json_text({**extra, "repeated": repeated[candidate_id]})
    column = candidates.schema.get_field_index("extra")
    return candidates.set_column(column, "extra", _text(extras))
