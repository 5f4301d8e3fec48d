"""Reads answers that put null, or something else, where the contract has an optional label."""

from __future__ import annotations

import logging
import re
from typing import Any, Final, TypeVar

import msgspec

__all__ = ["UNREADABLE", "convert", "decode"]

UNREADABLE: Final = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What msgspec raises for JSON that is broken, nested too deeply or of another type."""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)
_MOST_CHANGES: Final = 100
_STEP: Final = re.compile(r"^\$|\.\w+|\[\d+\]")
_OPAQUE: Final = frozenset({"json_schema", "metadata", "output", "detail"})
"""Fields with JSON of any form, in which null means something."""


def decode(body: bytes | str, kind: type[_T]) -> _T:
    """Decode JSON as a struct; an optional field that is not as it should be gets its default.

    Raises
    ------
    msgspec.DecodeError
        It is not JSON, or a required field is missing or of another type.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        read = convert(msgspec.json.decode(body), kind)
        if read is None:
            raise
        _log.debug("read an answer without its optional parts: %s", error)
        return read[0]


def convert(content: Any, kind: type[_T]) -> tuple[_T, dict[str, Any]] | None:
    """Convert decoded JSON to a struct, and return what was left out of it, by its path.

    Return None if a required field is missing or of another type.
    """
    root = {"$": _without_nulls(content)}
    left_out: dict[str, Any] = {}
    for _ in range(_MOST_CHANGES):
        try:
            return msgspec.convert(root["$"], kind), left_out
        except msgspec.ValidationError as error:
            fault, _, rest = str(error).partition(" - at `")
            path = rest.removesuffix("`") or "$"
            steps = _STEP.findall(path)
            if "".join(steps) != path:
                return None  # it leads into an object with keys of any name
            parent: Any = root
            names = [int(step[1:-1]) if step[0] == "[" else step.lstrip(".") for step in steps]
            for name in names[:-1]:
                parent = parent[name]
            if fault == "Object missing required field `generator`":
                parent[names[-1]]["generator"] = ""
            elif fault.startswith("Object missing") or parent is root or isinstance(parent, list):
                return None
            else:
                left_out[path] = parent.pop(names[-1])
    return None


def _without_nulls(content: Any) -> Any:
    """Return a copy without the fields that are null, which for a label means that it is absent."""
    if isinstance(content, dict):
        return {
            name: value if name in _OPAQUE else _without_nulls(value)
            for name, value in content.items()
            if value is not None
        }
    return [_without_nulls(each) for each in content] if isinstance(content, list) else content
