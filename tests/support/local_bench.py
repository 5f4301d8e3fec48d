"""A store and an engine without a server, for tests that look inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from tests.support.until import until

__all__ = ["Bench", "bench", "enrichment", "names", "run_input", "stored_events", "without_ids"]


def run_input(*conditions: MatchCondition, **changes: Any) -> FindAllRunInput:
    """Return a request for five matches."""
    given = {
        "objective": "Find entities",
        "entity_type": "entities",
        "match_conditions": list(conditions),
        "generator": "pro",
        "match_limit": 5,
    }
    return FindAllRunInput(**{**given, **changes})


def enrichment(*properties: str) -> FindAllEnrichInput:
    """Return an enrichment with text properties."""
    return FindAllEnrichInput(
        JsonSchema(
            {"type": "object", "properties": {name: {"type": "string"} for name in properties}}
        )
    )


def stored_events(store: Store, findall_id: str) -> list[bytes]:
    """Return all events of a run as JSON."""
    page, lines = store.events(findall_id, after=0), []
    while page.lines:
        lines += page.lines
        page = store.events(findall_id, after=page.last)
    return lines


class Bench:
    """A running engine over a store."""

    def __init__(self, corpus: Corpus, model: EveryNth | None, path: Path | None) -> None:
        self.store = Store(path)
        self.has_model = model is not None
        opened = None if model is None else open_model(model)
        self.engine = Engine(corpus, model=opened, store=self.store)
        self.engine.start()

    def create(self, *divisors: int, **changes: Any) -> str:
        """Start a run with a condition for each divisor, as SQL or for the model."""
        text = "every {}th" if self.has_model else "place % {} = 0"
        conditions = [MatchCondition(f"by_{n}_check", text.format(n)) for n in divisors]
        return self.engine.create(run_input(*conditions, **changes)).findall_id

    def wait(self, findall_id: str) -> Any:
        """Wait for the end of a run, and return its result."""
        until(lambda: not self.store.run(findall_id).is_active)
        return json.loads(self.store.result(findall_id))

    def events(self, findall_id: str) -> list[Any]:
        """Return all events of a run."""
        return [json.loads(line) for line in stored_events(self.store, findall_id)]


@contextmanager
def bench(
    data: int | Corpus = 100, model: EveryNth | None = None, path: Path | None = None
) -> Iterator[Bench]:
    """Yield a running engine over so many numbers, or over a corpus, and stop it on exit."""
    opened = Bench(numbers(data) if isinstance(data, int) else data, model, path)
    try:
        yield opened
    finally:
        opened.engine.stop()
        opened.store.close()


def names(result: Any) -> list[str]:
    """Return the names of the matches."""
    return [item["name"] for item in result["candidates"] if item["match_status"] == "matched"]


def without_ids(result: Any) -> Any:
    """Return the part of a result that is the same for two equal runs."""
    candidates = [{**item, "candidate_id": None} for item in result["candidates"]]
    return result["run"]["status"], candidates
