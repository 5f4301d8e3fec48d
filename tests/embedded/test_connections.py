"""Connections of clients that stop halfway, and more of them than the process can hold."""

from __future__ import annotations

import contextlib
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


def _trickle(client: socket.socket) -> None:
    for _ in range(200):
        client.sendall(b"x")
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


def test_a_trickle_of_bytes_gains_no_time(hasty: Service) -> None:
    """One byte at a time would hold a connection for hours."""
    with _connected(hasty) as client:
        client.sendall(HEAD)
        with pytest.raises(ConnectionError):
            _trickle(client)


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
