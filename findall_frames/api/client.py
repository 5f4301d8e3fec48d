"""The FindAll API: one method per endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Self, TypeVar
from urllib.parse import quote

import msgspec

from findall_frames.api.deadline import Deadline
from findall_frames.api.http import Call, Transport, key_and_url
from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllEntitySearchResponse,
    FindAllExtendInput,
    FindAllMemoryResult,
    FindAllRun,
    FindAllRunInput,
    FindAllRunResult,
    FindAllSchema,
    IngestInput,
    MatchCondition,
    with_text_fields,
)
from findall_frames.api.readings import DraftedSchema, Explained
from findall_frames.api.stream import EventStream
from findall_frames.api.tolerant import decode
from findall_frames.errors import InvalidRequestError, ServiceError

__all__ = ["TOKEN", "Client"]

TOKEN: Final = "findall_frames_token"
"""The key in a run's metadata whose value identifies the request that created it."""

_ROOT: Final = "/v1beta/findall"
_MOST_RECENT: Final = 25
_T = TypeVar("_T")


class _OnlyId(msgspec.Struct):
    findall_id: str


class _Readings(msgspec.Struct):
    readings: list[Explained]


class _Memory(msgspec.Struct):
    results: list[FindAllMemoryResult]


class _RunOfResult(msgspec.Struct):
    findall_id: str | None = None


class _RawResult(msgspec.Struct):
    run: _RunOfResult
    candidates: msgspec.Raw


