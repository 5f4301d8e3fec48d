"""The other commands: what they print for people and for programs."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.service import Service
from tests.support.commands import call, call_here, record_of
from tests.support.hostile import HOSTILE
from tests.support.local_models import EveryNth, numbers
from tests.support.results import candidate, condition, result
from tests.support.run_farm import RunFarm
from tests.support.scripted import CONDITIONS, KEY, ScriptedServer

CITIES = pd.DataFrame(
    {
        "name": ["Oslo", "Rome", "Bari"],
        "country": ["Norway", "Italy", "Italy"],
        "population": [709_000, 2_748_000, 316_000],
    }
)
RED = next(text for text in HOSTILE if "\x1b" in text)
ENRICH = ("--enrich", "ceo: Name of the CEO")


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    """Write a table."""
    path = tmp_path / "cities.csv"
    CITIES.to_csv(path, index=False)
    return path


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Write the result of a search."""
    frames = ff.find_all("Find cities in Italy", data=CITIES, progress=False)
    return frames.to_parquet(tmp_path / "tables")


# -- before a search -----------------------------------------------------------------------------


def test_estimate_prints_the_ceiling() -> None:
    """As `estimate_cost` does."""
    options = ("--match-limit", "50", *ENRICH)
    done = call_here("estimate", *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("At most $10.75: $2.00 and $0.175 for each of up to 50 matches")
    record, err = record_of("estimate", *options, "--generator", "pro")
    assert err == ""
    assert record == {
        "fixed": 10.0,
        "per_match": 1.0,
        "enrichments_per_match": 0.025,
        "match_limit": 50,
        "ceiling": 61.25,
        "as_of": "2026-05-01",
    }


def test_explain_shows_how_conditions_are_read(cities: Path) -> None:
    """Drafted ones, or those that are given."""
    done = call_here("explain", "Find cities in Italy", "--local", cities, "--progress", "none")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "in_italy: sql",
        "  read as: lower(\"country\") = 'italy'",
        "  rows: 2 true, 1 false, 0 unknown",
    ]
    given = ("--entity-type", "cities", "--condition", "large: population over 1 million")
    record, _ = record_of("explain", "x", *given, "--local", cities)
    assert [(each["condition"], each["true"]) for each in record] == [("large", 1)]


# -- runs at a service ---------------------------------------------------------------------------


def test_a_run_is_extended_and_cancelled_and_listed() -> None:
    """With the same key and service as `run`."""
    sizes = pd.DataFrame({"name": [f"N{n}" for n in range(40)], "size": range(40)})
    with Service(open_corpus(sizes)) as service:
        env = {"PARALLEL_BASE_URL": service.url}
        asked = ("run", "Find numbers", "--entity-type", "numbers", "--condition", "size > 4")
        first, _ = record_of(*asked, "--match-limit", "5", env=env)
        findall_id = first["run"]["findall_id"]
        more, _ = record_of("extend", findall_id, "2", env=env)
        assert (len(first["matches"]), len(more["matches"])) == (5, 7)
        cancelled, _ = record_of("cancel", findall_id, env=env)
        assert cancelled == {"findall_id": findall_id, "status": "completed"}
        shown = call("cancel", findall_id, env=env)
        assert shown.stdout.splitlines() == [
            f"Run {findall_id}: completed",
            f"Its matches: findall-frames resume {findall_id}",
        ]
    listed, _ = record_of("runs")
    assert [(each["findall_id"], each["matched_candidates_count"]) for each in listed] == [
        (findall_id, 7)
    ]


def test_a_run_that_goes_on_is_cancelled() -> None:
    """Its status says that work in progress is being finished, or is."""
    gate = threading.Event()
    with Service(numbers(100), model=open_model(EveryNth(gate=gate, free=8))) as service:
        env = {"PARALLEL_BASE_URL": service.url}
        search = ff.Search("Entities", entity_type="entities", match_conditions=["every 3rd"])
        with ff.Client(base_url=service.url) as client:
            run = ff.start(search, client=client)
            record, _ = record_of("cancel", run.findall_id, env=env)
            gate.set()
            assert record["status"] in ("cancelling", "cancelled")
            with pytest.warns(ff.errors.PartialResultWarning, match="cancelled"):
                run.wait(progress=False)


def test_the_scope_of_the_memory_is_sent(farm: RunFarm, server: ScriptedServer) -> None:
    """As an argument of the run."""
    env = {"PARALLEL_BASE_URL": server.url, "PARALLEL_API_KEY": KEY}
    conditions = [part for text in CONDITIONS.values() for part in ("--condition", text)]
    given = ("--entity-type", "companies", *conditions, "--memory-scope-key", "team_a")
    farm.looks = 0
    done = call("run", "Find tilers", *given, env=env)
    assert done.returncode == 0, done.stderr
    (asked,) = farm.asked.values()
    assert asked["memory_scope_key"] == "team_a"


