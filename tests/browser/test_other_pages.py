"""What a web page of another origin can do to an embedded service on the same machine: nothing."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from findall_frames.embedded.server.service import Service
from tests.support.local_caller import RUN, Caller
from tests.support.local_models import numbers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# What came of each attempt is left in `window.got`: no attempt may read anything.
_ATTACK = """<!doctype html><form id="form" method="post" enctype="text/plain" target="frame"
 action="BASE/runs"><input name='BODY_START' value='BODY_END'></form><iframe name="frame"></iframe>
<script type="module">
const got = window.got = {};
async function attempt(name, work) {
  try { got[name] = await work(); } catch (error) { got[name] = "refused"; }
}
const body = `BODY`, run = "BASE/runs/RUN";
const read = async (url, more) => (await fetch(url, more)).text();
const event = (make, good, bad) => new Promise((resolve, reject) => {
  const one = make(); one[good] = () => resolve("read"); one[bad] = reject;
});
await attempt("no-cors", () => read("BASE/runs", {method: "POST", mode: "no-cors", body}));
await attempt("json", () => read("BASE/runs",
  {method: "POST", body, headers: {"content-type": "application/json"}}));
await attempt("blob", () => read("BASE/runs",
  {method: "POST", mode: "no-cors", body: new Blob([body], {type: "application/json"})}));
await attempt("cancel", () => read(run + "/cancel", {method: "POST", mode: "no-cors"}));
await attempt("result", () => read(run + "/result"));
await attempt("opaque", () => read(run + "/result", {mode: "no-cors"}));
await attempt("beacon", async () =>
  navigator.sendBeacon("BASE/runs", new Blob([body], {type: "text/plain"})) ? "" : "refused");
await attempt("events", () =>
  event(() => new EventSource(run + "/events"), "onmessage", "onerror"));
await attempt("socket", () =>
  event(() => new WebSocket((run + "/events").replace("http", "ws")), "onopen", "onerror"));
await attempt("image", () =>
  event(() => Object.assign(new Image(), {src: run + "/result"}), "onload", "onerror"));
document.getElementById("form").submit();
await new Promise((resolve) => { document.querySelector("iframe").onload = resolve; });
await attempt("frame", async () => frames.frame.document.body.innerText);
if (window.parent !== window) window.parent.postMessage(got, "*"); else window.done = true;
</script>"""
_SANDBOX = """<!doctype html><script>
onmessage = (event) => { window.got = event.data; window.done = true; };
</script><iframe sandbox="allow-scripts allow-forms" src="attack.html"></iframe>"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """A web server for the files of the test."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    handler = partial(Quiet, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["another port", "a sandboxed frame", "a file"])
def test_a_page_elsewhere_can_neither_read_nor_start_anything(
    browser: Browser, elsewhere: str, tmp_path: Path, kind: str
) -> None:
    """By any of eleven means."""
    store = tmp_path / "runs.db"
    with Service(numbers(20), store=store) as service:
        caller = Caller(service)
        findall_id = caller.run()
        caller.events(findall_id)
        body = json.dumps(RUN)
        page_ = _ATTACK.replace("BASE", caller.url).replace("RUN", findall_id)
        page_ = page_.replace("BODY_START", body[:-1] + ',"x":"').replace("BODY_END", '"}')
        (tmp_path / "attack.html").write_text(page_.replace("BODY", body), encoding="utf-8")
        (tmp_path / "sandbox.html").write_text(_SANDBOX, encoding="utf-8")
        page = browser.new_page()
        page.goto(
            {
                "another port": f"{elsewhere}/attack.html",
                "a sandboxed frame": f"{elsewhere}/sandbox.html",
                "a file": (tmp_path / "attack.html").as_uri(),
            }[kind]
        )
        page.wait_for_function("window.done === true", timeout=20_000)
        got = page.evaluate("window.got")
        page.close()
    assert len(got) == 11
    assert set(got.values()) <= {"refused", ""}, got
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
