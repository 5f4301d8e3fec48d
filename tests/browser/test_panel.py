"""The card of a run in a browser: it moves, it obeys, and it stays as HTML without buttons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import exported, violations

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

SERVICE = """
import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from tests.support.local_models import EveryNth, numbers

service = Service(numbers(20_000), model=open_model(EveryNth(delay=0.01))).start()
client = ff.Client(api_key="", base_url=service.url)
search = ff.Search("Find every second entity", entity_type="entities", generator="pro",
                   match_conditions=["every 2nd"], match_limit=1000)
"""
RUN = """
frames = ff.find_all(search, client=client)
print("STOPPED AT", len(frames.matches), "IN", frames.findall_id)
"""
GOES_ON = """
import time
run = ff.Run(frames.findall_id, client=client)
status = run.status().status
while status.metrics.matched_candidates_count <= len(frames.matches):
    time.sleep(0.1)
    status = run.status().status
print("GOES ON", status.is_active)
"""
RESUME = """
frames = ff.resume(frames.findall_id, client=client)
print("ENDED AS", frames.runs["status"].item())
"""
CLOSE = "service.stop()"

COMPANIES = Path(__file__).parent.parent / "tables" / "companies.parquet"
STANDS_STILL = f"""
import threading
import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.corpus.opening import open_corpus
from findall_frames.embedded.server.service import Service
from tests.support.local_models import EveryNth

gate = threading.Event()
model = open_model(EveryNth(gate=gate, free=8, delay=0.4))
service = Service(open_corpus({str(COMPANIES)!r}), model=model).start()
client = ff.Client(api_key="", base_url=service.url)
search = ff.Search("Find companies", entity_type="companies", match_conditions=["every 1st"])
run = ff.start(search, client=client)
"""
WAIT = """
frames = run.wait()
"""
OPEN = """
gate.set()
print(run.wait(progress=False).runs["status"].item())
service.stop()
"""


def bar(output: Locator) -> float:
    """Read how far the bar is filled, in pixels of the screen."""
    box = output.locator(".ff-fill").bounding_box()
    return 0.0 if box is None else box["width"]


def test_a_run_is_watched_left_resumed_and_cancelled(
    lab: Lab, notebook: Notebook, pictures: Path
) -> None:
    """The bar moves; Stop leaves the run going; Cancel asks first; HTML stays without kernel."""
    lab.write("panel", SERVICE, RUN, GOES_ON, RESUME, CLOSE)
    notebook.open("panel")
    notebook.run(0)

    card = notebook.start(1)
    stop = card.get_by_role("button", name="Stop waiting")
    stop.wait_for()
    progress = card.get_by_role("progressbar")
    widths: list[float] = []
    while len(widths) < 4:
        notebook.page.wait_for_function(
            """([cell, before]) => {
                const fills = document.querySelectorAll('.jp-CodeCell')[cell]
                    .querySelectorAll('.ff-fill:not(.ff-sliding)');
                return fills.length && fills[0].getBoundingClientRect().width > before + 0.5;
            }""",
            arg=[1, widths[-1] if widths else 0],
        )
        widths.append(bar(card))
    assert widths == sorted(set(widths))
    lead = progress.get_attribute("aria-valuetext") or ""
    assert re.fullmatch(r"[\d,]+ of 20,000 rows", lead)
    done = int(lead.split()[0].replace(",", ""))
    track = card.locator(".ff-bar").bounding_box()
    assert track is not None
    assert bar(card) >= done / 20_000 * track["width"] - 1
    card.get_by_text("Details").click()
    assert "ff.resume(" in card.locator("dl").inner_text()
    assert violations(notebook.page, ".ff-card") == []
    notebook.photograph(pictures, cell=1, name="card-running")
    stop.click()
    notebook.wait_for_end(1)
    said = "\n".join(card.all_inner_texts())
    assert "Goes on without you" in said
    assert said.count("ff.resume(") == 1
    assert "Warning" not in said, "what the card says is not said again below it"
    assert "STOPPED AT" in said
    assert "GOES ON True" in notebook.run(2).last.inner_text()

    card = notebook.start(3)
    card.get_by_role("button", name="Cancel the run …").click()
    keep = card.get_by_role("button", name="Keep running")
    assert keep.evaluate("button => button === document.activeElement")
    notebook.page.keyboard.press("Enter")
    card.get_by_role("button", name="Cancel the run …").click()
    card.get_by_text("The run cannot go on afterwards.").wait_for()
    assert violations(notebook.page, ".ff-card") == []
    notebook.photograph(pictures, cell=3, name="card-cancel")
    card.get_by_role("button", name="Cancel the run", exact=True).click()
    notebook.wait_for_end(3)
    assert "ENDED AS cancelled" in card.last.inner_text()
    notebook.run(4)

    notebook.reopen_without_kernel()
    kept = notebook.outputs(1).first
    kept.get_by_text("Goes on without you").wait_for()
    notebook.outputs(3).first.get_by_text("The run was cancelled.").wait_for()
    kept.locator("summary").focus()
    for key in ("Enter", "a"):
        notebook.page.keyboard.press(key)
    assert kept.locator("details").evaluate("details => details.open")
    assert notebook.page.locator(".jp-Notebook .jp-CodeCell").count() == 5
    assert notebook.page.locator(".jp-Notebook .jupyter-widgets").count() == 0
    assert notebook.page.locator(".jp-OutputArea button").count() == 0
    for theme in ("dark", "light"):
        notebook.use_theme(theme)
        assert violations(notebook.page, ".ff-card") == []
    page = exported(lab.notebooks / "panel.ipynb")
    assert "Goes on without you" in page
    assert "The run was cancelled." in page
    assert "widget-view" not in page
    assert "model not found" not in notebook.page.locator(".jp-Notebook").inner_text()
    notebook.photograph(pictures, cell=1, name="card-left")
    notebook.photograph(pictures, cell=3, name="card-cancelled")


def test_a_run_is_interrupted_where_clicks_do_not_arrive(
    lab: Lab, notebook: Notebook, pictures: Path
) -> None:
    """No button pretends; the kernel's own interrupt detaches, and the run can be resumed."""
    lab.write("interrupt", STANDS_STILL, WAIT, WAIT, OPEN)
    notebook.open("interrupt")
    notebook.run(0)

    card = notebook.start(1)
    stop = card.get_by_role("button", name="Stop waiting")
    stop.wait_for()
    card.get_by_text(re.compile("rows a (second|minute)")).wait_for()
    latest = card.get_by_role("link")
    latest.nth(2).wait_for()
    assert (latest.first.get_attribute("href") or "").startswith("https://")
    notebook.page.set_viewport_size({"width": 960, "height": 900})
    card.first.screenshot(path=pictures / "readme-panel.png")
    stop.click()
    notebook.wait_for_end(1)

    notebook.page.evaluate(
        "window.jupyterapp.serviceManager.kernels.commsOverSubshells = 'disabled'"
    )
    card = notebook.start(2)
    card.get_by_text("Interrupt the kernel to stop waiting; the run goes on.").wait_for()
    assert card.locator(".ff-bar").count() == 1
    assert [button.is_visible() for button in card.get_by_role("button").all()] == []
    notebook.command("notebook:interrupt-kernel")
    notebook.wait_for_end(2)
    said = "\n".join(card.all_inner_texts())
    assert "Goes on without you" in said
    assert "KeyboardInterrupt" in said
    assert "goes on, and nothing is lost: ff.resume(" in said
    assert notebook.run(3).inner_text().strip() == "completed"
