"""The search of one run in steps: select rows, judge them, fill enrichments."""

from __future__ import annotations

import contextlib
import threading
import time
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, NamedTuple, get_args

import msgspec

from findall_frames.addresses import OWN_DATA, normalized_url
from findall_frames.api.models import NO_LIMIT, ExcludeCandidate, FieldBasis, FindAllCandidate
from findall_frames.api.readings import Confidence
from findall_frames.embedded.chat.language_model import Model, StoppedError, Usage
from findall_frames.embedded.corpus.corpus import Corpus, Entity, QueryStopped
from findall_frames.embedded.corpus.index import TextIndex
from findall_frames.embedded.judging.filling import Filler
from findall_frames.embedded.judging.finding import Finding, Verdict
from findall_frames.embedded.judging.plan import Plan
from findall_frames.embedded.judging.row_asker import RowAsker
from findall_frames.embedded.runs.change import Change, StoredCandidate
from findall_frames.embedded.runs.database import Database
from findall_frames.embedded.runs.record import RunRecord, RunWarning
from findall_frames.embedded.runs.run_events import candidate_id
from findall_frames.embedded.runs.store import Store

__all__ = ["Exclusions", "RunSearch"]

# The most rows that a model judges, by generator; None for all.
_POOLS: Final[dict[str, int | None]] = {"preview": 10, "base": 60, "core": 300, "pro": None}
# A batch grows fourfold while it takes less time than this: small searches show their first
# matches at once, and large ones have little overhead.
_QUICK_SECONDS: Final = 0.1
_FIRST_BATCH: Final = 256
_MAX_BATCH: Final = 16_384

_CONFIDENCES: Final = get_args(Confidence)

_encoder: Final = msgspec.json.Encoder()


class Exclusions:
    """Names and addresses that must not become candidates.

    Two things are the same by their addresses, as `normalized_url` writes them. Only where one has
    none, or one is on the web and the other in a table, do names count, without letter case and
    repeated or outer blanks.
    """

    def __init__(self, excluded: Iterable[ExcludeCandidate]) -> None:
        excluded = list(excluded)
        self._urls = {_page(item.url) for item in excluded} - {""}
        self._places: defaultdict[str, set[str]] = defaultdict(set)  # of things of a name
        for item in excluded:
            if name := _folded(item.name):
                self._places[name].add(_place(item.url))

    def __len__(self) -> int:
        return max(len(self._places), len(self._urls))

    def cover(self, name: str, *, url: str) -> bool:
        """Return True if an entity is excluded."""
        if self._urls and _page(url) in self._urls:
            return True
        places = self._places.get(_folded(name)) if self._places else None
        return places is not None and places != {_place(url) or None}


def _place(url: str) -> str:
    """Return where an address can be compared: on the web, in one table, or nowhere ("")."""
    page = normalized_url(url) or ""
    return "/".join(page.split("/")[:3]) if page.startswith(OWN_DATA) else "web" * bool(page)


def _page(url: str) -> str:
    """Return the address in one form; one without a host still equals itself."""
    return normalized_url(url) or url.strip().casefold()


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


class _RunMemory(NamedTuple):
    """Answers of a model, stored along with the usage of the run that paid for them."""

    store: Store
    findall_id: str

    def recall(self, key: bytes) -> str | None:
        """Return the answer to the same question in any run."""
        return self.store.answer(key)

    def keep(self, answers: Mapping[bytes, str], *, usage: Usage) -> None:
        """Store answers and their usage in one transaction; of an ended run, answers alone."""
        try:
            with self.store.change(self.findall_id) as change:
                change.check_active()
                change.keep_answers(answers, usage=usage)
        except StoppedError:
            for key, answer in answers.items():
                self.store.keep_answer(key, answer)
            raise


class _Order(NamedTuple):
    """The rows that become candidates, in order.

    The order is deterministic, so that a run can be continued after a restart. The first `likely`
    rows may match; near misses follow. `left_out` rows are not shown to the model.
    """

    rows: Sequence[int]
    likely: int
    left_out: int


