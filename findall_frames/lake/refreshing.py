"""Runs searches again, appends the runs to a lake, and returns the new matches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.http import default_url
from findall_frames.api.models import ExcludeCandidate
from findall_frames.errors import InvalidRequestError
from findall_frames.frames.compare import entity_keys
from findall_frames.frames.frames import FindAllFrames
from findall_frames.many import run_many
from findall_frames.progress.displays import Display, Progress
from findall_frames.running.arguments import MOST_EXCLUDED, check_options
from findall_frames.running.claims import settle
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.spec import Search, options_of
from findall_frames.services import is_own_data

__all__ = ["KnownSearch", "refreshed"]


class KnownSearch(NamedTuple):
    """A search, everything that has matched it before, and what of that is to be excluded."""

    search: Search
    matches: Sequence[ExcludeCandidate]
    excluded: Sequence[ExcludeCandidate]


def refreshed(
    searches: Sequence[KnownSearch],
    *,
    append: Callable[[FindAllFrames], None],
    appended: Collection[str],
    place: str,
    budget: float | None,
    per_hour: int,
    data: Any,
    client: Client | None,
    progress: Progress | Display,
    timeout: float | None,
) -> FindAllFrames:
    """Do what `Lake.refresh` documents.

    Parameters
    ----------
    searches : sequence of KnownSearch
        What to run.
    append : callable
        Appends runs to the lake.
    appended : collection of str
        The findall_ids of all runs that were in it when `searches` were read.
    place : str
        Which lake it is.
    budget, per_hour, data, client, progress, timeout
        As in `Lake.refresh`.
    """
    own_data = is_own_data(client, data)
    asked = [_question_of(each.search, place=place, own_data=own_data) for each in searches]
    for number, key in enumerate(asked):
        if key in asked[:number]:
            raise InvalidRequestError(
                "Two of the saved searches ask the same, and would be paid for twice: "
                f"{searches[number].search.objective!r:.200}. Delete or change one of their files."
            )
    if not own_data:
        # Runs in the lake are done with; those of a refresh that goes on, or was killed, are not.
        service = default_url() if client is None else client.base_url
        settle(Ledger.of_this_machine(), asked, appended, service=service)
    frames = run_many(
        [_options_of(each) for each in searches],
        asked,
        max_active=None,
        budget=budget,
        per_hour=per_hour,
        errors="collect",
        data=data,
        client=client,
        progress=progress,
        deadline=Deadline.after(timeout),
    )
    runs = frames.tables["runs"]
    has_result = runs.filter(pc.is_valid(runs["fetched_at"]))["findall_id"].to_pylist()
    append(FindAllFrames.concat(map(frames.for_run, has_result)))
    return FindAllFrames.concat(
        _without(frames.for_run(findall_id), each.matches)
        for findall_id, each in zip(frames.findall_ids, searches, strict=True)
    )


def _question_of(search: Search, *, place: str, own_data: bool) -> str:
    # Without what the lake excludes, which changes while a refresh that was killed is completed.
    options = options_of(search)
    asked = question(options, match_limit=check_options(options, own_data=own_data))
    return hashlib.sha256(f"refresh\n{place}\n{asked}".encode()).hexdigest()


def _options_of(known: KnownSearch) -> dict[str, Any]:
    excluded = dict.fromkeys([*known.search.exclude, *known.excluded])
    return {**options_of(known.search), "exclude": list(excluded)[:MOST_EXCLUDED]}


def _without(frames: FindAllFrames, known: Sequence[ExcludeCandidate]) -> FindAllFrames:
    """Return frames of one run without the matches that are known, which a service may send."""
    candidates = frames.tables["candidates"]
    rows = candidates.select(["candidate_id", "name", "url", "match_status"]).to_pylist()
    both = [*((each.name, each.url) for each in known), *((r["name"], r["url"]) for r in rows)]
    keys = entity_keys([name or "" for name, _ in both], [url or "" for _, url in both])
    before = set(keys[: len(known)])
    new = pa.array(
        [
            row["candidate_id"]
            for row, key in zip(rows, keys[len(known) :], strict=True)
            if row["match_status"] != "matched" or key not in before
        ],
        pa.string(),
    )
    if len(new) == len(rows):
        return frames
    kept = {
        name: table.filter(pc.is_in(table["candidate_id"], value_set=new))
        for name, table in frames.tables.items()
        if name != "runs"
    }
    return FindAllFrames({**frames.tables, **kept}, searches=frames.searches)
