"""The HTTP contract of FindAll: which request does what, and what each answer looks like."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import logging
import threading
import time
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from findall_frames.api.models import (
    Error,
    ErrorResponse,
    FindAllRun,
    FindAllRunInput,
    ValidationError,
)
from findall_frames.embedded.objectives.ingest import ingest
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.record import RunRecord, event_number
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server import bodies
from findall_frames.embedded.server.contract import OPERATIONS, openapi
from findall_frames.embedded.server.quotas import Quota
from findall_frames.embedded.server.streaming import Wakeups, event_frames
from findall_frames.embedded.server.webhooks import Hosts
from findall_frames.errors import APIError

if TYPE_CHECKING:
    from findall_frames.embedded.data.corpus import Corpus
    from findall_frames.embedded.language.lexicon import Lexicon

__all__ = ["application", "is_loopback"]

_log = logging.getLogger(__name__)

_MAX_BODY_BYTES: Final = 16 << 20
_MAX_STREAMS: Final = 1_000


def application(
    *,
    corpus: Corpus,
    lexicon: Lexicon,
    engine: Engine,
    store: Store,
    wakeups: Wakeups,
    heartbeat: float,
    api_key: str | None,
    hosts: Hosts,
    quota: Quota,
) -> Starlette:
    """Make the ASGI application of a service."""
    contract = _Contract(
        corpus=corpus,
        lexicon=lexicon,
        engine=engine,
        store=store,
        wakeups=wakeups,
        heartbeat=heartbeat,
        hosts=hosts,
        quota=quota,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        wakeups.attach(asyncio.get_running_loop())
        try:
            yield
        finally:
            wakeups.detach()

    app = Starlette(
        routes=[
            Route("/openapi.json", contract.openapi, methods=["GET"]),
            *(
                Route(one.path, getattr(contract, one.name), methods=[one.method.upper()])
                for one in OPERATIONS
            ),
        ],
        middleware=[Middleware(_Door, api_key=api_key)],
        exception_handlers={
            APIError: _refused,
            bodies.InvalidBody: _invalid,
            HTTPException: _not_served,
            Exception: _broken,
        },
        lifespan=lifespan,
    )
    # A path with a slash too many is an unknown path; a redirect would repeat a POST elsewhere.
    app.router.redirect_slashes = False
    return app


class _Contract:
    """The endpoints. What touches the store runs in a thread, so that the loop never waits."""

    def __init__(
        self,
        *,
        corpus: Corpus,
        lexicon: Lexicon,
        engine: Engine,
        store: Store,
        wakeups: Wakeups,
        heartbeat: float,
        hosts: Hosts,
        quota: Quota,
    ) -> None:
        self._corpus = corpus
        self._lexicon = lexicon
        self._engine = engine
        self._store = store
        self._wakeups = wakeups
        self._heartbeat = heartbeat
        self._hosts = hosts
        self._quota = quota
        self._creating = threading.Lock()

    async def openapi(self, request: Request) -> Response:
        """Give the contract."""
        return Response(openapi(), media_type="application/json")

    async def _run(self, request: Request) -> RunRecord:
        findall_id = _run_id(request)
        run = self._store.current(findall_id)
        if run is None:
            run = await asyncio.to_thread(self._store.run, findall_id)
        return run

    async def ingest(self, request: Request) -> Response:
        """Draft what an objective asks for."""
        asked = bodies.read_ingest(await _body(request))
        drafted = await asyncio.to_thread(
            ingest, asked.objective, self._corpus, lexicon=self._lexicon
        )
        return _json(drafted)

    async def create(self, request: Request) -> Response:
        """Start a run."""
        asked = bodies.read_run(await _body(request))
        self._hosts.check(asked.webhook)
        return _json(await asyncio.to_thread(self._create, asked))

    def _create(self, asked: FindAllRunInput) -> FindAllRun:
        # One at a time, so that two cannot take the last place of a quota.
        with self._creating:
            self._quota.demand_room(self._store)
            return self._engine.create(asked)

    async def entity_search(self, request: Request) -> Response:
        """Rank entities by the words of a question."""
        asked = bodies.read_entity_search(await _body(request))
        return _json(await asyncio.to_thread(self._engine.search_entities, asked))

    async def retrieve(self, request: Request) -> Response:
        """Say where a run stands."""
        return _json((await self._run(request)).as_run())

    async def result(self, request: Request) -> Response:
        """Give a run with its candidates."""
        body = await asyncio.to_thread(self._store.result, _run_id(request))
        return Response(body, media_type="application/json")

    async def schema(self, request: Request) -> Response:
        """Say what a run looks for."""
        return _json((await self._run(request)).as_schema())

    async def cancel(self, request: Request) -> Response:
        """Stop a run; whatever body comes along is not looked at."""
        await asyncio.to_thread(self._engine.cancel, _run_id(request))
        return Response(b"{}", media_type="application/json")

    async def extend(self, request: Request) -> Response:
        """Ask for more matches."""
        await self._run(request)
        more = bodies.read_extend(await _body(request)).additional_match_limit
        return _json(await asyncio.to_thread(self._engine.extend, _run_id(request), by=more))

    async def enrich(self, request: Request) -> Response:
        """Ask for more fields."""
        await self._run(request)
        asked = bodies.read_enrich(await _body(request))
        return _json(await asyncio.to_thread(self._engine.enrich, _run_id(request), asked))

    async def events(self, request: Request) -> Response:
        """Stream a run's events."""
        run = await self._run(request)
        timeout = bodies.read_timeout(request.query_params.get("timeout"))
        if len(self._wakeups) >= _MAX_STREAMS:
            raise HTTPException(
                429,
                f"{_MAX_STREAMS:,} streams are open already. Wait until some of them end, or poll "
                "the status.",
                headers={"Retry-After": "5"},
            )
        name = request.query_params.get("last_event_id", request.headers.get("last-event-id"))
        after = event_number(run.findall_id, name)
        frames = event_frames(
            self._store,
            self._wakeups,
            run=run,
            after=after if after <= run.last_event else 0,
            timeout=timeout,
            heartbeat=self._heartbeat,
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

    It logs each answer.

    A web page can make a browser resolve its own name to this machine. Its requests then carry
    that name, by which they are told apart.
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
                milliseconds = 1000 * (time.monotonic() - begun)
                _log.info(
                    "%s %s %d, %.0f ms", scope["method"], path, message["status"], milliseconds
                )
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


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is that of this machine, for itself only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _body(request: Request) -> bytes:
    # The server has read this header already, and refused what is no number.
    _demand_size(int(request.headers.get("content-length", 0)))
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            _demand_size(size)
            parts.append(part)
    except ClientDisconnect as exc:
        raise HTTPException(400, "The connection was closed before the body was whole.") from exc
    return b"".join(parts)


def _demand_size(size: int) -> None:
    if size > _MAX_BODY_BYTES:
        raise HTTPException(
            413, f"Expected a body of at most {_MAX_BODY_BYTES:,} bytes; this one is longer."
        )


def _run_id(request: Request) -> str:
    return str(request.path_params["findall_id"])


def _json(value: Any, *, status: int = 200, headers: Any = None) -> Response:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )


