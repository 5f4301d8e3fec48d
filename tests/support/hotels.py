"""A table of hotels, searches for them, and a model whose readings a test chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import findall_frames as ff

__all__ = ["HOTELS", "reads_as", "search_of"]

HOTELS = pd.DataFrame(
    {
        "name": ["Alma", "Bora", "Cima", "Dune"],
        "stars": [3, 4, 5, None],
        "price": [80.0, 95.5, 210.0, 60.0],
        "notes": [
            "Truly romantic, they say, and quiet by the sea.",
            "Cold and loud, with a bar that never closes at night.",
            "So romantic, and the spa is open to guests every day.",
            "Nothing that anybody would write home about, they all say.",
        ],
    },
    index=["a", "b", "c", "d"],
)


def search_of(conditions: dict[str, str], **more: Any) -> ff.Search:
    """Return a search for hotels."""
    return ff.Search("Find hotels", entity_type="hotels", match_conditions=conditions, **more)


def reads_as(**readings: Mapping[str, Any]) -> Any:
    """Return a model that gives these readings, and counts its requests."""

    def model(messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any]) -> str:
        model.asked += 1  # type: ignore[attr-defined]
        given = [{"name": name, **reading} for name, reading in readings.items()]
        if "criteria" in schema["properties"]:
            criteria = [{"description": f"as {each['name']}", **each} for each in given]
            return json.dumps({"entity_type": "hotels", "criteria": criteria, "enrichments": {}})
        return json.dumps({"readings": given})

    model.asked = 0  # type: ignore[attr-defined]
    return model
