"""Saved searches of a lake, and running them again: nothing twice, and only what is new."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.api import events
from findall_frames.api.models import FindAllEnrichInput, JsonSchema, McpServer
from findall_frames.errors import (
    ConditionNotUnderstoodError,
    InvalidRequestError,
    LakeError,
    LedgerError,
    LedgerWarning,
    PartialResultWarning,
)
from findall_frames.lake.refreshing import KnownSearch, refreshed
from findall_frames.lake.storage import Storage
from findall_frames.running import claims, ledger_file, pricing
from findall_frames.running.arguments import UNSET
from findall_frames.running.ledger import Ledger
from tests.support.results import candidate, result
from tests.support.run_farm import RunFarm
from tests.support.scripted import CONDITIONS, Reply, ScriptedServer, answer, run_object
from tests.support.scripted import result as result_of_3

pytestmark = pytest.mark.usefixtures("short_clock")

ROOFERS, TILERS = "Find roofers", "Find tile makers"
REPEATED = pytest.mark.filterwarnings("ignore::findall_frames.errors.RepeatedSearchWarning")


def search(objective: str = TILERS, **options: Any) -> ff.Search:
    """Return a search with conditions and the smallest limit."""
    given = {"match_conditions": CONDITIONS, "match_limit": 5, "generator": "base", **options}
    return ff.Search(objective, entity_type="companies", **given)


@pytest.fixture
def lake(tmp_path: Path) -> ff.Lake:
    """Return a lake with two saved searches."""
    made = ff.open_lake(tmp_path / "lake")
    made.save(search(ROOFERS), name="roofers")
    made.save(search(TILERS), name="tilers")
    return made


def refresh(lake: ff.Lake, client: ff.Client, **options: Any) -> ff.FindAllFrames:
    """Refresh silently."""
    return lake.refresh(**{"client": client, "progress": False, "timeout": 60, **options})


def finds(farm: RunFarm, *names: str) -> None:
    """Let the next run find these things besides those that each run finds."""
    made = [{**candidate(name), "candidate_id": f"candidate_{name}"} for name in names]
    farm.added[f"findall_{len(farm.asked):032x}"] = made


# -- saved searches ------------------------------------------------------------------------------


def test_a_saved_search_is_what_it_was(tmp_path: Path) -> None:
    """In alphabetical order, for whoever opens the lake."""
    lake = ff.open_lake(tmp_path / "lake")
    assert lake.searches == {}
    whole = search(
        ROOFERS,
        enrichments={"ceo": "Name of the CEO"},
        exclude=[{"name": "Acme", "url": "https://acme.example"}],
        metadata={"team": "a", "week": 3},
        memory_scope_key="team_a",
    )
    lake.save(search(TILERS), name="tilers")
    lake.save(whole, name="roofers")
    again = ff.open_lake(tmp_path / "lake").searches
    assert list(again) == ["roofers", "tilers"]
    assert again == {"roofers": whole, "tilers": search(TILERS)}
    assert len(lake.frames().runs) == 0


def test_a_saved_search_can_be_edited_and_deleted_as_a_file(lake: ff.Lake) -> None:
    """Saving it again replaces it, and leaves nothing else behind."""
    path = lake.path / "searches" / "tilers.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content)[:3] == ["objective", "entity_type", "match_conditions"]
    path.write_text(json.dumps({**content, "match_limit": 50}), encoding="utf-8")
    assert lake.searches["tilers"].match_limit == 50
    lake.save(search(TILERS, match_limit=7), name="tilers")
    assert lake.searches["tilers"].match_limit == 7
    path.unlink()
    assert list(lake.searches) == ["roofers"]
    lake.compact()
    assert list(lake.searches) == ["roofers"]
    assert list((lake.path / ".writing").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "Tilers", "../tilers", "a/b", "a b", "-a", "tilers.json", "x" * 81, None, 3]
)
def test_names_are_those_of_files_everywhere(lake: ff.Lake, name: Any) -> None:
    """The message shows a name that is one."""
    with pytest.raises(InvalidRequestError, match="such as 'tile_makers'"):
        lake.save(search("Find gardens"), name=name)
    assert len(lake.searches) == 2


SECRET = McpServer(url="https://tools.example", name="tools", headers={"key": "s3cr3t"})


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (TILERS, "takes a Search, not 'Find tile makers'"),
        (search("Find gardens", webhook={"url": "https://a.example/?key=s3cr3t"}), "no webhook"),
        (
            search(
                "Find gardens",
                enrichments=[
                    FindAllEnrichInput(
                        JsonSchema({"type": "object", "properties": {"ceo": {"type": "string"}}}),
                        mcp_servers=[SECRET],
                    )
                ],
            ),
            "no headers",
        ),
        (search(ROOFERS), "saved as 'roofers'"),
    ],
)
def test_what_is_not_saved(lake: ff.Lake, saved: Any, words: str) -> None:
    """What would be drafted anew each time, what holds a secret, and what would run twice."""
    with pytest.raises(InvalidRequestError, match=words):
        lake.save(saved, name="another")
    assert len(lake.searches) == 2
    assert not any("s3cr3t" in path.read_text() for path in lake.path.rglob("*.json"))


def test_a_search_that_own_data_would_refuse_is_not_saved(tmp_path: Path) -> None:
    """The message is that of find_all; without the data, nobody can tell."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    lake = ff.open_lake(tmp_path / "lake")
    drafted = ff.draft("Find frobnicated cities", data=cities)
    with pytest.raises(ConditionNotUnderstoodError) as refused:
        ff.find_all(drafted, data=cities, progress=False)
    with ff.local(cities) as client:
        for own in ({"data": cities}, {"client": client}):
            with pytest.raises(ConditionNotUnderstoodError) as raised:
                lake.save(drafted, name="odd", **own)
            assert str(raised.value) == str(refused.value)
            assert lake.searches == {}
        lake.save(ff.draft("in Italy", client=client), name="italy", client=client)
    lake.save(drafted, name="odd")
    assert list(lake.searches) == ["italy", "odd"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"objective": "Find tilers"}',
        b'{"objective": "o", "entity_type": "e", "match_conditions": {}, "generator": "core"}',
        b'{"objective": "o", "entity_type": "e", "match_conditions": {"c": "d"}, '
        b'"generator": "core", "matchlimit": 5}',
    ],
)
def test_a_file_that_is_no_search_is_named(lake: ff.Lake, content: bytes) -> None:
    """Nothing is run, as it may be one that somebody waits for."""
    path = lake.path / "searches" / "tilers.json"
    path.write_bytes(content)
    with pytest.raises(LakeError, match=r"tilers\.json"):
        lake.refresh("roofers")


