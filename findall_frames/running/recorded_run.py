"""One run as this machine knows it: requests to its service, each change recorded in the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from findall_frames.addresses import resume_call
from findall_frames.api.client import Client
from findall_frames.api.deadline import Deadline
from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllRun,
    FindAllRunStatus,
    FindAllSchema,
)
from findall_frames.api.waiting import is_refused_so_far
from findall_frames.errors import AmbiguousCreateError, ConflictError, FindAllError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from findall_frames.running.kept_reviews import with_reviews
from findall_frames.running.ledger import Ledger
from findall_frames.running.outcome import matches_missing
from findall_frames.running.pricing import CostEstimate, price_of

__all__ = ["RecordedRun"]

_RESULT_PAUSES: Final = (0.5, 1.0, 2.0)
"""Seconds between requests for a result that lacks matches which its status counts."""


class RecordedRun:
    """A run, and what is known of it.

    Attributes
    ----------
    findall_id : str
        Its id.
    client : Client
        Its service.
    schema : FindAllSchema or None
        Its search, as the service last said; requested for the tables if it is not known.
    status : FindAllRunStatus or None
        As last seen.
    unrecorded : str or None
        The token of its creation, if its id could not be written to the ledger so far.
    is_new : bool
        True if it was just created here.
    is_fresh : bool
        True if `status` was just requested.
    ends_once : bool
        True if it can't go on once it is over.
    changed_after : str or None
        When it was last modified before it was extended or enriched here.
    earlier : FindAllFrames or None
        Frames of this run, whose reviews are kept.
    """

    def __init__(
        self, findall_id: str, *, client: Client, schema: FindAllSchema | None = None
    ) -> None:
        self.findall_id = findall_id
        self.client = client
        self.schema = schema
        self.status: FindAllRunStatus | None = None
        self.unrecorded: str | None = None
        self.is_new = False
        self.is_fresh = False
        self.ends_once = False
        self.changed_after: str | None = None
        self.earlier: FindAllFrames | None = None
        self._ledger = Ledger.of_this_machine()

    @property
    def cost(self) -> CostEstimate | None:
        """The estimated cost, where its search and the prices of the service are known."""
        if self.schema is None:
            return None
        return price_of(self.schema, service=self.client.base_url)

    @property
    def resume_call(self) -> str:
        """The Python call that continues to wait for it."""
        return resume_call(self.findall_id, service=self.client.base_url)

    @contextmanager
    def noting_interruption(self) -> Iterator[None]:
        """Add a note on how to resume the run to an interrupt."""
        try:
            yield
        except (KeyboardInterrupt, asyncio.CancelledError) as interrupt:
            interrupt.add_note(
                f"Run {self.findall_id} goes on, and nothing is lost: {self.resume_call}"
            )
            raise

    # -- its status ------------------------------------------------------------------------------

    def request_status(self, deadline: Deadline) -> FindAllRun:
        """Request the status of the run, without recording it."""
        run = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
        self.status = run.status
        return run

    def look(self, deadline: Deadline) -> FindAllRun:
        """Request the status of the run and record it."""
        as_of = datetime.now(UTC)
        run = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
        self.observe(run.status, as_of=as_of)
        return run

    def observe(self, status: FindAllRunStatus, *, as_of: datetime | None = None) -> None:
        """Record a status of the run, by default as of now, unless it says nothing new."""
        token = self.unrecorded
        if token and self._ledger.created(token, findall_id=self.findall_id, status=status.status):
            self.unrecorded = None
        if status == self.status and not status.is_over:
            return  # a heartbeat
        self.status = status
        self._ledger.observed(
            self.findall_id,
            service=self.client.base_url,
            status=status,
            schema=self.schema,
            cost=self.cost,
            as_of=as_of,
        )

    # -- changing it -----------------------------------------------------------------------------

    def cancel(self, deadline: Deadline) -> FindAllRun:
        """Stop the run for good, and return it as it is afterwards."""
        try:
            self.client.cancel(self.findall_id, timeout=deadline.timeout)
        except ConflictError:
            run = self.request_status(deadline)
            if not run.status.is_over:
                raise
            return run
        return self.request_status(deadline)

    def extend(self, more: int, deadline: Deadline) -> None:
        """Ask for more matches; each costs money."""
        with self._changing(deadline):
            self.schema = self.client.extend(self.findall_id, more, timeout=deadline.timeout)

    def enrich(self, enrichments: Sequence[FindAllEnrichInput], deadline: Deadline) -> None:
        """Add columns to all present and future matches; each match costs money."""
        with self._changing(deadline):
            for done, enrichment in enumerate(enrichments):
                try:
                    self.add_enrichment(enrichment, deadline)
                except FindAllError as error:
                    if done:
                        error.add_note(
                            f"{done} of {len(enrichments)} enrichments were added before."
                        )
                    raise

    def add_enrichment(self, enrichment: FindAllEnrichInput, deadline: Deadline) -> None:
        """Add an enrichment with which the run was asked for; each match costs money."""
        self.schema = self.client.enrich(self.findall_id, enrichment, timeout=deadline.timeout)

    @contextmanager
    def _changing(self, deadline: Deadline) -> Iterator[None]:
        """Record that the run goes on, before it is asked to, and that it does not if refused."""
        before = self.client.retrieve(self.findall_id, timeout=deadline.timeout)
        service, schema = self.client.base_url, self.schema
        self._ledger.reopened(self.findall_id, service=service)
        is_refused = False
        try:
            yield
        except BaseException as error:
            is_known = isinstance(error, FindAllError) or is_refused_so_far(error)
            is_lost = isinstance(error, AmbiguousCreateError)
            is_refused = is_known and not is_lost and self.schema is schema
            raise
        finally:
            if not is_refused:
                self._ledger.changed(self.findall_id, service=service)
                self.changed_after = before.modified_at
                self.ends_once = False
                self.status = None
            elif before.status.is_over:
                self._ledger.unchanged(self.findall_id, service=service)

    # -- its result ------------------------------------------------------------------------------

    def fetch(self, deadline: Deadline) -> FindAllFrames:
        """Return what the run has found so far, whatever its status."""
        body = self.client.result_json(self.findall_id, timeout=deadline.timeout)
        return self._flattened(body, deadline)

    def fetch_and_keep(self, deadline: Deadline) -> FindAllFrames:
        """Return the result of a run that is over as it was last seen, and store it.

        It is fetched again in a moment if it lacks matches that the status counts.
        """
        frames = self._fetch_and_keep(deadline)
        for pause in _RESULT_PAUSES:
            if not matches_missing(frames, self.status) or pause >= deadline.remaining:
                break
            time.sleep(pause)
            try:
                frames = self._fetch_and_keep(deadline)
            except FindAllError:
                break  # what is here was paid for
        return frames

    def _fetch_and_keep(self, deadline: Deadline) -> FindAllFrames:
        body = self.client.result_json(self.findall_id, timeout=deadline.timeout)
        # Stored first, so that a paid result is not lost if it cannot be made into tables.
        schema = self.schema
        self._keep(body)
        frames = self._flattened(body, deadline)
        if schema is None:
            self._keep(body)  # with the search, which was requested for the tables
        return frames

    def _keep(self, body: bytes) -> None:
        self._ledger.keep(
            self.findall_id, service=self.client.base_url, schema=self.schema, body=body
        )

    def _flattened(self, body: bytes, deadline: Deadline) -> FindAllFrames:
        if self.schema is None:
            self.schema = self.client.schema(self.findall_id, timeout=deadline.timeout)
        try:
            frames = flatten(
                body,
                schema=self.schema,
                service=self.client.base_url,
                fetched_at=datetime.now(UTC),
            )
        except FindAllError as error:
            error.findall_id = self.findall_id
            error.add_note(
                f"It is the result of run {self.findall_id}: {self.resume_call} tries again."
            )
            raise
        return with_reviews(frames, ledger=self._ledger, earlier=self.earlier)
