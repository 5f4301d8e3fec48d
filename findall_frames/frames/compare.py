"""Compares the tables of two searches: which candidates are the same, and what changed."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.addresses import normalized_url
from findall_frames.display.matches import rows_left_out
from findall_frames.frames.convert import dataframe_of
from findall_frames.frames.lookup import CandidateKey, FieldKey, cited_pages, field_rows
from findall_frames.frames.reviews import ReviewRow, reviews_in
from findall_frames.frames.schema import DECISIONS, tables_of_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "carried_reviews", "compare", "entity_keys", "folded_name"]

Row: TypeAlias = Mapping[str, Any]

_SIDE: Final = dict.fromkeys(("name", "url", "match_status", "findall_id", "candidate_id"), "str")
_KEYS: Final = ("old_findall_id", "old_candidate_id", "new_findall_id", "new_candidate_id")
_BOTH: Final = dict.fromkeys(("name", "url", "by", *_KEYS), "str")
_CHANGE: Final = dict.fromkeys(("name", "field", "old", "new", *_KEYS), "str")
_EVIDENCE: Final = dict.fromkeys(("name", "field", "change", "old", "new", *_KEYS), "str")
_DOUBT: Final = dict.fromkeys(
    ("reason", "old_name", "old_url", "new_name", "new_url", *_KEYS), "str"
)
_DOUBTS: Final = (
    "several with this address",
    "several with this name",
    "other address",
    "other name",
)
_TO_REVIEW: Final = dict.fromkeys(("name", "url", "reason", "decision", "detail", *_KEYS), "str")
_REASONS: Final = ("new match", "changed", "gone")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_VERDICTS: Final = {True: "met", False: "not met", None: None}


class _Nothing(dict[str, Any]):
    """A missing row, in which every value is None."""

    def __missing__(self, name: str) -> None:
        return None


_NO_ROW: Final[Row] = _Nothing()


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The differences between an older and a newer search.

    Returned by `FindAllFrames.compare`. Columns are ``str`` unless noted, and every table ends
    with the ids of the candidates in both frames.

    Attributes
    ----------
    added, removed : pandas.DataFrame
        Candidates on one side only: ``name``, ``url``, ``match_status``, ids. A search of many
        rows of own data keeps all matches and only some of the other rows. Compared with that,
        only matches are listed, which are no matches on the other side; whether it has the other
        candidates is not known.
    both : pandas.DataFrame
        Candidates on both sides: ``name``, ``url`` (from the newer one), ``by`` (``id``, ``url``
        or ``name``: what they were matched by), ids.
    changed_verdicts : pandas.DataFrame
        ``name``, ``field``, ``old``, ``new``, ids. The verdict on a match condition is ``met`` or
        ``not met``; a row without a ``field`` is a change of match_status.
    changed_values : pandas.DataFrame
        ``name``, ``field``, ``old``, ``new``, ids. Missing on a side that has no value.
    changed_evidence : pandas.DataFrame
        ``name``, ``field``, ``change`` (category: ``confidence``, ``source added``,
        ``source removed``), ``old``, ``new``, ids.
    doubts : pandas.DataFrame
        Candidates to check by eye: ``reason`` (category), names, urls, ids. Those that share an
        address or a name with several others are in no other table; those that were paired
        although name or address differ are also in ``both``.
    to_review : pandas.DataFrame
        What is new to review: ``name``, ``url``, ``reason`` (category), ``decision`` (category:
        what a person said of the candidate before), ``detail``, ids. The reasons:

        - ``new match``: a match that was none before, and that nobody has judged;
        - ``changed``: verdicts or values changed since the candidate, or that field of it, was
          judged; ``detail`` names what changed;
        - ``gone``: the candidate was accepted, and the newer search does not have it.
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    both: pd.DataFrame
    changed_verdicts: pd.DataFrame
    changed_values: pd.DataFrame
    changed_evidence: pd.DataFrame
    doubts: pd.DataFrame
    to_review: pd.DataFrame

    def __repr__(self) -> str:
        to_review = f"; to review: {len(self.to_review)}" if len(self.to_review) else ""
        return (
            f"Comparison: {len(self.added)} added, {len(self.removed)} removed, "
            f"{len(self.both)} in both; changed: {len(self.changed_verdicts)} verdicts, "
            f"{len(self.changed_values)} values, {len(self.changed_evidence)} pieces of evidence; "
            f"in doubt: {len(self.doubts)}{to_review}"
        )


def compare(old: Mapping[str, pa.Table], new: Mapping[str, pa.Table]) -> Comparison:
    """Return the comparison that `FindAllFrames.compare` documents."""
    import pandas as pd

    pairing = _pair(old["candidates"].to_pylist(), new["candidates"].to_pylist())
    removed = _surely_absent(pairing.removed, new)
    added = _surely_absent(pairing.added, old)
    before, after = _Fields(old), _Fields(new)
    verdicts: list[Row] = []
    values: list[Row] = []
    evidence: list[Row] = []
    judged, judged_again = _Judged(old["reviews"]), _Judged(new["reviews"])
    to_review: list[Row] = []
    for one in pairing.pairs:
        changed: list[str] = []
        common = {"name": one.new["name"], **_ids(one.old, one.new)}
        statuses = {"old": one.old["match_status"], "new": one.new["match_status"]}
        if statuses["old"] != statuses["new"]:
            verdicts.append({**common, "field": None, **statuses})
            changed.append("match_status")
        for field, was, is_now in _both_sides(before.of(one.old), after.of(one.new)):
            about = {**common, "field": field}
            count = len(verdicts) + len(values)
            verdict = {"old": _VERDICTS[was["is_matched"]], "new": _VERDICTS[is_now["is_matched"]]}
            if verdict["old"] != verdict["new"]:
                verdicts.append({**about, **verdict})
            if not _same_value(was, is_now):
                values.append({**about, "old": was["value"], "new": is_now["value"]})
            if len(verdicts) + len(values) > count:
                changed.append(field)
            sources = before.sources(one.old, field), after.sources(one.new, field)
            evidence += [{**about, **change} for change in _evidence(was, is_now, *sources)]
        to_review += _reviews_due(one, changed, judged.of(one.old), judged_again.of(one.new))
    to_review += [
        {**_about(row), "reason": "new match", **_ids(_NO_ROW, row)}
        for row in added
        if row["match_status"] == "matched" and not judged_again.of(row)
    ]
    to_review += [
        {**_about(row), "reason": "gone", "decision": "accept", **_ids(row, _NO_ROW)}
        for row in removed
        if _decision(judged.of(row)) == "accept"
    ]
    changes = pd.CategoricalDtype(["confidence", "source added", "source removed"])
    return Comparison(
        added=dataframe_of(added, dtypes=_SIDE),
        removed=dataframe_of(removed, dtypes=_SIDE),
        both=dataframe_of([_both(one) for one in pairing.pairs], dtypes=_BOTH),
        changed_verdicts=dataframe_of(verdicts, dtypes=_CHANGE),
        changed_values=dataframe_of(values, dtypes=_CHANGE),
        changed_evidence=dataframe_of(evidence, dtypes=_EVIDENCE | {"change": changes}),
        doubts=dataframe_of(
            [_doubt(one) for one in pairing.doubts],
            dtypes=_DOUBT | {"reason": pd.CategoricalDtype(list(_DOUBTS))},
        ),
        to_review=dataframe_of(
            to_review,
            dtypes=_TO_REVIEW
            | {
                "reason": pd.CategoricalDtype(list(_REASONS)),
                "decision": pd.CategoricalDtype(list(DECISIONS)),
            },
        ),
    )


def _surely_absent(rows: list[Row], other: Mapping[str, pa.Table]) -> list[Row]:
    """Return those without a partner that the other side does not have, as far as it is known."""
    if not rows_left_out(other):
        return rows
    return [row for row in rows if row["match_status"] == "matched"]


def carried_reviews(old: Mapping[str, pa.Table], new: Mapping[str, pa.Table]) -> list[ReviewRow]:
    """Return what was judged of the same candidates in older runs, as judgements of a new run.

    A judgement of a field holds only while its value is the same. None is carried over to a
    candidate that is only perhaps the same.
    """
    carried = []
    rows, after = new["candidates"].to_pylist(), _Fields(new)
    for findall_id in pc.unique(old["reviews"]["findall_id"]).to_pylist():
        of_run = tables_of_run(old, findall_id)
        pairing = _pair(of_run["candidates"].to_pylist(), rows)
        doubtful = {id(doubt.new) for doubt in pairing.doubts}
        before, judged = _Fields(of_run), _Judged(of_run["reviews"])
        for one in pairing.pairs:
            if id(one.new) in doubtful:
                continue
            was, is_now = before.of(one.old), after.of(one.new)
            carried += [
                each._replace(
                    findall_id=one.new["findall_id"], candidate_id=one.new["candidate_id"]
                )
                for each in judged.of(one.old)
                if each.field is None
                or _same_value(was.get(each.field, _NO_ROW), is_now.get(each.field, _NO_ROW))
            ]
    return carried


class _Judged:
    """The judgements of one side by candidate."""

    def __init__(self, reviews: pa.Table) -> None:
        self._reviews: defaultdict[CandidateKey, list[ReviewRow]] = defaultdict(list)
        for each in reviews_in(reviews):
            self._reviews[each.findall_id, each.candidate_id].append(each)

    def of(self, candidate: Row) -> Sequence[ReviewRow]:
        return self._reviews[candidate["findall_id"], candidate["candidate_id"]]


def _reviews_due(
    one: _Pair, changed: Collection[str], before: Sequence[ReviewRow], after: Sequence[ReviewRow]
) -> Iterator[Row]:
    """Yield a row if the new candidate has to be judged, or judged again."""
    about = {**_about(one.new), **_ids(one.old, one.new)}
    if not before:
        is_new = one.new["match_status"] == "matched" != one.old["match_status"]
        if is_new and not after:
            yield {**about, "reason": "new match"}
        return
    is_whole = any(each.field is None for each in before)
    judged = {each.field for each in before}
    due = [name for name in changed if is_whole or name in judged]
    if due and _last(after) <= _last(before):
        decision = _decision(after) or _decision(before)
        yield {**about, "reason": "changed", "decision": decision, "detail": ", ".join(due)}


def _decision(reviews: Iterable[ReviewRow]) -> str | None:
    """Return what was said of the candidate as a whole."""
    return next((each.decision for each in reviews if each.field is None), None)


def _last(reviews: Iterable[ReviewRow]) -> datetime:
    return max((each.reviewed_at for each in reviews), default=_NEVER)


def _about(row: Row) -> Row:
    return {"name": row["name"], "url": row["url"]}


class _Fields:
    """The fields of one side by candidate, and their sources."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._fields: defaultdict[CandidateKey, dict[str, Row]] = defaultdict(dict)
        for row in field_rows(tables["fields"]):
            self._fields[row["findall_id"], row["candidate_id"]][row["field"]] = row
        self._sources: defaultdict[FieldKey, list[str]] = defaultdict(list)
        for field, source in cited_pages(tables["citations"]):
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
        return  # the usual case, which needs no look at the addresses
    sources, new_sources = _by_page(urls), _by_page(new_urls)
    for key, url in new_sources.items():
        if key not in sources:
            yield {"change": "source added", "new": url}
    for key, url in sources.items():
        if key not in new_sources:
            yield {"change": "source removed", "old": url}


