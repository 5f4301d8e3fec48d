"""Judgements in a lake: none is lost, whoever appends the run again."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import findall_frames as ff
from findall_frames.errors import LakeError
from findall_frames.frames.replacing import PROVENANCE
from findall_frames.frames.reviews import newest_reviews, reviews_in
from findall_frames.frames.schema import KEYS
from findall_frames.lake.storage import Storage
from tests.support.lakes import age, run_of

RUN = "findall_1"


@pytest.fixture
def lake(tmp_path: Path) -> ff.Lake:
    """Return a new lake."""
    return ff.open_lake(tmp_path / "lake")


def judged(
    *judgements: tuple[int, str | None], run: str = RUN, revision: int = 0
) -> ff.FindAllFrames:
    """Return a run of three candidates, of which some, by number, were judged."""
    frames = run_of(run, revision)
    for number, decision in judgements:
        frames.review(f"{run} {number}", decision, reviewer="ada")
    return frames


def standing(lake: ff.Lake) -> dict[Any, str]:
    """Return the decisions of a lake, which all ways to read it agree on."""
    names = "candidate_id[-1]::INT"
    of_sql = lake.sql(f"SELECT findall_id, {names}, field, decision FROM reviews").fetchall()
    of_relation = lake.reviews.select(f"findall_id, {names}, field, decision").fetchall()
    of_frames = [
        (each.findall_id, int(each.candidate_id[-1]), each.field, each.decision)
        for each in reviews_in(lake.frames().tables["reviews"])
    ]
    found = {tuple(key): decision for *key, decision in of_sql}
    assert len(found) == len(of_sql)
    assert sorted(map(repr, of_sql)) == sorted(map(repr, of_relation))
    assert sorted(map(repr, of_sql)) == sorted(map(repr, of_frames))
    return {
        (number if (run, field) == (RUN, None) else (run, number, field)): decision
        for (run, number, field), decision in found.items()
    }


def compacted(lake: ff.Lake) -> None:
    """Compact a lake, and leave no file that was merged."""
    lake.compact()
    age(lake.path, hours=25)
    lake.compact()


@pytest.mark.parametrize("between", [lambda lake: None, lambda lake: lake.compact(), compacted])
def test_a_run_that_is_appended_again_keeps_its_reviews(
    lake: ff.Lake, between: Callable[[ff.Lake], None]
) -> None:
    """Whoever appends it need not have them."""
    judged((0, "accept"), (2, "reject")).append_to(lake)
    between(lake)
    judged(revision=1).append_to(lake)
    assert standing(lake) == {0: "accept", 2: "reject"}
    between(lake)
    judged((1, "unsure"), revision=2).append_to(lake)
    for _ in range(2):
        assert standing(lake) == {0: "accept", 1: "unsure", 2: "reject"}
        assert lake.runs.select("last_event_id").fetchall() == [("2",)]
        between(lake)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_latest_judgement_stands_whichever_was_appended_last(
    lake: ff.Lake, order: tuple[int, int]
) -> None:
    """Of a candidate and of a field, each for itself."""
    copies = [judged((0, "accept"), (1, "accept")), judged((0, "reject"))]
    copies[1].review(f"{RUN} 1", "unsure", field="makes_tiles")
    for number in order:
        copies[number].append_to(lake)
    for _ in range(2):
        assert standing(lake) == {0: "reject", 1: "accept", (RUN, 1, "makes_tiles"): "unsure"}
        lake.compact()


def test_what_was_taken_back_stays_so(lake: ff.Lake) -> None:
    """Although a copy that has it is appended afterwards; until it is judged again."""
    old = judged((0, "accept"), (1, "accept"))
    old.append_to(lake)
    newer = lake.frames()
    newer.review(f"{RUN} 0", None)
    copies: list[Callable[[ff.FindAllFrames], ff.FindAllFrames]] = [
        lambda frames: frames.for_run(RUN),
        lambda frames: pickle.loads(pickle.dumps(frames)),
        lambda frames: ff.FindAllFrames.concat([frames, run_of("findall_2")]),
    ]
    for copy in copies:
        newer = copy(newer)
    newer.append_to(lake)
    old.append_to(lake)
    for _ in range(2):
        assert standing(lake) == {1: "accept"}
        compacted(lake)
    old.append_to(lake)
    again = lake.frames(RUN)
    again.append_to(lake)
    assert standing(lake) == {1: "accept"}
    again.review(f"{RUN} 0", "reject")
    again.append_to(lake)
    assert standing(lake) == {0: "reject", 1: "accept"}


@pytest.mark.parametrize("inner", ["append", "compact"])
@pytest.mark.parametrize("outer", ["append", "compact"])
def test_judgements_that_meet_are_all_kept(
    lake: ff.Lake, monkeypatch: pytest.MonkeyPatch, outer: str, inner: str
) -> None:
    """One call begins and ends while another is at work, in another process as it were."""
    judged((0, "accept")).append_to(lake)
    judged(revision=1).append_to(lake)
    other = ff.open_lake(lake.path)
    real = Storage.commit

    def commit(storage: Storage, folder: Path, name: str) -> None:
        monkeypatch.undo()
        other.compact() if inner == "compact" else judged((2, "reject"), revision=1).append_to(
            other
        )
        real(storage, folder, name)

    monkeypatch.setattr(Storage, "commit", commit)
    lake.compact() if outer == "compact" else judged((1, "unsure"), revision=1).append_to(lake)
    expected = {0: "accept"}
    expected |= {1: "unsure"} if outer == "append" else {}
    expected |= {2: "reject"} if inner == "append" else {}
    for _ in range(2):
        assert standing(lake) == expected
        compacted(lake)


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_judging_appending_and_compacting_keeps_the_latest(
    lake: ff.Lake, seed: int
) -> None:
    """Three people have copies of two runs, and judge, take back, append and load at random."""
    chance = random.Random(seed)
    runs = (RUN, "findall_2")
    copies = {person: {run: run_of(run) for run in runs} for person in range(3)}
    expected: list[Any] = []
    for _ in range(25):
        step = chance.choice(["judge"] * 4 + ["append"] * 4 + ["load", "compact", "age"])
        person, run = chance.randrange(3), chance.choice(runs)
        frames = copies[person][run]
        if step == "judge":
            decision = chance.choice(["accept", "reject", None])
            field = chance.choice([None, "makes_tiles"])
            frames.review(f"{run} {chance.randrange(3)}", decision, field=field)
        elif step == "append":
            frames.append_to(lake)
            expected += [*reviews_in(frames.tables["reviews"]), *frames.taken_back]
        elif step == "load" and run in lake.frames().findall_ids:
            copies[person][run] = lake.frames(run)
        elif step == "compact":
            lake.compact()
        elif step == "age":
            compacted(lake)
        found = reviews_in(lake.frames().tables["reviews"])
        latest = newest_reviews(expected).values()
        assert set(found) == {each for each in latest if not each.is_empty}
        assert len(standing(lake)) == len(found)


def test_a_judgement_of_a_candidate_that_is_gone_is_kept_but_in_no_frames(lake: ff.Lake) -> None:
    """Each review in frames has its candidate."""
    judged((2, "reject")).append_to(lake)
    run_of(RUN, size=2).append_to(lake)
    lake.compact()
    assert lake.reviews.select("decision").fetchall() == [("reject",)]
    assert lake.frames().reviews.empty
    run_of(RUN).append_to(lake)
    assert standing(lake) == {2: "reject"}


def test_reviews_come_back_in_the_order_of_the_runs(lake: ff.Lake) -> None:
    """As they were appended."""
    both = ff.FindAllFrames.concat(
        [judged((1, "accept"), run="findall_2"), judged((2, "accept"), (0, "reject"))]
    )
    both.append_to(lake)
    for _ in range(2):
        assert lake.frames().tables["reviews"].equals(both.tables["reviews"])
        lake.compact()


def test_reviews_are_compacted_without_their_run(
    lake: ff.Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the write of it that counts is large enough to be left alone."""
    monkeypatch.setattr("findall_frames.lake.compaction._LARGE_BYTES", 1)
    judged((0, "accept")).append_to(lake)
    judged((1, "reject"), revision=1).append_to(lake)
    compacted(lake)
    records = sorted(path.name.partition(".")[0] for path in (lake.path / "runs").iterdir())
    assert records == ["compact", RUN]
    assert standing(lake) == {0: "accept", 1: "reject"}
    before = sorted(lake.path.rglob("*"))
    lake.compact()
    assert sorted(lake.path.rglob("*")) == before
    next((lake.path / "runs").glob(f"{RUN}.*")).unlink()
    assert standing(lake) == {}