class RunSearch:
    """The state of an active run that is in memory only.

    It can be rebuilt at any time, and continues from the state in the store.
    """

    def __init__(
        self,
        run: RunRecord,
        *,
        corpus: Corpus,
        index: TextIndex,
        model: Model | None,
        store: Store,
        stop: threading.Event,
    ) -> None:
        self._whole = corpus
        self._index = index
        self._store = store
        self._run = run
        self._stop = stop
        self._excluded = Exclusions(store.excluded(run))
        self._asker: RowAsker | None = None
        self._at_once = 0 if model is None else model.at_once
        self._corpus = self._rows(more=0)
        if model is not None:
            memory = _RunMemory(store, run.findall_id)
            self._asker = RowAsker(model, self._corpus, memory=memory, is_stopped=self._is_stopped)
        self._fillers: dict[int, Filler] = {}
        self._batch = _FIRST_BATCH
        # Not cached_property: until Python 3.12 one slow query would hold up those of other runs.
        self._known_plan: Plan | None = None
        self._known_order: _Order | None = None

    @property
    def is_quick(self) -> bool:
        """True if a step is short and bound by the CPU: no model is asked, nor a database."""
        return not self._plan.asked and self._corpus.is_complete

    def step(self, run: RunRecord) -> None:
        """Advance the run, and complete it if nothing is left to do.

        Matches get their enrichments before the search continues.
        """
        self._run = run
        limit = self._rows_asked_at_once or _FIRST_BATCH
        due = self._store.unenriched(run, limit=limit) if run.enrichments else []
        try:
            if due:
                self._enrich(run, due)
            elif run.stop_reason is None:
                self._judge(run)
            else:
                with self._store.change(run.findall_id) as change:
                    change.check_active()
                    self._settle(change)
        except QueryStopped as error:
            raise StoppedError from error

    def _is_stopped(self) -> bool:
        if self._stop.is_set():
            return True
        return self._store.run(self._run.findall_id).status != "running"

    def _rows(self, *, more: int) -> Corpus:
        """Return the rows to work on; of a table that stays elsewhere, as many as needed so far."""
        if self._whole.is_whole:
            return self._whole
        run = self._run
        needed = run.match_limit + len(self._excluded) + more
        plan = Plan(run.readings, self._whole, mentioning=lambda _: [], stop=self._is_stopped)
        wanted = plan.wanted(matches=needed if run.match_limit < NO_LIMIT else None)
        try:
            return self._whole.for_run(run.findall_id, wanted, stop=self._is_stopped)
        except QueryStopped as error:
            raise StoppedError from error

    # -- select ----------------------------------------------------------------------------------

    @property
    def _plan(self) -> Plan:
        if self._known_plan is None:
            self._known_plan = Plan(
                self._run.readings, self._corpus, mentioning=self._mentioning, stop=self._is_stopped
            )
        return self._known_plan

    def _mentioning(self, words: Sequence[str]) -> Sequence[int]:
        self._build_index()
        return self._index.containing(words)

    def _build_index(self) -> None:
        if not self._index.build(stop=self._is_stopped):
            raise StoppedError

    @property
    def _order(self) -> _Order:
        if self._known_order is None:
            self._known_order = self._find_order()
        return self._known_order

    def _find_order(self) -> _Order:
        matching, near_misses = self._plan.select()
        likely = self._shortlist(matching) if self._plan.asked else matching
        rows = array("q")
        rows.extend(likely)
        rows.extend(near_misses)
        return _Order(rows, len(likely), len(matching) - len(likely))

    def _shortlist(self, matching: Sequence[int]) -> Sequence[int]:
        """Return the rows that the model judges: the best by full text, if there are too many."""
        pool = _POOLS[self._run.request.generator]
        if pool is None or len(matching) <= pool:
            return matching
        if any(reading.top is not None for reading in self._plan.readings):
            return matching[:pool]  # they are in the order of the rank
        words = [word for reading in self._plan.asked for word in reading.keywords]
        words += [] if words else [reading.description for reading in self._plan.asked]
        among = bytearray(len(self._corpus))
        for position in matching:
            among[position] = 1
        ranked = self._ranked(words, among=among, limit=pool)
        taken = set(ranked)
        others = (position for position in matching if position not in taken)
        return [*ranked, *islice(others, pool - len(ranked))]

    def _ranked(self, words: Sequence[str], *, among: bytearray, limit: int) -> Sequence[int]:
        """Rank rows by full text; the rows of one run alone get an index of their own."""
        if self._corpus is self._whole:
            self._build_index()
            return self._index.rank(words, among=among, limit=limit)
        with contextlib.closing(Database(None)) as database:
            index = TextIndex(database, self._corpus)
            if not index.build(stop=self._is_stopped):
                raise StoppedError
            return index.rank(words, among=among, limit=limit)

    # -- judge -----------------------------------------------------------------------------------

    def _judge(self, run: RunRecord) -> None:
        started = time.monotonic()
        order = self._order
        if run.consumed >= order.likely and not self._corpus.is_complete:
            self._corpus = self._rows(more=2 * run.consumed)
            self._known_plan = self._known_order = None
            self._fillers.clear()
            if self._asker is not None:
                self._asker.corpus = self._corpus
            order = self._order
        is_asked = bool(self._plan.asked) and run.consumed < order.likely
        through = run.consumed + (self._rows_asked_at_once if self._plan.asked else self._batch)
        # Near misses are decided by columns alone.
        is_first = is_asked or not self._corpus.is_complete
        through = min(through, order.likely if is_first else len(order.rows))
        entities = self._corpus.entities(order.rows[run.consumed : through])
        kept = [
            (place, entity)
            for place, entity in enumerate(entities, run.consumed + 1)
            if not self._excluded.cover(entity.name, url=entity.url)
        ]
        entities = [entity for _, entity in kept]
        rows = self._plan.judge(entities)
        if is_asked:
            self._ask(entities, rows)
        self._store_judged(run, kept, rows, through=through)
        if time.monotonic() - started < _QUICK_SECONDS:
            self._batch = min(4 * self._batch, _MAX_BATCH)
        else:
            self._batch = max(_FIRST_BATCH, self._batch // 2)

    @property
    def _rows_asked_at_once(self) -> int:
        """Number of rows in one step of the model: as many as its concurrent requests take."""
        return 0 if self._asker is None else self._asker.rows_a_request * self._at_once

    def _ask(self, entities: Sequence[Entity], rows: list[list[Verdict]]) -> None:
        """Replace the verdicts that need the model."""
        if self._asker is None:
            raise RuntimeError("a condition needs a language model, and there is none")
        readings = self._plan.readings
        asked = [n for n, each in enumerate(readings) if each.status == "ask"]
        tops = [n for n, each in enumerate(readings) if each.top is not None]
        answers = self._asker.judge(
            [entity.position for entity in entities], [readings[n] for n in asked]
        )
        found = self._run.matched
        for verdicts, answer in zip(rows, answers, strict=True):
            for n, verdict in zip(asked, answer, strict=True):
                # A verdict cannot be more certain than the reading that it follows.
                least = min(verdict.confidence, readings[n].confidence, key=_CONFIDENCES.index)
                verdicts[n] = replace(verdict, confidence=least)
            # Rows come in the order of the rank, which counts those that meet all other conditions.
            others = all(
                verdict.is_matched
                for n, verdict in enumerate(verdicts)
                if n in asked or n not in tops
            )
            meets = others and found < (self._plan.top or 0)
            for n in tops:
                verdicts[n] = replace(verdicts[n], is_matched=meets, truth=meets)
            found += others

    def _store_judged(
        self,
        run: RunRecord,
        kept: Sequence[tuple[int, Entity]],
        rows: Sequence[Sequence[Verdict]],
        *,
        through: int,
    ) -> None:
        """Store a batch up to the match limit; rows beyond it do not become candidates."""
        bodies: list[bytes] = []
        matches: dict[int, int] = {}
        is_preview = run.request.generator == "preview"
        missing = run.match_limit - (run.generated if is_preview else run.matched)
        for (place, entity), verdicts in zip(kept, rows, strict=True):
            number = run.generated + len(bodies)
            judged = _candidate(run, entity, verdicts, name=candidate_id(run.findall_id, number))
            if judged.match_status == "matched":
                matches[len(bodies)] = entity.position
            bodies.append(_encoder.encode(judged))
            if (len(bodies) if is_preview else len(matches)) >= missing:
                through = place
                break
        order, plan = self._order, self._plan
        # Columns decide all rows at once, a model one by one.
        waiting = max(0, order.likely - through) if plan.asked else 0
        with self._store.change(run.findall_id) as change:
            change.check_active()
            if bodies:
                change.add_judged(bodies, matches=matches)
            run = change.run
            run.consumed = through
            run.looked_at = len(self._whole) - order.left_out - waiting
            has_top = bool(plan.asked) and plan.top is not None and run.matched >= plan.top
            if run.limit_is_met:
                run.stop_reason = "match_limit_met"
            elif (through >= len(order.rows) and self._corpus.is_complete) or has_top:
                run.stop_reason = "candidates_exhausted"
            self._settle(change)

    def _warn(self, change: Change) -> None:
        """Add the warnings that are known at the end only: unjudged rows, an empty answer."""
        run, asker = change.run, self._asker
        messages: list[str] = []
        is_exhausted = run.stop_reason == "candidates_exhausted"
        if is_exhausted and (order := self._order).left_out:
            messages.append(
                f"{order.left_out:,} rows were not asked about: generator "
                f"{run.request.generator!r} asks a model about at most {order.likely} rows, those "
                "with words of the question first. A more thorough generator asks about more."
            )
        if asker is not None:
            why = "since the model gave no usable answer"
            if asker.unjudged:
                messages.append(
                    f"{asker.unjudged:,} verdicts are open, {why}; their rows do not match. "
                    "Their reasons give details."
                )
            if asker.unfilled:
                messages.append(
                    f"{asker.unfilled:,} values of enrichments are open, {why}. Their reasons "
                    "give details."
                )
            messages += asker.notes
        if run.matched and (unanswered := self._unanswered(run)):
            names = ", ".join(map(repr, unanswered))
            messages.append(
                f"No column, or no single one, is named {names}, so nothing is filled in. Say "
                "which column is meant with columns=, or pass a language model as model=."
            )
        if is_exhausted and not run.matched and run.readings:
            readings = "; ".join(f"{each.name}: {each.describe()}" for each in run.readings)
            others = f" but the {len(self._excluded)} excluded" if len(self._excluded) else ""
            messages.append(f"No row{others} meets all conditions. They were read as: {readings}.")
        new = [RunWarning("incomplete", message) for message in messages]
        if is_exhausted and (tied := self._plan.tied):
            new.append(RunWarning("tied_rank", tied))
        run.warnings = [*run.warnings, *(one for one in new if one not in run.warnings)]

    # -- enrich ----------------------------------------------------------------------------------

    def _filler(self, run: RunRecord, number: int) -> Filler:
        if number not in self._fillers:
            schema = run.enrichments[number].output_schema.json_schema
            self._fillers[number] = Filler(self._corpus, schema, asker=self._asker)
        return self._fillers[number]

    def _unanswered(self, run: RunRecord) -> list[str]:
        fillers = (self._filler(run, number) for number in range(len(run.enrichments)))
        return [name for filler in fillers for name in filler.unanswered]

    def _enrich(self, run: RunRecord, due: list[StoredCandidate]) -> None:
        number = due[0].enriched
        filled = self._filler(run, number).fill([item.entity for item in due])
        enriched = []
        for item, findings in zip(due, filled, strict=True):
            candidate = item.candidate
            output = {
                name: {"value": finding.value, "type": "enrichment"}
                for name, finding in findings.items()
            }
            basis = [_basis(name, finding) for name, finding in findings.items()]
            addition = msgspec.structs.replace(candidate, output=output, basis=basis)
            whole = msgspec.structs.replace(
                candidate,
                output={**(candidate.output or {}), **output},
                basis=[*(candidate.basis or []), *basis],
            )
            enriched.append((item._replace(enriched=number + 1, candidate=whole), addition))
        with self._store.change(run.findall_id) as change:
            change.check_active()
            change.enrich(enriched)
            self._settle(change)

    def _settle(self, change: Change) -> None:
        """Complete the run if its search has stopped and every match has its enrichments."""
        run = change.run
        if run.status == "running" and run.stop_reason is not None and not change.has_unenriched():
            self._warn(change)
            run.status = "completed"
            change.emit_status()


def _candidate(
    run: RunRecord, entity: Entity, verdicts: Sequence[Verdict], *, name: str
) -> FindAllCandidate:
    fields = [reading.name for reading in run.readings]
    output: dict[str, Any] = {
        field: {
            "value": verdict.value,
            "type": "match_condition",
            "is_matched": verdict.truth,
        }
        for field, verdict in zip(fields, verdicts, strict=True)
    }
    return FindAllCandidate(
        name,
        entity.name,
        entity.url,
        "matched" if all(verdict.is_matched for verdict in verdicts) else "unmatched",
        entity.description,
        output,
        list(map(_basis, fields, verdicts)),
        entity.position if entity.is_placed else None,
    )


def _basis(field: str, finding: Finding) -> FieldBasis:
    return FieldBasis(field, finding.reasoning, list(finding.citations), finding.confidence)
