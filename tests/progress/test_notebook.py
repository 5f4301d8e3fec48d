"""Progress in a notebook: the panel, its buttons, lines, and what the notebook keeps."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from typing import Any

import nbclient
import nbformat
import pytest

import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from findall_frames.progress.displays import Guarded, Silence, wishes_at
from findall_frames.progress.notebook import Buttons
from findall_frames.progress.update import Update, Wish, Wishes
from tests.support.local_models import EveryNth, numbers

NOTEBOOK = """
import threading
from findall_frames.api.models import FindAllCandidate
from findall_frames.progress.displays import display_for
from findall_frames.progress.update import Update

def update(**more):
    return Update("findall_1", "Find <img src=x onerror=alert(1)>", "https://api.parallel.ai",
                  match_limit=5, **more)

display = display_for("{word}")
display.show(update(status="queued"))
hostile = FindAllCandidate("c1", "<script>alert(1)</script>", "javascript:alert(1)", "matched")
display.show(update(status="running", matched=2, event="findall.candidate.matched",
                    candidate=hostile))
threading.Event().wait(0.7)
display.show(update(status="completed", is_over=True, matched=5, generated=9,
                    termination_reason="match_limit_met"))
display.close()
"""


LAST = "findall_1: Completed in 0.0 s: 5 of 5 matches among 9 candidates; the match limit is met."

LINES = """
from findall_frames.progress.lines import NotebookLines
from findall_frames.progress.update import Update, View

lines = NotebookLines()
for n in range(3):
    update = Update("findall_1", "Find tiles", "http://127.0.0.1:1", "running", match_limit=5,
                    matched=n, generated=9)
    (lines.paint if n else lines.announce)(View(update, n, advice="Go on."))
