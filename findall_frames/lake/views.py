"""Shows snapshots of a lake in DuckDB, as a view of each table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import duckdb

from findall_frames.embedded.corpus.building import pattern_of
from findall_frames.embedded.corpus.corpus import literal, sql_list
from findall_frames.errors import LakeError
from findall_frames.frames.schema import COUNT, EXCERPTS, FLAG, SCHEMAS, TEXT, TIME
from findall_frames.lake.storage import Snapshot

__all__ = ["Views"]

# Categories are texts in DuckDB.
_SQL_TYPES: Final = {
    TEXT: "VARCHAR",
    COUNT: "BIGINT",
    FLAG: "BOOLEAN",
    TIME: "TIMESTAMPTZ",
    EXCERPTS: "VARCHAR[]",
}
_REPLACED: Final = "_replaced"


class Views:
    """A database in memory that reads the files of a lake, and nothing else.

    Parameters
    ----------
    root : Path
        The folder of the lake.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        database = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
            }
        )
        # What is read is compared as text with these, files and patterns alike.
        allowed = sql_list(dict.fromkeys((str(self._root), pattern_of(self._root))))
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        database.execute(f"SET allowed_directories = {allowed}")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        return database

    def of(
        self, snapshot: Snapshot, tables: Mapping[str, Sequence[str]]
    ) -> duckdb.DuckDBPyConnection:
        """Return a connection with a view of each of these tables, all at the same moment.

        The views are temporary, so no other connection sees or changes them.

        Parameters
        ----------
        snapshot : Snapshot
            The writes that count.
        tables : mapping of str to sequence of str
            Their names, each with the text columns of the files that it shows besides its own,
            such as ``write_id``. Making a view opens its files, so make those that are needed.

        Raises
        ------
        LakeError
            A file is missing or damaged.
        """
        connection = self._database.cursor()
        replaced = [
            f"({literal(run.findall_id)}, {literal(run.write_id)})"
            for name, runs in snapshot.counting.items()
            if runs
            for run in snapshot.replaced_in(name)
        ]
        if replaced:
            connection.execute(
                f"CREATE TEMP TABLE {_REPLACED} AS "
                f"FROM (VALUES {', '.join(replaced)}) AS runs (findall_id, write_id)"
            )
        try:
            for table, more in tables.items():
                view = self._view(snapshot, table, more)
                connection.execute(f"CREATE TEMP VIEW {table} AS {view}")
        except duckdb.Error as error:
            raise LakeError(
                f"The files of the lake {str(snapshot.root)!r} can't be read ({error}). Put the "
                "file back from a copy of the lake, or append its run again with frames.append_to."
            ) from error
        return connection

    def _view(self, snapshot: Snapshot, table: str, more: Sequence[str]) -> str:
        """Return the SQL for the rows of a table that count.

        An empty table with all columns comes first, as files of older releases may lack some, and
        there may be no files.
        """
        columns = {field.name: _SQL_TYPES.get(field.type, "VARCHAR") for field in SCHEMAS[table]}
        columns |= dict.fromkeys(more, "VARCHAR")
        nothing = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
        rows = [f"SELECT {nothing} WHERE false", *self._rows(snapshot, table)]
        return f"SELECT {', '.join(columns)} FROM ({' UNION ALL BY NAME '.join(rows)})"

    def _rows(self, snapshot: Snapshot, table: str) -> Iterator[str]:
        for is_whole in (True, False):
            files = [
                pattern_of(self._root / path.relative_to(snapshot.root))
                for name, runs in snapshot.counting.items()
                if runs and is_whole == (not snapshot.replaced_in(name))
                if (path := snapshot.file(table, name)) is not None
            ]
            if files:
                join = "" if is_whole else f"ANTI JOIN {_REPLACED} USING (findall_id, write_id)"
                yield f"FROM read_parquet({sql_list(files)}, union_by_name = true) {join}"
