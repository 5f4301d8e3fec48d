"""Tables in CSV, JSON and Parquet files: how DuckDB is to read them, and repairs it needs."""

from __future__ import annotations

import csv
import io
import json
import mmap
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import duckdb
import pyarrow as pa
from pyarrow import parquet

from findall_frames.embedded.corpus.building import DataSource, check_width, pattern_of
from findall_frames.embedded.corpus.corpus import literal, quoted, sql_list
from findall_frames.embedded.corpus.documents import FALLBACK_ENCODING, check_text, encoding_of
from findall_frames.embedded.corpus.memory import descriptions_in
from findall_frames.errors import CorpusError, FindAllWarning, warn

__all__ = ["TABLE_SUFFIXES", "read_tables"]

TABLE_SUFFIXES: Final = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".ndjson": "JSON",
    ".parquet": "Parquet",
    ".xlsx": "Excel",
}
"""Kinds of tables by file suffix."""

_HEAD: Final = 1 << 20
"""How many bytes of a file are examined."""
_LARGEST: Final = 1 << 30
"""How many bytes a line or an object may have at most."""
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
_SEPARATORS: Final = ("\t", ";", "|", ",")
"""In order of preference: a comma also occurs in numbers and names."""
_MOST: Final = 0.8
"""The share of lines with as many cells that shows the columns of a table."""
_NO_SEPARATOR: Final = "\x1f"
_UNPACKED: Final = 1 << 30
"""How many bytes a Parquet file may unpack to in any case; beyond that, `_RATIO` times its size."""
_RATIO: Final = 200
_WIDTHS: Final = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}
"""Bytes of a value by Parquet's type."""


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a table, where they are or copied to the scratch folder."""

    paths: Sequence[Path]
    roots: Sequence[Path]
    folders: Sequence[str]  # columns in the names of folders, as in country=Italy

    @property
    def extra(self) -> list[str]:
        """Columns that are not in the files: those of the folders, or the name of the file."""
        return [*self.folders] or (["filename"] if len(self.paths) > 1 else [])

    @property
    def filename(self) -> str:
        """SQL for the name of a row's file."""
        name = "filename"
        for root in self.roots:
            name = f"replace({name}, {literal(str(root / 'x')[:-1])}, '')"
        return name

    @property
    def options(self) -> str:
        """Arguments that all of DuckDB's readers take."""
        listed = sql_list(map(pattern_of, self.paths))
        hive = str(bool(self.folders)).lower()
        return f"{listed}, hive_partitioning = {hive}, hive_types_autocast = false"

    @property
    def longest(self) -> int:
        """How many bytes the longest line or object can have."""
        largest = max(path.stat().st_size for path in self.paths)
        return min(max(largest + 1, 1 << 24), _LARGEST)


def read_tables(
    paths: Sequence[Path],
    *,
    root: Path,
    scratch: Path,
    connection: duckdb.DuckDBPyConnection,
) -> DataSource:
    """Return how to read files of one kind in `root` as one table.

    The columns are those of all files and of the names of folders, such as ``country=Italy``.
    Several files without such folders get a column ``filename``. Copies that are needed until the
    table is loaded go into `scratch`.

    Raises
    ------
    CorpusError
        A file cannot be read, or is not of the kind that its suffix says.
    """
    kind = TABLE_SUFFIXES[paths[0].suffix.lower()]
    parts = paths[0].relative_to(root).parts[:-1]
    folders = [part.partition("=")[0] for part in parts if "=" in part]
    if kind == "Parquet":
        return _parquet(_Files(paths, [root], folders), connection)
    readable = [_readable(path, scratch / path.relative_to(root)) for path in paths]
    files = _Files(readable, [root, scratch], folders)
    return _csv(files) if kind == "CSV" else _json(files, connection)


def _readable(path: Path, copy: Path) -> Path:
    """Return the path, or that of a copy in UTF-8 with uniform line ends if DuckDB needs one."""
    has_mixed_ends = _scan(path)
    with path.open("rb") as file:
        encoding = encoding_of(file)
    if encoding == "utf-8" and not has_mixed_ends:
        return path
    if encoding == FALLBACK_ENCODING:
        with path.open("rb") as file:
            if b"\0" in file.read(_HEAD):
                raise CorpusError(
                    f"{str(path)!r} is not a text file: it has null bytes, and no byte order mark "
                    "of UTF-16. If it is compressed, unpack it first."
                )
        warn(
            f"{str(path)!r} is not UTF-8 and was read as {FALLBACK_ENCODING}. If letters look "
            "wrong, save it as UTF-8.",
            FindAllWarning,
        )
    copy.parent.mkdir(parents=True, exist_ok=True)
    with path.open(encoding=encoding) as text, copy.open("w", encoding="utf-8") as clean:
        shutil.copyfileobj(text, clean)
    return copy


