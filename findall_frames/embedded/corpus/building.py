"""From a relation in DuckDB to a corpus: types and cells made uniform, then locked."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final
from uuid import uuid4

import duckdb

from findall_frames.embedded.corpus.cells import ReadCells, read_cells
from findall_frames.embedded.corpus.corpus import Column, Corpus, Kind, quoted
from findall_frames.embedded.corpus.naming import Roles, find_roles, listed, unknown_column
from findall_frames.embedded.corpus.source import Source, pattern_of, sql_list, unique_names
from findall_frames.embedded.corpus.tables import ARROW
from findall_frames.errors import CorpusError, FindAllWarning, warn

__all__ = ["build", "connect"]

_MEMORY: Final = "50%"
"""The share of the machine's memory that DuckDB may use before it spills to disk."""
_PROSE: Final = 0.25
"""The share of cells with eight words or more from which a column is running text."""
_BLANKS: Final = "' \t\n\r\f\v\u00a0\u2003\u3000\ufeff'"

# What DuckDB's types are, and how they are read; what is "other" becomes text, which is said.
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


def connect() -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory, which loads no extensions and sees no Python variables."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            # What comes of a division by zero is unknown, not infinity, which is over any number.
            "ieee_floating_point_ops": False,
            "error_on_division_by_zero": False,
            "memory_limit": _MEMORY,
            # Made when it is first needed, and removed when the connection is closed.
            "temp_directory": str(Path(tempfile.gettempdir()) / f"findall-frames-{uuid4().hex}"),
        }
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # which DuckDB would show in notebooks
    return connection


def build(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    *,
    given: Roles,
    dictionary: Mapping[str, str],
) -> Corpus:
    """Make the corpus of a source that `connection` can read, and lock the connection.

    Raises
    ------
    CorpusError
        There are no rows or columns, or none of a name that is `given` or in the `dictionary`.
    """
    names = _unique(source)
    cleaned, written_out = _cleaned(connection, source, names)
    length = _load(connection, source, cleaned)
    if not length:
        raise CorpusError(
            f"The corpus {source.name!r} is empty: it has {length} rows and {len(cleaned)} "
            "columns. Give a table with at least one row."
        )
    names = {column: names[column] for column in cleaned}
    read = _read(connection, source, names)
    still = [names[each] for each in written_out if each not in read or read[each].type is None]
    if still:
        warn(
            f"Cells of {listed(still)} cannot be compared as they are and were read as text.",
            FindAllWarning,
        )
    _make_view(connection, source, names=names, read=read)
    columns = _columns(connection, source, names=names, read=read, dictionary=dictionary)
    given = given._replace(name=given.name or source.name_column)
    roles = find_roles(connection, columns, corpus=source.name, given=given)
    stamp = [source.name, repr(columns), repr(roles), *_contents(connection, source)]
    _lock(connection, source.files)
    return Corpus(
        connection=connection,
        name=source.name,
        about=source.about or source.name,
        fingerprint=hashlib.blake2b("\n".join(stamp).encode(), digest_size=16).hexdigest(),
        columns={column.name: column for column in columns.values()},
        length=length,
        name_column=roles.name,
        url_column=roles.url,
        description_column=roles.description,
    )


def _hidden(column: str) -> str:
    return f"__text_{column[1:]}"


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {name: type_ for name, type_, *_ in described}


def _unique(source: Source) -> dict[str, str]:
    """Give each column of the relation a name that is unique, and say which had to change."""
    places = [f"c{place}" for place in range(len(source.names))]
    hidden = [Corpus.ROW, *map(_hidden, places)]
    names = unique_names(source.names, taken=hidden)
    changed = [(old, new) for old, new in zip(source.names, names, strict=True) if old != new]
    if changed:
        said = "; ".join(f"{old!r} is now {new!r}" for old, new in changed)
        warn(
            f"Columns were renamed, since names have to differ in more than case: {said}.",
            FindAllWarning,
        )
    return dict(zip(places, names, strict=True))


