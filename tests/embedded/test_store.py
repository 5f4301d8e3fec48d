"""The store: transactions, events in order, restarts, migrations."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from findall_frames.api.models import (
    ExcludeCandidate,
    FieldBasis,
    FindAllCandidate,
    FindAllEnrichInput,
    JsonSchema,
    MatchCondition,
)
from findall_frames.api.readings import Explained
from findall_frames.embedded.chat.language_model import Usage
from findall_frames.embedded.runs.change import Change
from findall_frames.embedded.runs.database import MIGRATIONS, Database
from findall_frames.embedded.runs.record import RunRecord, RunWarning
from findall_frames.embedded.runs.run_events import candidate_id, event_id, event_number
from findall_frames.embedded.runs.store import Store
from findall_frames.errors import NotFoundError, ServiceError
from findall_frames.sqlite import migrate
from tests.support.local_bench import run_input


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store in memory, and one in a file."""
    opened = Store(None if request.param == "memory" else tmp_path / "runs.db")
    yield opened
    opened.close()


READING = Explained(
    name="tiles_check",
    description="makes tiles",
    status="sql",
    reader="sql",
    sql="\"makes\" = 'tiles'",
)


def create(store: Store, **changes: object) -> RunRecord:
    """Store a run with a limit of five matches."""
    request = run_input(MatchCondition("tiles_check", "makes tiles"), **changes)
    return store.create(request, corpus="data 1", rows=5_000, readings=[READING])


def judged(run: RunRecord, number: int, **changes: Any) -> FindAllCandidate:
    """Return a judged candidate; every third matches."""
    output = {"c": {"value": "x", "type": "match_condition", "is_matched": number % 3 == 0}}
    basis = [FieldBasis(field="c", reasoning='"x","match_status":"y","output":', citations=[])]
    made = FindAllCandidate(
        candidate_id(run.findall_id, number),
        f"Maker {number}",
        f"local://{number}",
        "unmatched" if number % 3 else "matched",
        None,
        output,
        basis,
        number,
    )
    return msgspec.structs.replace(made, **changes)


def fill(change: Change, *, size: int, **changes: Any) -> None:
    """Add judged candidates to a run in one batch."""
    start = change.run.generated
    ones = [judged(change.run, number, **changes) for number in range(start, start + size)]
    matches = {at: one.row or 0 for at, one in enumerate(ones) if one.match_status == "matched"}
    change.add_judged([msgspec.json.encode(one) for one in ones], matches=matches)


def test_a_new_run_is_queued_with_one_event(store: Store) -> None:
    """The first event is stored before the id of the run is returned."""
    run = create(store)
    page = store.events(run.findall_id, after=0)
    events = [json.loads(line) for line in page.lines]
    assert [event["type"] for event in events] == ["findall.status"]
    assert events[0]["data"]["status"]["status"] == "queued"
    assert store.run(run.findall_id) == run
    assert store.active() == [run.findall_id]


def test_an_unknown_run_is_not_found(store: Store) -> None:
    """The error names the requested id."""
    with pytest.raises(NotFoundError, match="findall_0") as caught:
        store.run("findall_0")
    assert caught.value.findall_id == "findall_0"
    with pytest.raises(NotFoundError), store.change("findall_0"):
        pass


def test_a_failed_change_is_rolled_back(store: Store) -> None:
    """With its record, candidates and events."""
    run = create(store)

    def fail_halfway() -> None:
        with store.change(run.findall_id) as change:
            fill(change, size=3)
            change.run.status = "running"
            change.emit_status()
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    assert store.run(run.findall_id) == run
    assert store.events(run.findall_id, after=0).last == 1
    assert json.loads(store.result(run.findall_id))["candidates"] == []


def test_listeners_are_called_after_a_change_is_stored(tmp_path: Path) -> None:
    """A listener that reads the run gets the change."""
    heard: list[str] = []

    def listen(findall_id: str) -> None:
        heard.append(store.run(findall_id).status)

    store = Store(tmp_path / "runs.db")
    store.listen(listen)
    run = create(store)
    with store.change(run.findall_id) as change:
        change.run.status = "running"
    store.close()
    assert heard == ["running"]


def test_events_are_read_in_order_from_any_position(store: Store) -> None:
    """Also from within a batch that was committed as one."""
    run = create(store)
    for size in (1, 5, 2):
        with store.change(run.findall_id) as change:
            fill(change, size=size)
    whole = store.events(run.findall_id, after=0)
    names = [json.loads(line)["event_id"] for line in whole.lines]
    assert len(set(names)) == whole.last == 1 + 2 * 8
    for number, name in enumerate(names, start=1):
        assert event_number(run.findall_id, name) == number
        rest = store.events(run.findall_id, after=number)
        assert rest.lines == whole.lines[number:]


def test_events_are_read_in_pages(store: Store) -> None:
    """A page has a limited size, and pages join without gaps."""
    run = create(store)
    for _ in range(20):
        with store.change(run.findall_id) as change:
            fill(change, size=200)
    lines: list[bytes] = []
    page = store.events(run.findall_id, after=0)
    pages = 0
    while page.lines:
        assert sum(map(len, page.lines)) < 1_000_000
        pages += 1
        lines += page.lines
        page = store.events(run.findall_id, after=page.last)
    assert pages > 2
    assert len(lines) == 8001


