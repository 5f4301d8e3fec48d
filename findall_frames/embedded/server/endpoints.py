"""The HTTP contract of FindAll: which request does what, and what each answer looks like."""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from findall_frames.addresses import is_loopback
from findall_frames.api.models import (
    Error,
    ErrorResponse,
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllExtendInput,
    FindAllRun,
    FindAllRunInput,
    IngestInput,
    ValidationError,
)
from findall_frames.api.readings import Explained
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.record import RunRecord
from findall_frames.embedded.runs.run_events import event_number
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server import bodies
from findall_frames.embedded.server.contract import OPERATIONS, openapi
from findall_frames.embedded.server.quotas import Quota
from findall_frames.embedded.server.streaming import Wakeups, event_frames
from findall_frames.embedded.server.webhooks import Hosts
from findall_frames.errors import APIError, ConditionNotUnderstoodError, EvaluatorError

__all__ = ["Endpoints"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_MAX_BODY_BYTES: Final = 16 << 20
_MAX_STREAMS: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """A method for each of the `OPERATIONS`, and what they need.

    What touches the store runs in a thread, so that the loop never waits.
    """

    engine: Engine
    store: Store
    wakeups: Wakeups
    heartbeat: float
    hosts: Hosts
    quota: Quota
    _creating: threading.Lock = field(default_factory=threading.Lock)

    def application(self, *, api_key: str | None) -> Starlette:
        """Make the ASGI application of a service."""
        app = Starlette(
            routes=[
                Route("/openapi.json", self.openapi, methods=["GET"]),
                Route("/readings", self.readings, methods=["POST"]),
                *(
                    Route(one.path, getattr(self, one.name), methods=[one.method.upper()])
                    for one in OPERATIONS
                ),
            ],
            middleware=[Middleware(_Door, api_key=api_key)],
            exception_handlers={
                APIError: _refused,
                EvaluatorError: _refused,
                bodies.InvalidBody: _refused,
                HTTPException: _not_served,
                Exception: _broken,
            },
        )
        # A path with a slash too many is an unknown path; a redirect would repeat a POST elsewhere.
        app.router.redirect_slashes = False
        return app

    async def openapi(self, _: Request) -> Response:
        """Give the contract."""
        return Response(openapi(), media_type="application/json")

    async def _run(self, request: Request) -> RunRecord:
        findall_id = request.path_params["findall_id"]
        run = self.store.current(findall_id)
        if run is None:
            run = await asyncio.to_thread(self.store.run, findall_id)
        return run

    async def ingest(self, request: Request) -> Response:
        """Draft what an objective asks for."""
        asked = await _asked(request, IngestInput)
        return await _answer(self.engine.draft, asked.objective)

    async def readings(self, request: Request) -> Response:
        """Say what conditions are understood as, and how many rows meet each; runs nothing."""
        asked = await _asked(request, bodies.Conditions)
        return await _answer(self._explain, asked)

    def _explain(self, asked: bodies.Conditions) -> dict[str, list[Explained]]:
        explained = self.engine.explain(asked.match_conditions, entity_type=asked.entity_type)
        return {"readings": explained}

    async def create(self, request: Request) -> Response:
        """Start a run."""
        asked = await _asked(request, FindAllRunInput)
        self.hosts.check(asked.webhook)
        return await _answer(self._create, asked)

    def _create(self, asked: FindAllRunInput) -> FindAllRun:
        # One at a time, so that two cannot take the last place of a quota.
        with self._creating:
            self.quota.demand_room(self.store)
            return self.engine.create(asked)

    async def entity_search(self, request: Request) -> Response:
        """Rank entities by the words of a question."""
        asked = await _asked(request, FindAllEntitySearchInput)
        return await _answer(self.engine.search_entities, asked)

    async def retrieve(self, request: Request) -> Response:
        """Say where a run stands."""
        return _json((await self._run(request)).as_run())

    async def result(self, request: Request) -> Response:
        """Give a run with its candidates."""
        body = await asyncio.to_thread(self.store.result, request.path_params["findall_id"])
        return Response(body, media_type="application/json")

    async def schema(self, request: Request) -> Response:
        """Say what a run looks for."""
        return _json((await self._run(request)).as_schema())

    async def cancel(self, request: Request) -> Response:
        """Stop a run; whatever body comes along is not looked at."""
        await asyncio.to_thread(self.engine.cancel, request.path_params["findall_id"])
        return _json({})

    async def extend(self, request: Request) -> Response:
        """Ask for more matches."""
        run = await self._run(request)
        asked = await _asked(request, FindAllExtendInput)
        return await _answer(self.engine.extend, run.findall_id, by=asked.additional_match_limit)

    async def enrich(self, request: Request) -> Response:
        """Ask for more fields; secrets for tool servers are dropped."""
        run = await self._run(request)
        asked = await _asked(request, FindAllEnrichInput)
        if asked.mcp_servers is not None:
            bare = [msgspec.structs.replace(one, headers=None) for one in asked.mcp_servers]
            asked = msgspec.structs.replace(asked, mcp_servers=bare)
        return await _answer(self.engine.enrich, run.findall_id, asked)

    async def events(self, request: Request) -> Response:
        """Stream a run's events."""
        run = await self._run(request)
        timeout = bodies.read_timeout(request.query_params.get("timeout"))
        if len(self.wakeups) >= _MAX_STREAMS:
            raise HTTPException(
                429,
                f"{_MAX_STREAMS:,} streams are open already. Wait until some of them end, or poll "
                "the status.",
                headers={"Retry-After": "5"},
            )
        name = request.query_params.get("last_event_id", request.headers.get("last-event-id"))
        after = event_number(run.findall_id, name)
        frames = event_frames(
            self.store,
            self.wakeups,
            run=run,
            after=after if after <= run.last_event else 0,
            timeout=timeout,
            heartbeat=self.heartbeat,
        )
        return _EventStream(
            frames, media_type="text/event-stream", headers={"cache-control": "no-store"}
        )


class _EventStream(StreamingResponse):
    """A streaming response that closes its generator when the reader has gone."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            await self.body_iterator.aclose()  # type: ignore[attr-defined]


class _Door:
    """Lets in who has the key; where there is none, who asks for this machine by its name.

    A web page can make a browser resolve its own name to this machine. Its requests then carry
    that name, by which they are told apart. Each answer is logged.
    """

    def __init__(self, app: ASGIApp, *, api_key: str | None) -> None:
        self._app = app
        self._key = None if api_key is None else api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                # As it was sent, so that nothing in it can look like another line.
                path = scope["raw_path"].decode("ascii", "replace")
                took = 1000 * (time.monotonic() - begun)
                _log.info("%s %s %d, %.0f ms", scope["method"], path, message["status"], took)
            await send(message)

        answer = self._objection(dict(scope["headers"]))
        await (answer or self._app)(scope, receive, note)

    def _objection(self, headers: dict[bytes, bytes]) -> Response | None:
        if self._key is not None:
            given = headers.get(b"x-api-key", b"")
            if hmac.compare_digest(given, self._key):
                return None
            got = "a different one" if given else "none"
            return _error(
                401, f"Expected the service's API key in the header x-api-key; got {got}."
            )
        host = headers.get(b"host", b"localhost").decode("latin-1")
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            name = None
        if name is not None and is_loopback(name):
            return None
        return _error(
            403, f"Expected a request to this machine, by 127.0.0.1 or localhost; got {host!r}."
        )


async def _asked(request: Request, kind: type[_T]) -> _T:
    """Read the body as a model."""
    # The server has read this header already, and refused what is no number.
    _demand_size(int(request.headers.get("content-length", 0)))
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            _demand_size(len(body))
    except ClientDisconnect as exc:
        raise HTTPException(400, "The connection was closed before the body was whole.") from exc
    return bodies.read_body(bytes(body), kind)


def _demand_size(size: int) -> None:
    if size > _MAX_BODY_BYTES:
        raise HTTPException(
            413, f"Expected a body of at most {_MAX_BODY_BYTES:,} bytes; this one is longer."
        )


async def _answer(function: Callable[..., Any], *given: Any, **named: Any) -> Response:
    """Answer with what a function gives, called in a thread."""
    return _json(await asyncio.to_thread(function, *given, **named))


def _json(value: Any, *, status: int = 200, headers: Any = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, "application/json")


class _InvalidResponse(ErrorResponse, frozen=True, kw_only=True):
    """Both bodies that the contract has for a 422, in one."""

    detail: list[ValidationError]


def _error(status: int, message: str, *, headers: Any = None) -> Response:
    body = ErrorResponse(error=Error(ref_id=str(uuid.uuid4()), message=message))
    return _json(body, status=status, headers=headers)


async def _refused(_: Request, exc: Exception) -> Response:
    kind = "evaluator_error" if isinstance(exc, EvaluatorError) else "value_error"
    faults = [ValidationError(["body"], str(exc), kind)]
    if isinstance(exc, bodies.InvalidBody):
        faults = [exc.fault]
    elif isinstance(exc, ConditionNotUnderstoodError):
        faults = msgspec.convert(exc.detail, list[ValidationError])
    elif isinstance(exc, APIError) and exc.status_code != 422:
        return _error(exc.status_code, str(exc))
    error = Error(ref_id=str(uuid.uuid4()), message=str(exc))
    return _json(_InvalidResponse(error=error, detail=faults), status=422)


async def _not_served(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    message = exc.detail
    if exc.status_code == 404:
        message = f"Not found: this service has nothing at {request.url.path!r}."
    elif exc.status_code == 405:
        allowed = (exc.headers or {}).get("Allow", "")
        message = f"Method not allowed: expected {allowed}; got {request.method}."
    return _error(exc.status_code, message, headers=exc.headers)


async def _broken(_: Request, exc: Exception) -> Response:
    return _error(500, "The service has failed to answer this request; its log says why.")
