"""How long a person waits for what is shown."""

from __future__ import annotations

import json
import sys
import time

import pytest

from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames
from tests.benchmarks.measure import large_result, medians
from tests.display.test_explorer import Person

pytestmark = pytest.mark.benchmark

KEYSTROKE = 0.1


def say(what: str, figure: float, *, unit: str, goal: float) -> None:
    """Print a figure beside what it may be at the most."""
    sys.stdout.write(f"\n{what}: {figure:.0f} {unit} (goal: {goal:.0f} {unit})")


@pytest.fixture(scope="module")
def frames() -> FindAllFrames:
    """5,000 candidates, 43 MB of text in their citations."""
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
    person = Person(frames.explore())
    box = person.control("Search")
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
    """A filter, or another candidate of the list, takes at most 100 ms as well."""
    person = Person(frames.explore())
    slowest = 0.0
    for label in ("Verdict", "Confidence", "Field", "Domain"):
        control = person.control(label)
        for _, value in control.options[:4]:
            start = time.perf_counter()
            control.value = value
            slowest = max(slowest, time.perf_counter() - start)
        control.index = 0
    for _, place in person.list.options[:20]:
        start = time.perf_counter()
        person.list.value = place
        slowest = max(slowest, time.perf_counter() - start)
    say("the slowest choice", 1000 * slowest, unit="ms", goal=100)
    assert slowest < KEYSTROKE


def test_the_explorer_is_made_in_the_time_of_a_glance(frames: FindAllFrames) -> None:
    """All the texts of 5,000 candidates are read when it is made, so that typing need not."""
    (taken,) = medians(frames.explore, rounds=3)
    say("making the explorer", 1000 * taken, unit="ms", goal=2000)
    assert taken < 2
