"""Tables of PostgreSQL, Spark and DuckDB: their columns, and queries that can be stopped."""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import uuid4

import pyarrow as pa

from findall_frames.embedded.corpus.corpus import QueryStopped, QueryTimeout
from findall_frames.embedded.warehouse.dialects import (
    BLANKS,
    DUCKDB,
    POSTGRES,
    SPARK,
    Dialect,
    Family,
    family_of,
)
from findall_frames.errors import CorpusError

__all__ = ["DuckTable", "PostgresTable", "SparkTable", "WarehouseColumn", "WarehouseTable"]

_POLL: Final = 0.02
"""Seconds between two looks at whether a query has ended, or has to stop."""
_LONGEST: Final = 300
"""Characters of a driver's message, which may quote a value."""
_TEXT: Final = (
    "CASE WHEN {0} >= '!' AND {0} < {1} THEN {0} WHEN {2} <> '' THEN {0} END"  # as in `building`
)


@dataclass(frozen=True, slots=True)
class WarehouseColumn:
    """One column of a table in a database."""

    name: str
    type: str  # DuckDB's type for it
    sql: str  # a cell in the database's SQL, with NULL for NaN and blank texts, and times in UTC
    native: str  # its type in the database
    is_compared: bool = True  # False for types that are only shown, as text
    description: str = ""

    @property
    def family(self) -> Family:
        """What it is compared with."""
        return family_of(self.type)


class WarehouseTable(ABC):
    """A table, view or query in a database, with what is needed to ask it.

    Attributes
    ----------
    name : str
        Its name, without its schema; ``"table"`` if it has none.
    relation : str
        The SQL to put after ``FROM``.
    columns : sequence of WarehouseColumn
        In the order of the table.
    key : tuple of str
        The columns of its primary key, if that is known.
    """

    dialect: ClassVar[Dialect]
    name: str = "table"
    relation: str
    columns: Sequence[WarehouseColumn]
    key: tuple[str, ...] = ()

    @abstractmethod
    def sampled(self, rows: int, *, of: int) -> str:
        """Return the relation with about as many rows, the same each time if that is possible."""

    @abstractmethod
    def _run(
        self, sql: str, families: Sequence[Family], cancels: list[Callable[[], object]]
    ) -> pa.Table:
        """Run a SELECT and return its rows; add to `cancels` what ends it from another thread."""

    def close(self) -> None:  # noqa: B027  (most make nothing)
        """Release what was made in the database."""

    def fetch(
        self,
        sql: str,
        families: Sequence[Family],
        *,
        stop: Callable[[], bool] | None = None,
        timeout: float | None = None,
    ) -> pa.Table:
        """Run a SELECT in the database and return its rows, in columns c0, c1, and so on.

        It runs in a thread of its own: a query that cannot be cancelled is left to end by itself.

        Raises
        ------
        QueryStopped, QueryTimeout
            `stop` returned True, or it took longer than `timeout` seconds.
        CorpusError
            The database refused it, or cannot be reached.
        """
        cancels: list[Callable[[], object]] = []
        found: list[pa.Table] = []
        failed: list[Exception] = []
        ended = threading.Event()

        def work() -> None:
            try:
                table = self._run(sql, families, cancels)
                found.append(table.rename_columns([f"c{n}" for n in range(table.num_columns)]))
            except Exception as error:  # noqa: BLE001  (drivers have errors of their own)
                failed.append(error)
            finally:
                ended.set()

        threading.Thread(target=work, name="findall-warehouse", daemon=True).start()
        deadline = None if timeout is None else time.monotonic() + timeout
        while not ended.wait(_POLL):
            late = deadline is not None and time.monotonic() >= deadline
            if late or (stop is not None and stop()):
                for cancel in cancels:
                    threading.Thread(target=_quietly, args=(cancel,), daemon=True).start()
                if late:
                    raise QueryTimeout(f"The query took longer than {timeout:g} seconds.")
                raise QueryStopped("The query was stopped.")
        if failed:
            raise CorpusError(f"{self.dialect.name} failed: {self._reason(failed[0])}.") from None
        return found[0]

    def _reason(self, error: Exception) -> str:
        """Return the first line of a driver's message."""
        whole = str(getattr(error, "orig", None) or error).strip()
        first = whole.partition("\n")[0].rstrip(".") or type(error).__name__
        first = first if len(first) <= _LONGEST else f"{first[:_LONGEST]} ..."
        # Drivers may repeat the address they were given, with its password.
        return re.sub(r"://[^/@\s]*@", "://", first)


def _quietly(cancel: Callable[[], object]) -> None:
    with suppress(Exception):
        cancel()


