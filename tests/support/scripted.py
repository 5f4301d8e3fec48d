"""An HTTP server with scripted replies, including replies that no healthy service sends."""

from __future__ import annotations

import contextlib
import json
import posixpath
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

import findall_frames as ff

RUN_ID = "findall_0123456789abcdef0123456789abcdef"
ROOT = "/v1beta/findall"
AT = f"/runs/{RUN_ID}"
KEY = "s3cr3t-k3y"
"""The key of the client in most tests, which must not turn up anywhere."""
CONDITIONS = {"makes_tiles": "Company must make tiles"}

Framing: TypeAlias = Literal["length", "chunked", "close"]
Then: TypeAlias = Literal["keep", "close", "reset", "hang"]


@dataclass(frozen=True)
class Reply:
    """The reply to one request.

    `pieces` are written one by one; a number among them is a pause in seconds. `framing` is how
    the end of the body is marked, and `then` what happens to the connection afterwards.
    """

    status: int = 200
    pieces: tuple[bytes | float, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Framing = "length"
    then: Then = "keep"


Script: TypeAlias = "Reply | Callable[[Request], Reply]"
"""A reply, or a function that makes one from the request."""


def answer(body: object = None, *, status: int = 200, **headers: str) -> Reply:
    """Make a reply with JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, (content,), {"content-type": "application/json", **names})


def stream(
    *pieces: bytes | float,
    framing: Framing = "chunked",
    then: Then = "keep",
) -> Reply:
    """Make a reply with an event stream, sent piece by piece."""
    return Reply(200, pieces, {"content-type": "text/event-stream"}, framing, then)


@dataclass(frozen=True)
class Request:
    """A request that a client sent."""

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
    """Sends the replies of each route in turn and repeats the last one; `otherwise` elsewhere."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.otherwise: Script = lambda request: answer({"unscripted": request.path}, status=418)
        self._scripts: dict[tuple[str, str], list[Script]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else each answer on a connection in use waits 40 ms for the client's acknowledgement.
            disable_nagle_algorithm = True

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
        """The address of the server."""
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
            self._scripts[method, posixpath.normpath(ROOT + path)] = list(replies)

    def sent(self, method: str, path: str) -> list[Request]:
        """Return the requests received for a route."""
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
            reply = script[0] if script else self.otherwise
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
            time.sleep(0.02)  # RST discards what is still in the send buffer
            handler.connection.close()
        handler.close_connection = True


# -- what a healthy service sends ------------------------------------------------------------


def run_object(status: str = "running", *, matched: int = 0, generated: int = 0) -> dict[str, Any]:
    """Return a run as the API sends it."""
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
    """Return a candidate with one condition."""
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
    "match_conditions": [{"name": name, "description": text} for name, text in CONDITIONS.items()],
    "generator": "core",
    "match_limit": 5,
}


def event(kind: str, number: int, data: object) -> bytes:
    """Return the bytes of one event."""
    content = {
        "type": kind,
        "timestamp": "2026-01-02T03:04:05.000006Z",
        "event_id": f"event_{number}",
        "data": data,
    }
    return f"event: {kind}\ndata: {json.dumps(content)}\n\n".encode()


def story(matches: int = 3) -> list[bytes]:
    """Return the events of a run that finds some matches and completes."""
    numbers = range(1, matches + 1)
    found = [event("findall.candidate.matched", n, candidate(n)) for n in numbers]
    done = run_object("completed", matched=matches, generated=matches)
    return [
        event("findall.status", 0, run_object()),
        *found,
        event("findall.status", matches + 1, done),
    ]


def result(matches: int = 3, *, status: str = "completed") -> dict[str, Any]:
    """Return the result of that run."""
    return {
        "run": run_object(status, matched=matches, generated=matches),
        "candidates": [candidate(number) for number in range(1, matches + 1)],
        "last_event_id": f"event_{matches + 1}",
    }


def healthy(server: ScriptedServer, *, matches: int = 3) -> None:
    """Script a run from ingest to result without a fault."""
    server.on("POST", "/ingest", answer(SCHEMA))
    server.on("POST", "/runs", answer(run_object("queued")))
    server.on("GET", AT, answer(run_object("completed", matched=matches, generated=matches)))
    server.on("GET", f"{AT}/events", stream(*story(matches)))
    server.on("GET", f"{AT}/result", answer(result(matches)))
    server.on("GET", f"{AT}/schema", answer(SCHEMA))


RUNNING = answer(run_object("running"))
DONE = answer(run_object("completed", matched=3, generated=3))
EXTENDED = answer(
    run_object("completed", matched=4, generated=4) | {"modified_at": "2026-01-02T03:09:00.000000Z"}
)
"""The status of the run once it is over for the second time, after an extension."""


def ends_as(server: ScriptedServer, status: str, *, reason: str) -> None:
    """Script a run that ends with this status and termination reason, and three matches."""
    ended = run_object(status, matched=3, generated=3)
    ended["status"]["termination_reason"] = reason
    server.on("GET", AT, answer(ended))
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, ended)))
    server.on("GET", f"{AT}/result", answer(result() | {"run": ended}))


def find(client: ff.Client, **options: Any) -> ff.FindAllFrames:
    """Run the search that a scripted server answers."""
    return ff.find_all(
        "Find tile makers",
        **{
            "entity_type": "companies",
            "match_conditions": CONDITIONS,
            "match_limit": 5,
            "client": client,
            "progress": False,
            "timeout": 20,
            **options,
        },
    )
