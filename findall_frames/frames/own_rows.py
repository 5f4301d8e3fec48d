"""Takes the rows of the user's own data that matched, and checks that these are the same rows."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any, Final, TypeVar

import pyarrow as pa

from findall_frames.addresses import OWN_DATA, cell_of
from findall_frames.display.matches import matched_candidates
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.lookup import candidate_keys, cited_pages

__all__ = ["RowsT", "searched_rows"]

RowsT = TypeVar("RowsT", bound=Sized)
"""A DataFrame of pandas or Polars, or an Arrow table."""

_WORD: Final = re.compile(r"[^\W\d_]{2}")
# With three digits behind it, a point may separate thousands.
_PLAIN: Final = re.compile(r"-?[0-9]{1,30}(?:\.(?![0-9]{3}\Z)[0-9]{1,30})?")
# Texts that pandas reads as missing.
_READ_AS_MISSING: Final = frozenset({"n/a", "na", "nan", "none", "null", "<na>", "#na", "#n/a"})


def searched_rows(tables: Mapping[str, pa.Table], data: RowsT) -> RowsT:
    """Return the rows of own data that matched in any run, each once."""
    matches = matched_candidates(tables)
    rows = matches["row"]
    cited = tables["citations"]["url"].to_pylist()
    if rows.null_count and any(url.startswith(OWN_DATA) for url in cited if url):
        raise InvalidRequestError(
            "The rows that matched are in a table of a database, where they have no position. "
            "Look them up by its primary key: it is the last part of the addresses that "
            "frames.citations cites, such as local://orders/Ann/17."
        )
    if rows.null_count:
        raise InvalidRequestError(
            f"{rows.null_count} of {len(rows)} matches are not rows of own data: rows_of is for "
            "what ff.local(...) or findall-frames serve has searched."
        )
    if not (hasattr(data, "iloc") or hasattr(data, "take") or hasattr(data, "row")):
        raise InvalidRequestError(
            "rows_of takes a DataFrame, an Arrow table or a Polars DataFrame, not "
            f"{type(data).__name__}. Read a file first, keeping the order of its rows."
        )
    positions = rows.to_pylist()
    for findall_id, size in _sizes(tables, matches).items():
        if size != len(data):
            by = f" by run {findall_id}" if len(tables["runs"]) > 1 else ""
            raise InvalidRequestError(
                f"The data that was searched{by} has {size:,} rows; this has {len(data):,}. Pass "
                "what was searched, with its rows in the same order."
            )
    misfit = next(_misfits(tables, matches, _columns(_taken(data, positions))), None)
    if misfit is not None:
        raise InvalidRequestError(
            f"This is not the data that was searched, or its rows are in another order: {misfit}. "
            "Pass what was searched, with its rows in the same order."
        )
    return _taken(data, list(dict.fromkeys(positions)))


def _taken(data: RowsT, positions: list[int]) -> RowsT:
    taken: RowsT
    if hasattr(data, "iloc"):
        taken = data.iloc[positions]
    elif hasattr(data, "take"):
        taken = data.take(positions)
    else:
        taken = data[positions]  # type: ignore[index]
    return taken


def _sizes(tables: Mapping[str, pa.Table], matches: pa.Table) -> dict[str, int]:
    """Return how many rows each run has searched, or at least, as far as it is known."""
    last: dict[str, int] = {}
    for run, row in zip(
        *(matches[name].to_pylist() for name in ("findall_id", "row")), strict=True
    ):
        last[run] = max(row, last.get(run, 0))
    sizes = {}
    for run in tables["runs"].select(["findall_id", "extra"]).to_pylist():
        rows = json.loads(run["extra"] or "{}").get("metrics", {}).get("rows")
        size = rows or last.get(run["findall_id"], -1) + 1
        if size or len(tables["runs"]) == 1:  # a search without a run has searched nothing
            sizes[run["findall_id"]] = size
    return sizes


def _columns(rows: Any) -> list[tuple[str, Sequence[Any]]]:
    """Return the columns of some rows, and the index of a DataFrame, as Python values."""
    if hasattr(rows, "iloc"):
        cells = [
            (str(name), rows.iloc[:, place].tolist()) for place, name in enumerate(rows.columns)
        ]
        index = rows.index.to_frame()
        return cells + [
            (str(name), index.iloc[:, place].tolist()) for place, name in enumerate(index.columns)
        ]
    if hasattr(rows, "itercolumns"):
        names, columns = rows.column_names, rows.itercolumns()
        return [(name, column.to_pylist()) for name, column in zip(names, columns, strict=True)]
    return [(column.name, column.to_list()) for column in rows.iter_columns()]


def _misfits(
    tables: Mapping[str, pa.Table],
    matches: pa.Table,
    columns: Sequence[tuple[str, Sequence[Any]]],
) -> Iterator[str]:
    """Yield each name and each cited cell of a match that its row lacks, in words.

    Other programs read some cells of a file as other types, so only equal types are compared.
    """
    keys = candidate_keys(matches)
    places = {key: place for place, key in enumerate(keys)}
    for place, (name, row) in enumerate(
        zip(matches["name"].to_pylist(), matches["row"].to_pylist(), strict=True)
    ):
        is_telling = _WORD.search(name) and name.casefold() not in _READ_AS_MISSING
        own = (_text(cells[place]) for _, cells in columns)
        if is_telling and name != f"row {row}" and _text(name) not in own:
            yield f"row {row} was {name!r}, and has no such cell"
    named: dict[str, Sequence[Any]] = {}
    for name, cells in columns:
        named.setdefault(name, cells)
    for (run, candidate, _), page in cited_pages(tables["citations"]):
        at = places.get((run, candidate))
        cited = cell_of(page.url)
        if at is None or cited is None or cited[1] not in named:
            continue
        column = cited[1]
        fits = _test(named[column][at])
        wrong = [each for each in page.excerpts if fits is not None and not fits(each)]
        if wrong:
            row = matches["row"][at].as_py()
            yield f"{column!r} of row {row} was {wrong[0]!r:.80}, and is {named[column][at]!r:.80}"


def _test(cell: Any) -> Callable[[str], bool] | None:
    """Return a test of whether an excerpt is from a cell; None for types with no one text form."""
    if isinstance(cell, str):
        text = _text(cell)
        return lambda excerpt: _text(excerpt) in text
    if isinstance(cell, bool):
        return lambda excerpt: (
            excerpt.casefold() not in {"true", "false"}
            or (excerpt.casefold() == str(cell).casefold())
        )
    if isinstance(cell, int | float):
        return lambda excerpt: (
            not _PLAIN.fullmatch(excerpt) or math.isclose(float(excerpt), cell, rel_tol=1e-6)
        )
    return None


def _text(cell: Any) -> str:
    """Return a cell as text on one line."""
    parts = cell if isinstance(cell, list | tuple) else [cell]
    return " ".join(", ".join(map(str, parts)).split())
