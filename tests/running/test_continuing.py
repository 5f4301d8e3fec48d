"""What is done with a run that is there already: more matches, more columns, the same again."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

import findall_frames as ff
from tests.support.scripted import (
    RUN_ID,
    SCHEMA,
    Reply,
    ScriptedServer,
    answer,
    healthy,
    result,
    run_object,
    stream,
)

AT = f"/runs/{RUN_ID}"
DONE = answer(run_object("completed", matched=3, generated=3))
LATER = run_object("completed", matched=4, generated=4) | {
    "modified_at": "2026-01-02T03:09:00.000000Z"
}
SIZES = pd.DataFrame({"name": [f"N{n}" for n in range(12)], "size": range(12)})
QUESTION = "Find things with a size of at least 1"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server whose run is over, and goes on when it is asked to."""
    with ScriptedServer() as scripted:
        healthy(scripted)
        scripted.on("POST", f"{AT}/extend", answer(SCHEMA | {"match_limit": 8}))
        scripted.on("POST", f"{AT}/enrich", answer(SCHEMA))
        scripted.on("GET", f"{AT}/events", stream())
        scripted.on("GET", AT, DONE, answer(LATER))
        scripted.on("GET", f"{AT}/result", answer(result(4)))
        yield scripted


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[ff.Client]:
    """A client of it."""
    with ff.Client(api_key="k3y", base_url=server.url) as scripted:
        yield scripted


def test_extending_brings_the_old_matches_and_the_new_ones() -> None:
    """By frames and by id, also when the ledger holds the result of the shorter run."""
    with ff.local(SIZES) as client:
        frames = ff.find_all(QUESTION, match_limit=5, client=client, progress=False)
        more = ff.extend(frames, 2, client=client, progress=False)
        most = ff.extend(frames.findall_id, 1, client=client, progress=False)
        again = ff.resume(frames.findall_id, client=client, progress=False)
    assert [len(each.matches) for each in (frames, more, most, again)] == [5, 7, 8, 8]
    assert most.runs.loc[0, "match_limit"] == 8
    assert set(frames.matches["name"]) < set(more.matches["name"]) < set(most.matches["name"])


def test_enriching_adds_a_column_to_every_match() -> None:
    """And the frames know that the search now asks for it."""
    with ff.local(SIZES) as client:
        frames = ff.find_all(QUESTION, match_limit=5, client=client, progress=False)
        enriched = ff.enrich(frames, {"size": "The size"}, client=client, progress=False)
    assert "size" not in frames.matches
    assert enriched.matches["size"].notna().all()
    assert enriched.findall_id == frames.findall_id


def test_refreshing_gives_old_and_new_together_and_can_be_repeated() -> None:
    """Each time without what any of the runs has matched, with conditions as they were."""
    with ff.local(SIZES) as client:
        frames = ff.find_all(QUESTION, match_limit=5, client=client, progress=False)
        twice = ff.refresh(frames, client=client, progress=False)
        thrice = ff.refresh(twice, client=client, progress=False)
        by_id = ff.refresh(frames.findall_id, client=client, progress=False)
    assert [len(each.matches) for each in (frames, twice, thrice, by_id)] == [5, 10, 11, 10]
    assert thrice.matches["name"].is_unique
    assert thrice.findall_ids[:2] == twice.findall_ids
    searches = [thrice.searches[findall_id] for findall_id in thrice.findall_ids]
    assert searches[0].match_conditions == searches[2].match_conditions
    assert set(by_id.for_run(frames.findall_id).matches["name"]) == set(frames.matches["name"])


