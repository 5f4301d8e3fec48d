"""The embedded service over HTTP: the official SDK, addresses, keys, start and stop."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import parallel
import pyarrow as pa
import pytest
import requests

from findall_frames.api.models import NO_LIMIT
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server import service as service_module
from findall_frames.embedded.server.service import Service
from findall_frames.errors import ServiceError
from tests.support.local_caller import ENRICHMENT, RUN, Caller, assert_invalid, at_work, frames
from tests.support.local_models import EveryNth, numbers

ENRICHMENT_OF_A_COLUMN = {
    "output_schema": {
        "type": "json",
        "json_schema": {
            "type": "object",
            "properties": {"ceo": {"type": "string"}, "remark": {"type": "string"}},
        },
    }
}

# -- the official SDK --------------------------------------------------------------------------


def official(service: Service, **options: Any) -> parallel.Parallel:
    """Return the official client, which validates answers strictly."""
    return parallel.Parallel(
        api_key="any", base_url=service.url, _strict_response_validation=True, **options
    )


def test_the_official_sdk_works(service: Service) -> None:
    """Ingest, create, stream, result, status, schema, extend and enrich."""
    with official(service) as client:
        findall = client.beta.findall
        draft = findall.ingest(objective="Find entities with a place over 3")
        (condition,) = draft.match_conditions
        assert condition.description.endswith("place over 3")
        run = findall.create(**RUN, metadata={"n": 1, "b": True, "f": 1.0})
        assert run.status.status == "queued"
        assert run.metadata == {"n": 1, "b": True, "f": 1.0}
        with findall.events(run.findall_id) as stream:
            seen = list(stream)
        assert seen[-1].type == "findall.status"
        assert seen[-1].data.status.status == "completed"
        assert {type(event).__name__ for event in seen} == {
            "FindAllRunStatusEvent",
            "FindAllCandidateMatchStatusEvent",
        }
        assert findall.extend(run.findall_id, additional_match_limit=2).match_limit == 7
        schema = findall.enrich(run.findall_id, **ENRICHMENT_OF_A_COLUMN)
        assert schema.enrichments is not None
        with findall.events(run.findall_id, last_event_id=seen[-1].event_id) as stream:
            later = list(stream)
        assert {event.event_id for event in later}.isdisjoint(event.event_id for event in seen)
        assert "findall.schema.updated" in {event.type for event in later}
        result = findall.result(run.findall_id)
        assert result.last_event_id == later[-1].event_id
        matches = [item for item in result.candidates if item.match_status == "matched"]
        assert [item.name for item in matches] == [f"entity {3 * n}" for n in range(7)]
        assert matches[0].output == {
            "by_3_check": {"value": 0, "type": "match_condition", "is_matched": True},
            "ceo": {"value": None, "type": "enrichment"},
            "remark": {"value": "stands at place 0", "type": "enrichment"},
        }
        assert matches[0].basis is not None
        assert [basis.field for basis in matches[0].basis] == ["by_3_check", "ceo", "remark"]
        assert findall.retrieve(run.findall_id) == result.run
        assert findall.schema(run.findall_id) == schema
        with pytest.raises(parallel.NotFoundError, match="findall_none"):
            findall.retrieve("findall_none")
        with pytest.raises(parallel.NotFoundError):
            findall.retrieve("a/b ?c")
        with pytest.raises(parallel.UnprocessableEntityError, match="from 5 to 1000000000; got 4"):
            findall.create(**{**RUN, "match_limit": 4})


def test_the_official_sdk_cancels(slow: Service) -> None:
    """A second time is a conflict."""
    conditions = [{"name": "by_3_check", "description": "every 3rd"}]
    with official(slow, max_retries=0) as client:
        run = client.beta.findall.create(**{**RUN, "match_conditions": conditions})
        client.beta.findall.cancel(run.findall_id)
        with client.beta.findall.events(run.findall_id) as stream:
            last = list(stream)[-1]
        assert last.data.status.status == "cancelled"
        assert last.data.status.termination_reason == "user_cancelled"
        with pytest.raises(parallel.ConflictError, match="Cannot cancel a terminated"):
            client.beta.findall.cancel(run.findall_id)


# -- requests ----------------------------------------------------------------------------------


def test_a_result_is_available_at_any_time(asker: Caller, gate: threading.Event) -> None:
    """An active run has the candidates that were judged so far."""
    findall_id = asker.run()
    snapshot = at_work(asker, findall_id)
    assert snapshot["run"]["status"]["status"] == "running"
    assert [item["row"] for item in snapshot["candidates"]] == list(range(8))
    first = snapshot["candidates"][0]
    assert {name: first[name] for name in ("name", "url", "match_status", "description")} == {
        "name": "entity 0",
        "url": "https://www.example.com/0/",
        "match_status": "matched",
        "description": None,
    }
    gate.set()
    asker.events(findall_id)
    result = asker.get(f"/runs/{findall_id}/result").json()
    assert result["candidates"][:8] == snapshot["candidates"]
    assert {item["match_status"] for item in result["candidates"]} == {"matched", "unmatched"}


@pytest.mark.parametrize(
    ("method", "end"),
    [
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/schema"),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/enrich"),
        ("POST", "/extend"),
    ],
)
def test_an_unknown_run_is_not_found(caller: Caller, method: str, end: str) -> None:
    """At every endpoint, as JSON, also for a stream."""
    answer = requests.request(
        method,
        f"{caller.url}/runs/findall_0{end}",
        json=ENRICHMENT,
        headers={"accept": "text/event-stream"},
        timeout=30,
    )
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert "findall_0" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    ["", "/", "/runs/", "/candidates", "/runs/a/b", "/runs/a/result/", "/ingest/", "/runs/a%2Fb/c"],
)
def test_an_unknown_path_is_not_found(caller: Caller, path: str) -> None:
    """In the form of the contract, and without a redirect."""
    answer = caller.get(path, allow_redirects=False)
    assert answer.status_code == 404
    assert answer.json()["type"] == "error"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/ingest", {"POST"}),
        ("/runs", {"POST"}),
        ("/runs/a", {"GET", "HEAD"}),
        ("/runs/a/events", {"GET", "HEAD"}),
        ("/runs/a/cancel", {"POST"}),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "X-Y"])
def test_a_wrong_method_is_refused_with_the_allowed_ones(
    caller: Caller, path: str, allowed: set[str], method: str
) -> None:
    """With 405, for any word."""
    answer = requests.request(method, caller.url + path, timeout=30)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert method in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "beta", [None, "findall-2025-09-15", "findall-2025-09-15,findall-2025-09-15", "other", ""]
)
def test_any_beta_header_is_accepted(caller: Caller, beta: str | None) -> None:
    """The service has one version of the contract."""
    headers = {} if beta is None else {"parallel-beta": beta}
    assert caller.post("/runs", RUN, headers=headers).status_code == 200


def test_a_service_with_a_key_refuses_requests_without_it() -> None:
    """At every path; and it never shows the key."""
    with Service(numbers(20), api_key="k3y-ü") as running:
        caller = Caller(running)
        assert "k3y" not in repr(running)
        for headers in ({}, {"x-api-key": "wrong"}, {"x-api-key": ""}):
            for path in ("/runs/findall_0", "/nothing", "/runs/findall_0/events"):
                answer = caller.get(path, headers=headers)
                assert answer.status_code == 401
                assert "x-api-key" in answer.json()["error"]["message"]
                assert "k3y" not in answer.text
        key = {"x-api-key": "k3y-ü".encode()}
        assert caller.post("/runs", RUN, headers=key).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:80", 403),
        ("[::", 403),
        ("", 403),
    ],
)
def test_another_host_name_is_refused(caller: Caller, host: str, status: int) -> None:
    """A web page could use a name that points to this machine."""
    answer = caller.post("/runs", RUN, headers={"host": host})
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://{host}"}, 200),
        ({"origin": "HTTP://{host}", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://{host}.evil.example"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "http://{host}", "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, 403),
    ],
)
def test_requests_of_other_pages_are_refused(
    caller: Caller, headers: dict[str, str], status: int
) -> None:
    """Also those that read; a page on another port of this machine is another page."""
    host = urlsplit(caller.url).netloc
    headers = {name: value.format(host=host) for name, value in headers.items()}
    findall_id = caller.run()
    for answer in (
        caller.post("/runs", RUN, headers=headers),
        caller.post(f"/runs/{findall_id}/extend", {"additional_match_limit": 1}, headers=headers),
        caller.get(f"/runs/{findall_id}/events", headers=headers),
        caller.get(f"/runs/{findall_id}", headers=headers),
    ):
        assert answer.status_code == status, answer.text
        assert "access-control-allow-origin" not in answer.headers


def test_a_link_to_the_service_can_be_followed(caller: Caller) -> None:
    """From a notebook, for example; but a form cannot be sent."""
    clicked = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}
    assert caller.get(f"/runs/{caller.run()}", headers=clicked).status_code == 200
    assert caller.post("/runs", RUN, headers=clicked).status_code == 403


def test_a_key_is_enough_from_any_page() -> None:
    """No other page can know it."""
    with Service(numbers(20), api_key="k3y") as running:
        headers = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
        answer = Caller(running).post("/runs", RUN, headers={**headers, "x-api-key": "k3y"})
        assert answer.status_code == 200
        assert Caller(running).post("/runs", RUN, headers=headers).status_code == 401


def test_an_objective_is_ingested(caller: Caller) -> None:
    """The draft, with a match limit added, is a valid run."""
    answer = caller.post("/ingest", {"objective": "Find entities with a place over 90"})
    assert answer.status_code == 200
    draft = answer.json()
    assert draft["objective"] == "Find entities with a place over 90"
    assert draft["entity_type"] == "entities"
    (reading,) = draft["readings"]
    assert (reading["sql"], reading["true"], reading["false"]) == ('"place" > 90', 9, 91)
    assert caller.post("/runs", {**draft, "match_limit": 5}).status_code == 200
    assert draft["generator"] == "core"
    for invalid in ({}, {"objective": 3}, {"objective": None}):
        where = ["body"] if not invalid else ["body", "objective"]
        assert_invalid(caller.post("/ingest", invalid), where=where, words="`")
    assert caller.post("/ingest", {"objective": ""}).status_code == 200


def test_entities_are_searched(service: Service, caller: Caller) -> None:
    """By the official client as well; the limits are those of a run."""
    with official(service) as client:
        found = client.beta.findall.entity_search(
            entity_type="companies", objective="the one at place 42", match_limit=5
        )
    assert found.entities[0].name == "entity 42"
    for wrong in (4, NO_LIMIT + 1):
        body = {"entity_type": "people", "objective": "", "match_limit": wrong}
        answer = caller.post("/entity-search", body)
        words = f"from 5 to {NO_LIMIT}; got {wrong}"
        assert_invalid(answer, where=["body", "match_limit"], words=words)


def test_a_question_is_answered_from_ingest_to_evidence() -> None:
    """Without a model, over a table."""
    table = pa.table(
        {
            "country": ["Chad", "Peru", "Kenya", "Japan", "Egypt"],
            "continent": ["Africa", "South America", "Africa", "Asia", "Africa"],
            "population": [19_300_000, 34_000_000, 55_000_000, 123_000_000, 114_000_000],
            "capital": ["N'Djamena", "Lima", "Nairobi", "Tokyo", "Cairo"],
        }
    )
    question = "Find all countries in Africa with a population above 50 million"
    with Service(open_corpus(table)) as running:
        caller = Caller(running)
        draft = caller.post("/ingest", {"objective": question}).json()
        run = caller.post("/runs", {**draft, "match_limit": 5}).json()
        capital = {"type": "object", "properties": {"capital": {"type": "string"}}}
        enrichment = {"output_schema": {"json_schema": capital}}
        assert caller.post(f"/runs/{run['findall_id']}/enrich", enrichment).status_code == 200
        caller.events(run["findall_id"])
        result = caller.get(f"/runs/{run['findall_id']}/result").json()
    matches = {
        item["name"]: item for item in result["candidates"] if item["match_status"] == "matched"
    }
    assert set(matches) == {"Kenya", "Egypt"}
    assert matches["Kenya"]["output"]["capital"]["value"] == "Nairobi"
    excerpts = [
        excerpt
        for basis in matches["Kenya"]["basis"]
        for citation in basis["citations"]
        for excerpt in citation["excerpts"]
    ]
    assert {"Africa", "55000000", "Nairobi"} <= set(excerpts)


# -- starting and stopping ---------------------------------------------------------------------


@pytest.mark.parametrize("answers", [True, False])
def test_streams_end_after_a_whole_event_at_a_stop(gate: threading.Event, answers: bool) -> None:
    """Also if the model does not answer; no thread is left."""
    before = set(threading.enumerate())
    running = Service(numbers(100), model=open_model(EveryNth(gate=gate)), heartbeat=0.02).start()
    caller = Caller(running, condition="every 3rd")
    findall_id = caller.run()
    answer = caller.get(f"/runs/{findall_id}/events", stream=True)
    body, stopping = b"", None
    for chunk in answer.iter_content(chunk_size=None):
        body += chunk
        if stopping is None:
            if answers:
                gate.set()
            stopping = threading.Thread(target=running.stop)
            stopping.start()
    assert stopping is not None
    stopping.join(10)
    assert gate.is_set() == answers
    gate.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert frames(body)
    running.stop()
    running.wait()
    assert set(threading.enumerate()) <= before
    with pytest.raises(requests.ConnectionError):
        caller.get(f"/runs/{findall_id}")


def test_a_service_can_be_started_again(tmp_path: Path) -> None:
    """With a file it keeps its runs; in memory it loses them."""
    for store in (tmp_path / "runs.db", None):
        running = Service(numbers(20), store=store)
        with running:
            findall_id = Caller(running).run()
            whole = Caller(running).events(findall_id)
            with pytest.raises(ServiceError, match="already running"):
                running.start()
        assert "not running" in repr(running)
        with running:
            answer = Caller(running).get(f"/runs/{findall_id}")
            assert answer.status_code == (404 if store is None else 200)
            if store is not None:
                assert Caller(running).events(findall_id) == whole


def test_a_second_service_on_one_store_is_refused(tmp_path: Path) -> None:
    """Its address is free again afterwards."""
    path = tmp_path / "runs.db"
    with Service(numbers(20), store=path) as first:
        second = Service(numbers(20), store=path)
        with pytest.raises(ServiceError, match="in use by another service"):
            second.start()
        assert Caller(first).events(Caller(first).run())
    with second:
        assert Caller(second).events(Caller(second).run())


def test_a_service_that_was_never_started_has_no_url() -> None:
    """Stopping it has no effect."""
    idle = Service(numbers(5))
    idle.stop()
    with pytest.raises(ServiceError, match=r"call start\(\)"):
        _ = idle.url


def test_an_address_in_use_is_refused(service: Service) -> None:
    """The error names the address, and how to choose another one."""
    port = int(service.url.rpartition(":")[2])
    with pytest.raises(ServiceError, match=rf"(?s)127\.0\.0\.1:{port}.*another port.*--port 0"):
        Service(numbers(5), port=port).start()
    with pytest.raises(ServiceError, match=r"from 1 to 65535.*got 70000"):
        Service(numbers(5), port=70_000)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_without_a_key_it_listens_on_loopback_only(host: str) -> None:
    """Otherwise others on the network could read the data."""
    with pytest.raises(ServiceError, match="API key"):
        Service(numbers(5), host=host)
    Service(numbers(5), host=host, api_key="k")


def test_a_store_that_cannot_be_opened_frees_the_address(tmp_path: Path) -> None:
    """A failed start releases everything."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    path = tmp_path / "store"
    path.mkdir()
    failing = Service(numbers(5), port=port, store=path)
    with pytest.raises(ServiceError, match="cannot be opened"):
        failing.start()
    path.rmdir()
    with failing:
        assert failing.url.endswith(f":{port}")
    gc.collect()


