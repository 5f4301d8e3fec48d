"""Decodes candidates: fast if they are as known, else keeping every field that has no column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import GenericAlias
from typing import Any, Final, NamedTuple, NoReturn, Protocol, TypeAlias, cast

import msgspec
from msgspec import UNSET, Raw, Struct

from findall_frames.api.tolerant import UNREADABLE
from findall_frames.errors import UnexpectedResponseError
from findall_frames.frames.schema import TableColumn, sent_columns

__all__ = [
    "ANY",
    "CandidateReader",
    "Extras",
    "WireBasis",
    "WireCandidate",
    "WireCitation",
    "fail",
    "json_text",
    "mend_surrogates",
    "place_of",
    "read_any",
]


# The structs are built from `COLUMNS`; these classes declare what the code names of them.
class WireCitation(Protocol):
    """A citation."""

    url: str


class WireBasis(Protocol):
    """What supports a field."""

    field: str
    citations: list[WireCitation] | None


class WireCandidate(Protocol):
    """A candidate; a number with a point in it is kept as `Raw` in an output."""

    candidate_id: str
    url: str
    output: dict[str, Any] | None
    basis: list[WireBasis] | None


@dataclass(slots=True)
class Extras:
    """What a batch of candidates has that no column holds.

    Attributes
    ----------
    unknown : dict
        JSON of the fields without a column, by part of the result and by the `id` of the object
        that has them.
    repeated : dict
        Later entries on the same field, by the `id` of the first `WireBasis`.
    """

    # As text, since a dict for each candidate would keep the garbage collector busy.
    unknown: dict[str, dict[int, str]] = field(default_factory=dict)
    repeated: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    # An id is that of one object only as long as the object lives.
    _alive: list[object] = field(default_factory=list)

    def add_unknown(self, part: str, owner: object, unknown: dict[str, Any]) -> None:
        """Keep fields of an object that have no column."""
        self.unknown.setdefault(part, {})[id(owner)] = json_text(unknown)
        self._alive.append(owner)

    def add_repeated(self, first: WireBasis, entry: dict[str, Any]) -> None:
        """Keep a later entry on the same field."""
        self.repeated.setdefault(id(first), []).append(entry)
        self._alive.append(first)


Learned: TypeAlias = tuple[tuple[str, str], ...]
"""Fields that a result has beside the known ones: the part of the JSON, and the name in it."""


class _Decoders(NamedTuple):
    one: msgspec.json.Decoder[WireCandidate]
    many: msgspec.json.Decoder[list[WireCandidate]]
    learned: dict[str, list[tuple[str, str]]]
    """By part: the attribute and the JSON name of each learned field."""
    lenient: dict[str, list[TableColumn]]
    """By part: the columns whose values may be of any type."""


_MOST_LEARNED: Final = 32
_KINDS: Final = ("match_condition", "enrichment")
_PARTS: Final = ("candidate", "output", "basis", "citation")
_NESTED: Final = {"candidate": ("output", "basis"), "basis": ("citations",)}
_COLUMNS: Final = {
    part: {column.sent_as: column for column in sent_columns(part)} for part in _PARTS
}
_ENCODER: Final = msgspec.json.Encoder()


def _number(text: str) -> Raw:
    # A float would lose digits and the way in which the number is written.
    return Raw(text.encode())


ANY: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(Any, float_hook=_number)


def json_text(value: Any) -> str:
    """Return a value that `ANY` has decoded as JSON text, with every digit that it came with."""
    return _ENCODER.encode(value).decode()


def fail(error: Exception, *, at: str, findall_id: str | None = None) -> NoReturn:
    """Raise an `UnexpectedResponseError` that names the JSON path of msgspec's error."""
    what, _, place = str(error).partition(" - at `$")
    path = at + place.rstrip("`")
    missing = re.fullmatch(r"Object missing required field `(.*)`", what)
    if missing:
        path = f"{path}.{missing[1]}"
        what = "a required field is missing"
    raise UnexpectedResponseError(
        f"The result does not follow the FindAll contract: at {path}: {what}. "
        "Nothing was changed. Fetch the result again; if the error persists, keep the JSON and "
        "report it to the service.",
        findall_id=findall_id,
        path=path,
    ) from error


def read_any(raw: Raw, *, at: str, findall_id: str | None) -> Any:
    """Decode any JSON, or raise an `UnexpectedResponseError`."""
    try:
        return ANY.decode(raw)
    except UNREADABLE as error:
        fail(error, at=at, findall_id=findall_id)


