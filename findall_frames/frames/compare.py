"""What changed between two searches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa

from findall_frames.addresses import normalized_url
from findall_frames.frames.dataframes import dataframe_of
from findall_frames.frames.identity import DOUBTS, Doubt, Pair, pair
from findall_frames.frames.rows import CandidateKey, FieldKey, sources_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "compare"]

Row: TypeAlias = Mapping[str, Any]

_SIDE: Final = dict.fromkeys(("name", "url", "match_status", "findall_id", "candidate_id"), "str")
_KEYS: Final = ("old_findall_id", "old_candidate_id", "new_findall_id", "new_candidate_id")
_BOTH: Final = dict.fromkeys(("name", "url", "by", *_KEYS), "str")
_CHANGE: Final = dict.fromkeys(("name", "field", "old", "new", *_KEYS), "str")
_EVIDENCE: Final = dict.fromkeys(("name", "field", "change", "old", "new", *_KEYS), "str")
_DOUBT: Final = dict.fromkeys(
    ("reason", "old_name", "old_url", "new_name", "new_url", *_KEYS), "str"
)
_VERDICTS: Final = {True: "met", False: "not met", None: None}


class _Nothing(dict[str, Any]):
    """The row of something that is not there: all of it is None."""

    def __missing__(self, name: str) -> None:
        return None


_NO_ROW: Final[Row] = _Nothing()


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What a newer search says otherwise than an older one.

    `FindAllFrames.compare` makes it. All columns are ``str`` unless said otherwise, and every
    table ends in the ids that lead back to the rows of both frames.

    Attributes
    ----------
    added, removed : pandas.DataFrame
        Candidates on one side only: ``name``, ``url``, ``match_status``, ids.
    both : pandas.DataFrame
        Candidates on both sides: ``name``, ``url`` (as in the newer one), ``by`` (``url`` or
        ``name``: what tells that they are the same), ids.
    changed_verdicts : pandas.DataFrame
        ``name``, ``field``, ``old``, ``new``, ids. The verdict on a match condition is ``met`` or
        ``not met``; a row without a ``field`` is about the match_status of the candidate.
    changed_values : pandas.DataFrame
        ``name``, ``field``, ``old``, ``new``, ids. Missing on a side that has no value.
    changed_evidence : pandas.DataFrame
        ``name``, ``field``, ``change`` (category: ``confidence``, ``source added``,
        ``source removed``), ``old``, ``new``, ids.
    doubts : pandas.DataFrame
        What a person should look at: ``reason`` (category), names, urls, ids. Candidates that
        share an address or a name with several others are nowhere else; those that are paired
        although name or address differ are in ``both`` as well.
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    both: pd.DataFrame
    changed_verdicts: pd.DataFrame
    changed_values: pd.DataFrame
    changed_evidence: pd.DataFrame
    doubts: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Comparison: {len(self.added)} added, {len(self.removed)} removed, "
            f"{len(self.both)} in both; changed: {len(self.changed_verdicts)} verdicts, "
            f"{len(self.changed_values)} values, {len(self.changed_evidence)} pieces of evidence; "
            f"in doubt: {len(self.doubts)}"
        )


def compare(old: Mapping[str, pa.Table], new: Mapping[str, pa.Table]) -> Comparison:
    """Build what `FindAllFrames.compare` documents."""
    import pandas as pd

    pairing = pair(old["candidates"].to_pylist(), new["candidates"].to_pylist())
    before, after = _Fields(old), _Fields(new)
    verdicts: list[Row] = []
    values: list[Row] = []
    evidence: list[Row] = []
    for one in pairing.pairs:
        common = {"name": one.new["name"], **_ids(one.old, one.new)}
        statuses = {"old": one.old["match_status"], "new": one.new["match_status"]}
        if statuses["old"] != statuses["new"]:
            verdicts.append({**common, "field": None, **statuses})
        for field, was, is_now in _both_sides(before.of(one.old), after.of(one.new)):
            about = {**common, "field": field}
            verdict = {"old": _VERDICTS[was["is_matched"]], "new": _VERDICTS[is_now["is_matched"]]}
            if verdict["old"] != verdict["new"]:
                verdicts.append({**about, **verdict})
            if not _same_value(was, is_now):
                values.append({**about, "old": was["value"], "new": is_now["value"]})
            sources = before.sources(one.old, field), after.sources(one.new, field)
            evidence += [{**about, **change} for change in _evidence(was, is_now, *sources)]
    changes = pd.CategoricalDtype(["confidence", "source added", "source removed"])
    return Comparison(
        added=dataframe_of(pairing.added, dtypes=_SIDE),
        removed=dataframe_of(pairing.removed, dtypes=_SIDE),
        both=dataframe_of([_both(one) for one in pairing.pairs], dtypes=_BOTH),
        changed_verdicts=dataframe_of(verdicts, dtypes=_CHANGE),
        changed_values=dataframe_of(values, dtypes=_CHANGE),
        changed_evidence=dataframe_of(evidence, dtypes=_EVIDENCE | {"change": changes}),
        doubts=dataframe_of(
            [_doubt(one) for one in pairing.doubts],
            dtypes=_DOUBT | {"reason": pd.CategoricalDtype(list(DOUBTS))},
        ),
    )


class _Fields:
    """The fields of one side, by candidate, and their sources."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._fields: defaultdict[CandidateKey, dict[str, Row]] = defaultdict(dict)
        for row in tables["fields"].drop_columns(["reasoning", "extra"]).to_pylist():
            self._fields[row["findall_id"], row["candidate_id"]][row["field"]] = row
        self._sources: defaultdict[FieldKey, list[str]] = defaultdict(list)
        for field, source in sources_of(tables["citations"]):
            self._sources[field].append(source.url)

    def of(self, candidate: Row) -> Mapping[str, Row]:
        return self._fields[candidate["findall_id"], candidate["candidate_id"]]

    def sources(self, candidate: Row, field: str) -> Sequence[str]:
        return self._sources[candidate["findall_id"], candidate["candidate_id"], field]


