"""The blocking helpers: one call from a question to tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import Webhook
from findall_frames.errors import InvalidRequestError, RepeatedSearchWarning, warn
from findall_frames.frames.explained import readings_table
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.base import Display
from findall_frames.progress.choose import Progress, display_for
from findall_frames.progress.update import Update
from findall_frames.progress.words import resume_call
from findall_frames.running.ledger import Kept, Ledger, question
from findall_frames.running.outcome import Errors, check_errors, report_partial
from findall_frames.running.pricing import check_budget
from findall_frames.running.readings import Conditions, Enrichments, Exclusions
from findall_frames.running.run import Run
from findall_frames.running.spec import Search

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["draft", "explain", "find_all", "preview", "service_for", "start", "taken_from_ledger"]


def find_all(
    objective: str | Search,
    *,
    entity_type: str | None = None,
    match_conditions: Conditions | None = None,
    enrichments: Enrichments | None = None,
    generator: str | None = None,
    match_limit: int | None = None,
    exclude: Exclusions | None = None,
    metadata: Mapping[str, str | int | float | bool] | None = None,
    webhook: Webhook | Mapping[str, Any] | None = None,
    budget: float | None = None,
    reuse: bool = False,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Run a search to its end and give back tables.

    Parameters
    ----------
    objective : str or Search
        The question in plain words. A `Search` brings everything up to `webhook` with it, and
        none of that may be given beside it.
    entity_type : str, optional
        What kind of thing is looked for, such as ``"companies"``; drafted with the conditions.
    match_conditions : dict, list of str, or list of {"name", "description"}, optional
        A candidate matches when it meets all of them; they need `entity_type`. None has the
        service draft them from the objective.
    enrichments : dict, JSON Schema or class, optional
        More columns for every match: ``{"ceo_name": "Name of the CEO"}``, the JSON Schema of an
        object, or a dataclass, TypedDict or pydantic class.
    generator : {"preview", "base", "core", "pro"}, optional
        How thoroughly to search; it sets the price. None is ``"core"``.
    match_limit : int, optional
        How many matches to find at the most, 5 to 1000; on own data 5 or more. None means 10 at
        a service that charges, and all on own data.
    exclude : FindAllFrames, DataFrame or list, optional
        Entities that are known already, each with ``name`` and ``url``.
    metadata : dict, optional
        Flat; comes back with the run.
    webhook : Webhook or dict, optional
        Where the service should announce events.
    budget : float, optional
        US dollars; a search whose `estimate_cost` has a higher ceiling is not started. Own data
        costs nothing.
    reuse : bool
        Whether the result of an equal search that this machine has run before, at the same
        service, will do. It is then taken from the ledger: nothing is sent and nothing spent.
        A service made by `local` is always asked.
    errors : {"warn", "raise"}
        What to do about a run that failed, was cancelled or ended early.
    client : Client, optional
        The service; None is the hosted one, with the key from ``PARALLEL_API_KEY``. For your
        own data pass ``ff.local(...)``.
    progress : {"auto", "notebook", "terminal", "log"}, False or callable
        What to show meanwhile. A callable is given every `Update`.
    timeout : float, optional
        Seconds for everything; None waits without a limit.

    Returns
    -------
    FindAllFrames
        Also when nothing matched, and when the run failed, was cancelled, or is no longer waited
        for because somebody pressed the panel's button: then with a `PartialResultWarning` that
        says why.

    Raises
    ------
    InvalidRequestError
        Something is not of its form; nothing was sent and nothing was spent.
    BudgetError
        It could cost more than `budget`; nothing was spent.
    ConditionNotUnderstoodError
        On own data: a condition could not be read. The message says why, and what to write.
    PartialResultError
        With ``errors="raise"`` in place of the warning; it has the frames.
    MissingKeyError
        There is neither a client nor a key.
    RunTimeout
        The time is over. The run goes on, and the exception has its id and what it has found.
    AmbiguousCreateError
        The run may have been created and the answer was lost; it was not sent again.
    KeyboardInterrupt
        The kernel was interrupted. The run goes on: ``ff.resume(findall_id)``.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame(
    ...     {"name": ["Oslo", "Rome", "Bari"], "country": ["Norway", "Italy", "Italy"]}
    ... )
    >>> with ff.local(cities) as client:
    ...     frames = ff.find_all("Find all cities in Italy", client=client, progress=False)
    >>> frames.matches["name"].tolist()
    ['Rome', 'Bari']
    """
    begun = time.monotonic()
    deadline = Deadline.after(timeout)
    options: dict[str, Any] = {
        "entity_type": entity_type,
        "match_conditions": match_conditions,
        "enrichments": enrichments,
        "generator": generator,
        "match_limit": match_limit,
        "exclude": exclude,
        "metadata": metadata,
        "webhook": webhook,
    }
    if isinstance(objective, Search):
        search = _unchanged(objective, options)
        is_complete = True
    else:
        search = _search_of(objective, options)
        is_complete = match_conditions is not None
    check_errors(errors)
    search.check(own_data=_is_embedded(client))
    if not _is_embedded(client):
        check_budget(budget, search)
    asked = question(search)
    display = display_for(progress)
    with service_for(client) as service, closing(display):
        before = None
        if not service.is_embedded:  # which costs nothing, and whose address may be another's
            before = Ledger.of_this_machine().answer_to(asked, service=service.base_url)
        if before is not None and reuse:
            return taken_from_ledger(before, display, errors=errors)
        if not is_complete:
            display.show(_before(search, service, "drafting conditions"))
            drafted = service.ingest(search.objective, timeout=deadline.timeout)
            search.match_conditions = drafted.match_conditions  # type: ignore[assignment]
            search.entity_type = entity_type or drafted.entity_type
            if enrichments is None and generator != "preview":
                search.enrichments = drafted.enrichments  # type: ignore[assignment]
                if not service.is_embedded:
                    check_budget(budget, search)
        if before is not None:
            call = resume_call(before.findall_id, service=before.service)
            warn(
                f"An equal search finished on {before.fetched_at:%Y-%m-%d %H:%M} UTC with "
                f"{before.matched} matches, and is now run and paid for again. {call} gives that "
                "result, and reuse=True takes it by itself.",
                RepeatedSearchWarning,
            )
        display.show(_before(search, service, "starting"))
        run = Run.start(search, client=service, asked=asked, deadline=deadline)
        return run.watch(display, deadline=deadline, errors=errors, begun=begun)


