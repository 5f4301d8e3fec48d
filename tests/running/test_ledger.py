"""The ledger records every run, keeps its result, and warns before one is paid for twice."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.api.models import FindAllRun, FindAllRunStatus
from findall_frames.running import recorded_run
from findall_frames.running.ledger import Ledger
from tests.support.scripted import (
    AT,
    DONE,
    EXTENDED,
    KEY,
    RUN_ID,
    SCHEMA,
    Reply,
    ScriptedServer,
    answer,
    ends_as,
    event,
    find,
    healthy,
    result,
    run_object,
    story,
    stream,
)

CONTENT = ("candidates", "fields", "citations")


def ledger_folder() -> Path:
    """Return the folder of this test's ledger."""
    return Path(os.environ["FINDALL_FRAMES_HOME"])


# -- what is recorded --------------------------------------------------------------------------


def test_a_status_from_before_the_end_of_a_run_does_not_make_it_go_on() -> None:
    """Another process may have seen the end while the status was on its way."""
    ledger = Ledger.of_this_machine()
    running, over = (
        msgspec.convert(run_object(status), FindAllRun).status
        for status in ("running", "completed")
    )

    def observe(status: FindAllRunStatus, *, as_of: datetime | None = None) -> bool:
        ledger.observed(
            RUN_ID, service="http://s", status=status, schema=None, cost=None, as_of=as_of
        )
        (row,) = ledger.rows()
        return bool(row["is_over"])

    before = datetime.now(UTC)
    assert not observe(running)
    assert observe(over)
    assert observe(running, as_of=before)
    assert not observe(running), "it was extended"


def test_a_finished_run_is_listed(server: ScriptedServer, client: ff.Client) -> None:
    """With all that is known about it, except a cost, which this service does not publish."""
    find(client)
    (row,) = ff.runs().to_dict("records")
    assert row["created_at"] <= row["modified_at"] <= pd.Timestamp.now("UTC")
    assert pd.isna(row["cost"])
    expected = {
        "findall_id": RUN_ID,
        "status": "completed",
        "termination_reason": "match_limit_met",
        "matched_candidates_count": 3,
        "generated_candidates_count": 3,
        "match_limit": 5,
        "objective": "Find tile makers",
        "entity_type": "companies",
        "service": server.url,
        "token": server.requests[0].content["metadata"]["findall_frames_token"],
        "has_result": True,
    }
    assert {name: row[name] for name in expected} == expected


def test_an_empty_ledger_has_the_same_columns_and_types(client: ff.Client) -> None:
    """None of them is of dtype object."""
    empty = ff.runs()
    assert len(empty) == 0
    find(client)
    assert empty.dtypes.to_dict() == ff.runs().dtypes.to_dict()
    assert "object" not in {str(dtype) for dtype in empty.dtypes}


MEMORY = "/../memory/retrieve"
RECENT = [
    {"id": RUN_ID, "input_excerpt": "Find tile", "matched_count": 9},
    {
        "id": "findall_elsewhere",
        "input_excerpt": "Find tile makers",
        "matched_count": 2,
        "updated_at": "2020-01-02T03:04:05Z",
    },
]
OTHER = {"id": "findall_other", "input_excerpt": "Find tilers"}


