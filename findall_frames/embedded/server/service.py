"""A FindAll service of one's own: over one's own data, on one's own machine."""

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
from findall_frames.embedded.server.endpoints import Endpoints
from findall_frames.embedded.server.quotas import Quota
from findall_frames.embedded.server.streaming import Wakeups
from findall_frames.embedded.server.webhooks import Deliverer, Hosts, check_secret, new_secret
from findall_frames.errors import ServiceError

__all__ = ["Service"]

# Streams end at once when asked to; this is for readers that do not take what is sent.
_GRACE_SECONDS: Final = 2
_WAKE_SECONDS: Final = 0.5
_BACKLOG: Final = 128
# Who listens on every address is reached on this machine by its own.
_OWN: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Service:
    """Serves the FindAll API over a corpus, from a thread of this process.

    It can be used wherever threads can, also in a notebook whose kernel runs an event loop.

    Parameters
    ----------
    corpus : Corpus
        What is searched.
    model : Model, optional
        A language model that reads conditions and judges what no column decides; by default
        conditions are read as SQL or plain language, and nothing is asked.
    store : str or path-like, optional
        A file for runs and events, which a later service over the same corpus can go on
        with. By default they are kept in memory and end with the service.
    host : str
        The address to listen on. Anything but loopback needs an `api_key`.
    port : int
        The port; 0 takes a free one.
    api_key : str, optional
        What requests have to carry in the header ``x-api-key``; by default none is asked for.
    heartbeat : float
        Seconds of silence after which an event stream repeats the run's status.
    webhook_hosts : iterable of str
        Names or addresses of the hosts that webhooks may be sent to. By default there are none,
        and a run that asks for webhooks is refused.
    webhook_secret : str, optional
        What webhooks are signed with, in base64 after ``whsec_``; a new one by default.
    quota : Quota, optional
        How many runs may be created; by default any number.

    Raises
    ------
    ServiceError
        If it would be reachable by others without a key, there is no such port, or the webhook
        secret is none.

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
                f"At {host} others could reach this service, and it would ask them for no key. "
                "Give it an API key, or listen on 127.0.0.1."
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
        """The base URL, such as ``http://127.0.0.1:49152``; it outlasts the service.

        Of a service that listens on every address it is the one for this machine.

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
        """What receivers of webhooks need to check that they come from here."""
        return self._secret

    def start(self) -> Self:
        """Start it and return it; requests are answered from now on.

        Raises
        ------
        ServiceError
            If it is running already, the address cannot be used, or the store cannot be opened
            or is in use by another service.

        Warns
        -----
        FindAllWarning
            The store was last used with other data.
        """
        if self._parts is not None:
            raise ServiceError(f"The service is running already, at {self._url}.")
        # What is entered last is ended first.
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
        # A query that is cut off when the interpreter ends would abort the process.
        atexit.register(self.stop)
        # The socket listens already, so that nobody needs to wait for the loop to begin.
        host, port = listener.getsockname()[:2]
        host = _OWN.get(host, host)
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return self

    def stop(self) -> None:
        """Stop it: streams end after a whole event, threads end, and the store is closed.

        Batches that are being evaluated have a second to be finished and stored. Those that take
        longer are lost, and evaluated again by the next service over the same store. Stopping a
        service that does not run does nothing.
        """
        parts, self._parts = self._parts, None
        if parts is not None:
            atexit.unregister(self.stop)
            parts.close()

    def wait(self) -> None:
        """Wait until the service is stopped, from another thread or by an interrupt."""
        # Without a limit an interrupt would go unnoticed on Windows.
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
    """A server in a thread, which does not wait long for who does not take what is sent."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        # Waited for instead of the thread: before Python 3.13 a thread whose join is interrupted
        # counts as ended, and the store would be closed under the streams.
        self.ended = threading.Event()

    def start(self, listener: socket.socket) -> None:
        def serve() -> None:
            try:
                self.run(sockets=[listener])
            finally:
                self.ended.set()

        threading.Thread(target=serve, name="findall-service", daemon=True).start()

    def stop(self) -> None:
        # Asked to end while it begins, the server would leave its socket open.
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
    # Only where the protocol is named does asyncio switch off the delay of small packets, which
    # would cost each answer 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this would let two services share an address
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as exc:
        listener.close()
        raise ServiceError(
            f"The service cannot listen on {host}:{port}: {exc}. Stop what uses that address, or "
            "choose another port; --port 0 takes any free one."
        ) from exc
    return listener
