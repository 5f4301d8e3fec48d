"""Read conditions and draft objectives: as SQL first, then with a model or in plain language."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from findall_frames.api.models import MatchCondition
from findall_frames.api.readings import Reading
from findall_frames.embedded.chat.language_model import (
    ChatMessage,
    Model,
    NoAnswerError,
    StoppedError,
    UnusableError,
    Usage,
)
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.reading.drafting import draft_plainly
from findall_frames.embedded.reading.model import Ask, Drafted, draft_with_model, read_with_model
from findall_frames.embedded.reading.plain import PlainReader
from findall_frames.embedded.reading.sql import SqlError, check_sql
from findall_frames.errors import EvaluatorError

__all__ = ["Kept", "Readers"]

_SQL_SIGNS: Final = frozenset("=<>()'\"")
_T = TypeVar("_T")


class Kept(Protocol):
    """Where answers of a model are kept, over runs and restarts."""

    def answer(self, key: bytes) -> str | None:
        """Return what is kept under a key."""
        ...

    def keep_answer(self, key: bytes, answer: str) -> None:
        """Keep something under a key."""
        ...


class Readers:
    """The three readers over one corpus.

    What is no SQL is read by `model`, and in plain language where that is None. Readings of a
    model are `kept` by data, condition and model. Once `stop` is set, nothing more is asked.
    """

    def __init__(
        self, corpus: Corpus, *, model: Model | None, kept: Kept, stop: threading.Event
    ) -> None:
        self._corpus = corpus
        self._model = model
        self._kept = kept
        self._stop = stop
        self._plain = PlainReader(corpus)
        self._unclaimed: dict[str, Usage] = {}  # by the first condition of a draft

    def read(
        self, conditions: Sequence[MatchCondition], *, entity_type: str = ""
    ) -> tuple[list[Reading], Usage]:
        """Return a reading for each condition, and what a model was asked for them.

        The usage of the drafts that conditions come from is included, once. `entity_type` is
        what the rows are called, as in "City must be in Italy". An `EvaluatorError` is raised if
        the model gave no answer.
        """
        readings = [self._known(condition, entity_type) for condition in conditions]
        drafts = [self._unclaimed.pop(each.description, Usage()) for each in conditions]
        usage = reduce(Usage.plus, drafts, Usage())
        unread = [at for at, reading in enumerate(readings) if reading is None]
        if unread and self._model is not None:
            asked = [conditions[at] for at in unread]
            found, used, notes = self._ask(
                self._model,
                "the conditions",
                lambda ask: read_with_model(asked, self._corpus, ask=ask),
            )
            usage = usage.plus(used)
            for at, reading in zip(unread, _noted(found, notes), strict=True):
                self._keep("reading", reading.description, reading)
                readings[at] = reading
        return [each for each in readings if each is not None], usage

    def draft(self, objective: str) -> Drafted:
        """Take an objective apart into criteria, each with its reading.

        An `EvaluatorError` is raised if the model gave no answer.
        """
        with suppress(SqlError):
            return Drafted(self._corpus.about, [self._as_sql(objective, "condition")], {})
        if self._model is None:
            plain = draft_plainly(objective, self._corpus)
            return Drafted(plain.entity_type, plain.readings, plain.enrichments)
        known = self._recall("draft", objective, Drafted)
        if known is not None:
            return known
        drafted, usage, notes = self._ask(
            self._model,
            "the objective",
            lambda ask: draft_with_model(objective, self._corpus, ask=ask),
        )
        drafted = replace(drafted, readings=_noted(drafted.readings, notes))
        self._keep("draft", objective, drafted)
        for reading in drafted.readings:
            self._keep("reading", reading.description, reading)
        # Counted for the run that uses it.
        self._unclaimed[drafted.readings[0].description] = usage
        return drafted

    def _as_sql(self, text: str, name: str) -> Reading:
        """Read a text that is SQL itself; else raise a `SqlError`."""
        sql = check_sql(text, self._corpus).sql
        return Reading(name=name, description=text, status="sql", reader="sql", sql=sql)

    def _known(self, condition: MatchCondition, entity_type: str) -> Reading | None:
        """Read a condition without asking a model; None if only that helps."""
        text = condition.description
        try:
            return self._as_sql(text, condition.name)
        except SqlError as error:
            why = f"Read as SQL: {error}"
        if self._model is not None:
            kept = self._recall("reading", text, Reading)
            return None if kept is None else replace(kept, name=condition.name)
        plain = self._plain.read(_without_subject(text, entity_type), name=condition.name)
        if not plain.is_usable and _SQL_SIGNS & set(text):
            plain = replace(plain, note=f"{plain.note}\n{why}")
        return replace(plain, description=text)

    def _ask(
        self, model: Model, what: str, work: Callable[[Ask], _T]
    ) -> tuple[_T, Usage, list[str]]:
        """Do what needs answers of the model; return what these have used, and remarks on them."""
        usage = Usage()
        notes: dict[str, None] = {}

        def ask(messages: Sequence[ChatMessage], schema: Mapping[str, Any]) -> str:
            nonlocal usage
            reply = model.ask(messages, schema=schema, abandoned=self._stop)
            usage = usage.plus(reply.usage)
            notes.update(dict.fromkeys(reply.notes))
            return reply.text

        try:
            return work(ask), usage, list(notes)
        except (NoAnswerError, UnusableError, StoppedError) as error:
            raise EvaluatorError(
                f"The language model did not read {what}: {str(error) or 'the service ends'}. Try "
                "again, name another model, or write the conditions as SQL."
            ) from error

    def _key(self, kind: str, text: str) -> bytes:
        name = "" if self._model is None else self._model.name
        asked = [kind, self._corpus.fingerprint, name, text]
        return blake2b(msgspec.json.encode(asked), digest_size=32).digest()

    def _recall(self, kind: str, text: str, type_: type[_T]) -> _T | None:
        kept = self._kept.answer(self._key(kind, text))
        with suppress(msgspec.DecodeError):  # kept by a release that wrote it differently
            return None if kept is None else msgspec.json.decode(kept, type=type_)
        return None

    def _keep(self, kind: str, text: str, value: Struct) -> None:
        self._kept.keep_answer(self._key(kind, text), msgspec.json.encode(value).decode())


def _noted(readings: Sequence[Reading], notes: Sequence[str]) -> list[Reading]:
    """Put what was wrong with an answer, such as a prompt that was cut, beside the assumptions."""
    return [replace(each, assumptions=(*each.assumptions, *notes)) for each in readings]


def _without_subject(text: str, entity_type: str) -> str:
    """Return a condition without the name of the things before "must", as in "City must be"."""
    things = entity_type.split()[-1:]
    if not things:
        return text
    thing = re.sub("ies$", "y", things[0], flags=re.IGNORECASE).removesuffix("s")
    subject = rf"\s*(?:the |an? |each |every )?{re.escape(thing)}\w{{0,3}} (?=must |should )"
    found = re.match(subject, text, flags=re.IGNORECASE)
    return text[found.end() :] if found else text
