"""The files of a lake: immutable Parquet, and a commit record for each write.

::

    findall_frames.lake                        says that the folder is a lake
    candidates/findall_1.<write_id>.parquet    the rows of one write; likewise the other tables
    runs/findall_1.<write_id>.parquet          its commit record, which is renamed last
    runs/compact.<write_id>.parquet            the commit record of a compaction of many writes
    .writing/                                  files that are not complete

Every row has a ``write_id``. Of the commit records with a run, the one with the greatest write_id
counts, so a run that is written again replaces itself. The rows that count are those whose
findall_id and write_id are in such a record, whatever else is in the folder. The table ``reviews``
is the exception: all rows of a run in the lake count, whichever write they are from, and of those
with the same key the latest. If that has no decision, value or note, it takes the others back.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from findall_frames.display.matches import WITHOUT_RUN
from findall_frames.errors import InvalidRequestError, LakeError, advice
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.parquet import SETTINGS, without_secrets
from findall_frames.frames.reviews import with_taken_back
from findall_frames.frames.schema import TABLES
from findall_frames.lake.snapshot import Snapshot, Write, file_metadata, read_record

__all__ = [
    "COMPACT",
    "DATA_TABLES",
    "SAFE_SECONDS",
    "WRITE_ID",
    "WRITE_ID_LENGTH",
    "Storage",
    "row_counts",
]

DATA_TABLES: Final = tuple(name for name in TABLES if name != "runs")
"""The tables whose rows belong to runs; they are written before the commit record."""
WRITE_ID: Final = pa.dictionary(pa.int32(), pa.string())
WRITE_ID_LENGTH: Final = 25
"""Characters of a write_id as its writer made it; a compaction appends its own to it."""
COMPACT: Final = "compact"
SAFE_SECONDS: Final = 24 * 3600
"""The longest time that a reader or writer may take: older files may be removed."""

_MARKER: Final = "findall_frames.lake"
_ABOUT: Final = (
    "This folder is a lake of findall_frames; open it with ff.open_lake(folder).\n"
    "Its files never change: add none to it by hand, and rename none.\n"
)
_WRITING: Final = ".writing"
# The name that the files of a write share: a prefix for people, then the write_id.
_NAME: Final = re.compile(r"(?P<name>[A-Za-z0-9_-]+\.(?P<moment>\d{16})-[0-9a-f]{8})\.parquet")
_WRITE_ID_IN_FILE: Final = slice(-WRITE_ID_LENGTH - len(".parquet"), None)
# Other ids could be too long for a file name, or mean something to a file system.
_PLAIN_ID: Final = re.compile(r"findall_[A-Za-z0-9_-]{1,80}")
_ATTEMPTS: Final = 10


class Storage:
    """The folder of a lake, which need not exist yet.

    Parameters
    ----------
    root : Path
        The folder.

    Raises
    ------
    LakeError
        The folder holds something else; it is never written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed_last: list[str] = []
        self._latest = Snapshot(root, {})
        self.exists()

    def exists(self) -> bool:
        """Return False if there is nothing yet, or raise if there is something else."""
        try:
            if (self.root / _MARKER).is_file():
                return True
            holds = next(iter(sorted(self.root.iterdir())), None) if self.root.exists() else None
        except (OSError, ValueError) as error:
            raise LakeError(
                f"There is no folder at {str(self.root)[:200]!r} that can be read ({error}). "
                "Pass the folder of a lake, or one that is new or empty."
            ) from error
        # Another process may have created it since the first look.
        if holds is not None and not (self.root / _MARKER).is_file():
            raise LakeError(
                f"{str(self.root)!r} is not a lake: it has no file {_MARKER!r}, but others, such "
                f"as {holds.name!r}. Nothing is written to it. Pass the folder of a lake, or one "
                "that is new or empty"
                + advice(
                    "; ff.read_parquet reads what FindAllFrames.to_parquet wrote.",
                    command="; run --out writes no lake, but a folder for report and export.",
                )
            )
        return holds is not None

    # -- writing ---------------------------------------------------------------------------------

    def append(self, frames: FindAllFrames) -> None:
        """Write the runs of some frames, all of them or none.

        Raises
        ------
        InvalidRequestError
            A run is there twice, or rows belong to none.
        LakeError
            The files can't be written.
        """
        runs = frames.tables["runs"]
        # As a run, such a row would stay for ever, beside the runs that the search has later.
        # That such a row was never fetched tells it from a run with such an id.
        has_none = pc.fill_null(pc.starts_with(runs["findall_id"], WITHOUT_RUN), False)
        has_none = pc.and_(has_none, pc.is_null(runs["fetched_at"]))
        runs = runs.filter(pc.invert(has_none))
        ids = runs["findall_id"].to_pylist()
        if len(set(ids)) < len(ids) or None in ids:
            raise InvalidRequestError(
                "Expected one row per run, each with its own findall_id; these frames have "
                f"{', '.join(map(repr, ids))}."
            )
        judged = with_taken_back(frames.tables["reviews"], frames.taken_back)
        tables = {**frames.tables, "runs": runs, "reviews": judged}
        counts = {name: row_counts(tables[name]) for name in DATA_TABLES}
        for name, count in counts.items():
            for key in count.keys() - set(ids):
                raise InvalidRequestError(
                    f"The table {name!r} has rows of run {key!r}, which is not in the table "
                    "'runs'. Filter all tables alike, or take whole runs with frames.for_run.",
                    findall_id=key,
                )
        if not ids:
            return
        searches = {key: without_secrets(search) for key, search in frames.searches.items()}
        texts = {
            "search": [_json(searches[key]) if key in searches else None for key in ids],
            "rows": [
                _json({name: count[key] for name, count in counts.items() if key in count})
                for key in ids
            ],
        }
        with self.writing() as (folder, write_id):
            for name, table in tables.items():
                written = pa.array([write_id] * len(table), pa.string()).cast(WRITE_ID)
                table = table.append_column("write_id", written)
                if name == "runs":
                    for column, values in texts.items():
                        table = table.append_column(column, pa.array(values, pa.string()))
                elif not table.num_rows:
                    continue
                described = table.replace_schema_metadata(file_metadata(name))
                with (folder / f"{name}.parquet").open("wb") as file:
                    pq.write_table(
                        described, file, write_page_checksum=True, **SETTINGS["analysis"]
                    )
            self.commit(folder, f"{_prefix(ids)}.{write_id}")

    @contextmanager
    def writing(self) -> Iterator[tuple[Path, str]]:
        """Yield an empty folder for the files of a write, and a new write_id."""
        try:
            if not self.exists():
                self.root.mkdir(parents=True, exist_ok=True)
                (self.root / _MARKER).write_text(_ABOUT, encoding="utf-8")
            # Later than every other, even if the clock of another machine is ahead.
            moment = max(time.time_ns() // 1000, _latest(self._listed("runs")) + 1)
            write_id = f"{moment:016}-{secrets.token_hex(4)}"
            folder = self.root / _WRITING / write_id
            folder.mkdir(parents=True)
            try:
                yield folder, write_id
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, pa.ArrowException) as error:
            raise LakeError(
                f"The lake {str(self.root)!r} could not be written ({error}). It is as it was "
                "before; call this again when there is room, or when the folder can be written."
            ) from error

    def commit(self, folder: Path, name: str) -> None:
        """Move the files of a write to their places, the commit record last."""
        files = {path: self.root / path.stem / f"{name}.parquet" for path in folder.iterdir()}
        for path in sorted(files, key=lambda path: path.stem == "runs"):
            with path.open("rb+") as file:
                os.fsync(file.fileno())  # a record must not outlive its rows when the power fails
            os.utime(path)  # files are removed a day after this moment, however long it took
            files[path].parent.mkdir(exist_ok=True)
            path.rename(files[path])
        if not all(path.is_file() for path in files.values()):
            # This machine slept for more than a day between two renames.
            (self.root / "runs" / f"{name}.parquet").unlink()
            raise OSError("the files were removed as those of a writer that was killed")

    # -- reading ---------------------------------------------------------------------------------

    def names(self, table: str) -> list[str]:
        """Return the names of all writes with a file of a table, whether they count or not."""
        return _names(self._listed(table))

    def _listed(self, table: str) -> list[str]:
        try:
            return os.listdir(self.root / table)  # noqa: PTH208  # several times faster
        except FileNotFoundError:
            return []

    def unfinished(self) -> list[Path]:
        """Return the folders of writes that go on, or were killed."""
        return list((self.root / _WRITING).iterdir())

    def snapshot(self) -> Snapshot:
        """Return the writes that count at this moment.

        Raises
        ------
        LakeError
            A commit record can't be read.
        """
        for _ in range(_ATTEMPTS):
            listed = self._listed("runs")
            if listed != self._listed_last:
                try:
                    self._latest = Snapshot(self.root, self._writes(listed))
                except FileNotFoundError:
                    continue  # removed after it was listed, so another has replaced it
                self._listed_last = listed
            return self._latest
        raise LakeError(
            f"The commit records in {str(self.root / 'runs')!r} vanish while they are read. Call "
            "this again when nobody removes files there."
        )

    def _writes(self, listed: Iterable[str]) -> Mapping[str, Write]:
        writes: dict[str, Write] = {}
        replaced: set[str] = set()
        known = self._latest.writes  # files never change, so each is read once
        # Compactions first, the newest of them first, as most others need not be read then.
        for name in sorted(_names(listed), key=_compactions_first, reverse=True):
            if name not in replaced:
                write = known.get(name) or read_record(self.root / "runs" / f"{name}.parquet")
                replaced |= write.replaces
                writes[name] = write
        return dict(sorted(writes.items(), key=lambda item: _write_id(item[0])))


