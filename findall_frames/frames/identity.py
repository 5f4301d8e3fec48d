"""Whether two candidates are the same thing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from findall_frames.addresses import normalized_url

__all__ = ["DOUBTS", "Doubt", "Pair", "Pairing", "folded_name", "pair"]

Row: TypeAlias = Mapping[str, Any]
"""A row of ``candidates``."""

DOUBTS: Final = (
    "several with this address",
    "several with this name",
    "other address",
    "other name",
)


class Pair(NamedTuple):
    """An old and a new candidate that are the same, and whether ``url`` or ``name`` tells so."""

    old: Row
    new: Row
    by: str


class Doubt(NamedTuple):
    """Something that a person should look at: one or two candidates, and why."""

    old: Row | None
    new: Row | None
    reason: str


class Pairing(NamedTuple):
    """Which candidates are the same, which are on one side only, and what is in doubt."""

    pairs: list[Pair]
    removed: list[Row]
    added: list[Row]
    doubts: list[Doubt]


def folded_name(name: str) -> str | None:
    """Leave letters and digits only, without case and accents; None if there are none.

    Examples
    --------
    >>> folded_name("Café  Müller & Co.")
    'cafe muller co'
    """
    plain = unicodedata.normalize("NFKD", name)
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", kept.casefold())) or None


def pair(old: Sequence[Row], new: Sequence[Row]) -> Pairing:
    """Find the candidates that are the same on both sides.

    Two are the same when their addresses are, else when their names are. Where an address or a
    name stands for several, nothing is guessed: those that cannot be told apart are in doubt,
    and count neither as added nor as removed. What the address says and the name does not, or
    the other way round, is paired and in doubt as well.
    """
    pairs: list[Pair] = []
    doubts: list[Doubt] = []
    old, new = list(old), list(new)
    for by, key in (("url", _address), ("name", _name)):
        old, new = _pair_by(key, by, old, new, pairs=pairs, doubts=doubts)
    return Pairing(pairs, old, new, doubts)


def _address(row: Row) -> str | None:
    return normalized_url(row["url"])


def _name(row: Row) -> str | None:
    return folded_name(row["name"])


def _pair_by(
    key: Callable[[Row], str | None],
    by: str,
    old: list[Row],
    new: list[Row],
    *,
    pairs: list[Pair],
    doubts: list[Doubt],
) -> tuple[list[Row], list[Row]]:
    """Pair what a key tells; give back what it leaves over on each side."""
    groups: defaultdict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    left: tuple[list[Row], list[Row]] = ([], [])
    for side, rows in enumerate((old, new)):
        for row in rows:
            found = key(row)
            if found is None:
                left[side].append(row)
            else:
                groups[found][side].append(row)
    for olds, news in groups.values():
        if not olds or not news:
            left[0].extend(olds)
            left[1].extend(news)
        elif len(olds) == len(news) == 1:
            pairs.append(Pair(olds[0], news[0], by))
            if reason := _reason_to_doubt(olds[0], news[0], by):
                doubts.append(Doubt(olds[0], news[0], reason))
        else:
            _settle_tie(olds, news, by, pairs=pairs, doubts=doubts)
    return left


def _settle_tie(
    olds: list[Row], news: list[Row], by: str, *, pairs: list[Pair], doubts: list[Doubt]
) -> None:
    """Pair those in a group whose name and address both agree; the others stay in doubt."""
    names = [[folded_name(row["name"]) for row in rows] for rows in (olds, news)]
    for name in dict.fromkeys(names[0]):
        alone = names[0].count(name) == names[1].count(name) == 1
        if by == "url" and name and alone:
            pairs.append(Pair(olds[names[0].index(name)], news[names[1].index(name)], by))
    settled = {id(row) for one in pairs for row in (one.old, one.new)}
    reason = DOUBTS[0] if by == "url" else DOUBTS[1]
    doubts += [Doubt(row, None, reason) for row in olds if id(row) not in settled]
    doubts += [Doubt(None, row, reason) for row in news if id(row) not in settled]


def _reason_to_doubt(old: Row, new: Row, by: str) -> str | None:
    if by == "name":
        return "other address"
    return None if _name(old) == _name(new) else "other name"
