"""JupyterLab on loopback with a fresh profile, and one notebook of it in a browser."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Dialog, Locator, Page, Request

__all__ = ["Lab", "Notebook", "exported", "violations"]

_REPOSITORY = Path(__file__).parent.parent.parent
_THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class Lab:
    """A JupyterLab server that knows nothing of this machine's user and asks nobody for news."""

    def __init__(self, folder: Path) -> None:
        self.notebooks = folder / "notebooks"
        self._log = folder / "jupyterlab.log"
        self._token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self._profile = folder / "profile"
        settings = self._profile / "settings" / "@jupyterlab" / "apputils-extension"
        for place in (self.notebooks, settings):
            place.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet), "utf-8")

    def __enter__(self) -> Self:
        profile = self._profile
        surroundings = {
            **os.environ,
            "HOME": str(profile),
            "JUPYTER_CONFIG_DIR": str(profile / "config"),
            "JUPYTER_DATA_DIR": str(profile / "data"),
            "JUPYTER_RUNTIME_DIR": str(profile / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(profile / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(profile / "workspaces"),
            "IPYTHONDIR": str(profile / "ipython"),
            "FINDALL_FRAMES_HOME": str(profile / "findall_frames"),
            # Kernels take the slowed model and the hostile strings from the tests.
            "PYTHONPATH": str(_REPOSITORY),
        }
        options = [
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={self._port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self._token}",
            f"--ServerApp.root_dir={self.notebooks}",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                env=surroundings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_it_answers()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def address(self, notebook: str) -> str:
        """Where a notebook is opened, in a workspace of its own."""
        return f"{self._url}/lab/workspaces/{notebook}/tree/{notebook}.ipynb?token={self._token}"

    def write(self, notebook: str, *cells: str) -> Path:
        """Save a notebook that has not been run."""
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
        )
        book.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        path = self.notebooks / f"{notebook}.ipynb"
        nbformat.write(book, path)
        return path

    def stop_kernels(self) -> None:
        """Stop every kernel, as restarting the computer would."""
        for session in self._ask("GET", "/api/sessions"):
            self._ask("DELETE", f"/api/sessions/{session['id']}")

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(
            self._url + path, method=method, headers={"Authorization": f"token {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                self._ask("GET", "/api/status")
                return
            except urllib.error.URLError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise AssertionError(
                        f"JupyterLab does not start: {self._log.read_text('utf-8')[-2000:]}"
                    ) from None
                time.sleep(0.1)


class Notebook:
    """A notebook in JupyterLab, as the person at the browser sees and uses it."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self._lab = lab
        self._name = ""
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.requests_elsewhere: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("dialog", self._refuse)
        page.context.on("request", self._look_where)

    def open(self, name: str, *, with_kernel: bool = True) -> None:
        """Open a notebook and, unless it is only to be read, wait for its kernel."""
        self._name = name
        self.page.goto(self._lab.address(name))
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell .jp-InputArea")
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")
        if with_kernel:
            self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
            self.page.wait_for_selector("text=/Python 3.*Idle/")

    def reopen_without_kernel(self) -> None:
        """Save, stop the kernel and load the page anew, as whoever is sent the notebook."""
        self.save()
        self.page.goto("about:blank")
        self._lab.stop_kernels()
        self.open(self._name, with_kernel=False)

    def save(self) -> None:
        """Save the notebook and wait until that is done."""
        self.command("docmanager:save")
        self.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")

    def command(self, name: str, **options: Any) -> None:
        """Have JupyterLab do what one of its menu items does."""
        self.page.evaluate(
            "([name, options]) => window.jupyterapp.commands.execute(name, options)",
            [name, options],
        )

    def start(self, cell: int) -> Locator:
        """Run a cell without waiting for its end, and give its outputs."""
        self.page.evaluate(
            """cell => {
                const app = window.jupyterapp;
                app.shell.currentWidget.content.activeCellIndex = cell;
                void app.commands.execute('notebook:run-cell');
            }""",
            cell,
        )
        return self.outputs(cell)

    def run(self, cell: int) -> Locator:
        """Run a cell to its end, which must be no error, and give its outputs."""
        outputs = self.start(cell)
        self.wait_for_end(cell)
        kept = self.page.evaluate(
            "cell => window.jupyterapp.shell.currentWidget.content.widgets[cell]"
            ".model.outputs.toJSON()",
            cell,
        )
        errors = [output["traceback"] for output in kept if output["output_type"] == "error"]
        assert errors == []
        return outputs

    def wait_for_end(self, cell: int) -> None:
        """Wait until a cell has been run."""
        self.page.wait_for_function(
            """cell => {
                const model = window.jupyterapp.shell.currentWidget.content.widgets[cell].model;
                return model.executionState === 'idle' && model.executionCount !== null;
            }""",
            arg=cell,
            timeout=90_000,
        )

    def cell(self, number: int) -> Locator:
        """One cell with all that belongs to it."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def outputs(self, cell: int) -> Locator:
        """All outputs of one cell."""
        return self.cell(cell).locator(".jp-OutputArea-output")

    def photograph(self, folder: Path, *, cell: int, name: str) -> None:
        """Keep what is seen of a cell: wide and narrow, light and dark."""
        for theme in _THEMES:
            self.use_theme(theme)
            for width in (1280, 800):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.wait_for_timeout(200)  # for what is laid out anew
                self.cell(cell).evaluate("cell => cell.scrollIntoView(true)")
                self.page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
        self.use_theme("light")
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def use_theme(self, theme: str) -> None:
        """Change between light and dark."""
        self.command("apputils:change-theme", theme=_THEMES[theme])
        is_light = json.dumps("true" if theme == "light" else "false")
        self.page.wait_for_selector(f"body[data-jp-theme-light={is_light}]", state="attached")

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def _refuse(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _look_where(self, request: Request) -> None:
        place = urlsplit(request.url)
        is_inside = place.scheme in ("data", "blob", "about") or place.hostname == "127.0.0.1"
        if not is_inside:
            self.requests_elsewhere.append(request.url)


def violations(page: Page, selector: str) -> list[str]:
    """Return what axe-core finds wrong in a part of a page, one line for each rule."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=selector).response["violations"]
    return [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found]


def exported(notebook: Path) -> str:
    """Give a notebook as the HTML that nbconvert makes of it, without running it."""
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--stdout", str(notebook)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout.decode()