class _InvalidResponse(ErrorResponse, frozen=True, kw_only=True):
    """Both bodies that the contract has for a 422, in one."""

    detail: list[ValidationError]


def _error(status: int, message: str, *, headers: Any = None) -> Response:
    body = ErrorResponse(error=Error(ref_id=str(uuid.uuid4()), message=message))
    return _json(body, status=status, headers=headers)


async def _invalid(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, bodies.InvalidBody)
    return _unprocessable(str(exc), fault=exc.fault)


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, APIError)
    if exc.status_code == 422:
        fault = ValidationError(loc=["body"], msg=str(exc), type="value_error")
        return _unprocessable(str(exc), fault=fault)
    return _error(exc.status_code, str(exc))


def _unprocessable(message: str, *, fault: ValidationError) -> Response:
    body = _InvalidResponse(error=Error(ref_id=str(uuid.uuid4()), message=message), detail=[fault])
    return _json(body, status=422)


async def _not_served(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    message = exc.detail
    if exc.status_code == 404:
        message = f"Not found: this service has nothing at {request.url.path!r}."
    elif exc.status_code == 405:
        allowed = (exc.headers or {}).get("Allow", "")
        message = f"Method not allowed: expected {allowed}; got {request.method}."
    return _error(exc.status_code, message, headers=exc.headers)


async def _broken(request: Request, exc: Exception) -> Response:
    return _error(500, "The service has failed to answer this request; its log says why.")
