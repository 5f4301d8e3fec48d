"""Questions to a language model, side by side."""

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
# One question may be too long, or be refused; when so many get no answer, it is not them.
_MAX_SILENT: Final = 3
_MAX_QUOTED: Final = 2_000


class Question(NamedTuple):
    """What is said to the model, and the JSON Schema of its answer."""

    messages: list[ChatMessage]
    schema: dict[str, Any]


@dataclass(slots=True)
class Answer(Generic[_T]):
    """What was read from the answer to a question, or None and why there is nothing.

    `is_silence` says that nothing came at all, `usage` what it took, also where it was of no use,
    and `notes` what the user has to be told.
    """

    value: _T | None = None
    why: str = ""
    is_silence: bool = False
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()


class Asker:
    """Asks a model for one run, until `is_stopped` says that nobody waits any longer."""

    def __init__(self, model: Model, *, is_stopped: Callable[[], bool]) -> None:
        self._model = model
        self._is_stopped = is_stopped
        self._silent = 0

    def ask(
        self, questions: Sequence[tuple[Question, Callable[[str], _T]]]
    ) -> Iterator[tuple[int, Answer[_T]]]:
        """Ask all questions, each with what reads its answer, and yield answers as they come.

        What reads raises `UnusableError` for an answer that cannot be used; the model is then
        asked once more, and told what is wrong. An answer comes with the number of its question.

        Raises
        ------
        EvaluatorError
            The model cannot be asked at all, or has stayed silent several times in a row.
        StoppedError
            The service ends, or the run is cancelled.
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
                        return  # another thread was faster, or nobody waits any longer
                    try:
                        arrived.put((at, self._answer(*questions[at], abandoned)))
                    except BaseException as error:  # noqa: BLE001  (handed to who waits)
                        arrived.put((at, error))

        # A request cannot be broken off: threads that nobody waits for any longer are left behind.
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
                        f"{answer.why}. Once it works, start the run again; what was answered is "
                        "not paid for again."
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
        """Ask one question, and once more where the answer cannot be used."""
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
    """Return what an error says as a part of a sentence."""
    why = str(error).rstrip(".")
    return why[:1].lower() + why[1:]