def test_it_works_within_an_event_loop() -> None:
    """As in the kernel of a notebook."""
    import asyncio

    async def cell() -> int:
        with Service(numbers(20)) as running:
            return len(Caller(running).events(Caller(running).run()))

    assert asyncio.run(cell()) > 10


def test_it_works_where_nest_asyncio_has_replaced_asyncio_run() -> None:
    """Its asyncio.run takes no loop_factory, which uvicorn passes from Python 3.12 on."""
    program = (
        "import asyncio, uvicorn.server\n"
        "asyncio_run = asyncio.run\n"
        "asyncio.run = lambda main, *, debug=False: asyncio_run(main, debug=debug)\n"
        "if hasattr(uvicorn.server, 'asyncio_run'):\n"
        "    uvicorn.server.asyncio_run = asyncio.run\n"
        "import findall_frames as ff\n"
        "rows = [{'name': 'a', 'size': 1}]\n"
        "found = ff.find_all('size = 1', data=rows, progress=False, timeout=20)\n"
        "print(len(found.matches))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "1", done.stderr


def test_exiting_without_stopping_is_quiet(tmp_path: Path) -> None:
    """A program that does not stop its service exits without an error."""
    program = (
        "from tests.support.local_models import numbers\n"
        "from findall_frames.embedded.server.service import Service\n"
        "print(Service(numbers(5)).start().url)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stderr == ""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Store]:
    """The stores that services have opened, in order."""
    stores: list[Store] = []

    def open_store(path: Path | None) -> Store:
        stores.append(Store(path))
        return stores[-1]

    monkeypatch.setattr(service_module, "Store", open_store)
    return stores


def test_a_full_disk_is_said_in_the_answer(
    tmp_path: Path, opened: list[Store], caplog: pytest.LogCaptureFixture
) -> None:
    """And in one line of the log; reading goes on, and writing once there is room."""
    large = {**RUN, "metadata": {"text": "x" * 100_000}}
    with Service(numbers(20), store=tmp_path / "runs.db") as running:
        caller = Caller(running)
        findall_id = caller.run()
        caller.events(findall_id)
        with opened[0].database.write() as connection:
            connection.execute("PRAGMA max_page_count = 1")
        refused = caller.post("/runs", large)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "disk is full" in refused.json()["error"]["message"]
        assert caller.get(f"/runs/{findall_id}/result").json()["candidates"]
        with opened[0].database.write() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        assert caller.post("/runs", large).status_code == 200
    assert len(caplog.records) == 1


def test_a_store_that_is_damaged_while_it_is_used_is_said_in_the_answer(tmp_path: Path) -> None:
    """The service itself goes on."""
    path = tmp_path / "runs.db"
    with Service(numbers(20), store=path) as running:
        findall_id = Caller(running).run()
        Caller(running).events(findall_id)
    size = path.stat().st_size
    with Service(numbers(20), store=path) as running:
        path.write_bytes(path.read_bytes()[:200] + b"\xff" * (size - 200))
        caller = Caller(running)
        for answer in (caller.get(f"/runs/{findall_id}/result"), caller.post("/runs", RUN)):
            assert answer.status_code == 503
            assert "malformed" in answer.json()["error"]["message"]
        assert caller.post("/ingest", {"objective": "Find entities"}).status_code == 200


@pytest.mark.parametrize("damage", ["cut", "zeros", "text"])
def test_a_damaged_store_is_refused_at_the_start(tmp_path: Path, damage: str) -> None:
    """With its path, and what the matter is."""
    path = tmp_path / "runs.db"
    with Service(numbers(20), store=path) as running:
        Caller(running).events(Caller(running).run())
    whole = path.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "zeros": whole[:100] + bytes(len(whole) - 100),
        "text": b"hello " * 1_000,
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(ServiceError, match=r"runs\.db cannot be opened: .*(malformed|not a data)"):
        Service(numbers(20), store=path).start()
