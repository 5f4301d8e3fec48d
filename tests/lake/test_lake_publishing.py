"""Publishing a lake as Delta tables, and reading them with Polars and DuckDB."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import findall_frames as ff
from findall_frames.errors import ExportError, InvalidRequestError, MissingExtraError
from findall_frames.frames.schema import KEYS, SCHEMAS, TABLES
from tests.support.lakes import FILLED, run_of

deltalake = pytest.importorskip("deltalake")


@pytest.fixture
def lake(tmp_path: Path) -> ff.Lake:
    """Return a lake with two runs, of which the second found nothing."""
    made = ff.open_lake(tmp_path / "lake")
    run_of("findall_1").append_to(made)
    run_of("findall_2", size=0).append_to(made)
    return made


def versions(place: Path) -> dict[str, int]:
    """Return how often each table with rows was changed since it was created."""
    return {name: deltalake.DeltaTable(place / name).version() for name in FILLED}


def rows(place: Path, name: str) -> set[tuple[str, str]]:
    """Return the runs and revisions in a table."""
    column = {"runs": "last_event_id", "candidates": "description", "fields": "value"}.get(name)
    table = pl.scan_delta(str(place / name)).collect()
    revision = table[column] if column else table["excerpts"].list.first()
    return set(zip(table["findall_id"], revision.str.replace("revision ", ""), strict=True))


def test_polars_and_duckdb_read_what_was_published(lake: ff.Lake, tmp_path: Path) -> None:
    """All rows with all columns, and which write they are from; also tables without rows."""
    place = tmp_path / "published"
    lake.publish(place)
    for name in TABLES:
        expected = getattr(lake, name).pl()
        found = pl.scan_delta(str(place / name)).collect()
        assert found.columns == [*SCHEMAS[name].names, "write_id"]
        # A set of runs has no order.
        assert found.drop("write_id").sort(KEYS[name]).equals(expected.sort(KEYS[name]))
        published = deltalake.DeltaTable(place / name).to_pyarrow_dataset()
        counted = duckdb.connect().from_arrow(published).aggregate("count(*)").fetchall()
        assert counted == [(len(expected),)]
    empty = tmp_path / "empty"
    ff.open_lake(tmp_path / "none").publish(str(empty))
    assert pl.scan_delta(str(empty / "fields")).collect().is_empty()
    assert versions(empty) == dict.fromkeys(FILLED, 0)


def test_publishing_again_adds_nothing(lake: ff.Lake, tmp_path: Path) -> None:
    """Not even a commit; also if the lake was compacted meanwhile."""
    lake.publish(tmp_path / "published")
    lake.publish(f"{tmp_path / 'published'}/")
    lake.compact()
    lake.publish(tmp_path / "published")
    assert versions(tmp_path / "published") == dict.fromkeys(FILLED, 0)


def test_a_new_run_is_added_and_a_replaced_one_replaced(lake: ff.Lake, tmp_path: Path) -> None:
    """In one commit per table; tables without changes have none."""
    place = tmp_path / "published"
    lake.publish(place)
    run_of("findall_3").append_to(lake)
    lake.publish(place)
    assert versions(place) == dict.fromkeys(FILLED, 1)
    run_of("findall_1", 1).append_to(lake)
    run_of("findall_o'neil", 1).append_to(lake)
    lake.publish(place)
    assert versions(place) == dict.fromkeys(FILLED, 2)
    expected = {("findall_1", "1"), ("findall_3", "0"), ("findall_o'neil", "1")}
    for name in FILLED:
        assert rows(place, name) - {("findall_2", "0")} == expected
        assert len(pl.scan_delta(str(place / name)).collect()) == (4 if name == "runs" else 9)
    run_of("findall_1", 2, size=0).append_to(lake)
    lake.publish(place)
    assert rows(place, "fields") == {("findall_3", "0"), ("findall_o'neil", "1")}
    assert ("findall_1", "2") in rows(place, "runs")


@pytest.mark.parametrize("commits", range(len(FILLED)))
def test_publishing_that_was_interrupted_is_completed_by_the_next(
    lake: ff.Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    """Without a row too many; until then the table runs, which comes last, has the old runs."""
    place = tmp_path / "published"
    lake.publish(place)
    run_of("findall_1", 1).append_to(lake)
    run_of("findall_3", 1).append_to(lake)
    left = commits
    real = deltalake.write_deltalake

    def stopping(*args: Any, **options: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("the disk is full")
        real(*args, **options)

    monkeypatch.setattr(deltalake, "write_deltalake", stopping)
    with pytest.raises(ExportError, match=r"disk is full.*Publish again"):
        lake.publish(place)
    monkeypatch.undo()
    assert rows(place, "runs") == {("findall_1", "0"), ("findall_2", "0")}
    lake.publish(place)
    for name in FILLED:
        assert rows(place, name) - {("findall_2", "0")} == {("findall_1", "1"), ("findall_3", "1")}
        assert len(pl.scan_delta(str(place / name)).collect()) == (3 if name == "runs" else 6)
    assert set(versions(place).values()) == {1}


def test_nothing_is_written_over_what_was_not_published(lake: ff.Lake, tmp_path: Path) -> None:
    """Files of any kind, and Delta tables of others."""
    place = tmp_path / "published"
    (place / "fields").mkdir(parents=True)
    (place / "fields" / "mine.txt").write_text("keep me")
    with pytest.raises(ExportError, match=r"fields' holds files"):
        lake.publish(place)
    assert [path.name for path in place.rglob("*") if path.is_file()] == ["mine.txt"]
    (place / "fields" / "mine.txt").unlink()
    deltalake.write_deltalake(place / "fields", pl.DataFrame({"findall_id": ["x"]}))
    with pytest.raises(ExportError, match="not published from a lake"):
        lake.publish(place)
    assert sorted(path.name for path in place.iterdir()) == ["fields"]


def test_what_publishing_needs_is_said(
    lake: ff.Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one format, and the library."""
    with pytest.raises(InvalidRequestError, match="format is 'delta', not 'iceberg'"):
        lake.publish(tmp_path / "published", format="iceberg")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "deltalake", None)
    monkeypatch.setitem(sys.modules, "deltalake.exceptions", None)
    with pytest.raises(MissingExtraError, match=r"findall-frames\[delta\]"):
        lake.publish(tmp_path / "published")
