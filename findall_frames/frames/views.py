"""The ways in which tables are looked at: as text, in a notebook, with widgets and as plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.display.html import frames_html
from findall_frames.display.matches import match_count
from findall_frames.display.text import counted, one_line, shortened
from findall_frames.frames.plotting import Plots
from findall_frames.frames.warned import warnings_of

if TYPE_CHECKING:
    from findall_frames.display.explorer import Explorer

__all__ = ["Views"]


class Views:
    """What a person sees of `FindAllFrames`; not made by itself.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        The tables in Arrow.
    """

    tables: Mapping[str, pa.Table]

    def explore(self) -> Explorer:
        """Look through the candidates in a notebook: search, filters, and the evidence of each.

        Returns
        -------
        Explorer
            Widgets, which a cell shows that ends in them. ``left`` and ``chosen`` tell what has
            been found with them, by findall_id and candidate_id. Where no widgets can be shown,
            there is a table and a word on what to do.

        Examples
        --------
        >>> from findall_frames.frames.flatten import flatten
        >>> run = {
        ...     "findall_id": "findall_1",
        ...     "status": {"status": "completed", "is_active": False, "metrics": {}},
        ...     "generator": "core",
        ... }
        >>> flatten({"run": run, "candidates": []}).explore()
        Explorer: 0 of 0 candidates; 0 matches among 0 candidates; completed
        """
        # Only here: loading the widgets takes longer than all that the tables need.
        from findall_frames.display.explorer import Explorer

        return Explorer(self.tables)

    @property
    def plot(self) -> Plots:
        """Plots of the tables, as matplotlib figures: ``frames.plot.funnel()`` and others.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        return Plots(self.tables)

    def __repr__(self) -> str:
        fields = pc.unique(self.tables["fields"]["field"]).to_pylist()
        rows = {name: counted(table.num_rows, "row") for name, table in self.tables.items()}
        warnings = warnings_of(self.tables["runs"])
        return "\n".join(
            [
                f"FindAllFrames: {self._summary()}",
                "  .matches     one row per match, one column per field",
                f"  .candidates  {rows['candidates']}",
                f"  .fields      {rows['fields']}{_named(fields)}",
                f"  .citations   {rows['citations']}",
                f"  .runs        {rows['runs']}",
                *(f"  warning: {shortened(one_line(each), limit=300)}" for each in warnings),
            ]
        )

    def _repr_html_(self) -> str:
        return frames_html(self.tables, warnings=warnings_of(self.tables["runs"]))

    def _summary(self) -> str:
        matches = counted(match_count(self.tables), "match")
        found = f"{matches} of {counted(len(self.tables['candidates']), 'candidate')}"
        runs = self.tables["runs"].to_pylist()
        if len(runs) != 1:
            return f"{found} in {counted(len(runs), 'run')}"
        (run,) = runs
        reason = run["termination_reason"]
        ended = f"{run['status']} ({reason})" if reason else run["status"]
        return f"{found}, {one_line(ended)}, {one_line(run['findall_id'])}"


def _named(names: Sequence[str]) -> str:
    """Name the first few of what is in a table."""
    if not names:
        return ""
    return f": {one_line(', '.join(names[:6]))}" + (", ..." if len(names) > 6 else "")
