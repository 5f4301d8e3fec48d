"""Saved searches from the command line: ``save``, and ``refresh`` as a scheduler runs it."""

from __future__ import annotations

import json
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import findall_frames as ff
from findall_frames.cli.program import findall_frames
from findall_frames.running import pricing
from tests.support.commands import call, call_here, posix_only, record_of, started
from tests.support.hostile import HOSTILE
from tests.support.run_farm import RunFarm
from tests.support.scripted import CONDITIONS, KEY, ScriptedServer, candidate
from tests.support.until import until

CITIES = """\
name,country,population
Oslo,Norway,709000
Rome,Italy,2748000
Bari,Italy,316000
"""
TILERS, MASONS = "Find tile makers", "Find masons"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def env(server: ScriptedServer, farm: RunFarm) -> dict[str, str]:
    """Return the environment in which the farm is the default service."""
    return {"PARALLEL_BASE_URL": server.url, "PARALLEL_API_KEY": KEY}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return the folder of a lake with two saved searches, each of which finds two things."""
    made = ff.open_lake(tmp_path / "lake")
    for name, objective in (("masons", MASONS), ("tilers", TILERS)):
        search = ff.Search(objective, entity_type="companies", match_conditions=CONDITIONS)
        made.save(search, name=name)
    return made.path


def test_what_is_new_in_own_data_is_shown_once(tmp_path: Path) -> None:
    """The exit status says whether something is."""
    data, lake = tmp_path / "cities.csv", tmp_path / "lake"
    data.write_text(CITIES, encoding="utf-8")
    own = ("--local", data, "--progress", "none")
    saved = call_here("save", lake, "italy", "Find cities in Italy", *own)
    assert saved.returncode == 0, saved.stderr
    assert saved.stdout.splitlines()[0] == f"Saved as italy in {lake}:"
    assert "- in_italy: in Italy" in saved.stdout
    assert "$" not in saved.stdout
    (file,) = (lake / "searches").iterdir()
    assert json.loads(file.read_text(encoding="utf-8"))["entity_type"] == "cities"
    first = call_here("refresh", lake, *own)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [
        "italy: 2 new · completed",
        "name  url",
        "Rome  local://cities/Rome",
        "Bari  local://cities/Bari",
        "",
        "2 new matches of 1 search",
    ]
    again = call_here("refresh", lake, *own)
    assert again.returncode == 3
    assert again.stdout.splitlines() == [
        "italy: nothing new · completed",
        "0 new matches of 1 search",
    ]
    with data.open("a", encoding="utf-8") as rows:
        rows.write("Milan,Italy,1354000\n")
    record, _ = record_of("refresh", lake, *own)
    assert (record["lake"], record["new"], record["cost"]) == (str(lake), 1, None)
    (search,) = record["searches"]
    assert search["search"] == "italy"
    assert search["run"]["error"] is None
    (match,) = search["matches"]
    assert match["name"] == "Milan"
    assert match["fields"]["in_italy"]["citations"][0]["excerpts"] == ["Italy"]
    assert len(ff.open_lake(lake).frames().runs) == 3


@pytest.mark.parametrize(
    "asked",
    [
        ("Find frobnicated cities",),
        ("Cities", "--entity-type", "cities", "--condition", "odd: frobnicated"),
    ],
)
def test_a_search_that_own_data_would_refuse_is_not_saved(
    tmp_path: Path, asked: tuple[str, ...]
) -> None:
    """Drafted or given: the message is that of run."""
    data, lake = tmp_path / "cities.csv", tmp_path / "lake"
    data.write_text(CITIES, encoding="utf-8")
    own = ("--local", data, "--progress", "none")
    saved = call_here("save", lake, "odd", *asked, *own)
    found = call_here("run", *asked, *own)
    assert saved.returncode == found.returncode == 1
    assert "'frobnicated" in saved.stderr
    assert saved.stderr == found.stderr
    assert not lake.exists()


def test_saving_shows_what_a_refresh_costs(tmp_path: Path, env: dict[str, str]) -> None:
    """Conditions are drafted, unless they are given; options are those of the search."""
    lake = tmp_path / "lake"
    options = ("--match-limit", "50", "--generator", "base", "--enrich", "ceo: Name of the CEO")
    drafted = call("save", lake, "drafted", TILERS, *options, env=env)
    assert drafted.returncode == 0, drafted.stderr
    assert "A refresh costs at most $3.00:" in drafted.stdout
    given = ("--entity-type", "firms", "--condition", "tiles: Makes tiles")
    scope = ("--memory-scope-key", "team_a")
    assert call_here("save", lake, "given", TILERS, *given, *scope).returncode == 0
    searches = ff.open_lake(lake).searches
    assert searches["drafted"].match_conditions == CONDITIONS
    assert searches["drafted"].match_limit == 50
    assert searches["given"].match_conditions == {"tiles": "Makes tiles"}
    assert (searches["given"].entity_type, searches["given"].memory_scope_key) == (
        "firms",
        "team_a",
    )


def test_one_search_can_be_chosen(farm: RunFarm, env: dict[str, str], lake: Path) -> None:
    """Only that is run."""
    done = call("refresh", lake, "--search", "tilers", env=env)
    assert done.returncode == 0, done.stderr
    assert farm.objectives == [TILERS]


def test_json_has_the_error_if_no_search_was_run(lake: Path) -> None:
    """A program that reads stdout gets an object in any case."""
    (lake / "searches" / "masons.json").write_text("{")
    record, err = record_of("refresh", lake, status=1)
    assert record["searches"] == []
    assert "masons.json' can't be read" in record["error"]
    assert "findall-frames save" in record["error"]
    assert record["error"] in err


@pytest.mark.usefixtures("short_clock")
def test_a_search_that_does_not_fit_the_budget_fails(
    farm: RunFarm, env: dict[str, str], lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other one found is shown and added; warnings are on stderr."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    refused = call_here("refresh", lake, "--budget", "6")
    assert refused.returncode == 1
    assert "prices of the service at" in refused.stderr
    assert "frames.runs" not in refused.stderr
    monkeypatch.setattr(pricing, "HOSTED_URL", env["PARALLEL_BASE_URL"])
    record, err = record_of("refresh", lake, "--budget", "4", status=1)
    assert record["new"] == 2
    masons, tilers = record["searches"]
    assert len(masons["matches"]) == 2
    assert (tilers["run"]["status"], tilers["matches"]) == ("not_started", [])
    assert "budget of $4.00" in tilers["run"]["error"]
    assert any("1 of 2 searches has no whole result" in line for line in err.splitlines())
    assert ff.open_lake(lake).frames().runs["objective"].tolist() == [MASONS]
    shown = call_here("refresh", lake, "--budget", "4")
    assert shown.returncode == 1
    assert "tilers: no result · not_started" in shown.stdout
    assert "budget of $4.00" in " ".join(shown.stdout.split())
    assert farm.objectives == [MASONS, MASONS]


@pytest.mark.usefixtures("short_clock")
def test_the_cost_of_each_search_and_of_all_is_shown(
    farm: RunFarm, env: dict[str, str], lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the service has published prices."""
    monkeypatch.setattr(pricing, "HOSTED_URL", env["PARALLEL_BASE_URL"])
    done = CliRunner().invoke(findall_frames, ["refresh", str(lake)], env=env)
    assert done.exception is None, done.output
    lines = done.stdout.splitlines()
    assert "masons: 2 new · completed · about $2.30" in lines
    assert lines[-1] == "4 new matches of 2 searches · about $4.60"
    listed = CliRunner().invoke(findall_frames, ["runs"]).stdout
    assert len(re.findall(r" +completed +2 +\$2\.30  Find ", listed)) == 2


