"""The ledger as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from findall_frames.running.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["runs"]


def runs() -> pd.DataFrame:
    """List every run that was started or waited for on this machine, the latest first.

    The API has no list of runs; this is the ledger's. It lies in the state folder of the user,
    or where ``FINDALL_FRAMES_HOME`` says; ``FINDALL_FRAMES_LEDGER=off`` switches it off.

    Returns
    -------
    DataFrame
        One row per run: ``findall_id`` (str; missing when a creation was never answered),
        ``objective``, ``entity_type``, ``generator``, ``status``, ``termination_reason``,
        ``service``, ``token`` (str), ``match_limit``, ``matched``, ``generated`` (Int64),
        ``cost`` and ``cost_ceiling`` (Float64, US dollars, estimated; missing where there are no
        published prices), ``started_at`` and ``updated_at`` (datetime64[us, UTC]),
        ``has_result`` (boolean: `resume` asks nobody). A ``status`` of ``"unknown"`` without an
        id is a creation whose answer was lost, and ``"refused"`` one that did not happen.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> with ff.local(cities) as client:
    ...     frames = ff.find_all("Find cities in Italy", client=client, progress=False)
    >>> ff.runs().loc[0, ["objective", "status"]].tolist()
    ['Find cities in Italy', 'completed']
    """
    import pandas as pd

    rows = Ledger.of_this_machine().rows()
    columns = {
        name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in _DTYPES.items()
    }
    for name in ("started_at", "updated_at"):
        columns[name] = pd.to_datetime(columns[name], utc=True).astype("datetime64[us, UTC]")
    return pd.DataFrame(columns)


_DTYPES: Final = {
    "findall_id": "str",
    "objective": "str",
    "entity_type": "str",
    "generator": "str",
    "match_limit": "Int64",
    "status": "str",
    "termination_reason": "str",
    "matched": "Int64",
    "generated": "Int64",
    "cost": "Float64",
    "cost_ceiling": "Float64",
    "started_at": "str",
    "updated_at": "str",
    "has_result": "boolean",
    "service": "str",
    "token": "str",
}
