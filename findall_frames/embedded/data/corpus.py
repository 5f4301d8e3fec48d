"""Entities from a DataFrame, from files and documents, or from the installed packages."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.packages import packages_table
from findall_frames.embedded.data.roles import Roles, find_roles, listed
from findall_frames.embedded.data.sources import SOURCES, read_source
from findall_frames.embedded.data.tables import clean, fingerprint
from findall_frames.embedded.reading.columns import Column
from findall_frames.errors import CorpusError, FindAllWarning, warn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Corpus", "Entity", "open_corpus"]

_ASCII_QUOTED = {code: quote(chr(code), safe="") for code in range(128)}


class Entity(NamedTuple):
    """A thing in the corpus that a search can find.

    Attributes
    ----------
    position : int
        Its place in the corpus, from 0.
    name : str
        What it is called; names may repeat.
    url : str
        An address that no other entity of the corpus has.
    description : str or None
        A line on what it is.
    """

    position: int
    name: str
    url: str
    description: str | None


class Corpus:
    """A table of which every row is an entity, kept in Arrow.

    Made by `open_corpus` or `from_table`.

    Attributes
    ----------
    name : str
        ``"packages"``, the stem of a file, the name of a folder, or ``"table"``.
    about : str
        What its rows are, in words, such as ``"installed Python packages"``; a question that
        repeats these words says nothing that tells one row from another.
    fingerprint : str
        The same for equal data, and only for equal data.
    columns : tuple of str
        In the order of the table.
    name_column : str
        The column that names the entities.

    Examples
    --------
    >>> table = pa.table({"country": ["Chad", "Peru"], "population": [19_300_000, 34_000_000]})
    >>> corpus = Corpus.from_table(table, name="countries")
    >>> len(corpus), corpus.entity(1).name, corpus.row(1)["population"]
    (2, 'Peru', 34000000)
    """

    def __init__(self, table: pa.Table, *, name: str, about: str, roles: Roles) -> None:
        self.name = name
        self.about = about
        self._base = f"local://{_quoted(name)}/"
        self.columns: tuple[str, ...] = tuple(table.column_names)
        self.name_column = roles.name
        self.url_column = roles.url
        self._roles = roles
        self._columns = {name: Column(name, table.column(name)) for name in self.columns}
        self._length: int = table.num_rows
        names = self._columns[roles.name].texts
        self._names: pa.Array = names
        counts = pc.value_counts(names)
        repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        self._repeated = frozenset(repeated.to_pylist())
        self.fingerprint = fingerprint(table)
        self._urls = self._unique_urls()

    @classmethod
    def from_table(
        cls,
        table: pa.Table,
        *,
        name: str,
        about: str | None = None,
        name_column: str | None = None,
        url_column: str | None = None,
        description_column: str | None = None,
    ) -> Corpus:
        """Make a corpus of an Arrow table.

        Parameters
        ----------
        table : pyarrow.Table
            One row per entity. Blank texts and NaN count as missing.
        name : str
            What the corpus is called.
        about : str, optional
            What its rows are, in words; `name` when left out.
        name_column, url_column, description_column : str, optional
            Found by their names when left out.

        Raises
        ------
        CorpusError
            The table has no rows, repeats a column name, or has no usable name column.

        Warns
        -----
        FindAllWarning
            Rows without a name were left out; the warning says how many.
        """
        repeated = [column for column, n in Counter(table.column_names).items() if n > 1]
        if repeated:
            raise CorpusError(
                f"Column names must be unique, but {', '.join(map(repr, repeated))} stands more "
                "than once. Rename one of them."
            )
        if table.num_rows == 0 or table.num_columns == 0:
            raise CorpusError(
                f"The corpus {name!r} is empty: it has {table.num_rows} rows and "
                f"{table.num_columns} columns. Give a table with at least one named entity."
            )
        table = clean(table)
        roles = find_roles(
            table,
            name,
            name_column=name_column,
            url_column=url_column,
            description_column=description_column,
        )
        return cls(_drop_nameless(table, roles.name), name=name, about=about or name, roles=roles)

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, {self._length} rows, {len(self.columns)} columns)"

    @property
    def unnamed(self) -> bool:
        """Whether nothing tells what its rows are, as with a DataFrame."""
        return self.name == "table"

    def column(self, name: str) -> Column:
        """One column, with what is known of its meaning."""
        return self._columns[name]

    def entity(self, position: int) -> Entity:
        """The entity at a position.

        Raises
        ------
        IndexError
            `position` is not in ``range(len(corpus))``.
        """
        self._check(position)
        (entity,) = self.entities([position])
        return entity

    def entities(self, positions: Sequence[int]) -> list[Entity]:
        """The entities at these positions, which have to be in ``range(len(corpus))``."""
        places = pa.array(positions, pa.int64())
        names = self._names.take(places).to_pylist()
        urls: list[str | None] = [None] * len(names)
        if self._urls is not None:
            urls = self._urls.take(places).to_pylist()
        descriptions: list[str | None] = [None] * len(names)
        if self._roles.description is not None:
            descriptions = self._columns[self._roles.description].text_list(positions)
        return [
            Entity(position, name, url or self.address(position, name=name), description)
            for position, name, url, description in zip(
                positions, names, urls, descriptions, strict=True
            )
        ]

    def address(self, position: int, *, name: str | None = None) -> str:
        """A ``local://`` address of the row itself, which no other row has."""
        name = self._names[position].as_py() if name is None else name
        address = f"{self._base}{_quoted(name)}"
        return f"{address}/{position}" if name in self._repeated else address

    def names(self, positions: Sequence[int]) -> list[str]:
        """The names of the entities at these positions."""
        return self._columns[self.name_column].text_list(positions)

    def labels(self, positions: Sequence[int]) -> list[str]:
        """The names, with the version where the corpus has one: ``"requests 2.34.2"``."""
        names = self.names(positions)
        if "version" not in self._columns:
            return names
        versions = self._columns["version"].text_list(positions)
        pairs = zip(names, versions, strict=True)
        return [name if version is None else f"{name} {version}" for name, version in pairs]

    def row(self, position: int) -> dict[str, Any]:
        """The row at a position, as Python values by column.

        Raises
        ------
        IndexError
            `position` is not in ``range(len(corpus))``.
        """
        self._check(position)
        return {name: column.array[position].as_py() for name, column in self._columns.items()}

    def texts(self, start: int, stop: int) -> list[str]:
        """All that stands in each row of a range, a line per column; for full-text ranking."""
        parts = [column.texts.slice(start, stop - start) for column in self._columns.values()]
        joined = pc.binary_join_element_wise(*parts, _large("\n"), null_handling="skip")
        texts: list[str] = joined.to_pylist()
        return texts

    def __iter__(self) -> Iterator[Entity]:
        return (self.entity(position) for position in range(self._length))

    def _check(self, position: int) -> None:
        if not 0 <= position < self._length:
            raise IndexError(f"the corpus has positions 0 to {self._length - 1}, not {position}")

    def _unique_urls(self) -> pa.Array | None:
        """Whole addresses; null where there is none, or where another row has the same one."""
        if self.url_column is None:
            return None
        urls = self._columns[self.url_column].texts
        whole = pc.if_else(
            pc.match_substring_regex(urls, r"^[A-Za-z][A-Za-z0-9+.-]*:"),
            urls,
            pc.binary_join_element_wise(_large("https://"), urls, _large("")),
        )
        counts = pc.value_counts(whole)
        single = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
        return pc.if_else(pc.is_in(whole, value_set=single), whole, None)