@posix_only
def test_a_killed_refresh_is_completed_by_the_same_command(
    farm: RunFarm, env: dict[str, str], lake: Path
) -> None:
    """Nothing is started twice."""
    farm.looks = 10**6
    with started("refresh", lake, env=env) as process:
        until(lambda: farm.requests["status"] >= 2)
        process.send_signal(signal.SIGKILL)
    assert ff.open_lake(lake).frames().runs.empty
    farm.looks = 0
    record, _ = record_of("refresh", lake, env=env)
    assert record["new"] == 4
    assert Counter(farm.objectives) == {MASONS: 1, TILERS: 1}
    assert len(ff.open_lake(lake).frames().runs) == 2


@posix_only
@pytest.mark.thorough
def test_whenever_a_refresh_is_killed_every_run_is_in_the_lake_in_the_end(
    farm: RunFarm, env: dict[str, str], tmp_path: Path
) -> None:
    """Killed before, while and after its runs go on: none is lost, and none is started twice."""
    chance = random.Random(16)
    farm.looks = 0
    again = 0
    for kill in range(16):
        lake = ff.open_lake(tmp_path / f"lake_{kill}")
        for number in range(4):
            search = ff.Search(
                f"Find tile makers {kill}.{number}",
                entity_type="companies",
                match_conditions=CONDITIONS,
            )
            lake.save(search, name=f"search_{number}")
        before = len(farm.asked)
        with started("refresh", lake.path, env=env) as process:
            until(lambda before=before: len(farm.asked) > before)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 3))
            process.send_signal(signal.SIGKILL)
        appended = len(lake.frames().runs)
        assert appended in (0, 4)
        done = call("refresh", lake.path, env=env)
        created = list(farm.asked)[before:]
        frames = lake.frames()
        assert sorted(frames.findall_ids) == sorted(created), done.stderr
        assert set(frames.candidates["findall_id"]) <= set(created)
        # What was killed after it had appended is over, and the second command another refresh.
        assert len(created) == 4 + appended or "never answered" in done.stderr
        again += appended == 4
    assert 0 < again < 16, "the moments are spread"


