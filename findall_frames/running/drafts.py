"""Drafts the next searches of a batch in threads, while the runs of others are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice
from typing import Final

from findall_frames.background import in_background
from findall_frames.errors import FindAllError
from findall_frames.running.job import Job, is_passing
from findall_frames.running.spec import Search

__all__ = ["Drafts"]

_AT_ONCE: Final = 4


class Drafts:
    """Completes the searches of jobs from their objectives, a few at a time.

    Parameters
    ----------
    draft : callable
        Asks the service for the search of a job.
    """

    def __init__(self, draft: Callable[[Job], Search]) -> None:
        self._draft = draft
        self._begun: dict[int, Future[Search]] = {}

    def begin(self, waiting: Iterable[Job]) -> list[Job]:
        """Begin to draft the first of these jobs, and return those begun just now."""
        first = islice(waiting, _AT_ONCE)
        begun = [job for job in first if job.search is None and id(job) not in self._begun]
        for job in begun:
            draft = self._begun[id(job)] = Future()
            in_background(partial(self._draft, job), outcome=draft)
        return begun

    def has_drafted(self, job: Job) -> bool:
        """Return whether a job has its search by now.

        Raises
        ------
        FindAllError
            It could not be drafted. The next `begin` tries again.
        """
        draft = self._begun.get(id(job))
        if draft is not None and draft.done():
            del self._begun[id(job)]
            try:
                job.search = draft.result()
            except FindAllError as error:
                if is_passing(error):
                    self._forget_failures()  # or else the same would be waited for several times
                raise
        return job.search is not None

    def wait(self, job: Job, seconds: float) -> None:
        """Wait for the search of a job, for some seconds at most."""
        if (draft := self._begun.get(id(job))) is not None:
            wait([draft], timeout=seconds)

    def _forget_failures(self) -> None:
        for number, draft in list(self._begun.items()):
            if draft.done() and draft.exception() is not None:
                del self._begun[number]
