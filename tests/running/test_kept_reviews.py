"""Judgements of people survive what is done with their run, in the ledger and beside it."""

from __future__ import annotations

import os
import pickle
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import findall_frames as ff
from findall_frames.frames.reviews import ReviewRow, newest_reviews
from findall_frames.running.ledger import Ledger
from findall_frames.running.ledger_reviews import keep_reviews, reviews_of
from tests.running.test_damaged_ledger import blank, cut, flip, ledger_warnings, scramble
from tests.support.scripted import RUN_ID, ScriptedServer, ends_as, find, healthy, result

SIZES = pd.DataFrame({"name": [f"N{n}" for n in range(14)], "size": range(14)})
QUESTION = "size at least 3"


def said(frames: ff.FindAllFrames) -> list[tuple[Any, ...]]:
    """Return what stands, without run, who and when."""
    columns = ["candidate_id", "field", "decision", "value"]
    rows = frames.tables["reviews"].select(columns).to_pylist()
    return in_order([tuple(row.values()) for row in rows])


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Sort by candidate and field, the candidate as a whole first."""
    return sorted(rows, key=lambda row: (row[0], row[1] or ""))


ACCEPTED = ("candidate_1", None, "accept", None)
CORRECTED = ("candidate_1", "makes_tiles", None, "no")
REJECTED = ("candidate_2", None, "reject", None)


@pytest.fixture
def reviewed(client: ff.Client) -> ff.FindAllFrames:
    """Frames of a run at the scripted service, of which two candidates are judged."""
    frames = find(client)
    frames.review("Tile maker 1", "accept", note="Saw it.", reviewer="Ada")
    frames.review("Tile maker 1", None, field="makes_tiles", value="no")
    frames.review("Tile maker 2", "reject")
    return frames


def ledger_rows(statement: str, **values: object) -> list[Any]:
    """Run a statement in the ledger of this test."""
    path = Path(os.environ["FINDALL_FRAMES_HOME"]) / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


# -- resuming ------------------------------------------------------------------------------------


def test_resume_restores_what_was_judged_on_this_machine(
    reviewed: ff.FindAllFrames, server: ScriptedServer
) -> None:
    """By id and without a request; as it was, with who and when."""
    sent = len(server.requests)
    resumed = ff.resume(RUN_ID, progress=False)
    assert len(server.requests) == sent
    assert resumed.tables["reviews"].equals(reviewed.tables["reviews"])
    resumed.review("Tile maker 2", "accept")
    assert said(ff.resume(RUN_ID, progress=False))[-1] == ("candidate_2", None, "accept", None)


def test_every_way_to_the_frames_of_a_run_restores_them(
    reviewed: ff.FindAllFrames, client: ff.Client
) -> None:
    """A search that reuses the result, and a handle of the run."""
    for again in (find(client, reuse=True), ff.Run(RUN_ID, client=client).frames()):
        assert said(again) == said(reviewed)


def test_a_judgement_that_was_taken_back_does_not_come_back(
    reviewed: ff.FindAllFrames, tmp_path: Path
) -> None:
    """Not even from frames that were stored before."""
    old = ff.read_parquet(reviewed.to_parquet(tmp_path / "old"))
    reviewed.review("Tile maker 1", None, note=None)
    for meant in (RUN_ID, old):
        assert said(ff.resume(meant, progress=False)) == [CORRECTED, REJECTED]


def test_of_two_judgements_the_later_one_stands(reviewed: ff.FindAllFrames) -> None:
    """Whether it is in the ledger or in a copy of the frames; the ledger has it from then on."""
    copy = pickle.loads(pickle.dumps(reviewed))
    copy.review("Tile maker 2", "accept")
    reviewed.review("Tile maker 1", "unsure")
    copy.review("Tile maker 3", "reject")
    assert said(ff.resume(RUN_ID, progress=False))[-1] == REJECTED
    expected = [
        ("candidate_1", None, "unsure", None),
        CORRECTED,
        ("candidate_2", None, "accept", None),
        ("candidate_3", None, "reject", None),
    ]
    for meant in (copy, RUN_ID):
        assert said(ff.resume(meant, progress=False)) == in_order(expected)


def test_frames_that_are_read_from_files_are_reviewed_in_the_ledger_too(
    reviewed: ff.FindAllFrames, tmp_path: Path
) -> None:
    """What is judged in them, what stood in the files, and what was judged since, if later."""
    folder = reviewed.to_parquet(tmp_path / "out")
    ledger_rows("DELETE FROM reviews WHERE candidate_id = 'candidate_1'")
    reviewed.review("Tile maker 2", "accept")
    read = ff.read_parquet(folder)
    accepted = ("candidate_2", None, "accept", None)
    assert said(read) == [ACCEPTED, CORRECTED, accepted]
    read.review("Tile maker 3", "reject")
    expected = [ACCEPTED, CORRECTED, accepted, ("candidate_3", None, "reject", None)]
    assert said(ff.resume(RUN_ID, progress=False)) == expected
    assert said(ff.read_parquet(folder)) == expected


def test_frames_are_read_from_files_without_a_ledger(
    reviewed: ff.FindAllFrames, tmp_path: Path
) -> None:
    """A damaged one is warned of; the reviews are those in the files."""
    folder = reviewed.to_parquet(tmp_path / "out")
    path = Path(os.environ["FINDALL_FRAMES_HOME"]) / "ledger.sqlite3"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.warns(ff.errors.LedgerWarning, match="not a database"):
        read = ff.read_parquet(folder)
    assert read.tables["reviews"].equals(reviewed.tables["reviews"])


def test_the_reviews_of_own_data_are_found_at_another_port(tmp_path: Path) -> None:
    """A service with a store gets a new address each time that it is started."""
    store = tmp_path / "runs.sqlite3"
    with ff.local(SIZES, store=store) as client:
        frames = ff.find_all(QUESTION, client=client, progress=False)
        first = client.base_url
        frames.review("N3", "accept")
    with ff.local(SIZES, store=store) as client:
        assert client.base_url != first
        again = ff.resume(frames.findall_id, client=client, progress=False)
    assert again.accepted["name"].tolist() == ["N3"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("https://one.example", "https://two.example"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8002"),
    ],
)
def test_another_service_with_the_same_id_has_its_own_reviews(one: str, two: str) -> None:
    """Ids are only unique at a service, unless they are random."""
    ledger = Ledger.of_this_machine()
    review = ReviewRow("findall_1", "c", None, "accept", None, None, None, datetime.now(UTC))
    keep_reviews(ledger, [review], service=one)
    assert reviews_of(ledger, "findall_1", service=one) == [review]
    assert reviews_of(ledger, "findall_1", service=two) == []


def test_reviews_are_kept_with_a_run_that_was_seen_again_at_another_port(tmp_path: Path) -> None:
    """Only the entry of the run at the old port is forgotten by its age."""
    store = tmp_path / "runs.sqlite3"
    with ff.local(SIZES, store=store) as client:
        frames = ff.find_all(QUESTION, client=client, progress=False)
        frames.review("N3", "accept")
    for table, column in (("runs", "updated_at"), ("reviews", "reviewed_at")):
        ledger_rows(f"UPDATE {table} SET {column} = '2026-01-02T03:04:05.000000Z'")
    with ff.local(SIZES, store=store) as client:
        ff.resume(frames.findall_id, client=client, progress=False)
        assert ff.forget(older_than=30) == 1
        again = ff.resume(frames.findall_id, client=client, progress=False)
        assert again.accepted["name"].tolist() == ["N3"]
    assert ff.forget(older_than=0) == 1
    assert ledger_rows("SELECT count(*) FROM reviews") == [(0,)]


def test_a_later_judgement_stands_although_another_clock_was_ahead(
    reviewed: ff.FindAllFrames,
) -> None:
    """What is judged last is kept, whatever the time in the ledger."""
    other = ff.resume(RUN_ID, progress=False)
    ahead = "2100-01-02T03:04:05.000000Z"
    ledger_rows("UPDATE reviews SET reviewed_at = :ahead, decision = 'accept'", ahead=ahead)
    for decision in ("reject", "unsure"):
        other.review("Tile maker 2", decision)
        again = said(ff.resume(RUN_ID, progress=False))
        assert again[-1] == ("candidate_2", None, decision, None)


def test_a_field_without_a_name_is_not_the_candidate_as_a_whole() -> None:
    """Null and the empty text are two keys; the later judgement of each stays."""
    ledger = Ledger.of_this_machine()
    now = datetime.now(UTC)
    for number, decision in enumerate(("accept", "reject", "unsure")):
        for field, earlier in ((None, 1), ("", -1)):
            at = now + timedelta(seconds=number * earlier)
            review = ReviewRow("1", "c", field, decision, None, None, None, at)
            keep_reviews(ledger, [review], service="https://one.example")
    kept = reviews_of(ledger, "1", service="https://one.example")
    assert {each.field: each.decision for each in kept} == {None: "unsure", "": "accept"}


TEXT = st.text(max_size=4) | st.sampled_from(["a\0b", "’", "\r\n", "🍞"])
MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(2026, 1, 1))
REVIEWS = st.builds(
    ReviewRow,
    st.just("1"),
    st.sampled_from(["c1", "c2", ""]),
    st.sampled_from(["n", "", None]),
    st.sampled_from(["accept", "reject", None]),
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | TEXT,
    MOMENTS | st.just(datetime(2026, 2, 3, tzinfo=UTC)),
    st.none(),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(REVIEWS, max_size=8))
def test_the_ledger_keeps_the_latest_judgement_of_each_thing(reviews: list[ReviewRow]) -> None:
    """Whatever their order, and whatever is written in them; all at once or one by one."""
    expected = newest_reviews(reviews)
    with tempfile.TemporaryDirectory() as folder:
        for number, batches in enumerate(([reviews], [[each] for each in reviews])):
            ledger = Ledger(Path(folder) / f"{number}.sqlite3")
            for batch in batches:
                keep_reviews(ledger, batch, service="https://one.example")
            kept = reviews_of(ledger, "1", service="https://one.example")
            assert {each.key: each for each in kept} == expected
            assert len(kept) == len(expected)


# -- going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ledger", ["on", "off"])
@pytest.mark.parametrize("meant", ["frames", "id"])
def test_reviews_survive_extend_and_enrich(
    ledger: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same run; without a ledger those of the frames that are passed."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", ledger)
    with ff.local(SIZES) as client:
        options: dict[str, Any] = {"client": client, "progress": False}
        frames = ff.find_all(QUESTION, match_limit=5, **options)
        frames.review("N3", "accept")
        frames.review("N4", None, field=frames.fields["field"][0], note="odd")
        run = frames if meant == "frames" else frames.findall_id
        for later in (
            ff.extend(run, 2, **options),
            ff.enrich(run, {"size": "The size"}, **options),
            ff.resume(run, **options),
        ):
            assert said(later) == (said(frames) if (ledger, meant) != ("off", "id") else [])
        assert len(later.matches) == 7


def test_frames_in_an_exception_have_the_reviews(
    server: ScriptedServer, client: ff.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without a ledger."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", "off")
    frames = find(client)
    frames.review("Tile maker 2", "reject")
    ends_as(server, "failed", reason="error_occurred")
    with pytest.raises(ff.PartialResultError) as caught:
        ff.resume(frames, client=client, errors="raise", progress=False)
    assert caught.value.frames is not None
    assert said(caught.value.frames) == [REJECTED]


def test_a_candidate_that_is_gone_takes_its_reviews_along(
    reviewed: ff.FindAllFrames, server: ScriptedServer, client: ff.Client
) -> None:
    """Until it is back."""
    healthy(server, matches=1)
    run = ff.Run(RUN_ID, client=client)
    assert said(run.frames()) == [ACCEPTED, CORRECTED]
    healthy(server)
    assert said(run.frames()) == said(reviewed)


# -- refreshing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ledger", ["on", "off"])
def test_a_refresh_takes_over_what_was_judged(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the identity of the candidates; own data is searched as a whole."""
    monkeypatch.setenv("FINDALL_FRAMES_LEDGER", ledger)
    frames = ff.find_all(QUESTION, data=SIZES[:8], progress=False)
    frames.review("N0", "accept")
    frames.review("N1", "reject", note="too small")
    frames.review("N3", "accept")
    new = ff.refresh(frames, data=SIZES[:12], progress=False)
    assert new.accepted["name"].tolist() == ["N3", "N0"]
    assert len(new.candidates) == 12
    assert new.reviews["decision"].tolist() == ["accept", "reject", "accept"]
    assert new.reviews["note"].dropna().to_dict() == {1: "too small"}
    assert repr(new).splitlines()[-1].endswith("2 accepted, 1 rejected; 8 matches not reviewed")
    listed = frames.compare(new).to_review
    assert listed["name"].tolist() == ["N8", "N9", "N10", "N11"]
    assert set(listed["reason"]) == {"new match"}
    last = ff.refresh(new, data=SIZES, progress=False)
    assert last.reviews["decision"].tolist() == ["accept", "reject", "accept"]
    assert last.reviews["reviewed_at"].tolist() == frames.reviews["reviewed_at"].tolist()
    last.review("N13", "accept")
    resumed = ff.resume(last.findall_id, progress=False) if ledger == "on" else last
    assert resumed.reviews["decision"].tolist() == ["accept", "reject", "accept", "accept"]


