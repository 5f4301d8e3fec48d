"""The program ``findall-frames``: its commands, and the exit status of each."""

from __future__ import annotations

import sys

import click

from findall_frames.cli.folders import compare, export, report
from findall_frames.cli.output import FAILED, INTERRUPTED, plain_warnings, say
from findall_frames.cli.past import forget, runs
from findall_frames.cli.scheduled import refresh, save
from findall_frames.cli.searches import cancel, estimate, explain, extend, resume, run
from findall_frames.cli.serving import serve
from findall_frames.errors import FindAllError, advising_commands

__all__ = ["main"]


def main() -> int:
    """Run the command line and return the exit status.

    Returns
    -------
    int
        0 for success; 1 for an error, or a run that failed or was cancelled; 2 for wrong usage;
        3 if a refresh found nothing new; 130 after Ctrl-C.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A character that the terminal can't encode must not raise an error.
        sys.stdout.reconfigure(errors="replace")
    try:
        with plain_warnings(), advising_commands():
            status = findall_frames.main(prog_name="findall-frames", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except (FindAllError, OSError) as error:
        say(str(error))
        return FAILED
    return int(status or 0)


class _InOrder(click.Group):
    """Lists the commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(package_name="findall-frames", message="findall-frames %(version)s")
def findall_frames() -> None:
    """Ask for a set of things, wait once, get tables with their evidence.

    Without --local, the search runs at the hosted service, with the key in PARALLEL_API_KEY, or
    at the service in PARALLEL_BASE_URL.

    \b
    Exit status:
      0    success
      1    an error, or a run that failed or was cancelled
      2    wrong usage
      3    refresh: nothing new
      130  interrupted with Ctrl-C; runs at a service go on
    """


for _command in (
    *(run, resume, extend, cancel, estimate, explain),
    *(report, export, compare),
    *(save, refresh),
    *(runs, forget),
    serve,
):
    findall_frames.add_command(_command)
