"""Recognise tables of Spark, Ibis and SQLAlchemy, without importing a library nobody has used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

import duckdb

from findall_frames.embedded.warehouse.dialects import POSTGRES
from findall_frames.embedded.warehouse.tables import (
    DuckTable,
    PostgresTable,
    SparkTable,
    WarehouseTable,
)
from findall_frames.errors import CorpusError

__all__ = ["SMALL", "OtherTable", "find_table"]

SMALL: Final = 200_000
"""Rows up to which a table is read into memory."""


class OtherTable(NamedTuple):
    """A table of a database that conditions are not translated for, read into memory."""

    name: str
    data: Any


def find_table(source: Any) -> WarehouseTable | OtherTable | None:
    """Return the table that an object of another library stands for; None if it is none.

    Raises
    ------
    CorpusError
        The database cannot be reached, has no such table, or it is too large to be read.
    """
    room = type(source).__module__.partition(".")[0]
    if room == "pyspark" and hasattr(source, "toArrow"):
        return SparkTable(source)
    if room == "ibis" and hasattr(source, "to_pyarrow") and hasattr(source, "columns"):
        return _of_ibis(source)
    if isinstance(source, tuple) and len(source) == 2 and _is_engine(source[0]):
        return _of_engine(*source)
    if _is_engine(source):
        raise CorpusError(
            "Expected a table; got a SQLAlchemy engine. Pass the engine with a table's name: "
            '(engine, "schema.table").'
        )
    return None


def _is_engine(value: object) -> bool:
    module, _, _ = type(value).__module__.partition(".")
    return module == "sqlalchemy" and hasattr(value, "connect") and hasattr(value, "dialect")


def _of_engine(engine: Any, table: Any) -> WarehouseTable | OtherTable:
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    named = str(getattr(table, "name", table))
    password = str(engine.url.password or "")
    try:
        inspector = inspect(engine)
        schema = getattr(table, "schema", None)
        if schema is None and not inspector.has_table(named) and "." in named:
            schema, _, named = named.partition(".")
        if not inspector.has_table(named, schema=schema):
            raise CorpusError(
                f"There is no table {str(table)!r}, or no right to read it. Write its schema, if "
                'it is not in the search path: (engine, "schema.table").'
            )
        key = tuple(inspector.get_pk_constraint(named, schema)["constrained_columns"])
        comments = {
            each["name"]: each["comment"]
            for each in inspector.get_columns(named, schema)
            if each.get("comment")
        }
    except SQLAlchemyError as error:
        raise _unread(error, password) from None

    def connected() -> tuple[Any, Callable[[], object]]:
        pooled = engine.raw_connection()
        return pooled.driver_connection, pooled.close

    if engine.dialect.name == "postgresql":
        path = [POSTGRES.quoted(part) for part in (schema, named) if part]
        return PostgresTable(
            connected,
            relation=".".join(path),
            name=named,
            key=key,
            comments=comments,
            secrets=[password],
        )
    import pandas as pd

    preparer = engine.dialect.identifier_preparer
    quoted = ".".join(preparer.quote(part) for part in (schema, named) if part)
    try:
        with engine.connect() as connection:
            (count,) = connection.exec_driver_sql(f"SELECT count(*) FROM {quoted}").one()
            _check_small(count, engine.dialect.name)
            return OtherTable(named, pd.read_sql_query(f"SELECT * FROM {quoted}", connection))
    except SQLAlchemyError as error:
        raise _unread(error, password) from None


def _unread(error: Exception, password: str) -> CorpusError:
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    reason = reason.replace(password, "***") if password else reason
    return CorpusError(f"The database could not be read: {reason}.")


def _of_ibis(table: Any) -> WarehouseTable | OtherTable:
    try:
        backend = table.get_backend()
        relation = f"({backend.compile(table)}) AS asked"
        whole = table.op() if type(table.op()).__name__ == "DatabaseTable" else None
        named = "table" if whole is None else str(whole.name)
        if backend.name == "duckdb":
            with suppress(duckdb.CatalogException):  # a table in memory that Ibis adds on demand
                return DuckTable(backend.con, relation=relation, name=named)
        if backend.name == "pyspark":
            return SparkTable(backend._session.sql(str(backend.compile(table))), name=named)
        if backend.name == "postgres":
            connection = backend.con
            if whole is not None:  # not a query: it can be sampled
                path = [whole.namespace.database, named]
                relation = ".".join(POSTGRES.quoted(part) for part in path if part)
            turn = threading.Lock()

            def connected() -> tuple[Any, Callable[[], object]]:
                turn.acquire()  # a cancelled query must not be that of another run
                is_idle = connection.info.transaction_status == 0
                try:
                    if not is_idle:  # what fails here must not end somebody else's transaction
                        connection.execute("SAVEPOINT findall_frames")
                except BaseException:
                    turn.release()
                    raise

                def release() -> None:
                    try:
                        if not is_idle:
                            connection.execute("ROLLBACK TO SAVEPOINT findall_frames")
                            connection.execute("RELEASE SAVEPOINT findall_frames")
                        elif not connection.autocommit:
                            connection.rollback()
                    finally:
                        turn.release()

                return connection, release

            return PostgresTable(
                connected,
                relation=relation,
                name=named,
                secrets=[connection.info.password],
            )
        _check_small(int(table.count().execute()), backend.name)
        return OtherTable(named, table.to_pyarrow())
    except CorpusError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise CorpusError(f"The Ibis table could not be read: {reason}.") from error


def _check_small(count: int, database: str) -> None:
    if count > SMALL:
        raise CorpusError(
            f"Expected a table of at most {SMALL:,} rows in {database}, which is read into memory; "
            f"this one has {count:,}. Larger tables stay in place in PostgreSQL, Spark and DuckDB, "
            "except for temporary tables of DuckDB. Pass a part of it, as a DataFrame or a Parquet "
            "file."
        )
