"""A JupyterLab and a browser for all tests of this folder, or a word on why there are none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab, Notebook

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever a page asks for, nothing but this machine can be found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_pictures = pytest.StashKey[Path]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where the pictures are."""
    folder = config.stash.get(_pictures, None)
    if folder is not None and any(folder.iterdir()):
        terminalreporter.write_line(f"pictures of the browser tests: {folder}")


def _executable() -> str:
    """Find the browser; what is missing skips the tests, or fails them where it must not be."""
    needed = ("playwright", "jupyterlab", "axe_playwright_python")
    missing = [name for name in needed if find_spec(name) is None]
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        missing.append("chromium")
    if not missing and found is not None:
        return found
    word = (
        f"missing for a test in a browser: {', '.join(missing)}; pip install -e '.[test,browser]' "
        "and, on Debian, apt-get install chromium"
    )
    if os.environ.get("FINDALL_FRAMES_BROWSER") == "required":
        pytest.fail(word, pytrace=False)
    pytest.skip(word)


# Of the package rather than the session: while it is open, this thread has a running event loop,
# which tests elsewhere must not find.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium with a new profile."""
    executable = _executable()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(_QUIET))
        yield started
        started.close()


@pytest.fixture(scope="package")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab with a new profile."""
    from tests.browser.lab import Lab

    with Lab(tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture
def notebook(
    browser: Browser, lab: Lab, pictures: Path, request: pytest.FixtureRequest
) -> Iterator[Notebook]:
    """A page in which a notebook can be opened; nothing may have gone wrong in it at the end."""
    from tests.browser.lab import Notebook

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    seen = Notebook(context.new_page(), lab)
    yield seen
    # What was seen last tells most where a test has failed.
    seen.page.screenshot(path=pictures / f"{request.node.name}-last.png")
    is_marked = seen.page.evaluate("window.__pwned !== undefined")
    context.close()
    lab.stop_kernels()
    assert not is_marked, "a string of the data was run as a script"
    assert seen.dialogs == []
    assert seen.requests_elsewhere == []
    assert seen.complaints == []


@pytest.fixture(scope="session")
def pictures(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: FINDALL_FRAMES_PICTURES, or a temporary folder."""
    chosen = os.environ.get("FINDALL_FRAMES_PICTURES")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    pytestconfig.stash[_pictures] = folder
    return folder
