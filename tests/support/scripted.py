"""An HTTP server that does what a test tells it to, also what no healthy service ever does."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

RUN_ID = "findall_0123456789abcdef0123456789abcdef"
ROOT = "/v1beta/findall"
KEY = "s3cr3t-k3y"
"""The key of the client in most tests, which must not be found anywhere."""


Framing: TypeAlias = Literal["length", "chunked", "close"]
Then: TypeAlias = Literal["keep", "close", "reset", "hang"]


@dataclass(frozen=True)
class Reply:
    """What the server answers to one request.

    `pieces` are written one by one, a number among them is a pause in seconds. `framing` says
    how the end of the body is marked, and `then` what happens to the connection afterwards.
    """

    status: int = 200
    pieces: tuple[bytes | float, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Framing = "length"
    then: Then = "keep"


Script: TypeAlias = "Reply | Callable[[Request], Reply]"
"""A reply, or what makes one when the request has come."""


def answer(body: object = None, *, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, (content,), {"content-type": "application/json", **names})


def stream(
    *pieces: bytes | float,
    framing: Framing = "chunked",
    then: Then = "keep",
) -> Reply:
    """Answer with an event stream, piece by piece."""
    return Reply(200, pieces, {"content-type": "text/event-stream"}, framing, then)


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class ScriptedServer:
    """Answers each route with its replies in turn; the last one is repeated."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[tuple[str, str], list[Script]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                owner._handle(self)

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def on(self, method: str, path: str, *replies: Script) -> None:
        """Set the replies of a route below the root of the API."""
        with self._lock:
            self._scripts[method, ROOT + path] = list(replies)

    def sent(self, method: str, path: str) -> list[Request]:
        """List the requests that came for a route."""
        with self._lock:
            return [r for r in self.requests if (r.method, r.path) == (method, ROOT + path)]

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        length = int(handler.headers.get("content-length") or 0)
        request = Request(
            handler.command,
            address.path,
            address.query,
            {name.lower(): value for name, value in handler.headers.items()},
            handler.rfile.read(length),
        )
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get((request.method, request.path), [])
            reply: Script = (
                script[0] if script else answer({"unscripted": request.path}, status=418)
            )
            if len(script) > 1:
                script.pop(0)
        if callable(reply):
            reply = reply(request)
        with contextlib.suppress(OSError):
            self._write(handler, reply)

    def _write(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        out = handler.wfile
        length = sum(len(piece) for piece in reply.pieces if isinstance(piece, bytes))
        lines = [f"HTTP/1.1 {reply.status} {responses.get(reply.status, 'Odd')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if reply.framing == "chunked":
            lines.append("transfer-encoding: chunked")
        elif reply.framing == "length" and "content-length" not in reply.headers:
            lines.append(f"content-length: {length}")
        else:
            handler.close_connection = True
        if reply.status:
            out.write("\r\n".join([*lines, "", ""]).encode())
        for piece in reply.pieces:
            if isinstance(piece, (int, float)):
                self._stop.wait(piece)
            elif reply.framing == "chunked" and piece:
                out.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            else:
                out.write(piece)
        if reply.then == "keep":
            if reply.framing == "chunked":
                out.write(b"0\r\n\r\n")
            return
        if reply.then == "hang":
            self._stop.wait()
        if reply.then == "reset":
            # Without lingering, closing sends RST instead of FIN.
            handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            time.sleep(0.02)  # what was written must be on its way before it is thrown away
            handler.connection.close()
        handler.close_connection = True


# -- what a healthy service says -------------------------------------------------------------


def run_object(status: str = "running", *, matched: int = 0, generated: int = 0) -> dict[str, Any]:
    """A run as the API tells it."""
    is_over = status in ("completed", "failed", "cancelled")
    reasons = {"completed": "match_limit_met", "failed": "error_occurred"}
    return {
        "findall_id": RUN_ID,
        "status": {
            "status": status,
            "is_active": not is_over,
            "metrics": {
                "generated_candidates_count": generated,
                "matched_candidates_count": matched,
            },
            "termination_reason": reasons.get(status, "user_cancelled") if is_over else None,
        },
        "generator": "core",
        "metadata": {},
        "created_at": "2026-01-02T03:04:05.000006Z",
        "modified_at": "2026-01-02T03:04:06.000007Z",
    }


def candidate(number: int, match_status: str = "matched") -> dict[str, Any]:
    """A candidate with one condition."""
    is_matched = match_status == "matched"
    return {
        "candidate_id": f"candidate_{number}",
        "name": f"Tile maker {number}",
        "url": f"https://tiles{number}.example/",
        "description": None,
        "match_status": match_status,
        "output": {
            "makes_tiles": {
                "value": "yes" if is_matched else "no",
                "type": "match_condition",
                "is_matched": is_matched,
            }
        },
        "basis": [
            {
                "field": "makes_tiles",
                "citations": [{"url": f"https://tiles{number}.example/", "title": None}],
                "reasoning": "It says so.",
                "confidence": "high",
            }
        ],
    }


SCHEMA = {
    "objective": "Find tile makers",
    "entity_type": "companies",
    "match_conditions": [{"name": "makes_tiles", "description": "Company must make tiles"}],
    "generator": "core",
    "match_limit": 5,
}


def event(kind: str, number: int, data: object) -> bytes:
    """One event as it goes over the wire."""
    content = {
        "type": kind,
        "timestamp": "2026-01-02T03:04:05.000006Z",
        "event_id": f"event_{number}",
        "data": data,
    }
    return f"event: {kind}\ndata: {json.dumps(content)}\n\n".encode()


def story(matches: int = 3) -> list[bytes]:
    """The events of a run that finds some matches and completes."""
    numbers = range(1, matches + 1)
    found = [event("findall.candidate.matched", n, candidate(n)) for n in numbers]
    done = run_object("completed", matched=matches, generated=matches)
    return [
        event("findall.status", 0, run_object()),
        *found,
        event("findall.status", matches + 1, done),
    ]


def result(matches: int = 3, *, status: str = "completed") -> dict[str, Any]:
    """The result of that run."""
    return {
        "run": run_object(status, matched=matches, generated=matches),
        "candidates": [candidate(number) for number in range(1, matches + 1)],
        "last_event_id": f"event_{matches + 1}",
    }


def healthy(server: ScriptedServer, *, matches: int = 3) -> None:
    """Script a run from ingest to result without a fault."""
    at = f"/runs/{RUN_ID}"
    server.on("POST", "/ingest", answer(SCHEMA))
    server.on("POST", "/runs", answer(run_object("queued")))
    server.on("GET", at, answer(run_object("completed", matched=matches, generated=matches)))
    server.on("GET", f"{at}/events", stream(*story(matches)))
    server.on("GET", f"{at}/result", answer(result(matches)))
    server.on("GET", f"{at}/schema", answer(SCHEMA))
