"""Ask a language model whether rows meet conditions, and for values of properties."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from findall_frames.api.readings import Confidence, Reading
from findall_frames.embedded.chat.language_model import Model, UnusableError, Usage
from findall_frames.embedded.chat.loose_json import as_texts, as_truth, entries_in, json_in
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.judging.asking import Asker
from findall_frames.embedded.judging.finding import (
    Finding,
    Verdict,
    cite,
    one_line,
    shortened,
    typed,
)
from findall_frames.embedded.judging.row_question import (
    FILLING,
    JUDGING,
    MAX_CELL,
    Field,
    ShownRow,
    as_property,
    row_question,
    shown_rows,
    to_be_asked,
)

__all__ = ["AnswerMemory", "RowAsker"]

# The maximum size of a request in rows, in expected answers, and in characters of the rows.
_MAX_ROWS: Final = 8
_MAX_ANSWERS: Final = 24
_MAX_CHARACTERS: Final = 8_000
_MAX_TEXT: Final = 500
_MAX_EXCERPT: Final = 2_000
_MAX_EXCERPTS: Final = 10
_MAX_NOTES: Final = 3
_ROW_NUMBER: Final = re.compile(r"(?:row\s*)?(\d{1,18})(?:\.0)?", re.IGNORECASE)


class AnswerMemory(Protocol):
    """A persistent store of answers."""

    def recall(self, key: bytes) -> str | None:
        """Return the answer under a key, if there is one."""
        ...

    def keep(self, answers: Mapping[bytes, str], *, usage: Usage) -> None:
        """Store answers and their usage in one transaction; later answers replace earlier ones."""
        ...


class _Entry(Struct):
    """An answer for one row and one field, as it is stored."""

    verdict: bool | None
    value: Any
    reason: str
    excerpts: list[str]
    notes: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class _Slot:
    """A question about a row, and its answer or the reason why there is none.

    The key, under which the answer is stored, is the same for rows with equal cells.
    """

    row: ShownRow
    field: Field
    key: bytes
    answer: _Entry | str


_Batch: TypeAlias = Sequence[Sequence[_Slot]]
"""The contents of one request: for each of some rows the open slots, of the same fields."""
_entries: Final = msgspec.json.Decoder(_Entry)


class RowAsker:
    """Asks about rows for one run; each answer is stored by the cells of its row.

    Attributes
    ----------
    rows_a_request : int
        The maximum number of rows in one request.
    unjudged, unfilled : int
        How many verdicts and values are open, since the model gave no usable answer.
    notes : list of str
        Remarks for the user, such as that prompts were cut.
    """

    def __init__(
        self, model: Model, corpus: Corpus, *, memory: AnswerMemory, is_stopped: Callable[[], bool]
    ) -> None:
        self.rows_a_request = _MAX_ROWS
        self.unjudged = 0
        self.unfilled = 0
        self.notes: list[str] = []
        self._name = model.name
        self.corpus = corpus
        self._memory = memory
        self._asker = Asker(model, is_stopped=is_stopped)

    def judge(self, positions: Sequence[int], readings: Sequence[Reading]) -> list[list[Verdict]]:
        """Return one verdict per reading for each row; unknown if it could not be judged.

        Raises
        ------
        EvaluatorError, StoppedError
            As for `Asker.ask`.
        """
        fields = [to_be_asked(reading) for reading in readings]
        found = self._answered(positions, fields, JUDGING)
        self.unjudged += _count_open(found)
        return [[_verdict(slot) for slot in row] for row in found]

    def fill(
        self, positions: Sequence[int], properties: Mapping[str, Mapping[str, Any]]
    ) -> list[dict[str, Finding]]:
        """Return one finding per property for each row, in the type of its JSON Schema.

        Raises
        ------
        EvaluatorError, StoppedError
            As for `Asker.ask`.
        """
        fields = [as_property(name, schema=schema) for name, schema in properties.items()]
        found = self._answered(positions, fields, FILLING)
        self.unfilled += _count_open(found)
        return [dict(zip(properties, map(_filled, row), strict=True)) for row in found]

    def _answered(
        self, positions: Sequence[int], fields: Sequence[Field], rules: str
    ) -> list[list[_Slot]]:
        """Answer all fields of all rows: from memory, by asking in batches, and then one by one."""
        found = []
        missing: dict[tuple[str, ...], list[list[_Slot]]] = {}
        for row in shown_rows(self.corpus, positions):
            slots = [self._recalled(row, field, rules) for field in fields]
            found.append(slots)
            if left := _open(slots):
                missing.setdefault(tuple(slot.field.name for slot in left), []).append(left)
        batches = [batch for rows in missing.values() for batch in self._batches(rows)]
        alone = self._ask(batches, rules)
        self._ask(alone, rules)
        return found

    def _recalled(self, row: ShownRow, field: Field, rules: str) -> _Slot:
        asked = [self._name, rules, self.corpus.about, field.lines, row.cells]
        key = blake2b(msgspec.json.encode(asked), digest_size=32).digest()
        kept = self._memory.recall(key)
        return _Slot(row, field, key, "" if kept is None else _entries.decode(kept))

    def _batches(self, rows: _Batch) -> Iterator[_Batch]:
        """Split rows into batches of one request each."""
        most = max(1, min(self.rows_a_request, _MAX_ANSWERS // len(rows[0])))
        batch: list[Sequence[_Slot]] = []
        size = 0
        for slots in rows:
            length = len(slots[0].row.line)
            if batch and (len(batch) == most or size + length > _MAX_CHARACTERS):
                yield batch
                batch, size = [], 0
            batch.append(slots)
            size += length
        yield batch

    def _ask(self, batches: Sequence[_Batch], rules: str) -> list[_Batch]:
        """Ask one question per batch; return single rows that are worth asking about again."""
        questions = []
        for batch in batches:
            rows, fields = [slots[0].row for slots in batch], [slot.field for slot in batch[0]]
            question = row_question(rows, fields, rules=rules, about=self.corpus.about)
            questions.append((question, partial(_read, batch)))
        again: list[_Batch] = []
        for number, reply in self._asker.ask(questions):
            batch = batches[number]
            self.notes += [note for note in reply.notes if note not in self.notes]
            del self.notes[_MAX_NOTES:]
            entries = reply.value or {}
            if reply.notes and len(batch) > 1:
                self.rows_a_request = 1  # some rows were cut off: ask about each alone
                entries = {}
            kept = {}
            for slots in batch:
                for slot in slots:
                    entry = entries.get(slot)
                    if entry is None:
                        slot.answer = reply.why or "the model's answer leaves it out"
                    else:
                        entry.notes = reply.notes
                        slot.answer = entry
                        kept[slot.key] = msgspec.json.encode(entry).decode()
                left = _open(slots)
                if left and len(batch) > 1 and not reply.is_silence:
                    again.append([left])
            self._memory.keep(kept, usage=reply.usage)
        return again


def _open(slots: Sequence[_Slot]) -> list[_Slot]:
    return [slot for slot in slots if isinstance(slot.answer, str)]


def _count_open(rows: _Batch) -> int:
    return sum(len(_open(slots)) for slots in rows)


def _read(batch: _Batch, text: str) -> dict[_Slot, _Entry]:
    """Return the usable entries of an answer; raise `UnusableError` if there are none."""
    entries: dict[_Slot, _Entry] = {}
    faults: dict[_Slot, str] = {}
    for given in entries_in(json_in(text), key="answers", has=("row", "field")):
        slot = _slot_of(given, batch)
        if slot is None:
            continue
        try:
            entry = _entry(given, slot.field)
        except UnusableError as error:
            faults[slot] = str(error)
            continue
        first = entries.setdefault(slot, entry)
        if (first.verdict, first.value) != (entry.verdict, entry.value):
            faults[slot] = f"there are two answers for {_named(slot)}"
    usable = {slot: entry for slot, entry in entries.items() if slot not in faults}
    if not usable:
        lacks = f"it lacks an answer for {_named(batch[0][0])}"
        raise UnusableError(next(iter(faults.values()), lacks))
    return usable


def _named(slot: _Slot) -> str:
    return f"row {slot.row.entity.position} and {slot.field.name}"


def _slot_of(given: Mapping[str, Any], batch: _Batch) -> _Slot | None:
    """Return the slot of an entry, which may have "row 17", or text after the field's name."""
    row, field = given.get("row"), given.get("field")
    if row is None and len(batch) == 1:
        row = batch[0][0].row.entity.position
    if field is None and len(batch[0]) == 1:
        field = batch[0][0].field.name
    number = _ROW_NUMBER.fullmatch(str(row).strip())
    position = None if number is None else int(number[1])
    name = f"{one_line(str(field))}:".casefold()
    fitting = [
        slot
        for slots in batch
        for slot in slots
        if slot.row.entity.position == position
        and name.startswith(f"{slot.field.name}:".casefold())
    ]
    return max(fitting, key=lambda slot: len(slot.field.name), default=None)


