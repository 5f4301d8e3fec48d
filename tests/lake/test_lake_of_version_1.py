"""A lake that the first release wrote, kept in version_1/, stays readable."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

import findall_frames as ff
from findall_frames.frames.schema import SCHEMAS
from tests.support.lakes import age, run_of


@pytest.fixture
def lake(tmp_path: Path) -> ff.Lake:
    """Return a copy of it: a compaction of two runs, and a file of one that replaces its run."""
    copy = shutil.copytree(Path(__file__).with_name("version_1"), tmp_path / "lake")
    return ff.open_lake(copy)


def check_kilnworks(lake: ff.Lake) -> None:
    """Check what it says about one run."""
    frames = lake.frames("findall_2")
    assert frames.candidates["name"].tolist() == ["Kilnworks", "B"]
    assert frames.candidates["match_status"].tolist() == ["matched", "unmatched"]
    assert frames.fields["value"].tolist() == ["Tiles", "73", "Bricks"]
    assert frames.fields["is_matched"].tolist()[0] is True
    assert frames.fields["confidence"].tolist()[0] == "low"
    assert frames.citations["excerpts"].tolist() == [["One.", "Two."], []]
    (run,) = frames.runs.to_dict("records")
    assert (run["status"], run["service"]) == ("completed", "https://api.example")
    assert run["created_at"] == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    search = frames.searches["findall_2"]
    assert search.objective == "Find all makers of clay tiles"
    assert [each.name for each in search.match_conditions] == ["makes_tiles", "family_owned"]


def test_it_is_read_as_it_was_written(lake: ff.Lake) -> None:
    """As frames, in SQL, and in what goes across runs."""
    check_kilnworks(lake)
    assert lake.frames().findall_ids == ("findall_2", "findall_1")
    for name, schema in SCHEMAS.items():
        assert getattr(lake, name).columns == schema.names
    counts = "SELECT (SELECT count(*) FROM candidates), (SELECT count(*) FROM citations)"
    assert lake.sql(counts).fetchall() == [(4, 4)]
    found = lake.entities()
    assert found["entity"].tolist() == [
        "findall_1-0.example",
        "findall_1-1.example",
        "b.example",
        "kilnworks.example",
    ]
    assert [each.name for each in lake.known("findall_2")][-1] == "Kilnworks"


def test_it_is_appended_to_and_compacted(lake: ff.Lake) -> None:
    """By this release, and stays what it was."""
    run_of("findall_3", size=2).append_to(lake)
    for _ in range(2):
        check_kilnworks(lake)
        frames = lake.frames(["findall_1", "findall_3"])
        assert frames.runs["last_event_id"].tolist() == ["2", "0"]
        assert frames.candidates["description"].tolist() == ["revision 2"] * 2 + ["revision 0"] * 2
        lake.compact()
    age(lake.path, hours=25)
    lake.compact()
    check_kilnworks(lake)
