"""Connections of clients that stop halfway, and more of them than the process can hold."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from findall_frames.embedded.server import connections
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import Caller
from tests.support.local_models import numbers

HEAD = (
    b"POST /v1beta/findall/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that waits half a second for a request."""
    monkeypatch.setattr(connections, "_REQUEST_SECONDS", 0.5)
    with Service(numbers(20)) as running:
        yield running


def _connected(service: Service) -> socket.socket:
    host, port = service.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def _trickle(client: socket.socket, piece: bytes) -> None:
    for _ in range(200):
        client.sendall(piece)
        time.sleep(0.1)


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"P",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\n",
        HEAD + b'Content-Length: 100\r\n\r\n{"objective": ',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["nothing", "method", "head", "no body", "part of a body", "part of a chunk"],
)
def test_a_request_that_is_sent_in_part_is_closed(hasty: Service, half: bytes) -> None:
    """After a time, whichever part is missing."""
    with _connected(hasty) as client:
        client.sendall(half)
        # An answer to a part, if any, says that it is one; then the connection ends.
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := client.recv(1000):
                answer += part
        assert not answer or answer.startswith(b"HTTP/1.1 400")
    assert Caller(hasty).post("/ingest", {"objective": "Find entities"}).status_code == 200


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"Content-Length: 1000\r\n\r\n", b" "),
        (b"X: ", b"a"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["body", "header", "chunks without end"],
)
def test_a_trickle_of_bytes_gains_no_time(hasty: Service, head: bytes, piece: bytes) -> None:
    """A few bytes at a time would hold a connection for hours."""
    with _connected(hasty) as client:
        client.sendall(HEAD + head)
        with pytest.raises(ConnectionError):
            _trickle(client, piece)


GET = b"GET /openapi.json HTTP/1.1\r\n"
NO_REQUESTS = {
    "bytes": bytes(range(256)),
    "no host": GET + b"\r\n",
    "two hosts": GET + b"Host: localhost\r\nHost: evil.example\r\n\r\n",
    "NUL in a path": b"GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "text in a path": "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    "long header": GET + b"X: " + b"a" * 100_000,
    "long path": b"GET /" + b"a" * 100_000,
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "negative length": HEAD + b"Content-Length: -5\r\n\r\n",
    "other coding": HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    "long chunk header": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 100_000,
}


@pytest.mark.parametrize("sent", NO_REQUESTS.values(), ids=list(NO_REQUESTS))
def test_what_is_no_request_is_refused(
    service: Service, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """With 400 in the form of the contract, and without a line in a notebook."""
    with _connected(service) as client:
        client.sendall(sent)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := client.recv(1000):
                answer += part
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "error"
    assert Caller(service).post("/ingest", {"objective": "Find entities"}).status_code == 200
    assert caplog.records == []


BODY = b'{"objective": "Find entities"}'
WHOLE = HEAD + b"Content-Length: %d\r\n" % len(BODY)
ODD_REQUESTS = {
    "thousands of headers": (GET + b"Host: localhost\r\n" + b"X: a\r\n" * 5_000 + b"\r\n", 1),
    "many at once": ((GET + b"Host: localhost\r\n\r\n") * 100, 100),
    "HTTP/1.0": (GET.replace(b"1.1", b"1.0") + b"\r\n", 1),
    "HTTP/1.0 with a body": (WHOLE.replace(b"1.1", b"1.0") + b"\r\n" + BODY, 1),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1e\r\n" + BODY + b"\r\n0\r\n\r\n", 1),
    "another expectation": (WHOLE + b"Expect: a banana\r\n\r\n" + BODY, 1),
    "another protocol": (GET + b"Host: localhost\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 1),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "count"), ODD_REQUESTS.values(), ids=list(ODD_REQUESTS))
def test_odd_requests_are_answered(
    service: Service, sent: bytes, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of them, whatever the library for HTTP leaves to us."""
    with _connected(service) as client:
        client.sendall(sent)
        answer = b""
        while answer.count(b"HTTP/1.1 200 OK") < count:
            part = client.recv(1 << 16)
            assert part, answer
            answer += part
    assert caplog.records == []


def test_a_body_may_be_announced(hasty: Service) -> None:
    """By `Expect: 100-continue`; one that does not follow ends the connection."""
    with _connected(hasty) as client:
        client.sendall(WHOLE + b"Expect: 100-continue\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
        client.sendall(BODY)
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    with _connected(hasty) as client:
        client.sendall(WHOLE + b"Expect: 100-continue\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
        assert client.recv(1000) == b""


def test_a_request_after_a_pause_is_answered(hasty: Service) -> None:
    """The time begins anew with each request; a stream may last longer."""
    request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with _connected(hasty) as client:
        for _ in range(3):
            client.sendall(request[:20])
            time.sleep(0.3)
            client.sendall(request[20:])
            answer = client.recv(1 << 20)
            assert answer.startswith(b"HTTP/1.1 200")
            client.setblocking(False)
            time.sleep(0.3)
            with contextlib.suppress(BlockingIOError):
                client.recv(1 << 20)
            client.settimeout(20)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_shortage_of_descriptors_is_answered_with_503() -> None:
    """With one line in the log; afterwards the service works as before."""
    program = """
import logging, resource, socket, time
import requests
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import Caller
from tests.support.local_models import numbers

logging.basicConfig(level=logging.WARNING)
with Service(numbers(20)) as service:
    caller = Caller(service)
    findall_id = caller.run()
    host, port = service.url.removeprefix("http://").split(":")
    # The sockets of the clients count as well, so they come first.
    clients = [socket.socket() for _ in range(100)]
    used = clients[-1].fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 60, used + 60))
    for client in clients:
        client.connect((host, int(port)))
    time.sleep(0.3)
    late = clients[-1]
    late.settimeout(20)
    late.sendall(b"GET /openapi.json HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    print(late.recv(1000).split(b"\\r\\n")[0].decode())
    for client in clients:
        client.close()
    time.sleep(2)
    print(caller.get(f"/runs/{findall_id}").status_code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["HTTP/1.1 503 Service Unavailable", "200"]
    assert len(done.stderr.splitlines()) == 1
    assert "running out of file descriptors" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory in use from /proc")
def test_a_stalled_stream_takes_little_memory() -> None:
    """At most 100 kB, however long it is and however many there are."""
    program = """
import socket, time
from findall_frames.api.models import NO_LIMIT
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import Caller, stalled
from tests.support.local_models import numbers

def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

with Service(numbers(9_000)) as service:
    caller = Caller(service)
    findall_id = caller.run(match_conditions=[], match_limit=NO_LIMIT)
    caller.events(findall_id)
    before = memory()
    clients = [stalled(f"{caller.url}/runs/{findall_id}/events") for _ in range(300)]
    caller.events(findall_id)
    time.sleep(3)
    print((memory() - before) // 300)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) < 100_000
