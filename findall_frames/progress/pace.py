"""Painting at an even pace: never too often, and never so rarely that a run seems stuck."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from findall_frames.api.models import FindAllCandidate
from findall_frames.progress.base import Wish, Wishes
from findall_frames.progress.rate import Rate
from findall_frames.progress.update import Update

__all__ = ["Advice", "Paced", "Painter", "View"]

Advice = Callable[[Update], str]
"""Says, in a sentence, how to go on with a run that is no longer watched."""

_LATEST = 3


@dataclass(frozen=True, slots=True)
class View:
    """What is to be painted.

    Attributes
    ----------
    update : Update
        The latest.
    elapsed : float
        Seconds since waiting began, as of now.
    latest : tuple of FindAllCandidate
        The last few matches, the newest first.
    rate : float or None
        Candidates judged per second of late; None while that cannot be told.
    """

    update: Update
    elapsed: float
    latest: tuple[FindAllCandidate, ...]
    rate: float | None = None


class Painter(Protocol):
    """Puts views before a person's eyes.

    Attributes
    ----------
    rest : float
        Seconds that pass at least between two calls of `paint`.
    tick : float
        Seconds after which `paint` is called though nothing is new; the clock moves on.
    """

    rest: float
    tick: float

    def begin(self, view: View) -> None:
        """Paint for the first time; the run may not be started yet."""
        ...

    def announce(self, view: View) -> None:
        """Say which run it is, once, as soon as it has an id."""
        ...

    def paint(self, view: View) -> None:
        """Paint again, in a thread of its own."""
        ...

    def end(self, view: View) -> None:
        """Leave behind what stays; the run is over, no longer watched, or was never started."""
        ...


class Paced:
    """A display that gives a painter its views at the pace that the painter asks for.

    The painter is made when there is something to paint, so that a library that fails to load
    is a failing display and not a failing search. Where the painter offers buttons, `wishes` are
    what they fill.
    """

    def __init__(
        self, make_painter: Callable[[], Painter], *, wishes: Wishes | None = None
    ) -> None:
        self._make_painter = make_painter
        self._wishes = wishes or Wishes()
        self._rate = Rate()
        self._painter: Painter | None = None
        self._is_announced = False
        self._lock = threading.Lock()
        self._painting = threading.Lock()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._update: Update | None = None
        self._arrived = 0.0
        self._latest: deque[FindAllCandidate] = deque(maxlen=_LATEST)
        self._failure: Exception | None = None

    def show(self, update: Update) -> None:
        """Take note of the update; the first one is painted at once, and so is the run's id."""
        self._raise_failure()
        if self._closing.is_set():
            return
        with self._lock:
            self._update = update
            self._arrived = time.monotonic()
            self._rate.note(update.matched + update.unmatched, at=self._arrived)
            if update.event == "findall.candidate.matched" and update.candidate is not None:
                self._latest.appendleft(update.candidate)
        is_first = self._painter is None
        painter = self._painter = self._painter or self._make_painter()
        if is_first:
            painter.begin(self._view(update))
        if update.findall_id and not self._is_announced:
            self._is_announced = True
            with self._painting:
                painter.announce(self._view(update))
        if is_first:
            self._thread = threading.Thread(
                target=self._work, args=(painter,), name="findall_frames progress", daemon=True
            )
            self._thread.start()
        else:
            self._news.set()

    def close(self) -> None:
        """Stop painting and let the painter say its last word."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._news.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()
        if self._painter is not None and self._update is not None:
            self._painter.end(self._view(self._update))
        self._raise_failure()

    def wish(self) -> Wish | None:
        """Tell what was asked for with a button, once."""
        return self._wishes.take()

    def _view(self, update: Update) -> View:
        now = time.monotonic()
        waited = 0.0 if update.is_over else now - self._arrived
        rate = self._rate.per_second(at=now)
        return View(update, update.elapsed + waited, tuple(self._latest), rate)

    def _work(self, painter: Painter) -> None:
        try:
            while not self._closing.wait(painter.rest):
                self._news.wait(painter.tick - painter.rest)
                self._news.clear()
                with self._lock:
                    view = None if self._update is None else self._view(self._update)
                if view is not None and not self._closing.is_set():
                    with self._painting:
                        painter.paint(view)
        except Exception as error:  # noqa: BLE001  raised again in the thread of the search
            self._failure = error

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
