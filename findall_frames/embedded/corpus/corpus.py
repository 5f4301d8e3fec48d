"""The user's data as one DuckDB table in which every row is an entity."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

import duckdb

from findall_frames.addresses import OWN_DATA

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Column",
    "Corpus",
    "Entity",
    "Kind",
    "NotPushedError",
    "QueryStopped",
    "QueryTimeout",
    "Wanted",
    "blocks",
    "literal",
    "quoted",
    "sql_list",
    "stacked",
]

Kind: TypeAlias = Literal["number", "flag", "date", "time", "text", "prose", "list", "other"]
"""``"date"`` includes timestamps, ``"time"`` durations; ``"prose"`` is text in which at least a
quarter of the cells have 8 or more words."""

_POLL: Final = 0.01
"""Seconds between two checks whether a query has to stop."""
_LARGE: Final = 20_000
"""Rows above which every address has the position, as looking for equal names would be slow."""
_BLOCK: Final = 64
"""How many columns are queried at once."""
_COUNTS: Final = ("count(*) FILTER (WHERE {0})", "count({0})")
"""The rows for which an expression is true, and those for which it is true or false."""
_AMONG: Final = "__row IN (SELECT unnest(?::BIGINT[]))"
"""The filter for rows at some positions."""
_C = TypeVar("_C", bound="Corpus")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ADDRESS: Final = re.compile(r"\S+\.\S+")


class QueryStopped(Exception):
    """The caller's `stop` returned True before the query was done."""


class QueryTimeout(Exception):
    """The query took longer than its `timeout`."""


class NotPushedError(Exception):
    """An expression cannot be run where the data is; the message says why and what to write."""


def quoted(name: str) -> str:
    """Return a column's name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as a SQL string."""
    return "'" + value.replace("'", "''") + "'"


def sql_list(values: Iterable[str | int]) -> str:
    """Return texts or whole numbers as a SQL list."""
    return f"[{', '.join(literal(v) if isinstance(v, str) else str(v) for v in values)}]"


def blocks(columns: Sequence[str], *, most: int = _BLOCK) -> Iterator[Sequence[str]]:
    """Yield columns in groups of at most `most`, and of at most 64, to query each at once.

    With a query for each column, the time would grow with the square of the columns.
    """
    step = min(most, _BLOCK)
    for start in range(0, len(columns), step):
        yield columns[start : start + step]


def stacked(columns: Sequence[str], relation: str) -> str:
    """Return SQL for the cells of columns of one type, with the place of their column."""
    cells = f"unnest([{', '.join(columns)}]) AS cell"
    return f"(SELECT unnest(range({len(columns)})) AS place, {cells} FROM {relation})"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the user's data."""

    name: str  # the user's name for it; unique ignoring case
    type: str  # DuckDB's type, such as "BIGINT" or "VARCHAR[]"
    kind: Kind
    description: str  # in the owner's words, with the unit; empty if there is none
    text: str  # SQL for a cell as text, verbatim from the user's data


class Entity(NamedTuple):
    """A row as a thing that a search can find."""

    position: int  # its place in the user's data, from 0
    name: str  # names may repeat; "row 12" if it has none
    url: str  # unique to the row
    description: str | None
    address: str  # the unique local:// address of the row
    is_placed: bool = True  # False where the rows of the user's data have no order


class Wanted(NamedTuple):
    """The rows that a run needs."""

    truths: Sequence[str]  # the conditions, as expressions; a match meets all of them
    ranks: Sequence[tuple[str, int, bool]]  # an expression, how many rows, and if descending
    is_asked: bool  # True if a model judges the rows
    matches: int | None  # how many matches are needed for now; None for all
    near_misses: int  # how many other rows are shown


