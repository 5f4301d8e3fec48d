"""Corpora of the small tables of the plain reader, and all rows of a corpus."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from tests.support.plain_cases import CASES

__all__ = ["all_rows", "corpus_of"]


def all_rows(corpus: Corpus) -> list[dict[str, Any]]:
    """Return all rows of a corpus by column."""
    return corpus.rows(range(len(corpus)))


@cache
def corpus_of(field: str) -> Corpus:
    """Open one of the small tables."""
    table = CASES[field].table
    with warnings.catch_warnings(action="ignore"):
        return open_corpus(table.records(), columns=table.dictionary)
