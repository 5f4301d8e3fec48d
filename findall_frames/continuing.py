"""The verbs on a run that exists: wait for it, extend, enrich, repeat and cancel it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from findall_frames.addresses import resume_call
from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import ExcludeCandidate, FindAllRun, FindAllSchema
from findall_frames.api.waiting import showing_waits
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.reviews import accepted_keys
from findall_frames.progress.displays import Display, Progress, display_for
from findall_frames.progress.update import Update
from findall_frames.running.arguments import (
    MAX_MATCH_LIMIT,
    UNSET,
    Enrichments,
    read_exclusions,
    read_more_enrichments,
    read_more_matches,
)
from findall_frames.running.following import attach_run, watch_run
from findall_frames.running.kept_results import from_ledger_or, kept_frames
from findall_frames.running.kept_reviews import as_later_run, with_earlier_run
from findall_frames.running.ledger import Ledger
from findall_frames.running.outcome import Errors, check_errors
from findall_frames.running.pricing import check_enrichment_budget, check_extension_budget
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.run import Run, record_of
from findall_frames.running.spec import Search, options_of
from findall_frames.search import find
from findall_frames.services import RunLike, client_of, id_of, service_for

__all__ = ["cancel", "enrich", "extend", "refresh", "resume"]


def resume(
    run: RunLike,
    *,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Continue waiting for a run that was started earlier, here or elsewhere.

    If the ledger of this machine has the whole result, nothing is sent;
    ``ff.Run(findall_id, client=...).frames()`` fetches it again. A result that lacks matches
    which the service counted is asked for again, and taken from the ledger if that fails.

    What was reviewed on this machine is in ``frames.reviews`` again: frames that a search returned
    add each judgement to the ledger. If frames are passed, such as those read from Parquet, their
    reviews are kept too, and of two judgements of the same thing the later one stands.

    Parameters
    ----------
    run : str, Run or FindAllFrames
        The run. Its findall_id is in the first line that a search prints, and in every exception.
    errors, client, progress, timeout
        As in `find_all`. The service must be the one that has the run; that of a `Run` is known.

    Returns
    -------
    FindAllFrames
        As from `find_all`. If the run is already over, its result is returned at once.

    Raises
    ------
    NotFoundError
        The service does not know the run.
    InvalidRequestError
        No client was passed, and the run is known to be at another service than the default one.
    FindAllError
        As in `find_all`.

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
    findall_id = id_of(run)
    given = run.client if client is None and isinstance(run, Run) else client
    earlier = run if isinstance(run, FindAllFrames) else None
    with closing(display_for(progress)) as display:
        kept = Ledger.of_this_machine().result_of(
            findall_id, service=given.base_url if given else None
        )

        def wait() -> FindAllFrames:
            with service_for(client_of(run, client)) as service:
                if isinstance(run, Run) and run.client is service:
                    known = record_of(run)
                else:
                    known = attach_run(
                        findall_id, client=service, display=display, deadline=deadline
                    )
                return watch_run(known, display, deadline=deadline, errors=errors, earlier=earlier)

        return from_ledger_or(wait, kept, display, errors=errors, earlier=earlier)


def extend(
    run: RunLike,
    additional_match_limit: int,
    *,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Add matches to a finished run and wait for them; each costs money.

    Parameters
    ----------
    run : str, Run or FindAllFrames
        The run.
    additional_match_limit : int
        The largest number of matches to add; at least 1.
    budget : float, optional
        In US dollars. If the added matches can cost more, they are not requested.
    errors, client, progress, timeout
        As in `find_all`. The service must be the one that has the run; that of a `Run` is known.

    Returns
    -------
    FindAllFrames
        The whole result of the run, including the earlier matches.

    Raises
    ------
    InvalidRequestError
        An argument is invalid, or it is not clear which run of which service is meant; nothing
        was sent or spent.
    BudgetError
        It could cost more than `budget`; nothing was spent.
    RefusedError
        The run can't be extended, for example after a preview or a low match rate.
    AmbiguousCreateError
        The answer was lost, so the request may have been carried out; it was not repeated.
    FindAllError
        As in `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> sizes = pd.DataFrame({"name": [f"N{n}" for n in range(9)], "size": range(9)})
    >>> with ff.local(sizes) as client:
    ...     frames = ff.find_all("size over 0", match_limit=5, client=client, progress=False)
    ...     more = ff.extend(frames, 2, client=client, progress=False)
    >>> len(frames.matches), len(more.matches)
    (5, 7)
    """
    more = read_more_matches(additional_match_limit)

    def ask(known: RecordedRun, deadline: Deadline) -> None:
        if budget is not None and not known.client.is_embedded:
            schema = known.client.schema(known.findall_id, timeout=deadline.timeout)
            check_extension_budget(budget, schema, additional_match_limit=more)
        known.extend(more, deadline)

    return _go_on(run, ask, errors=errors, client=client, progress=progress, timeout=timeout)