def _entry(given: Mapping[str, Any], field: Field) -> _Entry:
    value, verdict = given.get("value"), None
    if field.schema is not None:
        try:
            value = typed(value, schema=field.schema)
        except ValueError as error:
            raise UnusableError(f"the value of {field.name} cannot be used: {error}") from None
    else:
        if "verdict" not in given:
            raise UnusableError(f"there is no verdict for {field.name}")
        verdict = as_truth(given["verdict"])
        if isinstance(value, (str, list, dict)):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            value = shortened(text, limit=_MAX_TEXT) or None
    reason = shortened(" ".join(as_texts(given.get("reason"))), limit=_MAX_TEXT)
    excerpts = [text for text in as_texts(given.get("excerpts")) if text.strip()]
    return _Entry(verdict, value, reason, excerpts[:_MAX_EXCERPTS])


def _verdict(slot: _Slot) -> Verdict:
    if isinstance(slot.answer, str):
        return Verdict(None, f"It could not be judged: {slot.answer}.", "low")
    truth = slot.answer.verdict
    found = _supported(slot.answer, slot.row, claim=truth)
    reason = f"Unknown. {found.reasoning}" if truth is None else found.reasoning
    return Verdict(
        found.value,
        reason,
        found.confidence,
        found.citations,
        is_matched=truth is True,
        truth=truth,
    )


