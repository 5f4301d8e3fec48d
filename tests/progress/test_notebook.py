"""Progress in a notebook: the card, its buttons, lines, and what the notebook keeps."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import nbclient
import nbformat
import pytest

import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from findall_frames.progress.displays import Guarded, Silence, show_warnings, wish_of
from findall_frames.progress.notebook import CardWidget
from findall_frames.progress.update import Update, View, Wish, Wishes
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


LAST = (
    "findall_1: Limit reached in 0.0 s: 5 matches among 9 candidates. "
    "Stopped at your limit of 5; there may be more."
)

LINES = """
from findall_frames.progress.lines import NotebookLines
from findall_frames.progress.update import Update, View

lines = NotebookLines()
for n in range(3):
    update = Update("findall_1", "Find tiles", "http://127.0.0.1:1", "running", match_limit=5,
                    matched=n, generated=9)
    (lines.paint if n else lines.announce)(View(update, n, resume="go_on()"))
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


def test_the_notebook_card_becomes_html_without_buttons() -> None:
    """HTML and text are saved, and no widget; the live card showed the counts."""
    (card, left), _, live = execute(NOTEBOOK.replace("{word}", "notebook"), WIDGETS_LEFT)
    assert len(card) == 1
    assert set(card[0].data) == {"text/plain", "text/html"}
    assert card[0].data["text/plain"] == LAST
    html = card[0].data["text/html"]
    assert "5 matches among 9 candidates" in html
    assert "frames = ff.extend(frames, 20)" in html
    assert "Find &lt;img src=x onerror=alert(1)&gt;" in html
    assert "<button" not in html
    assert left[0].text.strip() == "0"
    (shown,) = (model["card"] for model in json.loads(live).values() if "card" in model)
    assert (shown["word"], shown["lead"]) == ("Running", "2 of 5 matches")
    assert shown["latest"] == [["<script>alert(1)</script>", None]]


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


def test_a_notebook_without_widgets_shows_lines() -> None:
    """Nothing imports the missing package, whether or not somebody watches."""
    (_, kept), arrived, live = execute(
        "import sys; sys.modules['anywidget'] = None", NOTEBOOK.replace("{word}", "auto")
    )
    assert kept[-1].data["text/plain"] == LAST
    assert [output.output_type for output in arrived] == ["display_data"] * 2
    assert live == "{}"


def test_each_line_of_an_unwatched_notebook_replaces_the_previous_one() -> None:
    """After hours the notebook holds two lines: how to resume, and how far it is."""
    (kept, _), arrived, _ = execute(LINES, "import ipywidgets")
    texts = [output.data["text/plain"] for output in arrived]
    assert texts[1:] == [f"findall_1: Running, {n} of 5 matches, 0:0{n}" for n in (1, 2)]
    assert [output.data.get("text/plain") for output in kept] == [texts[0], None, texts[2]]


@pytest.fixture
def widget() -> Iterator[tuple[CardWidget, Wishes]]:
    """The live card of a run, and the wishes that clicks on it leave."""
    wishes = Wishes()
    update = Update("findall_1", "Find tiles", "https://api.parallel.ai", "running", match_limit=5)
    made = CardWidget(wishes, view=View(update, 0.0))
    yield made, wishes
    made.close()
    made.layout.close()


def receive(widget: CardWidget, content: object) -> None:
    """Act like a front end whose module sends a message."""
    widget._handle_msg(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
    )


def test_clicks_are_expected_once_the_module_has_answered(
    widget: tuple[CardWidget, Wishes],
) -> None:
    """A button that does nothing until the cell has ended would be misleading."""
    made, _ = widget
    made.start_probing()
    assert not made.clicks
    receive(made, {"answer": 0})
    assert made.clicks


def test_a_front_end_that_does_not_answer_is_noticed(
    widget: tuple[CardWidget, Wishes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card then says how to stop waiting without buttons."""
    made, _ = widget
    made.start_probing()
    made.probe()
    assert not made.silent
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 5.0)
    made.probe()
    assert made.silent
    assert not made.clicks


@pytest.mark.parametrize(
    ("content", "wish"),
    [
        ({"wish": "leave"}, "leave"),
        ({"wish": "cancel"}, "cancel"),
        ({"wish": "something else"}, None),
        ({"wish": ["cancel"]}, None),
        ("cancel", None),
    ],
)
def test_a_click_leaves_one_wish(
    widget: tuple[CardWidget, Wishes], content: object, wish: str | None
) -> None:
    """Messages that the module does not send are ignored."""
    made, wishes = widget
    receive(made, content)
    assert (wishes.take(), wishes.take()) == (wish, None)


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
    assert wish_of(Silence()) is None
    assert Guarded(Silence()).wish() is None
    assert not show_warnings(Silence(), [])
    assert not Guarded(Silence()).tell([])


class TellingDisplay(Silence):
    """A display that shows the warnings of the service."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, warnings: Sequence[str]) -> bool:
        self.told += warnings
        return True


def test_warnings_that_a_display_shows_are_not_issued_again() -> None:
    """Where none shows them, as in a script, they are Python warnings."""
    search = ff.Search(
        "Large cities", entity_type="cities", match_conditions={"large": "people over 1 million"}
    )
    cities = [{"name": "Oslo", "people": 700_000}, {"name": "Rome", "people": None}]
    display = TellingDisplay()
    frames = ff.find_all(search, data=cities, progress=display)
    assert display.told == frames.warnings != []
    with pytest.warns(ff.FindAllWarning) as caught:
        ff.find_all(search, data=cities, progress=False)
    assert display.told[0] in str(caught[0].message)


def test_an_early_end_that_a_display_shows_is_not_warned_of(
    waiting: tuple[ff.Run, threading.Event],
) -> None:
    """An error is raised all the same where errors are asked for."""
    run, gate = waiting
    ff.cancel(run)
    gate.set()
    frames = run.wait(progress=TellingDisplay())
    assert frames.runs["status"].item() == "cancelled"
    with pytest.raises(ff.PartialResultError, match="was cancelled"):
        run.wait(progress=TellingDisplay(), errors="raise")


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
