"""The notebooks run from a clean kernel, and are saved as they should be read."""

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
    """Read a notebook as it is saved."""
    return nbformat.read(FOLDER / name, as_version=4)


def test_the_quickstart_is_there() -> None:
    """And so are the others that the tests below go through."""
    assert NOTEBOOKS[:2] == ["01_quickstart.ipynb", "02_runs_and_costs.ipynb"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_from_a_clean_kernel(name: str, tmp_path: Path) -> None:
    """Every cell, in a folder of its own, without an error or a line on stderr."""
    for replies in FOLDER.glob("*.json"):
        shutil.copy(replies, tmp_path)
    notebook = read(name)
    client = nbclient.NotebookClient(
        notebook,
        timeout=180,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    written = [
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert [text for text in written if "Traceback" in text] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_saved_with_its_output_and_without_dead_widgets(name: str) -> None:
    """Whoever opens it without a kernel sees what it shows."""
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
def test_it_tells_nothing_of_the_machine_it_was_run_on(name: str) -> None:
    """Neither its folders nor its people."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert re.findall(r"/(?:home|root|tmp|work|Users)/[\w.-]+", text) == []
