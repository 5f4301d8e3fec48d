"""The verbs that continue or repeat a run, and the arguments that all verbs share."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.api.models import FindAllSchema
from findall_frames.errors import RepeatedSearchWarning
from findall_frames.running.arguments import check_options
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.spec import options_of
from tests.support.run_farm import RunFarm
from tests.support.scripted import (
    AT,
    CONDITIONS,
    DONE,
    EXTENDED,
    RUN_ID,
    RUNNING,
    SCHEMA,
    Reply,
    Request,
    ScriptedServer,
    answer,
    find,
    healthy,
    result,
    run_object,
    stream,
)

CITIES = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
QUESTION = "Find cities in Italy"
SEARCH: dict[str, Any] = {
    "entity_type": "cities",
    "match_conditions": {"in_italy": "country = 'Italy'"},
}
SIZES = pd.DataFrame({"name": [f"N{n}" for n in range(12)], "size": range(12)})
LARGE = "Find things with a size of at least 1"


# -- the run -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["findall_id", "Run", "FindAllFrames"])
def test_every_verb_takes_an_id_a_run_or_frames(kind: str) -> None:
    """A run brings its own client. Earlier matches stay when it is extended or enriched."""
    with ff.local(SIZES) as client:
        search = ff.Search(LARGE, entity_type="things", match_conditions=["size >= 1"])
        search.match_limit = 5
        run = ff.start(search, client=client)
        frames = run.wait(progress=False)
        assert len(frames.matches) == 5
        assert "size" not in frames.matches
        meant: Any = {"findall_id": run.findall_id, "Run": run}.get(kind, frames)
        service = {} if meant is run else {"client": client}
        options: dict[str, Any] = {"progress": False, **service}
        more = ff.extend(meant, 2, **options)
        assert len(more.matches) == 7
        assert more.runs.loc[0, "match_limit"] == 7
        assert set(frames.matches["name"]) < set(more.matches["name"])
        resumed = ff.resume(meant, **options)
        assert resumed.findall_id == run.findall_id
        assert len(resumed.matches) == 7
        enriched = ff.enrich(meant, {"size": "The size"}, **options)
        assert enriched.findall_id == run.findall_id
        assert enriched.matches["size"].notna().all()
        assert ff.refresh(meant, **options).findall_id != run.findall_id
        assert ff.cancel(meant, **service).status.status == "completed"


def test_without_a_client_a_run_of_another_service_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the client to pass."""
    monkeypatch.setenv("PARALLEL_API_KEY", "k3y")
    with ff.local(CITIES) as client:
        running = ff.start(ff.Search(QUESTION, **SEARCH), client=client)
        frames = ff.find_all(QUESTION, client=client, progress=False)
        message = rf"client=ff\.Client\(base_url='{client.base_url}'\)"
    calls: list[Callable[[], object]] = [
        lambda: ff.resume(running.findall_id, progress=False),
        lambda: ff.cancel(frames),
        lambda: ff.extend(frames, 1),
        lambda: ff.extend(frames.findall_id, 1),
        lambda: ff.enrich(frames, {"country": "The country"}),
        lambda: ff.refresh(frames),
    ]
    for call in calls:
        with pytest.raises(ff.errors.InvalidRequestError, match=message):
            call()


