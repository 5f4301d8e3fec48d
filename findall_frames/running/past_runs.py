"""Past runs: a table of those in the ledger and of the account, and a way to forget them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from findall_frames.api.client import Client
from findall_frames.api.models import FindAllMemoryResult
from findall_frames.display.text import counted
from findall_frames.errors import InvalidRequestError, LedgerWarning, warn
from findall_frames.frames.convert import dataframe_of
from findall_frames.running.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["forget", "runs"]


def runs(
    *,
    by: Literal["day", "search"] | None = None,
    remote: bool = False,
    client: Client | None = None,
    timeout: float | None = None,
) -> pd.DataFrame:
    """List every run that was started or waited for on this machine, or sum what they cost.

    These are the runs in the ledger. It is in the user's state folder, or where
    ``FINDALL_FRAMES_HOME`` says; ``FINDALL_FRAMES_LEDGER=off`` switches it off.

    Parameters
    ----------
    by : {"day", "search"}, optional
        Sum what was spent on each day, in UTC, or on each search, which is known by its objective.
    remote : bool
        Also ask the service for the latest runs of the account, at most 25, wherever they were
        started. Not every account has such a list.
    client : Client, optional
        The service to ask; as in `find_all`.
    timeout : float, optional
        Seconds for asking; None waits without limit.

    Returns
    -------
    DataFrame
        One row per run, the latest first. The columns that ``frames.runs`` has too mean the same:
        ``findall_id`` (str; missing when a creation was never answered), ``objective``,
        ``entity_type``, ``generator`` (str), ``match_limit`` (Int64), ``status``,
        ``termination_reason`` (str), ``generated_candidates_count``,
        ``matched_candidates_count`` (Int64), ``created_at``, ``modified_at``
        (datetime64[us, UTC]; as seen from this machine), ``service`` (str). Further:
        ``cost`` and ``cost_ceiling`` (Float64, US dollars, estimated; missing where there are no
        published prices), ``has_result`` (boolean: `resume` needs no request) and ``token``
        (str). A ``status`` of ``"unknown"`` without an id is a creation whose answer was lost;
        ``"refused"`` is a run that was not created, and ``"ended"`` one whose service, over own
        data, ended before it.

        With ``remote=True`` there is also ``known_from`` (str): ``"ledger"``, ``"account"`` or
        ``"both"``. Of a run that only the account knows, there are the id, the beginning of the
        objective, the number of matches, ``modified_at`` and the service.

        With `by`, one row per day or search, that of the latest run first: ``day``
        (datetime64[us, UTC]) or ``objective`` (str), ``runs``, ``matched_candidates_count``
        (Int64), ``cost`` and ``cost_ceiling`` (Float64; missing if no run has a price). Runs that
        were not created are left out.

    Raises
    ------
    InvalidRequestError
        There is no such `by`.
    NotFoundError, AuthenticationError
        With ``remote=True``: the account, or the service, keeps no list of runs.
    FindAllError
        With ``remote=True``: the service can't be reached, or did not answer in time.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> frames = ff.find_all("Find cities in Italy", data=cities, progress=False)
    >>> ff.runs().loc[0, ["objective", "status"]].tolist()
    ['Find cities in Italy', 'completed']
    >>> spent = ff.runs(by="day")
    >>> list(spent)
    ['day', 'runs', 'matched_candidates_count', 'cost', 'cost_ceiling']
    """
    import pandas as pd

    if by not in (None, "day", "search"):
        raise InvalidRequestError(f"by is 'day', 'search' or None, not {by!r}.")
    columns = dict(_COLUMNS)
    ledger = Ledger.of_this_machine()
    rows = ledger.rows()
    if remote:
        columns["known_from"] = ("known_from", "str")
        with Client() if client is None else nullcontext(client) as service:
            recent = service.recent_runs(timeout=timeout)
        rows = _joined(rows, recent, service=service.base_url)
    cleaned = [
        {name: _clean(row.get(column), dtype) for name, (column, dtype) in columns.items()}
        for row in rows
    ]
    damaged = sum(
        row.get(column) is not None and clean[name] is None
        for row, clean in zip(rows, cleaned, strict=True)
        for name, (column, _) in columns.items()
    )
    listed = dataframe_of(cleaned, dtypes={name: dtype for name, (_, dtype) in columns.items()})
    for name in ("created_at", "modified_at"):
        written = listed[name]
        listed[name] = pd.to_datetime(written, format="ISO8601", utc=True, errors="coerce").astype(
            "datetime64[us, UTC]"
        )
        damaged += int((listed[name].isna() & written.notna()).sum())
    if damaged:
        warn(
            f"{counted(damaged, 'value')} in the ledger {ledger.path} cannot be read; shown as "
            "missing.",
            LedgerWarning,
        )
    if remote:
        begun = listed["created_at"].fillna(listed["modified_at"])
        listed = listed.loc[begun.sort_values(ascending=False, kind="stable").index]
    listed = listed.reset_index(drop=True)
    return listed if by is None else _sums(listed, by)


def _sums(listed: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the sums over the runs of each day or search, in the order of their latest runs."""
    created = listed[listed["status"] != "refused"]
    days = created["created_at"].fillna(created["modified_at"]).dt.floor("D")
    keys = days.rename("day") if by == "day" else created["objective"]
    groups = created.assign(runs=1).groupby(keys, sort=False, dropna=False)
    summed = groups[["runs", "matched_candidates_count", "cost", "cost_ceiling"]].sum(min_count=1)
    return summed.reset_index().astype({"runs": "Int64"})


