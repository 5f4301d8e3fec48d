"""Ask a language model several questions at the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, NamedTuple, TypeVar

from findall_frames.embedded.chat.language_model import (
    ChatMessage,
    Model,
    NoAnswerError,
    StoppedError,
    UnusableError,
    Usage,
)
from findall_frames.errors import EvaluatorError

__all__ = ["Answer", "Asker", "Question"]

_T = TypeVar("_T")

_LOOK_SECONDS: Final = 0.2
# One question may be too long, or be refused; if so many get no answer, the model is at fault.
_MAX_SILENT: Final = 3
_MAX_QUOTED: Final = 2_000


class Question(NamedTuple):
    """The messages to a model, and the JSON Schema of its answer."""

    messages: list[ChatMessage]
    schema: dict[str, Any]


@dataclass(slots=True)
class Answer(Generic[_T]):
    """The value read from the answer to a question, or None and the reason in `why`.

    `is_silence` is True if there was no answer at all. `usage` includes unusable answers, and
    `notes` are remarks for the user.
    """

    value: _T | None = None
    why: str = ""
    is_silence: bool = False
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()


class Asker:
    """Asks a model for one run, until `is_stopped` returns True."""

    def __init__(self, model: Model, *, is_stopped: Callable[[], bool]) -> None:
        self._model = model
        self._is_stopped = is_stopped
        self._silent = 0

    def ask(
        self, questions: Sequence[tuple[Question, Callable[[str], _T]]]
    ) -> Iterator[tuple[int, Answer[_T]]]:
        """Ask all questions and yield the number and answer of each, in order of arrival.

        Each question comes with a function that reads its answer. If it raises `UnusableError`,
        the model is told why and asked once more.

        Raises
        ------
        EvaluatorError
            The model cannot be asked at all, or gave no answer several times in a row.
        StoppedError
            The service is stopping, or the run is cancelled.
        """
        waiting = deque(range(len(questions)))
        arrived: SimpleQueue[tuple[int, Answer[_T] | BaseException]] = SimpleQueue()
        abandoned = threading.Event()

        def work() -> None:
            while waiting:
                with self._model.places:
                    try:
                        at = waiting.popleft()
                    except IndexError:
                        return  # taken by another thread, or stopped
                    try:
                        arrived.put((at, self._answer(*questions[at], abandoned)))
                    except BaseException as error:  # noqa: BLE001  (raised by the consumer)
                        arrived.put((at, error))

        # A request cannot be interrupted: on a stop, threads are left to finish by themselves.
        for _ in range(min(len(questions), self._model.at_once)):
            threading.Thread(target=work, daemon=True).start()
        try:
            for _ in questions:
                at, answer = self._next(arrived)
                if isinstance(answer, BaseException):
                    raise answer
                yield at, answer
                self._silent = self._silent + 1 if answer.is_silence else 0
                if self._silent >= _MAX_SILENT:
                    raise EvaluatorError(
                        f"{self._silent} questions in a row got no answer. The last time: "
                        f"{answer.why}. Start the run again once the model works; questions that "
                        "were answered are not asked again."
                    )
        finally:
            waiting.clear()
            abandoned.set()

    def _next(self, arrived: SimpleQueue[_T]) -> _T:
        while not self._is_stopped():
            with suppress(Empty):
                return arrived.get(timeout=_LOOK_SECONDS)
        raise StoppedError

    def _answer(
        self, question: Question, read: Callable[[str], _T], abandoned: threading.Event
    ) -> Answer[_T]:
        """Ask one question, and once more if the answer cannot be used."""
        messages, schema = question
        answer = Answer[_T]()
        for _ in range(2):
            try:
                reply = self._model.ask(messages, schema=schema, abandoned=abandoned)
            except (NoAnswerError, UnusableError) as error:
                answer.why = _clause(error)
                answer.is_silence = isinstance(error, NoAnswerError) and error.is_silence
                break
            answer.usage = answer.usage.plus(reply.usage)
            answer.notes = reply.notes
            try:
                answer.value = read(reply.text)
                break
            except UnusableError as fault:
                answer.why = f"the model's answer cannot be used: {fault}"
                again = f"This cannot be used: {fault}. Answer again, in the form asked for."
                quoted = {"role": "assistant", "content": reply.text[:_MAX_QUOTED]}
                messages = [*messages, quoted, {"role": "user", "content": again}]
        return answer


def _clause(error: Exception) -> str:
    """Return the message of an error as a part of a sentence."""
    why = str(error).rstrip(".")
    return why[:1].lower() + why[1:]
