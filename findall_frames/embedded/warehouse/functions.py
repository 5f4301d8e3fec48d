"""Translate functions and arithmetic to the SQL of another database."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from findall_frames.embedded.corpus.corpus import Corpus, NotPushedError
from findall_frames.embedded.warehouse.dialects import TIMES, Dialect, Family, family_of
from findall_frames.embedded.warehouse.patterns import (
    UnknownPatternError,
    like_pattern,
    regular_expression,
)

__all__ = ["KNOWN", "NUMBERS", "WORDS", "FunctionTranslator", "Piece", "key_of"]

NUMBERS: Final = frozenset({"int", "decimal", "double"})
WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(NUMBERS, "a number"),
    **dict.fromkeys(TIMES, "a date"),
    "bool": "true or false",
    "text": "text",
    "interval": "an interval",
    "null": "NULL",
    "other": "of another type",
}
# Functions that take texts, as DuckDB and `Dialect` call them.
_TEXT_FUNCTIONS: Final = {
    "lower": "lower",
    "lcase": "lower",
    "length": "length",
    "len": "length",
    "contains": "contains",
    "instr": "position",
    "strpos": "position",
    "position": "position",
    "starts_with": "starts_with",
    "prefix": "starts_with",
    "ends_with": "ends_with",
    "suffix": "ends_with",
    "trim": "trim",
    "ltrim": "ltrim",
    "rtrim": "rtrim",
    "concat": "concat",
}
_PARTS: Final = {
    **{part: part for part in ("year", "quarter", "month", "week", "day", "hour", "minute")},
    **{part: part for part in ("second", "isodow", "dayofweek", "dayofyear")},
    "dayofmonth": "day",
    "weekday": "dayofweek",
    "dow": "dayofweek",
    "doy": "dayofyear",
    "weekofyear": "week",
}
_LIKE: Final = {
    "~~": (False, False),
    "!~~": (True, False),
    "~~*": (False, True),
    "!~~*": (True, True),
    "like_escape": (False, False),
    "not_like_escape": (True, False),
    "ilike_escape": (False, True),
    "not_ilike_escape": (True, True),
}
_PIECES: Final = frozenset({"substring", "substr", "left", "right", "replace"})
_ARITHMETIC: Final = {
    **dict.fromkeys(("+", "add"), "_plus"),
    **dict.fromkeys(("-", "subtract"), "_minus"),
    **dict.fromkeys(("*", "multiply"), "_times"),
    **dict.fromkeys(("/", "fdiv"), "_over"),
    **dict.fromkeys(("//", "divide", "%", "mod"), "_whole"),
}
KNOWN: Final = frozenset(
    {"regexp_matches", "regexp_full_match", "date_part", "datepart", "date_trunc", "datetrunc"}
    | {"date_diff", "datediff", "abs", "greatest", "least", "nullif", "if", "||"}
    | _LIKE.keys()
    | _TEXT_FUNCTIONS.keys()
    | _PARTS.keys()
    | _PIECES
    | _ARITHMETIC.keys()
)
"""The functions and operators that are translated; all others are refused."""
_INSTEAD: Final = {
    **dict.fromkeys(("upper", "ucase"), "Write lower(...)."),
    "regexp_extract": "Write regexp_matches(...) with all of the pattern.",
    "round": "Compare without rounding.",
    **dict.fromkeys(("floor", "ceil", "ceiling", "trunc"), "Compare without rounding."),
    "list_contains": "Lists are not compared there.",
}


class Piece(NamedTuple):
    """A part of an expression in the other database's SQL."""

    sql: str
    family: Family
    type: str  # in DuckDB
    constant: Mapping[str, Any] | None = None  # the node, if it is constant


def key_of(node: Mapping[str, Any]) -> str:
    """Return the same text for equal expressions."""
    return json.dumps(node, sort_keys=True)