# -- past runs -----------------------------------------------------------------------------------


def test_runs_are_listed_and_summed(farm: RunFarm, server: ScriptedServer) -> None:
    """Each with its whole id, and none with what a terminal obeys; 20 at most, and all in JSON."""
    objectives = [
        *(f"Find tilers {n}" for n in range(19)),
        RED,
        "Find makers of tiles " * 5,
    ]
    searches = [
        ff.Search(each, entity_type="companies", match_conditions=CONDITIONS) for each in objectives
    ]
    with ff.Client(api_key=KEY, base_url=server.url) as client:
        for each in searches:
            ff.start(each, client=client)
    done = call_here("runs")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["created", "(UTC)", "status", "matches", "cost", "objective"]
    assert len(lines) == 42
    assert lines[-1] == "… and 1 more in --json"
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.stdout
    shown = re.findall(r"^  (findall_\S+)$", done.stdout, re.MULTILINE)
    assert shown == list(farm.asked)[:0:-1]
    listed, _ = record_of("runs")
    assert [each["objective"] for each in listed] == [each.strip() for each in objectives[::-1]]
    day = call_here("runs", "--by", "day").stdout.splitlines()
    assert day[0].split() == ["day", "runs", "matches", "cost"]
    assert day[1].split()[1:] == ["21", "0"]
    summed, _ = record_of("runs", "--by", "search")
    assert [each["runs"] for each in summed] == [1] * 21
    env = {"PARALLEL_BASE_URL": server.url, "PARALLEL_API_KEY": KEY}
    remote, _ = record_of("runs", "--remote", env=env)
    assert {each["known_from"] for each in remote} == {"both"}


def test_without_runs_there_is_nothing_to_list() -> None:
    """JSON is an empty list."""
    assert call_here("runs").stdout == "No runs.\n"
    assert record_of("runs", "--by", "day")[0] == []


# -- tables in a folder --------------------------------------------------------------------------


def test_tables_are_exported_for_other_programs(tables: Path, tmp_path: Path) -> None:
    """The name of the file says the format."""
    book, matches, folder = tmp_path / "a.xlsx", tmp_path / "a.csv", tmp_path / "bi"
    for arguments in (
        (book,),
        (matches, "--separator", ";", "--decimal", ","),
        (folder, "--bi"),
        (tmp_path / "csv",),
    ):
        done = call_here("export", tables, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"Tables in {arguments[0]}\n"
    assert pd.read_excel(book, sheet_name="matches")["name"].tolist() == ["Rome", "Bari"]
    assert pd.read_csv(matches, sep=";")["name"].tolist() == ["Rome", "Bari"]
    assert pd.read_parquet(folder / "matches.parquet")["name"].tolist() == ["Rome", "Bari"]
    assert (tmp_path / "csv" / "candidates.csv").is_file()


def test_two_results_are_compared(tmp_path: Path) -> None:
    """Each kind of difference is a table; JSON has them with ids."""
    old, new = tmp_path / "old", tmp_path / "new"
    left = {name: candidate(name) for name in ("Kilnworks", "Azul", RED)}
    ff.flatten(result(*left.values())).to_parquet(old)
    changed = candidate("Azul", output={"makes_tiles": condition("no", matched=False)})
    ff.flatten(
        result(left["Kilnworks"], changed, candidate("Tegel"), findall_id="findall_new")
    ).to_parquet(new)
    done = call_here("compare", old, new)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "In both: 2"
    assert "Only in NEW: 1" in lines
    assert "Only in OLD: 1" in lines
    assert any(line.startswith("Tegel ") for line in lines)
    assert max(map(len, lines)) <= 80
    record, _ = record_of("compare", old, new)
    assert [each["name"] for each in record["added"]] == ["Tegel"]
    assert [each["name"] for each in record["removed"]] == [RED]
    assert {each["by"] for each in record["both"]} == {"url"}
    same, _ = record_of("compare", old, old)
    assert {name for name, rows in same.items() if rows} == {"both"}


def test_a_report_has_what_was_reviewed_since_the_tables_were_written(
    tables: Path, tmp_path: Path
) -> None:
    """It is in the ledger of this machine."""
    ff.read_parquet(tables).review("Rome", "reject", note="seen on the map", reviewer="Ada")
    done = call_here("report", tables, "--markdown")
    assert "seen on the map" in done.stdout
    assert call_here("report", tables).returncode == 0
    page = (tmp_path / "tables.html").read_text(encoding="utf-8")
    assert "seen on the map" in page
