"""The client against a server that does what no healthy service does."""

from __future__ import annotations

import logging
import socket
import time
import traceback
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllRunInput,
    JsonSchema,
    MatchCondition,
)
from tests.support.scripted import (
    KEY,
    RUN_ID,
    SCHEMA,
    Framing,
    Reply,
    ScriptedServer,
    answer,
    result,
    run_object,
    story,
    stream,
)

AT = f"/runs/{RUN_ID}"
RUN_INPUT = FindAllRunInput(
    "Find tile makers",
    "companies",
    [MatchCondition("makes_tiles", "Company must make tiles")],
    "core",
    5,
    metadata={"findall_frames_token": "t0k3n"},
)
ENRICHMENT = FindAllEnrichInput(JsonSchema({"type": "object", "properties": {"ceo": {}}}))
BUSY = Reply(503, (b"<html>busy</html>",), {"content-type": "text/html"})


def test_every_request_carries_key_version_and_type(
    server: ScriptedServer, client: ff.Client
) -> None:
    """And each goes to the address that the contract gives it."""
    server.on("POST", f"{AT}/cancel", answer({}))
    server.on("POST", f"{AT}/enrich", answer(SCHEMA))
    server.on("POST", f"{AT}/extend", answer(SCHEMA))
    assert client.ingest("Find tile makers").entity_type == "companies"
    assert client.create(RUN_INPUT).findall_id == RUN_ID
    assert client.retrieve(RUN_ID).status.status == "completed"
    assert len(client.result(RUN_ID).candidates) == 3
    assert client.schema(RUN_ID).match_limit == 5
    assert client.enrich(RUN_ID, ENRICHMENT).objective == "Find tile makers"
    assert client.extend(RUN_ID, 5).objective == "Find tile makers"
    client.cancel(RUN_ID)
    with client.events(RUN_ID, last_event_id="event_1", api_timeout=3.5) as events:
        assert len(list(events)) == 5
    assert len(server.requests) == 9
    for request in server.requests:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["parallel-beta"] == "findall-2025-09-15"
        assert request.headers["user-agent"].startswith("findall-frames/")
        is_post = request.method == "POST"
        assert request.headers.get("content-type") == ("application/json" if is_post else None)
    assert server.requests[-1].query == "last_event_id=event_1&timeout=3.5"
    assert server.requests[-1].headers["accept"] == "text/event-stream"
    assert server.sent("POST", f"{AT}/extend")[0].content == {"additional_match_limit": 5}
    assert server.sent("POST", f"{AT}/enrich")[0].content["processor"] == "core"


