"""Runs many searches at one service, from one thread: creates, waits for and fetches their runs."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from findall_frames.addresses import client_argument
from findall_frames.api.client import Client
from findall_frames.api.deadline import NEVER, Deadline
from findall_frames.api.events import Failures, as_event
from findall_frames.api.models import FindAllRun, FindAllSchema
from findall_frames.api.waiting import Patience, not_waiting
from findall_frames.background import in_background
from findall_frames.display.text import counted
from findall_frames.errors import (
    AmbiguousCreateError,
    APIError,
    AuthenticationError,
    FindAllError,
    InsufficientFundsError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    UnexpectedResponseError,
    advice,
)
from findall_frames.running.arguments import enrichment_names
from findall_frames.running.claims import Claim, KnownRun, claim, known_run, withdraw
from findall_frames.running.creating import create_run, find_lost_run
from findall_frames.running.drafts import Drafts
from findall_frames.running.job import Job, Terms, is_passing
from findall_frames.running.ledger import Ledger
from findall_frames.running.outcome import partial_result
from findall_frames.running.pricing import ceiling_of, price_of
from findall_frames.running.recorded_run import RecordedRun
from findall_frames.running.spec import Search
from findall_frames.running.tracker import Tracker

__all__ = ["Batch"]

_T = TypeVar("_T")

_FIRST_LOOK, _LONGEST_LOOK = 1.0, 30.0
_FIRST_OWN_LOOK: Final = 0.01
"""Seconds between status requests for a run; the second is for own data, which takes moments."""
_SHARE: Final = 0.1
"""The pause as a share of the run's age, so that waiting takes at most this much longer."""
_REQUEST: Final = 30.0
"""Seconds for a status request: the other runs wait meanwhile."""
_TICK: Final = 0.25
_LOOK_AGAIN: Final = 1.0


