"""Retries, time limits, the key and errors, against a server that misbehaves."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fractions import Fraction
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import findall_frames as ff
from findall_frames.amounts import retry_after
from findall_frames.api.deadline import OutOfTimeError, run_in_time
from tests.api.test_client import AT, ENRICHMENT, RUN_INPUT
from tests.support.scripted import (
    KEY,
    RUN_ID,
    SCHEMA,
    Reply,
    ScriptedServer,
    answer,
    result,
    run_object,
)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, in seconds, which are not waited for."""
    found: list[float] = []
    sleep, others = time.sleep, set(threading.enumerate())

    def record(seconds: float) -> None:
        # Threads that an earlier test has left behind may still be retrying.
        if threading.current_thread() in others - {threading.main_thread()}:
            sleep(seconds)
        else:
            found.append(seconds)

    monkeypatch.setattr(time, "sleep", record)
    return found


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# -- idempotent requests are retried -----------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*It is sent again")
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, *range(520, 530)])
def test_a_get_is_retried_after_a_transient_status(
    server: ScriptedServer, client: ff.Client, status: int
) -> None:
    """With a short backoff."""
    server.on("GET", AT, answer(status=status), answer(run_object()))
    assert client.retrieve(RUN_ID).status.status == "running"
    assert len(server.sent("GET", AT)) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422])
def test_a_get_is_not_retried_after_a_final_status(
    server: ScriptedServer, client: ff.Client, status: int
) -> None:
    """The answer would be the same."""
    server.on("GET", AT, answer(status=status))
    with pytest.raises(ff.errors.APIError) as caught:
        client.retrieve(RUN_ID)
    assert caught.value.status_code == status
    assert caught.value.findall_id == RUN_ID
    assert len(server.sent("GET", AT)) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(
    server: ScriptedServer, client: ff.Client, pauses: list[float], form: str
) -> None:
    """In both of its forms."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    wait = "90" if form == "seconds" else later
    server.on("GET", AT, answer(status=429, Retry_After=wait), answer(run_object()))
    with pytest.warns(ff.errors.FindAllWarning, match=r"429.*interrupt to stop waiting"):
        client.retrieve(RUN_ID)
    (pause,) = pauses
    assert 60 < pause <= 90


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 529])
@pytest.mark.parametrize("endpoint", ["", "/schema", "/result"])
def test_retry_after_is_obeyed_by_every_get_after_every_transient_status(
    server: ScriptedServer,
    client: ff.Client,
    pauses: list[float],
    status: int,
    endpoint: str,
) -> None:
    """Not the backoff, which would come too early."""
    healthy_answers = {"": run_object(), "/schema": SCHEMA, "/result": result()}
    reply = answer(status=status, Retry_After="7")
    server.on("GET", AT + endpoint, reply, reply, answer(healthy_answers[endpoint]))
    calls = {"": client.retrieve, "/schema": client.schema, "/result": client.result}
    with pytest.warns(ff.errors.FindAllWarning, match=rf"{status}.*It is sent again") as caught:
        calls[endpoint](RUN_ID)
    assert len(caught) == 1
    assert pauses == [7, 7]


@given(st.text() | st.integers().map(str) | st.datetimes().map(format_datetime))
@example("1" * 5000)
@example("Fri, 31 Dec 999999 23:59:59 GMT")
@example("-3")
@example("1.5")
def test_any_retry_after_is_a_pause_or_ignored(text: str) -> None:
    """It comes from outside."""
    pause = retry_after({"retry-after": text})
    assert pause is None or pause >= 0


def test_a_retry_after_of_an_hour_is_reported_at_once(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A silent wait of an hour would look like a hang."""
    server.on("GET", AT, answer({"message": "too many"}, status=429, Retry_After="3600"))
    with pytest.raises(ff.errors.RateLimitError, match=r"too many.*Retry-After: 3600"):
        client.retrieve(RUN_ID)
    assert len(server.sent("GET", AT)) == 1


