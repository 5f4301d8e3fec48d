"""Merges many small files of a lake into few, and removes the files that nobody needs."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from findall_frames.frames.parquet import DAMAGED, SETTINGS
from findall_frames.frames.reviews import latest_rows
from findall_frames.frames.schema import TABLES
from findall_frames.lake.snapshot import Snapshot, file_metadata
from findall_frames.lake.storage import (
    COMPACT,
    DATA_TABLES,
    SAFE_SECONDS,
    WRITE_ID,
    WRITE_ID_LENGTH,
    Storage,
    row_counts,
)

__all__ = ["compact_files"]

_LARGE_BYTES: Final = 128 * 2**20
"""Merged files of this size or larger are not merged again."""
_GROUP_ROWS: Final = 100_000
_GROUP_BYTES: Final = 64 * 2**20


def compact_files(storage: Storage) -> None:
    """Do what `Lake.compact` documents."""
    if not storage.exists():
        return
    # Twice, as merged files may be so much smaller than their parts that they can be merged again.
    # Not until there is nothing left to merge, as others may go on appending.
    for _ in range(2):
        snapshot = storage.snapshot()
        for group in _groups(snapshot):
            _merge(storage, snapshot, group)
    _sweep(storage)


def _groups(snapshot: Snapshot) -> Iterator[list[str]]:
    """Yield the names of writes to merge, until they make a large file."""
    versions = defaultdict(list)
    for name in snapshot.current:
        versions[snapshot.schema_version(name)].append(name)
    for names in versions.values():
        group: list[str] = []
        size = 0
        for name in names:
            its_size = sum(_size(snapshot.file(table, name)) for table in TABLES)
            if its_size < _LARGE_BYTES or snapshot.replaced_in(name):
                group.append(name)
                size += its_size
            if size >= _LARGE_BYTES:
                yield group
                group, size = [], 0
        if len(group) > 1 or any(map(snapshot.replaced_in, group)):
            yield group


def _merge(storage: Storage, snapshot: Snapshot, names: Sequence[str]) -> None:
    """Merge writes into one that replaces them, without runs that were written again since."""
    replaced = set(names).union(*(snapshot.replaced_by(name) for name in names))
    with storage.writing() as (folder, write_id):
        reviews: dict[str, int] = {}
        for table in (*DATA_TABLES, "runs"):
            # Of a write without current runs, only the reviews are needed.
            files = {
                name: snapshot.file(table, name)
                for name in names
                if table in ("runs", "reviews") or snapshot.current[name]
            }
            found = {name: path for name, path in files.items() if path is not None}
            if not found:
                continue
            parts = [_schema(snapshot, table, name, path) for name, path in found.items()]
            # A column of a newer release stays, and one that an older release lacks is null.
            schema = pa.unify_schemas(parts, promote_options="permissive")
            metadata = file_metadata(
                table,
                schema_version=snapshot.schema_version(names[0]),
                replaces=replaced.intersection(storage.names("runs")) if table == "runs" else (),
                reviews=reviews if table == "runs" else None,
            )
            chunks = _chunks(snapshot, table, found, schema=schema, write_id=write_id)
            if table == "reviews":
                rows = latest_rows(pa.concat_tables(chunks))
                reviews = row_counts(rows)
                chunks = iter([rows])
            _write(chunks, folder / f"{table}.parquet", schema.with_metadata(metadata))
        storage.commit(folder, f"{COMPACT}.{write_id}")


def _chunks(
    snapshot: Snapshot, table: str, files: dict[str, Path], *, schema: pa.Schema, write_id: str
) -> Iterator[pa.Table]:
    """Yield the rows that count, each with a longer write_id.

    It is greater than the old one, and less than that of any later write of the run. So a write
    that goes on meanwhile still replaces what is copied here.
    """
    for name, path in files.items():
        shown = pa.array(sorted(snapshot.shown(table, name)), pa.large_string())
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                for number in range(file.num_row_groups):
                    rows = file.read_row_group(number)
                    if snapshot.replaced_in(name):
                        ids = rows["findall_id"].cast(pa.large_string())
                        rows = rows.filter(pc.is_in(ids, value_set=shown))
                    yield _rewritten(rows, schema, write_id=write_id)
        except DAMAGED as error:
            raise snapshot.damaged(table, name, error) from error


def _schema(snapshot: Snapshot, table: str, name: str, path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path).remove_metadata()
    except DAMAGED as error:
        raise snapshot.damaged(table, name, error) from error


def _rewritten(rows: pa.Table, schema: pa.Schema, *, write_id: str) -> pa.Table:
    """Return rows with all columns, and a longer write_id."""
    rows = pa.concat_tables([schema.empty_table(), rows], promote_options="permissive")
    at = schema.get_field_index("write_id")
    first = pc.utf8_slice_codeunits(rows["write_id"].cast(pa.string()), 0, WRITE_ID_LENGTH)
    ids = pc.binary_join_element_wise(first, write_id, ".").cast(WRITE_ID)
    return rows.set_column(at, schema.field(at), ids)


def _write(chunks: Iterator[pa.Table], path: Path, schema: pa.Schema) -> None:
    """Write chunks in row groups large enough for a reader to be fast."""
    with (
        path.open("wb") as file,
        pq.ParquetWriter(file, schema, write_page_checksum=True, **SETTINGS["analysis"]) as writer,
    ):
        waiting: list[pa.Table] = []
        rows = size = 0
        for chunk in chunks:
            waiting.append(chunk)
            rows += chunk.num_rows
            size += chunk.nbytes
            if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
                writer.write_table(_joined(waiting, schema))
                waiting, rows, size = [], 0, 0
        writer.write_table(_joined(waiting, schema))


def _joined(chunks: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    joined = pa.concat_tables([schema.empty_table(), *chunks]).unify_dictionaries()
    return joined.combine_chunks().replace_schema_metadata(schema.metadata)


def _sweep(storage: Storage) -> None:
    """Remove the files of writes that were replaced, or left uncommitted, more than a day ago.

    A reader that looked before a write was replaced may still read its files; one that looks
    afterwards does not. So readers need no locks, nor the right to write.
    """
    with storage.writing() as (folder, _):
        now = folder.stat().st_mtime  # by the clock of the disk, like all the others
    oldest = now - SAFE_SECONDS
    listed = {table: storage.names(table) for table in DATA_TABLES}
    snapshot = storage.snapshot()
    replaced = {
        each
        for name in snapshot.current
        if snapshot.replaced_by(name) and _is_older(_path(storage, "runs", name), oldest)
        for each in snapshot.replaced_by(name)
    }
    for name in replaced:
        with suppress(OSError):  # another program has it open; the next compaction removes it
            # Without its commit record, the rest is a leftover.
            _path(storage, "runs", name).unlink(missing_ok=True)
    committed = set(storage.names("runs"))
    for table, names in listed.items():
        for name in set(names) - committed:
            path = _path(storage, table, name)
            with suppress(OSError):
                if name in replaced or _is_older(path, oldest):
                    path.unlink()
    for path in storage.unfinished():
        with suppress(OSError):
            if _is_older(path, oldest):
                shutil.rmtree(path)


def _path(storage: Storage, table: str, name: str) -> Path:
    return storage.root / table / f"{name}.parquet"


def _size(path: Path | None) -> int:
    with suppress(FileNotFoundError):  # reported when it is read
        return path.stat().st_size if path is not None else 0
    return 0


def _is_older(path: Path, oldest: float) -> bool:
    """Return True if a file is there, and from before a moment."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < oldest
    return False
