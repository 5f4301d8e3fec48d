"""Flattens a result, as the service sends it, into tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, cast

import msgspec
import pyarrow as pa
from msgspec import Raw, Struct

from findall_frames.addresses import without_credentials
from findall_frames.api.models import (
    TERMINAL_STATUSES,
    Event,
    FindAllRun,
    FindAllSchema,
    format_time,
    parse_time,
)
from findall_frames.api.tolerant import UNREADABLE, convert
from findall_frames.errors import InvalidRequestError, UnexpectedResponseError
from findall_frames.frames.columns import Columns
from findall_frames.frames.frames import FindAllFrames
from findall_frames.frames.from_events import SDKModel, entry_of, is_event, result_so_far
from findall_frames.frames.lookup import requested_fields
from findall_frames.frames.schema import COLUMNS, SCHEMAS, TIME, sent_columns
from findall_frames.frames.wire import (
    CandidateReader,
    Extras,
    WireCandidate,
    fail,
    json_text,
    mend_surrogates,
    place_of,
    read_any,
)

__all__ = ["BATCH_BYTES", "OneResult", "Result", "cut", "flatten"]

OneResult: TypeAlias = (
    bytes | bytearray | memoryview | Mapping[str, Any] | str | PathLike[str] | SDKModel
)
Result: TypeAlias = OneResult | Iterable[OneResult | Event]
"""A result, several of them, or the events of one run."""


class _Envelope(Struct):
    run: Raw
    candidates: list[Raw]
    last_event_id: str | None = None


class _StrictEnvelope(_Envelope, forbid_unknown_fields=True):
    pass


# Each is one object, although some are iterable.
_ONE: Final = (bytes, bytearray, memoryview, str, Mapping, PathLike, SDKModel, FindAllFrames)
_STRICT: Final = msgspec.json.Decoder(_StrictEnvelope)
_TOLERANT: Final = msgspec.json.Decoder(_Envelope)
_SHALLOW: Final = msgspec.json.Decoder(dict[str, Raw])
_RAWS: Final = msgspec.json.Decoder(list[Raw])
_RUN: Final = msgspec.json.Decoder(FindAllRun)

BATCH_BYTES: Final = 1_000_000
"""Smaller batches need more calls, and larger ones do not fit into the cache of a processor."""

# No string in a JSON document can contain this, as its quotes would be escaped: it always begins
# an object.
_BEGINNING: Final = b'{"candidate_id"'
_BEFORE: Final = re.compile(rb'"candidates"\s*:\s*\[\s*\Z')
_LONGEST_BEFORE: Final = 64
_BLANK: Final = b" \t\r\n"


def flatten(
    result: Result,
    *,
    schema: FindAllSchema | None = None,
    service: str | None = None,
    fetched_at: datetime | None = None,
) -> FindAllFrames:
    """Return the tables of a result, of several results, or of the events of a run.

    Parameters
    ----------
    result : bytes, mapping, path, SDK object, or an iterable of these or of events
        The JSON of a result as bytes or as a dict, the path (str or path object) of a JSON
        file, or the official SDK's result object. Bytes are the fastest.

        For a list of results, the tables hold all of them. For the events of one run, from
        ``run.events()``, the official SDK or decoded JSON, they show the run as of the last
        event; an iterator is read to its end.
    schema : FindAllSchema, optional
        The search. It provides objective, entity type and match limit, tells conditions from
        enrichments, and determines the order and the types of the columns of ``matches``.
    service : str, optional
        Base URL of the service that sent the result. Credentials in it are left out.
    fetched_at : datetime, optional
        When the result was fetched.

    Returns
    -------
    FindAllFrames
        The tables. Nothing in the result is lost: what has no column is in ``extra``.

    Raises
    ------
    UnexpectedResponseError
        The result is not JSON, or a required field is missing or has another type; ``path``
        says where.
    InvalidRequestError
        The object cannot be flattened, the file does not exist, a run occurs twice, or no event
        names the run.

    Examples
    --------
    >>> frames = flatten({
    ...     "run": {
    ...         "findall_id": "findall_1",
    ...         "status": {"status": "completed", "is_active": False, "metrics": {}},
    ...         "generator": "core",
    ...     },
    ...     "candidates": [
    ...         {
    ...             "candidate_id": "c1",
    ...             "name": "Kilnworks",
    ...             "url": "https://www.kilnworks.example/",
    ...             "match_status": "matched",
    ...             "output": {"tiles": {"value": "Wall tiles", "type": "match_condition",
    ...                                  "is_matched": True}},
    ...         }
    ...     ],
    ... })
    >>> frames.candidates[["name", "domain", "match_status"]].iloc[0].tolist()
    ['Kilnworks', 'kilnworks.example', 'matched']
    """
    if isinstance(result, Iterable) and not isinstance(result, _ONE):
        return _flatten_several(result, schema=schema, service=service, fetched_at=fetched_at)
    body = _body_of(result)
    options: dict[str, Any] = {"schema": schema, "service": service, "fetched_at": fetched_at}
    pieces = cut(body) if isinstance(body, bytes) else None
    if pieces is not None:
        try:
            return _flatten_body(pieces.rest, blocks=pieces.blocks(), **options)
        except (*UNREADABLE, UnexpectedResponseError):
            pass  # cut in the wrong places, or faulty: decoding it as a whole shows which
    return _flatten_body(body, blocks=(), **options)


def _flatten_body(
    body: bytes | bytearray | memoryview,
    *,
    blocks: Iterable[bytes],
    schema: FindAllSchema | None,
    service: str | None,
    fetched_at: datetime | None,
) -> FindAllFrames:
    """Flatten a result; its first candidates may be passed separately, in blocks."""
    envelope, unknown = _open(body)
    run, metadata, extra = _read_run(envelope.run)
    if unknown:
        extra["result"] = unknown
    kinds = {name: field.kind for name, field in requested_fields(schema).items()}
    candidates = _Candidates(run.findall_id, kinds=kinds)
    for block in blocks:
        candidates.add_block(block)
    candidates.add(envelope.candidates)
    tables = candidates.finish()
    parts: dict[str, Any] = {
        "search": schema,
        "run": run,
        "status": run.status,
        "metrics": run.status.metrics,
        "result": envelope,
    }
    row = {
        column.name: parts[column.part] and getattr(parts[column.part], column.name)
        for column in COLUMNS["runs"]
        if column.part
    }
    for column in COLUMNS["runs"]:
        if column.part and column.type == TIME:
            row[column.name] = parse_time(row[column.name])
    row["generator"] = run.generator or None
    row["metadata"] = metadata
    row["service"] = service and without_credentials(service)
    row["fetched_at"] = fetched_at and fetched_at.astimezone(UTC)
    row["extra"] = json_text(extra) if extra else None
    try:
        tables["runs"] = pa.Table.from_pylist([row], schema=SCHEMAS["runs"])
    except OverflowError as error:
        fail(error, at="$.run.status.metrics", findall_id=run.findall_id)
    return FindAllFrames(tables, searches={run.findall_id: schema} if schema else None)


def _flatten_several(
    results: Iterable[OneResult | Event],
    *,
    schema: FindAllSchema | None,
    service: str | None,
    fetched_at: datetime | None,
) -> FindAllFrames:
    """Flatten results one by one, or events together."""
    results = list(results)
    entries = [entry_of(each) for each in results]
    events = [entry for entry in entries if entry is not None and is_event(entry)]
    if not events:
        return FindAllFrames.concat(
            flatten(cast("OneResult", each), schema=schema, service=service, fetched_at=fetched_at)
            for each in results
        )
    if len(events) < len(results):
        raise InvalidRequestError(
            f"{len(events)} of the {len(results)} objects to flatten are events, and the others "
            "are not. Flatten results and the events of a run separately."
        )
    so_far, search = result_so_far(events)
    return flatten(so_far, schema=schema or search, service=service, fetched_at=fetched_at)


def _open(body: bytes | bytearray | memoryview) -> tuple[_Envelope, dict[str, Any]]:
    """Return the run and the candidates, not yet decoded, and the other fields of the result."""
    if bytes(body[:3]) == b"\xef\xbb\xbf":  # a byte order mark, as some editors write
        body = body[3:]
    try:
        return _STRICT.decode(body), {}
    except msgspec.DecodeError:
        pass  # to be read again, more slowly
    except (UnicodeError, RecursionError) as error:
        fail(error, at="$")
    try:
        try:
            envelope = _TOLERANT.decode(body)
        except msgspec.DecodeError:
            body = mend_surrogates(bytes(body))
            envelope = _TOLERANT.decode(body)
        entry = _SHALLOW.decode(body)
    except UNREADABLE as error:
        fail(error, at="$")
    unknown = _without(entry, _Envelope.__struct_fields__)
    return envelope, {
        name: read_any(raw, at=f"$.{name}", findall_id=None) for name, raw in unknown.items()
    }


def _read_run(raw: Raw) -> tuple[FindAllRun, str | None, dict[str, Any]]:
    """Return the run, its metadata as JSON, and its fields that have no column."""
    left_out: dict[str, Any] = {}
    try:
        run = _RUN.decode(raw)
    except msgspec.ValidationError as error:
        read = convert(read_any(raw, at="$.run", findall_id=None), FindAllRun)
        if read is None:
            fail(error, at="$.run")
        run, left_out = read
    except UNREADABLE as error:
        fail(error, at="$.run")
    entry = read_any(raw, at="$.run", findall_id=run.findall_id)
    status = entry["status"]
    extra: dict[str, Any] = {
        "run": _without(entry, run.__struct_fields__),
        "status": _without(status, run.status.__struct_fields__),
        # Own data also counts its rows, for which there is no column.
        "metrics": _without(status["metrics"], [each.name for each in sent_columns("metrics")]),
    }
    if run.status.is_active == (run.status.status in TERMINAL_STATUSES):
        extra["status"]["is_active"] = run.status.is_active  # not what the status implies
    for name in ("created_at", "modified_at"):
        text = getattr(run, name)
        time = parse_time(text)
        if text is not None and (time is None or format_time(time) != text):
            extra["run"][name] = text  # the parsed time does not show how it was written
    for path, value in left_out.items():
        *part, name = path.removeprefix("$.").split(".")
        extra[part[-1] if part else "run"][name] = value
    metadata = json_text(entry["metadata"]) if run.metadata else None
    return run, metadata, {name: unknown for name, unknown in extra.items() if unknown}


def _without(entry: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in known}


class _Candidates:
    """Reads the candidates of a run, in order, into columns."""

    def __init__(self, findall_id: str, *, kinds: dict[str, str]) -> None:
        self._findall_id = findall_id
        self._columns = Columns(findall_id, kinds=kinds)
        self._reader = CandidateReader(findall_id)
        self._known: set[str] = set()
        self._repeated: dict[str, list[dict[str, Any]]] = {}
        self._position = 0

    def add_block(self, block: bytes) -> None:
        """Add the candidates of a JSON array, all at once unless one needs special treatment."""
        extras = Extras()
        candidates = self._reader.read_block(block, extras=extras)
        if candidates is not None:
            ids = {candidate.candidate_id for candidate in candidates}
            if len(ids) == len(candidates) and self._known.isdisjoint(ids):
                self._known |= ids
                positions = range(self._position, self._position + len(candidates))
                self._position += len(candidates)
                self._columns.add(candidates, positions=positions, extras=extras)
                return
        self.add(_RAWS.decode(block))

    def add(self, raws: Sequence[Raw]) -> None:
        """Add candidates one by one."""
        batch: list[WireCandidate] = []
        positions: list[int] = []
        extras = Extras()
        size = 0
        for raw in raws:
            position = self._position
            self._position += 1
            candidate = self._reader.read(raw, position=position, extras=extras)
            if candidate.candidate_id in self._known:
                entry = read_any(raw, at=place_of(position), findall_id=self._findall_id)
                again = {"position": position, "candidate": entry}
                self._repeated.setdefault(candidate.candidate_id, []).append(again)
                continue
            self._known.add(candidate.candidate_id)
            batch.append(candidate)
            positions.append(position)
            size += len(raw)
            if size > BATCH_BYTES:
                self._columns.add(batch, positions=positions, extras=extras)
                batch, positions, extras, size = [], [], Extras(), 0
        if batch:
            self._columns.add(batch, positions=positions, extras=extras)

    def finish(self) -> dict[str, pa.Table]:
        """Return the tables."""
        return self._columns.finish(repeated=self._repeated)


class Cut(NamedTuple):
    """A body cut into blocks of whole candidates, and a result with the remaining ones."""

    body: bytes
    spans: list[tuple[int, int]]
    rest: bytes

    def blocks(self) -> Iterator[bytes]:
        """Yield each block as a JSON array."""
        view = memoryview(self.body)
        for begin, end in self.spans:
            yield b"".join((b"[", view[begin:end], b"]"))


def cut(body: bytes) -> Cut | None:
    """Cut a body between candidates; return None if it is small or formatted otherwise.

    If an object inside a candidate begins like a candidate, a block may not be valid JSON. The
    body must then be decoded as a whole.
    """
    first = body.find(_BEGINNING)
    if first < 0 or not _BEFORE.search(body, max(0, first - _LONGEST_BEFORE), first):
        return None
    head = body[:first]
    try:
        # These brackets close what is open only if the array is in the outermost object.
        _SHALLOW.decode(head + b"]}")
    except UNREADABLE:
        return None
    spans = []
    begin = first
    while (following := body.find(_BEGINNING, begin + BATCH_BYTES)) >= 0:
        end = following
        while body[end - 1] in _BLANK:
            end -= 1
        spans.append((begin, end - 1))  # without the comma
        begin = following
    return Cut(body, spans, head + body[begin:]) if spans else None


def _body_of(result: object) -> bytes | bytearray | memoryview:
    """Return the JSON of a result, or raise an `InvalidRequestError`."""
    if isinstance(result, bytes | bytearray | memoryview):
        return result
    if isinstance(result, str | PathLike):
        return _read(result)
    if isinstance(result, Mapping):
        return _encode(result)
    if isinstance(result, SDKModel):
        return result.model_dump_json().encode()
    raise InvalidRequestError(
        "flatten takes the JSON of a result as bytes or as a dict, the path of a JSON file, a "
        "result of the official SDK, a list of these, or the events of a run; got "
        f"{type(result).__name__}."
    )


def _read(path: str | PathLike[str]) -> bytes:
    if isinstance(path, str) and path.lstrip()[:1] == "{":
        raise InvalidRequestError(
            "flatten takes a str as the path of a file, but this one is JSON. Pass it as bytes: "
            "flatten(text.encode())."
        )
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequestError(
            f"The file {fspath(path)!r} cannot be read as a result ({error.strerror}). flatten "
            "needs the path of a JSON file; read_parquet reads folders that to_parquet wrote."
        ) from error


def _encode(result: Mapping[str, Any]) -> bytes:
    try:
        # Unlike msgspec, the standard library encodes integers of any size and dict-like objects.
        return json.dumps(result, allow_nan=False, default=dict).encode()
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"The result has a value that JSON cannot hold: {error}. Pass the JSON itself as bytes."
        ) from error
