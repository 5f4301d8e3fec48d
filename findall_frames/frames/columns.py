"""Turns candidates into columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from types import NoneType
from typing import Any, Final

import numpy as np
import pyarrow as pa
from msgspec import Raw

from findall_frames.frames.domains import domains
from findall_frames.frames.schema import EXCERPTS, FLAG, SCHEMAS, TEXT, conform
from findall_frames.frames.wire import ANY, Basis, Candidate, Extras, Source, Value, json_text

__all__ = ["Columns"]


class _Absent:
    """Stands for the output of a field that has only a basis."""


_ABSENT: Final = _Absent()
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
                "domain": domains([candidate.url for candidate in candidates]),
                "description": _text([candidate.description for candidate in candidates]),
                "match_status": _text([candidate.match_status for candidate in candidates]),
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
        owners: list[int] = []
        names: list[str] = []
        outputs: list[Any] = []
        bases: list[Basis | None] = []
        # The basis comes first, in its order, so that it can be put together again.
        for owner, candidate in enumerate(candidates):
            output = candidate.output or {}
            basis = candidate.basis or ()
            found = 0
            for entry in basis:
                owners.append(owner)
                names.append(entry.field)
                bases.append(entry)
                value = output.get(entry.field, _ABSENT)
                outputs.append(value)
                found += value is not _ABSENT
            if found < len(output):
                supported = {entry.field for entry in basis}
                for name, value in output.items():
                    if name not in supported:
                        owners.append(owner)
                        names.append(name)
                        bases.append(None)
                        outputs.append(value)

        kinds = [output.type if type(output) is Value else None for output in outputs]
        values = [output.value if type(output) is Value else output for output in outputs]
        more = {
            (owner, name): extra
            for owner, extras_of in extras.items()
            for name, extra in extras_of.fields.items()
        }
        by_row = (
            {
                row: more[key]
                for row, key in enumerate(zip(owners, names, strict=True))
                if key in more
            }
            if more
            else {}
        )
        self._derive_kinds(names, outputs, kinds=kinds, extras=by_row)

        sources = [entry.citations or _NO_SOURCES if entry else _NO_SOURCES for entry in bases]
        field_ids = ids.take(pa.array(owners, pa.int64()))
        field_names = _text(names)
        counts = [len(of_field) for of_field in sources]
        self._batches["fields"].append(
            {
                "candidate_id": field_ids,
                "field": field_names,
                "kind": _text(kinds),
                "value": _text([v if type(v) is str else _value_text(v) for v in values]),
                "value_type": pa.array([_VALUE_TYPES[type(v)] for v in values], pa.string()),
                "is_matched": pa.array(
                    [output.is_matched if type(output) is Value else None for output in outputs],
                    FLAG,
                ),
                "reasoning": _text([entry.reasoning if entry else None for entry in bases]),
                "confidence": pa.array(
                    [entry.confidence if entry else None for entry in bases], pa.string()
                ),
                "citation_count": pa.array(counts, pa.int64()),
                "extra": _extra(len(names), by_row),
            }
        )

        field_rows = np.repeat(np.arange(len(names)), counts)
        places = list(chain.from_iterable(map(range, counts)))
        of_citations = {
            (owner, *key): extra
            for owner, extras_of in extras.items()
            for key, extra in extras_of.citations.items()
        }
        citation_extras = (
            {
                row: of_citations[owners[field], names[field], place]
                for row, (field, place) in enumerate(zip(field_rows, places, strict=True))
                if (owners[field], names[field], place) in of_citations
            }
            if of_citations
            else {}
        )
        self._add_citations(
            list(chain.from_iterable(sources)),
            keys={
                "candidate_id": field_ids.take(pa.array(field_rows)),
                "field": field_names.take(pa.array(field_rows)),
                "citation": pa.array(places, pa.int64()),
            },
            extras=citation_extras,
        )

    def _add_citations(
        self,
        sources: Sequence[Source],
        *,
        keys: Mapping[str, pa.Array],
        extras: Mapping[int, Mapping[str, Any]],
    ) -> None:
        excerpts = [source.excerpts or _NO_EXCERPTS for source in sources]
        offsets = pa.array(accumulate(map(len, excerpts), initial=0), pa.int32())
        passages = _text(list(chain.from_iterable(excerpts)))
        urls = [source.url for source in sources]
        self._batches["citations"].append(
            {
                **keys,
                "title": _text([source.title for source in sources]),
                "url": _text(urls),
                "domain": domains(urls),
                "excerpts": pa.ListArray.from_arrays(offsets, passages, type=EXCERPTS),
                "extra": _extra(len(sources), extras),
            }
        )

    def _derive_kinds(
        self,
        names: Sequence[str],
        outputs: Sequence[Any],
        *,
        kinds: list[str | None],
        extras: dict[int, dict[str, Any]],
    ) -> None:
        """Fill in kinds that were not sent, and note the shape where it no longer shows.

        A value whose kind is given stands for an object with a type, one without for a bare
        value.
        """
        if None not in kinds:
            return
        for row, (name, output, kind) in enumerate(zip(names, outputs, kinds, strict=True)):
            if kind is not None:
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


def _text(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, TEXT)


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