def test_entities_are_searched_with_the_names_of_the_contract(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The answer comes back decoded, in the order of the service."""
    entities = [{"name": f"T{n}", "url": f"https://t{n}.example", "description": ""} for n in "21"]
    server.on(
        "POST", "/entity-search", answer({"entities": entities, "entity_set_id": "entity_set_1"})
    )
    found = client.entity_search(entity_type="companies", objective="tile makers", match_limit=5)
    assert [entity.name for entity in found.entities] == ["T2", "T1"]
    assert found.entity_set_id == "entity_set_1"
    (request,) = server.sent("POST", "/entity-search")
    assert request.content == {
        "entity_type": "companies",
        "objective": "tile makers",
        "match_limit": 5,
    }


def test_own_data_is_searched_for_entities() -> None:
    """By the embedded service, which has the same limits as for a run."""
    rivers = pd.DataFrame({"name": ["Nile", "Rhine"], "country": ["Egypt", "Germany"]})
    with ff.local(rivers) as client:
        found = client.entity_search(entity_type="rivers", objective="a river in Germany")
        assert found.entities[0].name == "Rhine"
        with pytest.raises(ff.RefusedError, match=r"match_limit.*from 5"):
            client.entity_search(entity_type="rivers", objective="Germany", match_limit=4)


def test_an_id_is_encoded_and_never_empty(server: ScriptedServer, client: ff.Client) -> None:
    """It must not turn into another path."""
    server.on("GET", "/runs/a%2Fb%20%3Fc", answer(run_object()))
    assert client.retrieve("a/b ?c").findall_id == RUN_ID
    with pytest.raises(ff.InvalidRequestError, match="findall_id is a text"):
        client.retrieve(" ")


# -- what is harmless is repeated --------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_get_is_repeated_when_the_service_stumbles(
    server: ScriptedServer, client: ff.Client, status: int
) -> None:
    """A stumble costs nothing but a little time."""
    server.on("GET", AT, answer(status=status), answer(run_object()))
    assert client.retrieve(RUN_ID).status.status == "running"
    assert len(server.sent("GET", AT)) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422])
def test_a_get_is_not_repeated_when_the_service_has_decided(
    server: ScriptedServer, client: ff.Client, status: int
) -> None:
    """Asking again would not change the answer."""
    server.on("GET", AT, answer(status=status))
    with pytest.raises(ff.APIError) as caught:
        client.retrieve(RUN_ID)
    assert caught.value.status_code == status
    assert caught.value.findall_id == RUN_ID
    assert len(server.sent("GET", AT)) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(server: ScriptedServer, client: ff.Client, form: str) -> None:
    """In both of its forms."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    wait = "1" if form == "seconds" else later
    server.on("GET", AT, answer(status=429, Retry_After=wait), answer(run_object()))
    begun = time.monotonic()
    client.retrieve(RUN_ID)
    assert time.monotonic() - begun >= 0.9


def test_a_pause_of_an_hour_is_reported_instead_of_sat_through(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Nobody should wait in the dark."""
    server.on("GET", AT, answer(status=429, Retry_After="3600"))
    with pytest.raises(ff.RateLimitError, match="3600 seconds"):
        client.retrieve(RUN_ID)


@pytest.mark.parametrize(
    "broken",
    [
        Reply(200, (b"{",), {"content-length": "500"}, then="close"),
        Reply(200, (b"{",), {"content-length": "500"}, then="reset"),
        Reply(200, (b'{"findall',), framing="close", then="close"),
        Reply(200, (b"<html>",)),
        Reply(0, (b"no http\r\n\r\n",), then="close"),
        Reply(0, then="close"),
        BUSY,
    ],
)
def test_a_get_survives_a_broken_answer(
    server: ScriptedServer, client: ff.Client, broken: Reply
) -> None:
    """Half an answer, another protocol, a proxy's page, nothing at all."""
    server.on("GET", f"{AT}/result", broken, answer(result()))
    assert len(client.result(RUN_ID).candidates) == 3
    assert len(server.sent("GET", f"{AT}/result")) == 2


def test_an_answer_that_stays_wrong_is_named_with_its_place(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The JSON path leads to the fault."""
    body = result()
    del body["candidates"][1]["name"]
    server.on("GET", f"{AT}/result", answer(body))
    with pytest.raises(ff.UnexpectedResponseError, match="name") as caught:
        client.result(RUN_ID)
    assert caught.value.path == "$.candidates[1].name"
    assert caught.value.findall_id == RUN_ID


def test_a_service_that_is_not_there_is_named(free_port: int) -> None:
    """With what to check."""
    with (
        ff.Client(api_key="", base_url=f"http://127.0.0.1:{free_port}") as client,
        pytest.raises(ff.UnreachableError, match=rf"127\.0\.0\.1:{free_port} could not be reached"),
    ):
        client.retrieve(RUN_ID, timeout=20)


@pytest.fixture
def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# -- what costs money is not -------------------------------------------------------------------


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
def test_a_creation_whose_answer_is_lost_is_not_repeated(
    server: ScriptedServer, client: ff.Client, lost: Reply
) -> None:
    """It may have been created; the error names the token to look for."""
    server.on("POST", "/runs", lost, answer(run_object("queued")))
    with pytest.raises(ff.AmbiguousCreateError, match="t0k3n") as caught:
        client.create(RUN_INPUT)
    assert caught.value.token == "t0k3n"
    assert len(server.sent("POST", "/runs")) == 1


@pytest.mark.parametrize("verb", ["extend", "enrich"])
def test_a_change_whose_answer_is_lost_is_not_repeated(
    server: ScriptedServer, client: ff.Client, verb: str
) -> None:
    """It costs money per match."""
    server.on("POST", f"{AT}/{verb}", Reply(0, then="close"), answer(SCHEMA))
    with pytest.raises(ff.AmbiguousCreateError) as caught:
        client.extend(RUN_ID, 5) if verb == "extend" else client.enrich(RUN_ID, ENRICHMENT)
    assert caught.value.findall_id == RUN_ID
    assert len(server.sent("POST", f"{AT}/{verb}")) == 1


def test_a_creation_turned_away_with_retry_after_is_repeated(
    server: ScriptedServer, client: ff.Client
) -> None:
    """429 says that it was not taken, and when to come back."""
    server.on("POST", "/runs", answer(status=429, Retry_After="0"), answer(run_object("queued")))
    assert client.create(RUN_INPUT).findall_id == RUN_ID
    assert len(server.sent("POST", "/runs")) == 2


def test_a_creation_turned_away_without_a_word_on_when_is_reported(
    server: ScriptedServer, client: ff.Client
) -> None:
    """There is no telling when to come back."""
    server.on("POST", "/runs", answer(status=429), answer(run_object("queued")))
    with pytest.raises(ff.RateLimitError):
        client.create(RUN_INPUT)
    assert len(server.sent("POST", "/runs")) == 1


def test_a_creation_that_never_arrived_is_no_ambiguity(free_port: int) -> None:
    """A refused connection has carried nothing."""
    with (
        ff.Client(api_key="", base_url=f"http://127.0.0.1:{free_port}") as client,
        pytest.raises(ff.UnreachableError) as caught,
    ):
        client.create(RUN_INPUT)
    assert not isinstance(caught.value, ff.AmbiguousCreateError)


def test_the_id_alone_is_enough_of_an_answer_to_a_creation(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A paid run is not lost over the form of the rest."""
    server.on("POST", "/runs", answer({"findall_id": RUN_ID}))
    assert client.create(RUN_INPUT).status.status == "completed"


# -- the key stays home ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: ScriptedServer, client: ff.Client, status: int) -> None:
    """The key would go along to wherever it points."""
    with ScriptedServer() as elsewhere:
        elsewhere.on("GET", AT, answer(run_object()))
        target = elsewhere.url + "/v1beta/findall" + AT
        server.on("GET", AT, answer(status=status, location=target))
        with pytest.raises(ff.APIError, match="redirects are not followed"):
            client.retrieve(RUN_ID)
        assert elsewhere.requests == []


def test_the_key_is_in_no_repr_and_no_error(server: ScriptedServer, client: ff.Client) -> None:
    """Not even when the service quotes it."""
    server.on(
        "GET", AT, answer({"error": {"message": f"{KEY} is no key", "ref_id": "r"}}, status=401)
    )
    with pytest.raises(ff.AuthenticationError) as caught:
        client.retrieve(RUN_ID)
    assert KEY not in repr(client) + str(caught.value) + repr(caught.value.detail)


def test_the_key_is_in_no_log_line_and_no_traceback(
    server: ScriptedServer,
    client: ff.Client,
    free_port: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of this package and of those below it, at the highest verbosity and through a whole run."""
    caplog.set_level(logging.DEBUG)
    server.on("GET", AT, Reply(0, then="reset"), answer(status=401))
    server.on("POST", "/runs", Reply(0, then="close"))
    with ff.Client(api_key=KEY, base_url=f"http://127.0.0.1:{free_port}") as lost:
        calls: list[Callable[[], object]] = [
            lambda: client.retrieve(RUN_ID),
            lambda: client.create(RUN_INPUT),
            lambda: lost.retrieve(RUN_ID, timeout=1),
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
        ("k3y", "https://user:word@service.example", "must not hold a user name"),
        ("two words", "https://service.example", "no HTTP header can carry"),
        ("ключ", "https://service.example", "no HTTP header can carry"),
        ("a\nb", "https://service.example", "no HTTP header can carry"),
    ],
)
def test_an_address_or_key_that_cannot_be_is_refused(key: str, url: str, message: str) -> None:
    """Before anything is sent, and without quoting the key."""
    with pytest.raises(ff.InvalidRequestError, match=message) as caught:
        ff.Client(api_key=key, base_url=url)
    assert key not in str(caught.value)


def test_the_hosted_service_needs_a_key() -> None:
    """The message shows the two ways on: a key, or one's own data."""
    with pytest.raises(ff.MissingKeyError, match=r"PARALLEL_API_KEY.*ff\.local"):
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


# -- deadlines ---------------------------------------------------------------------------------


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
def test_a_deadline_is_kept_whatever_the_service_does(
    server: ScriptedServer, client: ff.Client, slow: Reply
) -> None:
    """It may hang, stop in the middle, drip, or ask for patience."""
    server.on("GET", AT, slow)
    begun = time.monotonic()
    with pytest.raises(ff.RunTimeout, match=r"ff\.resume") as caught:
        client.retrieve(RUN_ID, timeout=0.6)
    assert time.monotonic() - begun < 2.0
    assert caught.value.findall_id == RUN_ID


def test_a_creation_that_hangs_is_ambiguous_at_the_deadline(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It was sent, and nobody knows."""
    server.on("POST", "/runs", Reply(200, headers={"content-length": "50"}, then="hang"))
    with pytest.raises(ff.AmbiguousCreateError, match="in time"):
        client.create(RUN_INPUT, timeout=0.5)


@pytest.mark.parametrize("timeout", [0, -1.5])
@pytest.mark.parametrize(
    "call",
    [
        lambda client, timeout: client.ingest("Find tile makers", timeout=timeout),
        lambda client, timeout: client.explain([], timeout=timeout),
        lambda client, timeout: client.entity_search(
            entity_type="companies", objective="tiles", timeout=timeout
        ),
        lambda client, timeout: client.create(RUN_INPUT, timeout=timeout),
        lambda client, timeout: client.retrieve(RUN_ID, timeout=timeout),
        lambda client, timeout: client.result(RUN_ID, timeout=timeout),
        lambda client, timeout: client.result_json(RUN_ID, timeout=timeout),
        lambda client, timeout: client.events(RUN_ID, timeout=timeout),
        lambda client, timeout: client.cancel(RUN_ID, timeout=timeout),
        lambda client, timeout: client.enrich(RUN_ID, ENRICHMENT, timeout=timeout),
        lambda client, timeout: client.extend(RUN_ID, 5, timeout=timeout),
        lambda client, timeout: client.schema(RUN_ID, timeout=timeout),
    ],
)
def test_without_time_left_nothing_is_sent(
    server: ScriptedServer,
    client: ff.Client,
    call: Callable[[ff.Client, float], object],
    timeout: float,
) -> None:
    """Every method raises RunTimeout at once, also those that cost money."""
    with pytest.raises(ff.RunTimeout):
        call(client, timeout)
    assert server.requests == []


@pytest.mark.parametrize("timeout", ["soon", True, float("nan")])
def test_a_timeout_that_is_no_number_is_refused(client: ff.Client, timeout: float) -> None:
    """Before anything is sent."""
    with pytest.raises(ff.InvalidRequestError, match="timeout must be a number of seconds"):
        client.retrieve(RUN_ID, timeout=timeout)


def test_a_creation_that_was_turned_away_is_not_ambiguous_at_the_deadline(
    server: ScriptedServer, client: ff.Client
) -> None:
    """429 says that no run was created, however long the pause that it asks for."""
    server.on("POST", "/runs", answer(status=429, Retry_After="30"))
    with pytest.raises(ff.RunTimeout):
        client.create(RUN_INPUT, timeout=5)
    assert len(server.sent("POST", "/runs")) == 1


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
    with pytest.raises(ff.RefusedError) as caught:
        client.retrieve(RUN_ID)
    assert said in str(caught.value)
    assert RUN_ID in str(caught.value)


def test_events_that_are_no_stream_are_an_error(server: ScriptedServer, client: ff.Client) -> None:
    """Errors on that address arrive as JSON."""
    server.on("GET", f"{AT}/events", answer({"error": {"message": "who?"}}, status=404))
    with pytest.raises(ff.NotFoundError, match="who"):
        client.events(RUN_ID)
    server.on("GET", f"{AT}/events", answer({}))
    with pytest.raises(ff.UnexpectedResponseError, match="instead of text/event-stream"):
        client.events(RUN_ID)


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_events_are_handed_on_as_they_arrive(
    server: ScriptedServer, client: ff.Client, framing: Framing
) -> None:
    """However the body is framed, the first does not wait for the last."""
    first, *rest = story()
    reply = stream(first, 0.5, *rest, framing=framing)
    server.on("GET", f"{AT}/events", reply)
    begun = time.monotonic()
    with client.events(RUN_ID) as events:
        reader = iter(events)
        next(reader)
        waited = time.monotonic() - begun
        assert len(list(reader)) == 4
    assert waited < 0.4
    assert time.monotonic() - begun >= 0.5


def test_a_compressed_stream_is_handed_on_as_it_arrives(
    server: ScriptedServer, client: ff.Client
) -> None:
    """What a proxy compresses must not wait for the end either."""
    packer = zlib.compressobj(wbits=31)
    first, *rest = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in story()]
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    pieces = (first, 0.5, *rest, packer.flush())
    server.on("GET", f"{AT}/events", Reply(200, pieces, headers, "chunked"))
    begun = time.monotonic()
    with client.events(RUN_ID) as events:
        reader = iter(events)
        next(reader)
        assert time.monotonic() - begun < 0.4
        assert len(list(reader)) == 4
