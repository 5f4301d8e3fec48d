"""The requests that the embedded service accepts and refuses."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from findall_frames.api.models import NO_LIMIT
from findall_frames.embedded.server.admission import Quota
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import ENRICHMENT, RUN, Caller, assert_invalid, at_work
from tests.support.local_models import numbers
from tests.support.until import until

# -- creating ----------------------------------------------------------------------------------


def test_a_new_run_is_returned_completely(caller: Caller) -> None:
    """With status, times, counts and metadata."""
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
        "metrics": {
            "generated_candidates_count": 0,
            "matched_candidates_count": 0,
            "rows": 100,
        },
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
        {"match_limit": 1001},
        {"match_limit": NO_LIMIT},
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
def test_a_valid_run_is_accepted(caller: Caller, accepted: dict[str, Any]) -> None:
    """Also where another service might be stricter."""
    assert caller.post("/runs", {**RUN, **accepted}).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "where", "words"),
    [
        ({"match_limit": 4}, ["match_limit"], "from 5 to 1000000000; got 4"),
        ({"match_limit": NO_LIMIT + 1}, ["match_limit"], "to 1000000000; got 1000000001"),
        ({"match_limit": 10**40}, ["match_limit"], "from 5 to 1000000000"),
        ({"match_limit": True}, ["match_limit"], "got `bool`"),
        ({"match_limit": "5"}, ["match_limit"], "got `str`"),
        ({"match_limit": 5.5}, ["match_limit"], "got `float`"),
        ({"match_limit": None}, ["match_limit"], "got `null`"),
        ({"generator": "ultra"}, ["generator"], "preview, base, core, pro; got 'ultra'"),
        ({"generator": 3}, ["generator"], "Expected `str`"),
        ({"objective": None}, ["objective"], "Expected `str`"),
        ({"match_conditions": {}}, ["match_conditions"], "Expected `array`"),
        (
            {"match_conditions": [{"name": "a", "description": "place > 2"}, {"name": "b"}]},
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
            {"match_conditions": [{"name": "a", "description": "place > 1"}] * 1_001},
            ["match_conditions"],
            "at most 1,000 entries",
        ),
    ],
)
def test_an_invalid_run_is_refused(
    caller: Caller, wrong: dict[str, Any], where: list[Any], words: str
) -> None:
    """In both forms of a 422, with what was expected, what came, and where."""
    answer = caller.post("/runs", {**RUN, **wrong})
    assert_invalid(answer, where=["body", *where], words=words)


@pytest.mark.parametrize("missing", list(RUN))
def test_each_required_field_is_required(caller: Caller, missing: str) -> None:
    """The message names the missing field."""
    body = {name: value for name, value in RUN.items() if name != missing}
    assert_invalid(caller.post("/runs", body), where=["body"], words=f"`{missing}`")


INVALID_BODIES = {
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


@pytest.mark.parametrize("body", list(INVALID_BODIES.values()), ids=list(INVALID_BODIES))
@pytest.mark.parametrize("path", ["/runs", "/ingest", "/runs/{}/enrich", "/runs/{}/extend"])
def test_an_invalid_body_is_refused(caller: Caller, path: str, body: bytes) -> None:
    """With 422, never with 500."""
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
def test_a_quota_is_enforced(quota: Quota, status: int, words: str) -> None:
    """Also for concurrent requests; Retry-After says when a run may be created."""
    with Service(numbers(20), quota=quota) as running:
        caller = Caller(running)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: caller.post("/runs", RUN), range(8)))
    refused = [answer for answer in answers if answer.status_code == status]
    assert len(refused) == 6
    assert words in refused[0].json()["error"]["message"]
    wait = refused[0].headers.get("retry-after")
    assert (wait is None) if status == 402 else (3_500 < int(wait or 0) <= 3_600)


def test_a_clock_that_is_set_back_does_not_use_up_a_quota(tmp_path: Path) -> None:
    """Runs from the future don't count."""
    path = tmp_path / "runs.db"
    with Service(numbers(20), store=path, quota=Quota(runs_per_hour=1)) as running:
        Caller(running).events(Caller(running).run())
        assert Caller(running).post("/runs", RUN).status_code == 429
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET created_at = '2999' || substr(created_at, 5)")
    with Service(numbers(20), store=path, quota=Quota(runs_per_hour=1)) as running:
        assert Caller(running).post("/runs", RUN).status_code == 200


