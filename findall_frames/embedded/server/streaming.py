"""The event stream of a run: what is stored, then what is added, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import chain

import msgspec

from findall_frames.embedded.runs.change import status_event
from findall_frames.embedded.runs.database import now
from findall_frames.embedded.runs.record import RunRecord, event_id
from findall_frames.embedded.runs.store import Store

__all__ = ["Wakeups", "event_frames"]


class Wakeups:
    """Wakes the streams of a run in the service's event loop, from whatever thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.closed = False

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @contextlib.contextmanager
    def listen(self, findall_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the run has changed; within the loop only."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._waiting.setdefault(findall_id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[findall_id].discard(event)
            if not self._waiting[findall_id]:
                del self._waiting[findall_id]

    def wake(self, findall_id: str) -> None:
        """Wake the streams of one run, if there are any; one that begins reads the store first."""
        if findall_id in self._waiting:
            self._call(lambda: self._set(self._waiting.get(findall_id, ())))

    def close(self) -> None:
        """Let every stream end after the event that it is sending."""
        self.closed = True
        self._call(lambda: self._set(chain.from_iterable(self._waiting.values())))

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: no stream is left
                self._loop.call_soon_threadsafe(function)

    def _set(self, events: Iterable[asyncio.Event]) -> None:
        for event in events:
            event.set()


async def event_frames(
    store: Store,
    wakeups: Wakeups,
    *,
    run: RunRecord,
    after: int,
    timeout: float | None,
    heartbeat: float,
) -> AsyncGenerator[bytes]:
    """Yield whole frames of a run's stream until it is over, or for `timeout` seconds.

    What is stored when it begins is sent in any case. Each reader reads the store at its own
    pace. When nothing happens for `heartbeat` seconds, it gets the run's status once more,
    which is not stored.
    """
    loop = asyncio.get_running_loop()
    deadline = math.inf if timeout is None else loop.time() + timeout
    backlog, last, heartbeats = run.last_event, after, 0
    with wakeups.listen(run.findall_id) as changed:
        while not wakeups.closed:
            changed.clear()
            page = await asyncio.to_thread(store.events, run.findall_id, after=last)
            last = page.last
            if page.lines:
                yield b"".join(_frame(line) for line in page.lines)
            if page.is_final or (loop.time() >= deadline and last >= backlog):
                return
            if last < page.run.last_event:
                continue
            try:
                await asyncio.wait_for(changed.wait(), min(heartbeat, deadline - loop.time()))
            except TimeoutError:
                if loop.time() < deadline:
                    heartbeats += 1
                    name = f"{event_id(run.findall_id, last)}-{heartbeats}"
                    beat = status_event(page.run, name=name, time=now())
                    yield _frame(msgspec.json.encode(beat))


def _frame(line: bytes) -> bytes:
    """Frame one event; its type is the first thing in the JSON. No id line, no comments."""
    start = len(b'{"type":"')
    kind = line[start : line.index(b'"', start)]
    return b"event: %b\ndata: %b\n\n" % (kind, line)
