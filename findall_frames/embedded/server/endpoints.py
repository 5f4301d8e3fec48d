"""The endpoints of the FindAll API: one table, which is served and described from here."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllEntitySearchResponse,
    FindAllExtendInput,
    FindAllRun,
    FindAllRunInput,
    FindAllRunResult,
    FindAllSchema,
    IngestInput,
)
from findall_frames.api.readings import Explained
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.record import RunRecord
from findall_frames.embedded.runs.run_events import event_number
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server.admission import Door, Quota
from findall_frames.embedded.server.bodies import Conditions, read_request
from findall_frames.embedded.server.contract import STREAM, Operation, openapi
from findall_frames.embedded.server.refusals import (
    EXCEPTION_HANDLERS,
    InvalidInput,
    json_response,
)
from findall_frames.embedded.server.streaming import Wakeups, event_frames
from findall_frames.embedded.server.webhooks import Hosts

__all__ = ["OPERATIONS", "Endpoints"]

_MAX_STREAMS: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The handlers of the `OPERATIONS`.

    A handler gets the run of its path, the body of the request, and the request itself if it has
    query parameters. Calls that may wait for the store or a model run in a thread.
    """

    engine: Engine
    store: Store
    wakeups: Wakeups
    heartbeat: float
    hosts: Hosts
    quota: Quota
    _creating: threading.Lock = field(default_factory=threading.Lock)

    def application(self, *, api_key: str | None) -> Starlette:
        """Return the ASGI application of the service."""
        app = Starlette(
            routes=[
                Route("/openapi.json", self._openapi, methods=["GET"]),
                *map(self._route, (_READINGS, *OPERATIONS)),
            ],
            middleware=[Middleware(Door, api_key=api_key)],
            exception_handlers=EXCEPTION_HANDLERS,
        )
        # A redirect to the path without its last slash would repeat a POST.
        app.router.redirect_slashes = False
        return app

    def _route(self, operation: Operation) -> Route:
        async def respond(request: Request) -> Response:
            arguments: dict[str, Any] = {}
            if operation.is_about_run:
                arguments["run"] = await self._run(request.path_params["findall_id"])
            if operation.body is not None:
                arguments["body"] = await read_request(request, operation.body)
            if operation.query:
                arguments["request"] = request
            answer = await operation.handler(self, **arguments)
            return answer if isinstance(answer, Response) else json_response(answer)

        return Route(operation.path, respond, methods=[operation.method.upper()])

    async def _run(self, findall_id: str) -> RunRecord:
        run = self.store.current(findall_id)
        if run is None:
            run = await asyncio.to_thread(self.store.run, findall_id)
        return run

    async def _openapi(self, _: Request) -> Response:
        return Response(openapi(OPERATIONS), media_type="application/json")

    async def readings(self, body: Conditions) -> dict[str, list[Explained]]:
        """Explain conditions without running them; not part of the contract."""
        explained = await asyncio.to_thread(
            self.engine.explain, body.match_conditions, entity_type=body.entity_type
        )
        return {"readings": explained}

    async def ingest(self, body: IngestInput) -> FindAllSchema:
        """Draft the conditions of an objective."""
        return await asyncio.to_thread(self.engine.draft, body.objective)

    async def create(self, body: FindAllRunInput) -> FindAllRun:
        """Start a run."""
        self.hosts.check(body.webhook)
        return await asyncio.to_thread(self._create, body)

    def _create(self, body: FindAllRunInput) -> FindAllRun:
        self.quota.check(self.store)  # before a model is paid for reading the conditions
        return self.engine.create(body, turn=self._admitted())

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        """Hold the turn to create a run, so that two cannot both take the last one of a quota."""
        with self._creating:
            self.quota.check(self.store)
            yield

    async def retrieve(self, run: RunRecord) -> FindAllRun:
        """Return the status of a run."""
        return run.as_run()

    async def result(self, run: RunRecord) -> Response:
        """Return a run with its candidates."""
        body = await asyncio.to_thread(self.store.result, run.findall_id)
        return Response(body, media_type="application/json")

    async def events(self, run: RunRecord, request: Request) -> Response:
        """Stream the events of a run."""
        timeout = _timeout(request.query_params.get("timeout"))
        if len(self.wakeups) >= _MAX_STREAMS:
            raise HTTPException(
                429,
                f"{_MAX_STREAMS:,} streams are already open. Wait until some of them end, or poll "
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
        return _EventStream(frames, media_type=STREAM, headers={"cache-control": "no-store"})

    async def schema(self, run: RunRecord) -> FindAllSchema:
        """Return the search of a run."""
        return run.as_schema()

    async def enrich(self, run: RunRecord, body: FindAllEnrichInput) -> FindAllSchema:
        """Add fields to every match."""
        if body.mcp_servers is not None:
            # The headers hold secrets, which must not be stored.
            servers = [msgspec.structs.replace(one, headers=None) for one in body.mcp_servers]
            body = msgspec.structs.replace(body, mcp_servers=servers)
        return await asyncio.to_thread(self.engine.enrich, run.findall_id, body)

    async def extend(self, run: RunRecord, body: FindAllExtendInput) -> FindAllSchema:
        """Raise the match limit of a run."""
        return await asyncio.to_thread(
            self.engine.extend, run.findall_id, by=body.additional_match_limit
        )

    async def cancel(self, run: RunRecord) -> dict[str, object]:
        """Cancel a run."""
        await asyncio.to_thread(self.engine.cancel, run.findall_id)
        return {}

    async def entity_search(self, body: FindAllEntitySearchInput) -> FindAllEntitySearchResponse:
        """Rank entities by full text without judging them."""
        return await asyncio.to_thread(self.engine.search_entities, body)


_ROOT: Final = "/v1beta/findall"
_RUN: Final = f"{_ROOT}/runs/{{findall_id}}"

OPERATIONS: Final = (
    Operation(
        Endpoints.ingest,
        "post",
        f"{_ROOT}/ingest",
        body=IngestInput,
        answer=FindAllSchema,
        refuses=(422,),
    ),
    Operation(
        Endpoints.create,
        "post",
        f"{_ROOT}/runs",
        body=FindAllRunInput,
        answer=FindAllRun,
        refuses=(402, 422, 429),
    ),
    Operation(Endpoints.retrieve, "get", _RUN, answer=FindAllRun),
    Operation(Endpoints.result, "get", f"{_RUN}/result", answer=FindAllRunResult),
    Operation(
        Endpoints.events,
        "get",
        f"{_RUN}/events",
        query={
            "last_event_id": {"type": "string"},
            "timeout": {"type": "number", "minimum": 0},
        },
        answer=STREAM,
        refuses=(404, 422, 429),
    ),
    Operation(Endpoints.schema, "get", f"{_RUN}/schema", answer=FindAllSchema),
    Operation(
        Endpoints.enrich, "post", f"{_RUN}/enrich", body=FindAllEnrichInput, answer=FindAllSchema
    ),
    Operation(
        Endpoints.extend, "post", f"{_RUN}/extend", body=FindAllExtendInput, answer=FindAllSchema
    ),
    Operation(Endpoints.cancel, "post", f"{_RUN}/cancel", answer=None, refuses=(404, 409, 422)),
    Operation(
        Endpoints.entity_search,
        "post",
        f"{_ROOT}/entity-search",
        body=FindAllEntitySearchInput,
        answer=FindAllEntitySearchResponse,
        refuses=(422,),
    ),
)
"""The contract: what is listed here is served, and described in ``/openapi.json``."""

_READINGS: Final = Operation(
    Endpoints.readings, "post", "/readings", body=Conditions, answer=None, refuses=(422,)
)


def _timeout(text: str | None) -> float | None:
    """Parse the seconds after which a stream ends; None for no limit."""
    if text is None:
        return None
    with suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds < math.inf:
            return seconds
    raise InvalidInput(
        f"Expected timeout to be a number of seconds, 0 or more; got {text!r}.",
        loc=["query", "timeout"],
    )


class _EventStream(StreamingResponse):
    """A streaming response that closes its generator when the client disconnects."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            await self.body_iterator.aclose()  # type: ignore[attr-defined]