def test_a_new_search_of_own_data_says_where_its_reviews_are() -> None:
    """Of the same search and candidates only; the call in the warning takes them over."""
    frames = ff.find_all(QUESTION, data=SIZES, progress=False)
    frames.review("N3", "accept")
    frames.review("N4", "reject")
    frames.review("N4", None)
    with pytest.warns(ff.FindAllWarning, match="1 review of these") as told:
        again = ff.find_all(QUESTION, data=SIZES, progress=False)
    assert again.reviews.empty
    assert f"ff.refresh(ff.resume({frames.findall_id!r}), ...)" in str(told[0].message)
    new = ff.refresh(ff.resume(frames.findall_id, progress=False), data=SIZES, progress=False)
    assert new.accepted["name"].tolist() == ["N3"]
    with pytest.warns(ff.FindAllWarning, match=new.findall_id):
        ff.find_all(QUESTION, data=SIZES, progress=False)
    others = SIZES.assign(name=[f"M{n}" for n in range(14)])
    assert ff.find_all(QUESTION, data=others, progress=False).reviews.empty
    assert ff.find_all("size at least 4", data=SIZES, progress=False).reviews.empty


def test_a_judgement_of_a_field_is_taken_over_while_its_value_is_the_same() -> None:
    """Not on a candidate that is only perhaps the same; that of the whole candidate always."""

    def found(*names_and_sizes: tuple[str, int]) -> pd.DataFrame:
        table = pd.DataFrame(names_and_sizes, columns=["name", "size"])
        return table.assign(url=[f"https://{n.lower()}.example" for n in table["name"]])

    frames = ff.find_all(
        "size at least 9", data=found(("A", 1), ("B", 2), ("C", 3), ("M", 9)), progress=False
    )
    (field,) = set(frames.fields["field"])
    for name in "ABC":
        frames.review(name, "reject")
        frames.review(name, None, field=field, note="seen")
    later = found(("A", 1), ("B", 8), ("C", 3), ("M", 9), ("N", 9))
    later.loc[2, "url"] = "https://elsewhere.example"
    new = ff.refresh(frames, data=later, progress=False)
    names = dict(zip(new.candidates["candidate_id"], new.candidates["name"], strict=True))
    carried = {(names[each], at) for each, at, *_ in said(new)}
    assert carried == {("A", None), ("A", field), ("B", None)}


