"""The fields that a search asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from findall_frames.api.models import FindAllSchema

__all__ = ["AskedField", "asked_fields", "asked_in"]


class AskedField(NamedTuple):
    """A field that a search asks for: its kind, and its JSON Schema (empty for a condition)."""

    kind: str
    schema: Mapping[str, Any]


def asked_fields(search: FindAllSchema | None) -> dict[str, AskedField]:
    """List the fields of a search, conditions first, each by its name.

    A condition keeps its name when an enrichment has the same one.
    """
    if search is None:
        return {}
    fields = {
        condition.name: AskedField("match_condition", {}) for condition in search.match_conditions
    }
    for enrichment in search.enrichments or ():
        properties = enrichment.output_schema.json_schema.get("properties")
        if isinstance(properties, Mapping):
            for name, schema in properties.items():
                schema = schema if isinstance(schema, Mapping) else {}
                fields.setdefault(name, AskedField("enrichment", schema))
    return fields


def asked_in(runs: pa.Table, searches: Mapping[str, FindAllSchema]) -> dict[str, AskedField]:
    """List the fields of all searches; where two ask for the same, the first one counts."""
    asked: dict[str, AskedField] = {}
    for findall_id in runs["findall_id"].to_pylist():
        for name, field in asked_fields(searches.get(findall_id)).items():
            asked.setdefault(name, field)
    return asked
