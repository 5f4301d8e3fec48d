"""Opens a snapshot of a lake in DuckDB: a locked connection with a view of each table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from findall_frames.embedded.corpus.building import pattern_of
from findall_frames.embedded.corpus.corpus import sql_list
from findall_frames.errors import LakeError
from findall_frames.frames.schema import COUNT, EXCERPTS, FLAG, SCHEMAS, TEXT, TIME
from findall_frames.lake.storage import Snapshot

__all__ = ["open_views"]

# Categories are texts in DuckDB.
_SQL_TYPES: Final = {
    TEXT: "VARCHAR",
    COUNT: "BIGINT",
    FLAG: "BOOLEAN",
    TIME: "TIMESTAMPTZ",
    EXCERPTS: "VARCHAR[]",
}
_COUNTING: Final = "_counting"


def open_views(
    snapshot: Snapshot, tables: Mapping[str, Sequence[str]]
) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory with a view of each of these tables.

    Parameters
    ----------
    snapshot : Snapshot
        All views are of the same moment.
    tables : mapping of str to sequence of str
        Their names, each with the text columns of the files that it shows besides its own, such
        as ``write_id``. Making a view opens its files, so make only those that are needed.

    Raises
    ------
    LakeError
        A file is missing or damaged.
    """
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # DuckDB would show it in notebooks
    partial = [name for name in snapshot.counting if not snapshot.is_whole(name)]
    counting = [run[:2] for name in partial for run in snapshot.counting[name]]
    ids = pa.array([list(run) for run in counting], pa.list_(pa.string(), 2))
    given = pa.table({"ids": ids})
    connection.register("given", given)
    connection.execute(
        f"CREATE TABLE {_COUNTING} AS SELECT ids[1] AS findall_id, ids[2] AS write_id FROM given"
    )
    connection.unregister("given")
    root = snapshot.root.resolve()
    try:
        for table, more in tables.items():
            connection.execute(f"CREATE VIEW {table} AS {_view(snapshot, table, more, root=root)}")
    except duckdb.Error as error:
        raise LakeError(
            f"The files of the lake {str(snapshot.root)!r} can't be read ({error}). Put the file "
            "back from a copy of the lake, or append its run again with frames.append_to."
        ) from error
    # What is read is compared as text with these, files and patterns alike.
    allowed = sql_list(dict.fromkeys((str(root), pattern_of(root))))
    connection.execute(f"SET allowed_directories = {allowed}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _view(snapshot: Snapshot, table: str, more: Sequence[str], *, root: Path) -> str:
    """Return the SQL for the rows of a table that count.

    An empty table with all columns comes first, as files of older releases may lack some, and
    there may be no files.
    """
    columns = {field.name: _SQL_TYPES.get(field.type, "VARCHAR") for field in SCHEMAS[table]}
    columns |= dict.fromkeys(more, "VARCHAR")
    nothing = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
    rows = [f"SELECT {nothing} WHERE false", *_rows(snapshot, table, root=root)]
    return f"SELECT {', '.join(columns)} FROM ({' UNION ALL BY NAME '.join(rows)})"


def _rows(snapshot: Snapshot, table: str, *, root: Path) -> Iterator[str]:
    for is_whole in (True, False):
        files = [
            pattern_of(root / path.relative_to(snapshot.root))
            for name, runs in snapshot.counting.items()
            if runs and snapshot.is_whole(name) == is_whole
            if (path := snapshot.file(table, name)) is not None
        ]
        if files:
            join = "" if is_whole else f"SEMI JOIN {_COUNTING} USING (findall_id, write_id)"
            yield f"FROM read_parquet({sql_list(files)}, union_by_name = true) {join}"
