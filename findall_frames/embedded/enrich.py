"""Properties of a JSON schema, filled from the row that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from findall_frames.embedded.columns import Column
from findall_frames.embedded.conditions import Outcome, Predicate, Span
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.english import ADVERBS, PREPOSITIONS
from findall_frames.embedded.evidence import Sources
from findall_frames.embedded.finding import Confidence, Finding
from findall_frames.embedded.lexicon import Lexicon
from findall_frames.embedded.linking import Linker
from findall_frames.embedded.prose import Mention
from findall_frames.embedded.quantities import find_quantities
from findall_frames.embedded.stated import StatedNumber
from findall_frames.embedded.words import split_name, tokens

__all__ = ["RuleFiller"]


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
        linker = Linker(corpus, lexicon)
        self._prose = tuple(column for column in linker.columns if column.kind == "prose")
        self._properties: list[tuple[str, str, Column | None, Confidence]] = []
        for name, about in schema.get("properties", {}).items():
            asked = about if isinstance(about, Mapping) else {}
            column, confidence = _best_column(linker, name, str(asked.get("description") or ""))
            self._properties.append((name, _type_of(asked), column, confidence))

    def fill(self, positions: Sequence[int]) -> list[Mapping[str, Finding]]:
        """Fill rows: per row one finding for each property, in schema order."""
        sources = Sources(self._corpus, positions)
        rows: list[dict[str, Finding]] = [{} for _ in positions]
        for name, kind, column, confidence in self._properties:
            if column is None:
                for at, outcome in enumerate(self._from_text(name, kind, positions)):
                    rows[at][name] = _stated(name, kind, outcome, sources, at)
                continue
            for at, (row, cell) in enumerate(zip(rows, column.cells(positions), strict=True)):
                row[name] = _finding(column, cell, kind, confidence, sources, at)
        return list(rows)

    def _from_text(self, name: str, kind: str, positions: Sequence[int]) -> list[Outcome]:
        """What running text says of a property: a number beside its words, or the sentence."""
        words = split_name(name)
        search: Predicate
        if kind in {"number", "integer"}:
            anything = Span(None, None, said="a number")
            search = StatedNumber(words, anything, None, False, self._prose, self._lexicon)
        elif kind == "string":
            search = Mention(words, self._prose, self._lexicon, literal=True)
        else:
            return [Outcome(None, None, "", "low", ())] * len(positions)
        return search.check(self._corpus, positions)


def _stated(name: str, kind: str, outcome: Outcome, sources: Sources, at: int) -> Finding:
    if not outcome.truth or (kind == "integer" and not isinstance(outcome.value, int)):
        return Finding(None, f"Nothing in the corpus is about {name!r} here.", "low")
    return Finding(outcome.value, outcome.reason, "low", sources.cite(at, outcome.evidence))


def _best_column(linker: Linker, name: str, description: str) -> tuple[Column | None, Confidence]:
    """The column that the name of a property is about, or else its description."""
    sources: tuple[tuple[Sequence[str], Confidence], ...] = (
        (split_name(name), "high"),
        ([w for w in tokens(description) if w not in ADVERBS | PREPOSITIONS], "medium"),
    )
    kinds = ("number", "boolean", "text", "prose", "list", "date", "version")
    for column in linker.columns:
        if column.name == name:
            return column, "high"
    for words, confidence in sources:
        found = linker.named(words, kinds)
        if found and (found[0].named or found[0].score >= 0.5):
            return found[0].column, confidence if found[0].named else "medium"
    return None, "low"


def _type_of(asked: Mapping[str, Any]) -> str:
    kind = asked.get("type", "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    return str(kind)


def _finding(
    column: Column, cell: Any, kind: str, confidence: Confidence, sources: Sources, at: int
) -> Finding:
    if cell is None or cell == []:
        return Finding(None, f"{column.name} is missing.", "low")
    value = _coerced(cell, kind, column)
    excerpts = [str(e) for e in cell] if isinstance(cell, list) else [str(cell)]
    evidence = tuple((column.name, excerpt) for excerpt in excerpts)
    if value is None:
        reason = f"{column.name} is {excerpts[0]}, which is no {kind}."
        return Finding(None, reason, "low", sources.cite(at, evidence))
    reason = f"Taken from {column.name}: {', '.join(excerpts)[:200]}"
    return Finding(value, reason.rstrip(".") + ".", confidence, sources.cite(at, evidence))


def _coerced(cell: Any, kind: str, column: Column) -> Any:
    """The cell in the type that the schema asks for; None where it cannot be that."""
    if kind == "array":
        return cell if isinstance(cell, list) else [cell]
    if kind in {"number", "integer"}:
        number = _as_number(cell)
        if number is None:
            return None
        if not float(number).is_integer():
            return number if kind == "number" else None
        return int(number) if kind == "integer" or isinstance(cell, int) else number
    if kind == "boolean":
        if isinstance(cell, str):
            return {"yes": True, "true": True, "no": False, "false": False}.get(cell.casefold())
        return bool(cell) if column.kind == "boolean" else None
    if kind == "string":
        return ", ".join(map(str, cell)) if isinstance(cell, list) else str(cell)
    return None


def _as_number(cell: Any) -> float | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return cell
    if isinstance(cell, str):
        found = find_quantities(cell)
        return found[0].value if len(found) == 1 else None
    return None
