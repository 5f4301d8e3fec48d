"""Plain requests to an embedded service, for tests that look at the answers."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import requests

from findall_frames.embedded.server.service import Service

__all__ = ["ENRICHMENT", "RUN", "Caller", "assert_invalid", "at_work", "frames", "stalled"]

RUN = {
    "objective": "Find entities",
    "entity_type": "entities",
    "match_conditions": [{"name": "by_3_check", "description": "place % 3 = 0"}],
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
    """Sends requests to a service; its runs have one condition by default."""

    def __init__(self, service: Service, *, condition: str = "place % 3 = 0") -> None:
        self.url = f"{service.url}/v1beta/findall"
        self._body = {
            **RUN,
            "match_conditions": [{"name": "by_3_check", "description": condition}],
        }

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Post JSON, or bytes unchanged, as JSON unless `headers` have another type."""
        key = "data" if isinstance(body, bytes) else "json"
        if isinstance(body, bytes):
            options.setdefault("headers", {"content-type": "application/json"})
        return requests.post(self.url + path, timeout=30, **{key: body}, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET request."""
        return requests.get(self.url + path, timeout=30, **options)

    def run(self, **changes: Any) -> str:
        """Start a run and return its id."""
        answer = self.post("/runs", {**self._body, **changes})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["findall_id"])

    def events(self, findall_id: str, **options: Any) -> list[Any]:
        """Return the events of a stream, read to its end."""
        answer = self.get(f"/runs/{findall_id}/events", **options)
        assert answer.status_code == 200, answer.text
        return [json.loads(frame.split("data: ")[1]) for frame in frames(answer.content)]


def frames(body: bytes) -> list[str]:
    """Split a stream into frames, and check that each has two lines."""
    whole = body.decode()
    assert whole == "" or whole.endswith("\n\n")
    parts = whole.split("\n\n")[:-1]
    for part in parts:
        event, data = part.split("\n")
        assert event.startswith("event: ")
        assert data.startswith('data: {"type":"' + event.removeprefix("event: ") + '"')
    return parts


def stalled(url: str) -> socket.socket:
    """Request a stream without reading it."""
    where = urlsplit(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((where.hostname, where.port))
    connection.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
    return connection


def at_work(caller: Caller, findall_id: str) -> Any:
    """Wait until a run has candidates, and return its result so far."""
    deadline = time.monotonic() + 30
    while True:
        snapshot = caller.get(f"/runs/{findall_id}/result").json()
        if snapshot["candidates"]:
            return snapshot
        assert time.monotonic() < deadline, snapshot


def assert_invalid(answer: requests.Response, *, where: list[Any], words: str) -> None:
    """Check that a 422 has both forms of the contract."""
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["type"] == "error"
    assert body["error"]["ref_id"]
    assert words in body["error"]["message"]
    (fault,) = body["detail"]
    assert fault["loc"] == where
    assert words in fault["msg"]
    assert fault["type"]
