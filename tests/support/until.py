"""Wait for what happens in another thread or process."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["until"]


def until(is_so: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait until something is so; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {seconds} seconds"
        time.sleep(0.002)
