"""What every display can do, the display that does nothing, and the guard around all of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from findall_frames.errors import DisplayWarning, warn
from findall_frames.progress.update import Update

__all__ = ["Calls", "Display", "Guarded", "Silence", "Steered", "Wish", "Wishes", "wishes_at"]

Wish: TypeAlias = Literal["leave", "cancel"]
"""What a person at a display asks for: to wait no longer, or to stop the run for good."""


@runtime_checkable
class Display(Protocol):
    """Where updates go. `close` is called once, at the end or when the wait is interrupted."""

    def show(self, update: Update) -> None:
        """Take note of an update; must return at once."""
        ...

    def close(self) -> None:
        """Leave behind what stays; nothing is shown afterwards."""
        ...


@runtime_checkable
class Steered(Display, Protocol):
    """A display at which a person can ask for something."""

    def wish(self) -> Wish | None:
        """Tell what was asked for since the last call, if anything; must return at once."""
        ...


class Wishes:
    """Carries a wish from the thread of a click to the thread that waits for the run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wish: Wish | None = None

    def ask(self, wish: Wish) -> None:
        """Leave a wish; a later one takes the place of an earlier one."""
        with self._lock:
            self._wish = wish

    def take(self) -> Wish | None:
        """Give the wish that was left, once."""
        with self._lock:
            wish, self._wish = self._wish, None
        return wish


def wishes_at(display: Display) -> Callable[[], Wish | None]:
    """Give the function that tells what is asked for at a display; at most displays, nothing."""
    return display.wish if isinstance(display, Steered) else _nothing


def _nothing() -> None:
    return None


class Silence:
    """Shows nothing."""

    def show(self, update: Update) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Calls:
    """Gives every update to a function."""

    def __init__(self, function: Callable[[Update], object]) -> None:
        self._function = function

    def show(self, update: Update) -> None:
        """Call the function."""
        self._function(update)

    def close(self) -> None:
        """Do nothing: the function has seen the last update."""


class Guarded:
    """Keeps a display from breaking the search: one that fails is dropped with one warning."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._wish = wishes_at(display)

    def show(self, update: Update) -> None:
        """Show the update, or go on without a display."""
        try:
            self._display.show(update)
        except Exception as error:  # noqa: BLE001  whatever a display does, the run has been paid for
            self._drop(error)

    def close(self) -> None:
        """Close the display, if it is still there."""
        try:
            self._display.close()
        except Exception as error:  # noqa: BLE001  as above
            self._drop(error)

    def wish(self) -> Wish | None:
        """Tell what was asked for at the display, if it is still there."""
        try:
            return self._wish()
        except Exception as error:  # noqa: BLE001  as above
            self._drop(error)
            return None

    def _drop(self, error: Exception) -> None:
        failed, self._display = self._display, Silence()
        self._wish = _nothing
        # It may hold a thread or a hidden cursor; that it fails again is to be expected.
        with contextlib.suppress(Exception):
            failed.close()
        warn(
            f"The progress display failed ({type(error).__name__}: {error}) and was dropped; "
            "the search goes on without it. progress=False or progress='log' avoids this.",
            DisplayWarning,
        )
