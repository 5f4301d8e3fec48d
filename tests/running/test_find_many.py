"""Many searches in one call: each is run once, whatever the service, the quota or a person does."""

from __future__ import annotations

import _thread
import re
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.running import batch, claims, ledger_file, pricing
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.spec import options_of
from tests.support.faulty_proxy import FaultyProxy
from tests.support.run_farm import RunFarm
from tests.support.scripted import CONDITIONS, KEY, SCHEMA, Reply, Request, ScriptedServer, answer

CITIES = pd.DataFrame({"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"]})
CONTENT = ("candidates", "fields", "citations")
pytestmark = pytest.mark.usefixtures("short_clock")

IDS_AND_TIMES = {
    *("findall_id", "candidate_id", "created_at", "modified_at", "fetched_at"),
    *("last_event_id", "metadata", "service"),
}
LOST = Reply(200, (b"{",), {"content-type": "application/json"}, "close", "reset")


def objectives(number: int) -> list[str]:
    """Return some objectives whose conditions are drafted."""
    return [f"Find tile makers {n}" for n in range(number)]


def search(objective: str, **options: Any) -> ff.Search:
    """Return a search with conditions and the smallest limit."""
    given = {"match_conditions": CONDITIONS, "match_limit": 5, **options}
    return ff.Search(objective, entity_type="companies", **given)


def many(searches: Any, client: ff.Client, **options: Any) -> ff.FindAllFrames:
    """Run searches silently."""
    return ff.find_many(searches, **{"client": client, "progress": False, "timeout": 60, **options})


def check_faulty(server: ScriptedServer, client: ff.Client, *, number: int, faults: float) -> None:
    """Run searches at a faulty service, and compare each with its result fetched alone."""
    farm = RunFarm(server, faults=faults, refuse_every=5)
    frames = many(objectives(number), client)
    assert Counter(farm.objectives) == Counter(objectives(number))
    assert frames.runs["objective"].tolist() == objectives(number)
    assert frames.runs["error"].isna().all()
    farm.faults = 0.0
    alone = [ff.Run(each, client=client).frames() for each in frames.findall_ids]
    one_by_one = ff.FindAllFrames.concat(alone)
    for name in CONTENT:
        assert frames.tables[name].equals(one_by_one.tables[name])
    assert farm.refused >= number // 5


