"""Folders of Parquet files that are damaged or foreign, or that must not be overwritten."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from findall_frames.errors import ExportError, ParquetError
from findall_frames.frames.flatten import flatten
from findall_frames.frames.frames import FindAllFrames, read_frames
from findall_frames.frames.replacing import PROVENANCE
from findall_frames.frames.schema import TABLES
from tests.support.results import basis, candidate, condition, enrichment, result, reviewed, search

FRAMES = reviewed(
    flatten(
        result(
            *(
                candidate(
                    f"Kilnworks {number}",
                    output={
                        "makes_tiles": condition("Tiles", matched=True),
                        "n": enrichment(number),
                    },
                    basis=[basis("makes_tiles", f"One {number}.", "Two."), basis("n", "Three.")],
                )
                for number in range(20)
            )
        ),
        schema=search({"n": {"type": "integer"}}),
    )
)
OTHER = flatten(result(candidate("Other"), findall_id="findall_2"))


def is_one_of(found: FindAllFrames, *expected: FindAllFrames) -> bool:
    """Return True if the tables and searches are those of one of the expected frames."""
    return any(
        found.searches == frames.searches
        and all(found.tables[name].equals(frames.tables[name]) for name in TABLES)
        for frames in expected
    )


DAMAGE = ["flipped", "cut", "zeroed", "repeated"]


def damage_bytes(path: Path, damage: str, chance: random.Random) -> int:
    """Damage a file anywhere, and return where."""
    changed = bytearray(path.read_bytes())
    # Every other time in the metadata at the end, of which each byte matters more.
    start = chance.choice([0, len(changed) // 2])
    at = chance.randrange(start, len(changed))
    length = chance.choice([1, 8, 100])
    if damage == "flipped":
        changed[at] ^= 1 << chance.randrange(8)
    elif damage == "cut":
        del changed[at : at + length]
    elif damage == "zeroed":
        changed[at : at + length] = bytes(len(changed[at : at + length]))
    else:
        changed[at:at] = changed[at : at + length]
    path.write_bytes(changed)
    return at


@pytest.mark.parametrize("profile", ["analysis", "bi"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_bytes_are_found_or_change_nothing(
    profile: Any, damage: str, tmp_path: Path
) -> None:
    """Anywhere in any of the files: pages, their headers, the metadata."""
    folder = FRAMES.to_parquet(tmp_path / "out", profile=profile)
    files = sorted(path for path in folder.iterdir() if path.stem != "matches")
    chance = random.Random(f"{profile} {damage}")
    found = []
    for round_ in range(150):
        path = files[round_ % len(files)]
        whole = path.read_bytes()
        at = damage_bytes(path, damage, chance)
        try:
            assert is_one_of(read_frames(folder), FRAMES), (path.name, at)
        except ParquetError as error:
            found.append((path.name, str(error)))
        path.write_bytes(whole)
    assert len(found) > 50
    assert all(name in message for name, message in found)
    assert is_one_of(read_frames(folder), FRAMES)


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table], *, rows: bool = True) -> None:
    """Change the rows of a file, and what it says about itself with them."""
    table = pq.read_table(path)
    changed = change(table)
    described = json.loads(table.schema.metadata[PROVENANCE])
    del described["digest"]
    if rows:
        described["rows"] = changed.num_rows
    metadata = {PROVENANCE: json.dumps(described).encode()}
    pq.write_table(changed.replace_schema_metadata(metadata), path)


def nulled(table: pa.Table, name: str) -> pa.Table:
    """Set the first value of a column to null."""
    values = [None, *table[name].to_pylist()[1:]]
    at = table.schema.get_field_index(name)
    return table.set_column(at, name, pa.array(values, table.schema.field(name).type))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        *(
            (name, lambda table: pa.concat_tables([table, table.slice(0, 1)]), "repeats a row")
            for name in (*TABLES, "excerpts")
        ),
        ("runs", lambda table: table.slice(1), "belongs to nothing.*findall_1"),
        ("candidates", lambda table: table.slice(1), "belongs to nothing.*candidate_kilnworks-0"),
        ("fields", lambda table: table.slice(1), "belongs to nothing.*makes_tiles"),
        ("candidates", lambda table: nulled(table, "candidate_id"), "without a key"),
        ("reviews", lambda table: nulled(table, "candidate_id"), "without a key"),
        ("citations", lambda table: nulled(table, "citation"), "without a key"),
        ("candidates", lambda table: table.rename_columns(["x", *table.column_names[1:]]), "x|key"),
        ("citations", lambda table: table.drop_columns(["url"]), "url"),
        ("fields", lambda table: pa.table({"a": [1]}), "findall_id"),
        (
            "runs",
            lambda table: table.set_column(
                table.schema.get_field_index("match_limit"),
                "match_limit",
                pa.array(["many"]),
            ),
            "many",
        ),
    ],
)
def test_rows_and_columns_that_cannot_be_are_found(
    name: str, change: Callable[[pa.Table], pa.Table], message: str, tmp_path: Path
) -> None:
    """The error names the file; also if it was written by a program that keeps our metadata."""
    folder = FRAMES.to_parquet(tmp_path / "out", profile="bi")
    rewrite(folder / f"{name}.parquet", change)
    with pytest.raises(ParquetError, match=rf"(?s)\.parquet.*({message})"):
        read_frames(folder)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write sets of both profiles: the one to be tampered with, and others to take files from."""
    folder = tmp_path_factory.mktemp("sets")
    written = {"first": FRAMES, "again": FRAMES, "other": OTHER}
    profiles: tuple[Any, ...] = ("analysis", "bi")
    return {
        f"{profile} {name}": frames.to_parquet(folder / profile / name, profile=profile)
        for profile in profiles
        for name, frames in written.items()
    }


