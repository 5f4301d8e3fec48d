"""Shows snapshots of a lake in DuckDB, as a view of each table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import duckdb

from findall_frames.embedded.corpus.building import pattern_of
from findall_frames.embedded.corpus.corpus import literal, sql_list
from findall_frames.errors import LakeError
from findall_frames.frames.schema import COUNT, EXCERPTS, FLAG, SCHEMAS, TEXT, TIME
from findall_frames.lake.snapshot import Snapshot, WrittenRun

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
_REVIEWED: Final = "_reviewed"
# The latest judgement of each thing stands, with the write_id of the run as it is now.
_STANDING: Final = f"""
SELECT * FROM (
    SELECT given.* REPLACE (reviewed.write_id AS write_id)
    FROM ({{rows}}) AS given JOIN {_REVIEWED} AS reviewed USING (findall_id)
    QUALIFY row_number() OVER (
        PARTITION BY given.findall_id, candidate_id, field
        ORDER BY reviewed_at DESC NULLS LAST, given.write_id DESC
    ) = 1
) WHERE decision IS NOT NULL OR value IS NOT NULL OR note IS NOT NULL
"""


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
        # What is read is compared as text with these, files and patterns alike. Not the whole
        # folder, which has the saved searches and files that are not complete.
        folders = [self._root / table for table in SCHEMAS]
        allowed = sql_list(dict.fromkeys([*map(str, folders), *map(pattern_of, folders)]))
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
            such as ``write_id``. Making a view opens its files, so ask only for what is needed.

        Raises
        ------
        LakeError
            A file is missing or damaged.
        """
        connection = self._database.cursor()
        replaced = [
            run
            for name, runs in snapshot.current.items()
            if runs
            for run in snapshot.replaced_in(name)
        ]
        if replaced:
            _add_runs(connection, _REPLACED, replaced)
        if "reviews" in tables:
            reviewed = {key for name in snapshot.writes for key in snapshot.shown("reviews", name)}
            _add_runs(connection, _REVIEWED, [snapshot.newest[key] for key in sorted(reviewed)])
        try:
            for table, more in tables.items():
                try:
                    view = self._view(snapshot, table, more)
                    connection.execute(f"CREATE TEMP VIEW {table} AS {view}")
                except duckdb.BinderException:
                    # None of the files has a column that older releases lack.
                    view = self._view(snapshot, table, more, with_all_columns=True)
                    connection.execute(f"CREATE TEMP VIEW {table} AS {view}")
        except duckdb.Error as error:
            raise LakeError(
                f"The files of the lake {str(snapshot.root)!r} can't be read ({error}). Put the "
                "file back from a copy of the lake, or append its run again with frames.append_to; "
                "lake.frames() names it."
            ) from error
        return connection

    def _view(
        self,
        snapshot: Snapshot,
        table: str,
        more: Sequence[str],
        *,
        with_all_columns: bool = False,
    ) -> str:
        """Return the SQL for the rows of a table that count.

        An empty table with all columns comes first if there are no files. It costs a little time,
        so it is otherwise put there only if asked for.
        """
        columns = {field.name: _SQL_TYPES.get(field.type, "VARCHAR") for field in SCHEMAS[table]}
        columns |= dict.fromkeys(more, "VARCHAR")
        rows = list(self._reviews(snapshot) if table == "reviews" else self._files(snapshot, table))
        if with_all_columns or not rows:
            nothing = {"write_id": "VARCHAR", **columns}.items()
            empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in nothing)
            rows.insert(0, f"SELECT {empty} WHERE false")
        shown = ", ".join(f"{name}::{kind} AS {name}" for name, kind in columns.items())
        return f"SELECT {shown} FROM ({' UNION ALL BY NAME '.join(rows)})"

    def _files(self, snapshot: Snapshot, table: str) -> Iterator[str]:
        """Yield the SQL for the rows of files, without the runs that were replaced."""
        for is_whole in (True, False):
            names = [
                name
                for name, runs in snapshot.current.items()
                if runs and is_whole == (not snapshot.replaced_in(name))
            ]
            join = "" if is_whole else f"ANTI JOIN {_REPLACED} USING (findall_id, write_id)"
            for rows in self._read(snapshot, table, names):
                yield f"{rows} {join}"

    def _reviews(self, snapshot: Snapshot) -> Iterator[str]:
        """Yield the SQL for the judgements that stand."""
        for rows in self._read(snapshot, "reviews", snapshot.writes):
            yield _STANDING.format(rows=rows)

    def _read(self, snapshot: Snapshot, table: str, names: Iterable[str]) -> Iterator[str]:
        """Yield the SQL for the rows of the files of some writes, if there are any."""
        paths = (snapshot.file(table, name) for name in names)
        files = [pattern_of(self._root / path.relative_to(snapshot.root)) for path in paths if path]
        if files:
            yield f"FROM read_parquet({sql_list(files)}, union_by_name = true)"


def _add_runs(connection: duckdb.DuckDBPyConnection, name: str, runs: Iterable[WrittenRun]) -> None:
    """Create a table of runs and their write_ids, for views to join."""
    connection.execute(f"CREATE TEMP TABLE {name} (findall_id VARCHAR, write_id VARCHAR)")
    rows = [f"({literal(run.findall_id)}, {literal(run.write_id)})" for run in runs]
    if rows:
        connection.execute(f"INSERT INTO {name} VALUES {', '.join(rows)}")