def _joined(
    rows: Sequence[dict[str, Any]], recent: Sequence[FindAllMemoryResult], *, service: str
) -> list[dict[str, Any]]:
    """Return the rows of the ledger, with what the account knows, and the runs that it lacks."""
    remote = {run.id: run for run in recent}
    joined = []
    for row in rows:
        run = remote.pop(row["findall_id"], None) if row["service"] == service else None
        joined.append(row | {"known_from": "ledger" if run is None else "both"})
        if run is not None:  # it may have gone on since this machine saw it
            matched = row["matched"]
            is_behind = not isinstance(matched, int) or matched < run.matched_count
            joined[-1]["matched"] = run.matched_count if is_behind else matched
    return joined + [
        {
            "findall_id": run.id,
            "objective": run.input_excerpt or None,
            "matched": run.matched_count,
            "updated_at": run.updated_at,
            "service": service,
            "has_result": 0,
            "known_from": "account",
        }
        for run in remote.values()
    ]


def forget(findall_id: str | None = None, *, older_than: float | timedelta | None = None) -> int:
    """Delete runs from the ledger of this machine, with their results and reviews.

    Nothing is cancelled and nothing sent: a run goes on, but only its service knows it.

    Parameters
    ----------
    findall_id : str, optional
        The run to forget. One whose creation was never answered has none: pass its ``token``,
        if you know that it does not exist. The same search can then be started again.
    older_than : float or timedelta, optional
        Days. Runs that were started, seen or reviewed since then are kept.

    Returns
    -------
    int
        How many runs were deleted.

    Raises
    ------
    InvalidRequestError
        Neither or both were passed, or `older_than` is negative.

    Warns
    -----
    LedgerWarning
        The ledger can't be written.

    Examples
    --------
    >>> import findall_frames as ff
    >>> ff.forget(older_than=365)
    0
    """
    try:
        days = older_than / timedelta(days=1) if isinstance(older_than, timedelta) else older_than
        before = None if days is None else datetime.now(UTC) - timedelta(days=days)
        is_possible = (findall_id is None) != (days is None) and (days is None or days >= 0)
    except (TypeError, ValueError, OverflowError):
        is_possible = False
    if not is_possible or not isinstance(findall_id, str | None):
        raise InvalidRequestError(
            "forget takes the findall_id of a run, or older_than= a number of days, such as "
            f"ff.forget(older_than=90); it was given {findall_id!r} and older_than={older_than!r}."
        )
    return Ledger.of_this_machine().forget(findall_id, before=before)


_COLUMNS: Final = {
    "findall_id": ("findall_id", "str"),
    "objective": ("objective", "str"),
    "entity_type": ("entity_type", "str"),
    "generator": ("generator", "str"),
    "match_limit": ("match_limit", "Int64"),
    "status": ("status", "str"),
    "termination_reason": ("termination_reason", "str"),
    "generated_candidates_count": ("generated", "Int64"),
    "matched_candidates_count": ("matched", "Int64"),
    "created_at": ("started_at", "str"),
    "modified_at": ("updated_at", "str"),
    "service": ("service", "str"),
    "cost": ("cost", "Float64"),
    "cost_ceiling": ("cost_ceiling", "Float64"),
    "has_result": ("has_result", "boolean"),
    "token": ("token", "str"),
}
"""Each column of `runs`: the column of the SQLite table that it shows, and its pandas dtype."""

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "Int64": (int,),
    "Float64": (int, float),
    "boolean": (int,),
}


def _clean(value: Any, dtype: str) -> Any:
    """Return a value, or None if it is of another type, as SQLite keeps any type in any column."""
    return value if isinstance(value, _TYPES[dtype]) else None
