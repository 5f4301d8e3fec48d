"""Candidates to be searched and sifted, as fast as a person types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from findall_frames.display.rows import Row, Tables, rows_of

__all__ = ["MET", "NOT_MET", "Catalogue", "Choice"]

MET = "a condition is met"
NOT_MET = "a condition is not met"
_VERDICTS = {MET: True, NOT_MET: False}

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked for; None leaves a part open.

    ``verdict`` is a match_status, `MET` or `NOT_MET`. Field, confidence, source and a verdict on
    a condition have to hold together, in one field of a candidate.
    """

    words: str = ""
    verdict: str | None = None
    confidence: str | None = None
    field: str | None = None
    domain: str | None = None


class _Entry(NamedTuple):
    """One field of a candidate, as far as it is chosen by."""

    candidate: int
    field: str
    confidence: str | None
    is_matched: bool | None
    domains: frozenset[str]


class Catalogue:
    """Every candidate of the tables, by its place in them.

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

    def find(self, choice: Choice) -> list[int]:
        """Give the places of the candidates that fit, in the order of the result.

        A candidate has to say every word, in capitals or not, somewhere in its name, address,
        description, values, reasons or sources.
        """
        left = self._saying(choice.words)
        if choice.verdict is not None and choice.verdict not in _VERDICTS:
            left = [place for place in left if self.statuses[place] == choice.verdict]
        verdict = _VERDICTS.get(choice.verdict or "")
        if choice.field is None and choice.confidence is None and verdict is None:
            return self._of_domain(left, choice.domain)
        holding = {
            entry.candidate
            for entry in self._entries
            if (choice.field is None or entry.field == choice.field)
            and (choice.confidence is None or entry.confidence == choice.confidence)
            and (verdict is None or entry.is_matched is verdict)
            and (choice.domain is None or choice.domain in entry.domains)
        }
        return [place for place in left if place in holding]

    def row(self, place: int) -> Row:
        """Give one candidate with everything behind it."""
        (row,) = rows_of(self._tables, self._tables["candidates"].slice(place, 1))
        return row

    def fields(self) -> list[tuple[str, int]]:
        """Count the candidates that have something in each field, in the order of the result."""
        return list(Counter(entry.field for entry in self._entries).items())

    def confidences(self) -> list[tuple[str, int]]:
        """Count the candidates with a field of each confidence, the surest first."""
        counts = self._candidates_by(lambda entry: [entry.confidence] if entry.confidence else [])
        known = [word for word in ("high", "medium", "low") if word in counts]
        return [(word, counts[word]) for word in (*known, *sorted(counts.keys() - {*known}))]

    def verdicts(self) -> list[tuple[str, int]]:
        """Count the candidates of each match_status, and those with a condition met or unmet."""
        by_condition = self._candidates_by(
            lambda entry: [
                word for word, verdict in _VERDICTS.items() if entry.is_matched is verdict
            ]
        )
        met = [(word, by_condition[word]) for word in _VERDICTS if word in by_condition]
        return [*Counter(self.statuses).most_common(), *met]

    def domains(self, *, most: int) -> list[tuple[str, int]]:
        """Count the candidates that cite a domain or live there, the most frequent first."""
        seen = {(entry.candidate, domain) for entry in self._entries for domain in entry.domains}
        seen |= {(place, domain) for place, domain in enumerate(self._domains) if domain}
        counts = Counter(domain for _, domain in seen)
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]

    def _saying(self, words: str) -> Sequence[int]:
        wanted = words.casefold().strip()
        before, left = self._last
        # A letter more can only leave fewer: most keystrokes look through what is left.
        if before not in wanted:
            left = range(len(self))
        for word in wanted.split():
            left = [place for place in left if word in self._texts[place]]
        self._last = (wanted, left)
        return left

    def _of_domain(self, left: Sequence[int], domain: str | None) -> list[int]:
        if domain is None:
            return list(left)
        citing = {entry.candidate for entry in self._entries if domain in entry.domains}
        return [place for place in left if self._domains[place] == domain or place in citing]

    def _candidates_by(self, words_of: Callable[[_Entry], Iterable[str]]) -> Counter[str]:
        seen = {(entry.candidate, word) for entry in self._entries for word in words_of(entry)}
        return Counter(word for _, word in seen)

    def _read(self, texts: list[list[str | None]]) -> list[_Entry]:
        """Make an entry of each field, and add what it says to the text of its candidate."""
        places = {key: place for place, key in enumerate(self.keys)}
        domains: dict[tuple[int, str], set[str]] = {}
        citations = self._tables["citations"].select(
            ["findall_id", "candidate_id", "field", "title", "url", "domain", "excerpts"]
        )
        for cited in citations.to_pylist():
            place = places[cited["findall_id"], cited["candidate_id"]]
            of_field = domains.setdefault((place, cited["field"]), set())
            if cited["domain"]:
                of_field.add(cited["domain"])
            texts[place] += [cited["title"], cited["url"], *(cited["excerpts"] or ())]
        entries = []
        fields = self._tables["fields"].select(
            [
                "findall_id",
                "candidate_id",
                "field",
                "value",
                "is_matched",
                "reasoning",
                "confidence",
            ]
        )
        for field in fields.to_pylist():
            place = places[field["findall_id"], field["candidate_id"]]
            name = field["field"]
            texts[place] += [field["value"], field["reasoning"]]
            cited_at = frozenset(domains.get((place, name), ()))
            entries.append(_Entry(place, name, field["confidence"], field["is_matched"], cited_at))
        return entries
