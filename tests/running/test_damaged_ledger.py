"""A ledger that is damaged, foreign or locked does not stop a search; and what it can forget."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import findall_frames as ff
from findall_frames.running import ledger_file as the_file
from findall_frames.running.ledger import Ledger
from tests.running.test_ledger import ledger_folder
from tests.support.scripted import RUN_ID, ScriptedServer, find, result

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")


def ledger_file() -> Path:
    """Return the ledger of this test."""
    return ledger_folder() / "ledger.sqlite3"


@contextmanager
def ledger_warnings() -> Iterator[list[str]]:
    """Collect the warnings, which must all be about the ledger."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield messages
    unexpected = [each for each in caught if not issubclass(each.category, ff.FindAllWarning)]
    assert not unexpected
    messages.extend(
        str(each.message) for each in caught if each.category is ff.errors.LedgerWarning
    )


def change(*statements: str, **values: object) -> None:
    """Change the ledger of this test."""
    with closing(sqlite3.connect(ledger_file())) as connection, connection:
        for statement in statements:
            connection.execute(statement, values)


@pytest.fixture
def finished(client: ff.Client) -> Path:
    """A ledger with a finished run."""
    find(client)
    return ledger_file()


def flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 10, 100])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def blank(content: bytearray, chance: random.Random) -> None:
    at, length = chance.randrange(len(content)), chance.choice([10, 1000, 4096])
    content[at : at + length] = bytes(len(content[at : at + length]))


def scramble(content: bytearray, chance: random.Random) -> None:
    content[100:] = chance.randbytes(len(content) - 100)


@pytest.mark.parametrize("damage", [flip, cut, blank, scramble])
def test_no_damage_of_the_file_stops_a_search(
    damage: Callable[[bytearray, random.Random], None],
    client: ff.Client,
    finished: Path,
    server: ScriptedServer,
) -> None:
    """At any place; the result is that of the service or the kept one, and never another."""
    whole = finished.read_bytes()
    expected = ff.flatten(result()).tables["candidates"]
    for seed in range(25):
        chance = random.Random(seed)
        content = bytearray(whole)
        damage(content, chance)
        finished.write_bytes(content)
        with ledger_warnings():
            assert find(client).tables["candidates"].equals(expected)
        finished.write_bytes(content)
        with ledger_warnings():
            assert list(ff.runs().columns)
            resumed = ff.resume(RUN_ID, client=client, progress=False)
            assert resumed.tables["candidates"].equals(expected)
            ff.forget(RUN_ID)
        finished.with_name("ledger.sqlite3-journal").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("body", b""),
        ("body", b"no zstd"),
        ("body", "text"),
        ("body", pa.compress(b'{"run": {}, "candidates": []}', codec="zstd", asbytes=True)),
        ("body", pa.compress(b"{", codec="zstd", asbytes=True)),
        ("size", 5),
        ("size", 2**62),
        ("size", "many"),
        ("digest", "0"),
        ("fetched_at", "last Tuesday"),
        ("fetched_at", 5),
        ("fetched_at", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_resume_asks_the_service_if_the_kept_result_is_unreadable(
    assignment: str, value: Any, client: ff.Client, finished: Path, server: ScriptedServer
) -> None:
    """A warning says so; the result is then kept again."""
    whole = ff.resume(RUN_ID, client=client, progress=False)
    change(f"UPDATE results SET {assignment} = :value", value=value)
    asked = len(server.requests)
    with pytest.warns(ff.errors.LedgerWarning, match=rf"run {RUN_ID} .*is damaged \("):
        again = ff.resume(RUN_ID, client=client, progress=False)
    assert len(server.requests) > asked
    assert again.tables["fields"].equals(whole.tables["fields"])
    asked = len(server.requests)
    ff.resume(RUN_ID, client=client, progress=False)
    assert len(server.requests) == asked


@pytest.mark.parametrize("schema", ["{", "[]", '{"objective": 5}', b"\xff", 5])
def test_a_result_is_kept_even_if_its_search_is_unreadable(
    schema: object, finished: Path, server: ScriptedServer
) -> None:
    """It was paid for, and is whole."""
    change("UPDATE results SET schema = :schema", schema=schema)
    asked = len(server.requests)
    assert len(ff.resume(RUN_ID, progress=False).matches) == 3
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("started_at", "soon", "created_at"),
        ("updated_at", b"\xff\xfe", "modified_at"),
        ("cost", "much", "cost"),
        ("matched", "three", "matched_candidates_count"),
        ("objective", b"\x00\x01", "objective"),
        ("match_limit", 1.5, "match_limit"),
    ],
)
def test_values_that_cannot_be_are_shown_as_missing(
    column: str, value: object, shown: str, finished: Path
) -> None:
    """The other values, and the types of the columns, stay."""
    before = ff.runs()
    change(f"UPDATE runs SET {column} = :value", value=value)
    with pytest.warns(ff.errors.LedgerWarning, match=r"1 value in the ledger .* cannot be read"):
        listed = ff.runs()
    assert pd.isna(listed.loc[0, shown])
    pd.testing.assert_frame_equal(listed.drop(columns=shown), before.drop(columns=shown))
    assert listed.dtypes.equals(before.dtypes)


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE runs (number INTEGER, distance REAL)")
        connection.execute("INSERT INTO runs VALUES (1, 42.2)")


