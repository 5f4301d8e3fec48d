"""Language models: what they are asked with, what comes back, and how one is opened."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from findall_frames.embedded.chat.loose_json import UnusableError, json_in
from findall_frames.embedded.chat.provider import read_address
from findall_frames.errors import EvaluatorError

__all__ = [
    "ChatMessage",
    "Model",
    "NoAnswerError",
    "Reply",
    "StoppedError",
    "UnusableError",
    "Usage",
    "json_in",
    "open_model",
    "with_form",
]

ChatMessage: TypeAlias = Mapping[str, str]
"""``{"role": ..., "content": ...}``"""


class Usage(Struct, frozen=True):
    """What a language model was asked, each answer counted once; tokens as far as answers say."""

    models: tuple[str, ...] = ()
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, other: Usage) -> Usage:
        """Return both together."""
        return Usage(
            tuple(dict.fromkeys((*self.models, *other.models))),
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def as_metadata(self) -> dict[str, str | int]:
        """Return it as the metadata of a run has it; empty when no model was asked."""
        if not self.models:
            return {}
        return {
            "model": ", ".join(self.models),
            "model_requests": self.requests,
            "model_prompt_tokens": self.prompt_tokens,
            "model_completion_tokens": self.completion_tokens,
        }


class Reply(NamedTuple):
    """What a model has said, what that has used, and what the user has to be told of it."""

    text: str
    usage: Usage
    notes: tuple[str, ...] = ()


class NoAnswerError(Exception):
    """This question got no answer; another may. Says why, in the words of the server.

    `is_silence` is True where nothing came at all, for which this question is hardly the reason.
    """

    def __init__(self, message: str, *, is_silence: bool = False) -> None:
        super().__init__(message)
        self.is_silence = is_silence


class StoppedError(Exception):
    """The service ends or the run is cancelled, so that nobody waits for the answer."""


class Model(ABC):
    """A language model that answers in JSON.

    `name` is for people, and to keep answers under; never with a key. At most `at_once` requests
    go on at the same time, over all runs: who asks takes one of its `places` for so long.
    """

    def __init__(self, name: str, *, at_once: int) -> None:
        self.name = name
        self.at_once = at_once
        self.places: threading.Semaphore = threading.BoundedSemaphore(at_once)

    @abstractmethod
    def ask(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: Mapping[str, Any],
        abandoned: threading.Event,
    ) -> Reply:
        """Have it answer in JSON of a JSON Schema, which is added to the first message in words.

        Raises
        ------
        NoAnswerError
            There was no answer in time, or none to this question.
        UnusableError
            What came is no text.
        EvaluatorError
            There will be no answer to any question: a wrong key, an unknown model.
        StoppedError
            `abandoned` was set, since nobody waits any longer.
        """


def with_form(messages: Sequence[ChatMessage], *, schema: Mapping[str, Any]) -> list[ChatMessage]:
    """Return the messages with the form of the answer in words: many servers ignore a schema.

    Examples
    --------
    >>> with_form([{"role": "user", "content": "Hello"}], schema={"type": "array"})[0]["content"]
    'Hello\\n\\nAnswer with JSON of this JSON Schema, and with nothing else:\\n{"type":"array"}'
    """
    first, *others = messages
    form = msgspec.json.encode(schema).decode()
    said = f"Answer with JSON of this JSON Schema, and with nothing else:\n{form}"
    return [{**first, "content": f"{first['content']}\n\n{said}"}, *others]


def open_model(model: str | Callable[..., str], *, at_once: int | None = None) -> Model:
    """Open a language model; no request is sent.

    Parameters
    ----------
    model : str or callable
        ``"openai:MODEL"``, ``"parallel:MODEL"``, the base URL of a server with the model behind
        a ``#``, or a callable ``(messages, *, schema) -> str``; else an `EvaluatorError` is raised.
    at_once : int, optional
        How many requests may go on at the same time. Default: 8, or 1 for a callable, which may
        not be made for several threads.

    Examples
    --------
    >>> open_model("http://127.0.0.1:11434/v1#llama3.2").name
    'llama3.2'
    """
    if isinstance(model, str):
        from findall_frames.embedded.chat.completions import Completions  # builds on this module

        return Completions(read_address(model), at_once=8 if at_once is None else at_once)
    if callable(model):
        return _CallableModel(model, at_once=1 if at_once is None else at_once)
    raise EvaluatorError(
        "Expected the name of a language model as text, or a callable (messages, *, schema) -> "
        f"str; got {type(model).__name__}."
    )


class _CallableModel(Model):
    """A model that is a function of the user."""

    def __init__(self, function: Callable[..., str], *, at_once: int) -> None:
        # Not its repr, which may show what it holds.
        name = getattr(function, "__qualname__", type(function).__qualname__)
        super().__init__(name, at_once=at_once)
        self._function = function

    def __repr__(self) -> str:
        return f"<model {self.name}>"

    def ask(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: Mapping[str, Any],
        abandoned: threading.Event,
    ) -> Reply:
        """Have it answer; whatever it raises is told, and leaves only this question open."""
        if abandoned.is_set():
            raise StoppedError
        told = [dict(message) for message in with_form(messages, schema=schema)]
        try:
            text = self._function(told, schema=dict(schema))
        except Exception as error:
            raise NoAnswerError(
                f"The model {self.name} raised {type(error).__name__}: {error}", is_silence=True
            ) from error
        if not isinstance(text, str):
            raise UnusableError(
                f"the model {self.name} has to return JSON text and returned {type(text).__name__}"
            )
        return Reply(text, Usage((self.name,), 1))