def enrich(
    run: RunLike,
    enrichments: Enrichments,
    *,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Add columns to the matches of a finished run and wait for them; each costs money.

    Parameters
    ----------
    run : str, Run or FindAllFrames
        The run.
    enrichments : dict, JSON Schema or class
        As in `find_all`, at least one.
    budget : float, optional
        In US dollars. If the columns can cost more for the present matches, they are not
        requested.
    errors, client, progress, timeout
        As in `find_all`. The service must be the one that has the run; that of a `Run` is known.

    Returns
    -------
    FindAllFrames
        The whole result of the run, with the new fields.

    Raises
    ------
    InvalidRequestError
        An argument is invalid, or it is not clear which run of which service is meant; nothing
        was sent or spent.
    BudgetError
        It could cost more than `budget`; nothing was spent.
    RefusedError
        The run can't be enriched, for example after it was cancelled.
    AmbiguousCreateError
        The answer was lost, so the request may have been carried out; it was not repeated.
    FindAllError
        As in `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"],
    ...                        "mayor": ["Anne", "Roberto"]})
    >>> with ff.local(cities) as client:
    ...     frames = ff.find_all("Find cities in Italy", client=client, progress=False)
    ...     named = ff.enrich(frames, {"mayor": "Name of the mayor"}, client=client,
    ...                       progress=False)
    >>> named.matches[["name", "mayor"]].iloc[0].tolist()
    ['Rome', 'Roberto']
    """
    inputs = read_more_enrichments(enrichments)

    def ask(known: RecordedRun, deadline: Deadline) -> None:
        if budget is not None and not known.client.is_embedded:
            status = known.request_status(deadline).status
            matches = status.metrics.matched_candidates_count
            if not status.is_over:
                schema = known.client.schema(known.findall_id, timeout=deadline.timeout)
                limit = schema.match_limit
                if limit is None:
                    raise InvalidRequestError(
                        f"Run {known.findall_id} is not over and its match limit is not known, "
                        "so the cost can't be estimated. Wait for it, or leave budget out."
                    )
                matches = max(matches, limit)
            check_enrichment_budget(budget, inputs, matches=matches)
        known.enrich(inputs, deadline)

    return _go_on(run, ask, errors=errors, client=client, progress=progress, timeout=timeout)


def refresh(
    run: RunLike,
    *,
    data: Any = UNSET,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Run the same search again: at a service that charges, without the known matches.

    This is a new run, with its own price and findall_id. The old and the new runs are returned
    together. If the result is refreshed again, the matches of both runs are excluded, and so is
    what a person accepted. Exclusions of the old run are not stored, so those entities may be
    found now.

    Own data costs nothing, so all of it is searched again, and the new run is returned alone: it
    has each match once, as it is now. ``frames.compare(new)`` shows what is new, what changed and
    what is gone.

    A candidate that comes again in the new run takes over what was judged of it, and of its
    fields whose values are the same. The text form says how many matches are left to review, and
    ``frames.compare(ff.refresh(frames)).to_review`` lists what is new.

    Parameters
    ----------
    run : str, Run or FindAllFrames
        The run, or the frames of several runs of one search; the last one is repeated.
    data : DataFrame, path or anything else that `local` takes, optional
        With frames, your own data as it is now, in place of `client`.
    budget, errors, client, progress, timeout
        As in `find_all`. With frames that contain their search, it can be any service.

    Returns
    -------
    FindAllFrames
        The old runs and the new one, which is ``frames.for_run(frames.findall_ids[-1])``; on own
        data the new one alone.

    Raises
    ------
    InvalidRequestError
        The frames are of different searches, or hold no run; the run is not over yet; or no
        client was passed, and the run is at another service than the default one.
    FindAllError
        As in `find_all`. Frames in an exception are those of the new run alone.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> frames = ff.find_all("Find cities in Italy", data=cities, progress=False)
    >>> cities.loc[2] = ["Bari", "Italy"]
    >>> new = ff.refresh(frames, data=cities, progress=False)
    >>> new.matches["name"].tolist()
    ['Rome', 'Bari']
    >>> frames.compare(new).added["name"].tolist()
    ['Bari']
    """
    deadline = Deadline.after(timeout)
    check_errors(errors)
    if data is UNSET:
        client = client_of(run, client)
    elif not isinstance(run, FindAllFrames):
        raise InvalidRequestError(
            "refresh takes data= only with frames, since another service has the run. Pass "
            "ff.resume(run) instead of the run."
        )
    with service_for(client, data) as service:
        old = run if isinstance(run, FindAllFrames) else _finished(run, service, deadline=deadline)
        search = Search.from_schema(_search_behind(old, service, deadline=deadline))
        if search.match_limit is not None and not service.is_embedded:
            search.match_limit = min(search.match_limit, MAX_MATCH_LIMIT)  # it may be extended
        search.exclude = [] if service.is_embedded else _known(old)
        new = find(
            options_of(search),
            budget=budget,
            errors=errors,
            client=service,
            progress=progress,
            timeout=deadline.timeout,
        )
        follows = as_later_run if service.is_embedded else with_earlier_run
        return follows(new, old, ledger=Ledger.of_this_machine())


def _known(frames: FindAllFrames) -> list[ExcludeCandidate]:
    """Return matches and what was accepted, but none without a name or URL, which the API needs."""
    accepted = accepted_keys(frames.tables["reviews"])
    known = {
        (row["name"], row["url"]): None
        for row in frames.tables["candidates"].to_pylist()
        if row["match_status"] == "matched" or (row["findall_id"], row["candidate_id"]) in accepted
    }
    return read_exclusions(
        [{"name": name, "url": url} for name, url in known if name.strip() and url.strip()]
    )


def cancel(
    run: RunLike, *, client: Client | None = None, timeout: float | None = None
) -> FindAllRun:
    """Stop a run for good.

    Its matches so far are kept and can be fetched with `resume`; work done so far is billed. A
    cancelled run can't be extended or enriched. To stop waiting without stopping the run,
    interrupt the kernel.

    Parameters
    ----------
    run : str, Run or FindAllFrames
        The run.
    client : Client, optional
        As in `find_all`. The service must be the one that has the run; that of a `Run` is known.
    timeout : float, optional
        Seconds; None waits without limit.

    Returns
    -------
    FindAllRun
        The run afterwards. ``status.status`` is ``"cancelling"`` until work in progress is done;
        a run that was already over keeps its status.

    Raises
    ------
    FindAllError
        As in `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> with ff.local(cities) as client:
    ...     run = ff.start(ff.draft("Find cities in Italy", client=client), client=client)
    ...     frames = run.wait(progress=False)
    ...     ff.cancel(run).status.status
    'completed'
    """
    findall_id = id_of(run)
    client = client_of(run, client)
    with service_for(client) as service:
        return Run(findall_id, client=service).cancel(timeout=timeout)


def _go_on(
    run: RunLike,
    ask: Callable[[RecordedRun, Deadline], None],
    *,
    errors: Errors,
    client: Client | None,
    progress: Progress | Display,
    timeout: float | None,
) -> FindAllFrames:
    """Extend or enrich a run, and wait until it is over again."""
    deadline = Deadline.after(timeout)
    check_errors(errors)
    findall_id = id_of(run)
    client = client_of(run, client)
    earlier = run if isinstance(run, FindAllFrames) else None
    with closing(display_for(progress)) as display, service_for(client) as service:
        if isinstance(run, Run) and run.client is service:
            known = record_of(run)
        else:
            known = RecordedRun(findall_id, client=service)
        asking = Update(findall_id, None, service.base_url, "asking")
        with showing_waits(lambda why: display.show(replace(asking, status=why))):
            ask(known, deadline)
        return watch_run(known, display, deadline=deadline, errors=errors, earlier=earlier)


def _finished(run: str | Run, client: Client, *, deadline: Deadline) -> FindAllFrames:
    """Return the frames of a finished run, from the ledger if possible."""
    findall_id = id_of(run)
    kept = Ledger.of_this_machine().result_of(findall_id, service=client.base_url)
    if kept is not None:
        return kept_frames(kept)
    if not client.retrieve(findall_id, timeout=deadline.timeout).status.is_over:
        raise InvalidRequestError(
            f"Run {findall_id} is not over, so its matches are not known yet. Wait for it with "
            f"{resume_call(findall_id, service=client.base_url)}, then refresh it.",
            findall_id=findall_id,
        )
    return Run(findall_id, client=client).frames(timeout=deadline.timeout)


def _search_behind(frames: FindAllFrames, client: Client, *, deadline: Deadline) -> FindAllSchema:
    """Return the search of all runs in the frames; raise if they differ."""
    if not frames.findall_ids:
        raise InvalidRequestError(
            "These frames hold no run, so there is no search to repeat. Use ff.find_all(objective)."
        )
    schemas = [
        frames.searches.get(findall_id) or client.schema(findall_id, timeout=deadline.timeout)
        for findall_id in frames.findall_ids
    ]
    last = schemas[-1]
    for findall_id, schema in zip(frames.findall_ids, schemas, strict=True):
        if (schema.objective, schema.match_conditions) != (last.objective, last.match_conditions):
            raise InvalidRequestError(
                f"Runs {findall_id} and {frames.findall_ids[-1]} are of different searches. "
                "Choose one with frames.for_run(findall_id), and refresh that."
            )
    return last
