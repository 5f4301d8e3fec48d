"""How quick a search of one's own data is, beside DuckDB alone, and what memory it takes."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import findall_frames as ff
from findall_frames.embedded.corpus.corpus import Corpus
from findall_frames.embedded.corpus.index import TextIndex
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.runs.store import Store

from .measure import environment, medians, report

pytestmark = pytest.mark.benchmark

_ON_LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the memory of a process is read as Linux tells it"
)
ROWS = 1_000_000
# A condition that columns decide, and how many rows meet it. To the first DuckDB knows the answer
# without a look at the rows, by their least and greatest value.
QUESTIONS = {
    "id < 0": 0,
    "id * id % 7 = 5": 0,
    "id % 50000 = 0": 20,
    "id % 500 = 0": 2_000,
    "id % 20 = 0": 50_000,
    "name LIKE '%99999%'": 19,
}
MOST_SECONDS_A_MATCH = 30e-6


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Numbers, dates, flags, and texts that repeat and that do not."""
    chance = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "name": [f"Company {n}" for n in range(ROWS)],
            "price": chance.random(ROWS) * 1000,
            "city": chance.choice(["Oslo", "Rome", "Bari", "Lima", "Quito"], ROWS),
            "founded": pd.to_datetime(chance.integers(0, 1_600_000_000, ROWS), unit="s"),
            "note": [f"some short note {n % 1000}" for n in range(ROWS)],
            "active": chance.random(ROWS) > 0.5,
        }
    )


@pytest.fixture(scope="module")
def bare(frame: pd.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows in a table of DuckDB alone."""
    with load_bare(frame) as connection:
        yield connection


@pytest.fixture(scope="module")
def client(frame: pd.DataFrame) -> Iterator[ff.Client]:
    """A service over them."""
    with ff.local(frame) as opened:
        yield opened


def load_bare(frame: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """Have DuckDB load a DataFrame into a table."""
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute("CREATE TABLE loaded AS SELECT * FROM frame")
    return connection


def asking(condition: str) -> ff.Search:
    """A search with one condition."""
    return ff.Search("Find companies", entity_type="companies", match_conditions=[condition])


def search_all(condition: str, client: ff.Client) -> ff.FindAllFrames:
    """Find all rows that meet a condition; that there are none is no news here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ff.FindAllWarning)
        return ff.find_all(asking(condition), client=client, progress=False)


@pytest.mark.parametrize(("condition", "matches"), QUESTIONS.items())
def test_a_search_takes_ten_queries_and_a_little_for_each_match(
    client: ff.Client, bare: duckdb.DuckDBPyConnection, condition: str, matches: int
) -> None:
    """From the call to the tables, over HTTP and through the store."""
    assert len(search_all(condition, client).matches) == matches
    query = f"SELECT * FROM loaded WHERE {condition}"
    alone, searched = medians(
        lambda: bare.sql(query).to_arrow_table(), lambda: search_all(condition, client)
    )
    allowed = 10 * alone + MOST_SECONDS_A_MATCH * matches
    report(f"find_all({condition!r}), milliseconds", 1000 * searched, goal=f"{1000 * allowed:.0f}")
    report(f"  DuckDB alone, milliseconds; {matches:,} matches", 1000 * alone, goal="none")
    report("  times what is allowed", searched / allowed, goal="at most 1")
    assert searched <= 3 * allowed + 0.1


@pytest.mark.parametrize("condition", [each for each, matches in QUESTIONS.items() if matches])
def test_the_first_match_is_told_at_once(client: ff.Client, condition: str) -> None:
    """From the start of the run to its first event of a match."""
    taken = []
    for _ in range(7):
        begun = time.perf_counter()
        run = ff.start(asking(condition), client=client)
        next(event for event in run.events() if event.type == "findall.candidate.matched")
        taken.append(time.perf_counter() - begun)
        run.wait(progress=False)
    first = statistics.median(taken)
    report(f"first match of {condition!r}, milliseconds", 1000 * first, goal="at most 150")
    assert first <= 0.6


def test_opening_a_dataframe_takes_three_times_duckdbs_own_load(frame: pd.DataFrame) -> None:
    """With all that is looked at: types, cells, names, and a fingerprint."""
    bare, opened = medians(lambda: load_bare(frame).close(), lambda: open_corpus(frame).close())
    report("open a DataFrame, times DuckDB's load", opened / bare, goal="at most 3")
    assert opened / bare <= 4


def test_a_table_with_twice_the_columns_takes_less_than_thrice_the_time(tmp_path: Path) -> None:
    """To open it and to read a phrase about it."""

    def search(columns: int) -> None:
        with ff.local(tmp_path / f"{columns}.csv") as client:
            assert len(search_all("v1 is word 1", client).matches) == 4

    for columns in (500, 1000):
        lines = [",".join(f"v{place}" for place in range(columns))]
        for row in range(200):
            cells = (f"word {row % 50}" if place % 2 else str(row) for place in range(columns))
            lines.append(",".join(cells))
        (tmp_path / f"{columns}.csv").write_text("\n".join(lines))
    single, double = medians(lambda: search(500), lambda: search(1000))
    report("search 500 columns, seconds", single, goal="at most 2")
    report("search 1,000 columns, times 500", double / single, goal="at most 3")
    assert double / single <= 4


