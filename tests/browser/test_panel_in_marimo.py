"""The card of a run in marimo, in a browser: it moves while the cell runs, and it stays."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import violations
from tests.support.marimo_notebook import notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not installed"),
]

_REPOSITORY = Path(__file__).parent.parent.parent

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


@contextmanager
def served(source: Path, *, home: Path) -> Iterator[str]:
    """Serve a notebook of marimo on loopback, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    options = ["--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port)]
    surroundings = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "FINDALL_FRAMES_HOME": str(home / "findall_frames"),
        # Kernels take the slowed model from the tests.
        "PYTHONPATH": str(_REPOSITORY),
    }
    log = home / "marimo.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "marimo", "run", str(source), *options],
            env=surroundings,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}/"
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(address + "health", timeout=30).close()
                break
            except urllib.error.URLError:
                if process.poll() is not None or time.monotonic() > until:
                    words = log.read_text("utf-8")[-2000:]
                    raise AssertionError(f"marimo does not start: {words}") from None
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


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
