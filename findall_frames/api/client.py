"""The FindAll API: one method per endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests

from findall_frames.addresses import is_loopback
from findall_frames.api.address import key_and_url
from findall_frames.api.answers import ambiguous, decoded, explained, refusal
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import (
    BETA,
    FindAllEnrichInput,
    FindAllEntitySearchInput,
    FindAllEntitySearchResponse,
    FindAllExtendInput,
    FindAllRun,
    FindAllRunInput,
    FindAllRunResult,
    FindAllSchema,
    IngestInput,
    MatchCondition,
)
from findall_frames.api.readings import DraftedSchema, Explained
from findall_frames.api.sse import EventStream
from findall_frames.api.transport import Transport
from findall_frames.errors import InvalidRequestError, ServiceError, UnexpectedResponseError

__all__ = ["TOKEN", "Client"]

TOKEN: Final = "findall_frames_token"
"""The key in a run's metadata whose value tells one creation from another."""

_ROOT = "/v1beta/findall"
_ATTEMPTS_AT_JSON = 2
_T = TypeVar("_T")


class _OnlyId(msgspec.Struct):
    findall_id: str


class _Readings(msgspec.Struct):
    readings: list[Explained]


class _Halves(msgspec.Struct):
    """Enough of a result to know that it is whole JSON of the right form."""

    run: msgspec.Raw
    candidates: msgspec.Raw


