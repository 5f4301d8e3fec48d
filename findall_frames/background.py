"""Runs work in a thread, with its outcome in a future."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["in_background"]

_T = TypeVar("_T")


def in_background(work: Callable[[], _T], *, outcome: Future[_T]) -> None:
    """Run a function in a thread that does not keep the process from ending.

    Parameters
    ----------
    work : callable
        Sees the context variables of the caller.
    outcome : Future
        Gets what `work` returns or raises.
    """

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  (raised again by the future)
            outcome.set_exception(error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), daemon=True).start()
