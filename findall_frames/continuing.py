"""The blocking helpers for a run that is there already: wait for it, go on with it, stop it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TypeAlias

from findall_frames.api.address import default_url
from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import FindAllRun
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.base import Display
from findall_frames.progress.choose import Progress, display_for
from findall_frames.running.ledger import Ledger
from findall_frames.running.outcome import Errors, check_errors
from findall_frames.running.pricing import check_enrichment_budget, check_extension_budget
from findall_frames.running.readings import Enrichments, read_enrichments, read_whole_number
from findall_frames.running.run import Run
from findall_frames.search import service_for, taken_from_ledger

__all__ = ["FramesOrId", "cancel", "demand_service_of", "enrich", "extend", "id_of", "resume"]

FramesOrId: TypeAlias = FindAllFrames | str
"""A run: its id, or the frames that hold it."""


def resume(
    findall_id: str,
    *,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Go on waiting for a run that was started earlier, here or elsewhere.

    The result of a run that this machine has seen finish is in the ledger: it is taken from
    there, and no service is asked. ``ff.Run(findall_id, client=...).frames()`` asks anew.

    Parameters
    ----------
    findall_id : str
        The run; it stands in the first line that a search prints, and in every exception.
    errors, client, progress, timeout
        As in `find_all`. The service has to be the one that has the run.

    Returns
    -------
    FindAllFrames
        As from `find_all`. A run that is over already is fetched at once.

    Raises
    ------
    NotFoundError
        The service does not know the run.
    InvalidRequestError
        No client was passed, and the run is known to be at another service than the default.
    FindAllError
        As `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> with ff.local(cities) as client:
    ...     run = ff.start(ff.draft("Find cities in Italy", client=client), client=client)
    ...     frames = ff.resume(run.findall_id, client=client, progress=False)
    >>> frames.matches["name"].tolist()
    ['Rome']
    """
    deadline = Deadline.after(timeout)
    check_errors(errors)
    display = display_for(progress)
    ledger = Ledger.of_this_machine()
    with closing(display):
        kept = ledger.result_of(findall_id, service=client.base_url if client else None)
        if kept is not None:
            return taken_from_ledger(kept, display, errors=errors)
        if client is None:
            _demand_default_service(findall_id, ledger.services_of(findall_id))
        with service_for(client) as service:
            run = Run.attach(findall_id, client=service, deadline=deadline)
            return run.watch(display, deadline=deadline, errors=errors)


