"""The most and the least of a column: the deepest, the fewest seats, the oldest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.language.english import FILLERS, PREPOSITIONS, is_negator
from findall_frames.embedded.language.quantities import find_quantities
from findall_frames.embedded.language.words import fold, phrases, stem, tokens
from findall_frames.embedded.predicates.conditions import Outcome, Predicate, weaker
from findall_frames.embedded.reading.clauses import Token
from findall_frames.embedded.reading.columns import Column
from findall_frames.embedded.reading.linking import Linker

__all__ = ["Extreme", "Split", "Superlatives"]

_MOST = frozenset(phrases("most, highest, largest, greatest, biggest, maximum"))
_LEAST = frozenset(phrases("least, fewest, lowest, smallest, minimum"))
_EARLY = frozenset(phrases("oldest, earliest, first"))
_LATE = frozenset(phrases("youngest, newest, latest, last"))
_LARGEST = frozenset(phrases("largest, biggest"))
# "A minimum order of 500" is about a column, not about the least of all.
_IN_NAMES = frozenset(phrases("most, least, minimum, maximum, first, last"))
_ORDINAL = frozenset(phrases("first, last"))
_PARTS = (["half"], ["quarter"])
_NTH = phrases("second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth")
_LONGEST = 60
"""Words of a condition that may have a superlative in it."""
_HYPHEN = re.compile(rf"\b(\w+est|most|least|{'|'.join(_NTH)})-(?=[^\W\d_])")
_NAME = 3
_TIMELESS = frozenset(phrases("last, latest, first"))
_SPANS = frozenset(
    phrases("few, year, years, month, months, week, weeks, day, days, decade, century")
)
_TOP = re.compile(r"\b(?:the\s+)?(top|bottom)\s+(\d+|[a-z]+)\b", re.IGNORECASE)
_ENDS = {"top": "highest", "bottom": "lowest"}
_ARTICLES = frozenset(phrases("the, of, one, among, be, is, are, its, a, an"))
_SCOPES = PREPOSITIONS | frozenset(phrases("that, which, who, whose, where, with, having"))
_PARTICIPLES = frozenset(phrases("built, made, written, born, sold"))
_CLEARLY = 0.1


@dataclass(frozen=True)
class Extreme:
    """A number or date column that has its highest, or its lowest, value in the whole corpus."""

    column: Column
    highest: bool
    count: int = 1
    within: Predicate | None = None
    exact: bool = False
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def describe(self) -> str:
        """The predicate in words."""
        where = f" of those where {self.within.describe()}" if self.within else " of all"
        return f"{self.column.name} is {self._word}{where}"

    @property
    def _word(self) -> str:
        word = "highest" if self.highest else "lowest"
        if self.exact:
            return f"the {_NTH[self.count - 2]} {word}"
        return f"the {word}" if self.count == 1 else f"among the {self.count} {word}"

    @property
    def _rows(self) -> str:
        return f"the rows where {self.within.describe()}" if self.within else "all rows"

    def _limit_of(self, corpus: Corpus) -> Any:
        if "limit" not in self._known:
            self._known["limit"] = self._limit(corpus)
        return self._known["limit"]

    def _limit(self, corpus: Corpus) -> Any:
        """The last of the values that are high or low enough; None where there is none."""
        array = self.column.numbers if self.column.kind == "number" else self.column.days
        if self.within is not None:
            outcomes = self.within.check(corpus, range(len(corpus)))
            array = array.filter(pa.array([outcome.truth is True for outcome in outcomes]))
        array = array.drop_null()
        order = "descending" if self.highest else "ascending"
        places = pc.array_sort_indices(array, order=order)
        return array[places[min(self.count, len(array)) - 1].as_py()].as_py() if array else None

    def check(self, corpus: Corpus, positions: Sequence[int]) -> list[Outcome]:
        """An outcome for each position; several rows may share the value."""
        name, limit = self.column.name, self._limit_of(corpus)
        inside: list[Outcome | None] = [None] * len(positions)
        if self.within is not None:
            inside = list(self.within.check(corpus, positions))
        cells = self.column.cells(positions)
        number = self.column.kind == "number"
        compared = (self.column.amounts if number else self.column.day_list)(positions)
        outcomes = []
        for cell, value, scope in zip(cells, compared, inside, strict=True):
            if scope is not None and scope.truth is not True:
                outcomes.append(scope)
                continue
            if value is None:
                reason = f"{name} is missing, so this cannot be told."
                outcomes.append(Outcome(None, None, reason, "low", ()))
                continue
            shown = str(cell).removesuffix(".0")
            truth = limit is not None and (value >= limit if self.highest else value <= limit)
            truth = value == limit if self.exact else truth
            relation = "is" if truth else "is not"
            reason = f"{name} is {shown}, which {relation} {self._word} of {self._rows}."
            evidence = ((name, shown), *(scope.evidence if scope else ()))
            # It is no surer than what it is meant among.
            sure = weaker("medium", scope.confidence) if scope else "medium"
            outcomes.append(Outcome(truth, _plain(cell), reason, sure, evidence))
        return outcomes


class Split(NamedTuple):
    """A condition with a superlative, taken apart.

    Attributes
    ----------
    extremes : list of Extreme
        The superlative, in each way that it can be meant.
    denied : bool
        Whether a "not" stands right before it.
    rest : str
        All other words.
    """

    extremes: list[Extreme]
    denied: bool
    rest: str


class Superlatives:
    """Reads superlatives for one corpus.

    Parameters
    ----------
    linker : Linker
        Of the corpus.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._lexicon = linker.lexicon
        own = {
            full
            for c in linker.columns
            for word in c.words
            for full in linker.lexicon.spelled_out(word)
        }
        named = {stem(word) for word in own}
        self._taken = {word for word in named if word.endswith("est")} | named & _IN_NAMES
        self._ranked = bool(named & {"rank", "ranking", "position"})

    def split(self, said: str, harmless: Callable[[str], bool]) -> Split | None:
        """The superlative in a condition and the rest of it; None where there is none."""
        if not self._ranked:
            said = _TOP.sub(lambda m: f"the {m.group(2)} {_ENDS[m.group(1).lower()]}", said)
        words = _HYPHEN.sub(r"\1 ", said).split()
        if len(words) > _LONGEST:
            return None  # no question, and long to take apart
        plain = [" ".join(tokens(word)) for word in words]
        for at, word in enumerate(plain):
            if at and plain[at - 1] == "at":
                continue
            if stem(word) in self._taken or not self._superlative(word)[0]:
                continue
            if word in _TIMELESS and self._begins_name(plain[at : at + _NAME]):
                continue  # "the last inspection", of a column that is called so
            bare = not at or plain[at - 1] != "the" or plain[at + 1 : at + 2] in _PARTS
            if word in _ORDINAL and (bare or _ends_ed(plain, at + 1)):
                continue
            counted = find_quantities(plain[at - 1]) if at else []
            count = int(counted[0].value) if counted and counted[0].value >= 1 else 1
            nth = _NTH.index(plain[at - 1]) + 2 if at and plain[at - 1] in _NTH else 0
            start = at - 1 if counted or nth else at
            behind = plain[at + 1 : at + 2]
            if word in _TIMELESS and behind and (behind[0][:1].isdigit() or behind[0] in _SPANS):
                continue  # "the last 10 years" has no last of anything
            for head, rest in self._cuts(plain, words, at):
                found = self._read(head, harmless)
                if found:
                    before = words[:start]
                    while before and fold(before[-1]) in _ARTICLES:
                        before.pop()
                    made = [
                        Extreme(column, highest, nth or count, exact=nth > 0)
                        for column, highest in found
                    ]
                    denied = bool(before) and is_negator(fold(before[-1]))
                    kept = before[:-1] if denied else before
                    return Split(made, denied, " ".join([*kept, *rest]))
        return None

    def _begins_name(self, words: Sequence[str]) -> bool:
        """Whether words begin with the name of a column of several words."""
        matches = (self._linker.match(c, words) for c in self._linker.columns if len(c.words) > 1)
        return any(match.named and 0 in match.used for match in matches)

    @staticmethod
    def _cuts(
        plain: Sequence[str], words: Sequence[str], at: int
    ) -> Iterator[tuple[list[str], list[str]]]:
        """The superlative with more or fewer of the words behind it, and what is left of them."""
        by = next((n for n in range(at + 1, len(plain) - 1) if plain[n] == "by"), None)
        if by is not None:
            # "The largest in Asia by population".
            yield [plain[at], *plain[by + 1 :]], list(words[at + 1 : by])
        for cut in range(len(plain), at, -1):
            if cut == len(plain) or plain[cut] in _SCOPES or _ends_ed(plain, cut):
                yield list(plain[at:cut]), list(words[cut:])
        # "The smallest private hospital", "the most expensive red wine".
        for cut in range(len(plain) - 1, at, -1):
            yield list(plain[at:cut]), list(words[cut:])

    def _read(
        self, words: Sequence[str], harmless: Callable[[str], bool]
    ) -> list[tuple[Column, bool]]:
        """Columns that a superlative and the words behind it are about, and which end of them."""
        word, rest = words[0], list(words[1:])
        direction, attributes = self._superlative(word)
        if word in {"most", "least"} and rest:
            # "Most expensive": the adjective says of what, and "least" turns it round.
            direction *= self._lexicon.direction(rest[0]) or 1
            attributes = self._lexicon.attributes(rest[0])
        columns = [c for c in self._linker.columns if c.kind in {"number", "date"}]
        if word in _EARLY | _LATE:
            dated = [c for c in columns if c.kind == "date" or c.year_like]
            aged = [c for c in columns if "age" in c.words and word in {"oldest", "youngest"}]
            columns, direction = (aged, -direction) if aged else (dated, direction)
        rest = [word for word in rest if not self._linker.is_kind(word)]
        found = self._linker.measured(columns, rest, attributes)
        begun = self._linker.begun(columns)
        if word in _EARLY | _LATE and len(begun) == 1 and not found:
            found = [(1.0, begun[0])]
        return [
            (column, self._turned(word, column, direction) > 0)
            for score, column in found
            if found[0][0] - score < _CLEARLY and not self._left(column, rest, attributes, harmless)
        ]

    def _turned(self, word: str, column: Column, direction: int) -> int:
        """The direction in a column: the fastest has the most speed, and the fewest minutes."""
        for form in _forms(word):
            if self._lexicon.direction(form):
                same = self._lexicon.direction(form) == self._lexicon.direction_in(
                    form, self._linker.measures(column)
                )
                return direction if same else -direction
        return direction

    def _left(
        self,
        column: Column,
        rest: Sequence[str],
        attributes: Sequence[str],
        harmless: Callable[[str], bool],
    ) -> bool:
        """Whether words remain that say something else."""
        about = {stem(word) for word in (*column.words, *attributes)}
        return any(
            Token(word).is_content
            and stem(word) not in about
            and not self._linker.match(column, [word]).score
            and not self._lexicon.direction(word)
            and not harmless(word)
            and word not in FILLERS
            for word in rest
        )

    def _superlative(self, word: str) -> tuple[int, list[str]]:
        """Which end a word asks for, 1 or -1, and of what; 0 where it is no superlative."""
        if word in _MOST | _LATE:
            return 1, self._lexicon.attributes("large") if word in _LARGEST else []
        if word in _LEAST | _EARLY:
            return -1, self._lexicon.attributes("small") if word == "smallest" else []
        if not word.endswith("est") or len(word) < 6:
            return (1, ["rating"]) if word == "best" else (0, [])
        for form in _forms(word):
            direction = self._lexicon.direction(form)
            if direction:
                return direction, self._lexicon.attributes(form)
        return 0, []


def _forms(word: str) -> list[str]:
    """What a superlative may be made from: large of largest, big of biggest."""
    base = word.removesuffix("est")
    if base == word:
        return []
    forms = [base, base + "e", base.removesuffix("i") + "y"]
    return [*forms, base[:-1]] if base[-1:] == base[-2:-1] else forms


def _ends_ed(words: Sequence[str], at: int) -> bool:
    """Whether a participle begins here: the tallest | built since 2010."""
    return at < len(words) and (words[at].endswith("ed") or words[at] in _PARTICIPLES)


def _plain(cell: Any) -> Any:
    """A cell as JSON can carry it."""
    return cell if isinstance(cell, int | float | str) else str(cell)
