"""Translate a checked condition from DuckDB's SQL to that of the database that has the table.

DuckDB itself parses the condition, tells the type of each part and computes what is constant. What
is not known to mean the same in the other database is refused by name.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import duckdb

from findall_frames.embedded.corpus.corpus import Corpus, NotPushedError
from findall_frames.embedded.warehouse.dialects import TIMES, Dialect, Family, family_of
from findall_frames.embedded.warehouse.functions import (
    NUMBERS,
    WORDS,
    FunctionTranslator,
    Piece,
    key_of,
)

__all__ = ["CASTS", "Translator"]

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
CASTS: Final[Sequence[tuple[Family, Family]]] = [
    ("bool", "int"),
    ("int", "text"),
    ("bool", "text"),
    ("date", "text"),
    ("date", "timestamp"),
    ("timestamp", "date"),
    ("int", "double"),
    ("decimal", "double"),
]
"""The casts that give the same in all databases."""


class Translator(FunctionTranslator):
    """Translates expressions over the columns of a corpus.

    `columns` maps each column to its name in the query that will hold the expression, and `plain`
    some of them to that of the same column before it is cleaned; `refused` maps those that the
    database cannot compare alike to their type there.
    """

    def __init__(
        self,
        corpus: Corpus,
        dialect: Dialect,
        *,
        columns: Mapping[str, str],
        plain: Mapping[str, str],
        refused: Mapping[str, str],
    ) -> None:
        super().__init__(corpus, dialect)
        self._columns = {name.casefold(): sql for name, sql in columns.items()}
        self._plain = {name.casefold(): sql for name, sql in plain.items()}
        self._refused = {name.casefold(): (name, type_) for name, type_ in refused.items()}
        self._turn = threading.Lock()

    def translate(self, sql: str) -> tuple[str, str]:
        """Return an expression in the other SQL, and its type in DuckDB.

        Raises
        ------
        NotPushedError
            A part of it is not known to mean the same there.
        """
        with self._turn:
            part = self.part(self._parsed(sql))
        return part.sql, part.type

    def prefilters(self, sql: str) -> list[str]:
        """Return comparisons that hold wherever a condition does, of columns as they are stored.

        For these an index can be used, and most rows fail them before their cells are cleaned.
        """
        with self._turn:
            return [each for node in _conjuncts(self._parsed(sql)) for each in self._plainly(node)]

    def _parsed(self, sql: str) -> Mapping[str, Any]:
        """Return an expression as DuckDB parses it, and keep the type of each of its parts."""
        statement = json.loads(self._value("SELECT json_serialize_sql(?)", f"SELECT ({sql})"))
        (whole,) = statement["statements"][0]["node"]["select_list"]
        nodes = list(_nodes(whole))
        statement["statements"][0]["node"]["select_list"] = nodes
        text = self._value("SELECT json_deserialize_sql(?)", json.dumps(statement))
        described = self.corpus.query(f"DESCRIBE {text} FROM {self.corpus.relation}")
        types = described["column_type"].to_pylist()
        self.types = dict(zip(map(key_of, nodes), types, strict=True))
        parsed: Mapping[str, Any] = whole
        return parsed

    def _plainly(self, node: Mapping[str, Any]) -> Iterator[str]:
        """Yield a comparison of one stored column with constants, if the node is one."""
        sign = _SIGNS.get(node["type"], "")
        if node["class"] == "COMPARISON" and sign in {"=", "<", "<=", ">", ">="}:
            nodes, form = [node["left"], node["right"]], f"{{}} {sign} {{}}"
        elif node["type"] == "COMPARE_IN":
            nodes = node["children"]
            form = f"{{}} IN ({', '.join(['{}'] * (len(nodes) - 1))})"
        elif node["class"] == "BETWEEN":
            nodes, form = [node["input"], node["lower"], node["upper"]], "{} BETWEEN {} AND {}"
        else:
            return
        named = [each["column_names"][-1].casefold() for each in nodes if "column_names" in each]
        parts = self.parts(nodes, "Comparing")
        if len(named) != 1 or sum(part.constant is None for part in parts) != 1:
            return
        (column,) = (part for part in parts if part.constant is None)
        is_ordered = sign in {"<", "<=", ">", ">="} or node["class"] == "BETWEEN"
        if named[0] not in self._plain or (column.family == "text" and is_ordered):
            return
        zoned = column.type == "TIMESTAMP WITH TIME ZONE"
        values = [
            self._plain[named[0]]
            if part.constant is None
            else f"({part.sql} AT TIME ZONE 'UTC')" * zoned or part.sql
            for part in parts
        ]
        yield f"({form.format(*values)})"

    def _value(self, sql: str, argument: str) -> str:
        return str(self.corpus.query(sql, [argument])[0][0].as_py())

    # -- parts -------------------------------------------------------------------------------

    def part(self, node: Mapping[str, Any], *, as_type: str = "") -> Piece:
        """Translate a node; a constant is computed here, as `as_type` if that is given."""
        type_ = self.types[key_of(node)]
        if not any(each["class"] == "COLUMN_REF" for each in _nodes(node)):
            return self._constant(node, as_type or type_)
        kind = node["class"]
        if kind == "COLUMN_REF":
            name = node["column_names"][-1].casefold()
            if name in self._refused:
                shown, native = self._refused[name]
                raise NotPushedError(
                    f"The column {shown!r} is {native} in {self.dialect.name}, which is only "
                    "shown, and not compared. Compare it in a view of the database."
                )
            return Piece(self._columns[name], family_of(type_), type_)
        makers = {
            "BETWEEN": self._between,
            "CASE": self._case,
            "CAST": self._cast_node,
            "COMPARISON": self._comparison,
            "CONJUNCTION": self._conjunction,
            "FUNCTION": self.function,
            "OPERATOR": self._operator,
        }
        if kind not in makers:
            raise self.unknown(kind.lower())
        return Piece(makers[kind](node), family_of(type_), type_)

    def parts(self, nodes: Sequence[Mapping[str, Any]], what: str) -> list[Piece]:
        """Translate nodes that are compared with each other, or stand for each other."""
        parts = [self.part(node) for node in nodes]
        telling = [part for part in parts if part.constant is None] or parts
        families = {part.family for part in telling} - {"null"}
        if families and not any(families <= each for each in (NUMBERS, TIMES, {"text"}, {"bool"})):
            kinds = " and ".join(sorted({WORDS[family] for family in families}))
            raise NotPushedError(
                f"{what} {kinds} is not known to give the same in {self.dialect.name}."
            )
        if families == {"decimal"} or families == {"decimal", "int"}:
            self._check_digits([part.type for part in parts if part.family != "null"])
        wanted = "double" if "double" in families else ""
        wanted = "timestamp" if families == TIMES else wanted
        done = []
        for part in parts:
            if part.constant is not None and families and part.family != "null":
                if "double" in families or not ({part.family} <= NUMBERS and families <= NUMBERS):
                    target = "DOUBLE" if "double" in families else telling[0].type
                    target = "TIMESTAMP" if families == TIMES else target
                    part = self.part(part.constant, as_type=target)
            elif wanted and part.family not in {wanted, "null"}:
                part = part._replace(sql=self.cast(part.sql, wanted))
            done.append(part)
        return done

    def _check_digits(self, types: Sequence[str]) -> None:
        """Refuse decimal numbers that would be rounded to be compared."""
        sizes = [tuple(map(int, re.findall(r"\d+", each))) for each in types]
        scale = max(size[1] if size else 0 for size in sizes)
        digits = max(size[0] - size[1] if size else 20 for size in sizes)
        if scale + digits > self.dialect.most_digits:
            raise self.unknown(f"comparing decimal numbers of {scale + digits} digits")

    def _constant(self, node: Mapping[str, Any], type_: str) -> Piece:
        """Compute a constant with DuckDB, and write it as a value of a type."""
        family = family_of(type_)
        text = _text_of(self.corpus, node)
        zoned = type_ == "TIMESTAMP WITH TIME ZONE"
        plain = f"CAST(({text}) AS {type_})" if family not in {"null", "interval"} else f"({text})"
        plain = f"CAST({plain} AS TIMESTAMP)" if zoned else plain
        try:
            if family == "interval":
                sql = self._interval(plain)
            else:
                found = self.corpus.query(f"SELECT CAST({plain} AS VARCHAR)")[0][0].as_py()
                sql = "NULL" if found is None else self._literal(found, family)
        except duckdb.Error as error:
            raise NotPushedError(str(error).strip().partition("\n")[0]) from error
        return Piece(sql, "null" if sql == "NULL" else family, type_, node)

    def _literal(self, value: str, family: Family) -> str:
        if family == "text":
            return self.dialect.text(value)
        if family == "double":
            value = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(value, value)
            return self.cast(f"'{value}'", "double")
        if family in TIMES:
            if len(value.split("-")[0]) != 4 or "(BC)" in value:
                raise self.unknown(f"the date {value}")
            return self.dialect.templates[family].format(value)
        if family in {"int", "decimal", "bool"}:
            return f"({value})" if value.startswith("-") else value
        raise self.unknown(f"a constant that is {WORDS[family]}")

    def _interval(self, sql: str) -> str:
        clock = "((hour(i) * 60 + minute(i)) * 60) * 1000000 + microsecond(i)"
        parts = f"year(i) * 12 + month(i), day(i), {clock}"
        found = self.corpus.query(f"SELECT {parts} FROM (SELECT {sql} AS i)")
        months, days, microseconds = (column[0].as_py() for column in found.columns)
        return "NULL" if months is None else self.dialect.interval(months, days, microseconds)

    # -- classes of nodes --------------------------------------------------------------------

    def _comparison(self, node: Mapping[str, Any]) -> str:
        left, right = self.parts([node["left"], node["right"]], "Comparing")
        return f"({left.sql} {_SIGNS[node['type']]} {right.sql})"

    def _between(self, node: Mapping[str, Any]) -> str:
        parts = self.parts([node["input"], node["lower"], node["upper"]], "Comparing")
        return "({} BETWEEN {} AND {})".format(*(part.sql for part in parts))

    def _conjunction(self, node: Mapping[str, Any]) -> str:
        word = " AND " if node["type"] == "CONJUNCTION_AND" else " OR "
        parts = [self.of(each, "bool", what=word.strip()) for each in node["children"]]
        return f"({word.join(part.sql for part in parts)})"

    def _operator(self, node: Mapping[str, Any]) -> str:
        kind, children = node["type"], node["children"]
        if kind == "OPERATOR_NOT":
            return f"(NOT {self.of(children[0], 'bool', what='NOT').sql})"
        if kind in {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}:
            sign = "IS NULL" if kind == "OPERATOR_IS_NULL" else "IS NOT NULL"
            child = children[0]
            if child["class"] == "COLUMN_REF":  # also of a type that is not compared
                return f"({self._columns[child['column_names'][-1].casefold()]} {sign})"
            return f"({self.part(child).sql} {sign})"
        if kind in {"COMPARE_IN", "COMPARE_NOT_IN"}:
            first, *others = self.parts(children, "Comparing")
            sign = "IN" if kind == "COMPARE_IN" else "NOT IN"
            return f"({first.sql} {sign} ({', '.join(part.sql for part in others)}))"
        if kind == "OPERATOR_COALESCE":
            parts = self.parts(children, "COALESCE of")
            return f"coalesce({', '.join(part.sql for part in parts)})"
        raise self.unknown(kind.removeprefix("OPERATOR_").replace("_", " "))

    def _case(self, node: Mapping[str, Any]) -> str:
        checks = node["case_checks"]
        values = [check["then_expr"] for check in checks] + [node["else_expr"]]
        *thens, last = self.parts(values, "CASE with")
        whens = [self.of(check["when_expr"], "bool", what="CASE").sql for check in checks]
        cases = (f"WHEN {w} THEN {t.sql}" for w, t in zip(whens, thens, strict=True))
        return f"CASE {' '.join(cases)} ELSE {last.sql} END"

    def _cast_node(self, node: Mapping[str, Any]) -> str:
        part, type_ = self.part(node["child"]), self.types[key_of(node)]
        family, wide = family_of(type_), {"BIGINT", "HUGEINT"}
        if part.family == family and (family not in {"int", "decimal"} or type_ in wide):
            return self.cast(part.sql, family) if family == "int" else part.sql
        kinds = (part.family, family)
        if kinds == ("date", "text"):
            return self.dialect.templates["date_text"].format(part.sql)
        if kinds in CASTS:
            return self.cast(part.sql, family)
        raise NotPushedError(
            f"A cast of {WORDS[part.family]} to {type_} is not known to give the same in "
            f"{self.dialect.name}. Compare without the cast."
        )


def _conjuncts(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the expressions all of which have to be true."""
    if node["type"] == "CONJUNCTION_AND":
        for each in node["children"]:
            yield from _conjuncts(each)
    else:
        yield node


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


def _text_of(corpus: Corpus, node: Mapping[str, Any]) -> str:
    """Return an expression without columns as DuckDB writes it."""
    statement = json.loads(corpus.query("SELECT json_serialize_sql('SELECT 1')")[0][0].as_py())
    statement["statements"][0]["node"]["select_list"] = [node]
    (column,) = corpus.query("SELECT json_deserialize_sql(?)", [json.dumps(statement)]).columns
    return str(column[0].as_py()).removeprefix("SELECT ")
