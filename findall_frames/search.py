"""The verbs on a search: draft and explain its conditions, start it, run it to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import Webhook
from findall_frames.api.waiting import showing_waits
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.explained import readings_table
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.displays import Display, Progress, display_for
from findall_frames.progress.update import Update, resume_call_of
from findall_frames.running.arguments import (
    UNSET,
    Conditions,
    Enrichments,
    Exclusions,
    check_options,
    read_options,
)
from findall_frames.running.creating import add_enrichments, create_run
from findall_frames.running.following import attach_run, watch_run
from findall_frames.running.kept_results import from_ledger_or, warn_of_reviews
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.outcome import Errors, check_errors
from findall_frames.running.pricing import check_search_budget
from findall_frames.running.reusing import equal_run_id, intend_unless_equal, warn_of_equal
from findall_frames.running.run import Run, run_of
from findall_frames.running.spec import Search, completed_options, given_options, options_of
from findall_frames.services import is_own_data, service_for

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_understood", "draft", "explain", "find", "find_all", "preview", "start"]


def find_all(
    objective: str | Search,
    *,
    entity_type: str | None = UNSET,
    match_conditions: Conditions | None = UNSET,
    enrichments: Enrichments | None = UNSET,
    generator: str | None = UNSET,
    match_limit: int | None = UNSET,
    exclude: Exclusions | None = UNSET,
    metadata: Mapping[str, str | int | float | bool] | None = UNSET,
    webhook: Webhook | Mapping[str, Any] | None = UNSET,
    memory_scope_key: str | None = UNSET,
    data: Any = UNSET,
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
        again; what was judged in an earlier run is then told in a warning.
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
    frames = find(
        options,
        data=data,
        budget=budget,
        reuse=reuse,
        errors=errors,
        client=client,
        progress=progress,
        timeout=timeout,
    )
    if is_own_data(client, data):
        warn_of_reviews(frames)
    return frames


def preview(
    objective: str | Search,
    *,
    entity_type: str | None = UNSET,
    match_conditions: Conditions | None = UNSET,
    match_limit: int = 10,
    exclude: Exclusions | None = UNSET,
    metadata: Mapping[str, str | int | float | bool] | None = UNSET,
    memory_scope_key: str | None = UNSET,
    data: Any = UNSET,
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
    return find(
        options, data=data, budget=budget, client=client, progress=progress, timeout=timeout
    )


def draft(
    objective: str,
    *,
    generator: str = "core",
    match_limit: int | None = None,
    memory_scope_key: str | None = None,
    data: Any = UNSET,
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
    data: Any = UNSET,
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


def check_understood(search: Search, *, service: Client, timeout: float | None = None) -> None:
    """Raise ConditionNotUnderstoodError if own data would refuse a search."""
    from findall_frames.embedded.runs.explaining import check_usable

    schema = search.to_schema(own_data=True)
    check_usable(
        service.explain(schema.match_conditions, entity_type=schema.entity_type, timeout=timeout)
    )


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
    if not own_data:
        check_search_budget(budget, options_of(search))
    run = create_run(search, client=client or Client(), deadline=deadline)
    add_enrichments(run, search.enrichments, deadline=deadline)
    return run_of(run)


def find(
    options: dict[str, Any],
    *,
    data: Any = UNSET,
    budget: float | None = None,
    reuse: bool = False,
    errors: Errors = "warn",
    client: Client | None,
    progress: Progress | Display,
    timeout: float | None,
) -> FindAllFrames:
    """Run a search as `find_all` does, from its parameters as read."""
    begun = time.monotonic()
    deadline = Deadline.after(timeout)
    check_errors(errors)
    own_data = is_own_data(client, data)
    is_complete = "match_conditions" in options
    if is_complete:
        options = options_of(Search(**options))
    asked = question(options, match_limit=check_options(options, own_data=own_data))
    if not own_data:
        check_search_budget(budget, options)
    # A service over data= ends with this call, so that nothing can be resumed.
    resuming = resume_call_of if data is UNSET else _no_call
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

            return from_ledger_or(wait, before, display, errors=errors)

        if is_reused and (found := found_again()) is not None:
            return found
        if not is_complete:
            show_before("drafting conditions")
            with showing_waits(show_before):
                drafted = service.ingest(options["objective"], timeout=deadline.timeout)
            options = completed_options(options, drafted)
            if not own_data:
                check_search_budget(budget, options)
        search, token = Search(**options), None
        if not own_data and not reuse:
            warn_of_equal(ledger, asked, service=service.base_url)
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


def _before(options: Mapping[str, Any], client: Client, status: str) -> Update:
    return Update(
        findall_id="",
        objective=options["objective"],
        service=client.base_url,
        status=status,
        match_limit=options.get("match_limit"),
    )
