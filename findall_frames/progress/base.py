"""What every display can do, the display that does nothing, and the guard around all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from findall_frames.errors import DisplayWarning, warn
from findall_frames.progress.update import Update

__all__ = ["Calls", "Display", "Guarded", "Silence"]


@runtime_checkable
class Display(Protocol):
    """Where updates go. `close` is called once, at the end or when the wait is interrupted."""

    def show(self, update: Update) -> None:
        """Take note of an update; must return at once."""
        ...

    def close(self) -> None:
        """Leave behind what stays; nothing is shown afterwards."""
        ...


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

    def _drop(self, error: Exception) -> None:
        failed, self._display = self._display, Silence()
        # It may hold a thread or a hidden cursor; that it fails again is to be expected.
        with contextlib.suppress(Exception):
            failed.close()
        warn(
            f"The progress display failed ({type(error).__name__}: {error}) and was dropped; "
            "the search goes on without it. progress=False or progress='log' avoids this.",
            DisplayWarning,
        )