@pytest.mark.parametrize(
    "broken",
    [
        Reply(200, (b"{",), {"content-length": "500"}, then="close"),
        Reply(200, (b"{",), {"content-length": "500"}, then="reset"),
        Reply(200, (b'{"findall',), framing="close", then="close"),
        Reply(200, (b"<html>",)),
        Reply(0, (b"no http\r\n\r\n",), then="close"),
        Reply(0, then="close"),
        Reply(503, (b"<html>busy</html>",), {"content-type": "text/html"}),
    ],
)
def test_a_get_is_retried_after_a_broken_answer(
    server: ScriptedServer, client: ff.Client, broken: Reply
) -> None:
    """A truncated body, another protocol, a proxy's page, or nothing at all."""
    server.on("GET", f"{AT}/result", broken, answer(result()))
    assert len(client.result(RUN_ID).candidates) == 3
    assert len(server.sent("GET", f"{AT}/result")) == 2


def test_an_unreachable_service_is_retried_with_backoff(
    free_port: int, pauses: list[float]
) -> None:
    """Then the error names it and says what to check."""
    with (
        ff.Client(api_key="", base_url=f"http://127.0.0.1:{free_port}") as client,
        pytest.raises(
            ff.errors.UnreachableError, match=rf"127\.0\.0\.1:{free_port} could not be reached"
        ),
    ):
        client.retrieve(RUN_ID, timeout=60)
    assert len(pauses) >= 4
    assert pauses == sorted(pauses)


# -- requests that cost money are not ----------------------------------------------------------


@pytest.mark.parametrize(
    "lost",
    [
        Reply(0, then="close"),
        Reply(0, then="reset"),
        Reply(200, (b'{"findall_id": "fi',), {"content-length": "500"}, then="close"),
        Reply(200, (b"<html>",)),
        answer({}),
        answer(status=408),
        answer(status=500),
        answer(status=502),
        answer(status=503),
        answer(status=504),
    ],
)
def test_a_create_request_whose_answer_is_lost_is_not_retried(
    server: ScriptedServer, client: ff.Client, lost: Reply
) -> None:
    """The run may exist; the error names the token to look for."""
    server.on("POST", "/runs", lost, answer(run_object("queued")))
    with pytest.raises(ff.AmbiguousCreateError, match="t0k3n") as caught:
        client.create(RUN_INPUT)
    assert caught.value.token == "t0k3n"
    assert len(server.sent("POST", "/runs")) == 1


@pytest.mark.parametrize("verb", ["extend", "enrich"])
@pytest.mark.parametrize("lost", [Reply(0, then="close"), Reply(200, (b"<html>",)), answer({})])
def test_an_extension_or_enrichment_whose_answer_is_lost_is_not_retried(
    server: ScriptedServer, client: ff.Client, verb: str, lost: Reply
) -> None:
    """It costs money per match; the error says how to check the run."""
    server.on("POST", f"{AT}/{verb}", lost, answer(SCHEMA))
    with pytest.raises(ff.AmbiguousCreateError, match=r"Client\.schema") as caught:
        client.extend(RUN_ID, 5) if verb == "extend" else client.enrich(RUN_ID, ENRICHMENT)
    assert caught.value.findall_id == RUN_ID
    assert len(server.sent("POST", f"{AT}/{verb}")) == 1


@pytest.mark.filterwarnings("ignore:.*It is sent again")
@pytest.mark.parametrize("refused", [answer(status=429, Retry_After="0"), answer(status=429)])
def test_a_create_request_is_sent_again_after_a_429(
    server: ScriptedServer, client: ff.Client, refused: Reply
) -> None:
    """The service has rejected it, whether or not it says when to try again."""
    server.on("POST", "/runs", refused, answer(run_object("queued")))
    assert client.create(RUN_INPUT, timeout=60).findall_id == RUN_ID
    assert len(server.sent("POST", "/runs")) == 2


