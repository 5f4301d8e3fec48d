"""The commands for a scheduler such as cron: ``save`` and ``refresh``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from findall_frames.cli.options import (
    as_json,
    budget,
    chosen_service,
    own_data_options,
    search_arguments,
    search_options,
    waiting_options,
)
from findall_frames.cli.output import (
    FAILED,
    INTERRUPTED,
    NOTHING_NEW,
    PROGRESS,
    print_json,
    print_lines,
    print_table,
    say,
)

if TYPE_CHECKING:
    from findall_frames.frames.frames import FindAllFrames

__all__ = ["refresh", "save"]

_lake = click.argument("lake", type=click.Path(file_okay=False, path_type=Path))


@click.command()
@_lake
@click.argument("name")
@click.argument("objective")
@own_data_options
@search_options
@waiting_options
def save(
    lake: Path,
    name: str,
    objective: str,
    *,
    corpus: str | None,
    name_column: str | None,
    model: str | None,
    columns: Path | None,
    timeout: float | None,
    progress: str,
    **search: Any,
) -> int:
    """Save a search under NAME in the folder LAKE, for refresh.

    Conditions that are left out are drafted now, so that each refresh asks the same. With
    --local, one that the data cannot answer is refused. The search is the file
    LAKE/searches/NAME.json, which can be edited and deleted.

    \b
    Example:
      findall-frames save market ai_companies --match-limit 50 \\
          "Find AI companies that raised a Series A in 2024"
    """
    from findall_frames.lake.lake import open_lake
    from findall_frames.running.pricing import estimate_cost
    from findall_frames.running.spec import Search
    from findall_frames.search import draft

    opened = open_lake(lake)
    arguments = search_arguments(own_data=corpus is not None, **search)
    with chosen_service(corpus, name_column=name_column, model=model, columns=columns) as client:
        if "match_conditions" in arguments:
            made = Search(objective, **arguments)
        else:
            made = draft(objective, client=client, progress=PROGRESS[progress], timeout=timeout)
            for option, value in arguments.items():
                setattr(made, option, value)
        price = f"A refresh costs {estimate_cost(made)}." if corpus is None else ""
        opened.save(made, name=name, client=client, timeout=timeout)
    click.echo(f"Saved as {name} in {lake}:")
    print_lines(*(f"  {line}" for line in repr(made).splitlines()))
    if price:
        print_lines(price)
    return 0


@click.command()
@_lake
@click.option(
    "--search",
    "names",
    multiple=True,
    metavar="NAME",
    help="Run only this saved search. Can be repeated.",
)
@click.option(
    "--per-hour",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    help="The quota of the service: start at most this many runs in an hour.",
)
@budget
@own_data_options
@as_json
@waiting_options
def refresh(
    lake: Path,
    *,
    names: tuple[str, ...],
    per_hour: int,
    budget: float | None,
    corpus: str | None,
    name_column: str | None,
    model: str | None,
    columns: Path | None,
    as_json: bool,
    timeout: float | None,
    progress: str,
) -> int:
    """Run saved searches again, and show what is new.

    The runs are added to the folder LAKE. What matched before is excluded. The budget is for
    all searches together. If this is interrupted or killed, or runs twice at once, the same
    command waits for the runs that go on and starts none of them again.

    \b
    Exit status:
      0  there are new matches
      1  a search failed, or has no whole result; the others are in the lake, and
         what is new in them is shown
      3  nothing is new

    \b
    Examples:
      findall-frames refresh market --budget 20
      findall-frames refresh market --search ai_companies --json > new.json
      findall-frames refresh shops --local "data/*.csv"
    """
    from findall_frames.errors import FindAllError, RunTimeout
    from findall_frames.lake.lake import open_lake

    try:
        opened = open_lake(lake)
        wanted = list(dict.fromkeys(names)) or list(opened.searches)
        with chosen_service(
            corpus, name_column=name_column, model=model, columns=columns
        ) as client:
            frames = opened.refresh(
                wanted,
                budget=budget,
                per_hour=per_hour,
                client=client,
                progress=PROGRESS[progress],
                timeout=timeout,
            )
    except (KeyboardInterrupt, RunTimeout) as error:
        is_late = isinstance(error, RunTimeout)
        again = "The same command continues: nothing is paid for twice."
        if corpus is not None:
            again = "The local runs have ended with this command."
        say(f"{'Time is up' if is_late else 'Interrupted'}. Nothing was added to {lake}. {again}")
        return FAILED if is_late else INTERRUPTED
    except FindAllError as error:
        if as_json:
            nothing = {"lake": str(lake), "new": 0, "cost": None, "searches": []}
            print_json({**nothing, "error": str(error)})
        raise
    searches = dict(zip(wanted, map(frames.for_run, frames.findall_ids), strict=True))
    if as_json:
        print_json(_record(searches, lake=lake))
    else:
        _print(searches, lake=lake)
    if any(frames.tables["runs"]["error"].to_pylist()):
        return FAILED
    return 0 if len(frames) else NOTHING_NEW


def _cost(searches: dict[str, FindAllFrames]) -> float | None:
    """Return what all runs cost in US dollars, None where there are no published prices."""
    costs = [each.tables["runs"]["cost"][0].as_py() for each in searches.values()]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None


def _record(searches: dict[str, FindAllFrames], *, lake: Path) -> dict[str, Any]:
    from findall_frames.display.matches import result_record

    return {
        "lake": str(lake),
        "new": sum(map(len, searches.values())),
        "cost": _cost(searches),
        "searches": [
            {"search": name, **result_record(frames.tables)} for name, frames in searches.items()
        ],
    }


def _print(searches: dict[str, FindAllFrames], *, lake: Path) -> None:
    from findall_frames.display.text import about_cost, counted, joined

    for name, frames in searches.items():
        (run,) = frames.tables["runs"].to_pylist()
        found = f"{len(frames):,} new" if len(frames) else "nothing new"
        print_lines(
            joined(
                f"{name}: {found}" if run["fetched_at"] is not None else f"{name}: no result",
                run["status"],
                about_cost(run["cost"]),
            ),
            *([f"  {run['error']}"] if run["error"] else []),
        )
        if len(frames):
            rows = [
                {"name": each["name"] or "", "url": each["url"] or ""}
                for each in frames.tables["candidates"].to_pylist()
                if each["match_status"] == "matched"
            ]
            print_table(rows, rest_is_in=f"{lake}; --json prints all")
            print_lines("")
    new = sum(map(len, searches.values()))
    print_lines(
        joined(
            f"{counted(new, 'new match')} of {counted(len(searches), 'search')}",
            about_cost(_cost(searches)),
        )
    )
