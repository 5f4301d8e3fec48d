"""The commands about one search: ``run``, ``resume``, ``extend``, ``cancel``, ``estimate`` ..."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from findall_frames.cli.options import (
    as_json,
    budget,
    chosen_service,
    condition_options,
    own_data_options,
    price_options,
    result_options,
    search_arguments,
    search_options,
    timeout,
    waiting_options,
)
from findall_frames.cli.output import PROGRESS, Watch, finish, print_json, print_lines, records

__all__ = ["cancel", "estimate", "explain", "extend", "resume", "run"]

_COUNTS: Final = ("true", "false", "unknown")


@click.command()
@click.argument("objective")
@own_data_options
@search_options
@budget
@click.option(
    "--reuse",
    is_flag=True,
    help="Return the result of an equal search from the ledger, if there is one.",
)
@result_options
def run(
    objective: str,
    *,
    corpus: str | None,
    name_column: str | None,
    model: str | None,
    columns: Path | None,
    budget: float | None,
    reuse: bool,
    out: Path | None,
    as_json: bool,
    timeout: float | None,
    progress: str,
    **search: Any,
) -> int:
    """Search for OBJECTIVE and show the matches.

    \b
    Examples:
      findall-frames run "Find installed packages with an MIT license" \\
          --local packages
      findall-frames run "Find AI companies that raised a Series A in 2024" \\
          --match-limit 50 --budget 10 --out series_a
    """
    from findall_frames.search import find_all

    arguments = search_arguments(own_data=corpus is not None, **search)
    watch = Watch(progress, is_local=corpus is not None)
    with chosen_service(corpus, name_column=name_column, model=model, columns=columns) as client:
        return finish(
            watch,
            lambda: find_all(
                objective,
                client=client,
                budget=budget,
                reuse=reuse,
                timeout=timeout,
                progress=watch,
                **arguments,
            ),
            out=out,
            as_json=as_json,
        )


@click.command()
@click.argument("findall_id")
@result_options
def resume(
    findall_id: str, *, out: Path | None, as_json: bool, timeout: float | None, progress: str
) -> int:
    """Wait for a run that goes on, or show its result.

    \b
    Example:
      findall-frames resume findall_0f3a9c62d1e84b7c --out series_a
    """
    from findall_frames.continuing import resume as resume_run

    watch = Watch(progress, is_local=False)
    return finish(
        watch,
        lambda: resume_run(findall_id, progress=watch, timeout=timeout),
        out=out,
        as_json=as_json,
    )


@click.command()
@click.argument("findall_id")
@click.argument("matches", type=click.IntRange(min=1))
@budget
@result_options
def extend(
    findall_id: str,
    matches: int,
    *,
    budget: float | None,
    out: Path | None,
    as_json: bool,
    timeout: float | None,
    progress: str,
) -> int:
    """Add matches to a finished run; each costs money.

    Adds up to MATCHES to the run FINDALL_ID, and shows the whole result.

    \b
    Example:
      findall-frames extend findall_0f3a9c62d1e84b7c 20 --budget 5
    """
    from findall_frames.continuing import extend as extend_run

    watch = Watch(progress, is_local=False)
    return finish(
        watch,
        lambda: extend_run(findall_id, matches, budget=budget, progress=watch, timeout=timeout),
        out=out,
        as_json=as_json,
    )


@click.command()
@click.argument("findall_id")
@as_json
@timeout
def cancel(findall_id: str, *, as_json: bool, timeout: float | None) -> int:
    """Stop a run for good.

    Its matches so far are kept. Work done so far is billed, and a cancelled run can't be
    extended.

    \b
    Example:
      findall-frames cancel findall_0f3a9c62d1e84b7c
    """
    from findall_frames.continuing import cancel as cancel_run
    from findall_frames.display.text import one_line

    status = cancel_run(findall_id, timeout=timeout).status
    if as_json:
        print_json({"findall_id": findall_id, "status": status.status})
    else:
        click.echo(f"Run {findall_id}: {one_line(status.status)}")
        click.echo(f"Its matches: findall-frames resume {findall_id}")
    return 0


@click.command()
@price_options
@as_json
def estimate(*, as_json: bool, **priced: Any) -> int:
    """Estimate what a search costs; nothing is sent.

    Prices are those of the hosted service. Own data costs nothing.

    \b
    Example:
      findall-frames estimate --match-limit 50 --enrich "ceo: Name of the CEO"
    """
    from findall_frames.running.arguments import read_options
    from findall_frames.running.pricing import cost_of

    cost = cost_of(read_options(search_arguments(**priced)))
    if as_json:
        print_json({**asdict(cost), "as_of": cost.as_of.isoformat()})
    else:
        print_lines(str(cost)[0].upper() + str(cost)[1:])
    return 0


@click.command()
@click.argument("objective")
@own_data_options
@condition_options
@as_json
@waiting_options
def explain(
    objective: str,
    *,
    corpus: str | None,
    name_column: str | None,
    model: str | None,
    columns: Path | None,
    as_json: bool,
    timeout: float | None,
    progress: str,
    **conditions: Any,
) -> int:
    """Show how own data reads the conditions of a search.

    Nothing is searched. Without --condition, the conditions are drafted from OBJECTIVE.

    \b
    Example:
      findall-frames explain "Find countries in Europe" --local countries.csv
    """
    from findall_frames.running.spec import Search
    from findall_frames.search import explain as explain_search

    arguments = search_arguments(**conditions)
    asked = Search(objective, **arguments) if "match_conditions" in arguments else objective
    with chosen_service(corpus, name_column=name_column, model=model, columns=columns) as client:
        readings = records(
            explain_search(asked, client=client, progress=PROGRESS[progress], timeout=timeout)
        )
    if as_json:
        print_json(readings)
        return 0
    for each in readings:
        print_lines(f"{each['condition']}: {each['status']}", *_reading_lines(each))
    return 0


def _reading_lines(reading: dict[str, Any]) -> list[str]:
    """Return what is known of a reading, a line each."""
    counts = [f"{reading[name]:,} {name}" for name in _COUNTS if reading[name] is not None]
    facts = {
        "read as": reading["sql"],
        "rows": ", ".join(counts),
        "assumed": reading["assumptions"],
        "note": reading["note"],
    }
    return [f"  {name}: {fact}" for name, fact in facts.items() if fact]
