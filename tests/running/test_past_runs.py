"""Past runs: what was spent, and creations that were never answered."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import findall_frames as ff
from findall_frames.api.models import FindAllCandidateMetrics, FindAllRunStatus, FindAllSchema
from findall_frames.running.ledger import Ledger
from findall_frames.running.pricing import CostEstimate, ceiling_of

SERVICE = "https://service.example"


def intend(token: str, objective: str, *, cost: CostEstimate | None = None) -> FindAllSchema:
    """Record that a run is about to be created."""
    search = ff.Search(objective, entity_type="companies", match_conditions=["Makes tiles"])
    schema = search.to_schema()
    Ledger.of_this_machine().intend(
        token, service=SERVICE, schema=schema, asked=objective, cost=cost
    )
    return schema


def complete(token: str, objective: str, *, matched: int = 0, day: str, paid: bool = True) -> None:
    """Record a whole run of a day."""
    ledger = Ledger.of_this_machine()
    cost = ceiling_of("base", (), 10) if paid else None
    schema = intend(token, objective, cost=cost)
    ledger.created(token, findall_id=f"findall_{token}", status="queued")
    status = FindAllRunStatus(
        "completed",
        is_active=False,
        metrics=FindAllCandidateMetrics(matched, matched),
        termination_reason="match_limit_met",
    )
    ledger.observed(f"findall_{token}", service=SERVICE, status=status, schema=schema, cost=cost)
    set_day(token, day)


def set_day(token: str, day: str) -> None:
    """Change when a run was created."""
    path = Ledger.of_this_machine().path
    assert path is not None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE runs SET started_at = ? WHERE token = ?", (f"{day}T23:59:59.5Z", token)
        )


@pytest.fixture
def spent() -> None:
    """Fill the ledger with runs of two searches on three days."""
    complete("a", "Find tilers", matched=2, day="2026-03-01")
    complete("b", "Find roofers", matched=1, day="2026-03-01")
    complete("c", "Find roofers", matched=3, day="2026-03-08")
    complete("d", "Find gardens", matched=5, day="2026-03-09", paid=False)
    intend("e", "Find tilers", cost=ceiling_of("base", (), 10))
    Ledger.of_this_machine().refused("e")


@pytest.mark.usefixtures("spent")
def test_what_was_spent_is_summed_by_day() -> None:
    """Refused runs are left out, and a cost without prices is missing, not zero."""
    days = ff.runs(by="day")
    assert days["day"].dt.strftime("%m-%d").tolist() == ["03-09", "03-08", "03-01"]
    assert days["runs"].tolist() == [1, 1, 2]
    assert days["matched_candidates_count"].tolist() == [5, 3, 3]
    assert days["cost"].isna().tolist() == [True, False, False]
    assert days["cost"].tolist()[1:] == pytest.approx([0.34, 0.59])
    assert days["cost_ceiling"].tolist()[1:] == pytest.approx([0.55, 1.10])
    assert list(map(str, days.dtypes)) == [
        *("datetime64[us, UTC]", "Int64", "Int64", "Float64", "Float64")
    ]


@pytest.mark.usefixtures("spent")
def test_what_was_spent_is_summed_by_search() -> None:
    """The search that was run last is first."""
    searches = ff.runs(by="search")
    assert searches["objective"].tolist() == ["Find gardens", "Find roofers", "Find tilers"]
    assert searches["runs"].tolist() == [1, 2, 1]
    assert searches["cost"].tolist()[1:] == pytest.approx([0.62, 0.31])


def test_an_empty_ledger_has_no_sums() -> None:
    """The columns are there."""
    assert list(ff.runs(by="search")) == [
        *("objective", "runs", "matched_candidates_count", "cost", "cost_ceiling")
    ]
    assert str(ff.runs(by="day").dtypes["day"]) == "datetime64[us, UTC]"


def test_there_are_no_other_sums() -> None:
    """The message names those that there are."""
    with pytest.raises(ff.errors.InvalidRequestError, match="by is 'day', 'search' or None"):
        ff.runs(by="week")  # type: ignore[arg-type]


def test_a_creation_without_an_answer_is_forgotten_by_its_token() -> None:
    """A run with an id is known by the id alone."""
    intend("lost", "Find tilers")
    complete("other", "Find tilers", day="2026-03-01")
    assert ff.forget("other") == 0
    assert ff.forget("lost") == 1
    assert ff.runs()["token"].tolist() == ["other"]