def test_recent_runs_of_the_account_are_joined_with_those_of_this_machine(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The columns and types stay, and one more says where a run is known from."""
    find(client)
    with ff.local(pd.DataFrame({"name": ["a"], "size": [1]})) as local:
        ff.find_all("size over 0", client=local, progress=False)
    own = ff.runs()
    server.on("POST", MEMORY, answer({"results": RECENT}))
    both = ff.runs(remote=True, client=client)
    assert both.dtypes.drop("known_from").to_dict() == own.dtypes.to_dict()
    assert both.dtypes["known_from"] == own.dtypes["findall_id"]
    columns = ["findall_id", "known_from", "matched_candidates_count", "has_result"]
    assert both[columns].to_numpy().tolist() == [
        [own.loc[0, "findall_id"], "ledger", 1, True],
        [RUN_ID, "both", 9, True],
        ["findall_elsewhere", "account", 2, False],
    ]
    assert both["service"].tolist() == [local.base_url, server.url, server.url]
    assert both.loc[2, "modified_at"] == pd.Timestamp("2020-01-02T03:04:05Z")


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, ff.errors.AuthenticationError), (404, ff.errors.NotFoundError)],
)
def test_an_account_without_a_list_of_runs_is_no_empty_list(
    server: ScriptedServer, client: ff.Client, status: int, error: type[ff.FindAllError]
) -> None:
    """The error says where the runs of this machine are; nothing is returned in its place."""
    find(client)
    server.on("POST", MEMORY, answer(status=status))
    with pytest.raises(error, match=r"keeps no list of recent runs; ff\.runs\(\)"):
        ff.runs(remote=True, client=client)


@pytest.mark.parametrize("reply", [answer(status=404), answer({"results": [*RECENT, OTHER]})])
def test_a_lost_creation_names_the_recent_runs_with_its_objective(
    server: ScriptedServer, client: ff.Client, reply: Reply
) -> None:
    """Where the account has a list; the known ones and those of other objectives are left out."""
    find(client)
    server.on("POST", MEMORY, reply)
    server.on("POST", "/runs", Reply(0, then="close"))
    with pytest.raises(ff.AmbiguousCreateError, match=r"ff\.runs\(remote=True, client=") as caught:
        find(client, match_limit=6)
    notes = getattr(caught.value, "__notes__", [])
    found = "findall_elsewhere (2020-01-02T03:04:05Z)"
    expected = [f"Recent runs of the account with this objective: {found}."]
    assert notes == ([] if reply.status == 404 else expected)


def test_the_id_is_recorded_as_soon_as_the_run_is_created(client: ff.Client) -> None:
    """It is in the ledger when the first update with an id is shown."""
    recorded: dict[str, list[str]] = {}

    def look(update: ff.Update) -> None:
        recorded.setdefault(update.findall_id, ff.runs()["findall_id"].tolist())

    find(client, progress=look)
    assert recorded == {"": [], RUN_ID: [RUN_ID]}


@pytest.mark.parametrize(
    ("reply", "error", "findall_id", "status"),
    [
        (Reply(0, then="close"), ff.AmbiguousCreateError, None, "unknown"),
        (answer(status=402), ff.errors.InsufficientFundsError, None, "refused"),
        (answer({"findall_id": RUN_ID}), ff.errors.AuthenticationError, RUN_ID, "unknown"),
    ],
    ids=["no answer", "refused", "an answer without status"],
)
def test_a_creation_that_fails_is_recorded(
    server: ScriptedServer,
    client: ff.Client,
    reply: Reply,
    error: type[ff.FindAllError],
    findall_id: str | None,
    status: str,
) -> None:
    """By the token that was sent, and by its id if the service has returned one."""
    server.on("POST", "/runs", reply)
    server.on("GET", AT, answer(status=401))
    with pytest.raises(error) as caught:
        find(client)
    assert caught.value.findall_id == findall_id
    (row,) = ff.runs().to_dict("records")
    assert (None if pd.isna(row["findall_id"]) else row["findall_id"]) == findall_id
    assert row["status"] == status
    token = server.requests[0].content["metadata"]["findall_frames_token"]
    assert row["token"] == token == getattr(caught.value, "token", token)


def test_a_run_that_was_started_elsewhere_is_recorded_when_resumed(client: ff.Client) -> None:
    """Its result is kept as well."""
    ff.resume(RUN_ID, client=client, progress=False)
    (row,) = ff.runs().to_dict("records")
    assert (row["findall_id"], row["objective"]) == (RUN_ID, "Find tile makers")
    assert row["has_result"]
    assert pd.isna(row["token"])


def test_the_key_is_not_in_the_ledger(client: ff.Client) -> None:
    """None of its files contains it."""
    find(client, metadata={"team": "tiles"})
    content = b"".join(path.read_bytes() for path in ledger_folder().iterdir())
    assert RUN_ID.encode() in content
    assert KEY.encode() not in content


# -- results that are kept ---------------------------------------------------------------------


def test_resuming_a_finished_run_sends_nothing(server: ScriptedServer, client: ff.Client) -> None:
    """The tables are the same, and need neither the service nor a key."""
    begun = pd.Timestamp.now("UTC")
    frames = find(client)
    count = len(server.requests)
    again = ff.resume(RUN_ID, progress=False)
    assert len(server.requests) == count
    for name in CONTENT:
        assert again.tables[name].equals(frames.tables[name])
    assert again.runs.loc[0, "objective"] == "Find tile makers"
    fetched = [begun, *again.runs["fetched_at"], *frames.runs["fetched_at"]]
    assert fetched == sorted(fetched)  # the result is kept just before it is made into tables


def test_the_result_of_an_extended_run_is_fetched_again(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The kept result lacks the new matches."""
    find(client)
    server.on("POST", f"{AT}/extend", answer(SCHEMA | {"match_limit": 8}))
    server.on("GET", f"{AT}/schema", answer(SCHEMA | {"match_limit": 8}))
    server.on("GET", AT, DONE, EXTENDED)
    server.on("GET", f"{AT}/result", answer(result(4)))
    ff.Run(RUN_ID, client=client).extend(3)
    assert not ff.runs()["has_result"].any()
    assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 4
    assert ff.runs()["match_limit"].tolist() == [8]


def test_an_equal_search_warns_or_is_reused(server: ScriptedServer, client: ff.Client) -> None:
    """Reuse sends nothing; a search with any other option is run."""
    frames = find(client)
    warning = ff.errors.RepeatedSearchWarning
    with pytest.warns(warning, match=rf"3 matches.*resume.*{RUN_ID}") as caught:
        find(client)
    assert caught[0].filename == find.__code__.co_filename
    count = len(server.requests)
    seen: list[ff.Update] = []
    again = find(client, reuse=True, progress=seen.append)
    assert len(server.requests) == count
    assert again.tables["fields"].equals(frames.tables["fields"])
    assert [(update.is_over, update.matched) for update in seen] == [(True, 3)]
    find(client, reuse=True, match_limit=6)
    find(client, reuse=True, generator="pro")
    find(client, reuse=True, exclude=[{"name": "Acme", "url": "https://acme.example"}])
    assert len(server.sent("POST", "/runs")) == 5


AGAIN: dict[str, Callable[[ff.Client], ff.FindAllFrames]] = {
    "resume": lambda client: ff.resume(RUN_ID, client=client, progress=False),
    "reuse": lambda client: find(client, reuse=True),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_a_kept_result_that_is_not_whole_is_asked_for_again(
    server: ScriptedServer,
    client: ff.Client,
    again: Callable[[ff.Client], ff.FindAllFrames],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then the whole one is kept."""
    monkeypatch.setattr(recorded_run, "_RESULT_PAUSES", ())
    server.on("GET", f"{AT}/result", answer(result(2)), answer(result(3)))
    with pytest.warns(ff.errors.PartialResultWarning, match="lacks 1"):
        find(client)
    assert len(again(client).matches) == 3
    asked = len(server.requests)
    assert len(again(client).matches) == 3
    assert len(server.requests) == asked
    assert len(server.sent("POST", "/runs")) == 1


@pytest.mark.parametrize("refusal", [answer(status=404), answer(status=402), Reply(200, (b"[",))])
@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_a_kept_result_that_is_not_whole_is_returned_if_the_service_has_no_other(
    server: ScriptedServer,
    client: ff.Client,
    again: Callable[[ff.Client], ff.FindAllFrames],
    refusal: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the warning that it had before."""
    monkeypatch.setattr(recorded_run, "_RESULT_PAUSES", ())
    server.on("GET", f"{AT}/result", answer(result(2)))
    with pytest.warns(ff.errors.PartialResultWarning, match="lacks 1"):
        find(client)
    server.on("GET", AT, refusal)
    with pytest.warns(ff.errors.PartialResultWarning, match="lacks 1"):
        assert len(again(client).matches) == 2
    assert len(server.sent("POST", "/runs")) == 1


def test_a_kept_result_that_is_not_whole_needs_no_key(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was paid for is returned even if the service can't be asked at all."""
    monkeypatch.setattr(recorded_run, "_RESULT_PAUSES", ())
    server.on("GET", f"{AT}/result", answer(result(2)))
    with pytest.warns(ff.errors.PartialResultWarning, match="lacks 1"):
        find(client)
    with pytest.warns(ff.errors.PartialResultWarning, match="lacks 1"):
        assert len(ff.resume(RUN_ID, progress=False)) == 2


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_a_result_that_cannot_be_made_into_tables_is_asked_for_again(
    server: ScriptedServer, client: ff.Client, again: Callable[[ff.Client], ff.FindAllFrames]
) -> None:
    """The error has the id, and the kept result does not stand in the way of a better one."""
    odd = result() | {"candidates": [{"name": 5}]}
    server.on("GET", f"{AT}/result", answer(odd), answer(result()))
    with pytest.raises(ff.errors.UnexpectedResponseError) as caught:
        find(client)
    assert caught.value.findall_id == RUN_ID
    assert "ff.resume(" in caught.value.__notes__[0]
    assert len(again(client).matches) == 3
    assert len(server.sent("POST", "/runs")) == 1


@pytest.mark.parametrize("damage", ["UPDATE results SET body = x'00'", "DELETE FROM results"])
@pytest.mark.filterwarnings("ignore:The result of run .* is damaged")
def test_reuse_asks_the_service_if_the_result_is_not_in_the_ledger(
    server: ScriptedServer, client: ff.Client, damage: str
) -> None:
    """It is damaged, or the process ended before it was fetched; nothing is paid for again."""
    find(client)
    with closing(sqlite3.connect(ledger_folder() / "ledger.sqlite3")) as ledger, ledger:
        ledger.execute(damage)
    assert len(find(client, reuse=True).matches) == 3
    assert len(server.sent("POST", "/runs")) == 1


@pytest.mark.parametrize("verb", ["extend", "enrich"])
def test_a_refused_change_keeps_the_stored_result(
    server: ScriptedServer, client: ff.Client, verb: str
) -> None:
    """The run stays as it was, and may be all that is left of a service that is gone."""
    find(client)
    server.on("POST", f"{AT}/{verb}", answer({"detail": "no"}, status=422))
    argument: object = 2 if verb == "extend" else {"ceo": "Name of the CEO"}
    with pytest.raises(ff.errors.RefusedError):
        getattr(ff, verb)(RUN_ID, argument, client=client, progress=False)
    assert ff.runs()["has_result"].tolist() == [True]
    count = len(server.requests)
    assert len(ff.resume(RUN_ID, client=client, progress=False)) == 3
    assert len(find(client, reuse=True)) == 3
    assert len(server.requests) == count


@pytest.mark.parametrize("then", ["reset", "answer"])
def test_a_changed_run_no_longer_answers_its_search(
    server: ScriptedServer, client: ff.Client, then: str
) -> None:
    """Neither after an extension, nor when its answer was lost."""
    find(client)
    changed = answer(SCHEMA | {"match_limit": 8})
    server.on("POST", f"{AT}/extend", changed if then == "answer" else Reply(0, (), then="reset"))
    server.on("GET", AT, DONE, EXTENDED)
    server.on("GET", f"{AT}/events", stream())
    server.on("GET", f"{AT}/result", answer(result(4)))
    if then == "reset":
        with pytest.raises(ff.AmbiguousCreateError):
            ff.extend(RUN_ID, 3, client=client, progress=False)
        assert ff.runs()["has_result"].tolist() == [False]
    else:
        ff.extend(RUN_ID, 3, client=client, progress=False)
    assert len(ff.resume(RUN_ID, client=client, progress=False)) == 4
    healthy(server)
    find(client, reuse=True)
    assert len(server.sent("POST", "/runs")) == 2


def test_an_outdated_result_is_not_returned_after_a_kill(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Here while the new result was fetched; the run is over, and its result is of before."""
    find(client)
    server.on("POST", f"{AT}/extend", answer(SCHEMA | {"match_limit": 8}))
    server.on("GET", AT, DONE, EXTENDED)
    server.on("GET", f"{AT}/events", stream())
    server.on("GET", f"{AT}/result", answer(status=404))
    with pytest.raises(ff.errors.NotFoundError):
        ff.extend(RUN_ID, 3, client=client, progress=False)
    server.on("GET", f"{AT}/result", answer(result(4)))
    assert len(ff.resume(RUN_ID, client=client, progress=False)) == 4


def test_a_partial_result_is_kept_but_not_reused(server: ScriptedServer, client: ff.Client) -> None:
    """A new search may find more."""
    ends_as(server, "failed", reason="error_occurred")
    for _ in range(2):
        with pytest.warns(ff.errors.PartialResultWarning):
            find(client, reuse=True)
    assert len(server.sent("POST", "/runs")) == 2
    with pytest.warns(ff.errors.PartialResultWarning):
        assert len(ff.resume(RUN_ID, progress=False).matches) == 3


def test_a_partial_result_can_be_raised_with_its_frames(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Also when it comes from the ledger."""
    ends_as(server, "failed", reason="error_occurred")
    for call in (
        lambda: find(client, errors="raise"),
        lambda: ff.resume(RUN_ID, progress=False, errors="raise"),
    ):
        with pytest.raises(ff.PartialResultError, match="failed") as caught:
            call()
        assert len(caught.value.frames.matches) == 3
        assert caught.value.findall_id == RUN_ID


# -- the file ----------------------------------------------------------------------------------


def test_the_ledger_can_be_switched_off(client: ff.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no file is written, and no repeated search is noticed."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", "off")
    find(client)
    find(client)
    assert len(ff.runs()) == 0
    assert list(ledger_folder().iterdir()) == []


def test_a_ledger_that_cannot_be_written_does_not_stop_the_search(
    client: ff.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There are warnings, but not one for each statement."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FINDALL_FRAMES_HOME", str(tmp_path / "file"))
    with pytest.warns(ff.errors.LedgerWarning, match="cannot be") as caught:
        assert len(find(client).matches) == 3
    assert 1 <= len(caught) <= 3


def test_a_ledger_of_a_newer_release_is_not_read(client: ff.Client) -> None:
    """A warning says so."""
    find(client)
    with sqlite3.connect(ledger_folder() / "ledger.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.warns(ff.errors.LedgerWarning, match="newer release"):
        assert len(ff.runs()) == 0


def record_runs(numbers: list[int]) -> None:
    """Record some runs; called in processes of their own."""
    ledger = Ledger.of_this_machine()
    schema = ff.Search("o", entity_type="e", match_conditions=["c"]).to_schema()
    for number in numbers:
        token = f"token_{number}"
        ledger.intend(token, service="s", schema=schema, asked="a", cost=None)
        ledger.created(token, findall_id=f"findall_{number}", status="queued")


def test_several_processes_can_write_at_once() -> None:
    """Even if none of them finds the file there."""
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(record_runs, [list(range(n, 100, 4)) for n in range(4)]))
    assert sorted(ff.runs()["findall_id"]) == sorted(f"findall_{n}" for n in range(100))


# -- killed processes --------------------------------------------------------------------------

SEARCHER = """
import sys
import findall_frames as ff
from findall_frames.search import find_all
client = ff.Client(base_url=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
def show(update):
    if update.event: print("following", flush=True)
find_all("Find tile makers", client=client, progress=show)
"""


@contextmanager
def searching(server: ScriptedServer) -> Iterator[subprocess.Popen[str]]:
    """Start a search in another process, which is killed on exit."""
    with subprocess.Popen(
        [sys.executable, "-c", SEARCHER, server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        yield process
        process.kill()


def test_the_run_of_a_killed_process_can_be_resumed(server: ScriptedServer) -> None:
    """By another process, without another creation."""
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, run_object()), then="hang"))
    with searching(server) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "following\n"
    (row,) = ff.runs().to_dict("records")
    assert (row["findall_id"], row["status"]) == (RUN_ID, "running")
    healthy(server)
    with ff.Client(base_url=row["service"]) as client:
        assert len(ff.resume(row["findall_id"], client=client, progress=False).matches) == 3
    assert len(server.sent("POST", "/runs")) == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_process_killed_at_a_random_moment_leaves_a_complete_ledger(
    server: ScriptedServer, seed: int
) -> None:
    """A creation that was sent is in the ledger, and a run with an id there can be resumed."""
    pieces = [part for piece in story() for part in (0.03, piece)]
    server.on("POST", "/ingest", Reply(200, (0.05, json.dumps(SCHEMA).encode())))
    server.on("GET", f"{AT}/events", stream(*pieces))
    with searching(server):
        time.sleep(random.Random(seed).uniform(0, 0.4))
    created = server.sent("POST", "/runs")
    recorded = ff.runs().to_dict("records")
    assert len(created) <= 1
    assert len(recorded) >= len(created)
    if created:
        assert recorded[0]["token"] == created[0].content["metadata"]["findall_frames_token"]
    if recorded and isinstance(recorded[0]["findall_id"], str):
        with ff.Client(base_url=server.url) as client:
            frames = ff.resume(recorded[0]["findall_id"], client=client, progress=False)
        undisturbed = ff.flatten(result())
        for name in CONTENT:
            assert frames.tables[name].equals(undisturbed.tables[name])
    assert len(server.sent("POST", "/runs")) == len(created)
