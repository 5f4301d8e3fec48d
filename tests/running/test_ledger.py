"""Every run is noted, its result is kept, and nothing is paid for twice unasked."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

import findall_frames as ff
from findall_frames.running.ledger import Ledger
from findall_frames.running.pricing import price_of
from tests.support.scripted import (
    KEY,
    RUN_ID,
    SCHEMA,
    Reply,
    ScriptedServer,
    answer,
    event,
    healthy,
    result,
    run_object,
    story,
    stream,
)

AT = f"/runs/{RUN_ID}"
CONDITIONS = {"makes_tiles": "Company must make tiles"}


def find(client: ff.Client, **options: object) -> ff.FindAllFrames:
    """Run the search that the server answers."""
    return ff.find_all(
        "Find tile makers",
        entity_type="companies",
        match_conditions=CONDITIONS,
        client=client,
        **{"match_limit": 5, "progress": False, **options},  # type: ignore[arg-type]
    )


def ledger_file() -> Path:
    """Where the ledger of this test is."""
    return Path(os.environ["FINDALL_FRAMES_HOME"]) / "ledger.sqlite3"


def test_a_finished_run_is_noted_with_all_that_is_known(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The API has no list of runs; this is it."""
    find(client)
    (row,) = ff.runs().to_dict("records")
    token = server.requests[0].content["metadata"]["findall_frames_token"]
    assert row["findall_id"] == RUN_ID
    assert (row["status"], row["termination_reason"]) == ("completed", "match_limit_met")
    assert (
        row["matched_candidates_count"],
        row["generated_candidates_count"],
        row["match_limit"],
    ) == (3, 3, 5)
    assert (row["objective"], row["entity_type"]) == ("Find tile makers", "companies")
    assert (row["service"], row["token"], row["has_result"]) == (server.url, token, True)
    assert row["created_at"] <= row["modified_at"] <= pd.Timestamp.now("UTC")
    assert pd.isna(row["cost"])


def test_the_table_of_runs_has_its_columns_and_types_also_when_it_is_empty(
    client: ff.Client,
) -> None:
    """An empty ledger is an ordinary ledger."""
    empty = ff.runs()
    assert len(empty) == 0
    find(client)
    assert empty.dtypes.to_dict() == ff.runs().dtypes.to_dict()
    assert "object" not in {str(dtype) for dtype in empty.dtypes}