def test_two_commands_at_once_start_each_run_once(
    farm: RunFarm, env: dict[str, str], lake: Path
) -> None:
    """Both show what is new."""
    farm.looks = 10**6
    with started("refresh", lake, env=env) as first, started("refresh", lake, env=env) as second:
        until(lambda: farm.requests["status"] >= 8)
        farm.looks = 0
        for process in (first, second):
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            assert "4 new matches of 2 searches" in out
    assert Counter(farm.objectives) == {MASONS: 1, TILERS: 1}
    assert len(ff.open_lake(lake).frames().runs) == 2


@posix_only
def test_ctrl_c_and_a_timeout_leave_the_runs_alone(
    farm: RunFarm, env: dict[str, str], lake: Path
) -> None:
    """The last line says that the same command continues."""
    farm.looks = 10**6
    late = call("refresh", lake, "--timeout", "1.5", env=env)
    assert late.returncode == 1
    assert late.stdout == ""
    ending = f"Nothing was added to {lake}. The same command continues: nothing is paid for twice."
    assert late.stderr.splitlines()[-1] == f"findall-frames: Time is up. {ending}"
    looks = farm.requests["status"]
    with started("refresh", lake, env=env) as process:
        until(lambda: farm.requests["status"] > looks)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == f"findall-frames: Interrupted. {ending}"
    assert "Traceback" not in err
    assert Counter(farm.objectives) == {MASONS: 1, TILERS: 1}


def test_hostile_names_do_no_harm_in_a_terminal(
    farm: RunFarm, env: dict[str, str], lake: Path
) -> None:
    """JSON has them as they are."""
    made = [
        {**candidate(number), "candidate_id": f"hostile_{number}", "name": name, "url": name}
        for number, name in enumerate(HOSTILE)
    ]
    farm.added |= {f"findall_{number:032x}": made for number in range(2)}
    done = call("refresh", lake, "--search", "masons", env=env)
    assert done.returncode == 0, done.stderr
    assert not CONTROL.search(done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80
    record, _ = record_of("refresh", lake, "--search", "tilers", env=env)
    names: list[Any] = [match["name"] for match in record["searches"][0]["matches"]]
    assert set(HOSTILE) <= set(names)
