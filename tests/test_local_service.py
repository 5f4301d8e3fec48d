"""The embedded service keeps the contract, for clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import parallel
import pyarrow as pa
import pytest
import requests
from local_evaluators import EveryNth, numbers

from findall_frames.embedded.corpus import open_corpus
from findall_frames.embedded.quotas import Quota
from findall_frames.embedded.service import Service
from findall_frames.errors import ServiceError

RUN = {
    "objective": "Find entities",
    "entity_type": "entities",
    "match_conditions": [{"name": "by_3_check", "description": "every 3rd"}],
    "generator": "core",
    "match_limit": 5,
}
ENRICHMENT = {
    "output_schema": {
        "type": "json",
        "json_schema": {"type": "object", "properties": {"ceo": {"type": "string"}}},
    }
}


class Caller:
    """Speaks to a service without any help."""

    def __init__(self, service: Service) -> None:
        self.url = f"{service.url}/v1beta/findall"

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Post JSON, or bytes as they are."""
        key = "data" if isinstance(body, bytes) else "json"
        return requests.post(self.url + path, timeout=30, **{key: body}, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Get an answer."""
        return requests.get(self.url + path, timeout=30, **options)

    def run(self, **changes: Any) -> str:
        """Start a run."""
        answer = self.post("/runs", {**RUN, **changes})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["findall_id"])

    def events(self, findall_id: str, **options: Any) -> list[Any]:
        """Read a stream to its end."""
        answer = self.get(f"/runs/{findall_id}/events", **options)
        assert answer.status_code == 200, answer.text
        return [json.loads(frame.split("data: ")[1]) for frame in frames(answer.content)]


def frames(body: bytes) -> list[str]:
    """Split a stream, and see that each frame has its two lines and nothing else."""
    whole = body.decode()
    assert whole == "" or whole.endswith("\n\n")
    parts = whole.split("\n\n")[:-1]
    for part in parts:
        event, data = part.split("\n")
        assert event.startswith("event: ")
        assert data.startswith('data: {"type":"' + event.removeprefix("event: ") + '"')
    return parts


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that tests share which leave it as it is."""
    with Service(numbers(100), evaluator=EveryNth()) as running:
        yield running


@pytest.fixture(scope="module")
def caller(service: Service) -> Caller:
    """A caller of that service."""
    return Caller(service)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds the evaluator of `slow` up until it is set."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def slow(gate: threading.Event) -> Iterator[Service]:
    """A service whose runs wait at the gate, and whose streams have a quick heart."""
    running = Service(numbers(100), evaluator=EveryNth(gate=gate), heartbeat=0.05).start()
    yield running
    gate.set()
    running.stop()


def at_work(caller: Caller, findall_id: str) -> Any:
    """Wait until a run stands at the gate, and give its result."""
    while True:
        snapshot = caller.get(f"/runs/{findall_id}/result").json()
        if snapshot["candidates"]:
            return snapshot


# -- the official SDK --------------------------------------------------------------------------


def official(service: Service, **options: Any) -> parallel.Parallel:
    """The official client, which refuses answers that do not fit its models."""
    return parallel.Parallel(
        api_key="any", base_url=service.url, _strict_response_validation=True, **options
    )


def test_the_official_sdk_finds_its_way(service: Service) -> None:
    """Ingest, create, stream, result, status, schema, extend and enrich, all validated."""
    with official(service) as client:
        findall = client.beta.findall
        draft = findall.ingest(objective="Find entities that stand at place 3")
        assert draft.match_conditions
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
        schema = findall.enrich(run.findall_id, **ENRICHMENT)
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
            "ceo": {"value": "ceo 0", "type": "enrichment"},
        }
        assert matches[0].basis is not None
        assert [basis.field for basis in matches[0].basis] == ["by_3_check", "ceo"]
        assert findall.retrieve(run.findall_id) == result.run
        assert findall.schema(run.findall_id) == schema
        with pytest.raises(parallel.NotFoundError, match="findall_none"):
            findall.retrieve("findall_none")
        with pytest.raises(parallel.NotFoundError):
            findall.retrieve("a/b ?c")
        with pytest.raises(parallel.UnprocessableEntityError, match="from 5 to 1000; got 4"):
            findall.create(**{**RUN, "match_limit": 4})


