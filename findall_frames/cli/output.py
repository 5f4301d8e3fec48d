"""Output of the command line: progress, results, warnings and errors."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from findall_frames.display.text import counted
from findall_frames.errors import FindAllWarning, RunTimeout

if TYPE_CHECKING:
    import pandas as pd

    from findall_frames.frames.frames import FindAllFrames
    from findall_frames.progress.displays import Display, Progress
    from findall_frames.progress.update import Update

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "NOTHING_NEW",
    "PROGRESS",
    "Watch",
    "finish",
    "plain_warnings",
    "print_json",
    "print_lines",
    "print_table",
    "records",
    "say",
]

FAILED: Final = 1
NOTHING_NEW: Final = 3
INTERRUPTED: Final = 130
PROGRESS: Final[dict[str, Progress]] = {
    "auto": "auto",
    "terminal": "terminal",
    "log": "log",
    "none": False,
}
_ROWS_OF: Final = {
    "candidates": "one per candidate",
    "fields": "one per candidate and output field",
    "citations": "one per citation behind a field",
    "runs": "one per run",
    "reviews": "one per judgement of a person",
}


class Watch:
    """A display that keeps the last update, to print how to resume the run in a shell."""

    def __init__(self, progress: str, *, is_local: bool) -> None:
        from findall_frames.progress.displays import display_for

        self._is_local = is_local
        self._update: Update | None = None
        self._display: Display = display_for(PROGRESS[progress], resume=self._resume)

    def show(self, update: Update) -> None:
        self._update = update
        self._display.show(update)

    def close(self) -> None:
        self._display.close()

    def what_next(self) -> str:
        """Return whether the run goes on, and how to resume it."""
        if self._is_local:
            return "The local run has ended with this command."
        if self._update is None or not self._update.findall_id:
            return "The service had not confirmed a run."
        return f"The run goes on. Resume with {self._resume(self._update)}"

    def _resume(self, update: Update) -> str:
        return "" if self._is_local else f"findall-frames resume {update.findall_id}"


def finish(
    watch: Watch, search: Callable[[], FindAllFrames], *, out: Path | None, as_json: bool
) -> int:
    """Run a search, print its result, write its tables, and return the exit status."""
    try:
        frames = search()
    except KeyboardInterrupt:
        say(f"Interrupted. {watch.what_next()}")
        return INTERRUPTED
    except RunTimeout as error:
        if error.frames is not None:
            _present(error.frames, out=out, as_json=as_json)
        say(f"Time is up. {watch.what_next()}")
        return FAILED
    _present(frames, out=out, as_json=as_json)
    return int(not {"failed", "cancelled"}.isdisjoint(frames.tables["runs"]["status"].to_pylist()))


def _present(frames: FindAllFrames, *, out: Path | None, as_json: bool) -> None:
    from rich.console import Console

    from findall_frames.display.matches import result_record
    from findall_frames.display.terminal import matches_view

    if as_json:
        print_json(result_record(frames.tables))
    else:
        console = Console(highlight=False)
        rest = str(out) if out else "the result; --out DIR keeps them all"
        console.print(matches_view(frames.tables, console=console, rest_is_in=rest))
    if out is not None:
        _list_tables(frames, frames.to_parquet(out), err=as_json)


def _list_tables(frames: FindAllFrames, folder: Path, *, err: bool) -> None:
    click.echo(f"\nTables in {folder}, to be read with ff.read_parquet({str(folder)!r}):", err=err)
    for table, meaning in _ROWS_OF.items():
        rows = counted(len(frames.tables[table]), "row")
        click.echo(f"  {table + '.parquet':<18}  {rows:>10}, {meaning}", err=err)


def print_json(value: Any) -> None:
    """Print a value as JSON, escaped where stdout lacks characters."""
    can_write_all = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=not can_write_all))


def print_lines(*lines: str) -> None:
    """Print lines, each wrapped under its own indentation."""
    from rich.console import Console

    from findall_frames.display.terminal import lines_view

    console = Console(highlight=False)
    console.print(lines_view(lines, console=console))


def print_table(
    rows: Sequence[Mapping[str, str]],
    *,
    below: Sequence[str] = (),
    most: int = 15,
    rest_is_in: str,
) -> None:
    """Print the first rows of texts as `table_view` shows them, and how many more there are."""
    from rich.console import Console

    from findall_frames.display.terminal import table_view

    console = Console(highlight=False)
    console.print(
        table_view(
            rows[:most],
            console=console,
            below=below[:most],
            rest=len(rows[most:]),
            rest_is_in=rest_is_in,
        )
    )


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a DataFrame as values of JSON; what is missing is None."""
    from findall_frames.frames.convert import records_of

    return [{name: _json_value(each) for name, each in row.items()} for row in records_of(frame)]


def _json_value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value  # a number of numpy


def say(message: str) -> None:
    """Write a message to stderr: on one line, or, in a terminal, wrapped where it breaks lines."""
    lines = [" ".join(line.split()) for line in message.splitlines() if line.strip()]
    if sys.stderr is None or not sys.stderr.isatty():
        click.echo(f"findall-frames: {' '.join(lines)}", err=True)
        return
    width = shutil.get_terminal_size().columns
    first = "findall-frames: "
    for line in lines:
        click.echo(
            click.wrap_text(line, width, initial_indent=first, subsequent_indent="  "), err=True
        )
        first = "  "


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Print each warning of this package as a message; show others as usual."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_plainly(
            message: Warning | str, category: type[Warning], *where: Any, **more: Any
        ) -> None:
            if issubclass(category, FindAllWarning):
                say(str(message))
            else:
                show(message, category, *where, **more)

        warnings.showwarning = show_plainly
        # PYTHONWARNINGS=error must not turn them into errors.
        warnings.simplefilter("always", FindAllWarning)
        yield
