"""Full-text search over a corpus."""

from __future__ import annotations

import re
import sqlite3
import threading
from array import array
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final, Protocol

from findall_frames.embedded.corpus.corpus import Corpus

__all__ = ["IndexStore", "TextIndex"]

# Rows per transaction; other writers get their turn in between. With fewer rows, the index would
# be merged so often that a large corpus takes longer per row.
_CHUNK: Final = 20_000
_MAX_WORDS: Final = 64


class IndexStore(Protocol):
    """A SQLite database with the tables ``corpus`` and ``entities``."""

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Yield a connection to read from."""

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Yield a connection in a transaction."""


class TextIndex:
    """The full-text index of one corpus, stored in the database of the service.

    An existing index of the same corpus is reused.
    """

    def __init__(self, database: IndexStore, corpus: Corpus) -> None:
        self._database = database
        self._corpus = corpus
        self._building = threading.Lock()

    def build(self, *, stop: Callable[[], bool]) -> bool:
        """Index the rows that are not indexed yet; return False if stopped before the end.

        Threads that call it at the same time take turns.
        """
        size = len(self._corpus)
        with self._building:
            done = self._begin()
            while done < size:
                if stop():
                    return False
                until = min(done + _CHUNK, size)
                texts = self._corpus.texts(done, until)
                with self._database.write() as connection:
                    connection.executemany(
                        "INSERT INTO entities (rowid, text) VALUES (?, ?)",
                        enumerate(texts, start=done + 1),
                    )
                    connection.execute("UPDATE corpus SET indexed = ?", (until,))
                done = until
        return True

    def rank(
        self, texts: Iterable[str], *, limit: int, among: bytearray | None = None
    ) -> array[int]:
        """Return positions of rows that share words with the texts, best first.

        At most 64 distinct words are searched. Words in more than half of the rows are ignored,
        unless there are no others. Rows with a zero byte in `among` are left out.
        """
        words = list(dict.fromkeys(word for text in texts for word in _words(text.casefold())))
        counting = "SELECT count(*) FROM entities WHERE entities MATCH ?"
        with self._database.read() as connection:
            counts = {
                word: connection.execute(counting, (f'"{word}"',)).fetchone()[0]
                for word in words[:_MAX_WORDS]
            }
            telling = [word for word in counts if counts[word] <= len(self._corpus) / 2]
            query = " OR ".join(f'"{word}"' for word in telling or counts)
            return _matching(connection, query, limit=limit, among=among)

    def containing(self, words: Iterable[str]) -> array[int]:
        """Return positions of rows that contain all of the words or phrases, best first.

        Case and accents are ignored; a phrase has to occur verbatim.
        """
        phrases = filter(None, (" ".join(_words(each)) for each in words))
        query = " AND ".join(f'"{phrase}"' for phrase in phrases)
        with self._database.read() as connection:
            return _matching(connection, query, limit=-1)

    def _begin(self) -> int:
        """Return the number of rows already indexed; the index of another corpus is dropped."""
        with self._database.write() as connection:
            row = connection.execute("SELECT fingerprint, indexed FROM corpus").fetchone()
            if row is not None and row[0] == self._corpus.fingerprint:
                return int(row[1])
            if row is not None:
                connection.execute("INSERT INTO entities (entities) VALUES ('delete-all')")
            connection.execute(
                "INSERT OR REPLACE INTO corpus VALUES (1, ?, 0)", (self._corpus.fingerprint,)
            )
            return 0


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def _matching(
    connection: sqlite3.Connection, query: str, *, limit: int, among: bytearray | None = None
) -> array[int]:
    if not query:
        return array("q")
    wanted = ""
    if among is not None and 0 in among:
        connection.create_function("wanted", 1, among.__getitem__, deterministic=True)
        wanted = "AND wanted(rowid - 1)"
    rows = connection.execute(
        f"SELECT rowid - 1 FROM entities WHERE entities MATCH ? {wanted} "
        "ORDER BY rank, rowid LIMIT ?",
        (query, limit),
    )
    return array("q", (position for (position,) in rows))
