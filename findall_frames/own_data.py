"""A service over the user's own data, inside this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypedDict

from findall_frames.api.client import Client
from findall_frames.embedded.chat.address import read_address
from findall_frames.embedded.chat.client import Chat
from findall_frames.embedded.chat.judging import ModelEvaluator
from findall_frames.embedded.data.corpus import open_corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.language.lexicon import default_lexicon, read_lexicon
from findall_frames.embedded.server.service import Service

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from findall_frames.embedded.language.lexicon import Lexicon

__all__ = ["Judging", "judging", "local"]


class Judging(TypedDict):
    """The options of a `Service` that say how it judges."""

    evaluator: RuleEvaluator | ModelEvaluator
    lexicon: Lexicon


def judging(
    *, evaluator: str | None = None, lexicon: str | os.PathLike[str] | None = None
) -> Judging:
    """Read how a service is to judge, as `local` and the command line take it.

    Raises
    ------
    CorpusError
        The lexicon cannot be read.
    EvaluatorError
        The model is not named rightly, or there is no key for it.
    """
    words = default_lexicon() if lexicon is None else read_lexicon(lexicon)
    rules = RuleEvaluator(lexicon=words)
    if evaluator is None:
        return {"evaluator": rules, "lexicon": words}
    chat = Chat(read_address(evaluator))
    return {"evaluator": ModelEvaluator(chat, rules=rules), "lexicon": words}


def local(
    corpus: str | os.PathLike[str] | pd.DataFrame | pa.Table,
    *,
    name_column: str | None = None,
    url_column: str | None = None,
    description_column: str | None = None,
    evaluator: str | None = None,
    lexicon: str | os.PathLike[str] | None = None,
    store: str | os.PathLike[str] | None = None,
    port: int = 0,
) -> Client:
    """Start the embedded FindAll service over your own data, with no key and no network.

    Parameters
    ----------
    corpus : "packages", DataFrame, pyarrow.Table, or path
        What to search: the Python packages installed in this environment, a table with one
        entity per row, a Parquet, CSV or JSON Lines file of one, a folder of ``.md``, ``.txt`` and
        ``.html`` documents, or a pattern such as ``"data/*.csv"`` for several files of a kind.
    name_column, url_column, description_column : str, optional
        Which columns hold these; found by their names where not given.
    evaluator : str, optional
        A language model for what columns cannot decide: ``"openai:MODEL"``, or the base URL of
        any server with chat completions and the model behind a ``#``, such as
        ``"http://127.0.0.1:11434/v1#llama3.2"``. Rules still decide what they are sure of, and the
        model is shown no row that they refuse; the other rows are sent to it. The key is read from
        ``OPENAI_API_KEY``, and ``OPENAI_BASE_URL`` stands in for OpenAI's address.
        ``evaluator_requests`` and ``evaluator_prompt_tokens`` in the metadata of a run say what
        was used; what was answered once is not asked for again as long as the store is kept.
    lexicon : path, optional
        A TOML file of words that mean the same, which are added to those that are known.
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
        The data cannot be read, is empty, or has no usable name column; or the lexicon cannot be
        read.
    EvaluatorError
        The model is not named rightly, or there is no key for it.
    ServiceError
        The port is taken, or the store cannot be used.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> rivers = pd.DataFrame({"name": ["Nile", "Rhine"], "length_km": [6650, 1230]})
    >>> with ff.local(rivers) as client:
    ...     frames = ff.find_all(
    ...         "Find rivers longer than 2,000 km", client=client, progress=False
    ...     )
    >>> frames.matches["name"].tolist()
    ['Nile']
    """
    judged = judging(evaluator=evaluator, lexicon=lexicon)
    entities = open_corpus(
        corpus,
        name_column=name_column,
        url_column=url_column,
        description_column=description_column,
    )
    service = Service(entities, **judged, store=store, port=port).start()
    return Client(api_key="", base_url=service.url, on_close=service.stop)
