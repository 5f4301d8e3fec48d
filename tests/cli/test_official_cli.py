"""The official command-line tool works with a service over own data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from tests.support.commands import call, serving
from tests.support.local_models import EveryNth, numbers

CITIES = """name,country,population
Oslo,Norway,709000
Rome,Italy,2748000
Bari,Italy,316000
Milan,Italy,1354000
Naples,Italy,913000
Turin,Italy,841000
Genoa,Italy,558000
Bergen,Norway,291000
"""
KEY = "k3y"


class Tool:
    """`parallel-cli findall` with an empty home, pointed to a service."""

    def __init__(self, url: str, home: Path) -> None:
        folders = ("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME")
        self._env = {
            **{name: str(home) for name in folders},
            "PARALLEL_API_URL": url,
            "PARALLEL_API_KEY": KEY,
            "PYTHONWARNINGS": "default",
        }

    def __call__(self, command: str, *arguments: str, status: int = 0) -> Any:
        """Run a command to its end and return the JSON it prints."""
        done = call("findall", command, *arguments, "--json", name="parallel-cli", env=self._env)
        assert done.returncode == status, done.stderr + done.stdout
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """Point the tool to `findall-frames serve` over a table of cities."""
    folder = tmp_path_factory.mktemp("served")
    path = folder / "cities.csv"
    path.write_text(CITIES, encoding="utf-8")
    with serving(path, "--api-key-env", "SERVE_KEY", env={"SERVE_KEY": KEY}) as served:
        yield Tool(served.url, folder)


def matched(result: Any) -> list[str]:
    """Return the names of the matches of a result."""
    return [item["name"] for item in result["candidates"] if item["match_status"] == "matched"]


def test_a_question_is_drafted_and_run(tool: Tool) -> None:
    """With exclusions and metadata, in one command."""
    drafted = tool("ingest", "Find cities in Italy")
    assert [each["description"] for each in drafted["match_conditions"]] == ["in Italy"]
    excluded = json.dumps([{"name": "Rome", "url": "https://rome.example"}])
    result = tool(
        *("run", "Find cities in Italy", "--match-limit", "5", "--poll-interval", "1"),
        *("--exclude", excluded, "--metadata", '{"team": "maps"}'),
    )
    assert result["status"] == "completed"
    assert sorted(matched(result)) == ["Bari", "Genoa", "Milan", "Naples", "Turin"]


def test_a_run_is_followed_extended_and_enriched(tool: Tool) -> None:
    """In commands that share nothing but the id."""
    run = tool("run", "Find cities in Italy", "--match-limit", "5", "--no-wait")
    found = run["findall_id"]
    assert run["status"] == "queued"
    assert len(matched(tool("poll", found, "--poll-interval", "1"))) == 5
    assert tool("status", found)["metrics"]["matched_candidates_count"] == 5
    assert tool("extend", found, "5")["match_limit"] == 10
    assert len(matched(tool("poll", found, "--poll-interval", "1"))) == 6
    wanted = {"type": "object", "properties": {"population": {"type": "integer"}}}
    tool("enrich", found, json.dumps(wanted))
    result = tool("poll", found, "--poll-interval", "1")
    filled = {item["name"]: item["output"].get("population") for item in result["candidates"]}
    assert filled["Rome"] == {"value": 2748000, "type": "enrichment"}
    assert filled["Oslo"] is None
    schema = tool("schema", found)
    assert schema["enrichments"][0]["output_schema"]["json_schema"] == wanted
    assert tool("result", found)["candidates"] == result["candidates"]


def test_entities_are_ranked_and_errors_are_shown(tool: Tool) -> None:
    """The tool prints the message of the service and returns its status for errors."""
    ranked = tool("entity-search", "somewhere in Norway", "--entity-type", "companies")
    assert {entity["name"] for entity in ranked["entities"]} == {"Oslo", "Bergen"}
    refused = tool("result", "findall_none", status=4)["error"]
    assert refused["type"] == "NotFoundError"
    assert "no run 'findall_none'" in refused["message"]


def test_a_run_is_cancelled_while_its_model_is_at_work(tmp_path: Path) -> None:
    """The matches found until then stay."""
    gate = threading.Event()
    model = EveryNth(gate=gate, free=8)
    search = ff.Search(
        "Find entities",
        entity_type="entities",
        match_conditions={"check": "every 7th"},
        match_limit=5,
    )
    with Service(numbers(50), model=open_model(model), api_key=KEY) as service:
        tool = Tool(service.url, tmp_path)
        found = ff.start(search, client=ff.Client(base_url=service.url, api_key=KEY)).findall_id
        assert model.begun.wait(30)
        tool("cancel", found)
        assert tool("status", found)["status"] in {"cancelling", "cancelled"}
        stopped = tool("poll", found, "--poll-interval", "1", status=4)
        assert "cancelled" in stopped["error"]["message"]
        assert matched(tool("result", found)) == ["entity 0", "entity 7"]
        gate.set()
