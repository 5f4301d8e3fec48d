"""Following a run to its end, at a service that fails in every way."""

from __future__ import annotations

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.running import following, recorded_run
from tests.support.scripted import (
    AT,
    CONDITIONS,
    DONE,
    RUN_ID,
    RUNNING,
    SCHEMA,
    Reply,
    ScriptedServer,
    answer,
    candidate,
    ends_as,
    event,
    find,
    result,
    run_object,
    story,
    stream,
)

NAMES = ["Tile maker 1", "Tile maker 2", "Tile maker 3"]


# -- starting ----------------------------------------------------------------------------------


def test_a_search_without_faults_takes_three_requests(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Create, follow, fetch; the conditions are sent as written."""
    frames = find(client)
    assert [(r.method, r.path.rpartition("/")[2]) for r in server.requests] == [
        ("POST", "runs"),
        ("GET", "events"),
        ("GET", "result"),
    ]
    sent = server.requests[0].content
    assert len(sent.pop("metadata").pop("findall_frames_token")) == 32
    assert sent == SCHEMA
    assert frames.matches["name"].tolist() == NAMES
    assert frames.runs.loc[0, "objective"] == "Find tile makers"
    assert frames.runs.loc[0, "service"] == server.url


@pytest.mark.parametrize(
    "drafted",
    [SCHEMA, {name: SCHEMA[name] for name in ("objective", "entity_type", "match_conditions")}],
    ids=["with generator and limit", "without"],
)
def test_missing_conditions_are_drafted_before_the_search(
    server: ScriptedServer, client: ff.Client, drafted: dict[str, Any]
) -> None:
    """Given options replace those of the draft, and the limit is never taken from it."""
    server.on("POST", "/ingest", answer(drafted))
    ff.find_all("Find tile makers", entity_type="firms", client=client, progress=False)
    assert server.requests[0].content == {"objective": "Find tile makers"}
    (request,) = server.sent("POST", "/runs")
    sent = request.content
    assert sent["match_conditions"] == SCHEMA["match_conditions"]
    assert (sent["entity_type"], sent["generator"], sent["match_limit"]) == ("firms", "core", 10)


def test_drafting_shows_progress(server: ScriptedServer, client: ff.Client) -> None:
    """There is an update at its start and at its end."""
    server.on("POST", "/ingest", Reply(200, (0.2, json.dumps(SCHEMA).encode())))
    seen: list[ff.Update] = []
    search = ff.draft("Find tile makers", client=client, progress=seen.append)
    assert search.match_conditions == CONDITIONS
    assert [(update.status, update.is_over) for update in seen] == [
        ("drafting conditions", False),
        ("drafted", True),
    ]
    assert seen[1].elapsed >= 0.2


def test_enrichments_are_requested_right_after_the_creation(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The request that creates a run has no field for them."""
    server.on("POST", f"{AT}/enrich", answer(SCHEMA))
    find(client, enrichments={"ceo_name": "Name of the CEO"})
    assert "enrichments" not in server.requests[0].content
    assert server.requests[1].path.endswith("/enrich")
    schema = server.requests[1].content["output_schema"]["json_schema"]
    assert schema["properties"] == {
        "ceo_name": {"type": "string", "description": "Name of the CEO"}
    }


def test_a_refused_enrichment_leaves_the_run_going(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The error has the id of the run and how to resume it."""
    server.on("POST", f"{AT}/enrich", answer({"error": {"message": "no"}}, status=422))
    with pytest.raises(ff.errors.RefusedError) as caught:
        find(client, enrichments={"ceo_name": "Name of the CEO"})
    assert caught.value.findall_id == RUN_ID
    assert "goes on without this enrichment: ff.resume(" in caught.value.__notes__[0]
    assert ff.runs()["findall_id"].tolist() == [RUN_ID]


# -- following ---------------------------------------------------------------------------------

FIRST, *MIDDLE, LAST = story()


@pytest.mark.parametrize("statuses", [(404, 404), (503, 429)])
def test_the_events_of_a_new_run_may_not_be_available_at_first(
    server: ScriptedServer, client: ff.Client, statuses: tuple[int, int]
) -> None:
    """Even a 404 is retried for a run that has just been created."""
    server.on("GET", f"{AT}/events", *[answer(status=status) for status in statuses])
    server.on("GET", AT, *[answer(status=status) for status in statuses], DONE)
    assert len(find(client).matches) == 3
    assert len(server.sent("POST", "/runs")) == 1


def test_a_stream_is_resumed_after_the_last_complete_event(
    server: ScriptedServer, client: ff.Client
) -> None:
    """An event that was cut off is requested again."""
    server.on(
        "GET", f"{AT}/events", stream(FIRST, MIDDLE[0], MIDDLE[1][:60], then="reset"), stream(LAST)
    )
    server.on("GET", AT, RUNNING)
    find(client)
    assert [request.query for request in server.sent("GET", f"{AT}/events")] == [
        "",
        "last_event_id=event_1",
    ]


def test_a_completed_run_that_is_still_active_is_waited_for(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Its enrichments are still running."""
    active = run_object("completed")
    active["status"]["is_active"] = True
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, active), 0.3, LAST))
    seen: list[ff.Update] = []
    find(client, progress=seen.append)
    assert [update.is_over for update in seen if update.event] == [False, True]


