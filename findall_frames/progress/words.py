"""What displays say: the same words in a notebook, in a terminal and in a log."""

from __future__ import annotations

import json
import os

from findall_frames.addresses import HOSTED_URL, is_loopback
from findall_frames.display.text import counted, duration, in_words, one_line
from findall_frames.progress.pace import View
from findall_frames.progress.update import Update

__all__ = [
    "advice",
    "counts",
    "ending",
    "headline",
    "invitation",
    "matches",
    "pace",
    "progress_of",
    "resume_call",
    "tally",
]


_BRIEF = 10.0
"""Seconds below which a tenth of one is worth telling."""


def resume_call(findall_id: str, *, service: str) -> str:
    """Write the Python call that goes on with a run.

    >>> resume_call("findall_1", service="https://api.parallel.ai")
    'ff.resume("findall_1")'
    >>> resume_call("findall_1", service="http://127.0.0.1:8801")
    'ff.resume("findall_1", client=ff.Client(base_url="http://127.0.0.1:8801"))'
    """
    run = json.dumps(one_line(findall_id), ensure_ascii=False)
    if _is_default(service):
        return f"ff.resume({run})"
    return f"ff.resume({run}, client=ff.Client(base_url={json.dumps(service)}))"


def _is_default(service: str) -> bool:
    default = os.environ.get("PARALLEL_BASE_URL") or HOSTED_URL
    return service.rstrip("/") == default.rstrip("/")


def advice(update: Update) -> str:
    """Say how to go on with a run that is no longer watched."""
    return f"Resume with {resume_call(update.findall_id, service=update.service)}"


def invitation(update: Update, *, how_to_go_on: str, what: str = "") -> str:
    """Say that a person may interrupt, and how to go on; nothing when there is no going on."""
    if not how_to_go_on:
        return ""
    # A run at a service on this machine may end with that service.
    here = " while this service runs" if is_loopback(update.service) else ""
    safe = f"Safe to interrupt {what}".rstrip()
    return f"{safe}{here}. {how_to_go_on}"


def headline(update: Update) -> str:
    """Say which run this is: id, service, and what is searched."""
    place = f"{one_line(update.findall_id)} at {one_line(update.service)}".removeprefix(" at ")
    return f"{place}: {one_line(update.objective)}" if update.objective else place


def counts(view: View) -> str:
    """Say how far the run is."""
    return f"{_found(view.update)}, {duration(view.elapsed)}"


def tally(view: View) -> str:
    """Say how far the run is, and how fast it goes, in every count that there is."""
    update = view.update
    parts = [
        f"{update.generated:,} generated",
        f"{update.matched:,} matched",
        f"{update.unmatched:,} unmatched",
        pace(view.rate),
        duration(view.elapsed),
        _price(update),
    ]
    return " · ".join(part for part in parts if part)


def pace(rate: float | None) -> str:
    """Say how many candidates are judged in a second or, where they are few, in a minute.

    >>> pace(12.4), pace(0.25)
    ('12 judged a second', '15 judged a minute')
    """
    if rate is None:
        return ""
    return f"{rate:,.0f} judged a second" if rate >= 1 else f"{rate * 60:.0f} judged a minute"


def _price(update: Update) -> str:
    """Say what the run has cost so far, where there is a price."""
    return "" if update.cost is None else f"about ${update.cost:,.2f}"


def ending(view: View, *, how_to_go_on: str) -> str:
    """Say how the run ended, or that nobody waits for it any more."""
    update = view.update
    took = f"{view.elapsed:.1f} s" if view.elapsed < _BRIEF else duration(view.elapsed)
    if not update.findall_id:
        return f"Drafted in {took}." if update.is_over else "No run was started."
    if not update.is_over:
        watched = f"No longer watched after {took}: {matches(update)} so far."
        return f"{watched} {how_to_go_on}".rstrip()
    status = one_line(update.status)
    found = _found(update)
    why = f"; {in_words(update.termination_reason)}" if update.termination_reason else ""
    return f"{status[:1].upper()}{status[1:]} in {took}: {found}{why}."


def _found(update: Update) -> str:
    """Count matches and candidates, and the money where there is a price."""
    parts = [matches(update), counted(update.generated, "candidate"), _price(update)]
    return ", ".join(part for part in parts if part)


def progress_of(update: Update) -> tuple[int, int | None]:
    """Return how much is done and of how much: matches of the limit, else rows of own data."""
    if update.match_limit:
        return update.matched, update.match_limit
    return update.generated, update.rows


def matches(update: Update) -> str:
    """Count the matches, and say of how many."""
    if update.match_limit is None:
        return counted(update.matched, "match")
    return f"{update.matched:,} of {counted(update.match_limit, 'match')}"
