"""How well the citations support the tables: evidence, unsupported values, a summary by field."""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.addresses import OWN_DATA
from findall_frames.api.models import VERDICT_WORDS, RequestedField
from findall_frames.display.marking import leaves
from findall_frames.display.text import one_line
from findall_frames.frames.convert import confidence_dtype, dataframe_of
from findall_frames.frames.lookup import (
    CandidateKey,
    CitedPage,
    FieldKey,
    candidate_keys,
    cited_pages,
    field_rows,
    find_in_runs,
    first_kind,
    with_match_status,
)
from findall_frames.frames.schema import CONFIDENCES

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Best",
    "CandidateEvidence",
    "best_citations",
    "count_doubts",
    "evidence_of",
    "find_unsupported",
    "mentions",
    "summarize",
]

_EVIDENCE_DTYPES: Final = {
    "findall_id": "str",
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
    """The best citation for a field: its url, and its excerpt if it has one."""

    url: str
    excerpt: str | None


class CandidateEvidence:
    """Everything known about one candidate, as readable text.

    Attributes
    ----------
    candidate : dict
        Its row of ``candidates``, the first if several runs have it.
    """

    def __init__(self, candidate: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        self.candidate = dict(candidate)
        self._rows = rows

    @property
    def table(self) -> pd.DataFrame:
        """One row per excerpt, per citation without excerpt, and per field without citation.

        The columns are ``findall_id``, ``field``, ``value``, ``is_matched`` (boolean),
        ``confidence`` (ordered category), ``reasoning``, ``citation`` (Int64, its place),
        ``title``, ``url``, ``domain`` and ``excerpt``; the others are ``str``.
        """
        return dataframe_of(
            self._rows, dtypes=_EVIDENCE_DTYPES | {"confidence": confidence_dtype()}
        )

    def __repr__(self) -> str:
        row = self.candidate
        head = one_line(f"{row['name']} ({row['match_status']}) {row['url']}")
        lines = [head, *_wrap(row["description"])]
        runs = {each["findall_id"] for each in self._rows}
        for (run, field), of_field in groupby(self._rows, key=itemgetter("findall_id", "field")):
            sources = list(of_field)
            of_run = f" [{run}]" if len(runs) > 1 else ""
            lines += [
                "",
                one_line(f"{field}: {_described(sources[0])}{of_run}"),
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
    """Return one citation for each of the fields in ``values`` that has any.

    One that mentions the value comes first, then one with an excerpt, then the first.
    """
    best: dict[FieldKey, tuple[int, Best]] = {}
    for key, source in cited_pages(citations):
        if key not in values or best.get(key, (0,))[0] == 2:
            continue
        value = values[key]
        for excerpt in source.excerpts or _NO_EXCERPT:
            telling = bool(excerpt and value and mentions(excerpt, value))
            rank = 2 if telling else 1 if excerpt else 0
            if key not in best or rank > best[key][0]:
                best[key] = (rank, Best(source.url, excerpt))
    return {key: chosen for key, (_, chosen) in best.items()}


def evidence_of(tables: Mapping[str, pa.Table], candidate: str | CandidateKey) -> CandidateEvidence:
    """Return the evidence for a candidate, given its id, its name or its key."""
    found = find_in_runs(tables["candidates"], candidate)
    return CandidateEvidence(found[0], [each for row in found for each in _rows_of(tables, row)])


def _rows_of(tables: Mapping[str, pa.Table], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table of evidence that one run has for its candidate."""
    own = (pc.field("findall_id") == row["findall_id"]) & (
        pc.field("candidate_id") == row["candidate_id"]
    )
    cited: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for citation in tables["citations"].filter(own).to_pylist():
        source = {name: citation[name] for name in ("citation", "title", "url", "domain")}
        cited[citation["field"]] += [
            {**source, "excerpt": excerpt} for excerpt in citation["excerpts"] or _NO_EXCERPT
        ]
    return [
        {**field, **source}
        for field in tables["fields"].filter(own).to_pylist()
        for source in cited[field["field"]] or _NO_SOURCE
    ]


def _described(row: Mapping[str, Any]) -> str:
    """Return value, verdict and confidence of a field in a line."""
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


_PROBLEMS: Final = (
    "no citation",
    "no excerpt",
    "value not in excerpt",
    "low confidence",
    "no confidence",
    "one domain",
    "one source for all",
)
"""From the most serious to the least."""
_DOUBTS: Final = frozenset(_PROBLEMS[: _PROBLEMS.index("no confidence")])

_UNSUPPORTED_DTYPES: Final = dict.fromkeys(
    ("findall_id", "candidate_id", "name", "field", "value", "problem", "detail"), "str"
)

# Judgements on a source, which are not quoted from it.
_JUDGEMENTS: Final = frozenset({*VERDICT_WORDS, "unclear", "unknown"})

_SEPARATOR: Final = re.compile(r"[;\n]|,\s")


def find_unsupported(tables: Mapping[str, pa.Table], *, match_status: str | None) -> pd.DataFrame:
    """Return the table that `FindAllFrames.unsupported` documents."""
    import pandas as pd

    return dataframe_of(
        list(_unsupported(tables, match_status=match_status)),
        dtypes=_UNSUPPORTED_DTYPES | {"problem": pd.CategoricalDtype(list(_PROBLEMS))},
    )


def count_doubts(tables: Mapping[str, pa.Table]) -> int:
    """Count the values of matches whose sources do not state them, or whose confidence is low."""
    doubted = {
        (row["findall_id"], row["candidate_id"], row["field"])
        for row in _unsupported(tables, match_status="matched")
        if row["problem"] in _DOUBTS
    }
    return len(doubted)


def _unsupported(
    tables: Mapping[str, pa.Table], *, match_status: str | None
) -> Iterator[dict[str, Any]]:
    """Yield each problem with the row of ``fields`` that has it."""
    candidates = with_match_status(tables["candidates"], match_status)
    names = candidates["name"].to_pylist()
    fields: defaultdict[CandidateKey, list[dict[str, Any]]] = defaultdict(list)
    for row in field_rows(tables["fields"]):
        fields[row["findall_id"], row["candidate_id"]].append(row)
    cited: defaultdict[FieldKey, list[CitedPage]] = defaultdict(list)
    for field, source in cited_pages(tables["citations"]):
        cited[field].append(source)

    for (run, candidate), name in zip(candidate_keys(candidates), names, strict=True):
        own = fields[run, candidate]
        support = _support(own, {row["field"]: cited[run, candidate, row["field"]] for row in own})
        for problem_row, problem, detail in _problems(own, support):
            yield {**problem_row, "name": name, "problem": problem, "detail": detail}


def _support(
    rows: Sequence[Mapping[str, Any]], cited: Mapping[str, list[CitedPage]]
) -> dict[str, list[CitedPage]]:
    """Return the sources of each output, including those of its elements (``products.0``)."""
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
    rows: Sequence[Mapping[str, Any]], support: Mapping[str, list[CitedPage]]
) -> Iterator[tuple[Mapping[str, Any], str, str | None]]:
    # A row of own data is the only source that there can be.
    pages = {field: [s for s in sources if not _is_own(s)] for field, sources in support.items()}
    urls = {page.url for of_field in pages.values() for page in of_field}
    supported = sum(bool(of_field) for of_field in pages.values())
    only = urls.pop() if len(urls) == 1 and supported > 1 else None
    for row in rows:
        if row["value"] is None:
            continue  # nothing to support
        sources = support[row["field"]]
        if not sources:
            yield row, "no citation", None
        else:
            passages = [passage for source in sources for passage in source.excerpts]
            if not passages:
                yield row, "no excerpt", ", ".join(dict.fromkeys(s.url for s in sources))
            elif missing := _unmentioned(row, passages):
                yield row, "value not in excerpt", ", ".join(missing)
        if row["confidence"] in (None, "low"):
            yield row, f"{row['confidence'] or 'no'} confidence", None
        hosts = {source.domain for source in sources}
        if len(hosts) == 1 and pages[row["field"]]:
            yield row, "one domain", hosts.pop()
        if only and pages[row["field"]]:
            yield row, "one source for all", only


def _is_own(source: CitedPage) -> bool:
    return source.url.startswith(OWN_DATA)


def _unmentioned(row: Mapping[str, Any], passages: Sequence[str]) -> list[str]:
    """Return the parts of a value that no passage mentions."""
    text = row["value"]
    if row["value_type"] in ("array", "object"):
        pieces = list(dict.fromkeys(leaves(json.loads(text, parse_float=str, parse_int=str))))
    elif row["value_type"] == "boolean" or text.strip().casefold() in _JUDGEMENTS:
        pieces = []
    else:
        pieces = [text]
    missing = [one for one in pieces if not _is_mentioned(one, passages)]
    # A list is often one text, and its items stand apart in the passages.
    items = [item for one in missing for item in map(str.strip, _SEPARATOR.split(one)) if item]
    return [item for item in dict.fromkeys(items) if not _is_mentioned(item, passages)]


def _is_mentioned(value: str, passages: Sequence[str]) -> bool:
    return any(mentions(passage, value) for passage in passages)


_SUMMARY_DTYPES: Final = {
    "field": "str",
    "kind": "str",
    "candidates": "Int64",
    "values": "Int64",
    "coverage": "Float64",
    "match_rate": "Float64",
    **{f"{confidence}_confidence": "Int64" for confidence in CONFIDENCES},
    "citations_per_value": "Float64",
    "domains": "Int64",
}

# They were not judged.
_NOT_EVALUATED: Final = frozenset({"generated", "discarded"})


def summarize(
    tables: Mapping[str, pa.Table], *, requested: Mapping[str, RequestedField]
) -> pd.DataFrame:
    """Return the table that `FindAllFrames.summary` documents."""
    statuses = dict(
        zip(
            candidate_keys(tables["candidates"]),
            tables["candidates"]["match_status"].to_pylist(),
            strict=True,
        )
    )
    rows: dict[str, list[dict[str, Any]]] = {field: [] for field in requested}
    for row in field_rows(tables["fields"]):
        if row["value_type"] is not None:
            row["status"] = statuses[row["findall_id"], row["candidate_id"]]
            rows.setdefault(row["field"], []).append(row)
    domains: defaultdict[str, set[str]] = defaultdict(set)
    cited = (tables["citations"][name].to_pylist() for name in ("field", "domain"))
    for field, domain in zip(*cited, strict=True):
        if domain is not None:
            domains[field].add(domain)

    counts = Counter(statuses.values())
    # Own data keeps the matches and a few other rows; a rate among these would mean nothing.
    generated = pc.sum(tables["runs"]["generated_candidates_count"]).as_py() or 0
    is_whole = len(statuses) >= generated
    lines = []
    for field, own in rows.items():
        kind = requested[field].kind if field in requested else first_kind(own)
        lines.append({"field": field, "kind": kind, **_counts(own, kind=kind, counts=counts)})
        if not is_whole:
            lines[-1]["match_rate"] = None
        lines[-1]["domains"] = len(domains[field])
    return dataframe_of(lines, dtypes=_SUMMARY_DTYPES)


def _counts(
    rows: list[dict[str, Any]], *, kind: str | None, counts: Mapping[str, int]
) -> dict[str, Any]:
    # Only matches are enriched.
    concerned = {"matched"} if kind == "enrichment" else set(counts) - _NOT_EVALUATED
    candidates = sum(counts[status] for status in concerned)
    valued = [row for row in rows if row["value"] is not None]
    covered = sum(row["status"] in concerned for row in valued)
    verdicts = [row["is_matched"] for row in rows if row["is_matched"] is not None]
    sure = Counter(row["confidence"] for row in rows)
    return {
        "candidates": candidates,
        "values": len(valued),
        "coverage": covered / candidates if candidates else None,
        "match_rate": sum(verdicts) / len(verdicts) if verdicts else None,
        **{f"{confidence}_confidence": sure[confidence] for confidence in CONFIDENCES},
        "citations_per_value": (
            sum(row["citation_count"] for row in valued) / len(valued) if valued else None
        ),
    }


_NUMBER: Final = re.compile(
    r"(?<![\w.,])[-+]?(?P<digits>[0-9]{1,3}(?:[,' ][0-9]{3})+(?![0-9])|[0-9]+)(?P<rest>\.[0-9]+)?"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion|k|m|mn|bn|b))?(?!\w)",
    re.IGNORECASE,
)
_SCALES: Final = {
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "trillion": 10**12,
}
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_PLAIN: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def mentions(passage: str, value: str) -> bool:
    """Return True if a passage mentions a value, whatever its case and spaces.

    A number may have separators or a magnitude (``12,000,000``, ``12 million``), a date may be
    written out (``May 1, 2024``). Parts of words and of numbers do not count.
    """
    text, wanted = _fold(passage), _fold(value)
    if not wanted:
        return False
    if _PLAIN.fullmatch(wanted):
        return any(abs(number) == abs(Decimal(wanted)) for number in _numbers(text))
    # The substring test comes first because it is much faster and mostly fails.
    if wanted in text and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text):
        return True
    return bool(_DATE.fullmatch(wanted)) and _mentions_date(text, wanted)


def _fold(text: str) -> str:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def _numbers(text: str) -> Iterator[Decimal]:
    for found in _NUMBER.finditer(text):
        digits = re.sub(r"[^0-9]", "", found["digits"]) + (found["rest"] or "")
        yield Decimal(digits) * _SCALES.get(found["scale"] or "", 1)
        if found["scale"]:
            yield Decimal(digits)  # "5 m" may also be metres


def _mentions_date(text: str, wanted: str) -> bool:
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        return False
    month = _MONTHS[day.month - 1]
    words = set(re.findall(r"\w+", text))
    days = {str(day.day), *(f"{day.day}{ending}" for ending in ("st", "nd", "rd", "th"))}
    return str(day.year) in words and bool(words & {month, month[:3]}) and bool(words & days)
