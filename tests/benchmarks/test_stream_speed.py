"""How fast events become progress, against the bare socket and against the official SDK."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import findall_frames as ff
from findall_frames.running.tracker import Tracker
from tests.benchmarks.measure import large_result, medians, report

pytestmark = pytest.mark.benchmark
CANDIDATES = 5000
RUN_ID = "findall_1"
# In a process of its own, so that sending and receiving do not share one interpreter.
_SERVER = """
import json, socket, sys, threading
from pathlib import Path

folder = Path(sys.argv[1])
events = json.loads((folder / "events").read_bytes())


def pieces_of(events):
    for event in events:
        line = b"data: %s\\n\\n" % json.dumps(event).encode()
        yield b"%x\\r\\n%s\\r\\n" % (len(line), line)


ready = list(pieces_of(events))
run = (folder / "run").read_bytes()
listening = socket.create_server(("127.0.0.1", 0), backlog=16)
print(listening.getsockname()[1], flush=True)


def serve(connection):
    with connection, connection.makefile("rb") as file:
        while path := file.readline():
            while file.readline().strip():
                pass
            head = b"HTTP/1.1 200 OK\\r\\ncontent-type: "
            if b"/events" in path:
                connection.sendall(
                    head + b"text/event-stream\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n"
                )
                for piece in pieces_of(events) if sys.argv[2] == "encoding" else ready:
                    connection.sendall(piece)
                connection.sendall(b"0\\r\\n\\r\\n")
            else:
                length = b"application/json\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(run)
                connection.sendall(head + length + run)


while True:
    connection, _ = listening.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
"""


@contextmanager
def serving(folder: Path, *, pace: str) -> Iterator[str]:
    """The address of a server that sends the events of a folder, encoding them anew or not."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(folder), pace], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def write_story(folder: Path, *, has_basis: bool) -> None:
    """Write the events of a run, one per candidate, and the run as it ends."""
    whole = json.loads(large_result(CANDIDATES))
    run = whole["run"]
    if not has_basis:
        for candidate in whole["candidates"]:
            del candidate["basis"]
    events = [
        {"type": "findall.candidate.matched", "data": candidate}
        for candidate in whole["candidates"]
    ]
    events.append({"type": "findall.status", "data": run})
    told = [
        {"timestamp": "2026-01-02T03:04:05Z", "event_id": f"ev_{number}", **event}
        for number, event in enumerate(events)
    ]
    (folder / "events").write_text(json.dumps(told))
    (folder / "run").write_text(json.dumps(run))


@contextmanager
def connected(service: str) -> Iterator[socket.socket]:
    """A bare connection that has asked for the events."""
    address = urlsplit(service)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"GET /v1beta/findall/runs/findall_1/events HTTP/1.1\r\n\r\n")
        yield connection


def read_bare(service: str) -> None:
    """Read all bytes and do nothing with them."""
    with connected(service) as connection:
        end = b""
        while not end.endswith(b"\r\n0\r\n\r\n"):
            end = end[-16:] + connection.recv(1 << 16)


def follow_to_progress(service: str) -> None:
    """Read all events, and make an update of each for the display."""
    with ff.Client(base_url=service) as client:
        tracker = Tracker(
            RUN_ID,
            service=service,
            schema=None,
            status=None,
            cost=None,
            is_own_data=False,
            begun=time.monotonic(),
        )
        with closing(ff.Run(RUN_ID, client=client).events()) as events:
            for event in events:
                tracker.take(event)
        assert tracker.update.generated == CANDIDATES


def read_with_sdk(service: str) -> None:
    """Read all events with the official SDK."""
    from parallel import Parallel

    with (
        Parallel(api_key="none", base_url=service) as client,
        client.beta.findall.events(RUN_ID) as events,
    ):
        assert sum(1 for _ in events) == CANDIDATES + 1


@pytest.mark.parametrize("has_basis", [True, False])
def test_events_become_progress_about_as_fast_as_they_arrive(
    has_basis: bool, tmp_path: Path
) -> None:
    """From a service that encodes each event as it sends it, and from one that need not."""
    write_story(tmp_path, has_basis=has_basis)
    size = (tmp_path / "events").stat().st_size / CANDIDATES
    sys.stdout.write(f"\n{CANDIDATES:,} events of {size / 1000:.1f} kB")
    ratios = {}
    for pace in ("encoding", "flat out"):
        with serving(tmp_path, pace=pace) as service:
            bare, ours, sdk = medians(
                partial(read_bare, service),
                partial(follow_to_progress, service),
                partial(read_with_sdk, service),
            )
        sys.stdout.write(f"\nservice {pace}: {CANDIDATES / ours:,.0f} events a second to progress")
        report("  the same / what the bare socket reads", bare / ours, goal="0.8")
        report("  the same / the SDK's events()", sdk / ours, goal="5")
        ratios[pace] = bare / ours, sdk / ours
    assert ratios["encoding"][0] > 0.15
    assert ratios["flat out"][1] > 0.5
