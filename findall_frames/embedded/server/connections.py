"""Connections to the embedded service: the time for a request, and a shortage of descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import time
from typing import Any, Final

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from findall_frames.embedded.server.refusals import error_response

__all__ = ["Connection", "handle_loop_error"]

_log = logging.getLogger(__name__)
# Any page and program can send what is no request, so that is not worth a warning.
_errors = logging.getLogger(f"{__name__}.errors")
_errors.setLevel(logging.ERROR)

_REQUEST_SECONDS: Final = 10.0
# A slow connection has more time for a long body, but a trickle of bytes gains none.
_BYTES_PER_SECOND: Final = 1 << 14
_WRITE_BUFFER: Final = 1 << 14
_SPARE: Final = 16
"""Descriptors that are kept for the files of the store and of the user's program."""
_REFUSED_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 60.0


class Connection(H11Protocol):
    """A connection that is closed unless the client sends its requests within a time.

    If the process is about to run out of file descriptors, its requests are answered with 503.
    """

    _deadline: asyncio.TimerHandle | None = None
    _is_refused = False
    _begun = 0.0
    _received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request."""
        super().connection_made(transport)
        self.logger = _errors
        transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        connection = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # Otherwise the system keeps up to 4 MB for a client that does not read.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _WRITE_BUFFER)
        if connection.fileno() >= _most_descriptors() - _SPARE:
            _log_shortage()
            self._is_refused = True
            self.app = _refuse
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Stop the time at the end of a request, and start it with the next one."""
        if self._deadline is None:
            self._begin()
        self._received += len(data)
        super().data_received(data)
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._end()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request in the form of the contract, and close the connection."""
        message = (
            "Expected a valid HTTP/1.1 request with at most 64 kB of headers; got another one."
        )
        answer = error_response(400, message, headers={"Connection": "close"})
        events = (
            h11.Response(status_code=400, headers=answer.raw_headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        )
        with contextlib.suppress(h11.LocalProtocolError):  # another answer is not complete yet
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        self._begun, self._received = self.loop.time(), 0
        self._deadline = self.loop.call_at(self._begun + self._allowed(), self._check)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _allowed(self) -> float:
        if self._is_refused:
            return _REFUSED_SECONDS
        return _REQUEST_SECONDS + self._received / _BYTES_PER_SECOND

    def _check(self) -> None:
        end = self._begun + self._allowed()
        if self.flow.read_paused:  # the service itself does not read on
            end = self.loop.time() + _REQUEST_SECONDS
        if end > self.loop.time():
            self._deadline = self.loop.call_at(end, self._check)
        else:
            self._deadline = None
            self.transport.close()


def handle_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error of the event loop; many failures to accept a connection in one line."""
    if "out of system resource" in context.get("message", ""):
        _log_shortage()
    else:
        loop.default_exception_handler(context)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    message = "The service has too many connections open. Try again later."
    headers = {"Retry-After": "1", "Connection": "close"}
    await error_response(503, message, headers=headers)(scope, receive, send)


def _most_descriptors() -> float:
    if sys.platform != "win32":
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != resource.RLIM_INFINITY:
            return most
    return float("inf")  # Windows numbers its sockets differently


_last_logged = -_LOG_SECONDS


def _log_shortage() -> None:
    global _last_logged
    now = time.monotonic()
    if now >= _last_logged + _LOG_SECONDS:
        _last_logged = now
        _log.warning(
            "The process is running out of file descriptors: new connections are refused with "
            "503. Close some, or raise the limit (ulimit -n)."
        )
