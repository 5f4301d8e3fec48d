"""From a question to a reviewed, stored and reported list, in JupyterLab and in marimo."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.browser.lab import violations
from tests.support.marimo_notebook import notebook as marimo_notebook
from tests.support.marimo_notebook import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

COMPANIES = Path(__file__).parent.parent / "tables" / "companies.parquet"
IMPORT = """
import json
import findall_frames as ff
"""
QUESTION = f"""
frames = ff.find_all(
    "Find large companies that are publicly traded",
    data={str(COMPANIES)!r},
    entity_type="companies",
    match_conditions={{"publicly_traded": "publicly traded", "large": "employees over 10,000"}},
    enrichments={{
        "type": "object",
        "properties": {{
            "ceo": {{"type": "string", "description": "Who the CEO is"}},
            "founded": {{"type": "integer", "description": "Year in which it was founded"}},
        }},
    }},
)
"""
EXPLORER = """
explorer = frames.explore()
explorer
"""
SAID = """
names = dict(zip(frames.candidates["candidate_id"], frames.candidates["name"]))
print(json.dumps({
    "reviews": [[names[each["candidate_id"]], each["field"], each["decision"], each["value"],
                 each["note"]] for each in frames.tables["reviews"].to_pylist()],
    "accepted": frames.accepted["name"].tolist(),
    "left": len(explorer.left),
    "chosen": names[explorer.chosen[1]],
}))
"""
KEPT = """
frames.to_parquet({folder!r})
frames.to_html({report!r})
"""
AGAIN = """
again = ff.read_parquet({folder!r})
again.explore()
"""
IMPORTED, ASKED, EXPLORED, TOLD, STORED, READ_AGAIN = range(6)


class Place(Protocol):
    """A front end with a notebook."""

    page: Page

    def run(self, cell: int) -> Locator:
        """Run a cell to its end, and give its outputs."""

    def restart(self) -> None:
        """Load the page anew, with a kernel that knows nothing."""


def cells(folder: Path) -> list[str]:
    """Return the cells of the notebook, which stores in this folder."""
    paths = {"folder": str(folder / "kept"), "report": str(folder / "report.html")}
    return [IMPORT, QUESTION, EXPLORER, SAID, KEPT.format(**paths), AGAIN.format(**paths)]


def told(place: Place) -> dict[str, Any]:
    """Return what Python knows of the explorer."""
    decoded: dict[str, Any] = json.loads(place.run(TOLD).inner_text())
    return decoded


def go_from_question_to_report(place: Place, folder: Path, *, browser: Browser) -> None:
    """Do what a person does, and look at what comes of it."""
    press = place.page.keyboard.press
    place.run(IMPORTED)
    place.run(ASKED)
    explorer = place.run(EXPLORED).locator(".ff-explorer")
    explorer.get_by_text("17 candidates").wait_for()
    # The table for saved notebooks is not seen beside it.
    assert not place.page.get_by_text("The explorer needs a running kernel").is_visible()
    names = explorer.get_by_role("rowheader").locator(".ff-text")
    grid = explorer.get_by_role("grid")
    search = explorer.get_by_label("Search all text")

    # Searched, filtered by a click in a header, and sorted.
    search.press_sequentially("bank")
    explorer.get_by_text("3 of 17").first.wait_for()
    press("Escape")
    explorer.get_by_text("17 candidates").wait_for()
    header = {
        title: explorer.get_by_role("columnheader").filter(
            has=place.page.get_by_text(title, exact=True)
        )
        for title in ("publicly_traded", "founded")
    }
    header["publicly_traded"].get_by_role("button", name="9 met").click()
    left = names.all_inner_texts()
    assert 0 < len(left) < 17
    header["founded"].get_by_role("button", name="founded").click()
    assert names.all_inner_texts() != left
    assert sorted(names.all_inner_texts()) == sorted(left)
    grid.focus()
    press("End")
    last = names.all_inner_texts()[-1]
    place.page.wait_for_timeout(500)  # what is left is told with a delay
    said = told(place)
    assert (said["left"], said["chosen"], said["reviews"]) == (len(left), last, [])
    explorer.get_by_role("button", name="remove publicly_traded: met").click()
    for _ in range(2):
        header["founded"].get_by_role("button", name="founded").click()
    explorer.get_by_text("17 candidates").wait_for()

    # Reviewed by keyboard: each letter goes to the next candidate.
    grid.focus()
    press("Home")
    four = names.all_inner_texts()[:4]
    for key in ("a", "r", "u", "n"):
        press(key)
    place.page.keyboard.type("Too close to call")
    press("Enter")
    explorer.get_by_role("button", name="3 of 17 reviewed").wait_for()
    explorer.get_by_role("button", name="Correct founded").click()
    place.page.keyboard.type("1999")
    press("Enter")
    explorer.get_by_text("corrected to 1999").wait_for()
    grid.focus()
    # marimo draws the widget in a shadow root, which axe enters from its host.
    assert violations(place.page, ".ff-explorer, marimo-anywidget") == []
    outcome = explorer.locator(".ff-outcome").bounding_box()
    assert outcome is not None
    assert outcome["height"] < 24, "the outcome stands on a line"
    reviews = [
        [four[0], None, "accept", None, None],
        [four[1], None, "reject", None, None],
        [four[2], None, "unsure", None, None],
        [four[3], None, None, None, "Too close to call"],
        [four[3], "founded", None, "1999", None],
    ]
    said = told(place)
    assert said["reviews"] == reviews
    assert said["accepted"] == four[:1]

    # Stored, and read by a kernel that has seen nothing of it.
    place.run(STORED)
    place.restart()
    place.run(IMPORTED)
    again = place.run(READ_AGAIN).locator(".ff-explorer")
    again.get_by_role("button", name="3 of 17 reviewed").wait_for()
    assert again.locator(".ff-mark").all_inner_texts() == ["A", "R", "U"]
    assert again.locator(".ff-corrected").all_inner_texts() == ["1999"]
    again.get_by_role("grid").focus()
    for key in ("Home", "j", "j", "j"):
        press(key)
    again.get_by_text("Too close to call").wait_for()

    # Handed on as a file.
    address = (folder / "report.html").as_uri()
    for has_scripts in (True, False):
        context = browser.new_context(java_script_enabled=has_scripts)
        page = context.new_page()
        complaints = listened(page)
        page.goto(address)
        if has_scripts:
            page.get_by_role("button", name="3 of 17 reviewed").wait_for()
            page.get_by_role("searchbox").fill("bank")
            page.get_by_text("3 of 17").first.wait_for()
            assert violations(page, "html") == []
        else:
            assert page.get_by_text("Evidence of the matches").is_visible()
            assert page.get_by_text("Too close to call").first.is_visible()
        context.close()
        assert complaints == []


def listened(page: Page) -> list[str]:
    """Return the list to which the errors of a page will be added."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    return complaints


