"""Strings that are out for harm, in every view of a real browser: none of them is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.hostile import HOSTILE

if TYPE_CHECKING:
    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

CANARY = """
from IPython.display import HTML
HTML("<img src=x onerror='window.__pwned = 1'>")
"""
# Each string once as it is, which would open a dialog, and once to leave a mark without one.
STRINGS = """
import findall_frames as ff
from IPython.display import HTML
from findall_frames.api.models import FindAllCandidate
from findall_frames.frames.flatten import flatten
from findall_frames.progress.notebook import NotebookCard
from findall_frames.progress.update import Update, View, Wishes
from tests.support.hostile import HOSTILE
from tests.support.shown import hostile_candidate

MARK = "window.__pwned=1"
strings = [*HOSTILE, *(text.replace("alert(1)", MARK) for text in HOSTILE if "alert(1)" in text)]
candidates = [
    {**hostile_candidate(text), "candidate_id": f"c{n}"} for n, text in enumerate(strings)
]
run = {
    "findall_id": strings[0],
    "generator": strings[1],
    "status": {"status": "completed", "is_active": False, "termination_reason": strings[2],
               "metrics": {"generated_candidates_count": 9, "matched_candidates_count": 9}},
}
frames = flatten({"run": run, "candidates": candidates})
print(len(strings))
"""
FRAMES = """
from findall_frames.display.result_view import ResultView
from findall_frames.display.result_html import frames_html

view = ResultView(frames.tables, warnings=strings)
HTML(frames_html(view, most_rows=len(strings)))
"""
SEARCHES = """
client = ff.Client(api_key="", base_url="http://127.0.0.1:9")
shown = []
for text in (string.replace("\\0", "") for string in strings):  # a search refuses it
    search = ff.Search(text, entity_type=text, match_conditions={text: text},
                       enrichments={"a": text})
    run = ff.Run(text, client=client, schema=search.to_schema())
    shown += [search._repr_html_(), run._repr_html_()]
HTML("".join(shown))
"""
PANELS = """
panels = []
for text in strings[{}:{}]:
    found = FindAllCandidate("c", text, text, "matched")
    update = Update(text, text, client.base_url, text, match_limit=9)
    view = View(update, 1.0, (found, found), resume=text, warnings=(text,))
    panel = NotebookCard(Wishes())
    panel.begin(view)
    panel.announce(view)
    panel.paint(view)
    panels.append((panel, view))
"""
_AT_ONCE = 9
LINES = """
for panel, view in panels:
    panel.end(view)
"""


def test_a_string_that_is_run_would_be_noticed(lab: Lab, notebook: Notebook) -> None:
    """Without this, the test below could not fail."""
    lab.write("canary", CANARY)
    notebook.open("canary")
    notebook.run(0)
    notebook.page.wait_for_function("window.__pwned === 1")
    notebook.page.evaluate("delete window.__pwned")
    (refused,) = notebook.complaints
    assert "404" in refused
    notebook.complaints.clear()


def test_hostile_strings_are_shown_and_not_run(lab: Lab, notebook: Notebook) -> None:
    """In frames, in searches, in the explorer, candidate by candidate, and in the panel."""
    # A panel is some hundred messages, and a kernel drops what the server is too slow to take.
    starts = range(0, 2 * len(HOSTILE), _AT_ONCE)
    lots = [cell for at in starts for cell in (PANELS.format(at, at + _AT_ONCE), LINES)]
    lab.write("hostile", STRINGS, FRAMES, SEARCHES, "frames.explore()", *lots)
    notebook.open("hostile")
    count = int(notebook.run(0).inner_text())
    assert count > len(HOSTILE) > 50

    notebook.run(1).get_by_role("row").nth(count - 1).wait_for()
    searches = notebook.run(2).get_by_role("table")
    searches.nth(count - 1).wait_for()

    explorer = notebook.run(3).locator(".ff-explorer")
    explorer.get_by_text(f"{count} candidates").wait_for()
    explorer.get_by_role("grid").focus()
    for _ in range(count):
        notebook.page.keyboard.press("j")
    explorer.get_by_text(f"{count} of {count}").wait_for()
    explorer.get_by_label("Search all text").fill("<img src=x onerror=alert(1)>")
    explorer.get_by_text(f"of {count}").first.wait_for()

    for at, start in enumerate(range(0, count, _AT_ONCE)):
        cell, size = 4 + 2 * at, min(_AT_ONCE, count - start)
        panels = notebook.run(cell)
        panels.nth(size - 1).get_by_role("progressbar").wait_for(state="attached")
        assert panels.count() == size
        notebook.run(cell + 1)
        notebook.page.wait_for_function(
            """cell => {
                const cells = document.querySelectorAll('.jp-CodeCell');
                return cells[cell].querySelector('[role=progressbar]') === null;
            }""",
            arg=cell,
        )

    links = notebook.page.locator(".jp-OutputArea a[href]").evaluate_all(
        "links => links.map(link => [link.protocol, link.host, link.rel.includes('noopener')])"
    )
    assert {tuple(link) for link in links} == {("https:", "example.org", True)}
    # Card, results and the table for saved notebooks bring their own style sheets.
    styles = notebook.page.locator(".jp-OutputArea-output style").all_text_contents()
    assert {text[:14] for text in styles} == {"/* Colours, ty", "/* The table t"}
    for tag in ("script", "img", "iframe", "form", "base", "math", "mjx-container"):
        assert notebook.page.locator(f".jp-OutputArea-output {tag}").count() == 0
    # Card and explorer draw shapes of their own, which have no handlers.
    assert notebook.page.locator(".jp-OutputArea-output svg[onload]").count() == 0
