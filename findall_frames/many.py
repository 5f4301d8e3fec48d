"""Many searches at one service, under one quota and one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa

from findall_frames.amounts import is_amount
from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.http import default_url
from findall_frames.display.matches import WITHOUT_RUN
from findall_frames.display.text import counted
from findall_frames.errors import (
    BudgetError,
    FindAllWarning,
    InvalidRequestError,
    PartialResultError,
    PartialResultWarning,
    RepeatedSearchWarning,
    RunTimeout,
    UnexpectedResponseError,
    advice,
    warn,
)
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.schema import SCHEMAS, empty_tables
from findall_frames.progress.board import board_for
from findall_frames.progress.displays import Display, Progress
from findall_frames.progress.update import Update
from findall_frames.running.arguments import UNSET, enrichment_names
from findall_frames.running.batch import Batch
from findall_frames.running.claims import known_run
from findall_frames.running.job import Job, Terms
from findall_frames.running.kept_reviews import with_reviews
from findall_frames.running.ledger import KeptResult, Ledger
from findall_frames.running.listed_searches import read_searches
from findall_frames.running.outcome import matches_missing, partial_result
from findall_frames.running.pricing import cost_of, has_prices, price_of
from findall_frames.running.spec import Search, completed_options
from findall_frames.services import is_own_data, service_for

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["find_many", "run_many"]

_LONGEST: Final = 200


def find_many(
    searches: Sequence[str | Search] | pd.DataFrame,
    *,
    max_active: int | None = None,
    budget: float | None = None,
    per_hour: int = 300,
    errors: Literal["collect", "raise"] = "collect",
    data: Any = UNSET,
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Run many searches to their ends and return the tables of all of them.

    What was started, and the results, are in the ledger of this machine. The same call again
    returns from there what is over, waits for what goes on and starts the rest: nothing is paid
    for twice, after an interrupt, a crash, or in two notebooks at once. To run a search that is
    over once more, use `refresh`, or `find_all`, whose run then takes the place of the older one.

    Parameters
    ----------
    searches : list of str and Search, or DataFrame
        Objectives, searches, or a table with one search per row. Its columns are arguments of
        `find_all`, from ``objective`` to ``memory_scope_key``; missing values are left out.
        No two may ask the same.
    max_active : int, optional
        How many runs may be active at a time; by default there is no limit.
    budget : float, optional
        In US dollars, for the runs of all these searches together, whichever call has created
        them. Before a run is created, the ceiling of its cost is reserved, and when it is over,
        what it did not cost is free again. A search is started when its ceiling fits in; those
        that never do are reported as errors. Own data costs nothing.
    per_hour : int
        The quota of the service: at most this many runs are created at it within an hour, those
        of other calls and processes on this machine included.
    errors : {"collect", "raise"}
        What to do in the end if a search has no whole result: warn, or raise. Its row in
        ``runs`` says why in ``error``.
    data, client, progress, timeout
        As in `find_all`. ``progress`` shows a line for each search, or, of more than twelve, for
        those that run or failed; a callable gets the updates of each run.

    Returns
    -------
    FindAllFrames
        ``runs`` has one row per search, in their order, with ``status``, ``cost`` (US dollars,
        estimated; missing where there are no published prices) and ``error``. A search without
        a run has the status ``not_started``, ``refused`` (by the service) or ``unknown`` (its
        creation was not answered, so the run may exist), and a ``findall_id`` that begins with
        ``search_``. ``matches`` has the ``objective`` of each match beside its ``findall_id``.

    Raises
    ------
    InvalidRequestError
        A search is invalid, two are equal, or the ledger is off; nothing was sent or spent.
    BudgetError
        A search could cost more than the whole budget, or the prices of the service are not
        known, as of any but the hosted one; nothing was spent.
    PartialResultError
        With ``errors="raise"``, at the end. It has the frames.
    RunTimeout
        The timeout has passed. The runs go on; the exception has the frames of those that are
        over.
    KeyboardInterrupt
        The kernel was interrupted. The runs go on, and the same call again continues.

    Warns
    -----
    PartialResultWarning
        Some searches have no whole result.
    RepeatedSearchWarning
        Results were taken from the ledger.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame(
    ...     {"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"]}
    ... )
    >>> frames = ff.find_many(
    ...     ["Find cities in Italy", "Find cities in Norway"], data=cities, progress=False
    ... )
    >>> frames.runs[["objective", "status", "matched_candidates_count"]]
                   objective     status  matched_candidates_count
    0   Find cities in Italy  completed                         2
    1  Find cities in Norway  completed                         1
    """
    deadline = Deadline.after(timeout)
    own_data = is_own_data(client, data)
    options, asked = read_searches(searches, own_data=own_data)
    return run_many(
        options,
        asked,
        max_active=max_active,
        budget=budget,
        per_hour=per_hour,
        errors=errors,
        data=data,
        client=client,
        progress=progress,
        deadline=deadline,
    )