def other_application(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA application_id = 1")


def other_version(path: Path) -> None:
    other_program(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")


def no_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)


@pytest.mark.parametrize("make", [other_program, other_application, other_version, no_database])
def test_a_file_of_another_program_is_left_alone(
    make: Callable[[Path], None], client: ff.Client
) -> None:
    """Not a byte of it changes."""
    ledger_file().parent.mkdir(exist_ok=True)
    make(ledger_file())
    before = ledger_file().read_bytes()
    with ledger_warnings() as messages:
        assert len(find(client).matches) == 3
        assert len(ff.runs()) == 0
        assert ff.forget(RUN_ID) == 0
    assert 1 <= len(messages) <= 5
    assert "another program" in messages[0] or "not a database" in messages[0]
    assert ledger_file().read_bytes() == before


def test_a_folder_in_place_of_the_ledger_is_a_warning(client: ff.Client) -> None:
    """And so is a path at which nothing can be."""
    ledger_file().mkdir()
    with ledger_warnings() as messages:
        assert len(find(client).matches) == 3
    assert "is not a file" in messages[0]
    with ledger_warnings() as messages:
        assert Ledger(Path("a\0b")).rows() == []
        Ledger(Path("x" * 5000)).refused("token")
    assert len(messages) == 2


def test_a_locked_ledger_is_waited_for_once(
    client: ff.Client, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for each of the things that a search records; they are recorded when it is free."""
    monkeypatch.setattr(the_file, "_BUSY_SECONDS", 0.2)
    waited: list[float] = []
    connect = sqlite3.connect

    def connecting(*args: Any, timeout: float, **options: Any) -> sqlite3.Connection:
        waited.append(timeout)
        return connect(*args, timeout=timeout, **options)

    def tell(update: ff.Update) -> None:
        if update.event is not None and other.in_transaction:
            other.execute("ROLLBACK")

    change("DELETE FROM runs", "DELETE FROM results")
    with closing(connect(finished, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", connecting)
        with ledger_warnings() as messages:
            assert len(find(client, progress=tell).matches) == 3
    assert "locked" in messages[0]
    assert waited[:3] == [0.2, 0, 0]
    assert ff.runs()[["findall_id", "has_result"]].values.tolist() == [[RUN_ID, True]]


@posix_only
def test_nobody_else_can_read_the_ledger(client: ff.Client) -> None:
    """Neither a new one, nor one that was made readable."""
    find(client)
    assert stat.S_IMODE(ledger_file().stat().st_mode) == 0o600
    ledger_file().chmod(0o644)
    ff.runs()
    assert stat.S_IMODE(ledger_file().stat().st_mode) == 0o600


def test_a_ledger_of_the_first_release_is_taken_over(
    finished: Path, server: ScriptedServer
) -> None:
    """With the results in it, and marked as a ledger."""
    with closing(sqlite3.connect(finished)) as connection, connection:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        connection.execute("DROP INDEX runs_by_time")
        connection.execute("ALTER TABLE runs DROP COLUMN reserved")
        connection.execute("DROP TABLE reviews")
        connection.execute("ALTER TABLE results DROP COLUMN digest")
        connection.execute("PRAGMA application_id = 0")
        connection.execute("PRAGMA user_version = 1")
    asked = len(server.requests)
    assert len(ff.resume(RUN_ID, progress=False).matches) == 3
    assert len(server.requests) == asked
    with closing(sqlite3.connect(finished)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (mark,)
        newest = (len(the_file._MIGRATIONS),)
        assert connection.execute("PRAGMA user_version").fetchone() == newest
    assert mark != 0


# -- forgetting ----------------------------------------------------------------------------------


def test_a_run_is_forgotten_by_its_id(
    client: ff.Client, finished: Path, server: ScriptedServer
) -> None:
    """With its result, of which not a byte is left in the file; it can still be fetched."""
    change("UPDATE runs SET objective = 'the secret of the kiln'")
    assert b"the secret of the kiln" in finished.read_bytes()
    assert ff.forget("findall_unknown") == 0
    assert ff.forget(RUN_ID) == 1
    assert len(ff.runs()) == 0
    assert b"the secret of the kiln" not in finished.read_bytes()
    asked = len(server.requests)
    assert len(ff.resume(RUN_ID, client=client, progress=False).matches) == 3
    assert len(server.requests) > asked


def test_runs_are_forgotten_by_their_age(client: ff.Client, finished: Path) -> None:
    """Those that were not seen since, results included."""
    then = (datetime.now(UTC) - timedelta(days=10)).isoformat().replace("+00:00", "Z")
    change("UPDATE runs SET updated_at = :then", then=then)
    Ledger.of_this_machine().refused("token")
    ledger = Ledger.of_this_machine()
    schema = ff.Search("o", entity_type="e", match_conditions=["c"]).to_schema()
    ledger.intend("token", service="s", schema=schema, asked="a", cost=None)
    assert ff.forget(older_than=10.5) == 0
    assert ff.forget(older_than=timedelta(days=9)) == 1
    assert ff.runs()["token"].tolist() == ["token"]
    with closing(sqlite3.connect(finished)) as connection:
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (0,)
    assert ff.forget(older_than=0) == 1


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), {}),
        (("findall_1",), {"older_than": 5}),
        ((), {"older_than": -1}),
        ((), {"older_than": float("nan")}),
        ((), {"older_than": 1e300}),
        ((), {"older_than": "5"}),
        ((5,), {}),
    ],
)
def test_what_to_forget_must_be_clear(
    arguments: tuple[Any, ...], options: dict[str, Any], finished: Path
) -> None:
    """Nothing is deleted otherwise."""
    with pytest.raises(ff.errors.InvalidRequestError, match="forget takes the findall_id"):
        ff.forget(*arguments, **options)
    assert len(ff.runs()) == 1
