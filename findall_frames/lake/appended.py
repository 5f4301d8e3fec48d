"""Makes frames of the runs in a lake, as they were appended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import msgspec
import pyarrow as pa

from findall_frames.api.models import FindAllSchema
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.lookup import candidate_keys
from findall_frames.frames.reviews import ReviewRow, newest_reviews, reviews_in, reviews_table
from findall_frames.frames.schema import SCHEMAS, TABLES, conform
from findall_frames.lake.snapshot import Snapshot

__all__ = ["appended_frames"]


def appended_frames(snapshot: Snapshot, ids: Collection[str]) -> FindAllFrames:
    """Return these runs of a snapshot, with their searches and the latest reviews.

    Raises
    ------
    LakeError
        A file is missing or damaged.
    """
    found = {name: list(snapshot.read(name, ids)) for name in TABLES}
    tables = {
        name: _joined([conform(part, name=name) for part in parts], name=name)
        for name, parts in found.items()
    }
    tables["reviews"], taken_back = _latest_reviews(tables)
    searches = {
        key: msgspec.json.decode(search, type=FindAllSchema)
        for part in found["runs"]
        for key, search in zip(
            *part.select(["findall_id", "search"]).to_pydict().values(), strict=True
        )
        if search is not None
    }
    return FindAllFrames(tables, searches=searches, taken_back=taken_back)


def _latest_reviews(tables: Mapping[str, pa.Table]) -> tuple[pa.Table, list[ReviewRow]]:
    """Return the latest reviews, in the order of the runs, and those that were taken back."""
    if not tables["reviews"].num_rows:
        return tables["reviews"], []
    latest = newest_reviews(reviews_in(tables["reviews"])).values()
    known = set(candidate_keys(tables["candidates"]))
    by_run: defaultdict[str, list[ReviewRow]] = defaultdict(list)
    for each in latest:
        if (each.findall_id, each.candidate_id) in known:
            by_run[each.findall_id].append(each)
    ids = tables["runs"]["findall_id"].to_pylist()
    parts = [reviews_table(by_run[findall_id]) for findall_id in ids if findall_id in by_run]
    return _joined(parts, name="reviews"), [each for each in latest if each.is_empty]


def _joined(parts: list[pa.Table], *, name: str) -> pa.Table:
    return conform(pa.concat_tables([SCHEMAS[name].empty_table(), *parts]), name=name)
