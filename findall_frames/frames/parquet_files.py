"""A folder of Parquet files, one per table, with where they are from."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from findall_frames.addresses import without_credentials
from findall_frames.api.models import FindAllSchema
from findall_frames.errors import ParquetError
from findall_frames.frames.bi import BI_TABLES, from_plain
from findall_frames.frames.dataframes import insert_lists, to_dataframe
from findall_frames.frames.folder import current_file, replace_files
from findall_frames.frames.schema import SCHEMA_VERSION, TABLES, conform

__all__ = ["PROVENANCE", "SETTINGS", "read_folder", "write_folder"]

PROVENANCE: Final = b"findall_frames"
"""The key in each file's metadata that says, as JSON, where the table is from."""

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "analysis": {"compression": "zstd", "compression_level": 3},
    # Some tools know neither newer encodings nor newer pages nor other compressions.
    "bi": {"compression": "snappy", "version": "1.0", "data_page_version": "1.0"},
}
"""How the files of each profile are written, in the words of `pyarrow.parquet.write_table`."""


def write_folder(
    tables: Mapping[str, pa.Table],
    searches: Mapping[str, FindAllSchema],
    *,
    folder: str | PathLike[str],
    changes: Sequence[str] | None = None,
) -> Path:
    """Write tables into a folder, all of them or none.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Those of `SCHEMAS`, or those of `to_plain`.
    searches : mapping of str to FindAllSchema
        What was searched, by findall_id.
    folder : str or path object
        Where the files go.
    changes : sequence of str, optional
        What `to_plain` had to change; None for tables as they are.

    Raises
    ------
    ExportError
        The folder cannot be written. What it held is still there, or the new tables are.
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
    """Read the tables of a folder, and the searches that they are from.

    Raises
    ------
    ParquetError
        The folder does not hold the tables of one `write_folder`.
    """
    source = Path(folder)
    found = _read_together(source, TABLES)
    described = found["runs"][1]
    if described["profile"] == "bi":
        found = _read_together(source, (*TABLES, "excerpts"))
    tables = {name: table for name, (table, _) in found.items()}
    name = "excerpts"  # what a KeyError before the loop would be about
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
    """Read the files of some tables, which have to be of one write."""
    paths = {name: current_file(source, f"{name}.parquet") for name in names}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        there = "" if source.is_dir() else f" ({str(source)!r} is no folder)"
        raise ParquetError(
            f"read_parquet needs a folder that FindAllFrames.to_parquet has written, with "
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
    # With pandas's own description pd.read_parquet finds boolean and Int64 again.
    empty = table.slice(0, 0)
    described = pa.Schema.from_pandas(
        insert_lists(to_dataframe(empty), table=empty), preserve_index=False
    )
    metadata = {
        b"pandas": described.metadata[b"pandas"],
        PROVENANCE: json.dumps(provenance).encode(),
    }
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
    """Bring a search to JSON values, without the parts of tool servers that may hold keys."""
    built = msgspec.to_builtins(search)
    for enrichment in built["enrichments"] or ():
        for server in enrichment["mcp_servers"] or ():
            server["headers"] = None
            server["url"] = without_credentials(server["url"])
    return built