def run_many(
    options: Sequence[dict[str, Any]],
    asked: Sequence[str],
    *,
    max_active: int | None,
    budget: float | None,
    per_hour: int,
    errors: Literal["collect", "raise"],
    data: Any,
    client: Client | None,
    progress: Progress | Display,
    deadline: Deadline,
) -> FindAllFrames:
    """Run searches as `find_many` does, each known in the ledger by a hash of your own.

    Parameters
    ----------
    options : sequence of dict
        The parameters of each search, as read.
    asked : sequence of str
        The hashes. A run that is in the ledger with one is taken and not created again.
    max_active, budget, per_hour, errors, data, client, progress
        As in `find_many`.
    deadline : Deadline
        When to stop.
    """
    own_data = is_own_data(client, data)
    _check(max_active=max_active, budget=budget, per_hour=per_hour, errors=errors)
    ledger = Ledger.of_this_machine()
    if not own_data:
        if ledger.path is None:
            raise InvalidRequestError(
                "What was started, the quota and the budget are kept in the ledger, which is "
                "switched off. Unset FINDALL_FRAMES_LEDGER"
                + advice(", or use ff.find_all for each search.", command=".")
            )
        if budget is not None:
            service_url = default_url() if client is None else client.base_url
            _check_ceilings(budget, options, service=service_url)
    with (
        closing(board_for(progress, goes_on=not own_data)) as board,
        service_for(client, data) as service,
    ):
        jobs = [
            Job(
                each,
                key,
                Update("", each["objective"], service.base_url, "waiting"),
                search=Search(**each) if "match_conditions" in each else None,
            )
            for each, key in zip(options, asked, strict=True)
        ]
        board.begin(job.update for job in jobs)
        if not own_data:
            _take_known(jobs, ledger, service=service.base_url)
        numbers = {id(job): number for number, job in enumerate(jobs)}

        def show(job: Job | None, held_up: str) -> None:
            board.show(
                None if job is None else numbers[id(job)],
                None if job is None else job.update,
                held_up=held_up,
            )

        for job in jobs:
            show(job, "")

        def draft(job: Job) -> Search:
            drafted = service.ingest(job.options["objective"], timeout=deadline.timeout)
            return Search(**completed_options(job.options, drafted))

        batch = Batch(
            jobs,
            client=service,
            terms=Terms(tuple(asked), max_active, None if own_data else budget, per_hour),
            draft=draft,
            show=show,
            deadline=deadline,
        )
        try:
            batch.run()
        except KeyboardInterrupt as interrupt:
            left = _left(jobs, batch.held_up)
            interrupt.add_note(f"{left} {_ANEW if own_data else _AGAIN}")
            raise
        frames = _together(jobs, service=service.base_url)
    if not all(job.is_over for job in jobs):
        raise RunTimeout(
            f"Time is up. {_left(jobs, batch.held_up)} What is over is in the exception's .frames. "
            f"{_ANEW if own_data else _AGAIN}",
            frames=frames,
        )
    _report(jobs, frames, errors=errors)
    return frames


_AGAIN: Final = (
    "The same call again returns what is over, waits for what goes on and starts the rest; "
    "nothing is paid for twice."
)
_ANEW: Final = "The same call again searches all of your data anew."


# -- the arguments -------------------------------------------------------------------------------


def _check(*, max_active: int | None, budget: float | None, per_hour: int, errors: str) -> None:
    if errors not in ("collect", "raise"):
        raise InvalidRequestError(f"errors is {errors!r}. Expected 'collect' or 'raise'.")
    counts = {"per_hour": per_hour, **({} if max_active is None else {"max_active": max_active})}
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InvalidRequestError(f"{name} must be a whole number from 1, not {value!r}.")
    if budget is not None and not is_amount(budget):
        raise InvalidRequestError(f"budget must be an amount in US dollars, not {budget!r}.")


def _check_ceilings(budget: float, options: Sequence[Mapping[str, Any]], *, service: str) -> None:
    if not has_prices(service):
        raise BudgetError(
            f"The prices of the service at {service} are not known, so the budget of "
            f"${float(budget):,.2f} can't be kept there. Nothing was started. Leave the budget "
            "out to start the searches anyway."
        )
    for each in options:
        cost = cost_of(each)
        if cost.ceiling > budget:
            raise BudgetError(
                f"The search {each['objective']!r:.{_LONGEST}} could cost {cost}, and the budget "
                f"for all searches is ${float(budget):,.2f}. Nothing was started. Lower its match "
                "limit, use a cheaper generator, or raise the budget."
            )


# -- what is known already -----------------------------------------------------------------------


