"""Transactions and migrations, the same for every SQLite file of this package."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["migrate", "transaction"]


@contextmanager
def transaction(
    connection: sqlite3.Connection, *, begin: str = "BEGIN IMMEDIATE"
) -> Iterator[sqlite3.Connection]:
    """Commit what is done inside, or undo all of it when an exception leaves it.

    The connection has to be in autocommit mode (``isolation_level=None``).
    """
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has ended the transaction itself after some errors, such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection, scripts: Sequence[str]) -> int:
    """Bring a database to the newest version, each step in one transaction with its record.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    scripts : sequence of str
        What each version adds to the one before; never changed once released.

    Returns
    -------
    int
        The version that the database has; more than there are scripts when a newer release
        wrote it, and then nothing was changed.
    """
    with transaction(connection):
        # Read inside of the transaction: another process may be migrating the same file.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number, script in enumerate(scripts[version:], version + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    return max(int(version), len(scripts))


def _statements(script: str) -> Iterator[str]:
    """Split a script, since `executescript` would commit the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