def extend(
    frames_or_id: FramesOrId,
    n: int,
    *,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Let a finished run look for more matches, and wait for them; each costs money.

    Parameters
    ----------
    frames_or_id : FindAllFrames or str
        The run; frames have to hold just one.
    n : int
        How many more matches at the most, at least 1.
    budget : float, optional
        US dollars; if the further matches can cost more, nothing is asked for.
    errors, client, progress, timeout
        As in `find_all`. The service has to be the one that has the run.

    Returns
    -------
    FindAllFrames
        All that the run has found, what it had found before included.

    Raises
    ------
    InvalidRequestError
        `n` is no number of matches, or there is no telling which run of which service is meant;
        nothing was sent and nothing was spent.
    BudgetError
        It could cost more than `budget`; nothing was spent.
    RefusedError
        The run cannot be extended, as after a preview or a low match rate.
    AmbiguousCreateError
        The request may have arrived and the answer was lost; it was not sent again.
    FindAllError
        As `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> sizes = pd.DataFrame({"name": [f"N{n}" for n in range(9)], "size": range(9)})
    >>> with ff.local(sizes) as client:
    ...     frames = ff.find_all("Find things with a size of at least 1", match_limit=5,
    ...                          client=client, progress=False)
    ...     more = ff.extend(frames, 2, client=client, progress=False)
    >>> len(frames.matches), len(more.matches)
    (5, 7)
    """
    more = read_whole_number(n, what="n, the number of further matches,")
    if more < 1:
        raise InvalidRequestError(f"n is {n}; to extend a run, ask for at least 1 further match.")

    def ask(run: Run, deadline: Deadline) -> None:
        if budget is not None:
            schema = run.client.schema(run.findall_id, timeout=deadline.timeout)
            check_extension_budget(budget, schema, additional_match_limit=more)
        run.extend(more, deadline=deadline)

    return _go_on(
        frames_or_id, ask, errors=errors, client=client, progress=progress, timeout=timeout
    )


def enrich(
    frames_or_id: FramesOrId,
    enrichments: Enrichments,
    *,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Add columns to the matches of a finished run, and wait for them; each costs money.

    Parameters
    ----------
    frames_or_id : FindAllFrames or str
        The run; frames have to hold just one.
    enrichments : dict, JSON Schema or class
        As in `find_all`, at least one.
    budget : float, optional
        US dollars; if the columns can cost more for the matches that there are, nothing is asked
        for.
    errors, client, progress, timeout
        As in `find_all`. The service has to be the one that has the run.

    Returns
    -------
    FindAllFrames
        All that the run has found, with the new fields.

    Raises
    ------
    InvalidRequestError
        `enrichments` are not of their form, or there is no telling which run of which service is
        meant; nothing was sent and nothing was spent.
    BudgetError
        It could cost more than `budget`; nothing was spent.
    RefusedError
        The run cannot be enriched, as after it was cancelled.
    AmbiguousCreateError
        The request may have arrived and the answer was lost; it was not sent again.
    FindAllError
        As `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"],
    ...                        "mayor": ["Anne", "Roberto"]})
    >>> with ff.local(cities) as client:
    ...     frames = ff.find_all("Find cities in Italy", client=client, progress=False)
    ...     named = ff.enrich(frames, {"mayor": "Who the mayor is"}, client=client,
    ...                       progress=False)
    >>> named.matches[["name", "mayor"]].iloc[0].tolist()
    ['Rome', 'Roberto']
    """
    inputs = read_enrichments(enrichments)
    if not inputs:
        raise InvalidRequestError(
            "enrichments is empty. Write for example {'ceo_name': 'Name of the CEO'}."
        )

    def ask(run: Run, deadline: Deadline) -> None:
        if budget is not None:
            status = run.client.retrieve(run.findall_id, timeout=deadline.timeout).status
            matches = status.metrics.matched_candidates_count
            if not status.is_over:
                limit = run.client.schema(run.findall_id, timeout=deadline.timeout).match_limit
                matches = max(matches, limit or 0)
            check_enrichment_budget(budget, inputs, matches=matches)
        run.enrich(inputs, deadline=deadline)

    return _go_on(
        frames_or_id, ask, errors=errors, client=client, progress=progress, timeout=timeout
    )


def cancel(findall_id: str, *, client: Client | None = None) -> FindAllRun:
    """Stop a run for good; nothing else in this package does.

    What the run has found stays and can be fetched with `resume`. What it has done is billed. A
    cancelled run cannot be extended or enriched. To stop waiting without stopping the run,
    interrupt the kernel.

    Parameters
    ----------
    findall_id : str
        The run.
    client : Client, optional
        As in `find_all`.

    Returns
    -------
    FindAllRun
        The run as it stands; ``status.status`` is ``"cancelling"`` while work in hand is
        finished. A run that was over already is given back as it ended.

    Raises
    ------
    FindAllError
        As `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> with ff.local(cities) as client:
    ...     run = ff.start(ff.draft("Find cities in Italy", client=client), client=client)
    ...     frames = run.wait(progress=False)
    ...     ff.cancel(run.findall_id, client=client).status.status
    'completed'
    """
    with service_for(client) as service:
        return Run(findall_id, client=service).cancel()


def _go_on(
    frames_or_id: FramesOrId,
    ask: Callable[[Run, Deadline], None],
    *,
    errors: Errors,
    client: Client | None,
    progress: Progress | Display,
    timeout: float | None,
) -> FindAllFrames:
    """Ask a run for more, and wait until it is over again."""
    deadline = Deadline.after(timeout)
    check_errors(errors)
    findall_id = id_of(frames_or_id)
    if client is None:
        demand_service_of(frames_or_id)
    display = display_for(progress)
    with service_for(client) as service, closing(display):
        run = Run(findall_id, client=service)
        ask(run, deadline)
        return run.watch(display, deadline=deadline, errors=errors)


def id_of(frames_or_id: FramesOrId) -> str:
    """Read which run is meant."""
    if isinstance(frames_or_id, FindAllFrames):
        return frames_or_id.findall_id
    if isinstance(frames_or_id, str):
        return frames_or_id
    raise InvalidRequestError(
        "A run is given by its findall_id or by the FindAllFrames that hold it, not by "
        f"{frames_or_id!r}."
    )


def demand_service_of(frames_or_id: FramesOrId) -> None:
    """See that, without a client, the default service is the one that has the run."""
    if isinstance(frames_or_id, FindAllFrames):
        runs = frames_or_id.tables["runs"].select(["findall_id", "service"]).to_pylist()
        for run in runs:
            services = [run["service"]] if run["service"] else []
            _demand_default_service(run["findall_id"], services)
    else:
        findall_id = id_of(frames_or_id)
        _demand_default_service(findall_id, Ledger.of_this_machine().services_of(findall_id))


def _demand_default_service(findall_id: str, services: list[str]) -> None:
    """See that a run is not looked for at a service that cannot have it."""
    default = default_url()
    if services and default not in services:
        raise InvalidRequestError(
            f"Run {findall_id} is at {services[0]}, and the default service is {default}. Pass "
            f"client=ff.Client(base_url={services[0]!r}) while that service runs."
        )