def _both_sides(old: Mapping[str, Row], new: Mapping[str, Row]) -> Iterator[tuple[str, Row, Row]]:
    for field in dict.fromkeys((*new, *old)):
        yield field, old.get(field, _NO_ROW), new.get(field, _NO_ROW)


def _same_value(old: Row, new: Row) -> bool:
    if old["value"] == new["value"]:
        return True
    numbers = ("integer", "number")
    if old["value_type"] in numbers and new["value_type"] in numbers:
        return Decimal(old["value"]) == Decimal(new["value"])  # 1 and 1.0
    return False


def _evidence(old: Row, new: Row, urls: Sequence[str], new_urls: Sequence[str]) -> Iterator[Row]:
    if old["confidence"] != new["confidence"]:
        yield {"change": "confidence", "old": old["confidence"], "new": new["confidence"]}
    if urls == new_urls:
        return  # mostly, and then there is no need to look into the addresses
    sources, new_sources = _by_page(urls), _by_page(new_urls)
    for key, url in new_sources.items():
        if key not in sources:
            yield {"change": "source added", "new": url}
    for key, url in sources.items():
        if key not in new_sources:
            yield {"change": "source removed", "old": url}


def _by_page(urls: Iterable[str]) -> dict[str, str]:
    """Key addresses by what they come down to: only another page counts as another source."""
    pages: dict[str, str] = {}
    for url in urls:
        pages.setdefault(normalized_url(url) or url, url)
    return pages


def _both(one: Pair) -> Row:
    return {"name": one.new["name"], "url": one.new["url"], "by": one.by, **_ids(one.old, one.new)}


def _doubt(one: Doubt) -> Row:
    old, new = one.old or _NO_ROW, one.new or _NO_ROW
    return {
        "reason": one.reason,
        "old_name": old["name"],
        "old_url": old["url"],
        "new_name": new["name"],
        "new_url": new["url"],
        **_ids(old, new),
    }


def _ids(old: Row, new: Row) -> Row:
    values = (old["findall_id"], old["candidate_id"], new["findall_id"], new["candidate_id"])
    return dict(zip(_KEYS, values, strict=True))
