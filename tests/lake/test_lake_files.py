"""Appending to a lake and compacting it: whole runs only, whatever happens meanwhile."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import findall_frames as ff
from findall_frames.errors import InvalidRequestError, LakeError, PartialResultWarning
from findall_frames.frames.replacing import PROVENANCE
from findall_frames.frames.schema import SCHEMAS, TABLES
from findall_frames.lake.storage import Storage
from tests.support.lakes import (
    Killable,
    age,
    append_at_once,
    check,
    keep_appending,
    keep_compacting,
    kill_at,
    revision,
    run_of,
)
from tests.support.results import candidate, result


def same(one: ff.FindAllFrames, two: ff.FindAllFrames) -> bool:
    """Return True if tables and searches are equal."""
    tables = all(one.tables[name].equals(two.tables[name]) for name in TABLES)
    return tables and one.searches == two.searches


def files(lake: ff.Lake) -> list[str]:
    """Return the commit records."""
    return sorted(path.name.partition(".")[0] for path in (lake.path / "runs").iterdir())


@pytest.fixture
def lake(tmp_path: Path) -> ff.Lake:
    """Return a new lake."""
    return ff.open_lake(tmp_path / "lake")


def test_runs_come_back_as_they_were_appended(lake: ff.Lake) -> None:
    """Types, categories, nulls, order and searches, one by one or together, compacted or not."""
    bare = ff.flatten(result(candidate("B", status="shortlisted"), findall_id="findall_2"))
    both = ff.FindAllFrames.concat([run_of("findall_1"), bare])
    run_of("findall_1").append_to(lake)
    bare.append_to(lake)
    assert same(lake.frames(), both)
    lake.compact()
    assert same(lake.frames(), both)
    assert same(lake.frames("findall_2"), bare)
    assert same(lake.frames(["findall_1"]), run_of("findall_1"))
    assert same(lake.frames([]), ff.FindAllFrames.concat([]))


def test_many_runs_at_once_are_one_write(lake: ff.Lake) -> None:
    """All of them or none."""
    many = ff.FindAllFrames.concat(run_of(f"findall_{number}") for number in range(5))
    many.append_to(lake)
    assert files(lake) == ["many"]
    assert same(lake.frames(), many)
    run_of("findall_3", 1).append_to(lake)
    assert check(lake) == {f"findall_{n}": int(n == 3) for n in range(5)}
    assert same(lake.frames("findall_3"), run_of("findall_3", 1))
    assert lake.frames().findall_ids == tuple(f"findall_{n}" for n in (0, 1, 2, 4, 3))


def test_a_run_that_is_appended_again_replaces_itself(lake: ff.Lake) -> None:
    """The last one counts, before and after compaction."""
    for number in range(3):
        run_of("findall_1", number).append_to(lake)
        assert check(lake) == {"findall_1": number}
    lake.compact()
    assert check(lake) == {"findall_1": 2}
    run_of("findall_1", 3).append_to(lake)
    assert check(lake) == {"findall_1": 3}
    lake.compact()
    assert check(lake) == {"findall_1": 3}
    assert same(lake.frames(), run_of("findall_1", 3))


def test_the_last_write_counts_whatever_the_clocks_say(
    lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of one machine may be a year behind that of another."""
    run_of("findall_1", 1).append_to(lake)
    (lake.path / "runs" / "zz-a-file-of-another-program-with-a-long-name.parquet").touch()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 365 * 24 * 3600 * 10**9)
    run_of("findall_1", 2).append_to(lake)
    assert check(lake) == {"findall_1": 2}