def tamper(folder: Path, sets: dict[str, Path], chance: random.Random) -> str:
    """Do something to one file of a folder, and say what."""
    files = sorted(folder.iterdir())
    path, another = chance.choice(files), chance.choice(files)
    content = path.read_bytes()
    stranger = chance.choice(sorted(sets))
    what = chance.choice(
        [*DAMAGE, "removed", "emptied", "exchanged", "replaced", "copied", "rewritten", "fewer"]
    )
    if what in DAMAGE and content:
        damage_bytes(path, what, chance)
    elif what == "removed":
        path.unlink()
    elif what == "emptied":
        path.write_bytes(b"")
    elif what == "exchanged":
        path.write_bytes(another.read_bytes())
        another.write_bytes(content)
    elif what == "replaced":
        path.write_bytes(chance.choice(sorted(sets[stranger].iterdir())).read_bytes())
    elif what == "copied":
        (folder / f"{another.stem} (1).parquet").write_bytes(content)
    else:
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException):
            return f"{path.name} unreadable"
        if what == "fewer":
            table = table.slice(0, max(0, len(table) - 1))
        elif chance.random() < 0.5:
            table = table.replace_schema_metadata(None)
        pq.write_table(table, path, compression=chance.choice(["none", "gzip"]), row_group_size=7)
    return f"{path.name} {what} ({another.name}, {stranger})"


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.thorough)])
def test_sets_that_were_tampered_with_are_refused_or_whole(
    count: int, sets: dict[str, Path], tmp_path: Path
) -> None:
    """Files damaged, lost, exchanged, of another write or run, or rewritten by other programs."""
    refused = 0
    for number in range(count):
        chance = random.Random(number)
        profile = chance.choice(["analysis", "bi"])
        folder = shutil.copytree(sets[f"{profile} first"], tmp_path / str(number))
        done = [tamper(folder, sets, chance) for _ in range(chance.choice([1, 1, 2, 4]))]
        try:
            assert is_one_of(read_frames(folder), FRAMES), (number, profile, done)
        except ParquetError:
            refused += 1
        shutil.rmtree(folder)
    assert 0.5 * count < refused < 0.95 * count