class PostgresTable(WarehouseTable):
    """A table of PostgreSQL.

    `connected` returns a DB-API connection and what gives it back. `relation` is the table's
    quoted name, or a query in brackets.
    """

    dialect = POSTGRES

    def __init__(
        self,
        connected: Callable[[], tuple[Any, Callable[[], object]]],
        *,
        relation: str,
        name: str,
        key: tuple[str, ...] = (),
        comments: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        self._connected = connected
        self._secrets = [secret for secret in secrets if secret]
        self.relation, self.name, self.key = relation, name, key
        self._is_table = not relation.startswith("(")
        described = self._described(f"SELECT * FROM {relation} LIMIT 0")
        oids = sorted({each[1] for each in described})
        listed = ", ".join(map(str, oids)) or "0"
        types = self._rows(
            "SELECT oid, CASE WHEN typtype = 'e' THEN 'enum' WHEN typcategory = 'A' THEN "
            "pg_catalog.format_type(oid, NULL) ELSE typname END FROM pg_catalog.pg_type "
            f"WHERE oid IN ({listed})"
        )
        names = {oid: str(name) for oid, name in types}
        self.columns = [
            self._column(each, names.get(each[1], "unknown"), comments or {}) for each in described
        ]

    def sampled(self, rows: int, *, of: int) -> str:
        share = min(100.0, 100.0 * rows / max(of, 1))
        if not self._is_table:
            return self.relation
        with suppress(CorpusError):  # of a view there is no sample
            sql = f"{self.relation} TABLESAMPLE SYSTEM ({share:.6f}) REPEATABLE (7)"
            self._described(f"SELECT 1 FROM {sql} LIMIT 0")
            return sql
        return self.relation

    def _column(
        self, described: Sequence[Any], native: str, comments: Mapping[str, str]
    ) -> WarehouseColumn:
        name, precision, scale = described[0], described[4], described[5]
        cell, text = self.dialect.quoted(name), ""
        type_, is_compared, sql = "VARCHAR", True, cell
        if native in {"int2", "int4", "int8"}:
            type_ = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT"}[native]
        elif native in {"bool", "date", "timestamp"}:
            type_ = {"bool": "BOOLEAN"}.get(native, native.upper())
        elif native == "timestamptz":
            type_, sql = "TIMESTAMP WITH TIME ZONE", f"({cell} AT TIME ZONE 'UTC')"
        elif native == "numeric" and precision and precision <= 38 and 0 <= scale <= precision:
            type_, sql = f"DECIMAL({precision},{scale})", f"nullif({cell}, 'NaN')"
        elif native in {"float4", "float8", "numeric"}:
            type_ = "DOUBLE"
            sql = f"nullif(CAST({cell} AS double precision), 'NaN')"
        else:
            is_compared = native in {"text", "varchar", "bpchar", "name", "uuid", "citext", "enum"}
            text = f'(CAST({cell} AS text) COLLATE "C")'
            blanks = self.dialect.text(BLANKS)
            sql = _TEXT.format(text, "chr(128)", f"btrim({text}, {blanks})")
        return WarehouseColumn(name, type_, sql, native, is_compared, comments.get(name, ""))

    def _described(self, sql: str) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        self._execute(sql, [], lambda cursor: found.extend(map(tuple, cursor.description)))
        return found

    def _rows(self, sql: str) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        self._execute(sql, [], lambda cursor: found.extend(cursor.fetchall()))
        return found

    def _run(
        self, sql: str, families: Sequence[Family], cancels: list[Callable[[], object]]
    ) -> pa.Table:
        rows: list[Sequence[Any]] = []
        self._query(sql, cancels, lambda cursor: rows.extend(cursor.fetchall()))
        columns = list(zip(*rows, strict=True)) or [()] * len(families)
        types = {"int": pa.int64(), "double": pa.float64(), "bool": pa.bool_()}
        return pa.table(
            {
                f"c{n}": pa.array(cells, types.get(family, pa.large_string()))
                for n, (cells, family) in enumerate(zip(columns, families, strict=True))
            }
        )

    def _execute(
        self, sql: str, cancels: list[Callable[[], object]], read: Callable[[Any], object]
    ) -> None:
        try:
            self._query(sql, cancels, read)
        except Exception as error:  # noqa: BLE001  (drivers have errors of their own)
            raise CorpusError(f"PostgreSQL failed: {self._reason(error)}.") from None

    def _query(
        self, sql: str, cancels: list[Callable[[], object]], read: Callable[[Any], object]
    ) -> None:
        connection, release = self._connected()
        try:
            if (cancel := getattr(connection, "cancel", None)) is not None:
                cancels.append(cancel)
            cursor = connection.cursor()
            try:
                cursor.execute(sql)
                read(cursor)
            finally:
                cursor.close()
        finally:
            cancels.clear()  # the connection may be another query's from here on
            release()

    def _reason(self, error: Exception) -> str:
        reason = super()._reason(error)
        for secret in self._secrets:
            reason = reason.replace(secret, "***")
        return reason


class SparkTable(WarehouseTable):
    """A DataFrame of Spark, under a name that the session forgets when it is closed."""

    dialect = SPARK

    def __init__(self, frame: Any, *, name: str = "table") -> None:
        self._session = frame.sparkSession
        self.name = name
        self.relation = f"findall_{uuid4().hex}"
        self.columns = [self._column(each) for each in frame.schema.fields]
        frame.createOrReplaceTempView(self.relation)

    def close(self) -> None:
        with suppress(Exception):  # the session may have ended
            self._session.catalog.dropTempView(self.relation)

    def sampled(self, rows: int, *, of: int) -> str:
        share = min(100.0, 100.0 * rows / max(of, 1))
        return f"{self.relation} TABLESAMPLE ({share:.6f} PERCENT) REPEATABLE (7)"

    def _column(self, field: Any) -> WarehouseColumn:
        native, cell = field.dataType.simpleString(), self.dialect.quoted(field.name)
        type_, is_compared, sql = "VARCHAR", True, cell
        integers = {"tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER"}
        if native in {*integers, "bigint", "boolean", "date"}:
            type_ = integers.get(native, native.upper())
        elif native in {"float", "double"}:
            type_, nan = "DOUBLE", "CAST('NaN' AS DOUBLE)"
            sql = f"nullif(CAST({cell} AS DOUBLE), {nan})"
        elif native.startswith("decimal("):
            type_ = native.upper()
        elif native == "timestamp_ntz":
            type_ = "TIMESTAMP"
        elif native == "timestamp":
            type_, first = "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NTZ'1970-01-01 00:00:00'"
            sql = f"timestampadd(MICROSECOND, unix_micros({cell}), {first})"
        elif native.startswith(("string", "varchar", "char")):
            text = f"({cell} COLLATE UTF8_BINARY)" if "collate" in native else cell
            end, blanks = self.dialect.text("\x80"), self.dialect.text(BLANKS)
            sql = _TEXT.format(text, end, f"trim(BOTH {blanks} FROM {text})")
        else:
            is_compared = False
            is_nested = native.startswith(("struct", "array", "map", "variant"))
            sql = f"to_json({cell})" if is_nested else f"CAST({cell} AS STRING)"
        about = str((field.metadata or {}).get("comment", ""))
        return WarehouseColumn(field.name, type_, sql, native, is_compared, about)

    def _run(
        self, sql: str, families: Sequence[Family], cancels: list[Callable[[], object]]
    ) -> pa.Table:
        session, tag = self._session, f"findall-{uuid4().hex}"
        context = getattr(session, "sparkContext", None)  # not in Spark Connect
        if context is not None and hasattr(context, "addJobTag"):
            context.addJobTag(tag)  # for this thread, which ends with the query
            cancels.append(lambda: context.cancelJobsWithTag(tag))
        elif context is None:
            session.addTag(tag)
            cancels.append(lambda: session.interruptTag(tag))
        return session.sql(sql).toArrow()


class DuckTable(WarehouseTable):
    """A table of somebody else's DuckDB, through their connection."""

    dialect = DUCKDB

    def __init__(self, connection: Any, *, relation: str, name: str) -> None:
        self._connection = connection
        self.relation, self.name = relation, name
        described = connection.cursor().execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        self.columns = [self._column(column, native) for column, native, *_ in described]

    def sampled(self, rows: int, *, of: int) -> str:
        return f"(SELECT * FROM {self.relation} USING SAMPLE reservoir({rows} ROWS) REPEATABLE (7))"

    def _column(self, name: str, native: str) -> WarehouseColumn:
        cell, type_ = self.dialect.quoted(name), native
        sql, is_compared = cell, True
        if native in {"FLOAT", "DOUBLE"}:
            type_, sql = "DOUBLE", f"CASE WHEN NOT isnan({cell}) THEN CAST({cell} AS DOUBLE) END"
        elif native == "TIMESTAMP WITH TIME ZONE":
            sql = f"({cell} AT TIME ZONE 'UTC')"
        elif native.startswith("TIMESTAMP_"):
            type_, sql = "TIMESTAMP", f"CAST({cell} AS TIMESTAMP)"
        elif native in {"VARCHAR", "UUID"} or native.startswith("ENUM"):
            type_, text = "VARCHAR", f'(CAST({cell} AS VARCHAR) COLLATE "binary")'
            blanks = self.dialect.text(BLANKS)
            sql = _TEXT.format(text, "chr(128)", f"trim({text}, {blanks})")
        elif family_of(native) not in {"int", "decimal", "bool", "date", "timestamp"}:
            type_, sql, is_compared = "VARCHAR", f"CAST(to_json({cell}) AS VARCHAR)", False
        return WarehouseColumn(name, type_, sql, native, is_compared)

    def _run(
        self, sql: str, families: Sequence[Family], cancels: list[Callable[[], object]]
    ) -> pa.Table:
        cursor = self._connection.cursor()
        cancels.append(cursor.interrupt)
        try:
            return cursor.sql(sql).to_arrow_table()
        finally:
            cursor.close()
