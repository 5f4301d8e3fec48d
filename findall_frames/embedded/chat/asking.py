"""Questions to a language model, side by side: from the memory where it knows the answer."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from hashlib import blake2b
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Generic, NamedTuple, Self, TypeVar

import msgspec

from findall_frames.embedded.chat.answer import UnusableError
from findall_frames.embedded.chat.client import Chat, NoAnswerError, Reply
from findall_frames.embedded.chat.prompt import Question
from findall_frames.embedded.finding import Memory, StoppedError
from findall_frames.errors import EvaluatorError

__all__ = ["Asker"]

_T = TypeVar("_T")

_LOOK_SECONDS: Final = 0.2
_GRACE_SECONDS: Final = 2.0
# One row may be too long, or be refused; when so many go wrong in a row it is not the rows.
_MAX_SILENT: Final = 3
_MAX_QUOTED: Final = 2_000


class _Task(Generic[_T]):
    """A question on its way to a usable answer."""

    def __init__(self, at: int, question: Question, read: Callable[[str], _T]) -> None:
        self.at = at
        self.question = question
        self.read = read
        self.was_repeated = False


class Asker:
    """Asks for one run; each answer is kept as soon as it is there.

    Parameters
    ----------
    chat : Chat
        The model.
    memory : Memory
        What has been answered, and where answers are kept.
    is_stopped : callable
        Says when nobody waits any longer.
    """

    def __init__(self, chat: Chat, memory: Memory, *, is_stopped: Callable[[], bool]) -> None:
        self._chat = chat
        self._memory = memory
        self._is_stopped = is_stopped
        self._silent = 0

    def ask(self, questions: Sequence[tuple[Question, Callable[[str], _T]]]) -> list[_T | str]:
        """Ask all questions, each with what reads its answer.

        An answer that cannot be used is asked for once more, with what is wrong with it.

        Returns
        -------
        list
            For each question what was read, or why there is nothing.

        Raises
        ------
        EvaluatorError
            The model cannot be asked at all, or has stayed silent several times in a row.
        StoppedError
            The service ends, or the run is cancelled.
        """
        results: list[_T | str] = [""] * len(questions)
        tasks = [_Task(at, *each) for at, each in enumerate(questions)]
        waiting = deque(tasks)
        with _Requests(self._chat) as requests:
            while waiting or requests.are_under_way:
                if self._is_stopped():
                    raise StoppedError
                while waiting:
                    task = waiting.popleft()
                    known = self._memory.recall(self._key(task.question))
                    if known is not None:
                        self._take(task, known, results, waiting)
                    elif not requests.start(task.at, task.question):
                        waiting.appendleft(task)
                        break
                for at, reply in requests.arrived():
                    if isinstance(reply, Reply):
                        self._silent = 0
                        key = self._key(tasks[at].question)
                        self._memory.keep(key, reply.text, usage=reply.usage)
                        self._take(tasks[at], reply.text, results, waiting)
                    else:
                        results[at] = self._why(reply)
        return results

    def _take(
        self, task: _Task[_T], text: str, results: list[_T | str], waiting: deque[_Task[_T]]
    ) -> None:
        """Read an answer, or have the question asked once more."""
        try:
            results[task.at] = task.read(text)
        except UnusableError as fault:
            if task.was_repeated:
                results[task.at] = f"The model's answer could not be used: {fault}."
                return
            again = f"This cannot be used: {fault}. Answer again, in the form that was asked for."
            task.was_repeated = True
            task.question = task.question._replace(
                messages=[
                    *task.question.messages,
                    {"role": "assistant", "content": text[:_MAX_QUOTED]},
                    {"role": "user", "content": again},
                ]
            )
            waiting.appendleft(task)

    def _why(self, error: Exception) -> str:
        """Why there is no answer; raises when no other question would have one either."""
        if not isinstance(error, NoAnswerError):
            raise error
        self._silent += 1
        if self._silent >= _MAX_SILENT:
            raise EvaluatorError(
                f"{self._silent} questions in a row got no answer. The last time: {error} Once "
                "it works, start the run again; what was answered is not paid for again."
            ) from error
        return str(error)

    def _key(self, question: Question) -> bytes:
        """What an answer is kept under: a hash of all that is asked, and of whom."""
        asked: list[object] = [self._chat.model(), question.messages, question.schema]
        return blake2b(msgspec.json.encode(asked), digest_size=32).digest()


class _Arrived(NamedTuple):
    at: int
    reply: Reply | Exception


class _Requests:
    """Requests under way, each in a thread of its own.

    A request cannot be broken off, so at the end the threads are left behind: nobody waits for
    them, and what they bring is not looked at.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._since: dict[int, float] = {}
        self._outcomes: SimpleQueue[_Arrived] = SimpleQueue()
        self._abandoned = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._abandoned.set()

    @property
    def are_under_way(self) -> bool:
        """Whether any has neither come back nor had its time."""
        return bool(self._since)

    def start(self, at: int, question: Question) -> bool:
        """Start one, unless as many go on already as may, over all runs."""
        wait = None if self._since else _LOOK_SECONDS
        if not self._chat.places.acquire(blocking=wait is not None, timeout=wait):
            return False

        def work() -> None:
            try:
                reply: Reply | Exception = self._chat.ask(
                    question.messages, schema=question.schema, abandoned=self._abandoned
                )
            except Exception as error:  # noqa: BLE001  (handed to who waits)
                reply = error
            finally:
                self._chat.places.release()
            self._outcomes.put(_Arrived(at, reply))

        self._since[at] = time.monotonic()
        threading.Thread(target=work, name=f"findall-model-{at}", daemon=True).start()
        return True

    def arrived(self) -> list[_Arrived]:
        """Give what comes within a moment, and what has had its time."""
        if not self._since:
            return []
        try:
            found = [self._outcomes.get(timeout=_LOOK_SECONDS)]
        except Empty:
            # Time-outs of sockets begin anew with each byte; who waits must not depend on them.
            latest = time.monotonic() - self._chat.timeout - _GRACE_SECONDS
            late = NoAnswerError("The model gave no answer in time.")
            found = [_Arrived(at, late) for at, begun in self._since.items() if begun < latest]
        found = [each for each in found if each.at in self._since]
        for each in found:
            del self._since[each.at]
        return found
