"""The commands about past runs: ``runs`` and ``forget``."""

from __future__ import annotations

from typing import Any, Final, Literal

import click

from findall_frames.cli.options import as_json, timeout
from findall_frames.cli.output import FAILED, print_json, print_lines, print_table, records, say

__all__ = ["forget", "runs"]

_MOST_ROWS: Final = 20


@click.command()
@click.option(
    "--by",
    type=click.Choice(["day", "search"]),
    help="Sum what was spent by day (in UTC) or by search.",
)
@click.option("--remote", is_flag=True, help="Ask the service for the runs of the account too.")
@as_json
@timeout
def runs(
    *, by: Literal["day", "search"] | None, remote: bool, as_json: bool, timeout: float | None
) -> int:
    """List the runs of this machine and what they cost.

    The latest are first. Costs are estimated, in US dollars. At most 20 rows are shown; --json
    has all.

    \b
    Examples:
      findall-frames runs
      findall-frames runs --by day --json
    """
    from findall_frames.running.past_runs import runs as past_runs

    listed = records(past_runs(by=by, remote=remote, timeout=timeout))
    if as_json:
        print_json(listed)
        return 0
    if not listed:
        print_lines("No runs.")
        return 0
    print_table(
        [_line(row) for row in listed],
        below=[] if by else [_name(row) for row in listed],
        most=_MOST_ROWS,
        rest_is_in="--json",
    )
    return 0


def _line(row: dict[str, Any]) -> dict[str, str]:
    """Return the columns that are shown of a run, or of a sum of runs."""
    matched, cost = row["matched_candidates_count"], row["cost"]
    counts = {
        "matches": "" if matched is None else f"{matched:,}",
        "cost": "" if cost is None else f"${cost:,.2f}",
    }
    if "day" in row:
        return {"day": (row["day"] or "")[:10], "runs": f"{row['runs']:,}", **counts}
    objective = {"objective": row["objective"] or ""}
    if "runs" in row:
        return {"runs": f"{row['runs']:,}", **counts, **objective}
    begun = row["created_at"] or row["modified_at"] or ""
    return {
        "created (UTC)": begun[:16].replace("T", " "),
        "status": row["status"] or "",
        **counts,
        **objective,
    }


def _name(row: dict[str, Any]) -> str:
    return row["findall_id"] or (f"token {row['token']}" if row["token"] else "")


@click.command()
@click.argument("findall_id", required=False)
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Forget the runs that were last seen and reviewed more than this many days ago.",
)
def forget(findall_id: str | None, *, older_than: float | None) -> int:
    """Delete runs from the ledger of this machine.

    Their results are deleted too. No run is cancelled. A run whose creation was never answered
    has no FINDALL_ID: pass its token, if you know that it does not exist.

    \b
    Examples:
      findall-frames forget findall_0f3a9c62d1e84b7c
      findall-frames forget --older-than 90
    """
    if (findall_id is None) == (older_than is None):
        raise click.UsageError("Pass the FINDALL_ID of a run, or --older-than DAYS.")
    from findall_frames.display.text import counted
    from findall_frames.running.past_runs import forget as forget_runs

    count = forget_runs(findall_id, older_than=older_than)
    if findall_id is not None and not count:
        say(f"The ledger of this machine has no run {findall_id!r}. findall-frames runs lists all.")
        return FAILED
    click.echo(f"Forgot {counted(count, 'run')}.")
    return 0
