"""Full text over a corpus: which entities speak of what was asked for."""

from __future__ import annotations

import re
import sqlite3
import threading
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from findall_frames.embedded.runs.database import Database

if TYPE_CHECKING:
    from findall_frames.embedded.data.corpus import Corpus

__all__ = ["TextIndex"]

# Rows written in one transaction; between two of them other writers get their turn. With fewer
# the index would be merged so often that a large corpus takes longer for each row.
_CHUNK: Final = 20_000
# In a corpus of this size it pays to look first which words are in more than half of the rows.
# They count for nothing in the ranking, and would make it slow.
_LARGE: Final = 50_000
# Words that stand in questions of every kind and would only make ranking slow.
_FUNCTION_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        a all an and any are as at be by each every find for from give given has have having in
        into is it its list me must no not of on or show so such than that the their them then
        there these they this those to was were what when where which who whose will with without
        """,
    )
)
_MAX_WORDS: Final = 64


class TextIndex:
    """The full-text index of one corpus, kept in the database of the service.

    Parameters
    ----------
    database : Database
        Where it is kept; an index of the same corpus that is there already is used again.
    corpus : Corpus
        What is indexed.
    """

    def __init__(self, database: Database, corpus: Corpus) -> None:
        self._database = database
        self._corpus = corpus
        self._building = threading.Lock()
        self._done: int | None = None

    def is_of_other_data(self) -> bool:
        """Say whether the database has the index of another corpus."""
        with self._database.read() as connection:
            row = connection.execute("SELECT fingerprint FROM corpus").fetchone()
        return row is not None and row[0] != self._corpus.fingerprint

    def build(self, *, stop: threading.Event) -> bool:
        """Index what is not indexed yet; return False when stopped before the end."""
        while not self.extend():
            if stop.is_set():
                return False
        return True

    def extend(self) -> bool:
        """Index some more entities; say whether all are.

        Several threads may ask for it; they take turns.
        """
        with self._building:
            if self._done is None:
                self._done = self._start()
            until = min(self._done + _CHUNK, len(self._corpus))
            if until > self._done:
                texts = self._corpus.texts(self._done, until)
                with self._database.write() as connection:
                    connection.executemany(
                        "INSERT INTO entities (rowid, text) VALUES (?, ?)",
                        enumerate(texts, start=self._done + 1),
                    )
                    connection.execute("UPDATE corpus SET indexed = ?", (until,))
                self._done = until
            return until == len(self._corpus)

    def rank(
        self, texts: Iterable[str], *, limit: int, among: bytearray | None = None
    ) -> array[int]:
        """Give positions of entities that share words with the texts, the best first.

        Of a corpus that is indexed. With `among`, which has a byte for each entity, those of a
        zero byte are left out.
        """
        words: dict[str, None] = {}
        for text in texts:
            for word in re.findall(r"[^\W_]+", text.casefold()):
                if word not in _FUNCTION_WORDS:
                    words[word] = None
        if not words:
            return array("q")
        with self._database.read() as connection:
            asked = self._telling(connection, list(words)[:_MAX_WORDS])
            wanted = ""
            if among is not None and 0 in among:
                connection.create_function("wanted", 1, among.__getitem__, deterministic=True)
                wanted = "AND wanted(rowid - 1)"
            rows = connection.execute(
                f"SELECT rowid - 1 FROM entities WHERE entities MATCH ? {wanted} "
                "ORDER BY rank, rowid LIMIT ?",
                (" OR ".join(f'"{word}"' for word in asked), limit),
            )
            return array("q", (position for (position,) in rows))

    def _telling(self, connection: sqlite3.Connection, words: list[str]) -> list[str]:
        """Leave out the words that are nearly everywhere, unless there are no others."""
        size = len(self._corpus)
        if size < _LARGE:
            return words
        query = "SELECT count(*) FROM entities WHERE entities MATCH ?"
        counts = {word: connection.execute(query, (f'"{word}"',)).fetchone()[0] for word in words}
        return [word for word in words if counts[word] <= size / 2] or words

    def _start(self) -> int:
        """Give the number of rows indexed already, after dropping the index of another corpus."""
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