def place_of(position: int) -> str:
    """Return the JSON path of a candidate."""
    return f"$.candidates[{position}]"


class CandidateReader:
    """Reads the candidates of one run.

    Structs that forbid unknown fields are the fastest way to read candidates that have none. A
    candidate that does not fit them is read field by field. What it has that is not known is
    then added to the structs, so that later candidates with the same fields are read fast again.
    """

    def __init__(self, findall_id: str) -> None:
        self._findall_id = findall_id
        self._learned: list[tuple[str, str]] = []
        self._decoders = _decoders(())

    def read_block(self, block: bytes, *, extras: Extras) -> list[WireCandidate] | None:
        """Read a JSON array of candidates at once; return None if one of them does not fit."""
        try:
            candidates = self._decoders.many.decode(block)
        except UNREADABLE:
            return None
        if any(map(_repeats_a_field, candidates)):
            return None
        self._move_unknown(candidates, extras=extras)
        return candidates

    def read(self, raw: Raw, *, position: int, extras: Extras) -> WireCandidate:
        """Read a candidate, or raise an `UnexpectedResponseError`."""
        try:
            candidate = self._decoders.one.decode(raw)
        except UNREADABLE:
            return self._read_tolerantly(raw, at=place_of(position), extras=extras)
        if _repeats_a_field(candidate):
            return self._read_tolerantly(raw, at=place_of(position), extras=extras)
        self._move_unknown([candidate], extras=extras)
        return candidate

    def _move_unknown(self, candidates: Sequence[WireCandidate], *, extras: Extras) -> None:
        """Collect the values of learned fields."""
        for part in _PARTS:
            attributes = self._decoders.learned.get(part, ())
            lenient = self._decoders.lenient.get(part, ())
            if not attributes and not lenient:
                continue
            for each in _objects(candidates, part):
                unknown = {
                    name: value
                    for attribute, name in attributes
                    if (value := getattr(each, attribute)) is not UNSET
                }
                for column in lenient:
                    value = getattr(each, column.name)
                    if not _fits(value, column):
                        unknown[column.sent_as] = value
                        setattr(each, column.name, None)
                if unknown:
                    extras.add_unknown(part, each, unknown)

    def _read_tolerantly(self, raw: Raw, *, at: str, extras: Extras) -> WireCandidate:
        entry = read_any(raw, at=at, findall_id=self._findall_id)
        candidate = cast("WireCandidate", self._convert(entry, "candidate", at=at, extras=extras))
        output = self._nested(entry, "output", dict, at=at)
        candidate.output = {
            name: self._output(value, extras=extras) for name, value in output.items()
        }
        basis: dict[str, WireBasis] = {}
        for position, one in enumerate(self._nested(entry, "basis", list, at=at)):
            read = self._basis(one, at=f"{at}.basis[{position}]", extras=extras)
            first = basis.setdefault(read.field, read)
            if first is not read:
                extras.add_repeated(first, {"position": position, "basis": one})
        candidate.basis = list(basis.values())
        return candidate

    def _basis(self, entry: Any, *, at: str, extras: Extras) -> WireBasis:
        basis = cast("WireBasis", self._convert(entry, "basis", at=at, extras=extras))
        basis.citations = [
            cast(
                "WireCitation",
                self._convert(one, "citation", at=f"{at}.citations[{place}]", extras=extras),
            )
            for place, one in enumerate(self._nested(entry, "citations", list, at=at))
        ]
        return basis

    def _output(self, value: Any, *, extras: Extras) -> Any:
        """Read an output: an object with a value in it, or a bare value."""
        if not isinstance(value, dict):
            return value
        if "value" not in value and value.get("type") not in _KINDS:
            return value
        known, unknown = _split({"value": None, **value}, "output")
        try:
            output = msgspec.convert(known, _PLAIN["output"])
        except msgspec.ValidationError:
            return value
        self._keep(output, "output", unknown, extras=extras)
        return output

    def _convert(self, entry: Any, part: str, *, at: str, extras: Extras) -> Struct:
        """Read an object without those nested in it, and keep what has no column."""
        known, unknown = _split(entry, part) if isinstance(entry, dict) else (entry, {})
        try:
            read = msgspec.convert(known, _PLAIN[part])
        except msgspec.ValidationError as error:
            fail(error, at=at, findall_id=self._findall_id)
        self._keep(read, part, unknown, extras=extras)
        return read

    def _nested(self, entry: Mapping[str, Any], name: str, kind: type[Any], *, at: str) -> Any:
        nested = entry.get(name)
        if nested is None:
            return kind()
        if not isinstance(nested, kind):
            expected = "object" if kind is dict else "array"
            found = type(nested).__name__
            error = msgspec.ValidationError(f"Expected `{expected} | null`, got `{found}`")
            fail(error, at=f"{at}.{name}", findall_id=self._findall_id)
        return nested

    def _keep(self, read: Struct, part: str, unknown: dict[str, Any], *, extras: Extras) -> None:
        if not unknown:
            return
        extras.add_unknown(part, read, unknown)
        new = [(part, name) for name in unknown if _can_be_learned(name)]
        new = [each for each in new if each not in self._learned]
        if new and len(self._learned) + len(new) <= _MOST_LEARNED:
            self._learned += new
            self._decoders = _decoders(tuple(self._learned))


