"""Creates runs, and looks for those whose creation was not answered; no other code creates one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from findall_frames.api.client import TOKEN, Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.models import FindAllEnrichInput, FindAllMemoryResult
from findall_frames.api.waiting import is_refused_so_far
from findall_frames.errors import AmbiguousCreateError, FindAllError
from findall_frames.running.arguments import check_options
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.pricing import price_of
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.spec import Search, options_of

__all__ = ["add_enrichments", "create_run", "find_lost_run"]

_LOOK_SECONDS: Final = 2.0
"""Seconds to look for a run whose creation was not answered."""


def create_run(
    search: Search,
    *,
    client: Client,
    asked: str | None = None,
    token: str | None = None,
    deadline: Deadline = NEVER,
) -> RecordedRun:
    """Create a run for a checked search, without its enrichments; this costs money.

    The intent is written to the ledger before the request is sent, and the id as soon as it is
    known. `add_enrichments` is to follow.

    Parameters
    ----------
    search : Search
        The search.
    client : Client
        The service.
    asked : str, optional
        The hash from `question` by which an equal search finds this run; by default that of
        `search`.
    token : str, optional
        That of the intent, if it is in the ledger already; `asked` is not needed then.
    deadline : Deadline
        When to stop waiting.

    Raises
    ------
    AmbiguousCreateError
        The answer was lost, so the run may exist; the request was not repeated.
    APIError
        The service refused.
    """
    own_data = client.is_embedded
    schema = search.to_schema(own_data=own_data)
    ledger = Ledger.of_this_machine()
    is_intended = token is not None
    token = token or uuid.uuid4().hex
    request = search.to_input(metadata={TOKEN: token}, own_data=own_data)
    if not is_intended:
        if asked is None:
            options = options_of(search)
            asked = question(options, match_limit=check_options(options, own_data=own_data))
        ledger.intend(
            token,
            service=client.base_url,
            schema=schema,
            asked=asked,
            cost=price_of(schema, service=client.base_url),
        )
    try:
        created = client.create(request, timeout=deadline.timeout)
    except AmbiguousCreateError as error:
        ledger.unanswered(token)  # the run may exist, so the intent stays
        if similar := _similar_runs(search, ledger, client=client, deadline=deadline):
            error.add_note(f"Recent runs of the account with this objective: {similar}.")
        raise
    except FindAllError as error:
        if error.findall_id:
            ledger.created(token, findall_id=error.findall_id, status="unknown")
        else:
            ledger.refused(token)
        raise
    except BaseException as interrupt:
        if is_refused_so_far(interrupt):
            ledger.refused(token)
        else:
            ledger.unanswered(token)
        raise
    status = created.status.status
    is_recorded = ledger.created(token, findall_id=created.findall_id, status=status)
    run = RecordedRun(created.findall_id, client=client, schema=schema)
    run.unrecorded = None if is_recorded else token
    run.is_new = True
    run.ends_once = not search.enrichments
    run.status = created.status
    return run


def add_enrichments(
    run: RecordedRun, enrichments: Iterable[FindAllEnrichInput], *, deadline: Deadline = NEVER
) -> None:
    """Add to a run that was just created the enrichments of its search; each match costs money.

    Raises
    ------
    AmbiguousCreateError
        The answer was lost, so the enrichment may have been added; the request was not repeated.
    APIError
        The service refused. The run goes on; the error has its ``findall_id``.
    """
    with run.noting_interruption():
        try:
            for enrichment in enrichments:
                run.client.enrich(run.findall_id, enrichment, timeout=deadline.timeout)
        except FindAllError as error:
            without = "perhaps " if isinstance(error, AmbiguousCreateError) else ""
            error.add_note(
                f"Run {run.findall_id} was created and goes on {without}without this enrichment: "
                f"{run.resume_call}"
            )
            raise


def _similar_runs(search: Search, ledger: Ledger, *, client: Client, deadline: Deadline) -> str:
    """Return the account's recent runs with this objective that the ledger lacks, if it says."""
    recent = _unknown_runs(
        search.objective, search.memory_scope_key, ledger, client=client, deadline=deadline
    )
    return ", ".join(f"{run.id} ({run.updated_at or 'no time given'})" for run in recent)


def _unknown_runs(
    objective: str, scope: str | None, ledger: Ledger, *, client: Client, deadline: Deadline
) -> list[FindAllMemoryResult]:
    if client.is_embedded:
        return []
    try:
        recent = client.recent_runs(memory_scope_key=scope, timeout=deadline.clip(_LOOK_SECONDS))
    except FindAllError:
        return []  # not every account has a list, and the caller has an error to report
    known = {row["findall_id"] for row in ledger.rows() if row["service"] == client.base_url}
    return [
        run for run in recent if run.id not in known and _is_beginning(run.input_excerpt, objective)
    ]


def find_lost_run(
    token: str,
    *,
    objective: str,
    memory_scope_key: str | None = None,
    client: Client,
    deadline: Deadline = NEVER,
) -> str | None:
    """Return the id of a run whose creation was not answered, if the account's list has it.

    It is recorded then. That the list lacks it does not say that there is no such run.

    Parameters
    ----------
    token : str
        The value of ``metadata["findall_frames_token"]`` of the run.
    objective, memory_scope_key : str
        Those of its search.
    client : Client
        The service.
    deadline : Deadline
        When to stop looking.
    """
    ledger = Ledger.of_this_machine()
    for similar in _unknown_runs(
        objective, memory_scope_key, ledger, client=client, deadline=deadline
    ):
        with suppress(FindAllError):
            run = client.retrieve(similar.id, timeout=deadline.clip(_LOOK_SECONDS))
            if (run.metadata or {}).get(TOKEN) == token:
                ledger.created(token, findall_id=run.findall_id, status=run.status.status)
                return run.findall_id
    return None


def _is_beginning(excerpt: str, text: str) -> bool:
    """Return True if an excerpt, which may end in dots, is the beginning of a text."""
    begin = " ".join(excerpt.removesuffix("...").removesuffix("…").split())
    return bool(begin) and " ".join(text.split()).startswith(begin)
