"""How the texts of other programs are encoded."""

from __future__ import annotations

import codecs
from typing import Final

__all__ = ["OTHERWISE", "encoding_of_mark"]

OTHERWISE: Final = "cp1252"
"""What most files are that are not UTF-8: the encoding of Windows in the West, and of Excel."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of_mark(content: bytes) -> str | None:
    """The encoding that the first bytes of a file announce, if they do.

    Examples
    --------
    >>> encoding_of_mark("Lima".encode("utf-16"))
    'utf-16'
    """
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)