def test_refreshing_a_service_that_returns_the_same_run_keeps_its_reviews(
    reviewed: ff.FindAllFrames, client: ff.Client
) -> None:
    """There is one run afterwards."""
    both = ff.refresh(reviewed, client=client, progress=False)
    assert both.findall_ids == (RUN_ID,)
    assert said(both) == said(reviewed)


# -- the ledger ----------------------------------------------------------------------------------


def test_forgetting_a_run_forgets_what_was_judged(reviewed: ff.FindAllFrames) -> None:
    """By its id, and by its age if it was not reviewed since then; the frames stay as they are."""
    ledger_rows("UPDATE runs SET updated_at = '2026-01-02T03:04:05.000000Z'")
    assert ff.forget(older_than=1) == 0
    assert ledger_rows("SELECT count(*) FROM reviews") == [(3,)]
    ledger_rows("UPDATE reviews SET reviewed_at = '2026-01-03T03:04:05.000000Z'")
    assert ff.forget(older_than=1) == 1
    assert ledger_rows("SELECT count(*) FROM reviews") == [(0,)]
    reviewed.review("Tile maker 3", "accept", note="the secret of the kiln")
    path = Path(os.environ["FINDALL_FRAMES_HOME"]) / "ledger.sqlite3"
    assert b"the secret of the kiln" in path.read_bytes()
    ff.forget(RUN_ID)
    assert b"the secret of the kiln" not in path.read_bytes()
    assert len(reviewed.reviews) == 4


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("decision", "abcept"),
        ("decision", b"x"),
        ("note", b"\x00"),
        ("reviewed_at", "soon"),
        ("candidate_id", b"\xff"),
    ],
)
def test_a_damaged_review_is_left_out_with_a_warning(
    column: str, value: object, reviewed: ff.FindAllFrames
) -> None:
    """The others are there; frames that still have it bring it back."""
    ledger_rows(
        f"UPDATE reviews SET {column} = :value WHERE decision = 'reject'",
        value=value,
    )
    with pytest.warns(ff.errors.LedgerWarning, match=rf"1 review of run {RUN_ID} in the ledger"):
        resumed = ff.resume(RUN_ID, progress=False)
    assert said(resumed) == [ACCEPTED, CORRECTED]
    with pytest.warns(ff.errors.LedgerWarning):
        assert said(ff.resume(reviewed, progress=False)) == said(reviewed)


