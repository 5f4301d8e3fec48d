"""Writes tables to a folder of Parquet files, all or none, and reads them back."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from findall_frames.addresses import without_credentials
from findall_frames.api.models import FindAllSchema
from findall_frames.errors import ExportError, ParquetError
from findall_frames.frames.convert import (
    BI_TABLES,
    from_plain,
    insert_lists,
    pandas_metadata,
    to_dataframe,
)
from findall_frames.frames.schema import SCHEMA_VERSION, TABLES, conform

__all__ = ["PROVENANCE", "SETTINGS", "read_folder", "replace_files", "write_folder"]

PROVENANCE: Final = b"findall_frames"
"""The key of each file's metadata whose JSON says where the table is from."""

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "analysis": {"compression": "zstd", "compression_level": 3},
    # Some tools read no newer encodings, pages or compressions.
    "bi": {"compression": "snappy", "version": "1.0", "data_page_version": "1.0"},
}
"""Arguments of `pyarrow.parquet.write_table` for each profile."""

# A folder of complete files that are still to be moved; they replace those beside the folder.
_COMMITTED: Final = ".findall_frames"
# A writer that has taken this long was killed.
_ABANDONED_SECONDS: Final = 24 * 3600


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
    profile = "analysis" if changes is None else "bi"
    runs = tables["runs"]
    provenance = {
        "package": version("findall-frames"),
        "schema_version": SCHEMA_VERSION,
        "write_id": uuid.uuid4().hex,
        "profile": profile,
        "changes": list(changes or ()),
        "findall_ids": runs["findall_id"].to_pylist(),
        "services": sorted(set(runs["service"].drop_null().to_pylist())),
        "searches": {key: _without_secrets(search) for key, search in searches.items()},
    }

    def write(into: Path) -> None:
        for name, table in tables.items():
            described = {**provenance, "table": name}
            _write(table, into / f"{name}.parquet", described, settings=SETTINGS[profile])

    def obsolete(folder: Path) -> list[Path]:
        others = (folder / f"{name}.parquet" for name in BI_TABLES if name not in tables)
        return [path for path in others if path.is_file() and _is_ours(path)]

    return replace_files(folder, write, obsolete=obsolete)


def read_folder(
    folder: str | PathLike[str],
) -> tuple[dict[str, pa.Table], dict[str, FindAllSchema]]:
    """Return the tables in a folder and their searches, or raise a `ParquetError`."""
    source = Path(folder)
    found = _read_together(source, TABLES)
    described = found["runs"][1]
    if described["profile"] == "bi":
        found = _read_together(source, (*TABLES, "excerpts"))
    tables = {name: table for name, (table, _) in found.items()}
    name = "excerpts"  # the table that a KeyError before the loop is about
    try:
        if described["profile"] == "bi":
            tables = from_plain(tables)
        for name in TABLES:
            tables[name] = conform(tables[name], name=name)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ParquetError(
            f"{name}.parquet in {str(source)!r} does not have the columns of the table {name!r}: "
            f"{error}. Write the folder again with FindAllFrames.to_parquet."
        ) from error
    return tables, msgspec.convert(described["searches"], dict[str, FindAllSchema])


def _read_together(
    source: Path, names: Sequence[str]
) -> dict[str, tuple[pa.Table, dict[str, Any]]]:
    """Read the files of some tables, which must be from the same write."""
    paths = {name: _current_file(source, f"{name}.parquet") for name in names}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        there = "" if source.is_dir() else f" ({str(source)!r} is no folder)"
        raise ParquetError(
            "read_parquet expects a folder written by FindAllFrames.to_parquet, with "
            f"{', '.join(f'{name}.parquet' for name in names)}; "
            f"{', '.join(missing)} missing in {str(source)!r}{there}."
        )
    found = {name: _read(path) for name, path in paths.items()}
    ids = {name: described["write_id"] for name, (_, described) in found.items()}
    if len(set(ids.values())) > 1:
        raise ParquetError(
            f"The files in {str(source)!r} were not written together, so their rows may not fit: "
            + ", ".join(f"{name}.parquet is from write {ids[name][:8]}" for name in names)
            + ". Put the files of one to_parquet back together."
        )
    return found