@dataclass(kw_only=True, eq=False, repr=False)
class Corpus:
    """A table in which every row is an entity; made by `open_corpus`.

    It is safe to use from several threads at once.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> rivers = open_corpus([{"river": "Nile", "km": 6650}, {"river": "Rhine", "km": 1230}])
    >>> rivers.query("SELECT river FROM data WHERE km > ?", [2000]).to_pylist()
    [{'river': 'Nile'}]
    >>> rivers.entities([1])[0].url
    'local://table/Rhine'
    """

    ROW: ClassVar[str] = "__row"
    """The hidden column with the position of a row, from 0 (BIGINT)."""
    relation: ClassVar[str] = "data"
    """The SQL name to select from; it has the user's columns and `ROW`."""

    connection: InitVar[duckdb.DuckDBPyConnection]
    length: InitVar[int]
    name: str
    """``"packages"``, the stem of a file, the name of a folder, or ``"table"``."""
    about: str
    """What its rows are, in words."""
    fingerprint: str
    """A hash of the data and of how they are read; of Parquet files, their names, sizes and times
    stand for the data."""
    columns: Mapping[str, Column]
    """By name, in table order."""
    name_column: str | None
    url_column: str | None
    description_column: str | None

    def __post_init__(self, connection: duckdb.DuckDBPyConnection, length: int) -> None:
        self._connection = connection
        self._connecting = threading.Lock()
        self._length = length

    def __len__(self) -> int:
        """Return the number of rows of the user's data."""
        return self._length

    @property
    def held(self) -> int:
        """The number of rows in `relation`: all, or a sample of a table that stays elsewhere."""
        return self._length

    @property
    def is_whole(self) -> bool:
        """True unless the data stays elsewhere, and the rows here are only a sample."""
        return True

    @property
    def is_complete(self) -> bool:
        """False if a run has to fetch more rows, by `for_run`, once it has consumed these."""
        return True

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, {self._length} rows, {len(self.columns)} columns)"

    def query(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        *,
        stop: Callable[[], bool] | None = None,
        timeout: float | None = None,
    ) -> pa.Table:
        """Run a SELECT from `relation` on a cursor of its own and return all its rows.

        `parameters` are the values for each ``?`` in it, or by name for each ``$name``. The query
        is interrupted after `timeout` seconds, or once `stop`, which is called a hundred times a
        second, returns True.

        Raises
        ------
        QueryStopped, QueryTimeout
            The query was interrupted.
        duckdb.Error
            The query is invalid, or needs more memory than is available.
        """
        with self._cursor() as cursor, _watched(cursor, stop=stop, timeout=timeout):
            values = parameters if isinstance(parameters, Mapping) else list(parameters)
            return cursor.sql(sql, params=values).to_arrow_table()

    def tally(
        self,
        expressions: Sequence[str],
        parameters: Mapping[str, Any],
        *,
        stop: Callable[[], bool] | None = None,
        timeout: float | None = None,
    ) -> tuple[int, list[tuple[int, int]]]:
        """Count the rows, and those for which each expression is true, and true or false.

        Errors are those of `query`.
        """
        parts = [part.format(each) for each in expressions for part in _COUNTS]
        sql = f"SELECT count(*), {', '.join(parts)} FROM {self.relation}"
        found = self.query(sql, parameters, stop=stop, timeout=timeout)
        size, *counts = (column[0].as_py() for column in found.columns)
        return size, list(zip(counts[::2], counts[1::2], strict=True))

    @property
    def limits(self) -> str:
        """What conditions can contain where the data is, if that is less than here."""
        return ""

    def prove(self, sql: str, columns: Sequence[str]) -> None:
        """Raise NotPushedError unless an expression gives the same where the data is as here."""

    def for_run(self, findall_id: str, wanted: Wanted, *, stop: Callable[[], bool]) -> Corpus:
        """Return the rows that a run works on: all of them, if they are here."""
        return self

    def remade(self, kind: type[_C], **more: Any) -> _C:
        """Return the same table as another class, which takes over the connection."""
        same = {each.name: getattr(self, each.name) for each in fields(self)}
        return kind(connection=self._connection, length=self._length, **same | more)

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Return rows as Python values by column, in the order of the positions.

        Dates that Python cannot represent, such as those after the year 9999, are text.
        """
        found = self.select([quoted(name) for name in self.columns], positions)
        return [dict(zip(self.columns, cells, strict=True)) for cells in found]

    def entities(self, positions: Sequence[int]) -> list[Entity]:
        """Return entities in the order of the positions."""
        names, urls, abouts = map(
            self._text_of, (self.name_column, self.url_column, self.description_column)
        )
        found = self.select([names, urls, abouts], positions)
        known_urls = self._repeated(urls, positions)
        known_names = self._repeated(names, positions) if self._length <= _LARGE else None
        entities = []
        for position, (name, url, about) in zip(positions, found, strict=True):
            shown = f"row {position}" if name is None else name
            address = f"{OWN_DATA}{quote(self.name, safe='')}/{quote(shown, safe='')}"
            if name is None or known_names is None or name in known_names:
                address += f"/{position}"
            whole = None if url in known_urls else _whole(url)
            entities.append(Entity(position, shown, whole or address, about, address))
        return entities

    def select(self, expressions: Sequence[str], positions: Sequence[int]) -> list[Sequence[Any]]:
        """Return the values of SQL expressions over rows, in the order of the positions.

        Raises
        ------
        IndexError
            A position is not in ``range(len(corpus))``.
        """
        beyond = next((each for each in positions if not 0 <= each < self._length), None)
        if beyond is not None:
            raise IndexError(f"the corpus has positions 0 to {self._length - 1}, not {beyond}")
        rows = self._fetch(
            f"SELECT {', '.join([self.ROW, *expressions])} FROM {self.relation} WHERE {_AMONG}",
            [list(positions)],
        )
        found = {position: cells for position, *cells in rows}
        return [found[position] for position in positions]

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the text of each row in a range, one line per column, for the full-text index."""
        cells = ", ".join(column.text for column in self.columns.values())
        positions = range(start, min(stop, self._length))
        return [text for (text,) in self.select([f"concat_ws(chr(10), {cells})"], positions)]

    def close(self) -> None:
        """Release the memory and the files; further use is an error."""
        self._connection.close()

    def _text_of(self, column: str | None) -> str:
        return "NULL" if column is None else self.columns[column].text

    def _repeated(self, text: str, positions: Sequence[int]) -> frozenset[str]:
        """Return the texts of these rows that occur more than once in the corpus."""
        if text == "NULL":
            return frozenset()
        rows = self._fetch(
            f"SELECT {text} FROM {self.relation} WHERE {text} IN "
            f"(SELECT {text} FROM {self.relation} WHERE {_AMONG}) GROUP BY ALL HAVING count(*) > 1",
            [list(positions)],
        )
        return frozenset(each for (each,) in rows)

    def _fetch(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connecting:
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


@contextmanager
def _watched(
    cursor: duckdb.DuckDBPyConnection, *, stop: Callable[[], bool] | None, timeout: float | None
) -> Iterator[None]:
    """Interrupt the cursor's query on timeout or stop, and raise the reason."""
    if stop is None and timeout is None:
        yield
        return
    deadline = None if timeout is None else time.monotonic() + timeout
    ended = threading.Event()
    reasons: list[Exception] = []

    def watch() -> None:
        # Interrupt repeatedly: the query may not have begun yet the first time.
        while not ended.wait(_POLL):
            if not reasons and stop is not None and stop():
                reasons.append(QueryStopped("The query was stopped."))
            elif not reasons and deadline is not None and time.monotonic() >= deadline:
                reasons.append(QueryTimeout(f"The query took longer than {timeout:g} seconds."))
            if reasons:
                cursor.interrupt()

    if stop is not None and stop():
        raise QueryStopped("The query was stopped.")
    watcher = threading.Thread(target=watch, name="findall-query-watch", daemon=True)
    watcher.start()
    try:
        yield
    except duckdb.InterruptException:
        if reasons:
            raise reasons[0] from None
        raise
    finally:
        ended.set()
        watcher.join()


def _whole(url: str | None) -> str | None:
    """Return a URL with its scheme; None if the text is not a URL."""
    if url is None or _SCHEME.match(url):
        return url
    return f"https://{url}" if _ADDRESS.fullmatch(url) else None
