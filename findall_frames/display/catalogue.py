"""Full-text search and filters over all candidates, fast enough to follow typing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from findall_frames.display.matches import CandidateRow, Tables, rows_of

__all__ = ["MET", "NOT_MET", "Catalogue", "Filters"]

MET = "a condition is met"
NOT_MET = "a condition is not met"
_VERDICTS = {MET: True, NOT_MET: False}

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Filters:
    """What to search for; None does not filter.

    ``verdict`` is a match_status, `MET` or `NOT_MET`. Field, confidence, domain and a verdict on
    a condition must hold together, in one field of a candidate.
    """

    words: str = ""
    verdict: str | None = None
    confidence: str | None = None
    field: str | None = None
    domain: str | None = None


class _Entry(NamedTuple):
    """What the filters use of one field of a candidate."""

    candidate: int
    field: str
    confidence: str | None
    is_matched: bool | None
    domains: frozenset[str]


class Catalogue:
    """All candidates of the tables, by their position in them.

    Parameters
    ----------
    tables : mapping of str to Table
        ``candidates``, ``fields`` and ``citations``.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        candidates = tables["candidates"].select(
            ["findall_id", "candidate_id", "name", "url", "domain", "description", "match_status"]
        )
        records = candidates.to_pylist()
        self.names: list[str] = [record["name"] for record in records]
        self.statuses: list[str] = [record["match_status"] for record in records]
        self.keys: list[_Key] = [(each["findall_id"], each["candidate_id"]) for each in records]
        self._domains: list[str | None] = [record["domain"] for record in records]
        texts = [[each["name"], each["url"], each["description"]] for each in records]
        self._entries = self._read(texts)
        self._texts = ["\n".join(filter(None, parts)).casefold() for parts in texts]
        self._last: tuple[str, Sequence[int]] = ("", range(len(records)))

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, filters: Filters) -> list[int]:
        """Return the positions of the candidates that pass, in the order of the result.

        A candidate must contain every word, in any case, somewhere in its name, URL,
        description, values, reasons or sources.
        """
        found = self._containing(filters.words)
        if filters.verdict is not None and filters.verdict not in _VERDICTS:
            found = [position for position in found if self.statuses[position] == filters.verdict]
        verdict = _VERDICTS.get(filters.verdict or "")
        if filters.field is None and filters.confidence is None and verdict is None:
            return self._of_domain(found, filters.domain)
        passing = {
            entry.candidate
            for entry in self._entries
            if (filters.field is None or entry.field == filters.field)
            and (filters.confidence is None or entry.confidence == filters.confidence)
            and (verdict is None or entry.is_matched is verdict)
            and (filters.domain is None or filters.domain in entry.domains)
        }
        return [position for position in found if position in passing]

    def row(self, position: int) -> CandidateRow:
        """Return one candidate with all its evidence."""
        (row,) = rows_of(self._tables, self._tables["candidates"].slice(position, 1))
        return row

    def fields(self) -> list[tuple[str, int]]:
        """Count the candidates with each field, in the order of the result."""
        return list(Counter(entry.field for entry in self._entries).items())

    def confidences(self) -> list[tuple[str, int]]:
        """Count the candidates with a field of each confidence, the highest first."""
        counts = self._candidates_by(lambda entry: [entry.confidence] if entry.confidence else [])
        known = [word for word in ("high", "medium", "low") if word in counts]
        return [(word, counts[word]) for word in (*known, *sorted(counts.keys() - {*known}))]

    def verdicts(self) -> list[tuple[str, int]]:
        """Count the candidates of each match_status, and those with a condition met or not met."""
        by_condition = self._candidates_by(
            lambda entry: [
                word for word, verdict in _VERDICTS.items() if entry.is_matched is verdict
            ]
        )
        met = [(word, by_condition[word]) for word in _VERDICTS if word in by_condition]
        return [*Counter(self.statuses).most_common(), *met]

    def domains(self, *, most: int) -> list[tuple[str, int]]:
        """Count the candidates that cite a domain or have their page there, the most first."""
        seen = {(entry.candidate, domain) for entry in self._entries for domain in entry.domains}
        seen |= {(position, domain) for position, domain in enumerate(self._domains) if domain}
        counts = Counter(domain for _, domain in seen)
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]

    def _containing(self, words: str) -> Sequence[int]:
        wanted = words.casefold().strip()
        previous, found = self._last
        # More letters can only leave fewer candidates: most keystrokes search what is left.
        if previous not in wanted:
            found = range(len(self))
        for word in wanted.split():
            found = [position for position in found if word in self._texts[position]]
        self._last = (wanted, found)
        return found

    def _of_domain(self, positions: Sequence[int], domain: str | None) -> list[int]:
        if domain is None:
            return list(positions)
        citing = {entry.candidate for entry in self._entries if domain in entry.domains}
        return [each for each in positions if self._domains[each] == domain or each in citing]

    def _candidates_by(self, words_of: Callable[[_Entry], Iterable[str]]) -> Counter[str]:
        seen = {(entry.candidate, word) for entry in self._entries for word in words_of(entry)}
        return Counter(word for _, word in seen)

    def _read(self, texts: list[list[str | None]]) -> list[_Entry]:
        """Return an entry for each field, and add its words to the texts of its candidate."""
        positions = {key: position for position, key in enumerate(self.keys)}
        domains: dict[tuple[int, str], set[str]] = {}
        keys = ["findall_id", "candidate_id", "field"]
        citations = self._tables["citations"].select([*keys, "title", "url", "domain", "excerpts"])
        for citation in citations.to_pylist():
            position = positions[citation["findall_id"], citation["candidate_id"]]
            of_field = domains.setdefault((position, citation["field"]), set())
            if citation["domain"]:
                of_field.add(citation["domain"])
            texts[position] += [citation["title"], citation["url"], *(citation["excerpts"] or ())]
        entries = []
        fields = self._tables["fields"].select(
            [*keys, "value", "is_matched", "reasoning", "confidence"]
        )
        for field in fields.to_pylist():
            position = positions[field["findall_id"], field["candidate_id"]]
            name = field["field"]
            texts[position] += [field["value"], field["reasoning"]]
            cited = frozenset(domains.get((position, name), ()))
            entries.append(_Entry(position, name, field["confidence"], field["is_matched"], cited))
        return entries
