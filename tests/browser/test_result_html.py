"""A cell that ends in frames, in JupyterLab: in both themes, and when the kernel is gone."""

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
    match_conditions={{"publicly_traded": "publicly traded", "large": "employees over 10,000"}},
    enrichments={{"ceo": "Who the CEO is"}},
)
with ff.local({str(COMPANIES)!r}) as client:
    frames = ff.find_all(search, client=client, progress=False)
"""


def test_frames_take_the_theme_of_jupyterlab_and_stay_when_the_kernel_is_gone(
    lab: Lab, notebook: Notebook, pictures: Path
) -> None:
    """No violation of accessibility in light and dark, and no heading for the contents."""
    from axe_playwright_python.sync_playwright import Axe

    lab.write("frames", SEARCH, "frames")
    notebook.open("frames")
    notebook.run(0)
    notebook.run(1).get_by_role("table").wait_for()
    notebook.photograph(pictures, cell=1, name="frames")
    for theme in ("light", "dark"):
        notebook.use_theme(theme)
        found = Axe().run(notebook.page, context=".ff-result")
        assert found.violations_count == 0, found.generate_report()
    result = notebook.page.locator(".ff-result")
    assert result.locator("h1, h2, h3, h4, h5, h6").count() == 0
    striped = result.locator("tbody tr").evaluate_all(
        "rows => new Set(rows.map(row => getComputedStyle(row).backgroundColor)).size"
    )
    assert striped == 1
    notebook.reopen_without_kernel()
    notebook.page.get_by_text("7 of 17 candidates met both conditions").wait_for()
    assert "7 of 17 candidates met both conditions" in exported(lab.notebooks / "frames.ipynb")