def test_lost_rows_are_found(tmp_path: Path) -> None:
    """No other file tells how many excerpts there were."""
    folder = FRAMES.to_parquet(tmp_path / "out", profile="bi")
    rewrite(folder / "excerpts.parquet", lambda table: table.slice(1), rows=False)
    with pytest.raises(ParquetError, match=r"excerpts\.parquet.*it has 59 of 60 rows"):
        read_frames(folder)


@pytest.mark.parametrize(
    "provenance",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b'{"schema_version": "new"}',
        b'{"schema_version": null}',
        b'{"schema_version": 1, "profile": "bi"}',
        *(
            json.dumps(
                {
                    **dict.fromkeys(("package", "write_id"), "x"),
                    **{key: [] for key in ("changes", "findall_ids", "services")},
                    **{"schema_version": 1, "table": "runs", "profile": "analysis"},
                    **wrong,
                }
            ).encode()
            for wrong in (
                {"searches": []},
                {"searches": {}, "profile": "tableau"},
                {"searches": {}, "write_id": 5},
                {"searches": {}, "digest": "0"},
                {"searches": {}},  # of another write
            )
        ),
    ],
)
def test_metadata_that_is_not_ours_is_refused(provenance: bytes, tmp_path: Path) -> None:
    """Whatever is under our key."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    path = folder / "runs.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({PROVENANCE: provenance}), path)
    with pytest.raises(ParquetError, match=r"runs\.parquet"):
        read_frames(folder)


def test_files_under_the_names_of_others_are_refused(tmp_path: Path) -> None:
    """The error says which table is in which file."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    shutil.copy(folder / "fields.parquet", folder / "citations.parquet")
    with pytest.raises(ParquetError, match=r"citations\.parquet' holds the table 'fields'"):
        read_frames(folder)


@pytest.mark.parametrize("profile", ["analysis", "bi"])
def test_a_set_written_before_there_were_reviews_is_read(profile: Any, tmp_path: Path) -> None:
    """Even beside a table of reviews of another set; the next write adds reviews to the folder."""
    folder = shutil.copytree(Path(__file__).parent / "earlier_release" / profile, tmp_path / "out")
    old = read_frames(folder)
    assert old.matches[["name", "employees"]].to_numpy().tolist() == [["Kilnworks", 73]]
    assert list(old.reviews.columns) == list(FRAMES.reviews.columns)
    assert len(old.reviews) == 0
    other = FRAMES.to_parquet(tmp_path / "other", profile=profile)
    shutil.copy(other / "reviews.parquet", folder)
    assert is_one_of(read_frames(folder), old)
    old.review("Kilnworks", "accept")
    assert is_one_of(read_frames(old.to_parquet(folder, profile=profile)), old)


def test_reviews_that_are_missing_or_of_another_write_are_found(tmp_path: Path) -> None:
    """A set that was written with reviews is not read without them."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    shutil.copy(OTHER.to_parquet(tmp_path / "other") / "reviews.parquet", folder)
    with pytest.raises(ParquetError, match="not written together"):
        read_frames(folder)
    (folder / "reviews.parquet").unlink()
    with pytest.raises(ParquetError, match=r"runs\.parquet.*; reviews\.parquet missing"):
        read_frames(folder)


def test_files_of_earlier_releases_are_read(tmp_path: Path) -> None:
    """They have neither the number of rows nor a digest in their metadata."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    for path in folder.iterdir():
        table = pq.read_table(path)
        described = json.loads(table.schema.metadata[PROVENANCE])
        del described["digest"], described["rows"]
        metadata = {PROVENANCE: json.dumps(described)}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    assert is_one_of(read_frames(folder), FRAMES)


