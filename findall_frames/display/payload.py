"""What the explorer shows, as JSON made from the tables: a table first, then its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from math import isnan
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.addresses import cell_of
from findall_frames.api.models import VERDICT_WORDS, RequestedField
from findall_frames.display.marking import marked_pieces, values_to_mark
from findall_frames.display.matches import NO_ADDRESS, value_words
from findall_frames.display.outcomes import (
    Ints,
    Outcome,
    Review,
    ShownColumn,
    asked_fields,
    keys_of,
    places_of,
)
from findall_frames.display.result_view import ResultView
from findall_frames.display.shapes import SHAPES
from findall_frames.display.text import one_line, web_address

__all__ = ["ExplorerData", "explorer_payload"]

_MET, _NOT_MET, _UNKNOWN, _NOT_ASKED = 0, 1, 2, -1
_OUTCOMES: Final[dict[Outcome, int]] = {"match": _MET, "not": _NOT_MET, "open": _UNKNOWN}
_LEVELS: Final = ("low", "medium", "high")
_CELL: Final = ("value", "value_type", "confidence", "is_matched")
_REVIEW: Final = ("field", "decision", "value", "note", "reviewer", "reviewed_at")
_UNCLEAN: Final = r"[^ -~]|  |^ | $"


def explorer_payload(view: ResultView) -> dict[str, Any]:
    """Return all that the explorer shows of a result, evidence included, for JSON.

    Parameters
    ----------
    view : ResultView
        The result, with its reviews.

    Returns
    -------
    dict
        What `ExplorerData.table` returns, with the evidence of all candidates and the latest
        review of each candidate and field.

    Examples
    --------
    >>> from findall_frames.frames.schema import empty_tables
    >>> payload = explorer_payload(ResultView(empty_tables()))
    >>> payload["count"], payload["columns"], payload["evidence"]
    (0, [], [])
    """
    data = ExplorerData(view)
    table = data.table(evidence=len(data))
    table["columns"] = [
        {name: _listed(part) for name, part in column.items()} for column in table["columns"]
    ]
    table["outcomes"] = _listed(table["outcomes"])
    return {**table, "reviews": data.review_records(view.latest.values())}


def _listed(part: Any) -> Any:
    """Return an array as a list, with None in place of NaN; anything else as it is."""
    if not isinstance(part, np.ndarray):
        return part
    return [None if isnan(number) else number for number in part.tolist()]


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
    view : ResultView
        The result; its reviews are not looked at.
    """

    def __init__(self, view: ResultView) -> None:
        self._view = view
        self._runs = view.tables["runs"]
        self._candidates = view.tables["candidates"]
        self._asked = asked_fields(view.searches)
        citations = view.tables["citations"]
        self._fields, self._field_rows = _by_candidate(view.tables["fields"], view.places)
        self._citations, self._citation_rows = _by_candidate(
            citations, places_of(citations, self._candidates)
        )
        self._columns = self._make_columns()

    def __len__(self) -> int:
        return len(self._candidates)

    @property
    def field_names(self) -> list[str]:
        """The fields that have a column, in the order of the columns."""
        return [column["name"] for column in self._columns if "derived" not in column]

    def keys(self, rows: Sequence[int]) -> list[tuple[str, str]]:
        """Return findall_id and candidate_id of these candidates."""
        ids = self._candidates.select(["findall_id", "candidate_id"])
        return keys_of(ids.take(pa.array(rows, pa.int64())))

    def review_records(self, reviews: Iterable[Review]) -> list[dict[str, Any]]:
        """Return reviews for JSON: each with the place of its candidate, and clean texts."""
        return [
            {
                "row": row,
                **{name: _plain(name, each[name]) for name in _REVIEW if name in each},
            }
            for each in reviews
            if (row := self._rows.get((each["findall_id"], each["candidate_id"]))) is not None
        ]

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
            - ``names`` and ``outcomes`` (0 match, 1 no match, 2 open), by candidate;
            - ``columns``: each with ``name``, ``title``, ``kind`` ("verdict", "number", "text" or
              "level"), ``condition`` (as asked) and ``reading`` (SQL) or None; ``words`` (the
              different values) and ``codes`` (place in ``words`` by candidate, -1 for none);
              ``numbers`` (of ``words``, else NaN) for a number; ``verdicts`` (0 met, 1 not met,
              2 unknown, -1 not asked in its run) for a verdict; ``levels`` (0 low, 1 medium,
              2 high, -1 unknown), by candidate; ``derived`` if it is no field;
            - ``evidence``: see `evidence`.

            Outcomes, codes, verdicts, levels and numbers are arrays of NumPy.
        """
        objectives = self._runs["objective"].to_pylist()
        return {
            "count": len(self),
            "objective": one_line(objectives[0] or "") if len(objectives) == 1 else None,
            "shapes": SHAPES,
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

    @cached_property
    def _rows(self) -> dict[tuple[str, str], int]:
        return {key: row for row, key in enumerate(keys_of(self._candidates))}

    def _outcomes(self) -> np.ndarray[Any, np.dtype[np.int8]]:
        return np.array([_OUTCOMES[outcome] for outcome in self._view.outcomes], np.int8)

    def _make_columns(self) -> list[dict[str, Any]]:
        encoded = self._fields["field"].combine_chunks().dictionary_encode()
        names: list[str] = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        found = {name: order[bounds[place] : bounds[place + 1]] for place, name in enumerate(names)}
        nowhere = np.empty(0, np.int64)
        columns = [
            self._column(each, found.get(each.field, nowhere)) for each in self._view.columns
        ]
        return [*columns, *self._derived(columns)]

    def _column(self, shown: ShownColumn, places: Ints) -> dict[str, Any]:
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
        if len(types) > 1:
            # The same text may be a list in one row, and a text that looks like it in another.
            values = pc.binary_join_element_wise(kinds, values, pa.scalar(":", pa.large_string()))
        encoded = values.combine_chunks().dictionary_encode()
        codes = np.full(len(self), -1, np.int32)
        codes[rows] = encoded.indices.fill_null(-1).to_numpy()
        texts = encoded.dictionary
        if len(types) > 1:
            pairs = [text.partition(":") for text in texts.to_pylist()]
            words = [_clean(value_words(value, kind)) for kind, _, value in pairs]
            texts = pa.array([value for _, _, value in pairs], pa.large_string())
        else:
            words = _words(texts, kind=next(iter(types), None))
        levels = np.full(len(self), -1, np.int8)
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
            "codes": codes,
            "levels": levels,
        }
        if is_verdict:
            verdicts = np.full(len(self), _UNKNOWN, np.int8)
            verdicts[rows] = pc.if_else(judged, _MET, _NOT_MET).fill_null(_UNKNOWN).to_numpy()
            if len(self._runs) > 1 and shown.runs:
                asking = pa.array(sorted(shown.runs), pa.string())
                runs = self._candidates["findall_id"].cast(pa.string())
                is_asked = pc.is_in(runs, value_set=asking).to_numpy()
                verdicts[~is_asked & (verdicts == _UNKNOWN)] = _NOT_ASKED
            column["verdicts"] = verdicts
            # A bare yes or no says what the verdict says.
            for code, word in enumerate(words):
                truth = VERDICT_WORDS.get(word.casefold()) if len(word) <= 5 else None
                if truth is not None:
                    codes[(codes == code) & (verdicts == (_MET if truth else _NOT_MET))] = -1
        elif is_number:
            column["numbers"] = _numbers(texts)
        return column

    def _derived(self, columns: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the lowest confidence if one is known, and the main source if there are several."""
        lowest = np.full(len(self), len(_LEVELS), np.int8)
        for column in columns:
            levels = column["levels"]
            lowest = np.minimum(lowest, np.where(levels < 0, len(_LEVELS), levels))
        lowest[lowest == len(_LEVELS)] = -1
        if (lowest >= 0).any():
            yield {
                **_derived_column("lowest confidence", "level"),
                "words": list(_LEVELS),
                "codes": lowest.astype(np.int32),
                "levels": lowest,
            }
        domains = self._citations["domain"].combine_chunks().dictionary_encode()
        if (different := len(domains.dictionary)) < 2:
            return
        cited = pc.is_valid(domains.indices).to_numpy(zero_copy_only=False)
        codes = domains.indices.filter(pa.array(cited)).to_numpy().astype(np.int64)
        pairs, counts = np.unique(
            self._citation_rows[cited] * different + codes, return_counts=True
        )
        rows, codes = np.divmod(pairs, different)
        # The most cited, and of several the first in the result.
        rows, starts = np.unique(rows, return_index=True)
        best = np.maximum.reduceat(counts * different + (different - 1 - codes), starts)
        main = np.full(len(self), -1, np.int32)
        main[rows] = different - 1 - best % different
        yield {
            **_derived_column("main source", "text"),
            "words": _cleaned(domains.dictionary),
            "codes": main,
            "levels": np.full(len(self), -1, np.int8),
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


def _by_candidate(table: pa.Table, rows: Ints) -> tuple[pa.Table, Ints]:
    """Return a table in the order of the candidates, and the place of each row's candidate."""
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


def _words(texts: pa.Array, *, kind: str | None) -> list[str]:
    """Return values of one type as they are shown."""
    if kind in ("string", "integer"):
        return _cleaned(texts)
    return [_clean(value_words(text, kind)) for text in texts.to_pylist()]


def _numbers(texts: pa.Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return texts as finite numbers, or NaN."""
    numbers: np.ndarray[Any, np.dtype[np.float64]]
    try:
        numbers = texts.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    except pa.ArrowInvalid:
        numbers = np.array([_number(text) for text in texts.to_pylist()], np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
