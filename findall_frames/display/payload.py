"""What the explorer shows, as JSON made from the tables: a table first, then its evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.addresses import cell_of
from findall_frames.api.models import VERDICT_WORDS, FindAllSchema, RequestedField
from findall_frames.display.marking import marked_pieces, values_to_mark
from findall_frames.display.matches import NO_ADDRESS, Tables, value_words
from findall_frames.display.outcomes import (
    Outcome,
    ShownColumn,
    asked_fields,
    candidate_numbers,
    columns_of,
    outcomes_of,
)
from findall_frames.display.shapes import SHAPES
from findall_frames.display.text import one_line, web_address

__all__ = ["ExplorerData", "explorer_payload", "review_records"]

_Ints = np.ndarray[Any, np.dtype[np.int64]]

_MET, _NOT_MET, _UNKNOWN = 0, 1, 2
_OUTCOMES: Final[dict[Outcome, int]] = {"match": _MET, "not": _NOT_MET, "open": _UNKNOWN}
_LEVELS: Final = ("low", "medium", "high")
_CELL: Final = ("value", "value_type", "confidence", "is_matched")
_UNCLEAN: Final = r"[^ -~]|  |^ | $"


def explorer_payload(
    tables: Tables,
    *,
    searches: Mapping[str, FindAllSchema],
    reviews: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return all that the explorer shows of a result, evidence included, for JSON.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    searches : mapping of str to FindAllSchema
        The searches by findall_id, for the conditions as they were asked.
    reviews : sequence of mapping
        The latest judgement of each candidate and field: ``findall_id``, ``candidate_id``,
        ``field`` (None for the candidate as a whole), ``decision``, ``value``, ``note``,
        ``reviewer``, ``reviewed_at``.

    Returns
    -------
    dict
        What `ExplorerData.table` returns, with the evidence of all candidates.

    Examples
    --------
    >>> from findall_frames.frames.schema import empty_tables
    >>> payload = explorer_payload(empty_tables(), searches={}, reviews=[])
    >>> payload["count"], payload["columns"], payload["evidence"]
    (0, [], [])
    """
    data = ExplorerData(tables, searches=searches)
    table = data.table(evidence=len(data))
    return {**table, "reviews": review_records(reviews)}


