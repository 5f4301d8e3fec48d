"""How PostgreSQL, Spark and DuckDB write what a condition can contain, with the same meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from findall_frames.embedded.corpus.corpus import literal, quoted

__all__ = ["BLANKS", "DUCKDB", "POSTGRES", "SPARK", "TIMES", "Dialect", "Family", "family_of"]

Family: TypeAlias = Literal[
    "int", "decimal", "double", "bool", "text", "date", "timestamp", "interval", "null", "other"
]
"""Types that are compared alike; timestamps are in UTC, whether or not they had a zone."""

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

TIMES: Final = frozenset({"date", "timestamp"})
BLANKS: Final = " \t\n\r\f\v\u00a0\u2003\u3000\ufeff"
"""A text of nothing but these is a missing value."""
# Lower case of one letter can be two letters, or depend on the next; in DuckDB it is one letter.
_FOLDED: Final = ("Σİ", "σi")


def family_of(type_: str) -> Family:
    """Return the family of a type of DuckDB; ``"other"`` for what is not compared."""
    return "decimal" if type_.startswith("DECIMAL(") else _FAMILIES.get(type_, "other")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The SQL of one kind of database.

    `types` are the names of types by family, with ``"wide"`` for the integers of arithmetic, and
    ``"narrow"`` for what they come to, if that differs.
    `templates` are functions by the name that `translation` uses; one that is missing is refused.
    `plain` are types of columns whose cells are cleaned, but can be compared as they are.
    `end` is what ends a text in regular expressions; None if these are the same as here.
    `most_digits` of a decimal number are computed exactly.
    """

    name: str
    types: Mapping[str, str]
    templates: Mapping[str, str]
    plain: frozenset[str]
    end: str | None
    most_digits: int = 38

    def quoted(self, name: str) -> str:
        """Return the name of a column or a table as an identifier."""
        return quoted(name)

    def text(self, value: str) -> str:
        """Return a text as a constant, whatever the settings of the session are."""
        return literal(value)

    def interval(self, months: int, days: int, microseconds: int) -> str:
        """Return a constant interval."""
        seconds = f"{microseconds / 1_000_000:.6f}"
        return self.templates["interval"].format(months, days, seconds)

    def output(self, sql: str, family: Family) -> str:
        """Return an expression whose value travels without loss, as a text where needed."""
        if family == "decimal":
            return f"CAST({sql} AS {self.types['text']})"
        if family in TIMES and "travels" in self.templates:
            return self.templates["travels"].format(sql)
        return sql


class _Postgres(Dialect):
    def text(self, value: str) -> str:
        # What a backslash means in quotes depends on a setting of the session.
        tag = next(f"$t{n}$" for n in range(len(value) + 1) if f"$t{n}$" not in value + "$")
        return f"{tag}{value}{tag}"


class _Spark(Dialect):
    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def text(self, value: str) -> str:
        # What a backslash means in quotes depends on a setting of the session.
        return f"CAST(X'{value.encode().hex()}' AS STRING)"


_FINITE: Final = "CASE WHEN isfinite({0}) THEN {0} END"
_COMMON: Final = {
    "contains": "contains({0}, {1})",
    "length": "length({0})",
    "replace": "replace({0}, {1}, {2})",
    "substring": "substring({0}, {1}, {2})",
    "left": "left({0}, {1})",
    "right": "right({0}, {1})",
    "abs": "abs({0})",
    "greatest": "greatest({all})",
    "least": "least({all})",
    "concat": "concat({all})",
    "ltrim": "ltrim({0})",
    "rtrim": "rtrim({0})",
    "trim": "trim({0})",
    "like": "({0} LIKE {1} ESCAPE {2})",
    "days_between": "({1} - {0})",
    "finite": "{0}",
    "year": "extract(YEAR FROM {0})",
    "quarter": "extract(QUARTER FROM {0})",
    "month": "extract(MONTH FROM {0})",
    "week": "extract(WEEK FROM {0})",
    "day": "extract(DAY FROM {0})",
    "dayofyear": "extract(DOY FROM {0})",
    "hour": "extract(HOUR FROM {0})",
    "minute": "extract(MINUTE FROM {0})",
}

