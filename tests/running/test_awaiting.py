"""Runs that are awaited, in a script and in a notebook."""

from __future__ import annotations

import asyncio
import threading

import nbclient
import nbformat
import pandas as pd
import pytest

import findall_frames as ff
from tests.support.scripted import AT, DONE, RUN_ID, RUNNING, ScriptedServer, ends_as, stream


async def awaited(client: ff.Client) -> ff.FindAllFrames:
    """Await the run of the scripted server."""
    return await ff.Run(RUN_ID, client=client)


def test_several_runs_can_be_awaited_together() -> None:
    """Each returns its own frames."""
    cities = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
    search = ff.Search("Cities", entity_type="cities", match_conditions=["country = 'Italy'"])

    async def both(client: ff.Client) -> list[ff.FindAllFrames]:
        return await asyncio.gather(*[ff.start(search, client=client) for _ in range(2)])

    with ff.local(cities) as client:
        found = asyncio.run(both(client))
    assert [frames.matches["name"].tolist() for frames in found] == [["Rome"], ["Rome"]]
    assert found[0].findall_id != found[1].findall_id


def test_other_tasks_run_while_a_run_is_awaited(server: ScriptedServer, client: ff.Client) -> None:
    """The run ends only after another task has changed the server's reply."""
    server.on("GET", AT, RUNNING)
    server.on("GET", f"{AT}/events", stream())

    async def finish_it() -> None:
        await asyncio.sleep(0.1)
        server.on("GET", AT, DONE)

    async def both() -> ff.FindAllFrames:
        frames, _ = await asyncio.gather(awaited(client), finish_it())
        return frames

    assert len(asyncio.run(both()).matches) == 3


def test_the_warning_on_a_partial_result_points_at_the_awaiting_code(
    server: ScriptedServer, client: ff.Client
) -> None:
    """Not at the thread that waits."""
    ends_as(server, "failed", reason="error_occurred")
    with pytest.warns(ff.errors.PartialResultWarning, match=f"Run {RUN_ID} failed") as caught:
        asyncio.run(awaited(client))
    assert caught[0].filename == __file__


def test_cancelling_the_task_does_not_cancel_the_run(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The waiting thread ends, and a note says how to resume."""
    server.on("GET", AT, RUNNING)
    server.on("GET", f"{AT}/events", stream())

    async def with_timeout() -> None:
        async with asyncio.timeout(0.3):
            await awaited(client)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(with_timeout())
    cause = caught.value.__cause__ or caught.value.__context__
    assert cause is not None
    assert any("ff.resume" in note for note in getattr(cause, "__notes__", []))
    assert server.sent("POST", f"{AT}/cancel") == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio")]


def test_a_run_can_be_awaited_in_a_notebook_cell() -> None:
    """An event loop is running there already."""
    cells = [
        "import findall_frames as ff, pandas as pd\n"
        "cities = pd.DataFrame({'name': ['Oslo', 'Rome'], 'country': ['Norway', 'Italy']})\n"
        "client = ff.local(cities)\n"
        "search = ff.draft('Find cities in Italy', client=client, progress=False)",
        "frames = await ff.start(search, client=client)\nframes.matches['name'].tolist()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120).execute()
    results = [
        output["data"]["text/plain"]
        for output in notebook.cells[1].outputs
        if output["output_type"] == "execute_result"
    ]
    assert results == ["['Rome']"]


def test_many_awaited_runs_leave_the_threads_of_the_event_loop_free(
    server: ScriptedServer, client: ff.Client
) -> None:
    """They are few, and others need them, such as look-ups of host names."""
    server.on("GET", AT, RUNNING)
    server.on("GET", f"{AT}/events", stream())

    async def all_at_once() -> str:
        waits = [asyncio.ensure_future(awaited(client)) for _ in range(12)]
        await asyncio.sleep(0.2)
        done = await asyncio.wait_for(asyncio.to_thread(lambda: "done"), timeout=20)
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return done

    assert asyncio.run(all_at_once()) == "done"
    assert server.sent("GET", f"{AT}/result") == []
