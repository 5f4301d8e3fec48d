"""How long a person waits for what is shown."""

from __future__ import annotations

import json
import sys
import time

import pytest

from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.benchmarks.measure import large_result, medians
from tests.support.explorer_driver import ExplorerDriver

pytestmark = pytest.mark.benchmark

KEYSTROKE = 0.1


def say(what: str, figure: float, *, unit: str, goal: float) -> None:
    """Print a figure and its upper limit."""
    sys.stdout.write(f"\n{what}: {figure:.0f} {unit} (goal: {goal:.0f} {unit})")


@pytest.fixture(scope="module")
def frames() -> FindAllFrames:
    """Return 5,000 candidates with 43 MB of text in their citations."""
    return flatten(large_result(5000))


def test_a_thousand_matches_are_shown_at_once() -> None:
    """At most 200 ms and 500 kB of HTML, of matches that carry 11 kB of evidence each."""
    body = json.loads(large_result(1000))
    for candidate in body["candidates"]:
        candidate["match_status"] = "matched"
    thousand = flatten(body)
    (taken,) = medians(thousand._repr_html_)
    size = len(thousand._repr_html_().encode())
    say("HTML of 1,000 matches", 1000 * taken, unit="ms", goal=200)
    say("its size", size / 1000, unit="kB", goal=500)
    assert taken < 0.2
    assert size < 500_000


def test_the_explorer_keeps_up_with_typing(frames: FindAllFrames) -> None:
    """A keystroke over 5,000 candidates takes at most 100 ms, whatever was typed before."""
    driver = ExplorerDriver(frames.explore())
    box = driver.control("Search")
    slowest = ("", 0.0)
    for words in (
        "e",
        "ex",
        "exa",
        "",
        "qqqqq",
        "site499",
        "company4999",
        "zz yy",
        "a b c",
        "high",
    ):
        start = time.perf_counter()
        box.value = words
        slowest = max(slowest, (words, time.perf_counter() - start), key=lambda pair: pair[1])
    say(f"the slowest keystroke ({slowest[0]!r})", 1000 * slowest[1], unit="ms", goal=100)
    assert slowest[1] < KEYSTROKE


def test_the_explorer_answers_a_choice_at_once(frames: FindAllFrames) -> None:
    """Another filter or candidate takes at most 100 ms as well."""
    driver = ExplorerDriver(frames.explore())
    slowest = 0.0
    for label in ("Verdict", "Confidence", "Field", "Domain"):
        control = driver.control(label)
        for _, value in control.options[:4]:
            start = time.perf_counter()
            control.value = value
            slowest = max(slowest, time.perf_counter() - start)
        control.index = 0
    for _, place in driver.list.options[:20]:
        start = time.perf_counter()
        driver.list.value = place
        slowest = max(slowest, time.perf_counter() - start)
    say("the slowest choice", 1000 * slowest, unit="ms", goal=100)
    assert slowest < KEYSTROKE


def test_the_explorer_is_made_within_two_seconds(frames: FindAllFrames) -> None:
    """It reads all texts of 5,000 candidates when it is made, so that typing need not."""
    (taken,) = medians(frames.explore, rounds=3)
    say("making the explorer", 1000 * taken, unit="ms", goal=2000)
    assert taken < 2
