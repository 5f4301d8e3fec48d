"""Cities with remarks, and what asks the model of a server about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from findall_frames.embedded.chat.language_model import Model, Usage
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.judging.row_asker import RowAsker
from tests.support.chat_server import ChatServer

__all__ = ["CITIES", "AnswersInMemory", "asker"]

NOTES = [
    "Chilly and quiet.",
    "Loud, old and full of cats.",
    "By the sea; sailors call it charming.",
    None,
    "Calm, and charming in the\nevening.",
]
CITIES = [
    {"name": name, "country": country, "notes": notes}
    for name, country, notes in zip(
        ["Oslo", "Rome", "Bari", "Turin", "Siena"], ["Norway", *["Italy"] * 4], NOTES, strict=True
    )
]


class AnswersInMemory:
    """Stores answers in a dict and adds up their usage."""

    def __init__(self) -> None:
        self.answers: dict[bytes, str] = {}
        self.usage = Usage()

    def recall(self, key: bytes) -> str | None:
        """Return the answer under a key."""
        return self.answers.get(key)

    def keep(self, answers: Mapping[bytes, str], *, usage: Usage) -> None:
        """Store answers."""
        self.answers.update(answers)
        self.usage = self.usage.plus(usage)


def asker(
    model: Model | ChatServer,
    corpus: Corpus,
    *,
    memory: AnswersInMemory | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> RowAsker:
    """Return what asks a model, or that of a server."""
    opened = open_model(model.model) if isinstance(model, ChatServer) else model
    stored = AnswersInMemory() if memory is None else memory
    return RowAsker(opened, corpus, memory=stored, is_stopped=is_stopped)