def _by_page(urls: Iterable[str]) -> dict[str, str]:
    """Return addresses by their normal form: only another page is another source."""
    pages: dict[str, str] = {}
    for url in urls:
        pages.setdefault(normalized_url(url) or url, url)
    return pages


def _both(one: _Pair) -> Row:
    return {"name": one.new["name"], "url": one.new["url"], "by": one.by, **_ids(one.old, one.new)}


def _doubt(one: _Doubt) -> Row:
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


class _Pair(NamedTuple):
    """An old and a new candidate that are the same by ``id``, ``url`` or ``name``."""

    old: Row
    new: Row
    by: str


class _Doubt(NamedTuple):
    """One or two candidates to check by eye, and why."""

    old: Row | None
    new: Row | None
    reason: str


class _Pairing(NamedTuple):
    """The candidates that are the same, those on one side only, and the doubts."""

    pairs: list[_Pair]
    removed: list[Row]
    added: list[Row]
    doubts: list[_Doubt]


def folded_name(name: str) -> str | None:
    """Return letters and digits only, without case and accents; None if there are none.

    Examples
    --------
    >>> folded_name("Café  Müller & Co.")
    'cafe muller co'
    """
    plain = unicodedata.normalize("NFKD", name)
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", kept.casefold())) or None


def entity_keys(names: Sequence[str], urls: Sequence[str]) -> list[tuple[str, str]]:
    """Return a key for each candidate of any number of runs; candidates of one entity share it.

    The key is ``("url", address)``, or ``("name", name)`` for a candidate without an address. If
    exactly one address has that name, its key is that of the address.

    Examples
    --------
    >>> urls = ["https://www.acme.example/", "http://acme.example?utm_source=x", "", ""]
    >>> entity_keys(["Acme", "ACME Inc.", "acme", "Kilnworks"], urls)
    [('url', 'acme.example'), ('url', 'acme.example'), ('url', 'acme.example'),
     ('name', 'kilnworks')]
    """
    addresses = list(map(normalized_url, urls))
    folded = {
        name: folded_name(name) or name
        for name, address in zip(names, addresses, strict=True)
        if address is None
    }
    addresses_of: defaultdict[str, set[str]] = defaultdict(set)
    if folded:  # folding takes much longer than the rest
        for name, address in zip(names, addresses, strict=True):
            if address is not None:
                addresses_of[folded_name(name) or name].add(address)
    keys = []
    for name, address in zip(names, addresses, strict=True):
        if address is None and len(addresses_of[folded[name]]) == 1:
            (address,) = addresses_of[folded[name]]
        keys.append(("name", folded[name]) if address is None else ("url", address))
    return keys