def test_the_official_sdk_cancels(slow: Service, gate: threading.Event) -> None:
    """A run in the middle of its work is cancelled, and cancelled only once."""
    with official(slow, max_retries=0) as client:
        run = client.beta.findall.create(**RUN)
        client.beta.findall.cancel(run.findall_id)
        gate.set()
        with client.beta.findall.events(run.findall_id) as stream:
            last = list(stream)[-1]
        assert last.data.status.status == "cancelled"
        assert last.data.status.termination_reason == "user_cancelled"
        with pytest.raises(parallel.ConflictError, match="Cannot cancel a terminated"):
            client.beta.findall.cancel(run.findall_id)


# -- creating ----------------------------------------------------------------------------------


def test_a_new_run_is_answered_whole(caller: Caller) -> None:
    """Queued, active, with times, counts and what the caller attached."""
    metadata = {"text": "ü", "whole": 1, "real": 1.0, "yes": True, "big": 2**70}
    answer = caller.post("/runs", {**RUN, "metadata": metadata, "memory_scope_key": "ignored"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["findall_id"].startswith("findall_")
    assert len(body["findall_id"]) == len("findall_") + 32
    assert body["status"] == {
        "status": "queued",
        "is_active": True,
        "metrics": {"generated_candidates_count": 0, "matched_candidates_count": 0},
        "termination_reason": None,
    }
    assert body["metadata"] == metadata
    assert json.dumps(body["metadata"]) == json.dumps(metadata)
    assert body["created_at"] <= body["modified_at"]
    assert body["created_at"].endswith("Z")
    assert caller.post("/runs", RUN).json()["metadata"] == {}


@pytest.mark.parametrize(
    "accepted",
    [
        {"match_limit": 5.0},
        {"match_limit": 1000},
        {"match_conditions": []},
        {"objective": "", "entity_type": ""},
        {"exclude_list": None, "metadata": None, "webhook": None},
        {"exclude_list": [{"name": "", "url": ""}]},
        {"generator": "preview", "match_limit": 1000},
        {"webhook": {"url": "https://example.com/hook"}},
        {"webhook": {"url": "https://example.com/hook", "event_types": []}},
        {"webhook": {"url": "https://example.com/hook", "event_types": ["task_run.status"]}},
        {"unknown": {"deep": [1]}},
    ],
)
def test_what_the_contract_allows_is_accepted(caller: Caller, accepted: dict[str, Any]) -> None:
    """Also where another service might be stricter."""
    assert caller.post("/runs", {**RUN, **accepted}).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "where", "words"),
    [
        ({"match_limit": 4}, ["match_limit"], "from 5 to 1000; got 4"),
        ({"match_limit": 1001}, ["match_limit"], "from 5 to 1000; got 1001"),
        ({"match_limit": 10**40}, ["match_limit"], "from 5 to 1000"),
        ({"match_limit": True}, ["match_limit"], "got `bool`"),
        ({"match_limit": "5"}, ["match_limit"], "got `str`"),
        ({"match_limit": 5.5}, ["match_limit"], "got `float`"),
        ({"match_limit": None}, ["match_limit"], "got `null`"),
        ({"generator": "ultra"}, ["generator"], "preview, base, core, pro; got 'ultra'"),
        ({"generator": 3}, ["generator"], "Expected `str`"),
        ({"objective": None}, ["objective"], "Expected `str`"),
        ({"match_conditions": {}}, ["match_conditions"], "Expected `array`"),
        (
            {"match_conditions": [{"name": "a", "description": "every 2nd"}, {"name": "b"}]},
            ["match_conditions", 1],
            "required field `description`",
        ),
        ({"exclude_list": [{"name": "a"}]}, ["exclude_list", 0], "required field `url`"),
        ({"metadata": {"a": None}}, ["metadata"], "got `null`"),
        ({"metadata": {"a": [1]}}, ["metadata"], "got `array`"),
        ({"metadata": 3}, ["metadata"], "got `int`"),
        ({"webhook": {}}, ["webhook"], "required field `url`"),
        (
            {
                "webhook": {
                    "url": "https://example.com",
                    "event_types": ["task_run.status", "findall.run.completed"],
                }
            },
            ["webhook", "url"],
            "may not send webhooks to that address",
        ),
        (
            {"webhook": {"url": "https://example.com", "event_types": ["findall.run.begun"]}},
            ["webhook", "event_types", 0],
            "findall.run.failed, task_run.status; got 'findall.run.begun'",
        ),
        ({"exclude_list": [{"name": "a", "url": "a"}] * 10_001}, ["exclude_list"], "10,000"),
        (
            {"match_conditions": [{"name": "a", "description": "every 1st"}] * 1_001},
            ["match_conditions"],
            "at most 1,000 entries",
        ),
    ],
)
def test_a_wrong_create_is_refused(
    caller: Caller, wrong: dict[str, Any], where: list[Any], words: str
) -> None:
    """The answer says what was expected, what came and where, in both forms of a 422."""
    answer = caller.post("/runs", {**RUN, **wrong})
    assert_invalid(answer, where=["body", *where], words=words)


