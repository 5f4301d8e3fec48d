"""The event stream of a run as server-sent events: stored events first, then new ones."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import chain

from findall_frames.embedded.runs.database import now
from findall_frames.embedded.runs.record import RunRecord
from findall_frames.embedded.runs.run_events import EventWriter
from findall_frames.embedded.runs.store import Store

__all__ = ["Wakeups", "event_frames"]


class Wakeups:
    """Wakes the streams of a run in the service's event loop, from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.closed = False

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @contextlib.contextmanager
    def listen(self, findall_id: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever the run changes; call it within the loop only."""
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
        """Wake the streams of one run; one that is just starting reads the store first."""
        if findall_id in self._waiting:
            self._call(lambda: self._set(self._waiting.get(findall_id, ())))

    def close(self) -> None:
        """End every stream after its current event."""
        self.closed = True
        self._call(lambda: self._set(chain.from_iterable(self._waiting.values())))

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, with all its streams
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
    """Yield whole frames of a run's stream until the run ends, or for `timeout` seconds.

    Events that are stored at the beginning are sent in any case. Each reader reads the store at
    its own pace. After `heartbeat` seconds without an event, the status is sent once more; it is
    not stored.
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
                frames = b"".join(_frame(line) for line in page.lines)
                page.lines.clear()  # the reader may take hours for its frames
                yield frames
                del frames
            if page.is_final or (loop.time() >= deadline and last >= backlog):
                return
            if last < page.run.last_event:
                continue
            try:
                await asyncio.wait_for(changed.wait(), min(heartbeat, deadline - loop.time()))
            except TimeoutError:
                if loop.time() < deadline:
                    heartbeats += 1
                    writer = EventWriter(run.findall_id, now())
                    yield _frame(writer.heartbeat(page.run, number=last, beat=heartbeats))


def _frame(line: bytes) -> bytes:
    """Frame one event, whose JSON begins with its type; without an id line or comments."""
    start = len(b'{"type":"')
    kind = line[start : line.index(b'"', start)]
    return b"event: %b\ndata: %b\n\n" % (kind, line)
