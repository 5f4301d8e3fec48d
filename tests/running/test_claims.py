"""Claims in the ledger: whoever races, each run is created once, within quota and budget."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from findall_frames.api.models import (
    FindAllCandidateMetrics,
    FindAllRunStatus,
    FindAllSchema,
    MatchCondition,
    format_time,
)
from findall_frames.running.claims import Claim, claim, known_run
from findall_frames.running.ledger import Ledger
from findall_frames.running.pricing import ceiling_of

SERVICE = "https://service.example"
SCHEMA = FindAllSchema(
    objective="Find tile makers",
    entity_type="companies",
    match_conditions=[MatchCondition("makes_tiles", "Company must make tiles")],
    match_limit=5,
)
COST = ceiling_of("core", (), 5)
QUESTIONS = [f"question {n}" for n in range(24)]
BATCH = [*"abcdef", *QUESTIONS, "yet another"]


def claimed(
    asked: str,
    *,
    batch: Sequence[str] = BATCH,
    budget: float | None = None,
    per_hour: int = 1000,
) -> Claim:
    """Claim a run of a search in the ledger of this test."""
    found = claim(
        Ledger.of_this_machine(),
        service=SERVICE,
        schema=SCHEMA,
        asked=asked,
        batch=batch,
        cost=COST,
        ceiling=COST.ceiling,
        budget=budget,
        per_hour=per_hour,
    )
    assert found is not None
    return found


def finish(token: str, *, matched: int = 0) -> None:
    """Record that a claimed run was created and is over."""
    ledger = Ledger.of_this_machine()
    findall_id = f"findall_{token}"
    ledger.created(token, findall_id=findall_id, status="queued")
    status = FindAllRunStatus(
        "completed",
        is_active=False,
        metrics=FindAllCandidateMetrics(matched, matched),
        termination_reason="candidates_exhausted",
    )
    ledger.observed(findall_id, service=SERVICE, status=status, schema=SCHEMA, cost=COST)


# Whoever finishes what it claims frees a part of the budget, for which the others race.
BUDGET = 9.5 * COST.ceiling


def race(names: list[str]) -> list[tuple[str, float]]:
    """Claim each search in eight threads, finish every third; return what was granted."""

    def claim_all(thread: int) -> Iterator[tuple[str, float]]:
        for position, name in enumerate(names[thread:] + names[:thread]):
            found = claimed(name, budget=BUDGET)
            assert found.spent <= BUDGET
            if found.token is not None:
                yield name, found.spent
                if position % 3 == 0:
                    finish(found.token)

    with ThreadPoolExecutor(8) as pool:
        return [each for some in pool.map(lambda n: list(claim_all(n)), range(8)) for each in some]


def test_threads_and_processes_that_race_never_exceed_the_budget() -> None:
    """And claim no search twice."""
    claimed("another question", batch=["another question"], budget=BUDGET)
    with ProcessPoolExecutor(2) as pool:
        both = [QUESTIONS, QUESTIONS[::-1]]
        granted = [each for some in pool.map(race, both) for each in some]
    assert len(granted) == len({name for name, _ in granted})
    assert max(spent for _, spent in granted) <= BUDGET
    assert len(granted) >= int(BUDGET // COST.ceiling)
    assert claimed("yet another", budget=BUDGET).verdict == "budget"


def test_a_run_that_is_over_counts_with_what_it_cost() -> None:
    """Before that its ceiling is reserved, and nothing if it was refused."""
    first = claimed("a", budget=100)
    assert first.spent == pytest.approx(2.75)
    finish(str(first.token), matched=1)
    second = claimed("b", budget=100)
    assert second.spent == pytest.approx(2.15 + 2.75)
    Ledger.of_this_machine().refused(str(second.token))
    third = claimed("c", budget=100)
    assert third.spent == pytest.approx(2.15 + 2.75)
    assert claimed("d", budget=5.0).verdict == "budget"
    assert claimed("d", budget=2.15 + 2 * 2.75).verdict == "granted"


def test_the_budget_counts_the_latest_run_of_each_search() -> None:
    """Whichever call has created it, also one without a budget, and for other searches as well."""
    finish(str(claimed("a", batch=["a", "b"]).token), matched=1)
    Ledger.of_this_machine().intend("1", service=SERVICE, schema=SCHEMA, asked="b", cost=COST)
    assert claimed("c", budget=2.15 + 2.75 + 2.74).verdict == "budget"
    assert claimed("c", batch=["b", "c"], budget=2 * 2.75).verdict == "granted"
    Ledger.of_this_machine().intend("2", service=SERVICE, schema=SCHEMA, asked="a", cost=COST)
    assert claimed("d", budget=2.15 + 3 * 2.75).verdict == "budget"
    assert claimed("d", budget=4 * 2.75).verdict == "granted"


def test_the_quota_counts_the_creations_of_the_last_hour() -> None:
    """Refused ones and those of the future, as after a clock was set back, do not count."""
    tokens = [claimed(name, per_hour=4).token for name in "abcd"]
    found = claimed("e", per_hour=4)
    assert found.verdict == "quota"
    assert 3590 < found.seconds <= 3600
    Ledger.of_this_machine().refused(str(tokens[0]))
    now = datetime.now(UTC)
    for token, minutes in zip(tokens[1:], (-50, -61, 30), strict=True):
        _set_time(str(token), now + timedelta(minutes=minutes))
    assert claimed("e", per_hour=2).verdict == "granted"
    found = claimed("f", per_hour=2)
    assert found.verdict == "quota"
    assert 590 < found.seconds <= 600


def _set_time(token: str, time: datetime) -> None:
    path = Ledger.of_this_machine().path
    assert path is not None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE runs SET started_at = ? WHERE token = ?", (format_time(time), token)
        )


def test_an_equal_run_is_known_unless_it_was_refused() -> None:
    """Also if it failed, as that was paid for, and if its creation was never answered."""
    ledger = Ledger.of_this_machine()
    assert known_run(ledger, "a", service=SERVICE) is None
    token = claimed("a").token
    known = claimed("a").known
    assert known is not None
    assert (known.findall_id, known.token, known.is_over) == (None, token, False)
    assert known.is_being_created
    _set_time(str(token), datetime.now(UTC) - timedelta(minutes=5))
    again = known_run(ledger, "a", service=SERVICE)
    assert again is not None
    assert not again.is_being_created
    ledger.refused(str(token))
    assert known_run(ledger, "a", service=SERVICE) is None
    assert known_run(ledger, "a", service="https://other.example") is None
    finish(str(claimed("a").token))
    over = known_run(ledger, "a", service=SERVICE)
    assert over is not None
    assert over.is_over
