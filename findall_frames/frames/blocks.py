"""Cuts the body of a large result where candidates begin, so that it is decoded only once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

__all__ = ["BATCH_BYTES", "Cut", "cut"]

BATCH_BYTES: Final = 1_000_000
"""Smaller batches cost time in calls, larger ones in memory that no cache holds."""

# No text of a JSON document can hold this, since its quotes would be escaped there: it is always
# the beginning of an object.
_BEGINNING: Final = b'{"candidate_id"'
_BEFORE: Final = re.compile(rb'"candidates"\s*:\s*\[\s*\Z')
_LONGEST_BEFORE: Final = 64
_ANY_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BLANK: Final = b" \t\r\n"


class Cut(NamedTuple):
    """A body cut into blocks of whole candidates, and a result that has the others."""

    body: bytes
    spans: list[tuple[int, int]]
    rest: bytes

    def blocks(self) -> Iterator[bytes]:
        """Give each block as a JSON array."""
        view = memoryview(self.body)
        for begin, end in self.spans:
            yield b"".join((b"[", view[begin:end], b"]"))


def cut(body: bytes) -> Cut | None:
    """Cut a body between candidates; None where it is small, or is not written as is usual.

    Where an object inside a candidate begins like one, a block is no whole JSON, and has to be
    taken as a sign that the body cannot be cut.
    """
    first = body.find(_BEGINNING)
    if first < 0 or not _BEFORE.search(body, max(0, first - _LONGEST_BEFORE), first):
        return None
    head = body[:first]
    try:
        # Only in the outermost object do these two brackets close what is open.
        _ANY_OBJECT.decode(head + b"]}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    spans = []
    begin = first
    while (following := body.find(_BEGINNING, begin + BATCH_BYTES)) >= 0:
        end = following
        while body[end - 1] in _BLANK:
            end -= 1
        spans.append((begin, end - 1))  # without the comma
        begin = following
    return Cut(body, spans, head + body[begin:]) if spans else None
