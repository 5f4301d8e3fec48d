"""A service over the user's own data, inside this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from findall_frames.api.client import Client
from findall_frames.embedded.chat.chat import Model, open_model
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.service import Service

__all__ = ["chosen_model", "local"]

_MODEL_VARIABLE = "FINDALL_FRAMES_MODEL"
"""Names the language model that is used where none is given."""


def chosen_model(model: str | Callable[..., str] | None) -> Model | None:
    """Open the model that was given, else the one that `FINDALL_FRAMES_MODEL` names; None for none.

    A key in the environment never chooses one: the profile of the table, which a model is
    shown, holds the user's data.
    """
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

    A condition is SQL over the columns. What is no SQL is read by the model, or where there is
    none, as one of the forms of plain language that the README lists; what is neither is refused
    with a `ConditionNotUnderstoodError` that says what to write.

    Parameters
    ----------
    data : DataFrame, Arrow table, Polars DataFrame, DuckDB relation, list of dicts, or path
        One entity per row. A path may be that of a CSV, TSV, JSON, JSON Lines, Parquet or xlsx
        file, of a partitioned folder, of a folder of ``.md``, ``.txt`` and ``.html`` documents,
        or a pattern such as ``"data/*.csv"``. ``"packages"`` is the Python packages installed in
        this environment. Parquet is read where it lies, and never loaded whole.
    model : str or callable, optional
        A language model that reads conditions and judges text: ``"openai:NAME"``,
        ``"parallel:speed"``, the base URL of any server with chat completions and the model
        behind a ``#``, such as ``"http://127.0.0.1:11434/v1#llama3.2"``, or a callable
        ``(messages, *, schema) -> str``. It is shown a profile of the table, and rows where text
        has to be judged. The environment variable ``FINDALL_FRAMES_MODEL`` names one too.
        Keys are read from ``OPENAI_API_KEY`` and ``PARALLEL_API_KEY``.
    columns : dict or path, optional
        A data dictionary: what columns mean, in your words, with their units, such as
        ``{"T_flash": "flash point, in kelvin"}``; or a JSON, TOML or CSV file of that.
    name_column, url_column, description_column : str, optional
        Which columns hold these; found by their names where not given. Without a name, rows are
        called ``row 12``.
    store : path, optional
        A SQLite file in which runs are kept, and from which a later service over the same data
        goes on with them; without it they live as long as the service. It has one service at a
        time.
    port : int
        Where to listen on 127.0.0.1; 0 takes a free one.

    Returns
    -------
    Client
        A context manager; leaving it, or calling ``close()``, stops the service. A service that
        is never closed ends with the process.

    Raises
    ------
    CorpusError
        The data cannot be read, or is empty.
    EvaluatorError
        The model is not named rightly, or there is no key for it.
    ServiceError
        The port is taken, or the store cannot be used.

    Warns
    -----
    FindAllWarning
        Something was read otherwise than it stands, such as a column that became text.

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
    opened = chosen_model(model)
    corpus = open_corpus(
        data,
        columns=Path(columns) if isinstance(columns, os.PathLike) else columns,
        name_column=name_column,
        url_column=url_column,
        description_column=description_column,
    )
    service = Service(corpus, model=opened, store=store, port=port).start()
    return Client(api_key="", base_url=service.url, on_close=service.stop)
