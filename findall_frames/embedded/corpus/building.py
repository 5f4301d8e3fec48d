"""Build a corpus from a source that DuckDB can read: clean its columns and lock the connection."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import duckdb

from findall_frames.embedded.corpus.cells import ReadCells, read_cells
from findall_frames.embedded.corpus.corpus import Column, Corpus, Kind, quoted, sql_list
from findall_frames.embedded.corpus.naming import Roles, find_roles, listed, unknown_column
from findall_frames.errors import CorpusError, FindAllWarning, warn

__all__ = [
    "ARROW",
    "DataSource",
    "build",
    "check_width",
    "connect",
    "pattern_of",
    "unique_names",
]

ARROW: Final = "arrow"
"""The name in DuckDB of a table in memory while it is loaded."""
_MEMORY: Final = "50%"
"""The share of the machine's memory that DuckDB may use before it spills to disk."""
_MOST_COLUMNS: Final = 5_000
"""DuckDB's time for a table grows with the square of its columns: minutes from here on."""
_PROSE: Final = 0.25
"""The share of cells with eight or more words that makes a column running text."""
_BLANKS: Final = "' \t\n\r\f\v\u00a0\u2003\u3000\ufeff'"

# DuckDB's types by pattern, with their kind and the SQL that reads them.
_TYPES: Final[Sequence[tuple[str, Kind, str]]] = (
    (r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\(.*\)", "number", "{0}"),
    ("FLOAT|DOUBLE", "number", "CASE WHEN isnan({0}) THEN NULL ELSE {0} END"),
    ("BOOLEAN", "flag", "{0}"),
    ("DATE|TIMESTAMP( WITH TIME ZONE)?", "date", "{0}"),
    ("TIMESTAMP_M?S", "date", "TRY_CAST({0} AS TIMESTAMP)"),
    ("TIMESTAMP_NS", "date", "CAST({0} AS TIMESTAMP)"),
    ("TIMESTAMPTZ_NS", "date", "CAST({0} AS TIMESTAMPTZ)"),
    ("TIME( WITH TIME ZONE)?|INTERVAL", "time", "{0}"),
    ("TIME_NS", "time", "CAST({0} AS TIME)"),
    # Trimming is slow, and most cells begin with a letter or a digit.
    (
        "VARCHAR",
        "text",
        "CASE WHEN {0} >= '!' AND {0} < '\u0080' THEN {0} "
        f"WHEN trim({{0}}, {_BLANKS}) = '' THEN NULL ELSE {{0}} END",
    ),
    ("BLOB", "text", "decode({0})"),
    ('UUID|BIT|"NULL"|ENUM.*', "text", "CAST({0} AS VARCHAR)"),
    ("BIGNUM|GEOMETRY", "other", "CAST({0} AS VARCHAR)"),
    ("JSON", "other", "{0} ->> '$'"),
)
_OTHERS: Final[tuple[Kind, str]] = ("other", "CAST(to_json({0}) AS VARCHAR)")


@dataclass(kw_only=True)
class DataSource:
    """The rows of a corpus to be, as DuckDB can read them."""

    relation: str  # the SQL to put after FROM; its columns are called c0, c1, and so on
    names: list[str]  # the user's names of these columns; they may repeat
    name: str = "table"
    about: str = ""  # what the rows are, in words; defaults to `name`
    descriptions: Mapping[str, str] = field(default_factory=dict)  # by the user's name
    name_column: str | None = None  # the column that names the rows, if the source knows it
    prose: frozenset[str] = frozenset()  # columns known to hold running text
    files: list[Path] = field(default_factory=list)  # Parquet, in row order; read in place
    written_out: list[str] = field(default_factory=list)  # columns (c0, ...) converted to text
    alike: bool = False  # True if one program wrote all cells as text, in one notation
    usual: Literal[".", ","] | None = None  # the decimal sign to assume for ambiguous cells
    typed: bool = False  # True if its types are meant, so that numbers written as text stay text


def connect() -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory that loads no extensions and sees no Python variables."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            # The result of a division by zero is unknown; infinity would exceed any number.
            "ieee_floating_point_ops": False,
            "error_on_division_by_zero": False,
            "memory_limit": _MEMORY,
            # Created when first needed, and removed when the connection is closed.
            "temp_directory": str(Path(tempfile.gettempdir()) / f"findall-frames-{uuid4().hex}"),
        }
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # DuckDB would show it in notebooks
    return connection