def test_the_intent_is_noted_before_and_the_id_right_after_the_creation(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Whatever happens to this process in between."""
    seen: list[tuple[str, object]] = []

    def look(update: ff.Update) -> None:
        seen.extend((update.status, row["findall_id"]) for row in ff.runs().to_dict("records"))
        if update.status == "queued":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find(client, progress=look)
    assert seen == [("queued", RUN_ID)]
    server.on("POST", "/runs", Reply(0, then="close"))
    with pytest.raises(ff.AmbiguousCreateError) as caught:
        find(client, match_limit=6)
    lost = ff.runs().iloc[0]
    assert pd.isna(lost["findall_id"])
    assert lost["status"] == "unknown"
    assert lost["token"] == caught.value.token


def test_a_creation_that_was_refused_is_noted_as_such(
    server: ScriptedServer, client: ff.Client
) -> None:
    """There is no such run, and nothing to look for."""
    server.on("POST", "/runs", answer({"error": {"message": "no", "ref_id": "r"}}, status=402))
    with pytest.raises(ff.errors.InsufficientFundsError):
        find(client)
    assert ff.runs()["status"].tolist() == ["refused"]


def test_an_id_is_not_lost_over_the_rest_of_the_answer(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Nor over a service that fails right after the creation."""
    server.on("POST", "/runs", answer({"findall_id": RUN_ID}))
    server.on("GET", AT, answer(status=401))
    with pytest.raises(ff.errors.AuthenticationError) as caught:
        find(client)
    assert caught.value.findall_id == RUN_ID
    assert ff.runs()["findall_id"].tolist() == [RUN_ID]


def test_resume_of_a_finished_run_asks_nobody(server: ScriptedServer, client: ff.Client) -> None:
    """Also when its service is long gone, and without a key."""
    frames = find(client)
    asked = len(server.requests)
    again = ff.resume(RUN_ID, progress=False)
    assert len(server.requests) == asked
    for name in ("candidates", "fields", "citations"):
        assert again.tables[name].equals(frames.tables[name])
    assert again.runs.loc[0, "objective"] == "Find tile makers"
    assert again.runs.loc[0, "fetched_at"] >= frames.runs.loc[0, "fetched_at"].floor("s")


def test_resume_names_the_service_of_a_run_that_is_elsewhere(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The default service cannot know it."""
    server.on("GET", f"{AT}/events", stream(then="hang"))
    with pytest.raises(ff.RunTimeout):
        find(client, timeout=0.3)
    with pytest.raises(
        ff.errors.InvalidRequestError, match=rf"ff\.Client\(base_url='{server.url}'\)"
    ):
        ff.resume(RUN_ID, progress=False)


def test_a_run_that_was_started_elsewhere_is_noted_when_it_is_resumed(
    server: ScriptedServer, client: ff.Client
) -> None:
    """From then on its result is kept here too."""
    ff.resume(RUN_ID, client=client, progress=False)
    (row,) = ff.runs().to_dict("records")
    assert (row["findall_id"], row["objective"]) == (RUN_ID, "Find tile makers")
    assert pd.isna(row["token"])
    asked = len(server.requests)
    ff.resume(RUN_ID, progress=False)
    assert len(server.requests) == asked


def test_a_run_that_goes_on_is_asked_for_again(server: ScriptedServer, client: ff.Client) -> None:
    """The old result would lack what the extension finds."""
    find(client)
    later = run_object("completed", matched=4, generated=4)
    later["modified_at"] = "2026-01-02T03:09:00.000000Z"
    server.on("POST", f"{AT}/extend", answer(SCHEMA | {"match_limit": 8}))
    server.on("GET", f"{AT}/schema", answer(SCHEMA | {"match_limit": 8}))
    server.on("GET", AT, answer(run_object("completed")), answer(later))
    server.on("GET", f"{AT}/result", answer(result(4)))
    ff.Run(RUN_ID, client=client).extend(3)
    assert not ff.runs()["has_result"].any()
    assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 4
    assert ff.runs()["match_limit"].tolist() == [8]


def test_an_equal_search_says_so_and_can_be_reused(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Reuse sends nothing; a search that differs in anything is another one."""
    frames = find(client)
    with pytest.warns(
        ff.errors.RepeatedSearchWarning, match=rf"3 matches.*resume.*{RUN_ID}"
    ) as caught:
        find(client)
    assert caught[0].filename == __file__
    asked = len(server.requests)
    seen: list[ff.Update] = []
    again = find(client, reuse=True, progress=seen.append)
    assert len(server.requests) == asked
    assert again.tables["fields"].equals(frames.tables["fields"])
    assert [(update.is_over, update.matched) for update in seen] == [(True, 3)]
    find(client, reuse=True, match_limit=6)
    find(client, reuse=True, generator="pro")
    find(client, reuse=True, exclude=[{"name": "Acme", "url": "https://acme.example"}])
    assert len(server.sent("POST", "/runs")) == 5


def test_a_drafted_search_is_recognised_before_it_is_drafted(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The question is the same, however the service would word it today."""
    ff.find_all("Find tile makers", client=client, progress=False)
    asked = len(server.requests)
    ff.find_all("Find tile makers", client=client, progress=False, reuse=True)
    assert len(server.requests) == asked


def test_a_partial_result_is_kept_but_not_taken_for_an_answer(
    server: ScriptedServer, client: ff.Client
) -> None:
    """It was paid for; but a new search may find more."""
    failed = run_object("failed", matched=3, generated=3)
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, failed)))
    server.on("GET", f"{AT}/result", answer(result() | {"run": failed}))
    with pytest.warns(ff.errors.PartialResultWarning):
        find(client)
    with pytest.warns(ff.errors.PartialResultWarning):
        assert len(ff.resume(RUN_ID, progress=False).matches) == 3
    with pytest.warns(ff.errors.PartialResultWarning):
        find(client, reuse=True)
    assert len(server.sent("POST", "/runs")) == 2


def test_errors_raise_gives_the_frames_with_the_exception(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Now, and when it is resumed from the ledger."""
    failed = run_object("failed", matched=3, generated=3)
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, failed)))
    server.on("GET", f"{AT}/result", answer(result() | {"run": failed}))
    with pytest.raises(ff.PartialResultError, match="failed") as caught:
        find(client, errors="raise")
    assert len(caught.value.frames.matches) == 3
    assert caught.value.findall_id == RUN_ID
    with pytest.raises(ff.PartialResultError):
        ff.resume(RUN_ID, progress=False, errors="raise")
    with pytest.raises(ff.errors.InvalidRequestError, match="'warn' or 'raise'"):
        find(client, errors="ignore")


