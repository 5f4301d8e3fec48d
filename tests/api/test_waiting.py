"""A service that allows no more runs for now is waited for, visibly and within the deadline."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import findall_frames as ff
from findall_frames.api import waiting
from findall_frames.errors import RateLimitError
from findall_frames.progress.displays import Calls
from findall_frames.running import following
from tests.support.scripted import (
    RUN_ID,
    SCHEMA,
    ScriptedServer,
    answer,
    healthy,
    result,
    run_object,
)

AT = f"/runs/{RUN_ID}"
REFUSED = answer(status=429)
CREATED = answer(run_object("queued"))
SEARCH = ff.Search(
    "Find tile makers",
    entity_type="companies",
    match_conditions={"makes_tiles": "Company must make tiles"},
)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, in seconds, which are not waited for."""
    found: list[float] = []
    monkeypatch.setattr(waiting, "_wait", lambda seconds, why: found.append(seconds))
    return found


def test_a_refused_creation_is_shown_and_sent_again(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The display counts down, and the run is created once."""
    server.on("POST", "/runs", REFUSED, CREATED)
    seen: list[ff.Update] = []
    frames = ff.find_all(SEARCH, client=client, progress=seen.append, timeout=30)
    assert len(frames.matches) == 3
    assert any(update.status.startswith("rate limited; next attempt in") for update in seen)
    assert len(server.sent("POST", "/runs")) == 2
    assert ff.runs()["findall_id"].tolist() == [RUN_ID]


def test_the_pauses_grow(server: ScriptedServer, client: ff.Client, pauses: list[float]) -> None:
    """To a minute; a pause that the service asks for is taken as it is."""
    asked = answer(status=429, Retry_After="150")
    server.on("POST", "/runs", *[REFUSED] * 8, asked, CREATED)
    with pytest.warns(ff.errors.FindAllWarning, match="interrupt to stop waiting") as caught:
        ff.start(SEARCH, client=client)
    assert len(caught) == 1
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 150]


def test_a_service_that_goes_on_refusing_is_given_up_at_the_deadline(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Nothing was created, and the ledger says so."""
    server.on("POST", "/runs", REFUSED)
    begun = time.monotonic()
    with pytest.raises(RateLimitError):
        ff.find_all(SEARCH, client=client, progress=False, timeout=3)
    assert time.monotonic() - begun < 10
    assert 3 <= len(server.sent("POST", "/runs")) <= 5
    assert ff.runs()["status"].tolist() == ["refused"]


def test_without_a_deadline_it_is_given_up_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotas are per hour; what is refused for longer is no quota."""
    now, attempts = 0.0, 0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def refuse(timeout: float | None) -> None:
        nonlocal attempts
        attempts += 1
        raise RateLimitError("no", status_code=429)

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(RateLimitError), waiting.showing_waits(lambda why: None):
        waiting.when_allowed(refuse, timeout=None, is_paid=True)
    assert 3600 < now <= 3900
    assert 60 < attempts < 90


def test_a_pause_beyond_the_deadline_is_not_waited_for(
    server: ScriptedServer, client: ff.Client, pauses: list[float]
) -> None:
    """The error says when to try again."""
    server.on("POST", "/runs", answer(status=429, Retry_After="3600"))
    with pytest.raises(RateLimitError, match="Retry-After: 3600") as caught:
        ff.start(SEARCH, client=client, timeout=60)
    assert caught.value.retry_after == 3600
    assert pauses == []


@pytest.mark.parametrize("verb", ["start", "enrich", "extend"])
def test_a_refused_enrichment_or_extension_is_sent_again_as_well(
    server: ScriptedServer, client: ff.Client, pauses: list[float], verb: str
) -> None:
    """The run is paid for, and must not lose its columns to a busy minute."""
    endpoint = f"{AT}/{'extend' if verb == 'extend' else 'enrich'}"
    server.on("POST", endpoint, REFUSED, answer(SCHEMA))
    ceo = {"ceo_name": "Name of the CEO"}
    run = ff.Run(RUN_ID, client=client)
    calls = {
        "start": lambda: ff.start(
            ff.Search.from_schema(SEARCH.to_schema(), enrichments=ceo), client=client
        ),
        "enrich": lambda: run.enrich(ceo),
        "extend": lambda: run.extend(3),
    }
    with pytest.warns(ff.errors.FindAllWarning, match="429"):
        calls[verb]()
    assert len(server.sent("POST", endpoint)) == 2
    assert pauses == [1]


def test_other_refusals_are_raised_at_once() -> None:
    """Only 429 says that the same request may be accepted later."""
    with ScriptedServer() as server, ff.Client(api_key="", base_url=server.url) as client:
        healthy(server)
        server.on("POST", "/runs", answer(status=402))
        with pytest.raises(ff.errors.InsufficientFundsError):
            ff.find_all(SEARCH, client=client, progress=False)
        assert len(server.sent("POST", "/runs")) == 1


def test_an_attempt_is_made_shortly_before_the_deadline() -> None:
    """Growing pauses alone would leave half of the time unused."""
    made: list[float] = []

    def refuse(timeout: float | None) -> None:
        made.append(timeout or 0)
        raise RateLimitError("no", status_code=429)

    with pytest.raises(RateLimitError), waiting.showing_waits(lambda why: None):
        waiting.when_allowed(refuse, timeout=2.5, is_paid=True)
    assert made[-1] <= 0.6


@pytest.mark.parametrize(
    ("method", "path", "healthy_answer", "verb"),
    [
        ("POST", "/ingest", SCHEMA, "draft"),
        ("POST", "/ingest", SCHEMA, "find_all"),
        ("GET", AT, run_object("completed", matched=3, generated=3), "resume"),
        ("GET", f"{AT}/schema", SCHEMA, "resume"),
        ("GET", f"{AT}/result", result(), "resume"),
        ("GET", f"{AT}/result", result(), "await"),
        ("POST", f"{AT}/extend", SCHEMA, "extend"),
    ],
)
def test_every_wait_of_a_verb_is_shown(
    server: ScriptedServer,
    client: ff.Client,
    method: str,
    path: str,
    healthy_answer: dict[str, Any],
    verb: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In its display and nowhere else, whatever the request is."""
    server.on(method, path, answer(status=429, Retry_After="1"), answer(healthy_answer))
    seen: list[ff.Update] = []
    options: dict[str, Any] = {"client": client, "progress": seen.append}
    if verb == "extend":
        extended = run_object("completed") | {"modified_at": "2026-01-02T03:09:00.000000Z"}
        server.on("GET", AT, answer(run_object("completed")), answer(extended))
        ff.extend(RUN_ID, 4, **options)
    elif verb == "await":
        monkeypatch.setattr(following, "display_for", lambda progress: Calls(seen.append))

        async def wait() -> ff.FindAllFrames:
            return await ff.Run(RUN_ID, client=client)

        asyncio.run(wait())
    else:
        subject = RUN_ID if verb == "resume" else "Find tile makers"
        getattr(ff, verb)(subject, **options)
    shown = [update for update in seen if update.status == "rate limited; next attempt in 1 s"]
    assert len(shown) == 1
    assert shown[0].findall_id == (RUN_ID if AT in path else "")


def test_a_busy_service_is_said_to_be_busy(server: ScriptedServer, client: ff.Client) -> None:
    """A 503 is no limit of the account."""
    server.on("GET", f"{AT}/result", answer(status=503, Retry_After="1"), answer(result()))
    seen: list[ff.Update] = []
    ff.resume(RUN_ID, client=client, progress=seen.append)
    assert "the service is busy; next attempt in 1 s" in [update.status for update in seen]


@pytest.mark.parametrize("verb", ["create", "extend", "enrich"])
def test_an_interrupted_wait_for_a_refused_request_had_no_effect(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Nothing was started: the ledger says so, and an equal search is not paid for again."""
    is_new = verb == "create"
    if not is_new:
        ff.find_all(SEARCH, client=client, progress=False)
    server.on("POST", "/runs" if is_new else f"{AT}/{verb}", REFUSED)

    def interrupt(seconds: float, why: str) -> None:
        raise KeyboardInterrupt

    calls = {
        "create": lambda: ff.find_all(SEARCH, client=client, progress=False),
        "extend": lambda: ff.extend(RUN_ID, 5, client=client, progress=False),
        "enrich": lambda: ff.enrich(RUN_ID, {"ceo": "Name"}, client=client, progress=False),
    }
    with monkeypatch.context() as patched:
        patched.setattr(waiting, "_wait", interrupt)
        with pytest.raises(KeyboardInterrupt) as caught:
            calls[verb]()
    assert "nothing was started" in " ".join(caught.value.__notes__)
    listed = ff.runs()
    assert listed["status"].tolist() == ["refused" if is_new else "completed"]
    assert listed["has_result"].tolist() == [not is_new]
    sent = len(server.sent("POST", "/runs"))
    if not is_new:
        ff.find_all(SEARCH, client=client, progress=False, reuse=True)
        assert len(server.sent("POST", "/runs")) == sent


def test_an_interrupted_request_may_have_been_accepted(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier refusal says nothing of the request that was under way."""
    answers = iter([RateLimitError("no", status_code=429), KeyboardInterrupt()])

    def send(timeout: float | None) -> None:
        raise next(answers)

    monkeypatch.setattr(waiting, "_wait", lambda seconds, why: None)
    with pytest.raises(KeyboardInterrupt) as caught, waiting.showing_waits(lambda why: None):
        waiting.when_allowed(send, timeout=None, is_paid=True)
    assert not waiting.is_refused_so_far(caught.value)
