"""Which display fits: chosen by word, by itself, or made from a callable."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

from findall_frames.errors import InvalidRequestError
from findall_frames.progress.base import Calls, Display, Guarded, Silence, Wishes
from findall_frames.progress.log import LogLines
from findall_frames.progress.pace import Advice, Paced, Painter
from findall_frames.progress.update import Update
from findall_frames.progress.words import advice as python_advice

__all__ = ["Progress", "display_for"]

Progress: TypeAlias = (
    Literal["auto", "notebook", "terminal", "log", False] | Callable[[Update], object] | None
)


def display_for(progress: Progress | Display, *, advice: Advice = python_advice) -> Display:
    """Make the display that the argument ``progress`` of the helpers asks for.

    Parameters
    ----------
    progress : {"auto", "notebook", "terminal", "log"}, False, None, callable or Display
        ``"auto"`` is the panel in a notebook that somebody watches, lines in one that is run
        unwatched, the bar where stderr is a terminal, and log lines elsewhere. False and None
        show nothing. A callable is given every `Update`. A `Display` is used as it is.
    advice : callable
        Given an `Update`, says in a sentence how to go on with the run.

    Returns
    -------
    Display
        One that never raises: what fails is dropped with a `DisplayWarning`.

    Raises
    ------
    InvalidRequestError
        `progress` is none of these.

    Examples
    --------
    >>> seen = []
    >>> display = display_for(seen.append)
    >>> display.show(Update("findall_1", "Find tiles", "http://127.0.0.1:1", "running"))
    >>> display.close()
    >>> seen[0].status
    'running'
    """
    if progress is None or progress is False:
        return Silence()
    if isinstance(progress, Display):
        return Guarded(progress)
    if callable(progress):
        return Guarded(Calls(progress))
    if progress not in ("auto", "notebook", "terminal", "log"):
        raise InvalidRequestError(
            f"progress is {progress!r}. It can be 'auto', 'notebook', 'terminal', 'log', "
            "False, or a callable that is given every update."
        )
    word = _fitting() if progress == "auto" else progress
    if word == "notebook":
        wishes = Wishes()
        return Guarded(Paced(lambda: _notebook_panel(advice, wishes), wishes=wishes))
    if word == "notebook lines":
        return Guarded(Paced(lambda: _notebook_lines(advice)))
    if sys.stderr is None:  # a Python without a console, such as pythonw
        return Silence()
    if word == "terminal":
        return Guarded(Paced(lambda: _terminal_bar(advice)))
    return Guarded(Paced(lambda: LogLines(sys.stderr, advice=advice)))


def _fitting() -> str:
    if _in_notebook():
        has_widgets = find_spec("ipywidgets") is not None
        return "notebook" if has_widgets and _is_watched() else "notebook lines"
    if sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return "terminal"
    return "log"


def _notebook_panel(advice: Advice, wishes: Wishes) -> Painter:
    if not _in_notebook():
        raise RuntimeError("there is no notebook kernel here")
    from findall_frames.progress.notebook import NotebookPanel

    return NotebookPanel(advice=advice, wishes=wishes)


def _notebook_lines(advice: Advice) -> Painter:
    from findall_frames.progress.static import NotebookLines

    return NotebookLines(advice=advice)


def _terminal_bar(advice: Advice) -> Painter:
    from findall_frames.progress.terminal import TerminalBar

    return TerminalBar(sys.stderr, advice=advice)


def _kernel() -> Any:
    """Give the kernel of the notebook that this runs in, or None."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)


def _in_notebook() -> bool:
    return _kernel() is not None


def _is_watched() -> bool:
    """Tell whether there is a front end: papermill and nbconvert say that nobody can answer."""
    # Kernels of other makers may not tell; theirs is the benefit of the doubt.
    request: dict[str, Any] = getattr(_kernel(), "get_parent", dict)() or {}
    return bool(request.get("content", {}).get("allow_stdin", True))