def test_invalid_arguments_are_refused_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The message says what was expected."""
    none = ff.FindAllFrames.concat([])
    calls: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any], str]] = [
        *(
            (ff.extend, (RUN_ID, more), {}, r"additional_match_limit (is|must)")
            for more in (0, -3, 1.5, True, "4")
        ),
        (ff.extend, (RUN_ID, 1), {"errors": "ignore"}, "'warn' or 'raise'"),
        (ff.enrich, (RUN_ID, {}), {}, "ceo_name"),
        (ff.extend, (7, 1), {}, "Expected a findall_id, a Run"),
        (ff.refresh, (7,), {}, "Expected a findall_id, a Run"),
        (ff.extend, (none, 1), {}, "hold 0 runs"),
        (ff.refresh, (none,), {}, "hold no run"),
    ]
    for verb, arguments, options, message in calls:
        with pytest.raises(ff.errors.InvalidRequestError, match=message):
            verb(*arguments, client=client, **options)
    assert server.requests == []


# -- the service -------------------------------------------------------------------------------


def test_data_is_short_for_a_local_service() -> None:
    """In every verb that starts or explains a search."""
    options: dict[str, Any] = {"data": CITIES, "progress": False}
    frames = ff.find_all(QUESTION, **options)
    assert frames.matches["name"].tolist() == ["Rome"]
    assert len(ff.preview(QUESTION, match_limit=5, **options).candidates) == 2
    search = ff.draft(QUESTION, **options)
    assert list(search.match_conditions.values()) == ["in Italy"]
    assert ff.explain(search, **options)["true"].tolist() == [1]
    assert ff.explain(QUESTION, **options)["true"].tolist() == [1]
    more = pd.concat([CITIES, pd.DataFrame({"name": ["Bari"], "country": ["Italy"]})])
    new = ff.refresh(frames, data=more, progress=False)
    assert new.matches["name"].tolist() == ["Rome", "Bari"]


def test_an_interrupted_search_of_data_says_that_its_run_has_ended() -> None:
    """The note names the store with which a run can be continued."""

    def interrupt(update: ff.Update) -> None:
        if update.findall_id:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        ff.find_all(QUESTION, data=CITIES, progress=interrupt)
    (note,) = caught.value.__notes__
    assert "ended with this call" in note
    assert "store='runs.sqlite3'" in note
    assert ff.runs()["status"].tolist() == ["ended"]


def test_a_search_of_data_that_takes_too_long_returns_what_it_found() -> None:
    """The run has ended with its service, and nothing says that it could be resumed."""
    rows = pd.DataFrame({"name": [f"N{n}" for n in range(400_000)], "size": range(400_000)})
    with pytest.raises(ff.RunTimeout, match="ended with this call") as caught:
        ff.find_all("size over 50,000", data=rows, progress=False, timeout=3)
    assert "ff.resume" not in str(caught.value)
    if caught.value.findall_id is not None:  # else the data took longer to read
        assert len(caught.value.frames.candidates)


def test_an_open_local_service_is_found_by_its_runs() -> None:
    """By an id and by frames; the client need not be passed again."""
    with ff.local(SIZES) as client:
        frames = ff.find_all(LARGE, match_limit=5, client=client, progress=False)
        assert len(ff.extend(frames, 2, progress=False)) == 7
        assert len(ff.enrich(frames.findall_id, {"size": "The size"}, progress=False)) == 7
        assert ff.refresh(frames, progress=False).findall_id != frames.findall_id
        assert ff.cancel(frames).status.status == "completed"
    with pytest.raises(ff.errors.InvalidRequestError, match="Pass client="):
        ff.extend(frames, 2, progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": None}, "data is None. Pass a DataFrame"),
        ({"client": CITIES}, "not a DataFrame.*pass it as data="),
        ({"client": "packages"}, "not a str.*pass it as data="),
        ({"client": ff.Client(base_url="http://127.0.0.1:1"), "data": CITIES}, "Pass one of them"),
    ],
    ids=["data that is None", "a table as client", "a str as client", "client and data"],
)
@pytest.mark.parametrize("verb", [ff.find_all, ff.preview, ff.draft, ff.explain])
def test_an_invalid_client_is_refused(
    verb: Callable[..., object], options: dict[str, Any], message: str
) -> None:
    """The error says how to pass data."""
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        verb(QUESTION, **options)


def test_a_preview_ignores_the_limit_and_the_enrichments_of_a_search() -> None:
    """Its own limit counts candidates, not matches."""
    search = ff.Search(QUESTION, **SEARCH, match_limit=30, enrichments={"mayor": "The mayor"})
    assert len(ff.preview(search, match_limit=5, data=CITIES, progress=False).candidates) == 2


# -- refreshing --------------------------------------------------------------------------------


def test_a_refresh_returns_old_and_new_matches_and_can_be_repeated(
    farm: RunFarm, client: ff.Client
) -> None:
    """The matches of all earlier runs are excluded; the conditions stay the same."""
    options: dict[str, Any] = {"client": client, "progress": False}
    frames = ff.find_all("Find roofers", **options)
    size = len(frames)
    assert size > 0
    twice = ff.refresh(frames, **options)
    thrice = ff.refresh(twice, **options)
    with pytest.warns(RepeatedSearchWarning, match="now run and paid for again"):
        by_id = ff.refresh(frames.findall_id, **options)
    assert [len(each) for each in (twice, thrice, by_id)] == [2 * size, 3 * size, 2 * size]
    assert thrice.findall_ids[:2] == twice.findall_ids
    assert by_id.findall_ids[0] == frames.findall_id
    excluded = [len(asked.get("exclude_list") or []) for asked in farm.asked.values()]
    assert excluded == [0, size, 2 * size, size]
    conditions = [asked["match_conditions"] for asked in farm.asked.values()]
    assert conditions == [conditions[0]] * 4


def test_a_refresh_of_own_data_is_its_state_now(tmp_path: Path) -> None:
    """Each row once, a known match rechecked; compare says what is new, changed and gone."""
    data = tmp_path / "sizes.csv"
    SIZES[:6].to_csv(data, index=False)
    search = ff.Search(LARGE, entity_type="things", match_conditions=["size >= 3"])
    with ff.local(data) as client:
        frames = ff.find_all(search, client=client, progress=False)
        assert frames.matches["name"].tolist() == ["N3", "N4", "N5"]
    later = SIZES[:7].assign(size=[0, 1, 2, 3, 0, 5, 6]).drop(index=5)
    later.to_csv(data, index=False)
    with ff.local(data) as client:
        options: dict[str, Any] = {"client": client, "progress": False}
        new = ff.refresh(frames, **options)
        again = ff.refresh(new, **options)
    for each in (new, again):
        assert each.matches["name"].tolist() == ["N3", "N6"]
        assert sorted(each.candidates["name"]) == ["N0", "N1", "N2", "N3", "N4", "N6"]
    changes = frames.compare(new)
    assert changes.added["name"].tolist() == ["N6"]
    assert changes.removed["name"].tolist() == ["N5"]
    assert set(changes.changed_verdicts["name"]) == {"N4"}
    same = new.compare(again)
    assert len(same.both) == 6
    assert len(same.added) == len(same.removed) == len(same.changed_verdicts) == 0


def test_different_searches_or_a_running_one_cannot_be_refreshed(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Nothing is started."""
    with ff.local(SIZES) as local:
        one = ff.find_all(LARGE, client=local, progress=False)
        two = ff.find_all("Find things with a size of at most 3", client=local, progress=False)
        with pytest.raises(ff.errors.InvalidRequestError, match="different searches"):
            ff.refresh(ff.FindAllFrames.concat([one, two]), client=local)
    server.on("GET", AT, RUNNING)
    message = rf'not over.*ff\.resume\("{RUN_ID}", client=ff\.Client\(base_url="{server.url}"\)\)'
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        ff.refresh(RUN_ID, client=client)
    assert server.sent("POST", "/runs") == []


