"""A run can be awaited, in a script and in a notebook's cell."""

from __future__ import annotations

import asyncio
import threading

import nbclient
import nbformat
import pandas as pd
import pytest

import findall_frames as ff
from tests.support.scripted import RUN_ID, ScriptedServer, answer, run_object, stream

CITIES = pd.DataFrame({"name": ["Oslo", "Rome"], "country": ["Norway", "Italy"]})
SEARCH = ff.Search("Cities", entity_type="cities", match_conditions={"in_italy": "in Italy"})
AT = f"/runs/{RUN_ID}"


def test_several_runs_are_awaited_side_by_side() -> None:
    """Each gives its frames."""

    async def both(client: ff.Client) -> list[ff.FindAllFrames]:
        runs = [ff.start(SEARCH, client=client) for _ in range(2)]
        return await asyncio.gather(*runs)

    with ff.local(CITIES) as client:
        found = asyncio.run(both(client))
    assert [frames.matches["name"].tolist() for frames in found] == [["Rome"], ["Rome"]]
    assert found[0].findall_id != found[1].findall_id


def test_other_tasks_go_on_while_a_run_is_awaited(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The run ends only after one of them has seen to it."""
    server.on("GET", AT, answer(run_object("running")))
    server.on("GET", f"{AT}/events", stream())

    async def finish_it() -> None:
        await asyncio.sleep(0.1)
        server.on("GET", AT, answer(run_object("completed", matched=3, generated=3)))

    async def both() -> ff.FindAllFrames:
        frames, _ = await asyncio.gather(ff.Run(RUN_ID, client=client), finish_it())
        return frames

    assert len(asyncio.run(both()).matches) == 3


def test_a_partial_result_is_warned_of_in_the_awaiting_code(
    server: ScriptedServer, client: ff.Client
) -> None:
    """As where the run is waited for."""
    over = run_object("failed", matched=3, generated=3)
    server.on("GET", AT, answer(over))

    async def awaited() -> ff.FindAllFrames:
        return await ff.Run(RUN_ID, client=client)

    with pytest.warns(ff.errors.PartialResultWarning, match=f"Run {RUN_ID} failed") as caught:
        asyncio.run(awaited())
    assert caught[0].filename == __file__


def test_cancelling_the_task_leaves_the_run_going(
    server: ScriptedServer, client: ff.Client
) -> None:
    """The waiting thread ends, and a note says how to go on."""
    server.on("GET", AT, answer(run_object("running")))
    server.on("GET", f"{AT}/events", stream())

    async def given_up() -> None:
        async with asyncio.timeout(0.3):
            await ff.Run(RUN_ID, client=client)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(given_up())
    cause = caught.value.__cause__ or caught.value.__context__
    assert cause is not None
    assert any("ff.resume" in note for note in getattr(cause, "__notes__", []))
    assert server.sent("POST", f"{AT}/cancel") == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio")]


def test_a_run_is_awaited_in_a_cell_of_a_notebook() -> None:
    """Where an event loop runs already."""
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