POSTGRES: Final = _Postgres(
    name="PostgreSQL",
    types={
        "int": "bigint",
        "wide": "bigint",
        "decimal": "numeric",
        "double": "double precision",
        "bool": "boolean",
        "text": "text",
        "date": "date",
        "timestamp": "timestamp",
    },
    plain=frozenset({"text", "varchar", "float8", "timestamptz"}),
    end=r"\Z",
    templates=_COMMON
    | {
        "lower": f"(lower(translate({{0}}, '{_FOLDED[0]}', '{_FOLDED[1]}') "
        'COLLATE "und-x-icu") COLLATE "C")',
        "length": "char_length({0})",
        "contains": "(strpos({0}, {1}) > 0)",
        "position": "strpos({0}, {1})",
        "starts_with": "starts_with({0}, {1})",
        "ends_with": "(right({0}, char_length({1})) = {1})",
        "trim": "btrim({0}, ' ')",
        "ltrim": "ltrim({0}, ' ')",
        "rtrim": "rtrim({0}, ' ')",
        "regex": "({0} ~ {1})",
        "div": "({0} / nullif({1}, 0))",
        "finite": _FINITE,
        # Before the year 1 comes -1 there; here, 0.
        "year": "CASE WHEN isfinite({0}) THEN extract(YEAR FROM {0}) "
        "+ CAST({0} < DATE '0001-01-01' AS integer) END",
        "add_days": "({0} + CAST({1} AS integer))",
        "date_text": "CASE WHEN isfinite({0}) THEN to_char({0}, 'YYYY-MM-DD') || CASE WHEN "
        "extract(YEAR FROM {0}) < 0 THEN ' (BC)' ELSE '' END ELSE CAST({0} AS text) END",
        "second": "floor(extract(SECOND FROM {0}))",
        "isodow": "extract(ISODOW FROM {0})",
        "dayofweek": "extract(DOW FROM {0})",
        "trunc_year": "date_trunc('year', CAST({0} AS timestamp))",
        "trunc_quarter": "date_trunc('quarter', CAST({0} AS timestamp))",
        "trunc_month": "date_trunc('month', CAST({0} AS timestamp))",
        "trunc_week": "date_trunc('week', CAST({0} AS timestamp))",
        "trunc_day": "date_trunc('day', CAST({0} AS timestamp))",
        "date": "DATE '{0}'",
        "timestamp": "TIMESTAMP '{0}'",
        # Drivers do not read dates before Christ or infinite ones.
        "travels": "CASE WHEN isfinite({0}) THEN to_char({0}, 'YYYY-MM-DD') || CASE WHEN "
        "extract(YEAR FROM {0}) < 0 THEN ' (BC)' ELSE '' END || to_char({0}, ' HH24:MI:SS.US') "
        "ELSE CAST({0} AS text) END",
        "interval": "make_interval(months => {0}, days => {1}, secs => {2})",
    },
)

SPARK: Final = _Spark(
    name="Spark",
    types={
        "int": "BIGINT",
        # Overflow would be an error or a wrong number, as ANSI mode is on or off.
        "wide": "DECIMAL(38, 0)",
        # Beside a decimal number, that would round the other one to whole numbers.
        "narrow": "DECIMAL(20, 0)",
        "decimal": "DECIMAL",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "text": "STRING",
        "date": "DATE",
        "timestamp": "TIMESTAMP_NTZ",
    },
    plain=frozenset({"string", "double"}),
    end=r"\z",
    most_digits=38,
    templates=_COMMON
    | {
        "lower": f"lower(translate({{0}}, '{_FOLDED[0]}', '{_FOLDED[1]}'))",
        "length": "char_length({0})",
        "position": "position({1}, {0})",
        "starts_with": "startswith({0}, {1})",
        "ends_with": "endswith({0}, {1})",
        "concat": "concat_ws('', {all})",
        "regex": "rlike({0}, {1})",
        "div": "(CAST({0} AS BIGINT) div nullif(CAST({1} AS BIGINT), 0))",
        "days_between": "datediff({1}, {0})",
        "add_days": "date_add({0}, CAST({1} AS INT))",
        "date_text": "CAST({0} AS STRING)",
        "second": "second({0})",
        "isodow": "extract(DAYOFWEEK_ISO FROM {0})",
        "dayofweek": "(dayofweek({0}) - 1)",
        "trunc_year": "CAST(trunc({0}, 'YEAR') AS TIMESTAMP_NTZ)",
        "trunc_quarter": "CAST(trunc({0}, 'QUARTER') AS TIMESTAMP_NTZ)",
        "trunc_month": "CAST(trunc({0}, 'MONTH') AS TIMESTAMP_NTZ)",
        "trunc_week": "CAST(trunc({0}, 'WEEK') AS TIMESTAMP_NTZ)",
        "trunc_day": "CAST(CAST({0} AS DATE) AS TIMESTAMP_NTZ)",
        "date": "DATE'{0}'",
        "timestamp": "TIMESTAMP_NTZ'{0}'",
        "interval": "make_interval(0, {0}, 0, {1}, 0, 0, {2})",
    },
)

DUCKDB: Final = Dialect(
    name="DuckDB",
    types={
        "int": "BIGINT",
        "wide": "HUGEINT",
        "decimal": "DECIMAL",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "text": "VARCHAR",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    },
    plain=frozenset({"VARCHAR", "DOUBLE"}),
    end=None,
    templates=_COMMON
    | {
        "finite": _FINITE,
        "lower": "lower({0})",
        "position": "strpos({0}, {1})",
        "starts_with": "starts_with({0}, {1})",
        "ends_with": "ends_with({0}, {1})",
        "regex": "regexp_matches({0}, {1})",
        "div": "({0} // nullif({1}, 0))",
        "add_days": "({0} + CAST({1} AS INTEGER))",
        "date_text": "CAST({0} AS VARCHAR)",
        "second": "second({0})",
        "isodow": "isodow({0})",
        "dayofweek": "dayofweek({0})",
        "trunc_year": "date_trunc('year', CAST({0} AS TIMESTAMP))",
        "trunc_quarter": "date_trunc('quarter', CAST({0} AS TIMESTAMP))",
        "trunc_month": "date_trunc('month', CAST({0} AS TIMESTAMP))",
        "trunc_week": "date_trunc('week', CAST({0} AS TIMESTAMP))",
        "trunc_day": "date_trunc('day', CAST({0} AS TIMESTAMP))",
        "date": "DATE '{0}'",
        "timestamp": "TIMESTAMP '{0}'",
        "interval": "(to_months({0}) + to_days({1}) "
        "+ to_microseconds(CAST({2} * 1000000 AS BIGINT)))",
    },
)
