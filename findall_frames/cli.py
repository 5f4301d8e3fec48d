"""The command line: ``findall-frames run``, ``resume``, ``report``, ``forget`` and ``serve``."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from findall_frames.cli_output import INTERRUPTED, PROGRESS, Watch, finish, plain_warnings, say
from findall_frames.errors import FindAllError

__all__ = ["main"]

_GENERATORS = ("preview", "base", "core", "pro")
_SECRET_VARIABLE = "FINDALL_FRAMES_WEBHOOK_SECRET"
_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*(.+)", re.DOTALL)


def main() -> int:
    """Run the command line and return the exit status.

    Returns
    -------
    int
        0 for success; 1 for an error, or a run that failed or was cancelled; 2 for wrong usage;
        130 after Ctrl-C.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A character that the terminal can't encode must not raise an error.
        sys.stdout.reconfigure(errors="replace")
    try:
        with plain_warnings():
            status = findall_frames.main(prog_name="findall-frames", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except (FindAllError, OSError) as error:
        say(str(error))
        return 1
    return int(status or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.version_option(package_name="findall-frames", message="findall-frames %(version)s")
def findall_frames() -> None:
    """Ask for a set of things, wait once, get tables with their evidence.

    Without --local, the search runs at the hosted service, with the key in PARALLEL_API_KEY, or
    at the service in PARALLEL_BASE_URL.
    """


def _result_options(command: Callable[..., int]) -> Callable[..., int]:
    for option in (
        click.option(
            "--progress",
            type=click.Choice(list(PROGRESS)),
            default="auto",
            show_default=True,
            help="What to show on stderr while waiting.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Stop waiting after this long. The run goes on and can be resumed.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the matches as JSON."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Write the tables to this folder as Parquet files.",
        ),
    ):
        command = option(command)
    return command


_name_column = click.option(
    "--name-column",
    metavar="COLUMN",
    help="The column with the name of each entity; detected by default.",
)


_model = click.option(
    "--model",
    metavar="MODEL",
    help="A language model that reads conditions and judges text: 'openai:NAME', "
    "'parallel:speed', or 'URL#NAME' of a server with chat completions. Default: "
    "FINDALL_FRAMES_MODEL. Keys are read from OPENAI_API_KEY and PARALLEL_API_KEY.",
)
_columns = click.option(
    "--columns",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A data dictionary in JSON, TOML or CSV: the meaning and unit of columns.",
)


@findall_frames.command()
@click.argument("objective")
@click.option(
    "--local",
    "corpus",
    metavar="CORPUS",
    help="Search your own data, with no key and no network: 'packages' (those installed in this "
    "Python environment), a Parquet, CSV or JSON Lines file, a folder of .md, .txt and .html "
    "documents, or a quoted pattern such as 'data/*.csv'.",
)
@_name_column
@_model
@_columns
@click.option(
    "--match-limit",
    type=int,
    help="Stop after this many matches, 5 to 1000. Default: 10, or no limit on own data.",
)
@click.option(
    "--generator",
    type=click.Choice(_GENERATORS),
    default="core",
    show_default=True,
    help="How thoroughly to search; it sets the price.",
)
@click.option("--entity-type", metavar="TYPE", help="The kind of thing to find, such as companies.")
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="TEXT",
    help="A condition for matches: 'description' or 'name: description'. Can be repeated. Needs "
    "--entity-type; both are drafted from the objective if left out.",
)
@click.option(
    "--enrich",
    "enrichments",
    multiple=True,
    metavar="TEXT",
    help="One more column for every match: 'name: description'. Can be repeated.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Do not start a search that could cost more than this.",
)
@click.option(
    "--reuse",
    is_flag=True,
    help="Return the result of an equal search from the ledger, if there is one.",
)
@_result_options
def run(
    objective: str,
    *,
    budget: float | None,
    reuse: bool,
    corpus: str | None,
    name_column: str | None,
    model: str | None,
    columns: Path | None,
    match_limit: int | None,
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
    from findall_frames.search import find_all
    from findall_frames.services import local

    options: dict[str, Any] = {
        "entity_type": entity_type,
        "match_conditions": [_condition(text) for text in conditions] or None,
        "enrichments": dict(_enrichment(text) for text in enrichments) or None,
        "generator": generator,
        "match_limit": match_limit,
        "budget": budget,
        "reuse": reuse,
        "timeout": timeout,
    }
    watch = Watch(progress, is_local=corpus is not None)
    if corpus is None:
        for option, given in (
            ("--name-column", name_column),
            ("--model", model),
            ("--columns", columns),
        ):
            if given is not None:
                raise click.UsageError(f"{option} applies to your own data: it needs --local.")
        return finish(
            watch, lambda: find_all(objective, progress=watch, **options), out=out, as_json=as_json
        )
    with local(corpus, name_column=name_column, model=model, columns=columns) as client:
        return finish(
            watch,
            lambda: find_all(objective, client=client, progress=watch, **options),
            out=out,
            as_json=as_json,
        )


@findall_frames.command()
@click.argument("findall_id")
@_result_options
def resume(
    findall_id: str, *, out: Path | None, as_json: bool, timeout: float | None, progress: str
) -> int:
    """Continue waiting for the run FINDALL_ID, or show its result if it is over.

    \b
    Example:
      findall-frames resume findall_0f3a9c62d1e84b7c --out series_a
    """
    from findall_frames.continuing import resume as resume_run

    watch = Watch(progress, is_local=False)
    return finish(
        watch,
        lambda: resume_run(findall_id, progress=watch, timeout=timeout),
        out=out,
        as_json=as_json,
    )


@findall_frames.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the report. Default: beside FOLDER, with its name and .html.",
)
@click.option(
    "--markdown", is_flag=True, help="Print the matches and their sources as Markdown instead."
)
def report(folder: Path, *, out: Path | None, markdown: bool) -> int:
    """Write a report on the tables in FOLDER: one HTML file for people without Python.

    FOLDER is what run --out or frames.to_parquet has written.

    \b
    Examples:
      findall-frames report series_a --out series_a.html
      findall-frames report series_a --markdown > series_a.md
    """
    if markdown and out is not None:
        raise click.UsageError("--markdown prints to stdout: redirect it to a file, without --out.")
    from findall_frames.frames.frames import read_frames

    frames = read_frames(folder)
    if markdown:
        click.echo(frames.to_markdown(), nl=False)
        return 0
    whole = folder.resolve()
    path = frames.to_html(out or whole.with_name(f"{whole.name}.html"))
    click.echo(f"Report in {path}")
    return 0


@findall_frames.command()
@click.argument("findall_id", required=False)
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Forget the runs that were not seen since this many days ago.",
)
def forget(findall_id: str | None, *, older_than: float | None) -> int:
    """Delete the run FINDALL_ID, or old ones, from the ledger of this machine.

    Their results are deleted too. No run is cancelled.

    \b
    Examples:
      findall-frames forget findall_0f3a9c62d1e84b7c
      findall-frames forget --older-than 90
    """
    if (findall_id is None) == (older_than is None):
        raise click.UsageError("Pass the FINDALL_ID of a run, or --older-than DAYS.")
    from findall_frames.display.text import counted
    from findall_frames.running.past_runs import forget as forget_runs

    count = forget_runs(findall_id, older_than=older_than)
    click.echo(f"Forgot {counted(count, 'run')}.")
    return 0