def assert_invalid(answer: requests.Response, *, where: list[Any], words: str) -> None:
    """See that a 422 satisfies clients of either form."""
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["type"] == "error"
    assert body["error"]["ref_id"]
    assert words in body["error"]["message"]
    (fault,) = body["detail"]
    assert fault["loc"] == where
    assert words in fault["msg"]
    assert fault["type"]


@pytest.mark.parametrize("missing", list(RUN))
def test_each_required_field_is_required(caller: Caller, missing: str) -> None:
    """The answer names the one that is missing."""
    body = {name: value for name, value in RUN.items() if name != missing}
    assert_invalid(caller.post("/runs", body), where=["body"], words=f"`{missing}`")


NO_BODIES = {
    "empty": b"",
    "cut": b"{",
    "array": b"[]",
    "null": b"null",
    "number": b"5",
    "not UTF-8": b"\xff\xfe",
    "deep and cut": b"[" * 100_000,
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "half a surrogate": b'{"objective": "\\ud800"}',
    "infinite": b'{"objective": 1e999}',
    "huge number": b'{"match_limit": ' + b"9" * 5_000 + b"}",
    "NaN": b'{"a": NaN}',
    "byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("body", list(NO_BODIES.values()), ids=list(NO_BODIES))
@pytest.mark.parametrize("path", ["/runs", "/ingest", "/runs/{}/enrich", "/runs/{}/extend"])
def test_what_is_no_body_is_refused(caller: Caller, path: str, body: bytes) -> None:
    """Whatever is sent is answered with 422, never with 500."""
    if "{}" in path:
        path = path.format(caller.run())
    answer = caller.post(path, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize(
    ("quota", "status", "words"),
    [
        (Quota(runs=2), 402, "it has 2 runs, and no more"),
        (Quota(runs_per_hour=2), 429, "at most 2 new runs in an hour"),
    ],
)
def test_a_quota_is_kept(quota: Quota, status: int, words: str) -> None:
    """Also when all ask at once; whoever comes too early hears when there is room."""
    with Service(numbers(20), evaluator=EveryNth(), quota=quota) as running:
        caller = Caller(running)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: caller.post("/runs", RUN), range(8)))
    refused = [answer for answer in answers if answer.status_code == status]
    assert len(refused) == 6
    assert words in refused[0].json()["error"]["message"]
    wait = refused[0].headers.get("retry-after")
    assert (wait is None) if status == 402 else (3_500 < int(wait or 0) <= 3_600)


def test_a_body_that_is_too_long_is_refused(caller: Caller) -> None:
    """It is not read to its end."""
    answer = caller.post("/runs", b" " * (17 << 20))
    assert answer.status_code == 413
    assert "16,777,216 bytes" in answer.json()["error"]["message"]


def test_a_body_that_announces_too_much_is_refused_before_it_is_sent(service: Service) -> None:
    """Whoever waits for a word before sending it need not send it."""
    with contextlib.closing(HTTPConnection(service.url.removeprefix("http://"))) as connection:
        connection.putrequest("POST", "/v1beta/findall/runs")
        connection.putheader("content-length", "99999999999")
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.load(answer)["error"]["ref_id"]


