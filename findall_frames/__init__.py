"""Ask for a set of things, wait once, get tidy pandas tables with their evidence.

>>> import findall_frames as ff
>>> import pandas as pd
>>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
>>> with ff.local(cities) as client:
...     frames = ff.find_all("Find all cities in Italy", client=client, progress=False)
>>> frames.matches["name"].tolist()
['Rome']
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from findall_frames.errors import (
    AmbiguousCreateError,
    APIError,
    AuthenticationError,
    BudgetError,
    ConditionNotUnderstoodError,
    ConflictError,
    CorpusError,
    DisplayWarning,
    EvaluatorError,
    ExportError,
    FindAllError,
    FindAllWarning,
    InsufficientFundsError,
    InvalidRequestError,
    LedgerWarning,
    MissingExtraError,
    MissingKeyError,
    NotFoundError,
    ParquetError,
    PartialResultError,
    PartialResultWarning,
    RateLimitError,
    RefusedError,
    RepeatedSearchWarning,
    RunTimeout,
    ServiceError,
    UnexpectedResponseError,
    UnreachableError,
)

if TYPE_CHECKING:
    from findall_frames.api.client import Client
    from findall_frames.continuing import cancel, enrich, extend, resume
    from findall_frames.frames.flatten import flatten
    from findall_frames.frames.frames import FindAllFrames
    from findall_frames.frames.parquet import read_parquet
    from findall_frames.own_data import local
    from findall_frames.progress.update import Update
    from findall_frames.refreshing import refresh
    from findall_frames.running.listing import runs
    from findall_frames.running.pricing import estimate_cost
    from findall_frames.running.run import Run
    from findall_frames.running.spec import Search
    from findall_frames.search import draft, explain, find_all, preview, start

__all__ = [
    "APIError",
    "AmbiguousCreateError",
    "AuthenticationError",
    "BudgetError",
    "Client",
    "ConditionNotUnderstoodError",
    "ConflictError",
    "CorpusError",
    "DisplayWarning",
    "EvaluatorError",
    "ExportError",
    "FindAllError",
    "FindAllFrames",
    "FindAllWarning",
    "InsufficientFundsError",
    "InvalidRequestError",
    "LedgerWarning",
    "MissingExtraError",
    "MissingKeyError",
    "NotFoundError",
    "ParquetError",
    "PartialResultError",
    "PartialResultWarning",
    "RateLimitError",
    "RefusedError",
    "RepeatedSearchWarning",
    "Run",
    "RunTimeout",
    "Search",
    "ServiceError",
    "UnexpectedResponseError",
    "UnreachableError",
    "Update",
    "cancel",
    "draft",
    "enrich",
    "estimate_cost",
    "explain",
    "extend",
    "find_all",
    "flatten",
    "local",
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
    "flatten": "frames.flatten",
    "local": "own_data",
    "preview": "search",
    "read_parquet": "frames.parquet",
    "refresh": "refreshing",
    "resume": "continuing",
    "runs": "running.listing",
    "start": "search",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
