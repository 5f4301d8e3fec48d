"""The card of a run in marimo, in a browser: it moves while the cell runs, and it stays."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import violations
from tests.support.marimo_notebook import notebook, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed"),
]

SERVICE = """
import findall_frames as ff
from findall_frames.embedded.chat.open_model import open_model
from findall_frames.embedded.server.service import Service
from tests.support.local_models import EveryNth, numbers

service = Service(numbers(400), model=open_model(EveryNth(delay=0.01))).start()
client = ff.Client(api_key="", base_url=service.url)
search = ff.Search("Find every second entity", entity_type="entities", generator="pro",
                   match_conditions=["every 2nd"], match_limit=100)
"""
RUN = """
frames = ff.find_all(search, client=client)
"""


def test_the_card_moves_while_the_cell_runs_and_stays(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    """It has no buttons, as marimo holds clicks back until the cell has ended."""
    home = tmp_path / "home"
    home.mkdir()
    with served(notebook(tmp_path, SERVICE, RUN), home=home) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(30_000)
        complaints: list[str] = []
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.goto(address)
        leads: list[str] = []
        lead = page.locator(".ff-lead")
        lead.filter(has_text=re.compile(r"\d+ of 400 rows")).wait_for()
        page.screenshot(path=pictures / "marimo-running.png")
        page.get_by_text("Interrupt the kernel to stop waiting; the run goes on.").wait_for()
        while "matches among" not in (leads[-1] if leads else ""):
            shown = lead.inner_text()
            if shown not in leads:
                leads.append(shown)
            page.wait_for_timeout(50)
        assert len(leads) > 3, "the card is repainted while the cell runs"
        page.get_by_text("Stopped at your limit of 100; there may be more.").wait_for()
        assert page.locator(".ff-card button").count() == 0
        assert violations(page, ".ff-card") == []
        page.screenshot(path=pictures / "marimo-ended.png")
        page.close()
    assert complaints == []
