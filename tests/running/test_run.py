"""One call from a question to tables, against a server that breaks in every way."""

from __future__ import annotations

import json
import threading
import time
import warnings

import pytest

import findall_frames as ff
from findall_frames.api import events as following
from tests.support.scripted import (
    RUN_ID,
    SCHEMA,
    Reply,
    ScriptedServer,
    answer,
    candidate,
    event,
    healthy,
    result,
    run_object,
    story,
    stream,
)

AT = f"/runs/{RUN_ID}"
RUNNING = answer(run_object("running"))
DONE = answer(run_object("completed", matched=3, generated=3))
CONDITIONS = {"makes_tiles": "Company must make tiles"}


def find(client: ff.Client, **options: object) -> ff.FindAllFrames:
    """Run the search that the server answers."""
    return ff.find_all(
        "Find tile makers",
        entity_type="companies",
        match_conditions=CONDITIONS,
        client=client,
        **{"match_limit": 5, "progress": False, "timeout": 20, **options},  # type: ignore[arg-type]
    )


def test_without_faults_a_search_takes_three_requests(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Create, follow, fetch; and the conditions arrive as they were written."""
    frames = find(client)
    assert [(r.method, r.path.rpartition("/")[2]) for r in server.requests] == [
        ("POST", "runs"),
        ("GET", "events"),
        ("GET", "result"),
    ]
    sent = server.requests[0].content
    assert len(sent.pop("metadata").pop("findall_frames_token")) == 32
    assert sent == {
        "objective": "Find tile makers",
        "entity_type": "companies",
        "match_conditions": [{"name": "makes_tiles", "description": "Company must make tiles"}],
        "generator": "core",
        "match_limit": 5,
    }
    assert frames.matches["name"].tolist() == ["Tile maker 1", "Tile maker 2", "Tile maker 3"]
    assert frames.runs.loc[0, "objective"] == "Find tile makers"
    assert frames.runs.loc[0, "service"] == server.url


def test_without_conditions_they_are_drafted_first(
    server: ScriptedServer, client: ff.Client
) -> None:
    """One request more, whose answer is what is run."""
    ff.find_all("Find tile makers", client=client, progress=False)
    assert server.requests[0].content == {"objective": "Find tile makers"}
    sent = server.requests[1].content
    assert sent["entity_type"] == "companies"
    assert sent["match_conditions"] == SCHEMA["match_conditions"]
    assert sent["match_limit"] == 10


def test_drafting_shows_that_it_goes_on(server: ScriptedServer, client: ff.Client) -> None:
    """It can take seconds, and ends without a run."""
    server.on("POST", "/ingest", Reply(200, (0.2, json.dumps(SCHEMA).encode())))
    seen: list[ff.Update] = []
    search = ff.draft("Find tile makers", client=client, progress=seen.append)
    assert search.match_conditions == CONDITIONS
    assert [(update.status, update.is_over) for update in seen] == [
        ("drafting conditions", False),
        ("drafted", True),
    ]
    assert seen[1].elapsed >= 0.2


def test_enrichments_are_asked_for_right_after_the_creation(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The contract has no place for them in the creation itself."""
    server.on("POST", f"{AT}/enrich", answer(SCHEMA))
    find(client, enrichments={"ceo_name": "Name of the CEO"})
    assert "enrichments" not in server.requests[0].content
    assert server.requests[1].path.endswith("/enrich")
    schema = server.requests[1].content["output_schema"]["json_schema"]
    assert schema["properties"] == {
        "ceo_name": {"type": "string", "description": "Name of the CEO"}
    }


def test_a_refused_enrichment_says_that_the_run_goes_on(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It was started and is paid for; the error leads to it."""
    server.on("POST", f"{AT}/enrich", answer({"error": {"message": "no"}}, status=422))
    with pytest.raises(ff.errors.RefusedError) as caught:
        find(client, enrichments={"ceo_name": "Name of the CEO"})
    assert caught.value.findall_id == RUN_ID
    assert "goes on without this enrichment: ff.resume(" in caught.value.__notes__[0]
    assert ff.runs()["findall_id"].tolist() == [RUN_ID]


FIRST, *MIDDLE, LAST = story()
BROKEN_STREAMS = {
    "reset inside of an event": [stream(FIRST, MIDDLE[0][:40], then="reset"), stream(*story())],
    "closed inside of an event": [
        stream(FIRST, MIDDLE[0][:40], framing="close", then="close"),
        stream(*story()),
    ],
    "closed between events": [
        stream(FIRST, MIDDLE[0], framing="close", then="close"),
        stream(*MIDDLE[1:], LAST),
    ],
    "ended by the service": [stream(FIRST), stream(*MIDDLE), stream(LAST)],
    "delivered twice": [stream(*story()[:3]), stream(*story())],
    "unknown at first": [answer(status=404), answer(status=404), stream(*story())],
    "busy at first": [answer(status=503), answer(status=429), stream(*story())],
    "no stream at all": [answer({"not": "a stream"})],
    "an error event": [
        stream(FIRST, b'data: {"type": "error", "error": {"ref_id": "r", "message": "m"}}\n\n'),
        stream(*story()),
    ],
    "unknown events": [stream(FIRST, event("findall.run.rested", 77, {}), *MIDDLE, LAST)],
    "noise": [stream(b": hello\n\n", FIRST, b"data:\n\n", *MIDDLE, b"event: ping\n\n", LAST)],
    "empty": [stream()],
    "the end never told": [stream(FIRST, *MIDDLE)],
}


@pytest.mark.parametrize("replies", BROKEN_STREAMS.values(), ids=BROKEN_STREAMS.keys())
def test_a_stream_may_break_anywhere(
    server: ScriptedServer, client: ff.Client, replies: list[Reply]
) -> None:
    """The tables are those of an undisturbed run, and the run is created once."""
    with ScriptedServer() as undisturbed, ff.Client(base_url=undisturbed.url) as other:
        healthy(undisturbed)
        whole = find(other)
    server.on("GET", f"{AT}/events", *replies)
    server.on("GET", AT, *[RUNNING] * (len(replies) - 1), DONE)
    frames = find(client)
    for name in ("candidates", "fields", "citations"):
        assert frames.tables[name].equals(whole.tables[name])
    assert len(server.sent("POST", "/runs")) == 1


def test_a_resumed_stream_asks_for_what_follows_the_last_whole_event(
    server: ScriptedServer, client: ff.Client
) -> None:
    """What was cut off is sent again."""
    server.on(
        "GET", f"{AT}/events", stream(FIRST, MIDDLE[0], MIDDLE[1][:60], then="reset"), stream(LAST)
    )
    server.on("GET", AT, RUNNING)
    find(client)
    assert [request.query for request in server.sent("GET", f"{AT}/events")] == [
        "",
        "last_event_id=event_1",
    ]


def test_a_silent_stream_is_not_trusted(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two heartbeats without a word the status is asked for."""
    monkeypatch.setattr(following, "SILENCE", 0.5)
    server.on("GET", f"{AT}/events", stream(FIRST, then="hang"))
    begun = time.monotonic()
    assert len(find(client).matches) == 3
    assert 0.5 <= time.monotonic() - begun < 5


def test_a_terminal_status_with_something_active_is_waited_for(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Enrichments are still running then."""
    not_yet = run_object("completed")
    not_yet["status"]["is_active"] = True
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, not_yet), 0.3, LAST))
    seen: list[ff.Update] = []
    find(client, progress=seen.append)
    assert [update.is_over for update in seen if update.event] == [False, True]


@pytest.mark.parametrize("status", ["action_required", "from_the_future"])
def test_a_status_that_nobody_knows_is_waited_for_until_the_deadline(
    server: ScriptedServer, client: ff.Client, status: str
) -> None:
    """It is not taken for an end, and it does not hang."""
    odd = run_object(status)
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, odd), then="hang"))
    server.on("GET", AT, answer(odd))
    begun = time.monotonic()
    with pytest.raises(ff.RunTimeout, match=status):
        find(client, timeout=1)
    assert time.monotonic() - begun < 2


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
def test_what_an_unlucky_run_found_is_returned_with_a_warning(
    server: ScriptedServer, client: ff.Client, status: str, reason: str, words: str
) -> None:
    """It was paid for."""
    ended = run_object(status, matched=3, generated=3)
    ended["status"]["termination_reason"] = reason
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, ended)))
    server.on("GET", f"{AT}/result", answer(result() | {"run": ended}))
    with pytest.warns(ff.errors.PartialResultWarning, match=words) as caught:
        frames = find(client)
    assert len(frames.matches) == 3
    assert frames.runs.loc[0, "status"] == status
    assert caught[0].filename == __file__


@pytest.mark.parametrize("reason", ["match_limit_met", "candidates_exhausted"])
def test_a_run_that_did_what_was_asked_gives_no_warning(
    server: ScriptedServer, client: ff.Client, reason: str
) -> None:
    """That no more candidates are left is an answer."""
    ended = run_object("completed", matched=3, generated=3)
    ended["status"]["termination_reason"] = reason
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, ended)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(find(client)) >= 0


def test_a_timeout_has_the_id_the_way_on_and_what_was_found(
    server: ScriptedServer, client: ff.Client
) -> None:
    """And it cancels nothing."""
    server.on("GET", f"{AT}/events", stream(FIRST, MIDDLE[0], then="hang"))
    server.on("GET", f"{AT}/result", answer(result(1, status="running")))
    begun = time.monotonic()
    with pytest.raises(ff.RunTimeout, match=f"resume.*{RUN_ID}") as caught:
        find(client, timeout=1.5)
    assert time.monotonic() - begun < 1.7
    assert caught.value.findall_id == RUN_ID
    assert caught.value.frames.matches["name"].tolist() == ["Tile maker 1"]
    assert {request.method for request in server.requests[1:]} == {"GET"}


def test_a_deadline_covers_the_question_what_the_run_looks_for(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It is asked after the result; the result is in the ledger by then."""
    hanging = Reply(200, headers={"content-length": "50"}, then="hang")
    server.on("GET", f"{AT}/schema", hanging)
    begun = time.monotonic()
    with pytest.raises(ff.RunTimeout):
        ff.Run(RUN_ID, client=client).wait(timeout=1, progress=False)
    assert time.monotonic() - begun < 2
    assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 3


def test_an_interrupt_detaches_and_says_how_to_go_on(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The run goes on: nothing but its events was asked for."""
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


def test_resume_of_a_finished_run_reads_no_events(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The status says that there is nothing to wait for."""
    frames = ff.resume(RUN_ID, client=client, progress=False)
    assert frames.runs.loc[0, "objective"] == "Find tile makers"
    assert [request.path.rpartition("/")[2] for request in server.requests] == [
        RUN_ID,
        "schema",
        "result",
    ]


def test_resume_of_a_run_that_nobody_knows_fails_at_once(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Not after a stream of attempts."""
    server.on("GET", AT, answer(status=404))
    with pytest.raises(ff.errors.NotFoundError):
        ff.resume(RUN_ID, client=client, progress=False)
    assert len(server.requests) == 1


def test_updates_count_and_carry_candidates(server: ScriptedServer, client: ff.Client) -> None:
    """A callable sees each step, from before the run to its end."""
    seen: list[ff.Update] = []
    ff.find_all("Find tile makers", client=client, progress=seen.append)
    assert [update.status for update in seen[:3]] == ["drafting conditions", "starting", "queued"]
    assert seen[0].findall_id == ""
    assert {update.findall_id for update in seen[2:]} == {RUN_ID}
    told = [update for update in seen if update.candidate]
    assert [update.candidate.name for update in told if update.candidate] == [
        "Tile maker 1",
        "Tile maker 2",
        "Tile maker 3",
    ]
    assert [update.matched for update in told] == [1, 2, 3]
    assert (seen[-1].is_over, seen[-1].termination_reason) == (True, "match_limit_met")
    assert seen[-1].elapsed > 0


def test_a_display_that_fails_is_dropped_and_the_search_goes_on(
    server: ScriptedServer, client: ff.Client
) -> None:
    """With one warning."""

    def broken(update: ff.Update) -> None:
        raise ValueError("no ink")

    with pytest.warns(ff.errors.DisplayWarning, match="no ink") as caught:
        frames = find(client, progress=broken)
    assert len(caught) == 1
    assert len(frames.matches) == 3


def test_the_clock_moves_on_while_nothing_happens(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Updates without an event come several times a second."""
    server.on("GET", f"{AT}/events", stream(FIRST, 1.0, *MIDDLE, LAST))
    seen: list[ff.Update] = []
    find(client, progress=seen.append)
    assert sum(update.event is None for update in seen) >= 4


def test_cancel_is_the_only_thing_that_cancels(server: ScriptedServer, client: ff.Client) -> None:
    """A run that was over already is given back as it ended."""
    server.on("POST", f"{AT}/cancel", answer({}), answer(status=409))
    server.on("GET", AT, answer(run_object("cancelling")), DONE)
    assert ff.cancel(RUN_ID, client=client).status.status == "cancelling"
    assert ff.cancel(RUN_ID, client=client).status.status == "completed"


@pytest.mark.parametrize("verb", ["extend", "enrich"])
def test_a_run_that_was_extended_or_enriched_is_waited_for_anew(
    server: ScriptedServer, client: ff.Client, verb: str
) -> None:
    """It may go on saying that it is over, and tells its former end again."""
    later = run_object("completed", matched=4, generated=4)
    later["modified_at"] = "2026-01-02T03:09:00.000000Z"
    server.on("POST", f"{AT}/extend", answer(SCHEMA | {"match_limit": 8}))
    server.on("POST", f"{AT}/enrich", answer(SCHEMA))
    server.on("GET", AT, DONE, DONE, DONE, RUNNING, answer(later))
    server.on("GET", f"{AT}/result", answer(result(3)), answer(result(4)))
    run = ff.Run(RUN_ID, client=client)
    assert len(run.wait(progress=False).matches) == 3
    if verb == "extend":
        run.extend(3)
    else:
        run.enrich({"ceo_name": "Name of the CEO"})
    assert len(run.wait(progress=False).matches) == 4
    assert len(server.sent("GET", AT)) == 5


def test_the_events_of_a_run_that_went_on_are_told_beyond_its_former_end(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A run that was over, was enriched and is over again tells all of it anew."""
    former = event("findall.status", 50, run_object("completed", matched=1, generated=1))
    enriched = event("findall.candidate.enriched", 51, candidate(1))
    server.on("GET", f"{AT}/events", stream(FIRST, MIDDLE[0], former, enriched, LAST))
    told = [event.type for event in ff.Run(RUN_ID, client=client).events()]
    assert told == [
        "findall.status",
        "findall.candidate.matched",
        "findall.candidate.enriched",
        "findall.status",
    ]


def test_many_threads_can_share_a_client(server: ScriptedServer, client: ff.Client) -> None:
    """Each waits for its own run."""
    counts: list[int] = []

    def search(limit: int) -> None:
        counts.append(len(find(client, match_limit=limit).matches))

    threads = [threading.Thread(target=search, args=(limit,)) for limit in range(5, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [3] * 8


def test_a_service_that_is_away_for_a_moment_is_waited_for(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Status and stream may both fail while the run goes on."""
    down = answer(status=503)
    server.on("GET", f"{AT}/events", down, down, stream(*story()))
    server.on("GET", AT, *[down] * 7, RUNNING)
    assert len(find(client, timeout=60).matches) == 3


def test_a_candidate_that_changes_its_mind_is_counted_once(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Generated, then matched or not."""
    server.on(
        "GET",
        f"{AT}/events",
        stream(
            event("findall.candidate.generated", 1, candidate(1, "generated")),
            event("findall.candidate.generated", 2, candidate(2, "generated")),
            event("findall.candidate.matched", 3, candidate(1)),
            event("findall.candidate.unmatched", 4, candidate(2, "unmatched")),
            LAST,
        ),
    )
    seen: list[ff.Update] = []
    find(client, progress=seen.append)
    told = [(u.generated, u.matched, u.unmatched) for u in seen if u.candidate]
    assert told == [(1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 1, 1)]
