"""Publishes a snapshot of a lake as Delta tables, in one commit per table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pyarrow as pa

from findall_frames.embedded.corpus.corpus import literal
from findall_frames.errors import ExportError, MissingExtraError
from findall_frames.lake.snapshot import Snapshot
from findall_frames.lake.storage import DATA_TABLES, WRITE_ID_LENGTH
from findall_frames.lake.views import Views

__all__ = ["publish_delta"]


def publish_delta(views: Views, snapshot: Snapshot, path: str | PathLike[str]) -> None:
    """Do what `Lake.publish` documents."""
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError as error:
        raise MissingExtraError(
            "publish needs deltalake, which is not installed: "
            "pip install 'findall-frames[delta]'. lake.sql(...) needs nothing more."
        ) from error
    # The runs last: whoever joins the others with them, on findall_id and write_id, never sees
    # half a run; and when they are up to date, so are the others.
    places = {name: f"{str(path).rstrip('/')}/{name}" for name in (*DATA_TABLES, "runs")}
    try:
        runs = _write_ids(places["runs"])
        is_there = all(map(DeltaTable.is_deltatable, places.values()))
        if is_there and not _changed(views, snapshot, "runs", runs or {}):
            return
        published = {name: _write_ids(places[name]) for name in DATA_TABLES} | {"runs": runs}
        for name, place in places.items():
            _publish(views, snapshot, name, place, published=published[name])
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise ExportError(
            f"The lake {str(snapshot.root)!r} could not be published to {str(path)!r} ({error}). "
            "Each table there is whole, the old one or the new one. Publish again to complete it."
        ) from error


def _write_ids(place: str) -> dict[str, set[str]] | None:
    """Return the write_ids of each run in a Delta table, or None if there is none yet."""
    from deltalake import DeltaTable

    if not DeltaTable.is_deltatable(place):
        folder = Path(place)
        if "://" not in place and folder.exists() and (folder.is_file() or any(folder.iterdir())):
            raise ExportError(
                f"{place!r} holds files and is no Delta table, so nothing is written to it. Pass "
                "the folder that was published to before, or a new one."
            )
        return None
    rows = DeltaTable(place).to_pyarrow_dataset()
    if "write_id" not in rows.schema.names:
        raise ExportError(
            f"The Delta table {place!r} was not published from a lake, as it has no column "
            "write_id, and nothing is written to it. Pass another folder."
        )
    keys = ["findall_id", "write_id"]
    found: defaultdict[str, set[str]] = defaultdict(set)
    for batch in rows.to_batches(columns=keys):
        pairs = pa.table(batch).group_by(keys).aggregate([]).select(keys).to_pydict()
        for findall_id, write_id in zip(*pairs.values(), strict=True):
            found[findall_id].add(write_id)
    return found


def _changed(
    views: Views, snapshot: Snapshot, table: str, published: Mapping[str, set[str]]
) -> list[str]:
    """Return the runs that a Delta table lacks, or has from another write."""
    if table == "reviews":
        query = "SELECT DISTINCT findall_id, write_id FROM reviews"
        wanted = dict(views.of(snapshot, {table: ["write_id"]}).sql(query).fetchall())
    else:
        wanted = {
            findall_id: run.write_id
            for findall_id, run in snapshot.newest.items()
            if table == "runs" or run.rows.get(table)
        }
    return [
        findall_id
        for findall_id in snapshot.newest
        if published.get(findall_id, set())
        != ({wanted[findall_id][:WRITE_ID_LENGTH]} if findall_id in wanted else set())
    ]


def _publish(
    views: Views,
    snapshot: Snapshot,
    table: str,
    place: str,
    *,
    published: dict[str, set[str]] | None,
) -> None:
    """Add the runs that a Delta table lacks, and replace those that it has from another write."""
    from deltalake import write_deltalake

    changed = _changed(views, snapshot, table, published or {})
    if published is not None and not changed:
        return
    chosen = f"findall_id IN ({', '.join(map(literal, changed)) or 'NULL'})"
    rows = views.of(snapshot, {table: ["write_id"]}).sql(
        f"SELECT * REPLACE (left(write_id, {WRITE_ID_LENGTH}) AS write_id) "
        f"FROM {table} WHERE {chosen}"
    )
    # A newer release may have more columns, hence schema_mode.
    if published and any(findall_id in published for findall_id in changed):
        write_deltalake(
            place,
            rows.to_arrow_reader(),
            mode="overwrite",
            predicate=chosen,
            schema_mode="merge",
        )
    else:
        write_deltalake(place, rows.to_arrow_reader(), mode="append", schema_mode="merge")
