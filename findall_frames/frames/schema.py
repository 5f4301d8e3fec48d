"""The one table of columns: names, types, meaning, and the JSON that each is read from.

The Arrow schemas, the structs that decode a result, the filling of columns, the rebuilding of a
result and the page notebooks/tables.md are all made from `COLUMNS`. It is a public contract. A new
field of the API is one new line here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from findall_frames.api.models import MATCH_STATUSES
from findall_frames.errors import InvalidRequestError

__all__ = [
    "CATEGORIES",
    "COLUMNS",
    "DECISIONS",
    "KEYS",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TABLES",
    "TableColumn",
    "checked_tables",
    "conform",
    "empty_tables",
    "encode_category",
    "markdown",
    "sent_columns",
    "sent_values",
    "stacked",
    "tables_of_run",
]

SCHEMA_VERSION: Final = 1
"""Incremented when older code could misread newer tables."""

TABLES: Final = ("runs", "candidates", "fields", "citations", "reviews")

CONFIDENCES: Final = ("low", "medium", "high")
DECISIONS: Final = ("accept", "reject", "unsure")
VALUE_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "match_status": MATCH_STATUSES,
    "value_type": VALUE_TYPES,
    "confidence": CONFIDENCES,
    "decision": DECISIONS,
}
"""Known values of each category column; values of a newer API are appended to them."""

# pandas stores text with large offsets, so converting to it copies nothing.
TEXT: Final = pa.large_string()
COUNT: Final = pa.int64()
NUMBER: Final = pa.float64()
FLAG: Final = pa.bool_()
TIME: Final = pa.timestamp("us", tz="UTC")
CATEGORY: Final = pa.dictionary(pa.int32(), pa.string())
ORDERED: Final = pa.dictionary(pa.int32(), pa.string(), ordered=True)
EXCERPTS: Final = pa.list_(TEXT)

_NAMES: Final = {
    TEXT: ("text", "str"),
    COUNT: ("int64", "Int64"),
    NUMBER: ("double", "Float64"),
    FLAG: ("bool", "boolean"),
    TIME: ("timestamp[us, UTC]", "datetime64[us, UTC]"),
    CATEGORY: ("dictionary", "category"),
    ORDERED: ("dictionary, ordered", "category, ordered"),
    EXCERPTS: ("list of text", "object (lists of str)"),
}


class TableColumn(NamedTuple):
    """A column of a table, and where its values stand in the JSON of a result.

    Attributes
    ----------
    name, type, meaning : str, pyarrow.DataType, str
        As listed in notebooks/tables.md. Only ``excerpts`` is a list, for which the other formats
        have a table.
    part : str, optional
        Object in the JSON that has the value; empty for a column that is derived.
    wire : type, optional
        Type in the JSON, for the objects in ``candidates``; None is the default of a type that
        accepts it.
    key : str, optional
        Name in the JSON, if it differs from `name`.
    lenient : bool
        True if a value of any other type goes to ``extra`` instead of being an error.
    added : bool
        True if tables written by earlier releases lack the column.
    """

    name: str
    type: pa.DataType
    meaning: str
    part: str = ""
    wire: Any = None
    key: str = ""
    lenient: bool = False
    added: bool = False

    @property
    def sent_as(self) -> str:
        """Name in the JSON."""
        return self.key or self.name

    @property
    def optional(self) -> bool:
        """True if the JSON may lack it."""
        return NoneType in get_args(self.wire)


_ROW_NUMBER = Annotated[int, Meta(ge=0, le=2**62)]
_RUN = TableColumn("findall_id", TEXT, "the run")
_CANDIDATE = TableColumn("candidate_id", TEXT, "the candidate; unique in its run")
_FIELD = TableColumn("field", TEXT, "a match condition, an enrichment, or a part of one")
_DOMAIN = TableColumn("domain", TEXT, "host of the url in lower case, without www.")
_EXTRA = TableColumn("extra", TEXT, "JSON of everything without a column, else null")

COLUMNS: Final[dict[str, tuple[TableColumn, ...]]] = {
    "runs": (
        _RUN._replace(part="run"),
        TableColumn("objective", TEXT, "the question; null if the search is unknown", "search"),
        TableColumn("entity_type", TEXT, "what kind of thing to find", "search"),
        TableColumn("generator", TEXT, "preview, base, core or pro", "run"),
        TableColumn("match_limit", COUNT, "how many matches were requested", "search"),
        TableColumn("status", TEXT, "status when the result was fetched", "status"),
        TableColumn("termination_reason", TEXT, "why it ended; null before the end", "status"),
        TableColumn(
            "generated_candidates_count", COUNT, "candidates selected for evaluation", "metrics"
        ),
        TableColumn("matched_candidates_count", COUNT, "those that met all conditions", "metrics"),
        TableColumn("created_at", TIME, "when the run was created", "run"),
        TableColumn("modified_at", TIME, "when it last changed", "run"),
        TableColumn("metadata", TEXT, "JSON of what the caller attached", "run"),
        TableColumn("last_event_id", TEXT, "where the event stream can be resumed", "result"),
        TableColumn("service", TEXT, "base URL of the service"),
        TableColumn("fetched_at", TIME, "when the result was fetched"),
        TableColumn(
            "cost", NUMBER, "estimated US dollars, from find_many; null elsewhere", added=True
        ),
        TableColumn("error", TEXT, "why find_many has no whole result; null if it has", added=True),
        _EXTRA,
    ),
    "candidates": (
        _RUN,
        _CANDIDATE._replace(part="candidate", wire=str),
        TableColumn("position", COUNT, "place in the result, from 0"),
        TableColumn("name", TEXT, "its name", "candidate", str),
        TableColumn("url", TEXT, "its address, as sent", "candidate", str),
        _DOMAIN,
        TableColumn("description", TEXT, "a line on what it is", "candidate", str | None),
        TableColumn(
            "match_status",
            CATEGORY,
            "generated, matched, unmatched or discarded",
            "candidate",
            str,
        ),
        TableColumn(
            "row",
            COUNT,
            "row in your own data, from 0; null elsewhere",
            "candidate",
            _ROW_NUMBER | None,
            lenient=True,  # not in the contract, so another service may mean something else
            added=True,
        ),
        _EXTRA,
    ),
    "fields": (
        _RUN,
        _CANDIDATE,
        _FIELD._replace(part="basis", wire=str),
        TableColumn(
            "kind",
            TEXT,
            "match_condition or enrichment; null if unknown",
            "output",
            str | None,
            key="type",
        ),
        TableColumn("value", TEXT, "as text; nested values as JSON", "output", Any),
        TableColumn("value_type", CATEGORY, "its JSON type; null without an output"),
        TableColumn("is_matched", FLAG, "the verdict on a match condition", "output", bool | None),
        TableColumn("reasoning", TEXT, "why; null without a basis", "basis", str),
        TableColumn(
            "confidence",
            ORDERED,
            "low < medium < high",
            "basis",
            Literal["low", "medium", "high"] | None,
            lenient=True,
        ),
        TableColumn("citation_count", COUNT, "rows in citations"),
        _EXTRA,
    ),
    "citations": (
        _RUN,
        _CANDIDATE,
        _FIELD,
        TableColumn("citation", COUNT, "place among the field's citations, from 0"),
        TableColumn("title", TEXT, "title of the source", "citation", str | None),
        TableColumn("url", TEXT, "where it is, as sent", "citation", str),
        _DOMAIN,
        TableColumn(
            "excerpts",
            EXCERPTS,
            "passages that support the field, verbatim",
            "citation",
            list[str] | None,
        ),
        _EXTRA,
    ),
    "reviews": (
        _RUN,
        _CANDIDATE,
        _FIELD._replace(meaning="the field that was judged; null for the candidate as a whole"),
        TableColumn(
            "decision", CATEGORY, "accept, reject or unsure; null if only a correction or note"
        ),
        TableColumn("value", TEXT, "the correct value as text, if it was corrected"),
        TableColumn("note", TEXT, "what the reviewer wrote"),
        TableColumn("reviewer", TEXT, "who judged; null if unknown"),
        TableColumn("reviewed_at", TIME, "when"),
        _EXTRA,
    ),
}

SCHEMAS: Final[dict[str, pa.Schema]] = {
    table: pa.schema([(column.name, column.type) for column in columns])
    for table, columns in COLUMNS.items()
}

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "runs": ("findall_id",),
    "candidates": ("findall_id", "candidate_id"),
    "fields": ("findall_id", "candidate_id", "field"),
    "citations": ("findall_id", "candidate_id", "field", "citation"),
    "reviews": ("findall_id", "candidate_id", "field"),
}
"""What makes a row of each table unique; only ``field`` of ``reviews`` may be null."""


@cache
def sent_columns(part: str) -> tuple[TableColumn, ...]:
    """Return the columns whose values one object of the JSON has."""
    return tuple(
        column for columns in COLUMNS.values() for column in columns if column.part == part
    )


def sent_values(row: Mapping[str, Any], *, part: str) -> dict[str, Any]:
    """Return the values in a row that one object of the JSON has, by their names there."""
    return {column.sent_as: row[column.name] for column in sent_columns(part)}


def encode_category(values: pa.ChunkedArray, *, name: str) -> pa.ChunkedArray:
    """Encode text as the category column of that name.

    The dictionary has the known values in their order, then the others as they appear, so that
    equal data stays equal whether it was decoded, stacked or read from a file.
    """
    text = values.cast(pa.string())
    known = CATEGORIES[name]
    unknown = [value for value in pc.unique(text).to_pylist() if value not in (*known, None)]
    dictionary = pa.array([*known, *unknown], pa.string())
    kind = ORDERED if name == "confidence" else CATEGORY
    chunks = [
        pa.DictionaryArray.from_arrays(
            pc.index_in(chunk, value_set=dictionary), dictionary, ordered=kind.ordered
        )
        # A dictionary even without rows, so that pandas knows the categories.
        for chunk in text.chunks or [pa.array([], pa.string())]
    ]
    return pa.chunked_array(chunks, kind)


def conform(table: pa.Table, *, name: str) -> pa.Table:
    """Return a table with the columns and types of `SCHEMAS[name]` and no metadata.

    Raises KeyError for a missing column, and ArrowInvalid for one that cannot be cast.
    """
    columns = []
    for column in COLUMNS[name]:
        if column.added and column.name not in table.column_names:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, column.type)]))
            continue
        values = table.column(column.name)
        if column.name in CATEGORIES:
            columns.append(encode_category(values, name=column.name))
        else:
            columns.append(values.cast(column.type))
    return pa.table(columns, schema=SCHEMAS[name])


def empty_tables() -> dict[str, pa.Table]:
    """Return the tables without rows."""
    return {name: conform(schema.empty_table(), name=name) for name, schema in SCHEMAS.items()}


def checked_tables(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the five tables, or raise if one has other columns; ``reviews`` may be missing."""
    complete = {"reviews": empty_tables()["reviews"], **tables}
    for name, schema in SCHEMAS.items():
        if name not in complete or not complete[name].schema.equals(schema):
            came = complete[name].schema.names if name in complete else "nothing"
            raise InvalidRequestError(
                f"FindAllFrames expects a table {name!r} with the columns and types of "
                f"findall_frames.frames.schema.SCHEMAS, and was given {came}. Use flatten or "
                "read_parquet to make one."
            )
    return {name: complete[name] for name in TABLES}