class LabPlace:
    """A notebook in JupyterLab."""

    def __init__(self, notebook: Notebook, lab: Lab, name: str) -> None:
        self.page = notebook.page
        self._notebook = notebook
        self._lab = lab
        self._name = name
        notebook.open(name)

    def run(self, cell: int) -> Locator:
        """Run a cell to its end, and give its outputs."""
        return self._notebook.run(cell)

    def restart(self) -> None:
        """Load the page anew, with a kernel that knows nothing."""
        self._notebook.save()
        self.page.goto("about:blank")
        self._lab.stop_kernels()
        self._notebook.open(self._name)
        # Where the widget of an earlier kernel was saved, there is the table and no error.
        saved = self.page.locator(".ff-saved")
        saved.get_by_role("rowheader").first.wait_for()
        assert "The explorer needs a running kernel" in saved.inner_text()
        missing = self.page.get_by_text("Error displaying widget: model not found")
        missing.wait_for(state="attached")
        assert not missing.is_visible()
        (complaint,) = self._notebook.complaints
        assert "widget model not found" in complaint
        self._notebook.complaints.clear()


# True once the cell has been busy and, after that, no cell is.
_WATCH = """cell => {
    window.hasRun = false;
    let wasBusy = false;
    const watch = new MutationObserver(() => {
        const cells = [...document.querySelectorAll('[data-testid=cell-status]')];
        const busy = cells.map(one => ['queued', 'running'].includes(one.dataset.status));
        wasBusy ||= busy[cell];
        if (wasBusy && !busy.includes(true)) {
            window.hasRun = true;
            watch.disconnect();
        }
    });
    watch.observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


class MarimoPlace:
    """A notebook that is edited in marimo."""

    def __init__(self, page: Page, start: Callable[[], str]) -> None:
        self.page = page
        self._start = start
        self._open()

    def run(self, cell: int) -> Locator:
        """Run a cell to its end, and give its outputs."""
        found = self.page.locator("[data-cell-id]").nth(cell)
        self.page.evaluate(_WATCH, cell)
        found.locator(".cm-content").first.click()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function("window.hasRun")
        return found.locator(".output-area, .console-output-area")

    def restart(self) -> None:
        """Load the page anew, with a kernel that knows nothing."""
        self.page.goto("about:blank")
        self._open()

    def _open(self) -> None:
        self.page.goto(self._start())
        self.page.locator("[data-cell-id]").nth(READ_AGAIN).wait_for()


def test_in_jupyterlab(lab: Lab, notebook: Notebook, browser: Browser, tmp_path: Path) -> None:
    """The kernel is another one when the stored frames are read."""
    lab.write("question", *cells(tmp_path))
    go_from_question_to_report(LabPlace(notebook, lab, "question"), tmp_path, browser=browser)


@pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed")
def test_in_marimo(browser: Browser, pictures: Path, tmp_path: Path) -> None:
    """The explorer is the same widget, without a wrapper of marimo, and takes its dark theme."""
    home = tmp_path / "home"
    (home / "marimo").mkdir(parents=True)
    (home / "marimo" / "marimo.toml").write_text('[display]\ntheme = "dark"\n', "utf-8")
    source = marimo_notebook(tmp_path, *cells(tmp_path))
    page = browser.new_page(viewport={"width": 1280, "height": 1200})
    page.set_default_timeout(30_000)
    complaints = listened(page)
    with ExitStack() as servers:

        def start() -> str:
            servers.close()
            return servers.enter_context(served(source, home=home, mode="edit"))

        try:
            place = MarimoPlace(page, start)
            go_from_question_to_report(place, tmp_path, browser=browser)
            # Whether marimo had saved the card of the earlier kernel is a matter of time.
            place.run(ASKED)
            for seen in (".ff-card", ".ff-explorer"):
                scheme = page.locator(seen).first.evaluate("at => getComputedStyle(at).colorScheme")
                assert scheme == "dark"
        finally:
            page.screenshot(path=pictures / "question-in-marimo.png")
            page.close()
    # marimo says so of a saved output whose widget went with the earlier kernel.
    assert [each for each in complaints if "Model not found" not in each] == []
