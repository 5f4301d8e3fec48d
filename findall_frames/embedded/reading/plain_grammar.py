"""The words and operators of the plain language of conditions, and how conditions are joined."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from findall_frames.api.readings import Top
from findall_frames.embedded.reading.lexicon import RefusalError, days_of

__all__ = [
    "ARTICLES",
    "BE",
    "BREAKS",
    "GRAMMAR",
    "HAVE",
    "JOINTS",
    "LARGEST",
    "LEADS",
    "NOT",
    "OF_DATES",
    "OPERATORS",
    "PREPOSITIONS",
    "RANKS",
    "REACH",
    "SEARCHES",
    "SILENT",
    "Part",
    "date_test",
    "join",
    "join_parts",
]

_OPERATOR_TABLE: Final = (
    (">", "amount", "over, above, more than, greater than, higher than, larger than"),
    ("<", "amount", "under, below, less than, fewer than, lower than, smaller than"),
    (">=", "amount", "at least, no less than, no fewer than, or more"),
    ("<=", "amount", "at most, no more than, up to, or less, or fewer"),
    (">", "time", "after, later than, newer than"),
    ("<", "time", "before, earlier than, older than"),
    (">=", "time", "since, or later, or newer"),
    ("<=", "time", "until, or earlier, or older"),
    ("=", "time", "in, on, during"),
    ("=", "amount", "equals, equal to, exactly"),
    *((sign, "", sign) for sign in (">=", "<=", "=", ">", "<")),
)
OPERATORS: Final = {
    words: (operator, scope)
    for operator, scope, all_words in _OPERATOR_TABLE
    for words in all_words.split(", ")
}
"""SQL operators and what they compare, by their words; those with "or" follow the value."""
SEARCHES: Final = {"contain": "contains", "start with": "starts_with", "end with": "ends_with"}
"""SQL functions by their words."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LARGEST: Final = _words("top highest largest greatest biggest most latest newest")
_SMALLEST: Final = _words("bottom lowest smallest least fewest earliest oldest")
OF_DATES: Final = _words("latest newest earliest oldest")
RANKS: Final = LARGEST | _SMALLEST
ARTICLES: Final = _words("the a an")
HAVE: Final = _words("has have having with")
PREPOSITIONS: Final = _words("in on of from by")
_OTHERS: Final = _words(
    "its their they there either both that which who whose where"
    " is are was were be been do does did must should"
)
SILENT: Final = ARTICLES | HAVE | _OTHERS
"""Words without a meaning of their own."""
LEADS: Final = SILENT | PREPOSITIONS
"""Words that may precede a condition."""
NOT: Final = _words("not no without")
BE: Final = _words("is are was were be")
JOINTS: Final = _words("and or but ,")
BREAKS: Final = JOINTS | {"(", ")"}
_OPERATOR_WORDS: Final = {word for words in OPERATORS for word in words.split()} - {"than"}
GRAMMAR: Final = LEADS | BREAKS | RANKS | _OPERATOR_WORDS | NOT | {"between", "to"}
"""All words of the language itself."""
REACH: Final = "It is unclear how far 'not' reaches: put brackets around what it denies"


class Part(NamedTuple):
    """What some words were read as."""

    sql: str = ""
    top: Top | None = None
    assumptions: tuple[str, ...] = ()
    sure: bool = True
    values: frozenset[str] = frozenset()  # columns that must equal a value
    denied: bool = False
    bare: bool = False  # True if it names no column, and no word precedes it

    def denial(self) -> Part:
        """Return the opposite."""
        return self._replace(sql=f"NOT ({self.sql})", values=frozenset(), denied=True)


def join_parts(one: Part, other: Part, *, joint: str) -> Part:
    """Join two conditions with ``"AND"`` or ``"OR"``; raise `RefusalError` if that is unclear."""
    if (one.top and other.top) or (joint == "OR" and (one.top or other.top)):
        raise RefusalError("There can be only one rank, joined to other conditions with 'and'")
    if joint == "AND" and one.values & other.values:
        raise RefusalError("A column has one value in each row: join the values with 'or'")
    if one.denied and not other.denied and (joint == "OR" or other.bare):
        raise RefusalError(REACH)
    return Part(
        join(joint, one.sql, other.sql),
        one.top or other.top,
        one.assumptions + other.assumptions,
        one.sure and other.sure,
        one.values | other.values,
        other.denied,
    )


def join(joint: str, *sqls: str) -> str:
    """Join SQL conditions with ``"AND"`` or ``"OR"``, leaving out empty ones."""
    inner = " OR " if joint == "AND" else " AND "
    return f" {joint} ".join(f"({sql})" if inner in sql else sql for sql in sqls if sql)


def date_test(column: str, operator: str, *, first: str, last: str, is_amount: bool) -> str:
    """Return SQL that compares a column of dates with the days from one written date to another."""
    end = days_of(last)
    begin = days_of(first) or days_of(first, near=end and end[0])
    if is_amount or not begin or not end or begin[0] > end[1]:
        raise RefusalError(
            f"{column} holds dates: expected before, after, since, until, in or between, and a date"
        )
    start, behind = f"DATE '{begin[0]}'", f"DATE '{end[1] + timedelta(days=1)}'"
    tests = {
        ">": f"{column} >= {behind}",
        "<=": f"{column} < {behind}",
        "=": f"{column} >= {start} AND {column} < {behind}",
    }
    return tests.get(operator, f"{column} {operator} {start}")