def _cleaned(
    connection: duckdb.DuckDBPyConnection, source: Source, names: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Give the SQL of each column in a type that can be compared, and those that become text."""
    written_out, left_out, cleaned = list(source.written_out), [], {}
    types = _types(connection, source.relation)
    for column, name in names.items():
        type_ = types[column]
        kind, sql = _reading(type_)
        if type_ == "BLOB":
            bad = f"{column} IS NOT NULL AND TRY(decode({column})) IS NULL"
            rows = connection.execute(f"SELECT 1 FROM {source.relation} WHERE {bad} LIMIT 1")
            if rows.fetchall():
                left_out.append(name)
                continue
        if kind == "other":
            written_out.append(column)
        cleaned[column] = sql.format(column)
    if left_out:
        warn(f"Cells of {listed(left_out)} are bytes, no text, and were left out.", FindAllWarning)
    return cleaned, written_out


def _reading(type_: str) -> tuple[Kind, str]:
    """Give the kind of a column, and the SQL that reads it."""
    element, brackets, _ = type_.rpartition("[")
    if brackets and not type_.startswith("ENUM") and _reading(element)[0] not in ("other", "list"):
        return "list", f"CAST({{0}} AS {element}[])"
    fits = ((kind, sql) for form, kind, sql in _TYPES if re.fullmatch(form, type_, re.DOTALL))
    return next(fits, _OTHERS)


def _load(connection: duckdb.DuckDBPyConnection, source: Source, cleaned: Mapping[str, str]) -> int:
    """Load the rows into ``base``, or make it a view of files; return how many there are."""
    if not cleaned:
        return 0
    cells = ", ".join(f"{sql} AS {column}" for column, sql in cleaned.items())
    if not source.files:
        connection.execute(f"CREATE TABLE base AS SELECT {cells} FROM {source.relation}")
        connection.unregister(ARROW)  # which would hold the user's table
        return int(connection.table("base").shape[0])
    counted = connection.execute(
        "SELECT file_name, num_rows FROM parquet_file_metadata(?)",
        [[*map(pattern_of, source.files)]],
    )
    counts = dict(counted.fetchall())
    starts = list(accumulate((counts[str(path)] for path in source.files), initial=0))
    row = "file_row_number"
    if len(source.files) > 1:
        # By name: DuckDB's own number of a file changes where a filter leaves files out.
        paths = sql_list(map(str, source.files))
        row += f" + map({paths}, {sql_list(starts[:-1])})[filename]"
    connection.execute(
        f"CREATE VIEW base AS SELECT {cells}, {row} AS {Corpus.ROW} FROM {source.relation}"
    )
    return int(starts[-1])


def _read(
    connection: duckdb.DuckDBPyConnection, source: Source, names: Mapping[str, str]
) -> dict[str, ReadCells]:
    """Read numbers and dates in text columns, and say where that cannot be done."""
    types = _types(connection, "base")
    texts = {column: name for column, name in names.items() if types[column] == "VARCHAR"}
    read = read_cells(connection, texts, alike=source.alike, usual=source.usual)
    doubts = [f"{names[column]!r} ({each.doubt})" for column, each in read.items() if each.doubt]
    if doubts:
        warn(
            f"Columns that could be numbers or dates stay text: {'; '.join(doubts)}. Convert them "
            "first if you want to compare them.",
            FindAllWarning,
        )
    assumed = [
        f"{names[column]!r} ({each.assumption})" for column, each in read.items() if each.assumption
    ]
    if assumed:
        warn(
            f"Columns were read as is usual, though their cells do not tell: {'; '.join(assumed)}. "
            "Convert them first if that is wrong.",
            FindAllWarning,
        )
    return read


def _make_view(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    *,
    names: Mapping[str, str],
    read: Mapping[str, ReadCells],
) -> None:
    """Make the view ``data``: the user's columns, the texts behind them, and the position."""
    values = {column: cells.sql for column, cells in read.items() if cells.type is not None}
    texts = {column: _hidden(column) for column in values if not read[column].plain}
    row = Corpus.ROW if source.files else f"rowid AS {Corpus.ROW}"
    if values and not source.files:
        # Read once, and not again in every query.
        cells = [f"{values.get(column, column)} AS {column}" for column in names]
        cells += [f"{column} AS {hidden}" for column, hidden in texts.items()]
        connection.execute(f"CREATE TABLE numbered AS SELECT {', '.join(cells)} FROM base")
        connection.execute("DROP TABLE base")
        connection.execute("ALTER TABLE numbered RENAME TO base")
        values, texts = {}, {hidden: hidden for hidden in texts.values()}
    shown = [f"{values.get(column, column)} AS {quoted(name)}" for column, name in names.items()]
    shown += [f"{column} AS {hidden}" for column, hidden in texts.items()]
    connection.execute(
        f"CREATE VIEW {Corpus.relation} AS SELECT {', '.join([*shown, row])} FROM base"
    )


def _columns(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    *,
    names: Mapping[str, str],
    read: Mapping[str, ReadCells],
    dictionary: Mapping[str, str],
) -> dict[str, Column]:
    """Give the columns of the view, with all that is said of them, by their places."""
    folded = {name.casefold(): name for name in names.values()}
    for name in dictionary:
        if name.casefold() not in folded:
            raise unknown_column(name, [*names.values()])
    described = {folded[name.casefold()]: text for name, text in dictionary.items()}
    types = _types(connection, Corpus.relation)
    columns = {}
    for place, name in names.items():
        type_, cells = types[name], read.get(place, ReadCells())
        text = quoted(name) if type_ == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
        if type_.endswith("[]"):
            text = f"array_to_string(CAST({quoted(name)} AS VARCHAR[]), ', ')"
        elif _hidden(place) in types:
            text = quoted(_hidden(place))
        said = source.descriptions.get(source.names[int(place[1:])], "")
        said = described.get(name, said)
        if cells.unit and cells.unit not in said:
            said = ", ".join(filter(None, [said, f"in {cells.unit}"]))
        kind, _ = _reading(type_)
        if kind == "text" and (cells.words >= _PROSE or name in source.prose):
            kind = "prose"
        columns[place] = Column(name, type_, kind, said, text)
    return columns


def _contents(connection: duckdb.DuckDBPyConnection, source: Source) -> list[str]:
    """Say what tells these data from others."""
    if source.files:
        states = [(path.resolve(), path.stat()) for path in source.files]
        return [f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states]
    cells = ", ".join(["rowid", *_types(connection, "base")])
    hashes = f"SELECT sum(hash({cells})), bit_xor(hash({cells})) FROM base"
    return [str(connection.execute(hashes).fetchall())]


def _lock(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Allow nothing but the files that the corpus is made of, for good."""
    if files:
        allowed = {spelt for path in files for spelt in (str(path), pattern_of(path))}
        connection.execute(f"SET allowed_paths = {sql_list(sorted(allowed))}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
