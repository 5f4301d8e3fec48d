"""The same search again, without what is known."""

from __future__ import annotations

from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import FindAllSchema
from findall_frames.continuing import FramesOrId, demand_service_of, id_of
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.progress.base import Display
from findall_frames.progress.choose import Progress
from findall_frames.running.ledger import Ledger
from findall_frames.running.outcome import Errors, check_errors
from findall_frames.running.readings import read_exclusions
from findall_frames.running.run import Run
from findall_frames.running.spec import Search
from findall_frames.search import find_all, service_for

__all__ = ["refresh"]


def refresh(
    frames_or_id: FramesOrId,
    *,
    budget: float | None = None,
    errors: Errors = "warn",
    client: Client | None = None,
    progress: Progress | Display = "auto",
    timeout: float | None = None,
) -> FindAllFrames:
    """Run the same search again without the matches that are known, and give old and new together.

    It is a new run, with a price of its own. What it finds stands under its own findall_id; the
    result can be refreshed again, and then leaves out the matches of both. What the old run was
    told to exclude is not known any more, and may be found now.

    Parameters
    ----------
    frames_or_id : FindAllFrames or str
        The run, or the frames of several runs of one search, of which the last one is repeated.
    budget, errors, client, progress, timeout
        As in `find_all`. With frames that know their search, any service will do.

    Returns
    -------
    FindAllFrames
        The old runs and the new one. ``frames.for_run(frames.findall_ids[-1])`` is what is new.

    Raises
    ------
    InvalidRequestError
        The frames are of different searches, or hold no run; the run is not over yet; or no
        client was passed, and the run is at another service than the default.
    FindAllError
        As `find_all`. Frames in an exception are those of the new run alone.

    Examples
    --------
    >>> import findall_frames as ff
    >>> import pandas as pd
    >>> cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    >>> with ff.local(cities) as client:
    ...     frames = ff.find_all("Find cities in Italy", client=client, progress=False)
    >>> cities.loc[2] = ["Bari", "Italy"]
    >>> with ff.local(cities) as client:
    ...     both = ff.refresh(frames, client=client, progress=False)
    >>> both.matches["name"].tolist()
    ['Rome', 'Bari']
    >>> len(both.findall_ids)
    2
    """
    deadline = Deadline.after(timeout)
    check_errors(errors)
    with service_for(client) as service:
        if client is None:
            demand_service_of(frames_or_id)
        if isinstance(frames_or_id, FindAllFrames):
            old = frames_or_id
        else:
            old = _finished(frames_or_id, service, deadline=deadline)
        search = Search.from_schema(_search_behind(old, service, deadline=deadline))
        search.exclude = read_exclusions(old)
        new = find_all(
            search,
            budget=budget,
            errors=errors,
            client=service,
            progress=progress,
            timeout=deadline.timeout,
        )
    return FindAllFrames.concat([old, new])


def _finished(findall_id: FramesOrId, client: Client, *, deadline: Deadline) -> FindAllFrames:
    """Give what a finished run has found, from the ledger where it is there."""
    findall_id = id_of(findall_id)
    kept = Ledger.of_this_machine().result_of(findall_id, service=client.base_url)
    if kept is not None:
        return flatten(
            kept.body, schema=kept.schema, service=kept.service, fetched_at=kept.fetched_at
        )
    if not client.retrieve(findall_id, timeout=deadline.timeout).status.is_over:
        raise InvalidRequestError(
            f"Run {findall_id} is not over, so that what it will find is not known yet. Wait for "
            f"it with ff.resume({findall_id!r}), and refresh it then.",
            findall_id=findall_id,
        )
    return Run(findall_id, client=client).frames(deadline=deadline)


def _search_behind(frames: FindAllFrames, client: Client, *, deadline: Deadline) -> FindAllSchema:
    """Find out what the runs looked for, which has to be the same for all of them."""
    if not frames.findall_ids:
        raise InvalidRequestError(
            "These frames hold no run, so that there is no search to be repeated. Use "
            "ff.find_all(objective)."
        )
    schemas = [
        frames.searches.get(findall_id) or client.schema(findall_id, timeout=deadline.timeout)
        for findall_id in frames.findall_ids
    ]
    last = schemas[-1]
    for findall_id, schema in zip(frames.findall_ids, schemas, strict=True):
        if (schema.objective, schema.match_conditions) != (last.objective, last.match_conditions):
            raise InvalidRequestError(
                f"The runs {findall_id} and {frames.findall_ids[-1]} are of different searches. "
                "Take one of them with frames.for_run(findall_id), and refresh that."
            )
    return last