def _objects(candidates: Iterable[WireCandidate], part: str) -> Iterator[Any]:
    """Yield the structs of one part of the JSON."""
    if part == "candidate":
        yield from candidates
    elif part == "output":
        for candidate in candidates:
            for output in (candidate.output or {}).values():
                if isinstance(output, Struct):
                    yield output
    else:
        for candidate in candidates:
            for basis in candidate.basis or ():
                if part == "basis":
                    yield basis
                else:
                    yield from basis.citations or ()


def _repeats_a_field(candidate: WireCandidate) -> bool:
    basis = candidate.basis
    return basis is not None and len({entry.field for entry in basis}) < len(basis)


def _split(entry: Mapping[str, Any], part: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split an object into what its columns hold and what they do not."""
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in entry.items():
        column = _COLUMNS[part].get(name)
        if column is not None and (not column.lenient or _fits(value, column)):
            known[name] = value
        elif name not in _NESTED.get(part, ()):
            unknown[name] = value
    return known, unknown


def _fits(value: object, column: TableColumn) -> bool:
    try:
        msgspec.convert(value, column.wire)
    except msgspec.ValidationError:
        return False
    return True


def _can_be_learned(name: str) -> bool:
    # msgspec takes no field name that JSON would escape.
    return name.isprintable() and not {'"', "\\"} & set(name)


@lru_cache(maxsize=64)
def _decoders(learned: Learned) -> _Decoders:
    """Return decoders that know the learned fields as well."""
    candidate: Any = _structs(learned)["candidate"]
    return _Decoders(
        one=msgspec.json.Decoder(candidate, float_hook=_number),
        many=msgspec.json.Decoder(GenericAlias(list, (candidate,)), float_hook=_number),
        learned={part: _attributes(part, learned) for part in _PARTS},
        lenient={
            part: [_COLUMNS[part][name] for of, name in learned if of == part and name in columns]
            for part, columns in _COLUMNS.items()
        },
    )


def _attributes(part: str, learned: Learned) -> list[tuple[str, str]]:
    names = [name for of, name in learned if of == part and name not in _COLUMNS[part]]
    return [(f"unknown_{number}", name) for number, name in enumerate(names)]


def _structs(learned: Learned) -> dict[str, type[Struct]]:
    """Build the structs that forbid every field that is neither a column nor learned."""

    def struct(part: str, **nested: Any) -> Any:
        lenient = {name for of, name in learned if of == part}
        fields: list[Any] = []
        for column in sent_columns(part):
            wire = Any if column.sent_as in lenient else column.wire
            fields.append((column.name, wire, None) if column.optional else (column.name, wire))
        unknown = _attributes(part, learned)
        return msgspec.defstruct(
            part,
            [
                *fields,
                *((name, kind | None, None) for name, kind in nested.items()),
                *((attribute, Any, UNSET) for attribute, _ in unknown),
            ],
            rename={column.name: column.sent_as for column in sent_columns(part)} | dict(unknown),
            kw_only=True,
            forbid_unknown_fields=True,
            gc=False,
        )

    citation = struct("citation")
    basis = struct("basis", citations=GenericAlias(list, (citation,)))
    output = struct("output")
    value = output | str | int | bool | list[Any] | None
    candidate = struct(
        "candidate",
        output=GenericAlias(dict, (str, value)),
        basis=GenericAlias(list, (basis,)),
    )
    return {"candidate": candidate, "output": output, "basis": basis, "citation": citation}


_PLAIN: Final = _structs(())


_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mend_surrogates(body: bytes) -> bytes:
    """Replace lone surrogates by U+FFFD: a text cut in an emoji must not cost the result."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body)
