"""Compares runs: which asked the same, and which of their candidates are the same entity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import duckdb
import msgspec
import pyarrow as pa

from findall_frames.api.models import ExcludeCandidate, FindAllSchema
from findall_frames.frames.compare import entity_keys
from findall_frames.frames.schema import CATEGORY, COUNT, TEXT, TIME, encode_category
from findall_frames.running.ledger import question
from findall_frames.running.spec import Search

__all__ = ["PastRun", "entities_in", "matches_in", "past_runs", "same_question"]

_ENTITIES: Final = pa.schema(
    {
        **dict.fromkeys(("entity", "by", "name", "url"), TEXT),
        **dict.fromkeys(("first_seen", "last_seen"), TIME),
        **dict.fromkeys(("runs", "matched_runs"), COUNT),
        "match_status": CATEGORY,
        "changes": COUNT,
        "changed_from": CATEGORY,
        "changed_at": TIME,
    }
)
# First one row per entity and run, as a run may have it twice; then the status that it had before,
# in the runs of the same question.
_HISTORY: Final = """
WITH seen AS (
    SELECT entity, keys."by", candidates.name, candidates.url, match_status, asked.*
    FROM candidates
    JOIN asked USING (findall_id)
    JOIN keys ON keys.name = coalesce(candidates.name, '')
        AND keys.url = coalesce(candidates.url, '')
    QUALIFY row_number() OVER (
        PARTITION BY entity, keys."by", findall_id
        ORDER BY match_status IS DISTINCT FROM 'matched', position
    ) = 1
), compared AS (
    SELECT *, lag(match_status) OVER (
        PARTITION BY entity, "by", question ORDER BY number
    ) AS before FROM seen
)
SELECT
    entity, "by",
    arg_max(name, number) AS name,
    arg_max(url, number) AS url,
    min(time) AS first_seen,
    max(time) AS last_seen,
    count(*) AS runs,
    count(*) FILTER (match_status = 'matched') AS matched_runs,
    arg_max(match_status, number) AS match_status,
    count(*) FILTER (before <> match_status) AS changes,
    arg_max(before, number) FILTER (before <> match_status) AS changed_from,
    arg_max(time, number) FILTER (before <> match_status) AS changed_at
FROM compared
GROUP BY entity, "by"
ORDER BY max(number) DESC, entity, "by"
"""
_MATCHES: Final = """
SELECT name, url FROM candidates JOIN asked USING (findall_id)
WHERE match_status = 'matched' AND trim(name) <> '' AND trim(url) <> ''
ORDER BY number DESC, position
"""


class PastRun(NamedTuple):
    """A run in a lake: what was asked, and when."""

    findall_id: str
    objective: str
    asked: str
    """A hash of the question."""
    is_known: bool
    """True if the whole search is known, not only its objective."""
    time: datetime | None


def past_runs(connection: duckdb.DuckDBPyConnection) -> list[PastRun]:
    """Return the runs in a lake, the oldest first."""
    rows = connection.execute(
        """SELECT findall_id, trim(coalesce(objective, '')), search,
            coalesce(created_at, fetched_at) AS time
        FROM runs ORDER BY time NULLS FIRST, write_id"""
    ).fetchall()
    past = []
    for findall_id, objective, search, time in rows:
        asked = objective or findall_id
        if search is not None:
            schema = msgspec.json.decode(search, type=FindAllSchema)
            objective, asked = schema.objective.strip(), _hash_of(schema)
        past.append(PastRun(findall_id, objective, asked, search is not None, time))
    return past


def same_question(runs: Sequence[PastRun], search: Search | str) -> list[PastRun]:
    """Return the runs with the same question as a search, a run or an objective.

    Where only an objective is known, of `search` or of a run, it decides.
    """
    if isinstance(search, Search):
        objective, is_known = search.objective, True
        asked = _hash_of(search.to_schema(own_data=True))
    else:
        named = next((run for run in runs if run.findall_id == search), None)
        objective = named.objective if named else search.strip()
        asked, is_known = (named.asked, named.is_known) if named else ("", False)
    return [
        run
        for run in runs
        if run.asked == asked
        or (run.objective == objective != "" and not (is_known and run.is_known))
    ]


def _hash_of(schema: FindAllSchema) -> str:
    """Return a hash of what decides which entities are found.

    Limit, generator, exclusions and enrichments may change from one run to the next.
    """
    conditions = {each.name: each.description for each in schema.match_conditions}
    parts = {
        "objective": schema.objective.strip(),
        "entity_type": schema.entity_type,
        "match_conditions": conditions,
    }
    return question(parts, match_limit=0)


def matches_in(
    connection: duckdb.DuckDBPyConnection, runs: Sequence[PastRun]
) -> list[ExcludeCandidate]:
    """Return the entities that matched in some runs, each once, the most recent first."""
    _register(connection, runs)
    names, urls = connection.sql(_MATCHES).to_arrow_table().to_pydict().values()
    found: dict[Any, ExcludeCandidate] = {}
    for key, name, url in zip(entity_keys(names, urls), names, urls, strict=True):
        found.setdefault(key, ExcludeCandidate(name, url))
    return list(found.values())


def entities_in(connection: duckdb.DuckDBPyConnection, runs: Sequence[PastRun]) -> pa.Table:
    """Return the table that `Lake.entities` documents."""
    _register(connection, runs)
    pairs = connection.sql(
        """SELECT DISTINCT coalesce(name, '') AS name, coalesce(url, '') AS url
        FROM candidates JOIN asked USING (findall_id)"""
    ).to_arrow_table()
    keys = entity_keys(*pairs.to_pydict().values())
    for name, values in zip(("by", "entity"), zip(*keys, strict=True), strict=False):
        pairs = pairs.append_column(name, pa.array(values, pa.string()))
    if not keys:
        return _ENTITIES.empty_table()
    connection.register("keys", pairs)
    found = connection.sql(_HISTORY).to_arrow_table()
    columns = [
        encode_category(found[field.name], name="match_status")
        if field.type == CATEGORY
        else found[field.name].cast(field.type)
        for field in _ENTITIES
    ]
    return pa.table(columns, schema=_ENTITIES)


def _register(connection: duckdb.DuckDBPyConnection, runs: Sequence[PastRun]) -> None:
    """Make the table ``asked`` of runs, numbered from the oldest."""
    table = pa.table(
        {
            "findall_id": pa.array([run.findall_id for run in runs], pa.string()),
            "question": pa.array([run.asked for run in runs], pa.string()),
            "time": pa.array([run.time for run in runs], TIME),
            "number": pa.array(range(len(runs)), COUNT),
        }
    )
    connection.register("asked", table)
