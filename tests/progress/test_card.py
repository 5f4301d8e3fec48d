"""The progress card: the words of every state, and that it claims nothing that is not known."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from findall_frames.api.models import FindAllCandidate
from findall_frames.progress.card import card_bundle, card_html, card_values
from findall_frames.progress.update import Update, View, resume_call_of
from findall_frames.progress.wording import Card, card_of, ending
from tests.support.hostile import HOSTILE, Anatomy, assert_harmless

HOSTED = Update(
    "findall_1",
    "Find tile makers",
    "https://api.parallel.ai",
    "running",
    match_limit=10,
    cost=2.0,
    ceiling=3.5,
    match_price=0.15,
    generator="core",
)
RUNNING = replace(HOSTED, matched=4, unmatched=48, undecided=7, generated=60, cost=2.6)
OWN = Update(
    "findall_1",
    "Find late flights",
    "http://127.0.0.1:8801",
    "running",
    matched=18,
    generated=33_664,
    rows=336_776,
    generator="core",
    is_own_data=True,
)


def over(update: Update, status: str, reason: str | None = None, **values: Any) -> Update:
    """Return the last update of a run."""
    return replace(update, status=status, is_over=True, termination_reason=reason, **values)


def view(update: Update, *, elapsed: float = 260.0, **more: Any) -> View:
    """Return a view with the call that resumes the run, unless another is given."""
    return View(update, elapsed, **{"resume": resume_call_of(update), **more})


def said(card: Card) -> list[str]:
    """Return everything that a card says below its bar."""
    return [f"{card.lead} · {card.time}", *card.facts, card.say, card.call]


@pytest.mark.parametrize(
    ("update", "rate", "word", "lines"),
    [
        pytest.param(
            HOSTED,
            None,
            "Starting",
            [
                "Waiting for the first candidates · 4:20",
                "Asked for up to 10 matches · at most $3.50",
            ],
            id="starting",
        ),
        pytest.param(
            RUNNING,
            0.2,
            "Running",
            [
                "4 of 10 matches · 4:20 · about 7 min left",
                "52 candidates judged: 4 met, 41 not met, 7 unknown",
                "12 judged a minute · about $2.60 so far, at most $3.50",
            ],
            id="hosted",
        ),
        pytest.param(
            OWN,
            3690.0,
            "Running",
            [
                "33,664 of 336,776 rows · 4:20 · about 1 min left",
                "18 match, 33,646 do not",
                "3,690 rows a second",
            ],
            id="own data",
        ),
        pytest.param(
            replace(HOSTED, match_limit=None, matched=4, generated=9, cost=None, ceiling=None),
            None,
            "Running",
            ["4 matches · 4:20", "4 candidates judged: 4 met, 0 not met"],
            id="nothing known",
        ),
    ],
)
def test_a_card_says_how_far_a_run_is(
    update: Update, rate: float | None, word: str, lines: list[str]
) -> None:
    """What is not known is left out."""
    card = card_of(view(update, rate=rate))
    assert card.word == word
    assert said(card) == [*lines, "", ""]


@pytest.mark.parametrize(
    ("update", "word", "lines"),
    [
        pytest.param(
            over(
                HOSTED,
                "completed",
                "candidates_exhausted",
                matched=21,
                unmatched=19,
                undecided=3,
                generated=40,
                cost=5.15,
            ),
            "Complete",
            [
                "21 matches among 40 candidates · 4:20",
                "All candidates are judged; none are left.",
                "21 met, 16 not met, 3 unknown · about $5.15",
                "",
                "",
            ],
            id="complete",
        ),
        pytest.param(
            over(HOSTED, "completed", matched=3, unmatched=37, generated=100, cost=None),
            "Complete",
            [
                "3 matches among 100 candidates · 4:20",
                "The service does not say why it ended.",
                "",
                "",
            ],
            id="complete without a reason",
        ),
        pytest.param(
            over(HOSTED, "expired", matched=3, generated=100, cost=None),
            "Ended",
            [
                "3 matches among 100 candidates · 4:20",
                "The service gives its status as 'expired'.",
                "What it found is in frames. To search again without these 3:",
                "frames = ff.refresh(frames)",
            ],
            id="status of a newer service",
        ),
        pytest.param(
            over(HOSTED, "completed", "match_limit_met", matched=10, generated=88, cost=3.5),
            "Limit reached",
            [
                "10 matches among 88 candidates · 4:20",
                "About $3.50",
                "Stopped at your limit of 10; there may be more. "
                "To look for 20 more, for at most $3.00:",
                "frames = ff.extend(frames, 20)",
            ],
            id="limit",
        ),
        pytest.param(
            over(OWN, "completed", "match_limit_met", matched=10, match_limit=10),
            "Limit reached",
            [
                "10 matches among 33,664 rows · 4:20",
                "Stopped at your limit of 10; there may be more. To look for 20 more:",
                "frames = ff.extend(frames, 20)",
            ],
            id="limit on own data",
        ),
        pytest.param(
            over(
                replace(HOSTED, generator="preview"), "completed", "match_limit_met", generated=10
            ),
            "Limit reached",
            [
                "0 matches among 10 candidates · 4:20",
                "About $2.00",
                "A preview judges no more than 10 candidates. ff.find_all looks at more.",
                "",
            ],
            id="preview",
        ),
        pytest.param(
            over(HOSTED, "failed", "error_occurred", matched=6, generated=31, cost=2.9),
            "Failed",
            [
                "6 matches kept, of 31 candidates · 4:20",
                "The service ran into an error.",
                "About $2.90",
                "What it found is in frames. To search again without these 6:",
                "frames = ff.refresh(frames)",
            ],
            id="failed",
        ),
        pytest.param(
            over(HOSTED, "failed", "insufficient_funds", cost=None),
            "Failed",
            [
                "0 matches kept, of 0 candidates · 4:20",
                "The account has too little credit.",
                "What it found is in frames. Add credit first. To search again:",
                "frames = ff.refresh(frames)",
            ],
            id="no credit",
        ),
        pytest.param(
            over(HOSTED, "completed", "low_match_rate", matched=2, generated=500, cost=None),
            "Ended early",
            [
                "2 matches among 500 candidates · 4:20",
                "Too few candidates matched.",
                "A more thorough generator looks at more candidates.",
                "",
            ],
            id="ended early",
        ),
        pytest.param(
            over(HOSTED, "cancelled", "user_cancelled", matched=4, generated=54, cost=2.6),
            "Cancelled",
            [
                "4 matches kept, of 54 candidates · 4:20",
                "The run was cancelled. What it found is in frames.",
                "About $2.60",
                "",
                "",
            ],
            id="cancelled",
        ),
        pytest.param(
            RUNNING,
            "Goes on without you",
            [
                "4 of 10 matches so far · left after 4:20",
                "The run goes on at the service · at most $3.50",
                "Wait for it again, here or on another machine:",
                'frames = ff.resume("findall_1")',
            ],
            id="left",
        ),
    ],
)
def test_a_card_says_how_a_run_ended(update: Update, word: str, lines: list[str]) -> None:
    """It also says what can be done next, with the call for it."""
    card = card_of(view(update), is_closed=True)
    assert card.word == word
    assert said(card) == lines
    html = Anatomy(card_html(card))
    shown = " ".join(html.words)
    assert all(part in shown for line in lines for part in line.split(" · "))
    assert not {"button", "script"} & html.tags


@pytest.mark.parametrize(
    ("update", "share"),
    [
        (HOSTED, None),
        (RUNNING, 0.4),
        (OWN, 33_664 / 336_776),
        (replace(OWN, match_limit=20), 33_664 / 336_776),
        (replace(RUNNING, match_limit=None), None),
        (over(RUNNING, "failed", "error_occurred"), 0.4),
        (over(RUNNING, "completed", "candidates_exhausted"), 1.0),
    ],
)
def test_the_bar_measures_matches_of_the_limit_or_rows(update: Update, share: float | None) -> None:
    """Without a total it measures nothing."""
    assert card_of(view(update)).share == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("update", "rate"),
    [
        (RUNNING, None),
        (RUNNING, 0.0),
        (replace(RUNNING, matched=2), 0.2),
        (replace(RUNNING, match_limit=None), 0.2),
        (replace(RUNNING, status="cancelling"), 0.2),
        (replace(OWN, match_limit=1000, matched=1), 3690.0),
    ],
)
def test_no_time_left_is_said_where_it_cannot_be_estimated(
    update: Update, rate: float | None
) -> None:
    """Without a rate, with too few matches to know their share, or without a total."""
    assert card_of(view(update, rate=rate)).time == "4:20"


@pytest.mark.parametrize(
    ("update", "rate", "lines"),
    [
        (
            replace(HOSTED, matched=3, unmatched=1, undecided=4, generated=10, cost=None),
            1e-9,
            ["3 of 10 matches · 4:20", "4 candidates judged: 3 met, 0 not met, 1 unknown"],
        ),
        (
            replace(HOSTED, matched=12, generated=30, cost=None),
            1.0,
            ["12 matches · 4:20", "12 candidates judged: 12 met, 0 not met"],
        ),
        (
            replace(HOSTED, matched=0, generated=3, match_limit=0, cost=None),
            None,
            ["0 matches · 4:20", "3 candidates, none judged yet"],
        ),
        (replace(OWN, generated=20, rows=10), 2.0, ["18 matches · 4:20", "18 match, 2 do not"]),
        (
            replace(OWN, generated=1, rows=100),
            None,
            ["18 of 100 rows · 4:20", "18 match, 0 do not"],
        ),
    ],
)
def test_counts_that_do_not_agree_make_no_absurd_words(
    update: Update, rate: float | None, lines: list[str]
) -> None:
    """No count is negative, nothing is more than its total, and no time left is of years."""
    assert said(card_of(view(update, rate=rate)))[:2] == lines
    assert "-" not in ending(view(update, elapsed=-5.0, resume=""))


@pytest.mark.parametrize("reason", ["match_limit_met", "candidates_exhausted"])
def test_nothing_is_said_on_resuming_a_run_that_is_over(reason: str) -> None:
    """Neither in the card nor in its details."""
    ended = view(over(OWN, "completed", reason), elapsed=0.31)
    html = card_html(card_of(ended, is_closed=True))
    assert "resume" not in html + ending(ended)
    assert "0.3 s" in html


def test_a_run_that_ends_with_the_call_is_not_said_to_go_on() -> None:
    """The service over data= ends, so that there is nothing to resume, extend or leave."""
    stopped = card_of(view(OWN, resume=""), is_closed=True)
    assert (stopped.word, stopped.facts) == ("Stopped", ("The run ended with this call.",))
    limited = card_of(view(over(OWN, "completed", "match_limit_met", match_limit=5), resume=""))
    assert limited.say.endswith("there may be more. Leave match_limit out to get all.")
    assert limited.call == ""
    live = card_values(view(OWN, resume=""))
    assert live["buttons"]["leave"] == ""
    assert live["hint"] == "Interrupt the kernel to stop the run."


def test_a_service_that_is_not_the_default_is_named_in_the_call() -> None:
    """The call works as it stands."""
    elsewhere = replace(HOSTED, service="http://127.0.0.1:9")
    card = card_of(view(over(elsewhere, "completed", "match_limit_met")))
    assert card.call == (
        'frames = ff.extend(frames, 20, client=ff.Client(base_url="http://127.0.0.1:9"))'
    )


def test_what_a_run_waits_for_is_said_once() -> None:
    """It stands in place of the status, and the statuses of the API have words of their own."""
    held_up = card_of(view(replace(RUNNING, status="rate limited; next attempt in 9 s")))
    assert held_up.word == "Running"
    assert held_up.facts[0] == "Rate limited; next attempt in 9 s"
    assert card_of(view(RUNNING)).facts[0].startswith("52 candidates")


def test_rows_that_were_not_judged_are_counted() -> None:
    """A model is asked about a shortlist only."""
    card = card_of(view(over(OWN, "completed", "candidates_exhausted")))
    assert card.facts == ("33,664 of 336,776 rows were judged.",)


def test_warnings_of_the_service_stand_in_the_card_and_its_text() -> None:
    """At most five, and how many more there are."""
    warned = view(over(OWN, "completed"), warnings=tuple(f"Warning {n}." for n in range(7)))
    bundle = card_bundle(warned)
    assert "Warning 4." in bundle["text/html"]
    assert "Warning 5." not in bundle["text/html"]
    assert "… and 2 more warnings in frames.warnings" in bundle["text/html"]
    assert bundle["text/plain"].splitlines()[1:] == list(warned.warnings)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """Wherever a service can send text into the card."""
    found = FindAllCandidate("c", text, text, "matched")
    update = Update(text, text, text, text, is_over=True, termination_reason=text, matched=1)
    hostile = view(update, latest=(found, found), warnings=(text,), resume=text)
    for is_closed in (False, True):
        html = card_html(card_of(hostile, is_closed=is_closed))
        assert_harmless(OURS.sub("", html), tags=TAGS)
    for _, address in card_values(hostile)["latest"]:
        assert address is None or address.startswith("https://example.org")


OURS = re.compile(
    r'<style>.*?</style>|<svg class="ff-shape [a-z-]+" .*?</svg>|data-lm-suppress-shortcuts="true"',
    re.DOTALL,
)
"""The style, the drawings and an attribute, which are the same in every card."""
TAGS = {"div", "span", "a", "code", "details", "summary", "dl", "dt", "dd"}
