"""What the user sees of the ledger: a table of the runs in it, and a way to delete them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from findall_frames.display.text import counted
from findall_frames.errors import InvalidRequestError, LedgerWarning, warn
from findall_frames.frames.convert import dataframe_of
from findall_frames.running.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["forget", "runs"]


def runs() -> pd.DataFrame:
    """List every run that was started or waited for on this machine, the latest first.

    The API has no list of runs; these are the runs in the ledger. It is in the user's state
    folder, or where ``FINDALL_FRAMES_HOME`` says; ``FINDALL_FRAMES_LEDGER=off`` switches it off.

    Returns
    -------
    DataFrame
        One row per run. The columns that ``frames.runs`` has too mean the same:
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

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> frames = ff.find_all("Find cities in Italy", data=cities, progress=False)
    >>> ff.runs().loc[0, ["objective", "status"]].tolist()
    ['Find cities in Italy', 'completed']
    """
    import pandas as pd

    ledger = Ledger.of_this_machine()
    rows = ledger.rows()
    cleaned = [
        {name: _clean(row.get(column), dtype) for name, (column, dtype) in _COLUMNS.items()}
        for row in rows
    ]
    damaged = sum(
        row.get(column) is not None and clean[name] is None
        for row, clean in zip(rows, cleaned, strict=True)
        for name, (column, _) in _COLUMNS.items()
    )
    listed = dataframe_of(cleaned, dtypes={name: dtype for name, (_, dtype) in _COLUMNS.items()})
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
    return listed


def forget(findall_id: str | None = None, *, older_than: float | timedelta | None = None) -> int:
    """Delete runs from the ledger of this machine, with their results.

    Nothing is cancelled and nothing sent: a run goes on, but only its service knows it.

    Parameters
    ----------
    findall_id : str, optional
        The run to forget.
    older_than : float or timedelta, optional
        Days. Runs that were started or seen since then are kept.

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
