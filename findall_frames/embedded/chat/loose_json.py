"""Extract JSON from an answer with text around it, or not quite in the requested form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from findall_frames.api.models import VERDICT_WORDS
from findall_frames.embedded.chat.language_model import UnusableError

__all__ = ["as_texts", "as_truth", "entries_in", "json_in"]

_THOUGHT_ENDS: Final = re.compile(r"</think(?:ing)?>")
_OPENING: Final = re.compile(r"[{\[]")
_MAX_STARTS: Final = 200
_MAX_DEPTH: Final = 5
_decoder: Final = json.JSONDecoder()
_TRUTHS: Final = {**VERDICT_WORDS, **dict.fromkeys(("", "null", "none", "unknown"))}


def json_in(text: str) -> Any:
    """Return the JSON value of an answer; thoughts, fences and words around it are skipped.

    Raises
    ------
    UnusableError
        If there is none.

    Examples
    --------
    >>> json_in('<think>A {list}?</think>Here you are: ```json\\n{"a": [1]}\\n```')
    {'a': [1]}
    """
    after = _THOUGHT_ENDS.split(text, maxsplit=1)[-1]
    # The whole text first: a quoted row may contain the tag that ends a thought.
    for span in (text, after, _longest(after), _longest(text)):
        try:
            return msgspec.json.decode(span.strip().encode())
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    shown = " ".join(after.split())
    raise UnusableError(f"it contains no JSON: {shown:.80}" if shown else "it is empty")


def entries_in(value: Any, *, key: str, has: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Return the entries of the list under a key, or of wherever a model put them instead.

    An entry is an object with one of the keys `has`; a single one may come without a list.
    Raises `UnusableError` if there is none.

    Examples
    --------
    >>> entries_in({"answer": {"answers": {"row": 1}}}, key="answers", has=("row",))
    [{'row': 1}]
    """
    found = list(_entries(value, key, has, _MAX_DEPTH))
    if not found:
        raise UnusableError(f"it lacks the list {key!r}")
    return found


def as_truth(value: Any) -> bool | None:
    """Return a verdict, which may be a word; raise `UnusableError` if it is something else.

    Examples
    --------
    >>> as_truth("True"), as_truth("no"), as_truth(None)
    (True, False, None)
    """
    word = str(value).strip().casefold()
    if word not in _TRUTHS:
        raise UnusableError(f"the verdict {value!r:.60} is none of true, false and null")
    return _TRUTHS[word]


def as_texts(value: Any) -> list[str]:
    """Return a list of texts from a list, a single text, null, or objects with a text.

    Examples
    --------
    >>> as_texts("one"), as_texts(None), as_texts([{"column": "a", "text": "two"}, 3])
    (['one'], [], ['two', '3'])
    """
    texts = []
    for each in value if isinstance(value, list) else [value]:
        text = each.get("text") if isinstance(each, Mapping) else each
        if isinstance(text, (str, int, float)) and not isinstance(text, bool):
            texts.append(str(text))
    return texts


def _longest(text: str) -> str:
    """Return the longest JSON object or list in a text; "" if there is none."""
    longest, at = "", 0
    for _ in range(_MAX_STARTS):
        opening = _OPENING.search(text, at)
        if opening is None:
            break
        try:
            _, at = _decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.end()
        else:
            # Of two equally long ones the last: the first may be a draft.
            longest = max(text[opening.start() : at], longest, key=len)
    return longest


def _entries(value: Any, key: str, has: tuple[str, ...], depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if any(name in value for name in has):
            yield value
            return
        value = [value[key]] if key in value else list(value.values())
    if isinstance(value, list) and depth:
        for inner in value:
            yield from _entries(inner, key, has, depth - 1)
