"""What the README shows is what happens."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.frames.schema import markdown

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# What differs from run to run.
VARYING = [
    (r"findall_[0-9a-f]{32}", "findall_ID"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"of [\d,]+ candidates", "of SOME candidates"),
    (r"is (queued|running)", "is STATUS"),
    # On a busy machine the time left may be too short to fetch them.
    (r"What it has found so far is in the exception's \.frames\. ", ""),
]
COUNTRIES = """\
name,continent,population
France,Europe,68000000
Italy,Europe,59000000
Norway,Europe,5500000
Kenya,Africa,55000000
"""
# Stands in for the hosted service, which is not there in tests.
COMPANIES = """\
name,industry,series_a_funding_year,headquarters
Tilework,AI,2024,Berlin
Kilnhouse,AI,2021,Oslo
Slatery,Roofing,2024,Rome
"""


def plain(text: str) -> str:
    """Replace what differs from run to run."""
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return " ".join(text.split())


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a table, and a service where the hosted one would be."""
    (tmp_path / "countries.csv").write_text(COUNTRIES, encoding="utf-8")
    (tmp_path / "companies.csv").write_text(COMPANIES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with ff.local("companies.csv") as companies:
        monkeypatch.setenv("PARALLEL_BASE_URL", companies.base_url)
        yield tmp_path


def test_every_python_block_runs_and_prints_what_stands_below_it(surroundings: Path) -> None:
    """In their order, in one session, as a reader would try them."""
    session: dict[str, Any] = {}
    ran = 0
    for (kind, code), (next_kind, shown) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(code, "README.md", "exec"), session)
        expected = shown if next_kind == "text" else ""
        assert plain(printed.getvalue()) == plain(expected), code
        ran += 1
    assert ran >= 6


def commands() -> list[str]:
    """The lines of the shell blocks that call the command."""
    lines = [line for kind, code in BLOCKS if kind == "bash" for line in code.splitlines()]
    return [line.rpartition("&& ")[2] for line in lines if "findall-frames " in line]


@pytest.mark.parametrize("line", commands())
def test_every_shell_line_runs(line: str, surroundings: Path) -> None:
    """A service is asked whether it is there, and stopped again."""
    program = shutil.which("findall-frames", path=str(Path(sys.executable).parent))
    assert program is not None
    words = [program, *shlex.split(line)[1:]]
    env = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    if "serve" not in words:
        done = subprocess.run(words, capture_output=True, env=env, check=False, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return
    words[words.index("--port") + 1] = "0"
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=env, encoding="utf-8") as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        with ff.Client(api_key="", base_url=address[0]) as client:
            assert client.ingest("Find countries in Europe").match_conditions
        process.kill()


def test_the_first_two_commands_are_all_the_set_up_there_is() -> None:
    """One runs the main job, and the other the tests."""
    shell = [code.strip() for kind, code in BLOCKS if kind == "bash"]
    assert shell[0].startswith("pip install -e . && findall-frames run ")
    assert [code for code in shell if "pytest" in code] == ['pip install -e ".[test]" && pytest']


def test_the_table_of_columns_is_that_of_the_schema() -> None:
    """It is generated, and replaced here when the schema changes."""
    assert markdown().strip() in README


def test_the_first_screen_shows_what_it_is_for() -> None:
    """Purpose, command, output, notebook and tables within sixty lines."""
    first = "\n".join(README.splitlines()[:60])
    for part in ("pip install -e .", "ff.find_all(", "`frames.citations`", "matches among"):
        assert part in first