def _take_known(jobs: Sequence[Job], ledger: Ledger, *, service: str) -> None:
    """Give jobs the results that are in the ledger, and the ids of runs to wait for."""
    taken: list[datetime] = []
    for job in jobs:
        known = known_run(ledger, job.asked, service=service)
        if known is None or known.findall_id is None:
            continue
        job.findall_id = known.findall_id
        job.update = replace(job.update, findall_id=known.findall_id, status="known")
        result = ledger.result_of(known.findall_id, service=service) if known.is_over else None
        if result is not None and _take_kept(job, result):
            taken.append(result.fetched_at)
    if taken:
        warn(
            f"{len(taken)} of {counted(len(jobs), 'search')} were run before; their results are "
            f"from the ledger, at no cost, the oldest of {min(taken):%Y-%m-%d %H:%M} UTC."
            + advice(
                " ff.refresh(frames.for_run(findall_id)) looks for what is new.",
                command="",
            ),
            RepeatedSearchWarning,
        )


def _take_kept(job: Job, kept: KeptResult) -> bool:
    """Take a kept result if it is whole; the service is asked otherwise."""
    try:
        frames = flatten(
            kept.body, schema=kept.schema, service=kept.service, fetched_at=kept.fetched_at
        )
    except UnexpectedResponseError:
        return False
    if matches_missing(frames, kept.status) or _lacks_enrichments(job, kept):
        return False
    job.frames = frames
    price = price_of(kept.schema, service=kept.service) if kept.schema else None
    job.update = replace(
        job.update,
        matched=kept.matched,
        cost=None if price is None else price.after(kept.matched),
        generated=kept.status.metrics.generated_candidates_count,
        termination_reason=kept.status.termination_reason,
    )
    job.end(kept.status.status, partial_result(kept.findall_id, kept.status))
    return True


def _lacks_enrichments(job: Job, kept: KeptResult) -> bool:
    """Return True if a call that was interrupted has created the run without some of them."""
    wanted = enrichment_names(job.options.get("enrichments") or [])
    known = enrichment_names((kept.schema.enrichments if kept.schema else None) or [])
    return not set(wanted) <= set(known)


# -- the result ----------------------------------------------------------------------------------


def _together(jobs: Sequence[Job], *, service: str) -> FindAllFrames:
    """Return the frames of all jobs, with a row of `runs` for each, in their order."""
    frames = FindAllFrames.concat(
        job.frames if job.frames is not None else _row_alone(job, service=service) for job in jobs
    )
    columns: dict[str, list[Any]] = {
        "cost": [job.update.cost for job in jobs],
        "error": [job.error for job in jobs],
    }
    runs = frames.tables["runs"]
    for name, values in columns.items():
        at = runs.schema.get_field_index(name)
        runs = runs.set_column(
            at, runs.schema.field(at), pa.array(values, runs.schema.field(at).type)
        )
    frames = FindAllFrames({**frames.tables, "runs": runs}, searches=frames.searches)
    return with_reviews(frames, ledger=Ledger.of_this_machine())


def _row_alone(job: Job, *, service: str) -> FindAllFrames:
    """Return frames of a search without a result: its row of `runs`, and nothing else."""
    # A row needs a key of its own, also where there is no run.
    findall_id = job.findall_id or f"{WITHOUT_RUN}{job.asked[:32]}"
    row = {
        "findall_id": findall_id,
        "objective": job.options["objective"],
        "entity_type": job.options.get("entity_type"),
        "generator": job.options.get("generator", "core"),
        "match_limit": job.options.get("match_limit"),
        "status": job.update.status if job.is_over or job.findall_id else "not_started",
        "matched_candidates_count": job.update.matched if job.findall_id else None,
        "generated_candidates_count": job.update.generated if job.findall_id else None,
        "service": service,
    }
    tables = {**empty_tables(), "runs": pa.Table.from_pylist([row], schema=SCHEMAS["runs"])}
    return FindAllFrames(tables)


def _left(jobs: Sequence[Job], held_up: str) -> str:
    over = sum(job.is_over for job in jobs)
    active = sum(job.findall_id is not None and not job.is_over for job in jobs)
    why = f": {held_up}" if held_up else ""
    return (
        f"{over:,} of {counted(len(jobs), 'search')} over, {active:,} still running, "
        f"{len(jobs) - over - active:,} not started{why}."
    )


def _report(jobs: Sequence[Job], frames: FindAllFrames, *, errors: str) -> None:
    """Warn, or raise with the frames, if searches have no whole result."""
    failed = [job for job in jobs if job.error]
    if failed:
        objective = f"{failed[0].options['objective']:.{_LONGEST}}"
        has = "has" if len(failed) == 1 else "have"
        message = (
            f"{len(failed)} of {counted(len(jobs), 'search')} {has} no whole result; "
            + advice(
                "frames.runs has the reasons in its column error",
                command="each is shown with its reason",
            )
            + f". The first is {objective!r}: {failed[0].error}"
        )
        if errors == "raise":
            raise PartialResultError(message, frames=frames)
        warn(message, PartialResultWarning)
    if frames.warnings:
        warn("\n".join(["Of the service:", *frames.warnings]), FindAllWarning)