def build(
    connection: duckdb.DuckDBPyConnection,
    source: DataSource,
    *,
    given: Roles,
    dictionary: Mapping[str, str],
) -> Corpus:
    """Build the corpus of a source that `connection` can read, and lock the connection.

    Raises
    ------
    CorpusError
        There are no rows or columns, or too many columns, or a column in `given` or
        `dictionary` does not exist.
    """
    check_width(len(source.names))
    return _Builder(connection, source).build(given, dictionary)


def check_width(columns: int) -> None:
    """Raise a CorpusError if a source has too many columns."""
    if columns > _MOST_COLUMNS:
        raise CorpusError(
            f"Expected at most {_MOST_COLUMNS:,} columns; got {columns:,}. Pass a DataFrame of the "
            "columns to search, or turn columns into rows."
        )


def unique_names(names: Sequence[str], *, taken: Iterable[str] = ()) -> list[str]:
    """Return names that differ in more than case; of equal names the first is unchanged.

    Examples
    --------
    >>> unique_names(["name", "Name", "", "name_2"])
    ['name', 'Name_3', 'column_3', 'name_2']
    """
    given = {name.casefold() for name in names}
    used = {name.casefold() for name in taken}
    unique = []
    for place, name in enumerate(names, start=1):
        chosen, number = name if name.strip() else f"column_{place}", 1
        while chosen.casefold() in used or (number > 1 and chosen.casefold() in given):
            number += 1
            chosen = f"{name if name.strip() else 'column'}_{number}"
        used.add(chosen.casefold())
        unique.append(chosen)
    return unique


