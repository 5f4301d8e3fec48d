"""The folder of Parquet files: one file per table, and never half of them."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import ParquetError
from findall_frames.frames.dataframes import insert_lists, to_dataframe
from findall_frames.frames.domains import without_credentials
from findall_frames.frames.schema import SCHEMA_VERSION, TABLES, conform

__all__ = ["PROVENANCE", "read_folder", "write_folder"]

PROVENANCE: Final = b"findall_frames"
"""The key in each file's metadata that says, as JSON, where the table is from."""

# What stands here was written whole but perhaps not moved yet; it counts before the files outside.
_COMMITTED: Final = ".findall_frames"


def write_folder(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    *,
    folder: str | PathLike[str],
) -> Path:
    """Write the tables into a folder, all of them or none.

    Raises
    ------
    ParquetError
        The folder cannot be written. What it held is still there, or the new tables are.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise ParquetError(
            f"{str(target)!r} is a file, and to_parquet needs a folder: it writes one file per "
            "table. Give the name of a folder, which need not exist yet."
        )
    write_id = uuid.uuid4().hex
    provenance = {
        "package": version("findall-frames"),
        "schema_version": SCHEMA_VERSION,
        "write_id": write_id,
        "services": sorted(set(tables["runs"]["service"].drop_null().to_pylist())),
        "searches": {key: _without_secrets(search) for key, search in searches.items()},
    }
    # Beside the files that it will replace, so that moving it is one step of the file system.
    beside = (target if target.is_dir() else target.parent) / f"{_COMMITTED}.{write_id}"
    try:
        beside.mkdir(parents=True)
        for name in TABLES:
            _write(tables[name], beside / f"{name}.parquet", {**provenance, "table": name})
        if target.is_dir():
            _replace(beside, target)
        else:
            beside.rename(target)
    except OSError as error:
        raise ParquetError(
            f"The tables could not be written to {str(target)!r} ({error}). The folder holds the "
            "old tables or the new ones; if a file is open in another program, close it there "
            "and write again."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def read_folder(
    folder: str | PathLike[str],
) -> tuple[dict[str, pa.Table], dict[str, FindAllSchema]]:
    """Read the tables of a folder, and the searches that they are from.

    Raises
    ------
    ParquetError
        The folder does not hold the four tables of one `write_folder`.
    """
    source = Path(folder)
    paths = {name: _where(source, name) for name in TABLES}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        there = "" if source.is_dir() else f" ({str(source)!r} is no folder)"
        raise ParquetError(
            f"read_parquet needs a folder that FindAllFrames.to_parquet has written, with "
            f"{', '.join(f'{name}.parquet' for name in TABLES)}; "
            f"{', '.join(missing)} missing in {str(source)!r}{there}."
        )
    tables, provenances = {}, {}
    for name, path in paths.items():
        table, provenances[name] = _read(path)
        try:
            tables[name] = conform(table, name=name)
        except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ParquetError(
                f"{path.name} in {str(source)!r} does not have the columns of the table {name!r}: "
                f"{error}. Write the folder again with FindAllFrames.to_parquet."
            ) from error
    ids = {name: provenance["write_id"] for name, provenance in provenances.items()}
    if len(set(ids.values())) > 1:
        raise ParquetError(
            f"The files in {str(source)!r} were not written together, so their rows may not fit: "
            + ", ".join(f"{name}.parquet is from write {ids[name][:8]}" for name in TABLES)
            + ". Put the four files of one to_parquet back together."
        )
    searches = provenances["runs"]["searches"]
    return tables, msgspec.convert(searches, dict[str, FindAllSchema])


def _where(folder: Path, name: str) -> Path:
    committed = folder / _COMMITTED / f"{name}.parquet"
    return committed if committed.is_file() else folder / f"{name}.parquet"


def _replace(beside: Path, target: Path) -> None:
    """Put new files in the place of old ones, leaving every other file alone.

    The new files enter the folder in one move, and count from then on. What is left to do is
    done by the next write if this one is killed.
    """
    committed = target / _COMMITTED
    _finish(committed, target)
    beside.rename(committed)
    _finish(committed, target)


def _finish(committed: Path, target: Path) -> None:
    for name in TABLES:
        file = committed / f"{name}.parquet"
        if file.is_file():
            file.replace(target / file.name)
    if committed.is_dir():
        committed.rmdir()


def _write(table: pa.Table, path: Path, provenance: Mapping[str, Any]) -> None:
    # With pandas's own description pd.read_parquet finds boolean and Int64 again.
    empty = table.slice(0, 0)
    described = pa.Schema.from_pandas(
        insert_lists(to_dataframe(empty), table=empty), preserve_index=False
    )
    metadata = {
        b"pandas": described.metadata[b"pandas"],
        PROVENANCE: json.dumps(provenance).encode(),
    }
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="snappy")


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
    """Bring a search to JSON values, without the parts of tool servers that may hold keys."""
    built = msgspec.to_builtins(search)
    for enrichment in built["enrichments"] or ():
        for server in enrichment["mcp_servers"] or ():
            server["headers"] = None
            server["url"] = without_credentials(server["url"])
    return built
