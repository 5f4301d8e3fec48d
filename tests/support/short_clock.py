"""Let many searches wait for hundredths of seconds where it would be seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from findall_frames.api import events, waiting
from findall_frames.running import batch, claims

__all__ = ["SHORT_CLOCK", "shorten_clock"]

SHORT_CLOCK: Final[tuple[tuple[Any, str, Any], ...]] = (
    (batch, "_FIRST_LOOK", 0.01),
    (batch, "_LOOK_AGAIN", 0.02),
    (claims, "_LOOK_AGAIN", 0.02),
    (claims, "_LONGEST_CREATION", timedelta(0)),
    (waiting, "_FIRST_PAUSE", 0.02),
    (waiting, "_SHORTEST_PAUSE", 0.01),
    (events, "_FIRST_PAUSE", 0.02),
)
"""Modules, the names of their constants, and what these are in tests."""


def shorten_clock(*, longest_creation: timedelta) -> None:
    """Set the constants in a program that is about to end."""
    for module, name, value in SHORT_CLOCK:
        setattr(module, name, value)
    claims._LONGEST_CREATION = longest_creation  # type: ignore[misc]
