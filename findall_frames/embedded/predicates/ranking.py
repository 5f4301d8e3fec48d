"""Comparisons with a value of a scale: medium or higher, harder than moderate, B or better."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from findall_frames.embedded.language.quantity import Quantity
from findall_frames.embedded.language.words import fold, tokens
from findall_frames.embedded.predicates.cells import OneOf, Wanted
from findall_frames.embedded.predicates.conditions import Predicate, either
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.comparisons import Comparison
from findall_frames.embedded.reading.linking import Linker
from findall_frames.embedded.reading.marks import Marks
from findall_frames.embedded.reading.scales import LESS, MORE, Scale

__all__ = ["Ranking"]

_STEP = rf"(?:{'|'.join(sorted(MORE | LESS))}|[a-z]+er|worse)"
_NOT = r"(?:no|not|never|nothing)(?: be| been)?"


@dataclass(frozen=True)
class _Side:
    """A side of a value: up, down, and whether the value itself belongs to it."""

    word: str
    closed: bool
    denied: bool = False


class Ranking:
    """Finds comparisons with values that have an order.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._scaled: list[tuple[Column, Scale]] = []
        for column in linker.columns:
            scale = column.ladder
            if scale is not None and column.name != linker.corpus.name_column:
                self._scaled.append((column, scale))
        names = {" ".join(name) for _, scale in self._scaled for name in scale.ranks}
        value = "|".join(map(_pattern, sorted(names, key=len, reverse=True)))
        own = "|".join({re.escape(word) for column, _ in self._scaled for word in column.words})
        given = rf"(?:(?:an?|the|{own}) )*(?P<value>{value})(?!\w)"
        self._patterns: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Side]], ...] = (
            (
                re.compile(rf"\b(?P<not>{_NOT} )?(?P<step>{_STEP}) than {given}"),
                lambda m: _Side(m["step"], closed=bool(m["not"]), denied=bool(m["not"])),
            ),
            (
                re.compile(rf"\b(?:at least|minimum(?: of)?|from) {given}(?! to\b)"),
                lambda m: _Side("higher", closed=True),
            ),
            (
                re.compile(rf"\b(?:at most|maximum(?: of)?|up to) {given}"),
                lambda m: _Side("lower", closed=True),
            ),
            (
                re.compile(
                    rf"(?<!\w)(?P<value>{value})(?P<noun>(?: (?!or\b|and\b)[a-z]+)?),? "
                    rf"(?:or|and) (?:even )?(?P<step>{_STEP})\b(?! than)"
                ),
                lambda m: _Side(m["step"], closed=True),
            ),
            (
                re.compile(
                    rf"\b(?P<not>{_NOT} )?(?P<step>above|over|beyond|below|under|beneath) "
                    rf"{given}"
                ),
                lambda m: _Side(m["step"], closed=bool(m["not"]), denied=bool(m["not"])),
            ),
        )
        self._between = re.compile(
            rf"(?<!\w)(?:between (?P<value>{value}) and|(?:from )?(?P<low>{value}) to) "
            rf"(?P<until>{value})(?!\w)"
        )

    def replace(self, text: str, marks: Marks) -> str:
        """The text with a mark for each comparison with a value of a scale."""
        if not self._scaled:
            return text
        folded = fold(text)
        if len(folded) != len(text):
            return text
        for pattern, side in self._patterns:
            start = 0
            while (match := pattern.search(folded, start)) is not None:
                settled = self._read(match, side(match))
                start = match.end()
                if settled is not None:
                    noun = match.groupdict().get("noun") or ""
                    mark = self._mark(match, settled, marks) + noun
                    text = text[: match.start()] + mark + text[match.end() :]
                    folded, start = fold(text), match.start() + len(mark)
        while (match := self._between.search(folded)) is not None:
            settled = self._read_between(match)
            if settled is None:
                break
            mark = self._mark(match, settled, marks)
            text = text[: match.start()] + mark + text[match.end() :]
            folded = fold(text)
        return text

    @staticmethod
    def _mark(match: re.Match[str], settled: Predicate, marks: Marks) -> str:
        nought = Quantity(*match.span(), match.group(), 0.0, 0.0)
        return marks.put(Comparison(nought, nought, text=match.group(), settled=settled))

    def _read(self, match: re.Match[str], side: _Side) -> Predicate | None:
        """The values on one side of another, in the column that the words are about."""
        named = tuple(tokens(match["value"])) if "+" not in match["value"] else (match["value"],)
        readings = []
        for column, scale in self._meant(match, named):
            direction = scale.direction(side.word)
            direction = direction or self._linker.lexicon.direction(side.word)
            if not direction:
                continue
            direction = -direction if side.denied else direction
            edge = scale.ranks[named]
            readings.append(
                _one_of(
                    column,
                    scale,
                    lambda rank, edge=edge, up=direction: (  # type: ignore[misc]
                        (rank - edge) * up > 0 or (side.closed and rank == edge)
                    ),
                )
            )
        return either([reading for reading in readings if reading is not None])

    def _read_between(self, match: re.Match[str]) -> Predicate | None:
        low, high = tuple(tokens(match["value"] or match["low"])), tuple(tokens(match["until"]))
        readings = []
        for column, scale in self._meant(match, low):
            if high in scale.ranks:
                ends = sorted((scale.ranks[low], scale.ranks[high]))
                readings.append(
                    _one_of(column, scale, lambda rank, ends=ends: ends[0] <= rank <= ends[1])  # type: ignore[misc]
                )
        return either([reading for reading in readings if reading is not None])

    def _meant(
        self, match: re.Match[str], named: tuple[str, ...]
    ) -> Iterator[tuple[Column, Scale]]:
        """The columns of whose scale a value is: those that are named, or else that hold it."""
        fitting = [(column, scale) for column, scale in self._scaled if named in scale.ranks]
        words = [word for word in tokens(match.string) if word not in named]
        scores = [self._linker.match(column, words).score for column, _ in fitting]
        best = max(scores, default=0.0)
        if best > 0:
            fitting = [pair for pair, score in zip(fitting, scores, strict=True) if score == best]
        elif any(len(word) == 1 for word in named):
            return  # a letter alone is an article
        held = [(column, scale) for column, scale in fitting if named in _values(column)]
        yield from held or fitting


def _pattern(name: str) -> str:
    return re.escape(name).replace(r"\ ", "[ -]")


def _values(column: Column) -> dict[tuple[str, ...], str]:
    """The values of a column by what they are called on its scale."""
    own = set(column.words)
    found = {}
    for value in column.index.values:
        lettered = column.ladder is not None and column.ladder.lettered
        said = (
            (value.strip().casefold(),)
            if lettered
            else tuple(word for word in tokens(value) if word not in own)
        )
        found[said] = value
    return found


def _one_of(column: Column, scale: Scale, inside: Callable[[float], bool]) -> Predicate | None:
    """That a column has one of its values whose ranks lie inside."""
    values = {v: scale.ranks[name] for name, v in _values(column).items() if name in scale.ranks}
    chosen = sorted((value for value, rank in values.items() if inside(rank)), key=values.get)  # type: ignore[arg-type]
    wanted = tuple(Wanted(tuple(tokens(value)), value) for value in chosen)
    return OneOf(column, wanted=wanted) if wanted else None