@findall_frames.command()
@click.argument("corpus")
@_name_column
@_model
@_columns
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port to listen on. Default: a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Any but loopback needs --api-key-env.",
)
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep runs in this file and continue those in it. Without it they end with the service.",
)
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="Require the key in this environment variable with every request.",
)
@click.option(
    "--allow-webhooks-to",
    "webhook_hosts",
    multiple=True,
    metavar="HOST",
    help="Allow webhooks to this host. Can be repeated. They are signed with the secret in "
    f"{_SECRET_VARIABLE}, or with a new one, which is printed.",
)
@click.option("--verbose", is_flag=True, help="Write a line to stderr for each request.")
def serve(
    corpus: str,
    *,
    name_column: str | None,
    model: str | None,
    columns: Path | None,
    port: int,
    host: str,
    store: Path | None,
    api_key_env: str | None,
    webhook_hosts: tuple[str, ...],
    verbose: bool,
) -> int:
    """Serve your own data as a FindAll service, until Ctrl-C.

    CORPUS is 'packages' (those installed in this Python environment), a Parquet, CSV or JSON
    Lines file, a folder of .md, .txt and .html documents, or a quoted pattern such as
    'data/*.csv'.

    \b
    Example:
      findall-frames serve countries.csv --port 8801
    """
    from findall_frames.embedded.corpus.opening import open_corpus
    from findall_frames.embedded.server.service import Service
    from findall_frames.services import chosen_model

    api_key = None if api_key_env is None else os.environ.get(api_key_env)
    if api_key_env is not None and not api_key:
        raise click.UsageError(
            f"--api-key-env names the environment variable {api_key_env}, which is not set."
        )
    secret = os.environ.get(_SECRET_VARIABLE)
    opened = chosen_model(model)
    entities = open_corpus(corpus, name_column=name_column, columns=columns)
    # Schedulers stop processes with SIGTERM; handle it like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if verbose:
        logging.basicConfig(format="%(message)s", level=logging.WARNING)
        logging.getLogger("findall_frames").setLevel(logging.INFO)
    service = Service(
        entities,
        model=opened,
        store=store,
        host=host,
        port=port,
        api_key=api_key,
        webhook_hosts=webhook_hosts,
        webhook_secret=secret,
    )
    with service:
        _print_address(service.url, entities=len(entities), host=host, api_key_env=api_key_env)
        if webhook_hosts and secret is None:
            click.echo(f"Webhooks are signed with {service.webhook_secret}")
        click.echo("Ctrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            service.wait()
    click.echo("Stopped.")
    return 0


def _print_address(url: str, *, entities: int, host: str, api_key_env: str | None) -> None:
    from findall_frames.addresses import is_loopback

    click.echo(f"Serving {entities:,} entities at {url}")
    # Clients send a key over plain HTTP to this machine only; others need an HTTPS proxy.
    base = url if is_loopback(url) else "https://YOUR-PROXY"
    key = "" if api_key_env is None else f', api_key=os.environ["{api_key_env}"]'
    click.echo(f'In Python: ff.find_all(..., client=ff.Client(base_url="{base}"{key}))')
    click.echo(
        f"Elsewhere: set PARALLEL_BASE_URL (parallel-cli: PARALLEL_API_URL) to {base}"
        f"{' and PARALLEL_API_KEY to the key' if key else ''}"
    )
    if not is_loopback(host):
        click.echo(
            "From other machines, use an HTTPS proxy: ff.Client sends no key over plain HTTP."
        )


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
