"""Ask for a set of things, wait once, get tidy pandas tables with their evidence.

>>> import findall_frames as ff
>>> import pandas as pd
>>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
>>> frames = ff.find_all("Find all cities in Italy", data=cities, progress=False)
>>> frames.matches["name"].tolist()
['Rome']

For contributors: the modules and subpackages from top to bottom. Imports run downwards only, no
folders or files import each other in a circle, and no name is used twice; tests/test_package.py
checks this, and tests/ has a folder for each subpackage.

::

    cli/              the same verbs for a shell or a scheduler
    lake/             the runs of a team in one folder: files, SQL, entities, saved searches, Delta
    many              many searches under one quota and one budget
    continuing        the verbs on a run that exists: resume, extend, enrich, refresh, cancel
    search            the verbs on a search: draft, explain, start, preview, find_all
    services          which service and which run a verb is about; local() over own data
    running/          a run from started to finished: Run, Search, ledger, prices
    progress/         what is shown while a run goes on: notebook, terminal, log lines
    frames/           from a result to tidy tables, reviews of them, and out again: Parquet, Excel
    display/          what is shown afterwards: HTML, explorer, reports, plots; takes Arrow tables
    embedded/         a FindAll service over own data; knows only api models and what is below
        server/           the HTTP contract: endpoints, event streams, webhooks, quotas
        runs/             the life cycle of runs, and the SQLite store
        judging/          verdicts and enrichments of rows, by SQL or by a language model
        reading/          a written condition -> SQL, or a question for a model, or a refusal
        warehouse/        tables that stay in PostgreSQL, Spark or DuckDB: SQL pushed down
        corpus/           own data as a DuckDB table: files, documents, packages, text index
        chat/             a language model: a callable, or a server with chat completions
    api/              the FindAll API over HTTP: client, event streams, wire models
    sqlite            migrations and transactions of the ledger and the store
    addresses         URLs: normalize, domain, loopback
    background        work in a thread, with its outcome in a future
    amounts           numbers from outside: budgets, and pauses that servers ask for
    errors            the exceptions and warnings
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from findall_frames import errors
from findall_frames.errors import (
    AmbiguousCreateError,
    FindAllError,
    FindAllWarning,
    PartialResultError,
    RunTimeout,
)

if TYPE_CHECKING:
    from findall_frames.api.client import Client
    from findall_frames.continuing import cancel, enrich, extend, refresh, resume
    from findall_frames.frames.flatten import flatten
    from findall_frames.frames.frames import FindAllFrames
    from findall_frames.lake.lake import Lake, open_lake
    from findall_frames.many import find_many
    from findall_frames.progress.update import Update
    from findall_frames.running.kept_reviews import read_parquet
    from findall_frames.running.past_runs import forget, runs
    from findall_frames.running.pricing import estimate_cost
    from findall_frames.running.run import Run
    from findall_frames.running.spec import Search
    from findall_frames.search import draft, explain, find_all, preview, start
    from findall_frames.services import local

__all__ = [
    "AmbiguousCreateError",
    "Client",
    "FindAllError",
    "FindAllFrames",
    "FindAllWarning",
    "Lake",
    "PartialResultError",
    "Run",
    "RunTimeout",
    "Search",
    "Update",
    "cancel",
    "draft",
    "enrich",
    "errors",
    "estimate_cost",
    "explain",
    "extend",
    "find_all",
    "find_many",
    "flatten",
    "forget",
    "local",
    "open_lake",
    "preview",
    "read_parquet",
    "refresh",
    "resume",
    "runs",
    "start",
]

__version__ = _version("findall-frames")

logging.getLogger(__name__).addHandler(logging.NullHandler())

# Imported when first used, so that importing the package costs next to nothing.
_HOMES = {
    "Client": "api.client",
    "FindAllFrames": "frames.frames",
    "Lake": "lake.lake",
    "Run": "running.run",
    "Search": "running.spec",
    "Update": "progress.update",
    "cancel": "continuing",
    "draft": "search",
    "enrich": "continuing",
    "estimate_cost": "running.pricing",
    "explain": "search",
    "extend": "continuing",
    "find_all": "search",
    "find_many": "many",
    "flatten": "frames.flatten",
    "forget": "running.past_runs",
    "local": "services",
    "open_lake": "lake.lake",
    "preview": "search",
    "read_parquet": "running.kept_reviews",
    "refresh": "continuing",
    "resume": "continuing",
    "runs": "running.past_runs",
    "start": "search",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        where = f"; it is ff.errors.{name}" if name in errors.__all__ else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{where}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