def test_damaged_reviews_can_be_given_up(lake: ff.Lake) -> None:
    """With the file to delete, and the runs to append; nothing is left out silently."""
    judged((0, "accept")).append_to(lake)
    judged((1, "accept"), revision=1).append_to(lake)
    damaged = min((lake.path / "reviews").iterdir())
    damaged.write_bytes(b"PAR1")
    record = lake.path / "runs" / damaged.name
    with pytest.raises(LakeError, match="give up its judgements and delete") as caught:
        lake.frames()
    assert repr(str(record)) in str(caught.value)
    with pytest.raises(LakeError, match="can't be read"):
        lake.reviews.fetchall()
    with pytest.raises(LakeError, match="give up its judgements"):
        lake.compact()
    record.unlink()
    assert standing(lake) == {1: "accept"}


def test_rows_of_reviews_that_vanish_are_noticed(lake: ff.Lake) -> None:
    """Also after a compaction, whose commit record counts what it merged."""
    judged((0, "accept"), (1, "accept")).append_to(lake)
    judged((1, "reject"), revision=1).append_to(lake)
    compacted(lake)
    (path,) = (lake.path / "reviews").iterdir()
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(LakeError, match="1 rows of these runs, not 2"):
        lake.frames()


def test_reviews_that_the_first_release_compacted_are_read(lake: ff.Lake) -> None:
    """Its commit records counted them with the rows of each run alone."""
    judged((0, "accept"), (2, "reject")).append_to(lake)
    judged((1, "unsure"), run="findall_2").append_to(lake)
    compacted(lake)
    (record,) = (lake.path / "runs").iterdir()
    table = pq.read_table(record, partitioning=None)
    described = json.loads(table.schema.metadata[PROVENANCE])
    assert described.pop("reviews") == {RUN: 2, "findall_2": 1}
    pq.write_table(table.replace_schema_metadata({PROVENANCE: json.dumps(described)}), record)
    expected = {0: "accept", 2: "reject", ("findall_2", 1, None): "unsure"}
    assert standing(ff.open_lake(lake.path)) == expected


