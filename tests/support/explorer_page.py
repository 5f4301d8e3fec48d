"""A plain page with an explorer in it, and what a person does and sees there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findall_frames.display.shapes import asset

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Request, Route

__all__ = ["ExplorerPage"]

# There is no such host: what is not given out below cannot be had.
_ADDRESS = "http://explorer.invalid/"
_LAB = {
    "light": "--jp-layout-color0: white; --jp-ui-font-color1: rgba(0, 0, 0, 0.87); "
    "--jp-brand-color1: #1976d2; --jp-content-link-color: #1976d2; "
    "--jp-ui-font-family: system-ui, sans-serif; --jp-code-font-family: monospace",
    "dark": "--jp-layout-color0: #111111; --jp-ui-font-color1: rgba(255, 255, 255, 1); "
    "--jp-brand-color1: #2196f3; --jp-content-link-color: #42a5f5; "
    "--jp-ui-font-family: system-ui, sans-serif; --jp-code-font-family: monospace",
}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Explorer</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/explorer.css"></head>
<body {theme} style="margin: 0; color-scheme: {scheme}; background: {paper}; {colours}">
<main style="padding: 24px max(16px, min(40px, 100vw - 1240px))">
<h1 style="position: absolute; top: 0; margin: 0; font-size: 14px; color: CanvasText">Page</h1>
<div id="explorer"></div></main>
<script type="module">
import {{mount}} from "/explorer.js";
window.sent = [];
window.views = [];
window.wanted = [];
const payload = await (await fetch("/payload.json")).json();
const options = {options};
window.explorer = mount(document.getElementById("explorer"), payload, options);
window.ready = true;
</script></body></html>"""
_OPTIONS = (
    "{onReview: (each) => window.sent.push(each), onView: (each) => window.views.push(each), "
    "onEvidence: (start) => window.wanted.push(start), savesLater: %s}"
)
_PAPER = {"light": "#ffffff", "dark": "#15181b"}


class ExplorerPage:
    """An explorer of a payload in a page of its own.

    `theme` is "light" or "dark"; `lab` gives it the colours of JupyterLab.
    """

    def __init__(
        self,
        browser: Browser,
        payload: dict[str, Any],
        *,
        theme: str = "light",
        lab: bool = False,
        width: int = 1280,
        height: int = 640,
        reads_only: bool = False,
        saves_later: bool = False,
    ) -> None:
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        viewport: Any = {"width": width, "height": height}
        scheme: Any = theme
        self._context = browser.new_context(viewport=viewport, color_scheme=scheme)
        self._context.set_default_timeout(10_000)
        self.page = self._context.new_page()
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", self._look_where)
        page = _PAGE.format(
            theme=f'data-jp-theme-light="{json.dumps(theme == "light")}"' if lab else "",
            scheme=theme,
            paper="#111111" if lab and theme == "dark" else _PAPER[theme],
            colours=_LAB[theme] if lab else "",
            options="{}" if reads_only else _OPTIONS % json.dumps(saves_later),
        )
        self._files = {
            _ADDRESS: (page, "text/html"),
            f"{_ADDRESS}explorer.js": (asset("explorer.js"), "text/javascript"),
            f"{_ADDRESS}explorer.css": (asset("tokens.css") + asset("explorer.css"), "text/css"),
            f"{_ADDRESS}payload.json": (json.dumps(payload), "application/json"),
        }
        self.page.route(f"{_ADDRESS}**", self._serve)
        self.page.goto(_ADDRESS)
        self.page.wait_for_function("window.ready")
        self.root = self.page.locator("#explorer")
        self.search = self.page.get_by_label("Search all text")
        self.table = self.page.get_by_role("grid")
        self.evidence = self.page.get_by_role("group", name="Evidence")

    def give(self, name: str, text: str) -> None:
        """Have the page find a file of JSON beside it."""
        self._files[_ADDRESS + name] = (text, "application/json")

    def close(self) -> None:
        """Close the page, in which nothing may have gone wrong."""
        is_marked = self.page.evaluate("window.__pwned !== undefined")
        self._context.close()
        assert not is_marked, "a string of the data was run as a script"
        assert self.complaints == []
        assert self.elsewhere == []

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def names(self) -> list[str]:
        """The names in the table that can be seen, from top to bottom."""
        return self.root.get_by_role("rowheader").locator(".ff-text").all_inner_texts()

    @property
    def chosen(self) -> str:
        """The name of the chosen candidate in the table."""
        return self.root.locator("[aria-selected=true] .ff-name .ff-text").inner_text()

    @property
    def count(self) -> str:
        """What is said about how many are left."""
        return self.root.get_by_role("status").inner_text()

    @property
    def chips(self) -> list[str]:
        """The filters that are on."""
        return self.root.locator(".ff-chip-text").all_inner_texts()

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The judgements so far."""
        judgements: list[dict[str, Any]] = self.page.evaluate("window.sent")
        return judgements

    @property
    def focus(self) -> str:
        """The role, class or tag of what has the focus."""
        name: str = self.page.evaluate(
            "() => { const at = document.activeElement; "
            "return at.getAttribute('role') ?? (at.className || at.tagName); }"
        )
        return name

    def column(self, title: str) -> Locator:
        """The header of a column."""
        return self.root.get_by_role("columnheader").filter(
            has=self.page.get_by_text(title, exact=True)
        )

    def photograph(self, path: Path) -> None:
        """Keep what is seen."""
        self.page.wait_for_timeout(100)
        self.page.screenshot(path=path)

    def _serve(self, route: Route) -> None:
        body, kind = self._files[route.request.url]
        route.fulfill(body=body, content_type=kind)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _look_where(self, request: Request) -> None:
        if not request.url.startswith((_ADDRESS, "data:")):
            self.elsewhere.append(request.url)