def open_corpus(
    source: str | Path | pa.Table | pd.DataFrame,
    *,
    name_column: str | None = None,
    url_column: str | None = None,
    description_column: str | None = None,
) -> Corpus:
    """Open data for the embedded service.

    Parameters
    ----------
    source : str, pathlib.Path, pandas.DataFrame or pyarrow.Table
        ``"packages"`` for the distributions installed in this environment, a table with one row
        per entity, or a path: of a ``.parquet``, ``.csv`` or ``.jsonl`` file, of a folder of
        ``.md``, ``.txt`` and ``.html`` documents, or a pattern such as ``"data/*.csv"`` for
        several files of a kind. An index of a DataFrame becomes a column if it has a name or
        holds text; documents have the columns title, path and text.
    name_column, url_column, description_column : str, optional
        The columns that name, locate and describe the entities; found by their names when left
        out.

    Returns
    -------
    Corpus
        The entities, with their columns in Arrow.

    Raises
    ------
    CorpusError
        The source cannot be read, is empty, or has no usable name column.

    Examples
    --------
    >>> table = pa.table({"company": ["Kilnworks", "Slatehouse"], "founded": [2014, 1987]})
    >>> open_corpus(table)
    Corpus('table', 2 rows, 2 columns)
    >>> open_corpus("packages").name
    'packages'
    """
    name, about = "table", None
    if isinstance(source, pa.Table):
        table = source
    elif _is_dataframe(source):
        table = _from_pandas(source)
    elif isinstance(source, str | Path):
        if str(source) == "packages":
            name, about = "packages", "installed Python packages, distributions, libraries"
            table = packages_table()
        else:
            name, table, found_column = read_source(Path(source))
            name_column = name_column or found_column
    else:
        raise CorpusError(
            f'A corpus is "packages", a DataFrame, a pyarrow Table, or the path of {SOURCES}; '
            f"this is a {type(source).__name__}."
        )
    return Corpus.from_table(
        table,
        name=name,
        about=about,
        name_column=name_column,
        url_column=url_column,
        description_column=description_column,
    )


def _is_dataframe(source: object) -> TypeGuard[pd.DataFrame]:
    # Whoever made a DataFrame has imported pandas; nobody else should wait for that.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(source, pandas.DataFrame)


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    index = frame.index
    named = any(name is not None for name in index.names)
    if named or index.inferred_type == "string":
        clashes = [name for name in index.names if name in frame.columns]
        frame = frame.reset_index(drop=bool(clashes))
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    repeated = sorted(set(frame.columns[frame.columns.duplicated()]))
    if repeated:
        raise CorpusError(
            f"Column names must be unique, but {', '.join(map(repr, repeated))} stands more than "
            "once. Rename one of them."
        )
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError) as error:  # sparse, say
        raise CorpusError(
            f"Each column of the DataFrame must hold values of one kind: {error}. "
            "Convert it first, for example with frame[column].astype(str)."
        ) from error
    return table.replace_schema_metadata(None)


def _drop_nameless(table: pa.Table, name_column: str) -> pa.Table:
    missing = table.column(name_column).null_count
    if not missing:
        return table
    if missing == table.num_rows:
        raise CorpusError(
            f"The name column {name_column!r} is empty in all {missing} rows. Name another with "
            f"name_column=; there are {listed(table.column_names)}."
        )
    warn(
        f"{missing} of {table.num_rows} rows have no {name_column!r} and were left out.",
        FindAllWarning,
    )
    return table.filter(pc.is_valid(table.column(name_column)))


@lru_cache(maxsize=1024)  # names are asked for twice: for the candidate and for its citations
def _quoted(text: str) -> str:
    """Write a text as a part of an address."""
    # Each candidate has its address: for plain letters this is five times as fast.
    return text.translate(_ASCII_QUOTED) if text.isascii() else quote(text, safe="")


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
