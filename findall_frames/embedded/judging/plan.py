"""The conditions of a run as SQL: which rows meet them, and the evidence in each row."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from findall_frames.api.readings import Reading
from findall_frames.embedded.corpus.corpus import Column, Corpus, Entity, Wanted, quoted
from findall_frames.embedded.judging.finding import (
    CITED_CHARACTERS,
    Verdict,
    cite,
    passages,
    shown,
    value_of,
)
from findall_frames.embedded.reading.sql import check_order, check_sql

__all__ = ["NEAR_MISSES", "Counts", "Plan", "Selection"]

NEAR_MISSES: Final = 100
"""How many rows that fail the fewest conditions are shown as unmatched candidates."""

_FROM: Final = f"FROM {Corpus.relation}"


class Counts(NamedTuple):
    """The numbers of rows for which a condition is true, false and unknown."""

    true: int
    false: int
    unknown: int


class Selection(NamedTuple):
    """The positions of the rows that become candidates.

    `matching` are those that meet all conditions, by rank, else in table order. If a model is
    needed, these are the rows to ask about, and a rank only sorts them. `near_misses` are at most
    `NEAR_MISSES` others: first those just below the last rank, then by the number of false
    conditions, then by the number of unknown ones.
    """

    matching: Sequence[int]
    near_misses: list[int]


class _Condition(NamedTuple):
    """A reading, ready to run."""

    reading: Reading
    truth: str  # SQL: true, false, or NULL if unknown; TRUE if only a model can tell
    columns: tuple[str, ...]  # those that it depends on
    by: str | None  # SQL to rank rows by


class Plan:
    """The part of a run's conditions that columns and the full text can decide.

    Parameters
    ----------
    readings : sequence of Reading
        All of them usable.
    corpus : Corpus
        The rows.
    mentioning : callable
        Returns the positions of the rows whose text contains all of the given words.
    stop : callable
        Once it returns True, queries raise `QueryStopped`.
    """

    def __init__(
        self,
        readings: Sequence[Reading],
        corpus: Corpus,
        *,
        mentioning: Callable[[Sequence[str]], Sequence[int]],
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self._corpus = corpus
        self._stop = stop
        self._parameters: dict[str, Any] = {}
        self._conditions = [
            self._condition(number, reading, mentioning) for number, reading in enumerate(readings)
        ]
        # Not cached_property: until Python 3.12 one slow query would hold up those of other runs.
        self._ranks: dict[int, list[int]] | None = None
        self._tops = [number for number, each in enumerate(self._conditions) if each.by is not None]

    @property
    def readings(self) -> list[Reading]:
        """The readings, in the order of the conditions."""
        return [condition.reading for condition in self._conditions]

    @property
    def asked(self) -> list[Reading]:
        """The readings that need a model for each row."""
        return [reading for reading in self.readings if reading.status == "ask"]

    @property
    def columns(self) -> list[tuple[str, ...]]:
        """The columns that each condition refers to."""
        return [condition.columns for condition in self._conditions]

    @property
    def top(self) -> int | None:
        """How many rows can match at most, if a condition is a rank."""
        limits = [self._limit(number) for number in self._tops]
        return min(limits, default=None)

    def _condition(
        self,
        number: int,
        reading: Reading,
        mentioning: Callable[[Sequence[str]], Sequence[int]],
    ) -> _Condition:
        truth = "TRUE"
        columns: list[str] = []
        if reading.sql is not None:
            checked = check_sql(reading.sql, self._corpus)
            truth = checked.sql
            columns += checked.columns
        by = None
        if reading.top is not None:
            order = check_order(reading.top.by, self._corpus)
            by = order.sql
            columns += order.columns
        if reading.status == "mention":
            self._parameters[f"rows_{number}"] = list(mentioning(reading.keywords))
            truth = f"{Corpus.ROW} IN (SELECT unnest($rows_{number}::BIGINT[]))"
        return _Condition(reading, truth, tuple(dict.fromkeys(columns)), by)

    # -- which rows ------------------------------------------------------------------------------

    def counts(self, *, timeout: float | None = None) -> list[Counts]:
        """Count the rows that meet each condition, as far as columns and text decide.

        For a rank, these are the rows that can be ranked; for a question to a model, those that
        meet its columns' part.
        """
        truths = []
        for condition in self._conditions:
            truth = condition.truth
            if condition.by is not None:
                truth = f"({truth}) AND (({condition.by}) IS NOT NULL OR NULL)"
            truths.append(truth)
        if not truths:
            return []
        size, counts = self._corpus.tally(
            truths, self._parameters, stop=self._stop, timeout=timeout
        )
        return [Counts(true, known - true, size - known) for true, known in counts]

    def wanted(self, *, matches: int | None) -> Wanted:
        """Return what to fetch of a table that stays elsewhere; `matches` is None for all."""
        tops = [(each.by, each.reading.top) for each in self._conditions]
        return Wanted(
            truths=[condition.truth for condition in self._conditions],
            ranks=[(by, top.n, top.descending) for by, top in tops if by and top],
            is_asked=bool(self.asked),
            matches=matches,
            near_misses=NEAR_MISSES,
        )

    def select(self) -> Selection:
        """Find the rows that meet all conditions, and those that nearly do."""
        if not self._tops:
            matching, missed = self._met_or_unknown()
        elif self.asked:
            matching, missed = list(self._ranked), self._met_or_unknown()[1]
        else:
            matching = [row for row in self._ranked if self._is_top(row)]
            below = [row for row in self._ranked if not self._is_top(row)]
            missed = [*below[:NEAR_MISSES], *self._met_or_unknown()[1]]
        room = NEAR_MISSES - len(missed)
        return Selection(
            matching, [*missed[:NEAR_MISSES], *(self._failing(room) if room > 0 else [])]
        )

    def _met_or_unknown(self) -> tuple[Sequence[int], list[int]]:
        """Return the rows for which no condition is false: first those that meet all of them.

        The others, at most `NEAR_MISSES`, are sorted by the number of unknown conditions.
        """
        unknown = " + ".join(f"(({each.truth}) IS NULL)::INT" for each in self._conditions) or "0"
        # With a rank, the rows that meet the other conditions are found along with their ranks.
        wanted = "IS NULL" if self._tops else "IS NOT FALSE"
        found = self._query(
            f"SELECT {Corpus.ROW}, {unknown} {_FROM} WHERE ({self._met}) {wanted} "
            f"ORDER BY {Corpus.ROW}"
        )
        rows, unknowns = (column.to_numpy() for column in found)
        matching = array("q")  # a list of millions would take a second, and hold up all threads
        matching.frombytes(rows[unknowns == 0].tobytes())
        rows, unknowns = rows[unknowns > 0], unknowns[unknowns > 0]
        return matching, rows[unknowns.argsort(kind="stable")][:NEAR_MISSES].tolist()

    def _failing(self, most: int) -> list[int]:
        """Return rows with a false condition: by how many are false, then by how many unknown."""
        truths = [condition.truth for condition in self._conditions]
        if not truths:
            return []
        # Rows with one false condition and no unknown one are usually enough. To find the first
        # of them takes a fraction of the time that it takes to sort all rows.
        true = " + ".join(f"({truth})::INT" for truth in truths)
        found = self._query(
            f"SELECT {Corpus.ROW} {_FROM} WHERE {true} = {len(truths) - 1} "
            f"ORDER BY {Corpus.ROW} LIMIT {most}"
        )
        if len(found[0]) < most and len(truths) > 1:
            false = " + ".join(f"coalesce(NOT ({truth}), FALSE)::INT" for truth in truths)
            unknown = " + ".join(f"(({truth}) IS NULL)::INT" for truth in truths)
            found = self._query(
                f"SELECT {Corpus.ROW} {_FROM} WHERE NOT ({self._met}) "
                f"ORDER BY {false}, {unknown}, {Corpus.ROW} LIMIT {most}"
            )
        rows: list[int] = found[0].to_pylist()
        return rows

    @property
    def _met(self) -> str:
        """All conditions as one expression."""
        return " AND ".join(f"({condition.truth})" for condition in self._conditions) or "TRUE"

    @property
    def _ranked(self) -> dict[int, list[int]]:
        """The ranks of the rows that meet all other conditions, as many as needed, best first."""
        if self._ranks is None:
            self._ranks = self._rank()
        return self._ranks

    def _rank(self) -> dict[int, list[int]]:
        ranks, within = [], []
        for number in self._tops:
            condition = self._conditions[number]
            top = condition.reading.top
            assert top is not None
            order = "DESC" if top.descending else "ASC"
            ranks.append(f"rank() OVER (ORDER BY ({condition.by}) {order}) AS r{number}")
            within.append(f"r{number} <= {top.n + NEAR_MISSES}")
        known = " AND ".join(f"({self._conditions[n].by}) IS NOT NULL" for n in self._tops)
        enough = "TRUE" if self.asked else " AND ".join(within)
        names = ", ".join(f"r{number}" for number in self._tops)
        found = self._query(
            f"SELECT {Corpus.ROW}, {names} FROM (SELECT {Corpus.ROW}, {', '.join(ranks)} {_FROM} "
            f"WHERE {self._met} AND {known}) WHERE {enough} ORDER BY {names}, {Corpus.ROW}"
        )
        rows, *columns = (column.to_pylist() for column in found)
        return {row: list(each) for row, each in zip(rows, zip(*columns, strict=True), strict=True)}

    def _is_top(self, row: int, *, of: int | None = None) -> bool:
        ranks = self._ranked.get(row)
        if ranks is None:
            return False
        return all(
            rank <= self._limit(number)
            for number, rank in zip(self._tops, ranks, strict=True)
            if of in (None, number)
        )

    def _limit(self, number: int) -> int:
        top = self._conditions[number].reading.top
        assert top is not None
        return top.n

    @property
    def tied(self) -> str | None:
        """Why more rows are at the top than were asked for, if they are."""
        if self.asked or len(self._tops) != 1:
            return None
        (number,) = self._tops
        limit = self._limit(number)
        ranks = [rank for (rank,) in self._ranked.values() if rank <= limit]
        if len(ranks) <= limit:
            return None
        return (
            f"The condition {self._conditions[number].reading.name!r} asks for {limit:,}, and "
            f"{len(ranks):,} rows meet it, as {ranks.count(ranks[-1]):,} share rank {ranks[-1]:,}."
        )

    # -- verdicts --------------------------------------------------------------------------------

    def judge(self, entities: Sequence[Entity]) -> list[list[Verdict]]:
        """Return one verdict per condition for each row, in order.

        For a condition that needs a model, it is the verdict of the columns.
        """
        if not entities:
            return []
        positions = [entity.position for entity in entities]
        used = list(dict.fromkeys(chain.from_iterable(each.columns for each in self._conditions)))
        columns = [self._corpus.columns[name] for name in used]
        parts = [f"({condition.truth})" for condition in self._conditions]
        parts += [_elements(column) for column in columns]
        parts += [
            value_of(column, text=f"left({column.text}, {CITED_CHARACTERS})") for column in columns
        ]
        selected = ", ".join(f"{part} AS c{number}" for number, part in enumerate(parts))
        found = self._query(
            f"SELECT {Corpus.ROW}, {selected} {_FROM} WHERE {Corpus.ROW} IN "
            "(SELECT unnest($positions::BIGINT[]))",
            positions=positions,
        )
        rows, *cells = (column.to_pylist() for column in found)
        place = {row: at for at, row in enumerate(rows)}
        order = [place[position] for position in positions]
        ordered = [[column[at] for at in order] for column in cells]
        split, more = len(self._conditions), len(columns)
        texts = dict(zip(used, ordered[split : split + more], strict=True))
        values = dict(zip(used, ordered[split + more :], strict=True))
        verdicts = [
            self._mentions(condition.reading, entities, truths)
            if condition.reading.status == "mention"
            else self._judged(number, entities, truths, texts, values)
            for number, (condition, truths) in enumerate(
                zip(self._conditions, ordered[:split], strict=True)
            )
        ]
        return [list(row) for row in zip(*verdicts, strict=True)] or [[] for _ in entities]

    def _judged(
        self,
        number: int,
        entities: Sequence[Entity],
        truths: Sequence[bool | None],
        texts: Mapping[str, Sequence[list[str] | None]],
        values: Mapping[str, Sequence[Any]],
    ) -> list[Verdict]:
        """Return the verdicts on one condition, given its truth and the cells of each row."""
        reading, _, names, by = self._conditions[number]
        described = reading.describe()
        verdicts = []
        for at, (entity, truth) in enumerate(zip(entities, truths, strict=True)):
            cells = [(name, texts[name][at]) for name in names]
            evidence = "; ".join(f"{name}: {shown(parts)}" for name, parts in cells)
            reason = f"{described} [{evidence}]" if evidence else described
            if by is not None and truth:
                is_missing = any(parts is None for _, parts in cells)
                truth, reason = self._ranking(number, entity.position, is_missing, reason)
            if reading.status == "ask" and truth:
                truth, reason = None, "Not asked of the model, as another condition is not met."
            elif truth is None:
                missing = ", ".join(name for name, parts in cells if parts is None)
                why = f"{missing} is missing" if missing else "the cells do not tell"
                reason = f"Unknown, since {why}: {reason}"
            cited = [(name, text) for name, parts in cells for text in parts or () if text]
            verdicts.append(
                Verdict(
                    value=values[names[0]][at] if len(names) == 1 else evidence or None,
                    reasoning=reason,
                    confidence="low" if truth is None else reading.confidence,
                    citations=cite(entity, cited),
                    is_matched=truth is True,
                    truth=truth,
                )
            )
        return verdicts

    def _ranking(
        self, number: int, row: int, is_missing: bool, reason: str
    ) -> tuple[bool | None, str]:
        """Return True if a row ranks high enough, False or None otherwise, and the reason."""
        ranks = self._ranked.get(row)
        if ranks is None:
            others = "It is not among the rows that meet the other conditions, or ranks lower"
            return (None, reason) if is_missing else (False, f"{others}: {reason}")
        rank = ranks[self._tops.index(number)]
        return self._is_top(row, of=number), f"Rank {rank}: {reason}"

    def _mentions(
        self,
        reading: Reading,
        entities: Sequence[Entity],
        truths: Sequence[bool | None],
    ) -> list[Verdict]:
        positions = [entity.position for entity in entities]
        found = passages(self._corpus, positions, words=reading.keywords)
        words = ", ".join(repr(word) for word in reading.keywords)
        return [
            Verdict(
                value=bool(truth),
                reasoning=f"The text {'mentions' if truth else 'does not mention all of'} {words}; "
                "whether that means that the condition is met, nobody has judged.",
                confidence="low",
                citations=cite(entity, evidence) if truth else (),
                is_matched=truth is True,
                truth=bool(truth),
            )
            for entity, truth, evidence in zip(entities, truths, found, strict=True)
        ]

    def _query(self, sql: str, *, timeout: float | None = None, **parameters: Any) -> Any:
        """Return the columns of a query's result."""
        wanted = {
            name: value
            for name, value in {**self._parameters, **parameters}.items()
            if f"${name}" in sql
        }
        return self._corpus.query(sql, wanted, stop=self._stop, timeout=timeout).columns


def _elements(column: Column) -> str:
    """Return the SQL for a cell as a list of texts; NULL if it is missing."""
    if column.kind == "list":
        elements = f"CAST({quoted(column.name)} AS VARCHAR[])"
        return f"list_transform({elements}, lambda text: left(text, {CITED_CHARACTERS}))"
    return f"nullif([left({column.text}, {CITED_CHARACTERS})], [NULL])"