def test_a_long_body_is_refused(caller: Caller) -> None:
    """Without reading it to its end."""
    answer = caller.post("/runs", b" " * (17 << 20))
    assert answer.status_code == 413
    assert "16,777,216 bytes" in answer.json()["error"]["message"]


def test_a_long_body_is_refused_by_its_content_length(service: Service) -> None:
    """Before any of it is sent."""
    with contextlib.closing(HTTPConnection(service.url.removeprefix("http://"))) as connection:
        connection.putrequest("POST", "/v1beta/findall/runs")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", "99999999999")
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.load(answer)["error"]["ref_id"]


def test_a_disconnect_within_a_body_is_a_bad_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged as such, not as an exception."""
    caplog.set_level(logging.INFO)
    with Service(numbers(9)) as service:
        connection = HTTPConnection(service.url.removeprefix("http://"))
        connection.putrequest("POST", "/v1beta/findall/runs")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", "100")
        connection.endheaders(b"{")
        connection.close()
        until(lambda: any("POST" in line for line in caplog.messages))
    assert any(line.startswith("POST /v1beta/findall/runs 400") for line in caplog.messages)
    assert max(record.levelno for record in caplog.records) == logging.INFO


def test_a_condition_that_is_not_understood_is_refused(caller: Caller) -> None:
    """With the words left over and what to write instead; no run is created."""
    unread = {"name": "nice_check", "description": "is nice and friendly"}
    conditions = [*RUN["match_conditions"], unread]
    answer = caller.post("/runs", {**RUN, "match_conditions": conditions})
    where = ["body", "match_conditions", 1, "description"]
    unknown = "No column or value matches 'nice'"
    for words in ("'nice_check' ('is nice and friendly')", unknown, "SQL", "model="):
        assert_invalid(answer, where=where, words=words)
    assert "findall_id" not in answer.json()


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
    ],
)
@pytest.mark.parametrize("path", ["/runs", "/ingest", "/entity-search", "/runs/{}/extend"])
def test_a_body_that_is_not_declared_as_json_is_refused(
    caller: Caller, path: str, kind: str | None
) -> None:
    """A web page may send it to any address, without a preflight request."""
    if "{}" in path:
        path = path.format(caller.run())
    headers = {} if kind is None else {"content-type": kind}
    answer = caller.post(path, json.dumps(RUN).encode(), headers=headers)
    assert answer.status_code == 415
    assert "content-type: application/json" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON;charset=utf-8", "application/vnd.api+json ; q=1"],
)
def test_json_may_be_declared_in_any_form(caller: Caller, kind: str) -> None:
    """With parameters, in any case, and as a format based on JSON."""
    body = json.dumps(RUN).encode()
    assert caller.post("/runs", body, headers={"content-type": kind}).status_code == 200


# -- extending, enriching, cancelling ----------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "required field `additional_match_limit`"),
        ({"additional_match_limit": 0}, "at least 1; got 0"),
        ({"additional_match_limit": -3}, "at least 1; got -3"),
        ({"additional_match_limit": "5"}, "got `str`"),
        ({"additional_match_limit": True}, "got `bool`"),
    ],
)
def test_an_invalid_extension_is_refused(caller: Caller, wrong: dict[str, Any], words: str) -> None:
    """It has to be a positive integer."""
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
        ({"properties": {"by_3_check": {}}}, "already has by_3_check"),
        ({"properties": {"a": {"type": {}}}}, "body.output_schema.json_schema.properties.a.type"),
        ({"properties": {"a": {"enum": 5}}}, "Expected `array | null`, got `int`"),
        ({"properties": {"a": {"format": []}}}, "Expected `str | null`, got `array`"),
        ({"properties": {"a": {"description": 5}}}, "Expected `str | null`, got `int`"),
    ],
)
def test_an_invalid_enrichment_is_refused(caller: Caller, schema: Any, words: str) -> None:
    """It has to be the schema of an object with new fields."""
    body = {"output_schema": {"json_schema": schema}}
    answer = caller.post(f"/runs/{caller.run()}/enrich", body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": {}}])
def test_an_enrichment_without_fields_adds_nothing(caller: Caller, schema: Any) -> None:
    """It is answered with the existing schema."""
    findall_id = caller.run()
    before = caller.get(f"/runs/{findall_id}/schema").json()
    answer = caller.post(f"/runs/{findall_id}/enrich", {"output_schema": {"json_schema": schema}})
    assert (answer.status_code, answer.json()) == (200, before)


def test_a_deeply_nested_enrichment_is_refused(caller: Caller) -> None:
    """It could not be encoded again."""
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"items": deep}
    body = {"output_schema": {"json_schema": {"properties": {"a": deep}}}}
    answer = caller.post(f"/runs/{caller.run()}/enrich", body)
    assert_invalid(answer, where=["body", "output_schema", "json_schema"], words="64 levels")


def test_headers_of_tool_servers_are_dropped(tmp_path: Path) -> None:
    """They are in no answer, no event and no file."""
    server = {"url": "https://tools.example.com", "name": "t", "headers": {"auth": "s3cret"}}
    path = tmp_path / "runs.db"
    with Service(numbers(20), store=path) as running:
        caller = Caller(running)
        findall_id = caller.run()
        answer = caller.post(f"/runs/{findall_id}/enrich", {**ENRICHMENT, "mcp_servers": [server]})
        texts = [answer.text]
        texts += [caller.get(f"/runs/{findall_id}{end}").text for end in ("/schema", "/events")]
    assert answer.json()["enrichments"][0]["mcp_servers"][0]["headers"] is None
    assert all("tools.example.com" in text for text in texts)
    assert all("s3cret" not in text for text in texts)
    assert all(b"s3cret" not in file.read_bytes() for file in tmp_path.iterdir())


def test_cancelling_takes_no_body_and_returns_an_empty_object(
    asker: Caller, gate: threading.Event
) -> None:
    """It may be repeated until the run has ended, and is a conflict afterwards."""
    # Each of these has shown candidates, so its next step waits for the model and holds a worker.
    for busy in [asker.run(match_limit=20) for _ in range(4)]:
        at_work(asker, busy)
    findall_id = asker.run()
    for _ in range(2):
        headers = {"content-type": "application/json"}
        answer = asker.post(f"/runs/{findall_id}/cancel", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {})
        assert answer.headers["content-type"] == "application/json"
    assert asker.get(f"/runs/{findall_id}").json()["status"]["status"] == "cancelling"
    gate.set()
    assert asker.events(findall_id)[-1]["data"]["status"]["status"] == "cancelled"
    assert asker.post(f"/runs/{findall_id}/cancel").status_code == 409
    assert asker.post(f"/runs/{findall_id}/enrich", ENRICHMENT).status_code == 422
    assert asker.post(f"/runs/{findall_id}/extend", {"additional_match_limit": 1}).status_code == (
        422
    )


def test_cancelling_does_not_wait_for_the_model(asker: Caller, gate: threading.Event) -> None:
    """Candidates so far stay."""
    findall_id = asker.run()
    found = at_work(asker, findall_id)["candidates"]
    assert asker.post(f"/runs/{findall_id}/cancel").status_code == 200
    assert asker.events(findall_id)[-1]["data"]["status"]["status"] == "cancelled"
    assert asker.get(f"/runs/{findall_id}/result").json()["candidates"] == found
    assert not gate.is_set()