def _pair(old: Sequence[Row], new: Sequence[Row]) -> _Pairing:
    """Match the candidates of both sides, by their ids if the run is the same, address, or name.

    If several candidates share an address or a name, nothing is guessed: those that cannot be
    told apart are doubts, and neither added nor removed. Candidates that agree in only one of
    the two are paired and also doubts.
    """
    pairs: list[_Pair] = []
    doubts: list[_Doubt] = []
    old, new = list(old), list(new)
    for by, key in (("id", _ids_of), ("url", _address), ("name", _name)):
        old, new = _pair_by(key, by, old, new, pairs=pairs, doubts=doubts)
    return _Pairing(pairs, old, new, doubts)


def _ids_of(row: Row) -> CandidateKey:
    return row["findall_id"], row["candidate_id"]


def _address(row: Row) -> str | None:
    return normalized_url(row["url"])


def _name(row: Row) -> str | None:
    return folded_name(row["name"])


def _pair_by(
    key: Callable[[Row], str | CandidateKey | None],
    by: str,
    old: list[Row],
    new: list[Row],
    *,
    pairs: list[_Pair],
    doubts: list[_Doubt],
) -> tuple[list[Row], list[Row]]:
    """Pair candidates by a key, and return those left over on each side."""
    groups: defaultdict[str | CandidateKey, tuple[list[Row], list[Row]]] = defaultdict(
        lambda: ([], [])
    )
    left: tuple[list[Row], list[Row]] = ([], [])
    for side, rows in enumerate((old, new)):
        for row in rows:
            found = key(row)
            if found is None:
                left[side].append(row)
            else:
                groups[found][side].append(row)
    for olds, news in groups.values():
        if not olds or not news:
            left[0].extend(olds)
            left[1].extend(news)
        elif len(olds) == len(news) == 1:
            pairs.append(_Pair(olds[0], news[0], by))
            if reason := _reason_to_doubt(olds[0], news[0], by):
                doubts.append(_Doubt(olds[0], news[0], reason))
        else:
            _settle_tie(olds, news, by, pairs=pairs, doubts=doubts)
    return left


def _settle_tie(
    olds: list[Row], news: list[Row], by: str, *, pairs: list[_Pair], doubts: list[_Doubt]
) -> None:
    """Pair those in a group that agree in both name and address; the others are doubts."""
    names = [[folded_name(row["name"]) for row in rows] for rows in (olds, news)]
    for name in dict.fromkeys(names[0]):
        alone = names[0].count(name) == names[1].count(name) == 1
        if by == "url" and name and alone:
            pairs.append(_Pair(olds[names[0].index(name)], news[names[1].index(name)], by))
    settled = {id(row) for one in pairs for row in (one.old, one.new)}
    reason = _DOUBTS[0] if by == "url" else _DOUBTS[1]
    doubts += [_Doubt(row, None, reason) for row in olds if id(row) not in settled]
    doubts += [_Doubt(None, row, reason) for row in news if id(row) not in settled]


def _reason_to_doubt(old: Row, new: Row, by: str) -> str | None:
    if by == "name":
        return "other address"
    return None if by == "id" or _name(old) == _name(new) else "other name"