def test_a_refresh_of_frames_without_their_search_requests_it(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The matches are sent as exclusions."""
    new = run_object("completed") | {"findall_id": "findall_2"}
    server.on("POST", "/runs", answer(run_object("queued") | {"findall_id": "findall_2"}))
    server.on("GET", "/runs/findall_2", answer(new))
    server.on("GET", "/runs/findall_2/events", stream())
    server.on("GET", "/runs/findall_2/result", answer({"run": new, "candidates": []}))
    both = ff.refresh(ff.flatten(result(2)), client=client, progress=False)
    assert both.findall_ids == (RUN_ID, "findall_2")
    sent = server.sent("POST", "/runs")[0].content
    assert sent["objective"] == SCHEMA["objective"]
    assert [one["name"] for one in sent["exclude_list"]] == ["Tile maker 1", "Tile maker 2"]


# -- continuing and waiting --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "argument", "body"),
    [
        ("extend", 4, {"additional_match_limit": 4}),
        ("enrich", {"ceo": "Name of the CEO"}, None),
    ],
)
def test_a_continued_run_is_waited_for_again(
    server: ScriptedServer, client: ff.Client, verb: str, argument: Any, body: object
) -> None:
    """The service may report the first end for a while, in its status and its events."""
    server.on("POST", f"{AT}/{verb}", answer(SCHEMA))
    server.on("GET", f"{AT}/result", answer(result(3)), answer(result(4)))
    options: dict[str, Any] = {"client": client, "progress": False}
    assert len(ff.resume(RUN_ID, **options).matches) == 3
    statuses = [DONE, DONE, DONE, RUNNING, EXTENDED]
    server.on("GET", AT, *statuses)
    server.requests.clear()
    frames = getattr(ff, verb)(RUN_ID, argument, budget=0.6, timeout=20, **options)
    assert len(frames.matches) == 4
    (sent,) = server.sent("POST", f"{AT}/{verb}")
    assert body is None or sent.content == body
    assert len(server.sent("GET", AT)) == len(statuses)
    assert len(ff.resume(RUN_ID, progress=False).matches) == 4


def test_nothing_is_sent_with_a_timeout_of_zero(server: ScriptedServer, client: ff.Client) -> None:
    """Every method of a run takes a timeout in seconds."""
    run = ff.Run(RUN_ID, client=client)
    assert len(run.frames(timeout=5)) == 3
    server.requests.clear()
    calls: list[Callable[[], object]] = [
        lambda: run.frames(timeout=0),
        lambda: run.status(timeout=0),
        lambda: run.cancel(timeout=0),
        lambda: run.extend(5, timeout=0),
        lambda: run.enrich({"ceo": "Name"}, timeout=0),
        lambda: ff.cancel(run, timeout=0),
    ]
    for call in calls:
        with pytest.raises(ff.RunTimeout, match=r"ff\.resume"):
            call()
    assert server.requests == []


def test_a_running_equal_search_is_not_started_again_unnoticed(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A warning names the run; reuse waits for it."""
    server.on("GET", AT, RUNNING)
    server.on("GET", f"{AT}/events", stream())
    wanted = {"entity_type": "companies", "match_conditions": CONDITIONS, "match_limit": 5}
    ff.start(ff.Search("Find tile makers", **wanted), client=client)
    with pytest.raises(ff.RunTimeout):
        find(client, timeout=0.5, reuse=True)
    assert len(server.sent("POST", "/runs")) == 1
    server.on("GET", AT, DONE)
    with pytest.warns(ff.errors.RepeatedSearchWarning, match=rf"may still be running.*{RUN_ID}"):
        find(client)
    assert len(server.sent("POST", "/runs")) == 2


def test_an_equal_search_whose_creation_was_lost_is_not_started_again_unnoticed(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The run may exist, and cannot be waited for: a warning names its token; reuse raises."""
    server.on("POST", "/runs", Reply(0, (), then="reset"))
    with pytest.raises(ff.AmbiguousCreateError) as caught:
        find(client)
    healthy(server)
    with pytest.raises(ff.AmbiguousCreateError, match=str(caught.value.token)):
        find(client, reuse=True)
    assert len(server.sent("POST", "/runs")) == 1
    with pytest.warns(ff.errors.RepeatedSearchWarning, match=str(caught.value.token)):
        find(client)
    assert len(find(client, reuse=True)) == 3
    assert len(server.sent("POST", "/runs")) == 2


def test_a_lost_creation_does_not_hide_an_equal_run(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A run with an id can be waited for; nothing is started."""
    search = ff.Search.from_schema(client.schema(RUN_ID))
    ff.start(search, client=client)
    server.on("POST", "/runs", answer(status=500))
    with pytest.raises(ff.AmbiguousCreateError):
        ff.start(search, client=client)
    sent = len(server.sent("POST", "/runs"))
    assert len(ff.find_all(search, client=client, reuse=True, progress=False)) == 3
    assert len(server.sent("POST", "/runs")) == sent


@pytest.mark.parametrize("first", ["accepted", "refused"])
def test_equal_searches_that_are_reused_at_once_start_one_run(
    server: ScriptedServer, client: ff.Client, first: str
) -> None:
    """The others wait until it has an id; if it was refused, one of them starts it."""
    created = run_object("queued")

    def slowly(request: Request) -> Reply:
        time.sleep(0.3)
        return answer(created) if first == "accepted" else answer(status=402)

    server.on("POST", "/runs", slowly, answer(created))

    def search(number: int) -> int:
        try:
            return len(find(client, reuse=True))
        except ff.errors.InsufficientFundsError:
            return -1

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(search, range(4)))
    is_refused = first == "refused"
    assert sorted(found) == [-1 if is_refused else 3, 3, 3, 3]
    assert len(server.sent("POST", "/runs")) == 1 + is_refused


def test_an_equal_search_that_is_being_started_is_waited_for_within_the_deadline(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Nothing is started; the display says what is waited for."""
    search = ff.Search.from_schema(client.schema(RUN_ID))
    ledger = Ledger.of_this_machine()
    options = options_of(search)
    asked = question(options, match_limit=check_options(options, own_data=False))
    schema = search.to_schema()
    ledger.intend("t", service=client.base_url, schema=schema, asked=asked, cost=None)
    seen: list[ff.Update] = []
    with pytest.raises(ff.RunTimeout, match="another call is still starting"):
        ff.find_all(search, client=client, reuse=True, progress=seen.append, timeout=0.3)
    assert seen[-1].status == "being started by another call"
    assert server.sent("POST", "/runs") == []


def test_a_handle_notices_that_its_run_was_extended_by_another(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Its earlier end is confirmed before the result is taken for the whole one."""
    run = ff.Run(RUN_ID, client=client)
    run.wait(progress=False)
    server.on("GET", AT, RUNNING, EXTENDED)
    server.on("GET", f"{AT}/events", stream())
    server.on("GET", f"{AT}/result", answer(result(4)))
    assert len(run.wait(progress=False, timeout=20)) == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: run.enrich({}), "enrichments is empty"),
        (lambda run: run.extend(0), "Expected at least 1"),
        (lambda run: run.extend(True), "whole number"),
        (lambda run: ff.estimate_cost("tiles"), "estimate_cost takes a Search"),
        (lambda run: ff.explain(["size > 3"], client=run.client), "explain takes a Search"),
        (lambda run: ff.draft(ff.Search(QUESTION, **SEARCH)), "draft takes an objective"),
        (lambda run: ff.refresh(run, data=CITIES), "only with frames"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client, call: Callable[[ff.Run], object], message: str
) -> None:
    """With what was expected."""
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        call(ff.Run(RUN_ID, client=client))
    assert server.requests == []


def test_a_timeout_of_centuries_is_no_limit(client: ff.Client) -> None:
    """Python's locks refuse to wait for that long."""
    assert len(find(client, timeout=1e12)) == 3


def test_a_match_without_an_address_does_not_stop_a_refresh(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The API cannot exclude it; the limit of an extended run is that of a new one."""
    found = result(2)
    found["candidates"][0]["url"] = ""
    schema = msgspec.convert(SCHEMA | {"match_limit": 1005}, FindAllSchema)
    both = ff.refresh(ff.flatten(found, schema=schema), client=client, progress=False)
    (sent,) = [request.content for request in server.sent("POST", "/runs")]
    assert [each["name"] for each in sent["exclude_list"]] == ["Tile maker 2"]
    assert sent["match_limit"] == 1000
    assert both.findall_ids == (RUN_ID,)
