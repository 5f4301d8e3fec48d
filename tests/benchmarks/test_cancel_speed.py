"""How soon a run that is cancelled has ended, whatever it is at."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from findall_frames.api.models import NO_LIMIT
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import ENRICHMENT, RUN, Caller

from .measure import report

pytestmark = pytest.mark.benchmark

ROWS = 2_000_000
# A pattern in a cell that makes one comparison of two cells take half a second.
LONG = 40_000


@pytest.fixture(scope="module")
def large() -> Iterator[Corpus]:
    """Two million short texts."""
    places = np.arange(ROWS)
    names = [f"Company {n}" for n in places]
    notes = [f"some longer text about the things that stand here at {n}" for n in places]
    opened = open_corpus(pd.DataFrame({"id": places, "name": names, "note": notes}))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def long() -> Iterator[Corpus]:
    """A few cells in which a pattern is found nowhere, after many tries."""
    cells = {"x": ["a" * LONG] * 4, "y": ["a" * (LONG // 2) + "b"] * 4}
    opened = open_corpus(pd.DataFrame({"name": list("abcd"), **cells}))
    yield opened
    opened.close()


def silent(messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
    """Read a condition as a question for each row, and never answer it."""
    if "answers" not in schema["properties"]:
        reading = {"name": "check", "status": "ask", "ask": "Is it?", "keywords": ["things"]}
        return json.dumps({"readings": [reading]})
    threading.Event().wait(60)
    return ""


def cancelled_after(
    corpus: Corpus,
    condition: str,
    *,
    wait: float,
    has_model: bool = False,
    generator: str = "core",
    enrich: bool = False,
    beside: Callable[[Caller], None] | None = None,
) -> float:
    """Start a run, cancel it after a time, and return the seconds until it has ended."""
    with Service(corpus, model=open_model(silent) if has_model else None) as service:
        caller = Caller(service)
        condition_ = {"name": "check", "description": condition}
        more = {"match_conditions": [condition_], "generator": generator}
        findall_id = caller.run(**{**RUN, **more, "match_limit": NO_LIMIT})
        if enrich:
            assert caller.post(f"/runs/{findall_id}/enrich", ENRICHMENT).status_code == 200
        if beside is not None:
            threading.Thread(target=beside, args=(caller,), daemon=True).start()
        time.sleep(wait)
        begun = time.perf_counter()
        assert caller.post(f"/runs/{findall_id}/cancel").status_code == 200
        while caller.get(f"/runs/{findall_id}").json()["status"]["is_active"]:
            time.sleep(0.01)
        return time.perf_counter() - begun


def _ingest(caller: Caller) -> None:
    caller.post("/ingest", {"objective": "find all things or " * 800_000})


KINDS: dict[str, dict[str, Any]] = {
    "a search in columns": {"condition": "id >= 0", "wait": 0.5},
    "its first query": {"condition": "note LIKE '%a%e%i%o%u%x%'", "wait": 0.02},
    "a pathological expression": {
        "condition": r"regexp_matches(note, '(.*)*(.*)*\d{40}x')",
        "wait": 0.2,
    },
    "an index being built": {"condition": "is fine", "has_model": True, "wait": 3.0},
    "its first rows": {"condition": "is fine", "has_model": True, "wait": 0.1},
    "a silent model": {"condition": "is fine", "has_model": True, "generator": "pro", "wait": 2.0},
    "an enrichment of all rows": {"condition": "id >= 0", "enrich": True, "wait": 1.0},
    "a long objective being read": {"condition": "id >= 0", "beside": _ingest, "wait": 0.3},
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_run_over_many_rows_is_cancelled_within_a_second(large: Corpus, kind: str) -> None:
    """From the request to the status."""
    taken = cancelled_after(large, **KINDS[kind])
    report(f"seconds to cancel {kind}", taken, goal="at most 1")
    assert taken <= 1


def test_an_expression_that_cannot_be_interrupted_is_cancelled_within_a_second(
    long: Corpus,
) -> None:
    """One comparison of two long cells."""
    taken = cancelled_after(long, "x LIKE '%' || y || '%'", wait=0.1)
    report("seconds to cancel one endless comparison", taken, goal="at most 1")
    assert taken <= 1
