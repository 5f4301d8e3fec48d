"""Translate a checked condition from DuckDB's SQL to that of the database that has the table.

DuckDB itself parses the condition, tells the type of each part and computes what is constant. What
is not known to mean the same in the other database is refused by name.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import duckdb

from findall_frames.embedded.corpus.corpus import Corpus, NotPushedError
from findall_frames.embedded.warehouse.dialects import Dialect, Family
from findall_frames.embedded.warehouse.patterns import (
    UnknownPatternError,
    like_pattern,
    regular_expression,
)

__all__ = ["Translator", "family_of"]

_FAMILIES: Final[Mapping[str, Family]] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "int"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "int"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "double"),
    "BOOLEAN": "bool",
    "VARCHAR": "text",
    "DATE": "date",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), "timestamp"),
    "INTERVAL": "interval",
    "NULL": "null",
    '"NULL"': "null",
    "INTEGER_LITERAL": "int",
}
_NUMBERS: Final = frozenset({"int", "decimal", "double"})
_TIMES: Final = frozenset({"date", "timestamp"})
_WORDS: Final = {
    **dict.fromkeys(_NUMBERS, "a number"),
    **dict.fromkeys(_TIMES, "a date"),
    "bool": "true or false",
    "text": "text",
    "interval": "an interval",
    "null": "NULL",
    "other": "of another type",
}
_SIGNS: Final = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
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
_INSTEAD: Final = {
    **dict.fromkeys(("upper", "ucase"), "Write lower(...)."),
    "regexp_extract": "Write regexp_matches(...) with all of the pattern.",
    "round": "Compare without rounding.",
    **dict.fromkeys(("floor", "ceil", "ceiling", "trunc"), "Compare without rounding."),
    "list_contains": "Lists are not compared there.",
}


class _Part(NamedTuple):
    """A part of an expression in the other database's SQL."""

    sql: str
    family: Family
    type: str  # in DuckDB
    constant: Mapping[str, Any] | None = None  # the node, if it is constant


def family_of(type_: str) -> Family:
    """Return the family of a type of DuckDB; ``"other"`` for what is not compared."""
    return "decimal" if type_.startswith("DECIMAL(") else _FAMILIES.get(type_, "other")


