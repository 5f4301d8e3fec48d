"""One method per endpoint, against the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.api.models import (
    FindAllEnrichInput,
    FindAllRunInput,
    JsonSchema,
    MatchCondition,
)
from tests.support.scripted import KEY, RUN_ID, SCHEMA, ScriptedServer, answer, result, run_object

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

# Per endpoint: the call, its method and path, and the body that the contract prescribes.
CALLS: dict[str, tuple[Callable[..., Any], str, str, Any]] = {
    "ingest": (
        lambda client, **options: client.ingest("Find tile makers", **options),
        "POST",
        "/ingest",
        {"objective": "Find tile makers"},
    ),
    "entity_search": (
        lambda client, **options: client.entity_search(
            entity_type="companies", objective="tile makers", match_limit=5, **options
        ),
        "POST",
        "/entity-search",
        {"entity_type": "companies", "objective": "tile makers", "match_limit": 5},
    ),
    "create": (
        lambda client, **options: client.create(RUN_INPUT, **options),
        "POST",
        "/runs",
        {
            "objective": "Find tile makers",
            "entity_type": "companies",
            "match_conditions": [{"name": "makes_tiles", "description": "Company must make tiles"}],
            "generator": "core",
            "match_limit": 5,
            "metadata": {"findall_frames_token": "t0k3n"},
        },
    ),
    "retrieve": (lambda client, **options: client.retrieve(RUN_ID, **options), "GET", AT, None),
    "schema": (
        lambda client, **options: client.schema(RUN_ID, **options),
        "GET",
        f"{AT}/schema",
        None,
    ),
    "result": (
        lambda client, **options: client.result(RUN_ID, **options),
        "GET",
        f"{AT}/result",
        None,
    ),
    "result_json": (
        lambda client, **options: client.result_json(RUN_ID, **options),
        "GET",
        f"{AT}/result",
        None,
    ),
    "events": (
        lambda client, **options: client.events(RUN_ID, **options).close(),
        "GET",
        f"{AT}/events",
        None,
    ),
    "cancel": (
        lambda client, **options: client.cancel(RUN_ID, **options),
        "POST",
        f"{AT}/cancel",
        {},
    ),
    "enrich": (
        lambda client, **options: client.enrich(RUN_ID, ENRICHMENT, **options),
        "POST",
        f"{AT}/enrich",
        {
            "output_schema": {"json_schema": ENRICHMENT.output_schema.json_schema, "type": "json"},
            "processor": "core",
            "mcp_servers": None,
        },
    ),
    "extend": (
        lambda client, **options: client.extend(RUN_ID, 5, **options),
        "POST",
        f"{AT}/extend",
        {"additional_match_limit": 5},
    ),
}
ENTITIES = {
    "entities": [
        {"name": f"T{number}", "url": f"https://t{number}.example", "description": ""}
        for number in (2, 1)
    ],
    "entity_set_id": "entity_set_1",
}


@pytest.fixture
def complete(server: ScriptedServer) -> ScriptedServer:
    """A server that answers every endpoint."""
    server.on("POST", "/entity-search", answer(ENTITIES))
    server.on("POST", f"{AT}/cancel", answer())
    server.on("POST", f"{AT}/enrich", answer(SCHEMA))
    server.on("POST", f"{AT}/extend", answer(SCHEMA))
    return server


@pytest.mark.parametrize("name", CALLS)
def test_each_method_sends_the_request_of_the_contract(
    complete: ScriptedServer, client: ff.Client, name: str
) -> None:
    """Each request carries the key, the version of the contract and its content type."""
    call, method, path, body = CALLS[name]
    call(client)
    (request,) = complete.sent(method, path)
    assert request.headers["x-api-key"] == KEY
    assert request.headers["parallel-beta"] == "findall-2025-09-15"
    assert request.headers["user-agent"].startswith("findall-frames/")
    is_stream = name == "events"
    assert request.headers["accept"] == ("text/event-stream" if is_stream else "application/json")
    if body is None:
        assert request.body == b""
        assert "content-type" not in request.headers
    else:
        assert request.content == body
        assert request.headers["content-type"] == "application/json"


def test_each_method_returns_the_decoded_answer(
    complete: ScriptedServer, client: ff.Client
) -> None:
    """Entities keep the order of the service."""
    assert client.ingest("Find tile makers").entity_type == "companies"
    assert client.create(RUN_INPUT).findall_id == RUN_ID
    assert client.retrieve(RUN_ID).status.status == "completed"
    assert len(client.result(RUN_ID).candidates) == 3
    assert b'"candidates"' in client.result_json(RUN_ID)
    assert client.schema(RUN_ID).match_limit == 5
    assert client.enrich(RUN_ID, ENRICHMENT).objective == "Find tile makers"
    assert client.extend(RUN_ID, 5).objective == "Find tile makers"
    found = client.entity_search(entity_type="companies", objective="tile makers")
    assert [entity.name for entity in found.entities] == ["T2", "T1"]
    assert found.entity_set_id == "entity_set_1"


def test_the_event_stream_is_opened_where_it_was_left(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The service can be asked to end it."""
    with client.events(RUN_ID, last_event_id="event_1", api_timeout=3.5, timeout=9) as events:
        assert len(list(events)) == 5
    assert server.requests[0].query == "last_event_id=event_1&timeout=3.5"