def test_refreshing_needs_one_search_and_a_run_that_is_over(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Nothing is started otherwise."""
    with ff.local(SIZES) as local:
        one = ff.find_all(QUESTION, client=local, progress=False)
        two = ff.find_all("Find things with a size of at most 3", client=local, progress=False)
        with pytest.raises(ff.errors.InvalidRequestError, match="different searches"):
            ff.refresh(ff.FindAllFrames.concat([one, two]), client=local)
        with pytest.raises(ff.errors.InvalidRequestError, match="hold no run"):
            ff.refresh(ff.FindAllFrames.concat([]), client=local)
    server.on("GET", AT, answer(run_object("running")))
    with pytest.raises(ff.errors.InvalidRequestError, match=rf"not over.*ff\.resume\('{RUN_ID}'\)"):
        ff.refresh(RUN_ID, client=client)
    assert server.sent("POST", "/runs") == []


def test_a_refreshed_run_of_an_unknown_search_asks_the_service_for_it(
    server: ScriptedServer, client: ff.Client
) -> None:
    """As with a result from a file; the matches are sent as what to leave out."""
    server.on("POST", "/runs", answer(run_object("queued") | {"findall_id": "findall_2"}))
    for path, reply in {
        "": answer(run_object("completed") | {"findall_id": "findall_2"}),
        "/events": stream(),
        "/result": answer(
            {"run": run_object("completed") | {"findall_id": "findall_2"}, "candidates": []}
        ),
    }.items():
        server.on("GET", f"/runs/findall_2{path}", reply)
    both = ff.refresh(ff.flatten(result(2)), client=client, progress=False)
    assert both.findall_ids == (RUN_ID, "findall_2")
    sent = server.sent("POST", "/runs")[0].content
    assert sent["objective"] == SCHEMA["objective"]
    assert [one["name"] for one in sent["exclude_list"]] == ["Tile maker 1", "Tile maker 2"]


def test_what_could_cost_more_than_its_budget_is_not_asked_for(
    server: ScriptedServer, client: ff.Client
) -> None:
    """More matches cost by the match, more columns by the matches that there are."""
    with pytest.raises(ff.errors.BudgetError, match=r"not extended.*at most \$0\.60: .*for fewer"):
        ff.extend(RUN_ID, 4, budget=0.5, client=client, progress=False)
    with pytest.raises(ff.errors.BudgetError, match=r"not enriched.*at most \$0\.0[78]"):
        ff.enrich(RUN_ID, {"ceo": "Name of the CEO"}, budget=0.05, client=client, progress=False)
    with pytest.raises(ff.errors.BudgetError, match="not started"):
        ff.refresh(ff.flatten(result(2)), budget=2, client=client, progress=False)
    assert [request.method for request in server.requests] == ["GET"] * len(server.requests)


def test_what_fits_its_budget_is_asked_for_once(server: ScriptedServer, client: ff.Client) -> None:
    """And waited for, although the run still says for a moment that it is over."""
    server.on("GET", AT, DONE, DONE, answer(run_object("running")), answer(LATER))
    frames = ff.extend(RUN_ID, 4, budget=0.6, client=client, progress=False, timeout=20)
    assert len(frames.matches) == 4
    assert server.sent("POST", f"{AT}/extend")[0].content == {"additional_match_limit": 4}
    assert len(server.sent("POST", f"{AT}/extend")) == 1


@pytest.mark.parametrize("verb", ["extend", "enrich"])
def test_a_lost_answer_is_never_followed_by_a_second_request(
    server: ScriptedServer, client: ff.Client, verb: str
) -> None:
    """It may have arrived, and it costs money."""
    server.on("POST", f"{AT}/{verb}", Reply(0, (), then="reset"))
    calls = {
        "extend": lambda: ff.extend(RUN_ID, 1, client=client, progress=False),
        "enrich": lambda: ff.enrich(RUN_ID, {"ceo": "The CEO"}, client=client, progress=False),
    }
    with pytest.raises(ff.AmbiguousCreateError):
        calls[verb]()
    assert len(server.sent("POST", f"{AT}/{verb}")) == 1


def test_bad_input_is_refused_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Each error says what to write instead."""
    for bad in (0, -3, 1.5, True, "4"):
        with pytest.raises(
            ff.errors.InvalidRequestError, match=r"additional_match_limit (is|must)"
        ):
            ff.extend(RUN_ID, bad, client=client)  # type: ignore[arg-type]
    with pytest.raises(ff.errors.InvalidRequestError, match="ceo_name"):
        ff.enrich(RUN_ID, {}, client=client)
    with pytest.raises(ff.errors.InvalidRequestError, match="warn"):
        ff.extend(RUN_ID, 1, errors="ignore", client=client)  # type: ignore[arg-type]
    for verb in (
        lambda run: ff.extend(run, 1, client=client),
        lambda run: ff.refresh(run, client=client),
    ):
        with pytest.raises(ff.errors.InvalidRequestError, match="Expected a findall_id, a Run"):
            verb(7)
    several = ff.FindAllFrames.concat([])
    with pytest.raises(ff.errors.InvalidRequestError, match="hold 0 runs"):
        ff.extend(several, 1, client=client)
    assert server.requests == []


def test_without_a_client_a_run_of_another_service_is_not_looked_for_at_the_default_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the client that has to be passed."""
    monkeypatch.setenv("PARALLEL_API_KEY", "k3y")
    with ff.local(SIZES) as client:
        frames = ff.find_all(QUESTION, client=client, progress=False)
    for call in (
        lambda: ff.extend(frames, 1),
        lambda: ff.enrich(frames, {"size": "The size"}),
        lambda: ff.refresh(frames),
        lambda: ff.extend(frames.findall_id, 1),
    ):
        with pytest.raises(ff.errors.InvalidRequestError, match=r"client=ff\.Client\(base_url="):
            call()


def test_a_run_that_is_not_done_in_time_goes_on(server: ScriptedServer, client: ff.Client) -> None:
    """With what it has found so far, and the call that waits on."""
    server.on("GET", AT, DONE, answer(run_object("running")))
    with pytest.raises(ff.RunTimeout, match=r"ff\.resume") as caught:
        ff.extend(RUN_ID, 1, client=client, progress=False, timeout=1)
    assert caught.value.findall_id == RUN_ID
    assert len(caught.value.frames.candidates) == 4