# What it prints: by how many bytes a process has grown, at the end and at its peak.
_GROWTH = """
import gc, resource, sys, threading
import duckdb, pandas as pd
from findall_frames.embedded.corpus.opening import open_corpus
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
def bare(frame):
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute("CREATE TABLE loaded AS SELECT * FROM frame")
    connection.unregister("frame")
    return connection
frame = pd.read_parquet(sys.argv[1])
gc.collect()
before, sizes, ended = resident(), [], threading.Event()
def watch():
    while not ended.wait(0.002):
        sizes.append(resident())
watcher = threading.Thread(target=watch)
watcher.start()
kept = {"open_corpus": open_corpus, "bare": bare}[sys.argv[2]](frame)
gc.collect()
ended.set()
watcher.join()
print(resident() - before, max(sizes) - before)
"""


@_ON_LINUX
def test_an_open_corpus_takes_two_and_a_half_times_the_memory_of_its_table(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    """Each in a process of its own: what one of them gives back is of no use to the other."""
    path = tmp_path / "frame.parquet"
    frame.to_parquet(path)

    def grown(what: str) -> list[int]:
        return [int(size) for size in _told_by(_GROWTH, path, what).split()]

    (held, peak), (table, table_peak) = grown("open_corpus"), grown("bare")
    report("memory of an open DataFrame, times the table", held / table, goal="at most 2.5")
    report("memory to open it at its peak, times the table's", peak / table_peak, goal="2.5")
    assert held / table <= 3
    assert peak / table_peak <= 4


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file of ten million rows."""
    path = tmp_path_factory.mktemp("large") / "large.parquet"
    duckdb.execute(
        "COPY (SELECT i AS id, 'name ' || i AS name, random() AS price, hash(i) || ' it' AS note "
        f"FROM range(10000000) t(i)) TO '{path}'"
    )
    return path


def test_a_large_file_opens_at_once_and_gives_its_rows(large: Path) -> None:
    """Nothing of it is loaded, and rows of it are found where they lie."""
    corpus = open_corpus(large)
    opening, some = medians(lambda: open_corpus(large), lambda: corpus.rows([5, 7_000_000]))
    report("milliseconds to open 10 million rows", opening * 1000, goal="at most 1000")
    report("milliseconds for 2 of its rows", some * 1000, goal="at most 100")
    assert opening < 2
    assert some < 0.4


# The peak of a process in bytes. That of `getrusage` would begin with what its parent had.
_PEAK = """
import re, sys, time
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
"""
# What it prints: the matches, the seconds of the search, and by how many bytes it grew at its peak.
_SEARCH = (
    _PEAK
    + """
import pandas, pyarrow.parquet, duckdb
import findall_frames as ff
before = peak()
with ff.local(sys.argv[1]) as client:
    search = ff.Search("Find rows", entity_type="rows", match_conditions=[sys.argv[2]])
    begun = time.perf_counter()
    frames = ff.find_all(search, client=client, progress=False)
    taken = time.perf_counter() - begun
print(len(frames.matches), taken, peak() - before)
"""
)


@_ON_LINUX
@pytest.mark.parametrize(
    ("condition", "matches"), [("id % 100000 = 0", 100), ("note LIKE '%1234567%'", None)]
)
def test_a_large_file_is_searched_without_being_loaded(
    large: Path, condition: str, matches: int | None
) -> None:
    """The peak of a process that opens it and runs a search stays far below what it decodes to."""
    file = pq.ParquetFile(large)
    groups = range(file.num_row_groups)
    decoded = sum(file.read_row_group(group).nbytes for group in groups)
    found, taken, grown = _told_by(_SEARCH, large, condition).split()
    assert int(found) == matches if matches is not None else int(found) > 0
    report(f"10 million rows, {condition!r}, milliseconds", 1000 * float(taken), goal="none")
    report(
        f"  peak, times the {decoded / 1e6:.0f} MB of the table", int(grown) / decoded, goal="0.5"
    )
    assert int(grown) / decoded <= 0.7


def test_a_million_rows_are_indexed_as_quickly_as_a_few(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    """The time for each row grows by at most 1.3 times from 200,000 of them; best of three."""
    few, many = open_corpus(frame[:200_000]), open_corpus(frame)
    times: dict[int, list[float]] = {len(few): [], len(many): []}
    for turn in range(3):
        for corpus in (few, many):
            times[len(corpus)].append(_index(corpus, tmp_path / f"{turn}-{len(corpus)}.db"))
    small, large = (min(taken) for taken in times.values())
    report("indexing, microseconds a row of 1,000,000", 1e6 * large, goal="none")
    report("  times those of 200,000", large / small, goal="at most 1.3")
    assert large / small <= 1.5


def _index(corpus: Corpus, path: Path) -> float:
    """Index a corpus, and give the seconds for each row."""
    store = Store(path)
    begun = time.perf_counter()
    assert TextIndex(store.database, corpus).build(stop=lambda: False)
    taken = time.perf_counter() - begun
    store.close()
    return taken / len(corpus)


def _told_by(program: str, *arguments: str | Path) -> str:
    """Run a program in a process of its own, and give what it prints."""
    gc.collect()
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=300,
        check=True,
    )
    return done.stdout