@pytest.mark.parametrize("status", ["action_required", "from_the_future"])
def test_a_run_with_an_unknown_status_is_waited_for_until_the_timeout(
    server: ScriptedServer, client: ff.Client, status: str
) -> None:
    """The message quotes the status."""
    odd = run_object(status)
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, odd), then="hang"))
    server.on("GET", AT, answer(odd))
    with pytest.raises(ff.RunTimeout, match=status):
        find(client, timeout=1)


def test_a_short_outage_of_the_service_is_survived(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Neither the status nor the events can be read for a while."""
    down = answer(status=503)
    server.on("GET", f"{AT}/events", down, down, stream(*story()))
    server.on("GET", AT, *[down] * 7, RUNNING)
    assert len(find(client, timeout=60).matches) == 3


def test_the_events_of_an_enriched_run_are_read_beyond_its_first_end(
    server: ScriptedServer, client: ff.Client
) -> None:
    """An event that is sent twice is yielded once, and the first end not at all."""
    first_end = event("findall.status", 50, run_object("completed", matched=1, generated=1))
    enriched = event("findall.candidate.enriched", 51, candidate(1))
    server.on(
        "GET", f"{AT}/events", stream(FIRST, FIRST, *MIDDLE[:1] * 2, first_end, enriched, LAST)
    )
    assert [event.type for event in ff.Run(RUN_ID, client=client).events()] == [
        "findall.status",
        "findall.candidate.matched",
        "findall.candidate.enriched",
        "findall.status",
    ]


def test_threads_can_share_a_client(client: ff.Client) -> None:
    """Each waits for its own run."""
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda limit: find(client, match_limit=limit), range(5, 13))
    assert [len(frames.matches) for frames in found] == [3] * 8


# -- updates -----------------------------------------------------------------------------------


def test_updates_have_counts_and_candidates(client: ff.Client) -> None:
    """A callable receives every one, from before the run to its end."""
    seen: list[ff.Update] = []
    ff.find_all("Find tile makers", client=client, progress=seen.append)
    assert [update.status for update in seen[:3]] == ["drafting conditions", "starting", "queued"]
    assert seen[0].findall_id == ""
    assert {update.findall_id for update in seen[2:]} == {RUN_ID}
    found = [(update.candidate.name, update.matched) for update in seen if update.candidate]
    assert found == list(zip(NAMES, [1, 2, 3], strict=True))
    assert (seen[-1].is_over, seen[-1].termination_reason) == (True, "match_limit_met")
    assert seen[-1].elapsed > 0


def test_a_candidate_is_counted_once_when_its_status_changes(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It is generated first, and matched or unmatched later."""
    kinds = [(1, "generated"), (2, "generated"), (1, "matched"), (2, "unmatched")]
    events = [
        event(f"findall.candidate.{status}", position, candidate(number, status))
        for position, (number, status) in enumerate(kinds, 1)
    ]
    server.on("GET", f"{AT}/events", stream(*events, LAST))
    seen: list[ff.Update] = []
    find(client, progress=seen.append)
    counts = [(u.generated, u.matched, u.unmatched) for u in seen if u.candidate]
    assert counts == [(1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 1, 1)]


def test_updates_continue_while_there_are_no_events(
    server: ScriptedServer, client: ff.Client
) -> None:
    """They come several times a second."""
    server.on("GET", f"{AT}/events", stream(FIRST, 1.0, *MIDDLE, LAST))
    seen: list[ff.Update] = []
    find(client, progress=seen.append)
    assert sum(update.event is None for update in seen) >= 4


# -- how it ends -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("failed", "error_occurred", "failed"),
        ("failed", "timeout", "failed"),
        ("failed", "insufficient_funds", "credit"),
        ("cancelled", "user_cancelled", "was cancelled"),
        ("completed", "low_match_rate", "more thorough generator"),
    ],
)
def test_a_partial_result_is_returned_with_a_warning(
    server: ScriptedServer, client: ff.Client, status: str, reason: str, words: str
) -> None:
    """The warning says why and points at the caller's line."""
    ends_as(server, status, reason=reason)
    with pytest.warns(ff.errors.PartialResultWarning, match=words) as caught:
        frames = find(client)
    assert len(frames.matches) == 3
    assert frames.runs.loc[0, "status"] == status
    assert caught[0].filename == find.__code__.co_filename


@pytest.mark.parametrize("reason", ["match_limit_met", "candidates_exhausted"])
def test_a_complete_result_is_returned_without_a_warning(
    server: ScriptedServer, client: ff.Client, reason: str
) -> None:
    """It is complete if the limit was reached or no candidates are left."""
    ends_as(server, "completed", reason=reason)
    assert len(find(client).matches) == 3


