"""Requests that no client of ours would send: each is answered in the form of the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from findall_frames.embedded.server.contract import Operation
from findall_frames.embedded.server.endpoints import OPERATIONS
from findall_frames.embedded.server.service import Service
from findall_frames.embedded.server.webhooks import Hosts
from tests.support.local_caller import ENRICHMENT, RUN, Caller

WHOLE: dict[str, Any] = {**RUN, "additional_match_limit": 1, **ENRICHMENT}


def _with(**changes: Any) -> bytes:
    return json.dumps({**WHOLE, **changes}).encode()


def _properties(properties: Any) -> bytes:
    return _with(output_schema={"json_schema": {"properties": properties}})


# Whether one is accepted depends on the operation.
BODIES = {
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "number": b"1",
    "text": b'"x"',
    "NUL": b"\0",
    "NUL in texts": _with(
        objective="a\0", match_conditions=[{"name": "\0", "description": "place > 1\0"}]
    ),
    "NUL in a property": _properties({"\0": {"description": "\0"}}),
    "half a surrogate": b'{"objective": "\\ud800"}',
    "half a surrogate as a key": b'{"\\udfff": 1}',
    "duplicate keys": b'{"objective": "a", "objective": 5}',
    "deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "huge number": b'{"match_limit": ' + b"9" * 4_000 + b"}",
    "infinite": b'{"match_limit": 1e400, "additional_match_limit": 1e400}',
    "negative": _with(match_limit=-1, additional_match_limit=-1),
    "beyond 64 bits": _with(match_limit=2**70, additional_match_limit=2**70),
    "UTF-16": "{}".encode("utf-16"),
    "latin-1": b'{"objective": "\xe9"}',
    "many conditions": _with(match_conditions=[{"name": "a", "description": "b"}] * 2_000),
    "empty names": _with(match_conditions=[{"name": "", "description": ""}], entity_type=""),
    "long name": _with(match_conditions=[{"name": "n" * 100_000, "description": "place > 1"}]),
    "list for text": _with(objective=["a"], entity_type={}, generator=[]),
    "nested metadata": _with(metadata={"a": {"b": 1}}),
    "unknown fields": _with(other=[1] * 1_000),
    "many properties": _properties({f"p{n}": {} for n in range(2_000)}),
    "deep property": _properties({"a": {"enum": [[[[[]]]]] * 100}}),
}
IDS = (
    "..", "%2e%2e", "%00", "%ff", "a b", "'", "😀", "{}%20", "{}/", "-1", "findall_", "%25",
    "x" * 9_000,
)  # fmt: skip


def _check(answer: requests.Response) -> None:
    """Check that an answer is a success, or a refusal in the form of the contract."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        body = answer.json()
        assert body["type"] == "error"
        assert body["error"]["ref_id"]
        assert body["error"]["message"]


@pytest.fixture
def ended(caller: Caller) -> str:
    """A run that has ended."""
    findall_id = caller.run()
    caller.events(findall_id)
    return findall_id


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.body], ids=lambda each: each.name
)
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_odd_bodies_never_fail(
    service: Service, caller: Caller, ended: str, operation: Operation, body: bytes
) -> None:
    """The next request is answered as well."""
    headers = {"content-type": "application/json"}
    url = service.url + operation.path.format(findall_id=ended)
    _check(requests.post(url, data=body, headers=headers, timeout=30))
    assert caller.get(f"/runs/{ended}").status_code == 200


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.is_about_run], ids=lambda each: each.name
)
def test_odd_ids_are_not_found(service: Service, ended: str, operation: Operation) -> None:
    """Or the path is not, if they change it."""
    for name in IDS:
        url = service.url + operation.path.format(findall_id=name.format(ended))
        answer = requests.request(operation.method, url, json=WHOLE, timeout=30)
        _check(answer)
        assert answer.status_code in {404, 405}, (name, answer.text)


@pytest.mark.parametrize(
    "query",
    ["timeout=1e309", "timeout=-1", "timeout=%00", "timeout=0&last_event_id=%00",
     "timeout=0&last_event_id=" + "f" * 9_000, "timeout=0&timeout=x", "timeout=0&&=&%ff=%ff"],
)  # fmt: skip
def test_odd_queries_never_fail(caller: Caller, ended: str, query: str) -> None:
    """Of a stream, which alone has any."""
    _check(caller.get(f"/runs/{ended}/events?{query}"))


PRIVATE = (
    "http://127.0.0.1/", "http://127.0.0.1:22/", "http://localhost/", "http://LOCALHOST./",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:0:0:1]/", "http://0/",
    "http://0.0.0.0/", "http://[::]/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0177.0.0.1/", "http://127.0.0.1.nip.io/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1%25eth0]/",
    "http://[fd00::1]/", "http://metadata.google.internal/", "http://100.100.100.200/",
    "http://hooks.example.com@127.0.0.1/", "http://127.0.0.1#@hooks.example.com/",
    "http://127.0.0.1/hooks.example.com", "http://hooks.example.com.evil.example/",
    "http://evil.example?hooks.example.com", "http://evil.example\\@hooks.example.com/",
    "http://hooks.example.com%00.evil.example/", "http://hooks.example.com%2eevil.example/",
    "http://ｅvil.example/", "http://xn--hooks-xya.example.com/", "http://hооks.example.com/",
    "https:hooks.example.com", "//hooks.example.com/", "hooks.example.com",
    "ftp://hooks.example.com/", "file:///etc/hosts", "gopher://hooks.example.com/",
    "javascript:alert(1)", "http://", "http:///hooks.example.com", "http://[hooks.example.com]/",
)  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_a_webhook_goes_to_named_hosts_only(caller: Caller, url: str) -> None:
    """Nowhere by default; with one host named, not to this machine or network either."""
    assert not Hosts(["hooks.example.com"]).allow(url)
    webhook = {"url": url, "event_types": ["findall.run.completed"]}
    answer = caller.post("/runs", {**RUN, "webhook": webhook})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "webhook", "url"]
