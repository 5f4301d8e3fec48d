"""Which entities become the candidates of a run, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, islice
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.embedded.data.index import TextIndex
from findall_frames.embedded.finding import Judge, Selecting, Selection, StoppedError
from findall_frames.embedded.runs.exclusions import Exclusions
from findall_frames.embedded.runs.record import RunRecord

if TYPE_CHECKING:
    from findall_frames.embedded.data.corpus import Corpus, Entity

__all__ = ["Drawing", "Drawn"]

# How many candidates a generator selects at the most; None for all that there are.
_POOLS: Final[Mapping[str, int | None]] = {
    "preview": 10,
    "base": 1_000,
    "core": 10_000,
    "pro": None,
}
# So many are ranked by the question; whoever looks at more looks at the others as they stand.
_RANKED: Final = 10_000
# These look at a part of what there is, and give up when the rest is known not to match, once
# so many were looked at without a match.
_GIVING_UP: Final = frozenset(("base", "core"))
_GOOD_MANY: Final = 100

_SELECTED, _TAKEN = b"\1", b"\2"


class Drawn(NamedTuple):
    """Entities to judge.

    Attributes
    ----------
    entities : list of Entity
        In the order in which they are to be looked at.
    consumed : list of int
        For each of them, how far through its order the run is when it is judged.
    """

    entities: list[Entity]
    consumed: list[int]


class Drawing:
    """Gives the entities of a corpus in the order in which a run looks at them.

    The rows that columns select come first. Where columns cannot decide the rest, those that
    speak of the question are first among them, by full-text rank; then all come as they stand.
    The order of a run is the same whenever it is made, so that a run can go on after a restart.

    A run of the generators base and core ends early when it has had a hundred candidates or more
    without a match and all that remain are rows for which columns rule a match out: to evaluate
    them could add nothing.

    Parameters
    ----------
    run : RunRecord
        The run; what it has been through already is not given again.
    corpus : Corpus
        What it searches.
    index : TextIndex
        Of the corpus; it is built when it is needed.
    judge : Judge
        What will judge; it may know which rows can match.
    excluded : Exclusions
        What must not be given.
    stop : threading.Event
        Once it is set, whoever waits for the index gets `StoppedError`.
    """

    def __init__(
        self,
        run: RunRecord,
        *,
        corpus: Corpus,
        index: TextIndex,
        judge: Judge,
        excluded: Exclusions,
        stop: threading.Event,
    ) -> None:
        self._corpus = corpus
        self._excluded = excluded
        self._size = len(corpus)
        pool = _POOLS[run.request.generator]
        self._pool = self._size if pool is None else min(pool, self._size)
        selection = None
        if isinstance(judge, Selecting):
            selection = judge.select(thorough=self._pool < self._size)
        self._likely = self._size if selection is None else pc.sum(selection.rows).as_py()
        self._gives_up = run.request.generator in _GIVING_UP and self._pool < self._size
        order = self._order(run, index, selection, stop)
        self._order_left = islice(order, run.consumed, None)
        self._passed = run.consumed
        self._ahead = Drawn([], [])
        self._next = 0

    def take(self, run: RunRecord, *, wanted: int) -> Drawn:
        """Take the next entities, as many as are left to the run."""
        wanted = min(wanted, self._pool - run.generated)
        end = self._end(run)
        while len(self._ahead.entities) - self._next < wanted and self._look_up(wanted, end):
            pass
        taken = slice(self._next, self._next + wanted)
        drawn = Drawn(self._ahead.entities[taken], self._ahead.consumed[taken])
        self._next += len(drawn.entities)
        return drawn

    def give_back(self, size: int) -> None:
        """Take back so many of those that were taken last, to be given again."""
        self._next -= size

    def _look_up(self, wanted: int, end: int) -> bool:
        """Look more entities up, and leave out what is excluded; False when there are none."""
        positions = list(islice(self._order_left, min(wanted, end - self._passed)))
        entities = self._corpus.entities(positions)
        consumed = list(range(self._passed + 1, self._passed + 1 + len(positions)))
        if len(self._excluded):
            allowed = [not self._excluded.cover(one.name, url=one.url) for one in entities]
            entities = list(compress(entities, allowed))
            consumed = list(compress(consumed, allowed))
        left = slice(self._next, None)
        self._ahead = Drawn(
            self._ahead.entities[left] + entities, self._ahead.consumed[left] + consumed
        )
        self._next = 0
        self._passed += len(positions)
        return bool(positions)

    def is_cut_short(self, run: RunRecord) -> bool:
        """Whether nothing more is given although more candidates were allowed."""
        return run.generated < self._pool and self._passed >= self._end(run) < self._size

    def _end(self, run: RunRecord) -> int:
        """How far through its order the run may go."""
        if self._gives_up and not run.matched:
            return min(self._size, max(self._likely, _GOOD_MANY))
        return self._size

    def _order(
        self, run: RunRecord, index: TextIndex, selection: Selection | None, stop: threading.Event
    ) -> Iterator[int]:
        marks = bytearray(_SELECTED * self._size)
        if selection is not None and self._likely < self._size:
            marks[:] = memoryview(selection.rows.cast(pa.uint8()).buffers()[1])[: self._size]
            if selection.is_sure:
                return _as_they_stand(marks)
        if not index.build(stop=stop):
            raise StoppedError
        texts = [run.request.objective, run.request.entity_type]
        texts += [condition.description for condition in run.request.match_conditions]
        limit = min(self._size, self._pool + len(self._excluded), _RANKED)
        ranked = index.rank(texts, among=marks, limit=limit)
        for position in ranked:
            marks[position : position + 1] = _TAKEN
        return _ranked_first(ranked, marks)


def _ranked_first(ranked: Sequence[int], marks: bytearray) -> Iterator[int]:
    yield from ranked
    yield from _as_they_stand(marks)


def _as_they_stand(marks: bytearray) -> Iterator[int]:
    """Give the positions that are selected, then those that are not."""
    for mark in (_SELECTED, b"\0"):
        position = marks.find(mark)
        while position >= 0:
            yield position
            position = marks.find(mark, position + 1)