class Translator:
    """Translates expressions over the columns of a corpus.

    `columns` maps each column to its name in the query that will hold the expression; `refused`
    maps those that the database cannot compare alike to their type there.
    """

    def __init__(
        self,
        corpus: Corpus,
        dialect: Dialect,
        *,
        columns: Mapping[str, str],
        refused: Mapping[str, str],
    ) -> None:
        self._corpus = corpus
        self._dialect = dialect
        self._columns = {name.casefold(): sql for name, sql in columns.items()}
        self._refused = {name.casefold(): (name, type_) for name, type_ in refused.items()}
        self._types: dict[str, str] = {}
        self._turn = threading.Lock()

    def translate(self, sql: str) -> tuple[str, str]:
        """Return an expression in the other SQL, and its type in DuckDB.

        Raises
        ------
        NotPushedError
            A part of it is not known to mean the same there.
        """
        statement = json.loads(self._value("SELECT json_serialize_sql(?)", f"SELECT ({sql})"))
        (whole,) = statement["statements"][0]["node"]["select_list"]
        nodes = list(_nodes(whole))
        statement["statements"][0]["node"]["select_list"] = nodes
        text = self._value("SELECT json_deserialize_sql(?)", json.dumps(statement))
        described = self._corpus.query(f"DESCRIBE {text} FROM {self._corpus.relation}")
        types = described["column_type"].to_pylist()
        with self._turn:
            self._types = dict(zip(map(_key, nodes), types, strict=True))
            part = self._part(whole)
        return part.sql, part.type

    def output(self, sql: str, family: Family) -> str:
        """Return an expression whose value travels without loss, as a text where needed."""
        if family == "decimal":
            return f"CAST({sql} AS {self._dialect.types['text']})"
        if family in _TIMES and "travels" in self._dialect.templates:
            return self._dialect.templates["travels"].format(sql)
        return sql

    def _value(self, sql: str, argument: str) -> str:
        return str(self._corpus.query(sql, [argument])[0][0].as_py())

    # -- parts -------------------------------------------------------------------------------

    def _part(self, node: Mapping[str, Any], *, as_type: str = "") -> _Part:
        """Translate a node; a constant is computed here, as `as_type` if that is given."""
        type_ = self._types[_key(node)]
        if not any(each["class"] == "COLUMN_REF" for each in _nodes(node)):
            return self._constant(node, as_type or type_)
        kind = node["class"]
        if kind == "COLUMN_REF":
            name = node["column_names"][-1].casefold()
            if name in self._refused:
                shown, native = self._refused[name]
                raise NotPushedError(
                    f"The column {shown!r} is {native} in {self._dialect.name}, which is only "
                    "shown, and not compared. Compare it in a view of the database."
                )
            return _Part(self._columns[name], family_of(type_), type_)
        makers = {
            "BETWEEN": self._between,
            "CASE": self._case,
            "CAST": self._cast_node,
            "COMPARISON": self._comparison,
            "CONJUNCTION": self._conjunction,
            "FUNCTION": self._function,
            "OPERATOR": self._operator,
        }
        if kind not in makers:
            raise self._unknown(kind.lower())
        return _Part(makers[kind](node), family_of(type_), type_)

    def _parts(self, nodes: Sequence[Mapping[str, Any]], what: str) -> list[_Part]:
        """Translate nodes that are compared with each other, or stand for each other."""
        parts = [self._part(node) for node in nodes]
        telling = [part for part in parts if part.constant is None] or parts
        families = {part.family for part in telling} - {"null"}
        if families and not any(
            families <= each for each in (_NUMBERS, _TIMES, {"text"}, {"bool"})
        ):
            kinds = " and ".join(sorted({_WORDS[family] for family in families}))
            raise NotPushedError(
                f"{what} {kinds} is not known to give the same in {self._dialect.name}."
            )
        if families == {"decimal"} or families == {"decimal", "int"}:
            self._check_digits([part.type for part in parts if part.family != "null"])
        wanted = "double" if "double" in families else ""
        wanted = "timestamp" if families == _TIMES else wanted
        done = []
        for part in parts:
            if part.constant is not None and families and part.family != "null":
                if "double" in families or not ({part.family} <= _NUMBERS and families <= _NUMBERS):
                    target = "DOUBLE" if "double" in families else telling[0].type
                    target = "TIMESTAMP" if families == _TIMES else target
                    part = self._part(part.constant, as_type=target)
            elif wanted and part.family not in {wanted, "null"}:
                part = part._replace(sql=self._cast(part.sql, wanted))
            done.append(part)
        return done

    def _check_digits(self, types: Sequence[str]) -> None:
        """Refuse decimal numbers that would be rounded to be compared."""
        sizes = [tuple(map(int, re.findall(r"\d+", each))) for each in types]
        scale = max(size[1] if size else 0 for size in sizes)
        digits = max(size[0] - size[1] if size else 20 for size in sizes)
        if scale + digits > self._dialect.most_digits:
            raise self._unknown(f"comparing decimal numbers of {scale + digits} digits")

    def _of(self, node: Mapping[str, Any], *families: str, what: str) -> _Part:
        part = self._part(node)
        if part.family not in {*families, "null"}:
            raise NotPushedError(
                f"{what} of {_WORDS[part.family]} is not known to give the same in "
                f"{self._dialect.name}."
            )
        return part

    def _constant(self, node: Mapping[str, Any], type_: str) -> _Part:
        """Compute a constant with DuckDB, and write it as a value of a type."""
        family = family_of(type_)
        text = _text_of(self._corpus, node)
        zoned = type_ == "TIMESTAMP WITH TIME ZONE"
        plain = f"CAST(({text}) AS {type_})" if family not in {"null", "interval"} else f"({text})"
        plain = f"CAST({plain} AS TIMESTAMP)" if zoned else plain
        try:
            if family == "interval":
                sql = self._interval(plain)
            else:
                found = self._corpus.query(f"SELECT CAST({plain} AS VARCHAR)")[0][0].as_py()
                sql = "NULL" if found is None else self._literal(found, family)
        except duckdb.Error as error:
            raise NotPushedError(str(error).strip().partition("\n")[0]) from error
        return _Part(sql, "null" if sql == "NULL" else family, type_, node)

    def _literal(self, value: str, family: Family) -> str:
        if family == "text":
            return self._dialect.text(value)
        if family == "double":
            value = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(value, value)
            return self._cast(f"'{value}'", "double")
        if family in _TIMES:
            if len(value.split("-")[0]) != 4 or "(BC)" in value:
                raise self._unknown(f"the date {value}")
            return self._dialect.templates[family].format(value)
        if family in {"int", "decimal", "bool"}:
            return f"({value})" if value.startswith("-") else value
        raise self._unknown(f"a constant that is {_WORDS[family]}")

    def _interval(self, sql: str) -> str:
        clock = "((hour(i) * 60 + minute(i)) * 60) * 1000000 + microsecond(i)"
        parts = f"year(i) * 12 + month(i), day(i), {clock}"
        found = self._corpus.query(f"SELECT {parts} FROM (SELECT {sql} AS i)")
        months, days, microseconds = (column[0].as_py() for column in found.columns)
        return "NULL" if months is None else self._dialect.interval(months, days, microseconds)

    # -- classes of nodes --------------------------------------------------------------------

    def _comparison(self, node: Mapping[str, Any]) -> str:
        left, right = self._parts([node["left"], node["right"]], "Comparing")
        return f"({left.sql} {_SIGNS[node['type']]} {right.sql})"

    def _between(self, node: Mapping[str, Any]) -> str:
        parts = self._parts([node["input"], node["lower"], node["upper"]], "Comparing")
        return "({} BETWEEN {} AND {})".format(*(part.sql for part in parts))

    def _conjunction(self, node: Mapping[str, Any]) -> str:
        word = " AND " if node["type"] == "CONJUNCTION_AND" else " OR "
        parts = [self._of(each, "bool", what=word.strip()) for each in node["children"]]
        return f"({word.join(part.sql for part in parts)})"

    def _operator(self, node: Mapping[str, Any]) -> str:
        kind, children = node["type"], node["children"]
        if kind == "OPERATOR_NOT":
            return f"(NOT {self._of(children[0], 'bool', what='NOT').sql})"
        if kind in {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}:
            sign = "IS NULL" if kind == "OPERATOR_IS_NULL" else "IS NOT NULL"
            child = children[0]
            if child["class"] == "COLUMN_REF":  # also of a type that is not compared
                return f"({self._columns[child['column_names'][-1].casefold()]} {sign})"
            return f"({self._part(child).sql} {sign})"
        if kind in {"COMPARE_IN", "COMPARE_NOT_IN"}:
            first, *others = self._parts(children, "Comparing")
            sign = "IN" if kind == "COMPARE_IN" else "NOT IN"
            return f"({first.sql} {sign} ({', '.join(part.sql for part in others)}))"
        if kind == "OPERATOR_COALESCE":
            parts = self._parts(children, "COALESCE of")
            return f"coalesce({', '.join(part.sql for part in parts)})"
        raise self._unknown(kind.removeprefix("OPERATOR_").replace("_", " "))

    def _case(self, node: Mapping[str, Any]) -> str:
        checks = node["case_checks"]
        values = [check["then_expr"] for check in checks] + [node["else_expr"]]
        *thens, last = self._parts(values, "CASE with")
        whens = [self._of(check["when_expr"], "bool", what="CASE").sql for check in checks]
        cases = (f"WHEN {w} THEN {t.sql}" for w, t in zip(whens, thens, strict=True))
        return f"CASE {' '.join(cases)} ELSE {last.sql} END"

    def _cast_node(self, node: Mapping[str, Any]) -> str:
        part, type_ = self._part(node["child"]), self._types[_key(node)]
        family, wide = family_of(type_), {"BIGINT", "HUGEINT"}
        if part.family == family and (family not in {"int", "decimal"} or type_ in wide):
            return self._cast(part.sql, family) if family == "int" else part.sql
        kinds = (part.family, family)
        if kinds == ("date", "text"):
            return self._dialect.templates["date_text"].format(part.sql)
        if kinds in {("bool", "int"), ("int", "text"), ("bool", "text"), ("date", "timestamp")}:
            return self._cast(part.sql, family)
        if kinds in {("timestamp", "date"), ("int", "double"), ("decimal", "double")}:
            return self._cast(part.sql, family)
        raise NotPushedError(
            f"A cast of {_WORDS[part.family]} to {type_} is not known to give the same in "
            f"{self._dialect.name}. Compare without the cast."
        )

    def _function(self, node: Mapping[str, Any]) -> str:
        name = node["function_name"].lower()
        arguments = [each["expression"] for each in node["arguments"]]
        if name in _LIKE:
            return self._like(name, arguments)
        if name in {"regexp_matches", "regexp_full_match"}:
            return self._regex(name, arguments)
        if name in _TEXT_FUNCTIONS:
            return self._template(
                _TEXT_FUNCTIONS[name], [self._of(a, "text", what=name) for a in arguments], name
            )
        if name in _PARTS and len(arguments) == 1:
            return self._date_part(name, arguments[0])
        if name in {"date_part", "datepart"}:
            return self._date_part(self._unit(arguments[0]), arguments[1])
        if name in {"date_trunc", "datetrunc"}:
            part = self._of(arguments[1], "date", "timestamp", what=name)
            return self._template(f"trunc_{self._unit(arguments[0])}", [part], name)
        if name in {"date_diff", "datediff"}:
            return self._date_diff(*arguments)
        make = {
            **dict.fromkeys(("+", "add"), self._plus),
            **dict.fromkeys(("-", "subtract"), self._minus),
            **dict.fromkeys(("*", "multiply"), self._times),
            **dict.fromkeys(("/", "fdiv"), self._over),
            **dict.fromkeys(("//", "divide", "%", "mod"), self._whole),
        }.get(name)
        if make is not None:
            return make(name, node, arguments)
        if name == "||":
            return f"({' || '.join(self._of(a, 'text', what=name).sql for a in arguments)})"
        if name == "abs":
            return self._template(name, [self._of(arguments[0], *_NUMBERS, what=name)], name)
        if name in {"substring", "substr", "left", "right", "replace"}:
            return self._piece_of_text("substring" if name == "substr" else name, arguments)
        if name in {"greatest", "least"}:
            return self._template(name, self._parts(arguments, f"{name} of"), name)
        if name == "nullif":
            parts = self._parts(arguments, "Comparing")
            return f"nullif({', '.join(part.sql for part in parts)})"
        if name == "if":
            check = self._of(arguments[0], "bool", what=name)
            then, other = self._parts(arguments[1:], "if with")
            return f"CASE WHEN {check.sql} THEN {then.sql} ELSE {other.sql} END"
        raise self._unknown(name)

    # -- functions ---------------------------------------------------------------------------

    def _template(self, name: str, parts: Sequence[_Part], called: str) -> str:
        template = self._dialect.templates.get(name)
        if template is None:
            raise self._unknown(called)
        sqls = [part.sql for part in parts]
        try:
            return template.format(*sqls, all=", ".join(sqls))
        except IndexError:
            raise self._unknown(f"{called} with {len(sqls)} arguments") from None

    def _constant_text(self, node: Mapping[str, Any], what: str) -> str:
        if node["class"] != "CONSTANT" or node["literal"]["kind"] != "STRING":
            raise NotPushedError(f"{what} needs a text in quotes in {self._dialect.name}.")
        return str(node["literal"]["text"])

    def _like(self, name: str, arguments: Sequence[Mapping[str, Any]]) -> str:
        is_not, is_folded = _LIKE[name]
        part = self._of(arguments[0], "text", what="LIKE")
        pattern = self._constant_text(arguments[1], "LIKE")
        escape = self._constant_text(arguments[2], "ESCAPE") if len(arguments) > 2 else ""
        if is_folded:
            part = part._replace(sql=self._template("lower", [part], "ILIKE"))
            found = self._corpus.query("SELECT lower(?), lower(?)", [pattern, escape])
            pattern, escape = (column[0].as_py() for column in found.columns)
        try:
            pattern, escape = like_pattern(pattern, escape=escape)
        except UnknownPatternError as error:
            raise self._unknown(str(error)) from error
        texts = self._dialect.text(pattern), f"'{escape}'"
        sql = self._dialect.templates["like"].format(part.sql, *texts)
        return f"(NOT {sql})" if is_not else sql

    def _regex(self, name: str, arguments: Sequence[Mapping[str, Any]]) -> str:
        if len(arguments) > 2:
            raise self._unknown(f"{name} with options")
        part = self._of(arguments[0], "text", what=name)
        pattern = self._constant_text(arguments[1], name)
        whole = name == "regexp_full_match"
        try:
            if self._dialect.end is None:
                written = f"^(?:{pattern})\\z" if whole else pattern
            else:
                written = regular_expression(pattern, end=self._dialect.end, whole=whole)
        except UnknownPatternError as error:
            raise NotPushedError(
                f"The part {error} of a regular expression is not known to mean the same in "
                f"{self._dialect.name}. Write letters, classes such as [a-z], \\d, \\w, \\s, \\b, "
                "(, |, ), ^, $, and *, +, ?, {n}."
            ) from error
        return self._dialect.templates["regex"].format(part.sql, self._dialect.text(written))

    def _piece_of_text(self, name: str, arguments: Sequence[Mapping[str, Any]]) -> str:
        first = self._of(arguments[0], "text", what=name)
        rest = [self._part(each) for each in arguments[1:]]
        least = 1 if name == "substring" else 0
        if name == "replace":
            fits = self._constant_text(arguments[1], name) != "" and len(rest) == 2
        else:
            starts = [part.sql for part in rest]
            fits = all(p.constant is not None and p.sql.isdigit() for p in rest)
            fits = fits and len(rest) == 1 + least and int(starts[0]) >= least
        if not fits:
            raise self._unknown(f"{name} with these arguments")
        return self._template(name, [first, *rest], name)

    def _unit(self, node: Mapping[str, Any]) -> str:
        return self._constant_text(node, "A part of a date").lower().removesuffix("s")

    def _date_part(self, name: str, node: Mapping[str, Any]) -> str:
        part = self._of(node, "date", "timestamp", what=name)
        unit = _PARTS.get(name)
        if unit is None:
            raise self._unknown(f"the part {name!r} of a date")
        if unit in {"hour", "minute", "second"}:
            part = part._replace(sql=self._cast(part.sql, "timestamp"))
        return self._cast(self._template(unit, [part], name), "int")

    def _date_diff(self, unit: Mapping[str, Any], *nodes: Mapping[str, Any]) -> str:
        name = self._unit(unit)
        parts = [self._of(node, "date", "timestamp", what="date_diff") for node in nodes]
        dates = [part._replace(sql=self._cast(part.sql, "date")) for part in parts]
        if name == "day":
            return self._template("days_between", dates, "date_diff")
        if name not in {"month", "year"}:
            raise self._unknown(f"date_diff in {name}s")
        years, months = (
            "({1} - {0})".format(*(self._cast(self._template(u, [d], u), "int") for d in dates))
            for u in ("year", "month")
        )
        return years if name == "year" else f"({years} * 12 + {months})"

    def _plus(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        if len(arguments) == 2:
            parts = [self._part(each) for each in arguments]
            for date, other in (parts, parts[::-1]):
                if date.family in _TIMES:
                    return self._moved("+", date, other)
        return self._arithmetic("+", node, arguments)

    def _minus(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        if len(arguments) == 1:
            return self._narrow(node, f"(-{self._numbers(node, arguments)[0]})")
        left, right = (self._part(each) for each in arguments)
        if left.family == right.family == "date":
            return self._template("days_between", [right, left], name)
        if left.family in _TIMES:
            return self._moved("-", left, right)
        return self._arithmetic("-", node, arguments)

    def _moved(self, sign: str, date: _Part, other: _Part) -> str:
        """Add to a date or subtract from it: an interval, or days."""
        if other.family == "interval" and other.constant is not None:
            return f"({self._cast(date.sql, 'timestamp')} {sign} {other.sql})"
        if (date.family, other.family) == ("date", "int"):
            days = f"-{other.sql}" if sign == "-" else other.sql
            return self._dialect.templates["add_days"].format(date.sql, f"({days})")
        raise self._unknown(f"a date {sign} what is {_WORDS[other.family]}")

    def _times(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        return self._arithmetic("*", node, arguments)

    def _arithmetic(self, sign: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        return self._narrow(node, f"({f' {sign} '.join(self._numbers(node, arguments))})")

    def _numbers(self, node: Mapping[str, Any], arguments: Sequence[Any]) -> list[str]:
        """Return operands in the type in which DuckDB computes."""
        type_ = self._types[_key(node)]
        family = family_of(type_)
        parts = [self._of(each, *_NUMBERS, what="Arithmetic") for each in arguments]
        if family == "decimal":
            digits = int(type_.removeprefix("DECIMAL(").partition(",")[0])
            if digits + 4 > self._dialect.most_digits and "narrow" in self._dialect.types:
                raise self._unknown(f"arithmetic with {digits} digits")
            return [part.sql for part in parts]
        return [self._cast(part.sql, "wide" if family == "int" else "double") for part in parts]

    def _narrow(self, node: Mapping[str, Any], sql: str) -> str:
        """Return a result of whole numbers in a type that is compared without loss."""
        is_int = family_of(self._types[_key(node)]) == "int"
        return self._cast(sql, "narrow") if is_int and "narrow" in self._dialect.types else sql

    def _over(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        left, right = (self._of(each, *_NUMBERS, what="Division") for each in arguments)
        over = f"nullif({self._cast(right.sql, 'double')}, 0)"
        return f"({self._cast(left.sql, 'double')} / {over})"

    def _whole(self, name: str, node: Mapping[str, Any], arguments: Sequence[Any]) -> str:
        parts = [self._of(each, "int", what=name) for each in arguments]
        wide = [part._replace(sql=self._cast(part.sql, "wide")) for part in parts]
        if name in {"%", "mod"}:
            return self._narrow(node, f"({wide[0].sql} % nullif({wide[1].sql}, 0))")
        return self._template("div", wide, name)

    def _cast(self, sql: str, family: str) -> str:
        return f"CAST({sql} AS {self._dialect.types[family]})"

    def _unknown(self, what: str) -> NotPushedError:
        instead = _INSTEAD.get(what, "Write it in another way, or compare in a view.")
        return NotPushedError(
            f"{what} has no equal in {self._dialect.name} that is known to give the same. {instead}"
        )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield an expression and all expressions in it."""
    yield node
    for key, value in node.items():
        if key in {"type_expr", "order_bys", "filter"}:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from _inner(each)


def _inner(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "class" in value:
        yield from _nodes(value)
        return
    for each in value.values():
        if isinstance(each, dict) and "class" in each:
            yield from _nodes(each)


def _key(node: Mapping[str, Any]) -> str:
    return json.dumps(node, sort_keys=True)


def _text_of(corpus: Corpus, node: Mapping[str, Any]) -> str:
    """Return an expression without columns as DuckDB writes it."""
    statement = json.loads(corpus.query("SELECT json_serialize_sql('SELECT 1')")[0][0].as_py())
    statement["statements"][0]["node"]["select_list"] = [node]
    (column,) = corpus.query("SELECT json_deserialize_sql(?)", [json.dumps(statement)]).columns
    return str(column[0].as_py()).removeprefix("SELECT ")
