"""What the embedded service takes from the machine while many clients are connected."""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from findall_frames.api.models import NO_LIMIT
from tests.support.local_caller import stalled

from .measure import environment, report

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"),
        reason="the memory of a process is read as Linux tells it",
    ),
]

_MOST_STREAMS = 1_000
_SPARE = 200

# For each line that it reads, it prints its memory in bytes: at its peak, and now.
_SERVICE = """
import re, resource, sys
from tests.support.local_models import numbers
from findall_frames.embedded.server.service import Service
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
with Service(numbers(9_000)) as service:
    print(service.url, flush=True)
    for _ in sys.stdin:
        sizes = re.findall(r"Vm(?:HWM|RSS):\\s+(\\d+)", open("/proc/self/status").read())
        print(*(int(size) << 10 for size in sizes), flush=True)
"""
_ALL = {
    "objective": "Find entities",
    "entity_type": "entities",
    "match_conditions": [{"name": "check", "description": "place <> 8999"}],
    "generator": "core",
    "match_limit": NO_LIMIT,
}


class _Served:
    """A service in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked, self._told = process.stdin, process.stdout
        self.base = f"{self._told.readline().strip()}/v1beta/findall"

    def start(self) -> str:
        """Start a run over all rows."""
        answer = requests.post(f"{self.base}/runs", json=_ALL, timeout=60)
        return str(answer.json()["findall_id"])

    def memory(self) -> tuple[int, int]:
        """Return its memory in bytes, and the most that it has had."""
        self._asked.write("\n")
        self._asked.flush()
        peak, now = map(int, self._told.readline().split())
        return now, peak


@pytest.fixture
def served() -> Iterator[_Served]:
    """A service over 9,000 rows."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVICE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    ) as process:
        yield _Served(process)


def test_a_status_is_told_at_once_while_many_runs_and_readers_are_at_it(served: _Served) -> None:
    """Twenty runs, fifty streams, one of them stalled: 95 of 100 answers within 50 ms."""
    _, before = served.memory()
    runs = [served.start() for _ in range(20)]
    waits = []
    with ThreadPoolExecutor(50) as pool, requests.Session() as session:
        stalled = requests.get(f"{served.base}/runs/{runs[0]}/events", stream=True, timeout=60)
        readers = [
            pool.submit(_read, f"{served.base}/runs/{runs[n % 20]}/events") for n in range(49)
        ]
        while not all(reader.done() for reader in readers):
            begun = time.perf_counter()
            session.get(f"{served.base}/runs/{runs[-1]}", timeout=60).raise_for_status()
            waits.append(time.perf_counter() - begun)
            time.sleep(0.02)
        stalled.close()
        size = sum(reader.result() for reader in readers)
    _, after = served.memory()
    slow = statistics.quantiles(waits, n=20)[-1]
    report("status under load, p95, milliseconds", 1000 * slow, goal="at most 50")
    grown = (after - before) / 1e6
    report(f"  megabytes grown at the peak, {size / 1e6:.0f} streamed", grown, goal="none")
    assert slow <= 0.1


def _read(url: str) -> int:
    """Read a stream to its end, and give its length."""
    with requests.get(url, stream=True, timeout=600) as answer:
        return sum(map(len, answer.iter_content(1 << 16)))


def test_a_thousand_stalled_streams_take_little_memory(served: _Served) -> None:
    """At most 100 kB each; fewer of them where the system allows fewer descriptors."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    streams = min(_MOST_STREAMS, most - _SPARE)
    findall_id = served.start()
    path = f"{served.base}/runs/{findall_id}/events"
    _read(path)
    before, kernel_before = served.memory()[1], _kernel_buffers()
    with contextlib.ExitStack() as opened:
        for _ in range(streams):
            opened.enter_context(stalled(path))
        time.sleep(3)
        after, kernel_after = served.memory()[1], _kernel_buffers()
        begun = time.perf_counter()
        requests.get(path.removesuffix("/events"), timeout=60).raise_for_status()
        status = time.perf_counter() - begun
    _read(path)
    held, buffered = (after - before) / streams, (kernel_after - kernel_before) / streams
    report(f"{streams} stalled streams, kB each", (held + buffered) / 1000, goal="at most 100")
    report("  of these in buffers of the system", buffered / 1000, goal="none")
    report("  milliseconds for a status meanwhile", 1000 * status, goal="none")
    assert held + buffered <= 100_000


def _kernel_buffers() -> int:
    """Return the bytes in the buffers of all TCP connections of this machine."""
    (pages,) = re.findall(r"^TCP: .* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.M)
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
