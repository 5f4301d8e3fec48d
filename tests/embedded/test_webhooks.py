"""Webhooks reach whom they are for, signed, until they are accepted, and nobody else."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from standardwebhooks.webhooks import Webhook as Oracle

from findall_frames.embedded.runs.change import WEBHOOK_EVENT_TYPES
from findall_frames.embedded.server.service import Service
from findall_frames.embedded.server.webhooks import Hosts, new_secret
from findall_frames.errors import ServiceError
from tests.support.local_models import numbers

RUN = {
    "objective": "Find entities",
    "entity_type": "entities",
    "match_conditions": [{"name": "by_3_check", "description": "place % 3 = 0"}],
    "generator": "core",
    "match_limit": 5,
}


class Receiver(ThreadingHTTPServer):
    """Notes what is posted to it, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    def bodies(self) -> list[Any]:
        """What has come, decoded."""
        return [json.loads(body) for _, body in self.got]

    def wait(self, arrived: Callable[[list[Any]], bool]) -> list[Any]:
        """Wait until enough has come."""
        deadline = time.monotonic() + 20
        while not arrived(self.bodies()):
            assert time.monotonic() < deadline, self.bodies()
            time.sleep(0.01)
        return self.bodies()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.server.got.append((headers, body))
        self.send_response(status)
        if status in {301, 307}:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server that receives webhooks."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def create(service: Service, url: str, *kinds: str, status: int = 200, **more: Any) -> Any:
    """Start a run with a webhook."""
    webhook = {"url": url, "event_types": list(kinds)}
    answer = requests.post(
        f"{service.url}/v1beta/findall/runs", json={**RUN, **more, "webhook": webhook}, timeout=10
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def is_over(bodies: list[Any]) -> bool:
    """Say whether the end of the run has been announced."""
    return any(body["type"].startswith("findall.run.") for body in bodies)


def test_each_event_that_was_asked_for_is_announced_once(receiver: Receiver) -> None:
    """With the candidate or the run, in the form of the API, and without an event id."""
    with Service(numbers(12), webhook_hosts=["127.0.0.1"]) as service:
        kinds = ["findall.candidate.generated", "findall.candidate.matched"]
        run = create(service, receiver.url, *kinds, "findall.run.completed")
        bodies = receiver.wait(is_over)
        base = f"{service.url}/v1beta/findall/runs/{run['findall_id']}"
        result = requests.get(f"{base}/result", timeout=10).json()
    expected = []
    for item in result["candidates"]:
        generated = {**item, "match_status": "generated", "output": None, "basis": None}
        generated.pop("row")  # told with the verdict
        expected.append(("findall.candidate.generated", generated))
        if item["match_status"] == "matched":
            expected.append(("findall.candidate.matched", item))
    expected.append(("findall.run.completed", result["run"]))
    assert [(body["type"], body["data"]) for body in bodies] == expected
    assert len(expected) == 12 + 4 + 1
    assert all(list(body) == ["type", "timestamp", "data"] for body in bodies)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(bodies)


def test_signatures_are_those_of_standard_webhooks(receiver: Receiver) -> None:
    """A library of others verifies them with the secret, and refuses another body."""
    secret = new_secret()
    hosts = ["127.0.0.1"]
    with Service(numbers(9), webhook_hosts=hosts, webhook_secret=secret) as service:
        assert service.webhook_secret == secret
        assert secret not in repr(service)
        create(service, receiver.url, *WEBHOOK_EVENT_TYPES)
        receiver.wait(is_over)
    for headers, body in receiver.got:
        assert headers["content-type"] == "application/json"
        assert Oracle(secret).verify(body, headers) == json.loads(body)
        with pytest.raises(Exception, match="No matching signature"):
            Oracle(secret).verify(body + b" ", headers)


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_%%%", "k" * 200])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    """The error says what one looks like."""
    with pytest.raises(ServiceError, match="24 to 64 bytes") as caught:
        Service(numbers(9), webhook_secret=secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("status", [500, 404, 301])
def test_what_is_not_accepted_is_sent_again_under_the_same_id(
    receiver: Receiver, status: int
) -> None:
    """A redirect is not followed, since it could lead anywhere."""
    receiver.answers = [status]
    with Service(numbers(9), webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(lambda bodies: len(bodies) == 2)
    (first, body), (second, again) = receiver.got
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) > int(first["webhook-timestamp"])
    assert body == again


def test_whoever_is_gone_is_not_asked_again(receiver: Receiver) -> None:
    """410 ends it, and the next one is sent all the same."""
    receiver.answers = [410]
    with Service(numbers(9), webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(lambda bodies: len(bodies) == 2)
        time.sleep(1.2)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2


def test_the_queue_outlasts_the_service(receiver: Receiver, tmp_path: Path) -> None:
    """What nobody took is sent by the next service on the same store."""
    options: dict[str, Any] = {
        "store": tmp_path / "runs.db",
        "webhook_hosts": ["127.0.0.1"],
    }
    receiver.answers = [503] * 2
    with Service(numbers(9), **options) as service:
        run = create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
    assert len(receiver.got) == 1
    with Service(numbers(9), **options):
        receiver.wait(lambda bodies: len(bodies) == 2)
    assert [body["data"]["findall_id"] for body in receiver.bodies()] == [run["findall_id"]] * 2


def test_a_clock_that_is_set_back_keeps_no_webhook_waiting(
    receiver: Receiver, tmp_path: Path
) -> None:
    """What seems to be due years from now is sent at once."""
    store = tmp_path / "runs.db"
    receiver.answers = [503]
    with Service(numbers(9), store=store, webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE deliveries SET due = due + 1e9")
    with Service(numbers(9), store=store, webhook_hosts=["127.0.0.1"]):
        receiver.wait(lambda bodies: len(bodies) == 2)


def test_a_receiver_that_is_not_there_holds_up_nobody(receiver: Receiver) -> None:
    """Neither the run that asked for it nor the webhooks of others."""
    with Receiver() as closed:
        nobody = closed.url
    with Service(numbers(90), webhook_hosts=["127.0.0.1"]) as service:
        create(service, nobody, *WEBHOOK_EVENT_TYPES, match_limit=20)
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://evil.example/127.0.0.1",
        "http://evil.example\\@127.0.0.1/",
        "http://localhost/",
        "ftp://127.0.0.1/",
        "file:///etc/hosts",
        "127.0.0.1",
        "http://[::1",
        "",
    ],
)
def test_no_other_address_is_ever_sent_to(url: str) -> None:
    """The run is refused before it begins, with what to do."""
    assert not Hosts(["127.0.0.1"]).allow(url)
    with Service(numbers(9), webhook_hosts=["127.0.0.1"]) as service:
        refused = create(service, url, "findall.run.completed", status=422)
    assert "--allow-webhooks-to" in refused["error"]["message"]
    assert refused["detail"][0]["loc"] == ["body", "webhook", "url"]


def test_a_host_is_recognised_in_whatever_form_it_is_written() -> None:
    """Letter case, ports and brackets do not matter."""
    hosts = Hosts(["Hooks.Example.com", "::1", "münchen.example"])
    for url in (
        "https://hooks.example.COM:8443/a?b",
        "https://münchen.example/",
        "https://xn--mnchen-3ya.example/",
        "http://[::1]:80/",
        "HTTP://hooks.example.com",
    ):
        assert hosts.allow(url)
    assert not Hosts([])


@pytest.mark.parametrize(
    "given",
    ["", "a.example:80", "https://a.example", "a.example/x", "me@a.example", "a b", "*.a.example"],
)
def test_what_is_more_than_a_host_is_refused(given: str) -> None:
    """It would allow nothing, which nobody would notice before a webhook is missed."""
    with pytest.raises(ServiceError, match=r"names or addresses alone, such as hooks\.example"):
        Service(numbers(9), webhook_hosts=[given])


def test_a_host_that_is_no_longer_allowed_gets_nothing(receiver: Receiver, tmp_path: Path) -> None:
    """What was queued for it is dropped."""
    store = tmp_path / "runs.db"
    receiver.answers = [503]
    with Service(numbers(9), store=store, webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
    with Service(numbers(9), store=store, webhook_hosts=["localhost"]):
        time.sleep(1.3)
    assert len(receiver.got) == 1
