"""Displays of progress: their protocol, the choice of one, their pace, and a guard around them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args, runtime_checkable

from findall_frames.api.models import FindAllCandidate
from findall_frames.errors import DisplayWarning, InvalidRequestError, warn
from findall_frames.progress.pace import Rate, judged_in
from findall_frames.progress.update import (
    Update,
    View,
    Wish,
    Wishes,
    resume_call_of,
)

__all__ = [
    "Calls",
    "Display",
    "Guarded",
    "Paced",
    "Painter",
    "Progress",
    "Silence",
    "display_for",
    "kind_of",
    "show_warnings",
    "wish_of",
]

_LATEST: Final = 3

_Word: TypeAlias = Literal["auto", "notebook", "terminal", "log"]
Progress: TypeAlias = _Word | Literal[False] | Callable[[Update], object] | None


@runtime_checkable
class Display(Protocol):
    """Where updates go. `close` is called once, at the end or when the wait is interrupted.

    It may also have a method ``wish`` that returns, at once and only once, what a person asks for,
    and a method ``tell`` that takes the warnings of the service, just before ``close``, and returns
    whether it shows them and how the run ended.
    """

    def show(self, update: Update) -> None:
        """Take an update; must return at once."""
        ...

    def close(self) -> None:
        """Show what should remain; nothing is shown afterwards."""
        ...


class Painter(Protocol):
    """Draws views at its own pace; `Paced` makes a display of it.

    `rest` is the least number of seconds between two calls of `paint`. After `tick` seconds it is
    called even if nothing is new, as the clock moves on.
    """

    rest: float
    tick: float

    def begin(self, view: View) -> None:
        """Paint for the first time; the run may not have started yet."""
        ...

    def announce(self, view: View) -> None:
        """Show which run it is, once, as soon as it has an id."""
        ...

    def paint(self, view: View) -> None:
        """Paint again, in a thread of its own."""
        ...

    def end(self, view: View) -> None:
        """Show what should remain; the run is over, no longer watched, or was never started."""
        ...


# -- the choice ----------------------------------------------------------------------------------


def display_for(
    progress: Progress | Display, *, resume: Callable[[Update], str] = resume_call_of
) -> Display:
    """Return the display that the argument ``progress`` asks for, or raise `InvalidRequestError`.

    ``"auto"`` is the card in a notebook that somebody watches, lines in one that nobody watches,
    the bar if stderr is a terminal, and log lines elsewhere. False and None show nothing. A
    callable receives every `Update`. A `Display` is used as it is. Whatever fails in a display is
    dropped with a `DisplayWarning`. `resume` returns the call or command that continues to wait
    for a run, or nothing if the run ends with the display.
    """
    if progress is None or progress is False:
        return Silence()
    if isinstance(progress, Display):
        return Guarded(progress)
    if callable(progress):
        return Guarded(Calls(progress))
    words = get_args(_Word)
    if progress not in words:
        raise InvalidRequestError(
            f"progress is {progress!r}. It can be {', '.join(map(repr, words))}, "
            "False, or a callable that receives every update."
        )
    kind = kind_of(progress)
    if kind in ("terminal", "log") and sys.stderr is None:  # as in pythonw
        return Silence()
    return Guarded(
        Paced(
            lambda wishes: _painter(kind, wishes=wishes),
            resume=resume,
            thread=_marimo_thread() if kind == "marimo" else threading.Thread,
        )
    )


def _painter(kind: str, *, wishes: Wishes) -> Painter:
    if kind == "marimo":
        from findall_frames.progress.notebook import MarimoCard

        return MarimoCard()
    if kind == "notebook":
        if _kernel() is None:
            raise RuntimeError("there is no notebook kernel here")
        from findall_frames.progress.notebook import NotebookCard

        return NotebookCard(wishes)
    from findall_frames.progress.lines import LogLines, NotebookLines, TerminalBar

    if kind == "notebook lines":
        return NotebookLines()
    if kind == "terminal":
        return TerminalBar(sys.stderr)
    return LogLines(sys.stderr)


def _fitting() -> str:
    if _is_marimo():
        return "marimo"
    if _kernel() is not None:
        has_widgets = find_spec("anywidget") is not None and find_spec("ipywidgets") is not None
        return "notebook" if has_widgets and _is_watched() else "notebook lines"
    if sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return "terminal"
    return "log"


def _kernel() -> Any:
    """Return the kernel of the notebook that this runs in, or None."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)


def _is_marimo() -> bool:
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _marimo_thread() -> type[threading.Thread]:
    """Return the class of threads that may write to the output of a cell of marimo."""
    import marimo

    thread: type[threading.Thread] = marimo.Thread
    return thread


def _is_watched() -> bool:
    """Return whether there is a front end; papermill and nbconvert say that nobody can answer."""
    # Other kernels may not say so; then somebody is assumed to watch.
    request: dict[str, Any] = getattr(_kernel(), "get_parent", dict)() or {}
    return bool(request.get("content", {}).get("allow_stdin", True))