def test_a_file_that_is_no_search_is_replaced_by_saving_it_again(lake: ff.Lake) -> None:
    """As the message says."""
    (lake.path / "searches" / "tilers.json").write_bytes(b"{")
    lake.save(search(TILERS, match_limit=7), name="tilers")
    assert lake.searches["tilers"].match_limit == 7


def test_hidden_files_are_no_searches(lake: ff.Lake) -> None:
    """On a shared disk macOS puts one beside each file that it writes."""
    (lake.path / "searches" / "._tilers.json").write_bytes(b"\0\5\26\7")
    assert list(lake.searches) == ["roofers", "tilers"]


def test_a_search_nested_beyond_measure_is_named(lake: ff.Lake) -> None:
    """It is an error of the lake, not of Python."""
    schema = b'{"properties": ' * 5000 + b"1" + b"}" * 5000
    (lake.path / "searches" / "tilers.json").write_bytes(
        b'{"objective": "o", "entity_type": "e", "match_conditions": {"c": "d"}, "generator": '
        b'"core", "enrichments": [{"output_schema": {"json_schema": ' + schema + b"}}]}"
    )
    with pytest.raises(LakeError, match=r"tilers\.json"):
        _ = lake.searches


def test_a_file_in_the_place_of_the_searches_is_named(lake: ff.Lake) -> None:
    """Reading and saving say the same."""
    folder = lake.path / "searches"
    folder.rename(lake.path / "old")
    folder.write_text("")
    for call in (lambda: lake.searches, lambda: lake.save(search("Find gardens"), name="gardens")):
        with pytest.raises(LakeError, match="searches"):
            call()


