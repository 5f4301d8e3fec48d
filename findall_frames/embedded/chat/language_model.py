"""The interface of a language model: messages, replies, usage, errors."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

__all__ = [
    "ChatMessage",
    "Model",
    "NoAnswerError",
    "Reply",
    "StoppedError",
    "UnusableError",
    "Usage",
]

ChatMessage: TypeAlias = Mapping[str, str]
"""``{"role": ..., "content": ...}``"""


class Usage(Struct, frozen=True):
    """Requests and tokens, as far as the server reports them; each answer is counted once."""

    models: tuple[str, ...] = ()
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, other: Usage) -> Usage:
        """Return the sum of both."""
        return Usage(
            tuple(dict.fromkeys((*self.models, *other.models))),
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def as_metadata(self) -> dict[str, str | int]:
        """Return the usage as run metadata; empty if no model was asked."""
        if not self.models:
            return {}
        return {
            "model": ", ".join(self.models),
            "model_requests": self.requests,
            "model_prompt_tokens": self.prompt_tokens,
            "model_completion_tokens": self.completion_tokens,
        }


class Reply(NamedTuple):
    """The text of an answer, its usage, and notes for the user."""

    text: str
    usage: Usage
    notes: tuple[str, ...] = ()


class NoAnswerError(Exception):
    """This question got no answer, but another one may.

    `is_silence` is True if nothing came back at all, which is rarely the question's fault.
    """

    def __init__(self, message: str, *, is_silence: bool = False) -> None:
        super().__init__(message)
        self.is_silence = is_silence


class UnusableError(Exception):
    """The answer is not in the requested form; the message says what is wrong with it."""


class StoppedError(Exception):
    """The service is stopping or the run was cancelled, so the answer is no longer needed."""


class Model(ABC):
    """A language model that answers in JSON.

    `name` is shown to people and is part of the key that answers are cached under; it never
    contains an API key. At most `at_once` requests run at the same time, over all runs: callers
    acquire `places` for the duration of a request.
    """

    def __init__(self, name: str, *, at_once: int) -> None:
        self.name = name
        self.at_once = at_once
        self.places: threading.Semaphore = threading.BoundedSemaphore(at_once)

    def ask(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: Mapping[str, Any],
        abandoned: threading.Event,
    ) -> Reply:
        """Ask for JSON of a JSON Schema, which is also added to the first message in words.

        Raises
        ------
        NoAnswerError
            There was no answer in time, or none to this question.
        UnusableError
            The answer is not text.
        EvaluatorError
            No question will be answered: the key is wrong, or the model unknown.
        StoppedError
            `abandoned` was set.
        """
        if abandoned.is_set():
            raise StoppedError
        return self._ask(_with_form(messages, schema=schema), schema, abandoned)

    @abstractmethod
    def _ask(
        self, prompt: list[ChatMessage], schema: Mapping[str, Any], abandoned: threading.Event
    ) -> Reply: ...


def _with_form(messages: Sequence[ChatMessage], *, schema: Mapping[str, Any]) -> list[ChatMessage]:
    """Add the JSON Schema of the answer to the first message, as many servers ignore the option.

    Examples
    --------
    >>> _with_form([{"role": "user", "content": "Hello"}], schema={"type": "array"})[0]["content"]
    'Hello\\n\\nAnswer with JSON of this JSON Schema, and with nothing else:\\n{"type":"array"}'
    """
    first, *others = messages
    form = msgspec.json.encode(schema).decode()
    instruction = f"Answer with JSON of this JSON Schema, and with nothing else:\n{form}"
    return [{**first, "content": f"{first['content']}\n\n{instruction}"}, *others]