def pattern_of(path: Path) -> str:
    """Return a glob pattern that matches this file only; DuckDB takes every path for a pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


class _Builder:
    """Turns a source into the view ``data`` over the table or view ``base``, step by step."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: DataSource) -> None:
        self._connection = connection
        self._source = source
        self._names = self._unique()  # the user's by column of the relation
        self._read: dict[str, ReadCells] = {}

    def build(self, given: Roles, dictionary: Mapping[str, str]) -> Corpus:
        source = self._source
        cleaned, written_out = self._cleaned()
        length = self._load(cleaned)
        if not length:
            raise CorpusError(
                f"The corpus {source.name!r} is empty: it has {length} rows and {len(cleaned)} "
                "columns. Pass a table with at least one row."
            )
        self._names = {column: self._names[column] for column in cleaned}
        self._read_texts(length)
        still_text = [
            self._names[column]
            for column in written_out
            if column not in self._read or self._read[column].type is None
        ]
        if still_text:
            warn(
                f"Cells of {listed(still_text)} cannot be compared as they are and were read as "
                "text.",
                FindAllWarning,
            )
        self._make_view()
        columns = self._columns(dictionary)
        given = given._replace(name=given.name or source.name_column)
        roles = find_roles(self._connection, columns, corpus=source.name, given=given)
        stamp = [source.name, repr(columns), repr(roles), *self._contents()]
        self._lock()
        return Corpus(
            connection=self._connection,
            name=source.name,
            about=source.about or source.name,
            fingerprint=hashlib.blake2b("\n".join(stamp).encode(), digest_size=16).hexdigest(),
            columns={column.name: column for column in columns.values()},
            length=length,
            name_column=roles.name,
            url_column=roles.url,
            description_column=roles.description,
        )

    def _types(self, relation: str) -> dict[str, str]:
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        return {name: type_ for name, type_, *_ in described}

    def _unique(self) -> dict[str, str]:
        """Return a unique name for each column, and warn of those that were renamed."""
        given = self._source.names
        places = [f"c{place}" for place in range(len(given))]
        names = unique_names(given, taken=[Corpus.ROW, *map(_hidden, places)])
        changed = [(old, new) for old, new in zip(given, names, strict=True) if old != new]
        if changed:
            shown = "; ".join(f"{old!r} is now {new!r}" for old, new in changed)
            warn(
                f"Columns were renamed, since names must differ in more than case: {shown}.",
                FindAllWarning,
            )
        return dict(zip(places, names, strict=True))

    def _cleaned(self) -> tuple[dict[str, str], list[str]]:
        """Return each column's SQL in a comparable type, and the columns that become text."""
        relation = self._source.relation
        written_out, left_out, cleaned = list(self._source.written_out), [], {}
        types = self._types(relation)
        for column, name in self._names.items():
            type_ = types[column]
            kind, sql = _kind_and_sql(type_)
            if type_ == "BLOB":
                bad = f"{column} IS NOT NULL AND TRY(decode({column})) IS NULL"
                rows = self._connection.execute(f"SELECT 1 FROM {relation} WHERE {bad} LIMIT 1")
                if rows.fetchall():
                    left_out.append(name)
                    continue
            if kind == "other":
                written_out.append(column)
            cleaned[column] = sql.format(column)
        if left_out:
            warn(
                f"Cells of {listed(left_out)} hold bytes that are not text and were left out.",
                FindAllWarning,
            )
        return cleaned, written_out

    def _load(self, cleaned: Mapping[str, str]) -> int:
        """Load the rows into ``base``, or make it a view of files; return the number of rows."""
        if not cleaned:
            return 0
        connection, source = self._connection, self._source
        cells = ", ".join(f"{sql} AS {column}" for column, sql in cleaned.items())
        if not source.files:
            # There is nothing to optimize, and trying it takes the square of the columns.
            connection.execute("PRAGMA disable_optimizer")
            connection.execute(f"CREATE TABLE base AS SELECT {cells} FROM {source.relation}")
            connection.execute("PRAGMA enable_optimizer")
            connection.unregister(ARROW)  # it would keep the user's table alive
            return int(connection.table("base").shape[0])
        counted = connection.execute(
            "SELECT file_name, num_rows FROM parquet_file_metadata(?)",
            [[*map(pattern_of, source.files)]],
        )
        counts = dict(counted.fetchall())
        starts = list(accumulate((counts[str(path)] for path in source.files), initial=0))
        row = "file_row_number"
        if len(source.files) > 1:
            # By name: DuckDB's own file number changes where a filter skips files.
            paths = sql_list(map(str, source.files))
            row += f" + map({paths}, {sql_list(starts[:-1])})[filename]"
        connection.execute(
            f"CREATE VIEW base AS SELECT {cells}, {row} AS {Corpus.ROW} FROM {source.relation}"
        )
        return int(starts[-1])

    def _read_texts(self, length: int) -> None:
        """Read numbers and dates in text columns, and warn of ambiguous ones."""
        types, names = self._types("base"), self._names
        texts = {column: name for column, name in names.items() if types[column] == "VARCHAR"}
        self._read = read_cells(
            self._connection,
            texts,
            length=length,
            alike=self._source.alike,
            usual=self._source.usual,
        )
        if self._source.typed:
            self._read = {c: ReadCells(cells.words) for c, cells in self._read.items()}
        doubts = [f"{names[c]!r} ({cells.doubt})" for c, cells in self._read.items() if cells.doubt]
        if doubts:
            warn(
                f"Columns that could be numbers or dates stay text: {'; '.join(doubts)}. Convert "
                "them first if you want to compare them.",
                FindAllWarning,
            )
        assumed = [
            f"{names[column]!r} ({cells.assumption})"
            for column, cells in self._read.items()
            if cells.assumption
        ]
        if assumed:
            warn(
                "Columns were read by convention, as their cells are ambiguous: "
                f"{'; '.join(assumed)}. Convert them first if that is wrong.",
                FindAllWarning,
            )

    def _make_view(self) -> None:
        """Make the view ``data``: the user's columns, their original texts, and the position."""
        names, files = self._names, self._source.files
        values = {column: cells.sql for column, cells in self._read.items() if cells.type}
        texts = {column: _hidden(column) for column in values if not self._read[column].plain}
        row = Corpus.ROW if files else f"rowid AS {Corpus.ROW}"
        if values and not files:
            # Converted once here, rather than in every query.
            cells = [f"{values.get(column, column)} AS {column}" for column in names]
            cells += [f"{column} AS {hidden}" for column, hidden in texts.items()]
            self._connection.execute(
                f"CREATE TABLE numbered AS SELECT {', '.join(cells)} FROM base"
            )
            self._connection.execute("DROP TABLE base")
            self._connection.execute("ALTER TABLE numbered RENAME TO base")
            values, texts = {}, {hidden: hidden for hidden in texts.values()}
        shown = [
            f"{values.get(column, column)} AS {quoted(name)}" for column, name in names.items()
        ]
        shown += [f"{column} AS {hidden}" for column, hidden in texts.items()]
        self._connection.execute(
            f"CREATE VIEW {Corpus.relation} AS SELECT {', '.join([*shown, row])} FROM base"
        )

    def _columns(self, dictionary: Mapping[str, str]) -> dict[str, Column]:
        """Return the columns of the view with their descriptions, by column of the relation."""
        source = self._source
        folded = {name.casefold(): name for name in self._names.values()}
        for name in dictionary:
            if name.casefold() not in folded:
                raise unknown_column(name, [*self._names.values()])
        described = {folded[name.casefold()]: text for name, text in dictionary.items()}
        types = self._types(Corpus.relation)
        columns = {}
        for place, name in self._names.items():
            type_, cells = types[name], self._read.get(place, ReadCells())
            text = quoted(name) if type_ == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
            if type_.endswith("[]"):
                text = f"array_to_string(CAST({quoted(name)} AS VARCHAR[]), ', ')"
            elif _hidden(place) in types:
                text = quoted(_hidden(place))
            own = source.descriptions.get(source.names[int(place[1:])], "")
            description = described.get(name, own)
            if cells.unit and cells.unit not in description:
                description = ", ".join(filter(None, [description, f"in {cells.unit}"]))
            kind, _ = _kind_and_sql(type_)
            if kind == "text" and (cells.words >= _PROSE or name in source.prose):
                kind = "prose"
            columns[place] = Column(name, type_, kind, description, text)
        return columns

    def _contents(self) -> list[str]:
        """Return texts that identify these data: the states of files, or a hash of all cells."""
        if self._source.files:
            states = [(path.resolve(), path.stat()) for path in self._source.files]
            return [f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states]
        cells = ", ".join(["rowid", *self._types("base")])
        hashes = f"SELECT sum(hash({cells})), bit_xor(hash({cells})) FROM base"
        return [str(self._connection.execute(hashes).fetchall())]

    def _lock(self) -> None:
        """Deny access to everything but the files of the corpus, irrevocably."""
        if self._source.files:
            files = self._source.files
            allowed = sorted({*map(str, files), *map(pattern_of, files)})
            self._connection.execute(f"SET allowed_paths = {sql_list(allowed)}")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")


def _hidden(column: str) -> str:
    return f"__text_{column[1:]}"


def _kind_and_sql(type_: str) -> tuple[Kind, str]:
    """Return the kind of a column of a DuckDB type, and the SQL that reads it."""
    element, brackets, _ = type_.rpartition("[")
    is_list = brackets and not type_.startswith("ENUM")
    if is_list and _kind_and_sql(element)[0] not in ("other", "list"):
        return "list", f"CAST({{0}} AS {element}[])"
    fits = ((kind, sql) for form, kind, sql in _TYPES if re.fullmatch(form, type_, re.DOTALL))
    return next(fits, _OTHERS)
