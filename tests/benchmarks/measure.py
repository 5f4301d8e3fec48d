"""A large result, and a way to time two things side by side."""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["environment", "large_result", "medians", "report"]

_FIELDS = ("founded_check", "funding_check", "ceo", "employees")


def large_result(candidates: int) -> bytes:
    """Make a result of about 11 kB per candidate: 4 fields, 3 citations each, 2 excerpts each."""
    chance = random.Random(1)
    vocabulary = [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10)))
        for _ in range(3000)
    ]

    def words(number: int) -> str:
        return " ".join(chance.choices(vocabulary, k=number))

    def citation() -> dict[str, Any]:
        path = words(3).replace(" ", "/")
        return {
            "title": words(6),
            "url": f"https://www.site{chance.randint(1, 500)}.example/{path}",
            "excerpts": [words(45), words(45)],
        }

    def candidate(number: int) -> dict[str, Any]:
        output: dict[str, Any] = {
            name: {
                "value": words(4),
                "type": "match_condition",
                "is_matched": chance.random() < 0.7,
            }
            for name in _FIELDS[:2]
        }
        output["ceo"] = {"value": words(2), "type": "enrichment"}
        output["employees"] = {"value": chance.randint(1, 9999), "type": "enrichment"}
        return {
            "candidate_id": f"candidate_{number:032x}",
            "name": words(2),
            "url": f"https://company{number}.example/",
            "description": words(12),
            "match_status": chance.choice(["matched", "unmatched"]),
            "output": output,
            "basis": [
                {
                    "field": name,
                    "reasoning": words(40),
                    "confidence": chance.choice(["low", "medium", "high"]),
                    "citations": [citation() for _ in range(3)],
                }
                for name in _FIELDS
            ],
        }

    metrics = {"generated_candidates_count": candidates, "matched_candidates_count": 0}
    status = {"status": "completed", "is_active": False, "metrics": metrics}
    result = {
        "run": {"findall_id": "findall_1", "status": status, "generator": "core"},
        "candidates": [candidate(number) for number in range(candidates)],
    }
    return json.dumps(result).encode()


def medians(*actions: Callable[[], Any], rounds: int = 7) -> list[float]:
    """Time actions in turns, so that a busy moment of the machine meets all of them.

    Each round has an order of its own: what an action leaves to be done, such as writing to the
    disk, would otherwise always meet the same other one.

    Returns
    -------
    list of float
        The median of each, in seconds.
    """
    chance = random.Random(1)
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        turns = list(zip(actions, times, strict=True))
        chance.shuffle(turns)
        for action, taken in turns:
            start = time.perf_counter()
            action()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def report(what: str, ratio: float, *, goal: str) -> None:
    """Print a figure, beside what it should be."""
    sys.stdout.write(f"\n{what}: {ratio:.2f} (goal: {goal})")


def environment() -> dict[str, str]:
    """Return the environment for a program that imports this project, also when not installed."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
