"""How well the citations support what the tables say."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.display.text import one_line
from findall_frames.frames.dataframes import confidence_dtype, dataframe_of
from findall_frames.frames.mentions import mentions
from findall_frames.frames.rows import FieldKey, find_candidate, sources_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Best", "CandidateEvidence", "best_citations", "evidence_of"]

_DTYPES: Final = {
    "field": "str",
    "value": "str",
    "is_matched": "boolean",
    "confidence": "category",
    "reasoning": "str",
    "citation": "Int64",
    **dict.fromkeys(("title", "url", "domain", "excerpt"), "str"),
}

_NO_EXCERPT: Final[list[str | None]] = [None]
_NO_SOURCE: Final = [dict.fromkeys(("citation", "title", "url", "domain", "excerpt"))]


class Best(NamedTuple):
    """The citation that supports a field best: its url, and its excerpt if it has one."""

    url: str
    excerpt: str | None


class CandidateEvidence:
    """Everything behind one candidate, to be read.

    Attributes
    ----------
    candidate : dict
        Its row of ``candidates``.
    """

    def __init__(self, candidate: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        self.candidate = dict(candidate)
        self._rows = rows

    @property
    def table(self) -> pd.DataFrame:
        """One row per excerpt; also for a citation without one, and a field without citation.

        The columns are ``field``, ``value``, ``is_matched`` (boolean), ``confidence`` (ordered
        category), ``reasoning``, ``citation`` (Int64, its place), ``title``, ``url``, ``domain``
        and ``excerpt``; the others are ``str``.
        """
        return dataframe_of(self._rows, dtypes=_DTYPES | {"confidence": confidence_dtype()})

    def __repr__(self) -> str:
        row = self.candidate
        head = one_line(f"{row['name']} ({row['match_status']}) {row['url']}")
        lines = [head, *_wrap(row["description"])]
        for field, of_field in groupby(self._rows, key=itemgetter("field")):
            sources = list(of_field)
            lines += [
                "",
                one_line(f"{field}: {_said(sources[0])}"),
                *_wrap(sources[0]["reasoning"]),
            ]
            for citation, cited in groupby(sources, key=itemgetter("citation")):
                if citation is None:
                    continue
                passages = list(cited)
                title, url = passages[0]["title"], passages[0]["url"]
                lines.append(f"  - {one_line(f'{title} <{url}>' if title else f'<{url}>')}")
                for passage in passages:
                    lines += _wrap(passage["excerpt"] and f"“{passage['excerpt']}”", indent=6)
        return "\n".join(lines)


def best_citations(
    citations: pa.Table, *, values: Mapping[FieldKey, str | None]
) -> dict[FieldKey, Best]:
    """Choose one citation for each field: one that says the value, else the first one.

    A citation with an excerpt goes before one without. Fields that are not in ``values`` are
    left out, and so are those without a citation.
    """
    best: dict[FieldKey, tuple[int, Best]] = {}
    for key, source in sources_of(citations):
        if key not in values or best.get(key, (0,))[0] == 2:
            continue
        value = values[key]
        for excerpt in source.excerpts or _NO_EXCERPT:
            telling = bool(excerpt and value and mentions(excerpt, value))
            rank = 2 if telling else 1 if excerpt else 0
            if key not in best or rank > best[key][0]:
                best[key] = (rank, Best(source.url, excerpt))
    return {key: chosen for key, (_, chosen) in best.items()}


def evidence_of(tables: Mapping[str, pa.Table], candidate: str) -> CandidateEvidence:
    """Build what `FindAllFrames.evidence` documents."""
    row = find_candidate(tables["candidates"], candidate)
    own = (pc.field("findall_id") == row["findall_id"]) & (
        pc.field("candidate_id") == row["candidate_id"]
    )
    cited: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for citation in tables["citations"].filter(own).to_pylist():
        source = {name: citation[name] for name in ("citation", "title", "url", "domain")}
        cited[citation["field"]] += [
            {**source, "excerpt": excerpt} for excerpt in citation["excerpts"] or _NO_EXCERPT
        ]
    rows = [
        {**field, **source}
        for field in tables["fields"].filter(own).to_pylist()
        for source in cited[field["field"]] or _NO_SOURCE
    ]
    return CandidateEvidence(row, rows)


def _said(row: Mapping[str, Any]) -> str:
    """Put value, verdict and confidence of a field into a line."""
    value = "no value" if row["value"] is None else row["value"]
    verdict = {None: "", True: ", met", False: ", not met"}[row["is_matched"]]
    sure = f" ({row['confidence']} confidence)" if row["confidence"] else ""
    return f"{value}{verdict}{sure}"


def _wrap(text: str | None, *, indent: int = 2) -> list[str]:
    space = " " * indent
    return textwrap.wrap(
        one_line(text or ""),
        width=88,
        initial_indent=space,
        subsequent_indent=space,
        break_long_words=False,
    )