def preview(
    objective: str | Search,
    *,
    entity_type: str | None = None,
    match_conditions: Conditions | None = None,
    match_limit: int = 10,
    exclude: Exclusions | None = None,
    metadata: Mapping[str, str | int | float | bool] | None = None,
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Try a search on about ten candidates, for little money, before paying for all of it.

    Parameters
    ----------
    objective, entity_type, match_conditions, exclude, metadata, client, progress, timeout
        As in `find_all`. Of a `Search` the generator, limit and enrichments are left aside.
    match_limit : int
        How many candidates to evaluate, matched or not, 5 to 10.

    Returns
    -------
    FindAllFrames
        Its ``candidates`` show matched and unmatched ones, each with its reasons.

    Raises
    ------
    FindAllError
        As `find_all`.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> numbers = pd.DataFrame({"name": [f"N{n}" for n in range(40)], "size": range(40)})
    >>> with ff.local(numbers) as client:
    ...     frames = ff.preview("Find things with a size of at least 5", client=client,
    ...                         progress=False)
    >>> len(frames.candidates)
    10
    """
    options: dict[str, Any] = {
        "entity_type": entity_type,
        "match_conditions": match_conditions,
        "exclude": exclude,
        "metadata": metadata,
    }
    if isinstance(objective, Search):
        search = _unchanged(objective, options)
        objective = Search(
            search.objective,
            entity_type=search.entity_type,
            match_conditions=search.match_conditions,
            generator="preview",
            match_limit=match_limit,
            exclude=search.exclude,
            metadata=search.metadata,
        )
    else:
        options |= {"generator": "preview", "match_limit": match_limit}
    return find_all(
        objective,
        **(options if isinstance(objective, str) else {}),
        client=client,
        progress=progress,
        timeout=timeout,
    )


def draft(
    objective: str,
    *,
    generator: str = "core",
    match_limit: int | None = None,
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> Search:
    """Have conditions drafted from an objective, to be edited before they are paid for.

    Parameters
    ----------
    objective : str
        The question in plain words.
    generator, match_limit
        Of the search, as in `find_all`.
    client, progress
        As in `find_all`.
    timeout : float, optional
        Seconds; None waits without a limit.

    Returns
    -------
    Search
        Edit its ``match_conditions`` and the rest, then give it to `find_all` or `start`. On own
        data it shows what each condition was read as; SQL may be written in its place.

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
    ...     search = ff.draft("Find cities in Italy", client=client)
    >>> search
    Search('Find cities in Italy')
      cities, generator core
      - in_italy: in Italy
          read as lower("country") = 'italy': 1 of 2 rows
    """
    begun = time.monotonic()
    search = _search_of(objective, {"generator": generator, "match_limit": match_limit})
    deadline = Deadline.after(timeout)
    with service_for(client) as service, closing(display_for(progress)) as display:
        update = _before(search, service, "drafting conditions")
        display.show(update)
        drafted = service.ingest(search.objective, timeout=deadline.timeout)
        took = time.monotonic() - begun
        display.show(replace(update, status="drafted", is_over=True, elapsed=took))
    return Search.from_schema(drafted, generator=generator, match_limit=match_limit)


def explain(
    search: Search | str,
    *,
    client: Client,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> pd.DataFrame:
    """Show what own data understands the conditions of a search as, before anything is run.

    Parameters
    ----------
    search : Search or str
        Its conditions are read as they stand; a question in plain words is drafted first.
    client : Client
        Of a service over your own data, such as ``ff.local(...)``.
    progress, timeout
        As in `draft`.

    Returns
    -------
    pandas.DataFrame
        One row per condition: ``condition`` (its name), ``status`` (``sql``, ``ask``,
        ``mention``, ``unanswerable`` or ``not_understood``), ``sql``, ``reader`` (``sql``,
        ``plain`` or ``model``), ``columns`` (that it refers to), all ``str``; ``true``,
        ``false``, ``unknown``: how many rows it is that for, ``Int64``, missing where only a
        model or the full text can tell; ``assumptions`` and ``note``, ``str``.

    Raises
    ------
    NotFoundError
        The service reads no conditions, as the hosted one.
    EvaluatorError
        The language model gave no answer.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "people": [700_000, 2_700_000]})
    >>> search = ff.Search("Large cities", entity_type="cities",
    ...                    match_conditions={"large": "people over 1 million"})
    >>> with ff.local(cities) as client:
    ...     ff.explain(search, client=client)[["condition", "sql", "true", "false"]]
      condition                 sql  true  false
    0     large  "people" > 1000000     1      1
    """
    if isinstance(search, str):
        search = draft(search, client=client, progress=progress, timeout=timeout)
    readings = client.explain(
        search.to_schema(own_data=True).match_conditions,
        entity_type=search.entity_type,
        timeout=Deadline.after(timeout).timeout,
    )
    return readings_table(readings)


def start(search: Search, *, client: Client | None = None, timeout: float | None = None) -> Run:
    """Start a search without waiting for it; from here on it costs money.

    Parameters
    ----------
    search : Search
        What to look for.
    client : Client, optional
        As in `find_all`.
    timeout : float, optional
        Seconds for the request; None waits without a limit.

    Returns
    -------
    Run
        ``run.wait()`` waits for it, and so does ``ff.resume(run.findall_id)``.

    Raises
    ------
    FindAllError
        As `find_all`.

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
    search.check(own_data=_is_embedded(client))
    return Run.start(search, client=client or Client(), deadline=Deadline.after(timeout))


