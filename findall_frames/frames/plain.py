"""The tables in plain types, without lists and categories, for BI tools and spreadsheets."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from findall_frames.errors import FindAllWarning, warn
from findall_frames.frames.convert import arrow_of
from findall_frames.frames.schema import CATEGORIES, COUNT, FLAG, SCHEMAS, TIME

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BI_TABLES", "PlainTables", "from_plain", "plain_names", "to_plain"]

BI_TABLES: Final = ("runs", "candidates", "fields", "citations", "reviews", "excerpts", "matches")

_CITATION: Final = ("findall_id", "candidate_id", "field", "citation")
_LEADING: Final = ("findall_id", "candidate_id")
_FLAT: Final = ("runs", "candidates", "fields", "reviews")
_PLAIN: Final = (pa.string(), COUNT, pa.float64(), FLAG, pa.date32(), TIME)
# Letters in lower case, marks (which are parts of the letters of many scripts), and digits.
_LETTERS: Final = ("Ll", "Lm", "Lo", "Mc", "Mn", "Nd")
# Unicode names such as LATIN SMALL LETTER O WITH STROKE and LATIN SMALL LIGATURE OE.
_LATIN: Final = re.compile(
    r"LATIN (?P<case>SMALL|CAPITAL) (?:LETTER|LIGATURE) "
    r"(?:(?P<letters>[A-Z]{1,2})(?: WITH .*)?|(?P<name>.*))\Z"
)
_OTHER_LATIN: Final = {
    "SHARP S": "SS",
    "THORN": "TH",
    "ETH": "D",
    "ENG": "NG",
    "DOTLESS I": "I",
    "SCHWA": "E",
    "OPEN E": "E",
    "OPEN O": "O",
    "EZH": "ZH",
    "KRA": "K",
}


class PlainTables(NamedTuple):
    """Tables without nested or encoded types, and a description of what was changed."""

    tables: dict[str, pa.Table]
    changes: list[str]


def to_plain(tables: Mapping[str, pa.Table], wide: pd.DataFrame) -> PlainTables:
    """Return the tables and the matches with plain types and names.

    Text, int64, float64, bool, date and timestamp[us, UTC] are plain. Excerpts become a table of
    their own, with one row each. A warning names the columns that were renamed.
    """
    citations = tables["citations"]
    matches, renamed = _matches(wide, findall_ids=tables["runs"]["findall_id"])
    plain = {name: _flat(tables[name]) for name in _FLAT}
    plain["citations"] = _flat(citations.drop_columns(["excerpts"]))
    plain["excerpts"] = _excerpts(citations)
    plain["matches"] = matches
    changes = [
        "citations.excerpts: from lists to the table excerpts, one row each",
        f"{', '.join(CATEGORIES)}: from categories to text, without their order",
        *(f"matches: {field!r} is the column {column!r}" for field, column in renamed.items()),
    ]
    if renamed:
        listed = ", ".join(f"{field!r} as {column!r}" for field, column in renamed.items())
        warn(
            "Some columns of matches were renamed, as not every BI tool takes their names: "
            f"{listed}.",
            FindAllWarning,
        )
    return PlainTables(plain, changes)


def from_plain(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Put the excerpts back into their citations; `conform` restores the types."""
    places: defaultdict[tuple[Any, ...], dict[int, str]] = defaultdict(dict)
    columns = (tables["excerpts"][name].to_pylist() for name in (*_CITATION, "excerpt", "text"))
    for *key, place, text in zip(*columns, strict=True):
        places[tuple(key)][place] = text
    citations = tables["citations"]
    keys = zip(*(citations[name].to_pylist() for name in _CITATION), strict=True)
    excerpts = [
        [texts[place] for place in sorted(texts)] for texts in map(places.__getitem__, keys)
    ]
    schema = SCHEMAS["citations"]
    at = schema.get_field_index("excerpts")
    column = pa.array(excerpts, schema.field("excerpts").type)
    return {
        **{name: tables[name] for name in _FLAT},
        "citations": citations.add_column(at, "excerpts", column),
    }


def plain_names(names: Iterable[str], *, taken: Iterable[str] = ()) -> dict[str, str]:
    """Return unique names of lower-case letters, digits and underscores.

    Latin letters are written in ASCII. Letters of other scripts stay, as Power BI, Tableau,
    DuckDB and Spark take them.

    Examples
    --------
    >>> plain_names(["ceoName", "CEO name", "Straße", "name", "2024 (€)", "名"], taken=["name"])
    {'ceoName': 'ceo_name', 'CEO name': 'ceo_name_2', 'Straße': 'strasse', 'name': 'name_2',
     '2024 (€)': 'column_2024', '名': '名'}
    """
    used = {name.casefold() for name in taken}
    plain = {}
    for name in names:
        parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _romanized(name)).lower()
        written = "".join(
            letter if unicodedata.category(letter) in _LETTERS else "_" for letter in parted
        )
        base = re.sub(r"_+", "_", written).strip("_")
        if not base[:1].isalpha():
            base = f"column_{base}".rstrip("_")
        candidate, number = base, 1
        while candidate.casefold() in used:
            number += 1
            candidate = f"{base}_{number}"
        used.add(candidate.casefold())
        plain[name] = candidate
    return plain


def _romanized(name: str) -> str:
    """Write the Latin letters of a name in ASCII, and its other letters in their usual form."""
    letters: list[str] = []
    for letter in unicodedata.normalize("NFKD", name):
        if not letter.isascii() and (latin := _LATIN.match(unicodedata.name(letter, ""))):
            ascii_only = latin["letters"] or _OTHER_LATIN.get(latin["name"], letter)
            letters.append(ascii_only if latin["case"] == "CAPITAL" else ascii_only.lower())
        elif not (unicodedata.combining(letter) and letters and letters[-1].isascii()):
            letters.append(letter)
    return unicodedata.normalize("NFC", "".join(letters))


def _matches(
    wide: pd.DataFrame, *, findall_ids: pa.ChunkedArray
) -> tuple[pa.Table, dict[str, str]]:
    """Return the matches with their keys first, and the columns that have another name."""
    table = arrow_of(wide)
    if "findall_id" not in table.column_names:
        only = findall_ids[0].as_py() if len(findall_ids) else None
        table = table.append_column(
            "findall_id", pa.repeat(pa.scalar(only, pa.string()), len(wide))
        )
    fields = [name for name in table.column_names if name not in _LEADING]
    names = plain_names(fields, taken=_LEADING)
    table = table.select([*_LEADING, *fields]).rename_columns([*_LEADING, *names.values()])
    return table, {field: name for field, name in names.items() if field != name}


def _flat(table: pa.Table) -> pa.Table:
    columns = []
    for field in table.schema:
        column = table[field.name]
        columns.append(column if field.type in _PLAIN else column.cast(pa.string()))
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _excerpts(citations: pa.Table) -> pa.Table:
    """Return one row per excerpt: key of the citation, place in it, text."""
    lists = citations["excerpts"].combine_chunks()
    counts = np.asarray(lists.value_lengths(), np.int64)
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = _flat(citations.select(list(_CITATION))).take(pa.array(rows))
    return keys.append_column("excerpt", pa.array(places, COUNT)).append_column(
        "text", lists.flatten().cast(pa.string())
    )
