"""The writes of a lake that count at one moment, as their commit records say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from findall_frames.errors import LakeError
from findall_frames.frames.parquet import DAMAGED
from findall_frames.frames.replacing import PROVENANCE
from findall_frames.frames.schema import SCHEMA_VERSION

__all__ = ["Snapshot", "Write", "WrittenRun", "file_metadata", "read_record"]

_PACKAGE: Final = version("findall-frames")


class WrittenRun(NamedTuple):
    """A run in a commit record, and how many rows each table has of it."""

    findall_id: str
    write_id: str
    rows: Mapping[str, int]


class Write(NamedTuple):
    """A commit record."""

    schema_version: int
    runs: tuple[WrittenRun, ...]
    replaces: frozenset[str]
    """The names of the earlier writes whose files are not needed any more."""
    reviews: Mapping[str, int]
    """How many rows ``reviews`` has of each run, of whichever write of it."""


class _About(msgspec.Struct, omit_defaults=True):
    """What each file says about itself in its metadata."""

    package: str
    schema_version: int
    table: str
    replaces: list[str] = []
    reviews: dict[str, int] | None = None


def file_metadata(
    table: str,
    *,
    schema_version: int = SCHEMA_VERSION,
    replaces: Iterable[str] = (),
    reviews: dict[str, int] | None = None,
) -> dict[bytes, bytes]:
    """Return what a file says about itself.

    A commit record counts its rows of ``reviews`` here if they are from several writes.
    """
    about = _About(_PACKAGE, schema_version, table, sorted(replaces), reviews)
    return {PROVENANCE: msgspec.json.encode(about)}


class Snapshot:
    """The writes that counted at one moment, by the name that their files share."""

    def __init__(self, root: Path, writes: Mapping[str, Write]) -> None:
        self.root = root
        self.writes = writes

    @cached_property
    def newest(self) -> dict[str, WrittenRun]:
        """The record of each run that counts, by findall_id, the oldest write first."""
        records = sorted(
            (run for write in self.writes.values() for run in write.runs),
            key=lambda run: run.write_id,
        )
        newest = {run.findall_id: run for run in records}
        return {run.findall_id: run for run in records if newest[run.findall_id] is run}

    @cached_property
    def current(self) -> dict[str, list[WrittenRun]]:
        """The runs of each write that were not written again since."""
        return {
            name: [run for run in write.runs if self.newest[run.findall_id] is run]
            for name, write in self.writes.items()
        }

    def replaced_in(self, name: str) -> list[WrittenRun]:
        """Return the runs of a write that were written again since."""
        runs = self.writes[name].runs
        if len(runs) == len(self.current[name]):
            return []
        return [run for run in runs if self.newest[run.findall_id] is not run]

    def schema_version(self, name: str) -> int:
        """Return the version of the columns of a write."""
        return self.writes[name].schema_version

    def replaced_by(self, name: str) -> frozenset[str]:
        """Return the names of the earlier writes that a write replaces."""
        return self.writes[name].replaces

    def file(self, table: str, name: str) -> Path | None:
        """Return the file of a write, or None if the table has no rows."""
        write = self.writes[name]
        if table == "reviews":
            has_rows = bool(write.reviews)
        else:
            has_rows = table == "runs" or any(run.rows.get(table) for run in write.runs)
        return self._path(table, name) if has_rows else None

    def _path(self, table: str, name: str) -> Path:
        return self.root / table / f"{name}.parquet"

    def _rows(self, table: str, name: str) -> dict[str, int]:
        """Return how many rows of each run a file has."""
        write = self.writes[name]
        if table == "reviews":
            return dict(write.reviews)
        return {
            run.findall_id: rows
            for run in write.runs
            if (rows := 1 if table == "runs" else run.rows.get(table, 0))
        }

    def shown(self, table: str, name: str) -> set[str]:
        """Return the runs whose rows in a file count.

        Rows of ``reviews`` count in all writes of a run, since whoever appends it again may not
        have all of them.
        """
        if table == "reviews":
            return self.writes[name].reviews.keys() & self.newest.keys()
        return {run.findall_id for run in self.current[name]}

    def read(self, table: str, ids: Collection[str]) -> Iterator[pa.Table]:
        """Yield the rows of some runs, with all columns of the files, the oldest write first.

        Raises
        ------
        LakeError
            A file is missing or damaged.
        """
        for name in self.writes:
            counts = self._rows(table, name)
            wanted = self.shown(table, name).intersection(ids, counts)
            if not wanted:
                continue
            path = self._path(table, name)
            keys = pa.array(sorted(wanted), pa.large_string())
            expected = sum(counts[findall_id] for findall_id in wanted)
            try:
                rows = pq.read_table(
                    path,
                    filters=None
                    if len(wanted) == len(counts)
                    else pc.field("findall_id").isin(keys),
                    partitioning=None,
                    page_checksum_verification=True,
                )
                if rows.num_rows != expected:
                    raise ValueError(f"it has {rows.num_rows} rows of these runs, not {expected}")
            except DAMAGED as error:
                raise self.damaged(table, name, error, wanted=wanted) from error
            yield rows

    def damaged(
        self, table: str, name: str, error: Exception, *, wanted: Collection[str] | None = None
    ) -> LakeError:
        """Return the error that a file can't be read, and what to do about it.

        `wanted` are the runs to append again; by default the current ones of the write.
        """
        steps = []
        if table == "reviews":
            # Its rows count even if the run is appended again.
            steps.append(f"give up its judgements and delete {str(self._path('runs', name))!r}")
        if wanted is None or table == "reviews":
            wanted = [run.findall_id for run in self.current[name]]
        if wanted:
            named = ", ".join(sorted(wanted))
            steps.append(f"append its runs again with frames.append_to: {named}")
        return LakeError(
            f"{str(self._path(table, name))!r} can't be read ({error}). Put it back from a copy of "
            f"the lake, or {', and '.join(steps)}.",
            findall_id=min(wanted, default=None),
        )


def read_record(path: Path) -> Write:
    """Return a commit record, or raise FileNotFoundError or LakeError."""
    try:
        with pq.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            about = msgspec.json.decode(metadata[PROVENANCE], type=_About)
            if about.schema_version <= SCHEMA_VERSION:
                columns = file.read(["findall_id", "write_id", "rows"]).to_pydict().values()
                runs = tuple(
                    WrittenRun(key, write_id, msgspec.json.decode(rows, type=dict[str, int]))
                    for key, write_id, rows in zip(*columns, strict=True)
                )
                reviews = about.reviews
                if reviews is None:
                    counts = {run.findall_id: run.rows.get("reviews", 0) for run in runs}
                    reviews = {key: count for key, count in counts.items() if count}
                return Write(about.schema_version, runs, frozenset(about.replaces), reviews)
    except FileNotFoundError:
        raise
    except (*DAMAGED, msgspec.MsgspecError) as error:
        raise LakeError(
            f"The commit record {str(path)!r} can't be read ({error}). Put the file back from a "
            "copy of the lake; or delete it, and append its runs again with frames.append_to."
        ) from error
    raise LakeError(
        f"{str(path)!r} was written by findall-frames {about.package}, whose tables this version "
        "does not know: upgrade with pip install -U findall-frames."
    )
