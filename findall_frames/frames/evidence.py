"""How well the citations support what the tables say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import pyarrow as pa

__all__ = ["Best", "FieldKey", "best_citations", "mentions"]

FieldKey: TypeAlias = tuple[str, str, str]
"""findall_id, candidate_id and field: what tells a row of ``fields`` from the others."""


class Best(NamedTuple):
    """The citation that supports a field best: its url, and its excerpt if it has one."""

    url: str
    excerpt: str | None


def mentions(excerpt: str, value: str) -> bool:
    """Whether a passage contains a value, however it is capitalised and spaced."""
    return _fold(value) in _fold(excerpt)


def best_citations(
    citations: pa.Table, *, values: Mapping[FieldKey, str | None]
) -> dict[FieldKey, Best]:
    """Choose one citation for each field: one that contains the value, else the first one.

    A citation with an excerpt goes before one without. Fields that are not in ``values`` are
    left out, and so are those without a citation.
    """
    best: dict[FieldKey, tuple[int, Best]] = {}
    names = ("findall_id", "candidate_id", "field", "url", "excerpts")
    for run, candidate, field, url, excerpts in zip(
        *(citations[name].to_pylist() for name in names), strict=True
    ):
        key = (run, candidate, field)
        if key not in values:
            continue
        value = values[key]
        for excerpt in excerpts or [None]:
            telling = bool(excerpt and value and mentions(excerpt, value))
            rank = 2 if telling else 1 if excerpt else 0
            if key not in best or rank > best[key][0]:
                best[key] = (rank, Best(url, excerpt))
    return {key: chosen for key, (_, chosen) in best.items()}


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