def test_the_ledger_can_be_switched_off(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is written at all."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", "off")
    find(client)
    find(client)
    assert len(ff.runs()) == 0
    assert not ledger_file().parent.exists() or not list(ledger_file().parent.iterdir())


def test_a_ledger_that_cannot_be_written_does_not_stop_the_search(
    client: ff.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It gives one warning; the run matters more."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FINDALL_FRAMES_HOME", str(tmp_path / "file"))
    with pytest.warns(ff.errors.LedgerWarning, match="cannot be") as caught:
        assert len(find(client).matches) == 3
    assert 1 <= len(caught) <= 3


def test_a_ledger_of_a_newer_release_is_left_alone(client: ff.Client) -> None:
    """It is neither read wrongly nor written to."""
    find(client)
    with sqlite3.connect(ledger_file()) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.warns(ff.errors.LedgerWarning, match="newer release"):
        assert len(ff.runs()) == 0


def test_the_key_is_nowhere_in_the_ledger(client: ff.Client) -> None:
    """Nor is a pickle."""
    find(client, metadata={"team": "tiles"})
    content = b"".join(path.read_bytes() for path in ledger_file().parent.iterdir())
    assert RUN_ID.encode() in content
    assert KEY.encode() not in content


def note_runs(numbers: list[int]) -> None:
    """Note some runs, from a process of its own."""
    ledger = Ledger.of_this_machine()
    schema = ff.Search("o", entity_type="e", match_conditions=["c"]).to_schema()
    for number in numbers:
        token = f"token_{number}"
        ledger.intend(token, service="s", schema=schema, asked="a", cost=None)
        ledger.created(token, findall_id=f"findall_{number}", status="queued")


def test_several_processes_can_write_at_once() -> None:
    """Also when all of them are the first."""
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(note_runs, [list(range(n, 100, 4)) for n in range(4)]))
    assert sorted(ff.runs()["findall_id"]) == sorted(f"findall_{n}" for n in range(100))


