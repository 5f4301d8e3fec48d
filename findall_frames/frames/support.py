"""Values that their citations do not support."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from findall_frames.api.models import VERDICT_WORDS
from findall_frames.frames.dataframes import dataframe_of
from findall_frames.frames.mentions import mentions
from findall_frames.frames.rows import (
    CandidateKey,
    FieldKey,
    Source,
    candidate_keys,
    sources_of,
    with_status,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROBLEMS", "find_unsupported"]

PROBLEMS: Final = (
    "no citation",
    "no excerpt",
    "value not in excerpt",
    "low confidence",
    "no confidence",
    "one domain",
    "one source for all",
)
"""What is looked for, the gravest first."""

_DTYPES: Final = dict.fromkeys(
    ("findall_id", "candidate_id", "name", "field", "value", "problem", "detail"), "str"
)

# These are judgements on a source and not quotations from it.
_JUDGEMENTS: Final = frozenset({*VERDICT_WORDS, "unclear", "unknown"})


def find_unsupported(tables: Mapping[str, pa.Table], *, status: str | None) -> pd.DataFrame:
    """Build what `FindAllFrames.unsupported` documents."""
    import pandas as pd

    candidates = with_status(tables["candidates"], status)
    names = candidates["name"].to_pylist()
    fields: defaultdict[CandidateKey, list[dict[str, Any]]] = defaultdict(list)
    for row in tables["fields"].drop_columns(["reasoning", "extra"]).to_pylist():
        fields[row["findall_id"], row["candidate_id"]].append(row)
    cited: defaultdict[FieldKey, list[Source]] = defaultdict(list)
    for field, source in sources_of(tables["citations"]):
        cited[field].append(source)

    found = []
    for (run, candidate), name in zip(candidate_keys(candidates), names, strict=True):
        rows = fields[run, candidate]
        support = _support(
            rows, {row["field"]: cited[run, candidate, row["field"]] for row in rows}
        )
        for row, problem, detail in _problems(rows, support):
            found.append(
                {
                    "findall_id": run,
                    "candidate_id": candidate,
                    "name": name,
                    "field": row["field"],
                    "value": row["value"],
                    "problem": problem,
                    "detail": detail,
                }
            )
    return dataframe_of(found, dtypes=_DTYPES | {"problem": pd.CategoricalDtype(list(PROBLEMS))})


def _support(
    rows: Sequence[Mapping[str, Any]], cited: Mapping[str, list[Source]]
) -> dict[str, list[Source]]:
    """Gather the sources of each output; those of its elements (``products.0``) count too."""
    outputs = {row["field"] for row in rows if row["value_type"] is not None}
    support = {field: list(cited[field]) for field in outputs}
    for field, sources in cited.items():
        parent = field
        while "." in parent and parent not in outputs:
            parent = parent.rpartition(".")[0]
        if field not in outputs and parent in outputs:
            support[parent] += sources
    return support


def _problems(
    rows: Sequence[Mapping[str, Any]], support: Mapping[str, list[Source]]
) -> Iterator[tuple[Mapping[str, Any], str, str | None]]:
    urls = {source.url for sources in support.values() for source in sources}
    supported = sum(bool(sources) for sources in support.values())
    only = urls.pop() if len(urls) == 1 and supported > 1 else None
    for row in rows:
        if row["value"] is None:
            continue  # nothing is claimed
        sources = support[row["field"]]
        if not sources:
            yield row, "no citation", None
        else:
            passages = [passage for source in sources for passage in source.excerpts]
            if not passages:
                yield row, "no excerpt", ", ".join(dict.fromkeys(s.url for s in sources))
            elif missing := _unsaid(row, passages):
                yield row, "value not in excerpt", ", ".join(missing)
        if row["confidence"] in (None, "low"):
            yield row, f"{row['confidence'] or 'no'} confidence", None
        hosts = {source.domain for source in sources}
        if len(hosts) == 1:
            yield row, "one domain", hosts.pop()
        if only and sources:
            yield row, "one source for all", only


def _unsaid(row: Mapping[str, Any], passages: Sequence[str]) -> list[str]:
    """List what of a value no passage says."""
    text = row["value"]
    if row["value_type"] in ("array", "object"):
        pieces = list(dict.fromkeys(_leaves(json.loads(text, parse_float=str, parse_int=str))))
    elif row["value_type"] == "boolean" or text.strip().casefold() in _JUDGEMENTS:
        pieces = []
    else:
        pieces = [text]
    return [one for one in pieces if not any(mentions(passage, one) for passage in passages)]


def _leaves(value: Any) -> Iterator[str]:
    """Go through the texts and numbers in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
