"""The explorer in a browser: typed into, sifted, and a candidate followed to its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import exported

if TYPE_CHECKING:
    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

COMPANIES = Path(__file__).parent.parent / "tables" / "companies.parquet"
SEARCH = f"""
import findall_frames as ff

search = ff.Search(
    "Find large companies that are publicly traded",
    entity_type="companies",
    match_conditions={{
        "publicly_traded": "publicly traded",
        "large": "employees over 10,000",
    }},
    enrichments={{"ceo": "Who the CEO is"}},
)
with ff.local({str(COMPANIES)!r}) as client:
    frames = ff.find_all(search, client=client)
"""


def test_the_explorer_is_typed_into_sifted_and_followed(
    lab: Lab, notebook: Notebook, pictures: Path
) -> None:
    """Each keystroke and each filter leaves fewer; what is chosen has its evidence beside it."""
    lab.write("explorer", SEARCH, "frames", "search", "frames.explore()")
    notebook.open("explorer")
    notebook.run(0)
    notebook.run(1).get_by_role("table").wait_for()
    notebook.photograph(pictures, cell=1, name="frames")
    notebook.run(2)
    notebook.photograph(pictures, cell=2, name="search")

    explorer = notebook.run(3)
    explorer.get_by_text("17 of 17 candidates").wait_for()
    notebook.photograph(pictures, cell=3, name="explorer")
    for label in ("Verdict", "Confidence", "Field", "Domain"):
        chosen = explorer.get_by_label(label).locator("option:checked")
        assert chosen.inner_text() == "any"
    listed = explorer.get_by_role("listbox").get_by_role("option")
    assert listed.count() == 17

    search = explorer.get_by_label("Search")
    search.press_sequentially("bank")
    explorer.get_by_text("3 of 17 candidates").wait_for()
    search.press_sequentially("ing")
    explorer.get_by_text("2 of 17 candidates").wait_for()
    assert [words.split()[1] for words in listed.all_inner_texts()] == ["Klarna", "Revolut"]
    explorer.get_by_role("listbox").select_option(index=1)
    explorer.get_by_role("heading", name="Revolut").wait_for()
    explorer.get_by_text("Revolut offers a banking app").wait_for()
    search.fill("")
    explorer.get_by_text("17 of 17 candidates").wait_for()
    explorer.get_by_label("Verdict").select_option(label="matched (7)")
    explorer.get_by_text("7 of 17 candidates").wait_for()
    explorer.get_by_label("Confidence").select_option(label="low (1)")
    explorer.get_by_text("1 of 17 candidates").wait_for()
    explorer.get_by_role("heading", name="Zalando").wait_for()
    explorer.get_by_label("Domain").select_option(label="sap.com (1)")
    explorer.get_by_text("No candidate fits").wait_for()
    explorer.get_by_label("Confidence").select_option(label="any")
    source = explorer.get_by_role("link", name="SAP")
    assert source.get_attribute("href") == "https://sap.com"
    assert source.get_attribute("rel") == "noopener noreferrer"
    explorer.get_by_label("Domain").select_option(label="any")
    explorer.get_by_label("Verdict").select_option(label="any")
    explorer.get_by_text("17 of 17 candidates").wait_for()
    notebook.page.set_viewport_size({"width": 960, "height": 900})
    explorer.screenshot(path=pictures / "readme-explorer.png")

    notebook.save()
    page = exported(lab.notebooks / "explorer.ipynb")
    assert "The explorer needs a running kernel" in page
    assert "widget-view" not in page
