"""How a lake of 2,000 runs compares with an empty one, and with a single file."""

from __future__ import annotations

import json
import random
import statistics
import time
from itertools import count
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import findall_frames as ff
from findall_frames.frames.parquet import SETTINGS
from tests.benchmarks.measure import large_result, medians, report

pytestmark = pytest.mark.benchmark

RUNS = 2000
CANDIDATES = 1000


class Filled(NamedTuple):
    """A lake of 2,000 runs that was compacted, and its candidates in a single file."""

    lake: ff.Lake
    one_file: Path


def id_of(number: int) -> str:
    """Return the id of a run, which says as little about its order as those of a service."""
    return f"findall_{random.Random(number).randbytes(16).hex()}"


def frames_of(base: ff.FindAllFrames, number: int) -> ff.FindAllFrames:
    """Return the same run with another id, in which half of the candidates are others."""
    findall_id = id_of(number)
    tables = {
        name: table.set_column(
            0, table.schema.field(0), pa.array([findall_id] * len(table), pa.large_string())
        )
        for name, table in base.tables.items()
    }
    candidates = tables["candidates"]
    chance = random.Random(number)
    words = " ".join(candidates["description"].to_pylist()).split()
    half = CANDIDATES // 2
    own = {
        "name": [" ".join(chance.choices(words, k=2)) for _ in range(half)],
        "url": [f"https://{findall_id[8:]}.example/{n}" for n in range(half)],
        "description": [" ".join(chance.choices(words, k=12)) for _ in range(half)],
    }
    for name, values in own.items():
        at = candidates.schema.get_field_index(name)
        shared = candidates[name].slice(0, half)
        column = pa.chunked_array([*shared.chunks, pa.array(values, pa.large_string())])
        candidates = candidates.set_column(at, candidates.schema.field(at), column)
    tables["candidates"] = candidates
    return ff.FindAllFrames(tables)


@pytest.fixture(scope="module")
def base() -> ff.FindAllFrames:
    """A run of 1,000 candidates with two fields, a citation and 40 words each, about 1.3 kB."""
    made = json.loads(large_result(CANDIDATES))
    for one in made["candidates"]:
        one["output"] = {name: one["output"][name] for name in ("founded_check", "employees")}
        one["basis"] = [entry for entry in one["basis"] if entry["field"] in one["output"]]
        for entry in one["basis"]:
            entry["reasoning"] = entry["reasoning"][:60]
            entry["citations"] = entry["citations"][:1]
            entry["citations"][0]["excerpts"] = [entry["citations"][0]["excerpts"][0][:60]]
    return ff.flatten(made)


@pytest.fixture(scope="module")
def filled(base: ff.FindAllFrames, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Append all runs, then compare, then compact.

    The files that were merged are still there, as for a day, so there is much to be listed.
    """
    folder = tmp_path_factory.mktemp("lake")
    lake, small = ff.open_lake(folder / "lake"), ff.open_lake(folder / "small")
    times = []
    for number in range(RUNS):
        frames = frames_of(base, number)
        start = time.perf_counter()
        frames.append_to(lake)
        times.append(time.perf_counter() - start)
    first, last = statistics.median(times[:100]), statistics.median(times[-100:])
    report(f"append, the last 100 of {RUNS} / the first 100", last / first, goal="1.3")
    report("append, in ms", 1000 * last, goal="none")
    numbers = count(RUNS)
    more = iter([frames_of(base, next(numbers)) for _ in range(120)])
    at_end, at_start = medians(
        lambda: next(more).append_to(lake), lambda: next(more).append_to(small), rounds=60
    )
    report("append to the full lake / to an empty one, in turns", at_end / at_start, goal="1.3")
    assert at_end / at_start < 1.3
    start = time.perf_counter()
    lake.sql("SELECT match_status, count(*) FROM candidates GROUP BY ALL").fetchall()
    report("a first question before compaction, in s", time.perf_counter() - start, goal="none")
    start = time.perf_counter()
    lake.compact()
    report("compaction, in s", time.perf_counter() - start, goal="none")
    one_file = folder / "one.parquet"
    table = lake.candidates.to_arrow_table()
    pq.write_table(table, one_file, row_group_size=100_000, **SETTINGS["analysis"])
    report("candidates", len(table), goal="2 million")
    return Filled(lake, one_file)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT match_status, count(*), count(DISTINCT domain) FROM {} GROUP BY ALL",
        "SELECT count(*) FROM {} WHERE description ILIKE '%abc%'",
        f"SELECT name, url FROM {{}} WHERE findall_id = '{id_of(77)}' AND match_status = 'matched'",
    ],
)
def test_a_question_costs_what_it_costs_over_one_file(filled: Filled, query: str) -> None:
    """From a new lake and a new connection, and from those that are open."""
    of_lake, of_file = query.format("candidates"), query.format(f"'{filled.one_file}'")
    connection = duckdb.connect()
    new_lake, new_connection, open_lake, open_connection = medians(
        lambda: ff.open_lake(filled.lake.path).sql(of_lake).fetchall(),
        lambda: duckdb.connect().sql(of_file).fetchall(),
        lambda: filled.lake.sql(of_lake).fetchall(),
        lambda: connection.sql(of_file).fetchall(),
        rounds=25,
    )
    found = [
        sorted(map(repr, each.fetchall()))
        for each in (filled.lake.sql(of_lake), connection.sql(of_file))
    ]
    assert found[0] == found[1]
    report(f"{query[:30]}... over one file, in ms", 1000 * open_connection, goal="none")
    report("the same over the lake, in ms", 1000 * open_lake, goal="none")
    report("the same over an open lake / one file", open_lake / open_connection, goal="1.5")
    report("the same over a new lake / one file", new_lake / new_connection, goal="1.5")
    # What an open lake adds, a look at its folder, is a few ms whatever the question.
    assert open_lake - open_connection < max(0.5 * open_connection, 0.01)


def test_what_is_the_same_in_all_runs_is_found_in_a_minute(filled: Filled) -> None:
    """2 million candidates: half of each run's are in all runs, and half in no other."""
    start = time.perf_counter()
    found = filled.lake.entities()
    report("entities, in s", time.perf_counter() - start, goal="60")
    assert len(found) == CANDIDATES // 2 * (len(filled.lake.runs) + 1)
    assert (found["runs"] >= RUNS).sum() == CANDIDATES // 2
