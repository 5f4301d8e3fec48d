"""Citations of rows of the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from findall_frames.api.models import Citation
from findall_frames.embedded.data.corpus import Corpus

__all__ = ["Sources"]


class Sources:
    """Where excerpts from some rows stand.

    Parameters
    ----------
    corpus : Corpus
        The table.
    positions : sequence of int
        Its rows, to which `cite` counts.
    """

    def __init__(self, corpus: Corpus, positions: Sequence[int]) -> None:
        names = corpus.names(positions)
        self._labels = corpus.labels(positions)
        self._addresses = [
            corpus.address(position, name=name)
            for position, name in zip(positions, names, strict=True)
        ]
        self._anchors: dict[str, str] = {}

    def cite(self, at: int, evidence: Sequence[tuple[str, str]]) -> tuple[Citation, ...]:
        """A citation for each column that excerpts of the row come from."""
        if len(evidence) == 1:
            ((column, excerpt),) = evidence
            return (self._citation(at, column, [excerpt]),)
        by_column: dict[str, list[str]] = {}
        for column, excerpt in evidence:
            by_column.setdefault(column, []).append(excerpt)
        return tuple(self._citation(at, column, texts) for column, texts in by_column.items())

    def _citation(self, at: int, column: str, excerpts: list[str]) -> Citation:
        anchor = self._anchors.get(column)
        if anchor is None:
            anchor = self._anchors[column] = "#" + quote(column, safe="")
        return Citation(self._addresses[at] + anchor, f"{self._labels[at]}: {column}", excerpts)
