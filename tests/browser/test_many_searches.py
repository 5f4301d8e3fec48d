"""The card of many searches in a browser: who runs, how many wait, and how to go on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import exported, violations
from tests.support.marimo_notebook import notebook as marimo_notebook
from tests.support.marimo_notebook import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

STANDS_STILL = """
import threading
import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from tests.support.local_models import EveryNth, numbers

gate = threading.Event()
service = Service(numbers(40), model=open_model(EveryNth(gate=gate, free=8))).start()
client = ff.Client(api_key="", base_url=service.url)
searches = [
    ff.Search(f"Find the entities whose number can be divided by {n}", entity_type="entities",
              match_conditions=[f"every {n}nd"], match_limit=100)
    for n in range(2, 42)
]
"""
MANY = """
frames = ff.find_many(searches, client=client)
"""
OPEN = "gate.set()"
ENDED = """
recorded = (ff.runs()["service"] == client.base_url).sum()
print(frames.runs["status"].value_counts().to_dict(), recorded)
service.stop()
"""


def test_many_searches_are_watched_left_and_completed(
    lab: Lab, notebook: Notebook, pictures: Path
) -> None:
    """Interrupting leaves their runs going, and the same call again returns all of them."""
    lab.write("many", STANDS_STILL, MANY, OPEN, MANY, ENDED)
    notebook.open("many")
    notebook.run(0)
    card = notebook.start(1)
    card.get_by_text("40 running").wait_for()
    card.get_by_text("and 28 more running").wait_for()
    assert card.get_by_role("listitem").count() == 12
    card.get_by_text("Interrupt the kernel to stop waiting; the runs go on.").wait_for()
    assert violations(notebook.page, ".ff-board") == []
    notebook.photograph(pictures, cell=1, name="many-running")
    notebook.command("notebook:interrupt-kernel")
    notebook.wait_for_end(1)
    said = "\n".join(card.all_inner_texts())
    assert "Goes on without you" in said
    assert "KeyboardInterrupt" in said
    assert "The same call again" in said
    card.get_by_text("All 40 searches").click()
    assert card.get_by_role("listitem").count() == 40
    assert violations(notebook.page, ".ff-board") == []
    notebook.photograph(pictures, cell=1, name="many-left")

    notebook.run(2)
    card = notebook.run(3)
    card.get_by_text("matches in 40 searches").wait_for()
    assert "{'completed': 40} 40" in notebook.run(4).inner_text()
    for theme in ("dark", "light"):
        notebook.use_theme(theme)
        assert violations(notebook.page, ".ff-board") == []
    notebook.photograph(pictures, cell=3, name="many-complete")
    notebook.save()
    assert "matches in 40 searches" in exported(lab.notebooks / "many.ipynb")


@pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed")
def test_many_searches_are_watched_in_marimo(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    """The card is the output of the cell, while it runs and afterwards."""
    home = tmp_path / "home"
    home.mkdir()
    opens = "threading.Timer(6, gate.set).start()"
    cells = marimo_notebook(tmp_path, STANDS_STILL + opens, MANY)
    with served(cells, home=home) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(30_000)
        page.goto(address)
        page.get_by_text("and 28 more running").wait_for()
        page.screenshot(path=pictures / "marimo-many-running.png")
        page.get_by_text("matches in 40 searches").wait_for()
        assert violations(page, ".ff-board") == []
        page.screenshot(path=pictures / "marimo-many-complete.png")
        page.close()
