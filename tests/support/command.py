"""The installed command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

__all__ = ["program"]


def program() -> str:
    """Return the path of the command beside the Python that runs the tests."""
    found = shutil.which("findall-frames", path=str(Path(sys.executable).parent))
    assert found is not None, "install the package first: pip install -e ."
    return found