class Client:
    """A FindAll service, hosted, embedded, or any other that keeps the contract.

    Parameters
    ----------
    api_key : str, optional
        Default: the environment variable ``PARALLEL_API_KEY``. The hosted service needs one. It
        is sent to this service only, never along a redirect, and never over plain HTTP to
        another machine.
    base_url : str, optional
        Default: the environment variable ``PARALLEL_BASE_URL``, else the hosted service,
        ``https://api.parallel.ai``.
    on_close : callable, optional
        Called once by `close`, after the connections are closed; `local` passes what stops the
        service behind the client.

    Attributes
    ----------
    base_url : str
        Where the service is.
    is_embedded : bool
        Whether the service lives and ends with this client.

    Raises
    ------
    MissingKeyError
        For the hosted service without a key.
    InvalidRequestError
        For a base URL that is none, or that would carry the key over plain HTTP.

    Notes
    -----
    Requests that change nothing are repeated on connection errors, 408, 429 and 5xx, with
    growing pauses and as ``Retry-After`` says. `create`, `extend` and `enrich` cost money: they
    are sent again only if they provably did not reach the service, or on 429 with
    ``Retry-After``; otherwise `AmbiguousCreateError` says that their fate is unknown.

    Every method takes a ``timeout`` in seconds, after which it raises `RunTimeout`. None waits
    without a limit; with 0 or less it is raised before anything is sent.

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
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._key, self.base_url = key_and_url(api_key, base_url)
        headers = {
            "parallel-beta": BETA,
            "user-agent": f"findall-frames/{version('findall-frames')}",
        }
        if self._key:
            headers["x-api-key"] = self._key
        self._transport = Transport(
            self.base_url, headers=headers, use_proxies=not is_loopback(self.base_url)
        )
        self._on_close = on_close
        self.is_embedded = on_close is not None

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, {'key set' if self._key else 'no key'})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, and the embedded service behind them if there is one."""
        self._transport.close()
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    # -- endpoints -----------------------------------------------------------------------------

    def ingest(self, objective: str, *, timeout: float | None = None) -> DraftedSchema:
        """Turn an objective in plain words into an entity type and match conditions."""
        body = msgspec.json.encode(IngestInput(objective))
        return self._read(
            "POST", "/ingest", DraftedSchema, "the objective", body=body, timeout=timeout
        )

    def explain(
        self,
        conditions: Sequence[MatchCondition],
        *,
        entity_type: str = "",
        timeout: float | None = None,
    ) -> list[Explained]:
        """Ask a service over one's own data what it understands conditions as; nothing is run.

        Raises
        ------
        NotFoundError
            The service reads no conditions, as the hosted one.
        """
        asked = {"match_conditions": conditions, "entity_type": entity_type}
        body = msgspec.json.encode(asked)
        return self._read(
            "POST",
            "/readings",
            _Readings,
            "the conditions",
            body=body,
            root="",
            timeout=timeout,
        ).readings

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
        asked = FindAllEntitySearchInput(entity_type, objective, match_limit)
        return self._read(
            "POST",
            "/entity-search",
            FindAllEntitySearchResponse,
            "the entity search",
            body=msgspec.json.encode(asked),
            timeout=timeout,
        )

    def create(self, run: FindAllRunInput, *, timeout: float | None = None) -> FindAllRun:
        """Start a run; this is what costs money.

        Raises
        ------
        AmbiguousCreateError
            When the request may have arrived and the answer was lost.
        """
        token = str((run.metadata or {}).get(TOKEN, "")) or None
        deadline = _deadline(timeout)
        body = self._write("/runs", run, "the new run", timeout=deadline.timeout, token=token)
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(body, type=FindAllRun)
        # An id is enough to go on with, and too dear to be lost over the rest of the answer.
        try:
            findall_id = msgspec.json.decode(body, type=_OnlyId).findall_id
        except msgspec.DecodeError as error:
            raise ambiguous(
                f"The answer of {self._host} to the new run has no findall_id ({error})",
                service=self._host,
                findall_id=None,
                token=token,
            ) from error
        return self.retrieve(findall_id, timeout=deadline.timeout)

    def retrieve(self, findall_id: str, *, timeout: float | None = None) -> FindAllRun:
        """Fetch the status of a run."""
        return self._read(
            "GET",
            _run_path(findall_id),
            FindAllRun,
            "a request for the status",
            findall_id=findall_id,
            timeout=timeout,
        )

    def result(self, findall_id: str, *, timeout: float | None = None) -> FindAllRunResult:
        """Fetch the candidates of a run as structs, in whatever state the run is."""
        body = self.result_json(findall_id, timeout=timeout)
        return decoded(body, FindAllRunResult, service=self._host, findall_id=findall_id)

    def result_json(self, findall_id: str, *, timeout: float | None = None) -> bytes:
        """Fetch the candidates of a run as the JSON that the service sent, for `flatten`."""
        return self._fetch(
            "GET",
            _run_path(findall_id, "result"),
            _Halves,
            "a request for the result",
            findall_id=findall_id,
            timeout=timeout,
        )[0]

    def events(
        self,
        findall_id: str,
        *,
        last_event_id: str | None = None,
        api_timeout: float | None = None,
        timeout: float | None = None,
    ) -> EventStream:
        """Open the event stream of a run, once; `stream.follow` keeps it going.

        Parameters
        ----------
        last_event_id : str, optional
            Continue behind this event; None starts at the first.
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
        what = "a request for the events"
        path = _ROOT + _run_path(findall_id, "events")
        with explained(what, service=self._host, findall_id=findall_id):
            response = self._open.stream(path, params=params, deadline=_deadline(timeout))
            kind = response.headers.get("content-type", "")
            if response.status_code == 200 and kind.startswith("text/event-stream"):
                return EventStream(response)
            with response:
                self._demand_success(response, what, findall_id)
        raise UnexpectedResponseError(
            f"{self._host} answered {what} of run {findall_id} with "
            f"{kind or 'no content type'} instead of text/event-stream.",
            findall_id=findall_id,
        )

    def cancel(self, findall_id: str, *, timeout: float | None = None) -> None:
        """Ask a run to stop; what it has found stays, and what it has done is billed.

        Raises
        ------
        ConflictError
            When the run is over already.
        """
        # Cancelling twice does no harm, and the contract leaves the body of the answer open.
        what = "the request to cancel"
        path = _ROOT + _run_path(findall_id, "cancel")
        with explained(what, service=self._host, findall_id=findall_id):
            response = self._open.harmless("POST", path, body=b"{}", deadline=_deadline(timeout))
        self._demand_success(response, what, findall_id)

    def enrich(
        self, findall_id: str, enrichment: FindAllEnrichInput, *, timeout: float | None = None
    ) -> FindAllSchema:
        """Add columns to all present and future matches of a run; costs money per match."""
        return self._change(findall_id, "enrich", enrichment, "the enrichment", timeout)

    def extend(
        self, findall_id: str, additional_match_limit: int, *, timeout: float | None = None
    ) -> FindAllSchema:
        """Let a run look for more matches; costs money per match."""
        more = FindAllExtendInput(additional_match_limit)
        return self._change(findall_id, "extend", more, "the extension", timeout)

    def schema(self, findall_id: str, *, timeout: float | None = None) -> FindAllSchema:
        """Fetch what a run looks for."""
        return self._read(
            "GET",
            _run_path(findall_id, "schema"),
            FindAllSchema,
            "a request for the schema",
            findall_id=findall_id,
            timeout=timeout,
        )

    # -- how they are sent ---------------------------------------------------------------------

    @property
    def _open(self) -> Transport:
        """The connections; to an embedded service only as long as it runs."""
        if self.is_embedded and self._on_close is None:
            raise ServiceError(
                "The embedded service of this client was closed. ff.local(...) starts another; "
                "with the same store= it knows the runs of the earlier one."
            )
        return self._transport

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).netloc

    def _read(
        self,
        method: str,
        path: str,
        kind: type[_T],
        what: str,
        *,
        body: bytes | None = None,
        findall_id: str | None = None,
        root: str = _ROOT,
        timeout: float | None,
    ) -> _T:
        return self._fetch(
            method, path, kind, what, body=body, findall_id=findall_id, root=root, timeout=timeout
        )[1]

    def _fetch(
        self,
        method: str,
        path: str,
        kind: type[_T],
        what: str,
        *,
        body: bytes | None = None,
        findall_id: str | None = None,
        root: str = _ROOT,
        timeout: float | None,
    ) -> tuple[bytes, _T]:
        deadline = _deadline(timeout)
        for attempt in range(1, _ATTEMPTS_AT_JSON + 1):
            with explained(what, service=self._host, findall_id=findall_id):
                response = self._open.harmless(method, root + path, body=body, deadline=deadline)
            self._demand_success(response, what, findall_id)
            try:
                return response.content, decoded(
                    response.content, kind, service=self._host, findall_id=findall_id
                )
            except UnexpectedResponseError:
                # A proxy's page or half an answer may be gone the next time; that is worth one
                # more request before a paid result is called unreadable.
                if attempt == _ATTEMPTS_AT_JSON:
                    raise
        raise AssertionError("unreachable")

    def _change(
        self,
        findall_id: str,
        verb: str,
        body: msgspec.Struct,
        what: str,
        timeout: float | None,
    ) -> FindAllSchema:
        answer = self._write(
            _run_path(findall_id, verb), body, what, findall_id=findall_id, timeout=timeout
        )
        return decoded(answer, FindAllSchema, service=self._host, findall_id=findall_id)

    def _write(
        self,
        path: str,
        body: msgspec.Struct,
        what: str,
        *,
        findall_id: str | None = None,
        token: str | None = None,
        timeout: float | None,
    ) -> bytes:
        encoded = msgspec.json.encode(body)
        with explained(
            what, service=self._host, findall_id=findall_id, token=token, costs_money=True
        ):
            response = self._open.costly(
                "POST", _ROOT + path, body=encoded, deadline=_deadline(timeout)
            )
        if response.status_code >= 500 or response.status_code == 408:
            raise ambiguous(
                f"{self._host} answered {response.status_code} to {what}",
                service=self._host,
                findall_id=findall_id,
                token=token,
            )
        self._demand_success(response, what, findall_id)
        return response.content

    def _demand_success(
        self, response: requests.Response, what: str, findall_id: str | None
    ) -> None:
        if response.status_code == 200:
            return
        body = response.content
        if self._key:
            # A service may quote the key that it does not accept.
            body = body.replace(self._key.encode(), b"...")
        raise refusal(
            response.status_code,
            body,
            service=self._host,
            what=what,
            findall_id=findall_id,
            location=response.headers.get("location", ""),
        )


def _deadline(timeout: float | None) -> Deadline:
    # Callers pass what is left of their own time, which may be nothing.
    is_negative = isinstance(timeout, (int, float)) and timeout < 0
    return Deadline.after(0 if is_negative else timeout)


def _run_path(findall_id: str, *rest: str) -> str:
    if not isinstance(findall_id, str) or not findall_id.strip():
        raise InvalidRequestError(
            f"A findall_id is a text such as 'findall_56ccc4d1...', not {findall_id!r}."
        )
    return "/".join(["/runs", quote(findall_id, safe=""), *rest])
