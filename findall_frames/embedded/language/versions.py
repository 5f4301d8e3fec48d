"""Version specifiers such as ``>=3.10,<4``."""

from __future__ import annotations

import re

from findall_frames.embedded.language.quantities import version_key

__all__ = ["admits", "lower_bound"]

_CLAUSE = re.compile(r"\s*(~=|={2,3}|!=|<=|>=|<|>)?\s*[vV]?(\d+(?:\.\d+)*)(\.\*)?")


def lower_bound(text: str) -> tuple[int, ...] | None:
    """The lowest version that a specifier admits; a plain version is its own bound.

    Examples
    --------
    >>> lower_bound(">=3.10,<4"), lower_bound("<4"), lower_bound("2.1")
    ((3, 10), None, (2, 1))
    """
    bounds = [
        version
        for operator, version, _ in _clauses(text)
        if operator in {"", ">=", ">", "~=", "==", "==="}
    ]
    return max(bounds, default=None)


def admits(text: str, version: tuple[int, ...]) -> bool:
    """Whether a specifier lets a version in; as many parts count as the version has."""
    return all(_meets(version, *clause) for clause in _clauses(text))


def _clauses(text: str) -> list[tuple[str, tuple[int, ...], bool]]:
    found = []
    for part in text.split(","):
        match = _CLAUSE.match(part)
        if match:
            found.append((match.group(1) or "", version_key(match.group(2)), bool(match.group(3))))
    return found


def _meets(version: tuple[int, ...], operator: str, bound: tuple[int, ...], wild: bool) -> bool:
    size = max(len(version), len(bound))
    given = version + (0,) * (size - len(version))
    edge = bound + (0,) * (size - len(bound))
    if operator == "!=":
        return given[: len(bound)] != bound if wild else given != edge
    if operator in {"", "==", "==="}:
        return version[: len(bound)] == bound[: len(version)]
    if operator == "~=":
        return given >= edge and given[: len(bound) - 1] == bound[:-1]
    if operator == "<":
        return given < edge
    if operator == "<=":
        return given <= edge
    # A version of fewer parts, such as 3.10, stands for its latest as well: 3.10 > 3.10.1 may be.
    return given >= edge if operator == ">=" else given > edge