def tables_of_run(tables: Mapping[str, pa.Table], findall_id: str) -> dict[str, pa.Table]:
    """Return the rows of one run."""
    return {
        name: conform(table.filter(pc.field("findall_id") == findall_id), name=name)
        for name, table in tables.items()
    }


def stacked(parts: Sequence[Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
    """Return the rows of all parts, or raise if a run is in two of them."""
    counts = Counter(run for each in parts for run in each["runs"]["findall_id"].to_pylist())
    repeated = [findall_id for findall_id, count in counts.items() if count > 1]
    if repeated:
        raise InvalidRequestError(
            f"The run {repeated[0]!r} is in more than one of the frames, so its rows would not "
            "be unique. Leave the older ones out."
        )
    return {
        name: conform(
            pa.concat_tables([schema.empty_table(), *(each[name] for each in parts)]), name=name
        )
        for name, schema in SCHEMAS.items()
    }


def markdown() -> str:
    """Return the table of columns in Markdown, as notebooks/tables.md shows it.

    Examples
    --------
    >>> print(markdown().splitlines()[0])
    | table | column | Arrow | pandas | meaning |
    """
    lines = ["| table | column | Arrow | pandas | meaning |", "|---|---|---|---|---|"]
    for table, columns in COLUMNS.items():
        for column in columns:
            key = "**" if column.name in KEYS[table] else ""
            arrow, pandas = _NAMES[column.type]
            lines.append(
                f"| {table} | {key}`{column.name}`{key} | {arrow} | {pandas} | {column.meaning} |"
            )
    return "\n".join(lines) + "\n"
