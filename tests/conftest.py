"""What every test gets: no network but loopback, no state of the machine, no key."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

import pytest

_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


class NetworkBlockedError(OSError):
    """A test tried to leave the machine."""


def _demand_loopback(address: Any) -> None:
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
    _demand_loopback(address)
    _real_connect(self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    _demand_loopback(address)
    return _real_connect_ex(self, address)


def pytest_configure() -> None:
    """Block before anything is collected, so that imports are covered as well."""
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> None:
    """Neither the key, the address nor the state of the person who runs the tests matters."""
    for name in ("PARALLEL_API_KEY", "PARALLEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FINDALL_FRAMES_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("TZ", "UTC")