def _names(listed: Iterable[str]) -> list[str]:
    """Return the names of writes among those of files."""
    return [found["name"] for found in map(_NAME.fullmatch, listed) if found]


def _latest(listed: Sequence[str]) -> int:
    """Return the moment in the greatest write_id, or 0 if there is none.

    There may be thousands of files, so only the name that sorts last is taken apart.
    """
    last = max(listed, key=lambda name: name[_WRITE_ID_IN_FILE], default="")
    found = [_NAME.fullmatch(last)]
    if found == [None]:  # a file of another program
        found = list(map(_NAME.fullmatch, listed))
    return max((int(each["moment"]) for each in found if each), default=0)


def _compactions_first(name: str) -> tuple[bool, str]:
    return name.startswith(f"{COMPACT}."), _write_id(name)


def _write_id(name: str) -> str:
    return name.rpartition(".")[2]


def _prefix(ids: Sequence[str]) -> str:
    """Return the first part of the names of files, in letters of every file system."""
    if len(ids) > 1:
        return "many"
    if _PLAIN_ID.fullmatch(ids[0]):
        return ids[0]
    return "run_" + re.sub(r"[^A-Za-z0-9_-]+", "_", ids[0])[:80]


def row_counts(table: pa.Table) -> dict[Any, int]:
    """Return how many rows of each run a table has."""
    counted = pc.value_counts(table["findall_id"])
    return dict(zip(*(counted.field(at).to_pylist() for at in (0, 1)), strict=True))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
