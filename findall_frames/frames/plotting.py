"""Draws the tables: what ``frames.plot`` offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from findall_frames.api.models import parse_time
from findall_frames.display.matches import match_count
from findall_frames.errors import InvalidRequestError, MissingExtraError
from findall_frames.frames.from_events import entry_of
from findall_frames.frames.lookup import with_match_status

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Plots"]


class Plots:
    """Plots of frames; each is a matplotlib figure, to be shown, changed or saved.

    They are drawn without pyplot, so that nothing is shown twice and nothing has to be closed. A
    cell that ends in a figure shows it; ``figure.savefig("funnel.png")`` saves it, and
    ``figure.axes`` are there to be changed.

    Parameters
    ----------
    tables : mapping of str to Table
        ``runs``, ``candidates``, ``fields`` and ``citations``.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.

    Examples
    --------
    >>> from findall_frames.frames.flatten import flatten
    >>> run = {
    ...     "findall_id": "findall_1",
    ...     "status": {"status": "completed", "is_active": False, "metrics": {}},
    ...     "generator": "core",
    ... }
    >>> frames = flatten({"run": run, "candidates": []})
    >>> type(frames.plot.funnel()).__mro__[1]
    <class 'matplotlib.figure.Figure'>
    """

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        if find_spec("matplotlib") is None:
            raise MissingExtraError(
                "Plots need matplotlib, which is not installed: "
                'pip install "findall-frames[plot]". The tables and explore() need nothing more.'
            )
        self._tables = tables

    def __repr__(self) -> str:
        return "Plots: funnel(), confidence(), domains(), timeline()"

    def funnel(self) -> Figure:
        """Draw how many candidates were generated, evaluated and matched.

        Below: how many meet each condition, which shows the hardest one.
        """
        from findall_frames.display.plots import funnel_chart

        return funnel_chart(self._tables)

    def confidence(self, *, match_status: str | None = "matched") -> Figure:
        """Draw candidates by fields: how sure each is, and how many sources it has.

        Parameters
        ----------
        match_status : str or None
            Only candidates with this match_status; None for all of them.

        Returns
        -------
        matplotlib.figure.Figure
            At most 40 candidates, those with the thinnest evidence, and 12 fields; a note says
            what is not shown.

        Raises
        ------
        InvalidRequestError
            There is no such `match_status`.
        """
        candidates = with_match_status(self._tables["candidates"], match_status)
        from findall_frames.display.plots import confidence_chart

        return confidence_chart(self._tables, candidates=candidates)

    def domains(self) -> Figure:
        """Draw how many citations are of each domain: the 20 most cited."""
        from findall_frames.display.plots import domains_chart

        return domains_chart(self._tables)

    def timeline(self, events: Iterable[Any] | None = None) -> Figure:
        """Draw matches over time.

        Parameters
        ----------
        events : iterable of events, optional
            Those of one run, from ``run.events()``, the official SDK or decoded JSON: the plot
            shows how the numbers of candidates and matches grew. Without events it shows the
            matches of several runs, each at the time when it was created.

        Raises
        ------
        InvalidRequestError
            There is one run and no events: a result does not say when each match was found.
        """
        from findall_frames.display.plots import growth_chart, runs_chart

        if events is not None:
            generated, matched = _times_of(events)
            return growth_chart(self._tables, generated=generated, matched=matched)
        if len(self._tables["runs"]) == 1 and match_count(self._tables):
            raise InvalidRequestError(
                "A result does not say when each match was found, only the events of the run do: "
                "frames.plot.timeline(run.events()), where run is what ff.start gave, or "
                "ff.Run(frames.findall_id, client=ff.Client()). Without events, timeline "
                "compares several runs: FindAllFrames.concat([old, new]).plot.timeline()."
            )
        return runs_chart(self._tables)


def _times_of(events: Iterable[Any]) -> tuple[list[datetime], list[datetime]]:
    """Return the times at which candidates were first mentioned and became matches."""
    generated: dict[str, datetime] = {}
    matched: dict[str, datetime] = {}
    for event in events:
        entry = entry_of(event)
        if entry is None:
            raise InvalidRequestError(
                f"timeline takes the events of a run, and was given a {type(event).__name__}. "
                "Pass run.events(), or the JSON of events as dicts."
            )
        data = entry.get("data")
        time = parse_time(entry.get("timestamp"))
        if time is None or not isinstance(data, Mapping) or "candidate_id" not in data:
            continue
        generated.setdefault(data["candidate_id"], time)
        if data.get("match_status") == "matched":
            matched.setdefault(data["candidate_id"], time)
    return list(generated.values()), list(matched.values())
