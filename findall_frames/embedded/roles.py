"""Which columns name, locate and describe the entities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.words import phrases, singular, split_name
from findall_frames.errors import CorpusError

__all__ = ["Roles", "find_roles", "listed"]

_NAME_FIRST = phrases("name, full name, title")
_NAME_LATER = phrases(
    """label, entity, company, organization, organisation, country, city, package, product, person,
    model, car, paper, book, film, movie, project, university, school, institution, brand, item"""
)
_CODES = frozenset(phrases("id, code, key, iso, iso2, iso3, sku, uuid, isbn, symbol, ticker, slug"))
_URL = phrases("url, website, web site, homepage, home page, link, domain, site")
_DESCRIPTION = phrases("description, summary, about, abstract, tagline, overview, bio")
_SHORT_NAME = 80
"""A text longer than this, in characters, is not taken for a name unless a column says so."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns for name, url and description; None where there is none."""

    name: str
    url: str | None
    description: str | None


def find_roles(
    table: pa.Table,
    corpus: str,
    *,
    name_column: str | None,
    url_column: str | None,
    description_column: str | None,
) -> Roles:
    """Find the columns by their names, where they are not given.

    Raises
    ------
    CorpusError
        A given column does not exist, or none could be taken for the names.
    """
    for given in (name_column, url_column, description_column):
        if given is not None and given not in table.column_names:
            raise _unknown_column(given, table.column_names)
    name = name_column or _find_name_column(table, corpus)
    url = url_column or _find_by_words(table, _URL, {name}, _looks_like_url)
    taken = {name, url or name}
    described = description_column or _find_by_words(table, _DESCRIPTION, taken, _is_text)
    return Roles(name, url, described)


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_large_string(column.type))


def _may_name(column: pa.ChunkedArray) -> bool:
    """Whether values are unique and short, and no addresses."""
    if not _is_unique(column) or _looks_like_url(column):
        return False
    return bool(pc.max(pc.utf8_length(column)).as_py() <= _SHORT_NAME)


def _is_unique(column: pa.ChunkedArray) -> bool:
    filled = column.drop_null()
    return bool(pc.count_distinct(filled).as_py() == len(filled) > 0)


def _looks_like_url(column: pa.ChunkedArray) -> bool:
    """Whether most values are addresses: a dot, and no blanks."""
    if not _is_text(column):
        return False
    alike = pc.match_substring_regex(column.drop_null(), r"^[^\s]+\.[^\s]+$")
    return len(alike) > 0 and (pc.sum(alike).as_py() or 0) * 2 > len(alike)


def _find_by_words(
    table: pa.Table, known: Sequence[str], taken: set[str], suits: Callable[[pa.ChunkedArray], bool]
) -> str | None:
    spoken: dict[str, str] = {name: " ".join(split_name(name)) for name in table.column_names}
    for words in known:
        for name, said in spoken.items():
            if said == words and name not in taken and suits(table.column(name)):
                return name
    return None


def _find_name_column(table: pa.Table, corpus: str) -> str:
    kind = " ".join(singular(word) for word in split_name(corpus))
    found = _find_by_words(table, (*_NAME_FIRST, kind, f"{kind} name"), set(), _is_text)
    if found is not None:
        return found
    # A table of universities has a country as well; the names are what does not repeat.
    texts: list[str] = [name for name in table.column_names if _is_text(table.column(name))]
    for name in texts:
        if not _CODES.intersection(split_name(name)) and _may_name(table.column(name)):
            return name
    for name in texts:
        if " ".join(split_name(name)) in _NAME_LATER or split_name(name)[-1:] == ("name",):
            return name
    for name in texts:
        if _is_unique(table.column(name)) and _CODES.intersection(split_name(name)):
            return name
    raise CorpusError(
        "No column could be taken for the names of the entities. Say which with name_column=; "
        f"there are {listed(table.column_names)}."
    )


def _unknown_column(given: str, columns: Sequence[str]) -> CorpusError:
    near = get_close_matches(given, columns, n=3, cutoff=0.5)
    hint = f"Did you mean {listed(near)}?" if near else f"There are {listed(columns)}."
    return CorpusError(f"There is no column {given!r}. {hint}")


def listed(names: Sequence[str]) -> str:
    """Names as an error message shows them."""
    return ", ".join(repr(name) for name in names)