def _scan(path: Path) -> bool:
    """Return True if a file has different line ends; raise a CorpusError if it is mostly a hole."""
    lines = ends = 0
    with path.open("rb") as file:
        while chunk := file.read(_HEAD):
            check_text(chunk, path)
            lines, ends = lines + chunk.count(b"\n"), ends + chunk.count(b"\r\n")
    return 0 < ends < lines


class _Dialect(NamedTuple):
    """The format of a CSV file."""

    separator: str
    header: tuple[str, ...]
    skip: int

    @property
    def keys(self) -> list[tuple[str, int]]:
        """What identifies columns across files: the name, and a count of equal names before."""
        before: Counter[str] = Counter()
        keys = []
        for name in self.header:
            folded = name.strip().casefold()
            keys.append((folded, before[folded]))
            before[folded] += 1
        return keys


def _csv(files: _Files) -> DataSource:
    dialects = [_dialect(path) for path in files.paths]
    for path, dialect in zip(files.paths, dialects, strict=True):
        _check_quotes(path, dialect.separator)
    names: dict[tuple[str, int], str] = {}
    for dialect in dialects:
        for key, name in zip(dialect.keys, dialect.header, strict=True):
            names.setdefault(key, name)
    check_width(len(names))
    extra = [*map(quoted, files.folders)] or [files.filename] * len(files.extra)
    parts = []
    pairs = zip(files.paths, dialects, strict=True)
    for dialect, members in groupby(pairs, key=lambda pair: pair[1]):
        places = {key: f"h{place}" for place, key in enumerate(dialect.keys)}
        typed = ", ".join(f"'{place}': 'VARCHAR'" for place in places.values())
        part = _Files([path for path, _ in members], files.roots, files.folders)
        parts.append(
            f"SELECT {_numbered([*(places.get(key, 'NULL') for key in names), *extra])} "
            f"FROM read_csv({part.options}, auto_detect = false, header = true, "
            f"delim = {literal(dialect.separator)}, quote = '\"', escape = '\"', "
            f"skip = {dialect.skip}, columns = {{{typed}}}, null_padding = true, "
            f"parallel = false, max_line_size = {part.longest})"
        )
    # A comma between cells cannot be the decimal sign as well.
    usual: dict[str, Literal[".", ","]] = {",": ".", ";": ","}
    separators = {dialect.separator for dialect in dialects}
    return DataSource(
        relation=f"({' UNION ALL '.join(parts)})",
        names=[*names.values(), *files.extra],
        alike=True,
        usual=usual.get(separators.pop()) if len(separators) == 1 else None,
    )


