"""An explorer, driven through its widgets as a front end drives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets

from findall_frames.display.explorer import Explorer

__all__ = ["ExplorerDriver"]


class ExplorerDriver:
    """Does with an explorer what a person can do, and sees what a person can see."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self._widgets = list(_inside(explorer.widget))

    def control(self, label: str) -> Any:
        """Return the control with this label."""
        (found,) = (each for each in self._widgets if getattr(each, "description", None) == label)
        return found

    def choices(self, label: str) -> list[str]:
        """Return the choices of a drop-down."""
        return [words for words, _ in self.control(label).options]

    def pick(self, label: str, words: str) -> None:
        """Choose the option that begins with these words from a drop-down."""
        control = self.control(label)
        (value,) = (value for shown, value in control.options if shown.startswith(words))
        control.value = value

    def type(self, words: str) -> None:
        """Type into the search box, letter by letter."""
        for end in range(len(words) + 1):
            self.control("Search").value = words[:end]

    @property
    def list(self) -> Any:
        """The list of candidates."""
        (found,) = (each for each in self._widgets if type(each) is ipywidgets.Select)
        return found

    @property
    def listed(self) -> list[str]:
        """The lines of the list."""
        return [words for words, _ in self.list.options]

    @property
    def counted(self) -> str:
        """The HTML above the list."""
        return self._html()[0]

    @property
    def evidence(self) -> str:
        """The HTML beside the list."""
        return self._html()[1]

    def _html(self) -> list[str]:
        return [each.value for each in self._widgets if type(each) is ipywidgets.HTML]


def _inside(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)