class Batch:
    """Runs searches until each has a result or an error.

    Parameters
    ----------
    jobs : sequence of Job
        The searches; those that are over are left alone.
    client : Client
        The service.
    terms : Terms
        The limits. Own data has neither quota nor budget.
    draft : callable
        Asks the service for the search of a job that has none yet.
    show : callable
        Called often, with the job that has changed, if any, and what the next creation waits for.
    deadline : Deadline
        When to stop; the jobs that are not over by then stay so.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        client: Client,
        terms: Terms,
        draft: Callable[[Job], Search],
        show: Callable[[Job | None, str], None],
        deadline: Deadline = NEVER,
    ) -> None:
        self._client = client
        self._terms = terms
        self._drafts = Drafts(draft)
        self._show = show
        self._deadline = deadline
        self._ledger = Ledger.of_this_machine()
        self._waiting: deque[Job] = deque()
        self._due: list[tuple[float, int, Job]] = []
        self._order = {id(job): number for number, job in enumerate(jobs)}
        self._ids = {job.findall_id for job in jobs if job.findall_id and job.is_over}
        self._create_at = 0.0
        self._over_budget = 0
        self._ended = {job.asked for job in jobs if job.is_over}
        self._wait_words = ""
        self._patience: Patience | None = None
        for job in jobs:
            if job.findall_id is not None and not job.is_over:
                self._ids.add(job.findall_id)
                self._look_in(0.0, job)
            elif not job.is_over:
                self._waiting.append(job)

    def run(self) -> None:
        """Work until all jobs are over or the deadline has passed."""
        with not_waiting():  # the others go on while one has to wait
            while (self._waiting or self._due) and not self._deadline.has_passed():
                has_created = self._create_next()
                has_looked = self._look_at_next()
                if not has_created and not has_looked:
                    self._rest()

    def _rest(self) -> None:
        now = time.monotonic()
        self._show(None, self.held_up)
        wake_at = min(now + _TICK, self._due[0][0] if self._due else now + _TICK)
        if self._waiting and self._create_at > now:
            wake_at = min(wake_at, self._create_at)
        pause = self._deadline.clip(max(0.0, wake_at - now))
        if self._can_create() and self._waiting[0].search is None:
            self._drafts.wait(self._waiting[0], pause)
        else:
            time.sleep(pause)

    @property
    def held_up(self) -> str:
        """What the next creation waits for, and until when; empty if it waits for nothing."""
        return self._wait_words if self._waiting and not self._is_full else ""

    @property
    def _is_full(self) -> bool:
        limit = self._terms.max_active
        return limit is not None and len(self._due) >= limit

    def _can_create(self) -> bool:
        has_room = bool(self._waiting) and not self._is_full
        return has_room and time.monotonic() >= self._create_at

    # -- creating ----------------------------------------------------------------------------------

    def _create_next(self) -> bool:
        """Create the run of the next job, if that is possible now."""
        if not self._can_create():
            return False
        self._wait_words = ""
        for begun in self._drafts.begin(self._waiting):
            begun.update = replace(begun.update, status="drafting")
            self._show(begun, self.held_up)
        job = self._waiting[0]
        try:
            if not self._drafts.has_drafted(job) or job.search is None:
                return False
            job.update = replace(job.update, status="waiting")
            self._waiting.popleft()
            created = _to_its_end(partial(self._claim_and_create, job, job.search))
            if not isinstance(created, RecordedRun):
                self._waiting.appendleft(job)
                self._take_refusal(job, created)
                return self._can_create()
            job.run = created
        except AmbiguousCreateError as error:
            self._end(job, "unknown", str(error))
        except (AuthenticationError, InsufficientFundsError) as error:
            self._put_back(job)
            self._end_waiting(str(error))
        except FindAllError as error:
            if error.findall_id:  # it was created, though the answer could not be read
                self._adopt(job, error.findall_id)
            elif not self._hold_up(job, error):
                self._drop(job)
                self._end(job, "refused", str(error))
        else:
            self._patience = None
            self._over_budget = 0
            job.to_enrich = list(job.search.enrichments)
            job.begun = time.monotonic()
            self._adopt(job, job.run.findall_id)
            self._track(job, job.search.to_schema(own_data=self._client.is_embedded))
        return True

    def _claim_and_create(self, job: Job, search: Search) -> RecordedRun | Claim | None:
        """Return the run that was created, or the claim if it may not be created now.

        This is one step, as an interrupt in between would leave an intent of which nobody could
        say later whether it was carried out.
        """
        token = None
        if not self._client.is_embedded:
            claimed = self._claimed(job, search)
            if claimed is None or claimed.token is None:
                return claimed
            token = claimed.token
        try:
            return create_run(
                search,
                client=self._client,
                asked=job.asked if token is None else None,
                token=token,
                deadline=self._deadline,
            )
        except FindAllError as error:
            if token is not None and not error.findall_id and is_passing(error):
                withdraw(self._ledger, token)
            raise

    def _claimed(self, job: Job, search: Search) -> Claim | None:
        schema, service = search.to_schema(), self._client.base_url
        try:
            ceiling = self._ceiling(search)
        except InvalidRequestError:
            if self._terms.budget is not None:
                raise
            ceiling = None
        return claim(
            self._ledger,
            service=service,
            schema=schema,
            asked=job.asked,
            batch=self._terms.batch,
            cost=price_of(schema, service=service),
            ceiling=ceiling,
            budget=self._terms.budget,
            per_hour=self._terms.per_hour,
        )

    def _ceiling(self, search: Search) -> float:
        limit = search.to_schema().match_limit or 0
        return ceiling_of(search.generator, search.enrichments, limit).ceiling

    def _take_refusal(self, job: Job, claimed: Claim | None) -> None:
        """Note why the next run, that of a job, may not be created now."""
        if claimed is None and self._ledger.is_locked:
            self._try_later("the ledger is locked", f"The ledger {self._ledger.path} is locked.")
            return
        if claimed is None:
            self._waiting.popleft()
            error = (
                f"The ledger {self._ledger.path} can't be written, and without it a search could "
                "be paid for twice, so it was not started. Make it writable, then make the same "
                "call again."
            )
            self._end(job, "not_started", error)
        elif claimed.verdict == "budget":
            self._put_off(job, claimed)
            return
        elif claimed.known is not None:
            self._waiting.popleft()
            self._take_known(job, claimed.known)
        elif claimed.verdict == "quota":
            quota = counted(self._terms.per_hour, "run")
            why = f"the quota of {quota} per hour at {self._client.base_url} is used up"
            self._wait(claimed.seconds, why)
        self._over_budget = 0

    def _put_off(self, job: Job, claimed: Claim) -> None:
        """Try the other searches before one that does not fit into the budget, then wait."""
        self._over_budget += 1
        if self._over_budget < len(self._waiting):
            self._waiting.rotate(-1)
        elif claimed.unfinished - self._ended:
            self._waiting.rotate(-1)
            self._over_budget = 0
            self._wait_words = "the budget is reserved until one of the runs is over"
            self._create_at = time.monotonic() + claimed.seconds
        else:
            self._waiting.popleft()
            cost = self._ceiling(job.search) if job.search is not None else 0.0
            refusal = (
                f"The search was not started: it could cost ${cost:,.2f}, and of the budget of "
                f"${self._terms.budget:,.2f} for all searches ${claimed.spent:,.2f} are spent or "
                "reserved. A higher budget starts it."
            )
            self._end(job, "not_started", refusal)

    def _wait(self, seconds: float, why: str) -> None:
        self._create_at = time.monotonic() + seconds
        # A time of day, as a person may come back to it, and a log is not written every second.
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        self._wait_words = f"{why}; the next search can start at {until:%H:%M:%S} UTC"

    def _hold_up(self, job: Job, error: FindAllError) -> bool:
        """Wait before the next creation, if the service can take none now; return whether so."""
        if not is_passing(error):
            return False
        self._put_back(job)
        is_refused = isinstance(error, RateLimitError)
        why = "rate limited" if is_refused else "the service can't be reached"
        asked_for = error.retry_after if isinstance(error, APIError) else None
        self._try_later(why, str(error), asked_for=asked_for)
        return True

    def _try_later(self, why: str, error: str, *, asked_for: float | None = None) -> None:
        """Wait before the next creation, at growing intervals, and give up after an hour."""
        self._patience = self._patience or Patience(self._deadline, is_paid=True)
        pause = self._patience.pause_after(asked_for)
        if pause is not None:
            self._wait(pause, why)
        elif self._patience.give_up.at < self._deadline.at:
            self._end_waiting(error)
        else:
            self._wait(self._deadline.remaining, "time is nearly up")

    def _put_back(self, job: Job) -> None:
        if not self._waiting or self._waiting[0] is not job:
            self._waiting.appendleft(job)

    def _drop(self, job: Job) -> None:
        if self._waiting and self._waiting[0] is job:
            self._waiting.popleft()

    def _end_waiting(self, error: str) -> None:
        """Give up all creations, as each would meet the same error."""
        while self._waiting:
            self._end(self._waiting.popleft(), "not_started", error)

    def _take_known(self, job: Job, known: KnownRun) -> None:
        """Wait for a run that another call has created, or may have."""
        if known.findall_id is not None:
            self._adopt(job, known.findall_id)
        elif known.is_being_created:
            job.update = replace(job.update, status="being started by another call")
            self._look_in(_LOOK_AGAIN, job)
        elif lost := find_lost_run(
            str(known.token),
            objective=job.options["objective"],
            memory_scope_key=job.options.get("memory_scope_key"),
            client=self._client,
            deadline=self._deadline,
        ):
            self._adopt(job, lost)
        else:
            client = client_argument(self._client.base_url)
            self._end(
                job,
                "unknown",
                "An earlier creation of its run was never answered. The run may exist, with "
                f"findall_frames_token={known.token!r} in its metadata, so it was not created "
                "again. "
                + advice(
                    f"If it exists, ff.resume(findall_id{client}) waits for it; if not, "
                    f"ff.forget({known.token!r}) lets the same call start it.",
                    command="If it exists, findall-frames resume FINDALL_ID waits for it; if not, "
                    f"findall-frames forget {known.token} lets the same command start it.",
                ),
            )

    # -- waiting -----------------------------------------------------------------------------------

    def _adopt(self, job: Job, findall_id: str) -> None:
        """Begin to wait for a run."""
        if findall_id in self._ids:
            self._end(
                job,
                "known",
                f"The service returned run {findall_id}, which is that of another search of this "
                "call. Its result is in the row of that search.",
            )
            return
        self._ids.add(findall_id)
        job.findall_id = findall_id
        job.failures = Failures(is_new=True)
        job.update = replace(job.update, findall_id=findall_id, status="starting")
        self._look_in(0.0 if job.run is None else self._pause(job), job)
        self._show(job, self.held_up)

    def _look_in(self, seconds: float, job: Job) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, self._order[id(job)], job))

    def _pause(self, job: Job) -> float:
        first = _FIRST_OWN_LOOK if self._client.is_embedded else _FIRST_LOOK
        return min(max(first, _SHARE * (time.monotonic() - job.begun)), _LONGEST_LOOK)

    def _look_at_next(self) -> bool:
        """Look at the run that is due longest, if one is."""
        if not self._due or self._due[0][0] > time.monotonic():
            return False
        job = heapq.heappop(self._due)[-1]
        if job.findall_id is None:
            self._look_for(job)
            return True
        try:
            self._look_at(job)
        except FindAllError as error:
            try:
                pause = job.failures.of_status(error, is_talking=False)
            except FindAllError:
                again = (
                    advice(
                        f" ff.forget({job.findall_id!r}) lets the same call start another one.",
                        command=f" findall-frames forget {job.findall_id} lets the same command "
                        "start another one.",
                    )
                    if isinstance(error, NotFoundError)
                    else ""
                )
                self._end(job, job.update.status, f"{error}{again}")
            else:
                self._look_in(pause, job)
        return True

    def _look_for(self, job: Job) -> None:
        """Look whether another call has created the run of a job by now."""
        known = known_run(self._ledger, job.asked, service=self._client.base_url)
        if known is None:
            self._waiting.appendleft(job)
        else:
            self._take_known(job, known)

    def _look_at(self, job: Job) -> None:
        """Request the status of a run, and its result if it is over."""
        run = job.run = job.run or self._attached(job)
        self._enrich(job, run)
        found = run.look(self._briefly())
        job.failures.reset()
        self._note(job, found)
        if not found.status.is_over:
            self._look_in(self._pause(job), job)
            return
        try:
            job.frames = run.fetch_and_keep(self._deadline)
        except UnexpectedResponseError as error:
            self._end(job, found.status.status, str(error))
            return
        self._end(job, found.status.status, partial_result(run.findall_id, found.status))

    def _attached(self, job: Job) -> RecordedRun:
        """Return the run of an earlier or another call, and note what it still lacks."""
        findall_id = str(job.findall_id)
        schema = self._client.schema(findall_id, timeout=self._briefly().timeout)
        known = set(enrichment_names(schema.enrichments or []))
        wanted = job.options.get("enrichments") or []
        job.to_enrich = [each for each in wanted if not known & set(enrichment_names([each]))]
        self._track(job, schema)
        return RecordedRun(findall_id, client=self._client, schema=schema)

    def _enrich(self, job: Job, run: RecordedRun) -> None:
        """Add the enrichments that the run lacks; one that is refused is not tried again."""
        while job.to_enrich:
            try:
                run.add_enrichment(job.to_enrich[0], self._briefly())
            except FindAllError as error:
                if is_passing(error):
                    raise
                perhaps = "perhaps " if isinstance(error, AmbiguousCreateError) else ""
                job.error = f"The run has {perhaps}not got an enrichment: {error}"
            job.to_enrich.pop(0)

    def _briefly(self) -> Deadline:
        if self._client.is_embedded:
            return self._deadline
        return Deadline(min(Deadline.after(_REQUEST).at, self._deadline.at))

    # -- what is shown -----------------------------------------------------------------------------

    def _track(self, job: Job, schema: FindAllSchema) -> None:
        service = self._client.base_url
        job.tracker = Tracker(
            str(job.findall_id),
            service=service,
            schema=schema,
            status=None,
            cost=price_of(schema, service=service),
            begun=job.begun,
            is_own_data=self._client.is_embedded,
        )

    def _note(self, job: Job, found: FindAllRun) -> None:
        if job.tracker is not None:
            taken = job.tracker.take(as_event(found))
            job.update = replace(taken, is_over=False, objective=job.update.objective)
        self._show(job, self.held_up)

    def _end(self, job: Job, status: str, error: str | None = None) -> None:
        job.end(status, error)
        self._ended.add(job.asked)
        self._show(job, self.held_up)


def _to_its_end(create: Callable[[], _T]) -> _T:
    """Return what a creation returns; an interrupt is raised once that is in the ledger."""
    outcome: Future[_T] = Future()
    try:
        in_background(create, outcome=outcome)
        return outcome.result()
    except KeyboardInterrupt:
        wait([outcome], timeout=_REQUEST)
        raise
