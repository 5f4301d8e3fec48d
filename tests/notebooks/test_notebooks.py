"""The notebooks run from a clean kernel and are saved with their output."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def read(name: str) -> nbformat.NotebookNode:
    """Read a saved notebook."""
    return nbformat.read(FOLDER / name, as_version=4)


def test_the_notebooks_are_found() -> None:
    """The tests below are repeated for each of them."""
    assert NOTEBOOKS[:2] == ["01_quickstart.ipynb", "02_runs_and_costs.ipynb"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_notebook_runs_twice_from_a_clean_kernel(name: str, tmp_path: Path) -> None:
    """Without an error or a printed traceback, and it leaves no files behind."""
    for replies in FOLDER.glob("*.json"):
        shutil.copy(replies, tmp_path)
    before = set(tmp_path.iterdir())
    for _ in range(2):
        notebook = read(name)
        client = nbclient.NotebookClient(
            notebook,
            timeout=180,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        )
        client.execute()
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                assert "Traceback" not in output.get("text", "")
        assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_notebook_is_saved_with_its_output_and_without_widgets(name: str) -> None:
    """Widgets show nothing without a kernel."""
    notebook = read(name)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert len(outputs) >= 5
    for output in outputs:
        assert output.output_type != "error"
        assert not any("widget" in kind for kind in output.get("data", {}))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_notebook_contains_a_local_path(name: str) -> None:
    """A path would name folders and users of the machine that saved it."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert re.findall(r"/(?:home|root|tmp|work|Users)/[\w.-]+", text) == []
