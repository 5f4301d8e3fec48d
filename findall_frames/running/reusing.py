"""Finds the run of an equal search in the ledger, to take its result or to warn of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from findall_frames.addresses import resume_call
from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.errors import AmbiguousCreateError, RepeatedSearchWarning, RunTimeout, warn
from findall_frames.running.claims import is_being_created
from findall_frames.running.creating import find_lost_run
from findall_frames.running.ledger import Ledger
from findall_frames.running.pricing import price_of
from findall_frames.running.spec import Search

__all__ = ["equal_run_id", "intend_unless_equal", "warn_of_equal"]

_LOOK_AGAIN: Final = 0.1
"""Seconds until a creation of another call is looked at again."""


def equal_run_id(
    asked: str,
    *,
    options: Mapping[str, Any],
    client: Client,
    deadline: Deadline,
    show: Callable[[str], None],
) -> str | None:
    """Return the id of the latest run of an equal search; None if there is none to be reused.

    While another call creates that run, its id is waited for.

    Parameters
    ----------
    asked : str
        The hash of the search, from `question`.
    options : mapping
        The parameters of the search.
    client : Client
        The service.
    deadline : Deadline
        When to stop waiting.
    show : callable
        Is told what is waited for.

    Raises
    ------
    AmbiguousCreateError
        Its creation was not answered, so the run may exist.
    RunTimeout
        The deadline has passed.
    """
    ledger = Ledger.of_this_machine()
    while (row := ledger.equal_run(asked, service=client.base_url)) is not None:
        if row["findall_id"]:
            return str(row["findall_id"])
        if not is_being_created(row):
            return _lost_run_id(row, options=options, client=client, deadline=deadline)
        if deadline.has_passed():
            raise RunTimeout(
                "Time is up, and another call is still starting an equal search. Nothing was "
                "started here; the same call again waits for that run."
            )
        show("being started by another call")
        time.sleep(deadline.clip(_LOOK_AGAIN))
    return None


def intend_unless_equal(search: Search, asked: str, *, client: Client) -> str | None:
    """Record the intent to create a run, and return its token; None if there is an equal run."""
    token = uuid.uuid4().hex
    schema = search.to_schema(own_data=client.is_embedded)
    is_recorded = Ledger.of_this_machine().intend(
        token,
        service=client.base_url,
        schema=schema,
        asked=asked,
        cost=price_of(schema, service=client.base_url),
        unless_equal=True,
    )
    return token if is_recorded else None


def _lost_run_id(
    row: Mapping[str, Any], *, options: Mapping[str, Any], client: Client, deadline: Deadline
) -> str:
    token = str(row["token"])
    found = find_lost_run(
        token,
        objective=options["objective"],
        memory_scope_key=options.get("memory_scope_key"),
        client=client,
        deadline=deadline,
    )
    if found is None:
        raise AmbiguousCreateError(
            f"An equal search was started at {row['started_at']:.16} UTC and has not been "
            f"answered: the run may exist, with findall_frames_token={token!r} in its metadata. "
            "With reuse=True nothing is started again. If the run exists, ff.resume(findall_id) "
            "waits for it; if not, leave out reuse=True to start it again, and to pay for it.",
            token=token,
        )
    return found


def warn_of_equal(ledger: Ledger, asked: str, *, service: str) -> None:
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
