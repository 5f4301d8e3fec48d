"""Runs for lakes, of which every row says its revision, and processes that write them."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import findall_frames as ff
from findall_frames.lake import compaction
from tests.support.results import SEARCH, basis, candidate, condition, result

__all__ = [
    "FILLED",
    "Killable",
    "age",
    "append_at_once",
    "check",
    "keep_appending",
    "keep_compacting",
    "kill_at",
    "revision",
    "run_of",
]

FILLED = ("runs", "candidates", "fields", "citations")
"""The tables that have rows in the runs made here."""

_ways = multiprocessing.get_all_start_methods()
_context: Any = multiprocessing.get_context("forkserver" if "forkserver" in _ways else "spawn")
if "forkserver" in _ways:
    # Each process starts with everything imported.
    _context.set_forkserver_preload(["tests.support.lakes", "duckdb"])


def run_of(findall_id: str, revision: int = 0, *, size: int = 3) -> ff.FindAllFrames:
    """Make a run with a revision in every row of every table."""
    candidates = [
        candidate(
            f"{findall_id} {number}",
            description=f"revision {revision}",
            output={"makes_tiles": condition(str(revision), matched=True)},
            basis=[basis("makes_tiles", str(revision))],
        )
        for number in range(size)
    ]
    return ff.flatten(
        result(*candidates, findall_id=findall_id, last_event_id=str(revision)), schema=SEARCH
    )


def revision(lake: ff.Lake, findall_id: str) -> int:
    """Return the revision of a run."""
    (found,) = lake.runs.filter(f"findall_id = '{findall_id}'").select("last_event_id").fetchall()
    return int(found[0])


def check(lake: ff.Lake, *, size: int = 3) -> dict[str, int]:
    """Check that all tables agree, and return the revision of each run."""
    rows = lake.sql(
        """
        SELECT findall_id, last_event_id, c.revisions, c.count, f.revisions, f.count,
            s.revisions, s.count
        FROM runs
        LEFT JOIN (SELECT findall_id, count(*) AS count,
            list(DISTINCT replace(description, 'revision ', '')) AS revisions
            FROM candidates GROUP BY ALL) AS c USING (findall_id)
        LEFT JOIN (SELECT findall_id, count(*) AS count, list(DISTINCT value) AS revisions
            FROM fields GROUP BY ALL) AS f USING (findall_id)
        LEFT JOIN (SELECT findall_id, count(*) AS count, list(DISTINCT excerpts[1]) AS revisions
            FROM citations GROUP BY ALL) AS s USING (findall_id)
        """
    ).fetchall()
    for findall_id, number, *others in rows:
        assert others == [[number], size] * 3, findall_id
    found = {row[0]: int(row[1]) for row in rows}
    assert len(found) == len(rows)
    return found


def age(folder: Path, *, hours: float) -> None:
    """Make all files look older."""
    for path in folder.rglob("*"):
        moment = path.stat().st_mtime - hours * 3600
        os.utime(path, (moment, moment))


# -- other processes -------------------------------------------------------------------------------


class Killable:
    """A process that calls a function with a connection to this one; killed at the end."""

    def __init__(self, target: Callable[..., None], *args: Any) -> None:
        self.connection, theirs = _context.Pipe()
        self.process = _context.Process(target=target, args=(theirs, *args), daemon=True)
        self.process.start()
        theirs.close()

    def received(self) -> list[Any]:
        """Return what it sent, to its end."""
        sent = []
        while True:
            try:
                sent.append(self.connection.recv())
            except (EOFError, ConnectionResetError):
                return sent

    def __enter__(self) -> Killable:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def keep_appending(parent: Connection, path: Path, findall_id: str, first: int) -> None:
    """Append one revision of a run after the other, each with a judgement, and say so."""
    lake = ff.open_lake(path)
    parent.send("ready")
    for number in range(first, first + 10_000):
        frames = run_of(findall_id, number)
        frames.review(f"{findall_id} {number % 3}", "accept", note=str(number))
        frames.append_to(lake)
        parent.send(number)


def keep_compacting(parent: Connection, path: Path, safe_seconds: float | None) -> None:
    """Append and compact in turns, and say so after each."""
    if safe_seconds is not None:
        compaction.SAFE_SECONDS = safe_seconds  # type: ignore[misc]
    lake = ff.open_lake(path)
    parent.send("ready")
    for number in range(10_000):
        run_of("findall_more", number).append_to(lake)
        lake.compact()
        parent.send(number)


def append_at_once(parent: Connection, path: Path, writer: int, runs: int) -> None:
    """Append runs of this writer, and revisions of one that all of them write."""
    lake = ff.open_lake(path)
    parent.send("ready")
    parent.recv()
    for number in range(runs):
        run_of(f"findall_{writer}_{number}").append_to(lake)
        run_of("findall_shared", 1000 * writer + number).append_to(lake)
    parent.send("done")


def kill_at(parent: Connection, path: Path, step: int, verb: str) -> None:
    """Append or compact, and be killed before a step that others can see."""
    left = step

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
            return real(*args, **options)

        return call

    Path.rename = counting(Path.rename)  # type: ignore[method-assign]
    Path.unlink = counting(Path.unlink)  # type: ignore[method-assign]
    compaction.SAFE_SECONDS = -60  # type: ignore[misc]
    lake = ff.open_lake(path)
    if verb == "append":
        run_of("findall_1", 1).append_to(lake)
    else:
        lake.compact()
    parent.send("survived")