def test_searches_that_leave_out_other_things_are_not_the_same(
    farm: RunFarm, client: ff.Client, lake: ff.Lake
) -> None:
    """Each has its own run, and the ledger does not take one for the other."""
    acme = [{"name": "Acme", "url": "https://acme.example"}]
    lake.save(search(TILERS, exclude=acme), name="without_acme")
    frames = refresh(lake, client)
    assert frames.runs["status"].tolist() == ["completed"] * 3
    assert farm.objectives == [ROOFERS, TILERS, TILERS]


@pytest.mark.parametrize("more", [{}, {"metadata": {"team": "b"}}])
def test_a_search_that_was_copied_as_a_file_is_run_by_neither_name(
    farm: RunFarm, client: ff.Client, lake: ff.Lake, more: dict[str, Any]
) -> None:
    """It would be paid for twice. One that differs only in what is not asked can't be saved."""
    path = lake.path / "searches" / "tilers.json"
    content = {**json.loads(path.read_text(encoding="utf-8")), **more}
    path.with_name("tilers_2.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InvalidRequestError, match=r"ask the same.*Find tile makers"):
        refresh(lake, client)
    assert farm.objectives == []
    path.unlink()
    with pytest.raises(InvalidRequestError, match="saved as 'tilers_2'"):
        lake.save(search(TILERS, metadata={"team": "c"}), name="tilers")


def test_only_saved_searches_are_run(lake: ff.Lake, tmp_path: Path) -> None:
    """The message lists them, or says how one is saved."""
    with pytest.raises(InvalidRequestError, match=r"'gardens' in the lake .* roofers, tilers"):
        lake.refresh("gardens")
    with pytest.raises(InvalidRequestError, match=r"Save one first: lake\.save"):
        ff.open_lake(tmp_path / "other").refresh()


# -- what is new ---------------------------------------------------------------------------------


def test_each_refresh_is_a_run_without_what_is_known(
    farm: RunFarm, client: ff.Client, lake: ff.Lake
) -> None:
    """Also if the last one found nothing new, so that the question is the same as before."""
    first = refresh(lake, client)
    assert first.runs["objective"].tolist() == [ROOFERS, TILERS]
    assert first.matches["name"].str.len().gt(0).all()
    sizes = [len(each) for each in map(first.for_run, first.findall_ids)]
    assert min(sizes) > 0
    assert refresh(lake, client).matches.empty
    finds(farm, "Azul", "Kilnworks")
    third = refresh(lake, client)
    assert third.matches["name"].tolist() == ["Azul", "Kilnworks"]
    assert third.for_run(third.findall_ids[0]).matches["name"].tolist() == ["Azul", "Kilnworks"]
    assert refresh(lake, client, names="roofers").matches.empty
    assert farm.objectives == [ROOFERS, TILERS] * 3 + [ROOFERS]
    excluded = [len(asked.get("exclude_list") or []) for asked in farm.asked.values()]
    assert excluded == [0, 0, *sizes, *sizes, sizes[0] + 2]
    # The lake has the runs as they were.
    assert len(lake.frames().runs) == 7
    assert len(lake.frames(third.findall_ids[0])) == sizes[0] + 2


def test_own_data_is_searched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs nothing, so it needs no ledger."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", "off")
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    lake = ff.open_lake(tmp_path / "lake")
    lake.save(ff.draft("Find cities in Italy", data=cities), name="italy")
    first = lake.refresh(data=cities, progress=False)
    assert first.matches["name"].tolist() == ["Rome"]
    cities.loc[2] = ["Bari", "Italy"]
    assert lake.refresh(data=cities, progress=False).matches["name"].tolist() == ["Bari"]
    assert len(lake.frames().runs) == 2
    cities.loc[1, "country"] = "France"
    third = lake.refresh(data=cities, progress=False)
    assert third.matches.empty
    assert lake.frames(third.findall_ids[0]).matches["name"].tolist() == ["Bari"]
    entities = lake.entities("Find cities in Italy").set_index("name")
    assert entities["match_status"].to_dict() == {
        "Oslo": "unmatched",
        "Rome": "unmatched",
        "Bari": "matched",
    }
    assert entities["changed_from"].dropna().to_dict() == {"Rome": "matched"}


