"""Find the service and the run for a verb: a client, own data, or the default service."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakValueDictionary

from findall_frames.addresses import is_loopback
from findall_frames.api.client import Client
from findall_frames.api.http import default_url
from findall_frames.errors import (
    ConditionNotUnderstoodError,
    FindAllError,
    InvalidRequestError,
    RunTimeout,
    ServiceError,
    advice,
)
from findall_frames.frames.frames import FindAllFrames
from findall_frames.running.arguments import UNSET
from findall_frames.running.ledger import Ledger
from findall_frames.running.run import Run

if TYPE_CHECKING:
    from findall_frames.embedded.chat.language_model import Model

__all__ = [
    "RunLike",
    "chosen_model",
    "client_of",
    "id_of",
    "is_own_data",
    "local",
    "service_for",
]

RunLike: TypeAlias = str | Run | FindAllFrames
"""A run: its findall_id, a `Run`, or the frames of that run alone."""

_SLOW_SECONDS: Final = 1.0
_MODEL_VARIABLE: Final = "FINDALL_FRAMES_MODEL"
"""The environment variable with the default language model."""


def chosen_model(model: str | Callable[..., str] | None) -> Model | None:
    """Return the given model, or the one named by `FINDALL_FRAMES_MODEL`, or None.

    An API key in the environment does not select a model, because a model is sent a profile of
    the user's table.
    """
    from findall_frames.embedded.chat.open_model import open_model

    named = model if model is not None else os.environ.get(_MODEL_VARIABLE) or None
    return None if named is None else open_model(named)


def local(
    data: Any,
    *,
    model: str | Callable[..., str] | None = None,
    columns: Mapping[str, str] | str | os.PathLike[str] | None = None,
    name_column: str | None = None,
    url_column: str | None = None,
    description_column: str | None = None,
    store: str | os.PathLike[str] | None = None,
    port: int = 0,
) -> Client:
    """Start the embedded FindAll service over your own data, with no key and no network.

    Conditions can be SQL over the columns. Others are read by the model or, without one,
    must have one of the plain forms listed in the README. Anything else raises a
    `ConditionNotUnderstoodError` that says what to write.

    Parameters
    ----------
    data : DataFrame, Arrow table, Polars DataFrame, DuckDB relation, list of dicts, or path
        One entity per row. A path may be that of a CSV, TSV, JSON, JSON Lines, Parquet or xlsx
        file, of a partitioned folder, of a folder of ``.md``, ``.txt`` and ``.html`` documents,
        or a pattern such as ``"data/*.csv"``. ``"packages"`` is the Python packages installed in
        this environment. Parquet files are read in place and never loaded whole.

        Or a table in a database: a Spark DataFrame, an Ibis table, or a SQLAlchemy engine with a
        table's name, ``(engine, "schema.table")``. One of at most 200,000 rows is read into
        memory, as it is now. A larger one stays where it is, in PostgreSQL, Spark or DuckDB:
        conditions run there, only matches and a few other rows are fetched, and what is not known
        to give the same there is refused by name.
    model : str or callable, optional
        A language model that reads conditions and judges text: ``"openai:NAME"``,
        ``"parallel:speed"``, the base URL of any server with chat completions followed by ``#``
        and the model, such as ``"http://127.0.0.1:11434/v1#llama3.2"``, or a callable
        ``(messages, *, schema) -> str``. It is sent a profile of the table, and rows whose text
        must be judged. Default: the environment variable ``FINDALL_FRAMES_MODEL``. Keys are
        read from ``OPENAI_API_KEY`` and ``PARALLEL_API_KEY``.
    columns : dict or path, optional
        A data dictionary: the meaning of columns in your words, with units, such as
        ``{"T_flash": "flash point, in kelvin"}``; or a JSON, TOML or CSV file with one.
    name_column, url_column, description_column : str, optional
        The columns with these; by default detected by their names. Without a name column, rows
        are called ``row 12``.
    store : path, optional
        A SQLite file that keeps the runs, so that a later service over the same data can
        continue them; without it they end with the service. One service at a time can use it.
    port : int
        The port on 127.0.0.1; 0 means any free one.

    Returns
    -------
    Client
        A context manager; leaving it, or calling ``close()``, stops the service. Otherwise it
        stops with the process.

    Raises
    ------
    CorpusError
        The data cannot be read, or is empty, or the database cannot be reached.
    EvaluatorError
        The model's name is invalid, or there is no key for it.
    ServiceError
        The port is in use, or the store can't be used, or one was passed for a table that stays
        in its database.

    Warns
    -----
    FindAllWarning
        Something was converted on reading, such as a column of mixed types to text.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> rivers = pd.DataFrame({"name": ["Nile", "Rhine"], "length_km": [6650, 1230]})
    >>> with ff.local(rivers) as client:
    ...     frames = ff.find_all("length over 2,000 km", client=client, progress=False)
    >>> frames.matches["name"].tolist()
    ['Nile']
    """
    from findall_frames.embedded.corpus.opening import open_corpus
    from findall_frames.embedded.server.service import Service
    from findall_frames.embedded.warehouse.warehouse_corpus import open_warehouse

    opened = chosen_model(model)
    options: dict[str, Any] = {
        "columns": Path(columns) if isinstance(columns, os.PathLike) else columns,
        "name_column": name_column,
        "url_column": url_column,
        "description_column": description_column,
    }
    try:
        with _shown_if_slow("Counting and sampling the table in its database ..."):
            corpus = open_warehouse(data, **options)
        if corpus is None:
            corpus = open_corpus(data, **options)
    except RuntimeError as error:
        if "interrupted" in str(error):  # DuckDB's error for Ctrl-C during a query
            raise KeyboardInterrupt from error
        raise
    if store is not None and not corpus.is_whole:
        corpus.close()
        raise ServiceError(
            "Expected no store= for a table that stays in its database: whether it has changed "
            "since cannot be known, so no later service can continue a run. Keep results with "
            "frames.to_parquet(...) or append_to(...)."
        )
    service = Service(corpus, model=opened, store=store, port=port).start()
    url = service.url

    def stop() -> None:
        _live.pop(url, None)
        service.stop()
        if not corpus.is_whole:
            corpus.close()
        if store is None:
            Ledger.of_this_machine().service_ended(url)

    client = Client(api_key="", base_url=url, on_close=stop)
    _live[url] = client
    return client


@contextmanager
def _shown_if_slow(text: str) -> Iterator[None]:
    """Write a line to stderr if the block takes more than a second."""
    timer = threading.Timer(_SLOW_SECONDS, sys.stderr.write, (f"{text}\n",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


_live: WeakValueDictionary[str, Client] = WeakValueDictionary()
"""The clients of `local` that are not closed, by the address of their services."""


def is_own_data(client: Client | None, data: Any = UNSET) -> bool:
    """Return True if the search runs over own data.

    Raises
    ------
    InvalidRequestError
        `client` is not a `Client`, `data` is None, or both were passed.
    """
    if client is not None and not isinstance(client, Client):
        raise InvalidRequestError(
            "client must be a Client, such as ff.local(...) or ff.Client(...), not a "
            f"{type(client).__name__}. To search your own data, pass it as data=."
        )
    if data is None:
        raise InvalidRequestError(
            "data is None. Pass a DataFrame, a path or anything else that ff.local takes; leave "
            "data out to use the default service."
        )
    if client is not None and data is not UNSET:
        raise InvalidRequestError(
            "client and data were both passed, and each names a service. Pass one of them."
        )
    return data is not UNSET or (client is not None and client.is_embedded)


@contextmanager
def service_for(client: Client | None, data: Any = UNSET) -> Iterator[Client]:
    """Yield the given client, or one for `data` or the default service that is closed on exit."""
    is_own_data(client, data)
    if client is not None:
        yield client
    elif data is UNSET:
        with Client() as default:
            yield default
    else:
        with local(data) as own:
            try:
                yield own
            except RunTimeout as error:
                if error.findall_id is None:
                    raise
                raise _ended(error, own) from None
            except KeyboardInterrupt as interrupt:
                interrupt.__notes__ = [f"The run over data= ended with this call. {_CONTINUABLE}"]
                raise
            except ConditionNotUnderstoodError as error:
                error.add_note(
                    "A model= and columns= are arguments of ff.local: pass it as client."
                )
                raise


_CONTINUABLE: Final = (
    "To be able to continue a run, use a service of your own: "
    "with ff.local(data, store='runs.sqlite3') as client: ..."
)
_LAST_FETCH: Final = 30.0
"""Seconds to fetch what a run has found, before its service ends."""


def _ended(timeout: RunTimeout, client: Client) -> RunTimeout:
    """Return the error for a run whose service ends with the call, with what it has found."""
    run = Run(str(timeout.findall_id), client=client)
    frames = timeout.frames
    if frames is None:
        with suppress(FindAllError):
            frames = run.frames(timeout=_LAST_FETCH)
    found = "" if frames is None else "What it has found is in the exception's .frames. "
    return RunTimeout(
        f"Time is up. The run over data= ended with this call. {found}Pass a longer timeout=. "
        f"{_CONTINUABLE}",
        findall_id=run.findall_id,
        frames=frames,
    )


def id_of(run: RunLike) -> str:
    """Return the findall_id of a run."""
    if isinstance(run, (FindAllFrames, Run)):
        return run.findall_id
    if isinstance(run, str):
        return run
    raise InvalidRequestError(
        f"Expected a findall_id, a Run, or the FindAllFrames of one run; got {run!r}."
    )


def client_of(run: RunLike, client: Client | None) -> Client | None:
    """Return the given client, that of a `Run`, or the open one of `local` that has the run.

    None means the default service.

    Raises
    ------
    InvalidRequestError
        The run is known to be at another service.
    """
    if client is not None:
        return client
    if isinstance(run, Run):
        return run.client
    if isinstance(run, FindAllFrames):
        rows = run.tables["runs"].select(["findall_id", "service"]).to_pylist()
        places = {row["findall_id"]: [row["service"]] if row["service"] else [] for row in rows}
    else:
        findall_id = id_of(run)
        places = {findall_id: Ledger.of_this_machine().services_of(findall_id)}
    default = default_url()
    for findall_id, services in places.items():
        for service in services:
            if service in _live:
                return _live[service]
        if services and default not in services:
            ended = advice(
                " One over your own data ends with the call that had data=, or with its client: "
                "search again with client=ff.local(...), and keep it open.",
                command=" One over your own data ends with the command that has --local.",
            )
            raise InvalidRequestError(
                f"Run {findall_id} is at {services[0]}, and the default service is {default}. "
                + advice(
                    f"Pass client=ff.Client(base_url={services[0]!r}) while that service is up.",
                    command=f"Set PARALLEL_BASE_URL={services[0]} while that service is up.",
                )
                + f"{ended if is_loopback(services[0]) else ''}"
            )
    return None