def test_an_id_is_quoted_in_the_path_and_never_empty(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It must not turn into another path."""
    server.on("GET", "/runs/a%2Fb%20%3Fc", answer(run_object() | {"findall_id": "a/b ?c"}))
    assert client.retrieve("a/b ?c").findall_id == "a/b ?c"
    with pytest.raises(ff.errors.InvalidRequestError, match="findall_id must be a text"):
        client.retrieve(" ")


@pytest.mark.parametrize("name", ["retrieve", "result", "result_json"])
def test_an_answer_about_another_run_is_refused(
    server: ScriptedServer, client: ff.Client, name: str
) -> None:
    """A proxy may mix them up, and the table would be another's."""
    other = run_object() | {"findall_id": "findall_other"}
    server.on("GET", AT, answer(other))
    server.on("GET", f"{AT}/result", answer(result() | {"run": other}))
    with pytest.raises(ff.errors.UnexpectedResponseError, match="got 'findall_other'"):
        CALLS[name][0](client)


def test_a_creation_without_an_id_may_have_started_a_run(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It is not sent again."""
    server.on("POST", "/runs", answer(run_object("queued") | {"findall_id": ""}))
    with pytest.raises(ff.AmbiguousCreateError, match="an empty one"):
        client.create(RUN_INPUT)


@pytest.mark.parametrize("timeout", [0, -1.5])
@pytest.mark.parametrize("name", CALLS)
def test_without_time_left_nothing_is_sent(
    server: ScriptedServer, client: ff.Client, name: str, timeout: float
) -> None:
    """RunTimeout is raised at once, also for requests that cost money."""
    with pytest.raises(ff.RunTimeout):
        CALLS[name][0](client, timeout=timeout)
    assert server.requests == []


def test_entities_in_your_own_data_are_searched() -> None:
    """The embedded service has the same limits as for a run, and explains conditions."""
    rivers = pd.DataFrame({"name": ["Nile", "Rhine"], "country": ["Egypt", "Germany"]})
    with ff.local(rivers) as client:
        found = client.entity_search(entity_type="rivers", objective="a river in Germany")
        assert found.entities[0].name == "Rhine"
        with pytest.raises(ff.errors.RefusedError, match=r"match_limit.*from 5"):
            client.entity_search(entity_type="rivers", objective="Germany", match_limit=4)
        with pytest.raises(ff.RunTimeout):
            client.explain([], timeout=0)


def test_further_betas_are_sent_beside_that_of_the_contract(server: ScriptedServer) -> None:
    """As the official SDK does, but each once."""
    betas = ["search-extract-2025-10-10", "findall-2025-09-15"]
    with ff.Client(api_key=KEY, base_url=server.url, betas=betas) as client:
        client.retrieve(RUN_ID)
    sent = server.requests[0].headers["parallel-beta"]
    assert sent == "findall-2025-09-15,search-extract-2025-10-10"


@pytest.mark.parametrize("betas", ["a", [""], ["a b"], ["a\r\nx: y"], [3]])
def test_odd_betas_are_refused(betas: Any) -> None:
    """They would be a header."""
    with pytest.raises(ff.errors.InvalidRequestError, match="betas must be names"):
        ff.Client(api_key=KEY, base_url="http://127.0.0.1:1", betas=betas)


@pytest.mark.parametrize("scope", [None, "team_a"])
def test_recent_runs_are_those_in_the_memory_of_the_account(
    server: ScriptedServer, client: ff.Client, scope: str | None
) -> None:
    """Results of other kinds, and parts that are missing, do no harm."""
    found = {"id": RUN_ID, "input_excerpt": "Find tile", "matched_count": 3, "kind": "findall"}
    task = {"id": "trun_1", "kind": "task", "output_excerpt": "x"}
    server.on(
        "POST",
        "/../memory/retrieve",
        answer({"results": [found, task, {"id": "findall_2", "matched_count": None}]}),
    )
    runs = client.recent_runs(memory_scope_key=scope)
    assert [(run.id, run.matched_count) for run in runs] == [(RUN_ID, 3), ("findall_2", 0)]
    sent = server.requests[0].content
    assert sent == {"kind": "findall", "limit": 25} | ({"memory_scope_key": scope} if scope else {})


def test_an_account_without_a_memory_says_so(server: ScriptedServer, client: ff.Client) -> None:
    """The feature is rolled out step by step."""
    server.on("POST", "/../memory/retrieve", answer({"message": "not enabled"}, status=403))
    with pytest.raises(ff.errors.AuthenticationError, match=r"not enabled.*keeps no list"):
        client.recent_runs()


def test_a_create_answer_with_an_id_only_is_enough(
    server: ScriptedServer, client: ff.Client
) -> None:
    """A paid run is not lost because of the rest of the answer."""
    server.on("POST", "/runs", answer({"findall_id": RUN_ID}))
    assert client.create(RUN_INPUT, timeout=30).status.status == "completed"


def test_an_invalid_answer_is_reported_with_its_json_path(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The message also names the run."""
    body = result()
    del body["candidates"][1]["name"]
    server.on("GET", f"{AT}/result", answer(body))
    with pytest.raises(ff.errors.UnexpectedResponseError, match="name") as caught:
        client.result(RUN_ID)
    assert caught.value.path == "$.candidates[1].name"
    assert caught.value.findall_id == RUN_ID
    assert str(caught.value).startswith(f"Run {RUN_ID}: ")
