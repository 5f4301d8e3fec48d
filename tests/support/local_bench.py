"""An engine at work on a store, as a service has it, for tests to look into."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllRunInput,
    JsonSchema,
    MatchCondition,
)
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store
from tests.support.local_models import EveryNth, numbers


class Bench:
    """An engine at work on a store, as a service has it."""

    def __init__(self, corpus: Corpus, model: EveryNth | None, path: Path | None) -> None:
        self.store = Store(path)
        self.is_asked = model is not None
        opened = None if model is None else open_model(model)
        self.engine = Engine(corpus, model=opened, store=self.store)
        self.engine.start()

    def create(self, *divisors: int, **changes: Any) -> str:
        """Start a run with a condition for each divisor: for the columns, or for the model."""
        written = "every {}th" if self.is_asked else "place % {} = 0"
        given = {
            "objective": "Find entities",
            "entity_type": "entities",
            "match_conditions": [
                MatchCondition(f"by_{n}_check", written.format(n)) for n in divisors
            ],
            "generator": "pro",
            "match_limit": 5,
        }
        return self.engine.create(FindAllRunInput(**{**given, **changes})).findall_id

    def wait(self, findall_id: str, *, until: Callable[[str], bool] | None = None) -> Any:
        """Wait for a run to end, or for a status, and give its result."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            run = self.store.run(findall_id)
            if until(run.status) if until else not run.is_active:
                return json.loads(self.store.result(findall_id))
            time.sleep(0.005)
        raise AssertionError(f"{findall_id} is still {run.status}")

    def events(self, findall_id: str) -> list[Any]:
        """All events of a run."""
        page, lines = self.store.events(findall_id, after=0), []
        while page.lines:
            lines += page.lines
            page = self.store.events(findall_id, after=page.last)
        return [json.loads(line) for line in lines]


@contextmanager
def bench(
    size: int | Corpus = 100, model: EveryNth | None = None, path: Path | None = None
) -> Iterator[Bench]:
    """Run an engine, and stop it."""
    corpus = numbers(size) if isinstance(size, int) else size
    opened = Bench(corpus, model, path)
    try:
        yield opened
    finally:
        opened.engine.stop()
        opened.store.close()


def names(result: Any, status: str = "matched") -> list[str]:
    """Names of the candidates that have a status."""
    return [item["name"] for item in result["candidates"] if item["match_status"] == status]


def enrichment(*properties: str) -> FindAllEnrichInput:
    """An enrichment with text properties."""
    return FindAllEnrichInput(
        JsonSchema(
            {"type": "object", "properties": {name: {"type": "string"} for name in properties}}
        )
    )