def review_records(reviews: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return reviews for JSON: times as text, and texts cleaned as `one_line` does.

    >>> from datetime import UTC
    >>> review_records([{"candidate_id": "c1", "reviewed_at": datetime(2026, 1, 2, tzinfo=UTC)}])
    [{'candidate_id': 'c1', 'reviewed_at': '2026-01-02T00:00:00+00:00'}]
    """
    return [{name: _plain(name, value) for name, value in each.items()} for each in reviews]


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    # Notes keep their lines.
    if name == "note" and isinstance(value, str):
        return "\n".join(map(_clean, value.splitlines()))
    is_shown = name in ("value", "reviewer") and isinstance(value, str)
    return _clean(value) if is_shown else value


class ExplorerData:
    """The tables laid out for the explorer, by the place of each candidate.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.
    searches : mapping of str to FindAllSchema
        The searches by findall_id.
    """

    def __init__(self, tables: Tables, *, searches: Mapping[str, FindAllSchema]) -> None:
        self._tables = tables
        self._runs = tables["runs"]
        self._candidates = tables["candidates"]
        self._asked = asked_fields(searches)
        self._shown = columns_of(tables, searches)
        run_ids = pc.unique(self._candidates["findall_id"])
        ids = pc.unique(self._candidates["candidate_id"])
        keys = candidate_numbers(self._candidates, run_ids, ids)
        self._fields, self._field_rows = _by_candidate(tables["fields"], keys, run_ids, ids)
        self._citations, self._citation_rows = _by_candidate(
            tables["citations"], keys, run_ids, ids
        )
        self._run_ids = run_ids.to_pylist()
        codes = pc.index_in(self._candidates["findall_id"], value_set=run_ids)
        self._run_codes = codes.to_numpy().tolist()
        self.ids: list[str] = self._candidates["candidate_id"].to_pylist()
        self._columns = self._make_columns()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def field_names(self) -> list[str]:
        """The fields that have a column, in the order of the columns."""
        return [column["name"] for column in self._columns if "derived" not in column]

    def key(self, row: int) -> tuple[str, str]:
        """Return findall_id and candidate_id of a candidate."""
        return self._run_ids[self._run_codes[row]], self.ids[row]

    def table(self, *, evidence: int) -> dict[str, Any]:
        """Return what the table shows, and the evidence of the first candidates.

        Parameters
        ----------
        evidence : int
            Number of candidates whose evidence is included.

        Returns
        -------
        dict
            - ``count``; ``objective`` (of a single run) or None; ``shapes`` (SVG by name);
            - ``runs`` (ids), ``run`` (place in ``runs``, by candidate), ``ids``, ``names``,
              ``outcomes`` (0 match, 1 no match, 2 open), by candidate;
            - ``columns``: each with ``name``, ``title``, ``kind`` ("verdict", "number", "text" or
              "level"), ``condition`` (as asked) and ``reading`` (SQL) or None; ``words`` (the
              different values) and ``codes`` (place in ``words`` by candidate, -1 for none);
              ``numbers`` (of ``words``) for a number; ``verdicts`` (0 met, 1 not met, 2 unknown)
              for a verdict; ``levels`` (0 low, 1 medium, 2 high, -1 unknown), by candidate;
              ``derived`` if it is no field;
            - ``evidence``: see `evidence`.
        """
        objectives = self._runs["objective"].to_pylist()
        return {
            "count": len(self),
            "objective": one_line(objectives[0] or "") if len(objectives) == 1 else None,
            "shapes": SHAPES,
            "runs": self._run_ids,
            "run": self._run_codes,
            "ids": self.ids,
            "names": _cleaned(self._candidates["name"].combine_chunks()),
            "outcomes": self._outcomes(),
            "columns": self._columns,
            "evidence": self.evidence(0, evidence),
        }

    def evidence(self, start: int, stop: int) -> list[Any]:
        """Return the evidence of the candidates from start to stop.

        Returns
        -------
        list of list
            For each candidate its link (or ""), its host, its description, and its fields: place
            of the column (the name, where it has none), reason, and sources: title, link
            (or ""), host, and excerpts as `marked_pieces` returns them.
        """
        stop = min(stop, len(self))
        sources = self._sources(start, stop)
        begin, end = np.searchsorted(self._field_rows, [start, stop])
        fields: list[list[Any]] = [[] for _ in range(start, stop)]
        part = self._fields.slice(begin, end - begin)
        names, reasons = part["field"].to_pylist(), part["reasoning"].to_pylist()
        rows = self._field_rows[begin:end].tolist()
        values, types = part["value"].to_pylist(), _texts(part["value_type"])
        places = {name: place for place, name in enumerate(self.field_names)}
        local = self._candidates["row"].slice(start, stop - start).to_pylist()
        for row, name, reason, value, kind in zip(rows, names, reasons, values, types, strict=True):
            cited = sources.get((row, name), ())
            marks = values_to_mark(value, kind) if cited else []
            own = local[row - start]
            fields[row - start].append(
                [
                    places.get(name, _clean(name)),
                    _clean(reason or ""),
                    [_source(source, marks, own) for source in cited],
                ]
            )
        about = self._candidates.slice(start, stop - start)
        columns = (about[name].to_pylist() for name in ("url", "domain", "description"))
        return [
            [web_address(url) or "", _clean(domain or ""), _clean(description or ""), of_row]
            for url, domain, description, of_row in zip(*columns, fields, strict=True)
        ]

    def _sources(self, start: int, stop: int) -> dict[tuple[int, str], list[Any]]:
        begin, end = np.searchsorted(self._citation_rows, [start, stop])
        part = self._citations.slice(begin, end - begin)
        names = ("title", "url", "domain", "excerpts")
        found: dict[tuple[int, str], list[Any]] = {}
        rows = self._citation_rows[begin:end].tolist()
        fields = part["field"].to_pylist()
        for row, field, *source in zip(
            rows, fields, *(part[name].to_pylist() for name in names), strict=True
        ):
            found.setdefault((row, field), []).append(source)
        return found

    def _outcomes(self) -> list[int]:
        return [_OUTCOMES[outcome] for outcome in outcomes_of(self._tables)]

    def _make_columns(self) -> list[dict[str, Any]]:
        encoded = self._fields["field"].combine_chunks().dictionary_encode()
        names: list[str] = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        found = {name: order[bounds[place] : bounds[place + 1]] for place, name in enumerate(names)}
        nowhere = np.empty(0, np.int64)
        columns = [self._column(each, found.get(each.field, nowhere)) for each in self._shown]
        return [*columns, *self._derived(columns)]

    def _column(self, shown: ShownColumn, places: _Ints) -> dict[str, Any]:
        """Return a column, made from these rows of the fields."""
        # Of the fields, without the long texts that only the evidence needs.
        part = self._fields.select(list(_CELL)).take(pa.array(places))
        rows = self._field_rows[places]
        asked = self._asked.get(shown.field, RequestedField("enrichment", {}))
        values = part["value"]
        kinds = part["value_type"].cast(pa.large_string())
        types = set(pc.unique(kinds).to_pylist()) - {None, "null"}
        is_number = bool(types) and (
            types <= {"integer", "number"} or asked.schema.get("type") in ("integer", "number")
        )
        if types != {"string"}:
            # The same text may be a list in one row, and a text that looks like it in another.
            values = pc.binary_join_element_wise(kinds, values, pa.scalar(":", pa.large_string()))
        encoded = values.combine_chunks().dictionary_encode()
        codes = np.full(len(self), -1, np.int64)
        codes[rows] = encoded.indices.fill_null(-1).to_numpy()
        numbers = []
        if types == {"string"}:
            words = _cleaned(encoded.dictionary)
            if is_number:
                numbers = [_number(word) for word in words]
        else:
            words = []
            for entry in encoded.dictionary.to_pylist():
                kind, _, value = entry.partition(":")
                words.append(_clean(value_words(value, kind)))
                if is_number:
                    numbers.append(_number(value))
        levels = np.full(len(self), -1, np.int64)
        sure = pc.index_in(
            part["confidence"].cast(pa.string()), value_set=pa.array(_LEVELS)
        ).fill_null(-1)
        levels[rows] = sure.to_numpy()
        judged, is_verdict = part["is_matched"], shown.is_condition
        column: dict[str, Any] = {
            "name": shown.field,
            "title": _clean(shown.label),
            "kind": "verdict" if is_verdict else "number" if is_number else "text",
            "condition": one_line(shown.asked or "") or None,
            "reading": shown.read_as,
            "words": words,
            "codes": codes.tolist(),
            "levels": levels.tolist(),
        }
        if is_verdict:
            verdicts = np.full(len(self), _UNKNOWN, np.int64)
            verdicts[rows] = pc.if_else(judged, _MET, _NOT_MET).fill_null(_UNKNOWN).to_numpy()
            column["verdicts"] = verdicts.tolist()
            # A bare yes or no says what the verdict says.
            for code, word in enumerate(words):
                truth = VERDICT_WORDS.get(word.casefold()) if len(word) <= 5 else None
                if truth is not None:
                    codes[(codes == code) & (verdicts == (_MET if truth else _NOT_MET))] = -1
            column["codes"] = codes.tolist()
        elif is_number:
            column["numbers"] = numbers
        return column

    def _derived(self, columns: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the lowest confidence if one is known, and the main source if there are several."""
        lowest = np.full(len(self), len(_LEVELS), np.int64)
        for column in columns:
            levels = np.array(column["levels"], np.int64)
            lowest = np.minimum(lowest, np.where(levels < 0, len(_LEVELS), levels))
        lowest[lowest == len(_LEVELS)] = -1
        if (lowest >= 0).any():
            yield {
                **_derived_column("lowest confidence", "level"),
                "words": list(_LEVELS),
                "codes": lowest.tolist(),
                "levels": lowest.tolist(),
            }
        domains = self._citations["domain"].combine_chunks().dictionary_encode()
        if len(domains.dictionary) < 2:
            return
        cited = pc.is_valid(domains.indices).to_numpy(zero_copy_only=False)
        codes = domains.indices.filter(pa.array(cited)).to_numpy().astype(np.int64)
        pairs, counts = np.unique(
            self._citation_rows[cited] * len(domains.dictionary) + codes, return_counts=True
        )
        rows, codes = np.divmod(pairs, len(domains.dictionary))
        # The most cited last, and of several the first in the result.
        order = np.lexsort((-codes, counts))
        main = np.full(len(self), -1, np.int64)
        main[rows[order]] = codes[order]
        yield {
            **_derived_column("main source", "text"),
            "words": _cleaned(domains.dictionary),
            "codes": main.tolist(),
            "levels": [-1] * len(self),
        }


def _derived_column(title: str, kind: str) -> dict[str, Any]:
    return {
        "name": title,
        "title": title,
        "kind": kind,
        "condition": None,
        "reading": None,
        "derived": True,
    }


def _by_candidate(
    table: pa.Table, keys: pa.ChunkedArray, run_ids: pa.Array, ids: pa.Array
) -> tuple[pa.Table, _Ints]:
    """Return a table in the order of the candidates, and the place of each row's candidate."""
    places = pc.index_in(candidate_numbers(table, run_ids, ids), value_set=keys.combine_chunks())
    rows: _Ints = places.to_numpy().astype(np.int64)
    if (np.diff(rows) < 0).any():
        order = np.argsort(rows, kind="stable")
        return table.take(pa.array(order)), rows[order]
    return table, rows


def _source(source: Sequence[Any], marks: Sequence[str], own: int | None) -> list[Any]:
    """Return title, link, host and excerpts of a citation; a cell of own data says where it is."""
    title, url, domain, excerpts = source
    pieces = [marked_pieces(excerpt, marks) for excerpt in excerpts or ()]
    if own is not None and (cell := cell_of(url)):
        column = _clean(cell[1])
        if column:
            pieces = [[f"{column}: {first}", *others] for first, *others in pieces]
        return [f"{_clean(domain or 'own data')}, row {own:,}", "", "", pieces]
    address = web_address(url) or ""
    words = _clean(title or "") or _clean(url) or NO_ADDRESS
    return [words, address, _clean(domain or ""), pieces]


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _clean(text: str) -> str:
    # Most texts are clean, and asking is many times faster than cleaning.
    if text.isascii() and text.isprintable() and "  " not in text and text.strip() == text:
        return text
    return one_line(text)


def _cleaned(texts: pa.Array) -> list[str]:
    """Return texts as `_clean` does, many at once."""
    found: list[str] = texts.to_pylist()
    unclean = pc.match_substring_regex(texts, _UNCLEAN).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(unclean).tolist():
        found[place] = one_line(found[place])
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