def _filled(slot: _Slot) -> Finding:
    if isinstance(slot.answer, str):
        return Finding(None, f"It could not be filled: {slot.answer}.", "low")
    claim = None if slot.answer.value is None else True
    return _supported(slot.answer, slot.row, claim=claim)


def _supported(entry: _Entry, row: ShownRow, *, claim: bool | None) -> Finding:
    """Return a finding with the excerpts that are in the row, and confidence to match."""
    places = [_place(excerpt, row) for excerpt in entry.excerpts]
    kept = list(dict.fromkeys(place for place in places if place is not None))
    reasons = [f"The model says: {entry.reason}" if entry.reason else "The model gives no reason."]
    confidence: Confidence = "high" if kept else "medium"
    if None in places:
        reasons.append("A passage that it quoted does not stand in the row and was dropped.")
        confidence = "medium" if kept else "low"
    if row.cut:
        shown = ", ".join(row.cut)
        reasons.append(f"It was shown only the first {MAX_CELL:,} characters of {shown}.")
    if claim is None or entry.notes or (row.cut and not claim) or (claim and not kept):
        confidence = "low"
    return Finding(
        entry.value, " ".join([*reasons, *entry.notes]), confidence, cite(row.entity, kept)
    )


def _place(excerpt: str, row: ShownRow) -> tuple[str, str] | None:
    """Return the column that contains a passage, and its verbatim text; None if none does."""
    if len(excerpt) > _MAX_EXCERPT:
        return None
    # Models often quote a line break as a space.
    pattern = re.compile(r"\s+".join(map(re.escape, excerpt.split())))
    for name, cell in row.cells.items():
        for text in cell if isinstance(cell, list) else [cell or ""]:
            if match := pattern.search(text):
                return name, match[0]
    return None
