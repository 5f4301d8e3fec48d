"""A server with chat completions that judges by the words of a row, or does what a test wants."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tests.scripted import Reply, Request, ScriptedServer, answer

_ASKED = re.compile(r"^(?:condition|property)_\d+: .*$", re.MULTILINE)
_ROW = re.compile(r"<row>\n(.*)\n</row>", re.DOTALL)

Row: TypeAlias = Mapping[str, Any]
Judge: TypeAlias = Callable[[Row, str], dict[str, Any]]
"""From a row and what is asked of it to an entry of the answer."""

PROMPT_TOKENS, COMPLETION_TOKENS = 100, 20


def asked_of(request: Request) -> dict[str, str]:
    """What is asked in a request, by the name of its entry."""
    said = request.content["messages"][1]["content"]
    lines: list[str] = _ASKED.findall(said)
    return {name: text for name, _, text in (line.partition(": ") for line in lines)}


def row_of(request: Request) -> Row:
    """The row that a request is about."""
    match = _ROW.search(request.content["messages"][1]["content"])
    assert match is not None
    row: Row = json.loads(match[1])
    return row


def by_last_word(row: Row, asked: str) -> dict[str, Any]:
    """Hold a condition for met when its last word stands in the notes of the row."""
    word = asked.rstrip(".").split()[-1]
    notes = row["notes"] or ""
    is_matched = word in notes
    return {
        "excerpts": [{"column": "notes", "text": notes}] if is_matched else [],
        "reasoning": f"The notes {'say' if is_matched else 'do not say'} {word}.",
        "value": word if is_matched else "",
        "is_matched": is_matched,
        "confidence": "high",
    }


def completion(content: str | None, **more: Any) -> Reply:
    """Answer as a model does."""
    return answer(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content, **more},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS},
        }
    )


def refusal(status: int, message: str, **headers: str) -> Reply:
    """Answer with an error as OpenAI writes it."""
    return answer({"error": {"message": message, "code": None}}, status=status, **headers)


class ChatServer(ScriptedServer):
    """Answers every question about a row.

    Parameters
    ----------
    judge : callable
        Makes each entry of an answer.
    models : tuple of str
        Which models it says that it has.
    """

    def __init__(self, judge: Judge = by_last_word, *, models: tuple[str, ...] = ("tiny",)) -> None:
        super().__init__()
        self._judge = judge
        self._counting = threading.Lock()
        self._now = 0
        self.most_at_once = 0
        self.answered: Counter[str] = Counter()
        self.gate = threading.Event()
        self.gate.set()
        self._scripts["GET", "/v1/models"] = [answer({"data": [{"id": name} for name in models]})]
        self._scripts["POST", "/v1/chat/completions"] = [self.judged]

    @property
    def evaluator(self) -> str:
        """How it is named."""
        return f"{self.url}/v1#tiny"

    def __exit__(self, *error: object) -> None:
        self.gate.set()
        super().__exit__(*error)

    def answers(self, *replies: Reply | Callable[[Request], Reply]) -> None:
        """Set the replies to questions; the last one is repeated."""
        with self._lock:
            self._scripts["POST", "/v1/chat/completions"] = list(replies)

    def questions(self) -> list[Request]:
        """List the questions that came."""
        with self._lock:
            return [each for each in self.requests if each.path == "/v1/chat/completions"]

    def judged(self, request: Request) -> Reply:
        """Answer as a healthy model does, once the gate is open."""
        return completion(json.dumps(self.entries(request)))

    def entries(self, request: Request) -> dict[str, dict[str, Any]]:
        """The entries of a healthy answer."""
        with self._counting:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        self.gate.wait(60)
        row = row_of(request)
        with self._counting:
            self._now -= 1
            self.answered[row["name"]] += 1
        return {name: self._judge(row, text) for name, text in asked_of(request).items()}
