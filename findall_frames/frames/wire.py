"""Reads one candidate: quickly when it is as the contract says, else with whatever it has more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, NoReturn

import msgspec
from msgspec import Meta, Raw, Struct

from findall_frames.errors import UnexpectedResponseError

__all__ = [
    "ANY",
    "Basis",
    "Candidate",
    "Extras",
    "Source",
    "Value",
    "fail",
    "json_text",
    "mend_surrogates",
    "place_of",
    "read_any",
    "read_candidate",
    "read_plain",
    "split_unknown",
]


_MOST_ROWS: Final = 2**62


def _number(text: str) -> Raw:
    # A float would lose digits and its way of writing.
    return Raw(text.encode())


class Source(Struct, forbid_unknown_fields=True, gc=False):
    """A citation."""

    url: str
    title: str | None = None
    excerpts: list[str] | None = None


class Basis(Struct, forbid_unknown_fields=True, gc=False):
    """What supports a field."""

    field: str
    reasoning: str
    citations: list[Source] | None = None
    confidence: Literal["low", "medium", "high"] | None = None


class Value(Struct, forbid_unknown_fields=True, gc=False):
    """An output that is an object with a value."""

    value: Any
    type: str | None = None
    is_matched: bool | None = None


class Candidate(Struct, forbid_unknown_fields=True, gc=False):
    """A candidate. A number with a point is kept as `Raw`, wherever a value may be anything."""

    candidate_id: str
    name: str
    url: str
    match_status: str
    description: str | None = None
    output: dict[str, Value | str | int | bool | list[Any] | None] | None = None
    basis: list[Basis] | None = None
    row: Annotated[int, Meta(ge=0, le=_MOST_ROWS)] | None = None


@dataclass(slots=True)
class Extras:
    """What a candidate has besides the columns: for itself, per field, and per citation."""

    candidate: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    citations: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def of_field(self, name: str) -> dict[str, Any]:
        """Where to put what a field has more."""
        return self.fields.setdefault(name, {})


ANY: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(Any, float_hook=_number)
_STRICT: Final = msgspec.json.Decoder(Candidate, float_hook=_number)
_STRICT_LIST: Final = msgspec.json.Decoder(list[Candidate], float_hook=_number)
_ENCODER: Final = msgspec.json.Encoder()
_CONFIDENCES: Final = ("low", "medium", "high")
_KINDS: Final = ("match_condition", "enrichment")


def json_text(value: Any) -> str:
    """Write a value that `ANY` has read as JSON, with every digit that it came with."""
    return _ENCODER.encode(value).decode()


def fail(error: Exception, *, at: str, findall_id: str | None = None) -> NoReturn:
    """Raise what msgspec has found as an `UnexpectedResponseError` that names the JSON path.

    Raises
    ------
    UnexpectedResponseError
        Always.
    """
    what, _, place = str(error).partition(" - at `$")
    path = at + place.rstrip("`")
    missing = re.fullmatch(r"Object missing required field `(.*)`", what)
    if missing:
        path = f"{path}.{missing[1]}"
        what = "a required field is missing"
    raise UnexpectedResponseError(
        f"The result is not what the FindAll contract says: at {path}: {what}. "
        "Nothing was changed; fetch the result again, and if that brings the same, "
        "keep the JSON and report it to the service.",
        findall_id=findall_id,
        path=path,
    ) from error


def read_plain(block: bytes) -> list[Candidate] | None:
    """Read an array of candidates at once; None when one has something that has no column."""
    try:
        candidates = _STRICT_LIST.decode(block)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return None if any(map(_repeats_a_field, candidates)) else candidates


def read_candidate(raw: Raw, *, position: int, findall_id: str) -> tuple[Candidate, Extras | None]:
    """Read a candidate, and what it has that has no column, if anything.

    Raises
    ------
    UnexpectedResponseError
        A required field is missing or has another type.
    """
    try:
        candidate = _STRICT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_tolerantly(raw, position=position, findall_id=findall_id)
    if _repeats_a_field(candidate):
        return _read_tolerantly(raw, position=position, findall_id=findall_id)
    return candidate, None


def _repeats_a_field(candidate: Candidate) -> bool:
    basis = candidate.basis
    return basis is not None and len({entry.field for entry in basis}) < len(basis)


def read_any(raw: Raw, *, at: str, findall_id: str | None) -> Any:
    """Decode any JSON.

    Raises
    ------
    UnexpectedResponseError
        It is not JSON.
    """
    try:
        return ANY.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fail(error, at=at, findall_id=findall_id)


def place_of(position: int) -> str:
    """The JSON path of a candidate."""
    return f"$.candidates[{position}]"


def split_unknown(entry: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Take the fields that are not known out of a decoded object."""
    return {name: entry.pop(name) for name in set(entry).difference(known)}