def test_the_last_page_of_an_ended_run_is_final(store: Store) -> None:
    """Only then a stream may be closed."""
    run = create(store)
    assert not store.events(run.findall_id, after=0).is_final
    with store.change(run.findall_id) as change:
        change.run.status, change.run.stop_reason = "completed", "candidates_exhausted"
        change.emit_status()
    page = store.events(run.findall_id, after=0)
    assert page.is_final
    assert json.loads(page.lines[-1])["data"]["status"]["termination_reason"] == (
        "candidates_exhausted"
    )


def test_an_event_id_of_another_run_means_the_beginning() -> None:
    """The id of a heartbeat means the event before it."""
    name = event_id("findall_1", 300)
    assert event_number("findall_1", name) == 300
    assert event_number("findall_1", f"{name}-7") == 300
    for foreign in (None, "", "x", name[:-12], name[:-12] + "z" * 12, event_id("findall_2", 300)):
        assert event_number("findall_1", foreign) == 0


def test_the_result_has_the_candidates_in_order(store: Store) -> None:
    """Also for a failed run; the metrics count judged rows, not only candidates."""
    run = create(store)
    for size in (1, 3):
        with store.change(run.findall_id) as change:
            fill(change, size=size)
            change.run.looked_at = 3_000
    with store.change(run.findall_id) as change:
        change.run.status = "failed"
    shown = json.loads(store.result(run.findall_id))
    assert [item["row"] for item in shown["candidates"]] == [0, 1, 2, 3]
    assert [item["match_status"] for item in shown["candidates"]] == [
        "matched",
        *["unmatched"] * 2,
        "matched",
    ]
    assert shown["run"]["status"]["metrics"] == {
        "generated_candidates_count": 3_000,
        "matched_candidates_count": 2,
        "rows": 5_000,
    }
    assert shown["last_event_id"] == event_id(run.findall_id, 1 + 2 * 4)


HOSTILE = ['","match_status":"discarded","output":{', '\\","output":null}', "two\nlines", "ü\u2028"]


@pytest.mark.parametrize("sizes", [(8,), (4, 4), (1,) * 8])
def test_each_candidate_is_generated_and_then_judged(store: Store, sizes: tuple[int, ...]) -> None:
    """The events do not depend on batches or texts, and can be read from any position."""
    run = create(store)
    for size in sizes:
        with store.change(run.findall_id) as change:
            fill(change, size=size, name=HOSTILE[0] + HOSTILE[1], description="".join(HOSTILE[2:]))
    with store.change(run.findall_id) as change:
        change.run.status = "completed"
        change.emit_status()
    lines = store.events(run.findall_id, after=0).lines
    for number in range(len(lines)):
        assert store.events(run.findall_id, after=number).lines == lines[number:]
    candidates = json.loads(store.result(run.findall_id))["candidates"]
    expected = []
    for item in candidates:
        assert item["name"] == HOSTILE[0] + HOSTILE[1]
        assert item["description"] == "".join(HOSTILE[2:])
        before = {**item, "match_status": "generated", "output": None, "basis": None}
        before.pop("row")  # published with the verdict
        expected.append(("generated", before))
        expected.append((item["match_status"], item))
    events = [json.loads(line) for line in lines]
    for number, event in enumerate(events, start=1):
        assert event["event_id"] == event_id(run.findall_id, number)
    published = [(event["type"].rpartition(".")[2], event["data"]) for event in events[1:-1]]
    assert published == expected


def test_an_enrichment_does_not_change_earlier_events(store: Store) -> None:
    """Byte for byte; only the result has the new fields."""
    run = create(store)
    with store.change(run.findall_id) as change:
        fill(change, size=7)
        change.run.enrichments = [FindAllEnrichInput(JsonSchema({"type": "object"}))]
        change.emit_schema()
    before = store.events(run.findall_id, after=0).lines
    result = json.loads(store.result(run.findall_id))["candidates"]
    due = store.unenriched(store.run(run.findall_id), limit=10)
    assert [item.place for item in due] == [0, 3, 6]
    with store.change(run.findall_id) as change:
        change.enrich(
            (
                item._replace(
                    enriched=1, candidate=msgspec.structs.replace(item.candidate, name="Enriched")
                ),
                item.candidate,
            )
            for item in due
        )
    after = store.events(run.findall_id, after=0).lines
    assert after[: len(before)] == before
    assert len(after) == len(before) + 3
    for place in (0, 3, 6):
        result[place]["name"] = "Enriched"
    assert json.loads(store.result(run.findall_id))["candidates"] == result


def test_an_active_run_is_cached_as_last_stored(store: Store) -> None:
    """An ended run is read from the database."""
    run = create(store)
    with store.change(run.findall_id) as change:
        change.run.status = "running"
        change.emit_status()
    current = store.current(run.findall_id)
    assert current is not None
    assert (current.status, current.last_event) == ("running", 2)
    with store.change(run.findall_id) as change:
        change.run.status = "completed"
    assert store.current(run.findall_id) is None
    assert store.run(run.findall_id).status == "completed"


