"""How long a person waits for a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from findall_frames.frames.flatten import flatten
from tests.benchmarks.measure import large_result, medians

pytestmark = pytest.mark.benchmark


def test_a_thousand_matches_are_written_within_a_second(tmp_path: Path) -> None:
    """At most 1 s, of matches that carry 11 kB of evidence each."""
    body = json.loads(large_result(1000))
    for candidate in body["candidates"]:
        candidate["match_status"] = "matched"
    frames = flatten(body)
    path = tmp_path / "report.html"
    (taken,) = medians(lambda: frames.to_html(path), rounds=5)
    megabytes = path.stat().st_size / 1e6
    sys.stdout.write(f"\nto_html of 1,000 matches: {taken:.2f} s (goal: 1 s), {megabytes:.1f} MB")
    assert taken < 1
