"""Puts the events of a run together as a result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from findall_frames.api.models import FindAllSchema, UnknownEvent
from findall_frames.api.tolerant import decode
from findall_frames.errors import InvalidRequestError, UnexpectedResponseError

__all__ = ["SDKModel", "entry_of", "is_event", "result_so_far"]

_TYPES: Final = ("findall.", "error")


@runtime_checkable
class SDKModel(Protocol):
    """A result or an event of the official SDK (or any other pydantic model)."""

    def model_dump_json(self) -> str:
        """Return it as JSON."""
        ...


def entry_of(event: object) -> Mapping[str, Any] | None:
    """Return what may be an event, of this package or of the official SDK, as decoded JSON."""
    if isinstance(event, Mapping):
        return event
    if isinstance(event, UnknownEvent):
        return {"type": event.type, "event_id": event.event_id}
    if isinstance(event, msgspec.Struct):
        entry: Mapping[str, Any] = msgspec.to_builtins(event)
        return entry
    if isinstance(event, SDKModel):
        decoded: Mapping[str, Any] = json.loads(event.model_dump_json())
        return decoded
    return None


def is_event(entry: Mapping[str, Any]) -> bool:
    """Return True for an event, False for a result."""
    kind = entry.get("type")
    return isinstance(kind, str) and kind.startswith(_TYPES) and "run" not in entry


def result_so_far(
    events: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], FindAllSchema | None]:
    """Return the result that the events amount to, and the search if one of them has it.

    A later event on a candidate adds to the earlier ones and replaces them field by field.
    """
    run: dict[str, Any] = {}
    schema: FindAllSchema | None = None
    candidates: dict[str, dict[str, Any]] = {}
    last_event_id = None
    for position, event in enumerate(events):
        kind, data = event["type"], event.get("data")
        last_event_id = event.get("event_id") or last_event_id
        if kind == "findall.status":
            entry = _checked(data, position, key="findall_id")
            if run and run["findall_id"] != entry["findall_id"]:
                raise InvalidRequestError(
                    f"These are events of the runs {run['findall_id']} and {entry['findall_id']}. "
                    "Flatten those of each run separately, and combine the frames with "
                    "FindAllFrames.concat."
                )
            run.update(_without_nulls(entry))
        elif kind == "findall.schema.updated":
            schema = _schema(data, position)
        elif kind.startswith("findall.candidate."):
            entry = _checked(data, position, key="candidate_id")
            _update(candidates.setdefault(entry["candidate_id"], {}), entry)
    if not run:
        raise InvalidRequestError(
            f"None of the {len(events)} events is a findall.status, so the run is unknown. "
            "Begin with the first event of the stream: run.events()."
        )
    if schema is not None:
        run.setdefault("generator", schema.generator)
    return {
        "run": run,
        "candidates": list(candidates.values()),
        "last_event_id": last_event_id,
    }, schema


def _update(known: dict[str, Any], entry: Mapping[str, Any]) -> None:
    output = {**(known.get("output") or {}), **(entry.get("output") or {})}
    basis = _merged(known.get("basis") or (), entry.get("basis") or ())
    known.update(_without_nulls(entry))
    known["output"], known["basis"] = output, basis


def _merged(old: Iterable[Any], new: Sequence[Any]) -> list[Any]:
    """Replace the entries of a basis by new ones on the same field."""
    replaced = {entry.get("field") for entry in new if isinstance(entry, Mapping)}
    return [entry for entry in old if entry.get("field") not in replaced] + list(new)


def _without_nulls(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}


def _checked(data: object, position: int, *, key: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or not isinstance(data.get(key), str):
        raise UnexpectedResponseError(
            f"Event {position} does not follow the FindAll contract: its data has no {key!r}. "
            "Leave it out, or fetch the result: run.frames().",
            path=f"$[{position}].data.{key}",
        )
    return data


def _schema(data: object, position: int) -> FindAllSchema:
    try:
        return decode(msgspec.json.encode(data), FindAllSchema)
    except msgspec.ValidationError as error:
        raise UnexpectedResponseError(
            f"Event {position} does not hold a schema that follows the FindAll contract: {error}. "
            "Leave it out, or fetch the result: run.frames().",
            path=f"$[{position}].data",
        ) from error
