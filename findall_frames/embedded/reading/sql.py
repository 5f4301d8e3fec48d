"""Check SQL expressions: columns of one row, constants and harmless functions, nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import duckdb

from findall_frames.embedded.corpus.corpus import Corpus, NotPushedError, QueryTimeout, quoted

__all__ = ["FUNCTIONS", "Checked", "SqlError", "SqlRefusedError", "check_order", "check_sql"]

_MAX_CHARACTERS: Final = 20_000
_MAX_DEPTH: Final = 100
_SIGNS: Final = re.compile(r"(?:[-+~!]\s*+){33}")  # each of them nests the rest
_MAX_COLUMNS: Final = 200
_BIND_SECONDS: Final = 10.0
# The text that these functions insert can multiply the length of a cell, at each level of nesting:
# the place of that text among the arguments, its maximum length, and the maximum depth.
_INSERTING: Final = {"replace": 2, "regexp_replace": 2, "array_to_string": 1, "concat_ws": 0}
_MAX_INSERTED: Final = 16
_MAX_INSERTIONS: Final = 2
_PREFIX: Final = "SELECT "
# The parsed form of a SELECT of one expression and nothing else; filled at the first check.
_BARE: dict[str, Any] = {}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAX_KNOWN: Final = 200
_known: WeakKeyDictionary[Corpus, dict[str, tuple[Checked, str]]] = WeakKeyDictionary()
"""The expressions that were checked lately."""

# Deterministic scalar functions that read only their arguments, and whose result is not much larger
# than these; hence no repeat, lpad or range.
FUNCTIONS: Final = _words(
    """
    + - * / // % ** ^ || ~~ !~~ ~~* !~~* ~~~ like_escape not_like_escape ilike_escape
    not_ilike_escape -> ->> @> abs ceil ceiling cbrt degrees even exp floor greatest
    isfinite isinf isnan least ln log log10 log2 pow power radians round sign sqrt trunc mod
    divide multiply add subtract fdiv fmod bit_length chr concat concat_ws contains
    ends_with format_bytes instr lcase left len length lower ltrim nfc_normalize ord
    position prefix regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace replace reverse right rtrim split split_part starts_with str_split
    str_split_regex string_split string_split_regex strip_accents strlen strpos substr
    substring suffix translate trim ucase unicode upper if nullif century date_add
    date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname
    dayofmonth dayofweek dayofyear decade epoch epoch_ms era hour isodow isoyear last_day
    make_date make_time make_timestamp millennium minute month monthname quarter second
    strftime strptime time_bucket timezone to_centuries to_days to_decades to_hours
    to_microseconds to_milliseconds to_millennia to_minutes to_months to_quarters to_seconds
    to_timestamp to_weeks to_years try_strptime week weekday weekofyear year yearweek
    array_contains array_extract array_has array_has_all array_has_any array_length
    array_position array_slice array_to_string cardinality flatten list_any_value list_avg
    list_contains list_count list_distinct list_element list_extract list_first list_has
    list_has_all list_has_any list_indexof list_intersect list_last list_max list_min
    list_position list_slice list_sort list_sum list_unique list_value
    json_array_length json_contains json_extract json_extract_path json_extract_path_text
    json_extract_string json_keys json_type json_valid struct_extract
    """
)
_OPERATORS: Final = _words(
    """
    OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE OPERATOR_TRY
    COMPARE_IN COMPARE_NOT_IN ARRAY_EXTRACT ARRAY_SLICE
    """
)
_COMPARISONS: Final = _words(
    """
    COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN
    COMPARE_LESSTHANOREQUALTO COMPARE_GREATERTHANOREQUALTO COMPARE_DISTINCT_FROM
    COMPARE_NOT_DISTINCT_FROM
    """
)
_TYPES: Final = _words(
    """
    bool boolean tinyint smallint int int1 int2 int4 int8 integer bigint hugeint long short
    signed utinyint usmallint uinteger ubigint uhugeint float float4 float8 real double
    decimal numeric dec varchar char bpchar text string date time timestamp datetime
    timestamptz interval json timestamp_s timestamp_ms timestamp_ns list
    """
) | {"timestamp with time zone", "time with time zone"}
_TRUTHS: Final = frozenset({"BOOLEAN", '"NULL"', "NULL"})
# The keys that a node of each class may have besides its class, type, alias and location.
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "COLUMN_REF": frozenset({"column_names"}),
    "CONSTANT": frozenset({"literal"}),
    "COMPARISON": frozenset({"left", "right"}),
    "CONJUNCTION": frozenset({"children"}),
    "OPERATOR": frozenset({"children"}),
    "BETWEEN": frozenset({"input", "lower", "upper"}),
    "CASE": frozenset({"case_checks", "else_expr"}),
    "CAST": frozenset({"child", "try_cast", "type_expr"}),
    "FUNCTION": _words(
        """
        function_name schema filter order_bys distinct is_operator export_state catalog arguments
        qualified_name is_legacy_function_call
        """
    ),
}
_COMMON_KEYS: Final = _words("class type alias query_location query_location_length")
_NAMES: Final = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "LAMBDA": "a lambda",
    "STAR": "a star",
    "PARAMETER": "a parameter",
    "COLLATE": "a collation",
    "POSITIONAL_REFERENCE": "a positional reference",
}


class SqlError(Exception):
    """The expression is not allowed or cannot be run; the message says why."""


class SqlRefusedError(SqlError):
    """The expression is a condition, but does not run where the data is; the message says why."""


class Checked(NamedTuple):
    """An expression that may be run."""

    sql: str  # as DuckDB writes it, generated from the checked form
    columns: tuple[str, ...]  # those that it refers to, in order, without repeats


def check_sql(expression: str, corpus: Corpus) -> Checked:
    """Check a boolean expression in DuckDB's SQL over the columns of one row.

    Raises
    ------
    SqlRefusedError
        It is a condition, but the database that has the data is not known to answer it alike.
    SqlError
        The expression is not valid SQL, uses something that is not allowed or does not exist, or
        is not boolean.

    Examples
    --------
    >>> from findall_frames.embedded.corpus.opening import open_corpus
    >>> cars = open_corpus([{"name": "vw rabbit", "Horsepower": 71}])
    >>> check_sql("horsepower > 200 -- fast", cars)
    Checked(sql='horsepower > 200', columns=('Horsepower',))
    >>> check_sql("(SELECT count(*) FROM data) > 2", cars)
    Traceback (most recent call last):
    findall_frames.embedded.reading.sql.SqlError: A subquery is not allowed in a condition.
    """
    checked, kind = _checked(expression, corpus)
    if kind not in _TRUTHS:
        raise SqlError(
            f"Expected an expression that is true or false for a row; this one gives {kind}. "
            "Compare it with something."
        )
    return checked


def check_order(expression: str, corpus: Corpus) -> Checked:
    """Check an expression to sort rows by.

    Raises
    ------
    SqlError
        As for `check_sql`, or the values have no order, as lists do.
    """
    checked, kind = _checked(expression, corpus)
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB", "JSON")):
        raise SqlError(f"Expected numbers, dates or texts to put rows in order; got {kind}.")
    return checked


def _checked(expression: str, corpus: Corpus) -> tuple[Checked, str]:
    """Return a checked expression and its type; a run checks the same one several times."""
    known = _known.setdefault(corpus, {})
    if expression not in known:
        found = _examined(expression, corpus)
        if len(known) >= _MAX_KNOWN:
            known.clear()
        known[expression] = known[found[0].sql] = found
    return known[expression]


def _examined(expression: str, corpus: Corpus) -> tuple[Checked, str]:
    if len(expression) > _MAX_CHARACTERS:
        raise SqlError(
            f"Expected an expression of at most {_MAX_CHARACTERS:,} characters; this one has "
            f"{len(expression):,}."
        )
    # The parser is slow on these, and cannot be interrupted.
    if _depth(expression) > _MAX_DEPTH or _SIGNS.search(expression):
        raise SqlError("The expression is nested too deeply. Write it in a simpler way.")
    try:
        statement = _parsed(expression, corpus)
        node = statement["statements"][0]["node"]
        # A second column, a WHERE or anything else besides the one expression is noticed here.
        (whole,) = node["select_list"]
        if not _BARE:
            _BARE.update(_parsed("1", corpus)["statements"][0]["node"])
        if any(node[key] != _BARE[key] for key in {*node, *_BARE} - {"select_list"}):
            raise SqlError("Expected one expression, not parts of a SELECT around it.")
        names = {name.casefold(): name for name in corpus.columns}
        found = list(islice(_columns(whole, names), _MAX_COLUMNS + 1))
        if len(found) > _MAX_COLUMNS:
            raise SqlError(f"Expected at most {_MAX_COLUMNS} mentions of columns; there are more.")
        columns = tuple(dict.fromkeys(found))
        (text,) = _value("SELECT json_deserialize_sql(?)", json.dumps(statement), corpus)
    except RecursionError:
        raise SqlError("The expression is nested too deeply. Write it in a simpler way.") from None
    except (KeyError, TypeError, ValueError) as error:
        # The serialiser of a newer DuckDB may have other forms.
        raise SqlError(f"The expression has a part that is not known here ({error!r}).") from error
    sql = _unwrapped(text.removeprefix(_PREFIX))
    try:
        described = corpus.query(
            f"DESCRIBE SELECT {sql} AS checked FROM {corpus.relation}", timeout=_BIND_SECONDS
        )
        kind = str(described["column_type"][0].as_py())
        corpus.prove(sql, columns)
    except (duckdb.Error, QueryTimeout) as error:
        raise SqlError(_first_line(error)) from error
    except NotPushedError as error:
        refused = SqlRefusedError if kind in _TRUTHS else SqlError
        raise refused(str(error)) from error
    return Checked(sql, columns), kind


def _parsed(expression: str, corpus: Corpus) -> dict[str, Any]:
    """Parse one expression; the line breaks around it end a comment."""
    if "\0" in expression:
        raise SqlError("The expression contains a NUL character. Remove it.")
    (text,) = _value("SELECT json_serialize_sql(?)", f"{_PREFIX}(\n{expression}\n)", corpus)
    parsed: dict[str, Any] = json.loads(text)
    if parsed["error"]:
        raise SqlError(f"This is not a valid SQL expression: {parsed['error_message']}.")
    if len(parsed["statements"]) != 1 or parsed["statements"][0]["node"]["type"] != "SELECT_NODE":
        raise SqlError("Expected one expression, not a statement.")
    if len(parsed["statements"][0]["node"]["select_list"]) != 1:
        raise SqlError("Expected one expression; there are several, with commas between them.")
    return parsed


def _value(sql: str, argument: str, corpus: Corpus) -> tuple[str]:
    try:
        return (str(corpus.query(sql, [argument], timeout=_BIND_SECONDS)[0][0].as_py()),)
    except (duckdb.Error, QueryTimeout, UnicodeEncodeError) as error:
        raise SqlError(_first_line(error)) from error


def _columns(
    node: Mapping[str, Any], names: Mapping[str, str], *, insertions: int = 0
) -> Iterator[str]:
    """Yield the columns of a node; raise `SqlError` if a part of it is unknown or not allowed."""
    kind = node["class"]
    if kind not in _KEYS:
        what = _NAMES.get(kind, kind.replace("_", " ").lower())
        raise SqlError(f"{what[0].upper()}{what[1:]} is not allowed in a condition.")
    unknown = set(node) - _COMMON_KEYS - _KEYS[kind]
    if unknown or node["alias"]:
        raise SqlError(f"The expression has a part that is not known here ({sorted(unknown)}).")
    if kind == "COLUMN_REF":
        yield _column(node["column_names"], names)
    elif kind == "COMPARISON":
        _require(node["type"] in _COMPARISONS, node["type"])
    elif kind == "OPERATOR":
        _require(node["type"] in _OPERATORS, node["type"])
    elif kind == "CAST":
        _check_type(node["type_expr"])
    elif kind == "FUNCTION":
        _check_function(node)
        insertions += _inserts(node)
        if insertions > _MAX_INSERTIONS:
            raise SqlError(f"At most {_MAX_INSERTIONS} replacements may stand within each other.")
    for child in _children(node, kind):
        yield from _columns(child, names, insertions=insertions)


def _children(node: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == "CASE":
        for check in node["case_checks"]:
            _require(set(check) == {"when_expr", "then_expr"}, "CASE")
            yield check["when_expr"]
            yield check["then_expr"]
        yield node["else_expr"]
    elif kind == "FUNCTION":
        for argument in node["arguments"]:
            _require(set(argument) == {"name", "expression"} and not argument["name"], "name :=")
            yield argument["expression"]
    else:
        yield from node.get("children", ())
        for key in ("left", "right", "input", "lower", "upper", "child"):
            if key in node:
                yield node[key]


def _column(path: list[str], names: Mapping[str, str]) -> str:
    if len(path) == 1 and path[0].casefold() in names:
        return names[path[0].casefold()]
    given = ".".join(path)[:100]
    listed = ", ".join(quoted(name) for name in names.values())
    shown = listed if len(listed) <= 300 else f"{listed[:300]} …"
    raise SqlError(f"There is no column {given!r}. There are {shown}.")


def _check_function(node: Mapping[str, Any]) -> None:
    name = node["function_name"].lower()
    if node["schema"] or node["catalog"]:
        raise SqlError(f"Write the function {name} with its arguments in brackets, without a dot.")
    if name not in FUNCTIONS:
        raise SqlError(f"The function {name} is not allowed in a condition.")
    orders = node["order_bys"].get("orders")
    if node["filter"] is not None or orders or node["distinct"] or node["export_state"]:
        raise SqlError(f"The function {name} takes no FILTER, ORDER BY or DISTINCT here.")


def _inserts(node: Mapping[str, Any]) -> bool:
    """Return True for functions that insert a text into cells, which has to be short."""
    name = node["function_name"].lower()
    if name not in _INSERTING:
        return False
    arguments = node["arguments"][_INSERTING[name] :]
    given = arguments[0]["expression"] if arguments else None
    if given and (given["class"] != "CONSTANT" or len(given["literal"]["text"]) > _MAX_INSERTED):
        raise SqlError(f"Expected {name} to put in a text of at most {_MAX_INSERTED} characters.")
    return True


def _check_type(node: Mapping[str, Any]) -> None:
    name = node["type_name"].lower()
    if node["class"] != "TYPE" or node["schema"] or node["catalog"] or name not in _TYPES:
        raise SqlError(f"A cast to {name!r} is not allowed in a condition.")
    for child in node["children"]:
        if child["class"] == "TYPE":
            _check_type(child)
        else:
            _require(child["class"] == "CONSTANT", "type")


def _require(allowed: bool, what: str) -> None:
    if not allowed:
        raise SqlError(f"{what.replace('_', ' ').lower()!r} is not allowed in a condition.")


def _depth(expression: str) -> int:
    """Return the maximum depth of brackets, including those in strings."""
    depth = deepest = 0
    for sign in expression:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _unwrapped(sql: str) -> str:
    """Remove the brackets that DuckDB writes around a whole expression."""
    depth, quote = 0, ""
    for place, sign in enumerate(sql):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        else:
            depth += (sign == "(") - (sign == ")")
        if depth == 0:
            is_whole = place == len(sql) - 1 and sql[0] == "("
            return sql[1:-1] if is_whole else sql
    return sql


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