def test_a_killed_process_leaves_the_id_behind(server: ScriptedServer) -> None:
    """The run is resumed by another process, without another creation."""
    server.on("GET", f"{AT}/events", stream(event("findall.status", 1, run_object()), then="hang"))
    script = f"""
        import findall_frames as ff
        def tell(update):
            if update.event: print("following", flush=True)
        ff.find_all("Find tile makers", client=ff.Client(base_url={server.url!r}), progress=tell)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"following"
        process.kill()
    (row,) = ff.runs().to_dict("records")
    assert (row["findall_id"], row["status"]) == (RUN_ID, "running")
    healthy(server)
    with ff.Client(base_url=row["service"]) as client:
        assert len(ff.resume(row["findall_id"], client=client, progress=False).matches) == 3
    assert len(server.sent("POST", "/runs")) == 1


SEARCHER = """
import sys
import findall_frames as ff
from findall_frames.search import find_all
client = ff.Client(base_url=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
find_all("Find tile makers", client=client, progress=False)
print("done", flush=True)
"""


@pytest.mark.parametrize("seed", range(8))
def test_a_process_that_is_killed_at_any_moment_loses_nothing(
    server: ScriptedServer, seed: int
) -> None:
    """Either the id is in the ledger, or the token of the only creation there can have been."""
    pieces = [part for piece in story() for part in (0.03, piece)]
    server.on("POST", "/ingest", Reply(200, (0.05, json.dumps(SCHEMA).encode())))
    server.on("GET", f"{AT}/events", stream(*pieces))
    moment = random.Random(seed).uniform(0, 0.4)
    with subprocess.Popen(
        [sys.executable, "-c", SEARCHER, server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        process.stdin.write(b"go\n")
        process.stdin.flush()
        time.sleep(moment)
        process.kill()
    created = server.sent("POST", "/runs")
    noted = ff.runs().to_dict("records")
    assert len(created) <= 1
    assert len(noted) >= len(created)
    if created:
        assert noted[0]["token"] == created[0].content["metadata"]["findall_frames_token"]
    if noted and isinstance(noted[0]["findall_id"], str):
        with ff.Client(base_url=server.url) as client:
            frames = ff.resume(noted[0]["findall_id"], client=client, progress=False)
        undisturbed = ff.flatten(result())
        for name in ("candidates", "fields", "citations"):
            assert frames.tables[name].equals(undisturbed.tables[name])
    assert len(server.sent("POST", "/runs")) == len(created)


# -- what it costs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("generator", "limit", "enrichments", "ceiling"),
    [
        ("preview", 10, None, 0.10),
        ("base", 10, None, 0.55),
        ("core", 10, None, 3.50),
        ("pro", 1000, None, 1010.0),
        ("core", 50, {"ceo": "Name"}, 10.75),
    ],
)
def test_the_ceiling_is_fixed_part_and_price_per_match(
    generator: str, limit: int, enrichments: dict[str, str] | None, ceiling: float
) -> None:
    """By the published prices."""
    search = ff.Search(
        "Find companies",
        entity_type="companies",
        match_conditions=["Company must be old"],
        generator=generator,
        match_limit=limit,
        enrichments=enrichments,
    )
    assert ff.estimate_cost(search).ceiling == ceiling


def test_each_enrichment_has_the_price_of_its_processor() -> None:
    """And one without a published price is not guessed."""
    from findall_frames.api.models import FindAllEnrichInput, JsonSchema

    def enriched(*processors: str) -> ff.Search:
        return ff.Search(
            "Find companies",
            entity_type="companies",
            match_conditions=["Company must be old"],
            enrichments=[
                FindAllEnrichInput(JsonSchema({"properties": {f"p{n}": {}}}), processor=processor)
                for n, processor in enumerate(processors)
            ],
        )

    assert ff.estimate_cost(enriched("lite", "ultra8x")).enrichments_per_match == 2.405
    with pytest.raises(
        ff.errors.InvalidRequestError, match=r"'warp' of the enrichment p0.*lite, base"
    ):
        ff.estimate_cost(enriched("warp"))


def test_a_budget_is_kept_before_anything_is_spent(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The error says what it would cost, and what could be done."""
    with pytest.raises(ff.errors.BudgetError, match=r"at most \$2\.75.*budget is \$2\.50"):
        find(client, budget=2.5)
    assert server.requests == []
    assert len(find(client, budget=2.75).matches) == 3
    for odd in ("5", -1, True, float("nan")):
        with pytest.raises(ff.errors.InvalidRequestError, match="amount in US dollars"):
            find(client, budget=odd)


def test_drafted_enrichments_count_towards_the_budget(
    server: ScriptedServer, client: ff.Client
) -> None:
    """They are known only after the draft, which costs nothing."""
    schema = {"json_schema": {"type": "object", "properties": {"ceo": {"type": "string"}}}}
    server.on("POST", "/ingest", answer(SCHEMA | {"enrichments": [{"output_schema": schema}]}))
    with pytest.raises(ff.errors.BudgetError):
        ff.find_all("Find tile makers", client=client, progress=False, budget=3.5)
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["ingest"]


def test_only_the_hosted_service_has_prices() -> None:
    """What an embedded search has cost so far is not a number."""
    schema = ff.Search("o", entity_type="e", match_conditions=["c"]).to_schema()
    assert price_of(schema, service="http://127.0.0.1:1") is None
    hosted = price_of(schema, service="https://api.parallel.ai")
    assert hosted is not None
    assert (hosted.after(0), hosted.after(4), hosted.ceiling) == (2.0, 2.6, 3.5)