def kind_of(progress: Progress | Display) -> str:
    """Return the kind of display that a word asks for, as `display_for` chooses it; else ``""``."""
    if not isinstance(progress, str):
        return ""
    kind = _fitting() if progress == "auto" else progress
    return "marimo" if kind == "notebook" and _is_marimo() else kind


# -- displays ------------------------------------------------------------------------------------


class Silence:
    """Shows nothing."""

    def show(self, update: Update) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Calls:
    """Passes every update to a function."""

    def __init__(self, function: Callable[[Update], object]) -> None:
        self._function = function

    def show(self, update: Update) -> None:
        """Call the function."""
        self._function(update)

    def close(self) -> None:
        """Do nothing: the function has seen the last update."""


def wish_of(display: Display) -> Wish | None:
    """Return what a person asks for at a display; None if it has no method ``wish``."""
    wish: Callable[[], Wish | None] | None = getattr(display, "wish", None)
    return None if wish is None else wish()


def show_warnings(display: Display, warnings: Sequence[str]) -> bool:
    """Show warnings just before a display is closed; return False if it does not show them."""
    tell: Callable[[Sequence[str]], bool] | None = getattr(display, "tell", None)
    return tell is not None and tell(warnings)


class Guarded:
    """Keeps a display from breaking the search: one that fails is dropped with one warning."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._is_closed = self._is_dropped = False

    def show(self, update: Update) -> None:
        """Show the update, or go on without a display."""
        try:
            self._display.show(update)
        except Exception as error:  # noqa: BLE001  whatever a display does, the run is paid for
            self._drop(error)

    def close(self) -> None:
        """Close the display, once, if it is still there."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._display.close()
        except Exception as error:  # noqa: BLE001  as above
            self._drop(error)

    def wish(self) -> Wish | None:
        """Return what was asked for at the display, if it is still there."""
        try:
            return wish_of(self._display)
        except Exception as error:  # noqa: BLE001  as above
            self._drop(error)
            return None

    def tell(self, warnings: Sequence[str]) -> bool:
        """Close the display with the warnings, and return whether it shows them."""
        try:
            is_told = show_warnings(self._display, warnings)
        except Exception as error:  # noqa: BLE001  as above
            self._drop(error)
            is_told = False
        # What a display has been told is seen only if it does not fail while it closes.
        self.close()
        return not self._is_dropped and is_told

    def _drop(self, error: Exception) -> None:
        self._is_dropped = True
        failed, self._display = self._display, Silence()
        # It may hold a thread or a hidden cursor, and will probably fail again.
        with contextlib.suppress(Exception):
            failed.close()
        warn(
            f"The progress display failed ({type(error).__name__}: {error}) and was dropped; "
            "the search goes on without it. progress=False or progress='log' avoids this.",
            DisplayWarning,
        )


class Paced:
    """A display that lets a painter paint at its own pace, in a thread.

    The painter is made when there is something to paint, so that a library that cannot be loaded
    is a failing display and not a failing search. Its buttons, if any, leave what a person asks
    for in the wishes that it is made with.
    """

    def __init__(
        self,
        make_painter: Callable[[Wishes], Painter],
        *,
        resume: Callable[[Update], str] = resume_call_of,
        thread: type[threading.Thread] = threading.Thread,
    ) -> None:
        self._make_painter = make_painter
        self._resume = resume
        self._make_thread = thread
        self._warnings: tuple[str, ...] = ()
        self._wishes = Wishes()
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
        """Take an update; the first one is painted at once, and so is the run's id."""
        self._raise_failure()
        if self._closing.is_set():
            return
        with self._lock:
            self._update = update
            self._arrived = time.monotonic()
            self._rate.note(judged_in(update), at=self._arrived)
            if update.event == "findall.candidate.matched" and update.candidate is not None:
                self._latest.appendleft(update.candidate)
        is_first = self._painter is None
        painter = self._painter = self._painter or self._make_painter(self._wishes)
        if is_first:
            painter.begin(self._view(update))
        if update.findall_id and not self._is_announced:
            self._is_announced = True
            with self._painting:
                painter.announce(self._view(update))
        if is_first:
            self._thread = self._make_thread(
                target=self._work, args=(painter,), name="findall_frames progress", daemon=True
            )
            self._thread.start()
        else:
            self._news.set()

    def close(self) -> None:
        """Stop painting, then show what should remain."""
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
        """Return what was asked for with a button, once."""
        return self._wishes.take()

    def tell(self, warnings: Sequence[str]) -> bool:
        """Keep the warnings for a painter that shows them, and return whether it does."""
        self._warnings = tuple(warnings)
        return getattr(self._painter, "shows_warnings", False)

    def _view(self, update: Update) -> View:
        now = time.monotonic()
        waited = 0.0 if update.is_over else now - self._arrived
        return View(
            update,
            elapsed=update.elapsed + waited,
            latest=tuple(self._latest),
            rate=self._rate.per_second(at=now),
            resume=self._resume(update),
            warnings=self._warnings,
        )

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
