"""The structs of the contract decode what it allows, and more."""

from __future__ import annotations

import msgspec
import pytest

from findall_frames.api import models
from tests.support.scripted import candidate, result, run_object


def test_unknown_fields_and_enum_values_are_accepted() -> None:
    """A newer service must not break an older client."""
    body = result(1)
    body["run"]["status"] |= {"status": "paused", "progress": 0.4}
    body["candidates"][0] |= {"match_status": "shortlisted", "relevance_score": 0.9}
    body["next_page_token"] = "abc"
    read = msgspec.json.decode(msgspec.json.encode(body), type=models.FindAllRunResult)
    assert read.run.status.status == "paused"
    assert read.candidates[0].match_status == "shortlisted"


@pytest.mark.parametrize("missing", ["candidate_id", "name", "url", "match_status"])
def test_a_missing_required_field_is_named_with_its_path(missing: str) -> None:
    """The path contains the array that it is in."""
    body = result(3)
    del body["candidates"][2][missing]
    with pytest.raises(msgspec.ValidationError, match=rf"`{missing}` - at `\$.candidates\[.*\]`"):
        msgspec.json.decode(msgspec.json.encode(body), type=models.FindAllRunResult)


@pytest.mark.parametrize("form", [{"output": None, "basis": None}, {"output": {}, "basis": []}, {}])
def test_output_and_basis_may_be_null_empty_or_absent(form: dict[str, object]) -> None:
    """All three mean the same."""
    body = {k: v for k, v in candidate(1).items() if k not in ("output", "basis")} | form
    read = msgspec.convert(body, models.FindAllCandidate)
    assert not read.output
    assert not read.basis


def test_a_status_event_may_lack_the_generator() -> None:
    """The documented samples lack it; a run must have one."""
    run = run_object()
    del run["generator"]
    body = {"type": "findall.status", "timestamp": "t", "event_id": "e", "data": run}
    assert msgspec.convert(body, models.FindAllRunStatusEvent).data.generator is None
    with pytest.raises(msgspec.ValidationError, match="generator"):
        msgspec.convert(run, models.FindAllRun)


@pytest.mark.parametrize(
    ("status", "is_active", "is_over"),
    [
        ("queued", True, False),
        ("queued", False, False),
        ("running", True, False),
        ("completed", True, False),
        ("completed", False, True),
        ("failed", False, True),
        ("cancelling", True, False),
        ("cancelled", False, True),
        ("action_required", True, False),
        ("from_the_future", True, False),
        ("from_the_future", False, True),
    ],
)
def test_a_run_is_over_when_it_is_neither_active_nor_queued(
    status: str, is_active: bool, is_over: bool
) -> None:
    """Enrichments outlast a terminal status, and a status may be unknown."""
    metrics = models.FindAllCandidateMetrics()
    assert models.FindAllRunStatus(status, is_active, metrics).is_over is is_over


def test_unset_fields_of_a_new_run_are_not_sent() -> None:
    """Null and absent mean the same to the service."""
    body = models.FindAllRunInput("o", "e", [models.MatchCondition("a", "b")], "core", 10)
    assert set(msgspec.json.decode(msgspec.json.encode(body))) == {
        "objective",
        "entity_type",
        "match_conditions",
        "generator",
        "match_limit",
    }


def test_the_repr_of_a_tool_server_hides_its_headers() -> None:
    """They may contain tokens."""
    server = models.McpServer("https://tools.example", "tools", headers={"authorization": "s3cret"})
    assert "s3cret" not in repr(server)
    assert "s3cret" not in repr([server])