class Client:
    """A FindAll service: hosted, embedded, or any other that keeps the contract.

    Parameters
    ----------
    api_key : str, optional
        Default: the environment variable ``PARALLEL_API_KEY``. The hosted service needs one. It
        is sent to this service only, never along a redirect, and never over plain HTTP to
        another machine.
    base_url : str, optional
        Default: the environment variable ``PARALLEL_BASE_URL``, else the hosted service,
        ``https://api.parallel.ai``.
    betas : sequence of str, optional
        Further values of the ``parallel-beta`` header, beside that of this contract.
    on_close : callable, optional
        Called once by `close`, after the connections are closed; `local` passes a function that
        stops the service behind the client.

    Attributes
    ----------
    base_url : str
        The address of the service.
    is_embedded : bool
        True if the service starts and stops with this client.

    Raises
    ------
    MissingKeyError
        The hosted service needs a key, and none was given.
    InvalidRequestError
        The base URL is not valid, or the key would be sent over plain HTTP.

    Notes
    -----
    Every method takes a ``timeout`` in seconds, after which it raises `RunTimeout`. None waits
    without a limit; 0 or less raises before anything is sent.

    Idempotent requests are retried on connection errors, 408, 429 and 5xx, with exponential
    backoff and as ``Retry-After`` says, for up to two minutes. `create`, `extend` and `enrich`
    cost money: they are retried only if the request certainly did not arrive, and on 429, which
    says that nothing was started, for up to an hour, as quotas are per hour. Otherwise they raise
    `AmbiguousCreateError`. All this is within the timeout, and a wait of a second or more is
    announced by a `FindAllWarning`.

    If the service cannot be reached, methods raise `UnreachableError`; if it refuses a request,
    an `APIError`; if an answer violates the contract, `UnexpectedResponseError`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> client = ff.Client(api_key="secret", base_url="http://127.0.0.1:8765")
    >>> client
    Client('http://127.0.0.1:8765', key set)
    >>> client.close()
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        betas: Sequence[str] = (),
        on_close: Callable[[], None] | None = None,
    ) -> None:
        key, self.base_url = key_and_url(api_key, base_url)
        self._has_key = bool(key)
        self._connections = Transport(self.base_url, key=key, betas=betas)
        self._on_close = on_close
        self.is_embedded = on_close is not None

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, {'key set' if self._has_key else 'no key'})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, and the embedded service behind them if there is one."""
        self._connections.close()
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    @property
    def _transport(self) -> Transport:
        if self.is_embedded and self._on_close is None:
            raise ServiceError(
                "The embedded service of this client was closed. ff.local(...) starts another; "
                "with the same store= it knows the runs of the earlier one."
            )
        return self._connections

    # -- before a run --------------------------------------------------------------------------

    def ingest(self, objective: str, *, timeout: float | None = None) -> DraftedSchema:
        """Turn an objective in plain words into an entity type and match conditions."""
        body = msgspec.json.encode(IngestInput(objective))
        call = Call("ingest", f"{_ROOT}/ingest", body=body, timeout=timeout)
        return self._transport.fetch(call, _decoder(DraftedSchema))

    def explain(
        self,
        conditions: Sequence[MatchCondition],
        *,
        entity_type: str = "",
        timeout: float | None = None,
    ) -> list[Explained]:
        """Return how a service over your own data understands conditions; nothing is run.

        Raises
        ------
        NotFoundError
            The service does not explain conditions; the hosted one does not.
        """
        body = msgspec.json.encode({"match_conditions": conditions, "entity_type": entity_type})
        call = Call(
            "readings",
            "/readings",
            body=body,
            if_absent="Only a service over your own data, such as ff.local(...), explains "
            "conditions.",
            timeout=timeout,
        )
        return self._transport.fetch(call, _decoder(_Readings)).readings

    def entity_search(
        self,
        *,
        entity_type: str,
        objective: str,
        match_limit: int = 100,
        timeout: float | None = None,
    ) -> FindAllEntitySearchResponse:
        """Search entities by the words of an objective, at once and without judging them.

        Parameters
        ----------
        entity_type : str
            The kind of entity, in the plural; the hosted service knows ``"companies"`` and
            ``"people"``.
        objective : str
            Which of them to look for, in plain words.
        match_limit : int
            Maximum number of entities, from 5; the hosted service returns at most 1000.
        timeout : float, optional
            Seconds; see `Client`.

        Returns
        -------
        FindAllEntitySearchResponse
            The entities, best first.

        Raises
        ------
        RefusedError
            The service does not know the entity type, or `match_limit` is out of range.
        NotFoundError
            The service has no entity search.

        Examples
        --------
        >>> import findall_frames as ff
        >>> import pandas as pd
        >>> rivers = pd.DataFrame({"name": ["Nile", "Rhine"], "country": ["Egypt", "Germany"]})
        >>> with ff.local(rivers) as client:
        ...     found = client.entity_search(entity_type="rivers", objective="a river in Germany")
        >>> found.entities[0].name
        'Rhine'
        """
        search = FindAllEntitySearchInput(entity_type, objective, match_limit)
        body = msgspec.json.encode(search)
        call = Call(
            "entity search",
            f"{_ROOT}/entity-search",
            body=body,
            if_absent="This service has no entity search.",
            timeout=timeout,
        )
        return self._transport.fetch(call, _decoder(FindAllEntitySearchResponse))

    def recent_runs(
        self, *, memory_scope_key: str | None = None, timeout: float | None = None
    ) -> list[FindAllMemoryResult]:
        """Return the latest runs of the account, at most 25, if it has a memory.

        The hosted API has no other list of runs. ``ff.runs(remote=True)`` joins them with those
        of this machine.

        Parameters
        ----------
        memory_scope_key : str, optional
            Those of this scope; None for the account's own.
        timeout : float, optional
            Seconds; see `Client`.

        Raises
        ------
        NotFoundError, AuthenticationError
            The account, or the service, has no memory.
        """
        scope = {"memory_scope_key": memory_scope_key} if memory_scope_key else {}
        body = msgspec.json.encode({"kind": "findall", "limit": _MOST_RECENT, **scope})
        call = Call(
            "recent runs",
            "/v1beta/memory/retrieve",
            body=body,
            if_absent="This account, or this service, keeps no list of recent runs; ff.runs() has "
            "those of this machine.",
            timeout=timeout,
        )
        found = self._transport.fetch(call, _decoder(_Memory)).results
        return [run for run in found if run.kind == "findall"]

    # -- a run ---------------------------------------------------------------------------------

    def create(self, run: FindAllRunInput, *, timeout: float | None = None) -> FindAllRun:
        """Start a run; this costs money.

        A 429, with or without ``Retry-After``, is waited out within the timeout, or for an hour.

        Raises
        ------
        RateLimitError
            The service has refused until then, or says that it will; nothing was started.
        AmbiguousCreateError
            The request may have arrived, and its answer was lost.
        """
        token = str((run.metadata or {}).get(TOKEN, "")) or None
        deadline = Deadline.within(timeout)
        call = Call(
            "create",
            f"{_ROOT}/runs",
            body=msgspec.json.encode(run),
            token=token,
            timeout=deadline.timeout,
        )
        created = self._transport.submit(call, _decoded_creation)
        if isinstance(created, FindAllRun):
            return created
        return self.retrieve(created.findall_id, timeout=deadline.timeout)

    def retrieve(self, findall_id: str, *, timeout: float | None = None) -> FindAllRun:
        """Return a run with its status."""
        call = _run_call(findall_id, "", name="status", timeout=timeout)

        def decoded(body: bytes) -> FindAllRun:
            run = decode(body, FindAllRun)
            _check_id(run.findall_id, findall_id, path="$.findall_id")
            return run

        return self._transport.fetch(call, decoded)

    def schema(self, findall_id: str, *, timeout: float | None = None) -> FindAllSchema:
        """Return what a run looks for."""
        call = _run_call(findall_id, "schema", timeout=timeout)
        return self._transport.fetch(call, _decoder(FindAllSchema))

    def result(self, findall_id: str, *, timeout: float | None = None) -> FindAllRunResult:
        """Return the candidates of a run as structs, in whatever state the run is."""
        call = _run_call(findall_id, "result", timeout=timeout)

        def decoded(body: bytes) -> FindAllRunResult:
            result = decode(body, FindAllRunResult)
            _check_id(result.run.findall_id, findall_id, path="$.run.findall_id")
            return result

        return self._transport.fetch(call, decoded)

    def result_json(self, findall_id: str, *, timeout: float | None = None) -> bytes:
        """Return the candidates of a run as the JSON that the service sent, for `flatten`."""
        call = _run_call(findall_id, "result", timeout=timeout)

        def checked(body: bytes) -> bytes:
            run = msgspec.json.decode(body, type=_RawResult).run  # the candidates are not decoded
            _check_id(run.findall_id, findall_id, path="$.run.findall_id")
            return body

        return self._transport.fetch(call, checked)

    def events(
        self,
        findall_id: str,
        *,
        last_event_id: str | None = None,
        api_timeout: float | None = None,
        timeout: float | None = None,
    ) -> EventStream:
        """Open the event stream of a run, once; `Run.events` reconnects.

        Parameters
        ----------
        findall_id : str
            The run.
        last_event_id : str, optional
            Resume after this event; None starts with the first.
        api_timeout : float, optional
            Seconds after which the service should end the stream.
        timeout : float, optional
            Seconds for opening it; see `Client`.
        """
        params = {}
        if last_event_id:
            params["last_event_id"] = last_event_id
        if api_timeout is not None:
            params["timeout"] = str(api_timeout)
        call = _run_call(findall_id, "events", params=params, timeout=timeout)
        transport = self._transport
        return EventStream(transport.open_stream(call), redaction=transport.redaction)

    def cancel(self, findall_id: str, *, timeout: float | None = None) -> None:
        """Stop a run; what it has found stays, and what it has done is billed.

        Raises
        ------
        ConflictError
            The run is already over.
        """
        call = _run_call(findall_id, "cancel", body=b"{}", timeout=timeout)
        # The contract leaves the body of the answer open.
        self._transport.fetch(call, lambda body: None)

    def enrich(
        self, findall_id: str, enrichment: FindAllEnrichInput, *, timeout: float | None = None
    ) -> FindAllSchema:
        """Add fields to all present and future matches of a run; costs money per match."""
        body = msgspec.json.encode(enrichment if self.is_embedded else with_text_fields(enrichment))
        call = _run_call(findall_id, "enrich", body=body, timeout=timeout)
        return self._transport.submit(call, _decoder(FindAllSchema))

    def extend(
        self, findall_id: str, additional_match_limit: int, *, timeout: float | None = None
    ) -> FindAllSchema:
        """Raise the match limit of a run; costs money per further match."""
        body = msgspec.json.encode(FindAllExtendInput(additional_match_limit))
        call = _run_call(findall_id, "extend", body=body, timeout=timeout)
        return self._transport.submit(call, _decoder(FindAllSchema))


