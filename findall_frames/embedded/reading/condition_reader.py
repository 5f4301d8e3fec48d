"""Read conditions and objectives: as SQL, else with a model, or in plain language without one."""

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
from findall_frames.embedded.corpus.naming import singular
from findall_frames.embedded.reading.model_reader import Ask, draft_with_model, read_with_model
from findall_frames.embedded.reading.plain_drafting import Draft, draft_plainly
from findall_frames.embedded.reading.plain_reader import PlainReader
from findall_frames.embedded.reading.sql import SqlError, SqlRefusedError, check_sql
from findall_frames.errors import EvaluatorError

__all__ = ["ConditionReader", "ReadingCache"]

_SQL_SIGNS: Final = frozenset("=<>()'\"")
_T = TypeVar("_T")


class ReadingCache(Protocol):
    """A persistent store of a model's answers."""

    def answer(self, key: bytes) -> str | None:
        """Return the answer under a key, if there is one."""
        ...

    def keep_answer(self, key: bytes, answer: str) -> None:
        """Store an answer under a key."""
        ...


class ConditionReader:
    """The three readers over one corpus.

    A condition that is not SQL is read by `model`, or in plain language if that is None. Readings
    of a model are cached by data, condition and model. Once `stop` is set, no more is asked.
    """

    def __init__(
        self, corpus: Corpus, *, model: Model | None, cache: ReadingCache, stop: threading.Event
    ) -> None:
        self._corpus = corpus
        self._model = model
        self._cache = cache
        self._stop = stop
        self._plain = PlainReader(corpus)
        self._unclaimed: dict[str, Usage] = {}  # by the first condition of a draft

    def read(
        self, conditions: Sequence[MatchCondition], *, entity_type: str = ""
    ) -> tuple[list[Reading], Usage]:
        """Return a reading for each condition, and the model usage for them.

        The usage includes that of the drafts from which the conditions come, once. `entity_type`
        is the word for a row, as in "City must be in Italy".

        Raises
        ------
        EvaluatorError
            The model gave no answer.
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

    def draft(self, objective: str) -> Draft:
        """Split an objective into criteria with their readings.

        Raises
        ------
        EvaluatorError
            The model gave no answer.
        """
        with suppress(SqlError):
            return Draft(self._corpus.about, [self._as_sql(objective, "condition")], {})
        if self._model is None:
            return draft_plainly(objective, self._corpus)
        known = self._recall("draft", objective, Draft)
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
        # It counts for the run that uses the draft.
        self._unclaimed[drafted.readings[0].description] = usage
        return drafted

    def _as_sql(self, text: str, name: str) -> Reading:
        """Read a text as SQL; raise `SqlError` if it is not.

        SQL that is refused is never read as a phrase, which would ignore signs; a model may find
        another way to write it.
        """
        try:
            sql = check_sql(text, self._corpus).sql
        except SqlRefusedError as error:
            if self._model is not None:
                raise
            refused = Reading(name=name, description=text, status="not_understood", reader="sql")
            return replace(refused, confidence="low", note=f"{error}")
        return Reading(name=name, description=text, status="sql", reader="sql", sql=sql)

    def _known(self, condition: MatchCondition, entity_type: str) -> Reading | None:
        """Read a condition without asking a model; return None if only a model can read it."""
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
        """Run `work` with the model; return its result, the usage, and remarks on the answers."""
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
            why = str(error) or "the service is stopping"
            raise EvaluatorError(
                f"The language model did not read {what}: {why}. Try again, name another model, or "
                "write the conditions as SQL."
            ) from error

    def _key(self, kind: str, text: str) -> bytes:
        name = "" if self._model is None else self._model.name
        asked = [kind, self._corpus.fingerprint, name, text]
        return blake2b(msgspec.json.encode(asked), digest_size=32).digest()

    def _recall(self, kind: str, text: str, type_: type[_T]) -> _T | None:
        kept = self._cache.answer(self._key(kind, text))
        with suppress(msgspec.DecodeError):  # written by another version
            return None if kept is None else msgspec.json.decode(kept, type=type_)
        return None

    def _keep(self, kind: str, text: str, value: Struct) -> None:
        self._cache.keep_answer(self._key(kind, text), msgspec.json.encode(value).decode())


def _noted(readings: Sequence[Reading], notes: Sequence[str]) -> list[Reading]:
    """Add remarks on an answer, such as that the prompt was cut, to the assumptions."""
    return [replace(each, assumptions=(*each.assumptions, *notes)) for each in readings]


def _without_subject(text: str, entity_type: str) -> str:
    """Return a condition without its subject before "must", as in "City must be"."""
    things = entity_type.split()[-1:]
    if not things:
        return text
    thing = singular(things[0].casefold())
    subject = rf"\s*(?:the |an? |each |every )?{re.escape(thing)}\w{{0,3}} (?=must |should )"
    found = re.match(subject, text, flags=re.IGNORECASE)
    return text[found.end() :] if found else text
