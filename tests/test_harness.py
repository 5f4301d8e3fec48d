"""The test suite itself keeps its promises."""

from __future__ import annotations

import socket

import pytest
import requests


def test_a_socket_to_another_machine_is_blocked() -> None:
    """Nothing may be sent to the network, by address or by name."""
    with socket.socket() as sock, pytest.raises(OSError, match="loopback only"):
        sock.connect(("192.0.2.1", 80))
    with pytest.raises(requests.ConnectionError, match="loopback only"):
        requests.get("http://192.0.2.1/", timeout=1)


def test_a_socket_to_this_machine_works() -> None:
    """Loopback stays open, as the embedded service needs it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
