"""Properties of a JSON schema, filled from the row that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from findall_frames.embedded.asked import Asked, coerced, read_asked
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.data.evidence import Sources
from findall_frames.embedded.finding import Confidence, Finding
from findall_frames.embedded.language.english import ADVERBS, PREPOSITIONS
from findall_frames.embedded.language.figures import BLANKS
from findall_frames.embedded.language.lexicon import Lexicon
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import split_name, tokens
from findall_frames.embedded.predicates.conditions import Outcome, Span
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.reading import Reader
from findall_frames.embedded.texts.prose import Mention
from findall_frames.embedded.texts.stated import StatedNumber

__all__ = ["RuleFiller"]

_KINDS = ("number", "boolean", "text", "prose", "list", "date", "version")
_NOTHING = Outcome(None, None, "", "low", ())


class RuleFiller:
    """An enrichment, bound to a corpus.

    Parameters
    ----------
    corpus : Corpus
        Whose rows are filled.
    schema : mapping
        A JSON schema of an object; each of its properties is filled from one column, or where
        there is none, from the sentence that is about it.
    lexicon : Lexicon
        What words have to do with each other.
    """

    def __init__(self, corpus: Corpus, schema: Mapping[str, Any], lexicon: Lexicon) -> None:
        self._corpus = corpus
        self._lexicon = lexicon
        self._reader = Reader(corpus, lexicon)
        linker = Linker(corpus, lexicon)
        self._prose = tuple(column for column in linker.columns if column.kind == "prose")
        self._properties: list[tuple[Asked, Column | None, Confidence]] = []
        for name, about in schema.get("properties", {}).items():
            asked = read_asked(name, about if isinstance(about, Mapping) else {})
            column, confidence = _best_column(linker, asked)
            if asked.kind == "boolean" and column is not None and column.kind != "boolean":
                column = None  # whether it is so, not what stands there
            self._properties.append((asked, column, confidence))

    def fill(self, positions: Sequence[int]) -> list[Mapping[str, Finding]]:
        """Fill rows: per row one finding for each property, in schema order."""
        sources = Sources(self._corpus, positions)
        rows: list[dict[str, Finding]] = [{} for _ in positions]
        for asked, column, confidence in self._properties:
            if column is None:
                for at, outcome in enumerate(self._from_text(asked, positions)):
                    rows[at][asked.name] = _stated(asked, outcome, sources, at)
                continue
            amounts: Iterable[float | None] = [None] * len(positions)
            if column.kind == "number":
                amounts = column.amounts(positions)
            cells = zip(rows, column.cells(positions), amounts, strict=True)
            for at, (row, cell, amount) in enumerate(cells):
                row[asked.name] = _finding(column, cell, amount, asked, confidence, sources, at)
        return list(rows)

    def _from_text(self, asked: Asked, positions: Sequence[int]) -> Sequence[Outcome]:
        """What the row says of a property that no column is for."""
        if asked.kind == "boolean":
            reading = self._reader.read(asked.description or " ".join(asked.words))
            return [_as_truth(one) for one in reading.predicate.check(self._corpus, positions)]
        if asked.choices:
            return self._chosen(asked, positions)
        if asked.kind in {"number", "integer"} or asked.is_date:
            span = Span(None, None, said="a number")
            year = asked.is_year or asked.is_date
            stated = StatedNumber(asked.words, span, asked.unit, year, self._prose, self._lexicon)
            found = stated.check(self._corpus, positions)
            return [_as_day(one) for one in found] if asked.is_date else found
        if asked.kind == "string":
            mention = Mention(asked.words, self._prose, self._lexicon, literal=True)
            return mention.check(self._corpus, positions)
        return [_NOTHING] * len(positions)

    def _chosen(self, asked: Asked, positions: Sequence[int]) -> list[Outcome]:
        """The one of several values that the text mentions; nothing where it mentions more."""
        columns = self._prose
        checked = [
            Mention(tuple(tokens(choice)), columns, self._lexicon).check(self._corpus, positions)
            for choice in asked.choices
        ]
        chosen: list[Outcome] = []
        for several in zip(*checked, strict=True):
            pairs = zip(asked.choices, several, strict=True)
            told = [outcome._replace(value=choice) for choice, outcome in pairs if outcome.truth]
            chosen.append(told[0] if len(told) == 1 else _NOTHING)
        return chosen


def _as_truth(outcome: Outcome) -> Outcome:
    """The answer to a question of yes or no; a no needs something that says so, too."""
    told = outcome.truth is not None and bool(outcome.evidence)
    return outcome._replace(value=outcome.truth, truth=True) if told else _NOTHING


def _as_day(outcome: Outcome) -> Outcome:
    """The one whole date in the sentence that was found."""
    texts = [excerpt for _, excerpt in outcome.evidence]
    days = [q.dates[0] for text in texts for q in find_quantities(text) if q.is_day and q.dates]
    return outcome._replace(value=days[0].isoformat()) if len(days) == 1 else _NOTHING


def _stated(asked: Asked, outcome: Outcome, sources: Sources, at: int) -> Finding:
    whole = not isinstance(outcome.value, float) or outcome.value.is_integer()
    if not outcome.truth or (asked.kind == "integer" and not whole):
        return Finding(None, f"Nothing in the corpus is about {asked.name!r} here.", "low")
    confidence: Confidence = "low" if asked.kind != "boolean" else outcome.confidence
    return Finding(outcome.value, outcome.reason, confidence, sources.cite(at, outcome.evidence))


def _best_column(linker: Linker, asked: Asked) -> tuple[Column | None, Confidence]:
    """The column that the name of a property is about, or else its description."""
    sources: tuple[tuple[Sequence[str], Confidence], ...] = (
        (split_name(asked.name), "high"),
        ([w for w in tokens(asked.description) if w not in ADVERBS | PREPOSITIONS], "medium"),
    )
    for column in linker.columns:
        if column.name == asked.name:
            return column, "high"
    for words, confidence in sources:
        found = linker.named(words, _KINDS)
        if found and (found[0].named or found[0].score >= 0.5):
            return found[0].column, confidence if found[0].named else "medium"
    return None, "low"


def _finding(
    column: Column,
    cell: Any,
    amount: float | None,
    asked: Asked,
    confidence: Confidence,
    sources: Sources,
    at: int,
) -> Finding:
    blank = isinstance(cell, str) and cell.strip().casefold() in BLANKS
    if cell is None or cell == [] or blank:
        return Finding(None, f"{column.name} is missing.", "low")
    value = coerced(cell, amount, asked, column)
    excerpts = [str(e) for e in cell] if isinstance(cell, list) else [str(cell)]
    evidence = tuple((column.name, excerpt) for excerpt in excerpts)
    if value is None:
        reason = f"{column.name} is {excerpts[0]}, which is no {asked.wanted}."
        return Finding(None, reason, "low", sources.cite(at, evidence))
    reason = f"Taken from {column.name}: {', '.join(excerpts)[:200]}"
    return Finding(value, reason.rstrip(".") + ".", confidence, sources.cite(at, evidence))