def test_a_ledger_that_cannot_be_written_loses_no_judgement(
    reviewed: ff.FindAllFrames, client: ff.Client
) -> None:
    """It is in the frames, with one warning."""
    path = Path(os.environ["FINDALL_FRAMES_HOME"]) / "ledger.sqlite3"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.warns(ff.errors.LedgerWarning, match="not a database"):
        reviewed.review("Tile maker 3", "accept")
    reviewed.review("Tile maker 3", "unsure")
    assert len(reviewed.reviews) == 4


@pytest.mark.parametrize("damage", [flip, cut, blank, scramble])
def test_no_damage_of_the_file_stops_a_review(
    damage: Callable[[bytearray, random.Random], None],
    reviewed: ff.FindAllFrames,
    client: ff.Client,
) -> None:
    """At any place; what is judged is in the frames, and frames that are resumed keep it."""
    path = Path(os.environ["FINDALL_FRAMES_HOME"]) / "ledger.sqlite3"
    whole = path.read_bytes()
    about = {row[:2] for row in said(reviewed)} | {("candidate_3", None)}
    for seed in range(6):
        chance = random.Random(seed)
        content = bytearray(whole)
        damage(content, chance)
        path.write_bytes(content)
        with ledger_warnings():
            reviewed.review("Tile maker 3", "accept", note=str(seed))
            resumed = ff.resume(reviewed, client=client, progress=False)
        assert {row[:2] for row in said(resumed)} == about
        path.with_name("ledger.sqlite3-journal").unlink(missing_ok=True)


