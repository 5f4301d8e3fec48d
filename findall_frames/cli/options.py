"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from findall_frames.cli.output import PROGRESS

if TYPE_CHECKING:
    from findall_frames.api.client import Client

__all__ = [
    "as_json",
    "budget",
    "chosen_service",
    "condition_options",
    "data_options",
    "own_data_options",
    "price_options",
    "result_options",
    "search_arguments",
    "search_options",
    "timeout",
    "waiting_options",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_GENERATORS: Final = ("preview", "base", "core", "pro")
_NAMED: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*(.+)", re.DOTALL)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
budget = click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Start nothing that could cost more than this.",
)


def _timeout(meaning: str) -> Callable[[_Command], _Command]:
    seconds = click.FloatRange(min=0, min_open=True)
    return click.option("--timeout", type=seconds, metavar="SECONDS", help=meaning)


timeout = _timeout("Stop waiting for the service's answer after this long.")


def _together(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Return a decorator that adds options, which the help lists in this order."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


waiting_options = _together(
    _timeout("Stop waiting after this long; runs at a service go on."),
    click.option(
        "--progress",
        type=click.Choice(list(PROGRESS)),
        default="auto",
        show_default=True,
        help="What to show on stderr while waiting.",
    ),
)

result_options = _together(
    click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Write the tables to this folder as Parquet files.",
    ),
    as_json,
    waiting_options,
)

data_options = _together(
    click.option(
        "--name-column",
        metavar="COLUMN",
        help="The column with the name of each entity; detected by default.",
    ),
    click.option(
        "--model",
        metavar="MODEL",
        help="A language model that reads conditions and judges text: 'openai:NAME', "
        "'parallel:speed', or 'URL#NAME' of a server with chat completions. Default: "
        "FINDALL_FRAMES_MODEL. Keys are read from OPENAI_API_KEY and PARALLEL_API_KEY.",
    ),
    click.option(
        "--columns",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A data dictionary in JSON, TOML or CSV: the meaning and unit of columns.",
    ),
)

own_data_options = _together(
    click.option(
        "--local",
        "corpus",
        metavar="CORPUS",
        help="Search your own data, with no key and no network: 'packages' (those installed in "
        "this Python environment), a Parquet, CSV or JSON Lines file, a folder of .md, .txt and "
        ".html documents, or a quoted pattern such as 'data/*.csv'.",
    ),
    data_options,
)

condition_options = _together(
    click.option(
        "--entity-type", metavar="TYPE", help="The kind of thing to find, such as companies."
    ),
    click.option(
        "--condition",
        "conditions",
        multiple=True,
        metavar="TEXT",
        help="A condition for matches: 'description' or 'name: description'. Can be repeated. "
        "Needs --entity-type; both are drafted from the objective if left out.",
    ),
)

price_options = _together(
    click.option(
        "--enrich",
        "enrichments",
        multiple=True,
        metavar="TEXT",
        help="One more column for every match: 'name: description'. Can be repeated.",
    ),
    click.option(
        "--match-limit",
        type=int,
        help="Stop after this many matches, 5 to 1000. Default: 10, or no limit on own data.",
    ),
    click.option(
        "--generator",
        type=click.Choice(_GENERATORS),
        default="core",
        show_default=True,
        help="How thoroughly to search; it sets the price.",
    ),
)

search_options = _together(
    condition_options,
    price_options,
    click.option(
        "--memory-scope-key",
        metavar="KEY",
        help="A scope of the account's memory at the hosted service.",
    ),
)


def search_arguments(
    *,
    own_data: bool = False,
    entity_type: str | None = None,
    conditions: tuple[str, ...] = (),
    enrichments: tuple[str, ...] = (),
    **others: Any,
) -> dict[str, Any]:
    """Return the values of `search_options`, or some of them, as arguments of `find_all`."""
    if conditions and entity_type is None:
        raise click.UsageError(
            "--condition needs --entity-type, such as --entity-type companies. Leave both out to "
            "have them drafted from the objective."
        )
    if others.get("match_limit") is not None:
        _check_limit(others["match_limit"], others.get("generator", "core"), own_data=own_data)
    given = {
        "entity_type": entity_type,
        "match_conditions": [_condition(text) for text in conditions] or None,
        "enrichments": dict(_enrichment(text) for text in enrichments) or None,
        **others,
    }
    return {name: value for name, value in given.items() if value is not None}


def _check_limit(limit: int, generator: str, *, own_data: bool) -> None:
    from findall_frames.errors import InvalidRequestError
    from findall_frames.running.arguments import checked_limit

    try:
        checked_limit(limit, generator=generator, own_data=own_data)
    except InvalidRequestError as error:
        raise click.UsageError(f"--match-limit: {error}") from None


@contextmanager
def chosen_service(
    corpus: str | None, *, name_column: str | None, model: str | None, columns: Path | None
) -> Iterator[Client | None]:
    """Yield the client of a service over `corpus`; None, for the default service, without it."""
    if corpus is None:
        given = {"--name-column": name_column, "--model": model, "--columns": columns}
        for option, value in given.items():
            if value is not None:
                raise click.UsageError(f"{option} applies to your own data: it needs --local.")
        yield None
        return
    from findall_frames.services import local

    with local(corpus, name_column=name_column, model=model, columns=columns) as client:
        yield client


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
