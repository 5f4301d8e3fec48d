"""A scripted server with chat completions, which judges rows by their words by default."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from findall_frames.embedded.chat.language_model import Model
from findall_frames.embedded.chat.language_model import Reply as Answered
from tests.support.scripted import Reply, Request, ScriptedServer, answer

_NAMED = re.compile(r"^(\w+): (.*)$", re.MULTILINE)
_ROW = re.compile(r"^row (\d+): (.*)$", re.MULTILINE)

Row: TypeAlias = Mapping[str, Any]
Judge: TypeAlias = Callable[[Row, str], dict[str, Any]]
"""Takes a row and a question; returns an entry of the answer, without its row and field."""

PROMPT_TOKENS, COMPLETION_TOKENS = 0, 20

SCHEMA = {"type": "object", "properties": {"right": {"type": "boolean"}}, "required": ["right"]}
MESSAGES = [
    {"role": "system", "content": "Say whether it is right."},
    {"role": "user", "content": "Two and two is four."},
]
RIGHT = '{"right": true}'


def ask(model: Model, *, messages: Sequence[Mapping[str, str]] = MESSAGES) -> Answered:
    """Ask a model one question."""
    return model.ask(messages, schema=SCHEMA, abandoned=threading.Event())


def said_in(request: Request) -> str:
    """Return the user messages of a request."""
    messages: Sequence[Mapping[str, str]] = request.content["messages"]
    return "\n".join(each["content"] for each in messages if each["role"] == "user")


def asked_of(request: Request) -> dict[str, str]:
    """Return the conditions or properties of a request, by name."""
    said = said_in(request).partition("<rows>")[0]
    return dict(_NAMED.findall(said.rpartition("</table>")[2]))


def rows_of(request: Request) -> dict[int, Row]:
    """Return the rows of a request, by position."""
    _, _, shown = said_in(request).partition("\n<rows>\n")
    found = _ROW.findall(shown.partition("\n</rows>")[0])
    return {int(position): json.loads(cells) for position, cells in found}


def by_last_word(row: Row, asked: str) -> dict[str, Any]:
    """Return TRUE for a condition whose last word occurs in the notes of the row."""
    word = asked.rstrip(".").split()[-1]
    notes = row["notes"] or ""
    is_met = word in notes
    return {
        "verdict": is_met,
        "value": word if is_met else None,
        "reason": f"The notes {'say' if is_met else 'do not say'} {word}.",
        "excerpts": [notes] if is_met else [],
    }


def completion(content: Any, *, finish: str = "stop", tokens: int = 0, **message: Any) -> Reply:
    """Return a completion."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": finish,
    }
    usage = {"prompt_tokens": tokens or PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS}
    return answer({"object": "chat.completion", "choices": [choice], "usage": usage})


def refusal(status: int, message: str, **headers: str) -> Reply:
    """Return an error in the form of OpenAI."""
    return answer({"error": {"message": message, "code": None}}, status=status, **headers)


class ChatServer(ScriptedServer):
    """Reads every condition as a question to the rows, and answers it with `judge`."""

    def __init__(self, judge: Judge = by_last_word) -> None:
        super().__init__()
        self._judge = judge
        self._counting = threading.Lock()
        self._now = 0
        self.most_at_once = 0
        self.answered: Counter[int] = Counter()
        """The number of judgements of each row."""
        self.gate = threading.Event()
        self.gate.set()
        self.answers(self.judged)

    @property
    def model(self) -> str:
        """The name of the model for `open_model`."""
        return f"{self.url}/v1#tiny"

    def __exit__(self, *error: object) -> None:
        self.gate.set()
        super().__exit__(*error)

    def answers(self, *replies: Reply | Callable[[Request], Reply]) -> None:
        """Set the replies; the last one is repeated."""
        with self._lock:
            self._scripts["POST", "/v1/chat/completions"] = list(replies)

    def questions(self) -> list[Request]:
        """Return the requests so far."""
        with self._lock:
            return list(self.requests)

    def judged(self, request: Request) -> Reply:
        """Answer a request once the gate is open."""
        return completion(json.dumps(self.content(request)))

    def content(self, request: Request) -> dict[str, Any]:
        """Return the JSON of an answer: readings, or verdicts on rows."""
        if "<rows>" not in said_in(request):
            return {"readings": [_reading(*each) for each in asked_of(request).items()]}
        with self._counting:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        self.gate.wait(60)
        rows, asked = rows_of(request), asked_of(request)
        with self._counting:
            self._now -= 1
            self.answered.update(list(rows))
        entries = [
            {"row": position, "field": name, **self._judge(row, text)}
            for position, row in rows.items()
            for name, text in asked.items()
        ]
        return {"answers": entries}


def _reading(name: str, text: str) -> dict[str, Any]:
    words = [text.rstrip(".").split()[-1]]
    return {"name": name, "status": "ask", "ask": text, "keywords": words, "confidence": "high"}