@pytest.mark.parametrize(
    "profiles", [("analysis", "analysis"), ("bi", "analysis"), ("analysis", "bi"), ("bi", "bi")]
)
def test_a_reader_sees_the_old_tables_or_the_new_ones_during_a_write(
    profiles: tuple[Any, Any], tmp_path: Path
) -> None:
    """Another process writes without a pause; no read fails."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    code = (
        "import sys\n"
        "from tests.frames.test_damaged_parquet import FRAMES, OTHER\n"
        "out, *profiles = sys.argv[1:]\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    FRAMES.to_parquet(out, profile=profiles[0])\n"
        "    OTHER.to_parquet(out, profile=profiles[1])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder), *profiles],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline().strip() == b"ready"
            seen = set()
            for _ in range(60):
                found = read_frames(folder)
                assert is_one_of(found, FRAMES, OTHER)
                seen.add(found.findall_id)
        finally:
            writer.kill()
    assert seen == {"findall_1", "findall_2"}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def foreign_folder(folder: Path) -> Path:
    """Make a folder that somebody else has filled."""
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("the only copy")
    pd.DataFrame({"a": [1]}).to_parquet(folder / "fields.parquet")
    (folder / "fields.csv").write_text("a,b\n1,2\n")
    return folder


EXPORTS: dict[str, Callable[[FindAllFrames, Path], Path]] = {
    "parquet": lambda frames, path: frames.to_parquet(path),
    "bi": lambda frames, path: frames.to_parquet(path, profile="bi"),
    "csv": lambda frames, path: frames.to_csv(path),
}


def move_there(foreign: Path, folder: Path) -> None:
    shutil.move(foreign, folder)


def link_it(foreign: Path, folder: Path) -> None:
    folder.symlink_to(foreign)


def keep_it_in_the_folder(foreign: Path, folder: Path) -> None:
    folder.mkdir()
    shutil.move(foreign, folder / ".findall_frames")


def keep_a_link_in_the_folder(foreign: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / ".findall_frames").symlink_to(foreign)


def put_folders_in_the_way(foreign: Path, folder: Path) -> None:
    for kind in ("parquet", "csv"):
        (folder / f"fields.{kind}").mkdir(parents=True)


def link_the_files(foreign: Path, folder: Path) -> None:
    folder.mkdir()
    for kind in ("parquet", "csv"):
        (folder / f"fields.{kind}").symlink_to(foreign / f"fields.{kind}")


@pytest.mark.parametrize("export", list(EXPORTS))
@pytest.mark.parametrize(
    "place",
    [
        move_there,
        link_it,
        keep_it_in_the_folder,
        keep_a_link_in_the_folder,
        put_folders_in_the_way,
        link_the_files,
    ],
)
def test_nothing_that_others_made_is_emptied_or_overwritten(
    export: str, place: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    """A folder of the same name, a link, or what is in the way within the folder."""
    place(foreign_folder(tmp_path / "foreign"), tmp_path / "out")
    before = contents(tmp_path)
    with pytest.raises(ExportError):
        EXPORTS[export](FRAMES, tmp_path / "out")
    assert contents(tmp_path) == before


def test_a_leftover_that_we_did_not_make_is_not_removed(tmp_path: Path) -> None:
    """Not even if it has such a name and is old."""
    folder = FRAMES.to_parquet(tmp_path / "out")
    left = foreign_folder(folder / f".findall_frames.{'c' * 32}")
    os.utime(left, (0, 0))
    (folder / f".findall_frames.{'d' * 32}").symlink_to(left)
    os.utime(folder / f".findall_frames.{'d' * 32}", (0, 0), follow_symlinks=False)
    before = contents(left)
    OTHER.to_parquet(folder)
    assert contents(left) == before


ODD = ["a\0b", "x" * 300, "deep/" + "y" * 5000, "half \ud800", "file/below/it", "loop/x"]


@pytest.mark.parametrize("path", ODD, ids=["nul", "long", "longer", "half", "below", "loop"])
def test_paths_at_which_nothing_can_be_are_refused(path: str, tmp_path: Path) -> None:
    """Writing is an ExportError, reading a ParquetError, and nothing is left behind."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    target = f"{tmp_path}/{path}"
    for export in EXPORTS.values():
        with pytest.raises(ExportError):
            export(FRAMES, target)  # type: ignore[arg-type]
    with pytest.raises(ExportError):
        FRAMES.to_csv(f"{target}.csv")
    with pytest.raises(ExportError):
        FRAMES.to_excel(f"{target}.xlsx")
    with pytest.raises(ParquetError):
        read_frames(target)
    assert {each.name for each in tmp_path.iterdir()} <= {"file", "loop", "deep"}