def _is_embedded(client: Client | None) -> bool:
    return client is not None and client.is_embedded


@contextmanager
def service_for(client: Client | None) -> Iterator[Client]:
    """Give the client that was passed, or the default one for as long as it is needed."""
    if client is not None:
        yield client
        return
    with Client() as default:
        yield default


def taken_from_ledger(kept: Kept, display: Display, *, errors: Errors) -> FindAllFrames:
    """Give the tables of a run that was fetched before."""
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
    frames = flatten(kept.body, schema=schema, service=kept.service, fetched_at=kept.fetched_at)
    report_partial(kept.findall_id, kept.status, frames, errors=errors)
    return frames


def _search_of(objective: str, options: Mapping[str, Any]) -> Search:
    """Read everything before anything is sent; a draft will replace what is not given yet."""
    given = {name: value for name, value in options.items() if value is not None}
    if "match_conditions" in given and "entity_type" not in given:
        raise InvalidRequestError(
            "match_conditions need an entity_type, such as entity_type='companies'. Leave both "
            "out to have them drafted from the objective."
        )
    return Search(objective, **{"entity_type": "?", "match_conditions": ["?"], **given})


def _unchanged(search: Search, options: Mapping[str, Any]) -> Search:
    """Return the search, unless something is passed beside it that it has itself."""
    for name, value in options.items():
        if value is not None:
            raise InvalidRequestError(
                f"A Search brings its own {name}. Set search.{name} instead of passing it."
            )
    return search


def _before(search: Search, client: Client, status: str) -> Update:
    return Update(
        findall_id="",
        objective=search.objective,
        service=client.base_url,
        status=status,
        match_limit=search.match_limit,
    )