def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_the_service(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is noted as a bad request, not as an exception."""
    caplog.set_level(logging.INFO)
    with Service(numbers(9), evaluator=EveryNth()) as service:
        connection = HTTPConnection(service.url.removeprefix("http://"))
        connection.putrequest("POST", "/v1beta/findall/runs")
        connection.putheader("content-length", "100")
        connection.endheaders(b"{")
        connection.close()
        while not any("POST" in line for line in caplog.messages):
            time.sleep(0.01)
    assert any(line.startswith("POST /v1beta/findall/runs 400") for line in caplog.messages)
    assert max(record.levelno for record in caplog.records) == logging.INFO


# -- extending, enriching, cancelling ----------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "required field `additional_match_limit`"),
        ({"additional_match_limit": 0}, "greater than 0; got 0"),
        ({"additional_match_limit": -3}, "greater than 0; got -3"),
        ({"additional_match_limit": "5"}, "got `str`"),
        ({"additional_match_limit": True}, "got `bool`"),
    ],
)
def test_a_wrong_extension_is_refused(caller: Caller, wrong: dict[str, Any], words: str) -> None:
    """It has to be a whole number above 0."""
    answer = caller.post(f"/runs/{caller.run()}/extend", wrong)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "its type is 'string'"),
        ({"type": ["array", "null"], "properties": {"a": {}}}, "its type is ['array', 'null']"),
        ({"properties": []}, "with a JSON Schema for each field; got list"),
        ({"properties": None}, "with a JSON Schema for each field; got NoneType"),
        ({"properties": {"ceo": "text"}}, "for the property 'ceo'; got str"),
        ({"properties": {"by_3_check": {}}}, "has by_3_check already"),
        ({"properties": {"a": {"type": {}}}}, "body.output_schema.json_schema.properties.a.type"),
        ({"properties": {"a": {"enum": 5}}}, "Expected `array | null`, got `int`"),
        ({"properties": {"a": {"format": []}}}, "Expected `str | null`, got `array`"),
        ({"properties": {"a": {"description": 5}}}, "Expected `str | null`, got `int`"),
    ],
)
def test_a_wrong_enrichment_is_refused(caller: Caller, schema: Any, words: str) -> None:
    """It has to name new fields."""
    body = {"output_schema": {"json_schema": schema}}
    answer = caller.post(f"/runs/{caller.run()}/enrich", body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": {}}])
def test_an_enrichment_that_asks_for_nothing_adds_nothing(caller: Caller, schema: Any) -> None:
    """It is allowed, and answered with the fields that there are."""
    findall_id = caller.run()
    before = caller.get(f"/runs/{findall_id}/schema").json()
    answer = caller.post(f"/runs/{findall_id}/enrich", {"output_schema": {"json_schema": schema}})
    assert (answer.status_code, answer.json()) == (200, before)


def test_an_enrichment_nested_too_deep_is_refused(caller: Caller) -> None:
    """What could not be written back is not stored."""
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"items": deep}
    body = {"output_schema": {"json_schema": {"properties": {"a": deep}}}}
    answer = caller.post(f"/runs/{caller.run()}/enrich", body)
    assert_invalid(answer, where=["body", "output_schema", "json_schema"], words="64 levels")


def test_secrets_for_tool_servers_never_come_back(tmp_path: Path) -> None:
    """Neither in an answer nor in an event, nor do they reach the store."""
    server = {"url": "https://tools.example.com", "name": "t", "headers": {"auth": "s3cret"}}
    path = tmp_path / "runs.db"
    with Service(numbers(20), evaluator=EveryNth(), store=path) as running:
        caller = Caller(running)
        findall_id = caller.run()
        answer = caller.post(f"/runs/{findall_id}/enrich", {**ENRICHMENT, "mcp_servers": [server]})
        texts = [answer.text]
        texts += [caller.get(f"/runs/{findall_id}{end}").text for end in ("/schema", "/events")]
    assert answer.json()["enrichments"][0]["mcp_servers"][0]["headers"] is None
    assert all("tools.example.com" in text for text in texts)
    assert all("s3cret" not in text for text in texts)
    assert all(b"s3cret" not in file.read_bytes() for file in tmp_path.iterdir())


def test_cancelling_takes_no_body_and_gives_an_empty_object(
    slow: Service, gate: threading.Event
) -> None:
    """It may be repeated while the work in hand ends, and is a conflict afterwards."""
    caller = Caller(slow)
    findall_id = caller.run()
    at_work(caller, findall_id)
    for _ in range(2):
        headers = {"content-type": "application/json"}
        answer = caller.post(f"/runs/{findall_id}/cancel", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {})
        assert answer.headers["content-type"] == "application/json"
    gate.set()
    assert caller.events(findall_id)[-1]["data"]["status"]["status"] == "cancelled"
    assert caller.post(f"/runs/{findall_id}/cancel").status_code == 409
    assert caller.post(f"/runs/{findall_id}/enrich", ENRICHMENT).status_code == 422
    assert caller.post(f"/runs/{findall_id}/extend", {"additional_match_limit": 1}).status_code == (
        422
    )


# -- asking ------------------------------------------------------------------------------------


def test_a_result_can_be_had_at_any_time(slow: Service, gate: threading.Event) -> None:
    """A snapshot while the run goes on, with candidates that wait; the whole at its end."""
    caller = Caller(slow)
    findall_id = caller.run()
    (waiting,) = at_work(caller, findall_id)["candidates"]
    assert waiting == {
        "candidate_id": waiting["candidate_id"],
        "name": "entity 0",
        "url": "https://www.example.com/0/",
        "match_status": "generated",
        "description": None,
        "output": None,
        "basis": None,
    }
    gate.set()
    caller.events(findall_id)
    result = caller.get(f"/runs/{findall_id}/result").json()
    assert result["candidates"][0]["candidate_id"] == waiting["candidate_id"]
    assert result["candidates"][0]["match_status"] == "matched"
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
    """Everywhere, as JSON, also where a stream was asked for."""
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
def test_a_wrong_method_is_told_the_right_one(
    caller: Caller, path: str, allowed: set[str], method: str
) -> None:
    """Any word for a method gets 405 and the methods that there are."""
    answer = requests.request(method, caller.url + path, timeout=30)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert method in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "beta", [None, "findall-2025-09-15", "findall-2025-09-15,findall-2025-09-15", "other", ""]
)
def test_any_beta_header_will_do(caller: Caller, beta: str | None) -> None:
    """There is one version of the contract here."""
    headers = {} if beta is None else {"parallel-beta": beta}
    assert caller.post("/runs", RUN, headers=headers).status_code == 200


def test_a_service_with_a_key_lets_nobody_in_without_it() -> None:
    """Neither to a run nor to an unknown path; and it never shows the key."""
    with Service(numbers(20), evaluator=EveryNth(), api_key="k3y-ü") as running:
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
def test_a_web_page_cannot_reach_it_under_another_name(
    caller: Caller, host: str, status: int
) -> None:
    """A name that was made to point to this machine is not one of its own."""
    answer = caller.post("/runs", RUN, headers={"host": host})
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


def test_an_objective_is_ingested(caller: Caller) -> None:
    """The answer can be sent on as it is, once a match limit is added."""
    answer = caller.post("/ingest", {"objective": "Find entities that stand at place 3"})
    assert answer.status_code == 200
    draft = answer.json()
    assert draft["objective"] == "Find entities that stand at place 3"
    assert draft["entity_type"]
    assert draft["generator"] == "core"
    for wrong in ({}, {"objective": 3}, {"objective": None}):
        where = ["body"] if not wrong else ["body", "objective"]
        assert_invalid(caller.post("/ingest", wrong), where=where, words="`")
    assert caller.post("/ingest", {"objective": ""}).status_code == 200


def test_entities_are_searched_at_once(service: Service, caller: Caller) -> None:
    """By the official client, too; its limits are those of a run."""
    with official(service) as client:
        found = client.beta.findall.entity_search(
            entity_type="companies", objective="the one at place 42", match_limit=5
        )
    assert found.entities[0].name == "entity 42"
    for wrong in (4, 1_001):
        body = {"entity_type": "people", "objective": "", "match_limit": wrong}
        answer = caller.post("/entity-search", body)
        assert_invalid(answer, where=["body", "match_limit"], words=f"from 5 to 1000; got {wrong}")


def test_a_question_is_answered_from_ingest_to_evidence() -> None:
    """With the evaluator that comes with the package, over a table of the user's own."""
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
        asked = {"output_schema": {"json_schema": capital}}
        assert caller.post(f"/runs/{run['findall_id']}/enrich", asked).status_code == 200
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


# -- streams -----------------------------------------------------------------------------------


def test_a_stream_tells_everything_and_ends_with_the_run(caller: Caller) -> None:
    """Frames have an event and a data line; the last one is the final status."""
    findall_id = caller.run()
    answer = caller.get(f"/runs/{findall_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    first = frames(answer.content)
    again = frames(caller.get(f"/runs/{findall_id}/events").content)
    assert first == again
    last = json.loads(first[-1].split("data: ")[1])
    assert last["data"] == caller.get(f"/runs/{findall_id}").json()
    assert last["data"]["status"]["is_active"] is False


def test_a_stream_is_resumed_after_any_event(caller: Caller) -> None:
    """By query or by header; an id that is not known gives everything."""
    findall_id = caller.run()
    whole = caller.events(findall_id)
    foreign = caller.events(caller.run())[3]["event_id"]
    for number in (0, 4, len(whole) - 2, len(whole) - 1):
        name = whole[number]["event_id"]
        rest = caller.events(findall_id, params={"last_event_id": name})
        assert rest == whole[number + 1 :]
        assert caller.events(findall_id, headers={"last-event-id": name}) == rest
    beyond = whole[0]["event_id"][:-12] + "f" * 12
    for unknown in ("", "nonsense", foreign, beyond):
        assert caller.events(findall_id, params={"last_event_id": unknown}) == whole


def test_a_timeout_ends_the_stream_and_not_the_run(slow: Service, gate: threading.Event) -> None:
    """With 0 it gives what there is; it can be resumed after a heartbeat, too."""
    caller = Caller(slow)
    findall_id = caller.run()
    began = caller.events(findall_id, params={"timeout": "0"})
    assert began[0]["data"]["status"]["status"] == "queued"
    part = caller.events(findall_id, params={"timeout": "0.3"})
    beats = [event for event in part if "-" in event["event_id"]]
    assert len(beats) >= 2
    assert {event["type"] for event in beats} == {"findall.status"}
    assert {event["data"]["status"]["status"] for event in beats} <= {"queued", "running"}
    gate.set()
    stored = [event for event in part if "-" not in event["event_id"]]
    rest = caller.events(findall_id, params={"last_event_id": part[-1]["event_id"]})
    rest = [event for event in rest if "-" not in event["event_id"]]
    assert stored + rest == caller.events(findall_id)


@pytest.mark.parametrize("timeout", ["-1", "-0.001", "nan", "inf", "soon", "", "1,5"])
def test_a_wrong_timeout_is_refused(caller: Caller, timeout: str) -> None:
    """Before a stream begins, in the form of the contract."""
    answer = caller.get(f"/runs/{caller.run()}/events", params={"timeout": timeout})
    assert_invalid(answer, where=["query", "timeout"], words=f"got {timeout!r}")


def test_events_are_sent_as_they_happen(slow: Service, gate: threading.Event) -> None:
    """A reader sees the run begin before anything was judged, and its end when it comes."""
    caller = Caller(slow)
    findall_id = caller.run()
    answer = caller.get(f"/runs/{findall_id}/events", stream=True)
    lines = (line for line in answer.iter_lines() if line.startswith(b"event: "))
    seen = [next(lines)]
    while seen[-1] != b"event: findall.candidate.generated":
        seen.append(next(lines))
    gate.set()
    rest = list(lines)
    assert b"event: findall.candidate.matched" in rest
    assert rest[-1] == b"event: findall.status"


def test_head_of_a_stream_is_answered_at_once(slow: Service) -> None:
    """Whoever only asks for the headers does not wait for the run."""
    caller = Caller(slow)
    answer = requests.head(f"{caller.url}/runs/{caller.run()}/events", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def stalled(service: Service, findall_id: str) -> socket.socket:
    """Ask for a stream, and take nothing of it."""
    host, port = service.url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(
        f"GET /v1beta/findall/runs/{findall_id}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    )
    return connection


def test_a_stalled_reader_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the run, nor other readers, nor the end of the service; and nothing complains."""
    with Service(numbers(9_000), evaluator=EveryNth()) as running:
        caller = Caller(running)
        findall_id = caller.run(match_conditions=[{"name": "a", "description": "every 9999th"}])
        with stalled(running, findall_id):
            events = caller.events(findall_id)
            assert events[-1]["data"]["status"]["termination_reason"] == "candidates_exhausted"
            assert len(events) == 2 * 9_000 + 3
            running.stop()
    gc.collect()
    assert caplog.records == []


def test_a_reader_that_leaves_is_forgotten(slow: Service, gate: threading.Event) -> None:
    """Many may come and go while a run goes on."""
    caller = Caller(slow)
    findall_id = caller.run()
    for _ in range(20):
        with caller.get(f"/runs/{findall_id}/events", stream=True) as answer:
            next(answer.iter_lines())
    gate.set()
    assert caller.events(findall_id)[-1]["data"]["status"]["status"] == "completed"


# -- starting and stopping ---------------------------------------------------------------------


@pytest.mark.parametrize("answers", [True, False])
def test_streams_end_whole_when_the_service_stops(gate: threading.Event, answers: bool) -> None:
    """A reader gets no half event, also when the evaluator does not answer; no thread is left."""
    before = set(threading.enumerate())
    running = Service(numbers(100), evaluator=EveryNth(gate=gate), heartbeat=0.02).start()
    caller = Caller(running)
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
    """With a file it still knows its runs; in memory it begins anew."""
    for store in (tmp_path / "runs.db", None):
        running = Service(numbers(20), evaluator=EveryNth(), store=store)
        with running:
            findall_id = Caller(running).run()
            whole = Caller(running).events(findall_id)
            with pytest.raises(ServiceError, match="running already"):
                running.start()
        assert "not running" in repr(running)
        with running:
            answer = Caller(running).get(f"/runs/{findall_id}")
            assert answer.status_code == (404 if store is None else 200)
            if store is not None:
                assert Caller(running).events(findall_id) == whole


def test_a_second_service_on_one_store_is_refused(tmp_path: Path) -> None:
    """It would take the runs of the first; its address is free again afterwards."""
    path = tmp_path / "runs.db"
    with Service(numbers(20), evaluator=EveryNth(), store=path) as first:
        second = Service(numbers(20), evaluator=EveryNth(), store=path)
        with pytest.raises(ServiceError, match="in use by another service"):
            second.start()
        assert Caller(first).events(Caller(first).run())
    with second:
        assert Caller(second).events(Caller(second).run())


def test_a_service_that_was_never_started_has_no_address() -> None:
    """And stopping it does nothing."""
    idle = Service(numbers(5), evaluator=EveryNth())
    idle.stop()
    with pytest.raises(ServiceError, match=r"call start\(\)"):
        _ = idle.url


def test_an_address_that_is_taken_is_refused_with_a_way_out(service: Service) -> None:
    """The error names the address, and the store is left alone."""
    port = int(service.url.rpartition(":")[2])
    with pytest.raises(ServiceError, match=rf"(?s)127\.0\.0\.1:{port}.*another port.*--port 0"):
        Service(numbers(5), evaluator=EveryNth(), port=port).start()
    with pytest.raises(ServiceError, match=r"from 1 to 65535.*got 70000"):
        Service(numbers(5), evaluator=EveryNth(), port=70_000)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_without_a_key_it_listens_to_this_machine_only(host: str) -> None:
    """Others on the network could read the data otherwise."""
    with pytest.raises(ServiceError, match="API key"):
        Service(numbers(5), evaluator=EveryNth(), host=host)
    Service(numbers(5), evaluator=EveryNth(), host=host, api_key="k")


def test_a_store_that_cannot_be_opened_frees_the_address(tmp_path: Path) -> None:
    """A failed start leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    path = tmp_path / "store"
    path.mkdir()
    failing = Service(numbers(5), evaluator=EveryNth(), port=port, store=path)
    with pytest.raises(ServiceError, match="cannot be opened"):
        failing.start()
    path.rmdir()
    with failing:
        assert failing.url.endswith(f":{port}")
    gc.collect()


def test_it_works_where_an_event_loop_runs() -> None:
    """A notebook's kernel runs one in the thread of its cells."""
    import asyncio

    async def cell() -> int:
        with Service(numbers(20), evaluator=EveryNth()) as running:
            return len(Caller(running).events(Caller(running).run()))

    assert asyncio.run(cell()) > 10


def test_leaving_without_stopping_is_quiet(tmp_path: Path) -> None:
    """A program that forgets its service ends all the same, and without complaint."""
    program = (
        "from local_evaluators import EveryNth, numbers\n"
        "from findall_frames.embedded.service import Service\n"
        "print(Service(numbers(5), evaluator=EveryNth()).start().url)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    started = time.monotonic()
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
    assert time.monotonic() - started < 60