@pytest.mark.parametrize(
    "findall_id", ["", "CON", "../up", "a/b\\c:d*?", "é" * 300, "x" * 300, ".hidden", "O'Neil", "%"]
)
def test_odd_ids_make_safe_file_names(lake: ff.Lake, findall_id: str) -> None:
    """The id itself is kept in the rows."""
    run_of(findall_id).append_to(lake)
    names = [path.name for path in lake.path.rglob("*.parquet")]
    assert len(names) == 4
    assert all(len(name) < 150 and name.startswith("run_") and name.isascii() for name in names)
    assert sorted(path.name for path in lake.path.parent.iterdir()) == ["lake"]
    assert lake.frames().findall_ids == (findall_id,)
    assert same(lake.frames(findall_id), run_of(findall_id))


@pytest.mark.parametrize("name", ["lake [1]*", "o'clock", "läke 漢"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """DuckDB takes paths for patterns."""
    lake = ff.open_lake(tmp_path / "above" / name)
    run_of("findall_1").append_to(lake)
    lake.compact()
    run_of("findall_2").append_to(lake)
    assert check(lake) == {"findall_1": 0, "findall_2": 0}


def test_a_folder_that_is_not_a_lake_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    """Whether it was there when it was opened or came later."""
    folder = run_of("findall_1").to_parquet(tmp_path / "tables")
    before = sorted(folder.iterdir())
    with pytest.raises(LakeError, match=r"is not a lake.*'candidates\.parquet'.*read_parquet"):
        ff.open_lake(folder)
    with pytest.raises(LakeError, match="There is no folder at"):
        ff.open_lake(folder / "runs.parquet")
    late = ff.open_lake(tmp_path / "late")
    shutil.copytree(folder, tmp_path / "late")
    for refused in (lambda: run_of("findall_1").append_to(late), late.compact):
        with pytest.raises(LakeError, match="is not a lake"):
            refused()
    assert sorted(folder.iterdir()) == before
    assert len(list((tmp_path / "late").iterdir())) == len(before)


def test_a_lake_is_created_by_the_first_append(tmp_path: Path) -> None:
    """Opening writes nothing, and neither does compacting or appending nothing."""
    lake = ff.open_lake(tmp_path / "new")
    assert repr(lake) == f"Lake({str(tmp_path / 'new')!r}): 0 runs"
    lake.compact()
    ff.FindAllFrames.concat([]).append_to(lake)
    assert len(lake.frames().findall_ids) == 0
    assert not lake.path.exists()
    run_of("findall_1").append_to(lake)
    assert repr(ff.open_lake(str(lake.path))).endswith(
        ": 1 run, 3 candidates, 3 fields, 3 citations"
    )


def test_opening_reads_no_data(lake: ff.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the commit records."""
    run_of("findall_1").append_to(lake)
    opened = []
    monkeypatch.setattr(pq, "ParquetFile", lambda *args, **_: opened.append(args))
    ff.open_lake(lake.path)
    assert not opened


def test_frames_that_do_not_hold_together_are_refused(lake: ff.Lake) -> None:
    """A run twice, or rows without their run."""
    tables = dict(run_of("findall_1").tables)
    twice = {**tables, "runs": pa.concat_tables([tables["runs"]] * 2)}
    with pytest.raises(InvalidRequestError, match="each with its own findall_id"):
        ff.FindAllFrames(twice).append_to(lake)
    lost = {**tables, "runs": SCHEMAS["runs"].empty_table()}
    with pytest.raises(InvalidRequestError, match="rows of run 'findall_1'"):
        ff.FindAllFrames(lost).append_to(lake)
    with pytest.raises(InvalidRequestError, match="open_lake"):
        run_of("findall_1").append_to("lake")  # type: ignore[arg-type]
    assert not lake.path.exists()


def test_searches_without_a_run_are_left_out(lake: ff.Lake) -> None:
    """They are in no run's table, and would stay in the lake when they have succeeded."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    searches = ["country = 'Italy'", "Find cities with a charming harbour"]
    with pytest.warns(PartialResultWarning, match="1 of 2 searches"):
        frames = ff.find_many(searches, data=cities, progress=False)
    assert frames.runs["status"].tolist() == ["completed", "refused"]
    frames.append_to(lake)
    assert lake.frames().findall_ids == frames.findall_ids[:1]
    with pytest.warns(PartialResultWarning):
        ff.find_many(searches[1:], data=cities, progress=False).append_to(lake)
    assert len(files(lake)) == 1


def test_damaged_and_missing_files_are_named(lake: ff.Lake) -> None:
    """With what to do about it."""
    run_of("findall_1").append_to(lake)
    run_of("findall_2").append_to(lake)
    (path,) = (lake.path / "fields").glob("findall_1.*")
    good = path.read_bytes()
    path.write_bytes(good[:200])
    with pytest.raises(LakeError, match=r"fields.*findall_1.*append its runs again"):
        lake.frames()
    with pytest.raises(LakeError, match="append its run again"):
        lake.sql("FROM fields")
    path.unlink()
    with pytest.raises(LakeError, match="can't be read") as caught:
        lake.frames("findall_1")
    assert caught.value.findall_id == "findall_1"
    assert lake.frames("findall_2").findall_ids == ("findall_2",)
    with pytest.raises(LakeError, match=r"fields.*findall_1"):
        lake.compact()
    run_of("findall_1", 1).append_to(lake)
    assert check(lake) == {"findall_1": 1, "findall_2": 0}
    lake.compact()
    assert check(lake) == {"findall_1": 1, "findall_2": 0}
    run_of("findall_3").append_to(lake)
    (record,) = (lake.path / "runs").glob("findall_3.*")
    record.write_bytes(b"")
    with pytest.raises(LakeError, match=r"commit record.*findall_3"):
        ff.open_lake(lake.path).frames()


def test_rows_that_vanish_from_a_file_are_noticed(lake: ff.Lake) -> None:
    """The commit record says how many there are."""
    run_of("findall_1").append_to(lake)
    (path,) = (lake.path / "citations").glob("*.parquet")
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(LakeError, match="2 rows of these runs, not 3"):
        lake.frames()


def test_a_full_disk_changes_nothing(lake: ff.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so, and the half of it that was written is removed."""
    run_of("findall_1").append_to(lake)
    before = sorted(lake.path.rglob("*"))
    full = OSError(errno.ENOSPC, "No space left on device")
    for place in ("fsync", "utime"):
        monkeypatch.setattr(os, place, lambda *_: (_ for _ in ()).throw(full))
        with pytest.raises(LakeError, match=r"No space left.*as it was before"):
            run_of("findall_1", 1).append_to(lake)
        monkeypatch.undo()
        assert check(lake) == {"findall_1": 0}
        assert sorted(lake.path.rglob("*")) == before


def test_a_relative_path_stays_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the notebook goes."""
    monkeypatch.chdir(tmp_path)
    lake = ff.open_lake("lake")
    run_of("findall_1").append_to(lake)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    run_of("findall_2").append_to(lake)
    assert check(lake) == {"findall_1": 0, "findall_2": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["below", "lake"]


def test_a_lake_of_a_newer_release_is_refused(lake: ff.Lake) -> None:
    """Its tables could mean something else."""
    run_of("findall_1").append_to(lake)
    (path,) = (lake.path / "runs").iterdir()
    table = pq.read_table(path)
    described = json.loads(table.schema.metadata[PROVENANCE])
    newer = json.dumps({**described, "schema_version": 99})
    pq.write_table(table.replace_schema_metadata({PROVENANCE: newer}), path)
    with pytest.raises(LakeError, match="upgrade"):
        ff.open_lake(lake.path).frames()


def test_the_search_is_kept_without_secrets(lake: ff.Lake) -> None:
    """As in `to_parquet`."""
    from findall_frames.api.models import FindAllEnrichInput, FindAllSchema, JsonSchema, McpServer

    server = McpServer(
        "https://tools.example?k=s3cr3t", "tools", headers={"authorization": "s3cr3t"}
    )
    wanted = FindAllEnrichInput(JsonSchema({"type": "object"}), mcp_servers=[server])
    search = FindAllSchema("Find", "things", [], [wanted])
    ff.flatten(result(candidate("A")), schema=search).append_to(lake)
    for path in lake.path.rglob("*.parquet"):
        assert "s3cr3t" not in str(pq.read_table(path, partitioning=None).to_pylist())
    assert lake.frames().searches["findall_1"].objective == "Find"


# -- compaction ------------------------------------------------------------------------------------


def test_compaction_makes_few_files_and_removes_the_old_ones_a_day_later(lake: ff.Lake) -> None:
    """A relation that was made before still reads them."""
    for number in range(6):
        run_of(f"findall_{number}").append_to(lake)
    before = lake.candidates
    lake.compact()
    assert files(lake) == ["compact", *(f"findall_{number}" for number in range(6))]
    age(lake.path, hours=23)
    lake.compact()
    assert len(before.fetchall()) == 18
    assert len(files(lake)) == 7
    age(lake.path, hours=2)
    lake.compact()
    assert {path.name.partition(".")[0] for path in lake.path.rglob("*.parquet")} == {"compact"}
    assert len(list(lake.path.rglob("*.parquet"))) == 4
    assert check(lake) == {f"findall_{number}": 0 for number in range(6)}


def test_compacting_again_changes_nothing(lake: ff.Lake) -> None:
    """Unless there is something new, which is merged with what there is."""
    for number in range(3):
        run_of(f"findall_{number}").append_to(lake)
    lake.compact()
    before = sorted(lake.path.rglob("*"))
    lake.compact()
    assert sorted(lake.path.rglob("*")) == before
    run_of("findall_1", 1).append_to(lake)
    lake.compact()
    age(lake.path, hours=25)
    lake.compact()
    assert files(lake) == ["compact"]
    assert check(lake) == {"findall_0": 0, "findall_1": 1, "findall_2": 0}
    assert pq.read_metadata(next((lake.path / "candidates").iterdir())).num_rows == 9


def test_large_files_are_left_alone_until_a_run_in_them_is_replaced(
    lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a compaction costs what is new, not what there is."""
    monkeypatch.setattr("findall_frames.lake.compaction._LARGE_BYTES", 40_000)
    for number in range(8):
        run_of(f"findall_{number}").append_to(lake)
    lake.compact()
    first = list((lake.path / "runs").glob("compact.*"))
    assert len(first) > 1
    assert check(lake) == {f"findall_{number}": 0 for number in range(8)}
    monkeypatch.setattr("findall_frames.lake.compaction._LARGE_BYTES", 10_000)
    lake.compact()
    assert list((lake.path / "runs").glob("compact.*")) == first
    run_of("findall_0", 1).append_to(lake)
    lake.compact()
    assert len(list((lake.path / "runs").glob("compact.*"))) > len(first)
    assert check(lake) == {f"findall_{number}": int(not number) for number in range(8)}


@pytest.mark.parametrize("inner", ["append", "compact"])
def test_a_run_that_is_replaced_while_the_lake_is_compacted_is_replaced(
    lake: ff.Lake, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    """Whichever of the two began first: one goes on while the other begins and ends."""
    run_of("findall_1", 1).append_to(lake)
    run_of("findall_2", 1).append_to(lake)
    other = ff.open_lake(lake.path)
    verbs = {
        "append": lambda lake: run_of("findall_1", 2).append_to(lake),
        "compact": lambda lake: lake.compact(),
    }
    real = Storage.commit

    def commit(storage: Storage, folder: Path, name: str) -> None:
        monkeypatch.undo()
        verbs[inner](other)
        real(storage, folder, name)

    monkeypatch.setattr(Storage, "commit", commit)
    verbs["compact" if inner == "append" else "append"](lake)
    for _ in range(2):
        assert check(lake) == {"findall_1": 2, "findall_2": 1}
        lake.compact()


def test_two_compactions_at_once_do_no_harm(lake: ff.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both copy the same runs, and each counts once."""
    for number in range(3):
        run_of(f"findall_{number}").append_to(lake)
    other = ff.open_lake(lake.path)
    real = Storage.commit

    def twice(storage: Storage, folder: Path, name: str) -> None:
        monkeypatch.undo()
        other.compact()
        real(storage, folder, name)
        assert len(list((lake.path / "runs").glob("compact.*"))) == 2
        assert check(ff.open_lake(lake.path)) == {f"findall_{number}": 0 for number in range(3)}

    monkeypatch.setattr(Storage, "commit", twice)
    lake.compact()
    assert Storage.commit is real
    assert check(lake) == {f"findall_{number}": 0 for number in range(3)}
    assert same(lake.frames("findall_1"), run_of("findall_1"))
    lake.compact()
    age(lake.path, hours=25)
    lake.compact()
    assert files(lake) == ["compact"]
    assert check(lake) == {f"findall_{number}": 0 for number in range(3)}


def test_leftovers_of_writers_that_were_killed_go_after_a_day(lake: ff.Lake) -> None:
    """Until then they may belong to one that is at work; files of others stay for ever."""
    run_of("findall_1").append_to(lake)
    (lake.path / "candidates" / "notes.parquet").write_text("mine")
    name = "findall_2.1700000000000000-0123abcd.parquet"
    (lake.path / "candidates" / name).write_bytes(b"half")
    (lake.path / ".writing" / "1700000000000000-0123abcd").mkdir()
    lake.compact()
    assert (lake.path / "candidates" / name).exists()
    assert check(lake) == {"findall_1": 0}
    age(lake.path, hours=25)
    lake.compact()
    assert not (lake.path / "candidates" / name).exists()
    assert not list((lake.path / ".writing").iterdir())
    assert (lake.path / "candidates" / "notes.parquet").exists()
    assert check(lake) == {"findall_1": 0}


def test_columns_of_another_release_survive_a_compaction(lake: ff.Lake) -> None:
    """Those that an older one lacks are null, and those that this one does not know are kept."""
    run_of("findall_1").append_to(lake)
    run_of("findall_2").append_to(lake)
    (older,) = (lake.path / "candidates").glob("findall_1.*")
    pq.write_table(pq.read_table(older, partitioning=None).drop_columns(["row"]), older)
    (newer,) = (lake.path / "candidates").glob("findall_2.*")
    table = pq.read_table(newer, partitioning=None)
    pq.write_table(table.append_column("score", pa.array([0.5] * 3)), newer)
    expected = ff.FindAllFrames.concat([run_of("findall_1"), run_of("findall_2")])
    for _ in range(2):
        assert same(lake.frames(), expected)
        assert check(lake) == {"findall_1": 0, "findall_2": 0}
        assert lake.candidates.columns == SCHEMAS["candidates"].names
        lake.compact()
    (merged,) = (lake.path / "candidates").glob("compact.*")
    assert pq.read_table(merged)["score"].to_pylist() == [None] * 3 + [0.5] * 3


# -- killed, and several at once -------------------------------------------------------------------


@pytest.mark.parametrize("step", range(4))
def test_an_append_that_is_killed_between_two_files_changes_nothing(
    lake: ff.Lake, step: int
) -> None:
    """The same call again completes it."""
    run_of("findall_1", 0).append_to(lake)
    with Killable(kill_at, lake.path, step, "append") as process:
        assert process.received() == []
    assert check(lake) == {"findall_1": 0}
    run_of("findall_1", 1).append_to(lake)
    assert check(lake) == {"findall_1": 1}


@pytest.mark.parametrize("step", [0, 3, 4, 5, 8, 12, 17])
def test_a_compaction_that_is_killed_between_two_files_changes_nothing(
    lake: ff.Lake, step: int
) -> None:
    """While it moves files, or while it removes old ones."""
    for number in range(4):
        run_of(f"findall_{number}").append_to(lake)
    expected = {f"findall_{number}": 0 for number in range(4)}
    with Killable(kill_at, lake.path, step, "compact") as process:
        assert process.received() == []
    assert check(lake) == expected
    lake.compact()
    age(lake.path, hours=25)
    lake.compact()
    assert check(lake) == expected
    assert len(list(lake.path.rglob("*.parquet"))) == 4


def notes(lake: ff.Lake) -> set[int]:
    """Return the revisions in which the judgements of a lake were made."""
    return {int(note) for (note,) in lake.reviews.select("note").fetchall()}


def kill_appends(lake: ff.Lake, *, kills: int) -> None:
    """Kill a writer at random moments; what it has said is there, and the tables agree."""
    chance = random.Random(kills)
    last = -1
    for _ in range(kills):
        with Killable(keep_appending, lake.path, "findall_1", last + 1) as process:
            assert process.connection.recv() == "ready"
            time.sleep(chance.uniform(0, 0.15))
            process.process.kill()
            said = process.received()
        last = max(last, *said) if said else last
        found = check(lake).get("findall_1", -1)
        assert found in (last, last + 1)
        last = found
        assert notes(lake) == {number for number in range(last - 2, last + 1) if number >= 0}
    judged = notes(lake)
    run_of("findall_1", last + 1).append_to(lake)
    lake.compact()
    assert check(lake) == {"findall_1": last + 1}
    assert notes(lake) == judged


def kill_compactions(lake: ff.Lake, *, kills: int) -> None:
    """Kill a compaction at random moments, also while it removes files."""
    chance = random.Random(kills)
    run_of("findall_1").append_to(lake)
    for _ in range(kills):
        with Killable(keep_compacting, lake.path, -60.0) as process:
            assert process.connection.recv() == "ready"
            time.sleep(chance.uniform(0, 0.3))
            process.process.kill()
            said = process.received()
        found = check(lake)
        assert found.pop("findall_1") == 0
        if said:
            assert found["findall_more"] in (said[-1], said[-1] + 1)
    age(lake.path, hours=25)
    lake.compact()
    age(lake.path, hours=25)
    lake.compact()
    assert check(lake)["findall_1"] == 0
    assert len(list(lake.path.rglob("*.parquet"))) == 4


def test_killed_at_a_random_moment(tmp_path: Path) -> None:
    """A few times each; below more often."""
    kill_appends(ff.open_lake(tmp_path / "appended"), kills=3)
    kill_compactions(ff.open_lake(tmp_path / "compacted"), kills=3)


@pytest.mark.thorough
def test_killed_at_thirty_moments(tmp_path: Path) -> None:
    """While appending, and while compacting."""
    kill_appends(ff.open_lake(tmp_path / "appended"), kills=30)
    kill_compactions(ff.open_lake(tmp_path / "compacted"), kills=30)


def test_several_writers_and_a_compaction_at_once_beside_a_reader(lake: ff.Lake) -> None:
    """The reader sees whole runs only, and none of them vanishes."""
    writers, runs = 3, 4
    processes = [Killable(append_at_once, lake.path, number, runs) for number in range(writers)]
    compactor = Killable(keep_compacting, lake.path, None)
    for process in (*processes, compactor):
        assert process.connection.recv() == "ready"
    for process in processes:
        process.connection.send("go")
    seen: set[str] = set()
    while any(process.process.is_alive() for process in processes):
        found = set(check(lake))
        assert seen <= found
        seen = found
    for process in processes:
        assert process.received() == ["done"]
    for process in (*processes, compactor):
        process.__exit__()
    found = check(lake)
    assert {f"findall_{w}_{n}" for w in range(writers) for n in range(runs)} <= set(found)
    assert found["findall_shared"] % 1000 == runs - 1
    assert revision(lake, "findall_shared") == found["findall_shared"]
