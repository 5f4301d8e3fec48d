"""The verbs: each starts, continues or repeats a search in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from findall_frames.addresses import resume_call
from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import ExcludeCandidate, FindAllRun, FindAllSchema, Webhook
from findall_frames.api.waiting import showing_waits
from findall_frames.errors import (
    FindAllError,
    InvalidRequestError,
    RepeatedSearchWarning,
    UnexpectedResponseError,
    warn,
)
from findall_frames.frames.explained import readings_table
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.reviews import accepted_keys
from findall_frames.progress.displays import Display, Progress, display_for, told_at
from findall_frames.progress.update import Update, resume_call_of
from findall_frames.running.creating import add_enrichments, create_run
from findall_frames.running.following import attach_run, watch_run
from findall_frames.running.kept_reviews import with_earlier_run, with_reviews
from findall_frames.running.ledger import KeptResult, Ledger, question
from findall_frames.running.outcome import (
    Errors,
    check_errors,
    matches_missing,
    report_partial,
)
from findall_frames.running.pricing import (
    check_enrichment_budget,
    check_extension_budget,
    check_search_budget,
)
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.reusing import equal_run_id, intend_unless_equal
from findall_frames.running.run import Run, record_of, run_of
from findall_frames.running.spec import (
    MAX_MATCH_LIMIT,
    Conditions,
    Enrichments,
    Exclusions,
    Search,
    check_options,
    options_of,
    read_exclusions,
    read_more_enrichments,
    read_more_matches,
    read_options,
)
from findall_frames.services import (
    RunLike,
    client_of,
    id_of,
    is_own_data,
    service_for,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "cancel",
    "completed_options",
    "draft",
    "enrich",
    "explain",
    "extend",
    "find_all",
    "given_options",
    "preview",
    "refresh",
    "resume",
    "start",
]

# For what was not passed, as None can be passed. Its type has no place in what help() shows.
_UNSET: Final[Any] = msgspec.UNSET


def find_all(
    objective: str | Search,
    *,
    entity_type: str | None = _UNSET,
    match_conditions: Conditions | None = _UNSET,
    enrichments: Enrichments | None = _UNSET,
    generator: str | None = _UNSET,
    match_limit: int | None = _UNSET,
    exclude: Exclusions | None = _UNSET,
    metadata: Mapping[str, str | int | float | bool] | None = _UNSET,
    webhook: Webhook | Mapping[str, Any] | None = _UNSET,
    memory_scope_key: str | None = _UNSET,
    data: Any = _UNSET,
    budget: float | None = None,
    reuse: bool = False,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Run a search to its end and return tables.

    Parameters
    ----------
    objective : str or Search
        The question in plain words. A `Search` has its own values for everything up to
        `memory_scope_key`; passing one of these as well is an error.
    entity_type : str, optional
        The kind of thing to find, such as ``"companies"``; drafted with the conditions if left
        out.
    match_conditions : dict, list of str, or list of {"name", "description"}, optional
        A candidate matches when it meets all of them; they need `entity_type`. Drafted from the
        objective if left out.
    enrichments : dict, JSON Schema or class, optional
        More columns for every match: ``{"ceo_name": "Name of the CEO"}``, the JSON Schema of an
        object, or a dataclass, TypedDict or pydantic class.
    generator : {"preview", "base", "core", "pro"}, optional
        How thoroughly to search; it sets the price. Default ``"core"``.
    match_limit : int, optional
        Stop after this many matches: 5 to 1000, or 5 or more on own data. Default 10 at a
        service that charges, and no limit on own data.
    exclude : FindAllFrames, DataFrame or list, optional
        Entities to leave out, each with ``name`` and ``url``.
    metadata : dict, optional
        A flat dict that is returned with the run.
    webhook : Webhook or dict, optional
        Where the service sends notifications.
    memory_scope_key : str, optional
        A scope of the account's memory at the hosted service: 1 to 128 letters, digits, ``_``
        and ``-``.
    data : DataFrame, path or anything else that `local` takes, optional
        Your own data, to be searched instead: short for ``client=ff.local(data)``, closed
        afterwards.
    budget : float, optional
        In US dollars. A search is not started if the ceiling of its `estimate_cost` is higher.
        Own data costs nothing.
    reuse : bool
        Return the result of an equal search at the same service from the ledger of this
        machine, or ask for its run if that is not over, its result is not whole, or another call
        is just starting it; nothing new is started or spent then. Own data is always searched
        again.
    errors : {"warn", "raise"}
        What to do if the run failed, was cancelled or ended early.
    client : Client, optional
        The service. None is the hosted one, with the key from ``PARALLEL_API_KEY``, or the one
        at ``PARALLEL_BASE_URL``.
    progress : {"auto", "notebook", "terminal", "log"}, False or callable
        What to show while waiting. A callable is called with every `Update`.
    timeout : float, optional
        Seconds for everything; None waits without limit.

    Returns
    -------
    FindAllFrames
        Also if nothing matched. If the run failed, was cancelled, or a button stopped the wait,
        the card in a notebook says so, and elsewhere a `PartialResultWarning`.

    Raises
    ------
    InvalidRequestError
        An argument is invalid; nothing was sent or spent.
    BudgetError
        It could cost more than `budget`; nothing was spent.
    ConditionNotUnderstoodError
        On own data, a condition could not be read. The message says why, and what to write.
    PartialResultError
        With ``errors="raise"``, in place of the warning. It has the frames.
    MissingKeyError
        There is neither a client nor a key.
    RunTimeout
        The timeout has passed. The run goes on; the exception has its id and partial result.
    AmbiguousCreateError
        The answer was lost, so the run may exist; the request was not repeated. With
        ``reuse=True``, also if that happened to an equal search before.
    KeyboardInterrupt
        The kernel was interrupted. The run goes on: ``ff.resume(findall_id)``.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame(
    ...     {"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"]}
    ... )
    >>> frames = ff.find_all("Find all cities in Italy", data=cities, progress=False)
    >>> frames.matches["name"].tolist()
    ['Rome', 'Bari']
    """
    options = given_options(
        objective,
        entity_type=entity_type,
        match_conditions=match_conditions,
        enrichments=enrichments,
        generator=generator,
        match_limit=match_limit,
        exclude=exclude,
        metadata=metadata,
        webhook=webhook,
        memory_scope_key=memory_scope_key,
    )
    return _find(
        options,
        data=data,
        budget=budget,
        reuse=reuse,
        errors=errors,
        client=client,
        progress=progress,
        timeout=timeout,
    )


