"""Patterns of LIKE and regular expressions, rewritten so that every database agrees on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import duckdb

__all__ = ["UnknownPatternError", "like_pattern", "regular_expression"]

_ESCAPES: Final = "!~^|#@`"
"""Signs to escape others with in LIKE; one that the pattern lacks is taken."""
_MOST_REPEATS: Final = 255
"""PostgreSQL's limit for a number in braces."""
_SETS: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_WORD: Final = "[0-9A-Za-z_]"
_BOUNDARY: Final = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_CONTROL: Final = {"n": r"\n", "t": r"\t", "r": r"\r", "f": r"\f", "v": r"\v"}
# Capturing makes no difference to whether a text matches, nor does it to be lazy.
_TOKEN: Final = re.compile(
    r"\\(?P<unicode>p[LN]|p\{[LN]\})|\\(?P<set>[dws])|\\(?P<unset>[DWS])|\\(?P<bound>b)"
    r"|\\(?P<control>[ntrfv])|\\(?P<sign>[^0-9A-Za-z\s])"
    r"|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?:)?(?!\?))|(?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??)"
    r"|(?P<plain>[)|^])|(?P<end>\$)|(?P<any>\.)|(?P<letter>[^\\\[\]{}()*+?|^$.])",
    re.DOTALL,
)
_MEMBER: Final = re.compile(
    r"\\(?P<unicode>p[LN]|p\{[LN]\})|\\(?P<set>[dws])|\\(?P<control>[ntrfv])"
    r"|\\(?P<sign>[^0-9A-Za-z\s])|(?P<letter>[^\\])",
    re.DOTALL,
)


class UnknownPatternError(Exception):
    """A pattern has a part on which databases may differ; the message names it."""


def like_pattern(pattern: str, *, escape: str = "") -> tuple[str, str]:
    """Return a pattern of LIKE with an escape that every database knows, and that escape.

    Examples
    --------
    >>> like_pattern("50%"), like_pattern("50!% of_", escape="!")
    (('50%', '!'), ('50~% of_', '~'))
    """
    tokens: list[tuple[str, bool]] = []
    signs = iter(pattern)
    for sign in signs:
        if escape and sign == escape:
            sign = next(signs, "")
            if sign not in {"%", "_", escape}:
                raise UnknownPatternError(f"the escape {escape!r} before {sign!r}")
            tokens.append((sign, True))
        else:
            tokens.append((sign, False))
    free = next((each for each in _ESCAPES if each not in pattern), None)
    if free is None:
        raise UnknownPatternError(f"all of the signs {_ESCAPES} in a pattern of LIKE")
    is_wild = [literal and sign in "%_" for sign, literal in tokens]
    signs_of = (sign for sign, _ in tokens)
    return "".join(free * wild + s for s, wild in zip(signs_of, is_wild, strict=True)), free


def regular_expression(pattern: str, *, end: str, whole: bool = False) -> str:
    r"""Return a regular expression of RE2 in the syntax that Java and PostgreSQL share.

    `end` matches at the very end of a text only, and is ``\z`` in Java and ``\Z`` in PostgreSQL.
    `whole` is True if the entire text has to match.

    Examples
    --------
    >>> regular_expression(r"^a.\d$", end=r"\z")
    '^a[^\\n][0-9]\\z'
    >>> regular_expression("(?i)a", end=r"\z")
    Traceback (most recent call last):
    findall_frames.embedded.warehouse.patterns.UnknownPatternError: '(?i)a'
    """
    written = "".join(_translated(pattern, end))
    return f"^(?:{written}){end}" if whole else written


def _translated(pattern: str, end: str) -> Iterator[str]:
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise UnknownPatternError(repr(pattern[at : at + 20]))
        at, kind, text = token.end(), token.lastgroup, token[0]
        if kind == "unicode":
            yield f"[{_code_points(text[-2] if text[-1] == '}' else text[-1])}]"
        elif kind == "set":
            yield f"[{_SETS[text[1]]}]"
        elif kind == "unset":
            yield f"[^{_SETS[text[1].lower()]}]"
        elif kind == "bound":
            yield _BOUNDARY
        elif kind == "class":
            yield _class(text)
        elif kind == "open":
            yield "(?:"
        elif kind == "repeat":
            if any(int(number) > _MOST_REPEATS for number in re.findall(r"\d+", text)):
                raise UnknownPatternError(repr(text))
            yield text if len(text) == 1 else text.removesuffix("?")
        elif kind == "plain":
            yield text
        elif kind == "end":
            yield end
        elif kind == "any":
            yield r"[^\n]"
        else:
            yield _letter(token[kind or 0] if kind in {"sign", "letter"} else text)


def _class(text: str) -> str:
    """Return a class of characters, such as ``[^a-z_]``."""
    inside = text[1:-1]
    negated = inside.startswith("^")
    inside = inside[negated:]
    if "[:" in inside:
        raise UnknownPatternError(repr(text))
    parts: list[str] = []
    members = list(_MEMBER.finditer(inside))
    if "".join(member[0] for member in members) != inside:
        raise UnknownPatternError(repr(text))
    for place, member in enumerate(members):
        kind, sign = member.lastgroup, member[0]
        if kind == "unicode":
            parts.append(_code_points(sign[-2] if sign[-1] == "}" else sign[-1]))
        elif kind == "set":
            parts.append(_SETS[sign[1]])
        elif sign == "-" and 0 < place < len(members) - 1:
            around = members[place - 1], members[place + 1]
            if any(each.lastgroup not in {"letter", "sign", "control"} for each in around):
                raise UnknownPatternError(repr(text))
            parts.append("-")
        else:
            parts.append(_letter(sign[1:] if kind == "sign" else sign))
    return f"[{'^' * negated}{''.join(parts)}]"


def _letter(sign: str) -> str:
    """Return one character; a sign gets a backslash, which makes it literal everywhere."""
    if len(sign) == 2 and sign[1] in _CONTROL:
        return _CONTROL[sign[1]]
    if ord(sign) < 32:
        return f"\\x{ord(sign):02x}" if sign not in "\n\t\r" else repr(sign)[1:-1]
    return f"\\{sign}" if sign.isascii() and not sign.isalnum() else sign


@cache
def _code_points(category: str) -> str:
    """Return the ranges of all letters or numbers, as the Unicode of DuckDB has them."""
    rows = (
        duckdb.connect()
        .execute(
            "SELECT min(i), max(i) FROM (SELECT i, i - row_number() OVER (ORDER BY i) AS block "
            "FROM range(1, 1114112) AS r(i) WHERE i NOT BETWEEN 55296 AND 57343 "
            rf"AND regexp_matches(chr(i::INTEGER), '^\p{category}$')) GROUP BY block ORDER BY 1"
        )
        .fetchall()
    )
    return "".join(_letter(chr(a)) + (f"-{_letter(chr(b))}" if b > a else "") for a, b in rows)
