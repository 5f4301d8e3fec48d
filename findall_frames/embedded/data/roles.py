"""Which columns name, locate and describe the entities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.language.words import phrases, singular, split_name
from findall_frames.errors import CorpusError

__all__ = ["Roles", "find_roles", "listed"]

_NAME_FIRST = phrases("name, full name, title")
_THINGS = frozenset(
    phrases(
        """label, entity, company, organization, organisation, package, product, model, car, paper,
        book, film, movie, project, university, school, institution, item, hotel, restaurant,
        airport, museum, property, venue, event, song, album, game, recipe, species, station"""
    )
)
# These name the entities of some tables, and in most others say where they are or whose.
_PROPERTIES = frozenset(
    phrases(
        """country, city, state, region, location, place, person, brand, artist, team, employee,
        player, author, ceo, director, owner, manager, founder, designer, type, category, kind,
        status, genre"""
    )
)
_CODES = frozenset(
    phrases(
        "id, code, key, iso, iso2, iso3, iata, icao, sku, uuid, isbn, symbol, ticker, slug, abbr"
    )
)
_URL = phrases("url, website, web site, homepage, home page, link, domain, site")
_DESCRIPTION = phrases("description, summary, about, abstract, tagline, overview, bio")
_DESCRIPTIVE = frozenset((*_DESCRIPTION, "address", "notes", "note", "comment", "remarks", "text"))
_VAGUE = frozenset(("table", "data", "text", "description", "notes"))
_SHORT_NAME = 80
"""Texts longer than this on average, in characters, are not taken for names."""
_MOSTLY = 0.8
"""A share of the rows; names are allowed to repeat now and then."""
_FIRST = 1.3
_UNIQUE = 2.7
_CODE = 4
"""Characters of the longest code that is told by its look."""


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
    """Whether values are short texts, and neither addresses, dates nor numbers."""
    if not _is_text(column) or column.null_count == len(column) or _looks_like_url(column):
        return False
    filled = column.drop_null()
    if bool(pc.all(pc.match_substring_regex(filled, r"^[\d\W]+$")).as_py()):
        return False
    return bool(pc.mean(pc.utf8_length(filled)).as_py() <= _SHORT_NAME)


def _share_of_distinct(column: pa.ChunkedArray) -> float:
    filled = column.drop_null()
    distinct: int = pc.count_distinct(filled).as_py()
    filled_rows: int = len(filled)
    return distinct / max(1, filled_rows)


def _tells_apart(column: pa.ChunkedArray) -> bool:
    """Whether most values stand in one row only, so that a title is no "Dr" or "Manager"."""
    return _is_text(column) and _share_of_distinct(column) > _MOSTLY


def _likely(name: str, column: pa.ChunkedArray) -> float:
    """How likely a column names the entities: by what does not repeat, and by its own name."""
    words = split_name(name)
    said = " ".join(words)
    likely = 3 * _share_of_distinct(column) - (1.5 if column.null_count else 0.0)
    if said in _NAME_FIRST:
        likely += 0.3 if said == "title" else 1.4
    elif words[-1:] == ("name",) or said in _THINGS:
        # "hotel name" says more than "city name", which may be of the city that a hotel is in.
        likely += 0.3 if _PROPERTIES.intersection(words) else 1.2
    elif said in _PROPERTIES:
        likely += 0.1
    if _CODES.intersection(words) or _looks_like_codes(column):
        likely -= 1.0
    if _DESCRIPTIVE.intersection(words):
        likely -= 1.5
    return likely


def _looks_like_codes(column: pa.ChunkedArray) -> bool:
    """Whether values are all of one short length and in capitals: LHR, JFK."""
    filled = column.drop_null()
    lengths: list[int] = pc.unique(pc.utf8_length(filled)).to_pylist()
    return (
        len(lengths) == 1 and lengths[0] <= _CODE and bool(pc.all(pc.utf8_is_upper(filled)).as_py())
    )


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
    plain = tuple(name for name in (kind, f"{kind} name") if name not in _VAGUE)
    # The report in a table of reports is what they say, not what they are about.
    found = _find_by_words(table, plain, set(), lambda c: _tells_apart(c) and _may_name(c))
    found = found or _find_by_words(table, _NAME_FIRST, set(), _tells_apart)
    if found is not None:
        return found
    texts: list[str] = [name for name in table.column_names if _may_name(table.column(name))]
    if texts:
        # Of equals the first: most tables begin with the name.
        scores = {name: _likely(name, table.column(name)) for name in texts}
        if not _PROPERTIES.intersection(split_name(texts[0])) and scores[texts[0]] > _UNIQUE:
            scores[texts[0]] += _FIRST
        return max(texts, key=lambda name: (scores[name], -texts.index(name)))
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
