"""Hostile expressions are refused, or have no effect.

An expression that slips through may hang inside DuckDB, which cannot be interrupted, or take all
memory. So they run in another process with limited memory, which is killed after a timeout.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from findall_frames.embedded.corpus.corpus import Corpus, QueryTimeout
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.reading.sql import SqlError, check_order, check_sql

QUESTIONS = Path(__file__).parents[1] / "support" / "questions"
PHONES = QUESTIONS / "tables" / "phones.parquet"

# A warning says that some columns of that table stay text.
pytestmark = pytest.mark.filterwarnings("ignore::findall_frames.errors.FindAllWarning")

SECONDS = 10.0
"""What a check may take, and a query that passed it."""
MEGABYTES = 500.0
"""How much memory it may take."""
_PATIENCE = 15.0
_MEMORY = 5 << 30
"""Of addresses, most of which is never used; what it may use is `MEGABYTES`."""

LINES: list[dict[str, Any]] = [
    json.loads(line) for line in (QUESTIONS / "hostile.jsonl").read_text().splitlines()
]


class Outcome(NamedTuple):
    """The outcome of an expression.

    Attributes
    ----------
    refusal : str or None
        What the check said; None if it let the expression pass.
    seconds : float
        How long the check took, and the query if there was one.
    megabytes : float
        How much the process grew beyond what it had ever needed.
    """

    refusal: str | None
    seconds: float
    megabytes: float


def sql_of(line: dict[str, Any]) -> str:
    """Return the expression of a line; a part ``[text, times]`` is written so many times."""
    parts = [line["sql"]] if isinstance(line["sql"], str) else line["sql"]
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)


def shown(line: dict[str, Any]) -> str:
    """Return a short name for a line."""
    return ascii(line["sql"] if isinstance(line["sql"], str) else line["why"])[1:61]


def run(sql: str, corpus: Corpus) -> Outcome:
    """Check an expression, and run it if it passes."""
    begun, before = time.monotonic(), _peak()
    refusal = None
    try:
        checked = check_sql(sql, corpus)
        with suppress(duckdb.Error, QueryTimeout):
            query = f"SELECT count(*) FROM {corpus.relation} WHERE {checked.sql}"
            corpus.query(query, timeout=SECONDS / 2)
    except SqlError as error:
        refusal = str(error)
    return Outcome(refusal, time.monotonic() - begun, _peak() - before)


def _peak() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _serve(calls: Connection) -> None:
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    corpus = open_corpus(PHONES)
    calls.send("ready")
    while True:
        calls.send(run(calls.recv(), corpus))


class Cell:
    """A process that runs one expression at a time, replaced if it had to be killed."""

    def __init__(self) -> None:
        self._process: Any = None

    def run(self, sql: str) -> Outcome:
        """Check and run an expression; fail the test on a timeout."""
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._calls, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
            assert self._calls.recv() == "ready"
        with suppress(EOFError, ConnectionError):
            self._calls.send(sql)
            if self._calls.poll(_PATIENCE):
                outcome: Outcome = self._calls.recv()
                if outcome.megabytes > 50:
                    self.close()  # the next one would not be seen to grow
                return outcome
        self.close()
        pytest.fail(f"it took more than {_PATIENCE} s, or the process died")

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._calls.close()
            self._process = None


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    """One process for all expressions."""
    one = Cell()
    yield one
    one.close()


@pytest.fixture(scope="module")
def phones() -> Corpus:
    """The table in this process."""
    return open_corpus(PHONES)


def test_there_are_at_least_two_hundred_expressions() -> None:
    """All different, each with a reason."""
    assert len({sql_of(line) for line in LINES}) == len(LINES) >= 200
    assert all(line["why"] for line in LINES)


@pytest.mark.parametrize("line", LINES, ids=shown)
def test_a_hostile_expression_is_refused_or_bounded(line: dict[str, Any], cell: Cell) -> None:
    """Refused at once, or finished or stopped within two seconds."""
    outcome = cell.run(sql_of(line))
    assert outcome.refusal is not None or line.get("bounded", False)
    assert outcome.seconds < SECONDS
    assert outcome.megabytes < MEGABYTES
    if outcome.refusal is not None:
        assert outcome.refusal.strip()
        assert len(outcome.refusal) < 2_000


def test_hostile_expressions_change_and_read_nothing(phones: Corpus, tmp_path: Path) -> None:
    """The table, the settings and the folder are unchanged."""
    secret = tmp_path / "secret.csv"
    secret.write_text("model\nxyzzy\n")
    before = _state(phones)
    for line in LINES:
        sql = sql_of(line)
        if len(sql) > 2_000 or line.get("bounded", False):
            continue
        sql = sql.replace("/etc/passwd", str(secret)).replace("/tmp/", f"{tmp_path}/")
        for check in (check_sql, check_order):
            with pytest.raises(SqlError) as caught:
                check(sql, phones)
            assert "xyzzy" not in str(caught.value)
    assert _state(phones) == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    "line", [line for line in LINES if line["why"].startswith("reads a file")], ids=shown
)
def test_files_cannot_be_read_even_without_the_check(
    line: dict[str, Any], phones: Corpus, tmp_path: Path
) -> None:
    """The connection itself is locked."""
    secret = tmp_path / "secret.csv"
    secret.write_text("model\nxyzzy\n")
    sql = sql_of(line).replace("/etc/passwd", str(secret))
    with pytest.raises(duckdb.Error) as caught:
        phones.query(f"SELECT count(*) FROM {phones.relation} WHERE {sql}", timeout=SECONDS)
    assert "xyzzy" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "PRAGMA enable_external_access=true",
    ],
)
def test_the_settings_are_locked(statement: str, phones: Corpus) -> None:
    """No statement can unlock files."""
    with pytest.raises(duckdb.Error, match="lock"):
        phones.query(statement, timeout=SECONDS)


def _state(corpus: Corpus) -> list[Any]:
    """Return what a hostile expression might change."""
    return [
        corpus.query(sql).to_pylist()
        for sql in (
            f"SELECT * FROM {corpus.relation} ORDER BY ALL",
            "SELECT name, value FROM duckdb_settings() ORDER BY name",
            "SELECT table_name FROM duckdb_tables() ORDER BY ALL",
            "SELECT view_name FROM duckdb_views() ORDER BY ALL",
            "SELECT function_name FROM duckdb_functions() WHERE NOT internal ORDER BY ALL",
            "SELECT database_name FROM duckdb_databases() ORDER BY ALL",
        )
    ]
