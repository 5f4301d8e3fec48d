"""Transactions and migrations of the SQLite files of this package."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["migrate", "transaction"]


@contextmanager
def transaction(
    connection: sqlite3.Connection, *, begin: str = "BEGIN IMMEDIATE"
) -> Iterator[sqlite3.Connection]:
    """Run the body in a transaction; an exception rolls it back.

    The connection has to be in autocommit mode (``isolation_level=None``).
    """
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # After some errors, such as a full disk, SQLite has ended the transaction itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection, scripts: Sequence[str]) -> int:
    """Migrate a database to the newest version, in one transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    scripts : sequence of str
        The SQL of each version; never changed once released.

    Returns
    -------
    int
        The version of the database. If it is more than there are scripts, a newer release wrote
        it, and nothing was changed.
    """
    with transaction(connection):
        # Read within the transaction, as another process may be migrating the same file.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number, script in enumerate(scripts[version:], version + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    return max(int(version), len(scripts))


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements, as `executescript` would commit the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
