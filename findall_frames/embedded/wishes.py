"""What else an objective wants to be told of each match: "and their capital"."""

from __future__ import annotations

import re

from findall_frames.embedded.quantities import find_quantities

__all__ = ["without_wishes"]

_WISH = re.compile(
    r"""(?:,\s+(?=(?:their|its)\b)|[,;.]?\s+
    (?:(?:and|along\s+with|together\s+with|including|plus|also|as\s+well\s+as|with)\s+)+)
    (?:also\s+)?(?:(?:list|give|show|tell|include|find|get|return|add|report)\s+(?:me\s+)?)?
    (?:their|its|the\s+(?=[\w\s]+\s+(?:of|for)\s+each)
      |(?<=together\swith\s)the\b|(?<=along\swith\s)the\b|(?<=as\swell\sas\s)the\b)\s*
    (?P<wish>[^.;]+?)(?:\s+(?:of|for)\s+each(?:\s+\w+)?)?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
# "With the price and the licence", behind a comma, or "Include their spend" behind a question;
# but no view, as in "with the best view".
_COLUMNS = re.compile(
    r"(?:,\s+(?:and\s+)?(?:with|including|plus)|[.?!]\s+(?:please\s+)?(?:also\s+)?"
    r"(?:list|give|show|tell|include|add|report)(?:\s+me)?)\s+(?P<wish>(?:the|their|its)\s+[^\W\d_]+(?:\s+[^\W\d_]+)?"
    r"(?:(?:,|,?\s+and)\s+(?:the|their|its)\s+[^\W\d_]+(?:\s+[^\W\d_]+)?)*)$",
    re.IGNORECASE,
)
_GREATEST = re.compile(r"\b(?:most|least|same|only|best|worst|[^\W\d_]{3,}est)\b", re.IGNORECASE)
_ASKED = re.compile(
    r"[,;]?\s+(?:and|along\s+with|together\s+with)\s+"
    r"(?P<wish>(?:how (?:many|much|long|old|big|tall|high|far)|when|who|what"
    r"|where (?:they|it))"
    r"\s+[^.;,]+?)\s*$",
    re.IGNORECASE,
)
_STANDING = re.compile(
    r"(?:[,;]?\s+and|,\s+with)\s+the\s+(?P<wish>[^\W\d_]+(?:\s[^\W\d_]+)?)\s+(?:they|it)\s+[^\W\d_]+"
    r"(?:\s[^\W\d_]+){0,3}$",
    re.IGNORECASE,
)


def without_wishes(text: str) -> tuple[str, list[str]]:
    standing = _STANDING.search(text)
    if standing is not None:
        return text[: standing.start()], [standing["wish"]]
    asked = _ASKED.search(text)
    if asked is not None and not find_quantities(asked["wish"]):
        return text[: asked.start()], [asked["wish"]]
    match = _WISH.search(text) or _COLUMNS.search(text)
    if match is None:
        return text, []
    wish = match["wish"]
    # "with their headquarters in Berlin" is a criterion.
    if (
        find_quantities(wish)
        or _GREATEST.search(wish)
        or re.search(r"\b(?:in|is|are|above|below)\b", wish)
    ):
        return text, []
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.sub(r"\b(?:their|its|the)\s+", "", wish))
    return text[: match.start()], [part for part in parts if part]