def test_a_column_of_a_newer_release_survives_in_reviews(lake: ff.Lake) -> None:
    """It belongs to the judgement that stands."""
    judged((0, "accept")).append_to(lake)
    (path,) = (lake.path / "reviews").iterdir()
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.append_column("weight", pa.array([0.5])), path)
    judged((1, "accept"), revision=1).append_to(lake)
    compacted(lake)
    (path,) = (lake.path / "reviews").iterdir()
    assert sorted(pq.read_table(path)["weight"].to_pylist(), key=str) == [0.5, None]


def test_reviews_are_published_with_the_write_of_their_run(lake: ff.Lake, tmp_path: Path) -> None:
    """So that a join with runs has them, wherever they are from."""
    deltalake = pytest.importorskip("deltalake")
    place = tmp_path / "published"

    def published() -> list[tuple[str, str]]:
        tables = [pl.read_delta(str(place / name)) for name in ("reviews", "runs")]
        joined = tables[0].join(tables[1], on=["findall_id", "write_id"])
        assert len(joined) == len(tables[0]) == lake.reviews.count("*").fetchall()[0][0]
        return sorted(joined.select("candidate_id", "decision").rows())

    judged((0, "accept")).append_to(lake)
    judged(run="findall_2").append_to(lake)
    lake.publish(place)
    first = published()
    judged((1, "reject"), revision=1).append_to(lake)
    lake.publish(place)
    assert published() == [*first, (first[0][0][:-1] + "1", "reject")]
    frames = lake.frames(RUN)
    for number in range(2):
        frames.review(f"{RUN} {number}", None)
    frames.append_to(lake)
    lake.publish(place)
    assert published() == []
    version = deltalake.DeltaTable(place / "reviews").version()
    run_of("findall_3").append_to(lake)
    lake.publish(place)
    assert deltalake.DeltaTable(place / "reviews").version() == version
    assert set(KEYS["reviews"]) <= set(pl.read_delta(str(place / "reviews")).columns)


def test_what_the_ledger_knows_to_be_taken_back_is_taken_back_in_the_lake(
    lake: ff.Lake, tmp_path: Path
) -> None:
    """The frames in which it was said may be gone."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    frames = ff.find_all("country = 'Italy'", data=cities, progress=False)
    folder = frames.to_parquet(tmp_path / "tables")
    frames.review("Rome", "accept")
    frames.append_to(lake)
    frames.review("Rome", None)
    assert lake.reviews.select("decision").fetchall() == [("accept",)]
    ff.read_parquet(folder).append_to(lake)
    assert lake.reviews.fetchall() == []