def test_what_others_appended_is_known_too(farm: RunFarm, client: ff.Client, lake: ff.Lake) -> None:
    """Matches of the same question, whoever asked it."""
    alone = ff.find_all(search(TILERS), client=client, progress=False)
    assert len(alone) > 0
    alone.append_to(lake)
    assert refresh(lake, client, names=["tilers"]).matches.empty


# -- interrupted, killed, at once ----------------------------------------------------------------


@REPEATED
def test_what_is_not_appended_is_taken_up_again(
    farm: RunFarm, client: ff.Client, lake: ff.Lake
) -> None:
    """Although something else was appended meanwhile, which changes what is known."""
    farm.looks = 10**6
    with pytest.raises(ff.RunTimeout, match="The same call again"):
        refresh(lake, client, timeout=0.5)
    assert len(lake.frames().runs) == 0
    other = result(candidate("Azul"), findall_id="findall_other")
    ff.flatten(other, schema=search(TILERS).to_schema()).append_to(lake)
    farm.looks = 0
    new = refresh(lake, client)
    assert farm.objectives == [ROOFERS, TILERS]
    assert len(lake.frames().runs) == 3
    assert len(new) > 0


@REPEATED
def test_results_that_could_not_be_appended_are_not_paid_for_again(
    farm: RunFarm, client: ff.Client, lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the ledger."""
    whole = Storage.append

    def full(*_: object) -> None:
        raise LakeError("the disk is full")

    monkeypatch.setattr(Storage, "append", full)
    with pytest.raises(LakeError, match="full"):
        refresh(lake, client)
    monkeypatch.setattr(Storage, "append", whole)
    assert len(refresh(lake, client)) > 0
    assert farm.objectives == [ROOFERS, TILERS]


@REPEATED
def test_two_refreshes_at_once_create_each_run_once(
    farm: RunFarm, client: ff.Client, lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both return what is new, and the lake has it once."""
    monkeypatch.setattr(claims, "_LONGEST_CREATION", timedelta(seconds=30))
    farm.looks = 20
    begin = threading.Barrier(2)

    def one(_: int) -> ff.FindAllFrames:
        begin.wait()
        return refresh(ff.open_lake(lake.path), client)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(one, range(2))
    assert Counter(farm.objectives) == {ROOFERS: 1, TILERS: 1}
    assert first.findall_ids == second.findall_ids
    assert len(first) == len(second) > 0
    assert len(lake.frames().runs) == 2


@REPEATED
def test_a_refresh_that_saw_the_lake_before_the_other_appended_creates_nothing(
    farm: RunFarm, client: ff.Client, lake: ff.Lake
) -> None:
    """It takes the results of the other from the ledger."""
    refresh(lake, client)
    late = refreshed(
        [KnownSearch(each, [], []) for each in lake.searches.values()],
        append=lake.append,
        appended=(),
        place=str(lake.path.resolve()),
        **{"budget": None, "per_hour": 300, "data": UNSET},
        **{"client": client, "progress": False, "timeout": 60},
    )
    assert len(late) > 0
    assert farm.objectives == [ROOFERS, TILERS]
    assert len(lake.frames().runs) == 2


# -- what goes wrong -----------------------------------------------------------------------------


def test_a_locked_ledger_makes_no_old_result_a_new_one(
    farm: RunFarm, client: ff.Client, lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the lake has is not taken from the ledger once more, as if there were nothing new."""
    monkeypatch.setattr(ledger_file, "_BUSY_SECONDS", 0.01)
    refresh(lake, client)
    finds(farm, "Azul")
    path = Ledger.of_this_machine().path
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    unlock = threading.Timer(0.3, other.execute, ["COMMIT"])
    unlock.start()
    with (
        pytest.warns(LedgerWarning, match="locked"),
        pytest.raises(LedgerError, match="same call again"),
    ):
        refresh(lake, client)
    unlock.join()
    other.close()
    assert len(lake.frames().runs) == 2
    monkeypatch.setattr(ledger_file, "_LOCKED_UNTIL", {})
    assert refresh(lake, client).matches["name"].tolist() == ["Azul"]


@pytest.mark.usefixtures("farm")
def test_the_budget_is_that_of_one_refresh(
    client: ff.Client, lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier ones don't count; what does not fit in is not started, and the rest is appended."""
    monkeypatch.setattr(pricing, "HOSTED_URL", client.base_url)
    for count in (1, 2):
        frames = refresh(lake, client, budget=0.80)  # $0.40 each
        assert frames.runs["error"].isna().all()
        assert len(lake.frames().runs) == 2 * count
    with pytest.warns(PartialResultWarning, match="1 of 2 searches"):
        frames = refresh(lake, client, budget=0.60)
    assert frames.runs["status"].tolist() == ["completed", "not_started"]
    assert "budget" in frames.runs["error"][1]
    assert lake.frames().runs["objective"].tolist()[4:] == [ROOFERS]


def test_a_run_that_failed_is_appended_with_what_it_found(
    farm: RunFarm, client: ff.Client, lake: ff.Lake
) -> None:
    """The next refresh starts another one."""
    farm.endings[TILERS] = ("failed", "error_occurred")
    for count in (1, 2):
        with pytest.warns(PartialResultWarning, match="1 of 1 search"):
            frames = refresh(lake, client, names="tilers")
        assert frames.runs["status"].tolist() == ["failed"]
        assert farm.objectives == [TILERS] * count
    assert lake.frames().runs["status"].tolist() == ["failed", "failed"]


def test_a_run_that_is_gone_is_named_with_the_way_to_start_another(
    farm: RunFarm,
    server: ScriptedServer,
    client: ff.Client,
    lake: ff.Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each refresh would look for it, and none would start the search again."""
    monkeypatch.setattr(events, "_NEW", 0.0)
    farm.looks = 10**6
    with pytest.raises(ff.RunTimeout):
        refresh(lake, client, names="tilers", timeout=0.3)
    (gone,) = farm.asked
    server.on("GET", f"/runs/{gone}/schema", answer(status=404))
    with pytest.warns(PartialResultWarning) as warned:
        refresh(lake, client, names="tilers")
    assert f"ff.forget({gone!r})" in str(warned[0].message)
    assert ff.forget(gone) == 1
    farm.looks = 0
    assert len(refresh(lake, client, names="tilers")) > 0
    assert farm.objectives == [TILERS, TILERS]


def test_a_run_whose_id_looks_like_a_search_without_one_is_appended(
    server: ScriptedServer, client: ff.Client, lake: ff.Lake
) -> None:
    """It was paid for."""
    run = {**run_object("completed", matched=3, generated=3), "findall_id": "search_1"}
    server.on("POST", "/runs", answer(run))
    server.on("GET", "/runs/search_1", answer(run))
    server.on("GET", "/runs/search_1/result", answer({**result_of_3(), "run": run}))
    assert len(refresh(lake, client, names="tilers")) == 3
    assert lake.frames().findall_ids == ("search_1",)


def test_a_creation_that_was_not_answered_is_repeated_only_when_it_is_forgotten(
    farm: RunFarm, server: ScriptedServer, client: ff.Client, lake: ff.Lake
) -> None:
    """The message has its token."""
    server.on("POST", "/../memory/retrieve", answer(status=404))
    lost = Reply(200, (b"{",), {"content-type": "application/json"}, "close", "reset")
    farm.after_creation[TILERS] = lost
    for _ in range(2):
        with pytest.warns(PartialResultWarning, match="findall_frames_token="):
            frames = refresh(lake, client, names="tilers")
        assert frames.runs["status"].tolist() == ["unknown"]
    assert farm.objectives == [TILERS]
    assert len(lake.frames().runs) == 0
    farm.after_creation.clear()
    (token,) = ff.runs()["token"]
    assert f"ff.forget({token!r})" in frames.runs["error"][0]
    assert ff.forget(token) == 1
    assert len(refresh(lake, client, names="tilers")) > 0
    assert farm.objectives == [TILERS, TILERS]