"""

WIDGETS_LEFT = """
from ipywidgets.widgets.widget import _instances
print(len(_instances))
"""


class Watcher(nbclient.NotebookClient):
    """Runs notebooks and records every output as it arrives, as papermill does for its log."""

    def process_message(self, *message: Any, **more: Any) -> Any:
        output = super().process_message(*message, **more)
        if output is not None and output.output_type in ("display_data", "stream"):
            self.arrived.append(copy.deepcopy(output))
        return output


def execute(*sources: str) -> tuple[list[list[Any]], list[Any], str]:
    """Run cells in a real kernel.

    Returns the outputs of each, every output as it arrived, and the state of all widgets.
    """
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    book = nbformat.v4.new_notebook(cells=cells)
    client = Watcher(book, timeout=120, kernel_name="python3")
    client.arrived = []
    client.execute()
    return (
        [cell.outputs for cell in book.cells],
        client.arrived,
        json.dumps(client.widget_state, ensure_ascii=False),
    )


def test_the_notebook_panel_becomes_one_static_line() -> None:
    """HTML and text are saved, and no widget; the live panel showed the counts."""
    (panel, left), _, live = execute(NOTEBOOK.replace("{word}", "notebook"), WIDGETS_LEFT)
    assert len(panel) == 1
    assert set(panel[0].data) == {"text/plain", "text/html"}
    assert panel[0].data["text/plain"] == LAST
    assert "5 of 5 matches" in panel[0].data["text/html"]
    assert left[0].text.strip() == "0"
    assert "2 of 5 matches · running" in live
    assert "0 generated · 2 matched · 0:00" in live
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in live
    for live_html in ("<script", "<img", "href"):
        assert live_html not in live


def test_an_unwatched_notebook_shows_every_line_and_keeps_the_last() -> None:
    """Under papermill and nbconvert nobody can answer; their logs get the id before the end."""
    (kept, left), arrived, _ = execute(NOTEBOOK.replace("{word}", "auto"), "import ipywidgets")
    assert [output.data.get("text/plain") for output in arrived] == [
        "findall_1 at https://api.parallel.ai: Find <img src=x onerror=alert(1)>. "
        'Safe to interrupt. Resume with ff.resume("findall_1")',
        LAST,
    ]
    assert [dict(output.data) for output in kept] == [{}, dict(arrived[-1].data)]
    assert "<img" not in json.dumps([output.data.get("text/html") for output in arrived])
    assert left == []


def test_a_notebook_without_ipywidgets_shows_lines() -> None:
    """Nothing imports the missing package, whether or not somebody watches."""
    (_, kept), arrived, live = execute(
        "import sys; sys.modules['ipywidgets'] = None", NOTEBOOK.replace("{word}", "auto")
    )
    assert kept[-1].data["text/plain"] == LAST
    assert [output.output_type for output in arrived] == ["display_data"] * 2
    assert live == "{}"


def test_each_line_of_an_unwatched_notebook_replaces_the_previous_one() -> None:
    """After hours the notebook holds two lines: how to resume, and how far it is."""
    (kept, _), arrived, _ = execute(LINES, "import ipywidgets")
    texts = [output.data["text/plain"] for output in arrived]
    assert texts[1:] == [
        f"findall_1: running, {n} of 5 matches among 9 candidates, 0:0{n}" for n in (1, 2)
    ]
    assert [output.data.get("text/plain") for output in kept] == [texts[0], None, texts[2]]


def visible_buttons(box: Any) -> dict[str, Any]:
    """Return the visible buttons in a box by their descriptions."""
    if box.layout.display == "none":
        return {}
    found = {}
    for child in getattr(box, "children", ()):
        found |= {child.description: child} if child.has_trait("icon") else visible_buttons(child)
    return found


@pytest.fixture
def buttons() -> Iterator[tuple[Buttons, Wishes]]:
    """The buttons of a panel, and the wishes that clicks on them leave."""
    wishes = Wishes()
    made = Buttons(wishes)
    yield made, wishes
    made.close()


def count(buttons: Buttons) -> None:
    """Act like a front end that delivers messages of widgets while a cell runs."""
    buttons.start_probing()
    (counter,) = (child for child in buttons.box.children if child.has_trait("playing"))
    counter.set_trait("value", 1)


def test_no_button_is_visible_before_the_front_end_has_answered(
    buttons: tuple[Buttons, Wishes],
) -> None:
    """A button that does nothing until the cell has ended would be misleading."""
    made, _ = buttons
    made.start_probing()
    made.probe()
    assert visible_buttons(made.box) == {}
    count(made)
    assert set(visible_buttons(made.box)) == {"Stop waiting", "Cancel the run …"}


def test_stop_waiting_leaves_one_wish(buttons: tuple[Buttons, Wishes]) -> None:
    """The button shows that it was pressed."""
    made, wishes = buttons
    count(made)
    visible_buttons(made.box)["Stop waiting"].click()
    assert visible_buttons(made.box)["Stopping …"].disabled
    assert (wishes.take(), wishes.take()) == ("leave", None)


def test_cancelling_takes_two_clicks_and_can_be_declined(
    buttons: tuple[Buttons, Wishes],
) -> None:
    """The first click asks for confirmation, and only the second cancels."""
    made, wishes = buttons
    count(made)
    visible_buttons(made.box)["Cancel the run …"].click()
    assert set(visible_buttons(made.box)) == {"Cancel for good", "Keep it running"}
    visible_buttons(made.box)["Keep it running"].click()
    assert wishes.take() is None
    visible_buttons(made.box)["Cancel the run …"].click()
    visible_buttons(made.box)["Cancel for good"].click()
    assert wishes.take() == "cancel"
    assert visible_buttons(made.box)["Cancelling …"].disabled


class WishingDisplay(Silence):
    """A display at which somebody asks for something with the first update."""

    def __init__(self, wish: Wish) -> None:
        self._wishes = Wishes()
        self._wish = wish
        self.last: Update | None = None

    def show(self, update: Update) -> None:
        if self.last is None:
            self._wishes.ask(self._wish)
        self.last = update

    def wish(self) -> Wish | None:
        return self._wishes.take()


SEARCH = ff.Search("Some", entity_type="things", match_conditions=["every 1st"], match_limit=9)


@pytest.fixture
def waiting() -> Iterator[tuple[ff.Run, threading.Event]]:
    """A run of the embedded service that stands still until the gate is opened."""
    gate = threading.Event()
    with (
        Service(numbers(20), model=open_model(EveryNth(gate=gate))) as service,
        ff.Client(api_key="", base_url=service.url) as client,
    ):
        yield ff.start(SEARCH, client=client), gate
        gate.set()


def test_a_wish_to_leave_ends_the_wait_and_not_the_run(
    waiting: tuple[ff.Run, threading.Event],
) -> None:
    """The result so far is returned with a warning on how to resume; then the run finishes."""
    run, gate = waiting
    with pytest.warns(ff.errors.PartialResultWarning, match="goes on") as caught:
        frames = run.wait(progress=WishingDisplay("leave"))
    assert f'ff.resume("{run.findall_id}"' in str(caught[0].message)
    assert len(frames.matches) == 0
    assert run.status().status.is_active
    gate.set()
    assert len(run.wait(progress=False).matches) == 9


def test_a_wish_to_leave_raises_where_errors_are_raised(
    waiting: tuple[ff.Run, threading.Event],
) -> None:
    """The error carries the frames so far."""
    run, _ = waiting
    with pytest.raises(ff.PartialResultError, match="Stopped waiting") as caught:
        run.wait(progress=WishingDisplay("leave"), errors="raise")
    assert caught.value.findall_id == run.findall_id
    assert caught.value.frames is not None


def test_a_wish_to_cancel_ends_the_run(waiting: tuple[ff.Run, threading.Event]) -> None:
    """The wait goes on until the service has cancelled the run."""
    run, gate = waiting
    display = WishingDisplay("cancel")
    threading.Timer(0.5, gate.set).start()
    with pytest.warns(ff.errors.PartialResultWarning, match="was cancelled"):
        run.wait(progress=display)
    assert display.last is not None
    assert (display.last.status, display.last.is_over) == ("cancelled", True)


def test_a_display_without_wishes_asks_for_nothing() -> None:
    """Most displays only show."""
    assert wishes_at(Silence())() is None
    assert Guarded(Silence()).wish() is None


def test_a_wish_that_the_service_refuses_is_a_warning_and_the_wait_goes_on() -> None:
    """A preview cannot be cancelled; its result is returned all the same."""
    gate = threading.Event()
    preview = ff.Search(
        "Some", entity_type="things", match_conditions=["every 1st"], generator="preview"
    )
    with (
        Service(numbers(20), model=open_model(EveryNth(gate=gate))) as service,
        ff.Client(api_key="", base_url=service.url) as client,
    ):
        run = ff.start(preview, client=client)
        opening = threading.Timer(0.5, gate.set)
        opening.start()
        with pytest.warns(ff.FindAllWarning, match="could not be cancelled and goes on: .*preview"):
            frames = run.wait(progress=WishingDisplay("cancel"))
        opening.join()
    assert frames.runs["status"].item() == "completed"