def _read_tolerantly(raw: Raw, *, position: int, findall_id: str) -> tuple[Candidate, Extras]:
    at = place_of(position)
    entry = read_any(raw, at=at, findall_id=findall_id)
    extras = Extras()
    output = None
    repeated: list[int] = []
    if isinstance(entry, dict):
        extras.candidate = split_unknown(entry, Candidate.__struct_fields__)
        row = entry.get("row")
        if row is not None and not (type(row) is int and 0 <= row <= _MOST_ROWS):
            extras.candidate["row"] = entry.pop("row")  # a newer API means something else by it
        output = entry.pop("output", None)
        if isinstance(entry.get("basis"), list):
            repeated = _split_basis(entry["basis"], extras)
    try:
        candidate = msgspec.convert(entry, Candidate)
        if output is not None and not isinstance(output, dict):
            kind = type(output).__name__
            raise msgspec.ValidationError(f"Expected `object | null`, got `{kind}` - at `$.output`")
    except msgspec.ValidationError as error:
        fail(error, at=at, findall_id=findall_id)
    if candidate.basis:
        again = set(repeated)
        candidate.basis = [one for i, one in enumerate(candidate.basis) if i not in again]
    if output:
        candidate.output = {name: _value(value, name, extras) for name, value in output.items()}
    return candidate, extras


def _split_basis(basis: list[Any], extras: Extras) -> list[int]:
    """Move what is unknown out of each entry; say which entries repeat a field."""
    seen = set()
    repeated = []
    for position, entry in enumerate(basis):
        if not isinstance(entry, dict) or not isinstance(entry.get("field"), str):
            continue  # the conversion will name the fault
        name = entry["field"]
        if name in seen:
            again = {"position": position, "basis": _copy(entry)}
            extras.of_field(name).setdefault("repeated", []).append(again)
            repeated.append(position)
            _split_entry(entry)
            continue
        seen.add(name)
        unknown, of_citations = _split_entry(entry)
        if unknown:
            extras.of_field(name)["basis"] = unknown
        for citation, more in of_citations.items():
            extras.citations[name, citation] = {"citation": more}
    return repeated


def _split_entry(entry: dict[str, Any]) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    unknown = split_unknown(entry, Basis.__struct_fields__)
    if entry.get("confidence") not in (*_CONFIDENCES, None):
        # It has no place in the order of the others.
        unknown["confidence"] = entry.pop("confidence")
    citations = entry.get("citations")
    of_citations = {}
    for number, citation in enumerate(citations if isinstance(citations, list) else ()):
        if isinstance(citation, dict):
            more = split_unknown(citation, Source.__struct_fields__)
            if more:
                of_citations[number] = more
    return unknown, of_citations


def _copy(entry: dict[str, Any]) -> Any:
    return ANY.decode(_ENCODER.encode(entry))


def _value(value: Any, name: str, extras: Extras) -> Any:
    """Tell an object that holds a value from an object that is one."""
    if not isinstance(value, dict):
        return value
    holds = "value" in value or value.get("type") in _KINDS
    typed = isinstance(value.get("type"), str | None)
    if not (holds and typed and isinstance(value.get("is_matched"), bool | None)):
        return value
    unknown = split_unknown(value, Value.__struct_fields__)
    if unknown:
        extras.of_field(name)["output"] = unknown
    return Value(value.get("value"), value.get("type"), value.get("is_matched"))


_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mend_surrogates(body: bytes) -> bytes:
    """Put U+FFFD for each half of an emoji: a text cut there is no reason to lose a result."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body)
