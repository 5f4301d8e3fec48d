"""Writing and reading folders of Parquet files."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from findall_frames.api.models import FindAllEnrichInput, FindAllSchema, JsonSchema, McpServer
from findall_frames.errors import ExportError, ParquetError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames, read_frames
from findall_frames.frames.replacing import PROVENANCE
from findall_frames.frames.schema import SCHEMAS, TABLES
from tests.support.results import SEARCH, basis, candidate, condition, enrichment, result, reviewed

FRAMES = reviewed(
    flatten(
        result(
            candidate(
                "Kilnworks",
                output={
                    "makes_tiles": condition("Tiles", matched=True),
                    "n": enrichment([1, None]),
                },
                basis=[basis("makes_tiles", "One.", "Two.", confidence="low"), basis("gone")],
            ),
            candidate("B", status="shortlisted"),
        ),
        schema=SEARCH,
        service="http://127.0.0.1:8000",
    )
)
OTHER = flatten(result(candidate("Other"), findall_id="findall_2"))


def same(one: FindAllFrames, two: FindAllFrames) -> bool:
    """Return True if tables and searches are equal, in Arrow and in pandas."""
    for name in SCHEMAS:
        if not one.tables[name].equals(two.tables[name]):
            return False
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    return one.searches == two.searches


@pytest.mark.parametrize("frames", [FRAMES, OTHER, FindAllFrames.concat([])])
def test_a_round_trip_changes_nothing(frames: FindAllFrames, tmp_path: Path) -> None:
    """Types, categories, their order, nulls and the search come back."""
    folder = frames.to_parquet(tmp_path / "deep" / "folder")
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.parquet" for n in TABLES)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["folder"]
    assert same(read_frames(folder), frames)
    assert same(read_frames(str(folder)), frames)


def test_pandas_reads_each_file_with_nullable_types(tmp_path: Path) -> None:
    """Without this package."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    fields = pd.read_parquet(folder / "fields.parquet")
    assert fields["is_matched"].dtype == "boolean"
    assert fields["citation_count"].dtype == "Int64"
    assert fields["confidence"].cat.ordered
    citations = pd.read_parquet(folder / "citations.parquet")
    assert list(citations.loc[0, "excerpts"]) == ["One.", "Two."]


def test_every_file_says_where_it_is_from(tmp_path: Path) -> None:
    """Under one key of the metadata, and without secrets of the search."""
    server = McpServer(
        "https://tools.example?k=s3cr3t", "tools", headers={"authorization": "s3cr3t"}
    )
    wanted = FindAllEnrichInput(JsonSchema({"type": "object"}), mcp_servers=[server])
    search = FindAllSchema("Find", "things", [], [wanted])
    frames = flatten(result(candidate("A")), schema=search, service="https://s3cr3t@api.example")
    folder = frames.to_parquet(tmp_path / "out")
    provenances = []
    for name in TABLES:
        metadata = pq.read_schema(folder / f"{name}.parquet").metadata
        provenances.append(json.loads(metadata[PROVENANCE]))
        assert set(metadata) == {PROVENANCE, b"pandas"}
        assert b"s3cr3t" not in (folder / f"{name}.parquet").read_bytes()
    assert [each["table"] for each in provenances] == list(TABLES)
    assert len({each["write_id"] for each in provenances}) == 1
    assert provenances[0]["services"] == ["https://api.example"]
    assert provenances[0]["searches"]["findall_1"]["objective"] == "Find"
    assert provenances[0]["schema_version"] == 1


def test_writing_again_replaces_our_files_and_no_other(tmp_path: Path) -> None:
    """Other files in the folder stay."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    (folder / "notes.txt").write_text("keep me")
    OTHER.to_parquet(folder)
    assert same(read_frames(folder), OTHER)
    assert (folder / "notes.txt").read_text() == "keep me"
    assert len(list(folder.iterdir())) == len(TABLES) + 1


def test_a_write_killed_while_moving_files_counts(
    tmp_path: Path,
) -> None:
    """Readers see all new tables, and the next write moves the rest."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    committed = OTHER.to_parquet(tmp_path / "new").rename(folder / ".findall_frames")
    assert same(read_frames(folder), OTHER)
    (committed / "fields.parquet").replace(folder / "fields.parquet")
    assert same(read_frames(folder), OTHER)
    FRAMES.to_parquet(folder)
    assert same(read_frames(folder), FRAMES)
    assert len(list(folder.iterdir())) == len(TABLES)


