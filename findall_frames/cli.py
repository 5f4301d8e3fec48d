"""The same verbs for a shell or a scheduler: ``findall-frames run``, ``resume``, ``serve``."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from findall_frames.display.text import counted
from findall_frames.errors import FindAllError, FindAllWarning, RunTimeout

if TYPE_CHECKING:
    from findall_frames.frames.frames import FindAllFrames
    from findall_frames.progress.base import Display
    from findall_frames.progress.choose import Progress
    from findall_frames.progress.update import Update

__all__ = ["main"]

_INTERRUPTED = 130
_GENERATORS = ("preview", "base", "core", "pro")
_PROGRESS: dict[str, Progress] = {
    "auto": "auto",
    "terminal": "terminal",
    "log": "log",
    "none": False,
}
_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*(.+)", re.DOTALL)
_ROWS_OF = {
    "candidates": "one per candidate",
    "fields": "one per candidate and output field",
    "citations": "one per citation behind a field",
    "runs": "one per run",
}


def main() -> int:
    """Run the command line and give back the exit status.

    Returns
    -------
    int
        0 when all went well; 1 after an error, and when a run failed or was cancelled; 2 when
        the command was not understood; 130 after Ctrl-C.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A sign that this terminal lacks must not cost the whole table.
        sys.stdout.reconfigure(errors="replace")
    try:
        with _plain_warnings():
            status = findall_frames.main(prog_name="findall-frames", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _INTERRUPTED
    except (FindAllError, OSError) as error:
        _say(str(error))
        return 1
    return int(status or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.version_option(package_name="findall-frames", message="findall-frames %(version)s")
def findall_frames() -> None:
    """Ask for a set of things, wait once, get tables with their evidence.

    Without --local, the search goes to the hosted service, with the key in PARALLEL_API_KEY, or
    to the service whose address is in PARALLEL_BASE_URL.
    """


def _result_options(command: Callable[..., int]) -> Callable[..., int]:
    for option in (
        click.option(
            "--progress",
            type=click.Choice(list(_PROGRESS)),
            default="auto",
            show_default=True,
            help="What to show on stderr meanwhile; auto fits the terminal.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Stop waiting after this long. A run of a service goes on and can be resumed.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the matches as JSON."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Write the tables as Parquet files into this folder.",
        ),
    ):
        command = option(command)
    return command


_name_column = click.option(
    "--name-column",
    metavar="COLUMN",
    help="The column of the corpus that names each entity; found by itself where it can be.",
)


@findall_frames.command()
@click.argument("objective")
@click.option(
    "--local",
    "corpus",
    metavar="CORPUS",
    help="Search your own data, with no key and no network: 'packages' (those installed in this "
    "Python environment), or a Parquet or CSV file.",
)
@_name_column
@click.option(
    "--match-limit",
    type=int,
    default=10,
    show_default=True,
    help="How many matches to find at the most, 5 to 1000.",
)
@click.option(
    "--generator",
    type=click.Choice(_GENERATORS),
    default="core",
    show_default=True,
    help="How thoroughly to search; it sets the price.",
)
@click.option("--entity-type", metavar="TYPE", help="What is looked for, such as companies.")
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="TEXT",
    help="What a match has to meet: 'description' or 'name: description'. Repeat it for more. "
    "Needs --entity-type; both are drafted from the objective when left out.",
)
@click.option(
    "--enrich",
    "enrichments",
    multiple=True,
    metavar="TEXT",
    help="A further column for every match: 'name: description'. Repeat it for more.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Start nothing that could cost more, by the prices of the hosted service.",
)
@click.option(
    "--reuse",
    is_flag=True,
    help="Take the result of an equal search from the ledger, if there is one.",
)
@_result_options
def run(
    objective: str,
    *,
    budget: float | None,
    reuse: bool,
    corpus: str | None,
    name_column: str | None,
    match_limit: int,
    generator: str,
    entity_type: str | None,
    conditions: tuple[str, ...],
    enrichments: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    timeout: float | None,
    progress: str,
) -> int:
    """Search for OBJECTIVE and show the matches.

    \b
    Examples:
      findall-frames run "Find all installed packages with an Apache license" --local packages
      findall-frames run "Find AI companies that raised a Series A in 2024" --out series_a
    """
    if conditions and entity_type is None:
        raise click.UsageError(
            "--condition needs --entity-type, such as --entity-type companies. Leave both out to "
            "have them drafted from the objective."
        )
    from findall_frames.own_data import local
    from findall_frames.search import find_all

    asked: dict[str, Any] = {
        "entity_type": entity_type,
        "match_conditions": [_condition(text) for text in conditions] or None,
        "enrichments": dict(_enrichment(text) for text in enrichments) or None,
        "generator": generator,
        "match_limit": match_limit,
        "budget": budget,
        "reuse": reuse,
        "timeout": timeout,
    }
    watch = _Watch(progress, ends_with_us=corpus is not None)
    if corpus is None:
        if name_column is not None:
            raise click.UsageError("--name-column is about your own data: it needs --local.")
        return _finish(
            watch, lambda: find_all(objective, progress=watch, **asked), out=out, as_json=as_json
        )
    with local(corpus, name_column=name_column) as client:
        return _finish(
            watch,
            lambda: find_all(objective, client=client, progress=watch, **asked),
            out=out,
            as_json=as_json,
        )


@findall_frames.command()
@click.argument("findall_id")
@_result_options
def resume(
    findall_id: str, *, out: Path | None, as_json: bool, timeout: float | None, progress: str
) -> int:
    """Go on waiting for the run FINDALL_ID, or show one that is over.

    \b
    Example:
      findall-frames resume findall_0f3a9c62d1e84b7c --out series_a
    """
    from findall_frames.continuing import resume as resume_run

    watch = _Watch(progress, ends_with_us=False)
    return _finish(
        watch,
        lambda: resume_run(findall_id, progress=watch, timeout=timeout),
        out=out,
        as_json=as_json,
    )


@findall_frames.command()
@click.argument("corpus")
@_name_column
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where to listen on 127.0.0.1; a free port by default.",
)
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep runs in this file; without it they end with the service.",
)
def serve(corpus: str, *, name_column: str | None, port: int, store: Path | None) -> int:
    """Serve your own data as a FindAll service, until Ctrl-C.

    CORPUS is 'packages' (those installed in this Python environment), or a Parquet or CSV file.

    \b
    Example:
      findall-frames serve countries.csv --port 8801
    """
    from findall_frames.embedded.corpus import open_corpus
    from findall_frames.embedded.service import Service

    entities = open_corpus(corpus, name_column=name_column)
    # A scheduler stops it with SIGTERM, which is to be as gentle as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Service(entities, store=store, port=port) as service:
        click.echo(f"Serving {len(entities):,} entities at {service.url}")
        click.echo(f'In Python: ff.find_all(..., client=ff.Client(base_url="{service.url}"))')
        click.echo(f"Elsewhere: set PARALLEL_BASE_URL to {service.url}")
        click.echo("Ctrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            service.wait()
    click.echo("Stopped.")
    return 0


class _Watch:
    """A display that remembers the run, to say how to go on with it in a shell."""

    def __init__(self, progress: str, *, ends_with_us: bool) -> None:
        from findall_frames.progress.choose import display_for

        self._ends_with_us = ends_with_us
        self._update: Update | None = None
        self._display: Display = display_for(_PROGRESS[progress], advice=self._advice)

    def show(self, update: Update) -> None:
        self._update = update
        self._display.show(update)

    def close(self) -> None:
        self._display.close()

    def how_to_go_on(self) -> str:
        """Say what has become of the run."""
        if self._ends_with_us:
            return "The local run has ended with this command."
        if self._update is None or not self._update.findall_id:
            return "The service had not confirmed a run."
        return f"The run goes on. {self._advice(self._update)}"

    def _advice(self, update: Update) -> str:
        return (
            "" if self._ends_with_us else f"Resume with findall-frames resume {update.findall_id}"
        )


def _finish(
    watch: _Watch, search: Callable[[], FindAllFrames], *, out: Path | None, as_json: bool
) -> int:
    try:
        frames = search()
    except KeyboardInterrupt:
        _say(f"Interrupted. {watch.how_to_go_on()}")
        return _INTERRUPTED
    except RunTimeout as error:
        if error.frames is not None:
            _present(error.frames, out=out, as_json=as_json)
        _say(f"The time to wait is over. {watch.how_to_go_on()}")
        return 1
    _present(frames, out=out, as_json=as_json)
    return int(not {"failed", "cancelled"}.isdisjoint(frames.tables["runs"]["status"].to_pylist()))


def _present(frames: FindAllFrames, *, out: Path | None, as_json: bool) -> None:
    from rich.console import Console

    from findall_frames.display.records import result_record
    from findall_frames.display.terminal import matches_view

    if as_json:
        can_write_all = (sys.stdout.encoding or "").lower().startswith("utf")
        record = result_record(frames.tables)
        click.echo(json.dumps(record, indent=2, ensure_ascii=not can_write_all))
    else:
        console = Console(highlight=False)
        rest = str(out) if out else "the result; --out DIR keeps them all"
        console.print(matches_view(frames.tables, console=console, rest_is_in=rest))
    if out is not None:
        _say_where(frames, frames.to_parquet(out), err=as_json)


def _say_where(frames: FindAllFrames, folder: Path, *, err: bool) -> None:
    click.echo(f"\nTables in {folder}, to be read with ff.read_parquet({str(folder)!r}):", err=err)
    for table, meaning in _ROWS_OF.items():
        rows = counted(len(frames.tables[table]), "row")
        click.echo(f"  {table + '.parquet':<18}  {rows:>10}, {meaning}", err=err)


def _condition(text: str) -> str | dict[str, str]:
    named = _NAMED.fullmatch(text)
    return {"name": named[1], "description": named[2]} if named else text


def _enrichment(text: str) -> tuple[str, str]:
    named = _NAMED.fullmatch(text)
    if named is None:
        raise click.UsageError(
            f"--enrich takes 'name: description', such as 'ceo: Name of the CEO'; not {text!r}."
        )
    return named[1], named[2]


def _say(message: str) -> None:
    click.echo(f"findall-frames: {' '.join(message.split())}", err=True)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show the warnings of this package as lines for a person; others stay as they are."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_plainly(
            message: Warning | str, category: type[Warning], *where: Any, **more: Any
        ) -> None:
            if issubclass(category, FindAllWarning):
                _say(str(message))
            else:
                show(message, category, *where, **more)

        warnings.showwarning = show_plainly
        # They are said here, and never raised, also where PYTHONWARNINGS asks for errors.
        warnings.simplefilter("always", FindAllWarning)
        yield
