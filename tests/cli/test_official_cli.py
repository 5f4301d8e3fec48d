"""The official command-line tool works against a service of one's own, unchanged."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
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


def program(name: str) -> str:
    """Find a command beside the Python that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, 'install the package first: pip install -e ".[test]"'
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `findall-frames serve` over a table of cities."""
    path = tmp_path_factory.mktemp("served") / "cities.csv"
    path.write_text(CITIES, encoding="utf-8")
    with subprocess.Popen(
        [program("findall-frames"), "serve", str(path), "--api-key-env", "SERVE_KEY"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "SERVE_KEY": KEY, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        yield address[0]
        process.terminate()


class Tool:
    """`parallel-cli findall`, with a home of its own, pointed to a service."""

    def __init__(self, url: str, home: Path) -> None:
        places = {name: str(home) for name in ("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME")}
        told = {"PARALLEL_API_URL": url, "PARALLEL_API_KEY": KEY, "PYTHONUTF8": "1"}
        self._env: Mapping[str, str] = {**os.environ, **places, **told}

    def __call__(self, command: str, *arguments: str, status: int = 0) -> Any:
        """Run it to its end, and give what it prints as JSON."""
        done = subprocess.run(
            [program("parallel-cli"), "findall", command, *arguments, "--json"],
            capture_output=True,
            encoding="utf-8",
            env=self._env,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stderr + done.stdout
        return json.loads(done.stdout)


def matched(result: Any) -> list[str]:
    """Names of the matches of a result."""
    return [item["name"] for item in result["candidates"] if item["match_status"] == "matched"]


def test_a_question_is_drafted_run_and_answered(served: str, tmp_path: Path) -> None:
    """In one command, with what is left out and attached."""
    tool = Tool(served, tmp_path)
    drafted = tool("ingest", "Find cities in Italy")
    assert [each["description"] for each in drafted["match_conditions"]] == ["in Italy"]
    excluded = json.dumps([{"name": "Rome", "url": "https://rome.example"}])
    asked = ["Find cities in Italy", "--match-limit", "5", "--poll-interval", "1"]
    result = tool("run", *asked, "--exclude", excluded, "--metadata", '{"team": "maps"}')
    assert result["status"] == "completed"
    assert sorted(matched(result)) == ["Bari", "Genoa", "Milan", "Naples", "Turin"]


def test_a_run_is_followed_extended_and_enriched(served: str, tmp_path: Path) -> None:
    """Command by command, each of which knows nothing but the id."""
    tool = Tool(served, tmp_path)
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


def test_entities_are_ranked_and_refusals_are_said(served: str, tmp_path: Path) -> None:
    """The tool shows the message of the service, and ends with its status for errors."""
    tool = Tool(served, tmp_path)
    ranked = tool("entity-search", "somewhere in Norway", "--entity-type", "companies")
    assert {entity["name"] for entity in ranked["entities"]} == {"Oslo", "Bergen"}
    refused = tool("result", "findall_none", status=4)["error"]
    assert refused["type"] == "NotFoundError"
    assert "no run 'findall_none'" in refused["message"]


def test_a_run_is_cancelled(tmp_path: Path) -> None:
    """While its model is at work; the tool then waits no longer, and shows what there is."""
    gate = threading.Event()
    model = EveryNth(gate=gate, free=8)
    body = {
        "objective": "Find entities",
        "entity_type": "entities",
        "match_conditions": [{"name": "check", "description": "every 7th"}],
        "generator": "core",
        "match_limit": 5,
    }
    with Service(numbers(50), model=open_model(model), api_key=KEY) as service:
        tool = Tool(service.url, tmp_path)
        runs = f"{service.url}/v1beta/findall/runs"
        answer = requests.post(runs, json=body, headers={"x-api-key": KEY}, timeout=10)
        found = answer.json()["findall_id"]
        assert model.begun.wait(30)
        tool("cancel", found)
        assert tool("status", found)["status"] in {"cancelling", "cancelled"}
        stopped = tool("poll", found, "--poll-interval", "1", status=4)
        assert "cancelled" in stopped["error"]["message"]
        assert matched(tool("result", found)) == ["entity 0", "entity 7"]
        gate.set()
