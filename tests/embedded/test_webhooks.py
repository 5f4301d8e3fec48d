"""Webhooks: contents, signatures, repetition, and the hosts they may be sent to."""

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
from standardwebhooks.webhooks import Webhook as Oracle

from findall_frames.embedded.runs.change import WEBHOOK_EVENT_TYPES
from findall_frames.embedded.server.service import Service
from findall_frames.embedded.server.webhooks import Hosts, new_secret
from findall_frames.errors import ServiceError
from tests.support.local_caller import RUN, Caller
from tests.support.local_models import numbers
from tests.support.until import until


class Receiver(ThreadingHTTPServer):
    """A web server that records webhooks and gives scripted answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    def bodies(self) -> list[Any]:
        """Return the decoded bodies so far."""
        return [json.loads(body) for _, body in self.got]

    def wait(self, arrived: Callable[[list[Any]], bool]) -> list[Any]:
        """Wait until the bodies meet a condition, and return them."""
        until(lambda: arrived(self.bodies()))
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
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running receiver."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def create(service: Service, url: str, *kinds: str, status: int = 200, **more: Any) -> Any:
    """Start a run with a webhook, and return the answer."""
    webhook = {"url": url, "event_types": list(kinds)}
    answer = Caller(service).post("/runs", {**RUN, **more, "webhook": webhook})
    assert answer.status_code == status, answer.text
    return answer.json()


def is_over(bodies: list[Any]) -> bool:
    """Return True if the end of a run was announced."""
    return any(body["type"].startswith("findall.run.") for body in bodies)


def test_each_requested_event_is_announced_once(receiver: Receiver) -> None:
    """With the candidate or the run, and without an event id."""
    with Service(numbers(12), webhook_hosts=["127.0.0.1"]) as service:
        kinds = ["findall.candidate.generated", "findall.candidate.matched"]
        run = create(service, receiver.url, *kinds, "findall.run.completed")
        bodies = receiver.wait(is_over)
        result = Caller(service).get(f"/runs/{run['findall_id']}/result").json()
    expected = []
    for item in result["candidates"]:
        generated = {**item, "match_status": "generated", "output": None, "basis": None}
        generated.pop("row")  # published with the verdict
        expected.append(("findall.candidate.generated", generated))
        if item["match_status"] == "matched":
            expected.append(("findall.candidate.matched", item))
    expected.append(("findall.run.completed", result["run"]))
    assert [(body["type"], body["data"]) for body in bodies] == expected
    assert len(expected) == 12 + 4 + 1
    assert all(list(body) == ["type", "timestamp", "data"] for body in bodies)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(bodies)


def test_signatures_follow_standard_webhooks(receiver: Receiver) -> None:
    """The reference library verifies them, and refuses another body."""
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
def test_an_invalid_secret_is_refused_and_not_shown(secret: str) -> None:
    """The message gives the expected format."""
    with pytest.raises(ServiceError, match="24 to 64 bytes") as caught:
        Service(numbers(9), webhook_secret=secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("status", [500, 404, 301])
def test_a_webhook_that_is_not_accepted_is_sent_again_under_the_same_id(
    receiver: Receiver, status: int
) -> None:
    """Redirects are not followed either."""
    receiver.answers = [status]
    with Service(numbers(9), webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(lambda bodies: len(bodies) == 2)
    (first, body), (second, again) = receiver.got
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) > int(first["webhook-timestamp"])
    assert body == again


def test_a_webhook_answered_with_410_is_not_sent_again(receiver: Receiver) -> None:
    """The next one is sent all the same."""
    receiver.answers = [410]
    with Service(numbers(9), webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(lambda bodies: len(bodies) == 2)
        time.sleep(1.2)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2


def test_the_queue_survives_the_service(receiver: Receiver, tmp_path: Path) -> None:
    """The next service on the same store sends what was not accepted."""
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


def test_a_clock_that_is_set_back_delays_no_webhook(receiver: Receiver, tmp_path: Path) -> None:
    """A webhook that is due in years is sent at once."""
    store = tmp_path / "runs.db"
    receiver.answers = [503]
    with Service(numbers(9), store=store, webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE deliveries SET due = due + 1e9")
    with Service(numbers(9), store=store, webhook_hosts=["127.0.0.1"]):
        receiver.wait(lambda bodies: len(bodies) == 2)


def test_an_unreachable_receiver_delays_nothing(receiver: Receiver) -> None:
    """Neither its own run nor the webhooks of other runs."""
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
def test_a_webhook_to_another_host_is_refused(url: str) -> None:
    """Before the run starts; the message names the option that allows a host."""
    assert not Hosts(["127.0.0.1"]).allow(url)
    with Service(numbers(9), webhook_hosts=["127.0.0.1"]) as service:
        refused = create(service, url, "findall.run.completed", status=422)
    assert "--allow-webhooks-to" in refused["error"]["message"]
    assert refused["detail"][0]["loc"] == ["body", "webhook", "url"]


def test_a_host_is_recognised_in_any_spelling() -> None:
    """Letter case, ports and brackets make no difference."""
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
def test_more_than_a_host_is_refused(given: str) -> None:
    """It would allow nothing, which would show only when a webhook is missing."""
    with pytest.raises(ServiceError, match=r"names or addresses alone, such as hooks\.example"):
        Service(numbers(9), webhook_hosts=[given])


def test_webhooks_to_a_host_that_is_no_longer_allowed_are_dropped(
    receiver: Receiver, tmp_path: Path
) -> None:
    """With what was queued for it."""
    store = tmp_path / "runs.db"
    receiver.answers = [503]
    with Service(numbers(9), store=store, webhook_hosts=["127.0.0.1"]) as service:
        create(service, receiver.url, "findall.run.completed")
        receiver.wait(is_over)
    with Service(numbers(9), store=store, webhook_hosts=["localhost"]):
        time.sleep(1.3)
    assert len(receiver.got) == 1
