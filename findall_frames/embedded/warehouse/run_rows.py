"""Rows that were fetched from a database, as a small table here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import duckdb
import pyarrow as pa

from findall_frames.addresses import OWN_DATA
from findall_frames.embedded.corpus.building import ARROW, connect
from findall_frames.embedded.corpus.corpus import Column, Corpus, Entity, quoted

__all__ = ["KEY", "RunRows", "held_rows", "told"]

KEY: Final = "__key"
"""The hidden column with the key of a row: the primary key, or a hash of its cells."""


@dataclass(kw_only=True, eq=False, repr=False)
class RunRows(Corpus):
    """The rows that one run has fetched: its matches first, then others.

    Rows are known by the key of the table, or a hash of their cells, as they have no position.
    """

    complete: bool
    fetched: pa.Table
    matches: int

    @property
    def is_complete(self) -> bool:
        return self.complete

    def __post_init__(self, connection: duckdb.DuckDBPyConnection, length: int) -> None:
        super().__post_init__(connection, length)
        repeated = self.query(
            f"SELECT unnest(rows[2:]) AS place, unnest(range(2, len(rows) + 1)) AS n FROM "
            f"(SELECT list({self.ROW} ORDER BY {self.ROW}) AS rows FROM {self.relation} "
            f"GROUP BY {KEY} HAVING count(*) > 1)"
        )
        places, numbers = (column.to_pylist() for column in repeated.columns)
        self._numbers = dict(zip(places, numbers, strict=True))

    def entities(self, positions: Sequence[int]) -> list[Entity]:
        names = "NULL" if self.name_column is None else self.columns[self.name_column].text
        entities = super().entities(positions)
        keys = self.select([quoted(KEY), names], positions)
        placed = []
        for entity, (key, name) in zip(entities, keys, strict=True):
            if (number := self._numbers.get(entity.position)) is not None:
                key += f"-{number}"  # all cells are equal to those of an earlier row
            shown = f"row {key}" if name is None else name
            path = "/".join(quote(part, safe="") for part in (self.name, shown, key))
            address = f"{OWN_DATA}{path}"
            url = address if entity.url == entity.address else entity.url
            placed.append(entity._replace(name=shown, url=url, address=address, is_placed=False))
        return placed


def held_rows(
    rows: pa.Table,
    columns: Sequence[Column],
    *,
    keys: Sequence[str] = (),
    into: duckdb.DuckDBPyConnection | None = None,
) -> duckdb.DuckDBPyConnection:
    """Return a connection with rows as the view ``data``: the columns, the key, the position.

    It is a new one, or `into`.
    """
    connection = connect() if into is None else into
    connection.execute("SET threads = 1")  # many runs may be held
    connection.register(ARROW, rows)
    cells = ", ".join(f"CAST(c{n} AS {each.type}) AS c{n}" for n, each in enumerate(columns))
    rest = ", ".join(f"c{n}" for n in range(len(columns), rows.num_columns))
    listed = f"{cells}, {rest}" if rest else cells
    connection.execute(f"CREATE TABLE base AS SELECT {listed} FROM {ARROW}")
    connection.unregister(ARROW)
    shown = ", ".join(f"c{n} AS {quoted(each.name)}" for n, each in enumerate(columns))
    texts = {each.name: f"CAST(c{n} AS VARCHAR)" for n, each in enumerate(columns)}
    if keys and all(name in texts for name in keys):
        key = f"concat_ws(',', {', '.join(texts[name] for name in keys)})"
    else:
        marked = (f"coalesce({text}, chr(0))" for text in texts.values())
        key = f"left(md5(concat_ws(chr(31), {', '.join(marked)})), 16)"
    connection.execute(
        f"CREATE VIEW data AS SELECT {shown}{', ' + rest if rest else ''}, {key} AS {KEY}, "
        f"rowid AS {Corpus.ROW} FROM base"
    )
    return connection


def told(value: object) -> str:
    """Return a verdict, or the value of an expression, in words."""
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "unknown"}[value]
    return repr(value)