def preview(
    objective: str | Search,
    *,
    entity_type: str | None = _UNSET,
    match_conditions: Conditions | None = _UNSET,
    match_limit: int = 10,
    exclude: Exclusions | None = _UNSET,
    metadata: Mapping[str, str | int | float | bool] | None = _UNSET,
    memory_scope_key: str | None = _UNSET,
    data: Any = _UNSET,
    budget: float | None = None,
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Try a search cheaply on about ten candidates, before paying for all of it.

    Parameters
    ----------
    objective, entity_type, match_conditions, exclude, metadata, memory_scope_key
        As in `find_all`. The generator, limit, enrichments and webhook of a `Search` are ignored.
    match_limit : int
        The number of candidates to evaluate, matched or not, 5 to 10.
    data, budget, client, progress, timeout
        As in `find_all`.

    Returns
    -------
    FindAllFrames
        Its ``candidates`` are matched and unmatched, each with reasons.

    Raises
    ------
    FindAllError
        As in `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> numbers = pd.DataFrame({"name": [f"N{n}" for n in range(40)], "size": range(40)})
    >>> frames = ff.preview("size over 4", data=numbers, progress=False)
    >>> len(frames.candidates)
    10
    """
    options = given_options(
        objective,
        entity_type=entity_type,
        match_conditions=match_conditions,
        exclude=exclude,
        metadata=metadata,
        memory_scope_key=memory_scope_key,
    )
    for ignored in ("enrichments", "webhook"):
        options.pop(ignored, None)
    options |= read_options({"generator": "preview", "match_limit": match_limit})
    return _find(
        options, data=data, budget=budget, client=client, progress=progress, timeout=timeout
    )


def draft(
    objective: str,
    *,
    generator: str = "core",
    match_limit: int | None = None,
    memory_scope_key: str | None = None,
    data: Any = _UNSET,
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> Search:
    """Draft conditions from an objective, to be edited before they are paid for.

    Parameters
    ----------
    objective : str
        The question in plain words.
    generator, match_limit, memory_scope_key
        Of the returned search, as in `find_all`.
    data, client, progress, timeout
        As in `find_all`.

    Returns
    -------
    Search
        Edit it, then pass it to `find_all` or `start`. On own data it shows how each condition
        was read, and a condition can be replaced by SQL.

    Raises
    ------
    FindAllError
        As in `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> search = ff.draft("Find cities in Italy", data=cities)
    >>> search
    Search('Find cities in Italy')
      cities, generator core
      - in_italy: in Italy
          read as lower("country") = 'italy': 1 of 2 rows
    """
    begun = time.monotonic()
    deadline = Deadline.after(timeout)
    given: object = objective
    if isinstance(given, Search):
        raise InvalidRequestError(
            "draft takes an objective in words; this is a Search, which has its conditions. "
            "ff.explain(search, ...) shows how own data reads them."
        )
    chosen: dict[str, Any] = {
        "generator": generator,
        "match_limit": match_limit,
        "memory_scope_key": memory_scope_key,
    }
    options = given_options(objective, **chosen)
    check_options(options, own_data=True)
    with service_for(client, data) as service, closing(display_for(progress)) as display:
        update = _before(options, service, "drafting conditions")
        display.show(update)
        with showing_waits(lambda why: display.show(replace(update, status=why))):
            drafted = service.ingest(options["objective"], timeout=deadline.timeout)
        took = time.monotonic() - begun
        display.show(replace(update, status="drafted", is_over=True, elapsed=took))
    return Search.from_schema(drafted, **chosen)


def explain(
    search: Search | str,
    *,
    data: Any = _UNSET,
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> pd.DataFrame:
    """Show how own data reads the conditions of a search, without running it.

    Parameters
    ----------
    search : Search or str
        Conditions are first drafted from a question in plain words; those of a `Search` are
        read as they are.
    data : DataFrame, path or anything else that `local` takes, optional
        The data, unless `client` is given.
    client : Client, optional
        Of a service over your own data, such as ``ff.local(...)``.
    progress, timeout
        As in `find_all`.

    Returns
    -------
    pandas.DataFrame
        One row per condition: ``condition`` (its name), ``status`` (``sql``, ``ask``,
        ``mention``, ``unanswerable`` or ``not_understood``), ``sql``, ``reader`` (``sql``,
        ``plain`` or ``model``), ``columns`` (that it uses), all ``str``; ``true``, ``false``
        and ``unknown`` (the numbers of rows for which it is so), ``Int64``, missing if that
        takes a model or full-text search; ``assumptions`` and ``note``, ``str``.

    Raises
    ------
    NotFoundError
        The service cannot explain conditions, such as the hosted one.
    EvaluatorError
        The language model did not answer.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "people": [700_000, 2_700_000]})
    >>> search = ff.Search("Large cities", entity_type="cities",
    ...                    match_conditions={"large": "people over 1 million"})
    >>> ff.explain(search, data=cities)[["condition", "sql", "true", "false"]]
      condition                 sql  true  false
    0     large  "people" > 1000000     1      1
    """
    deadline = Deadline.after(timeout)
    if not isinstance(search, (str, Search)):
        raise InvalidRequestError(f"explain takes a Search or an objective, not {search!r}.")
    with service_for(client, data) as service:
        if isinstance(search, str):
            search = draft(search, client=service, progress=progress, timeout=deadline.timeout)
        readings = service.explain(
            search.to_schema(own_data=True).match_conditions,
            entity_type=search.entity_type,
            timeout=deadline.timeout,
        )
    return readings_table(readings)


def start(
    search: Search,
    *,
    budget: float | None = None,
    client: Client | None = None,
    timeout: float | None = None,
) -> Run:
    """Start a search without waiting for it; this costs money.

    Parameters
    ----------
    search : Search
        The search.
    budget, client
        As in `find_all`.
    timeout : float, optional
        Seconds for the request; None waits without limit.

    Returns
    -------
    Run
        Wait for it with ``run.wait()``, ``await run`` or ``ff.resume(run)``.

    Raises
    ------
    FindAllError
        As in `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> search = ff.Search("Cities in Italy", entity_type="cities",
    ...                    match_conditions=["City must be in Italy"])
    >>> with ff.local(cities) as client:
    ...     run = ff.start(search, client=client)
    ...     run.wait(progress=False).matches["name"].tolist()
    ['Rome']
    """
    if not isinstance(search, Search):
        raise InvalidRequestError(
            f"start takes a Search, not {search!r}. Make one with ff.draft(objective) or "
            "ff.Search(...)."
        )
    deadline = Deadline.after(timeout)
    own_data = is_own_data(client)
    search.check(own_data=own_data)
    _check_budget(budget, options_of(search), own_data=own_data)
    run = create_run(search, client=client or Client(), deadline=deadline)
    add_enrichments(run, search.enrichments, deadline=deadline)
    return run_of(run)


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

        return _from_ledger_or(wait, kept, display, errors=errors, earlier=earlier)


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
    data: Any = _UNSET,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Run the same search again without the known matches, and return old and new together.

    This is a new run, with its own price and findall_id. If the result is refreshed again, the
    matches of both runs are excluded, and so is what a person accepted. Exclusions of the old run
    are not stored, so those entities may be found now.

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
        The old runs and the new one, which is ``frames.for_run(frames.findall_ids[-1])``.

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
    >>> both = ff.refresh(frames, data=cities, progress=False)
    >>> both.matches["name"].tolist()
    ['Rome', 'Bari']
    >>> len(both.findall_ids)
    2
    """
    deadline = Deadline.after(timeout)
    check_errors(errors)
    if data is _UNSET:
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
        search.exclude = _known(old)
        new = _find(
            options_of(search),
            budget=budget,
            errors=errors,
            client=service,
            progress=progress,
            timeout=deadline.timeout,
        )
    return with_earlier_run(new, old, ledger=Ledger.of_this_machine())


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


# -- a new search --------------------------------------------------------------------------------


def given_options(objective: str | Search, **given: Any) -> dict[str, Any]:
    """Return the parameters of a search as read; those to be drafted are missing."""
    given = {name: value for name, value in given.items() if value is not _UNSET}
    if isinstance(objective, Search):
        if given:
            name = next(iter(given))
            raise InvalidRequestError(
                f"A Search has its own {name}, and {name}={given[name]!r} was passed as well. Set "
                f"search.{name} instead."
            )
        return options_of(objective)
    given = {name: value for name, value in given.items() if value is not None}
    if "match_conditions" in given and "entity_type" not in given:
        raise InvalidRequestError(
            "match_conditions need an entity_type, such as entity_type='companies'. Leave both "
            "out to have them drafted from the objective."
        )
    return read_options({"objective": objective, **given})


def _find(
    options: dict[str, Any],
    *,
    data: Any = _UNSET,
    budget: float | None = None,
    reuse: bool = False,
    errors: Errors = "warn",
    client: Client | None,
    progress: Progress | Display,
    timeout: float | None,
) -> FindAllFrames:
    begun = time.monotonic()
    deadline = Deadline.after(timeout)
    check_errors(errors)
    own_data = is_own_data(client, data)
    is_complete = "match_conditions" in options
    if is_complete:
        options = options_of(Search(**options))
    asked = question(options, match_limit=check_options(options, own_data=own_data))
    _check_budget(budget, options, own_data=own_data)
    # A service over data= ends with this call, so that nothing can be resumed.
    resuming = resume_call_of if data is _UNSET else _no_call
    with (
        closing(display_for(progress, resume=resuming)) as display,
        service_for(client, data) as service,
    ):

        def show_before(status: str) -> None:
            display.show(_before(options, service, status))

        # Own data costs nothing, and its port may have been used for other data before.
        ledger = Ledger.of_this_machine()
        is_reused = reuse and not own_data

        def found_again() -> FindAllFrames | None:
            before = ledger.answer_to(asked, service=service.base_url)
            known = before.findall_id if before else None
            known = known or equal_run_id(
                asked, options=options, client=service, deadline=deadline, show=show_before
            )
            if known is None:
                return None

            def wait() -> FindAllFrames:
                run = attach_run(known, client=service, display=display, deadline=deadline)
                return watch_run(run, display, deadline=deadline, errors=errors, begun=begun)

            return _from_ledger_or(wait, before, display, errors=errors)

        if is_reused and (found := found_again()) is not None:
            return found
        if not is_complete:
            show_before("drafting conditions")
            with showing_waits(show_before):
                drafted = service.ingest(options["objective"], timeout=deadline.timeout)
            options = completed_options(options, drafted)
            _check_budget(budget, options, own_data=own_data)
        search, token = Search(**options), None
        if not own_data and not reuse:
            _warn_of_equal(ledger, asked, service=service.base_url)
        while is_reused and (token := intend_unless_equal(search, asked, client=service)) is None:
            if (found := found_again()) is not None:
                return found
        show_before("starting")
        with showing_waits(show_before):
            run = create_run(search, client=service, asked=asked, token=token, deadline=deadline)
            add_enrichments(run, search.enrichments, deadline=deadline)
        return watch_run(run, display, deadline=deadline, errors=errors, begun=begun)


def _no_call(update: Update) -> str:
    return ""


def _warn_of_equal(ledger: Ledger, asked: str, *, service: str) -> None:
    """Warn of an equal search that has a result in the ledger, or was started."""
    before = ledger.answer_to(asked, service=service)
    if before is not None:
        call = resume_call(before.findall_id, service=before.service)
        warn(
            f"An equal search finished on {before.fetched_at:%Y-%m-%d %H:%M} UTC with "
            f"{before.matched} matches, and is now run and paid for again. {call} returns "
            "that result, and reuse=True takes it automatically.",
            RepeatedSearchWarning,
        )
    elif (earlier := ledger.equal_run(asked, service=service)) is not None:
        warn(_started_before(earlier), RepeatedSearchWarning)


def _started_before(row: Mapping[str, Any]) -> str:
    if row["findall_id"]:
        call = resume_call(row["findall_id"], service=row["service"])
        state = "is over" if row["is_over"] else "may still be running"
        known = f"{state}: {call} gets its result, and so does reuse=True"
    else:
        known = (
            "was never answered: the run may exist, with "
            f"findall_frames_token={row['token']!r} in its metadata"
        )
    return (
        f"An equal search was started at {row['started_at']:.16} UTC and {known}. It is now "
        "started and paid for again."
    )


def completed_options(options: dict[str, Any], drafted: FindAllSchema) -> dict[str, Any]:
    """Return the options, completed from a draft; generator and limit are never taken from it."""
    given = {"generator": "core", "match_limit": None, **options}
    if given["generator"] == "preview":
        given["enrichments"] = None
    return options_of(Search.from_schema(drafted, **given))


def _check_budget(budget: float | None, options: Mapping[str, Any], *, own_data: bool) -> None:
    if not own_data:
        check_search_budget(
            budget,
            generator=options.get("generator", "core"),
            enrichments=options.get("enrichments", ()),
            match_limit=check_options(options, own_data=False),
        )


def _before(options: Mapping[str, Any], client: Client, status: str) -> Update:
    return Update(
        findall_id="",
        objective=options["objective"],
        service=client.base_url,
        status=status,
        match_limit=options.get("match_limit"),
    )


# -- an earlier run ------------------------------------------------------------------------------


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


def _from_ledger_or(
    wait: Callable[[], FindAllFrames],
    kept: KeptResult | None,
    display: Display,
    *,
    errors: Errors,
    earlier: FindAllFrames | None = None,
) -> FindAllFrames:
    """Return the kept result if it is whole, else what waiting returns, else the kept one."""
    if kept is None:
        return wait()
    try:
        frames = _flattened(kept, earlier=earlier)
    except UnexpectedResponseError:
        return wait()  # the service may have another result by now
    if matches_missing(frames, kept.status):
        try:
            return wait()
        except FindAllError as error:
            if getattr(error, "frames", None) is not None:
                raise  # with frames that are newer than the kept ones
    schema = kept.schema
    update = Update(
        findall_id=kept.findall_id,
        objective=schema.objective if schema else None,
        service=kept.service,
        status=kept.status.status,
        is_over=True,
        termination_reason=kept.status.termination_reason,
        matched=kept.matched,
        generated=kept.status.metrics.generated_candidates_count,
        match_limit=schema.match_limit if schema else None,
    )
    display.show(update)
    again = resume_call(kept.findall_id, service=kept.service)
    is_shown = told_at(display)(frames.warnings)
    report_partial(
        kept.findall_id, kept.status, frames, resume=again, errors=errors, is_shown=is_shown
    )
    return frames


def _flattened(kept: KeptResult, *, earlier: FindAllFrames | None = None) -> FindAllFrames:
    frames = flatten(
        kept.body, schema=kept.schema, service=kept.service, fetched_at=kept.fetched_at
    )
    return with_reviews(frames, ledger=Ledger.of_this_machine(), earlier=earlier)


def _finished(run: str | Run, client: Client, *, deadline: Deadline) -> FindAllFrames:
    """Return the frames of a finished run, from the ledger if possible."""
    findall_id = id_of(run)
    kept = Ledger.of_this_machine().result_of(findall_id, service=client.base_url)
    if kept is not None:
        return _flattened(kept)
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