class FunctionTranslator(ABC):
    """Translates functions whose arguments somebody else translates."""

    def __init__(self, corpus: Corpus, dialect: Dialect) -> None:
        self.corpus = corpus
        self.dialect = dialect
        self.types: Mapping[str, str] = {}  # DuckDB's type of each part of an expression

    @abstractmethod
    def part(self, node: Mapping[str, Any], *, as_type: str = "") -> Piece:
        """Translate a node; a constant is computed here, as `as_type` if that is given."""

    @abstractmethod
    def parts(self, nodes: Sequence[Mapping[str, Any]], what: str) -> list[Piece]:
        """Translate nodes that are compared with each other, or stand for each other."""

    def of(self, node: Mapping[str, Any], *families: str, what: str) -> Piece:
        """Translate a node that has to be of one of some families."""
        part = self.part(node)
        if part.family not in {*families, "null"}:
            raise NotPushedError(
                f"{what} of {WORDS[part.family]} is not known to give the same in "
                f"{self.dialect.name}."
            )
        return part

    def function(self, node: Mapping[str, Any]) -> str:
        name = node["function_name"].lower()
        arguments = [each["expression"] for each in node["arguments"]]
        if name not in KNOWN:
            raise self.unknown(name)
        if name in _LIKE:
            return self._like(name, arguments)
        if name in {"regexp_matches", "regexp_full_match"}:
            return self._regex(name, arguments)
        if name in _TEXT_FUNCTIONS:
            return self.template(
                _TEXT_FUNCTIONS[name], [self.of(a, "text", what=name) for a in arguments], name
            )
        if name in _PARTS and len(arguments) == 1:
            return self._date_part(name, arguments[0])
        if name in {"date_part", "datepart"}:
            return self._date_part(self._unit(arguments[0]), arguments[1])
        if name in {"date_trunc", "datetrunc"}:
            part = self.of(arguments[1], "date", "timestamp", what=name)
            return self.template(f"trunc_{self._unit(arguments[0])}", [part], name)
        if name in {"date_diff", "datediff"}:
            return self._date_diff(*arguments)
        if name in _ARITHMETIC:
            made: str = getattr(self, _ARITHMETIC[name])(name, node, arguments)
            return made
        if name == "||":
            return f"({' || '.join(self.of(a, 'text', what=name).sql for a in arguments)})"
        if name == "abs":
            return self.template(name, [self.of(arguments[0], *NUMBERS, what=name)], name)
        if name in _PIECES:
            return self._piece_of_text("substring" if name == "substr" else name, arguments)
        if name in {"greatest", "least"}:
            return self.template(name, self.parts(arguments, f"{name} of"), name)
        if name == "nullif":
            parts = self.parts(arguments, "Comparing")
            return f"nullif({', '.join(part.sql for part in parts)})"
        if name == "if":
            check = self.of(arguments[0], "bool", what=name)
            then, other = self.parts(arguments[1:], "if with")
            return f"CASE WHEN {check.sql} THEN {then.sql} ELSE {other.sql} END"
        raise self.unknown(name)

    def template(self, name: str, parts: Sequence[Piece], called: str) -> str:
        template = self.dialect.templates.get(name)
        if template is None:
            raise self.unknown(called)
        sqls = [part.sql for part in parts]
        try:
            return template.format(*sqls, all=", ".join(sqls))
        except IndexError:
            raise self.unknown(f"{called} with {len(sqls)} arguments") from None

    def constant_text(self, node: Mapping[str, Any], what: str) -> str:
        if node["class"] != "CONSTANT" or node["literal"]["kind"] != "STRING":
            raise NotPushedError(f"{what} needs a text in quotes in {self.dialect.name}.")
        return str(node["literal"]["text"])

    def _like(self, name: str, arguments: Sequence[Mapping[str, Any]]) -> str:
        is_not, is_folded = _LIKE[name]
        part = self.of(arguments[0], "text", what="LIKE")
        pattern = self.constant_text(arguments[1], "LIKE")
        escape = self.constant_text(arguments[2], "ESCAPE") if len(arguments) > 2 else ""
        if is_folded:
            part = part._replace(sql=self.template("lower", [part], "ILIKE"))
            found = self.corpus.query("SELECT lower(?), lower(?)", [pattern, escape])
            pattern, escape = (column[0].as_py() for column in found.columns)
        try:
            pattern, escape = like_pattern(pattern, escape=escape)
        except UnknownPatternError as error:
            raise self.unknown(str(error)) from error
        texts = self.dialect.text(pattern), f"'{escape}'"
        sql = self.dialect.templates["like"].format(part.sql, *texts)
        return f"(NOT {sql})" if is_not else sql

    def _regex(self, name: str, arguments: Sequence[Mapping[str, Any]]) -> str:
        if len(arguments) > 2:
            raise self.unknown(f"{name} with options")
        part = self.of(arguments[0], "text", what=name)
        pattern = self.constant_text(arguments[1], name)
        whole = name == "regexp_full_match"
        try:
            if self.dialect.end is None:
                written = f"^(?:{pattern})\\z" if whole else pattern
            else:
                written = regular_expression(pattern, end=self.dialect.end, whole=whole)
        except UnknownPatternError as error:
            raise NotPushedError(
                f"The part {error} of a regular expression is not known to mean the same in "
                f"{self.dialect.name}. Write letters, classes such as [a-z], \\d, \\w, \\s, \\b, "
                "(, |, ), ^, $, and *, +, ?, {n}."
            ) from error
        return self.dialect.templates["regex"].format(part.sql, self.dialect.text(written))

    def _piece_of_text(self, name: str, arguments: Sequence[Mapping[str, Any]]) -> str:
        first = self.of(arguments[0], "text", what=name)
        rest = [self.part(each) for each in arguments[1:]]
        least = 1 if name == "substring" else 0
        if name == "replace":
            fits = self.constant_text(arguments[1], name) != "" and len(rest) == 2
        else:
            starts = [part.sql for part in rest]
            fits = all(p.constant is not None and p.sql.isdigit() for p in rest)
            fits = fits and len(rest) == 1 + least and int(starts[0]) >= least
        if not fits:
            raise self.unknown(f"{name} with these arguments")
        return self.template(name, [first, *rest], name)

    def _unit(self, node: Mapping[str, Any]) -> str:
        return self.constant_text(node, "A part of a date").lower().removesuffix("s")

    def _date_part(self, name: str, node: Mapping[str, Any]) -> str:
        part = self.of(node, "date", "timestamp", what=name)
        unit = _PARTS.get(name)
        if unit is None:
            raise self.unknown(f"the part {name!r} of a date")
        if unit in {"hour", "minute", "second"}:
            part = part._replace(sql=self.cast(part.sql, "timestamp"))
        return self.cast(self.template(unit, [part], name), "int")

    def _date_diff(self, unit: Mapping[str, Any], *nodes: Mapping[str, Any]) -> str:
        name = self._unit(unit)
        parts = [self.of(node, "date", "timestamp", what="date_diff") for node in nodes]
        dates = [part._replace(sql=self.cast(part.sql, "date")) for part in parts]
        dates = [date._replace(sql=self.template("finite", [date], name)) for date in dates]
        if name == "day":
            return self.template("days_between", dates, "date_diff")
        if name not in {"month", "year"}:
            raise self.unknown(f"date_diff in {name}s")
        years, months = (
            "({1} - {0})".format(*(self.cast(self.template(u, [d], u), "int") for d in dates))
            for u in ("year", "month")
        )
        return years if name == "year" else f"({years} * 12 + {months})"

    def _plus(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        if len(arguments) == 2:
            parts = [self.part(each) for each in arguments]
            for date, other in (parts, parts[::-1]):
                if date.family in TIMES:
                    return self._moved("+", date, other)
        return self._arithmetic("+", node, arguments)

    def _minus(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        if len(arguments) == 1:
            return self._narrow(node, f"(-{self._numbers(node, arguments)[0]})")
        left, right = (self.part(each) for each in arguments)
        if left.family == right.family == "date":
            return self.template("days_between", [right, left], name)
        if left.family in TIMES:
            return self._moved("-", left, right)
        return self._arithmetic("-", node, arguments)

    def _moved(self, sign: str, date: Piece, other: Piece) -> str:
        """Add to a date or subtract from it: an interval, or days."""
        if other.family == "interval" and other.constant is not None:
            return f"({self.cast(date.sql, 'timestamp')} {sign} {other.sql})"
        if (date.family, other.family) == ("date", "int"):
            days = f"-{other.sql}" if sign == "-" else other.sql
            return self.dialect.templates["add_days"].format(date.sql, f"({days})")
        raise self.unknown(f"a date {sign} what is {WORDS[other.family]}")

    def _times(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        return self._arithmetic("*", node, arguments)

    def _arithmetic(self, sign: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        return self._narrow(node, f"({f' {sign} '.join(self._numbers(node, arguments))})")

    def _numbers(self, node: Mapping[str, Any], arguments: Sequence[Any]) -> list[str]:
        """Return operands in the type in which DuckDB computes."""
        type_ = self.types[key_of(node)]
        family = family_of(type_)
        parts = [self.of(each, *NUMBERS, what="Arithmetic") for each in arguments]
        if family == "decimal":
            digits = int(type_.removeprefix("DECIMAL(").partition(",")[0])
            if digits + 4 > self.dialect.most_digits and "narrow" in self.dialect.types:
                raise self.unknown(f"arithmetic with {digits} digits")
            return [part.sql for part in parts]
        return [self.cast(part.sql, "wide" if family == "int" else "double") for part in parts]

    def _narrow(self, node: Mapping[str, Any], sql: str) -> str:
        """Return a result of whole numbers in a type that is compared without loss."""
        is_int = family_of(self.types[key_of(node)]) == "int"
        return self.cast(sql, "narrow") if is_int and "narrow" in self.dialect.types else sql

    def _over(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        left, right = (self.of(each, *NUMBERS, what="Division") for each in arguments)
        over = f"nullif({self.cast(right.sql, 'double')}, 0)"
        return f"({self.cast(left.sql, 'double')} / {over})"

    def _whole(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        parts = [self.of(each, "int", what=name) for each in arguments]
        wide = [part._replace(sql=self.cast(part.sql, "wide")) for part in parts]
        if name in {"%", "mod"}:
            return self._narrow(node, f"({wide[0].sql} % nullif({wide[1].sql}, 0))")
        return self.template("div", wide, name)

    def cast(self, sql: str, family: str) -> str:
        return f"CAST({sql} AS {self.dialect.types[family]})"

    def unknown(self, what: str) -> NotPushedError:
        instead = _INSTEAD.get(what, "Write it in another way, or compare in a view.")
        return NotPushedError(
            f"{what} has no equal in {self.dialect.name} that is known to give the same. {instead}"
        )