def test_a_timeout_has_the_id_the_call_to_resume_and_partial_frames(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The run is not cancelled."""
    server.on("GET", f"{AT}/events", stream(FIRST, MIDDLE[0], then="hang"))
    server.on("GET", f"{AT}/result", answer(result(1, status="running")))
    with pytest.raises(ff.RunTimeout, match=f"resume.*{RUN_ID}") as caught:
        find(client, timeout=1.5)
    assert caught.value.findall_id == RUN_ID
    assert caught.value.frames.matches["name"].tolist() == NAMES[:1]
    assert {request.method for request in server.requests[1:]} == {"GET"}


def test_a_timeout_of_a_status_request_of_own_data_has_partial_frames(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An embedded service is polled, and may be busy when the time is over."""
    monkeypatch.setattr(following, "_SNAPSHOT_SHARE", 0.9)  # this machine may be busy as well
    server.on("GET", AT, RUNNING, Reply(200, headers={"content-length": "50"}, then="hang"))
    with ff.Client(api_key="", base_url=server.url, on_close=lambda: None) as client:
        assert client.is_embedded
        with pytest.raises(ff.RunTimeout, match="Time is up") as caught:
            ff.Run(RUN_ID, client=client).wait(progress=False, timeout=5.5)
    assert len(caught.value.frames) == 3


def test_the_timeout_covers_the_request_for_the_schema(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It is sent after the result has been fetched, which is in the ledger by then."""
    hanging = Reply(200, headers={"content-length": "50"}, then="hang")
    server.on("GET", f"{AT}/schema", hanging)
    with pytest.raises(ff.RunTimeout):
        ff.Run(RUN_ID, client=client).wait(timeout=1, progress=False)
    assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 3


def test_an_interrupt_leaves_the_run_going(server: ScriptedServer, client: ff.Client) -> None:
    """A note says how to resume it, and nothing more is sent."""
    server.on("GET", f"{AT}/events", stream(FIRST, then="hang"))

    def interrupt(update: ff.Update) -> None:
        if update.event == "findall.status":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        find(client, progress=interrupt)
    assert f'ff.resume("{RUN_ID}"' in caught.value.__notes__[0]
    assert [request.method for request in server.requests] == ["POST", "GET"]
    server.on("GET", f"{AT}/events", stream(*story()))
    assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 3


# -- afterwards --------------------------------------------------------------------------------


def test_resuming_a_finished_run_reads_no_events(server: ScriptedServer, client: ff.Client) -> None:
    """Its status, schema and result are enough."""
    frames = ff.resume(RUN_ID, client=client, progress=False)
    assert frames.runs.loc[0, "objective"] == "Find tile makers"
    assert [request.path.rpartition("/")[2] for request in server.requests] == [
        RUN_ID,
        "schema",
        "result",
    ]


def test_resuming_an_unknown_run_fails_without_a_retry(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A 404 on its status is final."""
    server.on("GET", AT, answer(status=404))
    with pytest.raises(ff.errors.NotFoundError):
        ff.resume(RUN_ID, client=client, progress=False)
    assert len(server.requests) == 1


def test_cancel_returns_the_run_as_it_is_afterwards(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A run that is over already cannot be cancelled, and is returned as it ended."""
    server.on("POST", f"{AT}/cancel", answer({}), answer(status=409))
    server.on("GET", AT, answer(run_object("cancelling")), DONE)
    assert ff.cancel(RUN_ID, client=client).status.status == "cancelling"
    assert ff.cancel(RUN_ID, client=client).status.status == "completed"


def test_a_result_that_is_behind_its_status_is_fetched_again(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A match may be counted before it is in the result."""
    server.on("GET", f"{AT}/result", answer(result(1)), answer(result(2)), answer(result(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(find(client).matches) == 3
    assert len(server.sent("GET", f"{AT}/result")) == 3


@pytest.mark.parametrize("later", [answer(result(2)), answer(status=404)])
def test_a_result_that_stays_behind_its_status_is_kept_with_a_warning(
    server: ScriptedServer,
    client: ff.Client,
    later: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was paid for, and is in the ledger as well."""
    monkeypatch.setattr(recorded_run, "_RESULT_PAUSES", (0.01, 0.01))
    server.on("GET", f"{AT}/result", answer(result(2)), later)
    with pytest.warns(ff.errors.PartialResultWarning, match=r"counts 3 matches.*lacks 1 of them"):
        assert len(find(client).matches) == 2
    asked = len(server.requests)
    call = rf'ff\.resume\("{RUN_ID}", client=ff\.Client'
    with pytest.warns(ff.errors.PartialResultWarning, match=f"lacks 1 of them.*{call}"):
        assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 2
    assert len(server.requests) > asked


def test_a_result_that_is_ahead_of_its_status_is_taken_as_it_is(
    server: ScriptedServer, client: ff.Client
) -> None:
    """More matches than were counted are no fault."""
    server.on("GET", f"{AT}/result", answer(result(4)))
    assert len(find(client).matches) == 4
    assert len(server.sent("GET", f"{AT}/result")) == 1