def test_a_writer_that_is_killed_leaves_the_old_tables_or_the_new_ones(tmp_path: Path) -> None:
    """Sets of both profiles are written in turn, and the writer is killed at random moments."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    FRAMES.to_parquet(tmp_path / "one")
    OTHER.to_parquet(tmp_path / "two")
    code = (
        "import sys\n"
        "from findall_frames.frames.frames import read_frames\n"
        "out, *sources = sys.argv[1:]\n"
        "frames = [read_frames(source) for source in sources]\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    frames[0].to_parquet(out)\n"
        "    frames[1].to_parquet(out, profile='bi')\n"
    )
    folders = [str(folder), str(tmp_path / "one"), str(tmp_path / "two")]
    chance = random.Random(2)
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", code, *folders], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline().strip() == b"ready"
            time.sleep(0.3 + chance.random() / 2)
            writer.kill()
        found = read_frames(folder)
        assert same(found, FRAMES if found.findall_id == FRAMES.findall_id else OTHER)
    FRAMES.to_parquet(folder)
    assert same(read_frames(folder), FRAMES)
    # What the killed writers left is removed after a day, by name; nothing else may be there.
    kept = {path.name for path in folder.iterdir() if not path.name.startswith(".findall_frames.")}
    assert kept == {f"{name}.parquet" for name in TABLES}


def test_leftovers_of_killed_writers_are_removed_after_a_day(tmp_path: Path) -> None:
    """Until then they may belong to a running writer."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    fresh, old = (folder / f".findall_frames.{letter * 32}" for letter in "ab")
    for left in (fresh, old):
        left.mkdir()
        (left / "fields.parquet").write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    FRAMES.to_parquet(folder)
    assert fresh.is_dir()
    assert not old.exists()
    assert same(read_frames(folder), FRAMES)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    """Files of two writes."""
    folder = FRAMES.to_parquet(tmp_path / "one")
    other = OTHER.to_parquet(tmp_path / "two")
    (other / "fields.parquet").replace(folder / "fields.parquet")
    with pytest.raises(ParquetError, match="not written together"):
        read_frames(folder)


def test_missing_broken_and_foreign_files_are_refused(tmp_path: Path) -> None:
    """Each error names the file and what to do."""
    with pytest.raises(ParquetError, match="is no folder"):
        read_frames(tmp_path / "none")
    folder = FRAMES.to_parquet(tmp_path / "out")
    (folder / "runs.parquet").rename(folder / "kept")
    with pytest.raises(ParquetError, match=r"runs\.parquet missing"):
        read_frames(folder)
    (folder / "runs.parquet").write_bytes(b"PAR1 but cut")
    with pytest.raises(ParquetError, match="cannot be read as Parquet"):
        read_frames(folder)
    pd.DataFrame({"a": [1]}).to_parquet(folder / "runs.parquet")
    with pytest.raises(ParquetError, match="not written by"):
        read_frames(folder)


def test_a_file_with_other_columns_or_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """By the schema version and by the columns."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    path = folder / "runs.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["status"]), path)
    with pytest.raises(ParquetError, match="does not have the columns"):
        read_frames(folder)
    newer = {**json.loads(table.schema.metadata[PROVENANCE]), "schema_version": 99}
    pq.write_table(table.replace_schema_metadata({PROVENANCE: json.dumps(newer)}), path)
    with pytest.raises(ParquetError, match="upgrade"):
        read_frames(folder)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    """At the path itself, or above it."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="is a file"):
        FRAMES.to_parquet(tmp_path / "file")
    with pytest.raises(ExportError, match="could not be written"):
        FRAMES.to_parquet(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "x"
