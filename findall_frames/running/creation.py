"""One creation: noted before it is sent, and never sent twice."""

from __future__ import annotations

import uuid

from findall_frames.api.client import TOKEN, Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import FindAllRun
from findall_frames.errors import AmbiguousCreateError, FindAllError
from findall_frames.running.ledger import Ledger, question
from findall_frames.running.pricing import price_of
from findall_frames.running.spec import Search

__all__ = ["create"]


def create(search: Search, *, client: Client, asked: str | None, deadline: Deadline) -> FindAllRun:
    """Create a run, with its intent and its id in the ledger.

    Parameters
    ----------
    search : Search
        What to look for.
    client : Client
        The service.
    asked : str or None
        The name under which an equal search can find this one again; None is that of `search`.
    deadline : Deadline
        When to give up.
    """
    token = uuid.uuid4().hex
    request = search.to_input(metadata={TOKEN: token}, own_data=client.is_embedded)
    schema = search.to_schema(own_data=client.is_embedded)
    ledger = Ledger.of_this_machine()
    ledger.intend(
        token,
        service=client.base_url,
        schema=schema,
        asked=asked or question(search),
        cost=price_of(schema, service=client.base_url),
    )
    try:
        run = client.create(request, timeout=deadline.timeout)
    except AmbiguousCreateError:
        raise  # the intent stays as it is: nobody knows
    except FindAllError as error:
        if error.findall_id:
            ledger.created(token, findall_id=error.findall_id, status="unknown")
        else:
            ledger.refused(token)
        raise
    ledger.created(token, findall_id=run.findall_id, status=run.status.status)
    return run
