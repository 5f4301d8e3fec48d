"""Start and stop the embedded service: its socket, store, engine and server thread."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.applications import Starlette

from findall_frames.addresses import is_loopback
from findall_frames.embedded.chat.language_model import Model
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.runs.engine import Engine
from findall_frames.embedded.runs.store import Store
from findall_frames.embedded.server.admission import Quota
from findall_frames.embedded.server.connections import Connection, handle_loop_error
from findall_frames.embedded.server.endpoints import Endpoints
from findall_frames.embedded.server.streaming import Wakeups
from findall_frames.embedded.server.webhooks import Deliverer, Hosts, check_secret, new_secret
from findall_frames.errors import ServiceError

__all__ = ["Service"]

# Streams end at once; this is for clients that have stopped reading.
_GRACE_SECONDS: Final = 2
_WAKE_SECONDS: Final = 0.5
_BACKLOG: Final = 128
# A service that listens on every address is reached on this machine by the loopback address.
_OWN: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Service:
    """Serves the FindAll API over a corpus, from a thread of this process.

    It also works in a notebook, whose kernel runs an event loop of its own.

    Parameters
    ----------
    corpus : Corpus
        The data to search.
    model : Model, optional
        A language model that reads conditions and judges rows that no column decides; by default
        conditions are read as SQL or plain language.
    store : str or path-like, optional
        A file for runs and events, which a later service over the same corpus can continue. By
        default they are kept in memory and end with the service.
    host : str
        The address to listen on. Anything but loopback needs an `api_key`.
    port : int
        The port; 0 takes a free one.
    api_key : str, optional
        The key that requests need in the header ``x-api-key``; by default they need none.
    heartbeat : float
        Seconds of silence after which an event stream repeats the run's status.
    webhook_hosts : iterable of str
        Names or addresses of the hosts that webhooks may be sent to. By default there are none,
        and a run with a webhook is refused.
    webhook_secret : str, optional
        The key that webhooks are signed with, in base64 after ``whsec_``; random by default.
    quota : Quota, optional
        How many runs may be created; unlimited by default.

    Raises
    ------
    ServiceError
        If others could reach it without a key, or the port or the webhook secret is not valid.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import requests
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> corpus = open_corpus(pa.table({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]}))
    >>> with Service(corpus) as service:
    ...     answer = requests.post(
    ...         f"{service.url}/v1beta/findall/ingest",
    ...         json={"objective": "Find all cities in Italy"},
    ...         timeout=10,
    ...     )
    >>> answer.status_code
    200
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        model: Model | None = None,
        store: str | PathLike[str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        heartbeat: float = 10.0,
        webhook_hosts: Iterable[str] = (),
        webhook_secret: str | None = None,
        quota: Quota | None = None,
    ) -> None:
        if not api_key and not is_loopback(host):
            raise ServiceError(
                f"Expected an API key, since others can reach a service at {host}; got none. "
                "Set an API key, or listen on 127.0.0.1."
            )
        if not 0 <= port <= 65535:
            raise ServiceError(
                f"Expected a port from 1 to 65535, or 0 for any free one; got {port}."
            )
        self._corpus = corpus
        self._model = model
        self._path = None if store is None else Path(store)
        self._host = host
        self._port = port
        self._api_key = api_key or None
        self._heartbeat = heartbeat
        self._hosts = Hosts(webhook_hosts)
        self._secret = webhook_secret or new_secret()
        check_secret(self._secret)
        self._quota = Quota() if quota is None else quota
        self._parts: contextlib.ExitStack | None = None
        self._ended = threading.Event()
        self._ended.set()
        self._url: str | None = None

    def __repr__(self) -> str:
        where = self._url if self._parts is not None else "not running"
        return f"<Service over {self._corpus.name!r}, {len(self._corpus):,} entities, {where}>"

    @property
    def url(self) -> str:
        """The base URL, such as ``http://127.0.0.1:49152``; it remains after a stop.

        If the service listens on every address, this is the one for this machine.

        Raises
        ------
        ServiceError
            If it has never been started.
        """
        if self._url is None:
            raise ServiceError("The service has no address before it is started: call start().")
        return self._url

    @property
    def webhook_secret(self) -> str:
        """The key with which receivers can verify webhooks."""
        return self._secret

    def start(self) -> Self:
        """Start the service and return it.

        Raises
        ------
        ServiceError
            If it is already running, the address cannot be used, or the store cannot be opened
            or is in use by another service.

        Warns
        -----
        FindAllWarning
            The store was last used with other data.
        """
        if self._parts is not None:
            raise ServiceError(f"The service is already running, at {self._url}.")
        # Parts are stopped in reverse order.
        with contextlib.ExitStack() as parts:
            listener = parts.enter_context(_listen(self._host, self._port))
            store = Store(self._path)
            parts.callback(store.close)
            engine = Engine(self._corpus, model=self._model, store=store)
            wakeups = Wakeups()
            store.listen(wakeups.wake)
            endpoints = Endpoints(
                engine=engine,
                store=store,
                wakeups=wakeups,
                heartbeat=self._heartbeat,
                hosts=self._hosts,
                quota=self._quota,
            )
            engine.start()
            if self._hosts:
                deliverer = Deliverer(store.database, hosts=self._hosts, secret=self._secret)
                store.listen(deliverer.wake)
                deliverer.start()
                parts.callback(deliverer.stop)
            server = _Server(endpoints.application(api_key=self._api_key))
            server.start(listener)
            parts.callback(server.stop)
            parts.callback(wakeups.close)
            parts.callback(engine.stop)
            self._ended = server.ended
            self._parts = parts.pop_all()
        # A query that is running when the interpreter exits would abort the process.
        atexit.register(self.stop)
        # The socket is already listening, so there is no need to wait for the event loop.
        host, port = listener.getsockname()[:2]
        host = _OWN.get(host, host)
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return self

    def stop(self) -> None:
        """Stop the service: streams end after a whole event, and the store is closed.

        Batches in progress have a second to be finished and stored. Those that take longer are
        lost, and repeated by the next service over the same store. Stopping a service that is
        not running has no effect.
        """
        parts, self._parts = self._parts, None
        if parts is not None:
            atexit.unregister(self.stop)
            parts.close()

    def wait(self) -> None:
        """Wait until the service is stopped from another thread, or interrupted."""
        # On Windows a wait without a timeout cannot be interrupted.
        while not self._ended.wait(_WAKE_SECONDS):
            pass

    def __enter__(self) -> Self:
        return self if self._parts is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """A server in a thread that does not wait long for clients which have stopped reading."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                backlog=_BACKLOG,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        # An event instead of a join: before Python 3.13 a thread whose join is interrupted counts
        # as ended, and the store would be closed while streams still read it.
        self.ended = threading.Event()

    def start(self, listener: socket.socket) -> None:
        def serve() -> None:
            try:
                # Not self.run(): uvicorn passes a loop_factory to asyncio.run, and the asyncio.run
                # of nest_asyncio, which many notebooks apply, takes none.
                with asyncio.Runner() as runner:
                    runner.get_loop().set_exception_handler(handle_loop_error)
                    runner.run(self.serve(sockets=[listener]))
            finally:
                self.ended.set()

        threading.Thread(target=serve, name="findall-service", daemon=True).start()

    def stop(self) -> None:
        # A server that is stopped while it starts would leave its socket open.
        while not (self.started or self.ended.is_set()):
            time.sleep(0.001)
        self.should_exit = True
        self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        giving_up = asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._abandon)
        try:
            await super().shutdown(sockets)
        finally:
            giving_up.cancel()

    def _abandon(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches off the delay of small packets, 40 ms for each answer, only if the protocol
    # is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this would allow two services on one address
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as exc:
        listener.close()
        raise ServiceError(
            f"The service cannot listen on {host}:{port}: {exc}. Stop the program that uses that "
            "address, or choose another port; --port 0 takes any free one."
        ) from exc
    return listener
