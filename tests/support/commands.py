"""Run commands as a user does, in another process, or in this one where that is no difference."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from findall_frames.cli import main

__all__ = [
    "Served",
    "call",
    "call_here",
    "posix_only",
    "program",
    "record_of",
    "serving",
    "started",
]

Env = Mapping[str, str]
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


def call(
    *arguments: str | Path,
    name: str = "findall-frames",
    env: Env | None = None,
    encoding: str = "utf-8",
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        _command(name, arguments),
        capture_output=True,
        encoding=encoding,
        env=_environment(env),
        timeout=120,
        check=False,
    )


def call_here(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `findall-frames` to its end in this process; an exception that escapes is raised.

    Its streams are no terminals. An interpreter that imports everything costs half a second.
    """
    command = ["findall-frames", *map(str, arguments)]
    on_sigterm = signal.getsignal(signal.SIGTERM)  # `serve` sets it
    with (
        patch.object(sys, "argv", command),
        patch.dict(os.environ, {"COLUMNS": "80"}),
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
    ):
        try:
            status = main()
        finally:
            signal.signal(signal.SIGTERM, on_sigterm)
    return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())


def record_of(*arguments: str | Path, status: int = 0, **options: Any) -> tuple[Any, str]:
    """Run a command with --json; return what stdout holds, and stderr.

    It has a process of its own if it has an environment of its own.
    """
    run = call if options else call_here
    done = run(*arguments, "--json", **options)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout), done.stderr


@contextmanager
def started(*arguments: str | Path, env: Env | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start `findall-frames`, and kill it on exit if it is still running."""
    with subprocess.Popen(
        _command("findall-frames", arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=_environment(env),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass(frozen=True)
class Served:
    """A running `findall-frames serve`: its address, and the lines printed at its start."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str]

    def stop(self, number: int) -> tuple[str, str]:
        """Send a signal, assert that the service ends normally, and return the rest it printed."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return out, err


@contextmanager
def serving(*arguments: str | Path, env: Env | None = None) -> Iterator[Served]:
    """Run `findall-frames serve`, and kill it on exit if it is still running."""
    with started("serve", *arguments, env=env) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        address = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(lines))
        assert address is not None, lines
        yield Served(process, address[0], lines)


def program(name: str = "findall-frames") -> str:
    """Return the path of a command beside the Python that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, f'{name} is missing; run pip install -e ".[test]"'
    return found


def _command(name: str, arguments: tuple[str | Path, ...]) -> list[str]:
    return [program(name), *map(str, arguments)]


def _environment(env: Env | None) -> dict[str, str]:
    plain = {"COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **plain, **(env or {})}
