"""The command that serves own data: ``serve``."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import Final

import click

from findall_frames.cli.options import data_options

__all__ = ["serve"]

_SECRET_VARIABLE: Final = "FINDALL_FRAMES_WEBHOOK_SECRET"


@click.command()
@click.argument("corpus")
@data_options
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
