"""Writes tables to a folder of Parquet files, all or none, and reads them back."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from findall_frames.addresses import without_credentials
from findall_frames.api.models import FindAllSchema
from findall_frames.errors import ParquetError
from findall_frames.frames.convert import insert_lists, pandas_metadata, to_dataframe
from findall_frames.frames.plain import BI_TABLES, from_plain
from findall_frames.frames.replacing import PROVENANCE, current_file, replace_files
from findall_frames.frames.schema import KEYS, SCHEMA_VERSION, TABLES, conform, empty_tables

__all__ = ["DAMAGED", "SETTINGS", "read_folder", "without_secrets", "write_folder"]

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "analysis": {"compression": "zstd", "compression_level": 3},
    # Some tools read no newer encodings, pages or compressions.
    "bi": {"compression": "snappy", "version": "1.0", "data_page_version": "1.0"},
}
"""Arguments of `pyarrow.parquet.write_table` for each profile."""

# Those that every release writes.
_FIRST_TABLES: Final = ("runs", "candidates", "fields", "citations")
# How long a reader tries again while a writer moves its files.
_MOVING_SECONDS: Final = 10.0
DAMAGED: Final = (OSError, ValueError, KeyError, TypeError, MemoryError, pa.ArrowException)
"""What reading a damaged file can raise."""


class _Provenance(msgspec.Struct, kw_only=True):
    """What each file states about itself; those of earlier releases lack `rows` or `tables`."""

    package: str
    schema_version: int
    write_id: str
    table: str
    profile: Literal["analysis", "bi"]
    changes: list[str]
    findall_ids: list[str]
    services: list[str]
    searches: dict[str, Any]
    rows: int | None = None
    tables: list[str] | None = None

    def encode(self) -> bytes:
        """Return JSON with a digest, as the metadata of Parquet has no checksum."""
        described = msgspec.to_builtins(self)
        return msgspec.json.encode({**described, "digest": _digest(described)})


def _digest(described: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(described, order="sorted")).hexdigest()


def write_folder(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    *,
    folder: str | PathLike[str],
    changes: Sequence[str] | None = None,
) -> Path:
    """Write tables to a folder, all of them or none.

    ``changes`` describes what `to_plain` changed; it is None for tables as they are.
    """
    profile: Literal["analysis", "bi"] = "analysis" if changes is None else "bi"
    runs = tables["runs"]
    provenance = _Provenance(
        package=version("findall-frames"),
        schema_version=SCHEMA_VERSION,
        write_id=uuid.uuid4().hex,
        table="",
        profile=profile,
        changes=list(changes or ()),
        findall_ids=runs["findall_id"].to_pylist(),
        services=sorted(set(runs["service"].drop_null().to_pylist())),
        searches={key: without_secrets(search) for key, search in searches.items()},
        tables=list(tables),
    )

    def write(into: Path) -> None:
        for name, table in tables.items():
            described = msgspec.structs.replace(provenance, table=name, rows=table.num_rows)
            _write(table, into / f"{name}.parquet", described, settings=SETTINGS[profile])

    obsolete = [f"{name}.parquet" for name in BI_TABLES if name not in tables]
    return replace_files(folder, write, obsolete=obsolete)


def read_folder(
    folder: str | PathLike[str],
) -> tuple[dict[str, pa.Table], dict[str, FindAllSchema]]:
    """Return the tables in a folder and their searches, or raise a `ParquetError`.

    During a write these are the old ones or the new ones.
    """
    source = Path(folder)
    deadline = time.monotonic() + _MOVING_SECONDS
    while True:
        before = _stamps(source)
        try:
            return _read_folder(source)
        except ParquetError:
            # At no moment do the files not fit together; but they are read one after another.
            if _stamps(source) == before or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _stamps(source: Path) -> list[tuple[str, int, int, int]]:
    """Return what changes whenever a file of the folder is replaced."""
    stamps = []
    for name in BI_TABLES:
        with suppress(OSError, ValueError):
            path = current_file(source, f"{name}.parquet")
            found = path.stat()
            stamps.append((str(path), found.st_ino, found.st_mtime_ns, found.st_size))
    return stamps


def _read_folder(source: Path) -> tuple[dict[str, pa.Table], dict[str, FindAllSchema]]:
    found = _read_together(source, _FIRST_TABLES)
    described = found["runs"][1]
    more = ["excerpts"] if described.profile == "bi" else []
    # A file of that name beside a set that does not list it is of another set.
    more += [name for name in described.tables or () if name in TABLES and name not in found]
    if more:
        found = _read_together(source, more, beside=found)
    tables = empty_tables() | {name: table for name, (table, _) in found.items()}
    name = "excerpts"  # the table that an error before the loop is about
    try:
        if described.profile == "bi":
            _check_keys(tables["excerpts"], keys=(*KEYS["citations"], "excerpt"))
            tables = from_plain(tables)
        for name in TABLES:
            tables[name] = conform(tables[name], name=name)
            _check_keys(tables[name], keys=KEYS[name], nullable=name == "reviews")
        for name, parent in (
            ("candidates", "runs"),
            ("fields", "candidates"),
            ("citations", "fields"),
            ("reviews", "candidates"),
        ):
            _check_parents(tables[name], tables[parent], keys=KEYS[parent])
        name = "runs"
        searches = msgspec.convert(described.searches, dict[str, FindAllSchema])
    except _MisplacedError as error:
        raise ParquetError(
            f"{name}.parquet in {str(source)!r} {error}. Write the folder again with "
            "FindAllFrames.to_parquet."
        ) from error
    except DAMAGED as error:
        raise ParquetError(
            f"{name}.parquet in {str(source)!r} does not have the columns of the table {name!r}: "
            f"{error}. Write the folder again with FindAllFrames.to_parquet."
        ) from error
    return tables, searches


class _MisplacedError(ValueError):
    """A row is repeated, or belongs to nothing; ``str()`` completes a sentence on its table."""


def _check_keys(table: pa.Table, *, keys: Sequence[str], nullable: bool = False) -> None:
    """Raise unless every row has a key of its own, whose last column may be null if so said."""
    rows = table.select(keys)
    if any(rows[name].null_count for name in (keys[:-1] if nullable else keys)):
        raise _MisplacedError(f"has a row without a key; the keys are {', '.join(keys)}")
    counts = rows.group_by(list(keys)).aggregate([([], "count_all")])
    repeated = counts.filter(pc.field("count_all") > 1).drop_columns(["count_all"])
    if repeated.num_rows:
        raise _MisplacedError(f"repeats a row: {_named(repeated)}")


def _check_parents(table: pa.Table, parents: pa.Table, *, keys: Sequence[str]) -> None:
    """Raise unless every row belongs to one of the table above it."""
    lost = table.select(keys).join(parents.select(keys), list(keys), join_type="left anti")
    if lost.num_rows:
        raise _MisplacedError(f"has a row that belongs to nothing: {_named(lost)}")


def _named(rows: pa.Table) -> str:
    (first,) = rows.slice(0, 1).to_pylist()
    return ", ".join(f"{name} {value!r}" for name, value in first.items())


def _read_together(
    source: Path,
    names: Sequence[str],
    *,
    beside: Mapping[str, tuple[pa.Table, _Provenance]] = MappingProxyType({}),
) -> dict[str, tuple[pa.Table, _Provenance]]:
    """Read more tables beside those that were read, all of which must be from the same write."""
    try:
        paths = {name: current_file(source, f"{name}.parquet") for name in names}
        missing = [path.name for path in paths.values() if not path.is_file()]
        is_folder = source.is_dir()
    except (OSError, ValueError) as error:
        raise ParquetError(
            f"There is no folder at {str(source)[:200]!r} that can be read ({error})."
        ) from error
    if missing:
        there = "" if is_folder else f" ({str(source)!r} is no folder)"
        raise ParquetError(
            "read_parquet expects a folder written by FindAllFrames.to_parquet, with "
            f"{', '.join(f'{name}.parquet' for name in (*beside, *names))}; "
            f"{', '.join(missing)} missing in {str(source)!r}{there}."
        )
    found = {**beside, **{name: _read(path) for name, path in paths.items()}}
    ids = {name: described.write_id for name, (_, described) in found.items()}
    if len(set(ids.values())) > 1:
        raise ParquetError(
            f"The files in {str(source)!r} were not written together, so their rows may not fit: "
            + ", ".join(f"{name}.parquet is from write {ids[name][:8]}" for name in found)
            + ". Put the files of one to_parquet back together."
        )
    for name, (_, described) in found.items():
        if described.table != name:
            path = current_file(source, f"{name}.parquet")
            raise ParquetError(
                f"{str(path)!r} holds the table {described.table!r}. Give the files back the "
                "names that to_parquet gave them."
            )
    return found


def _write(
    table: pa.Table, path: Path, provenance: _Provenance, *, settings: Mapping[str, Any]
) -> None:
    # With its own metadata pd.read_parquet restores boolean and Int64.
    empty = table.slice(0, 0)
    metadata = pandas_metadata(insert_lists(to_dataframe(empty), table=empty))
    metadata[PROVENANCE] = provenance.encode()
    described = table.replace_schema_metadata(metadata)
    pq.write_table(described, path, write_page_checksum=True, **settings)


def _read(path: Path) -> tuple[pa.Table, _Provenance]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            provenance = (file.schema_arrow.metadata or {}).get(PROVENANCE)
            table = file.read()
        table.validate(full=True)
    except DAMAGED as error:
        raise _damaged(path, str(error)) from error
    if provenance is None:
        raise ParquetError(
            f"{str(path)!r} was not written by FindAllFrames.to_parquet, or another program has "
            "rewritten it. pandas.read_parquet reads it as a single table."
        )
    try:
        described = msgspec.json.decode(provenance, type=dict[str, Any])
        if described.get("schema_version", 0) > SCHEMA_VERSION:
            raise ParquetError(
                f"{str(path)!r} was written by findall-frames {described.get('package')}, whose "
                "tables this version does not know: upgrade with pip install -U findall-frames."
            )
        digest = described.pop("digest", None)
        if digest not in (None, _digest(described)):
            raise _damaged(path, "its metadata was changed")
        read = msgspec.convert(described, _Provenance)
    except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
        raise _damaged(path, f"its metadata: {error}") from error
    if read.rows not in (None, table.num_rows):
        raise _damaged(path, f"it has {table.num_rows} of {read.rows} rows")
    return table, read


def _damaged(path: Path, why: str) -> ParquetError:
    return ParquetError(
        f"{str(path)!r} cannot be read as Parquet ({why}). Copy it again from where it was "
        "written, or write the folder again with FindAllFrames.to_parquet."
    )


def without_secrets(search: FindAllSchema) -> Any:
    """Return a search as JSON values, without what may contain keys of tool servers."""
    built = msgspec.to_builtins(search)
    for enrichment in built["enrichments"] or ():
        for server in enrichment["mcp_servers"] or ():
            server["headers"] = None
            server["url"] = without_credentials(server["url"])
    return built
