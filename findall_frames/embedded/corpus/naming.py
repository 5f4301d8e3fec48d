"""What columns are called and mean, and which of them name, locate and describe the rows."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import duckdb

from findall_frames.embedded.corpus.corpus import Column
from findall_frames.errors import CorpusError

__all__ = [
    "Dictionary",
    "Roles",
    "find_roles",
    "listed",
    "read_dictionary",
    "unknown_column",
    "words_of",
]

Dictionary: TypeAlias = Mapping[str, str] | str | Path
"""Descriptions by column, or the path of a JSON, TOML or CSV file of them."""

_NAMES: Final = ("name", "full name", "title")
_URLS: Final = ("url", "website", "web site", "homepage", "home page", "link", "domain", "site")
_DESCRIPTIONS: Final = ("description", "summary", "about", "abstract", "tagline", "overview", "bio")
# Columns of these names say something of the row, and not what it is.
_NOT_NAMES: Final = frozenset(
    {*_DESCRIPTIONS, "address", "note", "notes", "comment", "comments", "text", "id", "code", "key"}
)
_ROWS: Final = 20_000
"""Rows that are looked at, from the first."""
_SHORT: Final = 80
"""Characters that names have at most on average."""
_NEARLY_UNIQUE: Final = 0.8
"""The share of different cells from which a column tells rows apart."""


class Roles(NamedTuple):
    """The columns of names, addresses and descriptions; None where there is none."""

    name: str | None = None
    url: str | None = None
    description: str | None = None


class _Look(NamedTuple):
    """What the first cells of a text column are like; shares are from 0 to 1."""

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
    """Find the columns by their own names and by what they hold, where they are not given.

    `columns` are given by what they are called in the relation ``base``. Where no column can be
    the name, rows have none.

    Raises
    ------
    CorpusError
        A given column does not exist.
    """
    names = [column.name for column in columns.values()]
    for wanted in given:
        if wanted is not None and wanted not in names:
            raise unknown_column(wanted, names)
    said = {name: words_of(name) for name in names}
    looks = {
        each.name: look
        for place, each in columns.items()
        if each.kind == "text" and (look := _look(connection, place)).filled
    }
    located = [name for name, look in looks.items() if look.addresses > 0.5]
    url = given.url or _called(_URLS, located, said)
    named = {
        name: look
        for name, look in looks.items()
        if look.have_letters and look.length <= _SHORT and name not in {*located, url}
    }
    name = given.name or _find_name(named, said=said, corpus=words_of(corpus))
    written = [each.name for each in columns.values() if each.kind in {"text", "prose"}]
    free = [each for each in written if each not in {name, url}]
    return Roles(name, url, given.description or _called(_DESCRIPTIONS, free, said))


def read_dictionary(dictionary: Dictionary | None) -> dict[str, str]:
    """Return descriptions by column.

    Raises
    ------
    CorpusError
        The file cannot be read, or holds something else.

    Examples
    --------
    >>> read_dictionary({"T_flash": "flash point, in kelvin"})
    {'T_flash': 'flash point, in kelvin'}
    """
    said: Any = {} if dictionary is None else dictionary
    if isinstance(said, str | Path):
        try:
            said = _read_file(Path(said).expanduser())
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"The data dictionary {str(dictionary)!r} could not be read: {error}. Expected a "
                "JSON or TOML file of names and descriptions, or a CSV file with a column of each."
            ) from error
    if not isinstance(said, Mapping) or not all(isinstance(text, str) for text in said.values()):
        raise CorpusError(
            "Expected a data dictionary of names of columns and descriptions, such as "
            f'{{"pop": "people, inhabitants"}}; this is {said!r:.80}.'
        )
    return {str(name): " ".join(text.split()) for name, text in said.items()}


def unknown_column(wanted: str, names: Sequence[str]) -> CorpusError:
    """Return the error for a column that does not exist, with those that come near."""
    near = get_close_matches(wanted, names, n=3, cutoff=0.5)
    hint = f"Did you mean {listed(near)}?" if near else f"There are {listed(names)}."
    return CorpusError(f"There is no column {wanted!r}. {hint}")


def listed(names: Iterable[str]) -> str:
    """Return names as messages show them."""
    return ", ".join(map(repr, names))


def words_of(name: str) -> str:
    """Return a name in lower-case words.

    Examples
    --------
    >>> words_of("homePage"), words_of("T_flash")
    ('home page', 't flash')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", parted.lower()))


def _read_file(path: Path) -> object:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".toml":
        return tomllib.loads(text)
    if path.suffix.lower() == ".json":
        return json.loads(text)
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if any(len(row) < 2 for row in rows):
        raise ValueError("a line has fewer than two cells")
    # The first line may name these two columns.
    is_header = len(rows) > 1 and rows[0][0].casefold() in {"column", "name", "field", "variable"}
    return {name.strip(): said for name, said, *_ in rows[is_header:]}


def _called(known: Sequence[str], among: Iterable[str], said: Mapping[str, str]) -> str | None:
    return next((name for words in known for name in among if said[name] == words), None)


def _look(connection: duckdb.DuckDBPyConnection, column: str) -> _Look:
    (found,) = connection.execute(
        "SELECT count(c) / count(*), count(DISTINCT c) / count(c), avg(length(c)), "
        r"avg(CAST(regexp_full_match(c, '\S+\.\S+') AS INT)), "
        "max(length(c)) <= 4 AND min(length(c)) = max(length(c)) AND bool_and(c = upper(c)), "
        r"NOT bool_and(regexp_full_match(c, '[^\pL]*')) "
        f"FROM (SELECT {column} AS c FROM base LIMIT {_ROWS})"
    ).fetchall()
    return _Look(*found)


def _find_name(named: Mapping[str, _Look], *, said: Mapping[str, str], corpus: str) -> str | None:
    """Prefer what is called so, then what tells rows apart; of equals the first column."""
    apart = [name for name, look in named.items() if look.distinct >= _NEARLY_UNIQUE]
    # In rivers.parquet, a column called river names the rows.
    kinds = [said[name] for name in named if corpus in {said[name], said[name] + "s"} - {""}]
    if (name := _called([*_NAMES, *kinds], apart, said)) is not None:
        return name

    def rank(name: str) -> tuple[bool, bool, bool, float]:
        look, words = named[name], said[name]
        is_name = not words or words.split()[-1] not in _NOT_NAMES
        is_called = words in _NAMES or words.endswith(" name")
        share = round(look.distinct * look.filled, 1)
        return is_name and share >= _NEARLY_UNIQUE, is_name, is_called, share - look.are_codes

    often = [name for name, look in named.items() if look.filled > 0.5]
    return max(often, key=rank, default=None)
