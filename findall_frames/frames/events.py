"""What the events of a run have told so far, put together as a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from findall_frames.api.models import FindAllSchema
from findall_frames.errors import InvalidRequestError, UnexpectedResponseError

__all__ = ["is_event", "result_so_far"]

_TYPES: Final = ("findall.", "error")


def is_event(entry: Mapping[str, Any]) -> bool:
    """Tell an event from a result."""
    kind = entry.get("type")
    return isinstance(kind, str) and kind.startswith(_TYPES) and "run" not in entry


def result_so_far(
    events: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], FindAllSchema | None]:
    """Build the result that the events amount to, and the search if they tell it.

    What a later event says of a candidate adds to what earlier ones have said, and replaces it
    field by field.

    Raises
    ------
    InvalidRequestError
        No event names the run, or they are of different runs.
    UnexpectedResponseError
        An event is not of its form.
    """
    run: dict[str, Any] = {}
    schema: FindAllSchema | None = None
    candidates: dict[str, dict[str, Any]] = {}
    last_event_id = None
    for position, event in enumerate(events):
        kind, data = event["type"], event.get("data")
        last_event_id = event.get("event_id") or last_event_id
        if kind == "findall.status":
            entry = _demand_object(data, position, key="findall_id")
            if run and run["findall_id"] != entry["findall_id"]:
                raise InvalidRequestError(
                    f"These are events of the runs {run['findall_id']} and {entry['findall_id']}. "
                    "Flatten those of each run by themselves, and put the frames together with "
                    "FindAllFrames.concat."
                )
            run.update(_said(entry))
        elif kind == "findall.schema.updated":
            schema = _schema(data, position)
        elif kind.startswith("findall.candidate."):
            entry = _demand_object(data, position, key="candidate_id")
            _add(candidates.setdefault(entry["candidate_id"], {}), entry)
    if not run:
        raise InvalidRequestError(
            f"None of the {len(events)} events is a findall.status, so that nothing says which "
            "run they are of. Begin with the first event of the stream: run.events()."
        )
    if schema is not None:
        run.setdefault("generator", schema.generator)
    run.setdefault("generator", "")  # a status event may leave it out, and no result does
    return {
        "run": run,
        "candidates": list(candidates.values()),
        "last_event_id": last_event_id,
    }, schema


def _add(known: dict[str, Any], entry: Mapping[str, Any]) -> None:
    output = {**(known.get("output") or {}), **(entry.get("output") or {})}
    basis = _merged(known.get("basis") or (), entry.get("basis") or ())
    known.update(_said(entry))
    known["output"], known["basis"] = output, basis


def _merged(old: Iterable[Any], new: Sequence[Any]) -> list[Any]:
    """Put new entries of a basis in the place of old ones on the same field."""
    replaced = {entry.get("field") for entry in new if isinstance(entry, Mapping)}
    return [entry for entry in old if entry.get("field") not in replaced] + list(new)


def _said(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}


def _demand_object(data: object, position: int, *, key: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or not isinstance(data.get(key), str):
        raise UnexpectedResponseError(
            f"Event {position} is not what the FindAll contract says: its data has no {key!r}. "
            "Leave it out, or fetch the result: run.frames().",
            path=f"$[{position}].data.{key}",
        )
    return data


def _schema(data: object, position: int) -> FindAllSchema:
    try:
        return msgspec.convert(data, FindAllSchema)
    except msgspec.ValidationError as error:
        raise UnexpectedResponseError(
            f"Event {position} does not hold a schema as the FindAll contract says: {error}. "
            "Leave it out, or fetch the result: run.frames().",
            path=f"$[{position}].data",
        ) from error