def _run_call(
    findall_id: str,
    endpoint: str,
    *,
    name: str | None = None,
    body: bytes | None = None,
    params: Mapping[str, str] | None = None,
    timeout: float | None,
) -> Call:
    """Return a call to an endpoint of a run."""
    if not isinstance(findall_id, str) or not findall_id.strip():
        raise InvalidRequestError(
            f"findall_id must be a text such as 'findall_56ccc4d1...', not {findall_id!r}."
        )
    path = f"{_ROOT}/runs/{quote(findall_id, safe='')}"
    return Call(
        name or endpoint,
        f"{path}/{endpoint}" if endpoint else path,
        body=body,
        params=params,
        findall_id=findall_id,
        timeout=timeout,
    )


def _decoder(kind: type[_T]) -> Callable[[bytes], _T]:
    return partial(decode, kind=kind)


def _decoded_creation(body: bytes) -> FindAllRun | _OnlyId:
    created: FindAllRun | _OnlyId
    try:
        created = decode(body, FindAllRun)
    except msgspec.DecodeError:
        # The id is enough to go on with, and a paid run must not be lost over the rest.
        created = msgspec.json.decode(body, type=_OnlyId)
    if not created.findall_id.strip():
        raise msgspec.ValidationError("Expected an id, got an empty one - at `$.findall_id`")
    return created


def _check_id(found: str | None, findall_id: str, *, path: str) -> None:
    """Raise unless an answer is about the run that was asked for; a proxy may mix them up."""
    if found not in (findall_id, None):
        raise msgspec.ValidationError(f"Expected run {findall_id!r}, got {found!r} - at `{path}`")
