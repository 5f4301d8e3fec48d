"""What can be flattened, brought to the bytes of one JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from findall_frames.api.models import Event, UnknownEvent
from findall_frames.errors import InvalidRequestError

__all__ = ["OneResult", "Result", "SDKResult", "body_of", "entry_of"]


@runtime_checkable
class SDKResult(Protocol):
    """A result object of the official SDK (or any other pydantic model)."""

    def model_dump_json(self) -> str:
        """Write it as JSON."""
        ...


OneResult: TypeAlias = (
    bytes | bytearray | memoryview | Mapping[str, Any] | str | PathLike[str] | SDKResult
)
Result: TypeAlias = OneResult | Iterable[OneResult | Event]
"""A result, several of them, or the events of one run."""


def entry_of(event: object) -> Mapping[str, Any] | None:
    """Bring what may be an event, of this package or of the official SDK, to decoded JSON."""
    if isinstance(event, Mapping):
        return event
    if isinstance(event, UnknownEvent):
        return {"type": event.type, "event_id": event.event_id}
    if isinstance(event, msgspec.Struct):
        entry: Mapping[str, Any] = msgspec.to_builtins(event)
        return entry
    if isinstance(event, SDKResult):
        decoded: Mapping[str, Any] = json.loads(event.model_dump_json())
        return decoded
    return None


def body_of(result: object) -> bytes | bytearray | memoryview:
    """Bring a result to JSON.

    Raises
    ------
    InvalidRequestError
        It is nothing that can be flattened, or there is no such file.
    """
    if isinstance(result, bytes | bytearray | memoryview):
        return result
    if isinstance(result, str | PathLike):
        return _read(result)
    if isinstance(result, Mapping):
        return _encode(result)
    if isinstance(result, SDKResult):
        return result.model_dump_json().encode()
    raise InvalidRequestError(
        "flatten takes the JSON of a result as bytes or as a dict, the path of a JSON file, a "
        "result of the official SDK, a list of these, or the events of a run; it was given "
        f"{type(result).__name__}."
    )


def _read(path: str | PathLike[str]) -> bytes:
    if isinstance(path, str) and path.lstrip()[:1] == "{":
        raise InvalidRequestError(
            "flatten takes a str as the path of a file, and this one is JSON: "
            "pass flatten(text.encode()) instead."
        )
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequestError(
            f"The file {fspath(path)!r} cannot be read as a result ({error.strerror}). flatten "
            "needs the path of a JSON file; read_parquet reads the folders of to_parquet."
        ) from error


def _encode(result: Mapping[str, Any]) -> bytes:
    try:
        # The standard library's, as it writes every integer and what is equal to a dict.
        return json.dumps(result, allow_nan=False, default=dict).encode()
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"The result is not made of JSON values: {error}. Pass the JSON itself as bytes."
        ) from error