def test_frames_from_elsewhere_do_not_write_to_the_ledger(reviewed: ff.FindAllFrames) -> None:
    """Those that were pickled or made; a part of frames that do, and a stack of them, does."""
    for apart in (
        pickle.loads(pickle.dumps(reviewed)),
        ff.flatten(result(), service="https://api.example"),
    ):
        apart.review("Tile maker 3", "accept")
    assert ledger_rows("SELECT count(*) FROM reviews") == [(3,)]
    other = result() | {"run": result()["run"] | {"findall_id": "findall_2"}}
    stacked = ff.FindAllFrames.concat([ff.flatten(other), reviewed.for_run(RUN_ID)])
    stacked.review((RUN_ID, "candidate_3"), "accept")
    stacked.review(("findall_2", "candidate_3"), "accept")
    assert said(ff.resume(RUN_ID, progress=False))[-1] == ("candidate_3", None, "accept", None)
    assert ledger_rows("SELECT count(*) FROM reviews") == [(4,)]


def test_processes_that_review_at_once_lose_nothing(reviewed: ff.FindAllFrames) -> None:
    """Each judges fields of its own and one that all of them judge."""
    code = (
        "import sys, findall_frames as ff\n"
        "from tests.support.scripted import RUN_ID\n"
        "frames = ff.resume(RUN_ID, progress=False)\n"
        "for number in range(20):\n"
        "    frames.review(f'Tile maker {sys.argv[1]}', 'unsure', note=str(number))\n"
        "    frames.review('Tile maker 3', 'accept', note=f'{sys.argv[1]} {number}')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, number], cwd=Path(__file__).parents[2])
        for number in ("1", "2")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    resumed = ff.resume(RUN_ID, progress=False)
    notes = resumed.reviews.query("field.isna()").set_index("candidate_id")["note"]
    assert notes["candidate_1"] == notes["candidate_2"] == "19"
    assert notes["candidate_3"] in ("1 19", "2 19")
