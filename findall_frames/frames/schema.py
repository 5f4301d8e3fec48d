"""The columns of the tables: their order, types and meaning. This is a public contract."""

from __future__ import annotations

from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from findall_frames.api.models import MATCH_STATUSES

__all__ = [
    "CATEGORIES",
    "COLUMNS",
    "KEYS",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TABLES",
    "Column",
    "conform",
    "empty_tables",
    "encode_category",
    "markdown",
]

SCHEMA_VERSION: Final = 1
"""Goes up when a reader of the old tables could misread the new ones."""

TABLES: Final = ("runs", "candidates", "fields", "citations")

CONFIDENCES: Final = ("low", "medium", "high")
VALUE_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "match_status": MATCH_STATUSES,
    "value_type": VALUE_TYPES,
    "confidence": CONFIDENCES,
}
"""The known values of each category column; unknown ones of a newer API come after them."""

# Large offsets: pandas keeps its text that way, so that nothing is copied on the way there.
TEXT: Final = pa.large_string()
COUNT: Final = pa.int64()
FLAG: Final = pa.bool_()
TIME: Final = pa.timestamp("us", tz="UTC")
CATEGORY: Final = pa.dictionary(pa.int32(), pa.string())
ORDERED: Final = pa.dictionary(pa.int32(), pa.string(), ordered=True)
EXCERPTS: Final = pa.list_(TEXT)

_NAMES: Final = {
    TEXT: ("text", "str"),
    COUNT: ("int64", "Int64"),
    FLAG: ("bool", "boolean"),
    TIME: ("timestamp[us, UTC]", "datetime64[us, UTC]"),
    CATEGORY: ("dictionary", "category"),
    ORDERED: ("dictionary, ordered", "category, ordered"),
    EXCERPTS: ("list of text", "object (lists of str)"),
}


class Column(NamedTuple):
    """A column of a table: its name, its Arrow type, and what it means."""

    name: str
    type: pa.DataType
    meaning: str


_RUN = Column("findall_id", TEXT, "the run")
_CANDIDATE = Column("candidate_id", TEXT, "the candidate; unique in its run")
_FIELD = Column("field", TEXT, "a match condition, an enrichment, or what a basis names")
_EXTRA = Column("extra", TEXT, "JSON of whatever the API sent that has no column, else null")

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "runs": (
        _RUN,
        Column("objective", TEXT, "the question; null when the search is not known"),
        Column("entity_type", TEXT, "what kind of thing is looked for"),
        Column("generator", TEXT, "preview, base, core or pro"),
        Column("match_limit", COUNT, "how many matches were asked for"),
        Column("status", TEXT, "where the run stood when the result was fetched"),
        Column("termination_reason", TEXT, "why it ended; null before the end"),
        Column("generated_candidates_count", COUNT, "candidates selected for evaluation"),
        Column("matched_candidates_count", COUNT, "those that met all conditions"),
        Column("created_at", TIME, "when the run was created"),
        Column("modified_at", TIME, "when it last changed"),
        Column("metadata", TEXT, "JSON of what the caller attached"),
        Column("last_event_id", TEXT, "from here the event stream can be resumed"),
        Column("service", TEXT, "base URL of the service"),
        Column("fetched_at", TIME, "when the result was fetched"),
        _EXTRA,
    ),
    "candidates": (
        _RUN,
        _CANDIDATE,
        Column("position", COUNT, "place in the result, from 0"),
        Column("name", TEXT, "what it is called"),
        Column("url", TEXT, "its address, as sent"),
        Column("domain", TEXT, "host of the url in lower case, without www."),
        Column("description", TEXT, "a line on what it is"),
        Column("match_status", CATEGORY, "generated, matched, unmatched or discarded"),
        Column("row", COUNT, "on own data its row there, from 0; null elsewhere"),
        _EXTRA,
    ),
    "fields": (
        _RUN,
        _CANDIDATE,
        _FIELD,
        Column("kind", TEXT, "match_condition or enrichment; null when nobody says"),
        Column("value", TEXT, "as text; nested values as JSON"),
        Column("value_type", CATEGORY, "its JSON type; null when there is no output"),
        Column("is_matched", FLAG, "the verdict on a match condition"),
        Column("reasoning", TEXT, "why; null when there is no basis"),
        Column("confidence", ORDERED, "low < medium < high"),
        Column("citation_count", COUNT, "rows in citations"),
        _EXTRA,
    ),
    "citations": (
        _RUN,
        _CANDIDATE,
        _FIELD,
        Column("citation", COUNT, "place among the field's citations, from 0"),
        Column("title", TEXT, "what the source is called"),
        Column("url", TEXT, "where it is, as sent"),
        Column("domain", TEXT, "host of the url in lower case, without www."),
        Column("excerpts", EXCERPTS, "passages that support the field, word for word"),
        _EXTRA,
    ),
}

SCHEMAS: Final[dict[str, pa.Schema]] = {
    table: pa.schema([(column.name, column.type) for column in columns])
    for table, columns in COLUMNS.items()
}

# What tables that an earlier release wrote do not have.
_ADDED: Final = frozenset({"row"})

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "runs": ("findall_id",),
    "candidates": ("findall_id", "candidate_id"),
    "fields": ("findall_id", "candidate_id", "field"),
    "citations": ("findall_id", "candidate_id", "field", "citation"),
}
"""What makes a row of each table unique."""


def encode_category(values: pa.ChunkedArray, *, name: str) -> pa.ChunkedArray:
    """Encode text as the category column of that name.

    The dictionary holds the known values in their order and then the unknown ones as they
    appear, so that equal data is equal whichever way it came: decoded, stacked or from a file.
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
        # Without rows there is still a dictionary, so that pandas knows the categories.
        for chunk in text.chunks or [pa.array([], pa.string())]
    ]
    return pa.chunked_array(chunks, kind)


def conform(table: pa.Table, *, name: str) -> pa.Table:
    """Give a table the columns and types of `SCHEMAS[name]`, and drop its metadata.

    Raises
    ------
    KeyError
        A column is missing.
    pyarrow.ArrowInvalid
        A column cannot have its type.
    """
    columns = []
    for column in COLUMNS[name]:
        if column.name in _ADDED and column.name not in table.column_names:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, column.type)]))
            continue
        values = table.column(column.name)
        if column.name in CATEGORIES:
            columns.append(encode_category(values, name=column.name))
        else:
            columns.append(values.cast(column.type))
    return pa.table(columns, schema=SCHEMAS[name])


def empty_tables() -> dict[str, pa.Table]:
    """Make the four tables without rows."""
    return {name: conform(schema.empty_table(), name=name) for name, schema in SCHEMAS.items()}


def markdown() -> str:
    """Describe every column in Markdown, as the README shows it.

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
