"""The installed package: its names, its types, its imports, and the cost of importing it."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import metadata
from inspect import isfunction, signature
from pathlib import Path
from types import ModuleType

import pytest

import findall_frames as ff

PACKAGE = Path(ff.__file__).parent
SOURCES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# The modules and subpackages from top to bottom, as the docstring of the package lists them.
LAYERS = re.findall(r"^    (\w+)/?  ", str(ff.__doc__), re.MULTILINE)
BELOW_EMBEDDED = {"api.models", "api.readings", "sqlite", "addresses", "amounts", "errors"}


@cache
def tree_of(name: str) -> ast.Module:
    """The syntax tree of a module, parsed when it is used rather than by every collection."""
    return ast.parse(SOURCES[name].read_text(encoding="utf-8"))


def imports_of(name: str) -> list[str]:
    """The modules of this package that a module imports, wherever in its code."""
    return [
        node.module
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ImportFrom)
        and node.module in SOURCES
        and node.module != "findall_frames"
    ]


def circle_in(arrows: dict[str, set[str]]) -> list[str]:
    """The nodes of a circle, in order, or none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def test_every_public_name_is_there_and_documented() -> None:
    """Each has an example that runs, unless it is an error or a warning."""
    assert sorted(ff.__all__) == ff.__all__ == dir(ff)
    for name in ff.__all__:
        value = getattr(ff, name)
        assert value.__doc__, name
        if isinstance(value, ModuleType):
            assert name == "errors"
        elif not (isinstance(value, type) and issubclass(value, (Exception, Warning))):
            assert doctest.DocTestParser().get_examples(value.__doc__), name


def test_no_signature_shows_the_type_of_what_was_not_passed() -> None:
    """Nobody can pass it, and help() begins with the signature."""
    functions = [getattr(ff, name) for name in ff.__all__ if isfunction(getattr(ff, name))]
    assert ff.find_all in functions
    assert [each for each in functions if "UnsetType" in str(signature(each))] == []


def test_at_the_top_are_the_errors_that_people_catch() -> None:
    """At most five; the others are in `ff.errors`, and the message says so."""
    classes = [getattr(ff, name) for name in ff.__all__ if isinstance(getattr(ff, name), type)]
    assert len([each for each in classes if issubclass(each, (Exception, Warning))]) <= 5
    with pytest.raises(AttributeError, match=r"is ff\.errors\.NotFoundError"):
        ff.NotFoundError  # noqa: B018


def test_every_error_is_in_the_map_of_its_module() -> None:
    """The docstring of `ff.errors` shows the whole hierarchy."""
    for name in ff.errors.__all__:
        value = getattr(ff.errors, name)
        if isinstance(value, type):
            assert f" {name} " in str(ff.errors.__doc__), name


def test_public_names_stay_what_they_are_whatever_is_imported_first() -> None:
    """A module must not hide a function of the same name."""
    script = f"""
import importlib
for name in {list(SOURCES)!r}:
    importlib.import_module(name)
import findall_frames as ff
from types import ModuleType
print([name for name in ff.__all__ if isinstance(getattr(ff, name), ModuleType)])
"""
    assert output_of(script).strip() == "['errors']"


def output_of(script: str) -> str:
    """What a script prints in a fresh Python."""
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'find_none'"):
        ff.find_none  # noqa: B018


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_says_what_it_is_and_what_it_offers(name: str) -> None:
    """A docstring that begins with one sentence on its job, and an explicit list of names."""
    path = SOURCES[name]
    if not path.read_text(encoding="utf-8").strip():
        return
    first_line = (ast.get_docstring(tree_of(name)) or "").split("\n\n")[0]
    assert first_line.endswith((".", "::")), name
    if path.name != "__init__.py":
        module = importlib.import_module(name)
        assert set(module.__all__) <= set(dir(module)), name


@pytest.mark.parametrize("name", [name for name in SOURCES if "." in name])
def test_imports_run_downwards_only(name: str) -> None:
    """A module knows nothing of what is above; the embedded service only models and errors.

    The docstring of the package says what is above, and must list every module and subpackage.
    """
    layer = name.split(".")[1]
    for target in imports_of(name):
        below = target.split(".")[1]
        assert LAYERS.index(below) >= LAYERS.index(layer), f"{name} imports {target}"
        if layer == "embedded" != below:
            assert target.removeprefix("findall_frames.") in BELOW_EMBEDDED, (
                f"{name} imports {target}"
            )


def test_no_two_folders_import_each_other_not_even_in_a_circle() -> None:
    """This holds for every folder, those inside of others too."""
    arrows = defaultdict(set)
    for name in SOURCES:
        for target in imports_of(name):
            folder, other = SOURCES[name].parent, SOURCES[target].parent
            if folder != other and PACKAGE not in (folder, other):
                arrows[str(folder.relative_to(PACKAGE))].add(str(other.relative_to(PACKAGE)))
    circle = circle_in(arrows)
    assert not circle, " -> ".join(circle)


def test_no_two_files_import_each_other_not_even_in_a_circle() -> None:
    """Imports for type checkers and inside of functions count."""
    circle = circle_in({name: set(imports_of(name)) for name in SOURCES})
    assert not circle, " -> ".join(circle)


def test_no_name_of_a_module_or_of_a_public_class_is_used_twice() -> None:
    """A name leads to one place."""
    places = defaultdict(list)
    for name, path in SOURCES.items():
        if path.name != "__init__.py":
            places[path.name].append(name)
        for node in tree_of(name).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[f"class {node.name}"].append(name)
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice


def test_importing_the_package_loads_neither_pandas_nor_widgets() -> None:
    """They are loaded when a name that needs them is used."""
    script = "import sys, json, findall_frames; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(output_of(script)))
    assert "findall_frames" in loaded
    assert not loaded & {"pandas", "pyarrow", "ipywidgets", "IPython", "requests", "uvicorn"}


def test_it_says_that_it_is_typed() -> None:
    """For the type checkers of its users."""
    assert (PACKAGE / "py.typed").exists()
    assert "Typing :: Typed" in (metadata("findall-frames").get_all("Classifier") or [])
