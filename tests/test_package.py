"""The package as it is installed: names, types, the cost of importing it."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from types import ModuleType

import pytest

import findall_frames as ff

PACKAGE = Path(ff.__file__).parent
# From the top of the house to its ground floor; imports run downwards only.
FLOORS = [
    "cli",
    "cli_output",
    "search",
    "services",
    "running",
    "progress",
    "frames",
    "display",
    "embedded",
    "api",
    "sqlite",
    "addresses",
    "errors",
]


def modules() -> list[str]:
    """The names of all modules of the package."""
    found = pkgutil.walk_packages([str(PACKAGE)], "findall_frames.")
    return [module.name for module in found]


def output_of(script: str) -> str:
    """Run a script in a fresh Python and give what it prints."""
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout


def test_every_public_name_is_there_and_documented() -> None:
    """Each with an example that runs, unless it is an error or a warning."""
    assert sorted(ff.__all__) == ff.__all__ == dir(ff)
    for name in ff.__all__:
        value = getattr(ff, name)
        assert value.__doc__, name
        assert not isinstance(value, ModuleType), name
        if not (isinstance(value, type) and issubclass(value, (Exception, Warning))):
            assert doctest.DocTestParser().get_examples(value.__doc__), name


def test_public_names_stay_what_they_are_whatever_is_imported_first() -> None:
    """A room of the house must not hide a function of the same name."""
    script = f"""
import importlib
for name in {modules()!r}:
    importlib.import_module(name)
import findall_frames as ff
from types import ModuleType
print([name for name in ff.__all__ if isinstance(getattr(ff, name), ModuleType)])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'find_none'"):
        ff.find_none  # noqa: B018


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_and_what_it_offers(name: str) -> None:
    """A docstring of one line, and an explicit list of names."""
    module = importlib.import_module(name)
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    if not source.strip():
        return
    assert module.__doc__, name
    if Path(str(module.__file__)).name != "__init__.py":
        assert set(module.__all__) <= set(dir(module)), name


def floor_of(module: str) -> int:
    """How far down a module lies."""
    return FLOORS.index(module.split(".")[1])


@pytest.mark.parametrize("name", [name for name in modules() if "__main__" not in name])
def test_imports_run_downwards_only(name: str) -> None:
    """What is below knows nothing of what is above; the embedded service only models and errors."""
    source = Path(str(importlib.import_module(name).__file__)).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom) or not str(node.module).startswith("findall_"):
            continue
        if node.module == "findall_frames":
            continue
        target = str(node.module)
        assert floor_of(target) >= floor_of(name), f"{name} imports {target}"
        room = name.split(".")[1]
        if room == "embedded" and floor_of(target) > FLOORS.index("embedded"):
            assert target in (
                "findall_frames.api.models",
                "findall_frames.api.readings",
                "findall_frames.errors",
                "findall_frames.addresses",
                "findall_frames.sqlite",
            ), f"{name} imports {target}"


def test_importing_the_package_loads_neither_pandas_nor_widgets() -> None:
    """They are loaded when a name that needs them is used."""
    script = "import sys, json, findall_frames; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert "findall_frames" in loaded
    assert not loaded & {"pandas", "pyarrow", "ipywidgets", "IPython", "requests", "uvicorn"}


def test_it_says_that_it_is_typed() -> None:
    """For the type checkers of its users."""
    assert (PACKAGE / "py.typed").exists()
    assert "Typing :: Typed" in (metadata("findall-frames").get_all("Classifier") or [])
