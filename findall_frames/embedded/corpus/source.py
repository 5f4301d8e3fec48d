"""Where the rows of a corpus come from, as DuckDB is to read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

__all__ = ["Source", "descriptions_in", "pattern_of", "sql_list", "unique_names"]


@dataclass(kw_only=True)
class Source:
    """Where the rows come from."""

    relation: str
    """What stands behind FROM; its columns are called c0, c1, and so on."""
    names: list[str]
    """The user's names of these columns; they may repeat."""
    name: str = "table"
    about: str = ""
    """What its rows are, in words; `name` where it is empty."""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """What the source says of its columns, by the user's name."""
    name_column: str | None = None
    """The column that names the rows, where the source knows it."""
    prose: frozenset[str] = frozenset()
    """Columns of running text, where the source knows them."""
    files: list[Path] = field(default_factory=list)
    """Parquet files, in the order of their rows; these stay where they are."""
    written_out: list[str] = field(default_factory=list)
    """Columns (c0, ...) that became text, since there is no type for what they hold."""
    alike: bool = False
    """Whether one program has written all cells as text, so that one column tells of another."""
    usual: Literal[".", ","] | None = None
    """The decimal sign that is usual in such files, where cells do not tell."""


def descriptions_in(schema: pa.Schema) -> dict[str, str]:
    """Return what the metadata of a schema say of its columns."""
    return {
        each.name: each.metadata[b"description"].decode("utf-8", errors="replace")
        for each in schema
        if each.metadata and b"description" in each.metadata
    }


def unique_names(names: Sequence[str], *, taken: Iterable[str] = ()) -> list[str]:
    """Return names that differ in more than the case of their letters; the first keeps its own.

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


def sql_list(values: Iterable[str | int]) -> str:
    """Return texts or whole numbers as a list in SQL.

    Examples
    --------
    >>> sql_list(["it's", 5])
    "['it''s', 5]"
    """
    texts = (
        "'" + each.replace("'", "''") + "'" if isinstance(each, str) else each for each in values
    )
    return f"[{', '.join(map(str, texts))}]"


def pattern_of(path: Path) -> str:
    """Return the pattern that matches one file, for readers that take every path for a pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))
