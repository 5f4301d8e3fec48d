"""The OpenAPI document, the wire models and the service agree."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import requests

from findall_frames.api import models
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.endpoints import OPERATIONS
from findall_frames.embedded.server.service import Service
from tests.support.local_caller import RUN
from tests.support.local_models import numbers

# The required fields of the hosted API, copied by hand.
REQUIRED = {
    "Citation": {"url"},
    "Error": {"ref_id", "message"},
    "ExcludeCandidate": {"name", "url"},
    "FieldBasis": {"field", "reasoning"},
    "FindAllCandidate": {"candidate_id", "name", "url", "match_status"},
    "FindAllCandidateMatchStatusEvent": {"type", "timestamp", "event_id", "data"},
    "FindAllEnrichInput": {"output_schema"},
    "FindAllEntitySearchInput": {"entity_type", "objective"},
    "FindAllExtendInput": {"additional_match_limit"},
    "FindAllRun": {"findall_id", "status", "generator"},
    "FindAllRunInput": {
        "objective",
        "entity_type",
        "match_conditions",
        "generator",
        "match_limit",
    },
    "FindAllRunResult": {"run", "candidates"},
    "FindAllRunStatus": {"status", "is_active", "metrics"},
    "FindAllSchema": {"objective", "entity_type", "match_conditions"},
    "IngestInput": {"objective"},
    "JsonSchema": {"json_schema"},
    "MatchCondition": {"name", "description"},
    "McpServer": {"url", "name"},
    "ValidationError": {"loc", "msg", "type"},
    "Webhook": {"url"},
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that the tests of this file share."""
    with Service(numbers(30)) as running:
        yield running


@pytest.fixture(scope="module")
def document(service: Service) -> Any:
    """The OpenAPI document, as served."""
    answer = requests.get(f"{service.url}/openapi.json", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def resolved(document: Any, schema: Any) -> Any:
    """Return a schema together with the components that it refers to."""
    return {**schema, "components": document["components"]}


def test_every_operation_of_the_document_is_served(service: Service, document: Any) -> None:
    """Each has a handler, and answers an invalid request with a documented status."""
    listed = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert listed == {(one.path, one.method) for one in OPERATIONS}
    assert len(listed) == 10
    for path, method in listed:
        url = service.url + path.replace("{findall_id}", "findall_0")
        answer = requests.request(method, url, json={}, timeout=10)
        assert "has nothing at" not in answer.text
        assert answer.status_code == (404 if "{findall_id}" in path else 422), (path, answer.text)
        assert str(answer.status_code) in document["paths"][path][method]["responses"]


def test_required_fields_match_the_models(document: Any) -> None:
    """The required fields of the models match the hosted API in turn."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        model = getattr(models, name)
        fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
        assert set(schema["properties"]) == set(fields)
        required = {key for key, field in fields.items() if field.required}
        assert set(schema.get("required", [])) == required
    for name, required in REQUIRED.items():
        assert set(schemas[name]["required"]) == required, name


def test_enums_match_the_models(document: Any) -> None:
    """Statuses, generators and event types."""
    schemas = document["components"]["schemas"]

    def words(model: str, name: str) -> tuple[str, ...]:
        schema = schemas[model]["properties"][name]
        return tuple(schema["anyOf"][0]["enum"] if "anyOf" in schema else schema["enum"])

    assert words("FindAllRunStatus", "status") == models.RUN_STATUSES
    assert words("FindAllRunStatus", "termination_reason") == models.TERMINATION_REASONS
    assert words("FindAllCandidate", "match_status") == models.MATCH_STATUSES
    for model in ("FindAllRun", "FindAllRunInput", "FindAllSchema"):
        assert words(model, "generator") == models.GENERATORS
    kinds = {
        kind
        for model in (
            "FindAllSchemaUpdatedEvent",
            "FindAllRunStatusEvent",
            "FindAllCandidateMatchStatusEvent",
            "ErrorEvent",
        )
        for kind in words(model, "type")
    }
    assert kinds == set(models.EVENT_MODELS)


def test_answers_match_the_document(service: Service, document: Any) -> None:
    """Answers of each endpoint and events of each type pass `jsonschema`."""
    url = service.url
    seen = set()

    def check(method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        one = next(one for one in OPERATIONS if (one.method, one.path) == (method, path))
        here = path.replace("{findall_id}", options.pop("findall_id", ""))
        answer = requests.request(method, url + here, timeout=30, **options)
        assert answer.status_code == status, answer.text
        (content,) = document["paths"][path][method]["responses"][str(status)]["content"].items()
        kind, body = content[0], content[1]["schema"]
        assert answer.headers["content-type"].startswith(kind)
        seen.add(one.name)
        if kind == "text/event-stream":
            body = body["properties"]["data"]["contentSchema"]
            lines = [line for line in answer.text.split("\n") if line.startswith("data: ")]
            values = [json.loads(line.removeprefix("data: ")) for line in lines]
        else:
            values = [answer.json()]
        for value in values:
            jsonschema.validate(value, resolved(document, body))
        return values[-1]

    base = "/v1beta/findall"
    run = f"{base}/runs/{{findall_id}}"
    findall_id = check("post", f"{base}/runs", json=RUN)["findall_id"]
    check("post", f"{base}/ingest", json={"objective": "Find entities at place 3"})
    check("post", f"{base}/entity-search", json={"objective": "place 3", "entity_type": "people"})
    enrichment = {"output_schema": {"json_schema": {"properties": {"ceo": {"type": "string"}}}}}
    check("post", f"{run}/enrich", findall_id=findall_id, json=enrichment)
    check("post", f"{run}/extend", findall_id=findall_id, json={"additional_match_limit": 1})
    for end in ("", "/events", "/result", "/schema"):
        check("get", run + end, findall_id=findall_id)
    check("post", f"{run}/cancel", findall_id=findall_id, status=409)
    check("get", run, findall_id="findall_0", status=404)
    check("post", f"{base}/runs", json={}, status=422)
    assert seen == {one.name for one in OPERATIONS}


@pytest.mark.parametrize(
    "phases",
    [
        ["--phases", "examples,coverage"],
        pytest.param(
            ["--phases", "fuzzing,stateful", "--max-time", "20"], marks=pytest.mark.thorough
        ),
    ],
)
def test_schemathesis_finds_no_fault(phases: list[str], tmp_path: Path) -> None:
    """It sends valid and invalid requests, and checks each answer against the document.

    The corpus is a folder of documents, where any text is a valid condition.
    """
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(30):
        text = f"# Entity {number}\n\nIt stands at place {number}, beside a river and a road.\n"
        (folder / f"{number}.md").write_text(text, encoding="utf-8")
    config = tmp_path / "schemathesis.toml"
    config.write_text(
        """\
        seed = 1
        request-timeout = 10

        # 422 is also for valid requests that the state of the run does not allow, such as to
        # extend a run that has no candidates left.
        [checks.positive_data_acceptance]
        expected-statuses = ["2xx", "404", "409", "422"]

        # A stream stays open while its run is active.
        [[operations]]
        include-path = "/v1beta/findall/runs/{findall_id}/events"
        parameters = { "query.timeout" = 0.2 }
        """
    )
    with Service(open_corpus(folder), api_key="k") as running:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
                *("run", f"{running.url}/openapi.json", "-H", "x-api-key: k"),
                *(*phases, "--no-color"),
            ],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert f"Tested: {len(OPERATIONS)}" in done.stdout