def test_every_search_is_run_once_at_a_faulty_service(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Errors, broken answers and refusals change neither tables nor order."""
    check_faulty(server, client, number=20, faults=0.1)


@pytest.mark.thorough
def test_two_hundred_searches_are_run_once_at_a_faulty_service(
    server: ScriptedServer, client: ff.Client
) -> None:
    """As above."""
    check_faulty(server, client, number=200, faults=0.15)


def check_behind_proxy(*, number: int) -> None:
    """Search own data through a proxy that often fails, and one by one without it."""
    numbers = pd.DataFrame({"name": [f"N{n}" for n in range(300)], "size": range(300)})
    searches = [
        ff.Search(
            f"Numbers from {n} on",
            entity_type="numbers",
            match_conditions={"large": f"size >= {n}"},
            match_limit=1000,
        )
        for n in range(300 - number, 300)
    ]
    with ff.local(numbers) as direct, ScriptedServer() as server:
        proxy = FaultyProxy(server, direct.base_url, faults=0.15)
        with ff.Client(api_key=KEY, base_url=server.url) as client:
            frames = many(searches, client)
        alone = [ff.find_all(each, client=direct, progress=False) for each in searches]
    assert proxy.failed >= number // 5
    assert proxy.passed["creations"] == number
    one_by_one = ff.FindAllFrames.concat(alone)
    assert list(frames.tables) == list(one_by_one.tables)
    for name, table in frames.tables.items():
        kept = [each for each in table.column_names if each not in IDS_AND_TIMES]
        assert table.select(kept).equals(one_by_one.tables[name].select(kept)), name


def test_frames_are_those_of_searches_made_one_by_one() -> None:
    """At the embedded service, behind a proxy that often fails."""
    check_behind_proxy(number=8)


@pytest.mark.thorough
def test_frames_of_two_hundred_searches_are_those_of_searches_made_one_by_one() -> None:
    """As above."""
    check_behind_proxy(number=200)


def test_the_same_call_again_asks_the_service_nothing(
    farm: RunFarm, server: ScriptedServer, client: ff.Client
) -> None:
    """A warning says that the results are older, and from when."""
    first = many(objectives(3), client)
    asked = len(server.requests)
    with pytest.warns(ff.errors.RepeatedSearchWarning, match="3 of 3 searches were run before"):
        again = many(objectives(3), client)
    assert len(server.requests) == asked
    for name in CONTENT:
        assert again.tables[name].equals(first.tables[name])


def test_each_result_is_fetched_once(farm: RunFarm, client: ff.Client) -> None:
    """Whatever the number of status requests."""
    frames = many(objectives(5), client)
    fetched = {name: n for name, n in farm.requests.items() if name.startswith("result")}
    assert fetched == {f"result {findall_id}": 1 for findall_id in frames.findall_ids}


def test_at_most_max_active_runs_go_on_at_a_time(farm: RunFarm, client: ff.Client) -> None:
    """The next one is created when one is over."""
    many(objectives(8), client, max_active=3)
    assert farm.most_active == 3
    assert len(farm.asked) == 8


def test_drafting_holds_up_no_other_run(
    farm: RunFarm, server: ScriptedServer, client: ff.Client
) -> None:
    """The conditions of the second search arrive only when the run of the first one is over."""
    is_over = threading.Event()

    def ingest(request: Request) -> Reply:
        assert is_over.wait(20)
        return answer({**SCHEMA, "objective": request.content["objective"]})

    def note(update: ff.Update) -> None:
        if update.is_over:
            is_over.set()

    server.on("POST", "/ingest", ingest)
    frames = many([search("Find roofers"), "Find tilers"], client, progress=note)
    assert frames.runs["status"].tolist() == ["completed"] * 2


def test_four_searches_are_drafted_at_a_time(
    farm: RunFarm, server: ScriptedServer, client: ff.Client
) -> None:
    """And their runs created in order."""
    together = threading.Barrier(4)

    def ingest(request: Request) -> Reply:
        together.wait(20)
        return answer({**SCHEMA, "objective": request.content["objective"]})

    server.on("POST", "/ingest", ingest)
    frames = many(objectives(8), client)
    assert frames.runs["status"].tolist() == ["completed"] * 8
    assert farm.objectives == objectives(8)


def test_a_search_whose_conditions_cannot_be_drafted_concerns_no_other(
    farm: RunFarm, server: ScriptedServer, client: ff.Client
) -> None:
    """It is asked for once."""
    names = objectives(3)

    def ingest(request: Request) -> Reply:
        if request.content["objective"] == names[1]:
            return answer({"error": {"message": "too vague"}}, status=422)
        return answer({**SCHEMA, "objective": request.content["objective"]})

    server.on("POST", "/ingest", ingest)
    with pytest.warns(ff.errors.PartialResultWarning, match="too vague"):
        frames = many(names, client)
    assert frames.runs["status"].tolist() == ["completed", "refused", "completed"]
    assert len(server.sent("POST", "/ingest")) == 3


# -- what people pass --------------------------------------------------------------------------


def test_searches_can_be_a_table(farm: RunFarm, client: ff.Client) -> None:
    """Missing values are left out, and whole numbers may be floats, as pandas makes them."""
    table = pd.DataFrame(
        {
            "objective": ["Find tile makers", "Find roofers", "Find tilers"],
            "match_limit": [5, None, np.nan],
            "generator": ["pro", None, pd.NA],
            "entity_type": [None, "companies", None],
            "match_conditions": [None, {"roofs": "Company must build roofs"}, None],
        }
    )
    frames = many(table, client)
    asked = list(farm.asked.values())
    assert [each["objective"] for each in asked] == table["objective"].tolist()
    assert [each["match_limit"] for each in asked] == [5, 10, 10]
    assert [each["generator"] for each in asked] == ["pro", "core", "core"]
    assert asked[1]["match_conditions"] == [
        {"name": "roofs", "description": "Company must build roofs"}
    ]
    assert frames.runs["match_limit"].tolist() == [5, 10, 10]


@pytest.mark.parametrize("searches", [[], pd.DataFrame({"objective": []})])
def test_no_searches_make_empty_frames(
    server: ScriptedServer, client: ff.Client, searches: Any
) -> None:
    """A list that is made by a program may be empty."""
    frames = many(searches, client)
    assert len(frames.runs) == len(frames.matches) == 0
    assert list(frames.runs.columns) == list(ff.FindAllFrames.concat([]).runs.columns)
    assert server.requests == []


def test_searches_can_be_a_table_of_polars(farm: RunFarm, client: ff.Client) -> None:
    """As one of pandas."""
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"objective": ["Find roofers", "Find tilers"], "match_limit": [5, None]})
    frames = many(table, client)
    assert frames.runs["match_limit"].tolist() == [5, 10]


@pytest.mark.parametrize(
    ("searches", "options", "message"),
    [
        ("Find tile makers", {}, "takes a list of objectives"),
        (["Find tile makers", 7], {}, "Search 1 is 7"),
        (["Find tile makers", " "], {}, "Search 1: objective is empty"),
        (["Find tiles", "Find tiles"], {}, "Searches 0 and 1 ask the same"),
        (ff.FindAllFrames.concat([]), {}, "takes a list of objectives"),
        (pd.DataFrame({"objective": ["a"], "limit": [3]}), {}, "has the column 'limit'"),
        (pd.DataFrame([["a"]], columns=[0]), {}, "has the column 0"),
        (pd.DataFrame([["a", "b"]], columns=["objective"] * 2), {}, "column 'objective' twice"),
        (pd.DataFrame({"match_limit": [5]}), {}, "has no column 'objective'"),
        (pd.DataFrame({"objective": ["Find tiles", np.nan]}), {}, "Search 1: It has no objective"),
        (pd.DataFrame({"objective": ["Find tiles"] * 2}), {}, "Searches 0 and 1 ask the same"),
        (pd.DataFrame({"objective": ["a"], "match_limit": [2.5]}), {}, "must be a whole number"),
        ([search("Find tiles", match_limit=5000)], {}, "Search 0: match_limit is 5000"),
        (["Find tiles"], {"errors": "warn"}, "'collect' or 'raise'"),
        (["Find tiles"], {"max_active": 0}, "max_active must be"),
        (["Find tiles"], {"per_hour": None}, "per_hour must be"),
        (["Find tiles"], {"budget": "10"}, "budget must be"),
        (["Find tiles"], {"progress": "panel"}, "progress is 'panel'"),
    ],
)
def test_what_is_invalid_is_refused_before_anything_is_sent(
    server: ScriptedServer, client: ff.Client, searches: Any, options: dict[str, Any], message: str
) -> None:
    """The message says which search it is."""
    with pytest.raises(ff.errors.InvalidRequestError, match=message):
        many(searches, client, **options)
    assert server.requests == []


def test_without_a_ledger_nothing_is_started(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be told what was paid for."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", "off")
    with pytest.raises(ff.errors.InvalidRequestError, match="in the ledger, which is switched off"):
        many(["Find tiles"], client)
    assert server.requests == []


def test_a_ledger_that_another_program_locks_is_waited_for(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As nothing is started without it."""
    monkeypatch.setattr(ledger_file, "_BUSY_SECONDS", 0.01)
    path = Ledger.of_this_machine().path
    assert path is not None
    ff.runs()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        unlock = threading.Timer(0.5, other.execute, ["COMMIT"])
        unlock.start()
        with pytest.warns(ff.errors.LedgerWarning, match="locked"):
            frames = many([search(each) for each in objectives(3)], client)
        unlock.join()
    assert frames.runs["status"].tolist() == ["completed"] * 3
    assert ff.runs()["findall_id"].tolist() == list(farm.asked)[::-1]


def test_a_run_is_recorded_once_the_ledger_can_be_written_again(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was locked when the answer to the creation came."""
    monkeypatch.setattr(ledger_file, "_BUSY_SECONDS", 0.01)
    farm.looks = 50
    path = Ledger.of_this_machine().path
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    unlock = threading.Timer(0.3, other.execute, ["COMMIT"])
    create = client.create

    def locking(*args: Any, **options: Any) -> Any:
        created = create(*args, **options)
        other.execute("BEGIN EXCLUSIVE")
        unlock.start()
        return created

    client.create = locking  # type: ignore[method-assign]
    with pytest.warns(ff.errors.LedgerWarning, match="locked"):
        many([search("Find tilers")], client)
    unlock.join()
    other.close()
    assert ff.runs()["findall_id"].tolist() == list(farm.asked)
    with pytest.warns(ff.errors.RepeatedSearchWarning):
        many([search("Find tilers")], client)
    assert len(farm.asked) == 1


def test_own_data_is_searched_as_one_by_one() -> None:
    """Without a ledger, a quota or a budget; a condition that can't be read is an error."""
    questions = ["Find cities in Italy", "Find cities in Norway"]
    frames = ff.find_many(questions, data=CITIES, progress=False, budget=0, per_hour=1)
    assert frames.matches["name"].tolist() == ["Rome", "Bari", "Oslo"]
    with ff.local(CITIES) as client:
        alone = [ff.find_all(each, client=client, progress=False) for each in questions]
    assert frames.candidates["name"].tolist() == [
        name for each in alone for name in each.candidates["name"]
    ]


def test_own_data_is_searched_anew_after_an_interrupt() -> None:
    """It costs nothing, and is not in the ledger."""

    def interrupt(_: ff.Update) -> None:
        raise KeyboardInterrupt

    with ff.local(CITIES) as client, pytest.raises(KeyboardInterrupt) as raised:
        many(["Find cities in Italy"], client, progress=interrupt)
    assert raised.value.__notes__ == [
        "0 of 1 search over, 1 still running, 0 not started. "
        "The same call again searches all of your data anew."
    ]


def test_a_condition_that_own_data_cannot_read_is_an_error_of_its_search() -> None:
    """The others go on."""
    with (
        ff.local(CITIES) as client,
        pytest.warns(ff.errors.PartialResultWarning, match="1 of 2 searches has no whole result"),
    ):
        frames = many(["Find splendid cities", "Find cities in Italy"], client)
    assert frames.runs["status"].tolist() == ["refused", "completed"]
    assert "splendid" in frames.runs.loc[0, "error"]
    assert frames.matches["name"].tolist() == ["Rome", "Bari"]


# -- what goes wrong ---------------------------------------------------------------------------


def test_a_search_that_fails_is_a_row_with_an_error(farm: RunFarm, client: ff.Client) -> None:
    """Refused, failed at the service, or ended early: the others are not concerned."""
    names = objectives(4)
    farm.refusals[names[0]] = answer({"error": {"message": "not this"}}, status=422)
    farm.endings[names[1]] = ("failed", "error_occurred")
    farm.endings[names[2]] = ("completed", "low_match_rate")
    with pytest.warns(ff.errors.PartialResultWarning, match="3 of 4 searches have no whole") as w:
        frames = many(names, client)
    assert "not this" in str(w[0].message)
    runs = frames.runs
    assert runs["status"].tolist() == ["refused", "failed", "completed", "completed"]
    assert runs["error"].notna().tolist() == [True, True, True, False]
    assert runs.loc[0, "findall_id"].startswith("search_")
    assert "the service ran into an error" in runs.loc[1, "error"]
    assert set(frames.candidates["findall_id"]) <= set(runs["findall_id"][1:])
    with (
        pytest.raises(ff.PartialResultError) as raised,
        pytest.warns(ff.errors.RepeatedSearchWarning),
    ):
        many(names, client, errors="raise")
    assert raised.value.frames.runs["status"].tolist() == runs["status"].tolist()
    assert len(farm.asked) == 3, "runs that failed were paid for, and are not created again"


def test_frames_with_a_search_without_a_run_can_be_written(
    farm: RunFarm, client: ff.Client, tmp_path: Any
) -> None:
    """Its row comes back."""
    farm.refusals["Find tiles"] = answer(status=422)
    with pytest.warns(ff.errors.PartialResultWarning):
        frames = many(["Find tiles", "Find tile makers"], client)
    assert "2 searches, 1 of them with a run" in repr(frames)
    back = ff.read_parquet(frames.to_parquet(tmp_path / "many"))
    pd.testing.assert_frame_equal(back.runs, frames.runs)


@pytest.mark.parametrize("status", [401, 402])
def test_no_more_runs_are_created_where_each_would_be_refused(
    farm: RunFarm, server: ScriptedServer, client: ff.Client, status: int
) -> None:
    """The runs that go on are waited for; the same call again goes on with the others."""
    names = objectives(5)
    farm.refusals[names[2]] = answer(status=status)
    with pytest.warns(ff.errors.PartialResultWarning, match="3 of 5 searches"):
        frames = many(names, client)
    assert frames.runs["status"].tolist() == ["completed"] * 2 + ["not_started"] * 3
    assert len(server.sent("POST", "/runs")) == 3
    farm.refusals.clear()
    with pytest.warns(ff.errors.RepeatedSearchWarning, match="2 of 5"):
        frames = many(names, client)
    assert frames.runs["status"].tolist() == ["completed"] * 5
    assert Counter(farm.objectives) == Counter(names)


@pytest.mark.parametrize("has_list", [True, False])
def test_a_lost_creation_stops_no_other_and_is_not_repeated(
    farm: RunFarm, server: ScriptedServer, client: ff.Client, has_list: bool
) -> None:
    """The next call finds the run in the account's list, if there is one."""
    names = objectives(3)
    farm.after_creation[names[1]] = LOST
    if not has_list:
        server.on("POST", "/../memory/retrieve", answer(status=404))
    with pytest.warns(ff.errors.PartialResultWarning, match="1 of 3"):
        frames = many(names, client)
    assert frames.runs["status"].tolist() == ["completed", "unknown", "completed"]
    farm.after_creation.clear()
    if has_list:
        with pytest.warns(ff.errors.RepeatedSearchWarning, match="2 of 3"):
            frames = many(names, client)
        assert frames.runs["status"].tolist() == ["completed"] * 3
    else:
        with (
            pytest.warns(ff.errors.RepeatedSearchWarning, match="2 of 3"),
            pytest.warns(ff.errors.PartialResultWarning, match="findall_frames_token="),
        ):
            frames = many(names, client)
        assert frames.runs["status"].tolist() == ["completed", "unknown", "completed"]
    assert Counter(farm.objectives) == Counter(names)


def test_a_service_that_is_down_for_a_moment_is_waited_for(
    farm: RunFarm, server: ScriptedServer, client: ff.Client
) -> None:
    """A creation that was certainly not received is sent again."""
    create = client.create
    calls = []

    def unreachable_twice(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) <= 2:
            raise ff.errors.UnreachableError("it is down")
        return create(*args, **kwargs)

    client.create = unreachable_twice  # type: ignore[method-assign]
    frames = many(objectives(2), client)
    assert frames.runs["status"].tolist() == ["completed"] * 2
    assert len(calls) == 4


# -- interrupted -------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 4, 9])
def test_the_call_can_be_interrupted_and_made_again(
    farm: RunFarm, client: ff.Client, after: int
) -> None:
    """It says what goes on; nothing is created twice, and every result is there."""
    names = objectives(6)
    seen: list[ff.Update] = []

    def interrupt(update: ff.Update) -> None:
        seen.append(update)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        many(names, client, progress=interrupt)
    assert any("The same call again" in note for note in raised.value.__notes__)
    assert 0 < len(farm.asked) <= 6
    frames = many(names, client)
    assert frames.runs["status"].tolist() == ["completed"] * 6
    assert Counter(farm.objectives) == Counter(names)


def test_an_interrupt_waits_for_the_answer_to_a_creation(farm: RunFarm, client: ff.Client) -> None:
    """Else nobody would know whether there is a run."""
    create = client.create

    def interrupted(*args: Any, **options: Any) -> Any:
        _thread.interrupt_main()
        time.sleep(0.1)
        return create(*args, **options)

    client.create = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        many([search("Find tilers")], client)
    assert ff.runs()["findall_id"].tolist() == list(farm.asked)
    assert len(farm.asked) == 1


def test_an_interrupt_between_a_claim_and_its_creation_leaves_no_doubt(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that was claimed is created and recorded, so the same call again continues."""
    granted = batch.claim

    def interrupted(*args: Any, **options: Any) -> Any:
        claimed = granted(*args, **options)
        _thread.interrupt_main()
        time.sleep(0.1)
        return claimed

    monkeypatch.setattr(batch, "claim", interrupted)
    with pytest.raises(KeyboardInterrupt):
        many([search("Find tilers")], client)
    monkeypatch.setattr(batch, "claim", granted)
    assert many([search("Find tilers")], client).runs["error"].isna().all()
    assert ff.runs()["findall_id"].tolist() == list(farm.asked)
    assert len(farm.asked) == 1


def test_an_enrichment_that_a_kept_result_lacks_is_added(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the result of the run, as it was left, is in the ledger by now."""
    wanted = search("Find tilers", enrichments={"ceo": "Name of the CEO"})

    def interrupt(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RecordedRun, "add_enrichment", interrupt)
        with pytest.raises(KeyboardInterrupt):
            many([wanted], client)
    (findall_id,) = farm.asked
    ff.resume(findall_id, client=client, progress=False)
    many([wanted], client)
    assert len(farm.enriched[findall_id]) == 1
    assert len(farm.asked) == 1


def test_a_creation_from_before_the_clock_was_set_back_is_not_waited_for(
    farm: RunFarm, server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process was killed, and its time is hours ahead."""
    monkeypatch.setattr(claims, "_LONGEST_CREATION", timedelta(seconds=30))
    server.on("POST", "/../memory/retrieve", answer(status=404))
    ledger, wanted = Ledger.of_this_machine(), search("Find tilers")
    ledger.intend(
        "token",
        service=client.base_url,
        schema=wanted.to_schema(),
        asked=question(options_of(wanted), match_limit=5),
        cost=None,
    )
    ledger.write(
        """UPDATE runs SET started_at = '2999-01-01T00:00:00.000000Z',
        updated_at = '2999-01-01T00:00:00.000000Z'"""
    )
    with pytest.warns(ff.errors.PartialResultWarning, match="never answered"):
        frames = many([wanted], client, timeout=5)
    assert frames.runs["status"].tolist() == ["unknown"]


def test_an_enrichment_that_an_interrupt_left_out_is_added(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call again looks at what the run has."""
    wanted = search("Find tilers", enrichments={"ceo": "Name of the CEO"})

    def interrupt(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RecordedRun, "add_enrichment", interrupt)
        with pytest.raises(KeyboardInterrupt):
            many([wanted], client)
    assert farm.enriched == {}
    many([wanted], client)
    (added,) = farm.enriched.values()
    assert len(added) == 1
    assert len(farm.asked) == 1


def test_a_timeout_returns_what_is_over(farm: RunFarm, client: ff.Client) -> None:
    """The others have a row."""
    many(objectives(1), client)
    farm.looks = 10**6
    with (
        pytest.warns(ff.errors.RepeatedSearchWarning),
        pytest.raises(ff.RunTimeout, match="1 of 2 searches over, 1 still running") as raised,
    ):
        many(objectives(2), client, timeout=0.8)
    frames = raised.value.frames
    assert frames.runs["status"].tolist() == ["completed", "running"]
    assert frames.runs["findall_id"].tolist() == list(farm.asked)


# -- quota and budget --------------------------------------------------------------------------


def test_the_quota_is_kept_on_a_shortened_clock(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty-five within what stands for an hour: the service has to refuse nothing."""
    hour = 1.0
    monkeypatch.setattr(claims, "_HOUR", timedelta(seconds=hour))
    farm = RunFarm(server, looks=0, quota=(25, 0.9 * hour))
    frames = many([search(each) for each in objectives(51)], client, per_hour=25)
    assert frames.runs["status"].tolist() == ["completed"] * 51
    assert farm.refused == 0
    assert farm.created_at[25] - farm.created_at[0] >= 0.9 * hour
    assert farm.created_at[50] - farm.created_at[25] >= 0.9 * hour


def test_runs_of_other_calls_count_for_the_quota(
    farm: RunFarm, client: ff.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """The timeout ends the wait, of which a log says at once why and until when."""
    many([search("Find tilers")], client)
    why = (
        rf"the quota of 1 run per hour at {client.base_url} is used up; "
        r"the next search can start at \d\d:\d\d:\d\d UTC"
    )
    with pytest.raises(ff.RunTimeout, match=f"1 not started: {why}"):
        many([search("Find roofers")], client, per_hour=1, timeout=0.3, progress="log")
    begun, waiting, ended = capsys.readouterr().err.splitlines()
    assert "quota" not in begun
    assert re.search(f"1 waiting.*{why}", waiting)
    assert re.search(why, ended)
    assert len(farm.asked) == 1


def test_a_bare_refusal_is_waited_out(server: ScriptedServer, client: ff.Client) -> None:
    """With growing pauses, while the runs that go on are looked at."""
    farm = RunFarm(server, refuse_every=2)
    frames = many(objectives(12), client)
    assert frames.runs["status"].tolist() == ["completed"] * 12
    assert farm.refused >= 11
    assert Counter(farm.objectives) == Counter(objectives(12))
    assert len(ff.runs()) == 12, "refusals that passed are not listed"


def test_the_budget_is_reserved_and_what_is_left_is_used(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is over counts with its cost; a search that does not fit has an error."""
    monkeypatch.setattr(pricing, "HOSTED_URL", server.url)
    farm = RunFarm(server, looks=0)
    searches = [search(each) for each in objectives(6)]
    (ceiling,) = {ff.estimate_cost(each).ceiling for each in searches}
    budget = 3.6 * ceiling
    with pytest.warns(ff.errors.PartialResultWarning, match="of the budget of"):
        frames = many(searches, client, budget=budget)
    spent = frames.runs["cost"].sum()
    assert spent <= budget
    assert spent + ceiling > budget, "one more would not have fitted"
    assert len(farm.asked) == 4 > budget // ceiling
    # What was spent counts for the next call as well.
    with (
        pytest.warns(ff.errors.PartialResultWarning, match="of the budget of"),
        pytest.warns(ff.errors.RepeatedSearchWarning),
    ):
        many(searches, client, budget=budget)
    assert len(farm.asked) == 4
    with pytest.warns(ff.errors.RepeatedSearchWarning):
        frames = many(searches, client, budget=2 * budget)
    assert frames.runs["error"].isna().all()
    listed = ff.runs()
    assert listed.groupby(listed["created_at"].dt.date)["cost"].sum().tolist() == [
        pytest.approx(frames.runs["cost"].sum())
    ]


def test_a_search_that_costs_more_than_the_budget_is_refused_before_anything_is_sent(
    farm: RunFarm, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all searches, as none of them is started."""
    monkeypatch.setattr(pricing, "HOSTED_URL", client.base_url)
    with pytest.raises(
        ff.errors.BudgetError, match=r"The search 'Find tiles' could cost at most \$3\.50"
    ):
        many([search("Find tilers"), "Find tiles"], client, budget=3)
    assert not farm.requests
    assert not farm.asked


def test_a_budget_is_refused_where_prices_are_not_known(farm: RunFarm, client: ff.Client) -> None:
    """What runs cost there is never known, so nothing that is reserved would become free."""
    with pytest.raises(ff.errors.BudgetError, match=f"prices of the service at {client.base_url}"):
        many(objectives(8), client, budget=1000)
    assert not farm.requests
    assert not farm.asked


@pytest.mark.usefixtures("farm")
def test_a_search_that_does_not_fit_holds_up_no_smaller_one(
    client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again when a run is over, and an error only once none can free anything."""
    monkeypatch.setattr(pricing, "HOSTED_URL", client.base_url)
    searches = [search("Find tilers"), search("Find roofers", generator="pro"), search("Find pots")]
    small, large, _ = (ff.estimate_cost(each).ceiling for each in searches)
    seen: list[tuple[str | None, bool]] = []

    def note(update: ff.Update) -> None:
        seen.append((update.objective, update.is_over))

    with pytest.warns(ff.errors.PartialResultWarning, match=r"could cost \$15\.00"):
        frames = many(searches, client, budget=large + 0.5 * small, progress=note)
    assert frames.runs["status"].tolist() == ["completed", "not_started", "completed"]
    assert seen.index(("Find pots", False)) < seen.index(("Find tilers", True))
    with pytest.warns(ff.errors.RepeatedSearchWarning):
        frames = many(searches, client, budget=large + 2 * small)
    assert frames.runs["error"].isna().all()


@pytest.mark.filterwarnings("ignore::findall_frames.errors.RepeatedSearchWarning")
def test_eight_calls_at_once_create_each_run_once_within_the_budget(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them returns what the budget allowed."""
    monkeypatch.setattr(claims, "_LONGEST_CREATION", timedelta(seconds=30))
    monkeypatch.setattr(pricing, "HOSTED_URL", server.url)
    farm = RunFarm(server)
    searches = [search(each) for each in objectives(9)]
    budget = 4.5 * ff.estimate_cost(searches[0]).ceiling
    barrier = threading.Barrier(8)

    def call(_: int) -> list[str]:
        with ff.Client(api_key=KEY, base_url=server.url) as client:
            barrier.wait()
            with pytest.raises(ff.PartialResultError) as raised:
                many(searches, client, budget=budget, errors="raise")
            return list(raised.value.frames.runs["status"])

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(call, range(8)))
    assert len(set(farm.objectives)) == len(farm.objectives) == 5
    for statuses in outcomes:
        assert statuses == outcomes[0]
        assert Counter(statuses) == {"completed": 5, "not_started": 4}
