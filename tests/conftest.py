"""Fixtures for all tests, which run without network, API key or the user's ledger."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import Caller
from tests.support.local_models import EveryNth, numbers
from tests.support.run_farm import RunFarm
from tests.support.scripted import KEY, ScriptedServer, healthy
from tests.support.short_clock import SHORT_CLOCK

# A busy machine may take long for one generated example.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

_home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


class NetworkBlockedError(OSError):
    """A test tried to connect to another machine."""


def _check_loopback(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a Unix socket stays on the machine
    host = str(address[0])
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        raise NetworkBlockedError(f"tests may connect to loopback only, not to {host}")


def _connect(self: socket.socket, address: Any) -> None:
    _check_loopback(address)
    _real_connect(self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    _check_loopback(address)
    return _real_connect_ex(self, address)


class _LedgersOfExamples:
    """Starts each doctest with an empty ledger; fixtures of this folder don't apply to them."""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if isinstance(item, pytest.DoctestItem):
            os.environ["FINDALL_FRAMES_HOME"] = tempfile.mkdtemp(dir=_home.name)


def pytest_configure(config: pytest.Config) -> None:
    """Block the network before collection, which imports the test modules."""
    config.pluginmanager.register(_LedgersOfExamples())
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    os.environ["FINDALL_FRAMES_HOME"] = _home.name
    for name in (
        "PARALLEL_API_KEY",
        "PARALLEL_BASE_URL",
        "FINDALL_FRAMES_LEDGER",
        "FINDALL_FRAMES_MODEL",
        "OPENAI_API_KEY",
    ):
        os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def _empty_ledger(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Start each test with an empty ledger."""
    monkeypatch.setenv("FINDALL_FRAMES_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Serve a healthy run; tests replace its replies."""
    with ScriptedServer() as scripted:
        healthy(scripted)
        yield scripted


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[ff.Client]:
    """Return a client of `server`."""
    with ff.Client(api_key=KEY, base_url=server.url) as scripted:
        yield scripted


@pytest.fixture
def farm(server: ScriptedServer) -> RunFarm:
    """Serve any number of runs."""
    return RunFarm(server)


@pytest.fixture
def short_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let many searches wait for hundredths of seconds where it would be seconds."""
    for module, name, value in SHORT_CLOCK:
        monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Share a service among tests that do not change it."""
    with Service(numbers(100)) as running:
        yield running


@pytest.fixture(scope="module")
def caller(service: Service) -> Caller:
    """Return a caller of `service`."""
    return Caller(service)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Block the model of `slow` until this event is set."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def slow(gate: threading.Event) -> Iterator[Service]:
    """Run a service with frequent heartbeats and a model that waits for `gate` after eight rows."""
    model = open_model(EveryNth(gate=gate, free=8))
    running = Service(numbers(100), model=model, heartbeat=0.05).start()
    yield running
    gate.set()
    running.stop()


@pytest.fixture
def asker(slow: Service) -> Caller:
    """Return a caller of `slow` whose runs ask for "every 3rd"."""
    return Caller(slow, condition="every 3rd")


def pytest_unconfigure() -> None:
    """Remove the temporary folder."""
    _home.cleanup()