def _dialect(path: Path) -> _Dialect:
    """Return the separator that splits the first lines most evenly, and the header."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        head = text.read(_HEAD)
        whole = not text.read(1)
    stated = _SEPARATOR_LINE.match(head)
    if stated:
        head = head[stated.end() :]
    best, dialect, below = (-1.0, 0), None, ""
    for separator in (stated[1],) if stated else (*_SEPARATORS, _NO_SEPARATOR):
        records: list[list[str]] = []
        with suppress(csv.Error):  # a cell is too long for the module; the rows before it suffice
            records.extend(csv.reader(io.StringIO(head, newline=""), delimiter=separator))
        if not whole and len(records) > 1:
            records.pop()
        blank = next((place for place, record in enumerate(records) if record), len(records))
        records = records[blank:]
        if not records:
            continue
        width = len(records[0])
        widths = Counter(map(len, filter(None, records[1:])))
        for usual, count in widths.most_common(1):
            if width == 1 < usual and count >= max(3, _MOST * widths.total()):
                below = below or f"{usual} with {separator!r} between them"
        even = sum(len(record) in {0, width} for record in records) / len(records)
        rank = (even if width > 1 else 0.0, width)
        if rank > best and (width > 1 or separator == _NO_SEPARATOR or stated):
            best = rank
            dialect = _Dialect(separator, tuple(records[0]), blank + bool(stated))
    if dialect is None:
        raise CorpusError(f"{path.name!r} is empty: expected a line with column names.")
    if below and len(dialect.header) == 1:
        warn(
            f"{path.name!r} was read as one column, since its first line has one cell; most lines "
            f"below have {below}. If there are lines above the column names, remove them.",
            FindAllWarning,
        )
    return dialect


def _check_quotes(path: Path, separator: str) -> None:
    """Raise a CorpusError if a quoted cell does not end: DuckDB leaves out all from there on."""
    starts = [rb"\A", rb"\A\xef\xbb\xbf", rb"[\r\n]", re.escape(separator.encode())]
    begins = b"|".join(b'(?<=%b")' % start for start in starts)
    cell = re.compile(b'"(?:' + begins + rb')(?:[^"]++|"")*+("|\Z)')
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for found in cell.finditer(content):
            if found[1]:
                continue
            line = content[: found.start()].count(b"\n") + 1
            raise CorpusError(
                f"{path.name!r} ends within the quoted cell that begins in line {line:,}: "
                f"{found[0][:40].decode('utf-8', 'replace')!r}. Close its quotes, or copy the "
                "file again if its end is missing."
            )


def _json(files: _Files, connection: duckdb.DuckDBPyConnection) -> DataSource:
    lines = all(path.suffix.lower() != ".json" for path in files.paths)
    options = (
        f"{files.options}, format = '{'newline_delimited' if lines else 'auto'}', "
        f"maximum_object_size = {files.longest}"
    )
    # Read cells verbatim: DuckDB's own types would round integers of more than 64 bits.
    # Before DuckDB finds their types, which takes a minute for 50,000 keys.
    keys, unnamed = connection.execute(
        "SELECT count(DISTINCT key), count_if(key = '') FROM (SELECT unnest(json_keys(json)) "
        f"AS key FROM read_json_objects({options}))"
    ).fetchall()[0]
    check_width(keys)
    if unnamed:
        raise CorpusError(
            "Expected a name for each JSON key; one is empty. Give it a name first, or pass a "
            "list of dicts."
        )
    relation = (
        f"read_json({options}, maximum_depth = 1, map_inference_threshold = -1, "
        "sample_size = -1, union_by_name = true)"
    )
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    names = [name for name, *_ in described]
    if names == ["json"]:  # a key of that name, or rows that are not objects
        other = connection.execute(
            f"SELECT json_type(json) FROM read_json_objects({options}) "
            "WHERE json_type(json) <> 'OBJECT' LIMIT 1"
        ).fetchone()
        if other is None and not keys:
            raise CorpusError("The table is empty: there is no JSON object with a key.")
        if other is not None:
            raise CorpusError(
                'Expected a JSON object for each row, such as {"name": "Oslo"}; one is of type '
                f"{other[0].lower()}."
            )
    relation += f" AS json({', '.join(f'j{place}' for place in range(len(names)))})"
    columns = [
        f"j{place}" if type_ == "JSON" else f"to_json(j{place})"
        for place, (_, type_, *_) in enumerate(described)
    ]
    looks = ", ".join(
        f"json_group_structure({column}), "
        rf"bool_and(regexp_full_match({column} ->> '$', '-?\d{{1,38}}'))"
        for column in columns
    )
    found = connection.execute(f"SELECT {looks} FROM {relation}").fetchall()[0]
    structures = [json.loads(structure or '"NULL"') for structure in found[::2]]
    cells = []
    for column, structure, whole in zip(columns, structures, found[1::2], strict=True):
        if structure in ("UBIGINT", "HUGEINT", "DOUBLE", ["DOUBLE"]) and not whole:
            text = f"{column} ->> '$'"
            rounded = connection.execute(
                rf"SELECT 1 FROM {relation} WHERE regexp_matches({text}, '(^|[^.\d])\d{{16,}}') OR "
                rf"(isinf(TRY_CAST({text} AS DOUBLE)) AND regexp_matches({text}, '\d')) LIMIT 1"
            ).fetchone()
            if rounded is not None:  # as a number
                structure = [{}] if isinstance(structure, list) else "VARCHAR"
        cells.append(_json_cell(column, structure, whole=whole))
    objects = [f"c{place}" for place, cell in enumerate(cells) if cell is None]
    texts = [cell or f"{column} ->> '$'" for column, cell in zip(columns, cells, strict=True)]
    if files.extra == ["filename"]:
        names, texts = [*names, "filename"], [*texts, files.filename]
    return DataSource(
        relation=f"(SELECT {_numbered(texts)} FROM {relation})",
        names=names,
        written_out=objects,
        usual=".",
    )


def _json_cell(column: str, structure: Any, *, whole: bool) -> str | None:
    """Return a column's SQL by its cells' structure; None for objects and mixed types."""
    if isinstance(structure, list):
        kind = "VARCHAR" if structure == ["NULL"] else structure[0]
        is_plain = kind in ("BIGINT", "BOOLEAN", "DOUBLE", "VARCHAR")
        return f"CAST({column} AS {kind}[])" if is_plain else None
    if structure in ("BIGINT", "BOOLEAN"):
        return f"CAST({column} AS {structure})"
    if structure in ("UBIGINT", "HUGEINT", "DOUBLE"):
        return f"CAST({column} ->> '$' AS {'HUGEINT' if whole else 'DOUBLE'})"
    return f"{column} ->> '$'" if structure in ("VARCHAR", "NULL") else None


def _parquet(files: _Files, connection: duckdb.DuckDBPyConnection) -> DataSource:
    _check_parquet(files.paths, connection)
    several = str(len(files.paths) > 1).lower()
    relation = f"read_parquet({files.options}, union_by_name = {several})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    names = [name for name, *_ in described]
    columns = [f"c{place}" for place in range(len(names))]
    relation += f" AS parquet({', '.join(columns)})"
    try:
        schema = parquet.read_schema(files.paths[0])
    except pa.ArrowException:  # a type that only DuckDB has
        schema = pa.schema([])
    if len(files.paths) == 1 and len(schema) == len(names):
        names = list(schema.names)  # DuckDB renames those that differ only in case
    if files.extra == ["filename"]:
        columns.append(f"{files.filename} AS c{len(names)}")
        names.append("filename")
    return DataSource(
        relation=f"(SELECT {', '.join(columns)}, file_row_number, filename FROM {relation})",
        names=names,
        descriptions=descriptions_in(schema),
        files=list(files.paths),
        usual=".",
    )


def _check_parquet(paths: Sequence[Path], connection: duckdb.DuckDBPyConnection) -> None:
    """Raise a CorpusError if a file is too wide, or has other rows or more bytes than it states.

    Equal values are stored once, so the sizes that a file states may be far too small.
    """
    for path in paths:
        pattern = pattern_of(path)
        ((expected,),) = connection.execute(
            "SELECT num_rows FROM parquet_file_metadata(?)", [pattern]
        ).fetchall()
        columns = connection.execute(
            "SELECT path_in_schema, type, sum(total_uncompressed_size), sum(num_values), "
            "max(strlen(stats_max_value)), sum(row_group_num_rows) FROM parquet_metadata(?) "
            "GROUP BY ALL",
            [pattern],
        ).fetchall()
        check_width(len(columns))
        rows = max((each for *_, each in columns), default=0)
        unpacked = 0
        for name, kind, stated, values, longest, _ in columns:
            width = _WIDTHS.get(kind, longest)
            # The longest values are left out of the metadata.
            if width is None and ", " not in name:
                found = connection.execute(
                    f"SELECT avg(strlen(CAST({quoted(name)} AS VARCHAR))) FROM "
                    f"(SELECT {quoted(name)} FROM read_parquet(?) LIMIT 100)",
                    [pattern],
                ).fetchone()
                width = found and found[0]
            unpacked += max(stated, round(values * (width or 1)))
        if rows != expected:
            raise CorpusError(
                f"{str(path)!r} is damaged: it states {expected:,} rows and has {rows:,}. Copy it "
                "again from where it was written."
            )
        size = path.stat().st_size
        if unpacked > max(_UNPACKED, _RATIO * size):
            raise CorpusError(
                f"{str(path)!r} has {size:,} bytes and unpacks to {unpacked:,}, more than "
                f"{_RATIO} times as many. Pass a table with fewer rows or shorter cells."
            )


def _numbered(cells: Sequence[str]) -> str:
    return ", ".join(f"{cell} AS c{place}" for place, cell in enumerate(cells))
