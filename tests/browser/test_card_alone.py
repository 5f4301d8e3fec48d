"""The module of the progress card without a notebook: what it draws, sends and lets be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from findall_frames.api.models import FindAllCandidate
from findall_frames.display.shapes import asset
from findall_frames.progress.card import STYLE, card_html, card_values
from findall_frames.progress.update import Update, View, resume_call_of
from findall_frames.progress.wording import card_of
from tests.browser.lab import violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

STARTING = Update("findall_1", "Find tiles", "https://api.parallel.ai", "queued", match_limit=10)
RUNNING = replace(STARTING, status="running", matched=4, unmatched=30, generated=40)
MATCH = FindAllCandidate("c", "Tile maker", "https://example.org/", "matched")
ENDED = [
    replace(RUNNING, status=status, is_over=True, termination_reason=reason)
    for status, reason in (
        ("completed", "candidates_exhausted"),
        ("completed", "match_limit_met"),
        ("completed", "low_match_rate"),
        ("failed", "error_occurred"),
        ("cancelled", "user_cancelled"),
    )
]
DRAW = """
async ([source, values]) => {
    const address = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
    const card = (await import(address)).default;
    const listeners = {};
    const state = {clicks: false, silent: false, ...values};
    window.sent = [];
    window.change = (name, value) => {
        state[name] = value;
        for (const call of listeners[`change:${name}`] ?? []) call();
    };
    window.tell = message => (listeners['msg:custom'] ?? []).forEach(call => call(message));
    window.stop = card.render({
        el: document.querySelector('#live'),
        model: {
            get: name => state[name],
            send: message => window.sent.push(message),
            on: (name, call) => (listeners[name] ??= new Set()).add(call),
            off: (name, call) => listeners[name].delete(call),
        },
    });
}
"""


def view(update: Update) -> View:
    """Return a view with everything that a card can show."""
    return View(update, 90.0, (MATCH,), 0.2, resume_call_of(update), ("One row was left out.",))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which nothing may go wrong."""
    seen = browser.new_page()
    complaints: list[str] = []
    seen.on("pageerror", lambda error: complaints.append(str(error)))
    seen.on("console", lambda message: complaints.append(message.text))
    seen.set_content(
        f"<!doctype html><html lang='en'><title>Cards</title><style>{STYLE}</style>"
        "<main><h1>Cards</h1><div id='live'></div></main>"
    )
    yield seen
    seen.close()
    assert complaints == []


def draw(page: Page, update: Update, **values: Any) -> None:
    """Draw the live card of an update."""
    page.evaluate(DRAW, [asset("card.js"), {"card": card_values(view(update)), **values}])


def change(page: Page, name: str, value: object) -> None:
    """Change a trait, as Python does."""
    page.evaluate("([name, value]) => window.change(name, value)", [name, value])


def test_a_question_of_python_is_answered_and_brings_the_buttons(page: Page) -> None:
    """Before the answer has arrived there are none, and after a silence a sentence."""
    draw(page, RUNNING)
    assert page.get_by_role("button").count() == 0
    page.evaluate("window.tell({probe: 7})")
    assert page.evaluate("window.sent") == [{"answer": 7}]
    change(page, "silent", True)
    page.get_by_text("Interrupt the kernel to stop waiting; the run goes on.").wait_for()
    change(page, "clicks", True)
    assert not page.get_by_text("Interrupt the kernel").is_visible()
    page.get_by_role("button", name="Stop waiting").click()
    assert page.get_by_role("button", name="Stopping …").is_disabled()
    assert page.evaluate("window.sent")[1:] == [{"wish": "leave"}]


def test_cancelling_is_asked_once_more_and_can_be_declined_by_keyboard(page: Page) -> None:
    """The focus is on what keeps the run, and Escape keeps it as well."""
    draw(page, RUNNING, clicks=True)
    cancel = page.get_by_role("button", name="Cancel the run …")
    for key in ("Enter", "Escape"):
        cancel.click()
        keep = page.get_by_role("button", name="Keep running")
        assert keep.evaluate("button => button === document.activeElement")
        page.keyboard.press(key)
        assert cancel.evaluate("button => button === document.activeElement")
    assert page.evaluate("window.sent") == []
    cancel.click()
    page.get_by_role("button", name="Cancel the run", exact=True).click()
    assert page.evaluate("window.sent") == [{"wish": "cancel"}]
    assert page.get_by_role("button", name="Cancelling …").is_disabled()


def test_a_repaint_keeps_what_a_person_is_at(page: Page) -> None:
    """Details stay open, a focused link stays focused, and a screen reader is not disturbed."""
    draw(page, RUNNING, clicks=True)
    page.get_by_text("Details").click()
    page.get_by_role("link", name="Tile maker").focus()
    page.evaluate(
        """() => {
            window.changes = 0;
            const status = document.querySelector('[role=status]');
            const count = () => window.changes++;
            new MutationObserver(count).observe(status, {childList: true, characterData: true,
                                                         subtree: true});
        }"""
    )
    change(page, "card", card_values(view(replace(RUNNING, matched=5))))
    progress = page.get_by_role("progressbar")
    assert progress.get_attribute("aria-valuetext") == "5 of 10 matches"
    assert progress.get_attribute("aria-valuenow") == "50"
    assert page.locator("details").evaluate("details => details.open")
    assert page.evaluate("document.activeElement.textContent") == "Tile maker"
    assert page.evaluate("window.changes") == 0


def test_a_bar_without_a_total_slides_or_is_dotted(page: Page) -> None:
    """It claims no value, and under reduced motion it stands still."""
    draw(page, STARTING)
    progress = page.get_by_role("progressbar")
    assert progress.get_attribute("aria-valuenow") is None
    style = "fill => [getComputedStyle(fill).animationName, getComputedStyle(fill).backgroundImage]"
    assert page.locator(".ff-fill").evaluate(style) == ["ff-slide", "none"]
    page.emulate_media(reduced_motion="reduce")
    name, image = page.locator(".ff-fill").evaluate(style)
    assert name == "none"
    assert "repeating-linear-gradient" in image


def test_a_card_that_is_taken_away_listens_no_more(page: Page) -> None:
    """Otherwise a view that is gone would answer for it."""
    draw(page, RUNNING)
    page.evaluate("window.stop(); window.tell({probe: 1})")
    assert page.evaluate("window.sent") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_every_state_is_accessible(page: Page, theme: str, width: int) -> None:
    """In the colours of the package; those of JupyterLab are tested there."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    closed = [*ENDED, RUNNING]
    page.evaluate(
        """html => {
            const kept = document.createElement('div');
            kept.innerHTML = html;
            document.querySelector('main').append(kept);
            document.querySelectorAll('details').forEach(one => { one.open = true; });
        }""",
        "".join(card_html(card_of(view(update), is_closed=True)) for update in closed),
    )
    for update in (STARTING, RUNNING):
        draw(page, update, clicks=True)
        assert violations(page, "main") == []
    page.get_by_role("button", name="Cancel the run …").click()
    assert violations(page, "main") == []