def test_the_exclude_list_is_not_part_of_the_record(store: Store) -> None:
    """A long list is read once by the search, not with each status."""
    excluded = [ExcludeCandidate("A", "https://a.example"), ExcludeCandidate("B", "b.example")]
    run = create(store, exclude_list=excluded)
    assert run.request.exclude_list is None
    assert store.excluded(run) == excluded


def test_a_new_run_has_the_usage_and_warnings_of_its_readings(store: Store) -> None:
    """From its first event on."""
    warnings = [RunWarning("assumption", "sales are in euros")]
    run = store.create(
        run_input(MatchCondition("c", "x")),
        corpus="data 1",
        rows=9,
        readings=[READING],
        warnings=warnings,
        usage=Usage(("tiny",), 1, 20, 3),
    )
    (line,) = store.events(run.findall_id, after=0).lines
    shown = json.loads(line)["data"]
    assert shown["warnings"] == [{"type": "assumption", "message": "sales are in euros"}]
    assert "tiny" in json.dumps(shown["metadata"])
    assert store.run(run.findall_id).warnings == warnings


def test_a_file_keeps_its_runs(tmp_path: Path) -> None:
    """For the next service."""
    path = tmp_path / "runs.db"
    store = Store(path)
    run = create(store, metadata={"a": 1, "b": 1.0, "c": True, "d": "x"})
    result = store.result(run.findall_id)
    store.close()
    store.close()
    again = Store(path)
    assert again.run(run.findall_id) == run
    assert again.run(run.findall_id).readings == [READING]
    assert again.result(run.findall_id) == result
    assert json.loads(result)["run"]["metadata"] == {"a": 1, "b": 1.0, "c": True, "d": "x"}
    again.close()


def test_readers_of_a_file_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    """They see committed data only."""
    store = Store(tmp_path / "runs.db")
    run = create(store)
    seen: list[str] = []

    def look() -> None:
        seen.append(store.run(run.findall_id).status)
        seen.append(json.loads(store.result(run.findall_id))["run"]["status"]["status"])

    with store.change(run.findall_id) as change:
        change.run.status = "running"
        change.flush()
        reader = threading.Thread(target=look)
        reader.start()
        reader.join(10)
        assert seen == ["queued", "queued"]
    assert store.run(run.findall_id).status == "running"
    store.close()


def test_the_version_is_stored_with_its_migration(tmp_path: Path) -> None:
    """Opening a file again applies no migration twice."""
    path = tmp_path / "runs.db"
    for _ in range(2):
        Database(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_store_of_the_first_release_is_migrated(tmp_path: Path) -> None:
    """Its runs can be read and changed."""
    path = tmp_path / "runs.db"
    Database(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
    path.unlink()
    request = msgspec.json.encode(run_input(MatchCondition("c", "tiles")))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {mark}")
        migrate(connection, MIGRATIONS[:1])
        connection.execute(
            "INSERT INTO runs VALUES (1, 'findall_1', 'data 1', ?, '[]', '[]', 5, 'running', "
            "NULL, NULL, 0, 0, 0, 0, 0, '', '')",
            (request,),
        )
    store = Store(path)
    assert store.run("findall_1").warnings == store.run("findall_1").readings == []
    usage = Usage(("tiny",), 1, 20, 3)
    for _ in range(2):
        with store.change("findall_1") as change:
            change.keep_answers({b"key": "answer"}, usage=usage)
    assert store.run("findall_1").usage == Usage(("tiny",), 2, 40, 6)
    assert store.answer(b"key") == "answer"
    assert store.answer(b"another") is None
    store.close()


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    """The message says to upgrade."""
    path = tmp_path / "runs.db"
    Database(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ServiceError, match=r"has version 99.*[Uu]pgrade"):
        Database(path)


def test_a_store_has_one_service_at_a_time(tmp_path: Path) -> None:
    """Under any path; after it is closed, the file can be opened again."""
    path = tmp_path / "runs.db"
    first = Database(path)
    (tmp_path / "elsewhere").mkdir()
    for other in (path, tmp_path / "elsewhere" / ".." / "runs.db"):
        with pytest.raises(ServiceError, match=r"runs\.db.*in use by another service"):
            Database(other)
    with first.write() as connection:
        connection.execute("INSERT INTO corpus VALUES (1, 'still works', 0)")
    first.close()
    Database(path).close()


def test_a_database_of_another_program_is_not_changed(tmp_path: Path) -> None:
    """Not by a byte."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ServiceError, match="another program"):
        Database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "folder", "missing folder"])
def test_a_path_that_cannot_be_a_store_is_refused(tmp_path: Path, kind: str) -> None:
    """The error names the path and what was expected."""
    path = tmp_path / "here"
    if kind == "text":
        path.write_text("not a database\n" * 100)
    elif kind == "folder":
        path.mkdir()
    else:
        path = path / "missing" / "runs.db"
    with pytest.raises(ServiceError, match=r"(?s)here.*cannot be opened.*folder that exists"):
        Database(path)
