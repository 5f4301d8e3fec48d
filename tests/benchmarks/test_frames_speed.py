"""How fast a result becomes tables, against what else could be done with its bytes."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from findall_frames.frames.flatten import flatten
from findall_frames.frames.parquet import SETTINGS
from tests.benchmarks.measure import large_result, medians, report

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def body() -> bytes:
    """A result of about 55 MB."""
    return large_result(5000)


def to_pandas(body: bytes) -> None:
    """Make all DataFrames."""
    frames = flatten(body)
    assert len(frames.candidates) + len(frames.fields) + len(frames.citations) > 0


def normalize(body: bytes) -> None:
    """Make the three tables with what pandas has for it."""
    candidates = json.loads(body)["candidates"]
    keys = ["candidate_id"]
    pd.json_normalize(candidates, max_level=0).drop(columns=["basis"])
    pd.json_normalize(candidates, record_path="basis", meta=keys).drop(columns="citations")
    pd.json_normalize(
        candidates, record_path=["basis", "citations"], meta=[*keys, ["basis", "field"]]
    )


def test_flattening_costs_less_than_parsing_the_json_into_objects(body: bytes) -> None:
    """All Arrow tables are there before a fast parser has made its dicts."""
    orjson: Any = pytest.importorskip("orjson")
    tables, frames, parse = medians(
        lambda: flatten(body), lambda: to_pandas(body), lambda: orjson.loads(body)
    )
    report("bytes to Arrow / orjson.loads", tables / parse, goal="0.65")
    report("bytes to pandas / orjson.loads", frames / parse, goal="0.75")
    gc.disable()
    try:
        tables_alone, parse_alone = medians(lambda: flatten(body), lambda: orjson.loads(body))
    finally:
        gc.enable()
    report("the same to Arrow, collector off", tables_alone / parse_alone, goal="1.0")
    assert tables / parse < 0.8


def test_flattening_is_faster_than_what_there_was(body: bytes) -> None:
    """Neither pandas's own way nor the official SDK's models come near."""
    from parallel.types.beta import FindAllRunResult

    tables, models = medians(
        lambda: flatten(body), lambda: FindAllRunResult.model_validate_json(body), rounds=5
    )
    report("the SDK's models / bytes to Arrow", models / tables, goal="3")
    (slow,) = medians(lambda: normalize(body), rounds=1)
    report("json_normalize / bytes to Arrow", slow / tables, goal="6")
    assert models / tables > 3
    assert slow / tables > 6


def test_time_grows_with_the_candidates_and_not_faster(body: bytes) -> None:
    """Ten times the candidates cost about ten times the time."""
    small = large_result(500)
    little, much = medians(lambda: flatten(small), lambda: flatten(body))
    report("5,000 candidates / 500 candidates", much / little, goal="11")
    assert much / little < 13


def test_a_field_of_a_newer_api_costs_no_speed() -> None:
    """20,000 candidates that each have an unknown field, beside the same ones without it."""
    result = json.loads(large_result(20_000))
    for one in result["candidates"]:
        one["basis"] = [
            {**entry, "citations": entry["citations"][:1]} for entry in one["basis"][:2]
        ]
    plain = json.dumps(result).encode()
    for one in result["candidates"]:
        one["relevance_score"] = 0.87
    unknown = json.dumps(result).encode()
    for one in result["candidates"]:
        for entry in one["basis"]:
            entry["weight"] = 3
            entry["citations"][0]["published_at"] = "2026-01-01"
    deeper = json.dumps(result).encode()
    one, two, three = medians(
        lambda: flatten(plain), lambda: flatten(unknown), lambda: flatten(deeper)
    )
    report("an unknown field per candidate / none", two / one, goal="1.1")
    report("unknown fields per candidate, basis and citation / none", three / one, goal="2")
    assert two / one < 1.5


def test_memory_stays_near_the_size_of_the_result(body: bytes, tmp_path: Path) -> None:
    """The peak above the bytes themselves, the libraries loaded, is at most twice their size."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("the peak of a process is read from /proc")
    path = tmp_path / "result.json"
    path.write_bytes(body)
    (tmp_path / "one.json").write_bytes(large_result(1))
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from findall_frames.frames.flatten import flatten\n"
        "def peak():\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    return int(status.split('VmHWM:')[1].split()[0]) * 1024\n"
        "flatten(sys.argv[2])\n"
        "body = Path(sys.argv[1]).read_bytes()\n"
        "before = peak()\n"
        "frames = flatten(body)\n"
        "print((peak() - before) / len(body))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "one.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    report("peak memory above the bytes / bytes", float(run.stdout), goal="2")
    assert 0 < float(run.stdout) < 2


def test_writing_parquet_costs_what_arrow_costs(body: bytes, tmp_path: Path) -> None:
    """Provenance and moving into place are nearly free."""
    frames = flatten(body)

    numbers = count()

    def bare() -> None:
        folder = tmp_path / f"bare{next(numbers)}"
        folder.mkdir()
        for name, table in frames.tables.items():
            pq.write_table(table, folder / f"{name}.parquet", **SETTINGS["analysis"])

    ours, arrow = medians(lambda: frames.to_parquet(tmp_path / f"ours{next(numbers)}"), bare)
    report("to_parquet / pyarrow's write_table", ours / arrow, goal="1.1")
    size = sum(path.stat().st_size for path in (tmp_path / "ours0").iterdir())
    report("Parquet / JSON, in bytes", size / len(body), goal="0.35")
    assert ours / arrow < 1.3
