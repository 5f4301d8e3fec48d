"""Names and descriptions of columns, and the columns that name, locate and describe rows."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import duckdb

from findall_frames.embedded.corpus.corpus import Column, blocks, stacked
from findall_frames.errors import CorpusError

__all__ = [
    "Dictionary",
    "Roles",
    "find_roles",
    "listed",
    "read_dictionary",
    "singular",
    "unknown_column",
    "words_of",
]

Dictionary: TypeAlias = Mapping[str, str] | str | Path
"""Descriptions by column, or the path of a JSON, TOML or CSV file with them."""

_NAMES: Final = ("name", "full name", "title")
_URLS: Final = ("url", "website", "web site", "homepage", "home page", "link", "domain", "site")
_DESCRIPTIONS: Final = ("description", "summary", "about", "abstract", "tagline", "overview", "bio")
# Columns of these names describe a row rather than name it.
_NOT_NAMES: Final = frozenset(
    {*_DESCRIPTIONS, "address", "note", "notes", "comment", "comments", "text", "id", "code", "key"}
)
_ROWS: Final = 20_000
"""How many rows are examined."""
_SHORT: Final = 80
"""How many characters names have at most on average."""
_NEARLY_UNIQUE: Final = 0.8
"""The share of distinct cells at which a column identifies rows."""


class Roles(NamedTuple):
    """The columns of names, URLs and descriptions; None if there is none."""

    name: str | None = None
    url: str | None = None
    description: str | None = None


class _Look(NamedTuple):
    """Statistics of the first cells of a text column; shares are from 0 to 1."""

    filled: float
    distinct: float
    length: float
    addresses: float
    are_codes: bool
    have_letters: bool


def find_roles(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, Column],
    *,
    corpus: str,
    given: Roles,
) -> Roles:
    """Find the columns that are not given, by their names and their cells.

    `columns` are by their names in the relation ``base``. If no column can be the name, rows have
    none.

    Raises
    ------
    CorpusError
        A given column does not exist.
    """
    names = [column.name for column in columns.values()]
    for wanted in given:
        if wanted is not None and wanted not in names:
            raise unknown_column(wanted, names)
    words = {name: words_of(name) for name in names}
    places = {place: each.name for place, each in columns.items() if each.kind == "text"}
    looks = {places[place]: look for place, look in _looks(connection, list(places))}
    located = [name for name, look in looks.items() if look.addresses > 0.5]
    url = given.url or _called(_URLS, located, words)
    named = {
        name: look
        for name, look in looks.items()
        if look.have_letters and look.length <= _SHORT and name not in {*located, url}
    }
    name = given.name or _find_name(named, words=words, corpus=words_of(corpus))
    written = [each.name for each in columns.values() if each.kind in {"text", "prose"}]
    free = [each for each in written if each not in {name, url}]
    return Roles(name, url, given.description or _called(_DESCRIPTIONS, free, words))


def read_dictionary(dictionary: Dictionary | None) -> dict[str, str]:
    """Return descriptions by column.

    Raises
    ------
    CorpusError
        The file cannot be read, or is not a data dictionary.
    """
    given: Any = {} if dictionary is None else dictionary
    if isinstance(given, str | Path):
        try:
            given = _read_file(Path(given).expanduser())
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"The data dictionary {str(dictionary)!r} could not be read: {error}. Expected a "
                "JSON or TOML file of names and descriptions, or a CSV file with a column for each."
            ) from error
    if not isinstance(given, Mapping) or not all(isinstance(text, str) for text in given.values()):
        raise CorpusError(
            "Expected a data dictionary that maps column names to descriptions, such as "
            f'{{"pop": "people, inhabitants"}}; got {given!r:.80}.'
        )
    return {str(name): " ".join(text.split()) for name, text in given.items()}


def unknown_column(wanted: str, names: Sequence[str]) -> CorpusError:
    """Return the error for a column that does not exist, with similar names as a hint."""
    near = get_close_matches(wanted, names, n=3, cutoff=0.5)
    hint = f"Did you mean {listed(near)}?" if near else f"There are {listed(names)}."
    return CorpusError(f"There is no column {wanted!r}. {hint}")


def listed(names: Iterable[str]) -> str:
    """Return names in quotes, with commas between them."""
    return ", ".join(map(repr, names))


def words_of(name: str) -> str:
    """Return a name as lower-case words.

    Examples
    --------
    >>> words_of("homePage"), words_of("T_flash")
    ('home page', 't flash')
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", apart.casefold()))


def singular(word: str) -> str:
    """Return a lower-case noun without the ending of a plural.

    Examples
    --------
    >>> [singular(word) for word in ("cities", "dates", "bus", "glass")]
    ['city', 'date', 'bus', 'glass']
    """
    return re.sub("(?<=..[^su])s$", "", re.sub("(?<=..)ies$", "y", word))


def _read_file(path: Path) -> object:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".toml":
        return tomllib.loads(text)
    if path.suffix.lower() == ".json":
        return json.loads(text)
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if any(len(row) < 2 for row in rows):
        raise ValueError("a line has fewer than two cells")
    # The first line may be a header.
    is_header = len(rows) > 1 and rows[0][0].casefold() in {"column", "name", "field", "variable"}
    return {name.strip(): text for name, text, *_ in rows[is_header:]}


def _called(known: Sequence[str], among: Iterable[str], words: Mapping[str, str]) -> str | None:
    return next((name for form in known for name in among if words[name] == form), None)


def _looks(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str]
) -> Iterator[tuple[str, _Look]]:
    """Yield each column that has a value in the first rows, with statistics of these cells."""
    for block in blocks(columns):
        rows = f"(SELECT {', '.join(block)} FROM base LIMIT {_ROWS})"
        found = connection.execute(
            "SELECT place, count(cell) / count(*), count(DISTINCT cell) / count(cell), "
            r"avg(length(cell)), avg(CAST(regexp_full_match(cell, '\S+\.\S+') AS INT)), "
            "max(length(cell)) <= 4 AND min(length(cell)) = max(length(cell)) "
            "AND bool_and(cell = upper(cell)), "
            r"NOT bool_and(regexp_full_match(cell, '[^\pL]*')) "
            f"FROM {stacked(block, rows)} GROUP BY place HAVING count(cell) > 0 ORDER BY place"
        ).fetchall()
        yield from ((block[place], _Look(*look)) for place, *look in found)


def _find_name(named: Mapping[str, _Look], *, words: Mapping[str, str], corpus: str) -> str | None:
    """Prefer columns called "name" or similar, then those that identify rows, then the first."""
    apart = [name for name, look in named.items() if look.distinct >= _NEARLY_UNIQUE]
    # In rivers.parquet, the column "river" names the rows.
    kinds = [words[name] for name in named if corpus in {words[name], words[name] + "s"} - {""}]
    if (name := _called([*_NAMES, *kinds], apart, words)) is not None:
        return name

    def rank(name: str) -> tuple[bool, bool, bool, float]:
        look, form = named[name], words[name]
        is_name = not form or form.split()[-1] not in _NOT_NAMES
        is_called = form in _NAMES or form.endswith(" name")
        share = round(look.distinct * look.filled, 1)
        return is_name and share >= _NEARLY_UNIQUE, is_name, is_called, share - look.are_codes

    often = [name for name, look in named.items() if look.filled > 0.5]
    return max(often, key=rank, default=None)
