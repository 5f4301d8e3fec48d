"""What importing the package costs, beside what it stands on."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest

pytestmark = pytest.mark.benchmark


def seconds(statement: str) -> float:
    """Time a statement in a fresh process."""
    timed = f"import time; b = time.perf_counter(); {statement}; print(time.perf_counter() - b)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True)
    return float(done.stdout)


def test_importing_costs_at_most_a_quarter_more_than_pandas_and_pyarrow() -> None:
    """Medians of seven fresh processes each, taken in turns."""
    statements = {
        "pandas and pyarrow": "import pandas, pyarrow",
        "findall_frames": "import findall_frames",
        "findall_frames with find_all": "import findall_frames as ff; ff.find_all",
    }
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(7):
        for name, statement in statements.items():
            times[name].append(seconds(statement))
    base = statistics.median(times["pandas and pyarrow"])
    ratios = {name: statistics.median(values) / base for name, values in times.items()}
    sys.stdout.write("\n" + "\n".join(f"import {name}: {r:.2f}" for name, r in ratios.items()))
    assert ratios["findall_frames"] <= 1.25