def test_a_service_that_asks_for_no_pause_is_not_flooded(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The pauses grow all the same."""
    server.on("POST", "/runs", answer(status=429, Retry_After="0"))
    with pytest.raises(ff.errors.RateLimitError):
        client.create(RUN_INPUT, timeout=1)
    assert 3 <= len(server.sent("POST", "/runs")) <= 6


def test_a_create_request_that_never_arrived_is_retried_and_not_ambiguous(
    free_port: int, pauses: list[float]
) -> None:
    """A refused connection has carried nothing."""
    with (
        ff.Client(api_key="", base_url=f"http://127.0.0.1:{free_port}") as client,
        pytest.raises(ff.errors.UnreachableError) as caught,
    ):
        client.create(RUN_INPUT)
    assert not isinstance(caught.value, ff.AmbiguousCreateError)
    assert len(pauses) >= 4


# -- time limits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "slow",
    [
        Reply(200, headers={"content-length": "50"}, then="hang"),
        Reply(200, (b"{", 30.0), {"content-length": "50"}),
        Reply(200, (b" ", *[0.05, b" "] * 600), framing="chunked"),
        answer(status=503),
        answer(status=429, Retry_After="30"),
    ],
)
def test_the_timeout_is_kept_whatever_the_service_does(
    server: ScriptedServer, client: ff.Client, slow: Reply
) -> None:
    """It may hang, stop in the middle, send single bytes, or ask for a retry later."""
    server.on("GET", AT, slow)
    begun = time.monotonic()
    with pytest.raises(ff.RunTimeout, match=r"ff\.resume") as caught:
        client.retrieve(RUN_ID, timeout=0.6)
    assert time.monotonic() - begun < 15  # each of these services would take 30 seconds
    assert caught.value.findall_id == RUN_ID


def test_a_create_request_without_an_answer_in_time_is_ambiguous(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It was sent, and the run may exist."""
    server.on("POST", "/runs", Reply(200, headers={"content-length": "50"}, then="hang"))
    with pytest.raises(ff.AmbiguousCreateError, match="in time"):
        client.create(RUN_INPUT, timeout=0.5)


def test_a_create_request_that_was_rejected_is_not_ambiguous_when_time_runs_out(
    server: ScriptedServer, client: ff.Client
) -> None:
    """429 means that no run was created, however long the requested pause."""
    server.on("POST", "/runs", answer(status=429, Retry_After="30"))
    with pytest.raises(ff.errors.RateLimitError, match="Retry-After: 30"):
        client.create(RUN_INPUT, timeout=5)
    assert len(server.sent("POST", "/runs")) == 1


def test_an_answer_after_the_timeout_is_discarded() -> None:
    """An event stream that opens too late has to be closed."""
    may_answer = threading.Event()
    discarded: SimpleQueue[str] = SimpleQueue()

    def send() -> str:
        may_answer.wait()
        return "answer"

    with pytest.raises(OutOfTimeError):
        run_in_time(send, 0.01, discard=discarded.put)
    may_answer.set()
    assert discarded.get(timeout=30) == "answer"


@pytest.mark.parametrize(
    ("reply", "last"), [(None, "Connection refused|refused it"), (answer(status=503), "503")]
)
def test_a_timeout_says_what_failed_last(
    server: ScriptedServer, free_port: int, reply: Reply | None, last: str
) -> None:
    """A service that is down is not one that is slow."""
    server.on("GET", AT, *[] if reply is None else [reply])
    url = f"http://127.0.0.1:{free_port}" if reply is None else server.url
    message = rf"in time \(the last attempt failed: .*({last})"
    with (
        ff.Client(api_key="", base_url=url) as client,
        pytest.raises(ff.RunTimeout, match=message),
    ):
        client.retrieve(RUN_ID, timeout=0.6)


@pytest.mark.parametrize("timeout", ["soon", True, float("nan")])
def test_a_timeout_that_is_not_a_number_is_refused(client: ff.Client, timeout: float) -> None:
    """Before anything is sent."""
    with pytest.raises(ff.errors.InvalidRequestError, match="timeout must be a number of seconds"):
        client.retrieve(RUN_ID, timeout=timeout)


# -- address and key ---------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["retrieve", "create"])
def test_advice_names_the_service_unless_it_is_the_default(
    server: ScriptedServer, client: ff.Client, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a client the advice would lead to another service."""
    server.on("GET", AT, Reply(200, headers={"content-length": "50"}, then="hang"))
    server.on("POST", "/runs", Reply(0, then="close"))
    argument = f'client=ff.Client(base_url="{server.url}")'
    for is_default in (False, True):
        if is_default:
            monkeypatch.setenv("PARALLEL_BASE_URL", server.url)
        with pytest.raises(ff.FindAllError) as caught:
            client.retrieve(RUN_ID, timeout=0.3) if call == "retrieve" else client.create(RUN_INPUT)
        assert "ff.resume(" in str(caught.value)
        assert (argument in str(caught.value)) is not is_default


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.float64, Fraction])
def test_a_timeout_can_be_any_real_number(client: ff.Client, kind: Callable[[int], Any]) -> None:
    """Those of numpy come out of tables."""
    assert client.retrieve(RUN_ID, timeout=kind(20)).findall_id == RUN_ID
    with pytest.raises(ff.RunTimeout):
        client.retrieve(RUN_ID, timeout=kind(0))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: ScriptedServer, client: ff.Client, status: int) -> None:
    """The key would be sent along."""
    with ScriptedServer() as elsewhere:
        elsewhere.on("GET", AT, answer(run_object()))
        target = elsewhere.url + "/v1beta/findall" + AT
        server.on("GET", AT, answer(status=status, location=target))
        with pytest.raises(ff.errors.APIError, match="redirects are not followed"):
            client.retrieve(RUN_ID)
        assert elsewhere.requests == []


@pytest.mark.parametrize("target", ["http://[::1", "http://a b/", "//\x00", "http://\u00fc:x/"])
def test_a_redirect_to_an_odd_address_is_an_error_of_ours(
    server: ScriptedServer, client: ff.Client, target: str
) -> None:
    """It is quoted at most, not read."""
    server.on("GET", AT, answer(status=302, location=target.encode().decode("latin-1")))
    with pytest.raises(ff.FindAllError):
        client.retrieve(RUN_ID)


def test_the_key_is_in_no_repr_and_no_error(server: ScriptedServer, client: ff.Client) -> None:
    """Not even if the service quotes it."""
    server.on(
        "GET", AT, answer({"error": {"message": f"{KEY} is no key", "ref_id": "r"}}, status=401)
    )
    with pytest.raises(ff.errors.AuthenticationError) as caught:
        client.retrieve(RUN_ID)
    assert KEY not in repr(client) + str(caught.value) + repr(caught.value.detail)


ESCAPED = KEY.replace("3", "\\u0033")
QUOTED: dict[str, Reply] = {
    "message": answer({"error": {"message": f"{KEY} is no key", "ref_id": "r"}}, status=401),
    "ref_id": answer({"error": {"message": "no", "ref_id": f"for {KEY}"}}, status=403),
    "name of a field": answer({"error": {"message": "no", "detail": {KEY: 1}}}, status=400),
    "nested detail": answer({"detail": [{"loc": ["x"], "msg": "m", "in": [KEY]}]}, status=422),
    "escaped": Reply(401, (f'{{"message": "{ESCAPED}"}}'.encode(),)),
    "at the cut": answer({"message": "x" * 295 + KEY}, status=401),
    "upper case": answer({"message": KEY.upper()}, status=401),
    "text": Reply(401, (f"no key: {KEY}".encode(),)),
    "not JSON": Reply(200, (f"{KEY} is no key".encode(),)),
    "at the cut of no JSON": Reply(200, (b"x" * 75 + KEY.encode(),)),
    "odd JSON": answer({"findall_id": {KEY: KEY}}),
    "redirect": answer(status=302, location=f"https://elsewhere.example/?key={KEY}"),
    "escaped redirect": answer(status=302, location=f"https://elsewhere.example/{quote(KEY)}"),
    "pause": answer(status=402, Retry_After=KEY),
    "content type": Reply(200, headers={"content-type": KEY}),
    "status line": Reply(0, (f"HTTP/1.1 {KEY} {KEY}\r\n\r\n".encode(),), then="close"),
    "no HTTP": Reply(0, (f"{KEY}\r\n\r\n".encode(),), then="close"),
    "chunk": Reply(
        0,
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n" + KEY.encode() + b"\r\n",
        ),
        then="close",
    ),
    "encoding": Reply(200, (KEY.encode(),), {"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("quoted", QUOTED.values(), ids=QUOTED.keys())
def test_the_key_is_in_no_message_wherever_a_service_quotes_it(
    server: ScriptedServer,
    client: ff.Client,
    quoted: Reply,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor in the details, the causes and the log, for each kind of request."""
    caplog.set_level(logging.DEBUG)
    for method, path in [("GET", AT), ("GET", f"{AT}/events"), ("POST", "/runs")]:
        server.on(method, path, quoted)
    calls: list[Callable[[], object]] = [
        lambda: client.retrieve(RUN_ID),
        lambda: list(client.events(RUN_ID)),
        lambda: client.create(RUN_INPUT),
    ]
    for call in calls:
        with pytest.raises(ff.FindAllError) as caught:
            call()
        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert KEY not in shown.lower()
        assert KEY[:6] not in str(caught.value)
    assert KEY not in caplog.text


def test_the_key_is_in_no_log_line_and_no_traceback(
    server: ScriptedServer,
    client: ff.Client,
    free_port: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of this package and its dependencies, at the highest verbosity and through a whole run."""
    caplog.set_level(logging.DEBUG)
    server.on("GET", AT, Reply(0, then="reset"), answer(status=401))
    server.on("POST", "/runs", Reply(0, then="close"))
    with ff.Client(api_key=KEY, base_url=f"http://127.0.0.1:{free_port}") as unreachable:
        calls: list[Callable[[], object]] = [
            lambda: client.retrieve(RUN_ID),
            lambda: client.create(RUN_INPUT),
            lambda: unreachable.retrieve(RUN_ID, timeout=1),
            lambda: ff.find_all("Find tile makers", client=client, progress=False),
        ]
        for call in calls:
            with pytest.raises(ff.FindAllError) as caught:
                call()
            shown = "".join(traceback.format_exception(caught.value))
            assert KEY not in shown
    assert len(caplog.records) > 5
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("key", "url", "message"),
    [
        ("k3y", "http://service.example", "unencrypted to service.example"),
        ("k3y", "ftp://service.example", "must begin with https://"),
        ("k3y", "service.example", "must begin with https://"),
        ("k3y", "https://service.\nexample", "must begin with https://"),
        ("k3y", "https://service.example/a b", "must begin with https://"),
        ("k3y", "https://user:word@service.example", "must not contain a user name"),
        ("two words", "https://service.example", "no HTTP header can carry"),
        ("ключ", "https://service.example", "no HTTP header can carry"),
        ("a\nb", "https://service.example", "no HTTP header can carry"),
        ("\u201ck3y\u201d", "https://service.example", "no HTTP header can carry"),
        ("k3y\x00", "https://service.example", "no HTTP header can carry"),
    ],
)
def test_an_invalid_address_or_key_is_refused(key: str, url: str, message: str) -> None:
    """Before anything is sent, and without quoting the key."""
    with pytest.raises(ff.errors.InvalidRequestError, match=message) as caught:
        ff.Client(api_key=key, base_url=url)
    assert key not in str(caught.value)


@pytest.mark.parametrize("around", [" {}", "{}\n", "\t{}\r\n", "\u00a0{}\u2003"])
def test_white_space_around_a_key_is_stripped(server: ScriptedServer, around: str) -> None:
    """It comes from copying."""
    with ff.Client(api_key=around.format("k3y"), base_url=server.url) as client:
        client.retrieve(RUN_ID)
    assert server.requests[0].headers["x-api-key"] == "k3y"


def test_the_hosted_service_needs_a_key() -> None:
    """The message names two ways to go on: a key, or your own data."""
    with pytest.raises(ff.errors.MissingKeyError, match=r"PARALLEL_API_KEY.*data=.*ff\.local"):
        ff.Client()


def test_key_and_address_come_from_the_environment(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the official SDK."""
    monkeypatch.setenv("PARALLEL_API_KEY", "from-outside")
    monkeypatch.setenv("PARALLEL_BASE_URL", server.url + "/")
    with ff.Client() as client:
        client.retrieve(RUN_ID)
    assert server.requests[0].headers["x-api-key"] == "from-outside"
    assert server.requests[0].path == f"/v1beta/findall{AT}"


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "error", "error": {"ref_id": "r1", "message": "No such run"}}, "No such run"),
        ({"detail": [{"loc": ["body", "x"], "msg": "bad", "type": "t"}]}, "body.x: bad"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"message": "gone"}, "gone"),
        ([1, 2], "[1, 2]"),
        ({}, "422"),
    ],
)
def test_every_form_of_error_body_is_read(
    server: ScriptedServer, client: ff.Client, body: object, said: str
) -> None:
    """The contract has two, and real services have more."""
    server.on("GET", AT, answer(body, status=422))
    with pytest.raises(ff.errors.RefusedError) as caught:
        client.retrieve(RUN_ID)
    assert said in str(caught.value)
    assert RUN_ID in str(caught.value)


def test_an_answer_that_is_not_an_event_stream_is_an_error(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Errors of that endpoint are JSON."""
    server.on("GET", f"{AT}/events", answer({"error": {"message": "who?"}}, status=404))
    with pytest.raises(ff.errors.NotFoundError, match="who"):
        client.events(RUN_ID)
    server.on("GET", f"{AT}/events", answer({}))
    with pytest.raises(ff.errors.UnexpectedResponseError, match="instead of text/event-stream"):
        client.events(RUN_ID)