def _write(
    table: pa.Table, path: Path, provenance: Mapping[str, Any], *, settings: Mapping[str, Any]
) -> None:
    # With its own metadata pd.read_parquet restores boolean and Int64.
    empty = table.slice(0, 0)
    metadata = pandas_metadata(insert_lists(to_dataframe(empty), table=empty))
    metadata[PROVENANCE] = json.dumps(provenance).encode()
    pq.write_table(table.replace_schema_metadata(metadata), path, **settings)


def _is_ours(path: Path) -> bool:
    try:
        return PROVENANCE in (pq.read_schema(path).metadata or {})
    except pa.ArrowInvalid:
        return False


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            provenance = (file.schema_arrow.metadata or {}).get(PROVENANCE)
            table = file.read()
    except (OSError, pa.ArrowInvalid) as error:
        raise ParquetError(
            f"{str(path)!r} cannot be read as Parquet ({error}). Copy it again from where it was "
            "written, or write the folder again with FindAllFrames.to_parquet."
        ) from error
    if provenance is None:
        raise ParquetError(
            f"{str(path)!r} was not written by FindAllFrames.to_parquet, or another program has "
            "rewritten it. pandas.read_parquet reads it as a single table."
        )
    described: dict[str, Any] = json.loads(provenance)
    if described["schema_version"] > SCHEMA_VERSION:
        raise ParquetError(
            f"{str(path)!r} was written by findall-frames {described['package']}, whose tables "
            "this version does not know: upgrade with pip install -U findall-frames."
        )
    return table, described


def _without_secrets(search: FindAllSchema) -> Any:
    """Return a search as JSON values, without what may contain keys of tool servers."""
    built = msgspec.to_builtins(search)
    for enrichment in built["enrichments"] or ():
        for server in enrichment["mcp_servers"] or ():
            server["headers"] = None
            server["url"] = without_credentials(server["url"])
    return built


def replace_files(
    folder: str | PathLike[str],
    write: Callable[[Path], None],
    *,
    obsolete: Callable[[Path], Collection[Path]],
) -> Path:
    """Replace files in a folder, all of them or none, and leave other files alone.

    ``write`` writes the files to the empty folder that it is given; ``obsolete`` then returns
    older files of ours that are to be removed from the target.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise ExportError(
            f"Expected a folder, as there is one file per table, but {str(target)!r} is a file. "
            "Pass the name of a folder, which need not exist yet."
        )
    # On the same file system as the files to be replaced, so that moving it is atomic.
    home = target if target.is_dir() else target.parent
    beside = home / f"{_COMMITTED}.{uuid.uuid4().hex}"
    try:
        beside.mkdir(parents=True)
        _clear_abandoned(home)
        write(beside)
        if target.is_dir():
            # From this rename on, the new files count. If this write is killed, the next one
            # moves them to their places.
            committed = target / _COMMITTED
            _finish(committed, target)
            beside.rename(committed)
            _finish(committed, target)
        else:
            beside.rename(target)
        for path in obsolete(target):
            path.unlink()
    except OSError as error:
        raise ExportError(
            f"The tables could not be written to {str(target)!r} ({error}). The folder holds the "
            "old tables or the new ones. If a file is open in another program, close it there "
            "and write again."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _current_file(folder: Path, name: str) -> Path:
    """Return the path of the latest file, even if its writer was killed while moving it."""
    committed = folder / _COMMITTED / name
    return committed if committed.is_file() else folder / name


def _finish(committed: Path, target: Path) -> None:
    if committed.is_dir():
        for file in sorted(committed.iterdir()):
            file.replace(target / file.name)
        committed.rmdir()


def _clear_abandoned(home: Path) -> None:
    """Remove what writers that were killed left behind."""
    for path in home.glob(f"{_COMMITTED}.{'[0-9a-f]' * 32}"):
        if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
